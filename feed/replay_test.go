package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
)

// ticks is a protocol whose every frame {"n":5} is a whole book, numbered; {"n":0} is damaged. It owns addresses that hold its venue's name.
type ticks struct {
	venue exchange.Venue
	conns *int
}

func (p ticks) Spec() feed.Spec                     { return feed.Spec{URL: "wss://" + string(p.venue)} }
func (p ticks) Subscribe(uint64, []string) []byte   { return nil }
func (p ticks) Unsubscribe(uint64, []string) []byte { return nil }
func (p ticks) Owns(address string) bool            { return strings.Contains(address, string(p.venue)) }
func (p ticks) Decoder(emit func(*exchange.Book)) feed.Decoder {
	*p.conns++
	return &tickDecoder{p.venue, *p.conns, emit}
}

type tickDecoder struct {
	venue exchange.Venue
	conn  int
	emit  func(*exchange.Book)
}

func (d *tickDecoder) book(at time.Time, seq uint64) *exchange.Book {
	m := exchange.Market{Venue: d.venue, Symbol: exchange.MustSymbol("BTC-USDT")}
	return &exchange.Book{Market: m, Seq: seq, RecvTime: at, Bids: []exchange.Level{{Price: 10, Size: 1}}, Asks: []exchange.Level{{Price: 11, Size: 1}}}
}

func (d *tickDecoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	var f struct{ N *uint64 }
	if string(data) == "pong" {
		return feed.Message{Kind: feed.Pong}, nil
	}
	if err := json.Unmarshal(data, &f); err != nil || f.N == nil || *f.N == 0 {
		return feed.Message{}, fmt.Errorf("ticks: %s: %w", data, exchange.ErrFrame)
	}
	d.emit(d.book(at, *f.N))
	return feed.Message{Kind: feed.Data}, nil
}

func (d *tickDecoder) Answer(at time.Time, url string, body []byte) error {
	var f struct{ LastUpdateID uint64 }
	if err := json.Unmarshal(body, &f); err != nil {
		return err
	}
	d.emit(d.book(at, 1000+f.LastUpdateID))
	return nil
}

func (d *tickDecoder) Lost(at time.Time, cause error) {
	b := d.book(at, 0)
	b.Invalidate(fmt.Errorf("%w: %w", exchange.ErrDown, cause))
	d.emit(b)
}

