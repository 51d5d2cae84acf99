package okx_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// What becomes of an order by what the venue answers: how often it was sent, what the error says. None is sent twice unless the venue said
// when it may come again.
func TestPlaceReactions(t *testing.T) {
	rejected, unknown, notSent := exchange.ErrRejected, exchange.ErrOutcomeUnknown, exchange.ErrNotSent
	acked := reply{body: strings.Replace(ack, `"clOrdId":""`, `"clOrdId":"b15"`, 1)}
	row := func(status int, code string) reply { return reply{status: status, body: refusal(code, "why")} }
	top := func(status int, code string) reply {
		return reply{status: status, body: fmt.Sprintf(`{"code":%q,"msg":"why","data":[]}`, code)}
	}
	for _, tt := range []struct {
		name    string
		say     []reply
		within  time.Duration // of the order's deadline; 0: none
		reduce  bool
		sent    int
		took    time.Duration
		outcome error // nil: acknowledged
		class   error
	}{
		{name: "acknowledged", say: []reply{acked}, sent: 1},
		{name: "429 with Retry-After", say: []reply{{status: 429, header: "Retry-After: 3", body: top(429, "50011").body}, acked}, sent: 2, took: 3 * time.Second},
		{name: "429, too late to come again", say: []reply{{status: 429, header: "Retry-After: 3", body: top(429, "50011").body}}, within: time.Second, sent: 1,
			outcome: rejected, class: exchange.ErrRateLimited},
		{name: "429 from the front", say: []reply{{status: 429, body: "<html>"}}, sent: 1, outcome: rejected, class: exchange.ErrRateLimited},
		{name: "rate limit in a row", say: []reply{row(200, "50061"), acked}, sent: 2, took: 2 * time.Second},
		{name: "systems busy", say: []reply{top(429, "50013")}, sent: 1, outcome: rejected, class: exchange.ErrUnavailable},
		{name: "systems busy, for a reduction", say: []reply{top(429, "50013"), top(429, "50013"), acked}, reduce: true, sent: 3, took: 600 * time.Millisecond},
		{name: "418", say: []reply{{status: 418, body: "<html>"}}, sent: 1, outcome: unknown, class: exchange.ErrBanned},
		{name: "403", say: []reply{{status: 403, body: "<html>"}}, sent: 1, outcome: unknown, class: exchange.ErrBanned},
		{name: "503 of the venue", say: []reply{top(503, "50001")}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "503 of the front", say: []reply{{status: 503, body: "<html>"}}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "500", say: []reply{top(500, "50026")}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "502", say: []reply{{status: 502, body: "<html>"}}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "the venue's time-out", say: []reply{top(400, "50004")}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "the matching engine's", say: []reply{row(500, "51149")}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "reset after it was read", say: []reply{{reset: true}}, sent: 1, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "no answer", say: []reply{{after: time.Minute}}, sent: 1, took: 10 * time.Second, outcome: unknown, class: exchange.ErrUnavailable},
		{name: "garbage", say: []reply{{body: "\x00\xff{"}}, sent: 1, outcome: unknown, class: exchange.ErrFrame},
		{name: "HTML", say: []reply{{body: "<html>"}}, sent: 1, outcome: unknown, class: exchange.ErrFrame},
		{name: "nothing", say: []reply{{}}, sent: 1, outcome: unknown, class: exchange.ErrFrame},
		{name: "10 MB", say: []reply{{body: strings.Repeat("x", 10<<20)}}, sent: 1, outcome: unknown, class: exchange.ErrFrame},
		{name: "an answer about another order", say: []reply{{body: strings.Replace(ack, `"clOrdId":""`, `"clOrdId":"c16"`, 1)}}, sent: 1, outcome: unknown, class: exchange.ErrFrame},
		{name: "refused in a 200", say: []reply{row(200, "51008")}, sent: 1, outcome: rejected, class: exchange.ErrInsufficientFunds},
		{name: "a code that nobody documented", say: []reply{row(200, "51998")}, sent: 1, outcome: unknown},
		{name: "a client id that exists", say: []reply{row(200, "51016")}, sent: 1, outcome: unknown, class: exchange.ErrConflict},
		{name: "clock", say: []reply{top(401, "50102")}, sent: 1, outcome: rejected, class: exchange.ErrClockSkew},
		{name: "key", say: []reply{top(401, "50113")}, sent: 1, outcome: rejected, class: exchange.ErrUnauthorized},
		{name: "a deadline that has passed", say: []reply{acked}, within: -time.Second, outcome: notSent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set(placePath, tt.say...)
				o.set("GET "+placePath, list(changed("state", `"filled"`, "accFillSz", `"3"`, "avgPx", `"50000"`)))
				o.set("/api/v5/trade/fills", list(fillRow(map[string]string{"fillSz": "3"})))
				req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
				req.ReduceOnly = tt.reduce
				if tt.within != 0 {
					req.Deadline = time.Now().Add(tt.within)
				}
				began := time.Now()
				got, err := x.Place(t.Context(), req)
				if took := time.Since(began); took < tt.took || took > tt.took+time.Second {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if n := len(o.asked("POST", placePath)); n != tt.sent {
					t.Errorf("sent %d times, want %d", n, tt.sent)
				}
				checkOutcome(t, err, tt.outcome, tt.class)
				if tt.outcome == nil && (got.Status != exchange.StatusAccepted || got.VenueID != "77" || got.ClientID != "b15" || got.Account != "main") {
					t.Errorf("%s", showOrder(got))
				}
				silent(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))
				if errors.Is(exchange.OutcomeOf(err), unknown) && err != nil {
					if errors.Is(err, exchange.ErrBanned) {
						settle(time.Minute)
					}
					found, err := x.Lookup(t.Context(), req.Ref())
					if err != nil || found.Status != exchange.StatusFilled || len(found.Fills) != 1 || !found.Fills[0].Quantity.Equal(dec("0.03")) {
						t.Errorf("lookup: %s, %v", showOrder(found), err)
					}
					if n := len(o.asked("POST", placePath)); n != tt.sent {
						t.Errorf("the lookup sent it again")
					}
				}
			})
		})
	}
}

