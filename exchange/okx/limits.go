package okx

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// What the venue allows (docs-v5, 2026-08). A token bucket of burst b and rate r lets b + r*window pass in a window, so both stay below
// the published number together.
const (
	topicsPerFrame = 100              // one frame's args must stay below 64 KB; a topic takes about 60 bytes
	topicsPerConn  = 30               // the venue's advice for channels of 50 and 400 levels
	sendRate       = 2                // requests a second. The venue also counts 480 in an hour: see renewal
	heartbeat      = 15 * time.Second // the venue closes after 30 s without a message from us
)

// limits paces one Exchange's requests: they are counted per IP address and path. It is safe for concurrent use.
type limits struct {
	instruments *rate.Limiter // 20 in 2 s
	books       *rate.Limiter // 40 in 2 s
	booksFull   *rate.Limiter // 10 in 2 s
	connects    *rate.Limiter // 3 in 1 s

	mu     sync.Mutex // guards what follows
	until  time.Time  // nothing is sent before
	banned bool       // ... and nobody waits for it
}

func newLimits() *limits {
	return &limits{
		instruments: rate.NewLimiter(6, 6),
		books:       rate.NewLimiter(12, 12),
		booksFull:   rate.NewLimiter(3, 3),
		connects:    rate.NewLimiter(1, 2),
	}
}

// wait waits until a request may be sent. During a ban it fails at once, and tells when that ends.
func (l *limits) wait(ctx context.Context, op string, pace *rate.Limiter) error {
	l.mu.Lock()
	d, banned := time.Until(l.until), l.banned
	l.mu.Unlock()
	if d > 0 && banned {
		return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrBanned, RetryAfter: d, Message: "not sent: this address is banned"}
	}
	if d > 0 {
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
	if err := pace.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("okx: %s: %w", op, err) // the deadline would come first
	}
	return nil
}

// pause stops requests for d.
func (l *limits) pause(d time.Duration, banned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until, l.banned = until, banned
	}
}

// renewal paces one market's resubscriptions. A book that cannot be cured, as one that the venue itself sends crossed before the market
// opens, would otherwise use up the requests that a connection has.
type renewal struct {
	last time.Time
	wait time.Duration
	owed bool
}

const (
	renewalMin = 5 * time.Second
	renewalMax = 320 * time.Second
)

// due reports whether to subscribe anew now: the book needs it, or has been refused it before, and enough time has passed.
func (r *renewal) due(at time.Time, valid, need bool) bool {
	r.owed = !valid && (r.owed || need)
	passed := at.Sub(r.last)
	if !r.owed || passed < r.wait {
		return false
	}
	if passed > 2*renewalMax { // it was well for long: another trouble
		r.wait = 0
	}
	r.last, r.wait, r.owed = at, min(max(2*r.wait, renewalMin), renewalMax), false
	return true
}
