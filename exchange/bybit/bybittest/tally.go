package bybittest

import (
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// extraKey is an order in the engine.
type extraKey struct {
	account exchange.AccountID
	client  string
}

// kept is how many entries a memory has room for.
const kept = 1 << 16

// ring is a map that forgets the oldest.
type ring[K comparable, V any] struct {
	of    map[K]V
	order []K
	next  int
}

func (r *ring[K, V]) put(k K, v V) {
	if r.of == nil {
		r.of = make(map[K]V)
	}
	if _, there := r.of[k]; !there {
		if len(r.order) < kept {
			r.order = append(r.order, k)
		} else {
			delete(r.of, r.order[r.next])
			r.order[r.next], r.next = k, (r.next+1)%kept
		}
	}
	r.of[k] = v
}

// extras are those of orders that have any. The floor's lock guards them.
type extras struct{ ring[extraKey, extra] }

func (x *extras) keep(k extraKey, v extra) {
	if !v.plain() {
		x.put(k, v)
	}
}

// about is what there is of an order; nothing for most.
func (x *extras) about(k extraKey) extra { return x.of[k] }

// plain reports an order that has nothing of its own.
func (x extra) plain() bool {
	return x.value.IsZero() && x.unit == "" && x.smp == "" && !x.leverage && !x.close
}

// tally follows positions fill by fill, for what each fill closed. The floor's lock guards it.
type tally struct {
	since     uint64
	positions map[heldKey]exchange.Decimal
	closes    ring[exchange.FillKey, exchange.Decimal]
}

type heldKey struct {
	account exchange.AccountID
	market  exchange.Market
}

// catchUp reads the events that are new. Where some are forgotten, positions are taken as they stand.
func (t *tally) catchUp(e *sim.Engine) {
	news, next, ok := e.Events(t.since)
	t.since = next
	if !ok || t.positions == nil {
		t.positions = make(map[heldKey]exchange.Decimal)
	}
	if !ok {
		for _, a := range e.Accounts() {
			for _, p := range e.Positions(a) {
				t.positions[heldKey{a, p.Market}] = p.Quantity
			}
		}
		return
	}
	for _, ev := range news {
		if ev.Kind != exchange.OrderUpdate {
			continue
		}
		for _, f := range ev.Order.Fills {
			t.add(f)
		}
	}
}

func (t *tally) add(f exchange.Fill) {
	if f.Market.Symbol.Kind != exchange.Perp {
		return
	}
	k := heldKey{f.Account, f.Market}
	held, moved := t.positions[k], f.Quantity
	if f.Side == exchange.Sell {
		moved = moved.Neg()
	}
	if held.Sign()*moved.Sign() < 0 {
		t.closes.put(f.Key(), held.Abs().Min(f.Quantity))
	}
	t.positions[k] = held.Add(moved)
}

// closed is what f took off a position.
func (t *tally) closed(f exchange.Fill) exchange.Decimal { return t.closes.of[f.Key()] }

// shelves bound how many orders may work: of each market on linear, of all together on spot. The floor's lock guards them.
type shelves struct {
	most  int
	spots []exchange.Symbol
	atOne map[heldKey]int // no fewer than work
}

// full reports whether one more order would be too many. Orders are counted when they come, and again when that would be too many.
func (h *shelves) full(e *sim.Engine, account exchange.AccountID, m exchange.Market) bool {
	k := heldKey{account, m}
	if m.Symbol.Kind == exchange.Spot {
		k.market = exchange.Market{}
	}
	if h.atOne[k] >= h.most {
		h.atOne[k] = h.count(e, account, m.Symbol)
	}
	h.atOne[k]++
	return h.atOne[k] > h.most
}

// count is how many orders work: of the market on linear, of all together on spot.
func (h *shelves) count(e *sim.Engine, account exchange.AccountID, y exchange.Symbol) int {
	if y.Kind == exchange.Perp {
		return len(e.OpenOrders(account, y))
	}
	n := 0
	for _, spot := range h.spots {
		n += len(e.OpenOrders(account, spot))
	}
	return n
}
