package rest

import (
	"sync"
	"time"
)

// Lane says how urgent a request is: who may use how much of what a venue allows.
type Lane uint8

const (
	Reads    Lane = iota // public data, and what an account reads at leisure
	Opens                // orders that may open exposure
	Protects             // cancels, lookups, reductions: what the other lanes leave is theirs, at least
)

// Rule is one dimension in which a venue counts: at most Limit within any Window, whenever that begins.
type Rule struct {
	Limit  int
	Window time.Duration
	// Reads and Opens are up to what percentage of Limit all use together may be brought by a request of that lane; zero means 50 and
	// 80. What is left above belongs to Protects: however many reads wait, a cancel within that share passes at once.
	Reads, Opens int
}

// share is how far a request of lane may bring the use of the dimension.
func (r Rule) share(lane Lane) int {
	percent := 100
	switch {
	case lane == Reads && r.Reads == 0:
		percent = 50
	case lane == Reads:
		percent = r.Reads
	case lane == Opens && r.Opens == 0:
		percent = 80
	case lane == Opens:
		percent = r.Opens
	}
	return max(1, r.Limit*percent/100)
}

// Cost is what a request adds to one dimension: N to the rule called Name, counted for each Scope by itself (an account, a
// symbol; "" where there is one only).
type Cost struct {
	Name, Scope string
	N           int
}

type dimension struct{ name, scope string }

func (c Cost) dimension() dimension { return dimension{c.Name, c.Scope} }

// Limits is what a venue allows one address of ours, and how much of it is used. Clients that share the address share the Limits. It is
// safe for concurrent use; it owns no goroutine, and a timer only while somebody waits.
//
// A request counts from the moment when it may be sent until a window after its answer: the venue counted it somewhere between, so
// no window of the venue's ever holds more than the limit, however long the way. One that got no answer counts for 10 s more: it may
// still be on its way.
type Limits struct {
	mu      sync.Mutex // guards what follows; never held over a wait
	rules   map[string]*Rule
	own     map[dimension]int // limits of single scopes: an account's by its tier
	windows map[dimension]*window
	waiting []*waiter         // Protects first, then Opens, then Reads, each in the order of arrival
	queued  [Protects + 1]int // of waiting, by lane
	timer   *time.Timer
	due     time.Time // the timer's
	gates   map[route]*gate
	pauses  map[string]time.Time // of openings, by base address
	scans   int                  // until idle windows are dropped
}

// route is one way to a venue's host: egress 0 is the usual one.
type route struct {
	base   string
	egress int
}

// maxWaiting bounds each lane's queue of a Limits; who would have to wait when it is full is refused.
const maxWaiting = 4096

// NewLimits starts from the published rules, by name.
func NewLimits(rules map[string]Rule) *Limits {
	l := &Limits{rules: make(map[string]*Rule, len(rules)), own: map[dimension]int{}, windows: map[dimension]*window{}, gates: map[route]*gate{}, pauses: map[string]time.Time{}}
	for name, r := range rules {
		l.rules[name] = &r
	}
	return l
}

// SetLimit corrects the rule called name by what the venue told. A limit that is not positive is ignored, a new name too.
func (l *Limits) SetLimit(name string, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, known := l.rules[name]
	if !known || limit <= 0 || r.Limit == limit {
		return
	}
	r.Limit = limit
	l.review()
}

// maxOwn bounds the scopes that have limits of their own.
const maxOwn = 4096

// SetScopeLimit is SetLimit for one scope: accounts of different tiers behind one address have different limits.
func (l *Limits) SetScopeLimit(name, scope string, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := dimension{name, scope}
	if _, known := l.rules[name]; !known || limit <= 0 || l.rule(d).Limit == limit || l.own[d] == 0 && len(l.own) == maxOwn {
		return
	}
	l.own[d] = limit
	l.window(d).own = limit
	l.review()
}

// Rule is the rule called name as it holds for scope now.
func (l *Limits) Rule(name, scope string) Rule {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rule(dimension{name, scope})
}

func (l *Limits) rule(d dimension) Rule {
	known := l.rules[d.name]
	if known == nil {
		return Rule{}
	}
	r := *known
	if n := l.own[d]; n > 0 {
		r.Limit = n
	}
	return r
}

// Used is how much of a dimension counts as used at this moment.
func (l *Limits) Used(name, scope string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[dimension{name, scope}]
	if w == nil {
		return 0
	}
	return w.used(time.Now())
}

// Observe takes the venue's own count of a dimension. Where it is higher than ours, others use the address too, and the difference counts
// from now on; where it is lower our count stays, for the venue's interval may just have begun.
func (l *Limits) Observe(name, scope string, used int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rules[name] == nil {
		return
	}
	now, w := time.Now(), l.window(dimension{name, scope})
	if more := min(used, 10*w.limits().Limit) - w.used(now); more > 0 {
		w.spend(now, now, more)
	}
}

// Block lets nothing that costs in a dimension pass before until: the venue has refused there. Its window's length is the most, or a minute:
// whatever the venue counted has left the window then.
func (l *Limits) Block(name, scope string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rule, known := l.rules[name]
	if !known {
		return
	}
	if most := time.Now().Add(max(rule.Window, time.Minute)); until.After(most) {
		until = most
	}
	w := l.window(dimension{name, scope})
	w.blocked = later(w.blocked, until)
}

// window is that of d, whose rule is known; made where it is new.
func (l *Limits) window(d dimension) *window {
	w := l.windows[d]
	if w == nil {
		w = &window{rule: l.rules[d.name], own: l.own[d]}
		l.windows[d] = w
	}
	return w
}
