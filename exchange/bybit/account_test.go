package bybit_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

func TestAccount(t *testing.T) {
	bubble(t, "balances", func(t *testing.T, o *office) {
		o.say("/v5/account/wallet-balance", ok(`{"list":[{"accountType":"UNIFIED","coin":[
			{"coin":"USDT","walletBalance":"1000","locked":"100","spotBorrow":"50","totalOrderIM":"20","totalPositionIM":"30"},
			{"coin":"BTC","walletBalance":0.5,"locked":"","spotBorrow":null},{"coin":"ETH","walletBalance":"0","locked":"0"}]},
			{"accountType":"FUND","coin":[{"coin":"XRP","walletBalance":"7"}]}]}`))
		got, err := o.exchange(nil).Balances(t.Context())
		if want := "[USDT 800+150 BTC 0.5+0]"; err != nil || sayBalances(got) != want {
			t.Errorf("got %s, %v; want %s", sayBalances(got), err, want)
		}
	})
	bubble(t, "what open positions have lost is not free, what they have won is not either", func(t *testing.T, o *office) {
		o.say("/v5/account/wallet-balance", ok(`{"list":[{"accountType":"UNIFIED","totalAvailableBalance":"100","coin":[
			{"coin":"USDT","walletBalance":"1000","equity":"400","unrealisedPnl":"-600","totalPositionIM":"300"},
			{"coin":"USDC","walletBalance":"10","equity":"15","unrealisedPnl":"5"},{"coin":"EUR","walletBalance":"1","unrealisedPnl":"-3"}]}]}`))
		got, err := o.exchange(nil).Balances(t.Context())
		if want := "[USDT 100+300 USDC 10+0 EUR -2+0]"; err != nil || sayBalances(got) != want {
			t.Errorf("got %s, %v; want %s", sayBalances(got), err, want)
		}
	})
	bubble(t, "a balance that is none", func(t *testing.T, o *office) {
		for _, coin := range []string{`{"coin":"USDT"}`, `{"coin":"USDT","walletBalance":"x"}`, `{"walletBalance":"1"}`, `{"coin":"USDT","walletBalance":"1","walletBalance":"2"}`,
			`{"coin":"USDT","walletBalance":"1","locked":"-1"}`, `{"coin":"USDT","walletBalance":"1","unrealisedPnl":"x"}`, `{"coin":"USDT","walletBalance":["1"]}`, `7`} {
			o.say("/v5/account/wallet-balance", ok(`{"list":[{"accountType":"UNIFIED","coin":[`+coin+`]}]}`))
			if got, err := o.exchange(nil).Balances(t.Context()); got != nil || !errors.Is(err, exchange.ErrFrame) {
				t.Errorf("%s: got %v, %v", coin, got, err)
			}
		}
	})
	bubble(t, "positions, by what they are settled in, page by page", func(t *testing.T, o *office) {
		const usdt = "GET /v5/position/list?category=linear&limit=200&settleCoin=USDT"
		position := func(symbol, side, size, price, idx string) string {
			return fmt.Sprintf(`{"symbol":"%s","side":"%s","size":"%s","avgPrice":"%s","positionIdx":%s,"updatedTime":"5"}`, symbol, side, size, price, idx)
		}
		o.say(usdt, ok(`{"category":"linear","nextPageCursor":"p2","list":[`+position("BTCUSDT", "Sell", "0.5", "100.1", "0")+`,`+position("ETHUSDT", "", "0", "0", "0")+`]}`))
		o.say("GET /v5/position/list?category=linear&cursor=p2&limit=200&settleCoin=USDT",
			ok(`{"category":"linear","nextPageCursor":"p3","list":[`+position("BTC-26SEP25", "Buy", "1", "1", "0")+`]}`))
		o.say("GET /v5/position/list?category=linear&limit=200&settleCoin=USDC", list(position("BTCPERP", "Buy", "1", "50", "1"), position("BTCPERP", "Sell", "3", "60", "2")))
		x := o.exchange(func(c *bybit.Config) {
			usdc := rules()[1]
			usdc.Market.Symbol.Quote, usdc.Settle, usdc.VenueSymbol = "USDC", "USDC", "BTCPERP"
			c.Instruments = append(c.Instruments, usdc)
		})
		got, err := x.Positions(t.Context())
		var said []string
		for _, p := range got {
			said = append(said, fmt.Sprintf("%s %s %s %s %d", p.Market, p.Account, p.Quantity, p.Cost, p.Time.UnixMilli()))
		}
		want := []string{"bybit:BTC-USDC-PERP main -2 -130 5", "bybit:BTC-USDT-PERP main -0.5 -50.05 5"}
		if err != nil || !slices.Equal(said, want) {
			t.Errorf("got %v, %v; want %v", said, err, want)
		}
	})
	bubble(t, "fees", func(t *testing.T, o *office) {
		o.say("GET /v5/account/fee-rate?category=linear&symbol=BTCUSDT", ok(`{"list":[{"symbol":"ETHUSDT","takerFeeRate":"1","makerFeeRate":"1"},{"symbol":"BTCUSDT","takerFeeRate":"0.00055","makerFeeRate":"-0.0001"}]}`))
		x := o.exchange(nil)
		got, err := x.Fees(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"))
		if err != nil || got.Maker.String() != "-0.0001" || got.Taker.String() != "0.00055" {
			t.Errorf("got %v, %v", got, err)
		}
		if _, err := x.Fees(t.Context(), exchange.MustSymbol("BTC-USDT")); !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("no rates: %v", err)
		}
	})
	bubble(t, "open orders, page by page", func(t *testing.T, o *office) {
		const first = "/v5/order/realtime?category=spot&limit=50&openOnly=0&orderFilter=Order&symbol=BTCUSDT"
		o.say("GET "+first, ok(`{"nextPageCursor":"x","list":[`+row("", "1", "a", "New")+`,`+row("", "2", "_0", "Filled")+`]}`))
		o.say("GET "+strings.Replace(first, "&limit", "&cursor=x&limit", 1), list(row("", "3", "", "PartiallyFilled", "cumExecQty", "1")))
		got, err := o.exchange(nil).OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT"))
		if err != nil || len(got) != 2 || got[0].ClientID != "a" || got[1].VenueID != "3" || got[1].Status != exchange.StatusPartiallyFilled {
			t.Errorf("got %v, %v", got, err)
		}
	})
	bubble(t, "an empty page is the last, whatever its cursor", func(t *testing.T, o *office) {
		o.say("GET /v5/order/realtime?category=spot&limit=50&openOnly=0&orderFilter=Order&symbol=BTCUSDT", ok(`{"nextPageCursor":"x","list":[`+row("", "1", "a", "New")+`]}`))
		o.say("/v5/order/realtime", ok(`{"nextPageCursor":"y","list":[]}`))
		got, err := o.exchange(nil).OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT"))
		if n := len(o.asked("GET")); err != nil || len(got) != 1 || n != 2 {
			t.Errorf("got %v, %v after %d pages", got, err, n)
		}
	})
	bubble(t, "fills since then, of two years at most", func(t *testing.T, o *office) {
		now := time.Now()
		at := func(d time.Duration) []string { return []string{"execTime", fmt.Sprint(now.Add(d).UnixMilli())} }
		o.say(fillsPath, list(traded("", "e2", "7", "a-1", "1", "100", at(-time.Hour)...), traded("", "e1", "7", "a-1", "1", "100", at(-time.Hour-time.Millisecond)...)))
		x := o.exchange(nil)
		got, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), now.Add(-time.Hour))
		if err != nil || len(got) != 1 || got[0].TradeID != "e2" {
			t.Errorf("got %v, %v", got, err)
		}
		o.say(fillsPath, list())
		before := len(o.asked("GET " + fillsPath))
		if _, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), now.AddDate(-10, 0, 0)); err != nil {
			t.Error(err)
		}
		asked := o.asked("GET " + fillsPath)[before:]
		from, _ := strconv.ParseInt(strings.Split(strings.Split(asked[0], "startTime=")[1], "&")[0], 10, 64)
		if oldest := now.AddDate(-2, 0, -1); len(asked) > 106 || time.UnixMilli(from).Before(oldest) {
			t.Errorf("%d windows from %v on", len(asked), time.UnixMilli(from))
		}
	})
	bubble(t, "pages that lead round in a circle", func(t *testing.T, o *office) {
		o.say("/v5/order/realtime", ok(`{"nextPageCursor":"x","list":[`+row("", "1", "a", "New")+`]}`))
		if _, err := o.exchange(nil).OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT")); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "rows of the other kind", func(t *testing.T, o *office) {
		o.say("/v5/order/realtime", ok(`{"category":"linear","list":[`+row("", "1", "a", "New")+`]}`))
		if _, err := o.exchange(nil).OpenOrders(t.Context(), exchange.MustSymbol("BTC-USDT")); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("got %v", err)
		}
	})
	bubble(t, "server time", func(t *testing.T, o *office) {
		o.skew.Store(int64(time.Hour))
		if got, err := o.exchange(nil).ServerTime(t.Context()); err != nil || !got.Equal(o.now()) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func sayBalances(list []exchange.Balance) string {
	var s []string
	for _, b := range list {
		s = append(s, fmt.Sprintf("%s %s+%s", b.Asset, b.Free, b.Locked))
	}
	return "[" + strings.Join(s, " ") + "]"
}

// archive is the venue's memory of executions: windows of 7 days at most, borders included, newest first, in pages. Pages overlap at random, and
// the order of what happened in one millisecond differs from page to page.
type archive struct {
	rnd   *rand.Rand
	times []int64 // of execution i, ascending
}

func (a *archive) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v5/market/time" {
		return answers{r.URL.Path + "?" + r.URL.RawQuery: {body: fmt.Sprintf(`{"retCode":0,"result":{"timeNano":"%d"}}`, time.Now().UnixNano())}}.RoundTrip(r)
	}
	q := r.URL.Query()
	from, _ := strconv.ParseInt(q.Get("startTime"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("endTime"), 10, 64)
	if to-from > 7*24*3600*1000 {
		return answers{r.URL.Path + "?" + r.URL.RawQuery: {body: `{"retCode":10001,"retMsg":"window too long"}`}}.RoundTrip(r)
	}
	size, _ := strconv.Atoi(q.Get("limit"))
	skip, _ := strconv.Atoi(q.Get("cursor"))
	var hits []int
	for i := len(a.times) - 1; i >= 0; i-- {
		if a.times[i] >= from && a.times[i] <= to {
			hits = append(hits, i)
		}
	}
	hits = hits[min(skip, len(hits)):]
	cursor := ""
	if len(hits) > size {
		hits, cursor = hits[:size], strconv.Itoa(skip+size-a.rnd.IntN(5))
	}
	rows := make([]string, len(hits))
	for i, h := range hits {
		rows[i] = traded("", fmt.Sprint("e", h), "7", "a-1", "1", "100", "execTime", fmt.Sprint(a.times[h]))
	}
	return answers{r.URL.Path + "?" + r.URL.RawQuery: {body: `{"retCode":0,"result":{"category":"spot","nextPageCursor":"` + cursor + `","list":[` + strings.Join(rows, ",") + `]}}`}}.RoundTrip(r)
}

// Nothing is lost or doubled, whatever falls on the borders of pages and windows.
func TestFillsAreComplete(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			a := &archive{rnd: rand.New(rand.NewPCG(seed, 1))}
			<-time.After(40 * 24 * time.Hour) // the bubble's clock begins in the year 2000
			now := time.Now().UnixMilli()
			week := int64(7 * 24 * 3600 * 1000)
			since := now - a.rnd.Int64N(4*week)
			for at := since - 1000; at < now && len(a.times) < 3000; {
				for range 1 + a.rnd.IntN(40) { // many at one moment
					a.times = append(a.times, at)
				}
				if at += a.rnd.Int64N(week / 10); a.rnd.IntN(10) == 0 {
					at = since + (at-since)/week*week + week // on a window's border
				}
			}
			x, err := bybit.New(bybit.Config{Credentials: hmacKey(), Account: "main", Instruments: rules(), HTTP: &http.Client{Transport: a}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), time.UnixMilli(since))
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			seen := map[string]bool{}
			for i, f := range got {
				if seen[f.TradeID] || i > 0 && f.Time.Before(got[i-1].Time) || f.Time.UnixMilli() < since {
					t.Fatalf("seed %d: %s at %v is out of order, early or twice", seed, f.TradeID, f.Time)
				}
				seen[f.TradeID] = true
			}
			for i, at := range a.times {
				if at >= since && at <= now && !seen[fmt.Sprint("e", i)] {
					t.Fatalf("seed %d: execution %d of %d is missing", seed, i, len(a.times))
				}
			}
		})
	}
}

