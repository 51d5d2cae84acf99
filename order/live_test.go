package order_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

// bubble is when time starts in a synctest bubble.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// live is a Coordinator over two simulated venues. It lives in a bubble.
type live struct {
	*order.Coordinator
	venues map[exchange.Venue]*sim.Exchange
	stop   context.CancelFunc
	ended  chan error // Run's
}

func newVenue(t testing.TB, v exchange.Venue, f sim.Faults) *sim.Exchange {
	t.Helper()
	x, err := sim.NewExchange(sim.ExchangeConfig{Engine: newEngine(t, v), Faults: f, Latency: latency()})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Publish(flatBook(v, 1_000_000, 1<<30, time.Now())); err != nil {
		t.Fatal(err)
	}
	return x
}

func newLive(t testing.TB, cfg order.Config, faults func(exchange.Venue) sim.Faults) *live {
	t.Helper()
	x := &live{venues: map[exchange.Venue]*sim.Exchange{}, ended: make(chan error, 1)}
	for _, v := range []exchange.Venue{"a", "b"} {
		var f sim.Faults
		if faults != nil {
			f = faults(v)
		}
		x.venues[v] = newVenue(t, v, f)
	}
	c, err := order.New(cfg, x.venues["a"], x.venues["b"])
	if err != nil {
		t.Fatal(err)
	}
	x.Coordinator = c
	return x
}

// start runs the Coordinator and waits until it admits plans.
func (x *live) start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	x.stop = cancel
	go func() { x.ended <- x.Run(ctx) }()
	select {
	case <-x.Ready():
	case err := <-x.ended:
		t.Fatal(err)
	}
}

// finish ends Run and holds that nothing of it is left.
func (x *live) finish(t testing.TB) {
	t.Helper()
	x.stop()
	if err := <-x.ended; err != nil {
		t.Error(err)
	}
}

// net is what the venues hold beyond what they began with.
func (x *live) net() exchange.Decimal {
	sum := dec("-200")
	for _, v := range x.venues {
		v.Inspect(func(e *sim.Engine) { sum = sum.Add(balanceOf(e, "BTC")) })
	}
	return sum
}

// runLive is simulate, live.
func runLive(t *testing.T, seed uint64, n int) map[string]order.Result {
	results := map[string]order.Result{}
	synctest.Test(t, func(t *testing.T) {
		x := newLive(t, seedConfig(seed), faults(seed))
		x.start(t)
		got := make(chan order.Result, n)
		for i := range n {
			time.AfterFunc(time.Duration(i+1)*3*time.Millisecond, func() {
				r, err := x.Execute(t.Context(), plan("0.01"))
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				got <- r
			})
		}
		residual := exchange.Decimal{}
		for range n {
			r := <-got
			results[r.Group] = r
			residual = residual.Add(r.Residual)
		}
		x.finish(t)
		synctest.Wait()
		if net := x.net(); !net.Equal(residual) {
			t.Errorf("seed %d: the venues hold %s, the results say %s", seed, net, residual)
		}
	})
	return results
}

// The same Machine under both shells ends every group alike.
func TestLiveEqualsSimulated(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() || raced {
		seeds = 40
	}
	groups := 0
	for seed := range seeds {
		want, got := simulateAt(t, bubble, seed, 6), runLive(t, seed, 6)
		for id, w := range want.results {
			g, ok := got[id]
			if !ok {
				t.Fatalf("seed %d: no group %s live", seed, id)
			}
			if g.Outcome != w.Outcome || !g.Residual.Equal(w.Residual) || g.Orders != w.Orders || !g.Legs[0].Filled.Equal(w.Legs[0].Filled) ||
				!g.Legs[1].Filled.Equal(w.Legs[1].Filled) || !g.Legs[0].Cash.Equal(w.Legs[0].Cash) {
				t.Fatalf("seed %d, group %s: simulated %+v, live %+v", seed, id, w, g)
			}
			groups++
		}
	}
	t.Logf("%d groups ended alike", groups)
}

// Execute's context bounds admission only.
func TestExecuteContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newLive(t, order.Config{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := x.Execute(ctx, plan("0.01")) // Run has not begun
		if !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, context.DeadlineExceeded) || time.Since(bubble) != time.Second {
			t.Errorf("before Run: %v", err)
		}
		if _, err := x.Execute(ctx, plan("0.01")); !errors.Is(err, exchange.ErrNotSent) {
			t.Errorf("with a context that has ended: %v", err)
		}
		cancel()
		x.start(t)
		ctx, cancel = context.WithTimeout(t.Context(), time.Microsecond)
		r, err := x.Execute(ctx, plan("0.01")) // ends while the orders are on their way
		if err != nil || r.Outcome != order.Completed || ctx.Err() == nil {
			t.Errorf("ended in flight: %s, %v", r.Outcome, err)
		}
		cancel()
		x.finish(t)
		if _, err := x.Execute(t.Context(), plan("0.01")); !errors.Is(err, order.ErrClosed) || !errors.Is(err, exchange.ErrNotSent) {
			t.Errorf("after Run: %v", err)
		}
		if err := x.Run(t.Context()); err == nil {
			t.Error("Run may be called twice")
		}
	})
}

