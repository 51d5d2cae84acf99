package simwire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// What the client of each faulted request sees, and how often the venue executed it.
func TestMeet(t *testing.T) {
	const body = `{"executed":"true, and told"}`
	cases := []struct {
		fault    sim.Fault
		executed int
		want     string // status and body; "": an error
	}{
		{"", 1, "200 " + body},
		{sim.Partial, 1, "200 " + body},
		{sim.Late, 1, "200 " + body},
		{sim.FillAfterCancel, 1, "200 " + body},
		{sim.Duplicated, 2, "200 " + body},
		{sim.LostAck, 1, ""},
		{sim.Reset, 0, ""},
		{sim.ResetAfter, 1, ""},
		{sim.HalfAnswer, 1, "200 " + body[:len(body)/2]},
		{sim.Garbage, 1, "garbage"},
		{sim.HTML, 1, "502 <html>"},
		{sim.Empty, 1, "200 "},
		{sim.Refused, 0, "503 refused"},
		{sim.RateLimited, 0, "503 rate-limited"},
		{sim.Banned, 0, "503 banned"},
		{sim.Overloaded503, 0, "503 overloaded-503"},
		{sim.Unknown503, 1, "503 unknown-503"},
		{sim.Failed503, 0, "503 failed-503"},
		{sim.ServerError, 1, "503 server-error"},
		{sim.Skew, 0, "503 skew"},
	}
	for _, c := range cases {
		t.Run("fault "+string(c.fault), func(t *testing.T) {
			both(t, func(t *testing.T, pipe bool) {
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				var executed atomic.Int64
				var h *simwire.Hosts
				fate := sim.Fate{Fault: c.fault, Bits: 5}
				h = simwire.Listen(simwire.HostsConfig{Pipe: pipe}, map[string]http.Handler{"a": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := simwire.ReadRequest(r); err != nil {
						t.Error(err)
					}
					h.Meet(w, r, fate, func() simwire.Answer {
						executed.Add(1)
						if c.fault == sim.LostAck {
							giveUp()
						}
						return simwire.Answer{Headers: []simwire.Field{{Name: "X-Used", Value: "1"}}, Body: []byte(body)}
					}, func() simwire.Answer { return simwire.Answer{Status: 503, Type: "text/plain", Body: []byte(c.fault)} })
				})})
				t.Cleanup(h.Close)
				cl := client(t, h)
				status, got, err := post(ctx, cl, h.URL("http", "a"), "x=1")
				switch {
				case c.want == "":
					if err == nil {
						t.Errorf("answered %d %q", status, got)
					}
				case c.want == "garbage":
					if status != 200 || strings.ToValidUTF8(got, "") == got {
						t.Errorf("%d %q, %v", status, got, err)
					}
				case !strings.HasPrefix(fmt.Sprint(status, " ", got), c.want):
					t.Errorf("%d %q, want %q", status, got, c.want)
				}
				if half := errors.Is(err, io.ErrUnexpectedEOF); half != (c.fault == sim.HalfAnswer) {
					t.Errorf("error %v", err)
				}
				if reset := c.fault == sim.Reset || c.fault == sim.ResetAfter; reset && !pipe && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("error %v, want a reset", err)
				}
				if n := executed.Load(); n != int64(c.executed) {
					t.Errorf("executed %d times, want %d", n, c.executed)
				}
			})
		})
	}
}

