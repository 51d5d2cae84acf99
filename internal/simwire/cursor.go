package simwire

import (
	"cmp"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Cursor is where a subscriber is in the events of one account.
type Cursor struct {
	account exchange.AccountID
	next    uint64
}

// NewCursor begins now: what happened before is not told. A venue makes it before it acknowledges the subscription, so that nothing falls
// between the two.
func NewCursor(e *sim.Engine, account exchange.AccountID) *Cursor {
	c := &Cursor{account: account}
	_, c.next, _ = e.Events(0)
	return c
}

// Next are the account's events since the last Next, in order. It is false when they are more than the engine keeps: then the connection has
// to end, for fills must not be lost in silence.
func (c *Cursor) Next(e *sim.Engine) ([]exchange.Event, bool) {
	all, next, ok := e.Events(c.next)
	c.next = next
	var r []exchange.Event
	for _, ev := range all {
		if ev.Order.Account == c.account {
			r = append(r, ev)
		}
	}
	return r, ok
}

// Holdings are an account's balances and positions, as a subscriber knows them.
type Holdings struct {
	account   exchange.AccountID
	balances  known[purse, exchange.Balance]
	positions known[exchange.Market, exchange.Position]
}

type purse struct {
	wallet exchange.Wallet
	asset  exchange.Asset
}

// NewHoldings knows them as they are now.
func NewHoldings(e *sim.Engine, account exchange.AccountID) *Holdings {
	h := &Holdings{account: account}
	h.Changes(e)
	return h
}

// Changes are those that differ from what was known, as they are now, by name; what is gone is there with zeros. They are known from then on.
func (h *Holdings) Changes(e *sim.Engine) (balances []exchange.Balance, positions []exchange.Position) {
	for _, b := range e.Balances(h.account) {
		if old, ok := h.balances.see(purse{b.Wallet, b.Asset}, b); !ok || !old.Free.Equal(b.Free) || !old.Locked.Equal(b.Locked) {
			balances = append(balances, b)
		}
	}
	for k := range h.balances.gone() {
		balances = append(balances, exchange.Balance{Asset: k.asset, Wallet: k.wallet})
	}
	for _, p := range e.Positions(h.account) {
		if old, ok := h.positions.see(p.Market, p); !ok || !old.Quantity.Equal(p.Quantity) || !old.Cost.Equal(p.Cost) {
			positions = append(positions, p)
		}
	}
	for m, old := range h.positions.gone() {
		positions = append(positions, exchange.Position{Market: m, Account: h.account, Time: old.Time})
	}
	slices.SortFunc(balances, func(a, b exchange.Balance) int {
		return cmp.Or(cmp.Compare(a.Wallet, b.Wallet), cmp.Compare(a.Asset, b.Asset))
	})
	slices.SortFunc(positions, func(a, b exchange.Position) int { return cmp.Compare(a.Market.String(), b.Market.String()) })
	return balances, positions
}

// known are values by name, with the round in which each was last seen.
type known[K comparable, V any] struct {
	values map[K]seen[V]
	round  int
	count  int // seen in this round
}

type seen[V any] struct {
	value V
	round int
}

// see notes a value, and returns the one before.
func (k *known[K, V]) see(name K, v V) (old V, ok bool) {
	if k.values == nil {
		k.values = make(map[K]seen[V])
	}
	was, ok := k.values[name]
	k.values[name] = seen[V]{v, k.round}
	k.count++
	return was.value, ok
}

// gone ends the round, and forgets what was not seen in it.
func (k *known[K, V]) gone() (lost map[K]V) {
	for name, x := range k.values {
		if k.count == len(k.values) {
			break
		}
		if x.round != k.round {
			if lost == nil {
				lost = make(map[K]V)
			}
			lost[name] = x.value
			delete(k.values, name)
		}
	}
	k.round, k.count = k.round+1, 0
	return lost
}
