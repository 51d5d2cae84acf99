package exchange

import (
	"fmt"
	"time"
)

// Side is the direction of an order.
type Side uint8

// There is no default side: the zero value is invalid.
const (
	Buy Side = iota + 1
	Sell
)

// Opposite is the other side.
func (s Side) Opposite() Side { return Buy + Sell - s }

// String is "buy" or "sell".
func (s Side) String() string { return name([]string{"", "buy", "sell"}, int(s), "side") }

// OrderType is limit or market.
type OrderType uint8

const (
	TypeLimit  OrderType = iota // at Price or better
	TypeMarket                  // at any price; Price must be zero
)

// String is "limit" or "market".
func (t OrderType) String() string { return name([]string{"limit", "market"}, int(t), "type") }

// TimeInForce says how long an order may rest.
type TimeInForce uint8

const (
	GTC TimeInForce = iota // good till cancelled
	IOC                    // immediate or cancel: what does not fill at once expires
	FOK                    // fill or kill: all at once, or nothing
)

// String is "GTC", "IOC" or "FOK".
func (t TimeInForce) String() string { return name([]string{"GTC", "IOC", "FOK"}, int(t), "tif") }

// OrderRequest is one order as it is to be sent. Quantity is in base units at every venue, contracts or not.
type OrderRequest struct {
	Market  Market
	Account AccountID
	// ClientID is unique: the key to idempotency and tracing. The coordinator makes its own. Up to 26 ASCII letters, digits and hyphens pass
	// every adapter of this library; what one cannot pass to its venue, and back, is refused before anything is sent.
	ClientID   string
	Side       Side
	Type       OrderType
	TIF        TimeInForce
	PostOnly   bool // refuse rather than take
	ReduceOnly bool // refuse rather than open or turn a position
	Price      Decimal
	Quantity   Decimal
	// Deadline is the instant after which the venue itself must refuse the order. Without it "not found" never proves that a
	// lost order will not arrive.
	Deadline time.Time
}

// Check reports what is wrong with r by itself, whatever the instrument: an error that wraps ErrInvalid.
func (r OrderRequest) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("exchange: order %s %s: %s: %w", r.Market, r.ClientID, fmt.Sprintf(format, args...), ErrInvalid)
	}
	switch {
	case r.Market.Venue == "" || r.Market.Symbol.Base == "" || r.Market.Symbol.Quote == "":
		return fail("no market")
	case r.Side != Buy && r.Side != Sell:
		return fail("no side")
	case r.Type > TypeMarket || r.TIF > FOK:
		return fail("type %s, %s", r.Type, r.TIF)
	case r.Quantity.Sign() <= 0:
		return fail("quantity %s", r.Quantity)
	case r.Type == TypeLimit && r.Price.Sign() <= 0:
		return fail("limit price %s", r.Price)
	case r.Type == TypeMarket && !r.Price.IsZero():
		return fail("market order with price %s", r.Price)
	case r.PostOnly && (r.Type != TypeLimit || r.TIF != GTC):
		return fail("post-only needs a resting limit order, not %s %s", r.Type, r.TIF)
	}
	return nil
}

// OrderRef points at an order that was sent: by client id, or by the venue's id where that is all one has.
type OrderRef struct {
	Market   Market
	Account  AccountID
	ClientID string
	VenueID  string
}

// Ref points at the order that r places.
func (r OrderRequest) Ref() OrderRef {
	return OrderRef{Market: r.Market, Account: r.Account, ClientID: r.ClientID}
}

// Change is what a replacement alters. A zero field stays as it is; Quantity is the new total, what has filled included.
type Change struct{ Price, Quantity Decimal }

// Amount is a quantity of one asset.
type Amount struct {
	Asset    Asset
	Quantity Decimal
}

// String is "0.25 BTC".
func (a Amount) String() string { return a.Quantity.String() + " " + string(a.Asset) }

