package binance_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// What the venue tells of its limits is believed: rows of exchangeInfo, headers of REST, and rows of the WebSocket API.
func TestLimitsAreTold(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		l := binance.NewLimits()
		x := o.exchange(func(c *binance.Config) { c.Limits, c.Entry = l, binance.EntrySocket })
		o.say("GET /api/v3/exchangeInfo", reply{
			header: http.Header{"x-mbx-used-weight-1m": {"1234"}, "X-Mbx-Used-Weight": {"99"}, "X-Mbx-Order-Count-1d": {"55"}, "X-Mbx-Used-Weight-1h": {"7"}, "X-Mbx-Order-Count-10s": {"x"}},
			body:   `{"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":5000},{"rateLimitType":"NEW","interval":"","intervalNum":1,"limit":5}],"symbols":[` + spotRow + `]}`})
		if _, err := x.Instruments(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, scope string
			limit, used int
		}{
			{"spot weight 1M", "", 5000, 1234}, {"spot orders 10S", "main", 100, 0}, {"spot orders 1D", "main", 160000, 55}, {"perp weight 1M", "", 2400, 7},
		} {
			if limit, used := binance.LimitOf(l, c.name, c.scope); limit != c.limit || used != c.used {
				t.Errorf("%s: %d of %d, want %d of %d", c.name, used, limit, c.used, c.limit)
			}
		}
	})
}

// The limits of orders are an account's own, though accounts share the address.
func TestLimitsOfTwoAccounts(t *testing.T) {
	bubble(t, "one of them is told", func(t *testing.T, o *office) {
		l := binance.NewLimits()
		x := o.exchange(func(c *binance.Config) { c.Limits = l })
		o.exchange(func(c *binance.Config) { c.Limits, c.Account = l, "second" })
		o.say("GET /api/v3/exchangeInfo", reply{
			body: `{"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100}],"symbols":[` + spotRow + `]}`})
		if _, err := x.Instruments(t.Context()); err != nil {
			t.Fatal(err)
		}
		for account, want := range map[string]int{"main": 100, "second": 50} {
			if limit, _ := binance.LimitOf(l, "spot orders 10S", account); limit != want {
				t.Errorf("%s: %d, want %d", account, limit, want)
			}
		}
	})
}

// An amendment is charged: it is no order.
func TestAmendmentsAreCharged(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		l := binance.NewLimits()
		x := o.exchange(func(c *binance.Config) { c.Limits = l })
		ref := put(t, o, x, "BTC-USDT", "")
		if _, err := x.Replace(t.Context(), ref, change("", "1.5")); err != nil { // reads the list of markets
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		_, before := binance.LimitOf(l, "spot weight 1M", "")
		if _, err := x.Replace(t.Context(), ref, change("", "1")); err != nil || o.count("PUT /api/v3/order/amend/keepPriority") != 2 {
			t.Fatal(err, o.asked(""))
		}
		if _, used := binance.LimitOf(l, "spot weight 1M", ""); before != 0 || used != 7+4 { // what the venue told of the lookup before it
			t.Errorf("weight %d, then %d", before, used)
		}
	})
}

// Spot does not charge what it did, nor count orders that filled at once.
func TestRefunds(t *testing.T) {
	for _, entry := range []binance.Entry{binance.EntryREST, binance.EntrySocket} {
		bubble(t, fmt.Sprint(entry), func(t *testing.T, o *office) {
			l := binance.NewLimits()
			x := o.exchange(func(c *binance.Config) { c.Limits, c.Entry = l, entry })
			streaming(t, o, x)
			time.Sleep(2 * time.Minute)
			used := func(name, scope string) int { _, n := binance.LimitOf(l, name, scope); return n }
			base := max(used("spot weight 1M", ""), 9) // of the venue's word
			put(t, o, x, "BTC-USDT", "2")
			if w, n := used("spot weight 1M", ""), used("spot orders 10S", "main"); w > base || n != 0 {
				t.Errorf("a filled order: weight %d, orders %d", w, n)
			}
			put(t, o, x, "BTC-USDT", "1")
			if w, n := used("spot weight 1M", ""), used("spot orders 10S", "main"); w > base || n != 1 {
				t.Errorf("a resting order: weight %d, orders %d", w, n)
			}
			if _, err := x.Place(t.Context(), limit("BTC-USDT", "100", "0.666")); !errors.Is(err, funds) {
				t.Fatal(err)
			}
			if n := used("spot orders 10S", "main"); n != 2 {
				t.Errorf("a refused order: orders %d", n)
			}
		})
	}
}

