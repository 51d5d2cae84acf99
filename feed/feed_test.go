package feed_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
)

// source runs a function as a source.
type source func(ctx context.Context, emit func(*exchange.Book)) error

func (s source) StreamBooks(ctx context.Context, _ []exchange.Symbol, emit func(*exchange.Book)) error {
	return s(ctx, emit)
}

// named is a source that tells its venue.
type named struct{ source }

func (named) Venue() exchange.Venue { return "named" }

// untilDone is a source that emits books and then waits.
func untilDone(books ...*exchange.Book) source {
	return func(ctx context.Context, emit func(*exchange.Book)) error {
		for _, b := range books {
			emit(b)
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

var btc = exchange.MustSymbol("BTC-USDT")

// book is a valid book of n levels a side at the venue, received now.
func book(v exchange.Venue, n int) *exchange.Book {
	b := &exchange.Book{Market: exchange.Market{Venue: v, Symbol: btc}, RecvTime: time.Now()}
	for i := range int64(n) {
		b.Bids = append(b.Bids, exchange.Level{Price: 1000 + i, Size: 1})
		b.Asks = append(b.Asks, exchange.Level{Price: 1_000_000 - i, Size: 1})
	}
	return b
}

func newFeed(t testing.TB, cfg feed.Config, sources ...feed.Source) *feed.Feed {
	t.Helper()
	var subs []feed.Subscription
	for _, s := range sources {
		subs = append(subs, feed.Subscription{Source: s, Symbols: []exchange.Symbol{btc}})
	}
	f, err := feed.New(cfg, subs...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run starts Run, and returns what waits for its end after stopping it.
func run(t *testing.T, f *feed.Feed) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return func() error { cancel(); return <-done }
}

func TestFeedConflates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, feed.Config{}, source(func(ctx context.Context, emit func(*exchange.Book)) error {
			b := book("a", 3)
			for i := range 1000 {
				b.Seq, b.RecvTime = uint64(i), time.Now()
				emit(b)
				<-time.After(time.Millisecond)
			}
			return nil
		}))
		began := time.Now()
		var took time.Duration
		go func() { _ = f.Run(t.Context()); took = time.Since(began) }()
		var seqs []uint64
		var last feed.Update
		for u := range f.Updates(t.Context()) {
			seqs, last = append(seqs, u.Book.Seq), u
			<-time.After(100 * time.Millisecond)
		}
		synctest.Wait()
		if took != time.Second {
			t.Errorf("the source took %v: a slow reader held it up", took)
		}
		if len(seqs) < 10 || len(seqs) > 13 || seqs[len(seqs)-1] != 999 || !slices.IsSorted(seqs) {
			t.Errorf("books read: %v", seqs)
		}
		if last.State != feed.Down || !errors.Is(last.Err, exchange.ErrDown) || last.Book.Err == nil || len(last.Book.Bids) != 0 {
			t.Errorf("the last word is %+v, want Down without levels", last)
		}
	})
}

func TestFeedReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, feed.Config{Depth: 2})
		f.Put(book("a", 5))
		f.Put(book("b", 1))
		next, stop := iter.Pull(f.Updates(t.Context()))
		defer stop()
		var seen []string
		for range 2 {
			u, _ := next()
			best, _ := u.Book.Best(exchange.Sell)
			seen = append(seen, fmt.Sprint(u.Book.Market.Venue, u.State, len(u.Book.Bids), len(u.Book.Asks), best.Price))
		}
		want(t, "the newest of each, best levels", seen, []string{"alive 2 2 1004", "blive 1 1 1000"})

		b := book("b", 1)
		for range 10 {
			f.Put(b)
			f.Put(book("a", 1))
		}
		seen = nil
		for range 2 {
			u, _ := next()
			seen = append(seen, string(u.Book.Market.Venue))
		}
		want(t, "the longest waiting first, once", seen, []string{"b", "a"})

		got := make(chan string)
		go func() { u, _ := next(); got <- string(u.Book.Market.Venue) }()
		synctest.Wait()
		f.Put(book("c", 1))
		want(t, "a market that was not known", <-got, "c")
	})
}

