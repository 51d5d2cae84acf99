package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// news is an event before it is written out: what an order was like then.
type news struct {
	order       *order
	other       *exchange.Event // instead, when it is about no order
	time        time.Time
	reason      string
	version     uint64
	filled      int64
	notional    money
	fee         feeSum
	fees        []feeSum
	first, last int64 // its fills
	scale       exchange.Scale
	status      exchange.Status
}

// account is whose event it is.
func (n *news) account() exchange.AccountID {
	if n.other != nil {
		return n.other.Order.Account
	}
	return n.order.account.id
}

// events is the tail of what happened, numbered from 0.
type events struct {
	limit uint64
	next  uint64 // number of the next one
	ring  []news // event n is at n % limit
}

// add makes room for the next event.
func (v *events) add() *news {
	v.next++
	if uint64(len(v.ring)) < v.limit {
		v.ring = append(v.ring, news{})
		return &v.ring[len(v.ring)-1]
	}
	return &v.ring[(v.next-1)%v.limit]
}

// is makes n tell how o stands.
func (n *news) is(o *order) {
	n.order, n.other, n.time, n.reason, n.version = o, nil, o.time, o.reason, o.version
	n.filled, n.notional, n.fee, n.fees, n.scale, n.status = o.filled, o.notional, o.fee, o.fees, o.scale, o.status
}

// tell records the event that o has news, with the fills that were not told yet.
func (e *Engine) tell(o *order) *news {
	o.event = e.events.next
	n := e.events.add()
	n.is(o)
	n.first, n.last = 0, 0
	if o.untold != 0 {
		n.first, n.last = o.untold, o.latest
		for at := o.untold; at != 0; {
			t := e.trades.at(at)
			t.told, at = o.event, t.next
		}
		o.untold = 0
	}
	if !o.ended && o.status.Final() {
		e.retire(o)
	}
	return n
}

// Events returns what happened from the event numbered since on, and the number to ask with next time; the first is 0. Only the
// newest EventBuffer events are sure to be kept: when older ones are asked for, ok is false and nothing is returned but
// next; [Engine.Changed] then tells what was missed.
func (e *Engine) Events(since uint64) (news []exchange.Event, next uint64, ok bool) {
	return e.eventsOf(nil, since)
}

// AccountEvents is Events without those of other accounts; the numbers are the same.
func (e *Engine) AccountEvents(id exchange.AccountID, since uint64) (news []exchange.Event, next uint64, ok bool) {
	return e.eventsOf(&id, since)
}

func (e *Engine) eventsOf(id *exchange.AccountID, since uint64) (told []exchange.Event, next uint64, ok bool) {
	v := &e.events
	if since > v.next || v.next-since > uint64(len(v.ring)) {
		return nil, v.next, false
	}
	for ; since < v.next; since++ {
		n := &v.ring[since%v.limit]
		switch {
		case id != nil && n.account() != *id:
		case n.other != nil:
			told = append(told, *n.other)
		default:
			told = append(told, exchange.Event{Kind: exchange.OrderUpdate, Order: e.show(n), Time: n.time})
		}
	}
	return told, v.next, true
}

// Changed sums up the events from the one numbered since on: each of the account's orders that has news as it is now, with the fills since
// then, in order of the last event about it. It looks at every order: it is for subscribers that have fallen behind Events.
func (e *Engine) Changed(id exchange.AccountID, since uint64) []exchange.Order {
	var found []*order
	for _, x := range e.orders.all {
		if o := x.order; o != nil && o.account.id == id && o.event >= since {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *order) int { return cmp.Compare(a.event, b.event) })
	var r []exchange.Order
	for _, o := range found {
		var n news
		n.is(o)
		for at := o.first; at != 0; {
			t := e.trades.at(at)
			if t.told >= since {
				n.first, n.last = at, o.latest
				break
			}
			at = t.next
		}
		r = append(r, e.show(&n))
	}
	return r
}
