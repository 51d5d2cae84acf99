package sim

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
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
	var o *order
	if ref.ClientID != "" {
		o = a.orders[ref.ClientID]
	} else if n, err := strconv.ParseUint(ref.VenueID, 10, 64); err == nil {
		if o = e.orders.find(n); o != nil && o.id != ref.VenueID {
			return nil
		}
	}
	if o == nil || o.account != a || ref.Market != o.m.ins.Market {
		return nil
	}
	return o
}

// show is what n says, as the venue answers it.
func (e *Engine) show(n *news) exchange.Order {
	o := n.order
	r := exchange.Order{
		OrderRequest: o.asked(), VenueID: o.id, Status: n.status, Version: n.version,
		Reason: n.reason, Time: n.time,
	}
	if back := int(o.version - n.version); back > 0 {
		was := o.past[len(o.past)-back]
		r.Price, r.Quantity = was.price, was.quantity
	}
	if n.filled == 0 {
		return r
	}
	r.Filled = exchange.Scaled(n.filled, int(n.scale.Size))
	r.AvgPrice = average(n.notional, n.filled, n.scale, o.m.places)
	// The usual order has one fill and one fee: one piece of memory.
	if n.first != 0 && n.first == n.last {
		var usual struct {
			fee  [1]exchange.Amount
			fill [1]exchange.Fill
		}
		r.Fees, r.Fills = usual.fee[:0:1], usual.fill[:]
		e.showFill(e.trades.at(n.first), &r.Fills[0])
	} else {
		r.Fills = e.fills(n.first, n.last)
	}
	r.Fees = append(r.Fees, exchange.Amount{Asset: n.fee.asset, Quantity: n.fee.amount.decimal()})
	for _, f := range n.fees {
		r.Fees = append(r.Fees, exchange.Amount{Asset: f.asset, Quantity: f.amount.decimal()})
	}
	return r
}

// fills are those of one order from the one numbered first up to and including last.
func (e *Engine) fills(first, last int64) []exchange.Fill {
	if first == 0 {
		return nil
	}
	n := 1
	for at := first; at != last; n++ {
		t := e.trades.at(at)
		if t == nil {
			return nil
		}
		at = t.next
	}
	r := make([]exchange.Fill, n)
	for i := range r {
		t := e.trades.at(first)
		if t == nil {
			return nil
		}
		e.showFill(t, &r[i])
		first = t.next
	}
	return r
}

// showFill is what t says, as the venue answers it.
func (e *Engine) showFill(t *trade, f *exchange.Fill) {
	o := t.order
	*f = exchange.Fill{
		Market: o.m.ins.Market, Account: o.account.id, TradeID: e.text(t.id), VenueID: o.id, ClientID: o.req.ClientID, Side: o.req.Side,
		Price: exchange.Scaled(t.price, int(t.scale.Price)), Quantity: exchange.Scaled(t.size, int(t.scale.Size)),
		Fee: t.fee.decimal(), FeeAsset: t.asset, Maker: t.maker, Time: t.time,
	}
}

// average is notional / filled, to so many places.
func average(notional money, filled int64, scale exchange.Scale, places int) exchange.Decimal {
	if notional.big == nil {
		if p, ok := pow10(int(notional.exp) - int(scale.Size) + places); ok {
			if x := notional.times(p, 0); x.big == nil && x.hi >= 0 && uint64(x.hi) < uint64(filled) {
				q, rest := bits.Div64(uint64(x.hi), x.lo, uint64(filled))
				if half := uint64(filled) - rest; rest > half || rest == half && q&1 == 1 {
					q++
				}
				if q <= math.MaxInt64 {
					return exchange.Scaled(int64(q), -places)
				}
			}
		}
	}
	return notional.decimal().Quo(exchange.Scaled(filled, int(scale.Size)), places, exchange.HalfEven)
}

// view is o as it is, with all of its fills.
func (e *Engine) view(o *order) exchange.Order {
	n := news{first: o.first, last: o.latest}
	n.is(o)
	return e.show(&n)
}

// Lookup is the order with all of its fills. An order that is not known is an error that wraps exchange.ErrNotFound: it never reached the
// engine, it was refused, or it is forgotten.
func (e *Engine) Lookup(ref exchange.OrderRef) (exchange.Order, error) {
	o := e.find(ref)
	if o == nil {
		return exchange.Order{}, &exchange.Error{Venue: e.cfg.Venue, Op: "lookup", Class: exchange.ErrNotFound, Code: "unknown"}
	}
	return e.view(o), nil
}

// Created is when the order came.
func (e *Engine) Created(ref exchange.OrderRef) (time.Time, bool) {
	if o := e.find(ref); o != nil {
		return o.created, true
	}
	return time.Time{}, false
}

// Orders lists the account's orders on s that came at or after since, ended ones too, oldest first, each with all of its fills.
func (e *Engine) Orders(id exchange.AccountID, s exchange.Symbol, since time.Time) []exchange.Order {
	var r []exchange.Order
	for _, x := range e.orders.all {
		if o := x.order; o != nil && o.account.id == id && o.m.ins.Market.Symbol == s && !o.created.Before(since) {
			r = append(r, e.view(o))
		}
	}
	return r
}

