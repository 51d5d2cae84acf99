package binance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/feed"
)

// answers is a venue in memory: what it says to each host, path and query, one after the other; the last for ever.
type answers map[string][]answer

type answer struct {
	status int // 0: 200
	header http.Header
	body   string
	err    error
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	key := r.URL.Host + r.URL.RequestURI()
	list, ok := a[key]
	if !ok {
		return nil, fmt.Errorf("unexpected request %s", key)
	}
	w := list[0]
	if len(list) > 1 {
		a[key] = list[1:]
	}
	if w.err != nil {
		return nil, w.err
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.header == nil {
		w.header = http.Header{}
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body)), Request: r}, nil
}

func venue(t *testing.T, a answers) *binance.Exchange {
	t.Helper()
	x, err := binance.New(binance.Config{HTTP: &http.Client{Transport: a}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const (
	spotInfo    = "api.binance.com/api/v3/exchangeInfo"
	futuresInfo = "fapi.binance.com/fapi/v1/exchangeInfo"

	spotRow = `{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","baseAssetPrecision":8,"filters":[
		{"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
		{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
		{"filterType":"ICEBERG_PARTS","limit":10},
		{"filterType":"MARKET_LOT_SIZE","minQty":"0","maxQty":"98.1","stepSize":"0"},
		{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","avgPriceMins":5}]}`
	perpRow = `{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","pricePrecision":2,"filters":[
		{"filterType":"PRICE_FILTER","minPrice":"556.80","maxPrice":"4529764","tickSize":"0.10"},
		{"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"1000","stepSize":"0.001"},
		{"filterType":"MIN_NOTIONAL","notional":"100"}]}`
)

func info(rows ...string) []answer {
	return []answer{{body: `{"timezone":"UTC","symbols":[` + strings.Join(rows, ",") + `]}`}}
}

func one(i exchange.Instrument) string {
	return fmt.Sprintf("%s %s tick %s lot %s min %s max %s notional %s contract %s settle %s tradable %v", i.Market, i.VenueSymbol,
		i.Tick, i.Lot, i.MinQty, i.MaxQty, i.MinNotional, i.Contract, i.Settle, i.Tradable)
}

func TestInstruments(t *testing.T) {
	const (
		spot = "binance:BTC-USDT BTCUSDT tick 0.01000000 lot 0.00001000 min 0.00001000 max 9000.00000000 notional 5.00000000 contract 1 settle USDT tradable true"
		perp = "binance:BTC-USDT-PERP BTCUSDT tick 0.10 lot 0.001 min 0.001 max 1000 notional 100 contract 1 settle USDT tradable true"
	)
	edit := func(s string, pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(s)
		if out == s {
			t.Fatalf("%v changes nothing", pairs)
		}
		return out
	}
	for _, c := range []struct {
		name       string
		spot, perp string
		want       []string
	}{
		{"both markets", spotRow, perpRow, []string{spot, perp}},
		{"older minimum", edit(spotRow, `"NOTIONAL"`, `"MIN_NOTIONAL"`), perpRow, []string{spot, perp}},
		{"halted", edit(spotRow, `TRADING`, `HALT`), edit(perpRow, `TRADING`, `SETTLING`), []string{edit(spot, "tradable true", "tradable false"), edit(perp, "tradable true", "tradable false")}},
		{"a status of tomorrow", edit(spotRow, `TRADING`, `TRADING_BUT`), perpRow, []string{edit(spot, "tradable true", "tradable false"), perp}},
		{"dated future", spotRow, perpRow + "," + edit(perpRow, "PERPETUAL", "CURRENT_QUARTER", "BTCUSDT", "BTCUSDT_240927"), []string{spot, perp}},
		{"other perpetuals", spotRow, edit(perpRow, "PERPETUAL", "TRADIFI_PERPETUAL"), []string{spot}},
		{"margined in the base", spotRow, edit(perpRow, `"marginAsset":"USDT"`, `"marginAsset":"BTC"`), []string{spot}},
		{"a name that no symbol holds", edit(spotRow, `"BTC"`, `"B-T"`), perpRow, []string{perp}},
		{"letters of the world", edit(spotRow, `"BTC"`, `"币"`, `"BTCUSDT"`, `"币USDT"`), perpRow, []string{edit(spot, "BTC", "币"), perp}},
		{"no tick", edit(spotRow, `"tickSize":"0.01000000"`, `"tickSize":"0"`), perpRow, []string{edit(spot, "tick 0.01000000", "tick 0", "tradable true", "tradable false"), perp}},
		{"a tick of NaN", edit(spotRow, `"tickSize":"0.01000000"`, `"tickSize":"NaN"`), perpRow, []string{edit(spot, "tick 0.01000000", "tick 0", "tradable true", "tradable false"), perp}},
		{"a minimum of 1e400", edit(spotRow, `"5.00000000"`, `"1e400"`), perpRow, []string{edit(spot, "notional 5.00000000", "notional 0", "tradable true", "tradable false"), perp}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := venue(t, answers{spotInfo: info(c.spot), futuresInfo: info(c.perp)}).Instruments(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range list {
				got = append(got, one(i))
			}
			equal(t, "instruments", got, c.want)
		})
	}
}

func TestInstrumentsFail(t *testing.T) {
	for name, c := range map[string]struct {
		a    answers
		want error
	}{
		"no JSON":     {answers{spotInfo: {{body: "<html>"}}}, exchange.ErrFrame},
		"no symbols":  {answers{spotInfo: {{body: `{}`}}}, exchange.ErrFrame},
		"perps fail":  {answers{spotInfo: info(spotRow), futuresInfo: {{status: 400, body: `{"code":-1102,"msg":"x"}`}}}, exchange.ErrInvalid},
		"rate limit":  {answers{spotInfo: {{status: 429, header: http.Header{"Retry-After": {"2"}}, body: `{"code":-1003,"msg":"slow"}`}}}, exchange.ErrRateLimited},
		"ban":         {answers{spotInfo: {{status: 418, body: `{"code":-1003,"msg":"banned"}`}}}, exchange.ErrBanned},
		"firewall":    {answers{spotInfo: {{status: 403}}}, exchange.ErrUnavailable},
		"region":      {answers{spotInfo: {{status: 451}}}, exchange.ErrUnauthorized},
		"overload":    {answers{spotInfo: {{status: 503}}}, exchange.ErrUnavailable},
		"unreachable": {answers{spotInfo: {{err: errors.New("no route to host")}}}, exchange.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				list, err := venue(t, c.a).Instruments(t.Context())
				var e *exchange.Error
				if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Venue != "binance" || e.Op != "instruments" || e.Outcome != nil || list != nil {
					t.Errorf("%v, %v", list, err)
				}
			})
		})
	}
}

