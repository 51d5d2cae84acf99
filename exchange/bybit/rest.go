package bybit

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
		return fmt.Errorf("bybit: %s: %w", op, err)
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

// Instruments lists spot markets and linear perpetuals; futures that expire are left out. The venue itself lists only what trades now, and
// what is about to. An instrument whose rules do not pass exchange.Instrument's Validate is listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		list, err := x.list(ctx, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	x.keep(all)
	return all, nil
}

// maxPages bounds a list whose cursors would lead round in a circle.
const maxPages = 100

func (x *Exchange) list(ctx context.Context, kind exchange.Kind) ([]exchange.Instrument, error) {
	fail := func(err error) error { return &exchange.Error{Venue: Venue, Op: "instruments", Err: err} }
	var all []exchange.Instrument
	query := url.Values{"category": {category(kind)}}
	if kind == exchange.Perp { // spot comes in one page and takes no limit
		query.Set("limit", "1000")
	}
	for range maxPages {
		var page instrumentsPage
		if err := x.get(ctx, "instruments", x.limits.requests, "/v5/market/instruments-info", query, &page); err != nil {
			return nil, err
		}
		if page.Category != "" && page.Category != category(kind) {
			return nil, fail(fmt.Errorf("%w: category %q for %q", exchange.ErrFrame, page.Category, category(kind)))
		}
		if len(page.List) == 0 && len(all) == 0 {
			return nil, fail(fmt.Errorf("no %s instruments: %w", category(kind), exchange.ErrFrame))
		}
		for _, r := range page.List {
			if i, ok := r.instrument(kind); ok {
				all = append(all, i)
			}
		}
		if page.NextPageCursor == "" || kind == exchange.Spot {
			return all, nil
		}
		query.Set("cursor", page.NextPageCursor)
	}
	return nil, fail(fmt.Errorf("%w: more than %d pages", exchange.ErrFrame, maxPages))
}

// Snapshot fetches one book over REST, up to 1000 levels a side. depth 0 means 100. Its Seq counts in the stream of 1000 levels only:
// it says nothing about the books of StreamBooks with another Depth.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("bybit: depth %d: %w", depth, exchange.ErrInvalid)
	}
	known, err := x.known(ctx, "snapshot", s)
	if err != nil {
		return nil, err
	}
	m, err := newMarket(s, map[exchange.Symbol]exchange.Instrument{s: known[0]})
	if err != nil {
		return nil, err
	}
	if depth == 0 {
		depth = 100
	}
	var result json.RawMessage
	query := url.Values{"category": {category(s.Kind)}, "symbol": {m.name}, "limit": {strconv.Itoa(min(depth, 1000))}}
	if err := x.get(ctx, "snapshot", x.limits.requests, "/v5/market/orderbook", query, &result); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, result, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
