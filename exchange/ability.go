package exchange

import (
	"context"
	"time"
)

// What not every venue can do are interfaces of their own. A type that has the method may still refuse some markets, with
// ErrUnsupported: its Abilities tell which.

// CancelAller takes all of the account's working orders on one market off the book. As with Cancel, what crosses it on its way may still
// fill; the order stream tells what became of each. An error answers whether it happened, as those of [Trader] do.
type CancelAller interface {
	CancelAll(ctx context.Context, s Symbol) error
}

// DeadMan is a switch at the venue: unless it is called again within after, the venue cancels the working orders on s (at some venues, all
// of the account's). Zero switches it off. The venue's bounds on after are kept by refusing, with ErrInvalid, what it would refuse.
type DeadMan interface {
	CancelAllAfter(ctx context.Context, s Symbol, after time.Duration) error
}

// TimeTeller tells the venue's clock.
type TimeTeller interface {
	ServerTime(ctx context.Context) (time.Time, error)
}

// Ability is one line of what an adapter can do, for tables. What is false for a kind fails with ErrUnsupported.
type Ability struct {
	Name       string // "cancel all"
	Spot, Perp bool
	Note       string // what a user must know of it; may be empty
}
