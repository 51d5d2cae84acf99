package binance_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

func TestAccountReads(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		list, err := x.Balances(t.Context())
		if got := showBalances(list); err != nil || got != "spot BTC 1.5+0.5; perp USDT 60+40" {
			t.Errorf("%s, %v", got, err)
		}
		positions, err := x.Positions(t.Context())
		if got := showPositions(positions); err != nil || got != "BTC-USDT-PERP -0.5 cost -30000.0 t5" || positions[0].Account != "main" {
			t.Errorf("%s, %v", got, err)
		}
		for symbol, want := range map[string]string{"BTC-USDT": "0.00075 0.00075", "BTC-USDT-PERP": "0.0002 0.0005"} {
			r, err := x.Fees(t.Context(), exchange.MustSymbol(symbol))
			if got := short(r.Maker) + " " + short(r.Taker); err != nil || got != want {
				t.Errorf("%s pays %s, %v", symbol, got, err)
			}
		}
		if at, err := x.ServerTime(t.Context()); err != nil || at.UnixMilli() != time.Now().UnixMilli() {
			t.Errorf("%v, %v", at, err)
		}
	})
}

// Reads are tried again where that may help, and their errors have no outcome.
func TestReadReactions(t *testing.T) {
	const what = "GET /api/v3/account"
	ok := reply{body: `{"balances":[{"asset":"BTC","free":"1","locked":"0"}]}`}
	for _, tt := range []struct {
		name  string
		say   []reply
		class error
		sent  int
	}{
		{"done", []reply{ok}, nil, 1},
		{"429, then done", []reply{{status: 429, header: map[string][]string{"Retry-After": {"2"}}}, ok}, nil, 2},
		{"500, then done", []reply{{status: 500}, {status: 502}, ok}, nil, 3},
		{"the clock, then done", []reply{{status: 400, body: body(-1021, "Timestamp for this request is outside of the recvWindow.")}, ok}, nil, 2},
		{"the clock for ever", []reply{{status: 400, body: body(-1021, "t")}, {status: 400, body: body(-1021, "t")}}, skew, 2},
		{"a ban", []reply{{status: 418}}, banned, 1},
		{"no permission", []reply{{status: 401, body: body(-2015, "Invalid API-key, IP, or permissions for action.")}}, unauth, 1},
		{"reset, then done", []reply{{how: "abort"}, ok}, nil, 2},
		{"garbage, then done", []reply{{how: "garbage"}, ok}, nil, 2},
		{"HTML", []reply{{body: "<html>"}}, exchange.ErrFrame, 1},
		{"empty", []reply{{}}, exchange.ErrFrame, 1},
		{"half of it", []reply{{body: `{"balances":[{"asset":"BTC","free":"1"}]}`}}, exchange.ErrFrame, 1},
		{"no number", []reply{{body: `{"balances":[{"asset":"BTC","free":"NaN","locked":"0"}]}`}}, exchange.ErrFrame, 1},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			o.say(what, tt.say...)
			x := o.exchange(func(c *binance.Config) { c.Kinds = []exchange.Kind{exchange.Spot} })
			_, err := x.Balances(t.Context())
			var e *exchange.Error
			if tt.class == nil && err != nil || tt.class != nil && (!errors.Is(err, tt.class) || !errors.As(err, &e) || e.Outcome != nil) {
				t.Errorf("%v", err)
			}
			if n := len(o.asked(what)); n != tt.sent {
				t.Errorf("asked %d times, want %d", n, tt.sent)
			}
		})
	}
}

// All fills come, each once, in order, whatever the pages' borders cut through.
func TestFillsProperty(t *testing.T) {
	for seed := range uint64(20) {
		for kind, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
			bubble(t, fmt.Sprint("seed ", seed, " ", symbol), func(t *testing.T, o *office) {
				r := rand.New(rand.NewPCG(seed, uint64(kind)))
				time.Sleep(100 * 24 * time.Hour)
				x := o.exchange(nil)
				var times []time.Time
				o.mu.Lock()
				p := &paper{kind: exchange.Kind(kind), id: 50, symbol: "BTCUSDT", name: "id-1", side: "BUY", typ: "LIMIT", tif: "GTC", status: "FILLED", at: time.Now()}
				o.orders = append(o.orders, p)
				at := time.Now().Add(-time.Duration(r.IntN(60*24)) * time.Hour)
				for n := r.IntN(3500); n > 0 && at.Before(time.Now()); n-- {
					switch r.IntN(400) { // most come at one moment with others
					case 0:
						at = at.Add(time.Duration(r.IntN(5*24)) * time.Hour)
					case 1, 2, 3:
						at = at.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
					}
					if at.After(time.Now()) {
						break
					}
					o.lastID += int64(1 + r.IntN(3))
					o.trades = append(o.trades, trade{p.kind, o.lastID, p.id, p.symbol, p.side, dec("1"), dec("1"), at})
					times = append(times, at)
				}
				o.mu.Unlock()
				since := time.Now().Add(-time.Duration(r.IntN(70*24)) * time.Hour)
				want := 0
				for _, at := range times {
					if !at.Before(since.Truncate(time.Millisecond)) {
						want++
					}
				}
				fills, err := x.Fills(t.Context(), exchange.MustSymbol(symbol), since)
				if err != nil || len(fills) != want {
					t.Fatalf("%d of %d, %v", len(fills), want, err)
				}
				for i, f := range fills {
					if i > 0 && (f.TradeID == fills[i-1].TradeID || f.Time.Before(fills[i-1].Time)) || f.ClientID != "id-1" {
						t.Fatalf("%d: %s after %s", i, showFill(f), showFill(fills[max(i-1, 0)]))
					}
				}
			})
		}
	}
}

func TestFillsBounds(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		put(t, o, x, "BTC-USDT", "0.5")
		put(t, o, x, "BTC-USDT-PERP", "0.5")
		if list, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT"), time.Time{}); err != nil || len(list) != 1 || list[0].ClientID != "id-1" {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := x.Fills(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"), time.Time{}); !errors.Is(err, unsupp) {
			t.Errorf("%v", err)
		}
		if list, err := o.exchange(nil).Fills(t.Context(), exchange.MustSymbol("BTC-USDT-PERP"), time.Now().Add(-time.Hour)); err != nil || len(list) != 1 || list[0].ClientID != "id-1" {
			t.Errorf("%v, %v", list, err)
		}
		if list, err := x.Fills(t.Context(), exchange.MustSymbol("ETH-USDT"), time.Now().Add(-time.Hour)); err != nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
}
