package binancetest

import (
	"net/http"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// route is where an operation is found: a method and a path of REST, a method of the WebSocket API, or both.
type route struct {
	verb, path string
	method     string
	op
}

// routes is a market's table.
func routes(k exchange.Kind) []route {
	if k == exchange.Perp {
		return append(perpRoutes(), perpSettings()...)
	}
	return append(spotRoutes(), sessionRoutes()...)
}

const (
	get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

	orderTakes = "symbol orderId origClientOrderId"
)

func spotRoutes() []route {
	const v3 = "/api/v3/"
	heavy := func(c *call) int {
		if c.params.get("orderId") != "" {
			return 5
		}
		return 20
	}
	return []route{
		{get, v3 + "ping", "ping", op{kind: sim.OpRead, weight: 1, do: (*call).ping}},
		{get, v3 + "time", "time", op{kind: sim.OpRead, weight: 1, do: (*call).time}},
		{get, v3 + "exchangeInfo", "exchangeInfo", op{kind: sim.OpRead, takes: "symbol symbols permissions showPermissionSets symbolStatus", weight: 20, do: (*call).exchangeInfo}},
		{get, v3 + "depth", "depth", op{kind: sim.OpRead, takes: "symbol limit", weigh: (*call).depthWeight, do: (*call).depth}},
		{get, v3 + "ticker/price", "ticker.price", op{kind: sim.OpRead, takes: "symbol symbols", weigh: either(2, 4), do: (*call).priceTickers}},
		{get, v3 + "ticker/bookTicker", "ticker.book", op{kind: sim.OpRead, takes: "symbol symbols", weigh: either(2, 4), do: (*call).bookTickers}},

		{post, v3 + "order", "order.place", op{kind: sim.OpPlace, guard: trades, takes: placeTakes, weight: 1, orders: 1, refund: true, do: (*call).place}},
		{post, v3 + "order/test", "order.test", op{kind: sim.OpRead, guard: trades, takes: placeTakes + " computeCommissionRates", weight: 1, do: (*call).test}},
		{del, v3 + "order", "order.cancel", op{kind: sim.OpCancel, guard: trades, takes: cancelTakes, weight: 1, refund: true, do: (*call).cancel}},
		{del, v3 + "openOrders", "openOrders.cancelAll", op{kind: sim.OpCancelAll, guard: trades, takes: "symbol", weight: 1, refund: true, do: (*call).cancelAll}},
		{post, v3 + "order/cancelReplace", "order.cancelReplace",
			op{kind: sim.OpReplace, guard: trades, takes: cancelReplaceTakes, weight: 1, orders: 1, refund: true, do: (*call).cancelReplace}},
		{put, v3 + "order/amend/keepPriority", "order.amend.keepPriority", op{kind: sim.OpReplace, guard: trades, takes: amendTakes, weight: 4, do: (*call).amend}},

		{get, v3 + "order", "order.status", op{kind: sim.OpLookup, guard: signs, takes: orderTakes, weight: 4, do: (*call).order}},
		{get, v3 + "openOrders", "openOrders.status", op{kind: sim.OpRead, guard: signs, takes: "symbol", weigh: either(6, 80), do: (*call).openOrders}},
		{get, v3 + "allOrders", "allOrders", op{kind: sim.OpRead, guard: signs, takes: "symbol orderId startTime endTime limit", weight: 20, do: (*call).allOrders}},
		{get, v3 + "myTrades", "myTrades", op{kind: sim.OpRead, guard: signs, takes: tradesTakes, weigh: heavy, do: (*call).trades}},
		{get, v3 + "account", "account.status", op{kind: sim.OpRead, guard: signs, takes: "omitZeroBalances", weight: 20, do: (*call).wallet}},
		{get, v3 + "account/commission", "account.commission", op{kind: sim.OpRead, guard: signs, takes: "symbol", weight: 20, do: (*call).spotFees}},
		{get, v3 + "rateLimit/order", "account.rateLimits.orders", op{kind: sim.OpRead, guard: signs, weight: 40, do: (*call).orderLimits}},
	}
}

// sessionRoutes are about the connection of a WebSocket API itself.
func sessionRoutes() []route {
	return append(logonRoutes(), []route{
		{"", "", "userDataStream.subscribe", op{kind: sim.OpSubscribe, weight: 2, do: (*call).subscribeSession}},
		{"", "", "userDataStream.subscribe.signature", op{kind: sim.OpSubscribe, guard: signs, weight: 2, do: (*call).subscribe}},
		{"", "", "userDataStream.unsubscribe", op{kind: sim.OpSubscribe, takes: "subscriptionId", weight: 2, do: (*call).unsubscribe}},
		{"", "", "session.subscriptions", op{kind: sim.OpRead, weight: 2, do: (*call).subscriptions}},
	}...)
}

func logonRoutes() []route {
	return []route{
		{"", "", "session.logon", op{kind: sim.OpLogin, guard: signs, weight: 2, do: (*call).sessionLogon}},
		{"", "", "session.status", op{kind: sim.OpRead, weight: 2, do: (*call).sessionStatus}},
		{"", "", "session.logout", op{kind: sim.OpRead, weight: 2, do: (*call).sessionLogout}},
	}
}

func perpRoutes() []route {
	const v1, v2, v3 = "/fapi/v1/", "/fapi/v2/", "/fapi/v3/"
	return append(logonRoutes(), []route{
		{get, v1 + "ping", "ping", op{kind: sim.OpRead, weight: 1, do: (*call).ping}},
		{get, v1 + "time", "time", op{kind: sim.OpRead, weight: 1, do: (*call).time}},
		{get, v1 + "exchangeInfo", "", op{kind: sim.OpRead, weight: 1, do: (*call).exchangeInfo}},
		{get, v1 + "depth", "depth", op{kind: sim.OpRead, weigh: (*call).depthWeight, do: (*call).depth}},
		{get, v1 + "ticker/price", "ticker.price", op{kind: sim.OpRead, weigh: either(1, 2), do: (*call).priceTickers}},
		{get, v2 + "ticker/price", "", op{kind: sim.OpRead, weigh: either(1, 2), do: (*call).priceTickers}},
		{get, v1 + "ticker/bookTicker", "ticker.book", op{kind: sim.OpRead, weigh: either(2, 5), do: (*call).bookTickers}},
		{get, v1 + "premiumIndex", "", op{kind: sim.OpRead, weigh: either(1, 10), do: (*call).premiumIndex}},

		{post, v1 + "order", "order.place", op{kind: sim.OpPlace, guard: trades, orders: 1, do: (*call).place}},
		{post, v1 + "order/test", "", op{kind: sim.OpRead, guard: trades, do: (*call).test}},
		{put, v1 + "order", "order.modify", op{kind: sim.OpReplace, guard: trades, orders: 1, do: (*call).modify}},
		{del, v1 + "order", "order.cancel", op{kind: sim.OpCancel, guard: trades, weight: 1, do: (*call).cancel}},
		{del, v1 + "allOpenOrders", "", op{kind: sim.OpCancelAll, guard: trades, weight: 1, do: (*call).cancelAll}},
		{post, v1 + "countdownCancelAll", "", op{kind: sim.OpCancelAll, guard: trades, weight: 10, do: (*call).countdown}},

		{get, v1 + "order", "order.status", op{kind: sim.OpLookup, guard: signs, weight: 1, do: (*call).order}},
		{get, v1 + "openOrder", "", op{kind: sim.OpLookup, guard: signs, weight: 1, do: (*call).order}},
		{get, v1 + "openOrders", "", op{kind: sim.OpRead, guard: signs, weigh: either(1, 40), do: (*call).openOrders}},
		{get, v1 + "allOrders", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).allOrders}},
		{get, v1 + "userTrades", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).trades}},
		{get, v2 + "balance", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).perpBalances}},
		{get, v3 + "balance", "v2/account.balance", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).perpBalances}},
		{get, v2 + "account", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).perpAccount}},
		{get, v3 + "account", "v2/account.status", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).perpAccount}},
		{get, v2 + "positionRisk", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).positionRisk}},
		{get, v3 + "positionRisk", "v2/account.position", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).positionRisk}},
		{get, v1 + "commissionRate", "", op{kind: sim.OpRead, guard: signs, weight: 20, do: (*call).perpFees}},
		{get, v1 + "rateLimit/order", "", op{kind: sim.OpRead, guard: signs, weight: 1, do: (*call).orderLimits}},
		{get, v1 + "income", "", op{kind: sim.OpRead, guard: signs, weight: 30, do: (*call).income}},
	}...)
}

