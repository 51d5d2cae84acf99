package binance

import (
	"fmt"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// avgScale is to how many digits behind the point an average price is rounded.
const avgScale = 16

// reader reads what the venue tells about an account in one of its two markets.
type reader struct {
	kind    exchange.Kind
	account exchange.AccountID
	symbol  func(name string) (exchange.Symbol, bool) // of the venue's name
	lenient bool                                      // orders of symbols that are not listed are left out
}

// listed is r for lists of all symbols, of which some may be none of the library's.
func (r reader) listed() reader { r.lenient = true; return r }

// report is an order as the venue tells it. The chain of a replaced order's predecessors is not in it.
type report struct {
	exchange.Order
	name      string    // the venue's client id
	successor int       // of the order that has the client id; 0: that one itself
	replaced  bool      // it ended because its successor takes its place
	made      time.Time // zero: not told
}

func (r reader) market(f *fields, name string) exchange.Market {
	s, ok := r.symbol(name)
	if !ok {
		f.fail("a symbol that is not listed: %.40q", name)
	}
	return exchange.Market{Venue: Venue, Symbol: s}
}

// order reads an order of any REST answer: placed, cancelled, amended, asked for.
func (r reader) order(data []byte) (report, error) {
	if o, ok := r.fast(data); ok {
		return o, nil
	}
	return r.slow(data)
}

// slow reads what fast does not.
func (r reader) slow(data []byte) (report, error) {
	f := parseFields(data)
	if f.has("amendedOrder") {
		f = parseFields(f.value("amendedOrder"))
	}
	var o report
	o.Market, o.Account = r.market(f, f.text("symbol")), r.account
	o.VenueID = f.id("orderId")
	o.name = f.text(f.first("origClientOrderId", "clientOrderId")) // the other one of a cancellation is the cancellation's
	o.ClientID, o.successor = clientID(r.kind, o.name)
	o.terms(f, f.text("side"), f.text("type"), f.optText("timeInForce"))
	o.ReduceOnly = f.flag("reduceOnly")
	o.Price = f.positive("price")
	o.Quantity, o.Filled = f.positive(f.first("qty", "origQty")), f.positive("executedQty")
	o.Status = status(f.text("status"))
	o.Reason = reason(f.text("status"), f.optText("expiryReason"))
	o.Time, o.made = f.time(f.first("updateTime", "transactTime", "time")), f.time("time")
	if f.has("fills") {
		for _, raw := range f.list("fills") {
			r.executed(f, &o, raw)
		}
		o.addFees()
	}
	o.average(f)
	return o, f.wrap("order")
}

// wrap is f's error, of what.
func (f *fields) wrap(what string) error {
	if f.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, f.err)
}

// terms are side, type and time in force. Types of orders that the library does not place become the nearest one.
func (o *report) terms(f *fields, side, kind, tif string) {
	o.Side = sideOf(f, side)
	if kind == "MARKET" || strings.HasSuffix(kind, "_MARKET") || kind == "STOP_LOSS" {
		o.Type = exchange.TypeMarket
	}
	switch tif {
	case "IOC":
		o.TIF = exchange.IOC
	case "FOK":
		o.TIF = exchange.FOK
	case "GTX", "RPI":
		o.PostOnly = true
	}
	o.PostOnly = o.PostOnly || kind == "LIMIT_MAKER"
}

func sideOf(f *fields, s string) exchange.Side {
	switch s {
	case "BUY":
		return exchange.Buy
	case "SELL":
		return exchange.Sell
	}
	f.fail("side: %.20q", s)
	return 0
}

// status is the library's word for the venue's. Those that the venue may come to have are looked up.
func status(s string) exchange.Status {
	switch s {
	case "NEW":
		return exchange.StatusAccepted
	case "PENDING_NEW":
		return exchange.StatusPending
	case "PARTIALLY_FILLED":
		return exchange.StatusPartiallyFilled
	case "FILLED", "NEW_INSURANCE", "NEW_ADL": // filled by the venue itself
		return exchange.StatusFilled
	case "CANCELED":
		return exchange.StatusCanceled
	case "REJECTED":
		return exchange.StatusRejected
	case "EXPIRED", "EXPIRED_IN_MATCH":
		return exchange.StatusExpired
	}
	return exchange.StatusUnknown
}

func reason(status string, told ...string) string {
	for _, s := range told {
		if s != "" && s != "NONE" {
			return s
		}
	}
	if status == "EXPIRED_IN_MATCH" {
		return "self-trade prevention"
	}
	return ""
}

// executed reads one of the fills that the answer to a placement carries. Who fills at once has taken.
func (r reader) executed(outer *fields, o *report, data []byte) {
	f := parseFields(data)
	fill := exchange.Fill{
		Market: o.Market, Account: o.Account, VenueID: o.VenueID, ClientID: o.ClientID, Side: o.Side, Time: o.Time,
		TradeID: f.id("tradeId"), Price: f.positive("price"), Quantity: f.positive("qty"),
		Fee: f.number("commission"), FeeAsset: exchange.Asset(f.text("commissionAsset")),
	}
	outer.adopt(f)
	o.Fills = append(o.Fills, fill)
}

