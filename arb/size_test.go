package arb_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// TestSize: what stops it from growing, one cause a case.
func TestSize(t *testing.T) {
	tests := []struct {
		name       string
		set        func(*arb.ScannerConfig)
		asks, bids string
		want       string
		buy, sell  string // limits
	}{
		{"the asks end", nil, "100 1, 101 2", "110 9", "3", "101", "110"},
		{"the bids end", nil, "100 5", "110 1, 109 0.5", "1.5", "100", "109"},
		{"the margin ends", nil, "100 1, 104 1, 106 5", "105.5 3", "2", "104", "105.5"},
		{"the margin ends at exactly nothing", func(c *arb.ScannerConfig) { c.Notional = dec("100000") },
			"9000 1, 9995 5", "10005 9", "1", "9000", "10005"},
		{"the money ends", nil, "100 50", "110 50", "9.0909", "100", "110"}, // 1000 / 110
		{"the money ends within the second level", nil, "100 4, 101 50", "110 4, 105 50", "9.33333", "101", "105"},
		{"the money ends between two levels", func(c *arb.ScannerConfig) { c.Notional = dec("440") }, "100 4, 101 50", "110 4, 105 50", "4", "100", "110"},
		{"the depth that is looked at ends", func(c *arb.ScannerConfig) { c.Depth = 2 }, "100 1, 101 1, 102 1", "110 9", "2", "101", "110"},
		{"a venue's maximum", func(c *arb.ScannerConfig) { c.Instruments[1].MaxQty = dec("1.5") }, "100 1, 101 2", "110 9", "1.5", "101", "110"},
		{"lots of 0.25 and 0.4", func(c *arb.ScannerConfig) { c.Instruments[0].Lot, c.Instruments[1].Lot = dec("0.25"), dec("0.4") },
			"100 5.99999", "110 9", "4", "100", "110"},
		{"lots of 5 and 0.1", func(c *arb.ScannerConfig) {
			c.Instruments[0].Lot, c.Instruments[1].Lot, c.Notional = dec("5"), dec("0.1"), dec("5000")
		}, "100 13.37", "110 40", "10", "100", "110"},
		{"whole lots end a level before", func(c *arb.ScannerConfig) { c.Instruments[0].Lot = dec("1") },
			"100 2, 101 0.3, 102 0.3, 103 0.3", "110 9", "2", "100", "110"},
		{"a lot finer than the book", func(c *arb.ScannerConfig) { c.Instruments[0].Lot = dec("0.00000001") }, "100 50", "110 50", "9.0909", "100", "110"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			if tt.set != nil {
				tt.set(&cfg)
			}
			o, v := observe(mustScanner(t, cfg), book(marketA, "", tt.asks), book(marketB, tt.bids, ""))
			if !v.Pass {
				t.Fatal(v)
			}
			buy, sell := o.Plan.Legs[0], o.Plan.Legs[1]
			if !o.Size.Equal(dec(tt.want)) || !buy.Price.Equal(dec(tt.buy)) || !sell.Price.Equal(dec(tt.sell)) {
				t.Errorf("size %s, limits %s and %s; want %s, %s, %s", o.Size, buy.Price, sell.Price, tt.want, tt.buy, tt.sell)
			}
		})
	}
}

// TestTolerance: limits move outwards, on ticks, and never so far that filling at both would miss the edge.
func TestTolerance(t *testing.T) {
	tests := []struct {
		name      string
		set       func(*arb.ScannerConfig)
		tolerance string
		buy, sell string
	}{
		{"none", nil, "0", "100", "110"},
		{"as asked", nil, "0.001", "100.1", "109.89"},
		{"inwards to the tick", nil, "0.00015", "100.01", "109.99"},
		{"no farther than break-even", nil, "0.5", "104.71", "104.82"},
		{"no farther than the edge", func(c *arb.ScannerConfig) { c.MinEdge = dec("0.05") }, "0.5", "102.14", "107.64"},
		{"fixed costs count", func(c *arb.ScannerConfig) { c.Fees[marketA] = fees("0.0005", "9.894") }, "0.5", "100", "110"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			cfg.Tolerance = dec(tt.tolerance)
			if tt.set != nil {
				tt.set(&cfg)
			}
			o, v := observe(mustScanner(t, cfg), book(marketA, "", "100 1"), book(marketB, "110 1", ""))
			if !v.Pass {
				t.Fatal(v)
			}
			buy, sell := o.Plan.Legs[0].Price, o.Plan.Legs[1].Price
			if !buy.Equal(dec(tt.buy)) || !sell.Equal(dec(tt.sell)) {
				t.Errorf("limits %s and %s; want %s and %s", buy, sell, tt.buy, tt.sell)
			}
			f := dec("0.0005")
			worst := sell.Sub(buy).Sub(f.Mul(sell)).Sub(f.Mul(buy))
			if fixed := cfg.Fees[marketA].Buy.Fixed; worst.Sub(fixed).Cmp(cfg.MinEdge.Mul(sell)) <= 0 {
				t.Errorf("filled at its limits it makes %s", worst)
			}
		})
	}
}

// TestToleranceStopsBeforeBreakEven: 90 and 110 moved by exactly a tenth would both be 99, and leave nothing.
func TestToleranceStopsBeforeBreakEven(t *testing.T) {
	cfg := config(marketA, marketB)
	cfg.Tolerance = dec("0.5")
	cfg.Fees = map[exchange.Market]arb.Fees{marketA: {}, marketB: {}}
	o, v := observe(mustScanner(t, cfg), book(marketA, "", "90 1"), book(marketB, "110 1", ""))
	if !v.Pass || !o.Plan.Legs[0].Price.Equal(dec("98.99")) || !o.Plan.Legs[1].Price.Equal(dec("99.01")) {
		t.Errorf("%s: %+v", v, o.Plan.Legs)
	}
}
