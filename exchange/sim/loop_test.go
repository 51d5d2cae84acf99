package sim_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestLoopRunsInOrderOfTimeThenPosting(t *testing.T) {
	l := sim.NewLoop(start)
	var ran []string
	post := func(d time.Duration, name string) {
		l.After(d, func() { ran = append(ran, name+" "+l.Now().Sub(start).String()) })
	}
	post(2*time.Second, "c")
	post(time.Second, "a")
	post(time.Second, "b")
	post(-time.Second, "first")
	l.After(time.Second, func() { post(0, "nested") })
	post(time.Second, "before nested")
	if len(ran) != 0 {
		t.Fatalf("After ran something at once: %v", ran)
	}
	l.Run()
	want := []string{"first 0s", "a 1s", "b 1s", "before nested 1s", "nested 1s", "c 2s"}
	if !slices.Equal(ran, want) {
		t.Errorf("ran %q\nwant %q", ran, want)
	}
	if l.Step() {
		t.Error("Step on an empty loop says that it ran something")
	}
}

func TestLoopRunUntilStopsAndMovesTheTime(t *testing.T) {
	l := sim.NewLoop(start)
	n := 0
	for i := range 10 {
		l.After(time.Duration(i)*time.Second, func() { n++ })
	}
	l.RunUntil(start.Add(4 * time.Second))
	if n != 5 || !l.Now().Equal(start.Add(4*time.Second)) {
		t.Errorf("ran %d events, time %s; want 5 and 4s", n, l.Now().Sub(start))
	}
	l.RunUntil(start.Add(4500 * time.Millisecond))
	if n != 5 || l.Now().Sub(start) != 4500*time.Millisecond {
		t.Errorf("ran %d events, time %s; want 5 and 4.5s", n, l.Now().Sub(start))
	}
	l.RunUntil(start) // the time never goes back
	if l.Now().Sub(start) != 4500*time.Millisecond {
		t.Errorf("time went back to %s", l.Now().Sub(start))
	}
}

func TestLoopManyTiesKeepPostingOrder(t *testing.T) {
	l := sim.NewLoop(start)
	var ran []int
	for i := range 1000 {
		l.After(time.Duration(i%3)*time.Millisecond, func() { ran = append(ran, i) })
	}
	l.Run()
	if len(ran) != 1000 {
		t.Fatalf("%d ran", len(ran))
	}
	for i := 1; i < len(ran); i++ {
		a, b := ran[i-1], ran[i]
		if a%3 > b%3 || a%3 == b%3 && a > b {
			t.Fatalf("%d before %d", a, b)
		}
	}
}

// Random posting, also from within events, against a plain sorted list.
func TestLoopAgainstASortedList(t *testing.T) {
	type key struct {
		at  time.Duration
		seq int
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		l := sim.NewLoop(start)
		var want, got []key
		var post func()
		post = func() {
			k := key{l.Now().Sub(start) + time.Duration(r.IntN(20)), len(want)}
			want = append(want, k)
			l.After(k.at-l.Now().Sub(start), func() {
				got = append(got, key{l.Now().Sub(start), k.seq})
				if len(want) < 500 && r.IntN(3) > 0 {
					post()
				}
			})
		}
		for range 300 {
			post()
		}
		l.Run()
		slices.SortFunc(want, func(a, b key) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) })
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: ran %v\nwant %v", seed, got, want)
		}
	}
}

// What is too far away to be told as a time stays where it is.
func TestLoopFarAway(t *testing.T) {
	l := sim.NewLoop(start)
	l.RunUntil(start.Add(time.Second))
	l.After(math.MaxInt64, func() { t.Error("292 years have passed") })
	l.RunUntil(start.Add(time.Hour))
}
