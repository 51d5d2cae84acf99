package bybittest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
)

// Each account has its own rate for each path and category, and headers tell how it stands.
func TestRatesOfAccounts(t *testing.T) {
	for _, c := range []struct {
		method, target, body string
		max                  int
	}{
		{http.MethodPost, "/v5/order/create", "{'category':'linear','symbol':'NOPE'}", 10},
		{http.MethodPost, "/v5/order/create", "{'category':'spot','symbol':'NOPE'}", 20},
		{http.MethodPost, "/v5/order/amend", "{'category':'spot','symbol':'NOPE'}", 10},
		{http.MethodPost, "/v5/order/cancel", "{'category':'spot','symbol':'NOPE'}", 20},
		{http.MethodPost, "/v5/order/cancel-all", "{'category':'linear','symbol':'NOPE'}", 10},
		{http.MethodGet, "/v5/order/realtime?category=spot", "", 50},
		{http.MethodGet, "/v5/account/fee-rate?category=spot", "", 5},
	} {
		t.Run(c.target+" "+c.body, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				ask := func(r *rig) reply { return r.do(r.request(c.method, c.target, body("%s", c.body))) }
				for i := range c.max {
					a := ask(r)
					if got := a.header.Get("X-Bapi-Limit-Status"); a.Code == 10006 || got != strconv.Itoa(c.max-1-i) || a.header.Get("X-Bapi-Limit") != strconv.Itoa(c.max) {
						t.Fatalf("request %d: %s left: %s", i, got, a.body)
					}
				}
				time.Sleep(300 * time.Millisecond)
				a := ask(r)
				reset := strconv.FormatInt(time.Now().Add(700*time.Millisecond).UnixMilli(), 10)
				if a.Code != 10006 || a.status != http.StatusOK || a.header.Get("X-Bapi-Limit-Status") != "0" || a.header.Get("X-Bapi-Limit-Reset-Timestamp") != reset {
					t.Errorf("one too many: %v %s", a.header, a.body)
				}
				if a := ask(r.as("KEY2", "second")); a.Code == 10006 {
					t.Error("another account pays for it")
				}
				time.Sleep(700 * time.Millisecond)
				if a := ask(r); a.Code == 10006 {
					t.Error("it never ends")
				}
			})
		})
	}
}

// Order entry over REST and over the socket share one rate, whose numbers are in the answer's header there.
func TestRateOfOrderEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/trade")
		for i := range 11 {
			s.send("{'reqId':'%d','header':{'X-BAPI-TIMESTAMP':'%d'},'op':'order.create','args':[{'category':'linear','symbol':'NOPE'}]}", i, time.Now().UnixMilli())
			w := s.next()
			head, _ := w["header"].(map[string]any)
			if want := map[bool]string{true: "10006", false: "10001"}[i == 10]; w.text("retCode") != want {
				t.Errorf("request %d: %v", i, w)
			}
			r.want(head, "X-Bapi-Limit-Status", strconv.Itoa(max(0, 9-i)), "X-Bapi-Limit", "10")
		}
		if a := r.post("/v5/order/create", body("{'category':'linear','symbol':'NOPE'}")); a.Code != 10006 {
			t.Errorf("over REST: %s", a.body)
		}
	})
}

// An address that asks more than 600 times in 5 seconds is shut out for ten minutes, sockets too.
func TestRateOfAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for range 600 {
			if a := r.get("/v5/market/time"); a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		shut := func() bool {
			a := r.get("/v5/market/time")
			d := websocket.Dialer{NetDialContext: r.s.Dial}
			ws, resp, err := d.Dial(r.s.URL("stream")+"/v5/public/spot", nil)
			if err == nil {
				ws.Close()
			}
			if (a.status == http.StatusForbidden) != (err != nil && resp.StatusCode == http.StatusForbidden) {
				t.Errorf("REST %d, socket %v", a.status, err)
			}
			return a.status == http.StatusForbidden && strings.Contains(a.body, "access too frequent")
		}
		if !shut() {
			t.Fatal("601 requests are taken")
		}
		time.Sleep(10*time.Minute - time.Millisecond)
		if !shut() {
			t.Error("the ban is short")
		}
		time.Sleep(time.Millisecond)
		if shut() {
			t.Error("the ban does not end")
		}
	})
}

func TestConnectsOfAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) { c.RateScale = 1 })
		d := websocket.Dialer{NetDialContext: r.s.Dial}
		refused := 0
		for range 501 {
			ws, resp, err := d.Dial(r.s.URL("stream")+"/v5/public/spot", nil)
			if err != nil && resp.StatusCode == http.StatusForbidden {
				refused++
				continue
			}
			ws.Close()
		}
		if refused != 1 {
			t.Errorf("%d of 501 handshakes refused", refused)
		}
	})
}

func TestRateScale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) { c.RateScale = 1000 })
		for range 1000 {
			if a := r.get("/v5/account/info"); a.Code != 0 || a.header.Get("X-Bapi-Limit") != "50000" {
				t.Fatal(a.header, a.body)
			}
		}
	})
}

func TestUnknownPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, req := range []*http.Request{r.request(http.MethodGet, "/v5/nowhere", ""), r.request(http.MethodGet, "/v5/order/create", "")} {
			if a := r.do(req); a.status != http.StatusNotFound || a.Code != 10017 {
				t.Errorf("%s: %d %s", req.URL.Path, a.status, a.body)
			}
		}
	})
}

func TestInstrumentPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		first, next := r.list("/v5/market/instruments-info?category=linear&limit=1")
		if len(first) != 1 || next == "" {
			t.Fatalf("%v, then %q", first, next)
		}
		filter, _ := first[0]["lotSizeFilter"].(map[string]any)
		r.want(first[0], "symbol", "BTCUSDT", "contractType", "LinearPerpetual", "status", "Trading", "settleCoin", "USDT")
		r.want(filter, "qtyStep", "0.001", "minOrderQty", "0.001", "maxOrderQty", "100", "minNotionalValue", "5")
		second, end := r.list("/v5/market/instruments-info?category=linear&limit=1&cursor=" + next)
		if len(second) != 1 || second[0].text("symbol") != "ETHUSDT" || end != "" {
			t.Errorf("%v, then %q", second, end)
		}
		spot, _ := r.list("/v5/market/instruments-info?category=spot")
		filter, _ = spot[0]["lotSizeFilter"].(map[string]any)
		r.want(filter, "basePrecision", "0.0001", "minOrderAmt", "5", "maxLimitOrderQty", "50")
		book := r.get("/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=1")
		if !strings.Contains(book.body, `"b":[["100","2"]],"a":[["101","2"]]`) && !strings.Contains(book.body, `"a":[["101","2"]],"b":[["100","2"]]`) {
			t.Errorf("book %s", book.body)
		}
		clock := r.get("/v5/market/time")
		if !strings.Contains(clock.body, `"timeNano":"`+strconv.FormatInt(time.Now().UnixNano(), 10)+`"`) || clock.Time != time.Now().UnixMilli() {
			t.Errorf("time %s", clock.body)
		}
	})
}
