package bybittest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// rebuilt is a book as a client has it.
type rebuilt struct {
	sides map[string]map[string]string // "b", "a": price to size
	u     int64
	seq   int64
}

// apply takes a message as the venue's words have it.
func (b *rebuilt) apply(t *testing.T, w row) {
	t.Helper()
	data, _ := w["data"].(map[string]any)
	u, _ := data["u"].(json.Number).Int64()
	seq, _ := data["seq"].(json.Number).Int64()
	if w.text("type") == "snapshot" {
		b.sides = map[string]map[string]string{"b": {}, "a": {}}
	} else if u != b.u+1 {
		t.Errorf("u is %d after %d", u, b.u)
	}
	if u <= 1 || seq < b.seq {
		t.Errorf("u %d, seq %d after %d", u, seq, b.seq)
	}
	b.u, b.seq = u, seq
	for name, side := range b.sides {
		for _, l := range data[name].([]any) {
			level := l.([]any)
			price, size := level[0].(string), level[1].(string)
			if len(level) != 2 {
				t.Errorf("level %v", level)
			}
			if side[price] = size; size == "0" {
				delete(side, price)
			}
		}
	}
}

// version is the number of the newest change of the engine's book.
func (r *rig) version(symbol string) (v int64) {
	r.s.Inspect(func(e *sim.Engine) { v = int64(e.Version(exchange.MustSymbol(symbol))) })
	return v
}

// equals compares with the best levels of the engine's book.
func (b *rebuilt) equals(r *rig, symbol string, depth int) {
	r.Helper()
	var book exchange.Book
	r.s.Inspect(func(e *sim.Engine) { e.Book(exchange.MustSymbol(symbol), &book) })
	for name, levels := range map[string][]exchange.Level{"b": book.Bids, "a": book.Asks} {
		levels = levels[max(0, len(levels)-depth):]
		if len(levels) != len(b.sides[name]) {
			r.Errorf("%s: %v, want %d levels", name, b.sides[name], len(levels))
		}
		for _, l := range levels {
			found := false
			for price, size := range b.sides[name] {
				found = found || dec(price).Equal(book.Price(l)) && dec(size).Equal(book.Size(l))
			}
			if !found {
				r.Errorf("%s: no %s x %s in %v", name, book.Price(l), book.Size(l), b.sides[name])
			}
		}
	}
}

// The book that a client rebuilds from snapshot and deltas is the venue's, whatever changes it, and however often.
func TestBookTopics(t *testing.T) {
	for _, category := range []string{"spot", "linear"} {
		for depth, pause := range map[int]time.Duration{50: 20 * time.Millisecond, 200: 100 * time.Millisecond, 1000: 200 * time.Millisecond} {
			t.Run(fmt.Sprint(category, depth), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					symbol := map[string]string{"spot": "BTC-USDT", "linear": "BTC-USDT-PERP"}[category]
					r := newRig(t, nil)
					s := r.dial("/v5/public/" + category)
					s.send("{'req_id':'7','op':'subscribe','args':['orderbook.%d.BTCUSDT']}", depth)
					ack := s.next()
					r.want(ack, "success", "true", "req_id", "7", "op", "subscribe", "ret_msg", map[string]string{"spot": "subscribe", "linear": ""}[category])
					var b rebuilt
					w := s.next()
					r.want(w, "topic", fmt.Sprintf("orderbook.%d.BTCUSDT", depth), "type", "snapshot")
					b.apply(t, w)
					b.equals(r, symbol, depth)
					for i := range 20 {
						r.publish(symbol, []string{"100", fmt.Sprint(2 + i), "99", "3", fmt.Sprint(98 - i), "1"}, []string{"101", "2", "102", fmt.Sprint(3 + i)})
						if i%3 == 0 {
							r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'%d'}", category, 90+i%10)
						}
						began := time.Now()
						for b.seq < r.version(symbol) {
							b.apply(t, s.next())
						}
						if took := time.Since(began); took > pause {
							t.Errorf("%v until a change is told", took)
						}
						b.equals(r, symbol, depth)
						time.Sleep(time.Second)
					}
				})
			})
		}
	}
}

// More changes than a topic tells become one message.
func TestBookTopicsConflate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.dial("/v5/public/linear")
		s.send("{'op':'subscribe','args':['orderbook.200.BTCUSDT']}")
		s.next()
		var b rebuilt
		b.apply(t, s.next())
		began, messages := time.Now(), 0
		for i := range 50 {
			r.publish("BTC-USDT-PERP", []string{"100", fmt.Sprint(3 + i)}, []string{"101", "2"})
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		for ; b.seq < r.version("BTC-USDT-PERP"); messages++ {
			b.apply(t, s.next())
		}
		if messages < 4 || messages > 7 {
			t.Errorf("%d messages in %v", messages, time.Since(began))
		}
		b.equals(r, "BTC-USDT-PERP", 200)
	})
}

// The best prices come whole, and once more after three seconds of silence, with the same u.
func TestBestPrices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.dial("/v5/public/spot")
		s.send("{'op':'subscribe','args':['orderbook.1.BTCUSDT']}")
		s.next()
		var b rebuilt
		b.apply(t, s.next())
		b.equals(r, "BTC-USDT", 1)
		u, began := b.u, time.Now()
		b.apply(t, s.next())
		if b.u != u || time.Since(began) != 3*time.Second {
			t.Errorf("u %d after %d, %v later", b.u, u, time.Since(began))
		}
		r.publish("BTC-USDT", []string{"100.5", "1"}, []string{"101", "2"})
		w := s.next()
		r.want(w, "type", "snapshot")
		if b.apply(t, w); b.u != u+1 {
			t.Errorf("u %d after %d", b.u, u)
		}
		b.equals(r, "BTC-USDT", 1)
		s.send("{'op':'unsubscribe','args':['orderbook.1.BTCUSDT']}")
		r.want(s.next(), "success", "true", "op", "unsubscribe")
		s.quiet(time.Minute)
	})
}

