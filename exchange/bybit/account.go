package bybit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// maxLists bounds a list about an account whose cursors would lead round in a circle: 200,000 executions in a week.
const maxLists = 2000

// pages reads a list to its end, whose parts next asks for by cursor.
func pages[T any](ctx context.Context, x *Exchange, kind exchange.Kind, lane rest.Lane, next func(cursor string) call, take func(*T) error) error {
	cursor := ""
	for range maxLists {
		c := next(cursor)
		var p page[T]
		if err := x.query(ctx, c, kind, lane, &p); err != nil {
			return err
		}
		if p.Category != "" && p.Category != text(category(kind)) {
			return &exchange.Error{Venue: Venue, Op: c.op, Err: frame("category", p.Category)}
		}
		for i := range p.List {
			if err := take(&p.List[i]); err != nil {
				return &exchange.Error{Venue: Venue, Op: c.op, Err: err}
			}
		}
		// A last page may well have a cursor, to an empty one.
		if p.NextPageCursor == "" || len(p.List) == 0 {
			return nil
		}
		if cursor == string(p.NextPageCursor) {
			return &exchange.Error{Venue: Venue, Op: c.op, Err: frame("a page that is its own successor", cursor)}
		}
		cursor = string(p.NextPageCursor)
	}
	return &exchange.Error{Venue: Venue, Op: next("").op, Err: fmt.Errorf("more than %d pages: %w", maxLists, exchange.ErrFrame)}
}

// Balances lists what the unified account holds, zero ones left out. Losses of open positions are deducted from Free, as of the moment of the
// answer: the venue pushes no balances when prices move. Free is negative for a coin of which more is owed and lost than held; what is
// margin of one coin by the venue's count may be stood in for by another, see the venue's words on unified accounts.
func (x *Exchange) Balances(ctx context.Context) ([]exchange.Balance, error) {
	var accounts page[walletRow]
	c := wallet()
	if err := x.query(ctx, c, exchange.Spot, rest.Reads, &accounts); err != nil {
		return nil, err
	}
	all, err := balances(accounts.List)
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: c.op, Err: err}
	}
	return slices.DeleteFunc(all, func(b exchange.Balance) bool { return b.Free.IsZero() && b.Locked.IsZero() }), nil
}

