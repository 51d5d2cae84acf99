package order_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/order"
)

// Compensations start from the current price, widen, and are unpriced only at the end.
func TestUnwindLadder(t *testing.T) {
	b := books{market("a"): flatBook("a", 1_000_000, 10_000, start), market("b"): flatBook("b", 1_000_000, 10_000, start)}
	for _, c := range []struct {
		name   string
		cfg    order.Config
		down   bool
		prices string // of the sales on a; bid 9999, the leg's own price 10010
	}{
		{"from the bid", order.Config{Books: b, Unwind: order.Unwind{Attempts: 7}}, false, "9989.01 9979.01 9959.01 9919.01 9839.02 9839.02 market"},
		{"priced to the end", order.Config{Books: b, Unwind: order.Unwind{Attempts: 2, Priced: true}}, false, "9989.01 9979.01"},
		{"another band", order.Config{Books: b, Unwind: order.Unwind{Attempts: 3, Band: dec("0.01")}}, false, "9899.01 9799.02 market"},
		{"without a book from the leg's price", order.Config{Unwind: order.Unwind{Attempts: 3}}, false, "9999.99 9989.98 market"},
		{"the book went down", order.Config{Books: b, Unwind: order.Unwind{Attempts: 2}}, true, "9999.99 market"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b[market("a")] = flatBook("a", 1_000_000, 10_000, start)
			p := newPair(t, c.cfg, []fate{full, nothing}, []fate{nothing})
			p.driver.Execute(plan("0.01"), func(order.Result, error) {})
			if c.down {
				b[market("a")].Invalidate(exchange.ErrGap)
			}
			p.loop.Run()
			var got []string
			for _, r := range p.a.placed[1:] {
				if r.Side != exchange.Sell || r.TIF != exchange.IOC || r.ReduceOnly {
					t.Errorf("compensation %+v", r)
				}
				if r.Type == exchange.TypeMarket {
					got = append(got, "market")
				} else {
					got = append(got, r.Price.String())
				}
			}
			for i, at := range p.a.placedAt[1:] { // 1 ms to each answer, 100 ms of pause from the second on
				if want := time.Duration(i+1)*time.Millisecond + time.Duration(i)*100*time.Millisecond; at.Sub(start) != want {
					t.Errorf("attempt %d after %s, want %s", i+1, at.Sub(start), want)
				}
			}
			if s := strings.Join(got, " "); s != c.prices {
				t.Errorf("prices %s, want %s", s, c.prices)
			}
			if len(p.ended) != 1 || p.ended[0].Outcome != order.Exposed || p.ended[0].Reason != "attempts_spent" || !p.ended[0].Residual.Equal(dec("0.01")) {
				t.Errorf("ended %+v", p.ended)
			}
		})
	}
}

// A venue that refuses to take a surplus back gives way to the other one: what is missing there is completed.
func TestCompletesWhereUnwindingIsRefused(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full, rejected}, []fate{nothing, full})
	r, err := p.run(t, plan("0.01"))
	if err != nil || r.Outcome != order.Unwound || r.Attempts != 2 || !p.truth().IsZero() {
		t.Fatalf("%s after %d attempts, %v, the venues say %s", r.Outcome, r.Attempts, err, p.truth())
	}
	if last := p.b.placed[1]; last.Side != exchange.Sell || !r.Legs[1].Net.Equal(dec("-0.01")) || !r.Legs[1].Filled.IsZero() {
		t.Errorf("sent %+v, leg %+v", last, r.Legs[1])
	}
}

// keeper is a Journal that can be read.
type keeper struct {
	order.HashJournal
	text strings.Builder
}

func (k *keeper) Append(rec []byte) (uint64, error) {
	k.text.Write(rec)
	return k.HashJournal.Append(rec)
}

// The journal tells a group's story, the answers of Quoter and gate included, in the order in which it happened.
func TestJournalInWords(t *testing.T) {
	k := new(keeper)
	b := books{market("a"): flatBook("a", 1_000_000, 10_000, start), market("b"): flatBook("b", 1_000_000, 10_000, start)}
	p := newPair(t, order.Config{Journal: k, Books: b}, []fate{full}, []fate{rejected})
	if _, err := p.run(t, plan("0.01")); err != nil {
		t.Fatal(err)
	}
	want := `plan T+0 ORD-20240521-1 "cross"
leg a:BTC-USDT buy limit IOC 10010 0.01 -
leg b:BTC-USDT sell limit IOC 9990 0.01 -
book 9999.00 10001.00 0.01 T+0 T+0
book 9999.00 10001.00 0.01 T+0 T+0
order T+0 ORD-20240521-1-00 open a:BTC-USDT buy limit IOC 10010 0.01 T+2000
order T+0 ORD-20240521-1-01 open b:BTC-USDT sell limit IOC 9990 0.01 T+2000
end T+1 ORD-20240521-1-00 4 0.0100
end T+1 ORD-20240521-1-01 7 0
quote T+1 ORD-20240521-1
book 9999.00 10001.00 0.01 T+0 T+0
book 9999.00 10001.00 0.01 T+0 T+0
order T+1 ORD-20240521-1-02 compensate a:BTC-USDT sell limit IOC 9989.01 0.0100 T+2001
end T+2 ORD-20240521-1-02 4 0.0100
result T+2 ORD-20240521-1 unwound 0.0000
`
	if got := relative(k.text.String()); got != want {
		t.Errorf("journal:\n%s\nwant:\n%s", got, want)
	}
}

// relative writes instants as T+milliseconds.
func relative(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' })
	for _, w := range words {
		if n, err := strconv.ParseInt(w, 10, 64); err == nil && n > 1e15 {
			s = strings.Replace(s, w, fmt.Sprintf("T+%d", time.Unix(0, n).Sub(start).Milliseconds()), 1)
		}
	}
	return s
}

// Client ids keep apart with their hyphens left out, as some venues want them.
func TestClientIDsWithoutHyphens(t *testing.T) {
	ids := map[string]string{}
	p := newPair(t, order.Config{Overlap: true, MaxGroups: 100, Instruments: noMinimum(), Unwind: order.Unwind{Attempts: 30}}, []fate{partial}, []fate{nothing})
	for range 100 {
		p.driver.Execute(plan("0.02"), func(_ order.Result, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	p.loop.Run()
	for _, r := range append(p.a.placed, p.b.placed...) {
		short := strings.ReplaceAll(r.ClientID, "-", "")
		if other, dup := ids[short]; dup {
			t.Fatalf("%s and %s are both %s", other, r.ClientID, short)
		}
		ids[short] = r.ClientID
	}
	if len(ids) < 1000 {
		t.Errorf("only %d orders", len(ids))
	}
}

func TestConfigIsChecked(t *testing.T) {
	bad := instrument("a")
	bad.Tick = dec("0")
	for name, cfg := range map[string]order.Config{
		"prefix with a hyphen": {Prefix: "A-B"},
		"long prefix":          {Prefix: "ABCDEFGHI"},
		"negative duration":    {Valid: -1},
		"negative bound":       {MaxGroups: -1},
		"too many attempts":    {Unwind: order.Unwind{Attempts: 31}},
		"negative rate":        {FeeReserve: dec("-1")},
		"instrument":           {Instruments: []exchange.Instrument{bad}},
	} {
		if _, err := order.NewMachine(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := newPair(t, order.Config{}, []fate{full}, []fate{full})
	if _, err := order.NewDriver(order.Config{}, p.loop, p.a, p.a); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("two traders of one account: %v", err)
	}
}
