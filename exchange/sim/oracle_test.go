package sim_test

import (
	"fmt"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// oracle is a market kept in the plainest way: what was given and taken per price, and a list of resting orders. It knows nothing of money: it
// tells which fills must follow. Prices and sizes are in units of 0.1 and 0.01.
type oracle struct {
	given map[exchange.Side]map[int64]int64 // by the side of those who take it
	taken map[exchange.Side]map[int64]int64
	rest  []*resting
	held  map[exchange.AccountID]int64 // positions
	turn  int
}

type resting struct {
	account     exchange.AccountID
	id          string
	side        exchange.Side
	price, left int64
	reduceOnly  bool
	turn        int // the lower one is first at one price
}

// taker is an order that arrives.
type taker struct {
	resting
	fok bool
	stp sim.SelfTrade
}

func newOracle() *oracle {
	side := func() map[exchange.Side]map[int64]int64 {
		return map[exchange.Side]map[int64]int64{exchange.Buy: {}, exchange.Sell: {}}
	}
	return &oracle{given: side(), taken: side(), held: map[exchange.AccountID]int64{}}
}

// better reports whether a taker of side prefers price a to b.
func better(side exchange.Side, a, b int64) bool {
	if side == exchange.Buy {
		return a < b
	}
	return a > b
}

func (m *oracle) set(b *exchange.Book) (fills []string) {
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		next := map[int64]int64{}
		for _, l := range b.Side(s) {
			next[l.Price] = l.Size
		}
		for p := range m.taken[s] {
			if next[p] != m.given[s][p] {
				delete(m.taken[s], p)
			}
		}
		m.given[s] = next
	}
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		for o := m.first(side); o != nil; o = m.first(side) {
			var n int64
			for p, size := m.best(side); size > 0 && n < m.offers(o) && !better(side, o.price, p); p, size = m.best(side) {
				k := min(size, m.offers(o)-n)
				m.taken[side][p] += k
				n += k
			}
			if n == 0 {
				break
			}
			fills = append(fills, fmt.Sprintf("%s/%s %d@%d maker", o.account, o.id, n, o.price))
			m.fill(o, n)
		}
	}
	return fills
}

// best is what is given at the best price for takers of side; a size of 0: nothing.
func (m *oracle) best(side exchange.Side) (price, size int64) {
	for p, n := range m.given[side] {
		if n -= m.taken[side][p]; n > 0 && (size == 0 || better(side, p, price)) {
			price, size = p, n
		}
	}
	return price, size
}

// first is the resting order of a side whose turn it is.
func (m *oracle) first(side exchange.Side) (r *resting) {
	for _, o := range m.rest {
		if o.side == side && (r == nil || better(side.Opposite(), o.price, r.price) || o.price == r.price && o.turn < r.turn) {
			r = o
		}
	}
	return r
}

func (m *oracle) reducible(o *resting) int64 {
	if o.side == exchange.Sell {
		return max(0, m.held[o.account])
	}
	return max(0, -m.held[o.account])
}

// offers is what others can have of a resting order.
func (m *oracle) offers(o *resting) int64 {
	if o.reduceOnly {
		return min(o.left, m.reducible(o))
	}
	return o.left
}

// fill takes n off a resting order; what has nothing left, or nothing to reduce, goes.
func (m *oracle) fill(o *resting, n int64) {
	o.left -= n
	m.move(o, n)
	m.rest = slices.DeleteFunc(m.rest, func(x *resting) bool { return m.offers(x) == 0 })
}

func (m *oracle) move(o *resting, n int64) {
	if o.side == exchange.Sell {
		n = -n
	}
	m.held[o.account] += n
}

func (m *oracle) clone() *oracle {
	c := newOracle()
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		for p, n := range m.given[s] {
			c.given[s][p] = n
		}
		for p, n := range m.taken[s] {
			c.taken[s][p] = n
		}
	}
	for _, o := range m.rest {
		x := *o
		c.rest = append(c.rest, &x)
	}
	for a, n := range m.held {
		c.held[a] = n
	}
	c.turn = m.turn
	return c
}

// take is the fills of o, in order, and whether it ends because of its own account. A price of 0 is no limit.
func (m *oracle) take(o *taker) (fills []string, stopped bool) {
	if o.fok {
		trial, copied := m.clone(), *o
		copied.fok = false
		// A reduce-only order of the same account is not counted on.
		trial.rest = slices.DeleteFunc(trial.rest, func(x *resting) bool { return x.account == o.account && x.reduceOnly && o.stp == sim.None })
		if trial.take(&copied); copied.left > 0 {
			return nil, false
		}
	}
	within := func(p int64) bool { return o.price == 0 || !better(o.side, o.price, p) }
	for o.left > 0 {
		p, size := m.best(o.side)
		x := m.first(o.side.Opposite())
		if size > 0 && (x == nil || !better(o.side, x.price, p)) {
			if !within(p) {
				break
			}
			n := min(size, o.left)
			m.taken[o.side][p] += n
			fills = append(fills, fmt.Sprintf("%s/%s %d@%d", o.account, o.id, n, p))
			m.hit(o, n)
			continue
		}
		if x == nil || !within(x.price) {
			break
		}
		if x.account == o.account && o.stp != sim.None {
			if o.stp != sim.CancelTaker {
				m.remove(x)
			}
			if o.stp != sim.CancelMaker {
				return fills, true
			}
			continue
		}
		n := min(m.offers(x), o.left)
		fills = append(fills, fmt.Sprintf("%s/%s %d@%d", o.account, o.id, n, x.price), fmt.Sprintf("%s/%s %d@%d maker", x.account, x.id, n, x.price))
		m.move(&o.resting, n)
		o.left -= n
		m.fill(x, n)
	}
	return fills, false
}

func (m *oracle) hit(o *taker, n int64) {
	m.move(&o.resting, n)
	o.left -= n
	m.rest = slices.DeleteFunc(m.rest, func(x *resting) bool { return m.offers(x) == 0 })
}

func (m *oracle) remove(o *resting) {
	m.rest = slices.DeleteFunc(m.rest, func(x *resting) bool { return x == o })
}

// add rests what is left of o, after all of its price.
func (m *oracle) add(o resting) {
	m.turn++
	o.turn = m.turn
	m.rest = append(m.rest, &o)
}

func (m *oracle) find(a exchange.AccountID, id string) *resting {
	for _, o := range m.rest {
		if o.account == a && o.id == id {
			return o
		}
	}
	return nil
}

// levels is the visible book: what takers of side meet, by price.
func (m *oracle) levels(side exchange.Side) map[int64]int64 {
	r := map[int64]int64{}
	for p, n := range m.given[side] {
		if n -= m.taken[side][p]; n != 0 {
			r[p] = n
		}
	}
	for _, o := range m.rest {
		if o.side == side.Opposite() {
			r[o.price] += m.offers(o)
		}
	}
	return r
}
