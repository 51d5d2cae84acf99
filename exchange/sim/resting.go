package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Cancel takes a resting order off the book. An order that has ended is refused with ErrConflict, one that is not known with
// ErrNotFound, both with ErrRejected.
func (e *Engine) Cancel(now time.Time, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := e.working("cancel", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	return e.show(e.end(now, o, exchange.StatusCanceled, ReasonCanceled)), nil
}

// CancelAll takes the account's resting orders on s off the book, oldest first, and returns them as they are then.
func (e *Engine) CancelAll(now time.Time, id exchange.AccountID, s exchange.Symbol) []exchange.Order {
	open := e.resting(id, s)
	slices.SortFunc(open, func(a, b *order) int { return cmp.Compare(a.number, b.number) })
	r := make([]exchange.Order, 0, len(open))
	for _, o := range open {
		r = append(r, e.show(e.end(now, o, exchange.StatusCanceled, ReasonCanceled)))
	}
	return r
}

// End takes a resting order off the book as the venue does for reasons of its own: the status (one that is final) and the reason say which.
// Refusals are those of Cancel.
func (e *Engine) End(now time.Time, ref exchange.OrderRef, s exchange.Status, reason string) (exchange.Order, error) {
	o, err := e.working("end", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	if !s.Final() || s == exchange.StatusFilled {
		return exchange.Order{}, e.refuse("end", exchange.ErrInvalid, "status", "no end: %s", s)
	}
	return e.show(e.end(now, o, s, reason)), nil
}

// Fill fills a resting order at its own price, as maker, by quantity or what it still offers, against somebody who is no account here: the
// book gives nothing for it. Refusals are those of Cancel, and ErrInvalid for a quantity that is no lot.
func (e *Engine) Fill(now time.Time, ref exchange.OrderRef, quantity exchange.Decimal) (exchange.Order, error) {
	o, err := e.working("fill", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	n, ok := quantity.Int64(int(o.m.scale.Size))
	if !ok || n <= 0 || !quantity.IsMultiple(o.m.ins.Lot) {
		return exchange.Order{}, e.refuse("fill", exchange.ErrInvalid, "size", "quantity %s", quantity)
	}
	o.m.touch(now)
	e.execute(now, o, o.price, min(n, o.shown), true, e.number())
	told := e.show(e.filled(now, o))
	e.trim(now, o)
	return told, nil
}

// Replace changes a resting order, which keeps its id; its version rises by one. A new price, or more quantity, costs it its place among
// orders of one price (Requeued); less quantity does not. An order that crosses the book under its new price takes, as a new one would.
// Refusals are those of Submit and Cancel (ErrConflict also for a quantity that has filled already) and leave the order as it was.
func (e *Engine) Replace(now time.Time, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	return e.ReplaceWith(now, ref, c, Terms{})
}

// ReplaceWith is Replace under terms, of which Percent counts: of what is left.
func (e *Engine) ReplaceWith(now time.Time, ref exchange.OrderRef, c exchange.Change, terms Terms) (exchange.Order, error) {
	o, err := e.working("replace", ref)
	if err != nil {
		return exchange.Order{}, err
	}
	next, err := e.changed(o, c)
	if err != nil {
		return exchange.Order{}, err
	}
	size := next.cut(terms)
	w := o.m.walk(&next, size)
	if price, _, _, ok := o.m.meet(&next); ok && o.req.PostOnly {
		return exchange.Order{}, e.refuse("replace", nil, "post_only", "it would take at %s", o.m.price(price))
	}
	stays := next.price == o.price && next.left <= o.left
	if !stays {
		if err := e.afford("replace", &next, w); err != nil {
			return exchange.Order{}, err
		}
	}
	if len(o.past) > 2*e.cfg.EventBuffer { // no event that is kept tells of the older half
		o.past = append(o.past[:0:0], o.past[e.cfg.EventBuffer:]...)
	}
	o.past = append(o.past, spec{o.req.Price, o.req.Quantity})
	o.version, o.time = o.version+1, now
	if stays {
		less := o.left - next.left
		o.req, o.left = next.req, next.left
		o.shrink(less)
		o.m.touch(now)
		e.trim(now, o)
	} else {
		e.unrest(now, o)
		o.req, o.price, o.left, o.priority = next.req, next.price, next.left, e.number()
	}
	was := o.status
	o.status = exchange.StatusReplaced
	e.tell(o) // replaced is an event, not an end: the next one says where the order stands
	if o.status = was; stays {
		return e.show(e.tell(o)), nil
	}
	r := e.show(e.work(now, o, size))
	r.Requeued = true
	return r, nil
}

// changed is a copy of o under the new specification, checked against the rules.
func (e *Engine) changed(o *order, c exchange.Change) (next order, err error) {
	next = *o
	if !c.Price.IsZero() {
		next.req.Price = c.Price
	}
	if !c.Quantity.IsZero() {
		next.req.Quantity = c.Quantity
	}
	if next.req.Price.Equal(o.req.Price) && next.req.Quantity.Equal(o.req.Quantity) {
		return next, e.refuse("replace", exchange.ErrInvalid, "unchanged", "nothing to change")
	}
	// What it is now does not stand in its own way.
	side := sideIndex(o.req.Side)
	o.hold.open[side] -= o.left
	o.m.rest[side].total -= o.left
	err = e.check("replace", &next)
	o.hold.open[side] += o.left
	o.m.rest[side].total += o.left
	return next, err
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

// resting is the account's resting orders on s.
func (e *Engine) resting(id exchange.AccountID, s exchange.Symbol) (r []*order) {
	m := e.markets[s]
	if m == nil {
		return nil
	}
	for i := range m.rest {
		m.rest[i].each(func(o *order) {
			if o.account.id == id {
				r = append(r, o)
			}
		})
	}
	return r
}
