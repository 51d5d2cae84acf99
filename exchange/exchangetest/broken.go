package exchangetest

import (
	"errors"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func brokenBookCases() []test {
	r := []test{
		{name: "gap", run: gap},
		{name: "crossed", run: func(s *scene) { s.breaks("crossed-book", exchange.ErrCrossed) }},
		{name: "resync", run: func(s *scene) { s.breaks("disconnect", exchange.ErrDown) }},
		{name: "stale", long: true, run: func(s *scene) { s.breaks("stall", exchange.ErrStale, exchange.ErrDown) }},
		{name: "snapshot-fails", run: snapshotFails},
		{name: "connect-fails", run: connectFails},
	}
	for _, kind := range []string{"twice", "swapped"} {
		r = append(r, test{name: "books-" + kind, run: func(s *scene) { s.disturbed(kind) }})
	}
	for _, kind := range []string{"corrupt", "cut", "slow-reader"} {
		r = append(r, test{name: "books-" + kind, run: func(s *scene) { s.breaks(kind, exchange.ErrFrame, exchange.ErrDown, exchange.ErrGap) }})
	}
	return r
}

// first follows the symbol's books, and returns when there is one.
func (s *scene) first() *tape[*exchange.Book] {
	s.Helper()
	p := s.books(s.run.symbol)
	if !p.await(whole) {
		s.Fatalf("stream: no book comes")
	}
	return p
}

// lost is the first invalid book, after skipping some.
func lost(all []*exchange.Book, from int) int {
	i := slices.IndexFunc(all[from:], func(b *exchange.Book) bool { return b.Err != nil })
	if i < 0 {
		return -1
	}
	return from + i
}

// churn publishes n states of the book, far enough apart for each to be told, and returns them.
func (s *scene) churn(from, n int64) (states []*exchange.Book) {
	for i := from; i < from+n; i++ {
		b := s.stir(i)
		s.publish(b)
		states = append(states, b)
		s.pass(time.Second / 4)
	}
	return states
}

// A missing message invalidates the book, before anything wrong can be read of it, and it becomes whole again by itself.
func gap(s *scene) { s.breaks("drop", exchange.ErrGap) }

// breaks has the stream of books meet a fault that makes the book unknowable, for one of several reasons.
func (s *scene) breaks(kind string, reasons ...error) {
	p := s.first()
	states := append([]*exchange.Book{s.book(s.ins, 0)}, s.churn(1, 3)...)
	if !s.arrives(p, states[3]) {
		return
	}
	s.fault(Fault{Op: "books", Kind: kind})
	before := len(p.all())
	states = append(states, s.churn(4, 6)...)
	if !p.await(func(all []*exchange.Book) bool { return lost(all, before) >= 0 }) {
		s.Errorf("stream: after %q no invalid book comes", kind)
		return
	}
	last := s.stir(20)
	s.publish(last)
	states = append(states, last)
	if !s.arrives(p, last) {
		return
	}
	all := p.all()
	s.ordered(all, states)
	broken := all[lost(all, before)]
	if !slices.ContainsFunc(reasons, func(err error) bool { return errors.Is(broken.Err, err) }) {
		s.Errorf("stream: after %q the book is invalid for %v, want %v", kind, broken.Err, reasons)
	}
	fresh, err := s.x.Snapshot(s.ctx, s.run.symbol, levels)
	s.must("snapshot", err)
	if !sameBook(all[len(all)-1], fresh, levels) {
		s.Errorf("the streamed book is %s, a fresh snapshot %s", brief(all[len(all)-1]), brief(fresh))
	}
}

// disturbed has the stream meet something that it may bear or not: what it tells is true all the same, and in the end whole.
func (s *scene) disturbed(kind string) {
	p := s.first()
	states := []*exchange.Book{s.book(s.ins, 0)}
	s.fault(Fault{Op: "books", Kind: kind, Nth: 2})
	states = append(states, s.churn(1, 8)...)
	last := s.stir(20)
	s.publish(last)
	if s.arrives(p, last) {
		s.ordered(p.all(), append(states, last))
	}
}

// A snapshot that fails is an error, unless it was asked for again.
func snapshotFails(s *scene) {
	before := s.stage.Sent("read")
	s.fault(Fault{Op: "read", Kind: "server-error"})
	b, err := s.x.Snapshot(s.ctx, s.run.symbol, 5)
	if n := s.stage.Sent("read") - before; err == nil && n < 2 {
		s.Errorf("snapshot: %s, from a question whose answer was an error", brief(b))
	}
}

// A stream whose first connections fail comes up all the same.
func connectFails(s *scene) {
	s.fault(Fault{Op: "connect", Kind: "refused", Nth: 1})
	s.fault(Fault{Op: "connect", Kind: "refused", Nth: 2})
	s.first()
}
