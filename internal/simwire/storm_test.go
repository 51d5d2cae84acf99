package simwire_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// Whatever faults strike, each message arrives as often as its fault says, and those that were not swapped arrive in order.
func TestStorm(t *testing.T) {
	kinds := []sim.Fault{"", "", "", sim.Drop, sim.Twice, sim.Swapped, sim.Delayed, sim.Stall, sim.Corrupt}
	for seed := range uint64(15) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 9))
			v := open(t, true, simwire.SocketConfig{PingEvery: time.Second, PongWait: time.Hour, Queue: 10_000}, nil)
			p, s := v.dial(t, true, false)
			want, swapped := map[int]int{}, map[int]bool{}
			for i := range 300 {
				fate := sim.Fate{Fault: kinds[rnd.IntN(len(kinds))], Out: time.Duration(rnd.IntN(30)) * time.Millisecond,
					For: time.Duration(1+rnd.IntN(50)) * time.Millisecond, Bits: rnd.Uint64()}
				want[i] = 1
				switch fate.Fault {
				case sim.Drop, sim.Corrupt:
					want[i] = 0
				case sim.Twice:
					want[i] = 2
				case sim.Swapped:
					swapped[i] = true
				}
				s.Push("topic"+strconv.Itoa(rnd.IntN(3)), fmt.Appendf(nil, "message %d", i), fate)
				if rnd.IntN(10) == 0 {
					_ = p.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
				}
				after(time.Duration(rnd.IntN(20)) * time.Millisecond)
			}
			after(time.Minute)
			synctest.Wait()
			got, order := map[int]int{}, []int(nil)
			for _, line := range p.saw() {
				_, text, _ := strings.Cut(line, " ")
				number, ok := strings.CutPrefix(text, "message ")
				n, err := strconv.Atoi(number)
				if !ok || err != nil {
					continue
				}
				got[n]++
				if !swapped[n] {
					order = append(order, n)
				}
			}
			for i, n := range want {
				if got[i] != n {
					t.Errorf("seed %d: message %d arrived %d times, want %d", seed, i, got[i], n)
				}
			}
			if !slices.IsSorted(order) {
				t.Errorf("seed %d: out of order: %v", seed, order)
			}
			if s.Ending() != "" {
				t.Errorf("seed %d: ended: %s", seed, s.Ending())
			}
		})
	}
}

// Whoever ends a connection, whatever is going on, Close returns and nothing is left in the bubble.
func TestEndsUnderLoad(t *testing.T) {
	for seed := range uint64(25) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 10))
			cfg := simwire.SocketConfig{PingEvery: 50 * time.Millisecond, PongWait: 90 * time.Millisecond, Idle: 300 * time.Millisecond, Queue: 50,
				MaxAge: 400 * time.Millisecond, NoticeFor: 20 * time.Millisecond, Notice: func(s *simwire.Socket) { s.Send([]byte("soon")) }, Messages: 20}
			v := open(t, true, cfg, func(s *simwire.Socket, text string) {
				s.Meet(sim.Fate{In: time.Duration(len(text)*17) * time.Millisecond}, func() []byte { return []byte("answer " + text) }, nil)
			})
			ends := []func(*peer, *simwire.Socket){
				func(p *peer, _ *simwire.Socket) { p.Conn.Close() },
				func(p *peer, _ *simwire.Socket) {
					_ = p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
				},
				func(_ *peer, s *simwire.Socket) { s.Close(1000, "") },
				func(_ *peer, s *simwire.Socket) { s.Drop(simwire.EndDropped) },
				func(_ *peer, s *simwire.Socket) { s.Push("a", []byte("cut here"), sim.Fate{Fault: sim.Cut}) },
				func(_ *peer, s *simwire.Socket) { s.Push("a", []byte("x"), sim.Fate{Fault: sim.Stall}) },
				func(_ *peer, s *simwire.Socket) { s.Push("a", []byte("x"), sim.Fate{Fault: sim.SlowReader}) },
				func(*peer, *simwire.Socket) { v.Disconnect(nil) },
				func(*peer, *simwire.Socket) {}, // it ends by the clock
			}
			for range 4 {
				p, s := v.dial(t, rnd.IntN(2) == 0, rnd.IntN(3) == 0)
				end := ends[rnd.IntN(len(ends))]
				for i := range rnd.IntN(40) {
					switch rnd.IntN(3) {
					case 0:
						p.say(strconv.Itoa(i))
					case 1:
						s.Push("a", []byte(strings.Repeat("x", rnd.IntN(20_000))), sim.Fate{Out: time.Duration(rnd.IntN(100)) * time.Millisecond})
					default:
						after(time.Duration(rnd.IntN(10)) * time.Millisecond)
					}
				}
				end(p, s)
				if rnd.IntN(2) == 0 {
					after(time.Duration(rnd.IntN(1000)) * time.Millisecond)
				}
			}
			v.Close()
		})
	}
}
