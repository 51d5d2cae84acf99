package sim

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// pricePlaces is how many digits an average price has beyond those of the tick.
const pricePlaces = 8

// find is the order that ref points at: by client id where it has one, else by the venue's.
func (e *Engine) find(ref exchange.OrderRef) *order {
	o := e.orders[ref.ClientID]
	if ref.ClientID == "" {
		o = e.byID[ref.VenueID]
	}
	if o == nil || ref.Account != e.cfg.Account || ref.Market != o.m.ins.Market {
		return nil
	}
	return o
}

// view is o as the venue answers it, with the fills of the log from first on.
func (e *Engine) view(o *order, first int) exchange.Order {
	r := exchange.Order{
		OrderRequest: o.req, VenueID: o.id, Status: o.status, Version: o.version, Filled: o.filled,
		Fees: slices.Clone(o.fees), Reason: o.reason, Time: o.time,
	}
	if o.filled.Sign() > 0 {
		r.AvgPrice = o.notional.Quo(o.filled, max(0, o.m.ins.Tick.Places())+pricePlaces, exchange.HalfEven)
	}
	at, _ := slices.BinarySearch(o.fills, first)
	for _, i := range o.fills[at:] {
		r.Fills = append(r.Fills, e.log[i])
	}
	return r
}

// Lookup is the order with all of its fills. An order that is not known is an error that wraps exchange.ErrNotFound: it never reached the
// engine, or it was refused.
func (e *Engine) Lookup(ref exchange.OrderRef) (exchange.Order, error) {
	o := e.find(ref)
	if o == nil {
		return exchange.Order{}, &exchange.Error{Venue: e.cfg.Venue, Op: "lookup", Class: exchange.ErrNotFound, Code: "unknown"}
	}
	return e.view(o, 0), nil
}

// OpenOrders lists the resting orders on s, oldest first, each with all of its fills.
func (e *Engine) OpenOrders(s exchange.Symbol) []exchange.Order {
	m := e.markets[s]
	if m == nil {
		return nil
	}
	open := slices.Concat(m.rest[0], m.rest[1])
	slices.SortFunc(open, func(a, b *order) int { return cmp.Compare(a.priority, b.priority) })
	var r []exchange.Order
	for _, o := range open {
		r = append(r, e.view(o, 0))
	}
	return r
}

// Fills lists the executions on s at or after since, in order.
func (e *Engine) Fills(s exchange.Symbol, since time.Time) []exchange.Fill {
	var r []exchange.Fill
	for _, f := range e.log {
		if f.Market.Symbol == s && !f.Time.Before(since) {
			r = append(r, f)
		}
	}
	return r
}

// Log is every fill since the beginning, in order: the engine's own books for audits. It must not be changed; later fills do not
// appear in it.
func (e *Engine) Log() []exchange.Fill { return e.log[:len(e.log):len(e.log)] }

// Balances lists the assets that are not zero, by name. Locked is held by resting orders and as margin. Free falls below zero only when
// the loss of a closed perpetual position exceeded it: nobody is liquidated here.
func (e *Engine) Balances() []exchange.Balance {
	var r []exchange.Balance
	for _, a := range slices.Sorted(maps.Keys(e.balances)) {
		if b := e.balances[a]; !b.free.IsZero() || !b.locked.IsZero() {
			r = append(r, exchange.Balance{Asset: a, Free: b.free, Locked: b.locked})
		}
	}
	return r
}

// Positions lists the open perpetual positions, in the order of the configured instruments.
func (e *Engine) Positions() []exchange.Position {
	var r []exchange.Position
	for _, m := range e.list {
		if p := m.position; !p.quantity.IsZero() {
			r = append(r, exchange.Position{
				Market: m.ins.Market, Account: e.cfg.Account, Quantity: p.quantity, Cost: p.cost, Time: p.time,
			})
		}
	}
	return r
}

// Fees are the rates on s; an error wraps exchange.ErrInvalid where there is no such market.
func (e *Engine) Fees(s exchange.Symbol) (exchange.FeeRates, error) {
	if e.markets[s] == nil {
		return exchange.FeeRates{}, e.unknown("fees", s)
	}
	return e.cfg.Fees, nil
}

// unknown is the error of a read about a symbol that is not traded here.
func (e *Engine) unknown(op string, s exchange.Symbol) error {
	return &exchange.Error{Venue: e.cfg.Venue, Op: op, Class: exchange.ErrInvalid, Code: "market", Message: "no market " + s.String()}
}

// Instruments lists the markets as configured.
func (e *Engine) Instruments() []exchange.Instrument { return slices.Clone(e.cfg.Instruments) }

// events is the tail of what happened, numbered from 0.
type events struct {
	limit int
	next  uint64 // number of the next one
	kept  []exchange.Event
}

// add drops the older half when twice the limit is kept: cheap, and never fewer than limit remain.
func (v *events) add(ev exchange.Event) {
	if len(v.kept) >= 2*v.limit {
		n := copy(v.kept, v.kept[v.limit:])
		clear(v.kept[n:])
		v.kept = v.kept[:n]
	}
	v.kept = append(v.kept, ev)
	v.next++
}

// tell records the event that o has news, with its fills from first on, and returns what it says.
func (e *Engine) tell(now time.Time, o *order, first int) exchange.Order {
	r := e.view(o, first)
	o.event = e.events.next
	e.events.add(exchange.Event{Kind: exchange.OrderUpdate, Order: r, Time: now})
	return r
}

// Events returns what happened from the event numbered since on, and the number to ask with next time; the first is 0. Only the
// newest EventBuffer events are sure to be kept: when older ones are asked for, ok is false and nothing is returned but
// next; [Engine.Changed] then tells what was missed.
func (e *Engine) Events(since uint64) (news []exchange.Event, next uint64, ok bool) {
	first := e.events.next - uint64(len(e.events.kept))
	if since < first || since > e.events.next {
		return nil, e.events.next, false
	}
	return slices.Clone(e.events.kept[since-first:]), e.events.next, true
}

// Changed sums up the events from the one numbered since on: each order that has news as it is now, with the fills since then, in order of the
// last event about it. It looks at every order: it is for subscribers that have fallen behind Events.
func (e *Engine) Changed(since uint64) []exchange.Order {
	var found []*order
	for _, o := range e.orders {
		if o.event >= since {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *order) int { return cmp.Compare(a.event, b.event) })
	first, _ := slices.BinarySearch(e.told, since)
	var r []exchange.Order
	for _, o := range found {
		r = append(r, e.view(o, first))
	}
	return r
}
