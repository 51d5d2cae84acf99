package book_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

var (
	market = exchange.Market{Venue: "test", Symbol: exchange.MustSymbol("BTC-USDT")}
	t0     = time.Unix(1700000000, 0)
	cents  = exchange.Scale{Price: -2, Size: -3}
)

type levels = []exchange.Level

// lv makes levels of prices and sizes in turn.
func lv(numbers ...int64) levels {
	var s levels
	for i := 0; i < len(numbers); i += 2 {
		s = append(s, exchange.Level{Price: numbers[i], Size: numbers[i+1]})
	}
	return s
}

func update(first, last, prev int64, bids, asks levels) *book.Update {
	return &book.Update{First: first, Last: last, Prev: prev, Sides: scan.Sides{Scale: cents, Bids: bids, Asks: asks}}
}

func snapshot(last int64, bids, asks levels) *book.Update {
	u := update(0, last, -1, bids, asks)
	u.Snapshot = true
	return u
}

// A small book: bids 99.00 and 98.00, asks 101.00 and 102.00.
func small(last int64) *book.Update {
	return snapshot(last, lv(9900, 10, 9800, 20), lv(10100, 30, 10200, 40))
}

func newBook(t *testing.T, r book.Rule, us ...*book.Update) *book.Book {
	t.Helper()
	b := book.New(market, r, exchange.Scale{})
	for _, u := range us {
		if res := b.Apply(t0, u); res.Event != book.Changed {
			t.Fatalf("update %d: %+v, %v", u.Last, res, b.View().Err)
		}
	}
	return b
}

// invalid checks that nobody can trade on b's view.
func invalid(t *testing.T, b *book.Book, want error) {
	t.Helper()
	v := b.View()
	if !errors.Is(v.Err, want) || len(v.Bids)+len(v.Asks) != 0 {
		t.Fatalf("book has error %v (want %v) and %d levels", v.Err, want, len(v.Bids)+len(v.Asks))
	}
}

func TestSnapshotAndDelta(t *testing.T) {
	b := book.New(market, book.Bybit{}, cents)
	invalid(t, b, exchange.ErrDown)
	at := t0.Add(time.Second)
	newVenue := t0.Add(time.Minute)
	b.Apply(t0, small(10))
	u := update(0, 11, 0, lv(9900, 0, 9950, 5, 9700, 0, 9950, 7), lv(10100, 0, 10150, 1, 10150, 0))
	u.Time = newVenue
	if r := b.Apply(at, u); r != (book.Result{Event: book.Changed}) {
		t.Fatalf("delta: %+v", r)
	}
	v := b.View()
	if !slices.Equal(v.Bids, lv(9800, 20, 9950, 7)) || !slices.Equal(v.Asks, lv(10200, 40)) {
		t.Errorf("levels %v %v", v.Bids, v.Asks)
	}
	if v.Seq != 11 || !v.RecvTime.Equal(at) || !v.VenueTime.Equal(newVenue) || v.Err != nil || v.Market != market || v.Scale != cents {
		t.Errorf("book %+v", v)
	}
}

func TestSnapshotInAnyOrder(t *testing.T) {
	want := lv(9700, 1, 9800, 2, 9900, 3)
	for name, bids := range map[string]levels{
		"best first":              lv(9900, 3, 9800, 2, 9700, 1),
		"best last":               lv(9700, 1, 9800, 2, 9900, 3),
		"mixed":                   lv(9800, 2, 9900, 3, 9700, 1),
		"a price twice":           lv(9900, 8, 9800, 2, 9700, 1, 9900, 3),
		"sizes of 0":              lv(9950, 0, 9900, 3, 9800, 2, 9750, 0, 9700, 1),
		"a price twice, then not": lv(9950, 5, 9900, 3, 9800, 2, 9700, 1, 9950, 0),
	} {
		b := newBook(t, book.Bybit{}, snapshot(1, bids, nil))
		if !slices.Equal(b.View().Bids, want) {
			t.Errorf("%s: %v", name, b.View().Bids)
		}
	}
	b := newBook(t, book.Bybit{}, snapshot(1, nil, lv(102, 1, 101, 2, 103, 3, 101, 4)))
	if !slices.Equal(b.View().Asks, lv(103, 3, 102, 1, 101, 4)) {
		t.Errorf("asks %v", b.View().Asks)
	}
}

