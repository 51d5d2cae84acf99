package private_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// model is a venue with two private sockets, in virtual time. It is as bad as venues are: pushes overtake each other and come twice, sockets
// break with and without a sign, and what is read by REST is as things were a moment ago.
type model struct {
	lag    time.Duration // of readings, at most
	silent bool          // sockets may break without a sign
	renews bool          // connections are replaced
	apart  bool          // orders and fills are pushed apart

	mu     sync.Mutex
	rnd    *rand.Rand
	orders []*modelOrder
	lines  []*modelLine
}

type modelOrder struct {
	market   exchange.Market
	id       string
	foreign  bool // another program's: this one hears of it on the stream only
	created  time.Time
	fills    []exchange.Fill
	ended    time.Time // canceled; zero: not
	quantity int
}

type modelLine struct {
	m          *model
	kind       exchange.Kind
	push       func(private.Update) error
	end        chan error
	alive      time.Time
	subscribed time.Time
	broken     bool
	over       bool
}

func (m *model) n(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rnd.IntN(n)
}

func (m *model) upTo(d time.Duration) time.Duration { return time.Duration(m.n(int(d) + 1)) }

// view is o as it was at the time.
func (o *modelOrder) view(at time.Time, withFills bool) exchange.Order {
	r := exchange.Order{OrderRequest: request(o.market, o.id), VenueID: "v" + o.id, Status: accepted, Time: o.created}
	for _, f := range o.fills {
		if f.Time.After(at) {
			continue
		}
		r.Filled, r.Status, r.Time = r.Filled.Add(f.Quantity), partial, f.Time
		if withFills {
			r.Fills = append(r.Fills, f)
		}
	}
	switch {
	case r.Filled.Equal(r.Quantity):
		r.Status = filled
	case !o.ended.IsZero() && !o.ended.After(at):
		r.Status, r.Time = canceled, o.ended
	}
	return r
}

func (m *model) trade(o *modelOrder) {
	m.mu.Lock()
	sum := len(o.fills)
	if sum == o.quantity || !o.ended.IsZero() {
		m.mu.Unlock()
		return
	}
	f := fill(o.market, o.id, fmt.Sprint(o.id, ".", sum), "1")
	f.Time = time.Now()
	o.fills = append(o.fills, f)
	r := o.view(f.Time, false)
	m.mu.Unlock()
	if m.apart {
		m.tell(o, order(r))
		m.tell(o, single(f))
		return
	}
	r.Fills = []exchange.Fill{f}
	m.tell(o, order(r))
}

func (m *model) cancel(o *modelOrder) {
	m.mu.Lock()
	if len(o.fills) == o.quantity || !o.ended.IsZero() {
		m.mu.Unlock()
		return
	}
	o.ended = time.Now()
	r := o.view(o.ended, false)
	m.mu.Unlock()
	m.tell(o, order(r))
}

// tell pushes u to each socket that follows o's market.
func (m *model) tell(o *modelOrder, u private.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		if l.kind != o.market.Symbol.Kind || l.subscribed.IsZero() || l.over {
			continue
		}
		for range 1 + m.rnd.IntN(5)/4 {
			time.AfterFunc(time.Duration(m.rnd.IntN(int(300*time.Millisecond))), func() { l.hand(u) })
		}
	}
}

func (l *modelLine) hand(u private.Update) {
	l.m.mu.Lock()
	if l.broken || l.over {
		l.m.mu.Unlock()
		return
	}
	l.alive = time.Now()
	l.m.mu.Unlock()
	if u.Order != nil { // the stream owns what it is given
		o := *u.Order
		o.Fills = slices.Clone(o.Fills)
		u.Order = &o
	}
	if u.Fill != nil {
		f := *u.Fill
		u.Fill = &f
	}
	if err := l.push(u); err != nil {
		l.Close(err)
	}
}

func (l *modelLine) Run(ctx context.Context) error {
	defer func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		l.over = true
	}()
	select {
	case err := <-l.end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *modelLine) Subscribe(ctx context.Context) error {
	select {
	case <-time.After(l.m.upTo(50 * time.Millisecond)):
	case <-ctx.Done():
		return ctx.Err()
	}
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.subscribed, l.alive = time.Now(), time.Now()
	return nil
}

func (l *modelLine) Alive() time.Time {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.alive
}

func (l *modelLine) Close(err error) {
	select {
	case l.end <- err:
	default:
	}
}

