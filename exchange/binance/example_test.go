package binance_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// A Protocol's Decoder turns frames and snapshots into books, wherever they come from. After a gap the book is empty until the next snapshot.
func ExampleProtocol() {
	p, err := binance.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")})
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
	now := time.Now()
	if err := d.Answer(now, "https://api.binance.com/api/v3/depth?symbol=BTCUSDT", []byte(
		`{"lastUpdateId":100,"bids":[["61700.00","0.5"]],"asks":[["61700.01","0.25"]]}`)); err != nil {
		fmt.Println(err)
	}
	for _, frame := range []string{
		`{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":99,"u":103,"b":[["61700.00","0.00"],["61699.50","0.75"]],"a":[]}}`,
		`{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":106,"u":109,"b":[],"a":[["61699.90","1.00"]]}}`,
	} {
		if _, err := d.Frame(now, []byte(frame)); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// binance:BTC-USDT: 61700.00 x 0.50 / 61700.01 x 0.25
	// binance:BTC-USDT: 61699.50 x 0.75 / 61700.01 x 0.25
	// invalid: book: binance:BTC-USDT: update 106 to 109 (previous 0) after 103: gap
}

// Two accounts behind one address share its limits. Keys are never printed.
func ExampleNew() {
	limits := binance.NewLimits()
	for _, account := range []exchange.AccountID{"main", "hedge"} {
		cfg := binance.Config{
			Endpoints:   binance.Testnet(),
			Account:     account,
			Credentials: binance.Credentials{Key: "key-of-" + string(account), Secret: exchange.NewSecret("its secret")},
			Limits:      limits,
		}
		x, err := binance.New(cfg)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(x.Venue(), x.Account(), cfg.Credentials)
	}
	// Output:
	// binance main [credentials]
	// binance hedge [credentials]
}

// Follow the account: what happens to its orders, fills, balances. It is compiled here, and not run: it needs a key.
func ExampleExchange_StreamOrders() {
	x, err := binance.New(binance.Config{
		Endpoints: binance.Demo(), Entry: binance.EntrySocket,
		Credentials: binance.Credentials{Key: "your key", Secret: exchange.NewSecret("your secret")},
	})
	if err != nil {
		log.Fatal(err)
	}
	err = x.StreamOrders(context.Background(), func(ev exchange.Event) {
		switch ev.Kind {
		case exchange.StreamUp, exchange.StreamDown:
			log.Println(ev.Kind, ev.Err) // what happened between is told before the stream is up again
		case exchange.OrderUpdate:
			log.Println(ev.Order.ClientID, ev.Order.Status, ev.Order.Filled, ev.Order.Fills)
		case exchange.BalanceUpdate:
			log.Println(ev.Balances)
		}
	})
	log.Fatal(err) // a key that is refused, say: whatever a reconnect cures is not told
}

// What the adapter cannot do fails with exchange.ErrUnsupported.
func ExampleAbilities() {
	for _, a := range binance.Abilities() {
		if !a.Spot || !a.Perp {
			fmt.Printf("%s: spot %v, perpetuals %v\n", a.Name, a.Spot, a.Perp)
		}
	}
	// Output:
	// reduce only: spot false, perpetuals true
	// cancel all after: spot false, perpetuals true
	// positions: spot false, perpetuals true
}
