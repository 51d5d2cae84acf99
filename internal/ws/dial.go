package ws

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// readBuffer makes a burst of messages one system call, and is the first size of the buffer that messages are gathered in.
const readBuffer = 64 << 10

// retryMax bounds what Retry-After can ask for: no ban that is meant lasts longer, and a moment in place of a duration is decades.
const retryMax = 7 * 24 * time.Hour

// HandshakeError is a venue's refusal to open a connection. It tells nothing of the URL but its host.
type HandshakeError struct {
	Host       string
	Status     int           // of HTTP
	RetryAfter time.Duration // when the venue told one; a week at most
}

// Error is one line: host, status.
func (e *HandshakeError) Error() string {
	s := fmt.Sprintf("ws: %s refused the handshake with status %d", e.Host, e.Status)
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(", retry after %s", e.RetryAfter)
	}
	return s
}

// Dial connects and shakes hands. ctx bounds that only: once Dial has returned, the connection lives until Run ends or Close. A refusal is
// a [*HandshakeError]. Nothing is read before Run.
//
// From the first byte on, the end of ctx closes the socket: gorilla itself does not look at ctx during the handshake.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	c := newConn(cfg)
	release := func() bool { return true }
	dialer := websocket.Dialer{
		ReadBufferSize:   readBuffer,
		HandshakeTimeout: cfg.HandshakeTimeout,
		TLSClientConfig:  cfg.TLS,
		NetDialContext: func(dctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := cfg.NetDial(dctx, network, addr)
			if err != nil {
				return nil, err
			}
			c.raw = nc
			release = context.AfterFunc(ctx, func() { nc.Close() })
			return nc, nil
		},
	}
	conn, resp, err := dialer.DialContext(ctx, cfg.URL, cfg.Header) //nolint:bodyclose // gorilla: it need not be closed
	if !release() && err == nil {
		err = ctx.Err() // the hook has closed the socket, or is about to
	}
	if err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		return nil, cfg.dialError(ctx, resp, err)
	}
	c.attach(conn)
	return c, nil
}

func (c *Config) dialError(ctx context.Context, resp *http.Response, err error) error {
	u, _ := url.Parse(c.URL) // validated
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ws: dial %s: %w", u.Host, ctx.Err())
	case resp != nil:
		return &HandshakeError{Host: u.Host, Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header, time.Now())}
	}
	return fmt.Errorf("ws: dial %s: %w", u.Host, err)
}

// retryAfter reads seconds or a date; 0: not told.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseUint(v, 10, 63); err == nil {
		return time.Duration(min(n, uint64(retryMax/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(0, t.Sub(now)), retryMax)
	}
	return 0
}
