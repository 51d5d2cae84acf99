package okx

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// parseRows reads the rows of an answer or a push.
func parseRows[T any](data []byte) ([]T, error) {
	var rows []T
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%w: %w", err, exchange.ErrFrame)
	}
	return rows, nil
}

func ackRows(data []byte) ([]ackRow, error) { return parseRows[ackRow](data) }

// one is the row of an answer that has exactly one.
func one[T any](data []byte) (*T, error) {
	rows, err := parseRows[T](data)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("%d rows, want 1: %w", len(rows), exchange.ErrFrame)
	}
	return &rows[0], nil
}

// fields reads a row's values, and keeps the first error.
type fields struct{ numbers }

func (f *fields) fail(name string, value text) {
	if f.err == nil {
		f.err = fmt.Errorf("%s %.40q: %w", name, string(value), exchange.ErrFrame)
	}
}

// number is a number that must be there.
func (f *fields) number(name string, v text) exchange.Decimal {
	d, err := exchange.ParseDecimal(string(v))
	if err != nil {
		f.fail(name, v)
	}
	return d
}

// maybe is a number, 0 where there is none.
func (f *fields) maybe(name string, v text) exchange.Decimal {
	if v == "" {
		return exchange.Decimal{}
	}
	return f.number(name, v)
}

// amount is a number that must not be negative.
func (f *fields) amount(name string, v text) exchange.Decimal {
	d := f.maybe(name, v)
	if d.Sign() < 0 {
		f.fail(name, v)
	}
	return d
}

func (f *fields) must(name string, v text) string {
	if v == "" {
		f.fail(name, v)
	}
	return string(v)
}

