package scan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/scan"
	"github.com/bothlegs/bothlegs/internal/scan/scantest"
)

// message is read by both readers in these tests: {"s":text,"n":int,"q":"int","b":levels,"a":levels}, anything else skipped.
type message struct {
	S    string
	N, Q int64
	scan.Sides
}

func fast(data []byte, m *message) bool {
	var seen uint32
	c := scan.New(data)
	for c.Object(); c.Next(); {
		switch string(c.Key()) {
		case "s":
			c.Once(&seen, 1)
			m.S = string(c.Text())
		case "n":
			c.Once(&seen, 2)
			m.N = c.Int()
		case "q":
			c.Once(&seen, 4)
			m.Q = c.QuotedInt()
		case "b":
			c.Once(&seen, 8)
			c.Bids(&m.Sides)
		case "a":
			c.Once(&seen, 16)
			c.Asks(&m.Sides)
		default:
			c.Skip()
		}
	}
	return c.Done() && seen == 31
}

func slow(data []byte, m *message) error {
	m.Reset(exchange.Scale{})
	o, err := scan.ParseObject(data)
	if err != nil {
		return err
	}
	var e [3]error
	m.S, e[0] = o.Text("s")
	m.N, e[1] = o.Int("n")
	m.Q, e[2] = o.QuotedInt("q")
	return errors.Join(e[0], e[1], e[2], o.Bids("b", &m.Sides), o.Asks("a", &m.Sides))
}

const good = `{"s":"BTCUSDT","n":-12,"q":"1597026383085","x":[1,{"y":[true,false,null,-0.5e+3]},""],"b":[["61737.63000000","0.00000000"],["61730.1","12"]],"a":[["61837.64000000","1.54698000","0","4"]]}`

func TestBothReadersTakeAMessage(t *testing.T) {
	var f, s message
	if !fast([]byte(good), &f) {
		t.Fatal("the fast reader refuses a plain message")
	}
	if err := slow([]byte(good), &s); err != nil {
		t.Fatal(err)
	}
	for _, m := range []message{f, s} {
		if m.S != "BTCUSDT" || m.N != -12 || m.Q != 1597026383085 || m.Scale != (exchange.Scale{Price: -2, Size: -5}) ||
			!slices.Equal(m.Bids, []exchange.Level{{Price: 6173763, Size: 0}, {Price: 6173010, Size: 1200000}}) ||
			!slices.Equal(m.Asks, []exchange.Level{{Price: 6183764, Size: 154698}}) {
			t.Errorf("read %+v", m)
		}
	}
}

// Every cut and every changed byte of a good message must leave the two readers in agreement.
func TestDamageIsDamageToBothReaders(t *testing.T) {
	taken := 0
	for i := range len(good) {
		scantest.Agree(t, []byte(good[:i]), fast, slow)
		for _, b := range []byte(`"[]{},:.-+0179eE\nx `) {
			damaged := []byte(good)
			damaged[i] = b
			if scantest.Agree(t, damaged, fast, slow) {
				taken++
			}
		}
	}
	if taken < 100 {
		t.Errorf("only %d damaged messages were still readable: the test has lost its teeth", taken)
	}
}

