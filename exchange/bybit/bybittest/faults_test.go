package bybittest_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What the wire shows of each fault that an order can meet, and whether the order exists afterwards.
func TestFaultsOfOrders(t *testing.T) {
	for _, c := range []struct {
		fault  sim.Fault
		status int    // 0: no answer
		code   string // in the answer
		exists bool
	}{
		{sim.LostAck, 0, "", true},
		{sim.Refused, 200, `"retCode":110071`, false},
		{sim.Partial, 200, `"retCode":0`, true},
		{sim.Late, 200, `"retCode":10002`, false},
		{sim.Slow, 200, `"retCode":0`, true},
		{sim.SlowAck, 200, `"retCode":0`, true},
		{sim.Duplicated, 200, `"retCode":0`, true},
		{sim.RejectAfterAck, 200, `"retCode":0`, true},
		{sim.Reset, 0, "", false},
		{sim.ResetAfter, 0, "", true},
		{sim.HalfAnswer, 0, "", true},
		{sim.Garbage, 200, "", true},
		{sim.HTML, 502, "<html>", true},
		{sim.Empty, 200, "", true},
		{sim.RateLimited, 200, `"retCode":10006`, false},
		{sim.Banned, 403, "access too frequent", false},
		{sim.Overloaded503, 429, `"retCode":429`, false},
		{sim.Unknown503, 200, `"retCode":10000`, true},
		{sim.Failed503, 503, `"retCode":10016`, false},
		{sim.ServerError, 200, `"retCode":10016`, true},
		{sim.Skew, 200, `"retCode":10002`, false},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.http.Timeout = 10 * time.Second
				must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: c.fault, For: time.Second}))
				text := body("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}")
				resp, err := r.http.Do(r.request(http.MethodPost, "/v5/order/create", text))
				status, told := 0, ""
				if err == nil {
					b, broken := io.ReadAll(resp.Body)
					resp.Body.Close()
					if broken == nil {
						status, told = resp.StatusCode, string(b)
					}
				}
				if status != c.status || !strings.Contains(told, c.code) {
					t.Errorf("%d %q, %v; want %d %s", status, told, err, c.status, c.code)
				}
				time.Sleep(time.Minute)
				rows, _ := r.list("/v5/order/realtime?category=linear&symbol=BTCUSDT&orderLinkId=a")
				if (len(rows) == 1) != c.exists {
					t.Errorf("%d orders, want %v", len(rows), c.exists)
				}
				if n := r.s.Injector().Calls(sim.OpPlace); n != 1 {
					t.Errorf("%d calls counted", n)
				}
			})
		})
	}
}

// The same over the order entry socket: answers that are lost do not hold up the others.
func TestFaultsOfOrderEntry(t *testing.T) {
	for _, c := range []struct {
		fault  sim.Fault
		code   string // "": no answer, the socket lives; "-": it ends
		exists bool
	}{
		{sim.LostAck, "", true},
		{sim.Refused, "110071", false},
		{sim.Late, "10002", false},
		{sim.Slow, "0", true},
		{sim.Duplicated, "0", true},
		{sim.RejectAfterAck, "0", true},
		{sim.Reset, "-", false},
		{sim.ResetAfter, "-", true},
		{sim.HalfAnswer, "-", true},
		{sim.RateLimited, "10006", false},
		{sim.Banned, "10403", false},
		{sim.Overloaded503, "429", false},
		{sim.Unknown503, "10000", true},
		{sim.ServerError, "10016", true},
		{sim.Skew, "10002", false},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				s := r.login("/v5/trade")
				must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: c.fault, For: time.Second}))
				s.send("{'reqId':'1','header':{'X-BAPI-TIMESTAMP':'%d'},'op':'order.create','args':[{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90','orderLinkId':'a'}]}",
					time.Now().UnixMilli())
				switch c.code {
				case "":
					s.quiet(time.Minute)
				case "-":
					s.ended()
				default:
					r.want(s.next(), "retCode", c.code, "reqId", "1")
				}
				time.Sleep(time.Minute)
				rows, _ := r.list("/v5/order/realtime?category=spot&orderLinkId=a")
				if (len(rows) == 1) != c.exists {
					t.Errorf("%d orders, want %v", len(rows), c.exists)
				}
			})
		})
	}
}

