package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Submit places an order. A refusal is an *exchange.Error that wraps exchange.ErrRejected and, where one fits, a class: ErrInvalid
// (the instrument's rules, no client id), ErrUnauthorized (no such account), ErrConflict (a client id that the account used before, whatever
// became of that order, for as long as it is kept), ErrInsufficientFunds, ErrUnavailable (no valid book), ErrUnsupported (reduce-only on spot). Code says more:
// "deadline" when now is after the request's Deadline, "post_only" when it would have taken, "reduce_only" when it would have
// opened or turned a position. Refused orders leave no trace.
//
// An IOC or FOK order that finds too little depth is no refusal: it is StatusExpired. The remainder of a market order expires too. So
// does what self-trade prevention ends, with ReasonSelfTrade.
func (e *Engine) Submit(now time.Time, r exchange.OrderRequest) (exchange.Order, error) {
	return e.SubmitWith(now, r, Terms{})
}

// SubmitWith is Submit under terms.
func (e *Engine) SubmitWith(now time.Time, r exchange.OrderRequest, terms Terms) (exchange.Order, error) {
	o := e.orders.draft()
	if err := e.admit(now, o, &r, terms); err != nil {
		return exchange.Order{}, err
	}
	m := o.m
	if r.PostOnly {
		if price, _, _, ok := m.meet(o); ok {
			if terms.PostOnlyEnds {
				return e.stillborn(now, o, exchange.StatusExpired, ReasonPostOnly), nil
			}
			return exchange.Order{}, e.refuse("place", nil, "post_only", "it would take at %s", m.price(price))
		}
	}
	size := o.cut(terms)
	w := m.walk(o, size)
	if r.TIF == exchange.FOK && w.size < o.left {
		w, size = walk{}, 0
	}
	if err := e.afford("place", o, w); err != nil {
		return exchange.Order{}, err
	}
	if terms.Reject != "" {
		return e.stillborn(now, o, exchange.StatusRejected, terms.Reject), nil
	}
	e.enter(now, o)
	return e.show(e.work(now, o, size)), nil
}

// cut is how much of what is left may execute at once.
func (o *order) cut(t Terms) int64 {
	if t.Percent <= 0 || t.Percent >= 100 {
		return o.left
	}
	n, _ := o.m.ins.RoundQuantity(o.m.size(o.left).Mul(exchange.Scaled(t.Percent, -2))).Int64(int(o.m.scale.Size))
	return n
}

// enter gives a drafted order its id and remembers it.
func (e *Engine) enter(now time.Time, o *order) {
	o.number = e.number()
	o.id = e.text(o.number)
	o.created, o.time, o.priority = now, now, o.number
	o.account.orders[o.req.ClientID] = o
	e.orders.add(o)
}

// stillborn accepts an order and ends it at once. Who sent one that is rejected later is told that it was accepted.
func (e *Engine) stillborn(now time.Time, o *order, s exchange.Status, reason string) exchange.Order {
	e.enter(now, o)
	accepted := e.show(e.tell(o))
	o.status, o.reason = s, reason
	if end := e.show(e.tell(o)); s != exchange.StatusRejected {
		return end
	}
	return accepted
}

// admit checks all that does not depend on the book's depth, and makes the record.
func (e *Engine) admit(now time.Time, o *order, r *exchange.OrderRequest, terms Terms) error {
	m, a := e.place(r)
	switch {
	case m == nil || r.Market.Venue != e.cfg.Venue:
		return e.refuse("place", exchange.ErrInvalid, "market", "no market %s", r.Market)
	case a == nil:
		return e.refuse("place", exchange.ErrUnauthorized, "account", "no account %q", r.Account)
	case r.ClientID == "":
		return e.refuse("place", exchange.ErrInvalid, "client_id", "no client id")
	case !r.Deadline.IsZero() && now.After(r.Deadline):
		return e.refuse("place", nil, "deadline", "%s after the deadline", now.Sub(r.Deadline))
	case terms.SelfTrade > CancelBoth:
		return e.refuse("place", exchange.ErrInvalid, "self_trade", "no way of self-trade prevention: %d", terms.SelfTrade)
	case a.orders[r.ClientID] != nil:
		return e.refuse("place", exchange.ErrConflict, "duplicate", "client id %s was used before", r.ClientID)
	}
	o.req = wanted{
		ClientID: r.ClientID, Price: r.Price, Quantity: r.Quantity, Deadline: r.Deadline,
		Side: r.Side, Type: r.Type, TIF: r.TIF, PostOnly: r.PostOnly, ReduceOnly: r.ReduceOnly,
	}
	o.m, o.account, o.hold, o.status, o.version, o.stp = m, a, &a.holds[m.index], exchange.StatusAccepted, 1, e.cfg.SelfTrade
	if terms.SelfTrade != 0 {
		o.stp = terms.SelfTrade
	}
	return e.check("place", o)
}

