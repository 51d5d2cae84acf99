package order

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Coordinator carries out plans on real venues: a [Driver] in a goroutine of its own. It is safe for concurrent use.
type Coordinator struct {
	cfg     Config
	driver  *Driver
	venues  []exchange.Exchange
	in      chan input    // unbuffered: what is taken from it is answered
	posts   chan func()   // work for the owner; bounded: who posts waits, fills included
	ready   chan struct{} // closed when plans are admitted
	closing chan struct{} // closed when none are admitted any more
	gone    chan struct{} // closed when the owner takes no more posts
	running atomic.Bool
	open    bool // the owner's: prepared
	timers  timers
	calls   sync.WaitGroup
	life    context.Context // of streams and calls, set by Run: ends after the drain
}

type input struct {
	plan  exchange.Plan
	reply chan answer // buffered: the owner never waits
}

type answer struct {
	result Result
	err    error
}

// New is a Coordinator over venues, one an account; two of one account are an error, as are mistakes in cfg. Nothing is sent before
// Run.
func New(cfg Config, venues ...exchange.Exchange) (*Coordinator, error) {
	if len(venues) == 0 {
		return nil, fmt.Errorf("order: no venues: %w", exchange.ErrInvalid)
	}
	c := &Coordinator{venues: venues, in: make(chan input), posts: make(chan func(), 256), ready: make(chan struct{}), closing: make(chan struct{}),
		gone: make(chan struct{})}
	traders := make([]AsyncTrader, len(venues))
	for i, v := range venues {
		traders[i] = liveTrader{v, c}
	}
	d, err := NewDriver(cfg, wall{c}, traders...)
	if err != nil {
		return nil, err
	}
	c.driver, c.cfg = d, d.cfg
	return c, nil
}

// Ready is closed when plans are admitted: every private stream is up, and rules and funds are known.
func (c *Coordinator) Ready() <-chan struct{} { return c.ready }

// Execute carries out plan and returns when its group has ended, with a terminal Result and no error, whatever the outcome. ctx bounds
// only the wait for admission (Run not ready, or Config.MaxGroups open): once admitted a group is brought to its end, whatever
// happens to ctx. Errors that wrap exchange.ErrNotSent say that nothing was sent: a *Refused, ErrClosed, or ctx's error. ErrClosed
// without it comes with a Result that is Open: the drain ran out first, and the Result holds what was known.
func (c *Coordinator) Execute(ctx context.Context, plan exchange.Plan) (Result, error) {
	notSent := func(err error) (Result, error) {
		return Result{Outcome: Voided}, fmt.Errorf("order: %w: %w", exchange.ErrNotSent, err)
	}
	if err := ctx.Err(); err != nil {
		return notSent(err)
	}
	x := input{plan: plan, reply: make(chan answer, 1)}
	select {
	case c.in <- x:
	case <-c.closing:
		return notSent(ErrClosed)
	case <-ctx.Done():
		return notSent(ctx.Err())
	}
	a := <-x.reply
	return a.result, a.err
}

