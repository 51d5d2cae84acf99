package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// amended is the answer to an amendment that keeps the priority.
type amended struct {
	Transact int64        `json:"transactTime"`
	ExecID   int64        `json:"executionId"`
	Order    amendedOrder `json:"amendedOrder"`
}

// amendedOrder spells some fields as no other answer does.
type amendedOrder struct {
	Symbol    string `json:"symbol"`
	ID        int64  `json:"orderId"`
	List      int    `json:"orderListId"`
	Original  string `json:"origClientOrderId"`
	Client    string `json:"clientOrderId"`
	Price     string `json:"price"`
	Qty       string `json:"qty"`
	Filled    string `json:"executedQty"`
	Prevented string `json:"preventedQty"`
	ByQuote   string `json:"quoteOrderQty"`
	Quote     string `json:"cumulativeQuoteQty"`
	Status    string `json:"status"`
	TIF       string `json:"timeInForce"`
	Type      string `json:"type"`
	Side      string `json:"side"`
	Working   int64  `json:"workingTime"`
	STP       string `json:"selfTradePreventionMode"`
}

const amendTakes = "symbol orderId origClientOrderId newClientOrderId newQty"

// amend takes quantity from an order of spot, which keeps its id and its place in the queue.
func (c *call) amend() (v any, refused *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	q, refused := c.amount("newQty", m.sizePlaces)
	if refused == nil {
		refused = c.checkName("newClientOrderId")
	}
	if refused == nil {
		refused = m.checkQuantity(q)
	}
	if refused != nil {
		return nil, refused
	}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		var r *record
		var o exchange.Order
		if r, o, refused = c.findBy(e, m, "orderId", "origClientOrderId", unknownOrder); refused == nil {
			v, refused = c.amendOrder(now, e, r, o, q)
		}
	})
	return v, refused
}

func (c *call) amendOrder(now time.Time, e *sim.Engine, r *record, o exchange.Order, q exchange.Decimal) (any, *refusal) {
	if c.fate.Fault == sim.FillAfterCancel && o.Status.Working() {
		o = c.outsider(now, e, r, o)
	}
	name := c.params.get("newClientOrderId")
	if name == "" {
		name = c.h.s.makeName()
	}
	l := c.h.ledger(r.account)
	switch {
	case !o.Status.Working():
		return nil, refuse(-2038, "Unknown order sent.")
	case q.Cmp(o.Quantity) > 0:
		return nil, refuse(-2038, "Order amend (quantity increase) is not supported.")
	case q.Equal(o.Quantity):
		return nil, refuse(-2038, "The requested action would change no state; rejecting.")
	case r.amends >= maxAmends:
		return nil, filter("MAX_NUM_ORDER_AMENDS")
	case name != r.name && l.open(r.m, name):
		return nil, refuse(-2038, "Duplicate order sent.")
	}
	if bad := r.m.checkNotional(o.Price.Mul(q)); bad != nil {
		return nil, bad
	}
	former := r.name
	o.Quantity = q
	if c.fate.Fault != sim.RejectAfterAck {
		var err error
		if q.Cmp(o.Filled) <= 0 {
			_, err = e.End(now, r.ref(), exchange.StatusExpired, "amended below what has filled")
		} else {
			_, err = e.Replace(now, r.ref(), exchange.Change{Quantity: q})
		}
		if err != nil {
			return nil, declined(exchange.Spot, err)
		}
		r.amends++
		if name != former {
			r.former = former
			l.rename(r, name)
		}
		o, _ = e.Lookup(r.ref())
	}
	t := r.spotAnswer(o, o.Fills)
	return amended{Transact: ms(now), ExecID: c.h.s.executions, Order: amendedOrder{
		Symbol: t.Symbol, ID: t.ID, List: -1, Original: former, Client: name, Price: t.Price, Qty: t.Qty, Filled: t.Filled,
		Prevented: money(exchange.Decimal{}), ByQuote: t.ByQuote, Quote: t.Quote, Status: t.Status, TIF: t.TIF, Type: t.Type, Side: t.Side,
		Working: ms(r.made), STP: t.STP,
	}}, nil
}

// modify changes price and quantity of an order of futures, which loses its place in the queue.
func (c *call) modify() (v any, refused *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	p := &placement{m: m}
	if refused = c.readSide(p); refused != nil {
		return nil, refused
	}
	q, refused := c.amount("quantity", m.sizePlaces)
	if refused != nil {
		return nil, refused
	}
	price, refused := c.amount("price", m.pricePlaces)
	if refused != nil {
		return nil, refused
	}
	for _, bad := range []*refusal{m.checkPrice(price), m.checkQuantity(q)} {
		if bad != nil {
			return nil, bad
		}
	}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		r, o, bad := c.find(e, m, unknownOrder)
		switch {
		case bad != nil:
			refused = bad
		case !o.Status.Working():
			refused = unknownOrder()
		case r.side != p.request.Side:
			refused = refuse(-1117, "Invalid side.")
		case o.Type != exchange.TypeLimit:
			refused = refuse(-5025, "Only limit order is supported")
		case !o.ReduceOnly && price.Mul(q).Cmp(m.ins.MinNotional) < 0:
			refused = m.checkNotional(price.Mul(q))
		default:
			v, refused = c.modifyOrder(now, e, r, o, exchange.Change{Price: price, Quantity: q})
		}
	})
	return v, refused
}

func (c *call) modifyOrder(now time.Time, e *sim.Engine, r *record, o exchange.Order, change exchange.Change) (any, *refusal) {
	switch c.fate.Fault {
	case sim.FillAfterCancel:
		if o = c.outsider(now, e, r, o); !o.Status.Working() {
			return nil, unknownOrder()
		}
	case sim.RejectAfterAck:
		o.Price, o.Quantity, o.Time = change.Price, change.Quantity, now
		return r.perpAnswer(o), nil
	}
	var err error
	if change.Quantity.Cmp(o.Filled) <= 0 {
		_, err = e.Cancel(now, r.ref())
	} else if _, err = e.ReplaceWith(now, r.ref(), change, sim.Terms{Percent: c.fate.Percent}); err != nil && codeOf(err) == "post_only" {
		_, err = e.Cancel(now, r.ref())
	}
	if err != nil {
		return nil, declined(exchange.Perp, err)
	}
	o, _ = e.Lookup(r.ref())
	return r.perpAnswer(o), nil
}
