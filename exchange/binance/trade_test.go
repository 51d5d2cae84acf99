package binance_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

const (
	spotPlace = "POST /api/v3/order"
	perpPlace = "POST /fapi/v1/order"
)

func placed(name, extra string) string {
	return `{"symbol":"BTCUSDT","orderId":7,"clientOrderId":"` + name + `","price":"100","origQty":"1","executedQty":"0","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","updateTime":1` + extra + `}`
}

// What the venue may do to a placement, and what the caller is told; how often it was sent is counted by the venue.
func TestPlaceReactions(t *testing.T) {
	wait := func(s string) http.Header { return http.Header{"Retry-After": {s}} }
	ok := reply{body: placed("a-1", "")}
	for _, tt := range []struct {
		name           string
		kind           exchange.Kind
		say            []reply
		outcome, class error
		sent           int
		after          time.Duration
	}{
		{name: "accepted", say: []reply{ok}, sent: 1},
		{name: "no funds", say: []reply{{status: 400, body: body(-2010, "Account has insufficient balance for requested action.")}}, outcome: rejected, class: funds, sent: 1},
		{name: "429 with Retry-After", say: []reply{{status: 429, header: wait("3"), body: body(-1003, "Too much request weight used")}, ok}, sent: 2},
		{name: "429 without", say: []reply{{status: 429}}, outcome: rejected, class: limited, sent: 1},
		{name: "too many orders", say: []reply{{status: 400, body: body(-1015, "Too many new orders; current limit is 50 orders per 10 SECOND.")}, ok}, sent: 2},
		{name: "a ban", say: []reply{{status: 418, header: wait("600"), body: body(-1003, "Way too much request weight used; IP banned until 1.")}}, outcome: rejected, class: banned, sent: 1, after: 10 * time.Minute},
		{name: "a ban without its end", say: []reply{{status: 418}}, outcome: rejected, class: banned, sent: 1, after: 2 * time.Minute},
		{name: "the firewall", say: []reply{{status: 403, body: "<html>WAF</html>"}}, outcome: rejected, sent: 1},
		{name: "the region", say: []reply{{status: 451, body: "{}"}}, outcome: rejected, class: unauth, sent: 1},
		{name: "503 of spot", say: []reply{{status: 503, body: "Service Unavailable."}}, outcome: unknown, class: unavail, sent: 1},
		{name: "503, unknown", kind: exchange.Perp, say: []reply{{status: 503, body: body(-1000, "Unknown error, please check your request or try again later.")}}, outcome: unknown, class: unavail, sent: 1},
		{name: "503, failed", kind: exchange.Perp, say: []reply{{status: 503, body: "Service Unavailable."}}, outcome: rejected, class: unavail, sent: 1},
		{name: "503, failed inside", kind: exchange.Perp, say: []reply{{status: 503, body: body(-1001, "Internal error; unable to process your request. Please try again.")}}, outcome: rejected, class: unavail, sent: 1},
		{name: "503, throttled", kind: exchange.Perp, say: []reply{{status: 503, body: body(-1008, "Request throttled by system-level protection.")}}, outcome: rejected, class: unavail, sent: 1},
		{name: "408", kind: exchange.Perp, say: []reply{{status: 408}}, outcome: unknown, class: unavail, sent: 1},
		{name: "500", say: []reply{{status: 500}}, outcome: unknown, class: unavail, sent: 1},
		{name: "504", say: []reply{{status: 504, body: body(-1007, "Timeout waiting for response from backend server.")}}, outcome: unknown, class: unavail, sent: 1},
		{name: "a code that nobody documented", say: []reply{{status: 400, body: body(-7654, "?")}}, outcome: unknown, sent: 1},
		{name: "a duplicate", say: []reply{{status: 400, body: body(-2010, "Duplicate order sent.")}}, outcome: unknown, class: conflict, sent: 1},
		{name: "a duplicate perpetual", kind: exchange.Perp, say: []reply{{status: 400, body: body(-4116, "ClientOrderId is duplicated.")}}, outcome: unknown, class: conflict, sent: 1},
		{name: "the clock", say: []reply{{status: 400, body: body(-1021, "Timestamp for this request is outside of the recvWindow.")}}, outcome: rejected, class: skew, sent: 1},
		{name: "the engine's clock", kind: exchange.Perp, say: []reply{{status: 400, body: body(-5028, "Timestamp for this request is outside of the ME recvWindow.")}}, outcome: rejected, class: skew, sent: 1},
		{name: "reset after it was read", say: []reply{{how: "abort"}}, outcome: unknown, class: unavail, sent: 1},
		{name: "reset after it was done", say: []reply{{how: "after"}}, outcome: unknown, class: unavail, sent: 1},
		{name: "garbage", say: []reply{{how: "garbage"}}, outcome: unknown, class: unavail, sent: 1},
		{name: "slow", say: []reply{{how: "slow"}}, outcome: unknown, class: unavail, sent: 1},
		{name: "HTML", say: []reply{{body: "<html>login</html>"}}, outcome: unknown, sent: 1},
		{name: "empty", say: []reply{{}}, outcome: unknown, sent: 1},
		{name: "null", say: []reply{{body: "null"}}, outcome: unknown, sent: 1},
		{name: "cut off", say: []reply{{body: placed("a-1", "")[:60]}}, outcome: unknown, sent: 1},
		{name: "another order's", say: []reply{{body: placed("b-2", "")}}, outcome: unknown, sent: 1},
		{name: "an error in a success", say: []reply{{body: body(-2010, "Account has insufficient balance for requested action.")}}, outcome: rejected, class: funds, sent: 1},
		{name: "two values of one name", say: []reply{{body: placed("a-1", `,"executedQty":"1"`)}}, outcome: unknown, sent: 1},
		{name: "numbers for strings", say: []reply{{body: strings.NewReplacer(`"100"`, `100`, `:7,`, `:"7",`).Replace(placed("a-1", ""))}}, sent: 1},
		{name: "a status of tomorrow", say: []reply{{body: strings.Replace(placed("a-1", ""), "NEW", "NEWER", 1)}}, sent: 1},
		{name: "10 MB", say: []reply{{body: placed("a-1", `,"x":"`+strings.Repeat("x", 10<<20)+`"`)}}, sent: 1},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			what, symbol := spotPlace, "BTC-USDT"
			if tt.kind == exchange.Perp {
				what, symbol = perpPlace, "BTC-USDT-PERP"
			}
			o.say(what, tt.say...)
			x := o.exchange(nil)
			req := limit(symbol, "100", "1")
			req.ClientID = "a-1"
			got, err := x.Place(t.Context(), req)
			if n := len(o.asked(what)); n != tt.sent {
				t.Errorf("sent %d times, want %d", n, tt.sent)
			}
			if tt.outcome == nil {
				if err != nil || got.VenueID != "7" || got.ClientID != "a-1" || !got.Price.Equal(dec("100")) || tt.name == "accepted" && got.Status != exchange.StatusAccepted {
					t.Errorf("%s, %v", showOrder(got), err)
				}
				return
			}
			var e *exchange.Error
			if !errors.As(err, &e) || exchange.OutcomeOf(err) != tt.outcome || e.Class != tt.class || e.Op != "place" || e.RetryAfter != tt.after {
				t.Fatalf("%v (%+v), want %v, %v", err, e, tt.outcome, tt.class)
			}
			if tt.outcome != unknown {
				return
			}
			// What became of it is asked, not tried.
			found, err := x.Lookup(t.Context(), req.Ref())
			if done := tt.name == "reset after it was done"; done != (err == nil) || !done && !errors.Is(err, notFound) || done && found.Status != exchange.StatusAccepted {
				t.Errorf("looked up: %s, %v", showOrder(found), err)
			}
			if n := len(o.asked(what)); n != tt.sent {
				t.Errorf("sent %d times in the end, want %d", n, tt.sent)
			}
		})
	}
}

