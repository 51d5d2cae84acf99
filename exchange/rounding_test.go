package exchange_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

func scaleOf(s string) int {
	_, frac, _ := strings.Cut(s, ".")
	return len(frac)
}

// checkQuo holds x / y at scale with every rounding against math/big.
func checkQuo(t *testing.T, x, y exchange.Decimal, rx, ry *big.Rat, scale int) {
	t.Helper()
	unit := new(big.Rat).SetInt(ten(scale))
	q := new(big.Rat).Quo(rx, ry)
	q.Mul(q, unit)
	for _, rounding := range roundings {
		got := x.Quo(y, scale, rounding)
		exact := new(big.Rat).SetInt(roundRat(q, rounding))
		want(t, x.String()+" / "+y.String(), got, exact.Quo(exact, unit))
		if s := got.String(); scaleOf(s) != scale {
			t.Errorf("%s / %s = %s: %d digits behind the point, want %d", x, y, s, scaleOf(s), scale)
		}
	}
}

func FuzzDecimalQuo(f *testing.F) {
	f.Add([]byte{1}, int8(0), false, []byte{3}, int8(0), false, uint16(8))
	f.Add([]byte{5}, int8(-1), true, []byte{1}, int8(0), false, uint16(0))
	f.Add([]byte{1}, int8(-60), false, []byte{1}, int8(59), true, uint16(2))
	f.Add([]byte("0123456789abcdefghijklmno"), int8(0), true, []byte{7}, int8(-60), true, uint16(1000))
	f.Fuzz(func(t *testing.T, a []byte, ae int8, an bool, b []byte, be int8, bn bool, scale uint16) {
		x, rx := decimalOf(t, a, ae, an)
		y, ry := decimalOf(t, b, be, bn)
		if !y.IsZero() {
			checkQuo(t, x, y, rx, ry, int(scale%1001))
		}
	})
}

func TestQuoRandom(t *testing.T) {
	forSeeds(t, 1_500, func(t *testing.T, r *rand.Rand) {
		x, rx := randomDecimal(t, r)
		y, ry := randomDecimal(t, r)
		if y.IsZero() {
			return
		}
		checkQuo(t, x, y, rx, ry, r.IntN(40))
		// Exact ties: (n + 1/2) * y / y.
		n := exchange.Scaled(int64(r.IntN(2001)-1000)*10+5, -1)
		tie := n.Mul(y)
		checkQuo(t, tie, y, rat(t, tie), ry, 0)
	})
}

func TestQuo(t *testing.T) {
	tests := []struct {
		x, y     string
		scale    int
		rounding exchange.Rounding
		want     string
	}{
		{"1", "3", 4, exchange.HalfEven, "0.3333"},
		{"2", "3", 4, exchange.HalfEven, "0.6667"},
		{"2", "3", 4, exchange.Down, "0.6666"},
		{"-2", "3", 4, exchange.Down, "-0.6666"},
		{"-2", "3", 4, exchange.Floor, "-0.6667"},
		{"-2", "3", 4, exchange.Ceil, "-0.6666"},
		{"2", "-3", 4, exchange.Up, "-0.6667"},
		{"-2", "-3", 4, exchange.Floor, "0.6666"},
		{"0.5", "1", 0, exchange.HalfEven, "0"},
		{"1.5", "1", 0, exchange.HalfEven, "2"},
		{"2.5", "1", 0, exchange.HalfEven, "2"},
		{"-2.5", "1", 0, exchange.HalfEven, "-2"},
		{"2.5", "1", 0, exchange.HalfUp, "3"},
		{"-2.5", "1", 0, exchange.HalfUp, "-3"},
		{"-0.1", "1", 0, exchange.HalfEven, "0"}, // no "-0"
		{"-0.1", "1", 0, exchange.Ceil, "0"},
		{"-0.1", "1", 2, exchange.Floor, "-0.10"},
		{"0", "-7", 2, exchange.Up, "0.00"},
		{"10", "4", 1, exchange.HalfEven, "2.5"}, // exact
		{"1e-60", "1e59", 3, exchange.Up, "0.001"},
		{"1e59", "1e-60", 0, exchange.HalfEven, "1" + strings.Repeat("0", 119)},
	}
	for _, tt := range tests {
		if got := dec(tt.x).Quo(dec(tt.y), tt.scale, tt.rounding); got.String() != tt.want {
			t.Errorf("%s / %s at %d, rounding %d = %s, want %s", tt.x, tt.y, tt.scale, tt.rounding, got, tt.want)
		}
	}
}

// steps are those of real filters, and some that no logarithm of ten can treat.
var steps = []string{"1", "0.01", "0.001", "0.5", "0.25", "0.05", "5", "2.5", "10", "1e3", "0.00003", "7", "0.0000000001", "1e-60", "1e59", "0.10"}