// Run owns the groups until ctx ends; then it admits no more, and returns when the open ones have ended or Config.Drain has run out. It
// returns nil when all ended, an error that wraps ErrClosed when some did not, or what kept it from starting or going on: a stream
// that no reconnect can cure, balances that cannot be read. No goroutine of it is left. It may be called once.
func (c *Coordinator) Run(ctx context.Context) error {
	if c.running.Swap(true) {
		return errors.New("order: Run called twice")
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.life = life
	if c.cfg.FirstGroup == 0 {
		c.driver.next = uint64(time.Now().UnixMicro())
	}
	failed := make(chan error, len(c.venues)+1)
	c.calls.Go(func() { c.prepare(life, failed) })
	err := c.loop(ctx, failed)
	err = errors.Join(err, c.abandon())
	close(c.gone)
	stop()
	c.calls.Wait()
	return err
}

// loop is the owner: all of the Driver happens here.
func (c *Coordinator) loop(ctx context.Context, failed <-chan error) (err error) {
	c.timers.alarm = time.NewTimer(time.Hour)
	c.timers.alarm.Stop()
	defer c.timers.alarm.Stop()
	var drain <-chan time.Time
	done := ctx.Done()
	shut := func(cause error) {
		err = errors.Join(err, cause)
		if drain == nil {
			close(c.closing)
			drain, done = time.After(c.cfg.Drain), nil
		}
	}
	for drain == nil || !c.driver.Idle() {
		in := c.in
		if !c.open || drain != nil || c.driver.machine.Full() {
			in = nil // Execute waits, bounded by its ctx
		}
		select {
		case x := <-in:
			c.driver.Execute(x.plan, func(r Result, err error) { x.reply <- answer{r, err} })
		case f := <-c.posts:
			f()
		case <-c.timers.alarm.C:
			c.timers.run(time.Now())
		case e := <-failed:
			shut(e)
		case <-done:
			shut(nil)
		case <-drain:
			return err
		}
	}
	return err
}

// abandon answers those whose groups did not end in time.
func (c *Coordinator) abandon() error {
	n := len(c.driver.waiting)
	if n == 0 {
		return nil
	}
	for number, reply := range c.driver.waiting {
		r := Result{}
		if g := c.driver.machine.groups[number]; g != nil {
			r = *c.driver.machine.result(g)
			r.Outcome = Open
		}
		c.cfg.Log.Error("order: still open", "group", r.Group, "residual", r.Residual.String(), "orders", r.Orders)
		reply(r, ErrClosed)
	}
	return fmt.Errorf("%w: %d groups still open", ErrClosed, n)
}

// prepare starts the streams, waits until all are up, reads rules and funds, and opens the door: through the owner's queue, behind what
// it has read.
func (c *Coordinator) prepare(life context.Context, failed chan<- error) {
	up := make(chan struct{}, len(c.venues))
	for _, v := range c.venues {
		c.calls.Go(func() { failed <- c.follow(life, v, up) })
	}
	for range c.venues {
		select {
		case <-up:
		case <-c.closing:
			return
		}
	}
	for _, v := range c.venues {
		if err := c.read(life, v); err != nil {
			failed <- fmt.Errorf("order: start at %s: %w", v.Venue(), err)
			return
		}
	}
	c.post(func() {
		c.open = true
		close(c.ready)
	})
}

// follow hands an account's stream to the owner until life ends, or until the stream gives up.
func (c *Coordinator) follow(life context.Context, v exchange.Exchange, up chan<- struct{}) error {
	first := true
	err := v.StreamOrders(life, func(ev exchange.Event) {
		if ev.Kind != exchange.OrderUpdate {
			ev.Order.Market.Venue, ev.Order.Account = v.Venue(), v.Account()
		}
		c.post(func() { c.driver.OnEvent(ev) })
		if ev.Kind == exchange.StreamUp && first {
			first = false
			up <- struct{}{}
		}
	})
	if life.Err() != nil {
		return nil //nolint:nilerr // ended on request
	}
	return fmt.Errorf("order: private stream of %s: %w", v.Venue(), fmt.Errorf("%w: %w", exchange.ErrUnavailable, err))
}

// read fetches what an account is to begin with. What a venue does not support is left unknown.
func (c *Coordinator) read(life context.Context, v exchange.Exchange) error {
	ctx, cancel := context.WithTimeout(life, c.cfg.CallTimeout)
	defer cancel()
	if c.cfg.Instruments == nil {
		rules, err := v.Instruments(ctx)
		if err != nil {
			return err
		}
		for _, i := range rules {
			if err := i.Validate(); err != nil {
				return err
			}
		}
		c.post(func() { c.driver.machine.learnRules(rules) })
	}
	balances, err := v.Balances(ctx)
	if errors.Is(err, exchange.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	positions, err := v.Positions(ctx)
	if err != nil && !errors.Is(err, exchange.ErrUnsupported) {
		return err
	}
	c.post(func() { c.driver.SetFunds(Account{v.Venue(), v.Account()}, balances, positions) })
	return nil
}

// post gives work to the owner, waiting for room; it is dropped when the owner has gone.
func (c *Coordinator) post(f func()) {
	select {
	case c.posts <- f:
	case <-c.gone:
	}
}
