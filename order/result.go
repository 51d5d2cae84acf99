package order

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Outcome is how a group ended.
type Outcome uint8

const (
	Open      Outcome = iota // not ended: the Coordinator stopped before the venues told how
	Completed                // every side filled by the same quantity, without help
	Voided                   // nothing filled
	Unwound                  // a surplus was traded away: flat
	Exposed                  // a residual remains
)

var outcomeNames = [...]string{"open", "completed", "voided", "unwound", "exposed"}

// String is the outcome in lower case: "completed".
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Result is what became of a group. It is the caller's.
type Result struct {
	Group    string // the client ids of its orders begin with it
	Outcome  Outcome
	Partial  bool             // Completed with less than was asked for
	Legs     []Leg            // as in the plan
	Orders   int              // sent, compensations included
	Attempts int              // rounds of compensation
	Base     exchange.Asset   // what Residual counts
	Residual exchange.Decimal // bought less sold, over all orders; not zero only when Exposed or Open
	// Reason says why in one word of snake_case: a refusal's reason, or of an Exposed group "attempts_spent" or "below_minimum", or
	// "fills_missing" where a venue never told the fills of what it says has filled.
	Reason  string
	Started time.Time
	Ended   time.Time // zero when Open
}

// Leg is one leg of a Result: its own order, and the compensations in the same market and account.
type Leg struct {
	Market   exchange.Market
	Account  exchange.AccountID
	Side     exchange.Side
	Quantity exchange.Decimal  // asked for
	Filled   exchange.Decimal  // by the leg's own order
	Net      exchange.Decimal  // bought less sold here, compensations included
	Cash     exchange.Decimal  // quote received less paid here, compensations included, fees not
	Fees     []exchange.Amount // by asset, positive: paid
	Orders   int               // sent here
	Status   exchange.Status   // of the leg's own order
	Err      error             // how sending the leg's own order failed, or nil
}

// Late is a fill that a venue told of after the order's group had ended.
type Late struct {
	Group    string
	ClientID string
	Market   exchange.Market
	Account  exchange.AccountID
	Side     exchange.Side
	Quantity exchange.Decimal // what came late, in base units
}
