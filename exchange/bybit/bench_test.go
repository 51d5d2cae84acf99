package bybit_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
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
