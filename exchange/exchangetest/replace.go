package exchangetest

import (
	"errors"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

func replaceCases() []test {
	return []test{
		{name: "replace-price", alone: true, run: replacePrice},
		{name: "replace-up", run: func(s *scene) { s.resized(4, 6) }},
		{name: "replace-down", run: func(s *scene) { s.resized(4, 2) }},
		{name: "replace-both", run: replaceBoth},
		{name: "replace-below-filled", run: replaceBelowFilled},
		{name: "replace-crossing", run: replaceCrossing},
		{name: "replace-ended", run: replaceEnded},
		{name: "replace-unknown", alone: true, run: replaceUnknown},
		{name: "replace-again", run: replaceAgain},
	}
}

// replace changes an order, which the venue must take, and waits for it to be so.
func (s *scene) replace(r *exchange.OrderRequest, c exchange.Change) exchange.Order {
	s.Helper()
	before, err := s.x.Lookup(s.ctx, r.Ref())
	s.must("lookup", err)
	_, err = s.x.Replace(s.ctx, r.Ref(), c)
	s.must("replace "+r.ClientID, err)
	if !c.Price.IsZero() {
		r.Price = c.Price
	}
	if !c.Quantity.IsZero() {
		r.Quantity = c.Quantity
	}
	after := s.until(r.Ref(), "replaced", func(o exchange.Order) bool { return o.Price.Equal(r.Price) && o.Quantity.Equal(r.Quantity) })
	if after.VenueID != before.VenueID && !slices.Contains(after.Former, before.VenueID) {
		s.Errorf("order %s had id %s, has %s, and former ones %q", r.ClientID, before.VenueID, after.VenueID, after.Former)
	}
	return after
}

// onlyOne wants r to be the one working order of the symbol, as it is now.
func (s *scene) onlyOne(r exchange.OrderRequest) {
	s.Helper()
	open, err := s.x.OpenOrders(s.ctx, s.run.symbol)
	s.must("open orders", err)
	open = slices.DeleteFunc(open, func(o exchange.Order) bool { return s.stage == nil && o.ClientID != r.ClientID })
	if len(open) != 1 || open[0].ClientID != r.ClientID || !open[0].Price.Equal(r.Price) || !open[0].Quantity.Equal(r.Quantity) {
		s.Errorf("open orders: %+v, want %s, %s at %s", open, r.ClientID, r.Quantity, r.Price)
	}
}

// A new price keeps the order what it is: one, with its client id.
func replacePrice(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 2)
	s.place(r)
	s.resting(r.Ref())
	s.replace(&r, exchange.Change{Price: s.price(bid - 3)})
	s.onlyOne(r)
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// resized changes the total of an order of which one unit has filled, and fills the rest of it.
func (s *scene) resized(from, to int64) {
	s.listen()
	r := s.limit(exchange.Buy, inside, from)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 1)
	s.until(r.Ref(), "partially filled", func(o exchange.Order) bool { return o.Filled.Equal(s.units(1)) })
	o := s.replace(&r, exchange.Change{Quantity: s.units(to)})
	if !o.Filled.Equal(s.units(1)) || !o.Status.Working() {
		s.Errorf("a replaced order of which one unit had filled is %s", describe(o, nil))
	}
	s.onlyOne(r)
	s.trade(exchange.Sell, inside, to-1)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{inside, to})
}

// Price and size may change together.
func replaceBoth(s *scene) {
	s.listen()
	r := s.limit(exchange.Sell, -inside, 4)
	s.place(r)
	s.resting(r.Ref())
	s.replace(&r, exchange.Change{Price: s.price(-inside - 1), Quantity: s.units(3)})
	s.onlyOne(r)
	s.trade(exchange.Buy, -inside-1, 3)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{-inside - 1, 3})
}

// A total below what has filled is refused, or ends the order: it never fills more, and never less.
func replaceBelowFilled(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 4)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 2)
	s.until(r.Ref(), "partially filled", func(o exchange.Order) bool { return o.Filled.Equal(s.units(2)) })
	_, err := s.x.Replace(s.ctx, r.Ref(), exchange.Change{Quantity: s.units(1)})
	if err != nil {
		s.wantRefused("replace", err, nil)
	}
	s.pass(second)
	o, err := s.x.Lookup(s.ctx, r.Ref())
	if err != nil || !o.Filled.Equal(s.units(2)) {
		s.Errorf("after a change to less than has filled the order is %s", describe(o, err))
	}
	if o.Status.Working() {
		s.onlyOne(r)
		s.cancel(r)
	}
	if o = s.ended(r.Ref()); !o.Filled.Equal(s.units(2)) {
		s.Errorf("in the end the order is %s", describe(o, nil))
	}
}

// A change to a price that crosses takes, as a new order would.
func replaceCrossing(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-3, 2)
	s.place(r)
	s.resting(r.Ref())
	_, err := s.x.Replace(s.ctx, r.Ref(), exchange.Change{Price: s.price(ask)})
	s.must("replace", err)
	r.Price = s.price(ask)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{ask, 2})
}

// An order that has ended is not changed any more.
func replaceEnded(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
	s.place(r)
	s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	o, err := s.x.Replace(s.ctx, r.Ref(), exchange.Change{Price: s.price(bid)})
	if err == nil && o.Status == exchange.StatusFilled {
		return // it came too late, and says so
	}
	s.wantGone("replace", err)
}

// wantGone wants a refusal because the order has ended, or because the venue knows it no more.
func (s *scene) wantGone(op string, err error) {
	s.Helper()
	s.wantRefused(op, err, nil)
	if !errors.Is(err, exchange.ErrConflict) && !errors.Is(err, exchange.ErrNotFound) {
		s.Errorf("%s of an order that has ended: %v, want %v or %v", op, err, exchange.ErrConflict, exchange.ErrNotFound)
	}
}

// An order that never was is not changed.
func replaceUnknown(s *scene) {
	_, err := s.x.Replace(s.ctx, s.limit(exchange.Buy, bid, 1).Ref(), exchange.Change{Price: s.price(bid)})
	s.wantRefused("replace", err, exchange.ErrNotFound)
}

// Several changes in a row leave one order, and fills before, between and after them are all told once.
func replaceAgain(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 6)
	s.place(r)
	s.resting(r.Ref())
	for i := range int64(4) {
		s.trade(exchange.Sell, inside+i, 1)
		s.until(r.Ref(), "filled further", func(o exchange.Order) bool { return o.Filled.Equal(s.units(i + 1)) })
		s.replace(&r, exchange.Change{Price: s.price(inside + i + 1)})
		s.onlyOne(r)
	}
	s.trade(exchange.Sell, inside+4, 2)
	o := s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	s.wantFills(o, fillOf{inside, 1}, fillOf{inside + 1, 1}, fillOf{inside + 2, 1}, fillOf{inside + 3, 1}, fillOf{inside + 4, 2})
}
