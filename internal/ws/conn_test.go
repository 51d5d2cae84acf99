package ws_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/ws"
)

func TestHeartbeats(t *testing.T) {
	cases := []struct {
		name string
		cfg  ws.Config
		want []string
	}{
		{"frames", ws.Config{}, []string{"30s PING ", "1m0s PING ", "1m30s PING "}},
		{"text", ws.Config{PingInterval: 20 * time.Second, Heartbeat: func() []byte { return []byte("ask ping") }},
			[]string{"20s ask ping", "40s ask ping", "1m0s ask ping", "1m20s ask ping"}},
	}
	for _, x := range cases {
		bubble(t, x.name, func(t *testing.T) {
			v := open(t)
			c := v.dial(x.cfg)
			time.Sleep(95 * time.Second)
			var log []string
			for _, e := range v.got() {
				log = append(log, fmt.Sprintf("%v %s", e.at, e.text))
			}
			if !slices.Equal(log, x.want) {
				t.Errorf("%q, want %q", log, x.want)
			}
			if age := time.Since(c.Alive()); age > 30*time.Second {
				t.Errorf("a pong did not count as a sign of life: %v", age)
			}
			if n := c.Stats().Heartbeats; n != uint64(len(x.want)) {
				t.Errorf("%d heartbeats counted", n)
			}
			c.end(t, context.Canceled)
		})
	}
}

func TestPingsAreAnsweredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{Rate: 0.01})
		_ = c.Send(t.Context(), []byte("the only one for long"))
		for i := range 3 {
			time.Sleep(time.Second)
			v.ping(fmt.Sprint("payload ", i))
		}
		want := []string{"the only one for long", "PONG payload 0", "PONG payload 1", "PONG payload 2"}
		if got := v.texts(); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if !c.Alive().Equal(time.Now()) {
			t.Error("a ping is no sign of life")
		}
		c.end(t, context.Canceled)
	})
}

// A venue that is silent for PongWait is gone; any traffic keeps the connection.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{Heartbeat: func() []byte { return []byte("unanswered") }})
		time.Sleep(40 * time.Second)
		v.say("something")
		synctest.Wait()
		heard := time.Now()
		err := <-c.done
		var timeout net.Error
		if d := time.Since(heard); d != 45*time.Second || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("after %v: %v", d, err)
		}
		if !c.Alive().Equal(heard) {
			t.Errorf("alive until %v, want %v", c.Alive(), heard)
		}
	})
}

func TestWhatEndsRun(t *testing.T) {
	cases := []struct {
		name string
		do   func(v *venue, c *client)
		is   func(error) bool
	}{
		{"an error of onMessage", func(v *venue, _ *client) { v.say("bye"); v.say("unread") }, func(err error) bool { return err == errBye }},
		{"Close", func(_ *venue, c *client) { c.Close(errBye); c.Close(nil) }, func(err error) bool { return err == errBye }},
		{"Close without a cause", func(_ *venue, c *client) { c.Close(nil) }, func(err error) bool { return err == ws.ErrClosed }},
		{"ctx", func(_ *venue, c *client) { c.cancel() }, func(err error) bool { return err == context.Canceled }},
		{"a close frame", func(v *venue, _ *client) {
			_ = v.peer().WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseServiceRestart, "later"), time.Now().Add(time.Second))
		}, func(err error) bool { return err != nil && strings.Contains(err.Error(), "later") }},
		{"a message too large", func(v *venue, _ *client) { v.say(strings.Repeat("x", 101)) },
			func(err error) bool { return err != nil && strings.Contains(err.Error(), "limit") }},
		{"a reset", func(v *venue, _ *client) { v.peer().Close() }, func(err error) bool { return err != nil }},
	}
	for _, x := range cases {
		bubble(t, x.name, func(t *testing.T) {
			v := open(t)
			c := v.dial(ws.Config{MaxMessage: 100})
			v.say(strings.Repeat("y", 100))
			synctest.Wait()
			x.do(v, c)
			if err := <-c.done; !x.is(err) {
				t.Errorf("%v", err)
			}
			if len(c.heard) == 0 || len(c.heard[0]) != 100 || slices.Contains(c.heard, "unread") {
				t.Errorf("heard %q", c.heard)
			}
			c.cancel()
		})
	}
}

// Without Run a connection is only closed; a Run after that ends at once.
func TestCloseWithoutRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c, err := ws.Dial(t.Context(), ws.Config{URL: "ws://venue", NetDial: v.l.Dial})
		if err != nil {
			t.Fatal(err)
		}
		c.Close(errBye)
		if err := c.Run(t.Context(), nil); err != errBye {
			t.Errorf("%v", err)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	cases := map[string]ws.Config{
		"no URL":              {},
		"not a WebSocket":     {URL: "https://venue/?k=topsecret"},
		"no URL at all":       {URL: "ws://ve nue/%zz?k=topsecret"},
		"negative duration":   {URL: "ws://venue", WriteWait: -1},
		"pong before ping":    {URL: "ws://venue", PingInterval: time.Minute, PongWait: time.Minute},
		"negative limit":      {URL: "ws://venue", MaxCalls: -1},
		"negative rate":       {URL: "ws://venue", Rate: -1},
		"negative size limit": {URL: "ws://venue", MaxMessage: -1},
	}
	for name, cfg := range cases {
		cfg.NetDial = func(context.Context, string, string) (net.Conn, error) { panic("dialed") }
		if _, err := ws.Dial(t.Context(), cfg); !errors.Is(err, exchange.ErrInvalid) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
