package sim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Engine is one venue with its accounts: a matching engine without clock, goroutine, lock or randomness. The same calls give the same
// answers. It is not safe for concurrent use.
//
// The liquidity of a market is what the given books have and the orders that rest there, of whatever account. An order takes the best price
// first, at that price; at one price the given liquidity comes first, then the resting orders in order of their arrival. What remains
// of a GTC limit order rests. A later book that crosses resting orders fills them as maker, at their own price, in the same
// order, as far as its crossing levels reach. A trade between two accounts is a fill of each, with one trade id.
//
// A resting reduce-only order offers what is left of its position at most; it expires when there is none.
//
// Every amount is exact. Rounded are an Order's AvgPrice and [Engine.Entry], which nothing is computed from, and the fee in a third
// asset, which is rounded before it is charged.
type Engine struct {
	cfg      EngineConfig
	margin   rate
	markets  map[exchange.Symbol]*market
	list     []*market // as configured
	accounts map[exchange.AccountID]*account
	people   []*account // as configured
	last     struct {   // of the last order: the next one is often of the same
		market  *market
		account *account
	}
	orders orderLog
	trades tradeLog
	events events
	nextID uint64
	ids    ids
}

// market is one instrument's liquidity: what is given and what rests.
type market struct {
	ins     exchange.Instrument
	index   int // in Engine.list, and in account.holds
	spot    bool
	rules   rules
	version uint64        // rises with each visible change
	book    exchange.Book // what is left of the given one; in scale; Err until there is one
	set     bool          // a book was given
	scale   exchange.Scale
	taken   [2][]taken // by side of the book: asks, bids
	rest    [2]queue   // by side of the orders: bids, asks
	places  int        // of an average price
}

// rules are the instrument's in units of the market's scale.
type rules struct {
	ok                        bool // all of them fit
	tick, lot, minQty, maxQty int64
	minNotional               money
}

// order is the engine's own record of an order.
type order struct {
	req      wanted // as it is now, after replacements
	past     []spec // before them, the newest; the last one is that of version-1
	m        *market
	account  *account
	hold     *holding // the account's in m
	id       string
	number   uint64 // id as a number: older orders have lower ones
	created  time.Time
	time     time.Time
	status   exchange.Status
	stp      SelfTrade
	resting  bool
	ended    bool // counted as ended
	reason   string
	version  uint64
	price    int64 // these four in units of scale; price is 0 for a market order
	left     int64
	filled   int64
	shown    int64 // what of left is on the book
	scale    exchange.Scale
	notional money // of what has filled
	fee      feeSum
	fees     []feeSum // of further assets; never changed in place
	first    int64    // its fills are a list in Engine.trades, see there; 0: none
	latest   int64
	untold   int64  // the first one that no event has told
	event    uint64 // number of the last event about it
	slot     int    // in Engine.orders.all

	priority   uint64 // among equal prices the lower one fills first
	lock       money  // what it holds of locked balance while it rests
	level      *level // where it rests
	next, prev *order // there
}

// wanted is an exchange.OrderRequest without market and account, which the order knows.
type wanted struct {
	ClientID             string
	Price, Quantity      exchange.Decimal
	Deadline             time.Time
	Side                 exchange.Side
	Type                 exchange.OrderType
	TIF                  exchange.TimeInForce
	PostOnly, ReduceOnly bool
}

// spec is what a replacement changes.
type spec struct{ price, quantity exchange.Decimal }

// feeSum is what was paid of one asset.
type feeSum struct {
	asset  exchange.Asset
	amount money
}

// NewEngine is an engine without books: until SetBook gives one, orders are refused with ErrUnavailable. Errors wrap
// exchange.ErrInvalid.
func NewEngine(cfg EngineConfig) (*Engine, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		cfg:      cfg,
		margin:   rateOf(cfg.MarginRate),
		markets:  make(map[exchange.Symbol]*market),
		accounts: make(map[exchange.AccountID]*account),
		events:   events{limit: uint64(cfg.EventBuffer)},
	}
	for _, ins := range cfg.Instruments {
		m := &market{ins: ins, index: len(e.list), spot: ins.Market.Symbol.Kind == exchange.Spot}
		m.book.Market, m.book.Err = ins.Market, exchange.ErrDown
		m.places = max(0, ins.Tick.Places()) + pricePlaces
		m.rest[sideIndex(exchange.Buy)].side, m.rest[sideIndex(exchange.Sell)].side = exchange.Buy, exchange.Sell
		m.setScale(m.steps(exchange.Scale{}))
		e.markets[ins.Market.Symbol] = m
		e.list = append(e.list, m)
	}
	for _, a := range cfg.all() {
		e.addAccount(a)
	}
	return e, nil
}

// Venue is the venue that the engine plays.
func (e *Engine) Venue() exchange.Venue { return e.cfg.Venue }

// Account is the first account.
func (e *Engine) Account() exchange.AccountID { return e.cfg.Account }

// Accounts lists the accounts as configured, the first one first.
func (e *Engine) Accounts() []exchange.AccountID {
	r := make([]exchange.AccountID, 0, len(e.people))
	for _, a := range e.people {
		r = append(r, a.id)
	}
	return r
}

// Instruments lists the markets as configured.
func (e *Engine) Instruments() []exchange.Instrument {
	return append([]exchange.Instrument(nil), e.cfg.Instruments...)
}

// refuse is the error of something that the venue declines with certainty.
func (e *Engine) refuse(op string, class error, code, format string, args ...any) error {
	return &exchange.Error{
		Venue: e.cfg.Venue, Op: op, Outcome: exchange.ErrRejected, Class: class,
		Code: code, Message: fmt.Sprintf(format, args...),
	}
}

// number is the next number that the venue gives: one sequence for orders and trades, so that none is ever mistaken for another.
func (e *Engine) number() uint64 {
	e.nextID++
	return e.nextID
}

// ids writes numbers in batches, so that there is one piece of memory for many of them.
type ids struct {
	first uint64 // of the batch
	text  string
	ends  [idBatch]uint16
}

const idBatch = 64

// text is n in digits.
func (e *Engine) text(n uint64) string {
	b := &e.ids
	switch {
	case n < b.first:
		return strconv.FormatUint(n, 10)
	case n >= b.first+idBatch || b.text == "":
		b.write(n)
	}
	if n == b.first {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[n-b.first-1]:b.ends[n-b.first]]
}

func (b *ids) write(first uint64) {
	buf := make([]byte, 0, 20*idBatch)
	for i := range b.ends {
		buf = strconv.AppendUint(buf, first+uint64(i), 10)
		b.ends[i] = uint16(len(buf))
	}
	b.first, b.text = first, string(buf)
}

// sideIndex is where a side's orders are kept; the book side that they take from has the same index.
func sideIndex(s exchange.Side) int { return int(s - exchange.Buy) }