// After a 503 openings pause; what protects goes on, on its short backoff.
func TestOverload(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT-PERP", "")
		o.say(perpPlace, reply{status: 503, body: body(-1008, "Request throttled by system-level protection.")})
		r := limit("BTC-USDT-PERP", "100", "1")
		r.ClientID = "second"
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != rejected {
			t.Fatal(err)
		}
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, unavail) {
			t.Errorf("an opening during the pause: %v", err)
		}
		r.ReduceOnly, r.ClientID = true, "reduction"
		o.say(perpPlace, reply{status: 503, body: body(-1008, "Request throttled by system-level protection.")})
		began := time.Now()
		if _, err := x.Place(t.Context(), r); err != nil || time.Since(began) != 200*time.Millisecond {
			t.Errorf("a reduction: %v after %v", err, time.Since(began))
		}
		if _, err := x.Cancel(t.Context(), ref); err != nil {
			t.Errorf("a cancellation: %v", err)
		}
		time.Sleep(31 * time.Second)
		r.ReduceOnly, r.ClientID = false, "third"
		if _, err := x.Place(t.Context(), r); err != nil {
			t.Errorf("an opening after the pause: %v", err)
		}
	})
}

// While the address is banned, a standby way carries cancels, lookups and reductions, with a key of its own, and never an opening.
func TestStandby(t *testing.T) {
	for _, standby := range []bool{false, true} {
		bubble(t, fmt.Sprint(standby), func(t *testing.T, o *office) {
			o.unsigned = true
			x := o.exchange(func(c *binance.Config) {
				if standby {
					c.Standby = []binance.Egress{{Transport: c.HTTP.Transport, Credentials: binance.Credentials{Key: "another", Secret: exchange.NewSecret("s")}}}
				}
			})
			ref := put(t, o, x, "BTC-USDT", "0.5")
			o.say("GET /api/v3/account", reply{status: 418, header: http.Header{"Retry-After": {"600"}}})
			if _, err := x.Balances(t.Context()); !errors.Is(err, banned) {
				t.Fatal(err)
			}
			r := limit("BTC-USDT", "100", "1")
			r.ClientID = "opening"
			if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, banned) {
				t.Errorf("an opening: %v", err)
			}
			_, err := x.Lookup(t.Context(), ref)
			_, err2 := x.Cancel(t.Context(), ref)
			for _, err := range []error{err, err2} {
				if standby && err != nil || !standby && !errors.Is(err, banned) {
					t.Errorf("%v", err)
				}
			}
			if key := o.log[len(o.log)-1].key; standby && key != "another" {
				t.Errorf("key %s", key)
			}
			time.Sleep(11 * time.Minute)
			if _, err := x.Balances(t.Context()); err != nil {
				t.Errorf("after the ban: %v", err)
			}
			if key := o.log[len(o.log)-1].key; key != hmacKey().Key {
				t.Errorf("key %s", key)
			}
		})
	}
}

// Too many orders stop orders: what protects goes on at once, for the address is not at its limit.
func TestTooManyOrdersIsNarrow(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		ref := put(t, o, x, "BTC-USDT", "")
		o.say(spotPlace, reply{status: 429, header: http.Header{"Retry-After": {"30"}}, body: body(-1015, "Too many new orders.")})
		r := limit("BTC-USDT", "100", "2")
		r.ClientID, r.Deadline = "second", time.Now().Add(time.Second)
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != rejected || !errors.Is(err, limited) {
			t.Fatal(err)
		}
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, limited) {
			t.Errorf("an order at once: %v", err)
		}
		began := time.Now()
		_, err := x.Cancel(t.Context(), ref)
		_, err2 := x.Balances(t.Context())
		if err != nil || err2 != nil || time.Since(began) != 0 {
			t.Errorf("a cancellation: %v, a read: %v, after %v", err, err2, time.Since(began))
		}
	})
}
