package binancetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

const order3 = "/api/v3/order"

// place sends an order of spot, its parts apart by spaces.
func (r *rig) place(params string) answer {
	r.Helper()
	return r.ask("spot", "POST", order3, "symbol=BTCUSDT&"+strings.ReplaceAll(params, " ", "&"))
}

func TestSpotPublic(t *testing.T) {
	virtual(t, func(r *rig) {
		r.get("spot", "/api/v3/ping").ok()
		r.get("spot", "/api/v3/time").ok().has("serverTime", text(time.Now().UnixMilli()))
		r.get("spot", "/api/v3/exchangeInfo").ok().has("symbols.0.symbol", "BTCUSDT", "symbols.0.status", "TRADING", "symbols.0.filters.0.filterType", "PRICE_FILTER",
			"symbols.0.filters.0.tickSize", "0.01000000", "symbols.0.filters.1.stepSize", "0.00001000", "symbols.0.filters.1.maxQty", "100.00000000",
			"symbols.0.filters.3.minNotional", "5.00000000", "rateLimits.0.limit", "6000", "symbols.1", "null")
		r.send("spot", "GET", "/api/v3/exchangeInfo", "symbol=NO", "").refused(400, -1121)
		r.send("spot", "GET", "/api/v3/exchangeInfo", `symbols=["BTCUSDT"]`, "").ok().has("symbols.0.baseAsset", "BTC")
		r.send("spot", "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=2", "").ok().has("bids.0.0", "49999.00000000", "bids.0.1", "1.00000000",
			"asks.1.0", "50002.00000000", "asks.2", "null", "E", "null")
		r.get("spot", "/api/v3/depth").refused(400, -1102)
		r.send("spot", "GET", "/api/v3/ticker/bookTicker", "symbol=BTCUSDT", "").ok().has("bidPrice", "49999.00000000", "askQty", "1.00000000")
		r.get("spot", "/api/v3/ticker/price").ok().has("0.price", "50000.00000000")
	})
}

func TestSpotLife(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=a-1").ok().has("status", "NEW", "clientOrderId", "a-1",
			"orderListId", "-1", "price", "49000.00000000", "origQty", "0.50000000", "executedQty", "0.00000000", "fills", "[]", "type", "LIMIT",
			"selfTradePreventionMode", "EXPIRE_MAKER")
		id := text(r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a-1").ok().has("isWorking", "true", "status", "NEW").at("orderId"))
		r.ask("spot", "GET", "/api/v3/account", "").ok().has("balances.1.asset", "USDT", "balances.1.locked", "24500.00000000", "balances.1.free", "75500.00000000")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=a-1").refused(400, -2010).has("msg", "Duplicate order sent.")
		r.move(spotMarket, 48_000) // fills it
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&orderId="+id).ok().has("status", "FILLED", "executedQty", "0.50000000", "cummulativeQuoteQty", "24500.00000000")
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+id).refused(400, -2011).has("msg", "Unknown order sent.")
		// The id may be used again, and then means the new order.
		again := r.place("side=SELL type=MARKET quantity=1.5 newClientOrderId=a-1").ok().has("status", "FILLED", "fills.0.price", "47999.00000000",
			"fills.1.qty", "0.50000000", "fills.0.commissionAsset", "USDT", "price", "0.00000000", "timeInForce", "GTC")
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a-1").ok().has("orderId", text(again.at("orderId")))
		trades := r.ask("spot", "GET", "/api/v3/myTrades", "symbol=BTCUSDT").ok().has("0.orderId", id, "0.isMaker", "true", "0.isBuyer", "true",
			"0.commissionAsset", "BTC", "0.commission", "0.00005000", "1.isMaker", "false", "2.qty", "0.50000000", "3", "null")
		r.ask("spot", "GET", "/api/v3/myTrades", "symbol=BTCUSDT&limit=1&fromId="+text(trades.at("1.id"))).ok().has("0.id", text(trades.at("1.id")), "1", "null")
		r.ask("spot", "GET", "/api/v3/myTrades", "symbol=BTCUSDT&orderId="+id).ok().has("0.price", "49000.00000000", "1", "null")
		r.ask("spot", "GET", "/api/v3/allOrders", "symbol=BTCUSDT&limit=1").ok().has("0.side", "SELL", "1", "null")
		r.ask("spot", "GET", "/api/v3/allOrders", "symbol=BTCUSDT&orderId=1").ok().has("0.orderId", id, "1.side", "SELL")
		r.ask("spot", "GET", "/api/v3/account/commission", "symbol=BTCUSDT").ok().has("standardCommission.taker", "0.00050000", "standardCommission.maker", "0.00010000")
	})
}

