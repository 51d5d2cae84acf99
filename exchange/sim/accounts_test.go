package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// crowded is the venue of config with two more accounts, "two" and "three", that hold the same.
func crowded() sim.EngineConfig {
	cfg := config()
	for _, id := range []exchange.AccountID{"two", "three"} {
		cfg.Accounts = append(cfg.Accounts, sim.AccountConfig{ID: id, Balances: cfg.Balances})
	}
	return cfg
}

func of(a exchange.AccountID, r exchange.OrderRequest) exchange.OrderRequest { r.Account = a; return r }

// told is the log from first on: account/id quantity@price, "maker" where it is one.
func told(e *sim.Engine, first int) (r []string) {
	for _, f := range e.Log()[first:] {
		s := fmt.Sprintf("%s/%s %s@%s", f.Account, f.ClientID, f.Quantity, f.Price)
		if f.Maker {
			s += " maker"
		}
		r = append(r, s)
	}
	return r
}

func checkTold(t *testing.T, e *sim.Engine, want ...string) {
	t.Helper()
	if got := told(e, 0); !slices.Equal(got, want) {
		t.Errorf("fills\n%q, want\n%q", got, want)
	}
}

func balanceOf(e *sim.Engine, id exchange.AccountID, a exchange.Asset) (r exchange.Balance) {
	for _, b := range e.Balances(id) {
		if b.Asset == a {
			return b
		}
	}
	return r
}

func TestAccountsTradeByPriceThenTime(t *testing.T) {
	e := newEngine(t, crowded())
	setBook(t, e, around100(spot)) // asks of 1 at 101, 5 at 102
	for _, r := range []exchange.OrderRequest{
		of("two", limit("worse", spot, exchange.Sell, "1", "102")), of("three", limit("late", spot, exchange.Sell, "1", "101")),
		of("two", limit("later", spot, exchange.Sell, "1", "101")), of("three", limit("best", spot, exchange.Sell, "0.5", "100.5")),
	} {
		submit(t, e, r)
	}
	if got := visible(t, e, spot, exchange.Buy); got != "[{1005 50} {1010 300} {1020 600}]" {
		t.Errorf("visible: %s", got)
	}
	o := submit(t, e, ioc(limit("t", spot, exchange.Buy, "4", "102")))
	checkShape(t, o, nil, "filled 4.00 0.50@100.5 1.00@101.0 1.00@101.0 1.00@101.0 0.50@102.0")
	checkTold(t, e, "/t 0.50@100.5", "three/best 0.50@100.5 maker", "/t 1.00@101.0", // what is given comes before what rests
		"/t 1.00@101.0", "three/late 1.00@101.0 maker", "/t 1.00@101.0", "two/later 1.00@101.0 maker", "/t 0.50@102.0")
	log := e.Log()
	if log[0].TradeID != log[1].TradeID || log[0].VenueID == log[1].VenueID || log[1].TradeID == log[2].TradeID {
		t.Errorf("trade ids: %v", log[:3])
	}
	if !log[0].Fee.Equal(dec("0.1005")) || !log[1].Fee.Equal(dec("0.05025")) {
		t.Errorf("fees of taker and maker: %s and %s", log[0].Fee, log[1].Fee)
	}
	if got := visible(t, e, spot, exchange.Buy); got != "[{1020 550}]" {
		t.Errorf("left: %s", got)
	}
	var kinds []string
	news, _, _ := e.Events(4)
	for _, ev := range news {
		kinds = append(kinds, string(ev.Order.Account)+"/"+ev.Order.ClientID+" "+shape(ev.Order))
	}
	want := []string{"three/best filled 0.50 0.50@100.5", "three/late filled 1.00 1.00@101.0", "two/later filled 1.00 1.00@101.0", "/t " + shape(o)}
	if !slices.Equal(kinds, want) {
		t.Errorf("events\n%q, want\n%q", kinds, want)
	}
	if mine, next, ok := e.AccountEvents("two", 4); !ok || len(mine) != 1 || mine[0].Order.ClientID != "later" || next != 8 {
		t.Errorf("events of one account: %v, next %d", mine, next)
	}
	audit(t, crowded(), e)
}

