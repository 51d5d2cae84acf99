package binancetest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func (r *rig) headers(pairs ...string) {
	r.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := r.header.Get(pairs[i]); got != pairs[i+1] {
			r.Errorf("%s: %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

const (
	weight = "X-MBX-USED-WEIGHT-1M"
	orders = "X-MBX-ORDER-COUNT-10S"
)

func TestWeights(t *testing.T) {
	virtual(t, func(r *rig) {
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.001 price=40000"
		r.get("spot", "/api/v3/exchangeInfo")
		r.headers(weight, "20", "X-MBX-USED-WEIGHT", "20", orders, "")
		r.send("spot", "GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000", "")
		r.headers(weight, "270")
		r.place(rest).ok() // orders that succeed weigh nothing
		r.headers(weight, "270", orders, "1", "X-MBX-ORDER-COUNT-1D", "1")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=9 price=40000").refused(400, -2010)
		r.headers(weight, "271", orders, "2")
		r.place("side=BUY type=MARKET quantity=0.001").ok() // it filled: no unfilled order
		r.headers(orders, "2")
		r.ask("spot", "GET", "/api/v3/openOrders", "")
		r.headers(weight, "351")
		r.ask("spot", "GET", "/api/v3/rateLimit/order", "").has("0.count", "2", "0.intervalNum", "10", "1.interval", "DAY")
		r.ask("futures", "GET", "/fapi/v1/openOrders", "")
		r.headers(weight, "40", "X-MBX-USED-WEIGHT", "")
		r.open("side=BUY type=MARKET quantity=0.1").ok()
		r.headers(weight, "40", orders, "1", "X-MBX-ORDER-COUNT-1M", "1")
		time.Sleep(time.Minute)
		r.get("spot", "/api/v3/ping")
		r.headers(weight, "1")
		s := r.dial("spotapi", "/ws-api/v3") // REST and the WebSocket API are counted together
		r.bare(s, "ping").has("rateLimits.0.count", "4")
	})
}

// Too much weight is refused until the minute is over; who goes on is shut out, longer each time.
func TestWeightLimit(t *testing.T) {
	virtual(t, func(r *rig) {
		for range 4 {
			r.get("spot", "/api/v3/ping").ok()
		}
		time.Sleep(15 * time.Second)
		r.get("spot", "/api/v3/exchangeInfo").refused(429, -1003)
		r.headers("Retry-After", "45", weight, "4")
		time.Sleep(45 * time.Second)
		r.get("spot", "/api/v3/exchangeInfo").ok()
		s := r.dial("spotapi", "/ws-api/v3")
		refused := r.bare(s, "exchangeInfo").has("status", "429", "error.code", "-1003")
		if until := integer(refused, "error.data.retryAfter"); until != time.Now().Add(time.Minute).UnixMilli() {
			t.Errorf("retryAfter %d: %s", until, refused.raw)
		}
		for range 2 {
			r.get("spot", "/api/v3/exchangeInfo")
		}
		a := r.get("spot", "/api/v3/time").refused(418, -1003)
		r.headers("Retry-After", "120")
		if !strings.Contains(text(a.at("msg")), "IP banned until "+strconv.FormatInt(time.Now().Add(2*time.Minute).UnixMilli(), 10)) {
			t.Error(a.raw)
		}
		r.get("futures", "/fapi/v1/ping").ok() // another system
		time.Sleep(2*time.Minute + time.Second)
		r.get("spot", "/api/v3/ping").ok()
	}, func(c *binancetest.Config) { c.Limits.SpotWeight, c.Limits.Offences = 23, 3 })
}

func TestOrderLimit(t *testing.T) {
	virtual(t, func(r *rig) {
		const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.001 price=40000"
		r.place(rest).ok()
		r.place(rest).ok()
		a := r.place(rest).refused(429, -1015)
		if text(a.at("msg")) != "Too many new orders; current limit is 2 orders per 10 SECOND." {
			t.Error(a.raw)
		}
		r.get("spot", "/api/v3/ping").ok()
		r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").ok() // cancellations are free
		r.as("k2", "s2")
		r.place(rest).ok() // another account's
		r.as("k1", "s1")
		time.Sleep(10 * time.Second)
		r.place(rest).ok()
		r.place(rest).ok()
		time.Sleep(10 * time.Second)
		r.place(rest).ok()
		time.Sleep(10 * time.Second)
		if a := r.place(rest).refused(429, -1015); !strings.Contains(a.raw, "5 orders per 1 DAY") {
			t.Error(a.raw)
		}
	}, func(c *binancetest.Config) { c.Limits.SpotOrders10s, c.Limits.SpotOrdersDay = 2, 5 })
}

// What has begun to fill is no unfilled order any more: at once or later, in whole or in part, as an order or as a cancelReplace's.
func TestUnfilledOrders(t *testing.T) {
	for _, c := range []struct {
		name      string
		do        func(r *rig)
		short, in string // the counts of 10 seconds and of the day then
	}{
		{"rests", func(r *rig) { r.rest("a") }, "1", "1"},
		{"canceled", func(r *rig) { r.rest("a"); r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").ok() }, "1", "1"},
		{"fills later", func(r *rig) { r.rest("a"); r.publish(spotMarket, 39_000) }, "0", "0"},
		{"fills in part, twice", func(r *rig) { r.rest("b"); r.rest("a"); r.fill("a"); r.fill("a") }, "1", "1"},
		{"fills in the next window", func(r *rig) { r.rest("a"); time.Sleep(10 * time.Second); r.rest("b"); r.fill("a") }, "1", "1"},
		{"partly at once", func(r *rig) { r.place("side=BUY type=LIMIT timeInForce=GTC quantity=1.5 price=50001").ok() }, "0", "0"},
		{"replaces and fills", func(r *rig) {
			r.rest("a")
			r.ask("spot", "POST", order3+"/cancelReplace", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=a").ok()
		}, "1", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				c.do(r)
				r.ask("spot", "GET", "/api/v3/rateLimit/order", "").has("0.count", c.short, "1.count", c.in)
			})
		})
	}
}

// rest leaves an order of spot on the book.
func (r *rig) rest(name string) {
	r.Helper()
	r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId=" + name).ok()
}

// fill fills a little of one.
func (r *rig) fill(name string) {
	r.Helper()
	r.Floor().Do(func(now time.Time, e *sim.Engine) {
		if _, err := e.Fill(now, exchange.OrderRef{Market: spotMarket, Account: mine, ClientID: name}, dec("0.01")); err != nil {
			r.Error(err)
		}
	})
}

// An account has 200 orders on a symbol and no more; an order of spot is amended ten times.
func TestFiltersThatCount(t *testing.T) {
	virtual(t, func(r *rig) {
		const spot, perp = "side=BUY type=LIMIT timeInForce=GTC quantity=0.001 price=40000", "side=BUY type=LIMIT timeInForce=GTC quantity=0.002 price=40000"
		for range 199 {
			r.place(spot).ok()
			r.open(perp).ok()
		}
		r.place(spot + " newClientOrderId=last").ok()
		r.open(perp + " newClientOrderId=last").ok()
		if a := r.place(spot).refused(400, -1013); text(a.at("msg")) != "Filter failure: MAX_NUM_ORDERS" {
			t.Error(a.raw)
		}
		r.open(perp).refused(400, -2025)
		r.place("side=BUY type=MARKET quantity=0.001").ok()
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=last").ok()
		r.ask("futures", "DELETE", order1, "symbol=BTCUSDT&origClientOrderId=last").ok()
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId=a").ok()
		r.open(perp).ok()
		for i := range 11 {
			a := r.ask("spot", "PUT", order3+"/amend/keepPriority", "symbol=BTCUSDT&origClientOrderId=a&newClientOrderId=a&newQty=0.0"+strconv.Itoa(90-i))
			if i < 10 {
				a.ok()
			} else if a.refused(400, -1013); text(a.at("msg")) != "Filter failure: MAX_NUM_ORDER_AMENDS" {
				t.Error(a.raw)
			}
		}
	}, func(c *binancetest.Config) { c.Limits.SpotOrders10s, c.Limits.FuturesOrders10s = 1000, 1000 })
}

// A cancelReplace that comes when there are too many orders does nothing, or cancels and no more.
func TestOrderLimitOfReplacements(t *testing.T) {
	for _, c := range []struct {
		name, params string
		status, code int
		was          string // the order's status then
		data         []string
	}{
		{"nothing", "cancelReplaceMode=STOP_ON_FAILURE", 429, -1015, "NEW", nil},
		{"nothing, said", "cancelReplaceMode=ALLOW_FAILURE&orderRateLimitExceededMode=DO_NOTHING", 429, -1015, "NEW", nil},
		{"cancels", "cancelReplaceMode=STOP_ON_FAILURE&orderRateLimitExceededMode=CANCEL_ONLY", 429, -2021, "CANCELED",
			[]string{"data.cancelResult", "SUCCESS", "data.newOrderResult", "FAILURE", "data.newOrderResponse.code", "-1015"}},
		{"cancels, failure allowed", "cancelReplaceMode=ALLOW_FAILURE&orderRateLimitExceededMode=CANCEL_ONLY", 409, -2021, "CANCELED",
			[]string{"data.cancelResult", "SUCCESS", "data.newOrderResult", "FAILURE", "data.newOrderResponse.code", "-1015"}},
		{"cannot cancel", "cancelReplaceMode=STOP_ON_FAILURE&orderRateLimitExceededMode=CANCEL_ONLY&cancelRestrictions=ONLY_PARTIALLY_FILLED", 429, -2022, "NEW",
			[]string{"data.cancelResult", "FAILURE", "data.newOrderResult", "NOT_ATTEMPTED"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				const rest = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000&newClientOrderId="
				r.ask("spot", "POST", order3, rest+"a").ok()
				r.ask("spot", "POST", order3+"/cancelReplace", rest+"b&cancelOrigClientOrderId=a&"+c.params).refused(c.status, c.code).has(c.data...)
				r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").has("status", c.was)
				r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=b").refused(400, -2013)
			}, func(c *binancetest.Config) { c.Limits.SpotOrders10s = 1 })
		})
	}
}

func TestRequestLimit(t *testing.T) {
	virtual(t, func(r *rig) {
		for range 3 {
			r.get("spot", "/api/v3/ping").ok()
		}
		r.get("spot", "/api/v3/ping").refused(429, -1003)
		time.Sleep(5 * time.Minute)
		r.get("spot", "/api/v3/ping").ok()
	}, func(c *binancetest.Config) { c.Limits.SpotRequests = 3 })
}
