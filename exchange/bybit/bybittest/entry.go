package bybittest

import (
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// trade handles a message on the order entry socket.
func (c *client) trade(m *command) {
	switch m.Op {
	case "ping":
		c.say(object{"retCode": 0, "retMsg": "OK", "op": "pong", "data": []string{milli(c.s.now().UnixMilli())}, "connId": c.id})
	case "auth":
		c.auth(m, func(no *refusal) []byte { return c.granted(m, no) })
	default:
		c.request(m)
	}
}

// granted answers a login.
func (c *client) granted(m *command, no *refusal) []byte {
	r := object{"retCode": 0, "retMsg": "OK", "op": m.Op, "connId": c.id}
	if no != nil {
		r["retCode"], r["retMsg"] = no.code, no.text
	}
	if m.ReqID2 != nil {
		r["reqId"] = *m.ReqID2
	}
	return simwire.Encode(r)
}

// entryPath is the REST path that does the same as an operation.
func entryPath(op string) string {
	switch op {
	case "order.create":
		return pathCreate
	case "order.amend":
		return pathAmend
	case "order.cancel":
		return pathCancel
	}
	return ""
}

// request lets an order operation meet its fate. Answers may overtake one another.
func (c *client) request(m *command) {
	r, ok := c.s.routes[entryPath(m.Op)]
	if !ok || len(m.Args) != 1 {
		c.socket.Send(c.entered(m, nil, refuse(codeOp, "op type is not found, or args are not one"), nil))
		return
	}
	a := newAsk(&simwire.Request{Body: m.Args[0]})
	now := time.Now()
	op, key := a.about(r)
	stamp, window := m.Header["X-BAPI-TIMESTAMP"], m.Header["X-BAPI-RECV-WINDOW"]
	a.fate = c.s.injector.Next(now, sim.Call{Op: op, Key: key, Deadline: c.s.deadline(stamp, window)})
	c.s.calls.Add(simwire.Call{At: now, Host: hostStream, Method: m.Op, Path: pathTrade, Body: string(a.Body), Op: op, Key: key, Fault: a.fate.Fault})
	admitted := sync.OnceValue(func() *refusal { return c.admitted(m) }) // when it is its turn: a login may be on its way
	c.socket.Meet(a.fate,
		func() []byte {
			if no := admitted(); no != nil {
				return c.entered(m, nil, no, nil)
			}
			return c.perform(m, r, a)
		},
		func() []byte {
			_ = admitted()
			return c.excuse(m, r, a)
		})
}

// admitted checks what a message must be, whatever it asks for. The id is used up even if it is not taken.
func (c *client) admitted(m *command) *refusal {
	switch {
	case c.key == nil:
		return refuse(codeLogin, "User not logged in.")
	case m.ReqID2 != nil && len(*m.ReqID2) > maxLink:
		return refuse(codeParams, "reqId is too long")
	case m.ReqID2 != nil && c.asked.of[*m.ReqID2]:
		return refuse(codeRequestID, "reqId is duplicated")
	}
	if m.ReqID2 != nil {
		c.asked.put(*m.ReqID2, true)
	}
	return nil
}

// perform answers a request that has reached the venue.
func (c *client) perform(m *command, r route, a *ask) []byte {
	s := c.s
	a.account, a.key = c.key.key.Account, c.key.key
	_, ok := kindNamed(a.Category)
	switch {
	case !ok:
		return c.entered(m, nil, refuse(codeOp, "category is not correct/supported"), nil)
	case s.meter.Spend(bySocket, c.remote, 1).Refused:
		return c.entered(m, nil, tooFrequent(), nil)
	case a.key.ReadOnly:
		return c.entered(m, nil, refuse(codeRights, "Permission denied, please check your API key permissions."), nil)
	}
	if no := timely(s.now(), m.Header["X-BAPI-TIMESTAMP"], m.Header["X-BAPI-RECV-WINDOW"]); no != nil {
		return c.entered(m, nil, no, nil)
	}
	reading := s.meter.Spend(ruleOf(r.path, a.kind()), string(a.account), 1)
	head := headers(s.now(), reading)
	if reading.Refused {
		return c.entered(m, nil, visits(), head)
	}
	result, no := r.answer(s, a)
	return c.entered(m, result, no, head)
}

func tooFrequent() *refusal {
	return refuse(codeIPs, "Exceeds IP rate limit.")
}

// excuse answers a request that met a fault which the venue has words for.
func (c *client) excuse(m *command, r route, a *ask) []byte {
	s, no := c.s, c.s.words(a.fate, true)
	switch {
	case a.fate.Fault == sim.Banned:
		s.meter.Ban(byAddress, c.remote, a.fate.For)
		return c.entered(m, nil, tooFrequent(), nil)
	case a.fate.Fault == sim.RateLimited && c.key != nil:
		rule, account := ruleOf(r.path, a.kind()), string(c.key.key.Account)
		s.meter.Ban(rule, account, a.fate.For)
		return c.entered(m, nil, no, headers(s.now(), s.meter.Read(rule, account)))
	}
	return c.entered(m, nil, no, nil)
}

// entered is the answer to a request.
func (c *client) entered(m *command, result any, no *refusal, head []simwire.Field) []byte {
	if no != nil {
		result = object{}
	}
	r := object{"retCode": 0, "retMsg": "OK", "op": m.Op, "data": result, "retExtInfo": object{}, "connId": c.id}
	if no != nil {
		r["retCode"], r["retMsg"] = no.code, no.text
	}
	header := object{"Traceid": c.s.id("t"), "Timenow": milli(c.s.now().UnixMilli())}
	for _, f := range head {
		header[f.Name] = f.Value
	}
	if r["header"] = header; m.ReqID2 != nil {
		r["reqId"] = *m.ReqID2
	}
	return simwire.Encode(r)
}
