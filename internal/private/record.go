package private

import (
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// record is one order.
type record struct {
	number uint64         // in the order in which they were first heard of
	order  exchange.Order // all that is known, by push, answer or reading; without Fills
	sum    exchange.Decimal
	told   state // what the stream has told; sum is of the fills told
	sent   bool  // by this process: the request's fields are as they were sent
	shown  bool  // by the venue
	missed bool  // something that was pushed could not be told
	since  time.Time
	filed  uint8
}

const (
	filedOwed = 1 + iota
	filedTold
)

// state is what makes news when it changes.
type state struct {
	told            bool
	status          exchange.Status
	filled          exchange.Decimal
	price, quantity exchange.Decimal
	venueID         string
}

func (s state) equal(x state) bool {
	return s.told == x.told && s.status == x.status && s.venueID == x.venueID && s.filled.Equal(x.filled) && s.price.Equal(x.price) &&
		s.quantity.Equal(x.quantity)
}

func (r *record) state() state {
	o := &r.order
	return state{told: true, status: o.Status, filled: o.Filled, price: o.Price, quantity: o.Quantity, venueID: o.VenueID}
}

// settled reports whether the order has ended and all of it was told.
func (r *record) settled() bool {
	return r.told.status.Final() && r.order.Status == r.told.status && r.sum.Cmp(r.order.Filled) >= 0 && !r.missed
}

func (r *record) copy() exchange.Order {
	o := r.order
	o.Former, o.Fees = slices.Clone(o.Former), slices.Clone(o.Fees)
	return o
}

// learn takes a report. An older one than is known still tells of fills and of an end: neither is ever taken back.
func (r *record) learn(o *exchange.Order) {
	k := &r.order
	r.shown = true
	r.request(&o.OrderRequest)
	stale := !o.Time.IsZero() && o.Time.Before(k.Time)
	former := o.VenueID != "" && slices.Contains(k.Former, o.VenueID) // its end was the replacement
	r.identify(o, former)
	if o.Filled.Cmp(k.Filled) >= 0 {
		k.Filled = o.Filled
		if !o.AvgPrice.IsZero() {
			k.AvgPrice = o.AvgPrice
		}
		if len(o.Fees) > 0 {
			k.Fees = slices.Clone(o.Fees)
		}
	}
	k.Version = max(k.Version, o.Version)
	if !stale && !former {
		r.amend(&o.OrderRequest)
	}
	if former || o.Status == exchange.StatusUnknown || stale && !o.Status.Final() {
		return
	}
	if next, err := k.Status.To(o.Status); err == nil {
		k.Status = next // otherwise it was overtaken by a later one
		if o.Reason != "" {
			k.Reason = o.Reason
		}
	}
	if o.Time.After(k.Time) {
		k.Time = o.Time
	}
}

// request fills in what does not change. What was sent is known better than by any report.
func (r *record) request(q *exchange.OrderRequest) {
	k := &r.order.OrderRequest
	k.Market, k.Account = q.Market, q.Account
	if k.ClientID == "" {
		k.ClientID = q.ClientID
	}
	if k.Side == 0 {
		k.Side = q.Side
	}
	if r.sent {
		return
	}
	k.Type, k.TIF = max(k.Type, q.Type), max(k.TIF, q.TIF)
	k.PostOnly, k.ReduceOnly = k.PostOnly || q.PostOnly, k.ReduceOnly || q.ReduceOnly
	if k.Deadline.IsZero() {
		k.Deadline = q.Deadline
	}
}

// amend takes what a replacement changes.
func (r *record) amend(q *exchange.OrderRequest) {
	k := &r.order.OrderRequest
	if !q.Quantity.IsZero() {
		k.Quantity = q.Quantity
	}
	if !q.Price.IsZero() && k.Type != exchange.TypeMarket { // some venues show the bound that they put on a market order
		k.Price = q.Price
	}
}

func (r *record) identify(o *exchange.Order, former bool) {
	k := &r.order
	add := func(id string) {
		if id != "" && id != k.VenueID && !slices.Contains(k.Former, id) {
			k.Former = append(k.Former, id)
		}
	}
	if o.VenueID != "" && !former && o.VenueID != k.VenueID {
		old := k.VenueID
		k.VenueID = o.VenueID
		add(old)
	}
	for _, id := range o.Former {
		add(id)
	}
}

// advance is what the quantities say of the status.
func (r *record) advance() {
	k := &r.order
	next := k.Status
	switch {
	case k.Filled.Sign() <= 0:
	case k.Quantity.Sign() > 0 && k.Filled.Cmp(k.Quantity) >= 0:
		next = exchange.StatusFilled
	case k.Status == exchange.StatusUnknown || k.Status == exchange.StatusPending || k.Status == exchange.StatusAccepted:
		next = exchange.StatusPartiallyFilled
	}
	if s, err := k.Status.To(next); err == nil {
		k.Status = s
	}
}

// absorb takes over what was told of an order before its client id was known.
func (r *record) absorb(x *record) {
	r.sum = r.sum.Add(x.sum)
	o := x.copy()
	r.learn(&o)
	r.missed = r.missed || x.missed
	r.since = earlier(r.since, x.since)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// fillSet remembers the newest keys up to its bound.
type fillSet struct {
	bound int
	has   map[exchange.FillKey]struct{}
	ring  []exchange.FillKey
	next  int
}

func (s *fillSet) contains(k exchange.FillKey) bool {
	_, ok := s.has[k]
	return ok
}

// add reports whether k is new.
func (s *fillSet) add(k exchange.FillKey) bool {
	if s.contains(k) {
		return false
	}
	if len(s.ring) < s.bound {
		s.ring = append(s.ring, k)
	} else {
		delete(s.has, s.ring[s.next])
		s.ring[s.next] = k
		s.next = (s.next + 1) % s.bound
	}
	s.has[k] = struct{}{}
	return true
}

// fifo holds the newest records up to a bound.
type fifo struct {
	ring []*record
	next int
}

// push takes r in and returns what had to leave for it.
func (q *fifo) push(r *record, bound int) (old *record) {
	if len(q.ring) < bound {
		q.ring = append(q.ring, r)
		return nil
	}
	old, q.ring[q.next] = q.ring[q.next], r
	q.next = (q.next + 1) % bound
	return old
}
