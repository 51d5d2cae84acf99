package rest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// errQueueFull is why a request is refused when maxWaiting others of its lane wait.
var errQueueFull = errors.New("too many requests wait")

// LimitError says that a request was not let through, and when it might be.
type LimitError struct {
	After time.Duration // zero: not known
	Err   error         // a context's, or what else ended the wait
}

// Error says why.
func (e *LimitError) Error() string {
	if e.After > 0 {
		return fmt.Sprintf("rate limit: not before %v: %v", e.After.Round(time.Millisecond), e.Err)
	}
	return fmt.Sprintf("rate limit: %v", e.Err)
}

// Unwrap is the class and the reason.
func (e *LimitError) Unwrap() []error { return []error{exchange.ErrRateLimited, e.Err} }

// waiter is a request that was not let through at once.
type waiter struct {
	Grant // what it gets
	lane  Lane
	pass  chan struct{} // closed when it may go, or
	err   error         // when it never may; set before
	first bool          // nobody waits before it in one of its dimensions
}

// Grant is a request that was let through. Done must be called when its answer is there, or when it will never be sent.
type Grant struct {
	l      *Limits
	costs  []Cost
	in     []*window // where each of costs counts
	few    [4]*window
	refund uint64 // a bit for each of costs, of which no request has 64
	lost   bool
	done   bool
	queued bool // it had to wait
}

// lateness is how long after we gave up waiting for its answer a venue may still count a request.
const lateness = 10 * time.Second

// Wait lets a request pass when all its dimensions have room for it: those of a more urgent lane first, in one lane in the order of
// arrival. It ends with ctx, or, where by is not zero, as soon as it is clear that by comes earlier. Its errors are *LimitError.
func (l *Limits) Wait(ctx context.Context, lane Lane, by time.Time, costs ...Cost) (*Grant, error) {
	w := &waiter{Grant: Grant{l: l, costs: costs}, lane: lane}
	next, err := l.enter(w, by)
	if err != nil {
		return nil, err
	}
	if next.IsZero() {
		return &w.Grant, nil
	}
	var late <-chan time.Time
	if !by.IsZero() {
		t := time.NewTimer(time.Until(by))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-w.pass:
		return l.grant(w)
	case <-ctx.Done():
		err = ctx.Err()
	case <-late:
		err = context.DeadlineExceeded
	}
	if l.leave(w) {
		return nil, &LimitError{Err: err}
	}
	return l.grant(w) // it passed at the same moment
}

// grant is that of a waiter whose wait has ended.
func (l *Limits) grant(w *waiter) (*Grant, error) {
	if w.err != nil {
		return nil, w.err
	}
	return &w.Grant, nil
}

// never is when a request may pass that waits for an answer to another one.
var never = time.Unix(1<<40, 0)

// enter puts w in the queue; a zero time says that it has passed already, else it is the earliest at which it can.
func (l *Limits) enter(w *waiter, by time.Time) (next time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	w.in = w.few[:0]
	for _, c := range w.costs {
		x := l.windows[c.dimension()]
		if x == nil {
			if l.rules[c.Name] == nil {
				panic("rest: a cost of a rule that nobody declared: " + c.Name)
			}
			x = l.window(c.dimension())
		}
		w.in = append(w.in, x)
	}
	if err := l.tooMuch(w); err != nil {
		return next, err
	}
	next, behind := l.place(now, w)
	switch {
	case !behind && !next.After(now):
		l.fly(w)
		return time.Time{}, nil
	case !by.IsZero() && next.After(by) && !next.Equal(never):
		return next, &LimitError{After: next.Sub(now), Err: context.DeadlineExceeded}
	case l.queued[w.lane] >= maxWaiting:
		return next, &LimitError{Err: errQueueFull}
	}
	w.pass, w.Grant.queued = make(chan struct{}), true
	l.insert(w)
	switch {
	case !next.After(now): // those before it may wait for something else
		l.dispatch(now)
	case !next.Equal(never) && (l.timer == nil || next.Before(l.due)):
		l.alarm(now, next)
	}
	return never, nil
}

// tooMuch is why w never passes: it costs more than its lane ever has. nil: it may.
func (l *Limits) tooMuch(w *waiter) error {
	for i, c := range w.costs {
		if most := w.in[i].limits().share(w.lane); c.N > most {
			return &LimitError{Err: fmt.Errorf("%s: %d at once is more than %d: %w", c.Name, c.N, most, exchange.ErrInvalid)}
		}
	}
	return nil
}

