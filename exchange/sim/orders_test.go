package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// visible is what takers of a side see, best first, as price x size in units of 0.1 and 0.01.
func visible(t *testing.T, e *sim.Engine, m exchange.Market, taker exchange.Side) string {
	t.Helper()
	var b exchange.Book
	if !e.Book(m.Symbol, &b) {
		t.Fatal("no book")
	}
	levels := slices.Clone(b.Side(taker))
	slices.Reverse(levels)
	return fmt.Sprint(levels)
}

func submit(t *testing.T, e *sim.Engine, r exchange.OrderRequest) exchange.Order {
	t.Helper()
	o, err := e.Submit(start, r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTakenStaysTakenUntilTheLevelChanges(t *testing.T) {
	level := func(asks ...[2]int64) *exchange.Book { return book(spot, [][2]int64{{900, 1}}, asks) }
	first := level([2]int64{1010, 100}, [2]int64{1020, 500}, [2]int64{1030, 700})
	for _, c := range []struct {
		name string
		next []*exchange.Book
		want string
	}{
		{"nothing changes", []*exchange.Book{first}, "[{1020 470} {1030 700}]"},
		{"another level changes", []*exchange.Book{level([2]int64{1010, 100}, [2]int64{1020, 500}, [2]int64{1030, 1})}, "[{1020 470} {1030 1}]"},
		{"it grows", []*exchange.Book{level([2]int64{1010, 100}, [2]int64{1020, 501})}, "[{1020 501}]"},
		{"it shrinks", []*exchange.Book{level([2]int64{1010, 99}, [2]int64{1020, 500})}, "[{1010 99} {1020 470}]"},
		{"it goes and comes back", []*exchange.Book{level([2]int64{1030, 700}), first}, "[{1010 100} {1020 500} {1030 700}]"},
		{"it changes and changes back", []*exchange.Book{level([2]int64{1010, 1}, [2]int64{1020, 500}), first}, "[{1010 100} {1020 470} {1030 700}]"},
		{"a gap changes nothing", []*exchange.Book{{Market: spot, Err: exchange.ErrGap}, first}, "[{1020 470} {1030 700}]"},
		{"a finer scale changes nothing", []*exchange.Book{{Market: spot, Scale: exchange.Scale{Price: -2, Size: -3},
			Asks: []exchange.Level{{Price: 10300, Size: 7000}, {Price: 10200, Size: 5000}, {Price: 10100, Size: 1000}}}}, "[{10200 4700} {10300 7000}]"},
		{"and back", []*exchange.Book{{Market: spot, Scale: exchange.Scale{Price: -2, Size: -3},
			Asks: []exchange.Level{{Price: 10300, Size: 7000}, {Price: 10200, Size: 5000}, {Price: 10100, Size: 1000}}}, first}, "[{1020 470} {1030 700}]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			cfg.Balances[0].Quantity = dec("100000")
			e := newEngine(t, cfg)
			setBook(t, e, first)
			checkShape(t, submit(t, e, ioc(limit("a", spot, exchange.Buy, "1.3", "102"))), nil, "filled 1.30 1.00@101.0 0.30@102.0")
			if got, want := visible(t, e, spot, exchange.Buy), "[{1020 470} {1030 700}]"; got != want {
				t.Errorf("after the order %s, want %s", got, want)
			}
			for _, b := range c.next {
				setBook(t, e, b)
			}
			if got := visible(t, e, spot, exchange.Buy); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTakenIsRememberedBelowTheDepth(t *testing.T) {
	cfg := config()
	cfg.Depth = 1
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	checkShape(t, submit(t, e, ioc(limit("a", spot, exchange.Buy, "2", "102"))), nil, "expired 1.00 1.00@101.0")
	better := book(spot, nil, [][2]int64{{1005, 10}, {1010, 100}, {1020, 500}})
	setBook(t, e, better)
	if got := visible(t, e, spot, exchange.Buy); got != "[{1005 10}]" {
		t.Errorf("one level of depth shows %s", got)
	}
	setBook(t, e, around100(spot)) // 101 has not changed since
	if got := visible(t, e, spot, exchange.Buy); got != "[]" {
		t.Errorf("a level out of sight forgot what was taken: %s", got)
	}
}

func TestCoarseBooksAreMatchedInTheInstrumentsSteps(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, &exchange.Book{Market: spot, Asks: []exchange.Level{{Price: 102, Size: 2}, {Price: 101, Size: 1}}})
	checkShape(t, submit(t, e, ioc(limit("a", spot, exchange.Buy, "1.25", "102"))), nil, "filled 1.25 1.00@101.0 0.25@102.0")
	if got := visible(t, e, spot, exchange.Buy); got != "[{1020 175}]" {
		t.Errorf("left: %s", got)
	}
	err := e.SetBook(start, &exchange.Book{Market: spot, Asks: []exchange.Level{{Price: 1 << 62, Size: 1}}})
	if !errors.Is(err, exchange.ErrScale) {
		t.Errorf("a price that does not fit: %v", err)
	}
}

func TestFeesOfBuysInBase(t *testing.T) {
	cfg := config()
	cfg.BaseFee = true
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	o := submit(t, e, ioc(limit("a", spot, exchange.Buy, "1", "101")))
	if len(o.Fees) != 1 || o.Fees[0].Asset != "BTC" || !o.Fees[0].Quantity.Equal(dec("0.002")) {
		t.Errorf("fees of the buy %v", o.Fees)
	}
	checkBalance(t, e, "BTC", "10.998", "0")
	checkBalance(t, e, "USDT", "899", "0")
	o = submit(t, e, ioc(limit("b", spot, exchange.Sell, "1", "99")))
	if len(o.Fees) != 1 || o.Fees[0].Asset != "USDT" || !o.Fees[0].Quantity.Equal(dec("0.198")) {
		t.Errorf("fees of the sell %v", o.Fees)
	}
	audit(t, cfg, e)
}

func TestPerpetualPosition(t *testing.T) {
	cfg := config()
	cfg.Fees = exchange.FeeRates{}
	e := newEngine(t, cfg)
	deep := func(bid, ask int64) *exchange.Book {
		return book(perp, [][2]int64{{bid, 10000}}, [][2]int64{{ask, 10000}})
	}
	check := func(what, quantity, cost, free, locked, realised string) {
		t.Helper()
		if got := e.Realised("", perp.Symbol); !got.Equal(dec(realised)) {
			t.Errorf("%s: realised %s, want %s", what, got, realised)
		}
		p := exchange.Position{}
		if all := e.Positions(e.Account()); len(all) > 0 {
			p = all[0]
		}
		if !p.Quantity.Equal(dec(quantity)) || !p.Cost.Equal(dec(cost)) {
			t.Errorf("%s: position %s for %s, want %s for %s", what, p.Quantity, p.Cost, quantity, cost)
		}
		checkBalance(t, e, "USDT", free, locked)
		audit(t, cfg, e)
	}
	setBook(t, e, deep(995, 1000))
	submit(t, e, ioc(limit("a", perp, exchange.Buy, "2", "100")))
	check("bought 2 at 100", "2", "200", "980", "20", "0")
	setBook(t, e, deep(1095, 1100))
	submit(t, e, ioc(limit("b", perp, exchange.Buy, "1", "110")))
	check("bought 1 at 110", "3", "310", "969", "31", "0")
	submit(t, e, ioc(limit("c", perp, exchange.Sell, "1", "109.5")))
	check("sold 1 at 109.5", "2", "200.5", "979", "21", "9.5") // the oldest lot went first
	submit(t, e, ioc(limit("d", perp, exchange.Sell, "5", "109.5")))
	check("turned to -3 at 109.5", "-3", "-328.5", "985.65", "32.85", "0") // 18.5 settled
	setBook(t, e, deep(1195, 1200))
	o := submit(t, e, exchange.OrderRequest{Market: perp, ClientID: "e", Side: exchange.Buy, Type: exchange.TypeMarket, Quantity: dec("3"), ReduceOnly: true})
	checkShape(t, o, nil, "filled 3.00 3.00@120.0")
	check("closed at 120", "0", "0", "987", "0", "0") // 31.5 lost
}

func TestPerpetualMargin(t *testing.T) {
	cfg := config()
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("100")}}
	cfg.Fees = exchange.FeeRates{}
	cfg.MarginRate = dec("0.2")
	b := book(perp, [][2]int64{{1000, 10000}}, [][2]int64{{1005, 10000}})
	for _, c := range []struct {
		name   string
		before exchange.OrderRequest
		req    exchange.OrderRequest
		ok     bool
	}{
		{"all that the wallet carries", exchange.OrderRequest{}, ioc(limit("a", perp, exchange.Sell, "5", "100")), true},
		{"a lot more", exchange.OrderRequest{}, ioc(limit("a", perp, exchange.Sell, "5.01", "100")), false},
		{"a sell is judged by the price it fills at", exchange.OrderRequest{}, ioc(limit("a", perp, exchange.Sell, "5.01", "50")), false},
		{"more of the same side", ioc(limit("z", perp, exchange.Sell, "4", "100")), ioc(limit("a", perp, exchange.Sell, "1.01", "100")), false},
		{"a reduction needs nothing", ioc(limit("z", perp, exchange.Sell, "5", "100")), ioc(limit("a", perp, exchange.Buy, "5", "100.5")), true},
		{"a turn uses the margin that closing frees, less the loss", ioc(limit("z", perp, exchange.Sell, "5", "100")), ioc(limit("a", perp, exchange.Buy, "9.85", "100.5")), true},
		{"a turn too far", ioc(limit("z", perp, exchange.Sell, "5", "100")), ioc(limit("a", perp, exchange.Buy, "9.86", "100.5")), false},
		{"resting orders lock in full", limit("z", perp, exchange.Sell, "4", "110"), ioc(limit("a", perp, exchange.Sell, "0.7", "100")), false},
		{"reduce-only orders rest without funds", ioc(limit("z", perp, exchange.Sell, "5", "100")),
			exchange.OrderRequest{Market: perp, ClientID: "a", Side: exchange.Buy, Price: dec("90"), Quantity: dec("5"), ReduceOnly: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, cfg)
			setBook(t, e, b)
			if c.before.ClientID != "" {
				submit(t, e, c.before)
			}
			_, err := e.Submit(start, c.req)
			if (err == nil) != c.ok || !c.ok && !errors.Is(err, exchange.ErrInsufficientFunds) {
				t.Errorf("got %v, want success: %v", err, c.ok)
			}
			audit(t, cfg, e)
		})
	}
}

func TestReduceOnlyOrderExpiresWithItsPosition(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(perp))
	submit(t, e, ioc(limit("open", perp, exchange.Buy, "1", "101")))
	stop := limit("stop", perp, exchange.Sell, "1", "105")
	stop.ReduceOnly = true
	submit(t, e, stop)
	submit(t, e, ioc(limit("half", perp, exchange.Sell, "0.4", "99")))
	more := stop
	more.ClientID, more.Quantity = "more", dec("0.61")
	if _, err := e.Submit(start, more); !errors.Is(err, exchange.ErrRejected) {
		t.Errorf("reduce-only beyond the position: %v", err)
	}
	setBook(t, e, book(perp, [][2]int64{{1060, 500}}, nil))
	o, err := e.Lookup(stop.Ref())
	checkShape(t, o, err, "expired 0.60 0.60@105.0")
	if len(e.Positions(e.Account())) != 0 || len(e.OpenOrders(e.Account(), perp.Symbol)) != 0 {
		t.Errorf("positions %v, orders %v", e.Positions(e.Account()), e.OpenOrders(e.Account(), perp.Symbol))
	}
	audit(t, config(), e)
}

