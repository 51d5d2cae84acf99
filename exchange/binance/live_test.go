package binance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// server is Binance in memory, in virtual time: both streams and both depth endpoints. Snapshots are of the update that id holds.
type server struct {
	l    *pipe.Listener
	http http.Server
	wg   sync.WaitGroup
	t0   time.Time

	mu    sync.Mutex
	id    map[string]int64 // by market: "spot BTCUSDT"
	fetch []fetch
	subs  []string // "/stream btcusdt@depth@100ms", in order
	conns map[string][]*websocket.Conn
	reply func(market string, n int) (status int, body string) // n-th fetch of a market; status 0: a snapshot
}

type fetch struct {
	at     time.Duration
	market string
	limit  string
}

func serve(t *testing.T) *server {
	s := &server{l: pipe.Listen(), t0: time.Now(), id: map[string]int64{}, conns: map[string][]*websocket.Conn{}}
	s.http.Handler = s
	s.wg.Go(func() { _ = s.http.Serve(s.l) })
	t.Cleanup(func() {
		s.l.Close()
		s.http.Close()
		s.drop("/stream")
		s.drop("/public/stream")
		s.wg.Wait()
	})
	return s
}

func (s *server) exchange(t *testing.T, cfg binance.Config) *binance.Exchange {
	t.Helper()
	cfg.Endpoints = binance.Endpoints{SpotREST: "http://api.test", SpotStream: "ws://stream.test", FuturesREST: "http://fapi.test", FuturesStream: "ws://fstream.test"}
	cfg.HTTP = &http.Client{Transport: &http.Transport{DialContext: s.l.Dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	cfg.Session.NetDial = s.l.Dial
	cfg.Seed = 1
	x, err := binance.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.wg.Add(1)
	defer s.wg.Done()
	switch r.URL.Path {
	case "/api/v3/depth":
		s.depth(w, r, "spot ")
	case "/fapi/v1/depth":
		s.depth(w, r, "perp ")
	case "/stream", "/public/stream":
		s.stream(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *server) depth(w http.ResponseWriter, r *http.Request, kind string) {
	market := kind + r.URL.Query().Get("symbol")
	s.mu.Lock()
	s.fetch = append(s.fetch, fetch{time.Since(s.t0), market, r.URL.Query().Get("limit")})
	n, id, reply := 0, s.id[market], s.reply
	for _, f := range s.fetch {
		if f.market == market {
			n++
		}
	}
	s.mu.Unlock()
	if reply != nil {
		if status, body := reply(market, n); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	times := ""
	if kind == "perp " {
		times = `"E":5,"T":4,`
	}
	fmt.Fprintf(w, `{"lastUpdateId":%d,%s"bids":[["100","1"],["99","1"]],"asks":[["101","1"]]}`, id, times)
}

func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	s.mu.Lock()
	s.conns[r.URL.Path] = append(s.conns[r.URL.Path], ws)
	s.mu.Unlock()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		var q struct {
			Params []string
			ID     uint64
		}
		if err := json.Unmarshal(frame, &q); err != nil {
			return
		}
		s.mu.Lock()
		for _, p := range q.Params {
			s.subs = append(s.subs, r.URL.Path+" "+p)
		}
		_ = ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"result":null,"id":%d}`, q.ID))
		s.mu.Unlock()
	}
}

// push sends a delta on the newest connection of its market.
func (s *server) push(market string, first, last, prev int64, bid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, symbol, _ := strings.Cut(market, " ")
	path, extra := "/stream", ""
	if kind == "perp" {
		path, extra = "/public/stream", fmt.Sprintf(`"T":4,"pu":%d,`, prev)
	}
	c := s.conns[path]
	_ = c[len(c)-1].WriteMessage(websocket.TextMessage, fmt.Appendf(nil,
		`{"stream":"%s@depth@100ms","data":{"e":"depthUpdate","E":5,%s"s":"%s","U":%d,"u":%d,"b":[["%s","2"]],"a":[]}}`,
		strings.ToLower(symbol), extra, symbol, first, last, bid))
}

func (s *server) say(path, frame string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[path]
	_ = c[len(c)-1].WriteMessage(websocket.TextMessage, []byte(frame))
}

func (s *server) set(market string, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id[market] = id
}

func (s *server) drop(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns[path] {
		c.Close()
	}
}

// fetches are the snapshots asked for since the last call.
func (s *server) fetches() (r []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.fetch {
		r = append(r, f.market)
	}
	s.fetch = nil
	slices.Sort(r)
	return r
}

// running is a StreamBooks, and what it emitted.
type running struct {
	t    *testing.T
	mu   sync.Mutex
	log  []string
	stop context.CancelFunc
	done chan error
}

func run(t *testing.T, x *binance.Exchange, symbols ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, stop: stop, done: make(chan error, 1)}
	var list []exchange.Symbol
	for _, s := range symbols {
		list = append(list, exchange.MustSymbol(s))
	}
	go func() { r.done <- x.StreamBooks(ctx, list, r.emit) }()
	return r
}

func (r *running) emit(b *exchange.Book) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := fmt.Sprintf("%s %d", b.Market.Symbol, b.Seq)
	if bid, ok := b.Best(exchange.Sell); ok {
		line += " " + b.Price(bid).String()
	}
	for name, kind := range map[string]error{"gap": exchange.ErrGap, "down": exchange.ErrDown, "crossed": exchange.ErrCrossed} {
		if errors.Is(b.Err, kind) {
			line = fmt.Sprintf("%s %s", b.Market.Symbol, name)
		}
	}
	r.log = append(r.log, line)
}

// want waits for d and holds what was emitted since the last call against lines, in any order between symbols.
func (r *running) want(what string, d time.Duration, lines ...string) {
	r.t.Helper()
	after(d)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(r.log, bySymbol)
	slices.SortStableFunc(lines, bySymbol)
	if !slices.Equal(r.log, lines) {
		r.t.Errorf("%s: emitted %q, want %q", what, r.log, lines)
	}
	r.log = nil
}

func bySymbol(a, b string) int {
	return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0])
}

func (r *running) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		r.t.Errorf("StreamBooks returned %v", err)
	}
}

// after lets d pass, in the bubble's time.
func after(d time.Duration) { <-time.After(d) }

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestStreamBooksOfBothMarkets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.set("spot BTCUSDT", 10)
		s.set("perp BTCUSDT", 20)
		r := run(t, s.exchange(t, binance.Config{Depth: 500}), "BTC-USDT", "BTC-USDT-PERP", "BTC-USDT")
		r.want("snapshots", time.Second, "BTC-USDT 10 100", "BTC-USDT-PERP 20 100")
		equal(t, "subscriptions", slices.Sorted(slices.Values(s.subs)), []string{"/public/stream btcusdt@depth@100ms", "/stream btcusdt@depth@100ms"})
		if s.fetch[0].limit != "500" {
			t.Errorf("limit %s", s.fetch[0].limit)
		}
		equal(t, "fetches", s.fetches(), []string{"perp BTCUSDT", "spot BTCUSDT"})
		s.push("spot BTCUSDT", 11, 12, 0, "100.5")
		s.push("perp BTCUSDT", 19, 25, 18, "100.2")
		s.push("perp BTCUSDT", 30, 35, 25, "100.3")
		r.want("deltas", time.Second, "BTC-USDT 12 100.5", "BTC-USDT-PERP 25 100.2", "BTC-USDT-PERP 35 100.3")
		equal(t, "fetches", s.fetches(), nil)
		r.end()
	})
}

func TestOneSymbolIsRebuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.set("spot BTCUSDT", 10)
		s.set("spot ETHUSDT", 10)
		r := run(t, s.exchange(t, binance.Config{}), "BTC-USDT", "ETH-USDT")
		r.want("snapshots", time.Second, "BTC-USDT 10 100", "ETH-USDT 10 100")
		s.fetches()
		s.set("spot BTCUSDT", 13)
		s.push("spot BTCUSDT", 13, 14, 0, "100.5")
		s.push("spot ETHUSDT", 11, 11, 0, "100.1")
		s.push("spot BTCUSDT", 15, 15, 0, "100.7")
		r.want("gap and rebuilding", time.Second, "BTC-USDT gap", "BTC-USDT 15 100.7", "ETH-USDT 11 100.1")
		equal(t, "fetches", s.fetches(), []string{"spot BTCUSDT"})
		if n := len(s.subs); n != 2 {
			t.Errorf("%d subscriptions: a gap is no reason to subscribe anew", n)
		}
		r.end()
	})
}

func TestSnapshotIsFetchedUntilItFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.set("spot BTCUSDT", 4)
		s.reply = func(_ string, n int) (int, string) {
			switch n {
			case 1:
				return 503, "<html>" // tried again within the call
			case 2:
				return 200, `{"lastUpdateId":10,"bids":[["2","1"]],"asks":[["1","1"]]}`
			case 3:
				return 200, `{"lastUpdateId":9,"bi`
			}
			return 0, ""
		}
		var failed []error
		cfg := binance.Config{Hooks: binance.Hooks{Snapshot: func(_ exchange.Symbol, _ time.Duration, err error) { failed = append(failed, err) }}}
		r := run(t, s.exchange(t, cfg), "BTC-USDT")
		after(10 * time.Millisecond)
		s.push("spot BTCUSDT", 10, 11, 0, "100.5")
		r.want("crossed, damaged, too old", 5*time.Second, "BTC-USDT crossed")
		s.set("spot BTCUSDT", 10)
		r.want("fits", 30*time.Second, "BTC-USDT 11 100.5")
		r.end()
		if len(failed) < 4 || !errors.Is(failed[0], exchange.ErrCrossed) || !errors.Is(failed[1], exchange.ErrFrame) || failed[len(failed)-1] != nil {
			t.Errorf("the hook was told %v", failed)
		}
	})
}

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.set("spot BTCUSDT", 10)
		r := run(t, s.exchange(t, binance.Config{}), "BTC-USDT", "BTC-USDT-PERP")
		r.want("snapshots", time.Second, "BTC-USDT 10 100", "BTC-USDT-PERP 0 100")
		s.set("spot BTCUSDT", 50)
		s.drop("/stream")
		r.want("the connection of spot is lost", 5*time.Second, "BTC-USDT down", "BTC-USDT 50 100")
		s.push("spot BTCUSDT", 51, 51, 0, "100.5")
		s.say("/stream", `{"e":"serverShutdown","E":1}`)
		r.want("the venue is about to go", 5*time.Second, "BTC-USDT 51 100.5", "BTC-USDT down", "BTC-USDT 50 100")
		s.push("spot BTCUSDT", 51, 51, 0, "100.5")
		s.say("/stream", `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":5,"T":4,"pu":1,"s":"BTCUSDT","U":52,"u":52,"b":[],"a":[]}}`)
		r.want("a frame of the other market", 5*time.Second, "BTC-USDT 51 100.5", "BTC-USDT down", "BTC-USDT 50 100")
		r.end()
		r.want("the end", 0, "BTC-USDT down", "BTC-USDT-PERP down")
	})
}

