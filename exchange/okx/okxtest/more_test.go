package okxtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Whatever is sent, the venue answers, and lives.
func TestOddRequests(t *testing.T) {
	bodies := []string{
		`{}`, `[]`, `null`, `[null]`, `{"instId":5}`, `"x"`, `5`, `{"instId":"BTC-USDT","sz":{}}`, `{"instId":"BTC-USDT","sz":null}`, `[[]]`, `{"a":` + strings.Repeat("[", 9000) + "}",
		order("sz=1e300"), order("px=1e300"), order("sz=1e-300"), order("sz=NaN"), order("sz=-1"), order("px=0"), order("sz=0.001000000000000000000000000000000000001"),
		order("clOrdId=é"), order("side=buy\x00"), `{"timeOut":[]}`, `{"lever":{}}`,
	}
	virtual(t, func(r *rig) {
		s := r.private()
		for _, path := range []string{
			placePath, "/api/v5/trade/batch-orders", "/api/v5/trade/cancel-order", "/api/v5/trade/cancel-batch-orders", "/api/v5/trade/amend-order",
			"/api/v5/trade/amend-batch-orders", "/api/v5/trade/cancel-all-after", "/api/v5/account/set-leverage",
		} {
			for _, body := range bodies {
				if a := r.post(path, body); a.Code == "" || a.Code == "0" || a.Msg == "" && a.Data == nil {
					t.Errorf("%s %.60s: %d %s", path, body, a.status, a.raw)
				}
			}
		}
		for _, op := range []string{"order", "batch-orders", "cancel-order", "amend-order", "login", "subscribe", "unsubscribe", "x", ""} {
			for _, args := range bodies[:10] {
				s.write(`{"id":"1","op":"` + op + `","args":` + args + `}`)
				if m := s.read(); m["code"] == "0" || m["code"] == nil {
					t.Errorf("%s %s: %v", op, args, m)
				}
			}
		}
		r.place(order(""))
	}, func(c *okxtest.Config) { c.Unlimited = true })
}

// Of what has ended as much is remembered as is asked for, and not more than twice that.
func TestOldOrdersAreForgotten(t *testing.T) {
	virtual(t, func(r *rig) {
		rests := r.place(order("clOrdId=rests"))
		for range 30 {
			r.place(order("px=50001 sz=0.001 clOrdId=again"))
		}
		n := len(r.get("/api/v5/trade/orders-history?instType=SPOT").Data)
		if fills := len(r.get("/api/v5/trade/fills").Data); n < 10 || n > 20 || fills < 10 || fills > 20 {
			t.Errorf("%d orders and %d fills of 30 are known", n, fills)
		}
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=again").row(), "state=filled")
		r.want(r.get("/api/v5/trade/orders-pending").row(), "ordId="+rests+" clOrdId=rests")
	}, func(c *okxtest.Config) { c.Keep = 10 })
}

// An account may have so many orders that work, on a market.
func TestPendingOrders(t *testing.T) {
	virtual(t, func(r *rig) {
		many := "[" + strings.Repeat(order("")+",", 19) + order("") + "]"
		for range 25 {
			if a := r.post("/api/v5/trade/batch-orders", many); a.Code != "0" {
				t.Fatal(a.raw)
			}
		}
		r.want(r.post(placePath, order("")).row(), "sCode=51102")
		id := fmt.Sprint(r.get("/api/v5/trade/orders-pending?limit=1").row()["ordId"])
		r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","ordId":"`+id+`"}`)
		r.place(order(""))
	}, func(c *okxtest.Config) { c.Unlimited = true })
}

