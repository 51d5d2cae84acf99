package bybit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/scan/scantest"
)

// The two readers agree on every frame that the first one takes, and no frame makes a decoder panic, or emit a book that is not one.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		push("BTCUSDT", "snapshot", "100:1 99.5:2", "101:3 102.25:4.000", 10),
		push("BTCUSDT", "delta", "100:0", "", 11),
		push("BTCUSDT", "delta", "1e2:0", "", 11),
		push("SOLUSDT", "snapshot", "100:1", "101:0.5", 1),
		strings.Replace(push("BTCUSDT", "delta", "100:0", "", 11), `,"cts":1700000000100`, "", 1),
		`{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","x":[1.5e3,true,null]},"cs":753843907770,"ts":1786310817883}`,
		`{"success":true,"ret_msg":"subscribe","conn_id":"d9avt8","req_id":"7","op":"subscribe"}`,
		`{"success":false,"ret_msg":"error:\u0041","op":"subscribe"}`,
		`{"op":"pong","args":["1753340040127"]}`, `{}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(s))
	}
	scale := exchange.Scale{Price: -1, Size: -3}
	p, err := bybit.Protocol(exchange.Perp, symbols("BTC-USDT-PERP", "SOL-USDT-PERP"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		scantest.Agree(t, data, bybit.Fast(scale), bybit.Slow(scale))
		d := p.Decoder(func(b *exchange.Book) {
			if b.Err == nil {
				if err := b.Check(); err != nil {
					t.Errorf("emitted: %v", err)
				}
			} else if len(b.Bids)+len(b.Asks) > 0 {
				t.Errorf("levels in an invalid book: %v", b.Err)
			}
		})
		for _, frame := range [][]byte{[]byte(push("BTCUSDT", "snapshot", "100:1", "101:3", 10)), data, data} {
			_, _ = d.Frame(time.UnixMilli(1), frame)
		}
	})
}

// What the venue sends every day takes the fast way; else the benchmark would measure something rare.
func TestFastReaderTakesTheVenuesFrames(t *testing.T) {
	scale := exchange.Scale{Price: -1, Size: -3}
	frames, _ := bookFrames(t)
	for _, frame := range frames {
		if !scantest.Agree(t, frame, bybit.Fast(scale), bybit.Slow(scale)) {
			t.Fatalf("not taken: %.200s", frame)
		}
	}
}
