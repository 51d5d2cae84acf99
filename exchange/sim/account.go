package sim

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

type balance struct{ free, locked exchange.Decimal }

// position is an open perpetual position. Its lots, oldest first, carry the margin: each locks what it cost to open, and closing
// releases them in turn. That keeps margins exact, where an average price would have to be rounded.
type position struct {
	quantity exchange.Decimal
	cost     exchange.Decimal // see exchange.Position
	entry    exchange.Decimal // for show
	lots     []lot
	time     time.Time
}

type lot struct{ quantity, price exchange.Decimal } // quantity is positive

// account is somebody who trades at the venue.
type account struct {
	id        exchange.AccountID
	fees      exchange.FeeRates
	spot      wallet
	perp      wallet     // the same one where the venue does not split
	positions []position // one a market
	orders    map[string]*order
}

// wallet is a purse.
type wallet map[exchange.Asset]*balance

func (e *Engine) addAccount(c AccountConfig) {
	a := &account{id: c.ID, fees: *c.Fees, spot: make(wallet), orders: make(map[string]*order)}
	a.perp = a.spot
	if e.cfg.SplitWallets {
		a.perp = make(wallet)
	}
	a.spot.deposit(c.Balances)
	a.perp.deposit(c.Margin)
	a.positions = make([]position, len(e.list))
	e.accounts[c.ID] = a
	e.people = append(e.people, a)
}

