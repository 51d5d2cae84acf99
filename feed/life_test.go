package feed_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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

func seconds(n ...int) (r []time.Duration) {
	for _, s := range n {
		r = append(r, time.Duration(s)*time.Second)
	}
	return r
}

func TestHeartbeat(t *testing.T) {
	cases := []struct {
		name string
		beat feed.Heartbeat
		cfg  feed.SessionConfig
		sent string
		at   []time.Duration
	}{
		{"every 30 s by default", feed.Heartbeat{}, feed.SessionConfig{}, "ping", seconds(30, 60, 90)},
		{"as configured", feed.Heartbeat{}, feed.SessionConfig{PingInterval: 40 * time.Second}, "ping", seconds(40, 80)},
		{"as the venue wants", feed.Heartbeat{Interval: 25 * time.Second}, feed.SessionConfig{PingInterval: 40 * time.Second}, "ping", seconds(25, 50, 75, 100)},
		{"as text", feed.Heartbeat{Interval: 20 * time.Second, Text: []byte("beat!")}, feed.SessionConfig{}, "beat!", seconds(20, 40, 60, 80, 100)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, c.cfg, feed.Spec{Heartbeat: c.beat}, func(p *peer, f string) {
					if f == "beat!" {
						p.say("pong")
					}
				})
				// Business messages all the time: they neither delay heartbeats nor replace them.
				for range 1050 {
					r.peer(1).say("a 1")
					<-time.After(100 * time.Millisecond)
				}
				want(t, "heartbeats", r.times(c.sent), c.at)
				s := r.s.Stats()
				want(t, "counted", []uint64{s.Pings, s.Pongs, s.Connects}, []uint64{uint64(len(c.at)), uint64(len(c.at)), 1})
				r.end()
			})
		})
	}
}

func TestVenuePingsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{}, feed.Spec{Rate: 1, TopicsPerFrame: 1}, nil, "a", "b", "c", "d")
		for i := range 5 {
			<-time.After(300 * time.Millisecond)
			if err := r.peer(1).ws.WriteControl(websocket.PingMessage, fmt.Appendf(nil, "payload %d", i), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var at []time.Duration
		for i := range 5 {
			at = append(at, r.times(fmt.Sprint("pong payload ", i))...)
		}
		ms := func(n time.Duration) time.Duration { return n * time.Millisecond }
		want(t, "pongs, at once though the rate is used up", at, []time.Duration{ms(300), ms(600), ms(900), ms(1200), ms(1500)})
		want(t, "counted", r.s.Stats().Answered, 5)
		want(t, "they use the venue's allowance", r.times("sub"), seconds(0))
		r.end()
	})
}

func TestStall(t *testing.T) {
	cases := []struct {
		name  string
		reply func(*peer, string) // nil would answer pings
		every time.Duration       // the venue's traffic
		until time.Duration       // ends then
		what  func(p *peer)
		lost  time.Duration
	}{
		{"silent from the start", mute, time.Hour, 0, nil, 45 * time.Second},
		{"data keeps it alive without pongs", mute, 40 * time.Second, 130 * time.Second, func(p *peer) { p.say("a 1") }, 165 * time.Second},
		{"so do the venue's pings", mute, 40 * time.Second, 90 * time.Second, func(p *peer) {
			_ = p.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}, 125 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lost time.Duration
				began := time.Now()
				r := startStalled(t, feed.SessionHooks{Disconnected: func(err error) {
					if lost == 0 {
						lost = time.Since(began)
						if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "timeout") {
							t.Errorf("disconnected by %v", err)
						}
					}
				}})
				for at := c.every; at <= c.until; at += c.every {
					<-time.After(c.every)
					c.what(r.peer(1))
				}
				<-time.After(time.Until(began.Add(10 * time.Minute)))
				want(t, "lost", lost, c.lost)
				if l := r.dec.losses(); len(l) < 1 {
					t.Error("the decoder was not told")
				}
				if r.s.Stats().Connects < 2 {
					t.Error("it did not reconnect")
				}
				r.end()
			})
		})
	}
}

// startStalled is a session without topics, with a venue that reads but says nothing, not even pongs.
func startStalled(t *testing.T, hooks feed.SessionHooks) *rig {
	r := start(t, feed.SessionConfig{Hooks: hooks}, feed.Spec{}, mute)
	r.silent.Store(true)
	return r
}

