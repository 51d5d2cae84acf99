package order_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

func exampleEngine(v exchange.Venue) *sim.Engine {
	dec := exchange.MustDecimal
	m := exchange.Market{Venue: v, Symbol: exchange.MustSymbol("BTC-USDT")}
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue:       v,
		Instruments: []exchange.Instrument{{Market: m, Tradable: true, Tick: dec("0.01"), Lot: dec("0.0001"), Contract: dec("1"), Settle: "USDT"}},
		Balances:    []exchange.Amount{{Asset: "USDT", Quantity: dec("10000")}, {Asset: "BTC", Quantity: dec("1")}},
	})
	if err != nil {
		panic(err)
	}
	return e
}

func examplePlan() exchange.Plan {
	dec := exchange.MustDecimal
	symbol := exchange.MustSymbol("BTC-USDT")
	return exchange.Plan{Strategy: "example", Legs: []exchange.OrderRequest{
		{Market: exchange.Market{Venue: "left", Symbol: symbol}, Side: exchange.Buy, TIF: exchange.IOC, Price: dec("64000"), Quantity: dec("0.01")},
		{Market: exchange.Market{Venue: "right", Symbol: symbol}, Side: exchange.Sell, TIF: exchange.IOC, Price: dec("64100"), Quantity: dec("0.01")},
	}}
}

func exampleBook(v exchange.Venue, bid, ask, size int64) *exchange.Book {
	return &exchange.Book{Market: exchange.Market{Venue: v, Symbol: exchange.MustSymbol("BTC-USDT")}, Scale: exchange.Scale{Price: 0, Size: -4},
		Bids: []exchange.Level{{Price: bid, Size: size}}, Asks: []exchange.Level{{Price: ask, Size: size}}}
}

// A Coordinator over two venues: Run in the background, Execute for each plan.
func ExampleCoordinator() {
	var venues []exchange.Exchange
	for _, b := range []*exchange.Book{exampleBook("left", 63990, 64000, 500), exampleBook("right", 64100, 64110, 500)} {
		x, err := sim.NewExchange(sim.ExchangeConfig{Engine: exampleEngine(b.Market.Venue)})
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := x.Publish(b); err != nil {
			fmt.Println(err)
			return
		}
		venues = append(venues, x)
	}
	c, err := order.New(order.Config{}, venues...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()

	r, err := c.Execute(ctx, examplePlan())
	fmt.Println(r.Outcome, err)
	fmt.Println("gross", r.Legs[0].Cash.Add(r.Legs[1].Cash), "residual", r.Residual, r.Base)
	stop()
	fmt.Println("run:", <-ended)
	// Output:
	// completed <nil>
	// gross 1.000000 residual 0.0000 BTC
	// run: <nil>
}

// A Driver in virtual time: the second leg finds nothing to take, and the first is traded back.
func ExampleDriver() {
	loop := sim.NewLoop(time.Date(2024, 5, 21, 12, 0, 0, 0, time.UTC))
	var traders []order.AsyncTrader
	var rules []exchange.Instrument
	for _, b := range []*exchange.Book{exampleBook("left", 63990, 64000, 500), exampleBook("right", 64050, 64110, 500)} {
		engine := exampleEngine(b.Market.Venue)
		rules = append(rules, engine.Instruments()...)
		link, err := sim.NewLink(sim.LinkConfig{Engine: engine, Loop: loop, Latency: sim.Latency{Entry: sim.Delay{Min: time.Millisecond}}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := link.Publish(b); err != nil {
			fmt.Println(err)
			return
		}
		traders = append(traders, link)
	}
	d, err := order.NewDriver(order.Config{Instruments: rules}, loop, traders...)
	if err != nil {
		fmt.Println(err)
		return
	}
	d.Execute(examplePlan(), func(r order.Result, err error) {
		fmt.Println(r.Group, r.Outcome, "after", r.Ended.Sub(r.Started), err)
		fmt.Println("cost", r.Legs[0].Cash.Neg(), "residual", r.Residual, r.Base)
	})
	loop.Run()
	// Output:
	// ORD-20240521-1 unwound after 2ms <nil>
	// cost 0.100000 residual 0.0000 BTC
}
