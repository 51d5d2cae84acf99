package simwire_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// randomBook has levels of few prices, so that they come and go, in units that change.
func randomBook(rnd *rand.Rand, seq uint64) *exchange.Book {
	b := &exchange.Book{Scale: exchange.Scale{Price: int8(-rnd.IntN(3)), Size: int8(-rnd.IntN(3))}, Seq: seq}
	price, size := unit(b.Scale.Price), unit(b.Scale.Size)
	for p := int64(100); p < 120; p++ {
		if rnd.IntN(3) > 0 {
			b.Bids = append(b.Bids, exchange.Level{Price: p * price, Size: (1 + rnd.Int64N(4)) * size})
		}
		if rnd.IntN(3) > 0 {
			b.Asks = append(b.Asks, exchange.Level{Price: (240 - p) * price, Size: (1 + rnd.Int64N(4)) * size})
		}
	}
	return b
}

func unit(exp int8) int64 {
	r := int64(1)
	for range -exp {
		r *= 10
	}
	return r
}

// texts are the levels of a side, best first.
func texts(f simwire.Format, side []exchange.Level, s exchange.Scale) string {
	return string(f.AppendSide(nil, side, s, ""))
}

// mirror is a client's book: texts by price.
type mirror map[string]string

func (m mirror) apply(t *testing.T, f simwire.Format, d *simwire.Delta) {
	for _, side := range []struct {
		name   string
		levels []exchange.Level
	}{{"bid ", d.Bids}, {"ask ", d.Asks}} {
		for _, l := range side.levels {
			price := side.name + string(f.AppendPrice(nil, l.Price, d.Scale))
			size := string(f.AppendSize(nil, l.Size, d.Scale))
			if old, ok := m[price]; size == old || !ok && size == "0" {
				t.Errorf("%s: %s again", price, size)
			}
			if m[price] = size; size == "0" {
				delete(m, price)
			}
		}
	}
}

func (m mirror) expect(t *testing.T, f simwire.Format, b *exchange.Book, depth int) {
	t.Helper()
	want := mirror{}
	for i, levels := range [][]exchange.Level{b.Bids, b.Asks} {
		if depth > 0 && len(levels) > depth {
			levels = levels[len(levels)-depth:]
		}
		for _, l := range levels {
			want[[]string{"bid ", "ask "}[i]+string(f.AppendPrice(nil, l.Price, b.Scale))] = string(f.AppendSize(nil, l.Size, b.Scale))
		}
	}
	if fmt.Sprint(m) != fmt.Sprint(want) {
		t.Fatalf("the client has\n%v\nwant\n%v", m, want)
	}
}

// Who applies all differences has the book, whatever changes, its units included.
func TestPictureDifferences(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		depth := []int{0, 1, 5}[seed%3]
		f := simwire.NewFormat(exchange.Instrument{Tick: exchange.MustDecimal("0.5"), Lot: exchange.MustDecimal("1")})
		p := simwire.NewPicture(depth)
		d, m, last, count := new(simwire.Delta), mirror{}, uint64(0), uint64(0)
		for i := range uint64(200) {
			b := randomBook(rnd, 10+3*i)
			if !p.Update(b, d) {
				m.expect(t, f, b, depth)
				continue
			}
			count++
			if d.Prev != last || d.First != last+1 || d.Last != b.Seq || d.Count != count || p.Last() != b.Seq {
				t.Fatalf("seed %d: numbers %+v after %d", seed, d, last)
			}
			last = d.Last
			m.apply(t, f, d)
			m.expect(t, f, b, depth)
			if !slices.IsSortedFunc(d.Asks, func(a, b exchange.Level) int { return int(a.Price - b.Price) }) {
				t.Errorf("seed %d: asks %v", seed, d.Asks)
			}
		}
	}
}

func TestPictureWithoutChange(t *testing.T) {
	b := randomBook(rand.New(rand.NewPCG(1, 1)), 5)
	p, d := simwire.NewPicture(3), new(simwire.Delta)
	if shown := p.Draw(b); len(shown.Bids) != 3 || shown.Seq != 5 {
		t.Errorf("shown %+v", shown)
	}
	b.Seq = 6
	b.Bids[0].Size++ // below what is shown
	if p.Update(b, d) || !d.Empty() {
		t.Errorf("a difference: %+v", d)
	}
	b.Seq = 8
	b.Bids[len(b.Bids)-1].Size++
	if !p.Update(b, d) || d.Prev != 5 || d.Last != 8 || len(d.Bids) != 1 || len(d.Asks) != 0 {
		t.Errorf("difference %+v", d)
	}
	if p.Same(d); !d.Empty() || d.Prev != 8 || d.Last != 8 || d.Book.Seq != 8 {
		t.Errorf("the same: %+v", d)
	}
}

