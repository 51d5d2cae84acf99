package binancetest

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// stpDefault is what prevents an account from trading with itself where its order says nothing.
const stpDefault = "EXPIRE_MAKER"

// statusName is the venue's word for an order's state.
func statusName(o exchange.Order) string {
	switch o.Status {
	case exchange.StatusFilled:
		return "FILLED"
	case exchange.StatusCanceled:
		return "CANCELED"
	case exchange.StatusRejected:
		return "REJECTED"
	case exchange.StatusExpired:
		if o.Reason == sim.ReasonSelfTrade {
			return "EXPIRED_IN_MATCH"
		}
		return "EXPIRED"
	}
	if o.Filled.Sign() > 0 {
		return "PARTIALLY_FILLED"
	}
	return "NEW"
}

func sideName(s exchange.Side) string {
	if s == exchange.Buy {
		return "BUY"
	}
	return "SELL"
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64) // the engine's ids are numbers
	return n
}

// worth is the sum of price times quantity.
func worth(fills []exchange.Fill) (sum exchange.Decimal) {
	for i := range fills {
		sum = sum.Add(fills[i].Notional())
	}
	return sum
}

// spotOrder is an order in the answers of spot. Which parts are there depends on the request.
type spotOrder struct {
	Symbol   string `json:"symbol"`
	Original string `json:"origClientOrderId,omitempty"`
	ID       int64  `json:"orderId"`
	List     int    `json:"orderListId"`
	Client   string `json:"clientOrderId"`
	Transact int64  `json:"transactTime,omitempty"`
	*spotTerms
	*spotTimes
	Fills *[]spotFill `json:"fills,omitempty"`
}

// spotTerms is what an acknowledgement leaves out.
type spotTerms struct {
	Price   string `json:"price"`
	Qty     string `json:"origQty"`
	Filled  string `json:"executedQty"`
	ByQuote string `json:"origQuoteOrderQty"`
	Quote   string `json:"cummulativeQuoteQty"`
	Status  string `json:"status"`
	TIF     string `json:"timeInForce"`
	Type    string `json:"type"`
	Side    string `json:"side"`
	Working int64  `json:"workingTime,omitempty"`
	STP     string `json:"selfTradePreventionMode"`
}

// spotTimes is what queries have.
type spotTimes struct {
	Stop    string `json:"stopPrice"`
	Iceberg string `json:"icebergQty"`
	Time    int64  `json:"time"`
	Update  int64  `json:"updateTime"`
	Works   bool   `json:"isWorking"`
}

type spotFill struct {
	Price string `json:"price"`
	Qty   string `json:"qty"`
	Fee   string `json:"commission"`
	Asset string `json:"commissionAsset"`
	Trade int64  `json:"tradeId"`
}

// spotAnswer is r's order without what only some answers have; all are the fills since its beginning.
func (r *record) spotAnswer(o exchange.Order, all []exchange.Fill) spotOrder {
	return spotOrder{Symbol: r.m.symbol, ID: r.id, List: -1, Client: r.name, spotTerms: &spotTerms{
		Price: r.m.price(o.Price), Qty: r.m.qty(o.Quantity), Filled: r.m.qty(o.Filled), ByQuote: money(r.byQuote), Quote: money(worth(all)),
		Status: statusName(o), TIF: r.tif, Type: r.typ, Side: sideName(r.side), STP: r.stp,
	}}
}

// spotQuery is the answer to a question about o.
func (r *record) spotQuery(o exchange.Order) spotOrder {
	a := r.spotAnswer(o, o.Fills)
	a.Working = ms(r.made)
	a.spotTimes = &spotTimes{Stop: money(exchange.Decimal{}), Iceberg: money(exchange.Decimal{}), Time: ms(r.made), Update: ms(o.Time), Works: true}
	return a
}

// spotPlaced is the answer to a placement, in the form that it asked for.
func (r *record) spotPlaced(o exchange.Order, form string) spotOrder {
	a := r.spotAnswer(o, o.Fills)
	a.Transact, a.Working = ms(o.Time), ms(r.made)
	switch form {
	case "ACK":
		a.spotTerms = nil
	case "FULL":
		fills := make([]spotFill, 0, len(o.Fills))
		for _, f := range o.Fills {
			fills = append(fills, spotFill{r.m.price(f.Price), r.m.qty(f.Quantity), money(f.Fee), string(f.FeeAsset), number(f.TradeID)})
		}
		a.Fills = &fills
	}
	return a
}

// spotCanceled is the answer to a cancellation: it has a name of its own.
func (r *record) spotCanceled(o exchange.Order, at time.Time) spotOrder {
	a := r.spotAnswer(o, o.Fills)
	a.Original, a.Client, a.Transact = r.name, r.by, ms(at)
	return a
}

// perpOrder is an order in the answers of futures. Acknowledgements of orders, changes and cancellations have no avgPrice and no cumQuote.
type perpOrder struct {
	ID       int64  `json:"orderId"`
	Symbol   string `json:"symbol"`
	Status   string `json:"status"`
	Client   string `json:"clientOrderId"`
	Price    string `json:"price"`
	Average  string `json:"avgPrice,omitempty"`
	Qty      string `json:"origQty"`
	Filled   string `json:"executedQty"`
	CumQty   string `json:"cumQty,omitempty"`
	CumQuote string `json:"cumQuote,omitempty"`
	TIF      string `json:"timeInForce"`
	Type     string `json:"type"`
	Reduce   bool   `json:"reduceOnly"`
	Close    bool   `json:"closePosition"`
	Side     string `json:"side"`
	Position string `json:"positionSide"`
	Stop     string `json:"stopPrice"`
	Working  string `json:"workingType"`
	Protect  bool   `json:"priceProtect"`
	Original string `json:"origType"`
	Match    string `json:"priceMatch"`
	STP      string `json:"selfTradePreventionMode"`
	Till     int64  `json:"goodTillDate"`
	Time     int64  `json:"time,omitempty"`
	Update   int64  `json:"updateTime"`
}

// perpAnswer is the acknowledgement of o.
func (r *record) perpAnswer(o exchange.Order) perpOrder {
	return perpOrder{
		ID: r.id, Symbol: r.m.symbol, Status: statusName(o), Client: r.name, Price: r.m.price(o.Price), Qty: r.m.qty(o.Quantity),
		Filled: r.m.qty(o.Filled), CumQty: r.m.qty(o.Filled), TIF: r.tif, Type: r.typ, Reduce: o.ReduceOnly, Side: sideName(r.side),
		Position: "BOTH", Stop: "0", Working: "CONTRACT_PRICE", Original: r.typ, Match: "NONE", STP: r.stp, Update: ms(o.Time),
	}
}

// perpQuery is the answer to a question about o.
func (r *record) perpQuery(o exchange.Order) perpOrder {
	a := r.perpAnswer(o)
	a.CumQty, a.Average, a.CumQuote, a.Time = "", r.m.average(o), padded(worth(o.Fills), 0), ms(r.made)
	return a
}

// average is o's average price as futures write it.
func (m *market) average(o exchange.Order) string {
	if o.Filled.Sign() <= 0 {
		return padded(exchange.Decimal{}, m.pricePlaces)
	}
	return padded(o.AvgPrice, m.pricePlaces)
}

// perpPlaced is the answer to a placement: an acknowledgement tells nothing of what happened after it.
func (r *record) perpPlaced(o exchange.Order, form string) perpOrder {
	if form == "ACK" {
		o.Status, o.Filled = exchange.StatusAccepted, exchange.Decimal{}
	}
	return r.perpAnswer(o)
}
