package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// watch makes silent markets Stale, on time, until ctx ends.
func (f *Feed) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-timer.C:
			timer.Reset(f.sweep(now))
		}
	}
}

// sweep makes the markets Stale that have been silent for too long at now, and tells when to look again: when the next would be due. No market
// that becomes known in between can be due before the shortest limit of all has passed.
func (f *Feed) sweep(now time.Time) (wait time.Duration) {
	wait = f.shortest()
	for _, s := range f.slots.Load().order {
		s.mu.Lock()
		left := s.stale - now.Sub(s.heard)
		watched := s.state == Live && s.stale > 0
		if watched && left <= 0 {
			s.fail(Stale, s.heard.Add(s.stale), fmt.Errorf("feed: %s: silent for %v: %w", s.market, s.stale, exchange.ErrStale))
			f.mark(s.index)
		}
		s.mu.Unlock()
		if watched && left > 0 {
			wait = min(wait, left)
		}
	}
	return wait
}

func (f *Feed) shortest() time.Duration {
	d := time.Hour
	if f.cfg.StaleAfter > 0 {
		d = min(d, f.cfg.StaleAfter)
	}
	for _, m := range f.cfg.StaleMarkets {
		if m > 0 {
			d = min(d, m)
		}
	}
	return d
}

// takeDown makes the markets of a source that has ended Down.
func (f *Feed) takeDown(sub int, cause error) {
	if cause == nil {
		cause = errSourceEnded
	}
	f.down(fmt.Errorf("feed: %w: %w", exchange.ErrDown, cause), func(s *slot) bool { return s.sub == sub })
}

// end makes everything Down, and lets iterators end when they have told so.
func (f *Feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended.Store(true)
	f.down(fmt.Errorf("feed: %w: the feed has ended", exchange.ErrDown), func(s *slot) bool { return s.state != Down })
	for _, r := range *f.readers.Load() {
		r.end()
	}
}

func (f *Feed) down(reason error, is func(*slot) bool) {
	now := time.Now()
	for _, s := range f.slots.Load().order {
		s.mu.Lock()
		if is(s) {
			s.fail(Down, now, reason)
			f.mark(s.index)
		}
		s.mu.Unlock()
	}
}
