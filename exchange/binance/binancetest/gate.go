package binancetest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// guard is what a request must show.
type guard uint8

const (
	public guard = iota // nothing
	keyed               // a key
	signs               // a key, a time and a signature
	trades              // the same of a key that may trade
)

// op is one operation of the venue, as REST and the WebSocket API carry it.
type op struct {
	kind   sim.Op
	guard  guard
	takes  string   // names of parameters; spot refuses others
	known  []string // all names that it may have
	weight int
	weigh  func(c *call) int // instead, where it depends
	orders int               // counted against the account's orders
	refund bool              // spot charges no weight where it succeeds
	do     func(c *call) (any, *refusal)
}

// call is one request, whichever way it came.
type call struct {
	h      *half
	op     *op
	remote string
	key    *key // whose it is; nil: nobody's
	signed
	fate sim.Fate
	// tooMany is the order limit's no, where the request is done without its order.
	tooMany *refusal
	// session is of the connection that it came over; nil: REST.
	session *session
}

// result is what the venue says.
type result struct {
	value   any // of success
	refused *refusal
}

func (r result) status() int {
	if r.refused != nil {
		return r.refused.status
	}
	return http.StatusOK
}

// market is the one that the request is about.
func (c *call) market() (*market, *refusal) {
	name, r := c.params.must("symbol")
	if r != nil {
		return nil, r
	}
	if m := c.h.byName[name]; m != nil {
		return m, nil
	}
	return nil, unknownSymbol()
}

// run does what was asked, if the venue lets it: first what counts by address, then whose it is, then what counts by account.
func (c *call) run() result {
	if r := c.h.weigh(c.remote, c.weight()); r != nil {
		return result{refused: r}
	}
	c.tooMany = nil
	r := c.admit()
	if r == nil {
		r = c.countOrders()
	}
	if r != nil && r.code == tooManyOrders && c.h.kind == exchange.Spot && c.params.get(exceededMode) == cancelOnly {
		c.tooMany, r = r, nil
	}
	var v any
	if r == nil {
		v, r = c.op.do(c)
	}
	if r == nil && c.op.refund && c.h.kind == exchange.Spot {
		c.h.s.meter.Give(c.h.limits.weight, c.remote, c.weight())
	}
	return result{v, r}
}

func (c *call) weight() int {
	if c.op.weigh != nil {
		return c.op.weigh(c)
	}
	return c.op.weight
}

// admit finds out whose request it is, and whether it comes in time.
func (c *call) admit() *refusal {
	now := time.Now()
	if c.op.guard == public {
		return c.known()
	}
	if c.key == nil {
		k, r := c.h.s.identify(c.params.get("apiKey"))
		if r != nil {
			return r
		}
		c.key = k
	}
	if c.op.guard == keyed {
		return c.known()
	}
	if c.session == nil || c.session.key() != c.key || c.signature != "" {
		if r := c.check(c.key); r != nil {
			return r
		}
	}
	made, until, r := c.params.window()
	switch {
	case r != nil:
		return r
	case c.fate.Fault == sim.Late && c.h.kind == exchange.Perp && now.After(until): // past the gateway in time, and late at the engine
		return refuse(-5028, "Timestamp for this request is outside of the ME recvWindow.")
	}
	if r := punctual(now, made, until); r != nil {
		return r
	}
	if c.key.SpotOnly && c.h.kind == exchange.Perp || c.op.guard == trades && c.key.ReadOnly {
		return forbidden()
	}
	return c.known()
}

// known refuses parameters that spot would not read.
func (c *call) known() *refusal {
	if c.h.kind == exchange.Perp {
		return nil
	}
	return c.params.unread(c.op.known)
}

// limits are the names of a market's limits.
type limits struct {
	weight, raw string
	orders      []string   // those of accounts
	rows        []limitRow // of the weight, then of orders
	listed      []limitRow // as exchangeInfo has them
}

// limitRow is a limit as exchangeInfo lists it, and with Count as answers of the WebSocket API do.
type limitRow struct {
	Type     string `json:"rateLimitType"`
	Interval string `json:"interval"`
	Num      int    `json:"intervalNum"`
	Limit    int    `json:"limit"`
	Count    *int   `json:"count,omitempty"`
}

// per is the length of the limit's window.
func (r limitRow) per() time.Duration {
	unit := time.Second
	switch r.Interval {
	case "MINUTE":
		unit = time.Minute
	case "DAY":
		unit = day
	}
	return time.Duration(r.Num) * unit
}

// weigh counts a request of an address.
func (h *half) weigh(remote string, n int) *refusal {
	raw := simwire.Reading{}
	if h.limits.raw != "" {
		raw = h.s.meter.Spend(h.limits.raw, remote, 1)
	}
	r := h.s.meter.Spend(h.limits.weight, remote, n)
	switch {
	case !r.Banned.IsZero():
		return banned(r.Banned)
	case r.Refused:
		return limited(r, "Too much request weight used; current limit is %d request weight per 1 MINUTE. "+
			"Please use WebSocket Streams for live updates to avoid polling the API.", r.Max)
	case raw.Refused:
		return limited(raw, "Too many requests; current limit is %d requests per 5 MINUTE.", raw.Max)
	}
	return nil
}

