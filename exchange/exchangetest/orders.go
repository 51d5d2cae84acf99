package exchangetest

import "github.com/bothlegs/bothlegs/exchange"

func orderCases() []test {
	return []test{
		{name: "ioc-full", stage: true, run: iocFull},
		{name: "ioc-partial", stage: true, run: iocPartial},
		{name: "ioc-none", stage: true, run: iocNone},
		{name: "limit-resting", run: limitResting},
	}
}

// wantEnd waits for an order's end and compares it.
func (s *scene) wantEnd(r exchange.OrderRequest, status exchange.Status, filled exchange.Decimal) exchange.Order {
	s.Helper()
	o := s.ended(r.Ref())
	if o.Status != status || !o.Filled.Equal(filled) {
		s.Errorf("order %s ended as %s, want %s with %s filled", r.ClientID, describe(o, nil), status, filled)
	}
	return o
}

// An IOC order within the book's depth fills, at the book's prices.
func iocFull(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, ask+1, levelUnits+2), exchange.IOC)
	s.place(r)
	o := s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	s.wantFills(o, fillOf{ask, levelUnits}, fillOf{ask + 1, 2})
}

// What an IOC order does not find within its limit expires.
func iocPartial(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Sell, bid, levelUnits+3), exchange.IOC)
	s.place(r)
	o := s.wantEnd(r, exchange.StatusExpired, s.units(levelUnits))
	s.wantFills(o, fillOf{bid, levelUnits})
}

// An IOC order that finds nothing expires, and is no error.
func iocNone(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, bid, 1), exchange.IOC)
	s.place(r)
	s.wantEnd(r, exchange.StatusExpired, exchange.Decimal{})
}

// A limit order away from the market rests, is found, and is cancelled.
func limitResting(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels/2, 1)
	s.place(r)
	o := s.resting(r.Ref())
	if !o.Price.Equal(r.Price) || !o.Quantity.Equal(r.Quantity) || o.Filled.Sign() != 0 || o.VenueID == "" {
		s.Errorf("resting order is %+v", o)
	}
	if _, err := s.x.Cancel(s.ctx, r.Ref()); err != nil {
		s.Errorf("cancel: %v", err)
	}
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// fillOf is what one price should have given: ticks from the middle, and units.
type fillOf struct{ ticks, units int64 }

// wantFills wants fills of so much at each price, which a venue may tell in parts.
func (s *scene) wantFills(o exchange.Order, want ...fillOf) {
	s.Helper()
	left := o.Fills
	for _, w := range want {
		var q exchange.Decimal
		for len(left) > 0 && left[0].Price.Equal(s.price(w.ticks)) {
			q = q.Add(left[0].Quantity)
			left = left[1:]
		}
		if !q.Equal(s.units(w.units)) {
			s.Errorf("order %s filled %s at %s, want %s: %+v", o.ClientID, q, s.price(w.ticks), s.units(w.units), o.Fills)
		}
	}
	if len(left) > 0 {
		s.Errorf("order %s filled at more prices than the book had: %+v", o.ClientID, left)
	}
}
