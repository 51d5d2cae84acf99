package sim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// eventsInFlight bounds the events that may be on their way to one subscriber; when it is reached, the stream goes down and reconciles.
const eventsInFlight = 4096

// orderStream is one subscriber of the private stream. All but wake is guarded by the floor's lock.
type orderStream struct {
	wake  waker
	since uint64 // the next event to fetch
	queue []coming
	after time.Time // nothing is emitted before: all are delayed
	down  bool      // events were left behind: reconcile when the queue has drained, and up is reached
	up    time.Time
}

type coming struct {
	due   time.Time
	event exchange.Event
	last  bool // it lets the next one pass
}

// StreamOrders follows the account's orders: StreamUp, then every event after the feed's latency. A subscriber that falls 4,096 events behind
// sees StreamDown, then for each order that has news its state with the fills that were missed, and StreamUp. So does one whose stream
// meets a fault.
func (x *Exchange) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	if err := x.over(ctx); err != nil {
		return err
	}
	o := &orderStream{wake: make(waker, 1)}
	x.floor.Read(func(_ time.Time, e *Engine) {
		_, o.since, _ = e.Events(0)
		x.orders[o] = struct{}{}
	})
	defer x.floor.Read(func(time.Time, *Engine) { delete(x.orders, o) })
	emit(x.cfg.Engine.ofStream(exchange.StreamUp, x.cfg.Account, time.Now()))
	return x.pump(ctx, o.wake, func() time.Time { return x.emitEvents(ctx, o, emit) })
}

// fetchEvents moves new events into the queue; it reports whether there are any, or whether the stream went down.
func (x *Exchange) fetchEvents(now time.Time, o *orderStream) bool {
	if o.down {
		return false
	}
	news, next, ok := x.cfg.Engine.AccountEvents(x.cfg.Account, o.since)
	if !ok || len(o.queue)+len(news) > eventsInFlight {
		o.fall(x.cfg.Engine, x.cfg.Account, now, now, errSlow)
		return true
	}
	before := len(o.queue)
	for i, ev := range news {
		fate := x.inj.Next(now, Call{Op: OpOrders, Key: ev.Order.Market.String()})
		due := later(later(now.Add(fate.Out), x.hold), o.after)
		if why, _ := broken(fate); why != nil && fate.Fault != Swapped {
			o.since = x.cfg.Engine.numberOf(x.cfg.Account, o.since, i)
			o.fall(x.cfg.Engine, x.cfg.Account, due, fate.repaired(due), why)
			return true
		}
		if fate.Fault == Delayed {
			o.after = due.Add(fate.For)
			due = o.after
		}
		o.push(coming{due, ev, false}, fate)
	}
	o.since = next
	return len(o.queue) > before
}

// push appends c. One that was told to let the next pass goes behind it.
func (o *orderStream) push(c coming, fate Fate) {
	if fate.Fault == Swapped {
		c.due, c.last = c.due.Add(fate.For), true
	}
	o.queue = append(o.queue, c)
	n := len(o.queue)
	if n > 1 && o.queue[n-2].last {
		o.queue[n-2], o.queue[n-1] = c, o.queue[n-2]
		o.queue[n-1].due, o.queue[n-1].last = c.due, false
	}
}

// fall queues the news that the stream is down from due on, until up.
func (o *orderStream) fall(e *Engine, a exchange.AccountID, due, up time.Time, why error) {
	o.down, o.up = true, up
	o.queue = append(o.queue, coming{due: due, event: e.fell(a, due, why)})
}

// emitEvents emits what is due and returns when the next is; zero: nothing is on its way.
func (x *Exchange) emitEvents(ctx context.Context, o *orderStream, emit func(exchange.Event)) time.Time {
	for x.over(ctx) == nil {
		var batch []exchange.Event
		var next time.Time
		x.floor.Read(func(now time.Time, e *Engine) { batch, next = o.take(now, e, x.cfg.Account) })
		if len(batch) == 0 {
			return next
		}
		for _, ev := range batch {
			emit(ev)
		}
	}
	return time.Time{}
}

// take is what is due, and when the next will be.
func (o *orderStream) take(now time.Time, e *Engine, a exchange.AccountID) (batch []exchange.Event, next time.Time) {
	n := 0
	for n < len(o.queue) && !o.queue[n].due.After(now) {
		batch = append(batch, o.queue[n].event)
		n++
	}
	o.queue = slices.Delete(o.queue, 0, n)
	switch {
	case len(o.queue) > 0:
		next = o.queue[0].due
	case o.down && o.up.After(now):
		next = o.up
	case o.down:
		batch = append(batch, e.missed(a, now, o.since)...)
		_, o.since, _ = e.Events(o.since)
		o.down = false
	}
	return batch, next
}

// errSlow is why a stream goes down that is not read as fast as it is written.
var errSlow = errors.New("subscriber too slow")

// fell is the event that a's stream is down.
func (e *Engine) fell(a exchange.AccountID, at time.Time, why error) exchange.Event {
	ev := e.ofStream(exchange.StreamDown, a, at)
	ev.Err = &exchange.Error{Venue: e.Venue(), Op: "stream", Class: exchange.ErrUnavailable, Err: why}
	return ev
}

// missed tells what happened from the event numbered since on to somebody who did not see the events: each order that has news with the
// fills since then, what else changed, and that the stream is up again.
func (e *Engine) missed(a exchange.AccountID, now time.Time, since uint64) []exchange.Event {
	var r []exchange.Event
	for _, order := range e.Changed(a, since) {
		r = append(r, exchange.Event{Kind: exchange.OrderUpdate, Order: order, Time: now})
	}
	news, _, ok := e.AccountEvents(a, since)
	for _, ev := range news {
		if ev.Kind != exchange.OrderUpdate {
			r = append(r, ev)
		}
	}
	if perp := slices.ContainsFunc(e.cfg.Instruments, isPerp); perp && !ok { // it may have been funded, which is forgotten
		all := e.ofStream(exchange.BalanceUpdate, a, now)
		all.Balances = e.Balances(a)
		r = append(r, all)
	}
	return append(r, e.ofStream(exchange.StreamUp, a, now))
}

func isPerp(i exchange.Instrument) bool { return i.Market.Symbol.Kind == exchange.Perp }

// numberOf is the number of a's event that is the one at i of those from since on.
func (e *Engine) numberOf(a exchange.AccountID, since uint64, i int) uint64 {
	all, _, _ := e.Events(since)
	for _, ev := range all {
		if ev.Order.Account == a {
			if i == 0 {
				break
			}
			i--
		}
		since++
	}
	return since
}

// ofStream is an event of a's stream itself.
func (e *Engine) ofStream(kind exchange.EventKind, a exchange.AccountID, at time.Time) exchange.Event {
	ev := exchange.Event{Kind: kind, Time: at}
	ev.Order.Market.Venue, ev.Order.Account = e.cfg.Venue, a
	return ev
}
