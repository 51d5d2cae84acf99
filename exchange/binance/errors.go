package binance

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// banMin is the shortest ban of an address, by the venue's documentation.
const banMin = 2 * time.Minute

// answer takes a REST answer apart.
func answer(op string, status int, body []byte) ([]byte, *exchange.Error) {
	if status == http.StatusOK {
		return body, nil
	}
	e := &exchange.Error{Venue: Venue, Op: op, Code: "HTTP " + strconv.Itoa(status)}
	var told struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(body, &told) == nil && told.Code != 0 {
		e.Code, e.Message = strconv.Itoa(told.Code), told.Msg
	}
	if e.Class = class(status, told.Code); errors.Is(e.Class, exchange.ErrBanned) {
		e.RetryAfter = banMin
	}
	return nil, e
}

// class says why, by the HTTP status and the venue's code.
func class(status, code int) error {
	switch {
	case status == http.StatusTeapot:
		return exchange.ErrBanned
	case status == http.StatusTooManyRequests || code == -1003:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized || status == http.StatusUnavailableForLegalReasons:
		return exchange.ErrUnauthorized
	case code == -1121 || -1106 <= code && code <= -1100 || code == -1130:
		return exchange.ErrInvalid
	case status >= 500 || status == http.StatusForbidden || status == http.StatusRequestTimeout || code == -1000 || code == -1001 || code == -1008 || code == -1016:
		return exchange.ErrUnavailable // 403 is the firewall's
	}
	return nil
}

// refusal is what the answer to a subscription means.
func refusal(code int64, message string) *exchange.Error {
	e := &exchange.Error{Venue: Venue, Op: "subscribe", Code: strconv.FormatInt(code, 10), Message: message, Class: exchange.ErrInvalid}
	if code < 0 {
		e.Class = class(0, int(code))
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
