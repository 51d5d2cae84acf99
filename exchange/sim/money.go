package sim

import (
	"math"
	"math/bits"

	"github.com/bothlegs/bothlegs/exchange"
)

// money is an exact amount: value * 10^exp, where value is a 128-bit integer. What does not fit becomes a Decimal, so that nothing is ever
// rounded or lost; that is slow, and happens to numbers beyond 10^38 only.
type money struct {
	hi  int64
	lo  uint64
	exp int16
	big *exchange.Decimal // not nil: the amount, whatever the other fields are; never changed
}

// product is x*y in units of 10^exp.
func product(x, y int64, exp int) money {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	r := money{hi: int64(hi), lo: lo, exp: int16(exp)} // |x*y| is at most 2^126
	if (x < 0) != (y < 0) {
		return r.neg()
	}
	return r
}

// units is n * 10^exp.
func units(n int64, exp int) money { return money{hi: n >> 63, lo: uint64(n), exp: int16(exp)} }

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// moneyOf is d as money.
func moneyOf(d exchange.Decimal) money {
	if exp := -d.Places(); exp >= math.MinInt16 && exp <= math.MaxInt16 {
		if n, ok := d.Int64(exp); ok {
			return units(n, exp)
		}
	}
	return bigMoney(d)
}

func bigMoney(d exchange.Decimal) money { return money{big: &d} }

func (a money) sign() int {
	switch {
	case a.big != nil:
		return a.big.Sign()
	case a.hi < 0:
		return -1
	case a.hi|int64(a.lo) == 0:
		return 0
	}
	return 1
}

func (a money) neg() money {
	if a.big != nil || a.hi == math.MinInt64 {
		return bigMoney(a.decimal().Neg())
	}
	lo, borrow := bits.Sub64(0, a.lo, 0)
	hi, _ := bits.Sub64(0, uint64(a.hi), borrow)
	return money{hi: int64(hi), lo: lo, exp: a.exp}
}

func (a money) add(b money) money {
	if a.exp != b.exp && a.big == nil && b.big == nil {
		a, b = align(a, b)
	}
	if a.big != nil || b.big != nil {
		return bigMoney(a.decimal().Add(b.decimal()))
	}
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(uint64(a.hi), uint64(b.hi), carry)
	if s := int64(hi); (a.hi >= 0) == (b.hi >= 0) && (s >= 0) != (a.hi >= 0) {
		return bigMoney(a.decimal().Add(b.decimal()))
	}
	return money{hi: int64(hi), lo: lo, exp: a.exp}
}

func (a money) sub(b money) money { return a.add(b.neg()) }

// align gives both the finer of their units.
func align(a, b money) (money, money) {
	switch {
	case a.sign() == 0:
		return money{exp: b.exp}, b
	case b.sign() == 0:
		return a, money{exp: a.exp}
	case a.exp > b.exp:
		return a.finer(b.exp), b
	}
	return a, b.finer(a.exp)
}

// finer is a in units of 10^exp, which is less than a.exp.
func (a money) finer(exp int16) money {
	for a.exp > exp && a.big == nil {
		n := min(a.exp-exp, 18)
		p, _ := pow10(int(n))
		a = a.times(p, -int(n))
	}
	return a
}

// times is a * coeff * 10^exp.
func (a money) times(coeff int64, exp int) money {
	if a.big == nil {
		high, low := a.abs()
		c := magnitude(coeff)
		top, mid := bits.Mul64(high, c)
		over, lo := bits.Mul64(low, c)
		hi, carry := bits.Add64(mid, over, 0)
		if top|carry|hi>>63 == 0 {
			r := money{hi: int64(hi), lo: lo, exp: a.exp + int16(exp)}
			if (a.hi < 0) != (coeff < 0) {
				return r.neg()
			}
			return r
		}
	}
	return bigMoney(a.decimal().Mul(exchange.Scaled(coeff, exp)))
}

// abs is the value without its sign.
func (a money) abs() (hi, lo uint64) {
	if a.hi >= 0 {
		return uint64(a.hi), a.lo
	}
	lo, borrow := bits.Sub64(0, a.lo, 0)
	hi, _ = bits.Sub64(0, uint64(a.hi), borrow)
	return hi, lo
}

func (a money) cmp(b money) int { return a.sub(b).sign() }

func (a money) decimal() exchange.Decimal {
	if a.big != nil {
		return *a.big
	}
	if a.hi == int64(a.lo)>>63 {
		return exchange.Scaled(int64(a.lo), int(a.exp))
	}
	hi, lo := a.abs()
	d := exchange.Notional{Hi: hi, Lo: lo}.Decimal(exchange.Scale{}).Mul(exchange.Scaled(1, int(a.exp)))
	if a.hi < 0 {
		return d.Neg()
	}
	return d
}

// rate is a factor: coeff * 10^exp, or one that does not fit.
type rate struct {
	coeff int64
	exp   int
	big   *exchange.Decimal
}

func rateOf(d exchange.Decimal) rate {
	exp := -d.Places()
	if n, ok := d.Int64(exp); ok {
		return rate{coeff: n, exp: exp}
	}
	return rate{big: &d}
}

// of is the part of a that the rate stands for.
func (r rate) of(a money) money {
	if r.big != nil {
		return bigMoney(a.decimal().Mul(*r.big))
	}
	return a.times(r.coeff, r.exp)
}
