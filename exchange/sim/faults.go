package sim

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Faults is what goes wrong, and how often. Each call draws its fate by hash of (Seed, operation, client id, try), never from
// one stream of random numbers: the same call fails in the same way, whatever else happens around it. Seed also draws the
// latency. The zero value is a venue without faults.
type Faults struct {
	Seed    uint64
	Orders  Rates // place, replace, cancel
	Lookups Rates // of which Partial and Late mean nothing; from the fourth try on a lookup is always answered
	// SlowBy is how much longer a slow request travels. Default 1.5 s: beyond the default time-out of a call, so that it
	// happens after its sender has given up.
	SlowBy time.Duration
}

// Rates are chances in a million. The first four exclude one another.
type Rates struct {
	LostAck uint32 // it happens, and its answer is lost: the caller sees a time-out
	Reject  uint32 // refused with certainty, nothing happens (ErrRejected, ErrUnavailable); a lookup just fails
	Partial uint32 // a placement: 1 to 99 percent of it execute at once, although there may be depth for more
	Late    uint32 // a placement with a deadline arrives after it, and is refused for that
	Slow    uint32 // the request travels SlowBy longer
}

// million is what Rates are parts of.
const million = 1_000_000

// lookupTries is how often in a row a lookup of one order may fail.
const lookupTries = 3

// FaultProfile is a named set of faults: "none", or "basic", in which about a third of all placements meet one, and lookups
// of unknown outcomes may need up to four tries. An error wraps exchange.ErrInvalid.
func FaultProfile(name string, seed uint64) (Faults, error) {
	switch name {
	case "none", "":
		return Faults{Seed: seed}, nil
	case "basic":
		return Faults{
			Seed:    seed,
			Orders:  Rates{LostAck: 60_000, Reject: 200_000, Partial: 60_000, Late: 20_000, Slow: 10_000},
			Lookups: Rates{LostAck: 50_000, Reject: 150_000, Slow: 10_000},
		}, nil
	}
	return Faults{}, fmt.Errorf("sim: no fault profile %.40q: want none or basic: %w", name, exchange.ErrInvalid)
}

func (f Faults) validate() error {
	for _, r := range [...]Rates{f.Orders, f.Lookups} {
		sum := uint64(r.LostAck) + uint64(r.Reject) + uint64(r.Partial) + uint64(r.Late)
		if sum > million || r.Slow > million {
			return fmt.Errorf("sim: fault rates %+v are above one in one: %w", r, exchange.ErrInvalid)
		}
	}
	if f.SlowBy < 0 {
		return fmt.Errorf("sim: faults slow by %s: %w", f.SlowBy, exchange.ErrInvalid)
	}
	return nil
}

// fate is what one call meets.
type fate struct {
	in, out time.Duration // to the venue and back
	lost    bool          // no answer
	reject  bool
	percent int64 // of the quantity, that executes at once
}

// call identifies a call and what its fate depends on.
type call struct {
	op       string
	key      string // client id, or the venue's where there is none
	try      int    // 1 for the first
	now      time.Time
	deadline time.Time
}

// draw decides what c meets.
func (f Faults) draw(l Latency, c call) fate {
	at := func(salt string) uint64 { return hash(f.Seed, salt, c.op, c.key, c.try) }
	t := fate{in: l.Entry.draw(at("entry")), out: l.Response.draw(at("response")), percent: 100}
	rates := f.Orders
	switch {
	case c.op == "lookup" && c.try > lookupTries:
		return t
	case c.op == "lookup":
		rates = f.Lookups
	}
	x := uint32(at("fault") % million)
	hit := func(rate uint32) bool { // consecutive slices of the range: they exclude one another
		if x < rate {
			x = million
			return true
		}
		x -= min(x, rate)
		return false
	}
	placing := c.op == "place"
	t.lost = hit(rates.LostAck)
	t.reject = !t.lost && hit(rates.Reject)
	switch {
	case t.lost || t.reject:
	case hit(rates.Partial):
		if placing {
			t.percent = 1 + int64(at("partial")%99)
		}
	case hit(rates.Late):
		if placing && !c.deadline.IsZero() {
			t.in = max(t.in, c.deadline.Sub(c.now)+time.Millisecond)
		}
	}
	if uint32(at("slow")%million) < rates.Slow {
		t.in += f.slowBy()
	}
	return t
}

func (f Faults) slowBy() time.Duration {
	if f.SlowBy == 0 {
		return 1500 * time.Millisecond
	}
	return f.SlowBy
}

// tries counts the calls about each order, by operation.
type tries map[string]int

// next makes the call; it and its fate are settled before anything is sent.
func (t tries) next(now time.Time, op string, ref exchange.OrderRef, deadline time.Time) call {
	key := ref.ClientID
	if key == "" {
		key = "#" + ref.VenueID
	}
	id := op + " " + key
	t[id]++
	return call{op: op, key: key, try: t[id], now: now, deadline: deadline}
}