// folder writes recordings; names that end in .gz are packed. One level down, so that the folder's own name can matter.
func folder(t testing.TB, name string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		b := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			b = zip(b)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func zip(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(b)
	_ = w.Close()
	return z.Bytes()
}

func protocols(venues ...exchange.Venue) (p []feed.Protocol) {
	for _, v := range venues {
		p = append(p, ticks{v, new(int)})
	}
	return p
}

// play steps through a recording: "<offset ns from 1,700,000,000 s> <venue> <seq>" for each book.
func play(t testing.TB, r *feed.Replay) (books []string, err error) {
	t.Helper()
	for {
		at, ok := r.Next()
		if !ok {
			return books, r.Step(nil)
		}
		err := r.Step(func(b *exchange.Book) {
			if !b.RecvTime.Equal(at) {
				t.Errorf("book received at %v in the record of %v", b.RecvTime, at)
			}
			s := fmt.Sprint(at.Sub(time.Unix(1_700_000_000, 0)).Nanoseconds(), " ", b.Market.Venue, " ", b.Seq)
			if b.Err != nil {
				s += " lost"
			}
			books = append(books, s)
		})
		if err != nil {
			return books, err
		}
	}
}

const manifestA = `{"streams":[{"files":"a*","address":"wss://alpha/ws","rest":"https://alpha/depth"},{"files":"b.raw","address":"wss://beta/ws"}]}`

func TestReplayForms(t *testing.T) {
	cases := []struct {
		name   string
		folder string
		files  map[string]string
		venues []exchange.Venue
		skip   bool
		want   []string
		stats  feed.ReplayStats
	}{
		{"A, with a manifest, merged across files", "rec", map[string]string{
			"manifest.json": manifestA,
			"a.gz":          "1700000000000000001 {\"n\":1}\n1700000000000000005 {\"lastUpdateId\":7}\n1700000000000000009 pong\n",
			"b.raw":         "1700000000000000001 {\"n\":2}\n1700000000000000004 {\"n\":3}\n",
			"README.md":     "not a recording",
		}, []exchange.Venue{"alpha", "beta"}, false,
			[]string{"1 alpha 1", "1 beta 2", "4 beta 3", "5 alpha 1007"}, feed.ReplayStats{Messages: 4, Answers: 1, Books: 4}},
		{"A, parts of one stream are one connection, ten after nine", "rec", map[string]string{
			"manifest.json": manifestA,
			"a_part9.gz":    "1700000000000000001 {\"n\":1}\n",
			"a_part10.gz":   "1700000000000000001 {\"n\":2}\n",
		}, []exchange.Venue{"alpha"}, false, []string{"1 alpha 1", "1 alpha 2"}, feed.ReplayStats{Messages: 2, Books: 2}},
		{"A, by the rule of binance folders", "binance_2024", map[string]string{
			"spot_btcusdt_part1.gz": "1700000000000000002 {\"n\":1}\n1700000000000000003 {\"lastUpdateId\":7}\n",
			"usdm_btcusdt.gz":       "1700000000000000001 {\"n\":2}\n1700000000000000003 {\"lastUpdateId\":9}\n",
		}, []exchange.Venue{"/stream.binance.com:9443/stream", "fstream.binance.com/stream"}, true,
			[]string{"1 fstream.binance.com/stream 2", "2 /stream.binance.com:9443/stream 1"},
			feed.ReplayStats{Messages: 2, Books: 2, Skipped: 2}},
		{"A, and its REST answers", "binance_2024", map[string]string{
			"spot_btcusdt.gz": "1700000000000000003 {\"lastUpdateId\":7}\n1700000000000000004 {\"n\":2}\n",
		}, []exchange.Venue{"binance.com"}, false, []string{"3 binance.com 1007", "4 binance.com 2"}, feed.ReplayStats{Messages: 1, Answers: 1, Books: 2}},
		{"B, REST first, grouped by connection", "rec", map[string]string{"x.jsonl.gz": `{"t":"header","format":2}
{"t":"http","conn":"h","ts":1700000000.000000004,"url":"https://alpha/depth?s=X","data":"{\"lastUpdateId\":5}"}
{"t":"connect","conn":"w1","ts":1700000000.000000001,"addr":"wss://alpha/ws"}
{"t":"send","conn":"w1","ts":1700000000.000000002,"addr":"wss://alpha/ws","data":"{\"op\":\"subscribe\"}"}
{"t":"recv","conn":"w1","ts":1700000000.000000003,"data":"{\"n\":1}"}
{"t":"recv","conn":"w1","ts":1700000000.000000007,"data":"{\"n\":2}"}
{"t":"connect","conn":"w2","ts":1700000000.000000001,"addr":"wss://beta/ws"}
{"t":"recv","conn":"w2","ts":1700000000.000000003,"data":"{\"n\":3}"}
{"t":"recv","conn":"w2","ts":1700000000.000000006,"data":"{\"n\":4}"}
`}, []exchange.Venue{"alpha", "beta"}, false,
			[]string{"3 alpha 1", "3 beta 3", "4 alpha 1005", "6 beta 4", "7 alpha 2"}, feed.ReplayStats{Messages: 4, Answers: 1, Books: 5}},
		{"B, unowned left out and counted", "rec", map[string]string{"x.jsonl": `{"t":"connect","conn":"w1","ts":1700000000,"addr":"wss://alpha/ws"}
{"t":"connect","conn":"w2","ts":1700000000,"addr":"wss://gamma/ws"}
{"t":"http","conn":"h","ts":1700000000.1,"url":"https://gamma/depth","data":"{}"}
{"t":"recv","conn":"w1","ts":1700000000.5,"data":"{\"n\":1}"}
{"t":"recv","conn":"w2","ts":1700000000.25,"data":"{\"n\":2}"}
`}, []exchange.Venue{"alpha"}, true, []string{"500000000 alpha 1"}, feed.ReplayStats{Messages: 1, Books: 1, Skipped: 2}},
		{"C, made anew on the way", "rec", map[string]string{"x.gz": `configuration: {"l2_book":["BTC-USDT"]}
wss://alpha/ws?streams=x <-> 1700000000.0000001
wss://alpha/ws?streams=x <- 1700000000.0000002: {"op":"subscribe"}
1700000000.0000003: {"n":1}
https://alpha/depth?symbol=X -> 1700000000.0000004: {"lastUpdateId":8}
wss://alpha/ws?streams=y <-> 1700000000.0000005
1700000000.0000006: {"n":2}
1700000000.123456789: pong

`}, []exchange.Venue{"alpha"}, false, []string{"300 alpha 1", "400 alpha 1008", "500 alpha 0 lost", "600 alpha 2"},
			feed.ReplayStats{Messages: 3, Answers: 1, Books: 3, Invalid: 1}},
		{"REST answers in a file of their own", "rec", map[string]string{
			"http.gz": "https://alpha/depth -> 1700000000.000000002: {\"lastUpdateId\":8}\n",
			"ws.gz":   "wss://alpha/ws <-> 1700000000.0\n1700000000.000000001: {\"n\":1}\n",
		}, []exchange.Venue{"alpha"}, false, []string{"1 alpha 1", "2 alpha 1008"}, feed.ReplayStats{Messages: 1, Answers: 1, Books: 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := feed.OpenReplay(feed.ReplayConfig{Dir: folder(t, c.folder, c.files), Protocols: protocols(c.venues...), SkipUnowned: c.skip})
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(t, r)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "books", got, c.want)
			want(t, "stats", r.Stats(), c.stats)
			if _, ok := r.Next(); ok || r.Step(nil) != nil {
				t.Error("there is something after the end")
			}
			r.Rewind()
			again, err := play(t, r)
			want(t, "books of a second run", again, got)
			want(t, "stats of a second run", r.Stats(), c.stats)
			want(t, "error of a second run", err, nil)
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	const head = "wss://alpha/ws <-> 1700000000.5\n"
	cases := []struct {
		name string
		file string // name of the only recording
		text string
		line int
		says string
	}{
		{"a frame that is no JSON", "x.gz", head + "1700000001.5: {\"n\":1}\n1700000001.6: {\"n\":\n", 3, "JSON"},
		{"a line without form", "x.gz", head + "hello\n", 2, "form"},
		{"an arrow that points nowhere", "x.gz", "wss://alpha/ws <=> 1700000000.5\n", 1, "form"},
		{"a timestamp that is a word", "x.gz", "wss://alpha/ws <-> soon\n", 1, "timestamp"},
		{"a timestamp of ten decimals", "x.gz", head + "1700000001.5000000001: {}\n", 2, "timestamp"},
		{"a timestamp with an exponent", "x.jsonl.gz", `{"t":"connect","conn":"w","ts":1.7e9,"addr":"wss://alpha/ws"}` + "\n", 1, "timestamp"},
		{"a timestamp beyond 64 bits", "x.gz", head + "99999999999999999999: {}\n", 2, "timestamp"},
		{"no timestamp", "x.jsonl.gz", `{"t":"connect","conn":"w","addr":"wss://alpha/ws"}` + "\n", 1, "timestamp"},
		{"a negative stamp", "a.gz", "1700000000000000000 {}\n-5 {}\n", 2, "timestamp"},
		{"a stamp alone", "a.gz", "1700000000000000000 {}\n1700000000000000000\n", 2, "form"},
		{"an unknown record type", "x.jsonl.gz", `{"t":"receipt"}` + "\n", 1, "receipt"},
		{"a frame before its connection", "x.jsonl.gz", `{"t":"recv","conn":"w","ts":1700000000,"data":"{}"}` + "\n", 1, `"w"`},
		{"a frame without data", "x.jsonl.gz", `{"t":"recv","conn":"w","ts":1700000000}` + "\n", 1, "data"},
		{"a connection without address", "x.jsonl.gz", `{"t":"connect","conn":"w","ts":1700000000}` + "\n", 1, "address"},
		{"half a JSON line", "x.jsonl.gz", `{"t":"recv","conn":"w","ts":17000`, 1, "JSON"},
		{"nobody's connection", "x.gz", "wss://gamma/ws <-> 1700000000\n", 1, "wss://gamma/ws"},
		{"nobody's REST answer", "x.gz", head + "https://gamma/depth -> 1700000000: {}\n", 2, "https://gamma/depth"},
		{"two owners", "x.gz", "wss://alpha.beta/ws <-> 1700000000\n", 1, "two protocols"},
		{"another market on the same connection", "x.gz", head + "wss://beta/ws <-> 1700000001\n", 2, "another market"},
		{"a market that nothing tells", "y.gz", "1700000000000000000 {}\n", 1, "manifest.json"},
		{"a REST answer that nothing tells", "b.gz", "1700000000000000000 {\"lastUpdateId\":5}\n", 1, "rest URL"},
		{"nothing in it", "x.gz", "", 0, "empty"},
		{"nothing received", "x.jsonl.gz", `{"t":"header"}` + "\n", 0, "nothing"},
		{"cut off in plain text", "x.jsonl", `{"t":"header"}` + "\n" + `{"t":"head`, 2, "truncated"},
		{"too large", "x.gz", head + "1700000000: \"" + strings.Repeat("x", 4096) + "\"\n", 2, "MaxBytes"},
		{"a part is missing", "a_part3.gz", "1700000000000000000 {}\n", 0, "part 3 follows part 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{c.file: c.text,
				"manifest.json": `{"streams":[{"files":"a*","address":"wss://alpha/ws"},{"files":"b.gz","address":"wss://beta/ws"}]}`}
			if strings.Contains(c.file, "part3") {
				files["a_part1.gz"] = "1700000000000000000 {}\n"
			}
			_, err := feed.OpenReplay(feed.ReplayConfig{Dir: folder(t, "rec", files), Protocols: protocols("alpha", "beta"), MaxBytes: 4096})
			var e *feed.ReplayError
			if !errors.As(err, &e) || e.File != c.file || e.Line != c.line || !strings.Contains(e.Error(), c.says) {
				t.Errorf("got %v, want %s:%d and a word of %q", err, c.file, c.line, c.says)
			}
		})
	}
}

func TestReplayRefusesDamagedFiles(t *testing.T) {
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "%d {\"n\":%d}\n", 1700000000000000000+i, i*7919+1)
	}
	whole := zip([]byte(text.String()))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 4
	crc := bytes.Clone(whole)
	crc[len(crc)-6] ^= 1
	for name, b := range map[string][]byte{
		"truncated": whole[:len(whole)*2/3], "without its checksum": whole[:len(whole)-8], "one bit flipped": flipped, "another checksum": crc,
		"no gzip": []byte("hello"), "a header alone": whole[:9], "zero bytes": {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, "rec", map[string]string{"manifest.json": manifestA})
			if err := os.WriteFile(filepath.Join(dir, "a.gz"), b, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: protocols("alpha")})
			var e *feed.ReplayError
			if !errors.As(err, &e) || e.File != "a.gz" || e.Line < 1 {
				t.Errorf("got %v, want an error of a.gz and its line", err)
			}
			t.Log(err)
		})
	}
}

