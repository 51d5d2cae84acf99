package private

import (
	"context"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// catchUp reconciles c and makes it live.
func (r *run) catchUp(c *line) error {
	news, err := r.reconcile(c.ctx, c.link, true)
	if err == nil {
		err = r.begin(c, news)
	}
	if cause := context.Cause(c.ctx); cause != nil {
		return cause
	}
	return err
}

// begin queues what was read, then what was pushed meanwhile, and opens the way for what is pushed from now on. Before the first StreamUp
// it waits for the other links.
func (r *run) begin(c *line, news []item) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.link.ready = true
	r.cond.Broadcast()
	for !r.started && c.ctx.Err() == nil {
		if r.all(func(l *link) bool { return l.ready }) {
			r.started = true
			r.rise()
			break
		}
		r.cond.Wait()
	}
	if !r.flush(c, news) {
		return c.ctx.Err()
	}
	c.link.live = true
	for !r.up && c.ctx.Err() == nil && r.all(func(l *link) bool { return l.live }) {
		if len(r.queue) < r.cfg.Queue {
			r.rise()
			break
		}
		r.cond.Wait()
	}
	return c.ctx.Err()
}

// flush queues news and what c held; false: c ended before.
func (r *run) flush(c *line, news []item) bool {
	for i, x := range news {
		if !r.room(c.ctx) {
			for _, x := range news[i:] {
				r.cfg.Tracker.miss(x.update)
			}
			return false
		}
		r.put(x)
	}
	for len(c.held) > 0 {
		if !r.room(c.ctx) {
			return false
		}
		r.put(item{update: c.held[0], link: c.link, at: time.Now()})
		c.held = c.held[1:]
	}
	c.open = true
	return true
}

// rise queues StreamUp. The mutex is held.
func (r *run) rise() {
	r.up = true
	r.put(item{kind: exchange.StreamUp, at: time.Now()})
}

func (r *run) all(is func(*link) bool) bool {
	for _, l := range r.links {
		if !is(l) {
			return false
		}
	}
	return true
}

// serve watches a live connection until it ends, and those that replace it. It returns the last of them with the cause.
func (r *run) serve(c *line) (*line, error) {
	l := c.link
	w := watch{run: r, line: c, settle: time.NewTimer(r.cfg.Settle), age: time.NewTimer(r.maxAge(l, c)), late: time.NewTimer(0)}
	<-w.late.C
	defer w.settle.Stop()
	defer w.age.Stop()
	defer w.late.Stop()
	for {
		select {
		case <-w.line.ctx.Done():
			if w.settled {
				l.gap = w.line.conn.Alive()
			}
			return w.line, context.Cause(w.line.ctx)
		case <-w.settle.C:
			w.lookAgain()
		case <-l.owed:
			w.await()
		case <-w.late.C:
			w.fetch()
		case <-w.age.C:
			w.replace()
		case <-l.Renew:
			w.replace()
		}
	}
}

func (r *run) maxAge(l *link, c *line) time.Duration {
	const never = 1 << 62
	if l.MaxAge < 0 {
		return never
	}
	return max(0, l.MaxAge-time.Since(c.born))
}

// watch is a live link.
type watch struct {
	*run
	line    *line
	settle  *time.Timer // when to read again what was missed
	age     *time.Timer // when to replace the connection
	settled bool        // nothing is missing up to now
	looks   int         // that succeeded
	fails   int         // in a row
	late    *time.Timer // when to fetch what a push announced, and none told
	fetches int         // of those; 0: late is not set
}

// maxLooks bounds the wait for fills that a venue counts but does not show: about 6 minutes with the default Settle.
const maxLooks = 7

