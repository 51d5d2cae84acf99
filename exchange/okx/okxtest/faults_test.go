package okxtest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What a client sees of each fault of a request, and whether the order is there afterwards.
func TestRequestFaults(t *testing.T) {
	for _, tt := range []struct {
		fault  sim.Fault
		rest   string // status and code; or what is wrong with the answer
		socket string // code; or what is wrong
		done   bool
	}{
		{sim.LostAck, "no answer", "silent", true},
		{sim.Refused, "200 1 51022", "1 51022", false},
		{sim.Slow, "200 0 0", "0 0", true},
		{sim.SlowAck, "200 0 0", "0 0", true},
		{sim.Duplicated, "200 0 0", "0 0", true},
		{sim.Late, "200 1 50036", "1 50036", false},
		{sim.Reset, "no answer", "closed", false},
		{sim.ResetAfter, "no answer", "closed", true},
		{sim.HalfAnswer, "no answer", "closed", true},
		{sim.Garbage, "200 ", "broken", true},
		{sim.Empty, "200 ", "broken", true},
		{sim.HTML, "502 ", "", true},
		{sim.RateLimited, "429 50011", "60014", false},
		{sim.Banned, "403 ", "60014", false},
		{sim.Overloaded503, "429 50013", "", false},
		{sim.Unknown503, "400 50004", "", true},
		{sim.Failed503, "503 50001", "", false},
		{sim.ServerError, "500 50026", "63999", true},
		{sim.Skew, "401 50102", "50036", false},
	} {
		rule := sim.Rule{Op: sim.OpPlace, Fault: tt.fault, Key: "a1", For: time.Second}
		t.Run("REST "+string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				if err := r.Injector().Add(rule); err != nil {
					t.Fatal(err)
				}
				a, err := r.send(r.request(http.MethodPost, placePath, order("clOrdId=a1"), func(q *http.Request) {
					q.Header.Set("expTime", millis(time.Now().Add(5*time.Second)))
				}))
				got := fmt.Sprintf("%d %s", a.status, a.Code)
				if a.row() != nil {
					got += fmt.Sprint(" ", a.row()["sCode"])
				}
				if err != nil {
					got = "no answer"
					if tt.fault == sim.Garbage {
						got = "200 "
					}
				}
				if got != tt.rest {
					t.Errorf("%s, want %s: %s", got, tt.rest, a.raw)
				}
				r.there(tt.done)
			})
		})
		if tt.socket == "" {
			continue
		}
		t.Run("WebSocket "+string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.private()
				if err := r.Injector().Add(rule); err != nil {
					t.Fatal(err)
				}
				body := strings.Replace(order("clOrdId=a1 instId=-"), "{", `{"instIdCode":10459,`, 1)
				s.write(`{"id":"1","op":"order","expTime":"` + millis(time.Now().Add(5*time.Second)) + `","args":[` + body + `]}`)
				if got := s.heardAnswer(); got != tt.socket {
					t.Errorf("%s, want %s", got, tt.socket)
				}
				r.there(tt.done)
			})
		})
	}
}

// there checks whether the order a1 works.
func (r *rig) there(want bool) {
	r.Helper()
	time.Sleep(20 * time.Second)
	a := r.get("/api/v5/trade/orders-pending")
	if a.Code != "0" || (len(a.Data) == 1) != want {
		r.Errorf("%s: want it there: %v", a.raw, want)
	}
}

// heardAnswer is what comes within ten seconds.
func (s *socket) heardAnswer() string {
	_ = s.c.SetReadDeadline(time.Now().Add(10 * time.Second))
	text, err := s.next()
	switch {
	case err != nil && strings.Contains(err.Error(), "timeout"):
		return "silent"
	case err != nil:
		return "closed"
	case !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}"):
		return "broken"
	}
	_, code, _ := strings.Cut(text, `"code":"`)
	code, _, _ = strings.Cut(code, `"`)
	if _, row, ok := strings.Cut(text, `"sCode":"`); ok {
		row, _, _ = strings.Cut(row, `"`)
		return code + " " + row
	}
	return code
}