func checkOutcome(t *testing.T, err, outcome, class error) {
	t.Helper()
	if outcome == nil {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var e *exchange.Error
	if !errors.As(err, &e) || e.Outcome != outcome || e.Venue != okx.Venue || e.Op == "" || class != nil && !errors.Is(err, class) {
		t.Errorf("%v, want %v and %v", err, outcome, class)
	}
}

// After a 503 openings pause for 30 s; what protects goes on.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{status: 503, body: "<html>"}, reply{body: ack})
		o.set("/api/v5/trade/cancel-order", reply{body: ack})
		_, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
		_, err = x.Place(t.Context(), order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrUnavailable)
		if _, err := x.Cancel(t.Context(), order("BTC-USDT", "a", "1", "1").Ref()); err != nil {
			t.Error(err)
		}
		reduction := order("BTC-USDT-PERP", "c", "0.01", "1")
		reduction.ReduceOnly = true
		if _, err := x.Place(t.Context(), reduction); err != nil {
			t.Error(err)
		}
		settle(31 * time.Second)
		if _, err := x.Place(t.Context(), order("BTC-USDT", "d", "1", "1")); err != nil {
			t.Error(err)
		}
	})
}

// So they do when the venue says in words that it has too much to do.
func TestOverloadInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{status: 429, body: `{"code":"50013","msg":"Systems are busy","data":[]}`}, reply{body: ack})
		_, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrRejected, exchange.ErrUnavailable)
		_, err = x.Place(t.Context(), order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrUnavailable)
	})
}

// While the venue's front refuses our address, nothing is sent that way; a standby way, where there is one, carries what protects.
func TestBlockedAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		second := okx.Credentials{Key: "k2", Secret: exchange.NewSecret("s2"), Passphrase: exchange.NewSecret("p2")}
		x := o.client(t, func(c *okx.Config) { c.Standby = []okx.Egress{{Transport: c.HTTP.Transport, Credentials: second}} })
		o.set(placePath, reply{status: 403, body: "<html>"}, reply{body: ack})
		o.set("/api/v5/trade/cancel-order", reply{body: ack})
		_, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrOutcomeUnknown, exchange.ErrBanned)
		_, err = x.Place(t.Context(), order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrBanned)
		if _, err := x.Cancel(t.Context(), order("BTC-USDT", "a", "1", "1").Ref()); err != nil {
			t.Error(err)
		}
		got := o.asked("POST", "/api/v5/trade/cancel-order")
		if len(got) != 1 || got[0].header.Get("OK-ACCESS-KEY") != "k2" || got[0].header.Get("OK-ACCESS-SIGN") != okx.Sign(second, got[0].header.Get("OK-ACCESS-TIMESTAMP"), "POST", got[0].path, []byte(got[0].body)) {
			t.Errorf("%v", got)
		}
		settle(time.Minute)
		if _, err := x.Place(t.Context(), order("BTC-USDT", "d", "1", "1")); err != nil {
			t.Error(err)
		}
	})
}

// A context that ends after something was sent leaves the outcome unknown; one that has ended before, not.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{after: time.Minute})
		if _, err := x.Instruments(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := x.Place(ctx, order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrOutcomeUnknown, context.DeadlineExceeded)
		_, err = x.Place(ctx, order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, context.DeadlineExceeded)
		if n := len(o.asked("POST", placePath)); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// What the venue must know to refuse a late order is in its clock, not ours.
func TestTimesAreTheVenues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.ahead = 7 * time.Minute
		x := o.client(t, func(c *okx.Config) { c.Endpoints.Simulated = true })
		o.set(placePath, reply{body: ack})
		req := order("BTC-USDT", "a", "1", "1")
		req.Deadline = time.Now().Add(2 * time.Second)
		if _, err := x.Place(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		got := o.asked("POST", placePath)[0]
		exp, err := strconv.ParseInt(got.header.Get("expTime"), 10, 64)
		if want := req.Deadline.Add(o.ahead); err != nil || time.UnixMilli(exp).After(want) || time.UnixMilli(exp).Before(want.Add(-10*time.Millisecond)) {
			t.Errorf("expTime %s, want %d", got.header.Get("expTime"), want.UnixMilli())
		}
		at, err := time.Parse("2006-01-02T15:04:05.000Z", got.header.Get("OK-ACCESS-TIMESTAMP"))
		if d := at.Sub(time.Now().Add(o.ahead)); err != nil || d.Abs() > time.Second {
			t.Errorf("timestamp %s is %v off", got.header.Get("OK-ACCESS-TIMESTAMP"), d)
		}
		if want := okx.Sign(keys(), got.header.Get("OK-ACCESS-TIMESTAMP"), "POST", placePath, []byte(got.body)); got.header.Get("OK-ACCESS-SIGN") != want {
			t.Error("another signature")
		}
		if got.header.Get("OK-ACCESS-KEY") != secrets[0] || got.header.Get("OK-ACCESS-PASSPHRASE") != secrets[2] || got.header.Get("x-simulated-trading") != "1" ||
			got.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", got.header)
		}
		read := o.asked("GET", configPath)[0]
		if want := okx.Sign(keys(), read.header.Get("OK-ACCESS-TIMESTAMP"), "GET", configPath, nil); read.header.Get("OK-ACCESS-SIGN") != want || read.header.Get("expTime") != "" {
			t.Errorf("a read's headers %v", read.header)
		}
		o.ahead = -3 * time.Minute // the venue's clock is set
		o.set("/api/v5/account/balance", reply{status: 401, body: `{"code":"50102","msg":"Timestamp request expired.","data":[]}`}, list(`{"details":[]}`))
		if _, err := x.Balances(t.Context()); err != nil {
			t.Errorf("not read again after the clock was set: %v", err)
		}
		last := o.asked("GET", "/api/v5/account/balance")[1]
		at, err = time.Parse("2006-01-02T15:04:05.000Z", last.header.Get("OK-ACCESS-TIMESTAMP"))
		if d := at.Sub(time.Now().Add(o.ahead)); err != nil || d.Abs() > time.Second {
			t.Errorf("after the clock was set the timestamp is %v off", d)
		}
	})
}

