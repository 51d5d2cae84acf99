package bybittest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
)

// What the gateway refuses, and with which code: spot and linear have their own.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		spot, linear := "'category':'spot','symbol':'BTCUSDT'", "'category':'linear','symbol':'BTCUSDT'"
		limit := "'side':'Buy','orderType':'Limit'"
		r.order("{%s,%s,'qty':'1','price':'90','orderLinkId':'taken'}", spot, limit)
		r.order("{%s,%s,'qty':'1','price':'90','orderLinkId':'taken-too'}", linear, limit)
		for _, c := range []struct {
			name, path, body string
			code             int
		}{
			{"no JSON", "create", "no", 10001},
			{"a number for a text", "create", body("{%s,%s,'qty':1,'price':'90'}", spot, limit), 10001},
			{"another category", "create", body("{'category':'option','symbol':'X',%s,'qty':'1','price':'90'}", limit), 10001},
			{"spot: symbol", "create", body("{'category':'spot','symbol':'NOPE',%s,'qty':'1','price':'90'}", limit), 170121},
			{"linear: symbol", "create", body("{'category':'linear','symbol':'NOPE',%s,'qty':'1','price':'90'}", limit), 10001},
			{"spot: side", "create", body("{%s,'side':'buy','orderType':'Limit','qty':'1','price':'90'}", spot), 170117},
			{"linear: side", "create", body("{%s,'side':'buy','orderType':'Limit','qty':'1','price':'90'}", linear), 10001},
			{"spot: type", "create", body("{%s,'side':'Buy','orderType':'limit','qty':'1','price':'90'}", spot), 170116},
			{"spot: tif", "create", body("{%s,%s,'qty':'1','price':'90','timeInForce':'GTD'}", spot, limit), 170115},
			{"linear: tif", "create", body("{%s,%s,'qty':'1','price':'90','timeInForce':'GTD'}", linear, limit), 10001},
			{"spot: no price", "create", body("{%s,%s,'qty':'1'}", spot, limit), 170105},
			{"spot: a price that is none", "create", body("{%s,%s,'qty':'1','price':'x'}", spot, limit), 170130},
			{"spot: price off tick", "create", body("{%s,%s,'qty':'1','price':'90.05'}", spot, limit), 170134},
			{"linear: price off tick", "create", body("{%s,%s,'qty':'1','price':'90.1'}", linear, limit), 10001},
			{"spot: quantity off step", "create", body("{%s,%s,'qty':'1.00001','price':'90'}", spot, limit), 170137},
			{"linear: quantity off step", "create", body("{%s,%s,'qty':'1.0001','price':'90'}", linear, limit), 10001},
			{"spot: too much", "create", body("{%s,%s,'qty':'51','price':'90'}", spot, limit), 170135},
			{"linear: too much", "create", body("{%s,%s,'qty':'101','price':'90'}", linear, limit), 10001},
			{"spot: too little value", "create", body("{%s,%s,'qty':'0.01','price':'90'}", spot, limit), 170140},
			{"linear: too little value", "create", body("{%s,%s,'qty':'0.01','price':'90'}", linear, limit), 110094},
			{"spot: market order of too little value", "create", body("{%s,'side':'Sell','orderType':'Market','qty':'0.001'}", spot), 170140},
			{"linear: market order of too little value", "create", body("{%s,'side':'Sell','orderType':'Market','qty':'0.001'}", linear), 110094},
			{"spot: funds in quote", "create", body("{%s,%s,'qty':'50','price':'9000'}", spot, limit), 170131},
			{"spot: funds in base", "create", body("{%s,'side':'Sell','orderType':'Limit','qty':'11','price':'200'}", spot), 170131},
			{"linear: funds", "create", body("{%s,%s,'qty':'100','price':'90000'}", linear, limit), 110007},
			{"spot: link twice", "create", body("{%s,%s,'qty':'1','price':'90','orderLinkId':'taken'}", spot, limit), 170141},
			{"linear: link of spot", "create", body("{%s,%s,'qty':'1','price':'90','orderLinkId':'taken'}", linear, limit), 110072},
			{"a link of other letters", "create", body("{%s,%s,'qty':'1','price':'90','orderLinkId':'a.b'}", spot, limit), 10001},
			{"a link of 37 letters", "create", body("{%s,%s,'qty':'1','price':'90','orderLinkId':'%s'}", linear, limit, strings.Repeat("x", 37)), 10001},
			{"hedge mode", "create", body("{%s,%s,'qty':'1','price':'90','positionIdx':1}", linear, limit), 10001},
			{"reduce-only without position", "create", body("{%s,%s,'qty':'1','price':'90','reduceOnly':true}", linear, limit), 110017},
			{"spot: amend of nothing", "amend", body("{%s,'orderLinkId':'none','qty':'2'}", spot), 170213},
			{"linear: amend of nothing", "amend", body("{%s,'orderLinkId':'none','qty':'2'}", linear), 110001},
			{"amend to the same", "amend", body("{%s,'orderLinkId':'taken-too','qty':'1'}", linear), 10001},
			{"amend without change", "amend", body("{%s,'orderLinkId':'taken-too'}", linear), 10001},
			{"spot: cancel of nothing", "cancel", body("{%s,'orderLinkId':'none'}", spot), 170213},
			{"linear: cancel of nothing", "cancel", body("{%s,'orderId':'none'}", linear), 110001},
			{"cancel without id", "cancel", body("{%s}", linear), 10001},
			{"cancel in the other category", "cancel", body("{%s,'orderLinkId':'taken-too'}", spot), 170213},
			{"cancel all of nothing named", "cancel-all", body("{'category':'linear'}"), 10001},
		} {
			time.Sleep(time.Second) // of the rates
			if a := r.post("/v5/order/"+c.path, c.body); a.Code != c.code || a.status != 200 {
				t.Errorf("%s: %s, want %d", c.name, a.body, c.code)
			}
		}
		if rows, _ := r.list("/v5/order/realtime?category=spot"); len(rows) != 1 {
			t.Errorf("%d orders work on spot", len(rows))
		}
	})
}

