package binance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/rest/resttest"
)

const bareBody = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.015&price=50000.1&newClientOrderId=ORD-20240521-8a3f-01&newOrderRespType=FULL&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"

// counter answers orders on loopback.
func counter(b *testing.B) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/time") {
			fmt.Fprintf(w, `{"serverTime":%d}`, time.Now().UnixMilli())
			return
		}
		_ = r.ParseForm()
		fmt.Fprintf(w, `{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":%q,"transactTime":1507725176595,"price":"50000.10000000","origQty":"0.01500000","executedQty":"0.00000000","origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY","workingTime":1507725176595,"selfTradePreventionMode":"NONE","fills":[]}`,
			r.PostForm.Get("newClientOrderId"))
	}))
	b.Cleanup(s.Close)
	return s
}

// BenchmarkPlaceREST is an order over loopback, against the bare http.Client in turn with it.
func BenchmarkPlaceREST(b *testing.B) {
	s := counter(b)
	x, err := binance.New(binance.Config{Endpoints: binance.Endpoints{SpotREST: s.URL, SpotAPI: "ws://unused"}, Kinds: []exchange.Kind{exchange.Spot}, Account: "main", Credentials: hmacKey(), Limits: binance.Unlimited()})
	if err != nil {
		b.Fatal(err)
	}
	req := limit("BTC-USDT", "50000.1", "0.015")
	bare := resttest.Bare{Method: http.MethodPost, URL: s.URL + "/api/v3/order", Body: bareBody, Header: map[string]string{
		"X-MBX-APIKEY": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", "Content-Type": "application/x-www-form-urlencoded"}}
	var ids []string
	for n := range 1024 { // orders that work at one time: nobody ends them here
		ids = append(ids, fmt.Sprintf("ORD-20240521-8a3f-%08d", n))
	}
	resttest.Compare(b, bare, func(n int) error {
		req.ClientID = ids[n%len(ids)]
		req.Deadline = time.Now().Add(5 * time.Second)
		_, err := x.Place(b.Context(), req)
		return err
	})
}

// BenchmarkPlaceCall is an order in the venue's terms.
func BenchmarkPlaceCall(b *testing.B) {
	req := limit("BTC-USDT", "50000.1", "0.015")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := binance.PlaceCall(req); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadOrder is the answer to one.
func BenchmarkReadOrder(b *testing.B) {
	row := []byte(spotOrderRow)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := binance.ReadOrder(exchange.Spot, row); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadEvent is an execution on the stream.
func BenchmarkReadEvent(b *testing.B) {
	row := []byte(spotEventRow)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := binance.ReadEvent(exchange.Spot, row); err != nil {
			b.Fatal(err)
		}
	}
}
