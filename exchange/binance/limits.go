package binance

import (
	"context"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// weight keeps the requests of public data within a share of what the venue allows one address: half of the published weight, so
// that rebuilding books leaves room for orders. It is safe for concurrent use.
type weight struct{ limiter *rate.Limiter }

// A limiter passes at most its burst plus a minute's refill in a minute: both together are half of what is allowed.
func spotWeight() weight    { return weight{rate.NewLimiter(2000.0/60, 1000)} } // of 6000 a minute
func futuresWeight() weight { return weight{rate.NewLimiter(900.0/60, 300)} }   // of 2400 a minute

// of is what lets a request of weight n pass.
func (w weight) of(n int) rest.Pacer { return weighted{w.limiter, n} }

type weighted struct {
	limiter *rate.Limiter
	n       int
}

// Wait makes it a rest.Pacer.
func (w weighted) Wait(ctx context.Context) error { return w.limiter.WaitN(ctx, w.n) }

// depthLimit is the smallest number of levels that the venue gives and that is not below depth, and what asking for it weighs.
func depthLimit(k exchange.Kind, depth int) (limit, weight int) {
	table := [][2]int{{100, 5}, {500, 25}, {1000, 50}, {5000, 250}} // spot takes any number
	if k == exchange.Perp {
		table = [][2]int{{5, 2}, {10, 2}, {20, 2}, {50, 2}, {100, 5}, {500, 10}, {1000, 20}}
	}
	for _, row := range table {
		if depth <= row[0] {
			return row[0], row[1]
		}
	}
	last := table[len(table)-1]
	return last[0], last[1]
}

// rateLimit is one row of the venue's limits: of exchangeInfo, and of answers of the WebSocket API, which have the count too.
type rateLimit struct {
	Type     string `json:"rateLimitType"` // REQUEST_WEIGHT, ORDERS, RAW_REQUESTS
	Interval string `json:"interval"`      // SECOND, MINUTE, DAY
	Num      int    `json:"intervalNum"`
	Limit    int    `json:"limit"`
	Count    *int   `json:"count"`
}
