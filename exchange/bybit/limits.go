package bybit

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
)

// What the venue allows (docs v5, 2026-07). A token bucket of burst b and rate r lets b + r*window pass in a window, so both stay below the
// published number together.
const (
	spotTopicsPerFrame   = 10  // spot refuses longer requests
	linearTopicsPerFrame = 100 // no number published
	topicsPerConn        = 200 // all args of a connection must stay below 21,000 characters; a topic takes about 30
	sendRate             = 5   // requests a second; no number published
	heartbeat            = 20 * time.Second
)

func topicsPerFrame(k exchange.Kind) int {
	if k == exchange.Spot {
		return spotTopicsPerFrame
	}
	return linearTopicsPerFrame
}

// limits paces one Exchange's requests: they are counted per IP address, over all paths. It is safe for
// concurrent use.
type limits struct {
	requests *rate.Limiter // 600 in 5 s; above it the address is refused for 10 minutes
	connects *rate.Limiter // 500 in 5 minutes
}

func newLimits() *limits {
	return &limits{requests: rate.NewLimiter(50, 50), connects: rate.NewLimiter(1, 20)}
}
