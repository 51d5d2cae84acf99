package bybit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
	"github.com/bothlegs/bothlegs/internal/rest/resttest"
)

// lenient goes on without recordings.
type lenient struct{ testing.TB }

func (lenient) Skipf(string, ...any) {}

// bookFrames are recorded frames of one book, the snapshot first, or where there are no recordings hand-written ones of the same shape; and
// the number of their levels.
func bookFrames(t testing.TB) (frames [][]byte, levels int) {
	t.Helper()
	if fixtures.Path(lenient{t}, recording2026) == "" {
		frames = [][]byte{
			[]byte(push("BTCUSDT", "snapshot", "30000.10:1.234 30000.00:2 29999.90:0.001", "30000.20:3 30001.00:4.5 30002.00:0.17", 10)),
			[]byte(push("BTCUSDT", "delta", "30000.10:0 29999.80:12.5", "30000.20:0.123", 11)),
			[]byte(push("BTCUSDT", "delta", "30000.10:1.5 29999.80:0", "", 12)),
		}
	} else {
		for _, f := range received(t, recording2026, "BYBIT.ws.2") {
			if decode(t, f).Topic == "orderbook.200.BTCUSDT" {
				frames = append(frames, f)
			}
		}
	}
	for _, f := range frames {
		w := decode(t, f)
		levels += len(w.Data.A) + len(w.Data.B)
	}
	return frames, levels
}

// Frames to books, and for comparison the same frames to structs by encoding/json. ns/level is the figure to watch.
func BenchmarkBybitOrderbook(b *testing.B) {
	frames, levels := bookFrames(b)
	perLevel := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(n)*float64(levels)/float64(len(frames))), "ns/level")
	}
	b.Run("book", func(b *testing.B) {
		b.ReportAllocs()
		valid, n := 0, 0
		d := protocol(b, exchange.Perp, "BTC-USDT-PERP").Decoder(func(k *exchange.Book) {
			if k.Err == nil {
				valid++
			}
		})
		at := time.UnixMilli(1)
		for b.Loop() {
			if _, err := d.Frame(at, frames[n%len(frames)]); err != nil {
				b.Fatal(err)
			}
			n++
		}
		perLevel(b, n)
		if valid != n {
			b.Fatalf("%d valid books of %d frames", valid, n)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			var w pushed
			if err := json.Unmarshal(frames[n%len(frames)], &w); err != nil {
				b.Fatal(err)
			}
			n++
		}
		perLevel(b, n)
	})
}

// A book costs no allocation once its memory has grown.
func TestFramesDoNotAllocate(t *testing.T) {
	frames, _ := bookFrames(t)
	d := protocol(t, exchange.Perp, "BTC-USDT-PERP").Decoder(func(*exchange.Book) {})
	at := time.UnixMilli(1)
	all := func() {
		for _, f := range frames {
			if m, err := d.Frame(at, f); err != nil || m.Kind != feed.Data {
				t.Fatal(m, err)
			}
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n != 0 {
		t.Errorf("%v allocations in %d frames", n, len(frames))
	}
}

// counter answers placements on loopback.
func counter(b *testing.B) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/v5/market/time" {
			fmt.Fprintf(w, `{"retCode":0,"result":{"timeNano":"%d"}}`, time.Now().UnixNano())
			return
		}
		w.Header()["X-Bapi-Limit"], w.Header()["X-Bapi-Limit-Status"] = []string{"1000000"}, []string{"999999"}
		_, _ = io.WriteString(w, `{"retCode":0,"retMsg":"OK","result":{"orderId":"1358868270414852352","orderLinkId":""},"retExtInfo":{},"time":1672211918471}`)
	}))
	b.Cleanup(s.Close)
	return s
}

// An order from the call to its acknowledgement, in turn with the same bytes through the bare http.Client: medians, and their ratio.
func BenchmarkPlaceREST(b *testing.B) {
	s := counter(b)
	x, err := bybit.New(bybit.Config{Endpoints: bybit.Endpoints{REST: s.URL, Stream: "ws://127.0.0.1:1"}, Credentials: hmacKey(), Account: "main", Instruments: rules(), Limits: bybit.Unlimited()})
	if err != nil {
		b.Fatal(err)
	}
	req := perpOrder("")
	body := bybit.Placing(req, "BTCUSDT", "ORD-20240521-8a3f-01").Body
	bare := resttest.Bare{Method: http.MethodPost, URL: s.URL + "/v5/order/create", Body: body, Header: map[string]string{
		"X-Bapi-Api-Key": "testkey001", "X-Bapi-Timestamp": "1672211918471", "X-Bapi-Recv-Window": "5000",
		"X-Bapi-Sign": "f7bf74871fa4516be94385db81d52b0461138efb219ac55e7817715b4783b6c9", "Content-Type": "application/json"}}
	var ids []string
	for n := range 1024 { // orders that work at one time: nobody ends them here
		ids = append(ids, fmt.Sprintf("ORD-20240521-8a3f-%08d", n))
	}
	resttest.Compare(b, bare, func(n int) error {
		req.ClientID = ids[n%len(ids)]
		_, err := x.Place(b.Context(), req)
		return err
	})
}

// BenchmarkPlacing is the body of an order.
func BenchmarkPlacing(b *testing.B) {
	req := perpOrder("ORD-20240521-8a3f-01")
	b.ReportAllocs()
	for b.Loop() {
		_ = bybit.Placing(req, "BTCUSDT", req.ClientID)
	}
}
