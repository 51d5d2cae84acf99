package okx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// answers is a venue in memory: what it says to each path and query.
type answers map[string]answer

type answer struct {
	status int // 0: 200
	header http.Header
	body   string
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w, ok := a[r.URL.Path+"?"+r.URL.RawQuery]
	if !ok {
		return nil, fmt.Errorf("unexpected request %s", r.URL)
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.header == nil {
		w.header = http.Header{}
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body)), Request: r}, nil
}

func venue(t *testing.T, a answers) *okx.Exchange {
	t.Helper()
	x, err := okx.New(okx.Config{HTTP: &http.Client{Transport: a}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const (
	spotPath = "/api/v5/public/instruments?instType=SPOT"
	swapPath = "/api/v5/public/instruments?instType=SWAP"
)

func rows(rows ...string) answer {
	return answer{body: `{"code":"0","msg":"","data":[` + strings.Join(rows, ",") + `]}`}
}

const (
	spotRow = `{"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","settleCcy":"","ctVal":"","ctValCcy":"","ctMult":"","ctType":"","tickSz":"0.1","lotSz":"0.00000001","minSz":"0.00001","maxLmtSz":"9999999999","state":"live"}`
	swapRow = `{"instType":"SWAP","instId":"BTC-USDT-SWAP","baseCcy":"","quoteCcy":"","settleCcy":"USDT","ctVal":"0.01","ctValCcy":"BTC","ctMult":"1","ctType":"linear","tickSz":"0.1","lotSz":"0.01","minSz":"0.03","maxLmtSz":"1000","state":"live"}`
)

func TestInstruments(t *testing.T) {
	row := func(base string, replace ...string) string { return strings.NewReplacer(replace...).Replace(base) }
	one := func(in exchange.Instrument) string {
		return fmt.Sprintf("%s %s tick %s lot %s min %s max %s contract %s tradable %v settle %s", in.Market, in.VenueSymbol,
			in.Tick, in.Lot, in.MinQty, in.MaxQty, in.Contract, in.Tradable, in.Settle)
	}
	const spot = "okx:BTC-USDT BTC-USDT tick 0.1 lot 0.00000001 min 0.00001 max 9999999999 contract 1 tradable true settle USDT"
	unusable := func(old, new string) string {
		return strings.NewReplacer(old, new, "tradable true", "tradable false").Replace(spot)
	}
	tests := []struct {
		name       string
		spot, swap []string
		want       []string
		err        error
	}{
		{name: "spot counts in base", spot: []string{spotRow}, want: []string{spot}},
		{name: "swap counts in contracts", swap: []string{swapRow}, want: []string{
			"okx:BTC-USDT-PERP BTC-USDT-SWAP tick 0.1 lot 0.0001 min 0.0003 max 10.00 contract 0.01 tradable true settle USDT"}},
		{name: "the multiplier counts", swap: []string{row(swapRow, `"ctMult":"1"`, `"ctMult":"10"`)}, want: []string{
			"okx:BTC-USDT-PERP BTC-USDT-SWAP tick 0.1 lot 0.0010 min 0.0030 max 100.00 contract 0.10 tradable true settle USDT"}},
		{name: "inverse swaps are left out", spot: []string{spotRow}, want: []string{spot},
			swap: []string{row(swapRow, "BTC-USDT-SWAP", "BTC-USD-SWAP", `"linear"`, `"inverse"`, `"ctValCcy":"BTC"`, `"ctValCcy":"USD"`)}},
		{name: "USD-margined swaps are left out", spot: []string{spotRow}, want: []string{spot},
			swap: []string{row(swapRow, "BTC-USDT-SWAP", "BTC-USD_UM-SWAP", `"settleCcy":"USDT"`, `"settleCcy":"USDC"`)}},
		{name: "suspended is listed and not tradable", spot: []string{row(spotRow, "live", "suspend")}, want: []string{strings.Replace(spot, "tradable true", "tradable false", 1)}},
		{name: "post-only is not plain trading", spot: []string{row(spotRow, "live", "post_only")}, want: []string{strings.Replace(spot, "tradable true", "tradable false", 1)}},
		{name: "an unknown state is not tradable", spot: []string{row(spotRow, "live", "frozen")}, want: []string{strings.Replace(spot, "tradable true", "tradable false", 1)}},
		{name: "announced without rules is listed and not tradable", spot: []string{spotRow, row(spotRow, "BTC", "NEW", "live", "preopen", `"tickSz":"0.1"`, `"tickSz":""`)}, want: []string{spot,
			"okx:NEW-USDT NEW-USDT tick 0 lot 0.00000001 min 0.00001 max 9999999999 contract 1 tradable false settle USDT"}},
		{name: "no maximum", spot: []string{row(spotRow, "9999999999", "")}, want: []string{strings.Replace(spot, "9999999999", "0", 1)}},
		{name: "live without a tick", spot: []string{row(spotRow, `"tickSz":"0.1"`, `"tickSz":""`)}, want: []string{unusable("tick 0.1", "tick 0")}},
		{name: "a tick of NaN", spot: []string{row(spotRow, `"tickSz":"0.1"`, `"tickSz":"NaN"`)}, want: []string{unusable("tick 0.1", "tick 0")}},
		{name: "a tick of zero", spot: []string{row(spotRow, `"tickSz":"0.1"`, `"tickSz":"0"`)}, want: []string{unusable("tick 0.1", "tick 0")}},
		{name: "a negative lot", spot: []string{row(spotRow, `"lotSz":"0.00000001"`, `"lotSz":"-1"`)}, want: []string{unusable("lot 0.00000001", "lot -1")}},
		{name: "a minimum that is none", spot: []string{row(spotRow, `"minSz":"0.00001"`, `"minSz":"1e400"`)}, want: []string{unusable("min 0.00001", "min 0")}},
		{name: "a contract of zero", swap: []string{row(swapRow, `"ctVal":"0.01"`, `"ctVal":"0"`)}, want: []string{
			"okx:BTC-USDT-PERP BTC-USDT-SWAP tick 0.1 lot 0.00 min 0.00 max 0 contract 0 tradable false settle USDT"}},
		{name: "a swap without contract value", swap: []string{row(swapRow, `"ctVal":"0.01"`, `"ctVal":""`)}, want: []string{
			"okx:BTC-USDT-PERP BTC-USDT-SWAP tick 0.1 lot 0.00 min 0.00 max 0 contract 0 tradable false settle USDT"}},
		{name: "an empty list", spot: nil, swap: nil, err: exchange.ErrFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A list without rows is an error: where a case has none of a kind, it gets one that is left out.
			if tt.err == nil && tt.spot == nil {
				tt.spot = []string{row(spotRow, `"SPOT"`, `"MARGIN"`)}
			}
			if tt.err == nil && tt.swap == nil {
				tt.swap = []string{row(swapRow, `"linear"`, `"inverse"`)}
			}
			list, err := venue(t, answers{spotPath: rows(tt.spot...), swapPath: rows(tt.swap...)}).Instruments(t.Context())
			if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			var got []string
			for _, in := range list {
				got = append(got, one(in))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// The whole lists of a day in 2022: 513 spot markets, 126 linear swaps; the 40 inverse ones are left out.
func TestInstrumentsRecorded(t *testing.T) {
	list := recordedInstruments(t)
	count := map[exchange.Kind]int{}
	seen := map[exchange.Market]bool{}
	for _, in := range list {
		if err := in.Validate(); err != nil {
			t.Error(err)
		}
		if seen[in.Market] {
			t.Errorf("%s is listed twice", in.Market)
		}
		seen[in.Market] = true
		count[in.Market.Symbol.Kind]++
	}
	if count[exchange.Spot] != 513 || count[exchange.Perp] != 126 {
		t.Errorf("got %d spot and %d swaps, want 513 and 126", count[exchange.Spot], count[exchange.Perp])
	}
}

// recordedInstruments skips the test where there are no recordings.
func recordedInstruments(t testing.TB) []exchange.Instrument {
	t.Helper()
	a := answers{}
	for path, name := range map[string]string{spotPath: "SPOT", swapPath: "SWAP"} {
		b, err := os.ReadFile(fixtures.Path(t, "okx/rest_instruments/cf__instruments_"+name+"_full_2022-05.json"))
		if err != nil {
			t.Fatal(err)
		}
		a[path] = answer{body: string(b)}
	}
	x, err := okx.New(okx.Config{HTTP: &http.Client{Transport: a}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := x.Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSnapshot(t *testing.T) {
	const book = `{"asks":[["41006.8","0.60038921","0","1"],["41007.0","2.05","0","3"]],"bids":[["41006.7","0.487921","0","1"],["41006","3","0","9"]],"ts":"1704067200123","seqId":77}`
	market := func(s string) exchange.Symbol { return exchange.MustSymbol(s) }
	tests := []struct {
		name   string
		symbol string
		depth  int
		path   string
		body   string
		want   string
		err    error
	}{
		{name: "spot", symbol: "BTC-USDT", depth: 5, path: "/api/v5/market/books?instId=BTC-USDT&sz=5", body: book,
			want: "okx:BTC-USDT 77: 41006.7x0.487921 41006x3 | 41006.8x0.60038921 41007x2.05"},
		{name: "swap sizes become base units", symbol: "BTC-USDT-PERP", depth: 5, path: "/api/v5/market/books?instId=BTC-USDT-SWAP&sz=5",
			body: `{"asks":[["41006.8","3","0","1"]],"bids":[["41006.7","2.5","0","1"]],"ts":"1704067200123"}`,
			want: "okx:BTC-USDT-PERP 0: 41006.7x0.025 | 41006.8x0.03"},
		{name: "default depth", symbol: "BTC-USDT", path: "/api/v5/market/books?instId=BTC-USDT&sz=100", body: `{"asks":[],"bids":[],"ts":"1"}`, want: "okx:BTC-USDT 0: |"},
		{name: "deep books have their own path", symbol: "BTC-USDT", depth: 401, path: "/api/v5/market/books-full?instId=BTC-USDT&sz=401",
			body: `{"asks":[["2","1","4"]],"bids":[["1","1","1"]],"ts":"1"}`, want: "okx:BTC-USDT 0: 1x1 | 2x1"},
		{name: "and an end", symbol: "BTC-USDT", depth: 9000, path: "/api/v5/market/books-full?instId=BTC-USDT&sz=5000", body: book,
			want: "okx:BTC-USDT 77: 41006.7x0.487921 41006x3 | 41006.8x0.60038921 41007x2.05"},
		{name: "crossed", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["100","1","0","1"]],"bids":[["100","1","0","1"]],"ts":"1"}`, err: exchange.ErrCrossed},
		{name: "negative price", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["-100","1","0","1"]],"bids":[],"ts":"1"}`, err: exchange.ErrFrame},
		{name: "NaN", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["NaN","1","0","1"]],"bids":[],"ts":"1"}`, err: exchange.ErrFrame},
		{name: "1e400", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["1e400","1","0","1"]],"bids":[],"ts":"1"}`, err: exchange.ErrFrame},
		{name: "out of order", symbol: "BTC-USDT", depth: 2, path: "/api/v5/market/books?instId=BTC-USDT&sz=2",
			body: `{"asks":[["101","1","0","1"],["100","1","0","1"]],"bids":[],"ts":"1"}`, want: "okx:BTC-USDT 0: | 100x1 101x1"},
		{name: "too large for 64 bits", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["100","99999999999999999999","0","1"]],"bids":[],"ts":"1"}`, err: exchange.ErrScale},
		{name: "a level without size", symbol: "BTC-USDT", depth: 1, path: "/api/v5/market/books?instId=BTC-USDT&sz=1",
			body: `{"asks":[["100"]],"bids":[],"ts":"1"}`, err: exchange.ErrFrame},
		{name: "unknown symbol", symbol: "XYZ-USDT", depth: 1, err: exchange.ErrInvalid},
		{name: "negative depth", symbol: "BTC-USDT", depth: -1, err: exchange.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := venue(t, answers{spotPath: rows(spotRow), swapPath: rows(swapRow), tt.path: rows(tt.body)})
			b, err := x.Snapshot(t.Context(), market(tt.symbol), tt.depth)
			if tt.err != nil {
				if b != nil || !errors.Is(err, tt.err) {
					t.Fatalf("got %v, %v; want %v", b, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := show(b); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.Contains(tt.body, "1704067200123") && !b.VenueTime.Equal(time.UnixMilli(1704067200123)) {
				t.Errorf("venue time %v", b.VenueTime)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	const path = "/api/v5/market/books?instId=BTC-USDT&sz=1"
	busy := `{"code":"50011","msg":"Too Many Requests","data":[]}`
	tests := []struct {
		name  string
		give  answer
		class error
		code  string
		after time.Duration
		tries int
		took  time.Duration // at least
	}{
		{name: "HTTP 429", give: answer{status: 429, header: http.Header{"Retry-After": {"3"}}, body: busy}, class: exchange.ErrRateLimited, code: "50011", after: 3 * time.Second, tries: 4, took: 9 * time.Second},
		{name: "rate limit in an HTTP 200", give: answer{body: busy}, class: exchange.ErrRateLimited, code: "50011", tries: 4, took: 7 * time.Second},
		{name: "a page of HTML", give: answer{status: 502, body: `<html>Bad Gateway</html>`}, class: exchange.ErrUnavailable, code: "HTTP 502", tries: 4, took: 7 * time.Second},
		{name: "unknown instrument", give: answer{body: `{"code":"51001","msg":"Instrument ID does not exist","data":[]}`}, class: exchange.ErrInvalid, code: "51001", tries: 1},
		{name: "a code that nobody documented", give: answer{body: `{"code":"99999","msg":"?","data":[]}`}, code: "99999", tries: 1},
		{name: "no code", give: answer{body: `{"data":[]}`}, class: exchange.ErrFrame, code: "HTTP 200", tries: 1},
		{name: "truncated", give: answer{body: `{"code":"0","data":[{"asks":[["1`}, class: exchange.ErrFrame, code: "HTTP 200", tries: 1},
		{name: "another shape", give: answer{body: `{"code":"0","data":{"asks":7}}`}, class: exchange.ErrFrame, tries: 1},
		{name: "no book", give: answer{body: `{"code":"0","data":[]}`}, class: exchange.ErrFrame, tries: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &counted{then: answers{path: tt.give}}
				x, err := okx.New(okx.Config{Instruments: rules(), HTTP: &http.Client{Transport: c}})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				b, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 1)
				var e *exchange.Error
				if b != nil || !errors.As(err, &e) {
					t.Fatalf("got %v, %v; want an *exchange.Error", b, err)
				}
				if tt.class != nil && !errors.Is(err, tt.class) {
					t.Errorf("%v is not %v", err, tt.class)
				}
				if e.Venue != okx.Venue || e.Op != "snapshot" || e.Code != tt.code || e.RetryAfter != tt.after || e.Outcome != nil {
					t.Errorf("got %+v", e)
				}
				if took := time.Since(began); c.n != tt.tries || took < tt.took || took > tt.took+5*time.Second {
					t.Errorf("%d tries in %v, want %d in %v", c.n, took, tt.tries, tt.took)
				}
			})
		})
	}
}

// counted counts requests.
type counted struct {
	n    int
	then http.RoundTripper
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.then.RoundTrip(r)
}

// The demo market is told by a header of each request.
func TestDemo(t *testing.T) {
	for _, e := range []okx.Endpoints{okx.Production(), okx.Demo()} {
		var header http.Header
		x, err := okx.New(okx.Config{Endpoints: e, Instruments: rules(), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			header = r.Header
			return nil, errCable
		})}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := x.Snapshot(ctx, exchange.MustSymbol("BTC-USDT"), 1); err == nil {
			t.Error("no error")
		}
		cancel()
		if got := header.Get("x-simulated-trading") == "1"; got != e.Simulated {
			t.Errorf("%+v: header %v", e, header)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestCancelledRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := venue(t, answers{spotPath: rows(spotRow)}).Instruments(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Rules that the caller has are not fetched: the venue here answers nothing.
func TestKnownInstruments(t *testing.T) {
	list, err := venue(t, answers{spotPath: rows(spotRow), swapPath: rows(swapRow)}).Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := answers{"/api/v5/market/books?instId=BTC-USDT-SWAP&sz=1": rows(`{"asks":[["100","7","0","1"]],"bids":[],"ts":"1"}`)}
	x, err := okx.New(okx.Config{Instruments: list, HTTP: &http.Client{Transport: a}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(b), "okx:BTC-USDT-PERP 0: | 100x0.07"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What is wrong with a configuration says what would be right.
func TestConfigErrors(t *testing.T) {
	for want, cfg := range map[string]okx.Config{
		"without Private or Stream": {Credentials: keys(), Endpoints: okx.Endpoints{REST: "https://a"}},
		"without REST":              {Credentials: keys(), Endpoints: okx.Endpoints{Private: "wss://a"}},
		"want http or https, ://, and a host, without a path":    {Endpoints: okx.Endpoints{REST: "https://a/api"}},
		"want ws or wss, ://, and a host, without a path":        {Endpoints: okx.Endpoints{Private: "https://a"}},
		"Entry 7: want EntryREST or EntrySocket":                 {Entry: 7},
		"Stream: that would be the real market's, see Demo":      {Endpoints: okx.Endpoints{Simulated: true}},
		"contract of 0: want that of a perpetual, and 1 of spot": {Instruments: contract("BTC-USDT-PERP", "0")},
	} {
		if _, err := okx.New(cfg); !errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if got := fmt.Sprint(okx.EntryREST, " ", okx.EntrySocket, " ", okx.Entry(7)); got != "REST WebSocket entry 7" {
		t.Error(got)
	}
}

// contract is a market with a contract of its own.
func contract(symbol, size string) []exchange.Instrument {
	r := markets(symbol)
	r[0].Contract = dec(size)
	return r
}

// Spot is counted in base units, whether the rules that were given say so or leave it out.
func TestSpotWithoutContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		x := o.client(t, func(c *okx.Config) { c.Instruments = contract("BTC-USDT", "0") })
		o.set("GET "+placePath, list(changed("instType", `"SPOT"`, "instId", `"BTC-USDT"`, "state", `"filled"`, "accFillSz", `"3"`, "avgPx", `"50000"`)))
		o.set("/api/v5/trade/fills-history", list())
		got, err := x.Lookup(t.Context(), order("BTC-USDT", "b15", "3", "1").Ref())
		if err != nil || !got.Filled.Equal(dec("3")) || !got.Quantity.Equal(dec("3")) {
			t.Errorf("%s, %v", showOrder(got), err)
		}
	})
}

func TestConfig(t *testing.T) {
	bad := rules()
	bad[0].Tick = exchange.Decimal{}
	foreign := rules()
	foreign[0].Market.Venue = "bybit"
	tests := []struct {
		name string
		cfg  okx.Config
		ok   bool
	}{
		{"zero value", okx.Config{}, true},
		{"the demo market", okx.Config{Endpoints: okx.Demo()}, true},
		{"other hosts", okx.Config{Endpoints: okx.Endpoints{REST: "https://eea.okx.com", Stream: "wss://wseea.okx.com:8443"}}, true},
		{"another channel", okx.Config{Channel: "books50-l2-tbt"}, true},
		{"the real market", okx.Config{Endpoints: okx.Live()}, true},
		{"of the United States", okx.Config{Endpoints: okx.LiveUS()}, true},
		{"of Europe", okx.Config{Endpoints: okx.LiveEU()}, true},
		{"the demo market of Europe", okx.Config{Endpoints: okx.DemoEU()}, true},
		{"an account", okx.Config{Account: "main", Credentials: keys(), Entry: okx.EntrySocket, Limits: okx.NewLimits(), Standby: []okx.Egress{{Transport: http.DefaultTransport}}}, true},
		{"an account elsewhere", okx.Config{Credentials: keys(), Endpoints: okx.Endpoints{REST: "https://a", Private: "wss://b"}}, true},
		{"an account in demo", okx.Config{Credentials: keys(), Endpoints: okx.Demo()}, true},
		{"an account whose orders over REST are real", okx.Config{Credentials: keys(), Endpoints: okx.Endpoints{Stream: "wss://b"}}, false},
		{"an account whose REST alone is elsewhere", okx.Config{Credentials: keys(), Endpoints: okx.Endpoints{REST: "https://a"}}, false},
		{"public data from elsewhere", okx.Config{Endpoints: okx.Endpoints{REST: "https://a"}}, true},
		{"simulated, and nothing else", okx.Config{Endpoints: okx.Endpoints{Simulated: true}}, false},
		{"simulated, with the real stream", okx.Config{Credentials: keys(), Endpoints: okx.Endpoints{REST: "https://a", Private: "wss://b", Simulated: true}}, false},
		{"half of a key", okx.Config{Credentials: okx.Credentials{Key: "k"}}, false},
		{"half of a standby key", okx.Config{Credentials: keys(), Standby: []okx.Egress{{Transport: http.DefaultTransport, Credentials: okx.Credentials{Key: "k"}}}}, false},
		{"a standby way without transport", okx.Config{Credentials: keys(), Standby: []okx.Egress{{}}}, false},
		{"limits of one's own making", okx.Config{Limits: new(okx.Limits)}, false},
		{"an entry that is none", okx.Config{Entry: 7}, false},
		{"account's stream over HTTP", okx.Config{Endpoints: okx.Endpoints{Private: "https://ws.okx.com"}}, false},
		{"REST over a socket", okx.Config{Endpoints: okx.Endpoints{REST: "wss://ws.okx.com"}}, false},
		{"REST without host", okx.Config{Endpoints: okx.Endpoints{REST: "https:"}}, false},
		{"REST with a path", okx.Config{Endpoints: okx.Endpoints{REST: "https://www.okx.com/api"}}, false},
		{"a scheme that is none", okx.Config{Endpoints: okx.Endpoints{REST: "or://www.okx.com"}}, false},
		{"stream over HTTP", okx.Config{Endpoints: okx.Endpoints{Stream: "https://ws.okx.com"}}, false},
		{"a channel without deltas", okx.Config{Channel: "books5"}, false},
		{"instruments without tick", okx.Config{Instruments: bad}, false},
		{"spot without contract", okx.Config{Instruments: contract("BTC-USDT", "0")}, true},
		{"spot by the contract", okx.Config{Instruments: contract("BTC-USDT", "0.01")}, false},
		{"a perpetual without contract", okx.Config{Instruments: contract("BTC-USDT-PERP", "0")}, false},
		{"another venue's instruments", okx.Config{Instruments: foreign}, false},
		{"a decoder of one's own", okx.Config{Session: feed.SessionConfig{Decoder: protocol(t, okx.ProtocolConfig{}).Decoder(nil)}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, err := okx.New(tt.cfg)
			if (err == nil) != tt.ok || (x != nil) != tt.ok {
				t.Fatalf("got %v, %v", x, err)
			}
			if err != nil && !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%v is no ErrInvalid", err)
			}
		})
	}
}

// show is a book on one line, best levels first: "market seq: bids | asks", or its error.
func show(b *exchange.Book) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s %d:", b.Market, b.Seq)
	if b.Err != nil {
		if len(b.Bids)+len(b.Asks) > 0 {
			return w.String() + " invalid, with levels"
		}
		for _, e := range []error{exchange.ErrGap, exchange.ErrCrossed, exchange.ErrScale, exchange.ErrFrame, exchange.ErrDown} {
			if errors.Is(b.Err, e) {
				return fmt.Sprintf("%s: %v", b.Market, e)
			}
		}
		return fmt.Sprintf("%s: untyped error %v", b.Market, b.Err)
	}
	for i, s := range [][]exchange.Level{b.Bids, b.Asks} {
		if i == 1 {
			w.WriteString(" |")
		}
		for j := len(s) - 1; j >= 0; j-- {
			fmt.Fprintf(&w, " %sx%s", plain(b.Price(s[j])), plain(b.Size(s[j])))
		}
	}
	return w.String()
}

// plain drops trailing zeros.
func plain(d exchange.Decimal) string {
	s := d.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
