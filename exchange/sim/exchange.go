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

// ExchangeConfig makes an Engine an exchange.Exchange.
type ExchangeConfig struct {
	Engine  *Engine // required; it belongs to the Exchange from now on, see [Exchange.Inspect]
	Latency Latency
	Faults  Faults
	// Timeout is when a call without an answer ends with ErrOutcomeUnknown, unless its context ends earlier. Default 1 s.
	Timeout time.Duration
}

// Exchange is an Engine behind the blocking ports, on the machine's clock: what [Link] is in virtual time. The fate of each call is the
// same in both. A request travels on when its caller gives up: it may happen after the call has returned with ErrOutcomeUnknown.
//
// It is safe for concurrent use. It owns no goroutine; only requests under way have timers.
type Exchange struct {
	cfg    ExchangeConfig
	closed chan struct{}

	mu     sync.Mutex // guards the engine and what follows; never held over a wait, a channel or a callback that may block
	inj    *Injector
	fed    uint64
	books  map[*bookStream]struct{}
	orders map[*orderStream]struct{}
}

var _ exchange.Exchange = (*Exchange)(nil)

// NewExchange is a venue that is open for business. Errors wrap exchange.ErrInvalid.
func NewExchange(cfg ExchangeConfig) (*Exchange, error) {
	if cfg.Engine == nil || cfg.Timeout < 0 {
		return nil, fmt.Errorf("sim: exchange without engine, or with time-out %s: %w", cfg.Timeout, exchange.ErrInvalid)
	}
	inj, err := NewInjector(cfg.Faults, cfg.Latency)
	if err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	return &Exchange{
		cfg: cfg, closed: make(chan struct{}), inj: inj,
		books: make(map[*bookStream]struct{}), orders: make(map[*orderStream]struct{}),
	}, nil
}

// Close ends all streams and waiting calls; what is on its way may still reach the engine. It returns nil, also when it is
// called again.
func (x *Exchange) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.isClosed() {
		close(x.closed)
	}
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

// Account is the engine's.
func (x *Exchange) Account() exchange.AccountID { return x.cfg.Engine.Account() }

// Inspect runs f on the engine while nothing else does: for audits. f must not wait, and must not call the Exchange.
func (x *Exchange) Inspect(f func(*Engine)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(x.cfg.Engine)
}

// Publish makes b the liquidity of its market, and shows what orders have left of it to the streams. It never waits for a
// subscriber. b stays the caller's. Errors are those of Engine.SetBook.
func (x *Exchange) Publish(b *exchange.Book) error {
	var err error
	x.act(b.Market.Symbol, func(now time.Time) bool {
		err = x.cfg.Engine.SetBook(now, b)
		return true
	})
	return err
}

// Place is Engine.Submit, at a distance.
func (x *Exchange) Place(ctx context.Context, r exchange.OrderRequest) (exchange.Order, error) {
	return x.send(ctx, OpPlace, r.Ref(), r.Deadline, func(now time.Time, t Fate) (exchange.Order, error) {
		return x.cfg.Engine.SubmitWith(now, r, Terms{Percent: t.Percent})
	})
}

// Replace is Engine.Replace, at a distance.
func (x *Exchange) Replace(ctx context.Context, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	return x.send(ctx, OpReplace, ref, time.Time{}, func(now time.Time, _ Fate) (exchange.Order, error) {
		return x.cfg.Engine.Replace(now, ref, c)
	})
}

// Cancel is Engine.Cancel, at a distance.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	return x.send(ctx, OpCancel, ref, time.Time{}, func(now time.Time, _ Fate) (exchange.Order, error) {
		return x.cfg.Engine.Cancel(now, ref)
	})
}

// Lookup is Engine.Lookup, at a distance.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	return x.send(ctx, OpLookup, ref, time.Time{}, func(time.Time, Fate) (exchange.Order, error) {
		return x.cfg.Engine.Lookup(ref)
	})
}

type answer struct {
	order exchange.Order
	err   error
}

// send lets a request travel, act, and its answer travel back, on timers that nobody's context stops.
func (x *Exchange) send(ctx context.Context, op Op, ref exchange.OrderRef, deadline time.Time, act action) (exchange.Order, error) {
	if err := x.refuseToSend(ctx, op); err != nil {
		return exchange.Order{}, err
	}
	t := x.inj.Next(time.Now(), Call{op, refKey(ref), deadline})
	lost := t.Fault == LostAck
	if t.In+t.Out == 0 && !lost {
		a := x.arrive(op, ref, t, act)
		return a.order, a.err
	}
	back := make(chan answer, 1)
	time.AfterFunc(t.In, func() {
		a := x.arrive(op, ref, t, act)
		if !lost {
			time.AfterFunc(t.Out, func() { back <- a })
		}
	})
	a := x.await(ctx, op, back)
	return a.order, a.err
}

// refuseToSend reports why a call ends before anything leaves.
func (x *Exchange) refuseToSend(ctx context.Context, op Op) error {
	cause := ctx.Err()
	if x.isClosed() {
		cause = ErrClosed
	}
	if cause == nil {
		return nil
	}
	return &exchange.Error{Venue: x.Venue(), Op: string(op), Outcome: exchange.ErrNotSent, Err: cause}
}

func (x *Exchange) await(ctx context.Context, op Op, back <-chan answer) answer {
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
	return answer{err: unknownOutcome(x.Venue(), op, cause)}
}

func (x *Exchange) arrive(op Op, ref exchange.OrderRef, t Fate, act action) (a answer) {
	if t.Fault == Refused {
		return answer{err: refusedByFault(x.Venue(), op)}
	}
	x.act(ref.Market.Symbol, func(now time.Time) bool {
		fills := len(x.cfg.Engine.log)
		a.order, a.err = act(now, t)
		return len(x.cfg.Engine.log) > fills
	})
	return a
}

// act does something with the engine and wakes the streams: those of events, and where it changed the book of s those of books.
func (x *Exchange) act(s exchange.Symbol, do func(now time.Time) (changed bool)) {
	x.mu.Lock()
	now := time.Now()
	var wake []chan struct{}
	if do(now) {
		for b := range x.books {
			if x.show(now, b, s) {
				wake = append(wake, b.wake)
			}
		}
	}
	for o := range x.orders {
		if o.fetch(now, x) {
			wake = append(wake, o.wake)
		}
	}
	x.mu.Unlock()
	for _, c := range wake {
		select {
		case c <- struct{}{}:
		default: // it is awake already, or about to be
		}
	}
}

// feedDelay is the latency of the next message to any stream.
func (x *Exchange) feedDelay() time.Duration {
	x.fed++
	return x.cfg.Latency.Feed.draw(time.Now(), hash(x.cfg.Faults.Seed, "feed", string(x.Venue()), "", int(x.fed)))
}
