package order

import (
	"container/heap"
	"context"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// liveTrader makes an AsyncTrader of a blocking one: a goroutine and a time-out a call.
type liveTrader struct {
	exchange.Exchange
	c *Coordinator
}

var (
	_ AsyncTrader = liveTrader{}
	_ sender      = liveTrader{}
)

// call runs f beside the owner and its end in the owner. A caller's context plays no part: what was sent must be brought to its end.
func (t liveTrader) call(f func(context.Context) (exchange.Order, error), done func(exchange.Order, error)) {
	c := t.c
	c.calls.Go(func() {
		ctx, cancel := context.WithTimeout(c.life, c.cfg.CallTimeout)
		defer cancel()
		o, err := f(ctx)
		c.post(func() { done(o, err) })
	})
}

// send waits for the journal in the goroutine that sends: many wait for one sync together.
func (t liveTrader) send(seq uint64, must bool, r exchange.OrderRequest, done func(exchange.Order, error)) {
	t.call(func(ctx context.Context) (exchange.Order, error) {
		if err := t.c.cfg.Journal.Sync(seq); err != nil {
			if !must {
				return exchange.Order{}, notJournaled(err)
			}
			t.c.post(func() { t.c.driver.fault("journal_failed", err) })
		}
		return t.Exchange.Place(ctx, r)
	}, done)
}

// Place is exchange.Trader's, without waiting.
func (t liveTrader) Place(r exchange.OrderRequest, done func(exchange.Order, error)) {
	t.call(func(ctx context.Context) (exchange.Order, error) { return t.Exchange.Place(ctx, r) }, done)
}

// Replace is exchange.Trader's, without waiting.
func (t liveTrader) Replace(ref exchange.OrderRef, x exchange.Change, done func(exchange.Order, error)) {
	t.call(func(ctx context.Context) (exchange.Order, error) { return t.Exchange.Replace(ctx, ref, x) }, done)
}

// Cancel is exchange.Trader's, without waiting.
func (t liveTrader) Cancel(ref exchange.OrderRef, done func(exchange.Order, error)) {
	t.call(func(ctx context.Context) (exchange.Order, error) { return t.Exchange.Cancel(ctx, ref) }, done)
}

// Lookup is exchange.Trader's, without waiting.
func (t liveTrader) Lookup(ref exchange.OrderRef, done func(exchange.Order, error)) {
	t.call(func(ctx context.Context) (exchange.Order, error) { return t.Exchange.Lookup(ctx, ref) }, done)
}

// wall is the Clock of a Coordinator. After is called by the owner only.
type wall struct{ c *Coordinator }

func (wall) Now() time.Time { return time.Now() }

func (w wall) After(d time.Duration, f func()) { w.c.timers.add(time.Now().Add(d), f) }

// timers is a heap under one alarm: no goroutine a timer, and none that outlives Run. It is the owner's.
type timers struct {
	list  []entry
	next  uint64
	alarm *time.Timer
}

type entry struct {
	at  time.Time
	seq uint64
	f   func()
}

func (t *timers) add(at time.Time, f func()) {
	t.next++
	heap.Push(t, entry{at, t.next, f})
	t.set()
}

// run calls what is due. What it adds for the same instant is called too, after all that was there before.
func (t *timers) run(now time.Time) {
	for len(t.list) > 0 && !t.list[0].at.After(now) {
		heap.Pop(t).(entry).f()
	}
	t.set()
}

func (t *timers) set() {
	if len(t.list) > 0 {
		t.alarm.Reset(time.Until(t.list[0].at))
	}
}

// Len, Less, Swap, Push and Pop are heap.Interface.
func (t *timers) Len() int { return len(t.list) }

func (t *timers) Less(i, j int) bool {
	a, b := &t.list[i], &t.list[j]
	return a.at.Before(b.at) || a.at.Equal(b.at) && a.seq < b.seq
}

func (t *timers) Swap(i, j int) { t.list[i], t.list[j] = t.list[j], t.list[i] }

func (t *timers) Push(x any) { t.list = append(t.list, x.(entry)) }

func (t *timers) Pop() any {
	e := t.list[len(t.list)-1]
	t.list[len(t.list)-1] = entry{}
	t.list = t.list[:len(t.list)-1]
	return e
}
