package okx_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// sent is a request as the venue gets it.
type sent struct {
	method, path string
	query        url.Values
	header       http.Header
	body         string
}

// desk is a venue in memory that notes what it is asked; say is its answer to a path without query.
type desk struct {
	got []sent
	say map[string]string
}

func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	s := sent{method: cmp.Or(r.Method, http.MethodGet), path: r.URL.Path, query: r.URL.Query(), header: r.Header.Clone()}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(b)
	}
	body, ok := d.say[s.path]
	switch {
	case s.path == "/api/v5/public/time":
		body = fmt.Sprintf(`{"code":"0","data":[{"ts":"%d"}]}`, time.Now().UnixMilli())
	case s.path == "/api/v5/account/config" && !ok:
		body = `{"code":"0","data":[{"acctLv":"2","posMode":"net_mode"}]}`
	default:
		d.got = append(d.got, s)
	}
	if body == "" {
		body = `{"code":"0","msg":"","data":[]}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// ack is an answer to an order.
const ack = `{"code":"0","msg":"","data":[{"ordId":"77","clOrdId":"","sCode":"0","sMsg":"","ts":"1700000000000"}]}`

func markets(symbols ...string) []exchange.Instrument {
	var r []exchange.Instrument
	for _, s := range symbols {
		in := spot().Instrument
		if strings.HasSuffix(s, "-PERP") {
			in = swap().Instrument
			in.Contract, in.Lot = dec("1"), dec("0.1")
			in.VenueSymbol = strings.TrimSuffix(s, "-PERP") + "-SWAP"
		} else {
			in.VenueSymbol = s
		}
		in.Market.Symbol = exchange.MustSymbol(s)
		r = append(r, in)
	}
	return r
}

func trader(t *testing.T, d http.RoundTripper, change ...func(*okx.Config)) *okx.Exchange {
	t.Helper()
	cfg := okx.Config{HTTP: &http.Client{Transport: d}, Credentials: keys(), Seed: 1,
		Instruments: markets("BTC-USDT", "LTC-USDT", "BTC-USDT-PERP", "LTC-USDT-PERP", "ADA-USDT-PERP")}
	for _, f := range change {
		f(&cfg)
	}
	x, err := okx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func ref(symbol, venueID string) exchange.OrderRef {
	return exchange.OrderRef{Market: exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol(symbol)}, VenueID: venueID}
}

func limit(symbol, id string, side exchange.Side, quantity, price string) exchange.OrderRequest {
	r := exchange.OrderRequest{ClientID: id, Side: side, Quantity: dec(quantity)}
	r.Market = exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol(symbol)}
	if price == "" {
		r.Type = exchange.TypeMarket
	} else {
		r.Price = dec(price)
	}
	return r
}

// vector is a request of another client.
type vector struct {
	Call, Description, URL string
	Method                 string `json:"http_method"`
	Body                   *string
}

// deviation is where we ask otherwise than a vector, on purpose.
type deviation struct {
	path string            // "" the same
	want map[string]string // parameters: another value, or "-": not sent
	why  string
}

// same holds what we send against a vector: method, path, and each parameter's value, as text.
func same(t *testing.T, v vector, got sent, d deviation) {
	t.Helper()
	u, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	path := u.Path
	if d.path != "" {
		path = d.path
	}
	if got.method != v.Method || got.path != path {
		t.Errorf("%s %s, want %s %s", got.method, got.path, v.Method, path)
	}
	want, have := parameters(u.Query(), v.Body), parameters(got.query, &got.body)
	if len(d.want) > 0 && d.why == "" || d.path != "" && d.why == "" {
		t.Error("a deviation without a reason")
	}
	for _, k := range []string{"clOrdId", "reqId", "limit", "0.clOrdId"} { // a client's own
		delete(have, k)
	}
	for k, x := range d.want {
		if x == "-" {
			delete(want, k)
		} else {
			want[k] = x
		}
	}
	for k, x := range want {
		if have[k] != x {
			t.Errorf("%s is %q, want %q (%v)", k, have[k], x, have)
		}
	}
	for k, x := range have {
		if _, ok := want[k]; !ok {
			t.Errorf("%s=%s is sent too", k, x)
		}
	}
}

// parameters of query and body as text; those of a list of several objects are numbered.
func parameters(query url.Values, body *string) map[string]string {
	r := map[string]string{}
	for k := range query {
		r[k] = query.Get(k)
	}
	if body == nil || *body == "" {
		return r
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(*body), &list); err != nil {
		var single map[string]any
		if err := json.Unmarshal([]byte(*body), &single); err != nil {
			panic(err)
		}
		list = append(list, single)
	}
	for i, object := range list {
		for k, v := range object {
			if len(list) > 1 {
				k = fmt.Sprint(i, ".", k)
			}
			r[k] = fmt.Sprint(v)
		}
	}
	return r
}

// The requests of another client: the same method, path and meaning, but for the deviations that are listed.
func TestRequestVectors(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/requests_okx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	const single = "/api/v5/trade/order"
	pendingTwo := `{"code":"0","data":[` + changed("instId", `"LTC-USDT"`, "instType", `"SPOT"`, "ordId", `"639634940954492928"`) + `,` +
		changed("instId", `"LTC-USDT"`, "instType", `"SPOT"`, "ordId", `"637051741938204684"`) + `]}`
	limitOnly := "tgtCcy is of market orders"
	cases := map[string]struct {
		do   func(x *okx.Exchange) error
		last int // how many requests come after it
		deviation
	}{
		"createOrder: Spot limit buy order": {do: func(x *okx.Exchange) error {
			_, err := x.Place(t.Context(), limit("LTC-USDT", "a", exchange.Buy, "2", "50"))
			return err
		}, deviation: deviation{single, map[string]string{"tgtCcy": "-"}, "a single order; " + limitOnly}},
		"createOrder: Swap market buy with posSide = long": {do: func(x *okx.Exchange) error {
			_, err := x.Place(t.Context(), limit("LTC-USDT-PERP", "a", exchange.Buy, "1", ""))
			return err
		}, deviation: deviation{single, map[string]string{"posSide": "-"}, "a single order; net mode only"}},
		"createOrders: multiple spot orders": {do: func(x *okx.Exchange) error {
			_, err := x.Place(t.Context(), limit("BTC-USDT", "a", exchange.Buy, "0.0001", "25000"))
			return err
		}, deviation: deviation{single, map[string]string{"0.instId": "-", "0.side": "-", "0.ordType": "-", "0.sz": "-", "0.tdMode": "-", "0.tgtCcy": "-", "0.px": "-",
			"1.instId": "-", "1.side": "-", "1.ordType": "-", "1.sz": "-", "1.tdMode": "-", "1.tgtCcy": "-", "1.px": "-",
			"instId": "BTC-USDT", "side": "buy", "ordType": "limit", "sz": "0.0001", "tdMode": "cash", "px": "25000"}, "single orders; " + limitOnly}},
		"editOrder: Spot edit an orders price and amount": {do: func(x *okx.Exchange) error {
			_, err := x.Replace(t.Context(), ref("BTC-USDT", "617122719557050368"), exchange.Change{Price: dec("55"), Quantity: dec("0.05")})
			return err
		}, last: 1},
		"fetchOrder: Spot fetch order": {do: func(x *okx.Exchange) error {
			_, err := x.Lookup(t.Context(), ref("LTC-USDT", "636708553755021312"))
			if errors.Is(err, exchange.ErrFrame) { // the desk has none
				err = nil
			}
			return err
		}},
		"fetchOpenOrders: no arguments": {do: func(x *okx.Exchange) error { _, err := okx.Working(t.Context(), x); return err }},
		"fetchOpenOrders: Swap": {do: func(x *okx.Exchange) error {
			_, err := x.OpenOrders(t.Context(), exchange.MustSymbol("ADA-USDT-PERP"))
			return err
		}},
		"fetchClosedOrders: Swap": {do: func(x *okx.Exchange) error { return okx.History(t.Context(), x, exchange.MustSymbol("BTC-USDT-PERP")) },
			deviation: deviation{want: map[string]string{"state": "-"}, why: "canceled orders are looked for too"}},
		"cancelOrder: Spot cancel order": {do: func(x *okx.Exchange) error {
			_, err := x.Cancel(t.Context(), ref("LTC-USDT", "635561007938625536"))
			return err
		}},
		"cancelOrders: multiple spot": {do: func(x *okx.Exchange) error { return x.CancelAll(t.Context(), exchange.MustSymbol("LTC-USDT")) }},
		"cancelAllOrdersAfter: dead-man switch 10 s": {do: func(x *okx.Exchange) error {
			return x.CancelAllAfter(t.Context(), exchange.MustSymbol("LTC-USDT"), 10*time.Second)
		}},
		"fetchMyTrades: Spot": {do: func(x *okx.Exchange) error {
			_, err := x.Fills(t.Context(), exchange.MustSymbol("LTC-USDT"), time.Now().Add(-30*24*time.Hour))
			return err
		}, last: 1, deviation: deviation{want: map[string]string{"begin": "any"}, why: "from since on; margin fills of the market are asked for next"}},
		"fetchPosition: Swap": {do: func(x *okx.Exchange) error { _, err := x.Positions(t.Context()); return err },
			deviation: deviation{want: map[string]string{"instId": "-"}, why: "those of all markets"}},
		"fetchBalance: trading account": {do: func(x *okx.Exchange) error {
			_, err := x.Balances(t.Context())
			if errors.Is(err, exchange.ErrFrame) {
				err = nil
			}
			return err
		}},
	}
	others := []string{"createOrder: Spot margin limit buy order", "createOrder: sell order with stopLoss attached", "closePosition: net mode"} // not in the port
	for _, v := range file.Vectors {
		name := v.Call + ": " + v.Description
		c, ok := cases[name]
		if ok == slices.Contains(others, name) {
			t.Errorf("%s: mapped %v, not in the port %v", name, ok, !ok)
		}
		if !ok {
			continue
		}
		delete(cases, name)
		t.Run(name, func(t *testing.T) {
			d := &desk{say: map[string]string{"/api/v5/trade/amend-order": ack, "/api/v5/trade/cancel-order": ack,
				"/api/v5/trade/cancel-all-after":    `{"code":"0","data":[{"triggerTime":"1","tag":"","ts":"1"}]}`,
				"/api/v5/trade/cancel-batch-orders": `{"code":"0","data":[{"ordId":"1","sCode":"0"},{"ordId":"2","sCode":"0"}]}`}}
			switch v.Call {
			case "createOrder", "createOrders":
				d.say[single] = ack
			case "editOrder":
				d.say[single] = `{"code":"0","data":[` + changed("ordId", `"617122719557050368"`, "instId", `"BTC-USDT"`, "px", `"55"`, "sz", `"0.05"`) + `]}`
			case "cancelOrders":
				d.say["/api/v5/trade/orders-pending"] = pendingTwo
			}
			if err := c.do(trader(t, d)); err != nil {
				t.Fatal(err)
			}
			if len(d.got) <= c.last {
				t.Fatalf("%d requests", len(d.got))
			}
			got := d.got[len(d.got)-1-c.last]
			if got.query.Has("begin") {
				got.query.Set("begin", "any")
			}
			same(t, v, got, c.deviation)
		})
	}
	for name := range cases {
		t.Errorf("no vector %s", name)
	}
}

func TestPlaceRequests(t *testing.T) {
	quarter := swap()
	quarter.Contract, quarter.Lot = dec("0.25"), dec("0.25")
	five := swap()
	five.Contract, five.Lot = dec("5"), dec("5")
	with := func(r exchange.OrderRequest, change func(*exchange.OrderRequest)) exchange.OrderRequest {
		change(&r)
		return r
	}
	plain := limit("BTC-USDT", "a1", exchange.Buy, "0.015", "50000.10")
	perp := limit("BTC-USDT-PERP", "ORD-20240521-8a3f-01", exchange.Sell, "0.0125", "50000")
	own, err := okx.VenueID(perp.ClientID)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		req    exchange.OrderRequest
		market okx.Market
		want   string // the body; "": refused
		err    error
	}{
		{"spot", plain, spot(), `{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"buy","ordType":"limit","sz":"0.015","px":"50000.10"}`, nil},
		{"spot market", limit("BTC-USDT", "a1", exchange.Buy, "0.015", ""), spot(),
			`{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"buy","ordType":"market","sz":"0.015","tgtCcy":"base_ccy","banAmend":true}`, nil},
		{"spot market sale", limit("BTC-USDT", "a1", exchange.Sell, "2", ""), spot(),
			`{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"sell","ordType":"market","sz":"2","tgtCcy":"base_ccy","banAmend":true}`, nil},
		{"swap", perp, swap(), `{"instId":"BTC-USDT-SWAP","tdMode":"cross","clOrdId":"` + own + `","side":"sell","ordType":"limit","sz":"1.25","px":"50000"}`, nil},
		{"swap market", limit("BTC-USDT-PERP", "a1", exchange.Buy, "1", ""), swap(),
			`{"instId":"BTC-USDT-SWAP","tdMode":"cross","clOrdId":"a1","side":"buy","ordType":"market","sz":"100"}`, nil},
		{"reduce-only", with(perp, func(r *exchange.OrderRequest) { r.ReduceOnly, r.TIF = true, exchange.IOC }), swap(),
			`{"instId":"BTC-USDT-SWAP","tdMode":"cross","clOrdId":"` + own + `","side":"sell","ordType":"ioc","sz":"1.25","px":"50000","reduceOnly":true}`, nil},
		{"post-only", with(plain, func(r *exchange.OrderRequest) { r.PostOnly = true }), spot(),
			`{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"buy","ordType":"post_only","sz":"0.015","px":"50000.10"}`, nil},
		{"fill or kill", with(plain, func(r *exchange.OrderRequest) { r.TIF = exchange.FOK }), spot(),
			`{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"buy","ordType":"fok","sz":"0.015","px":"50000.10"}`, nil},
		{"spot that is paid in", plain, func() okx.Market { m := spot(); m.Quote = "USDT"; return m }(),
			`{"instId":"BTC-USDT","tdMode":"cash","clOrdId":"a1","side":"buy","ordType":"limit","sz":"0.015","px":"50000.10","tradeQuoteCcy":"USDT"}`, nil},
		{"contracts of 0.25", limit("BTC-USDT-PERP", "a1", exchange.Buy, "0.75", "1"), quarter,
			`{"instId":"BTC-USDT-SWAP","tdMode":"cross","clOrdId":"a1","side":"buy","ordType":"limit","sz":"3","px":"1"}`, nil},
		{"contracts of 5", limit("BTC-USDT-PERP", "a1", exchange.Buy, "100.0", "1"), five,
			`{"instId":"BTC-USDT-SWAP","tdMode":"cross","clOrdId":"a1","side":"buy","ordType":"limit","sz":"20","px":"1"}`, nil},
		{"no client id", with(plain, func(r *exchange.OrderRequest) { r.ClientID = "" }), spot(), "", exchange.ErrInvalid},
		{"a client id that cannot be", with(plain, func(r *exchange.OrderRequest) { r.ClientID = strings.Repeat("x", 41) }), spot(), "", exchange.ErrInvalid},
		{"no quantity", with(plain, func(r *exchange.OrderRequest) { r.Quantity = exchange.Decimal{} }), spot(), "", exchange.ErrInvalid},
		{"reduce-only spot", with(plain, func(r *exchange.OrderRequest) { r.ReduceOnly = true }), spot(), "", exchange.ErrUnsupported},
		{"market, fill or kill", with(limit("BTC-USDT", "a1", exchange.Buy, "1", ""), func(r *exchange.OrderRequest) { r.TIF = exchange.FOK }), spot(), "", exchange.ErrUnsupported},
		{"a part of a contract without end", limit("BTC-USDT-PERP", "a1", exchange.Buy, "1", "1"), func() okx.Market { m := swap(); m.Contract = dec("0.3"); return m }(), "", exchange.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, body, err := okx.PlaceRequest(tt.req, tt.market, "cash", "cross")
			if tt.err != nil {
				if !errors.Is(err, tt.err) {
					t.Errorf("%s, %v", body, err)
				}
				return
			}
			if err != nil || path != "/api/v5/trade/order" || string(body) != tt.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, body, tt.want)
			}
		})
	}
}

func TestReplaceRequests(t *testing.T) {
	byClient := exchange.OrderRef{Market: swap().Market, ClientID: "b15"}
	byBoth := exchange.OrderRef{Market: swap().Market, ClientID: "b15", VenueID: "77"}
	for _, tt := range []struct {
		name   string
		ref    exchange.OrderRef
		change exchange.Change
		want   string
	}{
		{"price", byClient, exchange.Change{Price: dec("7")}, `{"instId":"BTC-USDT-SWAP","clOrdId":"b15","newPx":"7"}`},
		{"total, in contracts", byBoth, exchange.Change{Quantity: dec("0.25")}, `{"instId":"BTC-USDT-SWAP","ordId":"77","newSz":"25"}`},
		{"nothing", byBoth, exchange.Change{}, ""},
		{"a negative price", byBoth, exchange.Change{Price: dec("-7")}, ""},
		{"no order", exchange.OrderRef{Market: swap().Market}, exchange.Change{Price: dec("7")}, ""},
	} {
		_, body, err := okx.ReplaceRequest(tt.ref, tt.change, swap())
		if tt.want == "" && !errors.Is(err, exchange.ErrInvalid) || tt.want != "" && (err != nil || string(body) != tt.want) {
			t.Errorf("%s: %s, %v, want %s", tt.name, body, err, tt.want)
		}
	}
}

// FuzzBodies holds the quick way of writing an order to encoding/json's: equal bytes, or none.
func FuzzBodies(f *testing.F) {
	f.Add("BTC-USDT", "cash", "ORD1", "buy", "limit", "0.01", "60000", "", "", false, false)
	f.Add("BTC-USDT-SWAP", "cross", "ORD1", "sell", "market", "3", "", "base_ccy", "USDT", true, true)
	f.Add("币安-USDT", "cash", "a<b", "buy", "post_only", `"`, `\`, "\x00", "&", true, false)
	f.Fuzz(func(t *testing.T, inst, mode, id, side, kind, size, price, target, quote string, ban, reduce bool) {
		quick, whole, ok := okx.Bodies(inst, mode, id, side, kind, size, price, target, quote, ban, reduce)
		if ok && string(quick) != string(whole) {
			t.Errorf("quick %s\nwhole %s", quick, whole)
		}
		if plain := inst + mode + id + side + kind + size + price + target + quote; !ok && strings.Trim(plain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == "" {
			t.Errorf("not quick: %q", plain)
		}
	})
}
