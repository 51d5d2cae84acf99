package scan

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/bothlegs/bothlegs/exchange"
)

// Sides are the levels of one message, in the venue's order. Both sides are in units of Scale; a size of 0 deletes its level.
//
// The scale follows the numbers: a message is read in the scale that its book has, and a number that needs a finer one makes
// everything read so far finer with it, exactly. Read from the zero Scale, Scale ends as the coarsest one that holds all the
// numbers (trailing zeros do not count).
type Sides struct {
	Scale      exchange.Scale
	Bids, Asks []exchange.Level
}

// Reset empties s, keeping its memory, and sets the scale to begin with. Exponents above 0 become 0: whole units are coarse enough.
func (s *Sides) Reset(start exchange.Scale) {
	s.Scale = exchange.Scale{Price: min(start.Price, 0), Size: min(start.Size, 0)}
	s.Bids, s.Asks = s.Bids[:0], s.Asks[:0]
}

// CopyFrom makes s a copy of src in s's own memory.
func (s *Sides) CopyFrom(src *Sides) {
	s.Scale = src.Scale
	s.Bids, s.Asks = append(s.Bids[:0], src.Bids...), append(s.Asks[:0], src.Asks...)
}

// Refine multiplies all levels so that they are in units of to where to is finer than Scale; a coarser exponent in to changes nothing.
// When a product does not fit, nothing has changed and the error wraps exchange.ErrScale.
func (s *Sides) Refine(to exchange.Scale) error {
	p, okp := factor(s.Scale.Price, to.Price)
	q, okq := factor(s.Scale.Size, to.Size)
	if p == 1 && q == 1 {
		return nil
	}
	if !okp || !okq || !s.fits(p, q) {
		return fmt.Errorf("scan: levels in units of 1e%d x 1e%d do not fit in units of 1e%d x 1e%d: %w",
			s.Scale.Price, s.Scale.Size, to.Price, to.Size, exchange.ErrScale)
	}
	for _, side := range [2][]exchange.Level{s.Bids, s.Asks} {
		for i := range side {
			side[i].Price *= p
			side[i].Size *= q
		}
	}
	s.Scale = exchange.Scale{Price: min(s.Scale.Price, to.Price), Size: min(s.Scale.Size, to.Size)}
	return nil
}

func (s *Sides) fits(p, q int64) bool {
	var price, size int64
	for _, side := range [2][]exchange.Level{s.Bids, s.Asks} {
		for _, l := range side {
			price, size = max(price, l.Price), max(size, l.Size)
		}
	}
	return price <= math.MaxInt64/p && size <= math.MaxInt64/q
}

// factor is 10^(from-to), 1 where to is not finer; false where it does not fit.
func factor(from, to int8) (int64, bool) {
	n := int(from) - int(to)
	if n <= 0 {
		return 1, true
	}
	if n >= len(pow10) {
		return math.MaxInt64, false
	}
	return pow10[n], true
}

var pow10 = [19]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// ScaleOf is the scale that holds every multiple of tick and lot: where a book of that instrument begins.
func ScaleOf(tick, lot exchange.Decimal) exchange.Scale {
	exponent := func(d exchange.Decimal) int8 { return int8(-min(max(d.Places(), 0), 18)) }
	return exchange.Scale{Price: exponent(tick), Size: exponent(lot)}
}

// Multiply multiplies every size by coeff * 10^exp, which must be positive: contracts become base units. When a product does not
// fit, the error wraps exchange.ErrScale and s is spoilt.
func (s *Sides) Multiply(coeff int64, exp int8) error {
	size := int(s.Scale.Size) + int(exp)
	if coeff <= 0 || size < math.MinInt8 || size > math.MaxInt8 {
		return fmt.Errorf("scan: contract of %de%d: %w", coeff, exp, exchange.ErrScale)
	}
	s.Scale.Size = int8(size)
	if coeff == 1 {
		return nil
	}
	for _, side := range [2][]exchange.Level{s.Bids, s.Asks} {
		for i := range side {
			hi, lo := bits.Mul64(uint64(side[i].Size), uint64(coeff))
			if hi != 0 || lo > math.MaxInt64 {
				return fmt.Errorf("scan: %d contracts of %de%d: %w", side[i].Size, coeff, exp, exchange.ErrScale)
			}
			side[i].Size = int64(lo)
		}
	}
	return nil
}
