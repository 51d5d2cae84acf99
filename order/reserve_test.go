package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

// step is one thing that happens in a test of reservations.
type step struct {
	what    string
	plan    exchange.Plan
	wait    time.Duration
	refused bool
}

func sized(quantity string) exchange.Plan { return plan(quantity) }

func reverse(p exchange.Plan) exchange.Plan {
	p.Legs = []exchange.OrderRequest{p.Legs[0], p.Legs[1]}
	p.Legs[0].Market, p.Legs[1].Market = p.Legs[1].Market, p.Legs[0].Market
	return p
}

// No two groups spend the same balance: neither what is about to be spent, nor what an open group has just earned.
func TestReservations(t *testing.T) {
	slow := fate{name: "unknown for long", answer: exchange.ErrOutcomeUnknown, fills: "0"}
	for _, c := range []struct {
		name  string
		a, b  []fate
		steps []step
	}{
		{"two groups, money for one", []fate{full}, []fate{full}, []step{
			{"first", sized("0.06"), 0, false},
			{"second while the first is open", sized("0.06"), 0, true},
			{"smaller while the first is open", sized("0.03"), 0, false},
		}},
		{"spent is spent", []fate{full}, []fate{full}, []step{
			{"first", sized("0.06"), time.Second, false},
			{"second after it", sized("0.06"), time.Second, true},
			{"the rest", sized("0.039"), time.Second, false},
		}},
		{"nothing filled, nothing spent", []fate{nothing}, []fate{nothing}, []step{
			{"first", sized("0.09"), time.Second, false},
			{"second after it", sized("0.09"), time.Second, false},
		}},
		{"what a group bought stays its own while it is open", []fate{full}, []fate{slow, full}, []step{
			{"buys on a, fate unknown on b", sized("0.05"), time.Second, false},
			{"would sell on a more than there was before", reverse(sized("0.11")), 0, true},
			{"sells on a what there was before", reverse(sized("0.02")), 0, false},
		}},
		{"what a group bought is free when it has ended", []fate{full}, []fate{full}, []step{
			{"buys on a", sized("0.05"), time.Second, false},
			{"sells on a more than there was before", reverse(sized("0.11")), 0, false},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, order.Config{Overlap: true, FeeReserve: dec("0.00001")}, c.a, c.b)
			funds(p, "a", "1000", "0.1")
			funds(p, "b", "100000", "0.1")
			for _, s := range c.steps {
				p.driver.Execute(s.plan, func(_ order.Result, err error) {
					if refused := errors.Is(err, exchange.ErrInsufficientFunds); refused != s.refused || !refused && err != nil {
						t.Errorf("%s: %v", s.what, err)
					}
				})
				p.loop.RunUntil(p.loop.Now().Add(s.wait))
			}
			p.loop.RunUntil(p.loop.Now().Add(time.Minute))
			if !p.driver.Idle() {
				t.Error("not idle")
			}
		})
	}
}

// Perpetuals need margin and fees as far as they add to the position; reducing it needs fees only.
func TestPerpMargin(t *testing.T) {
	perp := exchange.MustSymbol("BTC-USDT-PERP")
	list := rules()
	for i := range list {
		list[i].Market.Symbol = perp
	}
	legs := func(quantity string, turned bool) exchange.Plan {
		x := plan(quantity)
		for i := range x.Legs {
			x.Legs[i].Market.Symbol = perp
		}
		if turned {
			return reverse(x)
		}
		return x
	}
	p := newPair(t, order.Config{Instruments: list, MarginRate: dec("0.1"), FeeReserve: dec("0.00001")}, []fate{full}, []fate{full})
	for _, v := range []exchange.Venue{"a", "b"} {
		p.driver.SetFunds(order.Account{Venue: v}, []exchange.Balance{{Asset: "USDT", Free: dec("1000")}},
			[]exchange.Position{{Market: exchange.Market{Venue: v, Symbol: perp}}})
	}
	for _, s := range []step{
		{"more than the margin for 1000", legs("1.1", false), 0, true},
		{"margin for 901", legs("0.9", false), 0, false},
		{"no margin left", legs("0.2", false), 0, true},
		{"turning the position round, as far again", legs("1.8", true), 0, false},
		{"no margin left on the other side either", legs("0.2", true), 0, true},
	} {
		_, err := p.run(t, s.plan)
		if refused := errors.Is(err, exchange.ErrInsufficientFunds); refused != s.refused || !refused && err != nil {
			t.Errorf("%s: %v", s.what, err)
		}
	}
}

