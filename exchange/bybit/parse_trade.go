package bybit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// parser turns rows about orders and accounts into the library's terms. Rows of markets that the library does not have (inverse, options,
// dated futures) are told apart from bad ones: ok is false for them. Errors wrap exchange.ErrFrame.
type parser struct {
	account exchange.AccountID
	// symbol is the market of a venue's name, which is the same for spot and linear.
	symbol func(kind exchange.Kind, name string) (exchange.Symbol, bool)
	asked  *asked
	passed func(error) // is told of executions that are passed over; nil: nobody is
}

func frame(what string, value any) error {
	return fmt.Errorf("%s %.40q: %w", what, fmt.Sprint(value), exchange.ErrFrame)
}

// kindOf is the reverse of category.
func kindOf(category text) (exchange.Kind, bool) {
	switch category {
	case "spot":
		return exchange.Spot, true
	case "linear":
		return exchange.Perp, true
	}
	return 0, false
}

func (p *parser) market(kind exchange.Kind, name text) (exchange.Market, bool) {
	s, ok := p.symbol(kind, string(name))
	return exchange.Market{Venue: Venue, Symbol: s}, ok
}

func sideOf(t text) (exchange.Side, error) {
	switch t {
	case "Buy":
		return exchange.Buy, nil
	case "Sell":
		return exchange.Sell, nil
	}
	return 0, frame("side", t)
}

// decimal reads a number that must be there.
func decimal(t text) (exchange.Decimal, error) {
	d, err := exchange.ParseDecimal(string(t))
	if err != nil {
		return d, fmt.Errorf("%w: %w", err, exchange.ErrFrame)
	}
	return d, nil
}

// amounts reads decimals, empty ones as 0, and keeps the first error.
type amounts struct{ err error }

func (a *amounts) read(t text) exchange.Decimal {
	if t == "" {
		return exchange.Decimal{}
	}
	d, err := decimal(t)
	if err != nil && a.err == nil {
		a.err = err
	}
	return d
}

// size reads what cannot be negative.
func (a *amounts) size(t text) exchange.Decimal {
	d := a.read(t)
	if d.Sign() < 0 && a.err == nil {
		a.err = frame("a negative amount", t)
	}
	return d
}

// millis reads a time; an empty one is no time.
func (a *amounts) millis(t text) time.Time {
	if t == "" || t == "0" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	if (err != nil || n < 0 || n > 1<<45) && a.err == nil {
		a.err = frame("time", t)
	}
	return time.UnixMilli(n)
}

// order is an order as it stands. Its quantities are in base; of a market order by value, which the library does not send, only what has
// filled is known in base: while it works its Quantity is left open.
func (p *parser) order(kind exchange.Kind, w *orderRow) (o exchange.Order, ok bool, err error) {
	m, ok := p.market(kind, w.Symbol)
	if !ok {
		return o, false, nil
	}
	if w.OrderID == "" {
		return o, true, frame("order without id of", w.Symbol)
	}
	side, err := sideOf(w.Side)
	if err != nil {
		return o, true, err
	}
	var n amounts
	o.OrderRequest = exchange.OrderRequest{
		Market: m, Account: p.account, ClientID: clientID(string(w.OrderLinkID)), Side: side, ReduceOnly: bool(w.ReduceOnly),
		Quantity: n.size(w.Qty),
	}
	o.VenueID, o.Filled = string(w.OrderID), n.size(w.CumExecQty)
	o.TIF, o.PostOnly = tifOf(w.TimeInForce)
	if o.Type = exchange.TypeLimit; w.OrderType == "Market" {
		o.Type = exchange.TypeMarket
	} else {
		o.Price = n.size(w.Price)
	}
	if o.Filled.Sign() > 0 {
		o.AvgPrice = n.size(w.AvgPrice)
	}
	if o.Time = n.millis(w.UpdatedTime); o.Time.IsZero() {
		o.Time = n.millis(w.CreatedTime)
	}
	o.Fees = p.cumulative(&n, &o, w)
	o.Status = statusOf(w, &o)
	if p.byValue(w, &o) {
		if o.Quantity = (exchange.Decimal{}); o.Status.Final() {
			o.Quantity = o.Filled
		}
	}
	o.Reason = reasonOf(w, o.Status)
	if kind == exchange.Perp && o.Type == exchange.TypeLimit {
		o.Reason = p.asked.compare(&o)
	}
	if n.err != nil {
		return exchange.Order{}, true, n.err
	}
	return o, true, nil
}

// byValue reports whether an order's quantity is in quote: a row may not say it, but then the venue's default holds for orders that were not
// sent from here.
func (p *parser) byValue(w *orderRow, o *exchange.Order) bool {
	if o.Market.Symbol.Kind != exchange.Spot || o.Type != exchange.TypeMarket {
		return false
	}
	return w.MarketUnit == "quoteCoin" || w.MarketUnit == "" && o.Side == exchange.Buy && !p.asked.inBase(o.ClientID)
}