func TestReplayConfigErrors(t *testing.T) {
	good := func() feed.ReplayConfig {
		return feed.ReplayConfig{Dir: folder(t, "rec", map[string]string{"manifest.json": manifestA, "a.gz": "1 {\"n\":1}\n"}), Protocols: protocols("alpha")}
	}
	cases := []struct {
		name   string
		change func(*feed.ReplayConfig)
		is     error
	}{
		{"none", func(*feed.ReplayConfig) {}, nil},
		{"no protocols", func(c *feed.ReplayConfig) { c.Protocols = nil }, exchange.ErrInvalid},
		{"a nil protocol", func(c *feed.ReplayConfig) { c.Protocols = append(c.Protocols, nil) }, exchange.ErrInvalid},
		{"negative speed", func(c *feed.ReplayConfig) { c.Speed = -1 }, exchange.ErrInvalid},
		{"missing folder", func(c *feed.ReplayConfig) { c.Dir += "/no" }, fs.ErrNotExist},
		{"empty folder", func(c *feed.ReplayConfig) { c.Dir = t.TempDir() }, exchange.ErrInvalid},
	}
	for _, c := range cases {
		cfg := good()
		c.change(&cfg)
		if _, err := feed.OpenReplay(cfg); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, m := range []string{"{", `{"streams":[{"files":"[","address":"x"}]}`, `{"streams":[{"files":"x"}]}`, `{"stream":[]}`} {
		cfg := good()
		if err := os.WriteFile(filepath.Join(cfg.Dir, "manifest.json"), []byte(m), 0o644); err != nil {
			t.Fatal(err)
		}
		var e *feed.ReplayError
		if _, err := feed.OpenReplay(cfg); !errors.As(err, &e) || e.File != "manifest.json" {
			t.Errorf("manifest %s: %v", m, err)
		}
	}
}

func TestReplayStopsAtAFrameThatTheDecoderRefuses(t *testing.T) {
	dir := folder(t, "rec", map[string]string{"manifest.json": manifestA, "a.gz": "1 {\"n\":1}\n2 {\"n\":0}\n3 {\"n\":3}\n"})
	r, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: protocols("alpha")})
	if err != nil {
		t.Fatal(err)
	}
	books, err := play(t, r)
	var e *feed.ReplayError
	if !errors.As(err, &e) || e.File != "a.gz" || e.Line != 2 || !errors.Is(err, exchange.ErrFrame) || len(books) != 1 {
		t.Fatalf("got %v after %v", err, books)
	}
	if again := r.Step(nil); !reflect.DeepEqual(again, err) {
		t.Errorf("the next Step says %v", again)
	}
	if s := r.Stats(); s.Messages != 1 || s.Books != 1 {
		t.Errorf("counted the damaged frame: %+v", s)
	}
}

