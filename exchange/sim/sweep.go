package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// walk is what an order would take of a market.
type walk struct {
	size        int64
	best, worst int64 // prices of the first and the last level touched
	notional    money // at those prices; of market orders only
}

// meet is the best price that an order of o's side and limit trades at, and whether given liquidity is there: that comes first. l is the level of
// resting orders, if that is what comes; false when nothing crosses.
func (m *market) meet(o *order) (price, given int64, l *level, ok bool) {
	side := o.req.Side
	l = m.rest[sideIndex(side.Opposite())].best()
	if levels := *m.levels(side); len(levels) > 0 {
		g := levels[len(levels)-1]
		if l == nil || crosses(side, l.price, g.Price) {
			return g.Price, g.Size, nil, crosses(side, o.price, g.Price)
		}
	}
	if l == nil {
		return 0, 0, nil, false
	}
	return l.price, 0, l, crosses(side, o.price, l.price)
}

// walk is what o would take of at most size, without taking it.
func (m *market) walk(o *order, size int64) walk {
	var w walk
	side := o.req.Side
	given, rest := *m.levels(side), m.rest[sideIndex(side.Opposite())].levels
	i, j := len(given)-1, len(rest)-1
	for w.size < size && (i >= 0 || j >= 0) {
		if j < 0 || i >= 0 && crosses(side, rest[j].price, given[i].Price) {
			if !crosses(side, o.price, given[i].Price) {
				break
			}
			w.add(o, given[i].Price, min(given[i].Size, size-w.size))
			i--
			continue
		}
		if !crosses(side, o.price, rest[j].price) {
			break
		}
		n, stopped := m.offered(o, rest[j], size-w.size)
		w.add(o, rest[j].price, n)
		if stopped {
			break
		}
		j--
	}
	return w
}

func (w *walk) add(o *order, price, n int64) {
	if n == 0 {
		return
	}
	if w.size == 0 {
		w.best = price
	}
	w.size += n
	w.worst = price
	if o.price == 0 {
		w.notional = w.notional.add(o.m.notional(n, price))
	}
}

// offered is how much of size o would get of a level's orders; stopped when it would end at an order of its own account.
func (m *market) offered(o *order, l *level, size int64) (n int64, stopped bool) {
	for x := l.head; x != nil && n < size; x = x.next {
		if x.account == o.account && o.stp != None {
			if o.stp != CancelMaker {
				return n, true
			}
			continue
		}
		n += m.available(o, x, size-n)
	}
	return n, false
}

// available is how much of size o would get of x. A reduce-only order is worth what its position will be when its turn comes: the orders of its
// account that are met before count.
func (m *market) available(o, x *order, size int64) int64 {
	if !x.req.ReduceOnly {
		return min(x.left, size)
	}
	if x.account == o.account {
		return 0 // it depends on what o itself does to the position: not counted on
	}
	position := x.reducible()
	rest := m.rest[sideIndex(x.req.Side)].levels
	for i := len(rest) - 1; i >= 0; i-- {
		for y := rest[i].head; y != nil; y = y.next {
			if y == x {
				return min(x.left, position, size)
			}
			if y.account == x.account {
				position -= min(y.left, position)
			}
		}
	}
	return 0
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

// sweep has o take up to size, best price first, and returns why it must end, if it must.
func (e *Engine) sweep(now time.Time, o *order, size int64) (reason string) {
	for m := o.m; size > 0; {
		price, given, l, ok := m.meet(o)
		if !ok {
			return ""
		}
		n := size
		if o.req.ReduceOnly {
			if n = min(n, o.reducible()); n == 0 {
				return ReasonReduceOnly
			}
		}
		if l == nil {
			n = min(n, given)
			m.take(now, o.req.Side, n)
			e.execute(now, o, price, n, false, e.number())
			e.trim(now, o)
			size -= n
			continue
		}
		maker := l.head
		if maker.account == o.account && o.stp != None {
			if o.stp != CancelTaker {
				e.end(now, maker, exchange.StatusExpired, ReasonSelfTrade)
			}
			if o.stp != CancelMaker {
				return ReasonSelfTrade
			}
			continue
		}
		if n = min(n, maker.shown); n <= 0 {
			panic("sim: an order rests that offers nothing")
		}
		e.trade(now, o, maker, price, n)
		size -= n
	}
	return ""
}

// trade is a fill of both, at the price of the one that rests.
func (e *Engine) trade(now time.Time, o, maker *order, price, n int64) {
	id := e.number()
	o.m.touch(now)
	e.execute(now, o, price, n, false, id)
	e.execute(now, maker, price, n, true, id)
	e.filled(now, maker)
	e.trim(now, maker)
	e.trim(now, o)
}

// filled says where a resting order stands after a fill.
func (e *Engine) filled(now time.Time, o *order) *news {
	o.status = exchange.StatusPartiallyFilled
	if o.left == 0 {
		o.status = exchange.StatusFilled
		e.unrest(now, o)
	}
	return e.tell(o)
}

// work has o take up to size and then rests or expires what remains.
func (e *Engine) work(now time.Time, o *order, size int64) *news {
	all := size == o.left
	reason := e.sweep(now, o, size)
	limit := o.req.Type == exchange.TypeLimit && o.req.TIF == exchange.GTC
	if limit && reason == "" && o.left > 0 && !all && !o.m.vanish(now, o) {
		reason = ReasonDepth
	}
	switch {
	case o.left == 0:
		o.status = exchange.StatusFilled
	case reason != "":
		o.expire(reason)
	case !limit:
		o.expire(ReasonDepth)
	case o.req.ReduceOnly && o.reducible() == 0:
		o.expire(ReasonReduceOnly)
	case !e.rest(now, o):
		// A loss on the part that closed a position ate the margin of the part that was to rest.
		o.expire(ReasonFunds)
	case o.filled > 0:
		o.status = exchange.StatusPartiallyFilled
	default:
		o.status = exchange.StatusAccepted
	}
	return e.tell(o)
}

func (o *order) expire(reason string) { o.status, o.reason = exchange.StatusExpired, reason }

// vanish takes away the given liquidity that o would cross if it rested: only a fault leaves any, and then somebody else was faster. Orders of
// accounts cannot vanish: it is false when o would cross one.
func (m *market) vanish(now time.Time, o *order) bool {
	for {
		best, ok := m.book.Best(o.req.Side)
		if !ok || !crosses(o.req.Side, o.price, best.Price) {
			break
		}
		m.take(now, o.req.Side, best.Size)
	}
	_, _, _, ok := m.meet(o)
	return !ok
}

// fillResting fills resting orders that the given book crosses, at their own prices, best first, as far as the crossing levels reach.
func (e *Engine) fillResting(now time.Time, m *market) {
	for i := range m.rest {
		for l := m.rest[i].best(); l != nil; l = m.rest[i].best() {
			o := l.head
			n := m.crossing(o, o.shown)
			if n == 0 {
				break
			}
			for left := n; left > 0; {
				best, _ := m.book.Best(o.req.Side)
				k := min(left, best.Size)
				m.take(now, o.req.Side, k)
				left -= k
			}
			e.execute(now, o, o.price, n, true, e.number())
			e.filled(now, o)
			e.trim(now, o)
		}
	}
}

// crossing is how much of size the given book has within o's limit.
func (m *market) crossing(o *order, size int64) (n int64) {
	levels := *m.levels(o.req.Side)
	for i := len(levels) - 1; i >= 0 && n < size && crosses(o.req.Side, o.price, levels[i].Price); i-- {
		n += min(levels[i].Size, size-n)
	}
	return n
}
