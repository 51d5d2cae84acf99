package simwire_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// Requests of one socket are executed in the order in which they were sent, however long each travels.
func TestSocketMeetInTurn(t *testing.T) {
	cases := []struct {
		name  string
		fates map[string]sim.Fate
		want  []string // of a, b and c, sent at once
	}{
		{"nothing travels", nil, []string{"0s a", "0s b", "0s c"}},
		{"jitter", map[string]sim.Fate{"a": {In: 3 * time.Second}, "b": {In: time.Second}, "c": {In: 2 * time.Second}}, []string{"3s a", "3s b", "3s c"}},
		{"only one travels", map[string]sim.Fate{"b": {In: time.Second}}, []string{"0s a", "1s b", "1s c"}},
		{"slow", map[string]sim.Fate{"a": {In: time.Second, Fault: sim.Slow}}, []string{"1s a", "1s b", "1s c"}},
		{"answers overtake", map[string]sim.Fate{"a": {Out: time.Second, Fault: sim.SlowAck}}, []string{"0s b", "0s c", "1s a"}},
		{"one that is not executed", map[string]sim.Fate{"a": {In: time.Second, Fault: sim.Refused}}, []string{"1s no", "1s b", "1s c"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var order []string // no lock: the turns are one after the other
				v := open(t, true, simwire.SocketConfig{}, func(s *simwire.Socket, text string) {
					s.Meet(c.fates[text], func() []byte { order = append(order, text); return []byte(text) }, func() []byte { return []byte("no") })
				})
				p, _ := v.dial(t, true, false)
				for _, text := range []string{"a", "b", "c"} {
					p.say(text)
				}
				after(5 * time.Second)
				p.expect(t, c.want...)
				if !slices.IsSorted(order) {
					t.Errorf("executed in the order %v", order)
				}
			})
		})
	}
}

// A request that waits for its turn when everything ends is not executed.
func TestCloseEndsTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{}, func(s *simwire.Socket, text string) {
			s.Meet(sim.Fate{In: time.Duration(len(text)) * time.Second}, func() []byte { t.Errorf("%s was executed", text); return nil }, nil)
		})
		p, _ := v.dial(t, true, false)
		p.say("long")
		p.say("b")
		after(2 * time.Second)
		v.Close()
	})
}

// What one look tells at one instant is borne, though nothing of it can be written yet; what is too much of it in bytes is not.
func TestQueueBearsOneLook(t *testing.T) {
	cases := []struct {
		name   string
		cfg    simwire.SocketConfig
		frames int
		size   int
		want   simwire.Ending
	}{
		{"as many events as an engine keeps", simwire.SocketConfig{}, 1 << 14, 1000, ""},
		{"too many bytes", simwire.SocketConfig{}, 1 << 14, 3000, simwire.EndSlow},
		{"a bound of bytes", simwire.SocketConfig{QueueBytes: 1000}, 10, 100, ""},
		{"one more than that", simwire.SocketConfig{QueueBytes: 1000}, 11, 100, simwire.EndSlow},
		{"one frame alone may be larger", simwire.SocketConfig{QueueBytes: 1000}, 1, 5000, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := open(t, true, c.cfg, nil)
				p, s := v.dial(t, true, false)
				text := strings.Repeat("x", c.size)
				for range 2 { // what has been written counts no more
					for range c.frames {
						s.Push("a", []byte(text), sim.Fate{Out: time.Second})
					}
					after(2 * time.Second)
				}
				synctest.Wait()
				if got := s.Ending(); got != c.want {
					t.Errorf("ended: %q", got)
				}
				if n := len(p.saw()); c.want == "" && n != 2*c.frames {
					t.Errorf("%d of %d frames came", n, 2*c.frames)
				}
			})
		})
	}
}

// Go beside Close runs what Close then waits for, or refuses; after it, it refuses.
func TestGoBesideClose(t *testing.T) {
	for range 200 {
		h := simwire.Listen(simwire.HostsConfig{Pipe: true}, map[string]http.Handler{"a": text("")})
		var begun, ended int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if h.Go(func() { <-h.Done(); mu.Lock(); ended++; mu.Unlock() }) {
					mu.Lock()
					begun++
					mu.Unlock()
				}
			})
		}
		h.Close()
		mu.Lock()
		before := ended
		mu.Unlock()
		all.Wait()
		if h.Go(func() { t.Error("ran after Close") }) {
			t.Error("taken after Close")
		}
		if mu.Lock(); begun != before || ended != before {
			t.Errorf("%d were taken, Close waited for %d, %d ran", begun, before, ended)
		}
		mu.Unlock()
	}
}
