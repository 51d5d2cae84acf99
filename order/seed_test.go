package order_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

// faults is more than the basic profile: nothing in a run of groups goes untouched for long.
func faults(seed uint64) func(exchange.Venue) sim.Faults {
	return func(v exchange.Venue) sim.Faults {
		return sim.Faults{Seed: seed<<8 + uint64(v[0]),
			Orders:  sim.Rates{LostAck: 100_000, Reject: 100_000, Partial: 100_000, Late: 30_000, Slow: 50_000},
			Lookups: sim.Rates{LostAck: 100_000, Reject: 150_000, Slow: 20_000}}
	}
}

// seedConfig lets many groups trade in one market at a time. Every eighth seed has two attempts only: exposures too must add up.
func seedConfig(seed uint64) order.Config {
	cfg := order.Config{Overlap: true, FirstGroup: 1}
	if seed%8 == 0 {
		cfg.Unwind.Attempts = 2
	}
	return cfg
}

type summary struct {
	hash    uint64
	counts  [5]int
	results map[string]order.Result
	w       *world
}

// simulate runs n groups, one every 3 ms, under the faults of seed.
func simulate(t testing.TB, seed uint64, n int) summary {
	t.Helper()
	return simulateAt(t, start, seed, n)
}

func simulateAt(t testing.TB, at time.Time, seed uint64, n int) summary {
	t.Helper()
	w := newWorldAt(t, at, seedConfig(seed), faults(seed))
	w.publish(t, "a", 1_000_000, 1<<30)
	w.publish(t, "b", 1_000_000, 1<<30)
	s := summary{results: map[string]order.Result{}, w: w}
	for i := range n {
		w.loop.After(time.Duration(i+1)*3*time.Millisecond, func() {
			w.driver.Execute(plan("0.01"), func(r order.Result, err error) {
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				s.counts[r.Outcome]++
				s.results[r.Group] = r
			})
		})
	}
	w.loop.Run()
	s.hash = w.journal.Sum()
	return s
}

// Whatever the faults: every group ends, flat or loudly exposed by exactly what the venues hold; every fill is booked once; and one
// seed gives one journal.
func TestSeeds(t *testing.T) {
	seeds := uint64(10_000)
	if testing.Short() || raced {
		seeds = 300
	}
	var total [5]int
	hashes := map[uint64]bool{}
	late := 0
	for seed := range seeds {
		s := simulate(t, seed, 6)
		checkSeed(t, seed, s, 6)
		if again := simulate(t, seed, 6); again.hash != s.hash {
			t.Fatalf("seed %d: journal %x, then %x", seed, s.hash, again.hash)
		}
		hashes[s.hash] = true
		late += len(s.w.late)
		for i, n := range s.counts {
			total[i] += n
		}
	}
	t.Logf("%d seeds: completed %d, voided %d, unwound %d, exposed %d, late fills %d, %d journals", seeds, total[order.Completed], total[order.Voided],
		total[order.Unwound], total[order.Exposed], late, len(hashes))
	if total[order.Completed] == 0 || total[order.Voided] == 0 || total[order.Unwound] == 0 || total[order.Exposed] == 0 || len(hashes) < int(seeds) {
		t.Error("the faults did not reach every outcome, or the journal does not tell runs apart")
	}
}

func checkSeed(t *testing.T, seed uint64, s summary, n int) {
	t.Helper()
	residual, sum := exchange.Decimal{}, 0
	for _, r := range s.results {
		residual, sum = residual.Add(r.Residual), sum+1
		if r.Residual.IsZero() == (r.Outcome == order.Exposed) {
			t.Fatalf("seed %d: %s with residual %s", seed, r.Outcome, r.Residual)
		}
	}
	for _, l := range s.w.late {
		if l.Side == exchange.Buy {
			residual = residual.Add(l.Quantity)
		} else {
			residual = residual.Sub(l.Quantity)
		}
	}
	if sum != n || !s.w.driver.Idle() || s.counts[order.Open] != 0 {
		t.Fatalf("seed %d: %d of %d groups ended, %v", seed, sum, n, s.counts)
	}
	if net := s.w.net(); !net.Equal(residual) {
		t.Fatalf("seed %d: the venues hold %s, the results say %s, %v", seed, net, residual, s.counts)
	}
	logged := map[exchange.FillKey]bool{}
	for _, v := range []exchange.Venue{"a", "b"} {
		for _, f := range s.w.engines[v].Log() {
			logged[f.Key()] = true
		}
	}
	for _, f := range s.w.booked {
		if !logged[f.Key()] {
			t.Fatalf("seed %d: booked twice or never filled: %+v", seed, f)
		}
		delete(logged, f.Key())
	}
	if len(logged) != 0 {
		t.Fatalf("seed %d: not booked: %v", seed, logged)
	}
}