// The acknowledgement is the gateway's: what the order came to is told elsewhere.
func TestAcknowledgedAndEnded(t *testing.T) {
	for _, c := range []struct {
		name, category, order  string
		status, cancel, reason string
		filled                 string
	}{
		{"post-only that would take", "spot", "'side':'Buy','orderType':'Limit','qty':'1','price':'101','timeInForce':'PostOnly'",
			"Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity", "0"},
		{"post-only that would take", "linear", "'side':'Sell','orderType':'Limit','qty':'1','price':'100','timeInForce':'PostOnly'",
			"Cancelled", "UNKNOWN", "EC_PostOnlyWillTakeLiquidity", "0"},
		{"IOC that finds nothing", "spot", "'side':'Buy','orderType':'Limit','qty':'1','price':'100','timeInForce':'IOC'",
			"Cancelled", "UNKNOWN", "EC_NoImmediateQtyToFill", "0"},
		{"IOC of which a part fills", "spot", "'side':'Buy','orderType':'Limit','qty':'3','price':'101','timeInForce':'IOC'",
			"PartiallyFilledCanceled", "UNKNOWN", "EC_CancelForNoFullFill", "2"},
		{"IOC of which a part fills", "linear", "'side':'Buy','orderType':'Limit','qty':'3','price':'101','timeInForce':'IOC'",
			"Cancelled", "UNKNOWN", "EC_CancelForNoFullFill", "2"},
		{"FOK that finds too little", "linear", "'side':'Buy','orderType':'Limit','qty':'3','price':'101','timeInForce':'FOK'",
			"Cancelled", "UNKNOWN", "EC_CancelForNoFullFill", "0"},
		{"FOK that fills", "spot", "'side':'Sell','orderType':'Limit','qty':'2','price':'100','timeInForce':'FOK'", "Filled", "UNKNOWN", "EC_NoError", "2"},
		{"market order beyond the book", "linear", "'side':'Buy','orderType':'Market','qty':'6'", "Cancelled", "UNKNOWN", "EC_CancelForNoFullFill", "5"},
		{"market order in base", "spot", "'side':'Buy','orderType':'Market','qty':'1','marketUnit':'baseCoin'", "Filled", "UNKNOWN", "EC_NoError", "1"},
		{"market order in quote, the default", "spot", "'side':'Buy','orderType':'Market','qty':'303.5'", "PartiallyFilledCanceled", "UNKNOWN", "EC_NoError", "2.9950"},
		{"market order in quote that fits", "spot", "'side':'Buy','orderType':'Market','qty':'101','marketUnit':'quoteCoin'", "Filled", "UNKNOWN", "EC_NoError", "1.0000"},
		{"market sale in quote", "spot", "'side':'Sell','orderType':'Market','qty':'100','marketUnit':'quoteCoin'", "Filled", "UNKNOWN", "EC_NoError", "1.0000"},
	} {
		t.Run(c.category+": "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				id := r.order("{'category':'%s','symbol':'BTCUSDT','orderLinkId':'a',%s}", c.category, c.order)
				w := r.look(c.category, "a")
				r.want(w, "orderId", id, "orderStatus", c.status, "cancelType", c.cancel, "rejectReason", c.reason, "leavesQty", "0")
				if got := dec(w.text("cumExecQty")); !got.Equal(dec(c.filled)) {
					t.Errorf("%s filled, want %s", got, c.filled)
				}
				if rows, _ := r.list("/v5/order/realtime?category=" + c.category + "&symbol=BTCUSDT"); len(rows) != 0 {
					t.Errorf("open: %v", rows)
				}
			})
		})
	}
}

// Spot refuses a price out of the band; linear moves it to the edge without a word.
func TestBand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) { c.Band = dec("0.05") })
		if a := r.post("/v5/order/create", body("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'110'}")); a.Code != 170193 {
			t.Errorf("spot: %s", a.body)
		}
		if a := r.post("/v5/order/create", body("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'1','price':'90'}")); a.Code != 170194 {
			t.Errorf("spot: %s", a.body)
		}
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'9','price':'110','orderLinkId':'a'}")
		r.want(r.look("linear", "a"), "price", "105.5", "orderStatus", "PartiallyFilled", "cumExecQty", "5")
	})
}

func TestTooManyOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) { c.MaxOpen = 2 })
		for _, category := range []string{"spot", "linear"} {
			for i := range 3 {
				a := r.post("/v5/order/create", body("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90'}", category))
				want := 0
				if i == 2 {
					want = map[string]int{"spot": 170810, "linear": 110020}[category]
				}
				if a.Code != want {
					t.Errorf("%s %d: %s", category, i, a.body)
				}
			}
		}
	})
}