func TestGapIsToldOnceAndCured(t *testing.T) {
	for _, c := range []struct {
		name        string
		rule        book.Rule
		next, gap   *book.Update
		after, cure *book.Update
		need        book.Need
	}{
		{"binance spot", book.BinanceSpot{}, update(11, 12, 0, nil, nil), update(14, 15, 0, nil, nil), update(16, 17, 0, nil, lv(10050, 1)), small(16), book.Snapshot},
		{"binance futures", book.BinanceFutures{}, update(9, 12, 8, nil, nil), update(14, 15, 13, nil, nil), update(18, 19, 15, nil, lv(10050, 1)), small(18), book.Snapshot},
		{"okx", book.OKX{}, update(0, 12, 10, nil, nil), update(0, 15, 13, nil, nil), update(0, 19, 15, nil, nil), small(19), book.Resubscribe},
		{"bybit", book.Bybit{}, update(0, 11, 0, nil, nil), update(0, 13, 0, nil, nil), update(0, 14, 0, nil, nil), small(19), book.Resubscribe},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t, c.rule, small(10), c.next)
			if r := b.Apply(t0, c.gap); r != (book.Result{Event: book.Invalid, Need: c.need}) {
				t.Fatalf("gap: %+v", r)
			}
			invalid(t, b, exchange.ErrGap)
			if r := b.Apply(t0, c.after); r != (book.Result{}) {
				t.Fatalf("after the gap: %+v", r)
			}
			invalid(t, b, exchange.ErrGap)
			if r := b.Apply(t0, c.cure); r != (book.Result{Event: book.Changed}) {
				t.Fatalf("cure: %+v", r)
			}
			if v := b.View(); v.Err != nil || len(v.Bids) != 2 {
				t.Fatalf("cured book %+v", v)
			}
			if c.need == book.Snapshot && b.View().Seq != uint64(c.after.Last) {
				t.Errorf("the delta held for the snapshot did not follow it: at %d", b.View().Seq)
			}
		})
	}
}

func TestHeldDeltasFollowTheSnapshot(t *testing.T) {
	held := []*book.Update{
		update(5, 8, 0, lv(9999, 1), nil),   // in the snapshot already
		update(9, 12, 0, lv(9910, 1), nil),  // spans lastUpdateId + 1
		update(13, 13, 0, lv(9910, 0), nil), // follows
		update(14, 20, 0, lv(9920, 2), nil),
	}
	b := book.New(market, book.BinanceSpot{}, cents)
	for i, u := range held {
		r := b.Apply(t0.Add(time.Duration(i)*time.Second), u)
		if want := (book.Result{Need: []book.Need{book.Snapshot, 0, 0, 0}[i]}); r != want {
			t.Fatalf("held %d: %+v, want %+v", i, r, want)
		}
		u.Bids[0].Size = 77 // the caller's again: the book must have copied it
		invalid(t, b, exchange.ErrDown)
	}
	if r := b.Apply(t0.Add(time.Hour), small(10)); r.Event != book.Changed {
		t.Fatalf("snapshot: %+v, %v", r, b.View().Err)
	}
	if v := b.View(); !slices.Equal(v.Bids, lv(9800, 20, 9900, 10, 9920, 2)) || v.Seq != 20 || !v.RecvTime.Equal(t0.Add(3*time.Second)) {
		t.Errorf("book %+v", v)
	}
	if s := b.State(); s.Phase != book.Live || s.Holding {
		t.Errorf("state %+v", s)
	}
}