func TestTickersAndTrades(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.dial("/v5/public/linear")
		s.send("{'op':'subscribe','args':['tickers.BTCUSDT']}")
		s.next()
		first := s.next()
		data, _ := first["data"].(map[string]any)
		r.want(first, "type", "snapshot")
		r.want(data, "symbol", "BTCUSDT", "bid1Price", "100", "ask1Size", "2", "markPrice", "100.5")
		r.publish("BTC-USDT-PERP", []string{"100", "9"}, []string{"101", "2"})
		second := s.next()
		data, _ = second["data"].(map[string]any)
		r.want(second, "type", "delta")
		r.want(data, "bid1Size", "9")
		if _, there := data["ask1Price"]; there {
			t.Errorf("what has not changed is told: %v", data)
		}

		trades := r.dial("/v5/public/spot")
		trades.send("{'op':'subscribe','args':['publicTrade.BTCUSDT','tickers.BTCUSDT']}")
		trades.next()
		ticker := trades.next()
		if data, _ := ticker["data"].(map[string]any); ticker.text("topic") != "tickers.BTCUSDT" || data["bid1Price"] != nil {
			t.Errorf("ticker of spot: %v", ticker)
		}
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Market','qty':'1'}")
		r.want(trades.news("publicTrade.BTCUSDT"), "S", "Sell", "p", "100", "v", "1", "s", "BTCUSDT", "BT", "false")
	})
}

func TestPublicRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		many := make([]string, 11)
		for i := range many {
			many[i] = "orderbook.50.BTCUSDT"
		}
		spot, linear := r.dial("/v5/public/spot"), r.dial("/v5/public/linear")
		for _, c := range []struct {
			s              *socket
			message, words string
		}{
			{spot, "{'op':'subscribe','args':['orderbook.50.NOPE']}", "error:handler not found,topic:orderbook.50.NOPE"},
			{spot, "{'op':'subscribe','args':['orderbook.50.ETHUSDT']}", "handler not found"},
			{spot, "{'op':'subscribe','args':['orderbook.25.BTCUSDT']}", "handler not found"},
			{spot, "{'op':'subscribe','args':['orderbook.rpi.BTCUSDT']}", "handler not found"},
			{spot, "{'op':'subscribe','args':['orderbook.50.BTCUSDT','nothing']}", "handler not found"},
			{spot, "{'op':'subscribe','args':['" + strings.Join(many, "','") + "']}", "args size >10"},
			{spot, "{'op':'subscribe','args':[]}", "invalid args"},
			{spot, "{'op':'dance'}", "op type is not found"},
			{spot, "no JSON", "invalid message"},
			{linear, "{'op':'subscribe','args':['" + strings.Repeat("x", 21001) + "']}", "21000 characters"},
		} {
			c.s.send("%s", c.message)
			if w := c.s.next(); w.text("success") != "false" || !strings.Contains(w.text("ret_msg"), c.words) {
				t.Errorf("%.60s: %v", c.message, w)
			}
		}
		spot.send("{'op':'subscribe','args':['orderbook.50.BTCUSDT']}")
		spot.next()
		spot.next()
		spot.send("{'op':'subscribe','args':['orderbook.50.BTCUSDT']}")
		r.want(spot.next(), "success", "false", "ret_msg", "error:already subscribed,topic:orderbook.50.BTCUSDT")
	})
}

func TestPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		public := r.dial("/v5/public/linear")
		public.send("{'op':'ping','req_id':'p'}")
		r.want(public.next(), "success", "true", "ret_msg", "pong", "op", "ping", "req_id", "p")
		now := strconv.FormatInt(time.Now().UnixMilli(), 10)
		private := r.login("/v5/private")
		private.send("{'op':'ping'}")
		r.want(private.next(), "op", "pong", "args", "["+now+"]")
		trade := r.login("/v5/trade")
		trade.send("{'op':'ping'}")
		r.want(trade.next(), "retCode", "0", "op", "pong", "data", "["+now+"]")
	})
}

// A socket that is silent on both sides is cut after ten minutes, or what the client asked for; pings and pushes keep it.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		if took := r.dial("/v5/private").ended(); took != 10*time.Minute {
			t.Errorf("cut after %v", took)
		}
		if took := r.dial("/v5/private?max_active_time=45s").ended(); took != 45*time.Second {
			t.Errorf("cut after %v", took)
		}
		if took := r.dial("/v5/private?max_active_time=5s").ended(); took != 10*time.Minute {
			t.Errorf("cut after %v: less than the venue takes", took)
		}
		s := r.dial("/v5/private?max_active_time=30s")
		for range 10 {
			time.Sleep(20 * time.Second)
			s.send("{'op':'ping'}")
			s.next()
		}
		p := r.dial("/v5/public/spot?max_active_time=30s")
		p.send("{'op':'subscribe','args':['orderbook.1.BTCUSDT']}")
		for range 100 { // every 3 s
			p.next()
		}
	})
}

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

// Endpoints are the ones that clients know.
func TestAddresses(t *testing.T) {
	s := bybittest.NewServer(engine(t), bybittest.Config{})
	defer s.Close()
	var names []string
	for name, url := range s.Endpoints() {
		names = append(names, name)
		if !strings.HasPrefix(url, map[bool]string{true: "http://127.0.0.1:", false: "ws://127.0.0.1:"}[name == "rest"]) || s.URL(name) != url {
			t.Errorf("%s is %s", name, url)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"private", "rest", "stream", "trade"}) {
		t.Errorf("endpoints %v", names)
	}
}
