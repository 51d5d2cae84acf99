package exchange

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/cockroachdb/apd/v3"
)

// Level is one price of a book and the size resting there, both in units of the book's [Scale].
type Level struct{ Price, Size int64 }

// Scale gives the integers of a [Book] their meaning: a price p is p * 10^Price in quote per base, a size s is s * 10^Size in base.
// Exponents of a usual market are negative: {-2, -5} counts cents and hundred-thousandths of a coin.
type Scale struct{ Price, Size int8 }

// Book is one market's order book at one moment, in exact integers.
//
// Both sides are sorted with the best price last, where changes are cheapest. When Err is not nil the book is invalid (a gap, a
// crossed book, a lost connection) and has no levels: there is nothing to trade on by mistake. A Book handed to a callback is
// the callee's during the call only; Clone keeps it. A Book is not safe for concurrent use while somebody changes it.
type Book struct {
	Market     Market
	Scale      Scale
	Bids, Asks []Level   // ascending and descending by price: the best is the last
	Seq        uint64    // the venue's number of the last update in it; only the venue's rule gives it meaning
	VenueTime  time.Time // by the venue's clock, zero where it tells none
	RecvTime   time.Time // by this machine's clock
	Err        error     // not nil: invalid, no levels
}

// Side is the side of the book that an order of the given side takes from: asks for Buy, bids for Sell. Best last.
func (b *Book) Side(taker Side) []Level {
	if taker == Buy {
		return b.Asks
	}
	return b.Bids
}

// Best is the best level that an order of the given side would meet: the lowest ask for Buy, the highest bid for Sell; false when
// that side is empty.
func (b *Book) Best(taker Side) (Level, bool) {
	s := b.Side(taker)
	if len(s) == 0 {
		return Level{}, false
	}
	return s[len(s)-1], true
}

// Price is l's price as a number.
func (b *Book) Price(l Level) Decimal { return Scaled(l.Price, int(b.Scale.Price)) }

// Size is l's size as a number, in base units.
func (b *Book) Size(l Level) Decimal { return Scaled(l.Size, int(b.Scale.Size)) }

// Walk is what taking a size from one side of a book costs, in the book's units.
type Walk struct {
	Size     int64    // what the side could give: less than asked for means insufficient depth
	Best     int64    // price of the first level touched
	Worst    int64    // price of the last level touched: the limit that a priced order needs
	Levels   int      // how many were touched
	Notional Notional // sum of price * size
}

// Walk takes size from the side that an order of the given side meets, best price first, without changing the book. When the
// result's Size is less than size, the book cannot fill it: then the other figures describe only the part that it can.
func (b *Book) Walk(taker Side, size int64) Walk {
	var w Walk
	s := b.Side(taker)
	for i := len(s) - 1; i >= 0 && w.Size < size; i-- {
		take := min(s[i].Size, size-w.Size)
		if w.Levels == 0 {
			w.Best = s[i].Price
		}
		w.Size += take
		w.Worst = s[i].Price
		w.Levels++
		w.Notional.add(s[i].Price, take)
	}
	return w
}

// Notional is a sum of prices times sizes in a book's units: an unsigned 128-bit integer, which no book overflows.
type Notional struct{ Hi, Lo uint64 }

func (n *Notional) add(price, size int64) {
	hi, lo := bits.Mul64(uint64(price), uint64(size))
	var carry uint64
	n.Lo, carry = bits.Add64(n.Lo, lo, 0)
	n.Hi, _ = bits.Add64(n.Hi, hi, carry)
}

// Decimal is n as a number, in quote units, for a book of scale s.
func (n Notional) Decimal(s Scale) Decimal {
	var r Decimal
	r.d.Coeff.SetUint64(n.Hi)
	r.d.Coeff.Lsh(&r.d.Coeff, 64)
	r.d.Coeff.Add(&r.d.Coeff, new(apd.BigInt).SetUint64(n.Lo))
	r.d.Exponent = int32(s.Price) + int32(s.Size)
	return r.normal()
}

// CopyFrom makes b a copy of src in b's own memory, which it reuses; with depth > 0 only the best depth levels of each side.
func (b *Book) CopyFrom(src *Book, depth int) {
	bids, asks := b.Bids[:0], b.Asks[:0]
	*b = *src
	b.Bids, b.Asks = append(bids, top(src.Bids, depth)...), append(asks, top(src.Asks, depth)...)
}

func top(s []Level, depth int) []Level {
	if depth > 0 && len(s) > depth {
		return s[len(s)-depth:]
	}
	return s
}

// Clone is a copy of b that shares nothing with it.
func (b *Book) Clone() *Book {
	c := new(Book)
	c.CopyFrom(b, 0)
	return c
}

// Invalidate empties b and gives it the reason; without one it is ErrDown, for an empty book must not pass as valid.
func (b *Book) Invalidate(reason error) {
	if reason == nil {
		reason = ErrDown
	}
	b.Bids, b.Asks, b.Err = b.Bids[:0], b.Asks[:0], reason
}

// Check reports what is wrong with a book that claims to be valid: levels out of order, not positive, or crossed (best bid at or
// above best ask). Sources call it before they hand out a snapshot; it looks at every level.
func (b *Book) Check() error {
	for i, s := range [2][]Level{b.Bids, b.Asks} {
		for j, l := range s {
			if l.Price <= 0 || l.Size <= 0 {
				return fmt.Errorf("exchange: %s: level %s x %s: %w", b.Market, b.Price(l), b.Size(l), ErrFrame)
			}
			if j > 0 && (s[j-1].Price == l.Price || (i == 0) != (s[j-1].Price < l.Price)) {
				return fmt.Errorf("exchange: %s: levels out of order at %s: %w", b.Market, b.Price(l), ErrFrame)
			}
		}
	}
	return b.CheckTop()
}

// CheckTop reports a crossed book; it looks at the two best levels only.
func (b *Book) CheckTop() error {
	bid, okb := b.Best(Sell)
	ask, oka := b.Best(Buy)
	if okb && oka && bid.Price >= ask.Price {
		return fmt.Errorf("exchange: %s: bid %s, ask %s: %w", b.Market, b.Price(bid), b.Price(ask), ErrCrossed)
	}
	return nil
}