func tifOf(t text) (tif exchange.TimeInForce, postOnly bool) {
	switch t {
	case "IOC":
		return exchange.IOC, false
	case "FOK":
		return exchange.FOK, false
	case "PostOnly", "RPI": // what retail orders alone can meet never takes either
		return exchange.GTC, true
	}
	return exchange.GTC, false
}

// cumulative are the fees so far. The older of the two forms names no asset: then the rule of single fills says it.
func (p *parser) cumulative(n *amounts, o *exchange.Order, w *orderRow) []exchange.Amount {
	fees := map[exchange.Asset]exchange.Decimal{}
	for asset, t := range w.CumFeeDetail {
		if q := n.read(t); asset != "" {
			fees[exchange.Asset(asset)] = q
		}
	}
	if w.CumFeeDetail == nil {
		q, asset := n.read(w.CumExecFee), exchange.Asset(w.FeeCurrency)
		if asset == "" {
			asset = feeAsset(o.Market.Symbol, o.Side, q.Sign() < 0)
		}
		fees[asset] = q
	}
	return amountsOf(fees)
}

// amountsOf lists what is not zero, by asset.
func amountsOf(m map[exchange.Asset]exchange.Decimal) []exchange.Amount {
	var list []exchange.Amount
	for asset, q := range m {
		if !q.IsZero() {
			list = append(list, exchange.Amount{Asset: asset, Quantity: q})
		}
	}
	slices.SortFunc(list, func(a, b exchange.Amount) int { return strings.Compare(string(a.Asset), string(b.Asset)) })
	return list
}

// feeAsset is what a fee is paid in where the venue does not say: perpetuals in quote; spot in what is received, but for a maker's rebate,
// which comes in the other one.
func feeAsset(s exchange.Symbol, side exchange.Side, rebate bool) exchange.Asset {
	if s.Kind == exchange.Spot && (side == exchange.Buy) != rebate {
		return s.Base
	}
	return s.Quote
}

// statusOf is where the order stands. A word that nobody documented is StatusUnknown: then only a later answer says more.
func statusOf(w *orderRow, o *exchange.Order) exchange.Status {
	switch w.Status {
	case "New", "Created", "Untriggered", "Triggered", "PartiallyFilled":
		if o.Filled.Sign() > 0 || w.Status == "PartiallyFilled" {
			return exchange.StatusPartiallyFilled
		}
		return exchange.StatusAccepted
	case "Filled":
		return exchange.StatusFilled
	case "Rejected", "Cancelled", "PartiallyFilledCanceled", "Deactivated":
		return endOf(w, o)
	}
	return exchange.StatusUnknown
}

// endOf tells apart who ended an order that is not filled. The venue has one word for a user's cancellation, for its own and for the rest of
// an IOC order; and either of two for a post-only order that would have taken.
func endOf(w *orderRow, o *exchange.Order) exchange.Status {
	denied := w.Status == "Rejected"
	switch w.RejectReason {
	case "EC_PostOnlyWillTakeLiquidity", "EC_ReachRiskPriceLimit", "EC_ReachMarketPriceLimit":
		denied = true
	case "EC_NoImmediateQtyToFill", "EC_NoEnoughQtyToFill", "EC_CancelForNoFullFill", "EC_BySelfMatch", "EC_StopBySelfMatch",
		"EC_ReachMaxTradeNum", "EC_CancelByOrderValueZero", "EC_CancelByMatchValueZero", "EC_CancelByMMP", "EC_LoadOrderCancel":
		return exchange.StatusExpired
	}
	switch {
	case denied && o.Filled.IsZero():
		return exchange.StatusRejected
	case denied: // it was on the book after all
		return exchange.StatusCanceled
	}
	switch w.CancelType {
	case "CancelByUser":
		return exchange.StatusCanceled
	case "", "UNKNOWN":
		if o.Type == exchange.TypeMarket || o.TIF != exchange.GTC {
			return exchange.StatusExpired
		}
		return exchange.StatusCanceled
	}
	return exchange.StatusExpired // self-trade prevention, liquidation, ADL, delisting, the venue's staff
}

// reasonOf are the venue's words. Of a filled order there are none: a reason there is that of a cancellation which came too late.
func reasonOf(w *orderRow, s exchange.Status) string {
	if s == exchange.StatusUnknown {
		return string(w.Status)
	}
	if !s.Final() || s == exchange.StatusFilled {
		return ""
	}
	var said []string
	for _, t := range []text{w.RejectReason, w.CancelType} {
		if t != "" && t != "UNKNOWN" && t != "EC_NoError" {
			said = append(said, string(t))
		}
	}
	return strings.Join(said, " ")
}
