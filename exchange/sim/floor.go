package sim

import (
	"slices"
	"sync"
	"time"
)

// Floor is where several clients meet one Engine: one at a time, on the machine's clock, and all are told when something may have
// changed. It is safe for concurrent use.
type Floor struct {
	mu       sync.Mutex // never held over a wait, a channel or a callback that may block
	engine   *Engine
	watchers []*watcher // replaced as a whole, never changed in place
	taps     []*tap     // the same
}

type watcher struct{ wake func() }

// tap is what a shell of this package does at once, under the lock, after each Do.
type tap struct{ look func(now time.Time) }

// NewFloor is a floor around e, which belongs to it from now on.
func NewFloor(e *Engine) *Floor { return &Floor{engine: e} }

// Do runs f on the engine while nothing else does, and then wakes the watchers. now never goes back. f must not wait, and must not
// call the Floor.
func (f *Floor) Do(do func(now time.Time, e *Engine)) {
	for _, w := range f.do(do) {
		w.wake()
	}
}

func (f *Floor) do(do func(now time.Time, e *Engine)) []*watcher {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	do(now, f.engine)
	for _, t := range f.taps {
		t.look(now)
	}
	return f.watchers
}

// Read is Do for who changes nothing: nobody is woken.
func (f *Floor) Read(do func(now time.Time, e *Engine)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(time.Now(), f.engine)
}

// Watch has wake called after each Do, by the goroutine that did it, until stop; a call under way when stop returns may still come. wake
// must not block: it may be called from several goroutines at once.
func (f *Floor) Watch(wake func()) (stop func()) {
	w := &watcher{wake}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers = append(slices.Clone(f.watchers), w)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.watchers = slices.DeleteFunc(slices.Clone(f.watchers), func(x *watcher) bool { return x == w })
	}
}

// tap adds one; the caller does not hold the lock.
func (f *Floor) tap(look func(now time.Time)) (stop func()) {
	t := &tap{look}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taps = append(slices.Clone(f.taps), t)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.taps = slices.DeleteFunc(slices.Clone(f.taps), func(x *tap) bool { return x == t })
	}
}
