package sim_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestFloorWakesItsWatchers(t *testing.T) {
	f := sim.NewFloor(newEngine(t, config()))
	var a, b int
	stopA := f.Watch(func() { a++; f.Read(func(time.Time, *sim.Engine) {}) }) // outside the lock: it may look
	stopB := f.Watch(func() { b++ })
	nothing := func(time.Time, *sim.Engine) {}
	f.Do(nothing)
	f.Read(nothing)
	stopA()
	stopA()
	f.Do(nothing)
	stopB()
	f.Do(nothing)
	if a != 1 || b != 2 {
		t.Errorf("woken %d and %d times, want 1 and 2", a, b)
	}
}

func TestFloorWatcherMayStopItself(t *testing.T) {
	f := sim.NewFloor(newEngine(t, config()))
	n := 0
	var stop func()
	stop = f.Watch(func() { n++; stop() })
	f.Do(func(time.Time, *sim.Engine) {})
	f.Do(func(time.Time, *sim.Engine) {})
	if n != 1 {
		t.Errorf("woken %d times", n)
	}
}

// One at a time, and time does not go back.
func TestFloorIsAloneWithTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := sim.NewFloor(newEngine(t, config()))
		var wg sync.WaitGroup
		var last time.Time
		n := 0
		for range 8 {
			wg.Go(func() {
				for range 100 {
					f.Do(func(now time.Time, e *sim.Engine) {
						if now.Before(last) || e.Venue() != exchange.Venue("x") {
							t.Error("time went back")
						}
						last = now
						n++
					})
				}
			})
		}
		wg.Wait()
		if n != 800 {
			t.Errorf("%d of 800", n)
		}
	})
}
