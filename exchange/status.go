package exchange

import "fmt"

// Status is where an order stands.
type Status uint8

const (
	StatusUnknown         Status = iota // it may exist or not: only the venue's word ends this
	StatusPending                       // sent; not acknowledged, or by the venue's gateway only
	StatusAccepted                      // on the book, or about to be
	StatusPartiallyFilled               // on the book, some of it filled
	StatusFilled                        // all of it filled
	StatusCanceled                      // taken off the book on request; what had filled stays filled
	StatusReplaced                      // an event, not an end: accepted or partially filled again under a new spec
	StatusRejected                      // never was on the book
	StatusExpired                       // taken off by the venue: IOC remainder, FOK, deadline, self-trade
)

var statusNames = [...]string{"unknown", "pending", "accepted", "partially filled", "filled", "canceled", "replaced", "rejected", "expired"}

// String is the status in words.
func (s Status) String() string { return name(statusNames[:], int(s), "status") }

// Final reports whether the venue will do nothing more with the order of its own accord. Fills that happened before may still be
// reported after it.
func (s Status) Final() bool {
	switch s {
	case StatusFilled, StatusCanceled, StatusRejected, StatusExpired:
		return true
	}
	return false
}

// Working reports whether the order may be on the book: what cancel and replace apply to.
func (s Status) Working() bool {
	switch s {
	case StatusPending, StatusAccepted, StatusPartiallyFilled, StatusReplaced:
		return true
	}
	return false
}

// transitions is the one table of legal changes: transitions[from] holds the bit of each status that may follow. A status always
// may follow itself (news of fills, repeated reports).
//
// Fills outrank cancellation: a fill that crossed a cancel or an expiry on the way is accepted, for it happened. Reports of different
// streams overtake each other, so Accepted may be skipped; what ended may not be reopened.
var transitions = [...]uint16{
	StatusUnknown: bit(StatusPending, StatusAccepted, StatusPartiallyFilled, StatusFilled, StatusCanceled, StatusReplaced, StatusRejected, StatusExpired),
	StatusPending: bit(StatusUnknown, StatusAccepted, StatusPartiallyFilled, StatusFilled, StatusCanceled, StatusReplaced, StatusRejected, StatusExpired),
	// Rejected after acknowledgement happens where an acknowledgement is the gateway's only (OKX, Bybit).
	StatusAccepted:        bit(StatusUnknown, StatusPartiallyFilled, StatusFilled, StatusCanceled, StatusReplaced, StatusRejected, StatusExpired),
	StatusPartiallyFilled: bit(StatusUnknown, StatusFilled, StatusCanceled, StatusReplaced, StatusExpired),
	// Rejected after Replaced is not what a venue means, but what its words may read as where they do not tell an order that would have taken
	// when it came from one that was amended so as to take (OKX): an end that were ignored would leave the order working for ever.
	StatusReplaced: bit(StatusUnknown, StatusAccepted, StatusPartiallyFilled, StatusFilled, StatusCanceled, StatusRejected, StatusExpired),
	StatusCanceled: bit(StatusFilled),
	StatusExpired:  bit(StatusFilled),
	StatusFilled:   0,
	StatusRejected: 0,
}

func bit(s ...Status) (b uint16) {
	for _, x := range s {
		b |= 1 << x
	}
	return b
}

// TransitionError is a change of status that is not in the table. It wraps ErrConflict.
type TransitionError struct{ From, To Status }

// Error names both states.
func (e *TransitionError) Error() string {
	return fmt.Sprintf("exchange: an order that is %s cannot become %s", e.From, e.To)
}

// Unwrap is ErrConflict.
func (e *TransitionError) Unwrap() error { return ErrConflict }

// To is the status after a report of next: next itself, or s and a *TransitionError where the table does not have the pair.
func (s Status) To(next Status) (Status, error) {
	if int(s) >= len(transitions) || int(next) >= len(transitions) || s != next && transitions[s]&(1<<next) == 0 {
		return s, &TransitionError{From: s, To: next}
	}
	return next, nil
}
