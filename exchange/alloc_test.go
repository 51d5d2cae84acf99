package exchange_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// The limits are what was measured for numbers of a usual market, with and without -race: below 2^64 nothing but division allocates.
func TestAllocs(t *testing.T) {
	price, qty, tick := dec("61234.56"), dec("0.015"), dec("0.25")
	src, dst := smallBook(), smallBook()
	buf := make([]byte, 0, 64)
	var d exchange.Decimal
	var w exchange.Walk
	tests := []struct {
		name string
		most float64
		do   func()
	}{
		{"ParseDecimal", 0, func() { d, _ = exchange.ParseDecimal("61234.56") }},
		{"Scaled", 0, func() { d = exchange.Scaled(6123456, -2) }},
		{"Add", 0, func() { d = price.Add(qty) }},
		{"Sub", 0, func() { d = price.Sub(qty) }},
		{"Mul", 0, func() { d = price.Mul(qty) }},
		{"Neg", 0, func() { d = price.Neg() }},
		{"Cmp", 0, func() { price.Cmp(qty) }},
		{"AppendText", 0, func() { buf, _ = price.AppendText(buf[:0]) }},
		{"Floor", 1, func() { d = price.Floor(tick) }},
		{"IsMultiple", 1, func() { price.IsMultiple(tick) }},
		{"Quo", 2, func() { d = price.Quo(qty, 8, exchange.HalfEven) }},
		{"Int64", 0, func() { price.Int64(-8) }},
		{"Best", 0, func() { src.Best(exchange.Buy) }},
		{"Walk", 0, func() { w = src.Walk(exchange.Buy, 8) }},
		{"Notional.Decimal", 0, func() { d = w.Notional.Decimal(src.Scale) }},
		{"CopyFrom", 0, func() { dst.CopyFrom(src, 2) }},
		{"CopyFrom, all levels", 0, func() { dst.CopyFrom(src, 0) }},
		{"Check", 0, func() { _ = src.Check() }},
		{"Status.To", 0, func() { _, _ = exchange.StatusAccepted.To(exchange.StatusFilled) }},
	}
	for _, tt := range tests {
		if n := testing.AllocsPerRun(100, tt.do); n > tt.most {
			t.Errorf("%s allocates %v times, want at most %v", tt.name, n, tt.most)
		}
	}
	_ = d
}
