package ws_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/pipe"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// venue is a real gorilla server that takes down what it is sent, with the virtual time. "ask X" is answered by "answer X", and what is
// after a "mute" is not answered at all.
type venue struct {
	t     *testing.T
	l     *pipe.Listener
	http  http.Server
	begin time.Time
	deaf  chan struct{} // closed: stop reading
	write chan struct{} // whoever has put into it may write

	mu   sync.Mutex
	log  []entry
	conn *websocket.Conn
	wg   sync.WaitGroup
}

type entry struct {
	at   time.Duration
	text string // control frames: "PING x", "PONG x"
}

// open starts a venue; everything ends with the test's bubble.
func open(t *testing.T) *venue {
	v := &venue{t: t, l: pipe.Listen(), begin: time.Now(), deaf: make(chan struct{}), write: make(chan struct{}, 1)}
	v.http.Handler = http.HandlerFunc(v.serve)
	v.wg.Go(func() { _ = v.http.Serve(v.l) })
	t.Cleanup(func() {
		v.http.Close()
		v.l.Close()
		v.mu.Lock()
		if v.conn != nil {
			v.conn.Close()
		}
		v.mu.Unlock()
		v.wg.Wait()
	})
	return v
}

func (v *venue) serve(w http.ResponseWriter, r *http.Request) {
	c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	v.mu.Lock()
	v.conn = c
	v.mu.Unlock()
	c.SetPingHandler(func(s string) error {
		v.took("PING " + s)
		return c.WriteControl(websocket.PongMessage, []byte(s), time.Now().Add(time.Second))
	})
	c.SetPongHandler(func(s string) error { v.took("PONG " + s); return nil })
	v.wg.Go(func() {
		for mute := false; ; {
			select {
			case <-v.deaf:
				return
			default:
			}
			_, b, err := c.ReadMessage()
			if err != nil {
				return
			}
			v.took(string(b))
			mute = mute || string(b) == "mute"
			if x, ok := strings.CutPrefix(string(b), "ask "); ok && !mute {
				v.say("answer " + x)
			}
		}
	})
}

func (v *venue) took(s string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.log = append(v.log, entry{time.Since(v.begin), s})
}

func (v *venue) peer() *websocket.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.conn
}

func (v *venue) say(s string) {
	v.write <- struct{}{} // no mutex over a write: it would stop virtual time
	_ = v.peer().WriteMessage(websocket.TextMessage, []byte(s))
	<-v.write
}

func (v *venue) ping(s string) {
	_ = v.peer().WriteControl(websocket.PingMessage, []byte(s), time.Now().Add(time.Second))
}

// got is what was taken so far.
func (v *venue) got() []entry {
	synctest.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]entry(nil), v.log...)
}

func (v *venue) texts() []string {
	var r []string
	for _, e := range v.got() {
		r = append(r, e.text)
	}
	return r
}

// client is a running connection.
type client struct {
	*ws.Conn
	cancel context.CancelFunc
	done   chan error
	mu     sync.Mutex
	heard  []string // what was no answer
}

func (v *venue) dial(cfg ws.Config) *client {
	v.t.Helper()
	cfg.URL, cfg.NetDial = "ws://venue/ws?signature=topsecret", v.l.Dial
	conn, err := ws.Dial(v.t.Context(), cfg)
	if err != nil {
		v.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(v.t.Context())
	c := &client{Conn: conn, cancel: cancel, done: make(chan error, 1)}
	go func() { c.done <- conn.Run(ctx, c.message) }()
	return c
}

var errBye = errors.New("bye")

func (c *client) message(_ time.Time, data []byte) error {
	if id, ok := strings.CutPrefix(string(data), "answer "); ok {
		c.Answer(id, data)
		clear(data) // it is the connection's: a caller that kept it would see this
		return nil
	}
	c.mu.Lock()
	c.heard = append(c.heard, string(data))
	c.mu.Unlock()
	if string(data) == "bye" {
		return errBye
	}
	return nil
}

func (c *client) ask(ctx context.Context, id string) (string, error) {
	b, err := c.Call(ctx, id, []byte("ask "+id))
	return string(b), err
}

// end stops the client and checks that it ended with want.
func (c *client) end(t *testing.T, want error) {
	t.Helper()
	c.cancel()
	if err := <-c.done; !errors.Is(err, want) {
		t.Errorf("ended with %v, want %v", err, want)
	}
}

func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// outcome checks what err says of a message.
func outcome(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("%s: %v is not %v", what, err, w)
		}
	}
	if got := exchange.OutcomeOf(err); got != want[0] {
		t.Errorf("%s: outcome of %v is %v", what, err, got)
	}
	if strings.Contains(err.Error(), "topsecret") {
		t.Errorf("%s: the error tells the URL's query: %v", what, err)
	}
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
