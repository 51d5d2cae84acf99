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

// BenchmarkSubmit is one IOC order that fills at one level.
func BenchmarkSubmit(b *testing.B) {
	cfg := config()
	cfg.Balances[0].Quantity = dec("1e12")
	e := newEngine(b, cfg)
	books := [2]*exchange.Book{book(spot, nil, [][2]int64{{1010, 1e12}}), book(spot, nil, [][2]int64{{1010, 1e12 + 1}})}
	setBook(b, e, books[0])
	r := ioc(limit("", spot, exchange.Buy, "0.01", "101"))
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		r.ClientID = strconv.Itoa(n)
		if _, err := e.Submit(start, r); err != nil {
			b.Fatal(err)
		}
	}
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
