package binance

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// envelope is an answer of the WebSocket API, opened.
type envelope struct {
	id     string
	status int
	result json.RawMessage
	reply  reply // of a refusal
	limits []rateLimit
}

// openEnvelope reads an answer; ok is false for frames that are none. An error is about one that is damaged: its id holds as far as it was read.
func openEnvelope(frame []byte) (e envelope, ok bool, err error) {
	f := parseFields(frame)
	if !f.has("id") && !f.has("status") {
		return e, false, f.err
	}
	e.id = strings.Trim(string(f.value("id")), `"`)
	e.status, err = strconv.Atoi(string(f.value("status")))
	if err != nil {
		f.fail("status: %.20q", f.value("status"))
	}
	e.result = f.value("result")
	e.reply.status = e.status
	if f.has("error") {
		inner := parseFields(f.value("error"))
		e.reply.read(inner)
		f.adopt(inner)
	}
	for _, raw := range f.optList("rateLimits") {
		var l rateLimit
		if json.Unmarshal(raw, &l) == nil { // advice only
			e.limits = append(e.limits, l)
		}
	}
	return e, true, f.wrap("answer")
}

// read takes a refusal apart.
func (r *reply) read(f *fields) {
	code, ok := f.number("code").Int64(0)
	if !ok || code < -1e9 || code > 1e9 {
		f.fail("code: %.20q", f.value("code"))
	}
	r.code, r.msg, r.data = int(code), f.optText("msg"), f.value("data")
	if !f.has("data") || f.err != nil {
		return
	}
	if d := parseFields(r.data); d.err == nil {
		if t := d.time("retryAfter"); !t.IsZero() {
			r.retry = t.UnixMilli()
		}
		if t := d.time("serverTime"); !t.IsZero() {
			r.server = t.UnixMilli()
		}
	}
}

// answered is the result of a call of the WebSocket API, or the error that the answer is.
func (q subject) answered(e envelope, now time.Time) (json.RawMessage, *exchange.Error) {
	if e.status != http.StatusOK {
		return nil, q.refusedReply(e.reply, now)
	}
	if t, ok := tellCode(e.result); ok && t.refuses() { // a refusal in a 200
		return nil, q.refusedReply(t.reply(e.status), now)
	}
	if len(e.result) == 0 {
		return nil, q.damaged(fmt.Errorf("binance: an answer without result: %w", exchange.ErrFrame))
	}
	return e.result, nil
}

// damaged is the error of an answer that cannot be read: what it answers may have happened.
func (q subject) damaged(err error) *exchange.Error {
	e := &exchange.Error{Venue: Venue, Op: q.op, Err: err}
	if q.write {
		e.Outcome = exchange.ErrOutcomeUnknown
	}
	return e
}

// apiConn is a connection to one of the venue's WebSocket APIs.
type apiConn struct {
	*ws.Conn
	h      *half
	push   func(private.Update) error // of spot's order stream; nil: there is none
	logged bool                       // requests of this session need no signature of their own; set before any
	ids    atomic.Uint64
}

func (h *half) dialAPI(ctx context.Context) (*apiConn, error) {
	address, weight := h.x.cfg.Endpoints.SpotAPI+spotAPIPath, 2
	if h.kind == exchange.Perp {
		address, weight = h.x.cfg.Endpoints.FuturesAPI+futuresAPIPath, 5
	}
	grant, err := h.x.limits.rest.Wait(ctx, rest.Protects, time.Time{}, costs(h.kind, "", weight, 0)...)
	if err != nil {
		return nil, err
	}
	defer grant.Done()
	conn, err := h.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return &apiConn{Conn: conn, h: h}, nil
}

// logOn makes a session of the connection: Ed25519 keys only.
func (c *apiConn) logOn(ctx context.Context) error {
	if _, err := c.ask(ctx, &call{subject: subject{c.h.kind, "log on", false}, entry: "session.logon", weight: 2}, false); err != nil {
		return err
	}
	c.logged = true
	return nil
}

// ask does a call that is no order. In a session only what needs it is signed: bare calls take no parameters at all.
func (c *apiConn) ask(ctx context.Context, q *call, bare bool) (json.RawMessage, error) {
	params := []byte("{}")
	if !bare {
		var err error
		if params, err = c.h.x.signers[0].object(nil, timed(c.h.clock.Now(), recvWindow), false); err != nil {
			return nil, err
		}
	}
	data, e, err := c.roundTrip(ctx, q, params)
	if err != nil {
		return nil, err
	}
	if e != nil {
		c.h.heed(e)
		return nil, e
	}
	return data, nil
}

// roundTrip sends one request and reads its answer: err is of the transport, refused the venue's.
func (c *apiConn) roundTrip(ctx context.Context, q *call, params []byte) (data json.RawMessage, refused *exchange.Error, err error) {
	id := strconv.FormatUint(c.ids.Add(1), 10)
	frame := make([]byte, 0, 64+len(params))
	frame = append(append(append(frame, `{"id":"`...), id...), `","method":"`...)
	frame = append(append(append(frame, q.entry...), `","params":`...), params...)
	frame = append(frame, '}')
	send := c.Call
	if q.lane == rest.Protects {
		send = c.CallUrgent
	}
	answer, err := send(ctx, id, frame)
	if err != nil {
		return nil, nil, err
	}
	e, _, err := openEnvelope(answer)
	if err != nil {
		return nil, q.damaged(err), nil
	}
	c.h.x.limits.told(c.h.kind, c.h.x.cfg.Account, e.limits)
	data, refused = q.answered(e, c.h.clock.Now())
	if e.status == http.StatusServiceUnavailable && q.write {
		c.h.x.limits.rest.Overloaded(c.h.client.Base)
	}
	return data, refused, nil
}

