package main

import (
	"fmt"
	"sync"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/pnl"
)

// audit is what the ledger says at the end, held against the venues' own books.
type audit struct {
	net, fees        exchange.Decimal // in quote
	fills, mismatch  int
	imbalance, drift exchange.Decimal
}

// audit compares the ledger with every engine: asset by asset, position by position, fill by fill, exactly. Nothing may trade
// while it runs.
func (d *desk) audit() (a audit, err error) {
	for _, e := range d.engines {
		a.drift = a.drift.Add(d.drift(e))
	}
	for _, i := range d.ledger.Imbalance() {
		a.imbalance = a.imbalance.Add(i.Quantity.Abs())
	}
	a.fills, a.mismatch = d.compareFills()
	marks := d.marks()
	for _, f := range d.ledger.Fees() {
		switch price, ok := marks(f.Asset); {
		case f.Asset == d.quote:
			a.fees = a.fees.Add(f.Quantity)
		case ok:
			a.fees = a.fees.Add(f.Quantity.Mul(price))
		default:
			return a, fmt.Errorf("a fee was paid in %s, which has no price", f.Asset)
		}
	}
	a.net, err = d.ledger.Net(d.quote, marks)
	for _, x := range []*exchange.Decimal{&a.net, &a.fees, &a.drift, &a.imbalance} {
		*x = trim(*x)
	}
	return a, err
}

// trim is x without trailing zeros behind the point: sums of exact products have many.
func trim(x exchange.Decimal) exchange.Decimal {
	places := x.Places()
	return x.Quo(exchange.Scaled(1, 0), max(places, 0), exchange.HalfEven) // exact: nothing is cut but zeros
}

// drift is by how much the ledger and e disagree, all differences added up.
func (d *desk) drift(e *sim.Engine) (sum exchange.Decimal) {
	differ := func(x, y exchange.Decimal) { sum = sum.Add(x.Sub(y).Abs()) }
	seen := map[exchange.Asset]bool{}
	for _, b := range e.Balances(e.Account()) {
		seen[b.Asset] = true
		differ(b.Total(), d.ledger.Balance(e.Venue(), e.Account(), b.Asset))
	}
	for _, i := range e.Instruments() {
		for _, a := range []exchange.Asset{i.Market.Symbol.Base, i.Market.Symbol.Quote} {
			if !seen[a] { // the venue says zero
				seen[a] = true
				differ(exchange.Decimal{}, d.ledger.Balance(e.Venue(), e.Account(), a))
			}
		}
	}
	venue := map[exchange.Market]exchange.Position{}
	for _, p := range e.Positions(e.Account()) {
		venue[p.Market] = p
	}
	for _, p := range d.ledger.Positions() {
		if p.Market.Venue == e.Venue() && p.Account == e.Account() {
			differ(p.Quantity, venue[p.Market].Quantity)
			differ(p.Cost, venue[p.Market].Cost)
			delete(venue, p.Market)
		}
	}
	for _, p := range venue { // what only the venue has
		differ(p.Quantity, exchange.Decimal{})
		differ(p.Cost, exchange.Decimal{})
	}
	return sum
}

// booked keeps each fill that the ledger took, for the audit.
type booked struct {
	ledger *pnl.Ledger
	mu     sync.Mutex
	fills  map[exchange.FillKey]exchange.Fill
}

// Record makes it an order.Booker.
func (b *booked) Record(f exchange.Fill) error {
	if err := b.ledger.Record(f); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fills[f.Key()] = f
	return nil
}

// compareFills holds the ledger's fills against the engines' logs: how many there are, and how many are not in both alike. Behind a protocol
// fills have the ids that the venue's servers gave them, so that they are compared by what they say.
func (d *desk) compareFills() (fills, mismatch int) {
	id := exchange.Fill.Key
	if d.o.wired() {
		id = func(exchange.Fill) exchange.FillKey { return exchange.FillKey{} }
	}
	type same struct {
		key exchange.FillKey
		say string
	}
	read := func(f exchange.Fill) same {
		return same{id(f), fmt.Sprint(f.Market, f.Side, trim(f.Price), trim(f.Quantity), trim(f.Fee), f.FeeAsset)}
	}
	left := map[same]int{}
	for _, f := range d.booked.fills {
		left[read(f)]++
	}
	for _, e := range d.engines {
		for _, f := range e.Log() {
			left[read(f)]--
		}
	}
	for _, n := range left {
		mismatch += max(n, -n)
	}
	return d.ledger.Fills(), mismatch
}

// marks prices base assets at the middle of the last valid book of the first market that trades them.
func (d *desk) marks() func(exchange.Asset) (exchange.Decimal, bool) {
	price := map[exchange.Asset]exchange.Decimal{}
	var b exchange.Book
	for _, e := range d.engines {
		for _, i := range e.Instruments() {
			s := i.Market.Symbol
			if _, ok := price[s.Base]; ok || !e.Book(s, &b) {
				continue
			}
			bid, okb := b.Best(exchange.Sell)
			ask, oka := b.Best(exchange.Buy)
			if okb && oka {
				price[s.Base] = b.Price(bid).Add(b.Price(ask)).Mul(exchange.MustDecimal("0.5"))
			}
		}
	}
	return func(a exchange.Asset) (exchange.Decimal, bool) {
		p, ok := price[a]
		return p, ok
	}
}
