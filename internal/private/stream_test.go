package private_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

const (
	accepted = exchange.StatusAccepted
	partial  = exchange.StatusPartiallyFilled
	filled   = exchange.StatusFilled
	canceled = exchange.StatusCanceled
)

func TestUpComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.open = []exchange.Order{report(spot, "old", partial, "2", fill(spot, "old", "t1", "2"))}
		x.balances = []exchange.Balance{{Asset: "BTC", Free: dec("7")}}
		x.positions = []exchange.Position{{Market: perp, Quantity: dec("-1")}}
		x.onDial = func(c *conn) { c.say(single(fill(spot, "new", "t2", "1"))) } // before it has subscribed
		s := start(t, private.Config{}, x)
		s.expect("up", "old partially filled 2/5 t1", "balance BTC 7", "position BTC-USDT-PERP -1", "new partially filled 1/0 t2")
		s.stop(context.Canceled)
		s.expect()
	})
}

// Each event says whose stream it is of.
func TestEventsSayWhoseTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.open = []exchange.Order{report(spot, "a", accepted, "0")}
		x.balances = []exchange.Balance{{Asset: "BTC", Free: dec("7")}}
		x.positions = []exchange.Position{{Market: perp, Quantity: dec("-1")}}
		tr := private.NewTracker(private.TrackerConfig{Account: "second"})
		st, err := private.New(private.Config{Venue: "v", Tracker: tr, Links: []private.Link{x.Link}})
		if err != nil {
			t.Fatal(err)
		}
		s := &stream{t: t, tracker: tr, Stream: st}
		s.run()
		s.expect("up", "a accepted 0/5", "balance BTC 7", "position BTC-USDT-PERP -1")
		x.last().end <- errReset
		s.expect("down")
		for _, ev := range s.events {
			if o := ev.Order; o.Market.Venue != "v" || o.Account != "second" || (ev.Kind == exchange.BalanceUpdate) != (ev.Balances != nil) {
				t.Errorf("%s: %+v", ev.Kind, ev)
			}
		}
		s.stop(context.Canceled)
	})
}

// What happened while disconnected comes once, before StreamUp, whichever reading shows it.
func TestFillsDuringADisconnect(t *testing.T) {
	cases := []struct {
		name string
		show func(x *socket)
		want []string
	}{
		{"in the list of fills", func(x *socket) { x.fills = []exchange.Fill{fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "2")} },
			[]string{"a partially filled 3/5 t2"}},
		{"in the lookup of an order no longer open", func(x *socket) {
			x.orders["a"] = report(spot, "a", canceled, "3", fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "2"))
		}, []string{"a canceled 3/5 t2"}},
		{"counted by an open order, told by its lookup", func(x *socket) {
			x.open = []exchange.Order{report(spot, "a", partial, "3")}
			x.orders["a"] = report(spot, "a", partial, "3", fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "2"))
		}, []string{"a partially filled 3/5", "a partially filled 3/5 t2"}},
		{"in all of them", func(x *socket) {
			x.open = []exchange.Order{report(spot, "a", partial, "3")}
			x.orders["a"] = report(spot, "a", filled, "5", fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "2"), fill(spot, "a", "t3", "2"))
			x.fills = x.orders["a"].Fills
		}, []string{"a partially filled 3/5", "a filled 5/5 t2 t3"}},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T) {
			x := newSocket("spot", exchange.Spot)
			s := start(t, private.Config{}, x)
			s.tracker.Sending(request(spot, "a"))
			x.last().say(order(report(spot, "a", accepted, "0")), single(fill(spot, "a", "t1", "1")))
			s.expect("up", "a accepted 0/5", "a partially filled 1/5 t1")
			c.show(x)
			x.last().end <- errReset
			s.expect("down")
			time.Sleep(time.Second)
			s.expect(append(c.want, "up")...)
			time.Sleep(time.Hour) // the second look finds nothing more
			s.expect()
			s.stop(context.Canceled)
		})
	}
}

func TestDownTellsWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		x.last().end <- errReset
		s.expect("up", "down")
		err := s.events[1].Err
		var e *exchange.Error
		if !errors.As(err, &e) || e.Venue != "v" || !errors.Is(err, exchange.ErrUnavailable) || !errors.Is(err, errReset) {
			t.Errorf("%v", err)
		}
		s.stop(context.Canceled)
	})
}

// The link with the disconnect is down, and so is the stream; the other's events go on.
func TestTwoLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newSocket("spot", exchange.Spot), newSocket("perp", exchange.Perp)
		y.slow = 10 * time.Second
		s := start(t, private.Config{}, x, y)
		x.last().say(order(report(spot, "a", accepted, "0")))
		s.expect() // the other one is not ready
		time.Sleep(10 * time.Second)
		s.expect("up", "a accepted 0/5")
		y.last().end <- errReset
		s.expect("down")
		x.last().say(order(report(spot, "a", filled, "5", fill(spot, "a", "t1", "5"))))
		s.expect("a filled 5/5 t1")
		x.last().end <- errReset
		s.expect() // it is down already
		time.Sleep(5 * time.Second)
		s.expect()
		y.last().say(order(report(perp, "b", accepted, "0")))
		s.expect() // held: it is still reading
		time.Sleep(6 * time.Second)
		s.expect("b accepted 0/5", "up")
		s.stop(context.Canceled)
	})
}

