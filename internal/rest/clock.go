package rest

import (
	"context"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	samples = 3                      // of the venue's clock at a time
	fresh   = 10 * time.Minute       // how long they are good for
	brief   = 300 * time.Millisecond // how long who is not patient waits for better ones than there are
	long    = 5 * time.Second        // how long who is patient does
	quiet   = 5 * time.Second        // after samples that failed what is known must do
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
	// Until then nobody samples again what is known: the impatient, since they had no success in their short time; all, since a patient one
	// had none.
	held, heldAll time.Time
}

// NewClock asks for the venue's time with sample, which must not itself wait for the Clock, nor for others: see [Client.GetOnce]. It does
// no I/O.
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

// Doubt says that the venue contradicted: the next Ready samples anew, unless that has just failed.
func (c *Clock) Doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.again = true
}

// Ready waits for a Sync where there was none, or where it is in doubt; an old one is renewed when patient. Where something is known
// already a failure is no error, and who is not patient waits for 300 ms at most, others for 5 s, whoever samples: a cancel signed by a
// doubted clock is better than one that waits for a time that does not come.
func (c *Clock) Ready(ctx context.Context, patient bool) error {
	known, due := c.due(patient)
	switch {
	case !due:
		return nil
	case !known:
		return c.Sync(ctx)
	}
	most := brief
	if patient {
		most = long
	}
	if end, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(end)/2) // the rest is for the request
	}
	bound, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if c.Sync(bound) == nil {
		return nil
	}
	if ctx.Err() == nil {
		c.hold(patient)
	}
	return ctx.Err()
}

// due reports whether something is known, and whether Ready samples.
func (c *Clock) due(patient bool) (known, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.synced.IsZero():
		return false, true
	case !c.again && !patient: // every order passes here
		return true, false
	}
	now := time.Now()
	if now.Before(c.heldAll) || !patient && now.Before(c.held) {
		return true, false
	}
	return true, c.again || patient && now.Sub(c.synced) > fresh
}

func (c *Clock) hold(patient bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := time.Now().Add(quiet)
	c.held = until
	if patient {
		c.heldAll = until
	}
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
