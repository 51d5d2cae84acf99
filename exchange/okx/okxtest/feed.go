package okxtest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// item is something that private streams tell.
type item struct {
	order     *orderRow
	balances  *accountRow   // those that changed
	positions []positionRow // the same
	fill      *fillNote
	both      *bothRow
}

// feed is what an account's streams are told, numbered; a socket follows it at its own pace.
type feed struct {
	items []item
	first uint64 // number of items[0]
	dirty bool   // balances and positions may have changed
	known *simwire.Holdings
}

// feedKept is how much a socket may be behind before it is found too slow.
const feedKept = 1 << 13

func (f *feed) add(i item) {
	if len(f.items) >= 2*feedKept {
		n := copy(f.items, f.items[feedKept:])
		clear(f.items[n:])
		f.items, f.first = f.items[:n], f.first+feedKept
	}
	f.items = append(f.items, i)
}

func (f *feed) order(w *orderRow) {
	i := item{order: w}
	if w.TradeID != "" {
		i.fill = noteOf(w)
	}
	f.add(i)
}

// next is the number that the next item will have.
func (f *feed) next() uint64 { return f.first + uint64(len(f.items)) }

// since are the items from the one numbered n on; false: some of them are gone.
func (f *feed) since(n uint64) ([]item, bool) {
	if n < f.first {
		return nil, false
	}
	return f.items[n-f.first:], true
}

// drop forgets all: nobody is listening yet.
func (f *feed) drop() { f.items, f.first, f.dirty = nil, f.next(), false }

// holdings tells of balances and positions that differ from what was told last.
func (f *feed) holdings(now time.Time, e *sim.Engine, k *keeper, a *account) {
	f.dirty = false
	changed, moved := f.known.Changes(e)
	i := item{}
	if len(changed) > 0 {
		i.balances = k.accountRow(now, e, a, changed)
	}
	for _, p := range moved {
		i.positions = append(i.positions, k.positionRow(now, e, a, p))
	}
	if i.balances == nil && i.positions == nil {
		return
	}
	i.both = newBothRow(now, "filled", changed, i.positions)
	f.add(i)
}
