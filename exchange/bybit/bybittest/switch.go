package bybittest

import (
	"encoding/json"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// deadMan is an account's switch: when its last watched socket has gone for window, its orders are canceled.
type deadMan struct {
	window  time.Duration // default 10 s
	sockets int           // that are watched
	turns   uint64        // how often that changed: what waits is void
}

func (s *Server) switchOf(a exchange.AccountID) *deadMan {
	d := s.switches[a]
	if d == nil {
		d = &deadMan{window: 10 * time.Second}
		s.switches[a] = d
	}
	return d
}

// setSwitch sets the window, from 3 to 300 s.
func (s *Server) setSwitch(a *ask) (any, *refusal) {
	var p struct {
		TimeWindow integer `json:"timeWindow"`
	}
	if err := json.Unmarshal(a.Body, &p); err != nil || p.TimeWindow < 3 || p.TimeWindow > 300 {
		return nil, refuse(codeParams, "params error: timeWindow invalid")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switchOf(a.account).window = time.Duration(p.TimeWindow) * time.Second
	return object{}, nil
}

// watch lets the switch depend on c.
func (c *client) watch() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.watched {
		return
	}
	c.watched = true
	d := c.s.switchOf(c.key.key.Account)
	d.sockets++
	d.turns++
}

// unwatch is the end of c's socket.
func (c *client) unwatch() {
	if !c.watched {
		return
	}
	account := c.key.key.Account
	c.s.mu.Lock()
	d := c.s.switchOf(account)
	d.sockets--
	d.turns++
	last, turn, window := d.sockets == 0, d.turns, d.window
	c.s.mu.Unlock()
	if !last {
		return
	}
	c.s.hosts.Go(func() {
		if !c.s.hosts.Wait(window) {
			return
		}
		c.s.mu.Lock()
		still := d.turns == turn
		c.s.mu.Unlock()
		if still {
			c.s.floor.Do(func(now time.Time, e *sim.Engine) { c.s.disconnect(now, e, account) })
		}
	})
}

// disconnect cancels all that an account has on the books.
func (s *Server) disconnect(now time.Time, e *sim.Engine, account exchange.AccountID) {
	for _, ins := range s.instruments {
		for _, o := range e.OpenOrders(account, ins.Market.Symbol) {
			_, _ = e.End(now, o.Ref(), exchange.StatusExpired, byDCP) // it is on the list
		}
	}
}
