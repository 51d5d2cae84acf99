package exchangetest

import (
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

func orderCases() []test {
	return []test{
		{name: "market", run: marketOrder},
		{name: "market-thin", run: marketThin},
		{name: "ioc-full", run: iocFull},
		{name: "ioc-partial", run: iocPartial},
		{name: "ioc-none", run: iocNone},
		{name: "fok-filled", run: fokFilled},
		{name: "fok-killed", run: fokKilled},
		{name: "limit-crossing", run: limitCrossing},
		{name: "post-only-refused", run: postOnlyRefused},
		{name: "reduce-only", only: onlyPerp, run: reduceOnly},
		{name: "reduce-only-spot", only: onlySpot, alone: true, run: reduceOnlySpot},
		{name: "units", run: unitsAreBase},
		{name: "client-ids", alone: true, run: clientIDs},
	}
}

// wantEnd waits for an order's end and compares it.
func (s *scene) wantEnd(r exchange.OrderRequest, status exchange.Status, filled exchange.Decimal) exchange.Order {
	s.Helper()
	o := s.ended(r.Ref())
	if o.Status != status || !o.Filled.Equal(filled) {
		s.Errorf("order %s ended as %s, want %s with %s filled", r.ClientID, describe(o, nil), status, filled)
	}
	if o.Side != r.Side || o.Type != r.Type || !o.Quantity.Equal(r.Quantity) || r.Type == exchange.TypeLimit && !o.Price.Equal(r.Price) {
		s.Errorf("order %s: lookup tells %s %s %s at %s, want what was sent", r.ClientID, o.Side, o.Type, o.Quantity, o.Price)
	}
	return o
}

// fillOf is what one price should have given: ticks from the middle, and units.
type fillOf struct{ ticks, units int64 }

// wantFills wants fills of so much at each price, which a venue may tell in parts, and the average that they make.
func (s *scene) wantFills(o exchange.Order, want ...fillOf) {
	s.Helper()
	left := o.Fills
	var cost exchange.Decimal
	for _, w := range want {
		var q exchange.Decimal
		for len(left) > 0 && left[0].Price.Equal(s.price(w.ticks)) {
			q = q.Add(left[0].Quantity)
			cost = cost.Add(left[0].Notional())
			left = left[1:]
		}
		if !q.Equal(s.units(w.units)) {
			s.Errorf("order %s filled %s at %s, want %s: %+v", o.ClientID, q, s.price(w.ticks), s.units(w.units), o.Fills)
		}
	}
	if len(left) > 0 {
		s.Errorf("order %s filled at more prices than the book had: %+v", o.ClientID, left)
	}
	if !o.AvgPrice.IsZero() && !near(o.AvgPrice.Mul(o.Filled), cost) {
		s.Errorf("order %s: average price %s of %s, want a cost of %s", o.ClientID, o.AvgPrice, o.Filled, cost)
	}
	if slices.ContainsFunc(o.Fills, func(f exchange.Fill) bool { return f.Side != o.Side }) {
		s.Errorf("order %s is a %s, and its fills are not: %+v", o.ClientID, o.Side, o.Fills)
	}
}

// near allows for figures that a venue rounds: one part in a million.
func near(a, b exchange.Decimal) bool {
	return a.Sub(b).Abs().Cmp(b.Abs().Mul(exchange.Scaled(1, -6))) <= 0
}

// A market order takes what it needs, best price first, in base units on either side.
func marketOrder(s *scene) {
	s.listen()
	buy := s.market(exchange.Buy, levelUnits+2)
	s.place(buy)
	s.wantFills(s.wantEnd(buy, exchange.StatusFilled, buy.Quantity), fillOf{ask, levelUnits}, fillOf{ask + 1, 2})
	sell := s.market(exchange.Sell, 3)
	s.place(sell)
	s.wantFills(s.wantEnd(sell, exchange.StatusFilled, sell.Quantity), fillOf{bid, 3})
}

// A market order that is larger than the book ends with what there was.
func marketThin(s *scene) {
	s.listen()
	b := s.book(s.ins, 0)
	b.Asks = b.Asks[levels-2:]
	s.publish(b)
	r := s.market(exchange.Buy, 2*levelUnits+1)
	s.place(r)
	s.wantFills(s.wantEnd(r, exchange.StatusExpired, s.units(2*levelUnits)), fillOf{ask, levelUnits}, fillOf{ask + 1, levelUnits})
}

// An IOC order within the book's depth fills, at the book's prices.
func iocFull(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, ask+1, levelUnits+2), exchange.IOC)
	s.place(r)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{ask, levelUnits}, fillOf{ask + 1, 2})
}

// What an IOC order does not find within its limit expires.
func iocPartial(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Sell, bid, levelUnits+3), exchange.IOC)
	s.place(r)
	s.wantFills(s.wantEnd(r, exchange.StatusExpired, s.units(levelUnits)), fillOf{bid, levelUnits})
}

