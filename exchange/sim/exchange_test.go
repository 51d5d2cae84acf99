package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func newExchange(t testing.TB, cfg sim.ExchangeConfig) *sim.Exchange {
	t.Helper()
	if cfg.Engine == nil && cfg.Floor == nil {
		cfg.Engine = newEngine(t, config())
	}
	x, err := sim.NewExchange(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func publish(t testing.TB, x *sim.Exchange, b *exchange.Book) {
	t.Helper()
	if err := x.Publish(b); err != nil {
		t.Fatal(err)
	}
}

// follow runs a stream until stop is called, which returns the stream's error.
func follow(t *testing.T, stream func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stream(ctx) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-ended
	}
}

func TestExchangeTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: steady})
		publish(t, x, around100(spot))
		began := time.Now()
		o, err := x.Place(t.Context(), ioc(limit("a", spot, exchange.Buy, "1", "101")))
		checkShape(t, o, err, "filled 1.00 1.00@101.0")
		if d := time.Since(began); d != 8*ms {
			t.Errorf("took %s, want 8ms", d)
		}
		if at := o.Fills[0].Time.Sub(began); at != 5*ms {
			t.Errorf("filled at %s, want 5ms", at)
		}
		if _, err := x.Balances(t.Context()); err != nil || time.Since(began) != 16*ms {
			t.Errorf("balances: %v at %s, want 16ms", err, time.Since(began))
		}
	})
}

func TestExchangeRequestTravelsOnWhenItsCallerGivesUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults sim.Faults
		cancel time.Duration // of the caller's context; 0: never
		want   error
		at     time.Duration
	}{
		{"context ends on the way there", sim.Faults{}, 2 * ms, context.DeadlineExceeded, 2 * ms},
		{"context ends on the way back", sim.Faults{}, 6 * ms, context.DeadlineExceeded, 6 * ms},
		{"time-out, answer lost", always(func(r *sim.Rates) { r.LostAck = 1e6 }), 0, context.DeadlineExceeded, time.Second},
		{"time-out, request slow", always(func(r *sim.Rates) { r.Slow = 1e6 }), 0, context.DeadlineExceeded, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, sim.ExchangeConfig{Latency: steady, Faults: c.faults})
				publish(t, x, around100(spot))
				ctx := t.Context()
				if c.cancel > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, c.cancel)
					defer cancel()
				}
				began := time.Now()
				req := ioc(limit("a", spot, exchange.Buy, "1", "101"))
				_, err := x.Place(ctx, req)
				if !errors.Is(err, exchange.ErrOutcomeUnknown) || !errors.Is(err, c.want) {
					t.Errorf("%v, want outcome unknown and %v", err, c.want)
				}
				if d := time.Since(began); d != c.at {
					t.Errorf("gave up after %s, want %s", d, c.at)
				}
				<-time.After(3 * time.Second)
				o, err := x.Lookup(t.Context(), req.Ref())
				checkShape(t, o, err, "filled 1.00 1.00@101.0")
			})
		})
	}
}

func TestExchangeSendsNothingForADeadContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{})
		publish(t, x, around100(spot))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		req := limit("a", spot, exchange.Buy, "1", "101")
		if _, err := x.Place(ctx, req); !errors.Is(err, exchange.ErrNotSent) {
			t.Errorf("place: %v", err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
		if _, err := x.Place(t.Context(), req); !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, sim.ErrClosed) {
			t.Errorf("place after Close: %v", err)
		}
		x.Inspect(func(e *sim.Engine) {
			if len(e.Log()) > 0 {
				t.Error("it filled")
			}
		})
	})
}

func TestExchangeCloseEndsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{Latency: sim.Latency{Entry: sim.Delay{Min: time.Hour}}, Timeout: 2 * time.Hour})
		publish(t, x, around100(spot))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := x.Place(t.Context(), limit("a", spot, exchange.Buy, "1", "101"))
			if !errors.Is(err, exchange.ErrOutcomeUnknown) || !errors.Is(err, sim.ErrClosed) {
				t.Errorf("place: %v", err)
			}
		})
		wg.Go(func() {
			if err := x.StreamOrders(t.Context(), func(exchange.Event) {}); !errors.Is(err, sim.ErrClosed) {
				t.Errorf("orders: %v", err)
			}
		})
		wg.Go(func() {
			err := x.StreamBooks(t.Context(), []exchange.Symbol{spot.Symbol}, func(*exchange.Book) {})
			if !errors.Is(err, sim.ErrClosed) {
				t.Errorf("books: %v", err)
			}
		})
		wg.Go(func() {
			if _, err := x.Balances(t.Context()); !errors.Is(err, sim.ErrClosed) {
				t.Errorf("balances: %v", err)
			}
		})
		synctest.Wait()
		for range 2 {
			if err := x.Close(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
	})
}

func TestExchangeReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		x := newExchange(t, sim.ExchangeConfig{Latency: steady})
		if _, err := x.Snapshot(ctx, spot.Symbol, 1); !errors.Is(err, exchange.ErrUnavailable) {
			t.Errorf("snapshot before the first book: %v", err)
		}
		publish(t, x, around100(spot))
		publish(t, x, around100(perp))
		for _, r := range []exchange.OrderRequest{
			ioc(limit("a", spot, exchange.Sell, "1", "99")), ioc(limit("b", perp, exchange.Buy, "1", "101")), limit("c", spot, exchange.Sell, "1", "110"),
		} {
			if _, err := x.Place(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		b, err := x.Snapshot(ctx, spot.Symbol, 1)
		if err != nil || len(b.Bids) != 1 || len(b.Asks) != 1 || b.Bids[0].Price != 980 || !b.RecvTime.Equal(time.Now()) {
			t.Errorf("snapshot %+v, %v", b, err)
		}
		if r, err := x.Instruments(ctx); err != nil || len(r) != 2 {
			t.Errorf("instruments %v, %v", r, err)
		}
		if r, err := x.Positions(ctx); err != nil || len(r) != 1 || !r[0].Quantity.Equal(dec("1")) || !r[0].Cost.Equal(dec("101")) {
			t.Errorf("positions %v, %v", r, err)
		}
		if r, err := x.Fees(ctx, spot.Symbol); err != nil || !r.Taker.Equal(dec("0.002")) {
			t.Errorf("fees %v, %v", r, err)
		}
		if r, err := x.OpenOrders(ctx, spot.Symbol); err != nil || len(r) != 1 || r[0].ClientID != "c" {
			t.Errorf("open orders %v, %v", r, err)
		}
		if r, err := x.Fills(ctx, spot.Symbol, time.Time{}); err != nil || len(r) != 1 || r[0].ClientID != "a" {
			t.Errorf("fills %v, %v", r, err)
		}
		ref := exchange.OrderRef{Market: spot, ClientID: "c"}
		if o, err := x.Replace(ctx, ref, exchange.Change{Quantity: dec("2")}); err != nil || o.Version != 2 {
			t.Errorf("replace %v, %v", o, err)
		}
		if o, err := x.Cancel(ctx, ref); err != nil || o.Status != exchange.StatusCanceled {
			t.Errorf("cancel %v, %v", o, err)
		}
		if r, err := x.Balances(ctx); err != nil || len(r) != 2 || r[0].Asset != "BTC" || !r[0].Free.Equal(dec("9")) {
			t.Errorf("balances %v, %v", r, err)
		}
		other := exchange.MustSymbol("A-B")
		_, e1 := x.Fees(ctx, other)
		_, e2 := x.OpenOrders(ctx, other)
		_, e3 := x.Fills(ctx, other, time.Time{})
		_, e4 := x.Snapshot(ctx, other, 0)
		for _, err := range []error{e1, e2, e3, e4} {
			if !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("unknown symbol: %v", err)
			}
		}
	})
}

// Everything at once, for the race detector, and the books must balance afterwards.
func TestExchangeConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults, _ := sim.FaultProfile("basic", 11)
		e := newEngine(t, config())
		x := newExchange(t, sim.ExchangeConfig{Engine: e, Latency: steady, Faults: faults})
		publish(t, x, around100(spot))
		ctx, cancel := context.WithCancel(t.Context())
		told := map[exchange.FillKey]bool{}
		var streams, wg sync.WaitGroup
		streams.Go(func() {
			_ = x.StreamOrders(ctx, func(ev exchange.Event) {
				for _, f := range ev.Order.Fills {
					told[f.Key()] = true
				}
			})
		})
		for range 3 {
			streams.Go(func() { _ = x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol}, func(*exchange.Book) {}) })
		}
		for w := range 8 {
			wg.Go(func() {
				for i := range 50 {
					req := limit(fmt.Sprint(w, "-", i), spot, exchange.Side(1+i%2), "0.05", "99")
					_, err := x.Place(ctx, req)
					for exchange.OutcomeOf(err) == exchange.ErrOutcomeUnknown {
						_, err = x.Lookup(ctx, req.Ref())
						if errors.Is(err, exchange.ErrNotFound) {
							break
						}
					}
					_, _ = x.Cancel(ctx, req.Ref())
					_, _ = x.Balances(ctx)
				}
			})
			streams.Go(func() {
				for i := int64(w); ctx.Err() == nil; i++ {
					<-time.After(3 * ms)
					if err := x.Publish(book(spot, [][2]int64{{990, 40 + i%3}}, [][2]int64{{995, 40 + i%2}})); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		<-time.After(5 * time.Second)
		cancel()
		streams.Wait()
		if len(e.Log()) < 100 || len(told) != len(e.Log()) {
			t.Errorf("%d fills, %d told", len(e.Log()), len(told))
		}
		audit(t, config(), e)
	})
}

func TestNewExchangeRefuses(t *testing.T) {
	e := newEngine(t, config())
	for name, cfg := range map[string]sim.ExchangeConfig{
		"no engine":         {},
		"an empty floor":    {Floor: new(sim.Floor)},
		"negative time-out": {Engine: e, Timeout: -1},
		"negative latency":  {Engine: e, Latency: sim.Latency{Entry: sim.Delay{Jitter: -1}}},
		"rates above one":   {Engine: e, Faults: sim.Faults{Lookups: sim.Rates{Slow: 1e6 + 1}}},
	} {
		if _, err := sim.NewExchange(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
