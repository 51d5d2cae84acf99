package bybit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

// What is known of an order, by the stream or by what was sent, is not undone by what the venue answers later, or leaves out.

const amendPath = "/v5/order/amend"

func withFees(row, quantity, fee string) string {
	return strings.Replace(row, `"cumExecQty":"`+quantity+`"`, `"cumExecQty":"`+quantity+`","cumFeeDetail":{"USDT":"`+fee+`"}`, 1)
}

// A lookup reads the order first and its executions a moment later: a fill between the two makes the order's figures the older ones.
func TestLookupBetweenFills(t *testing.T) {
	between := func(o *office) {
		o.say(recentPath, list(withFees(row("", "7", "a-1", "PartiallyFilled", "cumExecQty", "1", "avgPrice", "100", "updatedTime", "1700000000100"), "1", "0.01")))
		o.say(fillsPath, list(traded("", "e2", "7", "a-1", "1", "96", "execFee", "0.02"), traded("", "e1", "7", "a-1", "1", "100", "execFee", "0.03")))
	}
	check := func(t *testing.T, x *bybit.Exchange) {
		t.Helper()
		got, err := x.Lookup(t.Context(), perpOrder("a-1").Ref())
		if err != nil || got.Filled.String() != "2" || got.AvgPrice.String() != "98" || len(got.Fees) != 1 || got.Fees[0].String() != "0.05 USDT" {
			t.Errorf("got %s, %v; want 2 at 98 for 0.05 USDT, as its executions say", sayOrder(got), err)
		}
	}
	bubble(t, "nothing known", func(t *testing.T, o *office) {
		between(o)
		check(t, o.exchange(nil))
	})
	bubble(t, "all of it pushed", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		e := listen(t, x)
		_ = e.take()
		o.say(createPath, ack("7", "a-1"))
		if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
			t.Fatal(err)
		}
		o.push(topic("order", withFees(row("linear", "7", "a-1", "Filled", "cumExecQty", "2", "avgPrice", "98", "updatedTime", "1700000000200"), "2", "0.05")))
		want(t, "pushed", e.take(), "BTC-USDT-PERP 7/a-1 filled 2 of 2")
		between(o)
		check(t, x)
	})
	bubble(t, "fewer executions than the order says", func(t *testing.T, o *office) {
		o.say(recentPath, list(withFees(row("", "7", "a-1", "PartiallyFilled", "cumExecQty", "1.5", "avgPrice", "99", "updatedTime", "1700000000100"), "1.5", "0.01")))
		o.say(fillsPath, list(traded("", "e1", "7", "a-1", "1", "100")))
		got, err := o.exchange(nil).Lookup(t.Context(), perpOrder("a-1").Ref())
		if err != nil || got.Filled.String() != "1.5" || got.AvgPrice.String() != "99" || got.Fees[0].String() != "0.01 USDT" {
			t.Errorf("got %s, %v", sayOrder(got), err)
		}
	})
	bubble(t, "an average that does not end", func(t *testing.T, o *office) {
		o.say(recentPath, list(row("", "7", "a-1", "PartiallyFilled", "cumExecQty", "1", "avgPrice", "1")))
		o.say(fillsPath, list(traded("", "e1", "7", "a-1", "1", "1"), traded("", "e2", "7", "a-1", "2", "2")))
		if got, err := o.exchange(nil).Lookup(t.Context(), perpOrder("a-1").Ref()); err != nil || got.AvgPrice.String() != "1.666666666666666667" {
			t.Errorf("got %s, %v", sayOrder(got), err)
		}
	})
}

