package binancetest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What a placement that meets a fault is answered, and whether the order is there.
func TestFaultsOfCalls(t *testing.T) {
	for _, c := range []struct {
		fault  sim.Fault
		spot   string // status and body; "none": no answer
		perp   string
		placed bool
	}{
		{sim.Refused, `400 {"code":-1016`, `400 {"code":-1016`, false},
		{sim.Overloaded503, `503 {"code":-1008,"msg":"Server is currently overloaded`, `503 {"code":-1008,"msg":"Request throttled by system-level protection`, false},
		{sim.Unknown503, `503 {"code":-1006`, `503 {"code":-1000,"msg":"Unknown error, please check your request or try again later."}`, true},
		{sim.Failed503, `503 {"code":-1008`, `503 `, false},
		{sim.ServerError, `500 {"code":-1001`, `500 {"code":-1001`, true},
		{sim.RateLimited, `429 {"code":-1003,"msg":"Too much request weight used`, `429 {"code":-1003`, false},
		{sim.Banned, `418 {"code":-1003,"msg":"Way too much request weight used; IP banned until`, `418 {"code":-1003`, false},
		{sim.Skew, `400 {"code":-1021`, `400 {"code":-1021`, false},
		{sim.Late, `400 {"code":-1021`, `400 {"code":-5028`, false},
		{sim.LostAck, "none", "none", true},
		{sim.Reset, "none", "none", false},
		{sim.ResetAfter, "none", "none", true},
		{sim.HalfAnswer, "none", "none", true},
		{sim.HTML, "502 <html>", "502 <html>", true},
		{sim.Empty, "200 ", "200 ", true},
		{sim.Slow, `200 {"symbol"`, `200 {"orderId"`, true},
		{sim.SlowAck, `200 {"symbol"`, `200 {"orderId"`, true},
		{sim.Duplicated, `200 {"symbol"`, `200 {"orderId"`, true},
		{"", `200 {"symbol"`, `200 {"orderId"`, true},
	} {
		for kind, want := range map[string]string{"spot": c.spot, "futures": c.perp} {
			t.Run(string(c.fault)+" "+kind, func(t *testing.T) {
				virtual(t, func(r *rig) {
					path := map[string]string{"spot": order3, "futures": order1}[kind]
					if c.fault != "" {
						if err := r.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: c.fault}); err != nil {
							t.Fatal(err)
						}
					}
					params := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=40000&newClientOrderId=a&timestamp=" + text(time.Now().UnixMilli())
					status, raw, header, err := r.try(kind, "POST", path, "", params+"&signature="+r.signing(params))
					got := text(status) + " " + string(raw)
					if err != nil {
						got = "none"
					}
					if !strings.HasPrefix(got, want) {
						t.Errorf("answer %s, want %s", got, want)
					}
					if (status == 429 || status == 418) && header.Get("Retry-After") == "" {
						t.Error("no Retry-After")
					}
					time.Sleep(3 * time.Minute)
					status = r.ask(kind, "GET", path, "symbol=BTCUSDT&origClientOrderId=a").status
					if (status == 200) != c.placed {
						t.Errorf("then asked for: %d, want it there: %v", status, c.placed)
					}
				})
			})
		}
	}
}

// The two bodies of futures that say that nothing was done.
func TestFailedForCertain(t *testing.T) {
	seen := map[string]bool{}
	for seed := uint64(1); seed < 20; seed++ {
		virtual(t, func(r *rig) {
			if err := r.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: sim.Failed503}); err != nil {
				t.Fatal(err)
			}
			a := r.open("side=BUY type=MARKET quantity=0.1")
			seen[a.raw] = true
		}, func(c *binancetest.Config) { c.Faults.Seed = seed })
	}
	for _, want := range []string{"Service Unavailable.", `{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}`} {
		if !seen[want] {
			t.Errorf("no %q in %v", want, seen)
		}
	}
}

