package order_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

var (
	btc   = exchange.MustSymbol("BTC-USDT")
	start = time.Date(2024, 5, 21, 10, 0, 0, 0, time.UTC)
	dec   = exchange.MustDecimal
)

func market(v exchange.Venue) exchange.Market { return exchange.Market{Venue: v, Symbol: btc} }

func instrument(v exchange.Venue) exchange.Instrument {
	return exchange.Instrument{Market: market(v), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.01"), Lot: dec("0.0001"),
		MinQty: dec("0.0001"), MinNotional: dec("5"), Contract: dec("1"), Settle: "USDT"}
}

func rules() []exchange.Instrument { return []exchange.Instrument{instrument("a"), instrument("b")} }

// flatBook has 20 levels a side around mid, one unit of quote apart, size (in 0.0001 BTC) each.
func flatBook(v exchange.Venue, mid, size int64, at time.Time) *exchange.Book {
	b := &exchange.Book{Market: market(v), Scale: exchange.Scale{Price: -2, Size: -4}, VenueTime: at, RecvTime: at}
	for i := range int64(20) {
		b.Asks = append(b.Asks, exchange.Level{Price: mid + (20-i)*100, Size: size})
		b.Bids = append(b.Bids, exchange.Level{Price: mid - (20-i)*100, Size: size})
	}
	return b
}

// plan buys on a and sells on b, at prices that the flat books reach with depth to spare.
func plan(quantity string) exchange.Plan {
	buy := exchange.OrderRequest{Market: market("a"), Side: exchange.Buy, TIF: exchange.IOC, Price: dec("10010"), Quantity: dec(quantity)}
	sell := exchange.OrderRequest{Market: market("b"), Side: exchange.Sell, TIF: exchange.IOC, Price: dec("9990"), Quantity: dec(quantity)}
	return exchange.Plan{Strategy: "cross", Legs: []exchange.OrderRequest{buy, sell}}
}

// world is two simulated venues under one Driver.
type world struct {
	loop    *sim.Loop
	engines map[exchange.Venue]*sim.Engine
	links   map[exchange.Venue]*sim.Link
	driver  *order.Driver
	journal order.HashJournal
	books   books
	booked  []exchange.Fill
	late    []order.Late
}

// books is a Quoter over what the links have published.
type books map[exchange.Market]*exchange.Book

func (b books) ReadBook(m exchange.Market, into *exchange.Book) bool {
	src := b[m]
	if src == nil {
		return false
	}
	into.CopyFrom(src, 0)
	return true
}

// Record makes world a Booker.
func (w *world) Record(f exchange.Fill) error {
	w.booked = append(w.booked, f)
	return nil
}

func newEngine(t testing.TB, v exchange.Venue) *sim.Engine {
	t.Helper()
	e, err := sim.NewEngine(sim.EngineConfig{Venue: v, Instruments: []exchange.Instrument{instrument(v)}, Fees: exchange.FeeRates{Taker: dec("0.0005")},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}, {Asset: "BTC", Quantity: dec("100")}}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// latency is that of all simulated venues here.
func latency() sim.Latency {
	there := sim.Delay{Min: time.Millisecond, Jitter: 5 * time.Millisecond}
	return sim.Latency{Entry: there, Response: there, Feed: sim.Delay{Min: time.Millisecond}}
}

func newWorld(t testing.TB, cfg order.Config, faults func(v exchange.Venue) sim.Faults) *world {
	t.Helper()
	return newWorldAt(t, start, cfg, faults)
}

func newWorldAt(t testing.TB, at time.Time, cfg order.Config, faults func(v exchange.Venue) sim.Faults) *world {
	t.Helper()
	w := &world{loop: sim.NewLoop(at), engines: map[exchange.Venue]*sim.Engine{}, links: map[exchange.Venue]*sim.Link{}, books: books{}}
	var traders []order.AsyncTrader
	for _, v := range []exchange.Venue{"a", "b"} {
		e := newEngine(t, v)
		var f sim.Faults
		if faults != nil {
			f = faults(v)
		}
		k, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: w.loop, Faults: f,
			Latency: latency(),
			OnEvent: func(ev exchange.Event) { w.driver.OnEvent(ev) },
			OnBook:  func(b *exchange.Book) { w.books[b.Market] = b.Clone() }})
		if err != nil {
			t.Fatal(err)
		}
		w.engines[v], w.links[v] = e, k
		traders = append(traders, k)
	}
	cfg.Instruments, cfg.Journal, cfg.Booker = rules(), &w.journal, w
	cfg.Hooks.Late = func(l order.Late) { w.late = append(w.late, l) }
	d, err := order.NewDriver(cfg, w.loop, traders...)
	if err != nil {
		t.Fatal(err)
	}
	w.driver = d
	return w
}

func (w *world) publish(t testing.TB, v exchange.Venue, mid, size int64) {
	t.Helper()
	if err := w.links[v].Publish(flatBook(v, mid, size, w.loop.Now())); err != nil {
		t.Fatal(err)
	}
}

// net is what the venues hold together beyond what they began with: the truth about residuals.
func (w *world) net() exchange.Decimal {
	sum := dec("-200")
	for _, v := range []exchange.Venue{"a", "b"} {
		for _, b := range w.engines[v].Balances("") {
			if b.Asset == "BTC" {
				sum = sum.Add(b.Total())
			}
		}
	}
	return sum
}

func TestBothLegsFill(t *testing.T) {
	w := newWorld(t, order.Config{}, nil)
	w.publish(t, "a", 1_000_000, 1<<30)
	w.publish(t, "b", 1_000_000, 1<<30)
	calls := 0
	w.driver.Execute(plan("0.01"), func(r order.Result, err error) {
		calls++
		if err != nil || r.Outcome != order.Completed || r.Partial || r.Group != "ORD-20240521-1" {
			t.Errorf("result %+v, error %v", r, err)
		}
		if got := r.Legs[0].Cash.Add(r.Legs[1].Cash); !got.Equal(dec("-0.02")) { // bought at 10001, sold at 9999
			t.Errorf("cash %s", got)
		}
	})
	w.loop.Run()
	if calls != 1 || len(w.booked) != 2 || !w.net().IsZero() || !w.driver.Idle() {
		t.Errorf("done called %d times, %d fills booked, net %s, idle %v", calls, len(w.booked), w.net(), w.driver.Idle())
	}
}
