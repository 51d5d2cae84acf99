package exchangetest

import (
	"context"
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// audit passes every call on and holds its answer against what is always true of it.
type audit struct {
	x exchange.Exchange
	s *scene
}

var _ exchange.Exchange = (*audit)(nil)

func (a *audit) Venue() exchange.Venue       { return a.x.Venue() }
func (a *audit) Account() exchange.AccountID { return a.x.Account() }

// wrapped counts which of targets err wraps.
func wrapped(err error, targets ...error) (n int) {
	for _, t := range targets {
		if errors.Is(err, t) {
			n++
		}
	}
	return n
}

// common is what every error answers: who, what, and at most one why.
func (a *audit) common(op string, err error) {
	var e *exchange.Error
	if !errors.As(err, &e) {
		a.s.Errorf("%s: %v (%T) is no *exchange.Error", op, err, err)
		return
	}
	if e.RetryAfter < 0 {
		a.s.Errorf("%s: try again after %s: %v", op, e.RetryAfter, err)
	}
	if e.Venue != a.x.Venue() || e.Op == "" {
		a.s.Errorf("%s: error of venue %q, operation %q: %v", op, e.Venue, e.Op, err)
	}
	classes := wrapped(err, exchange.ErrRateLimited, exchange.ErrBanned, exchange.ErrInsufficientFunds, exchange.ErrUnauthorized, exchange.ErrNotFound,
		exchange.ErrConflict, exchange.ErrUnsupported, exchange.ErrClockSkew, exchange.ErrUnavailable, exchange.ErrInvalid)
	if classes > 1 {
		a.s.Errorf("%s: %d classes in one error: %v", op, classes, err)
	}
}

func (a *audit) write(op string, err error) {
	if err == nil {
		return
	}
	a.common(op, err)
	if n := wrapped(err, exchange.ErrNotSent, exchange.ErrRejected, exchange.ErrOutcomeUnknown); n != 1 {
		a.s.Errorf("%s: the error of a write has %d outcomes, want one: %v", op, n, err)
	}
}

// read lets the bare error of a context that has ended pass: there is nothing else to tell of the venue.
func (a *audit) read(ctx context.Context, op string, err error) {
	if err == nil || ctx.Err() != nil && err == ctx.Err() { //nolint:errorlint // bare, not wrapped
		return
	}
	a.common(op, err)
	if n := wrapped(err, exchange.ErrNotSent, exchange.ErrRejected, exchange.ErrOutcomeUnknown); n != 0 {
		a.s.Errorf("%s: the error of a read has an outcome: %v", op, err)
	}
}

// order holds what an answer says of an order against the reference that was asked with.
func (a *audit) order(op string, o exchange.Order, ref exchange.OrderRef, err error) {
	switch {
	case o.Market != ref.Market, o.Account != ref.Account, ref.ClientID != "" && o.ClientID != ref.ClientID:
		a.s.Errorf("%s %s: the answer (error %v) is about %s, account %q, client id %q", op, ref.ClientID, err, o.Market, o.Account, o.ClientID)
	case err != nil:
	case o.VenueID == "" && o.Status != exchange.StatusPending && o.Status != exchange.StatusUnknown:
		a.s.Errorf("%s %s: %s without the venue's id", op, ref.ClientID, o.Status)
	case o.Filled.Sign() < 0 || o.Quantity.Sign() > 0 && o.Filled.Cmp(o.Quantity) > 0:
		a.s.Errorf("%s %s: %s of %s filled", op, ref.ClientID, o.Filled, o.Quantity)
	}
	for _, f := range o.Fills {
		a.fill(op, f, ref)
	}
	if err == nil && op != "lookup" {
		a.s.mu.Lock()
		a.s.said = append(a.s.said, answer{op, o})
		a.s.mu.Unlock()
	}
}

// fill checks what every fill tells.
func (a *audit) fill(op string, f exchange.Fill, ref exchange.OrderRef) {
	switch {
	case f.Market != ref.Market || f.Account != ref.Account || ref.ClientID != "" && f.ClientID != ref.ClientID:
		a.s.Errorf("%s: fill of %s, account %q, order %q among those of %+v", op, f.Market, f.Account, f.ClientID, ref)
	case f.TradeID == "" || f.VenueID == "" || f.FeeAsset == "" && !f.Fee.IsZero() || f.Time.IsZero():
		a.s.Errorf("%s: fill without ids, fee asset or time: %+v", op, f)
	case f.Side != exchange.Buy && f.Side != exchange.Sell || f.Price.Sign() <= 0 || f.Quantity.Sign() <= 0:
		a.s.Errorf("%s: fill %s %s at %s", op, f.Side, f.Quantity, f.Price)
	}
}

func (a *audit) Place(ctx context.Context, r exchange.OrderRequest) (exchange.Order, error) {
	o, err := a.x.Place(ctx, r)
	a.write("place", err)
	a.order("place", o, r.Ref(), err)
	if !asked(o, r) || !o.Quantity.Equal(r.Quantity) || !o.Price.Equal(r.Price) {
		a.s.Errorf("place %s: the answer (error %v) is not about what was asked: %+v, want %+v", r.ClientID, err, o.OrderRequest, r)
	}
	if out := exchange.OutcomeOf(err); out == nil || errors.Is(out, exchange.ErrOutcomeUnknown) {
		a.s.mu.Lock()
		a.s.placed = append(a.s.placed, r)
		a.s.mu.Unlock()
	}
	return o, err
}

func (a *audit) Replace(ctx context.Context, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	o, err := a.x.Replace(ctx, ref, c)
	a.write("replace", err)
	a.order("replace", o, ref, err)
	if err == nil && !o.Status.Final() && (!c.Price.IsZero() && !o.Price.Equal(c.Price) || !c.Quantity.IsZero() && !o.Quantity.Equal(c.Quantity)) {
		a.s.Errorf("replace %s: the answer has %s at %s, want %+v", ref.ClientID, o.Quantity, o.Price, c)
	}
	return o, err
}

func (a *audit) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := a.x.Cancel(ctx, ref)
	a.write("cancel", err)
	a.order("cancel", o, ref, err)
	return o, err
}

