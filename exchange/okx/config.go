// Package okx speaks to OKX: its spot market and its linear perpetual swaps (API v5), through one client.
//
// An [Exchange] is one account: public data, orders and everything about them. Sizes are in base units throughout: the contracts in
// which OKX counts swaps end at this package's border. So do its signs and its client ids: a fee that was paid is positive, and an id comes
// back as it was given, hyphens and all.
//
// OKX acknowledges an order before it has looked at it: what became of it is told on the order stream and by Lookup. A post-only order that
// would take is acknowledged and then ends as StatusRejected.
//
// The account must be in net mode: with long_short_mode orders are refused with ErrUnsupported. Swaps are traded with cross margin, spot
// with cash, or with cross margin where the account's level (multi-currency, portfolio) wants that. Such an account borrows for spot orders that
// it cannot pay where its setting autoLoan is on: switch that off if it is not to.
package okx

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Venue is the name of the market place in every [exchange.Market] of this package.
const Venue exchange.Venue = "okx"

// Endpoints are the addresses of OKX, or of something that speaks like it: scheme and host, without a path. Those that are left empty are
// Production's; with Credentials those of orders and of the account must be all given or all left (REST, and Private or Stream), so that no
// order and no login of a test set-up is a real one.
type Endpoints struct {
	REST    string
	Stream  string // WebSocket of public data, of spot and swaps alike
	Private string // WebSocket of the account and of order entry; empty: as Stream
	// Simulated is set for the demo market: REST requests say so in a header. Its stream is another one, and must be given: see Demo.
	Simulated bool
}

// Production is the real market, for accounts of no particular region. Key and host must fit: see LiveUS and LiveEU.
func Production() Endpoints {
	return Endpoints{REST: "https://openapi.okx.com", Stream: "wss://ws.okx.com:8443"}
}

// Live is Production.
func Live() Endpoints { return Production() }

// LiveUS is the real market for accounts of the United States and of Australia.
func LiveUS() Endpoints {
	return Endpoints{REST: "https://us.okx.com", Stream: "wss://wsus.okx.com:8443"}
}

// LiveEU is the real market for accounts of the European Economic Area.
func LiveEU() Endpoints {
	return Endpoints{REST: "https://eea.okx.com", Stream: "wss://wseea.okx.com:8443"}
}

// Demo is OKX's demo market: its own books, play money, keys of its own.
func Demo() Endpoints {
	return Endpoints{REST: "https://openapi.okx.com", Stream: "wss://wspap.okx.com:8443", Simulated: true}
}

// DemoEU is the demo market for accounts of the European Economic Area.
func DemoEU() Endpoints {
	return Endpoints{REST: "https://eea.okx.com", Stream: "wss://wseeapap.okx.com:8443", Simulated: true}
}

// Entry is how orders are sent.
type Entry uint8

const (
	EntryREST   Entry = iota // each with a request of its own
	EntrySocket              // over the account's WebSocket while StreamOrders is up, else over REST
)

// String is "REST" or "WebSocket".
func (e Entry) String() string {
	switch e {
	case EntryREST:
		return "REST"
	case EntrySocket:
		return "WebSocket"
	}
	return fmt.Sprintf("entry %d", uint8(e))
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

	// Limits is shared by Exchanges behind one address; nil: limits of its own.
	Limits *Limits

	// Standby ways carry cancels, lookups and reductions, and nothing else, while the venue bans the usual address. They add no budget. Off
	// without them. Mind the venue's terms: a ban that is walked around may become one of the account.
	Standby []Egress

	// Instruments that are known already need not be fetched when a market of theirs is asked for. A perpetual's must have its Contract, for its
	// orders are counted in contracts; spot's is 1, or left zero.
	Instruments []exchange.Instrument

	// Channel is the book channel that StreamBooks follows: "books" (default; 400 levels, every 100 ms, for everybody), "books50-l2-tbt" or
	// "books-l2-tbt" (every 10 ms, with a login of tier VIP4).
	Channel string

	// HTTP does the REST requests; nil is a client of its own, over HTTP/1.1 with a time-out of 10 s. It is copied, and follows no redirections.
	// A Transport of your own must not send anything again by itself: an order would be two.
	HTTP *http.Client

	// Session is the model of the WebSocket sessions: heartbeat, time-outs, dialing, hooks. Protocol and Decoder in it must be nil. Of its
	// fields, the account's socket heeds NetDial, HandshakeTimeout and WriteWait.
	Session feed.SessionConfig

	// Seed is of the jitter of requests, and of the ids of amendments; 0: a random one. Any other is for tests: programs of one account must not
	// share it.
	Seed uint64

	Hooks Hooks
}

// Hooks are told what happens; each may be nil. They must not block.
type Hooks struct {
	// Stream is told why a connection of StreamOrders failed or ended, and which reading after it did; link names the connection. It mends
	// itself: this is for logs.
	Stream func(link string, err error)
}

