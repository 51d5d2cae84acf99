package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	maxBody = 64 << 20 // of a REST answer; lists of instruments have a few MB
	retries = 3        // of a read
)

// newBackoff is the wait between tries: base 1 s, doubling; the jitter is added by who waits.
func newBackoff() *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{InitialInterval: time.Second, Multiplier: 2, MaxInterval: 30 * time.Second,
		MaxElapsedTime: 0, Stop: backoff.Stop, Clock: backoff.SystemClock}
	b.Reset()
	return b
}

// get reads path and tries again where that may help; the answer's payload goes to v. Failures are an *exchange.Error, or ctx's.
func (x *Exchange) get(ctx context.Context, op string, pace *rate.Limiter, path string, query url.Values, v any) error {
	wait := newBackoff()
	for try := 0; ; try++ {
		err := x.once(ctx, op, pace, path+"?"+query.Encode(), v)
		if err == nil || try == retries || !retryable(ctx, err) {
			return err
		}
		var e *exchange.Error
		errors.As(err, &e)
		// Where the venue said how long to wait, limits has stopped for as long: then waiting is its.
		if e.RetryAfter == 0 {
			if err := sleep(ctx, wait.NextBackOff()+x.jitter(500*time.Millisecond)); err != nil {
				return err
			}
		}
	}
}

func (x *Exchange) once(ctx context.Context, op string, pace *rate.Limiter, target string, v any) error {
	if err := x.limits.wait(ctx, op, pace); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.cfg.Endpoints.REST+target, nil)
	if err != nil {
		return fmt.Errorf("okx: %s: %w", op, err)
	}
	if x.cfg.Endpoints.Simulated {
		req.Header.Set("x-simulated-trading", "1")
	}
	resp, err := x.cfg.HTTP.Do(req)
	if err != nil {
		return failed(ctx, op, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return failed(ctx, op, err)
	case len(body) > maxBody:
		return &exchange.Error{Venue: Venue, Op: op, Message: fmt.Sprintf("an answer of more than %d bytes", maxBody), Err: exchange.ErrFrame}
	}
	data, e := payload(op, resp.StatusCode, resp.Header, body)
	if e != nil {
		x.limits.pause(e.RetryAfter, errors.Is(e, exchange.ErrBanned))
		return e
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &exchange.Error{Venue: Venue, Op: op, Err: fmt.Errorf("%w: %w", err, exchange.ErrFrame)}
	}
	return nil
}

// failed is the error of a request without an answer. The cause's URL is left out: it says nothing that op does not.
func failed(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnavailable, Err: err}
}

// Instruments lists spot markets and linear perpetual swaps, every size in base units. Swaps that are settled in another currency than
// they are quoted in (inverse ones, USD-margined ones) are left out. An instrument whose rules do not pass exchange.Instrument's Validate is
// listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, kind := range []string{"SPOT", "SWAP"} {
		var rows []instrument
		if err := x.get(ctx, "instruments", x.limits.instruments, "/api/v5/public/instruments", url.Values{"instType": {kind}}, &rows); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: fmt.Errorf("no %s instruments: %w", kind, exchange.ErrFrame)}
		}
		for _, r := range rows {
			if i, ok := r.instrument(); ok {
				all = append(all, i)
			}
		}
	}
	x.keep(all)
	return all, nil
}

// Snapshot fetches one book over REST. Depths up to 400 levels a side come from the venue's cheaper request; 5000 is the most. depth 0
// means 100.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("okx: depth %d: %w", depth, exchange.ErrInvalid)
	}
	known, err := x.known(ctx, "snapshot", s)
	if err != nil {
		return nil, err
	}
	m, err := newMarket(s, map[exchange.Symbol]exchange.Instrument{s: known[0]})
	if err != nil {
		return nil, err
	}
	path, limit := "/api/v5/market/books", x.limits.books
	if depth == 0 {
		depth = 100
	}
	if depth > 400 {
		path, limit, depth = "/api/v5/market/books-full", x.limits.booksFull, min(depth, 5000)
	}
	var rows []json.RawMessage
	query := url.Values{"instId": {m.inst}, "sz": {strconv.Itoa(depth)}}
	if err := x.get(ctx, "snapshot", limit, path, query, &rows); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, rows, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