// Where a venue keeps spot and perpetual money apart, one does not pay for the other.
func TestWalletsArePaidFromApart(t *testing.T) {
	perp := exchange.MustSymbol("BTC-USDT-PERP")
	list := rules()
	for i := range rules() {
		x := list[i]
		x.Market.Symbol = perp
		list = append(list, x)
	}
	legs := func(quantity string) exchange.Plan {
		x := plan(quantity)
		for i := range x.Legs {
			x.Legs[i].Market.Symbol = perp
		}
		return x
	}
	p := newPair(t, order.Config{Instruments: list, FeeReserve: dec("0.00001")}, []fate{full}, []fate{full})
	for _, v := range []exchange.Venue{"a", "b"} {
		p.driver.SetFunds(order.Account{Venue: v}, []exchange.Balance{
			{Asset: "USDT", Wallet: exchange.WalletSpot, Free: dec("2000")}, {Asset: "BTC", Wallet: exchange.WalletSpot, Free: dec("10")},
			{Asset: "USDT", Wallet: exchange.WalletPerp, Free: dec("150")},
		}, nil)
	}
	for _, s := range []step{
		{"more margin than the perpetual wallet has", legs("0.02"), 0, true},
		{"margin that it has", legs("0.01"), 0, false},
		{"spot from the spot wallet", plan("0.15"), 0, false},
	} {
		_, err := p.run(t, s.plan)
		if refused := errors.Is(err, exchange.ErrInsufficientFunds); refused != s.refused || !refused && err != nil {
			t.Errorf("%s: %v", s.what, err)
		}
	}
}

// The profit of an open perpetual pays for nothing; once the position is flat, or turned, it is there.
func TestPerpProfitIsSpentOnlyWhenRealised(t *testing.T) {
	perp := exchange.MustSymbol("BTC-USDT-PERP")
	list := rules()
	for i := range list {
		list[i].Market.Symbol = perp
	}
	legs := func(quantity, price string, turned bool) exchange.Plan {
		x := plan(quantity)
		for i := range x.Legs {
			x.Legs[i].Market.Symbol, x.Legs[i].Price = perp, dec(price)
			if turned {
				x.Legs[i].Side = x.Legs[i].Side.Opposite()
			}
		}
		return x
	}
	p := newPair(t, order.Config{Instruments: list, MarginRate: dec("0.1"), FeeReserve: dec("0.0000001")}, []fate{full}, []fate{full})
	funds(p, "a", "1000", "0") // b's are not told, and not checked
	for _, s := range []step{
		{"0.1 at 1000", legs("0.1", "1000", false), 0, false},
		{"a little more, when it is worth 20000: 202 are margin, 798 free", legs("0.001", "20000", false), 0, false},
		{"its profit of 1900 does not pay a margin of 800", legs("0.4", "20000", false), 0, true},
		{"closing it asks for none", legs("0.101", "20000", true), 0, false},
		{"then 2900 are there: not enough for 1.5", legs("1.5", "20000", false), 0, true},
		{"but for 1.4", legs("1.4", "20000", false), 0, false},
		{"turned at the same price it asks for as much", legs("2.8", "20000", true), 0, false},
		{"and no more than 100 are left", legs("0.1", "20000", true), 0, true},
	} {
		_, err := p.run(t, s.plan)
		if refused := errors.Is(err, exchange.ErrInsufficientFunds); refused != s.refused || !refused && err != nil {
			t.Errorf("%s: %v", s.what, err)
		}
	}
}

// What the table says is free equals the simulated venue's own figure, fill by fill.
func TestFundsFollowTheVenue(t *testing.T) {
	w := newWorld(t, order.Config{FeeReserve: dec("0.0000001")}, nil)
	w.publish(t, "a", 1_000_000, 1<<30)
	w.publish(t, "b", 1_000_000, 1<<30)
	w.driver.SetFunds(order.Account{Venue: "b"}, w.engines["b"].Balances(""), nil) // a's are not told, and not checked
	execute := func(quantity exchange.Decimal) (err error) {
		x := plan("1")
		x.Legs[0].Quantity, x.Legs[1].Quantity = quantity, quantity
		w.driver.Execute(x, func(_ order.Result, e error) { err = e })
		w.loop.RunUntil(w.loop.Now().Add(time.Second))
		return err
	}
	for range 10 {
		if err := execute(dec("1.2345")); err != nil {
			t.Fatal(err)
		}
	}
	have := balanceOf(w.engines["b"], "BTC")
	if err := execute(have.Add(dec("0.0001"))); !errors.Is(err, exchange.ErrInsufficientFunds) {
		t.Errorf("a lot more than b holds: %v", err)
	}
	if err := execute(have); err != nil {
		t.Errorf("exactly what b holds: %v", err)
	}
}

func balanceOf(e *sim.Engine, a exchange.Asset) exchange.Decimal {
	for _, b := range e.Balances(e.Account()) {
		if b.Asset == a {
			return b.Free
		}
	}
	return exchange.Decimal{}
}
