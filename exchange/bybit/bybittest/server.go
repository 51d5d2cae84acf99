package bybittest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// Venue is the venue that an engine must have to be spoken for by a Server.
const Venue exchange.Venue = "bybit"

// Key is an API key of one account. Exactly one of Secret and PublicKey is given.
type Key struct {
	Account   exchange.AccountID
	Key       string
	Secret    string // of a key that the venue made: HMAC
	PublicKey string // PEM of an RSA key that was given to the venue
	ReadOnly  bool   // orders are refused with 10005
}

// Config makes a [Server]. The zero value plays public data only, without faults, on 127.0.0.1.
type Config struct {
	Keys    []Key
	Faults  sim.Faults
	Latency sim.Latency
	// Pipe listens in memory, for synctest bubbles: clients connect with [Server.Dial].
	Pipe bool
	Log  *slog.Logger // of what net/http complains about; nil: nobody is told

	// RateScale multiplies the venue's limits of requests. Default 1.
	RateScale int
	// MaxOpen is how many orders may work: of each market on linear, of all together on spot. Default 500.
	MaxOpen int
	// Band is how far a limit price may be from the mark price, as a part of it: spot refuses what is beyond, linear moves it to the edge without
	// a word. Default 0: no band.
	Band exchange.Decimal
	// Idle is how long a socket may be silent on both sides before it is cut. Default 10 minutes; clients may ask for another with
	// max_active_time.
	Idle time.Duration
}

func (c *Config) setDefaults() {
	if c.RateScale == 0 {
		c.RateScale = 1
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = 500
	}
	if c.Idle == 0 {
		c.Idle = 10 * time.Minute
	}
}

func (c *Config) validate() error {
	if c.RateScale < 0 || c.MaxOpen < 0 || c.Idle < 0 || c.Band.Sign() < 0 || c.Band.Cmp(exchange.Scaled(1, 0)) >= 0 {
		return fmt.Errorf("bybittest: config with RateScale %d, MaxOpen %d, Idle %s, Band %s", c.RateScale, c.MaxOpen, c.Idle, c.Band)
	}
	return nil
}

// Server speaks the protocol of Bybit over an engine. It is safe for concurrent use.
type Server struct {
	cfg         Config
	floor       *sim.Floor
	injector    *sim.Injector
	hosts       *simwire.Hosts
	meter       *simwire.Meter
	calls       *simwire.Calls
	routes      map[string]route
	keys        map[string]*verifier
	instruments []exchange.Instrument
	markets     map[named]exchange.Instrument
	bySymbol    map[exchange.Symbol]exchange.Instrument
	serial      atomic.Uint64 // of connections and messages

	// The floor's lock guards these.
	unnamed uint64
	extras  extras
	tally   tally
	shelves shelves

	mu       sync.Mutex // guards what follows; never held over I/O
	switches map[product]*deadMan
}

const (
	hostREST   = "rest"
	hostStream = "stream"
)

// NewServer starts a server; Close ends it. The engine, which belongs to the server's floor from now on, must play [Venue], and each key must be
// of one of its accounts. As net/http/httptest does, it panics where it cannot start.
func NewServer(engine *sim.Engine, cfg Config) *Server {
	s, err := newServer(engine, cfg)
	if err != nil {
		panic(err)
	}
	s.hosts = simwire.Listen(simwire.HostsConfig{Pipe: cfg.Pipe, Log: cfg.Log}, map[string]http.Handler{
		hostREST: http.HandlerFunc(s.serveREST), hostStream: http.HandlerFunc(s.serveSocket),
	})
	return s
}