func banned(until time.Time) *refusal {
	r := refuse(-1003, "Way too much request weight used; IP banned until %d. Please use WebSocket Streams for live updates to avoid bans.",
		until.UnixMilli()).at(http.StatusTeapot)
	r.until, r.retry = until, time.Until(until)
	return r
}

func limited(reading simwire.Reading, format string, max int) *refusal {
	r := refuse(-1003, format, max).at(http.StatusTooManyRequests)
	r.retry = reading.RetryAfter(time.Now())
	r.until = time.Now().Add(r.retry)
	return r
}

// tooManyOrders is the code of the limit of orders.
const tooManyOrders = -1015

// countOrders counts an order of the account.
func (c *call) countOrders() *refusal {
	if c.op.orders == 0 {
		return nil
	}
	for i, name := range c.h.limits.orders {
		r := c.h.s.meter.Spend(name, string(c.key.Account), c.op.orders)
		if !r.Refused {
			continue
		}
		row := c.h.limits.rows[i+1]
		e := refuse(tooManyOrders, "Too many new orders; current limit is %d orders per %d %s.", row.Limit, row.Num, row.Interval).at(http.StatusTooManyRequests)
		e.retry = r.RetryAfter(time.Now())
		e.until = time.Now().Add(e.retry)
		return e
	}
	return nil
}

// usage are the limits' rows with their counts: the weight, and the orders where the request counts as one.
func (c *call) usage() []limitRow {
	rows := make([]limitRow, 0, 3)
	count := func(row limitRow, limit, scope string) {
		n := c.h.s.meter.Read(limit, scope).Used
		row.Count = &n
		rows = append(rows, row)
	}
	if c.op.orders > 0 && c.key != nil {
		for i, name := range c.h.limits.orders {
			count(c.h.limits.rows[i+1], name, string(c.key.Account))
		}
	}
	count(c.h.limits.rows[0], c.h.limits.weight, c.remote)
	return rows
}

// says is what the venue says to a fault that it has words for.
func (c *call) says() result {
	perp := c.h.kind == exchange.Perp
	no := func(r *refusal) result { return result{refused: r} }
	switch c.fate.Fault {
	case sim.RateLimited:
		reading := simwire.Reading{Reset: time.Now().Add(c.fate.For)}
		return no(limited(reading, "Too much request weight used; current limit is %d request weight per 1 MINUTE. "+
			"Please use WebSocket Streams for live updates to avoid polling the API.", c.h.limits.rows[0].Limit))
	case sim.Banned:
		c.h.s.meter.Ban(c.h.limits.weight, c.remote, c.fate.For)
		return no(banned(time.Now().Add(c.fate.For)))
	case sim.Skew:
		now := time.Now()
		if made := now.Add(c.fate.For); made.Before(now) { // the venue's clock is behind
			return no(refuse(-1021, "Timestamp for this request was 1000ms ahead of the server's time."))
		}
		return no(refuse(-1021, "Timestamp for this request is outside of the recvWindow."))
	case sim.Overloaded503:
		return no(overloaded(c.h.kind))
	case sim.Failed503:
		if !perp { // spot has one answer that is certain
			return no(overloaded(c.h.kind))
		}
		if c.fate.Bits&1 == 0 {
			return no(refuse(0, "Service Unavailable.").at(http.StatusServiceUnavailable))
		}
		return no(refuse(-1001, "Internal error; unable to process your request. Please try again.").at(http.StatusServiceUnavailable))
	case sim.Unknown503:
		if perp {
			return no(refuse(-1000, "Unknown error, please check your request or try again later.").at(http.StatusServiceUnavailable))
		}
		return no(refuse(-1006, "An unexpected response was received from the message bus. Execution status unknown.").at(http.StatusServiceUnavailable))
	case sim.ServerError:
		return no(refuse(-1001, "Internal error; unable to process your request. Please try again.").at(http.StatusInternalServerError))
	}
	return no(refuse(-1016, "This service is no longer available."))
}

// meet draws the request's fate.
func (c *call) meet() {
	_, until, r := c.params.window()
	if r != nil {
		until = time.Time{}
	}
	c.fate = c.h.s.injector.Next(time.Now(), sim.Call{Op: c.op.kind, Key: c.subject(), Deadline: until})
}

// subject is what the request is known by: its order's client id.
func (c *call) subject() string {
	if c.op.kind == sim.OpRead {
		return c.params.get("symbol")
	}
	for _, name := range []string{"newClientOrderId", "origClientOrderId", "cancelOrigClientOrderId"} {
		if v := c.params.get(name); v != "" && (name != "newClientOrderId" || c.op.kind == sim.OpPlace) {
			return v
		}
	}
	id := c.params.get("orderId") + c.params.get("cancelOrderId")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return ""
	}
	name := "#" + id
	if k, _ := c.owner(); k != nil {
		c.h.s.look(func(_ time.Time, _ *sim.Engine) {
			if r := c.h.ledger(k.Account).byID[n]; r != nil {
				name = r.name
			}
		})
	}
	return name
}

// owner is whose the request claims to be.
func (c *call) owner() (*key, *refusal) {
	if c.key != nil {
		return c.key, nil
	}
	return c.h.s.identify(c.params.get("apiKey"))
}
