package bybit_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

// answering is an order entry socket that takes everything.
func answering(code int, message string) func(entryFrame) string {
	return func(f entryFrame) string {
		return fmt.Sprintf(`{"reqId":"%s","retCode":%d,"retMsg":"%s","op":"%s","data":{"orderId":"7","orderLinkId":"a-1"},"retExtInfo":{},
			"header":{"X-Bapi-Limit":"10","X-Bapi-Limit-Status":"9","X-Bapi-Limit-Reset-Timestamp":"1711001595208","Traceid":"t","Timenow":"1711001595000"},"connId":"c"}`,
			f.ReqID, code, message, f.Op)
	}
}

// over is an Exchange whose order entry socket is connected.
func over(t *testing.T, o *office, trade func(entryFrame) string) *bybit.Exchange {
	t.Helper()
	o.trade = trade
	o.say(createPath, ack("8", "a-1"))
	x := o.exchange(func(c *bybit.Config) { c.Entry = bybit.EntrySocket })
	if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil { // the first goes over REST, and lets the socket be made
		t.Fatal(err)
	}
	<-time.After(100 * time.Millisecond)
	return x
}

func TestOrderEntry(t *testing.T) {
	for _, tt := range []struct {
		name           string
		trade          func(entryFrame) string
		outcome, class error
		rest           int // placements over REST besides the first
		after          time.Duration
	}{
		{name: "accepted", trade: answering(0, "OK")},
		{name: "no funds", trade: answering(110007, "ab not enough"), outcome: exchange.ErrRejected, class: exchange.ErrInsufficientFunds},
		{name: "too many visits", trade: answering(10006, "Too many visits!"), outcome: exchange.ErrRejected, class: exchange.ErrRateLimited, after: 208 * time.Millisecond},
		{name: "server error", trade: answering(10016, "Server error."), outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		{name: "a request id twice", trade: answering(20006, "reqId is duplicated"), outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrConflict},
		{name: "an order link that was used before", trade: answering(110072, "OrderLinkedID is duplicate"), outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrConflict},
		{name: "a code that nobody documented", trade: answering(7654321, "?"), outcome: exchange.ErrOutcomeUnknown},
		{name: "a restart: over REST, for nothing was taken", trade: answering(10019, "restarting"), rest: 1},
		{name: "no answer", trade: func(entryFrame) string { return "" }, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		{name: "a lost connection", trade: func(entryFrame) string { return "hang up" }, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		{name: "another's answer", trade: func(f entryFrame) string { f.ReqID = "x"; return answering(0, "OK")(f) }, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		{name: "damaged", trade: func(f entryFrame) string { return `{"reqId":"` + f.ReqID + `","retCode":0,"data":7}` }, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame},
		{name: "no code", trade: func(f entryFrame) string { return `{"reqId":"` + f.ReqID + `","data":{"orderId":"7"}}` }, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			x := over(t, o, tt.trade)
			got, err := x.Place(t.Context(), spotOrder("a-1"))
			sent, rest := 0, len(o.asked("POST "+createPath))-1
			for _, f := range o.frames {
				if strings.HasPrefix(f, "trade order.create") {
					sent++
				}
			}
			if sent != 1 || rest != tt.rest {
				t.Errorf("sent %d times over the socket and %d over REST", sent, rest)
			}
			if tt.outcome == nil {
				if err != nil || got.VenueID == "" || got.Status != exchange.StatusPending {
					t.Errorf("got %s, %v", sayOrder(got), err)
				}
				return
			}
			var e *exchange.Error
			if !errors.As(err, &e) || exchange.OutcomeOf(err) != tt.outcome || tt.class != nil && !errors.Is(err, tt.class) || e.RetryAfter != tt.after || e.Op != "place" {
				t.Errorf("got %v, want %v, %v", err, tt.outcome, tt.class)
			}
		})
	}
}

func TestOrderEntryChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		x := over(t, o, answering(0, "OK"))
		ref := spotOrder("a-1").Ref()
		if _, err := x.Cancel(t.Context(), ref); err != nil {
			t.Error(err)
		}
		if _, err := x.Replace(t.Context(), ref, exchange.Change{Price: exchange.MustDecimal("99")}); err != nil {
			t.Error(err)
		}
		want(t, "over the socket", strings.Join(o.frames[1:], "\n"), `trade order.cancel {"category":"spot","symbol":"BTCUSDT","orderLinkId":"a-1"}`,
			`trade order.amend {"category":"spot","symbol":"BTCUSDT","orderLinkId":"a-1","price":"99"}`)
		req := spotOrder("a-1")
		req.Deadline = time.Now()
		if _, err := x.Place(t.Context(), req); exchange.OutcomeOf(err) != exchange.ErrNotSent {
			t.Errorf("past its deadline: %v", err)
		}
		// A lost connection is made anew; meanwhile REST does it.
		o.cut("trade")
		synctest.Wait()
		before := len(o.asked("POST " + createPath))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || len(o.asked("POST "+createPath)) != before+1 {
			t.Errorf("without a socket: %v", err)
		}
		<-time.After(5 * time.Second)
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || len(o.asked("POST "+createPath)) != before+1 || o.logins != 2 {
			t.Errorf("with a new one: %v, %d logins", err, o.logins)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || len(o.asked("POST "+createPath)) != before+2 {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestOrderEntryRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.auth = `{"reqId":"auth","retCode":10004,"retMsg":"Invalid sign","op":"auth","connId":"c"}`
		x := over(t, o, answering(0, "OK"))
		<-time.After(9 * time.Minute)
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || len(o.asked("POST")) != 2 || o.logins != 1 {
			t.Errorf("got %v, %d logins", err, o.logins)
		}
	})
	if _, err := bybit.New(bybit.Config{Endpoints: bybit.Demo(), Entry: bybit.EntrySocket}); !errors.Is(err, exchange.ErrUnsupported) || !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("the demo market: %v", err)
	}
}

func TestOrderEntryWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		x := over(t, o, answering(429, "high server load"))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); exchange.OutcomeOf(err) != exchange.ErrRejected || !errors.Is(err, exchange.ErrUnavailable) {
			t.Errorf("overload: %v", err)
		}
		o.trade = answering(0, "OK")
		var e *exchange.Error
		if _, err := x.Place(t.Context(), spotOrder("a-1")); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.As(err, &e) || e.RetryAfter <= 0 || e.RetryAfter > 30*time.Second {
			t.Errorf("an opening during the pause: %v", err)
		}
		if _, err := x.Cancel(t.Context(), spotOrder("a-1").Ref()); err != nil {
			t.Errorf("a cancellation during the pause: %v", err)
		}
		<-time.After(30 * time.Second)
		for range 8 { // openings of linear orders may be 8 in a second
			if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
				t.Fatal(err)
			}
		}
		req := perpOrder("a-1")
		req.Deadline = time.Now().Add(200 * time.Millisecond)
		if _, err := x.Place(t.Context(), req); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrRateLimited) || !errors.As(err, &e) || e.RetryAfter == 0 {
			t.Errorf("a ninth one: %v", err)
		}
	})
}

