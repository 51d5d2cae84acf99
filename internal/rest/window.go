package rest

import (
	"slices"
	"time"
)

// window is how much was used of one dimension lately.
type window struct {
	rule    *Rule   // of all scopes; its Limit may change
	own     int     // the limit of this scope; 0: the rule's
	spent   []spent // by when they leave; those without an answer may do so later than others that came after them
	sum     int     // of spent
	flying  int     // passed, and not yet answered: it may be counted any moment
	blocked time.Time
	queued  [Protects + 1]int // who waits, by lane
}

// limits is the rule as it holds for the window's scope.
func (w *window) limits() Rule {
	r := *w.rule
	if w.own > 0 {
		r.Limit = w.own
	}
	return r
}

// waits reports whether somebody of lane, or of a more urgent one, waits.
func (w *window) waits(lane Lane) bool {
	for _, n := range w.queued[lane:] {
		if n > 0 {
			return true
		}
	}
	return false
}

// spent is use that leaves the window when at is a window's length ago. What happens within a small part of the window is one entry
// with the time of its last use: later than true, so that the limit holds.
type spent struct {
	from, at time.Time
	n        int
}

// parts bounds the entries of a window.
const parts = 128

// spend counts n from now until a window after at, which may be to come.
func (w *window) spend(now, at time.Time, n int) {
	if n <= 0 {
		return
	}
	w.sum += n
	i := len(w.spent)
	for i > 0 && w.spent[i-1].at.After(at) {
		i--
	}
	part := max(w.rule.Window, at.Sub(now)) / parts
	if k := i - 1; k >= 0 && at.Sub(w.spent[k].from) < part {
		w.spent[k].n += n
		w.spent[k].at = at
		return
	}
	w.spent = slices.Insert(w.spent, i, spent{at, at, n})
}

// used drops what has left the window and returns the rest, requests on their way included.
func (w *window) used(now time.Time) int {
	gone, length := 0, w.rule.Window
	for gone < len(w.spent) && now.Sub(w.spent[gone].at) >= length {
		w.sum -= w.spent[gone].n
		gone++
	}
	if gone > 0 {
		w.spent = w.spent[:copy(w.spent, w.spent[gone:])]
	}
	return w.sum + w.flying
}

// room is when n more fit that lane asks for, as far as the clock decides it: now or earlier, later, or never, where that waits for answers.
func (w *window) room(now time.Time, lane Lane, n int) time.Time {
	at := now
	if excess := w.used(now) + n - w.limits().share(lane); excess > 0 {
		at = never
		for _, s := range w.spent {
			if excess -= s.n; excess <= 0 {
				at = s.at.Add(w.rule.Window)
				break
			}
		}
	}
	if w.blocked.After(at) {
		at = w.blocked
	}
	return at
}
