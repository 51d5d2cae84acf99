package exchangetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func abilityCases() []test {
	return []test{
		{name: "cancel-all", run: cancelAll},
		{name: "dead-man", long: true, run: deadMan},
		{name: "server-time", only: once, alone: true, run: serverTime},
	}
}

// now is the venue's clock, where it can be asked.
func (s *scene) now() time.Time {
	if x, ok := s.raw.(exchange.TimeTeller); ok {
		if t, err := x.ServerTime(s.ctx); err == nil {
			return t
		}
	}
	return time.Now()
}

// lacks is for an exchange that does not have an optional ability: that is to be said in Config.
func (s *scene) lacks(ability string) {
	s.Helper()
	s.Errorf("the exchange is no %s: if it cannot be, name the case in Config.Unsupported", ability)
}

// All working orders of one market go, and no other's.
func cancelAll(s *scene) {
	x, able := s.raw.(exchange.CancelAller)
	if !able {
		s.lacks("exchange.CancelAller")
		return
	}
	s.listen()
	var orders []exchange.OrderRequest
	for i := range int64(3) {
		orders = append(orders, s.limit(exchange.Buy, bid-5-i, 1), s.limit(exchange.Sell, ask+5+i, 1))
	}
	for _, r := range orders {
		s.place(r)
		s.resting(r.Ref())
	}
	other, ok := s.elsewhere()
	if ok {
		s.place(other)
		s.resting(other.Ref())
	}
	err := x.CancelAll(s.ctx, s.run.symbol)
	(&audit{x: s.raw, s: s}).write("cancel all", err)
	s.must("cancel all", err)
	for _, r := range orders {
		s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
	}
	if err := x.CancelAll(s.ctx, s.run.symbol); err != nil {
		s.Errorf("cancel all without any: %v", err)
	}
	if !ok {
		return
	}
	if o, err := s.x.Lookup(s.ctx, other.Ref()); err != nil || !o.Status.Working() {
		s.Errorf("an order of %s was cancelled too: %s", other.Market, describe(o, err))
	}
	s.cancel(other)
}

// elsewhere is an order that would rest on the other market; false where there is none.
func (s *scene) elsewhere() (r exchange.OrderRequest, ok bool) {
	y := s.cfg.Spot
	if s.run.symbol == y {
		y = s.cfg.Perp
	}
	if y == (exchange.Symbol{}) {
		return r, false
	}
	ins := s.instrument(y)
	s.publish(s.book(ins, 0))
	r = s.limit(exchange.Buy, bid, 1)
	mid := ins.Tick.Mul(number(midTicks))
	r.Market, r.Price, r.Quantity = ins.Market, mid.Sub(ins.Tick.Mul(number(2*halfSpread))), unitOf(ins, mid)
	return r, true
}

// Unless it is called again in time the venue cancels what works.
func deadMan(s *scene) {
	x, ok := s.raw.(exchange.DeadMan)
	if !ok {
		s.lacks("exchange.DeadMan")
		return
	}
	s.listen()
	arm := func(after time.Duration) {
		s.Helper()
		err := x.CancelAllAfter(s.ctx, s.run.symbol, after)
		(&audit{x: s.raw, s: s}).write("cancel all after", err)
		s.must("cancel all after", err)
	}
	r := s.limit(exchange.Buy, bid-5, 1)
	s.place(r)
	s.resting(r.Ref())
	arm(20 * second)
	s.rest(15 * second)
	arm(20 * second)
	s.rest(15 * second)
	s.resting(r.Ref()) // it was called again in time
	arm(0)
	s.rest(60 * second)
	s.resting(r.Ref()) // it is off
	arm(20 * second)
	s.rest(30 * second)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// The venue's clock is told.
func serverTime(s *scene) {
	x, ok := s.raw.(exchange.TimeTeller)
	if !ok {
		s.lacks("exchange.TimeTeller")
		return
	}
	t, err := x.ServerTime(s.ctx)
	(&audit{x: s.raw, s: s}).read(s.ctx, "server time", err)
	s.must("server time", err)
	if d := time.Until(t).Abs(); d > time.Minute {
		s.Errorf("the venue's clock is %s away", d)
	}
}
