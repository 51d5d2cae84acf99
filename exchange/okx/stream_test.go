package okx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
)

// btc and swap are rules as of 2026: the swap is counted in contracts of 0.01 BTC.
func rules() []exchange.Instrument {
	d := exchange.MustDecimal
	return []exchange.Instrument{
		{Market: exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol("BTC-USDT")}, VenueSymbol: "BTC-USDT", Tradable: true, Tick: d("0.1"), Lot: d("0.00000001"), Contract: d("1")},
		{Market: exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol("BTC-USDT-PERP")}, VenueSymbol: "BTC-USDT-SWAP", Tradable: true, Tick: d("0.1"), Lot: d("0.0001"), Contract: d("0.01")},
	}
}

func protocol(t testing.TB, cfg okx.ProtocolConfig) feed.Protocol {
	t.Helper()
	if cfg.Symbols == nil {
		cfg.Symbols = []exchange.Symbol{exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("BTC-USDT-PERP")}
	}
	if cfg.Instruments == nil {
		cfg.Instruments = rules()
	}
	p, err := okx.Protocol(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// push is a frame of the books channel as the venue sends it. Levels are "price:size price:size"; numbers are seqId and prevSeqId, or
// nothing.
func push(inst, action, bids, asks string, numbers ...int64) string {
	side := func(s string) string {
		var r []string
		for l := range strings.FieldsSeq(s) {
			p, q, _ := strings.Cut(l, ":")
			r = append(r, fmt.Sprintf(`["%s","%s","0","1"]`, p, q))
		}
		return "[" + strings.Join(r, ",") + "]"
	}
	var seq string
	if len(numbers) == 2 {
		seq = fmt.Sprintf(`,"seqId":%d,"prevSeqId":%d`, numbers[0], numbers[1])
	}
	return fmt.Sprintf(`{"arg":{"channel":"books","instId":"%s"},"action":"%s","data":[{"asks":%s,"bids":%s,"ts":"1700000000123","checksum":0%s}]}`,
		inst, action, side(asks), side(bids), seq)
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
	spotTopic = "books:BTC-USDT"
	swapTopic = "books:BTC-USDT-SWAP"
)

func TestSequence(t *testing.T) {
	const (
		data  = "data " + spotTopic
		renew = "resubscribe " + spotTopic
		gap   = "okx:BTC-USDT: gap"
	)
	first := step{frame: push("BTC-USDT", "snapshot", "100:1 99:2", "101:3", 10, -1), want: data, emits: "okx:BTC-USDT 10: 100x1 99x2 | 101x3"}
	tests := []struct {
		name   string
		replay bool
		steps  []step
	}{
		{name: "first snapshot has -1 before it", steps: []step{first}},
		{name: "steps are larger than 1", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:0 98.5:7", "101.5:4", 17, 10), want: data, emits: "okx:BTC-USDT 17: 99x2 98.5x7 | 101x3 101.5x4"},
			{frame: push("BTC-USDT", "update", "", "101:1", 400, 17), want: data, emits: "okx:BTC-USDT 400: 99x2 98.5x7 | 101x1 101.5x4"}}},
		{name: "equal ids keep the connection alive", steps: []step{first,
			{frame: push("BTC-USDT", "update", "", "", 10, 10), want: data, emits: "okx:BTC-USDT 10: 100x1 99x2 | 101x3"},
			{frame: push("BTC-USDT", "update", "100:2", "", 11, 10), want: data, emits: "okx:BTC-USDT 11: 100x2 99x2 | 101x3"}}},
		{name: "a lower id after maintenance continues", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", "", 3, 10), want: data, emits: "okx:BTC-USDT 3: 100x2 99x2 | 101x3"},
			{frame: push("BTC-USDT", "update", "100:5", "", 5, 3), want: data, emits: "okx:BTC-USDT 5: 100x5 99x2 | 101x3"}}},
		{name: "gap", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", "", 21, 20), want: renew, emits: gap},
			{frame: push("BTC-USDT", "update", "100:3", "", 22, 21), want: data},
			{frame: push("BTC-USDT", "snapshot", "98:1", "99:1", 30, -1), want: data, emits: "okx:BTC-USDT 30: 98x1 | 99x1"},
			{frame: push("BTC-USDT", "update", "", "99:2", 31, 30), want: data, emits: "okx:BTC-USDT 31: 98x1 | 99x2"}}},
		{name: "an older message is a gap too", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", "", 9, 8), want: renew, emits: gap}}},
		{name: "-1 is not 0", steps: []step{
			{frame: push("BTC-USDT", "snapshot", "100:1", "101:1", 0, -1), want: data, emits: "okx:BTC-USDT 0: 100x1 | 101x1"},
			{frame: push("BTC-USDT", "update", "100:2", "", 5, -1), want: renew, emits: gap}}},
		{name: "snapshot mid-stream replaces", steps: []step{first,
			{frame: push("BTC-USDT", "snapshot", "90:1", "91:1", 8, -1), want: data, emits: "okx:BTC-USDT 8: 90x1 | 91x1"},
			{frame: push("BTC-USDT", "update", "90:2", "", 9, 8), want: data, emits: "okx:BTC-USDT 9: 90x2 | 91x1"}}},
		{name: "missing seqId in an update", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", ""), want: renew, emits: gap}}},
		{name: "missing seqId in a snapshot", steps: []step{
			{frame: push("BTC-USDT", "snapshot", "100:2", "101:1"), want: renew},
			{frame: push("BTC-USDT", "snapshot", "100:2", "101:1", 1, -1), want: data, emits: "okx:BTC-USDT 1: 100x2 | 101x1"}}},
		{name: "a negative seqId counts as none", steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", "", -5, 10), want: renew, emits: gap}}},
		{name: "missing seqId where a replay allows it", replay: true, steps: []step{
			{frame: push("BTC-USDT", "snapshot", "100:1", "101:1"), want: data, emits: "okx:BTC-USDT 0: 100x1 | 101x1"},
			{frame: push("BTC-USDT", "update", "100:2", ""), want: data, emits: "okx:BTC-USDT 0: 100x2 | 101x1"}}},
		{name: "a replay still checks the seqId that is there", replay: true, steps: []step{first,
			{frame: push("BTC-USDT", "update", "100:2", "", 21, 20), want: renew, emits: gap}}},
		{name: "delta before snapshot", steps: []step{
			{frame: push("BTC-USDT", "update", "100:2", "", 21, 20), want: renew},
			{frame: push("BTC-USDT", "update", "100:3", "", 22, 21), want: data},
			first}},
		{name: "a gap of one leaves the other", steps: []step{first,
			{frame: push("BTC-USDT-SWAP", "snapshot", "100:150", "101:2.5", 500, -1), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 500: 100x1.5 | 101x0.025"},
			{frame: push("BTC-USDT", "update", "100:2", "", 21, 20), want: renew, emits: gap},
			{frame: push("BTC-USDT-SWAP", "update", "100:7", "", 501, 500), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 501: 100x0.07 | 101x0.025"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script(t, protocol(t, okx.ProtocolConfig{AllowMissingSeq: tt.replay}), tt.steps)
		})
	}
}

func TestBadFrames(t *testing.T) {
	const data, renew = "data " + spotTopic, "resubscribe " + spotTopic
	first := step{frame: push("BTC-USDT", "snapshot", "100:1", "101:3", 10, -1), want: data, emits: "okx:BTC-USDT 10: 100x1 | 101x3"}
	replace := func(old, new string) string { return strings.Replace(first.frame, old, new, 1) }
	tests := []struct {
		name  string
		steps []step
	}{
		{"crossed snapshot", []step{
			{frame: push("BTC-USDT", "snapshot", "101:1", "101:1", 10, -1), want: renew, emits: "okx:BTC-USDT: crossed book"}, first}},
		{"crossed by an update", []step{first,
			{frame: push("BTC-USDT", "update", "101.5:1", "", 11, 10), want: renew, emits: "okx:BTC-USDT: crossed book"}}},
		{"negative price", []step{{frame: push("BTC-USDT", "snapshot", "-100:1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"price of zero", []step{{frame: push("BTC-USDT", "snapshot", "0:1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"negative size", []step{{frame: push("BTC-USDT", "snapshot", "100:-1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"NaN", []step{{frame: push("BTC-USDT", "snapshot", "NaN:1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"1e400", []step{{frame: push("BTC-USDT", "snapshot", "1e400:1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"hexadecimal", []step{{frame: push("BTC-USDT", "snapshot", "0x10:1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"empty number", []step{{frame: push("BTC-USDT", "snapshot", ":1", "101:1", 10, -1), err: exchange.ErrFrame}}},
		{"a size off the scale loses its book alone", []step{first,
			{frame: push("BTC-USDT-SWAP", "snapshot", "100:1", "101:2", 7, -1), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 7: 100x0.01 | 101x0.02"},
			{frame: push("BTC-USDT", "update", "99:99999999999999999999", "", 11, 10), want: renew, emits: "okx:BTC-USDT: off the scale"},
			{frame: push("BTC-USDT", "update", "99:99999999999999999999", "", 12, 11), want: data},
			{frame: push("BTC-USDT-SWAP", "update", "", "101:3", 8, 7), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 8: 100x0.01 | 101x0.03"}}},
		{"digits off the scale", []step{first,
			{frame: push("BTC-USDT", "update", "99.00000000000000000001:1", "", 11, 10), want: renew, emits: "okx:BTC-USDT: off the scale"}}},
		{"more digits than the tick has are kept", []step{first,
			{frame: push("BTC-USDT", "update", "100.123456:1", "", 11, 10), want: data, emits: "okx:BTC-USDT 11: 100.123456x1 100x1 | 101x3"}}},
		{"unknown instrument", []step{{frame: push("XYZ-USDT", "snapshot", "100:1", "101:3", 10, -1), want: "other"}}},
		{"an unknown instrument with bad numbers", []step{{frame: push("XYZ-USDT", "update", "1e400:1", "", 10, -1), want: "other"}}},
		{"another channel", []step{{frame: replace(`"books"`, `"books5"`), want: "other"}}},
		{"two depth channels: the first snapshot's counts", []step{first,
			{frame: replace(`"books"`, `"books-l2-tbt"`), want: "other"}}},
		{"another member order, white space", []step{{frame: `{ "data": [{"prevSeqId": -1, "seqId": 10, "ts": "5", "bids": [["100", "1.50", "0", "2"]], "asks": []}], "action": "snapshot", "arg": {"instId": "BTC-USDT", "channel": "books"} }`,
			want: data, emits: "okx:BTC-USDT 10: 100x1.5 |"}}},
		{"no action", []step{{frame: replace(`"action":"snapshot",`, ""), err: exchange.ErrFrame}}},
		{"unknown action", []step{{frame: replace(`"snapshot"`, `"partial"`), err: exchange.ErrFrame}}},
		{"no asks", []step{{frame: replace(`"asks"`, `"offers"`), err: exchange.ErrFrame}}},
		{"no time", []step{{frame: replace(`"ts"`, `"tz"`), err: exchange.ErrFrame}}},
		{"two books", []step{{frame: replace(`"data":[`, `"data":[{},`), err: exchange.ErrFrame}}},
		{"no book", []step{{frame: `{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[]}`, err: exchange.ErrFrame}}},
		{"levels as objects", []step{{frame: replace(`[["100","1","0","1"]]`, `[{"price":"100"}]`), err: exchange.ErrFrame}}},
		{"numbers without quotes", []step{{frame: replace(`"100"`, `100`), err: exchange.ErrFrame}}},
		{"seqId as text", []step{{frame: replace(`"seqId":10`, `"seqId":"10"`), err: exchange.ErrFrame}}},
		{"truncated", []step{{frame: first.frame[:len(first.frame)-7], err: exchange.ErrFrame}}},
		{"another venue's", []step{{frame: `{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}`, err: exchange.ErrFrame}}},
		{"API v3", []step{{frame: `{"table":"spot/depth_l2_tbt","action":"partial","data":[]}`, err: exchange.ErrFrame}}},
		{"not JSON", []step{{frame: `hello`, err: exchange.ErrFrame}}},
		{"empty", []step{{frame: ``, err: exchange.ErrFrame}}},
		{"null", []step{{frame: `null`, err: exchange.ErrFrame}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { script(t, protocol(t, okx.ProtocolConfig{}), tt.steps) })
	}
}

// A market that the venue itself sends crossed, as before its opening, is asked for anew ever more rarely: a connection has 480
// requests an hour.
func TestResubscriptionsArePaced(t *testing.T) {
	p := protocol(t, okx.ProtocolConfig{})
	asked := 0
	d := p.Decoder(func(b *exchange.Book) {
		if b.Err == nil {
			t.Error("a crossed book was emitted as valid")
		}
	})
	at := time.UnixMilli(1700000000000)
	for range 1200 { // an hour, out of step with the waits
		at = at.Add(3 * time.Second)
		m, err := d.Frame(at, []byte(push("BTC-USDT", "snapshot", "101:1", "101:1", 10, -1)))
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

// A request that was held back is made up for, also when the venue sends nothing but updates.
func TestHeldBackResubscription(t *testing.T) {
	const data, renew = "data " + spotTopic, "resubscribe " + spotTopic
	first := step{frame: push("BTC-USDT", "snapshot", "100:1", "101:3", 10, -1), want: data, emits: "okx:BTC-USDT 10: 100x1 | 101x3"}
	gap := step{frame: push("BTC-USDT", "update", "", "", 21, 20), want: renew, emits: "okx:BTC-USDT: gap"}
	early := gap
	early.want = data
	quiet := step{frame: gap.frame, want: data}
	late := step{frame: gap.frame, want: renew, after: 3 * time.Second}
	script(t, protocol(t, okx.ProtocolConfig{}), []step{first, gap, first, early, quiet, late})
}

func TestControlFrames(t *testing.T) {
	tests := []struct {
		name, frame, want string
		class             error
	}{
		{"pong", `pong`, "pong", nil},
		{"acknowledged", `{"id":"7","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`, "ack 7 " + spotTopic, nil},
		{"acknowledged, as in 2022", `{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}`, "ack " + spotTopic, nil},
		{"gone", `{"id":"8","event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`, "ack 8 " + spotTopic, nil},
		{"another topic", `{"event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"}}`, "ack", nil},
		{"refused with its topic", `{"id":"9","event":"error","arg":{"channel":"books","instId":"BTC-USDT"},"code":"60018","msg":"Wrong URL or channel:books,instId:BTC-USDT doesn't exist.","connId":"a4d3ae55"}`, "refused 9 " + spotTopic, exchange.ErrInvalid},
		{"refused with its id", `{"id":"9","event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}`, "refused 9", exchange.ErrInvalid},
		{"refused, nobody knows what", `{"event": "error", "code": "60012", "msg": "Invalid request: {}", "connId": "a4d3ae55"}`, "refused", exchange.ErrInvalid},
		{"tier too low", `{"id":"9","event":"error","code":"64003","msg":"VIP4","connId":"a4d3ae55"}`, "refused 9", exchange.ErrUnauthorized},
		{"too many requests", `{"id":"9","event":"error","code":"60014","msg":"slow down","connId":"a4d3ae55"}`, "refused 9", exchange.ErrRateLimited},
		{"service upgrade", `{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`, "reconnect", nil},
		{"another notice", `{"event":"notice","code":"60000","msg":"?"}`, "other", nil},
		{"connection count", `{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}`, "other", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := protocol(t, okx.ProtocolConfig{}).Decoder(func(*exchange.Book) { t.Error("a book") })
			m, err := d.Frame(time.UnixMilli(1), []byte(tt.frame))
			if err != nil {
				t.Fatal(err)
			}
			if got := tell(m); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if (m.Kind == feed.Refused) != (m.Err != nil) || tt.class != nil && !errors.Is(m.Err, tt.class) {
				t.Errorf("error %v, want %v", m.Err, tt.class)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	p := protocol(t, okx.ProtocolConfig{})
	got := string(p.Subscribe(1, []string{spotTopic, swapTopic}))
	want := `{"id":"1","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},{"channel":"books","instId":"BTC-USDT-SWAP"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got, want = string(p.Unsubscribe(22, []string{swapTopic})), `{"id":"22","op":"unsubscribe","args":[{"channel":"books","instId":"BTC-USDT-SWAP"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s := p.Spec()
	if s.URL != "wss://ws.okx.com:8443/ws/v5/public" || string(s.Heartbeat.Text) != "ping" || s.Heartbeat.Interval < 15*time.Second || s.Heartbeat.Interval > 20*time.Second || s.Acks != feed.AckByTopic {
		t.Errorf("got %+v", s)
	}
	// The longest request that the session may make, of the longest names that assets may have.
	topics := make([]string, s.TopicsPerFrame)
	for i := range topics {
		topics[i] = "books50-l2-tbt:" + strings.Repeat("A", 40) + "-" + strings.Repeat("B", 40) + "-SWAP"
	}
	if frame := p.Subscribe(1<<63, topics); len(frame) > 64<<10 || !json.Valid(frame) {
		t.Errorf("a request of %d bytes", len(frame))
	}
}

func TestOwns(t *testing.T) {
	p := protocol(t, okx.ProtocolConfig{})
	for address, want := range map[string]bool{
		"wss://ws.okx.com:8443/ws/v5/public":                             true,
		"wss://wspap.okx.com:8443/ws/v5/public":                          true,
		"wss://ws.okx.com:8443/ws/v5/private":                            false,
		"wss://ws.okx.com:8443/ws/v5/business":                           false,
		"wss://ws.okx.com.evil.example/ws/v5/public":                     false,
		"wss://notokx.com/ws/v5/public":                                  false,
		"https://www.okx.com/api/v5/public/instruments?instType=SPOT":    true,
		"https://openapi.okx.com/api/v5/market/books?instId=BTC-USDT":    true,
		"https://www.okx.com/ws/v5/public":                               false,
		"wss://stream.bybit.com/v5/public/spot":                          false,
		"https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=5000": false,
		"://": false,
		"":    false,
	} {
		if got := p.Owns(address); got != want {
			t.Errorf("Owns(%q) = %v", address, got)
		}
	}
}

func TestProtocolConfig(t *testing.T) {
	spot, perp := exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("BTC-USDT-PERP")
	worth := func(contract string) []exchange.Instrument {
		r := rules()
		r[1].Contract = exchange.MustDecimal(contract)
		return r
	}
	foreign := rules()
	foreign[1].Market.Venue = "bybit"
	tests := []struct {
		name string
		cfg  okx.ProtocolConfig
		ok   bool
	}{
		{"spot needs no rules", okx.ProtocolConfig{Symbols: []exchange.Symbol{spot}}, true},
		{"spot and swap", okx.ProtocolConfig{Symbols: []exchange.Symbol{spot, perp}, Instruments: rules()}, true},
		{"a large contract", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}, Instruments: worth("1000000000")}, true},
		{"swap without rules", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}}, false},
		{"swap with another venue's rules", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}, Instruments: foreign}, false},
		{"a contract worth nothing", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}, Instruments: worth("0")}, false},
		{"a contract below nothing", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}, Instruments: worth("-1")}, false},
		{"a contract off the scale", okx.ProtocolConfig{Symbols: []exchange.Symbol{perp}, Instruments: worth("0.0000000000000000001")}, false},
		{"no symbols", okx.ProtocolConfig{}, false},
		{"a symbol twice", okx.ProtocolConfig{Symbols: []exchange.Symbol{spot, spot}}, false},
		{"half a symbol", okx.ProtocolConfig{Symbols: []exchange.Symbol{{Base: "BTC"}}}, false},
		{"a channel without deltas", okx.ProtocolConfig{Symbols: []exchange.Symbol{spot}, Channel: "bbo-tbt"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := okx.Protocol(tt.cfg)
			if (err == nil) != tt.ok || (p != nil) != tt.ok {
				t.Fatalf("got %v, %v", p, err)
			}
			if err != nil && !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%v is no ErrInvalid", err)
			}
		})
	}
}

// A lost connection loses every book, those that never came included, in the order of the symbols; afterwards only a snapshot helps.
func TestLost(t *testing.T) {
	var emitted []string
	d := protocol(t, okx.ProtocolConfig{}).Decoder(func(b *exchange.Book) {
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
	frame(push("BTC-USDT", "snapshot", "100:1", "101:3", 10, -1))
	d.Lost(at, errCable)
	frame(push("BTC-USDT", "update", "100:2", "", 11, 10))
	frame(strings.Replace(push("BTC-USDT", "snapshot", "100:4", "", 50, -1), `"books"`, `"books50-l2-tbt"`, 1))
	want := "okx:BTC-USDT 10: 100x1 | 101x3; okx:BTC-USDT: disconnected; okx:BTC-USDT-PERP: disconnected; okx:BTC-USDT 50: 100x4 |"
	if got := strings.Join(emitted, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

var errCable = errors.New("cable")

func TestAnswer(t *testing.T) {
	d := protocol(t, okx.ProtocolConfig{}).Decoder(func(*exchange.Book) { t.Error("a book") })
	if err := d.Answer(time.Time{}, "https://www.okx.com/api/v5/market/books?instId=BTC-USDT", []byte(`{}`)); err != nil {
		t.Error(err)
	}
	if err := d.Answer(time.Time{}, "https://api.bybit.com/v5/market/orderbook", nil); err == nil {
		t.Error("took another venue's answer")
	}
}

// An instrument without the venue's name gets it by the venue's habit.
func TestNameByHabit(t *testing.T) {
	r := rules()
	r[1].VenueSymbol = ""
	script(t, protocol(t, okx.ProtocolConfig{Instruments: r}), []step{
		{frame: push("BTC-USDT-SWAP", "snapshot", "100:1", "", 7, -1), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 7: 100x0.01 |"}})
}

// 9e18 contracts fit 64 bits, their worth in base units does not.
func TestContractsOffTheScale(t *testing.T) {
	r := rules()
	r[1].Contract = exchange.MustDecimal("25")
	script(t, protocol(t, okx.ProtocolConfig{Instruments: r}), []step{
		{frame: push("BTC-USDT-SWAP", "snapshot", "100:1", "101:0.5", 7, -1), want: "data " + swapTopic, emits: "okx:BTC-USDT-PERP 7: 100x25 | 101x12.5"},
		{frame: push("BTC-USDT-SWAP", "update", "", "101:900000000000000000", 8, 7), want: "resubscribe " + swapTopic, emits: "okx:BTC-USDT-PERP: off the scale"}})
}
