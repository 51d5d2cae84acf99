package bybit_test

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
	"github.com/bothlegs/bothlegs/exchange/bybit"
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

func venue(t testing.TB, transport http.RoundTripper, known ...exchange.Instrument) *bybit.Exchange {
	t.Helper()
	x, err := bybit.New(bybit.Config{Instruments: known, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const (
	spotPath   = "/v5/market/instruments-info?category=spot"
	linearPath = "/v5/market/instruments-info?category=linear&limit=1000"
)

func page(cursor string, rows ...string) answer {
	return answer{body: fmt.Sprintf(`{"retCode":0,"retMsg":"OK","result":{"nextPageCursor":"%s","list":[%s]},"retExtInfo":{},"time":1}`, cursor, strings.Join(rows, ","))}
}

const (
	spotRow   = `{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","innovation":"0","status":"Trading","lotSizeFilter":{"basePrecision":"0.000001","quotePrecision":"0.0000001","minOrderQty":"0.000048","maxOrderQty":"71","minOrderAmt":"5","maxOrderAmt":"8000000","maxLimitOrderQty":"230","maxMarketOrderQty":"120"},"priceFilter":{"tickSize":"0.1"}}`
	linearRow = `{"symbol":"BTCUSDT","contractType":"LinearPerpetual","status":"Trading","baseCoin":"BTC","quoteCoin":"USDT","priceFilter":{"minPrice":"0.10","maxPrice":"1999999.80","tickSize":"0.10"},"lotSizeFilter":{"maxOrderQty":"1500.000","minOrderQty":"0.001","qtyStep":"0.001","maxMktOrderQty":"150.000","minNotionalValue":"5"},"settleCoin":"USDT"}`
	spotText  = "bybit:BTC-USDT BTCUSDT tick 0.1 lot 0.000001 min 0 max 230 notional 5 contract 1 tradable true settle USDT"
	perpText  = "bybit:BTC-USDT-PERP BTCUSDT tick 0.10 lot 0.001 min 0.001 max 1500.000 notional 5 contract 1 tradable true settle USDT"
)

func TestInstruments(t *testing.T) {
	row := func(base string, replace ...string) string { return strings.NewReplacer(replace...).Replace(base) }
	text := func(base string, replace ...string) string {
		return strings.NewReplacer(append(replace, "tradable true", "tradable false")...).Replace(base)
	}
	one := func(in exchange.Instrument) string {
		return fmt.Sprintf("%s %s tick %s lot %s min %s max %s notional %s contract %s tradable %v settle %s", in.Market, in.VenueSymbol,
			in.Tick, in.Lot, in.MinQty, in.MaxQty, in.MinNotional, in.Contract, in.Tradable, in.Settle)
	}
	tests := []struct {
		name         string
		spot, linear string // one row each
		want         []string
	}{
		{name: "both kinds under one name", spot: spotRow, linear: linearRow, want: []string{spotText, perpText}},
		{name: "BTCPERP is quoted in USDC", linear: row(linearRow, `"symbol":"BTCUSDT"`, `"symbol":"BTCPERP"`, "USDT", "USDC"),
			want: []string{strings.NewReplacer("BTCUSDT", "BTCPERP", "USDT", "USDC").Replace(perpText)}},
		{name: "dated futures are left out", spot: spotRow, linear: row(linearRow, "LinearPerpetual", "LinearFutures", `"symbol":"BTCUSDT"`, `"symbol":"BTC-26SEP25"`), want: []string{spotText}},
		{name: "settled in another coin", spot: spotRow, linear: row(linearRow, `"settleCoin":"USDT"`, `"settleCoin":"USDC"`), want: []string{spotText}},
		{name: "not trading yet", linear: row(linearRow, "Trading", "PreLaunch"), want: []string{text(perpText)}},
		{name: "delivering", linear: row(linearRow, "Trading", "Delivering"), want: []string{text(perpText)}},
		{name: "no least notional", spot: row(spotRow, `"minOrderAmt":"5"`, `"minOrderAmt":""`), want: []string{strings.Replace(spotText, "notional 5", "notional 0", 1)}},
		{name: "no tick", spot: row(spotRow, `"tickSize":"0.1"`, `"tickSize":""`), want: []string{text(spotText, "tick 0.1", "tick 0")}},
		{name: "a tick of NaN", spot: row(spotRow, `"tickSize":"0.1"`, `"tickSize":"NaN"`), want: []string{text(spotText, "tick 0.1", "tick 0")}},
		{name: "a tick of zero", linear: row(linearRow, `"tickSize":"0.10"`, `"tickSize":"0"`), want: []string{text(perpText, "tick 0.10", "tick 0")}},
		{name: "a negative step", linear: row(linearRow, `"qtyStep":"0.001"`, `"qtyStep":"-1"`), want: []string{text(perpText, "lot 0.001", "lot -1")}},
		{name: "a maximum that is none", spot: row(spotRow, `"maxLimitOrderQty":"230"`, `"maxLimitOrderQty":"1e400"`), want: []string{text(spotText, "max 230", "max 0")}},
		{name: "a name that is no asset", spot: row(spotRow, `"baseCoin":"BTC"`, `"baseCoin":"B-T C"`), linear: linearRow, want: []string{perpText}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A list without rows is an error: where a case has none of a kind, it gets one that is left out.
			if tt.spot == "" {
				tt.spot = row(spotRow, `"quoteCoin":"USDT"`, `"quoteCoin":""`)
			}
			if tt.linear == "" {
				tt.linear = row(linearRow, "LinearPerpetual", "LinearFutures")
			}
			list, err := venue(t, answers{spotPath: page("", tt.spot), linearPath: page("", tt.linear)}).Instruments(t.Context())
			if err != nil {
				t.Fatal(err)
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

// More than a page of perpetuals is followed by its cursor, which has to be escaped.
func TestInstrumentPages(t *testing.T) {
	sol := strings.ReplaceAll(linearRow, "BTC", "SOL")
	eth := strings.ReplaceAll(linearRow, "BTC", "ETH")
	list, err := venue(t, answers{
		spotPath:   page("", spotRow),
		linearPath: page("first%3D&", linearRow),
		"/v5/market/instruments-info?category=linear&cursor=first%253D%26&limit=1000": page("second", sol),
		"/v5/market/instruments-info?category=linear&cursor=second&limit=1000":        page("", eth),
	}).Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range list {
		got = append(got, in.Market.Symbol.String())
	}
	if want := "BTC-USDT BTC-USDT-PERP SOL-USDT-PERP ETH-USDT-PERP"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestBadInstrumentLists(t *testing.T) {
	linear := strings.Replace(page("", linearRow).body, `"result":{`, `"result":{"category":"linear",`, 1)
	for name, a := range map[string]answers{
		"no rows":                {spotPath: page("")},
		"rows of the other kind": {spotPath: {body: linear}},
		"cursors that never end": circle(),
		"another shape":          {spotPath: {body: `{"retCode":0,"retMsg":"OK","result":[]}`}},
		"a list that is no list": {spotPath: {body: `{"retCode":0,"retMsg":"OK","result":{"list":{}}}`}},
		"truncated":              {spotPath: {body: `{"retCode":0,"retMsg":"OK","result":{"list":[`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a hundred pages take their time
				if list, err := venue(t, a).Instruments(t.Context()); list != nil || !errors.Is(err, exchange.ErrFrame) {
					t.Errorf("got %d instruments, %v", len(list), err)
				}
			})
		})
	}
}

func circle() answers {
	return answers{spotPath: page("", spotRow), linearPath: page("again", linearRow),
		"/v5/market/instruments-info?category=linear&cursor=again&limit=1000": page("again", linearRow)}
}

// The whole lists of a day in 2026: 557 spot markets, 760 perpetuals; 40 dated futures are left out.
func TestInstrumentsRecorded(t *testing.T) {
	a := answers{}
	for path, name := range map[string]string{spotPath: "spot", linearPath: "linear"} {
		b, err := os.ReadFile(fixtures.Path(t, "bybit/rest_instruments/cf__instruments_"+name+"_full_2026-08.json"))
		if err != nil {
			t.Fatal(err)
		}
		a[path] = answer{body: string(b)}
	}
	list, err := venue(t, a).Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[exchange.Kind]int{}
	seen := map[exchange.Market]bool{}
	names := map[string]int{}
	for _, in := range list {
		if err := in.Validate(); err != nil || !in.Tradable {
			t.Errorf("%s: tradable %v, %v", in.Market, in.Tradable, err)
		}
		if seen[in.Market] {
			t.Errorf("%s is listed twice", in.Market)
		}
		seen[in.Market] = true
		count[in.Market.Symbol.Kind]++
		// The names that a protocol makes without the list are the list's.
		p, err := bybit.Protocol(in.Market.Symbol.Kind, []exchange.Symbol{in.Market.Symbol})
		if err != nil {
			t.Fatal(err)
		}
		d := p.Decoder(func(*exchange.Book) {})
		if m, err := d.Frame(time.UnixMilli(1), []byte(push(in.VenueSymbol, "snapshot", "", "", 1))); err != nil || m.Kind != feed.Data {
			names[in.VenueSymbol]++
		}
	}
	if count[exchange.Spot] != 557 || count[exchange.Perp] != 760 {
		t.Errorf("got %d spot and %d perpetuals, want 557 and 760", count[exchange.Spot], count[exchange.Perp])
	}
	if len(names) > 0 {
		t.Errorf("names that do not follow the habit: %v", names)
	}
}

func rules() []exchange.Instrument {
	d := exchange.MustDecimal
	return []exchange.Instrument{
		{Market: exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("BTC-USDT")}, VenueSymbol: "BTCUSDT", Tradable: true, Tick: d("0.1"), Lot: d("0.000001"), Contract: d("1")},
		{Market: exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("BTC-USDT-PERP")}, VenueSymbol: "BTCUSDT", Tradable: true, Tick: d("0.1"), Lot: d("0.001"), Contract: d("1")},
	}
}

func TestSnapshot(t *testing.T) {
	const (
		spot1 = "/v5/market/orderbook?category=spot&limit=1&symbol=BTCUSDT"
		book  = `{"s":"BTCUSDT","b":[["27450.50","1.500"],["27450.00","2"]],"a":[["27451.00","1.200"],["27451.50","3"]],"ts":1709891679000,"u":1234567,"seq":9876543,"cts":1709891678990}`
		want  = "bybit:BTC-USDT 1234567: 27450.5x1.5 27450x2 | 27451x1.2 27451.5x3"
	)
	level := func(price, size string) string {
		return fmt.Sprintf(`{"s":"BTCUSDT","b":[["%s","%s"]],"a":[["100","1"]],"ts":1,"u":5}`, price, size)
	}
	tests := []struct {
		name   string
		symbol string // BTC-USDT
		depth  int    // 1
		path   string // spot1
		body   string
		want   string
		err    error
	}{
		{name: "spot", body: book, want: want},
		{name: "perpetual", symbol: "BTC-USDT-PERP", path: "/v5/market/orderbook?category=linear&limit=1&symbol=BTCUSDT", body: book, want: strings.Replace(want, "USDT", "USDT-PERP", 1)},
		{name: "default depth", depth: 1 << 30, path: "/v5/market/orderbook?category=spot&limit=100&symbol=BTCUSDT", body: book, want: want},
		{name: "the most there is", depth: 9000, path: "/v5/market/orderbook?category=spot&limit=1000&symbol=BTCUSDT", body: book, want: want},
		{name: "out of order", body: `{"s":"BTCUSDT","b":[["98","1"],["99","1"]],"a":[],"ts":1,"u":5}`, want: "bybit:BTC-USDT 5: 99x1 98x1 |"},
		{name: "crossed", body: level("100", "1"), err: exchange.ErrCrossed},
		{name: "negative price", body: level("-99", "1"), err: exchange.ErrFrame},
		{name: "NaN", body: level("NaN", "1"), err: exchange.ErrFrame},
		{name: "1e400", body: level("1e400", "1"), err: exchange.ErrFrame},
		{name: "too large for 64 bits", body: level("99", "99999999999999999999"), err: exchange.ErrScale},
		{name: "another market's", body: strings.Replace(book, "BTCUSDT", "ETHUSDT", 1), err: exchange.ErrFrame},
		{name: "a level without size", body: `{"s":"BTCUSDT","b":[["98"]],"a":[],"ts":1,"u":5}`, err: exchange.ErrFrame},
		{name: "no update id", body: `{"s":"BTCUSDT","b":[],"a":[],"ts":1}`, err: exchange.ErrFrame},
		{name: "unknown symbol", symbol: "XYZ-USDT", err: exchange.ErrInvalid},
		{name: "negative depth", depth: -1, err: exchange.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.symbol == "" {
				tt.symbol = "BTC-USDT"
			}
			switch tt.depth {
			case 0:
				tt.depth = 1
			case 1 << 30:
				tt.depth = 0
			}
			if tt.path == "" {
				tt.path = spot1
			}
			a := answers{spotPath: page("", spotRow), linearPath: page("", linearRow), tt.path: {body: `{"retCode":0,"retMsg":"OK","result":` + tt.body + `,"time":1}`}}
			b, err := venue(t, a).Snapshot(t.Context(), exchange.MustSymbol(tt.symbol), tt.depth)
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
			if tt.body == book && !b.VenueTime.Equal(time.UnixMilli(1709891678990)) {
				t.Errorf("venue time %v", b.VenueTime)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	const path = "/v5/market/orderbook?category=spot&limit=1&symbol=BTCUSDT"
	tests := []struct {
		name  string
		give  answer
		class error
		code  string
		after time.Duration
		tries int
		took  time.Duration // at least
	}{
		{name: "too many visits", give: answer{body: `{"retCode":10006,"retMsg":"Too many visits!","result":{}}`}, class: exchange.ErrRateLimited, code: "10006", tries: 4, took: 7 * time.Second},
		{name: "HTTP 429", give: answer{status: 429, header: http.Header{"Retry-After": {"2"}}, body: ``}, class: exchange.ErrRateLimited, code: "HTTP 429", after: 2 * time.Second, tries: 4, took: 6 * time.Second},
		{name: "a page of HTML", give: answer{status: 502, body: `<html>Bad Gateway</html>`}, class: exchange.ErrUnavailable, code: "HTTP 502", tries: 4, took: 7 * time.Second},
		{name: "server error", give: answer{body: `{"retCode":10016,"retMsg":"Server error."}`}, class: exchange.ErrUnavailable, code: "10016", tries: 4, took: 7 * time.Second},
		{name: "access too frequent", give: answer{status: 403, body: `access too frequent`}, class: exchange.ErrBanned, code: "HTTP 403", after: 10 * time.Minute, tries: 1},
		{name: "parameters", give: answer{body: `{"retCode":10001,"retMsg":"Not supported symbols"}`}, class: exchange.ErrInvalid, code: "10001", tries: 1},
		{name: "a code that nobody documented", give: answer{body: `{"retCode":99999,"retMsg":"?"}`}, code: "99999", tries: 1},
		{name: "no code", give: answer{body: `{"result":{"s":"BTCUSDT"}}`}, class: exchange.ErrFrame, code: "HTTP 200", tries: 1},
		{name: "truncated", give: answer{body: `{"retCode":0,"result":{"s"`}, class: exchange.ErrFrame, code: "HTTP 200", tries: 1},
		{name: "another shape", give: answer{body: `{"retCode":0,"result":[]}`}, class: exchange.ErrFrame, tries: 1},
		{name: "no book", give: answer{body: `{"retCode":0,"result":{}}`}, class: exchange.ErrFrame, tries: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &counted{then: answers{path: tt.give}}
				x := venue(t, c, rules()...)
				began := time.Now()
				b, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 1)
				var e *exchange.Error
				if b != nil || !errors.As(err, &e) {
					t.Fatalf("got %v, %v; want an *exchange.Error", b, err)
				}
				if tt.class != nil && !errors.Is(err, tt.class) {
					t.Errorf("%v is not %v", err, tt.class)
				}
				if e.Venue != bybit.Venue || e.Op != "snapshot" || e.Code != tt.code || e.RetryAfter != tt.after || e.Outcome != nil {
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

// Who is refused for asking too often stays silent for ten minutes, and says so without asking.
func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counted{then: answers{"/v5/market/orderbook?category=spot&limit=1&symbol=BTCUSDT": {status: 403}}}
		x := venue(t, c, rules()...)
		ask := func() error {
			_, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 1)
			return err
		}
		_ = ask()
		<-time.After(4 * time.Minute)
		var e *exchange.Error
		if err := ask(); !errors.Is(err, exchange.ErrBanned) || !errors.As(err, &e) || e.RetryAfter != 6*time.Minute || c.n != 1 {
			t.Errorf("after 4 minutes: %v, %d requests", err, c.n)
		}
		<-time.After(6*time.Minute + time.Second)
		if _ = ask(); c.n != 2 {
			t.Errorf("after 10 minutes: %d requests", c.n)
		}
	})
}

func TestCancelledRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := venue(t, answers{spotPath: page("", spotRow)}).Instruments(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestConfig(t *testing.T) {
	bad := rules()
	bad[0].Tick = exchange.Decimal{}
	foreign := rules()
	foreign[0].Market.Venue = "okx"
	tests := []struct {
		name string
		cfg  bybit.Config
		ok   bool
	}{
		{"zero value", bybit.Config{}, true},
		{"the test network", bybit.Config{Endpoints: bybit.Testnet()}, true},
		{"other hosts", bybit.Config{Endpoints: bybit.Endpoints{REST: "https://api.bybit.nl"}}, true},
		{"another depth", bybit.Config{Depth: 1000}, true},
		{"the demo market", bybit.Config{Endpoints: bybit.Demo(), Credentials: hmacKey()}, true},
		{"the real market", bybit.Config{Endpoints: bybit.Live(), Credentials: hmacKey(), Account: "a", Entry: bybit.EntrySocket, RecvWindow: time.Minute}, true},
		{"a half of a test set-up", bybit.Config{Endpoints: bybit.Endpoints{REST: "https://api-testnet.bybit.com"}, Credentials: hmacKey()}, false},
		{"an entry that is none", bybit.Config{Entry: bybit.EntrySocket + 1}, false},
		{"a window too short", bybit.Config{RecvWindow: time.Second}, false},
		{"a window too long", bybit.Config{RecvWindow: time.Hour}, false},
		{"limits that nobody made", bybit.Config{Limits: new(bybit.Limits)}, false},
		{"a standby way without a way", bybit.Config{Credentials: hmacKey(), Standby: []bybit.Egress{{}}}, false},
		{"a standby key that is none", bybit.Config{Credentials: hmacKey(), Standby: []bybit.Egress{{Transport: answers{}, Credentials: bybit.Credentials{Key: "k"}}}}, false},
		{"a private stream over HTTP", bybit.Config{Endpoints: bybit.Endpoints{Private: "https://stream.bybit.com"}}, false},
		{"order entry with a path", bybit.Config{Endpoints: bybit.Endpoints{Trade: "wss://stream.bybit.com/v5/trade"}}, false},
		{"REST over a socket", bybit.Config{Endpoints: bybit.Endpoints{REST: "wss://api.bybit.com"}}, false},
		{"REST without host", bybit.Config{Endpoints: bybit.Endpoints{REST: "https:"}}, false},
		{"stream with a path", bybit.Config{Endpoints: bybit.Endpoints{Stream: "wss://stream.bybit.com/v5/public/spot"}}, false},
		{"stream over HTTP", bybit.Config{Endpoints: bybit.Endpoints{Stream: "https://stream.bybit.com"}}, false},
		{"a depth that was removed", bybit.Config{Depth: 500}, false},
		{"a negative depth", bybit.Config{Depth: -1}, false},
		{"instruments without tick", bybit.Config{Instruments: bad}, false},
		{"another venue's instruments", bybit.Config{Instruments: foreign}, false},
		{"a protocol of one's own", bybit.Config{Session: feed.SessionConfig{Protocol: protocol(t, exchange.Spot, "BTC-USDT")}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, err := bybit.New(tt.cfg)
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
