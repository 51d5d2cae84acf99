package private

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// reconcile reads what may have been missed: the working orders, those that were working and no longer are, and all fills since the last
// sign of life. Balances and positions are read only while pushes are held: what is read can be older than what was pushed.
func (r *run) reconcile(ctx context.Context, l *link, account bool) ([]item, error) {
	c := &catchUp{run: r, link: l, open: map[key]bool{}}
	steps := []func(context.Context) error{c.readOpen, c.lookUp, c.readFills}
	if account {
		steps = append(steps, c.readAccount)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("private: %s: reconciliation: %w", l.Name, err)
		}
	}
	return c.news, nil
}

// catchUp is one reconciliation of one link.
type catchUp struct {
	*run
	link  *link
	open  map[key]bool // what readOpen has shown in full, by both ids
	short []exchange.OrderRef
	news  []item
}

func (c *catchUp) add(u Update, looked bool) {
	c.news = append(c.news, item{update: u, link: c.link, looked: looked, at: time.Now()})
}

func (c *catchUp) readOpen(ctx context.Context) error {
	if c.link.Open == nil {
		return nil
	}
	orders, err := c.link.Open(ctx)
	if err != nil {
		return err
	}
	for i := range orders {
		o := &orders[i]
		c.open[key{o.Market, o.ClientID}], c.open[key{o.Market, o.VenueID}] = true, true
		if c.cfg.Tracker.owes(*o) {
			c.short = append(c.short, o.Ref()) // fills may be older than readFills looks back
		}
		c.add(Update{Order: o}, false)
	}
	return nil
}

func (c *catchUp) lookUp(ctx context.Context) error {
	if c.link.Lookup == nil {
		return nil
	}
	refs := c.short
	for _, kind := range c.link.Kinds {
		for _, ref := range c.cfg.Tracker.Working(kind) {
			if ref.ClientID != "" && c.open[key{ref.Market, ref.ClientID}] || ref.VenueID != "" && c.open[key{ref.Market, ref.VenueID}] {
				continue
			}
			refs = append(refs, ref)
		}
	}
	return c.lookUpAll(ctx, refs)
}

func (c *catchUp) lookUpAll(ctx context.Context, refs []exchange.OrderRef) error {
	for _, ref := range refs {
		o, err := c.link.Lookup(ctx, ref)
		switch {
		case err == nil:
			o.Market = ref.Market
			if o.ClientID == "" {
				o.ClientID = ref.ClientID
			}
			c.add(Update{Order: &o}, true)
		case errors.Is(err, exchange.ErrNotFound) || errors.Is(err, exchange.ErrInvalid) || errors.Is(err, exchange.ErrConflict):
			c.cfg.Tracker.absent(ref, err) // what that means is for the consumer to decide
		default:
			return err
		}
	}
	return nil
}

func (c *catchUp) readFills(ctx context.Context) error {
	since := c.since()
	if since.IsZero() {
		return nil
	}
	var fills []exchange.Fill
	if c.link.AllFills != nil {
		var err error
		if fills, err = c.link.AllFills(ctx, since); err != nil {
			return err
		}
	} else if c.link.Fills != nil {
		for _, s := range c.symbols(since) {
			f, err := c.link.Fills(ctx, s, since)
			if err != nil {
				return err
			}
			fills = append(fills, f...)
		}
	}
	var strange []exchange.OrderRef
	for i := range fills {
		f := &fills[i]
		c.add(Update{Fill: f}, false)
		ref := exchange.OrderRef{Market: f.Market, Account: f.Account, ClientID: f.ClientID, VenueID: f.VenueID}
		if c.link.Lookup != nil && !c.open[key{f.Market, f.VenueID}] && !c.cfg.Tracker.knows(*f) && !slices.Contains(strange, ref) {
			strange = append(strange, ref) // a fill does not tell what became of its order
		}
	}
	return c.lookUpAll(ctx, strange)
}

// since is from when on fills are read: before any connection, from the first order on; zero: there is none. It is by our clock or the
// venue's, whichever makes it earlier: which of the two a fill's time is compared by is not ours to know.
func (c *catchUp) since() time.Time {
	from := c.link.gap
	if from.IsZero() {
		from = c.cfg.Tracker.earliest(c.link.Kinds)
	}
	if from.IsZero() {
		return from
	}
	if c.link.Offset != nil {
		from = from.Add(min(0, c.link.Offset()))
	}
	return from.Add(-c.cfg.Overlap)
}

func (c *catchUp) symbols(since time.Time) []exchange.Symbol {
	var list []exchange.Symbol
	for _, kind := range c.link.Kinds {
		list = append(list, c.cfg.Tracker.Traded(kind, since)...)
	}
	for _, x := range c.news { // orders only, so far
		if s := x.update.Order.Market.Symbol; !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (c *catchUp) readAccount(ctx context.Context) error {
	var u Update
	var err error
	if c.link.Balances != nil {
		if u.Balances, err = c.link.Balances(ctx); err != nil {
			return err
		}
	}
	if c.link.Positions != nil {
		if u.Positions, err = c.link.Positions(ctx); err != nil {
			return err
		}
	}
	if c.link.Balances != nil || c.link.Positions != nil { // none are news too
		c.news = append(c.news, item{update: u, link: c.link, account: true, at: time.Now()})
	}
	return nil
}
