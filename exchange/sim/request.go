package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// request is what travels from a client to the engine, whatever carries it.
type request struct {
	op       Op
	name     string // Error.Op
	ref      exchange.OrderRef
	deadline time.Time
	arms     bool // it sets a switch: nothing is cancelled yet, so FillAfterCancel has nothing to strike at
	act      func(e *Engine, now time.Time, terms Terms) (exchange.Order, error)
}

func placing(r exchange.OrderRequest) request {
	return request{op: OpPlace, name: "place", ref: r.Ref(), deadline: r.Deadline, act: func(e *Engine, now time.Time, t Terms) (exchange.Order, error) {
		return e.SubmitWith(now, r, t)
	}}
}

func replacing(ref exchange.OrderRef, c exchange.Change) request {
	return request{op: OpReplace, name: "replace", ref: ref, act: func(e *Engine, now time.Time, t Terms) (exchange.Order, error) {
		return e.ReplaceWith(now, ref, c, t)
	}}
}

func canceling(ref exchange.OrderRef) request {
	return request{op: OpCancel, name: "cancel", ref: ref, act: func(e *Engine, now time.Time, _ Terms) (exchange.Order, error) {
		return e.Cancel(now, ref)
	}}
}

func lookingUp(ref exchange.OrderRef) request {
	return request{op: OpLookup, name: "lookup", ref: ref, act: func(e *Engine, _ time.Time, _ Terms) (exchange.Order, error) {
		return e.Lookup(ref)
	}}
}

func cancelingAll(ref exchange.OrderRef) request {
	return request{op: OpCancelAll, name: "cancel all", ref: ref, act: func(e *Engine, now time.Time, _ Terms) (exchange.Order, error) {
		if e.markets[ref.Market.Symbol] == nil {
			return exchange.Order{}, e.refuse("cancel all", exchange.ErrInvalid, "market", "no market %s", ref.Market)
		}
		e.CancelAll(now, ref.Account, ref.Market.Symbol)
		return exchange.Order{}, nil
	}}
}

// call is what the fate of q depends on.
func (q request) call() Call { return Call{q.op, refKey(q.ref), q.deadline} }

func (q request) question() bool { return q.op == OpLookup || q.op == OpRead }

// foreign is why a client of account a at v does not send q; nil: it is its own.
func (q request) foreign(v exchange.Venue, a exchange.AccountID) error {
	if q.op == OpRead || q.ref.Account == a && q.ref.Market.Venue == v {
		return nil
	}
	err := &exchange.Error{
		Venue: v, Op: q.name, Outcome: exchange.ErrNotSent, Class: exchange.ErrInvalid,
		Message: fmt.Sprintf("account %q at %s, this is %q", q.ref.Account, q.ref.Market.Venue, a),
	}
	if q.question() {
		err.Outcome = nil
	}
	return err
}

// answer is what comes back.
type answer struct {
	order exchange.Order
	err   error
}

// failed is the answer that something went wrong: it points at the order that it is about.
func (q request) failed(err error) answer {
	o := exchange.Order{VenueID: q.ref.VenueID}
	o.Market, o.Account, o.ClientID = q.ref.Market, q.ref.Account, q.ref.ClientID
	return answer{o, err}
}

// unanswered is what a client makes of it when no answer comes.
func (q request) unanswered(v exchange.Venue, cause error) answer {
	err := &exchange.Error{Venue: v, Op: q.name, Outcome: exchange.ErrOutcomeUnknown, Code: "timeout", Err: cause}
	if q.question() { // it has no outcome, it just was not answered
		err.Outcome, err.Class = nil, exchange.ErrUnavailable
	}
	return q.failed(err)
}

