package okx

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Balances lists the assets of the trading account, zero ones left out; what lies in the funding account is not among them. Its one wallet
// pays for everything. A debt (the account borrowed, see Place) is a negative Free.
func (x *Exchange) Balances(ctx context.Context) ([]exchange.Balance, error) {
	const op = "balances"
	data, err := x.ask(ctx, op, balancePath, nil, rest.Reads, x.cost(byBalance))
	if err != nil {
		return nil, err
	}
	row, err := one[accountRow](data)
	if err != nil {
		return nil, bad(op, err)
	}
	all, err := row.balances()
	if err != nil {
		return nil, bad(op, err)
	}
	return slices.DeleteFunc(all, func(b exchange.Balance) bool { return b.Free.IsZero() && b.Locked.IsZero() }), nil
}

// Positions lists the open linear swaps, cross and isolated ones of a market as one. Their cost is the venue's average price multiplied out.
func (x *Exchange) Positions(ctx context.Context) ([]exchange.Position, error) {
	const op = "positions"
	rows, err := askRows[positionRow](ctx, x, op, positionsPath, url.Values{"instType": {"SWAP"}}, rest.Reads, x.cost(byPositions))
	if err != nil {
		return nil, err
	}
	var all []exchange.Position
	for i := range rows {
		d, ok, err := x.market(ctx, "SWAP", rows[i].InstID)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		p, err := rows[i].position(d.Instrument, x.cfg.Account)
		if err != nil {
			return nil, bad(op, err)
		}
		all = append(all, p)
	}
	return slices.DeleteFunc(merge(all), func(p exchange.Position) bool { return p.Quantity.IsZero() }), nil
}

// market is the one of a row; false: it is none of the library's. A name that is new is asked for.
func (x *Exchange) market(ctx context.Context, instType, inst text) (*details, bool, error) {
	if !ours(instType) {
		return nil, false, nil
	}
	if d, ok := x.named(string(inst)); ok {
		return d, true, nil
	}
	if err := x.relist(ctx); err != nil {
		return nil, false, err
	}
	d, ok := x.named(string(inst))
	return d, ok, nil
}

// ours reports whether the library has markets of this type. A spot order with cross margin is of type MARGIN.
func ours(instType text) bool {
	return instType == "SPOT" || instType == "MARGIN" || instType == "SWAP"
}

// Fees are the account's rates on s. Promotions with no fee do not show in them.
func (x *Exchange) Fees(ctx context.Context, s exchange.Symbol) (exchange.FeeRates, error) {
	const op = "fees"
	d, err := x.details(ctx, op, s)
	if err == nil && d.group == "" { // rules that were given, not fetched
		if err = x.list(ctx); err == nil {
			d, err = x.details(ctx, op, s)
		}
	}
	if err != nil {
		return exchange.FeeRates{}, err
	}
	query := url.Values{"instType": {d.instType()}}
	if s.Kind == exchange.Perp {
		query.Set("instFamily", d.family())
	} else {
		query.Set("instId", d.VenueSymbol)
	}
	data, err := x.ask(ctx, op, feePath, query, rest.Reads, x.cost(byFee))
	if err != nil {
		return exchange.FeeRates{}, err
	}
	row, err := one[feeRow](data)
	if err != nil {
		return exchange.FeeRates{}, bad(op, err)
	}
	rates, err := row.rates(d)
	if err != nil {
		return exchange.FeeRates{}, bad(op, err)
	}
	return rates, nil
}

// OpenOrders lists the working orders on s, newest first, without their fills.
func (x *Exchange) OpenOrders(ctx context.Context, s exchange.Symbol) ([]exchange.Order, error) {
	const op = "open orders"
	d, err := x.details(ctx, op, s)
	if err != nil {
		return nil, err
	}
	return x.pending(ctx, op, url.Values{"instId": {d.VenueSymbol}}, rest.Reads)
}

// working lists the working orders of all markets.
func (x *Exchange) working(ctx context.Context) ([]exchange.Order, error) {
	return x.pending(ctx, "open orders", url.Values{}, rest.Reads)
}

func (x *Exchange) pending(ctx context.Context, op string, query url.Values, lane rest.Lane) ([]exchange.Order, error) {
	rows, err := pages(ctx, x, listing{op, pendingPath, lane, byPending}, query, func(w *orderRow) text { return w.OrdID })
	if err != nil {
		return nil, err
	}
	var all []exchange.Order
	for i := range rows {
		d, ok, err := x.market(ctx, rows[i].InstType, rows[i].InstID)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		o, err := rows[i].order(d.Instrument, x.cfg.Account)
		if err != nil {
			return nil, bad(op, err)
		}
		all = append(all, o)
	}
	return all, nil
}

// listing is how a list is read.
type listing struct {
	op, path string
	lane     rest.Lane
	rule     string
}

