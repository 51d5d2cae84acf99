package sim_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func newInjector(t testing.TB, f sim.Faults) *sim.Injector {
	t.Helper()
	i, err := sim.NewInjector(f, steady)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestRulesStrikeAtTheNthCall(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []sim.Rule
		calls string // by their keys
		want  string // the faults that strike, call by call
	}{
		{"the next", []sim.Rule{{Fault: sim.Refused}}, "aab", "refused - -"},
		{"the second", []sim.Rule{{Fault: sim.Refused, Nth: 2}}, "aab", "- refused -"},
		{"two from the second on", []sim.Rule{{Fault: sim.Reset, Nth: 2, Count: 2}}, "abcd", "- reset reset -"},
		{"the second of a key", []sim.Rule{{Fault: sim.LostAck, Nth: 2, Key: "b"}}, "ababb", "- - - lost-ack -"},
		{"for ever", []sim.Rule{{Fault: sim.Refused, Nth: 2, Count: math.MaxInt}}, "abc", "- refused refused"},
		{"another operation's", []sim.Rule{{Op: sim.OpCancel, Fault: sim.Refused}}, "aa", "- -"},
		{"two rules", []sim.Rule{{Fault: sim.Empty}, {Fault: sim.HTML, Nth: 2}}, "aaa", "empty html -"},
		{"two at one call", []sim.Rule{{Fault: sim.Empty}, {Fault: sim.HTML, Count: 2}}, "aaa", "empty html -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newInjector(t, sim.Faults{})
			for _, r := range c.rules {
				if r.Op == "" {
					r.Op = sim.OpPlace
				}
				if err := i.Add(r); err != nil {
					t.Fatal(err)
				}
			}
			got := ""
			for n, key := range c.calls {
				f := i.Next(start, sim.Call{Op: sim.OpPlace, Key: string(key)}).Fault
				if f == "" {
					f = "-"
				}
				if n > 0 {
					got += " "
				}
				got += string(f)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if n := i.Struck(sim.OpPlace, sim.Refused); n != strings.Count(c.want, "refused") {
				t.Errorf("%d are counted as refused", n)
			}
			if n := i.Calls(sim.OpPlace); n != len(c.calls) || i.Calls(sim.OpCancel) != 0 {
				t.Errorf("%d calls counted of %d", n, len(c.calls))
			}
		})
	}
}

func TestFatesOfRules(t *testing.T) {
	const in, out = 5 * ms, 3 * ms
	at := start.Add(20 * ms)
	for _, c := range []struct {
		rule sim.Rule
		want sim.Fate
	}{
		{sim.Rule{Op: sim.OpCancel, Fault: sim.Slow}, sim.Fate{In: in + 1500*ms, Out: out, For: 1500 * ms}},
		{sim.Rule{Op: sim.OpCancel, Fault: sim.Slow, For: ms}, sim.Fate{In: in + ms, Out: out, For: ms}},
		{sim.Rule{Op: sim.OpPlace, Fault: sim.SlowAck, For: ms}, sim.Fate{In: in, Out: out + ms, For: ms}},
		{sim.Rule{Op: sim.OpPlace, Fault: sim.Late}, sim.Fate{In: 21 * ms, Out: out}},
		{sim.Rule{Op: sim.OpPlace, Fault: sim.Partial, Percent: 40}, sim.Fate{In: in, Out: out, Percent: 40}},
		{sim.Rule{Op: sim.OpCancel, Fault: sim.FillAfterCancel, Percent: 100}, sim.Fate{In: in, Out: out, Percent: 100}},
		{sim.Rule{Op: sim.OpRead, Fault: sim.Banned}, sim.Fate{In: in, Out: out, For: time.Minute}},
		{sim.Rule{Op: sim.OpRead, Fault: sim.Skew, For: -time.Second}, sim.Fate{In: in, Out: out, For: -time.Second}},
		{sim.Rule{Op: sim.OpBooks, Fault: sim.Stall}, sim.Fate{Out: 2 * ms}},
		{sim.Rule{Op: sim.OpOrders, Fault: sim.Delayed, For: time.Second}, sim.Fate{Out: 2 * ms, For: time.Second}},
	} {
		t.Run(fmt.Sprint(c.rule.Op, " ", c.rule.Fault), func(t *testing.T) {
			i := newInjector(t, sim.Faults{Script: []sim.Rule{c.rule}})
			got := i.Next(start, sim.Call{Op: c.rule.Op, Key: "a", Deadline: at})
			got.Bits = 0
			if c.want.Fault = c.rule.Fault; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if got := i.Next(start, sim.Call{Op: c.rule.Op, Key: "a", Deadline: at}); got.Fault != "" || got.For != 0 || got.Percent != 0 {
				t.Errorf("and the next call: %+v", got)
			}
		})
	}
}

