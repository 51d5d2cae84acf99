package bybit_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

func market(symbol string) exchange.Market {
	return exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol(symbol)}
}

func limit(symbol, id string, side exchange.Side, quantity, price string) exchange.OrderRequest {
	return exchange.OrderRequest{Market: market(symbol), ClientID: id, Side: side, Quantity: exchange.MustDecimal(quantity), Price: exchange.MustDecimal(price)}
}

func TestPlacing(t *testing.T) {
	with := func(r exchange.OrderRequest, change func(*exchange.OrderRequest)) exchange.OrderRequest {
		change(&r)
		return r
	}
	atMarket := func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{} }
	spot, perp := limit("BTC-USDT", "a-1", exchange.Buy, "0.010", "28000.50"), limit("BTC-USDT-PERP", "a-1", exchange.Sell, "0.001", "20000")
	const head = `{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":`
	const perpHead = `{"category":"linear","symbol":"BTCUSDT","side":"Sell","orderType":`
	for _, tt := range []struct {
		name string
		req  exchange.OrderRequest
		want string
	}{
		{"a spot limit order", spot, head + `"Limit","qty":"0.01","price":"28000.5","timeInForce":"GTC","orderLinkId":"a-1","isLeverage":0}`},
		{"IOC", with(spot, func(r *exchange.OrderRequest) { r.TIF = exchange.IOC }),
			head + `"Limit","qty":"0.01","price":"28000.5","timeInForce":"IOC","orderLinkId":"a-1","isLeverage":0}`},
		{"FOK", with(spot, func(r *exchange.OrderRequest) { r.TIF = exchange.FOK }),
			head + `"Limit","qty":"0.01","price":"28000.5","timeInForce":"FOK","orderLinkId":"a-1","isLeverage":0}`},
		{"post-only", with(spot, func(r *exchange.OrderRequest) { r.PostOnly = true }),
			head + `"Limit","qty":"0.01","price":"28000.5","timeInForce":"PostOnly","orderLinkId":"a-1","isLeverage":0}`},
		{"a spot market order is in base", with(spot, atMarket),
			head + `"Market","qty":"0.01","timeInForce":"IOC","marketUnit":"baseCoin","orderLinkId":"a-1","isLeverage":0}`},
		{"a perpetual", perp, perpHead + `"Limit","qty":"0.001","price":"20000","timeInForce":"GTC","orderLinkId":"a-1","positionIdx":0}`},
		{"reduce-only", with(perp, func(r *exchange.OrderRequest) { r.ReduceOnly = true }),
			perpHead + `"Limit","qty":"0.001","price":"20000","timeInForce":"GTC","orderLinkId":"a-1","positionIdx":0,"reduceOnly":true}`},
		{"a perpetual at market", with(perp, atMarket), perpHead + `"Market","qty":"0.001","timeInForce":"IOC","orderLinkId":"a-1","positionIdx":0}`},
		{"steps of 5 and 0.25", limit("BTC-USDT-PERP", "x", exchange.Sell, "1500", "30000.25"),
			perpHead + `"Limit","qty":"1500","price":"30000.25","timeInForce":"GTC","orderLinkId":"x","positionIdx":0}`},
		{"very small", limit("BTC-USDT-PERP", "x", exchange.Sell, "1e-8", "0.0000000120"),
			perpHead + `"Limit","qty":"0.00000001","price":"0.000000012","timeInForce":"GTC","orderLinkId":"x","positionIdx":0}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := bybit.Placing(tt.req, "BTCUSDT", tt.req.ClientID)
			if w.Method != http.MethodPost || w.Path != "/v5/order/create" || w.Query != "" || w.Socket != "order.create" || w.Body != tt.want {
				t.Errorf("got  %+v\nwant %s", w, tt.want)
			}
			frame := bybit.Frame(w, "id-1", "1711001595207", "8000")
			if want := `{"reqId":"id-1","header":{"X-BAPI-TIMESTAMP":"1711001595207","X-BAPI-RECV-WINDOW":"8000"},"op":"order.create","args":[` + tt.want + `]}`; frame != want {
				t.Errorf("over a socket\n%s\nwant\n%s", frame, want)
			}
		})
	}
}

func TestOtherRequests(t *testing.T) {
	d := exchange.MustDecimal
	spot, perp := exchange.Spot, exchange.Perp
	for name, c := range map[string]struct {
		got  bybit.Wire
		want string
	}{
		"price only":       {bybit.Amending(perp, "BTCUSDT", "", "a-1", exchange.Change{Price: d("5.50")}), `POST /v5/order/amend order.amend {"category":"linear","symbol":"BTCUSDT","orderLinkId":"a-1","price":"5.5"}`},
		"the new total":    {bybit.Amending(spot, "BTCUSDT", "77", "", exchange.Change{Quantity: d("3")}), `POST /v5/order/amend order.amend {"category":"spot","symbol":"BTCUSDT","orderId":"77","qty":"3"}`},
		"cancel":           {bybit.Cancelling(spot, "BTCUSDT", "", "a-1"), `POST /v5/order/cancel order.cancel {"category":"spot","symbol":"BTCUSDT","orderLinkId":"a-1"}`},
		"an id in quotes":  {bybit.Cancelling(spot, "BTCUSDT", `7"\`, ""), `POST /v5/order/cancel order.cancel {"category":"spot","symbol":"BTCUSDT","orderId":"7\"\\"}`},
		"cancel all":       {bybit.CancellingAll(perp, "BTCPERP"), `POST /v5/order/cancel-all  {"category":"linear","symbol":"BTCPERP","orderFilter":"Order"}`},
		"a page of orders": {bybit.OpenOrders(spot, "BTCUSDT", "x=1&y"), `GET /v5/order/realtime  category=spot&cursor=x%3D1%26y&limit=50&openOnly=0&orderFilter=Order&symbol=BTCUSDT`},
		"executions":       {bybit.Executions(perp, "BTCUSDT", time.UnixMilli(1), time.UnixMilli(2)), `GET /v5/execution/list  category=linear&endTime=2&limit=100&startTime=1&symbol=BTCUSDT`},
	} {
		if got := fmt.Sprintf("%s %s %s %s", c.got.Method, c.got.Path, c.got.Socket, c.got.Body+c.got.Query); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

type vector struct {
	Call, Description string
	Method            string `json:"http_method"`
	URL               string
	Body              *string
}

// params are those of a request, whatever way they take.
func params(t *testing.T, query, body string) map[string]string {
	t.Helper()
	m := map[string]string{}
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for k := range q {
		m[k] = q.Get(k)
	}
	if body != "" {
		var o map[string]any
		if err := json.Unmarshal([]byte(body), &o); err != nil {
			t.Fatal(err)
		}
		for k, v := range o {
			m[k] = fmt.Sprint(v)
		}
	}
	return m
}

// The requests of another client: method, path and parameters are the same, but for what each row says. Values that it leaves to the venue's
// defaults are sent here, so that no default of the venue's decides about an order.
func TestRequestVectors(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/requests_bybit.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	placed := map[string]string{"timeInForce": "GTC", "orderLinkId": "id", "isLeverage": "0"}
	market := exchange.OrderRequest{Market: market("ADA-USDT"), ClientID: "id", Side: exchange.Buy, Type: exchange.TypeMarket, Quantity: exchange.MustDecimal("10")}
	base := market
	base.Market, base.Quantity = exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("LTC-USDT")}, exchange.MustDecimal("0.2")
	postOnly := limit("LTC-USDT", "id", exchange.Buy, "0.1", "60")
	postOnly.PostOnly = true
	id := "8caeea8c-cf80-4b06-83e8-bb7df45fc122"
	mapped := map[string]struct {
		got       bybit.Wire
		more      map[string]string // that we send besides
		less      string            // that we do not
		deviation string            // why more than parameters differ
	}{
		"Spot limit order": {got: bybit.Placing(limit("ADA-USDT", "id", exchange.Buy, "50", "0.1"), "ADAUSDT", "id"), more: placed},
		"Spot market order (qty = cost)": {got: bybit.Placing(market, "ADAUSDT", "id"),
			more: map[string]string{"timeInForce": "IOC", "orderLinkId": "id", "isLeverage": "0", "marketUnit": "baseCoin"}}, // in base, always
		"Spot limit buy with postOnly": {got: bybit.Placing(postOnly, "LTCUSDT", "id"), more: map[string]string{"orderLinkId": "id", "isLeverage": "0"}},
		"market buy with base amount (UTA only)": {got: bybit.Placing(base, "LTCUSDT", "id"),
			more: map[string]string{"timeInForce": "IOC", "orderLinkId": "id", "isLeverage": "0"}},
		"Swap cancelOrder": {got: bybit.Cancelling(exchange.Perp, "LTCUSDT", id, "")},
		"Swap cancelOrders": {got: bybit.Cancelling(exchange.Perp, "LTCUSDT", id, ""), more: map[string]string{"symbol": "LTCUSDT", "orderId": id}, less: "request",
			deviation: "single cancellations instead of a batch: each answers for itself"},
		"Swap cancel all open orders": {got: bybit.CancellingAll(exchange.Perp, "BTCUSDT"), more: map[string]string{"orderFilter": "Order"}}, // protective stops stay
		"Spot":                        {got: bybit.OpenOrders(exchange.Spot, "LTCUSDT", ""), more: map[string]string{"openOnly": "0", "orderFilter": "Order", "limit": "50"}},
		"fetchMyTrades": {got: bybit.Executions(exchange.Spot, "LTCUSDT", time.UnixMilli(1), time.UnixMilli(2)),
			more: map[string]string{"startTime": "1", "endTime": "2", "limit": "100"}, less: "execType"}, // liquidations are fills too
		"fetchPositions": {got: bybit.Positions("USDT"), more: map[string]string{"limit": "200"}},
		"default":        {got: bybit.Wallet()},
	}
	unmapped := map[string]string{
		"swap limit buy with triggerPrice above": "conditional orders", "Spot create orders": "batches", "Set leverage swap linear": "leverage",
		"one-way mode": "position mode", "cross margin": "margin mode", "fetchClosedOrders": "lists of ended orders", "linear": "tickers",
	}
	for _, v := range file.Vectors {
		name := v.Description
		if name == "Swap" || name == "Spot" && v.Call == "fetchMyTrades" {
			name = v.Call
		}
		row, ok := mapped[name]
		if !ok {
			if unmapped[name] == "" {
				t.Errorf("%s, %s: neither mapped nor said not to be", v.Call, v.Description)
			}
			delete(unmapped, name)
			continue
		}
		delete(mapped, name)
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(v.URL)
			if err != nil {
				t.Fatal(err)
			}
			body := ""
			if v.Body != nil {
				body = *v.Body
			}
			want, got := params(t, u.RawQuery, body), params(t, row.got.Query, row.got.Body)
			maps.Copy(want, row.more)
			delete(want, row.less)
			if row.got.Method != v.Method || row.deviation == "" && row.got.Path != u.Path || !maps.Equal(got, want) {
				t.Errorf("got  %s %s %s\nwant %s %s %s", row.got.Method, row.got.Path, text(got), v.Method, u.Path, text(want))
			}
		})
	}
	if len(mapped)+len(unmapped) > 0 {
		t.Errorf("not in the file: %v %v", slices.Collect(maps.Keys(mapped)), unmapped)
	}
}

func text(m map[string]string) string {
	var s []string
	for k, v := range m {
		s = append(s, k+"="+v)
	}
	slices.Sort(s)
	return strings.Join(s, " ")
}