// maxPages bounds a list that has no end.
const maxPages = 1000

// pages reads a list whole: 100 rows at a time, each page from the last row of the one before on. The rows' ids are unique, so that what is
// new meanwhile, and rows of one moment on both sides of a border, neither get lost nor come twice.
func pages[T any](ctx context.Context, x *Exchange, l listing, query url.Values, id func(*T) text) ([]T, error) {
	var all []T
	query.Set("limit", strconv.Itoa(pageSize))
	seen := map[text]bool{}
	for range maxPages {
		rows, err := askRows[T](ctx, x, l.op, l.path, query, l.lane, x.cost(l.rule))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			k := id(&rows[i])
			if k == "" || seen[k] {
				return nil, bad(l.op, fmt.Errorf("row %.40q twice: %w", string(k), exchange.ErrFrame))
			}
			seen[k] = true
			query.Set("after", string(k))
		}
		all = append(all, rows...)
		if len(rows) < pageSize {
			return all, nil
		}
	}
	return nil, bad(l.op, fmt.Errorf("more than %d pages: %w", maxPages, exchange.ErrFrame))
}

// Fills lists the executions on s since then, oldest first; the venue has those of three months.
func (x *Exchange) Fills(ctx context.Context, s exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	d, err := x.details(ctx, "fills", s)
	if err != nil {
		return nil, err
	}
	return x.fills(ctx, url.Values{"instId": {d.VenueSymbol}}, d.instTypes(), since, rest.Reads)
}

// allFills is Fills for all markets.
func (x *Exchange) allFills(ctx context.Context, since time.Time) ([]exchange.Fill, error) {
	return x.fills(ctx, url.Values{}, []string{"SPOT", "MARGIN", "SWAP"}, since, rest.Reads)
}

// instTypes are those under which the venue files the market's orders.
func (d *details) instTypes() []string {
	if d.Market.Symbol.Kind == exchange.Perp {
		return []string{"SWAP"}
	}
	return []string{"SPOT", "MARGIN"}
}

// recent is for how long the venue's quicker list of fills has them: three days, less an hour to be sure.
const recent = 71 * time.Hour

func (x *Exchange) fills(ctx context.Context, query url.Values, instTypes []string, since time.Time, lane rest.Lane) ([]exchange.Fill, error) {
	const op = "fills"
	since = since.Truncate(time.Millisecond)
	query.Set("begin", strconv.FormatInt(max(0, since.UnixMilli()), 10))
	l := listing{op, fillsPath, lane, byFills}
	if time.Since(since) > recent {
		l.path, l.rule = oldFillsPath, byOldFills
	} else {
		instTypes = []string{""}
	}
	var rows []fillRow
	for _, instType := range instTypes {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		if instType != "" {
			q.Set("instType", instType)
		}
		r, err := pages(ctx, x, l, q, func(w *fillRow) text { return w.BillID })
		if err != nil {
			return nil, err
		}
		rows = append(rows, r...)
	}
	return x.readFills(ctx, op, rows, since)
}

// readFills are the rows since then, oldest first.
func (x *Exchange) readFills(ctx context.Context, op string, rows []fillRow, since time.Time) ([]exchange.Fill, error) {
	var all []exchange.Fill
	for i := range rows {
		d, ok, err := x.market(ctx, rows[i].InstType, rows[i].InstID)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		f, err := rows[i].fill(d.Instrument, x.cfg.Account)
		if err != nil {
			return nil, bad(op, err)
		}
		if !f.Time.Before(since) {
			all = append(all, f)
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b exchange.Fill) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// modeOf is how the account trades: asked once.
func (x *Exchange) modeOf(ctx context.Context, op string) (mode, error) {
	x.mu.Lock()
	m := x.mode
	x.mu.Unlock()
	if m != nil {
		return *m, nil
	}
	data, err := x.ask(ctx, op, configPath, nil, rest.Protects, x.cost(byConfig))
	if err != nil {
		return mode{}, err
	}
	row, err := one[configRow](data)
	if err != nil {
		return mode{}, bad(op, err)
	}
	got, err := row.mode()
	if err != nil {
		return mode{}, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnsupported, Err: err}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mode = &got
	return got, nil
}

// forgetMode asks anew next time: the venue says that the account's mode has changed.
func (x *Exchange) forgetMode() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mode = nil
}

// probe asks how many orders the account may send. Without an answer the number is the lowest tier's.
func (x *Exchange) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	rows, err := askRows[rateRow](ctx, x, "account rate limit", ratePath, nil, rest.Reads, x.cost(byRate))
	if err != nil || len(rows) != 1 {
		return
	}
	if n, err := strconv.Atoi(string(rows[0].Limit)); err == nil && n > 0 && n <= 100_000 {
		c := x.cost(byOrders)
		x.limits.rest.SetScopeLimit(c.Name, c.Scope, n)
	}
}
