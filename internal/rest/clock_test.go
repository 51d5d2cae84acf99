package rest_test

import (
	"context"
	"errors"
	"net/http"
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

// away is a time endpoint that does not answer.
func (v *ahead) away(ctx context.Context) (time.Time, error) {
	v.calls++
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

// Who is not patient goes on with what is known after 300 ms, or half of its time, and for a while those after it do so at once.
func TestClockDoesNotHoldCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &ahead{out: []time.Duration{ms}, back: []time.Duration{ms}}
		gone := false
		c := rest.NewClock(func(ctx context.Context) (time.Time, error) {
			if gone {
				return v.away(ctx)
			}
			return v.sample(ctx)
		})
		ready := func(ctx context.Context, patient bool, want time.Duration) {
			t.Helper()
			began := time.Now()
			if err := c.Ready(ctx, patient); err != nil || time.Since(began) != want {
				t.Errorf("%v after %v, want %v", err, time.Since(began), want)
			}
		}
		ready(t.Context(), false, 6*ms)
		gone = true
		c.Doubt()
		ready(t.Context(), false, 300*ms)
		ready(t.Context(), false, 0)
		time.Sleep(5 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 200*ms)
		defer cancel()
		ready(ctx, false, 100*ms)
		ready(t.Context(), true, 5*time.Second) // a patient one tries for itself
		ready(t.Context(), true, 0)
		time.Sleep(5 * time.Second)
		go ready(t.Context(), true, 5*time.Second)
		synctest.Wait()
		ready(t.Context(), false, 300*ms) // and holds nobody up
		time.Sleep(10 * time.Second)
		gone = false
		before := v.calls
		ready(t.Context(), false, 6*ms)
		ready(t.Context(), false, 0)
		if v.calls != before+3 {
			t.Errorf("%d samples after the doubt", v.calls-before)
		}
	})
}

// A cancel of an account whose clock is in doubt waits neither for reads that the venue's limits hold, nor for a time endpoint that fails.
func TestCancelPassesADoubtedClock(t *testing.T) {
	for name, c := range map[string]struct {
		status, used int // of the time endpoint; of the address's limit of 100, by reads
		want         time.Duration
	}{
		"reads queue":  {200, 50, 0},
		"time away":    {0, 0, 300 * ms},
		"time busy":    {503, 0, 0},
		"time refused": {400, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				status, orders := 200, 0
				cl := client("https://mars.example", roundTrip(func(r *http.Request) (*http.Response, error) {
					switch {
					case r.URL.Path != "/time":
						orders++
						return answer(200, "yes"), nil
					case status == 0:
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return answer(status, ""), nil
				}))
				cl.Limits = rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 100, Window: time.Minute}})
				cl.Clock = rest.NewClock(func(ctx context.Context) (time.Time, error) {
					_, err := cl.GetOnce(ctx, "server time", "/time", one(1))
					return time.Now(), err
				})
				if err := cl.Clock.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				if c.used > 0 {
					take(t, cl.Limits, rest.Reads, c.used-3)
				}
				cl.Clock.Doubt()
				status = c.status
				r := order(rest.Protects)
				r.Sign = func(*rest.Wire, time.Time, int) error { return nil }
				began := time.Now()
				body, err := cl.Do(t.Context(), r)
				check(t, body, err, true, r, nil, nil)
				if d := time.Since(began); d != c.want || orders != 1 {
					t.Errorf("after %v, want %v; %d sent", d, c.want, orders)
				}
			})
		})
	}
}
