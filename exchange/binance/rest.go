package binance

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
)

// Instruments lists spot markets and linear perpetuals; dated futures and other contracts are left out. An instrument whose rules do
// not pass exchange.Instrument's Validate is listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	spot, err := x.spot.Get(ctx, "instruments", "/api/v3/exchangeInfo", x.spotWeight.of(20))
	if err != nil {
		return nil, err
	}
	list, err := parseInstruments(nil, exchange.Spot, spot)
	if err != nil {
		return nil, err
	}
	perp, err := x.perp.Get(ctx, "instruments", "/fapi/v1/exchangeInfo", x.perpWeight.of(1))
	if err != nil {
		return nil, err
	}
	return parseInstruments(list, exchange.Perp, perp)
}

// Snapshot fetches a book over REST. depth 0 means 100; the venue has at most 5000 levels of a spot book, and 1000 of a perpetual's.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	if depth < 0 {
		return nil, fmt.Errorf("binance: depth %d: %w", depth, exchange.ErrInvalid)
	}
	if depth == 0 {
		depth = 100
	}
	m, err := newMarket(s, x.cfg.Instruments)
	if err != nil {
		return nil, err
	}
	body, err := x.depth(ctx, m, depth)
	if err != nil {
		return nil, err
	}
	u, err := parseSnapshot(s.Kind, m.book.Scale(), body)
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	if r := m.book.Apply(time.Now(), u); r.Event != book.Changed {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: m.book.View().Err}
	}
	return m.book.View(), nil
}

// depth fetches the body of a snapshot of m.
func (x *Exchange) depth(ctx context.Context, m *market, depth int) ([]byte, error) {
	limit, weight := depthLimit(m.symbol.Kind, depth)
	query := "?symbol=" + url.QueryEscape(m.name) + "&limit=" + strconv.Itoa(limit)
	if m.symbol.Kind == exchange.Perp {
		return x.perp.Get(ctx, "snapshot", "/fapi/v1/depth"+query, x.perpWeight.of(weight))
	}
	return x.spot.Get(ctx, "snapshot", "/api/v3/depth"+query, x.spotWeight.of(weight))
}
