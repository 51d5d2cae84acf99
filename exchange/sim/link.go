package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// DefaultTimeout is how long a call waits for its answer unless the configuration says otherwise.
const DefaultTimeout = time.Second

// LinkConfig joins an Engine to a Loop.
type LinkConfig struct {
	Engine  *Engine // required; from now on books reach it through Publish
	Loop    *Loop   // required
	Latency Latency
	Faults  Faults
	// Timeout is when a call without an answer ends with ErrOutcomeUnknown; its request travels on. Default 1 s.
	Timeout time.Duration
	// OnEvent receives the private stream, StreamUp first, in the order in which things happened. More events at once than the
	// engine's EventBuffer are summed up between StreamDown and StreamUp. It is part of the run: it may call the Link.
	OnEvent func(exchange.Event)
	// OnBook receives the visible books: after each Publish, and after each order that took liquidity. The Book is OnBook's
	// during the call only.
	OnBook func(*exchange.Book)
}

// Link is an asynchronous venue in virtual time: an Engine behind latency and faults. No method calls its done before it has returned;
// done is called exactly once. Runs with the same configuration and calls are the same to the byte. It is not safe for
// concurrent use; everything happens on the Loop's thread.
type Link struct {
	cfg    LinkConfig
	inj    *Injector
	seen   uint64 // events forwarded
	fed    uint64 // messages of the feed
	feedAt time.Time
	free   []*exchange.Book
}

// NewLink is a link whose private stream comes up one feed latency from now. Errors wrap exchange.ErrInvalid.
func NewLink(cfg LinkConfig) (*Link, error) {
	if cfg.Engine == nil || cfg.Loop == nil {
		return nil, fmt.Errorf("sim: link without engine or loop: %w", exchange.ErrInvalid)
	}
	if cfg.Timeout < 0 {
		return nil, fmt.Errorf("sim: link with time-out %s: %w", cfg.Timeout, exchange.ErrInvalid)
	}
	inj, err := NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	k := &Link{cfg: cfg, inj: inj}
	_, k.seen, _ = cfg.Engine.Events(0)
	if cfg.OnEvent != nil {
		k.feed(func() { cfg.OnEvent(cfg.Engine.ofStream(exchange.StreamUp, cfg.Loop.Now())) })
	}
	return k, nil
}

// Venue is the engine's.
func (k *Link) Venue() exchange.Venue { return k.cfg.Engine.Venue() }

// Account is the engine's.
func (k *Link) Account() exchange.AccountID { return k.cfg.Engine.Account() }

// Place sends an order; the answer comes from Engine.Submit.
func (k *Link) Place(r exchange.OrderRequest, done func(exchange.Order, error)) {
	k.send(OpPlace, r.Ref(), r.Deadline, done, func(now time.Time, t Fate) (exchange.Order, error) {
		return k.cfg.Engine.SubmitWith(now, r, Terms{Percent: t.Percent})
	})
}

// Replace sends a change; the answer comes from Engine.Replace.
func (k *Link) Replace(ref exchange.OrderRef, c exchange.Change, done func(exchange.Order, error)) {
	k.send(OpReplace, ref, time.Time{}, done, func(now time.Time, _ Fate) (exchange.Order, error) {
		return k.cfg.Engine.Replace(now, ref, c)
	})
}

// Cancel sends a cancellation; the answer comes from Engine.Cancel.
func (k *Link) Cancel(ref exchange.OrderRef, done func(exchange.Order, error)) {
	k.send(OpCancel, ref, time.Time{}, done, func(now time.Time, _ Fate) (exchange.Order, error) {
		return k.cfg.Engine.Cancel(now, ref)
	})
}

// Lookup asks for an order; the answer comes from Engine.Lookup.
func (k *Link) Lookup(ref exchange.OrderRef, done func(exchange.Order, error)) {
	k.send(OpLookup, ref, time.Time{}, done, func(time.Time, Fate) (exchange.Order, error) {
		return k.cfg.Engine.Lookup(ref)
	})
}

