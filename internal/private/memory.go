package private

import "github.com/bothlegs/bothlegs/exchange"

// fillSet remembers fills, each with the number of the record that counts it: all those of orders that may show them again, which their
// records keep, and of what records have released the newest up to its bound.
type fillSet struct {
	bound int
	has   map[exchange.FillKey]counted
	ring  []exchange.FillKey
	next  int
}

// counted is where a fill is.
type counted struct {
	number uint64 // of its record
	slot   int    // in the ring, or kept
}

// kept: a record has it.
const kept = -1

func (s *fillSet) contains(k exchange.FillKey) bool {
	_, ok := s.has[k]
	return ok
}

// keep makes k r's.
func (s *fillSet) keep(k exchange.FillKey, r *record) {
	s.has[k] = counted{r.number, kept}
	r.fills = append(r.fills, k)
}

// move makes to's what from keeps.
func (s *fillSet) move(from, to *record) {
	for _, k := range from.fills {
		if c := s.has[k]; c.slot == kept && c.number == from.number {
			s.keep(k, to)
		}
	}
	from.fills = nil
}

// release takes what r keeps into the ring.
func (s *fillSet) release(r *record) {
	for _, k := range r.fills {
		if c := s.has[k]; c.slot == kept && c.number == r.number { // otherwise another one keeps it
			s.push(k, r.number)
		}
	}
	r.fills = nil
}

func (s *fillSet) push(k exchange.FillKey, number uint64) {
	slot := s.next
	if len(s.ring) < s.bound {
		slot = len(s.ring)
		s.ring = append(s.ring, k)
	} else {
		if old := s.ring[slot]; s.has[old].slot == slot { // not kept again since
			delete(s.has, old)
		}
		s.ring[slot] = k
		s.next = (slot + 1) % s.bound
	}
	s.has[k] = counted{number, slot}
}

// fifo holds the newest records up to a bound.
type fifo struct {
	ring []*record
	next int
}

// push takes r in and returns what had to leave for it.
func (q *fifo) push(r *record, bound int) (old *record) {
	if len(q.ring) < bound {
		q.ring = append(q.ring, r)
		return nil
	}
	old, q.ring[q.next] = q.ring[q.next], r
	q.next = (q.next + 1) % bound
	return old
}
