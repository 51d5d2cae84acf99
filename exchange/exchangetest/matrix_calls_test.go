package exchangetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// seen is what one cell of the matrix showed.
type seen struct {
	err    error
	order  exchange.Order   // the call's answer
	sent   int              // requests of the operation that reached the venue
	struck int              // of which the fault struck
	effect bool             // the call took effect at the venue
	filled exchange.Decimal // then, before anything else happens
	took   time.Duration    // until the answer, until a connection was up, or until something was seen of a message
	early  bool             // a call took effect in the first second; a message was seen in the first tenth
	done   int              // things that were done at the venue meanwhile
	most   int              // of two connections, the one that tried more often
	faults []string         // what else was wrong
}

func (s *seen) fail(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// scene is a box whose order stream is followed.
type scene struct {
	box
	t     *testing.T
	fault sim.Fault
	whole bool // what is replaced trades as far as there is depth, whatever the fault

	mu     sync.Mutex
	events []exchange.Event
}

const (
	mid   = 100_000 // ticks
	asked = mid + 10
	bids  = mid - 10
	rests = mid - 5 // inside the spread: nobody else is there
)

func (s *scene) price(ticks int64) exchange.Decimal { return s.ins.Tick.Mul(exchange.Scaled(ticks, 0)) }

func units(n int64) exchange.Decimal { return exchange.Scaled(n, -2) } // of a hundredth

// book has 20 levels a side, a tick apart, of ten units; the best are moved by so many ticks.
func (s *scene) book(shift int64) *exchange.Book {
	b := &exchange.Book{Market: s.ins.Market, Scale: exchange.Scale{Price: -1, Size: -3}}
	for i := int64(19); i >= 0; i-- {
		b.Bids = append(b.Bids, exchange.Level{Price: bids + shift - i, Size: 100})
		b.Asks = append(b.Asks, exchange.Level{Price: asked + shift + i, Size: 100})
	}
	return b
}

func (s *scene) publish(b *exchange.Book) {
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		if err := e.SetBook(now, b); err != nil {
			s.t.Error(err)
		}
	})
}

func (s *scene) limit(id string, ticks, n int64) exchange.OrderRequest {
	return exchange.OrderRequest{
		Market: s.ins.Market, Account: boxAccount, ClientID: id, Side: exchange.Buy, Price: s.price(ticks), Quantity: units(n),
	}
}

// follow keeps what the order stream tells, until the case ends.
func (s *scene) follow() {
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.x.StreamOrders(ctx, func(ev exchange.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, ev)
		})
	}()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			s.t.Errorf("the order stream ended with %v", err)
		}
	})
	s.await("the order stream", func() bool { return len(s.told(exchange.StreamUp)) > 0 })
}

// told are the events of a kind so far.
func (s *scene) told(kind exchange.EventKind) (r []exchange.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range s.events {
		if ev.Kind == kind {
			r = append(r, ev)
		}
	}
	return r
}

// await waits, in steps of a tenth of a second and for 20 minutes, until cond.
func (s *scene) await(what string, cond func() bool) bool {
	s.t.Helper()
	for range 12_000 {
		if cond() {
			return true
		}
		<-time.After(100 * time.Millisecond)
	}
	s.t.Errorf("%s: nothing in 20 minutes", what)
	return false
}

// open are the account's working orders, as the engine has them.
func (s *scene) open() (r []exchange.Order) {
	s.floor.Read(func(_ time.Time, e *sim.Engine) { r = e.OpenOrders(boxAccount, s.ins.Market.Symbol) })
	return r
}

// filled are the account's fills, as the engine has them.
func (s *scene) filled() (r []exchange.Fill) {
	s.floor.Read(func(_ time.Time, e *sim.Engine) { r = e.Fills(boxAccount, s.ins.Market.Symbol, time.Time{}) })
	return r
}

// act does the operation. Each has the order "a" as its subject.
func (s *scene) act(op sim.Op) (o exchange.Order, err error) {
	ctx, r := s.t.Context(), s.limit("a", rests, 4)
	switch op {
	case sim.OpPlace:
		if s.fault == sim.Duplicated { // the copy of one that has filled is a new order at Binance, whose ids are unique among open ones
			return s.x.Place(ctx, r)
		}
		r = s.limit("a", asked, 4)
		if s.fault == sim.Late {
			r.Deadline = time.Now().Add(3 * time.Second)
		}
		return s.x.Place(ctx, r)
	case sim.OpReplace:
		return s.x.Replace(ctx, r.Ref(), exchange.Change{Price: s.replaced()})
	case sim.OpCancel:
		return s.x.Cancel(ctx, r.Ref())
	case sim.OpCancelAll:
		return o, s.x.(exchange.CancelAller).CancelAll(ctx, s.ins.Market.Symbol)
	case sim.OpLookup:
		return s.x.Lookup(ctx, r.Ref())
	case sim.OpRead:
		_, err := s.x.Balances(ctx)
		return o, err
	}
	panic("no call: " + string(op))
}

