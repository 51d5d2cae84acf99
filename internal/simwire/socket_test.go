package simwire_test

import (
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

	"github.com/bothlegs/bothlegs/internal/simwire"
)

// venue is one host with one kind of socket.
type venue struct {
	*simwire.Hosts
	sockets chan *simwire.Socket
	endings chan simwire.Ending
}

// open starts a venue; handle may be nil.
func open(t *testing.T, pipe bool, cfg simwire.SocketConfig, handle func(*simwire.Socket, string)) *venue {
	v := &venue{sockets: make(chan *simwire.Socket, 8), endings: make(chan simwire.Ending, 8)}
	v.Hosts = simwire.Listen(simwire.HostsConfig{Pipe: pipe}, map[string]http.Handler{"ws": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := v.Upgrade(w, r, cfg)
		if err != nil {
			return
		}
		v.sockets <- s
		v.endings <- s.Run(func(text []byte) {
			if handle != nil {
				handle(s, string(text))
			}
		})
	})})
	t.Cleanup(v.Close)
	return v
}

// peer is a client that writes down what it sees, and when.
type peer struct {
	*websocket.Conn
	began time.Time
	done  chan struct{}

	mu  sync.Mutex
	log []string
	err error
}

// dial connects a client that answers pings where it is polite, and reads where it is not deaf.
func (v *venue) dial(t *testing.T, polite, deaf bool) (*peer, *simwire.Socket) {
	t.Helper()
	d := websocket.Dialer{NetDialContext: v.Dial}
	c, _, err := d.Dial(v.URL("ws", "ws"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Conn: c, began: time.Now(), done: make(chan struct{})}
	t.Cleanup(func() { c.Close() })
	c.SetPingHandler(func(data string) error {
		p.note("ping")
		if polite {
			return c.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		}
		return nil
	})
	c.SetPongHandler(func(data string) error { p.note("pong " + data); return nil })
	if !deaf {
		go p.read()
	}
	return p, <-v.sockets
}

func (p *peer) read() {
	defer close(p.done)
	for {
		_, b, err := p.ReadMessage()
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			var closed *websocket.CloseError
			switch {
			case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
				p.note(fmt.Sprintf("close %d %s", closed.Code, closed.Text))
			default:
				p.note("gone")
			}
			return
		}
		p.note(string(b))
	}
}

func (p *peer) note(s string) {
	at := time.Since(p.began)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, strings.TrimSuffix(fmt.Sprintf("%v %s", at, s), " "))
}

func (p *peer) say(s string) { _ = p.WriteMessage(websocket.TextMessage, []byte(s)) }

// saw is what it has seen.
func (p *peer) saw() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

func (p *peer) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := p.saw(); !slices.Equal(got, want) {
		t.Errorf("the client saw\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func after(d time.Duration) { <-time.After(d) }

type clockCase struct {
	name   string
	cfg    simwire.SocketConfig
	polite bool
	do     func(p *peer, s *simwire.Socket)
	want   []string
	why    simwire.Ending
}

func clockCases() []clockCase {
	return []clockCase{
		{"pings that are answered", simwire.SocketConfig{PingEvery: 20 * time.Second, PongWait: 60 * time.Second}, true,
			func(*peer, *simwire.Socket) { after(70 * time.Second) },
			[]string{"20s ping", "40s ping", "1m0s ping"}, ""},
		{"pings that are not", simwire.SocketConfig{PingEvery: 20 * time.Second, PongWait: 50 * time.Second}, false,
			func(*peer, *simwire.Socket) { after(2 * time.Minute) },
			[]string{"20s ping", "40s ping", "1m0s ping", "1m10s close 1008 a ping was not answered"}, simwire.EndPong},
		{"silence", simwire.SocketConfig{Idle: 30 * time.Second}, true,
			func(p *peer, _ *simwire.Socket) { after(20 * time.Second); p.say("ping"); after(time.Minute) },
			[]string{"50s close 1008 silent for too long"}, simwire.EndIdle},
		{"silence of the client counts alone", simwire.SocketConfig{Idle: 30 * time.Second}, true,
			func(_ *peer, s *simwire.Socket) { after(20 * time.Second); s.Send([]byte("news")); after(time.Minute) },
			[]string{"20s news", "30s close 1008 silent for too long"}, simwire.EndIdle},
		{"what is pushed keeps it", simwire.SocketConfig{Idle: 30 * time.Second, PushKeeps: true}, true,
			func(_ *peer, s *simwire.Socket) { after(20 * time.Second); s.Send([]byte("news")); after(time.Minute) },
			[]string{"20s news", "50s close 1008 silent for too long"}, simwire.EndIdle},
		{"age, with a notice", simwire.SocketConfig{MaxAge: time.Hour, NoticeFor: time.Minute, Notice: func(s *simwire.Socket) { s.Send([]byte("soon")) }}, true,
			func(*peer, *simwire.Socket) { after(2 * time.Hour) },
			[]string{"59m0s soon", "1h0m0s close 1001"}, simwire.EndAge},
		{"words before the end", simwire.SocketConfig{Idle: time.Second, Code: func(s *simwire.Socket, e simwire.Ending) (int, string) {
			s.Send([]byte("bye"))
			return 4004, string(e)
		}}, true,
			func(*peer, *simwire.Socket) { after(time.Minute) },
			[]string{"1s bye", "1s close 4004 silent for too long"}, simwire.EndIdle},
		{"no words at all", simwire.SocketConfig{Idle: time.Second, Code: func(*simwire.Socket, simwire.Ending) (int, string) { return 0, "" }}, true,
			func(*peer, *simwire.Socket) { after(time.Minute) },
			[]string{"1s gone"}, simwire.EndIdle},
		{"the client's ping", simwire.SocketConfig{}, true,
			func(p *peer, _ *simwire.Socket) {
				_ = p.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second))
				after(time.Second)
			},
			[]string{"0s pong x"}, ""},
		{"the client leaves", simwire.SocketConfig{}, true,
			func(p *peer, _ *simwire.Socket) {
				_ = p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
				after(time.Second)
			},
			[]string{"0s close 1000"}, simwire.EndPeer},
		{"the venue closes", simwire.SocketConfig{}, true,
			func(_ *peer, s *simwire.Socket) {
				s.Send([]byte("last"))
				s.Close(1012, "restart")
				if s.Send([]byte("later")) {
					panic("took more")
				}
				after(time.Second)
			},
			[]string{"0s last", "0s close 1012 restart"}, simwire.EndClosed},
		{"the venue drops it", simwire.SocketConfig{}, true,
			func(_ *peer, s *simwire.Socket) { s.Drop(simwire.EndDropped); after(time.Second) },
			[]string{"0s gone"}, simwire.EndDropped},
	}
}

