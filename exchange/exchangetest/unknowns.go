package exchangetest

import (
	"errors"

	"github.com/bothlegs/bothlegs/exchange"
)

// executed are the faults after which a request has been executed, and its sender cannot know.
var executed = [...]string{"lost-ack", "reset-after", "half-answer", "garbage", "html", "empty", "unknown-503", "server-error"}

func unknownCases() []test {
	var r []test
	for _, kind := range executed {
		long := kind == "lost-ack"
		r = append(r,
			test{name: "place-" + kind, long: long, run: func(s *scene) { s.placeUnknown(kind) }},
			test{name: "replace-" + kind, long: long, run: func(s *scene) { s.replaceUnknown(kind) }},
			test{name: "cancel-" + kind, long: long, run: func(s *scene) { s.cancelUnknown(kind) }})
	}
	return append(r,
		test{name: "place-reset", run: placeReset},
		test{name: "lookup-fails", long: true, run: lookupFails})
}

// once counts the requests of op that f sends.
func (s *scene) once(op string, f func()) {
	s.Helper()
	before := s.stage.Sent(op)
	f()
	s.pass(10 * second) // whoever sends again does it by now
	if n := s.stage.Sent(op) - before; n != 1 {
		s.Errorf("%d requests to %s were sent, want one", n, op)
	}
}

// An order whose answer is lost may have happened, is not sent again, and is found.
func (s *scene) placeUnknown(kind string) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.once("place", func() {
		s.fault(Fault{Op: "place", Kind: kind})
		_, err := s.x.Place(s.ctx, r)
		s.wantUnknown("place", err)
	})
	s.resting(r.Ref())
	s.trade(exchange.Sell, inside, 2)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{inside, 2})
}

func (s *scene) replaceUnknown(kind string) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.place(r)
	s.resting(r.Ref())
	s.once("replace", func() {
		s.fault(Fault{Op: "replace", Kind: kind})
		_, err := s.x.Replace(s.ctx, r.Ref(), exchange.Change{Price: s.price(inside + 1)})
		s.wantUnknown("replace", err)
	})
	r.Price = s.price(inside + 1)
	s.until(r.Ref(), "replaced", func(o exchange.Order) bool { return o.Price.Equal(r.Price) && o.Status.Working() })
	s.onlyOne(r)
	s.trade(exchange.Sell, inside+1, 2)
	s.wantFills(s.wantEnd(r, exchange.StatusFilled, r.Quantity), fillOf{inside + 1, 2})
}

func (s *scene) cancelUnknown(kind string) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.place(r)
	s.resting(r.Ref())
	s.once("cancel", func() {
		s.fault(Fault{Op: "cancel", Kind: kind})
		_, err := s.x.Cancel(s.ctx, r.Ref())
		s.wantUnknown("cancel", err)
	})
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// A connection that is reset before the request was read leaves the outcome unknown as well, or it is known that nothing was sent: here
// nothing happened.
func placeReset(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.fault(Fault{Op: "place", Kind: "reset"})
	_, err := s.x.Place(s.ctx, r)
	if err == nil || errors.Is(err, exchange.ErrRejected) {
		s.Errorf("place: %v, want %v or %v", err, exchange.ErrOutcomeUnknown, exchange.ErrNotSent)
	}
	s.pass(10 * second)
	if o, err := s.x.Lookup(s.ctx, r.Ref()); !errors.Is(err, exchange.ErrNotFound) {
		s.Errorf("lookup of an order that did not arrive: %s", describe(o, err))
	}
	s.forget(r)
}

// A lookup that fails says nothing of the order: not that it is absent, and not that it has ended.
func lookupFails(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, inside, 2)
	s.place(r)
	s.resting(r.Ref())
	for _, kind := range []string{"lost-ack", "refused", "rate-limited", "server-error", "garbage", "reset"} {
		before := s.stage.Sent("lookup")
		s.fault(Fault{Op: "lookup", Kind: kind, For: second})
		o, err := s.x.Lookup(s.ctx, r.Ref())
		n := s.stage.Sent("lookup") - before
		if errors.Is(err, exchange.ErrNotFound) || err == nil && (!o.Status.Working() || n < 2) {
			s.Errorf("lookup that meets %q, asked %d times: %s", kind, n, describe(o, err))
		}
		s.rest(30 * second)
	}
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}
