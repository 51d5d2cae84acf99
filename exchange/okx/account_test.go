package okx_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

func TestAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		o.set("/api/v5/account/balance", list(`{"uTime":"1","details":[{"ccy":"USDT","availBal":"100.5","frozenBal":"5"},{"ccy":"BTC","availBal":"0","frozenBal":"0"},`+
			`{"ccy":"ETH","availBal":"","availEq":"2","frozenBal":""},{"ccy":"SOL","availBal":"-1","frozenBal":"0","liab":"1"},`+
			`{"ccy":"XRP","cashBal":"-2","liab":"2","availBal":"0","availEq":"-2","eq":"-2","frozenBal":"0"},{"ccy":"ADA","availBal":"","availEq":"-3","liab":"3"},`+
			`{"ccy":"DOT","availBal":"5","liab":"2","frozenBal":"1"},{"ccy":"LTC","availBal":"0","liab":"0","frozenBal":""}]}`))
		o.set("/api/v5/account/positions", list(
			`{"instId":"BTC-USDT-SWAP","posId":"1","posSide":"net","mgnMode":"cross","pos":"-150","avgPx":"50000","uTime":"5"}`,
			`{"instId":"BTC-USDT-SWAP","posId":"2","posSide":"net","mgnMode":"isolated","pos":"50","avgPx":"40000","uTime":"9"}`,
			`{"instId":"BTC-USD-SWAP","posId":"3","posSide":"net","pos":"7","avgPx":"40000","uTime":"9"}`))
		o.set("/api/v5/account/trade-fee", list(`{"feeGroup":[{"groupId":"1","maker":"-0.0008","taker":"-0.001"}],"instType":"SPOT"}`))
		balances, err := x.Balances(t.Context())
		if got := showBalances(balances); err != nil || got != "USDT 100.5 + 5, ETH 2 + 0, SOL -1 + 0, XRP -2 + 0, ADA -3 + 0, DOT 3 + 1" {
			t.Errorf("%s, %v", got, err)
		}
		positions, err := x.Positions(t.Context())
		if err != nil || len(positions) != 1 || !positions[0].Quantity.Equal(dec("-1")) || !positions[0].Cost.Equal(dec("-55000")) || positions[0].Time.UnixMilli() != 9 {
			t.Errorf("%+v, %v", positions, err)
		}
		for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
			rates, err := x.Fees(t.Context(), exchange.MustSymbol(symbol))
			if err != nil || !rates.Maker.Equal(dec("0.0008")) || !rates.Taker.Equal(dec("0.001")) {
				t.Errorf("%s: %v, %v", symbol, rates, err)
			}
		}
		var asked []string
		for _, s := range o.asked("GET", "/api/v5/account/trade-fee") {
			asked = append(asked, s.query.Encode())
		}
		if want := "[instId=BTC-USDT&instType=SPOT instFamily=BTC-USDT&instType=SWAP]"; fmt.Sprint(asked) != want {
			t.Errorf("asked for %v, want %s", asked, want)
		}
		if at, err := x.ServerTime(t.Context()); err != nil || !at.Equal(time.Now()) {
			t.Errorf("%v, %v", at, err)
		}
		for path, call := range map[string]func() error{
			"/api/v5/account/balance":      func() error { _, err := x.Balances(t.Context()); return err },
			"/api/v5/account/positions":    func() error { _, err := x.Positions(t.Context()); return err },
			"/api/v5/account/trade-fee":    func() error { _, err := x.Fees(t.Context(), exchange.MustSymbol("BTC-USDT")); return err },
			"/api/v5/trade/orders-pending": func() error { _, err := x.OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT")); return err },
			"/api/v5/trade/fills":          func() error { _, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), time.Now()); return err },
		} {
			for _, body := range []string{`{"code":"0","data":[{"details":[{"ccy":"","availBal":"x"}],"pos":"x","instId":"BTC-USDT-SWAP","instType":"SWAP"}]}`, `{"code":"0","data":{}}`, `{"code":"0"}`, `{"code":"0","data":[7]}`} {
				o.set(path, reply{body: body})
				var e *exchange.Error
				if err := call(); !errors.Is(err, exchange.ErrFrame) || !errors.As(err, &e) || e.Outcome != nil || e.Op == "" {
					t.Errorf("%s: %s: %v", path, body, err)
				}
			}
		}
	})
}

// archive is the venue's lists of fills and working orders: newest first, pages by id.
type archive struct {
	fills  []map[string]string // oldest first
	orders []string            // ids, oldest first
	asked  []url.Values
	paths  []string
	grow   func() // between pages
}

