package okx

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// Exchange is OKX's public side. It is safe for concurrent use.
type Exchange struct {
	cfg    Config
	limits limits

	mu    sync.Mutex // guards rules
	rules map[exchange.Symbol]exchange.Instrument
}

var _ exchange.MarketData = (*Exchange)(nil)

// New makes an Exchange. It connects to nothing yet. A bad Config gives an error that wraps [exchange.ErrInvalid].
func New(cfg Config) (*Exchange, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	x := &Exchange{cfg: cfg, limits: newLimits()}
	if len(cfg.Instruments) > 0 {
		x.keep(cfg.Instruments)
	}
	return x, nil
}

// Venue is "okx".
func (x *Exchange) Venue() exchange.Venue { return Venue }

// Close drops idle HTTP connections; streams end with their own contexts.
func (x *Exchange) Close() error {
	x.cfg.HTTP.CloseIdleConnections()
	return nil
}

// Instruments lists spot markets and linear perpetual swaps, every size in base units. Swaps that are settled in another currency than
// they are quoted in (inverse ones, USD-margined ones) are left out, as are markets in preparation whose rules are not yet known.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, kind := range []string{"SPOT", "SWAP"} {
		var rows []instrument
		if err := x.get(ctx, "instruments", x.limits.instruments, "/api/v5/public/instruments", url.Values{"instType": {kind}}, &rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			in, ok, err := r.instrument()
			if err != nil {
				return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: err}
			}
			if ok {
				all = append(all, in)
			}
		}
	}
	x.keep(all)
	return all, nil
}

func (x *Exchange) keep(all []exchange.Instrument) {
	rules := make(map[exchange.Symbol]exchange.Instrument, len(all))
	for _, in := range all {
		if in.Market.Venue == Venue {
			rules[in.Market.Symbol] = in
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rules = rules
}

// known are the rules of symbols, fetched if there are none yet.
func (x *Exchange) known(ctx context.Context, op string, symbols ...exchange.Symbol) ([]exchange.Instrument, error) {
	x.mu.Lock()
	rules := x.rules
	x.mu.Unlock()
	if rules == nil {
		if _, err := x.Instruments(ctx); err != nil {
			return nil, err
		}
		x.mu.Lock()
		rules = x.rules
		x.mu.Unlock()
	}
	r := make([]exchange.Instrument, len(symbols))
	for i, s := range symbols {
		in, ok := rules[s]
		if !ok {
			return nil, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrInvalid, Err: fmt.Errorf("no market %s", s)}
		}
		r[i] = in
	}
	return r, nil
}

// get does one GET and decodes the envelope's data into v.
func (x *Exchange) get(ctx context.Context, op string, limit *rate.Limiter, path string, query url.Values, v any) error {
	fail := func(err error) error {
		return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnavailable, Err: err}
	}
	if err := limit.Wait(ctx); err != nil {
		return fail(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.cfg.REST+path+"?"+query.Encode(), nil)
	if err != nil {
		return fail(err)
	}
	res, err := x.cfg.HTTP.Do(req)
	if err != nil {
		return fail(err)
	}
	defer res.Body.Close()
	body, err := readAll(res.Body)
	if err != nil {
		return fail(err)
	}
	var e envelope
	err = json.Unmarshal(body, &e)
	if res.StatusCode == http.StatusOK && err == nil && e.Code == "0" {
		err = json.Unmarshal(e.Data, v)
	}
	switch {
	case res.StatusCode != http.StatusOK, err == nil && e.Code != "0":
		return failed(op, res.StatusCode, res.Header, e.Code, e.Message)
	case err != nil:
		return fail(fmt.Errorf("%w: %w", exchange.ErrFrame, err))
	}
	return nil
}

// maxBody bounds what one answer may cost: the longest list of instruments has about 2 MB.
const maxBody = 32 << 20

func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}

// Snapshot fetches one book over REST. Depths up to 400 levels a side come from the venue's cheaper request; 5000 is the most. A depth of 0
// asks for 400.
func (x *Exchange) Snapshot(ctx context.Context, s exchange.Symbol, depth int) (*exchange.Book, error) {
	known, err := x.known(ctx, "snapshot", s)
	if err != nil {
		return nil, err
	}
	path, limit := "/api/v5/market/books", x.limits.books
	if depth <= 0 {
		depth = 400
	}
	if depth > 400 {
		path, limit, depth = "/api/v5/market/books-full", x.limits.booksFull, min(depth, 5000)
	}
	var rows []json.RawMessage
	query := url.Values{"instId": {known[0].VenueSymbol}, "sz": {strconv.Itoa(depth)}}
	if err := x.get(ctx, "snapshot", limit, path, query, &rows); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(known[0], rows, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
