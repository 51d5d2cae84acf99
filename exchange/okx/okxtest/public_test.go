package okxtest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// booked is a book put together from a channel's messages, by the venue's rule.
type booked struct {
	bids, asks map[string]string
	seq        float64
}

func (b *booked) apply(r *rig, row map[string]any) {
	r.Helper()
	prev, seq := row["prevSeqId"].(float64), row["seqId"].(float64)
	switch {
	case row["action"] == "snapshot":
		if prev != -1 {
			r.Errorf("a snapshot after %v", prev)
		}
		b.bids, b.asks = map[string]string{}, map[string]string{}
	case prev != b.seq:
		r.Errorf("an update after %v, want %v", prev, b.seq)
	}
	if row["checksum"] != float64(0) {
		r.Errorf("checksum %v", row["checksum"])
	}
	b.seq = seq
	for side, into := range map[string]map[string]string{"bids": b.bids, "asks": b.asks} {
		for _, l := range row[side].([]any) {
			level := l.([]any)
			if len(level) != 4 || level[2] != "0" {
				r.Errorf("level %v", level)
			}
			if into[level[0].(string)] = level[1].(string); level[1] == "0" {
				delete(into, level[0].(string))
			}
		}
	}
}

// is compares with the engine's book.
func (b *booked) is(r *rig, m exchange.Market) {
	r.Helper()
	var book exchange.Book
	r.Floor().Read(func(_ time.Time, e *sim.Engine) { e.Book(m.Symbol, &book) })
	unit := dec("1")
	if m == swapMarket {
		unit = dec("0.01")
	}
	for _, side := range []struct {
		got  map[string]string
		want []exchange.Level
	}{{b.bids, book.Bids}, {b.asks, book.Asks}} {
		if len(side.got) != len(side.want) {
			r.Errorf("%d levels, the venue has %d", len(side.got), len(side.want))
		}
		for _, l := range side.want {
			price := strings.TrimSuffix(book.Price(l).String(), ".0")
			if got := side.got[price]; got == "" || !dec(got).Mul(unit).Equal(book.Size(l)) {
				r.Errorf("at %s %q, the venue has %s", price, got, book.Size(l))
			}
		}
	}
}

// A book put together from snapshot and updates is the venue's, in contracts for swaps.
func TestBookChannel(t *testing.T) {
	for _, m := range []exchange.Market{spotMarket, swapMarket} {
		for _, channel := range []string{"books", "books50-l2-tbt", "books-l2-tbt"} {
			t.Run(m.Symbol.String()+" "+channel, func(t *testing.T) {
				virtual(t, func(r *rig) {
					s := r.public()
					if channel != "books" {
						s.write(r.login(time.Now()))
						r.want(s.read(), "event=login")
					}
					inst := map[exchange.Market]string{spotMarket: "BTC-USDT", swapMarket: "BTC-USDT-SWAP"}[m]
					s.subscribe(`{"channel":"` + channel + `","instId":"` + inst + `"}`)
					b := &booked{}
					b.apply(r, s.data(channel))
					b.is(r, m)
					for i := range 20 {
						size := int8(-4)
						if m == swapMarket {
							size = -3
						}
						r.publish(m, -1, size, 500001+int64(i*3%7))
						if i%3 == 0 {
							r.place(map[exchange.Market]string{spotMarket: order("px=49999"), swapMarket: swapOrder("px=49999")}[m])
						}
						time.Sleep(200 * time.Millisecond)
						b.apply(r, s.data(channel))
						b.is(r, m)
					}
				}, func(c *okxtest.Config) { c.VIP = 4 })
			})
		}
	}
}

