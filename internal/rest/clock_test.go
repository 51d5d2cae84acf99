package rest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/internal/rest"
)

// ahead is a venue whose clock differs, behind ways of differing length.
type ahead struct {
	by        time.Duration
	out, back []time.Duration
	calls     int
	err       error
}

func (v *ahead) sample(ctx context.Context) (time.Time, error) {
	i := v.calls
	v.calls++
	if err := rest.Sleep(ctx, v.out[i%len(v.out)]); err != nil {
		return time.Time{}, err
	}
	t := time.Now().Add(v.by)
	if err := rest.Sleep(ctx, v.back[i%len(v.back)]); err != nil {
		return time.Time{}, err
	}
	return t, v.err
}

const ms = time.Millisecond

// The quickest of three samples counts, and it cannot be wrong by more than half its way.
func TestClockOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &ahead{by: -3 * time.Second, out: []time.Duration{200 * ms, 10 * ms, 90 * ms}, back: []time.Duration{0, 20 * ms, 0}}
		c := rest.NewClock(v.sample)
		if got := c.Now(); time.Until(got).Abs() > 0 {
			t.Errorf("before the first sync: %v off", time.Until(got))
		}
		if err := c.Ready(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		offset, slack := c.Offset()
		if v.calls != 3 || slack != 15*ms || (offset-v.by).Abs() > slack {
			t.Errorf("%d samples, offset %v give or take %v", v.calls, offset, slack)
		}
		<-time.After(time.Hour)
		if off := c.Now().Sub(time.Now().Add(v.by)); off.Abs() > slack {
			t.Errorf("an hour later %v off", off)
		}
	})
}

func TestClockIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &ahead{by: time.Second, out: []time.Duration{ms}, back: []time.Duration{ms}}
		c := rest.NewClock(v.sample)
		ready := func(patient bool, calls int) {
			t.Helper()
			if err := c.Ready(t.Context(), patient); err != nil || v.calls != calls {
				t.Errorf("%v, %d samples, want %d", err, v.calls, calls)
			}
		}
		ready(false, 3)
		ready(true, 3)
		<-time.After(11 * time.Minute)
		ready(false, 3) // an order does not wait for it
		ready(true, 6)
		c.Doubt()
		ready(false, 9) // but it does when the venue has contradicted
		v.err = errors.New("away")
		c.Doubt()
		ready(false, 12) // what was known is better than nothing
	})
}

func TestClockWithoutVenue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &ahead{out: []time.Duration{0}, back: []time.Duration{0}, err: errors.New("away")}
		c := rest.NewClock(v.sample)
		if err := c.Ready(t.Context(), false); !errors.Is(err, v.err) {
			t.Errorf("%v", err)
		}
		v.err, v.by = nil, -200*365*24*time.Hour // a time that no venue has
		if err := c.Sync(t.Context()); err == nil {
			t.Error("believed a clock in the distant past")
		}
		v.by = 0
		v.out = []time.Duration{time.Minute}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// Many that need the clock at once ask once.
func TestClockTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &ahead{out: []time.Duration{ms}, back: []time.Duration{ms}}
		c := rest.NewClock(v.sample)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := c.Ready(t.Context(), true); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if v.calls != 3 {
			t.Errorf("%d samples", v.calls)
		}
	})
}
