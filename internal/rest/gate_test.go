package rest_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// A ban, or a pause, that comes while others wait at a gate holds them too.
func TestLooksAgainAfterTheGate(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		class  error
	}{"ban": {418, exchange.ErrBanned}, "pause": {503, exchange.ErrUnavailable}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int32
				cl := client("https://mars.example", roundTrip(func(*http.Request) (*http.Response, error) {
					switch n.Add(1) {
					case 1:
						time.Sleep(50 * ms)
						return answer(429, "", "5"), nil
					case 2: // sent at the same time, and answered later
						time.Sleep(time.Second)
						return answer(c.status, ""), nil
					}
					return answer(200, "yes"), nil
				}))
				var wg sync.WaitGroup
				for range 2 {
					wg.Go(func() {
						r := order(rest.Opens)
						r.Deadline = time.Now().Add(3 * time.Second)
						_, _ = cl.Do(t.Context(), r)
					})
				}
				time.Sleep(100 * ms)
				for range 6 { // they come to the gate before the other answer
					wg.Go(func() {
						_, err := cl.Do(t.Context(), order(rest.Opens))
						check(t, nil, err, false, order(rest.Opens), exchange.ErrNotSent, c.class)
					})
				}
				wg.Wait()
				if n.Load() != 2 {
					t.Errorf("%d sent in spite of it", n.Load()-2)
				}
			})
		})
	}
}

// A rate limit that ends later than a ban does not make it one that is waited for: what protects goes by the standby.
func TestRateLimitDoesNotLiftABan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		first := roundTrip(func(*http.Request) (*http.Response, error) {
			if n.Add(1) == 1 {
				time.Sleep(10 * ms)
				return answer(418, ""), nil
			}
			time.Sleep(20 * ms)
			return answer(429, "", "180"), nil
		})
		second := &venue{script: []reply{{status: 200, body: "yes"}}}
		c := client("https://mars.example", first, second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _, _ = c.Do(ctx, order(rest.Opens)) })
		}
		wg.Wait()
		if _, banned := c.Limits.Closed(c.Base); !banned {
			t.Error("no longer banned")
		}
		body, err := c.Do(t.Context(), order(rest.Protects))
		check(t, body, err, true, order(rest.Protects), nil, nil)
		time.Sleep(2 * time.Minute)
		if d, banned := c.Limits.Closed(c.Base); banned || d < 50*time.Second {
			t.Errorf("after the ban: closed for %v, banned %v", d, banned)
		}
	})
}

// How long each lane waits where the venue says so, and where what it says is beyond belief.
func TestWaitsBeyondBelief(t *testing.T) {
	for name, c := range map[string]struct {
		header        string
		reads, urgent time.Duration
	}{
		"5 min are believed":               {"300", 5 * time.Minute, 5 * time.Minute},
		"11 min are not":                   {"660", 10 * time.Minute, time.Minute},
		"a moment in the place of seconds": {"1764341116", 10 * time.Minute, time.Minute},
		"a date in the next century":       {"Sat, 01 Jan 2101 00:00:05 GMT", 10 * time.Minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &venue{script: []reply{{status: 429, header: c.header}, {status: 200, body: "yes"}}}
				cl := client("https://mars.example", v)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, _ = cl.Do(ctx, order(rest.Protects))
				began := time.Now()
				var wg sync.WaitGroup
				for lane, want := range map[rest.Lane]time.Duration{rest.Reads: c.reads, rest.Protects: c.urgent} {
					wg.Go(func() {
						r := read()
						r.Lane = lane
						if _, err := cl.Do(t.Context(), r); err != nil || time.Since(began) < want-time.Second || time.Since(began) > want {
							t.Errorf("lane %d: %v after %v, want %v", lane, err, time.Since(began), want)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

// A wait of a read's own is bounded too, and so are bans and blocks.
func TestWaitsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client("https://mars.example", &venue{script: []reply{{status: 503, header: "1764341116"}, {status: 200, body: "yes"}}})
		began := time.Now()
		if _, err := c.Do(t.Context(), read()); err != nil || time.Since(began) != 10*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		c.Limits.Ban(c.Base, math.MaxInt64)
		if d, banned := c.Limits.Closed(c.Base); d != 7*24*time.Hour || !banned {
			t.Errorf("closed for %v, %v", d, banned)
		}
		l := rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 10, Window: time.Second}, "day": {Limit: 10, Window: 24 * time.Hour}})
		for name, want := range map[string]time.Duration{"ip": time.Minute, "day": 24 * time.Hour} {
			l.Block(name, "", time.Now().Add(math.MaxInt64))
			_, err := l.Wait(t.Context(), rest.Protects, time.Now(), rest.Cost{Name: name, N: 1})
			var limit *rest.LimitError
			if !errors.As(err, &limit) || limit.After != want {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	})
}

// What a socket of the same address was told holds all requests to it, as long as it is credible, and nobody else's.
func TestLimitedBySocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimits(nil)
		l.Limited("https://mars.example", 30*time.Second)
		if d, banned := l.Closed("https://mars.example"); d != 30*time.Second || banned {
			t.Errorf("closed for %v, banned %v", d, banned)
		}
		if d, _ := l.Closed("https://venus.example"); d != 0 {
			t.Errorf("another address closed for %v", d)
		}
		l.Limited("https://mars.example", math.MaxInt64)
		if d, _ := l.Closed("https://mars.example"); d != 10*time.Minute {
			t.Errorf("closed for %v", d)
		}
	})
}
