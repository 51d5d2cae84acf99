package simwire_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/internal/simwire"
)

func TestMeter(t *testing.T) {
	type spend struct {
		after   time.Duration
		n       int
		used    int
		refused bool
		wait    time.Duration // where refused
	}
	cases := []struct {
		name  string
		limit simwire.Limit
		steps []spend
	}{
		{"windows begin at whole multiples", simwire.Limit{Max: 10, Per: time.Minute}, []spend{
			{50 * time.Second, 6, 6, false, 0}, {0, 5, 6, true, 10 * time.Second}, {0, 4, 10, false, 0}, {10 * time.Second, 7, 7, false, 0},
		}},
		{"what is refused counts, too", simwire.Limit{Max: 10, Per: time.Minute, CountRefused: true}, []spend{
			{0, 6, 6, false, 0}, {0, 5, 11, true, time.Minute}, {0, 1, 12, true, time.Minute}, {time.Minute, 1, 1, false, 0},
		}},
		{"rolling", simwire.Limit{Max: 3, Per: time.Second, Rolling: true}, []spend{
			{0, 1, 1, false, 0}, {600 * time.Millisecond, 2, 3, false, 0}, {300 * time.Millisecond, 1, 3, true, 100 * time.Millisecond},
			{100 * time.Millisecond, 1, 3, false, 0}, {0, 1, 3, true, 600 * time.Millisecond}, {600 * time.Millisecond, 1, 2, false, 0},
		}},
		{"only counted", simwire.Limit{Per: time.Second}, []spend{{0, 1_000_000, 1_000_000, false, 0}}},
		{"bans, each twice as long, up to a bound", simwire.Limit{Max: 1, Per: time.Second, Offences: 2, Ban: time.Minute, MaxBan: 3 * time.Minute}, []spend{
			{0, 1, 1, false, 0}, {0, 1, 1, true, time.Second}, {0, 1, 1, true, time.Minute}, {30 * time.Second, 1, 0, true, 30 * time.Second},
			{30 * time.Second, 2, 0, true, time.Second}, {0, 2, 0, true, 2 * time.Minute},
			{2 * time.Minute, 2, 0, true, time.Second}, {0, 2, 0, true, 3 * time.Minute},
			{3 * time.Minute, 1, 1, false, 0},
		}},
		{"a success forgives", simwire.Limit{Max: 1, Per: time.Second, Offences: 2, Ban: time.Minute}, []spend{
			{0, 2, 0, true, time.Second}, {0, 1, 1, false, 0}, {0, 1, 1, true, time.Second}, {time.Second, 1, 1, false, 0},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.limit.Name = "x"
				m := simwire.NewMeter(c.limit)
				for i, s := range c.steps {
					after(s.after)
					r := m.Spend("x", "me", s.n)
					if r.Used != s.used || r.Refused != s.refused || r.Max != c.limit.Max {
						t.Errorf("step %d: %+v, want %+v", i, r, s)
					}
					if wait := r.RetryAfter(time.Now()); s.refused && wait != s.wait {
						t.Errorf("step %d: wait %v, want %v", i, wait, s.wait)
					}
				}
				if r := m.Spend("x", "somebody else", 1); r.Refused || r.Used != 1 {
					t.Errorf("another scope: %+v", r)
				}
			})
		})
	}
}

func TestMeterGivesBackAndBans(t *testing.T) {
	for _, rolling := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := simwire.NewMeter(simwire.Limit{Name: "orders", Max: 2, Per: time.Minute, Rolling: rolling})
			m.Spend("orders", "a", 1)
			after(time.Second)
			m.Spend("orders", "a", 1)
			m.Give("orders", "a", 1)
			if r := m.Read("orders", "a"); r.Used != 1 {
				t.Errorf("%+v", r)
			}
			m.Give("orders", "a", 5)
			if r := m.Spend("orders", "a", 2); r.Used != 2 || r.Refused {
				t.Errorf("%+v", r)
			}
			m.Ban("orders", "a", time.Hour)
			if r := m.Spend("orders", "a", 0); !r.Refused || r.RetryAfter(time.Now()) != time.Hour {
				t.Errorf("%+v", r)
			}
			after(time.Hour)
			if r := m.Spend("orders", "a", 2); r.Refused {
				t.Errorf("%+v", r)
			}
		})
	}
}

// A rolling limit never lets more than Max pass in any span of Per, and never refuses what would not be more.
func TestRollingIsExact(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			m := simwire.NewMeter(simwire.Limit{Name: "x", Max: 10, Per: time.Second, Rolling: true})
			type use struct {
				at time.Time
				n  int
			}
			var uses []use
			for range 500 {
				after(time.Duration(rnd.IntN(200)) * time.Millisecond)
				now, n, sum := time.Now(), 1+rnd.IntN(4), 0
				for _, u := range uses {
					if now.Sub(u.at) < time.Second {
						sum += u.n
					}
				}
				r := m.Spend("x", "me", n)
				if r.Refused != (sum+n > 10) {
					t.Fatalf("seed %d: %d more than %d: %+v", seed, n, sum, r)
				}
				if !r.Refused {
					uses = append(uses, use{now, n})
				}
			}
		})
	}
}

func TestMeterForgetsIdleScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := simwire.NewMeter(simwire.Limit{Name: "x", Max: 10, Per: time.Second})
		for i := range 20_000 {
			m.Spend("x", fmt.Sprint(i), 1)
			after(time.Millisecond)
		}
		if n := m.Scopes(); n > 8192 {
			t.Errorf("%d scopes are kept", n)
		}
	})
}

func TestUnknownLimitPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	simwire.NewMeter().Read("x", "")
}
