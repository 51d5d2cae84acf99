package okx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// server is the public stream in memory: it acknowledges each topic, sends a snapshot for it, and answers pings. It keeps what it was
// sent.
type server struct {
	l      *pipe.Listener
	http   http.Server
	wg     sync.WaitGroup
	refuse string // an instId that does not exist

	mu    sync.Mutex
	heard []string // "1 subscribe books:BTC-USDT", by connection
	conns []*websocket.Conn
}

func serve(t *testing.T) *server {
	s := &server{l: pipe.Listen()}
	s.http.Handler = s
	s.wg.Go(func() { _ = s.http.Serve(s.l) })
	t.Cleanup(s.close)
	return s
}

func (s *server) close() {
	s.l.Close()
	s.http.Close()
	s.drop()
	s.wg.Wait()
}

// drop cuts every connection.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

// push sends a frame on the newest connection.
func (s *server) push(frame string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conns[len(s.conns)-1].WriteMessage(websocket.TextMessage, []byte(frame))
}

func (s *server) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heard)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.wg.Add(1)
	defer s.wg.Done()
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	s.mu.Lock()
	s.conns = append(s.conns, ws)
	n := len(s.conns)
	s.mu.Unlock()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		s.mu.Lock()
		for _, answer := range s.answers(n, string(frame)) {
			_ = ws.WriteMessage(websocket.TextMessage, []byte(answer))
		}
		s.mu.Unlock()
	}
}

func (s *server) answers(n int, frame string) (r []string) {
	if frame == "ping" {
		s.heard = append(s.heard, fmt.Sprintf("%d ping", n))
		return []string{"pong"}
	}
	var q struct {
		ID, Op string
		Args   []struct{ Channel, InstID string }
	}
	if err := json.Unmarshal([]byte(frame), &q); err != nil {
		return []string{`{"event":"error","code":"60012","msg":"Invalid request"}`}
	}
	for _, a := range q.Args {
		s.heard = append(s.heard, fmt.Sprintf("%d %s %s:%s", n, q.Op, a.Channel, a.InstID))
		arg := fmt.Sprintf(`"arg":{"channel":"%s","instId":"%s"},"connId":"a4d3ae55"`, a.Channel, a.InstID)
		if a.InstID == s.refuse {
			r = append(r, fmt.Sprintf(`{"id":"%s","event":"error","code":"60018","msg":"doesn't exist",%s}`, q.ID, arg))
			continue
		}
		r = append(r, fmt.Sprintf(`{"id":"%s","event":"%s",%s}`, q.ID, q.Op, arg))
		if q.Op == "subscribe" {
			r = append(r, push(a.InstID, "snapshot", "100:1", "101:1", 10, -1))
		}
	}
	return r
}

// stream runs StreamBooks until the test ends it with stop, which returns what StreamBooks returned.
type stream struct {
	mu    sync.Mutex
	books []string
	stop  func() error
}

func run(t *testing.T, x *okx.Exchange, symbols ...string) *stream {
	t.Helper()
	var list []exchange.Symbol
	for _, s := range symbols {
		list = append(list, exchange.MustSymbol(s))
	}
	ctx, cancel := context.WithCancel(t.Context())
	s, done := &stream{}, make(chan error, 1)
	go func() {
		done <- x.StreamBooks(ctx, list, func(b *exchange.Book) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.books = append(s.books, show(b))
		})
	}()
	s.stop = func() error { cancel(); return <-done }
	return s
}

// take is what was emitted since the last take.
func (s *stream) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := strings.Join(s.books, "; ")
	s.books = nil
	return r
}