// An IOC order that finds nothing expires, and is no error.
func iocNone(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, bid, 1), exchange.IOC)
	s.place(r)
	s.wantEnd(r, exchange.StatusExpired, exchange.Decimal{})
}

// A FOK order that the book can fill fills.
func fokFilled(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Sell, bid-1, levelUnits+1), exchange.FOK)
	s.place(r)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{bid, levelUnits}, fillOf{bid - 1, 1})
}

// A FOK order that the book cannot fill leaves it alone: it expires, or is refused.
func fokKilled(s *scene) {
	s.listen()
	s.refused(with(s.limit(exchange.Buy, ask+1, 2*levelUnits+1), exchange.FOK), nil)
	if b, err := s.x.Snapshot(s.ctx, s.run.symbol, levels); err != nil || !sameBook(b, s.book(s.ins, 0), levels) {
		s.Errorf("a killed order has changed the book (%v)", err)
	}
}

// A limit order that crosses takes what its limit allows, and the rest of it stays.
func limitCrossing(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, ask, levelUnits+2)
	s.place(r)
	o := s.until(r.Ref(), "partially filled", func(o exchange.Order) bool { return o.Status == exchange.StatusPartiallyFilled })
	s.wantFills(o, fillOf{ask, levelUnits})
	s.publish(s.book(s.ins, 2*halfSpread)) // the market moves up and away
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, s.units(levelUnits))
}

// A post-only order that would take does not: it is refused, or ends unfilled after its acknowledgement.
func postOnlyRefused(s *scene) {
	s.listen()
	r := s.limit(exchange.Sell, bid, 1)
	r.PostOnly = true
	s.refused(r, nil)
}

// Reduce-only orders reduce, and never open or turn a position.
func reduceOnly(s *scene) {
	s.listen()
	reduce := func(side exchange.Side, units int64) exchange.OrderRequest {
		r := s.market(side, units)
		r.ReduceOnly = true
		return r
	}
	s.refused(reduce(exchange.Sell, 1), nil)
	open := s.market(exchange.Buy, 3)
	s.place(open)
	s.wantEnd(open, exchange.StatusFilled, open.Quantity)
	s.refused(reduce(exchange.Buy, 1), nil)
	less := reduce(exchange.Sell, 2)
	s.place(less)
	s.wantEnd(less, exchange.StatusFilled, less.Quantity)
	s.wantPosition(s.units(1))
	if _, err := s.x.Place(s.ctx, reduce(exchange.Sell, 4)); err == nil { // refused, or cut to what there is
		s.wantPosition(exchange.Decimal{})
	} else {
		s.wantPosition(s.units(1))
	}
}

// Spot has no positions: to ignore the word would turn a safety into nothing.
func reduceOnlySpot(s *scene) {
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.ReduceOnly = true
	_, err := s.x.Place(s.ctx, r)
	s.wantRefused("place", err, exchange.ErrUnsupported)
}

// Every quantity is in base units, whatever the venue counts in: what goes in is what comes back, from everywhere.
func unitsAreBase(s *scene) {
	s.listen()
	odd := s.unit.Add(s.ins.Lot)
	r := s.limit(exchange.Sell, ask+5, 1)
	r.Quantity = odd
	s.place(r)
	s.resting(r.Ref())
	open, err := s.x.OpenOrders(s.ctx, s.run.symbol)
	s.must("open orders", err)
	if len(open) != 1 || !open[0].Quantity.Equal(odd) {
		s.Errorf("open orders: %+v, want one of %s", open, odd)
	}
	s.publish(s.book(s.ins, 30)) // bids now reach beyond it
	o := s.wantEnd(r, exchange.StatusFilled, odd)
	fills, err := s.x.Fills(s.ctx, s.run.symbol, s.began)
	s.must("fills", err)
	if !sum(fills).Equal(odd) || !sum(o.Fills).Equal(odd) {
		s.Errorf("fills of %s, and %s by lookup, want %s", sum(fills), sum(o.Fills), odd)
	}
	if s.ins.Market.Symbol.Kind == exchange.Perp {
		s.wantPosition(odd.Neg())
	}
}

// Client ids of up to 26 letters, digits and hyphens come back as they were given.
func clientIDs(s *scene) {
	s.listen()
	tail := s.prefix[len(s.prefix)-8:]
	for _, id := range []string{"a" + tail, "Z-9-" + tail + "-", "0123456789-ABCDEfghi" + tail[2:]} {
		r := s.limit(exchange.Buy, bid-levels, 1)
		r.ClientID = id
		s.place(r)
		s.resting(r.Ref())
		open, err := s.x.OpenOrders(s.ctx, s.run.symbol)
		s.must("open orders", err)
		if !slices.ContainsFunc(open, func(o exchange.Order) bool { return o.ClientID == id }) {
			s.Errorf("open orders do not list %q", id)
		}
		s.cancel(r)
		s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
	}
}
