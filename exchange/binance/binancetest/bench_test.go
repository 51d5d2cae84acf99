package binancetest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// BenchmarkWireOrder is what a client and the server can do together over loopback in one process: a signed order that rests, and its
// cancellation, are two orders. The floor is the same client with a server that does nothing.
func BenchmarkWireOrder(b *testing.B) {
	for _, m := range []struct{ name, host, path string }{{"spot", "spotrest", "/api/v3/order"}, {"futures", "futuresrest", "/fapi/v1/order"}, {"floor", "", "/"}} {
		for _, clients := range []int{1, 4} {
			b.Run(m.name+"/"+strconv.Itoa(clients), func(b *testing.B) {
				url := wireFloor(b)
				if m.host != "" {
					url = wireServer(b).URL(m.host) + m.path
				}
				c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
				b.Cleanup(c.CloseIdleConnections)
				var ids atomic.Int64
				b.ReportAllocs()
				b.SetParallelism((clients + 1) / 2)
				began := time.Now()
				one := func() {
					id := "w" + strconv.FormatInt(ids.Add(1), 10)
					wireSend(b, c, http.MethodPost, url, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=60000.00&newClientOrderId="+id)
					wireSend(b, c, http.MethodDelete, url, "symbol=BTCUSDT&origClientOrderId="+id)
				}
				if clients == 1 {
					for range b.N {
						one()
					}
				} else {
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							one()
						}
					})
				}
				b.ReportMetric(2*float64(b.N)/time.Since(began).Seconds(), "orders/s")
			})
		}
	}
}

const wireSecret = "secret of a key that opens nothing"

func wireServer(b *testing.B) *binancetest.Server {
	dec := exchange.MustDecimal
	var list []exchange.Instrument
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		list = append(list, exchange.Instrument{
			Market: exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol(symbol)}, VenueSymbol: "BTCUSDT", Tradable: true,
			Tick: dec("0.01"), Lot: dec("0.00001"), MinQty: dec("0.00001"), MinNotional: dec("5"), Contract: dec("1"), Settle: "USDT",
		})
	}
	money := []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}}
	e, err := sim.NewEngine(sim.EngineConfig{Venue: "binance", Instruments: list, SplitWallets: true, BaseFee: true, Balances: money, Margin: money})
	if err != nil {
		b.Fatal(err)
	}
	const all = 1 << 30
	s := binancetest.NewServer(e, binancetest.Config{
		Keys: []binancetest.Key{{Key: "wire", Secret: wireSecret}},
		Limits: binancetest.Limits{SpotWeight: all, SpotRequests: all, SpotOrders10s: all, SpotOrdersDay: all, FuturesWeight: all,
			FuturesOrders10s: all, FuturesOrders1m: all},
	})
	b.Cleanup(s.Close)
	for _, ins := range list {
		err := s.Publish(&exchange.Book{Market: ins.Market, Scale: exchange.Scale{Price: -2, Size: -5},
			Bids: []exchange.Level{{Price: 6_700_000, Size: 100_000}}, Asks: []exchange.Level{{Price: 6_700_010, Size: 100_000}}})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func wireFloor(b *testing.B) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{}`)
	}))
	b.Cleanup(s.Close)
	return s.URL
}

func wireSend(b *testing.B, c *http.Client, method, url, params string) {
	params += "&recvWindow=5000&timestamp=" + strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(wireSecret))
	_, _ = mac.Write([]byte(params))
	params += "&signature=" + hex.EncodeToString(mac.Sum(nil))
	r, err := http.NewRequest(method, url+"?"+params, nil)
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("X-MBX-APIKEY", "wire")
	a, err := c.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(a.Body)
		b.Errorf("%s: %s", a.Status, strings.TrimSpace(string(text)))
		return
	}
	_, _ = io.Copy(io.Discard, a.Body)
}
