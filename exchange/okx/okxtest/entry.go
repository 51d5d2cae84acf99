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

// orders does a request about orders.
func (x *session) orders(q *request) {
	began := time.Now()
	sh, id, op := shapes[q.Op], string(q.ID), q.Op
	refuse := func(r *refusal) []byte {
		return simwire.Encode(answer{id, op, r.code, r.message, none, micros(began), micros(time.Now())})
	}
	t, bad := x.task(sh, q.Args, true)
	what := sim.Call{Op: sh.op, Deadline: deadline(string(q.ExpTime))}
	if t != nil {
		what.Key = t.key
	}
	c := &call{expires: string(q.ExpTime), remote: x.remote, socket: true, fate: x.injector.Next(began, what)}
	x.socket.Meet(c.fate, func() []byte {
		c.key = x.key.Load()
		switch {
		case c.key == nil:
			return refuse(no("60011"))
		case bad != nil:
			return refuse(no("60013"))
		}
		rows, bad := x.run(c, t)
		switch {
		case bad == nil:
			code := verdict(rows)
			return simwire.Encode(answer{id, op, code, answers[code].words, rows, micros(began), micros(time.Now())})
		case bad.code == "50011":
			return refuse(no("60014"))
		}
		return refuse(bad)
	}, func() []byte {
		switch c.fate.Fault {
		case sim.Refused:
			row := ack{ClOrdID: what.Key, TS: millis(time.Now())}
			row.refuse(no("51022"))
			return simwire.Encode(answer{id, op, "1", answers["1"].words, []ack{row}, micros(began), micros(time.Now())})
		case sim.RateLimited, sim.Banned:
			return refuse(no("60014"))
		case sim.Skew:
			return refuse(no("50036"))
		case sim.ServerError:
			return refuse(no("63999"))
		}
		return refuse(excuse(c.fate.Fault))
	})
}

func isInt64(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}
