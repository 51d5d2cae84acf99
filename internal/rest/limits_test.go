package rest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// counted is one request as the venue saw it.
type counted struct {
	at   time.Time
	lane rest.Lane
	cost rest.Cost
}

// tally is a venue that counts strictly: each request at some moment between its sending and its answer, or up to 10 s after it was given up.
type tally struct {
	mu   sync.Mutex
	seen []counted
}

func (v *tally) count(lane rest.Lane, costs []rest.Cost) {
	v.countAt(time.Now(), lane, costs)
}

func (v *tally) countAt(at time.Time, lane rest.Lane, costs []rest.Cost) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range costs {
		v.seen = append(v.seen, counted{at, lane, c})
	}
}

// worst is the fullest rolling window of one dimension.
func (v *tally) worst(name, scope string, length time.Duration) (most int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	slices.SortStableFunc(v.seen, func(a, b counted) int { return a.at.Compare(b.at) })
	for i, last := range v.seen {
		if last.cost.Name != name || last.cost.Scope != scope {
			continue
		}
		sum := 0
		for _, c := range v.seen[:i+1] {
			if c.cost.Name == name && c.cost.Scope == scope && last.at.Sub(c.at) < length {
				sum += c.cost.N
			}
		}
		most = max(most, sum)
	}
	return most
}

// used is what a lane's own requests may count for at a moment, and no more than that.
type used struct {
	mu   sync.Mutex
	list []*lifetime
}

type lifetime struct {
	cost rest.Cost
	end  time.Time     // zero: not answered yet
	late time.Duration // how much later the venue may count it, and what is lost by counting roughly
}

func (u *used) sum(now time.Time, c rest.Cost, length time.Duration) (n int) {
	for _, x := range u.list {
		if x.cost.Name == c.Name && x.cost.Scope == c.Scope && (x.end.IsZero() || now.Sub(x.end) <= x.late+length+length/100) {
			n += x.cost.N
		}
	}
	return n
}

// Under random load no rolling window of the venue's ever holds more than its limit, and a protective request waits only for
// others of its kind: never while they leave room in their own share.
func TestLimitsUnderRandomLoad(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	base := rand.Uint64N(1 << 32)
	t.Logf("seeds %d to %d", base, base+seeds-1)
	protected, delayed := 0, 0
	for seed := base; seed < base+seeds; seed++ {
		synctest.Test(t, func(t *testing.T) {
			p, d := randomLoad(t, seed)
			protected, delayed = protected+p, delayed+d
		})
	}
	t.Logf("%d protective requests within their share, %d others of theirs waited", protected, delayed)
	if protected == 0 {
		t.Error("no protective request was within its share: the test shows nothing")
	}
}

