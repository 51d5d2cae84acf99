package exchangetest

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

func accountCases() []test {
	return []test{
		{name: "fees", run: fees},
		{name: "fee-asset", only: onlySpot, run: feeAsset, open: func(c *Config) func(*testing.T) exchange.Exchange { return c.OpenFeeAsset }},
		{name: "balances-locked", run: balancesLocked},
		{name: "balances-traded", only: onlySpot, run: balancesTraded},
		{name: "position", only: onlyPerp, run: position},
		{name: "fills-since", run: fillsSince},
	}
}

// takeAndMake lets the account trade once as taker and once as maker, buying, and returns the fills.
func (s *scene) takeAndMake() (taker, maker []exchange.Fill) {
	take := with(s.limit(exchange.Buy, ask, 2), exchange.IOC)
	s.place(take)
	taker = s.wantEnd(take, exchange.StatusFilled, take.Quantity).Fills
	rest := s.limit(exchange.Buy, inside, 3)
	s.place(rest)
	s.resting(rest.Ref())
	s.trade(exchange.Sell, inside, 3)
	return taker, s.wantEnd(rest, exchange.StatusFilled, rest.Quantity).Fills
}

// Fees are what the rates say, positive where they are paid and negative for a rebate, in the asset that is charged.
func fees(s *scene) {
	s.listen()
	rates, err := s.x.Fees(s.ctx, s.run.symbol)
	s.must("fees", err)
	if rates.Taker.Sign() <= 0 || rates.Maker.Equal(rates.Taker) {
		s.Fatalf("exchangetest: rates %s and %s tell nothing: let takers pay, and makers something else, please", rates.Maker, rates.Taker)
	}
	taker, maker := s.takeAndMake()
	for _, f := range taker {
		s.wantFee(f, false, rates.Taker)
	}
	for _, f := range maker {
		s.wantFee(f, true, rates.Maker)
	}
	_, err = s.x.Fees(s.ctx, exchange.Symbol{Base: "NOSUCHCOIN", Quote: s.run.symbol.Quote, Kind: s.run.symbol.Kind})
	s.wantRead("fees of no symbol", err, exchange.ErrInvalid)
}

func (s *scene) wantFee(f exchange.Fill, maker bool, rate exchange.Decimal) {
	s.Helper()
	want := f.Notional().Mul(rate)
	if f.FeeAsset == f.Market.Symbol.Base {
		want = f.Quantity.Mul(rate)
	}
	known := f.FeeAsset == f.Market.Symbol.Base && f.Market.Symbol.Kind == exchange.Spot || f.FeeAsset == f.Market.Symbol.Quote
	if !known || f.Maker != maker || !near(f.Fee, want) {
		s.Errorf("fill of %s at %s, maker %t: fee %s %s, want %s at a rate of %s", f.Quantity, f.Price, f.Maker, f.Fee, f.FeeAsset, want, rate)
	}
}

// Fees may be paid in a third asset: they are told in it, and come off it.
func feeAsset(s *scene) {
	s.listen()
	before := s.holdings()
	taker, maker := s.takeAndMake()
	y := s.run.symbol
	paid := map[exchange.Asset]exchange.Decimal{}
	for _, f := range append(taker, maker...) {
		if f.FeeAsset == y.Base || f.FeeAsset == y.Quote || f.Fee.Sign() <= 0 {
			s.Errorf("fee of %s %s, want a third asset", f.Fee, f.FeeAsset)
		}
		paid[f.FeeAsset] = paid[f.FeeAsset].Add(f.Fee)
	}
	after := s.holdings()
	for asset, fee := range paid {
		if !before[asset].Sub(after[asset]).Equal(fee) {
			s.Errorf("%s went from %s to %s, with fees of %s", asset, before[asset], after[asset], fee)
		}
	}
	if got := after[y.Base].Sub(before[y.Base]); !got.Equal(s.units(5)) {
		s.Errorf("%s bought %s, want %s: the fees are paid elsewhere", y.Base, got, s.units(5))
	}
}

// wallet is the purse that the symbol's orders are paid from.
func (s *scene) wallet(b exchange.Balance) bool {
	if s.run.symbol.Kind == exchange.Spot {
		return b.Wallet != exchange.WalletPerp
	}
	return b.Wallet != exchange.WalletSpot
}

func (s *scene) balances() map[exchange.Asset]exchange.Balance {
	s.Helper()
	list, err := s.x.Balances(s.ctx)
	s.must("balances", err)
	r := map[exchange.Asset]exchange.Balance{}
	for _, b := range list {
		if !s.wallet(b) {
			continue
		}
		if _, twice := r[b.Asset]; twice {
			s.Errorf("balances: %s twice in one wallet", b.Asset)
		}
		r[b.Asset] = b
	}
	return r
}

