package private_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

var (
	spot = exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("BTC-USDT")}
	perp = exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

// request is an order for 5.
func request(m exchange.Market, id string) exchange.OrderRequest {
	return exchange.OrderRequest{Market: m, ClientID: id, Side: exchange.Buy, Price: dec("100"), Quantity: dec("5")}
}

// report is an order as a venue tells it, its venue id being "v" before the client id.
func report(m exchange.Market, id string, s exchange.Status, filled string, fills ...exchange.Fill) exchange.Order {
	return exchange.Order{OrderRequest: request(m, id), VenueID: "v" + id, Status: s, Filled: dec(filled), Fills: fills}
}

func fill(m exchange.Market, id, trade, quantity string) exchange.Fill {
	return exchange.Fill{Market: m, TradeID: trade, VenueID: "v" + id, ClientID: id, Side: exchange.Buy, Price: dec("100"), Quantity: dec(quantity)}
}

func order(o exchange.Order) private.Update { return private.Update{Order: &o} }
func single(f exchange.Fill) private.Update { return private.Update{Fill: &f} }

// words is an event in one line: "a accepted 0/5", "a filled 5/5 t1 t2", "up", "down".
func words(ev exchange.Event) string {
	switch ev.Kind {
	case exchange.StreamUp:
		return "up"
	case exchange.StreamDown:
		return "down"
	case exchange.BalanceUpdate:
		return fmt.Sprintf("balance %s %s", ev.Balances[0].Asset, ev.Balances[0].Free)
	case exchange.PositionUpdate:
		return fmt.Sprintf("position %s %s", ev.Positions[0].Market.Symbol, ev.Positions[0].Quantity)
	}
	o := &ev.Order
	s := fmt.Sprintf("%s %s %s/%s", o.ClientID, o.Status, o.Filled, o.Quantity)
	for _, f := range o.Fills {
		s += " " + f.TradeID
	}
	return s
}

// socket is a link's other side: what the venue would answer.
type socket struct {
	private.Link
	renew chan struct{}

	mu        sync.Mutex
	conns     []*conn
	dialErr   func(n int) error // of the n-th connect, from 0
	subErr    func(n int) error
	subSlow   time.Duration
	openErr   func(n int) error // of the n-th reading
	slow      time.Duration     // of reading Open
	reads     int
	onDial    func(c *conn)
	open      []exchange.Order
	orders    map[string]exchange.Order // by client id
	fills     []exchange.Fill
	since     []time.Time // what fills were asked for
	asked     []string
	balances  []exchange.Balance
	positions []exchange.Position
}

type conn struct {
	s     *socket
	push  func(private.Update) error
	end   chan error
	mu    sync.Mutex
	alive time.Time
}

func newSocket(name string, kinds ...exchange.Kind) *socket {
	s := &socket{renew: make(chan struct{}, 1), orders: map[string]exchange.Order{}}
	no := func(int) error { return nil }
	s.dialErr, s.subErr, s.openErr = no, no, no
	s.Link = private.Link{Name: name, Kinds: kinds, Connect: s.connect, Renew: s.renew, MaxAge: -1, Open: s.readOpen, Lookup: s.lookup, Fills: s.readFills,
		Balances:  func(context.Context) ([]exchange.Balance, error) { return s.balances, nil },
		Positions: func(context.Context) ([]exchange.Position, error) { return s.positions, nil }}
	return s
}

func (s *socket) connect(_ context.Context, push func(private.Update) error) (private.Conn, error) {
	s.mu.Lock()
	c := &conn{s: s, push: push, end: make(chan error, 1), alive: time.Now()}
	n := len(s.conns)
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	if err := s.dialErr(n); err != nil {
		return nil, err
	}
	if s.onDial != nil {
		s.onDial(c)
	}
	return c, nil
}

func (c *conn) Run(ctx context.Context) error {
	select {
	case err := <-c.end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *conn) Subscribe(ctx context.Context) error {
	c.s.mu.Lock()
	n, slow := slices.Index(c.s.conns, c), c.s.subSlow
	c.s.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.s.subErr(n)
}

func (c *conn) Alive() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive
}

func (c *conn) Close(err error) {
	select {
	case c.end <- err:
	default:
	}
}

// say pushes, as the venue.
func (c *conn) say(us ...private.Update) {
	c.mu.Lock()
	c.alive = time.Now()
	c.mu.Unlock()
	for _, u := range us {
		if err := c.push(u); err != nil {
			c.Close(err)
			return
		}
	}
}

// set changes what the venue would answer, or looks at it.
func (s *socket) set(f func()) {
	synctest.Wait() // orders it before and after the stream's goroutines
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// last is the newest connection.
func (s *socket) last() *conn {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}

func (s *socket) dials() int {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *socket) readOpen(ctx context.Context) ([]exchange.Order, error) {
	s.mu.Lock()
	n := s.reads
	s.reads++
	s.mu.Unlock()
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.open), s.openErr(n)
}

func (s *socket) lookup(_ context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, ref.ClientID)
	o, ok := s.orders[ref.ClientID]
	if !ok {
		return o, &exchange.Error{Venue: "v", Op: "lookup", Class: exchange.ErrNotFound}
	}
	return o, nil
}

func (s *socket) readFills(_ context.Context, y exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = append(s.since, since)
	var r []exchange.Fill
	for _, f := range s.fills {
		if f.Market.Symbol == y && (f.Time.IsZero() || !f.Time.Before(since)) {
			r = append(r, f)
		}
	}
	return r, nil
}

// stream is a running Stream and what it has emitted.
type stream struct {
	t       *testing.T
	tracker *private.Tracker
	*private.Stream
	cancel context.CancelFunc
	done   chan error
	gate   chan struct{} // emit waits for it; nil: it does not

	mu       sync.Mutex
	events   []exchange.Event
	seen     int
	reported []error
}

func start(t *testing.T, cfg private.Config, sockets ...*socket) *stream {
	s := &stream{t: t, tracker: private.NewTracker(private.TrackerConfig{})}
	cfg.Venue, cfg.Tracker, cfg.Seed = "v", s.tracker, 1
	cfg.Report = func(_ string, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reported = append(s.reported, err)
	}
	for _, x := range sockets {
		cfg.Links = append(cfg.Links, x.Link)
	}
	var err error
	if s.Stream, err = private.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.run()
	return s
}

func (s *stream) run() {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(s.t.Context())
	s.done = make(chan error, 1)
	done := s.done
	go func() { done <- s.Run(ctx, s.emit) }()
}

func (s *stream) emit(ev exchange.Event) {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, ev)
}

// expect compares what came since the last time, once nothing more happens by itself at this moment.
func (s *stream) expect(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []string
	for _, ev := range s.events[s.seen:] {
		got = append(got, words(ev))
	}
	s.seen = len(s.events)
	if !slices.Equal(got, want) {
		s.t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// stop ends the stream and checks with what.
func (s *stream) stop(want error) {
	s.t.Helper()
	s.cancel()
	s.ends(want)
}

func (s *stream) ends(want error) {
	s.t.Helper()
	if err := <-s.done; !errors.Is(err, want) {
		s.t.Errorf("Run: %v, want %v", err, want)
	}
}

func bubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

var errReset = errors.New("connection reset")
