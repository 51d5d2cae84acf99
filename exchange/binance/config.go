// Package binance speaks to Binance: its spot market and its USD-M perpetual futures, through one client, for one account.
//
// An [Exchange] is one account: public data, orders and everything about them. The two markets are two systems at the venue, each with hosts,
// limits, a clock and a wallet of its own; Symbol.Kind says which is meant. The futures account must be in one-way mode.
//
// What the venue calls an order: client ids of up to 36 characters that the venue takes stay as they are, but for the few that look like what
// this package makes of others (one in thousands of those that end in an underscore and some letters). Those and all others are packed, and
// come back as they were given. They are
// unique among open orders only: one that was used before is taken again, so that nothing is ever sent twice here.
//
// Replacing keeps what the venue lets it keep. A spot order that only gets smaller keeps its id and its place in the queue, where its market
// allows amendments. Any other spot order is cancelled and placed anew: Former then holds the old id, the new one's client id is derived from
// the old one's, and everything that is told of it carries the ClientID that Place was given. So does a perpetual order, which keeps its id and
// loses its place. Client ids of more than 31 characters leave no room for successors: such spot orders cannot be placed anew.
//
// An OrderRequest's Deadline becomes the request's recvWindow, in the venue's clock, at most 60 s. The venue checks it at its gateway and again
// before its engine.
package binance

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Venue is the name of the market place in every [exchange.Market] of this package.
const Venue exchange.Venue = "binance"

// Endpoints are the addresses of Binance, or of something that speaks like it: scheme and host, without a path. Those that are left empty are
// Production's; with Credentials those of orders and of the account must be all given or all left (REST, API and FuturesPrivate of the
// Kinds), so that no order of a test set-up is a real one.
type Endpoints struct {
	SpotREST       string
	SpotStream     string
	SpotAPI        string // WebSocket API: spot's order stream and order entry
	FuturesREST    string
	FuturesStream  string
	FuturesPrivate string // WebSocket of the futures account; empty: as FuturesStream
	FuturesAPI     string // WebSocket API: order entry
}

// Production is the real market.
func Production() Endpoints {
	return Endpoints{
		SpotREST:      "https://api.binance.com",
		SpotStream:    "wss://stream.binance.com:9443",
		SpotAPI:       "wss://ws-api.binance.com",
		FuturesREST:   "https://fapi.binance.com",
		FuturesStream: "wss://fstream.binance.com",
		FuturesAPI:    "wss://ws-fapi.binance.com",
	}
}

// Live is Production.
func Live() Endpoints { return Production() }

// Testnet is Binance's test market: its own books, play money. Spot and futures are two systems there, each with keys of its own: an Exchange
// with Credentials is for one of them, see Config.Kinds.
func Testnet() Endpoints {
	return Endpoints{
		SpotREST:      "https://testnet.binance.vision",
		SpotStream:    "wss://stream.testnet.binance.vision",
		SpotAPI:       "wss://ws-api.testnet.binance.vision",
		FuturesREST:   "https://demo-fapi.binance.com",
		FuturesStream: "wss://fstream.binancefuture.com",
		FuturesAPI:    "wss://testnet.binancefuture.com",
	}
}

// Demo is Binance's demo market: the real market's prices, play money, keys of its own.
func Demo() Endpoints {
	return Endpoints{
		SpotREST:      "https://demo-api.binance.com",
		SpotStream:    "wss://demo-stream.binance.com:9443",
		SpotAPI:       "wss://demo-ws-api.binance.com",
		FuturesREST:   "https://demo-fapi.binance.com",
		FuturesStream: "wss://demo-fstream.binance.com",
		FuturesAPI:    "wss://testnet.binancefuture.com",
	}
}

// Entry is how orders are sent.
type Entry uint8

// String is "REST" or "WebSocket".
func (e Entry) String() string {
	if e == EntrySocket {
		return "WebSocket"
	}
	return "REST"
}

const (
	EntryREST   Entry = iota // each with a request of its own
	EntrySocket              // over WebSocket while StreamOrders is up, else over REST
)

// Egress is another way to the venue: a proxy, or another local address.
type Egress struct {
	Transport http.RoundTripper
	// Credentials are of another key of the same account, for keys that are bound to addresses; the zero value stands for the usual one.
	Credentials Credentials
}