func (s *scene) holdings() map[exchange.Asset]exchange.Decimal {
	r := map[exchange.Asset]exchange.Decimal{}
	for a, b := range s.balances() {
		r[a] = b.Total()
	}
	return r
}

// A working order locks what it may cost, and a cancelled one gives it back.
func balancesLocked(s *scene) {
	s.listen()
	asset := s.run.symbol.Quote
	before := s.balances()[asset]
	r := s.limit(exchange.Buy, bid-levels, 4)
	s.place(r)
	s.resting(r.Ref())
	notional := r.Price.Mul(r.Quantity)
	var held exchange.Balance
	ok := s.poll(func() bool {
		held = s.balances()[asset]
		return held.Free.Cmp(before.Free) < 0
	})
	locked := before.Free.Sub(held.Free)
	least := notional
	if s.run.symbol.Kind == exchange.Perp {
		least = notional.Mul(exchange.Scaled(1, -3)) // margin, whatever the leverage
	}
	if !ok || locked.Cmp(least) < 0 || locked.Cmp(notional.Mul(exchange.Scaled(102, -2))) > 0 || !held.Total().Equal(before.Total()) {
		s.Errorf("%s: %s free and %s locked before, %s and %s with an order of %s", asset, before.Free, before.Locked, held.Free, held.Locked, notional)
	}
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
	if !s.poll(func() bool {
		b := s.balances()[asset]
		return b.Free.Equal(before.Free) && b.Locked.Equal(before.Locked)
	}) {
		s.Errorf("%s: %+v after the cancellation, want %+v", asset, s.balances()[asset], before)
	}
}

// What is bought and what is paid, fees included, is what the balances show, to the last digit.
func balancesTraded(s *scene) {
	s.listen()
	before := s.holdings()
	taker, maker := s.takeAndMake()
	want := map[exchange.Asset]exchange.Decimal{}
	y := s.run.symbol
	for _, f := range append(taker, maker...) {
		want[y.Base] = want[y.Base].Add(f.Quantity)
		want[y.Quote] = want[y.Quote].Sub(f.Notional())
		want[f.FeeAsset] = want[f.FeeAsset].Sub(f.Fee)
	}
	after := s.holdings()
	for asset, change := range want {
		if got := after[asset].Sub(before[asset]); !got.Equal(change) {
			s.Errorf("%s changed by %s, want %s", asset, got, change)
		}
	}
}

// wantPosition waits for the symbol's position.
func (s *scene) wantPosition(quantity exchange.Decimal) (p exchange.Position) {
	s.Helper()
	ok := s.poll(func() bool {
		list, err := s.x.Positions(s.ctx)
		s.must("positions", err)
		p = exchange.Position{}
		for _, x := range list {
			if x.Market == s.ins.Market {
				p = x
			}
		}
		return p.Quantity.Equal(quantity)
	})
	if !ok {
		s.Errorf("position of %s, want %s", p.Quantity, quantity)
	}
	return p
}

// A position is signed, and its cost what was paid for it since it was flat; a closed one is not listed.
func position(s *scene) {
	s.listen()
	trade := func(side exchange.Side, units int64) {
		r := s.market(side, units)
		s.place(r)
		s.wantEnd(r, exchange.StatusFilled, r.Quantity)
	}
	wantCost := func(quantity exchange.Decimal, ticks int64) {
		s.Helper()
		p := s.wantPosition(quantity)
		if want := quantity.Mul(s.price(ticks)); !near(p.Cost, want) {
			s.Errorf("position of %s cost %s, want %s", p.Quantity, p.Cost, want)
		}
	}
	trade(exchange.Buy, 2)
	wantCost(s.units(2), ask)
	trade(exchange.Sell, 5)
	wantCost(s.units(-3), bid)
	trade(exchange.Buy, 3)
	s.wantPosition(exchange.Decimal{})
}

// Fills are told from a moment on, oldest first.
func fillsSince(s *scene) {
	s.listen()
	var last exchange.Order
	for range 3 {
		r := with(s.limit(exchange.Buy, ask, 1), exchange.IOC)
		s.place(r)
		last = s.wantEnd(r, exchange.StatusFilled, r.Quantity)
		s.rest(2 * second)
	}
	all, err := s.x.Fills(s.ctx, s.run.symbol, s.began)
	s.must("fills", err)
	late, err := s.x.Fills(s.ctx, s.run.symbol, last.Fills[0].Time.Add(-second))
	s.must("fills", err)
	if len(all) < 3 || len(late) != len(last.Fills) || !sum(late).Equal(s.units(1)) {
		s.Errorf("%d fills, %d of them since the last order, want 3 and %d", len(all), len(late), len(last.Fills))
	}
}
