package private

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// TrackerConfig makes a [Tracker]; zero values take the defaults.
type TrackerConfig struct {
	Account  exchange.AccountID // of all orders and fills, whatever they say
	Finished int                // 4,096 orders that have ended are remembered; those that may be working always are
	Fills    int                // 65,536 fills of orders that have ended are remembered, to be told once; those of others always are
	Untold   int                // 65,536 orders after it, one that the stream has never told anything of is forgotten
}

// Tracker is what is known of an account's orders, and what of it the order stream has told. The two differ: the answer to Place is known
// to its caller, but is told only when it is pushed, or read after a reconnect. It merges reports in whatever order they come: quantities only
// grow, statuses change by exchange.Status.To, and each fill is told once.
//
// Where a replacement gives an order a new id at the venue, a report counts under its own VenueID: its Filled, Quantity and Fees are that
// id's alone, as the venue has them, and the Tracker adds what the former ids had. What becomes of a former id is no news of the order. A
// report of the new id is recognised by its ClientID, or by its Former.
//
// It is safe for concurrent use. The methods that return events are the stream's, which calls them from one goroutine.
type Tracker struct {
	cfg TrackerConfig

	mu     sync.Mutex // guards what follows
	client map[key]*record
	venue  map[key]*record // the ids before replacements too
	count  uint64
	fills  fillSet
	told   fifo // ended, and all of it told
	owed   fifo // ended, but not all told
	all    fifo
	traded map[exchange.Symbol]time.Time
}

// key is an order's by either of its ids.
type key struct {
	market exchange.Market
	id     string
}

// NewTracker makes an empty Tracker.
func NewTracker(cfg TrackerConfig) *Tracker {
	if cfg.Finished <= 0 {
		cfg.Finished = 4096
	}
	if cfg.Fills <= 0 {
		cfg.Fills = 65536
	}
	if cfg.Untold <= 0 {
		cfg.Untold = 65536
	}
	return &Tracker{
		cfg: cfg, client: map[key]*record{}, venue: map[key]*record{}, traded: map[exchange.Symbol]time.Time{},
		fills: fillSet{bound: cfg.Fills, has: map[exchange.FillKey]counted{}},
	}
}

// Sending takes down an order before its first byte is sent: its fill may be pushed before the answer comes.
func (t *Tracker) Sending(req exchange.OrderRequest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.client[key{req.Market, req.ClientID}]
	if r == nil || r.order.Status.Final() { // at some venues an id is free again once its order has ended
		r = t.add()
	}
	if !r.shown {
		r.order.OrderRequest, r.quantity = req, req.Quantity
		r.order.Account, r.sent = t.cfg.Account, true
	}
	if r.order.Status == exchange.StatusUnknown {
		r.order.Status = exchange.StatusPending
	}
	t.index(r)
}

// Forget takes back Sending: the order was certainly not sent, or certainly rejected. What the venue has shown meanwhile stays.
func (t *Tracker) Forget(ref exchange.OrderRef) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.find(ref); r != nil && !r.shown {
		t.drop(r)
	}
}

// Answered takes an order that was read by someone else than the stream: the answer to Place, Replace, Cancel, Lookup. The stream still
// tells it all, but for an ended order that was never heard of, which is history. It returns o with what is known besides: the fields of the
// request that the venue left out, a later status.
func (t *Tracker) Answered(o exchange.Order) exchange.Order {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.Status.Final() {
		if r, _ := t.match(&o); r == nil {
			o.Account = t.cfg.Account
			return o
		}
	}
	r := t.merge(o)
	t.file(r)
	k := r.copy()
	k.Fills, k.Requeued = o.Fills, o.Requeued
	return k
}

// Known is what is known of an order, without its fills.
func (t *Tracker) Known(ref exchange.OrderRef) (exchange.Order, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(ref)
	if r == nil {
		return exchange.Order{}, false
	}
	return r.copy(), true
}

// Order takes a report that the stream is to tell: pushed, or read after a reconnect. The event's Fills are those of o that were not told
// before. Without news there is nothing to tell.
func (t *Tracker) Order(o exchange.Order) (ev exchange.Event, news bool) { return t.tell(o, false) }

