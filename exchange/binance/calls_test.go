package binance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/fixtures"
	"github.com/bothlegs/bothlegs/internal/rest"
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func market(s string) exchange.Market {
	return exchange.Market{Venue: binance.Venue, Symbol: exchange.MustSymbol(s)}
}

// limit is a request to buy.
func limit(symbol, price, quantity string) exchange.OrderRequest {
	return exchange.OrderRequest{Market: market(symbol), Account: "main", ClientID: "id-1", Side: exchange.Buy, Price: dec(price), Quantity: dec(quantity)}
}

func text(c binance.Call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Method, c.Path)
	for i, p := range c.Params {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		fmt.Fprintf(&b, "%s%s=%s", sep, p.Name, p.Value)
	}
	return b.String()
}

func TestPlacing(t *testing.T) {
	edit := func(r exchange.OrderRequest, f func(*exchange.OrderRequest)) exchange.OrderRequest { f(&r); return r }
	spot, perp := limit("BTC-USDT", "61700.10", "0.25000"), limit("BTC-USDT-PERP", "61700.10", "5")
	market := func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{} }
	for _, c := range []struct {
		name string
		r    exchange.OrderRequest
		want string
	}{
		{"spot", spot, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.25&price=61700.1&newClientOrderId=id-1&newOrderRespType=FULL"},
		{"spot IOC", edit(spot, func(r *exchange.OrderRequest) { r.TIF = exchange.IOC }), "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.25&price=61700.1&newClientOrderId=id-1&newOrderRespType=FULL"},
		{"spot FOK", edit(spot, func(r *exchange.OrderRequest) { r.TIF = exchange.FOK; r.Side = exchange.Sell }), "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=FOK&quantity=0.25&price=61700.1&newClientOrderId=id-1&newOrderRespType=FULL"},
		{"spot post-only has no time in force", edit(spot, func(r *exchange.OrderRequest) { r.PostOnly = true }), "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.25&price=61700.1&newClientOrderId=id-1&newOrderRespType=FULL"},
		{"spot market, in base", edit(spot, market), "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.25&newClientOrderId=id-1&newOrderRespType=FULL"},
		{"perpetual", perp, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=5&price=61700.1&newClientOrderId=id-1&newOrderRespType=RESULT"},
		{"perpetual post-only", edit(perp, func(r *exchange.OrderRequest) { r.PostOnly = true }), "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=5&price=61700.1&newClientOrderId=id-1&newOrderRespType=RESULT"},
		{"perpetual reduce-only market", edit(perp, func(r *exchange.OrderRequest) { market(r); r.ReduceOnly = true; r.TIF = exchange.IOC }), "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=5&newClientOrderId=id-1&newOrderRespType=RESULT&reduceOnly=true"},
		{"tiny steps", edit(spot, func(r *exchange.OrderRequest) { r.Price, r.Quantity = dec("0.00000001"), dec("5000000") }), "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=5000000&price=0.00000001&newClientOrderId=id-1&newOrderRespType=FULL"},
	} {
		got, err := binance.PlaceCall(c.r)
		path := "/api/v3/order"
		lane, weight := rest.Opens, 1
		if c.r.Market.Symbol.Kind == exchange.Perp {
			path, weight = "/fapi/v1/order", 0
		}
		if c.r.ReduceOnly {
			lane = rest.Protects
		}
		if want := "POST " + path + "?" + c.want; err != nil || text(got) != want || got.Lane != lane || got.Weight != weight || got.Orders != 1 || !got.Write {
			t.Errorf("%s:\n%+v (%v)\nwant\n%s", c.name, got, err, want)
		}
	}
	for name, c := range map[string]struct {
		r     exchange.OrderRequest
		class error
	}{
		"of another venue": {edit(spot, func(r *exchange.OrderRequest) { r.Market.Venue = "okx" }), exchange.ErrInvalid},
		"no price":         {edit(spot, func(r *exchange.OrderRequest) { r.Price = dec("0") }), exchange.ErrInvalid},
		"no id":            {edit(spot, func(r *exchange.OrderRequest) { r.ClientID = "" }), exchange.ErrInvalid},
		"reduce-only spot": {edit(spot, func(r *exchange.OrderRequest) { r.ReduceOnly = true }), exchange.ErrUnsupported},
		"market FOK":       {edit(perp, func(r *exchange.OrderRequest) { market(r); r.TIF = exchange.FOK }), exchange.ErrUnsupported},
	} {
		if c2, err := binance.PlaceCall(c.r); !errors.Is(err, c.class) {
			t.Errorf("%s: %s, %v", name, text(c2), err)
		}
	}
}

func TestChanging(t *testing.T) {
	o := exchange.Order{OrderRequest: limit("BTC-USDT", "61700.1", "5"), VenueID: "28"}
	for _, c := range []struct {
		op   string
		kind exchange.Kind
		want string
	}{
		{"amend", exchange.Spot, "PUT /api/v3/order/amend/keepPriority?symbol=BTCUSDT&orderId=28&newClientOrderId=id-1&newQty=2.5"},
		{"cancel replace", exchange.Spot, "POST /api/v3/order/cancelReplace?symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=2.5&price=61000&newClientOrderId=id-1_1pY&newOrderRespType=FULL&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=28&cancelRestrictions=ONLY_NEW&cancelNewClientOrderId=id-1_i1jV"},
		{"modify", exchange.Perp, "PUT /fapi/v1/order?symbol=BTCUSDT&side=BUY&orderId=28&quantity=2.5&price=61000"},
		{"cancel", exchange.Perp, "DELETE /fapi/v1/order?symbol=BTCUSDT&orderId=28"},
		{"countdown", exchange.Perp, "POST /fapi/v1/countdownCancelAll?symbol=BTCUSDT&countdownTime=100000"},
	} {
		got, err := binance.CallOf(c.op, c.kind, "BTCUSDT", o, exchange.Change{Price: dec("61000.0"), Quantity: dec("2.50")})
		if err != nil || text(got) != c.want || !got.Write {
			t.Errorf("%s:\n%s (%v)\nwant\n%s", c.op, text(got), err, c.want)
		}
	}
}

type sent struct {
	Call, Description string
	Method            string `json:"http_method"`
	URL               string
	Body              *string
}

// deviations are requests of another client that this one does not do that way, each with its reason.
var deviations = map[string]string{
	"Spot market buy order (cost = amount*price)":                   "quantities are in base units at every venue; quoteOrderQty would be in quote",
	"Spot limit buy with test endpoint":                             "test orders are not in the port",
	"Swap limit buy with triggerPrice (algo service since 2025-12)": "conditional orders are not in the port",
	"Swap editOrders":   "single orders, not batches",
	"Swap cancelOrders": "single orders, not batches",
	"Swap fetchOrders":  "orders are looked up one by one; lists are read from an id on, only to find their client ids",
}

// extra are parameters that this package sends beyond those of the recorded requests.
var extra = map[string]string{
	"newClientOrderId": "the recording has it removed",
	"omitZeroBalances": "zero balances are left out anyway",
	"limit":            "the largest page",
}

// What another client sends for the same operation means the same.
func TestRecordedRequests(t *testing.T) {
	raw, err := os.ReadFile(fixtures.Path(t, "vectors/requests_binance.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Vectors []sent }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	edit := func(r exchange.OrderRequest, f func(*exchange.OrderRequest)) (binance.Call, error) {
		f(&r)
		return binance.PlaceCall(r)
	}
	same := func(*exchange.OrderRequest) {}
	order := func(id, name string) exchange.Order {
		return exchange.Order{OrderRequest: exchange.OrderRequest{ClientID: name, Side: exchange.Buy}, VenueID: id}
	}
	ours := map[string]func() (binance.Call, error){
		"Spot limit buy order":                            func() (binance.Call, error) { return edit(limit("LTC-USDT", "50", "0.2"), same) },
		"spot order with weird amount (truncated to lot)": func() (binance.Call, error) { return edit(limit("BTC-USDT", "55000", "0.00078"), same) },
		"swap limit buy with weird price/amount (2)":      func() (binance.Call, error) { return edit(limit("LTC-USDT-PERP", "55.32", "0.423"), same) },
		"Swap market buy order": func() (binance.Call, error) {
			return edit(limit("LTC-USDT-PERP", "1", "0.1"), func(r *exchange.OrderRequest) { r.Type, r.Price = exchange.TypeMarket, exchange.Decimal{} })
		},
		"Swap editOrder": func() (binance.Call, error) {
			return binance.CallOf("modify", exchange.Perp, "LTCUSDT", order("661753725", ""), exchange.Change{Price: dec("51"), Quantity: dec("0.25")})
		},
		"Spot cancelOrder": func() (binance.Call, error) {
			return binance.CallOf("cancel", exchange.Spot, "LTCUSDT", order("464950", ""), exchange.Change{})
		},
		"cancel swap order with clientOrderId": func() (binance.Call, error) {
			return binance.CallOf("cancel", exchange.Perp, "BTCUSDT", order("", "myswap"), exchange.Change{})
		},
		"Spot cancelAllOrders": func() (binance.Call, error) {
			return binance.CallOf("cancel all", exchange.Spot, "LTCUSDT", order("", ""), exchange.Change{})
		},
		"Spot fetch balance": func() (binance.Call, error) {
			return binance.CallOf("balances", exchange.Spot, "", order("", ""), exchange.Change{})
		},
		"Spot fetchMyTrades": func() (binance.Call, error) {
			return binance.CallOf("trades", exchange.Spot, "LTCUSDT", order("", ""), exchange.Change{})
		},
		"fetch order with clientOrderId": func() (binance.Call, error) {
			return binance.CallOf("lookup", exchange.Perp, "LTCUSDT", order("", "myid123"), exchange.Change{})
		},
	}
	compared := 0
	for _, v := range all.Vectors {
		if deviations[v.Description] != "" {
			continue
		}
		build := ours[v.Description]
		if build == nil {
			t.Errorf("%s: neither built nor a deviation", v.Description)
			continue
		}
		got, err := build()
		if err != nil {
			t.Errorf("%s: %v", v.Description, err)
			continue
		}
		compareRequest(t, v, got)
		compared++
	}
	if compared != len(ours) {
		t.Errorf("%d of %d compared", compared, len(ours))
	}
	t.Logf("%d requests of %d the same, %d deviations", compared, len(all.Vectors), len(deviations))
}

func compareRequest(t *testing.T, v sent, got binance.Call) {
	t.Helper()
	u, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.RawQuery
	if v.Body != nil {
		query = *v.Body
	}
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != v.Method || got.Path != u.Path {
		t.Errorf("%s: %s %s, want %s %s", v.Description, got.Method, got.Path, v.Method, u.Path)
	}
	for _, p := range got.Params {
		if extra[p.Name] != "" && !want.Has(p.Name) {
			continue
		}
		if want.Get(p.Name) != p.Value {
			t.Errorf("%s: %s=%s, want %q", v.Description, p.Name, p.Value, want.Get(p.Name))
		}
		want.Del(p.Name)
	}
	for name := range want {
		t.Errorf("%s: no %s", v.Description, name)
	}
}

// The weights are the published ones.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		op         string
		spot, perp int
	}{
		{"cancel", 1, 1}, {"cancel all", 1, 1}, {"lookup", 4, 1}, {"open orders", 6, 1}, {"trades", 20, 5}, {"balances", 20, 5}, {"fees", 20, 20},
	} {
		for k, want := range map[exchange.Kind]int{exchange.Spot: c.spot, exchange.Perp: c.perp} {
			got, _ := binance.CallOf(c.op, k, "X", exchange.Order{}, exchange.Change{})
			if got.Weight != want {
				t.Errorf("%s %s weighs %d", k, c.op, got.Weight)
			}
		}
	}
}
