// Package okx speaks to OKX: spot markets and linear perpetual swaps (API v5), through one [Exchange] for both.
//
// It is market data so far: an Exchange is an [exchange.MarketData]. Sizes are in base units throughout; the contracts in which OKX
// counts swaps end at this package's border.
package okx

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Venue is the venue's name in markets.
const Venue exchange.Venue = "okx"

// Config says how to reach the venue. The zero value is the public venue with production hosts.
type Config struct {
	// REST is the base URL of the HTTP API. Default "https://openapi.okx.com". Regional accounts have hosts of their own:
	// "https://us.okx.com", "https://eea.okx.com".
	REST string

	// Stream is the URL of the public WebSocket. Default "wss://ws.okx.com:8443/ws/v5/public". The demo venue has
	// "wss://wspap.okx.com:8443/ws/v5/public".
	Stream string

	// Channel is the book channel that StreamBooks follows. Default "books": 400 levels, every 100 ms, for everybody.
	// "books50-l2-tbt" and "books-l2-tbt" push every 10 ms and need a login of tier VIP4.
	Channel string

	// Instruments are rules that the caller has already. Default: fetched when they are first needed.
	Instruments []exchange.Instrument

	// HTTP sends the requests. Default: a client of this Exchange's own with a time-out of 10 seconds.
	HTTP *http.Client

	// NetDial opens every connection, of the default HTTP client and of streams. Default: a net.Dialer.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	if c.REST == "" {
		c.REST = "https://openapi.okx.com"
	}
	if c.Stream == "" {
		c.Stream = defaultStream
	}
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.NetDial == nil {
		c.NetDial = new(net.Dialer).DialContext
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{
			Timeout:   10 * time.Second,
			Transport: &http.Transport{DialContext: c.NetDial, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second},
		}
	}
	return c
}

func (c Config) validate() error {
	if err := absolute("REST", c.REST, "http", "https"); err != nil {
		return err
	}
	if err := absolute("Stream", c.Stream, "ws", "wss"); err != nil {
		return err
	}
	return checkChannel(c.Channel)
}

func absolute(field, address string, schemes ...string) error {
	u, err := url.Parse(address)
	if err == nil && u.Host != "" {
		for _, s := range schemes {
			if u.Scheme == s {
				return nil
			}
		}
	}
	return fmt.Errorf("okx: Config.%s: %q is no URL of scheme %v: %w", field, address, schemes, exchange.ErrInvalid)
}
