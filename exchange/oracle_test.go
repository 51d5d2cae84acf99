package exchange_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// The oracles of this package's tests: they speak math/big only and share no code with what they judge.

// The bounds of parsing, written down a second time.
const (
	digitBound = 60
	textBound  = 160
)

var roundings = []exchange.Rounding{exchange.HalfEven, exchange.HalfUp, exchange.Down, exchange.Up, exchange.Floor, exchange.Ceil}

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func ten(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// rat is d's value by its text, which is the only thing that a stranger can see of a Decimal.
func rat(t testing.TB, d exchange.Decimal) *big.Rat {
	t.Helper()
	s := d.String()
	if !plainText.MatchString(s) {
		t.Fatalf("String %q is not plain digits", s)
	}
	if strings.HasPrefix(s, "-") && !strings.ContainsAny(s, "123456789") {
		t.Fatalf("String %q is a negative zero", s)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("math/big does not read %q", s)
	}
	return r
}

var plainText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// want fails the test unless got is exactly the number want.
func want(t testing.TB, what string, got exchange.Decimal, want *big.Rat) {
	t.Helper()
	if rat(t, got).Cmp(want) != 0 {
		t.Errorf("%s = %s, want %s", what, got, want.RatString())
	}
}

var (
	one  = big.NewInt(1)
	half = big.NewRat(1, 2)
)

// roundRat is q as an integer, by the definition of each rounding.
func roundRat(q *big.Rat, rounding exchange.Rounding) *big.Int {
	low := new(big.Int).Div(q.Num(), q.Denom()) // Euclidean; the denominator is positive, so this is the floor
	if q.IsInt() {
		return low
	}
	high := new(big.Int).Add(low, one)
	near, far := low, high // to zero and from zero
	if q.Sign() < 0 {
		near, far = high, low
	}
	middle := new(big.Rat).Sub(q, new(big.Rat).SetInt(low)).Cmp(half)
	switch rounding {
	case exchange.Floor:
		return low
	case exchange.Ceil:
		return high
	case exchange.Down:
		return near
	case exchange.Up:
		return far
	}
	switch {
	case middle < 0:
		return low
	case middle > 0:
		return high
	case rounding == exchange.HalfUp:
		return far
	case low.Bit(0) == 0:
		return low
	}
	return high
}

// decimalOf makes any bytes a number that ParseDecimal must accept, and the same number for the oracle.
func decimalOf(t testing.TB, coeff []byte, exp int8, negative bool) (exchange.Decimal, *big.Rat) {
	t.Helper()
	c := new(big.Int).SetBytes(coeff)
	c.Mod(c, ten(digitBound))
	e := max(-digitBound, min(int(exp), digitBound-len(c.String())))
	if negative {
		c.Neg(c)
	}
	text := fmt.Sprintf("%se%d", c, e)
	d, err := exchange.ParseDecimal(text)
	if err != nil {
		t.Fatalf("ParseDecimal(%q): %v", text, err)
	}
	r := new(big.Rat).SetInt(c)
	if e >= 0 {
		return d, r.Mul(r, new(big.Rat).SetInt(ten(e)))
	}
	return d, r.Quo(r, new(big.Rat).SetInt(ten(-e)))
}

// randomDecimal favours what markets have (few digits, small scales), and reaches the bounds often enough.
func randomDecimal(t testing.TB, r *rand.Rand) (exchange.Decimal, *big.Rat) {
	t.Helper()
	coeff := make([]byte, 1+r.IntN(25))
	if r.IntN(2) == 0 {
		coeff = coeff[:1+r.IntN(min(8, len(coeff)))]
	}
	for i := range coeff {
		coeff[i] = byte(r.Uint32())
	}
	exp := -r.IntN(12)
	if r.IntN(4) == 0 {
		exp = r.IntN(2*digitBound+1) - digitBound
	}
	return decimalOf(t, coeff, int8(exp), r.IntN(2) == 0)
}

// forSeeds runs a property n times, each with a generator of its own, and names the seed that broke it.
func forSeeds(t *testing.T, n uint64, property func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	for seed := range n {
		property(t, rand.New(rand.NewPCG(seed, 0x62_6f_74_68)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