// checkRound holds x to a multiple of step with every rounding against math/big.
func checkRound(t *testing.T, x, step exchange.Decimal, rx, rstep *big.Rat) {
	t.Helper()
	q := new(big.Rat).Quo(rx, rstep)
	for _, rounding := range roundings {
		exact := new(big.Rat).SetInt(roundRat(q, rounding))
		got := x.Round(step, rounding)
		want(t, x.String()+" to "+step.String(), got, exact.Mul(exact, rstep))
		if !got.IsMultiple(step) {
			t.Errorf("%s rounded to %s = %s is no multiple of it", x, step, got)
		}
		if again := got.Round(step, rounding); again.String() != got.String() {
			t.Errorf("%s rounded twice to %s = %s, then %s", x, step, got, again)
		}
	}
	low, high := x.Floor(step), x.Ceil(step)
	if low.Cmp(x) > 0 || high.Cmp(x) < 0 || high.Sub(low).Cmp(step) > 0 {
		t.Errorf("%s to %s: floor %s, ceil %s", x, step, low, high)
	}
	if low.String() != x.Round(step, exchange.Floor).String() || high.String() != x.Round(step, exchange.Ceil).String() {
		t.Errorf("%s to %s: Floor %s and Ceil %s differ from Round", x, step, low, high)
	}
	if x.IsMultiple(step) != q.IsInt() {
		t.Errorf("IsMultiple(%s, %s) = %t, want %t", x, step, x.IsMultiple(step), q.IsInt())
	}
}

func FuzzDecimalRound(f *testing.F) {
	for _, s := range steps {
		d := dec(s)
		p := max(0, d.Places())
		n, _ := d.Int64(-p)
		f.Add([]byte{1, 2, 3, 4}, int8(-3), true, big.NewInt(n).Bytes(), int8(-p))
	}
	f.Fuzz(func(t *testing.T, a []byte, ae int8, an bool, b []byte, be int8) {
		x, rx := decimalOf(t, a, ae, an)
		step, rstep := decimalOf(t, b, be, false)
		if !step.IsZero() {
			checkRound(t, x, step, rx, rstep)
		}
	})
}

func TestRoundRandom(t *testing.T) {
	forSeeds(t, 800, func(t *testing.T, r *rand.Rand) {
		step := dec(steps[r.IntN(len(steps))])
		rstep := rat(t, step)
		x, rx := randomDecimal(t, r)
		checkRound(t, x, step, rx, rstep)
		other, rother := randomDecimal(t, r)
		if other.Sign() > 0 {
			checkRound(t, x, other, rx, rother)
		}
		// Multiples and exact ties are too rare to be met by chance.
		multiple := exchange.Scaled(int64(r.IntN(20001)-10000), 0).Mul(step)
		checkRound(t, multiple, step, rat(t, multiple), rstep)
		tie := multiple.Add(step.Mul(dec("0.5")))
		checkRound(t, tie, step, rat(t, tie), rstep)
	})
}

func TestRoundSteps(t *testing.T) {
	tests := []struct{ x, step, floor, ceil, halfEven string }{
		{"1.30", "0.25", "1.25", "1.50", "1.25"},
		{"1.375", "0.25", "1.25", "1.50", "1.50"}, // a tie: 5.5 steps, to 6
		{"1.125", "0.25", "1.00", "1.25", "1.00"}, // a tie: 4.5 steps, to 4
		{"-1.30", "0.25", "-1.50", "-1.25", "-1.25"},
		{"12", "5", "10", "15", "10"},
		{"13", "5", "10", "15", "15"},
		{"61234.56", "0.5", "61234.5", "61235.0", "61234.5"},
		{"0.0001", "0.00003", "0.00009", "0.00012", "0.00009"},
		{"0.29", "0.01", "0.29", "0.29", "0.29"}, // floats floor this to 0.28
		{"1234", "1e2", "1200", "1300", "1200"},
		{"-0.001", "0.01", "-0.01", "0.00", "0.00"}, // no "-0.00"
		{"0", "0.25", "0.00", "0.00", "0.00"},
	}
	for _, tt := range tests {
		x, step := dec(tt.x), dec(tt.step)
		if got := x.Floor(step).String(); got != tt.floor {
			t.Errorf("%s.Floor(%s) = %s, want %s", tt.x, tt.step, got, tt.floor)
		}
		if got := x.Ceil(step).String(); got != tt.ceil {
			t.Errorf("%s.Ceil(%s) = %s, want %s", tt.x, tt.step, got, tt.ceil)
		}
		if got := x.Round(step, exchange.HalfEven).String(); got != tt.halfEven {
			t.Errorf("%s.Round(%s) = %s, want %s", tt.x, tt.step, got, tt.halfEven)
		}
	}
}

