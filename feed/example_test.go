package feed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
)

// A loop over Updates sees the newest book of every market, and what became of it.
func ExampleFeed_Updates() {
	venue := source(func(ctx context.Context, emit func(*exchange.Book)) error {
		emit(&exchange.Book{
			Market:   exchange.Market{Venue: "demo", Symbol: exchange.MustSymbol("BTC-USDT")},
			Scale:    exchange.Scale{Price: -2, Size: -5},
			Bids:     []exchange.Level{{Price: 6000000, Size: 150000}},
			Asks:     []exchange.Level{{Price: 6000100, Size: 20000}},
			RecvTime: time.Now(),
		})
		<-ctx.Done() // a real source goes on
		return ctx.Err()
	})
	f, err := feed.New(feed.Config{Depth: 20}, feed.Subscription{Source: venue})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = f.Run(ctx); close(done) }()
	for u := range f.Updates(ctx) {
		ask, _ := u.Book.Best(exchange.Buy)
		fmt.Println(u.Book.Market, u.State, u.Book.Size(ask), "at", u.Book.Price(ask))
		break
	}
	cancel()
	<-done
	// Output: demo:BTC-USDT live 0.20000 at 60001.00
}

// Put and ReadBook need no goroutine and no clock: this is how simulated runs use a Feed.
func ExampleFeed_Put() {
	f, _ := feed.New(feed.Config{})
	b := &exchange.Book{Market: exchange.Market{Venue: "demo", Symbol: exchange.MustSymbol("BTC-USDT")}}
	b.Bids = []exchange.Level{{Price: 100, Size: 3}}
	f.Put(b)

	var read exchange.Book
	fmt.Println(f.ReadBook(b.Market, &read), read.Bids, read.Err)

	b.Invalidate(fmt.Errorf("update 12 is missing: %w", exchange.ErrGap))
	f.Put(b)
	fmt.Println(f.ReadBook(b.Market, &read), read.Bids, read.Err)
	// Output:
	// true [{100 3}] <nil>
	// true [] update 12 is missing: gap
}

// A recording is stepped through on the caller's thread; the clock is the recording's.
func ExampleReplay_Step() {
	dir, _ := os.MkdirTemp("", "recording")
	defer os.RemoveAll(dir)
	_ = os.WriteFile(filepath.Join(dir, "demo.jsonl"), []byte(`{"t":"connect","conn":"1","ts":1700000000.1,"addr":"wss://demo/stream"}
{"t":"recv","conn":"1","ts":1700000000.25,"data":"{\"n\":1}"}
{"t":"recv","conn":"1","ts":1700000000.75,"data":"{\"n\":2}"}
`), 0o600)

	r, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: []feed.Protocol{ticks{"demo", new(int)}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		at, ok := r.Next()
		if !ok {
			break
		}
		err := r.Step(func(b *exchange.Book) { fmt.Println(at.UTC().Format("15:04:05.000"), b.Market, b.Seq) })
		if err != nil {
			fmt.Println(err) // file, line and reason
			return
		}
	}
	fmt.Println(r.Stats().Messages, "messages")
	// Output:
	// 22:13:20.250 demo:BTC-USDT 1
	// 22:13:20.750 demo:BTC-USDT 2
	// 2 messages
}

// A Session is an adapter's tool: it keeps the connection and the subscriptions, the Decoder makes the books.
func ExampleNewSession() {
	venue := line{feed.Spec{URL: "wss://venue.example/ws", TopicsPerFrame: 10, Rate: 5}}
	s, err := feed.NewSession(feed.SessionConfig{Protocol: venue, Decoder: venue.Decoder(func(*exchange.Book) {})})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = s.Subscribe("book.BTC-USDT", "book.ETH-USDT")
	_ = s.Subscribe("book.BTC-USDT") // wanted already: sends nothing
	for _, t := range s.Topics() {
		fmt.Println(t.Topic, t.State)
	}
	// Run(ctx) connects, subscribes and keeps both alive until ctx ends.

	// Output:
	// book.BTC-USDT init
	// book.ETH-USDT init
}