// Changes are told every 100 ms, all that happened between in one update.
func TestBooksAreConflated(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		s.subscribe(`{"channel":"books","instId":"BTC-USDT"}`)
		b := &booked{}
		b.apply(r, s.data("books"))
		began := time.Now()
		for i := range 10 {
			r.publish(spotMarket, -1, -4, 500010+int64(i))
			time.Sleep(5 * time.Millisecond)
		}
		b.apply(r, s.data("books"))
		b.is(r, spotMarket)
		if d := time.Since(began); d != 100*time.Millisecond {
			t.Errorf("the update came after %v", d)
		}
		began = time.Now()
		for range 2 {
			time.Sleep(25 * time.Second)
			s.write("ping")
			if text, err := s.next(); text != "pong" {
				t.Fatal(text, err)
			}
		}
		row := s.data("books")
		if d := time.Since(began); d != time.Minute || row["seqId"] != row["prevSeqId"] || len(row["bids"].([]any)) != 0 {
			t.Errorf("the next message came after %v: %v", d, row)
		}
	})
}

func TestOtherPublicChannels(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		for _, tt := range []struct{ channel, want, levels string }{
			{"books5", "instId=BTC-USDT-SWAP", `[["50000.1","1000","0","1"],["50000.2","1000","0","1"],["50000.3","1000","0","1"]]`},
			{"bbo-tbt", "action=<nil> ts=946684800000", `[["50000.1","1000","0","1"]]`},
			{"tickers", "instType=SWAP bidPx=49999.9 askPx=50000.1 askSz=1000", ""},
		} {
			s.subscribe(`{"channel":"` + tt.channel + `","instId":"BTC-USDT-SWAP"}`)
			row := s.data(tt.channel)
			r.want(row, tt.want)
			if text, _ := json.Marshal(row["asks"]); tt.levels != "" && string(text) != tt.levels {
				t.Errorf("%s: %s, want %s", tt.channel, text, tt.levels)
			}
		}
		r.publish(swapMarket, -1, -3, 500020)
		r.want(s.data("bbo-tbt"), "prevSeqId=<nil>")
	})
}

func TestSubscriptions(t *testing.T) {
	for _, tt := range []struct{ name, send, want string }{
		{"two at once", `{"id":"7","op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"},{"channel":"tickers","instId":"BTC-USDT-SWAP"}]}`, "event=subscribe id=7 code=<nil> inTime=<nil>"},
		{"without an id", `{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"}]}`, "event=subscribe id=<nil>"},
		{"an unknown market", `{"id":"7","op":"subscribe","args":[{"channel":"books","instId":"ETH-USDT"}]}`, "event=error code=60018 id=7"},
		{"an unknown channel", `{"op":"subscribe","args":[{"channel":"news","instId":"BTC-USDT"}]}`, "event=error code=60018"},
		{"a private one", `{"op":"subscribe","args":[{"channel":"orders","instType":"ANY"}]}`, "event=error code=60018"},
		{"for a tier, without a login", `{"op":"subscribe","args":[{"channel":"books-l2-tbt","instId":"BTC-USDT"}]}`, "event=error code=60011"},
		{"no arguments", `{"op":"subscribe","args":[]}`, "event=error code=60012"},
		{"an argument without a channel", `{"op":"subscribe","args":[{"instId":"BTC-USDT"}]}`, "event=error code=60012"},
		{"an id that is none", `{"id":"a-1","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`, "event=error code=60012"},
		{"a ping in JSON", `{"op":"ping"}`, "event=error code=60012"},
		{"no JSON", `subscribe!`, "event=error code=60012"},
		{"orders", `{"id":"1","op":"order","args":[{}]}`, "event=error code=60012"},
		{"a bad login", `{"op":"login","args":[]}`, "event=error code=60012"},
		{"the end of what was not begun", `{"id":"1","op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`, "event=unsubscribe id=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.public()
				s.write(tt.send)
				m := s.read()
				r.want(m, tt.want)
				if m["connId"] == "" || m["connId"] == nil {
					t.Errorf("no connId: %v", m)
				}
			})
		})
	}
}

