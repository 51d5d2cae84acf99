package bybit

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// balance is what the unified account holds of one coin. Its parts always add up to what is there less what is owed and what open positions
// have lost so far, so that Free is negative where that is more than is held. What they have won is nobody's to spend yet.
func (w *coinRow) balance() (exchange.Balance, error) {
	var n amounts
	total := n.read(w.WalletBalance).Sub(n.size(w.SpotBorrow)).Add(n.read(w.UnrealisedPnl).Min(exchange.Decimal{}))
	locked := n.size(w.Locked).Add(n.size(w.TotalOrderIM)).Add(n.size(w.TotalPositionIM))
	// Margin is the account's, not the coin's: other coins may stand in for a part of it.
	locked = locked.Min(total.Max(exchange.Decimal{}))
	switch {
	case n.err != nil:
		return exchange.Balance{}, n.err
	case w.Coin == "" || w.WalletBalance == "":
		return exchange.Balance{}, frame("balance of", w.Coin)
	}
	return exchange.Balance{Asset: exchange.Asset(w.Coin), Free: total.Sub(locked), Locked: locked}, nil
}

// balances lists the coins of the unified account, zero ones too.
func balances(accounts []walletRow) ([]exchange.Balance, error) {
	var all []exchange.Balance
	for _, a := range accounts {
		if a.AccountType != "UNIFIED" && a.AccountType != "" {
			continue
		}
		for i := range a.Coins {
			b, err := a.Coins[i].balance()
			if err != nil {
				return nil, err
			}
			all = append(all, b)
		}
	}
	return all, nil
}

// position is one side of a market: in one-way mode, the only one the adapter trades in, the position.
func (p *parser) position(w *positionRow) (o exchange.Position, ok bool, err error) {
	if w.Category != "linear" && w.Category != "" {
		return o, false, nil
	}
	m, ok := p.market(exchange.Perp, w.Symbol)
	if !ok {
		return o, false, nil
	}
	var n amounts
	quantity, price := n.size(w.Size), n.size(w.AvgPrice)
	if w.AvgPrice == "" {
		price = n.size(w.EntryPrice)
	}
	if n.err == nil && !quantity.IsZero() {
		side, err := sideOf(w.Side)
		if err != nil {
			return o, true, err
		}
		if price.IsZero() {
			return o, true, frame("position without price", w.Symbol)
		}
		if side == exchange.Sell {
			quantity = quantity.Neg()
		}
	}
	o = exchange.Position{Market: m, Account: p.account, Quantity: quantity, Cost: quantity.Mul(price), Time: n.millis(w.UpdatedTime)}
	return o, true, n.err
}

// rates are positive for what is paid, as the library has it.
func (w *feeRow) rates() (exchange.FeeRates, error) {
	maker, err := decimal(w.MakerFeeRate)
	if err != nil {
		return exchange.FeeRates{}, err
	}
	taker, err := decimal(w.TakerFeeRate)
	return exchange.FeeRates{Maker: maker, Taker: taker}, err
}

// time reads the venue's clock, the finer number if it is there.
func (w *timeResult) time() (time.Time, error) {
	if n, err := strconv.ParseInt(string(w.Nano), 10, 64); err == nil && n > 0 {
		return time.Unix(0, n), nil
	}
	if s, err := strconv.ParseInt(string(w.Second), 10, 64); err == nil && s > 0 && s < 1<<33 {
		return time.Unix(s, 0), nil
	}
	return time.Time{}, frame("time", w.Second)
}
