package binance

import "github.com/bothlegs/bothlegs/exchange"

// Abilities lists what the adapter can do.
func Abilities() []exchange.Ability {
	return []exchange.Ability{
		{Name: "place", Spot: true, Perp: true, Note: "spot answers with the first fills"},
		{Name: "market orders", Spot: true, Perp: true, Note: "in base units; not with FOK"},
		{Name: "post only", Spot: true, Perp: true, Note: "refused where it would take"},
		{Name: "reduce only", Perp: true},
		{Name: "deadline", Spot: true, Perp: true, Note: "recvWindow, at most 60 s"},
		{Name: "replace", Spot: true, Perp: true, Note: "spot: less quantity keeps id and queue, anything else has a new id; perpetuals keep the id and requeue"},
		{Name: "cancel", Spot: true, Perp: true},
		{Name: "cancel all", Spot: true, Perp: true},
		{Name: "cancel all after", Perp: true, Note: "by market"},
		{Name: "lookup", Spot: true, Perp: true, Note: "perpetuals forget orders without a fill after 3 days, spot after 90"},
		{Name: "order stream", Spot: true, Perp: true, Note: "one-way mode"},
		{Name: "order entry over WebSocket", Spot: true, Perp: true, Note: "while the order stream is up"},
		{Name: "balances", Spot: true, Perp: true, Note: "two wallets"},
		{Name: "positions", Perp: true, Note: "one-way mode; cost from the venue's average"},
		{Name: "fees", Spot: true, Perp: true, Note: "spot: the dearer side, discount assumed where switched on"},
		{Name: "open orders", Spot: true, Perp: true},
		{Name: "fills", Spot: true, Perp: true, Note: "perpetuals: six months"},
		{Name: "server time", Spot: true, Perp: true},
	}
}
