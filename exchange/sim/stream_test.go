package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestStreamBooksShowsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: sim.Latency{Feed: sim.Delay{Min: 2 * ms}}})
		publish(t, x, around100(spot))
		began := time.Now()
		var seen []string
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol, spot.Symbol}, func(b *exchange.Book) {
				if !b.RecvTime.Equal(time.Now()) {
					t.Errorf("RecvTime %s at %s", b.RecvTime, time.Now())
				}
				ask, _ := b.Best(exchange.Buy)
				seen = append(seen, fmt.Sprintf("%s %sx%s %v", time.Since(began), b.Price(ask), b.Size(ask), b.Err))
			})
		})
		<-time.After(10 * ms)
		if _, err := x.Place(t.Context(), ioc(limit("a", spot, exchange.Buy, "0.3", "101"))); err != nil {
			t.Error(err)
		}
		<-time.After(10 * ms)
		publish(t, x, around100(perp)) // not followed
		publish(t, x, &exchange.Book{Market: spot, Err: exchange.ErrGap})
		publish(t, x, around100(spot))
		<-time.After(10 * ms)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		publish(t, x, around100(spot))
		want := []string{
			"2ms 101.0x1.00 <nil>",
			"12ms 101.0x0.70 <nil>",
			"22ms 0.0x0.00 gap",
			"22ms 101.0x0.70 <nil>", // a gap does not bring back what was taken
		}
		if !slices.Equal(seen, want) {
			t.Errorf("seen %q\nwant %q", seen, want)
		}
	})
}

// Ten thousand books while a subscriber is stuck in emit: Publish does not wait, and the subscriber then sees the newest.
func TestStreamBooksSlowSubscriberNeverBlocksPublish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: sim.Latency{Feed: sim.Delay{Min: ms}}})
		release := make(chan struct{})
		var seqs []uint64
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol}, func(b *exchange.Book) {
				seqs = append(seqs, b.Seq)
				<-release
			})
		})
		for i := range uint64(10_000) {
			b := around100(spot)
			b.Seq = i
			publish(t, x, b)
			if i == 0 {
				<-time.After(2 * ms)
			}
		}
		<-time.After(2 * ms)
		close(release)
		synctest.Wait()
		if want := []uint64{1, 10_000}; !slices.Equal(seqs, want) {
			t.Errorf("seen %v, want %v", seqs, want)
		}
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}

// Books that come faster than their latency must not postpone one another for ever.
func TestStreamBooksKeepsFlowingUnderAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: sim.Latency{Feed: sim.Delay{Min: 10 * ms}}})
		var seqs []uint64
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol}, func(b *exchange.Book) { seqs = append(seqs, b.Seq) })
		})
		for i := range uint64(2000) {
			b := around100(spot)
			b.Seq = i
			publish(t, x, b)
			<-time.After(50 * time.Microsecond)
		}
		<-time.After(20 * ms)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if !slices.IsSorted(seqs) || len(seqs) < 50 || seqs[len(seqs)-1] != 2000 {
			t.Errorf("%d books, the last one %d", len(seqs), seqs[len(seqs)-1])
		}
	})
}

func TestStreamBooksRefusesAnUnknownSymbol(t *testing.T) {
	x := newExchange(t, sim.ExchangeConfig{})
	err := x.StreamBooks(t.Context(), []exchange.Symbol{exchange.MustSymbol("A-B")}, func(*exchange.Book) {})
	if !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestStreamOrdersLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: sim.Latency{Feed: sim.Delay{Min: ms, Jitter: 3 * ms}}})
		publish(t, x, around100(spot))
		if _, err := x.Place(t.Context(), limit("before", spot, exchange.Buy, "0.1", "90")); err != nil {
			t.Fatal(err)
		}
		var seen []string
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamOrders(ctx, func(ev exchange.Event) {
				seen = append(seen, fmt.Sprint(ev.Kind, " ", ev.Order.ClientID, " ", shape(ev.Order)))
			})
		})
		want := []string{"stream up  unknown 0"}
		for i := range 50 {
			id := fmt.Sprint("o", i)
			if _, err := x.Place(t.Context(), limit(id, spot, exchange.Buy, "0.02", "90")); err != nil {
				t.Fatal(err)
			}
			if _, err := x.Cancel(t.Context(), exchange.OrderRef{Market: spot, ClientID: id}); err != nil {
				t.Fatal(err)
			}
			want = append(want, "order "+id+" accepted 0", "order "+id+" canceled 0")
		}
		<-time.After(10 * ms)
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if !slices.Equal(seen, want) {
			t.Errorf("seen %q\nwant %q", seen, want)
		}
	})
}

// A subscriber that is stuck for 6,000 fills is told of each of them once, and that it was down.
func TestStreamOrdersReconcilesWhatASlowSubscriberMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Balances[0].Quantity = dec("1e9")
		cfg.EventBuffer = 100
		x := newExchange(t, sim.ExchangeConfig{Engine: newEngine(t, cfg)})
		release := make(chan struct{})
		fills := map[exchange.FillKey]int{}
		var kinds []exchange.EventKind
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamOrders(ctx, func(ev exchange.Event) {
				if n := len(kinds); ev.Kind != exchange.BalanceUpdate && (n == 0 || kinds[n-1] != ev.Kind) {
					kinds = append(kinds, ev.Kind)
				}
				for _, f := range ev.Order.Fills {
					fills[f.Key()]++
				}
				if ev.Order.ClientID == "o0" {
					<-release
				}
			})
		})
		const n = 6_000
		for i := range n {
			publish(t, x, book(spot, nil, [][2]int64{{1010, int64(100 + i%2)}}))
			if _, err := x.Place(t.Context(), ioc(limit(fmt.Sprint("o", i), spot, exchange.Buy, "0.01", "101"))); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				synctest.Wait()
			}
		}
		close(release)
		synctest.Wait()
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		want := []exchange.EventKind{exchange.StreamUp, exchange.OrderUpdate, exchange.StreamDown, exchange.OrderUpdate, exchange.StreamUp}
		if !slices.Equal(kinds, want) {
			t.Errorf("kinds %v, want %v", kinds, want)
		}
		for k, c := range fills {
			if c != 1 {
				t.Fatalf("fill %v was told %d times", k, c)
			}
		}
		if len(fills) != n {
			t.Errorf("%d fills, want %d", len(fills), n)
		}
	})
}

// Each event says whose stream it is.
func TestEventsSayWhoseTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{})
		n := 0
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamOrders(ctx, func(ev exchange.Event) {
				if n++; ev.Order.Market.Venue != x.Venue() || ev.Order.Account != x.Account() {
					t.Errorf("%s of %q, %q", ev.Kind, ev.Order.Market.Venue, ev.Order.Account)
				}
			})
		})
		<-time.After(10 * ms)
		if err := stop(); !errors.Is(err, context.Canceled) || n == 0 {
			t.Errorf("%d events, %v", n, err)
		}
	})
}