func TestReplayRunIsPaced(t *testing.T) {
	for speed, took := range map[float64]time.Duration{0: 0, 1: 9 * time.Second, 10: 900 * time.Millisecond, 0.5: 18 * time.Second} {
		t.Run(fmt.Sprint(speed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := folder(t, "rec", map[string]string{"manifest.json": manifestA, "a.gz": "1000000000 {\"n\":1}\n4000000000 {\"n\":2}\n10000000000 {\"n\":3}\n"})
				r, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: protocols("alpha"), Speed: speed})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				var seqs []uint64
				err = r.StreamBooks(t.Context(), []exchange.Symbol{exchange.MustSymbol("BTC-USDT")}, func(b *exchange.Book) {
					seqs = append(seqs, b.Seq)
					if time.Until(b.RecvTime) != 0 {
						t.Errorf("a live book of age %v", time.Since(b.RecvTime))
					}
				})
				want(t, "error", err, nil)
				want(t, "books", seqs, []uint64{1, 2, 3})
				want(t, "time", time.Since(began), took)
			})
		})
	}
}

func TestReplayRunCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := folder(t, "rec", map[string]string{"manifest.json": manifestA, "a.gz": "1 {\"n\":1}\n9000000000000 {\"n\":2}\n"})
		r, err := feed.OpenReplay(feed.ReplayConfig{Dir: dir, Protocols: protocols("alpha"), Speed: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		n := 0
		err = r.StreamBooks(ctx, []exchange.Symbol{exchange.MustSymbol("ETH-USDT")}, func(*exchange.Book) { n++ })
		if !errors.Is(err, context.DeadlineExceeded) || n != 0 {
			t.Errorf("got %v and %d books of another symbol", err, n)
		}
	})
}