// Panics stand for broken invariants of the program, each with its name.
func TestRoundingPanics(t *testing.T) {
	x := dec("1.5")
	tests := []struct {
		name, text string
		do         func()
	}{
		{"divide by zero", "division by zero", func() { x.Quo(exchange.Decimal{}, 2, exchange.Down) }},
		{"scale below 0", "scale -1", func() { x.Quo(x, -1, exchange.Down) }},
		{"scale above 1000", "scale 1001", func() { x.Quo(x, 1001, exchange.Down) }},
		{"no such rounding", "rounding 99", func() { x.Quo(dec("7"), 2, 99) }},
		{"step 0", "step of 0", func() { x.Floor(exchange.Decimal{}) }},
		{"negative step", "step of -0.1", func() { x.Ceil(dec("-0.1")) }},
		{"exponent of Scaled", "exponent", func() { exchange.Scaled(1, 1<<32) }},
		{"negative exponent of Scaled", "exponent", func() { exchange.Scaled(1, math.MinInt) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if s, _ := recover().(string); !strings.Contains(s, tt.text) {
					t.Errorf("panic %q, want one with %q", s, tt.text)
				}
			}()
			tt.do()
		})
	}
	if x.IsMultiple(exchange.Decimal{}) || x.IsMultiple(dec("-0.5")) {
		t.Error("1.5 is a multiple of a step that is not positive")
	}
}

func TestInt64(t *testing.T) {
	tests := []struct {
		x    string
		exp  int
		want int64
		ok   bool
	}{
		{"61234.56", -2, 6123456, true},
		{"61234.56", -1, 0, false}, // not whole
		{"61234.50", -1, 612345, true},
		{"-0.5", -1, -5, true},
		{"1200", 2, 12, true},
		{"1250", 2, 0, false},
		{"1.2e-9", -9, 0, false},
		{"1.2e-9", -10, 12, true},
		{"9223372036854775807", 0, math.MaxInt64, true},
		{"9223372036854775808", 0, 0, false},
		{"-9223372036854775808", 0, math.MinInt64, true},
		{"-9223372036854775809", 0, 0, false},
		{"92233720368547758070", 1, math.MaxInt64, true},
		{"0.9223372036854775807", -19, math.MaxInt64, true},
		{"1", -18, 1e18, true},
		{"9", -18, 9e18, true},
		{"10", -18, 0, false},
		{"1", -19, 0, false},
		{"1", -20, 0, false},
		{"1e59", 59, 1, true},
		{"1e59", 0, 0, false},
		{"0", 0, 0, true},
		{"0.000", 5, 0, true},
		{"0", math.MinInt, 0, true},
		{"0", math.MaxInt, 0, true},
		{"1", math.MinInt, 0, false},
		{"1", math.MaxInt, 0, false}, // at once: no power of ten is written out for it
		{"-1e59", math.MaxInt32, 0, false},
		{"1e-60", math.MinInt, 0, false},
		{"123456789012345678901234567890", 12, 0, false},
		{"123456789012345000000000000000", 15, 123456789012345, true},
	}
	for _, tt := range tests {
		if got, ok := dec(tt.x).Int64(tt.exp); got != tt.want || ok != tt.ok {
			t.Errorf("%s.Int64(%d) = %d, %t, want %d, %t", tt.x, tt.exp, got, ok, tt.want, tt.ok)
		}
	}
}

func TestInt64ScaledRandom(t *testing.T) {
	forSeeds(t, 3_000, func(t *testing.T, r *rand.Rand) {
		coeff, exp := int64(r.Uint64())>>r.IntN(64), r.IntN(41)-20
		x := exchange.Scaled(coeff, exp)
		if got, ok := x.Int64(exp); !ok || got != coeff {
			t.Errorf("Scaled(%d, %d) = %s, back: %d, %t", coeff, exp, x, got, ok)
		}
		d, rd := randomDecimal(t, r)
		q := new(big.Rat).Set(rd)
		if unit := new(big.Rat).SetInt(ten(max(exp, -exp))); exp < 0 {
			q.Mul(q, unit)
		} else {
			q.Quo(q, unit)
		}
		fits := q.IsInt() && q.Num().IsInt64()
		if got, ok := d.Int64(exp); ok != fits || ok && got != q.Num().Int64() {
			t.Errorf("%s.Int64(%d) = %d, %t, want %s", d, exp, got, ok, q.RatString())
		}
	})
}

func TestPlaces(t *testing.T) {
	tests := []struct {
		x    string
		want int
	}{
		{"0.25", 2}, {"5", 0}, {"50", -1}, {"0", 0}, {"0.000", 0}, {"1.500", 1}, {"-0.010", 2}, {"1e59", -59}, {"1e-60", 60},
		{"12345678901234567890.1234567890", 9},
	}
	for _, tt := range tests {
		x := dec(tt.x)
		if got := x.Places(); got != tt.want {
			t.Errorf("%s.Places() = %d, want %d", tt.x, got, tt.want)
		}
		if x.String() != dec(tt.x).String() {
			t.Errorf("Places changed %s to %s", tt.x, x)
		}
	}
}
