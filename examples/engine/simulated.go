package main

import (
	"context"
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/order"
)

// simulate replays a recording in virtual time, on one thread: as fast as the machine can, and the same to the byte each time.
func simulate(ctx context.Context, d *desk, replay *feed.Replay, progress func(time.Duration)) error {
	start, _ := replay.Next()
	loop := sim.NewLoop(start)
	books, err := feed.New(feed.Config{}) // fed by Put: the newest book of each market, nothing more
	if err != nil {
		return err
	}
	s := &simulation{desk: d, books: books, loop: loop, links: map[exchange.Venue]*sim.Link{}}
	var traders []order.AsyncTrader
	for i, e := range d.engines {
		faults, err := d.venueFaults(i)
		if err != nil {
			return err
		}
		// The recorded receive times hold the feed's latency already.
		link, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, Latency: network(0), Faults: faults, OnBook: s.onBook, OnEvent: s.onEvent(e)})
		if err != nil {
			return err
		}
		s.links[e.Venue()] = link
		traders = append(traders, link)
	}
	if s.driver, err = order.NewDriver(d.orders(books), loop, traders...); err != nil {
		return err
	}
	for _, e := range d.engines {
		s.driver.SetFunds(order.Account{Venue: e.Venue(), ID: e.Account()}, e.Balances(e.Account()), e.Positions(e.Account()))
	}
	return s.play(ctx, replay, progress)
}

// simulation is one run of simulate.
type simulation struct {
	*desk
	books  *feed.Feed
	loop   *sim.Loop
	links  map[exchange.Venue]*sim.Link
	driver *order.Driver
	ending bool // no new arbitrage
}

func (s *simulation) play(ctx context.Context, replay *feed.Replay, progress func(time.Duration)) error {
	start := s.loop.Now()
	for n := 0; ; n++ {
		at, ok := replay.Next()
		if !ok || ctx.Err() != nil || s.o.duration > 0 && at.Sub(start) > s.o.duration {
			break
		}
		s.loop.RunUntil(at)
		if err := replay.Step(s.publish); err != nil {
			return usageError{err}
		}
		if n%4096 == 0 {
			progress(at.Sub(start))
		}
	}
	s.ending = true
	s.loop.Run() // what is under way ends
	if !s.driver.Idle() {
		return errors.New("arbitrages were still open when nothing was left to happen")
	}
	stats := replay.Stats()
	s.tally.messages = stats.Messages
	return s.driver.Halted()
}

// publish gives a recorded book to its venue.
func (s *simulation) publish(b *exchange.Book) {
	if !s.trades(b.Market) {
		return
	}
	s.tally.book(errors.Is(b.Err, exchange.ErrGap))
	if link := s.links[b.Market.Venue]; link != nil {
		if err := link.Publish(b); err != nil {
			s.tally.miss("book_unusable")
		}
	}
}

// onBook takes a venue's visible book.
func (s *simulation) onBook(b *exchange.Book) {
	s.books.Put(b)
	if s.ending {
		return
	}
	plan, ok := s.see(b)
	if !ok {
		return
	}
	began := s.loop.Now()
	s.driver.Execute(plan, func(r order.Result, err error) { s.settle(plan, r, err, s.loop.Now().Sub(began)) })
}

// onEvent takes what the private stream of e's account tells.
func (s *simulation) onEvent(e *sim.Engine) func(exchange.Event) {
	return func(ev exchange.Event) {
		ev.Order.Market.Venue, ev.Order.Account = e.Venue(), e.Account()
		s.driver.OnEvent(ev)
	}
}