func TestSocketClock(t *testing.T) {
	for _, c := range clockCases() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := open(t, true, c.cfg, nil)
				p, s := v.dial(t, c.polite, false)
				c.do(p, s)
				p.expect(t, c.want...)
				if why := s.Ending(); why != c.why {
					t.Errorf("ended %q, want %q", why, c.why)
				}
				if c.why != "" {
					if why := <-v.endings; why != c.why {
						t.Errorf("Run returned %q", why)
					}
				}
			})
		})
	}
}

func TestSocketAnswersInOrder(t *testing.T) {
	both(t, func(t *testing.T, pipe bool) {
		v := open(t, pipe, simwire.SocketConfig{}, func(s *simwire.Socket, text string) {
			s.Send([]byte("answer " + text))
			if text == "9" {
				s.Close(1000, "")
			}
		})
		p, _ := v.dial(t, true, false)
		for i := range 10 {
			p.say(fmt.Sprint(i))
		}
		<-p.done
		for i, got := range p.saw()[:10] {
			if want := fmt.Sprint("answer ", i); !strings.HasSuffix(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		if why := <-v.endings; why != simwire.EndClosed {
			t.Errorf("ended: %s", why)
		}
	})
}

func TestSocketLimitsMessages(t *testing.T) {
	cases := []struct {
		name    string
		tooMany func(*simwire.Socket) bool
		want    []string
	}{
		{"the connection ends", nil, []string{"0s a1", "0s a2", "0s a3", "0s close 1008 too many messages"}},
		{"the venue's words, and it lives", func(s *simwire.Socket) bool { s.Send([]byte("slower")); return true },
			[]string{"0s a1", "0s a2", "0s a3", "0s slower", "0s a4", "2s a5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := open(t, true, simwire.SocketConfig{Messages: 3, Per: time.Second, TooMany: c.tooMany}, func(s *simwire.Socket, text string) {
					s.Send([]byte("a" + text))
				})
				p, _ := v.dial(t, true, false)
				for i := range 4 {
					p.say(fmt.Sprint(i + 1))
				}
				after(2 * time.Second)
				p.say("5")
				p.expect(t, c.want...)
			})
		})
	}
}

func TestSocketRefusesWhatIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{MaxMessage: 10}, func(*simwire.Socket, string) { t.Error("handled") })
		p, _ := v.dial(t, true, false)
		p.say(strings.Repeat("x", 11))
		p.expect(t, "0s close 1009")
	})
}

// A client that does not read costs a bounded queue, no other client, and no time of who pushes.
func TestSlowClientIsDisconnected(t *testing.T) {
	both(t, func(t *testing.T, pipe bool) {
		v := open(t, pipe, simwire.SocketConfig{Queue: 100}, nil)
		p, s := v.dial(t, true, true)
		text := strings.Repeat("x", 64<<10)
		sent := 0
		for s.Send([]byte(text)) {
			if sent++; sent > 10_000 {
				t.Fatal("no bound")
			}
			if pipe {
				synctest.Wait()
			}
		}
		if sent < 100 {
			t.Errorf("only %d frames were taken", sent)
		}
		if why := <-v.endings; why != simwire.EndSlow {
			t.Errorf("ended: %s", why)
		}
		go p.read()
		<-p.done
	})
}

// In memory nobody takes the bytes of a client that hangs in the middle of a frame: the write's own time decides.
func TestWriteThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{WriteWait: 7 * time.Second}, nil)
		_, s := v.dial(t, true, true)
		began := time.Now()
		s.Send(make([]byte, 1<<20))
		if why := <-v.endings; why != simwire.EndSlow || time.Since(began) != 7*time.Second {
			t.Errorf("ended after %v: %s", time.Since(began), why)
		}
	})
}

func TestDisconnectSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{}, nil)
		p1, s1 := v.dial(t, true, false)
		p2, s2 := v.dial(t, true, false)
		if n := v.Disconnect(func(s *simwire.Socket) bool { return s == s1 }); n != 1 {
			t.Errorf("%d cut", n)
		}
		s2.Send([]byte("alive"))
		p1.expect(t, "0s gone")
		p2.expect(t, "0s alive")
	})
}
