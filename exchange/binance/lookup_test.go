package binance_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// However often an order was replaced, one reading tells how it stands, and its past is read once.
func TestReplacementsStayCheap(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.1")
		for i := range 40 {
			if i%10 == 0 {
				o.fillSome("id-1", "0.1")
			}
			before := o.count(getOrder)
			if _, err := x.Replace(t.Context(), ref, change(fmt.Sprint(101+i), "")); err != nil {
				t.Fatal(err)
			}
			if n := o.count(getOrder) - before; n > 2 { // one that begins to fill is read twice
				t.Errorf("replacement %d: %d readings", i, n)
			}
			time.Sleep(time.Second)
		}
		for i, y := range []interface {
			Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error)
		}{x, o.exchange(nil)} {
			for j := range 3 {
				orders, trades := o.count(getOrder), o.count("GET /api/v3/myTrades")
				found, err := y.Lookup(t.Context(), ref)
				if err != nil || !found.Filled.Equal(dec("0.5")) || len(found.Fills) != 5 || len(found.Former) != 40 || len(found.Fees) != 1 || !found.Fees[0].Quantity.Equal(dec("0.5")) {
					t.Errorf("%s, former %d, %v", showOrder(found), len(found.Former), err)
				}
				orders, trades = o.count(getOrder)-orders, o.count("GET /api/v3/myTrades")-trades
				if (i == 0 || j > 0) && orders > 1 || j > 0 && trades > 0 {
					t.Errorf("client %d, lookup %d: %d orders, %d trades read", i, j, orders, trades)
				}
			}
		}
	})
}