func newServer(engine *sim.Engine, cfg Config) (*Server, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if engine == nil || engine.Venue() != Venue {
		return nil, fmt.Errorf("bybittest: want an engine that plays %q", Venue)
	}
	injector, err := sim.NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		return nil, fmt.Errorf("bybittest: %w", err)
	}
	s := &Server{
		cfg: cfg, floor: sim.NewFloor(engine), injector: injector, meter: newMeter(cfg.RateScale), calls: simwire.NewCalls(10_000),
		routes: make(map[string]route), keys: make(map[string]*verifier), instruments: engine.Instruments(),
		markets: make(map[named]exchange.Instrument), bySymbol: make(map[exchange.Symbol]exchange.Instrument),
		switches: make(map[product]*deadMan), shelves: shelves{most: cfg.MaxOpen, atOne: make(map[heldKey]int)},
	}
	for _, r := range routes() {
		s.routes[r.path] = r
	}
	for _, ins := range s.instruments {
		if c := ins.Contract; !c.IsZero() && !c.Equal(exchange.Scaled(1, 0)) {
			return nil, fmt.Errorf("bybittest: %s has contracts of %s: the venue counts in base", ins.VenueSymbol, c)
		}
		s.markets[named{ins.Market.Symbol.Kind, ins.VenueSymbol}], s.bySymbol[ins.Market.Symbol] = ins, ins
		if ins.Market.Symbol.Kind == exchange.Spot {
			s.shelves.spots = append(s.shelves.spots, ins.Market.Symbol)
		}
	}
	for _, k := range cfg.Keys {
		v, err := newVerifier(k)
		if err != nil {
			return nil, err
		}
		if _, twice := s.keys[k.Key]; twice || !slices.Contains(engine.Accounts(), k.Account) {
			return nil, fmt.Errorf("bybittest: key %.8q is given twice, or of account %q, which the engine does not have", k.Key, k.Account)
		}
		s.keys[k.Key] = v
	}
	return s, nil
}

// now is the venue's clock.
func (s *Server) now() time.Time { return time.Now() }

// URL is the address of one of "rest", "stream", "private" and "trade": scheme and host, without a path. It panics for other names.
func (s *Server) URL(name string) string {
	url, ok := s.Endpoints()[name]
	if !ok {
		panic(fmt.Sprintf("bybittest: no endpoint %q", name))
	}
	return url
}

// Endpoints are the addresses by name, as [Server.URL] has them. As at the venue, all sockets have one host.
func (s *Server) Endpoints() map[string]string {
	stream := s.hosts.URL("ws", hostStream)
	return map[string]string{"rest": s.hosts.URL("http", hostREST), "stream": stream, "private": stream, "trade": stream}
}

// Dial connects to one of the server's addresses, in the form of net.Dialer.DialContext. With Pipe there is no other way.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.hosts.Dial(ctx, network, addr)
}

// Publish makes b what everybody else offers on its market; b stays the caller's. Errors are those of the engine's SetBook.
func (s *Server) Publish(b *exchange.Book) error {
	var err error
	s.floor.Do(func(now time.Time, e *sim.Engine) { err = e.SetBook(now, b) })
	return err
}

// Inspect runs f on the engine while nothing else does, and wakes the streams. f must not wait, and must not call the Server.
func (s *Server) Inspect(f func(*sim.Engine)) { s.floor.Do(func(_ time.Time, e *sim.Engine) { f(e) }) }

// Floor is where the engine stands: other clients of it may trade there.
func (s *Server) Floor() *sim.Floor { return s.floor }

// Injector gives requests and messages their fates.
func (s *Server) Injector() *sim.Injector { return s.injector }

// Disconnect cuts every socket, as when a machine of the venue dies, and returns how many there were.
func (s *Server) Disconnect() int { return s.hosts.Disconnect(nil) }

// Close ends listeners, connections and sockets, and returns when every goroutine has ended.
func (s *Server) Close() { s.hosts.Close() }

// id is a new name of a connection or a message.
func (s *Server) id(prefix string) string { return prefix + strconv.FormatUint(s.serial.Add(1), 36) }

// params are parameters by name and value; empty ones are left out.
func params(pairs ...string) simwire.Params {
	var r simwire.Params
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			r = append(r, simwire.Param{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return r
}
