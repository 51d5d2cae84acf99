package private

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Config makes a [Stream]. Venue, Tracker and Links are required; zero values elsewhere take the defaults.
type Config struct {
	Venue   exchange.Venue
	Tracker *Tracker
	Links   []Link

	Wait func(ctx context.Context) error // before each connect: the venue's limit of them

	BackoffMin time.Duration // 250 ms: before the first reconnect, doubling
	BackoffMax time.Duration // 30 s
	Ready      time.Duration // 30 s: for Connect and Subscribe together
	Overlap    time.Duration // 30 s: how much earlier than the last sign of life fills are read, for clocks that differ
	// Settle is after how long what was missed is read a second time: a venue's readings may lag behind. While fills that the venue counts are
	// still not shown, it is read again, less and less often.
	Settle time.Duration // 3 s
	Linger time.Duration // 2 s: how long the old connection of a planned replacement is still listened to

	Held  int // 4,096 updates a link may wait for its reconciliation; one more ends the connection
	Queue int // 4,096 updates may wait for emit; one more ends the connection that it came from

	Seed uint64 // of the jitter; 0: a random one

	// Report is told of each connection that failed or ended, and of each reading that failed; nil: nobody is. It must not block.
	Report func(link string, err error)
}

// Stream emits an account's events; see [Stream.Run].
type Stream struct {
	cfg     Config
	links   []*link
	whose   exchange.Order // what events that are not of an order say whose they are by
	running atomic.Bool

	mu   sync.Mutex // guards rand
	rand *rand.Rand
}

// New checks cfg and makes a Stream. It does no I/O.
func New(cfg Config) (*Stream, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Seed == 0 {
		cfg.Seed = rand.Uint64()
	}
	s := &Stream{cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, 0))}
	s.whose.Market.Venue, s.whose.Account = cfg.Venue, cfg.Tracker.cfg.Account
	for _, l := range cfg.Links {
		if l.MaxAge == 0 {
			l.MaxAge = 23 * time.Hour
		}
		s.links = append(s.links, &link{Link: l, owed: make(chan struct{}, 1)})
	}
	return s, nil
}

func (c *Config) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.BackoffMin, 250*time.Millisecond)
	set(&c.BackoffMax, max(30*time.Second, c.BackoffMin))
	set(&c.Ready, 30*time.Second)
	set(&c.Overlap, 30*time.Second)
	set(&c.Settle, 3*time.Second)
	set(&c.Linger, 2*time.Second)
	if c.Held == 0 {
		c.Held = 4096
	}
	if c.Queue == 0 {
		c.Queue = 4096
	}
	if c.Wait == nil {
		c.Wait = func(context.Context) error { return nil }
	}
	if c.Report == nil {
		c.Report = func(string, error) {}
	}
}

func (c *Config) validate() error {
	bad := func(what string) error { return fmt.Errorf("private: %s: %w", what, exchange.ErrInvalid) }
	switch {
	case c.Tracker == nil || len(c.Links) == 0:
		return bad("a stream needs a Tracker and Links")
	case slices.ContainsFunc(c.Links, func(l Link) bool { return l.Connect == nil || len(l.Kinds) == 0 }):
		return bad("a link needs Connect and Kinds")
	case min(c.BackoffMin, c.Ready, c.Overlap, c.Settle, c.Linger) < 0 || c.BackoffMax < c.BackoffMin:
		return bad("negative duration, or BackoffMax less than BackoffMin")
	case c.Held < 0 || c.Queue < 0:
		return bad("negative bound")
	}
	return nil
}

// Run is exchange.Trader's StreamOrders. emit is called from this goroutine only. StreamUp comes first, once every link is live; StreamDown as
// soon as one is lost, with an *exchange.Error of class ErrUnavailable that tells why; then what was missed, and StreamUp when all links are
// live again. The others' events go on meanwhile. Nothing is emitted before the first StreamUp: what was found before follows it. Events
// that are not of an order say in Order.Market.Venue and Order.Account whose stream it is.
//
// Each link reconnects by itself. Its pushes are held while its working orders and its fills since the last sign of life are read; a
// reading that fails ends the connection. An update for which there is no room ends the connection too: its order is read after the next
// one. A connection that grows old is replaced without an interruption. A venue that asks for a wait before the next connect is obeyed for
// up to 10 minutes, one that bans for up to a day.
//
// Run returns ctx's error, or an earlier one that no reconnect can cure: a Connect or Subscribe that is unauthorised, invalid or unsupported. Then
// StreamDown comes last if the stream was up. No goroutine is left. Run may be called again, not twice at once (ErrConflict): it goes on where
// the former one ended.
func (s *Stream) Run(ctx context.Context, emit func(exchange.Event)) error {
	if !s.running.CompareAndSwap(false, true) {
		return &exchange.Error{Venue: s.cfg.Venue, Op: "stream", Class: exchange.ErrConflict, Message: "the order stream is running already"}
	}
	defer s.running.Store(false)
	r := &run{Stream: s, purse: newPurse()}
	r.cond.L = &r.mu
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	defer context.AfterFunc(r.ctx, r.wake)()
	var wg sync.WaitGroup
	for _, l := range s.links {
		wg.Go(func() { r.follow(l) })
	}
	r.pump(ctx, emit)
	r.cancel(nil)
	wg.Wait()
	return r.close(ctx)
}

// down is what StreamDown carries.
func (s *Stream) down(l *link, cause error) error {
	return &exchange.Error{Venue: s.cfg.Venue, Op: "stream", Class: exchange.ErrUnavailable, Message: l.Name, Err: cause}
}

// incurable reports whether no reconnect can cure err.
func incurable(err error) bool {
	if errors.Is(err, exchange.ErrClockSkew) {
		return false
	}
	return errors.Is(err, exchange.ErrUnauthorized) || errors.Is(err, exchange.ErrInvalid) || errors.Is(err, exchange.ErrUnsupported)
}
