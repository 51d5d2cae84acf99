package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// follower is one subscription to an account's events. The floor guards it.
type follower struct {
	half    *half
	account exchange.AccountID
	socket  *simwire.Socket
	wrap    func(event []byte) []byte
	wants   func(name string) bool // of events; nil: all
	lost    func()                 // ends it: more happened than the engine keeps
}

// act does something with the engine, and tells what came of it.
func (s *Server) act(do func(now time.Time, e *sim.Engine)) {
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		s.drain(now, e, 0)
		do(now, e)
		s.drain(now, e, 0)
	})
}

// look reads from the engine.
func (s *Server) look(do func(now time.Time, e *sim.Engine)) {
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		s.drain(now, e, 0)
		do(now, e)
	})
}

// drain tells the followers what happened since the last time, later by hold. It is called on the floor: before something is done too, so
// that what is told of an order is told as it was then.
func (s *Server) drain(now time.Time, e *sim.Engine, hold time.Duration) {
	for _, h := range s.halves {
		for _, m := range h.list {
			m.follow(e)
		}
	}
	news, next, ok := e.Events(s.seen)
	s.seen = next
	if !ok {
		s.lose()
		return
	}
	for i := 0; i < len(news); {
		ev := &news[i]
		h := s.halfOf(ev)
		n := i + 1
		for n < len(news) && news[n].Order.Account == ev.Order.Account && s.halfOf(&news[n]) == h {
			n++
		}
		t := &telling{half: h, e: e, now: now, account: ev.Order.Account, hold: hold}
		t.tell(news[i:n])
		i = n
	}
}

// lose ends every subscription: what happened cannot be told any more.
func (s *Server) lose() {
	for _, h := range s.halves {
		for _, all := range h.followers {
			for _, f := range all {
				f.lost()
			}
		}
	}
}

func (s *Server) halfOf(ev *exchange.Event) *half {
	if ev.Kind == exchange.BalanceUpdate || ev.Order.Market.Symbol.Kind == exchange.Perp {
		return s.halves[exchange.Perp]
	}
	return s.halves[exchange.Spot]
}

// follow begins a subscription: what happens from now on is told.
func (h *half) follow(f *follower) {
	h.s.look(func(_ time.Time, e *sim.Engine) {
		h.followers[f.account] = append(h.followers[f.account], f)
		h.holdings[f.account] = simwire.NewHoldings(e, f.account)
	})
}

// unfollow ends one.
func (h *half) unfollow(f *follower) {
	h.s.look(func(time.Time, *sim.Engine) {
		all := h.followers[f.account]
		for i := range all {
			if all[i] == f {
				h.followers[f.account] = append(all[:i:i], all[i+1:]...)
				return
			}
		}
	})
}

// telling is what one account is told of some events.
type telling struct {
	*half
	e       *sim.Engine
	now     time.Time
	account exchange.AccountID
	hold    time.Duration
	market  string // of the event that is being told, for faults
}

func (t *telling) tell(news []exchange.Event) {
	for i := range news {
		ev := &news[i]
		if ev.Kind != exchange.OrderUpdate {
			continue
		}
		if m := t.bySymbol[ev.Order.Market.Symbol]; m != nil {
			t.market = m.ins.Market.String()
			t.order(ev)
		}
	}
	if len(t.followers[t.account]) == 0 {
		return
	}
	if t.kind == exchange.Spot {
		t.spotWallet()
		return
	}
	if news[len(news)-1].Kind == exchange.BalanceUpdate {
		t.market = string(t.account)
		t.perpWallet("FUNDING_FEE")
	}
}

// order tells an order's news: that it is there, what changed, each of its fills, and its end.
func (t *telling) order(ev *exchange.Event) {
	o := ev.Order
	r := t.ledger(t.account).byID[number(o.VenueID)]
	if r == nil {
		if r = t.adopt(t.e, o); r == nil {
			return
		}
	}
	report := t.spotReport
	if t.kind == exchange.Perp {
		report = t.perpReport
	}
	if !r.told {
		r.told = true
		report(r, o, "NEW", nil)
	}
	switch {
	case o.Status != exchange.StatusReplaced:
	case t.kind == exchange.Perp:
		report(r, o, "AMENDMENT", nil)
	default:
		report(r, o, "REPLACED", nil)
		r.former = ""
	}
	if len(o.Fills) > 0 {
		t.uncount(r)
	}
	for i := range o.Fills {
		f := &o.Fills[i]
		r.filled, r.quote = r.filled.Add(f.Quantity), r.quote.Add(f.Notional())
		if t.kind == exchange.Perp && i == 0 {
			defer t.perpWallet("ORDER")
		}
		report(r, o, "TRADE", f)
	}
	switch o.Status {
	case exchange.StatusCanceled:
		report(r, o, "CANCELED", nil)
	case exchange.StatusExpired:
		report(r, o, "EXPIRED", nil)
	case exchange.StatusRejected:
		report(r, o, "REJECTED", nil)
	}
	if o.Status.Final() {
		t.ledger(t.account).end(r)
	}
}

// uncount gives back what r took of the limits of unfilled orders, of those whose window has not passed since: it has begun to fill.
func (t *telling) uncount(r *record) {
	if !r.counted {
		return
	}
	r.counted = false
	for i, name := range t.limits.orders {
		if per := t.limits.rows[i+1].per(); r.made.Truncate(per).Equal(t.now.Truncate(per)) {
			t.s.meter.Give(name, string(r.account), 1)
		}
	}
}

// reported is the state that a report of r tells: events that were summed up are told one by one, as they happened.
func (t *telling) reported(r *record, o exchange.Order, kind string) string {
	switch {
	case kind == "CANCELED" || kind == "EXPIRED" || kind == "REJECTED":
		return statusName(o)
	case r.filled.Equal(o.Quantity) && kind == "TRADE":
		return "FILLED"
	case r.filled.Sign() > 0:
		return "PARTIALLY_FILLED"
	}
	return "NEW"
}

// send gives an event to all who follow the account.
func (t *telling) send(name string, event any) {
	var text []byte
	for _, f := range t.followers[t.account] {
		if f.wants != nil && !f.wants(name) {
			continue
		}
		if text == nil {
			text = simwire.Encode(event)
		}
		fate := t.s.injector.Next(t.now, sim.Call{Op: sim.OpOrders, Key: t.market})
		fate.Out += t.hold
		f.socket.Push(t.market, f.wrap(text), fate)
	}
}