func (a *archive) RoundTrip(r *http.Request) (*http.Response, error) {
	body, q := none, r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))
	after, err := strconv.Atoi(q.Get("after"))
	if err != nil {
		after = 1 << 30
	}
	var page []string
	switch {
	case r.URL.Path == timePath:
		body = fmt.Sprintf(`{"code":"0","data":[{"ts":"%d"}]}`, time.Now().UnixMilli())
	case strings.HasPrefix(r.URL.Path, "/api/v5/trade/fills"):
		a.asked, a.paths = append(a.asked, q), append(a.paths, r.URL.Path)
		for _, f := range slices.Backward(a.fills) {
			id, _ := strconv.Atoi(f["billId"])
			at, _ := strconv.Atoi(f["ts"])
			begin, _ := strconv.Atoi(q.Get("begin"))
			if id < after && at >= begin && len(page) < limit && (q.Get("instType") == "" || q.Get("instType") == f["instType"]) && (q.Get("instId") == "" || q.Get("instId") == f["instId"]) {
				page = append(page, fillRow(f))
			}
		}
		body = list(page...).body
		a.grow()
	case r.URL.Path == "/api/v5/trade/orders-pending":
		for _, id := range slices.Backward(a.orders) {
			if n, _ := strconv.Atoi(id); n < after && len(page) < limit {
				page = append(page, changed("ordId", strconv.Quote(id)))
			}
		}
		body = list(page...).body
		a.grow()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// However many fills there are at one moment, and whatever comes while they are read: each is listed once, oldest first.
func TestFillsAreComplete(t *testing.T) {
	seed := uint64(20261128)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		synctest.Test(t, func(t *testing.T) {
			now := time.Now()
			since := now.Add(-time.Duration(r.IntN(10*24)) * time.Hour)
			a := &archive{}
			moments := 1 + r.IntN(4)
			add := func(at int64) {
				n := len(a.fills) + 1
				kind, inst := "SPOT", "BTC-USDT"
				if r.IntN(4) == 0 {
					kind = "MARGIN"
				}
				a.fills = append(a.fills, map[string]string{"instType": kind, "instId": inst, "billId": fmt.Sprint(n), "tradeId": fmt.Sprint(n), "ts": fmt.Sprint(at), "fillTime": fmt.Sprint(at)})
			}
			total := []int{0, 1, 99, 100, 101, 200, r.IntN(450)}[r.IntN(7)]
			for i := range total {
				add(since.UnixMilli() - 5 + int64(10*(i*moments/max(1, total))))
			}
			known := len(a.fills)
			a.grow = func() {
				if r.IntN(3) == 0 {
					add(now.UnixMilli())
				}
			}
			x := trader(t, a)
			got, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), since)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for i, f := range got {
				if seen[f.TradeID] || i > 0 && f.Time.Before(got[i-1].Time) || f.Time.Before(since) {
					t.Fatalf("fill %d: %s", i, showFill(f))
				}
				seen[f.TradeID] = true
			}
			for _, f := range a.fills[:known] {
				if at, _ := strconv.ParseInt(f["ts"], 10, 64); at >= since.UnixMilli() && !seen[f["tradeId"]] {
					t.Fatalf("fill %s of %d is missing", f["tradeId"], known)
				}
			}
			path := "/api/v5/trade/fills"
			if now.Sub(since) > 72*time.Hour {
				path = "/api/v5/trade/fills-history"
			}
			if a.paths[0] != path && now.Sub(since) != 72*time.Hour {
				t.Errorf("since %v ago: asked %s", now.Sub(since), a.paths[0])
			}
		})
	}
}

func TestOpenOrdersArePaged(t *testing.T) {
	for _, total := range []int{0, 1, 99, 100, 101, 350} {
		synctest.Test(t, func(t *testing.T) {
			a := &archive{}
			for i := range total {
				a.orders = append(a.orders, fmt.Sprint(i+1))
			}
			a.grow = func() { a.orders = append(a.orders, fmt.Sprint(len(a.orders)+1)) }
			got, err := trader(t, a).OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"))
			if err != nil || len(got) != total {
				t.Fatalf("%d orders, %v; want %d", len(got), err, total)
			}
			for i, o := range got {
				if o.VenueID != fmt.Sprint(total-i) || o.Status != exchange.StatusAccepted {
					t.Errorf("order %d: %s", i, showOrder(o))
				}
			}
		})
	}
}