// A snapshot asked for on one connection says nothing on the next: what happened between the two is in neither.
func TestSnapshotOfAnEarlierConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		hold := make(chan struct{})
		s.reply = func(_ string, n int) (int, string) {
			if n == 1 {
				<-hold
				return 200, `{"lastUpdateId":10,"bids":[["1","1"]],"asks":[]}`
			}
			return 0, ""
		}
		r := run(t, s.exchange(t, binance.Config{}), "BTC-USDT")
		r.want("no answer yet", time.Second)
		s.drop("/stream")
		r.want("down, and up again", 3*time.Second, "BTC-USDT down")
		if n := len(s.subs); n != 2 {
			t.Fatalf("%d subscriptions, want one on each connection", n)
		}
		s.set("spot BTCUSDT", 70)
		close(hold)
		r.want("the new snapshot alone", 3*time.Second, "BTC-USDT 70 100")
		r.end()
	})
}

// ... and when there is no next connection yet, it makes no book either.
func TestSnapshotWithoutConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		hold := make(chan struct{})
		s.reply = func(_ string, n int) (int, string) {
			if n == 1 {
				<-hold
			}
			return 0, ""
		}
		cfg := binance.Config{Session: feed.SessionConfig{BackoffMin: 9 * time.Second, BackoffMax: 9 * time.Second}}
		r := run(t, s.exchange(t, cfg), "BTC-USDT")
		r.want("no answer yet", time.Second)
		s.drop("/stream")
		r.want("down", time.Second, "BTC-USDT down")
		close(hold)
		r.want("the answer comes too late", 2*time.Second)
		s.set("spot BTCUSDT", 70)
		r.want("connected again", 9*time.Second, "BTC-USDT 70 100")
		r.end()
	})
}

