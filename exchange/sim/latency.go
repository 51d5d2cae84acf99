package sim

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Latency is how long messages travel. The zero value is no time at all.
type Latency struct {
	Entry    Delay // request, from the client to the matching
	Response Delay // answer, back to the client
	Feed     Delay // books and private events, to the client
}

// Delay is a constant part and a uniform one: from Min up to and including Min + Jitter.
type Delay struct{ Min, Jitter time.Duration }

func (d Delay) draw(_ time.Time, h uint64) time.Duration {
	return d.Min + time.Duration(h%uint64(d.Jitter+1))
}

func (l Latency) validate() error {
	for _, d := range [...]Delay{l.Entry, l.Response, l.Feed} {
		if d.Min < 0 || d.Jitter < 0 {
			return fmt.Errorf("sim: negative latency %v: %w", d, exchange.ErrInvalid)
		}
	}
	return nil
}

// hash mixes the words that identify a draw into 64 even bits: FNV-1a over the bytes, then the finalizer of splitmix64, since the
// low bits of FNV are weak. Nothing else may enter: the same call meets the same fate in whatever order calls come.
func hash(seed uint64, salt, op, key string, try int) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := offset ^ seed*0x9e3779b97f4a7c15
	for _, s := range [...]string{salt, op, key} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime // so that "ab", "c" is not "a", "bc"
	}
	h = (h ^ uint64(try)) * prime
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
