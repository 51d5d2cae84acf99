package bybit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// unsent is the error of a write of which nothing left this process.
func unsent(op string, class, err error) error {
	return &exchange.Error{Venue: Venue, Op: op, Outcome: exchange.ErrNotSent, Class: class, Err: err}
}

// renamed is the error of a read that an operation needed before it could begin.
func renamed(err error, op string) error {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Op = op
	return &told
}

// before is renamed for writes: nothing was sent.
func before(err error, op string) error {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return unsent(op, nil, err)
	}
	told := *e
	told.Op, told.Outcome = op, exchange.ErrNotSent
	return &told
}

// name is the venue's name of a market.
func (x *Exchange) name(ctx context.Context, op string, s exchange.Symbol) (string, error) {
	x.mu.Lock()
	in, ok := x.rules[s]
	x.mu.Unlock()
	if ok {
		return in.VenueSymbol, nil
	}
	known, err := x.known(ctx, op, s)
	if err != nil {
		return "", renamed(err, op)
	}
	return known[0].VenueSymbol, nil
}

// mine checks that an order is this account's.
func (x *Exchange) mine(op string, m exchange.Market, a exchange.AccountID) error {
	switch {
	case m.Venue != Venue:
		return unsent(op, exchange.ErrInvalid, fmt.Errorf("market %s", m))
	case a != x.cfg.Account:
		return unsent(op, exchange.ErrInvalid, fmt.Errorf("account %q, this is %q", a, x.cfg.Account))
	case len(x.signers) == 0:
		return before(errNoKey(op), op)
	}
	return nil
}

// Place sends one order. Its answer is an acknowledgement: the order is pending. Market orders are sent in base units; the venue makes them
// limit orders with a bound on slippage, and cancels the rest. Spot orders never borrow.
func (x *Exchange) Place(ctx context.Context, req exchange.OrderRequest) (exchange.Order, error) {
	const op = "place"
	if err := x.mayPlace(op, &req); err != nil {
		return exchange.Order{}, err
	}
	l, err := link(req.ClientID)
	if err != nil {
		return exchange.Order{}, unsent(op, exchange.ErrInvalid, err)
	}
	name, err := x.name(ctx, op, req.Market.Symbol)
	if err != nil {
		return exchange.Order{}, before(err, op)
	}
	lane := rest.Opens
	if req.ReduceOnly {
		lane = rest.Protects
	}
	x.tracker.Sending(req)
	x.parse.asked.note(req.ClientID, req.Price)
	venueID, err := x.write(ctx, placing(&req, name, l), req.Market.Symbol.Kind, lane, req.Deadline, l)
	if err != nil {
		if !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
			x.tracker.Forget(req.Ref())
		}
		return exchange.Order{}, err
	}
	return x.tracker.Answered(exchange.Order{OrderRequest: req, VenueID: venueID, Status: exchange.StatusPending}), nil
}

func (x *Exchange) mayPlace(op string, req *exchange.OrderRequest) error {
	if err := x.mine(op, req.Market, req.Account); err != nil {
		return err
	}
	if err := req.Check(); err != nil {
		return unsent(op, exchange.ErrInvalid, err)
	}
	switch {
	case req.ReduceOnly && req.Market.Symbol.Kind == exchange.Spot:
		return unsent(op, exchange.ErrUnsupported, errors.New("spot orders reduce no position"))
	case req.Type == exchange.TypeMarket && req.TIF == exchange.FOK:
		return unsent(op, exchange.ErrUnsupported, errors.New("the venue's market orders are IOC"))
	case !req.Deadline.IsZero() && !time.Now().Before(req.Deadline):
		return unsent(op, nil, errLate)
	}
	return nil
}

// write sends c once, and returns the venue's id of the order that it is about, whose link is l (empty: known by the venue's id).
func (x *Exchange) write(ctx context.Context, c call, kind exchange.Kind, lane rest.Lane, deadline time.Time, l string) (string, error) {
	r, err := x.request(&c, kind, lane, deadline)
	if err != nil {
		return "", err
	}
	data, err := x.send(ctx, &c, r)
	if err != nil {
		return "", err
	}
	ack, err := readIDs(data)
	if err == nil {
		if ack.OrderID == "" || l != "" && ack.OrderLinkID != "" && string(ack.OrderLinkID) != l {
			err = frame("an acknowledgement of", ack.OrderLinkID)
		}
	}
	if err != nil {
		return "", &exchange.Error{Venue: Venue, Op: c.op, Outcome: exchange.ErrOutcomeUnknown, Err: err}
	}
	return string(ack.OrderID), nil
}

