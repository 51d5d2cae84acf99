package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Submit places an order. A refusal is an *exchange.Error that wraps exchange.ErrRejected and, where one fits, a class: ErrInvalid
// (the instrument's rules, no client id), ErrUnauthorized (another account), ErrConflict (a client id used before, whatever
// became of that order), ErrInsufficientFunds, ErrUnavailable (no valid book), ErrUnsupported (reduce-only on spot). Code says more:
// "deadline" when now is after the request's Deadline, "post_only" when it would have taken, "reduce_only" when it would have
// opened or turned a position. Refused orders leave no trace.
//
// An IOC or FOK order that finds too little depth is no refusal: it is StatusExpired. The remainder of a market order expires too.
func (e *Engine) Submit(now time.Time, r exchange.OrderRequest) (exchange.Order, error) {
	return e.SubmitWith(now, r, Terms{})
}

// SubmitWith is Submit under terms.
func (e *Engine) SubmitWith(now time.Time, r exchange.OrderRequest, terms Terms) (exchange.Order, error) {
	o, err := e.admit(now, r)
	if err != nil {
		return exchange.Order{}, err
	}
	most := o.left
	if terms.Percent > 0 && terms.Percent < 100 {
		cut := o.req.Quantity.Mul(exchange.Scaled(terms.Percent, -2))
		most, _ = o.m.ins.RoundQuantity(cut).Int64(int(o.m.scale.Size))
	}
	w := o.m.walk(r.Side, o.price, most)
	if r.PostOnly && o.m.walk(r.Side, o.price, 1).size > 0 {
		if terms.PostOnlyEnds {
			return e.stillborn(now, o, exchange.StatusExpired, ReasonPostOnly), nil
		}
		return exchange.Order{}, e.refuse("place", nil, "post_only", "it would take at %s", o.m.price(w.best))
	}
	if r.TIF == exchange.FOK && w.size < o.left {
		w = walk{}
	}
	if err := e.afford("place", o, w); err != nil {
		return exchange.Order{}, err
	}
	if terms.Reject != "" {
		return e.stillborn(now, o, exchange.StatusRejected, terms.Reject), nil
	}
	e.enter(now, o)
	first := len(e.log)
	e.work(now, o, w.size)
	return e.tell(now, o, first), nil
}

// enter gives o its id and remembers it.
func (e *Engine) enter(now time.Time, o *order) {
	o.id = e.id()
	o.number, o.created, o.priority = e.nextID, now, e.nextID
	o.account.orders[o.req.ClientID], e.byID[o.id] = o, o
}

// stillborn accepts o and ends it at once.
func (e *Engine) stillborn(now time.Time, o *order, s exchange.Status, reason string) exchange.Order {
	e.enter(now, o)
	e.tell(now, o, len(e.log))
	o.status, o.reason = s, reason
	return e.tell(now, o, len(e.log))
}

// admit checks all that does not depend on the book's depth, and makes the record.
func (e *Engine) admit(now time.Time, r exchange.OrderRequest) (*order, error) {
	m, a := e.markets[r.Market.Symbol], e.accounts[r.Account]
	switch {
	case m == nil || r.Market.Venue != e.cfg.Venue:
		return nil, e.refuse("place", exchange.ErrInvalid, "market", "no market %s", r.Market)
	case a == nil:
		return nil, e.refuse("place", exchange.ErrUnauthorized, "account", "no account %q", r.Account)
	case r.ClientID == "":
		return nil, e.refuse("place", exchange.ErrInvalid, "client_id", "no client id")
	case !r.Deadline.IsZero() && now.After(r.Deadline):
		return nil, e.refuse("place", nil, "deadline", "%s after the deadline", now.Sub(r.Deadline))
	case a.orders[r.ClientID] != nil:
		return nil, e.refuse("place", exchange.ErrConflict, "duplicate", "client id %s was used before", r.ClientID)
	}
	if err := m.ins.Check(r); err != nil {
		return nil, e.invalid("place", err)
	}
	if m.book.Err != nil {
		return nil, e.unavailable("place", m)
	}
	o := &order{req: r, m: m, account: a, status: exchange.StatusAccepted, version: 1, time: now}
	if !o.measure() {
		return nil, e.refuse("place", exchange.ErrInvalid, "size", "%s at %s is beyond this venue", r.Quantity, r.Price)
	}
	return o, e.checkReduceOnly("place", o)
}

func (e *Engine) invalid(op string, err error) error {
	return &exchange.Error{Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: exchange.ErrInvalid, Code: "rules", Err: err}
}

