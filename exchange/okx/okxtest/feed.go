package okxtest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// item is something that private streams tell.
type item struct {
	order     *orderRow
	fill      *fillNote
	balances  *accountRow   // those that changed
	positions []positionRow // the same
	both      *bothRow
}

// feed is what an account's streams are told, numbered; each subscription follows it at its own pace. While there is none, nothing is told.
type feed struct {
	items     []item
	first     uint64 // number of items[0]
	listeners int
	dirty     bool // balances and positions may have changed
	traded    bool // and orders with them
	known     *simwire.Holdings
	cash      map[exchange.Asset]exchange.Decimal // as balance_and_position told it
}

// feedKept is how much a subscription may be behind before its client is found too slow.
const feedKept = 1 << 13

// join is a subscription more: what happens from now on is told.
func (f *feed) join(e *sim.Engine, a *account) {
	if f.listeners++; f.listeners == 1 {
		f.known.Changes(e)
		f.cash = make(map[exchange.Asset]exchange.Decimal)
		f.moved(a.settled(e, e.Balances(a.id)))
	}
}

// moved are the balances that are not what they were, wherever they are locked.
func (f *feed) moved(of []exchange.Balance) (r []exchange.Balance) {
	for _, b := range of {
		if total := b.Total(); !total.Equal(f.cash[b.Asset]) {
			f.cash[b.Asset] = total
			r = append(r, b)
		}
	}
	return r
}

// part is one less.
func (f *feed) part() {
	if f.listeners--; f.listeners == 0 {
		f.items, f.first = nil, f.next()
	}
}

func (f *feed) add(i item) {
	if len(f.items) >= 2*feedKept {
		n := copy(f.items, f.items[feedKept:])
		clear(f.items[n:])
		f.items, f.first = f.items[:n], f.first+feedKept
	}
	f.items = append(f.items, i)
}

// order tells of r, and of its execution x, if any; edit completes the message.
func (f *feed) order(r *record, x *fill, edit func(*orderRow)) {
	if f.listeners == 0 {
		return
	}
	w := r.news(x)
	if edit != nil {
		edit(w)
	}
	i := item{order: w}
	if x != nil {
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

// holdings tells of balances and positions that differ from what was told last.
func (f *feed) holdings(now time.Time, e *sim.Engine, k *keeper, a *account) {
	event := "funding_fee"
	if f.traded {
		event = "filled"
	}
	f.dirty, f.traded = false, false
	if f.listeners == 0 {
		return
	}
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
	if cash := f.moved(a.settled(e, changed)); len(cash)+len(i.positions) > 0 {
		i.both = newBothRow(now, event, cash, i.positions)
	}
	f.add(i)
}
