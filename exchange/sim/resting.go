package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// rest locks what o may cost and puts it on the book; false when that is not free.
func (e *Engine) rest(o *order) bool {
	asset, need := e.funds(o, o.left, o.price)
	b := o.account.wallet(o.m).balance(asset)
	if need.Sign() > 0 && b.free.Cmp(need) < 0 {
		return false
	}
	b.lock(need)
	o.lock, o.resting = need, true
	side := &o.m.rest[sideIndex(o.req.Side)]
	i, _ := slices.BinarySearchFunc(*side, o, ahead)
	*side = slices.Insert(*side, i, o)
	return true
}

// ahead orders one side's resting orders: better price first, then the one that came earlier.
func ahead(a, b *order) int {
	byPrice := cmp.Compare(a.price, b.price)
	if a.req.Side == exchange.Buy {
		byPrice = -byPrice
	}
	return cmp.Or(byPrice, cmp.Compare(a.priority, b.priority))
}

// unrest takes o off the book and frees what it locks.
func (e *Engine) unrest(o *order) {
	side := &o.m.rest[sideIndex(o.req.Side)]
	i, _ := slices.BinarySearchFunc(*side, o, ahead)
	*side = slices.Delete(*side, i, i+1)
	asset, _ := e.funds(o, 0, o.price)
	o.account.wallet(o.m).balance(asset).lock(o.lock.Neg())
	o.lock, o.resting = exchange.Decimal{}, false
}

// relock frees the part of o's lock that o.left does not need any more.
func (e *Engine) relock(o *order) {
	if !o.resting {
		return
	}
	asset, need := e.funds(o, o.left, o.price)
	o.account.wallet(o.m).balance(asset).lock(need.Sub(o.lock))
	o.lock = need
}

// Cancel takes a resting order off the book. An order that has ended is refused with ErrConflict, one that is not known with
// ErrNotFound, both with ErrRejected.
func (e *Engine) Cancel(now time.Time, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := e.working("cancel", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	return e.end(now, o, exchange.StatusCanceled, ReasonCanceled), nil
}

// End takes a resting order off the book as the venue does for reasons of its own: the status (one that is final) and the reason say which.
// Refusals are those of Cancel.
func (e *Engine) End(now time.Time, ref exchange.OrderRef, s exchange.Status, reason string) (exchange.Order, error) {
	o, err := e.working("end", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	return e.end(now, o, s, reason), nil
}

func (e *Engine) end(now time.Time, o *order, s exchange.Status, reason string) exchange.Order {
	e.unrest(o)
	o.status, o.reason, o.time = s, reason, now
	return e.tell(now, o, len(e.log))
}

// Fill fills a resting order at its own price, as maker, by quantity or what is left of it, against somebody who is no account here: the book
// gives nothing for it. Refusals are those of Cancel, and ErrInvalid for a quantity that is no lot.
func (e *Engine) Fill(now time.Time, ref exchange.OrderRef, quantity exchange.Decimal) (exchange.Order, error) {
	o, err := e.working("fill", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	n, ok := quantity.Int64(int(o.m.scale.Size))
	if !ok || n <= 0 || !quantity.IsMultiple(o.m.ins.Lot) {
		return exchange.Order{}, e.refuse("fill", exchange.ErrInvalid, "size", "quantity %s", quantity)
	}
	first := len(e.log)
	e.execute(now, o, o.price, min(n, o.left), true)
	e.after(now, o, first)
	return e.view(o, first), nil
}

// CancelAll takes a's resting orders on s off the book, oldest first, and returns them as they are then.
func (e *Engine) CancelAll(now time.Time, a exchange.AccountID, s exchange.Symbol) []exchange.Order {
	var r []exchange.Order
	open := e.resting(a, s)
	slices.SortFunc(open, func(a, b *order) int { return cmp.Compare(a.number, b.number) })
	for _, o := range open {
		r = append(r, e.end(now, o, exchange.StatusCanceled, ReasonCanceled))
	}
	return r
}

// Replace changes a resting order, which keeps its id; its version rises by one. A new price, or more quantity, costs it its place among
// orders of one price. An order that crosses the book under its new price takes, as a new one would. Refusals are those of Submit and
// Cancel (ErrConflict also for a quantity that has filled already) and leave the order as it was.
func (e *Engine) Replace(now time.Time, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	o, err := e.working("replace", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	next, err := e.changed(o, c)
	if err != nil {
		return exchange.Order{}, err
	}
	w := o.m.walk(o.req.Side, next.price, next.left)
	if w.size > 0 && o.req.PostOnly {
		return exchange.Order{}, e.refuse("replace", nil, "post_only", "it would take at %s", o.m.price(w.best))
	}
	if err := e.afford("replace", next, w); err != nil {
		return exchange.Order{}, err
	}
	e.unrest(o)
	if next.price != o.price || next.left > o.left {
		e.nextID++
		o.priority = e.nextID
	}
	o.req, o.price, o.left, o.version, o.time = next.req, next.price, next.left, o.version+1, now
	o.status = exchange.StatusReplaced
	e.tell(now, o, len(e.log)) // replaced is an event, not an end: the next one says where the order stands
	first := len(e.log)
	e.work(now, o, w.size)
	return e.tell(now, o, first), nil
}

// changed is a copy of o under the new specification, checked against the rules.
func (e *Engine) changed(o *order, c exchange.Change) (*order, error) {
	next := *o
	if !c.Price.IsZero() {
		next.req.Price = c.Price
	}
	if !c.Quantity.IsZero() {
		next.req.Quantity = c.Quantity
	}
	if next.req.Price.Equal(o.req.Price) && next.req.Quantity.Equal(o.req.Quantity) {
		return nil, e.refuse("replace", exchange.ErrInvalid, "unchanged", "nothing to change")
	}
	if err := o.m.ins.Check(next.req); err != nil {
		return nil, e.invalid("replace", err)
	}
	switch {
	case o.m.book.Err != nil:
		return nil, e.unavailable("replace", o.m)
	case next.req.Quantity.Cmp(o.filled) <= 0:
		return nil, e.refuse("replace", exchange.ErrConflict, "filled", "%s has filled already", o.filled)
	case !next.measure():
		return nil, e.refuse("replace", exchange.ErrInvalid, "size", "%s at %s is beyond this venue", next.req.Quantity, next.req.Price)
	}
	return &next, e.checkReduceOnly("replace", &next)
}

// working finds a resting order to change.
func (e *Engine) working(op string, ref exchange.OrderRef) (*order, error) {
	o := e.find(ref)
	if o == nil {
		return nil, e.refuse(op, exchange.ErrNotFound, "unknown", "no order %s %s", ref.ClientID, ref.VenueID)
	}
	if !o.resting {
		return nil, e.refuse(op, exchange.ErrConflict, "ended", "order %s is %s", o.req.ClientID, o.status)
	}
	return o, nil
}