// OpenOrders lists the account's resting orders on s in the order in which they took their places, each with all of its fills.
func (e *Engine) OpenOrders(id exchange.AccountID, s exchange.Symbol) []exchange.Order {
	open := e.resting(id, s)
	slices.SortFunc(open, func(a, b *order) int { return cmp.Compare(a.priority, b.priority) })
	var r []exchange.Order
	for _, o := range open {
		r = append(r, e.view(o))
	}
	return r
}

// Fills lists the account's executions on s at or after since, in order.
func (e *Engine) Fills(id exchange.AccountID, s exchange.Symbol, since time.Time) []exchange.Fill {
	var r []exchange.Fill
	for t := range e.trades.from(since) {
		if o := t.order; o.account.id == id && o.m.ins.Market.Symbol == s {
			r = append(r, exchange.Fill{})
			e.showFill(t, &r[len(r)-1])
		}
	}
	return r
}

// Log is every fill that is kept, of all accounts, in order: the engine's own books for audits. It is the caller's.
func (e *Engine) Log() []exchange.Fill {
	r := make([]exchange.Fill, 0, e.trades.n)
	for t := range e.trades.from(time.Time{}) {
		r = append(r, exchange.Fill{})
		e.showFill(t, &r[len(r)-1])
	}
	return r
}

// Balances lists the account's assets that are not zero, by name, those of the spot wallet first. Locked is held by resting orders and as margin.
// Free falls below zero only when what a perpetual position lost, or cost in fees and funding, exceeded it: nobody is liquidated here.
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
		if b := w[a]; b.free.sign() != 0 || b.locked.sign() != 0 {
			r = append(r, exchange.Balance{Asset: a, Wallet: kind, Free: b.free.decimal(), Locked: b.locked.decimal()})
		}
	}
	return r
}

// Positions lists the account's open perpetual positions, in the order of the configured instruments.
func (e *Engine) Positions(id exchange.AccountID) []exchange.Position {
	a := e.accounts[id]
	if a == nil {
		return nil
	}
	var r []exchange.Position
	for _, m := range e.list {
		if a.holds[m.index].position.quantity != 0 {
			r = append(r, a.position(m))
		}
	}
	return r
}

// position is the account's on m.
func (a *account) position(m *market) exchange.Position {
	p := &a.holds[m.index].position
	return exchange.Position{Market: m.ins.Market, Account: a.id, Quantity: m.size(p.quantity), Cost: p.cost.decimal(), Time: p.time}
}

// Margin is what the account holds as margin on the perpetual s: for its resting orders, fees included, and for its position.
func (e *Engine) Margin(id exchange.AccountID, s exchange.Symbol) (orders, position exchange.Decimal) {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil || s.Kind == exchange.Spot {
		return orders, position
	}
	var sum money
	for _, o := range e.resting(id, s) {
		sum = sum.add(o.lock)
	}
	return sum.decimal(), e.margin.of(a.holds[m.index].position.opened).decimal()
}

// Realised is what closing parts of the account's position on s has brought since it was flat, oldest part first. It is in the position's Cost
// until the position is flat, and then in the balance; venues move it with each fill.
func (e *Engine) Realised(id exchange.AccountID, s exchange.Symbol) exchange.Decimal {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil {
		return exchange.Decimal{}
	}
	p := &a.holds[m.index].position
	if p.quantity < 0 {
		return p.opened.neg().sub(p.cost).decimal()
	}
	return p.opened.sub(p.cost).decimal()
}

// Entry is the average price at which the account's position on s was opened, as venues show it: closing a part does not move it. It is rounded, and
// nothing is computed from it. It is zero where there is no position.
func (e *Engine) Entry(id exchange.AccountID, s exchange.Symbol) exchange.Decimal {
	a, m := e.accounts[id], e.markets[s]
	if a == nil || m == nil {
		return exchange.Decimal{}
	}
	return a.holds[m.index].position.entry
}

// Fees are the account's rates on s; an error wraps exchange.ErrInvalid where there is no such market, or no such account.
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

// Mark is the price that positions on s are valued at: the middle of the visible book; false while a side is empty.
func (e *Engine) Mark(s exchange.Symbol) (exchange.Decimal, bool) {
	m := e.markets[s]
	if m == nil || m.book.Err != nil {
		return exchange.Decimal{}, false
	}
	bid, ok1 := m.top(exchange.Sell)
	ask, ok2 := m.top(exchange.Buy)
	if !ok1 || !ok2 {
		return exchange.Decimal{}, false
	}
	return m.price(bid).Add(m.price(ask)).Mul(exchange.Scaled(5, -1)), true
}

// top is the best visible price that takers of a side meet.
func (m *market) top(taker exchange.Side) (int64, bool) {
	given, ok := m.book.Best(taker)
	l := m.rest[sideIndex(taker.Opposite())].best()
	switch {
	case l != nil && (!ok || crosses(taker, given.Price, l.price)):
		return l.price, true
	case ok:
		return given.Price, true
	}
	return 0, false
}

// unknown is the error of a read about a symbol that is not traded here.
func (e *Engine) unknown(op string, s exchange.Symbol) error {
	return &exchange.Error{Venue: e.cfg.Venue, Op: op, Class: exchange.ErrInvalid, Code: "market", Message: "no market " + s.String()}
}
