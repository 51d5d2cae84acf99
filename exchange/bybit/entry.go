package bybit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// desk is order entry over a WebSocket. Its goroutine begins with the first order, or with StreamOrders, and lives until close: it connects
// and logs in, again and again. nil is order entry over REST.
type desk struct {
	x      *Exchange
	prefix string // of request ids

	mu      sync.Mutex // guards what follows
	conn    *ws.Conn   // logged in; nil: orders go over REST
	count   uint64
	started bool
	closed  bool
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// Close ends order entry over WebSocket, where there is any; orders go over REST after it. It returns nil.
func (x *Exchange) Close() error {
	x.entry.close()
	return nil
}

func (e *desk) close() {
	if e == nil {
		return
	}
	e.mu.Lock()
	e.closed = true
	if e.stop != nil {
		e.stop()
	}
	e.mu.Unlock()
	e.done.Wait()
}

// warm lets the connection be made.
func (e *desk) warm() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started || e.closed {
		return
	}
	e.started = true
	var ctx context.Context
	ctx, e.stop = context.WithCancel(context.Background())
	e.done.Go(func() { e.run(ctx) })
}

// live is the connection, nil while there is none, and a new request id. Who lets the connection be made does not get it, however quick it is.
func (e *desk) live() (*ws.Conn, string) {
	if e == nil {
		return nil, ""
	}
	e.mu.Lock()
	c := e.conn
	e.count++
	id := e.prefix + "-" + strconv.FormatUint(e.count, 36)
	e.mu.Unlock()
	if c == nil {
		e.warm()
	}
	return c, id
}

func (e *desk) set(c *ws.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conn = c
}

// leave takes c out of use; what is on its way over it may still be answered.
func (e *desk) leave(c *ws.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.conn == c {
		e.conn = nil
		time.AfterFunc(callTimeout, func() { c.Close(errRestart) })
	}
}

var errRestart = errors.New("the venue restarts its order entry")

// run keeps a connection.
func (e *desk) run(ctx context.Context) {
	wait := rest.NewBackoff(time.Second)
	for ctx.Err() == nil {
		began := time.Now()
		err := e.connect(ctx)
		if time.Since(began) > time.Minute {
			wait = rest.NewBackoff(time.Second)
		}
		d := wait.Next() + e.x.client.Jitter.Part(500*time.Millisecond)
		var told *exchange.Error
		if errors.As(err, &told) {
			d = max(d, told.RetryAfter)
		}
		if errors.Is(err, exchange.ErrUnauthorized) {
			d = max(d, banned) // asking again would change nothing soon
		}
		if rest.Sleep(ctx, d) != nil {
			return
		}
	}
}

// connect makes one connection and waits for its end.
func (e *desk) connect(ctx context.Context) error {
	c, err := e.x.dialSocket(ctx, e.x.cfg.Endpoints.Trade+"/v5/trade")
	if err != nil {
		return err
	}
	var login error
	var wg sync.WaitGroup
	wg.Go(func() {
		bound, cancel := context.WithTimeout(ctx, loginFor)
		defer cancel()
		if login = e.x.login(bound, c, "reqId"); login != nil {
			c.Close(login)
			return
		}
		e.set(c)
	})
	err = c.Run(ctx, func(_ time.Time, data []byte) error {
		answered(c, data)
		return nil
	})
	wg.Wait()
	e.set(nil)
	if login != nil {
		return login
	}
	return err
}

// answered hands an answer to who waits for it. What cannot be read is an answer to nobody: its call ends as unknown.
func answered(c *ws.Conn, data []byte) {
	var r notice
	switch err := json.Unmarshal(data, &r); {
	case err != nil:
	case r.ReqID2 != "":
		c.Answer(string(r.ReqID2), data)
	case r.Op == "auth":
		c.Answer("auth", data)
	}
}

// callTimeout is how long an answer is waited for, as over HTTP.
const callTimeout = 10 * time.Second

// errElsewhere says that nothing was sent over the socket, or nothing was taken there, and that REST may do it.
var errElsewhere = errors.New("not over the socket")

// send sends a write by the configured way: over the socket, and over REST while that is certain to have sent nothing.
func (x *Exchange) send(ctx context.Context, c *call, r *rest.Request) ([]byte, error) {
	if conn, id := x.entry.live(); conn != nil && c.ws != "" && !x.stopped(r.Lane) {
		data, err := x.entry.call(ctx, conn, id, c, r)
		if !errors.Is(err, errElsewhere) {
			return data, err
		}
	}
	return x.client.Do(ctx, r)
}

