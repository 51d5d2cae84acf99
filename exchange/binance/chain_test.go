package binance_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

const (
	getOrder      = "GET /api/v3/order"
	cancelOrder   = "DELETE /api/v3/order"
	cancelReplace = "POST /api/v3/order/cancelReplace"
)

var notThere = reply{status: 400, body: body(-2013, "Order does not exist.")}

// placedLast is the quantity of the newest successor.
func placedLast(o *office, what string) string {
	n := o.asked(what)
	return n[len(n)-1].q.Get("quantity")
}

// The cancellation was done. Only what the placement's half says for certain means that none comes.
func TestHalfReplacedInDoubt(t *testing.T) {
	half := func(result, response string) string {
		return `,"data":{"cancelResult":"SUCCESS","newOrderResult":"` + result + `","cancelResponse":CANCELED,"newOrderResponse":` + response + `}`
	}
	for name, h := range map[string]string{
		"a timeout":           half("FAILURE", body(-1007, "Timeout waiting for response from backend server.")),
		"an unexpected reply": half("FAILURE", body(-1006, "An unexpected response was received from the message bus.")),
		"a duplicate":         half("FAILURE", body(-2010, "Duplicate order sent.")),
		"without a reason":    half("FAILURE", "null"),
		"another word":        half("PERHAPS", body(-2010, "Account has insufficient balance for requested action.")),
		"without halves":      `,"data":null`,
		"without data":        " ",
	} {
		bubble(t, name, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			f := streaming(t, o, x)
			ref := put(t, o, x, "BTC-USDT", "")
			o.half = h
			if got, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown || got.Status != exchange.StatusUnknown {
				t.Errorf("%s, %v", showOrder(got), err)
			}
			if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusUnknown {
				t.Errorf("%s, %v", showOrder(found), err)
			}
			time.Sleep(time.Second)
			o.come()
			if k := f.kinds(); k[len(k)-1] != "id-1 accepted 0/2 fills 0" {
				t.Errorf("%q", k)
			}
			if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusAccepted || !found.Price.Equal(dec("101")) {
				t.Errorf("%s, %v", showOrder(found), err)
			}
		})
	}
	for name, h := range map[string]string{
		"refused":       half("FAILURE", body(-2010, "Account has insufficient balance for requested action.")),
		"not attempted": half("NOT_ATTEMPTED", "null"),
	} {
		bubble(t, name, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			ref := put(t, o, x, "BTC-USDT", "")
			o.half = h
			if got, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown || got.Status != exchange.StatusCanceled {
				t.Errorf("%s, %v", showOrder(got), err)
			}
		})
	}
}

// A successor may come up as long as its placement is under way, and a while after that.
func TestSuccessorMayComeUp(t *testing.T) {
	throttled := reply{status: 429, header: http.Header{"Retry-After": {"20"}}, body: body(-1003, "Too much request weight used")}
	bubble(t, "after a wait", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(spotPlace, throttled, reply{how: "abort"})
		done := make(chan error)
		go func() {
			_, err := x.Replace(t.Context(), ref, change("101", ""))
			done <- err
		}()
		status := func(want exchange.Status) {
			t.Helper()
			if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != want {
				t.Errorf("%s, %v", showOrder(found), err)
			}
		}
		if err := <-done; exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		status(exchange.StatusUnknown)
		time.Sleep(7 * time.Second)
		status(exchange.StatusUnknown)
		time.Sleep(2 * time.Second)
		status(exchange.StatusCanceled)
	})
	bubble(t, "while it is sent", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(spotPlace, reply{how: "slow"})
		done := make(chan error)
		go func() {
			_, err := x.Replace(t.Context(), ref, change("101", ""))
			done <- err
		}()
		time.Sleep(9 * time.Second)
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusUnknown {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		if err := <-done; exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
	})
	bubble(t, "at once, its answer lost", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.half = " "
		o.say(cancelReplace, reply{how: "after"})
		if got, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown || got.Status != exchange.StatusUnknown {
			t.Fatalf("%s, %v", showOrder(got), err)
		}
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusUnknown {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		if got, err := x.Replace(t.Context(), ref, change("102", "")); exchange.OutcomeOf(err) != exchange.ErrNotSent || got.Status.Final() {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		time.Sleep(10 * time.Second)
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusCanceled {
			t.Errorf("%s, %v", showOrder(found), err)
		}
	})
}

