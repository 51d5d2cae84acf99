// Package okx speaks to OKX: its spot market and its linear perpetual swaps (API v5), through one client.
//
// So far it has the public side, [exchange.MarketData]: instruments, snapshots, and order books that follow the venue's sequence
// rule. Orders and accounts are not in it yet. Sizes are in base units throughout: the contracts in which OKX counts swaps end at this
// package's border.
package okx

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Venue is the name of the market place in every [exchange.Market] of this package.
const Venue exchange.Venue = "okx"

// Endpoints are the addresses of OKX, or of something that speaks like it: scheme and host, without a path.
type Endpoints struct {
	REST   string
	Stream string // WebSocket, of spot and swaps alike
	// Simulated is set for the demo market: REST requests say so in a header.
	Simulated bool
}

// Production is the real market. Accounts of some regions have REST hosts of their own, such as
// "https://us.okx.com" and "https://eea.okx.com".
func Production() Endpoints {
	return Endpoints{REST: "https://openapi.okx.com", Stream: "wss://ws.okx.com:8443"}
}

// Demo is OKX's demo market: its own books, play money.
func Demo() Endpoints {
	return Endpoints{REST: "https://openapi.okx.com", Stream: "wss://wspap.okx.com:8443", Simulated: true}
}

// Config makes an [Exchange]. The zero value is ready to use: the real market's public data.
type Config struct {
	Endpoints Endpoints // addresses left empty are Production's

	// Instruments that are known already need not be fetched when a market of theirs is asked for.
	Instruments []exchange.Instrument

	// Channel is the book channel that StreamBooks follows: "books" (default; 400 levels, every 100 ms, for everybody), "books50-l2-tbt" or
	// "books-l2-tbt" (every 10 ms, with a login of tier VIP4).
	Channel string

	// HTTP does the REST requests; nil is a client of its own, with a time-out of 10 s.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil.
	Session feed.SessionConfig

	// Seed is of the jitter of requests; 0: a random one.
	Seed uint64
}

// Exchange is OKX's public side: an exchange.MarketData, and with it a feed.Source; not an exchange.Exchange yet. It is safe for concurrent
// use, and holds no connection but during its calls.
type Exchange struct {
	cfg    Config
	limits *limits
	reader *rest.Reader

	mu    sync.Mutex // guards rules
	rules map[exchange.Symbol]exchange.Instrument
}

var _ exchange.MarketData = (*Exchange)(nil)

// New checks cfg and makes an Exchange. It does no I/O. What is wrong with cfg wraps [exchange.ErrInvalid].
func New(cfg Config) (*Exchange, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	header := http.Header{}
	if cfg.Endpoints.Simulated {
		header.Set("x-simulated-trading", "1")
	}
	x := &Exchange{cfg: cfg, limits: newLimits()}
	x.reader = &rest.Reader{Venue: Venue, Base: cfg.Endpoints.REST, HTTP: cfg.HTTP, Jitter: rest.NewJitter(cfg.Seed), Answer: payload, Header: header}
	x.keep(cfg.Instruments)
	return x, nil
}

func (c *Config) setDefaults() {
	p := Production()
	if c.Endpoints.REST == "" {
		c.Endpoints.REST = p.REST
	}
	if c.Endpoints.Stream == "" {
		c.Endpoints.Stream = p.Stream
	}
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
}

func (c *Config) validate() error {
	for _, a := range []struct{ address, schemes string }{{c.Endpoints.REST, "http https"}, {c.Endpoints.Stream, "ws wss"}} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !slices.Contains(strings.Fields(a.schemes), u.Scheme) {
			return fmt.Errorf("okx: endpoint %q: want one of %s, ://, and a host: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	if c.Session.Protocol != nil || c.Session.Decoder != nil {
		return fmt.Errorf("okx: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	}
	for _, i := range c.Instruments {
		if i.Market.Venue != Venue {
			return fmt.Errorf("okx: instrument of %s: %w", i.Market, exchange.ErrInvalid)
		}
		if err := i.Validate(); err != nil {
			return err
		}
	}
	return checkChannel(c.Channel)
}

// Venue is "okx".
func (x *Exchange) Venue() exchange.Venue { return Venue }

// keep adds rules to the known ones.
func (x *Exchange) keep(all []exchange.Instrument) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rules == nil {
		x.rules = make(map[exchange.Symbol]exchange.Instrument, len(all))
	}
	for _, i := range all {
		x.rules[i.Market.Symbol] = i
	}
}

// known are the rules of symbols, fetched where one of them is new.
func (x *Exchange) known(ctx context.Context, op string, symbols ...exchange.Symbol) ([]exchange.Instrument, error) {
	list, missing := x.lookUp(symbols)
	if missing == nil {
		return list, nil
	}
	if _, err := x.Instruments(ctx); err != nil {
		return nil, err
	}
	if list, missing = x.lookUp(symbols); missing != nil {
		return nil, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrInvalid, Err: fmt.Errorf("no market %s", missing)}
	}
	return list, nil
}

func (x *Exchange) lookUp(symbols []exchange.Symbol) (list []exchange.Instrument, missing *exchange.Symbol) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range symbols {
		i, ok := x.rules[s]
		if !ok {
			return nil, &s
		}
		list = append(list, i)
	}
	return list, nil
}
