package okxtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// A venue with one market, and a client of it: the library's own, or anybody's.
func ExampleNewServer() {
	market := exchange.Market{Venue: "okx", Symbol: exchange.Symbol{Base: "BTC", Quote: "USDT"}}
	rules := []exchange.Instrument{{Market: market, VenueSymbol: "BTC-USDT", Tradable: true, Tick: exchange.MustDecimal("0.1"),
		Lot: exchange.MustDecimal("0.0001"), Contract: exchange.MustDecimal("1"), Settle: "USDT"}}
	engine, err := sim.NewEngine(sim.EngineConfig{
		Venue: "okx", Instruments: rules, Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("10000")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := okxtest.NewServer(engine, okxtest.Config{Keys: []okxtest.Key{{Key: "key", Secret: "secret", Passphrase: "phrase"}}})
	defer server.Close()
	err = server.Publish(&exchange.Book{Market: market, Scale: exchange.Scale{Price: -1, Size: -4},
		Bids: []exchange.Level{{Price: 499_990, Size: 10_000}}, Asks: []exchange.Level{{Price: 500_010, Size: 10_000}}})
	if err != nil {
		log.Fatal(err)
	}

	client, err := okx.New(okx.Config{
		Endpoints:   okx.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream"), Private: server.URL("private")},
		Credentials: okx.Credentials{Key: "key", Secret: exchange.NewSecret("secret"), Passphrase: exchange.NewSecret("phrase")},
		Instruments: rules,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	request := exchange.OrderRequest{Market: market, ClientID: "first-1", Side: exchange.Buy, TIF: exchange.IOC,
		Price: exchange.MustDecimal("50001"), Quantity: exchange.MustDecimal("0.1")}
	if _, err := client.Place(ctx, request); err != nil {
		log.Fatal(err)
	}
	order, err := client.Lookup(ctx, request.Ref())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.Status, order.Filled, "at", order.Fills[0].Price)

	resp, err := http.Get(server.URL("rest") + "/api/v5/market/books?instId=BTC-USDT") // as any other program would
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data []struct{ Asks [][4]string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println("left at", answer.Data[0].Asks[0][0]+":", answer.Data[0].Asks[0][1])
	// Output:
	// filled 0.1 at 50001
	// left at 50001: 0.9
}
