package book

import "time"

// ring holds deltas, oldest first, in memory that it reuses.
type ring struct {
	slots []heldUpdate
	head  int // index of the oldest
	n     int
}

type heldUpdate struct {
	at time.Time
	u  Update
}

func (r *ring) len() int { return r.n }

// first is First of the oldest update.
func (r *ring) first() (int64, bool) {
	if r.n == 0 {
		return 0, false
	}
	return r.slots[r.head].u.First, true
}

// push copies u to the end; the oldest gives way when there are MaxHeld.
func (r *ring) push(at time.Time, u *Update) {
	if r.n == MaxHeld {
		r.pop()
	}
	if r.n == len(r.slots) {
		r.grow()
	}
	slot := &r.slots[(r.head+r.n)%len(r.slots)]
	slot.at = at
	slot.u.CopyFrom(u)
	r.n++
}

func (r *ring) grow() {
	slots := make([]heldUpdate, min(max(2*r.n, 8), MaxHeld))
	for i := range r.n {
		slots[i] = r.slots[(r.head+i)%len(r.slots)]
	}
	r.slots, r.head = slots, 0
}

// front is the oldest update; it is the ring's.
func (r *ring) front() (time.Time, *Update) { return r.slots[r.head].at, &r.slots[r.head].u }

func (r *ring) pop() {
	r.head = (r.head + 1) % len(r.slots)
	r.n--
}

// clear gives up all, the memory too: books are whole most of the time.
func (r *ring) clear() { *r = ring{} }