// link is the model's socket for a kind. Orders of others are on spot only, whose fills are listed for all symbols.
func (m *model) link(kind exchange.Kind, renew chan struct{}) private.Link {
	l := private.Link{Name: kind.String(), Kinds: []exchange.Kind{kind}, Renew: renew}
	l.Connect = func(_ context.Context, push func(private.Update) error) (private.Conn, error) {
		if m.n(10) == 0 {
			return nil, errReset
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		c := &modelLine{m: m, kind: kind, push: push, end: make(chan error, 1), alive: time.Now()}
		m.lines = append(m.lines, c)
		return c, nil
	}
	l.Open = func(ctx context.Context) (r []exchange.Order, err error) {
		err = m.read(ctx, kind, func(o *modelOrder, at time.Time) {
			if v := o.view(at, false); v.Status.Working() {
				r = append(r, v)
			}
		})
		return r, err
	}
	l.Lookup = func(ctx context.Context, ref exchange.OrderRef) (r exchange.Order, err error) {
		err = m.read(ctx, kind, func(o *modelOrder, at time.Time) {
			if ref.ClientID == o.id || ref.VenueID == "v"+o.id {
				r = o.view(at, true)
			}
		})
		if err == nil && r.VenueID == "" {
			err = exchange.ErrNotFound
		}
		return r, err
	}
	all := func(ctx context.Context, since time.Time) (r []exchange.Fill, err error) {
		err = m.read(ctx, kind, func(o *modelOrder, at time.Time) {
			for _, f := range o.fills {
				if !f.Time.Before(since) && !f.Time.After(at) {
					r = append(r, f)
				}
			}
		})
		return r, err
	}
	if kind == exchange.Spot {
		l.AllFills = all
	} else {
		l.Fills = func(ctx context.Context, _ exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
			return all(ctx, since)
		}
	}
	return l
}

// read shows each order as it was up to lag ago.
func (m *model) read(ctx context.Context, kind exchange.Kind, show func(o *modelOrder, at time.Time)) error {
	at := time.Now()
	if m.lag > 0 {
		at = at.Add(-m.upTo(m.lag))
	}
	select {
	case <-time.After(m.upTo(30 * time.Millisecond)):
	case <-ctx.Done():
		return ctx.Err()
	}
	if m.n(15) == 0 {
		return errReset
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.orders {
		if o.market.Symbol.Kind == kind && !o.created.After(at) {
			show(o, at)
		}
	}
	return nil
}

// place makes an order, and tells the tracker what an adapter would.
func (m *model) place(tr *private.Tracker, i int) *modelOrder {
	o := &modelOrder{market: spot, id: fmt.Sprint("o", i), quantity: 5, foreign: m.n(5) == 0}
	if !o.foreign && m.n(2) == 0 {
		o.market = perp
	}
	if !o.foreign {
		tr.Sending(request(o.market, o.id))
	}
	time.Sleep(m.upTo(20 * time.Millisecond))
	m.mu.Lock()
	o.created = time.Now()
	m.orders = append(m.orders, o)
	r := o.view(o.created, false)
	m.mu.Unlock()
	m.tell(o, order(r))
	for range m.n(3) { // it may fill at once
		m.trade(o)
	}
	switch m.n(3) {
	case 0: // the answer is lost
	case 1: // it has the fills
		m.mu.Lock()
		r = o.view(time.Now(), true)
		m.mu.Unlock()
		fallthrough
	default:
		if !o.foreign {
			time.AfterFunc(m.upTo(200*time.Millisecond), func() { tr.Answered(r) })
		}
	}
	return o
}

// disturb does something bad to a socket.
func (m *model) disturb(renew []chan struct{}) {
	m.mu.Lock()
	var live []*modelLine
	for _, l := range m.lines {
		if !l.over {
			live = append(live, l)
		}
	}
	if len(live) == 0 {
		m.mu.Unlock()
		return
	}
	l, what := live[m.rnd.IntN(len(live))], m.rnd.IntN(5)
	if what == 4 && m.silent {
		l.broken = true
		time.AfterFunc(time.Duration(m.rnd.IntN(int(15*time.Second))), func() { l.Close(errReset) })
	}
	m.mu.Unlock()
	switch what {
	case 0, 1:
		l.Close(errReset)
	case 2:
		l.Close(private.ErrRenew)
	case 3:
		if !m.renews {
			return
		}
		select {
		case renew[l.kind] <- struct{}{}:
		default:
		}
	}
}
