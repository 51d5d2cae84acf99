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
)

// classes sorts the venue's codes of public requests by what a caller can do about them.
var classes = map[int]error{
	10000: exchange.ErrUnavailable, // server time-out
	10016: exchange.ErrUnavailable, // server error, or restarting
	10006: exchange.ErrRateLimited,
	10429: exchange.ErrRateLimited, // system protection
	10403: exchange.ErrRateLimited,
	10001: exchange.ErrInvalid, // parameters
	10017: exchange.ErrInvalid, // path
	10029: exchange.ErrInvalid, // symbol
	10404: exchange.ErrInvalid,
	10024: exchange.ErrUnauthorized, // compliance rules of the region
	10009: exchange.ErrUnauthorized, // address banned by the operator
}

// banned is how long the venue refuses an address that asked too often, by its documentation.
const banned = 10 * time.Minute

// payload is what an answer carries, or what an answer that is no success means. The venue says no in an HTTP 200 as readily as in an
// HTTP error.
func payload(op string, status int, body []byte) ([]byte, *exchange.Error) {
	var told envelope
	err := json.Unmarshal(body, &told)
	if err != nil {
		told = envelope{}
	}
	if status == http.StatusOK && told.Code != nil && *told.Code == 0 {
		return told.Result, nil
	}
	e := &exchange.Error{Venue: Venue, Op: op, Code: "HTTP " + strconv.Itoa(status)}
	code := 0
	if told.Code != nil && *told.Code != 0 {
		code = *told.Code
		e.Code, e.Message = strconv.Itoa(code), told.Message
	} else if status == http.StatusOK {
		e.Err = fmt.Errorf("an answer without retCode: %w", exchange.ErrFrame)
	}
	if e.Class = class(status, code); errors.Is(e.Class, exchange.ErrBanned) && e.RetryAfter == 0 {
		e.RetryAfter = banned
	}
	return nil, e
}

// class says why, by the HTTP status and the venue's code.
func class(status, code int) error {
	switch {
	case status == http.StatusForbidden:
		// Too many requests; or a country that the venue refuses, which never ends: then waiting does no harm.
		return exchange.ErrBanned
	case classes[code] != nil:
		return classes[code]
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized:
		return exchange.ErrUnauthorized
	case status >= 500, status == http.StatusRequestTimeout:
		return exchange.ErrUnavailable
	}
	return nil
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
