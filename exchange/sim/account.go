package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// account is somebody who trades at the venue.
type account struct {
	id         exchange.AccountID
	fees       exchange.FeeRates
	maker      rate
	taker      rate
	lockSpot   rate // of the notional of a spot buy that is locked
	lockPerp   rate // of a perpetual order's
	reserve    rate // the highest fee rate that an order may meet; a rebate is not counted on
	feeAsset   exchange.Asset
	feePrice   exchange.Decimal
	spot, perp wallet // the same one where the venue does not split
	holds      []holding
	orders     map[string]*order // by client id
}

// wallet is a purse.
type wallet map[exchange.Asset]*balance

type balance struct{ free, locked money }

// holding is what an account has to do with a market.
type holding struct {
	base, quote *balance
	fee         *balance // of the third asset; nil: none
	position    position
	open        [2]int64 // sum of what is left of the resting orders, by side
	reduceOnly  int      // how many resting orders are
}

// position is an open perpetual position. Its lots, oldest first, carry the margin: each locks what it cost to open, and closing
// releases them in turn. That keeps margins exact, where an average price would have to be rounded.
type position struct {
	quantity int64 // in the market's units; negative: short
	cost     money // see exchange.Position
	entry    exchange.Decimal
	lots     []lot
	opened   money // sum of the lots
	time     time.Time
}

type lot struct{ size, price int64 } // size is positive

func (e *Engine) addAccount(c AccountConfig) {
	reserve := c.Fees.Taker.Max(c.Fees.Maker).Max(exchange.Decimal{})
	a := &account{
		id: c.ID, fees: *c.Fees, maker: rateOf(c.Fees.Maker), taker: rateOf(c.Fees.Taker), reserve: rateOf(reserve),
		lockSpot: rateOf(exchange.Scaled(1, 0).Add(reserve)), lockPerp: rateOf(e.cfg.MarginRate.Add(reserve)),
		feeAsset: c.FeeAsset, feePrice: c.FeePrice, spot: make(wallet), orders: make(map[string]*order), holds: make([]holding, len(e.list)),
	}
	if e.cfg.BaseFee {
		a.lockSpot = rateOf(exchange.Scaled(1, 0))
	}
	a.perp = a.spot
	if e.cfg.SplitWallets {
		a.perp = make(wallet)
	}
	a.spot.deposit(c.Balances)
	a.perp.deposit(c.Margin)
	for i, m := range e.list {
		w, y := a.wallet(m), m.ins.Market.Symbol
		a.holds[i] = holding{base: w.balance(y.Base), quote: w.balance(y.Quote)}
		if a.feeAsset != "" && a.feeAsset != y.Quote { // fees are in quote anyway
			a.holds[i].fee = w.balance(a.feeAsset)
		}
	}
	e.accounts[c.ID] = a
	e.people = append(e.people, a)
}

func (w wallet) deposit(amounts []exchange.Amount) {
	for _, a := range amounts {
		b := w.balance(a.Asset)
		b.free = b.free.add(moneyOf(a.Quantity))
	}
}

func (w wallet) balance(a exchange.Asset) *balance {
	b := w[a]
	if b == nil {
		b = new(balance)
		w[a] = b
	}
	return b
}

// wallet pays for orders on m.
func (a *account) wallet(m *market) wallet {
	if m.spot {
		return a.spot
	}
	return a.perp
}

// lock moves amount from free to locked; a negative one back.
func (b *balance) lock(amount money) {
	b.free, b.locked = b.free.sub(amount), b.locked.add(amount)
}

// funds is the balance that an order of o's kind is paid from, and how much of it size at price reserves.
func (o *order) funds(size, price int64) (*balance, money) {
	switch {
	case o.m.spot && o.req.Side == exchange.Sell:
		return o.hold.base, units(size, int(o.m.scale.Size)) // the fee comes off the proceeds
	case o.m.spot:
		return o.hold.quote, o.account.lockSpot.of(o.m.notional(size, price))
	case o.req.ReduceOnly:
		return o.hold.quote, money{}
	}
	return o.hold.quote, o.account.lockPerp.of(o.m.notional(size, price))
}

// fundsAsset is the name of what funds asks for.
func (o *order) fundsAsset() exchange.Asset {
	if o.m.spot && o.req.Side == exchange.Sell {
		return o.m.ins.Market.Symbol.Base
	}
	return o.m.ins.Market.Symbol.Quote
}

// notional is price times size, exactly.
func (m *market) notional(size, price int64) money {
	return product(size, price, int(m.scale.Price)+int(m.scale.Size))
}

// afford refuses o when it could cost more than is free. What o locks already counts as free: a replacement uses it again.
func (e *Engine) afford(op string, o *order, w walk) error {
	price := o.price
	if price == 0 || !o.m.spot && o.req.Side == exchange.Sell {
		price = max(price, w.best, w.worst) // the highest that a part of it may fill at
	}
	b, need := o.funds(o.left, price)
	have := b.free.add(o.lock)
	switch {
	case o.m.spot && o.req.Type == exchange.TypeMarket && o.req.Side == exchange.Buy:
		need = o.account.lockSpot.of(w.notional) // such an order has no limit to reckon with
	case !o.m.spot:
		closing := min(o.left, o.reducible())
		if rests := o.req.Type == exchange.TypeLimit && o.req.TIF == exchange.GTC; rests {
			// It locks in full, whatever it will close when its time comes. Where it turns a position at once, it pays for that as well.
			if closing == 0 || w.size <= closing || need.sign() > 0 && have.cmp(need) < 0 {
				break
			}
		} else if closing == o.left {
			return nil // a pure reduction needs no margin
		}
		_, need = o.funds(o.left-closing, price)
		have = have.add(e.released(o, closing, w))
		need = need.add(o.account.reserve.of(o.m.notional(closing, price)))
	}
	if need.sign() > 0 && have.cmp(need) < 0 {
		return e.refuse(op, exchange.ErrInsufficientFunds, "funds", "needs %s %s, has %s", need.decimal(), o.fundsAsset(), have.decimal())
	}
	return nil
}

// released is what turning a position gives back first: its margin, less the loss of closing it at the worst price. A profit is not
// counted on.
func (e *Engine) released(o *order, closing int64, w walk) money {
	if closing == 0 {
		return money{}
	}
	p := &o.hold.position
	worst := w.worst
	if o.price != 0 {
		worst = o.price
	}
	margin := e.margin.of(p.opened)
	if settled := o.m.notional(p.quantity, worst).sub(p.cost); settled.sign() < 0 {
		return margin.add(settled)
	}
	return margin
}

// reducible is how much of an order of o's side would reduce the position, in the market's units.
func (o *order) reducible() int64 {
	p := o.hold.position.quantity
	if p == 0 || (p > 0) == (o.req.Side == exchange.Buy) {
		return 0
	}
	return int64(magnitude(p))
}
