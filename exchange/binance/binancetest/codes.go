package binancetest

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// refusal is the venue's no: a status, a code and words.
type refusal struct {
	status int
	code   int
	msg    string
	data   any
	retry  time.Duration // Retry-After; 0: none
	until  time.Time     // the same, as the WebSocket API tells it
}

// refuse is a 400.
func refuse(code int, format string, args ...any) *refusal {
	msg := format
	if len(args) > 0 {
		msg = fmt.Sprintf(format, args...)
	}
	return &refusal{status: http.StatusBadRequest, code: code, msg: msg}
}

func (r *refusal) at(status int) *refusal { r.status = status; return r }

// errorBody is a refusal as REST tells it, and as it stands in a cancelReplace's halves.
type errorBody struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
	Data any    `json:"data,omitempty"`
}

func (r *refusal) body() errorBody { return errorBody{r.code, r.msg, r.data} }

func filter(name string) *refusal { return refuse(-1013, "Filter failure: %s", name) }

func unknownSymbol() *refusal { return refuse(-1121, "Invalid symbol.") }
func unknownOrder() *refusal  { return refuse(-2013, "Order does not exist.") }
func unknownCancel() *refusal { return refuse(-2011, "Unknown order sent.") }
func unknownInternal() *refusal {
	return refuse(-1000, "An unknown error occurred while processing the request.")
}

func overloaded(k exchange.Kind) *refusal {
	if k == exchange.Perp {
		return refuse(-1008, "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.").
			at(http.StatusServiceUnavailable)
	}
	return refuse(-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.").at(http.StatusServiceUnavailable)
}

// declined is what the venue says where the engine says no. The engine's own code tells why.
func declined(k exchange.Kind, err error) *refusal {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return unknownInternal()
	}
	spot := k == exchange.Spot
	switch e.Code {
	case "market":
		return unknownSymbol()
	case "account":
		return forbidden()
	case "duplicate":
		return duplicate(k)
	case "post_only":
		if spot {
			return refuse(-2010, "Order would immediately match and take.")
		}
		return refuse(-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected. "+
			"The order will not be recorded in the order history")
	case "reduce_only":
		return refuse(-2022, "ReduceOnly Order is rejected.")
	case "funds":
		if spot {
			return refuse(-2010, "Account has insufficient balance for requested action.")
		}
		return refuse(-2019, "Margin is insufficient.")
	case "book":
		return closed(k)
	case "unknown", "ended":
		return unknownCancel()
	case "unchanged":
		return refuse(-5027, "No need to modify the order.")
	case "rules", "size":
		if spot {
			return filter("LOT_SIZE")
		}
		return refuse(-4005, "Quantity greater than max quantity.")
	}
	return unknownInternal()
}

// closed is of a market without a book.
func closed(k exchange.Kind) *refusal {
	if k == exchange.Spot {
		return refuse(-2010, "Market is closed.")
	}
	return refuse(-4140, "Invalid symbol status for opening position.")
}

// crowded is of an account with maxOrders on a symbol.
func crowded(k exchange.Kind) *refusal {
	if k == exchange.Spot {
		return filter("MAX_NUM_ORDERS")
	}
	return refuse(-2025, "Reach max open order limit.")
}

func duplicate(k exchange.Kind) *refusal {
	if k == exchange.Spot {
		return refuse(-2010, "Duplicate order sent.")
	}
	return refuse(-4116, "ClientOrderId is duplicated.")
}

// codeOf is the engine's own code of its no.
func codeOf(err error) string {
	var e *exchange.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
