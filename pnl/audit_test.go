package pnl

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// The audit must be able to fail: each way to break a ledger shows.
func TestImbalanceSeesDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*Ledger)
		want   string
	}{
		{"an amount changed", func(l *Ledger) { l.entries.at(2).amount = exchange.MustDecimal("7") }, "USDT"},
		{"an entry lost", func(l *Ledger) { l.entries.n-- }, "USDT"},
		{"an entry twice", func(l *Ledger) { l.entries.add(*l.entries.at(0)) }, "BTC"},
		{"a balance without an entry", func(l *Ledger) { l.accounts[0].balance = exchange.MustDecimal("1") }, "BTC"},
		{"an entry on the wrong account", func(l *Ledger) {
			l.entries.at(0).account, l.entries.at(2).account = l.entries.at(2).account, l.entries.at(0).account
		}, "BTC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLedger()
			m := exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("BTC-USDT")}
			f := exchange.Fill{Market: m, TradeID: "1", VenueID: "1", Side: exchange.Buy, Price: exchange.MustDecimal("3"), Quantity: exchange.MustDecimal("2")}
			if err := l.Record(f); err != nil {
				t.Fatal(err)
			}
			if off := l.Imbalance(); len(off) != 0 {
				t.Fatalf("before the damage: %v", off)
			}
			c.damage(l)
			off := l.Imbalance()
			if len(off) == 0 || string(off[0].Asset) != c.want {
				t.Errorf("imbalance %v, want one of %s", off, c.want)
			}
		})
	}
}