func TestPlaceIsNotSent(t *testing.T) {
	edit := func(f func(*exchange.OrderRequest)) exchange.OrderRequest {
		r := limit("BTC-USDT", "100", "1")
		f(&r)
		return r
	}
	for _, tt := range []struct {
		name  string
		req   exchange.OrderRequest
		class error
	}{
		{"no id", edit(func(r *exchange.OrderRequest) { r.ClientID = "" }), invalid},
		{"an id that has no form", edit(func(r *exchange.OrderRequest) { r.ClientID = "é" }), invalid},
		{"another venue's", edit(func(r *exchange.OrderRequest) { r.Market.Venue = "okx" }), invalid},
		{"another account's", edit(func(r *exchange.OrderRequest) { r.Account = "other" }), invalid},
		{"no quantity", edit(func(r *exchange.OrderRequest) { r.Quantity = exchange.Decimal{} }), invalid},
		{"reduce-only spot", edit(func(r *exchange.OrderRequest) { r.ReduceOnly = true }), unsupp},
		{"past its deadline", edit(func(r *exchange.OrderRequest) { r.Deadline = time.Unix(1, 0) }), nil},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			_, err := o.exchange(nil).Place(t.Context(), tt.req)
			if exchange.OutcomeOf(err) != exchange.ErrNotSent || tt.class != nil && !errors.Is(err, tt.class) {
				t.Errorf("%v", err)
			}
			if n := o.asked(spotPlace); len(n) != 0 {
				t.Errorf("sent %v", n)
			}
		})
	}
	bubble(t, "nobody listens", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		if _, err := x.Balances(t.Context()); err != nil { // it sets the clock
			t.Fatal(err)
		}
		o.mu.Lock()
		o.refuse = errors.New("connection refused")
		o.mu.Unlock()
		if _, err := x.Place(t.Context(), limit("BTC-USDT", "100", "1")); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, unavail) {
			t.Errorf("%v", err)
		}
	})
	bubble(t, "its context has ended", func(t *testing.T, o *office) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := o.exchange(nil).Place(ctx, limit("BTC-USDT", "100", "1")); exchange.OutcomeOf(err) != exchange.ErrNotSent {
			t.Errorf("%v", err)
		}
	})
}

