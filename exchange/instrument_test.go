package exchange_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

func btcInstrument() exchange.Instrument {
	return exchange.Instrument{
		Market: btcUSDT, VenueSymbol: "BTCUSDT", Tradable: true, Settle: "USDT", Contract: dec("1"),
		Tick: dec("0.25"), Lot: dec("0.001"), MinQty: dec("0.002"), MaxQty: dec("100"), MinNotional: dec("10"),
	}
}

func btcOrder() exchange.OrderRequest {
	return exchange.OrderRequest{
		Market: btcUSDT, ClientID: "c-1", Side: exchange.Buy, TIF: exchange.IOC, Price: dec("50000.25"), Quantity: dec("0.015"),
	}
}

func TestRoundPriceAndQuantity(t *testing.T) {
	tests := []struct{ step, in, down, up string }{
		{"0.25", "100.30", "100.25", "100.50"},
		{"0.25", "100.25", "100.25", "100.25"},
		{"0.5", "61234.56", "61234.5", "61235.0"},
		{"5", "1234", "1230", "1235"},
		{"0.001", "0.0019", "0.001", "0.002"},
		{"0.001", "0.0009", "0.000", "0.001"},
		{"10", "9.99", "0", "10"},
		{"0.00003", "0.00010", "0.00009", "0.00012"},
		{"1e-9", "1.2e-9", "0.000000001", "0.000000002"},
	}
	for _, tt := range tests {
		i := exchange.Instrument{Tick: dec(tt.step), Lot: dec(tt.step)}
		x := dec(tt.in)
		if got := i.RoundPrice(exchange.Buy, x).String(); got != tt.down {
			t.Errorf("buy at %s on ticks of %s = %s, want %s", tt.in, tt.step, got, tt.down)
		}
		if got := i.RoundPrice(exchange.Sell, x).String(); got != tt.up {
			t.Errorf("sell at %s on ticks of %s = %s, want %s", tt.in, tt.step, got, tt.up)
		}
		if got := i.RoundQuantity(x).String(); got != tt.down {
			t.Errorf("%s in lots of %s = %s, want %s", tt.in, tt.step, got, tt.down)
		}
	}
}

// Whatever the step: never worse than asked, never more than asked, and less than one step away.
func TestRoundingNeverWorse(t *testing.T) {
	forSeeds(t, 2_000, func(t *testing.T, r *rand.Rand) {
		step := dec(steps[r.IntN(len(steps))])
		i := exchange.Instrument{Tick: step, Lot: step}
		x, _ := randomDecimal(t, r)
		x = x.Abs()
		buy, sell, q := i.RoundPrice(exchange.Buy, x), i.RoundPrice(exchange.Sell, x), i.RoundQuantity(x)
		if buy.Cmp(x) > 0 || sell.Cmp(x) < 0 {
			t.Errorf("%s on ticks of %s: buy %s, sell %s", x, step, buy, sell)
		}
		if q.Cmp(x) > 0 || q.Sign() < 0 {
			t.Errorf("%s in lots of %s: %s", x, step, q)
		}
		for _, y := range []exchange.Decimal{buy, sell, q} {
			if !y.IsMultiple(step) || y.Sub(x).Abs().Cmp(step) >= 0 {
				t.Errorf("%s to steps of %s: %s", x, step, y)
			}
		}
		if back := i.RoundQuantity(x.Neg()); !back.Equal(q.Neg()) {
			t.Errorf("-%s in lots of %s: %s, want -%s", x, step, back, q)
		}
	})
}

