package book

import "time"

// Renewal paces the resubscriptions of one book. A book that cannot be cured, as one that the venue itself sends crossed before the market
// opens, would otherwise use up the requests that a connection has. The zero Renewal is ready.
type Renewal struct {
	last time.Time
	wait time.Duration
	owed bool
}

const (
	renewalMin = 5 * time.Second
	renewalMax = 320 * time.Second
)

// Due reports whether to subscribe anew now: the book needs it, or has been refused it before, and enough time has passed.
func (r *Renewal) Due(at time.Time, valid, need bool) bool {
	r.owed = !valid && (r.owed || need)
	passed := at.Sub(r.last)
	if !r.owed || passed < r.wait {
		return false
	}
	if passed > 2*renewalMax { // it was well for long: another trouble
		r.wait = 0
	}
	r.last, r.wait, r.owed = at, min(max(2*r.wait, renewalMin), renewalMax), false
	return true
}
