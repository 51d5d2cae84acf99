package order_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/order"
)

type gate struct {
	err   error
	asked []exchange.Intent
}

func (g *gate) Allow(in exchange.Intent) error {
	g.asked = append(g.asked, in)
	return g.err
}

// scene is everything that a pre-flight looks at.
type scene struct {
	cfg   order.Config
	plan  exchange.Plan
	books books
	gate  *gate
	set   func(*pair) // after the Driver is made
}

func newScene() *scene {
	b := books{market("a"): flatBook("a", 1_000_000, 10_000, start), market("b"): flatBook("b", 1_000_000, 10_000, start)}
	g := new(gate)
	return &scene{cfg: order.Config{Books: b, Gate: g}, plan: plan("0.01"), books: b, gate: g}
}

func funds(p *pair, v exchange.Venue, usdt, btc string) {
	p.driver.SetFunds(order.Account{Venue: v}, []exchange.Balance{{Asset: "USDT", Free: dec(usdt)}, {Asset: "BTC", Free: dec(btc)}}, nil)
}

// Each refusal: its reason, its class, and that nothing was sent.
func TestPreflight(t *testing.T) {
	boom := errors.New("drawdown")
	for _, c := range []struct {
		name   string
		change func(*scene)
		reason string // "": admitted
		class  error
	}{
		{"all is well", func(*scene) {}, "", nil},
		{"one leg", func(s *scene) { s.plan.Legs = s.plan.Legs[:1] }, "unsupported", exchange.ErrUnsupported},
		{"another mode", func(s *scene) { s.plan.Mode = 1 }, "unsupported", exchange.ErrUnsupported},
		{"a resting leg", func(s *scene) { s.plan.Legs[0].TIF = exchange.GTC }, "unsupported", exchange.ErrUnsupported},
		{"an unpriced leg", func(s *scene) { s.plan.Legs[0].Type, s.plan.Legs[0].Price = exchange.TypeMarket, dec("0") }, "unsupported", exchange.ErrUnsupported},
		{"fill or kill", func(s *scene) { s.plan.Legs[0].TIF = exchange.FOK }, "", nil},
		{"no side", func(s *scene) { s.plan.Legs[0].Side = 0 }, "invalid", exchange.ErrInvalid},
		{"more bought than sold", func(s *scene) { s.plan.Legs[0].Quantity = dec("0.02") }, "unequal_quantity", exchange.ErrInvalid},
		{"two bases", func(s *scene) { s.plan.Legs[1].Market.Symbol.Base = "ETH" }, "unequal_quantity", exchange.ErrInvalid},
		{"two buys and a sale", func(s *scene) {
			half := s.plan.Legs[0]
			half.Quantity = dec("0.005")
			s.plan.Legs = []exchange.OrderRequest{half, s.plan.Legs[1], half}
		}, "", nil},
		{"off the tick", func(s *scene) { s.plan.Legs[1].Price = dec("9990.001") }, "invalid", exchange.ErrInvalid},
		{"off the lot", func(s *scene) { s.plan.Legs[0].Quantity, s.plan.Legs[1].Quantity = dec("0.00015"), dec("0.00015") }, "invalid", exchange.ErrInvalid},
		{"below the minimum", func(s *scene) { s.plan.Legs[0].Quantity, s.plan.Legs[1].Quantity = dec("0.0004"), dec("0.0004") }, "invalid", exchange.ErrInvalid},
		{"no rules", func(s *scene) { s.cfg.Instruments = rules()[:1] }, "unknown_market", exchange.ErrInvalid},
		{"not tradable", func(s *scene) { s.cfg.Instruments = rules(); s.cfg.Instruments[1].Tradable = false }, "not_tradable", exchange.ErrUnavailable},
		{"no such account", func(s *scene) { s.plan.Legs[0].Account = "sub" }, "unknown_account", exchange.ErrInvalid},
		{"stream down", func(s *scene) {
			s.set = func(p *pair) {
				p.driver.OnEvent(exchange.Event{Kind: exchange.StreamDown, Order: exchange.Order{OrderRequest: exchange.OrderRequest{Market: market("b")}}})
			}
		}, "stream_down", exchange.ErrDown},
		{"stream up again", func(s *scene) {
			s.set = func(p *pair) {
				whose := exchange.Order{OrderRequest: exchange.OrderRequest{Market: market("b")}}
				p.driver.OnEvent(exchange.Event{Kind: exchange.StreamDown, Order: whose, Err: boom})
				p.driver.OnEvent(exchange.Event{Kind: exchange.StreamUp, Order: whose})
			}
		}, "", nil},
		{"no book", func(s *scene) { delete(s.books, market("a")) }, "book_down", exchange.ErrDown},
		{"book down", func(s *scene) { s.books[market("b")].Invalidate(exchange.ErrGap) }, "book_down", exchange.ErrGap},
		{"book says stale", func(s *scene) { s.books[market("b")].Invalidate(exchange.ErrStale) }, "stale_book", exchange.ErrStale},
		{"book too old", func(s *scene) { s.books[market("a")].RecvTime = start.Add(-1001 * time.Millisecond) }, "stale_book", exchange.ErrStale},
		{"book just not too old", func(s *scene) { s.books[market("a")].RecvTime = start.Add(-time.Second) }, "", nil},
		{"too little depth", func(s *scene) { s.plan.Legs[0].Price = dec("10001"); s.books[market("a")].Asks[19].Size = 99 }, "depth", exchange.ErrUnavailable},
		{"just enough depth", func(s *scene) { s.plan.Legs[0].Price = dec("10001"); s.books[market("a")].Asks[19].Size = 100 }, "", nil},
		{"some depth will do", func(s *scene) {
			s.plan.Legs[0].Price, s.cfg.TopOnly = dec("10001"), true
			s.books[market("a")].Asks[19].Size = 1
		}, "", nil},
		{"price gone", func(s *scene) { s.plan.Legs[1].Price, s.cfg.TopOnly = dec("9999.01"), true }, "depth", exchange.ErrUnavailable},
		{"the gate says no", func(s *scene) { s.gate.err = boom }, "gate", boom},
		{"too little quote", func(s *scene) { s.set = func(p *pair) { funds(p, "a", "100.2", "0") } }, "insufficient_funds", exchange.ErrInsufficientFunds}, // 100.1 and fees of 0.1001
		{"just enough quote", func(s *scene) { s.set = func(p *pair) { funds(p, "a", "100.2001", "0") } }, "", nil},
		{"too little base", func(s *scene) { s.set = func(p *pair) { funds(p, "b", "1000", "0.0099") } }, "insufficient_funds", exchange.ErrInsufficientFunds},
		{"just enough base", func(s *scene) { s.set = func(p *pair) { funds(p, "b", "0", "0.01") } }, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene()
			c.change(s)
			p := newPair(t, s.cfg, []fate{full}, []fate{full})
			if s.set != nil {
				s.set(p)
			}
			r, err := p.run(t, s.plan)
			if c.reason == "" {
				if err != nil || r.Outcome != order.Completed {
					t.Fatalf("%+v, %v", r, err)
				}
				return
			}
			var refused *order.Refused
			if !errors.As(err, &refused) || refused.Reason != c.reason || r.Reason != c.reason {
				t.Fatalf("refused %+v, result %+v, error %v; want %s", refused, r, err, c.reason)
			}
			if !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, c.class) {
				t.Errorf("%v does not wrap ErrNotSent and %v", err, c.class)
			}
			if len(p.a.placed)+len(p.b.placed) > 0 || r.Outcome != order.Voided || !p.driver.Idle() || len(p.ended) > 0 {
				t.Errorf("sent %d orders, %s, idle %v", len(p.a.placed)+len(p.b.placed), r.Outcome, p.driver.Idle())
			}
		})
	}
}

