package binance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
)

const (
	maxBody = 64 << 20 // of a REST answer; exchangeInfo has a few MB
	retries = 3        // of a read
)

// client does the unsigned REST requests of one of the two markets.
type client struct {
	base   string
	limits *limits
	http   *http.Client
	jitter func(time.Duration) time.Duration
}

func newClient(base string, l *limits, h *http.Client, jitter func(time.Duration) time.Duration) *client {
	return &client{base: base, limits: l, http: h, jitter: jitter}
}

// newBackoff is the wait between tries: base 1 s, doubling; the jitter is added by who waits.
func newBackoff() *backoff.ExponentialBackOff {
	b := &backoff.ExponentialBackOff{InitialInterval: time.Second, Multiplier: 2, MaxInterval: 30 * time.Second,
		MaxElapsedTime: 0, Stop: backoff.Stop, Clock: backoff.SystemClock}
	b.Reset()
	return b
}

// get reads target, a path with its query, and tries again where that may help. Failures are an *exchange.Error, or ctx's.
func (c *client) get(ctx context.Context, op, target string, weight int) ([]byte, error) {
	wait := newBackoff()
	for try := 0; ; try++ {
		body, err := c.once(ctx, op, target, weight)
		if err == nil || try == retries || !retryable(ctx, err) {
			return body, err
		}
		var e *exchange.Error
		errors.As(err, &e)
		// Where the venue said how long to wait, the limits have stopped for as long: then waiting is theirs.
		if e.RetryAfter == 0 {
			if err := sleep(ctx, wait.NextBackOff()+c.jitter(500*time.Millisecond)); err != nil {
				return nil, err
			}
		}
	}
}

func (c *client) once(ctx context.Context, op, target string, weight int) ([]byte, error) {
	if err := c.limits.wait(ctx, op, weight); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+target, nil)
	if err != nil {
		return nil, fmt.Errorf("binance: %s: %w", op, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failed(ctx, op, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, c.failed(ctx, op, err)
	case len(body) > maxBody:
		return nil, &exchange.Error{Venue: Venue, Op: op, Message: fmt.Sprintf("an answer of more than %d bytes", maxBody), Err: exchange.ErrFrame}
	case resp.StatusCode == http.StatusOK:
		return body, nil
	}
	e := answerError(op, resp.StatusCode, resp.Header, body)
	banned := errors.Is(e, exchange.ErrBanned)
	if banned && e.RetryAfter == 0 {
		e.RetryAfter = 2 * time.Minute // the shortest ban
	}
	if e.RetryAfter > 0 {
		c.limits.pause(e.RetryAfter, banned) // whatever the reason: get counts on it
	}
	return nil, e
}

// failed is the error of a request without an answer. The cause's URL is left out: it says nothing that op does not.
func (c *client) failed(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnavailable, Err: err}
}

// Instruments lists spot markets and linear perpetuals; dated futures and other contracts are left out. An instrument whose rules do
// not pass exchange.Instrument's Validate is listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	spot, err := x.spot.get(ctx, "instruments", "/api/v3/exchangeInfo", 20)
	if err != nil {
		return nil, err
	}
	list, err := parseInstruments(nil, exchange.Spot, spot)
	if err != nil {
		return nil, err
	}
	perp, err := x.perp.get(ctx, "instruments", "/fapi/v1/exchangeInfo", 1)
	if err != nil {
		return nil, err
	}
	return parseInstruments(list, exchange.Perp, perp)
}

// Snapshot fetches a book over REST. depth 0 means 100; the venue has at most 5000 levels of a spot book, and 1000 of a perpetual's.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("binance: depth %d: %w", depth, exchange.ErrInvalid)
	}
	if depth == 0 {
		depth = 100
	}
	m, err := newMarket(s, x.cfg.Instruments)
	if err != nil {
		return nil, err
	}
	body, err := x.depth(ctx, m, depth)
	if err != nil {
		return nil, err
	}
	u, err := parseSnapshot(s.Kind, m.book.Scale(), body)
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	if r := m.book.Apply(time.Now(), u); r.Event != book.Changed {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: m.book.View().Err}
	}
	return m.book.View(), nil
}

// depth fetches the body of a snapshot of m.
func (x *Exchange) depth(ctx context.Context, m *market, depth int) ([]byte, error) {
	limit, weight := depthLimit(m.symbol.Kind, depth)
	path := "/api/v3/depth"
	if m.symbol.Kind == exchange.Perp {
		path = "/fapi/v1/depth"
	}
	target := path + "?symbol=" + url.QueryEscape(m.name) + "&limit=" + strconv.Itoa(limit)
	return x.client(m.symbol.Kind).get(ctx, "snapshot", target, weight)
}