func TestImpossibleRulesAreRefused(t *testing.T) {
	for name, r := range map[string]sim.Rule{
		"no operation":       {Fault: sim.LostAck},
		"no fault":           {Op: sim.OpPlace},
		"unknown fault":      {Op: sim.OpPlace, Fault: "earthquake"},
		"unknown operation":  {Op: "dance", Fault: sim.LostAck},
		"crossed orders":     {Op: sim.OpOrders, Fault: sim.CrossedBook},
		"stream fault":       {Op: sim.OpPlace, Fault: sim.Drop},
		"call fault":         {Op: sim.OpBooks, Fault: sim.Refused},
		"negative count":     {Op: sim.OpPlace, Fault: sim.Reset, Count: -1},
		"negative call":      {Op: sim.OpPlace, Fault: sim.Reset, Nth: -1},
		"a time too long":    {Op: sim.OpPlace, Fault: sim.Slow, For: math.MaxInt64},
		"negative time":      {Op: sim.OpPlace, Fault: sim.Slow, For: -1},
		"more than all":      {Op: sim.OpPlace, Fault: sim.Partial, Percent: 101},
		"less than nothing":  {Op: sim.OpPlace, Fault: sim.Partial, Percent: -1},
		"skewed subscribing": {Op: sim.OpSubscribe, Fault: sim.Skew},
	} {
		t.Run(name, func(t *testing.T) {
			good := sim.Rule{Op: sim.OpPlace, Fault: sim.Refused}
			i := newInjector(t, sim.Faults{})
			err := i.Add(good, r)
			var typed *sim.FaultError
			if !errors.Is(err, exchange.ErrInvalid) || !errors.As(err, &typed) || typed.Op != r.Op || typed.Fault != r.Fault {
				t.Errorf("%v", err)
			}
			if f := i.Next(start, sim.Call{Op: sim.OpPlace}); f.Fault != "" {
				t.Errorf("the good rule beside it was added: %v", f)
			}
			if _, err := sim.NewInjector(sim.Faults{Script: []sim.Rule{r}}, sim.Latency{}); !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("as a script: %v", err)
			}
		})
	}
	full := []sim.Chance{{Op: sim.OpBooks, Fault: sim.Drop, PerMillion: 6e5}, {Op: sim.OpBooks, Fault: sim.Twice, PerMillion: 5e5}}
	if _, err := sim.NewInjector(sim.Faults{Chances: full}, sim.Latency{}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("chances above one: %v", err)
	}
}

func TestZeroInjector(t *testing.T) {
	var i sim.Injector
	if f := i.Next(start, sim.Call{Op: sim.OpPlace, Key: "a"}); f != (sim.Fate{}) || i.Calls(sim.OpPlace) != 1 {
		t.Errorf("%+v", f)
	}
	far := newInjector(t, sim.Faults{Script: []sim.Rule{{Op: sim.OpPlace, Fault: sim.Late}}})
	if f := far.Next(start, sim.Call{Op: sim.OpPlace, Deadline: start.Add(math.MaxInt64)}); f.In < time.Hour {
		t.Errorf("late for a deadline in 292 years: %+v", f)
	}
}

