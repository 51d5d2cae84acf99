package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Payment is what funding gave to an account: positive is received.
type Payment struct {
	Account  exchange.AccountID
	Position exchange.Position // that it was paid on
	Amount   exchange.Amount
}

// Fund settles funding on s: each long position pays rate times its value at the mark price, each short one receives it, and the other way round
// at a negative rate. It returns what was paid, by account as configured, and tells each account by a BalanceUpdate. An error wraps
// exchange.ErrInvalid where s is no perpetual of this venue, and exchange.ErrUnavailable while there is no mark price.
func (e *Engine) Fund(now time.Time, s exchange.Symbol, rate exchange.Decimal) ([]Payment, error) {
	m := e.markets[s]
	if m == nil || s.Kind == exchange.Spot {
		return nil, e.unknown("fund", s)
	}
	mark, ok := e.Mark(s)
	if !ok {
		return nil, &exchange.Error{Venue: e.cfg.Venue, Op: "fund", Class: exchange.ErrUnavailable, Code: "mark", Err: m.book.Err}
	}
	var r []Payment
	for _, a := range e.people {
		p := &a.positions[m.index]
		if p.quantity.IsZero() {
			continue
		}
		got := p.quantity.Mul(mark).Mul(rate).Neg()
		b := a.perp.balance(s.Quote)
		b.free = b.free.Add(got)
		r = append(r, Payment{
			Account:  a.id,
			Position: exchange.Position{Market: m.ins.Market, Account: a.id, Quantity: p.quantity, Cost: p.cost, Time: p.time},
			Amount:   exchange.Amount{Asset: s.Quote, Quantity: got},
		})
		ev := exchange.Event{Kind: exchange.BalanceUpdate, Time: now, Balances: []exchange.Balance{e.balanceOf(a, a.perp, s.Quote)}}
		ev.Order.Market.Venue, ev.Order.Account = e.cfg.Venue, a.id
		e.events.add(ev)
	}
	return r, nil
}

func (e *Engine) balanceOf(a *account, w wallet, asset exchange.Asset) exchange.Balance {
	b := w.balance(asset)
	kind := exchange.WalletUnified
	if e.cfg.SplitWallets {
		kind = exchange.WalletSpot
		if asset != "" && a.perp[asset] == b {
			kind = exchange.WalletPerp
		}
	}
	return exchange.Balance{Asset: asset, Wallet: kind, Free: b.free, Locked: b.locked}
}