// Fill is Order for a fill that comes alone: the event is its order, grown by it.
func (t *Tracker) Fill(f exchange.Fill) (ev exchange.Event, news bool) {
	if t.repeated(f) {
		return ev, false
	}
	o := exchange.Order{
		OrderRequest: exchange.OrderRequest{Market: f.Market, Account: f.Account, ClientID: f.ClientID, Side: f.Side},
		VenueID:      f.VenueID, Fills: []exchange.Fill{f},
	}
	ev, news = t.tell(o, false)
	if news && !f.Time.IsZero() {
		ev.Time = f.Time
	}
	return ev, news
}

// repeated reports whether f was told: also when its order is forgotten, which it must not bring back.
func (t *Tracker) repeated(f exchange.Fill) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.has(f)
}

// knows reports whether f was told, or its order is remembered.
func (t *Tracker) knows(f exchange.Fill) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.has(f) || t.find(exchange.OrderRef{Market: f.Market, ClientID: f.ClientID, VenueID: f.VenueID}) != nil
}

func (t *Tracker) has(f exchange.Fill) bool {
	f.Account = t.cfg.Account
	if f.VenueID == "" {
		if r := t.find(exchange.OrderRef{Market: f.Market, ClientID: f.ClientID}); r != nil {
			f.VenueID = r.order.VenueID
		}
	}
	return t.fills.contains(f.Key())
}

// Working points at the orders of a kind that are not known to have ended, and at those that have, but with more filled than was told; oldest
// first.
func (t *Tracker) Working(kind exchange.Kind) []exchange.OrderRef {
	t.mu.Lock()
	defer t.mu.Unlock()
	rs := t.open(kind)
	refs := make([]exchange.OrderRef, len(rs))
	for i, r := range rs {
		refs[i] = r.order.Ref()
	}
	return refs
}

// Traded lists the symbols of a kind on which something was heard since then, or is working, in the order of their names.
func (t *Tracker) Traded(kind exchange.Kind, since time.Time) []exchange.Symbol {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []exchange.Symbol
	for s, at := range t.traded {
		if s.Kind == kind && !at.Before(since) {
			list = append(list, s)
		}
	}
	for _, r := range t.open(kind) {
		list = append(list, r.order.Market.Symbol)
	}
	slices.SortFunc(list, func(a, b exchange.Symbol) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(list)
}

// earliest is when the first of the remembered orders of kinds was heard of, by this process's clock; zero: there is none.
func (t *Tracker) earliest(kinds []exchange.Kind) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	var first time.Time
	for _, m := range []map[key]*record{t.client, t.venue} {
		for _, r := range m {
			if slices.Contains(kinds, r.order.Market.Symbol.Kind) && (first.IsZero() || r.since.Before(first)) {
				first = r.since
			}
		}
	}
	return first
}

// open lists what Working tells of, oldest first.
func (t *Tracker) open(kind exchange.Kind) []*record {
	var rs []*record
	for _, m := range []map[key]*record{t.client, t.venue} {
		for _, r := range m {
			if r.order.Market.Symbol.Kind == kind && !r.settled() {
				rs = append(rs, r)
			}
		}
	}
	slices.SortFunc(rs, func(a, b *record) int { return cmp.Compare(a.number, b.number) })
	return slices.Compact(rs)
}

// short points at the orders of kinds of which more is counted than was told.
func (t *Tracker) short(kinds []exchange.Kind) []exchange.OrderRef {
	t.mu.Lock()
	defer t.mu.Unlock()
	var refs []exchange.OrderRef
	for _, kind := range kinds {
		for _, r := range t.open(kind) {
			if r.owing() {
				refs = append(refs, r.order.Ref())
			}
		}
	}
	return refs
}

// owing reports whether the venue counts fills, of any of the kinds, that were not told.
func (t *Tracker) owing(kinds []exchange.Kind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, kind := range kinds {
		if slices.ContainsFunc(t.open(kind), (*record).owing) {
			return true
		}
	}
	return false
}
