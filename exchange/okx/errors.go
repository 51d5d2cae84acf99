package okx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// classes sorts the venue's codes of public requests by what a caller can do about them.
var classes = map[string]error{
	"50001": exchange.ErrUnavailable, // service unavailable
	"50004": exchange.ErrUnavailable, // endpoint time-out
	"50013": exchange.ErrUnavailable, // systems busy
	"50026": exchange.ErrUnavailable, // system error
	"50011": exchange.ErrRateLimited,
	"50040": exchange.ErrRateLimited,
	"50061": exchange.ErrRateLimited,
	"60014": exchange.ErrRateLimited, // WebSocket
	"63999": exchange.ErrUnavailable, // WebSocket: internal error
	"64007": exchange.ErrUnavailable, // WebSocket: internal error
	"50014": exchange.ErrInvalid,
	"50015": exchange.ErrInvalid,
	"50016": exchange.ErrInvalid,
	"51000": exchange.ErrInvalid,
	"51001": exchange.ErrInvalid, // no such instrument
	"60012": exchange.ErrInvalid, // WebSocket: bad request
	"60013": exchange.ErrInvalid,
	"60018": exchange.ErrInvalid,      // WebSocket: no such channel or instrument
	"60011": exchange.ErrUnauthorized, // WebSocket: not logged in
	"60029": exchange.ErrUnauthorized, // tier too low, as said until 2026
	"60030": exchange.ErrUnauthorized,
	"64003": exchange.ErrUnauthorized, // tier too low for the channel
	"64004": exchange.ErrConflict,     // another depth channel of this instrument on the connection
}

// payload is what an answer carries, or what an answer that is no success means. The venue says no in an HTTP 200 as readily as in an
// HTTP error.
func payload(op string, status int, body []byte) ([]byte, *exchange.Error) {
	var told envelope
	err := json.Unmarshal(body, &told)
	if status == http.StatusOK && err == nil && told.Code == "0" {
		return told.Data, nil
	}
	e := &exchange.Error{Venue: Venue, Op: op, Code: "HTTP " + strconv.Itoa(status)}
	if err == nil && told.Code != "" {
		code, _, _ := strings.Cut(told.Code, "_") // the documentation has sub-codes: "51008_1000"
		e.Code, e.Message = code, told.Message
	} else if status == http.StatusOK {
		e.Err = fmt.Errorf("an answer without code: %w", exchange.ErrFrame)
	}
	e.Class = class(status, e.Code)
	return nil, e
}

// class says why, by the venue's code, or else by the HTTP status.
func class(status int, code string) error {
	c := classes[code]
	switch {
	case c != nil:
		return c
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exchange.ErrUnauthorized
	case status >= 500, status == http.StatusRequestTimeout:
		return exchange.ErrUnavailable
	}
	return nil
}

// refused is the venue's refusal of a subscription.
func refused(code, message string) error {
	return &exchange.Error{Venue: Venue, Op: "subscribe", Class: classes[code], Code: code, Message: message}
}
