package binance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

var errAgain = errors.New("around again")

// wireDiff is what a user of encoding/json would decode a diff into.
type wireDiff struct {
	Stream string
	Data   struct {
		Event string      `json:"e"`
		Time  int64       `json:"E"`
		Trade int64       `json:"T"`
		Name  string      `json:"s"`
		First int64       `json:"U"`
		Last  int64       `json:"u"`
		Prev  int64       `json:"pu"`
		Bids  [][2]string `json:"b"`
		Asks  [][2]string `json:"a"`
	}
}

// diffs are the depth frames of a recording with its snapshot, or, where there is none, some made by hand.
func diffs(b *testing.B, kind exchange.Kind) (frames [][]byte, rest string, snapshot []byte, levels int) {
	b.Helper()
	rest = spotREST + "BTCUSDT"
	part := "binance_2024-08-08/spot_btcusdt_part1.gz"
	if kind == exchange.Perp {
		rest, part = futuresREST+"BTCUSDT", "binance_2024-08-08/usdm_btcusdt_part1.gz"
	}
	var records []record
	if _, ok := fixtures.Find(b, "streams/"+part); ok {
		records = recorded(b, rest, part)
	} else {
		records = handmade(kind, rest)
	}
	for _, r := range records {
		switch {
		case r.url != "":
			snapshot = r.data
		case bytes.Contains(r.data[:min(len(r.data), 60)], []byte("@depth")):
			var w wireDiff
			if err := json.Unmarshal(r.data, &w); err != nil {
				b.Fatal(err)
			}
			levels += len(w.Data.Bids) + len(w.Data.Asks)
			frames = append(frames, r.data)
		}
	}
	return frames, rest, snapshot, levels
}

func handmade(kind exchange.Kind, rest string) []record {
	futures, pu := "", func(int) string { return "" }
	if kind == exchange.Perp {
		futures = `"E":1,"T":1,`
		pu = func(last int) string { return fmt.Sprintf(`"pu":%d,`, last) }
	}
	records := []record{{url: rest, data: fmt.Appendf(nil, `{"lastUpdateId":100,%s"bids":[["61000.10","1.5"]],"asks":[["61000.20","2.5"]]}`, futures)}}
	for i := range 200 {
		var bids, asks []string
		for j := range 9 {
			bids = append(bids, fmt.Sprintf(`["%d.%02d000000","%d.%05d000"]`, 60000-17*j-i%7, j*i%100, j, i*j%100000))
			asks = append(asks, fmt.Sprintf(`["%d.%02d000000","%d.%05d000"]`, 62000+13*j+i%5, j*i%100, j, i*j%100000))
		}
		t := ""
		if kind == exchange.Perp {
			t = `"T":1723161255207,`
		}
		records = append(records, record{data: fmt.Appendf(nil, `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,%s"s":"BTCUSDT","U":%d,"u":%d,%s"b":[%s],"a":[%s]}}`,
			t, 100+i, 101+i, pu(100+i), join(bids), join(asks))})
	}
	return records
}

func join(s []string) string {
	var b bytes.Buffer
	for i, x := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(x)
	}
	return b.String()
}

func BenchmarkBinanceSpotDiff(b *testing.B)    { benchmarkDiff(b, exchange.Spot, "BTC-USDT") }
func BenchmarkBinanceFuturesDiff(b *testing.B) { benchmarkDiff(b, exchange.Perp, "BTC-USDT-PERP") }

// benchmarkDiff: from the bytes of a frame to the changed book, and the same frames through encoding/json alone.
func benchmarkDiff(b *testing.B, kind exchange.Kind, symbol string) {
	frames, rest, snapshot, levels := diffs(b, kind)
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	metrics := func(b *testing.B) {
		per := float64(b.Elapsed().Nanoseconds()) / float64(b.N) // not money
		b.ReportMetric(per*float64(len(frames))/float64(levels), "ns/level")
		b.ReportMetric(float64(levels)/float64(len(frames)), "levels/msg")
	}
	b.Run("book", func(b *testing.B) {
		p, err := binance.Protocol(kind, []exchange.Symbol{exchange.MustSymbol(symbol)})
		if err != nil {
			b.Fatal(err)
		}
		books := 0
		d := p.Decoder(func(*exchange.Book) { books++ })
		at := time.Unix(1723161255, 0)
		b.SetBytes(int64(size / len(frames)))
		b.ReportAllocs()
		i := len(frames)
		for b.Loop() {
			if i == len(frames) {
				b.StopTimer()
				// Around again: the same connection, made anew.
				d.Lost(at, errAgain)
				if err := d.Answer(at, rest, snapshot); err != nil {
					b.Fatal(err)
				}
				i = 0
				b.StartTimer()
			}
			if m, err := d.Frame(at, frames[i]); err != nil || m.Kind != feed.Data {
				b.Fatal(m, err)
			}
			i++
		}
		if books*10 < b.N*9 {
			b.Fatalf("%d books of %d frames", books, b.N)
		}
		metrics(b)
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(size / len(frames)))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			var w wireDiff
			if err := json.Unmarshal(frames[i%len(frames)], &w); err != nil || w.Data.Last == 0 {
				b.Fatal(err)
			}
		}
		metrics(b)
	})
}
