package arb_test

import (
	"errors"
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

var walkBook = book(marketA, "99 1, 98 2, 90 1", "100 1, 102 2, 110 1")

func TestWalk(t *testing.T) {
	tests := []struct {
		name                 string
		side                 exchange.Side
		size, average, worst string
		levels               int
		exact, simple        string
	}{
		{"part of the best ask", exchange.Buy, "0.5", "100", "100", 1, "0", "0"},
		{"the best ask to its end", exchange.Buy, "1", "100", "100", 1, "0", "0"},
		{"two levels of asks", exchange.Buy, "2", "101", "102", 2, "0.01", "0.003"},
		{"all asks", exchange.Buy, "4", "103.5", "110", 3, "0.035", "0.0105"},
		{"two levels of bids", exchange.Sell, "2", "98.5", "98", 2, "0.005050505050505051", "0.001515151515151516"},
		{"finer than the book's grid", exchange.Buy, "0.0000001", "100", "100", 1, "0", "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, err := arb.Walk(walkBook, tt.side, dec(tt.size))
			if err != nil {
				t.Fatal(err)
			}
			if !w.Average().Equal(dec(tt.average)) || !w.Worst.Equal(dec(tt.worst)) || w.Levels != tt.levels || !w.Size.Equal(dec(tt.size)) {
				t.Errorf("%+v, average %s", w, w.Average())
			}
			exact, err := arb.ExactSlippage(walkBook, tt.side, dec(tt.size))
			if err != nil || !exact.Equal(dec(tt.exact)) {
				t.Errorf("exact %s, %v; want %s", exact, err, tt.exact)
			}
			simple, err := arb.SimpleSlippage(walkBook, tt.side, dec(tt.size))
			if err != nil || !simple.Equal(dec(tt.simple)) {
				t.Errorf("simple %s, %v; want %s", simple, err, tt.simple)
			}
		})
	}
}

// TestWalkAgreesWithBook: the decimal walk and the book's own integer walk are two ways to one figure.
func TestWalkAgreesWithBook(t *testing.T) {
	for size := int64(1); size <= 400_000; size += 777 {
		for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			want := walkBook.Walk(side, size)
			got, err := arb.Walk(walkBook, side, exchange.Scaled(size, -5))
			if err != nil || !got.Notional.Equal(want.Notional.Decimal(walkBook.Scale)) || got.Levels != want.Levels {
				t.Fatalf("%s %d: %+v, %v; the book says %+v", side, size, got, err, want)
			}
		}
	}
}

func TestInsufficientDepthIsNoNumber(t *testing.T) {
	for name, f := range map[string]func() (exchange.Decimal, error){
		"exact":  func() (exchange.Decimal, error) { return arb.ExactSlippage(walkBook, exchange.Buy, dec("4.00001")) },
		"simple": func() (exchange.Decimal, error) { return arb.SimpleSlippage(walkBook, exchange.Sell, dec("5")) },
		"top":    func() (exchange.Decimal, error) { return arb.TopSlippage(walkBook, exchange.Buy, 0) },
		"empty":  func() (exchange.Decimal, error) { return arb.TopSlippage(book(marketA, "", "1 1"), exchange.Sell, 1) },
	} {
		got, err := f()
		var depth *arb.DepthError
		if !errors.As(err, &depth) || !errors.Is(err, arb.ErrDepth) || !got.IsZero() {
			t.Errorf("%s: %s, %v", name, got, err)
		} else if depth.Have.Cmp(depth.Want) >= 0 {
			t.Errorf("%s: holds %s of %s, and yet too little", name, depth.Have, depth.Want)
		}
	}
}

func TestWalkRefuses(t *testing.T) {
	down := book(marketA, "", "")
	down.Invalidate(exchange.ErrDown)
	zero := book(marketA, "", "100 1")
	zero.Asks[0].Price = 0
	negative := book(marketA, "", "100 1")
	negative.Asks[0].Size = -1
	tests := []struct {
		name string
		book *exchange.Book
		size string
		want error
	}{
		{"no size", walkBook, "0", exchange.ErrInvalid},
		{"a negative size", walkBook, "-1", exchange.ErrInvalid},
		{"an invalid book", down, "1", exchange.ErrDown},
		{"a price of zero", zero, "1", exchange.ErrFrame},
		{"a negative level", negative, "1", exchange.ErrFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if w, err := arb.Walk(tt.book, exchange.Buy, dec(tt.size)); !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", w, err, tt.want)
			}
			if tt.want == exchange.ErrInvalid {
				return
			}
			if s, err := arb.TopSlippage(tt.book, exchange.Buy, 1); !errors.Is(err, tt.want) {
				t.Errorf("top: %s, %v; want %v", s, err, tt.want)
			}
		})
	}
	if w := (arb.Walked{}); !w.Average().IsZero() || !w.Slippage(dec("1")).IsZero() {
		t.Error("the zero Walked has an average")
	}
}

func TestTopSlippage(t *testing.T) {
	b := book(marketA, "", "100 1, 101 1, 102 1, 103 1, 104 1, 900 50")
	tests := []struct {
		name   string
		levels int
		want   string
	}{
		{"five by default", 0, "0.02"}, // (100+...+104)/5 = 102
		{"three", 3, "0.01"},
		{"one", 1, "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := arb.TopSlippage(b, exchange.Buy, tt.levels); err != nil || !got.Equal(dec(tt.want)) {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
}
