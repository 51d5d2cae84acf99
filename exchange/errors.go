package exchange

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Did it happen? Every error of a call that changes something (Place, Replace, Cancel, CancelAll, CancelAllAfter) wraps exactly one of
// these three, see [OutcomeOf]. Errors of reads wrap none, Lookup's included: a question that failed says nothing of what it was about.
var (
	// ErrNotSent: nothing left this process; trying again is safe.
	ErrNotSent = errors.New("not sent")
	// ErrRejected: the venue refused with certainty; nothing happened there.
	ErrRejected = errors.New("rejected")
	// ErrOutcomeUnknown: it may or may not have happened. Never send again; resolve it with [Trader.Lookup].
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// Why? An error wraps at most one class.
var (
	ErrRateLimited       = errors.New("rate limited")
	ErrBanned            = errors.New("banned")
	ErrInsufficientFunds = errors.New("insufficient funds")
	ErrUnauthorized      = errors.New("unauthorized")
	ErrNotFound          = errors.New("not found")
	ErrConflict          = errors.New("conflict") // a stale version, a duplicate id, a state that does not allow the change
	ErrUnsupported       = errors.New("unsupported")
	ErrClockSkew         = errors.New("clock skew")
	ErrUnavailable       = errors.New("unavailable")
	ErrInvalid           = errors.New("invalid request") // precision, minimum, unknown symbol: it can never succeed as it is
)

// What can be wrong with a [Book]: its Err wraps one of these.
var (
	ErrGap     = errors.New("gap")           // updates are missing
	ErrCrossed = errors.New("crossed book")  // best bid at or above best ask
	ErrScale   = errors.New("off the scale") // a number that 64 bits do not hold exactly
	ErrFrame   = errors.New("bad frame")     // not what the venue documents: damaged, negative, not a number
	ErrDown    = errors.New("disconnected")  // no connection, or not yet a first snapshot
	ErrStale   = errors.New("stale")         // connected, but silent for too long
)

// Error answers two questions about a failed call: did it happen (Outcome), and why (Class). Test for either with errors.Is; the
// details are for people and logs. It never holds a key, a signature or a secret.
type Error struct {
	Venue      Venue
	Op         string        // "place", "cancel", "lookup", "snapshot", ...
	Outcome    error         // ErrNotSent, ErrRejected or ErrOutcomeUnknown; nil for reads, which have no outcome
	Class      error         // one of the classes, or nil
	Code       string        // the venue's own code
	Message    string        // the venue's own words
	RetryAfter time.Duration // when the venue told one
	Err        error         // the cause
}

// Error is one line: venue, operation, outcome, class, the venue's code and words, the cause.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Venue, e.Op)
	for _, x := range []error{e.Outcome, e.Class} {
		if x != nil {
			fmt.Fprintf(&b, ": %v", x)
		}
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": code %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap lists outcome, class and cause: one error can be rejected and for lack of funds.
func (e *Error) Unwrap() []error {
	r := make([]error, 0, 3)
	for _, x := range []error{e.Outcome, e.Class, e.Err} {
		if x != nil {
			r = append(r, x)
		}
	}
	return r
}

// OutcomeOf is the outcome that err stands for: nil for nil, ErrNotSent or ErrRejected where err says so without contradiction,
// and ErrOutcomeUnknown for everything else: what is not known to have failed may have happened.
func OutcomeOf(err error) error {
	rejected, notSent := errors.Is(err, ErrRejected), errors.Is(err, ErrNotSent)
	switch {
	case err == nil:
		return nil
	case rejected == notSent || errors.Is(err, ErrOutcomeUnknown):
		return ErrOutcomeUnknown
	case rejected:
		return ErrRejected
	}
	return ErrNotSent
}
