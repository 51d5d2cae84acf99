package bothlegs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// One order on Binance's demo market, play money, and how to learn what became of it, at OKX and Bybit alike: their Credentials differ. It is
// compiled here, and not run: it needs a key.
func Example_venue() {
	venue, err := binance.New(binance.Config{
		Endpoints:   binance.Demo(),
		Credentials: binance.Credentials{Key: "your key", Secret: exchange.NewSecret("your secret")},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	request := exchange.OrderRequest{
		Market:   exchange.Market{Venue: binance.Venue, Symbol: exchange.MustSymbol("BTC-USDT")},
		ClientID: "ORD-20261128-1", // yours, unique: it is how an order is found again
		Side:     exchange.Buy,
		TIF:      exchange.IOC,
		Price:    exchange.MustDecimal("60000"),
		Quantity: exchange.MustDecimal("0.001"),
		Deadline: time.Now().Add(2 * time.Second), // the venue refuses it later
	}
	order, err := venue.Place(ctx, request)
	if err != nil && !errors.Is(err, exchange.ErrOutcomeUnknown) {
		log.Fatal(err) // not sent, or rejected: nothing happened
	}
	// It may have happened, or it is only acknowledged: never send it again, ask until the venue tells how it ended.
	for err != nil || !order.Status.Final() {
		time.Sleep(200 * time.Millisecond)
		asked := time.Now()
		order, err = venue.Lookup(ctx, request.Ref())
		if errors.Is(err, exchange.ErrNotFound) && asked.After(request.Deadline.Add(2*time.Second)) {
			log.Fatal("it never arrived") // too late for it to come, and for the venue to be slow in showing it
		}
	}
	fmt.Println(order.Status, order.Filled, "filled at", order.AvgPrice)
}
