// Package bybit speaks to Bybit: its spot market and its linear perpetuals (API v5), through one client, for one unified trading account in
// one-way position mode. It is an [exchange.Exchange].
//
// Three habits of the venue shape it. Every answer to a write is an acknowledgement of the gateway's only: what Place, Replace and Cancel return
// is pending, or, while StreamOrders runs, what that has told of the order by then; what became of it comes on StreamOrders, or is asked for
// with Lookup. Client ids are good for one order for ever: one that
// is used again is refused with ErrOutcomeUnknown and ErrConflict, for the order that has it may be the one that was meant. And linear limit
// orders beyond the venue's price band are not refused but moved to the band: then the order's Price is the venue's, and Reason says so.
//
// An OrderRequest's Deadline becomes the request's recv_window, in the venue's clock, less what that clock is uncertain by. What the venue
// enforces with it is the arrival at its gateway: a request that arrives later is refused with certainty; one that arrived in time is
// matched moments later, whenever the engine comes to it.
package bybit

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Venue is the name of the market place in every [exchange.Market] of this package.
const Venue exchange.Venue = "bybit"

// Endpoints are the addresses of Bybit, or of something that speaks like it: scheme and host, without a path. Those that are left empty are
// Production's; with Credentials those of orders and of the account must be all given or all left (REST, Private or Stream, Trade or Stream),
// so that no order of a test set-up is a real one.
type Endpoints struct {
	REST    string
	Stream  string // WebSocket of public data
	Private string // WebSocket of the account; empty: as Stream
	Trade   string // WebSocket for order entry; empty: as Stream
	// Demo is set for the demo market, which takes orders over REST only. It wants a REST and a Private of its own.
	Demo bool
}

// Production is the real market. Several countries have hosts of their own; key and host must fit.
func Production() Endpoints {
	return Endpoints{REST: "https://api.bybit.com", Stream: "wss://stream.bybit.com"}
}

// Live is Production.
func Live() Endpoints { return Production() }

// Testnet is Bybit's test market: its own books, thin and often stale, play money.
func Testnet() Endpoints {
	return Endpoints{REST: "https://api-testnet.bybit.com", Stream: "wss://stream-testnet.bybit.com"}
}

// Demo is Bybit's demo market: the real market's prices, play money, keys of its own. It forgets orders after 7 days.
func Demo() Endpoints {
	return Endpoints{REST: "https://api-demo.bybit.com", Stream: "wss://stream.bybit.com", Private: "wss://stream-demo.bybit.com", Demo: true}
}

// Entry is how orders are sent.
type Entry uint8

const (
	EntryREST   Entry = iota // each with a request of its own
	EntrySocket              // over one WebSocket; over REST while that is not connected
)

// String is "REST" or "WebSocket".
func (e Entry) String() string {
	if e == EntrySocket {
		return "WebSocket"
	}
	return "REST"
}

// Egress is another way to the venue: a proxy, or another local address.
type Egress struct {
	Transport http.RoundTripper
	// Credentials are of another key of the same account, for keys that are bound to addresses; the zero value stands for the usual one.
	Credentials Credentials
}

// Config makes an [Exchange]. The zero value is ready to use: the real market's public data.
type Config struct {
	Endpoints Endpoints // addresses left empty are Production's

	// Account names the account in everything that is told of it. Credentials are its key; without them only public data works.
	Account     exchange.AccountID
	Credentials Credentials

	Entry Entry // default REST

	// RecvWindow is for how long a request without a deadline is valid: 5 s (default) to 60 s.
	RecvWindow time.Duration

	// Limits is shared by Exchanges behind one address; nil: limits of its own.
	Limits *Limits

	// Standby ways carry cancels, lookups and reductions, and nothing else, while the venue bans the usual address. They add no budget. Off
	// without them. Mind the venue's terms: a ban that is walked around may become one of the account.
	Standby []Egress

	// Instruments that are known already need not be fetched when a market of theirs is asked for.
	Instruments []exchange.Instrument

	// Depth is how many levels a side StreamBooks follows: 1, 50, 200 (default) or 1000. More levels come less often: every 10, 20, 100 or
	// 200 ms.
	Depth int

	// HTTP does the REST requests; nil is a client of its own, over HTTP/1.1 with a time-out of 10 s. It is copied, and follows no redirections.
	// A Transport of your own must not send anything again by itself: an order would be two.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil. Of its
	// fields, account and order entry sockets heed NetDial, HandshakeTimeout and WriteWait.
	Session feed.SessionConfig

	// Seed is of the jitter of requests; 0: a random one.
	Seed uint64

	Hooks Hooks
}