func TestEventsAreNumberedAndBounded(t *testing.T) {
	cfg := config()
	cfg.EventBuffer = 10
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	var next uint64
	for i := range 100 {
		submit(t, e, limit(fmt.Sprint(i), spot, exchange.Buy, "0.02", "90"))
		news, n, ok := e.Events(next)
		if !ok || len(news) != 1 || news[0].Order.ClientID != fmt.Sprint(i) || n != next+1 {
			t.Fatalf("%d: %v, next %d, %v", i, news, n, ok)
		}
		next = n
		tail := min(next, 10)
		if news, _, ok := e.Events(next - tail); !ok || uint64(len(news)) != tail {
			t.Fatalf("%d: the newest %d: %d, %v", i, tail, len(news), ok)
		}
	}
	if news, _, ok := e.Events(next - 10); !ok || len(news) != 10 {
		t.Errorf("the newest 10: %d, %v", len(news), ok)
	}
	if news, n, ok := e.Events(3); ok || news != nil || n != next {
		t.Errorf("long gone: %d events, next %d, %v", len(news), n, ok)
	}
	if _, _, ok := e.Events(next + 1); ok {
		t.Error("events from the future")
	}
	submit(t, e, ioc(limit("t", spot, exchange.Buy, "0.5", "101")))
	if _, err := e.Cancel(start, exchange.OrderRef{Market: spot, ClientID: "98"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range e.Changed(e.Account(), 99) {
		got = append(got, o.ClientID+" "+shape(o))
	}
	if want := []string{"99 accepted 0", "t filled 0.50 0.50@101.0", "98 canceled 0"}; !slices.Equal(got, want) {
		t.Errorf("changed %q, want %q", got, want)
	}
}

func TestNewEngineRefuses(t *testing.T) {
	for name, change := range map[string]func(*sim.EngineConfig){
		"no venue":          func(c *sim.EngineConfig) { c.Venue = "" },
		"another's market":  func(c *sim.EngineConfig) { c.Venue = "y" },
		"an inverse":        func(c *sim.EngineConfig) { c.Instruments[1].Settle = "BTC" },
		"a fee asset":       func(c *sim.EngineConfig) { c.FeeAsset = "BNB" },
		"an account twice":  func(c *sim.EngineConfig) { c.Accounts = []sim.AccountConfig{{}} },
		"margin of its own": func(c *sim.EngineConfig) { c.Margin = c.Balances },
		"a market twice":    func(c *sim.EngineConfig) { c.Instruments = append(c.Instruments, c.Instruments[0]) },
		"no tick":           func(c *sim.EngineConfig) { c.Instruments[0].Tick = exchange.Decimal{} },
		"all is fee":        func(c *sim.EngineConfig) { c.Fees.Taker = dec("1") },
		"negative balance":  func(c *sim.EngineConfig) { c.Balances[0].Quantity = dec("-1") },
		"negative margin":   func(c *sim.EngineConfig) { c.MarginRate = dec("-0.1") },
		"negative depth":    func(c *sim.EngineConfig) { c.Depth = -1 },
		"negative buffer":   func(c *sim.EngineConfig) { c.EventBuffer = -1 },
		"balance of no one": func(c *sim.EngineConfig) { c.Balances[0].Asset = "" },
	} {
		cfg := config()
		change(&cfg)
		if _, err := sim.NewEngine(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Turning a position costs the fee of the part that closes it as well.
func TestPerpetualTurnPaysItsFees(t *testing.T) {
	cfg := config()
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("100")}}
	cfg.MarginRate = dec("0.2")
	for quantity, ok := range map[string]bool{"8.74": true, "8.75": false} {
		e := newEngine(t, cfg)
		setBook(t, e, book(perp, [][2]int64{{1000, 10000}}, [][2]int64{{1005, 10000}}))
		submit(t, e, ioc(limit("z", perp, exchange.Sell, "4", "100")))
		_, err := e.Submit(start, ioc(limit("a", perp, exchange.Buy, quantity, "100.5")))
		if (err == nil) != ok || !ok && !errors.Is(err, exchange.ErrInsufficientFunds) {
			t.Errorf("%s: %v, want success: %v", quantity, err, ok)
		}
		audit(t, cfg, e)
	}
}
