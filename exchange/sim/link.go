package sim

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// DefaultTimeout is how long a call waits for its answer unless the configuration says otherwise.
const DefaultTimeout = time.Second

// LinkConfig joins an Engine to a Loop.
type LinkConfig struct {
	Engine  *Engine            // required; from now on it is reached through Publish and Inspect. Links of several accounts may share one on one Loop
	Loop    *Loop              // required
	Account exchange.AccountID // default: the engine's first
	Latency Latency
	Faults  Faults
	// Timeout is when a call without an answer ends with ErrOutcomeUnknown; its request travels on. Default 1 s.
	Timeout time.Duration
	// OnEvent receives the private stream, StreamUp first, in the order in which things happened. More events at once than the
	// engine's EventBuffer are summed up between StreamDown and StreamUp. It is part of the run: it may call the Link.
	OnEvent func(exchange.Event)
	// OnBook receives the visible books, after each change. The Book is OnBook's during the call only.
	OnBook func(*exchange.Book)
}

// Link is an asynchronous venue in virtual time: one account of an Engine, behind latency and faults. No method calls its done before it
// has returned; done is called exactly once. Runs with the same configuration and calls are the same to the byte. It is not
// safe for concurrent use; everything happens on the Loop's thread.
//
// It plays the faults that [Exchange] plays, in the same way.
type Link struct {
	cfg    LinkConfig
	inj    *Injector
	feedAt time.Time
	hold   time.Time // no event arrives before

	seen   uint64          // the next event to forward
	down   bool            // none are forwarded
	passed *exchange.Event // it lets the next one pass
	views  []*view
	free   []*exchange.Book
}

// view is what the client sees of a market.
type view struct {
	market  exchange.Market
	key     string
	version uint64
	away    bool
}