// Publish gives the engine a book and forwards what follows from it: the visible book, fills of resting orders. Errors are
// those of Engine.SetBook.
func (k *Link) Publish(b *exchange.Book) error {
	err := k.cfg.Engine.SetBook(k.cfg.Loop.Now(), b)
	k.forwardBook(b.Market.Symbol)
	k.forwardEvents()
	return err
}

// action is what a request does when it arrives.
type action func(now time.Time, t Fate) (exchange.Order, error)

// send lets a request travel, act, and its answer travel back. Its fate is known at once, so that a time-out is posted only where it
// will strike.
func (k *Link) send(op Op, ref exchange.OrderRef, deadline time.Time, done func(exchange.Order, error), act action) {
	loop := k.cfg.Loop
	t := k.inj.Next(loop.Now(), Call{op, refKey(ref), deadline})
	silent := t.Fault == LostAck || t.In+t.Out >= k.cfg.Timeout // the caller gives up before an answer comes
	if silent {
		loop.After(k.cfg.Timeout, func() { done(exchange.Order{}, unknownOutcome(k.Venue(), op, context.DeadlineExceeded)) })
	}
	loop.After(t.In, func() {
		o, err := k.arrive(op, ref, t, act)
		if !silent {
			loop.After(t.Out, func() { done(o, err) })
		}
	})
}

func (k *Link) arrive(op Op, ref exchange.OrderRef, t Fate, act action) (exchange.Order, error) {
	if t.Fault == Refused {
		return exchange.Order{}, refusedByFault(k.Venue(), op)
	}
	fills := len(k.cfg.Engine.log)
	o, err := act(k.cfg.Loop.Now(), t)
	if len(k.cfg.Engine.log) > fills {
		k.forwardBook(ref.Market.Symbol)
	}
	k.forwardEvents()
	return o, err
}

func unknownOutcome(v exchange.Venue, op Op, cause error) error {
	if op == OpLookup { // a read: it has no outcome, it just did not answer
		return &exchange.Error{Venue: v, Op: string(op), Class: exchange.ErrUnavailable, Code: "timeout", Err: cause}
	}
	return &exchange.Error{Venue: v, Op: string(op), Outcome: exchange.ErrOutcomeUnknown, Code: "timeout", Err: cause}
}

func refusedByFault(v exchange.Venue, op Op) error {
	err := &exchange.Error{Venue: v, Op: string(op), Outcome: exchange.ErrRejected, Class: exchange.ErrUnavailable, Code: "fault"}
	if op == OpLookup {
		err.Outcome = nil
	}
	return err
}

// feed posts a message of the venue's feed. Messages of one connection do not overtake one another, whatever their latency.
func (k *Link) feed(f func()) {
	loop := k.cfg.Loop
	k.fed++
	at := loop.Now().Add(k.cfg.Latency.Feed.draw(loop.Now(), hash(k.cfg.Faults.Seed, "feed", string(k.Venue()), "", int(k.fed))))
	if at.Before(k.feedAt) {
		at = k.feedAt
	}
	k.feedAt = at
	loop.After(at.Sub(loop.Now()), f)
}

func (k *Link) forwardEvents() {
	news, next, ok := k.cfg.Engine.Events(k.seen)
	if !ok { // more happened at once than the engine keeps
		news = missed(k.cfg.Engine, k.cfg.Loop.Now(), k.seen)
	}
	k.seen = next
	if k.cfg.OnEvent == nil {
		return
	}
	for _, ev := range news {
		k.feed(func() { k.cfg.OnEvent(ev) })
	}
}

func (k *Link) forwardBook(s exchange.Symbol) {
	if k.cfg.OnBook == nil {
		return
	}
	var b *exchange.Book
	if n := len(k.free); n > 0 {
		b, k.free = k.free[n-1], k.free[:n-1]
	} else {
		b = new(exchange.Book)
	}
	if !k.cfg.Engine.Book(s, b) {
		k.free = append(k.free, b)
		return
	}
	k.feed(func() {
		b.RecvTime = k.cfg.Loop.Now()
		k.cfg.OnBook(b)
		k.free = append(k.free, b)
	})
}
