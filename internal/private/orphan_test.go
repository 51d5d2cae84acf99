package private_test

import (
	"context"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// An order that ended for a successor: that comes, or the order is looked up until its end is known.
func TestReplacedWithoutSuccessor(t *testing.T) {
	ended := func(filled string) private.Update {
		u := order(report(spot, "a", replaced, filled))
		u.Replaced = true
		return u
	}
	begin := func(t *testing.T) (*socket, *stream) {
		x := newSocket("x", exchange.Spot)
		s := start(t, private.Config{}, x)
		t.Cleanup(func() { s.stop(context.Canceled) })
		time.Sleep(time.Minute)
		x.last().say(order(report(spot, "a", accepted, "0")))
		s.expect("up", "a accepted 0/5")
		x.last().say(ended("0"))
		s.expect("a replaced 0/5")
		return x, s
	}
	asked := func(x *socket) (n int) {
		x.set(func() { n = len(x.asked) })
		return n
	}
	bubble(t, "it comes", func(t *testing.T) {
		x, s := begin(t)
		next := report(spot, "a", accepted, "0")
		next.VenueID = "vb"
		x.last().say(order(next))
		s.expect("a accepted 0/5")
		time.Sleep(time.Hour)
		s.expect()
		if n := asked(x); n != 0 {
			t.Errorf("looked up %d times", n)
		}
	})
	bubble(t, "none was placed", func(t *testing.T) {
		x, s := begin(t)
		x.set(func() { x.orders["a"] = report(spot, "a", unknown, "0") }) // one may come yet
		time.Sleep(5 * time.Second)
		s.expect()
		x.set(func() { x.orders["a"] = report(spot, "a", canceled, "0") })
		time.Sleep(10 * time.Second)
		s.expect("a canceled 0/5")
		n := asked(x)
		time.Sleep(time.Hour)
		s.expect()
		if m := asked(x); m != n || n != 2 {
			t.Errorf("looked up %d times, then %d", n, m)
		}
	})
	bubble(t, "it came unseen", func(t *testing.T) {
		x, s := begin(t)
		next := report(spot, "a", accepted, "0")
		next.VenueID, next.Former = "vb", []string{"va"}
		x.set(func() { x.orders["a"] = next })
		time.Sleep(time.Hour)
		s.expect("a accepted 0/5")
		if n := asked(x); n != 1 {
			t.Errorf("looked up %d times", n)
		}
	})
}
