package order

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// advance looks at a group after news. While an order may still fill nothing is decided; then a surplus is traded away, attempt by
// attempt; then the group waits for fills that were counted but not told; then it ends.
func (m *Machine) advance(now time.Time, g *group) {
	if g.pending > 0 || g.wait != waitNothing {
		return
	}
	if !g.residual().IsZero() && !g.stuck && g.attempts < m.cfg.Unwind.Attempts {
		m.attempt(g)
		return
	}
	for _, c := range g.children {
		if !c.settled() {
			return
		}
	}
	m.finish(now, g)
}

// attempt starts the next round of compensation: prices first, at once the first time, after a pause from then on.
func (m *Machine) attempt(g *group) {
	g.attempts++
	if g.attempts == 1 {
		m.ask(g)
		return
	}
	g.wait = waitPause
	g.timer++
	m.act(Action{Kind: ActTimer, Group: g.number, Timer: g.timer, After: m.cfg.Unwind.Pause})
}

func (m *Machine) ask(g *group) {
	g.wait = waitQuotes
	m.act(Action{Kind: ActQuote, Group: g.number, Legs: g.legs})
}

// quoted sends a round of compensation at the prices told.
func (m *Machine) quoted(now time.Time, ev *Event) {
	g := m.groups[ev.Group]
	if g == nil || g.wait != waitQuotes || len(ev.Quotes) != len(g.legs) {
		return
	}
	g.wait = waitNothing
	m.recordQuotes(now, g, ev.Quotes)
	net := g.residual() // once more: a late fill may have come while we waited
	if net.IsZero() {
		m.advance(now, g)
		return
	}
	orders := m.remedy(g, net, ev.Quotes)
	g.stuck = len(orders) == 0
	for _, o := range orders {
		m.place(now, g, o.leg, exchange.Compensate, o.req)
	}
	m.advance(now, g)
}

// legOrder is an order in the market and account of a leg.
type legOrder struct {
	leg int
	req exchange.OrderRequest
}

// remedy is what to send against a surplus of net (bought less sold). The venue that has too much takes it back; where its rules or
// its refusals do not allow that, the side that has too little is completed; a surplus below every minimum is traded away together
// with a slice that makes it large enough. None of them possible (what is left is no whole lot): nothing.
//
// The orders are not reduce-only: a leg may have closed a position of the account, which trading it back opens again.
func (m *Machine) remedy(g *group, net exchange.Decimal, q []Quote) []legOrder {
	surplus := exchange.Buy
	if net.Sign() < 0 {
		surplus = exchange.Sell
	}
	var able []legOrder
	for _, side := range [2]exchange.Side{surplus, surplus.Opposite()} {
		for i := range g.legs {
			if g.legs[i].Side != side {
				continue
			}
			if o := (legOrder{i, m.priced(g, i, surplus.Opposite(), net.Abs(), q[i])}); m.valid(o.req) {
				able = append(able, o)
			}
		}
	}
	if len(able) == 0 {
		return m.slice(g, surplus, net.Abs(), q)
	}
	i := g.barren % len(able) // a venue that refuses gives way to the next
	return able[i : i+1]
}

func (m *Machine) valid(r exchange.OrderRequest) bool {
	return r.Quantity.Sign() > 0 && m.rules[r.Market].Check(r) == nil
}

// priced is a compensation of quantity at a leg's market: IOC, as far from the current price as the round allows.
func (m *Machine) priced(g *group, leg int, side exchange.Side, quantity exchange.Decimal, q Quote) exchange.OrderRequest {
	l := &g.legs[leg]
	rule := m.rules[l.Market]
	r := exchange.OrderRequest{Market: l.Market, Account: l.Account, Side: side, TIF: exchange.IOC, Quantity: rule.RoundQuantity(quantity)}
	if rule.MaxQty.Sign() > 0 {
		r.Quantity = rule.RoundQuantity(quantity.Min(rule.MaxQty))
	}
	if g.attempts == m.cfg.Unwind.Attempts && !m.cfg.Unwind.Priced {
		r.Type = exchange.TypeMarket
		return r
	}
	from := q.Ask
	if side == exchange.Sell {
		from = q.Bid
	}
	if q.Err != nil || from.IsZero() {
		from = l.Price // no book: the price that the leg was decided on, and the band bounds the loss against it
	}
	band := from.Mul(m.cfg.Unwind.Band).Mul(exchange.Scaled(1<<min(g.attempts-1, 4), 0))
	if side == exchange.Sell {
		band = band.Neg()
	}
	r.Price = rule.RoundPrice(side, from.Add(band)).Max(rule.Tick)
	return r
}

