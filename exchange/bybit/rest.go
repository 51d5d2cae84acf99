package bybit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// get reads path, public data, into v. Failures are an *exchange.Error, or ctx's.
func (x *Exchange) get(ctx context.Context, op, path string, query url.Values, v any) error {
	target := path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	data, err := x.client.Get(ctx, op, target, rest.Cost{Name: byAddress, N: 1})
	if err != nil {
		return err
	}
	return unmarshal(op, data, v)
}

func unmarshal(op string, data []byte, v any) error {
	if err := decode(data, v); err != nil {
		return &exchange.Error{Venue: Venue, Op: op, Err: err}
	}
	return nil
}

// maxWindow bounds how long a signed request stays valid.
const maxWindow = time.Minute

// query reads c, about the account, into v.
func (x *Exchange) query(ctx context.Context, c call, kind exchange.Kind, lane rest.Lane, v any) error {
	r, err := x.request(&c, kind, lane, time.Time{})
	if err != nil {
		return err
	}
	data, err := x.client.Do(ctx, r)
	if err != nil {
		return err
	}
	return unmarshal(c.op, data, v)
}

// errNoKey is the error of what needs an account.
func errNoKey(op string) error {
	return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnauthorized, Message: "no credentials"}
}

// request is c, to be signed.
func (x *Exchange) request(c *call, kind exchange.Kind, lane rest.Lane, deadline time.Time) (*rest.Request, error) {
	if len(x.signers) == 0 {
		return nil, errNoKey(c.op)
	}
	return &rest.Request{
		Op: c.op, Method: c.method, Path: c.path, Wire: rest.Wire{Query: c.query, Body: c.body},
		Lane: lane, Costs: x.costs(c, kind, byAddress), Write: c.method == http.MethodPost, Deadline: deadline,
		Sign: func(w *rest.Wire, now time.Time, egress int) error { return x.sign(w, now, egress, deadline) },
	}, nil
}

// costs are c's: first of the way that it takes, then of its path.
func (x *Exchange) costs(c *call, kind exchange.Kind, way string) []rest.Cost {
	return []rest.Cost{{Name: way, N: 1}, {Name: ruleOf(c, kind), Scope: string(x.cfg.Account), N: 1}}
}

// sign adds the headers of a signed request.
func (x *Exchange) sign(w *rest.Wire, now time.Time, egress int, deadline time.Time) error {
	stamp, window, err := x.validity(now, deadline)
	if err != nil {
		return err
	}
	s := x.signers[egress]
	signature, err := s.request(make([]byte, 0, 96), stamp, window, w.Query, w.Body)
	if err != nil {
		return err
	}
	v := [...]string{s.key.Reveal(), stamp, window, string(signature), "application/json"}
	names := [...]string{"X-Bapi-Api-Key", "X-Bapi-Timestamp", "X-Bapi-Recv-Window", "X-Bapi-Sign", "Content-Type"}
	for i, k := range names {
		if i == 4 && w.Body == nil {
			break
		}
		w.Header[k] = v[i : i+1 : i+1]
	}
	return nil
}

var errLate = errors.New("its deadline has passed")

// validity is from when to when the venue takes a request, by its clock: it refuses what arrives at stamp + window or later, and what arrives
// a second or more before stamp. What our idea of its clock may be wrong by is taken off at both ends. now is the venue's time, deadline
// ours; without one the window is RecvWindow.
func (x *Exchange) validity(now, deadline time.Time) (stamp, window string, err error) {
	_, slack := x.clock.Offset()
	from := now.Add(-slack).UnixMilli()
	length := x.cfg.RecvWindow.Milliseconds() + slack.Milliseconds()
	if !deadline.IsZero() {
		length = min(x.clock.At(deadline).Add(-slack).UnixMilli()-from, maxWindow.Milliseconds())
	}
	if length <= 0 {
		return "", "", errLate
	}
	return strconv.FormatInt(from, 10), strconv.FormatInt(length, 10), nil
}

// withoutKey is a message of the venue's that repeats no key.
func (x *Exchange) withoutKey(message string) string {
	for _, s := range x.signers {
		message = strings.ReplaceAll(message, s.key.Reveal(), "[key]")
	}
	return message
}

// serverTime is what the clock is set by: it must not wait for the clock, and orders wait for it, so it is not tried again.
func (x *Exchange) serverTime(ctx context.Context) (time.Time, error) {
	return x.readTime(ctx, x.client.GetOnce)
}

func (x *Exchange) readTime(ctx context.Context, get rest.Getter) (time.Time, error) {
	data, err := get(ctx, "server time", "/v5/market/time", rest.Cost{Name: byAddress, N: 1})
	if err != nil {
		return time.Time{}, err
	}
	var r timeResult
	if err := unmarshal("server time", data, &r); err != nil {
		return time.Time{}, err
	}
	t, err := r.time()
	if err != nil {
		return time.Time{}, &exchange.Error{Venue: Venue, Op: "server time", Err: err}
	}
	return t, nil
}

// ServerTime is the venue's clock as it answered.
func (x *Exchange) ServerTime(ctx context.Context) (time.Time, error) {
	return x.readTime(ctx, x.client.Get)
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
		var page page[instrument]
		if err := x.get(ctx, "instruments", "/v5/market/instruments-info", query, &page); err != nil {
			return nil, err
		}
		if page.Category != "" && page.Category != text(category(kind)) {
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
		query.Set("cursor", string(page.NextPageCursor))
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
	if err := x.get(ctx, "snapshot", "/v5/market/orderbook", query, &result); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, result, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
