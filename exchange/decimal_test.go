package exchange_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

var (
	nines60 = strings.Repeat("9", 60)

	goodNumbers = []string{
		"0", "1", "-1", "+1", "0.015", "-12", "1.5e-8", "1E5", "1e+5", "1.", ".5", "-.5", "+0.0", "-0", "-0.00", "00012.50",
		"0e5", "0e-5", "-0e3", "999999999999999999", "9999999999999999999", "-123456789012345678.9", "0.1234567890123456789",
		"18446744073709551616", "340282366920938463463374607431768211456", "1e59", "1e-60", "1e0000000000005", nines60, "-" + nines60,
		"0." + nines60, "1." + nines60[:59], nines60[:30] + "." + nines60[:30], strings.Repeat("0", 159) + "1",
	}
	badNumbers = []string{
		"", " ", "+", "-", ".", "e", "e5", ".e5", "-.", "+.e1", "1e", "1e+", "1e-", "1e1.5", "1e5e5", "1.2.3", "--1", "+-1", "-+1", "1-", "1 ", " 1",
		"1e--5", "1e+-5", "NaN", "nan", "sNaN", "-NaN", "NaN123", "Inf", "inf", "+Inf", "-Inf", "Infinity", "1e400", "1e-400", "-1e400", "0x10", "0X1p4",
		"0b1", "0o7", "1_0", "1_000.5", "1,5", "1'000", "１", "٣", "−1", "1\x00", "\xff", "1\n", "null", `"1"`,
		"1e60", "1e61", "1e-61", "10e59", "0e60", "0e61", "0e-61", nines60 + "9", nines60 + ".9", "1" + nines60, "0." + nines60 + "9", "0." + strings.Repeat("0", 61),
		"1e99999", "1e100000", "1e100001", "1e-100001", "0e100001", "1e2147483648", "1e-2147483649", "1e99999999999999999999", strings.Repeat("0", 160) + "1",
		strings.Repeat("1", 1<<16), "1e" + strings.Repeat("0", 1<<16) + "1",
	}
)

func TestParseDecimal(t *testing.T) {
	for _, s := range goodNumbers {
		if _, err := exchange.ParseDecimal(s); err != nil {
			t.Errorf("ParseDecimal(%q): %v", s, err)
		}
		checkParse(t, s)
	}
	for _, s := range badNumbers {
		if d, err := exchange.ParseDecimal(s); !errors.Is(err, exchange.ErrDecimal) {
			t.Errorf("ParseDecimal(%.50q) = %s, %v, want ErrDecimal", s, d, err)
		} else if len(err.Error()) > 300 {
			t.Errorf("ParseDecimal(%.50q): an error of %d bytes", s, len(err.Error()))
		}
		checkParse(t, s)
	}
}

