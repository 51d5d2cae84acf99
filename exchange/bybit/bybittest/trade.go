package bybittest

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// acked is what is known of an order when its request has been taken. What becomes of it is told elsewhere.
type acked struct {
	OrderID     string `json:"orderId"`
	OrderLinkID string `json:"orderLinkId"`
}

func ackOf(o exchange.Order) acked {
	return acked{venueID(o.Market.Symbol.Kind, o.VenueID), linkOf(o.ClientID)}
}

func (s *Server) create(a *ask) (any, *refusal) {
	o, ins, no := s.read(a.account, a.Body)
	if no != nil {
		return nil, no
	}
	switch a.fate.Fault {
	case sim.Partial:
		o.terms.Percent = a.fate.Percent
	case sim.RejectAfterAck:
		o.terms.Reject = ecOthers
	}
	var r acked
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		if no = s.last(e, o, ins); no != nil {
			return
		}
		placed, err := e.SubmitWith(now, o.req, o.terms)
		if no = refusalOf(o.req.Market.Symbol.Kind, err); no != nil {
			return
		}
		s.extras.keep(extraKey{o.req.Account, o.req.ClientID}, o.extra)
		r = ackOf(placed)
	})
	return r, no
}

// last is what is looked at last, when nothing else can happen any more: how many orders there are, what a market order would be worth, the
// price band. It is called under the floor's lock.
func (s *Server) last(e *sim.Engine, o *order, ins exchange.Instrument) *refusal {
	if o.req.ClientID == "" {
		s.unnamed++
		o.req.ClientID = unnamed + strconv.FormatUint(s.unnamed, 10)
	}
	if o.req.Type == exchange.TypeLimit && o.req.TIF == exchange.GTC && s.shelves.full(e, o.req.Account, ins.Market) {
		return pairs().tooMany.of(ins.Market.Symbol.Kind)
	}
	if o.req.Type == exchange.TypeLimit {
		return s.band(e, o, ins)
	}
	var b exchange.Book
	if !e.Book(ins.Market.Symbol, &b) {
		return nil // the engine says it better
	}
	if !o.extra.value.IsZero() {
		return byValue(e, o, ins, &b)
	}
	best, ok := b.Best(o.req.Side)
	if !ok {
		return nil
	}
	return worth(ins, o.req.ReduceOnly, b.Price(best).Mul(o.req.Quantity))
}

// byValue finds the quantity of a market order by value. What a purchase is to cost must be there, whatever the book would take of it.
func byValue(e *sim.Engine, o *order, ins exchange.Instrument, b *exchange.Book) *refusal {
	var free exchange.Decimal
	for _, have := range e.Balances(o.req.Account) {
		if have.Asset == ins.Market.Symbol.Quote {
			free = free.Add(have.Free)
		}
	}
	o.req.Quantity = affordable(b, o.req.Side, o.extra.value, ins)
	switch {
	case o.req.Side == exchange.Buy && free.Cmp(o.extra.value) < 0:
		return pairs().funds.of(exchange.Spot)
	case o.req.Quantity.IsZero():
		return refuse(170140, "Order value exceeded lower limit.")
	case ins.MaxQty.Sign() > 0 && o.req.Quantity.Cmp(ins.MaxQty) > 0:
		return refuse(170135, "Order quantity exceeded upper limit.")
	}
	return nil
}

// band keeps a price within the venue's band around the mark price: spot refuses what is outside, linear moves it to the edge without a word.
func (s *Server) band(e *sim.Engine, o *order, ins exchange.Instrument) *refusal {
	mark, ok := e.Mark(ins.Market.Symbol)
	if !ok || s.cfg.Band.IsZero() {
		return nil
	}
	one := exchange.Scaled(1, 0)
	high, low := mark.Mul(one.Add(s.cfg.Band)).Floor(ins.Tick), mark.Mul(one.Sub(s.cfg.Band)).Ceil(ins.Tick)
	buy := o.req.Side == exchange.Buy
	switch {
	case buy && o.req.Price.Cmp(high) <= 0 || !buy && o.req.Price.Cmp(low) >= 0:
	case ins.Market.Symbol.Kind == exchange.Perp && buy:
		o.req.Price = high
	case ins.Market.Symbol.Kind == exchange.Perp:
		o.req.Price = low
	case buy:
		return refuse(170193, "Buy order price cannot be higher than %s%s.", plain(high), ins.Market.Symbol.Quote)
	default:
		return refuse(170194, "Sell order price cannot be lower than %s%s.", plain(low), ins.Market.Symbol.Quote)
	}
	return nil
}

// affordable is how much of base a value in quote moves, in whole lots.
func affordable(b *exchange.Book, side exchange.Side, value exchange.Decimal, ins exchange.Instrument) exchange.Decimal {
	var sum exchange.Decimal
	levels := b.Side(side)
	for i := len(levels) - 1; i >= 0 && value.Sign() > 0; i-- {
		price, size := b.Price(levels[i]), b.Size(levels[i])
		if cost := price.Mul(size); cost.Cmp(value) <= 0 {
			sum, value = sum.Add(size), value.Sub(cost)
			continue
		}
		sum = sum.Add(value.Quo(price, max(0, ins.Lot.Places())+1, exchange.Down))
		break
	}
	return ins.RoundQuantity(sum)
}
