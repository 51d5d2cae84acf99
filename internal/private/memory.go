package private

import "github.com/bothlegs/bothlegs/exchange"

// fillSet remembers the newest keys up to its bound.
type fillSet struct {
	bound int
	has   map[exchange.FillKey]struct{}
	ring  []exchange.FillKey
	next  int
}

func (s *fillSet) contains(k exchange.FillKey) bool {
	_, ok := s.has[k]
	return ok
}

// add reports whether k is new.
func (s *fillSet) add(k exchange.FillKey) bool {
	if s.contains(k) {
		return false
	}
	if len(s.ring) < s.bound {
		s.ring = append(s.ring, k)
	} else {
		delete(s.has, s.ring[s.next])
		s.ring[s.next] = k
		s.next = (s.next + 1) % s.bound
	}
	s.has[k] = struct{}{}
	return true
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
