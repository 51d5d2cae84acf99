package order

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// account is what the Machine knows of an account: whether its private stream is up, and what it can spend. Funds are checked once
// they were told (EvFunds); fills keep them from then on. They are an estimate of the venue's own figures, on the safe side: of a
// perpetual that is open only a loss counts, for venues do not let a profit be spent before it is realised.
type account struct {
	down  error
	known bool
	split bool // spot and perpetuals have wallets of their own
	funds map[purse]*fund
	perps map[exchange.Market]*perp
}

// purse is an asset in a wallet.
type purse struct {
	asset  exchange.Asset
	wallet exchange.Wallet
}

// fund is one asset: free less held is what a new group may reserve.
type fund struct{ free, held exchange.Decimal }

// hold is a group's part of a fund's held: so that no two groups spend the same balance, neither what a group is about to spend nor
// what it has just bought and may have to trade back.
type hold struct {
	fund   *fund
	amount exchange.Decimal
}

// perp is a perpetual position, as far as it matters to the quote that is free.
type perp struct{ quantity, cost, mark exchange.Decimal }

// free is what p adds to the free quote at the last price that we dealt at: while it is open its loss, if any, and its margin; all that it
// brought when it is flat.
func (p *perp) free(rate exchange.Decimal) exchange.Decimal {
	if p.quantity.IsZero() {
		return p.cost.Neg()
	}
	return p.quantity.Mul(p.mark).Sub(p.cost).Min(exchange.Decimal{}).Sub(p.quantity.Abs().Mul(p.mark).Mul(rate))
}

// trade takes a purchase (or, negative, a sale) of quantity at price into p, and returns what it does to the free quote.
func (p *perp) trade(quantity, price, rate exchange.Decimal) exchange.Decimal {
	if p.mark.IsZero() { // a position from before: its venue has counted it, at about this price
		p.mark = price
	}
	before := p.free(rate)
	p.quantity, p.cost, p.mark = p.quantity.Add(quantity), p.cost.Add(quantity.Mul(price)), price
	after := p.free(rate)
	if p.quantity.IsZero() {
		p.cost = exchange.Decimal{} // realised: it is the account's
	}
	return after.Sub(before)
}

// fund is what pays in s for markets of kind k.
func (a *account) fund(k exchange.Kind, s exchange.Asset) *fund {
	w := exchange.WalletUnified
	switch {
	case a.split && k == exchange.Perp:
		w = exchange.WalletPerp
	case a.split:
		w = exchange.WalletSpot
	}
	return a.at(purse{s, w})
}

func (a *account) at(p purse) *fund {
	f := a.funds[p]
	if f == nil {
		f = new(fund)
		a.funds[p] = f
	}
	return f
}

// setFunds takes an account's balances and positions as its venue tells them.
func (m *Machine) setFunds(now time.Time, ev *Event) {
	a := m.accounts[ev.Account]
	if a == nil {
		return
	}
	a.known = true
	for _, f := range a.funds {
		f.free = exchange.Decimal{}
	}
	for _, b := range ev.Balances {
		a.split = a.split || b.Wallet != exchange.WalletUnified
		a.at(purse{b.Asset, b.Wallet}).free = b.Free
	}
	clear(a.perps)
	for _, p := range ev.Positions {
		a.perps[p.Market] = &perp{quantity: p.Quantity, cost: p.Cost}
	}
	m.recordFunds(now, ev)
}

// reserve holds what g's legs may cost at their limit prices, fees included, or nothing.
func (m *Machine) reserve(g *group) *Refused {
	for i := range g.legs {
		l := &g.legs[i]
		a := m.accounts[Account{l.Market.Venue, l.Account}]
		if !a.known {
			continue
		}
		asset, amount := m.need(a, l)
		f := a.fund(l.Market.Symbol.Kind, asset)
		if f.free.Sub(f.held).Cmp(amount) < 0 {
			m.release(g)
			return &Refused{Reason: "insufficient_funds", Market: l.Market, Class: exchange.ErrInsufficientFunds}
		}
		f.held = f.held.Add(amount)
		g.holds = append(g.holds, hold{f, amount})
	}
	return nil
}