func post(ctx context.Context, c *http.Client, url, form string) (status int, body string, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(form))
	if err != nil {
		return 0, "", err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r, err := c.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

// A request travels on when its caller has gone, and is executed when it arrives.
func TestMeetTravels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at, done time.Duration
		var h *simwire.Hosts
		h = simwire.Listen(simwire.HostsConfig{Pipe: true}, map[string]http.Handler{"a": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.Meet(w, r, sim.Fate{In: 2 * time.Second, Out: time.Second}, func() simwire.Answer { at = time.Since(began); return simwire.JSON(200, "a<b") }, nil)
			done = time.Since(began)
		})})
		t.Cleanup(h.Close)
		c := client(t, h)
		c.Timeout = time.Second
		if _, _, err := post(t.Context(), c, h.URL("http", "a"), ""); err == nil || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		after(3 * time.Second)
		synctest.Wait()
		if at != 2*time.Second || done != 3*time.Second {
			t.Errorf("executed after %v, answered after %v", at, done)
		}
		c.Timeout = 0
		if _, body, err := post(t.Context(), c, h.URL("http", "a"), ""); body != `"a<b"` || err != nil {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestAdmit(t *testing.T) {
	cases := []struct {
		fate sim.Fate
		want string
		at   time.Duration
	}{
		{sim.Fate{}, "101", 0},
		{sim.Fate{Fault: sim.Slow, In: time.Second}, "101", time.Second},
		{sim.Fate{Fault: sim.RateLimited}, "429", 0},
		{sim.Fate{Fault: sim.HTML}, "502", 0},
		{sim.Fate{Fault: sim.Reset}, "", 0},
		{sim.Fate{Fault: sim.LostAck}, "", 5 * time.Second},
	}
	for _, c := range cases {
		t.Run("fault "+string(c.fate.Fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h *simwire.Hosts
				h = simwire.Listen(simwire.HostsConfig{Pipe: true}, map[string]http.Handler{"a": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !h.Admit(w, r, c.fate, func() simwire.Answer { return simwire.Answer{Status: 429} }) {
						return
					}
					if s, err := h.Upgrade(w, r, simwire.SocketConfig{}); err == nil {
						s.Run(func([]byte) {})
					}
				})})
				t.Cleanup(h.Close)
				began := time.Now()
				d := websocket.Dialer{NetDialContext: h.Dial, HandshakeTimeout: 5 * time.Second}
				conn, r, err := d.Dial(h.URL("ws", "a"), nil)
				got := ""
				if r != nil {
					got = fmt.Sprint(r.StatusCode)
				}
				if got != c.want || time.Since(began) != c.at {
					t.Errorf("%s after %v (%v), want %s after %v", got, time.Since(began), err, c.want, c.at)
				}
				if conn != nil {
					conn.Close()
				}
			})
		})
	}
}

func TestSocketMeet(t *testing.T) {
	cases := []struct {
		name     string
		fate     sim.Fate
		executed int
		want     []string
	}{
		{"none", sim.Fate{}, 1, []string{"0s answer", "0s next"}},
		{"latency: answers overtake one another", sim.Fate{In: time.Second, Out: time.Second}, 1, []string{"0s next", "2s answer"}},
		{"lost", sim.Fate{Fault: sim.LostAck}, 1, []string{"0s next"}},
		{"twice", sim.Fate{Fault: sim.Duplicated}, 2, []string{"0s answer", "0s answer", "0s next"}},
		{"reset", sim.Fate{Fault: sim.Reset}, 0, []string{"0s gone"}},
		{"reset after", sim.Fate{Fault: sim.ResetAfter}, 1, []string{"0s gone"}},
		{"half", sim.Fate{Fault: sim.HalfAnswer}, 1, []string{"0s gone"}},
		{"empty", sim.Fate{Fault: sim.Empty}, 1, []string{"0s", "0s next"}},
		{"refused", sim.Fate{Fault: sim.Refused}, 0, []string{"0s refused", "0s next"}},
		{"server error", sim.Fate{Fault: sim.ServerError}, 1, []string{"0s server-error", "0s next"}},
		{"disconnect", sim.Fate{Fault: sim.Disconnect}, 0, []string{"0s close 1012"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				executed := 0
				v := open(t, true, simwire.SocketConfig{}, func(s *simwire.Socket, text string) {
					if text != "ask" {
						s.Send([]byte("next"))
						return
					}
					s.Meet(c.fate, func() []byte { executed++; return []byte("answer") }, func() []byte { return []byte(c.fate.Fault) })
				})
				p, _ := v.dial(t, true, false)
				p.say("ask")
				p.say("more")
				after(5 * time.Second)
				p.expect(t, c.want...)
				if executed != c.executed {
					t.Errorf("executed %d times", executed)
				}
			})
		})
	}
}

func TestCorruptIsNoText(t *testing.T) {
	for n := range 40 {
		b := []byte(strings.Repeat("x", n))
		got := simwire.Corrupt(b, uint64(n*7919))
		if len(got) > max(n, 1) || strings.ToValidUTF8(string(got), "") == string(got) || string(b) != strings.Repeat("x", n) {
			t.Errorf("%d bytes became %q", n, got)
		}
	}
}
