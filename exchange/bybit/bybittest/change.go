package bybittest

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// target is the order that a request is about.
func (s *Server) target(a *ask) (exchange.OrderRef, exchange.Instrument, *refusal) {
	if a.bad {
		return exchange.OrderRef{}, exchange.Instrument{}, refuse(codeParams, "Request parameter error.")
	}
	ins, no := s.market(a.Category, a.Symbol)
	if no != nil {
		return exchange.OrderRef{}, ins, no
	}
	ref := exchange.OrderRef{Market: ins.Market, Account: a.account, ClientID: a.OrderLinkID}
	if a.OrderID != "" { // it goes first
		ref.ClientID, ref.VenueID = "", engineID(ins.Market.Symbol.Kind, a.OrderID)
	}
	if ref.ClientID == "" && ref.VenueID == "" {
		return ref, ins, refuse(codeParams, "params error: orderId or orderLinkId is needed")
	}
	return ref, ins, nil
}

// amending is what amend can change.
type amending struct {
	Qty   string `json:"qty"`
	Price string `json:"price"`
}

func (m amending) change(ins exchange.Instrument) (c exchange.Change, no *refusal) {
	if m.Price != "" && m.Price != "0" {
		price, ok := decimal(m.Price)
		if no := pricing(ins, m.Price, price, ok); no != nil {
			return c, no
		}
		c.Price = price
	}
	if m.Qty != "" && m.Qty != "0" {
		q, ok := decimal(m.Qty)
		if no := sizing(ins, q, ok); no != nil {
			return c, no
		}
		c.Quantity = q
	}
	if c.Price.IsZero() && c.Quantity.IsZero() {
		return c, refuse(codeParams, "params error: nothing to amend")
	}
	return c, nil
}

func (s *Server) amend(a *ask) (any, *refusal) {
	ref, ins, no := s.target(a)
	if no != nil {
		return nil, no
	}
	var m amending
	if err := json.Unmarshal(a.Body, &m); err != nil {
		return nil, refuse(codeParams, "Request parameter error.")
	}
	c, no := m.change(ins)
	if no != nil {
		return nil, no
	}
	var r acked
	k := ins.Market.Symbol.Kind
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		o, err := e.Lookup(ref)
		if err != nil || o.Status.Final() {
			no = pairs().untimely.of(k)
			return
		}
		r = ackOf(o)
		switch a.fate.Fault {
		case sim.RejectAfterAck: // and nobody hears of it
			return
		case sim.FillAfterCancel:
			s.hit(now, e, ins, o, a.fate.Percent)
		}
		terms := sim.Terms{}
		if a.fate.Fault == sim.Partial {
			terms.Percent = a.fate.Percent
		}
		if no = s.replace(now, e, ins, o, c, terms); a.fate.Fault == sim.FillAfterCancel {
			no = nil // it was acknowledged before
		}
	})
	return r, no
}

// replace changes o. A post-only order that would take under its new price ends; nobody is told so in the answer.
func (s *Server) replace(now time.Time, e *sim.Engine, ins exchange.Instrument, o exchange.Order, c exchange.Change, terms sim.Terms) *refusal {
	k := ins.Market.Symbol.Kind
	next := o.OrderRequest
	if !c.Price.IsZero() {
		next.Price = c.Price
	}
	if !c.Quantity.IsZero() {
		next.Quantity = c.Quantity
	}
	if no := worth(ins, next.ReduceOnly, next.Price.Mul(next.Quantity)); no != nil {
		return no
	}
	moved := order{req: next}
	if no := s.band(e, &moved, ins); no != nil {
		return no
	}
	if !c.Price.IsZero() {
		c.Price = moved.req.Price
	}
	_, err := e.ReplaceWith(now, o.Ref(), c, terms)
	var told *exchange.Error
	if !errors.As(err, &told) {
		return refusalOf(k, err)
	}
	switch told.Code {
	case "unknown", "ended":
		return pairs().untimely.of(k)
	case "unchanged":
		return refuse(codeParams, "The order remains unchanged as the parameters entered match the existing ones.")
	case "filled":
		return pairs().filled.of(k)
	case "post_only":
		_, _ = e.End(now, o.Ref(), exchange.StatusExpired, sim.ReasonPostOnly)
		return nil
	}
	return refusalOf(k, err)
}

