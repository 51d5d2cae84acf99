package bybittest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// product is what a switch is about: one kind of an account's markets.
type product struct {
	account exchange.AccountID
	kind    exchange.Kind
}

// deadMan is the switch of a product: when its last watched socket has gone for window, its orders are canceled.
type deadMan struct {
	window  time.Duration // default 10 s
	sockets int           // that are watched
	turns   uint64        // how often that changed: what waits is void
}

func (s *Server) switchOf(p product) *deadMan {
	d := s.switches[p]
	if d == nil {
		d = &deadMan{window: 10 * time.Second}
		s.switches[p] = d
	}
	return d
}

// setSwitch sets the window, from 3 to 300 s: of one product, or of both where none is named.
func (s *Server) setSwitch(a *ask) (any, *refusal) {
	var p struct {
		TimeWindow integer `json:"timeWindow"`
		Product    string  `json:"product"`
	}
	if err := json.Unmarshal(a.Body, &p); err != nil || p.TimeWindow < 3 || p.TimeWindow > 300 {
		return nil, refuse(codeParams, "params error: timeWindow invalid")
	}
	kinds, ok := map[string][]exchange.Kind{"": {exchange.Spot, exchange.Perp}, "SPOT": {exchange.Spot}, "DERIVATIVES": {exchange.Perp}}[p.Product]
	if !ok {
		return nil, refuse(codeParams, "params error: product invalid")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range kinds {
		s.switchOf(product{a.account, k}).window = time.Duration(p.TimeWindow) * time.Second
	}
	return object{}, nil
}

// watch lets the switch of a topic depend on c.
func (c *client) watch(topic string) {
	var p product
	switch topic {
	case "dcp.spot":
		p = product{c.key.key.Account, exchange.Spot}
	case "dcp.future":
		p = product{c.key.key.Account, exchange.Perp}
	default:
		return
	}
	if slices.Contains(c.watched, p) {
		return
	}
	c.watched = append(c.watched, p)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	d := c.s.switchOf(p)
	d.sockets++
	d.turns++
}

// unwatch is the end of c's socket.
func (c *client) unwatch() {
	for _, p := range c.watched {
		c.s.gone(p)
	}
}

// gone is the end of one socket that p depended on.
func (s *Server) gone(p product) {
	s.mu.Lock()
	d := s.switchOf(p)
	d.sockets--
	d.turns++
	last, turn, window := d.sockets == 0, d.turns, d.window
	s.mu.Unlock()
	if !last {
		return
	}
	s.hosts.Go(func() {
		if !s.hosts.Wait(window) {
			return
		}
		s.mu.Lock()
		still := d.turns == turn
		s.mu.Unlock()
		if still {
			s.floor.Do(func(now time.Time, e *sim.Engine) { s.disconnect(now, e, p) })
		}
	})
}

// disconnect cancels all that a product has on the books.
func (s *Server) disconnect(now time.Time, e *sim.Engine, p product) {
	for _, ins := range s.instruments {
		if ins.Market.Symbol.Kind != p.kind {
			continue
		}
		for _, o := range e.OpenOrders(p.account, ins.Market.Symbol) {
			_, _ = e.End(now, o.Ref(), exchange.StatusExpired, byDCP) // it is on the list
		}
	}
}