func (a *audit) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	before, ended := a.s.end(ref.ClientID)
	o, err := a.x.Lookup(ctx, ref)
	a.read(ctx, "lookup", err)
	if err == nil {
		a.order("lookup", o, ref, nil)
	}
	if err == nil && ended && o.Status.Working() {
		a.s.Errorf("%s said that order %s is %s, and lookup finds it %s", before.op, ref.ClientID, before.order.Status, o.Status)
	}
	return o, err
}

func (a *audit) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	r, err := a.x.Instruments(ctx)
	a.read(ctx, "instruments", err)
	return r, err
}

func (a *audit) Snapshot(ctx context.Context, y exchange.Symbol, depth int) (*exchange.Book, error) {
	b, err := a.x.Snapshot(ctx, y, depth)
	a.read(ctx, "snapshot", err)
	if err == nil {
		a.book("snapshot", b)
	}
	return b, err
}

// book holds a book against what every book promises.
func (a *audit) book(op string, b *exchange.Book) {
	switch {
	case b.Market.Venue != a.x.Venue():
		a.s.Errorf("%s: book of %s", op, b.Market)
	case b.RecvTime.Before(a.s.began) || b.RecvTime.After(time.Now()):
		a.s.Errorf("%s: book of %s received at %s", op, b.Market, b.RecvTime)
	case b.Err == nil && !b.VenueTime.IsZero() && b.RecvTime.Sub(b.VenueTime).Abs() > time.Hour:
		a.s.Errorf("%s: book of %s of %s, received at %s", op, b.Market, b.VenueTime, b.RecvTime)
	case b.Err != nil && len(b.Bids)+len(b.Asks) > 0:
		a.s.Errorf("%s: book of %s is invalid (%v) and has %d levels", op, b.Market, b.Err, len(b.Bids)+len(b.Asks))
	case b.Err != nil && wrapped(b.Err, exchange.ErrGap, exchange.ErrCrossed, exchange.ErrScale, exchange.ErrFrame, exchange.ErrDown, exchange.ErrStale) == 0:
		a.s.Errorf("%s: book of %s is invalid for no known reason: %v", op, b.Market, b.Err)
	case b.Err == nil:
		if err := b.Check(); err != nil {
			a.s.Errorf("%s: %v", op, err)
		}
	}
}

