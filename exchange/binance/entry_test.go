package binance_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

func overSocket(c *binance.Config) { c.Entry = binance.EntrySocket }

// Orders go over WebSocket while the stream is up, and over REST otherwise: each once.
func TestEntry(t *testing.T) {
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		what, path := "/api/v3/order", spotAPI
		if symbol == "BTC-USDT-PERP" {
			what, path = "/fapi/v1/order", futuresAPI
		}
		bubble(t, symbol, func(t *testing.T, o *office) {
			x := o.exchange(overSocket)
			place := func(id string) (exchange.Order, error) {
				r := limit(symbol, "100", "2")
				r.ClientID = id
				return x.Place(t.Context(), r)
			}
			if got, err := place("rest"); err != nil || o.count("POST "+what) != 1 {
				t.Fatalf("%s, %v", showOrder(got), err)
			}
			streaming(t, o, x)
			got, err := place("socket")
			if err != nil || got.Status != exchange.StatusAccepted || o.count("WS POST "+what) != 1 || o.count("POST "+what) != 1 {
				t.Errorf("%s, %v, %v", showOrder(got), err, o.asked(""))
			}
			if got, err = x.Replace(t.Context(), got.OrderRequest.Ref(), change("101", "")); err != nil || !got.Price.Equal(dec("101")) {
				t.Errorf("%s, %v", showOrder(got), err)
			}
			if got, err = x.Cancel(t.Context(), got.OrderRequest.Ref()); err != nil || got.Status != exchange.StatusCanceled || len(o.asked("WS DELETE "+what)) != 1 {
				t.Errorf("%s, %v", showOrder(got), err)
			}
			if _, err = x.Cancel(t.Context(), got.OrderRequest.Ref()); !errors.Is(err, rejected) || !errors.Is(err, notFound) {
				t.Errorf("%v", err)
			}

			o.say("WS order.place", reply{how: "abort"})
			if _, err := place("lost"); exchange.OutcomeOf(err) != unknown || o.count("POST "+what) != 1 {
				t.Errorf("%v", err)
			}
			o.mu.Lock()
			o.refuse = nil
			o.mu.Unlock()
			time.Sleep(2 * time.Minute)
			if _, err := place("again"); err != nil || o.count("WS POST "+what) != 2 {
				t.Errorf("%v, %d", err, o.count("WS POST "+what))
			}
			o.say("WS order.place", reply{how: "slow"})
			began := time.Now()
			if _, err := place("slow"); exchange.OutcomeOf(err) != unknown || time.Since(began) > 15*time.Second || o.count("POST "+what) != 1 {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			o.drop(path)
			o.mu.Lock()
			o.sockets[path] = nil
			o.mu.Unlock()
			time.Sleep(time.Millisecond)
			if _, err := place("rest again"); err != nil || o.count("POST "+what) != 2 {
				t.Errorf("%v, %d", err, o.count("POST "+what))
			}
		})
	}
}

func TestEntryRefusals(t *testing.T) {
	for _, tt := range []struct {
		name           string
		say            reply
		outcome, class error
		next           error // of another placement at once
	}{
		{"no funds", reply{status: 400, body: body(-2010, "Account has insufficient balance for requested action.")}, rejected, funds, nil},
		{"too many orders", reply{status: 429, body: body(-1015, "Too many new orders")}, rejected, limited, limited},
		{"a ban", reply{status: 418, body: `{"code":-1003,"msg":"IP banned","data":{"serverTime":1659142907531,"retryAfter":1659146400000}}`}, rejected, banned, banned},
		{"overload", reply{status: 503, body: body(-1008, "Server is currently overloaded with other requests.")}, rejected, unavail, unavail},
		{"time-out", reply{status: 504, body: body(-1007, "Timeout waiting for response from backend server.")}, unknown, unavail, nil},
		{"unknown", reply{status: 400, body: body(-9999, "?")}, unknown, nil, nil},
		{"no order", reply{body: `{}`}, unknown, nil, nil},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			x := o.exchange(overSocket)
			streaming(t, o, x)
			o.say("WS order.place", tt.say)
			_, err := x.Place(t.Context(), limit("BTC-USDT", "100", "2"))
			var e *exchange.Error
			if !errors.As(err, &e) || exchange.OutcomeOf(err) != tt.outcome || e.Class != tt.class {
				t.Errorf("%v", err)
			}
			r := limit("BTC-USDT", "100", "2")
			r.ClientID, r.Deadline = "next", time.Now().Add(time.Second)
			if _, err := x.Place(t.Context(), r); tt.next == nil && err != nil || tt.next != nil && (!errors.Is(err, tt.next) || exchange.OutcomeOf(err) != exchange.ErrNotSent) {
				t.Errorf("the next one: %v", err)
			}
			if n := len(o.asked(spotPlace)); n != 0 {
				t.Errorf("%d over REST", n)
			}
		})
	}
}

