package exchange_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

var goodSymbols = map[string]exchange.Symbol{
	"BTC-USDT":                     {Base: "BTC", Quote: "USDT"},
	"BTC-USDT-PERP":                {Base: "BTC", Quote: "USDT", Kind: exchange.Perp},
	"1000SATS-USDT":                {Base: "1000SATS", Quote: "USDT"},
	"BTC-PERP":                     {Base: "BTC", Quote: "PERP"}, // a ticker may be called so
	"PERP-PERP-PERP":               {Base: "PERP", Quote: "PERP", Kind: exchange.Perp},
	"币安人生-USDT":                    {Base: "币安人生", Quote: "USDT"},
	"A.B_C-USD":                    {Base: "A.B_C", Quote: "USD"},
	strings.Repeat("X", 40) + "-Y": {Base: exchange.Asset(strings.Repeat("X", 40)), Quote: "Y"},
}

var badSymbols = []string{
	"", "-", "BTC", "BTC-", "-USDT", "BTCUSDT", "BTC-USDT-", "BTC-USDT-perp", "BTC-USDT-SWAP", "BTC-USDT-PERP-PERP", "BTC--PERP", "--PERP", "-PERP",
	"btc-usdt", "Btc-USDT", "BTC/USDT", "BTC:USDT", "BTC-USDT:USDT", "BTC -USDT", " BTC-USDT", "BTC-USDT\n", "BTC-US\x00DT", "BTC-US\xffDT", "BTC-US\u200bDT",
	"BTC-US\u00a0DT", "ß-USDT", strings.Repeat("X", 41) + "-Y", "Y-" + strings.Repeat("X", 1<<16),
}

func TestParseSymbol(t *testing.T) {
	for text, want := range goodSymbols {
		got, err := exchange.ParseSymbol(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("ParseSymbol(%q) = %+v, %v, printed %q", text, got, err, got)
		}
	}
	for _, text := range badSymbols {
		got, err := exchange.ParseSymbol(text)
		if !errors.Is(err, exchange.ErrInvalid) || got != (exchange.Symbol{}) {
			t.Errorf("ParseSymbol(%.60q) = %+v, %v, want ErrInvalid", text, got, err)
		} else if len(err.Error()) > 400 {
			t.Errorf("ParseSymbol(%.60q): an error of %d bytes", text, len(err.Error()))
		}
	}
}

func TestParseMarket(t *testing.T) {
	want := exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
	got, err := exchange.ParseMarket("binance:BTC-USDT-PERP")
	if err != nil || got != want || got.String() != "binance:BTC-USDT-PERP" {
		t.Errorf("ParseMarket = %+v, %v, printed %q", got, err, got)
	}
	for _, text := range []string{"", ":", "binance", "binance:", ":BTC-USDT", "BTC-USDT", "binance:btc-usdt", "a:b:BTC-USDT", "binance:BTC-USDT:USDT", "binance BTC-USDT"} {
		got, err := exchange.ParseMarket(text)
		if !errors.Is(err, exchange.ErrInvalid) || got != (exchange.Market{}) {
			t.Errorf("ParseMarket(%q) = %+v, %v, want ErrInvalid and nothing else", text, got, err)
		}
	}
}

