package sim_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// rig is a link with a record of what came out of it, by time since the start.
type rig struct {
	*sim.Link
	engine *sim.Engine
	loop   *sim.Loop
	log    []string
}

func (r *rig) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf("%s ", r.loop.Now().Sub(start))+fmt.Sprintf(format, args...))
}

func (r *rig) done(what string) func(exchange.Order, error) {
	return func(o exchange.Order, err error) {
		if err != nil {
			r.note("%s: %v", what, err)
			return
		}
		r.note("%s: %s", what, shape(o))
	}
}

func newRig(t testing.TB, cfg sim.LinkConfig) *rig {
	t.Helper()
	r := &rig{engine: newEngine(t, config()), loop: sim.NewLoop(start)}
	cfg.Engine, cfg.Loop = r.engine, r.loop
	cfg.OnEvent = func(ev exchange.Event) { r.note("event: %s %s", ev.Kind, shape(ev.Order)) }
	cfg.OnBook = func(b *exchange.Book) {
		ask, _ := b.Best(exchange.Buy)
		r.note("book: ask %s x %s seen at %s", b.Price(ask), b.Size(ask), b.RecvTime.Sub(start))
	}
	k, err := sim.NewLink(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Link = k
	return r
}

func (r *rig) check(t *testing.T, want ...string) {
	t.Helper()
	r.loop.Run()
	if !slices.Equal(r.log, want) {
		t.Errorf("got:")
		for _, l := range r.log {
			t.Errorf("  %s", l)
		}
		t.Errorf("want:")
		for _, l := range want {
			t.Errorf("  %s", l)
		}
	}
}

const ms = time.Millisecond

var steady = sim.Latency{Entry: sim.Delay{Min: 5 * ms}, Response: sim.Delay{Min: 3 * ms}, Feed: sim.Delay{Min: 2 * ms}}

func always(set func(*sim.Rates)) sim.Faults {
	var f sim.Faults
	set(&f.Orders)
	return f
}

func TestLinkTakesItsTime(t *testing.T) {
	r := newRig(t, sim.LinkConfig{Latency: steady})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	req := ioc(limit("a", spot, exchange.Buy, "0.4", "101"))
	r.Place(req, r.done("place"))
	r.loop.After(20*ms, func() { r.Lookup(req.Ref(), r.done("lookup")) })
	r.loop.After(20*ms, func() { r.Cancel(req.Ref(), r.done("cancel")) })
	if len(r.log) != 0 {
		t.Fatalf("something came before its time: %v", r.log)
	}
	r.check(t,
		"2ms event: stream up unknown 0",
		"2ms book: ask 101.0 x 1.00 seen at 2ms",
		"7ms book: ask 101.0 x 0.60 seen at 7ms",
		"7ms event: order filled 0.40 0.40@101.0",
		"8ms place: filled 0.40 0.40@101.0",
		"28ms lookup: filled 0.40 0.40@101.0",
		`28ms cancel: x cancel: rejected: conflict: code ended: "order a is filled"`,
	)
}

func TestLinkWithoutLatencyStillAnswersLater(t *testing.T) {
	r := newRig(t, sim.LinkConfig{})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	returned := false
	r.Place(ioc(limit("a", spot, exchange.Buy, "1", "101")), func(exchange.Order, error) {
		if !returned {
			t.Error("done was called before Place returned")
		}
	})
	returned = true
	r.loop.Run()
}

func TestLinkReplacesAndCancels(t *testing.T) {
	r := newRig(t, sim.LinkConfig{})
	if err := r.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	req := limit("a", spot, exchange.Buy, "1", "100")
	r.Place(req, r.done("place"))
	r.loop.Run()
	r.log = nil
	r.Replace(req.Ref(), exchange.Change{Price: dec("100.5")}, r.done("replace"))
	r.loop.Run()
	r.Cancel(req.Ref(), r.done("cancel"))
	r.check(t,
		"0s book: ask 101.0 x 1.00 seen at 0s", "0s event: order replaced 0", "0s event: order accepted 0", "0s replace: accepted 0",
		"0s book: ask 101.0 x 1.00 seen at 0s", "0s event: order canceled 0", "0s cancel: canceled 0",
	)
}

func TestLinkFeedKeepsItsOrder(t *testing.T) {
	e, loop := newEngine(t, config()), sim.NewLoop(start)
	var seqs []uint64
	k, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, Latency: sim.Latency{Feed: sim.Delay{Jitter: 50 * ms}},
		OnBook: func(b *exchange.Book) { seqs = append(seqs, b.Seq) }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		loop.After(time.Duration(i)*ms, func() {
			b := around100(spot)
			b.Seq = uint64(i)
			if err := k.Publish(b); err != nil {
				t.Error(err)
			}
		})
	}
	loop.Run()
	if len(seqs) != 200 || !slices.IsSorted(seqs) {
		t.Errorf("%d books, in order %v", len(seqs), slices.IsSorted(seqs))
	}
}

