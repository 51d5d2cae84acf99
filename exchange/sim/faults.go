package sim

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Faults is what goes wrong: by script, at named calls, and by chance. By chance each call draws its fate by hash of (Seed, operation,
// client id, try), never from one stream of random numbers: the same call fails in the same way, whatever else happens around
// it. Seed also draws the latency. The zero value is a venue without faults.
type Faults struct {
	Seed    uint64
	Orders  Rates // place, replace, cancel
	Lookups Rates // of which Partial and Late mean nothing; from the fourth try on a lookup is always answered
	// SlowBy is how much longer a slow request or answer travels. Default 1.5 s: beyond the default time-out of a call, so that it
	// happens after its sender has given up.
	SlowBy  time.Duration
	Chances []Chance // further ones, of any pair of operation and fault
	Script  []Rule   // what goes before chance
}

// Rates are chances in a million. The first four exclude one another.
type Rates struct {
	LostAck uint32 // see the Fault of that name; so with the others
	Reject  uint32 // Refused; a lookup just fails
	Partial uint32 // of placements
	Late    uint32 // of placements with a deadline
	Slow    uint32
}

// Chance is how often calls of an operation meet a fault. All chances of one operation exclude one another.
type Chance struct {
	Op         Op
	Fault      Fault
	PerMillion uint32
	For        time.Duration // as in Rule
}

// million is what Rates are parts of.
const million = 1_000_000

// lookupTries is how often in a row a lookup of one order may fail by chance.
const lookupTries = 3

// FaultProfile is a named set of faults: "none"; "basic", in which about a third of all placements meet one, and lookups of unknown outcomes
// may need up to four tries; or "full", which is that and a little of everything else, streams and connections too. An error wraps
// exchange.ErrInvalid.
func FaultProfile(name string, seed uint64) (Faults, error) {
	switch name {
	case "none", "":
		return Faults{Seed: seed}, nil
	case "basic", "full":
		f := Faults{
			Seed:    seed,
			Orders:  Rates{LostAck: 60_000, Reject: 200_000, Partial: 60_000, Late: 20_000, Slow: 10_000},
			Lookups: Rates{LostAck: 50_000, Reject: 150_000, Slow: 10_000},
		}
		if name == "full" {
			f.Chances = everything()
		}
		return f, nil
	}
	return Faults{}, fmt.Errorf("sim: no fault profile %.40q: want none, basic or full: %w", name, exchange.ErrInvalid)
}

// everything is each pair of an operation and a fault, now and then: a call rather than a message, since there are fewer; and nothing for
// so long that a run would show nothing else.
func everything() []Chance {
	var r []Chance
	for _, f := range FaultKinds() {
		for _, op := range Ops() {
			c := Chance{Op: op, Fault: f, PerMillion: 3_000}
			switch {
			case !f.Meets(op):
				continue
			case op == OpBooks || op == OpOrders:
				c.PerMillion = 200
			}
			if f == Stall || f == Banned {
				c.For = 3 * time.Second
			}
			r = append(r, c)
		}
	}
	return r
}

func (f Faults) validate() error {
	for _, r := range [...]Rates{f.Orders, f.Lookups} {
		if r.sum() > million || r.Slow > million {
			return fmt.Errorf("sim: fault rates %+v are above one in one: %w", r, exchange.ErrInvalid)
		}
	}
	if f.SlowBy < 0 || f.SlowBy > longest {
		return fmt.Errorf("sim: faults slow by %s: %w", f.SlowBy, exchange.ErrInvalid)
	}
	sums := map[Op]uint64{OpPlace: f.Orders.sum(), OpReplace: f.Orders.sum(), OpCancel: f.Orders.sum(), OpLookup: f.Lookups.sum()}
	for _, c := range f.Chances {
		if err := (Rule{Op: c.Op, Fault: c.Fault, For: c.For}).validate(); err != nil {
			return err
		}
		if sums[c.Op] += uint64(c.PerMillion); sums[c.Op] > million {
			return &FaultError{c.Op, c.Fault, "chances are above one in one"}
		}
	}
	for _, r := range f.Script {
		if err := r.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (r Rates) sum() uint64 {
	return uint64(r.LostAck) + uint64(r.Reject) + uint64(r.Partial) + uint64(r.Late)
}

// draw is one call whose fate is drawn.
type draw struct {
	Call
	f   *Faults
	l   *Latency
	may []Chance // of the operation
	now time.Time
	try int
}

func (d *draw) at(salt string) uint64 { return hash(d.f.Seed, salt, string(d.Op), d.Key, d.try) }

// travel is how long it takes when nothing goes wrong.
func (d *draw) travel() Fate {
	if d.Op == OpBooks || d.Op == OpOrders {
		return Fate{Out: d.takes(&d.l.Feed, "feed")}
	}
	return Fate{In: d.takes(&d.l.Entry, "entry"), Out: d.takes(&d.l.Response, "response")}
}

func (d *draw) takes(x *Delay, salt string) time.Duration {
	if x.constant() {
		return x.Min
	}
	return x.draw(d.now, d.at(salt))
}

// chance decides what fault strikes where no rule does.
func (d *draw) chance(t *Fate) {
	var rates Rates
	switch d.Op {
	case OpPlace, OpReplace, OpCancel:
		rates = d.f.Orders
	case OpLookup:
		if d.try > lookupTries {
			return
		}
		rates = d.f.Lookups
	}
	if r, ok := d.drawn(rates); ok {
		d.meet(t, r)
	}
	if rates.Slow > 0 && uint32(d.at("slow")%million) < rates.Slow {
		t.In += d.f.slowBy()
		if t.Fault == "" {
			t.Fault = Slow
		}
	}
}

// drawn is the one fault that x falls on: each has a slice of the range.
func (d *draw) drawn(rates Rates) (Rule, bool) {
	if rates.sum() == 0 && len(d.may) == 0 {
		return Rule{}, false
	}
	x := uint32(d.at("fault") % million)
	hit := func(rate uint32) bool {
		if x < rate {
			return true
		}
		x -= rate
		return false
	}
	for _, c := range [...]Chance{
		{d.Op, LostAck, rates.LostAck, 0}, {d.Op, Refused, rates.Reject, 0}, {d.Op, Partial, rates.Partial, 0}, {d.Op, Late, rates.Late, 0},
	} {
		if hit(c.PerMillion) {
			return Rule{Fault: c.Fault}, d.Op == OpPlace || c.Fault == LostAck || c.Fault == Refused
		}
	}
	for _, c := range d.may {
		if hit(c.PerMillion) {
			return Rule{Fault: c.Fault, For: c.For}, true
		}
	}
	return Rule{}, false
}

// meet is what r does to the call.
func (d *draw) meet(t *Fate, r Rule) {
	t.Fault, t.For, t.Bits = r.Fault, r.For, d.at("bits")
	if r.For == 0 {
		t.For = d.f.lasts(r.Fault)
	}
	switch r.Fault {
	case Slow:
		t.In += t.For
	case SlowAck:
		t.Out += t.For
	case Late:
		if !d.Deadline.IsZero() {
			t.In = max(t.In, min(d.Deadline.Sub(d.now), longest)+time.Millisecond)
		}
	case Partial, FillAfterCancel:
		t.Percent = r.Percent
		if r.Percent == 0 {
			t.Percent = 1 + int64(d.at("partial")%99)
		}
	}
}

// lasts is how long a fault lasts where it is not said.
func (f *Faults) lasts(k Fault) time.Duration {
	switch k {
	case Slow, SlowAck:
		return f.slowBy()
	case RateLimited, Swapped, StaleBook:
		return time.Second
	case Delayed:
		return 500 * time.Millisecond
	case Skew:
		return 10 * time.Second
	case Banned:
		return time.Minute
	}
	return 0
}

func (f *Faults) slowBy() time.Duration {
	if f.SlowBy == 0 {
		return 1500 * time.Millisecond
	}
	return f.SlowBy
}
