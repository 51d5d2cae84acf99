// Package rest does the requests of venue adapters: public reads so far. What the adapters share is how a request is paced, tried again
// and stopped when the venue says so; what they do not is in a [Reader]'s fields.
package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	maxBody = 64 << 20 // of an answer; lists of instruments have a few MB
	retries = 3
	spread  = 500 * time.Millisecond // of the jitter between tries
)

// Pacer lets requests pass no faster than a venue allows; a *rate.Limiter is one.
type Pacer interface{ Wait(context.Context) error }

// Reader does unsigned GET requests to one base address. What the venue says about waiting holds for all of them. Its fields are not
// changed once it is in use; it is safe for concurrent use, and must not be copied.
type Reader struct {
	Venue  exchange.Venue
	Base   string // scheme and host
	Header http.Header
	HTTP   *http.Client
	Jitter *Jitter
	// Answer takes an answer apart: its payload, or the error that it is. It need not look at Retry-After.
	Answer func(op string, status int, body []byte) ([]byte, *exchange.Error)

	gate gate
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

// Retryable reports whether a read may be sent again, at once or after its RetryAfter.
func Retryable(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, exchange.ErrBanned) &&
		(errors.Is(err, exchange.ErrRateLimited) || errors.Is(err, exchange.ErrUnavailable))
}