// asked is o as it is to be answered.
func (o *order) asked() exchange.OrderRequest {
	q := &o.req
	return exchange.OrderRequest{
		Market: o.m.ins.Market, Account: o.account.id, ClientID: q.ClientID, Side: q.Side, Type: q.Type, TIF: q.TIF,
		PostOnly: q.PostOnly, ReduceOnly: q.ReduceOnly, Price: q.Price, Quantity: q.Quantity, Deadline: q.Deadline,
	}
}

// place is the market and the account of a request; nil where there is none.
func (e *Engine) place(r *exchange.OrderRequest) (*market, *account) {
	m, a := e.last.market, e.last.account
	if m == nil || m.ins.Market.Symbol != r.Market.Symbol {
		m = e.markets[r.Market.Symbol]
		e.last.market = m
	}
	if a == nil || a.id != r.Account {
		a = e.accounts[r.Account]
		e.last.account = a
	}
	return m, a
}

// check holds o, as its request now is, against the rules, and sets its integers.
func (e *Engine) check(op string, o *order) error {
	m := o.m
	fits := o.measure()
	if !fits || !m.rules.pass(o) {
		// The rules decide in exact numbers; those above are only faster.
		if err := m.ins.Check(o.asked()); err != nil {
			return &exchange.Error{Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: exchange.ErrInvalid, Code: "rules", Err: err}
		}
	}
	if m.book.Err != nil {
		return &exchange.Error{Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: exchange.ErrUnavailable, Code: "book", Err: m.book.Err}
	}
	if o.filled > 0 && o.left <= 0 {
		return e.refuse(op, exchange.ErrConflict, "filled", "%s has filled already", m.size(o.filled))
	}
	if !fits || !o.holdable() {
		return e.refuse(op, exchange.ErrInvalid, "size", "%s at %s is beyond this venue", o.req.Quantity, o.req.Price)
	}
	switch {
	case !o.req.ReduceOnly:
	case m.spot:
		// To ignore it would turn a safety into nothing without a word.
		return e.refuse(op, exchange.ErrUnsupported, "reduce_only", "spot has no positions")
	case o.left > o.reducible():
		return e.refuse(op, nil, "reduce_only", "position %s", m.size(o.hold.position.quantity))
	}
	return nil
}

// holdable reports whether no sum that o may become part of can overflow.
func (o *order) holdable() bool {
	side := sideIndex(o.req.Side)
	room := most - int64(magnitude(o.hold.position.quantity)) - o.hold.open[side]
	return o.left <= room && o.left <= most-o.m.rest[side].total
}

// pass reports whether o is within the rules for certain.
func (r *rules) pass(o *order) bool {
	q := &o.req
	if !r.ok || !o.m.ins.Tradable || q.Side != exchange.Buy && q.Side != exchange.Sell || q.Type > exchange.TypeMarket || q.TIF > exchange.FOK {
		return false
	}
	total := o.left + o.filled
	if total < r.minQty || r.maxQty > 0 && total > r.maxQty || total <= 0 || total%r.lot != 0 {
		return false
	}
	if q.Type == exchange.TypeMarket {
		return o.price == 0 && !q.PostOnly
	}
	if o.price <= 0 || o.price%r.tick != 0 || q.PostOnly && q.TIF != exchange.GTC {
		return false
	}
	return q.ReduceOnly || r.minNotional.sign() == 0 || o.m.notional(total, o.price).cmp(r.minNotional) >= 0
}