func (w wallet) deposit(amounts []exchange.Amount) {
	for _, a := range amounts {
		b := w.balance(a.Asset)
		b.free = b.free.Add(a.Quantity)
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
	if m.ins.Market.Symbol.Kind == exchange.Spot {
		return a.spot
	}
	return a.perp
}

func (o *order) position() *position { return &o.account.positions[o.m.index] }

// lock moves amount from free to locked; a negative one back.
func (b *balance) lock(amount exchange.Decimal) {
	b.free, b.locked = b.free.Sub(amount), b.locked.Add(amount)
}

// feeReserve is the highest fee rate that an order may meet; a rebate is not counted on.
func (a *account) feeReserve() exchange.Decimal {
	return a.fees.Taker.Max(a.fees.Maker).Max(exchange.Decimal{})
}

// funds is the asset that an order of o's kind is paid from, and how much of it size at price reserves.
func (e *Engine) funds(o *order, size, price int64) (exchange.Asset, exchange.Decimal) {
	y := o.m.ins.Market.Symbol
	q := o.m.size(size)
	if y.Kind == exchange.Spot && o.req.Side == exchange.Sell {
		return y.Base, q // the fee comes off the proceeds
	}
	notional := q.Mul(o.m.price(price))
	switch {
	case y.Kind == exchange.Spot && e.cfg.BaseFee:
		return y.Quote, notional
	case y.Kind == exchange.Spot:
		return y.Quote, notional.Add(notional.Mul(o.account.feeReserve()))
	case o.req.ReduceOnly:
		return y.Quote, exchange.Decimal{}
	}
	return y.Quote, notional.Mul(e.cfg.MarginRate.Add(o.account.feeReserve()))
}

// afford refuses o when it could cost more than is free. What o locks already counts as free: a replacement uses it again.
func (e *Engine) afford(op string, o *order, w walk) error {
	price := o.price
	spot := o.m.ins.Market.Symbol.Kind == exchange.Spot
	if price == 0 || !spot && o.req.Side == exchange.Sell {
		price = max(price, w.best, w.worst) // the highest that a part of it may fill at
	}
	asset, need := e.funds(o, o.left, price)
	have := o.account.wallet(o.m).balance(asset).free.Add(o.lock)
	switch {
	case spot && o.req.Type == exchange.TypeMarket && o.req.Side == exchange.Buy:
		need = e.marketCost(o, w)
	case !spot && (o.req.Type == exchange.TypeMarket || o.req.TIF != exchange.GTC):
		// It never rests, so that the part that closes a position needs no margin; a pure reduction always passes.
		closing := min(o.left, o.reducible())
		if closing == o.left {
			return nil
		}
		_, need = e.funds(o, o.left-closing, price)
		have = have.Add(e.released(o, closing, w))
		need = need.Add(o.m.size(closing).Mul(o.m.price(price)).Mul(o.account.feeReserve()))
	}
	if need.Sign() > 0 && have.Cmp(need) < 0 {
		return e.refuse(op, exchange.ErrInsufficientFunds, "funds", "needs %s %s, has %s", need, asset, have)
	}
	return nil
}

// marketCost is what a market buy of the walk's size costs: such an order has no limit to reckon with.
func (e *Engine) marketCost(o *order, w walk) exchange.Decimal {
	cost := o.m.book.Walk(exchange.Buy, w.size).Notional.Decimal(o.m.scale)
	if e.cfg.BaseFee {
		return cost
	}
	return cost.Add(cost.Mul(o.account.feeReserve()))
}

// released is what turning a position gives back first: its margin, less the loss of closing it at the worst price. A profit is not
// counted on.
func (e *Engine) released(o *order, closing int64, w walk) exchange.Decimal {
	if closing == 0 {
		return exchange.Decimal{}
	}
	p := o.position()
	worst := w.worst
	if o.price != 0 {
		worst = o.price
	}
	settled := p.quantity.Mul(o.m.price(worst)).Sub(p.cost)
	return e.margin(p).Add(settled.Min(exchange.Decimal{}))
}

// margin is what p locks.
func (e *Engine) margin(p *position) exchange.Decimal {
	var sum exchange.Decimal
	for _, l := range p.lots {
		sum = sum.Add(l.quantity.Mul(l.price))
	}
	return sum.Mul(e.cfg.MarginRate)
}

// execute books one fill of o: money, position, the order's figures, the log. The book has given the liquidity already.
func (e *Engine) execute(now time.Time, o *order, price, size int64, maker bool) {
	m := o.m
	f := exchange.Fill{
		Market: m.ins.Market, Account: o.account.id, TradeID: e.id(), VenueID: o.id, ClientID: o.req.ClientID, Side: o.req.Side,
		Price: m.price(price), Quantity: m.size(size), FeeAsset: m.ins.Market.Symbol.Quote, Maker: maker, Time: now,
	}
	rate := o.account.fees.Taker
	if maker {
		rate = o.account.fees.Maker
	}
	f.Fee = f.Notional().Mul(rate)
	if e.cfg.BaseFee && m.ins.Market.Symbol.Kind == exchange.Spot && f.Side == exchange.Buy {
		f.Fee, f.FeeAsset = f.Quantity.Mul(rate), m.ins.Market.Symbol.Base
	}
	o.left -= size
	e.relock(o)
	if m.ins.Market.Symbol.Kind == exchange.Spot {
		o.account.settleSpot(f)
	} else {
		e.settlePerp(o, f)
	}
	fee := o.account.wallet(m).balance(f.FeeAsset)
	fee.free = fee.free.Sub(f.Fee)

	o.filled, o.notional = o.filled.Add(f.Quantity), o.notional.Add(f.Notional())
	o.addFee(exchange.Amount{Asset: f.FeeAsset, Quantity: f.Fee})
	o.fills = append(o.fills, len(e.log))
	o.time = now
	e.log = append(e.log, f)
	e.told = append(e.told, e.events.next)
}

func (o *order) addFee(a exchange.Amount) {
	for i := range o.fees {
		if o.fees[i].Asset == a.Asset {
			o.fees[i].Quantity = o.fees[i].Quantity.Add(a.Quantity)
			return
		}
	}
	o.fees = append(o.fees, a)
}

func (a *account) settleSpot(f exchange.Fill) {
	base, quote := a.spot.balance(f.Market.Symbol.Base), a.spot.balance(f.Market.Symbol.Quote)
	q, n := f.Quantity, f.Notional()
	if f.Side == exchange.Sell {
		q, n = q.Neg(), n.Neg()
	}
	base.free, quote.free = base.free.Add(q), quote.free.Sub(n)
}

// settlePerp moves the position. The part of the fill that closes it settles first; what goes beyond opens a new one.
func (e *Engine) settlePerp(o *order, f exchange.Fill) {
	p := o.position()
	wallet := o.account.perp.balance(o.m.ins.Market.Symbol.Quote)
	before := e.margin(p)
	rest := f.Quantity
	if p.quantity.Sign() != 0 && (p.quantity.Sign() > 0) != (f.Side == exchange.Buy) {
		closing := rest.Min(p.quantity.Abs())
		rest = rest.Sub(closing)
		p.add(f, closing)
		p.release(closing)
		if p.quantity.IsZero() {
			wallet.free = wallet.free.Sub(p.cost)
			p.cost, p.entry = exchange.Decimal{}, exchange.Decimal{}
		}
	}
	if rest.Sign() > 0 {
		p.average(rest, f.Price, max(0, o.m.ins.Tick.Places())+pricePlaces)
		p.add(f, rest)
		p.lots = append(p.lots, lot{rest, f.Price})
	}
	p.time = f.Time
	wallet.lock(e.margin(p).Sub(before))
}

// average moves the entry price by what is opened.
func (p *position) average(quantity, price exchange.Decimal, places int) {
	held := p.quantity.Abs()
	p.entry = p.entry.Mul(held).Add(price.Mul(quantity)).Quo(held.Add(quantity), places, exchange.HalfEven)
}

// add books quantity of f into the position.
func (p *position) add(f exchange.Fill, quantity exchange.Decimal) {
	if f.Side == exchange.Sell {
		quantity = quantity.Neg()
	}
	p.quantity = p.quantity.Add(quantity)
	p.cost = p.cost.Add(quantity.Mul(f.Price))
}

// release takes quantity off the oldest lots.
func (p *position) release(quantity exchange.Decimal) {
	for quantity.Sign() > 0 {
		n := quantity.Min(p.lots[0].quantity)
		quantity = quantity.Sub(n)
		if p.lots[0].quantity = p.lots[0].quantity.Sub(n); p.lots[0].quantity.IsZero() {
			p.lots = p.lots[1:]
		}
	}
}