// Without credentials nothing private leaves.
func TestWithoutCredentials(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(func(c *binance.Config) { c.Credentials = binance.Credentials{} })
		ctx, ref, s := t.Context(), exchange.OrderRef{Market: market("BTC-USDT"), Account: "main", ClientID: "a"}, exchange.MustSymbol("BTC-USDT")
		for name, f := range map[string]func() error{
			"place":            func() error { _, err := x.Place(ctx, limit("BTC-USDT", "1", "1")); return err },
			"replace":          func() error { _, err := x.Replace(ctx, ref, exchange.Change{Price: dec("1")}); return err },
			"cancel":           func() error { _, err := x.Cancel(ctx, ref); return err },
			"lookup":           func() error { _, err := x.Lookup(ctx, ref); return err },
			"stream":           func() error { return x.StreamOrders(ctx, func(exchange.Event) {}) },
			"balances":         func() error { _, err := x.Balances(ctx); return err },
			"positions":        func() error { _, err := x.Positions(ctx); return err },
			"fees":             func() error { _, err := x.Fees(ctx, s); return err },
			"open orders":      func() error { _, err := x.OpenOrders(ctx, s); return err },
			"fills":            func() error { _, err := x.Fills(ctx, s, time.Now()); return err },
			"cancel all":       func() error { return x.CancelAll(ctx, s) },
			"cancel all after": func() error { return x.CancelAllAfter(ctx, s, time.Minute) },
		} {
			write := slices.Contains([]string{"place", "replace", "cancel", "cancel all", "cancel all after"}, name)
			if err := f(); !errors.Is(err, unauth) || errors.Is(err, exchange.ErrNotSent) != write {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := o.asked(""); len(n) != 0 {
			t.Errorf("asked %v", n)
		}
		if at, err := x.ServerTime(ctx); err != nil || at.UnixMilli() != time.Now().UnixMilli() {
			t.Errorf("server time %v, %v", at, err)
		}
	})
}

