package bybit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

// events is a StreamOrders that runs until stop, which returns what StreamOrders returned.
type events struct {
	mu   sync.Mutex
	list []string
	errs []error
	stop func() error
}

func listen(t *testing.T, x *bybit.Exchange) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	e, done := &events{}, make(chan error, 1)
	go func() {
		done <- x.StreamOrders(ctx, func(ev exchange.Event) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.list, e.errs = append(e.list, sayEvent(ev)), append(e.errs, ev.Err)
		})
	}()
	e.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = e.stop() })
	return e
}

func (e *events) take() string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := strings.Join(e.list, "\n")
	e.list = nil
	return s
}

func sayEvent(ev exchange.Event) string {
	switch ev.Kind {
	case exchange.OrderUpdate:
		o := ev.Order
		s := fmt.Sprintf("%s %s/%s %s %s of %s", o.Market.Symbol, o.VenueID, o.ClientID, o.Status, o.Filled, o.Quantity)
		for _, f := range o.Fills {
			s += fmt.Sprintf(" +%s %s x %s fee %s %s", f.TradeID, f.Quantity, f.Price, f.Fee, f.FeeAsset)
		}
		return s
	case exchange.BalanceUpdate:
		return "balance " + sayBalances(ev.Balances)
	case exchange.PositionUpdate:
		s := "position"
		for _, p := range ev.Positions {
			s += fmt.Sprintf(" %s %s %s", p.Market.Symbol, p.Quantity, p.Cost)
		}
		return s
	}
	return ev.Kind.String()
}

func want(t *testing.T, what, got string, lines ...string) {
	t.Helper()
	if got != strings.Join(lines, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, strings.Join(lines, "\n"))
	}
}