func TestInstrumentCheck(t *testing.T) {
	type edit = func(*exchange.Instrument, *exchange.OrderRequest)
	tests := []struct {
		name string
		edit edit
		rule string // in the error's text; "": accepted
	}{
		{"sound", func(*exchange.Instrument, *exchange.OrderRequest) {}, ""},
		{"another market", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Market.Venue = "okx" }, "rules asked about okx:BTC-USDT"},
		{"not tradable", func(i *exchange.Instrument, _ *exchange.OrderRequest) { i.Tradable = false }, "not tradable"},
		{"off lot", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Quantity = dec("0.0155") }, "quantity 0.0155 is no multiple of lot 0.001"},
		{"no lot at all", func(i *exchange.Instrument, _ *exchange.OrderRequest) { i.Lot = exchange.Decimal{} }, "multiple of lot 0"},
		{"too small", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Quantity = dec("0.001") }, "quantity 0.001 is below the minimum of 0.002"},
		{"as small as can be", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Quantity = dec("0.002") }, ""},
		{"too large", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Quantity = dec("100.001") }, "quantity 100.001 is above the maximum of 100"},
		{"as large as can be", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Quantity = dec("100") }, ""},
		{"no maximum", func(i *exchange.Instrument, r *exchange.OrderRequest) {
			i.MaxQty, r.Quantity = exchange.Decimal{}, dec("1e6")
		}, ""},
		{"off tick", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Price = dec("50000.30") }, "price 50000.30 is no multiple of tick 0.25"},
		{"no tick at all", func(i *exchange.Instrument, _ *exchange.OrderRequest) { i.Tick = exchange.Decimal{} }, "multiple of tick 0"},
		{"low notional", func(_ *exchange.Instrument, r *exchange.OrderRequest) { r.Price = dec("500") }, "notional 7.500 is below the minimum of 10"},
		{"exact notional", func(_ *exchange.Instrument, r *exchange.OrderRequest) {
			r.Price, r.Quantity = dec("2500"), dec("0.004")
		}, ""},
		{"low notional, reduce-only", func(_ *exchange.Instrument, r *exchange.OrderRequest) {
			r.Price, r.ReduceOnly = dec("500"), true
		}, ""},
		{"market order has no notional", func(_ *exchange.Instrument, r *exchange.OrderRequest) {
			r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{}
		}, ""},
		{"a market order's lot counts", func(_ *exchange.Instrument, r *exchange.OrderRequest) {
			r.Type, r.Price, r.Quantity = exchange.TypeMarket, exchange.Decimal{}, dec("0.0025")
		}, "no multiple of lot"},
		{"a bad request comes first", func(i *exchange.Instrument, r *exchange.OrderRequest) {
			i.Tradable, r.Side = false, 0
		}, "no side"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i, r := btcInstrument(), btcOrder()
			tt.edit(&i, &r)
			checkInvalid(t, i.Check(r), tt.rule)
		})
	}
}

// checkInvalid wants an ErrInvalid that names rule, or none where rule is empty.
func checkInvalid(t *testing.T, err error, rule string) {
	t.Helper()
	switch {
	case rule == "" && err != nil:
		t.Errorf("refused: %v", err)
	case rule != "" && !errors.Is(err, exchange.ErrInvalid):
		t.Errorf("error %v, want ErrInvalid", err)
	case rule != "" && !strings.Contains(err.Error(), rule):
		t.Errorf("error %q does not say %q", err, rule)
	}
}

func TestInstrumentValidate(t *testing.T) {
	tests := []struct {
		name string
		edit func(*exchange.Instrument)
		rule string
	}{
		{"sound", func(*exchange.Instrument) {}, ""},
		{"without bounds", func(i *exchange.Instrument) {
			i.MinQty, i.MaxQty, i.MinNotional, i.Contract = exchange.Decimal{}, exchange.Decimal{}, exchange.Decimal{}, exchange.Decimal{}
		}, ""},
		{"one size only", func(i *exchange.Instrument) { i.MinQty = i.MaxQty }, ""},
		{"no venue", func(i *exchange.Instrument) { i.Market.Venue = "" }, "without market"},
		{"no base", func(i *exchange.Instrument) { i.Market.Symbol.Base = "" }, "without market"},
		{"no quote", func(i *exchange.Instrument) { i.Market.Symbol.Quote = "" }, "without market"},
		{"no tick", func(i *exchange.Instrument) { i.Tick = exchange.Decimal{} }, "tick 0"},
		{"negative tick", func(i *exchange.Instrument) { i.Tick = dec("-0.1") }, "tick -0.1"},
		{"no lot", func(i *exchange.Instrument) { i.Lot = exchange.Decimal{} }, "lot 0"},
		{"negative lot", func(i *exchange.Instrument) { i.Lot = dec("-1") }, "lot -1"},
		{"negative minimum", func(i *exchange.Instrument) { i.MinQty = dec("-1") }, "negative bound"},
		{"negative maximum", func(i *exchange.Instrument) { i.MaxQty = dec("-1") }, "negative bound"},
		{"negative notional", func(i *exchange.Instrument) { i.MinNotional = dec("-1") }, "negative bound"},
		{"negative contract", func(i *exchange.Instrument) { i.Contract = dec("-1") }, "negative bound"},
		{"maximum below minimum", func(i *exchange.Instrument) { i.MaxQty = dec("0.001") }, "maximum 0.001 below minimum 0.002"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := btcInstrument()
			tt.edit(&i)
			checkInvalid(t, i.Validate(), tt.rule)
		})
	}
}
