package okx

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

const opLookup = "lookup"

// Lookup asks what became of an order: the venue's query, which has working and ended orders, then its history of seven days; and for its
// fills. Orders canceled without a fill are forgotten about two hours later.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := x.lookup(ctx, ref)
	if err != nil {
		return pointedAt(&ref), err
	}
	return x.tracker.Answered(o), nil
}

func (x *Exchange) lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	d, err := x.prepare(ctx, opLookup, ref.Market, ref.Account)
	if err != nil {
		return exchange.Order{}, noOutcome(err)
	}
	n, err := namingOf(&ref, d)
	if err != nil {
		return exchange.Order{}, noOutcome(notSent(opLookup, err))
	}
	row, err := x.find(ctx, &n, d)
	if err != nil {
		return exchange.Order{}, err
	}
	o, err := row.order(d.Instrument, x.cfg.Account)
	if err != nil {
		return exchange.Order{}, bad(opLookup, err)
	}
	x.resolve(&o, row)
	if o.Filled.Sign() > 0 {
		o.Fills, err = x.fillsOf(ctx, row, d)
	}
	return o, err
}

// noOutcome is the error of a question: that it was not sent must not read as if the order that it is about was not.
func noOutcome(err error) error {
	var e *exchange.Error
	if errors.As(err, &e) {
		told := *e
		told.Outcome = nil
		return &told
	}
	return err
}

// find is the order's row. That there is none is the venue's word.
func (x *Exchange) find(ctx context.Context, n *naming, d *details) (*orderRow, error) {
	rows, err := askRows[orderRow](ctx, x, opLookup, orderPath, n.query(), rest.Protects, x.costOf(byOrder, d))
	absent := err
	if errors.Is(err, exchange.ErrNotFound) {
		rows, err = x.history(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if n.is(&rows[i]) {
			return &rows[i], nil
		}
	}
	if absent != nil {
		return nil, absent
	}
	return nil, bad(opLookup, fmt.Errorf("an answer about another order: %w", exchange.ErrFrame))
}

// history lists the newest ended orders of a market.
func (x *Exchange) history(ctx context.Context, d *details) ([]orderRow, error) {
	var all []orderRow
	for _, t := range d.instTypes() {
		query := url.Values{"instType": {t}, "instId": {d.VenueSymbol}, "limit": {strconv.Itoa(pageSize)}}
		rows, err := askRows[orderRow](ctx, x, opLookup, historyPath, query, rest.Protects, x.cost(byHistory))
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// fillsOf are the fills of an order.
func (x *Exchange) fillsOf(ctx context.Context, w *orderRow, d *details) ([]exchange.Fill, error) {
	f := fields{}
	l := listing{opLookup, fillsPath, rest.Protects, byFills}
	query := url.Values{"instId": {d.VenueSymbol}, "ordId": {string(w.OrdID)}}
	if began := f.time("cTime", w.CTime); !began.IsZero() && time.Since(began) > recent {
		l.path, l.rule = oldFillsPath, byOldFills
		query.Set("instType", string(w.InstType))
	}
	rows, err := pages(ctx, x, l, query, func(w *fillRow) text { return w.BillID })
	if err != nil {
		return nil, err
	}
	return x.readFills(ctx, opLookup, rows, time.Time{})
}
