package private

import (
	"errors"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// How long an order that the venue does not know is looked for: one that was sent, but that nothing has ever shown, from its end on; one
// that was acknowledged, or seen, from then on.
const (
	phantom = 10 * time.Minute
	lost    = 24 * time.Hour
)

// tell merges o and tells what is new; looked: o is a lookup's answer, so that it makes up for what was missed before.
func (t *Tracker) tell(o exchange.Order, looked bool) (ev exchange.Event, news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.merge(o)
	if looked {
		r.missed = false
	}
	var fills []exchange.Fill
	for _, f := range o.Fills {
		if f, ok := t.fresh(r, f); ok {
			fills = append(fills, f)
		}
	}
	r.advance()
	now := r.state()
	news = len(fills) > 0 || !r.told.equal(now)
	r.told = now
	t.file(r)
	if !news {
		return exchange.Event{}, false
	}
	ev = exchange.Event{Kind: exchange.OrderUpdate, Order: r.copy(), Time: o.Time}
	ev.Order.Fills = fills
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	return ev, true
}

// fresh completes a fill of r and reports whether it was not told before. One without an id cannot be told once: it counts in its order's
// Filled only, until it is read with one.
func (t *Tracker) fresh(r *record, f exchange.Fill) (exchange.Fill, bool) {
	f.Market, f.Account = r.order.Market, t.cfg.Account
	if f.VenueID == "" {
		f.VenueID = r.order.VenueID
	}
	if f.ClientID == "" {
		f.ClientID = r.order.ClientID
	}
	if f.TradeID == "" {
		return f, false
	}
	c, old := t.fills.has[f.Key()]
	if old && (c.number == r.number || slices.Contains(r.absorbed, c.number)) {
		return f, false
	}
	t.fills.keep(f.Key(), r) // an old one was told of this order, which was forgotten since
	p := r.part(f.VenueID)
	p.told = p.told.Add(f.Quantity)
	if f.FeeAsset != "" {
		p.paid = plus(p.paid, exchange.Amount{Asset: f.FeeAsset, Quantity: f.Fee})
	}
	r.tally()
	return f, !old
}

// merge finds or makes the record of o and teaches it. Fills are not looked at.
func (t *Tracker) merge(o exchange.Order) *record {
	o.Account = t.cfg.Account
	r, twin := t.match(&o)
	if r == nil {
		r = t.add()
	}
	if twin != nil {
		t.fills.move(twin, r)
		r.absorb(twin)
		t.drop(twin)
	}
	r.learn(&o)
	r.advance()
	t.index(r)
	return r
}

// match finds the record that o is about, and a twin of it: what was told of the same order before its client id was known.
func (t *Tracker) match(o *exchange.Order) (r, twin *record) {
	byVenue := t.byVenue(o)
	var byClient *record
	if o.ClientID != "" {
		byClient = t.client[key{o.Market, o.ClientID}]
	}
	switch {
	case byClient == nil || byClient == byVenue:
		return byVenue, nil
	case o.VenueID != "" && byClient.order.VenueID != "" && byClient.order.Status.Final():
		return byVenue, nil // the id was used again
	case byVenue == nil:
		return byClient, nil
	case byVenue.order.ClientID == "":
		return byClient, byVenue
	}
	return byVenue, nil // the surer of the two
}

func (t *Tracker) byVenue(o *exchange.Order) *record {
	if o.VenueID != "" {
		if r := t.venue[key{o.Market, o.VenueID}]; r != nil {
			return r
		}
	}
	for _, id := range o.Former {
		if r := t.venue[key{o.Market, id}]; r != nil {
			return r
		}
	}
	return nil
}

// find is match for a reference.
func (t *Tracker) find(ref exchange.OrderRef) *record {
	if ref.VenueID != "" {
		if r := t.venue[key{ref.Market, ref.VenueID}]; r != nil {
			return r
		}
	}
	if ref.ClientID != "" {
		return t.client[key{ref.Market, ref.ClientID}]
	}
	return nil
}

// add makes a record. Where no stream runs nothing tells the end of an order that was only acknowledged: the oldest of which nothing was
// ever told is forgotten for it.
func (t *Tracker) add() *record {
	t.count++
	r := &record{number: t.count, since: time.Now()}
	if old := t.all.push(r, t.cfg.Untold); old != nil && !old.told.told {
		t.drop(old)
	}
	return r
}

// index makes r found by all of its ids, and its symbol traded. An id that another order has come to use stays that one's.
func (t *Tracker) index(r *record) {
	o := &r.order
	if o.ClientID != r.indexed.client {
		r.indexed.client = o.ClientID
		t.client[key{o.Market, o.ClientID}] = r
	}
	if o.VenueID != r.indexed.venue || len(o.Former) != r.indexed.former {
		r.indexed.venue, r.indexed.former = o.VenueID, len(o.Former)
		for _, id := range append([]string{o.VenueID}, o.Former...) {
			if id != "" {
				t.venue[key{o.Market, id}] = r
			}
		}
	}
	t.traded[o.Market.Symbol] = time.Now()
}

func (t *Tracker) drop(r *record) {
	t.fills.release(r)
	m := r.order.Market
	if k := (key{m, r.order.ClientID}); t.client[k] == r {
		delete(t.client, k)
	}
	for _, id := range append(r.order.Former, r.order.VenueID) {
		if k := (key{m, id}); t.venue[k] == r {
			delete(t.venue, k)
		}
	}
}

// file bounds the memory of what has ended.
func (t *Tracker) file(r *record) {
	switch {
	case r.settled():
		t.fills.release(r)
		if r.filed == filedTold {
			return
		}
		r.filed = filedTold
		if old := t.told.push(r, t.cfg.Finished); old != nil {
			t.drop(old)
		}
	case r.order.Status.Final() && r.filed < filedOwed:
		r.filed = filedOwed
		if old := t.owed.push(r, t.cfg.Finished); old != nil && old.filed == filedOwed {
			t.drop(old)
		}
	}
}

// miss takes an update that the stream could not tell: the next reconciliation looks its order up.
func (t *Tracker) miss(u Update) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u.Order != nil {
		t.merge(*u.Order).missed = true
	}
	if f := u.Fill; f != nil {
		o := exchange.Order{OrderRequest: exchange.OrderRequest{Market: f.Market, ClientID: f.ClientID, Side: f.Side}, VenueID: f.VenueID}
		t.merge(o).missed = true
	}
}

