package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

func TestRestingOrdersFillByPriceThenTime(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	for _, r := range []exchange.OrderRequest{
		limit("low", spot, exchange.Buy, "1", "99.5"), limit("first", spot, exchange.Buy, "1", "100"),
		limit("second", spot, exchange.Buy, "1", "100"), limit("high", spot, exchange.Buy, "1", "100.5"),
	} {
		checkShape(t, submit(t, e, r), nil, "accepted 0")
	}
	// 1.5 at 100.5 or better, and 1 more at 100.
	setBook(t, e, book(spot, [][2]int64{{900, 1}}, [][2]int64{{985, 50}, {1005, 100}}))
	setBook(t, e, book(spot, [][2]int64{{900, 1}}, [][2]int64{{985, 50}, {1000, 100}}))
	var got []string
	for _, f := range e.Log() {
		got = append(got, fmt.Sprintf("%s %s@%s %v %s", f.ClientID, f.Quantity, f.Price, f.Maker, f.Fee))
	}
	want := []string{"high 1.00@100.5 true 0.100500", "first 1.00@100.0 true 0.100000"}
	if !slices.Equal(got, want) {
		t.Errorf("fills %q\nwant %q", got, want)
	}
	if got := visible(t, e, spot, exchange.Buy); got != "[]" {
		t.Errorf("makers left %s", got)
	}
	o, err := e.Lookup(exchange.OrderRef{Market: spot, ClientID: "second"})
	checkShape(t, o, err, "accepted 0")
}

func TestBalancesAreLockedAndFreed(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	buy := limit("b", spot, exchange.Buy, "2", "100")
	submit(t, e, buy)
	checkBalance(t, e, "USDT", "799.6", "200.4") // the larger of the fees is locked too
	submit(t, e, limit("s", spot, exchange.Sell, "3", "110"))
	checkBalance(t, e, "BTC", "7", "3")
	setBook(t, e, book(spot, nil, [][2]int64{{1000, 50}}))
	checkBalance(t, e, "USDT", "799.65", "150.3") // 50 paid, 0.05 of maker fee, 0.05 freed
	checkBalance(t, e, "BTC", "7.5", "3")
	if _, err := e.Cancel(start, buy.Ref()); err != nil {
		t.Fatal(err)
	}
	checkBalance(t, e, "USDT", "949.95", "0")
	audit(t, config(), e)
}

func TestReplace(t *testing.T) {
	for _, c := range []struct {
		name   string
		change exchange.Change
		want   string
		locked string
		first  bool // it still is before the other order of its price
	}{
		{"a better price", exchange.Change{Price: dec("100.5")}, "accepted 0", "202.004", true},
		{"a worse price", exchange.Change{Price: dec("99.5")}, "accepted 0", "200", false},
		{"less quantity keeps its place", exchange.Change{Quantity: dec("0.5")}, "accepted 0", "150", true},
		{"more quantity loses it", exchange.Change{Quantity: dec("1.5")}, "accepted 0", "250", false},
		{"a price that takes", exchange.Change{Price: dec("101")}, "filled 1.00 1.00@101.0", "100", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			cfg.Fees = exchange.FeeRates{}
			e := newEngine(t, cfg)
			setBook(t, e, around100(spot))
			a, b := limit("a", spot, exchange.Buy, "1", "100"), limit("b", spot, exchange.Buy, "1", "100")
			submit(t, e, a)
			submit(t, e, b)
			o, err := e.Replace(start, a.Ref(), c.change)
			checkShape(t, o, err, c.want)
			if o.Version != 2 {
				t.Errorf("version %d, want 2", o.Version)
			}
			audit(t, cfg, e)
			if o.Status == exchange.StatusFilled {
				return
			}
			setBook(t, e, book(spot, nil, [][2]int64{{995, 10}}))
			if got := e.Log()[0].ClientID == "a"; got != c.first {
				t.Errorf("%s filled first", e.Log()[0].ClientID)
			}
			audit(t, cfg, e)
		})
	}
}