// perpSettings are the account's modes, of which there is one each, and the key of its stream.
func perpSettings() []route {
	const v1 = "/fapi/v1/"
	return []route{
		{get, v1 + "accountConfig", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).accountConfig}},
		{get, v1 + "symbolConfig", "", op{kind: sim.OpRead, guard: signs, weight: 5, do: (*call).symbolConfig}},
		{get, v1 + "positionSide/dual", "", op{kind: sim.OpRead, guard: signs, weight: 30, do: (*call).dual}},
		{post, v1 + "positionSide/dual", "", op{kind: sim.OpRead, guard: trades, weight: 1, do: (*call).setDual}},
		{post, v1 + "leverage", "", op{kind: sim.OpRead, guard: trades, weight: 1, do: (*call).setLeverage}},
		{post, v1 + "marginType", "", op{kind: sim.OpRead, guard: trades, weight: 1, do: (*call).setMarginType}},
		{post, v1 + "listenKey", "userDataStream.start", op{kind: sim.OpLogin, guard: keyed, weight: 1, do: (*call).newListenKey}},
		{put, v1 + "listenKey", "userDataStream.ping", op{kind: sim.OpLogin, guard: keyed, weight: 1, do: (*call).keepListenKey}},
		{del, v1 + "listenKey", "userDataStream.stop", op{kind: sim.OpLogin, guard: keyed, weight: 1, do: (*call).endListenKey}},
	}
}
