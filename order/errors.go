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
	// Reason is one word to count by:
	//
	//	invalid             the plan, or a leg by its instrument's rules
	//	unsupported         a kind of leg or of plan that this package does not send
	//	unequal_quantity    bought is not as much as sold
	//	unknown_market      no rules are known
	//	unknown_account     no venue was given for it
	//	not_tradable        the venue says so
	//	stream_down         the account's private stream is not up
	//	market_busy         an order of another group has not ended there
	//	book_down           no valid book
	//	stale_book          the book is older than MaxBookAge
	//	own_fill            the book does not show our own last fill there yet
	//	depth               the limit price can no longer get the quantity
	//	insufficient_funds  free balance less what other groups hold
	//	gate                the Gate refused
	//	too_many_groups     MaxGroups are open
	//	duplicate_group     a number came back
	//	booking_failed      the Booker failed once: nothing new is admitted
	//	journal_failed      the Journal did
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
