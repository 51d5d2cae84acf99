package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// execute books one fill of o: money, position, the order's figures, the log. The book has given the liquidity already.
func (e *Engine) execute(now time.Time, o *order, price, size int64, maker bool, id uint64) {
	m, h := o.m, o.hold
	notional := m.notional(size, price)
	o.left -= size
	o.filled += size
	o.notional = o.notional.add(notional)
	o.time = now
	if o.resting {
		o.shrink(size)
	}
	if m.spot {
		h.settleSpot(o.req.Side, units(size, int(m.scale.Size)), notional)
	} else {
		e.settlePerp(now, o, price, size)
	}
	asset, fee := e.charge(o, notional, size, maker)
	o.addFee(asset, fee)

	t, n := e.trades.add(now)
	if o.first == 0 {
		o.first = n
	} else {
		e.trades.at(o.latest).next = n
	}
	o.latest = n
	if o.untold == 0 {
		o.untold = n
	}
	t.order, t.id, t.told, t.price, t.size, t.fee, t.asset = o, id, 0, price, size, fee, asset
	t.time, t.next, t.scale, t.maker = now, 0, m.scale, maker
}

// charge takes the fee of a fill.
func (e *Engine) charge(o *order, notional money, size int64, maker bool) (exchange.Asset, money) {
	m, h, y := o.m, o.hold, &o.m.ins.Market.Symbol
	r := &o.account.taker
	if maker {
		r = &o.account.maker
	}
	fee := r.of(notional)
	if h.fee != nil && fee.sign() > 0 {
		third, have := moneyOf(fee.decimal().Quo(o.account.feePrice, feePlaces, exchange.Up)), h.fee.free
		if h.fee == h.base && o.req.Side == exchange.Sell && !o.resting {
			have = have.sub(units(o.left, int(m.scale.Size))) // which it still has to deliver
		}
		if have.cmp(third) >= 0 {
			h.fee.free = h.fee.free.sub(third)
			return o.account.feeAsset, third
		}
	}
	if m.spot && e.cfg.BaseFee && o.req.Side == exchange.Buy {
		fee = r.of(units(size, int(m.scale.Size)))
		h.base.free = h.base.free.sub(fee)
		return y.Base, fee
	}
	h.quote.free = h.quote.free.sub(fee)
	return y.Quote, fee
}

// feePlaces is how finely a fee in a third asset is charged.
const feePlaces = 8

func (o *order) addFee(asset exchange.Asset, fee money) {
	if o.first == 0 || o.fee.asset == asset {
		o.fee = feeSum{asset, o.fee.amount.add(fee)}
		return
	}
	fees := append([]feeSum(nil), o.fees...) // events hold the former ones
	for i := range fees {
		if fees[i].asset == asset {
			fees[i].amount = fees[i].amount.add(fee)
			o.fees = fees
			return
		}
	}
	o.fees = append(fees, feeSum{asset, fee})
}

func (h *holding) settleSpot(side exchange.Side, quantity, notional money) {
	if side == exchange.Buy {
		h.base.free, h.quote.free = h.base.free.add(quantity), h.quote.free.sub(notional)
		return
	}
	h.base.free, h.quote.free = h.base.free.sub(quantity), h.quote.free.add(notional)
}

// settlePerp moves the position. The part of the fill that closes it settles first; what goes beyond opens a new one.
func (e *Engine) settlePerp(now time.Time, o *order, price, size int64) {
	p, b := &o.hold.position, o.hold.quote
	before := e.margin.of(p.opened)
	closing := min(size, o.reducible())
	if closing > 0 {
		p.add(o, closing, price)
		p.release(o.m, closing)
		if p.quantity == 0 {
			b.free = b.free.sub(p.cost)
			p.cost, p.entry, p.opened = money{}, exchange.Decimal{}, money{}
		}
	}
	if rest := size - closing; rest > 0 {
		p.average(o.m, rest, price)
		p.add(o, rest, price)
		if n := len(p.lots); n > 0 && p.lots[n-1].price == price {
			p.lots[n-1].size += rest
		} else {
			p.lots = append(p.lots, lot{rest, price})
		}
		p.opened = p.opened.add(o.m.notional(rest, price))
	}
	p.time = now
	b.lock(e.margin.of(p.opened).sub(before))
}

// average moves the entry price by what is opened.
func (p *position) average(m *market, size, price int64) {
	held, more := m.size(int64(magnitude(p.quantity))), m.size(size)
	p.entry = p.entry.Mul(held).Add(m.price(price).Mul(more)).Quo(held.Add(more), m.places, exchange.HalfEven)
}

// add books size of an execution of o into the position.
func (p *position) add(o *order, size, price int64) {
	if o.req.Side == exchange.Sell {
		size = -size
	}
	p.quantity += size
	p.cost = p.cost.add(o.m.notional(size, price))
}

// release takes size off the oldest lots.
func (p *position) release(m *market, size int64) {
	for size > 0 {
		l := &p.lots[0]
		n := min(size, l.size)
		size -= n
		l.size -= n
		p.opened = p.opened.sub(m.notional(n, l.price))
		if l.size == 0 {
			p.lots = p.lots[1:]
		}
	}
}
