package rest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Lane says how urgent a request is: who may use how much of what a venue allows.
type Lane uint8

const (
	Reads    Lane = iota // public data, and what an account reads at leisure
	Opens                // orders that may open exposure
	Protects             // cancels, lookups, reductions: what the other lanes leave is theirs, at least
)

// Rule is one dimension in which a venue counts: at most Limit within any Window, whenever that begins.
type Rule struct {
	Limit  int
	Window time.Duration
	// Reads and Opens are up to what percentage of Limit all use together may be brought by a request of that lane; zero means 50 and
	// 80. What is left above belongs to Protects: however many reads wait, a cancel within that share passes at once.
	Reads, Opens int
}

// share is how far a request of lane may bring the use of the dimension.
func (r Rule) share(lane Lane) int {
	percent := 100
	switch {
	case lane == Reads && r.Reads == 0:
		percent = 50
	case lane == Reads:
		percent = r.Reads
	case lane == Opens && r.Opens == 0:
		percent = 80
	case lane == Opens:
		percent = r.Opens
	}
	return max(1, r.Limit*percent/100)
}

// Cost is what a request adds to one dimension: N to the rule called Name, counted for each Scope by itself (an account, a
// symbol; "" where there is one only).
type Cost struct {
	Name, Scope string
	N           int
}

type dimension struct{ name, scope string }

func (c Cost) dimension() dimension { return dimension{c.Name, c.Scope} }

// Limits is what a venue allows one address of ours, and how much of it is used. Clients that share the address share the Limits. It is
// safe for concurrent use; it owns no goroutine, and a timer only while somebody waits.
//
// A request counts from the moment when it may be sent until a window after its answer: the venue counted it somewhere between, so
// no window of the venue's ever holds more than the limit, however long the way.
type Limits struct {
	mu      sync.Mutex // guards what follows; never held over a wait
	rules   map[string]Rule
	own     map[dimension]int // limits of single scopes: an account's by its tier
	windows map[dimension]*window
	waiting []*waiter // Protects first, then Opens, then Reads, each in the order of arrival
	timer   *time.Timer
	due     time.Time // the timer's
	gates   map[route]*gate
	pauses  map[string]time.Time // of openings, by base address
	scans   int                  // until idle windows are dropped
}

// route is one way to a venue's host: egress 0 is the usual one.
type route struct {
	base   string
	egress int
}

// maxWaiting bounds the queue of a Limits; who comes when it is full is refused.
const maxWaiting = 4096

// NewLimits starts from the published rules, by name.
func NewLimits(rules map[string]Rule) *Limits {
	l := &Limits{rules: make(map[string]Rule, len(rules)), own: map[dimension]int{}, windows: map[dimension]*window{}, gates: map[route]*gate{}, pauses: map[string]time.Time{}}
	for name, r := range rules {
		l.rules[name] = r
	}
	return l
}

// SetLimit corrects the rule called name by what the venue told. A limit that is not positive is ignored, a new name too.
func (l *Limits) SetLimit(name string, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, known := l.rules[name]
	if !known || limit <= 0 || r.Limit == limit {
		return
	}
	r.Limit = limit
	l.rules[name] = r
	l.dispatch(time.Now())
}

// maxOwn bounds the scopes that have limits of their own.
const maxOwn = 4096

// SetScopeLimit is SetLimit for one scope: accounts of different tiers behind one address have different limits.
func (l *Limits) SetScopeLimit(name, scope string, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := dimension{name, scope}
	if _, known := l.rules[name]; !known || limit <= 0 || l.rule(d).Limit == limit || l.own[d] == 0 && len(l.own) == maxOwn {
		return
	}
	l.own[d] = limit
	l.dispatch(time.Now())
}

// Rule is the rule called name as it holds for scope now.
func (l *Limits) Rule(name, scope string) Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rule(dimension{name, scope})
}

func (l *Limits) rule(d dimension) Rule {
	r := l.rules[d.name]
	if n := l.own[d]; n > 0 {
		r.Limit = n
	}
	return r
}

// Used is how much of a dimension counts as used at this moment.
func (l *Limits) Used(name, scope string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[dimension{name, scope}]
	if w == nil {
		return 0
	}
	return w.used(time.Now(), l.rules[name].Window)
}

// Observe takes the venue's own count of a dimension. Where it is higher than ours, others use the address too, and the difference counts
// from now on; where it is lower our count stays, for the venue's interval may just have begun.
func (l *Limits) Observe(name, scope string, used int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rule, known := l.rules[name]
	if !known {
		return
	}
	now, w := time.Now(), l.window(dimension{name, scope})
	if more := min(used, 10*l.rule(dimension{name, scope}).Limit) - w.used(now, rule.Window); more > 0 {
		w.spend(now, more, rule.Window)
	}
}

// Block lets nothing that costs in a dimension pass before until: the venue has refused there.
func (l *Limits) Block(name, scope string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.rules[name]; !known {
		return
	}
	if w := l.window(dimension{name, scope}); until.After(w.blocked) {
		w.blocked = until
	}
}