// stopped reports whether the venue has told us to wait, or to keep away: what that means for a request, and which ways are left, REST knows.
func (x *Exchange) stopped(lane rest.Lane) bool {
	closed, _ := x.limits.rest.Closed(x.client.Base)
	return closed > 0 || lane == rest.Opens && x.limits.rest.Paused(x.client.Base) > 0
}

// call sends c over conn, paced with what goes over REST, and reads its answer.
func (e *desk) call(ctx context.Context, conn *ws.Conn, id string, c *call, r *rest.Request) ([]byte, error) {
	x := e.x
	if err := x.clock.Ready(ctx, false); err != nil {
		return nil, before(err, c.op)
	}
	costs := []rest.Cost{{Name: bySocket, N: 1}, r.Costs[1]}
	grant, err := x.limits.rest.Wait(ctx, r.Lane, r.Deadline, costs...)
	if err != nil {
		told := &exchange.Error{Venue: Venue, Op: c.op, Outcome: exchange.ErrNotSent, Class: exchange.ErrRateLimited, Err: err}
		var limit *rest.LimitError
		if errors.As(err, &limit) {
			told.RetryAfter = limit.After
		}
		return nil, told
	}
	defer grant.Done()
	back := func() error {
		for _, cost := range costs {
			grant.Refund(cost.Name)
		}
		return errElsewhere
	}
	if x.stopped(r.Lane) { // while it stood in the queue
		return nil, back()
	}
	stamp, window, err := x.validity(x.clock.Now(), r.Deadline)
	if err != nil {
		return nil, unsent(c.op, nil, err)
	}
	data, err := e.exchange(ctx, conn, id, frameOf(c, id, stamp, window), r.Lane == rest.Protects)
	switch {
	case err == nil:
		return e.read(conn, c, r, data)
	case !errors.Is(err, exchange.ErrNotSent):
		grant.Lost() // the venue may count it yet
		return nil, &exchange.Error{Venue: Venue, Op: c.op, Outcome: exchange.ErrOutcomeUnknown, Class: exchange.ErrUnavailable, Err: err}
	case ctx.Err() != nil:
		return nil, unsent(c.op, exchange.ErrUnavailable, ctx.Err())
	}
	return nil, back()
}

func (e *desk) exchange(ctx context.Context, conn *ws.Conn, id string, frame []byte, urgent bool) ([]byte, error) {
	bound, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if urgent {
		return conn.CallUrgent(bound, id, frame)
	}
	return conn.Call(bound, id, frame)
}

// frameOf is c as the socket has it.
func frameOf(c *call, id, stamp, window string) []byte {
	b := make([]byte, 0, 192+len(c.body))
	b = append(append(append(b, `{"reqId":"`...), id...), `","header":{"X-BAPI-TIMESTAMP":"`...)
	b = append(append(append(b, stamp...), `","X-BAPI-RECV-WINDOW":"`...), window...)
	b = append(append(append(b, `"},"op":"`...), c.ws...), `","args":[`...)
	return append(append(b, c.body...), ']', '}')
}

// reply is an answer over the order entry socket.
type reply struct {
	Code    text            `json:"retCode"`
	Message string          `json:"retMsg"`
	Data    json.RawMessage `json:"data"`
	Header  map[string]text `json:"header"`
}

// read takes an answer apart, as [Exchange.read] does with those over REST.
func (e *desk) read(conn *ws.Conn, c *call, r *rest.Request, data []byte) ([]byte, error) {
	x := e.x
	var told reply
	if err := decode(data, &told); err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: c.op, Outcome: exchange.ErrOutcomeUnknown, Err: err}
	}
	code, err := strconv.Atoi(string(told.Code))
	if err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: c.op, Outcome: exchange.ErrOutcomeUnknown, Err: frame("retCode", told.Code)}
	}
	header := func(name string) string { return string(told.Header[name]) }
	x.limits.follow(r.Costs[1], header)
	if sure, _ := judge(code); code == 0 {
		return told.Data, nil
	} else if sure == standing {
		return []byte(unchanged), nil
	}
	f := &exchange.Error{Venue: Venue, Op: c.op, Code: string(told.Code), Message: x.withoutKey(cleaned(told.Message))}
	f.Class, f.Outcome = classify(true, http.StatusOK, code)
	x.overloaded(r, f)
	switch {
	case code == 10019: // it takes nothing new, and goes on with what it has
		e.leave(conn)
		return nil, errElsewhere
	case f.Code == tooManyVisits:
		f.RetryAfter = x.limits.exceeded(r.Costs[1], text(header("Timenow")), header("X-Bapi-Limit-Reset-Timestamp"))
	case errors.Is(f.Class, exchange.ErrClockSkew):
		x.clock.Doubt()
	}
	return nil, f
}