func TestSnapshotThatDoesNotFit(t *testing.T) {
	b := book.New(market, book.BinanceSpot{}, cents)
	b.Apply(t0, update(10, 12, 0, nil, nil))
	b.Apply(t0, update(15, 16, 0, nil, nil)) // a hole while waiting
	if r := b.Apply(t0, small(9)); r != (book.Result{Need: book.Snapshot}) {
		t.Errorf("snapshot before the first held delta: %+v", r)
	}
	invalid(t, b, exchange.ErrDown)
	if r := b.Apply(t0, small(11)); r != (book.Result{Need: book.Snapshot}) {
		t.Errorf("snapshot before the hole: %+v", r)
	}
	invalid(t, b, exchange.ErrDown)
	if r := b.Apply(t0, small(15)); r.Event != book.Changed || b.View().Seq != 16 {
		t.Errorf("snapshot behind the hole: %+v, at %d", r, b.View().Seq)
	}
}

// More deltas than fit are held: the oldest go, and a snapshot from before what is left is refused instead of trusted.
func TestHeldDeltasAreBounded(t *testing.T) {
	b := book.New(market, book.BinanceSpot{}, cents)
	asked := 0
	total := int64(3*book.MaxHeld + 10)
	for i := int64(1); i <= total; i++ {
		if b.Apply(t0, update(i, i, 0, lv(9000, i), nil)).Need == book.Snapshot {
			asked++
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times during %d deltas, want one at first and one each %d", asked, total, book.MaxHeld)
	}
	first := total - book.MaxHeld + 1
	if s := b.State(); s.Held != first {
		t.Errorf("oldest held is %d, want %d", s.Held, first)
	}
	if r := b.Apply(t0, small(first-1)); r != (book.Result{Need: book.Snapshot}) {
		t.Errorf("a snapshot from before: %+v", r)
	}
	if r := b.Apply(t0, small(first)); r.Event != book.Changed || b.View().Bids[0] != (exchange.Level{Price: 9000, Size: total}) {
		t.Errorf("a snapshot that reaches: %+v %v", r, b.View().Bids)
	}
}

func TestCrossed(t *testing.T) {
	b := newBook(t, book.BinanceSpot{}, small(10))
	if r := b.Apply(t0, update(11, 11, 0, lv(10100, 1), nil)); r != (book.Result{Event: book.Invalid, Need: book.Snapshot}) {
		t.Fatalf("bid on the best ask: %+v", r)
	}
	invalid(t, b, exchange.ErrCrossed)
	if r := b.Apply(t0, snapshot(20, lv(10000, 1), lv(9999, 1))); r.Event != book.Invalid {
		t.Fatalf("crossed snapshot: %+v", r)
	}
	invalid(t, b, exchange.ErrCrossed)
	if r := b.Apply(t0, small(21)); r.Event != book.Changed {
		t.Fatalf("whole snapshot: %+v", r)
	}

	b = book.New(market, book.BinanceSpot{}, cents)
	b.Apply(t0, update(10, 11, 0, lv(10100, 1), nil))
	if r := b.Apply(t0, small(10)); r.Event != book.Invalid {
		t.Fatalf("crossed by a held delta: %+v", r)
	}
	invalid(t, b, exchange.ErrCrossed)
}

// A snapshot from before what a book already knew would bring the past back as if it were now.
func TestNoSnapshotFromThePast(t *testing.T) {
	for name, lose := range map[string]func(b *book.Book){
		"after a crossed delta": func(b *book.Book) { b.Apply(t0, update(11, 12, 0, lv(10100, 1), nil)) },
		"after a gap":           func(b *book.Book) { b.Apply(t0, update(14, 15, 0, nil, nil)) },
		"after a crossed snapshot": func(b *book.Book) {
			b.Apply(t0, update(14, 15, 0, nil, nil))
			b.Apply(t0, snapshot(15, lv(10000, 1), lv(9999, 1)))
		},
	} {
		b := newBook(t, book.BinanceSpot{}, small(10))
		lose(b)
		if r := b.Apply(t0, small(9)); r != (book.Result{Need: book.Snapshot}) {
			t.Errorf("%s: %+v", name, r)
		}
		if b.View().Err == nil {
			t.Errorf("%s: the book is back at %d", name, b.View().Seq)
		}
		if r := b.Apply(t0, small(20)); r.Event != book.Changed {
			t.Errorf("%s, a new snapshot: %+v", name, r)
		}
	}
}

func TestScaleBecomesFiner(t *testing.T) {
	b := newBook(t, book.Bybit{}, small(10))
	fine := update(0, 11, 0, lv(98005, 1), nil)
	fine.Scale = exchange.Scale{Price: -3, Size: -2} // finer price, coarser size
	b.Apply(t0, fine)
	v := b.View()
	if v.Scale != (exchange.Scale{Price: -3, Size: -3}) || !slices.Equal(v.Bids, lv(98000, 20, 98005, 10, 99000, 10)) ||
		!slices.Equal(v.Asks, lv(102000, 40, 101000, 30)) {
		t.Errorf("book %+v", v)
	}
	if b.Scale() != v.Scale {
		t.Errorf("the next message should be read in %v, not %v", v.Scale, b.Scale())
	}

	huge := update(0, 12, 0, lv(1, 1), nil)
	huge.Scale.Size = -21
	if r := b.Apply(t0, huge); r != (book.Result{Event: book.Invalid, Need: book.Resubscribe}) {
		t.Fatalf("a scale that does not fit: %+v", r)
	}
	invalid(t, b, exchange.ErrScale)
	if b.Scale() != (exchange.Scale{}) {
		t.Errorf("after an overflow the snapshot should decide the scale, not %v", b.Scale())
	}
}

func TestFailAndDown(t *testing.T) {
	b := newBook(t, book.BinanceSpot{}, small(10))
	why := fmt.Errorf("size 1e30: %w", exchange.ErrScale)
	if r := b.Fail(t0, why); r != (book.Result{Event: book.Invalid, Need: book.Snapshot}) {
		t.Errorf("failed: %+v", r)
	}
	invalid(t, b, exchange.ErrScale)
	if r := b.Fail(t0, why); r != (book.Result{}) {
		t.Errorf("failed again: %+v", r)
	}
	if r := b.Fail(t0, exchange.ErrFrame); r != (book.Result{Event: book.Invalid}) {
		t.Errorf("failed for another reason: %+v", r)
	}
	invalid(t, b, exchange.ErrFrame)
	for range 2 {
		if r := b.Down(t0, exchange.ErrDown); r != (book.Result{Event: book.Invalid}) {
			t.Errorf("down: %+v", r)
		}
		invalid(t, b, exchange.ErrDown)
	}
	if r := b.Apply(t0, small(9)); r.Event != book.Changed {
		t.Errorf("a snapshot after it: %+v", r)
	}
}

func TestLevelsAreBounded(t *testing.T) {
	b := newBook(t, book.Bybit{}, small(1))
	last := int64(1)
	for last < book.MaxLevels+100 {
		last++
		b.Apply(t0, update(0, last, 0, lv(9000-last%8000, last), lv(11000+last, last)))
	}
	v := b.View()
	if n := len(v.Asks); n > book.MaxLevels || n < book.MaxLevels/2 {
		t.Errorf("%d asks are kept", n)
	}
	if best, _ := v.Best(exchange.Buy); best.Price != 10100 || v.Check() != nil {
		t.Errorf("best ask %v, %v", best, v.Check())
	}
}

func TestApplyDoesNotAllocate(t *testing.T) {
	b := newBook(t, book.Bybit{}, small(1))
	last := int64(1)
	u := update(0, 0, 0, lv(9850, 1, 9900, 5, 9850, 0), lv(10150, 1, 10150, 0))
	n := testing.AllocsPerRun(1000, func() {
		last++
		u.Last = last
		if b.Apply(t0, u).Event != book.Changed {
			t.Fatal(b.View().Err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a delta", n)
	}
}

// naive is the same book as a pair of maps of exact decimals.
type naive struct{ bids, asks map[string]exchange.Decimal }

func (n *naive) apply(u *book.Update) {
	if u.Snapshot {
		n.bids, n.asks = map[string]exchange.Decimal{}, map[string]exchange.Decimal{}
	}
	for i, side := range []levels{u.Bids, u.Asks} {
		m := []map[string]exchange.Decimal{n.bids, n.asks}[i]
		for _, l := range side {
			price := exchange.Scaled(l.Price, int(u.Scale.Price)).Round(exchange.MustDecimal("0.000001"), exchange.HalfEven).String()
			if m[price] = exchange.Scaled(l.Size, int(u.Scale.Size)); l.Size == 0 {
				delete(m, price)
			}
		}
	}
}

// sorted is one side as text, best last.
func (n *naive) sorted(bids bool) []string {
	m, sign := n.asks, -1
	if bids {
		m, sign = n.bids, 1
	}
	prices := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return sign * exchange.MustDecimal(a).Cmp(exchange.MustDecimal(b))
	})
	for i, p := range prices {
		prices[i] = p + " x " + m[p].Round(exchange.MustDecimal("0.000001"), exchange.HalfEven).String()
	}
	return prices
}

func (n *naive) crossed() bool {
	if len(n.bids) == 0 || len(n.asks) == 0 {
		return false
	}
	high := slices.MaxFunc(slices.Collect(maps.Keys(n.bids)), byNumber)
	low := slices.MinFunc(slices.Collect(maps.Keys(n.asks)), byNumber)
	return byNumber(high, low) >= 0
}

func byNumber(a, b string) int { return exchange.MustDecimal(a).Cmp(exchange.MustDecimal(b)) }

func text(b *exchange.Book, side levels) []string {
	micro := exchange.MustDecimal("0.000001")
	s := make([]string, len(side))
	for i, l := range side {
		s[i] = b.Price(l).Round(micro, exchange.HalfEven).String() + " x " + b.Size(l).Round(micro, exchange.HalfEven).String()
	}
	return s
}

// script turns bytes into updates: whatever comes, Book and naive must agree after each.
func script(t *testing.T, data []byte) (changed, crossed int) {
	b := book.New(market, book.Bybit{}, exchange.Scale{})
	n := naive{}
	valid, last := false, int64(10)
	next := func() int64 {
		if len(data) == 0 {
			return 0
		}
		v := data[0]
		data = data[1:]
		return int64(v)
	}
	for len(data) > 0 {
		u := &book.Update{Snapshot: next()%16 == 0 || !valid}
		last++
		u.Last = last
		u.Scale = exchange.Scale{Price: int8(-next() % 4), Size: int8(-next() % 5)}
		unit := []int64{1, 10, 100, 1000}[-u.Scale.Price]
		for range next() % 6 {
			u.Bids = append(u.Bids, exchange.Level{Price: (100 - next()%24) * unit, Size: next() % 3})
		}
		for range next() % 6 {
			u.Asks = append(u.Asks, exchange.Level{Price: (99 + next()%24) * unit, Size: next() % 3})
		}
		n.apply(u)
		r := b.Apply(t0, u)
		v := b.View()
		if valid = !n.crossed(); !valid {
			crossed++
			if r.Event != book.Invalid || !errors.Is(v.Err, exchange.ErrCrossed) || len(v.Bids)+len(v.Asks) > 0 {
				t.Fatalf("crossed, and the book says %+v, %+v", r, v)
			}
			continue
		}
		changed++
		if r.Event != book.Changed || v.Check() != nil {
			t.Fatalf("%+v, %v, %v", r, v.Err, v.Check())
		}
		if got, want := text(v, v.Bids), n.sorted(true); !slices.Equal(got, want) {
			t.Fatalf("bids %v, want %v", got, want)
		}
		if got, want := text(v, v.Asks), n.sorted(false); !slices.Equal(got, want) {
			t.Fatalf("asks %v, want %v", got, want)
		}
	}
	return changed, crossed
}

func TestBookAgainstMaps(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	changed, crossed := 0, 0
	for range 200 {
		data := make([]byte, 400)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		t.Logf("seed %d", seed)
		a, c := script(t, data)
		changed, crossed = changed+a, crossed+c
	}
	if changed < 500 || crossed < 100 {
		t.Errorf("seed %d: %d changed and %d crossed books were compared: too few of one kind", seed, changed, crossed)
	}
}

func FuzzBookAgainstMaps(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) { script(t, data[:min(len(data), 4096)]) })
}

