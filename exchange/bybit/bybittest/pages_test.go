package bybittest_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// pages are the members of all rows, by pages of one.
func (r *rig) pages(target, member string) (all []string) {
	r.Helper()
	cursor := ""
	for range 10 {
		rows, next := r.list(target + "&limit=1&cursor=" + cursor)
		for _, w := range rows {
			all = append(all, w.text(member))
		}
		if cursor = next; next == "" {
			break
		}
	}
	return all
}

// Positions come in pages by symbol, in whatever order the engine has its instruments.
func TestPagesOfPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := sim.EngineConfig{Venue: bybittest.Venue, Account: "one", Balances: amounts("USDT", "100000")}
		for _, base := range []string{"ETH", "BTC", "SOL"} {
			cfg.Instruments = append(cfg.Instruments, exchange.Instrument{
				Market: market(base + "-USDT-PERP"), VenueSymbol: base + "USDT", Tradable: true, Tick: dec("0.5"), Lot: dec("0.001"), MinQty: dec("0.001"),
				Contract: dec("1"), Settle: "USDT",
			})
		}
		e, err := sim.NewEngine(cfg)
		must(t, err)
		r := rigOf(t, e, bybittest.Config{Pipe: true, Keys: []bybittest.Key{{Account: "one", Key: "KEY1", Secret: "first"}}})
		for _, ins := range cfg.Instruments {
			r.publish(ins.Market.Symbol.String(), []string{"99", "10"}, []string{"101", "10"})
			r.order("{'category':'linear','symbol':'%s','side':'Buy','orderType':'Market','qty':'1'}", ins.VenueSymbol)
		}
		if got := r.pages("/v5/position/list?category=linear&settleCoin=USDT", "symbol"); !slices.Equal(got, []string{"BTCUSDT", "ETHUSDT", "SOLUSDT"}) {
			t.Errorf("positions by pages of one: %v", got)
		}
	})
}

// Where an account trades with itself both executions are told, each with an id of its own, in lists and on the streams.
func TestExecutionsOfSelfTrades(t *testing.T) {
	for _, category := range []string{"spot", "linear"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			s := r.login("/v5/private", "execution")
			public := r.dial("/v5/public/" + category)
			public.send("{'op':'subscribe','args':['publicTrade.BTCUSDT']}")
			public.next()
			r.order("{'category':'%s','symbol':'BTCUSDT','side':'Sell','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'maker'}", category)
			r.order("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'100.5','orderLinkId':'taker'}", category)
			rows, _ := r.list("/v5/execution/list?category=" + category)
			if len(rows) != 2 {
				t.Fatalf("%d executions", len(rows))
			}
			ids := []string{rows[0].text("execId"), rows[1].text("execId")}
			if got := r.pages("/v5/execution/list?category="+category, "execId"); ids[0] == ids[1] || !slices.Equal(got, ids) {
				t.Errorf("by pages of one %v, at once %v", got, ids)
			}
			told := []string{s.execution(), s.execution()}
			if slices.Sort(told); !slices.Equal(told, slices.Sorted(slices.Values(ids))) {
				t.Errorf("the stream told %v, the list %v", told, ids)
			}
			taker := ids[slices.IndexFunc(rows, func(w row) bool { return w.text("orderLinkId") == "taker" })]
			if got := public.news("publicTrade.BTCUSDT").text("i"); got != taker {
				t.Errorf("the public trade is %s, the taker's %s", got, taker)
			}
		})
	}
}

func (s *socket) execution() string { return s.news("execution").text("execId") }

// A market order by value must be paid for, and must not be larger than others, whatever is on the book.
func TestValueThatIsTooMuch(t *testing.T) {
	for _, c := range []struct {
		name, side, value string
		code              int
	}{
		{"all that there is", "Buy", "100000", 0},
		{"a little more", "Buy", "100000.1", 170131},
		{"a lot more", "Buy", "1" + strings.Repeat("0", 59), 170131},
		{"more than one order may have", "Buy", "9000", 170135},
		{"sold, what there is not", "Sell", "2000", 170131},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				if c.code != 0 && c.code != 170131 || c.side == "Sell" {
					r.publish("BTC-USDT", []string{"100", "2000"}, []string{"101", "20000"})
				}
				a := r.post("/v5/order/create", body("{'category':'spot','symbol':'BTCUSDT','side':'%s','orderType':'Market','marketUnit':'quoteCoin','qty':'%s'}", c.side, c.value))
				if a.Code != c.code {
					t.Errorf("%s, want %d", a.body, c.code)
				}
			})
		})
	}
}

// The engine's words are none of the venue's.
func TestWordsOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for _, category := range []string{"spot", "linear"} {
			a := r.post("/v5/order/create", body("{'category':'%s','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'1%s'}", category, strings.Repeat("0", 59)))
			if a.Code == 0 || strings.Contains(a.Text, "exchange:") || strings.Contains(a.Text, "bybit") {
				t.Errorf("%s: %s", category, a.body)
			}
			time.Sleep(time.Second)
		}
	})
}
