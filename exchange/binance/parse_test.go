package binance_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
	"github.com/bothlegs/bothlegs/internal/scan/scantest"
)

const (
	spotFrame    = `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":101,"u":105,"b":[["61737.63000000","0.50000000"]],"a":[["61837.64000000","0.00000000"]]}}`
	futuresFrame = `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"T":1723161255200,"s":"BTCUSDT","ps":"BTCUSDT","st":1,"U":101,"u":105,"pu":99,"b":[["61737.60","0.5"]],"a":[]}}`
	spotSnapshot = `{"lastUpdateId":100,"bids":[["61700.00000000","1.00000000"],["61699.00000000","2.00000000"]],"asks":[["61837.64000000","3.00000000"],["61900.00000000","4.00000000"]]}`
	perpSnapshot = `{"lastUpdateId":102,"E":1723161255201,"T":1723161255199,"bids":[["61700.00","1.000"]],"asks":[["61837.60","3"]]}`
)

// stream is a decoder and what it emitted.
type stream struct {
	feed.Decoder
	t     *testing.T
	rest  string
	books []*exchange.Book
}

func newStream(t *testing.T, kind exchange.Kind) *stream {
	t.Helper()
	s := &stream{t: t, rest: spotREST + "BTCUSDT"}
	if kind == exchange.Perp {
		s.rest = futuresREST + "BTCUSDT"
	}
	p, err := binance.Protocol(kind, []exchange.Symbol{{Base: "BTC", Quote: "USDT", Kind: kind}, {Base: "ETH", Quote: "BTC", Kind: kind}})
	if err != nil {
		t.Fatal(err)
	}
	s.Decoder = p.Decoder(func(b *exchange.Book) { s.books = append(s.books, b.Clone()) })
	return s
}

// emitted are the books since the last call.
func (s *stream) emitted() []*exchange.Book {
	b := s.books
	s.books = nil
	return b
}

func (s *stream) snapshot(body string) {
	s.t.Helper()
	if err := s.Answer(t0, s.rest, []byte(body)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stream) frame(frame string) feed.Message {
	s.t.Helper()
	m, err := s.Frame(t0, []byte(frame))
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

var t0 = time.Unix(1723161254, 0)

func TestFramesThatChangeABook(t *testing.T) {
	for _, c := range []struct {
		kind              exchange.Kind
		snapshot, frame   string
		best              string
		venue             int64
		scale             exchange.Scale
		bids, asks, start int
	}{
		{exchange.Spot, spotSnapshot, spotFrame, "61737.63 x 0.50", 1723161255208, exchange.Scale{Price: -2, Size: -1}, 3, 1, 2},
		{exchange.Perp, perpSnapshot, futuresFrame, "61737.6 x 0.5", 1723161255200, exchange.Scale{Price: -1, Size: -1}, 2, 1, 1},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			s := newStream(t, c.kind)
			s.snapshot(c.snapshot)
			if b := s.emitted(); len(b) != 1 || len(b[0].Bids) != c.start || b[0].Err != nil {
				t.Fatalf("after the snapshot: %v", b)
			}
			for _, frame := range []string{c.frame, unwrap(c.frame)} {
				m := s.frame(frame)
				if m != (feed.Message{Kind: feed.Data, Topic: "btcusdt@depth@100ms"}) {
					t.Errorf("message %+v", m)
				}
				if c.kind == exchange.Perp {
					break // the same delta again is a gap there
				}
			}
			b := s.emitted()[0]
			best, _ := b.Best(exchange.Sell)
			want, size, _ := strings.Cut(c.best, " x ")
			if !b.Price(best).Equal(exchange.MustDecimal(want)) || !b.Size(best).Equal(exchange.MustDecimal(size)) || len(b.Bids) != c.bids || len(b.Asks) != c.asks {
				t.Errorf("book %v %v, want best bid %s", b.Bids, b.Asks, c.best)
			}
			if b.Seq != 105 || b.Scale != c.scale || !b.RecvTime.Equal(t0) || b.VenueTime.UnixMilli() != c.venue || b.Market.Symbol.Kind != c.kind || b.Market.Venue != "binance" {
				t.Errorf("book %+v", b)
			}
		})
	}
}

func unwrap(frame string) string {
	_, data, _ := strings.Cut(frame, `"data":`)
	return strings.TrimSuffix(data, "}")
}

