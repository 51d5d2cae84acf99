package binancetest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// exampleEngine is a venue with one market, on which one account has some money.
func exampleEngine() (*sim.Engine, exchange.Market) {
	market := exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT")}
	engine, err := sim.NewEngine(sim.EngineConfig{
		Venue: "binance", SplitWallets: true, BaseFee: true,
		Instruments: []exchange.Instrument{{
			Market: market, VenueSymbol: "BTCUSDT", Tradable: true, Settle: "USDT", Contract: exchange.MustDecimal("1"),
			Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.00001"), MinQty: exchange.MustDecimal("0.00001"),
		}},
		Fees:     exchange.FeeRates{Maker: exchange.MustDecimal("0.001"), Taker: exchange.MustDecimal("0.001")},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("10000")}},
	})
	if err != nil {
		panic(err)
	}
	return engine, market
}

// Any program that trades on Binance trades on the server: here this library's own adapter.
func ExampleNewServer() {
	engine, market := exampleEngine()
	server := binancetest.NewServer(engine, binancetest.Config{Keys: []binancetest.Key{{Key: "key", Secret: "secret"}}})
	defer server.Close()
	book := &exchange.Book{Market: market, Bids: []exchange.Level{{Price: 49_999, Size: 1}}, Asks: []exchange.Level{{Price: 50_001, Size: 1}}}
	if err := server.Publish(book); err != nil {
		panic(err)
	}

	x, err := binance.New(binance.Config{
		Kinds:       []exchange.Kind{exchange.Spot},
		Credentials: binance.Credentials{Key: "key", Secret: exchange.NewSecret("secret")},
		Endpoints:   binance.Endpoints{SpotREST: server.URL("spotrest"), SpotStream: server.URL("spotstream"), SpotAPI: server.URL("spotapi")},
	})
	if err != nil {
		panic(err)
	}
	order, err := x.Place(context.Background(), exchange.OrderRequest{
		Market: market, ClientID: "first", Side: exchange.Buy, Type: exchange.TypeMarket, Quantity: exchange.MustDecimal("0.1"),
	})
	fmt.Println(order.Status, order.Filled, order.Fees, err)
	// Output: filled 0.10000000 [0.00010000 BTC] <nil>
}

// What goes wrong is said call by call: here the next question meets an overloaded venue.
func ExampleServer_Injector() {
	engine, _ := exampleEngine()
	server := binancetest.NewServer(engine, binancetest.Config{})
	defer server.Close()
	if err := server.Injector().Add(sim.Rule{Op: sim.OpRead, Fault: sim.Overloaded503}); err != nil {
		panic(err)
	}
	for range 2 {
		answer, err := http.Get(server.URL("spotrest") + "/api/v3/ping")
		if err != nil {
			panic(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, string(body))
	}
	// Output:
	// 503 {"code":-1008,"msg":"Server is currently overloaded with other requests. Please try again in a few minutes."}
	// 200 {}
}
