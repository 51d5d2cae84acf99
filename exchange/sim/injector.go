package sim

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Rule makes named calls fail: the Nth call of Op about Key, counted from when the rule was added, and the Count-1 after it.
type Rule struct {
	Op    Op
	Fault Fault
	Nth   int    // 1 is the next; default 1
	Count int    // default 1
	Key   string // client id, or market of a stream; "" is any
	// For is how long it lasts or takes, where the Fault's doc says so. The default is the Fault's own.
	For     time.Duration
	Percent int64 // of Partial and FillAfterCancel: how much executes, 1 to 100; default drawn
}

// FaultError is a rule or a chance that can never strike. It wraps exchange.ErrInvalid.
type FaultError struct {
	Op     Op
	Fault  Fault
	Reason string
}

// Error names the pair and what is wrong with it.
func (e *FaultError) Error() string {
	return fmt.Sprintf("sim: fault %.40q of %.40q: %s: invalid", string(e.Fault), string(e.Op), e.Reason)
}

// Unwrap is exchange.ErrInvalid.
func (e *FaultError) Unwrap() error { return exchange.ErrInvalid }

func (r Rule) validate() error {
	fail := func(format string, args ...any) error {
		return &FaultError{r.Op, r.Fault, fmt.Sprintf(format, args...)}
	}
	switch {
	case !r.Fault.Meets(r.Op):
		return fail("no such pair")
	case r.Nth < 0 || r.Count < 0:
		return fail("call %d, %d times", r.Nth, r.Count)
	case r.For < 0 && r.Fault != Skew, r.For > longest, r.For < -longest:
		return fail("for %s", r.For)
	case r.Percent < 0 || r.Percent > 100:
		return fail("%d percent", r.Percent)
	}
	return nil
}

// Call is what the fate of a request, or of a stream's message, depends on.
type Call struct {
	Op       Op
	Key      string    // client id, else what tells it from others of its kind; the market of a stream's message
	Deadline time.Time // when the venue will refuse it; zero: never
}

// Fate is what one call meets. The zero value is no fault, and no time.
type Fate struct {
	Fault   Fault         // "": none
	In      time.Duration // how long the request travels; 0 for a stream's message
	Out     time.Duration // how long the answer travels, or the message
	For     time.Duration // how long the fault lasts, see Fault; what Late, Slow and SlowAck add is in In and Out
	Percent int64         // of Partial and FillAfterCancel; else 0, which means that all may execute
	Bits    uint64        // evenly drawn, for what else there is to choose: which byte is damaged
}

// Injector gives calls their fates: by the script first, then by chance. The same calls in the same order of each key meet the same
// fates, whatever happens in between. It is safe for concurrent use. The zero value has no faults and takes no time.
type Injector struct {
	mu      sync.Mutex
	faults  Faults
	latency Latency
	chances map[Op][]Chance
	rules   []*armed
	tries   tries
	counts  map[Op]int
	struck  map[strike]int
}

// strike is what a fate may be: counted, so that a test can tell whether what it asked for has happened.
type strike struct {
	op    Op
	fault Fault
}

// armed is a rule with what it has seen.
type armed struct {
	Rule
	seen int
}

// NewInjector checks what it is given: errors wrap exchange.ErrInvalid.
func NewInjector(f Faults, l Latency) (*Injector, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	i := &Injector{faults: f, latency: l, chances: make(map[Op][]Chance)}
	for _, c := range f.Chances {
		i.chances[c.Op] = append(i.chances[c.Op], c)
	}
	return i, i.Add(f.Script...)
}

// Add appends rules to the script: all, or on an error none. Their counting starts now. Of several rules that strike at one call the one
// that was added first is followed.
func (i *Injector) Add(rules ...Rule) error {
	for _, r := range rules {
		if err := r.validate(); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range rules {
		r.Nth, r.Count = max(r.Nth, 1), max(r.Count, 1)
		i.rules = append(i.rules, &armed{Rule: r})
	}
	return nil
}

// Calls is how many fates were given to calls of op: how many such requests reached the venue, if it asks once for each.
func (i *Injector) Calls(op Op) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.counts[op]
}

// Struck is how many calls of op have been given f as their fate, by the script or by chance.
func (i *Injector) Struck(op Op, f Fault) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.struck[strike{op, f}]
}

// Next is the fate of c, which is sent, or has arrived, now.
func (i *Injector) Next(now time.Time, c Call) Fate {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.counts == nil {
		i.counts, i.struck = make(map[Op]int), make(map[strike]int)
	}
	i.counts[c.Op]++
	d := draw{f: &i.faults, l: &i.latency, may: i.chances[c.Op], now: now, Call: c, try: i.tries.next(c)}
	t := d.travel()
	if r, ok := i.scripted(c); ok {
		d.meet(&t, r)
	} else {
		d.chance(&t)
	}
	if t.Fault != "" {
		i.struck[strike{c.Op, t.Fault}]++
	}
	return t
}

// scripted is the first rule that strikes at c. Every rule counts every call.
func (i *Injector) scripted(c Call) (found Rule, ok bool) {
	for _, r := range i.rules {
		if r.Op != c.Op || r.Key != "" && r.Key != c.Key {
			continue
		}
		r.seen++
		if !ok && r.seen >= r.Nth {
			found, ok = r.Rule, true
		}
	}
	i.rules = slices.DeleteFunc(i.rules, func(r *armed) bool { return r.seen-r.Nth >= r.Count-1 })
	return found, ok
}

// triesKept is how many keys the tries of which are sure to be remembered.
const triesKept = 1 << 16

// tries counts the calls about each order, by operation. What was not called about for long is forgotten and counts from one
// again, so that a long run does not grow for ever.
type tries struct{ young, old map[triedKey]int }

type triedKey struct {
	op  Op
	key string
}

// next is which call of its kind c is, 1 for the first.
func (t *tries) next(c Call) int {
	k := triedKey{c.Op, c.Key}
	n, ok := t.young[k]
	if !ok {
		n = t.old[k]
		if len(t.young) >= triesKept || t.young == nil {
			t.young, t.old = make(map[triedKey]int), t.young
		}
	}
	t.young[k] = n + 1
	return n + 1
}

// refKey is what a call about an order is known by.
func refKey(ref exchange.OrderRef) string {
	if ref.ClientID == "" {
		return "#" + ref.VenueID
	}
	return ref.ClientID
}
