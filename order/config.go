// Package order coordinates orders that belong together, on venues that know nothing of one another: both legs, or neither.
//
// Across venues there is no transaction. A group of orders sent by this package ends in one of four ways, and each is told: Completed
// (every leg filled by the same quantity), Voided (nothing filled), Unwound (what filled alone was traded back), or Exposed (a residual
// remains, in numbers). An order whose fate is unknown stays unknown until the venue says what became of it: nothing times out
// into rejected.
//
// [Machine] decides: a pure step from an event to actions. [Driver] does the actions through small ports, single-threaded: that is how
// simulations and replays run. [Coordinator] is the Driver in a goroutine of its own over real venues, safe for concurrent use.
package order

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Config says how groups are carried out. The zero value works, given Instruments (which a Coordinator fetches itself).
type Config struct {
	// Prefix begins every client id: 1 to 8 ASCII letters or digits; default "ORD". Processes that share an account need different ones.
	Prefix string
	// FirstGroup numbers the first group. Numbers must not come back on the same account. Default: 1 for a Driver; for a
	// Coordinator the microseconds since 1970 when Run starts, so that a restart does not repeat client ids.
	FirstGroup uint64

	Instruments []exchange.Instrument // rules of the markets; nil: a Coordinator fetches them from its venues
	Books       Quoter                // prices, ages and depth; nil: books are not checked, and unwinds start from the legs' own prices
	Gate        Gate                  // asked once per group, never for a compensation; nil: all may pass
	Booker      Booker                // told each fill once; nil: nobody is told
	Journal     Journal               // nil: a HashJournal

	MaxGroups   int           // groups in flight; default 64
	Valid       time.Duration // after which the venue must refuse an order that reaches it: its Deadline; default 2s
	Visibility  time.Duration // how long a venue may take to show an order that it has, clock error included; default 2s
	LookupWait  time.Duration // before the first lookup of an order that is not known to have ended; then doubling, up to 64 times; default 50ms
	CallTimeout time.Duration // of one call to a venue (Coordinator); default 2s
	Drain       time.Duration // how long open groups may go on after Run's context ended (Coordinator); default 30s
	// NoDeadline lists venues that cannot refuse an order by its Deadline: there "not found" is never evidence, and a lost
	// order stays unknown until the venue shows it.
	NoDeadline []exchange.Venue

	MaxBookAge time.Duration // of a leg's book at pre-flight; default 1s
	TopOnly    bool          // pre-flight asks only that the limit price is reachable, not for the whole quantity within it
	// Overlap lets a group trade in a market where an order of another group has not ended. By default such a plan is refused:
	// it was decided on a book that the other order is about to change.
	Overlap bool

	FeeReserve exchange.Decimal // fraction of the notional that is reserved for fees; default 0.001
	MarginRate exchange.Decimal // fraction of a perpetual's notional that is reserved as margin; default 1, unlevered

	Unwind Unwind
	Hooks  Hooks
	Log    *slog.Logger // exposures, late fills and faults, as errors; nil: discarded
}

// Unwind bounds how a surplus is traded away. Attempt n is an IOC order at the current price give or take Band * 2^(n-1), at most 16
// bands; the last attempt has no price.
type Unwind struct {
	Attempts int              // default 8, at most 30; the last one is the unpriced one
	Band     exchange.Decimal // fraction of the price; default 0.001
	Pause    time.Duration    // between attempts, for the book to recover; default 100ms
	Priced   bool             // the last attempt is priced too: a residual is preferred to any price
}

// Hooks observe. Each may be nil; they are called on the goroutine that runs the Driver and must not block or call back.
type Hooks struct {
	Ended func(Result) // a group ended, whoever waits for it
	Late  func(Late)   // a fill of an order whose group had ended: exposure that nobody hedges
	Fault func(error)  // booking or journal failed: no new group is admitted from then on
}

// withDefaults validates c and fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	dec := func(d *exchange.Decimal, v exchange.Decimal) {
		if d.IsZero() {
			*d = v
		}
	}
	if c.Prefix == "" {
		c.Prefix = "ORD"
	}
	if c.MaxGroups == 0 {
		c.MaxGroups = 64
	}
	if c.Unwind.Attempts == 0 {
		c.Unwind.Attempts = 8
	}
	if c.Journal == nil {
		c.Journal = new(HashJournal)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	def(&c.Valid, 2*time.Second)
	def(&c.Visibility, 2*time.Second)
	def(&c.LookupWait, 50*time.Millisecond)
	def(&c.CallTimeout, 2*time.Second)
	def(&c.Drain, 30*time.Second)
	def(&c.MaxBookAge, time.Second)
	def(&c.Unwind.Pause, 100*time.Millisecond)
	dec(&c.FeeReserve, exchange.Scaled(1, -3))
	dec(&c.MarginRate, exchange.Scaled(1, 0))
	dec(&c.Unwind.Band, exchange.Scaled(1, -3))
	return c, c.validate()
}

func (c Config) validate() error {
	for _, i := range c.Instruments {
		if err := i.Validate(); err != nil {
			return fmt.Errorf("order: %w", err)
		}
	}
	if !validPrefix(c.Prefix) {
		return fmt.Errorf("order: prefix %.20q: want 1 to 8 letters or digits: %w", c.Prefix, exchange.ErrInvalid)
	}
	for _, d := range []time.Duration{c.Valid, c.Visibility, c.LookupWait, c.CallTimeout, c.Drain, c.MaxBookAge, c.Unwind.Pause} {
		if d < 0 {
			return fmt.Errorf("order: negative duration %s in Config: %w", d, exchange.ErrInvalid)
		}
	}
	if c.MaxGroups < 0 || c.Unwind.Attempts < 0 || c.Unwind.Attempts > 30 {
		return fmt.Errorf("order: MaxGroups %d, Unwind.Attempts %d: %w", c.MaxGroups, c.Unwind.Attempts, exchange.ErrInvalid)
	}
	if c.FeeReserve.Sign() < 0 || c.MarginRate.Sign() < 0 || c.Unwind.Band.Sign() < 0 {
		return fmt.Errorf("order: negative rate in Config: %w", exchange.ErrInvalid)
	}
	return nil
}

func validPrefix(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 8
}
