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

// brokenBooks is what a follower of two books sees when a fault strikes at the second message of the spot book, 20 ms after the first, and the
// next books come 10 ms later: the spot books, then those of the perpetual, each with the time since the start.
var brokenBooks = map[sim.Fault]struct {
	rule sim.Rule
	spot []string
	perp []string
}{
	sim.Disconnect: {sim.Rule{}, []string{"0s 1", "20ms disconnected", "120ms 3"}, []string{"0s 1", "20ms disconnected", "120ms 2"}},
	sim.Cut: {sim.Rule{For: 50 * ms}, []string{"0s 1", "20ms disconnected", "70ms 3"},
		[]string{"0s 1", "20ms disconnected", "70ms 2"}},
	sim.SlowReader: {sim.Rule{}, []string{"0s 1", "20ms disconnected", "120ms 3"}, []string{"0s 1", "20ms disconnected", "120ms 2"}},
	sim.Stall:      {sim.Rule{For: 500 * ms}, []string{"0s 1", "20ms stale", "520ms 3"}, []string{"0s 1", "20ms stale", "520ms 2"}},
	sim.Drop:       {sim.Rule{}, []string{"0s 1", "20ms gap", "120ms 3"}, []string{"0s 1", "30ms 2"}},
	sim.Swapped:    {sim.Rule{For: 5 * ms}, []string{"0s 1", "20ms gap", "25ms 2", "30ms 3"}, []string{"0s 1", "30ms 2"}},
	sim.Twice:      {sim.Rule{}, []string{"0s 1", "20ms 2", "30ms 3"}, []string{"0s 1", "30ms 2"}},
	sim.Delayed:    {sim.Rule{For: 40 * ms}, []string{"0s 1", "60ms 3"}, []string{"0s 1", "60ms 2"}},
	sim.Corrupt:    {sim.Rule{}, []string{"0s 1", "20ms bad frame", "120ms 3"}, []string{"0s 1", "30ms 2"}},
	sim.StaleBook:  {sim.Rule{}, []string{"0s 1", "20ms stale", "1.02s 3"}, []string{"0s 1", "30ms 2"}},
	sim.CrossedBook: {sim.Rule{}, []string{"0s 1", "20ms crossed book", "120ms 3"},
		[]string{"0s 1", "30ms 2"}},
}

// noteBook is a book in brokenBooks' words.
func noteBook(log *[]string, since time.Duration, b *exchange.Book) {
	say := fmt.Sprint(b.Seq)
	for _, class := range []error{exchange.ErrDown, exchange.ErrGap, exchange.ErrFrame, exchange.ErrStale, exchange.ErrCrossed} {
		if errors.Is(b.Err, class) {
			say = class.Error()
		}
	}
	*log = append(*log, fmt.Sprint(since, " ", say))
}

func TestFaultsOfBooks(t *testing.T) {
	for _, f := range sim.FaultKinds() {
		if !f.Meets(sim.OpBooks) {
			continue
		}
		want := brokenBooks[f]
		rule := want.rule
		rule.Op, rule.Fault, rule.Nth, rule.Key = sim.OpBooks, f, 2, spot.String()
		faults := sim.Faults{Script: []sim.Rule{rule}}
		t.Run(string(f)+"/exchange", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, sim.ExchangeConfig{Faults: faults})
				publish(t, x, around100(spot))
				publish(t, x, around100(perp))
				began, seen := time.Now(), map[exchange.Market]*[]string{spot: {}, perp: {}}
				stop := follow(t, func(ctx context.Context) error {
					return x.StreamBooks(ctx, []exchange.Symbol{spot.Symbol, perp.Symbol}, func(b *exchange.Book) {
						noteBook(seen[b.Market], time.Since(began), b)
						if (b.Err == nil) != (len(b.Bids) > 0) {
							t.Errorf("%v with %d levels", b.Err, len(b.Bids))
						}
					})
				})
				<-time.After(20 * ms)
				publish(t, x, around100(spot))
				<-time.After(10 * ms)
				publish(t, x, around100(spot))
				publish(t, x, around100(perp))
				<-time.After(2 * time.Second)
				_ = stop()
				compare(t, seen, want.spot, want.perp)
			})
		})
		t.Run(string(f)+"/link", func(t *testing.T) {
			seen, loop := map[exchange.Market]*[]string{spot: {}, perp: {}}, sim.NewLoop(start)
			k, err := sim.NewLink(sim.LinkConfig{Engine: newEngine(t, config()), Loop: loop, Faults: faults,
				OnBook: func(b *exchange.Book) { noteBook(seen[b.Market], loop.Now().Sub(start), b) }})
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []struct {
				d time.Duration
				m exchange.Market
			}{{0, spot}, {0, perp}, {20 * ms, spot}, {30 * ms, spot}, {30 * ms, perp}} {
				loop.After(at.d, func() {
					if err := k.Publish(around100(at.m)); err != nil {
						t.Error(err)
					}
				})
			}
			loop.Run()
			spots := want.spot
			if f == sim.Delayed { // it forwards each book
				spots = []string{"0s 1", "60ms 2", "60ms 3"}
			}
			compare(t, seen, spots, want.perp)
		})
	}
}