// Order is an order as its venue answered.
type Order struct {
	OrderRequest
	VenueID  string   // the venue's id now
	Former   []string // ids it had before replacements, oldest first
	Status   Status
	Version  uint64   // rises with each committed change, where the changes are counted: adapters leave it 0
	Filled   Decimal  // cumulative, base units
	AvgPrice Decimal  // of what has filled; zero where nothing has, or where the venue does not tell
	Fees     []Amount // cumulative by asset; positive: paid
	Fills    []Fill   // those that this answer carried, which need not be all
	Reason   string   // the venue's words for a rejection, cancellation or expiry
	Requeued bool     // in the answer to Replace: the order may have lost its place in the queue
	Time     time.Time
}

// Ref points at o.
func (o Order) Ref() OrderRef {
	return OrderRef{Market: o.Market, Account: o.Account, ClientID: o.ClientID, VenueID: o.VenueID}
}

// Remaining is what has not filled.
func (o Order) Remaining() Decimal { return o.Quantity.Sub(o.Filled) }

// Fill is one execution. It is immutable.
type Fill struct {
	Market   Market
	Account  AccountID
	TradeID  string // the venue's, unique only together with the rest of Key
	VenueID  string // the order's
	ClientID string // the order's
	Side     Side
	Price    Decimal
	Quantity Decimal // base units, positive
	Fee      Decimal // positive: paid; negative: a rebate
	FeeAsset Asset
	Maker    bool
	Time     time.Time // by the venue's clock
}

// FillKey identifies a fill: trade ids alone are shared by both sides of a match, and repeat between symbols.
type FillKey struct {
	Market  Market
	Account AccountID
	TradeID string
	VenueID string
}

// Key is what makes f the same fill when it is reported twice.
func (f Fill) Key() FillKey {
	return FillKey{Market: f.Market, Account: f.Account, TradeID: f.TradeID, VenueID: f.VenueID}
}

// Notional is price times quantity, in quote units.
func (f Fill) Notional() Decimal { return f.Price.Mul(f.Quantity) }

// Mode says how the legs of a Plan are sent.
type Mode uint8

// Together sends every leg at once: the only mode so far.
const Together Mode = 0

// String is "together".
func (m Mode) String() string { return name([]string{"together"}, int(m), "mode") }

// Plan is what a strategy decided and a coordinator carries out: orders that belong together. The coordinator sets client ids and
// deadlines.
type Plan struct {
	Legs     []OrderRequest
	Mode     Mode
	Strategy string    // who decided, for traces: "cross"
	Expected Amount    // net profit foreseen, fees and slippage deducted
	Decided  time.Time // the books' receive time that it was decided on, the older one
}

// Purpose is why orders are sent.
type Purpose uint8

const (
	Open       Purpose = iota // adds exposure: what a gate may refuse
	Reduce                    // takes exposure away
	Compensate                // brings a half-done group back to flat
)

// String is "open", "reduce" or "compensate".
func (p Purpose) String() string {
	return name([]string{"open", "reduce", "compensate"}, int(p), "purpose")
}

// Intent is what a gate judges, once per group.
type Intent struct {
	Group   string
	Purpose Purpose
	Legs    []OrderRequest
}

// EventKind is what an Event tells.
type EventKind uint8

const (
	StreamUp       EventKind = iota + 1 // the private stream is live: everything before it has been reconciled
	StreamDown                          // it is not: what happens now is seen after the next StreamUp; Err says why
	OrderUpdate                         // Order has news; its Fills are those of this event
	BalanceUpdate                       // Balances are those that changed, as they are now
	PositionUpdate                      // Positions are those that changed, as they are now; a Quantity of zero: closed
)

// String names the kind.
func (k EventKind) String() string {
	return name([]string{"", "stream up", "stream down", "order", "balance", "position"}, int(k), "event")
}

// Event is one message of a venue's private stream. Whatever its kind, Order.Market.Venue and Order.Account say whose stream it is; the rest
// of Order is for OrderUpdate.
type Event struct {
	Kind      EventKind
	Order     Order
	Balances  []Balance
	Positions []Position
	Err       error
	Time      time.Time
}