// Faults over a WebSocket API: answers that do not come, connections that end.
func TestFaultsOfSockets(t *testing.T) {
	for _, c := range []struct {
		fault         sim.Fault
		want          string
		placed, alive bool
	}{
		{sim.Refused, `"status":400`, false, true}, {sim.Unknown503, `"status":503`, true, true}, {sim.RateLimited, `"retryAfter"`, false, true},
		{sim.LostAck, "", true, true}, {sim.Reset, "", false, false}, {sim.ResetAfter, "", true, false}, {sim.HalfAnswer, "", true, false},
		{sim.Skew, `-1021`, false, true}, {sim.Late, `-1021`, false, true}, {sim.SlowAck, `"status":200`, true, true},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			virtual(t, func(r *rig) {
				if err := r.Injector().Add(sim.Rule{Op: sim.OpPlace, Fault: c.fault}); err != nil {
					t.Fatal(err)
				}
				s := r.dial("spotapi", "/ws-api/v3")
				params := []string{"symbol", "BTCUSDT", "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", "0.01", "price", "40000",
					"newClientOrderId", "a", "apiKey", r.key, "timestamp", text(time.Now().UnixMilli())}
				var fields []string
				for i := 0; i < len(params); i += 2 {
					fields = append(fields, `"`+params[i]+`":"`+params[i+1]+`"`)
				}
				s.say(`{"id":1,"method":"order.place","params":{%s,"signature":%q}}`, strings.Join(fields, ","), r.signing(sorted(params)))
				time.Sleep(3 * time.Minute)
				if got := s.last().raw; !strings.Contains(got, c.want) || c.want == "" && got != "" {
					t.Errorf("answer %q, want %q", got, c.want)
				}
				if (s.end() == nil) != c.alive {
					t.Errorf("ended: %v", s.end())
				}
				if status := r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").status; (status == 200) != c.placed {
					t.Errorf("then asked for: %d, want it there: %v", status, c.placed)
				}
			})
		})
	}
}

