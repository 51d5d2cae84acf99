package exchangetest

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// scene is one case that runs: the exchange under audit, its stage, and what the case has seen.
type scene struct {
	reporter
	t     *testing.T
	cfg   Config
	run   run
	x     exchange.Exchange // audited
	raw   exchange.Exchange // as opened
	stage Stage             // nil: none, which only RealTime allows
	ctx   context.Context
	began time.Time

	ins  exchange.Instrument // of run.symbol
	mid  exchange.Decimal    // middle of its book
	unit exchange.Decimal    // a quantity that may be traded

	ids    int
	prefix string
	closes []func() // last first
	heard  *events  // the stream of x, where it is followed
	since  int      // the first of placed that it tells of

	mu     sync.Mutex
	placed []exchange.OrderRequest // that may exist at the venue
	said   []answer
	traps  map[[2]string]int // how often each operation must have met each fault in the end
}

// play runs one case. Its body has a goroutine of its own, which a fatal failure ends, wherever the failures are kept.
func (c *Config) play(t *testing.T, r run, to reporter) {
	to.Helper()
	if c.RealTime && r.test.long {
		t.Skip("takes long: in virtual time only")
	}
	open := c.Open
	if r.test.open != nil {
		open = r.test.open(c)
	}
	if open == nil {
		to.Errorf("exchangetest: Config has nothing to open for this case: give it, or say in Unsupported why not")
		return
	}
	x := open(t)
	stage, _ := x.(Stage)
	switch {
	case stage != nil:
	case !c.NoStage:
		to.Errorf("exchangetest: what Open returned is no Stage")
		return
	case !r.test.alone:
		t.Skip("needs a Stage")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &scene{reporter: to, t: t, cfg: *c, run: r, raw: x, stage: stage, ctx: ctx, began: time.Now()}
	s.x = &audit{x: x, s: s}
	s.prefix = "t" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if s.cfg.Page == 0 {
		s.cfg.Page = 100
	}
	if s.cfg.Patience == 0 {
		s.cfg.Patience = 20 * time.Minute
		if c.RealTime {
			s.cfg.Patience = 20 * time.Second
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.close()
		defer s.sprung()
		s.open()
		r.test.run(s)
		s.agreeOnAll()
	}()
	<-done
}

// open learns the rules of the symbol and sets up its book.
func (s *scene) open() {
	s.Helper()
	s.ins = s.instrument(s.run.symbol)
	if s.stage == nil {
		s.mid = s.middle()
	} else {
		s.mid = s.ins.Tick.Mul(exchange.Scaled(midTicks, 0))
	}
	s.unit = unitOf(s.ins, s.mid)
	if s.stage != nil {
		s.publish(s.book(s.ins, 0))
		if cost := s.unit.Mul(s.mid); cost.Cmp(number(2000)) > 0 || cost.Cmp(number(1)) < 0 {
			s.Fatalf("exchangetest: four of the smallest orders cost %s at 100,000 ticks, want 1 to 2,000: other rules, please", cost)
		}
	}
}

func (s *scene) close() {
	for i := len(s.closes) - 1; i >= 0; i-- {
		s.closes[i]()
	}
}

// Fatalf reports a failure and ends the case. Only the goroutine of the case may call it.
func (s *scene) Fatalf(format string, args ...any) {
	s.Helper()
	s.Errorf(format, args...)
	runtime.Goexit()
}

// must ends the case with an error that should not be.
func (s *scene) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// id is a new client id.
func (s *scene) id() string {
	s.ids++
	return s.prefix + "-" + strconv.Itoa(s.ids)
}

// instrument is the rules of y, as the exchange tells them.
func (s *scene) instrument(y exchange.Symbol) exchange.Instrument {
	s.Helper()
	list, err := s.x.Instruments(s.ctx)
	s.must("instruments", err)
	for _, ins := range list {
		if ins.Market.Symbol == y {
			return ins
		}
	}
	s.Fatalf("no instrument for %s among %d", y, len(list))
	return exchange.Instrument{}
}

// poll asks cond again and again, less often as time goes by, until it is true; false when patience ends.
func (s *scene) poll(cond func() bool) bool {
	end := time.Now().Add(s.cfg.Patience)
	for pause := 20 * time.Millisecond; ; pause = min(pause*3/2, 2*time.Second) {
		if cond() {
			return true
		}
		if time.Now().After(end) || !s.rest(pause) {
			return false
		}
	}
}

// rest lets d pass; false when the case has ended.
func (s *scene) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// pass lets d pass, in which nothing should happen; of real time a second at most.
func (s *scene) pass(d time.Duration) {
	if s.cfg.RealTime {
		d = min(d, time.Second)
	}
	s.rest(d)
}

// until waits for an order to become what cond says, as Lookup tells it.
func (s *scene) until(ref exchange.OrderRef, what string, cond func(exchange.Order) bool) exchange.Order {
	s.Helper()
	var o exchange.Order
	var err error
	ok := s.poll(func() bool {
		o, err = s.x.Lookup(s.ctx, ref)
		return err == nil && cond(o)
	})
	if !ok {
		s.Fatalf("order %s is not %s: %s", ref.ClientID, what, describe(o, err))
	}
	return o
}

// ended waits for an order's end.
func (s *scene) ended(ref exchange.OrderRef) exchange.Order {
	s.Helper()
	return s.until(ref, "ended", func(o exchange.Order) bool { return o.Status.Final() })
}

// resting waits for an order to be on the book.
func (s *scene) resting(ref exchange.OrderRef) exchange.Order {
	s.Helper()
	return s.until(ref, "on the book", func(o exchange.Order) bool {
		return o.Status == exchange.StatusAccepted || o.Status == exchange.StatusPartiallyFilled
	})
}

// place places an order that the venue must take.
func (s *scene) place(r exchange.OrderRequest) exchange.Order {
	s.Helper()
	o, err := s.x.Place(s.ctx, r)
	s.must("place "+r.ClientID, err)
	return o
}

// fault sets a trap. The case fails when nothing has sprung it in the end: what it shows would be nothing.
func (s *scene) fault(f Fault) {
	s.Helper()
	trap := [2]string{f.Op, f.Kind}
	if s.traps == nil {
		s.traps = make(map[[2]string]int)
	}
	if _, ok := s.traps[trap]; !ok {
		s.traps[trap] = s.stage.Met(f.Op, f.Kind)
	}
	s.traps[trap]++
	s.must("fault "+f.Op+" "+f.Kind, s.stage.Fault(f))
}

func (s *scene) sprung() {
	s.Helper()
	for trap, want := range s.traps {
		if trap[0] == "connect" && s.stage.Sent("connect") == 0 {
			continue // there are no connections
		}
		if n := s.stage.Met(trap[0], trap[1]); n < want {
			s.Errorf("exchangetest: of the faults %q at %q, %d have not happened", trap[1], trap[0], want-n)
		}
	}
}
