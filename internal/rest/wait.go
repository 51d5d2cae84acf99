package rest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

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
