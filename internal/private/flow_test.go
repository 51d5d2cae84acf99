package private_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// A subscriber that does not keep up: the connection ends, and all that was pushed is told once it does, in order, with what had no room.
func TestSlowSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{Queue: 10}, x)
		s.expect("up")
		s.gate = make(chan struct{})
		var want []string
		for i := range 15 { // one is with emit, ten wait
			id := fmt.Sprint("o", i)
			o := report(spot, id, filled, "5", fill(spot, id, "t"+id, "5"))
			x.set(func() { x.orders[id] = o })
			want = append(want, id+" filled 5/5 t"+id)
			x.last().say(order(o))
		}
		if synctest.Wait(); len(s.reported) != 1 || !strings.Contains(s.reported[0].Error(), "too slow") {
			t.Errorf("reported %v", s.reported)
		}
		time.Sleep(time.Minute) // the next one cannot become live
		s.expect()
		close(s.gate)
		s.expect(append(append(append(want[:11:11], "down"), want[11:]...), "up")...)
		s.stop(context.Canceled)
	})
}

// Pushes beyond what may be held while reading end the connection; the next reading has their orders, even on symbols never heard of.
func TestHeldOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.slow = time.Second
		var want []string
		s := start(t, private.Config{Held: 3}, x)
		for i := range 5 {
			id := fmt.Sprint("o", i)
			x.set(func() { x.orders[id] = report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")) })
			x.last().say(single(x.orders[id].Fills[0]))
			if i < 4 { // the fifth finds a connection that has ended already
				want = append(want, id+" filled 5/5 t"+id)
			}
		}
		s.expect()
		time.Sleep(3 * time.Second)
		s.mu.Lock()
		n := len(s.events)
		s.mu.Unlock()
		if n < len(want)+1 {
			t.Errorf("%d events", n)
		}
		s.stop(context.Canceled)
	})
}

// What is in the queue when Run ends was not told: the next Run tells it.
func TestQueueAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.expect("up")
		s.gate = make(chan struct{}, 1)
		for _, id := range []string{"a", "b"} {
			x.set(func() { x.orders[id] = report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")) })
			x.last().say(order(x.orders[id]))
		}
		synctest.Wait()
		s.cancel()
		s.gate <- struct{}{}
		s.ends(context.Canceled)
		s.expect("a filled 5/5 ta")
		s.gate = nil
		s.run()
		s.expect("up", "b filled 5/5 tb")
		s.stop(context.Canceled)
	})
}

// A venue's readings lag behind: the second look finds what the first did not, and goes on while fills are counted that are not shown.
func TestReadingsThatLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.tracker.Sending(request(spot, "a"))
		x.last().say(order(report(spot, "a", accepted, "0")))
		s.expect("up", "a accepted 0/5")
		time.Sleep(time.Minute)
		x.last().end <- errReset
		x.set(func() { x.orders["a"] = report(spot, "a", accepted, "0") }) // as it was
		time.Sleep(time.Second)
		s.expect("down", "up")
		x.set(func() { x.orders["a"] = report(spot, "a", filled, "5") })
		time.Sleep(3 * time.Second)
		s.expect("a filled 5/5")
		time.Sleep(time.Second)
		x.set(func() { x.fills = []exchange.Fill{fill(spot, "a", "t1", "5")} })
		time.Sleep(20 * time.Second)
		s.expect("a filled 5/5 t1")
		var before, after int
		x.set(func() { before = x.reads })
		time.Sleep(time.Hour)
		if x.set(func() { after = x.reads }); after != before {
			t.Errorf("%d more readings when all was told", after-before)
		}
		s.stop(context.Canceled)
	})
}

// A second look that fails is reported and tried again.
func TestSecondLookFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		x.openErr = func(n int) error {
			if n == 1 || n == 2 {
				return errReset
			}
			return nil
		}
		s := start(t, private.Config{}, x)
		time.Sleep(time.Hour)
		s.expect("up")
		if synctest.Wait(); len(s.reported) != 2 || x.reads != 4 || x.dials() != 1 {
			t.Errorf("%v, %d readings, %d connects", s.reported, x.reads, x.dials())
		}
		s.stop(context.Canceled)
	})
}