func TestFeedBookIsTheIterators(t *testing.T) {
	f := newFeed(t, feed.Config{})
	b := book("a", 2)
	f.Put(b)
	next, stop := iter.Pull(f.Updates(t.Context()))
	defer stop()
	u, _ := next()
	b.Bids[0].Price = 7 // the source goes on with its own
	kept := u.Book.Clone()
	f.Put(b)
	want(t, "before the next turn", u.Book.Bids[0].Price, int64(1000))
	_, _ = next()
	want(t, "the clone after it", kept.Bids[0].Price, int64(1000))
	want(t, "the loop's book after it", u.Book.Bids[0].Price, int64(7))
}

func TestFeedReadBook(t *testing.T) {
	f := newFeed(t, feed.Config{Depth: 1}, named{untilDone()})
	var into exchange.Book
	if f.ReadBook(exchange.Market{Venue: "x", Symbol: btc}, &into) {
		t.Error("a book of an unknown market")
	}
	m := exchange.Market{Venue: "named", Symbol: btc}
	if !f.ReadBook(m, &into) || !errors.Is(into.Err, exchange.ErrDown) || into.Market != m {
		t.Errorf("before the first book: %+v", into)
	}
	want(t, "status", f.Status()[0].State, feed.Down)
	f.Put(book("named", 3))
	if !f.ReadBook(m, &into) || into.Err != nil || len(into.Bids) != 1 || into.Bids[0].Price != 1002 {
		t.Errorf("live: %+v", into)
	}
	bad := book("named", 3)
	bad.Err = exchange.ErrGap // and levels, which a source must not leave
	f.Put(bad)
	if !f.ReadBook(m, &into) || !errors.Is(into.Err, exchange.ErrGap) || len(into.Bids)+len(into.Asks) != 0 {
		t.Errorf("after a gap: %+v", into)
	}
}

func TestFeedStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		quiet := exchange.Market{Venue: "quiet", Symbol: btc}
		never := exchange.Market{Venue: "never", Symbol: btc}
		f := newFeed(t, feed.Config{StaleAfter: 2 * time.Second, StaleMarkets: map[exchange.Market]time.Duration{quiet: 5 * time.Second, never: -1}},
			source(func(ctx context.Context, emit func(*exchange.Book)) error {
				emit(book("quiet", 1))
				emit(book("never", 1))
				for i := range 3 {
					<-time.After(time.Duration(i) * 1900 * time.Millisecond) // 0, 1.9, 5.7 s
					emit(book("a", 1))
				}
				<-time.After(100 * time.Millisecond) // else the gap takes the place of a book not yet read
				gap := book("a", 0)
				gap.Invalidate(exchange.ErrGap)
				emit(gap)
				<-ctx.Done()
				return ctx.Err()
			}))
		stop := run(t, f)
		var log []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for u := range f.Updates(context.Background()) {
				if (u.State != feed.Live) != (u.Err != nil) || !errors.Is(u.Err, u.Book.Err) || u.Err != nil && len(u.Book.Asks) > 0 {
					t.Errorf("inconsistent: %+v", u)
				}
				log = append(log, fmt.Sprint(time.Since(began), " ", u.Book.Market.Venue, " ", u.State, " since ", u.Since.Sub(began)))
			}
		}()
		<-time.After(20 * time.Second)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		<-done
		want(t, "updates", strings.Join(log, "\n"), strings.Join([]string{
			"0s quiet live since 0s",
			"0s never live since 0s",
			"0s a live since 0s",
			"1.9s a live since 0s",
			"3.9s a stale since 3.9s",
			"5s quiet stale since 5s",
			"5.7s a live since 5.7s",
			"5.8s a down since 5.8s",
			"20s quiet down since 20s",
			"20s never down since 20s",
			"20s a down since 5.8s", // for another reason
		}, "\n"))
		want(t, "status", f.Status()[2].State, feed.Down)
		for u := range f.Updates(t.Context()) { // after the end: what is known, then the end
			want(t, "state after the end", u.State, feed.Down)
		}
		f.Put(book("a", 1))
		want(t, "Put after the end", f.Status()[2].State, feed.Down)
		if err := f.Run(t.Context()); !errors.Is(err, exchange.ErrConflict) {
			t.Errorf("the second Run: %v", err)
		}
	})
}

func TestFeedStaleComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, feed.Config{StaleAfter: time.Second}, untilDone(book("a", 1)))
		stop := run(t, f)
		after(time.Second)
		s := f.Status()[0]
		if s.State != feed.Stale || !errors.Is(s.Err, exchange.ErrStale) {
			t.Errorf("after a second of silence: %+v", s)
		}
		f.Put(book("a", 1))
		want(t, "after a book", f.Status()[0].State, feed.Live)
		after(time.Second - 1)
		want(t, "a nanosecond early", f.Status()[0].State, feed.Live)
		after(1)
		want(t, "on time", f.Status()[0].State, feed.Stale)
		_ = stop()
	})
}

func TestFeedSources(t *testing.T) {
	errBad := errors.New("unknown symbol")
	fails := source(func(ctx context.Context, emit func(*exchange.Book)) error {
		emit(book("bad", 1))
		<-time.After(time.Second)
		return errBad
	})
	ends := source(func(ctx context.Context, emit func(*exchange.Book)) error { emit(book("ends", 1)); return nil })
	cases := []struct {
		name     string
		tolerant bool
		sources  []feed.Source
		err      error
		took     time.Duration
	}{
		{"one gives up: Run ends", false, []feed.Source{untilDone(book("a", 1)), fails}, errBad, time.Second},
		{"one gives up: the others go on", true, []feed.Source{untilDone(book("a", 1)), fails}, context.Canceled, time.Minute},
		{"all give up", true, []feed.Source{fails, fails}, errBad, time.Second},
		{"all come to their end", false, []feed.Source{ends, ends}, nil, 0},
		{"one comes to its end", false, []feed.Source{ends, untilDone(book("a", 1))}, context.Canceled, time.Minute},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFeed(t, feed.Config{Tolerant: c.tolerant, StaleAfter: -1}, c.sources...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(time.Minute, cancel)
				began := time.Now()
				go func() {
					<-time.After(2 * time.Second)
					for _, s := range f.Status() {
						if live := s.Market.Venue == "a" && c.took == time.Minute; live != (s.State == feed.Live) {
							t.Errorf("after two seconds: %+v", s)
						}
					}
				}()
				if err := f.Run(ctx); !errors.Is(err, c.err) {
					t.Errorf("Run: %v, want %v", err, c.err)
				}
				want(t, "Run took", time.Since(began), c.took)
				cancel()
				after(3 * time.Second)
			})
		})
	}
}

func TestFeedIteratorsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(t, feed.Config{})
		f.Put(book("a", 1))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for range f.Updates(ctx) {
			n++
			cancel()
		}
		for range f.Updates(ctx) {
			n++
		}
		want(t, "turns of a cancelled loop", n, 1)
		for range f.Updates(t.Context()) {
			break
		}
		updates := f.Updates(t.Context()) // one value, two loops: each its own iterator
		for range 2 {
			for u := range updates {
				want(t, "venue", u.Book.Market.Venue, "a")
				break
			}
		}
	})
}

func TestFeedConfigErrors(t *testing.T) {
	if _, err := feed.New(feed.Config{Depth: -1}); !errors.Is(err, exchange.ErrInvalid) {
		t.Error(err)
	}
	if _, err := feed.New(feed.Config{}, feed.Subscription{}); !errors.Is(err, exchange.ErrInvalid) {
		t.Error(err)
	}
}

func TestFeedOnBook(t *testing.T) {
	var f *feed.Feed
	calls := 0
	f = newFeed(t, feed.Config{Depth: 1, OnBook: func(b *exchange.Book) {
		calls++
		var read exchange.Book
		if !f.ReadBook(b.Market, &read) || read.Seq != b.Seq || len(b.Bids) != 4 {
			t.Errorf("the hook sees %d levels, readers see book %d of %d", len(b.Bids), read.Seq, b.Seq)
		}
	}})
	for i := range uint64(3) {
		b := book("a", 4)
		b.Seq = i
		f.Put(b)
	}
	want(t, "calls", calls, 3)
}

