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
		h := &a.holds[m.index]
		if h.position.quantity == 0 {
			continue
		}
		got := m.size(h.position.quantity).Mul(mark).Mul(rate).Neg()
		h.quote.free = h.quote.free.add(moneyOf(got))
		r = append(r, Payment{Account: a.id, Position: a.position(m), Amount: exchange.Amount{Asset: s.Quote, Quantity: got}})
		kind := exchange.WalletUnified
		if e.cfg.SplitWallets {
			kind = exchange.WalletPerp
		}
		left := exchange.Balance{Asset: s.Quote, Wallet: kind, Free: h.quote.free.decimal(), Locked: h.quote.locked.decimal()}
		ev := &exchange.Event{Kind: exchange.BalanceUpdate, Time: now, Balances: []exchange.Balance{left}}
		ev.Order.Market.Venue, ev.Order.Account = e.cfg.Venue, a.id
		*e.events.add() = news{other: ev}
	}
	return r, nil
}
