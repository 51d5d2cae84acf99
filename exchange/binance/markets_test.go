package binance_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// A symbol whose name at the venue is another's is refused: it would be the other market's order, and its fills would be told of this one.
func TestNamesAreNotTaken(t *testing.T) {
	wrong := exchange.MustSymbol("BTCU-SDT")
	bubble(t, "asked before the list is read", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		_, _ = x.Fees(t.Context(), wrong)
		f := streaming(t, o, x)
		put(t, o, x, "BTC-USDT", "")
		if _, err := x.Fees(t.Context(), wrong); !errors.Is(err, invalid) || !strings.Contains(err.Error(), "BTC-USDT") {
			t.Errorf("%v", err)
		}
		r := limit("BTCU-SDT", "100", "2")
		if _, err := x.Place(t.Context(), r); !errors.Is(err, invalid) || exchange.OutcomeOf(err) != exchange.ErrNotSent {
			t.Errorf("%v", err)
		}
		o.execute("id-1", "100", "0.5")
		n := 0
		for _, e := range f.events() {
			if e.Kind == exchange.OrderUpdate {
				n++
				if e.Order.Market != market("BTC-USDT") {
					t.Errorf("told of %s", e.Order.Market)
				}
			}
		}
		if n == 0 || o.count(spotPlace) != 1 {
			t.Errorf("%d events, %d orders", n, o.count(spotPlace))
		}
	})
	bubble(t, "asked when another was asked about", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		put(t, o, x, "BTC-USDT", "")
		if _, err := x.Fees(t.Context(), wrong); !errors.Is(err, invalid) {
			t.Errorf("%v", err)
		}
		if _, err := x.Fees(t.Context(), exchange.MustSymbol("BTC-USDT-PERP")); err != nil { // the other market has names of its own
			t.Error(err)
		}
	})
}

// A market that is given twice is one.
func TestKindsTwice(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(func(c *binance.Config) {
			c.Kinds = []exchange.Kind{exchange.Perp, exchange.Spot, exchange.Perp, exchange.Spot}
		})
		list, err := x.Balances(t.Context())
		seen := map[string]bool{}
		for _, b := range list {
			key := b.Wallet.String() + string(b.Asset)
			if seen[key] {
				t.Errorf("%s twice", key)
			}
			seen[key] = true
		}
		if err != nil || len(list) < 2 {
			t.Errorf("%s, %v", showBalances(list), err)
		}
		if _, err := x.ServerTime(t.Context()); err != nil || o.asked("GET")[len(o.asked("GET"))-1].path != "/api/v3/time" {
			t.Errorf("%v, the clock of %v", err, o.asked("GET"))
		}
	})
}

// Hosts of markets that the account does not have are not asked: where addresses were left empty they would be the real ones.
func TestInstrumentsOfKinds(t *testing.T) {
	bubble(t, "spot only", func(t *testing.T, o *office) {
		x := o.exchange(func(c *binance.Config) { c.Kinds = []exchange.Kind{exchange.Spot} })
		list, err := x.Instruments(t.Context())
		if err != nil || len(list) == 0 {
			t.Fatalf("%d, %v", len(list), err)
		}
		for _, i := range list {
			if i.Market.Symbol.Kind != exchange.Spot {
				t.Errorf("%s", i.Market)
			}
		}
		if n := len(o.asked("GET /fapi/")); n != 0 {
			t.Errorf("futures were asked %d times", n)
		}
	})
}
