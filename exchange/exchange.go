// Package exchange is the vocabulary of bothlegs and its ports: what a venue is to the rest of the library, in terms that no venue
// owns. It does no I/O and starts no goroutine.
//
// Numbers come in two forms. At the edges (orders, fills, balances, fees) they are [Decimal], exact at any size. In order books they
// are integers of the book's [Scale], exact too, and fast enough to be looked at on every tick. Floating point appears
// nowhere.
//
// Adapters live in the packages below this one: exchange/binance, exchange/okx and exchange/bybit speak to real venues,
// exchange/sim is a venue in memory.
package exchange

import (
	"context"
	"time"
)

// MarketData is public data: it needs no key. Implementations are safe for concurrent use.
type MarketData interface {
	// Instruments lists the markets with their rules, whether tradable or not.
	Instruments(ctx context.Context) ([]Instrument, error)

	// Snapshot fetches one book over REST, with at least depth levels a side where the venue has them. The book is the caller's.
	Snapshot(ctx context.Context, s Symbol, depth int) (*Book, error)

	// StreamBooks follows the books of symbols until ctx ends, reconnecting by itself, and calls emit after every change that
	// leaves a book in a new state, in the venue's order for each symbol. A book whose continuity is lost is emitted once with Err
	// and without levels before anything else can be read of it, and again when it is whole. The Book is emit's during the
	// call only; emit must not block, and it may be called from several goroutines, though never at once for one symbol.
	// StreamBooks returns ctx's error, or earlier one that no reconnect can cure (an unknown symbol, a refused subscription).
	StreamBooks(ctx context.Context, symbols []Symbol, emit func(*Book)) error
}

// Trader sends orders. Implementations are safe for concurrent use. Each error of Place, Replace and Cancel answers whether it happened (see
// [OutcomeOf]); a context that ends after something was sent gives ErrOutcomeUnknown. No method sends again what may have happened: at
// most what the venue has certainly refused, for its rate, or a cancel because it was busy.
type Trader interface {
	// Place sends one order. An answer may be an acknowledgement only: a status that is not final has its sequel on
	// StreamOrders and in Lookup. An error comes with the request in the Order, so that its Ref points at what may have happened. Tick, lot and
	// bounds are the venue's to check, or the caller's before: see Instrument.Check.
	Place(ctx context.Context, req OrderRequest) (Order, error)

	// Replace changes price or total quantity of a working order. The answer says what that did to the order's id (Former) and to its
	// place in the queue (Requeued).
	Replace(ctx context.Context, ref OrderRef, change Change) (Order, error)

	// Cancel takes a working order off the book. An order that has ended already is refused with ErrRejected and, where the venue
	// does not know it, ErrNotFound.
	Cancel(ctx context.Context, ref OrderRef) (Order, error)

	// Lookup asks what became of an order, with its fills: how unknown outcomes are resolved. ErrNotFound is evidence of absence
	// only after the order's Deadline and the venue's visibility delay: no venue of this library publishes that delay; two seconds are
	// what package order waits by default. Any other error says nothing of the order: ask again.
	Lookup(ctx context.Context, ref OrderRef) (Order, error)

	// StreamOrders follows the account's orders until ctx ends. StreamUp comes first; StreamDown and StreamUp surround each
	// reconnect, and what happened between is delivered before that StreamUp. No event that the venue sends is lost or doubled. emit is called
	// from one goroutine; it may block for a while, never for ever.
	StreamOrders(ctx context.Context, emit func(Event)) error
}

// AccountReader reads an account's state from the venue, which is the truth. Implementations are safe for concurrent use.
type AccountReader interface {
	// Balances lists the assets that the account holds, zero ones left out.
	Balances(ctx context.Context) ([]Balance, error)
	// Positions lists the open perpetual positions.
	Positions(ctx context.Context) ([]Position, error)
	// Fees are the rates that the account pays on s now.
	Fees(ctx context.Context, s Symbol) (FeeRates, error)
	// OpenOrders lists the working orders on s.
	OpenOrders(ctx context.Context, s Symbol) ([]Order, error)
	// Fills lists the executions on s since then, oldest first, all pages.
	Fills(ctx context.Context, s Symbol, since time.Time) ([]Fill, error)
}

// Exchange is one account at one venue: all of it. Concrete types add Close() error where they hold connections.
type Exchange interface {
	Venue() Venue
	Account() AccountID
	MarketData
	Trader
	AccountReader
}
