package okx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

func framed(channel string, rows ...string) string {
	return fmt.Sprintf(`{"arg":{"channel":%q,"instType":"ANY","uid":"1"},"data":[%s]}`, channel, strings.Join(rows, ","))
}

// filledBy is a push about an execution.
func filledBy(trade, acc, size, state string, at int) string {
	return framed("orders", changed("state", `"`+state+`"`, "accFillSz", `"`+acc+`"`, "avgPx", `"50000"`, "tradeId", `"`+trade+`"`, "fillPx", `"50000"`,
		"fillSz", `"`+size+`"`, "fillTime", `"1700000000120"`, "fillFee", `"-0.25"`, "fillFeeCcy", `"USDT"`, "fee", map[string]string{"1": `"-0.25"`, "3": `"-0.5"`}[acc], "execType", `"T"`, "uTime", fmt.Sprintf(`"%d"`, 1700000000200+at)))
}

const (
	up        = "stream up"
	down      = "stream down"
	holdings  = "balance USDT 100 + 5"
	accepted  = `BTC-USDT-PERP "b15" 77 buy limit GTC 0.03 at 50000.1: accepted, 0 filled at 0`
	firstFill = `BTC-USDT-PERP "b15" 77 buy limit GTC 0.03 at 50000.1: partially filled, 0.01 filled at 50000, paid 0.25 USDT` +
		` [BTC-USDT-PERP 9 of 77 "b15": buy 0.01 at 50000, paid 0.25 USDT @1700000000120]`
)

func lines(s ...string) string { return strings.Join(s, "\n") }

func TestStreamOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{body: ack})
		f := follows(t, x)
		check := func(what, want string) {
			t.Helper()
			if got := f.take(); got != want {
				t.Fatalf("%s: emitted\n%s\nwant\n%s", what, got, want)
			}
		}
		settle(5 * time.Second) // the second reading included
		check("at first", lines(up, holdings))

		if _, err := x.Place(t.Context(), order("BTC-USDT-PERP", "b15", "0.03", "50000.1")); err != nil {
			t.Fatal(err)
		}
		o.push(framed("orders", base))
		settle(time.Second)
		check("working", accepted)

		part := filledBy("9", "1", "1", "partially_filled", 0)
		o.push(part, part)
		settle(time.Second)
		check("a fill, told twice", firstFill)

		o.push(framed("account", `{"uTime":"1700000000300","details":[{"ccy":"USDT","availBal":"90","frozenBal":"10"},{"ccy":"BTC","availBal":"0","frozenBal":"0"}]}`),
			framed("positions", `{"instId":"BTC-USDT-SWAP","posId":"1","posSide":"net","pos":"1","avgPx":"50000","uTime":"1700000000300"}`),
			framed("grid-orders", `{}`))
		settle(time.Second)
		check("balances and positions", lines("balance USDT 90 + 10, BTC 0 + 0", "position BTC-USDT-PERP 0.01 500.00"))

		// The rest fills while the connection is down: read before StreamUp, the first fill not again.
		o.set("GET "+placePath, list(changed("state", `"filled"`, "accFillSz", `"3"`, "avgPx", `"50000"`, "fee", `"-0.5"`, "uTime", `"1700000009000"`)))
		o.set("/api/v5/trade/fills", list(fillRow(map[string]string{"tradeId": "10", "fillSz": "2", "billId": "2", "fillTime": "1700000009000"}), fillRow(nil)))
		o.set("/api/v5/account/positions", list(`{"instId":"BTC-USDT-SWAP","posId":"1","posSide":"net","pos":"3","avgPx":"50000","uTime":"1700000009000"}`))
		o.cut()
		settle(10 * time.Second)
		got := f.take()
		if want := lines(down, `BTC-USDT-PERP "b15" 77 buy limit GTC 0.03 at 50000.1: filled, 0.03 filled at 50000, paid 0.5 USDT [BTC-USDT-PERP 10 of 77 "b15": buy 0.02 at 50000, paid 0.25 USDT @1700000009000]`, holdings, "position BTC-USDT-PERP 0.03 1500.00", up); !strings.HasPrefix(got, want) {
			t.Fatalf("after a cut: emitted\n%s\nwant\n%s", got, want)
		}
		o.push(filledBy("10", "3", "2", "filled", 9000)) // told late
		settle(time.Minute)
		check("a late repetition", "")

		if err := f.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		check("at last", "")
		want := `{"op":"subscribe","args":[{"channel":"orders","instType":"ANY"},{"channel":"account","extraParams":"{\"updateInterval\":\"0\"}"},` +
			`{"channel":"positions","instType":"SWAP","extraParams":"{\"updateInterval\":\"0\"}"}]}`
		for _, frame := range o.frames() {
			if frame != want {
				t.Errorf("subscribed with %s", frame)
			}
		}
	})
}