func randomLoad(t *testing.T, seed uint64) (protected, delayed int) {
	rules := map[string]rest.Rule{
		"ip":    {Limit: 100, Window: 10 * time.Second},
		"order": {Limit: 10, Window: time.Second},
		"path":  {Limit: 6, Window: 2 * time.Second, Reads: 100},
	}
	l, venue, own := rest.NewLimits(rules), new(tally), new(used)
	draw := rand.New(rand.NewPCG(seed, 1))
	var wg sync.WaitGroup
	for range 150 {
		lane := []rest.Lane{rest.Reads, rest.Reads, rest.Opens, rest.Protects}[draw.IntN(4)]
		costs := []rest.Cost{{Name: "ip", N: 1 + draw.IntN(4)}}
		if lane == rest.Reads {
			costs[0].N = 1 + draw.IntN(20)
			costs = append(costs, rest.Cost{Name: "path", Scope: fmt.Sprint(draw.IntN(2)), N: 1})
		} else {
			costs = append(costs, rest.Cost{Name: "order", Scope: fmt.Sprint(draw.IntN(2)), N: 1})
		}
		out, back := time.Duration(draw.IntN(80))*time.Millisecond, time.Duration(draw.IntN(80))*time.Millisecond
		charge, lost, late := draw.IntN(10) > 0, draw.IntN(8) == 0, time.Duration(draw.IntN(10_000))*time.Millisecond
		wg.Go(func() {
			began := time.Now()
			within := true
			own.mu.Lock()
			for _, c := range costs {
				r := rules[c.Name]
				within = within && own.sum(began, c, r.Window)+c.N <= r.Limit-r.Limit*80/100
			}
			mine := make([]*lifetime, len(costs))
			if lane == rest.Protects {
				for i, c := range costs {
					mine[i] = &lifetime{cost: c}
					own.list = append(own.list, mine[i])
				}
			}
			own.mu.Unlock()
			g, err := l.Wait(context.Background(), lane, time.Time{}, costs...)
			if err != nil {
				t.Errorf("seed %d: %v", seed, err)
				return
			}
			if lane == rest.Protects {
				own.mu.Lock()
				switch waited := time.Since(began); {
				case within && waited > 0:
					t.Errorf("seed %d: a protective request within its share waited %v", seed, waited)
				case within:
					protected++
				case waited > 0:
					delayed++
				}
				own.mu.Unlock()
			}
			time.Sleep(out) // virtual: the way there
			switch {
			case lost:
				g.Lost()
				venue.countAt(time.Now().Add(late), lane, costs)
			case charge:
				venue.count(lane, costs)
			default:
				g.Refund("ip")
				venue.count(lane, costs[1:])
			}
			if !lost {
				time.Sleep(back)
			}
			g.Done()
			own.mu.Lock()
			for _, m := range mine {
				if m == nil {
					continue
				}
				if m.end = time.Now(); lost {
					m.late = 10*time.Second + 100*time.Millisecond
				}
			}
			own.mu.Unlock()
		})
		time.Sleep(time.Duration(draw.IntN(120)) * time.Millisecond)
	}
	wg.Wait()
	for name, r := range rules {
		for _, scope := range []string{"", "0", "1"} {
			if most := venue.worst(name, scope, r.Window); most > r.Limit {
				t.Errorf("seed %d: %d of %q %q within %v, where %d are allowed", seed, most, name, scope, r.Window, r.Limit)
			}
		}
	}
	return protected, delayed
}

func one(n int) rest.Cost { return rest.Cost{Name: "ip", N: n} }

func small() *rest.Limits {
	return rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 10, Window: time.Second}, "other": {Limit: 10, Window: time.Second}})
}

func take(t *testing.T, l *rest.Limits, lane rest.Lane, n int) {
	t.Helper()
	g, err := l.Wait(t.Context(), lane, time.Time{}, one(n))
	if err != nil {
		t.Fatal(err)
	}
	g.Done()
}

// A strict window: nine in five seconds do not pass where a token bucket of five would let them.
func TestWindowIsStrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 5, Window: 5 * time.Second, Reads: 100}})
		var at []int
		began := time.Now()
		for range 11 {
			take(t, l, rest.Reads, 1)
			at = append(at, int(time.Since(began)/time.Second))
		}
		if want := []int{0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10}; !slices.Equal(at, want) {
			t.Errorf("passed at seconds %v, want %v", at, want)
		}
	})
}

// Reads leave room for openings, and both for what protects.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		began := time.Now()
		take(t, l, rest.Reads, 5)
		late := make(chan time.Duration, 2)
		go func() { take(t, l, rest.Reads, 1); late <- time.Since(began) }()
		synctest.Wait()
		take(t, l, rest.Opens, 3)
		go func() { take(t, l, rest.Opens, 1); late <- time.Since(began) }()
		synctest.Wait()
		take(t, l, rest.Protects, 2)
		if time.Since(began) != 0 {
			t.Fatalf("waited %v", time.Since(began))
		}
		if a, b := <-late, <-late; a < time.Second || b < time.Second {
			t.Errorf("above their share after %v and %v", a, b)
		}
	})
}

