package arb

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/bothlegs/bothlegs/exchange"
)

// commonLot is the smallest quantity that is a whole number of both lots: 2 for 0.25 and 0.4. Only multiples of it can be traded
// equally on both legs.
func commonLot(x, y exchange.Decimal) (exchange.Decimal, error) {
	exp := -max(x.Places(), y.Places())
	a, okA := x.Int64(exp)
	b, okB := y.Int64(exp)
	if !okA || !okB {
		return exchange.Decimal{}, fmt.Errorf("lots %s and %s have no common multiple within 64 bits", x, y)
	}
	lot, ok := scaleUp(a/gcd(a, b), uint64(b))
	if !ok {
		return exchange.Decimal{}, fmt.Errorf("lots %s and %s have no common multiple within 64 bits", x, y)
	}
	return exchange.Scaled(lot, exp), nil
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// grid brings both books of a pair to common units, and the pair's rules with them. It is immutable: a Verdict may point at it. A book
// with another scale makes a new one.
type grid struct {
	scales     [2]exchange.Scale // of the books it was made for
	scale      exchange.Scale    // common: the finer of both, fine enough for the common lot
	prices     [2]uint64         // times a book's price is the grid's
	sizes      [2]uint64
	lot        int64
	maxSize    int64
	minSize    int64
	leastValue [2]notional // least notional by leg of the pair
	limit      notional    // largest notional of an arbitrage
	fixed      [2]notional // fixed costs of both legs by direction, times parts, rounded down: what is strictly greater stays so
	offScale   bool        // the scales lie too far apart for 64 bits
}

// bounds are the rules of a pair that do not depend on its books.
type bounds struct {
	lot      exchange.Decimal // common
	notional exchange.Decimal
}

func newGrid(legs [2]*side, lanes [2]*lane, b bounds) *grid {
	g := &grid{scales: [2]exchange.Scale{legs[0].book.Scale, legs[1].book.Scale}, maxSize: math.MaxInt64}
	x, y := g.scales[0], g.scales[1]
	g.scale = exchange.Scale{Price: min(x.Price, y.Price), Size: min(x.Size, y.Size, int8(-b.lot.Places()))}
	for i, s := range g.scales {
		var okPrice, okSize bool
		g.prices[i], okPrice = powerOfTen(int(s.Price) - int(g.scale.Price))
		g.sizes[i], okSize = powerOfTen(int(s.Size) - int(g.scale.Size))
		g.offScale = g.offScale || !okPrice || !okSize
	}
	var ok bool
	if g.lot, ok = b.lot.Int64(int(g.scale.Size)); !ok || g.offScale {
		g.offScale = true
		return g
	}
	exp := int(g.scale.Price) + int(g.scale.Size)
	g.limit = units(b.notional, exp, exchange.Floor)
	for i, s := range legs {
		r := s.rules
		g.minSize = max(g.minSize, smallUnits(r.MinQty, int(g.scale.Size), exchange.Ceil))
		if r.MaxQty.Sign() > 0 {
			g.maxSize = min(g.maxSize, smallUnits(r.MaxQty, int(g.scale.Size), exchange.Floor))
		}
		g.leastValue[i] = units(r.MinNotional, exp, exchange.Ceil)
		f := lanes[i].fees
		g.fixed[i] = units(f.Buy.Fixed.Add(f.Sell.Fixed), exp-ratePlaces, exchange.Floor)
	}
	return g
}

func (g *grid) fits(x, y exchange.Scale) bool {
	return g != nil && g.scales[0] == x && g.scales[1] == y
}

func (g *grid) price(p int64) exchange.Decimal    { return exchange.Scaled(p, int(g.scale.Price)) }
func (g *grid) quantity(q int64) exchange.Decimal { return exchange.Scaled(q, int(g.scale.Size)) }

// top is the price of a side's best level; the leg is the one of the pair that it belongs to.
func (g *grid) top(levels []exchange.Level, leg int) (int64, Term) {
	if len(levels) == 0 {
		return 0, TermDepth
	}
	v := levels[len(levels)-1]
	if v.Price <= 0 || v.Size <= 0 {
		return 0, TermInvalid
	}
	price, ok := scaleUp(v.Price, g.prices[leg])
	if !ok {
		return 0, TermOffScale
	}
	return price, TermNone
}

// ladders are the two sides of a lane's books, before their first level.
func (g *grid) ladders(l *lane) (asks, bids ladder) {
	return ladder{levels: l.buy.book.Asks, prices: g.prices[l.from], sizes: g.sizes[l.from], rising: true},
		ladder{levels: l.sell.book.Bids, prices: g.prices[1-l.from], sizes: g.sizes[1-l.from]}
}

// ladder goes through one side of a book, best level first, in the grid's units. It distrusts the levels: books come from outside.
type ladder struct {
	levels        []exchange.Level // not yet reached
	prices, sizes uint64
	rising        bool
	price, size   int64 // of the level reached; size is what is left of it
}

// next goes one level down. TermNone: there is one; TermDepth: there is none.
func (l *ladder) next() Term {
	n := len(l.levels) - 1
	if n < 0 {
		return TermDepth
	}
	v := l.levels[n]
	l.levels = l.levels[:n]
	if v.Price <= 0 || v.Size <= 0 {
		return TermInvalid
	}
	price, okPrice := scaleUp(v.Price, l.prices)
	size, okSize := scaleUp(v.Size, l.sizes)
	if !okPrice || !okSize {
		return TermOffScale
	}
	if l.price != 0 && (price == l.price || l.rising != (price > l.price)) {
		return TermInvalid // out of order
	}
	l.price, l.size = price, size
	return TermNone
}

// grow walks both books together and makes the largest size of whole lots of which every unit clears, within depth, notional and
// the venues' maximum, with what it costs and brings.
func (c *candidate) grow() Term {
	asks, bids := c.grid.ladders(c.lane)
	if bad := max(asks.next(), bids.next()); bad != TermNone {
		return bad
	}
	room := c.grid.limit
	for {
		take, full := c.grid.fit(&asks, &bids, room, c.size)
		c.take(take, asks.price, bids.price)
		if full {
			break
		}
		room = minus(room, product(max(asks.price, bids.price), take))
		asks.size -= take
		bids.size -= take
		if t := advance(&asks, &bids); t > TermDepth {
			return t // damage
		} else if t == TermDepth || !c.lane.clears(asks.price, bids.price) {
			break
		}
	}
	c.trim()
	return TermNone
}

// fit is how much of both ladders' levels may be taken, and whether that was the last.
func (g *grid) fit(asks, bids *ladder, room notional, size int64) (take int64, full bool) {
	take = min(asks.size, bids.size, g.maxSize-size)
	top := max(asks.price, bids.price)
	if less(room, product(top, take)) {
		n, _ := bits.Div64(room.Hi, room.Lo, uint64(top)) // below take, so that it fits
		return int64(n), true
	}
	return take, size+take == g.maxSize
}

func (c *candidate) take(size, ask, bid int64) {
	if size == 0 {
		return
	}
	c.size += size
	// The larger of both sums is bounded by the grid's limit: neither leaves 128 bits.
	c.buy, _ = plus(c.buy, product(ask, size))
	c.sell, _ = plus(c.sell, product(bid, size))
	c.highest, c.lowest = ask, bid
}

// trim rounds the size down to whole lots. What is taken off need not come from the last levels alone, hence the second walk.
func (c *candidate) trim() {
	rest := c.size % c.grid.lot
	if rest == 0 {
		return
	}
	want := c.size - rest
	c.size, c.buy, c.sell = 0, notional{}, notional{}
	asks, bids := c.grid.ladders(c.lane)
	for bad := max(asks.next(), bids.next()); bad == TermNone && c.size < want; {
		take := min(asks.size, bids.size, want-c.size)
		c.take(take, asks.price, bids.price)
		asks.size -= take
		bids.size -= take
		bad = advance(&asks, &bids) // has been through here before: nothing ends it before want is reached
	}
}

// advance moves each ladder whose level is used up. TermDepth: one has no more levels.
func advance(asks, bids *ladder) (t Term) {
	if asks.size == 0 {
		t = asks.next()
	}
	if bids.size == 0 {
		t = max(t, bids.next())
	}
	return t
}

// minimum checks the size against the least that both venues take.
func (c *candidate) minimum() Term {
	g, from := c.grid, c.lane.from
	if c.size == 0 || c.size < g.minSize ||
		less(product(c.highest, c.size), g.leastValue[from]) || less(product(c.lowest, c.size), g.leastValue[1-from]) {
		return TermMinimum
	}
	return TermNone
}
