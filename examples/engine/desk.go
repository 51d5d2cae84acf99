package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
	"github.com/bothlegs/bothlegs/pnl"
)

// listing is a market to trade, and its price at the start: what the opening balances are worth.
type listing struct {
	instrument exchange.Instrument
	price      exchange.Decimal
}

// desk is what both ways to run share: the venues' engines, the scanner, the ledger and the counters.
type desk struct {
	o       options
	engines []*sim.Engine // in the order of their first listing
	scanner *arb.Scanner
	ledger  *pnl.Ledger
	booked  *booked
	tally   *tally
	rules   []exchange.Instrument
	quote   exchange.Asset
}

// newDesk opens an account at each venue, and pairs every two listings of one base and quote.
func newDesk(o options, listings []listing) (*desk, error) {
	d := &desk{o: o, ledger: pnl.NewLedger(), tally: newTally()}
	d.booked = &booked{ledger: d.ledger, fills: map[exchange.FillKey]exchange.Fill{}}
	byVenue := map[exchange.Venue][]listing{}
	var names []exchange.Venue
	for _, l := range listings {
		v := l.instrument.Market.Venue
		if byVenue[v] == nil {
			names = append(names, v)
		}
		byVenue[v] = append(byVenue[v], l)
		d.rules = append(d.rules, l.instrument)
	}
	for _, v := range names {
		if err := d.open(v, byVenue[v]); err != nil {
			return nil, err
		}
	}
	pairs := pairs(d.rules)
	if len(pairs) == 0 {
		return nil, usageError{fmt.Errorf("nothing to trade: found %s, and no two markets of one base and quote", markets(d.rules))}
	}
	d.quote = pairs[0].A.Symbol.Quote
	for _, p := range pairs {
		if p.A.Symbol.Quote != d.quote {
			return nil, usageError{fmt.Errorf("-symbols: one quote asset at a time, not %s and %s", d.quote, p.A.Symbol.Quote)}
		}
	}
	fees := map[exchange.Market]arb.Fees{}
	for _, i := range d.rules {
		fees[i.Market] = arb.TakerFees(exchange.FeeRates{Maker: o.fee, Taker: o.fee})
	}
	var err error
	d.scanner, err = arb.NewScanner(arb.ScannerConfig{Pairs: pairs, Instruments: d.rules, Fees: fees, Notional: o.size, MinEdge: o.minEdge, MaxSkew: o.maxSkew})
	if errors.Is(err, exchange.ErrInvalid) {
		err = usageError{err}
	}
	return d, err
}

// open makes a venue's engine and its account: the quote asset, and each spot base worth as much.
func (d *desk) open(v exchange.Venue, listings []listing) error {
	var rules []exchange.Instrument
	var opening []exchange.Amount
	held := map[exchange.Asset]bool{}
	hold := func(a exchange.Asset, q exchange.Decimal) {
		if !held[a] {
			held[a] = true
			opening = append(opening, exchange.Amount{Asset: a, Quantity: q})
		}
	}
	for _, l := range listings {
		rules = append(rules, l.instrument)
		s := l.instrument.Market.Symbol
		hold(s.Quote, d.o.balance)
		if s.Kind == exchange.Spot {
			hold(s.Base, l.instrument.RoundQuantity(d.o.balance.Quo(l.price, 12, exchange.Down)))
		}
	}
	if d.o.wired() {
		rules = append(rules, perpetual(rules[0]))
	}
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: v, Instruments: rules, Balances: opening, BaseFee: d.o.wired(), // as the three venues charge them
		Fees: exchange.FeeRates{Maker: d.o.fee, Taker: d.o.fee},
	})
	if err != nil {
		return err
	}
	d.engines = append(d.engines, e)
	return d.ledger.Open(v, "", opening...)
}