// Faults of an order's life: what becomes of it.
func TestOrderFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		rule sim.Rule
		do   func(*rig)
		want string
	}{
		{"a part executes", sim.Rule{Op: sim.OpPlace, Fault: sim.Partial, Percent: 50}, func(r *rig) { r.place(order("px=50001 clOrdId=a1 sz=0.01")) }, "state=partially_filled accFillSz=0.005"},
		{"refused after the acknowledgement", sim.Rule{Op: sim.OpPlace, Fault: sim.RejectAfterAck}, func(r *rig) { r.place(order("px=50001 clOrdId=a1")) }, "state=canceled cancelSource=0 accFillSz=0"},
		{"filled before the cancellation", sim.Rule{Op: sim.OpCancel, Fault: sim.FillAfterCancel, Percent: 40}, func(r *rig) {
			r.place(order("clOrdId=a1 sz=0.01"))
			r.want(r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","clOrdId":"a1"}`).row(), "sCode=0")
		}, "state=canceled accFillSz=0.004 cancelSource=1"},
		{"filled whole before the cancellation", sim.Rule{Op: sim.OpCancel, Fault: sim.FillAfterCancel, Percent: 100}, func(r *rig) {
			r.place(order("clOrdId=a1 sz=0.01"))
			r.want(r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","clOrdId":"a1"}`).row(), "sCode=0")
		}, "state=filled accFillSz=0.01"},
		{"a cancellation that is forgotten", sim.Rule{Op: sim.OpCancel, Fault: sim.RejectAfterAck}, func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.want(r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","clOrdId":"a1"}`).row(), "sCode=0")
		}, "state=live"},
		{"filled before the amendment", sim.Rule{Op: sim.OpReplace, Fault: sim.FillAfterCancel, Percent: 100}, func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.want(r.post("/api/v5/trade/amend-order", `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"48000"}`).row(), "sCode=0")
		}, "state=filled px=49000"},
		{"an amendment that fails", sim.Rule{Op: sim.OpReplace, Fault: sim.RejectAfterAck}, func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.want(r.post("/api/v5/trade/amend-order", `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"48000"}`).row(), "sCode=0")
		}, "state=live px=49000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				if err := r.Injector().Add(tt.rule); err != nil {
					t.Fatal(err)
				}
				tt.do(r)
				r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=a1").row(), tt.want)
			})
		})
	}
}

// Faults of a connection's beginning.
func TestControlFaults(t *testing.T) {
	for _, tt := range []struct {
		op    sim.Op
		fault sim.Fault
		want  string
	}{
		{sim.OpLogin, sim.Refused, "event=error code=64007"},
		{sim.OpLogin, sim.RateLimited, "event=error code=60014"},
		{sim.OpLogin, sim.Skew, "event=error code=60006"},
		{sim.OpLogin, sim.ServerError, "event=error code=63999"},
		{sim.OpSubscribe, sim.Refused, "event=error code=64007"},
		{sim.OpSubscribe, sim.Slow, "event=subscribe"},
	} {
		t.Run(string(tt.op)+" "+string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.dial("private", "/ws/v5/private")
				rule := sim.Rule{Op: tt.op, Fault: tt.fault, For: time.Second}
				if tt.op == sim.OpSubscribe {
					s.write(r.login(time.Now()))
					r.want(s.read(), "event=login")
				}
				if err := r.Injector().Add(rule); err != nil {
					t.Fatal(err)
				}
				text := r.login(time.Now())
				if tt.op == sim.OpSubscribe {
					text = `{"op":"subscribe","args":[{"channel":"orders","instType":"ANY"}]}`
				}
				s.write(text)
				r.want(s.read(), tt.want)
			})
		})
	}
}

