package bybit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/feed"
)

func symbols(s ...string) (r []exchange.Symbol) {
	for _, x := range s {
		r = append(r, exchange.MustSymbol(x))
	}
	return r
}

func protocol(t testing.TB, kind exchange.Kind, names ...string) feed.Protocol {
	t.Helper()
	p, err := bybit.Protocol(kind, symbols(names...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// push is a frame of the orderbook topic as linear sends it. Levels are "price:size price:size".
func push(name, kind, bids, asks string, u int64) string {
	side := func(s string) string {
		var r []string
		for l := range strings.FieldsSeq(s) {
			p, q, _ := strings.Cut(l, ":")
			r = append(r, fmt.Sprintf(`["%s","%s"]`, p, q))
		}
		return "[" + strings.Join(r, ",") + "]"
	}
	return fmt.Sprintf(`{"topic":"orderbook.200.%s","type":"%s","ts":1700000000123,"data":{"s":"%s","b":%s,"a":%s,"u":%d,"seq":7961638724},"cts":1700000000100}`,
		name, kind, name, side(bids), side(asks), u)
}

// step is one frame, what it has to be taken for, and what has to be emitted during it.
type step struct {
	frame string
	want  string // kind and topic
	emits string // books, as show has them; "" none
	err   error
	after time.Duration // before the frame, beyond a second
}

// script plays steps on one connection, a second apart.
func script(t *testing.T, p feed.Protocol, steps []step) {
	t.Helper()
	var emitted []string
	d := p.Decoder(func(b *exchange.Book) { emitted = append(emitted, show(b)) })
	at := time.UnixMilli(1700000000000)
	for i, s := range steps {
		at = at.Add(time.Second + s.after)
		emitted = nil
		m, err := d.Frame(at, []byte(s.frame))
		if !errors.Is(err, s.err) || (err == nil) != (s.err == nil) {
			t.Fatalf("step %d: error %v, want %v", i+1, err, s.err)
		}
		if got := tell(m); err == nil && got != s.want {
			t.Errorf("step %d: %s, want %s", i+1, got, s.want)
		}
		if got := strings.Join(emitted, "; "); got != s.emits {
			t.Errorf("step %d emits\n%s\nwant\n%s", i+1, got, s.emits)
		}
	}
}

func tell(m feed.Message) string {
	names := map[feed.MessageKind]string{feed.Other: "other", feed.Data: "data", feed.Ack: "ack", feed.Refused: "refused", feed.Pong: "pong",
		feed.Resubscribe: "resubscribe", feed.Reconnect: "reconnect"}
	s := names[m.Kind]
	if m.ID != 0 {
		s += fmt.Sprintf(" %d", m.ID)
	}
	if m.Topic != "" {
		s += " " + m.Topic
	}
	return s
}

const (
	data   = "data orderbook.200.BTCUSDT"
	renew  = "resubscribe orderbook.200.BTCUSDT"
	gap    = "bybit:BTC-USDT: gap"
	twoU   = "bybit:BTC-USDT 10: 100x1 99x2 | 101x3"
	solTop = "data orderbook.200.SOLUSDT"
)

func first() step {
	return step{frame: push("BTCUSDT", "snapshot", "100:1 99:2", "101:3", 10), want: data, emits: twoU}
}

func TestSequence(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
	}{
		{"a delta follows", []step{first(),
			{frame: push("BTCUSDT", "delta", "100:0 98.5:7", "101.5:4", 11), want: data, emits: "bybit:BTC-USDT 11: 99x2 98.5x7 | 101x3 101.5x4"},
			{frame: push("BTCUSDT", "delta", "", "101:1", 12), want: data, emits: "bybit:BTC-USDT 12: 99x2 98.5x7 | 101x1 101.5x4"}}},
		{"u=1 after a restart is a snapshot", []step{first(),
			{frame: push("BTCUSDT", "snapshot", "90:1", "91:1", 1), want: data, emits: "bybit:BTC-USDT 1: 90x1 | 91x1"},
			{frame: push("BTCUSDT", "delta", "90:2", "", 2), want: data, emits: "bybit:BTC-USDT 2: 90x2 | 91x1"}}},
		{"u=1 in a delta is a snapshot too", []step{first(),
			{frame: push("BTCUSDT", "delta", "90:1", "91:1", 1), want: data, emits: "bybit:BTC-USDT 1: 90x1 | 91x1"}}},
		{"snapshot mid-stream replaces", []step{first(),
			{frame: push("BTCUSDT", "snapshot", "90:1", "91:1", 500), want: data, emits: "bybit:BTC-USDT 500: 90x1 | 91x1"},
			{frame: push("BTCUSDT", "delta", "90:2", "", 501), want: data, emits: "bybit:BTC-USDT 501: 90x2 | 91x1"}}},
		{"an older snapshot mid-stream replaces", []step{first(),
			{frame: push("BTCUSDT", "snapshot", "90:1", "91:1", 3), want: data, emits: "bybit:BTC-USDT 3: 90x1 | 91x1"}}},
		{"gap", []step{first(),
			{frame: push("BTCUSDT", "delta", "100:2", "", 12), want: renew, emits: gap},
			{frame: push("BTCUSDT", "delta", "100:3", "", 13), want: data},
			{frame: push("BTCUSDT", "snapshot", "98:1", "99:1", 30), want: data, emits: "bybit:BTC-USDT 30: 98x1 | 99x1"},
			{frame: push("BTCUSDT", "delta", "", "99:2", 31), want: data, emits: "bybit:BTC-USDT 31: 98x1 | 99x2"}}},
		{"repeated u is dropped", []step{first(),
			{frame: push("BTCUSDT", "delta", "100:9", "", 10), want: data},
			{frame: push("BTCUSDT", "delta", "100:9", "", 9), want: data},
			{frame: push("BTCUSDT", "delta", "100:5", "", 11), want: data, emits: "bybit:BTC-USDT 11: 100x5 99x2 | 101x3"}}},
		{"delta before snapshot", []step{
			{frame: push("BTCUSDT", "delta", "100:2", "", 21), want: renew},
			{frame: push("BTCUSDT", "delta", "100:3", "", 22), want: data},
			first()}},
		{"level 1 says the same again after 3 s", []step{
			{frame: strings.ReplaceAll(push("BTCUSDT", "snapshot", "100:1", "101:1", 7), ".200.", ".1."), want: data, emits: "bybit:BTC-USDT 7: 100x1 | 101x1"},
			{frame: strings.ReplaceAll(push("BTCUSDT", "snapshot", "100:1", "101:1", 7), ".200.", ".1."), want: data, emits: "bybit:BTC-USDT 7: 100x1 | 101x1"},
			{frame: strings.ReplaceAll(push("BTCUSDT", "snapshot", "100:2", "102:1", 9), ".200.", ".1."), want: data, emits: "bybit:BTC-USDT 9: 100x2 | 102x1"}}},
		{"a gap of one leaves the other", []step{first(),
			{frame: push("SOLUSDT", "snapshot", "77:10", "78:5", 500), want: solTop, emits: "bybit:SOL-USDT 500: 77x10 | 78x5"},
			{frame: push("BTCUSDT", "delta", "100:2", "", 21), want: renew, emits: gap},
			{frame: push("SOLUSDT", "delta", "77:7", "", 501), want: solTop, emits: "bybit:SOL-USDT 501: 77x7 | 78x5"}}},
		{"spot puts ts before type", []step{
			{frame: `{"topic":"orderbook.200.BTCUSDT","ts":1786310816516,"type":"snapshot","data":{"s":"BTCUSDT","b":[["65140.4","0.885797"]],"a":[["65140.5","1"]],"u":62505424,"seq":112488545843},"cts":1786310816512}`,
				want: data, emits: "bybit:BTC-USDT 62505424: 65140.4x0.885797 | 65140.5x1"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { script(t, protocol(t, exchange.Spot, "BTC-USDT", "SOL-USDT"), tt.steps) })
	}
}

func TestBadFrames(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(first().frame, old, new, 1) }
	bad := func(frame string) []step { return []step{{frame: frame, err: exchange.ErrFrame}} }
	tests := []struct {
		name  string
		steps []step
	}{
		{"crossed snapshot", []step{
			{frame: push("BTCUSDT", "snapshot", "101:1", "101:1", 10), want: renew, emits: "bybit:BTC-USDT: crossed book"}, first()}},
		{"crossed by a delta", []step{first(),
			{frame: push("BTCUSDT", "delta", "101.5:1", "", 11), want: renew, emits: "bybit:BTC-USDT: crossed book"}}},
		{"negative price", bad(push("BTCUSDT", "snapshot", "-100:1", "101:1", 10))},
		{"price of zero", bad(push("BTCUSDT", "snapshot", "0:1", "101:1", 10))},
		{"negative size", bad(push("BTCUSDT", "snapshot", "100:-1", "101:1", 10))},
		{"NaN", bad(push("BTCUSDT", "snapshot", "NaN:1", "101:1", 10))},
		{"1e400", bad(push("BTCUSDT", "snapshot", "1e400:1", "101:1", 10))},
		{"hexadecimal", bad(push("BTCUSDT", "snapshot", "0x10:1", "101:1", 10))},
		{"empty number", bad(push("BTCUSDT", "snapshot", ":1", "101:1", 10))},
		{"a size off the scale loses its book alone", []step{first(),
			{frame: push("SOLUSDT", "snapshot", "77:10", "78:5", 7), want: solTop, emits: "bybit:SOL-USDT 7: 77x10 | 78x5"},
			{frame: push("BTCUSDT", "delta", "99:99999999999999999999", "", 11), want: renew, emits: "bybit:BTC-USDT: off the scale"},
			{frame: push("BTCUSDT", "delta", "99:99999999999999999999", "", 12), want: data},
			{frame: push("SOLUSDT", "delta", "", "78:6", 8), want: solTop, emits: "bybit:SOL-USDT 8: 77x10 | 78x6"}}},
		{"digits off the scale", []step{first(),
			{frame: push("BTCUSDT", "delta", "99.00000000000000000001:1", "", 11), want: renew, emits: "bybit:BTC-USDT: off the scale"}}},
		{"more digits than before are kept", []step{first(),
			{frame: push("BTCUSDT", "delta", "100.123456:1", "", 11), want: data, emits: "bybit:BTC-USDT 11: 100.123456x1 100x1 99x2 | 101x3"}}},
		{"unknown symbol", []step{{frame: push("XYZUSDT", "snapshot", "100:1", "101:3", 10), want: "other"}}},
		{"an unknown symbol with bad numbers", []step{{frame: push("XYZUSDT", "delta", "1e400:1", "", 10), want: "other"}}},
		{"another topic", []step{{frame: `{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[{"T":1,"s":"BTCUSDT","S":"Sell","v":"0.004","p":"65114.20"}]}`, want: "other"}}},
		{"retail price improvement is another book", []step{{frame: replace("orderbook.200.", "orderbook.rpi."), want: "other"}}},
		{"two depths: the first snapshot's counts", []step{first(),
			{frame: replace("orderbook.200.", "orderbook.50."), want: "other"}}},
		{"another member order, white space", []step{{frame: `{ "data": {"u": 10, "a": [], "b": [["100", "1.50"]], "s": "BTCUSDT"}, "ts": 5, "type": "snapshot", "topic": "orderbook.200.BTCUSDT" }`,
			want: data, emits: "bybit:BTC-USDT 10: 100x1.5 |"}}},
		{"one market's data under another's topic", bad(strings.Replace(first().frame, `"s":"BTCUSDT"`, `"s":"SOLUSDT"`, 1))},
		{"no symbol", bad(replace(`"s":"BTCUSDT",`, ""))},
		{"no type", bad(replace(`"type":"snapshot",`, ""))},
		{"unknown type", bad(replace(`"snapshot"`, `"partial"`))},
		{"no asks", bad(replace(`"a":`, `"asks":`))},
		{"no u", bad(replace(`"u":10,`, ""))},
		{"a negative u", bad(replace(`"u":10`, `"u":-10`))},
		{"u as text", bad(replace(`"u":10`, `"u":"10"`))},
		{"no time", bad(replace(`"ts"`, `"tz"`))},
		{"a list of books", bad(`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1,"data":[{}]}`)},
		{"no data", bad(`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1}`)},
		{"levels as objects", bad(replace(`[["100","1"],`, `[{"price":"100","size":"1"},`))},
		{"numbers without quotes", bad(replace(`"100"`, `100`))},
		{"truncated", bad(first().frame[:len(first().frame)-7])},
		{"another venue's", bad(`{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}`)},
		{"API v2", bad(`{"topic":"orderBookL2_25.BTCUSD","type":"snapshot"}`)},
		{"not JSON", bad(`hello`)},
		{"empty", bad(``)},
		{"null", bad(`null`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { script(t, protocol(t, exchange.Spot, "BTC-USDT", "SOL-USDT"), tt.steps) })
	}
}

// VenueTime is the matching engine's, which comes later in the frame than that of the push; RecvTime is the caller's.
func TestTimes(t *testing.T) {
	at := time.UnixMilli(1700000000999)
	for frame, want := range map[string]int64{
		push("BTCUSDT", "snapshot", "100:1", "", 10):                                                 1700000000100,
		strings.Replace(push("BTCUSDT", "snapshot", "100:1", "", 10), `,"cts":1700000000100`, "", 1): 1700000000123,
	} {
		emitted := 0
		d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(b *exchange.Book) {
			emitted++
			if !b.VenueTime.Equal(time.UnixMilli(want)) || !b.RecvTime.Equal(at) {
				t.Errorf("venue time %v, received %v", b.VenueTime.UnixMilli(), b.RecvTime)
			}
		})
		if _, err := d.Frame(at, []byte(frame)); err != nil || emitted != 1 {
			t.Errorf("%d books, error %v", emitted, err)
		}
	}
}

// A market that the venue itself sends crossed is asked for anew ever more rarely.
func TestResubscriptionsArePaced(t *testing.T) {
	asked := 0
	d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(b *exchange.Book) {
		if b.Err == nil {
			t.Error("a crossed book was emitted as valid")
		}
	})
	at := time.UnixMilli(1700000000000)
	for range 1200 { // an hour, out of step with the waits
		at = at.Add(3 * time.Second)
		m, err := d.Frame(at, []byte(push("BTCUSDT", "snapshot", "101:1", "101:1", 10)))
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind == feed.Resubscribe {
			asked++
		}
	}
	if asked < 10 || asked > 20 { // 7 in the first 315 s, then one each 320 s
		t.Errorf("asked %d times in an hour, want 10 to 20", asked)
	}
}

// A request that was held back is made up for, also when the venue sends nothing but deltas.
func TestHeldBackResubscription(t *testing.T) {
	lose := step{frame: push("BTCUSDT", "delta", "", "", 21), want: renew, emits: gap}
	early := lose
	early.want = data
	quiet := step{frame: lose.frame, want: data}
	late := step{frame: lose.frame, want: renew, after: 3 * time.Second}
	script(t, protocol(t, exchange.Spot, "BTC-USDT"), []step{first(), lose, first(), early, quiet, late})
}

func TestControlFrames(t *testing.T) {
	tests := []struct {
		name, frame, want string
		class             error
	}{
		{"pong", `{"success":true,"ret_msg":"pong","conn_id":"5758770c","req_id":"","op":"ping"}`, "pong", nil},
		{"pong of private streams", `{"op": "pong", "args": ["1753340040127"], "conn_id": "d157a7"}`, "pong", nil},
		{"acknowledged", `{"success":true,"ret_msg":"subscribe","conn_id":"5758770c","req_id":"7","op":"subscribe"}`, "ack 7", nil},
		{"acknowledged without an id", `{"success":true,"ret_msg":"","conn_id":"d8bu1o","req_id":"","op":"subscribe"}`, "ack", nil},
		{"acknowledged by spot", `{"success":true,"ret_msg":"subscribe","conn_id":"d9avt8","op":"subscribe"}`, "ack", nil},
		{"gone", `{"success":true,"ret_msg":"","conn_id":"d8bu1o","req_id":"8","op":"unsubscribe"}`, "ack 8", nil},
		{"refused: no such topic", `{"success":false,"ret_msg":"error:handler not found,topic:orderbook.200.XYZ","conn_id":"5758770c","req_id":"9","op":"subscribe"}`, "refused 9", exchange.ErrInvalid},
		{"refused: it may pass", `{"success":false,"ret_msg":"busy","conn_id":"5758770c","req_id":"9","op":"subscribe"}`, "refused 9", nil},
		{"neither yes nor no", `{"req_id":"9","op":"subscribe"}`, "refused 9", nil},
		{"another operation", `{"success":true,"ret_msg":"","op":"auth"}`, "other", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(*exchange.Book) { t.Error("a book") })
			m, err := d.Frame(time.UnixMilli(1), []byte(tt.frame))
			if err != nil {
				t.Fatal(err)
			}
			if got := tell(m); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if (m.Kind == feed.Refused) != (m.Err != nil) || errors.Is(m.Err, exchange.ErrInvalid) != (tt.class != nil) {
				t.Errorf("error %v, want %v", m.Err, tt.class)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	for kind, want := range map[exchange.Kind]struct {
		url   string
		frame int // topics, 0: no rule of the venue
	}{
		exchange.Spot: {"wss://stream.bybit.com/v5/public/spot", 10},
		exchange.Perp: {"wss://stream.bybit.com/v5/public/linear", 0},
	} {
		s := "BTC-USDT"
		if kind == exchange.Perp {
			s += "-PERP"
		}
		p := protocol(t, kind, s)
		spec := p.Spec()
		if spec.URL != want.url || string(spec.Heartbeat.Text) != `{"op":"ping"}` || spec.Heartbeat.Interval != 20*time.Second || spec.Acks != feed.AckByID {
			t.Errorf("got %+v", spec)
		}
		if want.frame != 0 && spec.TopicsPerFrame != want.frame {
			t.Errorf("%d topics a request", spec.TopicsPerFrame)
		}
		// All topics of a connection may have 21,000 characters, with quotes and commas.
		if n := spec.TopicsPerConn * len(`"orderbook.1000.1000NEIROCTOANDSOMEMOREUSDT",`); n > 21000 {
			t.Errorf("%d characters of topics on a connection", n)
		}
	}
	p := protocol(t, exchange.Spot, "BTC-USDT")
	if got, want := string(p.Subscribe(1, []string{"orderbook.200.BTCUSDT", "orderbook.200.SOLUSDT"})), `{"req_id":"1","op":"subscribe","args":["orderbook.200.BTCUSDT","orderbook.200.SOLUSDT"]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got := p.Unsubscribe(22, []string{"orderbook.200.BTCUSDT"})
	if want := `{"req_id":"22","op":"unsubscribe","args":["orderbook.200.BTCUSDT"]}`; string(got) != want || !json.Valid(got) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOwns(t *testing.T) {
	spot, perp := protocol(t, exchange.Spot, "BTC-USDT"), protocol(t, exchange.Perp, "BTC-USDT-PERP")
	for address, want := range map[string]string{
		"wss://stream.bybit.com/v5/public/spot":                                       "spot",
		"wss://stream.bybit.com/v5/public/linear":                                     "perp",
		"wss://stream.bybit.tr/v5/public/spot":                                        "spot",
		"wss://stream-testnet.bybit.com/v5/public/linear":                             "perp",
		"wss://stream.bybit.com/v5/public/inverse":                                    "",
		"wss://stream.bybit.com/v5/private":                                           "",
		"wss://stream.bybit.com.evil.example/v5/public/spot":                          "",
		"wss://notbybit.com/v5/public/spot":                                           "",
		"https://api.bybit.com/v5/market/instruments-info?category=linear&limit=1000": "perp",
		"https://api.bytick.com/v5/market/orderbook?category=spot&symbol=BTCUSDT":     "spot",
		"https://api.bybit.com/v5/market/time":                                        "",
		"https://api.bybit.com/spot/v1/symbols":                                       "",
		"wss://ws.okx.com:8443/ws/v5/public":                                          "",
		"://":                                                                         "",
		"":                                                                            "",
	} {
		got := ""
		if spot.Owns(address) {
			got += "spot"
		}
		if perp.Owns(address) {
			got += "perp"
		}
		if got != want {
			t.Errorf("Owns(%q): %q, want %q", address, got, want)
		}
	}
}

func TestProtocol(t *testing.T) {
	tests := []struct {
		name    string
		kind    exchange.Kind
		symbols []exchange.Symbol
		known   []exchange.Instrument
		frame   string // whose market is followed
	}{
		{name: "spot by habit", symbols: symbols("BTC-USDT"), frame: "BTCUSDT"},
		{name: "spot against USDC", symbols: symbols("BTC-USDC"), frame: "BTCUSDC"},
		{name: "perpetual by habit", kind: exchange.Perp, symbols: symbols("BTC-USDT-PERP"), frame: "BTCUSDT"},
		{name: "perpetual against USDC", kind: exchange.Perp, symbols: symbols("BTC-USDC-PERP"), frame: "BTCPERP"},
		{name: "the instrument's name counts", symbols: symbols("BTC-USDT"), frame: "XBTUSDT",
			known: []exchange.Instrument{{Market: exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("BTC-USDT")}, VenueSymbol: "XBTUSDT", Tick: exchange.MustDecimal("0.1"), Lot: exchange.MustDecimal("1")}}},
		{name: "an instrument without one follows the habit", symbols: symbols("BTC-USDT"), frame: "BTCUSDT",
			known: []exchange.Instrument{{Market: exchange.Market{Venue: bybit.Venue, Symbol: exchange.MustSymbol("BTC-USDT")}}}},
		{name: "another venue's does not", symbols: symbols("BTC-USDT"), frame: "BTCUSDT",
			known: []exchange.Instrument{{Market: exchange.Market{Venue: "okx", Symbol: exchange.MustSymbol("BTC-USDT")}, VenueSymbol: "BTC-USDT"}}},
		{name: "no symbols"},
		{name: "a symbol twice", symbols: symbols("BTC-USDT", "BTC-USDT")},
		{name: "a symbol of the other kind", symbols: symbols("BTC-USDT-PERP")},
		{name: "both kinds", symbols: symbols("BTC-USDT", "BTC-USDT-PERP")},
		{name: "half a symbol", symbols: []exchange.Symbol{{Base: "BTC"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := bybit.Protocol(tt.kind, tt.symbols, tt.known...)
			if tt.frame == "" {
				if p != nil || !errors.Is(err, exchange.ErrInvalid) {
					t.Errorf("got %v, %v", p, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			emitted := 0
			d := p.Decoder(func(*exchange.Book) { emitted++ })
			if m, err := d.Frame(time.UnixMilli(1), []byte(push(tt.frame, "snapshot", "100:1", "101:1", 5))); err != nil || m.Topic != "orderbook.200."+tt.frame || emitted != 1 {
				t.Errorf("%s, %d books, error %v", tell(m), emitted, err)
			}
		})
	}
}

// A lost connection loses every book, those that never came included, in the order of the symbols; afterwards only a snapshot helps.
func TestLost(t *testing.T) {
	var emitted []string
	d := protocol(t, exchange.Spot, "BTC-USDT", "SOL-USDT").Decoder(func(b *exchange.Book) {
		emitted = append(emitted, show(b))
		if b.Err != nil && !errors.Is(b.Err, errCable) {
			t.Errorf("%v has lost its cause", b.Err)
		}
	})
	at := time.UnixMilli(1)
	frame := func(f string) {
		if _, err := d.Frame(at, []byte(f)); err != nil {
			t.Fatal(err)
		}
	}
	frame(first().frame)
	d.Lost(at, errCable)
	frame(push("BTCUSDT", "delta", "100:2", "", 11))
	frame(strings.Replace(push("BTCUSDT", "snapshot", "100:4", "", 50), ".200.", ".50.", 1))
	want := twoU + "; bybit:BTC-USDT: disconnected; bybit:SOL-USDT: disconnected; bybit:BTC-USDT 50: 100x4 |"
	if got := strings.Join(emitted, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var errCable = errors.New("cable")

func TestAnswer(t *testing.T) {
	d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(*exchange.Book) { t.Error("a book") })
	if err := d.Answer(time.Time{}, "https://api.bybit.com/v5/market/orderbook?category=spot&symbol=BTCUSDT", []byte(`{}`)); err != nil {
		t.Error(err)
	}
	if err := d.Answer(time.Time{}, "https://api.bybit.com/v5/market/orderbook?category=linear&symbol=BTCUSDT", nil); err == nil {
		t.Error("took an answer about perpetuals for spot")
	}
}
