package simwire_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// BenchmarkRequest is one REST request at a time over loopback, client and server in one process: what a bare handler costs, and what the
// way of an order through this package adds to it.
func BenchmarkRequest(b *testing.B) {
	meter := simwire.NewMeter(simwire.Limit{Name: "weight", Per: time.Minute}, simwire.Limit{Name: "orders", Per: 10 * time.Second, Rolling: true})
	inj, err := sim.NewInjector(sim.Faults{}, sim.Latency{})
	if err != nil {
		b.Fatal(err)
	}
	calls := simwire.NewCalls(1000)
	body := []byte(`{"symbol":"BTCUSDT","orderId":12345678,"clientOrderId":"abcdefgh","status":"NEW","price":"67000.10","origQty":"0.001","executedQty":"0"}`)
	var h *simwire.Hosts
	h = simwire.Listen(simwire.HostsConfig{}, map[string]http.Handler{
		"bare": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header()["Content-Type"] = []string{"application/json"}
			_, _ = w.Write(body)
		}),
		"met": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q, err := simwire.ReadRequest(r)
			if err != nil {
				b.Error(err)
			}
			now := time.Now()
			id := q.Get("newClientOrderId")
			fate := inj.Next(now, sim.Call{Op: sim.OpPlace, Key: id})
			calls.Add(simwire.Call{At: now, Method: q.Method, Path: q.Path, Query: q.RawQuery, Body: string(q.Body), Op: sim.OpPlace, Key: id, Fault: fate.Fault})
			meter.Spend("weight", q.Remote, 1)
			meter.Spend("orders", "key", 1)
			h.Meet(w, r, fate, func() simwire.Answer {
				return simwire.Answer{Headers: []simwire.Field{{Name: "X-MBX-USED-WEIGHT-1M", Value: "1"}}, Body: body}
			}, nil)
		}),
	})
	defer h.Close()
	const order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=67000.10&newClientOrderId=abcdefgh&recvWindow=5000&timestamp=1499827319559" +
		"&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
	for _, name := range []string{"bare", "met"} {
		for _, clients := range []int{1, 4} {
			b.Run(name+map[int]string{1: "/one client", 4: "/four clients"}[clients], func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism((clients + 1) / 2)
				if clients == 1 {
					c := &http.Client{Transport: &http.Transport{}}
					defer c.CloseIdleConnections()
					for b.Loop() {
						send(b, c, h.URL("http", name), order)
					}
				} else {
					c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
					defer c.CloseIdleConnections()
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							send(b, c, h.URL("http", name), order)
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "orders/s")
			})
		}
	}
}

func send(b *testing.B, c *http.Client, url, form string) {
	r, err := c.Post(url, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	r.Body.Close()
}

// BenchmarkBookDelta is one change of a book of 400 levels a side, told as text.
func BenchmarkBookDelta(b *testing.B) {
	book := &exchange.Book{Scale: exchange.Scale{Price: -2, Size: -5}}
	for i := range int64(400) {
		book.Bids = append(book.Bids, exchange.Level{Price: 6_700_000 - 400 + i, Size: 1000 + i})
		book.Asks = append(book.Asks, exchange.Level{Price: 6_700_000 + 400 - i, Size: 1000 + i})
	}
	f := simwire.NewFormat(exchange.Instrument{Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.00001")})
	p, d, text := simwire.NewPicture(400), new(simwire.Delta), []byte(nil)
	p.Draw(book)
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		for k := range int64(10) {
			book.Bids[399-k*3].Size = 1000 + (i+k)%7
		}
		book.Seq++
		if p.Update(book, d) {
			text = f.AppendLevels(text[:0], d.Bids, d.Scale, "")
		}
	}
}
