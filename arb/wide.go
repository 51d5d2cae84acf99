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
	x2, x1, x0 := times(x, k)
	y2, y1, y0 := times(y, l)
	y0, carry := bits.Add64(y0, z.Lo, 0)
	y1, carry = bits.Add64(y1, z.Hi, carry)
	y2 += carry
	_, borrow := bits.Sub64(y0, x0, 0)
	_, borrow = bits.Sub64(y1, x1, borrow)
	_, borrow = bits.Sub64(y2, x2, borrow)
	return borrow != 0
}

// times is x * k, most significant word first.
func times(x notional, k uint64) (w2, w1, w0 uint64) {
	w1, w0 = bits.Mul64(x.Lo, k)
	w2, mid := bits.Mul64(x.Hi, k)
	w1, carry := bits.Add64(w1, mid, 0)
	return w2 + carry, w1, w0
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
		over, hi, lo := times(n, 1e18)
		sum, fits := plus(notional{Hi: hi, Lo: lo}, notional{Lo: uint64(v)})
		if !ok || over != 0 || !fits {
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