// How wrong our idea of the venue's clock may be is taken off a deadline: an order must not be taken after it.
func TestDeadlinesAreNeverLater(t *testing.T) {
	for _, way := range []string{"REST", "socket"} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			o.ahead, o.slow = time.Hour, 100*time.Millisecond // all of it before the venue looks at its clock, so that we think it 50 ms later
			x := o.client(t, func(c *okx.Config) {
				if way == "socket" {
					c.Entry = okx.EntrySocket
				}
			})
			o.set(placePath, reply{body: ack})
			f := follows(t, x)
			settle(5 * time.Second)
			req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
			req.Deadline = time.Now().Add(20 * time.Second)
			if _, err := x.Place(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			var told string
			if sent := o.asked("POST", placePath); len(sent) > 0 {
				told = sent[0].header.Get("expTime")
			} else {
				_, told, _ = strings.Cut(o.frames()[1], `"expTime":"`)
				told, _, _ = strings.Cut(told, `"`)
			}
			exp, err := strconv.ParseInt(told, 10, 64)
			if late := time.UnixMilli(exp).Sub(req.Deadline.Add(o.ahead)); err != nil || late > 0 || late < -2*o.slow {
				t.Errorf("%s: expTime %s is %v after the deadline", way, told, late)
			}
			_ = f.stop()
		})
	}
}

// An order whose answer was lost is looked up by the stream, before anything is pushed of it; one that was certainly refused is not.
func TestUnansweredOrdersAreFollowed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		say      reply
		followed bool
	}{
		{"no answer", reply{reset: true}, true},
		{"refused", reply{body: refusal("51008", "why")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set(placePath, tt.say)
				o.set("GET "+placePath, list(changed("state", `"canceled"`, "cancelSource", `"14"`)))
				if _, err := x.Place(t.Context(), order("BTC-USDT-PERP", "b15", "0.03", "50000.1")); err == nil {
					t.Fatal("placed")
				}
				f := follows(t, x)
				settle(5 * time.Second)
				if got := f.take(); strings.Contains(got, "expired") != tt.followed || (len(o.asked("GET", placePath)) > 0) != tt.followed {
					t.Errorf("%d lookups, emitted\n%s", len(o.asked("GET", placePath)), got)
				}
				_ = f.stop()
			})
		})
	}
}

// The code for the account's number of orders stops those of all swaps, and no spot; the one for a market stops that market.
func TestWhichLimitWasExceeded(t *testing.T) {
	for code, stopped := range map[string]map[string]bool{
		"50061": {"BTC-USDT-PERP": true, "LTC-USDT-PERP": true, "BTC-USDT": false},
		"50011": {"BTC-USDT-PERP": true, "LTC-USDT-PERP": false, "BTC-USDT": false},
	} {
		for symbol, want := range stopped {
			t.Run(code+" for "+symbol, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := openOffice(t)
					x := o.client(t, func(c *okx.Config) { c.Instruments = markets("BTC-USDT", "BTC-USDT-PERP", "LTC-USDT-PERP") })
					o.set(placePath, reply{body: refusal(code, "too many")}, reply{body: ack})
					place := func(symbol, id string) error {
						req := order(symbol, id, "1", "1")
						req.Deadline = time.Now().Add(time.Second)
						_, err := x.Place(t.Context(), req)
						return err
					}
					checkOutcome(t, place("BTC-USDT-PERP", "a"), exchange.ErrRejected, exchange.ErrRateLimited)
					err := place(symbol, "b")
					if want {
						checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrRateLimited)
					} else if err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func TestHedgeModeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(configPath, list(`{"acctLv":"2","posMode":"long_short_mode"}`))
		_, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrUnsupported)
		if err == nil || !strings.Contains(err.Error(), "long_short_mode") || len(o.asked("POST", placePath)) != 0 {
			t.Errorf("%v", err)
		}
		f := follows(t, x)
		settle(time.Second)
		if err := <-f.done; !errors.Is(err, exchange.ErrUnsupported) {
			t.Errorf("the stream ended with %v", err)
		}
		// Changed meanwhile.
		o.set(configPath, list(`{"acctLv":"3","posMode":"net_mode"}`))
		o.set(placePath, reply{body: ack})
		if _, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1")); err != nil {
			t.Fatal(err)
		}
		if got := o.asked("POST", placePath)[0].body; !strings.Contains(got, `"tdMode":"cross"`) {
			t.Errorf("%s: multi-currency accounts trade spot with cross margin", got)
		}
		// And again: the venue says so once.
		o.set(placePath, reply{body: refusal("51010", "account mode")}, reply{body: ack})
		o.set(configPath, list(`{"acctLv":"1","posMode":"net_mode"}`))
		_, err = x.Place(t.Context(), order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrRejected, exchange.ErrUnsupported)
		if _, err := x.Place(t.Context(), order("BTC-USDT", "c", "1", "1")); err != nil || !strings.Contains(o.asked("POST", placePath)[2].body, `"tdMode":"cash"`) {
			t.Errorf("%v", err)
		}
	})
}

