package okxtest

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// answer is what is said to orders over WebSocket.
type answer struct {
	ID      string `json:"id"`
	Op      string `json:"op"`
	Code    string `json:"code"`
	Message string `json:"msg"`
	Data    any    `json:"data"`
	InTime  string `json:"inTime"`
	OutTime string `json:"outTime"`
}

// entry is a request about orders over WebSocket.
type entry struct {
	*session
	id, op string
	began  time.Time
	c      call
	t      *task
	bad    *refusal // why it is none
}

// orders does a request about orders.
func (x *session) orders(q *request) {
	sh := shapes[q.Op]
	e := &entry{session: x, id: string(q.ID), op: q.Op, began: time.Now()}
	e.t, e.bad = x.task(sh, q.Args, true)
	e.c = call{expires: string(q.ExpTime), remote: x.remote, socket: true}
	e.c.fate = x.injector.Next(e.began, sim.Call{Op: sh.op, Key: e.t.key(), Deadline: deadline(e.c.expires)})
	x.socket.Meet(e.c.fate, e.act, e.says)
}

func (e *entry) act() []byte {
	e.c.key = e.session.key.Load()
	switch {
	case e.c.key == nil:
		return e.refused(no("60011"))
	case e.bad != nil:
		return e.refused(no("60013"))
	}
	rows, bad := e.run(&e.c, e.t)
	switch {
	case bad == nil:
		return e.told(rows)
	case bad.code == "50011":
		return e.refused(no("60014"))
	}
	return e.refused(bad)
}

// says is the answer to a fault that the venue has words for.
func (e *entry) says() []byte {
	switch e.c.fate.Fault {
	case sim.Refused:
		row := ack{ClOrdID: e.t.key(), TS: millis(time.Now())}
		row.refuse(no("51022"))
		return e.told([]ack{row})
	case sim.RateLimited, sim.Banned:
		return e.refused(no("60014"))
	case sim.Skew:
		return e.refused(no("50036"))
	case sim.ServerError:
		return e.refused(no("63999"))
	}
	return e.refused(excuse(e.c.fate.Fault))
}

func (e *entry) told(rows []ack) []byte {
	code := verdict(rows)
	return e.answer(code, answers[code].words, rows)
}

func (e *entry) refused(r *refusal) []byte { return e.answer(r.code, r.message, none) }

func (e *entry) answer(code, message string, data any) []byte {
	return simwire.Encode(answer{e.id, e.op, code, message, data, micros(e.began), micros(time.Now())})
}

func isInt64(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}
