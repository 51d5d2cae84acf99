package simwire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/internal/simwire"
)

// both runs a case in memory inside a bubble, and on real sockets.
func both(t *testing.T, f func(t *testing.T, pipe bool)) {
	t.Run("in memory", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, true) }) })
	t.Run("on sockets", func(t *testing.T) { f(t, false) })
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
}

// client speaks HTTP with the hosts; its idle connections end with the test.
func client(t *testing.T, h *simwire.Hosts) *http.Client {
	tr := &http.Transport{DialContext: h.Dial}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func get(t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

func TestHostsHaveAddressesOfTheirOwn(t *testing.T) {
	both(t, func(t *testing.T, pipe bool) {
		h := simwire.Listen(simwire.HostsConfig{Pipe: pipe}, map[string]http.Handler{"spot": text("spot"), "futures": text("futures")})
		t.Cleanup(h.Close)
		c := client(t, h)
		if got := strings.Join(h.Names(), " "); got != "futures spot" {
			t.Errorf("hosts %s", got)
		}
		for _, name := range h.Names() {
			if got, err := get(t, c, h.URL("http", name)+"/x"); got != name || err != nil {
				t.Errorf("%s answered %q, %v", name, got, err)
			}
		}
		if h.Addr("spot") == h.Addr("futures") {
			t.Error("one address for both")
		}
	})
}

func TestDialInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := simwire.Listen(simwire.HostsConfig{Pipe: true}, map[string]http.Handler{"spot": text("")})
		for _, addr := range []string{"other.pipe:80", "spot:80", "127.0.0.1:80"} {
			_, err := h.Dial(t.Context(), "tcp", addr)
			var unknown *net.DNSError
			if !errors.As(err, &unknown) || !unknown.IsNotFound {
				t.Errorf("%s: %v", addr, err)
			}
		}
		if _, err := h.Dial(t.Context(), "tcp", "spot.pipe"); err == nil {
			t.Error("an address without a port was dialed")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h.Close()
		if _, err := h.Dial(ctx, "tcp", "spot.pipe:80"); err == nil {
			t.Error("dialed what is closed")
		}
	})
}

func TestUnknownHostPanics(t *testing.T) {
	h := simwire.Listen(simwire.HostsConfig{Pipe: true}, nil)
	defer h.Close()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	h.URL("http", "spot")
}

// Close ends what is idle, what is waiting, what is hijacked, and what is in the middle of a request, and leaves no goroutine.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	both(t, func(t *testing.T, pipe bool) {
		var h *simwire.Hosts
		ended := make(chan simwire.Ending, 1)
		h = simwire.Listen(simwire.HostsConfig{Pipe: pipe}, map[string]http.Handler{"a": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/ws":
				s, err := h.Upgrade(w, r, simwire.SocketConfig{PingEvery: time.Minute})
				if err != nil {
					t.Error(err)
					return
				}
				s.Go(func() { <-s.Done() })
				ended <- s.Run(func([]byte) {})
			case "/slow":
				if h.Wait(time.Hour) {
					t.Error("waited for an hour")
				}
				panic(http.ErrAbortHandler)
			}
		})})
		c := client(t, h)
		if _, err := get(t, c, h.URL("http", "a")); err != nil { // stays open, idle
			t.Fatal(err)
		}
		d := websocket.Dialer{NetDialContext: h.Dial}
		conn, _, err := d.Dial(h.URL("ws", "a")+"/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		slow := make(chan error, 1)
		go func() { _, err := get(t, c, h.URL("http", "a")+"/slow"); slow <- err }()
		raw, err := h.Dial(t.Context(), "tcp", h.Addr("a")) // says nothing
		if err != nil {
			t.Fatal(err)
		}
		if pipe {
			synctest.Wait()
		}
		h.Close()
		h.Close()
		if err := <-slow; err == nil {
			t.Error("the waiting request was answered")
		}
		if why := <-ended; why != simwire.EndDropped {
			t.Errorf("the socket ended: %s", why)
		}
		if _, _, err := conn.ReadMessage(); err == nil {
			t.Error("the socket is alive")
		}
		conn.Close()
		raw.Close()
		c.CloseIdleConnections()
	})
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		<-time.After(time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

// What is kept of Listen's result is there before the first request, whoever sends it: this is for the race detector.
func TestHandlersFindTheirHosts(t *testing.T) {
	var h *simwire.Hosts
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, h.Names()[0]) })
	h = simwire.Listen(simwire.HostsConfig{}, map[string]http.Handler{"a": handler})
	defer h.Close()
	addr := h.Addr("a")
	ask := exec.Command(os.Args[0], "-test.run=^TestAsk$") // another process: nothing orders it with this one but the address
	ask.Env = append(os.Environ(), "SIMWIRE_ASK=http://"+addr)
	if out, err := ask.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestAsk is the other process.
func TestAsk(t *testing.T) {
	url := os.Getenv("SIMWIRE_ASK")
	if url == "" {
		t.Skip("not the other process")
	}
	if got, err := get(t, http.DefaultClient, url); got != "a" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestCloseBeforeServing(t *testing.T) {
	both(t, func(t *testing.T, pipe bool) {
		h := simwire.Listen(simwire.HostsConfig{Pipe: pipe}, map[string]http.Handler{"a": text("")})
		h.Close()
		if c, err := h.Dial(t.Context(), "tcp", h.Addr("a")); err == nil {
			c.Close()
			t.Error("dialed what is closed")
		}
	})
}
