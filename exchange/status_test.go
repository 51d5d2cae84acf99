package exchange_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

var statuses = []exchange.Status{
	exchange.StatusUnknown, exchange.StatusPending, exchange.StatusAccepted, exchange.StatusPartiallyFilled, exchange.StatusFilled,
	exchange.StatusCanceled, exchange.StatusReplaced, exchange.StatusRejected, exchange.StatusExpired,
}

// legal is the specification's list, written down from it and not from the code's table: what each status may become, itself apart.
// "Accepted" may be skipped, reports being free to overtake each other; "unknown" may follow whatever has not ended, and be followed
// by all that evidence can show.
const legal = `
unknown:          pending, accepted, partially filled, filled, canceled, replaced, rejected, expired
pending:          unknown, accepted, partially filled, filled, canceled, replaced, rejected, expired
accepted:         unknown, partially filled, filled, canceled, replaced, rejected, expired
partially filled: unknown, filled, canceled, replaced, expired
replaced:         unknown, accepted, partially filled, filled, canceled, rejected, expired
canceled:         filled
expired:          filled
filled:
rejected:
`

func legalPairs(t *testing.T) map[[2]string]bool {
	pairs := map[[2]string]bool{}
	lines := strings.Split(strings.TrimSpace(legal), "\n")
	if len(lines) != len(statuses) {
		t.Fatalf("%d lines for %d statuses", len(lines), len(statuses))
	}
	for _, line := range lines {
		from, list, _ := strings.Cut(line, ":")
		pairs[[2]string{from, from}] = true
		for to := range strings.SplitSeq(list, ",") {
			if to = strings.TrimSpace(to); to != "" {
				pairs[[2]string{from, to}] = true
			}
		}
	}
	return pairs
}

func TestTransitions(t *testing.T) {
	pairs := legalPairs(t)
	seen := 0
	for _, from := range statuses {
		for _, to := range statuses {
			got, err := from.To(to)
			if pairs[[2]string{from.String(), to.String()}] {
				seen++
				if err != nil || got != to {
					t.Errorf("%s to %s = %s, %v, want it legal", from, to, got, err)
				}
				continue
			}
			checkIllegal(t, from, to)
		}
	}
	if seen != len(pairs) {
		t.Errorf("%d of the %d legal pairs were met: the list names a status that does not exist", seen, len(pairs))
	}
}

func checkIllegal(t *testing.T, from, to exchange.Status) {
	t.Helper()
	got, err := from.To(to)
	if got != from {
		t.Errorf("%s to %s is illegal and moved to %s", from, to, got)
	}
	var te *exchange.TransitionError
	if !errors.As(err, &te) || te.From != from || te.To != to {
		t.Errorf("%s to %s: error %v, want a *TransitionError of both", from, to, err)
		return
	}
	if !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("%v does not wrap ErrConflict", err)
	}
	if s := err.Error(); !strings.Contains(s, "is "+from.String()+" ") || !strings.HasSuffix(s, "become "+to.String()) {
		t.Errorf("%q does not name both states", s)
	}
}

func TestTransitionsOutsideOfTheTable(t *testing.T) {
	for _, odd := range []exchange.Status{9, 15, 16, 64, 255} {
		for _, s := range statuses {
			checkIllegal(t, odd, s)
			checkIllegal(t, s, odd)
		}
		checkIllegal(t, odd, odd)
		if odd.Final() || odd.Working() {
			t.Errorf("%s is final or working", odd)
		}
	}
}

// The sentences of the specification, one by one.
func TestTransitionsAsSpecified(t *testing.T) {
	const (
		pending, accepted, partly, filled = exchange.StatusPending, exchange.StatusAccepted, exchange.StatusPartiallyFilled, exchange.StatusFilled
		canceled, replaced, rejected      = exchange.StatusCanceled, exchange.StatusReplaced, exchange.StatusRejected
		expired, unknown                  = exchange.StatusExpired, exchange.StatusUnknown
	)
	tests := []struct {
		name string
		path []exchange.Status
		ok   bool // whether the last step is legal
	}{
		{"cancel from pending", []exchange.Status{pending, canceled}, true},
		{"cancel from accepted", []exchange.Status{pending, accepted, canceled}, true},
		{"cancel from partially filled", []exchange.Status{accepted, partly, canceled}, true},
		{"cancel is irreversible", []exchange.Status{accepted, canceled, accepted}, false},
		{"a fill that crossed the cancel", []exchange.Status{accepted, canceled, filled}, true},
		{"a fill that crossed the expiry", []exchange.Status{accepted, expired, filled}, true},
		{"replace from pending", []exchange.Status{pending, replaced}, true},
		{"replace from accepted, and accepted again", []exchange.Status{accepted, replaced, accepted}, true},
		{"replace of the remainder, and partially filled again", []exchange.Status{partly, replaced, partly}, true},
		{"two replacements in a row", []exchange.Status{accepted, replaced, replaced, accepted}, true},
		{"no replacement after the end", []exchange.Status{accepted, canceled, replaced}, false},
		{"no replacement of a filled order", []exchange.Status{partly, filled, replaced}, false},
		{"a filled order cannot be canceled", []exchange.Status{accepted, filled, canceled}, false},
		{"a rejection after the gateway's acknowledgement", []exchange.Status{pending, accepted, rejected}, true},
		{"an end that reads as a rejection after a replacement", []exchange.Status{accepted, replaced, rejected}, true},
		{"no rejection after a fill", []exchange.Status{accepted, partly, rejected}, false},
		{"nothing follows a rejection", []exchange.Status{pending, rejected, accepted}, false},
		{"nor do fills go back", []exchange.Status{accepted, partly, accepted}, false},
		{"unknown is resolved by evidence", []exchange.Status{pending, unknown, rejected}, true},
		{"what has ended is not unknown again", []exchange.Status{accepted, filled, unknown}, false},
		{"repeated reports", []exchange.Status{accepted, accepted, partly, partly, filled, filled}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, last := tt.path[0], len(tt.path)-1
			for i, next := range tt.path[1:] {
				got, err := s.To(next)
				if ok := err == nil; ok != (tt.ok || i+1 < last) {
					t.Errorf("step %d, %s to %s: %v", i+1, s, next, err)
				}
				s = got
			}
		})
	}
}

func TestFinalAndWorking(t *testing.T) {
	final := map[string]bool{"filled": true, "canceled": true, "rejected": true, "expired": true}
	working := map[string]bool{"pending": true, "accepted": true, "partially filled": true, "replaced": true}
	for _, s := range statuses {
		if s.Final() != final[s.String()] || s.Working() != working[s.String()] {
			t.Errorf("%s: Final %t, Working %t", s, s.Final(), s.Working())
		}
		// A final order may only be filled after all; a working one can always end.
		for _, next := range statuses {
			if _, err := s.To(next); s.Final() && err == nil && next != s && next != exchange.StatusFilled {
				t.Errorf("the final %s may become %s", s, next)
			}
		}
		if _, err := s.To(exchange.StatusCanceled); s.Working() && err != nil {
			t.Errorf("the working %s cannot be canceled: %v", s, err)
		}
	}
	if exchange.StatusUnknown.Final() || exchange.StatusUnknown.Working() {
		t.Error("unknown is neither final nor working")
	}
}
