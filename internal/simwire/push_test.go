package simwire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

func TestStreamFaults(t *testing.T) {
	long := strings.Repeat("y", 300)
	cases := []struct {
		name string
		fate sim.Fate // of message 2 of 4, one a second; 1 to 3 are of one topic
		want []string
	}{
		{"none", sim.Fate{}, []string{"1s m1", "2s m2", "3s other", "4s m3"}},
		{"latency", sim.Fate{Out: 1500 * time.Millisecond}, []string{"1s m1", "3.5s m2", "3.5s other", "4s m3"}},
		{"drop", sim.Fate{Fault: sim.Drop}, []string{"1s m1", "3s other", "4s m3"}},
		{"twice", sim.Fate{Fault: sim.Twice}, []string{"1s m1", "2s m2", "2s m2", "3s other", "4s m3"}},
		{"swapped", sim.Fate{Fault: sim.Swapped, For: time.Minute}, []string{"1s m1", "3s other", "4s m3", "4s m2"}},
		{"swapped, but nothing comes", sim.Fate{Fault: sim.Swapped, For: 500 * time.Millisecond}, []string{"1s m1", "2.5s m2", "3s other", "4s m3"}},
		{"delayed", sim.Fate{Fault: sim.Delayed, For: 5 * time.Second}, []string{"1s m1", "7s m2", "7s other", "7s m3"}},
		{"stall", sim.Fate{Fault: sim.Stall, For: 5 * time.Second}, []string{"1s m1", "7s m2", "7s other", "7s m3"}},
		{"stall for ever", sim.Fate{Fault: sim.Stall}, []string{"1s m1"}},
		{"disconnect", sim.Fate{Fault: sim.Disconnect}, []string{"1s m1", "2s close 1012"}},
		{"cut", sim.Fate{Fault: sim.Cut}, []string{"1s m1", "2s gone"}},
		{"slow reader", sim.Fate{Fault: sim.SlowReader}, []string{"1s m1", "2s close 1008 the client reads too slowly"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := open(t, true, simwire.SocketConfig{}, nil)
				p, s := v.dial(t, true, false)
				for _, m := range []struct{ topic, text string }{{"a", "m1"}, {"a", "m2"}, {"b", "other"}, {"a", "m3"}} {
					after(time.Second)
					fate := sim.Fate{}
					if m.text == "m2" {
						fate = c.fate
					}
					s.Push(m.topic, []byte(m.text), fate)
				}
				after(10 * time.Second)
				p.expect(t, c.want...)
			})
		})
	}
	t.Run("corrupt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := open(t, true, simwire.SocketConfig{}, nil)
			p, s := v.dial(t, true, false)
			s.Push("a", []byte(long), sim.Fate{Fault: sim.Corrupt, Bits: 17})
			synctest.Wait()
			if got := p.saw(); len(got) != 1 || len(got[0]) != 3+200 || strings.ToValidUTF8(got[0], "") == got[0] {
				t.Errorf("%q", got)
			}
		})
	})
}

// While a stream stalls, the connection stands, and not even a ping is answered; when the client gives up, nothing is left behind.
func TestStallAnswersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{PingEvery: time.Second, PongWait: time.Minute}, nil)
		p, s := v.dial(t, true, false)
		s.Push("a", []byte("m"), sim.Fate{Fault: sim.Stall})
		synctest.Wait()
		_ = p.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second))
		after(time.Hour)
		p.expect(t)
		_ = p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		if why := <-v.endings; why != simwire.EndPeer {
			t.Errorf("ended: %s", why)
		}
		p.expect(t, "1h0m0s gone")
	})
}

// What is cut ends in the middle of a frame, whatever its length: the client has read its beginning.
func TestCutFrames(t *testing.T) {
	for _, n := range []int{2, 125, 126, 300, 1<<16 - 1, 1 << 16, 1 << 18} {
		for _, pipe := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes, in memory %v", n, pipe), func(t *testing.T) {
				run := func(t *testing.T) {
					v := open(t, pipe, simwire.SocketConfig{}, nil)
					p, s := v.dial(t, true, true)
					s.Push("a", []byte(strings.Repeat("x", n)), sim.Fate{Fault: sim.Cut})
					_, r, err := p.NextReader()
					if err != nil {
						t.Fatal(err)
					}
					b, err := io.ReadAll(r)
					if len(b) != n/2 || !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
						t.Errorf("read %d bytes, then %v", len(b), err)
					}
				}
				if pipe {
					synctest.Test(t, run)
				} else {
					run(t)
				}
			})
		}
	}
}

// Whatever strikes after the end has been settled leaves the close frame in its place.
func TestFaultsAfterTheEnd(t *testing.T) {
	for _, f := range []sim.Fault{sim.SlowReader, sim.Disconnect, sim.Swapped, sim.Stall, sim.Twice} {
		synctest.Test(t, func(t *testing.T) {
			v := open(t, true, simwire.SocketConfig{}, nil)
			p, s := v.dial(t, true, false)
			s.Push("a", []byte("m"), sim.Fate{Fault: sim.Delayed, For: time.Second})
			s.Close(1000, "bye")
			if s.Push("a", []byte("x"), sim.Fate{Fault: f}) {
				t.Errorf("%s: taken", f)
			}
			after(5 * time.Second)
			p.expect(t, "1s m", "1s close 1000 bye")
		})
	}
}

// Frames that were to change places count, too, in what may wait.
func TestSwappedFramesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t, true, simwire.SocketConfig{Queue: 10}, nil)
		p, s := v.dial(t, true, false)
		sent := 0
		for s.Push("a", []byte("m"), sim.Fate{Fault: sim.Swapped, For: time.Hour}) {
			sent++
		}
		p.expect(t, "0s close 1008 the client reads too slowly")
		if sent != 10 {
			t.Errorf("%d frames were taken", sent)
		}
	})
}
