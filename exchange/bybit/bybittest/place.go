package bybittest

import (
	"encoding/json"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// placing is the body of order/create, as far as it is played.
type placing struct {
	Category     string  `json:"category"`
	Symbol       string  `json:"symbol"`
	IsLeverage   integer `json:"isLeverage"`
	Side         string  `json:"side"`
	OrderType    string  `json:"orderType"`
	Qty          string  `json:"qty"`
	MarketUnit   string  `json:"marketUnit"`
	Price        string  `json:"price"`
	TriggerPrice string  `json:"triggerPrice"`
	OrderFilter  string  `json:"orderFilter"`
	TimeInForce  string  `json:"timeInForce"`
	PositionIdx  integer `json:"positionIdx"`
	OrderLinkID  string  `json:"orderLinkId"`
	TakeProfit   string  `json:"takeProfit"`
	StopLoss     string  `json:"stopLoss"`
	ReduceOnly   boolean `json:"reduceOnly"`
	Close        boolean `json:"closeOnTrigger"`
	SmpType      string  `json:"smpType"`
}

// order is a placing that was understood.
type order struct {
	req   exchange.OrderRequest
	terms sim.Terms
	extra extra
}

// extra is what the venue keeps of an order and the engine does not.
type extra struct {
	value    exchange.Decimal // in quote: of a market order by value
	unit     string           // marketUnit
	smp      string
	leverage bool
	close    bool
}

// read makes an order of a body. Nothing of it has been asked of the engine yet: that is for submit.
func (s *Server) read(account exchange.AccountID, body []byte) (*order, exchange.Instrument, *refusal) {
	var p placing
	ins := exchange.Instrument{}
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, ins, refuse(codeParams, "Request parameter error.")
	}
	ins, no := s.market(p.Category, p.Symbol)
	if no != nil {
		return nil, ins, no
	}
	o := &order{req: exchange.OrderRequest{Market: ins.Market, Account: account, ClientID: p.OrderLinkID}}
	for _, step := range []func(*order, *placing, exchange.Instrument) *refusal{kindOf, termsOf, priceOf, quantityOf} {
		if no := step(o, &p, ins); no != nil {
			return nil, ins, no
		}
	}
	return o, ins, nil
}

// kindOf reads what sort of order it is.
func kindOf(o *order, p *placing, ins exchange.Instrument) *refusal {
	k, words := ins.Market.Symbol.Kind, pairs()
	switch p.Side {
	case "Buy":
		o.req.Side = exchange.Buy
	case "Sell":
		o.req.Side = exchange.Sell
	default:
		return words.side.of(k)
	}
	switch p.OrderType {
	case "Limit":
	case "Market":
		o.req.Type, o.req.TIF = exchange.TypeMarket, exchange.IOC
	default:
		return words.orderType.of(k)
	}
	switch {
	case o.req.Type == exchange.TypeMarket && p.TimeInForce == "PostOnly":
		return words.tif.of(k)
	case o.req.Type == exchange.TypeMarket: // whatever it says, it is IOC
		return nil
	}
	switch p.TimeInForce {
	case "GTC", "":
	case "IOC":
		o.req.TIF = exchange.IOC
	case "FOK":
		o.req.TIF = exchange.FOK
	case "PostOnly":
		o.req.PostOnly = true
	default: // RPI is not played
		return words.tif.of(k)
	}
	return nil
}

// termsOf reads what else can be said of an order.
func termsOf(o *order, p *placing, ins exchange.Instrument) *refusal {
	spot := ins.Market.Symbol.Kind == exchange.Spot
	switch {
	case !validLink(p.OrderLinkID):
		return refuse(codeParams, "params error: orderLinkId invalid")
	case p.TriggerPrice != "" || p.TakeProfit != "" || p.StopLoss != "" || p.OrderFilter != "" && p.OrderFilter != "Order":
		return refuse(codeParams, "params error: conditional orders are not played by this simulation")
	case p.PositionIdx != 0:
		return refuse(codeParams, "position idx not match position mode")
	}
	switch p.SmpType {
	case "", "None":
		o.terms.SelfTrade = sim.None
	case "CancelMaker":
		o.terms.SelfTrade = sim.CancelMaker
	case "CancelTaker":
		o.terms.SelfTrade = sim.CancelTaker
	case "CancelBoth":
		o.terms.SelfTrade = sim.CancelBoth
	default:
		return refuse(codeParams, "params error: smpType invalid")
	}
	o.terms.PostOnlyEnds = true
	o.req.ReduceOnly = bool(p.ReduceOnly) && !spot // spot ignores it
	o.extra.smp, o.extra.leverage, o.extra.close = p.SmpType, p.IsLeverage == 1, bool(p.Close)
	return nil
}