// Config makes an [Exchange]. The zero value is ready to use: the real market's public data.
type Config struct {
	Endpoints Endpoints // fields left empty are Production's

	// Account names the account in everything that is told of it. Credentials are its key; without them only public data works.
	Account     exchange.AccountID
	Credentials Credentials

	// Kinds are the markets that the account has; nil: both. What Instruments, Balances, Positions and StreamOrders leave out of it, a key
	// without permission for futures need not have, and its hosts are not asked. One that is given twice counts once.
	Kinds []exchange.Kind

	Entry Entry // default REST

	// Limits is shared by Exchanges behind one address; nil: limits of its own. Accounts that share it must differ in Account.
	Limits *Limits

	// Standby ways carry cancels, lookups and reductions, and nothing else, while the venue bans the usual address. They add no budget. Off
	// without them. Mind the venue's terms: a ban that is walked around may become one of the account.
	Standby []Egress

	// Instruments that are known already give their books a scale that need not be found out from the numbers.
	Instruments []exchange.Instrument

	// Depth is how many levels a side a book starts with: 1000, at most 5000 (spot) and 1000 (futures). Levels farther out are unknown
	// until they change. Deeper snapshots weigh more, so that many books take longer to come up.
	Depth int

	// HTTP does the REST requests; nil is a client of its own, over HTTP/1.1 with a time-out of 10 s. It is copied, and follows no redirections.
	// A Transport of your own must not send anything again by itself: an order would be two.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil. Of its
	// fields, the account's sockets heed NetDial, HandshakeTimeout and WriteWait.
	Session feed.SessionConfig

	// Seed is of the jitter of requests; 0: a random one.
	Seed uint64

	Hooks Hooks
}

// Hooks are told what happens; each may be nil. They must not block.
type Hooks struct {
	// Snapshot is told of each snapshot that a stream asked for: how long it took, and what went wrong.
	Snapshot func(s exchange.Symbol, took time.Duration, err error)
	// Stream is told why a connection of StreamOrders failed or ended, and which reading after it did; link names the connection. It mends
	// itself: this is for logs.
	Stream func(link string, err error)
}

// Exchange is Binance, for one account: see the package's words. It is safe for concurrent use. It holds connections only while StreamBooks
// and StreamOrders run, but for those that the HTTP client keeps.
type Exchange struct {
	cfg     Config // without secrets
	limits  *Limits
	jitter  *rest.Jitter
	halves  [2]half
	signers []*signer // one for each way out; none: no credentials
	tracker *private.Tracker
	stream  *private.Stream // nil without credentials
	names   names
	past    past
	listing chan struct{} // whoever has put into it reads the venue's list

	mu      sync.Mutex // guards what follows
	limbo   map[orderKey]limbo
	spotTap func(private.Update) error // of the present connection of spot's order stream; nil: there is none
}

var (
	_ exchange.Exchange    = (*Exchange)(nil)
	_ exchange.CancelAller = (*Exchange)(nil)
	_ exchange.DeadMan     = (*Exchange)(nil)
	_ exchange.TimeTeller  = (*Exchange)(nil)
)