// A reading that fails is no word that there is nothing, and one that lags behind is not the last.
func TestHeir(t *testing.T) {
	broken := []reply{{status: 500}, {status: 500}, {status: 500}, {status: 500}}
	bubble(t, "looked up", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		o.say(spotPlace, reply{how: "after"})
		r := limit("BTC-USDT", "100", "1")
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		o.say(getOrder, notThere)
		o.say("GET /api/v3/openOrders", broken...)
		if got, err := x.Lookup(t.Context(), r.Ref()); errors.Is(err, notFound) || !errors.Is(err, unavail) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
	bubble(t, "cancelled by another process", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil {
			t.Fatal(err)
		}
		y := o.exchange(nil)
		o.say("GET /api/v3/openOrders", broken...)
		if got, err := y.Cancel(t.Context(), ref); errors.Is(err, notFound) || !errors.Is(err, unavail) || exchange.OutcomeOf(err) != rejected {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
	bubble(t, "the successor's reading lags", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil {
			t.Fatal(err)
		}
		for _, fails := range []bool{true, false} {
			y := o.exchange(nil)
			o.say(getOrder, reply{body: o.orders[0].json("")}, notThere)
			if fails {
				o.say("GET /api/v3/openOrders", broken...)
			}
			found, err := y.Lookup(t.Context(), ref)
			if fails && !errors.Is(err, unavail) || !fails && (err != nil || found.Status != exchange.StatusPartiallyFilled || !found.Quantity.Equal(dec("2"))) {
				t.Errorf("%s, %v", showOrder(found), err)
			}
		}
	})
}

// The stream tells that an order was replaced as soon as it is cancelled. Without a successor it tells the end later.
func TestReplacedAndNoSuccessor(t *testing.T) {
	last := func(t *testing.T, f *follower, want string) {
		t.Helper()
		time.Sleep(time.Minute)
		if k := f.kinds(); k[len(k)-1] != want {
			t.Errorf("%q", k)
		}
	}
	bubble(t, "in turn", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		time.Sleep(time.Minute)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(cancelOrder, reply{how: "after"})
		if _, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		last(t, f, "id-1 canceled 0.5/2 fills 0")
	})
	bubble(t, "at once", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		time.Sleep(time.Minute)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say(cancelReplace, reply{how: "after"})
		if _, err := x.Replace(t.Context(), ref, change("101", "0.666")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		last(t, f, "id-1 canceled 0/2 fills 0")
	})
	bubble(t, "by another process", func(t *testing.T, o *office) {
		x, y := o.exchange(nil), o.exchange(nil)
		f := streaming(t, o, y)
		time.Sleep(time.Minute)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		if _, err := x.Replace(t.Context(), ref, change("101", "1.166")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		synctest.Wait() // y knows it from its stream
		if found, err := y.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusUnknown {
			t.Errorf("while it may come: %s, %v", showOrder(found), err)
		}
		last(t, f, "id-1 canceled 0.5/2 fills 0")
	})
	bubble(t, "it was placed", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		time.Sleep(time.Minute)
		ref := put(t, o, x, "BTC-USDT", "")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Cancel(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusCanceled {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		last(t, f, "id-1 canceled 0/2 fills 0")
	})
}

// Fills that the venue counts may show later.
func TestLookupWaitsForFills(t *testing.T) {
	for _, late := range []time.Duration{500 * time.Millisecond, time.Hour} {
		bubble(t, late.String(), func(t *testing.T, o *office) {
			x := o.exchange(nil)
			ref := put(t, o, x, "BTC-USDT", "0.5")
			o.execute("id-1", "101", "1.5")
			all := o.trades
			o.trades = all[:1]
			time.AfterFunc(late, func() {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.trades = all
			})
			found, err := x.Lookup(t.Context(), ref)
			switch {
			case err != nil || !found.Filled.Equal(dec("2")) || !found.AvgPrice.Equal(dec("100.75")):
				t.Errorf("%s, %v", showOrder(found), err)
			case late < time.Second && (len(found.Fills) != 2 || len(found.Fees) != 1 || !found.Fees[0].Quantity.Equal(dec("0.2"))):
				t.Errorf("%s", showOrder(found))
			case late > time.Second && (len(found.Fills) != 1 || len(found.Fees) != 0):
				t.Errorf("a part that reads as the whole: %s", showOrder(found))
			}
		})
	}
	bubble(t, "another order's", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.mu.Lock()
		mine := o.orders[0].id
		row := `{"symbol":"BTCUSDT","id":%d,"orderId":%d,"price":"100","qty":"0.5","commission":"0.1","commissionAsset":"BNB","time":%d,"isBuyer":true,"isMaker":false}`
		now := time.Now().UnixMilli()
		o.mu.Unlock()
		o.say("GET /api/v3/myTrades", reply{body: list([]string{fmt.Sprintf(row, 7, mine, now), fmt.Sprintf(row, 8, mine+50, now)})})
		if found, err := x.Lookup(t.Context(), ref); err != nil || len(found.Fills) != 1 || found.Fills[0].TradeID != "7" || !found.Fees[0].Quantity.Equal(dec("0.1")) {
			t.Errorf("%s, %v", showOrder(found), err)
		}
	})
}

// What was sent is remembered before its answer, unless it certainly came to nothing.
func TestSentIsRemembered(t *testing.T) {
	cut := func(o *office) {
		o.mu.Lock()
		o.refuse = errors.New("down")
		o.mu.Unlock()
		o.drop("")
		time.Sleep(time.Second)
	}
	back := func(o *office) {
		o.mu.Lock()
		o.refuse = nil
		o.mu.Unlock()
		time.Sleep(2 * time.Minute)
	}
	bubble(t, "an answer that was lost", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		time.Sleep(time.Minute)
		o.say(spotPlace, reply{how: "after"})
		if _, err := x.Place(t.Context(), limit("BTC-USDT", "100", "2")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		cut(o)
		o.execute("id-1", "100", "2")
		back(o)
		f.expect("stream up", "stream down", "id-1 filled 2/2 fills 1", "stream up")
	})
	bubble(t, "a refusal", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		streaming(t, o, x)
		time.Sleep(time.Minute)
		o.say(spotPlace, reply{status: 400, body: body(-2010, "Account has insufficient balance for requested action.")})
		if _, err := x.Place(t.Context(), limit("BTC-USDT", "100", "2")); exchange.OutcomeOf(err) != rejected {
			t.Fatal(err)
		}
		cut(o)
		back(o)
		if n := o.count(getOrder); n != 0 {
			t.Errorf("looked up %d times", n)
		}
	})
}
