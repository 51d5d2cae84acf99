package private

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// errSlow ends a connection whose updates find no room.
var errSlow = errors.New("private: subscriber too slow")

// run is one call of Stream.Run. What is told is merged only when it is emitted: so what could not be emitted was not told.
type run struct {
	*Stream
	ctx    context.Context // ends with Run
	cancel context.CancelCauseFunc
	purse  purse // the pump's

	mu      sync.Mutex // guards what follows, and what of links and lines says so; never held over I/O or emit
	cond    sync.Cond  // something of it has changed
	queue   []item
	started bool // the first StreamUp is in the queue, or was
	up      bool // the last of StreamUp and StreamDown is StreamUp
	err     error
}

// item is what waits for emit.
type item struct {
	kind    exchange.EventKind // StreamUp, StreamDown, or 0: an update
	err     error
	at      time.Time
	update  Update
	link    *link
	looked  bool // the update is a lookup's answer
	account bool // it is all balances and positions of the link, as they were read
}

// wake lets all who wait look again; it takes the mutex, for it could fall between a look and its wait.
func (r *run) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cond.Broadcast()
}

// room waits until the queue has room or alive ends, and reports whether it has. The mutex is held, but for the wait.
func (r *run) room(alive context.Context) bool {
	for len(r.queue) >= r.cfg.Queue && alive.Err() == nil {
		r.cond.Wait()
	}
	return alive.Err() == nil
}

// put queues x. The mutex is held.
func (r *run) put(x item) {
	r.queue = append(r.queue, x)
	r.cond.Broadcast()
}

// pump emits what is queued until ctx ends, or an incurable error has come and all before it is emitted.
func (r *run) pump(ctx context.Context, emit func(exchange.Event)) {
	for {
		x, ok := r.next(ctx)
		if !ok {
			return
		}
		r.tell(x, emit)
	}
}

func (r *run) next(ctx context.Context) (item, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) == 0 && r.err == nil && ctx.Err() == nil {
		r.cond.Wait()
	}
	if ctx.Err() != nil || len(r.queue) == 0 {
		return item{}, false
	}
	x := r.queue[0]
	r.queue[0] = item{}
	r.queue = r.queue[1:]
	r.cond.Broadcast()
	return x, true
}

func (r *run) tell(x item, emit func(exchange.Event)) {
	ev := exchange.Event{Order: r.whose}
	if x.kind != 0 {
		ev.Kind, ev.Err, ev.Time = x.kind, x.err, x.at
		emit(ev)
		return
	}
	u := &x.update
	if u.Order != nil {
		if ev, news := r.cfg.Tracker.tell(*u.Order, x.looked); news {
			emit(ev)
		}
		if u.Replaced {
			r.cfg.Tracker.succeeded(*u.Order)
		}
		if !x.looked && (u.Replaced || r.cfg.Tracker.owes(*u.Order)) {
			x.link.owe()
		}
	}
	if u.Fill != nil {
		if ev, news := r.cfg.Tracker.Fill(*u.Fill); news {
			emit(ev)
		}
	}
	if ev.Time = u.At; ev.Time.IsZero() {
		ev.Time = x.at
	}
	if b := r.purse.balances(&x); len(b) > 0 {
		ev.Kind, ev.Balances = exchange.BalanceUpdate, b
		emit(ev)
	}
	if p := r.purse.positions(&x); len(p) > 0 {
		ev.Kind, ev.Balances, ev.Positions = exchange.PositionUpdate, nil, p
		emit(ev)
	}
}

// fatal ends the run with err.
func (r *run) fatal(l *link, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || r.ctx.Err() != nil {
		return
	}
	r.fall(l, err)
	r.err = err
	r.cancel(err)
	r.cond.Broadcast()
}

// fall queues StreamDown if the stream was up. The mutex is held.
func (r *run) fall(l *link, cause error) {
	if r.up {
		r.up = false
		r.put(item{kind: exchange.StreamDown, err: r.down(l, cause), at: time.Now()})
	}
}

// close takes down what was left in the queue for the next Run's reconciliation.
func (r *run) close(ctx context.Context) error {
	for _, x := range r.queue {
		r.cfg.Tracker.miss(x.update)
	}
	if r.err != nil {
		return r.err
	}
	return ctx.Err()
}
