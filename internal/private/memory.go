package private

import "github.com/bothlegs/bothlegs/exchange"

// fillSet remembers the newest fills up to its bound, each with the number of the record that counts it.
type fillSet struct {
	bound int
	has   map[exchange.FillKey]uint64
	ring  []exchange.FillKey
	next  int
}

func (s *fillSet) contains(k exchange.FillKey) bool {
	_, ok := s.has[k]
	return ok
}

func (s *fillSet) add(k exchange.FillKey, number uint64) {
	if len(s.ring) < s.bound {
		s.ring = append(s.ring, k)
	} else {
		delete(s.has, s.ring[s.next])
		s.ring[s.next] = k
		s.next = (s.next + 1) % s.bound
	}
	s.has[k] = number
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
