package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// heard is what the follower of one private stream was told.
type heard struct {
	fills map[string]int // by order and number
	last  map[string]exchange.Order
	up    bool
	wrong []string
}

func newHeard() *heard { return &heard{fills: map[string]int{}, last: map[string]exchange.Order{}} }

func (h *heard) hear(ev exchange.Event) {
	switch ev.Kind {
	case exchange.StreamUp, exchange.StreamDown:
		if up := ev.Kind == exchange.StreamUp; up == h.up {
			h.wrong = append(h.wrong, ev.Kind.String()+" twice")
		} else {
			h.up = up
		}
	case exchange.OrderUpdate:
		for _, f := range ev.Order.Fills {
			h.fills[f.VenueID+" "+f.TradeID]++
		}
		o, last := ev.Order, h.last[ev.Order.ClientID]
		if !last.Status.Final() && o.Version >= last.Version && o.Filled.Cmp(last.Filled) >= 0 { // else others have overtaken it
			h.last[o.ClientID] = o
		}
	}
}

// check compares what was told of a's orders with what they are: each fill once, and how each order stands.
func (h *heard) check(t *testing.T, e *sim.Engine, a exchange.AccountID) {
	t.Helper()
	for _, w := range h.wrong {
		t.Errorf("%q: %s", a, w)
	}
	n := 0
	for _, f := range e.Log() {
		if f.Account != a {
			continue
		}
		n++
		if times := h.fills[f.VenueID+" "+f.TradeID]; times != 1 {
			t.Errorf("%q: fill %s of %s was told %d times", a, f.TradeID, f.ClientID, times)
		}
	}
	if n != len(h.fills) {
		t.Errorf("%q: %d fills were told, of %d", a, len(h.fills), n)
	}
	for _, m := range []exchange.Market{spot, perp} {
		for _, o := range e.Orders(a, m.Symbol, time.Time{}) {
			if got := h.last[o.ClientID]; got.Status != o.Status || !got.Filled.Equal(o.Filled) {
				t.Errorf("%q: %s was told as %s, is %s", a, o.ClientID, shape(got), shape(o))
			}
		}
	}
}

// The events of one order that fills come after those of the orders that it meets: a stream that breaks between them loses nothing.
func TestStreamBreaksWithinAnOrder(t *testing.T) {
	for nth := 1; nth <= 4; nth++ {
		cfg := crowded()
		cfg.SelfTrade = sim.CancelMaker
		faults := sim.Faults{Script: []sim.Rule{{Op: sim.OpOrders, Fault: sim.Disconnect, Nth: nth}}}
		reqs := []exchange.OrderRequest{
			of("two", limit("other", spot, exchange.Sell, "0.5", "100.5")), limit("own", spot, exchange.Sell, "1", "101.5"),
			ioc(limit("t", spot, exchange.Buy, "2", "102")), ioc(limit("after", spot, exchange.Sell, "0.1", "99")),
		}
		t.Run(fmt.Sprint(nth, "/link"), func(t *testing.T) {
			h, e, loop := newHeard(), newEngine(t, cfg), sim.NewLoop(start)
			links := map[exchange.AccountID]*sim.Link{
				"":    newLink(t, sim.LinkConfig{Engine: e, Loop: loop, Faults: faults, OnEvent: h.hear}),
				"two": newLink(t, sim.LinkConfig{Engine: e, Loop: loop, Account: "two"}),
			}
			setBook(t, e, around100(spot))
			for _, r := range reqs {
				links[r.Account].Place(r, func(_ exchange.Order, err error) {
					if err != nil {
						t.Error(err)
					}
				})
			}
			loop.Run()
			h.check(t, e, "")
			if len(h.fills) != 4 {
				t.Errorf("%d fills", len(h.fills))
			}
		})
		t.Run(fmt.Sprint(nth, "/exchange"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, e := newHeard(), newEngine(t, cfg)
				floor := sim.NewFloor(e)
				clients := map[exchange.AccountID]*sim.Exchange{
					"":    newExchange(t, sim.ExchangeConfig{Floor: floor, Faults: faults}),
					"two": newExchange(t, sim.ExchangeConfig{Floor: floor, Account: "two"}),
				}
				publish(t, clients[""], around100(spot))
				stop := follow(t, func(ctx context.Context) error { return clients[""].StreamOrders(ctx, h.hear) })
				for _, r := range reqs {
					if _, err := clients[r.Account].Place(t.Context(), r); err != nil {
						t.Error(err)
					}
				}
				<-time.After(time.Second)
				_ = stop()
				h.check(t, e, "")
			})
		})
	}
}