// A link is lost while the first start waits for the other one: nothing is emitted, and what it held is read again.
func TestLinkLostBeforeTheFirstUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newSocket("spot", exchange.Spot), newSocket("perp", exchange.Perp)
		y.slow = time.Minute
		s := start(t, private.Config{}, x, y)
		x.last().say(single(fill(spot, "a", "t1", "1")))
		x.last().end <- errReset
		x.set(func() { x.orders["a"] = report(spot, "a", partial, "1", fill(spot, "a", "t1", "1")) })
		s.expect()
		time.Sleep(time.Minute)
		s.expect("up", "a partially filled 1/5 t1")
		s.stop(context.Canceled)
	})
}

// Reconciliation that fails is tried again with a new connection, less and less often.
func TestReconciliationIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.openErr = func(n int) error {
			if n < 5 {
				return &exchange.Error{Venue: "v", Op: "open orders", Class: exchange.ErrRateLimited, RetryAfter: time.Second}
			}
			return nil
		}
		s := start(t, private.Config{}, x)
		time.Sleep(4 * time.Second)
		s.expect()
		time.Sleep(10 * time.Second)
		s.expect("up")
		if n := x.dials(); n != 6 {
			t.Errorf("%d connects", n)
		}
		if len(s.reported) != 5 || !errors.Is(s.reported[0], exchange.ErrRateLimited) {
			t.Errorf("reported %v", s.reported)
		}
		s.stop(context.Canceled)
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		var at []time.Duration
		begin := time.Now()
		x.dialErr = func(int) error { at = append(at, time.Since(begin)); return errReset }
		s := start(t, private.Config{}, x)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		for i := 1; i < len(at); i++ {
			most := min(250*time.Millisecond<<(i-1), 30*time.Second)
			if d := at[i] - at[i-1]; d < most/2 || d > most {
				t.Errorf("wait %d was %v, want %v to %v", i, d, most/2, most)
			}
		}
		if len(at) < 11 {
			t.Errorf("%d connects", len(at))
		}
		s.stop(context.Canceled)
		s.expect()
	})
}

func TestIncurable(t *testing.T) {
	skew := fmt.Errorf("%w: %w", exchange.ErrUnauthorized, exchange.ErrClockSkew)
	cases := []struct {
		name      string
		err       error
		incurable bool
	}{
		{"unauthorised", exchange.ErrUnauthorized, true},
		{"invalid", exchange.ErrInvalid, true},
		{"unsupported", exchange.ErrUnsupported, true},
		{"the clock", skew, false},
		{"a ban", exchange.ErrBanned, false},
	}
	for _, c := range cases {
		for _, where := range []string{"connect", "subscribe"} {
			bubble(t, c.name+" at "+where, func(t *testing.T) {
				x, y := newSocket("spot", exchange.Spot), newSocket("perp", exchange.Perp)
				fail := func(n int) error {
					if n == 1 {
						return c.err
					}
					return nil
				}
				if where == "connect" {
					x.dialErr = fail
				} else {
					x.subErr = fail
				}
				s := start(t, private.Config{}, x, y)
				s.expect("up")
				x.last().end <- errReset
				time.Sleep(10 * time.Second)
				if c.incurable {
					s.expect("down")
					s.ends(c.err)
					return
				}
				s.expect("down", "up")
				s.stop(context.Canceled)
			})
		}
	}
}

// A first connection that cannot be had ends the stream without an event.
func TestIncurableAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newSocket("spot", exchange.Spot), newSocket("perp", exchange.Perp)
		x.dialErr = func(int) error { return exchange.ErrUnauthorized }
		s := start(t, private.Config{}, x, y)
		s.ends(exchange.ErrUnauthorized)
		s.expect()
	})
}

// Subscribe fails because the venue's reader has found out why: its error counts.
func TestCauseOfTheEndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.onDial = func(c *conn) { c.end <- exchange.ErrUnauthorized }
		x.subErr = func(int) error { time.Sleep(time.Millisecond); return errReset }
		s := start(t, private.Config{}, x)
		s.ends(exchange.ErrUnauthorized)
		s.expect()
	})
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.expect("up")
		if err := s.Run(t.Context(), nil); !errors.Is(err, exchange.ErrConflict) {
			t.Errorf("%v", err)
		}
		s.stop(context.Canceled)
	})
}

// The next Run tells what the former one did not, once.
func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.tracker.Sending(request(spot, "a"))
		x.last().say(single(fill(spot, "a", "t1", "1")))
		s.expect("up", "a partially filled 1/5 t1")
		s.stop(context.Canceled)
		time.Sleep(time.Hour)
		x.set(func() { x.fills = []exchange.Fill{fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "2")} })
		s.run()
		s.expect("up", "a partially filled 3/5 t2")
		s.stop(context.Canceled)
	})
}

func TestConfigErrors(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{})
	ok := newSocket("x", exchange.Spot).Link
	cases := map[string]private.Config{
		"no tracker":        {Links: []private.Link{ok}},
		"no links":          {Tracker: tr},
		"no Connect":        {Tracker: tr, Links: []private.Link{{Kinds: ok.Kinds}}},
		"no kinds":          {Tracker: tr, Links: []private.Link{{Connect: ok.Connect}}},
		"negative duration": {Tracker: tr, Links: []private.Link{ok}, Settle: -1},
		"backoff":           {Tracker: tr, Links: []private.Link{ok}, BackoffMin: 2, BackoffMax: 1},
		"negative bound":    {Tracker: tr, Links: []private.Link{ok}, Queue: -1},
	}
	for name, cfg := range cases {
		if _, err := private.New(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
