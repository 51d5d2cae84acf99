package order_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/order"
)

// 1: an order that had ended is told, by the stream, to have filled more; fills not told. Nobody asks for them any more.
func TestRegressionHang(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{nothing, full}, []fate{full})
	p.a.coy = false
	var r order.Result
	done := false
	p.driver.Execute(plan("0.02"), func(got order.Result, err error) { r, done = got, true })
	// b's answer is held back: it is only acknowledged
	p.b.acks = true
	p.loop.RunUntil(start.Add(2 * time.Millisecond)) // a: expired, 0 filled, settled. b: accepted, to be looked up
	// the fill that crossed the expiry, without the fill itself; the venue's Lookup would tell it
	id := p.a.placed[0].ClientID
	o := p.a.execute(p.a.placed[0], dec("0.02"))
	p.a.orders[id] = o
	terse := o
	terse.Fills = nil
	p.told(terse)
	p.loop.RunUntil(start.Add(24 * time.Hour))
	t.Logf("done %v outcome %s, lookups of a: %d, b: %d, booked %d, idle %v", done, r.Outcome, len(p.a.lookups), len(p.b.lookups), len(p.booked), p.driver.Idle())
	if !done {
		t.Error("after a day the group has not ended, and nobody looks the order up")
	}
}

// 2: compensations acknowledged and then rejected (OKX, Bybit): the other venue is never tried.
type asyncReject struct{ *script }

func (s asyncReject) Place(r exchange.OrderRequest, done func(exchange.Order, error)) {
	if len(s.placed) == 0 {
		s.script.Place(r, done)
		return
	}
	s.placed = append(s.placed, r)
	s.orders[r.ClientID] = exchange.Order{OrderRequest: r, VenueID: "x" + r.ClientID, Status: exchange.StatusRejected, Reason: "insufficient balance"}
	s.loop.After(time.Millisecond, func() {
		done(exchange.Order{OrderRequest: r, Status: exchange.StatusAccepted}, nil)
	})
}

func TestRegressionBarren(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{nothing, full})
	d, err := order.NewDriver(order.Config{Instruments: rules()}, p.loop, asyncReject{p.a}, p.b)
	if err != nil {
		t.Fatal(err)
	}
	p.driver = d
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Unwound {
		t.Errorf("%s (%s) residual %s: sent %d to a, %d to b", r.Outcome, r.Reason, r.Residual, len(p.a.placed), len(p.b.placed))
	}
}

// 3: lots differ: the surplus side cannot give back what the other could take together with a slice.
func TestRegressionSlice(t *testing.T) {
	list := rules()
	list[1].Lot, list[1].MinQty = dec("0.001"), dec("0.001")
	odd := fate{name: "odd", fills: "0.985", exists: true} // 0.0197 of 0.02
	p := newPair(t, order.Config{Instruments: list}, []fate{odd, full}, []fate{full})
	r, err := p.run(t, plan("0.02"))
	t.Logf("%s (%s) residual %s attempts %d sent %d %d", r.Outcome, r.Reason, r.Residual, r.Attempts, len(p.a.placed), len(p.b.placed))
	if err != nil || r.Outcome != order.Unwound {
		t.Errorf("buy 0.0063 at a and sell 0.006 at b would have been flat and valid: %v %v",
			list[0].Check(exchange.OrderRequest{Market: market("a"), Side: exchange.Buy, TIF: exchange.IOC, Price: dec("10010"), Quantity: dec("0.0063")}),
			list[1].Check(exchange.OrderRequest{Market: market("b"), Side: exchange.Sell, TIF: exchange.IOC, Price: dec("9990"), Quantity: dec("0.006")}))
	}
}

// 4: stuck is for ever, although what came later could be traded.
func TestRegressionStuck(t *testing.T) {
	list := rules()
	list[1].Lot, list[1].MinQty = dec("0.001"), dec("0.001")
	p := newPair(t, order.Config{Instruments: list}, []fate{{name: "odd", fills: "0.485", exists: true}, full}, []fate{{name: "half", fills: "0.5", exists: true}, full})
	p.b.terse = true // its fills are to be looked up
	var r order.Result
	p.driver.Execute(plan("0.02"), func(got order.Result, err error) { r = got })
	p.loop.RunUntil(start.Add(3 * time.Millisecond))
	id := p.b.placed[0].ClientID
	p.b.orders[id] = p.b.execute(p.b.placed[0], dec("0.02")) // full after all
	p.loop.RunUntil(start.Add(time.Hour))
	t.Logf("%s (%s) residual %s attempts %d sent %d %d", r.Outcome, r.Reason, r.Residual, r.Attempts, len(p.a.placed), len(p.b.placed))
	if r.Outcome != order.Unwound {
		t.Errorf("a residual of %s is no small one", r.Residual)
	}
}

// 5: MaxQty: legs split over two accounts/markets, surplus above the maximum of either.
func TestRegressionMaxQty(t *testing.T) {
	list := rules()
	list[0].MaxQty = dec("0.02")
	list[1].MaxQty = dec("0.02")
	p := newPair(t, order.Config{Instruments: list}, []fate{full}, []fate{nothing, nothing, full})
	x := plan("0.02")
	x.Legs = append(x.Legs, x.Legs...) // twice: 2 buys at a, 2 sells at b
	r, err := p.run(t, x)
	t.Logf("%v %s (%s) residual %s attempts %d sent %d %d", err, r.Outcome, r.Reason, r.Residual, r.Attempts, len(p.a.placed), len(p.b.placed))
	if r.Outcome == order.Exposed {
		t.Error("0.04 could be traded away as twice 0.02")
	}
}
