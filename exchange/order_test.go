package exchange_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func TestOrderRequestCheck(t *testing.T) {
	market := func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{} }
	resting := func(r *exchange.OrderRequest) { r.PostOnly, r.TIF = true, exchange.GTC }
	tests := []struct {
		name string
		edit func(*exchange.OrderRequest)
		rule string
	}{
		{"limit IOC", func(*exchange.OrderRequest) {}, ""},
		{"limit FOK", func(r *exchange.OrderRequest) { r.TIF = exchange.FOK }, ""},
		{"sell", func(r *exchange.OrderRequest) { r.Side = exchange.Sell }, ""},
		{"market", market, ""},
		{"post-only GTC", resting, ""},
		{"no venue", func(r *exchange.OrderRequest) { r.Market.Venue = "" }, "no market"},
		{"no base", func(r *exchange.OrderRequest) { r.Market.Symbol.Base = "" }, "no market"},
		{"no quote", func(r *exchange.OrderRequest) { r.Market.Symbol.Quote = "" }, "no market"},
		{"no side", func(r *exchange.OrderRequest) { r.Side = 0 }, "no side"},
		{"third side", func(r *exchange.OrderRequest) { r.Side = 3 }, "no side"},
		{"third type", func(r *exchange.OrderRequest) { r.Type = 2 }, "type type(2)"},
		{"fourth time in force", func(r *exchange.OrderRequest) { r.TIF = 3 }, "tif(3)"},
		{"no quantity", func(r *exchange.OrderRequest) { r.Quantity = exchange.Decimal{} }, "quantity 0"},
		{"negative quantity", func(r *exchange.OrderRequest) { r.Quantity = dec("-1") }, "quantity -1"},
		{"limit without price", func(r *exchange.OrderRequest) { r.Price = exchange.Decimal{} }, "limit price 0"},
		{"negative price", func(r *exchange.OrderRequest) { r.Price = dec("-0.01") }, "limit price -0.01"},
		{"market with price", func(r *exchange.OrderRequest) { r.Type = exchange.TypeMarket }, "market order with price 50000.25"},
		{"post-only IOC", func(r *exchange.OrderRequest) { r.PostOnly = true }, "post-only"},
		{"post-only FOK", func(r *exchange.OrderRequest) { r.PostOnly, r.TIF = true, exchange.FOK }, "post-only"},
		{"post-only market", func(r *exchange.OrderRequest) { resting(r); market(r) }, "post-only"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := btcOrder()
			tt.edit(&r)
			checkInvalid(t, r.Check(), tt.rule)
		})
	}
	checkInvalid(t, exchange.OrderRequest{}.Check(), "no market")
	// The text leads to the order.
	r := btcOrder()
	r.Side = 0
	checkInvalid(t, r.Check(), "binance:BTC-USDT c-1")
}

func TestOpposite(t *testing.T) {
	if exchange.Buy.Opposite() != exchange.Sell || exchange.Sell.Opposite() != exchange.Buy {
		t.Error("the sides are not each other's opposite")
	}
	var none exchange.Side
	if o := none.Opposite(); o == exchange.Buy || o == exchange.Sell {
		t.Errorf("the opposite of no side is %s", o)
	}
}

func TestOrderRefAndRemaining(t *testing.T) {
	o := exchange.Order{OrderRequest: btcOrder(), VenueID: "v-9"}
	o.Account = "second"
	want := exchange.OrderRef{Market: btcUSDT, Account: "second", ClientID: "c-1", VenueID: "v-9"}
	if o.Ref() != want {
		t.Errorf("Ref = %+v, want %+v", o.Ref(), want)
	}
	want.VenueID = ""
	if o.OrderRequest.Ref() != want {
		t.Errorf("a request's Ref = %+v, want %+v", o.OrderRequest.Ref(), want)
	}
	for _, tt := range []struct{ filled, want string }{{"0", "0.015"}, {"0.005", "0.010"}, {"0.015", "0.000"}, {"0.020", "-0.005"}} {
		o.Filled = dec(tt.filled)
		if got := o.Remaining().String(); got != tt.want {
			t.Errorf("filled %s of 0.015, remaining %s, want %s", tt.filled, got, tt.want)
		}
	}
	if !(exchange.Order{}).Remaining().IsZero() {
		t.Error("something remains of no order")
	}
}

// A fill reported twice has one key, whatever else differs; each part of the key sets two fills apart.
func TestFillKey(t *testing.T) {
	base := exchange.Fill{Market: btcUSDT, Account: "a", TradeID: "1", VenueID: "o-1", ClientID: "c-1", Side: exchange.Buy, Price: dec("2"), Quantity: dec("3")}
	tests := []struct {
		name string
		edit func(*exchange.Fill)
		same bool
	}{
		{"repeated", func(*exchange.Fill) {}, true},
		{"client id missing in one report", func(f *exchange.Fill) { f.ClientID = "" }, true},
		{"fee told later", func(f *exchange.Fill) { f.Fee, f.FeeAsset = dec("0.1"), "BNB" }, true},
		{"scale of the price", func(f *exchange.Fill) { f.Price = dec("2.00") }, true},
		{"time", func(f *exchange.Fill) { f.Time = time.Unix(9, 0) }, true},
		{"trade", func(f *exchange.Fill) { f.TradeID = "2" }, false},
		{"the other order of one match", func(f *exchange.Fill) { f.VenueID = "o-2" }, false},
		{"account", func(f *exchange.Fill) { f.Account = "b" }, false},
		{"venue", func(f *exchange.Fill) { f.Market.Venue = "okx" }, false},
		{"symbol", func(f *exchange.Fill) { f.Market.Symbol.Base = "ETH" }, false},
		{"kind", func(f *exchange.Fill) { f.Market.Symbol.Kind = exchange.Perp }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := base
			tt.edit(&f)
			seen := map[exchange.FillKey]bool{base.Key(): true}
			if seen[f.Key()] != tt.same {
				t.Errorf("%+v and %+v: same is %t, want %t", base.Key(), f.Key(), !tt.same, tt.same)
			}
		})
	}
}

func TestMoneyOfFillsAndBalances(t *testing.T) {
	f := exchange.Fill{Price: dec("0.29"), Quantity: dec("100")}
	if got := f.Notional().String(); got != "29.00" {
		t.Errorf("notional %s, want 29.00", got)
	}
	b := exchange.Balance{Asset: "BTC", Free: dec("0.1"), Locked: dec("0.2")}
	if got := b.Total().String(); got != "0.3" {
		t.Errorf("total %s, want 0.3", got)
	}
}
