package binancetest

import (
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// placement is an order as it was sent, read and checked by the venue's rules.
type placement struct {
	m       *market
	request exchange.OrderRequest
	typ     string
	tif     string
	stp     string
	form    string // of the answer: ACK, RESULT, FULL
	name    string // the client id; "" until the venue has made one up
	byQuote exchange.Decimal
}

const placeTakes = "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId newOrderRespType selfTradePreventionMode"

// placement reads an order. What the venue checks before its engine is refused here, in the venue's order.
func (c *call) placement() (*placement, *refusal) {
	m, r := c.market()
	if r != nil {
		return nil, r
	}
	p := &placement{m: m, request: exchange.OrderRequest{Market: m.ins.Market, Account: c.key.Account}}
	for _, read := range []func(*placement) *refusal{c.readSide, c.readType, c.readTerms, c.readNumbers, c.readName} {
		if r := read(p); r != nil {
			return nil, r
		}
	}
	if !m.ins.Tradable {
		return nil, closed(m.kind)
	}
	if r := m.checkFilters(p); r != nil {
		return nil, r
	}
	return p, c.checkWorth(p)
}

func (c *call) readSide(p *placement) *refusal {
	v, r := c.params.must("side")
	switch {
	case r != nil:
		return r
	case v == "BUY":
		p.request.Side = exchange.Buy
	case v == "SELL":
		p.request.Side = exchange.Sell
	default:
		return refuse(-1117, "Invalid side.")
	}
	if s := c.params.get("positionSide"); c.h.kind == exchange.Perp && s != "" && s != "BOTH" {
		return refuse(-4061, "Order's position side does not match user's setting.")
	}
	return nil
}

// readType reads type and time in force, and which parameters go with them.
func (c *call) readType(p *placement) *refusal {
	v, r := c.params.must("type")
	if r != nil {
		return r
	}
	p.typ, p.tif = v, "GTC"
	switch {
	case v == "LIMIT":
		return c.readTIF(p)
	case v == "MARKET":
		p.request.Type = exchange.TypeMarket
		return c.without("timeInForce", "price")
	case v == "LIMIT_MAKER" && c.h.kind == exchange.Spot:
		p.request.PostOnly = true
		return c.without("timeInForce")
	case c.h.kind == exchange.Perp && (strings.HasPrefix(v, "STOP") || strings.HasPrefix(v, "TAKE_PROFIT") || v == "TRAILING_STOP_MARKET"):
		return refuse(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
	}
	return refuse(-1116, "Invalid orderType.")
}

func (c *call) without(names ...string) *refusal {
	for _, n := range names {
		if c.params.get(n) != "" {
			return refuse(-1106, "Parameter '%s' sent when not required.", n)
		}
	}
	return nil
}

func (c *call) readTIF(p *placement) *refusal {
	v, r := c.params.must("timeInForce")
	if r != nil {
		return r
	}
	p.tif = v
	switch {
	case v == "GTC":
	case v == "IOC":
		p.request.TIF = exchange.IOC
	case v == "FOK":
		p.request.TIF = exchange.FOK
	case v == "GTX" && c.h.kind == exchange.Perp:
		p.request.PostOnly = true
	default:
		return refuse(-1115, "Invalid timeInForce.")
	}
	return nil
}

// readTerms reads what else there is to say of an order.
func (c *call) readTerms(p *placement) *refusal {
	forms := []string{"ACK", "RESULT", "FULL"}
	p.form = "FULL"
	if c.h.kind == exchange.Perp {
		forms, p.form = forms[:2], "ACK"
	} else if p.typ == "LIMIT_MAKER" {
		p.form = "ACK"
	}
	if v := c.params.get("newOrderRespType"); v != "" {
		if p.form = v; !slices.Contains(forms, v) {
			return refuse(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
		}
	}
	if p.stp = c.params.get("selfTradePreventionMode"); p.stp == "" {
		p.stp = stpDefault
	}
	if _, ok := selfTrade(p.stp); !ok {
		return refuse(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
	}
	if c.h.kind == exchange.Spot {
		return nil
	}
	var r *refusal
	if p.request.ReduceOnly, r = c.params.flag("reduceOnly"); r != nil {
		return r
	}
	if v := c.params.get("priceMatch"); v != "" && v != "NONE" {
		return refuse(-1130, "Data sent for parameter 'priceMatch' is not valid.")
	}
	if v := c.params.get("closePosition"); strings.EqualFold(v, "true") {
		return refuse(-4136, "Target strategy invalid for orderType '%s',closePosition '%s'.", p.typ, v)
	}
	return nil
}

func selfTrade(mode string) (sim.SelfTrade, bool) {
	switch mode {
	case "NONE":
		return sim.None, true
	case "EXPIRE_TAKER":
		return sim.CancelTaker, true
	case "EXPIRE_MAKER":
		return sim.CancelMaker, true
	case "EXPIRE_BOTH":
		return sim.CancelBoth, true
	}
	return 0, false
}

// readNumbers reads quantity and price.
func (c *call) readNumbers(p *placement) *refusal {
	if p.request.Type == exchange.TypeLimit {
		price, r := c.amount("price", p.m.pricePlaces)
		if r != nil {
			return r
		}
		p.request.Price = price
	}
	if byQuote := c.params.get("quoteOrderQty"); byQuote != "" && p.typ == "MARKET" && c.h.kind == exchange.Spot {
		if c.params.get("quantity") != "" {
			return refuse(-1128, "Combination of optional parameters invalid.")
		}
		var r *refusal
		p.byQuote, r = c.amount("quoteOrderQty", spotPlaces)
		return r
	}
	if r := c.without("quoteOrderQty"); r != nil {
		return r
	}
	q, r := c.amount("quantity", p.m.sizePlaces)
	p.request.Quantity = q
	return r
}

// amount is a number above zero with no more digits behind the point than the market has.
func (c *call) amount(name string, most int) (exchange.Decimal, *refusal) {
	d, r := c.params.number(name)
	perp := c.h.kind == exchange.Perp
	switch {
	case r != nil:
		return d, r
	case places(c.params.get(name)) > most && perp:
		return d, refuse(-1111, "Precision is over the maximum defined for this asset.")
	case places(c.params.get(name)) > most:
		return d, refuse(-1111, "Parameter '%s' has too much precision.", name)
	case d.Sign() > 0:
		return d, nil
	case perp && name == "quantity":
		return d, refuse(-4003, "Quantity less than or equal to zero.")
	case perp:
		return d, refuse(-4001, "Price less than 0.")
	case name == "price":
		return d, refuse(-1013, "Invalid price.")
	}
	return d, refuse(-1013, "Invalid quantity.")
}

// legal is what client ids are made of.
func legal(k exchange.Kind, name string) bool {
	return name != "" && len(name) <= 36 && !strings.ContainsFunc(name, func(r rune) bool {
		word := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		return !word && (k == exchange.Spot || r != '.' && r != ':' && r != '/')
	})
}

func (c *call) readName(p *placement) *refusal {
	p.name = c.params.get("newClientOrderId")
	return c.checkName("newClientOrderId")
}

// checkName refuses a client id that the venue does not take; none is made up later.
func (c *call) checkName(param string) *refusal {
	v := c.params.get(param)
	switch {
	case v == "" || legal(c.h.kind, v):
		return nil
	case c.h.kind == exchange.Spot:
		return refuse(-1100, "Illegal characters found in parameter '%s'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.", param)
	case len(v) > 36:
		return refuse(-4015, "Client order id length should be less than 36 chars")
	}
	return refuse(-1100, "Illegal characters found in parameter '%s'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.", param)
}

// checkFilters holds an order against the symbol's filters.
func (m *market) checkFilters(p *placement) *refusal {
	r := &p.request
	if r.Type == exchange.TypeLimit {
		if x := m.checkPrice(r.Price); x != nil {
			return x
		}
	}
	if p.byQuote.Sign() > 0 {
		return nil
	}
	if x := m.checkQuantity(r.Quantity); x != nil {
		return x
	}
	if r.Type != exchange.TypeLimit || r.ReduceOnly {
		return nil
	}
	return m.checkNotional(r.Price.Mul(r.Quantity))
}

// checkWorth holds a market order against the least that an order is worth, at the mark price. Without one the engine has the word.
func (c *call) checkWorth(p *placement) (refused *refusal) {
	switch r := &p.request; {
	case r.Type != exchange.TypeMarket || r.ReduceOnly:
	case p.byQuote.Sign() > 0:
		refused = p.m.checkNotional(p.byQuote)
	default:
		c.h.s.look(func(_ time.Time, e *sim.Engine) {
			if mark, ok := e.Mark(p.m.ins.Market.Symbol); ok {
				refused = p.m.checkNotional(mark.Mul(r.Quantity))
			}
		})
	}
	return refused
}

func (m *market) checkPrice(p exchange.Decimal) *refusal {
	switch {
	case m.kind == exchange.Spot && (!p.IsMultiple(m.ins.Tick) || p.Cmp(exchange.MustDecimal(largest)) > 0):
		return filter("PRICE_FILTER")
	case m.kind == exchange.Spot:
	case !p.IsMultiple(m.ins.Tick):
		return refuse(-4014, "Price not increased by tick size.")
	case p.Cmp(exchange.MustDecimal(largest)) > 0:
		return refuse(-4002, "Price greater than max price.")
	}
	return nil
}

func (m *market) checkQuantity(q exchange.Decimal) *refusal {
	ins := &m.ins
	odd, small, large := !q.IsMultiple(ins.Lot), q.Cmp(ins.MinQty) < 0, ins.MaxQty.Sign() > 0 && q.Cmp(ins.MaxQty) > 0
	switch {
	case !odd && !small && !large:
		return nil
	case m.kind == exchange.Spot:
		return filter("LOT_SIZE")
	case small:
		return refuse(-4004, "Quantity less than min quantity.")
	case large:
		return refuse(-4005, "Quantity greater than max quantity.")
	}
	return refuse(-4023, "Qty not increased by step size.")
}

func (m *market) checkNotional(n exchange.Decimal) *refusal {
	switch {
	case n.Cmp(m.ins.MinNotional) >= 0:
		return nil
	case m.kind == exchange.Spot:
		return filter("NOTIONAL")
	}
	return refuse(-4164, "Order's notional must be no smaller than %s (unless you choose reduce only).", m.ins.MinNotional)
}

// spend is how much of the base asset so much quote buys or is the price of, in whole lots: what a market order by quote is for.
func (m *market) spend(e *sim.Engine, side exchange.Side, quote exchange.Decimal) exchange.Decimal {
	var b exchange.Book
	if !e.Book(m.ins.Market.Symbol, &b) || b.Err != nil {
		return exchange.Decimal{}
	}
	var q exchange.Decimal
	levels := b.Side(side)
	for i := len(levels) - 1; i >= 0 && quote.Sign() > 0; i-- {
		price, size := b.Price(levels[i]), b.Size(levels[i])
		size = size.Min(quote.Quo(price, max(0, m.ins.Lot.Places())+1, exchange.Down))
		q, quote = q.Add(size), quote.Sub(price.Mul(size))
	}
	return m.ins.RoundQuantity(q)
}
