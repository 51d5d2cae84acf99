package sim_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestSelfTrade(t *testing.T) {
	for _, c := range []struct {
		name          string
		engine, order sim.SelfTrade
		taker, maker  string
		reason        string
		fills         []string
	}{
		{"by default they trade", 0, 0, "filled 2.00 1.00@100.0 1.00@100.5", "filled 1.00 1.00@100.0", "", []string{"/t 1.00@100.0", "/m 1.00@100.0 maker", "/t 1.00@100.5", "two/o 1.00@100.5 maker"}},
		{"the taker ends", sim.CancelTaker, 0, "expired 0", "accepted 0", sim.ReasonSelfTrade, nil},
		{"the maker ends", sim.CancelMaker, 0, "filled 2.00 1.00@100.5 1.00@101.0", "expired 0", "", []string{"/t 1.00@100.5", "two/o 1.00@100.5 maker", "/t 1.00@101.0"}},
		{"both end", sim.CancelBoth, 0, "expired 0", "expired 0", sim.ReasonSelfTrade, nil},
		{"the order's own terms", sim.CancelBoth, sim.None, "filled 2.00 1.00@100.0 1.00@100.5", "filled 1.00 1.00@100.0", "", []string{"/t 1.00@100.0", "/m 1.00@100.0 maker", "/t 1.00@100.5", "two/o 1.00@100.5 maker"}},
		{"its own terms again", sim.None, sim.CancelTaker, "expired 0", "accepted 0", sim.ReasonSelfTrade, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := crowded()
			cfg.SelfTrade = c.engine
			e := newEngine(t, cfg)
			setBook(t, e, around100(spot))
			m := submit(t, e, limit("m", spot, exchange.Sell, "1", "100"))
			submit(t, e, of("two", limit("o", spot, exchange.Sell, "1", "100.5")))
			o, err := e.SubmitWith(start, limit("t", spot, exchange.Buy, "2", "101"), sim.Terms{SelfTrade: c.order})
			checkShape(t, o, err, c.taker)
			if o.Reason != c.reason {
				t.Errorf("reason %q, want %q", o.Reason, c.reason)
			}
			back, err := e.Lookup(m.Ref())
			checkShape(t, back, err, c.maker)
			checkTold(t, e, c.fills...)
			audit(t, cfg, e)
		})
	}
}

// Fill-or-kill counts what self-trade prevention leaves, and leaves all as it was when that is too little.
func TestSelfTradeOfFillOrKill(t *testing.T) {
	for _, c := range []struct {
		stp      sim.SelfTrade
		quantity string
		want     string
		open     int
	}{
		{sim.CancelMaker, "2", "filled 2.00 1.00@100.5 1.00@101.0", 0},
		{sim.CancelMaker, "2.01", "expired 0", 2},
		{sim.CancelTaker, "0.01", "expired 0", 2},
		{sim.None, "3", "filled 3.00 1.00@100.0 1.00@100.5 1.00@101.0", 0},
	} {
		e := newEngine(t, crowded())
		setBook(t, e, around100(spot))
		submit(t, e, limit("m", spot, exchange.Sell, "1", "100"))
		submit(t, e, of("two", limit("o", spot, exchange.Sell, "1", "100.5")))
		r := limit("t", spot, exchange.Buy, c.quantity, "101")
		r.TIF = exchange.FOK
		o, err := e.SubmitWith(start, r, sim.Terms{SelfTrade: c.stp})
		checkShape(t, o, err, c.want)
		if got := len(e.OpenOrders("", spot.Symbol)) + len(e.OpenOrders("two", spot.Symbol)); got != c.open {
			t.Errorf("%d of %s: %d orders rest, want %d", c.stp, c.quantity, got, c.open)
		}
	}
}

