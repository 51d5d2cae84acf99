package binance

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// chain is what the venue tells of an order and, on spot, of those that came before and after it by replacement.
func (x *Exchange) chain(ctx context.Context, ref exchange.OrderRef) ([]report, error) {
	orderID, name, err := x.present(ref)
	if err != nil {
		return nil, readError(notSent("lookup", err))
	}
	m := ref.Market
	o, err := x.status(ctx, m, orderID, name)
	if errors.Is(err, exchange.ErrNotFound) && ref.ClientID != "" {
		heir, found, failed := x.heir(ctx, m, ref.ClientID)
		if failed != nil {
			return nil, failed
		}
		if found && (orderID == "" || heir.VenueID == orderID || heir.successor > 0) {
			o, err = heir, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if ref.ClientID != "" && o.ClientID != ref.ClientID {
		return nil, conflict("the venue's id is another order's")
	}
	chain := []report{o}
	if m.Symbol.Kind != exchange.Spot {
		return chain, nil
	}
	if chain, err = x.predecessors(ctx, m, chain); err != nil {
		return nil, err
	}
	if chain, err = x.successors(ctx, m, chain); err != nil {
		return nil, err
	}
	x.past.keep(chain)
	return chain, nil
}

// conflict is the error of a lookup whose answer cannot be told.
func conflict(why string) error {
	return &exchange.Error{Venue: Venue, Op: "lookup", Class: exchange.ErrConflict, Message: why}
}

// forgotten is how old an order without a fill is when the venue archives it.
const forgotten = 90 * 24 * time.Hour

// predecessors puts those of the first of chain before it. They ended for their successors. The venue's ids rise with time, which tells
// them from the orders of a client id that was used again. Those that were seen to have ended are not asked for again.
func (x *Exchange) predecessors(ctx context.Context, m exchange.Market, chain []report) ([]report, error) {
	young := chain[0].made.IsZero() || x.half(m.Symbol.Kind).clock.Now().Sub(chain[0].made) < forgotten
	for n := chain[0].successor - 1; n >= 0; n-- {
		if before := x.past.of(&chain[0]); before != nil {
			return append(before, chain...), nil
		}
		name, err := venueID(m.Symbol.Kind, chain[0].ClientID, n)
		if err != nil {
			return nil, readError(notSent("lookup", err))
		}
		o, err := x.status(ctx, m, "", name)
		switch {
		case archived(err) || errors.Is(err, exchange.ErrNotFound) && !young: // without a fill
			continue
		case errors.Is(err, exchange.ErrNotFound): // or a reading that lags behind
			return nil, conflict("an order that was replaced is not found: what it had filled cannot be told")
		case err != nil:
			return nil, err
		case compareIDs(o.VenueID, chain[0].VenueID) >= 0:
			return nil, conflict("the client id was used again: what filled before the order was replaced cannot be told")
		case !o.Status.Final():
			return nil, conflict("an order that was replaced is told as working: what it had filled cannot be told")
		}
		o.Status = exchange.StatusReplaced
		chain = slices.Insert(chain, 0, o)
	}
	return chain, nil
}

// archived reports whether the venue says of an order that it ended long ago without a fill.
func archived(err error) bool {
	var e *exchange.Error
	return errors.As(err, &e) && e.Code == "-2026"
}

// successors puts those of the last of chain behind it. One that its own query does not find yet stands among the working orders.
func (x *Exchange) successors(ctx context.Context, m exchange.Market, chain []report) ([]report, error) {
	for {
		last := &chain[len(chain)-1]
		if last.Status != exchange.StatusCanceled {
			return chain, nil
		}
		name, err := venueID(m.Symbol.Kind, last.ClientID, last.successor+1)
		if err != nil {
			return chain, nil //nolint:nilerr // a name too long for successors has none
		}
		o, err := x.status(ctx, m, "", name)
		if errors.Is(err, exchange.ErrNotFound) {
			heir, found, err := x.heir(ctx, m, last.ClientID)
			if err != nil || !found || heir.successor <= last.successor || compareIDs(heir.VenueID, last.VenueID) <= 0 {
				return chain, err
			}
			return x.predecessors(ctx, m, []report{heir})
		}
		switch {
		case err != nil:
			return nil, err
		case compareIDs(o.VenueID, last.VenueID) <= 0:
			return chain, nil
		}
		last.Status = exchange.StatusReplaced
		chain = append(chain, o)
	}
}

// past remembers the predecessors of orders: they have ended, so that nothing of them changes.
type past struct {
	mu   sync.Mutex
	has  map[orderKey][]report // by their successor
	ring []orderKey
	next int
}

// orderKey is an order's id at the venue.
type orderKey struct {
	market exchange.Market
	id     string
}

func keyOf(o *report) orderKey { return orderKey{o.Market, o.VenueID} }

// pastMax bounds the orders whose predecessors are remembered.
const pastMax = 4096

// of are the predecessors of o, nil where they are not known.
func (p *past) of(o *report) []report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.has[keyOf(o)])
}

// keep remembers all of chain but the last.
func (p *past) keep(chain []report) {
	n := len(chain) - 1
	if n < 1 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(&chain[n])
	if _, known := p.has[k]; !known {
		if p.has == nil {
			p.has = map[orderKey][]report{}
		}
		delete(p.has, keyOf(&chain[n-1])) // it is part of this one
		if len(p.ring) < pastMax {
			p.ring = append(p.ring, k)
		} else {
			delete(p.has, p.ring[p.next])
			p.ring[p.next], p.next = k, (p.next+1)%pastMax
		}
	}
	p.has[k] = slices.Clone(chain[:n])
}

// limbo is the time in which a successor of an order may come up.
type limbo struct {
	calls int       // that are under way
	until time.Time // after them
}

func (l limbo) over() bool { return l.calls == 0 && !time.Now().Before(l.until) }

// begin says that a call is under way which may bring up a successor of o.
func (x *Exchange) begin(o *report) {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.limbo[keyOf(o)]
	l.calls++
	x.limbo[keyOf(o)] = l
}

// end says that the call has returned; in doubt, its request may still be on its way.
func (x *Exchange) end(o *report, doubt bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := limbo{calls: x.limbo[keyOf(o)].calls - 1}
	if doubt {
		l.until = time.Now().Add(recvWindow + visible)
	}
	x.limbo[keyOf(o)] = l
	x.tidy()
}

// expect says that o was cancelled for a successor, by whomever.
func (x *Exchange) expect(o *report) {
	if k, ok := x.tracker.Known(o.Ref()); ok && k.Status.Final() {
		return // by us, and that none comes is known
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	l := x.limbo[keyOf(o)]
	l.until = time.Now().Add(recvWindow + visible)
	x.limbo[keyOf(o)] = l
	x.tidy()
}

// tidy forgets what is over. The mutex is held.
func (x *Exchange) tidy() {
	for k, l := range x.limbo {
		if l.over() {
			delete(x.limbo, k)
		}
	}
}

// expected reports whether a successor of o may come up yet.
func (x *Exchange) expected(o *report) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.limbo[keyOf(o)].over()
}
