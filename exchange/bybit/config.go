// Package bybit speaks to Bybit: its spot market and its linear perpetuals (API v5), through one client.
//
// So far it has the public side, [exchange.MarketData]: instruments, snapshots, and order books that follow the venue's sequence
// rule. Orders and accounts are not in it yet.
package bybit

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
const Venue exchange.Venue = "bybit"

// Endpoints are the addresses of Bybit, or of something that speaks like it: scheme and host, without a path.
type Endpoints struct {
	REST   string
	Stream string // WebSocket, with a path for each kind of market
}

// Production is the real market. Several countries have hosts of their own.
func Production() Endpoints {
	return Endpoints{REST: "https://api.bybit.com", Stream: "wss://stream.bybit.com"}
}

// Testnet is Bybit's test market: its own books, thin and often stale, play money.
func Testnet() Endpoints {
	return Endpoints{REST: "https://api-testnet.bybit.com", Stream: "wss://stream-testnet.bybit.com"}
}

// Config makes an [Exchange]. The zero value is ready to use: the real market's public data.
type Config struct {
	Endpoints Endpoints // addresses left empty are Production's

	// Instruments that are known already need not be fetched when a market of theirs is asked for.
	Instruments []exchange.Instrument

	// Depth is how many levels a side StreamBooks follows: 1, 50, 200 (default) or 1000. More levels come less often: every 10, 20, 100 or
	// 200 ms.
	Depth int

	// HTTP does the REST requests; nil is a client of its own, with a time-out of 10 s.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil.
	Session feed.SessionConfig

	// Seed is of the jitter of requests; 0: a random one.
	Seed uint64
}

// Exchange is Bybit's public side: an exchange.MarketData, and with it a feed.Source; not an exchange.Exchange yet. It is safe for concurrent
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
	x := &Exchange{cfg: cfg, limits: newLimits()}
	x.reader = &rest.Reader{Venue: Venue, Base: cfg.Endpoints.REST, HTTP: cfg.HTTP, Jitter: rest.NewJitter(cfg.Seed), Answer: payload}
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
	if c.Depth == 0 {
		c.Depth = defaultDepth
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
}

func (c *Config) validate() error {
	for _, a := range []struct{ address, schemes string }{{c.Endpoints.REST, "http https"}, {c.Endpoints.Stream, "ws wss"}} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !slices.Contains(strings.Fields(a.schemes), u.Scheme) {
			return fmt.Errorf("bybit: endpoint %q: want one of %s, ://, and a host: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	if c.Session.Protocol != nil || c.Session.Decoder != nil {
		return fmt.Errorf("bybit: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	}
	for _, i := range c.Instruments {
		if i.Market.Venue != Venue {
			return fmt.Errorf("bybit: instrument of %s: %w", i.Market, exchange.ErrInvalid)
		}
		if err := i.Validate(); err != nil {
			return err
		}
	}
	return checkDepth(c.Depth)
}

// Venue is "bybit".
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
