package exchangetest

import (
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// answer is what a write, or the list of working orders, said of an order.
type answer struct {
	op    string
	order exchange.Order
}

// request is the order that was placed with a client id, as it was placed.
func (s *scene) request(id string) (exchange.OrderRequest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.placed, func(r exchange.OrderRequest) bool { return r.ClientID == id })
	if i < 0 {
		return exchange.OrderRequest{}, false
	}
	return s.placed[i], true
}

// end is the first answer that said that an order has ended.
func (s *scene) end(id string) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.said, func(a answer) bool { return a.order.ClientID == id && a.order.Status.Final() })
	if i < 0 {
		return answer{}, false
	}
	return s.said[i], true
}

// asked reports whether o is what r asked for, but for price and quantity, which may have been changed since.
func asked(o exchange.Order, r exchange.OrderRequest) bool {
	return o.Market == r.Market && o.Account == r.Account && o.Side == r.Side && o.Type == r.Type && o.PostOnly == r.PostOnly &&
		o.ReduceOnly == r.ReduceOnly && (o.TIF == r.TIF || r.Type == exchange.TypeMarket)
}

// hold holds everything that was said of an order against its end: an answer may know less, never anything else.
func (s *scene) hold(end exchange.Order) {
	s.Helper()
	s.mu.Lock()
	said := slices.Clone(s.said)
	s.mu.Unlock()
	for _, a := range said {
		if o := a.order; o.ClientID == end.ClientID {
			s.holdOne(a.op, o, end)
		}
	}
}

func (s *scene) holdOne(op string, o, end exchange.Order) {
	s.Helper()
	if _, err := o.Status.To(end.Status); o.Status.Final() && err != nil {
		s.Errorf("%s said that order %s is %s, and it is %s", op, o.ClientID, o.Status, end.Status)
	}
	if o.Filled.Cmp(end.Filled) > 0 {
		s.Errorf("%s said that %s of order %s had filled, and in the end %s have", op, o.Filled, o.ClientID, end.Filled)
	}
	if !sameID(o, end) {
		s.Errorf("%s said that order %s has id %s, and it has %s, formerly %q", op, o.ClientID, o.VenueID, end.VenueID, end.Former)
	}
	if !o.AvgPrice.IsZero() && !between(o.AvgPrice, end.Fills) {
		s.Errorf("%s said that order %s filled at %s: %+v", op, o.ClientID, o.AvgPrice, end.Fills)
	}
	for _, f := range o.Fills {
		s.holdFill(op, f, end.Fills)
	}
}

// sameID reports whether the venue's id that o tells is the order's, or was.
func sameID(o, end exchange.Order) bool {
	return o.VenueID == "" || o.VenueID == end.VenueID || slices.Contains(end.Former, o.VenueID)
}

// between reports whether fills may have p as their average.
func between(p exchange.Decimal, fills []exchange.Fill) bool {
	low := slices.ContainsFunc(fills, func(f exchange.Fill) bool { return near(f.Price, p) || f.Price.Cmp(p) <= 0 })
	high := slices.ContainsFunc(fills, func(f exchange.Fill) bool { return near(f.Price, p) || f.Price.Cmp(p) >= 0 })
	return low && high
}

// holdFill holds a fill against the same one among fills: whoever tells of it, it is one thing.
func (s *scene) holdFill(op string, f exchange.Fill, fills []exchange.Fill) {
	s.Helper()
	i := slices.IndexFunc(fills, func(g exchange.Fill) bool { return g.Key() == f.Key() })
	switch {
	case i < 0:
		s.Errorf("%s told of fill %+v, which lookup does not know", op, f.Key())
	case !sameFill(f, fills[i]):
		s.Errorf("%s told of fill %+v, which is %+v", op, f, fills[i])
	}
}

func sameFill(f, g exchange.Fill) bool {
	return f.Key() == g.Key() && f.ClientID == g.ClientID && f.Side == g.Side && f.Price.Equal(g.Price) && f.Quantity.Equal(g.Quantity) &&
		f.Fee.Equal(g.Fee) && f.FeeAsset == g.FeeAsset && f.Maker == g.Maker && f.Time.Equal(g.Time)
}