// privately are the calls that need an account.
func privately(x *okx.Exchange) map[string]func(context.Context) error {
	s := exchange.MustSymbol("BTC-USDT")
	r := ref("BTC-USDT", "77")
	return map[string]func(context.Context) error{
		"Place": func(ctx context.Context) error {
			_, err := x.Place(ctx, limit("BTC-USDT", "a", exchange.Buy, "1", "1"))
			return err
		},
		"Replace": func(ctx context.Context) error {
			_, err := x.Replace(ctx, r, exchange.Change{Price: dec("1")})
			return err
		},
		"Cancel":         func(ctx context.Context) error { _, err := x.Cancel(ctx, r); return err },
		"CancelAll":      func(ctx context.Context) error { return x.CancelAll(ctx, s) },
		"CancelAllAfter": func(ctx context.Context) error { return x.CancelAllAfter(ctx, s, 10*time.Second) },
		"Lookup":         func(ctx context.Context) error { _, err := x.Lookup(ctx, r); return err },
		"StreamOrders":   func(ctx context.Context) error { return x.StreamOrders(ctx, func(exchange.Event) {}) },
		"Balances":       func(ctx context.Context) error { _, err := x.Balances(ctx); return err },
		"Positions":      func(ctx context.Context) error { _, err := x.Positions(ctx); return err },
		"Fees":           func(ctx context.Context) error { _, err := x.Fees(ctx, s); return err },
		"OpenOrders":     func(ctx context.Context) error { _, err := x.OpenOrders(ctx, s); return err },
		"Fills":          func(ctx context.Context) error { _, err := x.Fills(ctx, s, time.Now()); return err },
	}
}

func TestWithoutCredentials(t *testing.T) {
	d := &desk{say: map[string]string{"/api/v5/public/instruments": rows(spotRow, swapRow).body}}
	x := trader(t, d, func(c *okx.Config) { c.Credentials = okx.Credentials{} })
	for name, call := range privately(x) {
		write := slices.Contains([]string{"Place", "Replace", "Cancel", "CancelAll", "CancelAllAfter"}, name)
		if err := call(t.Context()); errors.Is(err, exchange.ErrNotSent) != write || !errors.Is(err, exchange.ErrUnauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range d.got {
		if s.path != "/api/v5/public/instruments" {
			t.Errorf("%s was asked", s.path)
		}
	}
}

// An error comes with what points at the order, so that it can be looked up.
func TestErrorsNameTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{reset: true})
		o.set("/api/v5/trade/amend-order", reply{reset: true})
		o.set("/api/v5/trade/cancel-order", reply{reset: true})
		good := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
		late, odd := good, good
		late.Deadline, odd.Quantity = time.Now().Add(-time.Second), dec("0.001234567")
		foreign := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
		foreign.Account = "other"
		for _, req := range []exchange.OrderRequest{good, late, odd, foreign} {
			got, err := x.Place(t.Context(), req)
			if err == nil || got.Ref() != req.Ref() || !got.Quantity.Equal(req.Quantity) || got.Status != exchange.StatusUnknown {
				t.Errorf("place: %s, %v", showOrder(got), err)
			}
		}
		o.set("GET "+placePath, list(base), reply{status: 400})
		for _, account := range []exchange.AccountID{"main", "other"} {
			ref := exchange.OrderRef{Market: good.Market, Account: account, ClientID: "b15", VenueID: "77"}
			for name, call := range map[string]func() (exchange.Order, error){
				"replace": func() (exchange.Order, error) {
					return x.Replace(t.Context(), ref, exchange.Change{Price: dec("7")})
				},
				"cancel": func() (exchange.Order, error) { return x.Cancel(t.Context(), ref) },
			} {
				if got, err := call(); err == nil || got.Ref() != ref || got.Status != exchange.StatusUnknown {
					t.Errorf("%s of %s: %s, %v", name, account, showOrder(got), err)
				}
			}
		}
		ref := exchange.OrderRef{Market: good.Market, Account: "main", ClientID: "b15", VenueID: "77"}
		o.set("GET "+placePath, reply{status: 400})
		if got, err := x.Lookup(t.Context(), ref); err == nil || got.Ref() != ref || got.Status != exchange.StatusUnknown {
			t.Errorf("lookup: %s, %v", showOrder(got), err)
		}
	})
}