// Hooks are told what happens; each may be nil. They must not block.
type Hooks struct {
	// Stream is told why a connection of StreamOrders failed or ended, and which reading after it did; link names the connection. It mends
	// itself: this is for logs. But for one thing: an execution of an order that cannot be read keeps the stream down, as money has moved and
	// nobody knows how much, and each attempt is told. Executions that no order of this library can have (spreads, blocks, deliveries, types
	// that nobody documented) and that cannot be read are passed over, and told with the link "executions", by whatever call meets them.
	// It is called from several goroutines.
	Stream func(link string, err error)
}

// Exchange is Bybit, for one account: see the package's words. It is safe for concurrent use. It holds connections only while StreamBooks
// and StreamOrders run, and, with EntrySocket, until Close.
type Exchange struct {
	cfg     Config // without secrets
	limits  *Limits
	client  *rest.Client
	clock   *rest.Clock
	signers []*signer // one for each way out; none: no credentials
	parse   parser
	tracker *private.Tracker
	stream  *private.Stream
	entry   *desk // nil: REST

	mu        sync.Mutex // guards what follows
	rules     map[exchange.Symbol]exchange.Instrument
	names     map[named]exchange.Symbol
	listed    bool           // the venue's whole list is in rules
	strangers map[named]bool // that are in no list; false: not asked yet
}

// named is a market by the venue's name, which is one for two kinds.
type named struct {
	kind exchange.Kind
	name string
}

var (
	_ exchange.Exchange    = (*Exchange)(nil)
	_ exchange.CancelAller = (*Exchange)(nil)
	_ exchange.TimeTeller  = (*Exchange)(nil)
)

// New checks cfg and makes an Exchange. It does no I/O. What is wrong with cfg wraps [exchange.ErrInvalid].
func New(cfg Config) (*Exchange, error) {
	if err := cfg.whole(); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	x := &Exchange{limits: cfg.Limits, tracker: private.NewTracker(private.TrackerConfig{Account: cfg.Account})}
	x.client = &rest.Client{Venue: Venue, Base: cfg.Endpoints.REST, HTTP: rest.Harden(cfg.HTTP), Limits: x.limits.rest,
		Jitter: rest.NewJitter(cfg.Seed), Read: x.read}
	if err := x.arm(&cfg); err != nil {
		return nil, err
	}
	x.clock = rest.NewClock(x.serverTime)
	x.client.Clock = x.clock
	cfg.Credentials, cfg.Standby = Credentials{}, nil
	x.cfg = cfg
	x.parse = parser{account: cfg.Account, symbol: x.symbolOf, asked: new(asked)}
	if tell := cfg.Hooks.Stream; tell != nil {
		x.parse.passed = func(err error) { tell("executions", err) }
	}
	x.keep(cfg.Instruments)
	var err error
	if x.stream, err = x.newStream(cfg.Seed); err != nil {
		return nil, err
	}
	if cfg.Entry == EntrySocket && len(x.signers) > 0 {
		x.entry = &desk{x: x, prefix: strconv.FormatUint(rand.Uint64(), 36)}
	}
	return x, nil
}

