package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/order"
)

// source publishes books until ctx ends, or until it has no more.
type source func(ctx context.Context, publish func(*exchange.Book)) error

// maxAtOnce bounds the arbitrages under way; signals beyond it are rejected as "too_many_groups".
const maxAtOnce = 16

// trading is a live run: real goroutines, real time.
type trading struct {
	*desk
	venues map[exchange.Venue]venue
	feed   *feed.Feed
	orders *order.Coordinator
}

// trade runs the desk live on what from publishes, until ctx ends or from does. Everything that it started has ended when it returns.
func trade(ctx context.Context, d *desk, from source) error {
	t := &trading{desk: d, venues: map[exchange.Venue]venue{}}
	defer func() {
		for _, v := range t.venues {
			v.close()
		}
	}()
	if err := t.connect(); err != nil {
		return err
	}
	// Three lives, ended in this order: signals, then orders once the open ones are done, then books, which unwinding needs.
	signals, stopSignals := context.WithCancel(ctx)
	defer stopSignals()
	coordination, stopOrders := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOrders()
	books, stopBooks := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBooks()

	var background sync.WaitGroup
	var sourceErr, feedErr, ordersErr error
	background.Go(func() { feedErr = t.feed.Run(books) })
	background.Go(func() {
		sourceErr = from(books, t.publish)
		stopSignals() // a recording that has ended ends the run
	})
	ordersDone := make(chan struct{})
	background.Go(func() {
		defer close(ordersDone)
		ordersErr = t.orders.Run(coordination)
		stopSignals()
	})
	select {
	case <-t.orders.Ready():
		t.follow(signals)
	case <-signals.Done():
	}
	stopOrders()
	<-ordersDone
	stopBooks()
	background.Wait()
	return errors.Join(unlessCanceled(sourceErr), unlessCanceled(feedErr), unlessCanceled(ordersErr))
}

func unlessCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// connect opens the venues, and wires feed and coordinator to them.
func (t *trading) connect() (err error) {
	var subs []feed.Subscription
	var accounts []exchange.Exchange
	for i, e := range t.engines {
		faults, err := t.venueFaults(i)
		if err != nil {
			return err
		}
		open := direct
		if t.o.wired() {
			open = wired
		}
		x, err := open(e, faults)
		if err != nil {
			return err
		}
		var symbols []exchange.Symbol
		for _, r := range t.rules {
			if r.Market.Venue == x.Venue() {
				symbols = append(symbols, r.Market.Symbol)
			}
		}
		t.venues[x.Venue()] = x
		subs = append(subs, feed.Subscription{Source: x, Symbols: symbols})
		accounts = append(accounts, x)
	}
	if t.feed, err = feed.New(feed.Config{Depth: 50}, subs...); err != nil {
		return err
	}
	t.orders, err = order.New(t.desk.orders(t.feed), accounts...)
	return err
}

// publish gives a book to its venue, which shows it to the feed.
func (t *trading) publish(b *exchange.Book) {
	if !t.trades(b.Market) {
		return
	}
	t.tally.message()
	t.tally.book(errors.Is(b.Err, exchange.ErrGap))
	v, ok := t.venues[b.Market.Venue]
	if !ok {
		return
	}
	if err := v.publish(b); err != nil && !errors.Is(err, exchange.ErrInvalid) {
		t.tally.miss("book_unusable")
	}
}

// follow turns books into arbitrages until ctx ends, and waits for those under way.
func (t *trading) follow(ctx context.Context) {
	slots := make(chan struct{}, maxAtOnce)
	var under sync.WaitGroup
	defer under.Wait()
	for u := range t.feed.Updates(ctx) {
		plan, ok := t.see(u.Book)
		if !ok {
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			t.tally.reject("too_many_groups")
			continue
		}
		began := time.Now()
		under.Go(func() {
			defer func() { <-slots }()
			r, err := t.orders.Execute(ctx, plan)
			t.settle(plan, r, err, time.Since(began))
		})
	}
}

// generated are books made up as the run goes: three venues whose prices wander together and apart.
func generated(o options) (from source, listings []listing, err error) {
	// More gaps than any market has, so that a minute shows what a day would.
	cfg := sim.GeneratorConfig{Seed: o.seed, Gaps: 10_000}
	if o.wired() {
		cfg.Venues = []exchange.Venue{binance.Venue, okx.Venue, bybit.Venue}
	}
	look, err := sim.NewGenerator(cfg)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range look.Step(time.Now()) {
		if l, ok := listed(b); ok {
			for _, i := range look.Instruments(b.Market.Venue) {
				if i.Market == b.Market {
					l.instrument = i
				}
				if o.wired() {
					l.instrument.VenueSymbol = nameAt(b.Market.Venue, b.Market.Symbol)
				}
			}
			listings = append(listings, l)
		}
	}
	g, err := sim.NewGenerator(cfg)
	return func(ctx context.Context, publish func(*exchange.Book)) error {
		tick := time.NewTicker(g.Interval())
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case now := <-tick.C:
				for _, b := range g.Step(now) {
					publish(b)
				}
			}
		}
	}, listings, err
}
