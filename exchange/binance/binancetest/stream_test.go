package binancetest_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// replica is a book rebuilt by the venue's documented rules.
type replica struct {
	bids, asks map[string]string
	last       int64
	live       bool
}

func integer(a answer, path string) int64 {
	n, _ := strconv.ParseInt(text(a.at(path)), 10, 64)
	return n
}

func newReplica(snapshot answer) *replica {
	b := &replica{bids: map[string]string{}, asks: map[string]string{}, last: integer(snapshot, "lastUpdateId")}
	b.levels(snapshot, "bids", b.bids)
	b.levels(snapshot, "asks", b.asks)
	return b
}

func (b *replica) levels(a answer, path string, into map[string]string) {
	list, _ := a.at(path).([]any)
	for i := range list {
		price, size := text(a.at(fmt.Sprintf("%s.%d.0", path, i))), text(a.at(fmt.Sprintf("%s.%d.1", path, i)))
		if into[price] = size; dec(size).IsZero() {
			delete(into, price)
		}
	}
}

// apply takes an event in; perp says by which rule.
func (b *replica) apply(t *testing.T, a answer, perp bool) {
	t.Helper()
	first, last, prev := integer(a, "data.U"), integer(a, "data.u"), integer(a, "data.pu")
	switch {
	case !perp && last <= b.last, perp && !b.live && last < b.last:
		return
	case !perp && first > b.last+1, perp && !b.live && first > b.last, perp && b.live && prev != b.last:
		t.Errorf("a gap: book at %d, event %s", b.last, a.raw)
	}
	b.live, b.last = true, last
	b.levels(a, "data.b", b.bids)
	b.levels(a, "data.a", b.asks)
}

// A book that is rebuilt from differences is the book of a later snapshot, wherever in the sequence the first one fell.
func TestDepth(t *testing.T) {
	for _, c := range []struct {
		host, path, depth string
		perp              bool
	}{
		{"spot", "/stream?streams=btcusdt@depth@100ms", "/api/v3/depth", false},
		{"spot", "/stream?streams=btcusdt@depth", "/api/v3/depth", false},
		{"futures", "/public/stream?streams=btcusdt@depth@100ms", "/fapi/v1/depth", true},
		{"futures", "/public/stream?streams=btcusdt@depth@0ms", "/fapi/v1/depth", true},
		{"futures", "/stream?streams=btcusdt@depth", "/fapi/v1/depth", true},
	} {
		for at := range 6 {
			t.Run(fmt.Sprint(c.host, c.path, at), func(t *testing.T) {
				virtual(t, func(r *rig) {
					m := spotMarket
					if c.perp {
						m = perpMarket
					}
					s := r.dial(c.host+"stream", c.path)
					s.clear()
					var b *replica
					seen := 0
					for i := range 12 {
						if i == at {
							b = newReplica(r.send(c.host, "GET", c.depth, "symbol=BTCUSDT&limit=1000", ""))
						}
						r.publish(m, 50_000+int64(i%5))
						if i%3 != 0 {
							time.Sleep(70 * time.Millisecond)
						}
					}
					time.Sleep(2 * time.Second)
					for _, a := range s.got() {
						b.apply(t, a, c.perp)
						seen++
					}
					want := newReplica(r.send(c.host, "GET", c.depth, "symbol=BTCUSDT&limit=1000", ""))
					if !maps.Equal(b.bids, want.bids) || !maps.Equal(b.asks, want.asks) || seen < 1 {
						t.Errorf("after %d events %v %v, want %v %v", seen, b.bids, b.asks, want.bids, want.asks)
					}
				})
			})
		}
	}
}

// Resting orders are in the book, and what orders take is not.
func TestDepthOfOrders(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotstream", "/ws/btcusdt@depth@100ms")
		s.clear()
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49500").ok()
		time.Sleep(time.Second)
		s.last().has("e", "depthUpdate", "s", "BTCUSDT", "b.0.0", "49500.00000000", "b.0.1", "0.50000000", "a.0", "null")
		r.place("side=BUY type=MARKET quantity=1").ok()
		time.Sleep(time.Second)
		s.last().has("a.0.0", "50001.00000000", "a.0.1", "0.00000000", "b.0", "null")
	})
}

