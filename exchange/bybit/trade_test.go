package bybit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

const (
	createPath  = "/v5/order/create"
	recentPath  = "/v5/order/realtime"
	historyPath = "/v5/order/history"
	fillsPath   = "/v5/execution/list"
)

func ack(id, link string) reply { return ok(`{"orderId":"` + id + `","orderLinkId":"` + link + `"}`) }

// bubble runs f in virtual time with an office of its own.
func bubble(t *testing.T, name string, f func(t *testing.T, o *office)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, newOffice(t)) })
	})
}

// What the venue may do to a placement, and what the caller is told; how often it was sent is counted by the venue.
func TestPlaceReactions(t *testing.T) {
	reset := func(after time.Duration) http.Header {
		return http.Header{"X-Bapi-Limit": {"10"}, "X-Bapi-Limit-Status": {"0"}, "X-Bapi-Limit-Reset-Timestamp": {fmt.Sprint(1 + after.Milliseconds())}}
	}
	busy := no(10006, "Too many visits!")
	busy.header = reset(400 * time.Millisecond)
	for _, tt := range []struct {
		name           string
		say            []reply
		outcome, class error
		sent           int
		after          time.Duration
	}{
		{name: "accepted", say: []reply{ack("7", "a-1")}, sent: 1},
		{name: "no funds", say: []reply{no(170131, "Balance insufficient")}, outcome: exchange.ErrRejected, class: exchange.ErrInsufficientFunds, sent: 1},
		{name: "429 with Retry-After", say: []reply{{status: 429, header: http.Header{"Retry-After": {"3"}}}, ack("7", "a-1")}, sent: 2},
		{name: "429 without", say: []reply{{status: 429}}, outcome: exchange.ErrRejected, class: exchange.ErrRateLimited, sent: 1},
		{name: "too many visits, then its turn", say: []reply{busy, ack("7", "a-1")}, sent: 2},
		{name: "a ban", say: []reply{{status: 403, body: "access too frequent"}}, outcome: exchange.ErrRejected, class: exchange.ErrBanned, sent: 1, after: 10 * time.Minute},
		{name: "503", say: []reply{{status: 503, body: "<html>"}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "503 with Retry-After", say: []reply{{status: 503, header: http.Header{"Retry-After": {"5"}}}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1, after: 5 * time.Second},
		{name: "500", say: []reply{{status: 500}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "504", say: []reply{{status: 504}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "server time-out in words", say: []reply{no(10000, "Server Timeout")}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "overload in words", say: []reply{no(429, "high server load")}, outcome: exchange.ErrRejected, class: exchange.ErrUnavailable, sent: 1},
		{name: "a code that nobody documented", say: []reply{no(7654321, "?")}, outcome: exchange.ErrOutcomeUnknown, sent: 1},
		{name: "an order link that was used before", say: []reply{no(170141, "Duplicate clientOrderId")}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrConflict, sent: 1},
		{name: "the clock", say: []reply{no(10002, "req_timestamp[1]")}, outcome: exchange.ErrRejected, class: exchange.ErrClockSkew, sent: 1},
		{name: "reset after it was read", say: []reply{{how: "abort"}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "garbage", say: []reply{{how: "garbage"}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "slow", say: []reply{{how: "slow"}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable, sent: 1},
		{name: "HTML", say: []reply{{body: "<html>login</html>"}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, sent: 1},
		{name: "empty", say: []reply{{}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, sent: 1},
		{name: "success without ids", say: []reply{ok(`{}`)}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, sent: 1},
		{name: "success of another order", say: []reply{ack("7", "b-2")}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, sent: 1},
		{name: "10 MB", say: []reply{{body: `{"retCode":0,"retMsg":"` + strings.Repeat("x", 10<<20) + `","result":{"orderId":"7","orderLinkId":"a-1"}}`}}, sent: 1},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			o.say(createPath, tt.say...)
			x := o.exchange(nil)
			got, err := x.Place(t.Context(), spotOrder("a-1"))
			if n := len(o.asked("POST " + createPath)); n != tt.sent {
				t.Errorf("sent %d times, want %d", n, tt.sent)
			}
			if tt.outcome == nil {
				if err != nil || got.VenueID != "7" || got.ClientID != "a-1" || got.Status != exchange.StatusPending {
					t.Errorf("got %s, %v", sayOrder(got), err)
				}
				return
			}
			var e *exchange.Error
			if !errors.As(err, &e) || !errors.Is(err, tt.outcome) || exchange.OutcomeOf(err) != tt.outcome || tt.class != nil && !errors.Is(err, tt.class) || tt.class == nil && e.Class != nil {
				t.Fatalf("got %v, want %v, %v", err, tt.outcome, tt.class)
			}
			if e.Op != "place" || e.Venue != bybit.Venue || e.RetryAfter != tt.after {
				t.Errorf("got %+v", e)
			}
			if tt.outcome == exchange.ErrOutcomeUnknown { // what became of it is asked, not tried
				o.say(recentPath, list(row("", "7", "a-1", "New")))
				if found, err := x.Lookup(t.Context(), spotOrder("a-1").Ref()); err != nil || found.VenueID != "7" || found.Status != exchange.StatusAccepted {
					t.Errorf("looked up: %s, %v", sayOrder(found), err)
				}
				if n := len(o.asked("POST " + createPath)); n != tt.sent {
					t.Errorf("sent %d times in the end, want %d", n, tt.sent)
				}
			}
		})
	}
}

func TestPlaceIsNotSent(t *testing.T) {
	with := func(change func(*exchange.OrderRequest)) exchange.OrderRequest {
		r := spotOrder("a-1")
		change(&r)
		return r
	}
	reduce := perpOrder("a-1")
	reduce.Market.Symbol.Kind, reduce.ReduceOnly = exchange.Spot, true
	for _, tt := range []struct {
		name  string
		req   exchange.OrderRequest
		class error
	}{
		{"a client id that cannot be told", with(func(r *exchange.OrderRequest) { r.ClientID = "é" }), exchange.ErrInvalid},
		{"no client id", with(func(r *exchange.OrderRequest) { r.ClientID = "" }), exchange.ErrInvalid},
		{"another venue's", with(func(r *exchange.OrderRequest) { r.Market.Venue = "okx" }), exchange.ErrInvalid},
		{"another account's", with(func(r *exchange.OrderRequest) { r.Account = "" }), exchange.ErrInvalid},
		{"no quantity", with(func(r *exchange.OrderRequest) { r.Quantity = exchange.Decimal{} }), exchange.ErrInvalid},
		{"post-only at once", with(func(r *exchange.OrderRequest) { r.PostOnly, r.TIF = true, exchange.IOC }), exchange.ErrInvalid},
		{"reduce-only spot", reduce, exchange.ErrUnsupported},
		{"all or nothing at market", with(func(r *exchange.OrderRequest) {
			r.Type, r.TIF, r.Price = exchange.TypeMarket, exchange.FOK, exchange.Decimal{}
		}), exchange.ErrUnsupported},
		{"past its deadline", with(func(r *exchange.OrderRequest) { r.Deadline = time.Now().Add(-time.Hour) }), nil},
		{"an unknown market", with(func(r *exchange.OrderRequest) { r.Market.Symbol.Base = "XYZ" }), exchange.ErrInvalid},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			if tt.class == nil {
				tt.req.Deadline = time.Now()
			}
			_, err := o.exchange(nil).Place(t.Context(), tt.req)
			if exchange.OutcomeOf(err) != exchange.ErrNotSent || tt.class != nil && !errors.Is(err, tt.class) {
				t.Errorf("got %v, want not sent, %v", err, tt.class)
			}
			if n := o.asked("POST"); len(n) != 0 {
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
		o.refuse = errRefused
		o.mu.Unlock()
		o.idle()
		_, err := x.Place(t.Context(), spotOrder("a-1"))
		if exchange.OutcomeOf(err) != exchange.ErrNotSent {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "the context has ended", func(t *testing.T, o *office) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := o.exchange(nil).Place(ctx, spotOrder("a-1")); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "the context ends on the way", func(t *testing.T, o *office) {
		o.say(createPath, reply{how: "slow"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := o.exchange(nil).Place(ctx, spotOrder("a-1")); exchange.OutcomeOf(err) != exchange.ErrOutcomeUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// The venue refuses by its own clock what reaches it after the deadline; and by ours nothing is sent after it.
func TestDeadline(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
		bubble(t, skew.String(), func(t *testing.T, o *office) {
			o.skew.Store(int64(skew))
			o.say(createPath, ack("7", "a-1"))
			req := spotOrder("a-1")
			req.Deadline = time.Now().Add(2 * time.Second)
			if _, err := o.exchange(nil).Place(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			var stamp, window int64
			if _, err := fmt.Sscan(o.windows[0], &stamp, &window); err != nil {
				t.Fatal(err)
			}
			if end := time.UnixMilli(stamp + window).Add(-skew); end.After(req.Deadline) || end.Before(req.Deadline.Add(-time.Millisecond)) {
				t.Errorf("valid until %v after the deadline", end.Sub(req.Deadline))
			}
		})
	}
	// A question for the time that is long on its way, and whose answer is not, makes our idea of the venue's clock as wrong as it can be.
	bubble(t, "a clock that is known badly", func(t *testing.T, o *office) {
		o.lag.Store(int64(400 * time.Millisecond))
		o.say(createPath, ack("7", "a-1"))
		x := o.exchange(nil)
		if _, err := x.Balances(t.Context()); err != nil {
			t.Fatal(err)
		}
		req := spotOrder("a-1")
		req.Deadline = time.Now().Add(2 * time.Second)
		if _, err := x.Place(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		var stamp, window int64
		if _, err := fmt.Sscan(o.windows[1], &stamp, &window); err != nil {
			t.Fatal(err)
		}
		if end := time.UnixMilli(stamp + window); end.After(req.Deadline) || end.Before(req.Deadline.Add(-time.Second)) {
			t.Errorf("valid until %v after the deadline", end.Sub(req.Deadline))
		}
		if from := time.UnixMilli(stamp); from.After(time.Now()) {
			t.Errorf("valid from %v after now", time.Until(from))
		}
	})
	bubble(t, "not sent when its turn would come too late", func(t *testing.T, o *office) {
		o.say(createPath, no(10000, ""))
		x := o.exchange(func(c *bybit.Config) { c.Limits = bybit.NewLimits() })
		req := perpOrder("a")
		for i := range 8 { // openings may use 8 of 10 a second
			req.ClientID = fmt.Sprint("a", i)
			_, _ = x.Place(t.Context(), req)
		}
		req.ClientID, req.Deadline = "late", time.Now().Add(100*time.Millisecond)
		_, err := x.Place(t.Context(), req)
		if exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrRateLimited) || len(o.asked("POST")) != 8 {
			t.Errorf("got %v, %d sent", err, len(o.asked("POST")))
		}
		o.say("/v5/order/cancel", ack("7", "a0")) // what protects does not wait
		if _, err := x.Cancel(t.Context(), req.Ref()); err == nil || time.Since(req.Deadline) > 0 {
			t.Errorf("a cancellation waited: %v", err)
		}
	})
}

func TestClockSkewSetsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		x := o.exchange(nil)
		if _, err := x.Balances(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.say("/v5/account/wallet-balance", no(10002, "req_timestamp[1]"), list())
		if _, err := x.Balances(t.Context()); err != nil { // a read is tried again, with a clock that was set
			t.Error(err)
		}
	})
}

func TestChanges(t *testing.T) {
	d := exchange.MustDecimal
	bubble(t, "replace", func(t *testing.T, o *office) {
		o.say("/v5/order/amend", ack("7", "a-1"))
		x := o.exchange(nil)
		got, err := x.Replace(t.Context(), spotOrder("a-1").Ref(), exchange.Change{Price: d("101.50"), Quantity: d("3")})
		if err != nil || got.VenueID != "7" || !got.Requeued || got.Status != exchange.StatusPending || !got.Price.Equal(d("101.5")) || !got.Quantity.Equal(d("3")) {
			t.Errorf("got %s, %v", sayOrder(got), err)
		}
		want := `POST /v5/order/amend {"category":"spot","symbol":"BTCUSDT","orderLinkId":"a-1","qty":"3","price":"101.5"}`
		if sent := o.asked("POST"); len(sent) != 1 || sent[0] != want {
			t.Errorf("sent %v", sent)
		}
		for _, c := range []exchange.Change{{}, {Price: d("-1")}} {
			if _, err := x.Replace(t.Context(), spotOrder("a-1").Ref(), c); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
	bubble(t, "cancel by the venue's id", func(t *testing.T, o *office) {
		o.say("/v5/order/cancel", ack("7", "xyz"))
		x := o.exchange(nil)
		ref := exchange.OrderRef{Market: market("BTC-USDT-PERP"), Account: "main", VenueID: "7"}
		if got, err := x.Cancel(t.Context(), ref); err != nil || got.VenueID != "7" || got.Status != exchange.StatusPending {
			t.Errorf("got %s, %v", sayOrder(got), err)
		}
		if sent, want := o.asked("POST"), `POST /v5/order/cancel {"category":"linear","symbol":"BTCUSDT","orderId":"7"}`; len(sent) != 1 || sent[0] != want {
			t.Errorf("sent %v", sent)
		}
	})
	for code, class := range map[int]error{170213: exchange.ErrNotFound, 110001: exchange.ErrNotFound, 110008: exchange.ErrConflict, 170142: exchange.ErrConflict} {
		bubble(t, fmt.Sprint("cancel refused with ", code), func(t *testing.T, o *office) {
			o.say("/v5/order/cancel", no(code, "?"))
			if _, err := o.exchange(nil).Cancel(t.Context(), spotOrder("a-1").Ref()); exchange.OutcomeOf(err) != exchange.ErrRejected || !errors.Is(err, class) {
				t.Errorf("got %v", err)
			}
		})
	}
	bubble(t, "cancel all", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		o.say("/v5/order/cancel-all", ok(`{"list":[{"orderId":"7","orderLinkId":"a-1"}],"success":"1"}`), ok(`{"list":[]}`), ok(`{"success":"0"}`))
		for _, want := range []error{nil, nil, exchange.ErrOutcomeUnknown} {
			if err := x.CancelAll(t.Context(), exchange.MustSymbol("BTC-USDT-PERP")); exchange.OutcomeOf(err) != want {
				t.Errorf("got %v, want %v", err, want)
			}
		}
	})
	bubble(t, "a cancellation is sent again while the venue is overloaded", func(t *testing.T, o *office) {
		o.say("/v5/order/cancel", no(429, "high server load"), no(429, "high server load"), ack("7", "a-1"))
		if _, err := o.exchange(nil).Cancel(t.Context(), spotOrder("a-1").Ref()); err != nil || len(o.asked("POST")) != 3 {
			t.Errorf("got %v after %d", err, len(o.asked("POST")))
		}
	})
}

func TestLookup(t *testing.T) {
	byLink := "?category=spot&orderLinkId=a-1&symbol=BTCUSDT"
	for _, tt := range []struct {
		name    string
		say     map[string][]reply
		want    string
		err     error
		queries []string
	}{
		{name: "open", say: map[string][]reply{recentPath: {list(row("", "7", "a-1", "New"))}},
			want:    "order bybit:BTC-USDT 7/a-1 buy limit GTC 2 x 100 accepted filled 0 avg 0 fees [] at 1700000000000",
			queries: []string{"GET " + recentPath + byLink}},
		{name: "with fills", say: map[string][]reply{
			recentPath: {list(row("", "7", "a-1", "PartiallyFilled", "cumExecQty", "1.5", "avgPrice", "99.5"))},
			fillsPath: {ok(`{"category":"spot","nextPageCursor":"p2","list":[` + traded("", "e2", "7", "a-1", "1", "99") + `]}`),
				list(traded("", "e1", "7", "a-1", "0.5", "100.5"), traded("", "e2", "7", "a-1", "1", "99"), traded("", "f", "7", "a-1", "9", "9", "execType", "Funding"))}},
			want: "order bybit:BTC-USDT 7/a-1 buy limit GTC 2 x 100 partially filled filled 1.5 avg 99.5 fees [] at 1700000000000 + e1 e2",
			queries: []string{"GET " + recentPath + byLink, "GET " + fillsPath + "?category=spot&limit=100&orderId=7&symbol=BTCUSDT",
				"GET " + fillsPath + "?category=spot&cursor=p2&limit=100&orderId=7&symbol=BTCUSDT"}},
		{name: "more fills than the order knew of", say: map[string][]reply{
			recentPath: {list(row("", "7", "a-1", "PartiallyFilled", "cumExecQty", "1"))}, fillsPath: {list(traded("", "e1", "7", "a-1", "2", "99"))}},
			want: "order bybit:BTC-USDT 7/a-1 buy limit GTC 2 x 100 filled filled 2 avg 99 fees [0.01 USDT] at 1700000000000 + e1"},
		{name: "in the history", say: map[string][]reply{historyPath: {list(row("", "7", "a-1", "Cancelled", "cancelType", "CancelByUser"))}},
			want:    `order bybit:BTC-USDT 7/a-1 buy limit GTC 2 x 100 canceled filled 0 avg 0 fees [] "CancelByUser" at 1700000000000`,
			queries: []string{"GET " + recentPath + byLink, "GET " + historyPath + byLink}},
		{name: "somebody else's is not it", say: map[string][]reply{recentPath: {list(row("", "8", "b-2", "New"))}}, err: exchange.ErrNotFound},
		{name: "nowhere", err: exchange.ErrNotFound, queries: []string{"GET " + recentPath + byLink, "GET " + historyPath + byLink}},
		{name: "the venue says so", say: map[string][]reply{recentPath: {no(170213, "Order does not exist.")}}, err: exchange.ErrNotFound},
		{name: "a status that nobody documented", say: map[string][]reply{recentPath: {list(row("", "7", "a-1", "Pondering"))}},
			want: `order bybit:BTC-USDT 7/a-1 buy limit GTC 2 x 100 unknown filled 0 avg 0 fees []`},
		{name: "damaged", say: map[string][]reply{recentPath: {list(row("", "7", "a-1", "New", "qty", "NaN"))}}, err: exchange.ErrFrame},
		{name: "the history fails", say: map[string][]reply{historyPath: {no(10016, "Server error.")}}, err: exchange.ErrUnavailable},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			for path, replies := range tt.say {
				o.say(path, replies...)
			}
			got, err := o.exchange(nil).Lookup(t.Context(), spotOrder("a-1").Ref())
			if tt.err != nil {
				if !errors.Is(err, tt.err) || errors.Is(err, exchange.ErrNotFound) != (tt.err == exchange.ErrNotFound) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
			} else {
				said := sayOrder(got)
				for i, f := range got.Fills {
					if i == 0 {
						said += " +"
					}
					said += " " + f.TradeID
				}
				if err != nil || said != tt.want {
					t.Errorf("got  %s, %v\nwant %s", said, err, tt.want)
				}
			}
			if sent := o.asked("GET"); tt.queries != nil && strings.Join(sent, "\n") != strings.Join(tt.queries, "\n") {
				t.Errorf("asked\n%s\nwant\n%s", strings.Join(sent, "\n"), strings.Join(tt.queries, "\n"))
			}
		})
	}
}

// A linear order that the venue moved to its price band says so; one that was changed to its price does not.
func TestMovedPrice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		x := o.exchange(nil)
		o.say(createPath, ack("7", "a-1"))
		o.say("/v5/order/amend", ack("7", "a-1"))
		if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
			t.Fatal(err)
		}
		reason := func(price string) string {
			o.say(recentPath, list(row("", "7", "a-1", "New", "price", price)))
			got, err := x.Lookup(t.Context(), perpOrder("a-1").Ref())
			if err != nil || got.Price.String() != price {
				t.Fatal(sayOrder(got), err)
			}
			return got.Reason
		}
		if r := reason("100.0"); r != "" {
			t.Errorf("as asked: %q", r)
		}
		if r := reason("99.5"); !strings.Contains(r, "100 was asked for") {
			t.Errorf("moved: %q", r)
		}
		if _, err := x.Replace(t.Context(), perpOrder("a-1").Ref(), exchange.Change{Price: exchange.MustDecimal("90")}); err != nil {
			t.Fatal(err)
		}
	})
}

// Standby ways carry what protects during a ban, and nothing else.
func TestStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		transport := &http.Transport{DialContext: o.dial}
		t.Cleanup(transport.CloseIdleConnections)
		x := o.exchange(func(c *bybit.Config) { c.Standby = []bybit.Egress{{Transport: transport}} })
		o.say(createPath, reply{status: 403})
		o.say("/v5/order/cancel", ack("7", "a-1"))
		o.say(recentPath, list(row("", "7", "a-1", "New")))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		var e *exchange.Error
		if _, err := x.Place(t.Context(), spotOrder("a-2")); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.As(err, &e) || !errors.Is(err, exchange.ErrBanned) || e.RetryAfter < 9*time.Minute {
			t.Errorf("an opening during the ban: %v", err)
		}
		if _, err := x.Cancel(t.Context(), spotOrder("a-1").Ref()); err != nil {
			t.Errorf("a cancellation during the ban: %v", err)
		}
		if _, err := x.Lookup(t.Context(), spotOrder("a-1").Ref()); err != nil {
			t.Errorf("a lookup during the ban: %v", err)
		}
		if _, err := x.Balances(t.Context()); !errors.Is(err, exchange.ErrBanned) {
			t.Errorf("a read during the ban: %v", err)
		}
		if n := len(o.asked("POST " + createPath)); n != 1 {
			t.Errorf("%d openings were sent", n)
		}
	})
}

// Without credentials public data works, and nothing of the account's is asked for.
func TestWithoutCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		x := o.exchange(func(c *bybit.Config) { c.Credentials = bybit.Credentials{} })
		if _, err := x.Instruments(t.Context()); err != nil {
			t.Error(err)
		}
		s := exchange.MustSymbol("BTC-USDT-PERP")
		for name, call := range private(t.Context(), x, s) {
			reads := []string{"lookup", "order stream", "balances", "positions", "fees", "open orders", "fills"}
			if err := call(); errors.Is(err, exchange.ErrNotSent) == slices.Contains(reads, name) || !errors.Is(err, exchange.ErrUnauthorized) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, h := range o.asked("") {
			if !strings.HasPrefix(h, "GET /v5/market/") {
				t.Errorf("asked %s", h)
			}
		}
	})
}

// private are all calls about an account, by the names of Abilities.
func private(ctx context.Context, x *bybit.Exchange, s exchange.Symbol) map[string]func() error {
	req := limit(s.String(), "a-1", exchange.Buy, "2", "100")
	req.Account = "main"
	place := func(change func(*exchange.OrderRequest)) func() error {
		r := req
		change(&r)
		return func() error { _, err := x.Place(ctx, r); return err }
	}
	return map[string]func() error{
		"place":         place(func(*exchange.OrderRequest) {}),
		"market orders": place(func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{} }),
		"post only":     place(func(r *exchange.OrderRequest) { r.PostOnly = true }),
		"reduce only":   place(func(r *exchange.OrderRequest) { r.ReduceOnly = true }),
		"deadline":      place(func(r *exchange.OrderRequest) { r.Deadline = time.Now().Add(time.Minute) }),
		"replace": func() error {
			_, err := x.Replace(ctx, req.Ref(), exchange.Change{Price: exchange.MustDecimal("1")})
			return err
		},
		"cancel":       func() error { _, err := x.Cancel(ctx, req.Ref()); return err },
		"cancel all":   func() error { return x.CancelAll(ctx, s) },
		"lookup":       func() error { _, err := x.Lookup(ctx, req.Ref()); return err },
		"order stream": func() error { return x.StreamOrders(ctx, func(exchange.Event) {}) },
		"balances":     func() error { _, err := x.Balances(ctx); return err },
		"positions":    func() error { _, err := x.Positions(ctx); return err },
		"fees":         func() error { _, err := x.Fees(ctx, s); return err },
		"open orders":  func() error { _, err := x.OpenOrders(ctx, s); return err },
		"fills":        func() error { _, err := x.Fills(ctx, s, time.Now()); return err },
	}
}

// What is said not to work fails with ErrUnsupported; what is said to work does not.
func TestAbilities(t *testing.T) {
	for _, kind := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		bubble(t, kind, func(t *testing.T, o *office) {
			x, s := o.exchange(nil), exchange.MustSymbol(kind)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			o.say("/v5/account/fee-rate", ok(`{"list":[{"symbol":"BTCUSDT","takerFeeRate":"0.0006","makerFeeRate":"-0.0001"}]}`))
			calls := private(ctx, x, s)
			calls["cancel all after"] = func() error { return x.CancelAllAfter(ctx, s, time.Minute) }
			calls["server time"] = func() error { _, err := x.ServerTime(ctx); return err }
			calls["order entry over WebSocket"] = func() error { return nil } // in a test of its own
			for _, a := range bybit.Abilities() {
				can, call := a.Spot, calls[a.Name]
				if s.Kind == exchange.Perp {
					can = a.Perp
				}
				if call == nil {
					t.Errorf("%s is not called", a.Name)
					continue
				}
				delete(calls, a.Name)
				if a.Name == "positions" || a.Name == "order stream" { // of both kinds at once; and one that does not end by itself
					continue
				}
				if err := call(); errors.Is(err, exchange.ErrUnsupported) == can {
					t.Errorf("%s: said %v, got %v", a.Name, can, err)
				}
			}
			if len(calls) != 0 {
				t.Errorf("not in the list: %d", len(calls))
			}
		})
	}
}
