package simwire

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/bothlegs/bothlegs/internal/pipe"
)

// HostsConfig is where hosts listen.
type HostsConfig struct {
	Pipe bool         // in memory, for synctest bubbles: clients must connect with [Hosts.Dial]
	Log  *slog.Logger // of what net/http complains about; nil: nobody is told
}

// Hosts are HTTP servers by name ("spot", "stream"), each with an address of its own, and the sockets that were upgraded on them. They are
// safe for concurrent use.
type Hosts struct {
	pipe   bool
	byName map[string]*host
	ctx    context.Context //nolint:containedctx // the server's life: requests and waits end with it
	stop   context.CancelFunc
	begin  sync.Once
	wg     sync.WaitGroup // listeners, connections, handlers

	mu      sync.Mutex // never held over I/O
	closed  bool
	sockets map[*Socket]struct{}
}

type host struct {
	server http.Server
	listen net.Listener
	memory *pipe.Listener // nil: a real socket
}

// zone ends the names of hosts in memory: "spot.pipe:80".
const zone = ".pipe"

// Listen makes a host for each handler. They listen at once, and begin to serve when somebody asks for an address, or dials: until then
// the caller may keep the Hosts, which its handlers need, where they look for it. It panics when it cannot listen, as net/http/httptest does.
func Listen(cfg HostsConfig, handlers map[string]http.Handler) *Hosts {
	h := &Hosts{pipe: cfg.Pipe, byName: make(map[string]*host), sockets: make(map[*Socket]struct{})}
	h.ctx, h.stop = context.WithCancel(context.Background())
	complaints := log.New(io.Discard, "", 0)
	if cfg.Log != nil {
		complaints = slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn)
	}
	for _, name := range slices.Sorted(maps.Keys(handlers)) {
		one := &host{}
		if cfg.Pipe {
			one.memory = pipe.Listen()
			one.listen = one.memory
		} else {
			l, err := (&net.ListenConfig{}).Listen(h.ctx, "tcp", "127.0.0.1:0")
			if err != nil {
				panic(fmt.Sprintf("simwire: host %s: %v", name, err))
			}
			one.listen = l
		}
		one.server = http.Server{
			Handler: h.counted(handlers[name]), ConnState: h.state, ErrorLog: complaints,
			BaseContext: func(net.Listener) context.Context { return h.ctx },
		}
		h.byName[name] = one
	}
	return h
}

// serve begins to serve, once.
func (h *Hosts) serve() {
	h.begin.Do(func() {
		for _, one := range h.byName {
			h.wg.Go(func() { _ = one.server.Serve(one.listen) })
		}
	})
}

// state counts connections: http.Server.Close does not wait for what serves them. A hijacked one ends with its handler.
func (h *Hosts) state(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		h.wg.Add(1)
		if h.ctx.Err() != nil { // accepted while Close looked for connections
			c.Close()
		}
	case http.StateHijacked, http.StateClosed:
		h.wg.Done()
	}
}

// counted lets Close wait for handlers: those of hijacked connections are nobody else's.
func (h *Hosts) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.wg.Add(1)
		defer h.wg.Done()
		next.ServeHTTP(w, r)
	})
}

// Names lists the hosts in order.
func (h *Hosts) Names() []string { return slices.Sorted(maps.Keys(h.byName)) }

// Addr is the host's "address:port". It panics when there is no such host.
func (h *Hosts) Addr(name string) string {
	one := h.byName[name]
	switch {
	case one == nil:
		panic(fmt.Sprintf("simwire: no host %q: there are %v", name, h.Names()))
	case h.pipe:
		return name + zone + ":80" // Dial begins to serve
	}
	h.serve()
	return one.listen.Addr().String()
}

// URL is the host's address with a scheme, "http" or "ws", without a path. It panics when there is no such host.
func (h *Hosts) URL(scheme, name string) string { return scheme + "://" + h.Addr(name) }

// Dial connects to a host by its address, in the form of net.Dialer.DialContext. For hosts in memory there is no other way.
func (h *Hosts) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if !h.pipe {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	one := h.byName[strings.TrimSuffix(name, zone)]
	if one == nil || !strings.HasSuffix(name, zone) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}}
	}
	h.serve()
	return one.memory.Dial(ctx, network, addr)
}

// Done is closed when Close begins.
func (h *Hosts) Done() <-chan struct{} { return h.ctx.Done() }

// Go runs f on a goroutine that Close waits for; f must end when Done is closed. False: Close has begun, and f is not run.
func (h *Hosts) Go(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.wg.Go(f)
	}
	return !h.closed
}

// Disconnect cuts every socket for which which is true, as when a machine of the venue dies; nil: all. It returns how many.
func (h *Hosts) Disconnect(which func(*Socket) bool) int {
	h.mu.Lock()
	all := slices.Collect(maps.Keys(h.sockets))
	h.mu.Unlock()
	n := 0
	for _, s := range all {
		if which == nil || which(s) {
			s.Drop(EndDropped)
			n++
		}
	}
	return n
}

// Close ends listeners, connections, sockets and waiting requests, and returns when all of their goroutines have ended. It may be
// called again.
func (h *Hosts) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.begin.Do(func() {}) // not any more
	for _, one := range h.byName {
		_ = one.server.Close()
		_ = one.listen.Close() // it may not have begun to serve
	}
	h.Disconnect(nil)
	h.wg.Wait()
}

// enter adds s to the sockets that Close ends; false: it is too late.
func (h *Hosts) enter(s *Socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.sockets[s] = struct{}{}
	}
	return !h.closed
}

func (h *Hosts) leave(s *Socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
}
