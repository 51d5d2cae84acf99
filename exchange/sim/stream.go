package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Bounds of what may be on its way to one subscriber.
const (
	booksInFlight  = 64   // of one symbol; when full, a new one takes the place of the newest
	eventsInFlight = 4096 // when full, the stream goes down and reconciles
)

// bookStream is one subscriber of books. All but wake is guarded by Exchange.mu.
type bookStream struct {
	wake   chan struct{}
	tracks []*track // one a symbol, as subscribed
	free   []*exchange.Book
}

// track is what is on its way of one symbol, oldest first. None overtakes another: what is due waits for what is before it.
type track struct {
	symbol exchange.Symbol
	queue  []shown
}

type shown struct {
	due  time.Time
	book *exchange.Book
}

// StreamBooks follows the visible books: the published ones without what orders took of them. The newest that is due is emitted for each
// symbol at first, then every change, after the feed's latency; a subscriber that is slower than the books skips to the newest, though not
// past a book with Err, unless it is 64 books behind. emit is called from this goroutine only. RecvTime is the time of the emission.
func (x *Exchange) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	b := &bookStream{wake: make(chan struct{}, 1)}
	for _, s := range symbols {
		if x.cfg.Engine.markets[s] == nil { // the map does not change after NewEngine
			return x.cfg.Engine.unknown("stream", s)
		}
		if !slices.ContainsFunc(b.tracks, func(t *track) bool { return t.symbol == s }) {
			b.tracks = append(b.tracks, &track{symbol: s})
		}
	}
	x.mu.Lock()
	x.books[b] = struct{}{}
	now := time.Now()
	for _, t := range b.tracks {
		x.show(now, b, t.symbol)
	}
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.books, b)
	}()
	return x.pump(ctx, b.wake, func() time.Time { return x.emitBooks(ctx, b, emit) })
}

// show queues the visible book of s for b; false when b does not follow it, or there is none.
func (x *Exchange) show(now time.Time, b *bookStream, s exchange.Symbol) bool {
	i := slices.IndexFunc(b.tracks, func(t *track) bool { return t.symbol == s })
	if i < 0 || !x.cfg.Engine.markets[s].set {
		return false
	}
	t := b.tracks[i]
	due := now.Add(x.feedDelay())
	if n := len(t.queue); n == booksInFlight {
		// Its head leaves when it is due, so that the newest does not wait for ever, however fast books come.
		t.queue[n-1].due = due
		x.cfg.Engine.Book(s, t.queue[n-1].book)
		return true
	}
	book := new(exchange.Book)
	if n := len(b.free); n > 0 {
		book, b.free = b.free[n-1], b.free[:n-1]
	}
	x.cfg.Engine.Book(s, book)
	t.queue = append(t.queue, shown{due, book})
	return true
}

// emitBooks emits what is due and returns when the next is; zero: nothing is on its way.
func (x *Exchange) emitBooks(ctx context.Context, b *bookStream, emit func(*exchange.Book)) time.Time {
	var next time.Time
	for _, t := range b.tracks {
		for ctx.Err() == nil {
			x.mu.Lock()
			now := time.Now()
			book := t.pop(now, b)
			if book == nil && len(t.queue) > 0 {
				next = sooner(next, t.queue[0].due)
			}
			x.mu.Unlock()
			if book == nil {
				break
			}
			book.RecvTime = now
			emit(book)
			x.mu.Lock()
			b.free = append(b.free, book)
			x.mu.Unlock()
		}
	}
	return next
}

// pop takes the newest book that is due off the queue, and whatever is older; it stops at a book with Err.
func (t *track) pop(now time.Time, b *bookStream) *exchange.Book {
	var book *exchange.Book
	n := 0
	for n < len(t.queue) && !t.queue[n].due.After(now) && (book == nil || book.Err == nil) {
		if book != nil {
			b.free = append(b.free, book)
		}
		book = t.queue[n].book
		n++
	}
	t.queue = slices.Delete(t.queue, 0, n)
	return book
}

// orderStream is one subscriber of the private stream. All but wake is guarded by Exchange.mu.
type orderStream struct {
	wake  chan struct{}
	since uint64 // the next event to fetch
	queue []coming
	full  bool // events were left behind: reconcile when the queue has drained
}

