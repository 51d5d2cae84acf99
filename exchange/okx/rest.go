package okx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// read is the Read of the REST client.
func (x *Exchange) read(r *rest.Request, a *rest.Answer) ([]byte, *exchange.Error) {
	c := read
	switch {
	case r.Op == opCancelAll, r.Op == opDeadMan:
		c = batch
	case r.Write:
		c = write
	}
	data, e := payload(c, a.Status, a.Body)
	if e == nil {
		return data, nil
	}
	if r.Write && overloaded(e.Code) {
		x.limits.rest.Overloaded(x.cfg.Endpoints.REST)
	}
	if codes[e.Code] == limited {
		a.Narrow = true
		if wait := x.limits.exceeded(r.Costs, e.Code); r.Write {
			e.RetryAfter = wait // reads come again by themselves, more and more slowly
		}
	}
	return nil, e
}

// overloaded reports whether a code says that the venue has too much to do: openings pause then, whatever the HTTP status.
func overloaded(code string) bool { return code == "50001" || code == "50013" }

// get reads path, public data; the answer's payload goes to v. Failures are an *exchange.Error, or ctx's.
func (x *Exchange) get(ctx context.Context, op string, cost rest.Cost, path string, query url.Values, v any) error {
	target := path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	data, err := x.client.Get(ctx, op, target, cost)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return &exchange.Error{Venue: Venue, Op: op, Err: fmt.Errorf("%w: %w", err, exchange.ErrFrame)}
	}
	return nil
}

// ask reads path, about the account.
func (x *Exchange) ask(ctx context.Context, op, path string, query url.Values, lane rest.Lane, costs ...rest.Cost) ([]byte, error) {
	r := &rest.Request{Op: op, Method: http.MethodGet, Path: path, Wire: rest.Wire{Query: query.Encode()}, Lane: lane, Costs: costs}
	if err := x.sign(r); err != nil {
		return nil, err
	}
	return x.client.Do(ctx, r)
}

// askRows is ask for the rows that the answer has.
func askRows[T any](ctx context.Context, x *Exchange, op, path string, query url.Values, lane rest.Lane, costs ...rest.Cost) ([]T, error) {
	data, err := x.ask(ctx, op, path, query, lane, costs...)
	if err != nil {
		return nil, err
	}
	rows, err := parseRows[T](data)
	if err != nil {
		return nil, bad(op, err)
	}
	return rows, nil
}

// bad is the error of a read whose answer nothing can be made of.
func bad(op string, err error) error {
	e := unread(read, err)
	e.Op = op
	return e
}

// errNoKey is the error of what needs an account.
func errNoKey(op string) error {
	return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnauthorized, Message: "no credentials"}
}

// sign makes r a signed one. Where it has a deadline, and is about an order, the venue is told.
func (x *Exchange) sign(r *rest.Request) error {
	if len(x.signers) == 0 {
		return errNoKey(r.Op)
	}
	method, expires := r.Method, r.Deadline
	r.Sign = func(w *rest.Wire, now time.Time, egress int) error {
		target := r.Path
		if w.Query != "" {
			target += "?" + w.Query
		}
		s, at := x.signers[egress], now.UTC().Format(stamp)
		v := [...]string{s.key.Reveal(), s.request(at, method, target, w.Body), at, s.passphrase.Reveal()}
		for i, k := range [...]string{"OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE"} {
			w.Header[k] = v[i : i+1 : i+1]
		}
		if w.Body != nil {
			w.Header["Content-Type"] = []string{"application/json"}
		}
		if !expires.IsZero() {
			w.Header["expTime"] = []string{x.expiry(expires)}
		}
		return nil
	}
	return nil
}

// expiry is a deadline of ours by the venue's clock. What our idea of that clock may be wrong by is taken off: better too early.
func (x *Exchange) expiry(deadline time.Time) string {
	_, slack := x.clock.Offset()
	return strconv.FormatInt(x.clock.At(deadline).Add(-slack).UnixMilli(), 10)
}

// ServerTime is the venue's clock as it answered.
func (x *Exchange) ServerTime(ctx context.Context) (time.Time, error) {
	return x.readTime(ctx, x.client.Get)
}

// sample is what the clock is set by: orders wait for it, so it is not tried again.
func (x *Exchange) sample(ctx context.Context) (time.Time, error) {
	return x.readTime(ctx, x.client.GetOnce)
}

func (x *Exchange) readTime(ctx context.Context, get rest.Getter) (time.Time, error) {
	data, err := get(ctx, "server time", timePath, rest.Cost{Name: byTime, N: 1})
	if err != nil {
		return time.Time{}, err
	}
	t, err := serverTime(data)
	if err != nil {
		return time.Time{}, bad("server time", err)
	}
	return t, nil
}

// Instruments lists spot markets and linear perpetual swaps, every size in base units. Swaps that are settled in another currency than
// they are quoted in (inverse ones, USD-margined ones) are left out. An instrument whose rules do not pass exchange.Instrument's Validate is
// listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	var kept []*details
	for _, kind := range []string{"SPOT", "SWAP"} {
		var rows []instrument
		cost := rest.Cost{Name: byInstruments, Scope: kind, N: 1}
		if err := x.get(ctx, "instruments", cost, "/api/v5/public/instruments", url.Values{"instType": {kind}}, &rows); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: fmt.Errorf("no %s instruments: %w", kind, exchange.ErrFrame)}
		}
		for _, r := range rows {
			if i, ok := r.instrument(); ok {
				all = append(all, i)
				kept = append(kept, &details{Instrument: i, code: r.code(), group: string(r.GroupID), quote: r.quote()})
			}
		}
	}
	x.keep(kept)
	x.mu.Lock()
	x.listed = true
	x.mu.Unlock()
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
	path, cost := "/api/v5/market/books", rest.Cost{Name: byBooks, N: 1}
	if depth == 0 {
		depth = 100
	}
	if depth > 400 {
		path, cost.Name, depth = "/api/v5/market/books-full", byBooksFull, min(depth, 5000)
	}
	var rows []json.RawMessage
	query := url.Values{"instId": {m.inst}, "sz": {strconv.Itoa(depth)}}
	if err := x.get(ctx, "snapshot", cost, path, query, &rows); err != nil {
		return nil, err
	}
	b, err := parseSnapshot(m, rows, time.Now())
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return b, nil
}
