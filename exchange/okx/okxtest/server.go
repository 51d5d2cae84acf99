package okxtest

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// The names of the endpoints, for [Server.URL].
const (
	EndpointREST    = "rest"
	EndpointStream  = "stream"
	EndpointPrivate = "private"
)

// Venue is the venue that an engine must have to be played by a [Server].
const Venue exchange.Venue = "okx"

// Server is OKX on 127.0.0.1, or in memory, over a [sim.Engine]. It is safe for concurrent use.
type Server struct {
	cfg      Config
	log      *slog.Logger
	keys     map[string]*Key
	markets  []*market
	byID     map[string]*market
	people   []exchange.AccountID
	routes   map[string]route
	floor    *sim.Floor
	injector *sim.Injector
	keeper   *keeper
	meter    *simwire.Meter
	hosts    *simwire.Hosts
	timers   timers
	conns    atomic.Uint64 // numbers connections

	mu       sync.Mutex     // guards what follows
	counts   map[string]int // connections by account and private channel
	sessions map[*session]struct{}
}

// NewServer starts a server around engine, which must play [Venue], and belongs to it from now on: use Inspect. It panics when it cannot listen,
// and when cfg is not what the engine can play.
func NewServer(engine *sim.Engine, cfg Config) *Server {
	cfg.setDefaults()
	if err := cfg.validate(engine); err != nil {
		panic(err.Error())
	}
	injector, err := sim.NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		panic("okxtest: " + err.Error())
	}
	s := &Server{cfg: cfg, log: cfg.Log, keys: make(map[string]*Key), byID: make(map[string]*market), people: engine.Accounts(),
		injector: injector, counts: make(map[string]int), sessions: make(map[*session]struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for i := range cfg.Keys {
		s.keys[cfg.Keys[i].Key] = &cfg.Keys[i]
	}
	for i, in := range engine.Instruments() {
		m := newMarket(in, i)
		s.markets, s.byID[m.instID] = append(s.markets, m), m
	}
	s.keeper, s.meter, s.routes = newKeeper(&s.cfg, s.markets, engine), newMeter(&s.cfg), s.routesOf()
	s.floor = sim.NewFloor(engine)
	s.timers.fire = s.sweep
	socket := http.HandlerFunc(s.serveSocket)
	s.hosts = simwire.Listen(simwire.HostsConfig{Pipe: cfg.Pipe, Log: cfg.Log}, map[string]http.Handler{
		EndpointREST: http.HandlerFunc(s.serveREST), EndpointStream: socket, EndpointPrivate: socket,
	})
	return s
}

// URL is the address of an endpoint, scheme and host: of "rest", "stream" (public data) or "private" (the account, and order entry). Both of
// the latter serve /ws/v5/public and /ws/v5/private. It panics on other names.
func (s *Server) URL(name string) string {
	if name == EndpointREST {
		return s.hosts.URL("http", name)
	}
	return s.hosts.URL("ws", name)
}

// Endpoints are all addresses by name.
func (s *Server) Endpoints() map[string]string {
	r := make(map[string]string)
	for _, name := range s.hosts.Names() {
		r[name] = s.URL(name)
	}
	return r
}

// Dial connects to an endpoint of a server in memory, in the form of net.Dialer.DialContext.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.hosts.Dial(ctx, network, addr)
}

// Publish gives a market its liquidity from now on, as [sim.Engine.SetBook] does.
func (s *Server) Publish(b *exchange.Book) (err error) {
	s.floor.Do(func(now time.Time, e *sim.Engine) { err = e.SetBook(now, b) })
	return err
}

// Inspect runs f alone with the engine; streams then tell what it changed.
func (s *Server) Inspect(f func(*sim.Engine)) {
	s.floor.Do(func(_ time.Time, e *sim.Engine) { f(e) })
}

// Floor is where the server meets its engine, for others who trade there.
func (s *Server) Floor() *sim.Floor { return s.floor }

// Injector gives requests and messages their fates.
func (s *Server) Injector() *sim.Injector { return s.injector }

// Upgrade announces a service upgrade on every WebSocket connection (notice 64008), and closes those that are left after wait.
func (s *Server) Upgrade(wait time.Duration) { s.upgrade(wait) }

// Close ends all connections, and returns when every goroutine of the server has ended. It may be called again.
func (s *Server) Close() {
	s.timers.stop()
	s.hosts.Close()
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// listed is the set of names in a list that commas separate.
func listed(names string) map[string]bool {
	r := make(map[string]bool)
	for n := range strings.SplitSeq(names, ",") {
		if n != "" {
			r[n] = true
		}
	}
	return r
}