// The deadline is the venue's to keep, in its own clock.
func TestDeadline(t *testing.T) {
	for _, skewed := range []time.Duration{0, 90 * time.Second, -90 * time.Second} {
		bubble(t, fmt.Sprint(skewed), func(t *testing.T, o *office) {
			o.skew = skewed
			x := o.exchange(nil)
			r := limit("BTC-USDT", "100", "1")
			r.Deadline = time.Now().Add(1500 * time.Millisecond)
			if _, err := x.Place(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			a := o.asked(spotPlace)[0]
			if got, want := a.q.Get("timestamp"), fmt.Sprint(a.at.Add(skewed).UnixMilli()); got != want || a.q.Get("recvWindow") != "1500" {
				t.Errorf("sent at %s for %s ms, want at %s for 1500 ms", got, a.q.Get("recvWindow"), want)
			}
			r.ClientID, r.Deadline = "far", time.Now().Add(time.Hour)
			if _, err := x.Place(t.Context(), r); err != nil || o.asked(spotPlace)[1].q.Get("recvWindow") != "60000" {
				t.Errorf("%v, %v", o.asked(spotPlace)[1].q, err)
			}
			r.ClientID, r.Deadline = "none", time.Time{}
			if _, err := x.Place(t.Context(), r); err != nil || o.asked(spotPlace)[2].q.Get("recvWindow") != "5000" {
				t.Errorf("%v, %v", o.asked(spotPlace)[2].q, err)
			}
		})
	}
}

func TestPlaceAndLookup(t *testing.T) {
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		bubble(t, symbol, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			o.fill = "0.4"
			got, err := x.Place(t.Context(), limit(symbol, "100", "1"))
			if err != nil || got.Status != exchange.StatusPartiallyFilled || !got.Filled.Equal(dec("0.4")) || got.Account != "main" {
				t.Fatalf("%s, %v", showOrder(got), err)
			}
			if spot := symbol == "BTC-USDT"; spot && (len(got.Fills) != 1 || !got.AvgPrice.Equal(dec("100"))) {
				t.Errorf("%s", showOrder(got))
			}
			o.execute("id-1", "99", "0.1")
			for _, ref := range []exchange.OrderRef{got.OrderRequest.Ref(), {Market: got.Market, Account: "main", VenueID: got.VenueID}} {
				found, err := x.Lookup(t.Context(), ref)
				if err != nil || found.ClientID != "id-1" || !found.Filled.Equal(dec("0.5")) || !found.AvgPrice.Equal(dec("99.8")) || len(found.Fills) != 2 ||
					found.Fills[1].ClientID != "id-1" || len(found.Fees) != 1 || !found.Fees[0].Quantity.Equal(dec("0.2")) {
					t.Errorf("%s, %v", showOrder(found), err)
				}
			}
			cancelled, err := x.Cancel(t.Context(), got.OrderRequest.Ref())
			if err != nil || cancelled.Status != exchange.StatusCanceled || !cancelled.Filled.Equal(dec("0.5")) {
				t.Errorf("%s, %v", showOrder(cancelled), err)
			}
			if _, err = x.Cancel(t.Context(), got.OrderRequest.Ref()); !errors.Is(err, rejected) || !errors.Is(err, notFound) {
				t.Errorf("cancelled again: %v", err)
			}
			if _, err = x.Lookup(t.Context(), exchange.OrderRef{Market: got.Market, Account: "main", ClientID: "nobody"}); !errors.Is(err, notFound) {
				t.Errorf("%v", err)
			}
		})
	}
}

