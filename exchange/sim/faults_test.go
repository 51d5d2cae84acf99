package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestLinkFaults(t *testing.T) {
	const refused = "x place: rejected: unavailable: code fault"
	const timeout = "x place: outcome unknown: code timeout: context deadline exceeded"
	for _, c := range []struct {
		name   string
		faults sim.Faults
		answer string // of the placement
		later  string // of a lookup after everything
		at     time.Duration
	}{
		{"none", sim.Faults{}, "filled 1.00 1.00@101.0", "filled 1.00 1.00@101.0", 8 * ms},
		{"acknowledgement lost", always(func(r *sim.Rates) { r.LostAck = 1e6 }), timeout, "filled 1.00 1.00@101.0", time.Second},
		{"refused", always(func(r *sim.Rates) { r.Reject = 1e6 }), refused, "x lookup: not found: code unknown", 8 * ms},
		{"late for its deadline", always(func(r *sim.Rates) { r.Late = 1e6 }),
			`x place: rejected: code deadline: "1ms after the deadline"`, "x lookup: not found: code unknown", 504 * ms},
		{"slow, and past its deadline", always(func(r *sim.Rates) { r.Slow = 1e6 }), timeout, "x lookup: not found: code unknown", time.Second},
		{"slow, within the time-out", sim.Faults{Orders: sim.Rates{Slow: 1e6}, SlowBy: 400 * ms},
			"filled 1.00 1.00@101.0", "filled 1.00 1.00@101.0", 408 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, sim.LinkConfig{Latency: steady, Faults: c.faults})
			if err := r.Publish(around100(spot)); err != nil {
				t.Fatal(err)
			}
			req := ioc(limit("a", spot, exchange.Buy, "1", "101"))
			req.Deadline = start.Add(500 * ms)
			calls := 0
			record := func(what string, at *time.Duration) func(exchange.Order, error) {
				return func(o exchange.Order, err error) {
					calls++
					got := shape(o)
					if err != nil {
						got = err.Error()
					}
					want := c.answer
					if what == "lookup" {
						want = c.later
					} else if at := r.loop.Now().Sub(start); at != c.at {
						t.Errorf("answered at %s, want %s", at, c.at)
					}
					if got != want {
						t.Errorf("%s: %s\nwant %s", what, got, want)
					}
				}
			}
			r.Place(req, record("place", nil))
			r.loop.After(3*time.Second, func() { r.Lookup(req.Ref(), record("lookup", nil)) })
			r.loop.Run()
			if calls != 2 {
				t.Errorf("done was called %d times for 2 calls", calls)
			}
		})
	}
}

func TestLinkSlowOrderExecutesAfterItsCallerGaveUp(t *testing.T) {
	r := newRig(t, sim.LinkConfig{Latency: steady, Faults: always(func(x *sim.Rates) { x.Slow = 1e6 })})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	req := ioc(limit("a", spot, exchange.Buy, "1", "101"))
	req.Deadline = start.Add(2 * time.Second)
	r.Place(req, func(_ exchange.Order, err error) {
		if !errors.Is(err, exchange.ErrOutcomeUnknown) {
			t.Errorf("answer %v", err)
		}
		if _, err := r.engine.Lookup(req.Ref()); !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("at the time-out the order is there already: %v", err)
		}
	})
	r.loop.Run()
	o, err := r.engine.Lookup(req.Ref())
	checkShape(t, o, err, "filled 1.00 1.00@101.0")
}

func TestLinkPartialFills(t *testing.T) {
	r := newRig(t, sim.LinkConfig{Faults: always(func(x *sim.Rates) { x.Partial = 1e6 })})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range 40 {
		req := ioc(limit(fmt.Sprint("a", i), spot, exchange.Sell, "0.1", "98"))
		fok := req
		fok.ClientID, fok.TIF = fmt.Sprint("f", i), exchange.FOK
		r.Place(fok, func(o exchange.Order, err error) {
			if err != nil || o.Status != exchange.StatusExpired || !o.Filled.IsZero() {
				t.Errorf("a FOK order filled in part: %s, %v", shape(o), err)
			}
		})
		r.Place(req, func(o exchange.Order, err error) {
			seen[o.Filled.String()] = true
			if err != nil || o.Status != exchange.StatusExpired || o.Filled.Cmp(dec("0.1")) >= 0 {
				t.Errorf("%s, %v; want a part", shape(o), err)
			}
		})
	}
	r.loop.Run()
	if len(seen) < 4 {
		t.Errorf("parts %v are not drawn", seen)
	}
}

func TestLinkLookupsAnswerInTheEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates sim.Rates
	}{{"lost", sim.Rates{LostAck: 1e6}}, {"refused", sim.Rates{Reject: 1e6}}, {"slow", sim.Rates{Slow: 1e6}}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, sim.LinkConfig{Latency: steady, Faults: sim.Faults{Lookups: c.rates}})
			if err := r.Publish(around100(spot)); err != nil {
				t.Fatal(err)
			}
			req := ioc(limit("a", spot, exchange.Buy, "1", "101"))
			r.Place(req, r.done("place"))
			tries := 0
			var ask func(exchange.Order, error)
			ask = func(o exchange.Order, err error) {
				tries++
				if err == nil {
					return
				}
				if !errors.Is(err, exchange.ErrUnavailable) || errors.Is(err, exchange.ErrNotFound) || errors.Is(err, exchange.ErrRejected) {
					t.Errorf("a lookup that failed says %v", err)
				}
				r.Lookup(req.Ref(), ask)
			}
			r.Lookup(req.Ref(), ask)
			r.loop.Run()
			if tries != 4 {
				t.Errorf("answered at try %d, want 4", tries)
			}
		})
	}
}

// A call's fate must not depend on what else is under way.
func TestFateDependsOnTheCallAlone(t *testing.T) {
	answers := func(ids []string) map[string]string {
		faults, _ := sim.FaultProfile("basic", 3)
		r := newRig(t, sim.LinkConfig{Faults: faults, Latency: steady})
		if err := r.Publish(around100(spot)); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, id := range ids {
			r.Place(limit(id, spot, exchange.Buy, "0.02", "90"), func(_ exchange.Order, err error) { got[id] = fmt.Sprint(err) })
		}
		r.loop.Run()
		return got
	}
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprint("id", i))
	}
	forward := answers(ids)
	slices.Reverse(ids)
	backward := answers(ids)
	failed := 0
	for _, id := range ids {
		if forward[id] != backward[id] {
			t.Errorf("%s: %s or %s", id, forward[id], backward[id])
		}
		if forward[id] != "<nil>" {
			failed++
		}
	}
	if failed < 50 || failed > 110 {
		t.Errorf("%d of 300 met an error", failed)
	}
}

func TestFaultRatesAreMet(t *testing.T) {
	r := newRig(t, sim.LinkConfig{Faults: sim.Faults{Seed: 5, Orders: sim.Rates{Reject: 250_000, LostAck: 100_000}}})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	count := map[error]int{}
	for i := range 4000 {
		r.Place(ioc(limit(fmt.Sprint(i), spot, exchange.Buy, "1", "90")), func(_ exchange.Order, err error) { count[exchange.OutcomeOf(err)]++ })
	}
	r.loop.Run()
	if n := count[exchange.ErrRejected]; n < 900 || n > 1100 {
		t.Errorf("%d of 4000 rejected, want about 1000", n)
	}
	if n := count[exchange.ErrOutcomeUnknown]; n < 320 || n > 480 {
		t.Errorf("%d of 4000 unknown, want about 400", n)
	}
}
