package binance

import (
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// Members of an order's answer that were seen: what comes twice is for the other reader.
const (
	rowSymbol uint32 = 1 << iota
	rowID
	rowName
	rowPrice
	rowQuantity
	rowFilled
	rowStatus
	rowKind
	rowSide
	rowTIF
	rowUpdated
	rowTransacted
	rowMade
	rowQuote
	rowSpotQuote
	rowAverage
	rowReduce
	rowFills

	rowNeeded = rowSymbol | rowID | rowName | rowPrice | rowQuantity | rowFilled | rowStatus | rowKind | rowSide
)

// passed are members that say nothing to us, in the answers of every day. Which bit each has is its place.
func passed(name []byte) int {
	switch string(name) {
	case "orderListId":
		return 0
	case "origQuoteOrderQty":
		return 1
	case "workingTime":
		return 2
	case "selfTradePreventionMode":
		return 3
	case "cumQty":
		return 4
	case "origType":
		return 5
	case "positionSide":
		return 6
	case "stopPrice":
		return 7
	case "closePosition":
		return 8
	case "priceProtect":
		return 9
	case "workingType":
		return 10
	case "priceMatch":
		return 11
	case "goodTillDate":
		return 12
	case "pair":
		return 13
	}
	return -1
}

// row is an order's answer while it is read: what order makes of several members.
type row struct {
	report
	seen, passed               uint32
	updated, transacted, since time.Time
	average, quote, spotQuote  exchange.Decimal
}

// fast reads the answers of every day, as slow does: with a placement's fills, each member once. False: it is another one.
func (r reader) fast(data []byte) (report, bool) {
	var w row
	w.Account = r.account
	c := scan.New(data)
	for c.Object(); c.Next(); {
		if !r.member(&c, &w) {
			bit := passed(c.Key())
			if bit < 0 {
				return report{}, false
			}
			c.Once(&w.passed, 1<<bit)
			c.Skip()
		}
	}
	if !c.Done() || w.seen&rowNeeded != rowNeeded {
		return report{}, false
	}
	w.finish()
	return w.report, true
}

// member reads one; false: it has a name that is not known here.
func (r reader) member(c *scan.Cursor, w *row) bool {
	switch string(c.Key()) {
	case "symbol":
		c.Once(&w.seen, rowSymbol)
		s, ok := r.symbol(string(c.Text()))
		if w.Market = (exchange.Market{Venue: Venue, Symbol: s}); !ok {
			c.Fail()
		}
	case "orderId":
		c.Once(&w.seen, rowID)
		w.VenueID = natural(c)
	case "clientOrderId":
		c.Once(&w.seen, rowName)
		w.name = string(c.Text())
		w.ClientID, w.successor = clientID(r.kind, w.name)
	case "price":
		c.Once(&w.seen, rowPrice)
		w.Price = positive(c)
	case "origQty":
		c.Once(&w.seen, rowQuantity)
		w.Quantity = positive(c)
	case "executedQty":
		c.Once(&w.seen, rowFilled)
		w.Filled = positive(c)
	case "status":
		c.Once(&w.seen, rowStatus)
		s := c.Text()
		w.Status, w.Reason = status(string(s)), reason(string(s))
	case "fills":
		c.Once(&w.seen, rowFills)
		for c.Array(); c.More(); {
			w.execution(c)
		}
	default:
		return w.terms(c) || w.sum(c)
	}
	return true
}

// terms are those of the order.
func (w *row) terms(c *scan.Cursor) bool {
	switch string(c.Key()) {
	case "type":
		c.Once(&w.seen, rowKind)
		switch string(c.Text()) {
		case "LIMIT":
		case "MARKET":
			w.Type = exchange.TypeMarket
		case "LIMIT_MAKER":
			w.PostOnly = true
		default:
			c.Fail()
		}
	case "side":
		c.Once(&w.seen, rowSide)
		switch string(c.Text()) {
		case "BUY":
			w.Side = exchange.Buy
		case "SELL":
			w.Side = exchange.Sell
		default:
			c.Fail()
		}
	case "timeInForce":
		c.Once(&w.seen, rowTIF)
		switch string(c.Text()) {
		case "GTC":
		case "IOC":
			w.TIF = exchange.IOC
		case "FOK":
			w.TIF = exchange.FOK
		case "GTX":
			w.PostOnly = true
		default:
			c.Fail()
		}
	case "reduceOnly":
		c.Once(&w.seen, rowReduce)
		v := c.Raw()
		if w.ReduceOnly = string(v) == "true"; !w.ReduceOnly && string(v) != "false" {
			c.Fail()
		}
	default:
		return false
	}
	return true
}

// sum reads times, and what has filled in all.
func (w *row) sum(c *scan.Cursor) bool {
	switch string(c.Key()) {
	case "updateTime":
		c.Once(&w.seen, rowUpdated)
		w.updated = millis(c)
	case "transactTime":
		c.Once(&w.seen, rowTransacted)
		w.transacted = millis(c)
	case "time":
		c.Once(&w.seen, rowMade)
		w.since = millis(c)
	case "cummulativeQuoteQty":
		c.Once(&w.seen, rowSpotQuote)
		w.spotQuote = decimal(c)
	case "cumQuote":
		c.Once(&w.seen, rowQuote)
		w.quote = decimal(c)
	case "avgPrice":
		c.Once(&w.seen, rowAverage)
		w.average = decimal(c)
	default:
		return false
	}
	return true
}

// execution reads one of the fills that the answer to a placement carries; finish adds what it shares with its order.
func (w *row) execution(c *scan.Cursor) {
	const id, price, quantity, fee, asset, needed = 1, 2, 4, 8, 16, 31
	var f exchange.Fill
	var seen uint32
	for c.Object(); c.Next(); {
		switch string(c.Key()) {
		case "tradeId":
			c.Once(&seen, id)
			f.TradeID = natural(c)
		case "price":
			c.Once(&seen, price)
			f.Price = positive(c)
		case "qty":
			c.Once(&seen, quantity)
			f.Quantity = positive(c)
		case "commission":
			c.Once(&seen, fee)
			f.Fee = decimal(c)
		case "commissionAsset":
			c.Once(&seen, asset)
			f.FeeAsset = exchange.Asset(c.Text())
		default:
			c.Fail()
		}
	}
	if seen != needed {
		c.Fail()
	}
	w.Fills = append(w.Fills, f)
}

// finish puts together what depends on more than one member.
func (w *row) finish() {
	o := &w.report
	o.made = w.since
	switch {
	case w.seen&rowUpdated != 0:
		o.Time = w.updated
	case w.seen&rowTransacted != 0:
		o.Time = w.transacted
	default:
		o.Time = w.since
	}
	for i := range o.Fills {
		f := &o.Fills[i]
		f.Market, f.Account, f.VenueID, f.ClientID, f.Side, f.Time = o.Market, o.Account, o.VenueID, o.ClientID, o.Side, o.Time
	}
	o.addFees()
	quote := w.quote
	if w.seen&rowSpotQuote != 0 {
		quote = w.spotQuote
	}
	if o.AvgPrice = averageOf(o.Fills, o.Filled); o.Filled.Sign() > 0 && o.AvgPrice.IsZero() {
		o.averaged(w.average, quote)
	}
}

// natural is a natural number of at most 20 digits as text, which is not quoted.
func natural(c *scan.Cursor) string {
	v := c.Raw()
	if len(v) > 20 || slices.ContainsFunc(v, func(b byte) bool { return b < '0' || b > '9' }) {
		c.Fail()
	}
	return string(v)
}

// decimal is a number, quoted or not.
func decimal(c *scan.Cursor) (d exchange.Decimal) {
	if v := c.Raw(); len(v) == 0 || v[0] == 'n' || d.UnmarshalJSON(v) != nil {
		c.Fail()
	}
	return d
}

func positive(c *scan.Cursor) exchange.Decimal {
	d := decimal(c)
	if d.Sign() < 0 {
		c.Fail()
	}
	return d
}

// millis is a time in milliseconds since 1970; 0 is none.
func millis(c *scan.Cursor) time.Time {
	ms := c.Int()
	switch {
	case ms < 0 || ms > 1e14:
		c.Fail()
		return time.Time{}
	case ms == 0:
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