// Exchange is OKX, for one account: see the package's words. It is safe for concurrent use. It holds connections only while StreamBooks
// and StreamOrders run.
type Exchange struct {
	cfg     Config // without secrets
	limits  *Limits
	client  *rest.Client
	clock   *rest.Clock
	signers []*signer // one for each way out; none: no credentials
	tracker *private.Tracker
	stream  *private.Stream // nil without credentials
	renew   chan struct{}   // asks for a new socket of the account
	entry   atomic.Pointer[conn]
	prefix  string        // of the ids of requests over WebSocket, and of amendments: all of the account's programs are told of those
	ids     atomic.Uint64 // their numbers

	mu        sync.Mutex // guards what follows
	rules     map[exchange.Symbol]*details
	names     map[string]*details // by instId
	listed    bool                // the venue's whole list is in rules
	strangers map[string]bool     // instIds that are in no list; false: not asked yet
	mode      *mode               // of the account; nil: not asked yet
	amends    map[string]awaited
	changed   changes
}

var (
	_ exchange.Exchange    = (*Exchange)(nil)
	_ exchange.CancelAller = (*Exchange)(nil)
	_ exchange.DeadMan     = (*Exchange)(nil)
	_ exchange.TimeTeller  = (*Exchange)(nil)
)

// New checks cfg and makes an Exchange. It does no I/O. What is wrong with cfg wraps [exchange.ErrInvalid].
func New(cfg Config) (*Exchange, error) {
	if err := cfg.Endpoints.whole(!cfg.Credentials.isZero()); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	header := http.Header{}
	if cfg.Endpoints.Simulated {
		header.Set("x-simulated-trading", "1")
	}
	x := &Exchange{limits: cfg.Limits, prefix: newPrefix(cfg.Seed), tracker: private.NewTracker(private.TrackerConfig{Account: cfg.Account}), renew: make(chan struct{}, 1)}
	x.client = &rest.Client{Venue: Venue, Base: cfg.Endpoints.REST, Header: header, HTTP: rest.Harden(cfg.HTTP), Limits: x.limits.rest,
		Jitter: rest.NewJitter(cfg.Seed), Read: x.read}
	if err := x.arm(&cfg); err != nil {
		return nil, err
	}
	x.clock = rest.NewClock(x.sample)
	x.client.Clock = x.clock
	cfg.Credentials, cfg.Standby = Credentials{}, nil
	x.cfg = cfg
	x.keep(known(cfg.Instruments))
	if len(x.signers) > 0 {
		var err error
		if x.stream, err = x.newStream(); err != nil {
			return nil, err
		}
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

// whole refuses what would be half of a test set-up and half of the real market.
func (e *Endpoints) whole(account bool) error {
	missing := ""
	switch socket := e.Private != "" || e.Stream != ""; {
	case e.Simulated && e.Stream == "":
		return fmt.Errorf("okx: Endpoints are Simulated, without Stream: that would be the real market's, see Demo: %w", exchange.ErrInvalid)
	case account && e.REST == "" && socket:
		missing = "REST"
	case account && e.REST != "" && !socket:
		missing = "Private or Stream"
	}
	if missing == "" {
		return nil
	}
	return fmt.Errorf("okx: Endpoints without %s: with Credentials the addresses of orders and account are given together: %w", missing, exchange.ErrInvalid)
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
	if c.Channel == "" {
		c.Channel = defaultChannel
	}
	if c.Limits == nil {
		c.Limits = NewLimits()
	}
}

func (c *Config) validate() error {
	e := &c.Endpoints
	for _, a := range []struct{ address, schemes string }{{e.REST, "http or https"}, {e.Stream, "ws or wss"}, {e.Private, "ws or wss"}} {
		u, err := url.Parse(a.address)
		if err != nil || u.Host == "" || u.Path != "" || !slices.Contains(strings.Split(a.schemes, " or "), u.Scheme) {
			return fmt.Errorf("okx: endpoint %q: want %s, ://, and a host, without a path: %w", a.address, a.schemes, exchange.ErrInvalid)
		}
	}
	switch {
	case c.Session.Protocol != nil || c.Session.Decoder != nil:
		return fmt.Errorf("okx: Session.Protocol and Session.Decoder are the exchange's own: %w", exchange.ErrInvalid)
	case c.Entry > EntrySocket:
		return fmt.Errorf("okx: Entry %d: want EntryREST or EntrySocket: %w", uint8(c.Entry), exchange.ErrInvalid)
	case c.Limits.rest == nil:
		return fmt.Errorf("okx: Limits are made by NewLimits: %w", exchange.ErrInvalid)
	}
	for _, w := range c.Standby {
		if w.Transport == nil {
			return fmt.Errorf("okx: a standby way without Transport: %w", exchange.ErrInvalid)
		}
	}
	for _, i := range c.Instruments {
		if i.Market.Venue != Venue {
			return fmt.Errorf("okx: instrument of %s: %w", i.Market, exchange.ErrInvalid)
		}
		if err := i.Validate(); err != nil {
			return err
		}
		plain := i.Contract.IsZero() || i.Contract.Equal(exchange.Scaled(1, 0))
		if spot := i.Market.Symbol.Kind == exchange.Spot; spot && !plain || !spot && i.Contract.IsZero() {
			return fmt.Errorf("okx: instrument %s: contract of %s: want that of a perpetual, and 1 of spot: %w", i.Market, i.Contract, exchange.ErrInvalid)
		}
	}
	return checkChannel(c.Channel)
}