// arm makes the signers and the standby ways.
func (x *Exchange) arm(cfg *Config) error {
	usual, err := newSigner(cfg.Credentials)
	if err != nil {
		return err
	}
	if usual == nil {
		return nil
	}
	x.signers = []*signer{usual}
	for _, e := range cfg.Standby {
		s := usual
		if !e.Credentials.isZero() {
			if s, err = newSigner(e.Credentials); err != nil {
				return err
			}
		}
		h := *x.client.HTTP
		h.Transport = e.Transport
		x.signers, x.client.Standby = append(x.signers, s), append(x.client.Standby, rest.Harden(&h))
	}
	return nil
}

// whole checks that no half of a test set-up would be on the real market: the orders of one that forgets an address would be real ones.
func (c *Config) whole() error {
	e := &c.Endpoints
	if e.Demo && (e.REST == "" || e.Private == "") {
		return fmt.Errorf("bybit: Endpoints of the demo market need REST and Private of their own: %w", exchange.ErrInvalid)
	}
	carriers := []struct{ name, given string }{{"REST", e.REST}, {"Private or Stream", e.Private + e.Stream}, {"Trade or Stream", e.Trade + e.Stream}}
	if e.Demo {
		carriers = carriers[:2]
	}
	missing, given := "", false
	for _, a := range carriers {
		if a.given != "" {
			given = true
		} else if missing == "" {
			missing = a.name
		}
	}
	if given && missing != "" && !c.Credentials.isZero() {
		return fmt.Errorf("bybit: Endpoints without %s: with Credentials the addresses of orders and account are given together: %w", missing, exchange.ErrInvalid)
	}
	return nil
}

func (c *Config) setDefaults() {
	p := Production()
	if c.Endpoints.REST == "" {
		c.Endpoints.REST = p.REST
	}
	if c.Endpoints.Stream == "" {
		c.Endpoints.Stream = p.Stream
	}
	if c.Endpoints.Private == "" {
		c.Endpoints.Private = c.Endpoints.Stream
	}
	if c.Endpoints.Trade == "" {
		c.Endpoints.Trade = c.Endpoints.Stream
	}
	if c.Depth == 0 {
		c.Depth = defaultDepth
	}
	if c.RecvWindow == 0 {
		c.RecvWindow = 5 * time.Second
	}
	if c.Limits == nil {
		c.Limits = NewLimits()
	}
}

func (c *Config) validate() error {
	e := &c.Endpoints
	for _, a := range []struct{ address, schemes string }{{e.REST, "http or https"}, {e.Stream, "ws or wss"}, {e.Private, "ws or wss"}, {e.Trade, "ws or wss"}} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !slices.Contains(strings.Split(a.schemes, " or "), u.Scheme) {
			return fmt.Errorf("bybit: endpoint %q: want %s, ://, and a host, without a path: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	if c.Session.Protocol != nil || c.Session.Decoder != nil {
		return fmt.Errorf("bybit: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	}
	switch {
	case c.Entry > EntrySocket:
		return fmt.Errorf("bybit: entry %d: want EntryREST or EntrySocket: %w", c.Entry, exchange.ErrInvalid)
	case c.Entry == EntrySocket && e.Demo:
		return fmt.Errorf("bybit: the demo market has no order entry over WebSocket: %w: %w", exchange.ErrInvalid, exchange.ErrUnsupported)
	case c.RecvWindow < 5*time.Second || c.RecvWindow > maxWindow:
		return fmt.Errorf("bybit: RecvWindow %v: want 5 s to %v: %w", c.RecvWindow, maxWindow, exchange.ErrInvalid)
	case c.Limits.rest == nil:
		return fmt.Errorf("bybit: Limits are made by NewLimits: %w", exchange.ErrInvalid)
	}
	for _, w := range c.Standby {
		if w.Transport == nil {
			return fmt.Errorf("bybit: a standby way without Transport: %w", exchange.ErrInvalid)
		}
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
