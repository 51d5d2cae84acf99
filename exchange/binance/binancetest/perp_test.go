package binancetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

const order1 = "/fapi/v1/order"

// open sends an order of futures.
func (r *rig) open(params string) answer {
	r.Helper()
	return r.ask("futures", "POST", order1, "symbol=BTCUSDT&"+strings.ReplaceAll(params, " ", "&"))
}

func TestPerpPublic(t *testing.T) {
	virtual(t, func(r *rig) {
		r.get("futures", "/fapi/v1/ping").ok()
		r.get("futures", "/fapi/v1/time").ok().has("serverTime", text(time.Now().UnixMilli()))
		r.get("futures", "/fapi/v1/exchangeInfo").ok().has("symbols.0.contractType", "PERPETUAL", "symbols.0.marginAsset", "USDT", "symbols.0.filters.0.tickSize", "0.1",
			"symbols.0.filters.5.notional", "50", "symbols.0.filters.5.filterType", "MIN_NOTIONAL", "rateLimits.0.limit", "2400")
		r.send("futures", "GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=5", "").ok().has("bids.0.0", "49999.0", "asks.0.1", "1.000",
			"E", text(time.Now().UnixMilli()), "T", text(time.Now().UnixMilli()))
		r.send("futures", "GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=7", "").refused(400, -4021)
		r.send("futures", "GET", "/fapi/v1/premiumIndex", "symbol=BTCUSDT", "").ok().has("markPrice", "50000.00000000")
		r.send("futures", "GET", "/fapi/v1/ticker/bookTicker", "symbol=BTCUSDT", "").ok().has("askPrice", "50001.0")
	})
}

func TestPerpLife(t *testing.T) {
	virtual(t, func(r *rig) {
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=a:1/x.y").ok().has("status", "NEW", "clientOrderId", "a:1/x.y",
			"avgPrice", "null", "cumQuote", "null", "reduceOnly", "false", "positionSide", "BOTH", "price", "49000.0", "origQty", "0.500", "goodTillDate", "0")
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=a:1/x.y").refused(400, -4116)
		r.open("side=BUY type=MARKET quantity=0.5").ok().has("status", "NEW", "executedQty", "0.000")
		r.open("side=BUY type=MARKET quantity=0.5 newOrderRespType=RESULT").ok().has("status", "FILLED", "executedQty", "0.500", "avgPrice", "null")
		r.ask("futures", "GET", "/fapi/v3/positionRisk", "").ok().has("0.positionAmt", "1.000", "0.entryPrice", "50001.0", "0.positionSide", "BOTH", "1", "null")
		r.ask("futures", "GET", "/fapi/v3/balance", "").ok().has("0.asset", "USDT", "0.balance", "49974.99950000", "0.marginAvailable", "true")
		r.ask("futures", "GET", "/fapi/v3/account", "").ok().has("totalWalletBalance", "49974.99950000", "positions.0.symbol", "BTCUSDT")
		r.ask("futures", "GET", order1, "symbol=BTCUSDT&origClientOrderId=a:1/x.y").ok().has("avgPrice", "0.0", "cumQuote", "0", "cumQty", "null")
		r.ask("futures", "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT").ok().has("0.buyer", "true", "0.maker", "false", "0.commission", "12.50025000",
			"0.commissionAsset", "USDT", "0.side", "BUY", "2", "null")
		r.ask("futures", "GET", "/fapi/v1/allOrders", "symbol=BTCUSDT").ok().has("1.avgPrice", "50001.0", "1.cumQuote", "25000.5", "2.status", "FILLED")
		r.ask("futures", "GET", "/fapi/v1/openOrders", "").ok().has("0.status", "NEW", "1", "null")
		r.ask("futures", "GET", "/fapi/v1/openOrder", "symbol=BTCUSDT&origClientOrderId=a:1/x.y").ok()
		r.open("side=SELL type=MARKET quantity=2 reduceOnly=true").refused(400, -2022)
		r.open("side=SELL type=MARKET quantity=1 reduceOnly=true newOrderRespType=RESULT").ok().has("status", "FILLED", "reduceOnly", "true")
		r.ask("futures", "DELETE", order1, "symbol=BTCUSDT&origClientOrderId=a:1/x.y").ok().has("status", "CANCELED", "clientOrderId", "a:1/x.y")
		r.ask("futures", "DELETE", order1, "symbol=BTCUSDT&origClientOrderId=a:1/x.y").refused(400, -2011)
		r.ask("futures", "GET", "/fapi/v3/positionRisk", "").ok().has("0", "null")
		r.ask("futures", "DELETE", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT").ok().has("code", "200")
		r.ask("futures", "GET", "/fapi/v1/commissionRate", "symbol=BTCUSDT").ok().has("takerCommissionRate", "0.0005", "makerCommissionRate", "0.0001")
		r.ask("futures", "GET", "/fapi/v1/income", "symbol=BTCUSDT").ok().has("0.incomeType", "COMMISSION", "0.income", "-12.50025000")
	})
}

