package private

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// link is a Link with what outlives its connections.
type link struct {
	Link
	gap time.Time // since when it is not certain that all was told; zero: since ever. Only the link's goroutine looks at it.

	owed chan struct{} // holds a token while fills that a push counted may be missing: see watch.fetch

	ready, live bool // the present connection has reconciled; has emptied what it held. Guarded by run.mu.
}

// owe says that a push counted more than was told. As a rule the fills follow by themselves.
func (l *link) owe() {
	select {
	case l.owed <- struct{}{}:
	default:
	}
}

// line is one connection of a link.
type line struct {
	link   *link
	conn   Conn
	ctx    context.Context // ends with the connection
	cancel context.CancelCauseFunc
	done   chan struct{} // Conn.Run has returned
	born   time.Time

	held []Update // guarded by run.mu, as is open
	open bool     // pushes go to the queue
}

// follow keeps l connected until Run ends.
func (r *run) follow(l *link) {
	b := backoff.ExponentialBackOff{ // its own jitter cannot be seeded; MaxElapsedTime 0: for ever
		InitialInterval: r.cfg.BackoffMin, MaxInterval: r.cfg.BackoffMax, Multiplier: 2, Stop: backoff.Stop, Clock: backoff.SystemClock,
	}
	b.Reset()
	hurried := false
	for {
		born := time.Now()
		live, err := r.connect(l)
		if r.ctx.Err() != nil {
			return
		}
		r.cfg.Report(l.Name, err)
		lasted := live && time.Since(born) >= r.cfg.BackoffMax
		if lasted {
			b.Reset()
		}
		if live && errors.Is(err, ErrRenew) && (lasted || !hurried) { // a venue that ends every new one at once must not be hammered
			hurried = !lasted
			continue
		}
		if r.sleep(r.wait(b.NextBackOff(), err)) != nil {
			return
		}
	}
}

// How long a venue may ask us to wait: one that means to be rid of us for longer bans, and a number that cannot be meant must not end the
// stream for good. A ban that lasts longer than a day answers the attempt in between.
const (
	maxPause = 10 * time.Minute
	maxBan   = 24 * time.Hour
)

// wait adds jitter to d, and heeds what the venue asked for, within bounds.
func (r *run) wait(d time.Duration, err error) time.Duration {
	r.Stream.mu.Lock()
	d = d/2 + time.Duration(r.rand.Int64N(int64(d/2)+1))
	r.Stream.mu.Unlock()
	var e *exchange.Error
	var h *ws.HandshakeError
	var asked time.Duration
	bound := maxPause
	if errors.Is(err, exchange.ErrBanned) {
		bound = maxBan
	}
	if errors.As(err, &e) {
		asked = e.RetryAfter
	}
	if errors.As(err, &h) {
		asked = max(asked, h.RetryAfter)
		if h.Status == http.StatusTeapot { // what some ban an address with
			bound = maxBan
		}
	}
	return max(d, min(asked, bound))
}

func (r *run) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// connect lives through one connection and those that replace it as planned; live says whether it came to be live.
func (r *run) connect(l *link) (live bool, err error) {
	c, err := r.dial(r.ctx, l)
	if err != nil {
		if incurable(err) {
			r.fatal(l, err)
		}
		return false, err
	}
	if err = r.catchUp(c); err == nil {
		live = true
		if l.gap.IsZero() {
			l.gap = r.origin(c)
		}
		c, err = r.serve(c)
	}
	r.lost(c, err)
	return live, err
}

// origin is since when a link that was never live before may have missed something.
func (r *run) origin(c *line) time.Time {
	if at := r.cfg.Tracker.earliest(c.link.Kinds); !at.IsZero() {
		return earlier(c.born, at)
	}
	return c.born
}

// dial connects and subscribes, while parent lasts.
func (r *run) dial(parent context.Context, l *link) (*line, error) {
	if err := r.cfg.Wait(parent); err != nil {
		return nil, err
	}
	c := &line{link: l, done: make(chan struct{}), born: time.Now()}
	c.ctx, c.cancel = context.WithCancelCause(r.ctx)
	defer context.AfterFunc(parent, func() { c.cancel(context.Cause(parent)) })()
	ctx, stop := context.WithTimeout(c.ctx, r.cfg.Ready)
	defer stop()
	conn, err := l.Connect(ctx, func(u Update) error { return r.push(c, u) })
	if err != nil {
		c.cancel(err)
		return nil, fmt.Errorf("private: %s: connect: %w", l.Name, err)
	}
	c.conn = conn
	context.AfterFunc(c.ctx, r.wake)
	go func() {
		defer close(c.done)
		err := conn.Run(c.ctx)
		if err == nil {
			err = errEnd
		}
		c.cancel(err)
	}()
	if err := conn.Subscribe(ctx); err != nil {
		if cause := context.Cause(c.ctx); cause != nil && incurable(cause) {
			err = cause
		}
		r.shut(c, err)
		return nil, fmt.Errorf("private: %s: subscribe: %w", l.Name, err)
	}
	return c, nil
}

var errEnd = errors.New("private: the connection ended")

// shut ends c and waits until it has.
func (r *run) shut(c *line, cause error) {
	c.cancel(cause)
	c.conn.Close(cause)
	<-c.done
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range c.held {
		r.cfg.Tracker.miss(u)
	}
	c.held = nil
}

// push takes an update of c: the venue's reader calls it.
func (r *run) push(c *line, u Update) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := context.Cause(c.ctx); err != nil {
		r.cfg.Tracker.miss(u)
		return err
	}
	switch {
	case !c.open && len(c.held) < r.cfg.Held:
		c.held = append(c.held, u)
	case c.open && len(r.queue) < r.cfg.Queue:
		r.put(item{update: u, link: c.link, at: time.Now()})
	default:
		r.cfg.Tracker.miss(u)
		c.cancel(errSlow)
		return errSlow
	}
	return nil
}

// lost takes down that c's link has no connection.
func (r *run) lost(c *line, cause error) {
	l := c.link
	r.mu.Lock()
	l.ready, l.live = false, false
	r.fall(l, cause)
	r.mu.Unlock()
	r.shut(c, cause)
}
