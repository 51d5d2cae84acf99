package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Harden is c (nil: a client of its own, with a time-out of 10 s) fit for orders: it follows no redirection, for a redirected order
// would be sent twice, and keys would be sent elsewhere. The one of its own uses no proxy from the environment, and HTTP/1.1 only: over
// HTTP/2 net/http sends again by itself what a server has reset. A transport of the caller's may speak HTTP/2: a write that it is about
// to send again is ended instead, with an outcome that is unknown. One that is not net/http's must send nothing twice by itself.
func Harden(c *http.Client) *http.Client {
	if c == nil {
		only := new(http.Protocols)
		only.SetHTTP1(true)
		c = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Protocols: only,
			TLSHandshakeTimeout: 5 * time.Second, IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 16, MaxResponseHeaderBytes: 1 << 20,
		}}
	}
	h := *c
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

// trace follows a request through a transport.
type trace struct {
	hooks              httptrace.ClientTrace
	own                *http.Transport // nil: it is not net/http's
	asked, got, headed atomic.Bool     // for a connection; one; the headers were written
	again              atomic.Bool     // it was about to be written once more, and ended
}

// with is ctx with hooks that follow a request; a write that would be sent again is ended with abort.
func (t *trace) with(ctx context.Context, write bool, abort func()) context.Context {
	t.hooks.GetConn = func(string) { t.asked.Store(true) }
	t.hooks.GotConn = func(i httptrace.GotConnInfo) {
		t.got.Store(true)
		if write && t.headed.Load() && !t.unsent(i.Conn) {
			t.again.Store(true)
			abort()
		}
	}
	if write {
		t.hooks.WroteHeaders = func() { t.headed.Store(true) }
	}
	return httptrace.WithClientTrace(ctx, &t.hooks)
}

// unsent reports whether a transport that takes another connection has left nothing on the one before: net/http does so with HTTP/1.1,
// where headers count as written while they are in a buffer of its own. With HTTP/2 they have left.
func (t *trace) unsent(conn net.Conn) bool {
	if t.own == nil || t.own.Protocols != nil && t.own.Protocols.UnencryptedHTTP2() {
		return false
	}
	c, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return !ok || c.ConnectionState().NegotiatedProtocol != "h2"
}

// left reports whether anything can have left of a request that ended in err. Of a transport that is not net/http's the trace proves
// nothing, for it may have gone on by another way: only that it could not connect.
func (t *trace) left(err error) bool {
	if t.got.Load() {
		return true
	}
	if t.own != nil {
		return !t.asked.Load()
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

var (
	errAgain    = errors.New("the transport was about to send it again")
	errNoAnswer = errors.New("the transport returned neither an answer nor an error")
)

// send sends a request and reads what comes back.
func (c *Client) send(ctx context.Context, req *http.Request, r *Request, egress int, grant *Grant) (*Answer, error) {
	h := c.via(egress)
	t := &trace{own: own(h)}
	timed, cancel := withTimeout(ctx, h.Timeout)
	defer cancel()
	resp, err := roundTrip(h, req.WithContext(t.with(timed, r.Write, cancel)))
	if err != nil {
		left := t.left(err)
		if left {
			grant.Lost()
		}
		if t.again.Load() {
			err = errAgain
		}
		return nil, c.failed(ctx, r, left, err)
	}
	defer resp.Body.Close()
	body, err := readAll(resp)
	switch {
	case err != nil:
		return nil, c.failed(ctx, r, true, err)
	case len(body) > maxBody:
		return nil, c.failed(ctx, r, true, fmt.Errorf("an answer of more than %d bytes: %w", maxBody, exchange.ErrFrame))
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, grant: grant}, nil
}

// believed is how long a body may say that it is for a buffer of that length: beyond, memory comes with the bytes.
const believed = 1 << 20

// readAll reads a body, and not more than maxBody + 1 of it. One that says how long it is needs one buffer.
func readAll(resp *http.Response) ([]byte, error) {
	n := resp.ContentLength
	if n <= 0 || n > believed { // a transport that is not net/http's may leave it at 0
		return io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	}
	body := make([]byte, 0, n+1)
	for len(body) < cap(body) {
		k, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+k]
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
	more, err := io.ReadAll(io.LimitReader(resp.Body, maxBody-n)) // it said less than there is
	return append(body, more...), err
}

func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

func transport(h *http.Client) http.RoundTripper {
	if h.Transport != nil {
		return h.Transport
	}
	return http.DefaultTransport
}

// own is h's transport where that is net/http's, else nil.
func own(h *http.Client) *http.Transport {
	t, _ := transport(h).(*http.Transport)
	return t
}

// roundTrip sends a request. An http.Client prepares for redirections, which we do not follow, and for cookies, which no venue has: without
// them its transport does it all, for less. A transport may break its contract, which http.Client would notice.
func roundTrip(h *http.Client, req *http.Request) (*http.Response, error) {
	if h.Jar != nil {
		return h.Do(req)
	}
	resp, err := transport(h).RoundTrip(req)
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errNoAnswer
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	return resp, nil
}