// A large request is not overtaken for ever by small ones, nor does it stop those of other dimensions.
func TestNoOvertaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		take(t, l, rest.Protects, 8)
		large := make(chan time.Time, 1)
		go func() { take(t, l, rest.Protects, 9); large <- time.Now() }()
		synctest.Wait()
		g, err := l.Wait(t.Context(), rest.Reads, time.Time{}, rest.Cost{Name: "other", N: 1})
		if err != nil {
			t.Fatal(err)
		}
		g.Done()
		began := time.Now()
		take(t, l, rest.Protects, 1) // there is room for it, but it came later
		if at := <-large; at.After(time.Now()) || time.Since(began) == 0 {
			t.Error("a small request overtook a large one")
		}
	})
}

// A request that is not answered yet counts, however long it takes.
func TestFlyingCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		g, err := l.Wait(t.Context(), rest.Protects, time.Time{}, one(10))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(7*time.Second, g.Done)
		take(t, l, rest.Protects, 1)
		if d := time.Since(began); d != 8*time.Second {
			t.Errorf("passed after %v, want 8s: a window after the answer", d)
		}
	})
}

func TestVenueKnowsBetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		l.Observe("ip", "", 9) // somebody else uses the address
		l.Observe("ip", "", 2) // the venue's interval begins anew: ours does not
		l.Observe("nothing", "", 5)
		if u := l.Used("ip", ""); u != 9 {
			t.Errorf("used %d", u)
		}
		began := time.Now()
		take(t, l, rest.Protects, 2)
		if time.Since(began) != time.Second {
			t.Errorf("after %v", time.Since(began))
		}
		l.SetLimit("ip", 100)
		l.SetLimit("ip", -1)
		began = time.Now()
		take(t, l, rest.Protects, 90)
		if time.Since(began) != 0 || l.Rule("ip", "").Limit != 100 {
			t.Errorf("a limit that rose still holds: after %v", time.Since(began))
		}
		l.Block("ip", "", time.Now().Add(time.Minute))
		began = time.Now()
		take(t, l, rest.Protects, 1)
		if time.Since(began) != time.Minute {
			t.Errorf("after %v in a blocked dimension", time.Since(began))
		}
	})
}

// An account of a higher tier does not raise the limit of another.
func TestLimitOfOneScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		l.SetScopeLimit("ip", "vip", 20)
		l.SetScopeLimit("ip", "vip", 0)
		l.SetScopeLimit("nothing", "vip", 5)
		began := time.Now()
		for _, scope := range []string{"vip", "vip", "plain", "plain"} {
			g, err := l.Wait(t.Context(), rest.Protects, time.Time{}, rest.Cost{Name: "ip", Scope: scope, N: 10})
			if err != nil {
				t.Fatal(err)
			}
			g.Done()
		}
		if time.Since(began) != time.Second || l.Rule("ip", "").Limit != 10 {
			t.Errorf("after %v, the limit of all others is %d", time.Since(began), l.Rule("ip", "").Limit)
		}
	})
}

// A limit that rises lets those pass who wait.
func TestLimitRisesWhileSomebodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		take(t, l, rest.Protects, 10)
		began := time.Now()
		time.AfterFunc(time.Millisecond, func() { l.SetLimit("ip", 20) })
		take(t, l, rest.Protects, 5)
		if time.Since(began) != time.Millisecond {
			t.Errorf("after %v", time.Since(began))
		}
	})
}

func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		take(t, l, rest.Protects, 10)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := l.Wait(ctx, rest.Protects, time.Time{}, one(1))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, exchange.ErrRateLimited) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		// It is clear at once that this comes too late, and when it would not.
		var limit *rest.LimitError
		if _, err = l.Wait(t.Context(), rest.Protects, time.Now().Add(200*time.Millisecond), one(1)); !errors.As(err, &limit) || limit.After != 900*time.Millisecond {
			t.Errorf("%v", err)
		}
		if time.Since(began) != 100*time.Millisecond {
			t.Errorf("waited in vain until %v", time.Since(began))
		}
		if _, err = l.Wait(t.Context(), rest.Reads, time.Time{}, one(6)); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("more than its share ever is: %v", err)
		}
		take(t, l, rest.Protects, 10) // those who gave up left nothing behind
		if time.Since(began) != time.Second {
			t.Errorf("after %v", time.Since(began))
		}
	})
}

