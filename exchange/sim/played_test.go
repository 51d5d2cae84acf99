package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// verdicts is what the client of Link and Exchange makes of each fault of a call: outcome, class, and whether the call took effect.
var verdicts = map[sim.Fault]struct {
	outcome, class error
	done           bool
}{
	sim.LostAck:         {exchange.ErrOutcomeUnknown, nil, true},
	sim.Refused:         {exchange.ErrRejected, exchange.ErrUnavailable, false},
	sim.Partial:         {nil, nil, true},
	sim.Late:            {nil, nil, true}, // without a deadline
	sim.Slow:            {exchange.ErrOutcomeUnknown, nil, true},
	sim.SlowAck:         {exchange.ErrOutcomeUnknown, nil, true},
	sim.Duplicated:      {nil, nil, true},
	sim.FillAfterCancel: {nil, nil, true},
	sim.RejectAfterAck:  {nil, nil, false},
	sim.Reset:           {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, false},
	sim.ResetAfter:      {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.HalfAnswer:      {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.Garbage:         {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.HTML:            {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.Empty:           {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.RateLimited:     {exchange.ErrRejected, exchange.ErrRateLimited, false},
	sim.Banned:          {exchange.ErrRejected, exchange.ErrBanned, false},
	sim.Overloaded503:   {exchange.ErrRejected, exchange.ErrUnavailable, false},
	sim.Unknown503:      {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.Failed503:       {exchange.ErrRejected, exchange.ErrUnavailable, false},
	sim.ServerError:     {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable, true},
	sim.Skew:            {exchange.ErrRejected, exchange.ErrClockSkew, false},
}

// attempt is one operation on the order "a", which rests with 1 at 90 where it is not the one that is placed.
type attempt struct {
	do    func(context.Context, *sim.Exchange) (exchange.Order, error)
	async func(*sim.Link, func(exchange.Order, error))
	done  func(exchange.Order, error) bool // it took effect, as a lookup tells; nil: it is a question
}

func attempts() map[sim.Op]attempt {
	req := limit("a", spot, exchange.Buy, "1", "90")
	ref := req.Ref()
	change := exchange.Change{Quantity: dec("2")}
	canceled := func(o exchange.Order, err error) bool {
		return err == nil && (o.Status == exchange.StatusCanceled || o.Status == exchange.StatusFilled)
	}
	return map[sim.Op]attempt{
		sim.OpPlace: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) { return x.Place(ctx, req) },
			func(k *sim.Link, done func(exchange.Order, error)) { k.Place(req, done) },
			func(o exchange.Order, err error) bool { return err == nil && o.Status != exchange.StatusRejected },
		},
		sim.OpReplace: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) { return x.Replace(ctx, ref, change) },
			func(k *sim.Link, done func(exchange.Order, error)) { k.Replace(ref, change, done) },
			func(o exchange.Order, err error) bool { return err == nil && o.Quantity.Equal(dec("2")) },
		},
		sim.OpCancel: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) { return x.Cancel(ctx, ref) },
			func(k *sim.Link, done func(exchange.Order, error)) { k.Cancel(ref, done) },
			canceled,
		},
		sim.OpCancelAll: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) {
				return exchange.Order{}, x.CancelAll(ctx, spot.Symbol)
			},
			func(k *sim.Link, done func(exchange.Order, error)) {
				k.CancelAll(spot.Symbol, func(err error) { done(exchange.Order{}, err) })
			},
			canceled,
		},
		sim.OpLookup: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) { return x.Lookup(ctx, ref) },
			func(k *sim.Link, done func(exchange.Order, error)) { k.Lookup(ref, done) },
			nil,
		},
		sim.OpRead: {
			func(ctx context.Context, x *sim.Exchange) (exchange.Order, error) {
				_, err := x.Balances(ctx)
				return exchange.Order{}, err
			},
			nil,
			nil,
		},
	}
}

// Each fault of a call at each operation that may meet it: the same in both shells.
func TestFaultsOfCalls(t *testing.T) {
	cells := 0
	for _, op := range sim.Ops() {
		a, ok := attempts()[op]
		if !ok {
			continue
		}
		for _, f := range sim.FaultKinds() {
			if !f.Meets(op) {
				continue
			}
			cells++
			rule := sim.Rule{Op: op, Fault: f, Percent: 50}
			t.Run(fmt.Sprint(op, "/", f, "/exchange"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { playExchange(t, a, rule) })
			})
			if a.async != nil {
				t.Run(fmt.Sprint(op, "/", f, "/link"), func(t *testing.T) { playLink(t, a, rule) })
			}
		}
	}
	if want := len(verdicts)*6 - 10; cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
}

