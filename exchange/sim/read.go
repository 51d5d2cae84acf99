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
		if e.markets[s] == nil {
			return e.unknown("snapshot", s)
		}
		if !e.Book(s, b) {
			b.Err = exchange.ErrDown
		}
		if b.Err != nil {
			return &exchange.Error{Venue: e.Venue(), Op: "snapshot", Class: exchange.ErrUnavailable, Code: "book", Err: b.Err}
		}
		if depth > 0 {
			b.Bids, b.Asks = b.Bids[max(0, len(b.Bids)-depth):], b.Asks[max(0, len(b.Asks)-depth):]
		}
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

// ServerTime is the machine's.
func (x *Exchange) ServerTime(ctx context.Context) (r time.Time, err error) {
	err = x.read(ctx, "time", func(*Engine) error {
		r = time.Now()
		return nil
	})
	return r, err
}

// read asks the engine and waits for as long as question and answer travel.
func (x *Exchange) read(ctx context.Context, op string, f func(*Engine) error) error {
	q := request{op: OpRead, name: op, ref: exchange.OrderRef{ClientID: op}}
	if err := x.refuseToSend(ctx, q); err != nil {
		return err
	}
	t := x.inj.Next(time.Now(), q.call())
	if t.Fault == LostAck || t.In+t.Out >= x.cfg.Timeout {
		if err := x.wait(ctx, op, x.cfg.Timeout); err != nil {
			return err
		}
		return q.unanswered(x.Venue(), context.DeadlineExceeded).err
	}
	if err := x.wait(ctx, op, t.In); err != nil {
		return err
	}
	err := q.verdict(x.Venue(), t)
	if err == nil {
		x.floor.Read(func(_ time.Time, e *Engine) { err = f(e) })
	}
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
