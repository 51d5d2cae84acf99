package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// taken remembers what orders took of one level: the level shows recorded - size for as long as the given books say recorded.
type taken struct{ price, recorded, size int64 }

// SetBook makes b, which is copied, the market's liquidity, and fills resting orders that it crosses. A level whose size has not changed
// since orders took from it shows what they left; one that changed, or went and came back, is as b has it.
//
// Of a book with Err, and of one that is damaged or crossed, nothing is used: the market has no liquidity until the next one.
// The error of a damaged book, one of an unknown market (exchange.ErrInvalid), or one whose numbers do not fit the instrument's steps into
// 64 bits (exchange.ErrScale) is returned; a book that says itself that it is invalid is no error.
func (e *Engine) SetBook(now time.Time, b *exchange.Book) error {
	m := e.markets[b.Market.Symbol]
	if m == nil || b.Market.Venue != e.cfg.Venue {
		return fmt.Errorf("sim: %s has no market %s: %w", e.cfg.Venue, b.Market, exchange.ErrInvalid)
	}
	m.set = true
	err := b.Err
	if err == nil {
		err = b.Check()
	}
	if err == nil {
		err = e.rescale(m, b.Scale)
	}
	if err == nil {
		err = m.load(b, e.cfg.Depth)
	}
	// The venue's clock is the engine's: fills and books tell the same time.
	m.touch(now)
	m.book.RecvTime = b.RecvTime
	if err != nil {
		m.book.Invalidate(err)
		if b.Err != nil {
			return nil //nolint:nilerr // it said itself that it is invalid: now it is here too
		}
		return err
	}
	e.fillResting(now, m)
	return nil
}

// Book copies the market's book as it is seen: the given one without what orders took of it, and all that rests. Its VenueTime is the time
// of the last change, and its Seq rises with each. It is false when there is no such market, or when no book was given yet.
func (e *Engine) Book(s exchange.Symbol, into *exchange.Book) bool {
	m := e.markets[s]
	if m == nil || !m.set {
		return false
	}
	into.CopyFrom(&m.book, 0)
	into.Seq = m.version
	if m.book.Err == nil {
		into.Bids = m.rest[sideIndex(exchange.Buy)].merge(into.Bids)
		into.Asks = m.rest[sideIndex(exchange.Sell)].merge(into.Asks)
	}
	return true
}

// merge adds what rests to a side of a book.
func (q *queue) merge(given []exchange.Level) []exchange.Level {
	n := len(given)
	given = append(given, make([]exchange.Level, len(q.levels))...)
	// From the back, where there is room; best last, in both.
	at, j := len(given), len(q.levels)-1
	for i := n - 1; j >= 0; {
		l := q.levels[j]
		at--
		switch {
		case i >= 0 && given[i].Price == l.price:
			size := given[i].Size + min(l.size, math.MaxInt64-given[i].Size)
			given[at] = exchange.Level{Price: l.price, Size: size}
			i, j = i-1, j-1
		case i >= 0 && crosses(q.side.Opposite(), l.price, given[i].Price): // the given one is better
			given[at] = given[i]
			i--
		default:
			given[at] = exchange.Level{Price: l.price, Size: l.size}
			j--
		}
		if j < 0 { // what is left of the given ones stands in front, with a gap where levels were one
			return slices.Delete(given, i+1, at)
		}
	}
	return given
}

// Version is the Seq of the book of s: it rises with each visible change. It is 0 where there is no such market.
func (e *Engine) Version(s exchange.Symbol) uint64 {
	if m := e.markets[s]; m != nil {
		return m.version
	}
	return 0
}

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
	fits := price.ok && size.ok
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