func TestFramesThatChangeNoBook(t *testing.T) {
	wrapped := func(s string) string { return `{"stream":"x","data":` + s + `}` }
	for name, c := range map[string]struct {
		frame string
		want  feed.Message
	}{
		"bookTicker of spot":       {`{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}`, feed.Message{}},
		"bookTicker of futures":    {`{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4","T":1,"E":1}`, feed.Message{}},
		"trade":                    {`{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"2","T":1,"m":true,"M":true}`, feed.Message{}},
		"aggTrade":                 {`{"e":"aggTrade","E":1,"s":"BTCUSDT","a":1,"p":"1","q":"2","f":1,"l":1,"T":1,"m":true}`, feed.Message{}},
		"tickers of all":           {`[{"e":"24hrTicker","s":"BTCUSDT"}]`, feed.Message{}},
		"partial depth":            {`{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}`, feed.Message{}},
		"symbol that nobody asked": {strings.Replace(unwrap(spotFrame), "BTCUSDT", "XRPUSDT", 1), feed.Message{}},
		"serverShutdown":           {`{"e":"serverShutdown","E":1}`, feed.Message{Kind: feed.Reconnect}},
		"nothing":                  {`{}`, feed.Message{}},
	} {
		for _, frame := range []string{c.frame, wrapped(c.frame), " " + c.frame} {
			s := newStream(t, exchange.Spot)
			if m := s.frame(frame); m != c.want || len(s.books) != 0 {
				t.Errorf("%s: %+v and %d books, want %+v", name, m, len(s.books), c.want)
			}
		}
	}
}

func TestAnswersToRequests(t *testing.T) {
	s := newStream(t, exchange.Spot)
	if m := s.frame(`{"result":null,"id":7}`); m != (feed.Message{Kind: feed.Ack, ID: 7}) {
		t.Errorf("ack: %+v", m)
	}
	for frame, want := range map[string]struct {
		id    uint64
		class error
		text  string
	}{
		`{"code":2,"msg":"Invalid request: unknown variant","id":9}`:    {9, exchange.ErrInvalid, "unknown variant"},
		`{"error":{"code":2,"msg":"Invalid request"},"id":10}`:          {10, exchange.ErrInvalid, "Invalid request"},
		`{"error":{"code":3,"msg":"Invalid JSON"}}`:                     {0, exchange.ErrInvalid, "Invalid JSON"},
		`{"error":{"code":0,"msg":"Too many requests"},"id":11}`:        {11, exchange.ErrRateLimited, "Too many"},
		`{"error":{"code":-1003,"msg":"slow down"},"id":12,"status":1}`: {12, exchange.ErrRateLimited, "slow down"},
	} {
		m := s.frame(frame)
		if m.Kind != feed.Refused || m.ID != want.id || !errors.Is(m.Err, want.class) || !strings.Contains(m.Err.Error(), want.text) {
			t.Errorf("%s: %+v", frame, m)
		}
	}
	// The request itself.
	p, _ := binance.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")})
	if got := string(p.Subscribe(3, []string{"btcusdt@depth@100ms", "x"})); got != `{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","x"],"id":3}` {
		t.Errorf("subscribe: %s", got)
	}
	if got := string(p.Unsubscribe(4, []string{"x"})); got != `{"method":"UNSUBSCRIBE","params":["x"],"id":4}` {
		t.Errorf("unsubscribe: %s", got)
	}
}