type coming struct {
	due   time.Time
	event exchange.Event
}

// StreamOrders follows the account's orders: StreamUp, then every event after the feed's latency. A subscriber that falls 4,096 events behind
// sees StreamDown, then for each order that has news its state with the fills that were missed, and StreamUp.
func (x *Exchange) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	o := &orderStream{wake: make(chan struct{}, 1)}
	x.mu.Lock()
	_, o.since, _ = x.cfg.Engine.Events(0)
	x.orders[o] = struct{}{}
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.orders, o)
	}()
	emit(x.cfg.Engine.ofStream(exchange.StreamUp, time.Now()))
	return x.pump(ctx, o.wake, func() time.Time { return x.emitEvents(ctx, o, emit) })
}

// fetch moves new events into the queue; it reports whether there are any, or whether the stream has to reconcile.
func (o *orderStream) fetch(now time.Time, x *Exchange) bool {
	if o.full {
		return false
	}
	news, next, ok := x.cfg.Engine.Events(o.since)
	if !ok || len(o.queue)+len(news) > eventsInFlight {
		o.full = true
		return true
	}
	o.since = next
	for _, ev := range news {
		o.queue = append(o.queue, coming{now.Add(x.feedDelay()), ev})
	}
	return len(news) > 0
}

// emitEvents emits what is due and returns when the next is; zero: nothing is on its way.
func (x *Exchange) emitEvents(ctx context.Context, o *orderStream, emit func(exchange.Event)) time.Time {
	for ctx.Err() == nil {
		x.mu.Lock()
		now := time.Now()
		n := 0
		for n < len(o.queue) && !o.queue[n].due.After(now) {
			n++
		}
		batch := slices.Clone(o.queue[:n])
		o.queue = slices.Delete(o.queue, 0, n)
		var next time.Time
		if len(o.queue) > 0 {
			next = o.queue[0].due
		}
		if o.full && len(o.queue) == 0 {
			batch = append(batch, o.reconcile(now, x)...)
		}
		x.mu.Unlock()
		if len(batch) == 0 {
			return next
		}
		for _, c := range batch {
			emit(c.event)
		}
	}
	return time.Time{}
}

// reconcile is what a stream that lost events is told instead.
func (o *orderStream) reconcile(now time.Time, x *Exchange) (r []coming) {
	for _, ev := range missed(x.cfg.Engine, now, o.since) {
		r = append(r, coming{now, ev})
	}
	_, o.since, _ = x.cfg.Engine.Events(o.since)
	o.full = false
	return r
}

// missed tells what happened from the event numbered since on to somebody who did not see the events: the stream was down, each order
// that has news with the fills since then, the stream is up.
func missed(e *Engine, now time.Time, since uint64) []exchange.Event {
	down := &exchange.Error{Venue: e.Venue(), Op: "stream", Class: exchange.ErrUnavailable, Code: "slow", Message: "subscriber too slow"}
	lost := e.ofStream(exchange.StreamDown, now)
	lost.Err = down
	r := []exchange.Event{lost}
	for _, order := range e.Changed(e.Account(), since) {
		r = append(r, exchange.Event{Kind: exchange.OrderUpdate, Order: order, Time: now})
	}
	return append(r, e.ofStream(exchange.StreamUp, now))
}

// ofStream is an event of the stream itself.
func (e *Engine) ofStream(kind exchange.EventKind, at time.Time) exchange.Event {
	ev := exchange.Event{Kind: kind, Time: at}
	ev.Order.Market.Venue, ev.Order.Account = e.cfg.Venue, e.cfg.Account
	return ev
}

// pump calls work whenever there is something new, or what it waits for is due, until ctx or the exchange ends.
func (x *Exchange) pump(ctx context.Context, wake <-chan struct{}, work func() time.Time) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		var due <-chan time.Time
		if next := work(); !next.IsZero() {
			timer.Reset(time.Until(next))
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sim: %s: stream: %w", x.Venue(), ctx.Err())
		case <-x.closed:
			return fmt.Errorf("sim: %s: stream: %w", x.Venue(), ErrClosed)
		case <-wake:
		case <-due:
		}
	}
}

// sooner is the earlier of a, where zero means none, and b.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