// Whole lists as they were recorded.
func TestRecordedInstruments(t *testing.T) {
	for _, c := range []struct {
		file            string
		kind            exchange.Kind
		listed, trading int
		btc             string
	}{
		{"cf__exchangeInfo_full_2021-10.json", exchange.Spot, 1695, 1262,
			"binance:BTC-USDT BTCUSDT tick 0.01000000 lot 0.00001000 min 0.00001000 max 9000.00000000 notional 10.00000000 contract 1 settle USDT tradable true"},
		{"cf__fapi_exchangeInfo_full_2021-07.json", exchange.Perp, 119, 119,
			"binance:BTC-USDT-PERP BTCUSDT tick 0.01 lot 0.001 min 0.001 max 1000 notional 5 contract 1 settle USDT tradable true"},
		{"gct__GET_api_v3_exchangeInfo_0.json", exchange.Spot, 25, 12,
			"binance:BTC-USDT BTCUSDT tick 0.01000000 lot 0.00001000 min 0.00001000 max 9000.00000000 notional 5.00000000 contract 1 settle USDT tradable true"},
		{"gct__GET_fapi_v1_exchangeInfo_0.json", exchange.Perp, 25, 25,
			"binance:BTC-USDT-PERP BTCUSDT tick 0.10 lot 0.001 min 0.001 max 1000 notional 100 contract 1 settle USDT tradable true"},
		{"nautit__http_spot_market_exchange_info.json", exchange.Spot, 2, 2,
			"binance:BTC-USDT BTCUSDT tick 0.01000000 lot 0.00001000 min 0.00001000 max 9000.00000000 notional 10.00000000 contract 1 settle USDT tradable true"},
	} {
		t.Run(c.file, func(t *testing.T) {
			body := read(t, "binance/rest_instruments/"+c.file)
			var mock struct{ Data json.RawMessage }
			if json.Unmarshal(body, &mock) == nil && mock.Data != nil {
				body = mock.Data
			}
			list, err := binance.ParseInstruments(c.kind, body)
			if err != nil {
				t.Fatal(err)
			}
			trading, seen := 0, map[exchange.Symbol]bool{}
			for _, i := range list {
				if seen[i.Market.Symbol] {
					t.Errorf("%s twice", i.Market)
				}
				seen[i.Market.Symbol] = true
				if i.Market.Symbol == (exchange.Symbol{Base: "BTC", Quote: "USDT", Kind: c.kind}) && one(i) != c.btc {
					t.Errorf("%s", one(i))
				}
				if i.Tradable {
					trading++
					if err := i.Validate(); err != nil {
						t.Error(err)
					}
				}
			}
			if len(list) != c.listed || trading != c.trading {
				t.Errorf("%d listed, %d tradable; want %d and %d", len(list), trading, c.listed, c.trading)
			}
		})
	}
}