// New checks cfg and makes an Exchange. It does no I/O. What is wrong with cfg wraps [exchange.ErrInvalid].
func New(cfg Config) (*Exchange, error) {
	given := cfg.Endpoints
	cfg.setDefaults()
	if missing := given.partly(cfg.Kinds); missing != "" && !cfg.Credentials.isZero() {
		return nil, fmt.Errorf("binance: Endpoints without %s: with Credentials the addresses of orders and account are given together: %w", missing, exchange.ErrInvalid)
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	x := &Exchange{
		limits: cfg.Limits, jitter: rest.NewJitter(cfg.Seed), limbo: map[orderKey]limbo{}, listing: make(chan struct{}, 1),
		tracker: private.NewTracker(private.TrackerConfig{Account: cfg.Account}),
	}
	ways, err := x.arm(&cfg)
	if err != nil {
		return nil, err
	}
	for k, base := range [2]string{cfg.Endpoints.SpotREST, cfg.Endpoints.FuturesREST} {
		x.halves[k].init(x, exchange.Kind(k), base, rest.Harden(cfg.HTTP), ways)
	}
	cfg.Credentials, cfg.Standby = Credentials{}, nil
	x.cfg = cfg
	x.names.learn(cfg.Instruments)
	if len(x.signers) > 0 {
		if x.stream, err = x.newStream(); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// arm makes the signers, and the standby ways.
func (x *Exchange) arm(cfg *Config) (ways []*http.Client, err error) {
	usual, err := newSigner(cfg.Credentials)
	if err != nil || usual == nil {
		return nil, err
	}
	x.signers = []*signer{usual}
	for _, e := range cfg.Standby {
		s := usual
		if !e.Credentials.isZero() {
			if s, err = newSigner(e.Credentials); err != nil {
				return nil, err
			}
		}
		h := *rest.Harden(cfg.HTTP)
		h.Transport = e.Transport
		x.signers, ways = append(x.signers, s), append(ways, rest.Harden(&h))
	}
	return ways, nil
}

func (c *Config) setDefaults() {
	c.Endpoints = c.Endpoints.orProduction()
	if c.Depth == 0 {
		c.Depth = 1000
	}
	if c.Limits == nil {
		c.Limits = NewLimits()
	}
	if len(c.Kinds) == 0 {
		c.Kinds = []exchange.Kind{exchange.Spot, exchange.Perp}
	}
	c.Kinds = slices.Clone(c.Kinds) // each once: wallets are read by them
	slices.Sort(c.Kinds)
	c.Kinds = slices.Compact(c.Kinds)
}

// partly names an address of a that is left to production while others are not: the orders of a test set-up that forgets one would be real
// ones. "": none is.
func (e Endpoints) partly(kinds []exchange.Kind) string {
	type address struct{ name, given string }
	var all []address
	if slices.Contains(kinds, exchange.Spot) {
		all = append(all, address{"SpotREST", e.SpotREST}, address{"SpotAPI", e.SpotAPI})
	}
	if slices.Contains(kinds, exchange.Perp) {
		all = append(all, address{"FuturesREST", e.FuturesREST}, address{"FuturesAPI", e.FuturesAPI},
			address{"FuturesPrivate or FuturesStream", e.FuturesPrivate + e.FuturesStream})
	}
	missing, given := "", false
	for _, a := range all {
		if a.given != "" {
			given = true
		} else if missing == "" {
			missing = a.name
		}
	}
	if !given {
		return ""
	}
	return missing
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
	set(&e.SpotAPI, p.SpotAPI)
	set(&e.FuturesStream, p.FuturesStream)
	set(&e.FuturesPrivate, e.FuturesStream)
	set(&e.FuturesAPI, p.FuturesAPI)
	return e
}

func (c *Config) validate() error {
	for _, a := range []struct{ address, schemes string }{
		{c.Endpoints.SpotREST, "http https"}, {c.Endpoints.FuturesREST, "http https"},
		{c.Endpoints.SpotStream, "ws wss"}, {c.Endpoints.FuturesStream, "ws wss"}, {c.Endpoints.FuturesPrivate, "ws wss"},
		{c.Endpoints.SpotAPI, "ws wss"}, {c.Endpoints.FuturesAPI, "ws wss"},
	} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !contains(a.schemes, u.Scheme) {
			return fmt.Errorf("binance: endpoint %q: want one of %s, ://, and a host, without a path: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	switch {
	case c.Depth < 0 || c.Depth > 5000:
		return fmt.Errorf("binance: depth %d: want 1 to 5000: %w", c.Depth, exchange.ErrInvalid)
	case c.Session.Protocol != nil || c.Session.Decoder != nil:
		return fmt.Errorf("binance: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	case c.Entry > EntrySocket:
		return fmt.Errorf("binance: entry %d: want EntryREST or EntrySocket: %w", c.Entry, exchange.ErrInvalid)
	case c.Limits.rest == nil:
		return fmt.Errorf("binance: Limits are made by NewLimits: %w", exchange.ErrInvalid)
	case slices.ContainsFunc(c.Kinds, func(k exchange.Kind) bool { return k > exchange.Perp }):
		return fmt.Errorf("binance: kinds %v: %w", c.Kinds, exchange.ErrInvalid)
	case slices.ContainsFunc(c.Standby, func(e Egress) bool { return e.Transport == nil }):
		return fmt.Errorf("binance: a standby way without Transport: %w", exchange.ErrInvalid)
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

// Account is the account that x was made for.
func (x *Exchange) Account() exchange.AccountID { return x.cfg.Account }

// Format writes which exchange it is, and nothing of what it holds.
func (x *Exchange) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "binance account "+string(x.cfg.Account))
}
