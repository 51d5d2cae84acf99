package arb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

func ptr(s string) *exchange.Decimal { return new(dec(s)) }

func TestPrices(t *testing.T) {
	free := &arb.Fee{}
	tests := []struct {
		name     string
		costs    arb.Costs
		ask, bid string
		net      string
		clears   bool
	}{
		// 10 - (5.005 + 5 + 10.01): the textbook's defaults, f = 0.0005 twice and s = 0.001.
		{"defaults, too little", arb.Costs{}, "10000", "10010", "-10.015", false},
		{"defaults, enough", arb.Costs{}, "10000", "10021", "0.9685", true},
		// 0.9985 * P_A = 1.0005 * P_B: exactly break-even.
		{"defaults, break-even", arb.Costs{}, "9985", "10005", "0", false},
		{"defaults, just above", arb.Costs{}, "9985", "10005.00000001", "0.000000009985", true},
		{"defaults, crossed the other way", arb.Costs{}, "10005", "9985", "-40", false},
		{"break-even without slippage", arb.Costs{Slippage: ptr("0")}, "9995", "10005", "0", false},
		{"above it", arb.Costs{Slippage: ptr("0")}, "9995", "10005.01", "0.009995", true},
		{"nothing costs anything", arb.Costs{Buy: free, Sell: free, Slippage: ptr("0")}, "100", "100.01", "0.01", true},
		{"equal prices", arb.Costs{Buy: free, Sell: free, Slippage: ptr("0")}, "100", "100", "0", false},
		{"fees differ by side", arb.Costs{Buy: &arb.Fee{Rate: dec("0.0002")}, Sell: &arb.Fee{Rate: dec("0.00025")}, Slippage: ptr("0")},
			"1000", "1001", "0.54975", true},
		{"a rebate pays for a loss", arb.Costs{Buy: &arb.Fee{Rate: dec("-0.0002")}, Sell: free, Slippage: ptr("0")}, "1000", "999.9", "0.1", true},
		{"slippage counts on the higher price, the ask", arb.Costs{Buy: free, Sell: free}, "2000", "1000", "-1002", false},
		{"a fixed cost", arb.Costs{Buy: &arb.Fee{Fixed: dec("3")}, Sell: free, Slippage: ptr("0")}, "100", "103", "0", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.costs.Prices(arb.Prices{Ask: dec(tt.ask), Bid: dec(tt.bid)})
			if !a.Net.Equal(dec(tt.net)) || a.Clears() != tt.clears {
				t.Errorf("net %s, clears %t; want %s, %t: %s", a.Net, a.Clears(), tt.net, tt.clears, a)
			}
			if sum := a.Gross.Sub(a.TotalFees()).Sub(a.Slippage); !sum.Equal(a.Net) {
				t.Errorf("the terms sum to %s, net is %s", sum, a.Net)
			}
		})
	}
}

func TestBooks(t *testing.T) {
	buy := book(marketA, "", "100 1, 101 2, 103 5")
	sell := book(marketB, "105 2, 104 1, 100 9", "")
	free := arb.Costs{Buy: &arb.Fee{}, Sell: &arb.Fee{}}
	tests := []struct {
		name                 string
		costs                arb.Costs
		size                 string
		gross, slippage, net string
	}{
		{"first levels only", free, "1", "5", "0", "5"},
		{"a walk", free, "3", "15", "3", "12"}, // 314 - 302
		{"a size that is not on the books' grid", free, "0.001", "0.005", "0", "0.005"},
		{"default fees, and no flat slippage", arb.Costs{}, "3", "15", "3", "11.692"}, // 12 - 0.157 - 0.151
		{"explicit slippage plays no part", arb.Costs{Slippage: ptr("0.5")}, "3", "15", "3", "11.692"},
		{"a walk that ends in a loss", free, "8", "40", "43", "-3"}, // 814 - 817
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := tt.costs.Books(arb.Books{Buy: buy, Sell: sell}, dec(tt.size))
			if err != nil {
				t.Fatal(err)
			}
			if !a.Gross.Equal(dec(tt.gross)) || !a.Slippage.Equal(dec(tt.slippage)) || !a.Net.Equal(dec(tt.net)) {
				t.Errorf("%s; want gross %s, slippage %s, net %s", a, tt.gross, tt.slippage, tt.net)
			}
		})
	}
}