// window is that of d, made where it is new.
func (l *Limits) window(d dimension) *window {
	w := l.windows[d]
	if w == nil {
		w = new(window)
		l.windows[d] = w
	}
	return w
}

// errQueueFull is why a request is refused when maxWaiting others wait.
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
	lane  Lane
	costs []Cost
	pass  chan struct{} // closed when it may go
	first bool          // nobody waits before it in one of its dimensions
}

// Grant is a request that was let through. Done must be called when its answer is there, or when it will never be sent.
type Grant struct {
	l      *Limits
	costs  []Cost
	refund []string
	done   bool
}

// Wait lets a request pass when all its dimensions have room for it: those of a more urgent lane first, in one lane in the order of
// arrival. It ends with ctx, or, where by is not zero, as soon as it is clear that by comes earlier. Its errors are *LimitError.
func (l *Limits) Wait(ctx context.Context, lane Lane, by time.Time, costs ...Cost) (*Grant, error) {
	w := &waiter{lane: lane, costs: costs}
	next, err := l.enter(w, by)
	if err != nil {
		return nil, err
	}
	if next.IsZero() {
		return &Grant{l: l, costs: costs}, nil
	}
	var late <-chan time.Time
	if !by.IsZero() {
		t := time.NewTimer(time.Until(by))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-w.pass:
		return &Grant{l: l, costs: costs}, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-late:
		err = context.DeadlineExceeded
	}
	if l.leave(w) {
		return nil, &LimitError{Err: err}
	}
	// It passed at the same moment.
	return &Grant{l: l, costs: costs}, nil
}

// never is when a request may pass that waits for an answer to another one.
var never = time.Unix(1<<40, 0)

// enter puts w in the queue; a zero time says that it has passed already, else it is the earliest at which it can.
func (l *Limits) enter(w *waiter, by time.Time) (next time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, c := range w.costs {
		if _, known := l.rules[c.Name]; !known {
			panic("rest: a cost of a rule that nobody declared: " + c.Name)
		}
		if most := l.rule(c.dimension()).share(w.lane); c.N > most {
			return next, &LimitError{Err: fmt.Errorf("%s: %d at once is more than %d: %w", c.Name, c.N, most, exchange.ErrInvalid)}
		}
	}
	if len(l.waiting) >= maxWaiting {
		return next, &LimitError{Err: errQueueFull}
	}
	next, behind := l.place(now, w)
	switch {
	case !behind && !next.After(now):
		l.fly(w)
		return time.Time{}, nil
	case !by.IsZero() && next.After(by) && !next.Equal(never):
		return next, &LimitError{After: next.Sub(now), Err: context.DeadlineExceeded}
	}
	w.pass = make(chan struct{})
	l.insert(w)
	switch {
	case !next.After(now): // those before it may wait for something else
		l.dispatch(now)
	case !next.Equal(never) && (l.timer == nil || next.Before(l.due)):
		l.alarm(now, next)
	}
	return never, nil
}

// place is when w fits, and whether others who wait go before it: nobody overtakes in a dimension that somebody before him waits for,
// for large requests would wait for ever.
func (l *Limits) place(now time.Time, w *waiter) (next time.Time, behind bool) {
	next = now
	for _, c := range w.costs {
		if at := l.room(now, w.lane, c); at.After(next) {
			next = at
		}
		if x := l.windows[c.dimension()]; x != nil && x.waits(w.lane) {
			behind = true
		} else {
			w.first = true
		}
	}
	return next, behind
}

// fly counts w as sent.
func (l *Limits) fly(w *waiter) {
	for _, c := range w.costs {
		l.window(c.dimension()).flying += c.N
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
	for _, c := range w.costs {
		l.window(c.dimension()).queued[w.lane] += n
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

// room is when c fits, as far as the clock decides it: now or earlier, later, or never.
func (l *Limits) room(now time.Time, lane Lane, c Cost) time.Time {
	w := l.windows[c.dimension()]
	if w == nil {
		return now
	}
	r := l.rule(c.dimension())
	return w.room(now, r.Window, r.share(lane)-c.N)
}

// dispatch lets pass who can, in order.
func (l *Limits) dispatch(now time.Time) {
	taken := map[dimension]bool{}
	var wake time.Time
	kept := l.waiting[:0]
	for _, w := range l.waiting {
		at := now
		w.first = false
		for _, c := range w.costs {
			free := never
			if !taken[c.dimension()] {
				w.first = true
				free = l.room(now, w.lane, c)
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
		for _, c := range w.costs {
			taken[c.dimension()] = taken[c.dimension()] || l.room(now, w.lane, c).After(now)
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
func (g *Grant) Refund(name string) { g.refund = append(g.refund, name) }

// Done counts the request from now on for a window's length. A second call does nothing.
func (g *Grant) Done() {
	if g.done {
		return
	}
	g.done = true
	l := g.l
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, c := range g.costs {
		w := l.window(c.dimension())
		w.flying -= c.N
		if !slices.Contains(g.refund, c.Name) {
			w.spend(now, c.N, l.rules[c.Name].Window)
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
		if w.used(now, l.rules[d.name].Window) == 0 && !w.blocked.After(now) && !w.waits(Reads) {
			delete(l.windows, d)
		}
	}
}
