package exchangetest

import (
	"errors"

	"github.com/bothlegs/bothlegs/exchange"
)

func restingCases() []test {
	return []test{
		{name: "limit-resting", alone: true, run: limitResting},
		{name: "limit-filled", run: limitFilled},
		{name: "limit-book", run: limitBook},
		{name: "post-only-rests", run: postOnlyRests},
		{name: "duplicate-id", run: duplicateID},
		{name: "earlier-run", run: earlierRun},
		{name: "pages", run: pages},
	}
}

// cancel cancels an order that the venue must know.
func (s *scene) cancel(r exchange.OrderRequest) exchange.Order {
	s.Helper()
	o, err := s.x.Cancel(s.ctx, r.Ref())
	if err != nil {
		s.Errorf("cancel %s: %v", r.ClientID, err)
	}
	return o
}

// trade is somebody else's order, which must find what it wants.
func (s *scene) trade(side exchange.Side, ticks, units int64) {
	s.Helper()
	r := with(s.limit(side, ticks, units), exchange.IOC)
	o, err := s.stage.Trade(r)
	if err != nil || o.Status != exchange.StatusFilled {
		s.Fatalf("somebody else's order: %s", describe(o, err))
	}
}

// inside is a price within the spread: nobody else's orders are there.
const inside = bid + 2

// A limit order away from the market rests, is found, and is cancelled.
func limitResting(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels/2, 1)
	s.place(r)
	o := s.resting(r.Ref())
	if !o.Price.Equal(r.Price) || !o.Quantity.Equal(r.Quantity) || o.Filled.Sign() != 0 || o.VenueID == "" {
		s.Errorf("resting order is %+v", o)
	}
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// A resting order fills in parts, at its own price, as maker.
func limitFilled(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 3)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 1)
	o := s.until(r.Ref(), "partially filled", func(o exchange.Order) bool { return o.Filled.Equal(s.units(1)) })
	if o.Status != exchange.StatusPartiallyFilled || !o.Remaining().Equal(s.units(2)) {
		s.Errorf("after one of three units the order is %s", describe(o, nil))
	}
	s.trade(exchange.Sell, inside, 2)
	o = s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	s.wantFills(o, fillOf{inside, 3})
	for _, f := range o.Fills {
		if !f.Maker {
			s.Errorf("a resting order's fill is not the maker's: %+v", f)
		}
	}
}

// A resting order that the market comes to fills at its own price.
func limitBook(s *scene) {
	s.listen()
	r := s.limit(exchange.Sell, ask+5, 2)
	s.place(r)
	s.resting(r.Ref())
	s.publish(s.book(s.ins, 30))
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{ask + 5, 2})
}

// A post-only order that does not take rests.
func postOnlyRests(s *scene) {
	s.listen()
	r := s.limit(exchange.Sell, -inside, 1)
	r.PostOnly = true
	s.place(r)
	if o := s.resting(r.Ref()); !o.PostOnly {
		s.Errorf("lookup does not tell that the order is post-only")
	}
	s.trade(exchange.Buy, -inside, 1)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{-inside, 1})
}

// A client id that a working order has is not given to another.
func duplicateID(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-5, 1)
	s.place(r)
	s.resting(r.Ref())
	again := s.limit(exchange.Buy, bid-6, 2)
	again.ClientID = r.ClientID
	if _, err := s.x.Place(s.ctx, again); err == nil || !errors.Is(err, exchange.ErrConflict) {
		s.Errorf("place with the client id of a working order: %v, want %v", err, exchange.ErrConflict)
	}
	open, err := s.x.OpenOrders(s.ctx, s.run.symbol)
	s.must("open orders", err)
	if len(open) != 1 || !open[0].Price.Equal(r.Price) {
		s.Errorf("open orders: %+v, want the first one only", open)
	}
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// What an earlier run left is found by the next: working orders, fills, orders by client id, and they can be cancelled.
func earlierRun(s *scene) {
	done := with(s.limit(exchange.Buy, ask, 2), exchange.IOC)
	s.place(done)
	s.wantEnd(done, exchange.StatusFilled, done.Quantity)
	working := s.limit(exchange.Buy, inside, 4)
	s.place(working)
	s.resting(working.Ref())
	s.trade(exchange.Sell, inside, 1)
	y := &audit{x: s.stage.Reopen(s.t), s: s}
	s.listenTo(y)
	open, err := y.OpenOrders(s.ctx, s.run.symbol)
	s.must("open orders", err)
	if len(open) != 1 || open[0].ClientID != working.ClientID || !open[0].Filled.Equal(s.units(1)) {
		s.Errorf("the next run's open orders: %+v, want %s with one of four units filled", open, working.ClientID)
	}
	fills, err := y.Fills(s.ctx, s.run.symbol, s.began)
	s.must("fills", err)
	if !sum(fills).Equal(s.units(3)) {
		s.Errorf("the next run's fills are %s, want %s: %+v", sum(fills), s.units(3), fills)
	}
	if o, err := y.Lookup(s.ctx, done.Ref()); err != nil || o.Status != exchange.StatusFilled {
		s.Errorf("the next run's lookup: %s", describe(o, err))
	}
	if _, err := y.Cancel(s.ctx, working.Ref()); err != nil {
		s.Errorf("the next run's cancel: %v", err)
	}
	s.wantEnd(working, exchange.StatusCanceled, s.units(1))
}

// More fills and more working orders than a page holds are all told, once.
func pages(s *scene) {
	s.listen()
	const working = 110
	for i := range int64(working) {
		r := s.limit(exchange.Sell, ask+1+i%10, 1)
		r.Quantity = s.unit.Quo(number(4), max(0, s.ins.Lot.Places()), exchange.Ceil)
		s.place(r)
	}
	r := s.limit(exchange.Buy, inside, 1)
	many := int64(s.cfg.Page) * 11 / 10
	part := s.unit.Quo(number(4), max(0, s.ins.Lot.Places()), exchange.Ceil)
	r.Quantity = part.Mul(number(many))
	s.place(r)
	s.resting(r.Ref())
	for range many {
		sell := with(s.limit(exchange.Sell, inside, 1), exchange.IOC)
		sell.Quantity = part
		if o, err := s.stage.Trade(sell); err != nil || o.Status != exchange.StatusFilled {
			s.Fatalf("somebody else's order: %s", describe(o, err))
		}
	}
	s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	open, err := s.x.OpenOrders(s.ctx, s.run.symbol)
	s.must("open orders", err)
	ids := map[string]bool{}
	for _, o := range open {
		ids[o.ClientID] = true
	}
	if len(open) != working || len(ids) != working {
		s.Errorf("%d open orders, %d of them different, want %d", len(open), len(ids), working)
	}
	fills, err := s.x.Fills(s.ctx, s.run.symbol, s.began)
	s.must("fills", err)
	keys := map[exchange.FillKey]bool{}
	for _, f := range fills {
		keys[f.Key()] = true
	}
	if len(fills) != int(many) || len(keys) != int(many) {
		s.Errorf("%d fills, %d of them different, want %d", len(fills), len(keys), many)
	}
}
