package okx

import "github.com/bothlegs/bothlegs/exchange"

// Abilities lists what the adapter can do.
func Abilities() []exchange.Ability {
	return []exchange.Ability{
		{Name: "place", Spot: true, Perp: true, Note: "an acknowledgement only; the outcome comes on the order stream"},
		{Name: "market orders", Spot: true, Perp: true, Note: "in base units; not with FOK"},
		{Name: "post only", Spot: true, Perp: true, Note: "acknowledged, then rejected where it would take"},
		{Name: "reduce only", Perp: true},
		{Name: "deadline", Spot: true, Perp: true, Note: "expTime"},
		{Name: "replace", Spot: true, Perp: true, Note: "keeps the order's ids; waits for the outcome"},
		{Name: "cancel", Spot: true, Perp: true, Note: "an acknowledgement only"},
		{Name: "cancel all", Spot: true, Perp: true, Note: "those that the venue lists, twenty at a time"},
		{Name: "cancel all after", Spot: true, Perp: true, Note: "10 to 120 s; all markets of the account"},
		{Name: "lookup", Spot: true, Perp: true, Note: "orders canceled without a fill are forgotten after about 2 hours"},
		{Name: "order stream", Spot: true, Perp: true},
		{Name: "order entry over WebSocket", Spot: true, Perp: true, Note: "on the order stream's connection"},
		{Name: "balances", Spot: true, Perp: true, Note: "trading account"},
		{Name: "positions", Perp: true, Note: "net mode"},
		{Name: "fees", Spot: true, Perp: true},
		{Name: "open orders", Spot: true, Perp: true},
		{Name: "fills", Spot: true, Perp: true, Note: "three months"},
		{Name: "server time", Spot: true, Perp: true},
	}
}
