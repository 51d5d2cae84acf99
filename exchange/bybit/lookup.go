package bybit

import (
	"context"
	"errors"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Lookup asks for an order among the open and newest ones, then in the history, and for its fills where it has any.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := x.lookup(ctx, ref)
	if err != nil {
		return about(ref), err
	}
	return x.tracker.Answered(o), nil
}

func (x *Exchange) lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	const op = "lookup"
	if err := x.mine(op, ref.Market, ref.Account); err != nil {
		return exchange.Order{}, noOutcome(err)
	}
	t, err := x.target(op, ref)
	if err != nil {
		return exchange.Order{}, noOutcome(err)
	}
	s := ref.Market.Symbol
	name, err := x.name(ctx, op, s)
	if err != nil {
		return exchange.Order{}, err
	}
	for _, c := range []call{recent(s.Kind, name, t), finished(s.Kind, name, t)} {
		o, found, err := x.find(ctx, c, s.Kind, t)
		if err != nil {
			return exchange.Order{}, err
		}
		if found {
			return x.withFills(ctx, o, name)
		}
	}
	return exchange.Order{}, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrNotFound, Message: "neither open nor in the history"}
}

// noOutcome is the error of a question: that it was not sent must not read as if the order that it is about was not.
func noOutcome(err error) error {
	var e *exchange.Error
	if errors.As(err, &e) {
		told := *e
		told.Outcome = nil
		return &told
	}
	return err
}

// find is the one order in the answer to c.
func (x *Exchange) find(ctx context.Context, c call, kind exchange.Kind, t target) (o exchange.Order, found bool, err error) {
	var p page[orderRow]
	err = x.query(ctx, c, kind, rest.Protects, &p)
	if errors.Is(err, exchange.ErrNotFound) {
		return o, false, nil
	}
	if err != nil {
		return o, false, err
	}
	for i := range p.List {
		w := &p.List[i]
		if t.link != "" && string(w.OrderLinkID) != t.link || t.venueID != "" && string(w.OrderID) != t.venueID {
			continue
		}
		o, ok, err := x.parse.order(kind, w)
		if err != nil {
			return o, false, &exchange.Error{Venue: Venue, Op: c.op, Err: err}
		}
		if ok {
			return o, true, nil
		}
	}
	return o, false, nil
}

// withFills adds the executions of o. They are told apart from orders, so that there may be more of them by now, or fewer yet. Where there are
// more, average price and fees are theirs too: those of the order are of an earlier moment.
func (x *Exchange) withFills(ctx context.Context, o exchange.Order, name string) (exchange.Order, error) {
	if o.Filled.IsZero() {
		return o, nil
	}
	kind := o.Market.Symbol.Kind
	next := func(cursor string) call { return executionsOf(kind, name, o.VenueID, cursor) }
	list, err := x.executed(ctx, kind, rest.Protects, next)
	if err != nil {
		return exchange.Order{}, err
	}
	var sum, value exchange.Decimal
	fees := map[exchange.Asset]exchange.Decimal{}
	for _, f := range list {
		if f.VenueID == o.VenueID && f.Market == o.Market {
			o.Fills, sum, value = append(o.Fills, f), sum.Add(f.Quantity), value.Add(f.Notional())
			fees[f.FeeAsset] = fees[f.FeeAsset].Add(f.Fee)
		}
	}
	if sum.Cmp(o.Filled) > 0 {
		o.Filled, o.AvgPrice, o.Fees = sum, average(value, sum), amountsOf(fees)
	}
	return o, nil
}

// average is value by quantity, to 18 places where it does not end before.
func average(value, quantity exchange.Decimal) exchange.Decimal {
	avg := value.Quo(quantity, 18, exchange.HalfEven)
	return avg.Quo(exchange.Scaled(1, 0), max(0, avg.Places()), exchange.HalfEven)
}
