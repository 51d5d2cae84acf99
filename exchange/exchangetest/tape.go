package exchangetest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// tape keeps what a stream told, and wakes the case.
type tape[T any] struct {
	s      *scene
	news   chan struct{}
	done   chan struct{}
	cancel context.CancelFunc

	mu   sync.Mutex
	kept []T
	err  error // how the stream ended
}

// record runs stream in a goroutine of its own until the case, or stop, ends it.
func record[T any](s *scene, stream func(context.Context, *tape[T]) error) *tape[T] {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &tape[T]{s: s, news: make(chan struct{}, 1), done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(p.done)
		err := stream(ctx, p)
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
	}()
	s.closes = append(s.closes, func() { _ = p.stop() })
	return p
}

func (p *tape[T]) add(x T) {
	p.mu.Lock()
	p.kept = append(p.kept, x)
	p.mu.Unlock()
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// all is a copy of what has come so far.
func (p *tape[T]) all() []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.kept)
}

// await waits until what has come satisfies cond; false when patience ends, or the stream.
func (p *tape[T]) await(cond func([]T) bool) bool {
	timer := time.NewTimer(p.s.cfg.Patience)
	defer timer.Stop()
	for {
		if cond(p.all()) {
			return true
		}
		select {
		case <-p.news:
		case <-p.done:
			return cond(p.all())
		case <-timer.C:
			return cond(p.all())
		}
	}
}

// stop ends the stream and is its error. That must not take long.
func (p *tape[T]) stop() error {
	p.cancel()
	timer := time.NewTimer(p.s.cfg.Patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.s.Errorf("a stream does not return although its context has ended")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// exclusive is emit, which notes when it is called while it runs.
func exclusive[T any](s *scene, what string, emit func(T)) func(T) {
	var busy atomic.Bool
	return func(x T) {
		if !busy.CompareAndSwap(false, true) {
			s.Errorf("%s: emit is called while it runs", what)
			return
		}
		defer busy.Store(false)
		emit(x)
	}
}

// books follows the books of symbols; each is copied.
func (s *scene) books(symbols ...exchange.Symbol) *tape[*exchange.Book] {
	return record(s, func(ctx context.Context, p *tape[*exchange.Book]) error {
		emits := make(map[exchange.Symbol]func(*exchange.Book))
		for _, y := range symbols {
			invalid := false
			emits[y] = exclusive(s, "books of "+y.String(), func(b *exchange.Book) {
				if invalid && b.Err != nil {
					s.Errorf("stream: a book of %s that is invalid already is emitted again: %v", y, b.Err)
				}
				invalid = b.Err != nil
				p.add(b.Clone())
			})
		}
		return s.x.StreamBooks(ctx, symbols, func(b *exchange.Book) {
			emit := emits[b.Market.Symbol]
			if emit == nil {
				s.Errorf("stream: a book of %s, which nobody asked for", b.Market)
				return
			}
			emit(b)
		})
	})
}

// events is what a stream of orders told.
type events struct {
	*tape[exchange.Event]
	x exchange.Exchange // whose it is
}

// listen follows the account's orders; it returns when the stream is up.
func (s *scene) listen() *events {
	s.Helper()
	return s.listenTo(s.x)
}

func (s *scene) listenTo(x exchange.Exchange) *events {
	s.Helper()
	rules := &eventRules{s: s, status: map[string]exchange.Status{}, filled: map[string]exchange.Decimal{}, seen: map[exchange.FillKey]bool{}}
	p := record(s, func(ctx context.Context, p *tape[exchange.Event]) error {
		return x.StreamOrders(ctx, exclusive(s, "orders", func(ev exchange.Event) {
			rules.check(ev)
			p.add(ev)
		}))
	})
	e := &events{tape: p, x: x}
	if !e.await(func(all []exchange.Event) bool { return len(all) > 0 }) {
		s.Fatalf("stream of orders does not come up: %v", p.stop())
	}
	if x == s.x {
		s.heard, s.since = e, len(s.placed)
	}
	return e
}

// order is what the stream has told of an order: its last state, and all of its fills.
func (e *events) order(id string) (o exchange.Order, fills []exchange.Fill, ok bool) {
	for _, ev := range e.all() {
		if ev.Kind == exchange.OrderUpdate && ev.Order.ClientID == id {
			o, ok = ev.Order, true
			fills = append(fills, ev.Order.Fills...)
		}
	}
	return o, fills, ok
}

// eventRules is what holds of every sequence of events.
type eventRules struct {
	s      *scene
	up     bool
	some   bool
	status map[string]exchange.Status
	filled map[string]exchange.Decimal
	seen   map[exchange.FillKey]bool
}

func (r *eventRules) check(ev exchange.Event) {
	switch ev.Kind {
	case exchange.StreamUp, exchange.StreamDown:
		if up := ev.Kind == exchange.StreamUp; up == r.up {
			r.s.Errorf("%s while it is so already", ev.Kind)
		} else {
			r.up = up
		}
		if (ev.Kind == exchange.StreamDown) != (ev.Err != nil) {
			r.s.Errorf("%s with error %v", ev.Kind, ev.Err)
		}
	case exchange.OrderUpdate:
		r.order(ev.Order)
	case exchange.BalanceUpdate, exchange.PositionUpdate:
		if len(ev.Balances)+len(ev.Positions) == 0 {
			r.s.Errorf("event %s without any", ev.Kind)
		}
	default:
		r.s.Errorf("event of kind %s", ev.Kind)
	}
	if !r.some && ev.Kind != exchange.StreamUp {
		r.s.Errorf("the first event is %s, want stream up", ev.Kind)
	}
	r.some = true
	if ev.Time.IsZero() {
		r.s.Errorf("event %s without a time", ev.Kind)
	}
}

func (r *eventRules) order(o exchange.Order) {
	before, id := r.status[o.ClientID], o.ClientID
	if _, err := before.To(o.Status); err != nil {
		r.s.Errorf("stream: order %s: %v", id, err)
	}
	r.status[id] = o.Status
	if o.Filled.Cmp(r.filled[id]) < 0 {
		r.s.Errorf("stream: order %s had filled %s, and now %s", id, r.filled[id], o.Filled)
	}
	r.filled[id] = o.Filled
	for _, f := range o.Fills {
		(&audit{x: r.s.raw, s: r.s}).fill("stream", f, o.Ref())
		if r.seen[f.Key()] {
			r.s.Errorf("stream: fill %s of order %s comes twice", f.TradeID, id)
		}
		r.seen[f.Key()] = true
	}
}
