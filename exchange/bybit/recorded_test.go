package bybit_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// received are the frames of one connection of a recording, in its order: format B (JSON lines), or C ("<seconds>: <frame>").
func received(t testing.TB, name, conn string) [][]byte {
	t.Helper()
	f, err := os.Open(fixtures.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var frames [][]byte
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := bytes.Clone(lines.Bytes())
		if strings.HasSuffix(name, ".jsonl.gz") {
			var r struct{ T, Conn, Data string }
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			if r.T == "recv" && r.Conn == conn {
				frames = append(frames, []byte(r.Data))
			}
			continue
		}
		if _, frame, ok := bytes.Cut(line, []byte(": ")); ok && line[0] >= '0' && line[0] <= '9' {
			frames = append(frames, frame)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return frames
}

const recording2026 = "streams/bybit_2026-08-09/spot+linear_BTCUSDT_SOLUSDT.jsonl.gz"

// pushed is a frame, as encoding/json reads it.
type pushed struct {
	Topic, Type string
	Data        struct {
		S    string
		B, A [][2]string
		U    uint64
	}
}

func decode(t testing.TB, frame []byte) (w pushed) {
	t.Helper()
	_ = json.Unmarshal(frame, &w) // data of other topics has other shapes
	return w
}

// naive is a book as a map from price to size in the venue's own text: another way to the same result.
type naive [2]map[string]string

func (n *naive) apply(w *pushed) {
	for i, side := range [][][2]string{w.Data.B, w.Data.A} {
		if w.Type == "snapshot" {
			n[i] = map[string]string{}
		}
		for _, l := range side {
			if exchange.MustDecimal(l[1]).IsZero() {
				delete(n[i], plain(exchange.MustDecimal(l[0])))
			} else {
				n[i][plain(exchange.MustDecimal(l[0]))] = plain(exchange.MustDecimal(l[1]))
			}
		}
	}
}

func (n *naive) check(t *testing.T, b *exchange.Book) {
	t.Helper()
	for i, side := range [][]exchange.Level{b.Bids, b.Asks} {
		if len(side) != len(n[i]) {
			t.Fatalf("%s %d: %d levels, want %d", b.Market, b.Seq, len(side), len(n[i]))
		}
		for _, l := range side {
			if got, want := plain(b.Size(l)), n[i][plain(b.Price(l))]; got != want {
				t.Fatalf("%s %d: size %s at %s, want %q", b.Market, b.Seq, got, b.Price(l), want)
			}
		}
	}
}

// 44 seconds of spot and linear: no gap, never crossed, and after every message the book that a map of texts holds too.
func TestRecordedBooks(t *testing.T) {
	for _, tt := range []struct {
		name, conn string
		kind       exchange.Kind
		symbols    []string
		messages   map[string]int
	}{
		{"spot", "BYBIT.ws.3", exchange.Spot, []string{"BTC-USDT"}, map[string]int{"BTCUSDT": 300}},
		{"linear", "BYBIT.ws.2", exchange.Perp, []string{"BTC-USDT-PERP", "SOL-USDT-PERP"}, map[string]int{"BTCUSDT": 414, "SOLUSDT": 383}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var last *exchange.Book
			d := protocol(t, tt.kind, tt.symbols...).Decoder(func(b *exchange.Book) { last = b })
			books := map[string]*naive{}
			messages := map[string]int{}
			for i, frame := range received(t, recording2026, tt.conn) {
				last = nil
				m, err := d.Frame(time.UnixMilli(int64(i)), frame)
				if err != nil {
					t.Fatalf("frame %d: %v", i, err)
				}
				w := decode(t, frame)
				if !strings.HasPrefix(w.Topic, "orderbook.") {
					if last != nil || m.Kind == feed.Data {
						t.Fatalf("frame %d (%s) was taken for a book", i, w.Topic)
					}
					continue
				}
				if m.Kind != feed.Data || last == nil || last.Err != nil || last.Seq != w.Data.U {
					t.Fatalf("frame %d: %s, book %+v", i, tell(m), last)
				}
				if err := last.Check(); err != nil {
					t.Fatal(err)
				}
				n := books[w.Data.S]
				if n == nil {
					n = new(naive)
					books[w.Data.S] = n
				}
				n.apply(&w)
				n.check(t, last)
				messages[w.Data.S]++
			}
			for s, want := range tt.messages {
				if messages[s] != want {
					t.Errorf("%d messages of %s, want %d", messages[s], s, want)
				}
			}
		})
	}
}

// The topic of one level: every frame is a snapshot, in 2025 as now, and u may stand still.
func TestRecordedSnapshots(t *testing.T) {
	valid, invalid := 0, 0
	p := protocol(t, exchange.Perp, "BAND-USDT-PERP", "RAD-USDT-PERP", "SNT-USDT-PERP", "AIOZ-USDT-PERP")
	d := p.Decoder(func(b *exchange.Book) {
		if b.Err != nil || len(b.Bids) > 1 || len(b.Asks) > 1 {
			invalid++
			return
		}
		valid++
	})
	want := 0
	for i, frame := range received(t, "streams/bybit_2025-06-13/BYBIT.ws.1.0.gz", "") {
		if w := decode(t, frame); w.Topic != "" {
			if w.Type != "snapshot" {
				t.Fatalf("frame %d is a %s", i, w.Type)
			}
			want++
		}
		if _, err := d.Frame(time.UnixMilli(int64(i)), frame); err != nil {
			t.Fatal(err)
		}
	}
	if valid != want || invalid != 0 || want < 100 {
		t.Errorf("%d valid and %d invalid books of %d snapshots", valid, invalid, want)
	}
}

// One frame left out of a recording is found at the next one, and costs the book nothing but time.
func TestRecordedGap(t *testing.T) {
	frames := received(t, recording2026, "BYBIT.ws.3")
	var lost, valid int
	d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(b *exchange.Book) {
		if b.Err != nil {
			lost++
		} else {
			valid++
		}
	})
	seen, asked := 0, 0
	for i, frame := range frames {
		if strings.HasPrefix(decode(t, frame).Topic, "orderbook.") {
			if seen++; seen == 100 {
				continue
			}
		}
		m, err := d.Frame(time.UnixMilli(int64(i)), frame)
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind == feed.Resubscribe {
			asked++
		}
	}
	if valid != 99 || lost != 1 || asked != 1 {
		t.Errorf("%d valid books, %d losses, %d resubscriptions; want 99, 1, 1", valid, lost, asked)
	}
}
