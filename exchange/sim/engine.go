package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// EngineConfig describes a venue and the accounts that trade there. Account, Balances, Margin and Fees are those of the first one.
type EngineConfig struct {
	Venue       exchange.Venue     // required
	Account     exchange.AccountID // default: the default account, ""
	Instruments []exchange.Instrument
	Fees        exchange.FeeRates // of all markets; each between -1 and 1
	// BaseFee charges the fee of a spot buy in the base asset, as Binance does; all other fees are in quote.
	BaseFee bool
	// FeeAsset and FeePrice are the first account's: see [AccountConfig].
	FeeAsset exchange.Asset
	FeePrice exchange.Decimal
	Balances []exchange.Amount // opening ones; amounts of one asset add up
	Accounts []AccountConfig   // further accounts
	// SplitWallets pays spot orders and perpetuals from wallets of their own, as Binance does. Without it each account has one unified wallet.
	SplitWallets bool
	Margin       []exchange.Amount // opening amounts of the first account's perpetual wallet; only with SplitWallets
	SelfTrade    SelfTrade         // what happens when an account would trade with itself; default None
	// MarginRate is the initial margin of perpetuals as a fraction of the notional. Default 0.1: ten times leverage.
	MarginRate exchange.Decimal
	// Depth is how many levels a side of a book are used; the rest is as if it were not there. Default 0: all.
	Depth int
	// EventBuffer is how many events are kept for [Engine.Events]; older ones are forgotten. Default 16,384.
	EventBuffer int
	// KeepOrders is how many ended orders are kept at least, with their fills; older ones are forgotten, their client ids too.
	// Default 1,048,576.
	KeepOrders int
}

// AccountConfig describes one more account.
type AccountConfig struct {
	ID       exchange.AccountID
	Balances []exchange.Amount  // of the spot wallet, or the unified one
	Margin   []exchange.Amount  // of the perpetual wallet; only with SplitWallets
	Fees     *exchange.FeeRates // default: the engine's
	// FeeAsset pays the fees of spot orders instead of what they are charged in otherwise, for as long as there is enough of it. A fee is
	// what it would be in quote, divided by FeePrice (units of quote for one of FeeAsset), rounded up to 8 places.
	FeeAsset exchange.Asset
	FeePrice exchange.Decimal
}

// SelfTrade says what happens when an order meets a resting one of its own account.
type SelfTrade uint8

// The zero SelfTrade is the engine's in [Terms], and None in [EngineConfig].
const (
	None        SelfTrade = iota + 1 // they trade
	CancelTaker                      // the arriving order ends
	CancelMaker                      // the resting order ends
	CancelBoth                       // both end
)

// Terms are what a venue can be told about an order beyond the request, and what the simulation does to it.
type Terms struct {
	SelfTrade SelfTrade // zero: the engine's
	// Percent is a fault: at most so much of the quantity executes at once, although there may be depth for more. Zero: all.
	Percent int64
	// PostOnlyEnds makes a post-only order that would take no refusal: it is accepted, and ends at once as StatusExpired with ReasonPostOnly.
	PostOnlyEnds bool
	// Reject is a fault: the order is accepted, which is an event, and ends at once as StatusRejected for this reason.
	Reject string
}

// Why an order ended: Order.Reason of the engine's orders is one of these, or what [Engine.End] was given.
const (
	ReasonCanceled   = "canceled on request"
	ReasonDepth      = "not enough depth within the limit" // IOC, FOK and market orders
	ReasonPostOnly   = "post-only would take"
	ReasonReduceOnly = "no position left to reduce"
	ReasonSelfTrade  = "self-trade prevention"
	ReasonFunds      = "insufficient funds for the remainder"
)

// Engine is one venue with its accounts: a matching engine without clock, goroutine, lock or randomness. The same calls give the same
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
	accounts map[exchange.AccountID]*account
	people   []*account        // as configured
	byID     map[string]*order // by venue id
	log      []exchange.Fill
	told     []uint64 // log[i] was told in event told[i]
	events   events
	nextID   uint64
}

// market is one instrument's liquidity, resting orders and position.
type market struct {
	ins     exchange.Instrument
	index   int           // in Engine.list
	version uint64        // rises with each visible change
	book    exchange.Book // what is left of the given one; in scale; Err until there is one
	set     bool          // a book was given
	scale   exchange.Scale
	taken   [2][]taken // by side of the book: asks, bids
	rest    [2][]*order
}

// order is the engine's own record of an order.
type order struct {
	req      exchange.OrderRequest // as it is now, after replacements
	m        *market
	account  *account
	id       string
	number   uint64 // id as a number: older orders have lower ones
	created  time.Time
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
	if cfg.SelfTrade == 0 {
		cfg.SelfTrade = None
	}
	if cfg.KeepOrders == 0 {
		cfg.KeepOrders = 1 << 20
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
		accounts: make(map[exchange.AccountID]*account),
		byID:     make(map[string]*order),
		events:   events{limit: cfg.EventBuffer},
	}
	for _, ins := range cfg.Instruments {
		m := &market{ins: ins, index: len(e.list)}
		m.book.Market, m.book.Err = ins.Market, exchange.ErrDown
		e.markets[ins.Market.Symbol] = m
		e.list = append(e.list, m)
	}
	for _, a := range cfg.all() {
		e.addAccount(a)
	}
	return e, nil
}

func (c EngineConfig) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("sim: engine %s: %w: %w", c.Venue, fmt.Errorf(format, args...), exchange.ErrInvalid)
	}
	if c.Venue == "" {
		return fail("no venue")
	}
	if c.Depth < 0 || c.EventBuffer < 0 || c.KeepOrders < 0 || c.SelfTrade > CancelBoth || c.MarginRate.Sign() < 0 {
		return fail("negative setting")
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
	ids := make(map[exchange.AccountID]bool)
	for _, a := range c.all() {
		if err := a.validate(c.SplitWallets); err != nil {
			return fail("account %q: %w", a.ID, err)
		}
		if ids[a.ID] {
			return fail("account %q is given twice", a.ID)
		}
		ids[a.ID] = true
	}
	return nil
}

// all is every account, the first one included.
func (c EngineConfig) all() []AccountConfig {
	first := AccountConfig{ID: c.Account, Balances: c.Balances, Margin: c.Margin, FeeAsset: c.FeeAsset, FeePrice: c.FeePrice}
	r := append([]AccountConfig{first}, c.Accounts...)
	for i := range r {
		if r[i].Fees == nil {
			r[i].Fees = &c.Fees
		}
	}
	return r
}

func (c AccountConfig) validate(split bool) error {
	one := exchange.Scaled(1, 0)
	if c.Fees.Maker.Abs().Cmp(one) >= 0 || c.Fees.Taker.Abs().Cmp(one) >= 0 {
		return fmt.Errorf("fee rates %s, %s", c.Fees.Maker, c.Fees.Taker)
	}
	if (c.FeeAsset == "") != c.FeePrice.IsZero() || c.FeePrice.Sign() < 0 {
		return fmt.Errorf("fee asset %q at %s", c.FeeAsset, c.FeePrice)
	}
	if len(c.Margin) > 0 && !split {
		return errors.New("margin without a wallet of its own")
	}
	for _, a := range slices.Concat(c.Balances, c.Margin) {
		if a.Asset == "" || a.Quantity.Sign() < 0 {
			return fmt.Errorf("opening balance %q %s", a.Asset, a.Quantity)
		}
	}
	return nil
}

// Venue is the venue that the engine plays.
func (e *Engine) Venue() exchange.Venue { return e.cfg.Venue }

// Account is the first account.
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
