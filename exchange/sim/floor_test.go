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

func TestFloorWakesItsWatchers(t *testing.T) {
	f := sim.NewFloor(newEngine(t, config()))
	var a, b int
	stopA := f.Watch(func() { a++; f.Read(func(time.Time, *sim.Engine) {}) }) // outside the lock: it may look
	stopB := f.Watch(func() { b++ })
	nothing := func(time.Time, *sim.Engine) {}
	f.Do(nothing)
	f.Read(nothing)
	stopA()
	stopA()
	f.Do(nothing)
	stopB()
	f.Do(nothing)
	if a != 1 || b != 2 {
		t.Errorf("woken %d and %d times, want 1 and 2", a, b)
	}
}

func TestFloorWatcherMayStopItself(t *testing.T) {
	f := sim.NewFloor(newEngine(t, config()))
	n := 0
	var stop func()
	stop = f.Watch(func() { n++; stop() })
	f.Do(func(time.Time, *sim.Engine) {})
	f.Do(func(time.Time, *sim.Engine) {})
	if n != 1 {
		t.Errorf("woken %d times", n)
	}
}

// One at a time, and time does not go back.
func TestFloorIsAloneWithTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := sim.NewFloor(newEngine(t, config()))
		var wg sync.WaitGroup
		var last time.Time
		n := 0
		for range 8 {
			wg.Go(func() {
				for range 100 {
					f.Do(func(now time.Time, e *sim.Engine) {
						if now.Before(last) || e.Venue() != exchange.Venue("x") {
							t.Error("time went back")
						}
						last = now
						n++
					})
				}
			})
		}
		wg.Wait()
		if n != 800 {
			t.Errorf("%d of 800", n)
		}
	})
}

// Exchanges of two accounts on one floor: what one does the other sees, each hears its own.
func TestExchangesShareAFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Accounts = []sim.AccountConfig{{ID: "two", Balances: cfg.Balances}}
		floor := sim.NewFloor(newEngine(t, cfg))
		a := newExchange(t, sim.ExchangeConfig{Floor: floor})
		b := newExchange(t, sim.ExchangeConfig{Floor: floor, Account: "two", Latency: steady})
		publish(t, a, around100(spot))
		fills := map[exchange.AccountID][]string{}
		for _, x := range []*sim.Exchange{a, b} {
			stop := follow(t, func(ctx context.Context) error {
				return x.StreamOrders(ctx, func(ev exchange.Event) {
					if ev.Order.Account != x.Account() {
						t.Errorf("%q hears of %q", x.Account(), ev.Order.Account)
					}
					for _, f := range ev.Order.Fills {
						fills[x.Account()] = append(fills[x.Account()], fmt.Sprint(f.ClientID, " ", f.Quantity, "@", f.Price, " ", f.Maker))
					}
				})
			})
			defer func() { _ = stop() }()
		}
		var best exchange.Decimal // ask, as b sees it
		stop := follow(t, func(ctx context.Context) error {
			return b.StreamBooks(ctx, []exchange.Symbol{spot.Symbol}, func(k *exchange.Book) {
				l, _ := k.Best(exchange.Buy)
				best = k.Price(l)
			})
		})
		if _, err := a.Place(t.Context(), limit("maker", spot, exchange.Sell, "1", "100")); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * ms)
		synctest.Wait()
		if !best.Equal(dec("100")) {
			t.Errorf("the best ask is %s, want the other's order", best)
		}
		take := limit("taker", spot, exchange.Buy, "0.4", "100")
		if _, err := a.Place(t.Context(), exchange.OrderRequest{Account: "two"}); !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("an order of another account: %v", err)
		}
		take.Account = "two"
		o, err := b.Place(t.Context(), take)
		checkShape(t, o, err, "filled 0.40 0.40@100.0")
		<-time.After(10 * ms)
		synctest.Wait()
		_ = stop()
		if got, want := fmt.Sprint(fills), "map[:[maker 0.40@100.0 true] two:[taker 0.40@100.0 false]]"; got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
		for name, cfg := range map[string]sim.ExchangeConfig{
			"an account that there is not": {Floor: floor, Account: "three"},
			"an engine beside the floor":   {Floor: floor, Engine: newEngine(t, config())},
		} {
			if _, err := sim.NewExchange(cfg); !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// The switch cancels when nobody calls in time, and not before.
func TestExchangeCancelsAllAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, sim.ExchangeConfig{})
		publish(t, x, around100(spot))
		if _, err := x.Place(t.Context(), limit("a", spot, exchange.Buy, "1", "90")); err != nil {
			t.Fatal(err)
		}
		open := func() int {
			r, err := x.OpenOrders(t.Context(), spot.Symbol)
			if err != nil {
				t.Error(err)
			}
			return len(r)
		}
		arm := func(d time.Duration) {
			if err := x.CancelAllAfter(t.Context(), spot.Symbol, d); err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			arm(time.Second)
			<-time.After(900 * ms)
		}
		arm(0)
		<-time.After(time.Hour)
		if open() != 1 {
			t.Error("cancelled although somebody called, or although it was switched off")
		}
		arm(time.Second)
		<-time.After(1001 * ms)
		if open() != 0 {
			t.Error("not cancelled")
		}
		if err := x.CancelAllAfter(t.Context(), spot.Symbol, -1); !errors.Is(err, exchange.ErrNotSent) {
			t.Errorf("a negative time: %v", err)
		}
		if err := x.CancelAllAfter(t.Context(), exchange.MustSymbol("A-B"), 1); !errors.Is(err, exchange.ErrRejected) {
			t.Errorf("an unknown market: %v", err)
		}
		if at, err := x.ServerTime(t.Context()); err != nil || !at.Equal(time.Now()) {
			t.Errorf("the time is %s, %v", at, err)
		}
	})
}

// A switch that strikes at the instant at which it is switched off: what the call said holds.
func TestExchangeSwitchedOffInTime(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			x := newExchange(t, sim.ExchangeConfig{})
			publish(t, x, around100(spot))
			if _, err := x.Place(t.Context(), limit("a", spot, exchange.Buy, "1", "90")); err != nil {
				t.Fatal(err)
			}
			if err := x.CancelAllAfter(t.Context(), spot.Symbol, time.Second); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
			if err := x.CancelAllAfter(t.Context(), spot.Symbol, 0); err != nil {
				t.Fatal(err)
			}
			ref := exchange.OrderRef{Market: spot, ClientID: "a"}
			before, _ := x.Lookup(t.Context(), ref)
			synctest.Wait()
			if after, _ := x.Lookup(t.Context(), ref); after.Status != before.Status {
				t.Errorf("%s when it was switched off, %s later", before.Status, after.Status)
			}
		})
	}
}