// time is a time in milliseconds; zero where there is none.
func (f *fields) time(name string, v text) time.Time {
	if v == "" || v == "0" {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || ms < 0 || ms > 1<<48 {
		f.fail(name, v)
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (f *fields) side(v text) exchange.Side {
	switch v {
	case "buy":
		return exchange.Buy
	case "sell":
		return exchange.Sell
	}
	f.fail("side", v)
	return 0
}

// order is the row in the library's terms; in are the rules of its market.
func (w *orderRow) order(in exchange.Instrument, account exchange.AccountID) (exchange.Order, error) {
	f := fields{}
	o := exchange.Order{VenueID: f.must("ordId", w.OrdID), Time: f.time("uTime", w.UTime)}
	o.Market, o.Account, o.ClientID = in.Market, account, clientID(string(w.ClOrdID))
	o.Side = f.side(w.Side)
	o.Price = f.amount("px", w.Px)
	o.Type, o.TIF, o.PostOnly = w.kind()
	if o.Type == exchange.TypeMarket {
		o.Price = exchange.Decimal{}
	}
	o.ReduceOnly = w.ReduceOnly == "true"
	if w.State != "live" || w.AccFillSz != "" {
		f.must("accFillSz", w.AccFillSz)
	}
	o.Filled = f.amount("accFillSz", w.AccFillSz).Mul(in.Contract)
	o.Quantity = f.amount("sz", text(f.must("sz", w.Sz))).Mul(in.Contract)
	o.AvgPrice = f.amount("avgPx", w.AvgPx)
	o.Fees = w.fees(&f)
	if o.Time.IsZero() {
		o.Time = f.time("cTime", w.CTime)
	}
	o.Status, o.Reason = w.status(o.Filled)
	if w.TgtCcy == "quote_ccy" { // not an order of ours: sz counts quote, and how much base that is, is known when it has ended
		o.Quantity = exchange.Decimal{}
		if o.Status.Final() {
			o.Quantity = o.Filled
		}
	}
	return o, f.err
}

// kind is what the venue calls the order's type. One that is not known counts as a limit order where it has a price.
func (w *orderRow) kind() (exchange.OrderType, exchange.TimeInForce, bool) {
	switch w.OrdType {
	case "market":
		return exchange.TypeMarket, exchange.GTC, false
	case "optimal_limit_ioc":
		return exchange.TypeMarket, exchange.IOC, false
	case "ioc":
		return exchange.TypeLimit, exchange.IOC, false
	case "fok":
		return exchange.TypeLimit, exchange.FOK, false
	case "post_only", "mmp_and_post_only":
		return exchange.TypeLimit, exchange.GTC, true
	case "limit":
		return exchange.TypeLimit, exchange.GTC, false
	}
	if w.Px == "" {
		return exchange.TypeMarket, exchange.GTC, false
	}
	return exchange.TypeLimit, exchange.GTC, false
}

// fees are what the order has cost so far. Where fee and rebate are of different currencies (a maker's spot sale has both), both
// count.
func (w *orderRow) fees(f *fields) (r []exchange.Amount) {
	for _, x := range []struct {
		name        string
		amount, ccy text
	}{{"fee", w.Fee, w.FeeCcy}, {"rebate", w.Rebate, w.RebateCcy}} {
		q := f.maybe(x.name, x.amount).Neg()
		if q.IsZero() {
			continue
		}
		asset := exchange.Asset(f.must(x.name+"Ccy", x.ccy))
		if len(r) > 0 && r[0].Asset == asset {
			r[0].Quantity = r[0].Quantity.Add(q)
			continue
		}
		r = append(r, exchange.Amount{Asset: asset, Quantity: q})
	}
	return r
}

// status is where the order stands, and why where it has ended otherwise than by filling. A state that is not known leaves it unknown: then
// it is looked up.
func (w *orderRow) status(filled exchange.Decimal) (exchange.Status, string) {
	switch w.State {
	case "live", "partially_filled":
		switch {
		case w.ReqID != "" && w.AmendResult == "0":
			return exchange.StatusReplaced, ""
		case filled.Sign() > 0:
			return exchange.StatusPartiallyFilled, ""
		}
		return exchange.StatusAccepted, ""
	case "filled":
		return exchange.StatusFilled, ""
	case "canceled", "mmp_canceled":
		return w.canceled(filled)
	}
	return exchange.StatusUnknown, ""
}

// canceled tells a cancellation on request from what the venue did of its own accord.
func (w *orderRow) canceled(filled exchange.Decimal) (exchange.Status, string) {
	reason := string(w.CancelReason)
	if reason == "" {
		reason = cancelSources[string(w.CancelSource)]
	}
	if reason == "" && w.CancelSource != "" {
		reason = "cancelSource " + string(w.CancelSource)
	}
	switch w.CancelSource {
	case "31":
		if filled.IsZero() {
			return exchange.StatusRejected, reason
		}
		return exchange.StatusExpired, reason
	case "1", "20":
		return exchange.StatusCanceled, reason
	case "":
		if w.OrdType == "ioc" || w.OrdType == "fok" {
			return exchange.StatusExpired, reason
		}
		return exchange.StatusCanceled, reason
	}
	return exchange.StatusExpired, reason
}

// cancelSources are the venue's reasons, where it does not give them in words.
var cancelSources = map[string]string{
	"0":  "canceled by the system",
	"1":  "canceled by the user",
	"2":  "reduce-only: the position is closed",
	"3":  "risk of liquidation",
	"6":  "margin ratio too low",
	"9":  "frozen for auto-deleveraging",
	"13": "fill or kill: not to be filled at once",
	"14": "immediate or cancel: the rest is canceled",
	"15": "price beyond the limit",
	"20": "cancel all after: time is up",
	"27": "price beyond the limit",
	"31": "post only: it would have taken",
	"32": "self-trade prevention",
	"33": "matched too many orders",
	"43": "price beyond the limit",
}

// fill is the execution that a push is about; false where it is about none, or where it does not tell the fee: then it is to be
// fetched.
func (w *orderRow) fill(in exchange.Instrument, account exchange.AccountID) (exchange.Fill, bool, error) {
	if w.TradeID == "" || w.TradeID == "0" || w.FillSz == "" {
		return exchange.Fill{}, false, nil
	}
	r := fillRow{
		InstID: w.InstID, TradeID: w.TradeID, OrdID: w.OrdID, ClOrdID: w.ClOrdID, Side: w.Side, FillPx: w.FillPx, FillSz: w.FillSz,
		Fee: w.FillFee, FeeCcy: w.FillFeeCcy, ExecType: w.ExecType, FillTime: w.FillTime,
	}
	f := fields{}
	size := f.amount("fillSz", w.FillSz)
	if f.err != nil || size.IsZero() {
		return exchange.Fill{}, false, f.err
	}
	if r.Fee == "" {
		if !size.Equal(f.amount("accFillSz", w.AccFillSz)) {
			return exchange.Fill{}, false, f.err
		}
		r.Fee, r.FeeCcy = w.Fee, w.FeeCcy // the order's only one
	}
	fill, err := r.fill(in, account)
	return fill, err == nil, err
}

// fill is the row in the library's terms.
func (w *fillRow) fill(in exchange.Instrument, account exchange.AccountID) (exchange.Fill, error) {
	f := fields{}
	r := exchange.Fill{
		Market: in.Market, Account: account, TradeID: f.must("tradeId", w.TradeID), VenueID: f.must("ordId", w.OrdID),
		ClientID: clientID(string(w.ClOrdID)), Side: f.side(w.Side), Maker: w.ExecType == "M",
		Price: f.amount("fillPx", w.FillPx), Quantity: f.amount("fillSz", w.FillSz).Mul(in.Contract),
		Fee: f.number("fee", w.Fee).Neg(), FeeAsset: exchange.Asset(w.FeeCcy), Time: f.time("fillTime", w.FillTime),
	}
	if r.Time.IsZero() {
		r.Time = f.time("ts", w.TS)
	}
	if r.Price.IsZero() || r.Quantity.IsZero() {
		f.fail("execution", w.FillSz)
	}
	if !r.Fee.IsZero() {
		f.must("feeCcy", w.FeeCcy)
	}
	return r, f.err
}
