package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// queue is one side's resting orders: levels of one price each, the best last as in a Book, and in each the orders by arrival.
type queue struct {
	side   exchange.Side
	levels []*level
	total  int64 // of what is left of all orders
	free   []*level
}

type level struct {
	price      int64
	size       int64 // shown
	head, tail *order
}

// most is what the orders of one side, or of one account, may come to: half of what 64 bits hold, so that no sum overflows.
const most = int64(1) << 62

// best is the level that takers meet first; nil: none.
func (q *queue) best() *level {
	if n := len(q.levels); n > 0 {
		return q.levels[n-1]
	}
	return nil
}

// find is where price is, or would be.
func (q *queue) find(price int64) (int, bool) {
	if n := len(q.levels); n == 0 {
		return 0, false
	} else if l := q.levels[n-1]; l.price == price { // the usual case
		return n - 1, true
	}
	return slices.BinarySearchFunc(q.levels, price, func(l *level, p int64) int {
		if q.side == exchange.Buy {
			return cmp.Compare(l.price, p)
		}
		return cmp.Compare(p, l.price)
	})
}

// add puts o at the end of its level.
func (q *queue) add(o *order) {
	i, ok := q.find(o.price)
	if !ok {
		l := new(level)
		if n := len(q.free); n > 0 {
			l, q.free = q.free[n-1], q.free[:n-1]
		}
		l.price = o.price
		q.levels = slices.Insert(q.levels, i, l)
	}
	l := q.levels[i]
	o.level, o.prev = l, l.tail
	if l.tail == nil {
		l.head = o
	} else {
		l.tail.next = o
	}
	l.tail = o
	l.size += o.shown
	q.total += o.left
}

// remove takes o out.
func (q *queue) remove(o *order) {
	l := o.level
	if o.prev == nil {
		l.head = o.next
	} else {
		o.prev.next = o.next
	}
	if o.next == nil {
		l.tail = o.prev
	} else {
		o.next.prev = o.prev
	}
	l.size -= o.shown
	q.total -= o.left
	o.level, o.next, o.prev = nil, nil, nil
	if l.head == nil {
		i, _ := q.find(l.price)
		q.levels = slices.Delete(q.levels, i, i+1)
		*l = level{}
		if len(q.free) < 64 {
			q.free = append(q.free, l)
		}
	}
}

// each calls f with each order, best price first and then by arrival.
func (q *queue) each(f func(*order)) {
	for i := len(q.levels) - 1; i >= 0; i-- {
		for o := q.levels[i].head; o != nil; o = o.next {
			f(o)
		}
	}
}

// rest locks what o may cost and puts it on the book; false when that is not free.
func (e *Engine) rest(now time.Time, o *order) bool {
	b, need := o.funds(o.left, o.price)
	if need.sign() > 0 && b.free.cmp(need) < 0 {
		return false
	}
	b.lock(need)
	o.lock, o.resting, o.shown = need, true, o.left
	if o.req.ReduceOnly {
		o.shown = min(o.left, o.reducible())
		o.hold.reduceOnly++
	}
	side := sideIndex(o.req.Side)
	o.hold.open[side] += o.left
	o.m.rest[side].add(o)
	o.m.touch(now)
	return true
}

// unrest takes o off the book and frees what it locks.
func (e *Engine) unrest(now time.Time, o *order) {
	side := sideIndex(o.req.Side)
	o.m.rest[side].remove(o)
	o.hold.open[side] -= o.left
	if o.req.ReduceOnly {
		o.hold.reduceOnly--
	}
	b, _ := o.funds(0, 0)
	b.lock(o.lock.neg())
	o.lock, o.resting, o.shown = money{}, false, 0
	o.m.touch(now)
}

// shrink takes size, by which o.left is less already, off what o shows, and frees what it does not need any more.
func (o *order) shrink(size int64) {
	side := sideIndex(o.req.Side)
	shown := min(size, o.shown)
	o.shown -= shown
	o.level.size -= shown
	o.m.rest[side].total -= size
	o.hold.open[side] -= size
	b, need := o.funds(o.left, o.price)
	b.lock(need.sub(o.lock))
	o.lock = need
}

// trim has a's resting reduce-only orders on m show no more than its position, and ends them when there is none left to reduce.
func (e *Engine) trim(now time.Time, o *order) {
	h, m := o.hold, o.m
	if h.reduceOnly == 0 {
		return
	}
	var idle []*order
	for i := range m.rest {
		m.rest[i].each(func(x *order) {
			if x.hold != h || !x.req.ReduceOnly {
				return
			}
			n := x.reducible()
			if n == 0 {
				idle = append(idle, x)
			}
			if n = min(n, x.left); n != x.shown {
				x.level.size += n - x.shown
				x.shown = n
				m.touch(now)
			}
		})
	}
	for _, x := range idle {
		e.end(now, x, exchange.StatusExpired, ReasonReduceOnly)
	}
}

// end takes a resting order off the book for good.
func (e *Engine) end(now time.Time, o *order, s exchange.Status, reason string) *news {
	e.unrest(now, o)
	o.status, o.reason, o.time = s, reason, now
	return e.tell(o)
}
