package arb_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// observe shows a scanner the books in turn and gives what it says of the last.
func observe(s *arb.Scanner, books ...*exchange.Book) (o arb.Opportunity, v arb.Verdict) {
	for _, b := range books {
		o, v = s.Observe(b)
	}
	return o, v
}

func at(b *exchange.Book, d time.Duration) *exchange.Book {
	b.RecvTime = start.Add(d)
	return b
}

type termCase struct {
	name  string
	set   func(*arb.ScannerConfig)
	books []*exchange.Book // shown in turn: the verdict is that on the last
	want  arb.Term
}

// TestGuards: terms about the books, whatever their prices.
func TestGuards(t *testing.T) {
	gone := book(marketB, "", "")
	gone.Invalidate(exchange.ErrGap)
	asks := book(marketA, "99.99 5", "100 5")
	disordered := book(marketA, "", "100 1, 101 1")
	slices.Reverse(disordered.Asks)
	huge := book(marketB, "100.2 1", "")
	huge.Scale.Price = 30
	runTerms(t, []termCase{
		{"an unknown market", nil, []*exchange.Book{book(marketC, "1 1", "2 1")}, arb.TermNoPair},
		{"an invalid book", nil, []*exchange.Book{asks, gone}, arb.TermInvalid},
		{"a crossed book", nil, []*exchange.Book{asks, book(marketB, "101 1", "100.99 1")}, arb.TermInvalid},
		{"a locked book", nil, []*exchange.Book{asks, book(marketB, "101 1", "101 1")}, arb.TermInvalid},
		{"levels out of order", nil, []*exchange.Book{disordered, book(marketB, "110 3", "")}, arb.TermInvalid},
		{"the first book", nil, []*exchange.Book{asks}, arb.TermNoCounterpart},
		{"the other has failed", nil, []*exchange.Book{gone, asks}, arb.TermNoCounterpart},
		{"too old", nil, []*exchange.Book{asks, at(book(marketB, "110 1", ""), 1001*time.Millisecond)}, arb.TermTooOld},
		{"too old, told by the newer book's past", nil, []*exchange.Book{at(book(marketB, "110 1", ""), 1001*time.Millisecond), asks}, arb.TermTooOld},
		{"skewed", nil, []*exchange.Book{asks, at(book(marketB, "110 1", ""), 51*time.Millisecond)}, arb.TermSkew},
		{"just not skewed", nil, []*exchange.Book{asks, at(book(marketB, "110 1", ""), 50*time.Millisecond)}, arb.TermPassed},
		{"unbounded skew", func(c *arb.ScannerConfig) { c.MaxSkew, c.MaxAge = -1, -1 },
			[]*exchange.Book{asks, at(book(marketB, "110 1", ""), time.Hour)}, arb.TermPassed},
		{"scales too far apart", nil, []*exchange.Book{asks, huge}, arb.TermOffScale},
		{"off the tick", func(c *arb.ScannerConfig) { c.Instruments[0].Tick = dec("0.07") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermOffScale},
	})
}

// TestTerms: terms about prices and sizes.
func TestTerms(t *testing.T) {
	asks := book(marketA, "99.99 5", "100 5")
	runTerms(t, []termCase{
		{"nothing to sell to", nil, []*exchange.Book{book(marketA, "", "100 1"), book(marketB, "", "101 1")}, arb.TermDepth},
		{"not crossed", nil, []*exchange.Book{asks, book(marketB, "100 1", "100.5 1")}, arb.TermNotCrossed},
		{"fees", nil, []*exchange.Book{asks, book(marketB, "100.1 1", "100.5 1")}, arb.TermFees}, // 0.1 against 0.10005
		{"beyond the fees", nil, []*exchange.Book{asks, book(marketB, "100.11 1", "100.5 1")}, arb.TermPassed},
		{"fixed costs", func(c *arb.ScannerConfig) { c.Fees[marketA] = fees("0", "0.1"); c.Fees[marketB] = fees("0", "0") },
			[]*exchange.Book{asks, book(marketB, "100.1 1", "")}, arb.TermFees},
		{"less than fixed costs", func(c *arb.ScannerConfig) { c.Fees[marketA] = fees("0", "0.0999"); c.Fees[marketB] = fees("0", "0") },
			[]*exchange.Book{asks, book(marketB, "100.1 1", "")}, arb.TermPassed},
		{"flat slippage", func(c *arb.ScannerConfig) { c.Slippage = dec("0.001") },
			[]*exchange.Book{asks, book(marketB, "100.2 1", "")}, arb.TermSlippage},
		{"flat slippage at the end", func(c *arb.ScannerConfig) {
			c.Slippage = dec("0.001")
			c.Fees[marketA], c.Fees[marketB] = fees("0", "0.5"), fees("0", "0")
		}, []*exchange.Book{asks, book(marketB, "100.6 1", "")}, arb.TermSlippage},
		{"the edge", func(c *arb.ScannerConfig) { c.MinEdge = dec("0.001") },
			[]*exchange.Book{asks, book(marketB, "100.2 1", "")}, arb.TermThreshold},
		{"the edge at the end", func(c *arb.ScannerConfig) {
			c.MinEdge = dec("0.001")
			c.Fees[marketA], c.Fees[marketB] = fees("0", "0.5"), fees("0", "0")
		}, []*exchange.Book{asks, book(marketB, "100.6 1", "")}, arb.TermThreshold},
		{"below the minimum quantity", func(c *arb.ScannerConfig) { c.Instruments[1].MinQty = dec("1.00001") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermMinimum},
		{"the minimum quantity", func(c *arb.ScannerConfig) { c.Instruments[1].MinQty = dec("1") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermPassed},
		{"below the buyer's minimum notional", func(c *arb.ScannerConfig) { c.Instruments[0].MinNotional = dec("100.01") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermMinimum},
		{"the minimum notional", func(c *arb.ScannerConfig) { c.Instruments[0].MinNotional = dec("100") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermPassed},
		{"less than a lot", func(c *arb.ScannerConfig) { c.Instruments[0].Lot = dec("2") },
			[]*exchange.Book{asks, book(marketB, "110 1.99999", "")}, arb.TermMinimum},
		{"less than a lot for the money", func(c *arb.ScannerConfig) { c.Notional = dec("0.001") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermMinimum},
		{"a minimum that the tolerance undercuts", func(c *arb.ScannerConfig) { c.Tolerance = dec("0.01"); c.Instruments[1].MinNotional = dec("110") },
			[]*exchange.Book{asks, book(marketB, "110 1", "")}, arb.TermMinimum},
	})
}

func runTerms(t *testing.T, tests []termCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			if tt.set != nil {
				tt.set(&cfg)
			}
			o, v := observe(mustScanner(t, cfg), tt.books...)
			if v.Term != tt.want || v.Pass != (tt.want == arb.TermPassed) {
				t.Fatalf("%s; want %s", v, tt.want)
			}
			if got := len(o.Plan.Legs) == 2; got != v.Pass {
				t.Errorf("passed: %t, a plan: %t", v.Pass, got)
			}
			if !strings.HasPrefix(v.String(), tt.want.String()+": "+v.Buy.String()) && !strings.HasPrefix(v.String(), tt.want.String()+": buy "+v.Buy.String()) {
				t.Errorf("does not name its term and market: %s", v)
			}
		})
	}
}

// TestBreakEven: exactly no profit is no opportunity, one unit of the scale more is one; with fees, slippage and edge in play.
func TestBreakEven(t *testing.T) {
	tests := []struct {
		name string
		set  func(*arb.ScannerConfig)
		ask  string
		bid  string // break-even
	}{
		{"fees", func(*arb.ScannerConfig) {}, "9995", "10005"},
		{"slippage", func(c *arb.ScannerConfig) { c.Slippage = dec("0.001") }, "9985", "10005"},
		{"edge", func(c *arb.ScannerConfig) { c.MinEdge = dec("0.001") }, "9985", "10005"},
		{"both", func(c *arb.ScannerConfig) { c.Slippage, c.MinEdge = dec("0.0007"), dec("0.0003") }, "9985", "10005"},
		{"a rebate", func(c *arb.ScannerConfig) {
			c.Fees[marketA], c.Fees[marketB] = fees("-0.001", "0"), fees("0", "0")
		}, "10000", "9990"},
		{"a rebate and an edge on the purchase", func(c *arb.ScannerConfig) {
			c.Fees[marketA], c.Fees[marketB], c.MinEdge = fees("-0.002", "0"), fees("0", "0"), dec("0.001")
		}, "10000", "9990"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			cfg.Notional = dec("1000000")
			tt.set(&cfg)
			s := mustScanner(t, cfg)
			asks, bids := book(marketA, "", tt.ask+" 1"), book(marketB, tt.bid+" 1", "")
			if _, v := observe(s, asks, bids); v.Pass {
				t.Errorf("break-even passed: %s", v)
			} else if a, ok := v.Arithmetic(); !ok || !a.Net.Equal(a.Threshold) {
				t.Errorf("not break-even: %s", v)
			}
			bids.Bids[0].Price++
			if o, v := observe(s, asks, bids); !v.Pass || !o.Clears() {
				t.Errorf("one cent above break-even: %s", v)
			}
		})
	}
}

func TestOpportunity(t *testing.T) {
	cfg := config(marketA, marketB)
	cfg.MinEdge = dec("0.001")
	cfg.Slippage = dec("0.0002")
	s := mustScanner(t, cfg)
	o, v := observe(s, book(marketA, "99 1", "100 1, 101 2, 104.9 9"), at(book(marketB, "105 2, 104 9", "106 1"), 20*time.Millisecond))
	if !v.Pass || v.Buy != marketA || v.Sell != marketB {
		t.Fatal(v)
	}
	// 1 at 100/105, 1 at 101/105, 1 at 101/104; the next ask at 104.9 leaves no edge.
	want := map[string][2]exchange.Decimal{
		"size":      {o.Size, dec("3")},
		"notional":  {o.Notional, dec("314")},
		"gross":     {o.Gross, dec("15")},
		"buy fee":   {o.Fees[0], dec("0.151")},
		"sell fee":  {o.Fees[1], dec("0.157")},
		"slippage":  {o.Slippage, dec("3.0628")}, // the walk's 3, and 0.0002 of 314
		"threshold": {o.Threshold, dec("0.314")},
		"net":       {o.Net, dec("11.6292")},
		"expected":  {o.Plan.Expected.Quantity, dec("11.6292")},
		"buy at":    {o.Plan.Legs[0].Price, dec("101")},
		"sell at":   {o.Plan.Legs[1].Price, dec("104")},
		"bought":    {o.Plan.Legs[0].Quantity, dec("3")},
		"sold":      {o.Plan.Legs[1].Quantity, dec("3")},
	}
	for name, x := range want {
		if !x[0].Equal(x[1]) {
			t.Errorf("%s %s, want %s", name, x[0], x[1])
		}
	}
	if !slices.Equal(o.Ages, []time.Duration{20 * time.Millisecond, 0}) {
		t.Errorf("ages %v", o.Ages)
	}
	p := o.Plan
	if p.Strategy != "cross" || p.Mode != exchange.Together || p.Expected.Asset != "USDT" || !p.Decided.Equal(start) {
		t.Errorf("plan %+v", p)
	}
	for i, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		if l := p.Legs[i]; l.Side != side || l.Type != exchange.TypeLimit || l.TIF != exchange.IOC || l.Market.Venue != [2]exchange.Venue{"alpha", "beta"}[i] {
			t.Errorf("leg %d: %+v", i, l)
		}
	}
	const line = "passed: buy alpha:BTC-USDT at 100, sell beta:BTC-USDT at 105: gross 15 - fees 0.151 + 0.157 - slippage 3.0628 = " +
		"net 11.6292 > threshold 0.314, size 3, ages 20ms and 0s"
	if v.String() != line {
		t.Errorf("%s\nwant\n%s", v, line)
	}
}

func TestBestOfMany(t *testing.T) {
	cfg := config(marketA, marketB, marketC)
	cfg.Pairs = append(cfg.Pairs, arb.Pair{A: marketC, B: marketA})
	s := mustScanner(t, cfg)
	_, v := observe(s, book(marketB, "101 1", "102 1"), book(marketC, "103 1", "104 1"))
	if v.Buy != marketB || v.Sell != marketC || !v.Pass {
		t.Fatal(v)
	}
	// A sells to both now: C pays more, though B is asked first.
	if _, v = s.Observe(book(marketA, "99 1", "100 1")); !v.Pass || v.Buy != marketA || v.Sell != marketC {
		t.Errorf("not the best of two: %s", v)
	}
	// And when B pays more, it is B.
	s.Observe(book(marketB, "105 1", "106 1"))
	if _, v = s.Observe(book(marketA, "99 1", "100 1")); !v.Pass || v.Buy != marketA || v.Sell != marketB {
		t.Errorf("not the best of two: %s", v)
	}
	s.Observe(book(marketB, "101 1", "102 1"))
	// Neither passes: the nearest miss is the one that is crossed.
	if _, v = s.Observe(book(marketA, "100 1", "102.97 1")); v.Term != arb.TermFees || v.Sell != marketC {
		t.Errorf("not the nearest miss: %s", v)
	}
	// None is crossed: A's bid of 101.98 is nearest to B's ask of 102.
	if _, v = s.Observe(book(marketA, "101.98 1", "103.98 1")); v.Term != arb.TermNotCrossed || v.Buy != marketB || v.Sell != marketA {
		t.Errorf("not the nearest: %s", v)
	}
}

func TestForget(t *testing.T) {
	s := mustScanner(t, config(marketA, marketB))
	asks, bids := book(marketA, "", "100 1"), book(marketB, "110 1", "")
	if _, v := observe(s, asks, bids); !v.Pass {
		t.Fatal(v)
	}
	s.Forget(marketA)
	s.Forget(marketC) // unknown: nothing happens
	if _, v := s.Observe(bids); v.Term != arb.TermNoCounterpart || v.Buy != marketB || v.Sell != marketA {
		t.Errorf("forgotten, and still there: %s", v)
	}
	if _, v := s.Observe(asks); !v.Pass {
		t.Errorf("back again: %s", v)
	}
}

// TestBooksAreCopied: what the caller does to a book afterwards changes nothing.
func TestBooksAreCopied(t *testing.T) {
	s := mustScanner(t, config(marketA, marketB))
	asks := book(marketA, "", "100 1")
	s.Observe(asks)
	asks.Asks[0] = exchange.Level{Price: 1, Size: 1}
	o, v := s.Observe(book(marketB, "110 1", ""))
	if !v.Pass || !o.Plan.Legs[0].Price.Equal(dec("100")) {
		t.Fatal(v)
	}
	before := v.String()
	s.Observe(book(marketA, "", "109 1"))
	if v.String() != before {
		t.Errorf("a verdict changed with a later book: %s", v)
	}
}

func TestSetFees(t *testing.T) {
	cfg := config(marketC, marketA, marketB)
	cfg.Slippage = dec("0.0001")
	s := mustScanner(t, cfg)
	asks, bids := book(marketA, "", "100 1"), book(marketB, "100.5 1", "")
	_, before := observe(s, asks, bids)
	line := before.String()
	if err := s.SetFees(marketB, fees("0.01", "0")); err != nil {
		t.Fatal(err)
	}
	if _, v := s.Observe(bids); !before.Pass || v.Term != arb.TermFees || before.String() != line {
		t.Errorf("before %s, after %s", before, v)
	}
	for name, f := range map[string]arb.Fees{"too fine": fees("0.0000000001", "0"), "all of it": fees("0.9999", "0"), "negative gas": fees("0", "-1")} {
		if err := s.SetFees(marketA, f); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.SetFees(marketB, fees("0.0005", "0")); err != nil {
		t.Fatal(err)
	}
	if _, v := s.Observe(bids); !v.Pass {
		t.Errorf("a refused change has left its trace: %s", v)
	}
	if err := s.SetFees(marketB, fees("0.0005", "100")); err != nil {
		t.Fatal(err)
	}
	if _, v := s.Observe(bids); v.Term != arb.TermFees {
		t.Errorf("gas has risen, and nobody saw it: %s", v)
	}
	if err := s.SetFees(exchange.Market{}, arb.Fees{}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("a market in no pair: %v", err)
	}
}

// TestScales: the same prices in other units make the same decision.
func TestScales(t *testing.T) {
	want, _ := observe(mustScanner(t, config(marketA, marketB)), book(marketA, "", "100 3"), book(marketB, "110 2, 109 1", ""))
	fine := &exchange.Book{Market: marketA, Scale: exchange.Scale{Price: -9, Size: -8}, RecvTime: start}
	fine.Asks = levels(fine.Scale, "100 3")
	coarse := &exchange.Book{Market: marketB, Scale: exchange.Scale{Price: 0, Size: 0}, RecvTime: start}
	coarse.Bids = levels(coarse.Scale, "110 2, 109 1")
	s := mustScanner(t, config(marketA, marketB))
	got, v := observe(s, book(marketA, "", "100 3"), fine, coarse)
	if !v.Pass || !got.Net.Equal(want.Net) || !got.Size.Equal(want.Size) || !got.Plan.Legs[1].Price.Equal(want.Plan.Legs[1].Price) {
		t.Errorf("%s\nwant %s", v, want.Arithmetic)
	}
}

func TestNoAllocations(t *testing.T) {
	tests := []struct {
		name  string
		fixed string
		bids  string
		want  arb.Term
	}{
		{"not crossed", "0", "99 1", arb.TermNotCrossed},
		{"fees", "0", "100.05 1", arb.TermFees},
		{"a walk of five levels that fixed costs spoil", "1000", "110 1, 109 1, 108 1, 107 1, 106 1", arb.TermFees},
		{"no depth", "0", "", arb.TermDepth},
		{"crossed", "0", "120 1", arb.TermInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(marketA, marketB)
			cfg.Fees[marketA] = fees("0.0005", tt.fixed)
			s := mustScanner(t, cfg)
			asks, bids := book(marketA, "", "100 1, 100.5 2, 101 1, 102 5"), book(marketB, tt.bids, "115 1")
			if _, v := observe(s, asks, bids); v.Term != tt.want {
				t.Fatal(v)
			}
			if n := testing.AllocsPerRun(100, func() { s.Observe(asks); s.Observe(bids) }); n != 0 {
				t.Errorf("%g allocations", n)
			}
		})
	}
}
