package feed_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// line is a protocol of plain words: "sub 1 a b", "unsub 2 a", answered by "ack 1", "ack a", "no 1", "no a"; "a 12.5" is data.
type line struct{ spec feed.Spec }

func (p line) Spec() feed.Spec { return p.spec }
func (p line) Subscribe(id uint64, topics []string) []byte {
	return fmt.Appendf(nil, "sub %d %s", id, strings.Join(topics, " "))
}
func (p line) Unsubscribe(id uint64, topics []string) []byte {
	return fmt.Appendf(nil, "unsub %d %s", id, strings.Join(topics, " "))
}
func (p line) Owns(address string) bool                       { return strings.HasPrefix(address, p.spec.URL) }
func (p line) Decoder(emit func(*exchange.Book)) feed.Decoder { return &lineDecoder{emit: emit} }

var errIncurable = fmt.Errorf("no such topic: %w", exchange.ErrInvalid)

type lineDecoder struct {
	emit func(*exchange.Book)
	mu   sync.Mutex
	lost []error
	at   []time.Time
	got  []string
}

func (d *lineDecoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got, d.at = append(d.got, string(data)), append(d.at, at)
	verb, rest, _ := strings.Cut(string(data), " ")
	id, err := strconv.ParseUint(rest, 10, 64)
	m := feed.Message{ID: id}
	if err != nil {
		m.Topic = rest
	}
	switch verb {
	case "ack":
		m.Kind = feed.Ack
	case "no":
		m.Kind, m.Err = feed.Refused, errors.New("busy")
	case "never":
		m.Kind, m.Err = feed.Refused, errIncurable
	case "pong":
		m.Kind = feed.Pong
	case "resub":
		m.Kind = feed.Resubscribe
	case "reconnect":
		m.Kind = feed.Reconnect
	case "hello":
		m.Kind = feed.Other
	case "bad":
		return m, fmt.Errorf("line: %q: %w", data, exchange.ErrFrame)
	default:
		m = feed.Message{Kind: feed.Data, Topic: verb}
	}
	return m, nil
}

func (d *lineDecoder) Answer(time.Time, string, []byte) error { return nil }

func (d *lineDecoder) Lost(_ time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost = append(d.lost, cause)
}

func (d *lineDecoder) losses() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lost)
}

// server is the venue: a real gorilla server that logs what it is sent, with the virtual time.
type server struct {
	t      *testing.T
	l      *pipe.Listener
	http   http.Server
	begin  time.Time
	reply  func(c *peer, frame string) // nil: acknowledges every request by id
	silent atomic.Bool                 // no pongs

	mu    sync.Mutex
	log   []entry
	peers []*peer
	wg    sync.WaitGroup
}

type entry struct {
	at    time.Duration
	frame string
}

type peer struct {
	*server
	n  int // the connection's number, from 1
	ws *websocket.Conn
	mu sync.Mutex
}

func (p *peer) say(frame string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.ws.WriteMessage(websocket.TextMessage, []byte(frame))
}

func serve(t *testing.T, reply func(*peer, string)) *server {
	s := &server{t: t, l: pipe.Listen(), begin: time.Now(), reply: reply}
	if reply == nil {
		s.reply = func(p *peer, frame string) {
			if f := strings.Fields(frame); f[0] == "sub" || f[0] == "unsub" {
				p.say("ack " + f[1])
			}
		}
	}
	s.http.Handler = http.HandlerFunc(s.accept)
	s.wg.Go(func() { _ = s.http.Serve(s.l) })
	return s
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	s.mu.Lock()
	p := &peer{server: s, ws: ws, n: len(s.peers) + 1}
	s.peers = append(s.peers, p)
	s.mu.Unlock()
	s.note("connect")
	ws.SetPingHandler(func(data string) error {
		s.note("ping " + data)
		if s.silent.Load() {
			return nil
		}
		return ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	ws.SetPongHandler(func(data string) error { s.note("pong " + data); return nil })
	s.wg.Go(func() {
		defer ws.Close()
		for {
			_, b, err := ws.ReadMessage()
			if err != nil {
				return
			}
			s.note(string(b))
			if s.reply != nil {
				s.reply(p, string(b))
			}
		}
	})
}

func (s *server) note(frame string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, entry{time.Since(s.begin), strings.TrimSpace(frame)})
}

// frames are the logged frames.
func (s *server) frames() (r []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.log {
		r = append(r, e.frame)
	}
	return r
}

func (s *server) times(prefix string) (r []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.log {
		if strings.HasPrefix(e.frame, prefix) {
			r = append(r, e.at)
		}
	}
	return r
}

func (s *server) peer(n int) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > len(s.peers) {
		s.t.Fatalf("connection %d was never made: %v", n, s.log)
	}
	return s.peers[n-1]
}

func (s *server) close() {
	s.l.Close()
	s.http.Close()
	s.mu.Lock()
	for _, p := range s.peers {
		p.ws.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// rig is a running session against a server, inside a bubble.
type rig struct {
	*server
	s    *feed.Session
	dec  *lineDecoder
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, cfg feed.SessionConfig, spec feed.Spec, reply func(*peer, string), topics ...string) *rig {
	t.Helper()
	srv := serve(t, reply)
	if spec.URL == "" {
		spec.URL = "ws://venue/ws"
	}
	dec := &lineDecoder{}
	cfg.Protocol, cfg.Decoder = line{spec}, dec
	if cfg.NetDial == nil {
		cfg.NetDial = srv.l.Dial
	}
	s, err := feed.NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Subscribe(topics...); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &rig{server: srv, s: s, dec: dec, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	synctest.Wait()
	return r
}

// end stops the session and fails when a goroutine of it is left: a bubble with a blocked goroutine at its end panics.
func (r *rig) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		r.t.Errorf("Run returned %v, want the context's error", err)
	}
	r.close()
}

func (r *rig) states() map[string]feed.TopicState {
	m := map[string]feed.TopicState{}
	for _, t := range r.s.Topics() {
		m[t.Topic] = t.State
	}
	return m
}

// after lets virtual time pass.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

var mute = func(*peer, string) {}