func TestPerpRefusals(t *testing.T) {
	virtual(t, func(r *rig) {
		for _, c := range []struct {
			params string
			code   int
		}{
			{"side=BUY type=STOP_MARKET quantity=1", -4120},
			{"side=BUY type=LIMIT_MAKER quantity=1 price=1", -1116},
			{"side=BUY type=LIMIT timeInForce=GTD quantity=1 price=1", -1115},
			{"side=BUY positionSide=LONG type=MARKET quantity=1", -4061},
			{"side=BUY type=MARKET quantity=0", -4003},
			{"side=BUY type=MARKET quantity=0.0001", -1111},
			{"side=BUY type=MARKET quantity=1.0000", -1111},
			{"side=BUY type=MARKET quantity=101", -4005},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=0", -4001},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=40000.01", -1111},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=1 price=1000000", -4002},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=0.001 price=40000", -4164},
			{"side=BUY type=MARKET quantity=1 price=1", -1106},
			{"side=BUY type=MARKET quantity=1 newClientOrderId=" + strings.Repeat("x", 37), -4015},
			{"side=BUY type=MARKET quantity=1 newClientOrderId=a%20b", -1100},
			{"side=BUY type=MARKET quantity=1 reduceOnly=perhaps", -1130},
			{"side=BUY type=MARKET quantity=1 priceMatch=QUEUE", -1130},
			{"side=BUY type=MARKET quantity=1 closePosition=true", -4136},
			{"side=BUY type=MARKET quantity=1 newOrderRespType=FULL", -1130},
			{"side=BUY type=LIMIT timeInForce=GTX quantity=0.1 price=50001", -5022},
			{"side=BUY type=LIMIT timeInForce=FOK quantity=2 price=50001", -5021},
			{"side=BUY type=LIMIT timeInForce=GTC quantity=50 price=49000", -2019},
			{"side=BUY type=MARKET quantity=0.1 reduceOnly=true", -2022},
		} {
			r.open(c.params).refused(400, c.code)
		}
		r.ask("futures", "GET", "/fapi/v1/allOrders", "symbol=BTCUSDT").ok().has("0", "null") // none of them is recorded
		r.ask("futures", "GET", order1, "symbol=BTCUSDT&orderId=1").refused(400, -2013)
	})
}

// Market orders are held against the least notional at the mark price, unless they reduce a position.
func TestPerpWorth(t *testing.T) {
	virtual(t, func(r *rig) {
		r.open("side=BUY type=MARKET quantity=0.001").ok()
		r.publish(perpMarket, 40_000)
		r.open("side=BUY type=MARKET quantity=0.001").refused(400, -4164)
		r.open("side=SELL type=MARKET quantity=0.001").refused(400, -4164)
		r.open("side=SELL type=MARKET quantity=0.001 reduceOnly=true newOrderRespType=RESULT").ok().has("status", "FILLED")
	})
}

// What a position would bring is told alike by all who tell it.
func TestPerpProfit(t *testing.T) {
	virtual(t, func(r *rig) {
		r.open("side=BUY type=MARKET quantity=1").ok()
		r.publish(perpMarket, 60_000)
		r.ask("futures", "GET", "/fapi/v3/positionRisk", "").ok().has("0.unRealizedProfit", "9999.00000000", "0.maintMargin", "240.00000000")
		r.ask("futures", "GET", "/fapi/v3/balance", "").ok().has("0.crossUnPnl", "9999.00000000", "0.balance", "49974.99950000")
		r.ask("futures", "GET", "/fapi/v3/account", "").ok().has("totalUnrealizedProfit", "9999.00000000", "totalMaintMargin", "240.00000000",
			"totalWalletBalance", "49974.99950000", "totalMarginBalance", "59973.99950000", "assets.0.marginBalance", "59973.99950000")
	})
}