// load copies b into the market's units and takes off what was taken.
func (m *market) load(b *exchange.Book, depth int) error {
	m.book.CopyFrom(b, depth)
	m.book.Scale = m.scale
	price, ok1 := pow10(int(b.Scale.Price) - int(m.scale.Price))
	size, ok2 := pow10(int(b.Scale.Size) - int(m.scale.Size))
	if !ok1 || !ok2 {
		return fmt.Errorf("sim: %s: book of scale %v in units of %v: %w", m.ins.Market, b.Scale, m.scale, exchange.ErrScale)
	}
	for i, side := range [2]exchange.Side{exchange.Buy, exchange.Sell} {
		levels := m.levels(side)
		if price != 1 || size != 1 {
			if err := multiply(*levels, price, size); err != nil {
				return fmt.Errorf("sim: %s: %w", m.ins.Market, err)
			}
		}
		// The full side decides what is still taken: a level below Depth is out of sight, not gone.
		m.taken[i] = subtract(m.taken[i], b.Side(side), levels, side, exchange.Level{Price: price, Size: size})
	}
	return nil
}

// levels is the side of the book that orders of the given side take from.
func (m *market) levels(taker exchange.Side) *[]exchange.Level {
	if taker == exchange.Buy {
		return &m.book.Asks
	}
	return &m.book.Bids
}

// subtract takes from levels, a copy of the best of given in units finer by unit, what is recorded as taken and still unchanged
// there. It returns the records that are.
func subtract(t []taken, given []exchange.Level, levels *[]exchange.Level, side exchange.Side, unit exchange.Level) []taken {
	if len(t) == 0 {
		return t
	}
	kept, emptied := t[:0], false
	hidden := len(given) - len(*levels)
	for _, x := range t {
		i, found := find(given, side, x.price/unit.Price)
		if !found || x.price%unit.Price != 0 || given[i].Size*unit.Size != x.recorded {
			continue
		}
		kept = append(kept, x)
		if i >= hidden {
			(*levels)[i-hidden].Size -= x.size
			emptied = emptied || (*levels)[i-hidden].Size == 0
		}
	}
	if emptied {
		*levels = slices.DeleteFunc(*levels, func(l exchange.Level) bool { return l.Size == 0 })
	}
	return kept
}

// find is where price is in the side of a book that takers of the given side meet.
func find(levels []exchange.Level, taker exchange.Side, price int64) (int, bool) {
	return slices.BinarySearchFunc(levels, price, func(l exchange.Level, p int64) int {
		if taker == exchange.Buy {
			return cmp.Compare(p, l.Price)
		}
		return cmp.Compare(l.Price, p)
	})
}

// take removes n from the best level that the taker's side meets, and remembers it.
func (m *market) take(now time.Time, taker exchange.Side, n int64) {
	levels := m.levels(taker)
	best := &(*levels)[len(*levels)-1]
	t := &m.taken[sideIndex(taker)]
	i, found := slices.BinarySearchFunc(*t, best.Price, func(x taken, p int64) int { return cmp.Compare(x.price, p) })
	if !found {
		*t = slices.Insert(*t, i, taken{price: best.Price, recorded: best.Size})
	}
	(*t)[i].size += n
	best.Size -= n
	if best.Size == 0 {
		*levels = (*levels)[:len(*levels)-1]
	}
	m.touch(now)
}

// touch counts a visible change of the book.
func (m *market) touch(now time.Time) {
	m.version++
	m.book.VenueTime = now
}

func multiply(levels []exchange.Level, price, size int64) error {
	for i, l := range levels {
		if l.Price > math.MaxInt64/price || l.Size > math.MaxInt64/size {
			return fmt.Errorf("level %d x %d times %d and %d: %w", l.Price, l.Size, price, size, exchange.ErrScale)
		}
		levels[i] = exchange.Level{Price: l.Price * price, Size: l.Size * size}
	}
	return nil
}

// pow10 is 10^n; false when it does not fit.
func pow10(n int) (int64, bool) {
	if n < 0 || n > 18 {
		return 0, false
	}
	r := int64(1)
	for range n {
		r *= 10
	}
	return r, true
}