// review looks at all who wait when a limit has changed: it may be too low for some, who would stand in others' way for ever.
func (l *Limits) review() {
	l.waiting = slices.DeleteFunc(l.waiting, func(w *waiter) bool {
		if w.err = l.tooMuch(w); w.err == nil {
			return false
		}
		l.queue(w, -1)
		close(w.pass)
		return true
	})
	l.dispatch(time.Now())
}

// place is when w fits, and whether others who wait go before it: nobody overtakes in a dimension that somebody before him waits for,
// for large requests would wait for ever.
func (l *Limits) place(now time.Time, w *waiter) (next time.Time, behind bool) {
	next = now
	for i, x := range w.in {
		if at := x.room(now, w.lane, w.costs[i].N); at.After(next) {
			next = at
		}
		if x.waits(w.lane) {
			behind = true
		} else {
			w.first = true
		}
	}
	return next, behind
}

// fly counts w as sent.
func (l *Limits) fly(w *waiter) {
	for i, x := range w.in {
		x.flying += w.costs[i].N
	}
}

func (l *Limits) insert(w *waiter) {
	i := len(l.waiting)
	for i > 0 && l.waiting[i-1].lane < w.lane {
		i--
	}
	l.waiting = slices.Insert(l.waiting, i, w)
	l.queue(w, 1)
}

// queue keeps count of who waits in which dimension.
func (l *Limits) queue(w *waiter, n int) {
	l.queued[w.lane] += n
	for _, x := range w.in {
		x.queued[w.lane] += n
	}
}

func (l *Limits) remove(w *waiter) bool {
	i := slices.Index(l.waiting, w)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	l.queue(w, -1)
	return true
}

// leave takes w out of the queue; false: it has passed.
func (l *Limits) leave(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.remove(w) {
		return false
	}
	if w.first { // it may have stood in others' way
		l.dispatch(time.Now())
	}
	return true
}

// dispatch lets pass who can, in order.
func (l *Limits) dispatch(now time.Time) {
	taken := map[*window]bool{}
	var wake time.Time
	kept := l.waiting[:0]
	for _, w := range l.waiting {
		at := now
		w.first = false
		for i, x := range w.in {
			free := never
			if !taken[x] {
				w.first = true
				free = x.room(now, w.lane, w.costs[i].N)
			}
			if free.After(at) {
				at = free
			}
		}
		if !at.After(now) {
			l.fly(w)
			l.queue(w, -1)
			close(w.pass)
			continue
		}
		for i, x := range w.in {
			taken[x] = taken[x] || x.room(now, w.lane, w.costs[i].N).After(now)
		}
		kept = append(kept, w)
		if !at.Equal(never) && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
	l.alarm(now, wake)
}

// alarm calls dispatch again at wake.
func (l *Limits) alarm(now, wake time.Time) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.due = wake
	if !wake.IsZero() {
		l.timer = time.AfterFunc(wake.Sub(now), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.dispatch(time.Now())
		})
	}
}

// Refund takes back what the request cost in the rule called name: the venue does not charge it.
func (g *Grant) Refund(name string) {
	for i, c := range g.costs {
		if c.Name == name {
			g.refund |= 1 << i
		}
	}
}

// Lost says that no answer came, though the request may have left: the venue may count it yet. Done tells the Limits.
func (g *Grant) Lost() { g.lost = true }

// Done counts the request for a window's length from now on, or from 10 s from now on where it is lost. A second call does nothing.
func (g *Grant) Done() {
	if g.done {
		return
	}
	g.done = true
	l := g.l
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	at := now
	if g.lost {
		at = now.Add(lateness)
	}
	for i, c := range g.costs {
		g.in[i].flying -= c.N
		if g.refund&(1<<i) == 0 {
			g.in[i].spend(now, at, c.N)
		}
	}
	l.sweep(now)
	if len(l.waiting) > 0 {
		l.dispatch(now)
	}
}

// sweep drops windows in which nothing counts any more: scopes come and go.
func (l *Limits) sweep(now time.Time) {
	if l.scans++; l.scans < 256 {
		return
	}
	l.scans = 0
	for d, w := range l.windows {
		if w.used(now) == 0 && !w.blocked.After(now) && !w.waits(Reads) {
			delete(l.windows, d)
		}
	}
}
