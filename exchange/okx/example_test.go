package okx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

// A key comes from wherever the program keeps such things, here from its configuration, and goes into a Secret at once: what prints or writes the
// configuration afterwards does not tell it. Several accounts behind one address share its limits.
func ExampleNew() {
	var accounts map[exchange.AccountID]struct{ Key, Secret, Passphrase string }
	configuration := `{"main": {"Key": "k1", "Secret": "s1", "Passphrase": "p1"}, "hedge": {"Key": "k2", "Secret": "s2", "Passphrase": "p2\n"}}`
	if err := json.Unmarshal([]byte(configuration), &accounts); err != nil {
		fmt.Println(err)
		return
	}
	limits := okx.NewLimits()
	for _, name := range []exchange.AccountID{"main", "hedge"} {
		a := accounts[name]
		cfg := okx.Config{
			Endpoints: okx.Demo(), // the whole of a test set-up: half of it beside the real market is refused
			Account:   name,
			Credentials: okx.Credentials{
				Key: a.Key, Secret: exchange.NewSecret(a.Secret), Passphrase: exchange.NewSecret(a.Passphrase),
			},
			Limits: limits,
		}
		x, err := okx.New(cfg)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(x, cfg.Credentials)
	}
	// Output:
	// okx account main [credentials]
	// okx: credentials: Passphrase begins or ends in white space: was it read from a file with its newline?: invalid request
}

// Follow the account: what happens to its orders, fills, balances and positions. It is compiled here, and not run: it needs a key.
func ExampleExchange_StreamOrders() {
	x, err := okx.New(okx.Config{
		Endpoints: okx.Demo(), Entry: okx.EntrySocket, // orders go over the same connection
		Credentials: okx.Credentials{Key: "your key", Secret: exchange.NewSecret("its secret"), Passphrase: exchange.NewSecret("its passphrase")},
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
		case exchange.PositionUpdate:
			log.Println(ev.Positions)
		}
	})
	log.Fatal(err) // a key that is refused, say: whatever a reconnect cures is not told
}

// Each error answers whether it happened: without a key nothing leaves the process.
func ExampleExchange_Place() {
	x, err := okx.New(okx.Config{Endpoints: okx.Demo()}) // with Credentials, from wherever you keep them
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = x.Place(context.Background(), exchange.OrderRequest{
		Market:   exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol("BTC-USDT")},
		ClientID: "ORD-20240521-8a3f-01",
		Side:     exchange.Buy,
		Price:    exchange.MustDecimal("50000"),
		Quantity: exchange.MustDecimal("0.01"),
		Deadline: time.Now().Add(2 * time.Second), // the venue refuses what comes later
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, exchange.ErrNotSent), errors.Is(err, exchange.ErrUnauthorized))
	// Output:
	// okx place: not sent: unauthorized: "no credentials"
	// true true
}

// A Protocol's Decoder turns frames into books, wherever they come from. Sizes of swaps come in contracts, here of 0.01 BTC, and leave as BTC.
func ExampleProtocol() {
	swap := exchange.MustSymbol("BTC-USDT-PERP")
	p, err := okx.Protocol(okx.ProtocolConfig{
		Symbols: []exchange.Symbol{swap},
		Instruments: []exchange.Instrument{{ // usually from Exchange.Instruments
			Market:      exchange.Market{Venue: okx.Venue, Symbol: swap},
			VenueSymbol: "BTC-USDT-SWAP",
			Tick:        exchange.MustDecimal("0.1"),
			Lot:         exchange.MustDecimal("0.0001"),
			Contract:    exchange.MustDecimal("0.01"),
		}},
	})
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
		`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT-SWAP"}}`,
		`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[{"asks":[["65000.1","250","0","4"]],"bids":[["65000","31.5","0","2"]],"ts":"1786310818027","checksum":0,"seqId":100,"prevSeqId":-1}]}`,
		`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[["65000","0","0","0"],["64999.9","8","0","1"]],"ts":"1786310818127","checksum":0,"seqId":107,"prevSeqId":100}]}`,
		`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[["64999.9","9","0","1"]],"ts":"1786310818227","checksum":0,"seqId":120,"prevSeqId":115}]}`,
	} {
		if _, err := d.Frame(time.Now(), []byte(frame)); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// okx:BTC-USDT-PERP: 65000.0 x 0.3150 / 65000.1 x 2.5000
	// okx:BTC-USDT-PERP: 64999.9 x 0.0800 / 65000.1 x 2.5000
	// invalid: book: okx:BTC-USDT-PERP: update 0 to 120 (previous 115) after 107: gap
}
