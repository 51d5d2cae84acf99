package okx

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// What the venue allows (docs-v5, 2026-08).
const (
	topicsPerFrame = 100              // one frame's args must stay below 64 KB; a topic takes about 60 bytes
	topicsPerConn  = 30               // the venue's advice for channels of 50 and 400 levels
	sendRate       = 2                // requests a second. The venue also counts 480 in an hour: see renewal
	heartbeat      = 15 * time.Second // the venue closes after 30 s without a message from us
)

// Limits paces all requests of one address. Exchanges that share the address (several accounts, say) share the Limits: public data is
// counted by address, the rest by account, and orders by market too. The venue tells nothing of what is left. It is safe for concurrent use.
type Limits struct {
	rest     *rest.Limits
	connects *rate.Limiter // 3 in 1 s; a bucket of burst b and rate r lets b + r*window pass
}

// NewLimits starts from the venue's published numbers.
func NewLimits() *Limits {
	return &Limits{rest: rest.NewLimits(rules()), connects: rate.NewLimiter(1, 2)}
}

// window is the venue's, of all but the dead-man switch.
const window = 2 * time.Second

// The dimensions. REST and WebSocket share those of orders.
const (
	byPlace       = "place"  // orders, by account and market
	byAmend       = "amend"  // "
	byCancel      = "cancel" // "
	byCancelMany  = "cancel many"
	byOrders      = "orders" // new and amended ones of swaps, by account: the lowest tier's, until the venue has told the account's
	byOrder       = "order"  // lookups, by account and market
	byPending     = "pending"
	byHistory     = "history"
	byFills       = "fills"
	byOldFills    = "old fills"
	byBalance     = "balance"
	byPositions   = "positions"
	byFee         = "fee"
	byConfig      = "config"
	byRate        = "account rate"
	byDeadMan     = "dead man"
	byTime        = "time" // by address, as those below
	byInstruments = "instruments"
	byBooks       = "books"
	byBooksFull   = "books full"
)

func rules() map[string]rest.Rule {
	r := map[string]rest.Rule{byDeadMan: {Limit: 1, Window: time.Second}, byRate: {Limit: 1, Window: time.Second}}
	for name, limit := range map[string]int{
		byPlace: 60, byAmend: 60, byCancel: 60, byCancelMany: 300, byOrders: 1000, byOrder: 60, byPending: 60, byHistory: 40, byFills: 60,
		byOldFills: 10, byBalance: 10, byPositions: 10, byFee: 5, byConfig: 5, byTime: 10, byInstruments: 20, byBooks: 40, byBooksFull: 10,
	} {
		r[name] = rest.Rule{Limit: limit, Window: window}
	}
	return r
}

// cost is one request that is counted by account.
func (x *Exchange) cost(name string) rest.Cost {
	return rest.Cost{Name: name, Scope: string(x.cfg.Account), N: 1}
}

// costOf is one that is counted by account and market.
func (x *Exchange) costOf(name string, d *details) rest.Cost {
	return rest.Cost{Name: name, Scope: string(x.cfg.Account) + " " + d.VenueSymbol, N: 1}
}

// orderCosts are those of a new or amended order.
func (x *Exchange) orderCosts(name string, d *details) []rest.Cost {
	if d.Market.Symbol.Kind == exchange.Spot { // exempt from the account's number
		return []rest.Cost{x.costOf(name, d)}
	}
	return []rest.Cost{x.costOf(name, d), x.cost(byOrders)}
}

// exceeded closes the dimensions of a refused request for a window: by which of them it was refused, only the code for the account's number
// tells.
func (l *Limits) exceeded(costs []rest.Cost, code string) time.Duration {
	for _, c := range costs {
		if (c.Name == byOrders) == (code == "50061") {
			l.rest.Block(c.Name, c.Scope, time.Now().Add(window))
		}
	}
	return window
}
