package order

import (
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// group is a plan on its way to an outcome.
type group struct {
	number   uint64
	id       string
	legs     []exchange.OrderRequest
	children []*child // one a leg, then compensations
	holds    []hold
	pending  int // children that have not ended
	wait     wait
	timer    uint32
	attempts int
	barren   int // compensations that the venue refused
	stuck    bool
	started  time.Time
	own      [2]child // room for the legs' own orders, and for the list: one piece of memory for most groups
	list     [4]*child
}

// wait is what a group with a surplus waits for before its next attempt.
type wait uint8

const (
	waitNothing wait = iota
	waitPause
	waitQuotes
)

// child is one order. Its quantities only grow, in whatever order the reports of them arrive.
type child struct {
	group    *group
	leg      int
	purpose  exchange.Purpose
	req      exchange.OrderRequest
	status   exchange.Status
	shown    bool             // a lookup or the stream has shown it
	ended    bool             // the venue will do no more with it
	filled   exchange.Decimal // cumulative, as the venue says or as fills add up, the larger
	told     exchange.Decimal // what came as single fills: what is booked
	cash     exchange.Decimal // of those fills: quote received less paid
	fees     []exchange.Amount
	err      error
	evidence time.Time // when a lookup that was sent after it says "not found", the order does not exist
	asking   bool      // a lookup is on its way
	asked    time.Time // when it was sent
	lookups  int
	searches int // lookups since it ended, for fills that were never told
	timer    uint32
}

// maxSearches bounds the wait for fills that a venue counts but does not tell: about 13 seconds with the default LookupWait.
const maxSearches = 9

// settled reports whether nothing more is to be learned about c before its group may end.
func (c *child) settled() bool {
	return c.ended && (c.told.Cmp(c.filled) >= 0 || c.searches >= maxSearches)
}

// news is a report about an order, from wherever.
func (m *Machine) news(now time.Time, ev *Event) {
	id := ev.ClientID
	if ev.Kind == EvOrder {
		id = ev.Order.ClientID
	}
	c := m.orders[id]
	if c == nil {
		m.late(now, id, &ev.Order)
		return
	}
	if ev.Kind == EvLooked {
		c.asking = false
	}
	switch {
	case ev.Err == nil:
		c.shown = c.shown || ev.Kind != EvPlaced
		m.learn(now, c, &ev.Order)
	case ev.Kind == EvPlaced:
		m.failed(now, c, ev.Err)
	case ev.Kind == EvLooked && errors.Is(ev.Err, exchange.ErrNotFound):
		m.absent(now, c)
	}
	if c.ended && ev.Kind == EvLooked {
		c.searches++
	}
	if !c.settled() && (ev.Kind != EvOrder || c.ended) {
		m.again(now, c, ev.Err)
	}
	m.advance(now, c.group)
}

// learn takes what the venue says about c.
func (m *Machine) learn(now time.Time, c *child, o *exchange.Order) {
	for i := range o.Fills {
		m.book(now, c, &o.Fills[i])
	}
	before := c.filled
	c.filled = c.filled.Max(o.Filled).Max(c.told)
	if c.filled.Cmp(before) > 0 {
		c.group.stuck = false
	}
	if next, err := c.status.To(o.Status); err == nil && o.Status != exchange.StatusUnknown {
		c.status = next // otherwise an older report that was overtaken: its fills count, its status is no news
	}
	full := c.filled.Cmp(c.req.Quantity) >= 0
	// "Filled" without the quantity is half an answer, to be asked again.
	if full || c.status.Final() && c.status != exchange.StatusFilled {
		m.end(now, c)
	}
}

// failed takes an error of Place. Only certainty ends an order, and not against other evidence.
func (m *Machine) failed(now time.Time, c *child, err error) {
	c.err = err
	if errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) || c.shown {
		return
	}
	if next, e := c.status.To(exchange.StatusRejected); e == nil {
		c.status = next
	}
	m.end(now, c)
}

// absent takes "not found". It proves absence only when it was asked after the order could no longer arrive nor be hidden; the
// time of asking counts, an answer may have been on its way for long. An order that a lookup or the stream has shown cannot be absent;
// one that was only acknowledged can, where the acknowledgement is the gateway's.
func (m *Machine) absent(now time.Time, c *child) {
	if c.ended || c.shown || !c.filled.IsZero() || !m.expires(c) || !c.asked.After(c.evidence) {
		return
	}
	c.status = exchange.StatusRejected
	m.end(now, c)
}

