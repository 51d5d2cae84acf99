package bybit

import (
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// What the venue allows (docs v5, 2026-07).
const (
	spotTopicsPerFrame   = 10  // spot refuses longer requests
	linearTopicsPerFrame = 100 // no number published
	topicsPerConn        = 200 // all args of a connection must stay below 21,000 characters; a topic takes about 30
	sendRate             = 5   // requests a second; no number published
	heartbeat            = 20 * time.Second
)

func topicsPerFrame(k exchange.Kind) int {
	if k == exchange.Spot {
		return spotTopicsPerFrame
	}
	return linearTopicsPerFrame
}

// Limits paces all requests of one address. Exchanges that share the address (several accounts, say) share the Limits: the venue counts
// requests by address, and those about an account by account and path too. It starts from the published numbers and follows what answers
// tell. It is safe for concurrent use.
type Limits struct {
	rest     *rest.Limits
	connects *rate.Limiter // 500 in 5 minutes; a bucket of burst b and rate r lets b + r*window pass
}

// NewLimits starts from the venue's published numbers.
func NewLimits() *Limits {
	return &Limits{rest: rest.NewLimits(rules()), connects: rate.NewLimiter(1, 20)}
}

const (
	byAddress = "address" // HTTP requests; above it the address is refused for 10 minutes
	bySocket  = "socket"  // requests over order entry sockets
)

// rules are the dimensions. Those by account have a name for each path and, where the venue counts so, kind of market.
func rules() map[string]rest.Rule {
	r := map[string]rest.Rule{
		byAddress: {Limit: 600, Window: 5 * time.Second},
		bySocket:  {Limit: 3000, Window: time.Second},
	}
	for name, limit := range map[string]int{
		"place spot": 20, "place linear": 10, "amend spot": 10, "amend linear": 10, "cancel spot": 20, "cancel linear": 10,
		"cancel all spot": 20, "cancel all linear": 10, "open orders": 50, "history": 50, "executions": 50, "positions": 50, "wallet": 50,
		"fees": 5,
	} {
		r[name] = rest.Rule{Limit: limit, Window: time.Second}
	}
	return r
}

// ruleOf is the name of a call's dimension.
func ruleOf(c *call, k exchange.Kind) string {
	switch c.rule {
	case "place", "amend", "cancel", "cancel all":
		return c.rule + " " + category(k)
	}
	return c.rule
}

// follow corrects a dimension by what an answer tells of it: how many the account may send a second, and how many are left. A header that is
// missing changes nothing.
func (l *Limits) follow(c rest.Cost, tell func(name string) string) {
	limit, err := strconv.Atoi(tell("X-Bapi-Limit"))
	if err != nil || limit <= 0 || limit > 1<<20 {
		return
	}
	l.rest.SetScopeLimit(c.Name, c.Scope, limit) // by the account's tier
	if left, err := strconv.Atoi(tell("X-Bapi-Limit-Status")); err == nil && left >= 0 && left < limit {
		l.rest.Observe(c.Name, c.Scope, limit-left)
	}
}

// exceeded closes a dimension until the venue opens it again, and says how long that is. told is the answer's own time: the reset is by the
// venue's clock.
func (l *Limits) exceeded(c rest.Cost, told text, reset string) time.Duration {
	wait := time.Second // the length of the window, where nothing is told
	now, err1 := strconv.ParseInt(string(told), 10, 64)
	until, err2 := strconv.ParseInt(reset, 10, 64)
	if err1 == nil && err2 == nil && until > now && until-now < time.Minute.Milliseconds() {
		wait = time.Duration(until-now) * time.Millisecond
	}
	l.rest.Block(c.Name, c.Scope, time.Now().Add(wait))
	return wait
}

// read is the Read of the REST client.
func (x *Exchange) read(r *rest.Request, a *rest.Answer) ([]byte, *exchange.Error) {
	told, e := answer(r.Write, a.Status, a.Body)
	if len(r.Costs) > 1 {
		x.limits.follow(r.Costs[1], a.Header.Get)
		if e != nil && e.Code == tooManyVisits {
			a.Narrow = true
			e.RetryAfter = x.limits.exceeded(r.Costs[1], told.Time, a.Header.Get("X-Bapi-Limit-Reset-Timestamp"))
		}
	}
	if e != nil {
		x.overloaded(r, e)
		e.Message = x.withoutKey(e.Message)
		return nil, e
	}
	return told.Result, nil
}

// overloaded lets openings pause when the venue says that it is, in words: with an HTTP status the client does so itself.
func (x *Exchange) overloaded(r *rest.Request, e *exchange.Error) {
	if r.Write && e.Code == "429" {
		x.limits.rest.Overloaded(x.client.Base)
	}
}

// tooManyVisits is the code of a request beyond its account's rate for the path.
const tooManyVisits = "10006"
