package okxtest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// task is a request about orders, over either way: one or several of a kind.
type task struct {
	op    sim.Op
	limit string // of the route
	many  bool
	key   string // client id of the first order, for faults
	where []place
	do    func(c *call, now time.Time, e *sim.Engine, i int) ack
}

// place is the market that an order is said to be on.
type place struct {
	instID string
	code   word
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
	t := &task{op: sh.op, limit: sh.limit, many: sh.many}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, no("50000")
	}
	if !array {
		body = append(append([]byte{'['}, body...), ']')
	}
	var bad bool
	switch sh.op {
	case sim.OpPlace:
		args, err := listOf[orderArg](body)
		bad = err != nil
		t.do = func(c *call, now time.Time, e *sim.Engine, i int) ack { return s.place(c, now, e, &args[i]) }
		for i := range args {
			t.point(args[i].InstID, args[i].InstIDCode, args[i].ClOrdID, "")
		}
	case sim.OpReplace:
		args, err := listOf[amendArg](body)
		bad = err != nil
		t.do = func(c *call, now time.Time, e *sim.Engine, i int) ack { return s.amend(c, now, e, &args[i]) }
		for i := range args {
			t.point(args[i].InstID, args[i].InstIDCode, args[i].ClOrdID, args[i].OrdID)
		}
	default:
		args, err := listOf[cancelArg](body)
		bad = err != nil
		t.do = func(c *call, now time.Time, e *sim.Engine, i int) ack { return s.cancel(c, now, e, &args[i]) }
		for i := range args {
			t.point(args[i].InstID, args[i].InstIDCode, args[i].ClOrdID, args[i].OrdID)
		}
	}
	switch n := len(t.where); {
	case bad:
		return nil, no("50002")
	case n == 0:
		return nil, no("50014", "args")
	case n > maxBatch, n > 1 && !sh.many:
		return nil, no("51111", maxBatch)
	}
	return t, nil
}

func listOf[T any](body []byte) ([]T, error) {
	var r []T
	err := json.Unmarshal(body, &r)
	return r, err
}

func (t *task) point(instID string, code, clOrdID, ordID word) {
	if len(t.where) == 0 {
		if t.key = string(clOrdID); clOrdID == "" && ordID != "" {
			t.key = "#" + string(ordID)
		}
	}
	t.where = append(t.where, place{instID, code})
}

// run does t, and answers with a row an order.
func (s *Server) run(c *call, t *task) ([]ack, *refusal) {
	if c.key.ReadOnly {
		return nil, no("50120")
	}
	if !s.spendOn(c, t) {
		return nil, no("50011")
	}
	rows := make([]ack, len(t.where))
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		s.keeper.follow(now, e)
		for i := range rows {
			if t.op != sim.OpCancel && t.op != sim.OpCancelAll && late(c.expires, now) {
				rows[i] = ack{TS: millis(now)}
				rows[i].refuse(no("50036"))
				continue
			}
			rows[i] = t.do(c, now, e, i)
		}
	})
	return rows, nil
}

// late reports whether a request's time is up; one that is no time never is.
func late(expires string, now time.Time) bool {
	if expires == "" {
		return false
	}
	ms, err := strconv.ParseInt(expires, 10, 64)
	return err == nil && now.UnixMilli() > ms
}

// spendOn counts the request against the account's limits on each market that it is about. A batch of one counts as a single order.
func (s *Server) spendOn(c *call, t *task) bool {
	limit := t.limit
	if t.many && len(t.where) == 1 {
		limit = limit[:len(limit)-len(" many")]
	}
	if len(t.where) == 1 {
		m, r := s.market(c, t.where[0].instID, t.where[0].code)
		return r != nil || s.spend(limit, string(c.key.Account)+" "+m.instID, 1)
	}
	count := make(map[string]int)
	for _, p := range t.where {
		if m, r := s.market(c, p.instID, p.code); r == nil {
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
func (s *Server) market(c *call, instID string, code word) (*market, *refusal) {
	if !c.socket {
		m := s.byID[instID]
		switch {
		case instID == "":
			return nil, no("50014", "instId")
		case m == nil:
			return nil, no("51001")
		}
		return m, nil
	}
	if code == "" {
		return nil, no("50014", "instIdCode")
	}
	for _, m := range s.markets {
		if strconv.FormatInt(m.code, 10) == string(code) {
			return m, nil
		}
	}
	return nil, no("51001")
}
