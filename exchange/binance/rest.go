package binance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/rest"
)

const (
	recvWindow    = 5 * time.Second // of a request without a deadline
	recvWindowMax = time.Minute     // the venue's bound
)

// half is one of the venue's two markets: each has hosts and a clock of its own.
type half struct {
	x      *Exchange
	kind   exchange.Kind
	client rest.Client
	clock  *rest.Clock
	entry  atomic.Pointer[apiConn] // over which orders can be sent now; nil: none
	renew  chan struct{}           // asks for a new connection of the order stream

	entering atomic.Bool // somebody keeps a connection for order entry
}

func (h *half) init(x *Exchange, k exchange.Kind, base string, c *http.Client, ways []*http.Client) {
	h.x, h.kind = x, k
	h.clock = rest.NewClock(func(ctx context.Context) (time.Time, error) { return h.serverTime(ctx, h.client.GetOnce) })
	h.client.Venue, h.client.Base, h.client.HTTP, h.client.Standby = Venue, base, c, ways
	h.client.Limits, h.client.Clock, h.client.Jitter, h.client.Read = x.limits.rest, h.clock, x.jitter, h.read
}

// read is the Read of the REST client.
func (h *half) read(r *rest.Request, a *rest.Answer) ([]byte, *exchange.Error) {
	h.x.limits.observe(h.kind, h.x.cfg.Account, a.Header)
	body, e := subject{h.kind, r.Op, r.Write}.answer(a.Status, a.Body, h.clock.Now)
	if e == nil {
		h.refund(a, r.Method, r.Path, r.Write, body)
		return body, nil
	}
	if e.Code == codeTooManyOrders {
		a.Narrow = true
		e.RetryAfter = h.x.limits.tooManyOrders(h.kind, h.x.cfg.Account, max(e.RetryAfter, seconds(a.Header.Get("Retry-After"))))
	}
	return nil, e
}

const codeTooManyOrders = "-1015"

func seconds(s string) time.Duration {
	n, _ := strconv.Atoi(s) // 0: none, or a date
	return time.Duration(min(max(n, 0), 7*24*3600)) * time.Second
}

// refund takes back what spot does not count of a request that it did: weight of orders and cancellations, and orders that filled at once, for
// it counts unfilled ones.
func (h *half) refund(to interface{ Refund(name string) }, method, path string, write bool, body []byte) {
	if h.kind != exchange.Spot || !write || method == http.MethodPut {
		return
	}
	d := dimensionsOf(h.kind)
	to.Refund(d.weight)
	if path == "/api/v3/order" && bytes.Contains(body, []byte(`"status":"FILLED"`)) {
		for _, name := range d.orders {
			to.Refund(name)
		}
	}
}

func (x *Exchange) half(k exchange.Kind) *half { return &x.halves[k] }

// do does c: over WebSocket where that is wanted and possible, else over REST.
func (x *Exchange) do(ctx context.Context, c *call) ([]byte, error) {
	if !c.public && len(x.signers) == 0 {
		if c.write {
			return nil, notSent(c.op, noCredentials(c.op))
		}
		return nil, noCredentials(c.op)
	}
	if data, taken, err := x.viaSocket(ctx, c); taken {
		return data, err
	}
	h := x.half(c.kind)
	r := &c.request // a part of c, as the costs are: every order passes here
	*r = rest.Request{Op: c.op, Method: c.method, Path: c.path, Lane: c.lane, Write: c.write, Deadline: c.deadline,
		Costs: appendCosts(c.prices[:0], c.kind, x.cfg.Account, c.weight, c.orders)}
	if c.public {
		r.Query = string(appendQuery(nil, c.params))
	} else {
		r.Sign = func(w *rest.Wire, now time.Time, egress int) error { return x.sign(c, w, now, egress) }
	}
	return h.client.Do(ctx, r)
}

// noCredentials is the error of what needs an account.
func noCredentials(op string) error {
	return &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrUnauthorized, Message: "no credentials"}
}

