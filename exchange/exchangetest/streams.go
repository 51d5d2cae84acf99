package exchangetest

import (
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func streamCases() []test {
	r := []test{
		{name: "stream-up", alone: true, run: streamUp},
		{name: "stream-twice", run: streamTwice},
		{name: "missed-orders", run: missedOrders},
	}
	for _, kind := range []string{"disconnect", "cut", "stall", "corrupt", "slow-reader"} {
		r = append(r, test{name: "missed-fills-" + kind, long: kind == "stall", run: func(s *scene) { s.missedFills(kind) }})
	}
	return append(r, test{name: "doubled-events", run: doubledEvents})
}

// downs counts how often the stream has gone down and come up again.
func downs(all []exchange.Event) (n int) {
	down := false
	for _, ev := range all {
		switch {
		case ev.Kind == exchange.StreamDown:
			down = true
		case ev.Kind == exchange.StreamUp && down:
			down = false
			n++
		}
	}
	return n
}

// The stream says that it is up before anything else, once.
func streamUp(s *scene) {
	e := s.listen()
	s.pass(time.Minute)
	if all := e.all(); all[0].Kind != exchange.StreamUp || downs(all) != 0 {
		s.Errorf("a quiet stream begins with %s, and went down %d times", all[0].Kind, downs(all))
	}
}

// Two streams of one exchange, or one after the other, both tell everything.
func streamTwice(s *scene) {
	first := s.listen()
	r := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
	s.place(r)
	s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	s.agreeOnAll()
	_ = first.stop()
	s.listen()
	again := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
	s.place(again)
	s.wantEnd(again, exchange.StatusFilled, again.Quantity)
}

// fails has the stream of orders meet a fault, and the next connections too.
func (s *scene) fails(kind string) {
	s.fault(Fault{Op: "orders", Kind: kind})
	s.fault(Fault{Op: "connect", Kind: "refused", Nth: 1})
	s.fault(Fault{Op: "connect", Kind: "refused", Nth: 2})
}

// What fills while the stream is down is told before it is up again, each fill once.
func (s *scene) missedFills(kind string) {
	e := s.listen()
	r := s.limit(exchange.Buy, inside, 6)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 1)
	e.await(func([]exchange.Event) bool { _, fills, _ := e.order(r.ClientID); return sum(fills).Equal(s.units(1)) })
	s.fails(kind)
	s.trade(exchange.Sell, inside, 1) // its news is what meets the fault
	s.trade(exchange.Sell, inside, 2)
	if !e.await(func(all []exchange.Event) bool { return downs(all) > 0 }) {
		s.Fatalf("the stream of orders does not say that it was down, after %q", kind)
	}
	if _, fills, _ := e.order(r.ClientID); !sum(fills).Equal(s.units(4)) {
		s.Errorf("when the stream is up again it has told fills of %s, want %s", sum(fills), s.units(4))
	}
	s.trade(exchange.Sell, inside, 2)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{inside, 6})
}

// Orders that came, changed and went while the stream was down are told too.
func missedOrders(s *scene) {
	e := s.listen()
	gone := s.limit(exchange.Buy, inside, 2)
	s.place(gone)
	s.resting(gone.Ref())
	s.fails("disconnect")
	filled := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
	rests := s.limit(exchange.Buy, bid-5, 1)
	doubtful := make(map[string]bool)
	for _, r := range []exchange.OrderRequest{filled, rests} {
		if _, err := s.x.Place(s.ctx, r); err != nil { // it may have gone the stream's way, and have been lost with it
			s.wantUnknown("place", err)
			doubtful[r.ClientID] = true
		}
	}
	_, err := s.x.Cancel(s.ctx, gone.Ref())
	if err != nil {
		s.wantUnknown("cancel", err)
	}
	if !e.await(func(all []exchange.Event) bool { return downs(all) > 0 }) {
		s.Fatalf("the stream of orders does not say that it was down")
	}
	if err != nil { // nor may that have arrived
		s.pass(time.Minute)
		if o, err := s.x.Lookup(s.ctx, gone.Ref()); err == nil && o.Status.Working() {
			s.cancel(gone)
		}
	}
	s.wantEnd(gone, exchange.StatusCanceled, exchange.Decimal{})
	if !s.never(filled, doubtful) {
		s.wantEnd(filled, exchange.StatusFilled, filled.Quantity)
	}
	if !s.never(rests, doubtful) {
		s.resting(rests.Ref())
	}
}

// never reports whether an order, whose placement is doubtful, has not arrived.
func (s *scene) never(r exchange.OrderRequest, doubtful map[string]bool) bool {
	if !doubtful[r.ClientID] {
		return false
	}
	s.pass(time.Minute)
	if _, err := s.x.Lookup(s.ctx, r.Ref()); !errors.Is(err, exchange.ErrNotFound) {
		return false
	}
	s.forget(r)
	return true
}

// What the venue tells twice is told once.
func doubledEvents(s *scene) {
	s.listen()
	for n := 1; n <= 3; n++ {
		s.fault(Fault{Op: "orders", Kind: "twice", Nth: n})
	}
	r := s.limit(exchange.Buy, inside, 3)
	s.place(r)
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 1)
	s.trade(exchange.Sell, inside, 2)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{inside, 3})
}