// target is how the venue is told which order is meant: by its link where there is one, for it is known before any answer.
func (x *Exchange) target(op string, ref exchange.OrderRef) (target, error) {
	l, err := link(ref.ClientID)
	switch {
	case err == nil:
		return target{link: l}, nil
	case ref.VenueID != "":
		return target{venueID: ref.VenueID}, nil
	}
	return target{}, unsent(op, exchange.ErrInvalid, err)
}

// Replace changes a working order, which keeps its ids. The answer is pending: the change shows on StreamOrders as the order with its new price
// and quantity, or not at all where it was refused. The venue does not say which changes cost the place in the queue, so that
// Requeued is always set.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	const op = "replace"
	if change.Price.Sign() < 0 || change.Quantity.Sign() < 0 || change.Price.IsZero() && change.Quantity.IsZero() {
		return exchange.Order{}, unsent(op, exchange.ErrInvalid, errors.New("nothing to change, or to something negative"))
	}
	x.parse.asked.note(ref.ClientID, change.Price)
	build := func(k exchange.Kind, name string, t target) call { return amending(k, name, t, change) }
	o, err := x.change(ctx, op, ref, rest.Opens, build)
	if err != nil {
		return exchange.Order{}, err
	}
	if o.Requeued = true; !change.Price.IsZero() {
		o.Price = change.Price
	}
	if !change.Quantity.IsZero() {
		o.Quantity = change.Quantity
	}
	o.Status = exchange.StatusPending
	return o, nil
}

// Cancel asks for an order to be taken off the book. The answer is pending: the order's end comes on StreamOrders.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	return x.change(ctx, "cancel", ref, rest.Protects, cancelling)
}

// change does what Replace and Cancel have in common.
func (x *Exchange) change(ctx context.Context, op string, ref exchange.OrderRef, lane rest.Lane,
	build func(exchange.Kind, string, target) call) (exchange.Order, error) {
	if err := x.mine(op, ref.Market, ref.Account); err != nil {
		return exchange.Order{}, err
	}
	t, err := x.target(op, ref)
	if err != nil {
		return exchange.Order{}, err
	}
	s := ref.Market.Symbol
	name, err := x.name(ctx, op, s)
	if err != nil {
		return exchange.Order{}, before(err, op)
	}
	venueID, err := x.write(ctx, build(s.Kind, name, t), s.Kind, lane, time.Time{}, t.link)
	if err != nil {
		return exchange.Order{}, err
	}
	return x.tracker.Answered(exchange.Order{
		OrderRequest: exchange.OrderRequest{Market: ref.Market, Account: ref.Account, ClientID: ref.ClientID},
		VenueID:      venueID, Status: exchange.StatusPending,
	}), nil
}

// CancelAll asks for all working orders on s to be taken off the book, up to 500 of a perpetual; conditional ones stay.
func (x *Exchange) CancelAll(ctx context.Context, s exchange.Symbol) error {
	const op = "cancel all"
	if err := x.mine(op, exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return err
	}
	name, err := x.name(ctx, op, s)
	if err != nil {
		return before(err, op)
	}
	c := cancellingAll(s.Kind, name)
	r, err := x.request(&c, s.Kind, rest.Protects, time.Time{})
	if err != nil {
		return err
	}
	data, err := x.client.Do(ctx, r)
	if err != nil {
		return err
	}
	var done struct {
		Success text `json:"success"` // "1", or missing: linear; "0": some of it failed
	}
	if err := decode(data, &done); err != nil || done.Success == "0" {
		return &exchange.Error{Venue: Venue, Op: op, Outcome: exchange.ErrOutcomeUnknown, Message: "success " + string(done.Success), Err: err}
	}
	return nil
}

// CancelAllAfter always fails with ErrUnsupported. The venue's own switch is another thing: it is for institutions, watches private WebSocket
// connections rather than calls, and has one window for the whole account.
func (x *Exchange) CancelAllAfter(context.Context, exchange.Symbol, time.Duration) error {
	return unsent("cancel all after", exchange.ErrUnsupported, errors.New("the venue has no such timer"))
}

// Lookup asks for an order among the open and newest ones, then in the history, and for its fills where it has any.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := x.lookup(ctx, ref)
	if err != nil {
		return exchange.Order{}, err
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

// withFills adds the executions of o. They are told apart from orders, so that there may be more of them by now, or fewer yet.
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
	var sum exchange.Decimal
	for _, f := range list {
		if f.VenueID == o.VenueID && f.Market == o.Market {
			o.Fills, sum = append(o.Fills, f), sum.Add(f.Quantity)
		}
	}
	o.Filled = o.Filled.Max(sum)
	return o, nil
}
