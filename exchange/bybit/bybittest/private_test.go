package bybittest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What an order does is told on each topic that follows it.
func TestPrivateTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/private", "order", "execution", "wallet", "position")
		other := r.as("KEY2", "second").login("/v5/private", "order", "execution", "wallet", "position")
		id := r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'3','price':'101','orderLinkId':'a'}")
		r.want(s.news("order"), "category", "linear", "orderId", id, "orderLinkId", "a", "orderStatus", "PartiallyFilled", "cumExecQty", "2",
			"cumExecValue", "202", "leavesQty", "1", "positionIdx", "0", "createType", "CreateByUser", "feeCurrency", "USDT")
		r.want(s.news("execution"), "category", "linear", "orderId", id, "orderLinkId", "a", "execPrice", "101", "execQty", "2", "isMaker", "false",
			"execFee", "0.202", "feeCurrency", "USDT", "execType", "Trade", "leavesQty", "1", "closedSize", "0")
		w := s.news("wallet")
		coins, _ := w["coin"].([]any)
		if len(coins) != 1 {
			t.Fatalf("wallet %v", w)
		}
		usdt, _ := coins[0].(map[string]any)
		r.want(usdt, "coin", "USDT", "walletBalance", "99999.798", "totalPositionIM", "20.2")
		r.want(s.news("position"), "category", "linear", "symbol", "BTCUSDT", "side", "Buy", "size", "2", "entryPrice", "101", "positionIdx", "0")
		r.publish("BTC-USDT-PERP", []string{"99", "1"}, []string{"100", "5"})
		r.want(s.news("order"), "orderStatus", "Filled", "cumExecValue", "303", "avgPrice", "101")
		r.want(s.news("execution"), "isMaker", "true", "execQty", "1")
		s.news("wallet")
		r.want(s.news("position"), "size", "3")
		other.quiet(time.Second)
	})
}

func TestCategorisedTopics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/private", "order.spot", "execution.fast.linear")
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'s'}")
		r.want(s.news("order.spot"), "orderStatus", "New", "category", "spot")
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Market','qty':'1','orderLinkId':'l'}")
		w := s.news("execution.fast.linear")
		r.want(w, "orderLinkId", "l", "execQty", "1", "isMaker", "false")
		if _, there := w["execFee"]; there {
			t.Errorf("a fee: %v", w)
		}
		s.send("{'op':'subscribe','args':['order','order.linear']}")
		r.want(s.next(), "success", "false")
		s.send("{'op':'subscribe','args':['greeks']}")
		r.want(s.next(), "success", "false")
	})
}

// The first messages of a client may come in one breath.
func TestLoginAndSubscribeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) {
			c.Latency.Entry = sim.Delay{Min: time.Millisecond, Jitter: 9 * time.Millisecond}
		})
		s := r.dial("/v5/private")
		expires := time.Now().Add(10 * time.Second).UnixMilli()
		s.send("{'op':'auth','args':['%s',%d,'%s']}", r.key, expires, r.hmac("GET/realtime"+strconv.FormatInt(expires, 10)))
		s.send("{'op':'subscribe','args':['order']}")
		s.send("{'op':'subscribe','args':['execution']}")
		for _, op := range []string{"auth", "subscribe", "subscribe"} {
			w := s.next()
			r.want(w, "success", "true", "op", op)
			if _, there := w["req_id"]; there {
				t.Errorf("an id that nobody gave: %v", w)
			}
		}
	})
}

func TestLoginRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		now := time.Now().UnixMilli()
		sign := func(at int64) string { return r.hmac("GET/realtime" + strconv.FormatInt(at, 10)) }
		for _, c := range []struct {
			name, args, words string
			code              int
		}{
			{"unknown key", fmt.Sprintf("'NOBODY',%d,'%s'", now+1000, sign(now+1000)), "Invalid apikey", 10003},
			{"wrong signature", fmt.Sprintf("'KEY1',%d,'%s'", now+1000, sign(now+1001)), "Invalid sign", 10004},
			{"expired", fmt.Sprintf("'KEY1',%d,'%s'", now, sign(now)), "expired", 10004},
			{"no args", "", "Params Error", 10001},
		} {
			private, trade := r.dial("/v5/private"), r.dial("/v5/trade")
			private.send("{'op':'auth','args':[%s]}", c.args)
			if w := private.next(); w.text("success") != "false" || !strings.Contains(w.text("ret_msg"), c.words) {
				t.Errorf("%s: %v", c.name, w)
			}
			trade.send("{'reqId':'1','op':'auth','args':[%s]}", c.args)
			if w := trade.next(); w.text("retCode") != fmt.Sprint(c.code) || !strings.Contains(w.text("retMsg"), c.words) {
				t.Errorf("%s: %v", c.name, w)
			}
		}
		s := r.dial("/v5/private")
		s.send("{'op':'subscribe','args':['order']}")
		r.want(s.next(), "success", "false", "ret_msg", "Request not authorized")
		twice := r.login("/v5/trade")
		twice.send("{'op':'auth','args':['KEY1',%d,'%s']}", now+5000, sign(now+5000))
		r.want(twice.next(), "retCode", "20001")
	})
}

