package bybit_test

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
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// server is the public streams in memory: it acknowledges requests, sends a snapshot for each topic, and answers pings. It keeps what
// it was sent.
type server struct {
	l      *pipe.Listener
	http   http.Server
	wg     sync.WaitGroup
	refuse string // a topic that does not exist

	mu    sync.Mutex
	heard []string // "1 spot subscribe orderbook.200.BTCUSDT", by connection and kind
	conns map[string]*websocket.Conn
	n     int
}

func serve(t *testing.T) *server {
	s := &server{l: pipe.Listen(), conns: map[string]*websocket.Conn{}}
	s.http.Handler = s
	s.wg.Go(func() { _ = s.http.Serve(s.l) })
	t.Cleanup(func() {
		s.l.Close()
		s.http.Close()
		s.cut("spot")
		s.cut("linear")
		s.wg.Wait()
	})
	return s
}

// cut ends the newest connection of a kind.
func (s *server) cut(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.conns[kind]; c != nil {
		c.Close()
	}
}

// push sends a frame on the newest connection of a kind.
func (s *server) push(kind, frame string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conns[kind].WriteMessage(websocket.TextMessage, []byte(frame))
}

// log is what was heard on one kind of connection.
func (s *server) log(kind string) (r []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heard {
		if strings.Contains(h, " "+kind+" ") {
			r = append(r, strings.Replace(h, kind+" ", "", 1))
		}
	}
	return r
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.wg.Add(1)
	defer s.wg.Done()
	kind, ok := strings.CutPrefix(r.URL.Path, "/v5/public/")
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil || !ok {
		return
	}
	defer ws.Close()
	s.mu.Lock()
	s.n++
	n := s.n
	s.conns[kind] = ws
	s.mu.Unlock()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		s.mu.Lock()
		for _, answer := range s.answers(fmt.Sprintf("%d %s", n, kind), frame) {
			_ = ws.WriteMessage(websocket.TextMessage, []byte(answer))
		}
		s.mu.Unlock()
	}
}

func (s *server) answers(from string, frame []byte) []string {
	var q struct {
		ID   string `json:"req_id"`
		Op   string
		Args []string
	}
	if err := json.Unmarshal(frame, &q); err != nil {
		return []string{`{"success":false,"ret_msg":"error","op":""}`}
	}
	s.heard = append(s.heard, strings.TrimSpace(fmt.Sprintf("%s %s %s", from, q.Op, strings.Join(q.Args, " "))))
	if q.Op == "ping" {
		return []string{`{"success":true,"ret_msg":"pong","conn_id":"a4d3","req_id":"","op":"ping"}`}
	}
	for _, topic := range q.Args {
		if topic == s.refuse {
			return []string{fmt.Sprintf(`{"success":false,"ret_msg":"error:handler not found,topic:%s","conn_id":"a4d3","req_id":"%s","op":"%s"}`, topic, q.ID, q.Op)}
		}
	}
	var r []string
	if q.Op == "subscribe" { // data may come before the acknowledgement
		for _, topic := range q.Args {
			r = append(r, push(topic[strings.LastIndex(topic, ".")+1:], "snapshot", "100:1", "101:1", 10))
		}
	}
	return append(r, fmt.Sprintf(`{"success":true,"ret_msg":"","conn_id":"a4d3","req_id":"%s","op":"%s"}`, q.ID, q.Op))
}

// stream is a StreamBooks that runs until stop, which returns what StreamBooks returned.
type stream struct {
	mu    sync.Mutex
	books []string
	stop  func() error
}

func run(t *testing.T, x *bybit.Exchange, names ...string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s, done := &stream{}, make(chan error, 1)
	go func() {
		done <- x.StreamBooks(ctx, symbols(names...), func(b *exchange.Book) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.books = append(s.books, show(b))
		})
	}()
	s.stop = func() error { cancel(); return <-done }
	return s
}

// take is what was emitted since the last take, market by market: two connections have no common order.
func (s *stream) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.books, func(a, b string) int {
		return strings.Compare(strings.TrimSuffix(strings.Fields(a)[0], ":"), strings.TrimSuffix(strings.Fields(b)[0], ":"))
	})
	r := strings.Join(s.books, "; ")
	s.books = nil
	return r
}