// sentOver counts placements over the order entry socket.
func (o *office) sentOver() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.frames {
		if strings.HasPrefix(f, "trade order.create") {
			n++
		}
	}
	return n
}

// An address that the venue has shut out sends nothing, over no way: what is left to it REST knows.
func TestOrderEntryDuringBan(t *testing.T) {
	bubble(t, "nothing is sent", func(t *testing.T, o *office) {
		x := over(t, o, answering(0, "OK"))
		o.say("/v5/account/wallet-balance", reply{status: 403, body: "<html>access too frequent</html>"})
		if _, err := x.Balances(t.Context()); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		frames := len(o.frames)
		var e *exchange.Error
		reduce := perpOrder("a-2")
		reduce.ReduceOnly = true
		for _, req := range []exchange.OrderRequest{spotOrder("a-2"), reduce} {
			if _, err := x.Place(t.Context(), req); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrBanned) || !errors.As(err, &e) || e.RetryAfter < 9*time.Minute {
				t.Errorf("placing: %v", err)
			}
		}
		if _, err := x.Cancel(t.Context(), spotOrder("a-1").Ref()); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrBanned) {
			t.Errorf("cancelling: %v", err)
		}
		if len(o.frames) != frames || len(o.asked("POST")) != 1 {
			t.Errorf("sent %v, %v", o.frames[frames:], o.asked("POST"))
		}
		<-time.After(11 * time.Minute)
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || o.sentOver() != 1 {
			t.Errorf("after it: %v, %d over the socket", err, o.sentOver())
		}
	})
	bubble(t, "a cancellation takes the standby way", func(t *testing.T, o *office) {
		o.trade = answering(0, "OK")
		o.say(createPath, ack("8", "a-1"))
		o.say("/v5/order/cancel", ack("8", "a-1"))
		o.say("/v5/account/wallet-balance", reply{status: 403})
		transport := &http.Transport{DialContext: o.dial}
		t.Cleanup(transport.CloseIdleConnections)
		x := o.exchange(func(c *bybit.Config) {
			c.Entry, c.Standby = bybit.EntrySocket, []bybit.Egress{{Transport: transport}}
		})
		_, _ = x.Place(t.Context(), spotOrder("a-1")) // lets the socket be made
		<-time.After(100 * time.Millisecond)
		if _, err := x.Balances(t.Context()); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		if _, err := x.Cancel(t.Context(), spotOrder("a-1").Ref()); err != nil || len(o.asked("POST /v5/order/cancel")) != 1 || len(o.frames) != 1 {
			t.Errorf("got %v, frames %v", err, o.frames)
		}
	})
	bubble(t, "what stood in the queue when it came", func(t *testing.T, o *office) {
		x := over(t, o, answering(0, "OK"))
		for range 8 { // openings of linear orders may be 8 in a second
			if _, err := x.Place(t.Context(), perpOrder("a-1")); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error)
		go func() {
			_, err := x.Place(t.Context(), perpOrder("a-1"))
			done <- err
		}()
		synctest.Wait()
		o.say("/v5/account/wallet-balance", reply{status: 403})
		_, _ = x.Balances(t.Context())
		if err := <-done; exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, exchange.ErrBanned) || o.sentOver() != 8 {
			t.Errorf("got %v, %d sent", err, o.sentOver())
		}
	})
}

