// Package binancetest is Binance in a box: a server that speaks the venue's spot and USD-M futures protocols over a [sim.Engine], as
// net/http/httptest speaks HTTP. Programs that trade on Binance trade on it, and it fails in every way that sim has a word for.
//
// What it plays: the REST APIs of both markets (exchangeInfo, books, orders with cancelReplace and amendments, account, listen keys), both
// WebSocket APIs (orders, sessions of Ed25519 keys, spot's order stream), the public streams of books (diff, partial, best price; futures'
// /public, /market and /private addresses) with true sequence numbers, and the account's streams. Signatures (HMAC, RSA, Ed25519), the time
// window, filters, limits of weight and orders with their headers, bans, pings from the venue's side, and the venue's own error codes are
// those of its documentation. So is what tends to surprise: a misspelt stream name is acknowledged and stays silent, a cancellation's name
// stands where the order's was, client ids may be used again once their order has ended, acknowledgements of futures tell no average price.
//
// What it does not play: conditional orders, order lists, batches, GTD and RPI orders, hedge mode, isolated margin, liquidations, price
// bands, klines and trades, FIX and SBE. Streams of those are acknowledged and silent. Realised profits are told as zero, and what is
// available leaves out what open positions would bring. Of the filters that are listed, maxNotional and those of algo orders are not
// enforced, and a cancelReplace's order is counted after its cancellation. Amounts are exact, where the venue would cut them at 8 digits.
// Orders that others gave to the engine directly are told like all others, whatever the filters say.
//
// The engine should have SplitWallets and BaseFee, as the venue has.
package binancetest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// Config makes a [Server]. The zero value has no keys: only public data works.
type Config struct {
	Keys    []Key
	Faults  sim.Faults
	Latency sim.Latency
	// Pipe serves in memory, for synctest bubbles: clients connect with [Server.Dial].
	Pipe   bool
	Log    *slog.Logger // of what net/http complains about; nil: nobody is told
	Limits Limits
	Timing Timing
}

// Limits are what clients may use. Zero fields are the venue's.
type Limits struct {
	SpotWeight       int // of an address in a minute: 6,000
	SpotRequests     int // of an address in 5 minutes: 300,000
	SpotOrders10s    int // unfilled orders of an account: 100
	SpotOrdersDay    int // 200,000
	FuturesWeight    int // 2,400
	FuturesOrders10s int // 300
	FuturesOrders1m  int // 1,200
	Connects         int // of an address to one market in 5 minutes: 300
	// Offences is how many requests that are refused for weight, one after the other, bring a ban: 10.
	Offences int
}

// Timing is what the venue does by the clock. Zero fields are the venue's.
type Timing struct {
	SpotPing    time.Duration // 20 s
	SpotPong    time.Duration // how long a pong may take: 60 s
	FuturesPing time.Duration // 3 min
	FuturesPong time.Duration // 10 min
	MaxAge      time.Duration // of a connection: 24 h
	ListenKey   time.Duration // of a listen key: 60 min
	// Notice is how long before MaxAge spot says serverShutdown: 10 s.
	Notice time.Duration
}

// Server is the venue. It is safe for concurrent use. Close it.
type Server struct {
	cfg      Config
	floor    *sim.Floor
	injector *sim.Injector
	hosts    *simwire.Hosts
	meter    *simwire.Meter
	calls    *simwire.Calls
	keys     map[string]*key
	halves   [2]*half
	unwatch  func()

	// The floor guards these.
	seen       uint64 // events told
	executions int64

	mu     sync.Mutex
	names  int                          // made up
	keysOf map[string]*listenKey        // by the key's text
	timers map[countdownKey]*time.Timer // of countdowns
	closed bool
}

// half is one of the venue's two markets.
type half struct {
	s         *Server
	kind      exchange.Kind
	name      string // "spot", "futures"
	list      []*market
	byName    map[string]*market
	bySymbol  map[exchange.Symbol]*market
	assets    []exchange.Asset
	routes    map[string]*op // of REST, by "POST /api/v3/order"
	methods   map[string]*op // of the WebSocket API
	limits    limits
	apiPath   string
	apiWeight int

	// The floor guards these.
	ledgers   map[exchange.AccountID]*ledger
	followers map[exchange.AccountID][]*follower
	holdings  map[exchange.AccountID]*simwire.Holdings
}

// NewServer begins to listen, on 127.0.0.1 or in memory, and to serve the engine, which belongs to the Server from now on. It panics when it
// cannot listen, and when engine or cfg make no sense: the engine's venue must be "binance".
func NewServer(engine *sim.Engine, cfg Config) *Server {
	s, err := newServer(engine, cfg)
	if err != nil {
		panic(err)
	}
	return s
}

// venue is the name that the engine's markets must have.
const venue exchange.Venue = "binance"

func newServer(engine *sim.Engine, cfg Config) (*Server, error) {
	if engine == nil || engine.Venue() != venue {
		return nil, fmt.Errorf("binancetest: want an engine of venue %q: %w", venue, exchange.ErrInvalid)
	}
	cfg.Limits.setDefaults()
	cfg.Timing.setDefaults()
	injector, err := sim.NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, floor: sim.NewFloor(engine), injector: injector, calls: simwire.NewCalls(1 << 12), keys: map[string]*key{},
		keysOf: map[string]*listenKey{}, timers: map[countdownKey]*time.Timer{}, meter: simwire.NewMeter(cfg.Limits.all()...),
	}
	accounts := engine.Accounts()
	for _, k := range cfg.Keys {
		one, err := newKey(k)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(accounts, k.Account) || s.keys[k.Key] != nil {
			return nil, fmt.Errorf("binancetest: key of account %q: no such account, or a key given twice: %w", k.Account, exchange.ErrInvalid)
		}
		s.keys[k.Key] = one
	}
	_, s.seen, _ = engine.Events(0)
	for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		s.halves[k] = s.newHalf(k, engine)
	}
	s.hosts = simwire.Listen(simwire.HostsConfig{Pipe: cfg.Pipe, Log: cfg.Log}, s.handlers())
	s.unwatch = s.floor.Watch(func() { s.look(func(time.Time, *sim.Engine) {}) })
	return s, nil
}