func TestNumbers(t *testing.T) {
	const big = "9223372036854775807"
	for _, c := range []struct {
		name, text string
		start, end int8 // exponents before and after
		want       int64
		fast       bool  // whether the fast reader takes it
		err        error // of the second reader
	}{
		{"on the scale", "61737.63", -2, -2, 6173763, true, nil},
		{"trailing zeros beyond the scale", "61737.63000000", -2, -2, 6173763, true, nil},
		{"fewer places", "61737.6", -2, -2, 6173760, true, nil},
		{"whole", "5", -8, -8, 500000000, true, nil},
		{"whole with zeros", "5.000", 0, 0, 5, true, nil},
		{"zeros in front", "007.50", -1, -1, 75, true, nil},
		{"small", "0.00000637", -8, -8, 637, true, nil},
		{"finer than the scale", "0.125", -2, -3, 125, true, nil},
		{"finer from whole units", "0.10500000", 0, -3, 105, true, nil},
		{"19 digits", big, 0, 0, 9223372036854775807, true, nil},
		{"largest with a point", "9.223372036854775807", -18, -18, 9223372036854775807, false, nil},
		{"one too large", "9223372036854775808", 0, 0, 0, false, exchange.ErrScale},
		{"too large for the scale", "92233720368547758.08", -3, 0, 0, false, exchange.ErrScale},
		{"20 digits", "12345678901234567890", 0, 0, 0, false, exchange.ErrScale},
		{"exponent", "1e-7", 0, -7, 1, false, nil},
		{"exponent, capital", "12.5E+2", 0, 0, 1250, false, nil},
		{"very small", "1e-18", 0, -18, 1, false, nil},
		{"too small", "1e-60", 0, 0, 0, false, exchange.ErrScale},
		{"no digit before the point", ".5", 0, -1, 5, false, nil},
		{"no digit behind the point", "5.", 0, 0, 5, false, nil},
		{"negative", "-1", 0, 0, 0, false, exchange.ErrFrame},
		{"negative zero", "-0", 0, 0, 0, false, exchange.ErrFrame},
		{"plus", "+1", 0, 0, 0, false, exchange.ErrFrame},
		{"empty", "", 0, 0, 0, false, exchange.ErrFrame},
		{"point", ".", 0, 0, 0, false, exchange.ErrFrame},
		{"two points", "1.2.3", 0, 0, 0, false, exchange.ErrFrame},
		{"two points beyond the scale", "1.20.3", -1, 0, 0, false, exchange.ErrFrame},
		{"NaN", "NaN", 0, 0, 0, false, exchange.ErrFrame},
		{"infinity", "Infinity", 0, 0, 0, false, exchange.ErrFrame},
		{"1e400", "1e400", 0, 0, 0, false, exchange.ErrFrame},
		{"hexadecimal", "0x10", 0, 0, 0, false, exchange.ErrFrame},
		{"blank", " 1", 0, 0, 0, false, exchange.ErrFrame},
		{"comma", "1,5", 0, 0, 0, false, exchange.ErrFrame},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, element := range []string{"price", "size"} {
				level, start := fmt.Sprintf(`[[%q,"1"]]`, c.text), exchange.Scale{Price: c.start}
				pick := func(s *scan.Sides) (int64, int8) { return s.Bids[0].Price, s.Scale.Price }
				if element == "size" {
					level, start = fmt.Sprintf(`[["1",%q]]`, c.text), exchange.Scale{Size: c.start}
					pick = func(s *scan.Sides) (int64, int8) { return s.Bids[0].Size, s.Scale.Size }
				}
				var f, s scan.Sides
				f.Reset(start)
				cur := scan.New([]byte(level))
				cur.Bids(&f)
				if cur.Done() != c.fast {
					t.Fatalf("%s: the fast reader's answer is %v", element, cur.Done())
				}
				if c.fast {
					if v, exp := pick(&f); v != c.want || exp != c.end {
						t.Errorf("%s: %de%d, want %de%d", element, v, exp, c.want, c.end)
					}
				}
				s.Reset(start)
				err := scan.Object{"b": json.RawMessage(level)}.Bids("b", &s)
				if !errors.Is(err, c.err) || c.err == nil && err != nil {
					t.Fatalf("%s: error %v, want %v", element, err, c.err)
				}
				if c.err == nil {
					if v, exp := pick(&s); v != c.want || exp != c.end {
						t.Errorf("%s: second reader: %de%d, want %de%d", element, v, exp, c.want, c.end)
					}
				}
			}
		})
	}
}

func TestLevelsThatAreNone(t *testing.T) {
	for _, text := range []string{
		``, `[`, `[[`, `[[]]`, `[["1"]]`, `[["1","1"]`, `[["1","1"],]`, `[["1","1"]]]`, `[["0","1"]]`, `[["0.00","1"]]`, `[[1,2]]`, `[["1","1",]]`,
		`[["1","1"],["1"]]`, `[null]`, `null`, `{}`, `[["1" ,"1"]`, `[["1","1"]["1","1"]]`, `[["1","-1"]]`, `[["1",null]]`, `["1","1"]`,
	} {
		c := scan.New([]byte(text))
		var s scan.Sides
		if c.Asks(&s); c.Done() {
			t.Errorf("the fast reader takes %s", text)
		}
		if err := (scan.Object{"a": json.RawMessage(text)}).Asks("a", &s); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("the second reader says %v of %s", err, text)
		}
	}
}