// heed draws the consequences of a refusal for those who come after.
func (h *half) heed(e *exchange.Error) {
	l, d := h.x.limits, dimensionsOf(h.kind)
	switch {
	case errors.Is(e, exchange.ErrBanned):
		l.rest.Ban(h.client.Base, e.RetryAfter)
	case e.Code == codeTooManyOrders:
		e.RetryAfter = l.tooManyOrders(h.kind, h.x.cfg.Account, e.RetryAfter)
	case errors.Is(e, exchange.ErrRateLimited):
		l.rest.Limited(h.client.Base, e.RetryAfter) // orders that weigh nothing too
		l.rest.Block(d.weight, "", time.Now().Add(e.RetryAfter))
	case errors.Is(e, exchange.ErrClockSkew):
		h.clock.Doubt()
	}
}

// callTimeout bounds the wait for an answer that never comes: the venue's own is 10 s.
const callTimeout = 12 * time.Second

// viaSocket does a write over WebSocket. Not taken: nothing of it has happened, and REST may do it. That is so where there is no connection,
// and where nothing was written.
func (x *Exchange) viaSocket(ctx context.Context, q *call) (data []byte, taken bool, err error) {
	h := x.half(q.kind)
	c := h.entry.Load()
	if x.cfg.Entry != EntrySocket || q.entry == "" || !q.write || c == nil || h.stopped(q.lane) || h.clock.Ready(ctx, false) != nil {
		return nil, false, nil
	}
	price := costs(q.kind, x.cfg.Account, q.weight, q.orders)
	grant, err := x.limits.rest.Wait(ctx, q.lane, q.deadline, price...)
	if err != nil {
		e := &exchange.Error{Class: exchange.ErrRateLimited, Err: err}
		if l := (*rest.LimitError)(nil); errors.As(err, &l) {
			e.RetryAfter = l.After
		}
		return nil, true, notSent(q.op, e)
	}
	defer grant.Done()
	if h.stopped(q.lane) { // while it stood in the queue; REST tells for how long
		for _, c := range price {
			grant.Refund(c.Name)
		}
		return nil, false, nil
	}
	window, err := q.window(h.clock)
	if err != nil {
		return nil, true, notSent(q.op, err)
	}
	params, err := x.signers[0].object(q.params, timed(h.clock.Now(), window), c.logged)
	if err != nil {
		return nil, true, notSent(q.op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	data, e, err := c.roundTrip(ctx, q, params)
	switch {
	case errors.Is(err, exchange.ErrNotSent):
		return nil, false, nil
	case err != nil:
		grant.Lost() // the venue may count it yet
		return nil, true, &exchange.Error{Venue: Venue, Op: q.op, Outcome: exchange.ErrOutcomeUnknown, Class: exchange.ErrUnavailable, Err: err}
	case e != nil:
		h.heed(e)
		return nil, true, e
	}
	h.refund(grant, q.method, q.path, true, data)
	return data, true, nil
}

// stopped reports whether the venue has told us to wait: what that means for a request REST knows.
func (h *half) stopped(lane rest.Lane) bool {
	l := h.x.limits.rest
	closed, _ := l.Closed(h.client.Base)
	return closed > 0 || lane == rest.Opens && l.Paused(h.client.Base) > 0
}

// entryAge is when an order entry connection is renewed: the venue ends it after a day.
const entryAge = 23 * time.Hour

// keepEntry keeps a connection for order entry of perpetuals until ctx ends. While there is none, orders go over REST.
func (h *half) keepEntry(ctx context.Context) {
	wait := rest.NewBackoff(time.Second)
	for ctx.Err() == nil {
		if h.x.limits.connects.Wait(ctx) != nil {
			return
		}
		began := time.Now()
		err := h.serveEntry(ctx)
		if report := h.x.cfg.Hooks.Stream; report != nil && ctx.Err() == nil {
			report(h.kind.String()+" entry", err)
		}
		if time.Since(began) > time.Minute {
			wait = rest.NewBackoff(time.Second)
		}
		if rest.Sleep(ctx, wait.Next()+h.x.jitter.Part(time.Second)) != nil {
			return
		}
	}
}

// serveEntry lives through one connection.
func (h *half) serveEntry(ctx context.Context) error {
	if err := h.clock.Ready(ctx, true); err != nil {
		return err
	}
	c, err := h.dialAPI(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	if h.x.signers[0].logs {
		logon, cancel := context.WithTimeout(ctx, callTimeout)
		err = c.logOn(logon)
		cancel()
	}
	if err == nil {
		h.entry.Store(c)
		age := time.NewTimer(entryAge)
		defer age.Stop()
		select {
		case err := <-done:
			return err
		case <-age.C:
		}
		h.entry.CompareAndSwap(c, nil)
		_ = rest.Sleep(ctx, callTimeout) // for the answers that are on their way
		err = private.ErrRenew
	}
	c.Close(err)
	return cmp.Or(err, <-done)
}