// replaced is the price that the order gets: one that trades where it is to do so in part.
func (s *scene) replaced() exchange.Decimal {
	if s.fault == sim.Partial && !s.whole {
		return s.price(asked)
	}
	return s.price(rests + 1)
}

// took reports whether the operation took effect, by the engine's own books.
func (s *scene) took(op sim.Op) bool {
	open := s.open()
	switch op {
	case sim.OpPlace:
		return len(open)+len(s.filled()) > 0
	case sim.OpReplace:
		return len(open) == 1 && open[0].Price.Equal(s.replaced())
	}
	return len(open) == 0
}

// playCall is one call that meets one fault.
func playCall(t *testing.T, c column, op sim.Op, f sim.Fault) (r seen) {
	s := &scene{box: c.open(t), t: t, fault: f, whole: c.whole}
	s.publish(s.book(0))
	s.follow()
	if op != sim.OpPlace {
		if _, err := s.x.Place(t.Context(), s.limit("a", rests, 4)); err != nil {
			t.Fatal(err)
		}
		s.await("the order", func() bool { return len(s.told(exchange.OrderUpdate)) > 0 && len(s.open()) == 1 })
	}
	<-time.After(5 * time.Second)
	before := s.inj.Calls(op)
	if err := s.inj.Add(sim.Rule{Op: op, Fault: f, Percent: 50}); err != nil {
		t.Fatal(err)
	}
	var done atomic.Int64
	stop := s.floor.Watch(func() { done.Add(1) })
	early := make(chan bool, 1)
	time.AfterFunc(time.Second, func() { early <- s.took(op) })
	began := time.Now()
	r.order, r.err = s.act(op)
	r.took = time.Since(began)
	s.answered(&r)
	r.early = <-early
	<-time.After(2 * time.Minute) // whoever sends again has done it by now, and bans are over
	stop()
	r.sent, r.struck, r.effect, r.filled = s.inj.Calls(op)-before, s.inj.Struck(op, f), s.took(op), sum(s.filled())
	r.done = int(done.Load())
	s.settle(&r)
	return r
}

// answered holds the order of an answer against what is so at the venue when it comes: it may know less, never more.
func (s *scene) answered(r *seen) {
	o, has := r.order, sum(s.filled())
	later := s.fault == sim.FillAfterCancel // the client hears of it after the answer
	switch {
	case o.Filled.Cmp(has) > 0:
		r.fail("the answer says %s filled, there is %s", o.Filled, has)
	case r.err != nil:
		if o.Status.Final() {
			r.fail("an error comes with an order that is %s", o.Status)
		}
	case o.Status.Final() && (len(s.open()) > 0 || !later && !o.Filled.Equal(has)):
		r.fail("the answer says %s, %s filled; %d are open, %s filled", o.Status, o.Filled, len(s.open()), has)
	case o.Status == exchange.StatusPartiallyFilled && o.Filled.Sign() == 0, o.Filled.Sign() > 0 && o.Status == exchange.StatusAccepted:
		r.fail("the answer says %s, %s filled", o.Status, o.Filled)
	}
}

// settle has the adapter find out what became of the order, somebody else fill what is left of it, and compares what was told.
func (s *scene) settle(r *seen) {
	if n := len(s.open()); n > 1 {
		r.fail("%d orders are open", n)
	}
	ref := s.limit("a", rests, 4).Ref()
	var o exchange.Order
	var err error
	s.await("lookup", func() bool {
		o, err = s.x.Lookup(s.t.Context(), ref)
		return err == nil || errors.Is(err, exchange.ErrNotFound)
	})
	open, fills := s.open(), s.filled()
	switch {
	case err != nil && len(open)+len(fills) > 0:
		r.fail("lookup of an order that the venue has: %v", err)
	case err == nil && o.Status.Working() != (len(open) == 1):
		r.fail("lookup says %s, %d are open", o.Status, len(open))
	case err == nil && !o.Filled.Equal(sum(fills)):
		r.fail("lookup says %s filled, it is %s", o.Filled, sum(fills))
	}
	for _, o := range open {
		s.floor.Do(func(now time.Time, e *sim.Engine) {
			if _, err := e.Fill(now, o.Ref(), o.Remaining()); err != nil {
				s.t.Error(err)
			}
		})
	}
	<-time.After(30 * time.Second)
	s.account(r)
}

// account compares the fills that the stream told with the engine's: each once.
func (s *scene) account(r *seen) {
	told, has := fillsOf(s.told(exchange.OrderUpdate)), s.filled()
	if len(told) != len(has) || !sum(told).Equal(sum(has)) {
		r.fail("%d fills of %s were told, there are %d of %s", len(told), sum(told), len(has), sum(has))
	}
	once := map[exchange.FillKey]bool{}
	for _, f := range told {
		if once[f.Key()] {
			r.fail("fill %s was told twice", f.TradeID)
		}
		once[f.Key()] = true
	}
}

func sum(fills []exchange.Fill) (r exchange.Decimal) {
	for _, f := range fills {
		r = r.Add(f.Quantity)
	}
	return r
}
