package bybit

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

// Instruments lists spot markets and linear perpetuals; futures that expire are left out. The venue itself lists only what trades now, and
// what is about to. An instrument whose rules do not pass exchange.Instrument's Validate is listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		list, err := x.list(ctx, kind)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	x.keep(all)
	return all, nil
}

// maxPages bounds a list whose cursors would lead round in a circle.
const maxPages = 100

func (x *Exchange) list(ctx context.Context, kind exchange.Kind) ([]exchange.Instrument, error) {
	fail := func(err error) error { return &exchange.Error{Venue: Venue, Op: "instruments", Err: err} }
	var all []exchange.Instrument
	query := url.Values{"category": {category(kind)}}
	if kind == exchange.Perp { // spot comes in one page and takes no limit
		query.Set("limit", "1000")
	}
	for range maxPages {
		var page instrumentsPage
		if err := x.get(ctx, "instruments", x.limits.requests, "/v5/market/instruments-info", query, &page); err != nil {
			return nil, err
		}
		if page.Category != "" && page.Category != category(kind) {
			return nil, fail(fmt.Errorf("%w: category %q for %q", exchange.ErrFrame, page.Category, category(kind)))
		}
		if len(page.List) == 0 && len(all) == 0 {
			return nil, fail(fmt.Errorf("no %s instruments: %w", category(kind), exchange.ErrFrame))
		}
		for _, r := range page.List {
			if i, ok := r.instrument(kind); ok {
				all = append(all, i)
			}
		}
		if page.NextPageCursor == "" || kind == exchange.Spot {
			return all, nil
		}
		query.Set("cursor", page.NextPageCursor)
	}
	return nil, fail(fmt.Errorf("%w: more than %d pages", exchange.ErrFrame, maxPages))
}

// Snapshot fetches one book over REST, up to 1000 levels a side. depth 0 means 100. Its Seq counts in the stream of 1000 levels only:
// it says nothing about the books of StreamBooks with another Depth.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("bybit: depth %d: %w", depth, exchange.ErrInvalid)
	}
	known, err := x.known(ctx, "snapshot", s)
	if err != nil {
		return nil, err
	}
	m, err := newMarket(s, map[exchange.Symbol]exchange.Instrument{s: known[0]})
	if err != nil {
		return nil, err
	}
	if depth == 0 {
		depth = 100
	}
	var result json.RawMessage
	query := url.Values{"category": {category(s.Kind)}, "symbol": {m.name}, "limit": {strconv.Itoa(min(depth, 1000))}}
	if err := x.get(ctx, "snapshot", x.limits.requests, "/v5/market/orderbook", query, &result); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, result, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
