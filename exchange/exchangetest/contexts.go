package exchangetest

import (
	"context"
	"errors"

	"github.com/bothlegs/bothlegs/exchange"
)

func contextCases() []test {
	return []test{
		{name: "context-before", alone: true, run: contextBefore},
		{name: "context-after", run: contextAfter},
	}
}

// A context that has ended sends nothing.
func contextBefore(s *scene) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	r := s.limit(exchange.Buy, bid-levels, 1)
	_, placed := s.x.Place(ctx, r)
	_, replaced := s.x.Replace(ctx, r.Ref(), exchange.Change{Price: s.price(bid)})
	_, cancelled := s.x.Cancel(ctx, r.Ref())
	for op, err := range map[string]error{"place": placed, "replace": replaced, "cancel": cancelled} {
		if !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, context.Canceled) {
			s.Errorf("%s with a context that has ended: %v, want %v and %v", op, err, exchange.ErrNotSent, context.Canceled)
		}
		if s.stage != nil && s.stage.Sent(op) != 0 {
			s.Errorf("%s was sent although its context had ended", op)
		}
	}
	for op, err := range s.reads(ctx, r) {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s with a context that has ended: %v", op, err)
		}
	}
}

// reads makes every call that reads.
func (s *scene) reads(ctx context.Context, r exchange.OrderRequest) map[string]error {
	errs := map[string]error{}
	y := s.run.symbol
	_, errs["lookup"] = s.x.Lookup(ctx, r.Ref())
	_, errs["snapshot"] = s.x.Snapshot(ctx, y, 5)
	_, errs["balances"] = s.x.Balances(ctx)
	_, errs["positions"] = s.x.Positions(ctx)
	_, errs["fees"] = s.x.Fees(ctx, y)
	_, errs["open orders"] = s.x.OpenOrders(ctx, y)
	_, errs["fills"] = s.x.Fills(ctx, y, s.began)
	errs["stream of books"] = s.returns(func() error { return s.x.StreamBooks(ctx, []exchange.Symbol{y}, func(*exchange.Book) {}) })
	errs["stream of orders"] = s.returns(func() error { return s.x.StreamOrders(ctx, func(exchange.Event) {}) })
	return errs
}

// returns is what f returns; nil when that takes too long.
func (s *scene) returns(f func() error) error {
	p := record(s, func(context.Context, *tape[int]) error { return f() })
	return p.stop()
}

// A context that ends while the answer is awaited leaves the outcome unknown, and what was sent happens.
func contextAfter(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 1)
	s.once("place", func() {
		s.fault(Fault{Op: "place", Kind: "slow-ack", For: second / 2})
		ctx, cancel := context.WithTimeout(s.ctx, second/5)
		defer cancel()
		_, err := s.x.Place(ctx, r)
		s.wantUnknown("place", err)
		if !errors.Is(err, context.DeadlineExceeded) {
			s.Errorf("place: %v, want %v", err, context.DeadlineExceeded)
		}
	})
	s.resting(r.Ref())
	s.once("cancel", func() {
		s.fault(Fault{Op: "cancel", Kind: "slow-ack", For: second / 2})
		ctx, cancel := context.WithTimeout(s.ctx, second/5)
		defer cancel()
		_, err := s.x.Cancel(ctx, r.Ref())
		s.wantUnknown("cancel", err)
	})
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}