// Limits are counted by what the venue counts them by, and are over after their window.
func TestRateLimits(t *testing.T) {
	place := func(r *rig, body string, n int) (codes map[string]int) {
		codes = make(map[string]int)
		for range n {
			a := r.post(placePath, body)
			codes[fmt.Sprintf("%d %s", a.status, a.Code)]++
		}
		return codes
	}
	virtual(t, func(r *rig) {
		if got := fmt.Sprint(place(r, order("ordType=ioc"), 62)); got != "map[200 0:60 429 50011:2]" {
			t.Errorf("spot: %s", got)
		}
		if got := fmt.Sprint(place(r, swapOrder("ordType=ioc"), 60)); got != "map[200 0:60]" {
			t.Errorf("swap: %s", got)
		}
		if a := r.post("/api/v5/trade/batch-orders", "["+order("ordType=ioc")+"]"); a.Code != "50011" {
			t.Errorf("a batch of one counts as an order: %s", a.raw)
		}
		many := "[" + strings.Repeat(order("ordType=ioc")+",", 19) + order("ordType=ioc") + "]"
		for i := range 16 {
			want := "0"
			if i == 15 {
				want = "50011"
			}
			if a := r.post("/api/v5/trade/batch-orders", many); a.Code != want {
				t.Errorf("batch %d: %s", i, a.raw)
			}
		}
		r.key = okxtest.Key{Key: "k2", Secret: "s2", Passphrase: "p2"}
		if got := fmt.Sprint(place(r, order("ordType=ioc"), 1)); got != "map[200 0:1]" {
			t.Errorf("another account: %s", got)
		}
		r.key = okxtest.Key{Key: "k1", Secret: "s1", Passphrase: "p1"}
		time.Sleep(2 * time.Second)
		if got := fmt.Sprint(place(r, order("ordType=ioc"), 1)); got != "map[200 0:1]" {
			t.Errorf("after two seconds: %s", got)
		}
	})
	virtual(t, func(r *rig) {
		for i := range 12 {
			want := "0"
			if i >= 10 {
				want = "50061"
			}
			r.want(r.post(placePath, swapOrder("ordType=ioc")).row(), "sCode="+want)
		}
		r.want(r.post(placePath, order("ordType=ioc")).row(), "sCode=0")
		r.want(r.get("/api/v5/trade/account-rate-limit").row(), "accRateLimit=10")
	}, func(c *okxtest.Config) { c.OrderRate = 10 })
	virtual(t, func(r *rig) {
		for i := range 41 {
			if a := r.get("/api/v5/market/books?instId=BTC-USDT"); (a.Code == "50011") != (i == 40) {
				t.Errorf("question %d: %s", i, a.raw)
			}
		}
	})
	virtual(t, func(r *rig) {
		if got := fmt.Sprint(place(r, order("ordType=ioc"), 200)); got != "map[200 0:200]" {
			t.Errorf("without limits: %s", got)
		}
	}, func(c *okxtest.Config) { c.Unlimited = true })
}

// An amendment that trades does so in part.
func TestPartialAmendment(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place(order("clOrdId=a1 sz=1"))
		if err := r.Injector().Add(sim.Rule{Op: sim.OpReplace, Fault: sim.Partial, Percent: 50}); err != nil {
			t.Fatal(err)
		}
		r.want(r.post("/api/v5/trade/amend-order", `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"50000.1"}`).row(), "sCode=0")
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=a1").row(), "state=partially_filled accFillSz=0.5 px=50000.1")
	})
}

// It lasts for what the request is counted by: a switch by its tag, a batch of one as a single order.
func TestFaultsThatLastForTheirScope(t *testing.T) {
	for _, path := range []string{"/api/v5/trade/cancel-all-after", "/api/v5/trade/cancel-batch-orders"} {
		body := map[bool]string{true: `{"timeOut":"0"}`, false: `[{"instId":"BTC-USDT","clOrdId":"a1"}]`}[strings.HasSuffix(path, "after")]
		virtual(t, func(r *rig) {
			if err := r.Injector().Add(sim.Rule{Op: sim.OpCancelAll, Fault: sim.RateLimited, For: 5 * time.Second}); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"50011", "50011", ""} {
				if a := r.post(path, body); want != "" && a.Code != want || a.Code == "50011" && want == "" {
					t.Errorf("%s: %s", path, a.raw)
				}
				time.Sleep(2600 * time.Millisecond)
			}
		})
	}
}

// A fault's limit and a fault's ban last as long as they say.
func TestFaultsThatLast(t *testing.T) {
	for _, tt := range []struct {
		fault sim.Fault
		while string
	}{{sim.RateLimited, "50011"}, {sim.Banned, ""}} {
		t.Run(string(tt.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				if err := r.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: tt.fault, For: 30 * time.Second}); err != nil {
					t.Fatal(err)
				}
				r.post(placePath, order(""))
				time.Sleep(29 * time.Second)
				if a := r.post(placePath, order("")); a.Code != tt.while {
					t.Errorf("after 29 seconds: %s", a.raw)
				}
				time.Sleep(2 * time.Second)
				if a := r.post(placePath, order("")); a.Code != "0" {
					t.Errorf("after 31: %s", a.raw)
				}
			})
		})
	}
}
