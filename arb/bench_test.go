package arb_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// BenchmarkCross is two books to a verdict, both directions, as Observe does it: lookup, copy of 20 levels a side, guards, prices,
// walk. "decimal" answers the same inequality on the same best prices in exchange.Decimal, without a book around it: its ratio to
// "top" is what integers are worth.
func BenchmarkCross(b *testing.B) {
	b.Run("top", func(b *testing.B) { benchObserve(b, 0, "", arb.TermNotCrossed) })
	b.Run("fees", func(b *testing.B) { benchObserve(b, 5, "", arb.TermFees) })
	b.Run("walk5", func(b *testing.B) { benchObserve(b, 200, "1000000", arb.TermFees) })
	b.Run("pass", func(b *testing.B) { benchObserve(b, 200, "", arb.TermPassed) })
	b.Run("decimal", benchDecimal)
}

// benchBooks makes a pair of books of 20 levels a side, of which b's lie shift ticks above a's.
func benchBooks(shift int64) (x, y *exchange.Book) {
	x, y = ladderBook(marketA, 6000000), ladderBook(marketB, 6000000+shift)
	return x, y
}

func ladderBook(m exchange.Market, mid int64) *exchange.Book {
	b := &exchange.Book{Market: m, Scale: exchange.Scale{Price: -2, Size: -5}, RecvTime: start}
	for i := range int64(20) {
		b.Asks = append(b.Asks, exchange.Level{Price: mid + 20 - i, Size: 500 + i})
		b.Bids = append(b.Bids, exchange.Level{Price: mid - 20 + i, Size: 500 + i})
	}
	return b
}

func benchObserve(b *testing.B, shift int64, fixed string, want arb.Term) {
	cfg := config(marketA, marketB)
	cfg.Notional = exchange.MustDecimal("1300") // five levels of about 300
	if fixed != "" {
		cfg.Fees = map[exchange.Market]arb.Fees{marketA: fees("0.0005", fixed), marketB: fees("0.0005", "0")}
	}
	if want == arb.TermPassed || fixed != "" {
		f := fees("0", "0")
		if fixed != "" {
			f = fees("0", fixed)
		}
		cfg.Fees = map[exchange.Market]arb.Fees{marketA: f, marketB: f}
	}
	s := mustScanner(b, cfg)
	x, y := benchBooks(shift)
	s.Observe(x)
	if _, v := s.Observe(y); v.Term != want {
		b.Fatalf("%s, want %s", v, want)
	}
	books := [2]*exchange.Book{x, y}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Observe(books[i&1])
		i++
	}
}

func benchDecimal(b *testing.B) {
	x, y := benchBooks(5)
	prices := func(buy, sell *exchange.Book) arb.Prices {
		ask, _ := buy.Best(exchange.Buy)
		bid, _ := sell.Best(exchange.Sell)
		return arb.Prices{Ask: buy.Price(ask), Bid: sell.Price(bid)}
	}
	f := exchange.MustDecimal("0.0005")
	clears := func(p arb.Prices) bool {
		return p.Bid.Sub(p.Ask).Cmp(f.Mul(p.Bid).Add(f.Mul(p.Ask))) > 0
	}
	b.ReportAllocs()
	for b.Loop() {
		if clears(prices(x, y)) || clears(prices(y, x)) {
			b.Fatal("clears")
		}
	}
}

var start = time.Date(2026, 8, 9, 12, 0, 0, 0, time.UTC)
