package feed

import (
	"context"
	"slices"
	"sync"
)

// reader is one iterator's queue of markets that have news: at most one entry a market, so it is bounded by their number.
type reader struct {
	mu    sync.Mutex
	dirty []bool // by slot: is in queue
	queue []int
	head  int
	ended bool
	wake  chan struct{}
}

// attach makes a reader to which every known market is news. It is listed first and marked then: a book that arrives in between is marked
// twice, never missed.
func (f *Feed) attach() *reader {
	r := &reader{wake: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := append(slices.Clip(*f.readers.Load()), r)
	f.readers.Store(&list)
	for i := range f.slots.Load().order {
		r.mark(i)
	}
	if f.ended.Load() {
		r.end()
	}
	return r
}

func (f *Feed) detach(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.Clone(*f.readers.Load())
	list = slices.DeleteFunc(list, func(x *reader) bool { return x == r })
	f.readers.Store(&list)
}

// mark tells every reader that a market has news.
func (f *Feed) mark(slot int) {
	for _, r := range *f.readers.Load() {
		r.mark(slot)
	}
}

func (r *reader) mark(slot int) {
	r.mu.Lock()
	for slot >= len(r.dirty) {
		r.dirty = append(r.dirty, false)
	}
	if r.dirty[slot] {
		r.mu.Unlock()
		return // it has been woken for it
	}
	r.dirty[slot] = true
	if len(r.queue) == cap(r.queue) && r.head > 0 {
		r.queue = r.queue[:copy(r.queue, r.queue[r.head:])]
		r.head = 0
	}
	r.queue = append(r.queue, slot)
	r.mu.Unlock()
	r.signal()
}

func (r *reader) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// end lets next return false once the queue is empty.
func (r *reader) end() {
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.signal()
}

// next waits for the market that has waited longest.
func (r *reader) next(ctx context.Context) (slot int, ok bool) {
	for ctx.Err() == nil {
		r.mu.Lock()
		if r.head < len(r.queue) {
			slot = r.queue[r.head]
			r.head++
			r.dirty[slot] = false // before the copy: a book that arrives during it marks the market again
			r.mu.Unlock()
			return slot, true
		}
		ended := r.ended
		r.mu.Unlock()
		if ended {
			return 0, false
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
	return 0, false
}