func TestSnapshot(t *testing.T) {
	for _, c := range []struct {
		symbol string
		depth  int
		path   string
		body   string
	}{
		{"BTC-USDT", 0, "api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=100", spotSnapshot},
		{"BTC-USDT", 101, "api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=500", spotSnapshot},
		{"BTC-USDT", 9000, "api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=5000", spotSnapshot},
		{"币-USDT", 1, "api.binance.com/api/v3/depth?symbol=%E5%B8%81USDT&limit=100", spotSnapshot},
		{"BTC-USDT-PERP", 1, "fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=5", perpSnapshot},
		{"BTC-USDT-PERP", 11, "fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=20", perpSnapshot},
		{"BTC-USDT-PERP", 5000, "fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000", perpSnapshot},
	} {
		s := exchange.MustSymbol(c.symbol)
		b, err := venue(t, answers{c.path: {{body: c.body}}}).Snapshot(t.Context(), s, c.depth)
		if err != nil {
			t.Errorf("%s, depth %d: %v", s, c.depth, err)
			continue
		}
		ask, _ := b.Best(exchange.Buy)
		if b.Check() != nil || b.Err != nil || b.Market != (exchange.Market{Venue: "binance", Symbol: s}) || b.Seq < 100 || len(b.Bids) == 0 ||
			b.Price(ask).Floor(exchange.MustDecimal("1")).String() != "61837" || time.Since(b.RecvTime) > time.Minute {
			t.Errorf("%s: %+v", s, b)
		}
		if perp := s.Kind == exchange.Perp; perp == b.VenueTime.IsZero() {
			t.Errorf("%s: venue time %v", s, b.VenueTime)
		}
	}
}

