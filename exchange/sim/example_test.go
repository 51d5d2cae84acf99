package sim_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func exampleEngine() *sim.Engine {
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: "alpha",
		Instruments: []exchange.Instrument{{
			Market:   exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("BTC-USDT")},
			Tradable: true, Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.001"),
		}},
		Fees:     exchange.FeeRates{Maker: exchange.MustDecimal("0.0002"), Taker: exchange.MustDecimal("0.0005")},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("10000")}},
	})
	if err != nil {
		panic(err)
	}
	return e
}

// exampleBook offers 0.5 BTC at 100.10 and 2 BTC at 100.20.
func exampleBook() *exchange.Book {
	return &exchange.Book{
		Market: exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("BTC-USDT")},
		Scale:  exchange.Scale{Price: -2, Size: -3},
		Bids:   []exchange.Level{{Price: 10000, Size: 1000}},
		Asks:   []exchange.Level{{Price: 10020, Size: 2000}, {Price: 10010, Size: 500}},
	}
}

func exampleOrder(id string) exchange.OrderRequest {
	return exchange.OrderRequest{
		Market: exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("BTC-USDT")}, ClientID: id,
		Side: exchange.Buy, TIF: exchange.IOC, Price: exchange.MustDecimal("100.20"), Quantity: exchange.MustDecimal("1"),
	}
}

// What an order took stays taken until the level changes.
func ExampleEngine() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := exampleEngine()
	if err := e.SetBook(now, exampleBook()); err != nil {
		panic(err)
	}
	o, err := e.Submit(now, exampleOrder("a"))
	if err != nil {
		panic(err)
	}
	fmt.Println(o.Status, o.Filled, "for", o.AvgPrice, "on average")
	for _, f := range o.Fills {
		fmt.Println(f.Quantity, "at", f.Price, "fee", f.Fee, f.FeeAsset)
	}
	var b exchange.Book
	_ = e.SetBook(now, exampleBook()) // the same book again
	e.Book(exchange.MustSymbol("BTC-USDT"), &b)
	best, _ := b.Best(exchange.Buy)
	fmt.Println("best ask now", b.Size(best), "at", b.Price(best))
	for _, x := range e.Balances(e.Account()) {
		fmt.Println(x.Asset, x.Free)
	}
	// Output:
	// filled 1.000 for 100.1500000000 on average
	// 0.500 at 100.10 fee 0.025025000 USDT
	// 0.500 at 100.20 fee 0.025050000 USDT
	// best ask now 1.500 at 100.20
	// BTC 1.000
	// USDT 9899.799925000
}

// Accounts trade with one another: one trade, a fill for each side.
func ExampleEngine_accounts() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g, err := sim.NewGenerator(sim.GeneratorConfig{})
	if err != nil {
		panic(err)
	}
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: "alpha", Instruments: g.Instruments("alpha"), Fees: exchange.FeeRates{Maker: exchange.MustDecimal("0.0002"), Taker: exchange.MustDecimal("0.0005")},
		Account: "taker", Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("10000")}},
		Accounts:  []sim.AccountConfig{{ID: "maker", Balances: []exchange.Amount{{Asset: "BTC", Quantity: exchange.MustDecimal("1")}}}},
		SelfTrade: sim.CancelMaker,
	})
	if err != nil {
		panic(err)
	}
	if err := e.SetBook(now, exampleBook()); err != nil {
		panic(err)
	}
	rests := exampleOrder("m")
	rests.Account, rests.Side, rests.TIF, rests.Price = "maker", exchange.Sell, exchange.GTC, exchange.MustDecimal("100.05")
	if _, err := e.Submit(now, rests); err != nil {
		panic(err)
	}
	takes := exampleOrder("t")
	takes.Account = "taker"
	if _, err := e.Submit(now, takes); err != nil {
		panic(err)
	}
	for _, f := range e.Log() {
		fmt.Println("trade", f.TradeID, f.Account, f.Side, f.Quantity, "at", f.Price, "fee", f.Fee, "maker", f.Maker)
	}
	// Output:
	// trade 3 taker buy 1.00000 at 100.05 fee 0.05002500000 maker false
	// trade 3 maker sell 1.00000 at 100.05 fee 0.02001000000 maker true
}

// Virtual time runs as fast as the machine, and always in the same order.
func ExampleLoop() {
	l := sim.NewLoop(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	l.After(time.Hour, func() { fmt.Println(l.Now().Format(time.TimeOnly), "later") })
	l.After(0, func() { fmt.Println(l.Now().Format(time.TimeOnly), "first") })
	l.Run()
	// Output:
	// 00:00:00 first
	// 01:00:00 later
}

// An acknowledgement is lost: the call ends without an answer, a lookup tells what happened.
func ExampleLink() {
	loop := sim.NewLoop(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	link, err := sim.NewLink(sim.LinkConfig{
		Engine: exampleEngine(), Loop: loop,
		Latency: sim.Latency{Entry: sim.Delay{Min: 5 * time.Millisecond}, Response: sim.Delay{Min: 5 * time.Millisecond}},
		Faults:  sim.Faults{Orders: sim.Rates{LostAck: 1_000_000}},
	})
	if err != nil {
		panic(err)
	}
	if err := link.Publish(exampleBook()); err != nil {
		panic(err)
	}
	req := exampleOrder("a")
	link.Place(req, func(_ exchange.Order, err error) {
		fmt.Println(loop.Now().Format("05.000"), err)
		link.Lookup(req.Ref(), func(o exchange.Order, err error) {
			fmt.Println(loop.Now().Format("05.000"), o.Status, o.Filled, err)
		})
	})
	loop.Run()
	// Output:
	// 01.000 alpha place: outcome unknown: code timeout: context deadline exceeded
	// 01.010 filled 1.000 <nil>
}

// The same engine behind the ports that every venue has.
func ExampleExchange() {
	x, err := sim.NewExchange(sim.ExchangeConfig{Engine: exampleEngine()})
	if err != nil {
		panic(err)
	}
	defer x.Close()
	if err := x.Publish(exampleBook()); err != nil {
		panic(err)
	}
	var venue exchange.Exchange = x
	ctx := context.Background()
	o, err := venue.Place(ctx, exampleOrder("a"))
	fmt.Println(o.Status, o.Filled, err)
	_, err = venue.Place(ctx, exampleOrder("a"))
	fmt.Println(errors.Is(err, exchange.ErrRejected), errors.Is(err, exchange.ErrConflict))
	// Output:
	// filled 1.000 <nil>
	// true true
}

// Books for three venues without a recording.
func ExampleGenerator() {
	g, err := sim.NewGenerator(sim.GeneratorConfig{Seed: 1})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, b := range g.Step(now) {
		_, crossed := b.Best(exchange.Buy)
		fmt.Println(b.Market, len(b.Bids), len(b.Asks), crossed && b.Check() == nil)
	}
	// Output:
	// alpha:BTC-USDT 20 20 true
	// beta:BTC-USDT 20 20 true
	// gamma:BTC-USDT 20 20 true
	// alpha:ETH-USDT 20 20 true
	// beta:ETH-USDT 20 20 true
	// gamma:ETH-USDT 20 20 true
}

func ExampleFaultProfile() {
	f, err := sim.FaultProfile("basic", 7)
	fmt.Println(f.Orders.Reject, "in a million placements are refused", err)
	_, err = sim.FaultProfile("wild", 7)
	fmt.Println(err)
	// Output:
	// 200000 in a million placements are refused <nil>
	// sim: no fault profile "wild": want none, basic or full: invalid request
}
