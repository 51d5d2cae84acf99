package bothlegs_test

import (
	"fmt"
	"log"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/order"
	"github.com/bothlegs/bothlegs/pnl"
)

// The whole way of the data in virtual time, as backtests run it: ten seconds of two venues whose faults are drawn from a seed. It ends
// alike every time.
func Example() {
	world, err := sim.NewGenerator(sim.GeneratorConfig{Seed: 1, Venues: []exchange.Venue{"alpha", "beta"}})
	if err != nil {
		log.Fatal(err)
	}
	loop := sim.NewLoop(time.Unix(1_800_000_000, 0).UTC())
	ledger, links := pnl.NewLedger(), map[exchange.Venue]*sim.Link{}
	var observe func(*exchange.Book)
	var rules []exchange.Instrument
	var traders []order.AsyncTrader
	for _, v := range []exchange.Venue{"alpha", "beta"} {
		rules = append(rules, world.Instruments(v)...)
		engine, err := sim.NewEngine(sim.EngineConfig{Venue: v, Instruments: world.Instruments(v), Fees: exchange.FeeRates{Taker: exchange.MustDecimal("0.0005")},
			Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("50000")}, {Asset: "BTC", Quantity: exchange.MustDecimal("1")}}})
		if err != nil {
			log.Fatal(err)
		}
		faults, err := sim.FaultProfile("basic", uint64(len(traders)))
		if err != nil {
			log.Fatal(err)
		}
		link, err := sim.NewLink(sim.LinkConfig{Engine: engine, Loop: loop, Faults: faults, Latency: sim.Latency{Entry: sim.Delay{Min: 2 * time.Millisecond}},
			OnBook: func(b *exchange.Book) { observe(b) }})
		if err != nil {
			log.Fatal(err)
		}
		links[v] = link
		traders = append(traders, link)
	}
	books, err := feed.New(feed.Config{}) // fed by Put
	if err != nil {
		log.Fatal(err)
	}
	driver, err := order.NewDriver(order.Config{Instruments: rules, Books: books, Booker: ledger}, loop, traders...)
	if err != nil {
		log.Fatal(err)
	}
	symbol := exchange.MustSymbol("BTC-USDT")
	scanner, err := arb.NewScanner(arb.ScannerConfig{Instruments: rules, Notional: exchange.MustDecimal("1000"),
		Pairs: []arb.Pair{{A: exchange.Market{Venue: "alpha", Symbol: symbol}, B: exchange.Market{Venue: "beta", Symbol: symbol}}}})
	if err != nil {
		log.Fatal(err)
	}
	outcomes := map[order.Outcome]int{}
	observe = func(b *exchange.Book) {
		books.Put(b)
		if opportunity, verdict := scanner.Observe(b); verdict.Pass {
			driver.Execute(opportunity.Plan, func(r order.Result, err error) {
				if err == nil {
					outcomes[r.Outcome]++
				}
			})
		}
	}
	for range 400 {
		for _, b := range world.Step(loop.Now()) {
			if err := links[b.Market.Venue].Publish(b); err != nil {
				log.Fatal(err)
			}
		}
		loop.RunUntil(loop.Now().Add(world.Interval()))
	}
	loop.Run() // what is under way ends
	fmt.Println("idle:", driver.Idle(), "imbalance:", ledger.Imbalance())
	fmt.Println("something completed:", outcomes[order.Completed] > 0, "exposed:", outcomes[order.Exposed])
	// Output:
	// idle: true imbalance: []
	// something completed: true exposed: 0
}
