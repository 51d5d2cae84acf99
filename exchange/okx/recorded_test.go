package okx_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// received are the frames of a recording, in its order: format B (JSON lines), or C ("<seconds>: <frame>").
func received(t testing.TB, name string) [][]byte {
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
			var r struct{ T, Data string }
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			if r.T == "recv" {
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

type pushed struct {
	Arg    struct{ Channel, InstID string }
	Action string
	Data   []struct {
		Asks, Bids [][]string
		Checksum   int32
	}
}

// checksum is the venue's rule: "bid:size:ask:size" from the best down, 25 of each, the shorter side ending first.
func checksum(bids, asks [][2]string) int32 {
	var parts []string
	for i := range 25 {
		for _, side := range [][][2]string{bids, asks} {
			if i < len(side) {
				parts = append(parts, side[i][0], side[i][1])
			}
		}
	}
	return int32(crc32.ChecksumIEEE([]byte(strings.Join(parts, ":"))))
}

func TestChecksumOfTheDocumentation(t *testing.T) {
	got := checksum([][2]string{{"3366.1", "7"}}, [][2]string{{"3366.8", "9"}, {"3368", "8"}})
	if want := int32(crc32.ChecksumIEEE([]byte("3366.1:7:3366.8:9:3368:8"))); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// recordedRules make a market of every instrument of a recording. Those that are none for the library (options, inverse swaps) get a made-up
// symbol and a contract of 1: their frames test decoding and rules as well as any.
func recordedRules(insts []string) (symbols []exchange.Symbol, rules []exchange.Instrument) {
	for _, inst := range insts {
		base, quote, _ := strings.Cut(inst, "-")
		s := exchange.Symbol{Base: exchange.Asset(base), Quote: exchange.Asset(strings.ReplaceAll(quote, "-", "_"))}
		if strings.Contains(quote, "-") {
			s.Kind = exchange.Perp
		}
		one := exchange.MustDecimal("1")
		symbols = append(symbols, s)
		rules = append(rules, exchange.Instrument{Market: exchange.Market{Venue: okx.Venue, Symbol: s}, VenueSymbol: inst, Tick: one, Lot: one, Contract: one})
	}
	return symbols, rules
}

func TestRecordedChecksums(t *testing.T) {
	for _, tt := range []struct {
		name     string
		insts    []string
		messages int // of books
	}{
		{name: "streams/okx_2022-05-13/books_BTCUSDT.jsonl.gz", insts: []string{"BTC-USDT"}, messages: 98},
		{name: "streams/okx_2022-02-27/OKX.ws.1.0.gz", messages: 3679, insts: []string{"PROPS-ETH", "ZEN-USDT", "ELON-USDT", "UNI-USD-SWAP",
			"ETH-USD-220624-20000-C", "ETH-USD-220624-12000-P", "BTC-USD-220325-40000-C", "ETH-USD-220429-1900-P", "ETH-USD-220325-8800-P", "ETH-USD-220228-3000-C"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			symbols, rules := recordedRules(tt.insts)
			p := protocol(t, okx.ProtocolConfig{Symbols: symbols, Instruments: rules, AllowMissingSeq: true})
			var last *exchange.Book
			d := p.Decoder(func(b *exchange.Book) { last = b })
			known := map[exchange.Market]*textBook{}
			messages := 0
			for i, frame := range received(t, tt.name) {
				last = nil
				m, err := d.Frame(time.UnixMilli(int64(i)), frame)
				if err != nil {
					t.Fatalf("frame %d: %v", i, err)
				}
				if m.Kind == feed.Resubscribe {
					t.Fatalf("frame %d: continuity lost", i)
				}
				var w pushed
				if err := json.Unmarshal(frame, &w); err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(w.Arg.Channel, "books") || w.Action == "" {
					continue
				}
				messages++
				if last == nil || last.Err != nil {
					t.Fatalf("frame %d: no valid book: %v", i, last)
				}
				if err := last.Check(); err != nil {
					t.Fatal(err)
				}
				if known[last.Market] == nil {
					known[last.Market] = newTextBook()
				}
				k := known[last.Market]
				k.learn(&w)
				if got := checksum(k.best(t, last, exchange.Sell), k.best(t, last, exchange.Buy)); got != w.Data[0].Checksum {
					t.Fatalf("frame %d, %s: checksum %d, the venue's is %d", i, w.Arg.InstID, got, w.Data[0].Checksum)
				}
			}
			if messages != tt.messages {
				t.Errorf("%d messages, want %d", messages, tt.messages)
			}
		})
	}
}

// textBook is the venue's own text of each number that a market has ever shown. The checksum covers that text, which a book of integers
// does not keep; so the test keeps it beside, by the number's shortest form. Whatever the decoder gets wrong (a level, a size, the order,
// the sides) ends in another text.
type textBook struct{ price, size map[string]string }

func newTextBook() *textBook { return &textBook{price: map[string]string{}, size: map[string]string{}} }

func (k *textBook) learn(w *pushed) {
	for _, side := range [][][]string{w.Data[0].Bids, w.Data[0].Asks} {
		for _, l := range side {
			p, q := plain(exchange.MustDecimal(l[0])), plain(exchange.MustDecimal(l[1]))
			k.price[p] = l[0]
			k.size[p+" "+q] = l[1]
		}
	}
}

// best are the texts of the 25 best levels that an order of the given side meets.
func (k *textBook) best(t *testing.T, b *exchange.Book, taker exchange.Side) (r [][2]string) {
	t.Helper()
	levels := slices.Clone(b.Side(taker))
	slices.Reverse(levels)
	for _, l := range levels[:min(25, len(levels))] {
		p, q := plain(b.Price(l)), plain(b.Size(l))
		price, ok1 := k.price[p]
		size, ok2 := k.size[p+" "+q]
		if !ok1 || !ok2 {
			t.Fatalf("%s: a level %s x %s that was never sent", b.Market, p, q)
		}
		r = append(r, [2]string{price, size})
	}
	return r
}
