package sim_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What ended long ago is forgotten, with its fills and its client id; what rests, and what is told by an event that is kept, is not.
func TestOldOrdersAreForgotten(t *testing.T) {
	cfg := config()
	cfg.KeepOrders, cfg.EventBuffer = 100, 50
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("1e9")}, {Asset: "BTC", Quantity: dec("1e6")}}
	e := newEngine(t, cfg)
	setBook(t, e, book(spot, [][2]int64{{990, 1e12}}, [][2]int64{{1010, 1e12}}))
	old := submit(t, e, limit("old", spot, exchange.Buy, "1", "100"))
	if _, err := e.Fill(start, old.Ref(), dec("0.5")); err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if _, err := e.Submit(start.Add(time.Duration(i)), ioc(limit(fmt.Sprint(i), spot, exchange.Buy, "0.01", "101"))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.Log()); n < 101 || n > 200 {
		t.Errorf("%d fills are kept", n)
	}
	all := e.Orders("", spot.Symbol, time.Time{})
	if n := len(all); n < 101 || n > 200 || all[0].ClientID != "old" || all[n-1].ClientID != "4999" {
		t.Errorf("%d orders are kept, from %s", n, all[0].ClientID)
	}
	if got := len(e.Fills("", spot.Symbol, start.Add(4990))); got != 10 {
		t.Errorf("%d fills of the last 10", got)
	}
	o, err := e.Lookup(old.Ref())
	checkShape(t, o, err, "partially filled 0.50 0.50@100.0")
	for _, ref := range []exchange.OrderRef{{Market: spot, ClientID: "7"}, {Market: spot, VenueID: "17"}} {
		if _, err := e.Lookup(ref); !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("%v: %v", ref, err)
		}
	}
	if o, err := e.Lookup(exchange.OrderRef{Market: spot, VenueID: all[50].VenueID}); err != nil || o.ClientID != all[50].ClientID {
		t.Errorf("by venue id: %s %v", o.ClientID, err)
	}
	if _, err := e.Submit(start, ioc(limit("4950", spot, exchange.Buy, "0.01", "101"))); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("a client id that is remembered: %v", err)
	}
	if _, err := e.Submit(start, ioc(limit("7", spot, exchange.Buy, "0.01", "101"))); err != nil {
		t.Errorf("a client id that is forgotten: %v", err)
	}
	_, next, _ := e.Events(0)
	news, _, ok := e.Events(next - 50)
	if !ok || len(news) != 50 || len(news[0].Order.Fills) != 1 || news[49].Order.ClientID != "7" {
		t.Errorf("events: %d, %v", len(news), ok)
	}
}

// What an event tells is kept with it, however few orders are to be kept.
func TestEventsKeepTheirOrders(t *testing.T) {
	cfg := config()
	cfg.KeepOrders, cfg.EventBuffer = 1, 50
	cfg.Balances[0].Quantity = dec("1e9")
	e := newEngine(t, cfg)
	setBook(t, e, book(spot, nil, [][2]int64{{1010, 1e12}}))
	for i := range 500 {
		submit(t, e, ioc(limit(fmt.Sprint(i), spot, exchange.Buy, "0.01", "101")))
	}
	_, next, _ := e.Events(0)
	news, _, ok := e.Events(next - 50)
	if !ok {
		t.Fatal("no events")
	}
	for i, ev := range news {
		if want := fmt.Sprint(450 + i); ev.Order.ClientID != want || len(ev.Order.Fills) != 1 || ev.Order.Fills[0].ClientID != want {
			t.Fatalf("event %d: %s of %s", i, shape(ev.Order), ev.Order.ClientID)
		}
	}
	if n := len(e.Log()); n > 52 {
		t.Errorf("%d fills are kept", n)
	}
}

// An order that is replaced without end does not grow; its events tell what it was.
func TestReplacedWithoutEnd(t *testing.T) {
	cfg := config()
	cfg.EventBuffer = 10
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	a := submit(t, e, limit("a", spot, exchange.Buy, "1", "90"))
	for i := range 1000 {
		if _, err := e.Replace(start, a.Ref(), exchange.Change{Price: exchange.Scaled(int64(91+i%5), 0)}); err != nil {
			t.Fatal(err)
		}
		_, next, _ := e.Events(0)
		news, _, ok := e.Events(next - min(next, 10))
		if !ok {
			t.Fatal("no events")
		}
		for j, ev := range news {
			back := (len(news) - 1 - j) / 2
			if want := exchange.Scaled(int64(91+(i-back)%5), 0); i >= 5 && !ev.Order.Price.Equal(want) || ev.Order.Version != uint64(i+2-back) {
				t.Fatalf("replacement %d, event %d back: version %d at %s, want %s", i, back, ev.Order.Version, ev.Order.Price, want)
			}
		}
	}
	audit(t, cfg, e)
}

// A long run needs no more memory than a short one.
func TestLongRunsAreBounded(t *testing.T) {
	cfg := config()
	cfg.KeepOrders, cfg.EventBuffer = 1000, 1000
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("1e9")}, {Asset: "BTC", Quantity: dec("1e6")}}
	cfg.Accounts = []sim.AccountConfig{{ID: "two", Balances: cfg.Balances}}
	e := newEngine(t, cfg)
	setBook(t, e, book(spot, [][2]int64{{990, 1e12}}, [][2]int64{{1010, 1e12}}))
	n := 0
	heap := func(orders int) uint64 {
		for range orders {
			n++
			r := limit(fmt.Sprint(n), spot, exchange.Sell, "0.01", "100")
			if n%2 == 0 {
				r.Side, r.TIF, r.Account = exchange.Buy, exchange.IOC, "two"
			}
			if _, err := e.Submit(start, r); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	short := heap(20_000)
	if long := heap(180_000); long > short+short/4+1<<18 {
		t.Errorf("%d bytes after 20,000 orders, %d after 200,000", short, long)
	}
	runtime.KeepAlive(e)
}