// pairs are all two markets that trade one base against one quote, on one venue or two.
func pairs(rules []exchange.Instrument) (r []arb.Pair) {
	for i, a := range rules {
		for _, b := range rules[i+1:] {
			if x, y := a.Market.Symbol, b.Market.Symbol; x.Base == y.Base && x.Quote == y.Quote {
				r = append(r, arb.Pair{A: a.Market, B: b.Market})
			}
		}
	}
	return r
}

func markets(rules []exchange.Instrument) string {
	if len(rules) == 0 {
		return "no market"
	}
	var s string
	for i, r := range rules {
		if i > 0 {
			s += ", "
		}
		s += r.Market.String()
	}
	return s
}

// network is the latency of a well-placed machine, a few milliseconds from its venues. feed is for books that were not received yet.
func network(feed time.Duration) sim.Latency {
	leg := sim.Delay{Min: time.Millisecond, Jitter: 4 * time.Millisecond}
	return sim.Latency{Entry: leg, Response: leg, Feed: sim.Delay{Min: feed, Jitter: feed}}
}

// venueFaults are the profile's, drawn apart for each venue.
func (d *desk) venueFaults(i int) (sim.Faults, error) {
	f, err := sim.FaultProfile(d.o.faults, d.o.seed+uint64(i)<<32)
	if err != nil {
		return f, usageError{fmt.Errorf("-faults: %w", err)}
	}
	return f, nil
}

// orders configures the coordination of legs. Simulated venues answer in milliseconds and show an order at once, so unknown
// outcomes may be settled sooner than the defaults for real ones allow.
func (d *desk) orders(books order.Quoter) order.Config {
	return order.Config{
		Instruments: d.rules, Books: books, Booker: d.booked,
		FirstGroup: 1, Valid: 300 * time.Millisecond, Visibility: 300 * time.Millisecond, CallTimeout: time.Second, LookupWait: 20 * time.Millisecond,
		// Under -faults every sixth order or so fails: five attempts at a compensation would leave one group in ten thousand exposed.
		Unwind:     order.Unwind{Attempts: 12},
		FeeReserve: d.o.fee.Abs().Max(exchange.MustDecimal("0.001")), MarginRate: exchange.MustDecimal("0.1"),
	}
}

// trades reports whether m is one of the desk's markets.
func (d *desk) trades(m exchange.Market) bool {
	return slices.ContainsFunc(d.rules, func(i exchange.Instrument) bool { return i.Market == m })
}

// see takes a visible book and returns the plan that it gives rise to, if any.
func (d *desk) see(b *exchange.Book) (exchange.Plan, bool) {
	o, v := d.scanner.Observe(b)
	if !v.Pass {
		d.tally.miss(v.Term.String())
		return exchange.Plan{}, false
	}
	d.tally.signal()
	// What is about to be taken is no longer there: both books have to be seen anew before the next signal.
	for _, l := range o.Plan.Legs {
		d.scanner.Forget(l.Market)
	}
	return o.Plan, true
}

// settle counts how a plan ended.
func (d *desk) settle(p exchange.Plan, r order.Result, err error, took time.Duration) {
	var refused *order.Refused
	switch {
	case errors.As(err, &refused):
		d.tally.reject(refused.Reason)
	case err != nil && r.Group == "":
		d.tally.reject("not_sent")
	default:
		d.tally.ended(r, took, describe(p, r))
	}
}

// describe is one line about an arbitrage: what was bought and sold where, how it ended, and what it brought.
func describe(p exchange.Plan, r order.Result) string {
	var cash exchange.Decimal
	for _, l := range r.Legs {
		cash = cash.Add(l.Cash)
		for _, f := range l.Fees {
			if f.Asset == l.Market.Symbol.Quote {
				cash = cash.Sub(f.Quantity)
			}
		}
	}
	a, b := p.Legs[0], p.Legs[1]
	return fmt.Sprintf("%s %s %s at %s, %s at %s: %s %s %s", a.Side, a.Quantity, a.Market, a.Price, b.Market, b.Price, r.Outcome, trim(cash), a.Market.Symbol.Quote)
}
