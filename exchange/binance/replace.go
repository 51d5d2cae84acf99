package binance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Replace changes price or total quantity of a working order, by the way that keeps the most (see the package's words). It asks for the order
// first, for the venue wants the whole of it.
//
// A spot order that is cancelled and placed anew is never overfilled: one that has not filled is replaced in one step that fails where it fills
// meanwhile; one that has is cancelled, and what then remains is placed. When the cancellation was done and the placement was not, the answer is
// the cancelled order with an error of unknown outcome; the order stream tells the same.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	none := refOrder(ref)
	if err := x.ownRef("replace", ref); err != nil {
		return none, err
	}
	if change.Price.Sign() < 0 || change.Quantity.Sign() < 0 || change.Price.IsZero() && change.Quantity.IsZero() {
		return none, notSent("replace", fmt.Errorf("binance: change to %s at %s: %w", change.Quantity, change.Price, exchange.ErrInvalid))
	}
	o, err := x.replace(ctx, ref, change)
	if errors.Is(err, errFilling) { // certainly not done: the order has begun to fill, which wants the other way
		o, err = x.replace(ctx, ref, change)
	}
	return o, err
}

// errFilling is the cause of a refusal because an order that had not filled has begun to.
var errFilling = errors.New("it has begun to fill")

// plan is a replacement as it is to be done.
type plan struct {
	x        *Exchange
	past     []report // what came before old by replacement
	old      *report  // the order as it is now
	symbol   string
	price    exchange.Decimal
	quantity exchange.Decimal // of the venue's present order
}

func (x *Exchange) replace(ctx context.Context, ref exchange.OrderRef, change exchange.Change) (exchange.Order, error) {
	none := refOrder(ref)
	chain, err := x.chain(ctx, ref)
	if err != nil {
		return none, notSent("replace", err)
	}
	old := &chain[len(chain)-1]
	for i := range chain[:len(chain)-1] {
		x.tracker.Answered(chain[i].Order)
	}
	if old.Status == exchange.StatusCanceled && x.expected(old) {
		old.Status = exchange.StatusUnknown // its successor may come up yet
	}
	p := plan{x: x, past: chain[:len(chain)-1], old: old, symbol: x.name(ref.Market.Symbol), price: change.Price, quantity: change.Quantity}
	if p.price.IsZero() {
		p.price = old.Price
	}
	for i := range chain[:len(chain)-1] {
		p.quantity = p.quantity.Sub(chain[i].Filled)
	}
	if change.Quantity.IsZero() {
		p.quantity = old.Quantity
	}
	refuse := func(class error, why string) (exchange.Order, error) {
		return x.tracker.Answered(old.Order), notSent("replace", fmt.Errorf("binance: %s: %w", why, class))
	}
	switch {
	case !old.Status.Working():
		return refuse(exchange.ErrConflict, "the order is "+old.Status.String())
	case old.Type != exchange.TypeLimit:
		return refuse(exchange.ErrUnsupported, "not a limit order")
	case p.quantity.Cmp(old.Filled) <= 0:
		return refuse(exchange.ErrConflict, "as much has filled already")
	case p.price.Equal(old.Price) && p.quantity.Equal(old.Quantity):
		return x.tracker.Answered(old.Order), nil
	case ref.Market.Symbol.Kind == exchange.Perp:
		return p.modify(ctx)
	}
	return p.spot(ctx)
}

// modify is the way of perpetuals: id and client id stay, the place in the queue does not.
func (p *plan) modify(ctx context.Context) (exchange.Order, error) {
	c := modifyCall(p.symbol, p.old, p.price, p.quantity)
	o, err := p.x.order(ctx, &c, p.old.ClientID)
	var e *exchange.Error
	switch {
	case errors.As(err, &e) && e.Code == codeNothingToAmend:
		return p.x.tracker.Answered(p.old.Order), nil
	case err != nil:
		return p.x.tracker.Answered(p.old.Order), err
	}
	o.Requeued = true
	return p.x.tracker.Answered(o.Order), nil
}

const codeNothingToAmend = "-5027"

// spot takes the way that keeps the most.
func (p *plan) spot(ctx context.Context) (exchange.Order, error) {
	if p.price.Equal(p.old.Price) && p.quantity.Cmp(p.old.Quantity) < 0 && p.x.names.mayAmend(p.symbol) {
		c := amendCall(p.symbol, p.old, p.quantity)
		o, err := p.x.order(ctx, &c, p.old.ClientID)
		if err == nil {
			return p.x.tracker.Answered(o.Order), nil
		}
		if !amendRefused(err) {
			return p.x.tracker.Answered(p.old.Order), err
		}
	}
	if _, i := venueSymbol(p.old.Market.Symbol, p.x.cfg.Instruments); i != nil {
		if err := i.Check(p.next(p.quantity)); err != nil { // better now than after the cancellation
			return p.x.tracker.Answered(p.old.Order), notSent("replace", err)
		}
	}
	if p.old.Filled.IsZero() {
		return p.atOnce(ctx)
	}
	return p.inTurn(ctx)
}

// amendRefused reports whether an amendment was certainly refused for being one: the market takes none, or the order has had too many.
func amendRefused(err error) bool {
	var e *exchange.Error
	return errors.As(err, &e) && errors.Is(exchange.OutcomeOf(err), exchange.ErrRejected) &&
		(errors.Is(err, exchange.ErrConflict) || errors.Is(err, exchange.ErrUnsupported) || strings.Contains(e.Message, "ORDER_AMENDS"))
}

// next is the successor's request, for so much.
func (p *plan) next(quantity exchange.Decimal) exchange.OrderRequest {
	r := p.old.OrderRequest
	r.Price, r.Quantity, r.Deadline = p.price, quantity, time.Time{}
	if r.PostOnly {
		r.TIF = exchange.GTC
	}
	return r
}

