package binancetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// events are what a stream told, in words: the type, then for orders execution, status, cumulative quantity and the names.
func events(all []answer) (r []string) {
	for _, a := range all {
		e := a
		if a.at("event") != nil {
			e.any = a.at("event")
		}
		if a.at("data") != nil {
			e.any = a.at("data")
		}
		switch name := text(e.at("e")); name {
		case "executionReport":
			r = append(r, strings.TrimSpace(fmt.Sprintf("%v %v %v %v %v", e.at("x"), e.at("X"), e.at("z"), e.at("c"), e.at("C"))))
		case "ORDER_TRADE_UPDATE":
			r = append(r, fmt.Sprintf("%v %v %v %v", e.at("o.x"), e.at("o.X"), e.at("o.z"), e.at("o.c")))
		case "null":
		default:
			r = append(r, name)
		}
	}
	return r
}

func (s *socket) tells(want ...string) {
	s.Helper()
	time.Sleep(time.Second)
	if got := events(s.got()); !slices.Equal(got, want) {
		s.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.clear()
}

const wallet = "outboundAccountPosition"

func TestSpotEvents(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3")
		r.call(s, "userDataStream.subscribe.signature").has("status", "200", "result.subscriptionId", "0")
		r.call(s, "userDataStream.subscribe.signature").has("status", "400", "error.code", "-2035")
		s.clear()
		const zero, half, one = "0.00000000", "0.50000000", "1.00000000"
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=1 price=50000 newClientOrderId=a").ok()
		s.tells("NEW NEW "+zero+" a", wallet)
		r.trade(spotMarket, exchange.Sell, "50000", "0.5")
		s.tells("TRADE PARTIALLY_FILLED "+half+" a", wallet)
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=a&newClientOrderId=c").ok()
		s.tells("CANCELED CANCELED "+half+" c a", wallet)
		r.place("side=BUY type=LIMIT timeInForce=IOC quantity=1.2 price=50001 newClientOrderId=b").ok()
		s.tells("NEW NEW "+zero+" b", "TRADE PARTIALLY_FILLED "+one+" b", "EXPIRED EXPIRED "+one+" b", wallet)
		r.place("side=SELL type=MARKET quantity=1.5 newClientOrderId=d").ok()
		s.tells("NEW NEW "+zero+" d", "TRADE PARTIALLY_FILLED "+one+" d", "TRADE FILLED 1.50000000 d", wallet)
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.5 price=40000 newClientOrderId=e").ok()
		s.tells("NEW NEW "+zero+" e", wallet)
		r.ask("spot", "PUT", order3+"/amend/keepPriority", "symbol=BTCUSDT&origClientOrderId=e&newQty=0.4&newClientOrderId=f").ok()
		s.tells("REPLACED NEW "+zero+" f e", wallet)
		r.ask("spot", "POST", order3+"/cancelReplace", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.3&price=41000&newClientOrderId=h&"+
			"cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=f&cancelNewClientOrderId=g").ok()
		s.tells("CANCELED CANCELED "+zero+" g f", wallet, "NEW NEW "+zero+" h", wallet)
		r.call(s, "session.subscriptions").has("result.0.subscriptionId", "0")
		r.call(s, "userDataStream.unsubscribe").has("status", "200")
		r.call(s, "userDataStream.unsubscribe").has("error.code", "-2036")
		s.clear()
		r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").ok()
		s.tells()
	})
}

// What an order of one's own would take of another is prevented.
func TestSelfTrade(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3")
		r.call(s, "userDataStream.subscribe.signature")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=50000 newClientOrderId=a").ok()
		s.clear()
		r.place("side=SELL type=LIMIT timeInForce=IOC quantity=0.1 price=50000 newClientOrderId=b").ok()
		time.Sleep(time.Second)
		told := strings.Join(events(s.got()), "\n")
		if !strings.Contains(told, "TRADE_PREVENTION EXPIRED_IN_MATCH 0.00000000 a") {
			t.Errorf("told\n%s", told)
		}
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").ok().has("status", "EXPIRED_IN_MATCH")
	})
}

