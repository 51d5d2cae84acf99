// Package rest does the requests of venue adapters: paced by what the venue allows, signed at the last moment in the venue's time, sent
// once, and told apart by what became of them. What the adapters share is here; what they do not is in a [Client]'s fields.
package rest

import (
	"bytes"
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

const (
	maxBody = 64 << 20           // of an answer; lists of instruments have a few MB
	maxWait = 7 * 24 * time.Hour // of a ban
)

// Client does requests to one base address of a venue, for one account or for none. Its fields are not changed once it is in use; it
// is safe for concurrent use, and must not be copied.
type Client struct {
	Venue  exchange.Venue
	Base   string // scheme and host
	Header http.Header
	// HTTP does the requests. It must be one that Harden has made.
	HTTP *http.Client
	// Standby are other ways out (a proxy, a local address), with Harden too. They are used only while the venue bans those before
	// them, and then only by the lane Protects. They add no budget: all ways share Limits.
	Standby []*http.Client
	Limits  *Limits
	Clock   *Clock // of signed requests; nil where there are none
	Jitter  *Jitter
	// Read takes an answer apart: its payload, or the error that it is. What the answer tells of limits it hands to Limits. It need not
	// look at Retry-After. The error of a Write has an Outcome; one without is taken for unknown.
	Read func(r *Request, a *Answer) ([]byte, *exchange.Error)

	parse sync.Once
	base  *url.URL // Base; nil: it is no address, or one with a password, which only http.Client would have sent
}

// Request is what is to be done.
type Request struct {
	Op     string // "place", for errors
	Method string // GET where it is empty
	Path   string // needs no escaping
	Wire
	Lane  Lane
	Costs []Cost
	// Write says that the request changes something. It is then sent once, and again only when the venue said that it certainly did not
	// happen.
	Write bool
	// Once says that a read is not tried again, and does not wait for a gate that ctx will not see open: others wait for it.
	Once bool
	// Deadline is when it must have been sent, by our clock; zero: whenever. Waiting that would take longer fails at once.
	Deadline time.Time
	// Sign completes what is sent, at the venue's time now; egress is the way that it takes, 0 the usual one, for venues where a
	// standby has a key of its own. It is called for each sending, with a fresh copy of Wire. nil: not signed.
	Sign func(w *Wire, now time.Time, egress int) error
}

// Wire is what goes over the wire, beyond method and path.
type Wire struct {
	Query  string // encoded, without "?"
	Body   []byte
	Header http.Header // added to the Client's; values are not shared with what was there before
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Narrow is set by Client.Read where a refusal for too many requests is about single dimensions, which it has blocked itself, so that
	// others may go on.
	Narrow bool

	grant *Grant
}

// Refund says that the venue did not charge the request in the rule called name.
func (a *Answer) Refund(name string) { a.grant.Refund(name) }

// Getter is Get or GetOnce of a Client.
type Getter = func(ctx context.Context, op, target string, costs ...Cost) ([]byte, error)

// Get reads target, a path with its query, in the lane Reads.
func (c *Client) Get(ctx context.Context, op, target string, costs ...Cost) ([]byte, error) {
	path, query, _ := cut(target)
	return c.Do(ctx, &Request{Op: op, Path: path, Wire: Wire{Query: query}, Costs: costs})
}

// GetOnce reads target as what others wait for: in the lane Protects, and without another try.
func (c *Client) GetOnce(ctx context.Context, op, target string, costs ...Cost) ([]byte, error) {
	path, query, _ := cut(target)
	return c.Do(ctx, &Request{Op: op, Path: path, Wire: Wire{Query: query}, Lane: Protects, Costs: costs, Once: true})
}

func cut(target string) (path, query string, found bool) {
	for i := range len(target) {
		if target[i] == '?' {
			return target[:i], target[i+1:], true
		}
	}
	return target, "", false
}

// Do does r, and again where that may help and cannot hurt: see retry.go. Failures are an *exchange.Error; for reads that
// ended with ctx, ctx's error.
func (c *Client) Do(ctx context.Context, r *Request) ([]byte, error) {
	again := retry{c: c, r: r}
	for {
		body, err := c.once(ctx, r)
		if err == nil || r.Once || !again.after(ctx, err) {
			return body, err
		}
	}
}

// once passes limits and gates, signs, sends, and reads the answer.
func (c *Client) once(ctx context.Context, r *Request) ([]byte, error) {
	if r.Sign != nil && c.Clock != nil {
		if err := c.Clock.Ready(ctx, !r.Write); err != nil {
			return nil, c.notSent(ctx, r, err)
		}
	}
	egress, err := c.pass(ctx, r)
	if err != nil {
		return nil, err
	}
	grant, err := c.Limits.Wait(ctx, r.Lane, r.Deadline, r.Costs...)
	if err != nil {
		return nil, c.notSent(ctx, r, err)
	}
	defer grant.Done()
	if grant.queued { // the gate may have closed meanwhile
		if egress, err = c.pass(ctx, r); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, c.notSent(ctx, r, ctx.Err())
	}
	var req http.Request
	if err := c.build(&req, r, egress); err != nil {
		return nil, c.notSent(ctx, r, err)
	}
	a, err := c.send(ctx, &req, r, egress, grant)
	if err != nil {
		return nil, err
	}
	return c.judge(r, a, egress)
}

func (c *Client) via(egress int) *http.Client {
	if egress == 0 {
		return c.HTTP
	}
	return c.Standby[egress-1]
}

// build makes of req what r asks for, but for its context.
func (c *Client) build(req *http.Request, r *Request, egress int) error {
	w := Wire{Query: r.Query, Body: r.Body, Header: make(http.Header, len(c.Header)+len(r.Header)+6)}
	for _, h := range []http.Header{c.Header, r.Header} {
		for k, v := range h {
			w.Header[k] = v
		}
	}
	if r.Sign != nil {
		now := time.Now()
		if c.Clock != nil {
			now = c.Clock.At(now)
		}
		if err := r.Sign(&w, now, egress); err != nil {
			return err
		}
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req.Method, req.URL, req.Header = method, c.url(r.Path, w.Query), w.Header
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.1", 1, 1
	if req.URL == nil {
		return fmt.Errorf("an address that is none, or that has a password: %w", exchange.ErrInvalid) // why would repeat the query, signature included
	}
	req.Host = req.URL.Host
	if w.Body != nil {
		body := w.Body
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	return nil
}

// url is the address of path with query; nil: there is none. What is parsed once need not be parsed for each order.
func (c *Client) url(path, query string) *url.URL {
	c.parse.Do(func() {
		if u, err := url.Parse(c.Base); err == nil && u.Host != "" && u.User == nil {
			c.base = u
		}
	})
	if c.base == nil {
		return nil
	}
	u := *c.base
	u.Path += path
	u.RawQuery = query
	return &u
}

// judge reads an answer, and draws the consequences for those who come after.
func (c *Client) judge(r *Request, a *Answer, egress int) ([]byte, error) {
	payload, e := c.Read(r, a)
	if e == nil {
		return payload, nil
	}
	e.Venue, e.Op = c.Venue, r.Op
	if r.Write && e.Outcome == nil {
		e.Outcome = exchange.ErrOutcomeUnknown
	}
	if d := retryAfter(a.Header); d > 0 {
		e.RetryAfter = max(e.RetryAfter, d)
	}
	told := e.RetryAfter
	if errors.Is(e.Class, exchange.ErrBanned) || a.Narrow { // counts of a day are narrow
		e.RetryAfter = min(e.RetryAfter, maxWait)
	} else {
		e.RetryAfter = credible(e.RetryAfter, r.Lane)
	}
	switch {
	case errors.Is(e.Class, exchange.ErrBanned):
		c.Limits.ban(route{c.Base, egress}, e.RetryAfter)
	case errors.Is(e.Class, exchange.ErrRateLimited) && !a.Narrow:
		c.Limits.close(route{c.Base, egress}, told)
	case errors.Is(e.Class, exchange.ErrClockSkew) && c.Clock != nil:
		c.Clock.Doubt()
	}
	if a.Status == http.StatusServiceUnavailable && r.Write {
		c.Limits.Overloaded(c.Base)
	}
	return nil, e
}

// retryAfter reads the header: seconds, or a date. A number out of bounds, as a timestamp in its place, must not overflow.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(min(max(s, 0), int64(maxWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxWait)
}

// failed is the error of a request without an answer. The cause's URL is left out: it holds a signature.
func (c *Client) failed(ctx context.Context, r *Request, left bool, err error) error {
	for u := new(url.Error); errors.As(err, &u); {
		err = u.Err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
		if !r.Write {
			return err
		}
	}
	e := &exchange.Error{Venue: c.Venue, Op: r.Op, Class: exchange.ErrUnavailable, Err: err}
	if errors.Is(err, exchange.ErrFrame) { // asking again would bring it again
		e.Class = nil
	}
	switch {
	case r.Write && left:
		e.Outcome = exchange.ErrOutcomeUnknown
	case r.Write:
		e.Outcome = exchange.ErrNotSent
	}
	return e
}

// notSent is the error of a request that did not leave.
func (c *Client) notSent(ctx context.Context, r *Request, err error) error {
	if ctx.Err() != nil && !r.Write {
		return ctx.Err()
	}
	var e *exchange.Error
	if !errors.As(err, &e) {
		e = &exchange.Error{Err: err}
	}
	told := *e // the Clock's errors are of an operation of their own
	told.Venue, told.Op, told.Outcome = c.Venue, r.Op, nil
	if r.Write {
		told.Outcome = exchange.ErrNotSent
	}
	var limit *LimitError
	if errors.As(err, &limit) {
		told.Class, told.RetryAfter, told.Err = exchange.ErrRateLimited, limit.After, limit
	}
	return &told
}