func TestAnotherAccountsOrders(t *testing.T) {
	x := trader(t, &desk{}, func(c *okx.Config) { c.Account = "main" })
	for _, r := range []exchange.OrderRequest{limit("BTC-USDT", "a", exchange.Buy, "1", "1"), func() exchange.OrderRequest {
		r := order("BTC-USDT", "a", "1", "1")
		r.Market.Venue = "binance"
		return r
	}()} {
		_, err := x.Place(t.Context(), r)
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrInvalid)
		_, err = x.Cancel(t.Context(), r.Ref())
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrInvalid)
	}
}

// Without a stream an amendment is looked up after it was acknowledged.
func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{body: ack})
		o.set("/api/v5/trade/amend-order", reply{body: ack})
		req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
		if _, err := x.Place(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		shown := func(px, sz string) reply { return list(changed("px", strconv.Quote(px), "sz", strconv.Quote(sz))) }
		for _, tt := range []struct {
			change   exchange.Change
			say      []reply
			want     string
			requeued bool
		}{
			{exchange.Change{Price: dec("50001")}, []reply{shown("50001", "3")}, "0.03 at 50001", true},
			{exchange.Change{Price: dec("50000.1")}, []reply{shown("50001", "3"), shown("50000.1", "3")}, "0.03 at 50000.1", true},
			{exchange.Change{Price: dec("50000.1")}, []reply{shown("50000.1", "3")}, "0.03 at 50000.1", false},
			{exchange.Change{Quantity: dec("0.02")}, []reply{shown("50000.1", "2")}, "0.02 at 50000.1", false},
			{exchange.Change{Quantity: dec("0.04")}, []reply{shown("50000.1", "4")}, "0.04 at 50000.1", true},
			{exchange.Change{Price: dec("50000.1"), Quantity: dec("0.03")}, []reply{shown("50000.1", "3")}, "0.03 at 50000.1", false},
		} {
			o.set("GET "+placePath, tt.say...)
			got, err := x.Replace(t.Context(), req.Ref(), tt.change)
			if err != nil || !strings.Contains(showOrder(got), tt.want+":") || got.Requeued != tt.requeued || got.VenueID != "77" || len(got.Former) != 0 {
				t.Errorf("%v: %s, requeued %v, %v", tt.change, showOrder(got), got.Requeued, err)
			}
		}
		ids := map[string]bool{}
		for _, s := range o.asked("POST", "/api/v5/trade/amend-order") {
			ids[parameters(nil, &s.body)["reqId"]] = true
		}
		if len(ids) != 6 || ids[""] {
			t.Errorf("request ids %v", ids)
		}
	})
}

// A change to no more than has filled leaves nothing that works: the order has ended as filled, of the size that filled, whatever size the
// venue says that it has.
func TestReplaceBelowFilled(t *testing.T) {
	for _, sz := range []string{"1", "2", "3"} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			x := o.client(t)
			o.set(placePath, reply{body: ack})
			o.set("/api/v5/trade/amend-order", reply{body: ack})
			req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
			if _, err := x.Place(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			filled := changed("px", `"50000.1"`, "sz", strconv.Quote(sz), "state", `"filled"`, "accFillSz", `"2"`, "avgPx", `"50000"`)
			o.set("GET "+placePath, list(filled))
			got, err := x.Replace(t.Context(), req.Ref(), exchange.Change{Quantity: dec("0.01")})
			if err != nil || got.Status != exchange.StatusFilled || !got.Filled.Equal(dec("0.02")) || got.Quantity.Cmp(got.Filled) < 0 {
				t.Errorf("sz %s: %s, %v", sz, showOrder(got), err)
			}
		})
	}
}