// Accounts behind one address share its limit, not each other's.
func TestSharedLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		shared := bybit.NewLimits()
		o.say(createPath, no(170131, "Balance insufficient"))
		var all []*bybit.Exchange
		for _, a := range []exchange.AccountID{"main", "other"} {
			all = append(all, o.exchange(func(c *bybit.Config) { c.Account, c.Limits = a, shared }))
		}
		began := time.Now()
		for i := range 16 { // 8 openings of linear orders a second and account
			req := perpOrder(fmt.Sprint("a", i))
			req.Account = all[i%2].Account()
			_, _ = all[i%2].Place(t.Context(), req)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("eight each took %v", d)
		}
		_, _ = all[0].Place(t.Context(), perpOrder("b"))
		if d := time.Since(began); d < time.Second {
			t.Errorf("the ninth of an account took %v", d)
		}
	})
}

// What others have used of the account's rate counts, and a refusal for too many keeps the next one off until the venue opens again.
func TestLimitsHeedAnswers(t *testing.T) {
	place := func(t *testing.T, x *bybit.Exchange, id string, reduce bool) (time.Duration, error) {
		began := time.Now()
		req := perpOrder(id)
		req.ReduceOnly = reduce
		_, err := x.Place(t.Context(), req)
		return time.Since(began), err
	}
	bubble(t, "used by others", func(t *testing.T, o *office) {
		used := ack("7", "")
		used.header = http.Header{"X-Bapi-Limit": {"10"}, "X-Bapi-Limit-Status": {"1"}}
		o.say(createPath, used)
		x := o.exchange(nil)
		if d, err := place(t, x, "a", false); d != 0 || err != nil {
			t.Fatal(d, err)
		}
		if d, err := place(t, x, "b", false); d < time.Second || err != nil { // 9 of 10: openings may have 8
			t.Errorf("the next one took %v, %v", d, err)
		}
	})
	bubble(t, "too many visits", func(t *testing.T, o *office) {
		busy := no(10006, "Too many visits!")
		busy.header = http.Header{"X-Bapi-Limit-Reset-Timestamp": {"701"}}
		o.say(createPath, busy, ack("7", ""))
		x := o.exchange(nil)
		req := perpOrder("a")
		req.Deadline = time.Now().Add(300 * time.Millisecond)
		if _, err := x.Place(t.Context(), req); !errors.Is(err, exchange.ErrRateLimited) || time.Now().After(req.Deadline) {
			t.Fatal(err)
		}
		if d, err := place(t, x, "b", true); d < 690*time.Millisecond || d > 800*time.Millisecond || err != nil {
			t.Errorf("the next one took %v, %v", d, err)
		}
	})
	bubble(t, "reductions do not wait for openings", func(t *testing.T, o *office) {
		o.say(createPath, ack("7", ""))
		x := o.exchange(nil)
		for i := range 8 {
			_, _ = place(t, x, fmt.Sprint("a", i), false)
		}
		if d, err := place(t, x, "r", true); d != 0 || err != nil {
			t.Errorf("a reduction took %v, %v", d, err)
		}
		if d, err := place(t, x, "b", false); d == 0 || err != nil {
			t.Errorf("an opening took %v, %v", d, err)
		}
	})
}

// Where the venue allows an account more or less than it publishes, its answers say so.
func TestLimitsFollowAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		slow := no(170131, "Balance insufficient")
		slow.header = http.Header{"X-Bapi-Limit": {"2"}, "X-Bapi-Limit-Status": {"1"}, "X-Bapi-Limit-Reset-Timestamp": {"1"}}
		o.say(createPath, slow)
		x := o.exchange(nil)
		began := time.Now()
		for i := range 4 {
			_, _ = x.Place(t.Context(), perpOrder(fmt.Sprint("a", i)))
		}
		if d := time.Since(began); d < 3*time.Second { // of 2 a second openings may have 1
			t.Errorf("four took %v", d)
		}
	})
}