func TestWhatNoReconnectCures(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"unknown symbol": {400, `{"code":-1121,"msg":"Invalid symbol."}`, exchange.ErrInvalid},
		"wrong country":  {451, ``, exchange.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t)
				s.reply = func(market string, _ int) (int, string) {
					if market == "spot NOUSDT" {
						return c.status, c.body
					}
					return 0, ""
				}
				r := run(t, s.exchange(t, binance.Config{}), "NO-USDT", "BTC-USDT", "BTC-USDT-PERP")
				err := <-r.done
				var e *exchange.Error
				if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Venue != "binance" {
					t.Errorf("StreamBooks returned %v", err)
				}
				r.stop()
			})
		})
	}
}

// Snapshots of many books keep within half of what the venue allows in a minute, and come at last.
func TestSnapshotsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		var symbols []string
		for i := range 150 {
			symbols = append(symbols, fmt.Sprintf("A%d-USDT", i))
		}
		r := run(t, s.exchange(t, binance.Config{}), symbols...)
		after(5 * time.Minute)
		synctest.Wait()
		if len(r.log) != len(symbols) {
			t.Errorf("%d of %d books are up", len(r.log), len(symbols))
		}
		for i := range s.fetch {
			weight := 0
			for _, f := range s.fetch[i:] {
				if f.at-s.fetch[i].at < time.Minute {
					weight += 50
				}
			}
			if weight > 3000 {
				t.Fatalf("a weight of %d in one minute", weight)
			}
		}
		if early := s.fetch[19].at; early > time.Second {
			t.Errorf("the first 20 took %v: a few books should not wait", early)
		}
		r.end()
	})
}

func TestStreamBooksRefuses(t *testing.T) {
	x, err := binance.New(binance.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, symbols := range map[string][]exchange.Symbol{"none": nil, "no name": {{}}} {
		if err := x.StreamBooks(t.Context(), symbols, nil); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