func TestDecimalText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"1.50", "1.50"}, // the scale stays
		{"+1", "1"}, {"1.", "1"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"007", "7"},
		{"1.5e-8", "0.000000015"}, {"1.50e1", "15.0"}, {"1e3", "1000"}, {"12e-1", "1.2"},
		{"-0", "0"}, {"-0.00", "0.00"}, {"-0e-30", "0." + strings.Repeat("0", 30)}, {"0e5", "0"}, {"-0e5", "0"},
	}
	for _, tt := range tests {
		if got := dec(tt.in).String(); got != tt.want {
			t.Errorf("ParseDecimal(%q) prints %s, want %s", tt.in, got, tt.want)
		}
		if got := fmt.Sprint(dec(tt.in)); got != tt.want {
			t.Errorf("fmt prints %q as %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestZeroNeverPrintsOddly(t *testing.T) {
	zeros := map[string]exchange.Decimal{
		"zero value":      {},
		"Scaled(0, 0)":    exchange.Scaled(0, 0),
		"Scaled(0, 7)":    exchange.Scaled(0, 7),
		"Neg of 0":        exchange.Decimal{}.Neg(),
		"Abs of 0":        exchange.Decimal{}.Abs(),
		"1 - 1":           dec("1").Sub(dec("1")),
		"-1 + 1":          dec("-1").Add(dec("1")),
		"-3 * 0":          dec("-3").Mul(dec("0")),
		"1e5 - 1e5":       dec("1e5").Sub(dec("1e5")),
		"0 * 1e5":         dec("0").Mul(dec("1e5")),
		"0e5 negated":     dec("0e5").Neg(),
		"-1 / 3 at 0":     dec("-1").Quo(dec("3"), 0, exchange.Down),
		"-1 to 1e3, Ceil": dec("-1").Ceil(dec("1e3")),
		"no notional":     exchange.Notional{}.Decimal(exchange.Scale{Price: 3, Size: 2}),
	}
	for name, z := range zeros {
		if z.String() != "0" || z.Sign() != 0 || !z.IsZero() || !z.Equal(exchange.Decimal{}) {
			t.Errorf("%s: %q, sign %d", name, z, z.Sign())
		}
	}
}

func TestZeroValueIsUsable(t *testing.T) {
	var z exchange.Decimal
	x := dec("-2.5")
	for name, got := range map[string]exchange.Decimal{
		"0 + x": z.Add(x), "x + 0": x.Add(z), "x - 0": x.Sub(z), "-(0 - x)": z.Sub(x).Neg(), "min(0, x)": z.Min(x),
	} {
		if got.String() != "-2.5" {
			t.Errorf("%s = %s, want -2.5", name, got)
		}
	}
	if got := z.Quo(x, 2, exchange.Up).String(); got != "0.00" {
		t.Errorf("0 / x = %s, want 0.00", got)
	}
	if n, ok := z.Int64(-8); n != 0 || !ok {
		t.Errorf("Int64 = %d, %t", n, ok)
	}
	if z.Cmp(x) != 1 || x.Cmp(z) != -1 || !z.IsMultiple(dec("0.1")) || z.Places() != 0 {
		t.Error("the zero value does not compare as 0")
	}
}

func TestMustDecimalPanics(t *testing.T) {
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, exchange.ErrDecimal) {
			t.Errorf("panic %v, want ErrDecimal", err)
		}
	}()
	exchange.MustDecimal("1_0")
}

func TestScaled(t *testing.T) {
	tests := []struct {
		coeff int64
		exp   int
		want  string
	}{
		{6123456, -2, "61234.56"}, {-5, -1, "-0.5"}, {7, 3, "7000"}, {0, -2, "0.00"}, {100, -2, "1.00"},
		{math.MaxInt64, 0, "9223372036854775807"}, {math.MinInt64, 0, "-9223372036854775808"}, {math.MinInt64, -20, "-0.09223372036854775808"},
		{1, 127 + 127, "1" + strings.Repeat("0", 254)}, {1, -128 - 128, "0." + strings.Repeat("0", 255) + "1"}, // a book's widest scales
	}
	for _, tt := range tests {
		if got := exchange.Scaled(tt.coeff, tt.exp).String(); got != tt.want {
			t.Errorf("Scaled(%d, %d) = %s, want %s", tt.coeff, tt.exp, got, tt.want)
		}
	}
}

func TestFixedPointDefectOfPeers29Percent(t *testing.T) {
	if got := dec("0.29").Mul(dec("100")); !got.Equal(dec("29")) || got.String() != "29.00" {
		t.Errorf("0.29 * 100 = %s, want 29.00", got)
	}
}

func TestFixedPointDefectOfPeersMillionSquared(t *testing.T) {
	if got := dec("1e6").Mul(dec("1e6")); got.String() != "1000000000000" {
		t.Errorf("1e6 * 1e6 = %s, want 1000000000000", got)
	}
}

func TestFixedPointDefectOfPeersLargeQuantity(t *testing.T) {
	q := dec("1e11")
	if q.Sign() != 1 || q.String() != "100000000000" {
		t.Errorf("1e11 = %s", q)
	}
	if sum := q.Add(q).Mul(dec("1e11")); sum.String() != "2"+strings.Repeat("0", 22) {
		t.Errorf("2e11 * 1e11 = %s", sum)
	}
}

func TestFixedPointDefectOfPeersSmallPrice(t *testing.T) {
	p := dec("1.2e-9")
	if p.IsZero() || p.String() != "0.0000000012" {
		t.Errorf("1.2e-9 = %s", p)
	}
	if cost := p.Mul(dec("1e9")); !cost.Equal(dec("1.2")) {
		t.Errorf("1.2e-9 * 1e9 = %s, want 1.2", cost)
	}
}

