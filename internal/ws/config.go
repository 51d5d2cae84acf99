// Package ws is one WebSocket connection that carries pushes and calls: requests whose answer is found by an id. It knows no venue. What
// is written here may be an order, so each failure says whether it was sent: an error wraps exchange.ErrNotSent while that is certain,
// and exchange.ErrOutcomeUnknown from the first byte on. Nothing is ever sent twice, and nothing reconnects here.
//
//	c, err := ws.Dial(ctx, cfg)
//	go c.Run(ctx, func(at time.Time, data []byte) error {
//		if id, ok := answer(data); ok {
//			c.Answer(id, data)
//		}
//		return nil
//	})
//	data, err := c.Call(ctx, "17", []byte(`{"id":"17","method":"order.place"}`))
package ws

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Config makes a [Conn]. URL is required; zero values elsewhere take the defaults.
type Config struct {
	URL    string      // ws:// or wss://; its query is never told in an error
	Header http.Header // of the handshake

	// NetDial connects; nil is a net.Dialer's. It must return when ctx ends.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
	TLS     *tls.Config // nil: TLS 1.2 or later, the system's roots

	HandshakeTimeout time.Duration // 10 s, for dialing and the handshake together
	PingInterval     time.Duration // 30 s
	PongWait         time.Duration // 45 s, or 1.5 intervals where that is more: a connection silent for so long is dead
	WriteWait        time.Duration // 10 s: a peer that takes no bytes for so long is gone

	// Heartbeat makes the text message of a heartbeat: "ping", or {"op":"ping"}. Nil: WebSocket ping frames.
	Heartbeat func() []byte

	MaxMessage int64 // 4 MiB: a larger message ends the connection

	// Rate and Burst pace what is sent: client messages a second, and how many of them at once. Heartbeats and pongs take from it but
	// never wait. Where Burst is more than 1, a quarter of it is for urgent messages only.
	Rate  float64 // 0: no limit
	Burst int     // 1

	// MaxCalls bounds the calls in flight, those that wait for the pacer included; one more is refused. An eighth is for urgent calls only.
	MaxCalls int // 1024
}

func (c *Config) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.HandshakeTimeout, 10*time.Second)
	set(&c.PingInterval, 30*time.Second)
	set(&c.PongWait, max(45*time.Second, c.PingInterval*3/2))
	set(&c.WriteWait, 10*time.Second)
	if c.MaxMessage == 0 {
		c.MaxMessage = 4 << 20
	}
	if c.Burst == 0 {
		c.Burst = 1
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = 1024
	}
	if c.NetDial == nil {
		c.NetDial = new(net.Dialer).DialContext
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
}

func (c *Config) validate() error {
	bad := func(what string) error { return fmt.Errorf("ws: %s: %w", what, exchange.ErrInvalid) }
	u, err := url.Parse(c.URL) // err would repeat the URL, which may hold a token
	switch {
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return bad("the URL is no ws:// or wss:// address")
	case min(c.HandshakeTimeout, c.PingInterval, c.PongWait, c.WriteWait) < 0:
		return bad("negative duration")
	case c.PongWait <= c.PingInterval:
		return bad("PongWait must be longer than the ping interval, else a quiet connection passes for a dead one")
	case c.MaxMessage < 0 || c.Rate < 0 || c.Burst < 0 || c.MaxCalls < 0:
		return bad("negative limit")
	}
	return nil
}
