package bybittest

import (
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue's codes (docs v5 error). Spot and linear orders have their own: 170xxx and 110xxx.
const (
	codeTimeout   = 10000
	codeParams    = 10001
	codeTime      = 10002
	codeKey       = 10003
	codeSign      = 10004
	codeRights    = 10005
	codeVisits    = 10006
	codeLogin     = 10007
	codeServer    = 10016
	codePath      = 10017
	codeAddress   = 10018
	codeIPs       = 10403
	codeOp        = 10404
	codeSystem    = 429
	codeRepeated  = 20001 // a second auth
	codeRequestID = 20006

	codeRevamp = 110071 // "the account is being upgraded": a refusal that passes
)

// pair is a thing that spot and linear tell by codes of their own.
type pair struct {
	linear, spot         int
	linearText, spotText string
}

func (p pair) of(k exchange.Kind) *refusal {
	if k == exchange.Spot {
		return &refusal{p.spot, p.spotText}
	}
	return &refusal{p.linear, p.linearText}
}

func pairs() struct{ unknown, untimely, duplicate, funds, closed, symbol, side, orderType, tif, tooMany, filled pair } {
	return struct{ unknown, untimely, duplicate, funds, closed, symbol, side, orderType, tif, tooMany, filled pair }{
		unknown:   pair{110001, 170213, "order not exists or too late to cancel", "Order does not exist."},
		untimely:  pair{110001, 170213, "order not exists or too late to replace", "Order does not exist."},
		duplicate: pair{110072, 170141, "OrderLinkedID is duplicate", "Duplicate clientOrderId."},
		funds:     pair{110007, 170131, "ab not enough for new order", "Insufficient balance."},
		closed:    pair{110074, 170151, "This contract is not live", "This trading pair is not open yet."},
		symbol:    pair{codeParams, 170121, "params error: symbol invalid", "Invalid symbol."},
		side:      pair{codeParams, 170117, "Side invalid", "Invalid side."},
		orderType: pair{codeParams, 170116, "OrderType invalid", "Invalid orderType."},
		tif:       pair{codeParams, 170115, "TimeInForce invalid", "Invalid timeInForce."},
		tooMany:   pair{110020, 170810, "You can't have more than 500 active orders.", "Cannot exceed maximum of 500 active orders."},
		filled:    pair{110064, 170313, "The quantity cannot be less than what has filled.", "The quantity is less than what has filled."},
	}
}

// refusal is an answer that is no success.
type refusal struct {
	code int
	text string
}

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// refusalOf is what the venue says where the engine declined an order; nil for no error.
func refusalOf(k exchange.Kind, err error) *refusal {
	var e *exchange.Error
	p := pairs()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exchange.ErrNotFound):
		return p.unknown.of(k)
	case errors.Is(err, exchange.ErrConflict):
		return p.duplicate.of(k)
	case errors.Is(err, exchange.ErrInsufficientFunds):
		return p.funds.of(k)
	case errors.Is(err, exchange.ErrUnavailable):
		return p.closed.of(k)
	case errors.As(err, &e) && e.Code == "reduce_only":
		return refuse(110017, "current position is zero, cannot fix reduce-only order qty")
	}
	return refuse(codeParams, "params error: the order is not accepted") // the venue does not say more
}