// Positions lists the open linear perpetual positions. Those of an account in hedge mode, which the adapter does not trade in, are added up by
// market.
func (x *Exchange) Positions(ctx context.Context) ([]exchange.Position, error) {
	if err := x.listOnce(ctx, "positions"); err != nil {
		return nil, err
	}
	var all []exchange.Position
	for _, settle := range x.settles() {
		next := func(cursor string) call { return positionsIn(settle, cursor) }
		err := pages(ctx, x, exchange.Perp, rest.Reads, next, func(w *positionRow) error {
			p, ok, err := x.parse.position(w)
			if ok && err == nil && !p.Quantity.IsZero() {
				all = addPosition(all, p)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(p exchange.Position) bool { return p.Quantity.IsZero() }), nil
}

func addPosition(all []exchange.Position, p exchange.Position) []exchange.Position {
	i := slices.IndexFunc(all, func(q exchange.Position) bool { return q.Market == p.Market })
	if i < 0 {
		return append(all, p)
	}
	all[i].Quantity, all[i].Cost = all[i].Quantity.Add(p.Quantity), all[i].Cost.Add(p.Cost)
	if p.Time.After(all[i].Time) {
		all[i].Time = p.Time
	}
	return all
}

// listOnce is relist where nothing is known yet.
func (x *Exchange) listOnce(ctx context.Context, op string) error {
	x.mu.Lock()
	listed := x.listed
	x.mu.Unlock()
	if listed || len(x.signers) == 0 { // without credentials the request itself will say so
		return nil
	}
	if err := x.relist(ctx); err != nil {
		return renamed(err, op)
	}
	return nil
}

// Fees are the account's rates on s, without taxes of its country.
func (x *Exchange) Fees(ctx context.Context, s exchange.Symbol) (exchange.FeeRates, error) {
	name, err := x.name(ctx, "fees", s)
	if err != nil {
		return exchange.FeeRates{}, err
	}
	c := feesOf(s.Kind, name)
	var p page[feeRow]
	if err := x.query(ctx, c, s.Kind, rest.Reads, &p); err != nil {
		return exchange.FeeRates{}, err
	}
	for i := range p.List {
		if string(p.List[i].Symbol) == name {
			rates, err := p.List[i].rates()
			if err != nil {
				return exchange.FeeRates{}, &exchange.Error{Venue: Venue, Op: c.op, Err: err}
			}
			return rates, nil
		}
	}
	return exchange.FeeRates{}, &exchange.Error{Venue: Venue, Op: c.op, Class: exchange.ErrNotFound, Message: "no rates of " + name}
}

// OpenOrders lists the working orders on s, conditional ones that are not triggered left out.
func (x *Exchange) OpenOrders(ctx context.Context, s exchange.Symbol) ([]exchange.Order, error) {
	name, err := x.name(ctx, "open orders", s)
	if err != nil {
		return nil, err
	}
	return x.open(ctx, s.Kind, rest.Reads, func(cursor string) call { return openOrders(s.Kind, name, "", cursor) })
}

func (x *Exchange) open(ctx context.Context, kind exchange.Kind, lane rest.Lane, next func(cursor string) call) ([]exchange.Order, error) {
	var all []exchange.Order
	err := pages(ctx, x, kind, lane, next, func(w *orderRow) error {
		o, ok, err := x.parse.order(kind, w)
		if ok && err == nil && !o.Status.Final() {
			all = append(all, o)
		}
		return err
	})
	return all, err
}

// allOpen lists the working orders of both kinds.
func (x *Exchange) allOpen(ctx context.Context) ([]exchange.Order, error) {
	all, err := x.open(ctx, exchange.Spot, rest.Protects, func(cursor string) call { return openOrders(exchange.Spot, "", "", cursor) })
	if err != nil {
		return nil, err
	}
	for _, settle := range x.settles() {
		list, err := x.open(ctx, exchange.Perp, rest.Protects, func(cursor string) call { return openOrders(exchange.Perp, "", settle, cursor) })
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

const (
	fillWindow = 7 * 24 * time.Hour       // the longest that the venue answers about at once
	fillMemory = 2 * 365 * 24 * time.Hour // nothing older is kept
)

// Fills lists the executions on s since then, oldest first. The venue keeps two years. One that cannot be read is an error, but for those that no
// order of this library can have: see Hooks.
func (x *Exchange) Fills(ctx context.Context, s exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	name, err := x.name(ctx, "fills", s)
	if err != nil {
		return nil, err
	}
	return x.fills(ctx, s.Kind, name, rest.Reads, since)
}

// allFills lists those of all markets.
func (x *Exchange) allFills(ctx context.Context, since time.Time) ([]exchange.Fill, error) {
	var all []exchange.Fill
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		list, err := x.fills(ctx, kind, "", rest.Protects, since)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// fills reads window by window. Windows share their borders, and the venue's order among executions of one millisecond is not reliable: what
// counts is each execution's key, once.
func (x *Exchange) fills(ctx context.Context, kind exchange.Kind, name string, lane rest.Lane, since time.Time) ([]exchange.Fill, error) {
	now := x.clock.Now()
	from := since.Truncate(time.Millisecond)
	if oldest := now.Add(-fillMemory); from.Before(oldest) {
		from = oldest
	}
	var all []exchange.Fill
	seen := map[exchange.FillKey]bool{}
	for ; !from.After(now); from = from.Add(fillWindow) {
		next := func(cursor string) call { return executions(kind, name, from, from.Add(fillWindow), cursor) }
		list, err := x.executed(ctx, kind, lane, next)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			if !seen[f.Key()] && !f.Time.Before(since.Truncate(time.Millisecond)) {
				seen[f.Key()] = true
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b exchange.Fill) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// executed are the trades of a list, the venue's order turned round: oldest first.
func (x *Exchange) executed(ctx context.Context, kind exchange.Kind, lane rest.Lane, next func(cursor string) call) ([]exchange.Fill, error) {
	var list []exchange.Fill
	seen := map[exchange.FillKey]bool{}
	err := pages(ctx, x, kind, lane, next, func(w *executionRow) error {
		f, ok, err := x.parse.fill(kind, w)
		if ok && err == nil && !seen[f.Key()] { // pages may overlap while new ones come in
			seen[f.Key()] = true
			list = append(list, f)
		}
		return err
	})
	slices.Reverse(list)
	return list, err
}
