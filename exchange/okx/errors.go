package okx

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

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

// failed is an answer that says no. The venue sends HTTP 200 with a code other than "0" as readily as an HTTP error.
func failed(op string, status int, header http.Header, code, message string) error {
	code, _, _ = strings.Cut(code, "_") // the documentation has sub-codes: "51008_1000"
	e := &exchange.Error{Venue: Venue, Op: op, Class: classes[code], Code: code, Message: message}
	if e.Class == nil {
		e.Class = classOfStatus(status)
	}
	if s, err := strconv.Atoi(header.Get("Retry-After")); err == nil && s > 0 {
		e.RetryAfter = time.Duration(s) * time.Second
	}
	if status != http.StatusOK {
		e.Err = fmt.Errorf("HTTP status %d", status)
	}
	return e
}

func classOfStatus(status int) error {
	switch {
	case status == http.StatusTooManyRequests:
		return exchange.ErrRateLimited
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exchange.ErrUnauthorized
	case status >= 500:
		return exchange.ErrUnavailable
	}
	return nil
}

// refused is the venue's refusal of a subscription.
func refused(code, message string) error {
	return &exchange.Error{Venue: Venue, Op: "subscribe", Class: classes[code], Code: code, Message: message}
}

var errTooLarge = errors.New("answer too large")