// An amendment is told when it is made; one that fails leaves the order as it was.
func TestStreamedAmendments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		f := follows(t, o.client(t))
		settle(5 * time.Second)
		f.take()
		o.push(framed("orders", base))
		o.push(framed("orders", changed("reqId", `"r1"`, "amendResult", `"0"`, "sz", `"4"`, "uTime", `"1700000000200"`)))
		o.push(framed("orders", changed("reqId", `"r2"`, "amendResult", `"-1"`, "sz", `"4"`, "uTime", `"1700000000300"`)))
		settle(time.Second)
		const head = `BTC-USDT-PERP "b15" 77 buy limit GTC 0.04 at 50000.1: `
		if got, want := f.take(), lines(accepted, head+"replaced, 0 filled at 0", head+"accepted, 0 filled at 0"); got != want {
			t.Errorf("emitted\n%s\nwant\n%s", got, want)
		}
		_ = f.stop()
	})
}

// The venue's word that an amendment failed is certain, whatever code it gives.
func TestFailedAmendments(t *testing.T) {
	for code, class := range map[string]error{"51511": exchange.ErrConflict, "51008": exchange.ErrInsufficientFunds, "51998": exchange.ErrConflict, "51149": exchange.ErrUnavailable, "": exchange.ErrConflict} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			x := o.client(t, bySocket)
			o.set("GET "+placePath, list(base))
			o.answer = func(id, op string, arg map[string]any) []string {
				return []string{fmt.Sprintf(`{"id":%q,"op":%q,"code":"0","data":[{"ordId":"77","sCode":"0"}]}`, id, op),
					framed("orders", changed("reqId", fmt.Sprintf("%q", arg["reqId"]), "amendResult", `"-1"`, "code", fmt.Sprintf("%q", code), "msg", `"why"`))}
			}
			f := follows(t, x)
			settle(5 * time.Second)
			_, err := x.Replace(t.Context(), order("BTC-USDT-PERP", "b15", "0.03", "1").Ref(), exchange.Change{Price: dec("7")})
			checkOutcome(t, err, exchange.ErrRejected, class)
			_ = f.stop()
		})
	}
}

// A post-only order that would take: acknowledged, then rejected.
func TestStreamedPostOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set(placePath, reply{body: ack})
		f := follows(t, x)
		settle(5 * time.Second)
		f.take()
		req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
		req.PostOnly = true
		if got, err := x.Place(t.Context(), req); err != nil || got.Status != exchange.StatusAccepted {
			t.Fatalf("%s, %v", showOrder(got), err)
		}
		o.push(framed("orders", changed("ordType", `"post_only"`, "state", `"canceled"`, "cancelSource", `"31"`)))
		settle(time.Second)
		if got, want := f.take(), `BTC-USDT-PERP "b15" 77 buy limit GTC post-only 0.03 at 50000.1: rejected, 0 filled at 0 (post only: it would have taken)`; got != want {
			t.Errorf("emitted\n%s\nwant\n%s", got, want)
		}
		_ = f.stop()
	})
}

