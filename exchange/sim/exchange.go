package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// ErrClosed is the cause of errors after [Exchange.Close].
var ErrClosed = errors.New("sim: exchange closed")

var errNoBook = fmt.Errorf("sim: no book: %w", exchange.ErrInvalid)

// ExchangeConfig makes one account of an Engine an exchange.Exchange.
type ExchangeConfig struct {
	Engine  *Engine            // required, or Floor; it belongs to the Exchange from now on, see [Exchange.Inspect]
	Floor   *Floor             // where the Exchange is one client among others of an engine
	Account exchange.AccountID // default: the engine's first
	Latency Latency
	Faults  Faults
	// Timeout is when a call without an answer ends with ErrOutcomeUnknown, unless its context ends earlier. Default 1 s.
	Timeout time.Duration
}

// Exchange is an account of an Engine behind the blocking ports, on the machine's clock: what [Link] is in virtual time. The fate of each
// call is the same in both. A request travels on when its caller gives up: it may happen after the call has returned with
// ErrOutcomeUnknown.
//
// It plays the faults of calls and of streams; those of a connection by what a client makes of them, see [Fault.Wire]. A refusal strikes
// the one call only, and nothing is ever connected, logged in or subscribed here: such rules never strike.
//
// It is safe for concurrent use. It owns no goroutine; only requests under way and the switch of CancelAllAfter have timers.
type Exchange struct {
	cfg    ExchangeConfig
	floor  *Floor
	inj    *Injector
	closed chan struct{}
	close  func()

	// What follows is guarded by the floor's lock.
	books  map[*bookStream]struct{}
	orders map[*orderStream]struct{}
	hold   time.Time // no event reaches the client before
	dead   map[exchange.Symbol]*time.Timer
}

var (
	_ exchange.Exchange    = (*Exchange)(nil)
	_ exchange.CancelAller = (*Exchange)(nil)
	_ exchange.DeadMan     = (*Exchange)(nil)
	_ exchange.TimeTeller  = (*Exchange)(nil)
)

// NewExchange is a venue that is open for business. Errors wrap exchange.ErrInvalid.
func NewExchange(cfg ExchangeConfig) (*Exchange, error) {
	if (cfg.Engine == nil) == (cfg.Floor == nil) || cfg.Timeout < 0 {
		return nil, fmt.Errorf("sim: exchange needs an engine or a floor; time-out %s: %w", cfg.Timeout, exchange.ErrInvalid)
	}
	inj, err := NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		return nil, err
	}
	floor := cfg.Floor
	if floor == nil {
		floor = NewFloor(cfg.Engine)
	}
	if cfg.Engine = floor.engine; cfg.Engine == nil {
		return nil, fmt.Errorf("sim: exchange on a floor without an engine: %w", exchange.ErrInvalid)
	}
	if cfg.Account == "" {
		cfg.Account = cfg.Engine.Account() // the accounts do not change after NewEngine
	}
	if cfg.Engine.accounts[cfg.Account] == nil {
		return nil, fmt.Errorf("sim: %s has no account %q: %w", cfg.Engine.Venue(), cfg.Account, exchange.ErrInvalid)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	x := &Exchange{
		cfg: cfg, floor: floor, inj: inj, closed: make(chan struct{}), dead: make(map[exchange.Symbol]*time.Timer),
		books: make(map[*bookStream]struct{}), orders: make(map[*orderStream]struct{}),
	}
	leave := floor.tap(x.look)
	x.close = sync.OnceFunc(func() {
		close(x.closed)
		leave()
	})
	return x, nil
}

// Close ends all streams and waiting calls; what is on its way may still reach the engine. It returns nil, also when it is
// called again.
func (x *Exchange) Close() error {
	x.close()
	return nil
}

func (x *Exchange) isClosed() bool {
	select {
	case <-x.closed:
		return true
	default:
		return false
	}
}

// Venue is the engine's.
func (x *Exchange) Venue() exchange.Venue { return x.cfg.Engine.Venue() }

// Account is the one that trades.
func (x *Exchange) Account() exchange.AccountID { return x.cfg.Account }

// Floor is where the engine stands: other accounts may trade there.
func (x *Exchange) Floor() *Floor { return x.floor }

// Injector gives the calls their fates: rules may be added to it at any time.
func (x *Exchange) Injector() *Injector { return x.inj }

// Inspect runs f on the engine while nothing else does: for audits, and for what others do there. f must not wait, and must not call
// the Exchange.
func (x *Exchange) Inspect(f func(*Engine)) {
	x.floor.Do(func(_ time.Time, e *Engine) { f(e) })
}

// Publish makes b the liquidity of its market, and shows what orders have left of it to the streams. It never waits for a
// subscriber. b stays the caller's. Errors are those of Engine.SetBook.
func (x *Exchange) Publish(b *exchange.Book) (err error) {
	if b == nil {
		return errNoBook
	}
	x.floor.Do(func(now time.Time, e *Engine) { err = e.SetBook(now, b) })
	return err
}

