package exchange_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

var btcUSDT = exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT")}

// smallBook is bids 99 x 2, 98 x 3; asks 101 x 1, 102 x 4, 105 x 5.
func smallBook() *exchange.Book {
	return &exchange.Book{
		Market: btcUSDT,
		Scale:  exchange.Scale{Price: -2, Size: -5},
		Bids:   []exchange.Level{{Price: 98, Size: 3}, {Price: 99, Size: 2}},
		Asks:   []exchange.Level{{Price: 105, Size: 5}, {Price: 102, Size: 4}, {Price: 101, Size: 1}},
		Seq:    7, VenueTime: time.Unix(1, 0), RecvTime: time.Unix(2, 0),
	}
}

func TestBest(t *testing.T) {
	b := smallBook()
	if l, ok := b.Best(exchange.Buy); !ok || l != (exchange.Level{Price: 101, Size: 1}) {
		t.Errorf("Best(Buy) = %v, %t, want the lowest ask", l, ok)
	}
	if l, ok := b.Best(exchange.Sell); !ok || l != (exchange.Level{Price: 99, Size: 2}) {
		t.Errorf("Best(Sell) = %v, %t, want the highest bid", l, ok)
	}
	if l := b.Asks[0]; b.Price(l).String() != "1.05" || b.Size(l).String() != "0.00005" {
		t.Errorf("level %v is %s x %s", l, b.Price(l), b.Size(l))
	}
	for name, side := range map[string]exchange.Side{"buy": exchange.Buy, "sell": exchange.Sell} {
		if l, ok := new(exchange.Book).Best(side); ok || l != (exchange.Level{}) {
			t.Errorf("Best(%s) of an empty book = %v, %t", name, l, ok)
		}
	}
	b.Asks = nil
	if _, ok := b.Best(exchange.Buy); ok {
		t.Error("a book without asks has a best one")
	}
	if _, ok := b.Best(exchange.Sell); !ok {
		t.Error("a book without asks has no best bid")
	}
}

func TestWalk(t *testing.T) {
	tests := []struct {
		name  string
		taker exchange.Side
		size  int64
		want  exchange.Walk
	}{
		{"nothing", exchange.Buy, 0, exchange.Walk{}},
		{"less than nothing", exchange.Buy, -5, exchange.Walk{}},
		{"part of the first level", exchange.Sell, 1, exchange.Walk{Size: 1, Best: 99, Worst: 99, Levels: 1, Notional: exchange.Notional{Lo: 99}}},
		{"exactly the first level", exchange.Sell, 2, exchange.Walk{Size: 2, Best: 99, Worst: 99, Levels: 1, Notional: exchange.Notional{Lo: 198}}},
		{"into the second", exchange.Buy, 3, exchange.Walk{Size: 3, Best: 101, Worst: 102, Levels: 2, Notional: exchange.Notional{Lo: 101 + 2*102}}},
		{"all there is", exchange.Buy, 10, exchange.Walk{Size: 10, Best: 101, Worst: 105, Levels: 3, Notional: exchange.Notional{Lo: 101 + 4*102 + 5*105}}},
		{"more than there is", exchange.Sell, math.MaxInt64, exchange.Walk{Size: 5, Best: 99, Worst: 98, Levels: 2, Notional: exchange.Notional{Lo: 2*99 + 3*98}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := smallBook()
			if got := b.Walk(tt.taker, tt.size); got != tt.want {
				t.Errorf("Walk = %+v, want %+v", got, tt.want)
			}
			if !slices.Equal(b.Asks, smallBook().Asks) || !slices.Equal(b.Bids, smallBook().Bids) {
				t.Error("Walk changed the book")
			}
		})
	}
	if got := new(exchange.Book).Walk(exchange.Buy, 5); got != (exchange.Walk{}) {
		t.Errorf("Walk of an empty book = %+v", got)
	}
}

// randomSide has n levels in the book's order, with sizes whose sum may reach all that Walk can be asked for.
func randomSide(r *rand.Rand, n int, taker exchange.Side) []exchange.Level {
	priceShift, sizeShift := r.IntN(50), r.IntN(50)
	prices := map[int64]bool{}
	for len(prices) < n {
		prices[1+r.Int64N(math.MaxInt64)>>priceShift] = true
	}
	var side []exchange.Level
	for p := range prices {
		side = append(side, exchange.Level{Price: p})
	}
	slices.SortFunc(side, func(a, b exchange.Level) int {
		if (a.Price < b.Price) == (taker == exchange.Sell) {
			return -1
		}
		return 1
	})
	for i := range side { // after sorting: map order must not decide a seed's numbers
		side[i].Size = 1 + r.Int64N(math.MaxInt64)>>sizeShift
	}
	return side
}

