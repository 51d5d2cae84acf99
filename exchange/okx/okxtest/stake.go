package okxtest

import "github.com/bothlegs/bothlegs/exchange"

// stake is an account's position on a market as executions have made it: what one of them closes is profit or loss at once.
type stake struct {
	quantity exchange.Decimal // negative: short
	entry    exchange.Decimal // the average
}

// close books x, and returns what it has brought, fees aside.
func (a *account) close(x *fill) exchange.Decimal {
	if !x.r.m.swap {
		return exchange.Decimal{}
	}
	p := a.stakes[x.r.m]
	if p == nil {
		p = &stake{}
		a.stakes[x.r.m] = p
	}
	return p.add(x.Side, x.Quantity, x.Price)
}

// pnlPlaces is how finely the venue counts.
const pnlPlaces = 8

func (p *stake) add(side exchange.Side, size, price exchange.Decimal) (got exchange.Decimal) {
	if side == exchange.Sell {
		size = size.Neg()
	}
	if p.quantity.Sign()*size.Sign() < 0 {
		closed := p.quantity.Abs().Min(size.Abs())
		if size.Sign() > 0 {
			closed = closed.Neg()
		}
		got = price.Sub(p.entry).Mul(closed).Round(exchange.Scaled(1, -pnlPlaces), exchange.HalfEven)
		p.quantity, size = p.quantity.Sub(closed), size.Add(closed)
	}
	if size.IsZero() {
		return got
	}
	const places = 16
	held := p.quantity.Abs()
	p.entry = p.entry.Mul(held).Add(price.Mul(size.Abs())).Quo(held.Add(size.Abs()), places, exchange.HalfEven)
	p.quantity = p.quantity.Add(size)
	return got
}