// sign completes a signed request: with everything in the body for POST and PUT, in the query for the others.
func (x *Exchange) sign(c *call, w *rest.Wire, now time.Time, egress int) error {
	s := x.signers[egress]
	w.Header["X-Mbx-Apikey"] = s.header()
	if c.keyOnly {
		return nil
	}
	window, err := c.window(x.half(c.kind).clock)
	if err != nil {
		return err
	}
	b, err := s.query(make([]byte, 0, 448), c.params, timed(now, window))
	if err != nil {
		return err
	}
	if c.method == http.MethodPost || c.method == http.MethodPut {
		w.Header["Content-Type"] = formType
		w.Body = b
		return nil
	}
	w.Query = string(b)
	return nil
}

// formType is a header's value, which nobody changes.
var formType = []string{"application/x-www-form-urlencoded"}

// window is how long from now the venue may act on c. What our idea of its clock may be wrong by is taken off: better too early.
func (c *call) window(clock *rest.Clock) (time.Duration, error) {
	if c.deadline.IsZero() {
		return recvWindow, nil
	}
	_, slack := clock.Offset()
	left := min(time.Until(c.deadline)-slack, recvWindowMax)
	if left < time.Millisecond {
		return 0, errLate
	}
	return left, nil
}

var errLate = errors.New("its deadline has passed")

// notSent is the error of a write that could not be built.
func notSent(op string, err error) error {
	e := &exchange.Error{Venue: Venue, Op: op, Outcome: exchange.ErrNotSent, Err: err}
	var inner *exchange.Error
	if errors.As(err, &inner) {
		e.Class, e.Code, e.Message, e.RetryAfter, e.Err = inner.Class, inner.Code, inner.Message, inner.RetryAfter, inner.Err
		return e
	}
	for _, class := range []error{exchange.ErrUnsupported, exchange.ErrInvalid, exchange.ErrConflict, exchange.ErrNotFound} {
		if errors.Is(err, class) {
			e.Class = class
			break
		}
	}
	return e
}

// serverTime reads the venue's clock with get: for the clock of signed requests without another try, for orders wait for it.
func (h *half) serverTime(ctx context.Context, get rest.Getter) (time.Time, error) {
	c := timeCall(h.kind)
	data, err := get(ctx, c.op, c.path, costs(h.kind, "", c.weight, 0)...)
	if err != nil {
		return time.Time{}, err
	}
	t, err := serverTime(data)
	if err != nil {
		return time.Time{}, c.damaged(err)
	}
	return t, nil
}

// ServerTime is the venue's clock as its spot market answered; where the account has futures only, as those did.
func (x *Exchange) ServerTime(ctx context.Context) (time.Time, error) {
	h := x.half(x.cfg.Kinds[0])
	return h.serverTime(ctx, h.client.Get)
}

// Instruments lists spot markets and linear perpetuals, as far as Config.Kinds has them; dated futures and other contracts are left out. An instrument whose rules do
// not pass exchange.Instrument's Validate is listed as not tradable.
func (x *Exchange) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	return x.list(ctx, x.cfg.Kinds...)
}

// list reads the venue's lists of some markets, and learns from them.
func (x *Exchange) list(ctx context.Context, kinds ...exchange.Kind) ([]exchange.Instrument, error) {
	var all []exchange.Instrument
	for _, k := range kinds {
		h, weight := x.half(k), 20
		if k == exchange.Perp {
			weight = 1
		}
		c := call{subject: subject{k, "instruments", false}}
		c.at("/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo")
		body, err := h.client.Get(ctx, c.op, c.path, costs(k, "", weight, 0)...)
		if err != nil {
			return nil, err
		}
		info, err := parseInfo(body)
		if err != nil {
			return nil, err
		}
		list := info.instruments(k)
		x.names.list(k, info, list)
		x.limits.told(k, x.cfg.Account, info.RateLimits)
		all = append(all, list...)
	}
	x.names.read(time.Now())
	return all, nil
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
	c := call{subject: subject{m.symbol.Kind, "snapshot", false}}
	c.at("/api/v3/depth", "/fapi/v1/depth")
	query := "?symbol=" + url.QueryEscape(m.name) + "&limit=" + strconv.Itoa(limit)
	return x.half(c.kind).client.Get(ctx, c.op, c.path+query, costs(c.kind, "", weight, 0)...)
}
