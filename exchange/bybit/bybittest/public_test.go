package bybittest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'1','price':'100.5'}")
		r.as("KEY2", "second").order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'100.5'}")
		w := trades.next()
		if data, _ := w["data"].([]any); w.text("topic") != "publicTrade.BTCUSDT" || len(data) != 1 || row(data[0].(map[string]any)).text("S") != "Buy" {
			t.Errorf("a trade between two accounts: %v", w)
		}
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