// After our own fill a market's book must be newer than the fill, by the venue's clock where both have one.
func TestOwnFootprint(t *testing.T) {
	for _, c := range []struct {
		name                  string
		venueTime, recvTime   time.Duration // of a's second book, after the fill (which is told of 1 ms later)
		noVenueTime, admitted bool
	}{
		{"an older book", -time.Millisecond, 5 * time.Millisecond, false, false},
		{"the moment of the fill", 0, 5 * time.Millisecond, false, false},
		{"a newer book", time.Nanosecond, 5 * time.Millisecond, false, true},
		{"older by the venue's clock, received later", -time.Nanosecond, time.Second / 2, false, false},
		{"no venue time, received before we knew", 0, time.Millisecond, true, false},
		{"no venue time, received after we knew", 0, time.Millisecond + 1, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene()
			s.cfg.MaxBookAge = time.Hour
			p := newPair(t, s.cfg, []fate{full}, []fate{full})
			if _, err := p.run(t, s.plan); err != nil {
				t.Fatal(err)
			}
			fresh := p.loop.Now()
			s.books[market("b")] = flatBook("b", 1_000_000, 10_000, fresh)
			again := flatBook("a", 1_000_000, 10_000, start.Add(c.venueTime))
			again.RecvTime = start.Add(c.recvTime)
			if c.noVenueTime {
				again.VenueTime = time.Time{}
			}
			s.books[market("a")] = again
			_, err := p.run(t, s.plan)
			var refused *order.Refused
			if c.admitted && err != nil || !c.admitted && (!errors.As(err, &refused) || refused.Reason != "own_fill") {
				t.Errorf("admitted %v, error %v", c.admitted, err)
			}
		})
	}
}

