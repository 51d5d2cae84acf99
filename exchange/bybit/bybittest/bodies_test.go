package bybittest_test

import (
	"testing"
	"testing/synctest"
	"time"
)

// Settings that the simulation has one value of say so.
func TestSettings(t *testing.T) {
	const lever, mode, margin = "/v5/position/set-leverage", "/v5/position/switch-mode", "/v5/account/set-margin-mode"
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, c := range []struct {
			name, path, body string
			code             int
		}{
			{"the leverage that is", lever, "{'category':'linear','symbol':'BTCUSDT','buyLeverage':'10','sellLeverage':'10.0'}", 110043},
			{"another leverage", lever, "{'category':'linear','symbol':'BTCUSDT','buyLeverage':'50','sellLeverage':'50'}", 10001},
			{"two leverages", lever, "{'category':'linear','symbol':'BTCUSDT','buyLeverage':'10','sellLeverage':'5'}", 10001},
			{"no leverage", lever, "{'category':'linear','symbol':'BTCUSDT'}", 10001},
			{"leverage of nothing", lever, "{}", 10001},
			{"leverage in null", lever, "null", 10001},
			{"leverage of what is not there", lever, "{'category':'linear','symbol':'NOPE','buyLeverage':'10','sellLeverage':'10'}", 10001},
			{"leverage of a number", lever, "{'category':5,'symbol':'BTCUSDT','buyLeverage':'10','sellLeverage':'10'}", 10001},
			{"leverage on spot", lever, "{'category':'spot','symbol':'BTCUSDT','buyLeverage':'10','sellLeverage':'10'}", 10001},
			{"one-way", mode, "{'category':'linear','symbol':'BTCUSDT','mode':0}", 110025},
			{"one-way of a coin", mode, "{'category':'linear','coin':'USDT','mode':0}", 110025},
			{"hedge", mode, "{'category':'linear','symbol':'BTCUSDT','mode':3}", 10001},
			{"no mode", mode, "{'category':'linear','symbol':'BTCUSDT'}", 10001},
			{"mode of nothing", mode, "{'category':'linear','mode':0}", 10001},
			{"mode of what is not there", mode, "{'category':'linear','symbol':'NOPE','mode':0}", 10001},
			{"the margin mode that is", margin, "{'setMarginMode':'REGULAR_MARGIN'}", 0},
			{"another margin mode", margin, "{'setMarginMode':'PORTFOLIO_MARGIN'}", 10001},
			{"no margin mode", margin, "{}", 10001},
			{"margin mode in a list", margin, "[]", 10001},
		} {
			if a := r.post(c.path, body("%s", c.body)); a.Code != c.code {
				t.Errorf("%s: %s, want %d", c.name, a.body, c.code)
			}
			time.Sleep(time.Second)
		}
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Market','qty':'1'}")
		rows, _ := r.list("/v5/position/list?category=linear&symbol=BTCUSDT")
		r.want(rows[0], "leverage", "10")
	})
}

// What cannot be read on the order entry socket is answered there as everything else, so that who waits for it is told.
func TestUnreadableOrderEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRig(t, nil).login("/v5/trade")
		for _, c := range []struct{ name, text, id, op string }{
			{"a time that is a number", "{'reqId':'1','header':{'X-BAPI-TIMESTAMP':1},'op':'order.create','args':[{}]}", "1", "order.create"},
			{"an id that is a number", "{'reqId':7,'op':'order.cancel','args':[{}]}", "7", "order.cancel"},
			{"a list", "[]", "<nil>", ""},
			{"no JSON", "order.create", "<nil>", ""},
		} {
			t.Log(c.name)
			s.send("%s", c.text)
			s.want(s.next(), "retCode", "10001", "reqId", c.id, "op", c.op)
		}
	})
}

// The venue's numbers are digits and a point, its ids are texts.
func TestStrictBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, number := range []string{"+1", "-1", ".1", "1.", "1e0", "1E2", " 1", "0x1", "1_0", ".", "1.0.0", "NaN"} {
			for _, c := range []struct {
				category, qty, price string
				code                 int
			}{{"spot", number, "90", 170130}, {"spot", "1", number, 170130}, {"linear", number, "90", 10001}, {"linear", "1", number, 10001}} {
				a := r.post("/v5/order/create", body("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'%s','price':'%s'}", c.category, c.qty, c.price))
				if a.Code != c.code {
					t.Errorf("%s %q at %q: %s", c.category, c.qty, c.price, a.body)
				}
			}
			time.Sleep(time.Second)
		}
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}")
		for _, path := range []string{"/v5/order/cancel", "/v5/order/amend"} {
			if a := r.post(path, body("{'category':'spot','symbol':'BTCUSDT','orderId':5,'orderLinkId':'a','qty':'2'}")); a.Code != 10001 {
				t.Errorf("%s by a number: %s", path, a.body)
			}
		}
		r.want(r.look("spot", "a"), "orderStatus", "New", "qty", "1")
	})
}

// Each product has a switch of its own.
func TestSwitchesOfProducts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, c := range []struct {
			body string
			code int
		}{{"{'product':'SPOT','timeWindow':20}", 0}, {"{'product':'DERIVATIVES','timeWindow':40}", 0}, {"{'product':'OPTIONS','timeWindow':3}", 10001}} {
			if a := r.post("/v5/order/disconnected-cancel-all", body("%s", c.body)); a.Code != c.code {
				t.Errorf("%s: %s", c.body, a.body)
			}
		}
		for _, category := range []string{"spot", "linear"} {
			r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'%s'}", category, category)
		}
		status := func(spot, linear string) {
			t.Helper()
			r.want(r.look("spot", "spot"), "orderStatus", spot)
			r.want(r.look("linear", "linear"), "orderStatus", linear)
		}
		r.login("/v5/private", "dcp.spot").ws.Close()
		time.Sleep(time.Minute)
		status("Cancelled", "New")
		both := r.login("/v5/private", "dcp.spot", "dcp.future")
		other := r.login("/v5/private", "dcp.future")
		both.ws.Close()
		time.Sleep(time.Minute)
		status("Cancelled", "New")
		other.ws.Close()
		time.Sleep(39 * time.Second)
		status("Cancelled", "New")
		time.Sleep(2 * time.Second)
		status("Cancelled", "Cancelled")
	})
}
