package okxtest

import (
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// cancel takes one order off the book. Like the venue's, its answer is an acknowledgement: streams and queries tell what became of it.
func (s *Server) cancel(c *call, now time.Time, e *sim.Engine, arg *target) ack {
	row := ack{ClOrdID: string(arg.ClOrdID), OrdID: string(arg.OrdID), TS: millis(now), SCode: "0"}
	r, bad := s.pointed(c, arg)
	switch {
	case bad != nil:
	case r == nil || r.ended():
		bad = no("51400")
	default:
		row.OrdID, row.ClOrdID = r.VenueID, string(r.arg.ClOrdID)
		bad = s.canceled(c, now, e, r)
	}
	if bad != nil {
		row.refuse(bad)
	}
	return row
}

func (s *Server) canceled(c *call, now time.Time, e *sim.Engine, r *record) *refusal {
	if c.fate.Fault == sim.RejectAfterAck {
		return nil // forgotten
	}
	s.overtaken(c, now, e, r)
	if _, err := e.Cancel(now, r.engineRef()); err != nil && c.fate.Fault != sim.FillAfterCancel {
		return no("51400")
	}
	s.keeper.follow(now, e)
	return nil
}

// overtaken is the fault of somebody else's trade that comes before the request.
func (s *Server) overtaken(c *call, now time.Time, e *sim.Engine, r *record) {
	if c.fate.Fault != sim.FillAfterCancel {
		return
	}
	left := r.Remaining()
	n := left.Mul(exchange.Scaled(c.fate.Percent, -2)).Round(r.m.Lot, exchange.Down)
	if n.IsZero() {
		n = left.Min(r.m.Lot)
	}
	if _, err := e.Fill(now, r.engineRef(), n); err != nil {
		s.log.Warn("okxtest: a fill that was to come before a cancellation", "err", err)
	}
	s.keeper.follow(now, e)
}

// engineRef points at r where the engine looks.
func (r *record) engineRef() exchange.OrderRef {
	return exchange.OrderRef{Market: r.m.Market, Account: r.Account, VenueID: r.VenueID}
}

// pointed is the order that a request is about; nil: there is none.
func (s *Server) pointed(c *call, arg *target) (*record, *refusal) {
	if arg.OrdID == "" && arg.ClOrdID == "" {
		return nil, no("51003")
	}
	m, r := s.market(c, arg)
	if r != nil {
		return nil, r
	}
	return s.keeper.accounts[c.key.Account].find(m, arg.OrdID, arg.ClOrdID), nil
}

// amending is a change on its way to the engine.
type amending struct {
	*Server
	c      *call
	now    time.Time
	e      *sim.Engine
	r      *record
	arg    *amendArg
	change exchange.Change
}

// amend changes one order. That the answer has no error means that the change is being tried: a push tells whether it was made.
func (s *Server) amend(c *call, now time.Time, e *sim.Engine, arg *amendArg) ack {
	id := string(arg.ReqID)
	row := ack{ClOrdID: string(arg.ClOrdID), OrdID: string(arg.OrdID), ReqID: &id, TS: millis(now), SCode: "0"}
	r, bad := s.pointed(c, &arg.target)
	if late := c.late(now); late != nil {
		bad = late
	}
	switch {
	case bad != nil:
	case r == nil || r.ended():
		bad = no("51503")
	default:
		row.OrdID, row.ClOrdID = r.VenueID, string(r.arg.ClOrdID)
		a := amending{Server: s, c: c, now: now, e: e, r: r, arg: arg}
		if bad = a.check(); bad == nil {
			bad = a.try()
		}
	}
	if bad != nil {
		row.refuse(bad)
	}
	return row
}

// check reads the change.
func (a *amending) check() *refusal {
	m := a.r.m
	switch {
	case a.arg.NewSz == "" && a.arg.NewPx == "":
		return no("50015", "newSz", "newPx")
	case !alphanumeric(string(a.arg.ReqID), 32):
		return no("51000", "reqId")
	case a.r.Type == exchange.TypeMarket:
		return no("51506")
	}
	if a.arg.NewPx != "" {
		px, ok := number(a.arg.NewPx)
		if !ok || !px.IsMultiple(m.Tick) {
			return no("51000", "newPx")
		}
		a.change.Price = px
	}
	if a.arg.NewSz != "" {
		sz, ok := number(a.arg.NewSz)
		if !ok {
			return no("51000", "newSz")
		}
		a.change.Quantity = m.base(sz)
		next := a.r.OrderRequest
		next.Quantity = a.change.Quantity
		if r := m.checkSize(&next); r != nil {
			return r
		}
	}
	if m.swap && !a.spend(limitOrders, string(a.r.Account), 1) {
		return no("50061")
	}
	return nil
}

// try makes the change.
func (a *amending) try() *refusal {
	a.overtaken(a.c, a.now, a.e, a.r)
	r, c := a.r, a.change
	switch {
	case r.ended():
		a.tell("-1", no("51503"))
		return nil
	case a.c.fate.Fault == sim.RejectAfterAck:
		a.failed(no("51503"))
		return nil
	case (c.Price.IsZero() || c.Price.Equal(r.Price)) && (c.Quantity.IsZero() || c.Quantity.Equal(r.Quantity)):
		a.tell("0", nil)
		return nil
	case !c.Quantity.IsZero() && c.Quantity.Cmp(r.Filled) <= 0:
		a.shrink()
		return nil
	}
	r.requests = append(r.requests, string(a.arg.ReqID))
	var t sim.Terms
	if a.c.fate.Fault == sim.Partial {
		t.Percent = a.c.fate.Percent
	}
	_, err := a.e.ReplaceWith(a.now, r.engineRef(), c, t)
	if err == nil {
		a.keeper.follow(a.now, a.e)
		return nil
	}
	r.requests = r.requests[:len(r.requests)-1]
	return a.refused(err)
}

// refused is the engine's no. A post-only order that would take is found out only after the answer.
func (a *amending) refused(err error) *refusal {
	var e *exchange.Error
	switch errors.As(err, &e); {
	case e == nil:
		return no("50026")
	case e.Code == "post_only":
		a.failed(no("51511"))
		return nil
	case errors.Is(err, exchange.ErrInsufficientFunds):
		return no("51502", a.r.m.Market.Symbol.Quote)
	case e.Code == "reduce_only":
		return no("51171")
	case errors.Is(err, exchange.ErrUnavailable):
		return no("51022")
	case e.Code == "ended", e.Code == "unknown":
		return no("51503")
	}
	return no("51000", "newSz")
}

// failed tells that the change was not made, and cancels the order where the client wanted that.
func (a *amending) failed(why *refusal) {
	if a.arg.CxlOnFail != "true" {
		a.tell("-1", why)
		return
	}
	a.tell("1", why)
	if _, err := a.e.Cancel(a.now, a.r.engineRef()); err == nil {
		a.keeper.follow(a.now, a.e)
	}
}

// shrink ends an order of which no more is wanted than has filled: as filled.
func (a *amending) shrink() {
	a.r.shrunk = true
	a.r.requests = append(a.r.requests, string(a.arg.ReqID))
	if _, err := a.e.End(a.now, a.r.engineRef(), exchange.StatusCanceled, sim.ReasonCanceled); err == nil {
		a.keeper.follow(a.now, a.e)
	}
}

// tell pushes what became of the amendment.
func (a *amending) tell(result string, why *refusal) {
	a.keeper.accounts[a.r.Account].feed.order(a.r, nil, func(w *orderRow) {
		w.ReqID, w.AmendResult, w.AmendSource = string(a.arg.ReqID), result, "1"
		if why != nil {
			w.Code, w.Message = why.code, why.message
		}
	})
}

// amended pushes that the engine made the change that was asked for first.
func (r *record) amended(a *account) {
	id := ""
	if len(r.requests) > 0 {
		id, r.requests = r.requests[0], r.requests[1:]
	}
	a.feed.order(r, nil, func(w *orderRow) { w.ReqID, w.AmendResult, w.AmendSource = id, "0", "1" })
}
