package book

import (
	"cmp"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// order makes the best price of a side the greatest: price ^ order rises from worst to best.
type order int64

const (
	bidOrder order = 0
	askOrder order = -1
)

// apply puts changes into side, one after the other.
func apply(side, changes []exchange.Level, o order) []exchange.Level {
	for _, l := range changes {
		i := find(side, l.Price, o)
		switch known := i < len(side) && side[i].Price == l.Price; {
		case l.Size == 0 && known:
			side = append(side[:i], side[i+1:]...)
		case l.Size == 0: // unknown levels go in silence
		case known:
			side[i].Size = l.Size
		default:
			side = append(side, exchange.Level{})
			copy(side[i+1:], side[i:])
			side[i] = l
		}
	}
	return bound(side)
}

// find is the index of the first level that is not worse than price. It looks from the best end outwards in doubling steps, for
// that is where changes happen, and then halves.
func find(side []exchange.Level, price int64, o order) int {
	key := price ^ int64(o)
	hi, lo := len(side), len(side)-1
	for step := 1; lo >= 0 && side[lo].Price^int64(o) >= key; step *= 2 {
		hi, lo = lo, lo-step
	}
	// side[hi:] is not worse than price; side[lo], where there is one, is.
	lo = max(lo+1, 0)
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); side[mid].Price^int64(o) < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// bound forgets the worst levels of a side that has grown too long.
func bound(side []exchange.Level) []exchange.Level {
	if len(side) <= MaxLevels {
		return side
	}
	return slices.Delete(side, 0, len(side)-MaxLevels*3/4)
}

// load fills the empty side with a snapshot's levels. Venues send them sorted, best first; any order is taken.
func load(side, levels []exchange.Level, o order) []exchange.Level {
	key := func(l exchange.Level) int64 { return l.Price ^ int64(o) }
	sorted, zeros := true, false
	for i := len(levels) - 1; i >= 0; i-- {
		l := levels[i]
		sorted = sorted && (len(side) == 0 || key(side[len(side)-1]) < key(l))
		zeros = zeros || l.Size == 0
		side = append(side, l)
	}
	if !sorted {
		// The loop has reversed the levels: of equal prices the one that came last stands first, and stays.
		slices.SortStableFunc(side, func(x, y exchange.Level) int { return cmp.Compare(key(x), key(y)) })
		side = slices.CompactFunc(side, func(x, y exchange.Level) bool { return x.Price == y.Price })
	}
	if zeros {
		side = slices.DeleteFunc(side, func(l exchange.Level) bool { return l.Size == 0 })
	}
	return bound(side)
}