func compare(t *testing.T, seen map[exchange.Market]*[]string, wantSpot, wantPerp []string) {
	t.Helper()
	if got := *seen[spot]; !slices.Equal(got, wantSpot) {
		t.Errorf("spot %q\nwant %q", got, wantSpot)
	}
	if got := *seen[perp]; !slices.Equal(got, wantPerp) {
		t.Errorf("perp %q\nwant %q", got, wantPerp)
	}
}

// brokenOrders is what a follower of orders hears when a fault strikes at the message that "b" fills, 10 ms after "a" and 10 ms before "c".
var brokenOrders = map[sim.Fault][]string{
	sim.Disconnect: {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.Cut:        {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.SlowReader: {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.Stall:      {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.Drop:       {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.Corrupt:    {"0s up", "0s a", "10ms down", "110ms b", "110ms c", "110ms up", "300ms d"},
	sim.Twice:      {"0s up", "0s a", "10ms b", "20ms c", "300ms d"},
	sim.Swapped:    {"0s up", "0s a", "20ms c", "20ms b", "300ms d"},
	sim.Delayed:    {"0s up", "0s a", "510ms b", "510ms c", "510ms d"},
}

func noteEvent(log *[]string, since time.Duration, ev exchange.Event) {
	say := map[exchange.EventKind]string{exchange.StreamUp: "up", exchange.StreamDown: "down"}[ev.Kind]
	if ev.Kind == exchange.OrderUpdate {
		say = ev.Order.ClientID
	}
	*log = append(*log, fmt.Sprint(since, " ", say))
}

func TestFaultsOfOrders(t *testing.T) {
	times := []struct {
		id string
		at time.Duration
	}{{"a", 0}, {"b", 10 * ms}, {"c", 20 * ms}, {"d", 300 * ms}}
	for _, f := range sim.FaultKinds() {
		if !f.Meets(sim.OpOrders) {
			continue
		}
		want := brokenOrders[f]
		faults := sim.Faults{Script: []sim.Rule{{Op: sim.OpOrders, Fault: f, Nth: 2}}}
		t.Run(string(f)+"/exchange", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, sim.ExchangeConfig{Faults: faults})
				publish(t, x, around100(spot))
				var got []string
				fills := map[exchange.FillKey]int{}
				began := time.Now()
				stop := follow(t, func(ctx context.Context) error {
					return x.StreamOrders(ctx, func(ev exchange.Event) {
						noteEvent(&got, time.Since(began), ev)
						for _, f := range ev.Order.Fills {
							fills[f.Key()]++
						}
					})
				})
				for _, o := range times {
					<-time.After(o.at - time.Since(began))
					if _, err := x.Place(t.Context(), ioc(limit(o.id, spot, exchange.Buy, "0.1", "101"))); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(2 * time.Second)
				_ = stop()
				if !slices.Equal(got, want) {
					t.Errorf("heard %q\nwant  %q", got, want)
				}
				for k, n := range fills {
					if n != 1 {
						t.Errorf("%v was told %d times", k, n)
					}
				}
				if len(fills) != len(times) {
					t.Errorf("%d fills were told", len(fills))
				}
			})
		})
		t.Run(string(f)+"/link", func(t *testing.T) {
			loop := sim.NewLoop(start)
			var got []string
			k, err := sim.NewLink(sim.LinkConfig{Engine: newEngine(t, config()), Loop: loop, Faults: faults,
				OnEvent: func(ev exchange.Event) { noteEvent(&got, loop.Now().Sub(start), ev) }})
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Publish(around100(spot)); err != nil {
				t.Fatal(err)
			}
			for _, o := range times {
				loop.After(o.at, func() {
					k.Place(ioc(limit(o.id, spot, exchange.Buy, "0.1", "101")), func(_ exchange.Order, err error) {
						if err != nil {
							t.Error(err)
						}
					})
				})
			}
			loop.Run()
			if !slices.Equal(got, want) {
				t.Errorf("heard %q\nwant  %q", got, want)
			}
		})
	}
}

// Two accounts at one engine, each behind a shell of its own: they trade with one another, each hears its own side, both see the books.
func TestTwoAccountsMeet(t *testing.T) {
	cfg := config()
	cfg.Accounts = []sim.AccountConfig{{ID: "two", Balances: cfg.Balances}}
	told := map[exchange.AccountID]map[string]int{"": {}, "two": {}}
	books := map[exchange.AccountID]int{}
	hear := func(a exchange.AccountID) (func(exchange.Event), func(*exchange.Book)) {
		return func(ev exchange.Event) {
			if ev.Order.Account != a {
				t.Errorf("%q hears of %q", a, ev.Order.Account)
			}
			for _, f := range ev.Order.Fills {
				told[a][f.ClientID]++
			}
		}, func(*exchange.Book) { books[a]++ }
	}
	first := limit("maker", spot, exchange.Sell, "1", "100")
	second := limit("taker", spot, exchange.Buy, "1", "100")
	second.Account = "two"
	loop, e := sim.NewLoop(start), newEngine(t, cfg)
	links := map[exchange.AccountID]*sim.Link{}
	for a := range told {
		onEvent, onBook := hear(a)
		k, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, Account: a, OnEvent: onEvent, OnBook: onBook})
		if err != nil {
			t.Fatal(err)
		}
		links[a] = k
	}
	if err := links[""].Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	fail := func(o exchange.Order, err error) {
		if err != nil {
			t.Error(err)
		}
	}
	links[""].Place(first, fail)
	loop.After(ms, func() { links["two"].Place(second, fail) })
	loop.Run()
	if told[""]["maker"] != 1 || told["two"]["taker"] != 1 || books[""] < 3 || books[""] != books["two"] {
		t.Errorf("told %v, books %v", told, books)
	}
	if _, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, Account: "three"}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("an account that there is not: %v", err)
	}
	second.ClientID = "other"
	links[""].Place(second, func(o exchange.Order, err error) {
		if !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, exchange.ErrInvalid) || o.ClientID != "other" {
			t.Errorf("an order of another account: %v, %v", o, err)
		}
	})
	loop.Run()
}