// atOnce replaces an order that has not filled, in one step.
func (p *plan) atOnce(ctx context.Context) (exchange.Order, error) {
	x, old := p.x, p.old
	c, err := cancelReplaceCall(p.symbol, old, p.next(p.quantity))
	if err != nil {
		return x.tracker.Answered(old.Order), notSent("replace", err)
	}
	x.begin(old)
	data, err := x.do(ctx, c)
	if err != nil {
		return p.failed(ctx, err)
	}
	before, after, err := x.reader(exchange.Spot, nil).replacement(data)
	if err != nil || after.ClientID != old.ClientID || before.VenueID != old.VenueID {
		x.end(old, true)
		return p.unsure(c.damaged(errors.Join(err, exchange.ErrFrame)))
	}
	return p.done(before, after)
}

// failed sorts out what became of a step that did not succeed as a whole.
func (p *plan) failed(ctx context.Context, err error) (exchange.Order, error) {
	x, old := p.x, p.old
	var e *exchange.Error
	switch {
	case errors.Is(err, errUnplaced):
		return p.half(ctx, err)
	case errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown):
		x.end(old, true)
		return p.unsure(err)
	}
	x.end(old, false)
	if errors.As(err, &e) && e.Code == codeNotReplaced && errors.Is(err, exchange.ErrConflict) {
		e.Err = errFilling
	}
	return x.tracker.Answered(old.Order), err
}

// unsure is the answer where the order may be gone, and a successor come.
func (p *plan) unsure(err error) (exchange.Order, error) {
	o := p.x.tracker.Answered(p.old.Order)
	o.Status = exchange.StatusUnknown
	return o, err
}

const codeNotReplaced = "-2022"

// errUnplaced is the cause of a cancelReplace's error whose cancellation was done, and whose placement was certainly refused.
var errUnplaced = errors.New("cancelled, and no successor was placed")

// unplaced reports whether r is such an answer. What its placement's half does not say for certain may have happened.
func (q subject) unplaced(r reply) bool {
	var h halves
	if q.kind != exchange.Spot || r.code != -2021 || json.Unmarshal(r.data, &h) != nil || h.CancelResult != "SUCCESS" {
		return false
	}
	h.CancelResult = "NOT_ATTEMPTED" // so that the placement decides
	data, err := json.Marshal(h)
	return err == nil && q.replaced(reply{code: r.code, data: data}).outcome == refused
}

// half is after a cancellation without a placement. The stream has been told that the order is replaced: now it learns that it ended.
func (p *plan) half(ctx context.Context, cause error) (exchange.Order, error) {
	x := p.x
	x.end(p.old, false)
	unknown := &exchange.Error{Venue: Venue, Op: "replace", Outcome: exchange.ErrOutcomeUnknown, Err: cause,
		Message: "cancelled, and no successor was placed"}
	var e *exchange.Error
	if errors.As(cause, &e) {
		unknown.Class, unknown.Code, unknown.RetryAfter = e.Class, e.Code, e.RetryAfter
	}
	chain, err := x.chain(ctx, p.old.Ref())
	if err != nil {
		return x.tracker.Answered(p.old.Order), unknown
	}
	last := chain[len(chain)-1]
	x.tell(last.Order)
	return x.tracker.Answered(last.Order), unknown
}

// done links the two orders.
func (p *plan) done(before, after report) (exchange.Order, error) {
	before.Status = exchange.StatusReplaced
	p.x.tracker.Answered(before.Order)
	after.Former = []string{before.VenueID}
	after.Requeued = true
	p.x.past.keep(append(slices.Clone(p.past), before, after))
	p.x.end(p.old, false)
	return p.x.tracker.Answered(after.Order), nil
}

// inTurn cancels an order that has begun to fill, and places what then remains: only when it is off the book is it certain how much that is.
func (p *plan) inTurn(ctx context.Context) (exchange.Order, error) {
	x, old := p.x, p.old
	cancellation, err := venueID(exchange.Spot, old.ClientID, old.successor+1+successors)
	name, made := venueID(exchange.Spot, old.ClientID, old.successor+1)
	if err = errors.Join(err, made); err != nil {
		return x.tracker.Answered(old.Order), notSent("replace", err)
	}
	c := cancelCall(exchange.Spot, p.symbol, old.VenueID, "")
	c.op, c.lane = "replace", rest.Opens // not to be stranded between the two by a pause of openings
	c.add("newClientOrderId", cancellation)
	x.begin(old)
	before, err := x.order(ctx, &c, old.ClientID)
	if err != nil {
		x.end(old, false) // if it was done, then nothing was placed
		return x.tracker.Answered(old.Order), err
	}
	remains := p.quantity.Sub(before.Filled)
	if remains.Sign() <= 0 {
		x.end(old, false)
		x.tell(before.Order)
		return x.tracker.Answered(before.Order), nil
	}
	successor := new(call)
	if err := successor.place(p.symbol, name, p.next(remains)); err != nil {
		return p.half(ctx, notSent("replace", err))
	}
	successor.op = "replace"
	after, err := x.order(ctx, successor, old.ClientID)
	switch {
	case err == nil:
		return p.done(before, after)
	case errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown):
		x.end(old, true)
		return p.unsure(err)
	}
	return p.half(ctx, err)
}

// tell hands an order to the stream, where that is up: what no message of the venue tells.
func (x *Exchange) tell(o exchange.Order) {
	x.mu.Lock()
	tap := x.spotTap
	x.mu.Unlock()
	if tap != nil {
		o.Fills = nil
		_ = tap(private.Update{Order: &o}) // without a connection it is read after the next one
	}
}