// Our clock and the venue's differ by more than readings overlap: what happened in the gap is found nevertheless.
func TestClocksThatDiffer(t *testing.T) {
	for _, offset := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		bubble(t, fmt.Sprint("the venue is ahead by ", offset), func(t *testing.T) {
			x := newSocket("spot", exchange.Spot)
			x.Link.Offset = func() time.Duration { return offset }
			s := start(t, private.Config{}, x)
			x.last().say(order(report(spot, "mine", accepted, "0")))
			s.expect("up", "mine accepted 0/5")
			time.Sleep(time.Hour)
			x.last().say(order(report(spot, "mine", accepted, "0")))
			x.set(func() {
				f := fill(spot, "other", "t9", "3") // by hand, on a symbol that is followed
				f.Time = time.Now().Add(offset)
				x.open = []exchange.Order{report(spot, "mine", accepted, "0")}
				x.orders["other"], x.fills = report(spot, "other", canceled, "3", f), []exchange.Fill{f}
			})
			x.last().end <- errReset
			time.Sleep(time.Hour)
			s.expect("down", "other partially filled 3/0 t9", "other canceled 3/5", "up")
			s.stop(context.Canceled)
		})
	}
}

// From when on fills are read: 30 s before the last sign of life, however often the connection failed since.
func TestSinceWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.tracker.Sending(request(spot, "a"))
		time.Sleep(time.Minute)
		x.last().say(order(report(spot, "a", accepted, "0")))
		alive := time.Now()
		time.Sleep(20 * time.Second)
		x.set(func() {
			x.openErr = func(n int) error {
				if n < 6 {
					return errReset
				}
				return nil
			}
		})
		x.set(func() { x.since = nil })
		x.last().end <- errReset
		time.Sleep(time.Minute)
		s.expect("up", "a accepted 0/5", "down", "up")
		for i, at := range x.since {
			if !at.Equal(alive.Add(-30 * time.Second)) {
				t.Errorf("reading %d since %v, want 30 s before %v", i, at, alive)
			}
		}
		if len(x.since) != 2 {
			t.Errorf("fills read %d times", len(x.since))
		}
		s.stop(context.Canceled)
	})
}

// A push may count a fill that no message tells, and nothing is wrong with the connection: the fill is fetched, unless it comes by itself.
func TestFillThatIsNeverPushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		time.Sleep(time.Hour) // nothing of the start is left to be read
		s.expect("up")
		asked := func() (n int) {
			x.set(func() { n, x.asked = len(x.asked), nil })
			return n
		}
		_ = asked()
		x.last().say(order(report(spot, "a", filled, "5")))
		time.Sleep(time.Second)
		x.last().say(single(fill(spot, "a", "t1", "5")))
		time.Sleep(time.Hour)
		s.expect("a filled 5/5", "a filled 5/5 t1")
		if n := asked(); n != 0 {
			t.Errorf("%d lookups of a fill that came by itself", n)
		}
		x.last().say(order(report(spot, "b", filled, "5")))
		time.Sleep(10 * time.Second) // the venue's readings lag: nothing yet
		s.expect("b filled 5/5")
		x.set(func() { x.orders["b"] = report(spot, "b", filled, "5", fill(spot, "b", "t2", "5")) })
		time.Sleep(time.Minute)
		s.expect("b filled 5/5 t2")
		_ = asked()
		x.last().say(order(report(spot, "c", filled, "5"))) // the venue never shows it
		time.Sleep(24 * time.Hour)
		s.expect("c filled 5/5")
		if n := asked(); n == 0 || n > 10 {
			t.Errorf("%d lookups of a fill that never comes", n)
		}
		s.stop(context.Canceled)
	})
}
