package binance

import (
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// spotBalances reads GET account, zero rows left out.
func spotBalances(data []byte) ([]exchange.Balance, error) {
	all, err := spotRows(data)
	return slices.DeleteFunc(all, func(b exchange.Balance) bool { return b.Free.IsZero() && b.Locked.IsZero() }), err
}

func spotRows(data []byte) ([]exchange.Balance, error) {
	f := parseFields(data)
	var all []exchange.Balance
	for _, raw := range f.list("balances") {
		row := parseFields(raw)
		b := exchange.Balance{
			Asset: exchange.Asset(row.text("asset")), Wallet: exchange.WalletSpot, Free: row.number("free"), Locked: row.number("locked"),
		}
		if err := row.wrap("balance"); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, f.wrap("balances")
}

// perpBalances reads GET balance. With multi-assets margin more may be available than there is of the asset: Free ends at what there is, so that
// the sums are true.
func perpBalances(data []byte) ([]exchange.Balance, error) {
	list, err := parseList(data)
	if err != nil {
		return nil, err
	}
	var all []exchange.Balance
	for _, raw := range list {
		f := parseFields(raw)
		total, free := f.number("balance"), f.number("availableBalance")
		b := exchange.Balance{Asset: exchange.Asset(f.text("asset")), Wallet: exchange.WalletPerp, Free: free.Min(total)}
		b.Locked = total.Sub(b.Free)
		if err := f.wrap("balance"); err != nil {
			return nil, err
		}
		if !total.IsZero() {
			all = append(all, b)
		}
	}
	return all, nil
}

// positions reads GET positionRisk. The two sides of hedge mode are netted. Symbols that are not listed, dated futures, are left out.
func (r reader) positions(data []byte) ([]exchange.Position, error) {
	list, err := parseList(data)
	if err != nil {
		return nil, err
	}
	var all []exchange.Position
	for _, raw := range list {
		f := parseFields(raw)
		name, q, entry := f.text("symbol"), f.number("positionAmt"), f.positive("entryPrice")
		at := f.time("updateTime")
		if err := f.wrap("position"); err != nil {
			return nil, err
		}
		symbol, ok := r.symbol(name)
		if q.IsZero() || !ok {
			continue
		}
		m := exchange.Market{Venue: Venue, Symbol: symbol}
		i := slices.IndexFunc(all, func(p exchange.Position) bool { return p.Market == m })
		if i < 0 {
			i = len(all)
			all = append(all, exchange.Position{Market: m, Account: r.account})
		}
		p := &all[i]
		p.Quantity, p.Cost = p.Quantity.Add(q), p.Cost.Add(q.Mul(entry))
		if at.After(p.Time) {
			p.Time = at
		}
	}
	return all, nil
}

// spotFees reads GET account/commission. What the venue takes of both sides is the sum of the standard part, less the discount for paying with
// its token, the special part and the tax, each with the part of maker or taker and that of buyer or seller. One rate is for both
// sides of a market: the dearer. The discount is assumed where it is switched on; without enough of the token the venue charges more.
func spotFees(data []byte) (exchange.FeeRates, error) {
	f := parseFields(data)
	one := exchange.Scaled(1, 0)
	factor := one
	if f.has("discount") {
		d := parseFields(f.value("discount"))
		if d.flag("enabledForAccount") && d.flag("enabledForSymbol") {
			factor = d.positive("discount")
		}
		if d.err != nil || factor.Cmp(one) > 0 {
			f.fail("discount: %.60q", f.value("discount"))
		}
	}
	var rates exchange.FeeRates
	for _, part := range []string{"standardCommission", "specialCommission", "taxCommission"} {
		if part != "standardCommission" && !f.has(part) {
			continue
		}
		times := one
		if part == "standardCommission" {
			times = factor
		}
		c := parseFields(f.value(part))
		side := c.number("buyer").Max(c.number("seller"))
		rates.Maker = rates.Maker.Add(c.number("maker").Add(side).Mul(times))
		rates.Taker = rates.Taker.Add(c.number("taker").Add(side).Mul(times))
		if c.err != nil {
			f.fail("%s: %.60q", part, f.value(part))
		}
	}
	return rates, f.wrap("fees")
}

// perpFees reads GET commissionRate.
func perpFees(data []byte) (exchange.FeeRates, error) {
	f := parseFields(data)
	r := exchange.FeeRates{Maker: f.number("makerCommissionRate"), Taker: f.number("takerCommissionRate")}
	return r, f.wrap("fees")
}

// hedged reads GET accountConfig: whether the account has two positions a symbol.
func hedged(data []byte) (bool, error) {
	f := parseFields(data)
	if !f.has("dualSidePosition") {
		f.fail("no dualSidePosition")
	}
	return f.flag("dualSidePosition"), f.wrap("account")
}