func TestBestPrices(t *testing.T) {
	virtual(t, func(r *rig) {
		spot := r.dial("spotstream", "/ws/btcusdt@bookTicker")
		perp := r.dial("futuresstream", "/public/ws/btcusdt@bookTicker")
		top := r.dial("spotstream", "/stream?streams=btcusdt@depth5@100ms/btcusdt@depth20")
		perpTop := r.dial("futuresstream", "/public/ws/btcusdt@depth5@100ms")
		time.Sleep(time.Second)
		r.publish(spotMarket, 51_000)
		r.publish(perpMarket, 51_000)
		time.Sleep(2 * time.Second)
		spot.last().has("s", "BTCUSDT", "b", "50999.00000000", "B", "1.00000000", "a", "51001.00000000", "e", "null", "E", "null")
		perp.last().has("e", "bookTicker", "b", "50999.0", "A", "1.000", "st", "1")
		all := top.got()
		all[len(all)-2].has("stream", "btcusdt@depth5@100ms", "data.bids.0.0", "50999.00000000", "data.asks.2.0", "51003.00000000", "data.s", "null")
		top.last().has("stream", "btcusdt@depth20", "data.lastUpdateId", text(all[len(all)-2].at("data.lastUpdateId")))
		perpTop.last().has("e", "depthUpdate", "b.0.0", "50999.0", "a.2.1", "1.000")
	})
}

func TestSubscriptions(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotstream", "/stream?streams=")
		ask := func(format string, args ...any) answer {
			t.Helper()
			s.clear().say(format, args...)
			time.Sleep(time.Second)
			return s.last()
		}
		ask(`{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":"0f"}`)
		if all := s.got(); len(all) != 2 {
			t.Errorf("%d messages after a subscription", len(all))
		}
		ask(`{"method":"LIST_SUBSCRIPTIONS","id":3}`).has("result.0", "btcusdt@bookTicker", "result.1", "null", "id", "3")
		ask(`{"method":"SUBSCRIBE","params":["btcusd@bookticker","BTCUSDT@depth","x"],"id":4}`).has("result", "null", "id", "4") // acknowledged, and silent
		ask(`{"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":5}`).has("result", "null", "id", "5")
		s.clear()
		r.publish(spotMarket, 51_000)
		time.Sleep(2 * time.Second)
		if all := s.got(); len(all) != 0 {
			t.Errorf("silence was expected: %s", all[0].raw)
		}
		ask(`{"method":"SET_PROPERTY","params":["combined",false],"id":6}`).has("id", "6")
		ask(`{"method":"GET_PROPERTY","params":["combined"],"id":7}`).has("result", "false")
		ask(`{"method":"WHAT","id":8}`).has("code", "2", "id", "8")
		ask(`what`).has("code", "2", "id", "null")
		ask(`{"method":"SUBSCRIBE","params":[1],"id":9}`).has("code", "2", "id", "9")
		f := r.dial("futuresstream", "/public/ws")
		f.say(`{"method":"WHAT","id":8}`)
		f.last().has("error.code", "2", "id", "8")
	})
}

// Books are told on futures' /public address and on the one of old, not on /market.
func TestGroups(t *testing.T) {
	virtual(t, func(r *rig) {
		for path, want := range map[string]bool{"/public/ws/": true, "/ws/": true, "/market/ws/": false} {
			s := r.dial("futuresstream", path+"btcusdt@bookTicker")
			time.Sleep(time.Second)
			if got := len(s.got()) > 0; got != want {
				t.Errorf("%s tells: %v", path, got)
			}
		}
		d := websocket.Dialer{NetDialContext: r.Dial}
		if _, res, err := d.Dial(r.URL("futuresstream")+"/nowhere", nil); err == nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("an unknown path: %v", err)
		}
	})
}

