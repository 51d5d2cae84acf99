package exchangetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func dataCases() []test {
	return []test{
		{name: "instruments", only: once, alone: true, run: instruments},
		{name: "snapshot", alone: true, run: snapshot},
		{name: "deltas", run: deltas},
		{name: "two-symbols", only: once, run: twoSymbols},
		{name: "unsubscribe", alone: true, run: unsubscribe},
		{name: "unknown-symbol", alone: true, run: unknownSymbol},
	}
}

// Every instrument is of this venue, once, with rules that orders can be checked against.
func instruments(s *scene) {
	list, err := s.x.Instruments(s.ctx)
	s.must("instruments", err)
	seen := map[exchange.Market]bool{}
	for _, ins := range list {
		if err := ins.Validate(); err != nil {
			s.Errorf("%v", err)
		}
		if ins.Market.Venue != s.x.Venue() || seen[ins.Market] {
			s.Errorf("instrument %s is another venue's, or listed twice", ins.Market)
		}
		seen[ins.Market] = true
		if ins.VenueSymbol == "" || ins.Settle == "" || ins.Contract.Sign() <= 0 {
			s.Errorf("%s: venue symbol %q, settled in %q, contract %s", ins.Market, ins.VenueSymbol, ins.Settle, ins.Contract)
		}
	}
	for _, y := range []exchange.Symbol{s.cfg.Spot, s.cfg.Perp} {
		if y != (exchange.Symbol{}) && !s.instrument(y).Tradable {
			s.Errorf("%s is not tradable", y)
		}
	}
}

// A snapshot has the depth that was asked for, in order, on the instrument's steps.
func snapshot(s *scene) {
	for _, depth := range []int{1, 5, levels} {
		asked := time.Now()
		b, err := s.x.Snapshot(s.ctx, s.run.symbol, depth)
		s.must("snapshot", err)
		if b.RecvTime.Before(asked) || b.RecvTime.After(time.Now()) {
			s.Errorf("snapshot: received at %s, asked for at %s", b.RecvTime, asked)
		}
		if b.Market != s.ins.Market || b.Err != nil {
			s.Errorf("snapshot: %s, %v", b.Market, b.Err)
		}
		if len(b.Bids) < depth || len(b.Asks) < depth {
			s.Errorf("snapshot: asked for %d levels, got %d bids and %d asks", depth, len(b.Bids), len(b.Asks))
		}
		for _, l := range slices.Concat(b.Bids, b.Asks) {
			if !b.Price(l).IsMultiple(s.ins.Tick) {
				s.Errorf("snapshot: price %s is no multiple of tick %s", b.Price(l), s.ins.Tick)
			}
			if !b.Size(l).IsMultiple(s.ins.Lot) {
				s.Errorf("snapshot: size %s is no multiple of lot %s", b.Size(l), s.ins.Lot)
			}
		}
		if s.stage != nil && !sameBook(b, s.book(s.ins, 0), depth) {
			s.Errorf("snapshot: %s, want the book that was published", brief(b))
		}
	}
}

// sameBook compares two books level by level, as numbers; depth > 0: only so many of the best.
func sameBook(a, b *exchange.Book, depth int) bool {
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		x, y := a.Side(side), b.Side(side)
		n := max(len(x), len(y))
		if depth > 0 {
			n = min(n, depth)
		}
		if len(x) < n || len(y) < n {
			return false
		}
		for i := 1; i <= n; i++ {
			l, m := x[len(x)-i], y[len(y)-i]
			if !a.Price(l).Equal(b.Price(m)) || !a.Size(l).Equal(b.Size(m)) {
				return false
			}
		}
	}
	return true
}

// stir is the usual book in its nth state: each differs from all others within the first levels, by prices, sizes, and levels that come and
// go.
func (s *scene) stir(n int64) *exchange.Book {
	b := s.book(s.ins, n%5)
	best := func(side []exchange.Level) *exchange.Level { return &side[len(side)-1] }
	best(b.Bids).Size *= 1 + n
	best(b.Asks).Size *= 2 + n
	if n%3 == 1 {
		b.Asks = slices.Delete(b.Asks, levels-3, levels-2)
	}
	if n%4 == 2 {
		b.Bids = slices.Delete(b.Bids, levels-5, levels-3)
	}
	return b
}

