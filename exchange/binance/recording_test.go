package binance_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// record is one line of a recording: a frame, or a REST answer where url is set.
type record struct {
	at   time.Time
	url  string
	data []byte
}

// recorded reads the parts of a recording, in the order in which they were received. It is a second reader beside feed.Replay on
// purpose: small, and without its checks.
func recorded(t testing.TB, rest string, parts ...string) []record {
	t.Helper()
	var records []record
	for _, part := range parts {
		f, err := os.Open(fixtures.Path(t, "streams/"+part))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(bufio.NewReader(z))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(all) {
			if r, ok := parseLine(t, bytes.TrimSpace(line), rest); ok {
				records = append(records, r)
			}
		}
	}
	slices.SortStableFunc(records, func(a, b record) int { return a.at.Compare(b.at) })
	return records
}

func parseLine(t testing.TB, line []byte, rest string) (record, bool) {
	t.Helper()
	switch {
	case len(line) == 0 || bytes.HasPrefix(line, []byte("configuration")) || bytes.Contains(line[:min(len(line), 4000)], []byte(" <-")):
		return record{}, false
	case line[0] == '{':
		var l struct {
			T, URL, Data string
			TS           json.Number
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		return record{at: seconds(t, l.TS.String()), url: l.URL, data: []byte(l.Data)}, l.T == "http" || l.T == "recv"
	case bytes.HasPrefix(line, []byte("http")):
		url, after, _ := strings.Cut(string(line), " -> ")
		stamp, body, _ := strings.Cut(after, ": ")
		return record{at: seconds(t, stamp), url: url, data: []byte(body)}, true
	}
	stamp, data, _ := strings.Cut(string(line), " ")
	if s, ok := strings.CutSuffix(stamp, ":"); ok {
		return record{at: seconds(t, s), data: []byte(data)}, true
	}
	ns, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := record{at: time.Unix(0, ns), data: []byte(data)}
	if strings.HasPrefix(data, `{"lastUpdateId"`) {
		r.url = rest
	}
	return r, true
}

func seconds(t testing.TB, s string) time.Time {
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(frac + "000000000")[:9], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(0, n)
}

// ticker is a bookTicker: the best prices after update U. encoding/json prefers the exact name, so b and B stay two.
type ticker struct {
	U      uint64           `json:"u"`
	Symbol string           `json:"s"`
	Bid    exchange.Decimal `json:"b"`
	BidQ   exchange.Decimal `json:"B"`
	Ask    exchange.Decimal `json:"a"`
	AskQ   exchange.Decimal `json:"A"`
}

func readTicker(t testing.TB, data []byte) (ticker, bool) {
	if !bytes.Contains(data[:min(len(data), 60)], []byte(`@bookTicker"`)) {
		return ticker{}, false
	}
	var f struct{ Data ticker }
	if err := json.Unmarshal(data, &f); err != nil || f.Data.U == 0 {
		t.Fatalf("%s: %v", data, err)
	}
	return f.Data, true
}

// outcome counts what replaying a recording gave.
type outcome struct {
	books, invalid, depth int
	compared, equal       int                      // tops after a delta
	seeds, seedsEqual     int                      // tops after a snapshot
	whole                 map[exchange.Symbol]bool // has a book at the end
}

func replay(t *testing.T, kind exchange.Kind, symbols string, records []record, known ...exchange.Instrument) outcome {
	t.Helper()
	var list []exchange.Symbol
	names := map[exchange.Symbol]string{}
	for s := range strings.FieldsSeq(symbols) {
		y := exchange.MustSymbol(s)
		list, names[y] = append(list, y), string(y.Base+y.Quote)
	}
	p, err := binance.Protocol(kind, list, known...)
	if err != nil {
		t.Fatal(err)
	}
	tickers := map[string][]ticker{}
	for _, r := range records {
		if k, ok := readTicker(t, r.data); ok {
			tickers[k.Symbol] = append(tickers[k.Symbol], k)
		}
	}
	o := outcome{whole: map[exchange.Symbol]bool{}}
	last := map[exchange.Symbol]uint64{}
	var now time.Time
	answering := false
	d := p.Decoder(func(b *exchange.Book) {
		if o.whole[b.Market.Symbol] = b.Err == nil; b.Err != nil {
			t.Logf("%v", b.Err)
			o.invalid++
			return
		}
		o.books++
		if o.books%16 == 0 { // it looks at every level
			if err := b.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if b.Seq < last[b.Market.Symbol] || b.RecvTime.After(now) {
			t.Fatalf("%s goes back from %d to %d, received %v at %v", b.Market, last[b.Market.Symbol], b.Seq, b.RecvTime, now)
		}
		last[b.Market.Symbol] = b.Seq
		if same, known := sameTop(b, tickers[names[b.Market.Symbol]]); known && answering {
			o.seeds, o.seedsEqual = o.seeds+1, o.seedsEqual+same
		} else if known {
			o.compared, o.equal = o.compared+1, o.equal+same
		}
	})
	for _, r := range records {
		now = r.at
		if answering = r.url != ""; answering {
			if err := d.Answer(r.at, r.url, r.data); err != nil {
				t.Fatalf("%s: %v", r.url, err)
			}
			continue
		}
		m, err := d.Frame(r.at, r.data)
		if err != nil {
			t.Fatalf("%.200s: %v", r.data, err)
		}
		if m.Kind == feed.Data {
			o.depth++
		}
	}
	return o
}

// sameTop is 1 where a book's top equals the bookTicker with the largest u that is not beyond the book's; known says that there is one.
func sameTop(b *exchange.Book, tickers []ticker) (same int, known bool) {
	i, _ := slices.BinarySearchFunc(tickers, b.Seq+1, func(k ticker, seq uint64) int { return int(int64(k.U - seq)) })
	if i == 0 {
		return 0, false
	}
	k := tickers[i-1]
	bid, _ := b.Best(exchange.Sell)
	ask, _ := b.Best(exchange.Buy)
	if b.Price(bid).Equal(k.Bid) && b.Size(bid).Equal(k.BidQ) && b.Price(ask).Equal(k.Ask) && b.Size(ask).Equal(k.AskQ) {
		same = 1
	}
	return same, true
}

const (
	spotREST    = "https://api.binance.com/api/v3/depth?limit=1000&symbol="
	futuresREST = "https://fapi.binance.com/fapi/v1/depth?limit=1000&symbol="
)

// The recordings' known truths: fixtures/README.md has them.
func TestRecordedStreams(t *testing.T) {
	for _, c := range []struct {
		name, rest, symbols string
		kind                exchange.Kind
		parts               []string
		compared, equal     int
	}{
		{"spot 2024-08-08", spotREST + "BTCUSDT", "BTC-USDT", exchange.Spot,
			[]string{"binance_2024-08-08/spot_btcusdt_part1.gz", "binance_2024-08-08/spot_btcusdt_part2.gz"}, 6492, 6490},
		{"usdm 2024-08-08", futuresREST + "BTCUSDT", "BTC-USDT-PERP", exchange.Perp, []string{"binance_2024-08-08/usdm_btcusdt_part1.gz"}, 6545, 6545},
		{"usdm 2024-07-18 BTC", futuresREST + "BTCUSDT", "BTC-USDT-PERP", exchange.Perp, []string{"binance_2024-07-18/usdm_btcusdt.gz"}, 3320, 3320},
		{"usdm 2024-07-18 ETH", futuresREST + "ETHUSDT", "ETH-USDT-PERP", exchange.Perp, []string{"binance_2024-07-18/usdm_ethusdt.gz"}, 3266, 3266},
		{"spot 2021-04-05", "", "BTC-AUD MANA-USDT ETH-BRL DENT-USDT ZIL-USDT RENBTC-ETH BTCST-USDT QTUM-ETH AXS-BNB NEO-USDC", exchange.Spot,
			[]string{"binance_2021-04-05/BINANCE-b38f7c.0.gz"}, 4629, 4629},
		{"usdm 2021-04-05", "", "SAND-USDT-PERP CHR-USDT-PERP NEO-USDT-PERP CTK-USDT-PERP BAT-USDT-PERP", exchange.Perp,
			[]string{"binance_2021-04-05/BINANCE_FUTURES-1125a2.0.gz"}, 4381, 4381},
		{"usdm 2021-07-22", "", "SUSHI-USDT-PERP AKRO-USDT-PERP", exchange.Perp, []string{"binance_2021-07-22/usdm_SUSHIUSDT_AKROUSDT.jsonl.gz"}, 434, 434},
		{"spot 2021-10-12", "", "NKN-USDT LRC-BTC", exchange.Spot, []string{"binance_2021-10-12/spot_NKNUSDT_LRCBTC.jsonl.gz"}, 156, 156},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := replay(t, c.kind, c.symbols, recorded(t, c.rest, c.parts...))
			t.Logf("%d depth frames, %d books; tops equal: %d of %d after deltas, %d of %d after snapshots", o.depth, o.books, o.equal, o.compared, o.seedsEqual, o.seeds)
			if o.invalid != 0 {
				t.Errorf("%d invalid books, want no gap", o.invalid)
			}
			for s := range strings.FieldsSeq(c.symbols) {
				if !o.whole[exchange.MustSymbol(s)] {
					t.Errorf("%s never became whole", s)
				}
			}
			if o.compared != c.compared || o.equal != c.equal || o.seeds != o.seedsEqual {
				t.Errorf("%d of %d tops equal the bookTicker, want %d of %d; after snapshots %d of %d", o.equal, o.compared, c.equal, c.compared, o.seedsEqual, o.seeds)
			}
		})
	}
}
