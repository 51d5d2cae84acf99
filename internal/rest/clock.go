package rest

import (
	"context"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	samples = 3                // of the venue's clock at a time
	fresh   = 10 * time.Minute // how long they are good for
)

// Clock is a venue's clock as seen from here: the offset at the midpoint of the quickest of several samples, carried on by our monotonic
// clock, so that a step of the wall clock does not matter. It is safe for concurrent use.
type Clock struct {
	sample func(context.Context) (time.Time, error)
	turn   chan struct{} // holds a token while nobody samples: a mutex must not be held over I/O

	mu     sync.Mutex // guards what follows
	venue  time.Time  // the venue's time ...
	here   time.Time  // ... at this moment of ours
	slack  time.Duration
	synced time.Time // zero: never, or no longer believed
	again  bool      // the venue contradicted
}

// NewClock asks for the venue's time with sample, which must not itself wait for the Clock. It does no I/O.
func NewClock(sample func(context.Context) (time.Time, error)) *Clock {
	c := &Clock{sample: sample, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Now is the venue's time, as far as it is known; our own before the first Sync.
func (c *Clock) Now() time.Time { return c.At(time.Now()) }

// At is the venue's time at our time t.
func (c *Clock) At(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here.IsZero() {
		return t.Round(0)
	}
	return c.venue.Add(t.Sub(c.here))
}

// Offset is how far the venue's clock is ahead of ours, and by how much that may be wrong: half of the quickest sample's way.
func (c *Clock) Offset() (offset, slack time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.here.IsZero() {
		return 0, 0
	}
	return c.venue.Sub(c.here.Round(0)), c.slack
}

// Doubt says that the venue contradicted: the next Ready samples anew.
func (c *Clock) Doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again = true
}

// Ready waits for a Sync where there was none, or where it is in doubt; an old one is renewed when patient. A failure is an error only
// where nothing is known yet.
func (c *Clock) Ready(ctx context.Context, patient bool) error {
	c.mu.Lock()
	known := !c.synced.IsZero()
	due := !known || c.again || patient && time.Since(c.synced) > fresh
	c.mu.Unlock()
	if !due {
		return nil
	}
	if err := c.Sync(ctx); err != nil && (!known || ctx.Err() != nil) {
		return err
	}
	return nil
}

// Sync samples the venue's clock. Several callers at once sample one after the other, and those who waited do not sample again.
func (c *Clock) Sync(ctx context.Context) error {
	asked := time.Now()
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	done := c.synced.After(asked)
	c.mu.Unlock()
	if done {
		return nil
	}
	var failed error
	best := time.Duration(-1)
	var venue, here time.Time
	for range samples {
		began := time.Now()
		t, err := c.sample(ctx)
		took := time.Since(began)
		switch {
		case err != nil:
			failed = err
		case t.Year() < 1990 || t.Year() > 9999:
			failed = &exchange.Error{Op: "server time", Err: exchange.ErrFrame}
		case best < 0 || took < best:
			best, venue, here = took, t, began.Add(took/2)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if best < 0 {
		return failed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.venue, c.here, c.slack, c.synced, c.again = venue, here, best/2, time.Now(), false
	return nil
}