// Every fault strikes somewhere, and every operation can fail.
func TestEveryFaultAndOperationHasItsPairs(t *testing.T) {
	met := map[sim.Op]int{}
	for _, f := range sim.FaultKinds() {
		n := 0
		for _, op := range sim.Ops() {
			if f.Meets(op) {
				n++
				met[op]++
			}
		}
		if n == 0 {
			t.Errorf("%s strikes nowhere", f)
		}
	}
	for _, op := range sim.Ops() {
		if met[op] < 9 {
			t.Errorf("%s meets %d faults", op, met[op])
		}
	}
	if sim.Fault("").Meets(sim.OpPlace) || !sim.Fault("").Executed() || sim.Reset.Executed() || !sim.ResetAfter.Executed() || !sim.Reset.Wire() {
		t.Error("the table is not asked")
	}
}

func TestChancesAreMet(t *testing.T) {
	i := newInjector(t, sim.Faults{Seed: 4, Chances: []sim.Chance{
		{Op: sim.OpBooks, Fault: sim.Drop, PerMillion: 100_000}, {Op: sim.OpBooks, Fault: sim.Stall, PerMillion: 50_000, For: ms},
		{Op: sim.OpOrders, Fault: sim.Twice, PerMillion: 900_000},
	}})
	count := map[sim.Fault]int{}
	for range 10_000 {
		f := i.Next(start, sim.Call{Op: sim.OpBooks, Key: "m"})
		count[f.Fault]++
		if f.Fault == sim.Stall && f.For != ms {
			t.Fatalf("%+v", f)
		}
	}
	if n := count[sim.Drop]; n < 900 || n > 1100 {
		t.Errorf("%d of 10000 dropped, want about 1000", n)
	}
	if n := count[sim.Stall]; n < 430 || n > 570 {
		t.Errorf("%d of 10000 stalled, want about 500", n)
	}
	if len(count) != 3 {
		t.Errorf("%v", count)
	}
}

// What one key meets does not depend on the calls about others.
func TestFatesOfOneKeyAreItsOwn(t *testing.T) {
	f, err := sim.FaultProfile("basic", 8)
	if err != nil {
		t.Fatal(err)
	}
	fates := func(others int) (r []sim.Fate) {
		i := newInjector(t, f)
		for n := range 200 {
			for k := range others {
				i.Next(start, sim.Call{Op: sim.OpPlace, Key: fmt.Sprint("o", n, "-", k)})
			}
			r = append(r, i.Next(start, sim.Call{Op: sim.OpPlace, Key: "a", Deadline: start.Add(time.Second)}))
		}
		return r
	}
	if a, b := fates(0), fates(3); !slices.Equal(a, b) {
		t.Error("it met other fates among others")
	}
}

func TestFaultProfiles(t *testing.T) {
	for _, name := range []string{"", "none", "basic", "full"} {
		f, err := sim.FaultProfile(name, 3)
		if err != nil {
			t.Fatal(err)
		}
		i := newInjector(t, f)
		met := map[sim.Fault]int{}
		for n := range 20_000 {
			for _, op := range sim.Ops() {
				met[i.Next(start, sim.Call{Op: op, Key: fmt.Sprint(n), Deadline: start.Add(time.Second)}).Fault]++
			}
		}
		want := map[string]int{"": 1, "none": 1, "basic": 6, "full": len(sim.FaultKinds()) + 1}[name] // "" is one of them
		if len(met) != want {
			t.Errorf("%q: met %v, want %d", name, met, want)
		}
	}
}

func BenchmarkInjector(b *testing.B) {
	full, err := sim.FaultProfile("full", 3)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]sim.Faults{"none": {}, "full": full} {
		b.Run(name, func(b *testing.B) {
			i := newInjector(b, f)
			b.ReportAllocs()
			for b.Loop() {
				i.Next(start, sim.Call{Op: sim.OpBooks, Key: "x:BTC-USDT"})
			}
		})
	}
}
