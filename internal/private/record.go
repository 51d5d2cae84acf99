package private

import (
	"cmp"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// record is one order.
type record struct {
	number   uint64             // in the order in which they were first heard of
	order    exchange.Order     // all that is known, by push, answer or reading; without Fills
	quantity exchange.Decimal   // of the venue's present id; order has the total
	parts    []part             // one a venue id
	told     state              // what the stream has told
	sent     bool               // by this process: the request's fields are as they were sent
	shown    bool               // by the venue
	missed   bool               // something that was pushed could not be told
	ended    string             // the venue's id that ended for a successor; while it is the present one, that was not seen
	fills    []exchange.FillKey // told while it may show them again
	absorbed []uint64           // numbers of records that turned out to be of the same order
	since    time.Time
	heard    time.Time // of it from the venue
	filed    uint8
	indexed  struct { // the ids that it is found by
		client, venue string
		former        int
	}
}

const (
	filedOwed = 1 + iota
	filedTold
)

// part is what filled under one of the venue's ids.
type part struct {
	id     string
	filled exchange.Decimal // as the venue says, cumulative
	told   exchange.Decimal // in single fills
	avg    exchange.Decimal // of filled
	fees   []exchange.Amount
	paid   []exchange.Amount // the fees of told
}

func (p *part) total() exchange.Decimal { return p.filled.Max(p.told) }

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

// owing reports whether the venue counts fills that were not told, something was missed, or a replacement has shown no successor.
func (r *record) owing() bool {
	return r.missed || r.orphaned() || slices.ContainsFunc(r.parts, func(p part) bool { return p.told.Cmp(p.filled) < 0 })
}

func (r *record) orphaned() bool {
	return r.ended != "" && r.ended == r.order.VenueID && !r.order.Status.Final()
}

// settled reports whether the order has ended and all of it was told.
func (r *record) settled() bool {
	return r.told.status.Final() && r.order.Status == r.told.status && !r.owing()
}

func (r *record) copy() exchange.Order {
	o := r.order
	o.Former, o.Fees = slices.Clone(o.Former), slices.Clone(o.Fees)
	return o
}

// learn takes a report. An older one than is known still tells of fills and of an end: neither is ever taken back.
func (r *record) learn(o *exchange.Order) {
	k := &r.order
	r.shown, r.heard = true, time.Now()
	r.request(&o.OrderRequest)
	stale := !o.Time.IsZero() && o.Time.Before(k.Time)
	former := o.VenueID != "" && slices.Contains(k.Former, o.VenueID) // its end was the replacement
	r.identify(o, former)
	r.count(o)
	k.Version = max(k.Version, o.Version)
	if !stale && !former {
		r.amend(&o.OrderRequest)
	}
	r.tally()
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
	if !q.Quantity.IsZero() {
		r.quantity = q.Quantity
	}
	if k := &r.order.OrderRequest; !q.Price.IsZero() && k.Type != exchange.TypeMarket { // some show the bound that they put on a market order
		k.Price = q.Price
	}
}

// identify takes o's ids.
func (r *record) identify(o *exchange.Order, former bool) {
	k := &r.order
	for _, id := range o.Former {
		if id != "" && id != k.VenueID && !slices.Contains(k.Former, id) {
			k.Former = append(k.Former, id)
		}
	}
	if o.VenueID == "" || o.VenueID == k.VenueID || former {
		return
	}
	if k.VenueID != "" && !slices.Contains(k.Former, k.VenueID) {
		k.Former = append(k.Former, k.VenueID)
	}
	r.part("") // of the id until now
	k.VenueID = o.VenueID
	r.part("")
}

// part is the one of a venue id; what was counted before any id was known is the first one's.
func (r *record) part(id string) *part {
	if id == "" {
		id = r.order.VenueID
	}
	for i := range r.parts {
		p := &r.parts[i]
		if p.id == "" {
			p.id = id
		}
		if p.id == id {
			return p
		}
	}
	r.parts = append(r.parts, part{id: id})
	return &r.parts[len(r.parts)-1]
}

// count takes the venue's figures of one id. What belongs to a smaller quantity is worth nothing.
func (r *record) count(o *exchange.Order) {
	p := r.part(o.VenueID)
	more := o.Filled.Cmp(p.filled)
	if more < 0 {
		return
	}
	if p.filled = o.Filled; more > 0 || !o.AvgPrice.IsZero() {
		p.avg = o.AvgPrice
	}
	if more > 0 || len(o.Fees) > 0 {
		p.fees = slices.Clone(o.Fees)
	}
}

// figures are the average price and the fees of all that filled: as the venue says, or of the fills told where it does not.
func (p *part) figures() (exchange.Decimal, []exchange.Amount) {
	switch {
	case p.told.Cmp(p.filled) > 0:
		return exchange.Decimal{}, p.paid
	case len(p.fees) == 0:
		return p.avg, p.paid
	}
	return p.avg, p.fees
}

// tally adds the parts up.
func (r *record) tally() {
	k := &r.order
	var filled, before exchange.Decimal // in all, and under former ids
	k.AvgPrice, k.Fees = exchange.Decimal{}, nil
	for i := range r.parts {
		p := &r.parts[i]
		n := p.total()
		if n.Sign() <= 0 {
			continue
		}
		if p.id != k.VenueID {
			before = before.Add(n)
		}
		avg, fees := p.figures()
		if !filled.IsZero() { // one of several parts is not the whole
			avg = exchange.Decimal{}
		}
		k.AvgPrice, filled = avg, filled.Add(n)
		for _, fee := range fees {
			k.Fees = plus(k.Fees, fee)
		}
	}
	k.Filled = filled
	if r.quantity.Sign() > 0 {
		k.Quantity = before.Add(r.quantity)
	}
}

func plus(fees []exchange.Amount, fee exchange.Amount) []exchange.Amount {
	for i := range fees {
		if fees[i].Asset == fee.Asset {
			fees[i].Quantity = fees[i].Quantity.Add(fee.Quantity)
			return fees
		}
	}
	return append(fees, fee)
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
	o := x.copy()
	o.Filled, o.AvgPrice, o.Fees = exchange.Decimal{}, exchange.Decimal{}, nil // parts have them
	r.learn(&o)
	for _, p := range x.parts {
		q := r.part(p.id)
		q.filled, q.told = q.filled.Max(p.filled), q.told.Add(p.told)
		for _, fee := range p.paid {
			q.paid = plus(q.paid, fee)
		}
	}
	r.tally()
	r.absorbed = append(append(r.absorbed, x.number), x.absorbed...)
	r.missed = r.missed || x.missed
	r.ended = cmp.Or(r.ended, x.ended)
	r.since = earlier(r.since, x.since)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