// The venue pings, and ends a connection that does not answer, one that talks too much, and one that is a day old.
func TestConnections(t *testing.T) {
	t.Run("pings", func(t *testing.T) {
		virtual(t, func(r *rig) {
			spot, perp := r.dial("spotstream", "/ws"), r.dial("futuresstream", "/public/ws")
			time.Sleep(10*time.Minute + time.Second)
			for s, want := range map[*socket]int{spot: 30, perp: 3} {
				if err := s.end(); err != nil || s.pings != want {
					t.Errorf("%d pings, want %d (%v)", s.pings, want, err)
				}
			}
		})
	})
	t.Run("no pong", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotstream", "/ws")
			s.mute()
			time.Sleep(79 * time.Second)
			if s.end() != nil {
				t.Errorf("ended too soon: %v", s.end())
			}
			time.Sleep(2 * time.Second)
			if s.end() == nil {
				t.Error("lives on without a pong")
			}
		})
	})
	t.Run("age", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotstream", "/ws")
			time.Sleep(24*time.Hour - 9*time.Second)
			s.last().has("e", "serverShutdown")
			time.Sleep(10 * time.Second)
			if s.end() == nil {
				t.Error("lives on after a day")
			}
		})
	})
	t.Run("too many messages", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotstream", "/ws")
			for i := range 6 {
				s.say(`{"method":"LIST_SUBSCRIPTIONS","id":%d}`, i)
			}
			synctest.Wait()
			var e *websocket.CloseError
			if !errors.As(s.end(), &e) || e.Code != websocket.ClosePolicyViolation {
				t.Errorf("%v", s.end())
			}
		})
	})
	t.Run("cut", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotstream", "/ws")
			if n := r.Disconnect(); n != 1 || s.end() == nil {
				t.Errorf("%d connections cut, %v", n, s.end())
			}
		})
	})
	t.Run("too many connects", func(t *testing.T) {
		virtual(t, func(r *rig) {
			r.dial("spotstream", "/ws")
			r.dial("spotstream", "/ws")
			d := websocket.Dialer{NetDialContext: r.Dial}
			if _, res, err := d.Dial(r.URL("spotstream")+"/ws", nil); err == nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
				t.Errorf("a third connection: %v", err)
			}
			r.dial("futuresstream", "/public/ws")
		}, func(c *binancetest.Config) { c.Limits.Connects = 2 })
	})
}

// Faults of the stream strike at its messages.
func TestStreamFaults(t *testing.T) {
	const path = "/ws/btcusdt@depth@100ms"
	for _, c := range []struct {
		fault sim.Fault
		want  string // U of the events of five changes
	}{
		{sim.Drop, "2 4 5 6"}, {sim.Twice, "2 3 3 4 5 6"}, {sim.Swapped, "2 4 3 5 6"}, {sim.Disconnect, "2 end"}, {sim.Cut, "2 end"}, {sim.SlowReader, "2 end"},
		{sim.Corrupt, "2 bad 4 5 6"}, {sim.StaleBook, "2 3"}, {"", "2 3 4 5 6"},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.dial("spotstream", path)
				s.clear()
				if c.fault != "" {
					if err := r.Injector().Add(sim.Rule{Op: sim.OpBooks, Fault: c.fault, Nth: 2}); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 5 {
					r.publish(spotMarket, 50_100+int64(i))
					time.Sleep(150 * time.Millisecond)
				}
				time.Sleep(3 * time.Second)
				var got []string
				for _, a := range s.got() {
					if got = append(got, text(a.at("U"))); a.any == nil {
						got[len(got)-1] = "bad"
					}
				}
				if s.end() != nil {
					got = append(got, "end")
				}
				if text := strings.Join(got, " "); text != c.want {
					t.Errorf("events %s, want %s", text, c.want)
				}
			})
		})
	}
	t.Run("crossed", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotstream", path)
			s.clear()
			b := newReplica(r.send("spot", "GET", "/api/v3/depth", "symbol=BTCUSDT", ""))
			if err := r.Injector().Add(sim.Rule{Op: sim.OpBooks, Fault: sim.CrossedBook}); err != nil {
				t.Fatal(err)
			}
			r.publish(spotMarket, 50_100)
			time.Sleep(time.Second)
			crossed := 0
			for _, a := range s.got() {
				b.apply(t, parse(t, 0, []byte(`{"data":`+a.raw+`}`)), false)
				if _, both := b.bids[slices.Min(slices.Collect(maps.Keys(b.asks)))]; both {
					crossed++
				}
			}
			if crossed != 1 || len(b.bids) != 3 {
				t.Errorf("%d crossed books, at last %v %v", crossed, b.bids, b.asks)
			}
		})
	})
}

// A book that is no more is told as one without levels.
func TestNoBook(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotstream", "/ws/btcusdt@bookTicker")
		s.clear()
		if err := r.Publish(&exchange.Book{Market: spotMarket, Err: exchange.ErrDown}); err != nil {
			t.Fatal(err)
		}
		s.last().has("b", "0.00000000", "A", "0.00000000")
		r.send("spot", "GET", "/api/v3/depth", "symbol=BTCUSDT", "").ok().has("bids.0", "null")
	})
}
