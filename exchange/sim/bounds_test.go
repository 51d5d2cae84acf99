package sim_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// A link acts for its own account only, at its own venue: nothing of another's leaves it, as with an exchange.
func TestLinkRefusesWhatIsForeign(t *testing.T) {
	e, loop := newEngine(t, crowded()), sim.NewLoop(start)
	setBook(t, e, around100(spot))
	submit(t, e, of("two", limit("a", spot, exchange.Buy, "1", "90")))
	k := newLink(t, sim.LinkConfig{Engine: e, Loop: loop})
	elsewhere := limit("a", spot, exchange.Buy, "1", "90")
	elsewhere.Market.Venue = "y"
	for name, r := range map[string]exchange.OrderRequest{"account": of("two", limit("a", spot, exchange.Buy, "1", "90")), "venue": elsewhere} {
		ref, answers := r.Ref(), 0
		answer := func(want error) func(exchange.Order, error) {
			return func(o exchange.Order, err error) {
				answers++
				if !errors.Is(err, exchange.ErrInvalid) || want != nil && !errors.Is(err, want) || o.Ref() != ref {
					t.Errorf("another %s: %v, %v", name, o.Ref(), err)
				}
			}
		}
		k.Place(r, answer(exchange.ErrNotSent))
		k.Replace(ref, exchange.Change{Price: dec("91")}, answer(exchange.ErrNotSent))
		k.Cancel(ref, answer(exchange.ErrNotSent))
		k.Lookup(ref, answer(nil))
		loop.Run()
		if answers != 4 || k.Injector().Calls(sim.OpPlace) != 0 {
			t.Errorf("another %s: %d answers", name, answers)
		}
	}
	if open := e.OpenOrders("two", spot.Symbol); len(open) != 1 || !open[0].Price.Equal(dec("90")) {
		t.Errorf("its orders are %v", open)
	}
}

func TestShellsRefuseNoBook(t *testing.T) {
	e := newEngine(t, config())
	for name, shell := range map[string]interface{ Publish(*exchange.Book) error }{
		"link":     newLink(t, sim.LinkConfig{Engine: e, Loop: sim.NewLoop(start)}),
		"exchange": newExchange(t, sim.ExchangeConfig{Engine: e}),
	} {
		if err := shell.Publish(nil); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Streams of what has ended emit nothing, and end by themselves.
func TestStreamsOfWhatHasEnded(t *testing.T) {
	for name, want := range map[string]error{"closed": sim.ErrClosed, "dead context": context.Canceled} {
		t.Run(name, func(t *testing.T) {
			x := newExchange(t, sim.ExchangeConfig{})
			publish(t, x, around100(spot))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if cancel(); name == "closed" {
				ctx = t.Context()
				_ = x.Close()
			}
			if err := x.StreamOrders(ctx, func(ev exchange.Event) { t.Errorf("told that %s", ev.Kind) }); !errors.Is(err, want) {
				t.Errorf("orders: %v", err)
			}
			err := x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol}, func(*exchange.Book) { t.Error("shown a book") })
			if !errors.Is(err, want) {
				t.Errorf("books: %v", err)
			}
		})
	}
}

// A switch that is set or taken back cancels nothing yet: nothing fills meanwhile either.
func TestSwitchFillsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := sim.Rule{Op: sim.OpCancelAll, Fault: sim.FillAfterCancel, Count: 3, Percent: 50}
		x := newExchange(t, sim.ExchangeConfig{Faults: sim.Faults{Script: []sim.Rule{rule}}})
		publish(t, x, around100(spot))
		if _, err := x.Place(t.Context(), limit("a", spot, exchange.Buy, "1", "90")); err != nil {
			t.Fatal(err)
		}
		check := func(when, want string) {
			o, err := x.Lookup(t.Context(), exchange.OrderRef{Market: spot, ClientID: "a"})
			if o.Fills = nil; err != nil || shape(o) != want {
				t.Errorf("%s: %s, %v", when, shape(o), err)
			}
		}
		for _, after := range []time.Duration{time.Second, 0} {
			if err := x.CancelAllAfter(t.Context(), spot.Symbol, after); err != nil {
				t.Fatal(err)
			}
			check(after.String(), "accepted 0")
		}
		if err := x.CancelAll(t.Context(), spot.Symbol); err != nil {
			t.Fatal(err)
		}
		check("cancelled", "canceled 0.50")
	})
}

// An exchange, too, tells of funding that was forgotten while its stream was down, though the position is closed by then.
func TestExchangeTellsOfFundingThatWasForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.EventBuffer = 2
		x := newExchange(t, sim.ExchangeConfig{Engine: newEngine(t, cfg), Faults: sim.Faults{
			Script: []sim.Rule{{Op: sim.OpOrders, Fault: sim.Disconnect, For: time.Hour}}}})
		publish(t, x, around100(perp))
		var told []exchange.Balance
		stop := follow(t, func(ctx context.Context) error {
			return x.StreamOrders(ctx, func(ev exchange.Event) {
				if ev.Kind == exchange.BalanceUpdate {
					told = ev.Balances
				}
			})
		})
		place := func(r exchange.OrderRequest) {
			if _, err := x.Place(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		place(ioc(limit("a", perp, exchange.Buy, "1", "102")))
		x.Inspect(func(e *sim.Engine) {
			if p, err := e.Fund(time.Now(), perp.Symbol, dec("0.01")); err != nil || len(p) != 1 {
				t.Error(p, err)
			}
		})
		place(ioc(limit("b", perp, exchange.Sell, "1", "98")))
		place(ioc(limit("c", perp, exchange.Buy, "1", "90")))
		<-time.After(2 * time.Hour)
		_ = stop()
		is, err := x.Balances(t.Context())
		if err != nil || len(told) != len(is) || len(told) == 0 || !told[0].Free.Equal(is[0].Free) {
			t.Errorf("told %v, is %v, %v", told, is, err)
		}
	})
}
