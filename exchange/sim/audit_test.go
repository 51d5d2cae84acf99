package sim_test

import (
	"fmt"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// books is an account recomputed from its fills and payments alone, by other rules than the engine's: total per asset, and per market the
// signed quantity, the quote paid, and the lots that are open, oldest first.
type books struct {
	total    map[exchange.Asset]exchange.Decimal
	quantity map[exchange.Market]exchange.Decimal
	cost     map[exchange.Market]exchange.Decimal
	lots     map[exchange.Market][]exchange.Fill
}

func (a *books) add(asset exchange.Asset, d exchange.Decimal) { a.total[asset] = a.total[asset].Add(d) }

func (a *books) fill(f exchange.Fill) {
	q := f.Quantity
	if f.Side == exchange.Sell {
		q = q.Neg()
	}
	paid := q.Mul(f.Price)
	a.add(f.FeeAsset, f.Fee.Neg())
	if f.Market.Symbol.Kind == exchange.Spot {
		a.add(f.Market.Symbol.Base, q)
		a.add(f.Market.Symbol.Quote, paid.Neg())
		return
	}
	a.lot(f)
	// A flip is two trades at one price: to zero, and on.
	before := a.quantity[f.Market]
	if before.Sign()*q.Sign() < 0 && q.Abs().Cmp(before.Abs()) >= 0 {
		a.add(f.Market.Symbol.Quote, a.cost[f.Market].Sub(before.Mul(f.Price)).Neg())
		a.quantity[f.Market] = before.Add(q)
		a.cost[f.Market] = a.quantity[f.Market].Mul(f.Price)
		return
	}
	a.quantity[f.Market], a.cost[f.Market] = before.Add(q), a.cost[f.Market].Add(paid)
}

func (a *books) lot(f exchange.Fill) {
	lots := a.lots[f.Market]
	for len(lots) > 0 && lots[0].Side != f.Side && f.Quantity.Sign() > 0 {
		n := f.Quantity.Min(lots[0].Quantity)
		f.Quantity = f.Quantity.Sub(n)
		if lots[0].Quantity = lots[0].Quantity.Sub(n); lots[0].Quantity.IsZero() {
			lots = lots[1:]
		}
	}
	if f.Quantity.Sign() > 0 {
		lots = append(lots, f)
	}
	a.lots[f.Market] = lots
}

// audit compares the engine's balances and positions with its log, exactly, for every account; its orders with their fills; and the two sides of
// each trade with one another.
func audit(t testing.TB, cfg sim.EngineConfig, e *sim.Engine, paid ...sim.Payment) {
	t.Helper()
	log := e.Log()
	for _, a := range append([]sim.AccountConfig{{ID: cfg.Account, Balances: cfg.Balances, Margin: cfg.Margin}}, cfg.Accounts...) {
		want := &books{map[exchange.Asset]exchange.Decimal{}, map[exchange.Market]exchange.Decimal{}, map[exchange.Market]exchange.Decimal{},
			map[exchange.Market][]exchange.Fill{}}
		for _, b := range append(append([]exchange.Amount(nil), a.Balances...), a.Margin...) {
			want.add(b.Asset, b.Quantity)
		}
		for _, f := range log {
			if f.Account == a.ID {
				want.fill(f)
			}
		}
		for _, p := range paid {
			if p.Account == a.ID {
				want.add(p.Amount.Asset, p.Amount.Quantity)
			}
		}
		auditAccount(t, cfg, e, a, want)
	}
	auditOrders(t, e, log)
	auditTrades(t, log)
}

func auditAccount(t testing.TB, cfg sim.EngineConfig, e *sim.Engine, a sim.AccountConfig, want *books) {
	t.Helper()
	total, locked := map[exchange.Asset]exchange.Decimal{}, map[exchange.Asset]exchange.Decimal{}
	for _, b := range e.Balances(a.ID) {
		if b.Free.Sign() < 0 || b.Locked.Sign() < 0 {
			t.Errorf("%s %s: free %s, locked %s", a.ID, b.Asset, b.Free, b.Locked)
		}
		total[b.Asset], locked[b.Asset] = total[b.Asset].Add(b.Total()), locked[b.Asset].Add(b.Locked)
		if _, ok := want.total[b.Asset]; !ok {
			t.Errorf("%s: %s from nowhere: %s", a.ID, b.Asset, b.Total())
		}
	}
	for asset, sum := range want.total {
		if !total[asset].Equal(sum) {
			t.Errorf("%s %s: balance %s, by the fills %s", a.ID, asset, total[asset], sum)
		}
	}
	for asset, sum := range wantLocked(cfg, e, a, want) {
		if !locked[asset].Equal(sum) {
			t.Errorf("%s %s: locked %s, by orders and positions %s", a.ID, asset, locked[asset], sum)
		}
	}
	open := map[exchange.Market]bool{}
	for _, p := range e.Positions(a.ID) {
		open[p.Market] = true
		if !p.Quantity.Equal(want.quantity[p.Market]) || !p.Cost.Equal(want.cost[p.Market]) || p.Account != a.ID {
			t.Errorf("%s %s: %s for %s, by the fills %s for %s", a.ID, p.Market, p.Quantity, p.Cost, want.quantity[p.Market], want.cost[p.Market])
		}
	}
	for m, q := range want.quantity {
		if !q.IsZero() && !open[m] {
			t.Errorf("%s %s: no position, by the fills %s", a.ID, m, q)
		}
	}
}

// wantLocked is what open orders and positions must hold.
func wantLocked(cfg sim.EngineConfig, e *sim.Engine, a sim.AccountConfig, b *books) map[exchange.Asset]exchange.Decimal {
	r := map[exchange.Asset]exchange.Decimal{}
	margin := cfg.MarginRate
	if margin.IsZero() {
		margin = dec("0.1")
	}
	fees := cfg.Fees
	if a.Fees != nil {
		fees = *a.Fees
	}
	reserve := fees.Maker.Max(fees.Taker).Max(exchange.Decimal{})
	for _, ins := range e.Instruments() {
		y := ins.Market.Symbol
		r[y.Base], r[y.Quote] = r[y.Base].Add(exchange.Decimal{}), r[y.Quote].Add(exchange.Decimal{})
		for _, o := range e.OpenOrders(a.ID, y) {
			notional := o.Remaining().Mul(o.Price)
			switch {
			case y.Kind == exchange.Spot && o.Side == exchange.Sell:
				r[y.Base] = r[y.Base].Add(o.Remaining())
			case y.Kind == exchange.Spot && cfg.BaseFee:
				r[y.Quote] = r[y.Quote].Add(notional)
			case y.Kind == exchange.Spot:
				r[y.Quote] = r[y.Quote].Add(notional.Mul(dec("1").Add(reserve)))
			case !o.ReduceOnly:
				r[y.Quote] = r[y.Quote].Add(notional.Mul(margin.Add(reserve)))
			}
		}
		for _, l := range b.lots[ins.Market] {
			r[y.Quote] = r[y.Quote].Add(l.Notional().Mul(margin))
		}
	}
	return r
}

func auditOrders(t testing.TB, e *sim.Engine, log []exchange.Fill) {
	t.Helper()
	type sum struct {
		ref              exchange.OrderRef
		filled, notional exchange.Decimal
		fees             map[exchange.Asset]exchange.Decimal
	}
	sums, seen := map[string]*sum{}, map[exchange.FillKey]bool{}
	for _, f := range log {
		if seen[f.Key()] {
			t.Errorf("fill %v twice", f.Key())
		}
		seen[f.Key()] = true
		s := sums[f.VenueID]
		if s == nil {
			s = &sum{ref: exchange.OrderRef{Market: f.Market, Account: f.Account, ClientID: f.ClientID, VenueID: f.VenueID}, fees: map[exchange.Asset]exchange.Decimal{}}
			sums[f.VenueID] = s
		}
		s.filled, s.notional = s.filled.Add(f.Quantity), s.notional.Add(f.Notional())
		s.fees[f.FeeAsset] = s.fees[f.FeeAsset].Add(f.Fee)
	}
	for _, s := range sums {
		o, err := e.Lookup(s.ref)
		if err != nil {
			t.Errorf("%v: %v", s.ref, err)
		}
		if !o.Filled.Equal(s.filled) || o.Filled.Cmp(o.Quantity) > 0 || (o.Status == exchange.StatusFilled) != o.Remaining().IsZero() {
			t.Errorf("%v: %s of %s filled, by the fills %s, %s", s.ref, o.Filled, o.Quantity, s.filled, o.Status)
		}
		if want := s.notional.Quo(s.filled, 9, exchange.HalfEven); !o.AvgPrice.Equal(want) && o.AvgPrice.Sub(want).Abs().Cmp(dec("0.000001")) > 0 {
			t.Errorf("%v: average price %s, want %s", s.ref, o.AvgPrice, want)
		}
		if len(o.Fees) != len(s.fees) {
			t.Errorf("%v: fees %v, by the fills %v", s.ref, o.Fees, s.fees)
		}
		for _, f := range o.Fees {
			if !f.Quantity.Equal(s.fees[f.Asset]) {
				t.Errorf("%v: fees %v, by the fills %v", s.ref, o.Fees, s.fees)
			}
		}
	}
}

// auditTrades: a trade is one fill, against given liquidity, or two that are the two sides of one thing.
func auditTrades(t testing.TB, log []exchange.Fill) {
	t.Helper()
	sides := map[string][]exchange.Fill{}
	for _, f := range log {
		sides[f.TradeID] = append(sides[f.TradeID], f)
	}
	for id, s := range sides {
		if len(s) == 1 {
			continue
		}
		a, b := s[0], s[1]
		if len(s) != 2 || a.Market != b.Market || a.Side == b.Side || !a.Price.Equal(b.Price) || !a.Quantity.Equal(b.Quantity) || a.Maker || !b.Maker {
			t.Errorf("trade %s: %s", id, fmt.Sprint(s))
		}
	}
}
