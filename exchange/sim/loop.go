package sim

import (
	"container/heap"
	"time"
)

// Loop is virtual time: a queue of timed events, run one at a time on the caller's thread. Events of one instant run in the order in
// which they were posted, so that a run is repeated exactly. It is not safe for concurrent use.
type Loop struct {
	now   time.Time
	seq   uint64
	queue queue
}

// NewLoop is an empty loop at start.
func NewLoop(start time.Time) *Loop { return &Loop{now: start} }

// Now is the time of the event that runs, or of the last one that ran.
func (l *Loop) Now() time.Time { return l.now }

// After posts f to run d from now. It never runs f at once; a d that is not positive means after all else that is due now.
func (l *Loop) After(d time.Duration, f func()) {
	l.seq++
	heap.Push(&l.queue, timed{l.now.Add(max(d, 0)), l.seq, f})
}

// Step runs the next event, moving the time to it; false when there is none.
func (l *Loop) Step() bool {
	if len(l.queue) == 0 {
		return false
	}
	t := heap.Pop(&l.queue).(timed)
	l.now = t.at
	t.f()
	return true
}

// Run runs events until none is left.
func (l *Loop) Run() {
	for l.Step() {
	}
}

// RunUntil runs the events that are due up to and including t, and then moves the time to t.
func (l *Loop) RunUntil(t time.Time) {
	for len(l.queue) > 0 && !l.queue[0].at.After(t) {
		l.Step()
	}
	if t.After(l.now) {
		l.now = t
	}
}

type timed struct {
	at  time.Time
	seq uint64
	f   func()
}

// queue is a heap.Interface: the earliest first, then the one posted first.
type queue []timed

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(timed)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = timed{}
	*q = (*q)[:last]
	return t
}