// What filled under former ids counts against the new total, whatever the venue comes to find of it.
func TestPredecessors(t *testing.T) {
	replaced := func(t *testing.T, o *office) (ref exchange.OrderRef, successor string) {
		x := o.exchange(nil)
		ref = put(t, o, x, "BTC-USDT", "0.5")
		got, err := x.Replace(t.Context(), ref, change("101", ""))
		if err != nil {
			t.Fatal(err)
		}
		return exchange.OrderRef{Market: ref.Market, Account: "main", VenueID: got.VenueID}, o.orders[len(o.orders)-1].json("")
	}
	bubble(t, "known", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil {
			t.Fatal(err)
		}
		o.say(getOrder, reply{body: o.orders[len(o.orders)-1].json("")}, notThere)
		got, err := x.Replace(t.Context(), ref, change("102", "3"))
		if q := placedLast(o, cancelReplace); err != nil || q != "2.5" || !got.Quantity.Equal(dec("3")) || !got.Filled.Equal(dec("0.5")) {
			t.Errorf("%s is placed; %s, %v", q, showOrder(got), err)
		}
	})
	for name, before := range map[string]reply{"not found": notThere, "told as working": {body: strings.Replace(placed("id-1", ""), `"orderId":7`, `"orderId":101`, 1)}} {
		bubble(t, name, func(t *testing.T, o *office) {
			ref, successor := replaced(t, o)
			y := o.exchange(nil)
			o.say(getOrder, reply{body: successor}, before, reply{body: successor}, before)
			if got, err := y.Replace(t.Context(), ref, change("102", "3")); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, conflict) {
				t.Errorf("%s, %v", showOrder(got), err)
			}
			if found, err := y.Lookup(t.Context(), ref); !errors.Is(err, conflict) {
				t.Errorf("%s, %v", showOrder(found), err)
			}
			if found, err := y.Lookup(t.Context(), ref); err != nil || !found.Filled.Equal(dec("0.5")) || !found.Quantity.Equal(dec("2")) {
				t.Errorf("once it is found: %s, %v", showOrder(found), err)
			}
		})
	}
	old := fmt.Sprintf(`{"time":%d,`, time.Date(1999, 6, 1, 0, 0, 0, 0, time.UTC).UnixMilli()) // bubbles begin in 2000
	for name, c := range map[string]struct {
		prefix string
		before reply
	}{
		"archived":       {"{", reply{status: 400, body: body(-2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.")}},
		"of last summer": {old, notThere},
	} {
		bubble(t, name, func(t *testing.T, o *office) {
			ref, successor := replaced(t, o)
			o.say(getOrder, reply{body: strings.Replace(successor, "{", c.prefix, 1)}, c.before)
			if found, err := o.exchange(nil).Lookup(t.Context(), ref); err != nil || !found.Filled.IsZero() || !found.Quantity.Equal(dec("1.5")) {
				t.Errorf("%s, %v", showOrder(found), err)
			}
		})
	}
}

func TestReplaceInTurn(t *testing.T) {
	bubble(t, "what fills before the cancellation is not placed again", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(getOrder, reply{body: o.orders[0].json("")})
		o.execute("id-1", "100", "0.4")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil || placedLast(o, spotPlace) != "1.1" {
			t.Errorf("%s is placed, %v", placedLast(o, spotPlace), err)
		}
	})
	bubble(t, "nothing is cancelled while nothing can be placed", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(spotPlace, reply{status: 503})
		r := limit("BTC-USDT", "100", "1")
		r.ClientID = "other"
		if _, err := x.Place(t.Context(), r); !errors.Is(err, unavail) {
			t.Fatal(err)
		}
		if got, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != exchange.ErrNotSent || got.Status != exchange.StatusPartiallyFilled {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		if n := o.count(cancelOrder); n != 0 {
			t.Errorf("cancelled %d times", n)
		}
	})
	bubble(t, "an amendment that may have been done", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		for quantity, r := range map[string]reply{"1.5": {how: "abort"}, "1.25": {status: 504, body: body(-1007, "Timeout: ORDER_AMENDS")}} {
			o.say("PUT /api/v3/order/amend/keepPriority", r)
			if got, err := x.Replace(t.Context(), ref, change("", quantity)); exchange.OutcomeOf(err) != unknown || got.Status.Final() {
				t.Errorf("%s, %v", showOrder(got), err)
			}
		}
		if n := o.count(cancelReplace); n != 0 {
			t.Errorf("replaced %d times", n)
		}
	})
}
