package order

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// groupID is like ORD-20240521-8a3f: at most 8+1+8+1+13 characters. It depends on nothing but its arguments, so one group's ids do
// not change with what other groups do meanwhile.
func groupID(prefix string, now time.Time, number uint64) string {
	b := make([]byte, 0, 32)
	b = append(append(b, prefix...), '-')
	b = append(now.UTC().AppendFormat(b, "20060102"), '-')
	return string(strconv.AppendUint(b, number, 36))
}

// childID appends two digits of base 36. Their number is fixed because some venues take no hyphen: with it left out, order 11 of group 1
// must not become order 1 of group 11.
func childID(group string, child int) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 0, 40)
	b = append(b, group...)
	return string(append(b, '-', digits[child/36%36], digits[child%36]))
}

// seen remembers the newest fills, so that each is booked once however often it is told. It is bounded: a fill that is told again
// after 65,536 others passes, and the Booker's own idempotence stops it.
type seen struct {
	keys map[exchange.FillKey]struct{}
	ring []exchange.FillKey
	next int
}

const seenMax = 1 << 16

// add reports whether k is new.
func (s *seen) add(k exchange.FillKey) bool {
	if _, dup := s.keys[k]; dup {
		return false
	}
	if s.keys == nil {
		s.keys = map[exchange.FillKey]struct{}{}
	}
	s.keys[k] = struct{}{}
	if len(s.ring) < seenMax {
		s.ring = append(s.ring, k)
		return true
	}
	delete(s.keys, s.ring[s.next])
	s.ring[s.next] = k
	s.next = (s.next + 1) % seenMax
	return true
}

// past remembers how much the orders of the newest ended groups had filled: what tells a late fill from a late report.
type past struct {
	places map[string]int32 // in ring
	ring   []pastOrder
	next   int
}

type pastOrder struct {
	id, group    string
	market       exchange.Market
	account      exchange.AccountID
	side         exchange.Side
	filled, told exchange.Decimal
}

const pastMax = 1 << 13

// find is the order of that id, or nil.
func (p *past) find(id string) *pastOrder {
	if i, ok := p.places[id]; ok {
		return &p.ring[i]
	}
	return nil
}

func (p *past) add(o pastOrder) {
	if p.places == nil {
		p.places = map[string]int32{}
	}
	if len(p.ring) < pastMax {
		p.places[o.id] = int32(len(p.ring))
		p.ring = append(p.ring, o)
		return
	}
	delete(p.places, p.ring[p.next].id)
	p.ring[p.next], p.places[o.id] = o, int32(p.next)
	p.next = (p.next + 1) % pastMax
}