func FuzzParseSymbol(f *testing.F) {
	for s := range goodSymbols {
		f.Add(s)
	}
	for _, s := range badSymbols {
		if len(s) <= 100 { // the long one is minimised for ever
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := exchange.ParseSymbol(text)
		if err != nil {
			if !errors.Is(err, exchange.ErrInvalid) || s != (exchange.Symbol{}) {
				t.Fatalf("ParseSymbol(%q) = %+v, %v", text, s, err)
			}
			return
		}
		if s.String() != text {
			t.Errorf("ParseSymbol(%q) prints %q", text, s)
		}
		if s.Base == "" || s.Quote == "" || strings.ContainsAny(string(s.Base+s.Quote), "-:/ \t\n") {
			t.Errorf("ParseSymbol(%q) = %+v", text, s)
		}
		m := exchange.Market{Venue: "v", Symbol: s}
		if back, err := exchange.ParseMarket(m.String()); err != nil || back != m {
			t.Errorf("ParseMarket(%q) = %+v, %v", m, back, err)
		}
		in := map[exchange.Market]exchange.Symbol{m: s}
		out, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("%+v: %v", in, err)
		}
		var back map[exchange.Market]exchange.Symbol
		if err := json.Unmarshal(out, &back); err != nil || len(back) != 1 || back[m] != s {
			t.Errorf("%s: %+v, %v", out, back, err)
		}
	})
}

func TestSymbolJSON(t *testing.T) {
	btc, eth := exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("ETH-USDT-PERP")
	out, err := json.Marshal(map[exchange.Symbol]int{btc: 1, eth: 2})
	if want := `{"BTC-USDT":1,"ETH-USDT-PERP":2}`; err != nil || string(out) != want {
		t.Errorf("Marshal = %s, %v, want %s", out, err, want)
	}
	var symbols map[exchange.Symbol]int
	if err := json.Unmarshal(out, &symbols); err != nil || symbols[btc] != 1 || symbols[eth] != 2 || len(symbols) != 2 {
		t.Errorf("Unmarshal = %v, %v", symbols, err)
	}
	var markets map[exchange.Market]exchange.Symbol
	if err := json.Unmarshal([]byte(`{"okx:BTC-USDT":"ETH-USDT-PERP"}`), &markets); err != nil || markets[exchange.Market{Venue: "okx", Symbol: btc}] != eth {
		t.Errorf("Unmarshal = %v, %v", markets, err)
	}
	for _, bad := range []string{`{"okx:btc-usdt":"BTC-USDT"}`, `{"okx:BTC-USDT":"BTC"}`, `{"okx:BTC-USDT":7}`} {
		if err := json.Unmarshal([]byte(bad), &markets); err == nil {
			t.Errorf("%s is accepted: %v", bad, markets)
		}
	}
}

func TestMustSymbolPanics(t *testing.T) {
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("panic %v, want ErrInvalid", err)
		}
	}()
	exchange.MustSymbol("BTCUSDT")
}

// Enumerations print their names, and something telling outside of them.
func TestNames(t *testing.T) {
	tests := []struct {
		got  interface{ String() string }
		want string
	}{
		{exchange.Spot, "spot"}, {exchange.Perp, "perp"}, {exchange.Kind(9), "kind(9)"},
		{exchange.Buy, "buy"}, {exchange.Sell, "sell"}, {exchange.Side(0), "side(0)"}, {exchange.Side(3), "side(3)"},
		{exchange.TypeLimit, "limit"}, {exchange.TypeMarket, "market"}, {exchange.OrderType(2), "type(2)"},
		{exchange.GTC, "GTC"}, {exchange.IOC, "IOC"}, {exchange.FOK, "FOK"}, {exchange.TimeInForce(255), "tif(255)"},
		{exchange.Together, "together"}, {exchange.Mode(1), "mode(1)"},
		{exchange.Open, "open"}, {exchange.Reduce, "reduce"}, {exchange.Compensate, "compensate"}, {exchange.Purpose(3), "purpose(3)"},
		{exchange.StreamUp, "stream up"}, {exchange.StreamDown, "stream down"}, {exchange.OrderUpdate, "order"}, {exchange.EventKind(0), "event(0)"},
		{exchange.StatusUnknown, "unknown"}, {exchange.StatusPartiallyFilled, "partially filled"}, {exchange.Status(200), "status(200)"},
	}
	for _, tt := range tests {
		if tt.got.String() != tt.want {
			t.Errorf("%#v prints %q, want %q", tt.got, tt.got, tt.want)
		}
	}
}
