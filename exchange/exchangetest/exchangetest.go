// Package exchangetest is the contract of [exchange.Exchange] as a list of named cases: what every venue passes, whatever it speaks.
//
// [Run] opens the venue anew for each case, in a bubble of virtual time (see testing/synctest), so that time-outs, reconnects and
// silences cost nothing. Cases direct the venue behind the opened exchange through [Stage]: they publish books, trade against the
// account, make calls fail, open a second client. Against a real venue, or over real sockets, Config.RealTime runs the cases on the
// machine's clock; those that need a Stage are skipped where there is none.
//
// What a case asks for is in package exchange's words only. An answer to a write may be an acknowledgement: the cases follow each order
// with Lookup and StreamOrders, and both must tell the same story in the end, each fill once. Every call of every case is
// audited: errors are *exchange.Error, writes carry exactly one outcome, reads none, and at most one class.
package exchangetest

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Config says what is tested.
type Config struct {
	// Open opens the venue, and a client of one account there. It is called inside the case's bubble; t.Cleanup closes what it opened.
	// Unless RealTime is set the result must be a [Stage] too. The account then has neither orders nor positions. It holds of each base at least
	// 1,000, of each quote 100,000 to 1,000,000; at 100,000 ticks, where the books of the cases are, the smallest order costs 500 at
	// most, and orders may be as large as 1,000 base.
	Open func(t *testing.T) exchange.Exchange

	// OpenReadOnly is Open, with a key that may not trade. OpenFeeAsset is Open, for an account that pays the fees of spot orders in an asset
	// that is neither base nor quote, and holds enough of it. Where one is nil its case ("read-only-key", "fee-asset") must be in Unsupported.
	OpenReadOnly, OpenFeeAsset func(t *testing.T) exchange.Exchange

	// RealTime runs the cases on the machine's clock instead of in bubbles: over real sockets, on a testnet. Cases that take minutes are
	// skipped.
	RealTime bool

	// NoStage says, with RealTime only, that nobody can direct the venue, so that what Open returns is no Stage. Orders meet the venue's own
	// books then, and cases that need more are skipped.
	NoStage bool

	// Spot and Perp are the symbols that are traded; the zero Symbol leaves the kind's cases out.
	Spot, Perp exchange.Symbol

	// Unsupported names cases that the venue, or what plays it, cannot pass, with the reason why: "perp/dead-man", or "dead-man" for
	// both kinds. They are skipped with it. A name that is no case's is a failure.
	Unsupported map[string]string

	// Page is how many fills one page of the venue holds at most: the case of pages makes more. Default 100.
	Page int

	// Patience is how long a case waits for what must come. Default: 20 minutes, longer than a venue
	// shuts anybody out; 20 s with RealTime.
	Patience time.Duration
}

// Stage directs the venue behind an opened exchange. Its methods are called from one goroutine at a time; what they do has happened
// when they return, although its news may still be on its way to the exchange.
type Stage interface {
	// Publish makes b, which is copied, what everybody else offers on its market. Resting orders of the account that it crosses fill.
	Publish(b *exchange.Book) error
	// Trade submits an order of somebody else, who can pay for anything, and who is not the account. r.Account is set by the Stage.
	Trade(r exchange.OrderRequest) (exchange.Order, error)
	// Fault makes later calls or messages meet f.
	Fault(f Fault) error
	// Reopen opens another client of the same account at the same venue, as a later run of the same program would.
	Reopen(t *testing.T) exchange.Exchange
	// Sent counts the requests of op that have reached the venue, those that met a fault among them.
	Sent(op string) int
	// Met counts the requests and messages of op that have met the fault of that kind.
	Met(op, kind string) int
}

// Fault is something that goes wrong. The names of Op and Kind are those of exchange/sim's Op and Fault.
//
// Calls have the operations "place", "replace", "cancel", "cancel-all", "lookup" and "read", and the faults "lost-ack" (it happens, and no
// answer comes), "refused" (with certainty), "slow" (it arrives For later), "slow-ack" (it happens at once, the answer comes For later),
// "fill-after-cancel" (acknowledged, and filled nevertheless), "reject-after-ack", "reset-after" (it happens, then the connection ends),
// "garbage", "rate-limited" and "server-error" (no one knows whether it happens). The streams are "books" and "orders", and meet "disconnect",
// "stall" (connected and silent), "drop" (one message is missing), "twice", "stale-book" and "crossed-book". A new connection is "connect".
type Fault struct {
	Op, Kind string
	Nth      int           // which such call or message from now on; 0: the next one
	For      time.Duration // the length of what lasts
}

