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

// edit is a level that comes, or goes where its size is 0.
type edit struct {
	at    int // in the side as it was: before which level it comes, or which one goes
	level exchange.Level
}

// next is where the levels that stay go on behind e, and delta by how much e moves them.
func (e *edit) next() int {
	if e.level.Size == 0 {
		return e.at + 1
	}
	return e.at
}

func (e *edit) delta() int {
	if e.level.Size == 0 {
		return -1
	}
	return 1
}

// apply puts changes into side. Venues send them sorted, one way or the other: then each is looked for next to the one before, and
// levels between them move once, or not at all where as many come as go. edits is memory to work in, returned for the next time.
func apply(side, changes []exchange.Level, o order, edits []edit) ([]exchange.Level, []edit) {
	edits = edits[:0]
	n := len(changes)
	worstFirst := n > 0 && changes[0].Price^int64(o) < changes[n-1].Price^int64(o)
	last, end := int64(0), len(side)
	for k := range n {
		l := changes[k]
		if worstFirst {
			l = changes[n-1-k]
		}
		key := l.Price ^ int64(o)
		if k > 0 && key >= last {
			// Neither: one by one. Sizes set so far are set again, and the last change of a price still counts.
			return bound(applyEach(side, changes, o)), edits
		}
		i := find(side[:end], key, o)
		known := i < end && side[i].Price == l.Price
		switch {
		case known && l.Size != 0:
			side[i].Size = l.Size
		case known || l.Size != 0: // unknown levels go in silence
			edits = append(edits, edit{at: i, level: l})
		}
		last, end = key, i
	}
	return bound(move(side, edits)), edits
}

// move does edits, which come best first. By how much a level moves is the sum over the edits on the worse side of it. Levels that
// move towards the best end do so from there downwards, the others from the worst end upwards: so none is overwritten.
func move(side []exchange.Level, edits []edit) []exchange.Level {
	shift, end := 0, len(side)
	for i := range edits {
		shift += edits[i].delta()
	}
	length := end + shift
	for range shift {
		side = append(side, exchange.Level{})
	}
	for i := range edits {
		e := &edits[i]
		if shift > 0 {
			copy(side[e.next()+shift:], side[e.next():end])
		}
		shift, end = shift-e.delta(), e.at
	}
	for i := len(edits) - 1; i >= 0; i-- { // shift is 0 again
		e := &edits[i]
		if e.level.Size != 0 {
			side[e.at+shift] = e.level
		}
		if shift += e.delta(); shift < 0 {
			end = len(side)
			if i > 0 {
				end = edits[i-1].at
			}
			copy(side[e.next()+shift:], side[e.next():end])
		}
	}
	return side[:length]
}

// applyEach is apply for changes in any order: one after the other.
func applyEach(side, changes []exchange.Level, o order) []exchange.Level {
	for _, l := range changes {
		i := find(side, l.Price^int64(o), o)
		switch known := i < len(side) && side[i].Price == l.Price; {
		case l.Size == 0 && known:
			side = append(side[:i], side[i+1:]...)
		case l.Size == 0:
		case known:
			side[i].Size = l.Size
		default:
			side = append(side, exchange.Level{})
			copy(side[i+1:], side[i:])
			side[i] = l
		}
	}
	return side
}

// find is the index of the first level whose price ^ o is not below key. It looks from the end inwards in doubling steps, for that is
// where changes happen, and then halves.
func find(side []exchange.Level, key int64, o order) int {
	hi, lo := len(side), len(side)-1
	for step := 1; lo >= 0 && side[lo].Price^int64(o) >= key; step *= 2 {
		hi, lo = lo, lo-step
	}
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
