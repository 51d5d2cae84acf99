package sim

import (
	"fmt"
	"math"

	"github.com/bothlegs/bothlegs/exchange"
)

// steps is the scale that both a book's and the instrument's numbers are integers in.
func (m *market) steps(given exchange.Scale) exchange.Scale {
	return exchange.Scale{Price: min(given.Price, int8(-m.ins.Tick.Places())), Size: min(given.Size, int8(-m.ins.Lot.Places()))}
}

// rescale makes units fine enough for both the book and the instrument's steps, so that each price and each quantity is an integer; coarser
// again only where everything fits.
func (e *Engine) rescale(m *market, given exchange.Scale) error {
	want := m.steps(given)
	if want == m.scale || e.tryScale(m, want) {
		return nil
	}
	finer := exchange.Scale{Price: min(want.Price, m.scale.Price), Size: min(want.Size, m.scale.Size)}
	if finer == m.scale || e.tryScale(m, finer) {
		return nil
	}
	return fmt.Errorf("sim: %s: what rests or is held, in units of %v: %w", m.ins.Market, want, exchange.ErrScale)
}

// tryScale moves the market to other units, all of it or nothing: half of it in other units would be wrong numbers.
func (e *Engine) tryScale(m *market, want exchange.Scale) bool {
	price, size := unit10(m.scale.Price, want.Price), unit10(m.scale.Size, want.Size)
	fits := true
	convert := func(c converter, x *int64) {
		if n, ok := c.convert(*x); ok {
			*x = n
		} else {
			fits = false
		}
	}
	all := func(f func(converter, *int64)) {
		for _, a := range e.people {
			h := &a.holds[m.index]
			f(size, &h.position.quantity)
			f(size, &h.open[0])
			f(size, &h.open[1])
			for i := range h.position.lots {
				f(size, &h.position.lots[i].size)
				f(price, &h.position.lots[i].price)
			}
		}
		for i := range m.rest {
			m.rest[i].convert(price, size, f)
		}
	}
	all(func(c converter, x *int64) {
		n, ok := c.convert(*x)
		fits = fits && ok && n <= most && n >= -most
	})
	if !fits {
		return false
	}
	all(convert)
	old := m.scale
	for i := range m.rest {
		m.rest[i].each(func(o *order) { o.scale = want })
		kept := m.taken[i][:0]
		for _, t := range m.taken[i] {
			if t, ok := t.rescaled(old, want); ok {
				kept = append(kept, t)
			}
		}
		m.taken[i] = kept
	}
	m.setScale(want)
	return true
}

// convert calls f for each number of the queue.
func (q *queue) convert(price, size converter, f func(converter, *int64)) {
	f(size, &q.total)
	for _, l := range q.levels {
		f(price, &l.price)
		f(size, &l.size)
		for o := l.head; o != nil; o = o.next {
			f(price, &o.price)
			for _, x := range [...]*int64{&o.left, &o.filled, &o.shown} {
				f(size, x)
			}
		}
	}
}

// setScale makes s the units of the market, and expresses its rules in them.
func (m *market) setScale(s exchange.Scale) {
	m.scale = s
	r := rules{ok: true, minNotional: moneyOf(m.ins.MinNotional)}
	for _, x := range []struct {
		to  *int64
		d   exchange.Decimal
		exp int8
	}{{&r.tick, m.ins.Tick, s.Price}, {&r.lot, m.ins.Lot, s.Size}, {&r.minQty, m.ins.MinQty, s.Size}, {&r.maxQty, m.ins.MaxQty, s.Size}} {
		n, ok := x.d.Int64(int(x.exp))
		*x.to, r.ok = n, r.ok && ok
	}
	m.rules = r
}

// converter moves integers from one unit to another: times up, or divided by down.
type converter struct {
	up, down int64
	ok       bool
}

func unit10(from, to int8) converter {
	up, ok1 := pow10(max(0, int(from)-int(to)))
	down, ok2 := pow10(max(0, int(to)-int(from)))
	return converter{up, down, ok1 && ok2}
}

func (c converter) convert(x int64) (int64, bool) {
	if x == 0 {
		return 0, true
	}
	if !c.ok || x%c.down != 0 || int64(magnitude(x)) > math.MaxInt64/c.up {
		return 0, false
	}
	return x / c.down * c.up, true
}

// measure sets the order's integers from its exact numbers; false when they do not fit.
func (o *order) measure() bool {
	price, ok1 := o.req.Price.Int64(int(o.m.scale.Price))
	quantity, ok2 := o.req.Quantity.Int64(int(o.m.scale.Size))
	o.price, o.left, o.scale = price, quantity-o.filled, o.m.scale
	return ok1 && ok2
}

func (m *market) price(p int64) exchange.Decimal { return exchange.Scaled(p, int(m.scale.Price)) }
func (m *market) size(n int64) exchange.Decimal  { return exchange.Scaled(n, int(m.scale.Size)) }

func (t taken) rescaled(old, new exchange.Scale) (r taken, ok bool) {
	var ok1, ok2, ok3 bool
	r.price, ok1 = exchange.Scaled(t.price, int(old.Price)).Int64(int(new.Price))
	r.recorded, ok2 = exchange.Scaled(t.recorded, int(old.Size)).Int64(int(new.Size))
	r.size, ok3 = exchange.Scaled(t.size, int(old.Size)).Int64(int(new.Size))
	return r, ok1 && ok2 && ok3
}