// That an order was amended is remembered without a stream too: its end as one that would have taken is then no rejection.
func TestReplaceIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{body: ack})
		o.set("/api/v5/trade/amend-order", reply{body: ack})
		req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
		req.PostOnly = true
		if _, err := x.Place(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		row := []string{"ordType", `"post_only"`, "px", `"50001"`}
		o.set("GET "+placePath, list(changed(row...)))
		if _, err := x.Replace(t.Context(), req.Ref(), exchange.Change{Price: dec("50001")}); err != nil {
			t.Fatal(err)
		}
		o.set("GET "+placePath, list(changed(append(row, "state", `"canceled"`, "cancelSource", `"31"`)...)))
		if got, err := x.Lookup(t.Context(), req.Ref()); err != nil || got.Status != exchange.StatusExpired || got.Reason == "" {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
}

// The newest are remembered, at least 4,096 of them and never more than twice as many.
func TestChangesAreBounded(t *testing.T) {
	add, has := okx.Changes()
	const total = 20_000
	for i := range total {
		add(fmt.Sprint(i))
	}
	kept := 0
	for i := range total {
		if has(fmt.Sprint(i)) {
			kept++
		} else if i >= total-4096 {
			t.Fatalf("%d of %d is forgotten", i, total)
		}
	}
	if kept > 2*4096 {
		t.Errorf("%d are remembered", kept)
	}
}

func TestReplaceReactions(t *testing.T) {
	rejected, unknown := exchange.ErrRejected, exchange.ErrOutcomeUnknown
	absent := reply{body: `{"code":"51603","msg":"Order does not exist","data":[]}`}
	working := list(base)
	for _, tt := range []struct {
		name       string
		say, after []reply // to the request, to lookups
		outcome    error
		class      error
	}{
		{"made", []reply{{body: ack}}, []reply{working, list(changed("px", `"7"`))}, nil, nil},
		{"not known anywhere", nil, []reply{absent}, exchange.ErrNotSent, exchange.ErrNotFound},
		{"not known to the request", []reply{{body: refusal("51503", "")}}, []reply{working}, rejected, exchange.ErrNotFound},
		{"post-only", []reply{{body: refusal("51511", "")}}, []reply{working}, rejected, exchange.ErrConflict},
		{"ended", []reply{{body: refusal("51510", "")}}, []reply{working}, rejected, exchange.ErrConflict},
		{"ended after the acknowledgement", []reply{{body: ack}}, []reply{working, list(changed("state", `"canceled"`, "cancelSource", `"1"`))}, rejected, exchange.ErrConflict},
		{"acknowledged, and not made", []reply{{body: ack}}, []reply{working}, unknown, nil},
		{"acknowledged, and lost", []reply{{body: ack}}, []reply{working, absent}, unknown, nil},
		{"no answer", []reply{{reset: true}}, []reply{working}, unknown, exchange.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set("/api/v5/trade/amend-order", tt.say...)
				o.set("GET "+placePath, tt.after...)
				got, err := x.Replace(t.Context(), exchange.OrderRef{Market: swap().Market, Account: "main", VenueID: "77"}, exchange.Change{Price: dec("7")})
				checkOutcome(t, err, tt.outcome, tt.class)
				if tt.outcome == nil && (got.ClientID != "b15" || !got.Requeued || !got.Price.Equal(dec("7"))) {
					t.Errorf("%s", showOrder(got))
				}
				if n := len(o.asked("POST", "/api/v5/trade/amend-order")); n != len(tt.say) {
					t.Errorf("sent %d times", n)
				}
			})
		})
	}
}

