package exchangetest

import (
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// The book that a case starts with: bids and asks 10 ticks from the middle, one level a tick, ten units each. The middle is so many ticks up that
// prices can move by some percent and stay on the grid.
const (
	midTicks   = 100_000
	halfSpread = 10
	levels     = 20
	levelUnits = 10
)

// unitOf is four times the smallest quantity that may be traded around mid, so that quarters of it may rest.
func unitOf(ins exchange.Instrument, mid exchange.Decimal) exchange.Decimal {
	least := ins.Lot.Max(ins.MinQty)
	if ins.MinNotional.Sign() > 0 {
		low := mid.Mul(exchange.Scaled(9, -1)) // prices may fall by a tenth
		least = least.Max(ins.MinNotional.Quo(low, max(0, ins.Lot.Places())+1, exchange.Ceil))
	}
	return least.Ceil(ins.Lot).Mul(exchange.Scaled(4, 0))
}

func number(n int64) exchange.Decimal { return exchange.Scaled(n, 0) }

// price is so many ticks above the middle.
func (s *scene) price(ticks int64) exchange.Decimal { return s.mid.Add(s.ins.Tick.Mul(number(ticks))) }

// units is a quantity.
func (s *scene) units(n int64) exchange.Decimal { return s.unit.Mul(number(n)) }

// bid and ask are the best prices of the book, in ticks from the middle.
const bid, ask = -halfSpread, halfSpread

// limit is a limit order, its price in ticks from the middle, its quantity in units.
func (s *scene) limit(side exchange.Side, ticks, units int64) exchange.OrderRequest {
	return exchange.OrderRequest{
		Market: s.ins.Market, Account: s.x.Account(), ClientID: s.id(), Side: side, Price: s.price(ticks), Quantity: s.units(units),
	}
}

func (s *scene) market(side exchange.Side, units int64) exchange.OrderRequest {
	r := s.limit(side, 0, units)
	r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{}
	return r
}

func with(r exchange.OrderRequest, tif exchange.TimeInForce) exchange.OrderRequest {
	r.TIF = tif
	return r
}

// book is the usual book of a market, moved by so many ticks.
func (s *scene) book(ins exchange.Instrument, shift int64) *exchange.Book {
	mid := ins.Tick.Mul(number(midTicks))
	b := &exchange.Book{Market: ins.Market, Scale: scaleOf(ins)}
	for i := int64(levels - 1); i >= 0; i-- {
		b.Bids = append(b.Bids, s.level(ins, mid, shift-halfSpread-i, levelUnits))
		b.Asks = append(b.Asks, s.level(ins, mid, shift+halfSpread+i, levelUnits))
	}
	return b
}

func scaleOf(ins exchange.Instrument) exchange.Scale {
	return exchange.Scale{Price: int8(min(0, -ins.Tick.Places())), Size: int8(min(0, -ins.Lot.Places()))}
}

func (s *scene) level(ins exchange.Instrument, mid exchange.Decimal, ticks, units int64) exchange.Level {
	scale := scaleOf(ins)
	price, ok1 := mid.Add(ins.Tick.Mul(number(ticks))).Int64(int(scale.Price))
	size, ok2 := unitOf(ins, mid).Mul(number(units)).Int64(int(scale.Size))
	if !ok1 || !ok2 {
		s.Fatalf("%s: tick %s and lot %s give no book", ins.Market, ins.Tick, ins.Lot)
	}
	return exchange.Level{Price: price, Size: size}
}

func (s *scene) publish(b *exchange.Book) {
	s.Helper()
	s.must("publish", s.stage.Publish(b))
}

// middle is the middle of the venue's own book, on a tick.
func (s *scene) middle() exchange.Decimal {
	b, err := s.x.Snapshot(s.ctx, s.run.symbol, levels)
	s.must("snapshot", err)
	low, ok1 := b.Best(exchange.Sell)
	high, ok2 := b.Best(exchange.Buy)
	if !ok1 || !ok2 {
		s.Fatalf("%s has no book to trade on", s.ins.Market)
	}
	return b.Price(low).Add(b.Price(high)).Quo(number(2), 20, exchange.HalfEven).Round(s.ins.Tick, exchange.HalfEven)
}

// describe is an answer, for messages.
func describe(o exchange.Order, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s, %s of %s filled, %d fills, %q", o.Status, o.Filled, o.Quantity, len(o.Fills), o.Reason)
}
