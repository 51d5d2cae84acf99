package sim_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What goes wrong, in a file: for servers, for -faults of a program, for a test.
func ExampleParseFaults() {
	f, err := sim.ParseFaults([]byte(`{"script": [{"op": "cancel", "fault": "fill-after-cancel", "percent": 50}]}`))
	fmt.Println(len(f.Script), f.Script[0].Fault, err)

	_, err = sim.ParseFaults([]byte(`{"script": [{"op": "orders", "fault": "crossed-book"}]}`))
	fmt.Println(err)
	// Output:
	// 1 fill-after-cancel <nil>
	// sim: fault "crossed-book" of "orders": no such pair: invalid
}

// The second placement from now on is executed, and its answer is lost on the way.
func ExampleInjector() {
	faults, err := sim.NewInjector(sim.Faults{}, sim.Latency{Entry: sim.Delay{Min: time.Millisecond}})
	if err != nil {
		panic(err)
	}
	if err := faults.Add(sim.Rule{Op: sim.OpPlace, Fault: sim.ResetAfter, Nth: 2}); err != nil {
		panic(err)
	}
	for _, id := range []string{"a", "b", "c"} {
		fate := faults.Next(time.Now(), sim.Call{Op: sim.OpPlace, Key: id})
		fmt.Printf("%s arrives after %s, executed: %t, fault: %q\n", id, fate.In, fate.Fault.Executed(), fate.Fault)
	}
	// Output:
	// a arrives after 1ms, executed: true, fault: ""
	// b arrives after 1ms, executed: true, fault: "reset-after"
	// c arrives after 1ms, executed: true, fault: ""
}

// An exchange whose first answer to a placement is garbage: the order lives, and Lookup finds it.
func ExampleExchange_Injector() {
	engine, err := sim.NewEngine(sim.EngineConfig{
		Venue: "x", Instruments: []exchange.Instrument{instrument(spot)},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("1000")}},
	})
	if err != nil {
		panic(err)
	}
	x, err := sim.NewExchange(sim.ExchangeConfig{Engine: engine})
	if err != nil {
		panic(err)
	}
	defer x.Close()
	if err := x.Publish(around100(spot)); err != nil {
		panic(err)
	}
	if err := x.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: sim.Garbage}); err != nil {
		panic(err)
	}
	o, err := x.Place(context.Background(), limit("a", spot, exchange.Buy, "1", "90"))
	fmt.Println(errors.Is(err, exchange.ErrOutcomeUnknown), o.ClientID)
	o, err = x.Lookup(context.Background(), o.Ref())
	fmt.Println(o.Status, err)
	// Output:
	// true a
	// accepted <nil>
}

// Two accounts on one floor: what one offers the other takes.
func ExampleNewFloor() {
	cfg := sim.EngineConfig{
		Venue: "x", Account: "maker", Instruments: []exchange.Instrument{instrument(spot)},
		Balances: []exchange.Amount{{Asset: "BTC", Quantity: exchange.MustDecimal("1")}},
		Accounts: []sim.AccountConfig{{ID: "taker", Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("1000")}}}},
	}
	engine, err := sim.NewEngine(cfg)
	if err != nil {
		panic(err)
	}
	floor := sim.NewFloor(engine)
	floor.Do(func(now time.Time, e *sim.Engine) { err = e.SetBook(now, around100(spot)) })
	if err != nil {
		panic(err)
	}
	place := func(a exchange.AccountID, side exchange.Side) {
		x, err := sim.NewExchange(sim.ExchangeConfig{Floor: floor, Account: a})
		if err != nil {
			panic(err)
		}
		defer x.Close()
		r := limit(string(a), spot, side, "0.5", "100")
		r.Account = a
		o, err := x.Place(context.Background(), r)
		fmt.Println(a, o.Status, err)
	}
	place("maker", exchange.Sell)
	place("taker", exchange.Buy)
	// Output:
	// maker accepted <nil>
	// taker filled <nil>
}
