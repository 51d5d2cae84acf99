package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

var (
	outcomes = []error{exchange.ErrNotSent, exchange.ErrRejected, exchange.ErrOutcomeUnknown}
	classes  = []error{
		exchange.ErrRateLimited, exchange.ErrBanned, exchange.ErrInsufficientFunds, exchange.ErrUnauthorized, exchange.ErrNotFound,
		exchange.ErrConflict, exchange.ErrUnsupported, exchange.ErrClockSkew, exchange.ErrUnavailable, exchange.ErrInvalid,
	}
)

// Every outcome with every class: errors.Is finds those two, the cause, and nothing else.
func TestErrorIs(t *testing.T) {
	all := slices.Concat(outcomes, classes, []error{io.ErrUnexpectedEOF})
	for _, outcome := range append(outcomes, nil) {
		for _, class := range append(classes, nil) {
			for _, cause := range []error{nil, io.ErrUnexpectedEOF} {
				e := &exchange.Error{Venue: "okx", Op: "place", Outcome: outcome, Class: class, Err: cause}
				err := fmt.Errorf("leg 1: %w", e)
				for _, target := range all {
					want := target == outcome || target == class || target == cause
					if errors.Is(err, target) != want {
						t.Errorf("%v: errors.Is(%v) = %t", err, target, !want)
					}
				}
				var as *exchange.Error
				if !errors.As(err, &as) || as != e {
					t.Errorf("%v: errors.As found %v", err, as)
				}
				if outcome != nil && exchange.OutcomeOf(err) != outcome {
					t.Errorf("OutcomeOf(%v) = %v", err, exchange.OutcomeOf(err))
				}
			}
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	rejected := &exchange.Error{Venue: "okx", Op: "place", Outcome: exchange.ErrRejected, Class: exchange.ErrInsufficientFunds}
	notSent := &exchange.Error{Venue: "okx", Op: "place", Outcome: exchange.ErrNotSent}
	unknown := &exchange.Error{Venue: "okx", Op: "place", Outcome: exchange.ErrOutcomeUnknown}
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"nil", nil, nil},
		{"rejected", rejected, exchange.ErrRejected},
		{"not sent", notSent, exchange.ErrNotSent},
		{"unknown", unknown, exchange.ErrOutcomeUnknown},
		{"the bare sentinel", exchange.ErrNotSent, exchange.ErrNotSent},
		{"wrapped twice", fmt.Errorf("b: %w", fmt.Errorf("a: %w", rejected)), exchange.ErrRejected},
		{"a deadline", context.DeadlineExceeded, exchange.ErrOutcomeUnknown},
		{"a cancellation", context.Canceled, exchange.ErrOutcomeUnknown},
		{"a cancellation before sending", errors.Join(exchange.ErrNotSent, context.Canceled), exchange.ErrNotSent},
		{"a broken connection", io.ErrUnexpectedEOF, exchange.ErrOutcomeUnknown},
		{"a class alone", exchange.ErrInsufficientFunds, exchange.ErrOutcomeUnknown},
		{"a conflict alone", &exchange.TransitionError{}, exchange.ErrOutcomeUnknown},
		{"a read's error", &exchange.Error{Venue: "okx", Op: "snapshot", Class: exchange.ErrUnavailable}, exchange.ErrOutcomeUnknown},
		{"rejected and unknown", errors.Join(rejected, unknown), exchange.ErrOutcomeUnknown},
		{"unknown and not sent", errors.Join(unknown, notSent), exchange.ErrOutcomeUnknown},
		{"rejected and not sent", errors.Join(rejected, notSent), exchange.ErrOutcomeUnknown},
		{"all three", errors.Join(notSent, rejected, unknown), exchange.ErrOutcomeUnknown},
		{"rejected twice", errors.Join(rejected, rejected), exchange.ErrRejected},
		{"rejected, of an unknown cause", &exchange.Error{Outcome: exchange.ErrRejected, Err: io.EOF}, exchange.ErrRejected},
		{"rejected, caused by one that is unknown", &exchange.Error{Outcome: exchange.ErrRejected, Err: unknown}, exchange.ErrOutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exchange.OutcomeOf(tt.err); got != tt.want {
				t.Errorf("OutcomeOf(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	full := &exchange.Error{
		Venue: "binance", Op: "place", Outcome: exchange.ErrRejected, Class: exchange.ErrInsufficientFunds,
		Code: "-2010", Message: "Account has insufficient\nbalance", Err: io.ErrUnexpectedEOF,
	}
	const want = `binance place: rejected: insufficient funds: code -2010: "Account has insufficient\nbalance": unexpected EOF`
	if full.Error() != want {
		t.Errorf("Error() = %s\nwant      %s", full, want)
	}
	if bare := (&exchange.Error{Venue: "okx", Op: "snapshot"}).Error(); bare != "okx snapshot" {
		t.Errorf("Error() = %s", bare)
	}
	if n := len((&exchange.Error{}).Unwrap()); n != 0 {
		t.Errorf("an empty error wraps %d", n)
	}
	if strings.Contains(full.Error(), "\n") {
		t.Error("more than one line")
	}
}