func TestPerpModify(t *testing.T) {
	virtual(t, func(r *rig) {
		modify := func(params string) answer {
			return r.ask("futures", "PUT", order1, "symbol=BTCUSDT&"+strings.ReplaceAll(params, " ", "&"))
		}
		id := text(r.open("side=BUY type=LIMIT timeInForce=GTX quantity=0.5 price=49000 newClientOrderId=a").ok().at("orderId"))
		modify("side=BUY orderId="+id+" quantity=0.6 price=49500").ok().has("orderId", id, "clientOrderId", "a", "price", "49500.0", "origQty", "0.600", "status", "NEW")
		modify("side=BUY orderId="+id+" quantity=0.6 price=49500").refused(400, -5027)
		modify("side=SELL orderId="+id+" quantity=0.6 price=49400").refused(400, -1117)
		modify("side=BUY orderId="+id+" quantity=0.6").refused(400, -1102)
		modify("side=BUY orderId="+id+" quantity=0.001 price=49000").refused(400, -4164)
		modify("side=BUY orderId=99 quantity=0.6 price=49000").refused(400, -2013)
		modify("side=BUY orderId="+id+" quantity=0.6 price=50001").ok().has("status", "CANCELED") // a GTX that would take
		modify("side=BUY orderId="+id+" quantity=0.7 price=49000").refused(400, -2013)
		b := text(r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=b").ok().at("orderId"))
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			_, _ = e.Fill(now, exchange.OrderRef{Market: perpMarket, Account: mine, VenueID: b}, dec("0.2"))
		})
		modify("side=BUY origClientOrderId=b quantity=0.2 price=49000").ok().has("status", "CANCELED", "executedQty", "0.200")
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=c").ok()
		modify("side=BUY origClientOrderId=c quantity=0.5 price=50001").ok().has("status", "FILLED")
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.4 price=49000 newClientOrderId=d").ok()
		if err := r.Injector().Add(sim.Rule{Op: sim.OpReplace, Fault: sim.Partial, Percent: 25}); err != nil {
			t.Fatal(err)
		}
		modify("side=BUY origClientOrderId=d quantity=0.4 price=50002").ok().has("status", "PARTIALLY_FILLED", "executedQty", "0.100")
	})
}

func TestPerpSettings(t *testing.T) {
	virtual(t, func(r *rig) {
		r.ask("futures", "GET", "/fapi/v1/accountConfig", "").ok().has("dualSidePosition", "false", "canTrade", "true")
		r.ask("futures", "GET", "/fapi/v1/symbolConfig", "").ok().has("0.marginType", "CROSSED")
		r.ask("futures", "GET", "/fapi/v1/positionSide/dual", "").ok().has("dualSidePosition", "false")
		r.ask("futures", "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false").refused(400, -4059)
		r.ask("futures", "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true").refused(400, -4068)
		r.ask("futures", "POST", "/fapi/v1/leverage", "symbol=BTCUSDT&leverage=10").ok().has("leverage", "10")
		r.ask("futures", "POST", "/fapi/v1/leverage", "symbol=BTCUSDT&leverage=200").refused(400, -4028)
		r.ask("futures", "POST", "/fapi/v1/marginType", "symbol=BTCUSDT&marginType=CROSSED").refused(400, -4046)
		r.ask("futures", "POST", "/fapi/v1/marginType", "symbol=BTCUSDT&marginType=ISOLATED").refused(400, -4047)
	})
}

// The dead man's switch cancels, unless it is set again in time.
func TestCountdown(t *testing.T) {
	virtual(t, func(r *rig) {
		arm := func(ms string) {
			r.ask("futures", "POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT&countdownTime="+ms).ok().has("countdownTime", ms)
		}
		working := func(want string) {
			t.Helper()
			r.ask("futures", "GET", order1, "symbol=BTCUSDT&origClientOrderId=a").ok().has("status", want)
		}
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=49000 newClientOrderId=a").ok()
		arm("2000")
		time.Sleep(1500 * time.Millisecond)
		arm("2000")
		time.Sleep(1500 * time.Millisecond)
		arm("0")
		time.Sleep(time.Hour)
		working("NEW")
		arm("2000")
		time.Sleep(2 * time.Second)
		working("CANCELED")
		r.ask("futures", "POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT").refused(400, -1102)
		r.ask("futures", "POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT&countdownTime=9223372036854775807").refused(400, -1130)
	})
}

// Keys of spot alone open nothing of futures.
func TestSpotOnly(t *testing.T) {
	virtual(t, func(r *rig) {
		r.ask("spot", "GET", "/api/v3/account", "").ok()
		r.ask("futures", "GET", "/fapi/v3/balance", "").refused(401, -2015)
		r.send("futures", "POST", "/fapi/v1/listenKey", "", "").refused(401, -2015)
	}, func(c *binancetest.Config) { c.Keys[0].SpotOnly = true })
}
