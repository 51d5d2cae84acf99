package arb

import "github.com/bothlegs/bothlegs/exchange"

// directory finds a market's side. The markets are known when a scanner is made and never change: an open table with a short
// hash finds them three times faster than a map that hashes three strings with care. Names that collide cost time, nothing else.
type directory struct {
	slots []*side // a power of two, at least half of them empty
}

func newDirectory(markets int) directory {
	n := 8
	for n < 4*markets {
		n *= 2
	}
	return directory{slots: make([]*side, n)}
}

func (d directory) add(s *side) {
	i := d.slot(&s.rules.Market)
	for d.slots[i] != nil {
		i = (i + 1) & (len(d.slots) - 1)
	}
	d.slots[i] = s
}

func (d directory) find(m *exchange.Market) *side {
	for i := d.slot(m); ; i = (i + 1) & (len(d.slots) - 1) {
		if s := d.slots[i]; s == nil || s.rules.Market == *m {
			return s
		}
	}
}

// slot is where m is looked for first.
func (d directory) slot(m *exchange.Market) int {
	h := uint32(len(m.Venue))<<8 + uint32(len(m.Symbol.Quote))<<4 + uint32(m.Symbol.Kind)
	if m.Venue != "" {
		h += uint32(m.Venue[0])
	}
	for i := range len(m.Symbol.Base) {
		h = h*31 + uint32(m.Symbol.Base[i])
	}
	h *= 0x9e3779b1
	return int(h>>8) & (len(d.slots) - 1)
}