func TestBooksErrors(t *testing.T) {
	buy, sell := book(marketA, "", "100 1"), book(marketB, "105 2", "")
	down := book(marketB, "", "")
	down.Invalidate(exchange.ErrGap)
	other := book(exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("BTC-USDC")}, "105 2", "")
	tests := []struct {
		name      string
		buy, sell *exchange.Book
		size      string
		want      error
	}{
		{"too much for the asks", buy, sell, "1.1", arb.ErrDepth},
		{"too much for the bids", book(marketA, "", "100 9"), sell, "3", arb.ErrDepth},
		{"no size", buy, sell, "0", exchange.ErrInvalid},
		{"an invalid book", buy, down, "1", exchange.ErrGap},
		{"another stablecoin", buy, other, "1", exchange.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := arb.Costs{}.Books(arb.Books{Buy: tt.buy, Sell: tt.sell}, dec(tt.size))
			if !errors.Is(err, tt.want) || !a.Net.IsZero() {
				t.Errorf("%s, %v; want %v", a, err, tt.want)
			}
		})
	}
}

// TestSensitivity holds the three rows of the description, and the exact figures beside them.
func TestSensitivity(t *testing.T) {
	table, err := arb.Sensitivity(dec("12800"),
		arb.Rates{Fee: dec("0.0005")}, arb.Rates{Fee: dec("0.001")}, arb.Rates{Fee: dec("0.0005"), Slippage: dec("0.0005")})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ linear, exact string }{{"12.8", "12.8064"}, {"25.6", "25.6256"}, {"19.2", "19.2192"}} {
		if got := table[i]; !got.Linear.Equal(dec(want.linear)) || !strings.HasPrefix(got.Exact.String(), want.exact) {
			t.Errorf("row %d: %s and %s, want %s and %s...", i, got.Linear, got.Exact, want.linear, want.exact)
		}
	}
}

// TestBreakEvenIsTheEdge: at less than the exact figure nothing clears, above it everything does.
func TestBreakEvenIsTheEdge(t *testing.T) {
	rates := arb.Rates{Fee: dec("0.0005"), Slippage: dec("0.001")}
	price := dec("12800")
	table, err := arb.Sensitivity(price, rates)
	if err != nil {
		t.Fatal(err)
	}
	ulp := dec("0.0000000001")
	at := func(spread exchange.Decimal) bool {
		return arb.Costs{}.Prices(arb.Prices{Ask: price, Bid: price.Add(spread)}).Clears()
	}
	if exact := table[0].Exact; at(exact.Sub(ulp)) || !at(exact.Add(ulp)) {
		t.Errorf("%s is not the edge", exact)
	}
	if at(table[0].Linear) {
		t.Errorf("the linear figure %s clears, though it is too small", table[0].Linear)
	}
}

func TestSensitivityErrors(t *testing.T) {
	for _, r := range []arb.Rates{{Fee: dec("1")}, {Fee: dec("0.5"), Slippage: dec("0.5")}} {
		if _, err := arb.Sensitivity(dec("100"), r); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%v: %v", r, err)
		}
	}
	if _, err := arb.Sensitivity(dec("0"), arb.Rates{}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("price 0: %v", err)
	}
}

// TestFeeAssets: whatever a fee is taken in, it is worth the same.
func TestFeeAssets(t *testing.T) {
	trade := arb.Trade{Price: dec("200"), Quantity: dec("3"), Worth: dec("500")}
	tests := []struct {
		name         string
		in           arb.FeeAsset
		amount, unit string
	}{
		{"quote", arb.FeeInQuote, "0.6", "1"},
		{"base", arb.FeeInBase, "0.003", "200"},
		{"a third asset", arb.FeeInOther, "0.0012", "500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := arb.Fee{Rate: dec("0.001"), In: tt.in}
			amount, err := f.Amount(trade)
			if err != nil || !amount.Equal(dec(tt.amount)) {
				t.Fatalf("%s, %v; want %s", amount, err, tt.amount)
			}
			if worth := amount.Mul(dec(tt.unit)); !worth.Equal(f.Cost(dec("600"))) {
				t.Errorf("worth %s, cost %s", worth, f.Cost(dec("600")))
			}
		})
	}
	if _, err := (arb.Fee{In: arb.FeeInOther}).Amount(arb.Trade{Price: dec("1"), Quantity: dec("1")}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("a third asset without its worth: %v", err)
	}
	if rebate := (arb.Fee{Rate: dec("-0.0001"), Fixed: dec("1")}).Cost(dec("1000")); !rebate.Equal(dec("0.9")) {
		t.Errorf("a rebate and a fixed cost: %s", rebate)
	}
}
