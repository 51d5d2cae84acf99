package ws_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/internal/pipe"
	"github.com/bothlegs/bothlegs/internal/ws"
)

const secretURL = "ws://venue/ws/topsecret?listenKey=topsecret"

func TestHandshakeRefused(t *testing.T) {
	cases := []struct {
		name   string
		status int
		retry  string
		want   time.Duration
	}{
		{"unauthorised", 401, "", 0},
		{"rate limited", 429, "7", 7 * time.Second},
		{"banned until a date", 418, "Sat, 01 Jan 2000 00:02:00 GMT", 2 * time.Minute},
		{"until a date in the past", 503, "Sat, 01 Jan 1999 00:02:00 GMT", 0},
		{"a moment in place of seconds", 429, "1764341116", 7 * 24 * time.Hour},
		{"a moment in milliseconds", 429, "1764341116000", 7 * 24 * time.Hour},
		{"until a date in another century", 418, "Fri, 01 Jan 2100 00:00:00 GMT", 7 * 24 * time.Hour},
		{"nonsense", 503, "soon", 0},
		{"not switched", 200, "", 0},
	}
	for _, x := range cases {
		bubble(t, x.name, func(t *testing.T) {
			l := pipe.Listen()
			srv := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", x.retry)
				w.Header().Set("Location", "/topsecret")
				w.WriteHeader(x.status)
				_, _ = io.WriteString(w, "<html>topsecret</html>")
			})}
			done := make(chan error)
			go func() { done <- srv.Serve(l) }()
			_, err := ws.Dial(t.Context(), ws.Config{URL: secretURL, NetDial: l.Dial})
			var e *ws.HandshakeError
			if !errors.As(err, &e) || e.Status != x.status || e.RetryAfter != x.want || e.Host != "venue" {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("it tells a secret: %v", err)
			}
			srv.Close()
			<-done
		})
	}
}

// A peer that accepts and says nothing: the handshake ends with ctx, or with its time-out, and the socket is closed.
func TestHandshakeThatHangs(t *testing.T) {
	cases := []struct {
		name  string
		limit time.Duration // of ctx
		want  time.Duration
	}{
		{"ctx ends", 2 * time.Second, 2 * time.Second},
		{"time-out", time.Hour, 10 * time.Second},
	}
	for _, x := range cases {
		bubble(t, x.name, func(t *testing.T) {
			l := pipe.Listen()
			closed := make(chan error, 1)
			go func() {
				c, _ := l.Accept()
				_, err := io.Copy(io.Discard, c)
				c.Close()
				closed <- err
			}()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(x.limit, cancel)
			began := time.Now()
			_, err := ws.Dial(ctx, ws.Config{URL: secretURL, NetDial: l.Dial})
			if d := time.Since(began); d != x.want || err == nil || strings.Contains(err.Error(), "topsecret") {
				t.Errorf("after %v: %v", d, err)
			}
			if x.limit == x.want && !errors.Is(err, context.Canceled) {
				t.Errorf("ctx's end: %v", err)
			}
			if err := <-closed; err != nil {
				t.Errorf("the socket: %v", err)
			}
		})
	}
}

func TestDialFails(t *testing.T) {
	no := errors.New("no route")
	_, err := ws.Dial(t.Context(), ws.Config{URL: secretURL, NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, no }})
	if !errors.Is(err, no) || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("%v", err)
	}
}

// The end of the context of Dial does not end a connection that is made.
func TestDialsContextIsForDialing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		c, err := ws.Dial(ctx, ws.Config{URL: "ws://venue", NetDial: v.l.Dial})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if err := c.Send(t.Context(), []byte("x")); err != nil {
			t.Error(err)
		}
		c.Close(nil)
	})
}

// A certificate that nobody vouches for is refused, unless the caller does.
func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil); err == nil {
			_ = c.WriteMessage(websocket.TextMessage, []byte(r.Header.Get("X-Test")))
			c.Close()
		}
	}))
	srv.Config.ErrorLog = quiet()
	srv.StartTLS()
	defer srv.Close()
	cfg := ws.Config{URL: "wss" + strings.TrimPrefix(srv.URL, "https"), Header: http.Header{"X-Test": {"hello"}}}
	var unknown *tls.CertificateVerificationError
	if _, err := ws.Dial(t.Context(), cfg); !errors.As(err, &unknown) {
		t.Errorf("an unknown certificate: %v", err)
	}
	cfg.TLS = srv.Client().Transport.(*http.Transport).TLSClientConfig
	c, err := ws.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	_ = c.Run(t.Context(), func(_ time.Time, b []byte) error { got = string(b); return nil })
	if got != "hello" {
		t.Errorf("got %q", got)
	}
}