func TestClientIDsAreEachAccountsOwn(t *testing.T) {
	e := newEngine(t, crowded())
	setBook(t, e, around100(spot))
	a := submit(t, e, limit("x", spot, exchange.Buy, "1", "99.5"))
	b := submit(t, e, of("two", limit("x", spot, exchange.Buy, "2", "99.5")))
	if o, err := e.Lookup(b.Ref()); err != nil || !o.Quantity.Equal(dec("2")) || o.Account != "two" {
		t.Errorf("%+v %v", o, err)
	}
	if _, err := e.Cancel(start, exchange.OrderRef{Market: spot, Account: "two", VenueID: a.VenueID}); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("another's order canceled: %v", err)
	}
	if got := e.CancelAll(start, "two", spot.Symbol); len(got) != 1 || got[0].Account != "two" || len(e.OpenOrders("", spot.Symbol)) != 1 {
		t.Errorf("canceled all of one account: %v", got)
	}
	if got := e.Accounts(); !slices.Equal(got, []exchange.AccountID{"", "two", "three"}) {
		t.Errorf("accounts %q", got)
	}
}

func TestReplaceAndThePlaceInTheQueue(t *testing.T) {
	for _, c := range []struct {
		name   string
		change exchange.Change
		want   string
		lost   bool
	}{
		{"less keeps it", exchange.Change{Quantity: dec("0.5")}, "two/a 0.50@100.0 maker", false},
		{"the same price and less keeps it", exchange.Change{Price: dec("100"), Quantity: dec("0.5")}, "two/a 0.50@100.0 maker", false},
		{"more loses it", exchange.Change{Quantity: dec("1.5")}, "three/b 0.50@100.0 maker", true},
		{"another price loses it", exchange.Change{Price: dec("100.5")}, "three/b 0.50@100.0 maker", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, crowded())
			setBook(t, e, around100(spot))
			a := submit(t, e, of("two", limit("a", spot, exchange.Sell, "1", "100")))
			submit(t, e, of("three", limit("b", spot, exchange.Sell, "1", "100")))
			o, err := e.Replace(start, a.Ref(), c.change)
			if err != nil || o.Requeued != c.lost || o.Version != 2 || o.VenueID != a.VenueID {
				t.Fatalf("%+v, %v", o, err)
			}
			submit(t, e, ioc(limit("t", spot, exchange.Buy, "0.5", "100")))
			checkTold(t, e, "/t 0.50@100.0", c.want)
			audit(t, crowded(), e)
		})
	}
}

func TestReplaceThatCrossesTakesFromAnother(t *testing.T) {
	e := newEngine(t, crowded())
	setBook(t, e, around100(spot))
	submit(t, e, of("two", limit("a", spot, exchange.Sell, "1", "100.5")))
	b := submit(t, e, of("three", limit("b", spot, exchange.Buy, "2", "99.5")))
	o, err := e.Replace(start, b.Ref(), exchange.Change{Price: dec("100.5")})
	checkShape(t, o, err, "partially filled 1.00 1.00@100.5")
	checkTold(t, e, "three/b 1.00@100.5", "two/a 1.00@100.5 maker")
	if got := visible(t, e, spot, exchange.Sell); got != "[{1005 100} {990 100} {980 500}]" {
		t.Errorf("visible: %s", got)
	}
	audit(t, crowded(), e)
}

func TestFillOrKillOverAccounts(t *testing.T) {
	for quantity, want := range map[string]string{"3": "filled 3.00 1.00@100.0 1.00@101.0 1.00@101.0", "3.01": "expired 0"} {
		e := newEngine(t, crowded())
		setBook(t, e, around100(spot))
		submit(t, e, of("two", limit("a", spot, exchange.Sell, "1", "100")))
		submit(t, e, of("three", limit("b", spot, exchange.Sell, "1", "101")))
		r := limit("t", spot, exchange.Buy, quantity, "101")
		r.TIF = exchange.FOK
		checkShape(t, submit(t, e, r), nil, want)
		audit(t, crowded(), e)
	}
}

