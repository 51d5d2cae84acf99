package bybit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

// A Protocol's Decoder turns frames into books, wherever they come from. Its update 12 is missing here: the book is invalid until the venue
// sends a snapshot.
func ExampleProtocol() {
	p, err := bybit.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")})
	if err != nil {
		fmt.Println(err)
		return
	}
	d := p.Decoder(func(b *exchange.Book) {
		if b.Err != nil {
			fmt.Println("invalid:", b.Err)
			return
		}
		bid, _ := b.Best(exchange.Sell)
		ask, _ := b.Best(exchange.Buy)
		fmt.Printf("%s: %s x %s / %s x %s\n", b.Market, b.Price(bid), b.Size(bid), b.Price(ask), b.Size(ask))
	})
	for _, frame := range []string{
		`{"success":true,"ret_msg":"subscribe","conn_id":"d9avt8","op":"subscribe"}`,
		`{"topic":"orderbook.200.BTCUSDT","ts":1786310816516,"type":"snapshot","data":{"s":"BTCUSDT","b":[["65140.4","0.885797"]],"a":[["65140.5","1.5"]],"u":10,"seq":112488545843},"cts":1786310816512}`,
		`{"topic":"orderbook.200.BTCUSDT","ts":1786310816618,"type":"delta","data":{"s":"BTCUSDT","b":[["65140.4","0.875077"]],"a":[["65140.5","0"],["65140.6","0.2"]],"u":11,"seq":112488545865},"cts":1786310816585}`,
		`{"topic":"orderbook.200.BTCUSDT","ts":1786310816818,"type":"delta","data":{"s":"BTCUSDT","b":[["65140.4","0.9"]],"a":[],"u":13,"seq":112488545899},"cts":1786310816785}`,
	} {
		if _, err := d.Frame(time.Now(), []byte(frame)); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// bybit:BTC-USDT: 65140.4 x 0.885797 / 65140.5 x 1.500000
	// bybit:BTC-USDT: 65140.4 x 0.875077 / 65140.6 x 0.200000
	// invalid: book: bybit:BTC-USDT: update 0 to 13 (previous 0) after 11: gap
}

// Two accounts behind one address share its limits. Keys are never printed.
func ExampleNew() {
	limits := bybit.NewLimits()
	for _, account := range []exchange.AccountID{"main", "hedge"} {
		x, err := bybit.New(bybit.Config{
			Endpoints:   bybit.Testnet(),
			Account:     account,
			Credentials: bybit.Credentials{Key: "key-of-" + string(account), Secret: exchange.NewSecret("its secret")},
			Limits:      limits,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer x.Close()
		fmt.Println(x.Venue(), x.Account(), bybit.Credentials{Key: "key-of-" + string(account)})
	}
	// Output:
	// bybit main [credentials]
	// bybit hedge [credentials]
}

// An error of Place says whether it happened. What nobody knows is asked for, never sent again.
func ExampleExchange_Place() {
	var secret exchange.Secret // from your configuration, by its UnmarshalText
	x, err := bybit.New(bybit.Config{Endpoints: bybit.Testnet(), Account: "main", Credentials: bybit.Credentials{Key: "your key", Secret: secret}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer x.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	o, err := x.Place(ctx, exchange.OrderRequest{
		Market:  exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("BTC-USDT-PERP")},
		Account: "main", ClientID: "ORD-20240521-8a3f-01", Side: exchange.Buy, PostOnly: true,
		Price: exchange.MustDecimal("20000"), Quantity: exchange.MustDecimal("0.001"),
		Deadline: time.Now().Add(2 * time.Second),
	})
	switch {
	case err == nil:
		fmt.Println(o.VenueID, o.Status)
	case errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown):
		o, err = x.Lookup(ctx, o.Ref())
		fmt.Println(o.Status, err)
	default:
		fmt.Println("it did not happen:", err)
	}
}

// What happens to the account's orders, whoever sent them, each fill once.
func ExampleExchange_StreamOrders() {
	var secret exchange.Secret // from your configuration, by its UnmarshalText
	x, err := bybit.New(bybit.Config{
		Endpoints: bybit.Testnet(), Account: "main", Credentials: bybit.Credentials{Key: "your key", Secret: secret},
		Hooks: bybit.Hooks{Stream: func(link string, err error) { fmt.Println(link, err) }},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = x.StreamOrders(ctx, func(e exchange.Event) {
		if e.Kind != exchange.OrderUpdate {
			fmt.Println(e.Kind, e.Err)
			return
		}
		for _, f := range e.Order.Fills {
			fmt.Println(f.TradeID, f.Side, f.Quantity, f.Price, f.Fee, f.FeeAsset)
		}
		fmt.Println(e.Order.ClientID, e.Order.Status, e.Order.Filled)
	})
	fmt.Println(err)
}

// What the adapter cannot do fails with exchange.ErrUnsupported.
func ExampleAbilities() {
	for _, a := range bybit.Abilities() {
		if !a.Spot || !a.Perp {
			fmt.Printf("%s: spot %v, perpetuals %v\n", a.Name, a.Spot, a.Perp)
		}
	}
	// Output:
	// reduce only: spot false, perpetuals true
	// cancel all after: spot false, perpetuals false
	// positions: spot false, perpetuals true
}