// NewLink is a link whose private stream comes up one feed latency from now. Errors wrap exchange.ErrInvalid.
func NewLink(cfg LinkConfig) (*Link, error) {
	if cfg.Engine == nil || cfg.Loop == nil {
		return nil, fmt.Errorf("sim: link without engine or loop: %w", exchange.ErrInvalid)
	}
	if cfg.Timeout < 0 {
		return nil, fmt.Errorf("sim: link with time-out %s: %w", cfg.Timeout, exchange.ErrInvalid)
	}
	if cfg.Account == "" {
		cfg.Account = cfg.Engine.Account()
	}
	if cfg.Engine.accounts[cfg.Account] == nil {
		return nil, fmt.Errorf("sim: %s has no account %q: %w", cfg.Engine.Venue(), cfg.Account, exchange.ErrInvalid)
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
	for _, ins := range cfg.Engine.Instruments() {
		s := ins.Market.Symbol
		k.views = append(k.views, &view{market: ins.Market, key: ins.Market.String(), version: cfg.Engine.Version(s)})
	}
	cfg.Loop.links = append(cfg.Loop.links, k)
	k.tell(cfg.Engine.ofStream(exchange.StreamUp, cfg.Account, cfg.Loop.Now()), k.due(cfg.Latency.Feed.draw(cfg.Loop.Now(), hash(cfg.Faults.Seed, "feed", "", "", 0))))
	return k, nil
}

// Venue is the engine's.
func (k *Link) Venue() exchange.Venue { return k.cfg.Engine.Venue() }

// Account is the one that trades.
func (k *Link) Account() exchange.AccountID { return k.cfg.Account }

// Injector gives the calls their fates: rules may be added to it at any time.
func (k *Link) Injector() *Injector { return k.inj }

// Place sends an order; the answer comes from Engine.Submit.
func (k *Link) Place(r exchange.OrderRequest, done func(exchange.Order, error)) {
	k.send(placing(r), func(o exchange.Order, err error) {
		if err != nil {
			o = exchange.Order{OrderRequest: r}
		}
		done(o, err)
	})
}

// Replace sends a change; the answer comes from Engine.Replace.
func (k *Link) Replace(ref exchange.OrderRef, c exchange.Change, done func(exchange.Order, error)) {
	k.send(replacing(ref, c), done)
}

// Cancel sends a cancellation; the answer comes from Engine.Cancel.
func (k *Link) Cancel(ref exchange.OrderRef, done func(exchange.Order, error)) {
	k.send(canceling(ref), done)
}

// Lookup asks for an order; the answer comes from Engine.Lookup.
func (k *Link) Lookup(ref exchange.OrderRef, done func(exchange.Order, error)) {
	k.send(lookingUp(ref), done)
}

// CancelAll takes all of the account's orders on s off the book; the answer comes from Engine.CancelAll.
func (k *Link) CancelAll(s exchange.Symbol, done func(error)) {
	ref := exchange.OrderRef{Market: exchange.Market{Venue: k.Venue(), Symbol: s}, Account: k.cfg.Account}
	k.send(cancelingAll(ref), func(_ exchange.Order, err error) { done(err) })
}

// Publish gives the engine a book and forwards what follows from it: the visible book, fills of resting orders. Errors are
// those of Engine.SetBook.
func (k *Link) Publish(b *exchange.Book) error {
	if b == nil {
		return errNoBook
	}
	err := k.cfg.Engine.SetBook(k.cfg.Loop.Now(), b)
	k.forward()
	return err
}

// Inspect runs f on the engine, and forwards what follows from it: for audits, for funding, for what the venue does by itself.
func (k *Link) Inspect(f func(*Engine)) {
	f(k.cfg.Engine)
	k.forward()
}

// send lets a request travel, act, and its answer travel back. Its fate is known at once, so that a time-out is posted only where it
// will strike.
func (k *Link) send(q request, done func(exchange.Order, error)) {
	loop := k.cfg.Loop
	if err := q.foreign(k.Venue(), k.cfg.Account); err != nil {
		loop.After(0, func() { done(q.failed(err).order, err) })
		return
	}
	t := k.inj.Next(loop.Now(), q.call())
	silent := t.Fault == LostAck || t.In+t.Out >= k.cfg.Timeout // the caller gives up before an answer comes
	if silent {
		loop.After(k.cfg.Timeout, func() {
			a := q.unanswered(k.Venue(), context.DeadlineExceeded)
			done(a.order, a.err)
		})
	}
	loop.After(t.In, func() {
		a := q.perform(k.cfg.Engine, loop.Now(), t)
		if t.Fault == FillAfterCancel {
			k.hold = loop.Now().Add(t.Out + time.Millisecond)
		}
		k.forward()
		if !silent {
			loop.After(t.Out, func() { done(a.order, a.err) })
		}
	})
}

// forward tells the clients of the engine what has changed, each at its own distance.
func (k *Link) forward() {
	for _, l := range k.cfg.Loop.links {
		if l.cfg.Engine == k.cfg.Engine {
			l.forwardBooks()
			l.forwardEvents()
		}
	}
}

// due is when a message arrives that takes d.
func (k *Link) due(d time.Duration) time.Time { return k.cfg.Loop.Now().Add(d) }

// feed posts a message of the venue's feed. Messages of one connection do not overtake one another, whatever their latency.
func (k *Link) feed(at time.Time, f func()) {
	k.feedAt = later(k.feedAt, at)
	k.cfg.Loop.After(k.feedAt.Sub(k.cfg.Loop.Now()), f)
}

func (k *Link) tell(ev exchange.Event, at time.Time) {
	if k.cfg.OnEvent != nil {
		k.feed(at, func() { k.cfg.OnEvent(ev) })
	}
}

func (k *Link) forwardEvents() {
	if k.down || k.cfg.OnEvent == nil {
		return
	}
	now := k.cfg.Loop.Now()
	news, next, ok := k.cfg.Engine.AccountEvents(k.cfg.Account, k.seen)
	if !ok { // more happened at once than the engine keeps
		k.tell(k.cfg.Engine.fell(k.cfg.Account, now, errSlow), now)
		k.reconcile()
		return
	}
	for i, ev := range news {
		fate := k.inj.Next(now, Call{Op: OpOrders, Key: k.keyOf(ev.Order.Market)})
		at := later(k.due(fate.Out), k.hold)
		if why, _ := broken(fate); why != nil && fate.Fault != Swapped {
			k.seen = k.cfg.Engine.numberOf(k.cfg.Account, k.seen, i)
			k.fall(at, fate.repaired(at), why)
			return
		}
		k.pass(ev, at, fate)
	}
	k.seen = next
}

// pass forwards ev, or lets the one after it pass.
func (k *Link) pass(ev exchange.Event, at time.Time, fate Fate) {
	switch fate.Fault {
	case Delayed:
		at = at.Add(fate.For)
	case Swapped:
		if k.passed == nil {
			k.passed = &ev
			k.cfg.Loop.After(fate.For, func() { k.overtaken(&ev, k.cfg.Loop.Now()) })
			return
		}
	}
	k.tell(ev, at)
	if k.passed != nil {
		k.overtaken(k.passed, at)
	}
}

// overtaken forwards the event that waited for another to pass, once.
func (k *Link) overtaken(ev *exchange.Event, at time.Time) {
	if k.passed == ev {
		k.passed = nil
		k.tell(*ev, at)
	}
}

// fall is the end of the private stream until up.
func (k *Link) fall(at, up time.Time, why error) {
	if k.passed != nil {
		k.overtaken(k.passed, at)
	}
	k.down = true
	k.tell(k.cfg.Engine.fell(k.cfg.Account, at, why), at)
	k.cfg.Loop.After(up.Sub(k.cfg.Loop.Now()), func() {
		k.down = false
		k.reconcile()
	})
}

func (k *Link) reconcile() {
	now := k.cfg.Loop.Now()
	for _, ev := range k.cfg.Engine.missed(k.cfg.Account, now, k.seen) {
		k.tell(ev, now)
	}
	_, k.seen, _ = k.cfg.Engine.Events(k.seen)
}

func (k *Link) keyOf(m exchange.Market) string {
	for _, v := range k.views {
		if v.market == m {
			return v.key
		}
	}
	return ""
}

func (k *Link) forwardBooks() {
	if k.cfg.OnBook == nil {
		return
	}
	now := k.cfg.Loop.Now()
	for _, v := range k.views {
		version := k.cfg.Engine.Version(v.market.Symbol)
		if v.away || version == v.version {
			continue
		}
		v.version = version
		fate := k.inj.Next(now, Call{Op: OpBooks, Key: v.key})
		at := k.due(fate.Out)
		why, all := broken(fate)
		if why == nil {
			if fate.Fault == Delayed {
				at = at.Add(fate.For)
			}
			k.show(v, at, nil)
			continue
		}
		for _, u := range k.views {
			if u == v || all && !u.away {
				k.leave(u, at, fate.repaired(at), why)
			}
		}
	}
}

// leave tells the client that it cannot follow a book until up.
func (k *Link) leave(v *view, at, up time.Time, why error) {
	v.away = true
	k.show(v, at, why)
	k.cfg.Loop.After(up.Sub(k.cfg.Loop.Now()), func() {
		v.away, v.version = false, k.cfg.Engine.Version(v.market.Symbol)
		k.show(v, k.cfg.Loop.Now(), nil)
	})
}

// show forwards the book as it is now, or that it is invalid.
func (k *Link) show(v *view, at time.Time, why error) {
	b := new(exchange.Book)
	if n := len(k.free); n > 0 {
		b, k.free = k.free[n-1], k.free[:n-1]
	}
	if !k.cfg.Engine.Book(v.market.Symbol, b) {
		b.Market = v.market
		why = cmp.Or(why, exchange.ErrDown)
	}
	if why != nil {
		b.Invalidate(why)
	}
	k.feed(at, func() {
		b.RecvTime = k.cfg.Loop.Now()
		k.cfg.OnBook(b)
		k.free = append(k.free, b)
	})
}