// priceOf reads the price.
func priceOf(o *order, p *placing, ins exchange.Instrument) *refusal {
	if o.req.Type == exchange.TypeMarket {
		return nil
	}
	price, ok := decimal(p.Price)
	o.req.Price = price
	return pricing(ins, p.Price, price, ok)
}

// pricing checks a price as the venue does.
func pricing(ins exchange.Instrument, text string, price exchange.Decimal, ok bool) *refusal {
	spot := ins.Market.Symbol.Kind == exchange.Spot
	switch {
	case spot && text == "":
		return refuse(170105, "Parameter 'price' was empty.")
	case spot && !ok:
		return refuse(170130, "Data sent for parameter 'price' is not valid.")
	case spot && !price.IsMultiple(ins.Tick):
		return refuse(170134, "Order price has too many decimals.")
	case !ok || !price.IsMultiple(ins.Tick):
		return refuse(codeParams, "params error: price invalid")
	}
	return nil
}

// quantityOf reads how much: of a spot market order in base, or in quote, which is a purchase's default.
func quantityOf(o *order, p *placing, ins exchange.Instrument) *refusal {
	quantity, ok := decimal(p.Qty)
	spot := ins.Market.Symbol.Kind == exchange.Spot
	if spot && o.req.Type == exchange.TypeMarket {
		o.extra.unit = p.MarketUnit
		if o.extra.unit == "" {
			o.extra.unit = map[exchange.Side]string{exchange.Buy: "quoteCoin", exchange.Sell: "baseCoin"}[o.req.Side]
		}
		switch {
		case o.extra.unit != "quoteCoin" && o.extra.unit != "baseCoin":
			return refuse(codeParams, "params error: marketUnit invalid")
		case !ok:
			return refuse(170130, "Data sent for parameter 'qty' is not valid.")
		case o.extra.unit == "quoteCoin":
			if o.extra.value = quantity; quantity.Cmp(ins.MinNotional) < 0 {
				return refuse(170140, "Order value exceeded lower limit.")
			}
			return nil
		}
	}
	if no := sizing(ins, quantity, ok); no != nil {
		return no
	}
	o.req.Quantity = quantity
	if o.req.Type == exchange.TypeLimit {
		return worth(ins, o.req.ReduceOnly, o.req.Price.Mul(quantity))
	}
	return nil
}

// sizing checks a quantity in base as the venue does.
func sizing(ins exchange.Instrument, q exchange.Decimal, ok bool) *refusal {
	spot := ins.Market.Symbol.Kind == exchange.Spot
	large := ins.MaxQty.Sign() > 0 && q.Cmp(ins.MaxQty) > 0
	switch {
	case spot && !ok:
		return refuse(170130, "Data sent for parameter 'qty' is not valid.")
	case spot && !q.IsMultiple(ins.Lot):
		return refuse(170137, "Order quantity has too many decimals.")
	case spot && q.Cmp(ins.MinQty) < 0:
		return refuse(170136, "Order quantity exceeded lower limit.")
	case spot && large:
		return refuse(170135, "Order quantity exceeded upper limit.")
	case !ok || !q.IsMultiple(ins.Lot):
		return refuse(codeParams, "params error: qty invalid")
	case q.Cmp(ins.MinQty) < 0:
		return refuse(codeParams, "The number of contracts exceeds minimum limit allowed")
	case large:
		return refuse(codeParams, "The number of contracts exceeds maximum limit allowed: too large, order_qty:%s > max_qty:%s",
			plain(q), plain(ins.MaxQty))
	}
	return nil
}

// worth checks an order's value as the venue does.
func worth(ins exchange.Instrument, reduceOnly bool, value exchange.Decimal) *refusal {
	switch {
	case value.Cmp(ins.MinNotional) >= 0:
		return nil
	case ins.Market.Symbol.Kind == exchange.Spot:
		return refuse(170140, "Order value exceeded lower limit.")
	case reduceOnly:
		return nil
	}
	return refuse(110094, "Order does not meet minimum order value %s%s", plain(ins.MinNotional), ins.Market.Symbol.Quote)
}