func (e *Engine) unavailable(op string, m *market) error {
	return &exchange.Error{Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: exchange.ErrUnavailable, Code: "book", Err: m.book.Err}
}

// checkReduceOnly refuses a reduce-only order that could open or turn a position.
func (e *Engine) checkReduceOnly(op string, o *order) error {
	switch {
	case !o.req.ReduceOnly:
		return nil
	case o.m.ins.Market.Symbol.Kind == exchange.Spot:
		// To ignore it would turn a safety into nothing without a word.
		return e.refuse(op, exchange.ErrUnsupported, "reduce_only", "spot has no positions")
	case o.left > o.reducible():
		return e.refuse(op, nil, "reduce_only", "position %s", o.position().quantity)
	}
	return nil
}

// reducible is how much of an order of o's side would reduce the position, in the market's units.
func (o *order) reducible() int64 {
	p := o.position().quantity
	if p.IsZero() || (p.Sign() > 0) == (o.req.Side == exchange.Buy) {
		return 0
	}
	n, _ := p.Abs().Int64(int(o.m.scale.Size))
	return n
}

// walk is what an order would take of a book.
type walk struct {
	size        int64
	best, worst int64 // prices of the first and the last level touched
}

// walk is what an order of the given side, limit (0: none) and size would take.
func (m *market) walk(taker exchange.Side, limit, size int64) walk {
	var w walk
	levels := *m.levels(taker)
	for i := len(levels) - 1; i >= 0 && w.size < size && crosses(taker, limit, levels[i].Price); i-- {
		if w.size == 0 {
			w.best = levels[i].Price
		}
		w.size += min(levels[i].Size, size-w.size)
		w.worst = levels[i].Price
	}
	return w
}

// crosses reports whether an order of the taker's side with the limit (0: none) would trade at price.
func crosses(taker exchange.Side, limit, price int64) bool {
	if limit == 0 {
		return true
	}
	if taker == exchange.Buy {
		return price <= limit
	}
	return price >= limit
}

func (m *market) price(p int64) exchange.Decimal { return exchange.Scaled(p, int(m.scale.Price)) }
func (m *market) size(n int64) exchange.Decimal  { return exchange.Scaled(n, int(m.scale.Size)) }

// work takes size from the book for o and then rests or expires what remains.
func (e *Engine) work(now time.Time, o *order, size int64) {
	m := o.m
	for size > 0 {
		best, _ := m.book.Best(o.req.Side)
		n := min(size, best.Size)
		m.take(now, o.req.Side, n)
		e.execute(now, o, best.Price, n, false)
		size -= n
	}
	switch {
	case o.left == 0:
		o.status = exchange.StatusFilled
	case o.req.Type == exchange.TypeMarket || o.req.TIF != exchange.GTC:
		o.expire(ReasonDepth)
	case !e.rest(o):
		// A loss on the part that closed a position ate the margin of the part that was to rest.
		o.expire(ReasonFunds)
	case !o.filled.IsZero():
		o.status = exchange.StatusPartiallyFilled
	default:
		o.status = exchange.StatusAccepted
	}
}

func (o *order) expire(reason string) { o.status, o.reason = exchange.StatusExpired, reason }

// fillResting fills resting orders that the book crosses, at their own prices, best first, as far as the crossing levels reach.
func (e *Engine) fillResting(now time.Time, m *market) {
	for i := range m.rest {
		for len(m.rest[i]) > 0 {
			o := m.rest[i][0]
			w := m.walk(o.req.Side, o.price, o.left)
			if w.size == 0 {
				break
			}
			e.fillOne(now, o, w.size)
		}
	}
}

func (e *Engine) fillOne(now time.Time, o *order, size int64) {
	if o.req.ReduceOnly {
		size = min(size, o.reducible())
	}
	first := len(e.log)
	for n := size; n > 0; {
		best, _ := o.m.book.Best(o.req.Side)
		o.m.take(now, o.req.Side, min(n, best.Size))
		n -= min(n, best.Size)
	}
	if size > 0 {
		e.execute(now, o, o.price, size, true)
	}
	e.after(now, o, first)
}

// after settles the state of a resting order that may have filled.
func (e *Engine) after(now time.Time, o *order, first int) {
	if len(e.log) > first {
		o.status = exchange.StatusPartiallyFilled
	}
	switch {
	case o.left == 0:
		o.status = exchange.StatusFilled
		e.unrest(o)
	case o.req.ReduceOnly && o.reducible() == 0:
		o.expire(ReasonReduceOnly)
		e.unrest(o)
	}
	e.tell(now, o, first)
}