// Numbers drawn at random are read alike by both readers and by Decimal, whatever scale reading begins with.
func TestNumbersAgainstDecimal(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)*r.IntN(2)))
		}
		return b.String()
	}
	checked := 0
	for range 20000 {
		text := digits(1 + r.IntN(8))
		if r.IntN(4) > 0 {
			text += "." + digits(1+r.IntN(9))
		}
		var s scan.Sides
		s.Reset(exchange.Scale{Price: 0, Size: int8(-r.IntN(10))})
		c := scan.New([]byte(`[["7","` + text + `"]]`))
		c.Bids(&s)
		if !c.Done() {
			continue
		}
		checked++
		if got := exchange.Scaled(s.Bids[0].Size, int(s.Scale.Size)); !got.Equal(exchange.MustDecimal(text)) {
			t.Fatalf("seed %d: %q was read as %s", seed, text, got)
		}
	}
	if checked < 19000 {
		t.Errorf("seed %d: only %d of 20000 plain numbers were read", seed, checked)
	}
}

func TestRefineAndMultiply(t *testing.T) {
	fresh := func() scan.Sides {
		return scan.Sides{Scale: exchange.Scale{Price: -2, Size: 0},
			Bids: []exchange.Level{{Price: 100, Size: 5}}, Asks: []exchange.Level{{Price: 1e15, Size: 0}}}
	}
	s := fresh()
	if err := s.Refine(exchange.Scale{Price: -4, Size: 3}); err != nil || s.Scale != (exchange.Scale{Price: -4, Size: 0}) || s.Bids[0] != (exchange.Level{Price: 10000, Size: 5}) {
		t.Errorf("refined to %+v, %v", s, err)
	}
	s = fresh()
	if err := s.Refine(exchange.Scale{Price: -6, Size: -3}); !errors.Is(err, exchange.ErrScale) {
		t.Errorf("1e15 * 1e4 fits, says Refine: %v", err)
	}
	if w := fresh(); !slices.Equal(s.Bids, w.Bids) || !slices.Equal(s.Asks, w.Asks) || s.Scale != w.Scale {
		t.Errorf("a refused Refine left %+v", s)
	}
	if err := s.Refine(exchange.Scale{Price: -40}); !errors.Is(err, exchange.ErrScale) {
		t.Errorf("38 places finer: %v", err)
	}
	s = fresh()
	if err := s.Multiply(25, -3); err != nil || s.Scale.Size != -3 || s.Bids[0].Size != 125 || s.Asks[0].Size != 0 {
		t.Errorf("5 contracts of 0.025: %+v, %v", s, err)
	}
	for _, c := range []struct {
		coeff int64
		exp   int8
	}{{1 << 62, 0}, {0, 0}, {-1, 0}} {
		s = fresh()
		if err := s.Multiply(c.coeff, c.exp); !errors.Is(err, exchange.ErrScale) {
			t.Errorf("contract of %de%d: %v", c.coeff, c.exp, err)
		}
	}
	s = fresh()
	s.Scale.Size = -100
	if err := s.Multiply(1, -100); !errors.Is(err, exchange.ErrScale) {
		t.Errorf("an exponent of -200: %v", err)
	}
}

func TestScaleOf(t *testing.T) {
	for _, c := range []struct {
		tick, lot string
		want      exchange.Scale
	}{
		{"0.01", "0.00001000", exchange.Scale{Price: -2, Size: -5}},
		{"0.25", "5", exchange.Scale{Price: -2, Size: 0}},
		{"10", "1e-8", exchange.Scale{Price: 0, Size: -8}},
	} {
		if got := scan.ScaleOf(exchange.MustDecimal(c.tick), exchange.MustDecimal(c.lot)); got != c.want {
			t.Errorf("tick %s, lot %s: %v, want %v", c.tick, c.lot, got, c.want)
		}
	}
}

