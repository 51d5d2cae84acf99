package private

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// purse is what a run has told of balances and positions. While two connections overlap each tells them: what one has told the other need
// not tell again, and an older one must not undo it.
type purse struct {
	balance  map[purseKey]holding
	position map[exchange.Market]holding
}

type purseKey struct {
	asset  exchange.Asset
	wallet exchange.Wallet
}

// holding is one balance or position as it was told.
type holding struct {
	link *link
	at   time.Time          // by the venue's clock; zero: it was read
	x, y exchange.Decimal   // free and locked, or quantity and cost
	id   exchange.AccountID // of a position
}

func newPurse() purse {
	return purse{balance: map[purseKey]holding{}, position: map[exchange.Market]holding{}}
}

func (h holding) empty() bool { return h.x.IsZero() && h.y.IsZero() }

// put takes h, pushed or read, and reports whether it is to be told after old. What is read has no place in the order of what is pushed.
func put[K comparable](m map[K]holding, k K, h holding, read bool) bool {
	old, told := m[k]
	if !read && h.at.Before(old.at) && !h.at.IsZero() {
		return false
	}
	m[k] = h
	return !told || !h.x.Equal(old.x) || !h.y.Equal(old.y)
}

// balances are those of x that are to be told.
func (p *purse) balances(x *item) []exchange.Balance {
	var list []exchange.Balance
	listed := map[purseKey]bool{}
	for _, b := range x.update.Balances {
		k := purseKey{b.Asset, b.Wallet}
		listed[k] = true
		if put(p.balance, k, holding{link: x.link, at: x.update.At, x: b.Free, y: b.Locked}, x.account) {
			list = append(list, b)
		}
	}
	if !x.account || x.link.Balances == nil {
		return list
	}
	told := len(list)
	for k, h := range p.balance {
		if h.link == x.link && !listed[k] && !h.empty() {
			p.balance[k] = holding{link: x.link}
			list = append(list, exchange.Balance{Asset: k.asset, Wallet: k.wallet})
		}
	}
	slices.SortFunc(list[told:], func(a, b exchange.Balance) int {
		return cmp.Or(strings.Compare(string(a.Asset), string(b.Asset)), cmp.Compare(a.Wallet, b.Wallet))
	})
	return list
}

// positions are those of x that are to be told.
func (p *purse) positions(x *item) []exchange.Position {
	var list []exchange.Position
	listed := map[exchange.Market]bool{}
	for _, q := range x.update.Positions {
		listed[q.Market] = true
		if put(p.position, q.Market, holding{link: x.link, at: x.update.At, x: q.Quantity, y: q.Cost, id: q.Account}, x.account) {
			list = append(list, q)
		}
	}
	if !x.account || x.link.Positions == nil {
		return list
	}
	told := len(list)
	for m, h := range p.position {
		if h.link == x.link && !listed[m] && !h.empty() {
			p.position[m] = holding{link: x.link, id: h.id}
			list = append(list, exchange.Position{Market: m, Account: h.id, Time: x.at})
		}
	}
	slices.SortFunc(list[told:], func(a, b exchange.Position) int { return strings.Compare(a.Market.String(), b.Market.String()) })
	return list
}