func TestPerpEvents(t *testing.T) {
	virtual(t, func(r *rig) {
		key := text(r.send("futures", "POST", "/fapi/v1/listenKey", "", "").ok().at("listenKey"))
		s := r.dial("futuresprivate", "/private/ws?listenKey="+key)
		only := r.dial("futuresprivate", "/private/stream?listenKey="+key+"&events=ORDER_TRADE_UPDATE")
		s.clear()
		const zero, half, one = "0.000", "0.500", "1.000"
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=1 price=50000 newClientOrderId=a").ok()
		s.tells("NEW NEW " + zero + " a")
		only.last().has("stream", key, "data.o.c", "a", "data.o.n", "null", "data.o.ps", "BOTH")
		r.trade(perpMarket, exchange.Sell, "50000", "0.5")
		s.tells("TRADE_LITE", "TRADE PARTIALLY_FILLED "+half+" a", "ACCOUNT_UPDATE")
		only.last().has("data.o.L", "50000.0", "data.o.n", "2.50000000", "data.o.N", "USDT", "data.o.m", "true")
		r.ask("futures", "PUT", order1, "symbol=BTCUSDT&side=BUY&origClientOrderId=a&quantity=0.9&price=49000").ok()
		s.tells("AMENDMENT PARTIALLY_FILLED " + half + " a")
		r.ask("futures", "DELETE", order1, "symbol=BTCUSDT&origClientOrderId=a").ok()
		s.tells("CANCELED CANCELED " + half + " a")
		r.open("side=SELL type=LIMIT timeInForce=IOC quantity=1.2 price=49999 newClientOrderId=b").ok()
		s.tells("NEW NEW "+zero+" b", "TRADE_LITE", "TRADE PARTIALLY_FILLED "+one+" b", "EXPIRED EXPIRED "+one+" b", "ACCOUNT_UPDATE")
		r.Floor().Do(func(now time.Time, e *sim.Engine) { _, _ = e.Fund(now, perpMarket.Symbol, dec("0.001")) })
		time.Sleep(time.Second)
		s.last().has("a.m", "FUNDING_FEE", "a.B.0.a", "USDT")
	})
}

func TestListenKeys(t *testing.T) {
	virtual(t, func(r *rig) {
		make := func() string {
			return text(r.send("futures", "POST", "/fapi/v1/listenKey", "", "").ok().at("listenKey"))
		}
		r.send("futures", "PUT", "/fapi/v1/listenKey", "", "").refused(400, -1125)
		key := make()
		if make() != key {
			t.Error("a second key while the first lives")
		}
		s := r.dial("futuresprivate", "/private/ws?listenKey="+key)
		time.Sleep(50 * time.Minute)
		r.send("futures", "PUT", "/fapi/v1/listenKey", "", "").ok()
		time.Sleep(50 * time.Minute)
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000").ok()
		if events(s.got()) == nil {
			t.Error("silent although the key was prolonged")
		}
		time.Sleep(11 * time.Minute)
		if _, isText := s.last().at("E").(string); !isText {
			t.Errorf("the time of listenKeyExpired is a text: %s", s.last().raw)
		}
		s.tells("NEW NEW 0.000 "+text(r.ask("futures", "GET", "/fapi/v1/openOrders", "").at("0.clientOrderId")), "listenKeyExpired")
		r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000").ok()
		s.tells()
		r.send("futures", "PUT", "/fapi/v1/listenKey", "", "").refused(400, -1125)
		if next := make(); next == key {
			t.Error("the same key again")
		}
		s = r.dial("futuresprivate", "/private/ws?listenKey="+make())
		r.ExpireListenKeys()
		s.tells("listenKeyExpired")
		make()
		r.send("futures", "DELETE", "/fapi/v1/listenKey", "", "").ok()
		r.send("futures", "DELETE", "/fapi/v1/listenKey", "", "").refused(400, -1125)
		silent := r.dial("futuresprivate", "/private/ws?listenKey=none")
		r.open("side=BUY type=MARKET quantity=0.1").ok()
		silent.tells()
	})
}

func TestAPIOrders(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3")
		r.bare(s, "ping").has("status", "200", "result", "{}", "rateLimits.0.rateLimitType", "REQUEST_WEIGHT", "rateLimits.0.limit", "6000")
		r.bare(s, "time").has("result.serverTime", text(time.Now().UnixMilli()))
		r.bare(s, "depth", "symbol", "BTCUSDT", "limit", "1").has("result.bids.0.0", "49999.00000000")
		r.call(s, "order.place", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", "49000",
			"newClientOrderId", "a", "newOrderRespType", "").has("status", "200", "result.status", "NEW", "rateLimits.0.rateLimitType", "ORDERS", "rateLimits.0.count", "1",
			"rateLimits.1.interval", "DAY", "rateLimits.2.rateLimitType", "REQUEST_WEIGHT")
		r.call(s, "order.status", "symbol", "BTCUSDT", "origClientOrderId", "a").has("result.isWorking", "true")
		r.call(s, "openOrders.status", "symbol", "BTCUSDT").has("result.0.clientOrderId", "a")
		r.call(s, "order.amend.keepPriority", "symbol", "BTCUSDT", "origClientOrderId", "a", "newQty", "0.05", "newClientOrderId", "a").has("result.amendedOrder.qty", "0.05000000")
		r.call(s, "order.cancelReplace", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "9", "price", "49000",
			"cancelReplaceMode", "STOP_ON_FAILURE", "cancelOrigClientOrderId", "a").has("status", "409", "error.code", "-2021", "error.data.cancelResult", "SUCCESS",
			"error.data.newOrderResponse.code", "-2010")
		r.call(s, "order.cancel", "symbol", "BTCUSDT", "origClientOrderId", "a").has("status", "400", "error.code", "-2011")
		r.call(s, "order.test", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "1").has("result", "{}")
		r.call(s, "account.status", "returnRateLimits", "false").has("result.balances.0.asset", "BTC", "rateLimits", "null")
		r.call(s, "myTrades", "symbol", "BTCUSDT").has("result.0", "null", "status", "200")
		r.call(s, "openOrders.cancelAll", "symbol", "BTCUSDT").has("error.code", "-2011")
		r.bare(s, "order.what").has("status", "400")
		r.bare(s, "order.status", "symbol", "BTCUSDT").has("status", "401", "error.code", "-2014")
		s.say("what")
		s.last().has("error.code", "-1135", "id", "null")
		s.say(`{"id":7,"method":"ping"}`)
		s.last().has("id", "7", "status", "200")

		f := r.dial("futuresapi", "/ws-fapi/v1")
		r.call(f, "order.place", "symbol", "BTCUSDT", "side", "BUY", "type", "MARKET", "quantity", "0.1", "newOrderRespType", "RESULT").has("result.status", "FILLED")
		r.call(f, "order.place", "symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.1", "price", "49000", "newClientOrderId", "b")
		r.call(f, "order.modify", "symbol", "BTCUSDT", "side", "BUY", "origClientOrderId", "b", "quantity", "0.2", "price", "48000").has("result.price", "48000.0")
		r.call(f, "order.cancel", "symbol", "BTCUSDT", "origClientOrderId", "b").has("result.status", "CANCELED")
		r.call(f, "v2/account.position").has("result.0.positionAmt", "0.100")
		r.call(f, "v2/account.balance").has("result.0.asset", "USDT")
		r.call(f, "v2/account.status").has("status", "200")
		r.call(f, "openOrders.cancelAll", "symbol", "BTCUSDT").has("status", "400") // futures have none
	})
}

