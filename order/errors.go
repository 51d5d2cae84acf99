package order

import (
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// ErrClosed is wrapped when the Coordinator does not run any more: with exchange.ErrNotSent where nothing was sent, without it
// where a group was still open when the drain ran out.
var ErrClosed = errors.New("order: coordinator closed")

// Refused is a plan that did not pass the pre-flight: nothing was sent. It wraps exchange.ErrNotSent, the class where there is one
// (exchange.ErrInsufficientFunds, ErrStale, ErrInvalid, ...) and the cause.
type Refused struct {
	// Reason is one word to count by: invalid, unsupported, unequal_quantity, unknown_market, unknown_account, not_tradable,
	// stream_down, market_busy, book_down, stale_book, own_fill, depth, insufficient_funds, gate, too_many_groups, duplicate_group,
	// booking_failed, journal_failed.
	Reason string
	Market exchange.Market // that it failed at; zero where it is no single one
	Class  error           // or nil
	Err    error           // the cause, or nil
}

// Error is one line with reason, market and cause.
func (r *Refused) Error() string {
	s := "order: refused: " + r.Reason
	if r.Market != (exchange.Market{}) {
		s += " at " + r.Market.String()
	}
	if r.Err != nil {
		s = fmt.Sprintf("%s: %v", s, r.Err)
	}
	return s
}

// Unwrap lists exchange.ErrNotSent, the class and the cause.
func (r *Refused) Unwrap() []error {
	errs := []error{exchange.ErrNotSent}
	for _, err := range []error{r.Class, r.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
