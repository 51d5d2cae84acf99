package sim

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// trade is one fill. Those of one order are a list, oldest first.
type trade struct {
	order *order // nil: forgotten
	id    uint64
	told  uint64 // in which event
	price int64  // these in units of scale
	size  int64
	fee   money
	asset exchange.Asset
	time  time.Time
	next  int64 // the order's next one; 0: none
	scale exchange.Scale
	maker bool
}

// tradeLog is every fill that is kept, numbered from 1. Blocks whose fills are all forgotten are let go.
type tradeLog struct {
	blocks []*block
	begins []time.Time // of the first fill of each block
	spare  []*block    // forgotten ones, to be used again
	n      int64
	before time.Time // of the last one
	late   bool      // a fill was earlier than the one before it: times are no order to search by
}

const blockSize = 1024

type block struct {
	trades [blockSize]trade
	kept   int
}

// add makes room for the next fill and returns it with its number.
func (l *tradeLog) add(now time.Time) (*trade, int64) {
	i := l.n
	if i%blockSize == 0 {
		b := new(block)
		if k := len(l.spare); k > 0 {
			b, l.spare = l.spare[k-1], l.spare[:k-1]
		}
		l.blocks, l.begins = append(l.blocks, b), append(l.begins, now)
	}
	l.late = l.late || now.Before(l.before)
	l.before = now
	l.n++
	b := l.blocks[i/blockSize]
	b.kept++
	return &b.trades[i%blockSize], l.n
}

// at is the fill numbered n; nil when it was forgotten.
func (l *tradeLog) at(n int64) *trade {
	b := l.blocks[(n-1)/blockSize]
	if b == nil {
		return nil
	}
	if t := &b.trades[(n-1)%blockSize]; t.order != nil {
		return t
	}
	return nil
}

// forget drops the fills of an order.
func (l *tradeLog) forget(o *order) {
	for n := o.first; n != 0; {
		i := (n - 1) / blockSize
		b := l.blocks[i]
		t := &b.trades[(n-1)%blockSize]
		n = t.next
		*t = trade{}
		if b.kept--; b.kept == 0 && int(i) < len(l.blocks)-1 {
			l.blocks[i] = nil
			if len(l.spare) < 16 {
				l.spare = append(l.spare, b)
			}
		}
	}
}

// from is every kept fill at or after t, in order.
func (l *tradeLog) from(since time.Time) iter.Seq[*trade] {
	first := 0
	if !l.late {
		i, _ := slices.BinarySearchFunc(l.begins, since, time.Time.Compare)
		first = max(0, i-1)
	}
	return func(yield func(*trade) bool) {
		for _, b := range l.blocks[min(first, len(l.blocks)):] {
			if b == nil {
				continue
			}
			for i := range b.trades {
				if t := &b.trades[i]; t.order != nil && !t.time.Before(since) && !yield(t) {
					return
				}
			}
		}
	}
}

// orderLog is every order that is kept, oldest first.
type orderLog struct {
	all   []entry
	gone  int      // entries of all without an order
	ended []*order // in the order in which they ended, from head on
	head  int
	next  *order   // room for the next one
	slab  []order  // and for those after it
	spare []*order // forgotten ones, to be used again
}

type entry struct {
	number uint64
	order  *order
}

// draft is room for one more order; it stays the same until it is added.
func (l *orderLog) draft() *order {
	if n := len(l.spare); l.next == nil && n > 0 {
		l.next, l.spare = l.spare[n-1], l.spare[:n-1]
	}
	if l.next == nil {
		if len(l.slab) == 0 {
			l.slab = make([]order, 32) // few enough that one which lives long does not hold on to much
		}
		l.next, l.slab = &l.slab[0], l.slab[1:]
	}
	return l.next
}

func (l *orderLog) add(o *order) {
	l.next, o.slot = nil, len(l.all)
	l.all = append(l.all, entry{o.number, o})
}

// find is the order of a number.
func (l *orderLog) find(n uint64) *order {
	i, ok := slices.BinarySearchFunc(l.all, n, func(x entry, n uint64) int { return cmp.Compare(x.number, n) })
	if !ok {
		return nil
	}
	return l.all[i].order
}

// retire counts o as ended and forgets the oldest ended orders beyond what is to be kept, though none that an event still tells of.
func (e *Engine) retire(o *order) {
	l := &e.orders
	o.ended = true
	l.ended = append(l.ended, o)
	for len(l.ended)-l.head > e.cfg.KeepOrders && l.ended[l.head].event+e.events.limit < e.events.next {
		e.forget(l.ended[l.head])
		l.ended[l.head] = nil
		l.head++
	}
	if l.head > 1024 && l.head > len(l.ended)/2 {
		l.ended = append(l.ended[:0:0], l.ended[l.head:]...)
		l.head = 0
	}
}

func (e *Engine) forget(o *order) {
	l := &e.orders
	delete(o.account.orders, o.req.ClientID) // it was this one: none with its id was taken since
	e.trades.forget(o)
	l.all[o.slot].order = nil
	l.gone++
	if len(l.spare) < 1024 { // no event, no level, no map has it any more
		*o = order{}
		l.spare = append(l.spare, o)
	}
	if l.gone > 1024 && l.gone > len(l.all)/2 {
		l.all = slices.DeleteFunc(l.all, func(x entry) bool { return x.order == nil })
		for i := range l.all {
			l.all[i].order.slot = i
		}
		l.gone = 0
	}
}
