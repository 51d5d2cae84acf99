package okx

import (
	"time"

	"golang.org/x/time/rate"
)

// What the venue allows (docs-v5, 2026-08). A token bucket of burst b and rate r lets b + r*window pass in a window, so both stay below
// the published number together.
const (
	topicsPerFrame = 100              // one frame's args must stay below 64 KB; a topic takes about 60 bytes
	topicsPerConn  = 30               // the venue's advice for channels of 50 and 400 levels
	sendRate       = 2                // requests a second. The venue also counts 480 in an hour: see renewal
	heartbeat      = 15 * time.Second // the venue closes after 30 s without a message from us
)

// limits paces one Exchange's requests: they are counted per IP address and path. It is safe for concurrent use.
type limits struct {
	instruments *rate.Limiter // 20 in 2 s
	books       *rate.Limiter // 40 in 2 s
	booksFull   *rate.Limiter // 10 in 2 s
	connects    *rate.Limiter // 3 in 1 s
}

func newLimits() *limits {
	return &limits{
		instruments: rate.NewLimiter(6, 6),
		books:       rate.NewLimiter(12, 12),
		booksFull:   rate.NewLimiter(3, 3),
		connects:    rate.NewLimiter(1, 2),
	}
}