func (s *Server) newHalf(k exchange.Kind, engine *sim.Engine) *half {
	h := &half{
		s: s, kind: k, name: "spot", apiPath: "/ws-api/v3", apiWeight: 2, limits: s.cfg.Limits.of(k),
		byName: map[string]*market{}, bySymbol: map[exchange.Symbol]*market{}, routes: map[string]*op{}, methods: map[string]*op{},
		ledgers: map[exchange.AccountID]*ledger{}, followers: map[exchange.AccountID][]*follower{}, holdings: map[exchange.AccountID]*simwire.Holdings{},
	}
	if k == exchange.Perp {
		h.name, h.apiPath, h.apiWeight = "futures", "/ws-fapi/v1", 5
	}
	for _, ins := range engine.Instruments() {
		if ins.Market.Symbol.Kind != k {
			continue
		}
		m := newMarket(ins)
		h.list, h.byName[m.symbol], h.bySymbol[ins.Market.Symbol] = append(h.list, m), m, m
		for _, a := range []exchange.Asset{ins.Market.Symbol.Base, ins.Market.Symbol.Quote} {
			if !slices.Contains(h.assets, a) {
				h.assets = append(h.assets, a)
			}
		}
	}
	for _, r := range routes(k) {
		r.known = strings.Fields(r.takes + ofAll)
		if r.path != "" {
			h.routes[r.verb+" "+r.path] = &r.op
		}
		if r.method != "" {
			h.methods[r.method] = &r.op
		}
	}
	return h
}

// handlers are the venue's hosts.
func (s *Server) handlers() map[string]http.Handler {
	spot, futures := s.halves[exchange.Spot], s.halves[exchange.Perp]
	return map[string]http.Handler{
		"spotrest": spot, "spotstream": http.HandlerFunc(spot.serveStream), "spotapi": http.HandlerFunc(spot.serveAPI),
		"futuresrest": futures, "futuresstream": http.HandlerFunc(futures.serveStream), "futuresapi": http.HandlerFunc(futures.serveAPI),
	}
}

// URL is the address of one of the venue's hosts, scheme and host without a path: "spotrest", "spotstream", "spotapi", "futuresrest",
// "futuresstream", "futuresprivate" (the same as futuresstream) or "futuresapi". It panics when there is none of that name.
func (s *Server) URL(name string) string {
	if name == "futuresprivate" {
		name = "futuresstream"
	}
	scheme := "ws"
	if strings.HasSuffix(name, "rest") {
		scheme = "http"
	}
	return s.hosts.URL(scheme, name)
}

// Endpoints are all addresses by name.
func (s *Server) Endpoints() map[string]string {
	r := map[string]string{"futuresprivate": s.URL("futuresprivate")}
	for _, name := range s.hosts.Names() {
		r[name] = s.URL(name)
	}
	return r
}

// Dial connects to one of the addresses, in the form of net.Dialer.DialContext: with Config.Pipe the only way.
func (s *Server) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return s.hosts.Dial(ctx, network, addr)
}

// Publish makes b the liquidity of its market. Errors are those of Engine.SetBook.
func (s *Server) Publish(b *exchange.Book) (err error) {
	s.act(func(now time.Time, e *sim.Engine) { err = e.SetBook(now, b) })
	return err
}

// Inspect runs f on the engine while nothing else does. f must not wait, must not change anything, and must not call the Server.
func (s *Server) Inspect(f func(*sim.Engine)) {
	s.floor.Read(func(_ time.Time, e *sim.Engine) { f(e) })
}

// Floor is where the engine is: what others do there the Server's clients see.
func (s *Server) Floor() *sim.Floor { return s.floor }

// Injector decides what goes wrong.
func (s *Server) Injector() *sim.Injector { return s.injector }

// Disconnect cuts all WebSockets, as when a machine of the venue dies, and returns how many there were.
func (s *Server) Disconnect() int { return s.hosts.Disconnect(nil) }

// Requests are the newest requests that came, oldest first, each as "METHOD path?query body" over REST and as the text of the frame over a
// WebSocket API. They hold signatures.
func (s *Server) Requests() (r []string) {
	for _, c := range s.calls.All() {
		text := c.Body
		if c.Path != "" {
			text = strings.TrimSpace(c.Method + " " + c.Path + "?" + c.Query + " " + c.Body)
		}
		r = append(r, text)
	}
	return r
}

// Close ends all connections and returns when every goroutine has ended. It may be called again.
func (s *Server) Close() {
	s.unwatch()
	s.mu.Lock()
	s.closed = true
	for _, t := range s.timers {
		t.Stop()
	}
	for _, k := range s.keysOf {
		k.timer.Stop()
	}
	s.mu.Unlock()
	s.hosts.Close()
}

// makeName is a client id for what was sent without one.
func (s *Server) makeName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names++
	n := strconv.Itoa(s.names)
	return "sim" + strings.Repeat("0", max(0, 19-len(n))) + n
}