func (s *Server) cancel(a *ask) (any, *refusal) {
	ref, ins, no := s.target(a)
	if no != nil {
		return nil, no
	}
	var r acked
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		o, err := e.Lookup(ref)
		if err != nil || o.Status.Final() {
			no = pairs().unknown.of(ins.Market.Symbol.Kind)
			return
		}
		r = ackOf(o)
		switch a.fate.Fault {
		case sim.RejectAfterAck:
		case sim.FillAfterCancel:
			s.later(a.fate.Out, func(now time.Time, e *sim.Engine) {
				s.hit(now, e, ins, o, a.fate.Percent)
				_, _ = e.Cancel(now, ref) // it may be filled
			})
		default:
			_, _ = e.Cancel(now, ref) // it works: it was looked up
		}
	})
	return r, no
}

// hit lets somebody trade against a resting order: percent of what is left, a lot at least.
func (s *Server) hit(now time.Time, e *sim.Engine, ins exchange.Instrument, o exchange.Order, percent int64) {
	if percent == 0 {
		percent = 100
	}
	q := ins.RoundQuantity(o.Remaining().Mul(exchange.Scaled(percent, -2))).Max(ins.Lot)
	_, _ = e.Fill(now, o.Ref(), q) // one that has ended does not
}

// afterwards is how long the venue's engine takes for what its gateway has acknowledged, where a fault makes it matter.
const afterwards = 5 * time.Millisecond

// later does something to the engine when the answer to a request has gone.
func (s *Server) later(out time.Duration, do func(time.Time, *sim.Engine)) {
	s.hosts.Go(func() {
		if s.hosts.Wait(out + afterwards) {
			s.floor.Do(do)
		}
	})
}

// cancelAll takes a market's orders off the book, or those of a coin; on spot all.
func (s *Server) cancelAll(a *ask) (any, *refusal) {
	var p struct {
		BaseCoin    string `json:"baseCoin"`
		SettleCoin  string `json:"settleCoin"`
		OrderFilter string `json:"orderFilter"`
	}
	if err := json.Unmarshal(a.Body, &p); err != nil || a.bad {
		return nil, refuse(codeParams, "Request parameter error.")
	}
	list, no := s.chosen(params("category", a.Category, "symbol", a.Symbol, "baseCoin", p.BaseCoin, "settleCoin", p.SettleCoin))
	if no != nil {
		return nil, no
	}
	if a.Category == "linear" && a.Symbol+p.BaseCoin+p.SettleCoin == "" {
		return nil, refuse(codeParams, "params error: symbol, settleCoin or baseCoin is needed")
	}
	rows := []acked{}
	if p.OrderFilter != "" && p.OrderFilter != "Order" { // there are no others
		return object{"list": rows, "success": "1"}, nil
	}
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		for _, ins := range list {
			rows = append(rows, s.cancelMarket(now, e, a, ins)...)
		}
	})
	return object{"list": rows, "success": "1"}, nil
}

// maxCanceled is how many orders of a perpetual one request cancels.
const maxCanceled = 500

func (s *Server) cancelMarket(now time.Time, e *sim.Engine, a *ask, ins exchange.Instrument) (rows []acked) {
	open := e.OpenOrders(a.account, ins.Market.Symbol)
	if ins.Market.Symbol.Kind == exchange.Perp && len(open) > maxCanceled {
		open = open[:maxCanceled]
	}
	for _, o := range open {
		rows = append(rows, ackOf(o))
		if a.fate.Fault != sim.FillAfterCancel {
			_, _ = e.Cancel(now, o.Ref()) // it is on the list
			continue
		}
		s.later(a.fate.Out, func(now time.Time, e *sim.Engine) {
			s.hit(now, e, ins, o, a.fate.Percent)
			_, _ = e.Cancel(now, o.Ref()) // it may be filled
		})
	}
	return rows
}