// With an Ed25519 key the connections log on, and what follows needs no signature.
func TestSessions(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	bubble(t, "both markets", func(t *testing.T, o *office) {
		o.unsigned = true
		x := o.exchange(func(c *binance.Config) {
			c.Entry, c.Credentials = binance.EntrySocket, binance.Credentials{Key: "k", PrivateKey: pemOf(t, key)}
		})
		streaming(t, o, x)
		for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
			if got, err := x.Place(t.Context(), limit(symbol, "100", "2")); err != nil {
				t.Errorf("%s, %v", showOrder(got), err)
			}
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		logons, signed := 0, 0
		for _, f := range o.frames {
			if strings.Contains(f, `"session.logon"`) {
				logons++
			}
			if strings.Contains(f, "signature") {
				signed++
			}
		}
		if logons != 2 || signed != 2 || len(o.frames) != 5 {
			t.Errorf("%d log-ons, %d signatures, %q", logons, signed, o.frames)
		}
	})
}

// tooMuch is the refusal of the WebSocket API for too many requests: after wait by the venue's clock, which is ahead.
func tooMuch(ahead, wait time.Duration) string {
	at := time.Now().Add(ahead)
	return fmt.Sprintf(`{"code":-1003,"msg":"Too much request weight used.","data":{"serverTime":%d,"retryAfter":%d}}`, at.UnixMilli(), at.Add(wait).UnixMilli())
}

// What the venue tells over WebSocket to wait holds everything at that address: orders of perpetuals too, which weigh nothing.
func TestSocketRateLimit(t *testing.T) {
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		bubble(t, symbol, func(t *testing.T, o *office) {
			x := o.exchange(overSocket)
			streaming(t, o, x)
			ref := put(t, o, x, symbol, "")
			sent := func() int {
				o.mu.Lock()
				defer o.mu.Unlock()
				return len(o.frames) + len(o.log)
			}
			before := sent()
			o.say("WS order.place", reply{status: 429, body: tooMuch(3*time.Hour, 30*time.Second)})
			r := limit(symbol, "100", "2")
			r.ClientID = "refused"
			_, err := x.Place(t.Context(), r)
			var e *exchange.Error
			if !errors.As(err, &e) || e.Outcome != rejected || e.Class != limited || e.RetryAfter != 30*time.Second {
				t.Fatalf("%v, %+v", err, e)
			}
			for i := range 3 {
				r.ClientID, r.Deadline = fmt.Sprint("next", i), time.Now().Add(time.Second)
				if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, limited) {
					t.Errorf("%v", err)
				}
			}
			if n := sent() - before; n != 1 {
				t.Errorf("%d requests", n)
			}
			began := time.Now()
			if _, err := x.Cancel(t.Context(), ref); err != nil || time.Since(began) != 30*time.Second {
				t.Errorf("a cancellation: %v after %v", err, time.Since(began))
			}
		})
	}
}

// A timestamp that the venue refuses over WebSocket has its clock read again before the next order.
func TestSocketClock(t *testing.T) {
	bubble(t, "spot", func(t *testing.T, o *office) {
		x := o.exchange(overSocket)
		streaming(t, o, x)
		put(t, o, x, "BTC-USDT", "")
		read := o.count("GET /api/v3/time")
		o.mu.Lock()
		o.skew = time.Hour
		o.mu.Unlock()
		r := limit("BTC-USDT", "100", "2")
		r.ClientID = "second"
		if _, err := x.Place(t.Context(), r); exchange.OutcomeOf(err) != rejected || !errors.Is(err, skew) {
			t.Fatal(err)
		}
		if _, err := x.Place(t.Context(), r); err != nil || o.count("GET /api/v3/time") == read {
			t.Errorf("%v, the clock was read %d times", err, o.count("GET /api/v3/time")-read)
		}
	})
}

// An order that stands in the queue while the venue tells to wait does not leave when its turn comes.
func TestSocketRateLimitWhileQueued(t *testing.T) {
	bubble(t, "perpetual", func(t *testing.T, o *office) {
		x := o.exchange(overSocket)
		streaming(t, o, x)
		place := func(id string) error {
			r := limit("BTC-USDT-PERP", "100", "2")
			r.ClientID, r.Deadline = id, time.Now().Add(20*time.Second)
			_, err := x.Place(t.Context(), r)
			return err
		}
		for i := range 240 { // the openings' share of 300 in 10 s
			if err := place(fmt.Sprint("n", i)); err != nil {
				t.Fatal(err)
			}
		}
		queued := make(chan error, 1)
		go func() { queued <- place("queued") }()
		time.Sleep(time.Second)
		o.say("WS order.cancel", reply{status: 429, body: tooMuch(0, 30*time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := x.Cancel(ctx, exchange.OrderRef{Market: market("BTC-USDT-PERP"), Account: "main", ClientID: "n0"}); !errors.Is(err, limited) {
			t.Fatal(err)
		}
		if err := <-queued; exchange.OutcomeOf(err) != exchange.ErrNotSent || !errors.Is(err, limited) || len(o.orders) != 240 {
			t.Errorf("%v, %d orders", err, len(o.orders))
		}
	})
}
