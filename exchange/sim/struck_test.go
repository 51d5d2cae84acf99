package sim_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestStrikesAreCounted(t *testing.T) {
	i := newInjector(t, sim.Faults{Orders: sim.Rates{LostAck: 1_000_000}})
	if err := i.Add(sim.Rule{Op: sim.OpPlace, Fault: sim.Refused, Nth: 2, Count: 2}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		i.Next(start, sim.Call{Op: sim.OpPlace, Key: "a"})
	}
	i.Next(start, sim.Call{Op: sim.OpRead, Key: "a"})
	for _, c := range []struct {
		op    sim.Op
		fault sim.Fault
		want  int
	}{{sim.OpPlace, sim.Refused, 2}, {sim.OpPlace, sim.LostAck, 3}, {sim.OpCancel, sim.LostAck, 0}, {sim.OpRead, "", 0}} {
		if n := i.Struck(c.op, c.fault); n != c.want {
			t.Errorf("%s at %s struck %d times, want %d", c.fault, c.op, n, c.want)
		}
	}
}