// A change that leaves nothing to do has succeeded, whichever way it went.
func TestReplaceNotModified(t *testing.T) {
	change := exchange.Change{Price: exchange.MustDecimal("100")}
	for _, code := range []int{110025, 110026, 110043, 34040} {
		check := func(t *testing.T, x *bybit.Exchange) {
			t.Helper()
			got, err := x.Replace(t.Context(), spotOrder("a-1").Ref(), change)
			if err != nil || got.ClientID != "a-1" || got.Status != exchange.StatusPending || got.Price.String() != "100" {
				t.Errorf("got %s, %v", sayOrder(got), err)
			}
		}
		bubble(t, fmt.Sprint("over REST ", code), func(t *testing.T, o *office) {
			o.say(amendPath, no(code, "not modified"))
			check(t, o.exchange(nil))
		})
		bubble(t, fmt.Sprint("over the socket ", code), func(t *testing.T, o *office) {
			check(t, over(t, o, func(f entryFrame) string {
				return fmt.Sprintf(`{"reqId":"%s","retCode":%d,"retMsg":"not modified","op":"%s","data":{}}`, f.ReqID, code, f.Op)
			}))
			if n := len(o.asked("POST " + amendPath)); n != 0 {
				t.Errorf("%d times over REST", n)
			}
		})
	}
	bubble(t, "of a placement it makes no sense", func(t *testing.T, o *office) {
		o.say(createPath, no(110043, "not modified"))
		if _, err := o.exchange(nil).Place(t.Context(), spotOrder("a-1")); exchange.OutcomeOf(err) != exchange.ErrOutcomeUnknown {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "by the venue's id", func(t *testing.T, o *office) {
		o.say(amendPath, no(110043, "not modified"))
		ref := exchange.OrderRef{Market: market("BTC-USDT"), Account: "main", VenueID: "7"}
		if got, err := o.exchange(nil).Replace(t.Context(), ref, change); err != nil || got.VenueID != "7" {
			t.Errorf("got %s, %v", sayOrder(got), err)
		}
	})
}

// Replace answers what is known of the order: never a status that it cannot come to.
func TestReplaceKeepsTheStatus(t *testing.T) {
	for _, tt := range []struct {
		name   string
		row    string
		status exchange.Status
		price  string
	}{
		{"an order on the book", row("linear", "7", "a-1", "New"), exchange.StatusAccepted, "101"},
		{"one that has filled in part", row("linear", "7", "a-1", "PartiallyFilled", "cumExecQty", "1", "avgPrice", "100"), exchange.StatusPartiallyFilled, "101"},
		{"one that has ended", row("linear", "7", "a-1", "Filled", "cumExecQty", "2", "avgPrice", "100"), exchange.StatusFilled, "100"},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			e := listen(t, x)
			_ = e.take()
			o.say(createPath, ack("7", "a-1"))
			o.say(amendPath, ack("7", "a-1"))
			if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
				t.Fatal(err)
			}
			o.push(topic("order", tt.row))
			_ = e.take()
			got, err := x.Replace(t.Context(), perpOrder("a-1").Ref(), exchange.Change{Price: exchange.MustDecimal("101")})
			if err != nil || got.Status != tt.status || got.Price.String() != tt.price || !got.Requeued {
				t.Errorf("got %s, %v; want %s at %s", sayOrder(got), err, tt.status, tt.price)
			}
		})
	}
}

// A market order's quantity is in base, as it was sent, also where the venue's row does not say the unit.
func TestMarketOrderWithoutUnit(t *testing.T) {
	bubble(t, "ours", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		e := listen(t, x)
		_ = e.take()
		o.say(createPath, ack("7", "a-1"))
		req := spotOrder("a-1")
		req.Type, req.Price = exchange.TypeMarket, exchange.Decimal{}
		if _, err := x.Place(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		o.push(topic("order", row("spot", "7", "a-1", "PartiallyFilled", "orderType", "Market", "timeInForce", "IOC", "marketUnit", "", "cumExecQty", "0.5", "avgPrice", "100")))
		want(t, "in part", e.take(), "BTC-USDT 7/a-1 partially filled 0.5 of 2")
		o.push(topic("order", row("spot", "7", "a-1", "PartiallyFilledCanceled", "orderType", "Market", "timeInForce", "IOC", "marketUnit", "", "cumExecQty", "1.5", "avgPrice", "100")))
		want(t, "its end", e.take(), "BTC-USDT 7/a-1 expired 1.5 of 2")
	})
	bubble(t, "somebody else's, by value", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		_ = e.take()
		o.push(topic("order", row("spot", "8", "b", "PartiallyFilled", "orderType", "Market", "qty", "500", "marketUnit", "quoteCoin", "cumExecQty", "0.5", "avgPrice", "100")))
		want(t, "in part, of nobody knows how much", e.take(), "BTC-USDT 8/b partially filled 0.5 of 0")
		o.push(topic("order", row("spot", "8", "b", "Filled", "orderType", "Market", "qty", "500", "marketUnit", "quoteCoin", "cumExecQty", "5", "avgPrice", "100")))
		want(t, "its end", e.take(), "BTC-USDT 8/b filled 5 of 5")
	})
}

