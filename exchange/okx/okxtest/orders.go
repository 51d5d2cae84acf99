package okxtest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// task is a request about orders, over either way: one or several of a kind.
type task struct {
	op    sim.Op
	limit string // of the route
	at    []*target
	do    func(c *call, now time.Time, e *sim.Engine, i int) ack
}

// shape is what a request is made of.
type shape struct {
	op    sim.Op
	limit string
	many  bool
}

// shapes are the requests about orders: by path, and by what they are called over WebSocket.
var shapes = map[string]shape{
	"/api/v5/trade/order":               {sim.OpPlace, "place", false},
	"/api/v5/trade/batch-orders":        {sim.OpPlace, "place many", true},
	"/api/v5/trade/cancel-order":        {sim.OpCancel, "cancel", false},
	"/api/v5/trade/cancel-batch-orders": {sim.OpCancelAll, "cancel many", true},
	"/api/v5/trade/amend-order":         {sim.OpReplace, "amend", false},
	"/api/v5/trade/amend-batch-orders":  {sim.OpReplace, "amend many", true},

	"order":               {sim.OpPlace, "place", false},
	"batch-orders":        {sim.OpPlace, "place many", true},
	"cancel-order":        {sim.OpCancel, "cancel", false},
	"batch-cancel-orders": {sim.OpCancelAll, "cancel many", true},
	"amend-order":         {sim.OpReplace, "amend", false},
	"batch-amend-orders":  {sim.OpReplace, "amend many", true},
}

// task reads a request's orders; body is an object, or an array of them.
func (s *Server) task(sh shape, body []byte, array bool) (*task, *refusal) {
	t := &task{op: sh.op, limit: sh.limit}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, no("50000")
	}
	if !array {
		body = append(append([]byte{'['}, body...), ']')
	}
	var err error
	switch sh.op {
	case sim.OpPlace:
		err = load(t, body, s.place)
	case sim.OpReplace:
		err = load(t, body, s.amend)
	default:
		err = load(t, body, s.cancel)
	}
	switch n := len(t.at); {
	case err != nil:
		return nil, no("50002")
	case n == 0:
		return nil, no("50014", "args")
	case n > maxBatch, n > 1 && !sh.many:
		return nil, no("51111", maxBatch)
	}
	return t, nil
}

// load reads orders of which each is for do.
func load[T any, P interface {
	*T
	at() *target
}](t *task, body []byte, do func(*call, time.Time, *sim.Engine, P) ack) error {
	var args []T
	if err := json.Unmarshal(spelled(body), &args); err != nil {
		return err
	}
	for i := range args {
		t.at = append(t.at, P(&args[i]).at())
	}
	t.do = func(c *call, now time.Time, e *sim.Engine, i int) ack { return do(c, now, e, &args[i]) }
	return nil
}

// key is what faults know the task's first order by.
func (t *task) key() string {
	if t == nil {
		return ""
	}
	return nameOf(string(t.at[0].ClOrdID), string(t.at[0].OrdID))
}

// run does t, and answers with a row an order.
func (s *Server) run(c *call, t *task) ([]ack, *refusal) {
	if c.key.ReadOnly {
		return nil, no("50120")
	}
	if t.limited() && c.expires != "" && !isInt64(c.expires) {
		return nil, no("51000", "expTime")
	}
	if !s.spendOn(c, t) {
		return nil, no("50011")
	}
	rows := make([]ack, len(t.at))
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		s.keeper.follow(now, e)
		for i := range rows {
			rows[i] = t.do(c, now, e, i)
		}
	})
	return rows, nil
}

// limited reports whether t may have a time after which it is not done: cancellations have none.
func (t *task) limited() bool { return t.op != sim.OpCancel && t.op != sim.OpCancelAll }

// late refuses a request whose time is up.
func (c *call) late(now time.Time) *refusal {
	if ms, err := strconv.ParseInt(c.expires, 10, 64); err == nil && now.UnixMilli() > ms {
		return no("50036")
	}
	return nil
}

// counted is the limit that t is counted by: a batch of one counts as a single order.
func (t *task) counted() string {
	if len(t.at) == 1 {
		return strings.TrimSuffix(t.limit, " many")
	}
	return t.limit
}

// spendOn counts the request against the account's limits on each market that it is about.
func (s *Server) spendOn(c *call, t *task) bool {
	limit := t.counted()
	if len(t.at) == 1 {
		m, r := s.market(c, t.at[0])
		return r != nil || s.spend(limit, string(c.key.Account)+" "+m.instID, 1)
	}
	count := make(map[string]int)
	for _, at := range t.at {
		if m, r := s.market(c, at); r == nil {
			count[m.instID]++
		}
	}
	ok := true
	for _, id := range sortedKeys(count) {
		ok = s.spend(limit, string(c.key.Account)+" "+id, count[id]) && ok
	}
	return ok
}

// market is the one that a request names: by instId over REST, by number over WebSocket.
func (s *Server) market(c *call, at *target) (*market, *refusal) {
	if !c.socket {
		m := s.byID[at.InstID]
		switch {
		case at.InstID == "":
			return nil, no("50014", "instId")
		case m == nil:
			return nil, no("51001")
		}
		return m, nil
	}
	switch code := string(at.InstIDCode); {
	case code == "", code == "null":
		return nil, no("50014", "instIdCode")
	case !isInt64(code):
		return nil, no("51000", "instIdCode")
	}
	for _, m := range s.markets {
		if strconv.FormatInt(m.code, 10) == string(at.InstIDCode) {
			return m, nil
		}
	}
	return nil, no("51001")
}