func TestFormat(t *testing.T) {
	dec := exchange.MustDecimal
	cases := []struct {
		name           string
		tick, lot, per string // per: contract
		set            func(*simwire.Format)
		scale          exchange.Scale
		price, size    int64
		want           string
	}{
		{"places of the steps", "0.01", "0.00001", "1", nil, exchange.Scale{Price: -2, Size: -5}, 6700010, 150000, "67000.10 1.50000"},
		{"coarser units", "0.01", "0.001", "1", nil, exchange.Scale{Price: 1, Size: 0}, 670, 2, "6700.00 2.000"},
		{"finer units lose nothing", "0.1", "1", "1", nil, exchange.Scale{Price: -4, Size: -2}, 12345, 250, "1.2345 2.5"},
		{"finer units without need", "0.1", "1", "1", nil, exchange.Scale{Price: -4, Size: -2}, 12000, 200, "1.2 2"},
		{"below one", "0.0001", "0.1", "1", nil, exchange.Scale{Price: -4, Size: -1}, 12, 5, "0.0012 0.5"},
		{"removed", "1", "0.001", "1", nil, exchange.Scale{Size: -3}, 5, 0, "5 0"},
		{"removed, with places", "1", "0.001", "1", func(f *simwire.Format) { f.ZeroPlaces = true }, exchange.Scale{Size: -3}, 5, 0, "5 0.000"},
		{"eight places", "0.01", "0.001", "1", func(f *simwire.Format) { f.PricePlaces, f.SizePlaces = 8, 8 }, exchange.Scale{Price: -2, Size: -3}, 101, 5, "1.01000000 0.00500000"},
		{"contracts of a hundredth", "0.1", "0.0001", "0.01", nil, exchange.Scale{Price: -1, Size: -4}, 670001, 25, "67000.1 0.25"},
		{"contracts of a thousand", "0.0001", "1000", "1000", nil, exchange.Scale{Price: -4, Size: 3}, 1, 7, "0.0001 7"},
		{"contracts removed", "0.1", "0.0001", "0.01", nil, exchange.Scale{Price: -1, Size: -4}, 670001, 0, "67000.1 0"},
		{"steps like a quarter", "0.25", "0.5", "1", nil, exchange.Scale{Price: -2, Size: -1}, 125, 15, "1.25 1.5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := simwire.NewFormat(exchange.Instrument{Tick: dec(c.tick), Lot: dec(c.lot), Contract: dec(c.per)})
			if c.set != nil {
				c.set(&f)
			}
			got := string(f.AppendSize(append(f.AppendPrice(nil, c.price, c.scale), ' '), c.size, c.scale))
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// What is written is the number, in contracts, with no fewer places than asked for, and with no more than it needs.
func TestFormatIsExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 20_000 {
		v, exp := 1+rnd.Int64N([]int64{1, 10, 1000, 1e9, 1e17}[rnd.IntN(5)]), rnd.IntN(16)-10
		contract := exchange.MustDecimal([]string{"0", "1", "0.01", "0.0001", "1000", "0.5", "0.2"}[rnd.IntN(7)])
		f := simwire.NewFormat(exchange.Instrument{Tick: exchange.MustDecimal("1"), Lot: exchange.MustDecimal("1"), Contract: contract})
		places := rnd.IntN(9)
		if f.SizePlaces = places; contract.String() == "0.5" || contract.String() == "0.2" {
			f.SizePlaces, places = 0, 0
		}
		got := string(f.AppendSize(nil, v, exchange.Scale{Size: int8(exp)}))
		if contract.IsZero() {
			contract = exchange.MustDecimal("1")
		}
		d := exchange.MustDecimal(got)
		if whole, behind, _ := strings.Cut(got, "."); len(behind) < places || len(behind) > places && strings.HasSuffix(behind, "0") ||
			whole == "" || len(whole) > 1 && whole[0] == '0' || !d.Mul(contract).Equal(exchange.Scaled(v, exp)) {
			t.Fatalf("%d x 10^%d in contracts of %s with %d places: %q", v, exp, contract, places, got)
		}
	}
}

func TestAppendLevels(t *testing.T) {
	f := simwire.Format{PricePlaces: 1}
	side := []exchange.Level{{Price: 10, Size: 1}, {Price: 11, Size: 2}}
	s := exchange.Scale{Price: -1}
	if got := string(f.AppendLevels([]byte("x"), side, s, `,"0","1"`)); got != `x[["1.0","1","0","1"],["1.1","2","0","1"]]` {
		t.Error(got)
	}
	if got := texts(f, side, s); got != `[["1.1","2"],["1.0","1"]]` {
		t.Error(got)
	}
	if got := texts(f, nil, s); got != `[]` {
		t.Error(got)
	}
}