func TestReplaceRefusesAndChangesNothing(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	r := limit("a", spot, exchange.Buy, "2", "100")
	r.PostOnly = true
	submit(t, e, r)
	setBook(t, e, book(spot, [][2]int64{{900, 100}}, [][2]int64{{1000, 50}}))
	setBook(t, e, around100(spot))
	done := limit("done", spot, exchange.Buy, "1", "101")
	submit(t, e, done)
	before, _ := e.Lookup(r.Ref())
	for _, c := range []struct {
		name   string
		ref    exchange.OrderRef
		change exchange.Change
		class  error
	}{
		{"unknown", exchange.OrderRef{Market: spot, ClientID: "z"}, exchange.Change{Price: dec("99")}, exchange.ErrNotFound},
		{"another market", exchange.OrderRef{Market: perp, ClientID: "a"}, exchange.Change{Price: dec("99")}, exchange.ErrNotFound},
		{"another account", exchange.OrderRef{Market: spot, Account: "b", ClientID: "a"}, exchange.Change{Price: dec("99")}, exchange.ErrNotFound},
		{"ended", done.Ref(), exchange.Change{Price: dec("99")}, exchange.ErrConflict},
		{"nothing to change", r.Ref(), exchange.Change{Price: dec("100.0")}, exchange.ErrInvalid},
		{"off the tick", r.Ref(), exchange.Change{Price: dec("100.1")}, exchange.ErrInvalid},
		{"negative", r.Ref(), exchange.Change{Quantity: dec("-1")}, exchange.ErrInvalid},
		{"filled already", r.Ref(), exchange.Change{Quantity: dec("0.5")}, exchange.ErrConflict},
		{"too dear", r.Ref(), exchange.Change{Quantity: dec("100")}, exchange.ErrInsufficientFunds},
		{"post-only would take", r.Ref(), exchange.Change{Price: dec("102")}, nil},
	} {
		_, err := e.Replace(start, c.ref, c.change)
		if !errors.Is(err, exchange.ErrRejected) || c.class != nil && !errors.Is(err, c.class) {
			t.Errorf("%s: %v, want a rejection, %v", c.name, err, c.class)
		}
	}
	after, err := e.Lookup(r.Ref())
	checkShape(t, after, err, shape(before))
	if after.Version != 1 || !after.Price.Equal(before.Price) || !after.Quantity.Equal(before.Quantity) {
		t.Errorf("changed to %+v", after)
	}
	audit(t, config(), e)
}

func TestCancelRefuses(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	r := limit("a", spot, exchange.Buy, "1", "100")
	o := submit(t, e, r)
	if _, err := e.Cancel(start, exchange.OrderRef{Market: spot, VenueID: o.VenueID}); err != nil {
		t.Errorf("by venue id: %v", err)
	}
	if _, err := e.Cancel(start, r.Ref()); !errors.Is(err, exchange.ErrRejected) || !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
	if _, err := e.Cancel(start, exchange.OrderRef{Market: spot, ClientID: "z"}); !errors.Is(err, exchange.ErrRejected) || !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

// A scale in which a resting order does not fit makes that book unusable, not the order wrong.
func TestScaleThatARestingOrderDoesNotFit(t *testing.T) {
	cfg := config()
	cfg.Balances[1].Quantity = dec("1e13")
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	submit(t, e, limit("small", spot, exchange.Sell, "1", "105"))
	submit(t, e, limit("huge", spot, exchange.Sell, "1000000000000", "105"))
	fine := book(spot, [][2]int64{{1060, 300}}, nil)
	fine.Scale.Size = -8
	for range 2 {
		if err := e.SetBook(start, fine); !errors.Is(err, exchange.ErrScale) {
			t.Errorf("got %v, want an error about the scale", err)
		}
	}
	if len(e.Log()) != 0 {
		t.Errorf("it filled: %v", e.Log())
	}
	setBook(t, e, book(spot, [][2]int64{{1060, 300}}, nil))
	o, err := e.Lookup(exchange.OrderRef{Market: spot, ClientID: "huge"})
	checkShape(t, o, err, "partially filled 2.00 2.00@105.0")
	audit(t, cfg, e)
}
