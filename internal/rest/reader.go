package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Pacer lets requests pass no faster than a venue allows; a *rate.Limiter is one.
type Pacer interface{ Wait(context.Context) error }

// Reader (to be replaced by Client) does unsigned GET requests to one base address. What the venue says about waiting holds for all of them. Its fields are not
// changed once it is in use; it is safe for concurrent use, and must not be copied.
type Reader struct {
	Venue  exchange.Venue
	Base   string // scheme and host
	Header http.Header
	HTTP   *http.Client
	Jitter *Jitter
	// Answer takes an answer apart: its payload, or the error that it is. It need not look at Retry-After.
	Answer func(op string, status int, body []byte) ([]byte, *exchange.Error)

	gate readerGate
}

// Get reads target, a path with its query, and tries again, 3 times, where that may help: base 1 s, doubling, with jitter, or as long as
// the venue said. Failures are an *exchange.Error, or ctx's.
func (r *Reader) Get(ctx context.Context, op, target string, pace Pacer) ([]byte, error) {
	wait := NewBackoff(time.Second)
	for try := 0; ; try++ {
		body, err := r.once(ctx, op, target, pace)
		if err == nil || try == retries || !Retryable(ctx, err) {
			return body, err
		}
		var e *exchange.Error
		errors.As(err, &e)
		// Where the venue said how long to wait, the gate is closed for as long: then waiting is the gate's.
		if e.RetryAfter == 0 {
			if err := Sleep(ctx, wait.Next()+r.Jitter.Part(spread)); err != nil {
				return nil, err
			}
		}
	}
}

func (r *Reader) once(ctx context.Context, op, target string, pace Pacer) ([]byte, error) {
	if err := r.gate.pass(ctx, r.Venue, op); err != nil {
		return nil, err
	}
	if err := pace.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %s: %w", r.Venue, op, err) // the deadline would come first
	}
	// Once more: the gate may have closed while this one stood in the queue.
	if err := r.gate.pass(ctx, r.Venue, op); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Base+target, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r.Venue, op, err)
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	resp, err := r.HTTP.Do(req)
	if err != nil {
		return nil, r.failed(ctx, op, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, r.failed(ctx, op, err)
	case len(body) > maxBody:
		return nil, &exchange.Error{Venue: r.Venue, Op: op, Message: fmt.Sprintf("an answer of more than %d bytes", maxBody), Err: exchange.ErrFrame}
	}
	payload, e := r.Answer(op, resp.StatusCode, body)
	if e == nil {
		return payload, nil
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		// A number out of bounds, as a timestamp in its place, must neither overflow nor shorten a ban that the venue documents.
		e.RetryAfter = max(e.RetryAfter, time.Duration(min(s, 7*24*3600))*time.Second)
	}
	r.gate.close(e.RetryAfter, errors.Is(e, exchange.ErrBanned))
	return nil, e
}

// failed is the error of a request without an answer. The cause's URL is left out: it says nothing that op does not.
func (r *Reader) failed(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &exchange.Error{Venue: r.Venue, Op: op, Class: exchange.ErrUnavailable, Err: err}
}

// readerGate stops requests for as long as the venue said. The zero one is open.
type readerGate struct {
	mu     sync.Mutex // guards what follows
	until  time.Time  // nothing is sent before
	banned bool       // ... and nobody waits for it: venues lengthen the bans of those who go on
}

// pass waits until the gate is open. During a ban it fails at once, and tells when that ends.
func (g *readerGate) pass(ctx context.Context, v exchange.Venue, op string) error {
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

func (g *readerGate) close(d time.Duration, banned bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until, g.banned = until, banned
	}
}
