package exchange

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Bounds of a parsed Decimal. They keep hostile input from costing memory: 1e400 is 6 bytes on the wire and 400 digits in a
// sum. Results of arithmetic are not cut back to them, exactness comes first.
const (
	maxDigits   = 60 // of a parsed number: significant ones, and those before the point when it is written out
	maxExponent = 60 // of ten, of a parsed number's last digit: the places behind the point
	maxText     = 160
)

// ErrDecimal is wrapped by every error about a number that cannot be parsed, or that lies out of bounds.
var ErrDecimal = errors.New("exchange: bad decimal")

// Decimal is an exact decimal number: prices, quantities, fees, balances. The zero value is 0.
//
// It is immutable: no method changes its receiver, and copies are independent, so it is safe for concurrent use. Numbers
// are compared with [Decimal.Cmp] or [Decimal.Equal] ("1.0" equals "1"); == does not compile. Add, Sub, Mul, Neg and Abs are
// exact at any size. Whatever may round says so in its name and takes the rounding as an argument: [Decimal.Quo],
// [Decimal.Floor], [Decimal.Ceil], [Decimal.Round].
type Decimal struct {
	_ [0]func() // no ==
	d apd.Decimal
}

// Rounding says which neighbour a number that lies between two steps becomes.
type Rounding uint8

// The zero Rounding is HalfEven.
const (
	HalfEven Rounding = iota // the nearest step; the even one of two equally near
	HalfUp                   // the nearest step; of two equally near the one farther from zero
	Down                     // towards zero
	Up                       // away from zero
	Floor                    // towards minus infinity
	Ceil                     // towards plus infinity
)

// exact is the context of all arithmetic: precision 0 means that apd never rounds.
func exact() *apd.Context {
	return &apd.Context{MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent}
}

// ParseDecimal reads a plain number ("0.015", "-12", "1.5e-8"). NaN, infinities, hexadecimal, digit separators, more than 60
// significant digits, more than 60 digits before or behind the point once written out, and texts of more than 160 bytes are refused with an
// error that wraps [ErrDecimal].
func ParseDecimal(s string) (Decimal, error) {
	var r Decimal
	if coeff, exp, ok := shortNumber(s); ok {
		r.d.SetFinite(coeff, exp)
		return r, nil
	}
	if !isNumber(s) {
		return Decimal{}, fmt.Errorf("%w: %.40q", ErrDecimal, s)
	}
	if _, _, err := exact().SetString(&r.d, s); err != nil || !r.bounded() {
		return Decimal{}, fmt.Errorf("%w: %.40q is out of bounds", ErrDecimal, s)
	}
	return r.normal(), nil
}

// MustDecimal is ParseDecimal for constants in code; it panics on a bad one.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// Scaled is coeff * 10^exp: how the integers of a [Book] become numbers. It panics when exp lies outside -1000 to 1000.
func Scaled(coeff int64, exp int) Decimal {
	if exp < -1000 || exp > 1000 {
		panic(fmt.Sprintf("exchange: exponent %d", exp))
	}
	var r Decimal
	n := uint64(coeff)
	if coeff < 0 {
		r.d.Negative, n = true, -n
	}
	r.d.Coeff.SetUint64(n)
	r.d.Exponent = int32(exp)
	if coeff == 0 {
		return r.normal()
	}
	return r
}

// shortNumber reads the common case without apd's parser, which always allocates: an optional sign, at most 18 digits, at most
// one point, no exponent.
func shortNumber[T string | []byte](s T) (coeff int64, exp int32, ok bool) {
	if len(s) == 0 || len(s) > 20 {
		return 0, 0, false
	}
	i, neg := 0, false
	if s[0] == '-' || s[0] == '+' {
		neg, i = s[0] == '-', 1
	}
	point, digits := -1, 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			coeff = coeff*10 + int64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = i
		default:
			return 0, 0, false
		}
	}
	if digits == 0 || digits > 18 {
		return 0, 0, false
	}
	if point >= 0 {
		exp = int32(point + 1 - len(s))
	}
	if neg {
		coeff = -coeff
	}
	return coeff, exp, true
}