// addFees sums the fees of o's fills, which must be all of them.
func (o *report) addFees() {
	o.Fees = nil
	for _, fill := range o.Fills {
		o.Fees = addAmount(o.Fees, fill.FeeAsset, fill.Fee)
	}
}

func addAmount(list []exchange.Amount, a exchange.Asset, q exchange.Decimal) []exchange.Amount {
	if q.IsZero() {
		return list
	}
	for i := range list {
		if list[i].Asset == a {
			list[i].Quantity = list[i].Quantity.Add(q)
			return list
		}
	}
	return append(list, exchange.Amount{Asset: a, Quantity: q})
}

// average finds the average price wherever it is told: by all of the fills, by itself, or as the sum in quote. Acknowledgements of perpetuals
// tell none.
func (o *report) average(f *fields) {
	if o.AvgPrice = averageOf(o.Fills, o.Filled); o.Filled.Sign() <= 0 || !o.AvgPrice.IsZero() {
		return
	}
	average := f.optNumber("avgPrice")
	if average.Sign() > 0 {
		o.averaged(average, exchange.Decimal{})
		return
	}
	o.averaged(average, f.optNumber(f.first("cummulativeQuoteQty", "cumulativeQuoteQty", "cumQuote")))
}

// averaged is average where the fills do not tell. A negative sum in quote is not known any more.
func (o *report) averaged(average, quote exchange.Decimal) {
	switch {
	case average.Sign() > 0:
		o.AvgPrice = average
	case quote.Sign() > 0:
		o.AvgPrice = quote.Quo(o.Filled, avgScale, exchange.HalfEven)
	}
}

// averageOf is the average price of fills, where they add up to filled.
func averageOf(fills []exchange.Fill, filled exchange.Decimal) exchange.Decimal {
	var sum, notional exchange.Decimal
	for i := range fills {
		sum, notional = sum.Add(fills[i].Quantity), notional.Add(fills[i].Notional())
	}
	if filled.Sign() <= 0 || !sum.Equal(filled) {
		return exchange.Decimal{}
	}
	return notional.Quo(filled, avgScale, exchange.HalfEven)
}

// orders reads a list of orders. Lists of orders that depend on each other stand in cancellations too, and are passed over.
func (r reader) orders(data []byte) ([]report, error) {
	list, err := parseList(data)
	if err != nil {
		return nil, err
	}
	var all []report
	for _, raw := range list {
		f := parseFields(raw)
		if f.err == nil && f.has("contingencyType") {
			continue
		}
		if _, ok := r.symbol(f.optText("symbol")); r.lenient && !ok && f.err == nil {
			continue
		}
		o, err := r.order(raw)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// fills reads trades of an account; it does not know their orders' client ids.
func (r reader) fills(data []byte) ([]exchange.Fill, error) {
	list, err := parseList(data)
	if err != nil {
		return nil, err
	}
	fills := make([]exchange.Fill, 0, len(list))
	for _, raw := range list {
		f := parseFields(raw)
		fill := exchange.Fill{
			Market: r.market(f, f.text("symbol")), Account: r.account, TradeID: f.id("id"), VenueID: f.id("orderId"),
			Price: f.positive("price"), Quantity: f.positive("qty"), Fee: f.number("commission"),
			FeeAsset: exchange.Asset(f.text("commissionAsset")), Maker: f.flag(f.first("isMaker", "maker")), Time: f.time("time"),
			Side: exchange.Sell,
		}
		buyer := f.first("isBuyer", "buyer")
		if !f.has(buyer) || fill.Time.IsZero() {
			f.fail("a trade without side or time")
		}
		if f.flag(buyer) {
			fill.Side = exchange.Buy
		}
		if err := f.wrap("fill"); err != nil {
			return nil, err
		}
		fills = append(fills, fill)
	}
	return fills, nil
}

// serverTime reads the venue's clock.
func serverTime(data []byte) (time.Time, error) {
	f := parseFields(data)
	t := f.time("serverTime")
	if t.IsZero() {
		f.fail("no serverTime")
	}
	return t, f.wrap("server time")
}

// listenKey reads the key of a private stream of perpetuals.
func listenKey(data []byte) (exchange.Secret, error) {
	f := parseFields(data)
	key := f.text("listenKey")
	if key == "" || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' || c == '&' || c == '#' }) {
		f.err = fmt.Errorf("binance: no listenKey: %w", exchange.ErrFrame) // without repeating what there was
	}
	return exchange.NewSecret(key), f.wrap("listen key")
}

// replacement reads the answer to a cancelReplace of which both halves were done.
func (r reader) replacement(data []byte) (before, after report, err error) {
	f := parseFields(data)
	if f.text("cancelResult") != "SUCCESS" || f.text("newOrderResult") != "SUCCESS" {
		f.fail("halves that were not done")
	}
	if err := f.wrap("replacement"); err != nil {
		return before, after, err
	}
	if before, err = r.order(f.value("cancelResponse")); err != nil {
		return before, after, err
	}
	after, err = r.order(f.value("newOrderResponse"))
	return before, after, err
}
