package bybittest_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func jitter(seed uint64) func(*bybittest.Config) {
	return func(c *bybittest.Config) {
		c.Faults.Seed, c.Latency.Entry = seed, sim.Delay{Min: time.Millisecond, Jitter: 30 * time.Millisecond}
	}
}

// auth sends a login without waiting for what becomes of it.
func (s *socket) auth() {
	expires := time.Now().Add(10 * time.Second).UnixMilli()
	s.send("{'reqId':'a','req_id':'a','op':'auth','args':['%s',%d,'%s']}", s.key, expires, s.hmac("GET/realtime"+strconv.FormatInt(expires, 10)))
}

// What one socket sends is executed in its order, however long each message travels.
func TestSocketTurns(t *testing.T) {
	const create = "'op':'order.create','args':[{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}]"
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, jitter(seed))
			s := r.dial("/v5/trade")
			s.auth()
			header := "'header':{'X-BAPI-TIMESTAMP':'" + strconv.FormatInt(time.Now().UnixMilli(), 10) + "'}"
			s.send("{'reqId':'1',%s,%s}", header, create)
			s.send("{'reqId':'2',%s,'op':'order.cancel','args':[{'category':'spot','symbol':'BTCUSDT','orderLinkId':'a'}]}", header)
			for range 3 {
				if w := s.next(); w.text("retCode") != "0" {
					t.Errorf("seed %d: %v", seed, w)
				}
			}
			r.want(r.look("spot", "a"), "orderStatus", "Cancelled")

			p := r.dial("/v5/private")
			p.auth()
			p.send("{'req_id':'s','op':'subscribe','args':['order']}")
			p.send("{'req_id':'u','op':'unsubscribe','args':['order']}")
			for _, op := range []string{"auth", "subscribe", "unsubscribe"} {
				r.want(p.next(), "op", op, "success", "true")
			}
			r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90'}")
			p.quiet(time.Second)
		})
	}
}

// An order before the login does not see the login's key, and does not race with it: this is for the race detector.
func TestOrderBeforeLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, jitter(1))
		r.s.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: sim.RateLimited})
		s := r.dial("/v5/trade")
		s.send("{'reqId':'1','header':{'X-BAPI-TIMESTAMP':'%d'},'op':'order.create','args':[{'category':'spot'}]}", time.Now().UnixMilli())
		s.auth()
		r.want(s.next(), "reqId", "1", "retCode", "10006")
		r.want(s.next(), "reqId", "a", "retCode", "0")
	})
}

func TestAmendmentInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, category := range []string{"spot", "linear"} {
			r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'%s'}", category, category)
			r.s.Injector().Add(sim.Rule{Op: sim.OpReplace, Fault: sim.Partial, Percent: 40})
			if a := r.post("/v5/order/amend", body("{'category':'%s','symbol':'BTCUSDT','orderLinkId':'%s','price':'101'}", category, category)); a.Code != 0 {
				t.Fatal(a.body)
			}
			w := r.look(category, category)
			if r.want(w, "orderStatus", "PartiallyFilled", "price", "101"); !dec(w.text("cumExecQty")).Equal(dec("0.4")) {
				t.Errorf("%s: %s filled", category, w.text("cumExecQty"))
			}
		}
	})
}

// A client that reads gets all that one taker did at one instant.
func TestManyFillsAtOnce(t *testing.T) {
	const n = 1500
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) { c.Latency.Feed.Min = 5 * time.Millisecond })
		r.publish("BTC-USDT", []string{"90", "1"}, []string{"100000", "1"})
		place := func(req exchange.OrderRequest) {
			req.Market = market("BTC-USDT")
			r.s.Inspect(func(e *sim.Engine) {
				_, err := e.Submit(time.Now(), req)
				must(t, err)
			})
		}
		for i := range n {
			place(exchange.OrderRequest{Account: "one", ClientID: "m" + strconv.Itoa(i), Side: exchange.Sell, Price: dec("6000"), Quantity: dec("0.001")})
		}
		s := r.login("/v5/private", "order")
		place(exchange.OrderRequest{Account: "two", ClientID: "taker", Side: exchange.Buy, Price: dec("6000"), Quantity: dec("1.5")})
		for range n {
			r.want(s.news("order"), "orderStatus", "Filled")
		}
	})
}
