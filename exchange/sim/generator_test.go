package sim_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func newGenerator(t testing.TB, cfg sim.GeneratorConfig) *sim.Generator {
	t.Helper()
	g, err := sim.NewGenerator(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// digest is a hash of everything in the books of n steps.
func digest(t testing.TB, cfg sim.GeneratorConfig, n int) uint64 {
	g := newGenerator(t, cfg)
	h := fnv.New64a()
	for i := range n {
		for _, b := range g.Step(start.Add(time.Duration(i) * g.Interval())) {
			fmt.Fprintln(h, b.Market, b.Scale, b.Bids, b.Asks, b.Seq, b.VenueTime.UnixNano())
		}
	}
	return h.Sum64()
}

func TestGeneratorIsTheSameForOneSeed(t *testing.T) {
	a, b := digest(t, sim.GeneratorConfig{Seed: 1}, 200), digest(t, sim.GeneratorConfig{Seed: 1}, 200)
	if a != b {
		t.Errorf("one seed, two worlds: %x and %x", a, b)
	}
	if c := digest(t, sim.GeneratorConfig{Seed: 2}, 200); c == a {
		t.Error("two seeds, one world")
	}
}

func TestGeneratorBooksAreValidAndOnTheRules(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  sim.GeneratorConfig
	}{
		{"default", sim.GeneratorConfig{Seed: 3}},
		{"steps that are no powers of ten", sim.GeneratorConfig{Seed: 3, Depth: 50, Markets: []sim.GeneratorMarket{
			{Symbol: exchange.MustSymbol("ABC-EUR-PERP"), Price: dec("12.5"), Tick: dec("0.0025"), Lot: dec("0.5")}}}},
		{"coarse tick", sim.GeneratorConfig{Seed: 3, Markets: []sim.GeneratorMarket{
			{Symbol: exchange.MustSymbol("ABC-EUR"), Price: dec("100000"), Tick: dec("50"), Lot: dec("10"), Size: dec("300")}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGenerator(t, c.cfg)
			rules := map[exchange.Market]exchange.Instrument{}
			for _, ins := range g.Instruments("") {
				rules[ins.Market] = ins
			}
			for i := range 400 {
				now := start.Add(time.Duration(i) * g.Interval())
				for _, b := range g.Step(now) {
					if err := b.Check(); err != nil {
						t.Fatalf("step %d: %v", i, err)
					}
					if len(b.Bids) != len(b.Asks) || len(b.Asks) < 20 || !b.VenueTime.Equal(now) {
						t.Fatalf("step %d: %d bids, %d asks, time %s", i, len(b.Bids), len(b.Asks), b.VenueTime)
					}
					ins := rules[b.Market]
					for _, l := range append(b.Bids[:len(b.Bids):len(b.Bids)], b.Asks...) {
						if !b.Price(l).IsMultiple(ins.Tick) || !b.Size(l).IsMultiple(ins.Lot) {
							t.Fatalf("step %d: level %s x %s is off the steps of %s", i, b.Price(l), b.Size(l), b.Market)
						}
					}
				}
			}
		})
	}
}

// episodes counts, over seconds of one market, how often a pair of venues begins to be worth trading, and the steps that it lasts.
func episodes(t *testing.T, cfg sim.GeneratorConfig, seconds int) (begun int, steps []int) {
	g := newGenerator(t, cfg)
	open := map[[2]exchange.Market]int{}
	ended := func(pair [2]exchange.Market) {
		if n := open[pair]; n > 0 {
			steps = append(steps, n)
			open[pair] = 0
		}
	}
	for i := range int(time.Duration(seconds) * time.Second / g.Interval()) {
		books := g.Step(start.Add(time.Duration(i) * g.Interval()))
		for _, a := range books {
			for _, b := range books {
				if a.Market.Symbol != b.Market.Symbol || a == b {
					continue
				}
				pair := [2]exchange.Market{a.Market, b.Market}
				ask, _ := a.Best(exchange.Buy)
				bid, _ := b.Best(exchange.Sell)
				// Two taker fees of 5 basis points and an edge of one.
				if (bid.Price-ask.Price)*10_000 <= bid.Price*5+ask.Price*6 {
					ended(pair)
					continue
				}
				if open[pair]++; open[pair] == 1 {
					begun++
				}
			}
		}
	}
	return begun, steps
}

func TestGeneratorGivesOpportunities(t *testing.T) {
	for seed := range uint64(5) {
		const seconds = 60
		begun, steps := episodes(t, sim.GeneratorConfig{Seed: seed}, seconds)
		total, long := 0, 0
		for _, n := range steps {
			total += n
			if n > 24 { // 600 ms
				long++
			}
		}
		mean := time.Duration(total) * 25 * time.Millisecond / time.Duration(max(1, len(steps)))
		t.Logf("seed %d: %d opportunities in %d s, %s long on average, %d of them longer than 600 ms", seed, begun, seconds, mean, long)
		// A dislocated venue is worth trading against both others.
		if begun < 1*seconds || begun > 10*seconds {
			t.Errorf("seed %d: %d opportunities in %d s; want 1 to 10 a second", seed, begun, seconds)
		}
		if mean < 50*time.Millisecond || mean > 500*time.Millisecond || long*20 > len(steps) {
			t.Errorf("seed %d: %s long on average, %d of %d longer than 600 ms", seed, mean, long, len(steps))
		}
	}
}

func TestGeneratorLevelsLast(t *testing.T) {
	g := newGenerator(t, sim.GeneratorConfig{Seed: 9})
	before := map[exchange.Market]map[exchange.Level]bool{}
	kept, all, thin := 0, 0, 0
	for i := range 400 {
		for _, b := range g.Step(start.Add(time.Duration(i) * g.Interval())) {
			now := map[exchange.Level]bool{}
			for _, l := range b.Asks {
				now[l] = true
				all++
				if before[b.Market][l] {
					kept++
				}
				if b.Price(l).Mul(b.Size(l)).Cmp(dec("100")) < 0 {
					thin++
				}
			}
			before[b.Market] = now
		}
	}
	if kept*100 < all*70 || kept == all {
		t.Errorf("%d of %d levels were as in the step before; want most, not all", kept, all)
	}
	if thin*100 < all*2 || thin*100 > all*15 {
		t.Errorf("%d of %d levels are thin", thin, all)
	}
}

func TestGeneratorSurvivesLongRuns(t *testing.T) {
	g := newGenerator(t, sim.GeneratorConfig{Seed: 4, Interval: time.Minute, Gaps: 1e6, GapBps: 100, Depth: 1, Markets: []sim.GeneratorMarket{
		{Symbol: exchange.MustSymbol("ABC-EUR"), Price: dec("1"), Tick: dec("0.000000001"), Lot: dec("0.00000001")}}})
	for i := range 20_000 {
		for _, b := range g.Step(start.Add(time.Duration(i) * time.Minute)) {
			if err := b.Check(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	}
}

func TestNewGeneratorRefuses(t *testing.T) {
	one := func(price, tick, lot string) sim.GeneratorConfig {
		return sim.GeneratorConfig{Markets: []sim.GeneratorMarket{{Symbol: exchange.MustSymbol("A-B"), Price: dec(price), Tick: dec(tick), Lot: dec(lot)}}}
	}
	for name, cfg := range map[string]sim.GeneratorConfig{
		"no price":       one("0", "1", "1"),
		"no tick":        one("1", "0", "1"),
		"negative lot":   one("1", "1", "-1"),
		"coarse tick":    one("100", "1", "1"),
		"too fine":       one("1", "1e-12", "1"),
		"negative depth": {Depth: -1},
		"wild gaps":      {GapBps: 101},
		"no venue name":  {Venues: []exchange.Venue{""}},
	} {
		if _, err := sim.NewGenerator(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkGeneratorStep(b *testing.B) {
	g := newGenerator(b, sim.GeneratorConfig{Seed: 1})
	g.Step(start)
	b.ReportAllocs()
	for b.Loop() {
		g.Step(start)
	}
}
