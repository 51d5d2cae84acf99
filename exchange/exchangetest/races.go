package exchangetest

import (
	"errors"
	"sync"

	"github.com/bothlegs/bothlegs/exchange"
)

func raceCases() []test {
	return []test{
		{name: "fill-before-ack", run: fillBeforeAck},
		{name: "fill-after-cancel", run: fillAfterCancel},
		{name: "reject-after-ack", run: rejectAfterAck},
		{name: "place-slow", long: true, run: placeSlow},
		{name: "concurrency", run: concurrency},
	}
}

// The stream may tell of a fill before the answer comes: neither is lost, and the answer does not say less than is known.
func fillBeforeAck(s *scene) {
	e := s.listen()
	s.fault(Fault{Op: "place", Kind: "slow-ack", For: second / 2})
	r := with(s.limit(exchange.Buy, ask, 2), exchange.IOC)
	var answered bool
	var mu sync.Mutex
	done := make(chan struct{})
	go func() {
		defer close(done)
		o, err := s.x.Place(s.ctx, r)
		if err != nil || o.Status.Final() && o.Status != exchange.StatusFilled {
			s.Errorf("place: %s", describe(o, err))
		}
		mu.Lock()
		answered = true
		mu.Unlock()
	}()
	told := e.await(func([]exchange.Event) bool {
		o, _, ok := e.order(r.ClientID)
		return ok && o.Status == exchange.StatusFilled
	})
	mu.Lock()
	if !told || answered {
		s.Errorf("the stream told of the fill: %t, after the answer: %t", told, answered)
	}
	mu.Unlock()
	<-done
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{ask, 2})
}

// An order may fill while its cancellation is on the way: what happened counts, by stream, lookup and fills alike.
func fillAfterCancel(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 4)
	s.place(r)
	s.resting(r.Ref())
	s.fault(Fault{Op: "cancel", Kind: "fill-after-cancel"})
	if _, err := s.x.Cancel(s.ctx, r.Ref()); err != nil {
		s.wantGone("cancel", err) // it had filled by then
	}
	o := s.ended(r.Ref())
	if o.Filled.Sign() <= 0 || o.Status != exchange.StatusFilled && o.Status != exchange.StatusCanceled {
		s.Errorf("after a fill that crossed the cancellation the order is %s", describe(o, nil))
	}
}

// An acknowledged order may be rejected after all, or taken off by the venue, as it calls that.
func rejectAfterAck(s *scene) {
	s.listen()
	s.fault(Fault{Op: "place", Kind: "reject-after-ack"})
	r := s.limit(exchange.Buy, inside, 2)
	s.place(r)
	o := s.ended(r.Ref())
	if o.Status != exchange.StatusRejected && o.Status != exchange.StatusExpired || o.Filled.Sign() != 0 {
		s.Errorf("an order that was rejected after its acknowledgement is %s", describe(o, nil))
	}
	if open, err := s.x.OpenOrders(s.ctx, s.run.symbol); err != nil || len(open) != 0 {
		s.Errorf("open orders: %+v, %v", open, err)
	}
}

// A request that travels longer than its caller waits happens all the same, unless the venue finds that it took too long.
func placeSlow(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.once("place", func() {
		s.fault(Fault{Op: "place", Kind: "slow", For: 15 * second})
		_, err := s.x.Place(s.ctx, r)
		s.wantUnknown("place", err)
	})
	s.rest(30 * second)
	if _, err := s.x.Lookup(s.ctx, r.Ref()); errors.Is(err, exchange.ErrNotFound) {
		s.forget(r)
		return
	}
	s.resting(r.Ref())
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// Many goroutines use one exchange: each order is its own, and all are told of.
func concurrency(s *scene) {
	s.listen()
	const workers, rounds = 8, 6
	var all sync.WaitGroup
	for w := range workers {
		orders := make([]exchange.OrderRequest, 0, rounds)
		for i := range rounds {
			r := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
			if i%2 == 1 {
				r = s.limit(exchange.Buy, bid-5, 1)
			}
			orders = append(orders, r)
		}
		all.Go(func() { s.work(w, orders) })
	}
	all.Wait()
	s.wantFlow(workers * rounds / 2)
}

func (s *scene) work(w int, orders []exchange.OrderRequest) {
	for i, r := range orders {
		if _, err := s.x.Place(s.ctx, r); err != nil {
			s.Errorf("place: %v", err)
			continue
		}
		if w%2 == 0 {
			if _, err := s.x.Balances(s.ctx); err != nil {
				s.Errorf("balances: %v", err)
			}
			if _, err := s.x.Snapshot(s.ctx, s.run.symbol, 5); err != nil {
				s.Errorf("snapshot: %v", err)
			}
		}
		if i%2 == 0 {
			continue
		}
		if !s.poll(func() bool {
			o, err := s.x.Lookup(s.ctx, r.Ref())
			return err == nil && o.Status == exchange.StatusAccepted
		}) {
			s.Errorf("order %s does not come to rest", r.ClientID)
		}
		if _, err := s.x.Cancel(s.ctx, r.Ref()); err != nil {
			s.Errorf("cancel: %v", err)
		}
	}
}

// wantFlow wants so many units to have been bought in all, and no order to be left.
func (s *scene) wantFlow(units int64) {
	s.Helper()
	fills, err := s.x.Fills(s.ctx, s.run.symbol, s.began)
	s.must("fills", err)
	bought := s.depthOf(units)
	if !sum(fills).Equal(bought) {
		s.Errorf("fills of %s, want %s", sum(fills), bought)
	}
	if !s.poll(func() bool { open, err := s.x.OpenOrders(s.ctx, s.run.symbol); return err == nil && len(open) == 0 }) {
		s.Errorf("orders are left open")
	}
}

// depthOf is how much of so many units the best level gives.
func (s *scene) depthOf(units int64) exchange.Decimal { return s.units(min(units, levelUnits)) }