// run plays some seconds of generated books and random orders over a faulty link, and hashes everything that came out of it.
func run(t testing.TB, seed uint64, n int) (sum uint64, fills int, kinds map[string]int) {
	g := newGenerator(t, sim.GeneratorConfig{Seed: seed, Venues: []exchange.Venue{"x"}})
	e := newEngine(t, sim.EngineConfig{Venue: "x", Instruments: g.Instruments("x"),
		Fees:     exchange.FeeRates{Maker: dec("-0.0001"), Taker: dec("0.0005")},
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}, {Asset: "BTC", Quantity: dec("10")}, {Asset: "ETH", Quantity: dec("100")}}})
	faults, err := sim.FaultProfile("basic", seed)
	if err != nil {
		t.Fatal(err)
	}
	loop := sim.NewLoop(start)
	h := fnv.New64a()
	kinds = map[string]int{}
	k, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, Faults: faults,
		Latency: sim.Latency{Entry: sim.Delay{Min: ms, Jitter: 4 * ms}, Response: sim.Delay{Min: ms, Jitter: 4 * ms}, Feed: sim.Delay{Min: ms, Jitter: ms}},
		OnEvent: func(ev exchange.Event) { fmt.Fprintln(h, loop.Now().UnixNano(), ev.Kind, ev.Order) },
		OnBook:  func(b *exchange.Book) { fmt.Fprintln(h, loop.Now().UnixNano(), *b) },
	})
	if err != nil {
		t.Fatal(err)
	}
	placed := 0
	var tick func()
	tick = func() {
		for _, b := range g.Step(loop.Now()) {
			if err := k.Publish(b); err != nil {
				t.Fatal(err)
			}
			if placed == n {
				continue
			}
			placed++
			side := exchange.Side(1 + placed%2)
			best, _ := b.Best(side)
			req := exchange.OrderRequest{Market: b.Market, ClientID: fmt.Sprint("o", placed), Side: side, TIF: exchange.TimeInForce(placed % 3),
				Price: b.Price(best), Quantity: b.Size(best), Deadline: loop.Now().Add(time.Second)}
			k.Place(req, func(o exchange.Order, err error) {
				fmt.Fprintln(h, loop.Now().UnixNano(), o, err)
				switch {
				case err != nil:
					kinds[exchange.OutcomeOf(err).Error()]++
				default:
					kinds[o.Status.String()]++
				}
				if err == nil && !o.Status.Final() {
					k.Cancel(req.Ref(), func(o exchange.Order, err error) { fmt.Fprintln(h, o, err) })
				}
			})
		}
		if placed < n {
			loop.After(g.Interval(), tick)
		}
	}
	tick()
	loop.Run()
	fmt.Fprintln(h, e.Log(), e.Balances(e.Account()))
	return h.Sum64(), len(e.Log()), kinds
}

