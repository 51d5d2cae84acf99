package bybittest_test

import (
	"bytes"
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
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// BenchmarkWireOrder is what a client and the server can do together over loopback in one process: a signed order that rests, and its
// cancellation, are two orders. The floor is the same client with a server that does nothing.
func BenchmarkWireOrder(b *testing.B) {
	for _, m := range []struct{ name, place, cancel string }{
		{"spot", `"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","timeInForce":"GTC","price":"60000","qty":"0.001","orderLinkId":"`,
			`"category":"spot","symbol":"BTCUSDT","orderLinkId":"`},
		{"linear", `"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","timeInForce":"GTC","price":"60000","qty":"0.001","orderLinkId":"`,
			`"category":"linear","symbol":"BTCUSDT","orderLinkId":"`},
		{"floor", "", ""},
	} {
		for _, clients := range []int{1, 4} {
			b.Run(m.name+"/"+strconv.Itoa(clients), func(b *testing.B) {
				url := wireFloor(b)
				if m.place != "" {
					url = wireServer(b).URL("rest")
				}
				c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
				b.Cleanup(c.CloseIdleConnections)
				var ids atomic.Int64
				b.ReportAllocs()
				b.SetParallelism((clients + 1) / 2)
				began := time.Now()
				one := func() {
					id := "w" + strconv.FormatInt(ids.Add(1), 10)
					wireSend(b, c, url, "/v5/order/create", `{`+m.place+id+`"}`)
					wireSend(b, c, url, "/v5/order/cancel", `{`+m.cancel+id+`"}`)
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

func wireServer(b *testing.B) *bybittest.Server {
	dec := exchange.MustDecimal
	var list []exchange.Instrument
	for symbol, name := range map[string]string{"BTC-USDT": "BTCUSDT", "BTC-USDT-PERP": "BTCUSDT"} {
		list = append(list, exchange.Instrument{
			Market: exchange.Market{Venue: "bybit", Symbol: exchange.MustSymbol(symbol)}, VenueSymbol: name, Tradable: true,
			Tick: dec("0.1"), Lot: dec("0.0001"), MinQty: dec("0.0001"), Contract: dec("1"), Settle: "USDT",
		})
	}
	e, err := sim.NewEngine(sim.EngineConfig{Venue: "bybit", Instruments: list, BaseFee: true,
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}}})
	if err != nil {
		b.Fatal(err)
	}
	s := bybittest.NewServer(e, bybittest.Config{Keys: []bybittest.Key{{Key: "wire", Secret: wireSecret}}, RateScale: 1 << 20})
	b.Cleanup(s.Close)
	for _, ins := range list {
		err := s.Publish(&exchange.Book{Market: ins.Market, Scale: exchange.Scale{Price: -1, Size: -4},
			Bids: []exchange.Level{{Price: 670_000, Size: 10_000}}, Asks: []exchange.Level{{Price: 670_001, Size: 10_000}}})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func wireFloor(b *testing.B) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"retCode":0}`)
	}))
	b.Cleanup(s.Close)
	return s.URL
}

func wireSend(b *testing.B, c *http.Client, url, path, body string) {
	r, err := http.NewRequest(http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(wireSecret))
	_, _ = mac.Write([]byte(at + "wire" + "5000" + body))
	r.Header.Set("X-BAPI-API-KEY", "wire")
	r.Header.Set("X-BAPI-TIMESTAMP", at)
	r.Header.Set("X-BAPI-RECV-WINDOW", "5000")
	r.Header.Set("X-BAPI-SIGN", hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("Content-Type", "application/json")
	a, err := c.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || !bytes.Contains(text, []byte(`"retCode":0`)) {
		b.Errorf("%s, %v: %s", a.Status, err, text)
	}
}
