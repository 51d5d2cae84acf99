package exchangetest

import (
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

func sum(fills []exchange.Fill) exchange.Decimal {
	var q exchange.Decimal
	for _, f := range fills {
		q = q.Add(f.Quantity)
	}
	return q
}

// agreeOnAll holds, at the end of a case, Lookup and the stream against each other for every order that may exist.
func (s *scene) agreeOnAll() {
	s.Helper()
	s.mu.Lock()
	placed := slices.Clone(s.placed)
	s.mu.Unlock()
	var filled exchange.Decimal
	var fills []exchange.Fill
	for i, r := range placed {
		o := s.agree(r, s.heard != nil && i >= s.since)
		filled = filled.Add(o.Filled)
		fills = append(fills, o.Fills...)
		s.hold(o)
	}
	if s.stage != nil && s.ids > 0 {
		s.agreeOnFills(filled, fills)
	}
}

// forget leaves an order out of that: it is known never to have arrived.
func (s *scene) forget(r exchange.OrderRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.placed = slices.DeleteFunc(s.placed, func(x exchange.OrderRequest) bool { return x.ClientID == r.ClientID })
}

// agreeOnFills holds the list of fills against what the orders and the stream told: as much in all, each fill once, and the same ones.
func (s *scene) agreeOnFills(filled exchange.Decimal, known []exchange.Fill) {
	s.Helper()
	var fills []exchange.Fill
	var err error
	ok := s.poll(func() bool {
		fills, err = s.x.Fills(s.ctx, s.run.symbol, s.began)
		return err == nil && sum(fills).Equal(filled)
	})
	if !ok {
		s.Errorf("the orders filled %s, the list of fills has %s (%v)", filled, sum(fills), err)
		return
	}
	keys := make(map[exchange.FillKey]bool)
	for _, f := range fills {
		if keys[f.Key()] {
			s.Errorf("fills: %s of order %s is listed twice", f.TradeID, f.VenueID)
		}
		keys[f.Key()] = true
		s.holdFill("fills", f, known)
	}
	if s.heard == nil {
		return
	}
	for _, ev := range s.heard.all() {
		for _, f := range ev.Order.Fills {
			s.holdFill("the stream", f, known)
		}
	}
}

// agree waits until Lookup, its fills, and the stream, where it follows the order, tell the same of it.
func (s *scene) agree(r exchange.OrderRequest, follows bool) exchange.Order {
	s.Helper()
	var o, told exchange.Order
	var fills []exchange.Fill
	var err error
	ok := s.poll(func() bool {
		o, err = s.x.Lookup(s.ctx, r.Ref())
		if err != nil || !sum(o.Fills).Equal(o.Filled) {
			return false
		}
		if !follows {
			return true
		}
		var heard bool
		told, fills, heard = s.heard.order(r.ClientID)
		return heard && sameState(told.Status, o.Status) && told.Filled.Equal(o.Filled) && sum(fills).Equal(o.Filled) && sameSpec(told, o)
	})
	switch {
	case ok:
		s.agreeOnFees(o)
	case err != nil:
		s.Errorf("order %s was sent, and lookup says: %v", r.ClientID, err)
	case !sum(o.Fills).Equal(o.Filled):
		s.Errorf("order %s: lookup tells %s filled, and fills of %s", r.ClientID, o.Filled, sum(o.Fills))
	case !sameSpec(told, o):
		s.Errorf("order %s: lookup says %s %+v; the stream said %s %+v", r.ClientID, o.VenueID, o.OrderRequest, told.VenueID, told.OrderRequest)
	default:
		s.Errorf("order %s: lookup says %s; the stream said %s, its fills are %s", r.ClientID, describe(o, nil), describe(told, nil), sum(fills))
	}
	return o
}

// agreeOnFees holds an order's fees against those of its fills.
func (s *scene) agreeOnFees(o exchange.Order) {
	s.Helper()
	left := make(map[exchange.Asset]exchange.Decimal)
	for _, f := range o.Fills {
		left[f.FeeAsset] = left[f.FeeAsset].Add(f.Fee)
	}
	for _, a := range o.Fees {
		left[a.Asset] = left[a.Asset].Sub(a.Quantity)
	}
	for asset, fee := range left {
		if !fee.IsZero() {
			s.Errorf("order %s: fees %v, and %s %s more by its fills", o.ClientID, o.Fees, fee, asset)
		}
	}
}

// sameSpec is whether the stream's order is Lookup's, and not another.
func sameSpec(told, o exchange.Order) bool {
	return asked(told, o.OrderRequest) && sameID(told, o) && told.Quantity.Equal(o.Quantity) && (o.Type == exchange.TypeMarket || told.Price.Equal(o.Price))
}

// sameState is equality, but for Replaced, which is an event and not a state.
func sameState(a, b exchange.Status) bool {
	if a == exchange.StatusReplaced || b == exchange.StatusReplaced {
		return a.Working() == b.Working()
	}
	return a == b
}
