package exchange_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"github.com/bothlegs/bothlegs/exchange"
)

var numberText = regexp.MustCompile(`^[+-]?([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?$`)

// acceptable is the documented contract of ParseDecimal, from a regular expression and counting.
func acceptable(s string) bool {
	m := numberText.FindStringSubmatch(s)
	if m == nil || m[1]+m[2] == "" || len(s) > textBound {
		return false
	}
	exp := new(big.Int)
	if m[3] != "" {
		exp.SetString(m[3], 10)
	}
	exp.Sub(exp, big.NewInt(int64(len(m[2]))))
	if exp.CmpAbs(big.NewInt(digitBound)) > 0 {
		return false
	}
	digits := max(1, len(strings.TrimLeft(m[1]+m[2], "0")))
	return digits+max(0, int(exp.Int64())) <= digitBound
}

func checkParse(t *testing.T, s string) {
	d, err := exchange.ParseDecimal(s)
	if ok := acceptable(s); ok != (err == nil) {
		t.Fatalf("ParseDecimal(%q) = %s, %v; acceptable: %t", s, d, err, ok)
	}
	if err != nil {
		if !errors.Is(err, exchange.ErrDecimal) {
			t.Errorf("ParseDecimal(%q): error %v does not wrap ErrDecimal", s, err)
		}
		if !d.IsZero() || d.String() != "0" {
			t.Errorf("ParseDecimal(%q) = %s beside its error, want 0", s, d)
		}
		return
	}
	oracle, _, err := apd.NewFromString(s)
	if err != nil {
		t.Fatalf("apd does not read %q: %v", s, err)
	}
	text := oracle.Text('f')
	if oracle.IsZero() { // apd keeps signs and powers of ten of a zero
		text = "0"
		if oracle.Exponent < 0 {
			text = "0." + strings.Repeat("0", int(-oracle.Exponent))
		}
	}
	if d.String() != text {
		t.Errorf("ParseDecimal(%q) = %s, want %s", s, d, text)
	}
	checkRoundTrip(t, d)
}

// checkRoundTrip: text keeps value and scale, by every door.
func checkRoundTrip(t *testing.T, d exchange.Decimal) {
	t.Helper()
	again, err := exchange.ParseDecimal(d.String())
	if err != nil || !again.Equal(d) || again.String() != d.String() {
		t.Errorf("ParseDecimal(%q) = %s, %v: its own text is not read back", d, again, err)
	}
	text, err := d.MarshalText()
	if err != nil || string(text) != d.String() {
		t.Errorf("MarshalText = %q, %v, want %s", text, err, d)
	}
	text, err = d.AppendText([]byte("x="))
	if err != nil || string(text) != "x="+d.String() {
		t.Errorf("AppendText = %q, %v, want x=%s", text, err, d)
	}
	var back exchange.Decimal
	if err := back.UnmarshalText([]byte(d.String())); err != nil || back.String() != d.String() {
		t.Errorf("UnmarshalText(%s) = %s, %v", d, back, err)
	}
	rat(t, d) // plain digits
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range slices.Concat(goodNumbers, badNumbers) {
		if len(s) <= textBound+2 { // the long ones are minimised for ever
			f.Add(s)
		}
	}
	f.Fuzz(checkParse)
}

func TestParseDecimalRandomText(t *testing.T) {
	// Letters in the proportion that makes both good and bad texts likely.
	const alphabet = "0000011122345678999.....---++eeE_x \x00é"
	accepted, refused := 0, 0
	forSeeds(t, 20_000, func(t *testing.T, r *rand.Rand) {
		letters := []rune(alphabet)
		if r.IntN(2) == 0 {
			letters = letters[:20]
		}
		s := make([]rune, r.IntN(12))
		if r.IntN(8) == 0 {
			s = make([]rune, r.IntN(170))
		}
		for i := range s {
			s[i] = letters[r.IntN(len(letters))]
		}
		if acceptable(string(s)) {
			accepted++
		} else {
			refused++
		}
		checkParse(t, string(s))
	})
	if accepted < 2_000 || refused < 2_000 {
		t.Errorf("%d accepted, %d refused: too few of one for a test", accepted, refused)
	}
}

