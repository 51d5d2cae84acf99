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
	until  time.Time // nothing is sent before,
	urgent time.Time // nor what protects before this: earlier, where until is beyond belief
	banned time.Time // nothing is sent before, and nobody waits for it: venues lengthen the bans of those who go on
}

const (
	maxPause  = 10 * time.Minute // of a rate limit that is no ban: no venue counts longer, but for counts of a day, which stop one dimension
	disbelief = time.Minute      // what protects waits where a venue says more than that
)

// credible is for how long lane waits where the venue told to wait for d because of a rate limit. Up to 10 min everybody obeys, for
// venues ban those who do not. Beyond is a mistake, as a timestamp in the place of seconds: then what protects is tried after a minute.
func credible(d time.Duration, lane Lane) time.Duration {
	switch {
	case d <= maxPause:
		return max(d, 0)
	case lane == Protects:
		return disbelief
	}
	return maxPause
}

func (l *Limits) close(r route, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, g := time.Now(), l.gate(r)
	g.until, g.urgent = later(g.until, now.Add(credible(d, Reads))), later(g.urgent, now.Add(credible(d, Protects)))
}

func (l *Limits) ban(r route, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.gate(r)
	g.banned = later(g.banned, time.Now().Add(min(d, maxWait)))
}

// gate is that of r, made where it is new.
func (l *Limits) gate(r route) *gate {
	g := l.gates[r]
	if g == nil {
		g = new(gate)
		l.gates[r] = g
	}
	return g
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Ban closes every request's way to base for d, 7 days at most: what a WebSocket connection of the same address was told.
func (l *Limits) Ban(base string, d time.Duration) { l.ban(route{base, 0}, d) }

// Limited closes every request's way to base for d, as far as that is credible: a WebSocket connection of the same address was told to wait.
func (l *Limits) Limited(base string, d time.Duration) { l.close(route{base, 0}, d) }

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
	end, ok := l.pauses[base]
	if !ok {
		return 0
	}
	return max(0, time.Until(end))
}

// Closed is how much longer the usual way to base is closed, and whether that is a ban.
func (l *Limits) Closed(base string) (d time.Duration, banned bool) {
	return l.closed(route{base, 0}, Reads)
}

func (l *Limits) closed(r route, lane Lane) (d time.Duration, banned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.gates[r]
	if g == nil {
		return 0, false
	}
	now, end := time.Now(), g.until
	if lane == Protects {
		end = g.urgent
	}
	if banned = g.banned.After(now); banned {
		end = later(end, g.banned)
	}
	return max(0, end.Sub(now)), banned
}

// pass chooses a way, and waits until it is open. During a ban, or where waiting would outlast the request, it fails at once and tells
// when to come again. Who has waited looks again: a ban may have come meanwhile, or a pause.
func (c *Client) pass(ctx context.Context, r *Request) (egress int, err error) {
	for {
		egress, d, err := c.look(ctx, r)
		if err != nil || d == 0 {
			return egress, err
		}
		if err := Sleep(ctx, d); err != nil {
			return 0, c.notSent(ctx, r, err)
		}
	}
}

// look is the way to take now, and how long to wait for it.
func (c *Client) look(ctx context.Context, r *Request) (egress int, d time.Duration, err error) {
	if r.Lane == Opens {
		if d := c.Limits.Paused(c.Base); d > 0 {
			return 0, 0, c.stopped(r, exchange.ErrUnavailable, d, "the venue is overloaded: openings pause")
		}
	}
	egress, d = c.choose(r.Lane)
	if egress < 0 {
		return 0, 0, c.stopped(r, exchange.ErrBanned, d, "this address is banned")
	}
	end := r.Deadline
	if t, ok := ctx.Deadline(); ok && (r.Write || r.Once) && (end.IsZero() || t.Before(end)) {
		end = t
	}
	if d > 0 && !end.IsZero() && time.Now().Add(d).After(end) {
		return 0, 0, c.stopped(r, exchange.ErrRateLimited, d, "the venue told to wait")
	}
	if !r.Deadline.IsZero() && !time.Now().Before(r.Deadline) {
		return 0, 0, c.notSent(ctx, r, errLate)
	}
	return egress, d, nil
}

var errLate = errors.New("its deadline has passed")

// choose is the first way that is not banned, of those that lane may take, and how long it is closed yet; -1: none, and when the first of
// them opens.
func (c *Client) choose(lane Lane) (egress int, soonest time.Duration) {
	ways := 1
	if lane == Protects {
		ways += len(c.Standby)
	}
	for i := range ways {
		d, banned := c.Limits.closed(route{c.Base, i}, lane)
		if !banned {
			return i, d
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