// One that was on the book and was amended so as to take has not been rejected, whatever tells of the amendment, and the next report says no less.
func TestPostOnlyAmendedIntoTaking(t *testing.T) {
	post := func(pairs ...string) string { return changed(append([]string{"ordType", `"post_only"`}, pairs...)...) }
	end := func(pairs ...string) string {
		return post(append([]string{"state", `"canceled"`, "cancelSource", `"31"`, "uTime", `"1700000000400"`}, pairs...)...)
	}
	amended := post("reqId", `"z1"`, "amendResult", `"0"`, "px", `"50001"`, "uTime", `"1700000000200"`)
	const head = `BTC-USDT-PERP "b15" 77 buy limit GTC post-only `
	const reason = ", 0 filled at 0 (post only: it would have taken)"
	for _, tt := range []struct {
		name   string
		pushes []string
		want   string
	}{
		{"never amended", []string{post(), end()}, "0.03 at 50000.1: rejected"},
		{"an amendment, then the end", []string{post(), amended, end("px", `"50001"`)}, "0.03 at 50001: expired"},
		{"another one failed in between", []string{post(), amended, post("reqId", `"z2"`, "amendResult", `"-1"`, "px", `"50001"`, "uTime", `"1700000000300"`), end("px", `"50001"`)}, "0.03 at 50001: expired"},
		{"both in one", []string{post(), end("reqId", `"z1"`, "amendResult", `"0"`)}, "0.03 at 50000.1: expired"},
		{"missed: the price tells", []string{post(), end("px", `"60000"`)}, "0.03 at 60000: expired"},
		{"missed: the size tells", []string{post(), end("sz", `"4"`)}, "0.04 at 50000.1: expired"},
		{"an amendment that failed", []string{post(), post("reqId", `"z1"`, "amendResult", `"-1"`), end()}, "0.03 at 50000.1: rejected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				f := follows(t, x)
				settle(5 * time.Second)
				for _, row := range tt.pushes {
					f.take()
					o.push(framed("orders", row))
					settle(time.Second)
				}
				if got := f.take(); got != head+tt.want+reason {
					t.Errorf("emitted\n%s\nwant\n%s", got, head+tt.want+reason)
				}
				o.set("GET "+placePath, list(tt.pushes[len(tt.pushes)-1]))
				got, err := x.Lookup(t.Context(), order("BTC-USDT-PERP", "b15", "0.03", "1").Ref())
				if err != nil || !strings.HasSuffix(tt.want, got.Status.String()) {
					t.Errorf("looked up: %s, %v", showOrder(got), err)
				}
				_ = f.stop()
			})
		})
	}
}