// A market with an order whose fate is open is not traded by another group, unless Overlap says so.
func TestMarketBusy(t *testing.T) {
	for _, overlap := range []bool{false, true} {
		p := newPair(t, order.Config{Overlap: overlap}, []fate{full}, []fate{full})
		var errs []error
		for range 2 {
			p.driver.Execute(plan("0.01"), func(_ order.Result, err error) { errs = append(errs, err) })
		}
		p.loop.RunUntil(start.Add(time.Second))
		i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
		if len(errs) != 2 || overlap != (i < 0) {
			t.Fatalf("overlap %v: errors %v", overlap, errs)
		}
		if i >= 0 && errs[i].Error() != "order: refused: market_busy at a:BTC-USDT" {
			t.Errorf("error %v", errs[i])
		}
		if _, err := p.run(t, plan("0.01")); err != nil {
			t.Errorf("when it has ended: %v", err)
		}
	}
}

func TestTooManyGroups(t *testing.T) {
	p := newPair(t, order.Config{MaxGroups: 2, Overlap: true}, []fate{full}, []fate{full})
	var reasons []string
	for range 3 {
		p.driver.Execute(plan("0.01"), func(r order.Result, _ error) { reasons = append(reasons, r.Reason) })
	}
	p.loop.RunUntil(start.Add(time.Second))
	if !slices.Equal(reasons, []string{"too_many_groups", "", ""}) {
		t.Errorf("reasons %q", reasons)
	}
}

// The gate is asked once a group, about the legs, and never about a compensation.
func TestGateIsAskedOnce(t *testing.T) {
	g := new(gate)
	p := newPair(t, order.Config{Gate: g}, []fate{full}, []fate{rejected})
	g.err = nil
	r, err := p.run(t, plan("0.01"))
	if err != nil || r.Outcome != order.Unwound {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(g.asked) != 1 || g.asked[0].Group != r.Group || g.asked[0].Purpose != exchange.Open || len(g.asked[0].Legs) != 2 {
		t.Errorf("asked %+v", g.asked)
	}
}