// One that gave up at the head lets the next one pass.
func TestLeavingTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		take(t, l, rest.Protects, 5)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = l.Wait(ctx, rest.Protects, time.Time{}, one(8)) }()
		synctest.Wait()
		passed := make(chan time.Duration, 1)
		began := time.Now()
		go func() { take(t, l, rest.Protects, 1); passed <- time.Since(began) }()
		synctest.Wait()
		cancel()
		if d := <-passed; d != 0 {
			t.Errorf("passed after %v", d)
		}
	})
}

// One that waits in one dimension does not stop others in those where there is room.
func TestOnlyTheFullDimensionStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		path := rest.Cost{Name: "other", N: 8}
		g, err := l.Wait(t.Context(), rest.Protects, time.Time{}, path)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Done()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _, _ = l.Wait(ctx, rest.Protects, time.Time{}, one(1), path) }()
		synctest.Wait()
		began := time.Now()
		take(t, l, rest.Protects, 9)
		take(t, l, rest.Protects, 1) // and one that has to wait for a while
		take(t, l, rest.Protects, 9)
		if time.Since(began) != time.Second {
			t.Errorf("after %v", time.Since(began))
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		take(t, l, rest.Protects, 10)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 4096 {
			wg.Go(func() { _, _ = l.Wait(ctx, rest.Reads, time.Time{}, rest.Cost{Name: "ip", N: 5}) })
		}
		synctest.Wait()
		if _, err := l.Wait(t.Context(), rest.Reads, time.Time{}, one(1)); !errors.Is(err, exchange.ErrRateLimited) {
			t.Errorf("%v", err)
		}
		began := time.Now()
		take(t, l, rest.Protects, 1) // it waits in a queue of its own
		if d := time.Since(began); d != time.Second {
			t.Errorf("a cancel after %v", d)
		}
		take(t, l, rest.Protects, 1) // and one that has room does not wait
		if d := time.Since(began); d != time.Second {
			t.Errorf("a second one after %v", d)
		}
		cancel()
		wg.Wait()
	})
}

// One whose cost a limit no longer has room for is refused when the limit falls: else those behind it would wait for ever.
func TestLimitFallsBelowWhoWaits(t *testing.T) {
	for name, fall := range map[string]func(l *rest.Limits){
		"for all":       func(l *rest.Limits) { l.SetLimit("ip", 60) },
		"for one scope": func(l *rest.Limits) { l.SetScopeLimit("ip", "", 60) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 100, Window: time.Second}})
				take(t, l, rest.Reads, 20)
				refused := make(chan error, 1)
				go func() {
					_, err := l.Wait(t.Context(), rest.Reads, time.Time{}, one(40)) // of the reads' 50, which become 30
					refused <- err
				}()
				synctest.Wait()
				behind := make(chan struct{})
				go func() { take(t, l, rest.Reads, 5); close(behind) }()
				synctest.Wait()
				began := time.Now()
				fall(l)
				if err := <-refused; !errors.Is(err, exchange.ErrInvalid) || !errors.Is(err, exchange.ErrRateLimited) {
					t.Errorf("%v", err)
				}
				<-behind
				take(t, l, rest.Reads, 5)
				if time.Since(began) != 0 {
					t.Errorf("those behind it passed after %v", time.Since(began))
				}
			})
		})
	}
}

// One without an answer counts for 10 s more, and the others no longer than ever.
func TestLostCountsLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := small()
		g, err := l.Wait(t.Context(), rest.Protects, time.Time{}, one(4))
		if err != nil {
			t.Fatal(err)
		}
		g.Lost()
		g.Done()
		took := func(n int, want time.Duration) {
			t.Helper()
			began := time.Now()
			take(t, l, rest.Protects, n)
			if d := time.Since(began); d != want {
				t.Errorf("%d passed after %v, want %v", n, d, want)
			}
		}
		took(6, 0)
		took(6, time.Second)
		took(6, time.Second)
		took(10, 9*time.Second)
	})
}