// A socket that the venue restarts is left at once, and taken for nothing more; a new one is made when what was on its way had its time.
func TestOrderEntryLeavesARestart(t *testing.T) {
	bubble(t, "restarting", func(t *testing.T, o *office) {
		x := over(t, o, answering(10019, "restarting"))
		for range 3 {
			if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil {
				t.Fatal(err)
			}
		}
		if n, m := o.sentOver(), len(o.asked("POST "+createPath)); n != 1 || m != 4 {
			t.Errorf("%d over the socket, %d over REST", n, m)
		}
		o.mu.Lock()
		o.trade = answering(0, "OK")
		o.mu.Unlock()
		<-time.After(15 * time.Second)
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || o.sentOver() != 2 || o.logins != 2 {
			t.Errorf("then: %v, %d over the socket, %d logins", err, o.sentOver(), o.logins)
		}
	})
}

// A refusal over the socket closes the path's rate for REST too, repeats no key, and a deadline within the same millisecond is past.
func TestOrderEntryDetails(t *testing.T) {
	bubble(t, "too many visits", func(t *testing.T, o *office) {
		x := over(t, o, answering(10006, "Too many visits!"))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); !errors.Is(err, exchange.ErrRateLimited) {
			t.Fatal(err)
		}
		o.mu.Lock()
		o.trade = answering(0, "OK")
		o.mu.Unlock()
		began := time.Now()
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil || time.Since(began) < 208*time.Millisecond {
			t.Errorf("the next one took %v, %v", time.Since(began), err)
		}
	})
	bubble(t, "a key that is repeated", func(t *testing.T, o *office) {
		x := over(t, o, answering(10003, "invalid key "+hmacKey().Key+" of yours"))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err == nil || strings.Contains(err.Error(), hmacKey().Key) || !strings.Contains(err.Error(), "of yours") {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "a deadline of less than a millisecond", func(t *testing.T, o *office) {
		x := over(t, o, answering(0, "OK"))
		req := spotOrder("a-1")
		req.Deadline = time.Now().Add(100 * time.Microsecond)
		if _, err := x.Place(t.Context(), req); exchange.OutcomeOf(err) != exchange.ErrNotSent || o.sentOver() != 0 {
			t.Errorf("got %v, %d sent", err, o.sentOver())
		}
	})
}