// A wide book: near changes, far changes, growth and deletion against a map of integers. Messages come sorted one way, the other, and
// not at all.
func TestWideBook(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 3))
	b := newBook(t, book.Bybit{}, snapshot(1, nil, nil))
	bids := map[int64]int64{}
	for last := int64(2); last < 3000; last++ {
		u := update(0, last, 0, nil, nil)
		for range r.IntN(40) {
			l := exchange.Level{Price: 1 + int64(r.ExpFloat64()*300), Size: int64(r.IntN(3))}
			u.Bids = append(u.Bids, l)
		}
		if way := r.IntN(3); way > 0 {
			slices.SortFunc(u.Bids, func(x, y exchange.Level) int { return cmp.Compare(x.Price, y.Price) })
			u.Bids = slices.CompactFunc(u.Bids, func(x, y exchange.Level) bool { return x.Price == y.Price })
			if way == 2 {
				slices.Reverse(u.Bids)
			}
		}
		for _, l := range u.Bids {
			if bids[l.Price] = l.Size; l.Size == 0 {
				delete(bids, l.Price)
			}
		}
		b.Apply(t0, u)
		v := b.View()
		if err := v.Check(); err != nil || len(v.Bids) != len(bids) {
			t.Fatalf("seed %d: %d bids, want %d: %v", seed, len(v.Bids), len(bids), err)
		}
		for _, l := range v.Bids {
			if bids[l.Price] != l.Size {
				t.Fatalf("seed %d: %v, want size %d", seed, l, bids[l.Price])
			}
		}
		if !slices.IsSortedFunc(v.Bids, func(x, y exchange.Level) int { return cmp.Compare(x.Price, y.Price) }) {
			t.Fatalf("seed %d: unsorted", seed)
		}
	}
}

