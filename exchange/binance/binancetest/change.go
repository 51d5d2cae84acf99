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
	if _, _, r := c.which(idParam, nameParam); r != nil {
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
	" " + exceededMode

// exceededMode says what a cancelReplace does that comes when the account has placed too many orders: nothing, or its cancellation.
const exceededMode, cancelOnly = "orderRateLimitExceededMode", "CANCEL_ONLY"

// replaced is the answer to a cancelReplace, and what its refusals carry.
type replaced struct {
	Cancel         string `json:"cancelResult"`
	New            string `json:"newOrderResult"`
	CancelResponse any    `json:"cancelResponse"`
	NewResponse    any    `json:"newOrderResponse"`
}

// replacement is a request for a cancelReplace, read.
type replacement struct {
	stop   bool // where the cancellation fails
	cancel *cancellation
	place  *placement
}

func (c *call) readReplacement() (x replacement, refused *refusal) {
	mode, refused := c.params.must("cancelReplaceMode")
	if refused != nil {
		return x, refused
	}
	if x.stop = mode == "STOP_ON_FAILURE"; !x.stop && mode != "ALLOW_FAILURE" {
		return x, refuse(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
	}
	if v := c.params.get(exceededMode); v != "" && v != "DO_NOTHING" && v != cancelOnly {
		return x, refuse(-1130, "Data sent for parameter '%s' is not valid.", exceededMode)
	}
	if x.cancel, refused = c.readCancellation("cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId"); refused != nil {
		return x, refused
	}
	x.place, refused = c.placement()
	return x, refused
}

// cancelReplace cancels one order and places another.
func (c *call) cancelReplace() (any, *refusal) {
	x, refused := c.readReplacement()
	if refused != nil {
		return nil, refused
	}
	a := replaced{Cancel: "SUCCESS", New: "SUCCESS"}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		r, o, bad := c.withdraw(now, e, x.cancel)
		if bad != nil {
			a.Cancel, a.CancelResponse = "FAILURE", bad.body()
		} else {
			a.CancelResponse = r.spotCanceled(o, now)
		}
		if bad != nil && x.stop {
			a.New = "NOT_ATTEMPTED"
			return
		}
		c.h.s.drain(now, e, 0) // the end of the one is told before the other
		if bad = c.tooMany; bad == nil {
			r, o, bad = c.submit(now, e, x.place)
		}
		if bad != nil {
			a.New, a.NewResponse = "FAILURE", bad.body()
			return
		}
		a.NewResponse = r.spotPlaced(o, x.place.form)
	})
	switch {
	case a.Cancel == "SUCCESS" && a.New == "SUCCESS":
		return a, nil
	case a.Cancel == "SUCCESS" || a.New == "SUCCESS":
		refused = refuse(-2021, "Order cancel-replace partially failed.").at(http.StatusConflict)
	default:
		refused = refuse(-2022, "Order cancel-replace failed.")
	}
	if c.tooMany != nil && x.stop {
		refused.status, refused.retry = c.tooMany.status, c.tooMany.retry
	}
	refused.data = a
	return nil, refused
}