// Orders over the socket, and what is wrong with messages there.
func TestOrderEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		stranger := r.dial("/v5/trade")
		stranger.send("{'reqId':'1','op':'order.create','args':[{'category':'spot'}]}")
		r.want(stranger.next(), "retCode", "10007")
		s := r.login("/v5/trade")
		send := func(id, op, args string, off time.Duration) row {
			s.send("{'reqId':'%s','header':{'X-BAPI-TIMESTAMP':'%d','X-BAPI-RECV-WINDOW':'5000'},'op':'%s','args':[%s]}", id, time.Now().Add(off).UnixMilli(), op, args)
			w := s.next()
			r.want(w, "reqId", id, "op", op)
			return w
		}
		w := send("1", "order.create", "{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}", 0)
		r.want(w, "retCode", "0", "retMsg", "OK")
		head, _ := w["header"].(map[string]any)
		data, _ := w["data"].(map[string]any)
		r.want(head, "X-Bapi-Limit", "10", "X-Bapi-Limit-Status", "9", "Timenow", strconv.FormatInt(time.Now().UnixMilli(), 10))
		r.want(data, "orderLinkId", "a", "orderId", r.look("linear", "a").text("orderId"))
		r.want(send("2", "order.amend", "{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a','price':'91'}", 0), "retCode", "0")
		r.want(r.look("linear", "a"), "price", "91")
		r.want(send("3", "order.cancel", "{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a'}", 0), "retCode", "0")
		for i, c := range []struct {
			id, op, args string
			off          time.Duration
			code         string
		}{
			{"3", "order.create", "{'category':'linear'}", 0, "20006"},
			{strings.Repeat("i", 37), "order.create", "{'category':'linear'}", 0, "10001"},
			{"", "order.dance", "{'category':'linear'}", 0, "10404"},
			{"", "order.cancel", "{'category':'inverse'}", 0, "10404"},
			{"", "order.cancel", "", 0, "10404"},
			{"", "order.cancel", "{'category':'spot','symbol':'BTCUSDT','orderLinkId':'a'}", 0, "170213"},
			{"", "order.cancel", "{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a'}", 0, "110001"},
			{"", "order.cancel", "{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a'}", -6 * time.Second, "10002"},
			{"", "order.cancel", "{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a'}", time.Second, "10002"},
		} {
			id := c.id
			if id == "" {
				id = "e" + strconv.Itoa(i)
			}
			r.want(send(id, c.op, c.args, c.off), "retCode", c.code)
		}
		read := r.as("READ", "first").login("/v5/trade")
		read.send("{'reqId':'1','header':{'X-BAPI-TIMESTAMP':'%d'},'op':'order.create','args':[{'category':'spot'}]}", time.Now().UnixMilli())
		r.want(read.next(), "retCode", "10005")
	})
}

// The switch cancels what is on the books when the last socket that watches has gone.
func TestDisconnectedCancelAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		if a := r.post("/v5/order/disconnected-cancel-all", body("{'timeWindow':2}")); a.Code != 10001 {
			t.Errorf("2 s: %s", a.body)
		}
		if a := r.post("/v5/order/disconnected-cancel-all", body("{'timeWindow':40}")); a.Code != 0 {
			t.Fatalf("40 s: %s", a.body)
		}
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}")
		s := r.login("/v5/private", "dcp.future")
		s.ws.Close()
		time.Sleep(30 * time.Second)
		again := r.login("/v5/private", "dcp.future") // in time
		time.Sleep(time.Minute)
		r.want(r.look("linear", "a"), "orderStatus", "New")
		again.ws.Close()
		time.Sleep(39 * time.Second)
		r.want(r.look("linear", "a"), "orderStatus", "New")
		time.Sleep(2 * time.Second)
		r.want(r.look("linear", "a"), "orderStatus", "Cancelled", "cancelType", "CancelByDCP")
	})
}

// A machine of the venue dies: every socket ends, and new ones work.
func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/private", "order")
		r.dial("/v5/public/spot")
		if n := r.s.Disconnect(); n != 2 {
			t.Errorf("%d sockets cut", n)
		}
		if took := s.ended(); took > time.Second {
			t.Errorf("ended after %v", took)
		}
		r.login("/v5/private", "order")
		d := websocket.Dialer{NetDialContext: r.s.Dial}
		if _, resp, err := d.Dial(r.s.URL("stream")+"/v5/nowhere", nil); err == nil || resp.StatusCode != http.StatusNotFound {
			t.Errorf("a path that is none: %v", err)
		}
	})
}