// Every emitted book is one that the venue had, in its order, and the last one is the venue's: as published, and as a fresh snapshot.
func deltas(s *scene) {
	p := s.books(s.run.symbol)
	if !p.await(func(all []*exchange.Book) bool { return whole(all) }) {
		s.Fatalf("stream: no book comes")
	}
	states := []*exchange.Book{s.book(s.ins, 0)}
	for n := int64(1); n <= 60; n++ {
		b := s.stir(n)
		states = append(states, b)
		s.publish(b)
		if n%3 != 0 && !s.arrives(p, b) {
			return
		}
	}
	last := states[len(states)-1]
	if !s.arrives(p, last) {
		return
	}
	s.ordered(p.all(), states)
	fresh, err := s.x.Snapshot(s.ctx, s.run.symbol, levels)
	s.must("snapshot", err)
	if got := p.all(); !sameBook(got[len(got)-1], fresh, levels) {
		s.Errorf("the streamed book is %s, a fresh snapshot %s", brief(got[len(got)-1]), brief(fresh))
	}
}

// One stream of two symbols tells each one's books, as they are.
func twoSymbols(s *scene) {
	other := s.cfg.Perp
	if other == (exchange.Symbol{}) || other == s.run.symbol {
		s.t.Skip("there is only one symbol")
	}
	ins := s.instrument(other)
	s.publish(s.book(ins, 3))
	p := s.books(s.run.symbol, other)
	for n := int64(1); n <= 10; n++ {
		s.publish(s.stir(n))
		s.publish(s.book(ins, 3+n))
	}
	for _, want := range []*exchange.Book{s.stir(10), s.book(ins, 13)} {
		if !p.await(func(all []*exchange.Book) bool {
			return slices.ContainsFunc(all, func(b *exchange.Book) bool { return same(b, want) })
		}) {
			s.Errorf("stream: no book of %s as it is in the end", want.Market)
		}
	}
}

// same is sameBook of one market, all levels.
func same(a, b *exchange.Book) bool { return a.Market == b.Market && a.Err == nil && sameBook(a, b, 0) }

func whole(all []*exchange.Book) bool { return len(all) > 0 && all[len(all)-1].Err == nil }

// arrives waits for a book on a stream.
func (s *scene) arrives(p *tape[*exchange.Book], want *exchange.Book) bool {
	s.Helper()
	ok := p.await(func(all []*exchange.Book) bool { return whole(all) && sameBook(all[len(all)-1], want, 0) })
	if !ok {
		all := p.all()
		s.Errorf("stream: the last of %d books is %s, want %s", len(all), brief(all[len(all)-1]), brief(want))
	}
	return ok
}

// ordered checks that the valid books of got are states, in their order.
func (s *scene) ordered(got, states []*exchange.Book) {
	s.Helper()
	at := 0
	for i, b := range got {
		if b.Err != nil {
			continue
		}
		next := slices.IndexFunc(states[at:], func(w *exchange.Book) bool { return sameBook(b, w, 0) })
		if next < 0 {
			s.Errorf("stream: book %d, %s, is none that the venue had after state %d", i, brief(b), at)
			return
		}
		at += next
	}
}

// A stream ends when its context does, with its error, and what is asked for afterwards is answered.
func unsubscribe(s *scene) {
	p := s.books(s.run.symbol)
	if !p.await(whole) {
		s.Fatalf("stream: no book comes")
	}
	e := s.listen()
	for _, err := range []error{p.stop(), e.stop()} {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("a stream ended with %v, want context.Canceled", err)
		}
	}
	count := len(p.all())
	if s.stage != nil {
		s.publish(s.stir(1))
		s.pass(second)
	}
	if n := len(p.all()); n != count {
		s.Errorf("%d books came after the stream had returned", n-count)
	}
	again := s.books(s.run.symbol)
	if !again.await(whole) {
		s.Errorf("stream: no book comes the second time")
	}
}

// A symbol that the venue does not have is refused, by each call that names one, before any waiting.
func unknownSymbol(s *scene) {
	y := exchange.Symbol{Base: "NOSUCHCOIN", Quote: s.run.symbol.Quote, Kind: s.run.symbol.Kind}
	_, err := s.x.Snapshot(s.ctx, y, 5)
	s.wantRead("snapshot", err, exchange.ErrInvalid)
	err = s.x.StreamBooks(s.ctx, []exchange.Symbol{y}, func(b *exchange.Book) {
		if b.Err == nil {
			s.Errorf("stream: a book of %s", b.Market)
		}
	})
	s.wantRead("stream", err, exchange.ErrInvalid)
	r := s.limit(exchange.Buy, bid, 1)
	r.Market.Symbol = y
	_, err = s.x.Place(s.ctx, r)
	s.wantRefused("place", err, exchange.ErrInvalid)
}