// An order that its own query does not find yet stands among the working ones.
func TestLookupOfTheInvisible(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		o.say(spotPlace, reply{how: "after"})
		r := limit("BTC-USDT", "100", "1")
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		o.say("GET /api/v3/order", reply{status: 400, body: body(-2013, "Order does not exist.")})
		got, err := x.Lookup(t.Context(), r.Ref())
		if err != nil || got.Status != exchange.StatusAccepted || got.VenueID == "" {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
}

func TestCancelAll(t *testing.T) {
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		bubble(t, symbol, func(t *testing.T, o *office) {
			x, s := o.exchange(nil), exchange.MustSymbol(symbol)
			for i := range 3 {
				r := limit(symbol, "100", "1")
				r.ClientID = fmt.Sprint("id-", i)
				if _, err := x.Place(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if list, err := x.OpenOrders(t.Context(), s); err != nil || len(list) != 3 || list[2].ClientID != "id-2" {
				t.Errorf("%d, %v", len(list), err)
			}
			for range 2 { // without any it is done already
				if err := x.CancelAll(t.Context(), s); err != nil {
					t.Error(err)
				}
			}
			if list, err := x.OpenOrders(t.Context(), s); err != nil || len(list) != 0 {
				t.Errorf("%d, %v", len(list), err)
			}
		})
	}
}

// An answer that is none of the venue's tells nothing of what was cancelled.
func TestCancelAllUnread(t *testing.T) {
	for symbol, path := range map[string]string{"BTC-USDT": "DELETE /api/v3/openOrders", "BTC-USDT-PERP": "DELETE /fapi/v1/allOpenOrders"} {
		bubble(t, symbol, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			for _, text := range []string{"", "<html>", "{}", `{"code":"x"}`, `"done"`, "7"} {
				o.say(path, reply{status: 200, body: text})
				if err := x.CancelAll(t.Context(), exchange.MustSymbol(symbol)); !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) || !errors.Is(err, exchange.ErrFrame) {
					t.Errorf("%q: %v", text, err)
				}
			}
		})
	}
	bubble(t, "the switch", func(t *testing.T, o *office) {
		o.say("POST /fapi/v1/countdownCancelAll", reply{status: 200, body: `{"symbol":"ETHUSDT","countdownTime":"60000"}`})
		if err := o.exchange(nil).CancelAllAfter(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"), time.Minute); !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
			t.Error(err)
		}
	})
}

// Each ability that is claimed not to be there is refused.
func TestAbilities(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		spot, perp := exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("BTC-USDT-PERP")
		refused := map[string]func() error{
			"cancel all after": func() error { return x.CancelAllAfter(t.Context(), spot, time.Minute) },
			"reduce only": func() error {
				r := limit("BTC-USDT", "1", "1")
				r.ReduceOnly = true
				_, err := x.Place(t.Context(), r)
				return err
			},
		}
		for _, a := range binance.Abilities() {
			if a.Spot == a.Perp || a.Name == "positions" { // spot has none
				continue
			}
			f := refused[a.Name]
			if f == nil || !errors.Is(f(), unsupp) {
				t.Errorf("%+v is not refused", a)
			}
		}
		for _, d := range []time.Duration{0, time.Second, time.Hour} {
			if err := x.CancelAllAfter(t.Context(), perp, d); err != nil {
				t.Error(err)
			}
		}
		for _, d := range []time.Duration{-1, time.Millisecond, 25 * time.Hour} {
			if err := x.CancelAllAfter(t.Context(), perp, d); !errors.Is(err, invalid) || exchange.OutcomeOf(err) != exchange.ErrNotSent {
				t.Errorf("%v: %v", d, err)
			}
		}
	})
}
