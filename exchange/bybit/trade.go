package bybit

import (
	"cmp"
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
	i, ok := x.rules[s]
	x.mu.Unlock()
	if ok {
		return i.VenueSymbol, nil
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

// Place sends one order. Its answer is an acknowledgement: the order is pending, unless the stream has told more already. Market orders are
// sent in base units; the venue makes them limit orders with a bound on slippage, and cancels the rest. Spot orders never borrow.
func (x *Exchange) Place(ctx context.Context, req exchange.OrderRequest) (exchange.Order, error) {
	venueID, err := x.place(ctx, &req)
	if err != nil {
		return exchange.Order{OrderRequest: req}, err
	}
	return x.tracker.Answered(exchange.Order{OrderRequest: req, VenueID: venueID, Status: exchange.StatusPending}), nil
}

func (x *Exchange) place(ctx context.Context, req *exchange.OrderRequest) (venueID string, err error) {
	const op = "place"
	if err := x.mayPlace(op, req); err != nil {
		return "", err
	}
	l, err := link(req.ClientID)
	if err != nil {
		return "", unsent(op, exchange.ErrInvalid, err)
	}
	name, err := x.name(ctx, op, req.Market.Symbol)
	if err != nil {
		return "", before(err, op)
	}
	lane := rest.Opens
	if req.ReduceOnly {
		lane = rest.Protects
	}
	x.tracker.Sending(*req)
	if req.Market.Symbol.Kind == exchange.Perp || req.Type == exchange.TypeMarket { // spot moves no price
		x.parse.asked.note(req.ClientID, req.Price, req.Type == exchange.TypeMarket)
	}
	venueID, err = x.write(ctx, placing(req, name, l), req.Market.Symbol.Kind, lane, req.Deadline, l)
	if err != nil && !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
		x.tracker.Forget(req.Ref())
	}
	return venueID, err
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

// write sends c once, and returns the venue's id of the order that it is about, whose link is l (empty: known by the venue's id). Of a change
// that leaves nothing to do the venue names no order: then the id is empty.
func (x *Exchange) write(ctx context.Context, c call, kind exchange.Kind, lane rest.Lane, deadline time.Time, l string) (string, error) {
	r, err := x.request(&c, kind, lane, deadline)
	if err != nil {
		return "", err
	}
	data, err := x.send(ctx, &c, r)
	if err != nil {
		return "", err
	}
	if string(data) == unchanged && c.op == opReplace {
		return "", nil
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

// opReplace is a Replace, in errors too.
const opReplace = "replace"

// Replace changes a working order, which keeps its ids. The answer is the gateway's: price and quantity are those that were asked for, the
// status is what is known of the order, pending where nothing is. The change shows on StreamOrders as the order with its new price and quantity,
// or not at all where it was refused. One that the venue answers with "not modified" has succeeded: the order is as it was asked for. The venue
// does not say which changes cost the place in the queue, so that Requeued is always set.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	if change.Price.Sign() < 0 || change.Quantity.Sign() < 0 || change.Price.IsZero() && change.Quantity.IsZero() {
		return about(ref), unsent(opReplace, exchange.ErrInvalid, errors.New("nothing to change, or to something negative"))
	}
	x.parse.asked.note(x.idOf(ref), change.Price, false)
	build := func(k exchange.Kind, name string, t target) call { return amending(k, name, t, change) }
	o, err := x.change(ctx, opReplace, ref, rest.Opens, build)
	if err != nil {
		return o, err
	}
	if o.Requeued = true; o.Status.Final() { // it came too late
		return o, nil
	}
	if !change.Price.IsZero() {
		o.Price = change.Price
	}
	if !change.Quantity.IsZero() {
		o.Quantity = change.Quantity
	}
	return o, nil
}

// idOf is the client id of an order that may be known by the venue's id only; empty: nobody has told.
func (x *Exchange) idOf(ref exchange.OrderRef) string {
	if ref.ClientID == "" {
		known, _ := x.tracker.Known(ref)
		return known.ClientID
	}
	return ref.ClientID
}

// about is what an error comes with: the order that it is about.
func about(ref exchange.OrderRef) exchange.Order {
	return exchange.Order{OrderRequest: exchange.OrderRequest{Market: ref.Market, Account: ref.Account, ClientID: ref.ClientID}, VenueID: ref.VenueID}
}

// Cancel asks for an order to be taken off the book. The answer is the gateway's, with what is known of the order, pending where nothing is:
// the order's end comes on StreamOrders.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	return x.change(ctx, "cancel", ref, rest.Protects, cancelling)
}

// change does what Replace and Cancel have in common.
func (x *Exchange) change(ctx context.Context, op string, ref exchange.OrderRef, lane rest.Lane,
	build func(exchange.Kind, string, target) call) (exchange.Order, error) {
	o := about(ref)
	if err := x.mine(op, ref.Market, ref.Account); err != nil {
		return o, err
	}
	t, err := x.target(op, ref)
	if err != nil {
		return o, err
	}
	s := ref.Market.Symbol
	name, err := x.name(ctx, op, s)
	if err != nil {
		return o, before(err, op)
	}
	venueID, err := x.write(ctx, build(s.Kind, name, t), s.Kind, lane, time.Time{}, t.link)
	if err != nil {
		return o, err
	}
	o.VenueID, o.Status = cmp.Or(venueID, ref.VenueID), exchange.StatusPending
	return x.tracker.Answered(o), nil
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
