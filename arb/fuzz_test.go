package arb_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// FuzzObserve shows a scanner books of any numbers in any order. It may not panic, and what it proposes must be what the books hold,
// computed in another way.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{}, int8(-2), int8(-5), int8(-2), int8(-5))
	f.Add(fuzzLevels(10000, 5, 10100, 5, 10200, 7, 10300, 9), int8(-2), int8(-5), int8(-2), int8(-5))
	f.Add(fuzzLevels(1<<62, 1<<62, 1<<62+1, 1<<62, 1<<62+2, 1<<62, 1<<62+3, 1<<62), int8(0), int8(0), int8(0), int8(0))
	f.Add(fuzzLevels(-1, 0, 0, -1, 5, 5, 4, 4), int8(127), int8(-128), int8(-128), int8(127))
	f.Add(fuzzLevels(100, 90, 10100, 5, 109, 1<<60, 10300, 9), int8(0), int8(10), int8(0), int8(9))
	f.Fuzz(func(t *testing.T, data []byte, priceA, sizeA, priceB, sizeB int8) {
		a := &exchange.Book{Market: marketA, Scale: exchange.Scale{Price: priceA, Size: sizeA}, RecvTime: start}
		b := &exchange.Book{Market: marketB, Scale: exchange.Scale{Price: priceB, Size: sizeB}, RecvTime: start.Add(time.Millisecond)}
		sides := []*[]exchange.Level{&a.Asks, &b.Bids, &a.Bids, &b.Asks}
		for i := 0; len(data) >= 16; i++ {
			l := exchange.Level{Price: int64(binary.LittleEndian.Uint64(data)), Size: int64(binary.LittleEndian.Uint64(data[8:]))}
			*sides[i%4] = append(*sides[i%4], l)
			data = data[16:]
		}
		cfg := config(marketA, marketB)
		cfg.Notional = dec("1e30")
		cfg.Tolerance = dec("0.001")
		for i, scale := range []exchange.Scale{a.Scale, b.Scale} {
			cfg.Instruments[i].Tick = exchange.Scaled(1, int(scale.Price))
		}
		s := mustScanner(t, cfg)
		for _, x := range []*exchange.Book{a, b, a} {
			o, v := s.Observe(x)
			if len(v.String()) == 0 || v.Pass != (v.Term == arb.TermPassed) {
				t.Fatalf("%+v", v)
			}
			if v.Pass {
				checkAgainstBooks(t, cfg, o, map[exchange.Market]*exchange.Book{marketA: a, marketB: b})
			}
		}
	})
}

func checkAgainstBooks(t *testing.T, cfg arb.ScannerConfig, o arb.Opportunity, books map[exchange.Market]*exchange.Book) {
	t.Helper()
	var walked [2]arb.Walked
	for i, l := range o.Plan.Legs {
		w, err := arb.Walk(books[l.Market], l.Side, l.Quantity)
		if err != nil {
			t.Fatalf("leg %d: %v", i, err)
		}
		worse := w.Worst.Cmp(l.Price)
		if l.Side == exchange.Buy && worse > 0 || l.Side == exchange.Sell && worse < 0 {
			t.Fatalf("leg %d stops at %s, the walk at %s", i, l.Price, w.Worst)
		}
		walked[i] = w
	}
	f := dec("0.0005")
	net := walked[1].Notional.Sub(walked[0].Notional).Sub(f.Mul(walked[0].Notional)).Sub(f.Mul(walked[1].Notional))
	if !net.Equal(o.Net) || net.Sign() <= 0 || walked[1].Notional.Cmp(cfg.Notional) > 0 {
		t.Fatalf("%s; by the books %s", o.Arithmetic, net)
	}
}

func fuzzLevels(numbers ...int64) (b []byte) {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return b
}
