// Package binance speaks to Binance: its spot market and its USD-M perpetual futures, through one client.
//
// So far it has the public side, [exchange.MarketData]: instruments, snapshots, and order books that follow the venue's sequence
// rules. Orders and accounts are not in it yet.
package binance

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Venue is the name of the market place in every [exchange.Market] of this package.
const Venue exchange.Venue = "binance"

// Endpoints are the addresses of Binance, or of something that speaks like it: scheme and host, without a path.
type Endpoints struct {
	SpotREST      string
	SpotStream    string
	FuturesREST   string
	FuturesStream string
}

// Production is the real market.
func Production() Endpoints {
	return Endpoints{
		SpotREST:      "https://api.binance.com",
		SpotStream:    "wss://stream.binance.com:9443",
		FuturesREST:   "https://fapi.binance.com",
		FuturesStream: "wss://fstream.binance.com",
	}
}

// Testnet is Binance's test market: its own books, play money.
func Testnet() Endpoints {
	return Endpoints{
		SpotREST:      "https://testnet.binance.vision",
		SpotStream:    "wss://stream.testnet.binance.vision",
		FuturesREST:   "https://demo-fapi.binance.com",
		FuturesStream: "wss://fstream.binancefuture.com",
	}
}

// Config makes an [Exchange]. The zero value is ready to use: the real market's public data.
type Config struct {
	Endpoints Endpoints // fields left empty are Production's

	// Instruments that are known already give their books a scale that need not be found out from the numbers.
	Instruments []exchange.Instrument

	// Depth is how many levels a side a book starts with: 1000, at most 5000 (spot) and 1000 (futures). Levels farther out are unknown
	// until they change. Deeper snapshots weigh more, so that many books take longer to come up.
	Depth int

	// HTTP does the REST requests; nil is a client of its own, with a time-out of 10 s.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil.
	Session feed.SessionConfig

	// Seed is of the jitter of requests; 0: a random one.
	Seed uint64

	Hooks Hooks
}

// Hooks are told what happens; each may be nil. They must not block.
type Hooks struct {
	// Snapshot is told of each snapshot that a stream asked for: how long it took, and what went wrong.
	Snapshot func(s exchange.Symbol, took time.Duration, err error)
}

// Exchange is Binance's public side: an exchange.MarketData, and with it a feed.Source; not an exchange.Exchange yet. It is safe for concurrent
// use, and holds no connection but during its calls.
type Exchange struct {
	cfg        Config
	jitter     *rest.Jitter
	spot, perp *rest.Reader
	spotWeight weight
	perpWeight weight
}

var _ exchange.MarketData = (*Exchange)(nil)

// New checks cfg and makes an Exchange. It does no I/O.
func New(cfg Config) (*Exchange, error) {
	cfg.Endpoints = cfg.Endpoints.orProduction()
	if cfg.Depth == 0 {
		cfg.Depth = 1000
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	x := &Exchange{cfg: cfg, jitter: rest.NewJitter(cfg.Seed), spotWeight: spotWeight(), perpWeight: futuresWeight()}
	reader := func(base string) *rest.Reader {
		return &rest.Reader{Venue: Venue, Base: base, HTTP: cfg.HTTP, Jitter: x.jitter, Answer: publicAnswer}
	}
	x.spot, x.perp = reader(cfg.Endpoints.SpotREST), reader(cfg.Endpoints.FuturesREST)
	return x, nil
}

func (e Endpoints) orProduction() Endpoints {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	p := Production()
	set(&e.SpotREST, p.SpotREST)
	set(&e.SpotStream, p.SpotStream)
	set(&e.FuturesREST, p.FuturesREST)
	set(&e.FuturesStream, p.FuturesStream)
	return e
}

func (c *Config) validate() error {
	for _, a := range []struct{ address, schemes string }{
		{c.Endpoints.SpotREST, "http https"}, {c.Endpoints.FuturesREST, "http https"},
		{c.Endpoints.SpotStream, "ws wss"}, {c.Endpoints.FuturesStream, "ws wss"},
	} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !contains(a.schemes, u.Scheme) {
			return fmt.Errorf("binance: endpoint %q: want one of %s, ://, and a host: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	switch {
	case c.Depth < 0 || c.Depth > 5000:
		return fmt.Errorf("binance: depth %d: want 1 to 5000: %w", c.Depth, exchange.ErrInvalid)
	case c.Session.Protocol != nil || c.Session.Decoder != nil:
		return fmt.Errorf("binance: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	}
	for _, i := range c.Instruments {
		if err := checkInstrument(i); err != nil {
			return err
		}
	}
	return nil
}

func checkInstrument(i exchange.Instrument) error {
	if i.Market.Venue != Venue {
		return fmt.Errorf("binance: instrument of %s: %w", i.Market, exchange.ErrInvalid)
	}
	return i.Validate()
}

// Venue is "binance".
func (x *Exchange) Venue() exchange.Venue { return Venue }
