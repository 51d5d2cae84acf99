package okx

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// call is how something was asked.
type call uint8

const (
	read   call = iota
	write       // one order
	batch       // several: each row of the answer is an outcome of its own
	socket      // one order, over WebSocket
)

// verdict is what a venue's code, or else an HTTP status, says about a call: whether it happened, and why.
func verdict(c call, status int, code string) (outcome, class error) {
	f := faults[codes[code]]
	class = f.class
	certain := f.certain && (c != socket || codes[code] != busy) // it is said of REST requests that they were not taken
	if codes[code] == unlisted {
		class = classOf(status)
		certain = status == http.StatusTooManyRequests && c != socket
	}
	switch {
	case c == read:
		return nil, class
	case certain:
		return exchange.ErrRejected, class
	}
	return exchange.ErrOutcomeUnknown, class
}

// blocked is how long an address is spared whose requests the venue's front refuses; it does not say how long that lasts.
const blocked = time.Minute

// classOf says why by the HTTP status alone: of a page that the venue's front sent, say.
func classOf(status int) error {
	switch {
	case status == http.StatusForbidden, status == http.StatusTeapot:
		return exchange.ErrBanned
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized:
		return exchange.ErrUnauthorized
	case status >= 500, status == http.StatusRequestTimeout:
		return exchange.ErrUnavailable
	}
	return nil
}

// fail is the error of a call to which the venue said code.
func fail(c call, status int, code, message string) *exchange.Error {
	code, _, _ = strings.Cut(code, "_") // the documentation has sub-codes: "51008_1000"
	e := &exchange.Error{Venue: Venue, Code: code, Message: words(message)}
	if e.Outcome, e.Class = verdict(c, status, code); errors.Is(e.Class, exchange.ErrBanned) {
		e.RetryAfter = blocked
	}
	return e
}

// words is what the venue said, without the request that it may repeat: a login has keys in it.
func words(message string) string {
	message, _, _ = strings.Cut(message, "{")
	return strings.TrimSpace(message[:min(len(message), 300)])
}

// payload is what an answer carries, or the error that it is. The venue says no in an HTTP 200 as readily as in an HTTP error.
func payload(c call, status int, body []byte) ([]byte, *exchange.Error) {
	if c == write || c == socket {
		return acknowledged(c, status, body)
	}
	var told envelope
	if err := json.Unmarshal(body, &told); err != nil || told.Code == "" {
		return nil, failPage(c, status)
	}
	partly := c == batch && (told.Code == "1" || told.Code == "2") // its rows tell
	if status == http.StatusOK && (told.Code == "0" || partly && len(told.Data) > len("[]")) {
		return told.Data, nil
	}
	return nil, fail(c, status, string(told.Code), string(told.Message))
}

// acknowledged is the row of an answer to a single order, or the error that it is. The row has the last word: the envelope's code is "1" where
// it is a refusal.
func acknowledged(c call, status int, body []byte) ([]byte, *exchange.Error) {
	told, err := parseAck(body)
	if err != nil || told.Code == "" {
		return nil, failPage(c, status)
	}
	ok := status == http.StatusOK && told.Code == "0"
	switch len(told.Data) {
	case 1:
		switch w := &told.Data[0]; {
		case w.SCode != "0" && w.SCode != "":
			return nil, fail(c, status, string(w.SCode), string(w.SMsg))
		case ok && w.SCode == "":
			return nil, unread(c, fmt.Errorf("no sCode: %w", exchange.ErrFrame))
		}
	case 0:
		if ok {
			return nil, unread(c, fmt.Errorf("no row: %w", exchange.ErrFrame))
		}
	default:
		return nil, unread(c, fmt.Errorf("%d rows for one order: %w", len(told.Data), exchange.ErrFrame))
	}
	if !ok { // a failure as a whole, of which the row, if any, knows nothing
		return nil, fail(c, status, string(told.Code), string(told.Message))
	}
	return told.Data[0].handOver(), nil
}

// failPage is the error of an answer that is not the venue's.
func failPage(c call, status int) *exchange.Error {
	e := fail(c, status, "HTTP "+strconv.Itoa(status), "")
	if status == http.StatusOK {
		e.Err = fmt.Errorf("no answer of the venue's: %w", exchange.ErrFrame) // the parser's error would quote what may be anything
	}
	return e
}

// refusal is what the venue said about this row's order; nil: taken.
func (w *ackRow) refusal(c call, status int) *exchange.Error {
	if w.SCode == "0" {
		return nil
	}
	return fail(c, status, string(w.SCode), string(w.SMsg))
}

// unread is the error of an answer that nothing can be made of.
func unread(c call, err error) *exchange.Error {
	e := &exchange.Error{Venue: Venue, Err: err}
	if c != read {
		e.Outcome = exchange.ErrOutcomeUnknown
	}
	if !errors.Is(err, exchange.ErrFrame) {
		e.Err = fmt.Errorf("%w: %w", err, exchange.ErrFrame)
	}
	return e
}

// refused is the venue's refusal of a subscription or a login.
func refused(op, code, message string) error {
	e := fail(read, 0, code, message)
	e.Op = op
	return e
}