func TestStreamOrders(t *testing.T) {
	bubble(t, "topics of their own, in any order, each fill once", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		want(t, "at first", e.take(), "stream up")
		if !slices.Equal(o.frames, []string{"private auth", `private subscribe "order""execution""wallet""position"`}) {
			t.Errorf("heard %v", o.frames)
		}
		fill := topic("execution", traded("spot", "e1", "7", "a-1", "0.5", "99", "feeCurrency", ""))
		o.push(topic("order", row("spot", "7", "a-1", "New")), topic("order", row("spot", "7", "a-1", "New")), fill, fill)
		want(t, "a fill, twice", e.take(), "BTC-USDT 7/a-1 accepted 0 of 2", "BTC-USDT 7/a-1 partially filled 0.5 of 2 +e1 0.5 x 99 fee 0.01 BTC")
		o.push(topic("execution.fast", `{"category":"spot","symbol":"BTCUSDT","orderId":"7","execId":"e2","execPrice":"98","execQty":"1.5","side":"Buy","execTime":"1"}`),
			topic("order", row("spot", "7", "a-1", "Filled", "cumExecQty", "2", "avgPrice", "98.25")))
		want(t, "an end before its fill", e.take(), "BTC-USDT 7/a-1 filled 2 of 2")
		o.push(topic("execution", traded("spot", "e2", "7", "a-1", "1.5", "98"), traded("linear", "f1", "8", "", "9", "1", "execType", "Funding")),
			topic("execution", traded("option", "e9", "9", "", "1", "1"), traded("linear", "l1", "11", "", "1", "90", "execType", "BustTrade", "side", "Sell")))
		want(t, "the fill, and what is none", e.take(), "BTC-USDT 7/a-1 filled 2 of 2 +e2 1.5 x 98 fee 0.01 USDT",
			"BTC-USDT-PERP 11/ partially filled 1 of 0 +l1 1 x 90 fee 0.01 USDT")
		o.push(topic("order", row("spot", "7", "a-1", "Filled", "cumExecQty", "2", "rejectReason", "EC_OrigClOrdIDDoesNotExist")),
			`{"topic":"greek","creationTime":1,"data":[]}`, `{"op":"pong","args":["1"]}`)
		want(t, "a cancellation that came too late, other topics", e.take())
	})
	bubble(t, "balances and positions", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		_ = e.take()
		o.push(topic("wallet", `{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"10","locked":"4"},{"coin":"BTC","walletBalance":"0"}]}`),
			topic("position", `{"category":"linear","symbol":"BTCUSDT","side":"Sell","size":"2","entryPrice":"100.5","positionIdx":0,"updatedTime":"1700000000000"}`,
				`{"category":"linear","symbol":"BTCUSDT","side":"Sell","size":"1","entryPrice":"1","positionIdx":2}`))
		want(t, "pushed", e.take(), "balance [USDT 6+4 BTC 0+0]", "position BTC-USDT-PERP -2 -201.0")
		o.push(topic("position", `{"category":"linear","symbol":"BTCUSDT","side":"","size":"0","entryPrice":"0","positionIdx":0}`))
		want(t, "closed", e.take(), "position BTC-USDT-PERP 0 0")
	})
	bubble(t, "what happens while it is away comes before it is up again", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		e := listen(t, x)
		want(t, "at first", e.take(), "stream up")
		o.say(createPath, ack("7", "a-1"))
		if _, err := x.Place(t.Context(), spotOrder("a-1")); err != nil {
			t.Fatal(err)
		}
		o.push(topic("order", row("spot", "7", "a-1", "New")))
		want(t, "before", e.take(), "BTC-USDT 7/a-1 accepted 0 of 2")
		<-time.After(time.Minute)
		at := fmt.Sprint(time.Now().UnixMilli())
		o.say("GET "+recentPath+"?category=spot&orderLinkId=a-1&symbol=BTCUSDT", list(row("", "7", "a-1", "Filled", "cumExecQty", "2", "updatedTime", at)))
		o.say(fillsPath+" spot", list(traded("", "e1", "7", "a-1", "2", "99", "execTime", at)))
		o.cut("private")
		<-time.After(time.Second)
		got := e.take()
		want(t, "after", got, "stream down", "BTC-USDT 7/a-1 filled 2 of 2 +e1 2 x 99 fee 0.01 USDT", "stream up")
		o.push(topic("execution", traded("spot", "e1", "7", "a-1", "2", "99")), topic("order", row("spot", "7", "a-1", "Filled", "cumExecQty", "2")))
		want(t, "told again", e.take())
		if err := e.errs[slices.IndexFunc(e.errs, func(err error) bool { return err != nil })]; !errors.Is(err, exchange.ErrUnavailable) {
			t.Errorf("down with %v", err)
		}
	})
	bubble(t, "a damaged message is read by REST", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		want(t, "before", e.take(), "stream up")
		o.push(`{"topic":"order","creationTime":1,"data":[{"category":"spot","symbol":"BTCUSDT","orderId":"7","side":"Buy","qty":"1","qty":"2"}]}`)
		<-time.After(time.Second)
		want(t, "after", e.take(), "stream down", "stream up")
	})
	bubble(t, "a market that is newer than the list", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		e := listen(t, x)
		want(t, "before", e.take(), "stream up")
		n := len(o.asked("GET /v5/market/instruments"))
		o.push(topic("execution", traded("linear", "d1", "9", "", "1", "1", "symbol", "BTC-26SEP25")))
		<-time.After(5 * time.Second)
		o.push(topic("execution", traded("linear", "d2", "9", "", "1", "1", "symbol", "BTC-26SEP25"), traded("linear", "l1", "11", "", "1", "90")))
		<-time.After(5 * time.Second)
		want(t, "after", e.take(), "stream down", "stream up", "BTC-USDT-PERP 11/ partially filled 1 of 0 +l1 1 x 90 fee 0.01 USDT")
		if m := len(o.asked("GET /v5/market/instruments")); m != n+2 {
			t.Errorf("listed %d times more, want 2: spot and linear once", m-n)
		}
	})
	bubble(t, "positions in markets that no list has", func(t *testing.T, o *office) {
		o.say("/v5/position/list", list(`{"symbol":"BTC-26SEP25","side":"Buy","size":"1","avgPrice":"1"}`))
		e := listen(t, o.exchange(nil))
		<-time.After(time.Minute)
		o.push(topic("execution", traded("linear", "l1", "11", "", "1", "90")))
		want(t, "once more listed, and no more", e.take(), "stream up", "BTC-USDT-PERP 11/ partially filled 1 of 0 +l1 1 x 90 fee 0.01 USDT")
		if n := len(o.asked("GET /v5/market/instruments")); n != 4 || o.logins != 1 {
			t.Errorf("listed with %d requests, %d logins", n, o.logins)
		}
	})
	bubble(t, "an address that is refused", func(t *testing.T, o *office) {
		o.forbid.Store(true)
		x := o.exchange(nil)
		e := listen(t, x)
		<-time.After(9 * time.Minute)
		if _, err := x.Balances(t.Context()); !errors.Is(err, exchange.ErrBanned) || o.dials.Load() != 1 {
			t.Errorf("got %v after %d handshakes", err, o.dials.Load())
		}
		o.forbid.Store(false)
		<-time.After(3 * time.Minute)
		want(t, "then", e.take(), "stream up")
	})
	bubble(t, "silence", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		<-time.After(time.Hour)
		want(t, "an hour", e.take(), "stream up")
		if err := e.stop(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestStreamOrdersRefused(t *testing.T) {
	for name, auth := range map[string]string{
		"by code":        `{"op":"auth","success":false,"retCode":10003,"retMsg":"Invalid apikey","connId":"c"}`,
		"in words":       `{"success":false,"ret_msg":"error:USVC1112 invalid api_key","op":"auth","conn_id":"c"}`,
		"an expired key": `{"success":false,"ret_msg":"Your api key has expired.","op":"auth","conn_id":"c"}`,
	} {
		bubble(t, name, func(t *testing.T, o *office) {
			o.auth = auth
			err := o.exchange(nil).StreamOrders(t.Context(), func(ev exchange.Event) { t.Errorf("an event: %s", sayEvent(ev)) })
			if !errors.Is(err, exchange.ErrUnauthorized) || o.logins != 1 {
				t.Errorf("got %v after %d logins", err, o.logins)
			}
		})
	}
	bubble(t, "a clock that is wrong is set", func(t *testing.T, o *office) {
		o.auth = `{"success":false,"ret_msg":"Params Error: expires should be in the future","op":"auth","conn_id":"c"}`
		e := listen(t, o.exchange(nil))
		<-time.After(200 * time.Millisecond)
		o.mu.Lock()
		o.auth = ""
		o.skew.Store(int64(time.Hour))
		o.mu.Unlock()
		<-time.After(5 * time.Second)
		want(t, "then", e.take(), "stream up")
	})
	bubble(t, "an overload passes", func(t *testing.T, o *office) {
		o.auth = `{"success":false,"ret_msg":"Too many visits!","op":"auth","conn_id":"c"}`
		e := listen(t, o.exchange(nil))
		<-time.After(time.Second)
		o.mu.Lock()
		o.auth = ""
		o.mu.Unlock()
		<-time.After(time.Minute)
		want(t, "then", e.take(), "stream up")
	})
	bubble(t, "twice at once", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		e := listen(t, x)
		_ = e.take()
		if err := x.StreamOrders(t.Context(), func(exchange.Event) {}); !errors.Is(err, exchange.ErrConflict) {
			t.Errorf("got %v", err)
		}
	})
}

// An execution that no order of ours can have, and that cannot be read, is told and passed over, pushed or read; one of an order keeps the stream
// down until it can be read, and each attempt is told.
func TestOddExecutions(t *testing.T) {
	now := func() string { return fmt.Sprint(time.Now().UnixMilli()) }
	hooked := func(o *office, told *[]string) *bybit.Exchange {
		var mu sync.Mutex
		return o.exchange(func(c *bybit.Config) {
			c.Hooks.Stream = func(link string, err error) {
				mu.Lock()
				defer mu.Unlock()
				*told = append(*told, link+": "+err.Error())
			}
		})
	}
	for name, more := range map[string][]string{
		"a spread without fee":     {"execType", "FutureSpread", "execFee", ""},
		"a block without ids":      {"execType", "BlockTrade", "orderId", ""},
		"a delivery of no price":   {"execType", "Delivery", "execPrice", "0"},
		"a type that nobody knows": {"execType", "Pondering"},
		"a flag that is none":      {"execType", "MovePosition", "isMaker", "perhaps"},
	} {
		bubble(t, name, func(t *testing.T, o *office) {
			var told []string
			x := hooked(o, &told)
			e := listen(t, x)
			want(t, "at first", e.take(), "stream up")
			odd := traded("spot", "x1", "9", "", "0.5", "99", append([]string{"execTime", now()}, more...)...)
			good := traded("spot", "e1", "7", "a-1", "0.5", "99", "execTime", now())
			o.push(topic("execution", odd, good))
			want(t, "pushed", e.take(), "BTC-USDT 7/a-1 partially filled 0.5 of 0 +e1 0.5 x 99 fee 0.01 USDT")
			if len(told) != 1 || !strings.HasPrefix(told[0], "executions: bybit: passed over: execution ") {
				t.Errorf("told %q", told)
			}
			o.say(fillsPath+" spot", list(odd, good))
			o.cut("private")
			<-time.After(2 * time.Second)
			want(t, "read", e.take(), "stream down", "stream up")
			if got, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), time.Now().Add(-time.Hour)); err != nil || len(got) != 1 || len(told) < 3 {
				t.Errorf("fills: %v, %v; told %q", got, err, told)
			}
		})
	}
	bubble(t, "a spread whose fee has its own place", func(t *testing.T, o *office) {
		e := listen(t, o.exchange(nil))
		_ = e.take()
		o.push(topic("execution", traded("spot", "e1", "7", "", "0.5", "99", "execType", "FutureSpread", "execFee", "", "execFeeV2", "0.3")))
		want(t, "pushed", e.take(), "BTC-USDT 7/ partially filled 0.5 of 0 +e1 0.5 x 99 fee 0.3 USDT")
	})
	bubble(t, "funding and its like tell nothing", func(t *testing.T, o *office) {
		var told []string
		e := listen(t, hooked(o, &told))
		_ = e.take()
		for _, kind := range []string{"Funding", "CorporateAction", "Dividend", "ForwardSplitSettle"} {
			o.push(topic("execution", traded("linear", "f1", "", "", "0", "99", "execType", kind, "execFee", "x")))
		}
		if got := e.take(); got != "" || len(told) != 0 {
			t.Errorf("got %s, told %q", got, told)
		}
	})
	for name, more := range map[string][]string{"a trade without fee": {"execFee", ""}, "a trade of no size": {"execQty", "0"}, "a flag that is none": {"isMaker", "perhaps"}} {
		bubble(t, name, func(t *testing.T, o *office) {
			var told []string
			e := listen(t, hooked(o, &told))
			_ = e.take()
			odd := traded("spot", "x1", "9", "a-1", "0.5", "99", append([]string{"execTime", now()}, more...)...)
			o.say(fillsPath+" spot", list(odd))
			o.push(topic("execution", odd))
			<-time.After(10 * time.Minute)
			want(t, "while it cannot be read", e.take(), "stream down")
			if len(told) < 10 || !strings.Contains(told[len(told)-1], `execution "x1" of order "9"`) {
				t.Errorf("told %d times, at last %q", len(told), told[len(told)-1])
			}
			o.say(fillsPath+" spot", list(traded("spot", "x1", "9", "a-1", "0.5", "99", "execTime", now())))
			<-time.After(time.Minute)
			want(t, "once it can", e.take(), "BTC-USDT 9/a-1 partially filled 0.5 of 0 +x1 0.5 x 99 fee 0.01 USDT", "stream up")
		})
	}
}

// Why a connection of the stream ended is told to who asked for it.
func TestStreamHook(t *testing.T) {
	bubble(t, "a cut", func(t *testing.T, o *office) {
		var told []string
		e := listen(t, o.exchange(func(c *bybit.Config) {
			c.Hooks.Stream = func(link string, err error) { told = append(told, fmt.Sprint(link, ": ", err != nil)) }
		}))
		_ = e.take()
		o.cut("private")
		_ = e.take()
		if fmt.Sprint(told) != "[private: true]" {
			t.Errorf("told %v", told)
		}
	})
}
