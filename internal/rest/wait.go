package rest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/bothlegs/bothlegs/exchange"
)

// gate stops requests for as long as the venue said. The zero gate is open.
type gate struct {
	mu     sync.Mutex // guards what follows
	until  time.Time  // nothing is sent before
	banned bool       // ... and nobody waits for it: venues lengthen the bans of those who go on
}

// pass waits until the gate is open. During a ban it fails at once, and tells when that ends.
func (g *gate) pass(ctx context.Context, v exchange.Venue, op string) error {
	g.mu.Lock()
	d, banned := time.Until(g.until), g.banned
	g.mu.Unlock()
	switch {
	case d <= 0:
		return nil
	case banned:
		return &exchange.Error{Venue: v, Op: op, Class: exchange.ErrBanned, RetryAfter: d, Message: "not sent: this address is banned"}
	}
	return Sleep(ctx, d)
}

func (g *gate) close(d time.Duration, banned bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until, g.banned = until, banned
	}
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Jitter spreads what would otherwise happen at one moment. It is safe for concurrent use.
type Jitter struct {
	mu   sync.Mutex // guards rand
	rand *rand.Rand
}

// NewJitter draws from seed; 0 is a random one.
func NewJitter(seed uint64) *Jitter {
	if seed == 0 {
		seed = rand.Uint64()
	}
	return &Jitter{rand: rand.New(rand.NewPCG(seed, 0))}
}

// Part is a random part of d.
func (j *Jitter) Part(d time.Duration) time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return time.Duration(j.rand.Int64N(int64(d) + 1))
}

// Backoff is the wait between tries: doubling, up to 30 s, without end. Who waits adds the jitter.
type Backoff struct{ b *backoff.ExponentialBackOff }

// NewBackoff begins with initial.
func NewBackoff(initial time.Duration) Backoff {
	b := &backoff.ExponentialBackOff{InitialInterval: initial, Multiplier: 2, MaxInterval: 30 * time.Second,
		MaxElapsedTime: 0, Stop: backoff.Stop, Clock: backoff.SystemClock}
	b.Reset()
	return Backoff{b}
}

// Next is how long to wait now.
func (b Backoff) Next() time.Duration { return b.b.NextBackOff() }
