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
	balances  map[purse]exchange.Balance
	positions map[exchange.Market]exchange.Position
}

type purse struct {
	wallet exchange.Wallet
	asset  exchange.Asset
}

// NewHoldings knows them as they are now.
func NewHoldings(e *sim.Engine, account exchange.AccountID) *Holdings {
	h := &Holdings{account: account, balances: make(map[purse]exchange.Balance), positions: make(map[exchange.Market]exchange.Position)}
	h.Changes(e)
	return h
}

// Changes are those that differ from what was known, as they are now; what is gone is there with zeros. They are known from then on.
func (h *Holdings) Changes(e *sim.Engine) (balances []exchange.Balance, positions []exchange.Position) {
	held := e.Balances(h.account)
	there := make(map[purse]bool, len(held))
	for _, b := range held {
		k := purse{b.Wallet, b.Asset}
		there[k] = true
		if old, ok := h.balances[k]; !ok || !old.Free.Equal(b.Free) || !old.Locked.Equal(b.Locked) {
			h.balances[k] = b
			balances = append(balances, b)
		}
	}
	for k := range h.balances {
		if !there[k] {
			delete(h.balances, k)
			balances = append(balances, exchange.Balance{Asset: k.asset, Wallet: k.wallet})
		}
	}
	slices.SortFunc(balances, func(a, b exchange.Balance) int {
		return cmp.Or(cmp.Compare(a.Wallet, b.Wallet), cmp.Compare(a.Asset, b.Asset))
	})
	return balances, h.moved(e)
}

func (h *Holdings) moved(e *sim.Engine) (positions []exchange.Position) {
	held := e.Positions(h.account)
	there := make(map[exchange.Market]bool, len(held))
	for _, p := range held {
		there[p.Market] = true
		if old, ok := h.positions[p.Market]; !ok || !old.Quantity.Equal(p.Quantity) || !old.Cost.Equal(p.Cost) {
			h.positions[p.Market] = p
			positions = append(positions, p)
		}
	}
	for m, old := range h.positions {
		if !there[m] {
			delete(h.positions, m)
			positions = append(positions, exchange.Position{Market: m, Account: h.account, Time: old.Time})
		}
	}
	slices.SortFunc(positions, func(a, b exchange.Position) int { return cmp.Compare(a.Market.String(), b.Market.String()) })
	return positions
}