// expires reports whether c's venue refuses an order after its Deadline.
func (m *Machine) expires(c *child) bool {
	for _, v := range m.cfg.NoDeadline {
		if v == c.req.Market.Venue {
			return false
		}
	}
	return true
}

func (m *Machine) end(now time.Time, c *child) {
	if c.ended {
		return
	}
	c.ended = true
	c.group.pending--
	m.market(c.req.Market).busy--
	if c.purpose == exchange.Compensate && c.filled.IsZero() && (c.err != nil || c.status == exchange.StatusRejected) {
		c.group.barren++
	}
	m.recordEnd(now, c)
}

// lookup asks the venue about c.
func (m *Machine) lookup(now time.Time, c *child) {
	if c.asking {
		return
	}
	c.asking, c.asked = true, now
	c.lookups++
	m.act(Action{Kind: ActLookup, Group: c.group.number, ClientID: c.req.ClientID, Ref: c.req.Ref()})
}

// again looks c up later: doubling, but not past the moment from which "not found" is an answer.
func (m *Machine) again(now time.Time, c *child, cause error) {
	if c.asking {
		return
	}
	d := m.cfg.LookupWait << min(c.lookups, 6)
	if left := c.evidence.Sub(now) + time.Nanosecond; left > 0 && !c.ended && m.expires(c) {
		d = min(d, left)
	}
	var e *exchange.Error
	if errors.As(cause, &e) {
		d = max(d, e.RetryAfter)
	}
	c.timer++
	m.act(Action{Kind: ActTimer, Group: c.group.number, ClientID: c.req.ClientID, Timer: c.timer, After: d})
}

// book takes one fill, once, and reports whether it was new. c is nil for orders that no open group has.
func (m *Machine) book(now time.Time, c *child, f *exchange.Fill) bool {
	if !m.seen.add(f.Key()) {
		return false
	}
	m.act(Action{Kind: ActBook, Fill: f})
	if f.Quantity.Sign() <= 0 || f.Price.Sign() <= 0 {
		return false // the Booker refuses it, loudly; nothing is counted
	}
	mk := m.market(f.Market)
	mk.fillRecv = now
	if f.Time.After(mk.fillVenue) {
		mk.fillVenue = f.Time
	}
	var g *group
	if c != nil {
		g = c.group
		c.told = c.told.Add(f.Quantity)
		c.cash = c.cash.Add(cash(f))
		c.fees = addAmount(c.fees, f.FeeAsset, f.Fee)
	}
	m.spend(g, f)
	return true
}

// cash is what f brings in quote, fee not counted.
func cash(f *exchange.Fill) exchange.Decimal {
	if f.Side == exchange.Buy {
		return f.Notional().Neg()
	}
	return f.Notional()
}

func addAmount(list []exchange.Amount, a exchange.Asset, q exchange.Decimal) []exchange.Amount {
	if q.IsZero() {
		return list
	}
	for i := range list {
		if list[i].Asset == a {
			list[i].Quantity = list[i].Quantity.Add(q)
			return list
		}
	}
	return append(list, exchange.Amount{Asset: a, Quantity: q})
}

// late takes a report about an order that no open group has: its group has ended, or it never was ours. Its fills are real either way.
func (m *Machine) late(now time.Time, id string, o *exchange.Order) {
	p := m.past.find(id)
	var told exchange.Decimal
	for i := range o.Fills {
		if m.book(now, nil, &o.Fills[i]) {
			told = told.Add(o.Fills[i].Quantity)
		}
	}
	if p == nil {
		return
	}
	before := p.filled
	p.told = p.told.Add(told)
	p.filled = p.filled.Max(o.Filled).Max(p.told)
	if p.filled.Cmp(before) <= 0 {
		return
	}
	late := Late{Group: p.group, ClientID: id, Market: p.market, Account: p.account, Side: p.side, Quantity: p.filled.Sub(before)}
	m.recordLate(now, &late)
	m.act(Action{Kind: ActLate, Late: &late})
}