// Markets that are suspended, that have no book, or a smallest value.
func TestMarketsThatDoNotTrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ins := func(base string) exchange.Instrument {
			return exchange.Instrument{Market: exchange.Market{Venue: "okx", Symbol: exchange.Symbol{Base: exchange.Asset(base), Quote: "USDT"}}, Tradable: true,
				Tick: dec("1"), Lot: dec("1"), Contract: dec("1"), Settle: "USDT"}
		}
		off, dark, dear := ins("OFF"), ins("DARK"), ins("DEAR")
		off.Tradable, dear.MinNotional = false, dec("100")
		perp := ins("PERP")
		perp.Market.Symbol.Kind, perp.Contract = exchange.Perp, dec("0.5")
		e, err := sim.NewEngine(sim.EngineConfig{Venue: "okx", Instruments: []exchange.Instrument{off, dark, dear, perp},
			Balances: []exchange.Amount{{Asset: "USDT", Quantity: dec("1000")}}})
		if err != nil {
			t.Fatal(err)
		}
		s := okxtest.NewServer(e, okxtest.Config{Pipe: true, Keys: []okxtest.Key{{Key: "k1", Secret: "s1", Passphrase: "p1"}}})
		defer s.Close()
		r := &rig{T: t, Server: s, http: &http.Client{Transport: transport(s)}, key: okxtest.Key{Key: "k1", Secret: "s1", Passphrase: "p1"}}
		if a := r.get("/api/v5/public/instruments?instType=SPOT"); len(a.Data) != 3 || is(a.Data[0], "instId=OFF-USDT state=suspend minSz=1 maxLmtSz=9999999999") != "" {
			t.Error(a.raw)
		}
		r.want(r.get("/api/v5/public/instruments?instType=SWAP").row(), "instId=PERP-USDT-SWAP ctVal=0.5 lotSz=2")
		r.publish(dear.Market, 0, 0, 50)
		for inst, code := range map[string]string{"OFF-USDT": "51022", "DARK-USDT": "51022", "DEAR-USDT": "51020"} {
			r.want(r.post(placePath, order("sz=1 px=9 instId="+inst)).row(), "sCode="+code)
		}
		if a := r.get("/api/v5/market/books?instId=DARK-USDT&sz=5"); !strings.Contains(a.raw, `"asks":[],"bids":[]`) {
			t.Error(a.raw)
		}
		r.want(r.get("/api/v5/market/ticker?instId=DARK-USDT").row(), "bidPx=- askPx=- last=-")
		if a := r.get("/api/v5/public/mark-price?instType=SWAP"); a.Code != "0" || len(a.Data) != 0 {
			t.Error(a.raw)
		}
	})
}

