package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

var update = flag.Bool("update", false, "write the recordings in testdata anew")

// own is the recording that the repository ships: books of a simulated spot market and a simulated perpetual, in Binance's wire format.
const own = "testdata/binance_simulated"

// TestOwnRecording holds the shipped recording equal to what the generator makes today, so that it can be trusted to be what this
// file says.
func TestOwnRecording(t *testing.T) {
	name := filepath.Join(own, "spot+perp_BTCUSDT.jsonl.gz")
	want := generateRecording(t)
	if *update {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(own, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := unzip(t, name); !bytes.Equal(got, want) {
		t.Errorf("%s is not what the generator makes; run go test ./examples/engine -run TestOwnRecording -update", name)
	}
}

func unzip(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wire is one market of the recording: what its venue would have sent so far.
type wire struct {
	conn, stream, rest string
	futures            bool
	last               *exchange.Book
	seq                int64
}

// generateRecording is 30 seconds at ten books a second.
func generateRecording(t *testing.T) []byte {
	t.Helper()
	g, err := sim.NewGenerator(sim.GeneratorConfig{Seed: 3, Venues: []exchange.Venue{"spot", "perp"}, Depth: 10, Interval: 100 * time.Millisecond,
		Markets: []sim.GeneratorMarket{{Symbol: exchange.MustSymbol("BTC-USDT"), Price: exchange.MustDecimal("60000"), Tick: exchange.MustDecimal("0.1"), Lot: exchange.MustDecimal("0.001")}}})
	if err != nil {
		t.Fatal(err)
	}
	markets := map[exchange.Venue]*wire{
		"spot": {conn: "SPOT.ws.1", stream: "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms", rest: "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000", seq: 1000},
		"perp": {conn: "PERP.ws.1", stream: "wss://fstream.binance.com/public/stream?streams=btcusdt@depth@100ms", rest: "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000", seq: 5000, futures: true},
	}
	var out bytes.Buffer
	line := func(at time.Time, kind, conn, key, address, data string) {
		r := map[string]any{"t": kind, "conn": conn, "ts": json.Number(fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000))}
		if address != "" {
			r[key] = address
		}
		if data != "" {
			r["data"] = data
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	start := time.Unix(1_790_000_000, 0).UTC()
	for _, v := range []exchange.Venue{"spot", "perp"} {
		line(start, "connect", markets[v].conn, "addr", markets[v].stream, "")
	}
	for i := range 300 {
		for n, b := range g.Step(start) {
			m := markets[b.Market.Venue]
			at := start.Add(time.Duration(i)*100*time.Millisecond + time.Duration(n)*3*time.Millisecond)
			if m.last == nil {
				line(at, "http", strings.Replace(m.conn, "ws.1", "http.0", 1), "url", m.rest, m.snapshot(at, b))
			} else {
				line(at, "recv", m.conn, "", "", m.delta(at, b))
			}
			m.last = b.Clone()
		}
	}
	return out.Bytes()
}

func (m *wire) snapshot(at time.Time, b *exchange.Book) string {
	times := ""
	if m.futures {
		times = fmt.Sprintf(`"E":%d,"T":%d,`, at.UnixMilli(), at.UnixMilli())
	}
	return fmt.Sprintf(`{"lastUpdateId":%d,%s"bids":%s,"asks":%s}`, m.seq, times, levels(b, b.Bids), levels(b, b.Asks))
}

// delta is the difference to the book before, numbered as the venue numbers: Binance's first event after a snapshot spans its id.
func (m *wire) delta(at time.Time, b *exchange.Book) string {
	first, prev := m.seq+1, m.seq
	m.seq += 7
	numbers := fmt.Sprintf(`"U":%d,"u":%d`, first, m.seq)
	extra := ""
	if m.futures {
		extra = fmt.Sprintf(`"T":%d,`, at.UnixMilli())
		numbers = fmt.Sprintf(`"U":%d,"u":%d,"pu":%d`, prev, m.seq, prev)
	}
	return fmt.Sprintf(`{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,%s"s":"BTCUSDT",%s,"b":%s,"a":%s}}`, at.UnixMilli(), extra, numbers,
		levels(b, changes(m.last.Bids, b.Bids)), levels(b, changes(m.last.Asks, b.Asks)))
}

// changes are the levels of next that differ from last, and those that are gone, with size zero.
func changes(last, next []exchange.Level) (r []exchange.Level) {
	had := map[int64]int64{}
	for _, l := range last {
		had[l.Price] = l.Size
	}
	for _, l := range next {
		if had[l.Price] != l.Size {
			r = append(r, l)
		}
		delete(had, l.Price)
	}
	for _, l := range last {
		if _, gone := had[l.Price]; gone {
			r = append(r, exchange.Level{Price: l.Price})
		}
	}
	return r
}

func levels(b *exchange.Book, ls []exchange.Level) string {
	s := make([]string, len(ls))
	for i, l := range ls {
		s[i] = fmt.Sprintf(`["%s","%s"]`, b.Price(l), b.Size(l))
	}
	return "[" + strings.Join(s, ",") + "]"
}
