package bybittest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// An order's life over REST, by each of its ids.
func TestLifeOverREST(t *testing.T) {
	for _, category := range []string{"spot", "linear"} {
		t.Run(category, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				id := r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'2','price':'95','orderLinkId':'a'}", category)
				r.want(r.look(category, "a"), "orderId", id, "orderStatus", "New", "price", "95", "qty", "2", "leavesQty", "2", "leavesValue", "190",
					"avgPrice", "", "timeInForce", "GTC", "orderType", "Limit", "side", "Buy", "reduceOnly", "false")
				time.Sleep(time.Second)
				if a := r.post("/v5/order/amend", body("{'category':'%s','symbol':'BTCUSDT','orderId':'%s','qty':'3','price':'96'}", category, id)); a.Code != 0 {
					t.Fatalf("amend: %s", a.body)
				}
				w := r.look(category, "a")
				r.want(w, "price", "96", "qty", "3", "orderStatus", "New")
				if w.text("createdTime") >= w.text("updatedTime") {
					t.Errorf("created %s, updated %s", w.text("createdTime"), w.text("updatedTime"))
				}
				symbol := map[string]string{"spot": "BTC-USDT", "linear": "BTC-USDT-PERP"}[category]
				r.publish(symbol, []string{"94", "1"}, []string{"95", "1", "97", "1"}) // one of it fills
				r.want(r.look(category, "a"), "orderStatus", "PartiallyFilled", "cumExecQty", "1", "cumExecValue", "96", "avgPrice", "96", "leavesQty", "2")
				if a := r.post("/v5/order/cancel", body("{'category':'%s','symbol':'BTCUSDT','orderLinkId':'a'}", category)); a.Code != 0 {
					t.Fatalf("cancel: %s", a.body)
				}
				status := map[string]string{"spot": "PartiallyFilledCanceled", "linear": "Cancelled"}[category]
				r.want(r.look(category, "a"), "orderStatus", status, "cancelType", "CancelByUser", "leavesQty", "0", "cumExecQty", "1")
				rows, _ := r.list("/v5/order/history?category=" + category + "&symbol=BTCUSDT&orderId=" + id)
				if len(rows) != 1 {
					t.Fatalf("history: %v", rows)
				}
				fills, _ := r.list("/v5/execution/list?category=" + category + "&symbol=BTCUSDT&orderId=" + id)
				if len(fills) != 1 {
					t.Fatalf("executions: %v", fills)
				}
				fee, asset := "0.0192", "USDT"
				if category == "spot" {
					fee, asset = "0.0002", "BTC"
				}
				r.want(fills[0], "orderLinkId", "a", "execPrice", "96", "execQty", "1", "execType", "Trade", "isMaker", "true", "feeCurrency", asset,
					"execFee", fee, "leavesQty", "2", "orderQty", "3", "feeRate", "0.0002")
			})
		})
	}
}

// A post-only order that is amended so that it would take ends.
func TestAmendedPostOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'95','timeInForce':'PostOnly','orderLinkId':'a'}")
		if a := r.post("/v5/order/amend", body("{'category':'linear','symbol':'BTCUSDT','orderLinkId':'a','price':'101'}")); a.Code != 0 {
			t.Fatalf("amend: %s", a.body)
		}
		r.want(r.look("linear", "a"), "orderStatus", "Cancelled", "rejectReason", "EC_PostOnlyWillTakeLiquidity")
	})
}

// Lists come in pages, the newest first, and lead to an end.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		const n = 25
		for i := range n {
			r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'0.1','price':'9%d','orderLinkId':'o%d'}", i%10, i)
			r.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Market','qty':'0.1','orderLinkId':'m%d'}", i)
			time.Sleep(time.Second)
		}
		for _, c := range []struct {
			target, id, first string
			most, all         int
		}{
			{"/v5/order/realtime?category=spot&limit=10", "orderLinkId", "o24", 10, n},
			{"/v5/order/realtime?category=spot&openOnly=1", "orderLinkId", "m24", 20, n},
			{"/v5/order/history?category=spot&limit=50", "orderLinkId", "m24", 50, 2 * n},
			{"/v5/order/history?category=spot&orderStatus=Filled", "orderLinkId", "m24", 20, n},
			{"/v5/execution/list?category=spot&limit=7", "execId", "", 7, n},
		} {
			seen := map[string]bool{}
			cursor, first := "", ""
			for range 2 * n {
				rows, next := r.list(c.target + "&cursor=" + cursor)
				if len(rows) > c.most {
					t.Errorf("%s: a page of %d", c.target, len(rows))
				}
				for _, w := range rows {
					if first == "" {
						first = w.text(c.id)
					}
					seen[w.text(c.id)] = true
				}
				if cursor = next; next == "" || len(rows) == 0 {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if len(seen) != c.all || c.first != "" && first != c.first {
				t.Errorf("%s: %d rows, want %d; the first is %s", c.target, len(seen), c.all, first)
			}
		}
		if a := r.get("/v5/execution/list?category=spot&startTime=0&endTime=604800001"); a.Code != 10001 {
			t.Errorf("more than a week: %s", a.body)
		}
		if a := r.get("/v5/order/realtime?category=linear"); a.Code != 10001 {
			t.Errorf("linear without symbol: %s", a.body)
		}
	})
}

func TestCancelAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for i, category := range []string{"spot", "spot", "linear"} {
			r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'c%d'}", category, i)
		}
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90'}") // without a link
		for i, c := range []struct {
			body string
			want int
		}{{"{'category':'spot'}", 2}, {"{'category':'linear','symbol':'ETHUSDT'}", 0}, {"{'category':'linear','settleCoin':'USDT'}", 2}} {
			a := r.post("/v5/order/cancel-all", body("%s", c.body))
			var done struct {
				Success string
				List    []struct{ OrderID, OrderLinkID string }
			}
			a.into(t, &done)
			if a.Code != 0 || done.Success != "1" || len(done.List) != c.want {
				t.Errorf("%d: %s, want %d", i, a.body, c.want)
			}
			for _, o := range done.List {
				if o.OrderID == "" || strings.Contains(o.OrderLinkID, "~") {
					t.Errorf("canceled %+v", o)
				}
			}
		}
	})
}

// Two accounts trade with one another, each in its own books.
func TestAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		two := r.as("KEY2", "second")
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'same'}")
		two.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'same'}")
		r.want(r.look("spot", "same"), "orderStatus", "Filled", "side", "Buy")
		two.want(two.look("spot", "same"), "orderStatus", "Filled", "side", "Sell")
	})
}

func TestBalancesPositionsFees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'2','price':'200','orderLinkId':'rest'}")
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Market','qty':'2'}")
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'50'}")
		r.publish("BTC-USDT-PERP", []string{"200", "5"}, []string{"202", "5"})
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Sell','orderType':'Market','qty':'1','reduceOnly':true}")
		a := r.get("/v5/account/wallet-balance?accountType=UNIFIED")
		var wallet struct{ List []struct{ Coin []row } }
		a.into(t, &wallet)
		for _, c := range wallet.List[0].Coin {
			switch c.text("coin") {
			case "BTC":
				r.want(c, "walletBalance", "10", "locked", "2", "totalOrderIM", "0", "equity", "10")
			case "USDT": // fees of 0.202 and 0.2; half of the position has won 99, the other half is 100 up
				r.want(c, "walletBalance", "100098.598", "locked", "0", "totalPositionIM", "10.1", "unrealisedPnl", "100")
			}
		}
		rows, _ := r.list("/v5/position/list?category=linear&settleCoin=USDT")
		if len(rows) != 1 {
			t.Fatalf("positions %v", rows)
		}
		r.want(rows[0], "symbol", "BTCUSDT", "side", "Buy", "size", "1", "avgPrice", "101", "markPrice", "201", "unrealisedPnl", "100", "curRealisedPnl", "99")
		if rows, _ := r.list("/v5/position/list?category=linear&symbol=ETHUSDT"); len(rows) != 1 || rows[0].text("size") != "0" || rows[0].text("side") != "" {
			t.Errorf("a flat position: %v", rows)
		}
		fills, _ := r.list("/v5/execution/list?category=linear&symbol=BTCUSDT")
		r.want(fills[0], "closedSize", "1", "side", "Sell", "execPrice", "200")
		fees, _ := r.list("/v5/account/fee-rate?category=linear&symbol=BTCUSDT")
		r.want(fees[0], "symbol", "BTCUSDT", "takerFeeRate", "0.001", "makerFeeRate", "0.0002")
	})
}

func TestSelfTradePrevention(t *testing.T) {
	for _, c := range []struct{ smp, resting, taker string }{
		{"CancelMaker", "Cancelled", "New"}, {"CancelTaker", "New", "Cancelled"}, {"CancelBoth", "Cancelled", "Cancelled"}, {"None", "Filled", "Filled"},
	} {
		t.Run(c.smp, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'rest'}")
				r.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'take','smpType':'%s'}", c.smp)
				r.want(r.look("spot", "rest"), "orderStatus", c.resting)
				r.want(r.look("spot", "take"), "orderStatus", c.taker, "smpType", c.smp)
				if c.resting == "Cancelled" {
					r.want(r.look("spot", "rest"), "cancelType", "CancelBySmp")
				}
			})
		})
	}
}

// What the engine's accounts do is the same whoever speaks for them.
func TestInspectAndFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		order := exchange.OrderRequest{Market: market("BTC-USDT"), Account: "one", ClientID: "inside", Side: exchange.Buy, Price: dec("90"), Quantity: dec("1")}
		r.s.Floor().Do(func(now time.Time, e *sim.Engine) {
			if _, err := e.Submit(now, order); err != nil {
				t.Error(err)
			}
		})
		r.want(r.look("spot", "inside"), "orderStatus", "New")
		r.s.Inspect(func(e *sim.Engine) {
			if n := len(e.OpenOrders("one", exchange.MustSymbol("BTC-USDT"))); n != 1 {
				t.Errorf("%d open orders", n)
			}
		})
		for _, bad := range []func(){
			func() { bybittest.NewServer(nil, bybittest.Config{}) },
			func() {
				bybittest.NewServer(engine(t), bybittest.Config{Keys: []bybittest.Key{{Account: "nobody", Key: "k", Secret: "s"}}})
			},
			func() {
				bybittest.NewServer(engine(t), bybittest.Config{Keys: []bybittest.Key{{Account: "one", Key: "k"}}})
			},
			func() { bybittest.NewServer(engine(t), bybittest.Config{RateScale: -1}) },
			func() { r.s.URL("nowhere") },
			func() { bybittest.NewServer(engineOfContracts(t), bybittest.Config{}) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				bad()
			}()
		}
		if got := fmt.Sprint(len(r.s.Endpoints())); got != "4" {
			t.Errorf("%s endpoints", got)
		}
	})
}

// engineOfContracts has a market that counts in contracts, as the venue has none.
func engineOfContracts(t *testing.T) *sim.Engine {
	e, err := sim.NewEngine(sim.EngineConfig{Venue: bybittest.Venue, Account: "one", Instruments: []exchange.Instrument{{
		Market: market("BTC-USDT-PERP"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.5"), Lot: dec("0.001"), Contract: dec("0.01"), Settle: "USDT",
	}}})
	must(t, err)
	return e
}
