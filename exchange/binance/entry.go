package binance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
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
	e.id = strings.Trim(string(f.members["id"]), `"`)
	e.status, err = strconv.Atoi(string(f.members["status"]))
	if err != nil {
		f.fail("status: %.20q", f.members["status"])
	}
	e.result = f.members["result"]
	e.reply.status = e.status
	if f.has("error") {
		inner := parseFields(f.members["error"])
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
		f.fail("code: %.20q", f.members["code"])
	}
	r.code, r.msg, r.data = int(code), f.optText("msg"), f.members["data"]
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
	if t, ok := tellCode(e.result); ok && t.Code < 0 { // a refusal in a 200
		return nil, q.refusedReply(reply{status: e.status, code: int(t.Code), msg: t.Msg, data: t.Data}, now)
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
