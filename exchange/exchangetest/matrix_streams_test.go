package exchangetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// watch is what a stream of books showed.
type watch struct {
	mu     sync.Mutex
	last   *exchange.Book // the newest
	broken []error        // of the invalid ones
	wrong  []string
	shift  int64     // of the newest valid one
	struck time.Time // when the fault was set on the next message, which has the shift next
	next   int64
	took   time.Duration // from then until something was seen of it
	ended  error
}

// books follows the market's books until the case ends.
func (s *scene) books() *watch {
	w := &watch{}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := s.x.StreamBooks(ctx, []exchange.Symbol{s.ins.Market.Symbol}, func(b *exchange.Book) { w.see(s, b.Clone()) })
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended = err
	}()
	s.t.Cleanup(func() {
		cancel()
		<-done
		if !errors.Is(w.ended, context.Canceled) {
			s.t.Errorf("the books ended with %v", w.ended)
		}
	})
	return w
}

// see checks b: it must be one of the published ones, and never an older one than before.
func (w *watch) see(s *scene, b *exchange.Book) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = b
	if b.Err != nil {
		w.broken = append(w.broken, b.Err)
		w.noticed()
		return
	}
	best, _ := b.Best(exchange.Sell)
	ticks, _ := b.Price(best).Quo(s.ins.Tick, 0, exchange.HalfEven).Int64(0)
	shift := ticks - bids
	if !sameBook(b, s.book(shift)) || shift < w.shift {
		w.wrong = append(w.wrong, "a book that was never there, or is there no more")
	}
	if w.shift = shift; shift >= w.next {
		w.noticed()
	}
}

// noticed notes the first that is seen of the message that the fault strikes.
func (w *watch) noticed() {
	if !w.struck.IsZero() && w.took == 0 {
		w.took = max(1, time.Since(w.struck))
	}
}

// shows reports whether the newest book is the one with that shift.
func (w *watch) shows(shift int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last != nil && w.last.Err == nil && w.shift == shift
}

func sameBook(a, b *exchange.Book) bool {
	same := func(x, y []exchange.Level) bool {
		if len(x) != len(y) {
			return false
		}
		for i := range x {
			if !a.Price(x[i]).Equal(b.Price(y[i])) || !a.Size(x[i]).Equal(b.Size(y[i])) {
				return false
			}
		}
		return true
	}
	return same(a.Bids, b.Bids) && same(a.Asks, b.Asks)
}

// playBooks is one message of the books that meets one fault. Books keep coming, three a second.
func playBooks(t *testing.T, c column, f sim.Fault) (r seen) {
	s := &scene{box: c.open(t), t: t}
	s.publish(s.book(0))
	w := s.books()
	s.await("the first book", func() bool { return w.shows(0) })
	for i := range int64(12) {
		if i == 3 {
			if err := s.inj.Add(sim.Rule{Op: sim.OpBooks, Fault: f}); err != nil {
				t.Fatal(err)
			}
			w.mu.Lock()
			w.struck, w.next = time.Now(), i+1
			w.mu.Unlock()
		}
		s.publish(s.book(i + 1))
		<-time.After(300 * time.Millisecond)
	}
	s.await("the last book", func() bool { return w.shows(12) })
	s.publish(s.book(13))
	s.await("the book after it", func() bool { return w.shows(13) })
	w.mu.Lock()
	defer w.mu.Unlock()
	r.faults, r.took, r.struck = w.wrong, w.took, s.inj.Struck(sim.OpBooks, f)
	if len(w.broken) > 0 {
		r.err = w.broken[0]
	}
	return r
}