func playExchange(t *testing.T, a attempt, rule sim.Rule) {
	x := newExchange(t, sim.ExchangeConfig{Latency: steady})
	publish(t, x, around100(spot))
	if rule.Op != sim.OpPlace {
		if _, err := x.Place(t.Context(), limit("a", spot, exchange.Buy, "1", "90")); err != nil {
			t.Fatal(err)
		}
	}
	var filled atomic.Bool // the stream has told of a fill
	stop := follow(t, func(ctx context.Context) error {
		return x.StreamOrders(ctx, func(ev exchange.Event) { filled.CompareAndSwap(false, len(ev.Order.Fills) > 0) })
	})
	if err := x.Injector().Add(rule); err != nil {
		t.Fatal(err)
	}
	o, err := a.do(t.Context(), x)
	synctest.Wait()
	if rule.Fault == sim.FillAfterCancel && filled.Load() {
		t.Error("the fill was told before the answer")
	}
	<-time.After(3 * time.Second)
	synctest.Wait()
	now, unknown := x.Lookup(t.Context(), exchange.OrderRef{Market: spot, ClientID: "a"})
	judge(t, a, rule, o, err, now, unknown)
	if rule.Fault == sim.FillAfterCancel && !filled.Load() {
		t.Error("the fill was never told")
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	x.Inspect(func(e *sim.Engine) {
		if n := len(e.OpenOrders(e.Account(), spot.Symbol)); n > 1 {
			t.Errorf("%d orders are open", n)
		}
	})
	if n := x.Injector().Calls(rule.Op); n != 1 && rule.Op != sim.OpLookup {
		t.Errorf("%d calls were counted", n)
	}
}

func playLink(t *testing.T, a attempt, rule sim.Rule) {
	r := newRig(t, sim.LinkConfig{Latency: steady})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	if rule.Op != sim.OpPlace {
		r.Place(limit("a", spot, exchange.Buy, "1", "90"), r.done("place"))
	}
	r.loop.Run()
	if err := r.Injector().Add(rule); err != nil {
		t.Fatal(err)
	}
	r.log = nil
	calls := 0
	a.async(r.Link, func(o exchange.Order, err error) {
		r.note("answered")
		r.loop.After(3*time.Second, func() {
			now, unknown := r.engine.Lookup(exchange.OrderRef{Market: spot, ClientID: "a"})
			judge(t, a, rule, o, err, now, unknown)
		})
		calls++
	})
	r.loop.Run()
	if calls != 1 {
		t.Errorf("answered %d times", calls)
	}
	if rule.Fault != sim.FillAfterCancel {
		return
	}
	answered := slices.IndexFunc(r.log, func(l string) bool { return strings.HasSuffix(l, "answered") })
	filled := slices.IndexFunc(r.log, func(l string) bool { return strings.Contains(l, "event: ") && strings.Contains(l, "0.50@90.0") })
	if filled < answered {
		t.Errorf("the fill is not told after the answer: %q", r.log)
	}
}

// judge compares what the client was told, and what is so at the venue, with the table.
func judge(t *testing.T, a attempt, rule sim.Rule, o exchange.Order, err error, now exchange.Order, unknown error) {
	t.Helper()
	want := verdicts[rule.Fault]
	var e *exchange.Error
	switch {
	case want.outcome == nil && err != nil, want.outcome != nil && !errors.As(err, &e):
		t.Fatalf("answered %v, want %v", err, want.outcome)
	case want.outcome == nil:
	case a.done == nil && (e.Outcome != nil || !errors.Is(err, exchange.ErrUnavailable) && !errors.Is(err, want.class)):
		t.Errorf("a question was answered %v", err)
	case a.done != nil && (exchange.OutcomeOf(err) != want.outcome || want.class != nil && !errors.Is(err, want.class)):
		t.Errorf("answered %v, want %v: %v", err, want.outcome, want.class)
	}
	if (rule.Fault == sim.RateLimited || rule.Fault == sim.Banned) && e.RetryAfter <= 0 {
		t.Error("it does not say how long")
	}
	if a.done != nil && a.done(now, unknown) != want.done {
		t.Errorf("it took effect: %t, want %t: the order is %s, %v", !want.done, want.done, shape(now), unknown)
	}
	if rule.Fault == sim.RejectAfterAck && (o.Status != exchange.StatusAccepted || rule.Op == sim.OpPlace && now.Status != exchange.StatusRejected) {
		t.Errorf("acknowledged as %s, then %s", shape(o), shape(now))
	}
	if rule.Fault == sim.FillAfterCancel && !now.Filled.Equal(dec("0.5")) {
		t.Errorf("%s of 1 filled, want a half", now.Filled)
	}
}
