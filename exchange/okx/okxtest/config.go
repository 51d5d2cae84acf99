package okxtest

import (
	"fmt"
	"log/slog"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Key is an API key of one of the engine's accounts. It is made up: it opens nothing but a [Server].
type Key struct {
	Account    exchange.AccountID
	Key        string
	Secret     string
	Passphrase string
	ReadOnly   bool // it may not trade
}

// Level is how an account is set up: what the venue calls acctLv.
type Level int

// The levels that are played. Those of margin trade spot with tdMode cross, the others with cash; none of them borrows.
const (
	LevelSpot      Level = 1 // no swaps
	LevelFutures   Level = 2 // the default
	LevelMulti     Level = 3
	LevelPortfolio Level = 4
)

// Config is how a [Server] behaves. The zero value is a venue without keys: public data only.
type Config struct {
	Keys    []Key
	Faults  sim.Faults
	Latency sim.Latency
	Pipe    bool         // in memory, for synctest: clients connect with Server.Dial
	Log     *slog.Logger // of what goes wrong inside; nil: nobody is told

	Level     Level // of all accounts; default LevelFutures
	LongShort bool  // accounts are in long_short_mode: they can be read, and every swap order is refused
	Simulated bool  // it plays the demo market: signed requests must say that they mean it
	VIP       int   // fee tier; the tick-by-tick books and the fills channel are for 4 and above

	// Keep is how many ended orders, and how many executions, of an account are remembered for certain. Default 131,072.
	Keep int

	// Unlimited lifts every limit on how much is asked: for benchmarks.
	Unlimited bool
	// Connects is how many WebSocket connections an address may open in a second. Default 3, the venue's.
	Connects int
	// OrderRate is how many orders of swaps an account may place and amend in 2 s. Default 1000, the lowest tier's.
	OrderRate int
}

func (c *Config) setDefaults() {
	if c.Level == 0 {
		c.Level = LevelFutures
	}
	if c.Keep == 0 {
		c.Keep = 1 << 17
	}
	if c.Connects == 0 {
		c.Connects = 3
	}
	if c.OrderRate == 0 {
		c.OrderRate = 1000
	}
}

func (c *Config) validate(e *sim.Engine) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("okxtest: %s: %w", fmt.Sprintf(format, args...), exchange.ErrInvalid)
	}
	if e == nil || e.Venue() != Venue {
		return fail("want an engine that plays %q", Venue)
	}
	if c.Level < LevelSpot || c.Level > LevelPortfolio || c.Connects < 0 || c.OrderRate < 0 || c.VIP < 0 || c.Keep < 0 {
		return fail("level %d, %d connects, %d orders, VIP %d, keep %d", c.Level, c.Connects, c.OrderRate, c.VIP, c.Keep)
	}
	accounts := make(map[exchange.AccountID]bool)
	for _, a := range e.Accounts() {
		accounts[a] = true
	}
	seen := make(map[string]bool)
	for i, k := range c.Keys {
		switch {
		case k.Key == "" || k.Secret == "" || k.Passphrase == "":
			return fail("key %d is not whole", i)
		case seen[k.Key]:
			return fail("key %d is given twice", i)
		case !accounts[k.Account]:
			return fail("key %d: the engine has no account %q", i, k.Account)
		}
		seen[k.Key] = true
	}
	names := make(map[string]bool)
	for _, in := range e.Instruments() {
		if m := newMarket(in, 0); names[m.instID] {
			return fail("two instruments are called %s", m.instID)
		}
		names[newMarket(in, 0).instID] = true
	}
	return nil
}

// tdMode is how m is traded by accounts of this level.
func (c *Config) tdMode(m *market) string {
	if m.swap || c.Level >= LevelMulti {
		return "cross"
	}
	return "cash"
}
