package exchangetest

import (
	"errors"

	"github.com/bothlegs/bothlegs/exchange"
)

func cancelCases() []test {
	return []test{
		{name: "cancel-part", run: cancelPart},
		{name: "cancel-twice", alone: true, run: cancelTwice},
		{name: "cancel-filled", run: cancelFilled},
		{name: "cancel-unknown", alone: true, run: cancelUnknown},
		{name: "cancel-by-venue-id", alone: true, run: cancelByVenueID},
	}
}

// What had filled stays filled.
func cancelPart(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 3)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 1)
	s.until(r.Ref(), "partially filled", func(o exchange.Order) bool { return o.Filled.Equal(s.units(1)) })
	s.cancel(r)
	s.wantFills(s.wantEnd(r, exchange.StatusCanceled, s.units(1)), fillOf{inside, 1})
	if open, err := s.x.OpenOrders(s.ctx, s.run.symbol); err != nil || len(open) != 0 {
		s.Errorf("open orders after the cancellation: %+v, %v", open, err)
	}
}

func cancelTwice(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	s.place(r)
	s.resting(r.Ref())
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
	_, err := s.x.Cancel(s.ctx, r.Ref())
	s.wantGone("cancel", err)
}

func cancelFilled(s *scene) {
	s.listen()
	r := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
	s.place(r)
	s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	_, err := s.x.Cancel(s.ctx, r.Ref())
	s.wantGone("cancel", err)
}

// An order that never was is not known, neither to Cancel nor to Lookup.
func cancelUnknown(s *scene) {
	ref := s.limit(exchange.Buy, bid, 1).Ref()
	_, err := s.x.Cancel(s.ctx, ref)
	s.wantGone("cancel", err)
	_, err = s.x.Lookup(s.ctx, ref)
	if !errors.Is(err, exchange.ErrNotFound) {
		s.Errorf("lookup of an order that never was: %v, want %v", err, exchange.ErrNotFound)
	}
}

// The venue's id is enough to point at an order.
func cancelByVenueID(s *scene) {
	s.listen()
	r := s.limit(exchange.Sell, ask+levels, 1)
	s.place(r)
	ref := s.resting(r.Ref()).Ref()
	ref.ClientID = ""
	if o, err := s.x.Lookup(s.ctx, ref); err != nil || o.ClientID != r.ClientID {
		s.Errorf("lookup by the venue's id: %s, client id %q", describe(o, err), o.ClientID)
	}
	if _, err := s.x.Cancel(s.ctx, ref); err != nil {
		s.Errorf("cancel by the venue's id: %v", err)
	}
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}
