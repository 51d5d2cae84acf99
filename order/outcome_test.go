package order_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

// pair is a Driver over two scripted venues.
type pair struct {
	loop   *sim.Loop
	a, b   *script
	driver *order.Driver
	booked []exchange.Fill
	ended  []order.Result
	late   []order.Late
}

func (p *pair) Record(f exchange.Fill) error {
	p.booked = append(p.booked, f)
	return nil
}

func newPair(t testing.TB, cfg order.Config, a, b []fate) *pair {
	t.Helper()
	p := &pair{loop: sim.NewLoop(start)}
	p.a, p.b = newScript("a", p.loop, a...), newScript("b", p.loop, b...)
	if cfg.Instruments == nil {
		cfg.Instruments = rules()
	}
	cfg.Booker = p
	cfg.Hooks.Late = func(l order.Late) { p.late = append(p.late, l) }
	cfg.Hooks.Ended = func(r order.Result) { p.ended = append(p.ended, r) }
	d, err := order.NewDriver(cfg, p.loop, p.a, p.b)
	if err != nil {
		t.Fatal(err)
	}
	p.driver = d
	return p
}

// noMinimum is for tests whose orders become small.
func noMinimum() []exchange.Instrument {
	list := rules()
	for i := range list {
		list[i].MinNotional = exchange.Decimal{}
	}
	return list
}

// run executes one plan to its end.
func (p *pair) run(t testing.TB, x exchange.Plan) (r order.Result, err error) {
	t.Helper()
	calls := 0
	p.driver.Execute(x, func(got order.Result, e error) { r, err, calls = got, e, calls+1 })
	p.loop.RunUntil(p.loop.Now().Add(time.Minute))
	if calls != 1 {
		t.Fatalf("done was called %d times", calls)
	}
	return r, err
}

// truth is what the venues hold.
func (p *pair) truth() exchange.Decimal { return p.a.net.Add(p.b.net) }

// checkBooked holds that every execution was booked, once.
func (p *pair) checkBooked(t testing.TB) {
	t.Helper()
	seen := map[exchange.FillKey]bool{}
	var net exchange.Decimal
	for _, f := range p.booked {
		if seen[f.Key()] {
			t.Errorf("booked twice: %+v", f)
		}
		seen[f.Key()] = true
		if f.Side == exchange.Buy {
			net = net.Add(f.Quantity)
		} else {
			net = net.Sub(f.Quantity)
		}
	}
	n := 0
	for _, s := range []*script{p.a, p.b} {
		for _, o := range s.orders {
			n += len(o.Fills)
		}
	}
	if len(p.booked) != n || !net.Equal(p.truth()) {
		t.Errorf("booked %d fills of %d, net %s of %s", len(p.booked), n, net, p.truth())
	}
}

// Every pair of fates of two legs, with every fate of the compensations: outcome, residual, and what was sent where.
func TestOutcomeTable(t *testing.T) {
	fates := []fate{nothing, rejected, partial, full, unknownAbsent, unknownNothing, unknownPartial, unknownFull}
	for _, fa := range fates {
		for _, fb := range fates {
			for _, fc := range fates {
				t.Run(fa.name+"/"+fb.name+"/then "+fc.name, func(t *testing.T) {
					p := newPair(t, order.Config{Instruments: noMinimum()}, []fate{fa, fc}, []fate{fb, fc})
					r, err := p.run(t, plan("0.02"))
					if err != nil {
						t.Fatal(err)
					}
					a, b := dec("0.02").Mul(dec(fa.fills)), dec("0.02").Mul(dec(fb.fills))
					checkOutcome(t, r, a.Sub(b), a.IsZero() && b.IsZero(), fc)
					if !r.Residual.Equal(p.truth()) {
						t.Errorf("residual %s, the venues say %s", r.Residual, p.truth())
					}
					if !r.Legs[0].Filled.Equal(a) || !r.Legs[1].Filled.Equal(b) {
						t.Errorf("legs filled %s and %s, want %s and %s", r.Legs[0].Filled, r.Legs[1].Filled, a, b)
					}
					if r.Partial != (r.Outcome == order.Completed && a.Cmp(dec("0.02")) < 0) {
						t.Errorf("partial is %v", r.Partial)
					}
					p.checkBooked(t)
					p.checkCompensations(t, a.Sub(b))
					if !p.driver.Idle() || len(p.ended) != 1 {
						t.Errorf("idle %v, ended %d", p.driver.Idle(), len(p.ended))
					}
				})
			}
		}
	}
}

