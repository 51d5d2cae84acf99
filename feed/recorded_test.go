package feed_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

func symbols(s ...string) (r []exchange.Symbol) {
	for _, x := range s {
		r = append(r, exchange.MustSymbol(x))
	}
	return r
}

// must is for protocols of symbols that are known to be right.
func must(p feed.Protocol, err error) feed.Protocol {
	if err != nil {
		panic(err)
	}
	return p
}

// tally is what a run through a recording was: it must be the same every time.
type tally struct {
	Books map[string]int // valid ones by market
	Gaps  int            // books with Err after their market's first valid one
	Hash  uint64         // of each book's market, number, time and best levels, in order
}

func opened(t testing.TB, cfg feed.ReplayConfig) *feed.Replay {
	t.Helper()
	r, err := feed.OpenReplay(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tallyOf(t testing.TB, r *feed.Replay) tally {
	t.Helper()
	y := tally{Books: map[string]int{}}
	h := fnv.New64a()
	var last time.Time
	for {
		at, ok := r.Next()
		if !ok {
			break
		}
		if at.Before(last) {
			t.Fatalf("time goes back from %v to %v", last, at)
		}
		last = at
		err := r.Step(func(b *exchange.Book) {
			name := b.Market.String()
			if b.Err != nil {
				if y.Books[name] > 0 {
					y.Gaps++
					t.Logf("%v: %v", at, b.Err)
				}
				return
			}
			if b.RecvTime.After(at) { // before it: a snapshot, brought up to date with frames that had been waiting
				t.Fatalf("%s received at %v in the record of %v", name, b.RecvTime, at)
			}
			y.Books[name]++
			bid, _ := b.Best(exchange.Sell)
			ask, _ := b.Best(exchange.Buy)
			fmt.Fprintln(h, name, b.Seq, at.UnixNano(), bid, ask)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	y.Hash = h.Sum64()
	return y
}

// Gaps and books are what fixtures/README.md knows of the recordings: a book for each frame that it compares, one for each snapshot.
func TestReplayRecorded(t *testing.T) {
	cases := []struct {
		folder    string
		protocols func() []feed.Protocol
		skip      bool
		messages  uint64
		answers   uint64
		skipped   uint64
		span      time.Duration
		books     map[string]int
	}{
		{"binance_2024-08-08", func() []feed.Protocol {
			return []feed.Protocol{must(binance.Protocol(exchange.Spot, symbols("BTC-USDT"))), must(binance.Protocol(exchange.Perp, symbols("BTC-USDT-PERP")))}
		}, false, 193526, 2, 0, 650598006465, map[string]int{"binance:BTC-USDT": 1 + 6492, "binance:BTC-USDT-PERP": 1 + 6545}},
		{"binance_2024-07-18", func() []feed.Protocol {
			return []feed.Protocol{must(binance.Protocol(exchange.Perp, symbols("BTC-USDT-PERP", "ETH-USDT-PERP")))}
		}, false, 25415, 2, 0, 178002893716, map[string]int{"binance:BTC-USDT-PERP": 1 + 3320, "binance:ETH-USDT-PERP": 1 + 3266}},
		{"bybit_2026-08-09", func() []feed.Protocol {
			return []feed.Protocol{must(bybit.Protocol(exchange.Spot, symbols("BTC-USDT", "SOL-USDT"))), must(bybit.Protocol(exchange.Perp, symbols("BTC-USDT-PERP", "SOL-USDT-PERP")))}
		}, false, 1686, 0, 0, 43800360200, map[string]int{"bybit:BTC-USDT": 300, "bybit:BTC-USDT-PERP": 414, "bybit:SOL-USDT-PERP": 383}},
		{"bybit_2026-08-09", func() []feed.Protocol {
			return []feed.Protocol{must(bybit.Protocol(exchange.Spot, symbols("BTC-USDT")))}
		}, true, 374, 0, 1312, 43800360200, map[string]int{"bybit:BTC-USDT": 300}},
		{"okx_2022-05-13", func() []feed.Protocol {
			return []feed.Protocol{must(okx.Protocol(okx.ProtocolConfig{Symbols: symbols("BTC-USDT"), AllowMissingSeq: true}))}
		}, false, 198, 0, 0, 11682442000, map[string]int{"okx:BTC-USDT": 98}},
	}
	for _, c := range cases {
		t.Run(c.folder, func(t *testing.T) {
			cfg := feed.ReplayConfig{Dir: fixtures.Path(t, filepath.Join("streams", c.folder)), Protocols: c.protocols(), SkipUnowned: c.skip}
			r := opened(t, cfg)
			y := tallyOf(t, r)
			s := r.Stats()
			first, last := r.Span()
			want(t, "messages", s.Messages, c.messages)
			want(t, "answers", s.Answers, c.answers)
			want(t, "skipped", s.Skipped, c.skipped)
			want(t, "span", last.Sub(first), c.span)
			want(t, "gaps", y.Gaps, 0)
			want(t, "books", y.Books, c.books)
			r.Rewind()
			want(t, "a second run", tallyOf(t, r), y)
			if s.Messages < 10000 {
				want(t, "a run after opening it again", tallyOf(t, opened(t, cfg)), y)
			}
		})
	}
}

// The frames of one market are no frames of another, though both write "BTCUSDT".
func TestReplayRecordedOfAnotherMarket(t *testing.T) {
	dir := fixtures.Path(t, "streams/binance_2024-08-08")
	_, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: []feed.Protocol{must(binance.Protocol(exchange.Perp, symbols("BTC-USDT-PERP")))}})
	var e *feed.ReplayError
	if !errors.As(err, &e) || e.File != "spot_btcusdt_part1.gz" || e.Line != 1 {
		t.Errorf("the spot file without spot's protocol: %v", err)
	}
}

// Live, a Feed over a Replay shows the last book of each market that stepping through it shows.
func TestFeedOverReplay(t *testing.T) {
	cfg := feed.ReplayConfig{Dir: fixtures.Path(t, "streams/bybit_2026-08-09"), Protocols: []feed.Protocol{
		must(bybit.Protocol(exchange.Spot, symbols("BTC-USDT"))), must(bybit.Protocol(exchange.Perp, symbols("BTC-USDT-PERP")))}}
	stepped := map[string]uint64{}
	r := opened(t, cfg)
	for _, ok := r.Next(); ok; _, ok = r.Next() {
		if err := r.Step(func(b *exchange.Book) { stepped[b.Market.String()] = b.Seq }); err != nil {
			t.Fatal(err)
		}
	}
	r.Rewind()
	f, err := feed.New(feed.Config{Depth: 5}, feed.Subscription{Source: r})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.Run(t.Context()) }()
	seen := map[string]uint64{}
	for u := range f.Updates(t.Context()) {
		if u.State == feed.Live && len(u.Book.Bids) > 5 {
			t.Fatalf("%d levels of 5", len(u.Book.Bids))
		}
		seen[u.Book.Market.String()] = u.Book.Seq
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	want(t, "last books", seen, stepped)
	want(t, "markets", slices.Sorted(maps.Keys(seen)), []string{"bybit:BTC-USDT", "bybit:BTC-USDT-PERP"})
}

func BenchmarkOpenReplay(b *testing.B) {
	cfg := feed.ReplayConfig{Dir: fixtures.Path(b, "streams/binance_2024-07-18"), Protocols: []feed.Protocol{
		must(binance.Protocol(exchange.Perp, symbols("BTC-USDT-PERP", "ETH-USDT-PERP")))}}
	for b.Loop() {
		if _, err := feed.OpenReplay(cfg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplayStep is a message, from recorded bytes to a book.
func BenchmarkReplayStep(b *testing.B) {
	cfg := feed.ReplayConfig{Dir: fixtures.Path(b, "streams/binance_2024-07-18"), Protocols: []feed.Protocol{
		must(binance.Protocol(exchange.Perp, symbols("BTC-USDT-PERP", "ETH-USDT-PERP")))}}
	r := opened(b, cfg)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := r.Next(); !ok {
			r.Rewind()
		}
		if err := r.Step(func(*exchange.Book) {}); err != nil {
			b.Fatal(err)
		}
	}
}
