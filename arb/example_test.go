package arb_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// The books that the examples look at: buy at one venue for 100 and a little more, sell at another for 105 and a little less.
func exampleBooks() (cheap, dear *exchange.Book) {
	scale := exchange.Scale{Price: -2, Size: -3} // cents, and thousandths of a coin
	now := time.Date(2026, 8, 9, 12, 0, 0, 0, time.UTC)
	return &exchange.Book{
			Market: exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("SOL-USDT")}, Scale: scale, RecvTime: now,
			Bids: []exchange.Level{{Price: 9990, Size: 8000}},
			Asks: []exchange.Level{{Price: 10100, Size: 4000}, {Price: 10000, Size: 2000}}, // the best is the last
		}, &exchange.Book{
			Market: exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("SOL-USDT")}, Scale: scale, RecvTime: now.Add(3 * time.Millisecond),
			Bids: []exchange.Level{{Price: 10450, Size: 9000}, {Price: 10500, Size: 1000}},
			Asks: []exchange.Level{{Price: 10510, Size: 8000}},
		}
}

func exampleScanner() *arb.Scanner {
	alpha := exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("SOL-USDT")}
	beta := exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("SOL-USDT")}
	rules := func(m exchange.Market) exchange.Instrument {
		return exchange.Instrument{Market: m, Tradable: true, Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.001"),
			MinNotional: exchange.MustDecimal("5"), Contract: exchange.MustDecimal("1"), Settle: "USDT"}
	}
	s, err := arb.NewScanner(arb.ScannerConfig{
		Pairs:       []arb.Pair{{A: alpha, B: beta}},
		Instruments: []exchange.Instrument{rules(alpha), rules(beta)},
		Notional:    exchange.MustDecimal("1000"),
		MinEdge:     exchange.MustDecimal("0.0001"),
	})
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleScanner_Observe() {
	s := exampleScanner()
	cheap, dear := exampleBooks()

	_, v := s.Observe(cheap)
	fmt.Println(v)
	o, v := s.Observe(dear)
	fmt.Println(v)
	for _, leg := range o.Plan.Legs {
		fmt.Println(leg.Side, leg.Quantity, leg.Market, "at", leg.Price, leg.TIF)
	}
	// Output:
	// no_counterpart: alpha:SOL-USDT and beta:SOL-USDT
	// passed: buy alpha:SOL-USDT at 100, sell beta:SOL-USDT at 105: gross 30 - fees 0.302 + 0.31375 - slippage 6.5 = net 22.88425 > threshold 0.06275, size 6, ages 3ms and 0s
	// buy 6.000 alpha:SOL-USDT at 101.00 IOC
	// sell 6.000 beta:SOL-USDT at 104.50 IOC
}

func ExampleNewScanner() {
	_, err := arb.NewScanner(arb.ScannerConfig{
		Pairs: []arb.Pair{{
			A: exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("SOL-USDT")},
			B: exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("SOL-USDC")},
		}},
		Notional: exchange.MustDecimal("1000"),
	})
	fmt.Println(err)
	// Output: arb: config: Pairs[0]: alpha:SOL-USDT and beta:SOL-USDC trade different things
}

func ExampleScanner_Forget() {
	s := exampleScanner()
	cheap, dear := exampleBooks()
	s.Observe(cheap)
	s.Forget(cheap.Market) // its connection is down, say
	_, v := s.Observe(dear)
	fmt.Println(v.Term)
	// Output: no_counterpart
}

func ExampleScanner_SetFees() {
	s := exampleScanner()
	cheap, dear := exampleBooks()
	s.Observe(cheap)
	gas := arb.Fee{Rate: exchange.MustDecimal("0.0005"), Fixed: exchange.MustDecimal("40")}
	if err := s.SetFees(cheap.Market, arb.Fees{Buy: gas, Sell: gas}); err != nil {
		panic(err)
	}
	_, v := s.Observe(dear)
	fmt.Println(v)
	// Output: fees: buy alpha:SOL-USDT at 100, sell beta:SOL-USDT at 105: gross 30 - fees 40.302 + 0.31375 - slippage 6.5 = net -17.11575 <= threshold 0.06275, size 6, ages 3ms and 0s
}

func ExampleCosts_Prices() {
	a := arb.Costs{}.Prices(arb.Prices{Ask: exchange.MustDecimal("10000"), Bid: exchange.MustDecimal("10021")})
	fmt.Println(a.Clears(), a)
	// Output: true gross 21 - fees 5 + 5.0105 - slippage 10.021 = net 0.9685 > threshold 0, size 1
}

func ExampleCosts_Books() {
	cheap, dear := exampleBooks()
	a, err := arb.Costs{}.Books(arb.Books{Buy: cheap, Sell: dear}, exchange.MustDecimal("6"))
	fmt.Println(a, err)
	_, err = arb.Costs{}.Books(arb.Books{Buy: cheap, Sell: dear}, exchange.MustDecimal("7"))
	fmt.Println(err)
	// Output:
	// gross 30 - fees 0.302 + 0.31375 - slippage 6.5 = net 22.88425 > threshold 0, size 6 <nil>
	// arb: alpha:SOL-USDT: buy 7: insufficient depth, the book holds 6.000
}

func ExampleSensitivity() {
	f, s := exchange.MustDecimal("0.0005"), exchange.MustDecimal("0.0005")
	table, err := arb.Sensitivity(exchange.MustDecimal("12800"),
		arb.Rates{Fee: f}, arb.Rates{Fee: f.Add(f)}, arb.Rates{Fee: f, Slippage: s})
	if err != nil {
		panic(err)
	}
	for _, row := range table {
		fmt.Println(row.Linear, row.Exact)
	}
	// Output:
	// 12.8000 12.8064032017
	// 25.6000 25.6256256257
	// 19.2000 19.2192192193
}

func ExampleWalk() {
	cheap, _ := exampleBooks()
	w, err := arb.Walk(cheap, exchange.Buy, exchange.MustDecimal("4"))
	if err != nil {
		panic(err)
	}
	fmt.Println(w.Notional, w.Worst, w.Levels, w.Slippage(exchange.MustDecimal("1")))
	// Output: 402.00000 101.00 2 0.005000000000000000
}

func ExampleSimpleSlippage() {
	cheap, _ := exampleBooks()
	simple, _ := arb.SimpleSlippage(cheap, exchange.Buy, exchange.MustDecimal("4"))
	exact, _ := arb.ExactSlippage(cheap, exchange.Buy, exchange.MustDecimal("4"))
	_, err := arb.SimpleSlippage(cheap, exchange.Buy, exchange.MustDecimal("400"))
	fmt.Println(simple, exact, errors.Is(err, arb.ErrDepth))
	// Output: 0.001500000000000000 0.005000000000000000 true
}

func ExampleTopSlippage() {
	cheap, _ := exampleBooks()
	s, err := arb.TopSlippage(cheap, exchange.Buy, 2)
	fmt.Println(s, err)
	_, err = arb.TopSlippage(cheap, exchange.Buy, 0) // five
	fmt.Println(err)
	// Output:
	// 0.006666666666666667 <nil>
	// arb: alpha:SOL-USDT: buy 5: insufficient depth, the book holds 2
}