// naiveWalk does with Decimals what Walk does with integers, level by level from the best.
func naiveWalk(b *exchange.Book, taker exchange.Side, size exchange.Decimal) (filled, notional exchange.Decimal, levels []exchange.Level) {
	side := slices.Clone(b.Side(taker))
	slices.Reverse(side)
	for _, l := range side {
		rest := size.Sub(filled)
		if rest.Sign() <= 0 {
			break
		}
		take := b.Size(l)
		if take.Cmp(rest) > 0 {
			take = rest
		}
		filled = filled.Add(take)
		notional = notional.Add(take.Mul(b.Price(l)))
		levels = append(levels, l)
	}
	return filled, notional, levels
}

func TestWalkAgainstNaive(t *testing.T) {
	wide, short := 0, 0
	forSeeds(t, 2_000, func(t *testing.T, r *rand.Rand) {
		taker := exchange.Buy
		if r.IntN(2) == 0 {
			taker = exchange.Sell
		}
		b := &exchange.Book{Market: btcUSDT, Scale: exchange.Scale{Price: int8(r.IntN(30) - 20), Size: int8(r.IntN(30) - 20)}}
		side := randomSide(r, 1+r.IntN(12), taker)
		if taker == exchange.Buy {
			b.Asks = side
		} else {
			b.Bids = side
		}
		if err := b.Check(); err != nil {
			t.Fatalf("the generator's book is bad: %v", err)
		}
		size := 1 + r.Int64N(math.MaxInt64)>>r.IntN(63)
		w := b.Walk(taker, size)
		filled, notional, levels := naiveWalk(b, taker, exchange.Scaled(size, int(b.Scale.Size)))
		if got := exchange.Scaled(w.Size, int(b.Scale.Size)); !got.Equal(filled) {
			t.Errorf("size %s, want %s", got, filled)
		}
		if got := w.Notional.Decimal(b.Scale); !got.Equal(notional) {
			t.Errorf("notional %s, want %s", got, notional)
		}
		if w.Levels != len(levels) || w.Best != levels[0].Price || w.Worst != levels[len(levels)-1].Price {
			t.Errorf("%+v, want levels %v", w, levels)
		}
		if w.Notional.Hi != 0 {
			wide++
		}
		if w.Size < size {
			short++
		}
	})
	if wide < 100 || short < 100 || short > 1_900 {
		t.Errorf("%d walks beyond 64 bits, %d of too little depth: no test of both", wide, short)
	}
}

// The largest product that a book can hold: 2^63-1 units at 2^63-1.
func TestWalkAtTheEdgeOf128Bits(t *testing.T) {
	b := &exchange.Book{Market: btcUSDT}
	const most = math.MaxInt64
	b.Asks = []exchange.Level{{Price: most, Size: most}, {Price: most - 1, Size: most - 1}, {Price: most - 2, Size: 1}}
	w := b.Walk(exchange.Buy, most)
	m := big.NewInt(most)
	sum := new(big.Int).Sub(m, big.NewInt(2))
	sum.Add(sum, new(big.Int).Mul(big.NewInt(most-1), big.NewInt(most-1)))
	if got := w.Notional.Decimal(b.Scale).String(); w.Size != most || w.Levels != 2 || got != sum.String() {
		t.Errorf("%+v, notional %s, want %s", w, got, sum)
	}
	b.Asks = b.Asks[:1]
	if got := b.Walk(exchange.Buy, most).Notional.Decimal(b.Scale).String(); got != new(big.Int).Mul(m, m).String() {
		t.Errorf("notional %s, want (2^63-1)^2", got)
	}
	full := exchange.Notional{Hi: math.MaxUint64, Lo: math.MaxUint64}
	if got := full.Decimal(exchange.Scale{}).String(); got != "340282366920938463463374607431768211455" {
		t.Errorf("2^128-1 prints %s", got)
	}
	lowest := full.Decimal(exchange.Scale{Price: -128, Size: -128})
	if lowest.Sign() <= 0 || lowest.Places() != 256 {
		t.Errorf("at the smallest scale: %s", lowest)
	}
}

func sameBook(a, b *exchange.Book) bool {
	return a.Market == b.Market && a.Scale == b.Scale && slices.Equal(a.Bids, b.Bids) && slices.Equal(a.Asks, b.Asks) &&
		a.Seq == b.Seq && a.VenueTime.Equal(b.VenueTime) && a.RecvTime.Equal(b.RecvTime) && a.Err == b.Err
}

