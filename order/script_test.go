package order_test

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// fate is what a scripted venue does with one order.
type fate struct {
	name   string
	answer error  // of Place: nil, or the class of its outcome
	fills  string // fraction of the quantity: "0", "0.5", "1"
	exists bool   // Lookup finds it
	late   time.Duration
}

var (
	nothing  = fate{name: "nothing", fills: "0", exists: true}
	rejected = fate{name: "rejected", answer: exchange.ErrRejected, fills: "0"}
	partial  = fate{name: "partial", fills: "0.5", exists: true}
	full     = fate{name: "full", fills: "1", exists: true}
	// What the four unknown ones are is for Lookup to tell.
	unknownAbsent  = fate{name: "unknown, never arrived", answer: exchange.ErrOutcomeUnknown, fills: "0"}
	unknownNothing = fate{name: "unknown, nothing", answer: exchange.ErrOutcomeUnknown, fills: "0", exists: true}
	unknownPartial = fate{name: "unknown, partial", answer: exchange.ErrOutcomeUnknown, fills: "0.5", exists: true}
	unknownFull    = fate{name: "unknown, full", answer: exchange.ErrOutcomeUnknown, fills: "1", exists: true}
)

// script is a venue that does what it is told: fates[i] to the i-th order, the last one to all that follow.
type script struct {
	venue   exchange.Venue
	loop    *sim.Loop
	fates   []fate
	placed  []exchange.OrderRequest
	lookups []time.Time
	orders  map[string]exchange.Order
	net     exchange.Decimal // bought less sold: the truth
	acks    bool             // Place answers that the order was accepted, no more
	terse   bool             // answers of Place carry no fills
	coy     bool             // Lookup carries none either

	placedAt []time.Time
	travels  time.Duration // of a lookup's answer; default 1ms
}

func newScript(v exchange.Venue, loop *sim.Loop, fates ...fate) *script {
	return &script{venue: v, loop: loop, fates: fates, orders: map[string]exchange.Order{}}
}

func (s *script) Venue() exchange.Venue       { return s.venue }
func (s *script) Account() exchange.AccountID { return "" }

func (s *script) Place(r exchange.OrderRequest, done func(exchange.Order, error)) {
	f := s.fates[min(len(s.placed), len(s.fates)-1)]
	s.placed, s.placedAt = append(s.placed, r), append(s.placedAt, s.loop.Now())
	s.loop.After(f.late, func() {
		if f.exists && !s.loop.Now().After(r.Deadline) {
			s.orders[r.ClientID] = s.execute(r, r.Quantity.Mul(dec(f.fills)).Floor(dec("0.0001")))
		}
	})
	s.loop.After(time.Millisecond, func() {
		o := s.orders[r.ClientID]
		if s.terse {
			o.Fills = nil
		}
		if s.acks {
			o = exchange.Order{OrderRequest: r, VenueID: o.VenueID, Status: exchange.StatusAccepted}
		}
		if f.answer != nil {
			done(exchange.Order{}, &exchange.Error{Venue: s.venue, Op: "place", Outcome: f.answer})
			return
		}
		done(o, nil)
	})
}

func (s *script) execute(r exchange.OrderRequest, quantity exchange.Decimal) exchange.Order {
	o := exchange.Order{OrderRequest: r, VenueID: strconv.Itoa(len(s.orders) + 1), Status: exchange.StatusExpired, Filled: quantity}
	if quantity.Equal(r.Quantity) {
		o.Status = exchange.StatusFilled
	}
	price := r.Price
	if r.Type == exchange.TypeMarket {
		price = dec("10000")
	}
	half := quantity.Quo(dec("2"), 4, exchange.Up)
	for i, q := range []exchange.Decimal{half, quantity.Sub(half)} { // every order fills in two pieces
		if q.Sign() > 0 {
			o.Fills = append(o.Fills, exchange.Fill{Market: r.Market, TradeID: o.VenueID + "." + strconv.Itoa(i), VenueID: o.VenueID, ClientID: r.ClientID,
				Side: r.Side, Price: price, Quantity: q, Time: s.loop.Now()})
		}
	}
	if r.Side == exchange.Sell {
		quantity = quantity.Neg()
	}
	s.net = s.net.Add(quantity)
	return o
}

func (s *script) Lookup(ref exchange.OrderRef, done func(exchange.Order, error)) {
	s.lookups = append(s.lookups, s.loop.Now())
	o, ok := s.orders[ref.ClientID] // the venue looks when the question arrives, not when the answer does
	if s.coy {
		o.Fills = nil
	}
	s.loop.After(max(s.travels, time.Millisecond), func() {
		if !ok {
			done(exchange.Order{}, &exchange.Error{Venue: s.venue, Op: "lookup", Class: exchange.ErrNotFound})
			return
		}
		done(o, nil)
	})
}

func (s *script) Replace(exchange.OrderRef, exchange.Change, func(exchange.Order, error)) {
	panic("replaced")
}

func (s *script) Cancel(exchange.OrderRef, func(exchange.Order, error)) { panic("cancelled") }
