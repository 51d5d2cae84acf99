package exchangetest_test

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/bothlegs/bothlegs/exchange"
)

// faultDefects are those of writes whose answer is lost, of refusals that pass by, and of races.
func faultDefects() []defect {
	var lost, refused []string
	for _, kind := range []string{"lost-ack", "reset-after", "half-answer", "garbage", "html", "empty", "unknown-503", "server-error"} {
		for _, op := range []string{"place", "replace", "cancel"} {
			lost = append(lost, "spot/"+op+"-"+kind)
		}
	}
	for _, kind := range []string{"refused", "rate-limited", "banned", "overloaded-503", "failed-503"} {
		refused = append(refused, "spot/place-"+kind)
	}
	unknown := func(err error) bool {
		return err != nil && errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown)
	}
	outcome := func(to error) func(*broken) {
		return func(b *broken) {
			b.answer = func(op string, _ *exchange.Order, err error) error {
				var e *exchange.Error
				if op == "lookup" || !errors.As(err, &e) {
					return err
				}
				told := *e
				told.Outcome = to
				return &told
			}
		}
	}
	r := []defect{
		{name: "an unknown outcome that is sent again", want: "requests to", spoil: func(b *broken) {
			b.again = func(_ string, err error) bool { return unknown(err) }
		}},
		{name: "a refusal for an unknown outcome", want: "want outcome unknown", spoil: outcome(exchange.ErrRejected)},
	}
	for i := range r {
		r[i].cases = join(append(lost, "spot/place-slow"))
	}
	var traps []string
	for _, kind := range []string{"gap", "crossed", "resync", "stale", "snapshot-fails", "books-twice", "books-swapped", "books-corrupt", "books-cut", "books-slow-reader",
		"deadline-late", "place-reset", "lookup-fails", "fill-before-ack", "fill-after-cancel", "reject-after-ack", "place-slow", "missed-orders",
		"missed-fills-disconnect", "missed-fills-cut", "missed-fills-stall", "missed-fills-corrupt", "missed-fills-slow-reader", "doubled-events", "context-after"} {
		traps = append(traps, "spot/"+kind)
	}
	return append(r,
		defect{"a fault that does not happen", join(slices.Concat(traps, lost, refused)), "have not happened", func(b *broken) { b.deaf = true }},
		defect{"a key that may trade", "spot/read-only-key perp/read-only-key", "no error, want a refusal", func(b *broken) { b.locked = false }},
		defect{"a refusal that is sent again", join(slices.Delete(slices.Clone(refused), 1, 2)), "was sent 2 times", func(b *broken) {
			b.again = func(op string, err error) bool { return op == "place" && err != nil }
		}},
		defect{"a refusal that is not certain", join(refused), "want a certain refusal", outcome(exchange.ErrOutcomeUnknown)},
		defect{"a refusal for another reason", join(refused[1:]), "want ", func(b *broken) { b.answer = failing("place", class(exchange.ErrClockSkew)) }},
		defect{"a refusal for a context that ended", "spot/context-after", "want outcome unknown", outcome(exchange.ErrRejected)},
		defect{"a reset that is a refusal", "spot/place-reset", "want outcome unknown or not sent", outcome(exchange.ErrRejected)},
		defect{"an order that came although the connection was reset", "spot/place-reset", "that did not arrive", func(b *broken) {
			b.again = func(op string, err error) bool { return op == "place" && err != nil }
		}},
		defect{"absence for a lookup that failed", "spot/lookup-fails", "lookup that meets", func(b *broken) {
			b.answer = failing("lookup", class(exchange.ErrNotFound))
		}},
		defect{"an end for a lookup that failed", "spot/lookup-fails", "lookup that meets", func(b *broken) {
			b.answer = func(op string, o *exchange.Order, err error) error {
				if op == "lookup" && err != nil {
					o.Status = exchange.StatusCanceled
					return nil //nolint:nilerr // that is the defect
				}
				return err
			}
		}},
		defect{"an answer that knows less than the stream", "spot/fill-before-ack", "place:", func(b *broken) {
			b.answer = on("place", func(o *exchange.Order) { o.Status = exchange.StatusExpired })
		}},
		defect{"fills that wait for the answer", "spot/fill-before-ack", "the stream told of the fill", func(b *broken) {
			b.event = drop(func(ev exchange.Event) bool { return len(ev.Order.Fills) > 0 })
		}},
		defect{"a cancellation that hides a fill", "spot/fill-after-cancel perp/fill-after-cancel", "after a fill that crossed the cancellation", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) {
				if o.Status.Final() {
					o.Status, o.Filled, o.Fills, o.Fees = exchange.StatusCanceled, exchange.Decimal{}, nil, nil
				}
			})
		}},
		defect{"an acknowledgement that stands", "spot/reject-after-ack perp/reject-after-ack", "is not ended", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) {
				if o.Status == exchange.StatusRejected {
					o.Status = exchange.StatusAccepted
				}
			})
		}},
		defect{"calls that get in each other's way", "spot/concurrency", "place:", func(b *broken) {
			var n atomic.Int64
			b.answer = func(op string, _ *exchange.Order, err error) error {
				if op == "place" && n.Add(1) == 7 {
					return &exchange.Error{Venue: "x", Op: "place", Outcome: exchange.ErrOutcomeUnknown}
				}
				return err
			}
		}},
	)
}

func join(names []string) (s string) {
	for _, n := range names {
		s += n + " "
	}
	return s
}