func checkOutcome(t *testing.T, r order.Result, surplus exchange.Decimal, empty bool, then fate) {
	t.Helper()
	want := order.Completed
	switch {
	case empty:
		want = order.Voided
	case !surplus.IsZero() && then.fills == "0":
		want = order.Exposed
	case !surplus.IsZero() && then.fills == "1":
		want = order.Unwound
	case !surplus.IsZero(): // halves, down to a lot that has none
		want = order.Exposed
	}
	if r.Outcome != want {
		t.Errorf("outcome %s (%s), want %s", r.Outcome, r.Reason, want)
	}
	if (r.Outcome == order.Exposed) != (r.Reason != "") || (r.Outcome == order.Exposed) == r.Residual.IsZero() {
		t.Errorf("%s with residual %s, reason %q", r.Outcome, r.Residual, r.Reason)
	}
	if then.fills == "0.5" && r.Residual.Abs().Cmp(dec("0.001")) > 0 {
		t.Errorf("residual %s after attempts that each took half", r.Residual)
	}
}

// checkCompensations: none without a surplus; each at most as large as what is left; never a second order under one id.
func (p *pair) checkCompensations(t *testing.T, surplus exchange.Decimal) {
	t.Helper()
	ids, extra := map[string]bool{}, 0
	for _, s := range []*script{p.a, p.b} {
		for i, r := range s.placed {
			if ids[r.ClientID] {
				t.Errorf("%s was sent twice", r.ClientID)
			}
			ids[r.ClientID] = true
			if r.Deadline.IsZero() || len(r.ClientID) > 32 || !strings.HasPrefix(r.ClientID, "ORD-20240521-1-") {
				t.Errorf("client id %q, deadline %s", r.ClientID, r.Deadline)
			}
			if i == 0 {
				continue
			}
			extra++
			if r.Quantity.Cmp(dec("0.02")) > 0 || (r.Side == exchange.Sell) != (surplus.Sign() > 0) {
				t.Errorf("compensation %s %s against a surplus of %s", r.Side, r.Quantity, surplus)
			}
		}
	}
	if surplus.IsZero() && extra > 0 || extra > 8 {
		t.Errorf("%d compensations of a surplus of %s", extra, surplus)
	}
}

// A lost order arrives after "not found" was said: only evidence after its deadline counts.
func TestNotFoundIsNoEvidenceBeforeTheDeadline(t *testing.T) {
	arrives := fate{name: "arrives late", answer: exchange.ErrOutcomeUnknown, fills: "1", exists: true, late: 1900 * time.Millisecond}
	p := newPair(t, order.Config{}, []fate{full}, []fate{arrives})
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Completed || !p.truth().IsZero() {
		t.Errorf("%s, %v, the venues say %s", r.Outcome, err, p.truth())
	}
	if len(p.b.lookups) < 5 {
		t.Errorf("%d lookups", len(p.b.lookups))
	}
}

// The answer "not found" counts from when it was asked for: 2 s of deadline and 2 s of visibility pass first.
func TestAbsenceTakesDeadlineAndVisibility(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{unknownAbsent, full})
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Unwound {
		t.Fatalf("%+v, %v", r, err)
	}
	deciding := p.b.lookups[len(p.b.lookups)-1]
	if got := deciding.Sub(start); got <= 4*time.Second || got > 4*time.Second+10*time.Millisecond {
		t.Errorf("decided by a lookup after %s", got)
	}
}