func (a *audit) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	err := a.x.StreamBooks(ctx, symbols, func(b *exchange.Book) {
		a.book("stream", b)
		emit(b)
	})
	a.stream("stream of books", ctx, err)
	return err
}

func (a *audit) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	err := a.x.StreamOrders(ctx, func(ev exchange.Event) {
		if ev.Order.Market.Venue != a.x.Venue() || ev.Order.Account != a.x.Account() {
			a.s.Errorf("event %s of venue %q, account %q", ev.Kind, ev.Order.Market.Venue, ev.Order.Account)
		}
		emit(ev)
	})
	a.stream("stream of orders", ctx, err)
	return err
}

func (a *audit) stream(op string, ctx context.Context, err error) {
	switch {
	case err == nil:
		a.s.Errorf("%s ended without an error", op)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		a.s.Errorf("%s: %v, want the error of its context: %v", op, err, ctx.Err())
	case ctx.Err() == nil:
		a.read(ctx, op, err)
	}
}

func (a *audit) Balances(ctx context.Context) ([]exchange.Balance, error) {
	r, err := a.x.Balances(ctx)
	a.read(ctx, "balances", err)
	for _, b := range r {
		if b.Asset == "" || b.Free.IsZero() && b.Locked.IsZero() {
			a.s.Errorf("balances: %q is zero and listed", b.Asset)
		}
	}
	return r, err
}

func (a *audit) Positions(ctx context.Context) ([]exchange.Position, error) {
	r, err := a.x.Positions(ctx)
	a.read(ctx, "positions", err)
	for _, p := range r {
		if p.Market.Venue != a.x.Venue() || p.Account != a.x.Account() || p.Market.Symbol.Kind != exchange.Perp || p.Quantity.IsZero() {
			a.s.Errorf("positions: %s, account %q, quantity %s", p.Market, p.Account, p.Quantity)
		}
	}
	return r, err
}

func (a *audit) Fees(ctx context.Context, y exchange.Symbol) (exchange.FeeRates, error) {
	r, err := a.x.Fees(ctx, y)
	a.read(ctx, "fees", err)
	return r, err
}

func (a *audit) OpenOrders(ctx context.Context, y exchange.Symbol) ([]exchange.Order, error) {
	r, err := a.x.OpenOrders(ctx, y)
	a.read(ctx, "open orders", err)
	for _, o := range r {
		a.order("open orders", o, exchange.OrderRef{Market: exchange.Market{Venue: a.x.Venue(), Symbol: y}, Account: a.x.Account()}, nil)
		if r, ok := a.s.request(o.ClientID); !o.Status.Working() || ok && !asked(o, r) {
			a.s.Errorf("open orders: %s, %+v, want what was placed and works: %+v", o.Status, o.OrderRequest, r)
		}
	}
	return r, err
}

func (a *audit) Fills(ctx context.Context, y exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	r, err := a.x.Fills(ctx, y, since)
	a.read(ctx, "fills", err)
	for i, f := range r {
		a.fill("fills", f, exchange.OrderRef{Market: exchange.Market{Venue: a.x.Venue(), Symbol: y}, Account: a.x.Account()})
		if i > 0 && f.Time.Before(r[i-1].Time) {
			a.s.Errorf("fills: %s comes before %s", r[i-1].TradeID, f.TradeID)
		}
	}
	return r, err
}
