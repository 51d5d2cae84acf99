package bybit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// StreamOrders follows the account as [exchange.Trader] has it, one call at a time: orders, executions, balances and positions, spot and linear
// alike, over one connection. The venue sends no snapshots: after each connect, what it missed is read by REST.
//
// Orders and executions come over topics of their own, in any order. Statuses are the former's, fills the latter's only; both are told as
// news of the order.
func (x *Exchange) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	if len(x.signers) == 0 {
		return errNoKey("stream")
	}
	x.entry.warm()
	return x.stream.Run(ctx, emit)
}

// newStream does no I/O.
func (x *Exchange) newStream(seed uint64) (*private.Stream, error) {
	return private.New(private.Config{Venue: Venue, Tracker: x.tracker, Seed: seed, Report: x.cfg.Hooks.Stream, Links: []private.Link{{
		Name:    "private",
		Kinds:   []exchange.Kind{exchange.Spot, exchange.Perp},
		Connect: x.connect,
		MaxAge:  -1, // the venue ends silent connections only
		Open:    relisted(x, x.allOpen),
		Lookup:  x.lookup,
		AllFills: func(ctx context.Context, since time.Time) ([]exchange.Fill, error) {
			return x.allFillsListed(ctx, since)
		},
		Balances:  x.Balances,
		Positions: relisted(x, x.Positions),
		Offset:    func() time.Duration { d, _ := x.clock.Offset(); return d },
	}}})
}

// relisted reads once more where the first answer had markets that are newer than the list.
func relisted[T any](x *Exchange, read func(context.Context) ([]T, error)) func(context.Context) ([]T, error) {
	return func(ctx context.Context) ([]T, error) {
		list, err := read(ctx)
		if err != nil || !x.unlisted() {
			return list, err
		}
		if err := x.relist(ctx); err != nil {
			return nil, err
		}
		return read(ctx)
	}
}

func (x *Exchange) allFillsListed(ctx context.Context, since time.Time) ([]exchange.Fill, error) {
	return relisted(x, func(ctx context.Context) ([]exchange.Fill, error) { return x.allFills(ctx, since) })(ctx)
}

// conn is one private connection.
type conn struct {
	*ws.Conn
	x    *Exchange
	push func(private.Update) error
}

func (x *Exchange) connect(ctx context.Context, push func(private.Update) error) (private.Conn, error) {
	if err := x.relist(ctx); err != nil {
		return nil, err
	}
	c, err := x.dialSocket(ctx, x.cfg.Endpoints.Private+"/v5/private")
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, x: x, push: push}, nil
}

// dialSocket connects to one of the account's sockets, with a clock good enough for its login.
func (x *Exchange) dialSocket(ctx context.Context, address string) (*ws.Conn, error) {
	if err := x.clock.Ready(ctx, true); err != nil {
		return nil, err
	}
	c, err := ws.Dial(ctx, ws.Config{
		URL: address, NetDial: x.dial, HandshakeTimeout: x.cfg.Session.HandshakeTimeout, WriteWait: x.cfg.Session.WriteWait,
		PingInterval: heartbeat, Heartbeat: func() []byte { return []byte(`{"op":"ping"}`) },
	})
	var h *ws.HandshakeError
	if errors.As(err, &h) && h.Status == http.StatusForbidden {
		x.limits.rest.Ban(x.client.Base, banned) // of the address, whatever it asked for
		return nil, &exchange.Error{Venue: Venue, Op: "connect", Class: exchange.ErrBanned, RetryAfter: max(banned, h.RetryAfter), Err: err}
	}
	return c, err
}

// loginFor is for how long a login may be on its way.
const loginFor = 10 * time.Second

// login logs c in. idName is what the socket calls a request's id.
func (x *Exchange) login(ctx context.Context, c *ws.Conn, idName string) error {
	s := x.signers[0]
	expires := x.clock.Now().Add(loginFor)
	frame := append([]byte(`{"`+idName+`":"auth","op":"auth","args":["`+s.key.Reveal()+`",`), strconv.FormatInt(expires.UnixMilli(), 10)...)
	frame, err := s.login(append(frame, `,"`...), expires)
	if err != nil {
		return err
	}
	data, err := c.Call(ctx, "auth", append(frame, `"]}`...))
	if err != nil {
		return &exchange.Error{Venue: Venue, Op: "login", Err: err}
	}
	return x.granted("login", data)
}

// notice is the venue's answer to a request over a socket. The two kinds of sockets, and their failures, spell it differently.
type notice struct {
	Op      string `json:"op"`
	ReqID   text   `json:"req_id"`
	ReqID2  text   `json:"reqId"`
	Success *flag  `json:"success"`
	Text    string `json:"ret_msg"`
	Code    text   `json:"retCode"`
	Message string `json:"retMsg"`
}

