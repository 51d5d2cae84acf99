package arb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

func TestConfigErrors(t *testing.T) {
	usdc := exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("BTC-USDC")}
	eth := exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("ETH-USDT")}
	tests := []struct {
		name  string
		set   func(*arb.ScannerConfig)
		field string
		says  string
	}{
		{"no pairs", func(c *arb.ScannerConfig) { c.Pairs = nil }, "Pairs", "none"},
		{"a market with itself", func(c *arb.ScannerConfig) { c.Pairs[0].B = marketA }, "Pairs[0]", "itself"},
		{"two stablecoins", func(c *arb.ScannerConfig) { c.Pairs[0].B = usdc }, "Pairs[0]", "different things"},
		{"two bases", func(c *arb.ScannerConfig) { c.Pairs[0].B = eth }, "Pairs[0]", "different things"},
		{"a pair twice", func(c *arb.ScannerConfig) { c.Pairs = append(c.Pairs, arb.Pair{A: marketB, B: marketA}) }, "Pairs", "twice"},
		{"no instrument", func(c *arb.ScannerConfig) { c.Instruments = c.Instruments[:1] }, "Instruments", "beta:BTC-USDT is missing"},
		{"an instrument twice", func(c *arb.ScannerConfig) { c.Instruments = append(c.Instruments, c.Instruments[0]) }, "Instruments", "twice"},
		{"not tradable", func(c *arb.ScannerConfig) { c.Instruments[0].Tradable = false }, "Instruments", "not tradable"},
		{"no lot", func(c *arb.ScannerConfig) { c.Instruments[0].Lot = dec("0") }, "Instruments", "lot 0"},
		{"lots without a common multiple", func(c *arb.ScannerConfig) {
			c.Instruments[0].Lot, c.Instruments[1].Lot = dec("0.0000000000000000007"), dec("11")
		}, "Instruments", "common multiple"},
		{"no notional", func(c *arb.ScannerConfig) { c.Notional = dec("0") }, "Notional", "not positive"},
		{"a negative edge", func(c *arb.ScannerConfig) { c.MinEdge = dec("-0.1") }, "MinEdge", "-0.1"},
		{"an edge of everything", func(c *arb.ScannerConfig) { c.MinEdge = dec("1") }, "MinEdge", "between 0 and 1"},
		{"slippage too fine", func(c *arb.ScannerConfig) { c.Slippage = dec("0.0000000001") }, "Slippage", "9 digits"},
		{"a negative tolerance", func(c *arb.ScannerConfig) { c.Tolerance = dec("-1") }, "Tolerance", "-1"},
		{"a negative depth", func(c *arb.ScannerConfig) { c.Depth = -1 }, "Depth", "-1"},
		{"a fee beyond its notional", func(c *arb.ScannerConfig) { c.Fees[marketA] = fees("1", "0") }, "Fees", "1 is no rate"},
		{"a rebate of everything", func(c *arb.ScannerConfig) { c.Fees[marketA] = fees("-1", "0") }, "Fees", "-1 is no rate"},
		{"a negative fixed cost", func(c *arb.ScannerConfig) { c.Fees[marketB] = fees("0", "-1") }, "Fees", "negative"},
		{"nothing left", func(c *arb.ScannerConfig) { c.MinEdge, c.Slippage = dec("0.5"), dec("0.5") }, "Fees", "whole price"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			tt.set(&cfg)
			s, err := arb.NewScanner(cfg)
			var bad *arb.ConfigError
			if s != nil || !errors.As(err, &bad) || !errors.Is(err, exchange.ErrInvalid) {
				t.Fatalf("%v", err)
			}
			if bad.Field != tt.field || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v; want field %s, and %q in it", err, tt.field, tt.says)
			}
		})
	}
}

// TestSpotAgainstPerp: one venue, two kinds of market, one base and quote: a pair.
func TestSpotAgainstPerp(t *testing.T) {
	perp := exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
	s := mustScanner(t, config(marketA, perp))
	if o, v := observe(s, book(marketA, "", "100 1"), book(perp, "101 1", "")); !v.Pass || o.Plan.Legs[1].Market != perp {
		t.Error(v)
	}
}

// TestManyMarkets: every market finds its own pair, whatever the names.
func TestManyMarkets(t *testing.T) {
	cfg := arb.ScannerConfig{Notional: dec("1000")}
	var markets []exchange.Market
	for i := range 600 {
		base := exchange.Asset([]byte{'A' + byte(i%5), 'A' + byte(i/5%5), 'A' + byte(i/25)})
		for _, venue := range []exchange.Venue{"okx", "oky", ""}[:2] {
			m := exchange.Market{Venue: venue, Symbol: exchange.Symbol{Base: base, Quote: "USDT"}}
			markets = append(markets, m)
			cfg.Instruments = append(cfg.Instruments, instrument(m))
		}
		cfg.Pairs = append(cfg.Pairs, arb.Pair{A: markets[2*i], B: markets[2*i+1]})
	}
	s := mustScanner(t, cfg)
	for i, m := range markets {
		_, v := s.Observe(book(m, "99 1", "100 1"))
		if v.Buy != m && v.Sell != m || (i%2 == 0) != (v.Term == arb.TermNoCounterpart) {
			t.Fatalf("%s: %s", m, v)
		}
	}
	if _, v := s.Observe(book(exchange.Market{}, "", "")); v.Term != arb.TermNoPair {
		t.Error(v)
	}
}

func TestTermNames(t *testing.T) {
	seen := map[string]bool{}
	for term := arb.TermNone; term <= arb.TermPassed; term++ {
		name := term.String()
		if seen[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || name == "" {
			t.Errorf("term %d is named %q", term, name)
		}
		seen[name] = true
	}
	if got := (arb.TermPassed + 1).String(); got != "term(14)" {
		t.Errorf("beyond the last: %q", got)
	}
	if got := (arb.Verdict{}).String(); got != "none: :-" {
		t.Errorf("the zero verdict: %q", got)
	}
}
