package okx_test

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/scan/scantest"
)

// The two readers agree on every frame that the first one takes, and no frame makes a decoder panic, or emit a book that is not one.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		push("BTC-USDT", "snapshot", "100:1 99.5:2", "101:3 102.25:4.000", 10, -1),
		push("BTC-USDT", "update", "100:0", "", 11, 10),
		push("BTC-USDT", "update", "1e2:0", "", 11, 10),
		push("BTC-USDT-SWAP", "snapshot", "100:1", "101:0.5"),
		push("OTHER", "snapshot", "100:1", "101:3", 10, -1),
		`{"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"last":"1","open24h":null,"x":[1.5e3,true]}]}`,
		`{"id":"7","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}`,
		`{"event":"error","code":"60012","msg":"Invalid request: {\"op\": 1}"}`,
		`pong`, `{}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(s))
	}
	scale := exchange.Scale{Price: -1, Size: -8}
	p, err := okx.Protocol(okx.ProtocolConfig{Symbols: []exchange.Symbol{exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("BTC-USDT-PERP")}, Instruments: rules(), AllowMissingSeq: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		scantest.Agree(t, data, okx.Fast(scale), okx.Slow(scale))
		d := p.Decoder(func(b *exchange.Book) {
			if b.Err == nil {
				if err := b.Check(); err != nil {
					t.Errorf("emitted: %v", err)
				}
			} else if len(b.Bids)+len(b.Asks) > 0 {
				t.Errorf("levels in an invalid book: %v", b.Err)
			}
		})
		for _, frame := range [][]byte{[]byte(push("BTC-USDT", "snapshot", "100:1", "101:3", 10, -1)), data, data} {
			_, _ = d.Frame(time.UnixMilli(1), frame)
		}
	})
}

// What the venue sends every day takes the fast way; else the benchmark would measure something rare.
func TestFastReaderTakesTheVenuesFrames(t *testing.T) {
	scale := exchange.Scale{Price: -1, Size: -8}
	frames, _ := bookFrames(t)
	frames = append(frames, []byte(push("BTC-USDT-SWAP", "update", "", "", 10, 10)))
	for _, frame := range frames {
		if !scantest.Agree(t, frame, okx.Fast(scale), okx.Slow(scale)) {
			t.Fatalf("not taken: %.200s", frame)
		}
	}
}
