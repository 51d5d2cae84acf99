package bybittest_test

import (
	"context"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// rules are a market's.
func rules(symbol string) exchange.Instrument {
	return exchange.Instrument{
		Market: exchange.Market{Venue: bybittest.Venue, Symbol: exchange.MustSymbol(symbol)}, VenueSymbol: "BTCUSDT", Tradable: true,
		Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.001"), Contract: exchange.MustDecimal("1"), Settle: "USDT",
	}
}

// A venue in a box: the adapter trades on it over loopback, as any other client could.
func ExampleNewServer() {
	market := rules("BTC-USDT").Market
	engine, err := sim.NewEngine(sim.EngineConfig{
		Venue: bybittest.Venue, Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("1000")}},
		Instruments: []exchange.Instrument{rules("BTC-USDT"), rules("BTC-USDT-PERP")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := bybittest.NewServer(engine, bybittest.Config{Keys: []bybittest.Key{{Key: "my-key", Secret: "my-secret"}}})
	defer server.Close()
	err = server.Publish(&exchange.Book{
		Market: market, Scale: exchange.Scale{Price: -2, Size: -3},
		Bids: []exchange.Level{{Price: 99_90, Size: 5_000}}, Asks: []exchange.Level{{Price: 100_10, Size: 5_000}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	client, err := bybit.New(bybit.Config{
		Endpoints:   bybit.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream")},
		Credentials: bybit.Credentials{Key: "my-key", Secret: exchange.NewSecret("my-secret")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	order, err := client.Place(ctx, exchange.OrderRequest{
		Market: market, ClientID: "first", Side: exchange.Buy, TIF: exchange.IOC,
		Price: exchange.MustDecimal("100.10"), Quantity: exchange.MustDecimal("2"),
	})
	fmt.Println(order.Status, err)
	order, err = client.Lookup(ctx, order.Ref())
	fmt.Println(order.Status, order.AvgPrice, err)
	// Output:
	// pending <nil>
	// filled 100.1 <nil>
}