func TestUnsubscribe(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		s.subscribe(`{"channel":"books","instId":"BTC-USDT"}`)
		s.data("books")
		s.write(`{"id":"2","op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`)
		r.want(s.read(), "event=unsubscribe id=2")
		r.publish(spotMarket, -1, -4, 500020)
		time.Sleep(time.Second)
		s.subscribe(`{"channel":"books","instId":"BTC-USDT"}`)
		r.want(s.data("books"), "action=snapshot")
	})
}

// Requests of a connection are done in the order in which they came, however long each of them travels.
func TestRequestsKeepTheirOrder(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		slow := func(c *okxtest.Config) {
			c.Faults.Seed, c.Latency.Entry = seed, sim.Delay{Min: time.Millisecond, Jitter: 30 * time.Millisecond}
		}
		virtual(t, func(r *rig) {
			s := r.dial("private", "/ws/v5/private")
			s.write(r.login(time.Now()))
			s.write(`{"id":"1","op":"subscribe","args":[{"channel":"orders","instType":"ANY"}]}`)
			s.write(`{"id":"2","op":"unsubscribe","args":[{"channel":"orders","instType":"ANY"}]}`)
			r.want(s.read(), "event=login code=0")
			r.want(s.read(), "event=subscribe id=1")
			r.want(s.read(), "event=channel-conn-count connCount=1")
			r.want(s.read(), "event=unsubscribe id=2")
			r.place(order(""))
			time.Sleep(time.Second)
			s.write("ping")
			if text, err := s.next(); text != "pong" {
				t.Errorf("seed %d: after the end of the subscription: %s, %v", seed, text, err)
			}
		}, slow)
	}
}

// The tick-by-tick books are for some tiers only.
func TestTiers(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		s.write(r.login(time.Now()))
		r.want(s.read(), "event=login")
		s.write(`{"op":"subscribe","args":[{"channel":"books50-l2-tbt","instId":"BTC-USDT"}]}`)
		r.want(s.read(), "event=error code=64003")
	})
	virtual(t, func(r *rig) {
		r.want(r.get("/api/v5/account/config").row(), "level=VIP4")
		s := r.public()
		s.write(r.login(time.Now()))
		r.want(s.read(), "event=login")
		s.subscribe(`{"channel":"books-l2-tbt","instId":"BTC-USDT"}`)
		s.data("books-l2-tbt")
		s.write(`{"op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`)
		r.want(s.read(), "event=error code=64004")
	}, func(c *okxtest.Config) { c.VIP = 4 })
}

// A client that says nothing, and to whom nothing is said, is cut off after half a minute; pings are text.
func TestHeartbeat(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		for range 10 {
			time.Sleep(25 * time.Second)
			s.write("ping")
			if text, err := s.next(); text != "pong" {
				t.Fatalf("%q, %v", text, err)
			}
		}
		began := time.Now()
		_, err := s.next()
		var e *websocket.CloseError
		if !errors.As(err, &e) || e.Code != 4004 || time.Since(began) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestSocketLimits(t *testing.T) {
	t.Run("connections in a second", func(t *testing.T) {
		virtual(t, func(r *rig) {
			for range 3 {
				r.public()
			}
			d := websocket.Dialer{NetDialContext: r.Dial}
			_, resp, err := d.Dial(r.URL("stream")+"/ws/v5/public", nil)
			if err == nil || resp == nil || resp.StatusCode != http.StatusTooManyRequests {
				t.Fatalf("the fourth: %v, %v", resp, err)
			}
			resp.Body.Close()
			time.Sleep(time.Second)
			r.public()
		})
	})
	t.Run("requests in an hour", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.public()
			for i := range 481 {
				s.write(`{"op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`)
				want := "event=unsubscribe"
				if i == 480 {
					want = "event=error code=60014"
				}
				r.want(s.read(), want)
			}
		})
	})
	t.Run("the size of a message", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.public()
			s.write(`{"op":"subscribe","args":["` + strings.Repeat("x", 64<<10) + `"]}`)
			_, err := s.next()
			var e *websocket.CloseError
			if !errors.As(err, &e) || e.Code != websocket.CloseMessageTooBig {
				t.Error(err)
			}
		})
	})
	t.Run("the path", func(t *testing.T) {
		virtual(t, func(r *rig) {
			d := websocket.Dialer{NetDialContext: r.Dial}
			_, resp, err := d.Dial(r.URL("stream")+"/ws/v5/business", nil)
			if err == nil || resp == nil || resp.StatusCode != http.StatusNotFound {
				t.Fatalf("%v, %v", resp, err)
			}
			resp.Body.Close()
		})
	})
}