func TestSpotForms(t *testing.T) {
	virtual(t, func(r *rig) {
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.001 price=49000"
		r.place(rest+" newOrderRespType=ACK").ok().has("status", "null", "transactTime", text(time.Now().UnixMilli()))
		r.place(rest+" newOrderRespType=RESULT").ok().has("status", "NEW", "fills", "null")
		r.place(rest+" newOrderRespType=").ok().has("status", "NEW", "fills", "[]")
		r.place("side=BUY type=LIMIT_MAKER quantity=0.001 price=49000").ok().has("status", "null")
		r.place("side=BUY type=LIMIT_MAKER quantity=0.001 price=49000 newOrderRespType=FULL").ok().has("type", "LIMIT_MAKER", "status", "NEW")
		r.place("side=BUY type=LIMIT timeInForce=IOC quantity=1.5 price=50001").ok().has("status", "EXPIRED", "executedQty", "1.00000000")
		r.place("side=BUY type=LIMIT timeInForce=FOK quantity=0.9 price=50001").ok().has("status", "EXPIRED", "executedQty", "0.00000000")
		r.place("side=BUY type=MARKET quoteOrderQty=500").ok().has("status", "FILLED", "executedQty", "0.00999000", "origQuoteOrderQty", "500.00000000")
		r.place("side=SELL type=MARKET quoteOrderQty=500").ok().has("status", "FILLED", "executedQty", "0.01000000")
		r.ask("spot", "POST", order3+"/test", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1").ok().has("orderId", "null")
		r.ask("spot", "GET", "/api/v3/openOrders", "symbol=BTCUSDT").ok().has("4.type", "LIMIT_MAKER", "5", "null")
		r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").ok().has("0.status", "CANCELED", "0.orderListId", "-1", "4.status", "CANCELED", "5", "null")
		r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").refused(400, -2011)
		r.ask("spot", "GET", "/api/v3/openOrders", "").ok().has("0", "null")
	})
}

func TestSpotRefusals(t *testing.T) {
	virtual(t, func(r *rig) {
		for _, c := range []struct {
			params string
			code   int
			msg    string
		}{
			{"type=MARKET quantity=1", -1102, "Mandatory parameter 'side'"},
			{"side=HOLD type=MARKET quantity=1", -1117, "Invalid side."},
			{"side=BUY quantity=1", -1102, "'type'"},
			{"side=BUY type=STOP_LOSS quantity=1", -1116, "Invalid orderType."},
			{"side=BUY type=LIMIT quantity=1 price=1", -1102, "'timeInForce'"},
			{"side=BUY type=LIMIT timeInForce=GTX quantity=1 price=1", -1115, "Invalid timeInForce."},
			{"side=BUY type=LIMIT_MAKER timeInForce=GTC quantity=1 price=1", -1106, "Parameter 'timeInForce' sent when not required."},
			{"side=BUY type=MARKET quantity=1 price=1", -1106, "'price'"},
			{"side=BUY type=MARKET quantity=1 quoteOrderQty=1", -1128, ""},
			{"side=BUY type=LIMIT timeInForce=GTC price=1", -1102, "'quantity'"},
			{"side=BUY type=MARKET quantity=1e3", -1100, "Illegal characters found in parameter 'quantity'"},
			{"side=BUY type=MARKET quantity=-1", -1100, ""},
			{"side=BUY type=MARKET quantity=0", -1013, "Invalid quantity."},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=0", -1013, "Invalid price."},
			{"side=BUY type=MARKET quantity=1.000000001", -1111, "Parameter 'quantity' has too much precision."},
			{"side=BUY type=MARKET quantity=1.000001", -1013, "Filter failure: LOT_SIZE"},
			{"side=BUY type=MARKET quantity=101", -1013, "Filter failure: LOT_SIZE"},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=40000.001", -1013, "Filter failure: PRICE_FILTER"},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=1000000", -1013, "Filter failure: PRICE_FILTER"},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=0.0001 price=40000", -1013, "Filter failure: NOTIONAL"},
			{"side=BUY type=MARKET quantity=0.00009", -1013, "Filter failure: NOTIONAL"},
			{"side=BUY type=MARKET quoteOrderQty=4", -1013, "Filter failure: NOTIONAL"},
			{"side=BUY type=MARKET quantity=1 newClientOrderId=a.b", -1100, "'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."},
			{"side=BUY type=MARKET quantity=1 newClientOrderId=" + strings.Repeat("x", 37), -1100, ""},
			{"side=BUY type=MARKET quantity=1 newOrderRespType=MORE", -1130, ""},
			{"side=BUY type=MARKET quantity=1 selfTradePreventionMode=X", -1130, ""},
			{"side=BUY type=MARKET quantity=1 reduceOnly=true", -1104, "Not all sent parameters were read; read '6' parameter(s) but was sent '7'."},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=3 price=49000", -2010, "Account has insufficient balance for requested action."},
			{"side=SELL type=LIMIT timeInForce=GTC quantity=2.1 price=51000", -2010, "Account has insufficient balance for requested action."},
			{"side=BUY type=LIMIT_MAKER quantity=0.1 price=50001", -2010, "Order would immediately match and take."},
		} {
			a := r.place(c.params).refused(400, c.code)
			if !strings.Contains(text(a.at("msg")), c.msg) {
				t.Errorf("%s: %s, want %s", c.params, a.raw, c.msg)
			}
		}
		r.ask("spot", "POST", order3, "symbol=NO&side=BUY&type=MARKET&quantity=1").refused(400, -1121)
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&orderId=999").refused(400, -2013)
		r.ask("spot", "GET", order3, "symbol=BTCUSDT").refused(400, -1102)
		r.ask("spot", "GET", "/api/v3/openOrders", "").ok().has("0", "null")
		r.ask("spot", "GET", "/api/v3/allOrders", "symbol=BTCUSDT&startTime=1&endTime=86400002").refused(400, -1127)
		if err := r.Publish(&exchange.Book{Market: spotMarket, Err: exchange.ErrDown}); err != nil {
			t.Fatal(err)
		}
		r.place("side=BUY type=MARKET quantity=0.1").refused(400, -2010).has("msg", "Market is closed.")
	})
}