func TestRenewal(t *testing.T) {
	type step struct {
		at          time.Duration
		valid, need bool
		want        bool
	}
	for name, steps := range map[string][]step{
		"at once":                  {{0, false, true, true}},
		"not without need":         {{0, false, false, false}, {0, true, false, false}},
		"what was refused is owed": {{0, false, true, true}, {4 * time.Second, false, true, false}, {6 * time.Second, false, false, true}},
		"nothing is owed to a book that is whole again": {{0, false, true, true}, {4 * time.Second, false, true, false}, {5 * time.Second, true, false, false}, {6 * time.Second, false, false, false}},
		"ever slower": {{0, false, true, true}, {5 * time.Second, false, true, true}, {14 * time.Second, false, true, false}, {15 * time.Second, false, true, true},
			{34 * time.Second, false, true, false}, {35 * time.Second, false, true, true}},
		"well for long": {{0, false, true, true}, {5 * time.Second, false, true, true}, {15 * time.Second, false, true, true}, {time.Hour, false, true, true}, {time.Hour + 5*time.Second, false, true, true}},
	} {
		var r book.Renewal
		for i, s := range steps {
			if got := r.Due(t0.Add(s.at), s.valid, s.need); got != s.want {
				t.Errorf("%s, step %d: due is %v", name, i, got)
			}
		}
	}
}

func Example() {
	b := book.New(market, book.Bybit{}, exchange.Scale{})
	u := book.Update{Snapshot: true, Last: 7}
	u.Reset(b.Scale())
	c := scan.New([]byte(`[["99.5","2"],["99","1"]]`))
	c.Bids(&u.Sides)
	fmt.Println(b.Apply(time.Unix(0, 0), &u).Event == book.Changed)
	best, _ := b.View().Best(exchange.Sell)
	fmt.Println(b.View().Price(best), b.View().Size(best))

	gap := book.Update{Last: 9}
	r := b.Apply(time.Unix(0, 0), &gap)
	fmt.Println(r.Event == book.Invalid, r.Need == book.Resubscribe, b.View().Err)
	// Output:
	// true
	// 99.5 2
	// true true book: test:BTC-USDT: update 0 to 9 (previous 0) after 7: gap
}
