package binance

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// limits keeps the requests of public data within a share of what the venue allows one address: half of the published weight, so
// that rebuilding books leaves room for orders. It is safe for concurrent use.
type limits struct {
	weight *rate.Limiter

	mu     sync.Mutex // guards what follows
	until  time.Time  // nothing is sent before
	banned bool       // ... and nobody waits for it: the venue lengthens bans of those who go on
}

// A limiter passes at most its burst plus a minute's refill in a minute: both together are half of what is allowed.
func spotLimits() *limits    { return &limits{weight: rate.NewLimiter(2000.0/60, 1000)} } // of 6000 a minute
func futuresLimits() *limits { return &limits{weight: rate.NewLimiter(900.0/60, 300)} }   // of 2400 a minute

// wait waits until weight may be sent. During a ban it fails at once, and tells when that ends.
func (l *limits) wait(ctx context.Context, op string, weight int) error {
	l.mu.Lock()
	d, banned := time.Until(l.until), l.banned
	l.mu.Unlock()
	if d > 0 && banned {
		return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrBanned, RetryAfter: d, Message: "not sent: this address is banned"}
	}
	if d > 0 {
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
	if err := l.weight.WaitN(ctx, weight); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("binance: %s: %w", op, err) // the deadline would come first
	}
	return nil
}

// pause stops requests for d.
func (l *limits) pause(d time.Duration, banned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until, l.banned = until, banned
	}
}

// depthLimit is the smallest number of levels that the venue gives and that is not below depth, and what asking for it weighs.
func depthLimit(k exchange.Kind, depth int) (limit, weight int) {
	table := [][2]int{{100, 5}, {500, 25}, {1000, 50}, {5000, 250}} // spot takes any number
	if k == exchange.Perp {
		table = [][2]int{{5, 2}, {10, 2}, {20, 2}, {50, 2}, {100, 5}, {500, 10}, {1000, 20}}
	}
	for _, row := range table {
		if depth <= row[0] {
			return row[0], row[1]
		}
	}
	last := table[len(table)-1]
	return last[0], last[1]
}
