package arb

import (
	"fmt"
	"math"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// ScannerConfig is what a [Scanner] looks at and what it asks of an arbitrage. Pairs, Instruments and Notional have no default.
type ScannerConfig struct {
	Pairs []Pair

	// Instruments are the rules of the pairs' markets; others are ignored.
	Instruments []exchange.Instrument

	// Fees are what the account pays for taking, by market. A market that is not in it pays DefaultFees. Rates have at most 9
	// digits behind the point.
	Fees map[exchange.Market]Fees

	// Notional is the largest an arbitrage may be, in quote: of its larger leg, at the prices walked. It counts in whatever quote
	// a pair has.
	Notional exchange.Decimal

	// MinEdge is the fraction of the larger leg's notional that the net profit must exceed. 0: any profit will do.
	MinEdge exchange.Decimal

	// Slippage is a further reserve, a fraction of the larger leg's notional, beside the walk through the books. 0: none.
	Slippage exchange.Decimal

	// Tolerance moves each leg's limit outwards from the worst level walked, as a fraction of its price: more of the legs fill when the
	// books move. It is used as far as the edge is exceeded even if everything fills at the limits. 0: none.
	Tolerance exchange.Decimal

	// MaxAge bounds how long ago either book was received, counted from the receive time of the pair's other one when that is
	// newer. 0: 1 s; negative: unbounded.
	MaxAge time.Duration

	// MaxSkew bounds how far apart the two books were received. It is the tighter bound of the two: what MaxAge catches is a
	// market that has gone quiet, what MaxSkew catches is two moments compared. Both go by receive time, for clocks of two
	// venues cannot be compared. 0: 50 ms; negative: unbounded.
	MaxSkew time.Duration

	// Depth is how many levels of each side are kept and looked at. 0: 20.
	Depth int
}

// Pair is two markets between which one thing is traded: the same base and the same quote, by name. Two stablecoins are not one. Spot
// and perpetual of one venue are a pair, as are two venues.
type Pair struct{ A, B exchange.Market }

// ConfigError says which field of a configuration is wrong, and how. It wraps [exchange.ErrInvalid].
type ConfigError struct{ Field, Reason string }

// Error names the field and the reason.
func (e *ConfigError) Error() string { return fmt.Sprintf("arb: config: %s: %s", e.Field, e.Reason) }

// Unwrap is exchange.ErrInvalid.
func (e *ConfigError) Unwrap() error { return exchange.ErrInvalid }

func configError(field, format string, args ...any) error {
	return &ConfigError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (c ScannerConfig) withDefaults() ScannerConfig {
	bound := func(d, unset time.Duration) time.Duration {
		switch {
		case d == 0:
			return unset
		case d < 0:
			return math.MaxInt64
		}
		return d
	}
	c.MaxAge, c.MaxSkew = bound(c.MaxAge, time.Second), bound(c.MaxSkew, 50*time.Millisecond)
	if c.Depth == 0 {
		c.Depth = 20
	}
	return c
}

func (c ScannerConfig) validate() error {
	switch {
	case len(c.Pairs) == 0:
		return configError("Pairs", "none")
	case c.Notional.Sign() <= 0:
		return configError("Notional", "%s is not positive", c.Notional)
	case c.Depth < 0:
		return configError("Depth", "%d is negative", c.Depth)
	}
	for _, x := range []struct {
		field string
		rate  exchange.Decimal
	}{{"MinEdge", c.MinEdge}, {"Slippage", c.Slippage}, {"Tolerance", c.Tolerance}} {
		n, ok := x.rate.Int64(-ratePlaces)
		if !ok || n < 0 || n >= parts {
			return configError(x.field, "%s must lie between 0 and 1, with at most %d digits behind the point", x.rate, ratePlaces)
		}
	}
	return nil
}

// rules indexes the instruments.
func (c ScannerConfig) rules() (map[exchange.Market]exchange.Instrument, error) {
	r := make(map[exchange.Market]exchange.Instrument, len(c.Instruments))
	for _, i := range c.Instruments {
		if _, dup := r[i.Market]; dup {
			return nil, configError("Instruments", "%s is there twice", i.Market)
		}
		r[i.Market] = i
	}
	return r, nil
}

// legs checks the i-th pair and finds or makes its markets' sides.
func (s *Scanner) legs(i int, p Pair, rules map[exchange.Market]exchange.Instrument) (legs [2]*side, err error) {
	field := fmt.Sprintf("Pairs[%d]", i)
	if p.A == p.B {
		return legs, configError(field, "%s with itself", p.A)
	}
	if x, y := p.A.Symbol, p.B.Symbol; x.Base != y.Base || x.Quote != y.Quote {
		return legs, configError(field, "%s and %s trade different things", p.A, p.B)
	}
	for j, m := range [2]exchange.Market{p.A, p.B} {
		if legs[j] = s.sides.find(&m); legs[j] != nil {
			continue
		}
		rule, ok := rules[m]
		if !ok {
			return legs, configError("Instruments", "%s is missing", m)
		}
		if legs[j], err = s.newSide(rule); err != nil {
			return legs, err
		}
	}
	return legs, nil
}

func (s *Scanner) newSide(rule exchange.Instrument) (*side, error) {
	m := rule.Market
	if err := rule.Validate(); err != nil {
		return nil, configError("Instruments", "%v", err)
	}
	if !rule.Tradable {
		return nil, configError("Instruments", "%s is not tradable", m)
	}
	fees, ok := s.cfg.Fees[m]
	if !ok {
		fees = DefaultFees()
	}
	if err := checkFixed(m, fees); err != nil {
		return nil, err
	}
	x := &side{rules: rule, fees: fees}
	s.sides.add(x)
	return x, nil
}

func checkFixed(m exchange.Market, f Fees) error {
	if f.Buy.Fixed.Sign() < 0 || f.Sell.Fixed.Sign() < 0 {
		return configError("Fees", "%s: a fixed cost is negative", m)
	}
	return nil
}
