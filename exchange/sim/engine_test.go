package sim_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

var (
	spot = exchange.Market{Venue: "x", Symbol: exchange.MustSymbol("BTC-USDT")}
	perp = exchange.Market{Venue: "x", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func instrument(m exchange.Market) exchange.Instrument {
	return exchange.Instrument{Market: m, Tradable: true, Tick: dec("0.5"), Lot: dec("0.01"), MinQty: dec("0.01"), MinNotional: dec("1"), Contract: dec("1"), Settle: "USDT"}
}

// config is the venue of most tests: fees of 0.1% and 0.2%, 1,000 USDT and 10 BTC, both markets.
func config() sim.EngineConfig {
	return sim.EngineConfig{
		Venue:       "x",
		Instruments: []exchange.Instrument{instrument(spot), instrument(perp)},
		Fees:        exchange.FeeRates{Maker: dec("0.001"), Taker: dec("0.002")},
		Balances:    []exchange.Amount{{Asset: "USDT", Quantity: dec("1000")}, {Asset: "BTC", Quantity: dec("10")}},
	}
}

func newEngine(t testing.TB, cfg sim.EngineConfig) *sim.Engine {
	t.Helper()
	e, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// book makes a book in units of 0.1 and 0.01: pairs of price and size, best first.
func book(m exchange.Market, bids, asks [][2]int64) *exchange.Book {
	b := &exchange.Book{Market: m, Scale: exchange.Scale{Price: -1, Size: -2}}
	for i := len(bids) - 1; i >= 0; i-- {
		b.Bids = append(b.Bids, exchange.Level{Price: bids[i][0], Size: bids[i][1]})
	}
	for i := len(asks) - 1; i >= 0; i-- {
		b.Asks = append(b.Asks, exchange.Level{Price: asks[i][0], Size: asks[i][1]})
	}
	return b
}

// around100 has bids of 1 at 99 and 5 at 98, asks of 1 at 101 and 5 at 102.
func around100(m exchange.Market) *exchange.Book {
	return book(m, [][2]int64{{990, 100}, {980, 500}}, [][2]int64{{1010, 100}, {1020, 500}})
}

func setBook(t testing.TB, e *sim.Engine, b *exchange.Book) {
	t.Helper()
	if err := e.SetBook(start, b); err != nil {
		t.Fatal(err)
	}
}

func limit(id string, m exchange.Market, side exchange.Side, quantity, price string) exchange.OrderRequest {
	return exchange.OrderRequest{Market: m, ClientID: id, Side: side, Quantity: dec(quantity), Price: dec(price)}
}

func ioc(r exchange.OrderRequest) exchange.OrderRequest { r.TIF = exchange.IOC; return r }

// shape is what tests compare of an order: status, filled quantity, fills as quantity@price.
func shape(o exchange.Order) string {
	s := fmt.Sprintf("%s %s", o.Status, o.Filled)
	for _, f := range o.Fills {
		s += fmt.Sprintf(" %s@%s", f.Quantity, f.Price)
	}
	return s
}

func checkShape(t *testing.T, o exchange.Order, err error, want string) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
	if got := shape(o); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func checkBalance(t *testing.T, e *sim.Engine, a exchange.Asset, free, locked string) {
	t.Helper()
	var got exchange.Balance
	for _, b := range e.Balances(e.Account()) {
		if b.Asset == a {
			got = b
		}
	}
	if !got.Free.Equal(dec(free)) || !got.Locked.Equal(dec(locked)) {
		t.Errorf("%s: free %s, locked %s; want %s and %s", a, got.Free, got.Locked, free, locked)
	}
}

func TestSubmitMatchesBestPriceFirst(t *testing.T) {
	market := func(id string, side exchange.Side, q string) exchange.OrderRequest {
		return exchange.OrderRequest{Market: spot, ClientID: id, Side: side, Type: exchange.TypeMarket, Quantity: dec(q)}
	}
	fok := func(r exchange.OrderRequest) exchange.OrderRequest { r.TIF = exchange.FOK; return r }
	post := func(r exchange.OrderRequest) exchange.OrderRequest { r.PostOnly = true; return r }
	for _, c := range []struct {
		name string
		req  exchange.OrderRequest
		want string
	}{
		{"ioc takes what its limit allows", ioc(limit("a", spot, exchange.Buy, "2", "101.5")), "expired 1.00 1.00@101.0"},
		{"ioc walks two levels", ioc(limit("a", spot, exchange.Buy, "2", "102")), "filled 2.00 1.00@101.0 1.00@102.0"},
		{"ioc sell walks two levels", ioc(limit("a", spot, exchange.Sell, "2", "98")), "filled 2.00 1.00@99.0 1.00@98.0"},
		{"ioc that finds nothing expires", ioc(limit("a", spot, exchange.Buy, "2", "100")), "expired 0"},
		{"fok kills", fok(limit("a", spot, exchange.Buy, "2", "101")), "expired 0"},
		{"fok fills", fok(limit("a", spot, exchange.Buy, "2", "102")), "filled 2.00 1.00@101.0 1.00@102.0"},
		{"gtc takes and rests", limit("a", spot, exchange.Buy, "2", "101"), "partially filled 1.00 1.00@101.0"},
		{"gtc rests", limit("a", spot, exchange.Buy, "2", "100.5"), "accepted 0"},
		{"post-only rests", post(limit("a", spot, exchange.Sell, "2", "100")), "accepted 0"},
		{"market buys", market("a", exchange.Buy, "3"), "filled 3.00 1.00@101.0 2.00@102.0"},
		{"market sells all there is", market("a", exchange.Sell, "7"), "expired 6.00 1.00@99.0 5.00@98.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, config())
			setBook(t, e, around100(spot))
			o, err := e.Submit(start, c.req)
			checkShape(t, o, err, c.want)
			back, err := e.Lookup(c.req.Ref())
			checkShape(t, back, err, c.want)
		})
	}
}

func TestSubmitRefuses(t *testing.T) {
	ok := limit("a", spot, exchange.Buy, "1", "101")
	with := func(change func(*exchange.OrderRequest)) exchange.OrderRequest {
		r := ok
		change(&r)
		return r
	}
	for _, c := range []struct {
		name  string
		req   exchange.OrderRequest
		class error
		code  string
	}{
		{"another venue", with(func(r *exchange.OrderRequest) { r.Market.Venue = "y" }), exchange.ErrInvalid, "market"},
		{"another symbol", with(func(r *exchange.OrderRequest) { r.Market.Symbol = exchange.MustSymbol("ETH-USDT") }), exchange.ErrInvalid, "market"},
		{"another account", with(func(r *exchange.OrderRequest) { r.Account = "two" }), exchange.ErrUnauthorized, "account"},
		{"no client id", with(func(r *exchange.OrderRequest) { r.ClientID = "" }), exchange.ErrInvalid, "client_id"},
		{"off the tick", with(func(r *exchange.OrderRequest) { r.Price = dec("100.2") }), exchange.ErrInvalid, "rules"},
		{"off the lot", with(func(r *exchange.OrderRequest) { r.Quantity = dec("1.001") }), exchange.ErrInvalid, "rules"},
		{"below the notional", with(func(r *exchange.OrderRequest) { r.Quantity, r.Price = dec("0.01"), dec("10") }), exchange.ErrInvalid, "rules"},
		{"no side", with(func(r *exchange.OrderRequest) { r.Side = 0 }), exchange.ErrInvalid, "rules"},
		{"beyond 64 bits", with(func(r *exchange.OrderRequest) { r.Side, r.Price = exchange.Sell, dec("1e30") }), exchange.ErrInvalid, "size"},
		{"after the deadline", with(func(r *exchange.OrderRequest) { r.Deadline = start.Add(-time.Nanosecond) }), nil, "deadline"},
		{"post-only that would take", with(func(r *exchange.OrderRequest) { r.PostOnly = true }), nil, "post_only"},
		{"reduce-only on spot", with(func(r *exchange.OrderRequest) { r.ReduceOnly = true }), exchange.ErrUnsupported, "reduce_only"},
		{"reduce-only when flat", with(func(r *exchange.OrderRequest) { r.Market, r.ReduceOnly = perp, true }), nil, "reduce_only"},
		{"more than the quote balance", with(func(r *exchange.OrderRequest) { r.Quantity = dec("9.9") }), exchange.ErrInsufficientFunds, "funds"},
		{"more than the base balance", with(func(r *exchange.OrderRequest) { r.Side, r.Quantity = exchange.Sell, dec("10.01") }), exchange.ErrInsufficientFunds, "funds"},
		{"more than the margin", with(func(r *exchange.OrderRequest) { r.Market, r.Quantity = perp, dec("98") }), exchange.ErrInsufficientFunds, "funds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t, config())
			setBook(t, e, around100(spot))
			setBook(t, e, around100(perp))
			_, err := e.Submit(start, c.req)
			var x *exchange.Error
			if !errors.As(err, &x) || x.Code != c.code || exchange.OutcomeOf(err) != exchange.ErrRejected {
				t.Fatalf("got %v, want a rejection with code %s", err, c.code)
			}
			if c.class != nil && !errors.Is(err, c.class) {
				t.Errorf("%v is no %v", err, c.class)
			}
			if _, err := e.Lookup(c.req.Ref()); !errors.Is(err, exchange.ErrNotFound) {
				t.Errorf("lookup of a refused order: %v", err)
			}
			if len(e.Log()) != 0 {
				t.Errorf("a refused order filled: %v", e.Log())
			}
			checkBalance(t, e, "USDT", "1000", "0")
			checkBalance(t, e, "BTC", "10", "0")
			if _, next, _ := e.Events(0); next != 0 {
				t.Errorf("a refused order made %d events", next)
			}
			if _, err := e.Submit(start, ok); err != nil {
				t.Errorf("its client id was used up: %v", err)
			}
		})
	}
}

func TestSubmitRefusesADuplicate(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	r := ioc(limit("a", spot, exchange.Buy, "1", "101"))
	first, err := e.Submit(start, r)
	checkShape(t, first, err, "filled 1.00 1.00@101.0")
	if _, err := e.Submit(start, r); !errors.Is(err, exchange.ErrConflict) || !errors.Is(err, exchange.ErrRejected) {
		t.Errorf("second one: %v", err)
	}
	if len(e.Log()) != 1 {
		t.Errorf("%d fills", len(e.Log()))
	}
}

func TestDeadlineItselfStillPasses(t *testing.T) {
	e := newEngine(t, config())
	setBook(t, e, around100(spot))
	r := ioc(limit("a", spot, exchange.Buy, "1", "101"))
	r.Deadline = start
	o, err := e.Submit(start, r)
	checkShape(t, o, err, "filled 1.00 1.00@101.0")
}

func TestNoValidBookRefusesOrders(t *testing.T) {
	e := newEngine(t, config())
	try := func(id string, want error) {
		t.Helper()
		_, err := e.Submit(start, limit(id, spot, exchange.Buy, "1", "101"))
		if !errors.Is(err, exchange.ErrRejected) || !errors.Is(err, exchange.ErrUnavailable) || !errors.Is(err, want) {
			t.Errorf("%s: %v, want a rejection for %v", id, err, want)
		}
	}
	try("none yet", exchange.ErrDown)
	var b exchange.Book
	if e.Book(spot.Symbol, &b) {
		t.Error("a book before the first one")
	}
	setBook(t, e, around100(spot))
	gap := &exchange.Book{Market: spot, Err: exchange.ErrGap}
	setBook(t, e, gap)
	try("gap", exchange.ErrGap)
	if !e.Book(spot.Symbol, &b) || !errors.Is(b.Err, exchange.ErrGap) || len(b.Bids)+len(b.Asks) > 0 {
		t.Errorf("visible book %+v", b)
	}
	if err := e.SetBook(start, book(spot, [][2]int64{{1000, 1}}, [][2]int64{{1000, 1}})); !errors.Is(err, exchange.ErrCrossed) {
		t.Errorf("crossed book: %v", err)
	}
	try("crossed", exchange.ErrCrossed)
	if err := e.SetBook(start, book(spot, [][2]int64{{1000, -1}}, nil)); !errors.Is(err, exchange.ErrFrame) {
		t.Errorf("negative size: %v", err)
	}
	if err := e.SetBook(start, around100(exchange.Market{Venue: "y", Symbol: spot.Symbol})); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("another venue's book: %v", err)
	}
}