// Only a price that nobody asked for is the venue's: also where a change named the order by the venue's id.
func TestMovedByVenueID(t *testing.T) {
	bubble(t, "replaced by the venue's id", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		o.say(createPath, ack("7", "a-1"))
		o.say(amendPath, ack("7", "a-1"))
		if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
			t.Fatal(err)
		}
		ref := exchange.OrderRef{Market: market("BTC-USDT-PERP"), Account: "main", VenueID: "7"}
		if _, err := x.Replace(t.Context(), ref, exchange.Change{Price: exchange.MustDecimal("101")}); err != nil {
			t.Fatal(err)
		}
		for _, price := range []string{"101", "99.5"} {
			o.say(recentPath, list(row("", "7", "a-1", "New", "price", price, "updatedTime", fmt.Sprint(time.Now().UnixMilli()))))
			got, err := x.Lookup(t.Context(), perpOrder("a-1").Ref())
			if moved := price != "101"; err != nil || strings.Contains(got.Reason, "101 was asked for") != moved || (got.Reason != "") != moved {
				t.Errorf("%s: %s, %v", price, sayOrder(got), err)
			}
		}
	})
}

// An error comes with what it is about, so that what may have happened can be asked for.
func TestErrorsComeWithTheirOrder(t *testing.T) {
	for name, answer := range map[string]reply{"refused": no(170131, "?"), "unknown": {status: 504}, "banned": {status: 403}} {
		bubble(t, name, func(t *testing.T, o *office) {
			for _, path := range []string{createPath, amendPath, "/v5/order/cancel", recentPath} {
				o.say(path, answer)
			}
			x := o.exchange(nil)
			for _, req := range []exchange.OrderRequest{spotOrder("a-1"), spotOrder("é"), {Market: market("XYZ-USDT"), Account: "main", ClientID: "a-1"}} {
				if got, err := x.Place(t.Context(), req); err == nil || got.Ref() != req.Ref() || !got.Quantity.Equal(req.Quantity) {
					t.Errorf("place: got %s, %v", sayOrder(got), err)
				}
				ref := req.Ref()
				if ref.ClientID == "a-1" {
					ref.VenueID = "7"
				}
				for op, call := range map[string]func() (exchange.Order, error){
					"replace": func() (exchange.Order, error) {
						return x.Replace(t.Context(), ref, exchange.Change{Price: exchange.MustDecimal("1")})
					},
					"replace by nothing": func() (exchange.Order, error) { return x.Replace(t.Context(), ref, exchange.Change{}) },
					"cancel":             func() (exchange.Order, error) { return x.Cancel(t.Context(), ref) },
					"lookup":             func() (exchange.Order, error) { return x.Lookup(t.Context(), ref) },
				} {
					if got, err := call(); err == nil || got.Ref() != ref {
						t.Errorf("%s: got %+v, %v; want %+v", op, got.Ref(), err, ref)
					}
				}
			}
		})
	}
	bubble(t, "resolved", func(t *testing.T, o *office) {
		o.say(createPath, reply{how: "abort"})
		o.say(recentPath, list(row("", "7", "a-1", "New")))
		x := o.exchange(nil)
		got, err := x.Place(t.Context(), spotOrder("a-1"))
		if !errors.Is(err, exchange.ErrOutcomeUnknown) {
			t.Fatal(err)
		}
		if found, err := x.Lookup(t.Context(), got.Ref()); err != nil || found.VenueID != "7" {
			t.Errorf("got %s, %v", sayOrder(found), err)
		}
	})
}

// What was sent into the dark is looked up by the stream; what certainly did not happen is not.
func TestSentIsFollowed(t *testing.T) {
	const byLink = "GET " + recentPath + "?category=linear&orderLinkId=a-1&symbol=BTCUSDT"
	for name, tt := range map[string]struct {
		answer reply
		looks  bool
	}{"unknown": {reply{status: 504}, true}, "rejected": {no(110007, "ab not enough"), false}} {
		bubble(t, name, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			o.say(createPath, tt.answer)
			_, _ = x.Place(t.Context(), perpOrder("a-1"))
			o.say(byLink, list(row("", "7", "a-1", "Cancelled", "cancelType", "CancelByUser")))
			e := listen(t, x)
			<-time.After(5 * time.Second)
			if got := e.take(); strings.Contains(got, "7/a-1 canceled") != tt.looks || (len(o.asked(byLink)) > 0) != tt.looks {
				t.Errorf("looked up %d times:\n%s", len(o.asked(byLink)), got)
			}
		})
	}
}
