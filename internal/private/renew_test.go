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

// A planned replacement: the new connection is made while the old one goes on, both are listened to, nothing is told twice and the stream
// stays up.
func TestRenew(t *testing.T) {
	cases := []struct {
		name string
		ask  func(x *socket, s *stream)
	}{
		{"asked for", func(x *socket, s *stream) { x.renew <- struct{}{} }},
		{"old age", func(x *socket, s *stream) { time.Sleep(23 * time.Hour) }},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T) {
			x := newSocket("spot", exchange.Spot)
			if c.name == "old age" {
				x.Link.MaxAge = 0
			}
			s := start(t, private.Config{}, x)
			old := x.last()
			old.say(order(report(spot, "a", accepted, "0")))
			s.expect("up", "a accepted 0/5")
			time.Sleep(time.Minute)
			c.ask(x, s)
			young := x.last()
			if young == old {
				t.Fatal("no new connection")
			}
			one, two := single(fill(spot, "a", "t1", "1")), single(fill(spot, "a", "t2", "1"))
			bal := private.Update{Balances: []exchange.Balance{{Asset: "BTC", Free: dec("1")}}, At: time.Now()}
			old.say(one, bal)
			young.say(one, bal, two)
			older := bal
			older.At = bal.At.Add(-time.Second)
			old.say(two, older)
			s.expect("a partially filled 1/5 t1", "balance BTC 1", "a partially filled 2/5 t2")
			time.Sleep(2 * time.Second)
			old.say(single(fill(spot, "a", "t3", "1"))) // it has ended: what it says now was said on the other one too
			young.say(single(fill(spot, "a", "t3", "1")))
			s.expect("a partially filled 3/5 t3")
			time.Sleep(10 * time.Second)
			if len(s.reported) != 0 {
				t.Errorf("reported %v", s.reported)
			}
			young.end <- errReset
			s.expect("down")
			s.stop(context.Canceled)
		})
	}
}

// The old connection had broken without a sign before it was replaced: the reading afterwards finds what it did not tell.
func TestRenewOfADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.tracker.Sending(request(spot, "a"))
		x.last().say(order(report(spot, "a", accepted, "0")))
		time.Sleep(time.Minute)
		x.set(func() { x.fills = []exchange.Fill{fill(spot, "a", "t1", "1")} })
		x.set(func() { x.fills[0].Time = time.Now().Add(-40 * time.Second) })
		x.renew <- struct{}{}
		s.expect("up", "a accepted 0/5")
		time.Sleep(6 * time.Second)
		s.expect("a partially filled 1/5 t1")
		s.stop(context.Canceled)
	})
}

// A replacement that fails, and one whose old connection ends meanwhile.
func TestRenewFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.subErr = func(n int) error {
			if n == 1 {
				return errReset
			}
			return nil
		}
		s := start(t, private.Config{}, x)
		s.expect("up")
		first := x.last()
		x.renew <- struct{}{}
		time.Sleep(10 * time.Second)
		first.say(order(report(spot, "a", accepted, "0")))
		s.expect("a accepted 0/5")
		time.Sleep(30 * time.Second)
		if n := x.dials(); n != 3 {
			t.Errorf("%d connects: it is to be tried again", n)
		}
		x.last().say(order(report(spot, "b", accepted, "0")))
		s.expect("b accepted 0/5")
		x.set(func() { x.subSlow = 20 * time.Second })
		x.renew <- struct{}{}
		time.Sleep(time.Second)
		x.set(func() { x.conns[2].end <- errReset })
		s.expect("down") // at once, not when the replacement has failed
		s.stop(context.Canceled)
	})
}

// A replacement that dies as soon as it is there: the old connection was well, stays, and is replaced later.
func TestReplacementDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.expect("up")
		time.Sleep(time.Minute)
		old := x.last()
		x.renew <- struct{}{}
		time.Sleep(time.Second)
		x.last().say(order(report(spot, "a", accepted, "0")))
		x.last().end <- errReset
		s.expect("a accepted 0/5")
		if n := len(s.reported); n != 1 || !errors.Is(s.reported[0], errReset) {
			t.Errorf("reported %v", s.reported)
		}
		old.say(single(fill(spot, "a", "t1", "1")))
		s.expect("a partially filled 1/5 t1")
		time.Sleep(time.Minute)
		if n := x.dials(); n != 3 {
			t.Errorf("%d connects: it is to be tried again", n)
		}
		old.say(single(fill(spot, "a", "t2", "1"))) // it has ended
		x.last().say(single(fill(spot, "a", "t3", "1")))
		s.expect("a partially filled 2/5 t3")
		x.set(func() { x.fills = []exchange.Fill{fill(spot, "a", "t2", "1"), fill(spot, "a", "t3", "1")} })
		x.last().end <- errReset
		time.Sleep(time.Second)
		s.expect("down", "a partially filled 3/5 t2", "up")
		s.stop(context.Canceled)
	})
}

// The venue ends a connection as planned: the next one is made at once, though not again and again.
func TestEndAsPlanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.expect("up")
		time.Sleep(time.Minute)
		bye := fmt.Errorf("server shutdown: %w", private.ErrRenew)
		x.last().end <- bye
		s.expect("down", "up")
		x.last().end <- bye
		s.expect("down", "up")
		for range 20 {
			x.last().Close(bye)
			time.Sleep(10 * time.Second)
		}
		if n := x.dials(); n > 23 {
			t.Errorf("%d connects", n)
		}
		s.stop(context.Canceled)
		if !errors.Is(s.events[1].Err, private.ErrRenew) {
			t.Errorf("%v", s.events[1].Err)
		}
	})
}

// A subscriber that stalls while a replacement is at hand.
func TestRenewWithAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{Queue: 2, Held: 2}, x)
		s.expect("up")
		s.gate = make(chan struct{})
		old := x.last()
		for i := range 3 { // one is with emit, two wait
			old.say(order(report(spot, fmt.Sprint("o", i), accepted, "0")))
			synctest.Wait()
		}
		x.onDial = func(c *conn) {
			c.say(order(report(spot, "o2", accepted, "0")), order(report(spot, "o3", accepted, "0")))
		}
		x.renew <- struct{}{}
		x.set(func() { x.orders["o3"] = report(spot, "o3", accepted, "0") })
		x.last().say(order(report(spot, "o4", accepted, "0"))) // one too many
		x.set(func() { x.orders["o4"] = report(spot, "o4", accepted, "0") })
		close(s.gate)
		synctest.Wait()
		old.say(order(report(spot, "o5", accepted, "0")))
		s.expect("o0 accepted 0/5", "o1 accepted 0/5", "o2 accepted 0/5", "o5 accepted 0/5")
		time.Sleep(time.Minute) // it is tried again, and read
		s.expect("o4 accepted 0/5", "o3 accepted 0/5")
		s.stop(context.Canceled)
	})
}
