package binancetest

import (
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// after is how long after the answer something is told that the client must not hear before it.
const after = 50 * time.Millisecond

// cancellation is a request to cancel, read.
type cancellation struct {
	m        *market
	by       string // its own name
	restrict string
	id, name string // the parameters that say which order
}

func (c *call) readCancellation(idParam, nameParam, byParam string) (*cancellation, *refusal) {
	m, r := c.market()
	if r != nil {
		return nil, r
	}
	x := &cancellation{m: m, by: c.params.get(byParam), restrict: c.params.get("cancelRestrictions"), id: idParam, name: nameParam}
	if c.h.kind == exchange.Spot {
		if r := c.checkName(byParam); r != nil {
			return nil, r
		}
		if x.restrict != "" && x.restrict != "ONLY_NEW" && x.restrict != "ONLY_PARTIALLY_FILLED" {
			return nil, refuse(-1145, "Invalid cancelRestrictions")
		}
	}
	return x, nil
}

// withdraw cancels. It is called on the floor.
func (c *call) withdraw(now time.Time, e *sim.Engine, x *cancellation) (*record, exchange.Order, *refusal) {
	r, o, refused := c.findBy(e, x.m, x.id, x.name, unknownCancel)
	if refused != nil {
		return nil, o, refused
	}
	hidden := o // as the client is to see it
	if c.fate.Fault == sim.FillAfterCancel && o.Status.Working() {
		o = c.outsider(now, e, r, o)
	}
	switch filled := o.Filled.Sign() > 0; {
	case !o.Status.Working():
		return nil, o, unknownCancel()
	case x.restrict == "ONLY_NEW" && filled, x.restrict == "ONLY_PARTIALLY_FILLED" && !filled:
		return nil, o, refuse(-2011, "Order was not canceled due to cancel restrictions.")
	}
	if r.by = x.by; r.by == "" {
		r.by = c.h.s.makeName()
	}
	hidden.Status = exchange.StatusCanceled
	if c.fate.Fault == sim.RejectAfterAck && c.op.kind == sim.OpCancel { // acknowledged, and not done
		return r, hidden, nil
	}
	done, err := e.Cancel(now, r.ref())
	if err != nil {
		return nil, o, declined(c.h.kind, err)
	}
	if c.fate.Fault == sim.FillAfterCancel {
		c.h.s.drain(now, e, c.fate.Out+after)
	}
	hidden.Time = done.Time
	return r, hidden, nil
}

// outsider trades against a resting order of r's before anything else is done with it; the client hears of that after its answer.
func (c *call) outsider(now time.Time, e *sim.Engine, r *record, o exchange.Order) exchange.Order {
	q := o.Remaining().Mul(exchange.Scaled(c.fate.Percent, -2)).Floor(r.m.ins.Lot).Max(r.m.ins.Lot)
	if _, err := e.Fill(now, r.ref(), q); err != nil {
		return o
	}
	c.h.s.drain(now, e, c.fate.Out+after)
	o, _ = e.Lookup(r.ref())
	return o
}

// cancel takes one order off the book.
func (c *call) cancel() (v any, refused *refusal) {
	x, refused := c.readCancellation("orderId", "origClientOrderId", "newClientOrderId")
	if refused != nil {
		return nil, refused
	}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		var r *record
		var o exchange.Order
		switch r, o, refused = c.withdraw(now, e, x); {
		case refused != nil:
		case c.h.kind == exchange.Spot:
			v = r.spotCanceled(o, now)
		default:
			v = r.perpAnswer(o)
		}
	})
	return v, refused
}

// done is futures' word for success.
type done struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// cancelAll takes all of the account's orders on a symbol off the book.
func (c *call) cancelAll() (v any, refused *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	list := []spotOrder{}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		l := c.h.ledger(c.key.Account)
		by := c.h.s.makeName()
		for _, o := range e.OpenOrders(c.key.Account, m.ins.Market.Symbol) {
			r := l.byID[number(o.VenueID)]
			if r == nil {
				continue
			}
			r.by = by
			if c.fate.Fault == sim.FillAfterCancel && len(list) == 0 {
				c.outsider(now, e, r, o)
			}
			done, err := e.Cancel(now, r.ref())
			if err != nil {
				continue
			}
			o.Status, o.Time = done.Status, done.Time
			list = append(list, r.spotCanceled(o, now))
		}
		if c.fate.Fault == sim.FillAfterCancel {
			c.h.s.drain(now, e, c.fate.Out+after)
		}
	})
	switch {
	case c.h.kind == exchange.Perp:
		return done{200, "The operation of cancel all open order is done."}, nil
	case len(list) == 0:
		return nil, unknownCancel()
	}
	return list, nil
}

const cancelTakes = "symbol orderId origClientOrderId newClientOrderId cancelRestrictions"

const cancelReplaceTakes = placeTakes + " cancelReplaceMode cancelNewClientOrderId cancelOrigClientOrderId cancelOrderId cancelRestrictions" +
	" orderRateLimitExceededMode"

// replaced is the answer to a cancelReplace, and what its refusals carry.
type replaced struct {
	Cancel         string `json:"cancelResult"`
	New            string `json:"newOrderResult"`
	CancelResponse any    `json:"cancelResponse"`
	NewResponse    any    `json:"newOrderResponse"`
}

// cancelReplace cancels one order and places another.
func (c *call) cancelReplace() (v any, refused *refusal) {
	mode, refused := c.params.must("cancelReplaceMode")
	if refused != nil {
		return nil, refused
	}
	if mode != "STOP_ON_FAILURE" && mode != "ALLOW_FAILURE" {
		return nil, refuse(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
	}
	x, refused := c.readCancellation("cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId")
	if refused != nil {
		return nil, refused
	}
	p, refused := c.placement()
	if refused != nil {
		return nil, refused
	}
	a := replaced{Cancel: "SUCCESS", New: "SUCCESS"}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		r, o, bad := c.withdraw(now, e, x)
		if bad != nil {
			a.Cancel, a.CancelResponse = "FAILURE", bad.body()
		} else {
			a.CancelResponse = r.spotCanceled(o, now)
		}
		if bad != nil && mode == "STOP_ON_FAILURE" {
			a.New = "NOT_ATTEMPTED"
			return
		}
		c.h.s.drain(now, e, 0) // the end of the one is told before the other
		if r, o, bad = c.submit(now, e, p); bad != nil {
			a.New, a.NewResponse = "FAILURE", bad.body()
			return
		}
		a.NewResponse = r.spotPlaced(o, p.form)
	})
	switch {
	case a.Cancel == "SUCCESS" && a.New == "SUCCESS":
		return a, nil
	case a.Cancel == "SUCCESS" || a.New == "SUCCESS":
		refused = refuse(-2021, "Order cancel-replace partially failed.").at(http.StatusConflict)
	default:
		refused = refuse(-2022, "Order cancel-replace failed.")
	}
	refused.data = a
	return nil, refused
}

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
	} else if _, err = e.Replace(now, r.ref(), change); err != nil && codeOf(err) == "post_only" {
		_, err = e.Cancel(now, r.ref())
	}
	if err != nil {
		return nil, declined(exchange.Perp, err)
	}
	o, _ = e.Lookup(r.ref())
	return r.perpAnswer(o), nil
}
