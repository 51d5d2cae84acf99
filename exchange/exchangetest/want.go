package exchangetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const second = time.Second

// wantRead wants a read to fail for a reason.
func (s *scene) wantRead(op string, err, class error) {
	s.Helper()
	if !errors.Is(err, class) {
		s.Errorf("%s: %v, want %v", op, err, class)
	}
}

// wantRefused wants a write to have failed with certainty, before or at the venue, for a reason; nil: any.
func (s *scene) wantRefused(op string, err, class error) {
	s.Helper()
	switch out := exchange.OutcomeOf(err); {
	case out == nil:
		s.Errorf("%s: no error, want a refusal for %v", op, class)
	case errors.Is(out, exchange.ErrOutcomeUnknown):
		s.Errorf("%s: %v, want a certain refusal", op, err)
	case class != nil && !errors.Is(err, class):
		s.Errorf("%s: %v, want %v", op, err, class)
	}
}

// wantUnknown wants a write whose outcome is not known.
func (s *scene) wantUnknown(op string, err error) {
	s.Helper()
	if err == nil || !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
		s.Errorf("%s: %v, want outcome unknown", op, err)
	}
}

// brief is a book in a line.
func brief(b *exchange.Book) string {
	if b.Err != nil {
		return fmt.Sprintf("invalid (%v)", b.Err)
	}
	text := fmt.Sprintf("%d bids, %d asks", len(b.Bids), len(b.Asks))
	for _, side := range []exchange.Side{exchange.Sell, exchange.Buy} {
		if l, ok := b.Best(side); ok {
			text += fmt.Sprintf(", %s@%s", b.Size(l), b.Price(l))
		}
	}
	return text
}
