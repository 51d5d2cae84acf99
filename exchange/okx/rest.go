package okx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// get reads path; the answer's payload goes to v. Failures are an *exchange.Error, or ctx's.
func (x *Exchange) get(ctx context.Context, op string, pace *rate.Limiter, path string, query url.Values, v any) error {
	data, err := x.reader.Get(ctx, op, path+"?"+query.Encode(), pace)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &exchange.Error{Venue: Venue, Op: op, Err: fmt.Errorf("%w: %w", err, exchange.ErrFrame)}
	}
	return nil
}

// Instruments lists spot markets and linear perpetual swaps, every size in base units. Swaps that are settled in another currency than
// they are quoted in (inverse ones, USD-margined ones) are left out. An instrument whose rules do not pass exchange.Instrument's Validate is
// listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, kind := range []string{"SPOT", "SWAP"} {
		var rows []instrument
		if err := x.get(ctx, "instruments", x.limits.instruments, "/api/v5/public/instruments", url.Values{"instType": {kind}}, &rows); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: fmt.Errorf("no %s instruments: %w", kind, exchange.ErrFrame)}
		}
		for _, r := range rows {
			if i, ok := r.instrument(); ok {
				all = append(all, i)
			}
		}
	}
	x.keep(all)
	return all, nil
}

// Snapshot fetches one book over REST. Depths up to 400 levels a side come from the venue's cheaper request; 5000 is the most. depth 0
// means 100.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("okx: depth %d: %w", depth, exchange.ErrInvalid)
	}
	known, err := x.known(ctx, "snapshot", s)
	if err != nil {
		return nil, err
	}
	m, err := newMarket(s, map[exchange.Symbol]exchange.Instrument{s: known[0]})
	if err != nil {
		return nil, err
	}
	path, limit := "/api/v5/market/books", x.limits.books
	if depth == 0 {
		depth = 100
	}
	if depth > 400 {
		path, limit, depth = "/api/v5/market/books-full", x.limits.booksFull, min(depth, 5000)
	}
	var rows []json.RawMessage
	query := url.Values{"instId": {m.inst}, "sz": {strconv.Itoa(depth)}}
	if err := x.get(ctx, "snapshot", limit, path, query, &rows); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, rows, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
