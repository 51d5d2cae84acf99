package sim

import (
	"context"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Instruments lists the engine's markets.
func (x *Exchange) Instruments(ctx context.Context) (r []exchange.Instrument, err error) {
	err = x.read(ctx, "instruments", func(e *Engine) error {
		r = e.Instruments()
		return nil
	})
	return r, err
}

// Snapshot is the visible book, the best depth levels of each side; 0 means all. A market without a valid book is ErrUnavailable.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	b := new(exchange.Book)
	err := x.read(ctx, "snapshot", func(e *Engine) error {
		m := e.markets[s]
		if m == nil {
			return e.unknown("snapshot", s)
		}
		if m.book.Err != nil {
			return &exchange.Error{Venue: e.Venue(), Op: "snapshot", Class: exchange.ErrUnavailable, Code: "book", Err: m.book.Err}
		}
		b.CopyFrom(&m.book, depth)
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.RecvTime = time.Now()
	return b, nil
}

// Balances is Engine.Balances.
func (x *Exchange) Balances(ctx context.Context) (r []exchange.Balance, err error) {
	err = x.read(ctx, "balances", func(e *Engine) error {
		r = e.Balances(x.Account())
		return nil
	})
	return r, err
}

// Positions is Engine.Positions.
func (x *Exchange) Positions(ctx context.Context) (r []exchange.Position, err error) {
	err = x.read(ctx, "positions", func(e *Engine) error {
		r = e.Positions(x.Account())
		return nil
	})
	return r, err
}

// Fees is Engine.Fees.
func (x *Exchange) Fees(ctx context.Context, s exchange.Symbol) (r exchange.FeeRates, err error) {
	err = x.read(ctx, "fees", func(e *Engine) (err error) {
		r, err = e.Fees(x.Account(), s)
		return err
	})
	return r, err
}

// OpenOrders is Engine.OpenOrders.
func (x *Exchange) OpenOrders(ctx context.Context, s exchange.Symbol) (r []exchange.Order, err error) {
	err = x.readMarket(ctx, "open orders", s, func(e *Engine) { r = e.OpenOrders(x.Account(), s) })
	return r, err
}

// Fills is Engine.Fills.
func (x *Exchange) Fills(ctx context.Context, s exchange.Symbol, since time.Time) (r []exchange.Fill, err error) {
	err = x.readMarket(ctx, "fills", s, func(e *Engine) { r = e.Fills(x.Account(), s, since) })
	return r, err
}

func (x *Exchange) readMarket(ctx context.Context, op string, s exchange.Symbol, f func(*Engine)) error {
	return x.read(ctx, op, func(e *Engine) error {
		if e.markets[s] == nil {
			return e.unknown(op, s)
		}
		f(e)
		return nil
	})
}

// read asks the engine and waits for as long as question and answer travel. Reads meet no faults.
func (x *Exchange) read(ctx context.Context, op string, f func(*Engine) error) error {
	if err := x.refuseToSend(ctx, Op(op)); err != nil {
		return err
	}
	t := x.inj.Next(time.Now(), Call{Op: OpRead, Key: op})
	if err := x.wait(ctx, op, t.In); err != nil {
		return err
	}
	var err error
	x.Inspect(func(e *Engine) { err = f(e) })
	if late := x.wait(ctx, op, t.Out); late != nil {
		return late
	}
	return err
}

func (x *Exchange) wait(ctx context.Context, op string, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	var cause error
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		cause = ctx.Err()
	case <-x.closed:
		cause = ErrClosed
	}
	return &exchange.Error{Venue: x.Venue(), Op: op, Class: exchange.ErrUnavailable, Err: cause}
}