// A copy of a large number shares memory inside; no operation on one may be seen through the other.
func TestCopiesAreIndependent(t *testing.T) {
	texts := []string{
		nines60, "-" + nines60[:50] + ".5", "0." + nines60, "12345678901234567890123456789012345678901234567890.5", "340282366920938463463374607431768211456", "42.5",
	}
	for _, s := range texts {
		x := dec(s)
		a, b := x, x
		keep := []exchange.Decimal{x, a, b}
		operate := func(d exchange.Decimal) {
			for _, o := range texts {
				y := dec(o)
				for _, r := range []exchange.Decimal{
					d.Add(y), d.Sub(y), d.Mul(y), d.Neg(), d.Abs(), d.Min(y), d.Max(y), d.Quo(y, 10, exchange.HalfEven),
					d.Floor(dec("0.25")), d.Ceil(y.Abs()), d.Neg().Neg(), d.Add(d), d.Mul(d), d.Sub(d),
				} {
					_ = r.Neg().Add(r).String()
					_ = r.Abs().Mul(r)
				}
			}
			d.Places()
			d.Int64(-3)
			_, _ = d.AppendText(nil)
		}
		operate(a)
		operate(b.Neg())
		// An unmarshal into a copy replaces it, and only it.
		if err := b.UnmarshalText([]byte("7")); err != nil || b.String() != "7" {
			t.Fatalf("UnmarshalText: %s, %v", b, err)
		}
		for i, d := range append(keep, a) {
			if d.String() != dec(s).String() {
				t.Errorf("copy %d of %s became %s", i, s, d)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	for _, s := range []string{"61234.56", nines60[:40] + "." + nines60[:20]} {
		x := dec(s)
		product, text := x.Mul(x), x.String()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					y := x
					if !y.Mul(x).Equal(product) || y.Neg().Neg().String() != text || !y.Add(x).Sub(x).Equal(x) || y.Quo(x, 2, exchange.Down).String() != "1.00" || !y.Floor(dec("0.25")).IsMultiple(dec("0.25")) {
						t.Errorf("%s changed under parallel use", text)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestDecimalJSON(t *testing.T) {
	type doc struct {
		P exchange.Decimal            `json:"p"`
		M map[string]exchange.Decimal `json:"m,omitempty"`
	}
	out, err := json.Marshal(doc{P: dec("-0.10"), M: map[string]exchange.Decimal{"a": dec("1e11")}})
	if want := `{"p":"-0.10","m":{"a":"100000000000"}}`; err != nil || string(out) != want {
		t.Errorf("Marshal = %s, %v, want %s", out, err, want)
	}
	good := []struct{ in, want string }{
		{`{"p":"0.10"}`, "0.10"}, {`{"p":0.10}`, "0.10"}, {`{"p":-1.5e-8}`, "-0.000000015"}, {`{"p":"1E3"}`, "1000"},
		{`{"p":0.1000000000000000055511151231257827}`, "0.1000000000000000055511151231257827"}, // no float on the way
		{`{"p":null}`, "7"}, {`{}`, "7"},
	}
	for _, tt := range good {
		d := doc{P: dec("7")}
		if err := json.Unmarshal([]byte(tt.in), &d); err != nil || d.P.String() != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.in, d.P, err, tt.want)
		}
	}
	for _, in := range []string{`""`, `"null"`, `"NaN"`, `true`, `[1]`, `{"x":1}`, `1e400`, `"1e400"`, `"0x10"`, `" 1"`, `"\u0031"`, `"1\""`} {
		d := dec("7")
		if err := json.Unmarshal([]byte(in), &d); !errors.Is(err, exchange.ErrDecimal) || d.String() != "7" {
			t.Errorf("%s: %s, %v, want ErrDecimal and the old value", in, d, err)
		}
	}
	// json never calls it with these; other decoders may.
	for _, in := range []string{"", `"`, `"1`, `1"`, `"1""`, "nul"} {
		d := dec("7")
		if err := d.UnmarshalJSON([]byte(in)); !errors.Is(err, exchange.ErrDecimal) || d.String() != "7" {
			t.Errorf("UnmarshalJSON(%s): %s, %v, want ErrDecimal and the old value", in, d, err)
		}
	}
}

func TestDecimalTextMapKey(t *testing.T) {
	var m map[string]*exchange.Decimal
	if err := json.Unmarshal([]byte(`{"a":"1.0","b":null}`), &m); err != nil || m["a"].String() != "1.0" || m["b"] != nil {
		t.Errorf("%v, %v", m, err)
	}
}