func TestTermsOfOrdersThatEndAtOnce(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	post := limit("p", spot, exchange.Buy, "1", "101")
	post.PostOnly = true
	o, err := e.SubmitWith(start, post, sim.Terms{PostOnlyEnds: true})
	checkShape(t, o, err, "expired 0")
	o2, err := e.SubmitWith(start, limit("r", spot, exchange.Buy, "1", "101"), sim.Terms{Reject: "by a fault"})
	checkShape(t, o2, err, "accepted 0")
	var got []string
	news, _, _ := e.Events(0)
	for _, ev := range news {
		got = append(got, ev.Order.ClientID+" "+ev.Order.Status.String()+" "+ev.Order.Reason)
	}
	if want := []string{"p accepted ", "p expired " + sim.ReasonPostOnly, "r accepted ", "r rejected by a fault"}; !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if n := len(e.Orders("", spot.Symbol, start)); n != 2 {
		t.Errorf("%d orders are remembered", n)
	}
	if at, ok := e.Created(o.Ref()); !ok || !at.Equal(start) {
		t.Errorf("created %s, %v", at, ok)
	}
	checkBalance(t, e, "USDT", "1000", "0")
	if _, err := e.Submit(start, post); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("its client id again: %v", err)
	}
}

// Where a fault lets a part of an order execute only, what it would have crossed is gone: the book is never crossed.
func TestPercent(t *testing.T) {
	for _, c := range []struct {
		name string
		req  exchange.OrderRequest
		want string
		asks string
		bids string
	}{
		{"an IOC order expires", ioc(limit("t", spot, exchange.Buy, "2", "102")), "expired 1.00 1.00@101.0", "[{1020 500}]", "[{990 100} {980 500}]"},
		{"a GTC order rests", limit("t", spot, exchange.Buy, "2", "101.5"), "partially filled 1.00 1.00@101.0", "[{1020 500}]", "[{1015 100} {990 100} {980 500}]"},
		{"and what it crosses is gone", limit("t", spot, exchange.Buy, "2", "102"), "partially filled 1.00 1.00@101.0", "[]", "[{1020 100} {990 100} {980 500}]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, config())
			setBook(t, e, around100(spot))
			o, err := e.SubmitWith(start, c.req, sim.Terms{Percent: 50})
			checkShape(t, o, err, c.want)
			if asks, bids := visible(t, e, spot, exchange.Buy), visible(t, e, spot, exchange.Sell); asks != c.asks || bids != c.bids {
				t.Errorf("asks %s, bids %s; want %s, %s", asks, bids, c.asks, c.bids)
			}
			audit(t, config(), e)
		})
	}
	e := newEngine(t, crowded())
	setBook(t, e, around100(spot))
	submit(t, e, of("two", limit("m", spot, exchange.Sell, "1", "100")))
	b := submit(t, e, limit("b", spot, exchange.Buy, "2", "99.5"))
	o, err := e.ReplaceWith(start, b.Ref(), exchange.Change{Price: dec("101")}, sim.Terms{Percent: 1})
	checkShape(t, o, err, "expired 0.02 0.02@100.0") // an account's order cannot vanish
	audit(t, crowded(), e)
}

func TestTheVenueFillsAndEndsOrders(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	a := submit(t, e, limit("a", spot, exchange.Buy, "2", "100"))
	o, err := e.Fill(start, a.Ref(), dec("0.5"))
	checkShape(t, o, err, "partially filled 0.50 0.50@100.0")
	if _, err := e.Fill(start, a.Ref(), dec("0.001")); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("less than a lot: %v", err)
	}
	if _, err := e.End(start, a.Ref(), exchange.StatusFilled, "no"); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("ended as filled: %v", err)
	}
	o, err = e.End(start, a.Ref(), exchange.StatusRejected, "why")
	if err != nil || o.Status != exchange.StatusRejected || o.Reason != "why" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := e.Fill(start, a.Ref(), dec("0.5")); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("filled after its end: %v", err)
	}
	b := submit(t, e, limit("b", spot, exchange.Buy, "2", "100"))
	o, err = e.Fill(start, b.Ref(), dec("5"))
	checkShape(t, o, err, "filled 2.00 2.00@100.0")
	if got := visible(t, e, spot, exchange.Buy); got != "[{1010 100} {1020 500}]" {
		t.Errorf("the book gave something: %s", got)
	}
	audit(t, config(), e)
}
