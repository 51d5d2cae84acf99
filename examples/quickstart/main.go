// Command quickstart is a whole program: for five seconds it trades the price gaps between two simulated venues.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/order"
	"github.com/bothlegs/bothlegs/pnl"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	symbol := exchange.MustSymbol("BTC-USDT")
	world := must(sim.NewGenerator(sim.GeneratorConfig{Venues: []exchange.Venue{"alpha", "beta"}}))
	alpha, beta := open(world, "alpha"), open(world, "beta") // an exchange.Exchange each

	books := must(feed.New(feed.Config{},
		feed.Subscription{Source: alpha, Symbols: []exchange.Symbol{symbol}},
		feed.Subscription{Source: beta, Symbols: []exchange.Symbol{symbol}}))
	scanner := must(arb.NewScanner(arb.ScannerConfig{
		Pairs:       []arb.Pair{{A: exchange.Market{Venue: "alpha", Symbol: symbol}, B: exchange.Market{Venue: "beta", Symbol: symbol}}},
		Instruments: append(world.Instruments("alpha"), world.Instruments("beta")...),
		Notional:    exchange.MustDecimal("1000"), // Fees not given are 5 basis points: set yours
	}))
	ledger := pnl.NewLedger()
	orders := must(order.New(order.Config{Books: books, Booker: ledger}, alpha, beta))
	var running sync.WaitGroup
	running.Go(func() { log.Println("books:", books.Run(ctx)) })
	running.Go(func() { log.Println("orders:", orders.Run(ctx)) })
	go publish(ctx, world, map[exchange.Venue]*sim.Exchange{"alpha": alpha, "beta": beta})

	for update := range books.Updates(ctx) {
		opportunity, verdict := scanner.Observe(update.Book)
		if !verdict.Pass {
			continue // verdict.String() says which term decided, with the arithmetic
		}
		result, err := orders.Execute(ctx, opportunity.Plan)
		if errors.Is(err, exchange.ErrNotSent) {
			continue // err says why
		}
		fmt.Printf("%s: %s BTC from %s to %s, for %s USDT net\n", result.Outcome, opportunity.Size, verdict.Buy.Venue, verdict.Sell.Venue, opportunity.Net)
	}
	running.Wait()
	fmt.Println(ledger.Fills(), "fills; holdings changed by", ledger.Changes(), "after fees of", ledger.Fees())
}

// open makes a venue in memory, and an account with 100,000 USDT and 2 BTC.
func open(world *sim.Generator, name exchange.Venue) *sim.Exchange {
	engine := must(sim.NewEngine(sim.EngineConfig{
		Venue: name, Instruments: world.Instruments(name), Fees: exchange.FeeRates{Taker: exchange.MustDecimal("0.0005")},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("100000")}, {Asset: "BTC", Quantity: exchange.MustDecimal("2")}},
	}))
	return must(sim.NewExchange(sim.ExchangeConfig{Engine: engine}))
}

// publish gives the venues their books until ctx ends.
func publish(ctx context.Context, world *sim.Generator, venues map[exchange.Venue]*sim.Exchange) {
	for tick := time.Tick(world.Interval()); ctx.Err() == nil; <-tick {
		for _, b := range world.Step(time.Now()) {
			if err := venues[b.Market.Venue].Publish(b); err != nil {
				log.Fatal(err)
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