func TestSpotCancel(t *testing.T) {
	virtual(t, func(r *rig) {
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000 newClientOrderId="
		r.place(rest + "a").ok()
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=a&newClientOrderId=c-1").ok().has("origClientOrderId", "a", "clientOrderId", "c-1",
			"status", "CANCELED", "transactTime", text(time.Now().UnixMilli()))
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=a").refused(400, -2011)
		b := text(r.place(rest + "b").ok().at("orderId"))
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+b+"&origClientOrderId=x").refused(400, -2039)
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+b+"&cancelRestrictions=NO").refused(400, -1145)
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+b+"&cancelRestrictions=ONLY_PARTIALLY_FILLED").refused(400, -2011).has("msg",
			"Order was not canceled due to cancel restrictions.")
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+b+"&cancelRestrictions=ONLY_NEW").ok()
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&orderId="+b).ok().has("clientOrderId", "b", "status", "CANCELED")
		// Another account's orders are nobody's.
		c := text(r.place(rest + "c").ok().at("orderId"))
		r.as("k2", "s2")
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+c).refused(400, -2011)
	})
}

func TestSpotReplace(t *testing.T) {
	virtual(t, func(r *rig) {
		replace := func(params string) answer {
			return r.ask("spot", "POST", order3+"/cancelReplace", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&"+strings.ReplaceAll(params, " ", "&"))
		}
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000 newClientOrderId="
		r.place(rest + "a").ok()
		replace("quantity=0.2 price=48000 cancelReplaceMode=STOP_ON_FAILURE cancelOrigClientOrderId=a cancelNewClientOrderId=x newClientOrderId=b").ok().has(
			"cancelResult", "SUCCESS", "newOrderResult", "SUCCESS", "cancelResponse.origClientOrderId", "a", "cancelResponse.clientOrderId", "x",
			"newOrderResponse.clientOrderId", "b", "newOrderResponse.price", "48000.00000000")
		replace("quantity=0.2 price=48000 cancelReplaceMode=STOP_ON_FAILURE cancelOrigClientOrderId=a").refused(400, -2022).has("data.cancelResult", "FAILURE",
			"data.newOrderResult", "NOT_ATTEMPTED", "data.cancelResponse.code", "-2011", "data.newOrderResponse", "null")
		replace("quantity=0.2 price=48000 cancelReplaceMode=ALLOW_FAILURE cancelOrigClientOrderId=a newClientOrderId=c").refused(409, -2021).has("data.newOrderResult",
			"SUCCESS", "data.newOrderResponse.clientOrderId", "c")
		replace("quantity=5 price=48000 cancelReplaceMode=STOP_ON_FAILURE cancelOrigClientOrderId=c").refused(409, -2021).has("data.cancelResult", "SUCCESS",
			"data.newOrderResult", "FAILURE", "data.newOrderResponse.code", "-2010")
		replace("quantity=5 price=48000 cancelReplaceMode=ALLOW_FAILURE cancelOrigClientOrderId=c").refused(400, -2022).has("data.newOrderResult", "FAILURE")
		replace("quantity=0.2 price=48000 cancelReplaceMode=PERHAPS cancelOrigClientOrderId=b").refused(400, -1130)
		for _, mode := range []string{"STOP_ON_FAILURE", "ALLOW_FAILURE"} { // which order it means must be said, and read, before anything is done
			replace("quantity=0.2 price=48000 cancelReplaceMode="+mode).refused(400, -1102)
			replace("quantity=0.2 price=48000 cancelOrderId=b cancelReplaceMode="+mode).refused(400, -1100)
		}
		replace("quantity=0.2 price=48000 cancelReplaceMode=STOP_ON_FAILURE cancelOrigClientOrderId=b orderRateLimitExceededMode=PERHAPS").refused(400, -1130)
		replace("quantity=0.2 price=48000.001 cancelReplaceMode=STOP_ON_FAILURE cancelOrigClientOrderId=b").refused(400, -1013)
		r.ask("spot", "GET", "/api/v3/openOrders", "symbol=BTCUSDT").ok().has("0.clientOrderId", "b", "1", "null")
	})
}

func TestSpotAmend(t *testing.T) {
	virtual(t, func(r *rig) {
		amend := func(params string) answer {
			return r.ask("spot", "PUT", order3+"/amend/keepPriority", "symbol=BTCUSDT&"+strings.ReplaceAll(params, " ", "&"))
		}
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000 newClientOrderId="
		id := text(r.place(rest + "a").ok().at("orderId"))
		amend("origClientOrderId=a newQty=0.08 newClientOrderId=a").ok().has("amendedOrder.orderId", id, "amendedOrder.qty", "0.08000000", "amendedOrder.clientOrderId",
			"a", "amendedOrder.status", "NEW")
		amend("origClientOrderId=a newQty=0.05 newClientOrderId=b").ok().has("amendedOrder.origClientOrderId", "a", "amendedOrder.clientOrderId", "b")
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").refused(400, -2013)
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=b").ok().has("orderId", id, "origQty", "0.05000000")
		amend("origClientOrderId=b newQty=0.06").refused(400, -2038)
		amend("origClientOrderId=b newQty=0.05").refused(400, -2038)
		amend("origClientOrderId=b newQty=0.0001").refused(400, -1013)
		amend("origClientOrderId=none newQty=0.01").refused(400, -2013)
		if made := text(amend("orderId=" + id + " newQty=0.04").ok().at("amendedOrder.clientOrderId")); made == "b" || made == "" {
			t.Errorf("an amendment without a name leaves %q", made)
		}
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			_, _ = e.Fill(now, exchange.OrderRef{Market: spotMarket, Account: mine, VenueID: id}, dec("0.03"))
		})
		amend("orderId="+id+" newQty=0.02").ok().has("amendedOrder.status", "EXPIRED", "amendedOrder.executedQty", "0.03000000")
		amend("orderId="+id+" newQty=0.01").refused(400, -2038)
	})
}
