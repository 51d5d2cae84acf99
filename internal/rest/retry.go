package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	retries = 3
	spread  = 500 * time.Millisecond // of the jitter between tries
)

// retry decides what is done again (S2.3). Reads: where the venue is busy, 3 times, base 1 s, doubling, with jitter, or as long as the venue
// said; and once after the clock was set. Writes: only what the venue certainly did not do; openings when it said how long they have to
// wait, protective ones with its short backoff too (200, 400, 800 ms).
type retry struct {
	c       *Client
	r       *Request
	tries   int
	skewed  bool
	waiting Backoff
}

// after waits as long as it takes, and reports whether to do it again.
func (t *retry) after(ctx context.Context, err error) bool {
	var e *exchange.Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return false
	}
	if errors.Is(err, exchange.ErrClockSkew) && !t.r.Write && !t.skewed {
		t.skewed = true
		return true // the next try sets the clock first
	}
	if t.tries == retries || !t.may(err, e) {
		return false
	}
	t.tries++
	if t.tries == 1 {
		t.waiting = NewBackoff(t.first())
	}
	d := t.waiting.Next()
	switch {
	case e.RetryAfter > 0:
		d = e.RetryAfter // its gate is closed for as long, or the wait is here
	case !t.r.Write:
		d += t.c.Jitter.Part(spread)
	}
	if !t.r.Deadline.IsZero() && time.Now().Add(d).After(t.r.Deadline) {
		return false
	}
	return Sleep(ctx, d) == nil
}

func (t *retry) first() time.Duration {
	if t.r.Write {
		return 200 * time.Millisecond
	}
	return time.Second
}

func (t *retry) may(err error, e *exchange.Error) bool {
	if !t.r.Write {
		return Retryable(context.Background(), err)
	}
	if !errors.Is(exchange.OutcomeOf(err), exchange.ErrRejected) || errors.Is(err, exchange.ErrBanned) {
		return false
	}
	busy := errors.Is(err, exchange.ErrRateLimited) || errors.Is(err, exchange.ErrUnavailable)
	if t.r.Lane == Opens { // a stale opening is worse than none: only where its turn is known
		return errors.Is(err, exchange.ErrRateLimited) && e.RetryAfter > 0
	}
	return busy
}

// Retryable reports whether a read may be sent again, at once or after its RetryAfter.
func Retryable(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, exchange.ErrBanned) &&
		(errors.Is(err, exchange.ErrRateLimited) || errors.Is(err, exchange.ErrUnavailable))
}

// ServerError reports a status that says nothing about what became of a request.
func ServerError(status int) bool { return status >= 500 || status == http.StatusRequestTimeout }