// Place is Engine.Submit, at a distance.
func (x *Exchange) Place(ctx context.Context, r exchange.OrderRequest) (exchange.Order, error) {
	a := x.send(ctx, placing(r))
	if a.err != nil {
		a.order = exchange.Order{OrderRequest: r}
	}
	return a.order, a.err
}

// Replace is Engine.Replace, at a distance.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	a := x.send(ctx, replacing(ref, c))
	return a.order, a.err
}

// Cancel is Engine.Cancel, at a distance.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	a := x.send(ctx, canceling(ref))
	return a.order, a.err
}

// Lookup is Engine.Lookup, at a distance.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	a := x.send(ctx, lookingUp(ref))
	return a.order, a.err
}

// CancelAll is Engine.CancelAll, at a distance.
func (x *Exchange) CancelAll(ctx context.Context, s exchange.Symbol) error {
	return x.send(ctx, cancelingAll(x.ref(s))).err
}

// CancelAllAfter cancels all working orders on s when after has passed without another call. Zero switches that off.
func (x *Exchange) CancelAllAfter(ctx context.Context, s exchange.Symbol, after time.Duration) error {
	q := cancelingAll(x.ref(s))
	q.name, q.arms = "cancel all after", true
	if after < 0 {
		return &exchange.Error{Venue: x.Venue(), Op: q.name, Outcome: exchange.ErrNotSent, Class: exchange.ErrInvalid, Message: after.String()}
	}
	q.act = func(e *Engine, _ time.Time, _ Terms) (exchange.Order, error) {
		if e.markets[s] == nil {
			return exchange.Order{}, e.refuse(q.name, exchange.ErrInvalid, "market", "no market %s", s)
		}
		if t := x.dead[s]; t != nil {
			t.Stop()
		}
		delete(x.dead, s)
		if after > 0 {
			x.arm(s, after)
		}
		return exchange.Order{}, nil
	}
	return x.send(ctx, q).err
}

// arm sets the switch of s, under the floor's lock. One that strikes while another call has the lock may have been renewed by it.
func (x *Exchange) arm(s exchange.Symbol, after time.Duration) {
	var t *time.Timer
	t = time.AfterFunc(after, func() {
		x.floor.Do(func(now time.Time, e *Engine) {
			if x.dead[s] == t {
				delete(x.dead, s)
				e.CancelAll(now, x.cfg.Account, s)
			}
		})
	})
	x.dead[s] = t
}

// ref points at what is done to all orders on s.
func (x *Exchange) ref(s exchange.Symbol) exchange.OrderRef {
	return exchange.OrderRef{Market: exchange.Market{Venue: x.Venue(), Symbol: s}, Account: x.cfg.Account}
}

// send lets a request travel, act, and its answer travel back, on timers that nobody's context stops.
func (x *Exchange) send(ctx context.Context, q request) answer {
	if err := x.refuseToSend(ctx, q); err != nil {
		return q.failed(err)
	}
	t := x.inj.Next(time.Now(), q.call())
	lost := t.Fault == LostAck
	if t.In+t.Out == 0 && !lost {
		return x.arrive(q, t)
	}
	back := make(chan answer, 1)
	time.AfterFunc(t.In, func() {
		a := x.arrive(q, t)
		if !lost {
			time.AfterFunc(t.Out, func() { back <- a })
		}
	})
	return x.await(ctx, q, back)
}

// refuseToSend reports why a call ends before anything leaves.
func (x *Exchange) refuseToSend(ctx context.Context, q request) error {
	cause := ctx.Err()
	if x.isClosed() {
		cause = ErrClosed
	}
	if cause == nil {
		return q.foreign(x.Venue(), x.cfg.Account)
	}
	err := &exchange.Error{Venue: x.Venue(), Op: q.name, Outcome: exchange.ErrNotSent, Err: cause}
	if q.question() {
		err.Outcome = nil
	}
	return err
}

func (x *Exchange) await(ctx context.Context, q request, back <-chan answer) answer {
	timeout := time.NewTimer(x.cfg.Timeout)
	defer timeout.Stop()
	var cause error
	select {
	case a := <-back:
		return a
	case <-timeout.C:
		cause = context.DeadlineExceeded
	case <-ctx.Done():
		cause = ctx.Err()
	case <-x.closed:
		cause = ErrClosed
	}
	return q.unanswered(x.Venue(), cause)
}

func (x *Exchange) arrive(q request, t Fate) (a answer) {
	x.floor.Do(func(now time.Time, e *Engine) {
		if t.Fault == FillAfterCancel && !q.arms {
			x.hold = now.Add(t.Out + time.Millisecond)
		}
		a = q.perform(e, now, t)
	})
	return a
}

// look brings the streams up to date with the engine; it runs under the floor's lock.
func (x *Exchange) look(now time.Time) {
	for b := range x.books {
		if x.fetchBooks(now, b) {
			b.wake.now()
		}
	}
	for o := range x.orders {
		if x.fetchEvents(now, o) {
			o.wake.now()
		}
	}
}