// perform is what happens when q arrives, and what its client is told if an answer gets through.
func (q request) perform(e *Engine, now time.Time, t Fate) answer {
	told := q.verdict(e.Venue(), t)
	if !t.Fault.Executed() {
		return q.failed(told)
	}
	if t.Fault == RejectAfterAck && q.op != OpPlace {
		return q.dropped(e, now)
	}
	if t.Fault == FillAfterCancel && !q.arms {
		q.hit(e, now, t.Percent)
	}
	o, err := q.act(e, now, q.terms(t))
	if t.Fault == Duplicated {
		_, _ = q.act(e, now, q.terms(t)) // the client waits for one answer only
	}
	switch {
	case told != nil:
		return q.failed(told)
	case err != nil:
		return q.failed(err)
	case t.Fault == RejectAfterAck:
		o.Status, o.Reason = exchange.StatusAccepted, ""
	}
	return answer{o, nil}
}

func (q request) terms(t Fate) Terms {
	switch t.Fault {
	case Partial:
		return Terms{Percent: t.Percent}
	case RejectAfterAck:
		return Terms{Reject: "refused after it was acknowledged"}
	}
	return Terms{}
}

// dropped acknowledges a change that is not made.
func (q request) dropped(e *Engine, now time.Time) answer {
	o, err := e.Lookup(q.ref)
	if err != nil || o.Status.Final() {
		o, err = q.act(e, now, Terms{}) // it is refused as ever
	}
	if err != nil {
		return q.failed(err)
	}
	o.Fills = nil
	return answer{o, nil}
}

// hit has somebody who is no client trade against the order, or against all that are to be cancelled.
func (q request) hit(e *Engine, now time.Time, percent int64) {
	i := slices.IndexFunc(e.cfg.Instruments, func(i exchange.Instrument) bool { return i.Market == q.ref.Market })
	if i < 0 {
		return
	}
	ins := &e.cfg.Instruments[i]
	for _, o := range e.OpenOrders(q.ref.Account, q.ref.Market.Symbol) {
		if q.op != OpCancelAll && o.ClientID != q.ref.ClientID && o.VenueID != q.ref.VenueID {
			continue
		}
		part := ins.RoundQuantity(o.Remaining().Mul(exchange.Scaled(percent, -2))).Max(ins.Lot)
		_, _ = e.Fill(now, o.Ref(), part)
	}
}

// verdict is what the fault makes the client believe, whatever the engine did; nil: the engine's answer gets through.
func (q request) verdict(v exchange.Venue, t Fate) error {
	e := &exchange.Error{Venue: v, Op: q.name, Outcome: exchange.ErrRejected, Class: exchange.ErrUnavailable, Code: string(t.Fault)}
	switch t.Fault {
	case Refused:
		e.Code = "fault"
	case Overloaded503, Failed503:
	case RateLimited:
		e.Class, e.RetryAfter = exchange.ErrRateLimited, t.For
	case Banned:
		e.Class, e.RetryAfter = exchange.ErrBanned, t.For
	case Skew:
		e.Class, e.Message = exchange.ErrClockSkew, fmt.Sprintf("the venue's clock is %s away", t.For)
	case Reset, ResetAfter, HalfAnswer, Garbage, HTML, Empty, Unknown503, ServerError:
		e.Outcome = exchange.ErrOutcomeUnknown
	default:
		return nil
	}
	if q.question() {
		e.Outcome = nil
	}
	return e
}

// broken is what a fault of a stream does to the client: why it cannot believe its books for a while, and whether that holds for all of the
// connection's; nil: it sees the message, sooner or later.
func broken(t Fate) (why error, all bool) {
	err := func(class error) error { return fmt.Errorf("sim: %s: %w", t.Fault, class) }
	switch t.Fault {
	case Disconnect, Cut, SlowReader:
		return err(exchange.ErrDown), true
	case Stall:
		return err(exchange.ErrStale), true
	case Drop, Swapped:
		return err(exchange.ErrGap), false
	case Corrupt:
		return err(exchange.ErrFrame), false
	case StaleBook:
		return err(exchange.ErrStale), false
	case CrossedBook:
		return err(exchange.ErrCrossed), false
	}
	return nil, false
}

// reconnecting is how long a client needs to be whole again, where the fault does not say how long it lasts.
const reconnecting = 100 * time.Millisecond

// repaired is when a client that was broken by t at due is whole again.
func (t Fate) repaired(due time.Time) time.Time {
	if t.For > 0 {
		return due.Add(t.For)
	}
	return due.Add(reconnecting)
}