func TestLinkIsTheSameForOneSeed(t *testing.T) {
	first, fills, kinds := run(t, 7, 1000)
	if fills < 300 {
		t.Fatalf("only %d fills: the run shows nothing", fills)
	}
	for _, k := range []string{"filled", "expired", "rejected", "outcome unknown"} {
		if kinds[k] < 20 {
			t.Errorf("only %d answers %q in %v", kinds[k], k, kinds)
		}
	}
	for range 2 {
		if again, _, _ := run(t, 7, 1000); again != first {
			t.Fatalf("one seed, two runs: %x and %x", first, again)
		}
	}
	if other, _, _ := run(t, 8, 1000); other == first {
		t.Error("two seeds, one run")
	}
}

func TestNewLinkRefuses(t *testing.T) {
	e, l := newEngine(t, config()), sim.NewLoop(start)
	for name, cfg := range map[string]sim.LinkConfig{
		"no engine":          {Loop: l},
		"no loop":            {Engine: e},
		"negative time-out":  {Engine: e, Loop: l, Timeout: -1},
		"negative latency":   {Engine: e, Loop: l, Latency: sim.Latency{Feed: sim.Delay{Min: -1}}},
		"rates above one":    {Engine: e, Loop: l, Faults: sim.Faults{Orders: sim.Rates{LostAck: 6e5, Reject: 5e5}}},
		"negative slow time": {Engine: e, Loop: l, Faults: sim.Faults{SlowBy: -1}},
	} {
		if _, err := sim.NewLink(cfg); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sim.FaultProfile("wild", 1); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("unknown profile: %v", err)
	}
	if f, err := sim.FaultProfile("none", 9); err != nil || !reflect.DeepEqual(f, sim.Faults{Seed: 9}) {
		t.Errorf("none: %+v, %v", f, err)
	}
}

// What package order asks of a venue and of a clock, as it stands there.
type asyncTrader interface {
	Venue() exchange.Venue
	Account() exchange.AccountID
	Place(r exchange.OrderRequest, done func(exchange.Order, error))
	Replace(ref exchange.OrderRef, c exchange.Change, done func(exchange.Order, error))
	Cancel(ref exchange.OrderRef, done func(exchange.Order, error))
	Lookup(ref exchange.OrderRef, done func(exchange.Order, error))
}

type clock interface {
	Now() time.Time
	After(d time.Duration, f func())
}

var (
	_ asyncTrader = (*sim.Link)(nil)
	_ clock       = (*sim.Loop)(nil)
)

// One book fills more orders than the engine keeps events: each fill is told once all the same, and the stream says that it was down.
func TestLinkLosesNoFillWhenEventsOverflow(t *testing.T) {
	cfg := config()
	cfg.EventBuffer = 2
	e, loop := newEngine(t, cfg), sim.NewLoop(start)
	told := map[exchange.FillKey]int{}
	var kinds []exchange.EventKind
	k, err := sim.NewLink(sim.LinkConfig{Engine: e, Loop: loop, OnEvent: func(ev exchange.Event) {
		if n := len(kinds); n == 0 || kinds[n-1] != ev.Kind {
			kinds = append(kinds, ev.Kind)
		}
		for _, f := range ev.Order.Fills {
			told[f.Key()]++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Publish(around100(spot)); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		k.Place(limit(fmt.Sprint(i), spot, exchange.Buy, "0.1", "100"), func(_ exchange.Order, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	loop.Run()
	if err := k.Publish(book(spot, nil, [][2]int64{{990, 500}})); err != nil {
		t.Fatal(err)
	}
	loop.Run()
	want := []exchange.EventKind{exchange.StreamUp, exchange.OrderUpdate, exchange.StreamDown, exchange.OrderUpdate, exchange.BalanceUpdate,
		exchange.StreamUp}
	if !slices.Equal(kinds, want) {
		t.Errorf("kinds %v, want %v", kinds, want)
	}
	if len(told) != 20 || len(e.Log()) != 20 {
		t.Errorf("%d fills told of %d, want 20", len(told), len(e.Log()))
	}
	for key, n := range told {
		if n != 1 {
			t.Errorf("%v was told %d times", key, n)
		}
	}
}
