package binance

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// banMin is the shortest ban of an address, by the venue's documentation.
const banMin = 2 * time.Minute

// errFutures tells which half of the account a key does not open.
var errFutures = errors.New("of the futures account: Config.Kinds can leave it out")

// certainty says what a code tells about a write.
type certainty uint8

const (
	unsure  certainty = iota // it may have happened
	refused                  // it did not
)

// meaning is what a code stands for: whether a write that it answers is certainly refused, and the class.
type meaning struct {
	outcome certainty
	class   error
}

// reply is a refusal as either transport brings it.
type reply struct {
	status int // of HTTP, or of the WebSocket API, which uses the same numbers
	code   int
	torn   bool // it has two codes that differ: neither is to be believed
	msg    string
	data   json.RawMessage // of some codes
	retry  int64           // when to come again, ms since 1970; 0: not told
	server int64           // the venue's time, ms since 1970; 0: not told
}

// subject is what a refusal is about.
type subject struct {
	kind  exchange.Kind
	op    string
	write bool
}

// refusedReply is the error that a refusal of q is. Codes of writes that are not in the tables leave the outcome unknown.
func (q subject) refusedReply(r reply, now time.Time) *exchange.Error {
	e := &exchange.Error{Venue: Venue, Op: q.op, Code: "HTTP " + strconv.Itoa(r.status), Message: r.msg}
	if r.code != 0 {
		e.Code = strconv.Itoa(r.code)
	}
	m := q.meaning(r)
	e.Class = m.class
	if q.write {
		e.Outcome = exchange.ErrOutcomeUnknown
		if m.outcome == refused {
			e.Outcome = exchange.ErrRejected
		}
	}
	if errors.Is(e.Class, exchange.ErrUnauthorized) && q.kind == exchange.Perp {
		e.Err = errFutures
	}
	if q.unplaced(r) {
		e.Err = errUnplaced
	}
	e.RetryAfter = r.wait(now)
	if errors.Is(e.Class, exchange.ErrBanned) {
		e.RetryAfter = max(e.RetryAfter, banMin)
	}
	return e
}

// wait is how long the venue wants no more, as far as the body tells: the header is the transport's to read.
func (r reply) wait(now time.Time) time.Duration {
	until := r.retry
	if _, after, ok := strings.Cut(r.msg, "banned until "); until == 0 && ok {
		until = leadingInt(after)
	}
	if until <= 0 || until > 1e14 {
		return 0
	}
	if r.server > 0 {
		now = time.UnixMilli(r.server)
	}
	return max(0, time.UnixMilli(until).Sub(now))
}

func leadingInt(s string) int64 {
	end := strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(s)
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64) // 0: none
	return n
}

// codeOverloaded is the one code that is certain whatever the status: what it answers was not let in.
const codeOverloaded = -1008

// meaning finds out what r stands for. The status goes first where it stops everything, and where it says that the venue has lost track: then
// a code explains, and proves nothing.
func (q subject) meaning(r reply) meaning {
	switch {
	case r.status == http.StatusTeapot:
		return meaning{refused, exchange.ErrBanned}
	case r.status == http.StatusTooManyRequests:
		return meaning{refused, exchange.ErrRateLimited}
	case r.torn:
		return meaning{unsure, q.byStatus(r.status).class}
	case q.kind == exchange.Perp && r.status == http.StatusServiceUnavailable && failedForCertain(r.msg):
		return meaning{refused, exchange.ErrUnavailable}
	}
	m := q.byCode(r)
	if rest.ServerError(r.status) && r.code != codeOverloaded {
		m.outcome = unsure
	}
	return m
}

func (q subject) byCode(r reply) meaning {
	switch r.code {
	case 0:
		return q.byStatus(r.status)
	case -2010:
		return rejectedOrder(r.msg)
	case -2011:
		return rejectedCancel(r.msg)
	case -2021, -2022:
		if q.kind == exchange.Spot {
			return q.replaced(r)
		}
	}
	m, known := perpCodes[r.code]
	if q.kind == exchange.Spot {
		m, known = spotCodes[r.code]
	}
	if !known {
		m, known = codes[r.code]
	}
	if !known {
		m = meaning{unsure, q.byStatus(r.status).class}
	}
	return m
}

// byStatus is what an answer without a code means. 403 is the firewall's, which passes nothing on: a write that it stopped is not one that a
// busy venue put off, and is not tried again.
func (q subject) byStatus(status int) meaning {
	switch {
	case status == http.StatusForbidden && q.write:
		return meaning{refused, nil}
	case status == http.StatusForbidden:
		return meaning{refused, exchange.ErrUnavailable}
	case status == http.StatusUnauthorized || status == http.StatusUnavailableForLegalReasons:
		return meaning{refused, exchange.ErrUnauthorized}
	case rest.ServerError(status):
		return meaning{unsure, exchange.ErrUnavailable}
	}
	return meaning{}
}

// failedForCertain knows the bodies of status 503 of perpetuals that the venue documents as certain failures; "Unknown error, please check
// your request or try again later." is none of them, nor are a proxy's words, which lack the period. -1008 has a code of its own.
func failedForCertain(msg string) bool {
	return msg == "Service Unavailable." || msg == "Internal error; unable to process your request. Please try again."
}

