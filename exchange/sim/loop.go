package sim

import (
	"math"
	"time"
)

// Loop is virtual time: a queue of timed events, run one at a time on the caller's thread. Events of one instant run in the order in
// which they were posted, so that a run is repeated exactly. It is not safe for concurrent use.
type Loop struct {
	start time.Time
	now   time.Duration // since start: cheaper to compare than times, and good for 292 years
	seq   uint64
	queue []timed // a heap: the earliest first, then the one posted first
	links []*Link // those that run on it
}

type timed struct {
	at  time.Duration
	seq uint64
	f   func()
}

func (t timed) before(u timed) bool { return t.at < u.at || t.at == u.at && t.seq < u.seq }

// NewLoop is an empty loop at start.
func NewLoop(start time.Time) *Loop { return &Loop{start: start} }

// Now is the time of the event that runs, or of the last one that ran.
func (l *Loop) Now() time.Time { return l.start.Add(l.now) }

// After posts f to run d from now. It never runs f at once; a d that is not positive means after all else that is due now.
func (l *Loop) After(d time.Duration, f func()) {
	l.seq++
	l.queue = append(l.queue, timed{l.now + min(max(d, 0), math.MaxInt64-l.now), l.seq, f})
	q := l.queue
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q[i].before(q[parent]) {
			return
		}
		q[i], q[parent] = q[parent], q[i]
		i = parent
	}
}

// Step runs the next event, moving the time to it; false when there is none.
func (l *Loop) Step() bool {
	if len(l.queue) == 0 {
		return false
	}
	next := l.pop()
	l.now = next.at
	next.f()
	return true
}

func (l *Loop) pop() timed {
	q := l.queue
	first, last := q[0], len(q)-1
	q[0], q[last] = q[last], timed{} // the closure must not live on in the slice
	q = q[:last]
	l.queue = q
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < len(q) && q[child+1].before(q[child]) {
			child++
		}
		if child >= len(q) || !q[child].before(q[i]) {
			return first
		}
		q[i], q[child] = q[child], q[i]
		i = child
	}
}

// Run runs events until none is left.
func (l *Loop) Run() {
	for l.Step() {
	}
}

// RunUntil runs the events that are due up to and including t, and then moves the time to t.
func (l *Loop) RunUntil(t time.Time) {
	until := t.Sub(l.start)
	for len(l.queue) > 0 && l.queue[0].at <= until {
		l.Step()
	}
	l.now = max(l.now, until)
}