// A bad frame costs the connection, and books are lost before anybody hears of it.
func TestBadFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		var lossesWhenTold []int
		r = start(t, feed.SessionConfig{Hooks: feed.SessionHooks{Disconnected: func(error) {
			lossesWhenTold = append(lossesWhenTold, len(r.dec.losses()))
		}}}, feed.Spec{}, nil, "a")
		r.peer(1).say("bad frame")
		r.peer(1).say("a never seen")
		after(time.Minute)
		want(t, "losses when the hook was called", lossesWhenTold, []int{1})
		if l := r.dec.losses(); len(l) != 1 || !errors.Is(l[0], exchange.ErrFrame) {
			t.Errorf("lost by %v", l)
		}
		want(t, "frames", r.frames()[:4], []string{"connect", "sub 1 a", "connect", "sub 2 a"})
		want(t, "decoded", r.dec.got, []string{"ack 1", "bad frame", "ack 2"})
		s := r.s.Stats()
		want(t, "counted", []uint64{s.BadFrames, s.Connects, s.Disconnects, s.Messages, s.Bytes}, []uint64{1, 2, 1, 3, 19})
		r.end()
	})
}

func TestEndsOfAConnection(t *testing.T) {
	cases := []struct {
		name string
		do   func(p *peer)
		wait time.Duration // longest until the next connection
	}{
		{"the venue closes", func(p *peer) { p.ws.Close() }, time.Second},
		{"the venue says goodbye", func(p *peer) {
			_ = p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "maintenance"), time.Now().Add(time.Second))
		}, time.Second},
		{"the venue announces it: no wait", func(p *peer) { p.say("reconnect") }, 0},
		{"a message beyond all bounds", func(p *peer) { p.say("a " + strings.Repeat("x", 2000)) }, time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, feed.SessionConfig{BackoffMin: time.Second, MaxMessage: 1000}, feed.Spec{}, nil, "a")
				r.peer(1).say("a " + strings.Repeat("x", 900))
				after(time.Minute)
				c.do(r.peer(1))
				after(c.wait)
				want(t, "connections", r.s.Stats().Connects, 2)
				want(t, "losses", len(r.dec.losses()), 1)
				want(t, "large messages let through", len(r.dec.got[1]), 902)
				r.end()
			})
		})
	}
}

// A venue that only ever announces its end is not hammered.
func TestReconnectLoopIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{BackoffMin: time.Second}, feed.Spec{}, func(p *peer, f string) { p.say("ack " + strings.Fields(f)[1]); p.say("reconnect") }, "a")
		after(time.Minute)
		if n := r.s.Stats().Connects; n < 30 || n > 121 {
			t.Errorf("%d connections in a minute", n)
		}
		r.end()
	})
}

// The waits double up to the cap, jittered between half and all, the same for the same seed.
func TestBackoff(t *testing.T) {
	schedule := func(t *testing.T, seed uint64) (waits []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			refused := errors.New("connection refused")
			r := start(t, feed.SessionConfig{Seed: seed, BackoffMin: time.Second, BackoffMax: 10 * time.Second,
				NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, refused },
				Hooks: feed.SessionHooks{
					Backoff: func(d time.Duration, n uint64) {
						if waits = append(waits, d); n != uint64(len(waits)) {
							t.Errorf("failure %d is called %d", len(waits), n)
						}
					},
					Disconnected: func(err error) {
						if !errors.Is(err, refused) {
							t.Errorf("disconnected by %v", err)
						}
					},
				}}, feed.Spec{}, nil)
			after(time.Hour)
			want(t, "losses of connections that never were", len(r.dec.losses()), 0)
			r.end()
		})
		return waits
	}
	a, b, c := schedule(t, 7), schedule(t, 7), schedule(t, 8)
	want(t, "the same seed", a, b)
	if fmt.Sprint(a[:20]) == fmt.Sprint(c[:20]) {
		t.Error("another seed gives the same jitter")
	}
	if len(a) < 360 || len(a) > 720 {
		t.Errorf("%d tries in an hour: it stopped, or hammers", len(a))
	}
	full := time.Second
	distinct := map[time.Duration]bool{}
	for i, d := range a {
		if d < full/2 || d > full {
			t.Errorf("wait %d is %v, want %v to %v", i, d, full/2, full)
		}
		full = min(2*full, 10*time.Second)
		distinct[d] = true
	}
	if len(distinct) < len(a)*9/10 {
		t.Errorf("only %d different waits of %d", len(distinct), len(a))
	}
}

