// Package private follows an account's orders: what was pushed, answered and read becomes the events of exchange.Trader's StreamOrders,
// each fill once.
//
// A venue's adapter makes one [Tracker] and one [Stream] an account. It tells the Tracker what it sends (Sending) and what came back
// (Answered, Forget), describes each of its private sockets as a [Link], and calls [Stream.Run] in StreamOrders. The Stream connects, reads by
// REST what was missed, and emits.
package private

import (
	"context"
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// ErrRenew is wrapped by the error of a [Conn] that ended as planned: a rotation, a venue that shuts a server down. The next connection is
// made at once.
var ErrRenew = errors.New("renewal of the connection")

// Update is one thing that a venue told; any of the fields may be set. Whoever hands it over does not touch it again.
type Update struct {
	Order     *exchange.Order // Fills are those that this message carried
	Fill      *exchange.Fill  // a fill told without its order
	Balances  []exchange.Balance
	Positions []exchange.Position
	At        time.Time // by the venue's clock; of Balances and Positions an older one than was told is dropped
	// Replaced says that Order ended for a successor, which has another id at the venue. Where that is not seen the order is looked up:
	// its placement may have failed.
	Replaced bool
}

// Conn is one connection of a [Link]. A venue's embeds a *ws.Conn and has a Run of its own, which gives ws.Conn.Run what it does with a
// message:
//
//	func (c *conn) Run(ctx context.Context) error { return c.Conn.Run(ctx, c.message) }
type Conn interface {
	// Run reads until the connection ends, and says why. It hands each message's updates to push, in order, and ends with push's error
	// where that has one. It must return soon after ctx ends, and leave no goroutine.
	Run(ctx context.Context) error
	// Subscribe logs in and subscribes, and returns once the venue has confirmed it all. It is called once, while Run runs.
	Subscribe(ctx context.Context) error
	// Alive is when the venue was last heard: what happened before was pushed.
	Alive() time.Time
	// Close makes Run end with cause. It does not wait.
	Close(cause error)
}

// Link is one private socket of a venue and how what it missed is read. What is nil is left out. The functions must end with their context, and
// in their own good time without.
type Link struct {
	Name  string // for errors: "spot"
	Kinds []exchange.Kind

	// Connect dials. push may be called before it returns; it never blocks for long, and its error ends the connection. An error that wraps
	// ErrUnauthorized, ErrInvalid or ErrUnsupported, but not ErrClockSkew, ends the stream, from Subscribe too.
	Connect func(ctx context.Context, push func(Update) error) (Conn, error)
	// Renew asks for a new connection in place of the present one, without an interruption.
	Renew <-chan struct{}
	// MaxAge is when that is done anyway; 0: after 23 hours, negative: never.
	MaxAge time.Duration

	// Open lists all working orders of the link's kinds.
	Open func(ctx context.Context) ([]exchange.Order, error)
	// Lookup is Trader's, with all fills of the order.
	Lookup func(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error)
	// Fills is AccountReader's.
	Fills func(ctx context.Context, s exchange.Symbol, since time.Time) ([]exchange.Fill, error)
	// AllFills takes the place of Fills where a venue can list them for all symbols of the link: then orders placed elsewhere on symbols
	// that were never heard of are not missed.
	AllFills func(ctx context.Context, since time.Time) ([]exchange.Fill, error)
	// Offset is how far the clock that fills are asked for by is ahead of ours; nil: not at all.
	Offset func() time.Duration
	// Balances and Positions list all that the link tells of, zero ones left out: what has changed since they were told is told after each
	// connect, what is no longer there as zero.
	Balances  func(ctx context.Context) ([]exchange.Balance, error)
	Positions func(ctx context.Context) ([]exchange.Position, error)
}