func TestBadFrames(t *testing.T) {
	edit := func(frame string, pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(frame)
		if out == frame {
			t.Fatalf("%v changes nothing", pairs)
		}
		return out
	}
	for name, c := range map[string]struct {
		kind  exchange.Kind
		frame string
	}{
		"futures frame on spot":      {exchange.Spot, futuresFrame},
		"pu on spot":                 {exchange.Spot, edit(spotFrame, `"U":101`, `"pu":99,"U":101`)},
		"T on spot":                  {exchange.Spot, edit(spotFrame, `"s":`, `"T":5,"s":`)},
		"spot frame on futures":      {exchange.Perp, spotFrame},
		"futures without pu":         {exchange.Perp, edit(futuresFrame, `"pu":99,`, ``)},
		"futures without T":          {exchange.Perp, edit(futuresFrame, `"T":1723161255200,`, ``)},
		"cut":                        {exchange.Spot, spotFrame[:len(spotFrame)-3]},
		"no JSON":                    {exchange.Spot, `<html>`},
		"empty":                      {exchange.Spot, ``},
		"null":                       {exchange.Spot, `null`},
		"array, damaged":             {exchange.Spot, `[{]`},
		"negative price":             {exchange.Spot, edit(spotFrame, `61737.63000000`, `-61737.63000000`)},
		"negative size":              {exchange.Spot, edit(spotFrame, `0.50000000`, `-0.5`)},
		"price of 0":                 {exchange.Spot, edit(spotFrame, `61737.63000000`, `0.00000000`)},
		"NaN":                        {exchange.Spot, edit(spotFrame, `61737.63000000`, `NaN`)},
		"1e400":                      {exchange.Spot, edit(spotFrame, `61737.63000000`, `1e400`)},
		"empty price":                {exchange.Spot, edit(spotFrame, `61737.63000000`, ``)},
		"a number for a price":       {exchange.Spot, edit(spotFrame, `"61737.63000000"`, `61737.63000000`)},
		"no bids":                    {exchange.Spot, edit(spotFrame, `"b":[["61737.63000000","0.50000000"]],`, ``)},
		"asks are null":              {exchange.Spot, edit(spotFrame, `[["61837.64000000","0.00000000"]]`, `null`)},
		"no u":                       {exchange.Spot, edit(spotFrame, `"u":105,`, ``)},
		"u is text":                  {exchange.Spot, edit(spotFrame, `"u":105`, `"u":"105"`)},
		"U above u":                  {exchange.Spot, edit(spotFrame, `"U":101`, `"U":106`)},
		"U negative":                 {exchange.Spot, edit(spotFrame, `"U":101`, `"U":-1`)},
		"no symbol":                  {exchange.Spot, edit(spotFrame, `"s":"BTCUSDT",`, ``)},
		"event's name is no text":    {exchange.Spot, edit(spotFrame, `"depthUpdate"`, `5`)},
		"data is no object":          {exchange.Spot, `{"stream":"btcusdt@depth","data":"x"}`},
		"an error that is no object": {exchange.Spot, `{"error":"x","id":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(t, c.kind)
			if m, err := s.Frame(t0, []byte(c.frame)); !errors.Is(err, exchange.ErrFrame) || len(s.books) != 0 {
				t.Errorf("message %+v, error %v, %d books", m, err, len(s.books))
			}
		})
	}
}

// Members in another order, twice, or with white space are for the second reader, and mean the same.
func TestOddFramesReadAlike(t *testing.T) {
	want := newStream(t, exchange.Spot)
	want.snapshot(spotSnapshot)
	want.frame(spotFrame)
	book := want.emitted()[1]
	for name, frame := range map[string]string{
		"white space":       strings.ReplaceAll(spotFrame, ",", " ,\n "),
		"data before":       `{"data":` + unwrap(spotFrame) + `,"stream":"btcusdt@depth@100ms"}`,
		"levels before":     `{"e":"depthUpdate","b":[["61737.63","0.5"]],"a":[["61837.64","0"]],"u":105,"U":101,"s":"BTCUSDT","E":1723161255208}`,
		"unknown members":   strings.Replace(spotFrame, `"b":`, `"zz":{"b":[1]},"b":`, 1),
		"a member twice":    strings.Replace(spotFrame, `"u":105`, `"u":1,"u":105`, 1),
		"exponent":          strings.Replace(spotFrame, `"0.50000000"`, `"5e-1"`, 1),
		"escapes":           strings.Replace(spotFrame, `"BTCUSDT"`, `"BTC\u0055SDT"`, 1),
		"more in the level": strings.Replace(spotFrame, `"0.50000000"`, `"0.50000000",[]`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(t, exchange.Spot)
			s.snapshot(spotSnapshot)
			s.frame(frame)
			b := s.emitted()[1]
			if fmt.Sprint(b) != fmt.Sprint(book) {
				t.Errorf("book %v, want %v", b, book)
			}
		})
	}
}

// One of the numbers that no 64 bits hold spoils its own book only.
func TestOverflowIsToldByTheBook(t *testing.T) {
	s := newStream(t, exchange.Spot)
	s.snapshot(spotSnapshot)
	s.frame(spotFrame)
	s.emitted()
	huge := strings.NewReplacer(`"U":101,"u":105`, `"U":106,"u":106`, "0.50000000", "123456789012345678901").Replace(spotFrame)
	if m := s.frame(huge); m.Kind != feed.Data {
		t.Errorf("message %+v", m)
	}
	if b := s.emitted(); len(b) != 1 || !errors.Is(b[0].Err, exchange.ErrScale) || len(b[0].Bids)+len(b[0].Asks) != 0 {
		t.Errorf("books %v", b)
	}
	s.snapshot(strings.Replace(spotSnapshot, "100", "200", 1))
	if b := s.emitted(); len(b) != 1 || b[0].Err != nil {
		t.Errorf("rebuilt: %v", b)
	}
	if err := s.Answer(t0, s.rest, []byte(strings.Replace(strings.Replace(spotSnapshot, "100", "300", 1), "1.00000000", "123456789012345678901", 1))); !errors.Is(err, exchange.ErrScale) {
		t.Errorf("snapshot that does not fit: %v", err)
	}
}

func TestBadSnapshots(t *testing.T) {
	for name, c := range map[string]struct {
		kind exchange.Kind
		body string
		want error
	}{
		"crossed":         {exchange.Spot, `{"lastUpdateId":1,"bids":[["2","1"]],"asks":[["1","1"]]}`, exchange.ErrCrossed},
		"touching":        {exchange.Spot, `{"lastUpdateId":1,"bids":[["2","1"]],"asks":[["2","1"]]}`, exchange.ErrCrossed},
		"negative":        {exchange.Spot, `{"lastUpdateId":1,"bids":[["-2","1"]],"asks":[]}`, exchange.ErrFrame},
		"NaN":             {exchange.Spot, `{"lastUpdateId":1,"bids":[["NaN","1"]],"asks":[]}`, exchange.ErrFrame},
		"1e400":           {exchange.Spot, `{"lastUpdateId":1,"bids":[["1e400","1"]],"asks":[]}`, exchange.ErrFrame},
		"overflow":        {exchange.Spot, `{"lastUpdateId":1,"bids":[["1","99999999999999999999"]],"asks":[]}`, exchange.ErrScale},
		"no id":           {exchange.Spot, `{"bids":[],"asks":[]}`, exchange.ErrFrame},
		"negative id":     {exchange.Spot, `{"lastUpdateId":-1,"bids":[],"asks":[]}`, exchange.ErrFrame},
		"no asks":         {exchange.Spot, `{"lastUpdateId":1,"bids":[]}`, exchange.ErrFrame},
		"cut":             {exchange.Spot, spotSnapshot[:50], exchange.ErrFrame},
		"error body":      {exchange.Spot, `{"code":-1121,"msg":"Invalid symbol."}`, exchange.ErrFrame},
		"futures on spot": {exchange.Spot, perpSnapshot, exchange.ErrFrame},
		"spot on futures": {exchange.Perp, spotSnapshot, exchange.ErrFrame},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(t, c.kind)
			if err := s.Answer(t0, s.rest, []byte(c.body)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			for _, b := range s.books {
				if b.Err == nil || len(b.Bids)+len(b.Asks) > 0 {
					t.Errorf("book %+v", b)
				}
			}
		})
	}
}

func TestAnswerAddresses(t *testing.T) {
	s := newStream(t, exchange.Spot)
	for _, address := range []string{futuresREST + "BTCUSDT", "https://api.binance.com/api/v3/ticker?symbol=BTCUSDT", "https://example.com/api/v3/depth?symbol=BTCUSDT", ":"} {
		if err := s.Answer(t0, address, []byte(spotSnapshot)); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := s.Answer(t0, spotREST+"XRPUSDT", []byte(spotSnapshot)); err != nil || len(s.books) != 0 {
		t.Errorf("a symbol that nobody asked for: %v, %d books", err, len(s.books))
	}
}

func TestOwns(t *testing.T) {
	spot, err := binance.Protocol(exchange.Spot, []exchange.Symbol{exchange.MustSymbol("BTC-USDT")})
	if err != nil {
		t.Fatal(err)
	}
	perp, err := binance.Protocol(exchange.Perp, []exchange.Symbol{exchange.MustSymbol("BTC-USDT-PERP")})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"wss://stream.binance.com:9443/stream?streams=btcusdt@depth": "spot",
		"wss://stream.binance.com/ws/btcusdt@depth":                  "spot",
		"wss://data-stream.binance.vision/stream":                    "spot",
		"wss://fstream.binance.com/stream?streams=x":                 "perp",
		"wss://fstream.binance.com/public/stream":                    "perp",
		"https://api.binance.com/api/v3/depth?symbol=BTCUSDT":        "spot",
		"https://api4.binance.com/api/v3/depth?symbol=BTCUSDT":       "spot",
		"https://www.binance.com/api/v1/depth?symbol=BTCUSDT":        "spot",
		"https://data-api.binance.vision/api/v3/depth?symbol=X":      "spot",
		"https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT":      "perp",
		"https://www.binance.com/fapi/v1/depth?symbol=BTCUSDT":       "perp",
		"https://dapi.binance.com/dapi/v1/depth?symbol=BTCUSD":       "",
		"wss://dstream.binance.com/stream":                           "",
		"wss://stream.bybit.com/v5/public/linear":                    "",
		"wss://stream.binance.com.evil.example/stream":               "",
		"https://evilbinance.com/api/v3/depth":                       "",
		"":                                                           "",
		"%":                                                          "",
	} {
		got := ""
		if spot.Owns(address) {
			got += "spot"
		}
		if perp.Owns(address) {
			got += "perp"
		}
		if got != want {
			t.Errorf("%s belongs to %q, want %q", address, got, want)
		}
	}
}

func TestProtocolRefuses(t *testing.T) {
	y := exchange.MustSymbol
	for name, c := range map[string]struct {
		kind    exchange.Kind
		symbols []exchange.Symbol
	}{
		"none":       {exchange.Spot, nil},
		"wrong kind": {exchange.Spot, []exchange.Symbol{y("BTC-USDT-PERP")}},
		"twice":      {exchange.Spot, []exchange.Symbol{y("BTC-USDT"), y("BTC-USDT")}},
		"no name":    {exchange.Spot, []exchange.Symbol{{}}},
		"one name":   {exchange.Spot, []exchange.Symbol{y("BT-CUSDT"), y("BTC-USDT")}},
	} {
		if _, err := binance.Protocol(c.kind, c.symbols); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLost(t *testing.T) {
	s := newStream(t, exchange.Spot)
	s.snapshot(spotSnapshot)
	s.emitted()
	cause := errors.New("reset by peer")
	s.Lost(t0.Add(time.Second), cause)
	books := s.emitted()
	if len(books) != 2 {
		t.Fatalf("%d books, want both of the connection", len(books))
	}
	for _, b := range books {
		if !errors.Is(b.Err, exchange.ErrDown) || !errors.Is(b.Err, cause) || len(b.Bids) != 0 || !b.RecvTime.Equal(t0.Add(time.Second)) {
			t.Errorf("book %+v", b)
		}
	}
	// The next connection starts from nothing.
	s.frame(spotFrame)
	if b := s.emitted(); len(b) != 0 {
		t.Errorf("a delta without snapshot gave %v", b)
	}
	s.snapshot(strings.Replace(spotSnapshot, "100", "101", 1))
	if b := s.emitted(); len(b) != 1 || b[0].Seq != 105 {
		t.Errorf("books %v", b)
	}
}

// A gap in one book leaves the others alone, and nobody can trade on the broken one.
func TestGapOfOneSymbol(t *testing.T) {
	s := newStream(t, exchange.Spot)
	s.snapshot(spotSnapshot)
	if err := s.Answer(t0, spotREST+"ETHBTC", []byte(`{"lastUpdateId":7,"bids":[["0.05","1"]],"asks":[["0.06","1"]]}`)); err != nil {
		t.Fatal(err)
	}
	s.frame(spotFrame)
	s.emitted()
	s.frame(strings.Replace(spotFrame, `"U":101,"u":105`, `"U":107,"u":109`, 1))
	b := s.emitted()
	if len(b) != 1 || !errors.Is(b[0].Err, exchange.ErrGap) || len(b[0].Bids)+len(b[0].Asks) != 0 {
		t.Fatalf("gap: %v", b)
	}
	s.frame(strings.NewReplacer("BTCUSDT", "ETHBTC", `"U":101,"u":105`, `"U":8,"u":9`, "61737.63", "0.055", "61837.64", "0.06").Replace(spotFrame))
	if b := s.emitted(); len(b) != 1 || b[0].Err != nil || b[0].Market.Symbol.Base != "ETH" || b[0].Seq != 9 {
		t.Fatalf("the other book: %v", b)
	}
	s.snapshot(strings.Replace(spotSnapshot, "100", "108", 1))
	if b := s.emitted(); len(b) != 1 || b[0].Err != nil || b[0].Seq != 109 {
		t.Fatalf("rebuilt: %v", b)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		s := newStream(t, kind)
		s.Decoder = nil
		p, _ := binance.Protocol(kind, []exchange.Symbol{{Base: "BTC", Quote: "USDT", Kind: kind}})
		emitted := 0
		d := p.Decoder(func(*exchange.Book) { emitted++ })
		var frames [][]byte
		for _, r := range handmade(kind, s.rest) {
			if r.url != "" {
				if err := d.Answer(t0, s.rest, r.data); err != nil {
					t.Fatal(err)
				}
				continue
			}
			frames = append(frames, r.data)
		}
		i := 0
		next := func() {
			if m, err := d.Frame(t0, frames[i]); err != nil || m.Kind != feed.Data {
				t.Fatal(m, err)
			}
			i++
		}
		for i < 100 { // sides and buffers reach their size
			next()
		}
		if n := testing.AllocsPerRun(90, next); n != 0 {
			t.Errorf("%s: %v allocations a frame", kind, n)
		}
		if emitted != i+1 {
			t.Errorf("%s: %d books of %d frames", kind, emitted, i)
		}
	}
}

// Recorded and documented messages are read without complaint, alike by both readers.
func TestPayloads(t *testing.T) {
	fast, slow := binance.Readers(exchange.Perp)
	for _, name := range []string{"naut__futures__market_data_json__depth_update_stream.json", "nautit__ws_futures_depth_diff_update.json", "nautit__ws_futures_depth_update.json"} {
		data := read(t, "binance/ws_depth/"+name)
		scantest.Agree(t, data, fast, slow)
		s := newStream(t, exchange.Perp)
		if m := s.frame(string(data)); m.Kind != feed.Data {
			t.Errorf("%s: %+v", name, m)
		}
	}
	fastS, slowS := binance.SnapshotReaders()
	for name, kind := range map[string]exchange.Kind{
		"cf__depth_NKNUSDT.json": exchange.Spot, "naut__spot__http_json__depth_response.json": exchange.Spot, "nautit__http_spot_market_depth.json": exchange.Spot,
		"cf__depth_SUSHIUSDT.json": exchange.Perp, "nautit__http_futures_market_depth.json": exchange.Perp,
	} {
		data := read(t, "binance/rest_depth/"+name)
		scantest.Agree(t, data, fastS, slowS)
		s := newStream(t, kind)
		s.snapshot(string(data))
		if b := s.emitted(); len(b) != 1 || b[0].Check() != nil || len(b[0].Bids) == 0 {
			t.Errorf("%s: %v", name, b)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(fixtures.Path(t, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(b)
}

func TestRecordedFramesReadAlike(t *testing.T) {
	for part, kind := range map[string]exchange.Kind{"binance_2024-08-08/spot_btcusdt_part1.gz": exchange.Spot, "binance_2024-07-18/usdm_btcusdt.gz": exchange.Perp} {
		fast, slow := binance.Readers(kind)
		records, taken := recorded(t, "rest", part), 0
		for _, r := range records[:2000] {
			if r.url == "" && scantest.Agree(t, r.data, fast, slow) {
				taken++
			}
		}
		if taken < 1990 {
			t.Errorf("%s: the fast reader took only %d of 2000 frames", part, taken)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, s := range []string{spotFrame, futuresFrame, unwrap(spotFrame), unwrap(futuresFrame), `{"result":null,"id":1}`, `{"e":"trade","s":"BTCUSDT"}`,
		`{"u":1,"s":"BTCUSDT","b":"1"}`, `{"stream":"x","data":{"u":1,"e":"depthUpdate"}}`, strings.Replace(spotFrame, "BTCUSDT", "XRPUSDT", 1)} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, spot bool) {
		kind := exchange.Perp
		if spot {
			kind = exchange.Spot
		}
		fast, slow := binance.Readers(kind)
		scantest.Agree(t, data, fast, slow)
		s := newStream(t, kind)
		s.snapshot(map[bool]string{true: spotSnapshot, false: perpSnapshot}[spot])
		_, err := s.Frame(t0, data)
		if err != nil && !errors.Is(err, exchange.ErrFrame) {
			t.Fatalf("an error of no kind: %v", err)
		}
		for _, b := range s.books {
			if b.Err == nil && b.Check() != nil || b.Err != nil && len(b.Bids)+len(b.Asks) > 0 {
				t.Fatalf("book %+v: %v", b, b.Check())
			}
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(spotSnapshot))
	f.Add([]byte(perpSnapshot))
	f.Fuzz(func(t *testing.T, data []byte) {
		fast, slow := binance.SnapshotReaders()
		scantest.Agree(t, data, fast, slow)
		s := newStream(t, exchange.Spot)
		_ = s.Answer(t0, s.rest, data)
		for _, b := range s.books {
			if b.Err == nil && b.Check() != nil {
				t.Fatalf("book %+v: %v", b, b.Check())
			}
		}
	})
}