func TestObjectErrors(t *testing.T) {
	o, err := scan.ParseObject([]byte(`{"U":1,"u":2,"t":"x","n":null,"f":1.5,"big":1000000000000000000,"q":"12x","p":"+1","arr":[1],"o":{"k":"v"},"u":3}`))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := o.Int("u"); v != 3 || err != nil {
		t.Errorf("u is %d, %v", v, err)
	}
	if v, err := o.Int("U"); v != 1 || err != nil {
		t.Errorf("U is %d, %v", v, err)
	}
	if in, err := o.Object("o"); err != nil || !in.Has("k") || in.Has("x") {
		t.Errorf("o is %v, %v", in, err)
	}
	if a, err := o.Array("arr"); err != nil || len(a) != 1 {
		t.Errorf("arr is %v, %v", a, err)
	}
	_, absent := o.Int("absent")
	_, null := o.Text("n")
	_, fraction := o.Int("f")
	_, big := o.Int("big")
	_, quoted := o.QuotedInt("q")
	_, plus := o.QuotedInt("p")
	_, number := o.QuotedInt("u")
	_, text := o.Object("t")
	_, array := o.Array("o")
	_, nothing := scan.ParseObject([]byte("null"))
	_, empty := scan.ParseObject(nil)
	for i, err := range []error{absent, null, fraction, big, quoted, plus, number, text, array, nothing, empty} {
		if !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("case %d: %v", i, err)
		}
	}
}

func TestCursorMisuse(t *testing.T) {
	var c scan.Cursor
	if c.Next() || c.More() || c.Done() || !c.Failed() {
		t.Error("the zero cursor, stepped, should fail")
	}
	c = scan.New([]byte(`{"a":1}x`))
	for c.Object(); c.Next(); c.Skip() {
	}
	if c.Done() || c.Failed() {
		t.Error("text after the value is not the end")
	}
	c = scan.New([]byte(`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`))
	for c.Object(); c.Next(); c.Skip() {
	}
	if !c.Failed() {
		t.Error("100 levels of nesting should be left to encoding/json")
	}
	c = scan.New([]byte(`[{"a":[1,2]},3]`))
	c.Array()
	if !c.More() || string(c.Raw()) != `{"a":[1,2]}` || !c.More() || c.Int() != 3 || c.More() || !c.Done() {
		t.Error("an array of an object and a number was read otherwise")
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	data := []byte(good)
	var s scan.Sides
	n := testing.AllocsPerRun(100, func() {
		s.Reset(exchange.Scale{Price: -2, Size: -5})
		c := scan.New(data)
		for c.Object(); c.Next(); {
			switch string(c.Key()) {
			case "b":
				c.Bids(&s)
			case "a":
				c.Asks(&s)
			default:
				c.Skip()
			}
		}
		if !c.Done() {
			t.Fatal("not read")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func FuzzReaders(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"s":"","n":0,"q":"-0","b":[],"a":[["1","0.000001"],["2.50","3",[{}]]]}`))
	f.Add([]byte(`{"s":"\u00e9","n":1e3,"q":"x","b":null,"a":[["1e-7","1"]]}`))
	f.Fuzz(func(t *testing.T, data []byte) { scantest.Agree(t, data, fast, slow) })
}

func FuzzSkip(f *testing.F) {
	for _, s := range []string{good, `[]`, `-0.0e-1`, `"a"`, `[[[]]]`, `01`, `1.`, `tru`, `{"a":}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := scan.New(data)
		if c.Skip(); c.Done() && !json.Valid(data) {
			t.Errorf("%q passes for JSON", data)
		}
	})
}

func Example() {
	c := scan.New([]byte(`{"u":160,"b":[["61737.63","0.5"]],"a":[]}`))
	var s scan.Sides
	var u int64
	for c.Object(); c.Next(); {
		switch string(c.Key()) {
		case "u":
			u = c.Int()
		case "b":
			c.Bids(&s)
		default:
			c.Skip()
		}
	}
	fmt.Println(c.Done(), u, s.Bids, s.Scale)
	// Output: true 160 [{6173763 5}] {-2 -1}
}
