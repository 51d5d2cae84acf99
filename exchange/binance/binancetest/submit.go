package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// submit gives an order to the engine. It is called on the floor.
func (c *call) submit(now time.Time, e *sim.Engine, p *placement) (*record, exchange.Order, *refusal) {
	l := c.h.ledger(c.key.Account)
	if p.name != "" && l.open(p.m, p.name) {
		return nil, exchange.Order{}, duplicate(c.h.kind)
	}
	if p.request.Type == exchange.TypeLimit && l.full(e, c.key.Account, p.m) {
		return nil, exchange.Order{}, crowded(c.h.kind)
	}
	name := p.name
	if name == "" {
		name = c.h.s.makeName()
	}
	r := p.request
	if p.byQuote.Sign() > 0 {
		if r.Quantity = p.m.spend(e, r.Side, p.byQuote); p.m.checkQuantity(r.Quantity) != nil {
			return nil, exchange.Order{}, filter("LOT_SIZE")
		}
	}
	terms := sim.Terms{}
	terms.SelfTrade, _ = selfTrade(p.stp)
	switch c.fate.Fault {
	case sim.Partial:
		terms.Percent = c.fate.Percent
	case sim.RejectAfterAck:
		terms.Reject = "SIMULATED"
	}
	var o exchange.Order
	var err error
	for r.ClientID = l.engineID(name); ; r.ClientID = l.engineID(name) {
		if o, err = e.SubmitWith(now, r, terms); err == nil || codeOf(err) != "duplicate" {
			break
		}
	}
	if err != nil {
		return nil, o, declined(c.h.kind, err)
	}
	rec := &record{
		m: p.m, account: r.Account, id: number(o.VenueID), name: name, typ: p.typ, tif: p.tif, stp: p.stp, side: r.Side, byQuote: p.byQuote, made: now,
		counted: c.h.kind == exchange.Spot,
	}
	l.enter(rec)
	if terms.Reject != "" { // acknowledged; the stream tells the rest
		o.Status, o.Reason = exchange.StatusAccepted, ""
	}
	if c.h.kind == exchange.Perp && r.TIF == exchange.FOK && o.Status == exchange.StatusExpired && o.Filled.IsZero() {
		rec.hidden = true
		return nil, o, refuse(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected. "+
			"The order will not be recorded in the order history")
	}
	return rec, o, nil
}

// place places an order.
func (c *call) place() (v any, refused *refusal) {
	p, refused := c.placement()
	if refused != nil {
		return nil, refused
	}
	c.h.s.act(func(now time.Time, e *sim.Engine) {
		var r *record
		var o exchange.Order
		if r, o, refused = c.submit(now, e, p); refused != nil {
			return
		}
		if c.h.kind == exchange.Perp {
			v = r.perpPlaced(o, p.form)
			return
		}
		v = r.spotPlaced(o, p.form)
	})
	return v, refused
}

// test checks an order, and places none.
func (c *call) test() (any, *refusal) {
	_, r := c.placement()
	return struct{}{}, r
}
