package okxtest

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// record is an order as the venue keeps it: what the engine knows of it, and what only the wire knows.
type record struct {
	exchange.Order // as it was last told, without fills
	m              *market
	number         uint64 // VenueID as a number: older orders have lower ones
	arg            orderArg
	margin         bool // a spot order with cross margin, which the venue files under another type
	created        time.Time
	updated        time.Time
	notional       exchange.Decimal
	pnl            exchange.Decimal // what it brought by closing
	last           *fill            // the newest execution
	source         string           // cancelSource; "" while it lives
	shrunk         bool             // amended to no more than had filled: it ends as filled
	requests       []string         // reqIds of amendments that the engine has not told of yet
}

// fill is an execution under the venue's numbers.
type fill struct {
	exchange.Fill
	r    *record
	bill uint64
	pnl  exchange.Decimal
}

// ended reports whether the order works no more.
func (r *record) ended() bool { return r.Status.Final() }

// state is the venue's name for where the order stands.
func (r *record) state() string {
	switch {
	case r.Status == exchange.StatusFilled, r.ended() && r.shrunk:
		return "filled"
	case r.ended():
		return "canceled"
	case !r.Filled.IsZero():
		return "partially_filled"
	}
	return "live"
}

func (r *record) instType() string {
	if r.margin {
		return "MARGIN"
	}
	return r.m.instType()
}

// row is the order in an answer.
func (r *record) row() *orderRow {
	w := &orderRow{
		InstType: r.instType(), InstID: r.m.instID, OrdID: r.VenueID, ClOrdID: string(r.arg.ClOrdID), Tag: r.arg.Tag,
		Px: some(r.Price), Sz: r.size(), OrdType: r.arg.OrdType, Side: r.Side.String(), PosSide: "net", TdMode: r.arg.TdMode, TgtCcy: r.arg.TgtCcy,
		State: r.state(), AccFillSz: r.m.size(r.Filled), AvgPx: some(r.average()), FillSz: "0", TradeID: "", Pnl: num(r.pnl),
		ReduceOnly: strconv.FormatBool(r.ReduceOnly), StpMode: r.arg.StpMode, Category: "normal", CancelSource: r.source,
		TradeQuote: r.arg.TradeQuote, AttachAlgo: []string{}, CTime: millis(r.created), UTime: millis(r.updated),
	}
	if r.m.swap {
		w.Ccy, w.Lever = string(r.m.Market.Symbol.Quote), leverage
	}
	w.Fee, w.FeeCcy, w.Rebate, w.RebateCcy = r.fees()
	w.CancelReason = cancelWords[r.source]
	if r.last != nil {
		r.last.into(w)
	}
	return w
}

// size is what sz says: contracts, base, or the quote amount of a market order that was given in it.
func (r *record) size() string {
	if r.arg.TgtCcy == quoteSized && r.Type == exchange.TypeMarket {
		return string(r.arg.Sz)
	}
	if r.shrunk {
		return r.m.size(r.Filled)
	}
	return r.m.size(r.Quantity)
}

func (r *record) average() exchange.Decimal {
	if r.Filled.IsZero() {
		return exchange.Decimal{}
	}
	const places = 16
	return r.notional.Quo(r.Filled, places, exchange.HalfEven)
}

// fees are what was paid, negative, and what was received. The venue has a place for one currency each.
func (r *record) fees() (fee, ccy, rebate, rebateCcy string) {
	fee, rebate = "0", "0"
	ccy = string(r.feeAsset())
	rebateCcy = ccy
	for _, a := range r.Fees {
		if a.Quantity.Sign() >= 0 {
			fee, ccy = num(a.Quantity.Neg()), string(a.Asset)
		} else {
			rebate, rebateCcy = num(a.Quantity.Neg()), string(a.Asset)
		}
	}
	return fee, ccy, rebate, rebateCcy
}

// feeAsset is what fees are in by default: what a spot order receives.
func (r *record) feeAsset() exchange.Asset {
	if !r.m.swap && r.Side == exchange.Buy {
		return r.m.Market.Symbol.Base
	}
	return r.m.Market.Symbol.Quote
}

// into is the execution in an order's row.
func (f *fill) into(w *orderRow) {
	w.FillPx, w.FillSz, w.FillTime, w.TradeID = num(f.Price), f.r.m.size(f.Quantity), millis(f.Time), f.TradeID
}

// row is the execution in an answer.
func (f *fill) row() fillRow {
	r := f.r
	return fillRow{
		InstType: r.instType(), InstID: r.m.instID, TradeID: f.TradeID, OrdID: f.VenueID, ClOrdID: string(r.arg.ClOrdID), BillID: strconv.FormatUint(f.bill, 10),
		SubType: f.subType(), Tag: r.arg.Tag, FillPx: num(f.Price), FillSz: r.m.size(f.Quantity), FillPnl: num(f.pnl), Side: f.Side.String(), PosSide: "net",
		ExecType: f.execType(), FeeCcy: string(f.FeeAsset), Fee: num(f.Fee.Neg()), FeeRate: f.rate(), FillTime: millis(f.Time), TS: millis(f.Time),
	}
}

// subType is 1 for a purchase and 2 for a sale.
func (f *fill) subType() string {
	if f.Side == exchange.Buy {
		return "1"
	}
	return "2"
}

func (f *fill) execType() string {
	if f.Maker {
		return "M"
	}
	return "T"
}

// rate is the fee rate, which the venue tells for spot.
func (f *fill) rate() string {
	if f.r.m.swap {
		return ""
	}
	of := f.Notional()
	if f.FeeAsset == f.r.m.Market.Symbol.Base {
		of = f.Quantity
	}
	const places = 8
	return num(f.Fee.Neg().Quo(of, places, exchange.HalfEven))
}

// news is r as it is pushed; f is the execution that the push is about, if any.
func (r *record) news(f *fill) *orderRow {
	w := r.row()
	w.FillPx, w.FillSz, w.FillTime, w.TradeID = "", "0", "", ""
	w.orderNews = &orderNews{FillFee: "0", FillPnl: "0", FillNotional: "", AmendSource: ""}
	if f != nil {
		f.into(w)
		w.FillFee, w.FillFeeCcy, w.ExecType, w.FillNotional = num(f.Fee.Neg()), string(f.FeeAsset), f.execType(), num(f.Notional())
		w.FillPnl = num(f.pnl)
	}
	return w
}

// cancelWords are what the venue says besides the number.
var cancelWords = map[string]string{
	"0":  "Order canceled by system",
	"1":  "Order canceled by user",
	"2":  "Order canceled: Pre reduce-only order canceled, due to insufficient margin in user position",
	"13": "Order canceled: FOK order was canceled due to incompletely filled",
	"14": "Order canceled: IOC order was partially canceled due to incompletely filled",
	"20": "Cancel all after triggered",
	"31": "The post-only order will take liquidity in taker orders",
	"32": "Self trade prevention",
}