// rejectedOrder is -2010, a refusal by the matching engine; why stands in its words only.
func rejectedOrder(msg string) meaning {
	msg = strings.ToLower(msg)
	has := func(s string) bool { return strings.Contains(msg, s) }
	switch {
	case has("duplicate"):
		return meaning{unsure, exchange.ErrConflict} // which of the two was it? Looking it up tells.
	case has("insufficient balance") || has("insufficient margin"):
		return meaning{refused, exchange.ErrInsufficientFunds}
	case has("immediately match") || has("cannot be filled") || has("would trigger immediately"):
		return meaning{refused, exchange.ErrConflict}
	case has("market is closed"):
		return meaning{refused, exchange.ErrUnavailable}
	case has("restricted") || has("disabled") || has("not enabled") || has("not permitted") || has("may not"):
		return meaning{refused, exchange.ErrUnauthorized}
	case has("not supported") || has("invalid"):
		return meaning{refused, exchange.ErrInvalid}
	}
	return meaning{refused, nil}
}

// rejectedCancel is -2011.
func rejectedCancel(msg string) meaning {
	if strings.Contains(strings.ToLower(msg), "unknown order") {
		return meaning{refused, exchange.ErrNotFound}
	}
	return meaning{refused, exchange.ErrConflict}
}

// halves of a cancelReplace of spot.
type halves struct {
	CancelResult     string `json:"cancelResult"` // SUCCESS, FAILURE
	NewOrderResult   string `json:"newOrderResult"`
	CancelResponse   json.RawMessage
	NewOrderResponse json.RawMessage
}

// replaced is -2021 and -2022 of spot: one half of a cancelReplace failed, or both did. That nothing happened is certain only when both
// halves say so.
func (q subject) replaced(r reply) meaning {
	var h halves
	if json.Unmarshal(r.data, &h) != nil {
		return meaning{unsure, exchange.ErrConflict}
	}
	half := func(result string, body json.RawMessage) meaning {
		told, ok := tellCode(body)
		switch {
		case result == "NOT_ATTEMPTED":
			return meaning{refused, nil}
		case result != "FAILURE" || !ok || told.Code.n == -2021 || told.Code.n == -2022:
			return meaning{unsure, nil}
		}
		return q.meaning(told.reply(http.StatusBadRequest))
	}
	cancel, place := half(h.CancelResult, h.CancelResponse), half(h.NewOrderResult, h.NewOrderResponse)
	m := meaning{outcome: min(cancel.outcome, place.outcome), class: cancel.class}
	if m.class == nil {
		m.class = place.class
	}
	if m.class == nil {
		m.class = exchange.ErrConflict
	}
	return m
}

// answer takes a REST answer apart: its payload, or the error that it is. The venue says no in a 200 too, in places.
func (q subject) answer(status int, body []byte, now func() time.Time) ([]byte, *exchange.Error) {
	if status == http.StatusOK && !bytes.Contains(body, []byte(`"code"`)) {
		return body, nil
	}
	r := reply{status: status}
	told, ok := tellCode(body)
	if status == http.StatusOK && !(ok && told.refuses()) {
		return body, nil
	}
	if ok && told.refuses() {
		r = told.reply(status)
	} else if !json.Valid(body) && len(body) <= 120 {
		r.msg = strings.TrimSpace(string(body)) // perpetuals answer 503 in plain words
	}
	return nil, q.refusedReply(r, now())
}

// told is the venue's way to refuse.
type told struct {
	Code codeNumber      `json:"code"`
	Msg  string          `json:"msg"`
	Data json.RawMessage `json:"data"`
}

func (t told) refuses() bool { return t.Code.n < 0 || t.Code.torn }

func (t told) reply(status int) reply {
	return reply{status: status, code: t.Code.n, torn: t.Code.torn, msg: t.Msg, data: t.Data}
}

// codeNumber is a number that may stand in quotes, and the last one where there are several.
type codeNumber struct {
	n          int
	seen, torn bool // torn: there were two that differ
}

// UnmarshalJSON takes 5 and "5". It is called for each member of that name.
func (c *codeNumber) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	c.torn = c.torn || c.seen && n != c.n
	c.n, c.seen = n, true
	return err
}

func tellCode(body []byte) (t told, ok bool) {
	if !strings.HasPrefix(strings.TrimLeft(string(body[:min(len(body), 16)]), " \t\r\n"), "{") {
		return t, false // lists are long, and no refusals
	}
	return t, json.Unmarshal(body, &t) == nil && (t.Code.n != 0 || t.Code.torn)
}

// refusal is what the answer to a subscription of the public streams means.
func refusal(code int64, message string) *exchange.Error {
	e := subject{op: "subscribe"}.refusedReply(reply{code: int(code), msg: message}, time.Time{})
	if code >= 0 {
		e.Code, e.Class = strconv.FormatInt(code, 10), exchange.ErrInvalid
	}
	if strings.Contains(strings.ToLower(message), "too many") {
		e.Class = exchange.ErrRateLimited
	}
	return e
}

// incurable reports whether asking again can never help.
func incurable(err error) bool {
	return errors.Is(err, exchange.ErrInvalid) || errors.Is(err, exchange.ErrUnauthorized)
}

func contains(words, word string) bool { return slices.Contains(strings.Fields(words), word) }