// What other programs do at the engine is told like everything else, however much of it: nothing is lost.
func TestOrdersFromElsewhere(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"ANY"}`)
		request := func(id string) exchange.OrderRequest {
			return exchange.OrderRequest{Market: spotMarket, Account: mine, ClientID: id, Side: exchange.Buy, Price: dec("49000"), Quantity: dec("0.001")}
		}
		for i, tt := range []struct {
			edit func(*exchange.OrderRequest)
			want string
		}{
			{func(*exchange.OrderRequest) {}, "ordType=limit"},
			{func(q *exchange.OrderRequest) { q.PostOnly = true }, "ordType=post_only"},
			{func(q *exchange.OrderRequest) { q.TIF = exchange.IOC }, "ordType=ioc"},
			{func(q *exchange.OrderRequest) { q.TIF = exchange.FOK }, "ordType=fok"},
			{func(q *exchange.OrderRequest) { q.Type, q.Price = exchange.TypeMarket, exchange.Decimal{} }, "ordType=market tgtCcy=base_ccy"},
		} {
			q := request(fmt.Sprint("o-", i))
			tt.edit(&q)
			r.Floor().Do(func(now time.Time, e *sim.Engine) {
				if _, err := e.Submit(now, q); err != nil {
					t.Error(err)
				}
			})
			r.want(s.data("orders"), tt.want+" state=live tdMode=cash clOrdId="+q.ClientID)
			if i > 1 { // it ends at once
				s.data("orders")
			}
		}
	})
}

// More events at once than the engine keeps: what became of each order is known all the same.
func TestManyEventsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ins := exchange.Instrument{Market: spotMarket, VenueSymbol: "BTC-USDT", Tradable: true, Tick: dec("0.1"), Lot: dec("0.0001"), Contract: dec("1"), Settle: "USDT"}
		e, err := sim.NewEngine(sim.EngineConfig{Venue: "okx", Instruments: []exchange.Instrument{ins}, EventBuffer: 4,
			Balances: []exchange.Amount{{Asset: "USDT", Quantity: dec("100000")}}})
		if err != nil {
			t.Fatal(err)
		}
		key := okxtest.Key{Key: "k1", Secret: "s1", Passphrase: "p1"}
		s := okxtest.NewServer(e, okxtest.Config{Pipe: true, Keys: []okxtest.Key{key}})
		defer s.Close()
		r := &rig{T: t, Server: s, http: &http.Client{Transport: transport(s)}, key: key}
		r.publish(spotMarket, -1, -4, 500000)
		s.Floor().Do(func(now time.Time, e *sim.Engine) {
			for i := range 50 {
				q := exchange.OrderRequest{Market: spotMarket, ClientID: fmt.Sprint("o", i), Side: exchange.Buy, Price: dec("49000"), Quantity: dec("0.01")}
				if i%2 == 1 {
					q.Price = dec("50001")
				}
				if _, err := e.Submit(now, q); err != nil {
					t.Error(err)
				}
			}
		})
		if a := r.get("/api/v5/trade/orders-pending"); len(a.Data) != 25 {
			t.Errorf("%d orders work", len(a.Data))
		}
		if a := r.get("/api/v5/trade/fills"); len(a.Data) != 25 {
			t.Errorf("%d fills", len(a.Data))
		}
	})
}

func TestConnectFaults(t *testing.T) {
	for _, tt := range []struct {
		fault  sim.Fault
		status int
	}{{sim.Overloaded503, 429}, {sim.Failed503, 503}, {sim.Banned, 403}, {sim.ServerError, 500}, {sim.Slow, 101}} {
		t.Run(string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				if err := r.Injector().Add(sim.Rule{Op: sim.OpConnect, Fault: tt.fault, For: time.Second}); err != nil {
					t.Fatal(err)
				}
				d := websocket.Dialer{NetDialContext: r.Dial}
				c, resp, err := d.Dial(r.Endpoints()["stream"]+"/ws/v5/public", nil)
				if resp == nil || resp.StatusCode != tt.status {
					t.Fatalf("%v, %v", resp, err)
				}
				resp.Body.Close()
				if c != nil {
					c.Close()
				}
			})
		})
	}
}

// A position that there is not enough of for an amended order; and subscriptions that end are counted no more.
func TestSmallThings(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place(swapOrder("sz=2 px=50001"))
		r.place(swapOrder("sz=1 px=51000 side=sell reduceOnly=true clOrdId=a1"))
		r.want(r.post("/api/v5/trade/amend-order", `{"instId":"BTC-USDT-SWAP","clOrdId":"a1","newSz":"3"}`).row(), "sCode=51171")
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId=a1").row(), "sz=1 reduceOnly=true")

		s := r.private()
		for range 3 {
			s.subscribe(`{"channel":"account"}`)
			r.want(s.read(), "event=channel-conn-count connCount=1")
			s.data("account")
			s.write(`{"op":"unsubscribe","args":[{"channel":"account"}]}`)
			r.want(s.read(), "event=unsubscribe")
		}
		r.place(order(""))
		s.write("ping")
		if text, err := s.next(); text != "pong" {
			t.Error(text, err)
		}
	})
}

// Many clients at once, over both ways: every order is its own, and the account adds up.
func TestManyClients(t *testing.T) {
	virtual(t, func(r *rig) {
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 20 {
					id := fmt.Sprintf("w%di%d", w, i)
					if a, err := r.send(r.request(http.MethodPost, placePath, order("clOrdId="+id), nil)); err != nil || a.Code != "0" {
						t.Errorf("%s, %v", a.raw, err)
					}
					if i%2 == 0 {
						body := `{"instId":"BTC-USDT","clOrdId":"` + id + `"}`
						if a, err := r.send(r.request(http.MethodPost, "/api/v5/trade/cancel-order", body, nil)); err != nil || a.Code != "0" {
							t.Errorf("%s, %v", a.raw, err)
						}
					}
				}
			})
		}
		all.Wait()
		n := len(r.get("/api/v5/trade/orders-pending").Data)
		usdt := r.get("/api/v5/account/balance?ccy=USDT").row()["details"].([]any)[0].(map[string]any)
		if n != 80 {
			t.Errorf("%d orders work", n)
		}
		r.want(usdt, "cashBal=100000 frozenBal=3920 availBal=96080")
	}, func(c *okxtest.Config) { c.Unlimited = true })
}
