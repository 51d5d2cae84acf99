package order

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// AsyncTrader is one account at one venue as a [Driver] uses it: [exchange.Trader] without waiting. Each method returns at once and
// calls done exactly once, later, on the Driver's own thread, never before the method has returned. Errors answer whether it happened,
// as exchange.Trader's do.
type AsyncTrader interface {
	Venue() exchange.Venue
	Account() exchange.AccountID
	Place(r exchange.OrderRequest, done func(exchange.Order, error))
	Replace(ref exchange.OrderRef, c exchange.Change, done func(exchange.Order, error))
	Cancel(ref exchange.OrderRef, done func(exchange.Order, error))
	Lookup(ref exchange.OrderRef, done func(exchange.Order, error))
}

// Clock is the time of a [Driver]: the wall's or a simulation's. After calls f on the Driver's own thread, never before it has
// returned, also for d <= 0.
type Clock interface {
	Now() time.Time
	After(d time.Duration, f func())
}

// Quoter knows the current books; feed.Feed satisfies it. ReadBook copies the book of m into the caller's, levels included, and
// reports whether it knows the market; a book that is down or stale comes with Err. It does not block.
type Quoter interface {
	ReadBook(m exchange.Market, into *exchange.Book) bool
}

// Gate may refuse what adds exposure: a risk check of the program's own. It is asked once per group and must not block.
type Gate interface {
	Allow(exchange.Intent) error
}

// Booker keeps the books; pnl.Ledger satisfies it. Record is told each fill once, on the Driver's thread; an error stops the
// admission of new groups: trading on would be trading on wrong books.
type Booker interface {
	Record(exchange.Fill) error
}

// Journal is the memory that outlives the process. Append copies rec and does not wait for a disk; only the Driver's thread calls
// it. Sync returns when everything up to seq is durable; it is called from any goroutine, before the first byte of an order
// leaves. An error of either stops the admission of new groups; compensations are sent all the same.
type Journal interface {
	Append(rec []byte) (seq uint64, err error)
	Sync(seq uint64) error
}

// Account names one account at one venue.
type Account struct {
	Venue exchange.Venue
	ID    exchange.AccountID
}
