package sim_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// accounts is the account recomputed from the log of fills alone, by other rules than the engine's: total per asset, and per market the
// signed quantity and the quote paid.
type accounts struct {
	total    map[exchange.Asset]exchange.Decimal
	quantity map[exchange.Market]exchange.Decimal
	cost     map[exchange.Market]exchange.Decimal
}

func recompute(cfg sim.EngineConfig, log []exchange.Fill) accounts {
	a := accounts{map[exchange.Asset]exchange.Decimal{}, map[exchange.Market]exchange.Decimal{}, map[exchange.Market]exchange.Decimal{}}
	add := func(asset exchange.Asset, d exchange.Decimal) { a.total[asset] = a.total[asset].Add(d) }
	for _, b := range cfg.Balances {
		add(b.Asset, b.Quantity)
	}
	for _, f := range log {
		q := f.Quantity
		if f.Side == exchange.Sell {
			q = q.Neg()
		}
		paid := q.Mul(f.Price)
		add(f.FeeAsset, f.Fee.Neg())
		if f.Market.Symbol.Kind == exchange.Spot {
			add(f.Market.Symbol.Base, q)
			add(f.Market.Symbol.Quote, paid.Neg())
			continue
		}
		// A flip is two trades at one price: to zero, and on.
		before := a.quantity[f.Market]
		if before.Sign()*q.Sign() < 0 && q.Abs().Cmp(before.Abs()) >= 0 {
			add(f.Market.Symbol.Quote, a.cost[f.Market].Sub(before.Mul(f.Price)).Neg())
			a.quantity[f.Market] = before.Add(q)
			a.cost[f.Market] = a.quantity[f.Market].Mul(f.Price)
			continue
		}
		a.quantity[f.Market], a.cost[f.Market] = before.Add(q), a.cost[f.Market].Add(paid)
	}
	return a
}

// audit compares the engine's balances and positions with its log, exactly, and its orders with their fills.
func audit(t testing.TB, cfg sim.EngineConfig, e *sim.Engine) {
	t.Helper()
	want := recompute(cfg, e.Log())
	got := map[exchange.Asset]exchange.Balance{}
	for _, b := range e.Balances(e.Account()) {
		got[b.Asset] = b
	}
	for asset, total := range want.total {
		if !got[asset].Total().Equal(total) {
			t.Errorf("%s: balance %s, by the fills %s", asset, got[asset].Total(), total)
		}
	}
	for asset, b := range got {
		if _, ok := want.total[asset]; !ok {
			t.Errorf("%s from nowhere: %s", asset, b.Total())
		}
		if b.Free.Sign() < 0 || b.Locked.Sign() < 0 {
			t.Errorf("%s: free %s, locked %s", asset, b.Free, b.Locked)
		}
	}
	open := map[exchange.Market]bool{}
	for _, p := range e.Positions(e.Account()) {
		open[p.Market] = true
		if !p.Quantity.Equal(want.quantity[p.Market]) || !p.Cost.Equal(want.cost[p.Market]) {
			t.Errorf("%s: %s for %s, by the fills %s for %s", p.Market, p.Quantity, p.Cost, want.quantity[p.Market], want.cost[p.Market])
		}
	}
	for m, q := range want.quantity {
		if !q.IsZero() && !open[m] {
			t.Errorf("%s: no position, by the fills %s", m, q)
		}
	}
	auditOrders(t, e)
}

func auditOrders(t testing.TB, e *sim.Engine) {
	t.Helper()
	filled, notional := map[string]exchange.Decimal{}, map[string]exchange.Decimal{}
	seen := map[exchange.FillKey]bool{}
	for _, f := range e.Log() {
		if seen[f.Key()] {
			t.Errorf("fill %v twice", f.Key())
		}
		seen[f.Key()] = true
		filled[f.ClientID] = filled[f.ClientID].Add(f.Quantity)
		notional[f.ClientID] = notional[f.ClientID].Add(f.Notional())
	}
	for id, q := range filled {
		var o exchange.Order
		for _, ins := range e.Instruments() {
			if x, err := e.Lookup(exchange.OrderRef{Market: ins.Market, ClientID: id}); err == nil {
				o = x
			}
		}
		if !o.Filled.Equal(q) || o.Filled.Cmp(o.Quantity) > 0 || (o.Status == exchange.StatusFilled) != o.Remaining().IsZero() {
			t.Errorf("%s: %s of %s filled, by the fills %s, %s", id, o.Filled, o.Quantity, q, o.Status)
		}
		if off := o.AvgPrice.Mul(o.Filled).Sub(notional[id]).Abs(); off.Cmp(dec("0.000001")) > 0 {
			t.Errorf("%s: average price %s is off by %s", id, o.AvgPrice, off)
		}
	}
}