func live(t *testing.T, s *server, cfg bybit.Config) *bybit.Exchange {
	t.Helper()
	cfg.Endpoints.Stream, cfg.Session.NetDial = "ws://venue", s.l.Dial
	x, err := bybit.New(cfg)
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
		x := live(t, s, bybit.Config{HTTP: &http.Client{Transport: answers{spotPath: page("", spotRow), linearPath: page("", linearRow)}}})
		b := run(t, x, "BTC-USDT", "BTC-USDT-PERP", "BTC-USDT")
		check := func(what, want string) {
			t.Helper()
			if got := b.take(); got != want {
				t.Fatalf("%s: emitted\n%s\nwant\n%s", what, got, want)
			}
		}
		const spot, perp = "bybit:BTC-USDT 10: 100x1 | 101x1", "bybit:BTC-USDT-PERP 10: 100x1 | 101x1"
		settle(time.Second)
		check("at first", spot+"; "+perp)

		s.push("spot", push("BTCUSDT", "delta", "", "102:1", 31))
		settle(2 * time.Second)
		check("after a gap of spot", "bybit:BTC-USDT: gap; "+spot)

		s.push("linear", push("BTCUSDT", "delta", "", "102:7", 11))
		settle(2 * time.Second)
		check("after a delta of linear", "bybit:BTC-USDT-PERP 11: 100x1 | 101x1 102x7")

		settle(40 * time.Second)
		check("in silence", "")

		s.cut("linear")
		settle(5 * time.Second)
		check("after a cut of linear", "bybit:BTC-USDT-PERP: disconnected; "+perp)

		if err := b.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		check("at last", "bybit:BTC-USDT: disconnected; bybit:BTC-USDT-PERP: disconnected")
		const topic = "orderbook.200.BTCUSDT"
		var spotLog, linearLog []string
		for _, l := range s.log("spot") {
			spotLog = append(spotLog, l[2:])
		}
		for _, l := range s.log("linear") {
			linearLog = append(linearLog, l[2:])
		}
		if want := []string{"subscribe " + topic, "unsubscribe " + topic, "subscribe " + topic, "ping", "ping"}; !slices.Equal(spotLog, want) {
			t.Errorf("spot heard %q, want %q", spotLog, want)
		}
		if want := []string{"subscribe " + topic, "ping", "ping", "subscribe " + topic}; !slices.Equal(linearLog, want) {
			t.Errorf("linear heard %q, want %q", linearLog, want)
		}
	})
}

func TestStreamDepth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		b := run(t, live(t, s, bybit.Config{Depth: 50, Instruments: rules()}), "BTC-USDT")
		settle(time.Second)
		if got, want := s.log("spot"), []string{"1 subscribe orderbook.50.BTCUSDT"}; !slices.Equal(got, want) {
			t.Errorf("heard %q, want %q", got, want)
		}
		_ = b.stop()
	})
}

func TestStreamRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		s.refuse = "orderbook.200.BTCUSDT"
		b := run(t, live(t, s, bybit.Config{Instruments: rules()}), "BTC-USDT")
		settle(time.Minute)
		if err := b.stop(); !errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), "orderbook.200.BTCUSDT") {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestStreamOfUnknownSymbols(t *testing.T) {
	x := venue(t, answers{spotPath: page("", spotRow), linearPath: page("", linearRow)})
	emit := func(*exchange.Book) { t.Error("a book") }
	if err := x.StreamBooks(t.Context(), symbols("XYZ-USDT"), emit); !errors.Is(err, exchange.ErrInvalid) {
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
		f := &flaky{then: answers{spotPath: page("", spotRow), linearPath: page("", linearRow)}}
		f.failures.Store(6)
		b := run(t, live(t, s, bybit.Config{HTTP: &http.Client{Transport: f}}), "BTC-USDT")
		settle(110 * time.Second)
		if got := b.take(); got != "" || f.failures.Load() > 1 {
			t.Errorf("%s, %d failures to come", got, f.failures.Load())
		}
		settle(60 * time.Second)
		if got, want := b.take(), "bybit:BTC-USDT 10: 100x1 | 101x1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		_ = b.stop()
	})
}

// Ten topics a request on spot, 200 books a connection, and each of them on one only.
func TestStreamOfManySymbols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t)
		var list []exchange.Instrument
		var names, want []string
		for i := range 215 {
			names = append(names, fmt.Sprintf("A%d-USDT", i))
			in := rules()[0]
			in.Market.Symbol, in.VenueSymbol = exchange.MustSymbol(names[i]), fmt.Sprintf("A%dUSDT", i)
			list = append(list, in)
			want = append(want, "orderbook.200."+in.VenueSymbol)
		}
		b := run(t, live(t, s, bybit.Config{Instruments: list}), names...)
		settle(15 * time.Second)
		if n := strings.Count(b.take(), "100x1 | 101x1"); n != len(names) {
			t.Errorf("%d books, want %d", n, len(names))
		}
		load := map[string]int{}
		var got []string
		for _, l := range s.log("spot") {
			f := strings.Fields(l) // connection, operation, topics
			if topics := f[2:]; len(topics) > 10 {
				t.Errorf("%d topics in a request", len(topics))
			}
			load[f[0]] += len(f[2:])
			got = append(got, f[2:]...)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(load) != 2 || max(load["1"], load["2"]) > 200 {
			t.Errorf("load %v, %d topics", load, len(got))
		}
		_ = b.stop()
	})
}