// Funding is heard of at once, and when the stream was down while the engine forgot it and the position was closed.
func TestLinkTellsOfFunding(t *testing.T) {
	none := func(exchange.Order, error) {}
	for name, faults := range map[string]sim.Faults{
		"at once":       {},
		"after a break": {Script: []sim.Rule{{Op: sim.OpOrders, Fault: sim.Disconnect, For: time.Hour}}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.EventBuffer = 2
			loop, balances := sim.NewLoop(start), 0
			k, err := sim.NewLink(sim.LinkConfig{Engine: newEngine(t, cfg), Loop: loop, Faults: faults, OnEvent: func(ev exchange.Event) {
				if ev.Kind == exchange.BalanceUpdate {
					balances++
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Publish(around100(perp)); err != nil {
				t.Fatal(err)
			}
			k.Place(ioc(limit("a", perp, exchange.Buy, "1", "102")), none)
			loop.RunUntil(start.Add(time.Second))
			k.Inspect(func(e *sim.Engine) {
				if p, err := e.Fund(loop.Now(), perp.Symbol, dec("0.01")); err != nil || len(p) != 1 {
					t.Fatal(p, err)
				}
			})
			if name == "after a break" {
				k.Place(ioc(limit("b", perp, exchange.Sell, "1", "98")), none)
				for _, id := range []string{"c", "d", "e"} {
					k.Place(ioc(limit(id, perp, exchange.Buy, "1", "90")), none)
				}
			}
			loop.Run()
			if balances != 1 {
				t.Errorf("%d events of balances", balances)
			}
		})
	}
}