// An upgrade of the service is announced; who stays is disconnected.
func TestUpgradeNotice(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.public()
		s.write("ping")
		if text, err := s.next(); text != "pong" {
			t.Fatal(text, err)
		}
		r.Upgrade(20 * time.Second)
		r.want(s.read(), "event=notice code=64008")
		began := time.Now()
		_, err := s.next()
		var e *websocket.CloseError
		if !errors.As(err, &e) || time.Since(began) != 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// An upgrade may meet the end of the server.
func TestUpgradeBesideClose(t *testing.T) {
	for range 30 {
		r := newRig(t, func(c *okxtest.Config) { c.Pipe = false })
		_ = r.URL("rest")
		var wg sync.WaitGroup
		wg.Go(func() { r.Upgrade(time.Millisecond) })
		r.Close()
		wg.Wait()
	}
}

// Each of a book's faults, as a client sees it.
func TestBookFaults(t *testing.T) {
	for _, tt := range []struct {
		fault sim.Fault
		want  string // what comes of three changes, 200 ms apart: updates in order, g for one after a gap, x for a crossed book; "closed", "silent"
	}{
		{sim.Drop, "g u"}, {sim.Twice, "u g u u"}, {sim.Disconnect, "closed"}, {sim.Cut, "closed"}, {sim.Stall, "silent"}, {sim.Corrupt, "broken"},
		{sim.CrossedBook, "x u u"}, {sim.StaleBook, "u"}, {sim.SlowReader, "closed"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.public()
				s.subscribe(`{"channel":"books","instId":"BTC-USDT"}`)
				b := &booked{}
				b.apply(r, s.data("books"))
				if err := r.Injector().Add(sim.Rule{Op: sim.OpBooks, Fault: tt.fault}); err != nil {
					t.Fatal(err)
				}
				for i := range 3 {
					r.publish(spotMarket, -1, -4, 500010+int64(i))
					time.Sleep(200 * time.Millisecond)
				}
				if got := heard(s, b); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

// heard is what comes within two seconds.
func heard(s *socket, b *booked) string {
	var all []string
	lost := false
	for {
		_ = s.c.SetReadDeadline(time.Now().Add(2 * time.Second))
		text, err := s.next()
		var timeout interface{ Timeout() bool }
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && len(all) == 0:
			return "silent"
		case errors.As(err, &timeout) && timeout.Timeout():
			return strings.Join(all, " ")
		case err != nil:
			return "closed"
		}
		var m struct{ Data []map[string]any }
		if json.Unmarshal([]byte(text), &m) != nil {
			return "broken"
		}
		mark := "u"
		if m.Data[0]["prevSeqId"] != b.seq {
			mark, lost = "g", true
			b.seq = m.Data[0]["prevSeqId"].(float64)
		}
		b.apply(s.rig, m.Data[0])
		if !lost && b.crossed() {
			mark = "x"
		}
		all = append(all, mark)
	}
}

func (b *booked) crossed() bool {
	for bid := range b.bids {
		for ask := range b.asks {
			if dec(bid).Cmp(dec(ask)) >= 0 {
				return true
			}
		}
	}
	return false
}
