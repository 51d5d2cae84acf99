package okx

import (
	"context"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// awaited is an amendment whose outcome somebody waits for.
type awaited struct {
	of   naming
	news chan amended
}

// amended is what the order stream tells of an amendment.
type amended struct {
	made          bool
	code, message string
}

// Replace changes price or total quantity of a working order. Its ids stay. The venue acknowledges first: Replace waits for the order stream
// to tell the outcome, for half a second, or else looks the order up. The order keeps its place in the queue when only its
// quantity shrinks.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	o, err := x.replace(ctx, ref, change)
	if err != nil {
		return pointedAt(&ref), err
	}
	return o, nil
}

func (x *Exchange) replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	d, err := x.prepare(ctx, opReplace, ref.Market, ref.Account)
	if err != nil {
		return exchange.Order{}, err
	}
	a, err := amendingOf(&ref, change, d)
	if err != nil {
		return exchange.Order{}, notSent(opReplace, err)
	}
	o, ok := x.tracker.Known(ref)
	if !ok || o.Quantity.IsZero() || o.Type == exchange.TypeLimit && o.Price.IsZero() {
		if o, err = x.lookup(ctx, ref); err != nil {
			return exchange.Order{}, notSent(opReplace, err)
		}
	}
	a.ReqID = x.nextID()
	news := x.expect(a.ReqID, a.naming)
	defer x.expectNoMore(a.ReqID)
	w := &writing{op: opReplace, path: amendPath, socketOp: "amend-order", arg: a, lane: rest.Opens, costs: x.orderCosts(byAmend, d), d: d}
	row, err := x.write(ctx, w)
	if err != nil {
		return exchange.Order{}, err
	}
	if o.VenueID == "" {
		o.VenueID = string(row.OrdID)
	}
	return x.confirm(ctx, altered(o, change), change, news)
}

// altered is o after a change.
func altered(o exchange.Order, c exchange.Change) exchange.Order {
	o.Fills, o.Requeued = nil, false
	if !c.Price.IsZero() {
		o.Requeued = !c.Price.Equal(o.Price)
		o.Price = c.Price
	}
	if !c.Quantity.IsZero() {
		o.Requeued = o.Requeued || c.Quantity.Cmp(o.Quantity) > 0
		o.Quantity = c.Quantity
	}
	return o
}

// confirm is o once the venue has made the change c that it acknowledged.
func (x *Exchange) confirm(ctx context.Context, o exchange.Order, c exchange.Change, news <-chan amended) (exchange.Order, error) {
	unknown := func(why string, err error) (exchange.Order, error) {
		return exchange.Order{}, &exchange.Error{Venue: Venue, Op: opReplace, Outcome: exchange.ErrOutcomeUnknown, Message: why, Err: err}
	}
	if x.entry.Load() != nil {
		select {
		case n := <-news:
			if n.made {
				return whole(x.tracker.Answered(o)), nil
			}
			e := fail(write, http.StatusOK, n.code, n.message)
			e.Op, e.Outcome = opReplace, exchange.ErrRejected
			if e.Class == nil {
				e.Class = exchange.ErrConflict
			}
			return exchange.Order{}, e
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return unknown("acknowledged", ctx.Err())
		}
	}
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		now, err := x.lookup(ctx, o.Ref())
		switch {
		case err != nil:
			return unknown("acknowledged, and not to be looked up", err)
		case now.Price.Equal(o.Price) && now.Quantity.Equal(o.Quantity), now.Status == exchange.StatusFilled && enough(now, c):
			x.noteChange(now.VenueID)
			now = whole(x.tracker.Answered(now))
			now.Requeued = o.Requeued
			return now, nil
		case now.Status.Final():
			return exchange.Order{}, &exchange.Error{Venue: Venue, Op: opReplace, Outcome: exchange.ErrRejected, Class: exchange.ErrConflict,
				Message: "the order has ended: " + now.Status.String()}
		case wait > 200*time.Millisecond:
			return unknown("acknowledged, and not made yet", nil)
		}
		if err := rest.Sleep(ctx, wait); err != nil {
			return unknown("acknowledged", err)
		}
	}
}

// enough reports whether o has filled by all that c wants of it: the venue then ends it as filled, whatever it says of its size.
func enough(o exchange.Order, c exchange.Change) bool {
	return !c.Quantity.IsZero() && o.Filled.Cmp(c.Quantity) >= 0
}

// whole is o, of no smaller a size than has filled.
func whole(o exchange.Order) exchange.Order {
	o.Quantity = o.Quantity.Max(o.Filled)
	return o
}

func (x *Exchange) noteChange(ordID string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.changed.add(ordID)
}

// expect opens a place for what the stream tells of an amendment.
func (x *Exchange) expect(id string, of naming) <-chan amended {
	news := make(chan amended, 1)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.amends == nil {
		x.amends = map[string]awaited{}
	}
	x.amends[id] = awaited{of, news}
	return news
}

func (x *Exchange) expectNoMore(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.amends, id)
}

// changes are the orders, by the venue's id, that were amended: the newest ones, two lots of a bounded size.
type changes struct{ young, old map[string]bool }

const maxChanges = 4096

func (c *changes) add(ordID string) {
	if len(c.young) >= maxChanges {
		c.young, c.old = nil, c.young
	}
	if c.young == nil {
		c.young = map[string]bool{}
	}
	c.young[ordID] = true
}

func (c *changes) has(ordID string) bool { return c.young[ordID] || c.old[ordID] }

// resolve tells from a rejection the end of a post-only order that was on the book and was amended so as to take: the venue has one word
// for both. That an order was amended it says at the time, or price and size do. That it was live says nothing: the venue pushes that of
// orders that take as well.
func (x *Exchange) resolve(o *exchange.Order, w *orderRow) {
	if o.Status != exchange.StatusRejected {
		return
	}
	k, known := x.tracker.Known(o.Ref())
	known = known && (k.VenueID == "" || k.VenueID == o.VenueID)
	moved := known && (!k.Price.IsZero() && !k.Price.Equal(o.Price) || !k.Quantity.IsZero() && !k.Quantity.Equal(o.Quantity))
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.AmendResult == "0" || moved || x.changed.has(o.VenueID) {
		o.Status = exchange.StatusExpired
	}
}

// tellAmended hands over what a push says of an amendment.
func (x *Exchange) tellAmended(w *orderRow) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.AmendResult == "0" {
		x.changed.add(string(w.OrdID))
	}
	a, ok := x.amends[string(w.ReqID)]
	if !ok || !a.of.is(w) { // another program's
		return
	}
	select {
	case a.news <- amended{w.AmendResult == "0", string(w.Code), string(w.Message)}:
	default: // told already
	}
}
