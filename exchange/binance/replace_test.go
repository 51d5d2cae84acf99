package binance_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

func change(price, quantity string) exchange.Change {
	c := exchange.Change{}
	if price != "" {
		c.Price = dec(price)
	}
	if quantity != "" {
		c.Quantity = dec(quantity)
	}
	return c
}

// put places an order and fills a part of it.
func put(t *testing.T, o *office, x *binance.Exchange, symbol, filled string) exchange.OrderRef {
	t.Helper()
	o.mu.Lock()
	o.fill = filled
	o.mu.Unlock()
	got, err := x.Place(t.Context(), limit(symbol, "100", "2"))
	if err != nil {
		t.Fatal(err)
	}
	return got.OrderRequest.Ref()
}

func TestReplacePerpetual(t *testing.T) {
	bubble(t, "price and quantity", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT-PERP", "0.5")
		got, err := x.Replace(t.Context(), ref, change("101", "3"))
		if err != nil || !got.Requeued || len(got.Former) != 0 || got.ClientID != "id-1" || !got.Price.Equal(dec("101")) || !got.Quantity.Equal(dec("3")) || !got.Filled.Equal(dec("0.5")) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		if got, err = x.Replace(t.Context(), ref, change("", "1")); err != nil || !got.Price.Equal(dec("101")) || !got.Quantity.Equal(dec("1")) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		before := len(o.asked("PUT"))
		if got, err = x.Replace(t.Context(), ref, change("101", "")); err != nil || got.Requeued || len(o.asked("PUT")) != before {
			t.Errorf("no change is sent: %s, %v", showOrder(got), err)
		}
	})
	bubble(t, "no need to modify", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT-PERP", "")
		o.say("PUT /fapi/v1/order", reply{status: 400, body: body(-5027, "No need to modify the order.")})
		if got, err := x.Replace(t.Context(), ref, change("101", "")); err != nil || got.Requeued || got.Status != exchange.StatusAccepted {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
}

func TestReplaceSpot(t *testing.T) {
	bubble(t, "less keeps id and queue", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		got, err := x.Replace(t.Context(), ref, change("", "1.5"))
		if err != nil || got.Requeued || len(got.Former) != 0 || got.ClientID != "id-1" || !got.Quantity.Equal(dec("1.5")) || !got.Filled.Equal(dec("0.5")) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		if n := o.asked("PUT"); len(n) != 1 || n[0].q.Get("newClientOrderId") != "id-1" {
			t.Errorf("%v", n)
		}
	})
	bubble(t, "less where amendments are refused", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say("PUT /api/v3/order/amend/keepPriority", reply{status: 400, body: body(-2038, "Order amend rejected.")})
		got, err := x.Replace(t.Context(), ref, change("", "1.5"))
		if err != nil || !got.Requeued || len(got.Former) != 1 || !got.Quantity.Equal(dec("1.5")) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
	bubble(t, "another price is another order", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		former := ""
		for i, price := range []string{"101", "102", "103"} {
			got, err := x.Replace(t.Context(), ref, change(price, ""))
			if err != nil || !got.Requeued || len(got.Former) != i+1 || got.ClientID != "id-1" || got.VenueID == former || !got.Price.Equal(dec(price)) || !got.Quantity.Equal(dec("2")) {
				t.Fatalf("%s, former %v, %v", showOrder(got), got.Former, err)
			}
			former = got.VenueID
		}
		if n := o.asked("POST /api/v3/order/cancelReplace"); len(n) != 3 || n[0].q.Get("quantity") != "2" {
			t.Errorf("%v", n)
		}
		if got, err := x.Cancel(t.Context(), ref); err != nil || got.VenueID != former || got.Status != exchange.StatusCanceled {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
}

func TestReplaceSpotThatFills(t *testing.T) {
	bubble(t, "one that has filled is never overfilled", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		got, err := x.Replace(t.Context(), ref, change("101", "3"))
		if err != nil || !got.Requeued || len(got.Former) != 1 || !got.Quantity.Equal(dec("3")) || !got.Filled.Equal(dec("0.5")) || got.Status != exchange.StatusPartiallyFilled {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		n := o.asked(spotPlace)
		if q := n[len(n)-1].q.Get("quantity"); q != "2.5" {
			t.Errorf("%s is placed", q)
		}
		// By another process, which knows nothing: the whole of it.
		found, err := o.exchange(nil).Lookup(t.Context(), ref)
		if err != nil || !found.Quantity.Equal(dec("3")) || !found.Filled.Equal(dec("0.5")) || len(found.Former) != 1 || found.VenueID != got.VenueID || len(found.Fills) != 1 {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		if cancelled, err := o.exchange(nil).Cancel(t.Context(), ref); err != nil || cancelled.VenueID != got.VenueID {
			t.Errorf("%s, %v", showOrder(cancelled), err)
		}
	})
	bubble(t, "it begins to fill meanwhile", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say("GET /api/v3/order", reply{body: o.orders[0].json("")}) // what it was a moment ago
		o.execute("id-1", "100", "0.5")
		got, err := x.Replace(t.Context(), ref, change("101", ""))
		if err != nil || !got.Quantity.Equal(dec("2")) || !got.Filled.Equal(dec("0.5")) || len(got.Former) != 1 {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		if n := o.asked(spotPlace); n[len(n)-1].q.Get("quantity") != "1.5" {
			t.Errorf("%v", n[len(n)-1].q)
		}
	})
}

func TestReplaceSpotHalfway(t *testing.T) {
	bubble(t, "cancelled and not placed", func(t *testing.T, o *office) {
		for _, filled := range []string{"", "0.5"} {
			x := o.exchange(nil)
			ref := put(t, o, x, "BTC-USDT", filled)
			remains := "0.666"
			if filled != "" {
				remains = "1.166"
			}
			got, err := x.Replace(t.Context(), ref, change("101", remains))
			if exchange.OutcomeOf(err) != unknown || !errors.Is(err, funds) && !errors.Is(err, conflict) || got.Status != exchange.StatusCanceled {
				t.Errorf("%s, %v", showOrder(got), err)
			}
			if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusCanceled {
				t.Errorf("%s, %v", showOrder(found), err)
			}
		}
	})
	bubble(t, "the answer is lost", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say("POST /api/v3/order/cancelReplace", reply{how: "after"})
		if got, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown || got.Status.Final() {
			t.Errorf("%s, %v", showOrder(got), err)
		}
		found, err := x.Lookup(t.Context(), ref)
		if err != nil || !found.Price.Equal(dec("101")) || found.Status != exchange.StatusAccepted || len(found.Former) != 1 {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		if n := len(o.asked("POST /api/v3/order/cancelReplace")); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
	bubble(t, "its successor may come up yet", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		o.say(spotPlace, reply{how: "abort"})
		if _, err := x.Replace(t.Context(), ref, change("101", "")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusUnknown || !found.Filled.Equal(dec("0.5")) {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		time.Sleep(10 * time.Second)
		if found, err := x.Lookup(t.Context(), ref); err != nil || found.Status != exchange.StatusCanceled {
			t.Errorf("%s, %v", showOrder(found), err)
		}
	})
}

func TestReplaceIsNotSent(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(func(c *binance.Config) {
			c.Instruments = []exchange.Instrument{{Market: market("BTC-USDT"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.25"), Lot: dec("0.5"), Contract: dec("1")}}
		})
		ref := put(t, o, x, "BTC-USDT", "0.5")
		for name, c := range map[string]struct {
			change exchange.Change
			class  error
		}{
			"nothing":           {change("", ""), invalid},
			"negative":          {change("-1", ""), invalid},
			"filled already":    {change("", "0.5"), conflict},
			"less than filled":  {change("101", "0.1"), conflict},
			"off the tick":      {change("100.1", ""), invalid},
			"off the lot":       {change("101", "2.25"), invalid},
			"nobody's order":    {change("101", ""), notFound},
			"an ended order":    {change("101", ""), conflict},
			"a market's change": {change("101", ""), unsupp},
		} {
			r := ref
			switch name {
			case "nobody's order":
				r.ClientID = "nobody"
			case "an ended order":
				r.ClientID = "ended"
				q := limit("BTC-USDT", "100", "2")
				q.ClientID = r.ClientID
				if _, err := x.Place(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				if _, err := x.Cancel(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			case "a market's change":
				r.ClientID = "market"
				q := exchange.OrderRequest{Market: ref.Market, Account: "main", ClientID: r.ClientID, Side: exchange.Buy, Type: exchange.TypeMarket, Quantity: dec("1")}
				if _, err := x.Place(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			before := len(o.asked(""))
			if _, err := x.Replace(t.Context(), r, c.change); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, c.class) {
				t.Errorf("%s: %v", name, err)
			}
			for _, a := range o.asked("")[before:] {
				if a.method != "GET" {
					t.Errorf("%s: sent %v", name, a)
				}
			}
		}
	})
}

// A client id may be used again: what had it before is another order.
func TestClientIDUsedAgain(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "0.5")
		first, err := x.Replace(t.Context(), ref, change("101", ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Cancel(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		put(t, o, x, "BTC-USDT", "0.25")
		old := exchange.OrderRef{Market: ref.Market, Account: "main", ClientID: "id-1", VenueID: first.VenueID}
		if got, err := x.Cancel(t.Context(), old); !errors.Is(err, notFound) {
			t.Errorf("the ended one: %s, %v", showOrder(got), err)
		}
		second, err := x.Cancel(t.Context(), ref)
		if err != nil || second.VenueID == first.VenueID {
			t.Fatalf("%s, %v", showOrder(second), err)
		}
		for _, y := range []*binance.Exchange{x, o.exchange(nil)} {
			if got, err := y.Lookup(t.Context(), ref); err != nil || got.VenueID != second.VenueID || !got.Filled.Equal(dec("0.25")) || len(got.Former) != 0 {
				t.Errorf("the second: %s, %v", showOrder(got), err)
			}
		}
		// Who did not see it cannot be told what its first name had filled: that name is another order's now.
		if got, err := o.exchange(nil).Lookup(t.Context(), old); !errors.Is(err, conflict) {
			t.Errorf("the first: %s, %v", showOrder(got), err)
		}
	})
}

// Whatever is replaced, filled and lost in between: never does more fill than was last asked for, every fill is told once, and a process that
// knows nothing finds the same order.
func TestReplaceProperty(t *testing.T) {
	for seed := range uint64(40) {
		bubble(t, fmt.Sprint("seed ", seed), func(t *testing.T, o *office) {
			r := rand.New(rand.NewPCG(seed, 0))
			x := o.exchange(nil)
			s := streaming(t, o, x)
			ref := put(t, o, x, "BTC-USDT", []string{"", "0.5"}[r.IntN(2)])
			may := []exchange.Decimal{dec("2")} // what was last asked for, and what may have been done of it
			for range 6 {
				if r.IntN(3) == 0 {
					o.fillSome("id-1", []string{"0.1", "0.25"}[r.IntN(2)])
				}
				if r.IntN(4) == 0 {
					o.say("POST /api/v3/order/cancelReplace", reply{how: "after"})
				}
				want := []string{"", "1.5", "2", "3"}[r.IntN(4)]
				got, err := x.Replace(t.Context(), ref, change(fmt.Sprint(100+r.IntN(3)), want))
				switch {
				case errors.Is(err, unknown) && want != "":
					may = append(may, dec(want))
				case err == nil && want != "":
					may = []exchange.Decimal{dec(want)}
				}
				if at := o.total("id-1"); !slices.ContainsFunc(may, at.Equal) || err == nil && !got.Quantity.Equal(at) {
					t.Errorf("%s at the venue, %v asked for; %s, %v", at, may, showOrder(got), err)
				}
				time.Sleep(time.Millisecond)
			}
			o.fillSome("id-1", "10")
			time.Sleep(time.Second)
			synctest.Wait()
			found, err := o.exchange(nil).Lookup(t.Context(), ref)
			if err != nil || found.Filled.Cmp(slices.MaxFunc(may, exchange.Decimal.Cmp)) > 0 || !found.Quantity.Equal(o.total("id-1")) {
				t.Errorf("%s of %v, %v", showOrder(found), may, err)
			}
			s.check(found)
		})
	}
}

// total is what the venue's orders of a client id come to: what those that were replaced had filled, and the quantity of the last.
func (o *office) total(id string) (sum exchange.Decimal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var last *paper
	for _, p := range o.orders {
		if p.name == id || strings.HasPrefix(p.name, id+"_") {
			if last != nil {
				sum = sum.Add(last.filled)
			}
			last = p
		}
	}
	return sum.Add(last.qty)
}

// fillSome fills the newest working order of a client id by at most so much.
func (o *office) fillSome(id, quantity string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range slices.Backward(o.orders) {
		if (p.name == id || strings.HasPrefix(p.name, id+"_")) && p.working() {
			t := o.trade(p, p.price, dec(quantity).Min(p.qty.Sub(p.filled)))
			o.tell(p, "TRADE", &t)
			return
		}
	}
}