// Another program of the account amends its own order: that is no news of ours, whatever id it gave its request.
func TestAmendmentsOfOthers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		reqID func(x *okx.Exchange) string
		row   []string // of the other's order
	}{
		{"numbered as programs do", func(*okx.Exchange) string { return "r1" }, nil},
		{"the same id, another order", func(x *okx.Exchange) string { return okx.Prefix(x) + "1" }, []string{"ordId", `"999"`, "clOrdId", `"other"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set(placePath, reply{body: ack})
				o.set("GET "+placePath, list(base))
				o.set("/api/v5/trade/amend-order", reply{body: ack, after: 100 * time.Millisecond})
				f := follows(t, x)
				settle(5 * time.Second)
				req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
				if _, err := x.Place(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(50*time.Millisecond, func() {
					o.push(framed("orders", changed(append([]string{"reqId", fmt.Sprintf("%q", tt.reqID(x)), "amendResult", `"0"`}, tt.row...)...)))
				})
				_, err := x.Replace(t.Context(), req.Ref(), exchange.Change{Price: dec("7")})
				checkOutcome(t, err, exchange.ErrOutcomeUnknown, nil)
				_ = f.stop()
			})
		})
	}
}

// Each process has ids of its own.
func TestRequestIDs(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(20) {
		for range 2 {
			p := okx.Prefix(trader(t, &desk{}, func(c *okx.Config) { c.Seed = seed }))
			if len(p) != 12 || strings.Trim(p, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("%q", p)
			}
			seen[p] = true
		}
	}
	if len(seen) != 19+2 { // a seed is for tests: it repeats itself
		t.Errorf("%d prefixes", len(seen))
	}
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		r := exchange.OrderRef{Market: swap().Market, Account: "main", ClientID: "ORD-20240521-8a3f-01"}
		own, _ := okx.VenueID(r.ClientID)
		o.set("/api/v5/trade/cancel-order", reply{body: strings.Replace(ack, `"clOrdId":""`, `"clOrdId":"`+own+`"`, 1)})
		got, err := x.Cancel(t.Context(), r)
		if err != nil || got.ClientID != r.ClientID || got.VenueID != "77" || got.Status.Final() {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		if b := o.asked("POST", "/api/v5/trade/cancel-order")[0].body; b != `{"instId":"BTC-USDT-SWAP","clOrdId":"`+own+`"}` {
			t.Error(b)
		}
		for code, want := range map[string][2]error{
			"51400": {exchange.ErrRejected, exchange.ErrNotFound}, "51603": {exchange.ErrRejected, exchange.ErrNotFound},
			"51401": {exchange.ErrRejected, exchange.ErrConflict}, "51402": {exchange.ErrRejected, exchange.ErrConflict},
			"51410": {exchange.ErrRejected, exchange.ErrConflict}, "51412": {exchange.ErrOutcomeUnknown, exchange.ErrUnavailable},
		} {
			o.set("/api/v5/trade/cancel-order", reply{body: refusal(code, "why")})
			_, err := x.Cancel(t.Context(), r)
			checkOutcome(t, err, want[0], want[1])
		}
		_, err = x.Cancel(t.Context(), exchange.OrderRef{Market: swap().Market, Account: "main"})
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrInvalid)
	})
}

func TestCancelAll(t *testing.T) {
	many := func(n int) (rows []string) {
		for i := range n {
			rows = append(rows, changed("ordId", fmt.Sprintf("%q", fmt.Sprint(1000-i))))
		}
		return rows
	}
	answer := func(n int, last string) reply {
		rows := strings.Repeat(`{"ordId":"1","sCode":"0"},`, n-1) + fmt.Sprintf(`{"ordId":"1","sCode":%q}`, last)
		return reply{body: `{"code":"0","data":[` + rows + `]}`}
	}
	each := func(codes ...string) reply {
		var rows []string
		for _, c := range codes {
			rows = append(rows, fmt.Sprintf(`{"ordId":"1","sCode":%q}`, c))
		}
		return reply{body: `{"code":"2","data":[` + strings.Join(rows, ",") + `]}`}
	}
	for _, tt := range []struct {
		name    string
		orders  int
		say     []reply
		batches []int
		outcome error
	}{
		{"none", 0, []reply{answer(1, "0")}, nil, nil},
		{"three batches", 45, []reply{answer(20, "0"), answer(20, "0"), answer(5, "0")}, []int{20, 20, 5}, nil},
		{"some have ended", 2, []reply{answer(2, "51400")}, []int{2}, nil},
		{"one is refused, the other canceled", 2, []reply{answer(2, "51000")}, []int{2}, exchange.ErrOutcomeUnknown},
		{"the other way round", 2, []reply{each("51000", "0")}, []int{2}, exchange.ErrOutcomeUnknown},
		{"one is refused, the other unknown", 2, []reply{each("51404", "51412")}, []int{2}, exchange.ErrOutcomeUnknown},
		{"one is refused, the other has ended", 2, []reply{each("51400", "51404")}, []int{2}, exchange.ErrRejected},
		{"both are refused", 2, []reply{each("51404", "51000")}, []int{2}, exchange.ErrRejected},
		{"the first batch is refused", 21, []reply{{body: `{"code":"50111","data":[]}`}, each("0")}, []int{20, 1}, exchange.ErrOutcomeUnknown},
		{"the second batch is refused", 21, []reply{answer(20, "0"), {body: `{"code":"50111","data":[]}`}}, []int{20, 1}, exchange.ErrOutcomeUnknown},
		{"a row is missing", 2, []reply{answer(1, "0")}, []int{2}, exchange.ErrOutcomeUnknown},
		{"no answer", 2, []reply{{reset: true}}, []int{2}, exchange.ErrOutcomeUnknown},
		{"refused", 2, []reply{{status: 401, body: `{"code":"50111","data":[]}`}}, []int{2}, exchange.ErrRejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set("/api/v5/trade/orders-pending", list(many(tt.orders)...))
				o.set("/api/v5/trade/cancel-batch-orders", tt.say...)
				err := x.CancelAll(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"))
				checkOutcome(t, err, tt.outcome, nil)
				var got []int
				for _, s := range o.asked("POST", "/api/v5/trade/cancel-batch-orders") {
					got = append(got, strings.Count(s.body, "ordId"))
				}
				if fmt.Sprint(got) != fmt.Sprint(tt.batches) {
					t.Errorf("batches of %v, want %v", got, tt.batches)
				}
			})
		})
	}
}

func TestCancelAllAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set("/api/v5/trade/cancel-all-after", list(`{"triggerTime":"1","tag":"","ts":"1"}`))
		s := exchange.MustSymbol("BTC-USDT")
		for _, d := range []time.Duration{10 * time.Second, 120 * time.Second, 0} {
			if err := x.CancelAllAfter(t.Context(), s, d); err != nil {
				t.Error(err)
			}
		}
		for _, d := range []time.Duration{time.Second, -time.Second, 121 * time.Second, 10*time.Second + 1} {
			checkOutcome(t, x.CancelAllAfter(t.Context(), s, d), exchange.ErrNotSent, exchange.ErrInvalid)
		}
		var got []string
		for _, s := range o.asked("POST", "/api/v5/trade/cancel-all-after") {
			got = append(got, s.body)
		}
		if fmt.Sprint(got) != `[{"timeOut":"10"} {"timeOut":"120"} {"timeOut":"0"}]` {
			t.Error(got)
		}
	})
}

func TestLookup(t *testing.T) {
	absent := reply{body: `{"code":"51603","msg":"Order does not exist","data":[]}`}
	filled := changed("state", `"filled"`, "accFillSz", `"3"`, "avgPx", `"50000"`)
	other := changed("ordId", `"78"`, "clOrdId", `"c16"`)
	for _, tt := range []struct {
		name         string
		say, history []reply
		fills        []reply
		want         string
		err          error
	}{
		{name: "working", say: []reply{list(base)}, want: "accepted, 0 filled"},
		{name: "filled", say: []reply{list(filled)}, fills: []reply{list(fillRow(map[string]string{"fillSz": "2", "billId": "2", "tradeId": "10"}), fillRow(nil))},
			want: "filled, 0.03 filled; 9 0.01, 10 0.02"},
		{name: "in history", say: []reply{absent}, history: []reply{list(other, filled)}, fills: []reply{list(fillRow(map[string]string{"fillSz": "3"}))}, want: "filled, 0.03 filled; 9 0.03"},
		{name: "nowhere", say: []reply{absent}, history: []reply{list(other)}, err: exchange.ErrNotFound},
		{name: "nowhere, and no history", say: []reply{absent}, history: []reply{{status: 500, body: `{"code":"50026","data":[]}`}}, err: exchange.ErrUnavailable},
		{name: "another order", say: []reply{list(other)}, err: exchange.ErrFrame},
		{name: "no row", say: []reply{list()}, err: exchange.ErrFrame},
		{name: "a page", say: []reply{{status: 404, body: "<html>"}}, err: &exchange.Error{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set("GET "+placePath, tt.say...)
				if tt.history != nil {
					o.set("/api/v5/trade/orders-history", tt.history...)
				}
				if tt.fills != nil {
					o.set("/api/v5/trade/fills-history", tt.fills...) // the bubble's clock is long before the rows' times
					o.set("/api/v5/trade/fills", tt.fills...)
				}
				got, err := x.Lookup(t.Context(), exchange.OrderRef{Market: swap().Market, Account: "main", ClientID: "b15"})
				if tt.err != nil {
					var e *exchange.Error
					if !errors.As(err, &e) || !errors.As(tt.err, &e) && !errors.Is(err, tt.err) || !errors.Is(tt.err, exchange.ErrNotFound) && errors.Is(err, exchange.ErrNotFound) {
						t.Errorf("%v, want %v", err, tt.err)
					}
					return
				}
				s := fmt.Sprintf("%s, %s filled", got.Status, got.Filled)
				for i, f := range got.Fills {
					s += map[bool]string{true: "; ", false: ", "}[i == 0] + f.TradeID + " " + f.Quantity.String()
				}
				if err != nil || s != tt.want {
					t.Errorf("%s, %v, want %s", s, err, tt.want)
				}
			})
		})
	}
}

// Fills are asked for where the venue still has them: an old order's in its longer, slower list, which wants the type of the market.
func TestWhereFillsAre(t *testing.T) {
	for age, path := range map[time.Duration]string{70 * time.Hour: "/api/v5/trade/fills", 100 * time.Hour: "/api/v5/trade/fills-history"} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			x := o.client(t)
			began := strconv.Quote(fmt.Sprint(time.Now().Add(-age).UnixMilli()))
			o.set("GET "+placePath, list(changed("state", `"filled"`, "accFillSz", `"3"`, "avgPx", `"50000"`, "cTime", began)))
			o.set(path, list(fillRow(map[string]string{"fillSz": "3"})))
			got, err := x.Lookup(t.Context(), order("BTC-USDT-PERP", "b15", "0.03", "1").Ref())
			asked := o.asked("GET", path)
			if err != nil || len(got.Fills) != 1 || len(asked) != 1 || asked[0].query.Get("ordId") != "77" || (asked[0].query.Get("instType") == "SWAP") != (age > 72*time.Hour) {
				t.Errorf("%v ago: %s, %v, asked %v", age, showOrder(got), err, asked)
			}
		})
	}
}

// The venue lists fills by when it booked them: those that happened before are not listed.
func TestFillsSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		since := time.Now().Add(-time.Hour)
		at := func(id string, d time.Duration) string {
			return fillRow(map[string]string{"tradeId": id, "billId": id, "fillTime": fmt.Sprint(since.Add(d).UnixMilli()), "ts": fmt.Sprint(since.Add(time.Minute).UnixMilli())})
		}
		o.set("/api/v5/trade/fills", list(at("3", time.Millisecond), at("2", 0), at("1", -time.Millisecond)))
		got, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"), since)
		if err != nil || len(got) != 2 || got[0].TradeID != "2" || got[1].TradeID != "3" {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// Exchange and Config tell no key, whatever prints them.
func TestExchangeIsNotPrinted(t *testing.T) {
	x := trader(t, &desk{}, func(c *okx.Config) {
		c.Standby = []okx.Egress{{Transport: http.DefaultTransport, Credentials: keys()}}
	})
	printed(t, "exchange", x)
	printed(t, "egress", okx.Egress{Credentials: keys()})
}

// A connection that breaks before the venue has read anything looks like any other from here: what was written may have arrived. One that never
// came about is another matter.
func TestResetBeforeReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		if _, err := x.Instruments(t.Context()); err != nil {
			t.Fatal(err)
		}
		dials, broken := 0, true
		tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; !broken {
				return nil, &net.OpError{Op: "dial", Err: errors.New("no route")} // as a dialer says, through whatever transport
			}
			a, b := pipe.New(1 << 16)
			b.Close()
			return a, nil
		}}
		x = o.client(t, func(c *okx.Config) {
			c.Instruments = markets("BTC-USDT")
			c.HTTP = &http.Client{Transport: split{placePath: tr, "": c.HTTP.Transport}}
		})
		_, err := x.Place(t.Context(), order("BTC-USDT", "a", "1", "1"))
		checkOutcome(t, err, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
		if dials != 1 {
			t.Errorf("%d connections", dials)
		}
		broken = false
		_, err = x.Place(t.Context(), order("BTC-USDT", "b", "1", "1"))
		checkOutcome(t, err, exchange.ErrNotSent, exchange.ErrUnavailable)
		if dials != 2 || len(o.asked("POST", placePath)) != 0 {
			t.Errorf("%d connections", dials)
		}
	})
}

// split sends POST requests to a path its own way.
type split map[string]http.RoundTripper

func (s split) RoundTrip(r *http.Request) (*http.Response, error) {
	if via := s[r.URL.Path]; via != nil && r.Method == http.MethodPost {
		return via.RoundTrip(r)
	}
	return s[""].RoundTrip(r)
}