func TestCopyFrom(t *testing.T) {
	src := smallBook()
	for depth, want := range map[int]struct{ bids, asks []exchange.Level }{
		0:  {src.Bids, src.Asks},
		-1: {src.Bids, src.Asks},
		1:  {src.Bids[1:], src.Asks[2:]},
		2:  {src.Bids, src.Asks[1:]},
		9:  {src.Bids, src.Asks},
	} {
		old := &exchange.Book{Err: exchange.ErrDown, Bids: make([]exchange.Level, 9), Asks: make([]exchange.Level, 1)}
		old.CopyFrom(src, depth)
		expected := *src
		expected.Bids, expected.Asks = want.bids, want.asks
		if !sameBook(old, &expected) {
			t.Errorf("depth %d: %+v, want %+v", depth, old, expected)
		}
	}
	if !sameBook(src, smallBook()) {
		t.Error("CopyFrom changed its source")
	}
	invalid := &exchange.Book{Market: btcUSDT, Err: exchange.ErrGap}
	dst := smallBook()
	dst.CopyFrom(invalid, 5)
	if !sameBook(dst, invalid) {
		t.Errorf("copy of an invalid book: %+v", dst)
	}
	self := smallBook()
	self.CopyFrom(self, 1)
	if len(self.Asks) != 1 || self.Asks[0].Price != 101 || len(self.Bids) != 1 || self.Bids[0].Price != 99 {
		t.Errorf("a book cut to its own top: %+v", self)
	}
}

func TestCopiesShareNothing(t *testing.T) {
	src := smallBook()
	var dst exchange.Book
	dst.CopyFrom(src, 2)
	clone := src.Clone()
	if !sameBook(clone, src) {
		t.Fatalf("Clone = %+v, want %+v", clone, src)
	}
	wantDst := dst.Clone()
	for i := range src.Bids {
		src.Bids[i] = exchange.Level{Price: -1, Size: -1}
	}
	for i := range src.Asks {
		src.Asks[i] = exchange.Level{Price: -1, Size: -1}
	}
	_ = append(src.Asks[:0], exchange.Level{Price: 77, Size: 77})
	src.Invalidate(exchange.ErrGap)
	if !sameBook(clone, smallBook()) || !sameBook(&dst, wantDst) {
		t.Errorf("a change of the source is seen in its copies: %+v, %+v", clone, dst)
	}
	clone.Asks[0].Size = 1000
	if dst.Asks[0].Size == 1000 || len(src.Asks) != 0 {
		t.Error("a change of a copy is seen elsewhere")
	}
}

func TestInvalidate(t *testing.T) {
	b := smallBook()
	b.Invalidate(exchange.ErrGap)
	if !errors.Is(b.Err, exchange.ErrGap) || len(b.Bids) != 0 || len(b.Asks) != 0 {
		t.Errorf("%+v", b)
	}
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		if _, ok := b.Best(side); ok || b.Walk(side, 1) != (exchange.Walk{}) {
			t.Errorf("an invalid book still trades for %s", side)
		}
	}
	if b.Market != btcUSDT || b.Seq != 7 {
		t.Errorf("the invalid book forgot what it is: %+v", b)
	}
}

func TestBookCheck(t *testing.T) {
	type levels = []exchange.Level
	tests := []struct {
		name       string
		bids, asks levels
		check, top error
	}{
		{"empty", nil, nil, nil, nil},
		{"sound", levels{{98, 1}, {99, 1}}, levels{{102, 1}, {101, 1}}, nil, nil},
		{"bids only", levels{{98, 1}}, nil, nil, nil},
		{"asks only", nil, levels{{98, 1}}, nil, nil},
		{"crossed", levels{{99, 1}, {102, 1}}, levels{{101, 1}}, exchange.ErrCrossed, exchange.ErrCrossed},
		{"locked", levels{{101, 1}}, levels{{101, 1}}, exchange.ErrCrossed, exchange.ErrCrossed},
		{"bids out of order", levels{{99, 1}, {98, 1}}, levels{{101, 1}}, exchange.ErrFrame, nil},
		{"asks out of order", levels{{99, 1}}, levels{{101, 1}, {102, 1}}, exchange.ErrFrame, nil},
		{"one bid twice", levels{{99, 1}, {99, 1}}, nil, exchange.ErrFrame, nil},
		{"one ask twice", nil, levels{{101, 1}, {101, 1}}, exchange.ErrFrame, nil},
		{"price 0", levels{{0, 1}}, nil, exchange.ErrFrame, nil},
		{"negative price", nil, levels{{-5, 1}}, exchange.ErrFrame, nil},
		{"size 0", levels{{99, 0}}, nil, exchange.ErrFrame, nil},
		{"negative size deep in the book", nil, levels{{103, -1}, {102, 1}}, exchange.ErrFrame, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &exchange.Book{Market: btcUSDT, Bids: tt.bids, Asks: tt.asks}
			if err := b.Check(); !errors.Is(err, tt.check) {
				t.Errorf("Check = %v, want %v", err, tt.check)
			}
			if err := b.CheckTop(); !errors.Is(err, tt.top) {
				t.Errorf("CheckTop = %v, want %v", err, tt.top)
			}
		})
	}
}