func TestLogins(t *testing.T) {
	failed := func(code, msg string) string {
		return fmt.Sprintf(`{"event":"error","code":%q,"msg":%q,"connId":"a4d3ae55"}`, code, msg)
	}
	for _, tt := range []struct {
		name, login string
		err         error // what ends the stream; nil: it goes on trying
	}{
		{"wrong signature", failed("60007", "Invalid sign"), exchange.ErrUnauthorized},
		{"login failed", failed("60009", "Login failed."), exchange.ErrUnauthorized},
		{"no such key", failed("60032", "API key doesn't exist"), exchange.ErrUnauthorized},
		{"bad request, repeated with its keys", failed("60012", `Invalid request: {"op":"login","args":[{"apiKey":"k3y-0f-test"}]}`), exchange.ErrInvalid},
		{"clock", failed("60006", "Timestamp request expired"), nil},
		{"too many", failed("60014", "Requests too frequent"), nil},
		{"no answer", `{"event":"notice","code":"0"}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				o.login = tt.login
				f := follows(t, o.client(t))
				settle(5 * time.Minute)
				if tt.err == nil {
					o.mu.Lock()
					o.login = `{"event":"login","code":"0"}`
					o.mu.Unlock()
					settle(2 * time.Minute)
					if got := f.take(); !strings.HasPrefix(got, up) {
						t.Errorf("emitted %s", got)
					}
					_ = f.stop()
					return
				}
				err := f.stop()
				if !errors.Is(err, tt.err) || f.take() != "" {
					t.Errorf("ended with %v", err)
				}
				silent(t, "error", fmt.Sprintf("%v %+v", err, err))
			})
		})
	}
}

// The venue announces that it restarts a server: a new connection takes over, and the stream stays up.
func TestServiceUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		f := follows(t, o.client(t))
		settle(5 * time.Second)
		f.take()
		o.push(`{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`)
		settle(30 * time.Second)
		if len(o.frames()) != 2 {
			t.Errorf("%d subscriptions", len(o.frames()))
		}
		o.push(framed("orders", base))
		settle(time.Second)
		if got := f.take(); strings.Contains(got, down) || !strings.Contains(got, accepted) {
			t.Errorf("emitted\n%s", got)
		}
		_ = f.stop()
	})
}

// What comes over the stream and is none of its business, or damaged.
func TestOddPushes(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		cut         bool
	}{
		{"another product", framed("orders", changed("instType", `"FUTURES"`, "instId", `"BTC-USD-261225"`)), false},
		{"no JSON", `{"arg"`, true},
		{"an order without size", framed("orders", changed("sz", `""`)), true},
		{"too many connections", `{"event":"channel-conn-count-error","channel":"orders","connCount":"30","connId":"a4d3ae55"}`, true},
		{"a count of connections", `{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"a4d3ae55"}`, false},
		{"an error about nothing", `{"event":"error","code":"60012","msg":"?"}`, false},
		{"an answer to nobody", `{"id":"zz","op":"order","code":"0","data":[]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				f := follows(t, o.client(t))
				settle(5 * time.Second)
				f.take()
				o.push(tt.frame)
				settle(10 * time.Second)
				got := f.take()
				if tt.cut && !(strings.HasPrefix(got, down) && strings.Contains(got, up)) || !tt.cut && got != "" {
					t.Errorf("emitted %s", got)
				}
				_ = f.stop()
			})
		})
	}
}

// A market that is listed while the stream runs: its rules are fetched, and what was missed of it is read.
func TestNewMarkets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		f := follows(t, o.client(t))
		settle(5 * time.Second)
		f.take()
		o.set("/api/v5/public/instruments", rowsReply(coded(strings.ReplaceAll(spotRow, "BTC", "NEW"), 1)), rowsReply(coded(swapRow, 2)))
		fresh := changed("instType", `"SPOT"`, "instId", `"NEW-USDT"`, "ordId", `"99"`, "clOrdId", `"n1"`)
		o.set("/api/v5/trade/orders-pending", list(fresh))
		o.push(framed("orders", fresh))
		settle(20 * time.Second)
		if got := f.take(); !strings.Contains(got, `NEW-USDT "n1" 99 buy limit GTC 3 at 50000.1: accepted`) || strings.Contains(got, down) {
			t.Errorf("emitted\n%s", got)
		}
		o.push(framed("orders", changed("instId", `"BTC-USD-SWAP"`)))
		n := len(o.asked("GET", "/api/v5/public/instruments"))
		settle(20 * time.Second)
		o.push(framed("orders", changed("instId", `"BTC-USD-SWAP"`)))
		settle(20 * time.Second)
		if more := len(o.asked("GET", "/api/v5/public/instruments")) - n; more != 2 {
			t.Errorf("a market that is not ours was asked for in %d requests, want once", more)
		}
		_ = f.stop()
	})
}

func rowsReply(r ...string) reply { return reply{body: rows(r...).body} }

// How many orders an account may send is the venue's to tell.
func TestAccountRate(t *testing.T) {
	for say, want := range map[string]int{`{"accRateLimit":"2500","fillRatio":"0.2"}`: 2500, `{"accRateLimit":""}`: 1000, `7`: 1000, `{"accRateLimit":"-5"}`: 1000} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			limits := okx.NewLimits()
			x := o.client(t, func(c *okx.Config) { c.Limits = limits })
			o.set("/api/v5/trade/account-rate-limit", list(say))
			f := follows(t, x)
			settle(5 * time.Second)
			if got := okx.OrdersRule(limits, "main"); got != want || okx.OrdersRule(limits, "other") != 1000 || !strings.HasPrefix(f.take(), up) {
				t.Errorf("%s: %d orders, want %d", say, got, want)
			}
			_ = f.stop()
		})
	}
}