// An answer that was long on its way is as old as its question: the order arrived in between.
func TestSlowNotFoundIsOldNews(t *testing.T) {
	arrives := fate{name: "arrives late", answer: exchange.ErrOutcomeUnknown, fills: "1", exists: true, late: 3500 * time.Millisecond}
	p := newPair(t, order.Config{Valid: 4 * time.Second}, []fate{full}, []fate{arrives})
	p.b.travels = 3 * time.Second // asked at 3.15 s, answered at 6.15 s, and absence can be proven from 6 s on
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Completed || !p.truth().IsZero() {
		t.Errorf("%s, %v, the venues say %s", r.Outcome, err, p.truth())
	}
	if len(p.b.lookups) < 2 || p.b.lookups[1].Sub(start) > 3500*time.Millisecond {
		t.Errorf("the second lookup missed its moment: %v", p.b.lookups)
	}
}

// An order that the stream has shown exists, whatever a lookup says.
func TestShownIsNotAbsent(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{unknownAbsent})
	p.driver.Execute(plan("0.02"), func(r order.Result, err error) {})
	p.told(exchange.Order{OrderRequest: p.b.placed[0], VenueID: "9", Status: exchange.StatusAccepted})
	p.loop.RunUntil(start.Add(time.Hour))
	if len(p.ended) != 0 {
		t.Fatalf("ended: %+v", p.ended)
	}
	p.told(exchange.Order{OrderRequest: p.b.placed[0], VenueID: "9", Status: exchange.StatusExpired})
	p.loop.RunUntil(start.Add(2 * time.Hour))
	if len(p.ended) != 1 || p.ended[0].Legs[1].Status != exchange.StatusExpired {
		t.Errorf("ended: %+v", p.ended)
	}
}

// Where the venue cannot expire orders, "not found" never ends the unknown.
func TestNoDeadlineStaysUnknown(t *testing.T) {
	p := newPair(t, order.Config{NoDeadline: []exchange.Venue{"b"}}, []fate{full}, []fate{unknownAbsent})
	p.driver.Execute(plan("0.02"), func(r order.Result, err error) { t.Errorf("ended: %+v, %v", r, err) })
	p.loop.RunUntil(start.Add(time.Hour))
	if p.driver.Idle() || len(p.a.placed) != 1 {
		t.Errorf("idle %v, %d orders on a", p.driver.Idle(), len(p.a.placed))
	}
	p.driver.OnEvent(exchange.Event{}) // no kind: ignored
}

// A surplus too small for any order is traded away with a slice that makes it large enough.
func TestSurplusBelowTheMinimum(t *testing.T) {
	almost := fate{name: "almost", fills: "0.99", exists: true}
	hardly := fate{name: "hardly", fills: "0.01", exists: true}
	third := fate{name: "a third", fills: "0.33", exists: true}
	coarse := rules()
	for i := range coarse {
		coarse[i].Lot = dec("0.001") // the scripted venues fill in tenths of it
	}
	for _, c := range []struct {
		name    string
		rules   []exchange.Instrument
		b, then fate
		want    order.Outcome
		reason  string
		orders  [2]int
	}{
		{"with a slice of what both have", rules(), almost, full, order.Unwound, "", [2]int{2, 2}},
		{"with a slice from stock", rules(), hardly, almost, order.Unwound, "", [2]int{3, 2}},
		{"no whole lot", coarse, third, full, order.Exposed, "below_minimum", [2]int{2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, order.Config{Instruments: c.rules}, []fate{full, c.then, full}, []fate{c.b, full})
			r, err := p.run(t, plan("0.02"))
			if err != nil || r.Outcome != c.want || r.Reason != c.reason || !r.Residual.Equal(p.truth()) {
				t.Errorf("%s (%s), residual %s, %v; the venues say %s", r.Outcome, r.Reason, r.Residual, err, p.truth())
			}
			if got := [2]int{len(p.a.placed), len(p.b.placed)}; got != c.orders {
				t.Errorf("%d orders, want %d", got, c.orders)
			}
			for _, o := range append(p.a.placed, p.b.placed...) {
				if o.Type == exchange.TypeLimit && o.Price.Mul(o.Quantity).Cmp(dec("5")) < 0 {
					t.Errorf("sent below the minimum: %s x %s", o.Price, o.Quantity)
				}
			}
			p.checkBooked(t)
		})
	}
}
