package sim

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// EngineConfig describes a venue and the account that trades there.
type EngineConfig struct {
	Venue       exchange.Venue     // required
	Account     exchange.AccountID // default: the default account, ""
	Instruments []exchange.Instrument
	Fees        exchange.FeeRates // of all markets; each between -1 and 1
	// BaseFee charges the fee of a spot buy in the base asset, as Binance does; all other fees are in quote.
	BaseFee  bool
	Balances []exchange.Amount // opening ones; amounts of one asset add up
	// MarginRate is the initial margin of perpetuals as a fraction of the notional. Default 0.1: ten times leverage.
	MarginRate exchange.Decimal
	// Depth is how many levels a side of a book are used; the rest is as if it were not there. Default 0: all.
	Depth int
	// EventBuffer is how many events are kept for [Engine.Events]; older ones are forgotten. Default 16,384.
	EventBuffer int
}

// Engine is one account at one venue: a matching engine without clock, goroutine, lock or randomness. The same calls give the same
// answers. It is not safe for concurrent use.
//
// Orders match the given books best price first, at the books' prices. What remains of a GTC limit order rests; resting orders fill
// as maker, at their own price, when a later book crosses it, best price first and then in order of arrival, as far as
// the crossing levels reach. Orders of the account never trade with one another.
//
// Every amount is exact. The one rounded figure is an Order's AvgPrice, which nothing is computed from. Every order and every fill
// is kept for as long as the Engine lives.
type Engine struct {
	cfg      EngineConfig
	markets  map[exchange.Symbol]*market
	list     []*market // as configured
	balances map[exchange.Asset]*balance
	orders   map[string]*order // by client id
	byID     map[string]*order // by venue id
	log      []exchange.Fill
	told     []uint64 // log[i] was told in event told[i]
	events   events
	nextID   uint64
}

// market is one instrument's liquidity, resting orders and position.
type market struct {
	ins      exchange.Instrument
	book     exchange.Book // what is left of the given one; in scale; Err until there is one
	set      bool          // a book was given
	scale    exchange.Scale
	taken    [2][]taken // by side of the book: asks, bids
	rest     [2][]*order
	position position
}

// order is the engine's own record of an order.
type order struct {
	req      exchange.OrderRequest // as it is now, after replacements
	m        *market
	id       string
	status   exchange.Status
	version  uint64
	filled   exchange.Decimal
	notional exchange.Decimal // of what has filled
	fees     []exchange.Amount
	fills    []int // indexes of Engine.log
	reason   string
	time     time.Time

	price, left int64            // in the market's scale; price is 0 for a market order
	priority    uint64           // among equal prices the lower one fills first
	lock        exchange.Decimal // what it holds of locked balance while it rests
	resting     bool
	event       uint64 // number of the last event about it
}

// NewEngine is an engine without books: until SetBook gives one, orders are refused with ErrUnavailable. Errors wrap
// exchange.ErrInvalid.
func NewEngine(cfg EngineConfig) (*Engine, error) {
	if cfg.MarginRate.IsZero() {
		cfg.MarginRate = exchange.Scaled(1, -1)
	}
	if cfg.EventBuffer == 0 {
		cfg.EventBuffer = 1 << 14
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Instruments = slices.Clone(cfg.Instruments)
	e := &Engine{
		cfg:      cfg,
		markets:  make(map[exchange.Symbol]*market),
		balances: make(map[exchange.Asset]*balance),
		orders:   make(map[string]*order),
		byID:     make(map[string]*order),
		events:   events{limit: cfg.EventBuffer},
	}
	for _, ins := range cfg.Instruments {
		m := &market{ins: ins}
		m.book.Market, m.book.Err = ins.Market, exchange.ErrDown
		e.markets[ins.Market.Symbol] = m
		e.list = append(e.list, m)
	}
	for _, a := range cfg.Balances {
		b := e.balance(a.Asset)
		b.free = b.free.Add(a.Quantity)
	}
	return e, nil
}

func (c EngineConfig) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("sim: engine %s: %s: %w", c.Venue, fmt.Sprintf(format, args...), exchange.ErrInvalid)
	}
	if c.Venue == "" {
		return fail("no venue")
	}
	if c.Depth < 0 || c.EventBuffer < 0 || c.MarginRate.Sign() < 0 {
		return fail("negative setting")
	}
	one := exchange.Scaled(1, 0)
	if c.Fees.Maker.Abs().Cmp(one) >= 0 || c.Fees.Taker.Abs().Cmp(one) >= 0 {
		return fail("fee rates %s, %s", c.Fees.Maker, c.Fees.Taker)
	}
	seen := make(map[exchange.Market]bool)
	for _, ins := range c.Instruments {
		if err := ins.Validate(); err != nil {
			return fmt.Errorf("sim: engine %s: %w", c.Venue, err)
		}
		if ins.Market.Venue != c.Venue || seen[ins.Market] {
			return fail("instrument %s is another venue's, or given twice", ins.Market)
		}
		seen[ins.Market] = true
	}
	for _, a := range c.Balances {
		if a.Asset == "" || a.Quantity.Sign() < 0 {
			return fail("opening balance %q %s", a.Asset, a.Quantity)
		}
	}
	return nil
}

// Venue is the venue that the engine plays.
func (e *Engine) Venue() exchange.Venue { return e.cfg.Venue }

// Account is the account that trades.
func (e *Engine) Account() exchange.AccountID { return e.cfg.Account }

// refuse is the error of something that the venue declines with certainty.
func (e *Engine) refuse(op string, class error, code, format string, args ...any) error {
	return &exchange.Error{
		Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: class,
		Code: code, Message: fmt.Sprintf(format, args...),
	}
}

// id is the next number that the venue gives: one sequence for orders and trades, so that none is ever mistaken for another.
func (e *Engine) id() string {
	e.nextID++
	return strconv.FormatUint(e.nextID, 10)
}

// sideIndex is where a side's orders are kept; the book side that they take from has the same index.
func sideIndex(s exchange.Side) int { return int(s - exchange.Buy) }