// playOrders is one message of the order stream that meets one fault: the news of a fill.
func playOrders(t *testing.T, c column, f sim.Fault) (r seen) {
	s := &scene{box: c.open(t), t: t}
	s.publish(s.book(0))
	s.follow()
	if _, err := s.x.Place(t.Context(), s.limit("a", rests, 10)); err != nil {
		t.Fatal(err)
	}
	s.await("the order", func() bool { return len(s.told(exchange.OrderUpdate)) > 0 && len(s.open()) == 1 })
	before := s.inj.Calls(sim.OpOrders)
	s.fill(1)
	s.await("a fill", func() bool { return sum(fillsOf(s.told(exchange.OrderUpdate))).Equal(units(1)) })
	<-time.After(time.Second)
	rule := sim.Rule{Op: sim.OpOrders, Fault: f}
	if f == sim.Drop || f == sim.Delayed || f == sim.Twice { // all messages that tell of it
		rule.Count = s.inj.Calls(sim.OpOrders) - before
	}
	if err := s.inj.Add(rule); err != nil {
		t.Fatal(err)
	}
	s.fill(1)
	<-time.After(100 * time.Millisecond)
	r.early = sum(fillsOf(s.told(exchange.OrderUpdate))).Equal(units(2))
	s.fill(2)
	<-time.After(5 * time.Second)
	s.fill(1)
	s.await("all fills", func() bool { return sum(fillsOf(s.told(exchange.OrderUpdate))).Equal(units(5)) })
	s.fill(5)
	<-time.After(time.Minute)
	for _, ev := range s.told(exchange.StreamDown) {
		r.err = ev.Err
	}
	if up, down := len(s.told(exchange.StreamUp)), len(s.told(exchange.StreamDown)); up != down+1 {
		r.fail("up %d times, down %d times", up, down)
	}
	r.struck = s.inj.Struck(sim.OpOrders, f)
	s.account(&r)
	return r
}

// fill has somebody else trade n units against the order.
func (s *scene) fill(n int64) {
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		if _, err := e.Fill(now, s.limit("a", rests, 10).Ref(), units(n)); err != nil {
			s.t.Error(err)
		}
	})
}

func fillsOf(events []exchange.Event) (r []exchange.Fill) {
	for _, ev := range events {
		r = append(r, ev.Order.Fills...)
	}
	return r
}

// playSetup is a connection whose beginning meets one fault: that of the order stream, then that of the books; or that of order entry. They
// must come up, and live.
func playSetup(t *testing.T, c column, op sim.Op, f sim.Fault) (r seen) {
	open := c.open
	if op == sim.OpLogin && c.login != nil {
		open = c.login
	}
	s := &scene{box: open(t), t: t}
	s.publish(s.book(0))
	rule := sim.Rule{Op: op, Fault: f}
	switch {
	case c.entry != "" && op == sim.OpLogin: // the order stream's, too
		rule.Count = 2
	case c.entry != "":
		rule.Key = c.entry
	}
	strike := func() {
		if err := s.inj.Add(rule); err != nil {
			t.Fatal(err)
		}
	}
	tried := func(up func()) {
		before, began := s.inj.Calls(op), time.Now()
		strike()
		up()
		n, took := s.inj.Calls(op)-before, time.Since(began)
		if r.most == 0 || took < r.took {
			r.took = took
		}
		if r.most == 0 || n < r.sent {
			r.sent = n
		}
		r.most = max(r.most, n)
	}
	switch {
	case c.entry != "":
		tried(func() {
			s.follow()
			<-time.After(2 * time.Minute)
		})
	case op == sim.OpLogin:
		tried(s.follow)
	default:
		tried(s.follow)
		var w *watch
		tried(func() {
			w = s.books()
			s.await("the first book", func() bool { return w.shows(0) })
		})
		s.publish(s.book(1))
		s.await("the second book", func() bool { return w.shows(1) })
		r.faults = w.wrong
	}
	r.struck = s.inj.Struck(op, f)
	s.await("placing", func() bool { // not as long as the address is shut out
		_, err := s.x.Place(t.Context(), s.limit("a", rests, 4))
		return err == nil
	})
	s.await("the order", func() bool { return len(s.told(exchange.OrderUpdate)) > 0 && len(s.open()) == 1 })
	s.settle(&r)
	return r
}