// hangs is a venue whose lookups never know anything, and whose placements do not answer.
type hangs struct{ *sim.Exchange }

func (hangs) Place(ctx context.Context, _ exchange.OrderRequest) (exchange.Order, error) {
	<-ctx.Done()
	return exchange.Order{}, ctx.Err()
}

func (hangs) Lookup(ctx context.Context, _ exchange.OrderRef) (exchange.Order, error) {
	<-ctx.Done()
	return exchange.Order{}, ctx.Err()
}

// When Run's context ends, no plan is admitted and open groups end; those that do not end in time are answered with what is known.
func TestDrain(t *testing.T) {
	t.Run("ends in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := newLive(t, order.Config{}, nil)
			x.start(t)
			time.AfterFunc(time.Millisecond, x.stop) // orders are on their way
			r, err := x.Execute(t.Context(), plan("0.01"))
			if err != nil || r.Outcome != order.Completed {
				t.Errorf("%s, %v", r.Outcome, err)
			}
			x.finish(t)
		})
	})
	t.Run("does not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			good := newVenue(t, "a", sim.Faults{})
			c, err := order.New(order.Config{Drain: 10 * time.Second}, good, hangs{newVenue(t, "b", sim.Faults{})})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- c.Run(ctx) }()
			<-c.Ready()
			began := time.Now()
			time.AfterFunc(time.Second, stop)
			waits := make(chan error)
			go func() { // it waits for nothing: what is not admitted when the drain begins is told at once
				<-ctx.Done()
				_, err := c.Execute(t.Context(), plan("0.01"))
				waits <- err
			}()
			r, err := c.Execute(t.Context(), plan("0.01"))
			if !errors.Is(err, order.ErrClosed) || errors.Is(err, exchange.ErrNotSent) || r.Outcome != order.Open || !r.Ended.IsZero() {
				t.Errorf("%+v, %v", r, err)
			}
			if !r.Residual.Equal(dec("0.01")) || !r.Legs[0].Filled.Equal(dec("0.01")) {
				t.Errorf("what is known: residual %s, leg %+v", r.Residual, r.Legs[0])
			}
			if err := <-waits; !errors.Is(err, order.ErrClosed) || !errors.Is(err, exchange.ErrNotSent) {
				t.Errorf("during the drain: %v", err)
			}
			if err := <-ended; !errors.Is(err, order.ErrClosed) || time.Since(began) != 11*time.Second {
				t.Errorf("Run: %v after %s", err, time.Since(began))
			}
		})
	})
}

// Groups in flight are bounded: the rest waits, and nothing is refused for it.
func TestAdmissionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newLive(t, order.Config{MaxGroups: 2, Overlap: true}, nil)
		x.start(t)
		ends := make(chan order.Result, 10)
		for range 10 {
			go func() {
				r, err := x.Execute(t.Context(), plan("0.01"))
				if err != nil {
					t.Error(err)
				}
				ends <- r
			}()
		}
		var began, over []time.Time
		for range 10 {
			r := <-ends
			began, over = append(began, r.Started), append(over, r.Ended)
		}
		for i := range began {
			open := 0
			for j := range began {
				if !began[j].After(began[i]) && over[j].After(began[i]) {
					open++
				}
			}
			if open > 2 {
				t.Errorf("%d groups open at %s", open, began[i])
			}
		}
		x.finish(t)
	})
}

// Client ids do not repeat when a process starts again.
func TestRestartMakesNewIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var groups []string
		for range 3 {
			x := newLive(t, order.Config{}, nil)
			x.start(t)
			r, err := x.Execute(t.Context(), plan("0.01"))
			if err != nil {
				t.Fatal(err)
			}
			groups = append(groups, r.Group)
			x.finish(t)
		}
		slices.Sort(groups)
		if len(slices.Compact(groups)) != 3 {
			t.Errorf("groups %q", groups)
		}
	})
}

// Outside of a bubble: no goroutine is left when Run has returned.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	x := newLive(t, order.Config{Overlap: true}, nil)
	x.start(t)
	for range 20 {
		if _, err := x.Execute(t.Context(), plan("0.001")); err != nil {
			t.Fatal(err)
		}
	}
	x.finish(t)
	after := runtime.NumGoroutine()
	for deadline := time.Now().Add(5 * time.Second); after > before && time.Now().Before(deadline); after = runtime.NumGoroutine() {
		runtime.Gosched() // the one that called Run is on its way out
	}
	if after > before {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}
