package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// booksInFlight bounds the books of one symbol that may be on their way to one subscriber; when it is reached, a new one takes the place of
// the newest.
const booksInFlight = 64

// waker wakes one pump.
type waker chan struct{}

func (w waker) now() {
	select {
	case w <- struct{}{}:
	default: // it is awake already, or about to be
	}
}

// bookStream is one subscriber of books. All but wake is guarded by the floor's lock.
type bookStream struct {
	wake   waker
	tracks []*track // one a symbol, as subscribed
	free   []*exchange.Book
	after  time.Time // nothing is emitted before: all are delayed
}

// track is what is on its way of one symbol, oldest first. None overtakes another: what is due waits for what is before it.
type track struct {
	market  exchange.Market
	key     string
	version uint64 // of the book that was looked at last
	away    bool   // it cannot follow: the last of the queue is when it has the whole book again
	queue   []shown
}

// shown is a book on its way; nil stands for the one that the engine has when it is due.
type shown struct {
	due  time.Time
	book *exchange.Book
}

// StreamBooks follows the visible books: the published ones without what orders took of them. The newest that is due is emitted for each
// symbol at first, then every change, after the feed's latency; a subscriber that is slower than the books skips to the newest, though not
// past a book with Err, unless it is 64 books behind. emit is called from this goroutine only. RecvTime is the time of the emission.
func (x *Exchange) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	b := &bookStream{wake: make(waker, 1)}
	for _, s := range symbols {
		if x.cfg.Engine.markets[s] == nil { // the map does not change after NewEngine
			return x.cfg.Engine.unknown("stream", s)
		}
		m := exchange.Market{Venue: x.Venue(), Symbol: s}
		if !slices.ContainsFunc(b.tracks, func(t *track) bool { return t.market == m }) {
			b.tracks = append(b.tracks, &track{market: m, key: m.String()})
		}
	}
	x.floor.Read(func(now time.Time, _ *Engine) {
		x.books[b] = struct{}{}
		x.fetchBooks(now, b)
	})
	defer x.floor.Read(func(time.Time, *Engine) { delete(x.books, b) })
	return x.pump(ctx, b.wake, func() time.Time { return x.emitBooks(ctx, b, emit) })
}

// fetchBooks queues each book that has changed since b saw it; false when there is none.
func (x *Exchange) fetchBooks(now time.Time, b *bookStream) (news bool) {
	for _, t := range b.tracks {
		if v := x.cfg.Engine.Version(t.market.Symbol); v != t.version {
			t.version = v
			if !t.away {
				x.show(now, b, t)
				news = true
			}
		}
	}
	return news
}

// show queues the visible book, or what a fault makes of it.
func (x *Exchange) show(now time.Time, b *bookStream, t *track) {
	fate := x.inj.Next(now, Call{Op: OpBooks, Key: t.key})
	due := now.Add(fate.Out)
	if why, all := broken(fate); why != nil {
		for _, u := range b.tracks {
			if u == t || all && !u.away {
				u.leave(b, later(due, b.after), fate, why)
			}
		}
		return
	}
	if fate.Fault == Delayed {
		b.after = later(due, b.after).Add(fate.For)
	}
	due = later(due, b.after)
	if n := len(t.queue); n >= booksInFlight {
		// Its head leaves when it is due, so that the newest does not wait for ever, however fast books come.
		t.queue[n-1].due = due
		x.cfg.Engine.Book(t.market.Symbol, t.queue[n-1].book)
		return
	}
	book := b.room()
	x.cfg.Engine.Book(t.market.Symbol, book)
	t.queue = append(t.queue, shown{due, book})
}

// leave tells the subscriber that the book cannot be followed, and when it has it again.
func (t *track) leave(b *bookStream, due time.Time, fate Fate, why error) {
	book := b.room()
	book.Market = t.market
	book.Invalidate(why)
	t.queue = append(t.queue, shown{due, book}, shown{fate.repaired(due), nil})
	t.away = true
}

func (b *bookStream) room() *exchange.Book {
	if n := len(b.free); n > 0 {
		book := b.free[n-1]
		b.free = b.free[:n-1]
		return book
	}
	return new(exchange.Book)
}

// emitBooks emits what is due and returns when the next is; zero: nothing is on its way.
func (x *Exchange) emitBooks(ctx context.Context, b *bookStream, emit func(*exchange.Book)) time.Time {
	var next time.Time
	for _, t := range b.tracks {
		for x.over(ctx) == nil {
			var book *exchange.Book
			x.floor.Read(func(now time.Time, e *Engine) {
				if book = t.pop(now, b, e); book != nil {
					book.RecvTime = now
				} else if len(t.queue) > 0 {
					next = sooner(next, t.queue[0].due)
				}
			})
			if book == nil {
				break
			}
			emit(book)
			x.floor.Read(func(time.Time, *Engine) { b.free = append(b.free, book) })
		}
	}
	return next
}

// pop takes the newest book that is due off the queue, and whatever is older; it stops at a book with Err.
func (t *track) pop(now time.Time, b *bookStream, e *Engine) *exchange.Book {
	var book *exchange.Book
	n := 0
	for n < len(t.queue) && !t.queue[n].due.After(now) && (book == nil || book.Err == nil) {
		next := t.queue[n].book
		n++
		if next == nil {
			t.away, t.version, next = false, e.Version(t.market.Symbol), b.room()
			if !e.Book(t.market.Symbol, next) {
				b.free = append(b.free, next)
				continue
			}
		}
		if book != nil {
			b.free = append(b.free, book)
		}
		book = next
	}
	t.queue = slices.Delete(t.queue, 0, n)
	return book
}

// over is why a stream ends: ctx did, or the exchange; nil: it goes on.
func (x *Exchange) over(ctx context.Context) error {
	cause := ctx.Err()
	if x.isClosed() {
		cause = ErrClosed
	}
	if cause == nil {
		return nil
	}
	return fmt.Errorf("sim: %s: stream: %w", x.Venue(), cause)
}

// pump calls work whenever there is something new, or what it waits for is due, until ctx or the exchange ends.
func (x *Exchange) pump(ctx context.Context, wake <-chan struct{}, work func() time.Time) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for x.over(ctx) == nil {
		timer.Stop()
		var due <-chan time.Time
		if next := work(); !next.IsZero() {
			timer.Reset(time.Until(next))
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-x.closed:
		case <-wake:
		case <-due:
		}
	}
	return x.over(ctx)
}

// sooner is the earlier of a, where zero means none, and b.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// later is the later of a and b.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