// slice trades away a surplus that no single order can be (too small, or no whole lot), one side more and the other less: the side that has too much gives back the surplus and a slice
// of the smallest tradable size, the other side takes the slice. Should one of the two not fill, what is left is large enough to be
// traded by itself. The slice comes out of what the legs have brought, or out of the account's stock: it is one smallest order.
func (m *Machine) slice(g *group, surplus exchange.Side, net exchange.Decimal, q []Quote) []legOrder {
	for i := range g.legs {
		for j := range g.legs {
			if g.legs[i].Side == g.legs[j].Side {
				continue
			}
			cut := m.least(g.legs[i], q[i]).Max(m.least(g.legs[j], q[j]))
			a := legOrder{i, m.priced(g, i, surplus.Opposite(), cut.Add(net), q[i])}
			b := legOrder{j, m.priced(g, j, surplus, cut, q[j])}
			balanced := a.req.Quantity.Sub(b.req.Quantity).Equal(net)
			if balanced && m.valid(a.req) && m.valid(b.req) {
				return []legOrder{a, b}
			}
		}
	}
	return nil
}

// least is about the smallest quantity that a leg's market takes, with a margin for a moved price, in whole lots.
func (m *Machine) least(l exchange.OrderRequest, q Quote) exchange.Decimal {
	rule := m.rules[l.Market]
	price := q.Bid
	if q.Err != nil || price.IsZero() {
		price = l.Price
	}
	n := rule.MinNotional.Mul(exchange.Scaled(11, -1)).Quo(price, 18, exchange.Up)
	return n.Max(rule.MinQty).Max(rule.Lot).Ceil(rule.Lot)
}

// residual is bought less sold over all orders: what fills say, never what was asked for.
func (g *group) residual() exchange.Decimal {
	var net exchange.Decimal
	for _, c := range g.children {
		if c.req.Side == exchange.Buy {
			net = net.Add(c.filled)
		} else {
			net = net.Sub(c.filled)
		}
	}
	return net
}

// finish ends a group: all is known that will be.
func (m *Machine) finish(now time.Time, g *group) {
	r := m.result(g)
	r.Ended = now
	m.release(g)
	for _, c := range g.children {
		delete(m.orders, c.req.ClientID)
		m.past.add(pastOrder{id: c.req.ClientID, group: g.id, market: c.req.Market, account: c.req.Account, side: c.req.Side, filled: c.filled, told: c.told})
	}
	delete(m.groups, g.number)
	m.recordResult(now, r)
	m.act(Action{Kind: ActDone, Group: g.number, Result: r})
}

// result describes g as it is now; while orders are open its Outcome is Open.
func (m *Machine) result(g *group) *Result {
	r := &Result{Group: g.id, Legs: make([]Leg, len(g.legs)), Orders: len(g.children), Attempts: g.attempts, Base: g.legs[0].Market.Symbol.Base,
		Residual: g.residual(), Started: g.started}
	nothing, full, missing := true, true, false
	for i := range g.legs {
		l := &g.legs[i]
		r.Legs[i] = Leg{Market: l.Market, Account: l.Account, Side: l.Side, Quantity: l.Quantity}
	}
	for i, c := range g.children {
		l := &r.Legs[c.leg]
		l.add(c, i < len(g.legs))
		nothing = nothing && c.filled.IsZero()
		missing = missing || c.told.Cmp(c.filled) < 0
		if i < len(g.legs) {
			full = full && c.filled.Cmp(c.req.Quantity) >= 0
		}
	}
	if missing {
		r.Reason = "fills_missing"
	}
	switch {
	case g.pending > 0:
	case !r.Residual.IsZero():
		r.Outcome, r.Reason = Exposed, "attempts_spent"
		if g.stuck {
			r.Reason = "below_minimum"
		}
	case nothing:
		r.Outcome = Voided
	case len(g.children) > len(g.legs):
		r.Outcome = Unwound
	default:
		r.Outcome, r.Partial = Completed, !full
	}
	return r
}

func (l *Leg) add(c *child, own bool) {
	l.Orders++
	l.Cash = l.Cash.Add(c.cash)
	for _, f := range c.fees {
		l.Fees = addAmount(l.Fees, f.Asset, f.Quantity)
	}
	if c.req.Side == exchange.Buy {
		l.Net = l.Net.Add(c.filled)
	} else {
		l.Net = l.Net.Sub(c.filled)
	}
	if own {
		l.Filled, l.Status, l.Err = c.filled, c.status, c.err
	}
}