func TestSnapshotFails(t *testing.T) {
	const path = "api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=100"
	for name, c := range map[string]struct {
		answer answer
		want   error
	}{
		"unknown symbol": {answer{status: 400, body: `{"code":-1121,"msg":"Invalid symbol."}`}, exchange.ErrInvalid},
		"crossed":        {answer{body: `{"lastUpdateId":1,"bids":[["2","1"]],"asks":[["1","1"]]}`}, exchange.ErrCrossed},
		"damaged":        {answer{body: spotSnapshot[:60]}, exchange.ErrFrame},
		"negative":       {answer{body: `{"lastUpdateId":1,"bids":[["-2","1"]],"asks":[]}`}, exchange.ErrFrame},
		"overflow":       {answer{body: `{"lastUpdateId":1,"bids":[["1","99999999999999999999"]],"asks":[]}`}, exchange.ErrScale},
		"futures' shape": {answer{body: perpSnapshot}, exchange.ErrFrame},
	} {
		b, err := venue(t, answers{path: {c.answer}}).Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 0)
		var e *exchange.Error
		if b != nil || !errors.Is(err, c.want) || !errors.As(err, &e) || e.Op != "snapshot" {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
	x := venue(t, nil)
	if _, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), -1); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("negative depth: %v", err)
	}
	if _, err := x.Snapshot(t.Context(), exchange.Symbol{}, 1); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("no symbol: %v", err)
	}
}

// A read is tried again, after the time that the venue names, and then it is well.
func TestReadsAreTriedAgain(t *testing.T) {
	const path = "api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=100"
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := answers{path: {
			{status: 429, header: http.Header{"Retry-After": {"7"}}, body: `{"code":-1003,"msg":"Too much request weight used"}`},
			{err: errors.New("connection reset")},
			{body: spotSnapshot},
		}}
		if _, err := venue(t, a).Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 0); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 8*time.Second || d > 12*time.Second {
			t.Errorf("took %v: want the 7 s that the venue asked for, and a back-off", d)
		}
	})
}

// The instruments' rules give books their scale, and the venue's name to their symbols.
func TestKnownInstruments(t *testing.T) {
	list, err := binance.ParseInstruments(exchange.Spot, []byte(`{"symbols":[`+spotRow+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	list[0].VenueSymbol = "XBTUSDT"
	x, err := binance.New(binance.Config{Instruments: list, HTTP: &http.Client{Transport: answers{
		"api.binance.com/api/v3/depth?symbol=XBTUSDT&limit=100": {{body: `{"lastUpdateId":1,"bids":[["100","1"]],"asks":[["101","1"]]}`}}}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 0)
	if err != nil || b.Scale != (exchange.Scale{Price: -2, Size: -5}) || b.Bids[0] != (exchange.Level{Price: 10000, Size: 100000}) {
		t.Errorf("book %+v, %v", b, err)
	}
	p, err := binance.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")}, list...)
	if err != nil {
		t.Fatal(err)
	}
	var got exchange.Scale
	d := p.Decoder(func(b *exchange.Book) { got = b.Scale })
	if err := d.Answer(t0, spotREST+"XBTUSDT", []byte(`{"lastUpdateId":1,"bids":[["100","1"]],"asks":[]}`)); err != nil || got != (exchange.Scale{Price: -2, Size: -5}) {
		t.Errorf("scale %v, %v", got, err)
	}
}

func TestConfig(t *testing.T) {
	protocol, err := binance.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]binance.Config{
		"no scheme":       {Endpoints: binance.Endpoints{SpotREST: "api.binance.com"}},
		"wrong scheme":    {Endpoints: binance.Endpoints{FuturesStream: "https://fstream.binance.com"}},
		"a path":          {Endpoints: binance.Endpoints{SpotREST: "https://api.binance.com/api"}},
		"no address":      {Endpoints: binance.Endpoints{FuturesREST: "%"}},
		"negative depth":  {Depth: -1},
		"too deep":        {Depth: 5001},
		"bad instrument":  {Instruments: []exchange.Instrument{{Market: exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT")}}}},
		"other's":         {Instruments: []exchange.Instrument{{Market: exchange.Market{Venue: "okx", Symbol: exchange.MustSymbol("BTC-USDT")}}}},
		"own of protocol": {Session: feed.SessionConfig{Protocol: protocol}},
	} {
		if _, err := binance.New(c); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x, err := binance.New(binance.Config{Endpoints: binance.Testnet()})
	if err != nil || x.Venue() != "binance" {
		t.Errorf("testnet: %v, %v", x, err)
	}
}