// checkArith holds every exact operation against math/big, and the operands against themselves.
func checkArith(t *testing.T, x, y exchange.Decimal, rx, ry *big.Rat) {
	t.Helper()
	xs, ys := x.String(), y.String()
	want(t, xs+" + "+ys, x.Add(y), new(big.Rat).Add(rx, ry))
	want(t, xs+" - "+ys, x.Sub(y), new(big.Rat).Sub(rx, ry))
	want(t, xs+" * "+ys, x.Mul(y), new(big.Rat).Mul(rx, ry))
	want(t, "-"+xs, x.Neg(), new(big.Rat).Neg(rx))
	want(t, "|"+xs+"|", x.Abs(), new(big.Rat).Abs(rx))
	low, high := rx, ry
	if rx.Cmp(ry) > 0 {
		low, high = ry, rx
	}
	want(t, "min", x.Min(y), low)
	want(t, "max", x.Max(y), high)
	if c := rx.Cmp(ry); x.Cmp(y) != c || y.Cmp(x) != -c || x.Equal(y) != (c == 0) {
		t.Errorf("Cmp(%s, %s) = %d and back %d, Equal %t, want %d", xs, ys, x.Cmp(y), y.Cmp(x), x.Equal(y), c)
	}
	if x.Sign() != rx.Sign() || x.IsZero() != (rx.Sign() == 0) {
		t.Errorf("%s: Sign %d, IsZero %t, want sign %d", xs, x.Sign(), x.IsZero(), rx.Sign())
	}
	if back := x.Add(y).Sub(y); !back.Equal(x) {
		t.Errorf("%s + %s - %s = %s", xs, ys, ys, back)
	}
	if x.String() != xs || y.String() != ys {
		t.Errorf("operands changed: %s to %s, %s to %s", xs, x, ys, y)
	}
}

func FuzzDecimalArith(f *testing.F) {
	f.Add([]byte{29}, int8(-2), false, []byte{100}, int8(0), false)
	f.Add([]byte{1}, int8(59), true, []byte{1}, int8(-60), false)
	f.Add([]byte{}, int8(3), true, []byte{0}, int8(-3), false)
	f.Add([]byte("0123456789abcdefghijklmno"), int8(-20), true, []byte("zyxwvutsrqponmlkjihgfedcb"), int8(-60), true)
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255}, int8(0), false, []byte{1}, int8(0), false)
	f.Fuzz(func(t *testing.T, a []byte, ae int8, an bool, b []byte, be int8, bn bool) {
		x, rx := decimalOf(t, a, ae, an)
		y, ry := decimalOf(t, b, be, bn)
		checkArith(t, x, y, rx, ry)
		checkRoundTrip(t, x)
	})
}

func TestDecimalArithRandom(t *testing.T) {
	forSeeds(t, 3_000, func(t *testing.T, r *rand.Rand) {
		x, rx := randomDecimal(t, r)
		y, ry := randomDecimal(t, r)
		checkArith(t, x, y, rx, ry)
		checkRoundTrip(t, x)
	})
}

// A chain of operations is exact too, far beyond the bounds of parsing.
func TestDecimalChainRandom(t *testing.T) {
	longest := 0
	forSeeds(t, 100, func(t *testing.T, r *rand.Rand) {
		sum, rsum := exchange.Decimal{}, new(big.Rat)
		for range 12 {
			x, rx := randomDecimal(t, r)
			switch r.IntN(3) {
			case 0:
				sum, rsum = sum.Add(x), rsum.Add(rsum, rx)
			case 1:
				sum, rsum = x.Sub(sum), rsum.Sub(rx, rsum)
			case 2:
				sum, rsum = sum.Mul(x), rsum.Mul(rsum, rx)
			}
			want(t, "chain", sum, rsum)
		}
		longest = max(longest, len(sum.String()))
	})
	if longest < 200 {
		t.Errorf("the longest number had %d characters: no test of size", longest)
	}
}