// Ed25519 keys make a session, in which requests need no signature.
func TestSession(t *testing.T) {
	public, sign := edKey(t)
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3?returnRateLimits=false")
		now := func() string { return text(time.Now().UnixMilli()) }
		r.call(s, "session.logon").has("status", "400") // an HMAC key
		r.bare(s, "userDataStream.subscribe").has("status", "401")
		r.key, r.signing = "ed", sign
		r.bare(s, "order.cancel", "symbol", "BTCUSDT", "orderId", "1", "timestamp", now()).has("error.code", "-2014")
		r.call(s, "session.logon").has("status", "200", "result.apiKey", "ed", "rateLimits", "null")
		r.bare(s, "session.status").has("result.apiKey", "ed", "result.userDataStream", "false")
		r.bare(s, "order.cancel", "symbol", "BTCUSDT", "orderId", "1", "timestamp", now()).has("error.code", "-2011")
		r.bare(s, "order.cancel", "symbol", "BTCUSDT", "orderId", "1").has("error.code", "-1102")
		r.bare(s, "order.cancel", "symbol", "BTCUSDT", "orderId", "1", "timestamp", now(), "signature", "x").has("error.code", "-1022")
		r.bare(s, "userDataStream.subscribe").has("result.subscriptionId", "0")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000 newClientOrderId=a").ok()
		s.tells("NEW NEW 0.00000000 a", wallet)
		r.bare(s, "session.logout").has("result.apiKey", "null")
		r.bare(s, "order.cancel", "symbol", "BTCUSDT", "orderId", "1", "timestamp", now()).has("error.code", "-2014")
	}, func(c *binancetest.Config) {
		c.Keys = append(c.Keys, binancetest.Key{Account: mine, Key: "ed", PublicKey: public})
	})
}

// Orders that another door lets in are told like all others, and can be cancelled.
func TestOtherDoors(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3")
		r.call(s, "userDataStream.subscribe.signature")
		s.clear()
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			_, _ = e.Submit(now, exchange.OrderRequest{Market: spotMarket, Account: mine, ClientID: "door", Side: exchange.Buy, Price: dec("49000"), Quantity: dec("0.1"), PostOnly: true})
		})
		s.tells("NEW NEW 0.00000000 door", wallet)
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=door").ok().has("type", "LIMIT_MAKER")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=49000 newClientOrderId=door").ok()
	})
}

// More events at once than the engine keeps end the streams.
func TestLostEvents(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("spotapi", "/ws-api/v3")
		r.call(s, "userDataStream.subscribe.signature")
		s.clear()
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			for i := range 40_000 {
				q := exchange.OrderRequest{Market: spotMarket, Account: mine, ClientID: fmt.Sprint(i), Side: exchange.Buy, Price: dec("10000"), Quantity: dec("0.001")}
				_, _ = e.Submit(now, q)
				_, _ = e.Cancel(now, q.Ref())
			}
		})
		time.Sleep(2 * time.Second)
		if got := events(s.got()); !slices.Equal(got, []string{"eventStreamTerminated"}) || s.end() == nil {
			t.Errorf("told %v, ended %v", got, s.end())
		}
		if _, ok := s.end().(*websocket.CloseError); !ok {
			t.Errorf("%v", s.end())
		}
	})
}