// A position is closed by somebody who opens one: each settles by itself.
func TestPerpetualsBetweenAccounts(t *testing.T) {
	cfg := crowded()
	cfg.Fees = exchange.FeeRates{}
	e := newEngine(t, cfg)
	setBook(t, e, around100(perp))
	submit(t, e, of("two", limit("a", perp, exchange.Sell, "2", "100")))
	submit(t, e, ioc(limit("t", perp, exchange.Buy, "2", "100")))
	submit(t, e, of("three", limit("c", perp, exchange.Sell, "3", "100.5")))
	submit(t, e, ioc(of("two", limit("d", perp, exchange.Buy, "3", "100.5"))))
	for id, want := range map[exchange.AccountID]string{"": "2.00 for 200.000 at 100.000000000", "two": "1.00 for 100.500 at 100.500000000", "three": "-3.00 for -301.500 at 100.500000000"} {
		p := e.Positions(id)
		if len(p) != 1 || fmt.Sprintf("%s for %s at %s", p[0].Quantity, p[0].Cost, e.Entry(id, perp.Symbol)) != want {
			t.Errorf("%q: %+v at %s, want %s", id, p, e.Entry(id, perp.Symbol), want)
		}
	}
	if b := balanceOf(e, "two", "USDT"); !b.Total().Equal(dec("999")) || !b.Locked.Equal(dec("10.05")) {
		t.Errorf("two lost 1: %+v", b)
	}
	submit(t, e, of("two", limit("e", perp, exchange.Sell, "1", "105")))
	if orders, position := e.Margin("two", perp.Symbol); !orders.Equal(dec("10.5")) || !position.Equal(dec("10.05")) {
		t.Errorf("margin of orders %s, of the position %s", orders, position)
	}
	audit(t, cfg, e)
}

// What rests, what is held and what arrives never come to more than 64 bits hold, whoever owns it.
func TestSizesThatAddUpToTooMuch(t *testing.T) {
	huge := []exchange.Amount{{Asset: "USDT", Quantity: dec("1e30")}, {Asset: "BTC", Quantity: dec("1e30")}}
	cfg := config()
	cfg.Balances, cfg.Accounts = huge, []sim.AccountConfig{{ID: "two", Balances: huge}}
	for _, m := range []exchange.Market{spot, perp} {
		e := newEngine(t, cfg)
		setBook(t, e, around100(m))
		sell := func(a exchange.AccountID, id, quantity string) error {
			_, err := e.Submit(start, of(a, limit(id, m, exchange.Sell, quantity, "105")))
			return err
		}
		refused := func(err error) bool {
			var x *exchange.Error
			return errors.As(err, &x) && x.Code == "size"
		}
		if err := sell("", "a", "3e16"); err != nil {
			t.Fatal(err)
		}
		finer := around100(m)
		finer.Scale.Size = -3
		if err := e.SetBook(start, finer); !errors.Is(err, exchange.ErrScale) {
			t.Errorf("units in which it does not fit: %v", err)
		}
		setBook(t, e, around100(m))
		for _, a := range []exchange.AccountID{"", "two"} {
			if err := sell(a, "b", "2e16"); !refused(err) {
				t.Errorf("%q: too much rests: %v", a, err)
			}
		}
		if _, err := e.Replace(start, exchange.OrderRef{Market: m, ClientID: "a"}, exchange.Change{Quantity: dec("4e16")}); err != nil {
			t.Errorf("its own size stands in its way: %v", err)
		}
		if _, err := e.Replace(start, exchange.OrderRef{Market: m, ClientID: "a"}, exchange.Change{Quantity: dec("5e16")}); !refused(err) {
			t.Errorf("too much by a replacement: %v", err)
		}
		audit(t, cfg, e)
		if _, err := e.Submit(start, ioc(of("two", limit("take", m, exchange.Buy, "4e16", "105")))); err != nil {
			t.Fatal(err)
		}
		if err := sell("", "c", "2e16"); refused(err) != (m == perp) {
			t.Errorf("%s: on top of a position: %v", m, err)
		}
		audit(t, cfg, e)
	}
}
