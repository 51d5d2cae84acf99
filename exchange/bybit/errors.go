package bybit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// banned is how long the venue refuses an address that asked too often, by its documentation.
const banned = 10 * time.Minute

// unchanged is the result of a request that left nothing to do, in the place of the venue's, which is empty. It is no JSON: no answer can pass
// for it.
const unchanged = "unchanged"

func readEnvelope(body []byte) (told envelope, err error) {
	err = decode(body, &told)
	return told, err
}

// answer takes an answer apart. The venue says no in an HTTP 200 as readily as in an HTTP error. The error of a write has an Outcome: rejected
// only where that is certain, by a code whose meaning is documented or by a gateway that let nothing through.
func answer(write bool, status int, body []byte) (envelope, *exchange.Error) {
	read := readEnvelope
	if write {
		read = readAnswer
	}
	told, err := read(body)
	if err != nil {
		told = envelope{}
	}
	code, known := told.code()
	if status == http.StatusOK && known {
		if c, _ := judge(code); code == 0 {
			return told, nil
		} else if c == standing {
			told.Result = json.RawMessage(unchanged)
			return told, nil
		}
	}
	e := &exchange.Error{Venue: Venue, Code: "HTTP " + strconv.Itoa(status)}
	if known && code != 0 {
		e.Code, e.Message = strconv.Itoa(code), cleaned(told.Message)
	} else if code = 0; status == http.StatusOK {
		e.Err = fmt.Errorf("an answer without retCode: %w", exchange.ErrFrame)
	}
	e.Class, e.Outcome = classify(write, status, code)
	if errors.Is(e.Class, exchange.ErrBanned) {
		e.RetryAfter = banned
	}
	return told, e
}

// classify says why and, of writes, whether it happened, by the HTTP status and the venue's code (0: none).
func classify(write bool, status, code int) (class, outcome error) {
	sure, class := vague, error(nil)
	if code != 0 {
		sure, class = judge(code)
	}
	switch {
	case rest.ServerError(status): // what a gateway says in the place of the server is no word of it
		sure = vague
		if class == nil {
			class = exchange.ErrUnavailable
		}
	case status == http.StatusForbidden:
		// Too many requests; or a country that the venue refuses, which never ends: then waiting does no harm.
		sure, class = denied, exchange.ErrBanned
	case code == 0:
		if class = refusals(status); class != nil {
			sure = denied
		}
	}
	switch {
	case !write:
		return class, nil
	case sure == denied:
		return class, exchange.ErrRejected
	}
	return class, exchange.ErrOutcomeUnknown
}

// refusals are the statuses that say by themselves that nothing was done.
func refusals(status int) error {
	switch status {
	case http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case http.StatusUnauthorized:
		return exchange.ErrUnauthorized
	case http.StatusBadRequest, http.StatusNotFound:
		return exchange.ErrInvalid
	}
	return nil
}

// cleaned is a message without what the venue repeats of a request whose signature does not fit: the key is in it.
func cleaned(message string) string {
	if i := strings.Index(message, "origin_string"); i >= 0 {
		message = strings.TrimSpace(message[:i])
	}
	if len(message) > 400 {
		message = message[:400]
	}
	return message
}

// refused is the venue's refusal of a subscription. It comes in words, without a code: those that name a bad topic end a stream, others may
// pass.
func refused(message string) error {
	e := &exchange.Error{Venue: Venue, Op: "subscribe", Message: message}
	for _, s := range []string{"not found", "invalid", "not exist", "not support"} {
		if strings.Contains(strings.ToLower(message), s) {
			e.Class = exchange.ErrInvalid
		}
	}
	return e
}