// granted is nil for a request that the venue grants. A login that comes too late says that clocks differ.
func (x *Exchange) granted(op string, data []byte) error {
	var r notice
	if err := decode(data, &r); err != nil {
		return &exchange.Error{Venue: Venue, Op: op, Err: err}
	}
	code, _ := strconv.Atoi(string(r.Code))
	if code == 0 && (r.Success != nil && bool(*r.Success) || r.Success == nil && r.Code == "0") {
		return nil
	}
	e := &exchange.Error{Venue: Venue, Op: op, Code: string(r.Code), Message: x.withoutKey(cleaned(r.Text + r.Message))}
	e.Class, _ = classify(false, http.StatusOK, code)
	if v := verdict(strings.ToLower(e.Message)); op == "login" && (code == 0 || errors.Is(v, exchange.ErrClockSkew)) {
		e.Class = v // one that comes too late has the code of a bad signature
	}
	if errors.Is(e.Class, exchange.ErrClockSkew) {
		x.clock.Doubt()
	}
	return e
}

// verdict is why a login was refused, by its words. Only those that are about the request itself will be said again: an overload or an error
// of the venue's passes.
func verdict(said string) error {
	if strings.Contains(said, "expire") && !strings.Contains(said, "key") {
		return exchange.ErrClockSkew
	}
	for _, word := range []string{"key", "sign", "auth", "permission", "param"} {
		if strings.Contains(said, word) {
			return exchange.ErrUnauthorized
		}
	}
	return exchange.ErrUnavailable
}

// Run implements [private.Conn].
func (c *conn) Run(ctx context.Context) error { return c.Conn.Run(ctx, c.message) }

// Subscribe implements [private.Conn].
func (c *conn) Subscribe(ctx context.Context) error {
	if err := c.x.login(ctx, c.Conn, "req_id"); err != nil {
		return err
	}
	data, err := c.Call(ctx, "subscribe", []byte(`{"req_id":"subscribe","op":"subscribe","args":["order","execution","wallet","position"]}`))
	if err != nil {
		return &exchange.Error{Venue: Venue, Op: "subscribe", Err: err}
	}
	return c.x.granted("subscribe", data)
}

// message takes one message. A damaged one ends the connection: what it told is read by REST then.
func (c *conn) message(_ time.Time, data []byte) error {
	var head struct {
		Op string `json:"op"`
		push
	}
	if err := decode(data, &head); err != nil {
		return fmt.Errorf("bybit: private stream: %w", err)
	}
	if head.Op != "" {
		c.Answer(head.Op, data) // one request of each kind is under way at most; failures do not tell ids
		return nil
	}
	updates, err := c.x.parse.updates(&head.push)
	if err != nil {
		return fmt.Errorf("bybit: private stream, %.40s: %w", head.Topic, err)
	}
	for _, u := range updates {
		if err := c.push(u); err != nil {
			return err
		}
	}
	if c.x.unlisted() {
		return fmt.Errorf("bybit: private stream: a market that is newer than the list: %w", private.ErrRenew)
	}
	return nil
}

// updates reads a push. Topics that nobody asked for, and the quick form of executions, which has no fees, tell nothing: the whole
// executions follow.
func (p *parser) updates(m *push) ([]private.Update, error) {
	var n amounts
	at := n.millis(m.Time)
	if n.err != nil {
		return nil, n.err
	}
	topic, form, _ := strings.Cut(m.Topic, ".")
	switch {
	case topic == "order":
		return each(m.Data, func(w *orderRow) (u private.Update, ok bool, err error) {
			kind, ok := kindOf(w.Category)
			if !ok {
				return u, false, nil
			}
			o, ok, err := p.order(kind, w)
			return private.Update{Order: &o, At: at}, ok, err
		})
	case topic == "execution" && !strings.HasPrefix(form, "fast"):
		return each(m.Data, func(w *executionRow) (u private.Update, ok bool, err error) {
			kind, ok := kindOf(w.Category)
			if !ok {
				return u, false, nil
			}
			f, ok, err := p.fill(kind, w)
			return private.Update{Fill: &f, At: at}, ok, err
		})
	case topic == "position":
		return each(m.Data, func(w *positionRow) (u private.Update, ok bool, err error) {
			if w.PositionIdx != "0" && w.PositionIdx != "" { // hedge mode: one half says nothing of the other
				return u, false, nil
			}
			o, ok, err := p.position(w)
			return private.Update{Positions: []exchange.Position{o}, At: at}, ok, err
		})
	case topic == "wallet":
		var accounts []walletRow
		if err := decode(m.Data, &accounts); err != nil {
			return nil, err
		}
		list, err := balances(accounts)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return []private.Update{{Balances: list, At: at}}, nil
	}
	return nil, nil
}

// each reads rows one by one.
func each[T any](data []byte, read func(*T) (private.Update, bool, error)) ([]private.Update, error) {
	var rows []T
	if err := decode(data, &rows); err != nil {
		return nil, err
	}
	var all []private.Update
	for i := range rows {
		u, ok, err := read(&rows[i])
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, u)
		}
	}
	return all, nil
}
