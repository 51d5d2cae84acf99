package sim_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// BenchmarkSetBook is one book of 1,000 levels a side, after orders took from 10 of them.
func BenchmarkSetBook(b *testing.B) {
	cfg := config()
	cfg.Balances[0].Quantity = dec("1e12")
	e := newEngine(b, cfg)
	var bids, asks [][2]int64
	for i := range int64(1000) {
		bids, asks = append(bids, [2]int64{10_000 - 5*i, 100}), append(asks, [2]int64{10_005 + 5*i, 100})
	}
	full := book(spot, bids, asks)
	setBook(b, e, full)
	if _, err := e.Submit(start, ioc(limit("a", spot, exchange.Buy, "9.5", "1100"))); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.SetBook(start, full); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmit is one order of a long run, in which the engine keeps the newest 10,000: an IOC order that fills at one level of a given book,
// one that rests, and one that fills against it; the last two are of two accounts.
func BenchmarkSubmit(b *testing.B) {
	cfg := config()
	cfg.KeepOrders, cfg.EventBuffer = 10_000, 10_000
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("1e12")}, {Asset: "BTC", Quantity: dec("1e9")}}
	cfg.Accounts = []sim.AccountConfig{{ID: "two", Balances: cfg.Balances}}
	given := book(spot, [][2]int64{{990, 1e12}}, [][2]int64{{1010, 1e12}})
	run := func(name string, orders ...exchange.OrderRequest) {
		b.Run(name, func(b *testing.B) {
			e := newEngine(b, cfg)
			setBook(b, e, given)
			n := 0
			submit := func() {
				r := orders[n%len(orders)]
				n++
				r.ClientID = strconv.Itoa(n)
				if _, err := e.Submit(start, r); err != nil {
					b.Fatal(err)
				}
			}
			for range 30_000 { // what is kept is full
				submit()
			}
			b.ReportAllocs()
			for b.Loop() {
				submit()
			}
		})
	}
	rests := limit("", spot, exchange.Sell, "0.01", "100")
	rests.Account = "two"
	run("given", ioc(limit("", spot, exchange.Buy, "0.01", "101")))
	run("accounts", rests, ioc(limit("", spot, exchange.Buy, "0.01", "100")))
}

// BenchmarkLoop is one event posted and run, with a thousand waiting.
func BenchmarkLoop(b *testing.B) {
	l := sim.NewLoop(start)
	for i := range 1000 {
		var again func()
		again = func() { l.After(ms, again) }
		l.After(ms*time.Duration(i)/1000, again)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Step()
	}
}
