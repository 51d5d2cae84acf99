package ws_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// Callers that give up at random, and a connection that ends at random: no message is written twice, and what is said not to be sent never
// arrives.
func TestNotSentIsNeverSeen(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		synctest.Test(t, func(t *testing.T) {
			v := open(t)
			c := v.dial(ws.Config{Rate: 200, Burst: 1 + rnd.IntN(5), MaxCalls: 20 + rnd.IntN(100)})
			var mu sync.Mutex
			notSent, answered := map[string]bool{}, map[string]bool{}
			var wg sync.WaitGroup
			for i := range 100 {
				id, urgent := strconv.Itoa(i), rnd.IntN(4) == 0
				start, patience := time.Duration(rnd.IntN(300))*time.Millisecond, time.Duration(rnd.IntN(300))*time.Millisecond
				wg.Go(func() {
					time.Sleep(start)
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					call := c.Call
					if urgent {
						call = c.CallUrgent
					}
					got, err := call(ctx, id, []byte("ask "+id))
					mu.Lock()
					defer mu.Unlock()
					switch exchange.OutcomeOf(err) {
					case nil:
						answered[id] = string(got) == "answer "+id
					case exchange.ErrNotSent:
						notSent[id] = true
					}
				})
			}
			time.Sleep(time.Duration(rnd.IntN(600)) * time.Millisecond)
			if rnd.IntN(2) == 0 {
				c.Close(nil)
			} else {
				v.peer().Close()
			}
			<-c.done
			wg.Wait()
			seen := map[string]int{}
			for _, s := range v.texts() {
				seen[s]++
			}
			for i := range 100 {
				id := strconv.Itoa(i)
				if n := seen["ask "+id]; n > 1 || n > 0 && notSent[id] || n == 0 && answered[id] {
					t.Errorf("seed %d: call %s was seen %d times; not sent: %v, answered: %v", seed, id, n, notSent[id], answered[id])
				}
			}
		})
	}
}