func live(t *testing.T, s *server, cfg okx.Config) *okx.Exchange {
	t.Helper()
	cfg.Endpoints.Stream, cfg.Session.NetDial = "ws://venue", s.l.Dial
	x, err := okx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func settle(d time.Duration) {
	<-time.After(d) // virtual
	synctest.Wait()
}

func TestStreamBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		x := live(t, s, okx.Config{HTTP: &http.Client{Transport: answers{spotPath: rows(spotRow), swapPath: rows(swapRow)}}})
		b := run(t, x, "BTC-USDT", "BTC-USDT-PERP", "BTC-USDT")
		check := func(what, want string) {
			t.Helper()
			if got := b.take(); got != want {
				t.Fatalf("%s: emitted\n%s\nwant\n%s", what, got, want)
			}
		}
		const spot, perp = "okx:BTC-USDT 10: 100x1 | 101x1", "okx:BTC-USDT-PERP 10: 100x0.01 | 101x0.01"
		settle(time.Second)
		check("at first", spot+"; "+perp)

		s.push(push("BTC-USDT", "update", "", "102:1", 31, 30))
		settle(2 * time.Second)
		check("after a gap", "okx:BTC-USDT: gap; "+spot)

		settle(45 * time.Second)
		check("in silence", "")

		s.drop()
		settle(5 * time.Second)
		check("after a cut", "okx:BTC-USDT: disconnected; okx:BTC-USDT-PERP: disconnected; "+spot+"; "+perp)

		if err := b.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		check("at last", "okx:BTC-USDT: disconnected; okx:BTC-USDT-PERP: disconnected")
		want := []string{"1 subscribe books:BTC-USDT", "1 subscribe books:BTC-USDT-SWAP", "1 unsubscribe books:BTC-USDT", "1 subscribe books:BTC-USDT",
			"1 ping", "1 ping", "1 ping", "2 subscribe books:BTC-USDT", "2 subscribe books:BTC-USDT-SWAP"}
		if got := s.log(); !slices.Equal(got, want) {
			t.Errorf("the venue heard\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestStreamRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.refuse = "BTC-USDT"
		b := run(t, live(t, s, okx.Config{Instruments: rules()}), "BTC-USDT-PERP", "BTC-USDT")
		settle(time.Minute)
		if err := b.stop(); !errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), "books:BTC-USDT") {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestStreamOfUnknownSymbols(t *testing.T) {
	x := venue(t, answers{spotPath: rows(spotRow), swapPath: rows(swapRow)})
	emit := func(*exchange.Book) { t.Error("a book") }
	if err := x.StreamBooks(t.Context(), []exchange.Symbol{exchange.MustSymbol("XYZ-USDT")}, emit); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if err := x.StreamBooks(t.Context(), nil, emit); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("no symbols: got %v", err)
	}
}

// flaky fails at first, as a venue in maintenance does.
type flaky struct {
	failures atomic.Int64 // to come
	then     answers
}

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.failures.Add(-1) >= 0 {
		return answers{r.URL.Path + "?" + r.URL.RawQuery: {status: 503, header: http.Header{"Retry-After": {"20"}}, body: "<html>"}}.RoundTrip(r)
	}
	return f.then.RoundTrip(r)
}

func TestStreamWaitsForTheVenue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		f := &flaky{then: answers{spotPath: rows(spotRow), swapPath: rows(swapRow)}}
		f.failures.Store(6)
		b := run(t, live(t, s, okx.Config{HTTP: &http.Client{Transport: f}}), "BTC-USDT")
		settle(110 * time.Second)
		if got := b.take(); got != "" || f.failures.Load() > 1 {
			t.Errorf("%s, %d failures to come", got, f.failures.Load())
		}
		settle(60 * time.Second)
		if got, want := b.take(), "okx:BTC-USDT 10: 100x1 | 101x1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		_ = b.stop()
	})
}

// Thirty books a connection, and each of them on one only.
func TestStreamOfManySymbols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		var list []exchange.Instrument
		var symbols, want []string
		for i := range 70 {
			symbols = append(symbols, fmt.Sprintf("A%d-USDT", i))
			in := rules()[0]
			in.Market.Symbol, in.VenueSymbol = exchange.MustSymbol(symbols[i]), symbols[i]
			list = append(list, in)
			want = append(want, "subscribe books:"+symbols[i])
		}
		b := run(t, live(t, s, okx.Config{Instruments: list}), symbols...)
		settle(10 * time.Second)
		if n := strings.Count(b.take(), "100x1 | 101x1"); n != len(symbols) {
			t.Errorf("%d books, want %d", n, len(symbols))
		}
		load := map[string]int{}
		var got []string
		for _, l := range s.log() {
			conn, what, _ := strings.Cut(l, " ")
			load[conn]++
			got = append(got, what)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(load) != 3 || load["1"]+load["2"]+load["3"] != 70 || max(load["1"], load["2"], load["3"]) > 30 {
			t.Errorf("load %v, heard %v", load, got)
		}
		_ = b.stop()
	})
}
