package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// FuzzSubmit sends an order with arbitrary fields and terms to an engine with a position and resting orders of two accounts: it answers or
// refuses with certainty, the book is never crossed, and the accounts balance.
func FuzzSubmit(f *testing.F) {
	f.Add(uint8(1), uint8(0), uint8(1), uint8(0), "1", "101", int64(0), uint8(0))
	f.Add(uint8(2), uint8(1), uint8(0), uint8(0), "3", "0", int64(-1), uint8(1))
	f.Add(uint8(2), uint8(0), uint8(2), uint8(2), "10", "98", int64(1), uint8(1))
	f.Add(uint8(1), uint8(0), uint8(0), uint8(1), "0.01", "1e30", int64(0), uint8(0))
	f.Add(uint8(1), uint8(0), uint8(0), uint8(4*3+64), "3", "102", int64(0), uint8(1))
	f.Add(uint8(2), uint8(0), uint8(2), uint8(4*2+128), "1.5", "98", int64(0), uint8(0))
	f.Add(uint8(2), uint8(0), uint8(0), uint8(3), "1e50", "1e-50", int64(0), uint8(1))
	f.Fuzz(func(t *testing.T, side, kind, tif, flags uint8, quantity, price string, deadline int64, market uint8) {
		q, err := exchange.ParseDecimal(quantity)
		if err != nil {
			return
		}
		p, err := exchange.ParseDecimal(price)
		if err != nil {
			return
		}
		cfg := crowded()
		e := newEngine(t, cfg)
		m := []exchange.Market{spot, perp, {Venue: "y", Symbol: spot.Symbol}}[market%3]
		for _, b := range []exchange.Market{spot, perp} {
			setBook(t, e, around100(b))
		}
		submitOK := func(r exchange.OrderRequest) {
			if _, err := e.Submit(start, r); err != nil {
				t.Fatal(err)
			}
		}
		submitOK(ioc(limit("open", perp, exchange.Buy, "1.5", "102")))
		submitOK(limit("rest", spot, exchange.Buy, "1", "98.5"))
		submitOK(of("two", limit("bid", spot, exchange.Buy, "1", "99")))
		submitOK(of("two", limit("ask", perp, exchange.Sell, "1", "101.5")))
		reduce := limit("reduce", perp, exchange.Sell, "1", "101.5")
		reduce.ReduceOnly = true
		submitOK(reduce)
		r := exchange.OrderRequest{Market: m, ClientID: "f", Side: exchange.Side(side), Type: exchange.OrderType(kind), TIF: exchange.TimeInForce(tif),
			PostOnly: flags&1 != 0, ReduceOnly: flags&2 != 0, Price: p, Quantity: q}
		if deadline != 0 {
			r.Deadline = start.Add(time.Duration(deadline))
		}
		if flags&128 != 0 {
			r.Account = "two"
		}
		terms := sim.Terms{SelfTrade: sim.SelfTrade(flags >> 2 % 8 % 5), PostOnlyEnds: flags&32 != 0}
		if flags&64 != 0 {
			terms.Percent = int64(side) % 100
		}
		o, err := e.SubmitWith(start, r, terms)
		if err != nil && exchange.OutcomeOf(err) != exchange.ErrRejected {
			t.Fatalf("%+v: %v", r, err)
		}
		rests := slices.ContainsFunc(e.OpenOrders(r.Account, m.Symbol), func(o exchange.Order) bool { return o.ClientID == "f" })
		if err == nil && !o.Status.Final() != rests {
			t.Fatalf("%+v: %s, rests: %v", r, o.Status, rests)
		}
		var b exchange.Book
		for _, m := range []exchange.Market{spot, perp} {
			if e.Book(m.Symbol, &b); b.Check() != nil {
				t.Fatalf("%+v: %v", r, b.Check())
			}
		}
		audit(t, cfg, e)
		setBook(t, e, book(spot, [][2]int64{{1100, 300}}, [][2]int64{{1105, 300}}))
		setBook(t, e, book(perp, [][2]int64{{900, 300}}, [][2]int64{{905, 300}}))
		if err == nil && !o.Status.Final() {
			_, _ = e.Replace(start, o.Ref(), exchange.Change{Price: q, Quantity: p})
			_, _ = e.Cancel(start, o.Ref())
		}
		audit(t, cfg, e)
	})
}
