package exchange

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/cockroachdb/apd/v3"
)

// Quo is x / y with scale digits behind the point, rounded once, from the exact quotient. It panics when y is zero, as integer
// division does, and when scale lies outside 0 to 1000.
func (x Decimal) Quo(y Decimal, scale int, rounding Rounding) Decimal {
	if y.IsZero() {
		panic("exchange: division by zero")
	}
	if scale < 0 || scale > 1000 {
		panic(fmt.Sprintf("exchange: scale %d", scale))
	}
	// x/y in units of 10^-scale is the ratio of two integers: shift either coefficient until the exponents agree.
	num, den := abs(&x.d), abs(&y.d)
	if shift := int64(x.d.Exponent) - int64(y.d.Exponent) + int64(scale); shift >= 0 {
		num.Mul(num, pow10(shift))
	} else {
		den.Mul(den, pow10(-shift))
	}
	var r Decimal
	divide(&r.d.Coeff, num, den, x.d.Negative != y.d.Negative, rounding)
	r.d.Negative = x.d.Negative != y.d.Negative
	r.d.Exponent = int32(-scale)
	return r.normal()
}

// Floor is the largest multiple of step that is not above x. Steps need not be powers of ten: 0.25, 0.5 and 5 work. It panics
// when step is not positive: an [Instrument] checks its steps once, in Validate.
func (x Decimal) Floor(step Decimal) Decimal { return x.Round(step, Floor) }

// Ceil is the smallest multiple of step that is not below x.
func (x Decimal) Ceil(step Decimal) Decimal { return x.Round(step, Ceil) }

// Round is x as a multiple of step.
func (x Decimal) Round(step Decimal, rounding Rounding) Decimal {
	if step.Sign() <= 0 {
		panic("exchange: rounding to a step of " + step.String())
	}
	num, den := abs(&x.d), abs(&step.d)
	if shift := int64(x.d.Exponent) - int64(step.d.Exponent); shift >= 0 {
		num.Mul(num, pow10(shift))
	} else {
		den.Mul(den, pow10(-shift))
	}
	var n Decimal // x in steps
	divide(&n.d.Coeff, num, den, x.d.Negative, rounding)
	n.d.Negative = x.d.Negative
	return n.Mul(step)
}

// IsMultiple reports whether x is a whole number of steps.
func (x Decimal) IsMultiple(step Decimal) bool { return step.Sign() > 0 && x.Floor(step).Equal(x) }

// Int64 is x in units of 10^exp; false when x is not a whole number of them, or when it does not fit.
func (x Decimal) Int64(exp int) (int64, bool) {
	if x.IsZero() {
		return 0, true
	}
	if n, ok := x.word(exp); ok {
		return n, true
	}
	// Beyond these x is too large, or less than one unit; and the power of ten of a wild exp would cost all memory.
	if e := int(x.d.Exponent); exp < e-18 || exp >= e+int(x.d.NumDigits()) {
		return 0, false
	}
	num := abs(&x.d)
	if shift := int64(x.d.Exponent) - int64(exp); shift >= 0 {
		num.Mul(num, pow10(shift))
	} else {
		var rest apd.BigInt
		num.QuoRem(num, pow10(-shift), &rest)
		if rest.Sign() != 0 {
			return 0, false
		}
	}
	if x.d.Negative {
		num.Neg(num)
	}
	if !num.IsInt64() {
		return 0, false
	}
	return num.Int64(), true
}

// word is Int64 of the usual numbers, whose coefficient is one word before and after; false decides nothing.
func (x Decimal) word(exp int) (int64, bool) {
	shift := int(x.d.Exponent) - exp
	if shift < -18 || shift > 18 || !x.d.Coeff.IsUint64() {
		return 0, false
	}
	n, p := x.d.Coeff.Uint64(), uint64(1)
	for range max(shift, -shift) {
		p *= 10
	}
	if shift < 0 {
		if n%p != 0 {
			return 0, false
		}
		n /= p
	} else {
		var over uint64
		if over, n = bits.Mul64(n, p); over != 0 {
			return 0, false
		}
	}
	if n > math.MaxInt64 {
		return 0, false
	}
	if x.d.Negative {
		return -int64(n), true
	}
	return int64(n), true
}

// Places is how many digits behind the point x needs: 2 for 0.25, 0 for 5, -1 for 50.
func (x Decimal) Places() int {
	var r apd.Decimal
	r.Reduce(&x.d)
	if r.IsZero() {
		return 0
	}
	return int(-r.Exponent)
}

// divide sets q to num/den, both positive, rounded; negative is the sign of the result.
func divide(q, num, den *apd.BigInt, negative bool, rounding Rounding) {
	var rest apd.BigInt
	q.QuoRem(num, den, &rest)
	if rest.Sign() == 0 {
		return
	}
	half := rest.Mul(&rest, apd.NewBigInt(2)).Cmp(den) // -1: below the middle
	var up bool
	switch rounding {
	case HalfEven:
		up = half > 0 || half == 0 && q.Bit(0) == 1
	case HalfUp:
		up = half >= 0
	case Down:
	case Up:
		up = true
	case Floor:
		up = negative
	case Ceil:
		up = !negative
	default:
		panic(fmt.Sprintf("exchange: rounding %d", rounding))
	}
	if up {
		q.Add(q, apd.NewBigInt(1))
	}
}

func abs(d *apd.Decimal) *apd.BigInt { return new(apd.BigInt).Abs(&d.Coeff) }

func pow10(n int64) *apd.BigInt {
	if n <= 18 { // the usual case fits a word: no exponentiation, no memory
		p := int64(1)
		for range n {
			p *= 10
		}
		return apd.NewBigInt(p)
	}
	return new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(n), nil)
}
