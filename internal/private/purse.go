package private

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// purse is what was told of balances and positions. While two connections overlap each tells them: what one has told the other need not tell
// again, and an older one must not undo it.
type purse struct {
	balance  map[purseKey]toldBalance
	position map[exchange.Market]toldPosition
}

type purseKey struct {
	asset  exchange.Asset
	wallet exchange.Wallet
}

type toldBalance struct {
	at           time.Time
	free, locked exchange.Decimal
}

type toldPosition struct {
	at             time.Time
	quantity, cost exchange.Decimal
}

func newPurse() purse {
	return purse{balance: map[purseKey]toldBalance{}, position: map[exchange.Market]toldPosition{}}
}

// known reports whether news from at is old or, being the same, told already. What was read has no place in the order of what is pushed.
func known(at, told time.Time, same, read bool) bool {
	if read || at.IsZero() || told.IsZero() {
		return false
	}
	return at.Before(told) || at.Equal(told) && same
}

func (p *purse) balances(u *Update, read bool) []exchange.Balance {
	var news []exchange.Balance
	for _, b := range u.Balances {
		k := purseKey{b.Asset, b.Wallet}
		old := p.balance[k]
		if known(u.At, old.at, b.Free.Equal(old.free) && b.Locked.Equal(old.locked), read) {
			continue
		}
		x := toldBalance{at: u.At, free: b.Free, locked: b.Locked}
		if read {
			x.at = old.at
		}
		p.balance[k] = x
		news = append(news, b)
	}
	return news
}

func (p *purse) positions(u *Update, read bool) []exchange.Position {
	var news []exchange.Position
	for _, x := range u.Positions {
		old := p.position[x.Market]
		if known(u.At, old.at, x.Quantity.Equal(old.quantity) && x.Cost.Equal(old.cost), read) {
			continue
		}
		y := toldPosition{at: u.At, quantity: x.Quantity, cost: x.Cost}
		if read {
			y.at = old.at
		}
		p.position[x.Market] = y
		news = append(news, x)
	}
	return news
}
