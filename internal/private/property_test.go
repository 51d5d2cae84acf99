package private_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// judge holds the stream to its contract, event by event.
type judge struct {
	m      *model
	strict bool // readings do not lag, breaks show, none during a renewal, emit is quick: what was missed comes before StreamUp

	mu     sync.Mutex
	up     bool
	begun  bool
	told   map[string]int // fills
	orders map[string]exchange.Order
	faults []string
	events int
}

func (j *judge) fault(format string, args ...any) {
	j.faults = append(j.faults, fmt.Sprintf(format, args...))
}

func (j *judge) emit(ev exchange.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events++
	switch ev.Kind {
	case exchange.StreamUp:
		if j.up {
			j.fault("up twice")
		}
		j.up = true
		if j.begun && j.strict {
			j.complete()
		}
		j.begun = true
		return
	case exchange.StreamDown:
		if !j.up || !errors.Is(ev.Err, exchange.ErrUnavailable) {
			j.fault("down, though up is %v: %v", j.up, ev.Err)
		}
		j.up = false
		return
	}
	if !j.begun {
		j.fault("event before the first up: %s", words(ev))
	}
	o, old := ev.Order, j.orders[ev.Order.VenueID]
	if o.Filled.Cmp(old.Filled) < 0 || old.Status.Final() && !o.Status.Final() {
		j.fault("%s after %s %s", words(ev), old.Status, old.Filled)
	}
	if old.VenueID != "" && o.Status == old.Status && o.Filled.Equal(old.Filled) && o.Quantity.Equal(old.Quantity) && len(o.Fills) == 0 {
		j.fault("no news: %s", words(ev))
	}
	if o.VenueID != "" {
		j.orders[o.VenueID] = o
	}
	for _, f := range o.Fills {
		if j.told[f.TradeID]++; j.told[f.TradeID] > 1 {
			j.fault("fill %s told again", f.TradeID)
		}
	}
}

// complete checks that all that had happened before each link's present connection was subscribed has been told.
func (j *judge) complete() {
	j.m.mu.Lock()
	defer j.m.mu.Unlock()
	since := map[exchange.Kind]time.Time{}
	for _, l := range j.m.lines {
		if !l.over && !l.subscribed.IsZero() {
			if at, ok := since[l.kind]; !ok || l.subscribed.Before(at) {
				since[l.kind] = l.subscribed
			}
		}
	}
	for _, o := range j.m.orders {
		for _, f := range o.fills {
			if at, ok := since[o.market.Symbol.Kind]; ok && f.Time.Before(at) && j.told[f.TradeID] == 0 {
				j.fault("up before fill %s of %v ago was told", f.TradeID, time.Since(f.Time))
			}
		}
	}
}

// Whatever happens to sockets, pushes and readings, the stream tells each fill once, and rises and falls as it should.
func TestEveryFillOnce(t *testing.T) {
	seeds := uint64(400)
	if testing.Short() {
		seeds = 50
	}
	events := 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) { events += property(t, seed) })
		if t.Failed() {
			return
		}
	}
	t.Logf("%d seeds, %d events", seeds, events)
}

func property(t *testing.T, seed uint64) int {
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := &model{rnd: rnd, apart: rnd.IntN(2) == 0, silent: rnd.IntN(2) == 0, renews: rnd.IntN(3) > 0}
	if rnd.IntN(2) == 0 {
		m.lag = 2 * time.Second
	}
	slow := rnd.IntN(3) == 0
	j := &judge{m: m, strict: m.lag == 0 && !m.silent && !m.renews && !slow, told: map[string]int{}, orders: map[string]exchange.Order{}}
	tr := private.NewTracker(private.TrackerConfig{})
	renew := []chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	cfg := private.Config{Venue: "v", Tracker: tr, Seed: seed + 1, BackoffMax: 2 * time.Second, Linger: 500 * time.Millisecond,
		Links: []private.Link{m.link(exchange.Spot, renew[0]), m.link(exchange.Perp, renew[1])}}
	if slow {
		cfg.Queue, cfg.Held = 1+rnd.IntN(10), 1+rnd.IntN(10)
	}
	s, err := private.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	emit := func(ev exchange.Event) {
		if slow && m.n(4) == 0 {
			time.Sleep(m.upTo(time.Second))
		}
		j.emit(ev)
	}
	var cancel context.CancelFunc
	var done chan error
	run := func() {
		var ctx context.Context
		ctx, cancel = context.WithCancel(t.Context())
		done = make(chan error, 1)
		go func() { done <- s.Run(ctx, emit) }()
	}
	stop := func() {
		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("seed %d: Run: %v", seed, err)
		}
	}
	run()
	time.Sleep(m.upTo(2 * time.Second))
	for i := range 12 {
		o := m.place(tr, i)
		for range m.n(5) {
			time.AfterFunc(m.upTo(20*time.Second), func() { m.trade(o) })
		}
		time.AfterFunc(m.upTo(30*time.Second), func() { m.cancel(o) })
		time.Sleep(m.upTo(3 * time.Second))
		if m.n(2) == 0 {
			m.disturb(renew)
		}
		if m.n(15) == 0 {
			stop()
			time.Sleep(m.upTo(5 * time.Second))
			j.mu.Lock()
			j.up, j.begun = false, false
			j.mu.Unlock()
			run()
		}
	}
	time.Sleep(15 * time.Minute)
	stop()
	j.verdict(tr)
	for _, f := range j.faults {
		t.Errorf("seed %d: %s", seed, f)
	}
	return j.events
}

// verdict compares what was told in the end with what happened.
func (j *judge) verdict(tr *private.Tracker) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.up {
		j.fault("down in the end")
	}
	for _, o := range j.m.orders {
		for _, f := range o.fills {
			if j.told[f.TradeID] != 1 {
				j.fault("fill %s was told %d times (order of another: %v)", f.TradeID, j.told[f.TradeID], o.foreign)
			}
		}
		want, got := o.view(time.Now(), false), j.orders["v"+o.id]
		if o.foreign && got.VenueID == "" && len(o.fills) == 0 {
			continue // it came and went while nobody looked
		}
		if got.Status != want.Status || !got.Filled.Equal(want.Filled) {
			j.fault("order %s (of another: %v) ended %s %s, told %s %s", o.id, o.foreign, want.Status, want.Filled, got.Status, got.Filled)
		}
	}
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		if refs := tr.Working(kind); len(refs) > 0 {
			j.fault("still working: %v", refs)
		}
	}
}
