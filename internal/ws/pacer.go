package ws

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// pacer spaces messages. Ordinary ones wait in a queue whose head takes a turn only when it can be had at once and leaves the reserve in
// place; urgent ones book the next turn that comes. So a queue of ordinary ones never delays an urgent one by more than one turn.
type pacer struct {
	limit   *rate.Limiter
	reserve int           // of the burst, for urgent ones
	head    chan struct{} // whoever has put into it is the head of the ordinary queue

	mu sync.Mutex // makes looking and taking one step; never held while waiting
}

func newPacer(perSecond float64, burst int) *pacer {
	p := &pacer{limit: rate.NewLimiter(rate.Inf, burst), head: make(chan struct{}, 1)}
	if perSecond > 0 {
		p.limit.SetLimit(rate.Limit(perSecond))
	}
	if burst > 1 {
		p.reserve = (burst + 3) / 4
	}
	return p
}

// take takes a turn without waiting for it.
func (p *pacer) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit.ReserveN(time.Now(), 1)
}

// errDone: the connection has ended.
var errDone = errors.New("done")

// wait returns nil when it is the caller's turn.
func (p *pacer) wait(ctx context.Context, done <-chan struct{}, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if urgent {
		r, d := p.book()
		if err := pause(ctx, done, d); err != nil {
			r.Cancel()
			return err
		}
		return nil
	}
	select {
	case p.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return errDone
	}
	defer func() { <-p.head }()
	for {
		d := p.try()
		if d == 0 {
			return nil
		}
		if err := pause(ctx, done, d); err != nil {
			return err
		}
	}
}

func (p *pacer) book() (*rate.Reservation, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r := p.limit.ReserveN(now, 1)
	return r, r.DelayFrom(now)
}

// try takes a turn if one is there beyond the reserve, and tells otherwise how long to wait before the next look.
func (p *pacer) try() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	r := p.limit.ReserveN(now, 1+p.reserve)
	d := r.DelayFrom(now)
	r.CancelAt(now)
	if d == 0 {
		p.limit.ReserveN(now, 1)
	}
	return d
}

// pause waits for d, unless that is longer than ctx allows.
func pause(ctx context.Context, done <-chan struct{}, d time.Duration) error {
	if d == 0 {
		return nil
	}
	if at, ok := ctx.Deadline(); ok && time.Until(at) < d {
		return fmt.Errorf("%w: the queue is %v long", exchange.ErrRateLimited, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return errDone
	}
}