// Whatever the interleaving: each reader sees each market's numbers rise, sees the last one, and never a torn book.
func TestFeedManyReadersAndSources(t *testing.T) {
	const markets, readers, books = 5, 4, 2000
	f := newFeed(t, feed.Config{Depth: 3})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(r), 1))
			last := map[exchange.Market]uint64{}
			finished := 0
			for u := range f.Updates(ctx) {
				b := u.Book
				if b.Seq < last[b.Market] {
					t.Errorf("%v went back from %d to %d", b.Market, last[b.Market], b.Seq)
				}
				for _, l := range append(slices.Clone(b.Bids), b.Asks...) {
					if uint64(l.Size) != b.Seq {
						t.Errorf("torn: book %d with a level of %d", b.Seq, l.Size)
					}
				}
				last[b.Market] = b.Seq
				if b.Seq == books {
					if finished++; finished == markets {
						return
					}
				}
				if rnd.IntN(10) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	for m := range markets {
		wg.Go(func() {
			b := book(exchange.Venue(fmt.Sprint("v", m)), 3)
			for i := range books {
				b.Seq = uint64(i + 1)
				for j := range b.Bids {
					b.Bids[j].Size, b.Asks[j].Size = int64(b.Seq), int64(b.Seq)
				}
				f.Put(b)
			}
		})
	}
	wg.Wait()
}

func TestFeedDoesNotAllocate(t *testing.T) {
	f := newFeed(t, feed.Config{Depth: 20})
	a, b := book("a", 100), book("b", 100)
	f.Put(a)
	f.Put(b)
	next, stop := iter.Pull(f.Updates(t.Context()))
	defer stop()
	var into exchange.Book
	turn := func() {
		f.Put(a)
		f.Put(b)
		f.Put(a)
		_, _ = next()
		_, _ = next()
		f.ReadBook(a.Market, &into)
	}
	turn()
	if n := testing.AllocsPerRun(1000, turn); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
}

// A reader that always has something left must not make its queue grow.
func TestFeedQueueIsBounded(t *testing.T) {
	f := newFeed(t, feed.Config{})
	a, b := book("a", 1), book("b", 1)
	f.Put(a)
	f.Put(b)
	next, stop := iter.Pull(f.Updates(t.Context()))
	defer stop()
	turn := func() { // one of two markets read, both new: the queue is never empty
		_, _ = next()
		f.Put(a)
		f.Put(b)
	}
	for range 10 {
		turn()
	}
	if n := testing.AllocsPerRun(5000, turn); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
}

func BenchmarkFeedPut(b *testing.B) {
	for _, readers := range []int{0, 1, 8} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			f := newFeed(b, feed.Config{Depth: 20})
			bk := book("a", 1000)
			f.Put(bk)
			for range readers {
				next, stop := iter.Pull(f.Updates(b.Context()))
				defer stop()
				_, _ = next()
			}
			b.ReportAllocs()
			for b.Loop() {
				f.Put(bk)
			}
		})
	}
}

func BenchmarkFeedReadBook(b *testing.B) {
	f := newFeed(b, feed.Config{Depth: 20})
	bk := book("a", 1000)
	f.Put(bk)
	var into exchange.Book
	b.ReportAllocs()
	for b.Loop() {
		f.ReadBook(bk.Market, &into)
	}
}

// BenchmarkFeedHandover is from before Put to inside the loop of a waiting reader on another goroutine.
func BenchmarkFeedHandover(b *testing.B) {
	f := newFeed(b, feed.Config{Depth: 20})
	bk := book("a", 1000)
	base := time.Now()
	var sent, got atomic.Int64
	lat := make([]int64, 0, 1<<20)
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for u := range f.Updates(ctx) {
			if len(lat) < cap(lat) {
				lat = append(lat, int64(time.Since(base))-sent.Load())
			}
			got.Store(int64(u.Book.Seq))
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		bk.Seq++
		sent.Store(int64(time.Since(base)))
		f.Put(bk)
		for got.Load() != int64(bk.Seq) {
			runtime.Gosched()
		}
	}
	cancel()
	wg.Wait()
	slices.Sort(lat)
	b.ReportMetric(float64(lat[len(lat)/2]), "p50-ns")
	b.ReportMetric(float64(lat[len(lat)*99/100]), "p99-ns")
}
