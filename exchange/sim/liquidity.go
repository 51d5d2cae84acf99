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
	if b == nil {
		return fmt.Errorf("sim: %s: no book: %w", e.cfg.Venue, exchange.ErrInvalid)
	}
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
	if m == nil || !m.set || into == nil {
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