// Faults that are the order's own.
func TestFaultsOfOrders(t *testing.T) {
	rule := func(r *rig, rule sim.Rule) {
		r.Helper()
		if err := r.Injector().Add(rule); err != nil {
			r.Fatal(err)
		}
	}
	const rest = "side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId="
	t.Run("partial", func(t *testing.T) {
		virtual(t, func(r *rig) {
			rule(r, sim.Rule{Op: sim.OpPlace, Fault: sim.Partial, Percent: 30})
			r.place("side=BUY type=LIMIT timeInForce=IOC quantity=1 price=50001").ok().has("status", "EXPIRED", "executedQty", "0.30000000")
		})
	})
	t.Run("reject after ack", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotapi", "/ws-api/v3")
			r.call(s, "userDataStream.subscribe.signature")
			s.clear()
			rule(r, sim.Rule{Op: sim.OpPlace, Fault: sim.RejectAfterAck, Key: "a"})
			r.place(rest+"a").ok().has("status", "NEW")
			s.tells("NEW NEW 0.00000000 a", "REJECTED REJECTED 0.00000000 a")
			r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").ok().has("status", "REJECTED")
			r.place(rest + "b").ok()
			rule(r, sim.Rule{Op: sim.OpCancel, Fault: sim.RejectAfterAck})
			r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=b").ok().has("status", "CANCELED")
			r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=b").ok().has("status", "NEW")
		})
	})
	t.Run("fill after cancel", func(t *testing.T) {
		virtual(t, func(r *rig) {
			s := r.dial("spotapi", "/ws-api/v3")
			r.call(s, "userDataStream.subscribe.signature")
			r.place(rest + "a").ok()
			s.clear()
			rule(r, sim.Rule{Op: sim.OpCancel, Fault: sim.FillAfterCancel, Percent: 50})
			r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=a&newClientOrderId=c").ok().has("status", "CANCELED", "executedQty", "0.00000000")
			if got := s.got(); len(got) > 0 {
				t.Errorf("told before its time: %s", got[0].raw)
			}
			s.tells("TRADE PARTIALLY_FILLED 0.05000000 a", wallet, "CANCELED CANCELED 0.05000000 c a", wallet)
			r.place(rest + "d").ok()
			rule(r, sim.Rule{Op: sim.OpCancelAll, Fault: sim.FillAfterCancel, Percent: 50})
			r.ask("spot", "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").ok().has("0.status", "CANCELED")
			r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=d").ok().has("status", "CANCELED", "executedQty", "0.05000000")
		})
	})
	t.Run("by the venue's id", func(t *testing.T) {
		virtual(t, func(r *rig) {
			id := text(r.place(rest + "a").ok().at("orderId"))
			rule(r, sim.Rule{Op: sim.OpCancel, Fault: sim.Refused, Key: "a"})
			r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+id).refused(400, -1016)
			r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&orderId="+id).ok()
			if n := r.Injector().Calls(sim.OpCancel); n != 2 {
				t.Errorf("%d cancellations counted", n)
			}
		})
	})
	t.Run("modify", func(t *testing.T) {
		virtual(t, func(r *rig) {
			r.open("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId=a").ok()
			rule(r, sim.Rule{Op: sim.OpReplace, Fault: sim.RejectAfterAck})
			r.ask("futures", "PUT", order1, "symbol=BTCUSDT&side=BUY&origClientOrderId=a&quantity=0.2&price=41000").ok().has("price", "41000.0")
			r.ask("futures", "GET", order1, "symbol=BTCUSDT&origClientOrderId=a").ok().has("price", "40000.0", "origQty", "0.100")
			rule(r, sim.Rule{Op: sim.OpReplace, Fault: sim.FillAfterCancel, Percent: 50})
			r.ask("futures", "PUT", order1, "symbol=BTCUSDT&side=BUY&origClientOrderId=a&quantity=0.2&price=41000").ok()
			r.ask("futures", "GET", order1, "symbol=BTCUSDT&origClientOrderId=a").ok().has("executedQty", "0.050", "origQty", "0.200")
		})
	})
}

// Handshakes and logons fail too.
func TestFaultsOfConnections(t *testing.T) {
	virtual(t, func(r *rig) {
		for _, rule := range []sim.Rule{{Op: sim.OpConnect, Fault: sim.Overloaded503}, {Op: sim.OpLogin, Fault: sim.Refused}, {Op: sim.OpSubscribe, Fault: sim.Disconnect}} {
			if err := r.Injector().Add(rule); err != nil {
				t.Fatal(err)
			}
		}
		d := websocket.Dialer{NetDialContext: r.Dial}
		if _, res, err := d.Dial(r.URL("spotstream")+"/ws", nil); err == nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("the handshake: %v", err)
		}
		r.send("futures", "POST", "/fapi/v1/listenKey", "", "").refused(400, -1016)
		s := r.dial("spotstream", "/ws")
		s.say(`{"method":"SUBSCRIBE","params":["btcusdt@depth"],"id":1}`)
		time.Sleep(time.Second)
		if s.end() == nil {
			t.Error("lives on")
		}
	})
}

// Latency is the engine's clock's, of calls and of streams.
func TestLatency(t *testing.T) {
	virtual(t, func(r *rig) {
		began := time.Now()
		a := r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId=a").ok()
		if took := time.Since(began); took != 50*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if at := integer(a, "transactTime"); at != began.Add(20*time.Millisecond).UnixMilli() {
			t.Errorf("done after %d ms", at-began.UnixMilli())
		}
	}, func(c *binancetest.Config) {
		c.Latency.Entry.Min, c.Latency.Response.Min, c.Latency.Feed.Min = 20*time.Millisecond, 30*time.Millisecond, 10*time.Millisecond
	})
}
