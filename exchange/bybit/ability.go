package bybit

import "github.com/bothlegs/bothlegs/exchange"

// Abilities lists what the adapter can do.
func Abilities() []exchange.Ability {
	return []exchange.Ability{
		{Name: "place", Spot: true, Perp: true, Note: "an acknowledgement only; the outcome comes on the order stream"},
		{Name: "market orders", Spot: true, Perp: true, Note: "in base units; IOC with the venue's bound on slippage"},
		{Name: "post only", Spot: true, Perp: true},
		{Name: "reduce only", Perp: true},
		{Name: "deadline", Spot: true, Perp: true, Note: "recv_window: arrival at the gateway"},
		{Name: "replace", Spot: true, Perp: true, Note: "keeps the order's ids; the queue is not told"},
		{Name: "cancel", Spot: true, Perp: true},
		{Name: "cancel all", Spot: true, Perp: true, Note: "conditional orders stay"},
		{Name: "cancel all after", Note: "the venue's disconnection protection is for institutions, and no timer"},
		{Name: "lookup", Spot: true, Perp: true, Note: "client ids are good for one order for ever"},
		{Name: "order stream", Spot: true, Perp: true},
		{Name: "order entry over WebSocket", Spot: true, Perp: true, Note: "not on the demo market"},
		{Name: "balances", Spot: true, Perp: true, Note: "unified account"},
		{Name: "positions", Perp: true, Note: "one-way mode"},
		{Name: "fees", Spot: true, Perp: true},
		{Name: "open orders", Spot: true, Perp: true},
		{Name: "fills", Spot: true, Perp: true, Note: "two years"},
		{Name: "server time", Spot: true, Perp: true},
	}
}
