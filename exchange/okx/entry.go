package okx

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// socketRequest is an order over WebSocket.
type socketRequest struct {
	ID      string `json:"id"`
	Op      string `json:"op"`
	ExpTime string `json:"expTime,omitempty"`
	Args    []any  `json:"args"`
}

// viaSocket does w over the account's WebSocket. Not taken: nothing of it has happened, and REST may do it. That is so where there is no
// connection, where the market has no code, where nothing was written, and where the venue refused for a reason that REST does not have:
// it has answered 51001 to codes that it published itself.
func (x *Exchange) viaSocket(ctx context.Context, w *writing) (data []byte, taken bool, err error) {
	c := x.entry.Load()
	if x.cfg.Entry != EntrySocket || c == nil || w.d.code == "" || x.stopped(w.lane) || x.clock.Ready(ctx, false) != nil {
		return nil, false, nil
	}
	grant, err := x.limits.rest.Wait(ctx, w.lane, w.deadline, w.costs...)
	if err != nil {
		e := &exchange.Error{Class: exchange.ErrRateLimited, Err: err}
		if l := (*rest.LimitError)(nil); errors.As(err, &l) {
			e.RetryAfter = l.After
		}
		return nil, true, notSent(w.op, e)
	}
	defer grant.Done()
	if !w.deadline.IsZero() && !time.Now().Before(w.deadline) {
		return nil, true, notSent(w.op, errLate)
	}
	data, err = x.call(ctx, c, w)
	switch {
	case errors.Is(err, exchange.ErrNotSent):
		return nil, false, nil
	case err != nil:
		grant.Lost()
		return nil, true, &exchange.Error{Venue: Venue, Op: w.op, Outcome: exchange.ErrOutcomeUnknown, Class: exchange.ErrUnavailable, Err: err}
	}
	data, e := payload(socket, http.StatusOK, data)
	if e == nil {
		return data, true, nil
	}
	e.Op = w.op
	switch {
	case e.Code == "51001":
		x.distrust(w.d.Market.Symbol)
		return nil, false, nil
	case e.Code == "60011": // not logged in
		return nil, false, nil
	case codes[e.Code] == limited:
		e.RetryAfter = x.limits.exceeded(w.costs, e.Code)
	case overloaded(e.Code):
		x.limits.rest.Overloaded(x.cfg.Endpoints.REST)
	}
	return nil, true, e
}

// stopped reports whether the venue has told us to wait: what that means for a request REST knows.
func (x *Exchange) stopped(lane rest.Lane) bool {
	closed, _ := x.limits.rest.Closed(x.cfg.Endpoints.REST)
	return closed > 0 || lane == rest.Opens && x.limits.rest.Paused(x.cfg.Endpoints.REST) > 0
}

// callTimeout bounds the wait for an answer that never comes.
const callTimeout = 10 * time.Second

func (x *Exchange) call(ctx context.Context, c *conn, w *writing) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r := socketRequest{ID: x.nextID(), Op: w.socketOp, Args: []any{w.arg.byCode(w.d.code)}}
	if !w.deadline.IsZero() {
		r.ExpTime = x.expiry(w.deadline)
	}
	if w.lane == rest.Protects {
		return c.CallUrgent(ctx, r.ID, body(r))
	}
	return c.Call(ctx, r.ID, body(r))
}
