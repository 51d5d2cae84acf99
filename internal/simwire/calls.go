package simwire

import (
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Call is one request as it reached the venue, over HTTP or a socket.
type Call struct {
	At     time.Time
	Host   string
	Method string // "POST"; of a socket's requests what the venue calls it: "order.place"
	Path   string
	Query  string // as it was sent
	Body   string
	Op     sim.Op
	Key    string // the client id, where it is about an order
	Fault  sim.Fault
}

// Calls keeps the newest requests, so that a test can tell what was sent, and how often. It is safe for concurrent use.
type Calls struct {
	mu    sync.Mutex
	limit int
	ring  []Call
	total int
}

// NewCalls keeps up to limit requests.
func NewCalls(limit int) *Calls { return &Calls{limit: max(limit, 1)} }

// Add takes one down.
func (c *Calls) Add(one Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ring) < c.limit {
		c.ring = append(c.ring, one)
	} else {
		c.ring[c.total%c.limit] = one
	}
	c.total++
}

// All are those that are kept, oldest first.
func (c *Calls) All() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ring) < c.limit {
		return append([]Call(nil), c.ring...)
	}
	at := c.total % c.limit
	return append(append([]Call(nil), c.ring[at:]...), c.ring[:at]...)
}

// Total is how many there were.
func (c *Calls) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// Count is how many of those that are kept match.
func (c *Calls) Count(match func(Call) bool) int {
	n := 0
	for _, one := range c.All() {
		if match(one) {
			n++
		}
	}
	return n
}