// isNumber holds the grammar: sign, digits with at most one point, exponent. apd would also take "Inf", "NaN" and more.
func isNumber(s string) bool {
	if len(s) > maxText {
		return false
	}
	s = strings.TrimLeft(s[:min(1, len(s))], "+-") + s[min(1, len(s)):]
	mantissa, exponent, found := strings.Cut(strings.ToLower(s), "e")
	if found && !allDigits(strings.TrimLeft(exponent[:min(1, len(exponent))], "+-")+exponent[min(1, len(exponent)):]) {
		return false
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	return allDigits(whole + frac)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (x Decimal) bounded() bool {
	// 1e59 and 60 digits pass, 1e60 does not: its plain text has 61, and could not be read back.
	return x.d.Form == apd.Finite && x.d.Exponent >= -maxExponent && x.d.NumDigits()+max(0, int64(x.d.Exponent)) <= maxDigits
}

// normal has no negative zero, which would print as "-0", and none that counts in tens, which would print as "00".
func (x Decimal) normal() Decimal {
	if (x.d.Negative || x.d.Exponent > 0) && x.d.IsZero() {
		x.d.Negative, x.d.Exponent = false, min(0, x.d.Exponent)
	}
	return x
}

// must stands behind arithmetic that cannot fail between bounded numbers: only exponents beyond apd's own limit of 100,000 make it
// err, thousands of multiplications from anything that was parsed.
func must(cond apd.Condition, err error) {
	if err != nil || cond.Any() && cond&^(apd.Subnormal|apd.Clamped) != 0 {
		panic(fmt.Sprintf("exchange: decimal exponent out of range: %v %v", cond, err))
	}
}

// Add is x + y, exactly.
func (x Decimal) Add(y Decimal) Decimal {
	var r Decimal
	must(exact().Add(&r.d, &x.d, &y.d))
	return r.normal()
}

// Sub is x - y, exactly.
func (x Decimal) Sub(y Decimal) Decimal {
	var r Decimal
	must(exact().Sub(&r.d, &x.d, &y.d))
	return r.normal()
}

// Mul is x * y, exactly.
func (x Decimal) Mul(y Decimal) Decimal {
	var r Decimal
	must(exact().Mul(&r.d, &x.d, &y.d))
	return r.normal()
}

// Neg is -x.
func (x Decimal) Neg() Decimal {
	var r Decimal
	r.d.Neg(&x.d)
	return r.normal()
}

// Abs is x without its sign.
func (x Decimal) Abs() Decimal {
	var r Decimal
	r.d.Abs(&x.d)
	return r
}

// Min is the smaller of x and y.
func (x Decimal) Min(y Decimal) Decimal {
	if y.Cmp(x) < 0 {
		return y
	}
	return x
}

// Max is the larger of x and y.
func (x Decimal) Max(y Decimal) Decimal {
	if y.Cmp(x) > 0 {
		return y
	}
	return x
}

// Cmp is -1, 0 or +1 as x is less than, equal to or greater than y.
func (x Decimal) Cmp(y Decimal) int { return x.d.Cmp(&y.d) }

// Equal reports whether x and y are the same number, whatever their trailing zeros.
func (x Decimal) Equal(y Decimal) bool { return x.d.Cmp(&y.d) == 0 }

// Sign is -1, 0 or +1.
func (x Decimal) Sign() int { return x.d.Sign() }

// IsZero reports whether x is 0.
func (x Decimal) IsZero() bool { return x.d.IsZero() }

// String is x in plain digits, never with an exponent, trailing zeros kept. ParseDecimal gives x back, unless arithmetic
// took it beyond the bounds of parsing.
func (x Decimal) String() string { return x.d.Text('f') }

// AppendText appends String to b.
func (x Decimal) AppendText(b []byte) ([]byte, error) { return x.d.Append(b, 'f'), nil }

// MarshalText makes Decimal a string in JSON, so that no reader on the way takes it for a float.
func (x Decimal) MarshalText() ([]byte, error) { return x.d.Append(nil, 'f'), nil }

// UnmarshalText is ParseDecimal.
func (x *Decimal) UnmarshalText(b []byte) error {
	if coeff, exp, ok := shortNumber(b); ok { // without a copy of b
		var d Decimal
		d.d.SetFinite(coeff, exp)
		*x = d
		return nil
	}
	d, err := ParseDecimal(string(b))
	if err != nil {
		return err
	}
	*x = d
	return nil
}

// UnmarshalJSON takes a JSON string or a JSON number, both digit by digit; null leaves x as it is.
func (x *Decimal) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		return nil
	case len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"':
		b = b[1 : len(b)-1]
	}
	return x.UnmarshalText(b)
}