// Two streams of one account at once would tell everything twice.
func TestOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		f := follows(t, x)
		settle(time.Second)
		if err := x.StreamOrders(t.Context(), func(exchange.Event) {}); !errors.Is(err, exchange.ErrConflict) {
			t.Error(err)
		}
		_ = f.stop()
		g := follows(t, x)
		settle(5 * time.Second)
		if got := g.take(); !strings.HasPrefix(got, up) {
			t.Errorf("emitted %s", got)
		}
		_ = g.stop()
	})
}

// Orders over the account's WebSocket.
func TestSocketEntry(t *testing.T) {
	unknown, rejected := exchange.ErrOutcomeUnknown, exchange.ErrRejected
	says := func(text string) func(id, op string, arg map[string]any) []string {
		return func(id, op string, _ map[string]any) []string {
			return []string{strings.NewReplacer("ID", id, "OP", op).Replace(text)}
		}
	}
	top := func(code string) string { return `{"id":"ID","op":"OP","code":"` + code + `","msg":"why","data":[]}` }
	row := func(code string) string {
		return `{"id":"ID","op":"OP","code":"1","msg":"","data":[{"ordId":"","clOrdId":"b15","sCode":"` + code + `","sMsg":"why"}]}`
	}
	for _, tt := range []struct {
		name    string
		say     func(id, op string, arg map[string]any) []string
		rest    int // requests that followed over REST
		outcome error
		class   error
	}{
		{"acknowledged", nil, 0, nil, nil},
		{"refused", says(row("51008")), 0, rejected, exchange.ErrInsufficientFunds},
		{"a code that the venue published and does not know", says(row("51001")), 1, nil, nil},
		{"not logged in", says(top("60011")), 1, nil, nil},
		{"systems busy", says(top("50013")), 0, unknown, exchange.ErrUnavailable},
		{"internal error", says(top("63999")), 0, unknown, exchange.ErrUnavailable},
		{"too many", says(top("60014")), 0, rejected, exchange.ErrRateLimited},
		{"a code that nobody documented", says(row("51998")), 0, unknown, nil},
		{"garbage", says(`{"id":"ID","op":"OP"}`), 0, unknown, exchange.ErrFrame},
		{"the connection breaks", says("cut"), 0, unknown, exchange.ErrUnavailable},
		{"no answer", func(string, string, map[string]any) []string { return nil }, 0, unknown, exchange.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				o.answer = tt.say
				o.ahead = time.Hour
				x := o.client(t, bySocket)
				o.set(placePath, reply{body: ack})
				o.set("GET "+placePath, list(base))
				f := follows(t, x)
				settle(5 * time.Second)
				req := order("BTC-USDT-PERP", "b15", "0.03", "50000.1")
				req.Deadline = time.Now().Add(20 * time.Second)
				_, err := x.Place(t.Context(), req)
				checkOutcome(t, err, tt.outcome, tt.class)
				if n := len(o.asked("POST", placePath)); n != tt.rest {
					t.Errorf("%d requests over REST, want %d", n, tt.rest)
				}
				got := o.frames()[1]
				exp := fmt.Sprint(req.Deadline.Add(time.Hour).UnixMilli())
				want := `,"op":"order","expTime":"` + exp + `","args":[{"instIdCode":10461,"tdMode":"cross","clOrdId":"b15","side":"buy","ordType":"limit","sz":"3","px":"50000.1"}]}`
				if _, rest, _ := strings.Cut(got, `,"op"`); `,"op"`+rest != want {
					t.Errorf("sent %s, want %s", got, want)
				}
				_ = f.stop()
			})
		})
	}
}

func TestSocketEntryOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t, bySocket)
		o.set(placePath, reply{body: ack})
		row := changed("instType", `"SPOT"`, "instId", `"BTC-USDT"`)
		o.set("GET "+placePath, list(row))
		req := order("BTC-USDT", "b15", "3", "50000.1")
		if _, err := x.Place(t.Context(), req); err != nil || len(o.asked("POST", placePath)) != 1 {
			t.Fatalf("before there is a socket, orders go over REST: %v", err)
		}
		f := follows(t, x)
		settle(5 * time.Second)
		looked := len(o.asked("GET", placePath))
		results := []string{"0", "-1", ""} // made, failed, not told
		o.answer = func(id, op string, arg map[string]any) []string {
			r := []string{fmt.Sprintf(`{"id":%q,"op":%q,"code":"0","data":[{"ordId":"77","sCode":"0"}]}`, id, op)}
			if op != "amend-order" {
				return r
			}
			result := results[0]
			if results = results[1:]; result == "" {
				return r
			}
			return append(r, framed("orders", strings.NewReplacer(`"reqId":""`, fmt.Sprintf(`"reqId":%q`, arg["reqId"]), `"amendResult":""`, fmt.Sprintf(`"amendResult":%q`, result),
				`"code":"0","msg":""`, `"code":"51511","msg":"why"`, "50000.1", "7").Replace(row)))
		}
		change := exchange.Change{Price: dec("7")}
		if got, err := x.Replace(t.Context(), req.Ref(), change); err != nil || !got.Requeued || !got.Price.Equal(dec("7")) {
			t.Errorf("made: %s, %v", showOrder(got), err)
		}
		_, err := x.Replace(t.Context(), req.Ref(), change)
		checkOutcome(t, err, exchange.ErrRejected, exchange.ErrConflict)
		if err == nil || !strings.Contains(err.Error(), "51511") || len(o.asked("GET", placePath)) != looked {
			t.Errorf("failed: %v, %d lookups", err, len(o.asked("GET", placePath))-looked)
		}
		o.set("GET "+placePath, list(strings.Replace(row, "50000.1", "7", 1)))
		if _, err := x.Replace(t.Context(), req.Ref(), change); err != nil || len(o.asked("GET", placePath)) != looked+1 {
			t.Errorf("not told: %v, %d lookups", err, len(o.asked("GET", placePath))-looked)
		}
		if _, err := x.Cancel(t.Context(), exchange.OrderRef{Market: req.Market, Account: "main", VenueID: "77"}); err != nil {
			t.Error(err)
		}
		got := o.frames()[1:]
		for i, want := range []string{
			`{"id":"@2","op":"amend-order","args":[{"instIdCode":10459,"clOrdId":"b15","newPx":"7","reqId":"@1"}]}`, "", "",
			`{"id":"@7","op":"cancel-order","args":[{"instIdCode":10459,"ordId":"77"}]}`,
		} {
			if i >= len(got) || want != "" && got[i] != strings.ReplaceAll(want, "@", okx.Prefix(x)) {
				t.Errorf("sent %v, want %s", got, want)
			}
		}
		_ = f.stop()
		if _, err := x.Place(t.Context(), order("BTC-USDT", "c16", "3", "50000.1")); err != nil || len(o.asked("POST", placePath)) != 2 {
			t.Errorf("after the stream's end orders go over REST: %v", err)
		}
		// A market without a code.
		y := o.client(t, bySocket, func(c *okx.Config) { c.Instruments = markets("BTC-USDT") })
		if _, err := y.Place(t.Context(), order("BTC-USDT", "d17", "3", "50000.1")); err != nil || len(o.asked("POST", placePath)) != 3 {
			t.Error(err)
		}
	})
}

// Why a connection of the stream ended is told to who asked for it.
func TestStreamHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		var told []string
		x := o.client(t, func(c *okx.Config) {
			c.Hooks.Stream = func(link string, err error) { told = append(told, fmt.Sprint(link, ": ", err != nil)) }
		})
		f := follows(t, x)
		settle(5 * time.Second)
		o.cut()
		settle(10 * time.Second)
		if fmt.Sprint(told) != "[account: true]" {
			t.Errorf("told %v", told)
		}
		_ = f.take()
	})
}
