package simwire

import (
	"fmt"
	"sync"
	"time"
)

// Limit is one of a venue's rules: so much in so long.
type Limit struct {
	Name    string
	Max     int // 0: it is only counted
	Per     time.Duration
	Rolling bool // over the last Per; else in windows that begin at multiples of Per, as whole minutes do
	// CountRefused lets what is refused use the limit up, too.
	CountRefused bool
	// Offences is how many refusals without a success in between bring a ban; 0: none does. Each ban lasts twice as long as the one before,
	// from Ban to MaxBan (default Ban).
	Offences    int
	Ban, MaxBan time.Duration
}

// Reading is how a limit stands for one scope.
type Reading struct {
	Used, Max int
	Refused   bool
	Reset     time.Time // when Used falls next; of a window its end
	Banned    time.Time // until when; zero: not
}

// RetryAfter is how long a refused client has to wait; never less than nothing.
func (r Reading) RetryAfter(now time.Time) time.Duration {
	until := r.Reset
	if r.Banned.After(until) {
		until = r.Banned
	}
	return max(until.Sub(now), 0)
}

// Meter counts what is used of limits, by scope: an address, an account, an account's orders on one market. It is safe for concurrent use.
type Meter struct {
	limits map[string]*Limit

	mu     sync.Mutex
	counts map[counted]*count
	many   int // so many are looked through for what is of no use any more
}

type counted struct{ limit, scope string }

// count is one limit's state for one scope.
type count struct {
	fixed    fixed
	rolling  rolling
	offences int
	ban      time.Duration // the last one
	banned   time.Time
}

// NewMeter counts by these limits.
func NewMeter(limits ...Limit) *Meter {
	m := &Meter{limits: make(map[string]*Limit), counts: make(map[counted]*count), many: manyScopes}
	for _, l := range limits {
		m.limits[l.Name] = &l
	}
	return m
}

// Spend uses n of a limit now, unless that would be more than it has. It panics when there is no such limit.
func (m *Meter) Spend(limit, scope string, n int) Reading {
	l := m.limit(limit)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.count(l, scope, now)
	r := c.read(l, now)
	if !r.Banned.IsZero() {
		return r
	}
	r.Refused = l.Max > 0 && n > 0 && r.Used+n > l.Max
	if !r.Refused || l.CountRefused {
		c.add(l, now, n)
		r.Used += n
	}
	if !r.Refused {
		c.offences = 0
	} else if c.offences++; l.Offences > 0 && c.offences >= l.Offences {
		c.offences = 0
		c.ban = min(max(2*c.ban, l.Ban), max(l.Ban, l.MaxBan))
		c.banned = now.Add(c.ban)
		r.Banned = c.banned
	}
	r.Reset = c.reset(l, now)
	return r
}

// Read is how the limit stands.
func (m *Meter) Read(limit, scope string) Reading {
	l := m.limit(limit)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count(l, scope, now).read(l, now)
}

// Give takes n back: what filled is no open order any more.
func (m *Meter) Give(limit, scope string, n int) {
	l := m.limit(limit)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.count(l, scope, now); l.Rolling {
		c.rolling.give(now, n)
	} else {
		c.fixed.add(now, -n)
	}
}

// Ban shuts a scope out for d, whatever it used.
func (m *Meter) Ban(limit, scope string, d time.Duration) {
	l := m.limit(limit)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count(l, scope, now).banned = now.Add(d)
}

func (m *Meter) limit(name string) *Limit {
	l := m.limits[name]
	if l == nil {
		panic(fmt.Sprintf("simwire: no limit %q", name))
	}
	return l
}

// manyScopes is what is kept of scopes without a look at their use.
const manyScopes = 4096

func (m *Meter) count(l *Limit, scope string, now time.Time) *count {
	k := counted{l.Name, scope}
	c := m.counts[k]
	if c != nil {
		return c
	}
	if len(m.counts) >= m.many {
		for k, c := range m.counts {
			if r := c.read(m.limits[k.limit], now); r.Used == 0 && r.Banned.IsZero() {
				delete(m.counts, k)
			}
		}
		m.many = max(manyScopes, 2*len(m.counts))
	}
	c = &count{fixed: fixed{per: l.Per, from: now.Truncate(l.Per)}, rolling: rolling{per: l.Per}}
	m.counts[k] = c
	return c
}

func (c *count) add(l *Limit, now time.Time, n int) {
	if l.Rolling {
		c.rolling.add(now, n)
	} else {
		c.fixed.add(now, n)
	}
}

func (c *count) read(l *Limit, now time.Time) Reading {
	r := Reading{Max: l.Max, Reset: c.reset(l, now)}
	if l.Rolling {
		r.Used = c.rolling.used(now)
	} else {
		r.Used = c.fixed.used(now)
	}
	if now.Before(c.banned) {
		r.Banned, r.Refused = c.banned, true
	}
	return r
}

func (c *count) reset(l *Limit, now time.Time) time.Time {
	if l.Rolling {
		return c.rolling.reset(now)
	}
	c.fixed.roll(now)
	return c.fixed.from.Add(l.Per)
}

// fixed counts in windows of one length, one after the other.
type fixed struct {
	per  time.Duration
	from time.Time
	n    int
}

func (f *fixed) roll(now time.Time) {
	if gone := now.Sub(f.from); gone >= f.per {
		f.from, f.n = f.from.Add(gone/f.per*f.per), 0
	}
}

func (f *fixed) add(now time.Time, n int) int {
	f.roll(now)
	f.n = max(f.n+n, 0)
	return f.n
}

func (f *fixed) used(now time.Time) int {
	f.roll(now)
	return f.n
}

// rolling counts over the last length of time, exactly.
type rolling struct {
	per  time.Duration
	uses []use // oldest first
	sum  int
}

type use struct {
	at time.Time
	n  int
}

func (r *rolling) add(now time.Time, n int) {
	r.sum += n
	r.uses = append(r.uses, use{now, n})
}

// give takes n of the newest uses back.
func (r *rolling) give(now time.Time, n int) {
	r.used(now)
	for i := len(r.uses) - 1; i >= 0 && n > 0; i-- {
		k := min(n, r.uses[i].n)
		r.uses[i].n -= k
		r.sum -= k
		n -= k
	}
}

func (r *rolling) used(now time.Time) int {
	i := 0
	for i < len(r.uses) && now.Sub(r.uses[i].at) >= r.per {
		r.sum -= r.uses[i].n
		i++
	}
	r.uses = r.uses[i:]
	return r.sum
}

// reset is when the oldest use leaves.
func (r *rolling) reset(now time.Time) time.Time {
	if r.used(now); len(r.uses) == 0 {
		return now
	}
	return r.uses[0].at.Add(r.per)
}
