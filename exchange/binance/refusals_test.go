package binance_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// A status that says that the venue has lost track leaves a write's outcome unknown, whatever its code says.
func TestStatusBeforeCode(t *testing.T) {
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		for _, status := range []int{408, 500, 502, 503, 504, 599} {
			for code, class := range map[int]error{-1003: limited, -1015: limited, -1016: unavail, -1021: skew, -1111: invalid, -2010: funds, -2011: notFound, -2022: conflict} {
				b := body(code, map[int]string{-2010: "Account has insufficient balance for requested action.", -2011: "Unknown order sent."}[code])
				what := fmt.Sprintf("%s %d %s", kind, status, b)
				checkRefusal(t, what, binance.Refusal(kind, "place", true, status, b, time.Now()), unknown, class)
				frame := fmt.Sprintf(`{"id":"1","status":%d,"error":%s}`, status, b)
				checkRefusal(t, what+", WebSocket", binance.FrameRefusal(kind, "place", true, frame, time.Now()), unknown, class)
			}
			b := body(-1008, "Request throttled by system-level protection.")
			checkRefusal(t, fmt.Sprint(kind, status, b), binance.Refusal(kind, "place", true, status, b, time.Now()), rejected, unavail)
		}
	}
}

// Two codes that differ prove nothing; one that is repeated does.
func TestTwoCodes(t *testing.T) {
	for _, c := range []struct {
		status         int
		body           string
		outcome, class error
	}{
		{400, `{"code":-1007,"msg":"x","code":-2010}`, unknown, nil},
		{400, `{"code":-2010,"msg":"x","code":-1007}`, unknown, nil},
		{400, `{"code":-2010,"msg":"x","Code":-2011}`, unknown, nil},
		{400, `{"code":-2010,"msg":"x","code":0}`, unknown, nil},
		{503, `{"code":-1008,"msg":"x","code":-1007}`, unknown, unavail},
		{200, `{"code":-2010,"msg":"x","code":200}`, unknown, nil},
		{200, `{"code":-1111,"msg":"x","code":0}`, unknown, nil},
		{429, `{"code":-1003,"msg":"x","code":-1015}`, rejected, limited},
		{400, `{"code":-1111,"msg":"x","code":-1111}`, rejected, invalid},
		{400, `{"code":-1111,"msg":"x","code":"-1111"}`, rejected, invalid},
	} {
		checkRefusal(t, c.body, binance.Refusal(exchange.Spot, "place", true, c.status, c.body, time.Now()), c.outcome, c.class)
	}
	for _, b := range []string{`{"code":-2010,"msg":"x","code":-1007}`, `{"code":-1007,"msg":"x","code":-2010}`} {
		err := binance.FrameRefusal(exchange.Spot, "place", true, `{"id":"1","status":400,"error":`+b+`}`, time.Now())
		if exchange.OutcomeOf(err) != unknown {
			t.Errorf("WebSocket: %v", err)
		}
		err = binance.FrameRefusal(exchange.Spot, "place", true, `{"id":"1","status":200,"result":`+b+`}`, time.Now())
		if exchange.OutcomeOf(err) != unknown {
			t.Errorf("WebSocket, in a success: %v", err)
		}
	}
	half := `{"code":-2022,"msg":"x","data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED","cancelResponse":{"code":-2011,"msg":"x","code":-1007},"newOrderResponse":null}}`
	checkRefusal(t, half, binance.Refusal(exchange.Spot, "replace", true, 400, half, time.Now()), unknown, conflict)
}

// What the firewall stops is not sent again.
func TestFirewall(t *testing.T) {
	bubble(t, "a cancellation", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say("DELETE /api/v3/order", reply{status: 403, body: "<html>WAF</html>"})
		_, err := x.Cancel(t.Context(), ref)
		checkRefusal(t, "403", err, rejected, nil)
		if n := o.count("DELETE /api/v3/order"); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}
