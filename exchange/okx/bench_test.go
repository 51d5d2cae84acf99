package okx_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
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
	const name = "streams/okx_2022-05-13/books_BTCUSDT.jsonl.gz"
	if fixtures.Path(lenient{t}, name) == "" {
		frames = [][]byte{
			[]byte(push("BTC-USDT", "snapshot", "30000.1:1.23456 30000:2 29999.9:0.00001", "30000.2:3 30001:4.5 30002:0.17")),
			[]byte(push("BTC-USDT", "update", "30000.1:0 29999.8:12.5", "30000.2:0.1234")),
			[]byte(push("BTC-USDT", "update", "30000.1:1.5 29999.8:0", "")),
		}
	} else {
		for _, f := range received(t, name) {
			if w := decode(t, f); w.Action != "" {
				frames = append(frames, f)
			}
		}
	}
	for _, f := range frames {
		w := decode(t, f)
		levels += len(w.Data[0].Asks) + len(w.Data[0].Bids)
	}
	return frames, levels
}

func decode(t testing.TB, frame []byte) (w pushed) {
	t.Helper()
	if err := json.Unmarshal(frame, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

func oldDecoder(t testing.TB, emit func(*exchange.Book)) feed.Decoder {
	return protocol(t, okx.ProtocolConfig{Symbols: []exchange.Symbol{exchange.MustSymbol("BTC-USDT")}, AllowMissingSeq: true}).Decoder(emit)
}

// Frames to books, and for comparison the same frames to structs by encoding/json. ns/level is the figure to watch.
func BenchmarkOKXBooks(b *testing.B) {
	frames, levels := bookFrames(b)
	perLevel := func(b *testing.B, n int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(n)*float64(levels)/float64(len(frames))), "ns/level")
	}
	b.Run("book", func(b *testing.B) {
		b.ReportAllocs()
		valid, n := 0, 0
		d := oldDecoder(b, func(k *exchange.Book) {
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
	d := oldDecoder(t, func(*exchange.Book) {})
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

// BenchmarkPlaceREST compares Place with the same request through the bare http.Client, in turn on one loopback server: the medians, and
// their ratio.
func BenchmarkPlaceREST(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case timePath:
			fmt.Fprintf(w, `{"code":"0","data":[{"ts":"%d"}]}`, time.Now().UnixMilli())
		case configPath:
			_, _ = io.WriteString(w, `{"code":"0","data":[{"acctLv":"2","posMode":"net_mode"}]}`)
		default:
			_, _ = io.WriteString(w, ack)
		}
	}))
	defer s.Close()
	x, err := okx.New(okx.Config{Endpoints: okx.Endpoints{REST: s.URL, Stream: "ws://none"}, Credentials: keys(), Instruments: markets("BTC-USDT"), Limits: okx.NoLimits()})
	if err != nil {
		b.Fatal(err)
	}
	req := limit("BTC-USDT", "", exchange.Buy, "0.015", "50000.1")
	_, body, err := okx.PlaceRequest(limit("BTC-USDT", "ORD-20240521-8a3f-01", exchange.Buy, "0.015", "50000.1"), spot(), "cash", "cross")
	if err != nil {
		b.Fatal(err)
	}
	var ids []string
	for n := range 1024 { // orders that work at one time
		ids = append(ids, fmt.Sprintf("ORD-20240521-%x-01", n))
	}
	bare := resttest.Bare{Method: http.MethodPost, URL: s.URL + placePath, Body: string(body), Header: map[string]string{}}
	for _, k := range []string{"OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE", "Content-Type", "expTime"} {
		bare.Header[k] = "2026-08-22T00:00:00.000Z"
	}
	resttest.Compare(b, bare, func(n int) error {
		req.ClientID, req.Deadline = ids[n%len(ids)], time.Now().Add(time.Minute)
		_, err := x.Place(b.Context(), req)
		return err
	})
}

// BenchmarkPlaceRequest is the making of an order's body.
func BenchmarkPlaceRequest(b *testing.B) {
	req, m := limit("BTC-USDT-PERP", "ORD-20240521-8a3f-01", exchange.Buy, "0.015", "50000.1"), swap()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := okx.PlaceRequest(req, m, "cash", "cross"); err != nil {
			b.Fatal(err)
		}
	}
}