// lookAgain reads once more what may have been missed, for readings lag behind.
func (w *watch) lookAgain() {
	c := w.line
	news, err := w.reconcile(c.ctx, c.link, false)
	if err != nil {
		if c.ctx.Err() == nil {
			w.cfg.Report(c.link.Name, err)
		}
		w.fails++
		w.settle.Reset(w.wait(min(w.cfg.BackoffMin<<min(w.fails, 16), w.cfg.BackoffMax), err))
		return
	}
	w.looks, w.fails = w.looks+1, 0
	short := false // as far as this reading shows; what was read may be told only later
	w.mu.Lock()
	for _, x := range news {
		short = short || x.looked && w.cfg.Tracker.owes(*x.update.Order)
		if !w.room(c.ctx) {
			w.cfg.Tracker.miss(x.update)
			continue
		}
		w.put(x)
	}
	w.mu.Unlock()
	w.settled = w.settled || c.ctx.Err() == nil
	if w.looks < maxLooks && (short || w.cfg.Tracker.owing(c.link.Kinds)) {
		w.settle.Reset(w.cfg.Settle << w.looks)
	}
}

// await gives fills that were counted, and successors, the time to come by themselves.
func (w *watch) await() {
	if w.fetches == 0 && w.line.link.Lookup != nil {
		w.fetches = 1
		w.late.Reset(w.cfg.Settle)
	}
}

// fetch looks up the orders of which more was counted than told: some venues tell of a fill without its execution, and others lose one. So it
// does those that were replaced, without a successor that came. It does so less and less often, and then waits for the next push or connection.
func (w *watch) fetch() {
	c := w.line
	refs := w.cfg.Tracker.short(c.link.Kinds)
	if len(refs) == 0 {
		w.fetches = 0
		return
	}
	found := catchUp{run: w.run, link: c.link}
	if err := found.lookUpAll(c.ctx, refs); err != nil && c.ctx.Err() == nil {
		w.cfg.Report(c.link.Name, err)
	}
	w.mu.Lock()
	for _, x := range found.news {
		if !w.room(c.ctx) {
			w.cfg.Tracker.miss(x.update)
			continue
		}
		w.put(x)
	}
	w.mu.Unlock()
	if w.fetches++; w.fetches > maxLooks {
		w.fetches = 0
		return
	}
	w.late.Reset(w.cfg.Settle << (w.fetches - 1))
}

// replace makes a new connection while the old one goes on: both are listened to for a while. A silent break of the old one, not yet
// noticed, is what the reading afterwards is for.
func (w *watch) replace() {
	old, l := w.line, w.line.link
	c, err := w.dial(old.ctx, l)
	if err != nil {
		if old.ctx.Err() == nil {
			w.cfg.Report(l.Name, err)
			w.age.Reset(w.wait(w.cfg.BackoffMax, err))
		}
		return
	}
	heard := old.conn.Alive()
	if old.ctx.Err() != nil { // there is a gap: the next one begins as any other
		w.shut(c, context.Cause(old.ctx))
		return
	}
	w.mu.Lock()
	flushed := w.flush(c, nil)
	w.mu.Unlock()
	if !flushed {
		w.shut(c, context.Cause(c.ctx))
		w.age.Reset(w.wait(w.cfg.BackoffMax, nil))
		return
	}
	if w.settled {
		l.gap = heard
	}
	lingered := w.linger(old, c)
	if err := context.Cause(c.ctx); err != nil && old.ctx.Err() == nil { // both told all until now, and the old one goes on
		w.shut(c, err)
		w.cfg.Report(l.Name, err)
		w.age.Reset(w.wait(w.cfg.BackoffMax, err))
		return
	}
	w.shut(old, ErrRenew)
	if w.line = c; !lingered {
		w.lookAgain() // what was on its way is lost
	}
	w.settled, w.looks = false, 0
	w.settle.Reset(w.cfg.Settle)
	w.age.Reset(w.maxAge(l, c))
}

// linger lets what is still on its way on the old connection arrive; false: it ended before.
func (w *watch) linger(old, c *line) bool {
	t := time.NewTimer(w.cfg.Linger)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	case <-old.ctx.Done():
		return false
	}
	return true
}