// A list that never moves on is an error, not an endless loop.
func TestPagesThatRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t)
		var page []string
		for i := range 100 {
			page = append(page, changed("ordId", strconv.Quote(fmt.Sprint(1000-i))))
		}
		o.set("/api/v5/trade/orders-pending", list(page...))
		if _, err := x.OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT-PERP")); !errors.Is(err, exchange.ErrFrame) {
			t.Error(err)
		}
	})
}

// Reads are tried again where that can help; the venue's word that there is nothing is final.
func TestReadReactions(t *testing.T) {
	good := list(`{"details":[]}`)
	for _, tt := range []struct {
		name  string
		say   []reply
		tries int
		class error // nil: read
	}{
		{"at once", []reply{good}, 1, nil},
		{"after a reset", []reply{{reset: true}, good}, 2, nil},
		{"after 503s", []reply{{status: 503}, {status: 503}, {status: 503}, good}, 4, nil},
		{"after a rate limit", []reply{{body: `{"code":"50011","data":[]}`}, good}, 2, nil},
		{"never", []reply{{status: 502, body: "<html>"}}, 4, exchange.ErrUnavailable},
		{"banned by the front", []reply{{status: 403, body: "<html>"}}, 1, exchange.ErrBanned},
		{"HTML", []reply{{body: "<html>"}}, 1, exchange.ErrFrame},
		{"10 MB of nothing", []reply{{body: strings.Repeat("[", 10<<20)}}, 1, exchange.ErrFrame},
		{"slow", []reply{{after: time.Minute}, good}, 2, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := openOffice(t)
				x := o.client(t)
				o.set("/api/v5/account/balance", tt.say...)
				_, err := x.Balances(t.Context())
				if tt.class == nil && err != nil || tt.class != nil && !errors.Is(err, tt.class) {
					t.Errorf("%v, want %v", err, tt.class)
				}
				if n := len(o.asked("GET", "/api/v5/account/balance")); n != tt.tries {
					t.Errorf("%d tries, want %d", n, tt.tries)
				}
			})
		})
	}
}

// What the table says is not supported fails with ErrUnsupported; what it says is supported has its call.
func TestAbilities(t *testing.T) {
	x := trader(t, &desk{say: map[string]string{placePath: ack}})
	refused := map[string]func() error{
		"reduce only on spot": func() error {
			r := limit("BTC-USDT", "a", exchange.Sell, "1", "1")
			r.ReduceOnly = true
			_, err := x.Place(t.Context(), r)
			return err
		},
		"positions on spot": func() error { return exchange.ErrUnsupported }, // there is no such call
	}
	names := map[string]bool{}
	for _, a := range okx.Abilities() {
		if names[a.Name] || a.Name == "" {
			t.Errorf("%q twice", a.Name)
		}
		names[a.Name] = true
		for kind, supported := range map[string]bool{"spot": a.Spot, "perp": a.Perp} {
			call := refused[a.Name+" on "+kind]
			if supported != (call == nil) {
				t.Errorf("%s on %s: supported %v, and a refusal is tested: %v", a.Name, kind, supported, call != nil)
			}
			if call != nil && !errors.Is(call(), exchange.ErrUnsupported) {
				t.Errorf("%s on %s: %v", a.Name, kind, call())
			}
		}
	}
	if len(names) < 15 {
		t.Errorf("%d abilities", len(names))
	}
}

// Two accounts behind one address share what is counted by address, and nothing else.
func TestSharedLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		shared := okx.NewLimits()
		var both []*okx.Exchange
		for _, a := range []exchange.AccountID{"one", "two"} {
			both = append(both, o.client(t, func(c *okx.Config) { c.Account, c.Limits = a, shared }))
		}
		o.set(placePath, reply{body: ack})
		for i, x := range both {
			if _, err := x.Instruments(t.Context()); err != nil {
				t.Fatal(err)
			}
			req := limit("BTC-USDT", "a", exchange.Buy, "1", "1")
			req.Account = x.Account()
			if _, err := x.Place(t.Context(), req); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		began := time.Now()
		for n := range 96 { // 48 of 60 are for openings, each account's
			req := limit("BTC-USDT", fmt.Sprint("a", n), exchange.Buy, "1", "1")
			x := both[n%2]
			req.Account = x.Account()
			if _, err := x.Place(t.Context(), req); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took == 0 || took > 2500*time.Millisecond {
			t.Errorf("98 orders of two accounts took %v", took)
		}
		o.set("/api/v5/trade/cancel-order", reply{body: ack})
		if _, err := both[0].Cancel(t.Context(), exchange.OrderRef{Market: spot().Market, Account: "one", VenueID: "1"}); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2500*time.Millisecond {
			t.Errorf("a cancellation waited behind them: %v", took)
		}
	})
}
