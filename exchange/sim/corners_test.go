package sim_test

import (
	"errors"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// A fee is never paid with what the order still has to deliver.
func TestFeeAssetThatIsSold(t *testing.T) {
	for price, want := range map[string]string{"98": "filled 10.00 5.00@99.0 5.00@98.0", "99": "partially filled 5.00 5.00@99.0"} {
		cfg := config()
		cfg.FeeAsset, cfg.FeePrice = "BTC", dec("100")
		e := newEngine(t, cfg)
		setBook(t, e, book(spot, [][2]int64{{990, 500}, {980, 500}}, [][2]int64{{1010, 100}}))
		checkShape(t, submit(t, e, limit("a", spot, exchange.Sell, "10", price)), nil, want)
		audit(t, cfg, e)
	}
}

// Wherever one starts among the events of one operation, the fills since then are told.
func TestChangedFromTheMiddleOfAnOrder(t *testing.T) {
	cfg := crowded()
	cfg.SelfTrade = sim.CancelMaker
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	submit(t, e, of("two", limit("other", spot, exchange.Sell, "0.5", "100.5")))
	submit(t, e, limit("own", spot, exchange.Sell, "1", "101.5"))
	_, next, _ := e.Events(0)
	submit(t, e, ioc(limit("t", spot, exchange.Buy, "2", "102")))
	news, end, _ := e.Events(next)
	if len(news) != 3 || news[2].Order.ClientID != "t" {
		t.Fatalf("events %v", news)
	}
	for since := next; since < end; since++ {
		for _, o := range e.Changed("", since) {
			var sum exchange.Decimal
			for _, f := range o.Fills {
				sum = sum.Add(f.Quantity)
			}
			if !sum.Equal(o.Filled) {
				t.Errorf("changed since %d: %s of %s told", since, sum, shape(o))
			}
		}
	}
}

func TestPercentOfWhatCrosses(t *testing.T) {
	for _, c := range []struct {
		name, quantity, price string
		percent               int64
		rests                 exchange.OrderRequest
		want                  string
	}{
		{"an account's order stays", "1", "100", 50, limit("m", spot, exchange.Sell, "1", "100"), "expired 0.50 0.50@100.0"},
		{"what is given goes, an account's order stays", "4", "101", 10, limit("m", spot, exchange.Sell, "5", "101"), "expired 0.40 0.40@101.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, crowded())
			setBook(t, e, around100(spot))
			submit(t, e, of("two", c.rests))
			o, err := e.SubmitWith(start, limit("t", spot, exchange.Buy, c.quantity, c.price), sim.Terms{Percent: c.percent})
			checkShape(t, o, err, c.want)
			var b exchange.Book
			if e.Book(spot.Symbol, &b); b.Check() != nil {
				t.Error(b.Check())
			}
			audit(t, crowded(), e)
		})
	}
}

// An order that would turn a losing position without the money for it is refused, whether it could rest or not.
func TestTurnWithoutMoney(t *testing.T) {
	for _, tif := range []exchange.TimeInForce{exchange.IOC, exchange.GTC} {
		cfg := config()
		cfg.Fees = exchange.FeeRates{}
		e := newEngine(t, cfg)
		setBook(t, e, book(perp, [][2]int64{{990, 10000}}, [][2]int64{{1000, 10000}}))
		submit(t, e, ioc(limit("a", perp, exchange.Buy, "50", "100")))
		setBook(t, e, book(perp, [][2]int64{{500, 10000}}, [][2]int64{{510, 10000}}))
		r := limit("b", perp, exchange.Sell, "60", "50")
		r.TIF = tif
		if _, err := e.Submit(start, r); !errors.Is(err, exchange.ErrInsufficientFunds) {
			t.Errorf("%s: %v", tif, err)
		}
	}
}

// Who owes may still make an order smaller.
func TestReplaceToLessWhileFreeIsNegative(t *testing.T) {
	cfg := config()
	cfg.Fees = exchange.FeeRates{}
	e := newEngine(t, cfg)
	setBook(t, e, book(perp, [][2]int64{{990, 10000}}, [][2]int64{{1000, 10000}}))
	setBook(t, e, around100(spot))
	submit(t, e, ioc(limit("a", perp, exchange.Buy, "50", "100")))
	rests := submit(t, e, limit("rest", spot, exchange.Buy, "1", "90"))
	setBook(t, e, book(perp, [][2]int64{{500, 10000}}, [][2]int64{{510, 10000}}))
	submit(t, e, ioc(limit("b", perp, exchange.Sell, "50", "50")))
	if b := balanceOf(e, "", "USDT"); b.Free.Sign() >= 0 {
		t.Fatalf("free %s", b.Free)
	}
	o, err := e.Replace(start, rests.Ref(), exchange.Change{Quantity: dec("0.5")})
	checkShape(t, o, err, "accepted 0")
}

func TestOddInput(t *testing.T) {
	e := newEngine(t, config())
	if err := e.SetBook(start, nil); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("no book: %v", err)
	}
	setBook(t, e, around100(spot))
	if e.Book(spot.Symbol, nil) {
		t.Error("a book into nothing")
	}
	if _, err := e.SubmitWith(start, limit("s", spot, exchange.Buy, "1", "90"), sim.Terms{SelfTrade: 9}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("unknown prevention of self-trade: %v", err)
	}
}

// A scale that nothing is counted in can always be left again.
func TestOddScalesDoNotStick(t *testing.T) {
	e := newEngine(t, config())
	for _, scale := range []exchange.Scale{{Price: -10, Size: -10}, {Price: -25, Size: -25}, {Price: -1, Size: -2}, {Price: -20, Size: -20}, {Price: -1, Size: -2}} {
		if err := e.SetBook(start, &exchange.Book{Market: spot, Scale: scale, Asks: []exchange.Level{{Price: 1010, Size: 100}}}); err != nil {
			t.Errorf("%v: %v", scale, err)
		}
	}
	checkShape(t, submit(t, e, ioc(limit("a", spot, exchange.Buy, "1", "101"))), nil, "filled 1.00 1.00@101.0")
}