// succeeded takes down that o, which was told, ended for a successor.
func (t *Tracker) succeeded(o exchange.Order) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.find(o.Ref()); r != nil {
		r.ended = o.VenueID
	}
}

// owes reports whether o has more filled than was told and it carries.
func (t *Tracker) owes(o exchange.Order) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	var told exchange.Decimal
	if r := t.find(o.Ref()); r != nil {
		if r.missed {
			return true
		}
		told = r.part(o.VenueID).told
	}
	for _, f := range o.Fills {
		f.Market, f.Account = o.Market, t.cfg.Account
		if f.VenueID == "" {
			f.VenueID = o.VenueID
		}
		if f.VenueID == o.VenueID && f.TradeID != "" && !t.fills.contains(f.Key()) {
			told = told.Add(f.Quantity)
		}
	}
	return o.Filled.Cmp(told) > 0
}

// absent takes the venue's word that it does not know an order. It is forgotten when it is long past its time.
func (t *Tracker) absent(ref exchange.OrderRef, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(ref)
	if r == nil || !errors.Is(err, exchange.ErrNotFound) {
		return
	}
	last, patience := r.since, phantom
	if d := r.order.Deadline; d.After(last) {
		last = d
	}
	if r.shown {
		last, patience = r.heard, lost
	}
	if time.Since(last) > patience {
		t.drop(r)
	}
}