// A cancellation that is acknowledged, and a fill that crosses it: the client hears of the fill after the answer.
func TestFillAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/private", "order", "execution")
		r.order("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'2','price':'95','orderLinkId':'a'}")
		s.news("order")
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpCancel, Fault: sim.FillAfterCancel, Percent: 50}))
		if a := r.post("/v5/order/cancel", body("{'category':'spot','symbol':'BTCUSDT','orderLinkId':'a'}")); a.Code != 0 {
			t.Fatal(a.body)
		}
		r.want(r.look("spot", "a"), "orderStatus", "New")
		r.want(s.news("order"), "orderStatus", "PartiallyFilled", "cumExecQty", "1", "cumExecValue", "95")
		r.want(s.news("order"), "orderStatus", "PartiallyFilledCanceled", "cancelType", "CancelByUser")
		r.want(s.news("execution"), "execQty", "1", "isMaker", "true")
	})
}

// An order that was acknowledged and then refused: what the stream tells.
func TestRejectAfterAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		s := r.login("/v5/private", "order")
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: sim.RejectAfterAck}))
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'2','price':'101','orderLinkId':'a'}")
		r.want(s.news("order"), "orderStatus", "New")
		r.want(s.news("order"), "orderStatus", "Rejected", "rejectReason", "EC_Others", "cumExecQty", "0")
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpReplace, Fault: sim.RejectAfterAck}, sim.Rule{Op: sim.OpCancel, Fault: sim.RejectAfterAck}))
		r.order("{'category':'linear','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'2','price':'90','orderLinkId':'b'}")
		for _, path := range []string{"amend", "cancel"} {
			if a := r.post("/v5/order/"+path, body("{'category':'linear','symbol':'BTCUSDT','orderLinkId':'b','qty':'3'}")); a.Code != 0 {
				t.Error(a.body)
			}
			r.want(r.look("linear", "b"), "orderStatus", "New", "qty", "2")
		}
	})
}

// Handshakes, logins and subscriptions have their faults.
func TestFaultsOfSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, rule := range []sim.Rule{
			{Op: sim.OpLogin, Fault: sim.Skew}, {Op: sim.OpLogin, Fault: sim.Late}, {Op: sim.OpLogin, Fault: sim.Refused},
		} {
			must(t, r.s.Injector().Add(rule))
			s := r.dial("/v5/private")
			at := time.Now().Add(time.Second).UnixMilli()
			s.send("{'op':'auth','args':['KEY1',%d,'%s']}", at, r.hmac("GET/realtime"+milli(at)))
			w := s.next()
			r.want(w, "success", "false", "op", "auth")
			if expired := strings.Contains(w.text("ret_msg"), "expired"); expired != (rule.Fault != sim.Refused) {
				t.Errorf("%s: %v", rule.Fault, w)
			}
		}
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpSubscribe, Fault: sim.Refused}))
		s := r.dial("/v5/public/spot")
		s.send("{'op':'subscribe','args':['orderbook.50.BTCUSDT']}")
		r.want(s.next(), "success", "false")
		s.send("{'op':'subscribe','args':['orderbook.50.BTCUSDT']}")
		r.want(s.next(), "success", "true")
		s.next()
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpBooks, Fault: sim.Drop}))
		for i := range 2 {
			r.publish("BTC-USDT", []string{"100", milli(int64(3 + i))}, []string{"101", "2"})
			time.Sleep(time.Second)
		}
		if w := s.next(); !strings.Contains(w.text("data"), "4") {
			t.Errorf("after a lost message: %v", w)
		}
	})
}

func milli(n int64) string { return strconv.FormatInt(n, 10) }

// The clock of latency: an answer takes both ways.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *bybittest.Config) {
			c.Latency = sim.Latency{Entry: sim.Delay{Min: 20 * time.Millisecond}, Response: sim.Delay{Min: 30 * time.Millisecond}}
		})
		began := time.Now()
		r.get("/v5/account/info")
		if took := time.Since(began); took != 50*time.Millisecond {
			t.Errorf("an answer after %v", took)
		}
	})
}

// Close ends what is under way: the bubble would wait for it.
func TestCloseInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		must(t, r.s.Injector().Add(sim.Rule{Op: sim.OpRead, Fault: sim.LostAck}))
		r.login("/v5/private", "order", "dcp.spot")
		done := make(chan error)
		go func() {
			resp, err := r.http.Do(r.request(http.MethodGet, "/v5/account/info", ""))
			if err == nil {
				resp.Body.Close()
				err = errors.New("an answer")
			}
			done <- err
		}()
		time.Sleep(time.Second)
		r.s.Close()
		if err := <-done; err == nil || err.Error() == "an answer" {
			t.Errorf("the request ended with %v", err)
		}
		r.s.Close()
	})
}