func newLink(t testing.TB, cfg sim.LinkConfig) *sim.Link {
	t.Helper()
	k, err := sim.NewLink(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// brokenOften is the private stream with all that can happen to it.
func brokenOften(seed uint64) sim.Faults {
	f := sim.Faults{Seed: seed}
	for _, kind := range sim.FaultKinds() {
		if kind.Meets(sim.OpOrders) {
			f.Chances = append(f.Chances, sim.Chance{Op: sim.OpOrders, Fault: kind, PerMillion: 30_000})
		}
	}
	return f
}

// throng is three accounts with much money, at an engine that remembers little.
func throng(seed uint64) (sim.EngineConfig, *rand.Rand) {
	cfg := crowded()
	cfg.SelfTrade, cfg.EventBuffer = sim.SelfTrade(1+seed%4), 8
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("1e6")}, {Asset: "BTC", Quantity: dec("1e4")}}
	for i := range cfg.Accounts {
		cfg.Accounts[i].Balances = cfg.Balances
	}
	return cfg, rand.New(rand.NewPCG(seed, 9))
}

// Three accounts trade with one another at random while their streams break all the time: no fill is lost, none is told twice.
func TestLinksLoseNothing(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cfg, r := throng(seed)
			e, loop := newEngine(t, cfg), sim.NewLoop(start)
			p := &player{t: t, r: r, e: e, cfg: cfg}
			told := map[exchange.AccountID]*heard{}
			var links []*sim.Link
			for i, a := range e.Accounts() {
				told[a] = newHeard()
				links = append(links, newLink(t, sim.LinkConfig{Engine: e, Loop: loop, Account: a, OnEvent: told[a].hear,
					Faults: brokenOften(seed + uint64(i)*100), Latency: steady}))
			}
			for n := range 600 {
				m := []exchange.Market{spot, perp}[n%2]
				if n%10 < 2 {
					if err := links[0].Publish(p.randomBook(m)); err != nil {
						t.Fatal(err)
					}
				}
				k := links[r.IntN(3)]
				req := of(k.Account(), p.order(m))
				req.ClientID = fmt.Sprint("o", n)
				k.Place(req, func(exchange.Order, error) {})
				loop.RunUntil(loop.Now().Add(time.Duration(r.IntN(4)) * ms))
			}
			loop.Run()
			for a, h := range told {
				h.check(t, e, a)
			}
			if len(e.Log()) < 200 {
				t.Errorf("only %d fills", len(e.Log()))
			}
		})
	}
}

// The same on the machine's clock, with readers that pause.
func TestExchangesLoseNothing(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, r := throng(seed)
				e := newEngine(t, cfg)
				p, floor := &player{t: t, r: r, e: e, cfg: cfg}, sim.NewFloor(e)
				told, clients, stops := map[exchange.AccountID]*heard{}, []*sim.Exchange(nil), []func() error(nil)
				for i, a := range e.Accounts() {
					h, own := newHeard(), rand.New(rand.NewPCG(seed, uint64(i)))
					x := newExchange(t, sim.ExchangeConfig{Floor: floor, Account: a, Faults: brokenOften(seed + uint64(i)*100), Latency: steady})
					told[a], clients = h, append(clients, x)
					stops = append(stops, follow(t, func(ctx context.Context) error {
						return x.StreamOrders(ctx, func(ev exchange.Event) {
							if h.hear(ev); own.IntN(50) == 0 {
								<-time.After(time.Duration(own.IntN(1000)) * ms)
							}
						})
					}))
				}
				for n := range 600 {
					if n%5 == 0 {
						publish(t, clients[0], p.randomBook(spot))
					}
					x := clients[r.IntN(3)]
					req := of(x.Account(), p.order(spot))
					req.ClientID = fmt.Sprint("o", n)
					go func() { _, _ = x.Place(t.Context(), req) }()
					<-time.After(time.Duration(r.IntN(4)) * ms)
				}
				<-time.After(time.Hour)
				for _, stop := range slices.Backward(stops) {
					_ = stop()
				}
				for a, h := range told {
					h.check(t, e, a)
				}
				if len(e.Log()) < 200 {
					t.Errorf("only %d fills", len(e.Log()))
				}
			})
		})
	}
}
