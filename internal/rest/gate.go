package rest

import (
	"context"
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// openPause is for how long a venue that is overloaded is spared of openings (S2.3).
const openPause = 30 * time.Second

// gate stops requests of one route for as long as the venue said.
type gate struct {
	until  time.Time // nothing is sent before
	banned bool      // ... and nobody waits for it: venues lengthen the bans of those who go on
}

func (l *Limits) close(r route, d time.Duration, banned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.gates[r]
	if g == nil {
		g = new(gate)
		l.gates[r] = g
	}
	if until := time.Now().Add(d); until.After(g.until) {
		g.until, g.banned = until, banned
	}
}

// Ban closes every request's way to base for d: what a WebSocket connection of the same address was told.
func (l *Limits) Ban(base string, d time.Duration) { l.close(route{base, 0}, d, true) }

// Overloaded stops openings to base for 30 s: the venue said that it is overloaded, by whatever way. What protects goes on.
func (l *Limits) Overloaded(base string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pauses[base] = time.Now().Add(openPause)
}

// Paused is how much longer openings to base are stopped.
func (l *Limits) Paused(base string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.pauses[base]))
}

// Closed is how much longer the usual way to base is closed, and whether that is a ban.
func (l *Limits) Closed(base string) (d time.Duration, banned bool) { return l.closed(route{base, 0}) }

func (l *Limits) closed(r route) (d time.Duration, banned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.gates[r]
	if g == nil {
		return 0, false
	}
	d = time.Until(g.until)
	return max(0, d), d > 0 && g.banned
}

// pass chooses a way, and waits until it is open. During a ban, or where waiting would outlast the request, it fails at once and tells
// when to come again.
func (c *Client) pass(ctx context.Context, r *Request) (egress int, err error) {
	if r.Lane == Opens {
		if d := c.Limits.Paused(c.Base); d > 0 {
			return 0, c.stopped(r, exchange.ErrUnavailable, d, "the venue is overloaded: openings pause")
		}
	}
	egress, soonest := c.choose(r.Lane)
	if egress < 0 {
		return 0, c.stopped(r, exchange.ErrBanned, soonest, "this address is banned")
	}
	d, _ := c.Limits.closed(route{c.Base, egress})
	end := r.Deadline
	if t, ok := ctx.Deadline(); ok && (r.Write || r.Once) && (end.IsZero() || t.Before(end)) {
		end = t
	}
	if d > 0 && !end.IsZero() && time.Now().Add(d).After(end) {
		return 0, c.stopped(r, exchange.ErrRateLimited, d, "the venue told to wait")
	}
	if !r.Deadline.IsZero() && !time.Now().Before(r.Deadline) {
		return 0, c.notSent(ctx, r, errLate)
	}
	if d > 0 {
		if err := Sleep(ctx, d); err != nil {
			return 0, c.notSent(ctx, r, err)
		}
	}
	return egress, nil
}

var errLate = errors.New("its deadline has passed")

// choose is the first way that is not banned, of those that lane may take; -1: none, and when the first of them opens.
func (c *Client) choose(lane Lane) (egress int, soonest time.Duration) {
	ways := 1
	if lane == Protects {
		ways += len(c.Standby)
	}
	for i := range ways {
		d, banned := c.Limits.closed(route{c.Base, i})
		if !banned {
			return i, 0
		}
		if i == 0 || d < soonest {
			soonest = d
		}
	}
	return -1, soonest
}

// stopped is the error of a request that waits for nothing.
func (c *Client) stopped(r *Request, class error, d time.Duration, why string) error {
	e := &exchange.Error{Venue: c.Venue, Op: r.Op, Class: class, RetryAfter: d, Message: "not sent: " + why}
	if r.Write {
		e.Outcome = exchange.ErrNotSent
	}
	return e
}
