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

// entries are n delays of requests at now.
func entries(t testing.TB, d sim.Delay, now time.Time, n int) (r []time.Duration) {
	t.Helper()
	i, err := sim.NewInjector(sim.Faults{Seed: 7}, sim.Latency{Entry: d})
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		r = append(r, i.Next(now, sim.Call{Op: sim.OpPlace, Key: fmt.Sprint(k)}).In)
	}
	return r
}

func TestLatencyFollowsItsDistribution(t *testing.T) {
	const n = 100_000
	table := []sim.Quantile{{0, ms}, {500_000, 2 * ms}, {990_000, 10 * ms}, {1_000_000, 100 * ms}}
	got := entries(t, sim.Delay{Min: ms, Quantiles: table}, start, n)
	slices.Sort(got)
	for _, c := range []struct {
		share    int
		low, top time.Duration
	}{
		{0, 2 * ms, 2*ms + 100_000},
		{n / 4, 2490 * time.Microsecond, 2510 * time.Microsecond}, // half of the way from 1 to 2
		{n / 2, 2970 * time.Microsecond, 3100 * time.Microsecond},
		{n * 99 / 100, 10900 * time.Microsecond, 20 * ms},
		{n - 1, 95 * ms, 101 * ms},
	} {
		if d := got[c.share]; d < c.low || d > c.top {
			t.Errorf("number %d of %d is %s, want %s to %s", c.share, n, d, c.low, c.top)
		}
	}
}

func TestLatencyOfATableWithoutEnds(t *testing.T) {
	for _, d := range entries(t, sim.Delay{Quantiles: []sim.Quantile{{500_000, 3 * ms}}}, start, 100) {
		if d != 3*ms {
			t.Fatal(d)
		}
	}
}

func TestLatencyAsMeasured(t *testing.T) {
	at := func(d time.Duration) time.Time { return start.Add(d) }
	d := sim.Delay{Rows: []sim.Measured{{at(0), 10 * ms}, {at(time.Second), 20 * ms}, {at(3 * time.Second), 0}}}
	for _, c := range []struct{ at, want time.Duration }{
		{-time.Hour, 10 * ms},
		{0, 10 * ms},
		{250 * ms, 12500 * time.Microsecond},
		{time.Second - 1, 20*ms - 1},
		{time.Second, 20 * ms},
		{2 * time.Second, 10 * ms},
		{3 * time.Second, 0},
		{time.Hour, 0},
	} {
		if got := entries(t, d, at(c.at), 1)[0]; got != c.want && got != c.want+1 {
			t.Errorf("at %s: %s, want %s", c.at, got, c.want)
		}
	}
	far := sim.Delay{Rows: []sim.Measured{{at(-100 * 365 * 24 * time.Hour), 0}, {at(100 * 365 * 24 * time.Hour), 1 << 60}}}
	if got := entries(t, far, start, 1)[0]; got != 1<<59 {
		t.Errorf("half of the way along two centuries: %d, want %d", got, 1<<59)
	}
}

// Rows are read by the clock of the run, whatever carries the messages.
func TestLinkTravelsAsMeasured(t *testing.T) {
	r := newRig(t, sim.LinkConfig{Latency: sim.Latency{Entry: sim.Delay{Rows: []sim.Measured{{start, 10 * ms}, {start.Add(time.Second), 110 * ms}}}}})
	r.loop.After(500*ms, func() { r.Lookup(exchange.OrderRef{Market: spot, ClientID: "a"}, r.done("lookup")) })
	r.check(t, "0s event: stream up unknown 0", "560ms lookup: x lookup: not found: code unknown")
}

func TestLatencyRefuses(t *testing.T) {
	for name, d := range map[string]sim.Delay{
		"negative":                 {Min: -1},
		"negative jitter":          {Jitter: -1},
		"too long":                 {Min: 1 << 59, Jitter: 1<<59 + 1},
		"a sum that overflows":     {Min: 1<<63 - 1, Jitter: 1<<63 - 1},
		"a row that is too long":   {Rows: []sim.Measured{{start, 1<<60 + 1}}},
		"share above one":          {Quantiles: []sim.Quantile{{1_000_001, ms}}},
		"shares out of order":      {Quantiles: []sim.Quantile{{5, ms}, {5, ms}}},
		"quantiles out of order":   {Quantiles: []sim.Quantile{{5, ms}, {6, 0}}},
		"negative quantile":        {Quantiles: []sim.Quantile{{5, -1}}},
		"negative row":             {Rows: []sim.Measured{{start, -1}}},
		"rows out of order":        {Rows: []sim.Measured{{start, ms}, {start, ms}}},
		"rows that run backwards":  {Rows: []sim.Measured{{start.Add(1), ms}, {start, ms}}},
		"quantiles that fall back": {Quantiles: []sim.Quantile{{5, ms}, {4, 2 * ms}}},
	} {
		for _, l := range []sim.Latency{{Entry: d}, {Response: d}, {Feed: d}} {
			if _, err := sim.NewInjector(sim.Faults{}, l); !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