// need is what leg l may cost: quote with fees for a purchase, base for a sale, margin and fees for a perpetual as far as it grows the
// position.
func (m *Machine) need(a *account, l *exchange.OrderRequest) (exchange.Asset, exchange.Decimal) {
	s := l.Market.Symbol
	notional := l.Price.Mul(l.Quantity)
	fees := notional.Mul(m.cfg.FeeReserve)
	switch {
	case s.Kind == exchange.Perp:
		return s.Quote, m.growth(a, l).Mul(l.Price).Mul(m.cfg.MarginRate).Add(fees)
	case l.Side == exchange.Buy:
		return s.Quote, notional.Add(fees)
	}
	return s.Base, l.Quantity
}

// growth is by how much l could make the account's position larger.
func (m *Machine) growth(a *account, l *exchange.OrderRequest) exchange.Decimal {
	p := a.perps[l.Market]
	if p == nil {
		return l.Quantity
	}
	after := p.quantity.Add(l.Quantity)
	if l.Side == exchange.Sell {
		after = p.quantity.Sub(l.Quantity)
	}
	return after.Abs().Sub(p.quantity.Abs()).Max(exchange.Decimal{})
}

// release gives back what g still holds.
func (m *Machine) release(g *group) {
	for _, h := range g.holds {
		h.fund.held = h.fund.held.Sub(h.amount)
	}
	g.holds = nil
}

// spend moves the funds of a fill, of group g or of none.
func (m *Machine) spend(g *group, f *exchange.Fill) {
	a := m.accounts[Account{f.Market.Venue, f.Account}]
	if a == nil || !a.known {
		return
	}
	s := f.Market.Symbol
	if !f.Fee.IsZero() {
		a.fund(s.Kind, f.FeeAsset).move(g, f.Fee.Neg())
	}
	if s.Kind == exchange.Perp {
		a.fund(s.Kind, s.Quote).move(g, m.deal(a, f))
		return
	}
	quantity := f.Quantity
	if f.Side == exchange.Sell {
		quantity = quantity.Neg()
	}
	a.fund(s.Kind, s.Base).move(g, quantity)
	a.fund(s.Kind, s.Quote).move(g, cash(f))
}

// deal takes a perpetual's fill into the position and returns what it does to the free quote. What turns the position is two trades: one
// until it is flat, one from there.
func (m *Machine) deal(a *account, f *exchange.Fill) exchange.Decimal {
	p := a.perps[f.Market]
	if p == nil {
		p = new(perp)
		a.perps[f.Market] = p
	}
	quantity, free := f.Quantity, exchange.Decimal{}
	if f.Side == exchange.Sell {
		quantity = quantity.Neg()
	}
	if had := p.quantity; had.Sign()*quantity.Sign() < 0 && quantity.Abs().Cmp(had.Abs()) > 0 {
		free = p.trade(had.Neg(), f.Price, m.cfg.MarginRate)
		quantity = quantity.Add(had)
	}
	return free.Add(p.trade(quantity, f.Price, m.cfg.MarginRate))
}

// move changes what is free. Group g pays from what it holds; what it earns it holds until its end.
func (f *fund) move(g *group, d exchange.Decimal) {
	f.free = f.free.Add(d)
	if g == nil {
		return
	}
	for i := range g.holds {
		h := &g.holds[i]
		if h.fund != f {
			continue
		}
		after := h.amount.Add(d).Max(exchange.Decimal{})
		f.held = f.held.Add(after.Sub(h.amount))
		h.amount = after
		return
	}
	if d.Sign() > 0 {
		f.held = f.held.Add(d)
		g.holds = append(g.holds, hold{f, d})
	}
}