// A connection that was good makes the next failure the first again.
func TestBackoffStartsAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failures []uint64
		r := start(t, feed.SessionConfig{BackoffMin: time.Second, Hooks: feed.SessionHooks{Backoff: func(_ time.Duration, n uint64) { failures = append(failures, n) }}},
			feed.Spec{}, func(p *peer, f string) {
				if p.n != 2 {
					p.say("ack " + strings.Fields(f)[1])
				}
			}, "a")
		for i := range 4 {
			after(time.Second)
			r.peer(i + 1).ws.Close()
			after(4 * time.Second)
		}
		want(t, "failures in a row", failures, []uint64{1, 2, 1, 1})
		r.end()
	})
}

func TestCancel(t *testing.T) {
	blocked := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	cases := []struct {
		name string
		dial func() func(context.Context, string, string) (net.Conn, error)
	}{
		{"during the dial", func() func(context.Context, string, string) (net.Conn, error) { return blocked }},
		{"during the handshake", func() func(context.Context, string, string) (net.Conn, error) {
			return func(context.Context, string, string) (net.Conn, error) {
				a, b := pipe.New(1 << 16)
				go func() { _, _ = io.Copy(io.Discard, b); b.Close() }() // takes the request, never answers
				return a, nil
			}
		}},
		{"while its request is not taken", func() func(context.Context, string, string) (net.Conn, error) {
			return func(context.Context, string, string) (net.Conn, error) { a, _ := pipe.New(1); return a, nil }
		}},
		{"during the wait", func() func(context.Context, string, string) (net.Conn, error) {
			return func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrUnexpectedEOF }
		}},
		{"while connected", func() func(context.Context, string, string) (net.Conn, error) { return nil }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, feed.SessionConfig{NetDial: c.dial(), BackoffMin: 10 * time.Second}, feed.Spec{}, nil, "a")
				after(3 * time.Second)
				began := time.Now()
				r.end()
				want(t, "Run took", time.Since(began), 0)
			})
		})
	}
}

// A handshake that is never answered is given up after its time-out.
func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int32
		r := start(t, feed.SessionConfig{NetDial: func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			a, b := pipe.New(1 << 16)
			go func() { _, _ = io.Copy(io.Discard, b) }()
			return a, nil
		}}, feed.Spec{}, nil)
		after(10*time.Second - 1)
		want(t, "dials before it", dials.Load(), 1)
		after(time.Second)
		want(t, "dials after it", dials.Load(), 2)
		r.end()
	})
}

// A peer that reads nothing is given up after WriteWait, though it goes on talking.
func TestWriteWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var gone []string
		hold := make(chan struct{})
		large := []byte(strings.Repeat("x", 200<<10)) // more than the network holds
		r := start(t, feed.SessionConfig{Hooks: feed.SessionHooks{Disconnected: func(err error) {
			gone = append(gone, fmt.Sprint(time.Since(began), " ", strings.Contains(err.Error(), "ping: ") && strings.Contains(err.Error(), "timeout")))
		}}}, feed.Spec{Heartbeat: feed.Heartbeat{Interval: 20 * time.Second, Text: large}}, func(*peer, string) { <-hold }, "a")
		for range 7 {
			r.peer(1).say("a 1")
			after(5 * time.Second)
		}
		want(t, "disconnected", gone, []string{"30s true"})
		close(hold)
		r.end()
	})
}

// Reading costs at most what gorilla itself allocates, whatever the number and size of messages.
func BenchmarkSessionRead(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	peers := make(chan *websocket.Conn, 1)
	srv := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		peers <- ws
	})}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(l) })
	n, done := 0, make(chan struct{}, 1)
	s, err := feed.NewSession(feed.SessionConfig{
		Protocol: line{feed.Spec{URL: "ws://" + l.Addr().String()}}, Decoder: idle{},
		Hooks: feed.SessionHooks{Message: func(time.Time, feed.Message, int) {
			if n++; n%64 == 0 {
				done <- struct{}{}
			}
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	wg.Go(func() { _ = s.Run(ctx) })
	ws := <-peers
	msg, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(strings.Repeat("x", 1000)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() { // 64 messages
		for range 64 {
			if err := ws.WritePreparedMessage(msg); err != nil {
				b.Fatal(err)
			}
		}
		<-done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/64, "ns/message")
	stop()
	ws.Close()
	srv.Close()
	wg.Wait()
}

// idle decodes nothing.
type idle struct{}

func (idle) Frame(time.Time, []byte) (feed.Message, error) { return feed.Message{}, nil }
func (idle) Answer(time.Time, string, []byte) error        { return nil }
func (idle) Lost(time.Time, error)                         {}
