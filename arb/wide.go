package arb

import (
	"math"
	"math/bits"

	"github.com/bothlegs/bothlegs/exchange"
)

// Unsigned integers of 128 bits (notionals, in units of a pair's grid) and of 192 bits (notionals times a rate's units). Nothing in
// here rounds or wraps: each function's bounds say why.

type notional = exchange.Notional

// product is x * y, both not negative.
func product(x, y int64) notional {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	return notional{Hi: hi, Lo: lo}
}

// plus is x + y; false when that is beyond 128 bits.
func plus(x, y notional) (notional, bool) {
	lo, carry := bits.Add64(x.Lo, y.Lo, 0)
	hi, carry := bits.Add64(x.Hi, y.Hi, carry)
	return notional{Hi: hi, Lo: lo}, carry == 0
}

// minus is x - y for y <= x.
func minus(x, y notional) notional {
	lo, borrow := bits.Sub64(x.Lo, y.Lo, 0)
	return notional{Hi: x.Hi - y.Hi - borrow, Lo: lo}
}

func less(x, y notional) bool { return x.Hi < y.Hi || x.Hi == y.Hi && x.Lo < y.Lo }

// larger reports whether x*k > y*l. Prices and rates are not negative, and each product fits 128 bits.
func larger(x int64, k uint64, y int64, l uint64) bool {
	xh, xl := bits.Mul64(uint64(x), k)
	yh, yl := bits.Mul64(uint64(y), l)
	return xh > yh || xh == yh && xl > yl
}

// largerSum reports whether x*k > y*l + z. With k and l below 2^63 the right side stays below 2^192.
func largerSum(x notional, k uint64, y notional, l uint64, z notional) bool {
	p, q := times(x, k), times(y, l)
	var carry uint64
	q[0], carry = bits.Add64(q[0], z.Lo, 0)
	q[1], carry = bits.Add64(q[1], z.Hi, carry)
	q[2] += carry
	for i := 2; i > 0; i-- {
		if p[i] != q[i] {
			return p[i] > q[i]
		}
	}
	return p[0] > q[0]
}

// times is x * k, least significant word first.
func times(x notional, k uint64) (r [3]uint64) {
	var carry uint64
	r[1], r[0] = bits.Mul64(x.Lo, k)
	hi, lo := bits.Mul64(x.Hi, k)
	r[1], carry = bits.Add64(r[1], lo, 0)
	r[2] = hi + carry
	return r
}

// scaleUp is v * k; false when that is beyond an int64. v is not negative.
func scaleUp(v int64, k uint64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(v), k)
	return int64(lo), hi == 0 && lo <= math.MaxInt64
}

// powerOfTen is 10^n; false when n is not within 0 to 18.
func powerOfTen(n int) (uint64, bool) {
	if n < 0 || n > 18 {
		return 0, false
	}
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p, true
}

// units is x, not negative, in whole units of 10^exp, rounded. What is beyond 128 bits becomes the largest number: x is a bound then
// that nothing on the grid ever meets.
func units(x exchange.Decimal, exp int, rounding exchange.Rounding) notional {
	const digits = 18 // of one part: the largest power of ten within an int64
	rest := x.Round(exchange.Scaled(1, exp), rounding)
	var n notional
	for part := 2; part >= 0; part-- {
		at := exp + part*digits
		whole := rest.Floor(exchange.Scaled(1, at))
		rest = rest.Sub(whole)
		v, ok := whole.Int64(at)
		shifted := times(n, 1e18)
		sum, fits := plus(notional{Hi: shifted[1], Lo: shifted[0]}, notional{Lo: uint64(v)})
		if !ok || shifted[2] != 0 || !fits {
			return notional{Hi: math.MaxUint64, Lo: math.MaxUint64}
		}
		n = sum
	}
	return n
}

// smallUnits is units for a bound that is compared with an int64.
func smallUnits(x exchange.Decimal, exp int, rounding exchange.Rounding) int64 {
	n := units(x, exp, rounding)
	if n.Hi != 0 || n.Lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n.Lo)
}