// Run tests that the exchange keeps the contract, each case as a subtest.
func Run(t *testing.T, cfg Config) {
	t.Helper()
	if err := cfg.validate(); err != nil {
		t.Fatalf("exchangetest: %v", err)
	}
	for _, r := range cfg.runs() {
		t.Run(r.name, func(t *testing.T) {
			if reason, ok := cfg.unsupported(r); ok {
				t.Skipf("not supported here: %s", reason)
			}
			cfg.run(t, r, t)
		})
	}
}

func (c *Config) validate() error {
	if c.Open == nil || c.Spot == (exchange.Symbol{}) && c.Perp == (exchange.Symbol{}) {
		return errors.New("Config without Open, or without a symbol")
	}
	if c.NoStage && !c.RealTime {
		return errors.New("Config without a stage, and not in real time")
	}
	if c.Spot.Kind != exchange.Spot || c.Perp != (exchange.Symbol{}) && c.Perp.Kind != exchange.Perp {
		return fmt.Errorf("Config with spot %s and perpetual %s", c.Spot, c.Perp)
	}
	runs := c.runs()
	for name, reason := range c.Unsupported {
		if !known(runs, name) || reason == "" {
			return fmt.Errorf("Config.Unsupported names %q, which is no case here, or gives no reason: %q", name, reason)
		}
	}
	return nil
}

// run is one case on one symbol.
type run struct {
	name   string // "spot/ioc-full"
	symbol exchange.Symbol
	test   test
}

// test is one case.
type test struct {
	name  string
	long  bool                                             // it takes minutes of the venue's time
	alone bool                                             // it can do without a stage
	only  kinds                                            // which kinds it is for
	open  func(*Config) func(*testing.T) exchange.Exchange // nil: Config.Open
	run   func(*scene)
}

type kinds uint8

const (
	each kinds = iota // run for spot and for perp
	onlySpot
	onlyPerp
	once // run on whichever there is
)

func (c *Config) runs() []run {
	var r []run
	add := func(kind string, s exchange.Symbol, want ...kinds) {
		if s == (exchange.Symbol{}) {
			return
		}
		for _, x := range cases() {
			for _, k := range want {
				if x.only == k {
					r = append(r, run{kind + "/" + x.name, s, x})
				}
			}
		}
	}
	if c.Spot != (exchange.Symbol{}) {
		add("spot", c.Spot, once, each, onlySpot)
		add("perp", c.Perp, each, onlyPerp)
	} else {
		add("perp", c.Perp, once, each, onlyPerp)
	}
	return r
}

func known(runs []run, name string) bool {
	for _, r := range runs {
		if r.name == name || r.test.name == name {
			return true
		}
	}
	return false
}

func (c *Config) unsupported(r run) (reason string, ok bool) {
	if reason, ok = c.Unsupported[r.name]; !ok {
		reason, ok = c.Unsupported[r.test.name]
	}
	return reason, ok
}

// reporter is where failures go: a *testing.T, or in tests of this package a list.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func (c *Config) run(t *testing.T, r run, to reporter) {
	if c.RealTime {
		c.play(t, r, to)
		return
	}
	synctest.Test(t, func(inner *testing.T) {
		if to == t {
			to = inner
		}
		c.play(inner, r, to)
	})
}

// cases are all cases, in the order in which they run: what others build on comes first.
func cases() []test {
	var r []test
	for _, group := range [][]test{
		dataCases(), brokenBookCases(), orderCases(), restingCases(), refusalCases(), replaceCases(), cancelCases(), accountCases(),
		unknownCases(), raceCases(), streamCases(), contextCases(), abilityCases(),
	} {
		r = append(r, group...)
	}
	return r
}
