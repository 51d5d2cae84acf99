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
	a := e.accounts[ref.Account]
	if a == nil {
		return nil
	}
	o := a.orders[ref.ClientID]
	if ref.ClientID == "" {
		o = e.byID[ref.VenueID]
	}
	if o == nil || o.account != a || ref.Market != o.m.ins.Market {
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

// Created is when the order came.
func (e *Engine) Created(ref exchange.OrderRef) (time.Time, bool) {
	if o := e.find(ref); o != nil {
		return o.created, true
	}
	return time.Time{}, false
}

// Orders lists a's orders on s that came at or after since, ended ones too, oldest first, each with all of its fills.
func (e *Engine) Orders(id exchange.AccountID, s exchange.Symbol, since time.Time) []exchange.Order {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil {
		return nil
	}
	var found []*order
	for _, o := range a.orders {
		if o.m == m && !o.created.Before(since) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *order) int { return cmp.Compare(a.number, b.number) })
	var r []exchange.Order
	for _, o := range found {
		r = append(r, e.view(o, 0))
	}
	return r
}

// OpenOrders lists a's resting orders on s in the order in which they took their places, each with all of its fills.
func (e *Engine) OpenOrders(id exchange.AccountID, s exchange.Symbol) []exchange.Order {
	open := e.resting(id, s)
	slices.SortFunc(open, func(a, b *order) int { return cmp.Compare(a.priority, b.priority) })
	var r []exchange.Order
	for _, o := range open {
		r = append(r, e.view(o, 0))
	}
	return r
}

// resting is a's resting orders on s.
func (e *Engine) resting(id exchange.AccountID, s exchange.Symbol) []*order {
	m := e.markets[s]
	if m == nil {
		return nil
	}
	open := slices.Concat(m.rest[0], m.rest[1])
	return slices.DeleteFunc(open, func(o *order) bool { return o.account.id != id })
}

// Fills lists a's executions on s at or after since, in order.
func (e *Engine) Fills(a exchange.AccountID, s exchange.Symbol, since time.Time) []exchange.Fill {
	var r []exchange.Fill
	for _, f := range e.log {
		if f.Account == a && f.Market.Symbol == s && !f.Time.Before(since) {
			r = append(r, f)
		}
	}
	return r
}

// Log is every account's fills, in order: the engine's own books for audits. It must not be changed; later fills do not appear in it.
func (e *Engine) Log() []exchange.Fill { return e.log[:len(e.log):len(e.log)] }

// Balances lists a's assets that are not zero, by name, those of the spot wallet first. Locked is held by resting orders and as margin.
// Free falls below zero only when the loss of a perpetual position exceeded it: nobody is liquidated here.
func (e *Engine) Balances(id exchange.AccountID) []exchange.Balance {
	a := e.accounts[id]
	if a == nil {
		return nil
	}
	if !e.cfg.SplitWallets {
		return a.spot.list(nil, exchange.WalletUnified)
	}
	return a.perp.list(a.spot.list(nil, exchange.WalletSpot), exchange.WalletPerp)
}

func (w wallet) list(r []exchange.Balance, kind exchange.Wallet) []exchange.Balance {
	for _, a := range slices.Sorted(maps.Keys(w)) {
		if b := w[a]; !b.free.IsZero() || !b.locked.IsZero() {
			r = append(r, exchange.Balance{Asset: a, Wallet: kind, Free: b.free, Locked: b.locked})
		}
	}
	return r
}

// Positions lists a's open perpetual positions, in the order of the configured instruments.
func (e *Engine) Positions(id exchange.AccountID) []exchange.Position {
	a := e.accounts[id]
	if a == nil {
		return nil
	}
	var r []exchange.Position
	for _, m := range e.list {
		if p := a.positions[m.index]; !p.quantity.IsZero() {
			r = append(r, exchange.Position{Market: m.ins.Market, Account: id, Quantity: p.quantity, Cost: p.cost, Time: p.time})
		}
	}
	return r
}

// Margin is what a holds as margin on the perpetual s: for its resting orders, fees included, and for its position.
func (e *Engine) Margin(id exchange.AccountID, s exchange.Symbol) (orders, position exchange.Decimal) {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil || s.Kind == exchange.Spot {
		return orders, position
	}
	for _, o := range e.resting(id, s) {
		orders = orders.Add(o.lock)
	}
	return orders, e.margin(&a.positions[m.index])
}

// Entry is the average price at which a's position on s was opened, as venues show it: closing a part does not move it. It is rounded, and
// nothing is computed from it. It is zero where there is no position.
func (e *Engine) Entry(id exchange.AccountID, s exchange.Symbol) exchange.Decimal {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil {
		return exchange.Decimal{}
	}
	return a.positions[m.index].entry
}

// Fees are a's rates on s; an error wraps exchange.ErrInvalid where there is no such market, or no such account.
func (e *Engine) Fees(id exchange.AccountID, s exchange.Symbol) (exchange.FeeRates, error) {
	a := e.accounts[id]
	switch {
	case e.markets[s] == nil:
		return exchange.FeeRates{}, e.unknown("fees", s)
	case a == nil:
		return exchange.FeeRates{}, &exchange.Error{Venue: e.cfg.Venue, Op: "fees", Class: exchange.ErrInvalid, Code: "account", Message: "no account " + string(id)}
	}
	return a.fees, nil
}

// Accounts lists the accounts as configured, the first one first.
func (e *Engine) Accounts() []exchange.AccountID {
	r := make([]exchange.AccountID, 0, len(e.people))
	for _, a := range e.people {
		r = append(r, a.id)
	}
	return r
}

// Mark is the price that positions on s are valued at: the middle of the visible book; false while a side is empty.
func (e *Engine) Mark(s exchange.Symbol) (exchange.Decimal, bool) {
	m := e.markets[s]
	if m == nil || len(m.book.Bids) == 0 || len(m.book.Asks) == 0 {
		return exchange.Decimal{}, false
	}
	bid, _ := m.book.Best(exchange.Sell)
	ask, _ := m.book.Best(exchange.Buy)
	return m.price(bid.Price).Add(m.price(ask.Price)).Mul(exchange.Scaled(5, -1)), true
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

// Changed sums up the events from the one numbered since on: each of a's orders that has news as it is now, with the fills since then, in
// order of the last event about it. It looks at every order: it is for subscribers that have fallen behind Events.
func (e *Engine) Changed(id exchange.AccountID, since uint64) []exchange.Order {
	a := e.accounts[id]
	if a == nil {
		return nil
	}
	var found []*order
	for _, o := range a.orders {
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
