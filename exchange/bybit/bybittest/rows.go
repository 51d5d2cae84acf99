package bybittest

import (
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// orderRow is an order as REST and the order topic tell it.
type orderRow struct {
	Category       string            `json:"category,omitempty"` // on the stream only
	OrderID        string            `json:"orderId"`
	OrderLinkID    string            `json:"orderLinkId"`
	BlockTradeID   string            `json:"blockTradeId"`
	Symbol         string            `json:"symbol"`
	Price          string            `json:"price"`
	Qty            string            `json:"qty"`
	Side           string            `json:"side"`
	IsLeverage     string            `json:"isLeverage"`
	PositionIdx    int               `json:"positionIdx"`
	OrderStatus    string            `json:"orderStatus"`
	CreateType     string            `json:"createType,omitempty"` // not on spot
	CancelType     string            `json:"cancelType"`
	RejectReason   string            `json:"rejectReason"`
	AvgPrice       string            `json:"avgPrice"`
	LeavesQty      string            `json:"leavesQty"`
	LeavesValue    string            `json:"leavesValue"`
	CumExecQty     string            `json:"cumExecQty"`
	CumExecValue   string            `json:"cumExecValue"`
	CumExecFee     string            `json:"cumExecFee"`
	CumFeeDetail   map[string]string `json:"cumFeeDetail"`
	TimeInForce    string            `json:"timeInForce"`
	OrderType      string            `json:"orderType"`
	StopOrderType  string            `json:"stopOrderType"`
	OrderIv        string            `json:"orderIv"`
	MarketUnit     string            `json:"marketUnit"`
	TriggerPrice   string            `json:"triggerPrice"`
	TakeProfit     string            `json:"takeProfit"`
	StopLoss       string            `json:"stopLoss"`
	TpslMode       string            `json:"tpslMode"`
	TpLimitPrice   string            `json:"tpLimitPrice"`
	SlLimitPrice   string            `json:"slLimitPrice"`
	TpTriggerBy    string            `json:"tpTriggerBy"`
	SlTriggerBy    string            `json:"slTriggerBy"`
	TriggerDir     int               `json:"triggerDirection"`
	TriggerBy      string            `json:"triggerBy"`
	LastPrice      string            `json:"lastPriceOnCreated"`
	ReduceOnly     bool              `json:"reduceOnly"`
	CloseOnTrigger bool              `json:"closeOnTrigger"`
	PlaceType      string            `json:"placeType"`
	SmpType        string            `json:"smpType"`
	SmpGroup       int               `json:"smpGroup"`
	SmpOrderID     string            `json:"smpOrderId"`
	FeeCurrency    string            `json:"feeCurrency,omitempty"` // on the stream only
	CreatedTime    string            `json:"createdTime"`
	UpdatedTime    string            `json:"updatedTime"`
}

// known is an order with all that the venue tells of it.
type known struct {
	exchange.Order
	ins     exchange.Instrument
	created time.Time
	extra   extra
}

func category(k exchange.Kind) string {
	if k == exchange.Perp {
		return "linear"
	}
	return "spot"
}

func sideName(s exchange.Side) string {
	if s == exchange.Buy {
		return "Buy"
	}
	return "Sell"
}

func (o *known) kind() exchange.Kind { return o.Market.Symbol.Kind }

// row is o as REST tells it.
func (o *known) row() orderRow {
	value := spent(o.Fills)
	r := orderRow{
		OrderID: venueID(o.kind(), o.VenueID), OrderLinkID: linkOf(o.ClientID), Symbol: o.ins.VenueSymbol, Side: sideName(o.Side),
		Price: plain(o.Price), Qty: plain(o.Quantity), OrderStatus: o.word(), AvgPrice: orNothing(o.AvgPrice),
		LeavesQty: "0", LeavesValue: "0", CumExecQty: plain(o.Filled), CumExecValue: plain(value), CumExecFee: "0",
		CumFeeDetail: map[string]string{}, TimeInForce: tifName(&o.OrderRequest), OrderType: "Limit", MarketUnit: o.extra.unit,
		ReduceOnly: o.ReduceOnly, CloseOnTrigger: o.extra.close, SmpType: "None",
		CreatedTime: milli(o.created.UnixMilli()), UpdatedTime: milli(o.Time.UnixMilli()),
	}
	r.CancelType, r.RejectReason = o.causes()
	if !o.Status.Final() {
		left := o.Remaining()
		r.LeavesQty, r.LeavesValue = plain(left), plain(left.Mul(o.Price))
	}
	if o.Type == exchange.TypeMarket {
		r.OrderType = "Market"
	}
	if !o.extra.value.IsZero() {
		r.Qty = plain(o.extra.value)
	}
	for _, f := range o.Fees {
		r.CumFeeDetail[string(f.Asset)], r.CumExecFee = plain(f.Quantity), plain(f.Quantity)
	}
	if o.kind() == exchange.Perp {
		r.CreateType = "CreateByUser"
	} else if r.IsLeverage = "0"; o.extra.leverage {
		r.IsLeverage = "1"
	}
	if o.extra.smp != "" {
		r.SmpType = o.extra.smp
	}
	return r
}

// pushed is o as the order topic tells it.
func (o *known) pushed() orderRow {
	r := o.row()
	r.Category = category(o.kind())
	for asset := range r.CumFeeDetail {
		r.FeeCurrency = asset
	}
	return r
}

func spent(fills []exchange.Fill) (sum exchange.Decimal) {
	for _, f := range fills {
		sum = sum.Add(f.Notional())
	}
	return sum
}

func tifName(r *exchange.OrderRequest) string {
	switch {
	case r.PostOnly:
		return "PostOnly"
	case r.TIF == exchange.IOC:
		return "IOC"
	case r.TIF == exchange.FOK:
		return "FOK"
	}
	return "GTC"
}

// word is the venue's for where o stands. Only spot has one for an order that ended with a part of it filled; a market order by value hardly
// ever spends all of it.
func (o *known) word() string {
	spot := o.kind() == exchange.Spot
	switch o.Status {
	case exchange.StatusFilled:
		if spot && !o.extra.value.IsZero() && spent(o.Fills).Cmp(o.extra.value) < 0 {
			return "PartiallyFilledCanceled"
		}
		return "Filled"
	case exchange.StatusRejected:
		return "Rejected"
	case exchange.StatusCanceled, exchange.StatusExpired:
		if spot && o.Filled.Sign() > 0 {
			return "PartiallyFilledCanceled"
		}
		return "Cancelled"
	}
	if o.Filled.Sign() > 0 {
		return "PartiallyFilled"
	}
	return "New"
}

// Words for why an order ended, as End of the engine is given them.
const (
	byDCP     = "CancelByDCP"
	ecOthers  = "EC_Others"
	ecNoError = "EC_NoError"
	noType    = "UNKNOWN"
)

// causes are the venue's words for how o ended.
func (o *known) causes() (cancelType, rejectReason string) {
	switch {
	case !o.Status.Final() || o.Status == exchange.StatusFilled:
		return noType, ecNoError
	case strings.HasPrefix(o.Reason, "CancelBy"):
		return o.Reason, ecNoError
	case strings.HasPrefix(o.Reason, "EC_"):
		return noType, o.Reason
	case o.Status == exchange.StatusRejected:
		return noType, ecOthers
	case o.Status == exchange.StatusCanceled:
		return "CancelByUser", "EC_PerCancelRequest"
	}
	switch o.Reason {
	case sim.ReasonPostOnly:
		return noType, "EC_PostOnlyWillTakeLiquidity"
	case sim.ReasonReduceOnly:
		return "CancelByReduceOnly", ecNoError
	case sim.ReasonSelfTrade:
		return "CancelBySmp", ecNoError
	case sim.ReasonFunds:
		return "CancelByCannotAffordOrderCost", ecNoError
	}
	if o.Filled.IsZero() && o.TIF != exchange.FOK {
		return noType, "EC_NoImmediateQtyToFill"
	}
	return noType, "EC_CancelForNoFullFill"
}

// executionRow is a fill as REST and the execution topic tell it.
type executionRow struct {
	Category     string `json:"category,omitempty"` // on the stream only
	Symbol       string `json:"symbol"`
	OrderID      string `json:"orderId"`
	OrderLinkID  string `json:"orderLinkId"`
	Side         string `json:"side"`
	OrderPrice   string `json:"orderPrice"`
	OrderQty     string `json:"orderQty"`
	LeavesQty    string `json:"leavesQty"`
	CreateType   string `json:"createType,omitempty"` // not on spot
	OrderType    string `json:"orderType"`
	StopType     string `json:"stopOrderType"`
	ExecFee      string `json:"execFee"`
	ExecID       string `json:"execId"`
	ExecPrice    string `json:"execPrice"`
	ExecQty      string `json:"execQty"`
	ExecType     string `json:"execType"`
	ExecValue    string `json:"execValue"`
	ExecTime     string `json:"execTime"`
	FeeCurrency  string `json:"feeCurrency"`
	IsMaker      bool   `json:"isMaker"`
	IsLeverage   string `json:"isLeverage"`
	FeeRate      string `json:"feeRate"`
	TradeIv      string `json:"tradeIv"`
	MarkIv       string `json:"markIv"`
	MarkPrice    string `json:"markPrice"`
	IndexPrice   string `json:"indexPrice"`
	Underlying   string `json:"underlyingPrice"`
	BlockTradeID string `json:"blockTradeId"`
	ClosedSize   string `json:"closedSize"`
	ExtraFees    string `json:"extraFees"`
	MarketUnit   string `json:"marketUnit"`
	Seq          int64  `json:"seq"`
}

// executed is f, a fill of o, as REST tells it. closed is what it took off a position.
func (o *known) executed(f exchange.Fill, closed exchange.Decimal) executionRow {
	left := o.Quantity
	for _, x := range o.Fills {
		left = left.Sub(x.Quantity)
		if x.TradeID == f.TradeID {
			break
		}
	}
	r := executionRow{
		Symbol: o.ins.VenueSymbol, OrderID: venueID(o.kind(), o.VenueID), OrderLinkID: linkOf(o.ClientID), Side: sideName(f.Side),
		OrderPrice: plain(o.Price), OrderQty: plain(o.Quantity), LeavesQty: plain(left.Max(exchange.Decimal{})), OrderType: "Limit",
		ExecFee: plain(f.Fee), ExecID: tradeID(o.kind(), f.TradeID, f.Maker), ExecPrice: plain(f.Price), ExecQty: plain(f.Quantity), ExecType: "Trade",
		ExecValue: plain(f.Notional()), ExecTime: milli(f.Time.UnixMilli()), FeeCurrency: string(f.FeeAsset), IsMaker: f.Maker,
		FeeRate: plain(rateOf(f)), MarketUnit: o.extra.unit, Seq: seqOf(f.TradeID),
	}
	if o.Type == exchange.TypeMarket {
		r.OrderType = "Market"
	}
	if o.kind() == exchange.Perp {
		r.CreateType, r.ClosedSize = "CreateByUser", plain(closed)
	} else if r.IsLeverage = "0"; o.extra.leverage {
		r.IsLeverage = "1"
	}
	return r
}

// rateOf is the fee as a part of what was traded, in what it was paid in.
func rateOf(f exchange.Fill) exchange.Decimal {
	whole := f.Notional()
	if f.FeeAsset == f.Market.Symbol.Base {
		whole = f.Quantity
	}
	return f.Fee.Quo(whole, 8, exchange.HalfEven)
}

// fastRow is a fill as the topic execution.fast tells it: sooner, without fees, and of a maker without its link.
type fastRow struct {
	Category    string `json:"category"`
	Symbol      string `json:"symbol"`
	OrderID     string `json:"orderId"`
	OrderLinkID string `json:"orderLinkId"`
	ExecID      string `json:"execId"`
	ExecPrice   string `json:"execPrice"`
	ExecQty     string `json:"execQty"`
	Side        string `json:"side"`
	IsMaker     bool   `json:"isMaker"`
	ExecTime    string `json:"execTime"`
	Seq         int64  `json:"seq"`
}

func (w executionRow) fast() fastRow {
	r := fastRow{w.Category, w.Symbol, w.OrderID, w.OrderLinkID, w.ExecID, w.ExecPrice, w.ExecQty, w.Side, w.IsMaker, w.ExecTime, w.Seq}
	if w.IsMaker {
		r.OrderLinkID = ""
	}
	return r
}
