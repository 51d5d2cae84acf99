package simwire_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

var btc, btcPerp = exchange.MustSymbol("BTC-USDT"), exchange.MustSymbol("BTC-USDT-PERP")

// newFloor is a floor with two markets and two accounts.
func newFloor(t *testing.T) *sim.Floor {
	t.Helper()
	dec := exchange.MustDecimal
	money := []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}, {Asset: "BTC", Quantity: dec("100")}}
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: "x", Account: "me", Balances: money, Accounts: []sim.AccountConfig{{ID: "other", Balances: money}},
		Instruments: []exchange.Instrument{
			{Market: exchange.Market{Venue: "x", Symbol: btc}, Tradable: true, Tick: dec("1"), Lot: dec("1")},
			{Market: exchange.Market{Venue: "x", Symbol: btcPerp}, Tradable: true, Tick: dec("1"), Lot: dec("1")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewFloor(e)
}

// publish makes bid and ask the best prices, with sizes.
func publish(t *testing.T, f *sim.Floor, bid, bidSize, ask, askSize int64) {
	t.Helper()
	f.Do(func(now time.Time, e *sim.Engine) {
		b := &exchange.Book{Market: exchange.Market{Venue: "x", Symbol: btc}, Bids: []exchange.Level{{Price: 1, Size: 9}, {Price: bid, Size: bidSize}},
			Asks: []exchange.Level{{Price: ask, Size: askSize}}}
		if err := e.SetBook(now, b); err != nil {
			t.Error(err)
		}
	})
}

// request is an order of somebody's.
func request(account exchange.AccountID, id string, side exchange.Side, price, quantity int64) exchange.OrderRequest {
	return exchange.OrderRequest{Market: exchange.Market{Venue: "x", Symbol: btc}, Account: account, ClientID: id, Side: side,
		Price: exchange.Scaled(price, 0), Quantity: exchange.Scaled(quantity, 0)}
}

// the topic's texts.
func snapshotText(_ time.Time, b *exchange.Book, changed bool) []byte {
	again := ""
	if !changed {
		again = " again"
	}
	var f simwire.Format
	return fmt.Appendf(nil, "snapshot%s %s %s", again, texts(f, b.Bids, b.Scale), texts(f, b.Asks, b.Scale))
}

func deltaText(_ time.Time, d *simwire.Delta) []byte {
	var f simwire.Format
	return fmt.Appendf(nil, "%d-%d %s %s", d.Prev, d.Last, f.AppendLevels(nil, d.Bids, d.Scale, ""), f.AppendLevels(nil, d.Asks, d.Scale, ""))
}

// follow is a client that is subscribed to one topic.
func follow(t *testing.T, floor *sim.Floor, b simwire.BookTopic) (*peer, *simwire.Topics) {
	t.Helper()
	v := open(t, true, simwire.SocketConfig{}, nil)
	p, s := v.dial(t, true, false)
	topics := simwire.NewTopics(s, floor)
	b.Name, b.Symbol = "books", btc
	if !topics.Add(simwire.NewBookTopic(s, b)) || topics.Add(simwire.NewBookTopic(s, b)) {
		t.Error("subscribed not at all, or twice")
	}
	return p, topics
}

func TestBookTopic(t *testing.T) {
	cases := []struct {
		name  string
		topic simwire.BookTopic
		want  []string
	}{
		{"snapshot and differences, at once", simwire.BookTopic{Snapshot: snapshotText, Delta: deltaText}, []string{
			`0s snapshot [["10","5"],["1","9"]] [["11","5"]]`, `1s 1-2 [["10","6"]] []`, `1.0005s 2-3 [["10","7"]] [["11","0"],["12","5"]]`,
			`2.0005s 3-4 [["10","5"]] []`,
		}},
		{"every 100 ms, what happens at once in one", simwire.BookTopic{Snapshot: snapshotText, Delta: deltaText, Every: 100 * time.Millisecond}, []string{
			`0s snapshot [["10","5"],["1","9"]] [["11","5"]]`, `1.001s 1-3 [["10","7"]] [["11","0"],["12","5"]]`, `2.0015s 3-4 [["10","5"]] []`,
		}},
		{"every 10 ms", simwire.BookTopic{Snapshot: snapshotText, Delta: deltaText, Every: 10 * time.Millisecond}, []string{
			`0s snapshot [["10","5"],["1","9"]] [["11","5"]]`, `1.0001s 1-2 [["10","6"]] []`, `1.0101s 2-3 [["10","7"]] [["11","0"],["12","5"]]`,
			`2.0006s 3-4 [["10","5"]] []`,
		}},
		{"without a snapshot", simwire.BookTopic{Delta: deltaText}, []string{
			`1s 1-2 [["10","6"]] []`, `1.0005s 2-3 [["10","7"]] [["11","0"],["12","5"]]`, `2.0005s 3-4 [["10","5"]] []`,
		}},
		{"snapshots only, of one level", simwire.BookTopic{Snapshot: snapshotText, Depth: 1}, []string{
			`0s snapshot [["10","5"]] [["11","5"]]`, `1s snapshot [["10","6"]] [["11","5"]]`, `1.0005s snapshot [["10","7"]] [["12","5"]]`,
			`2.0005s snapshot [["10","5"]] [["12","5"]]`,
		}},
		{"again after silence", simwire.BookTopic{Snapshot: snapshotText, Depth: 1, Every: 900 * time.Millisecond, Repeat: 700 * time.Millisecond}, []string{
			`0s snapshot [["10","5"]] [["11","5"]]`, `700ms snapshot again [["10","5"]] [["11","5"]]`, `1.009s snapshot [["10","7"]] [["12","5"]]`,
			`1.709s snapshot again [["10","7"]] [["12","5"]]`, `2.0095s snapshot [["10","5"]] [["12","5"]]`,
		}},
		{"an empty difference after silence", simwire.BookTopic{Delta: deltaText, Repeat: 900 * time.Millisecond}, []string{
			`900ms 1-1 [] []`, `1s 1-2 [["10","6"]] []`, `1.0005s 2-3 [["10","7"]] [["11","0"],["12","5"]]`, `1.9005s 3-3 [] []`, `2.0005s 3-4 [["10","5"]] []`,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				floor := newFloor(t)
				publish(t, floor, 10, 5, 11, 5)
				p, _ := follow(t, floor, c.topic)
				after(time.Second)
				publish(t, floor, 10, 6, 11, 5)
				after(500 * time.Microsecond)
				publish(t, floor, 10, 7, 12, 5)
				after(time.Second)
				floor.Do(func(now time.Time, e *sim.Engine) {
					if _, err := e.Submit(now, request("me", "a", exchange.Sell, 10, 2)); err != nil {
						t.Error(err)
					}
				})
				after(30 * time.Millisecond)
				p.expect(t, c.want...)
			})
		})
	}
}

// A topic that is subscribed before there is a book begins with the first one.
func TestBookTopicWaitsForABook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		floor := newFloor(t)
		p, topics := follow(t, floor, simwire.BookTopic{Snapshot: snapshotText, Delta: deltaText, Repeat: time.Second})
		after(time.Minute)
		publish(t, floor, 10, 5, 11, 5)
		p.expect(t, `1m0s snapshot [["10","5"],["1","9"]] [["11","5"]]`)
		if !topics.Remove("books") || topics.Remove("books") || len(topics.Names()) != 0 {
			t.Error("not removed, or twice")
		}
		publish(t, floor, 10, 6, 11, 5)
		after(time.Minute)
		p.expect(t, `1m0s snapshot [["10","5"],["1","9"]] [["11","5"]]`)
	})
}

func TestBookFaults(t *testing.T) {
	first := `0s snapshot [["10","5"],["1","9"]] [["11","5"]]`
	cases := []struct {
		name string
		rule sim.Rule
		want []string
	}{
		{"none", sim.Rule{Fault: sim.Drop, Nth: 99}, []string{first, `1s 1-2 [["10","6"]] []`, `2s 2-3 [["10","7"]] []`}},
		{"a gap", sim.Rule{Fault: sim.Drop, Nth: 2}, []string{first, `2s 2-3 [["10","7"]] []`}},
		{"another market's", sim.Rule{Fault: sim.Drop, Nth: 2, Key: "ETH-USDT"}, []string{first, `1s 1-2 [["10","6"]] []`, `2s 2-3 [["10","7"]] []`}},
		{"swapped", sim.Rule{Fault: sim.Swapped, Nth: 2, For: time.Minute}, []string{first, `2s 2-3 [["10","7"]] []`, `2s 1-2 [["10","6"]] []`}},
		{"stale", sim.Rule{Fault: sim.StaleBook, Nth: 2, For: 4 * time.Second}, []string{first, `5s 1-3 [["10","7"]] []`}},
		{"stale, shortly", sim.Rule{Fault: sim.StaleBook, Nth: 2, For: time.Millisecond}, []string{first, `1.001s 1-2 [["10","6"]] []`, `2s 2-3 [["10","7"]] []`}},
		{"crossed until the next change", sim.Rule{Fault: sim.CrossedBook, Nth: 2, For: time.Minute},
			[]string{first, `1s 1-2 [["11","5"],["10","6"]] []`, `2s 2-3 [["11","0"],["10","7"]] []`}},
		{"crossed, and put right", sim.Rule{Fault: sim.CrossedBook, Nth: 2, For: time.Millisecond},
			[]string{first, `1s 1-2 [["11","5"],["10","6"]] []`, `1.001s 2-2 [["11","0"]] []`, `2s 2-3 [["10","7"]] []`}},
		{"crossed from the beginning", sim.Rule{Fault: sim.CrossedBook, For: time.Minute},
			[]string{`0s snapshot [["11","5"],["10","5"],["1","9"]] [["11","5"]]`, `1s 1-2 [["11","0"],["10","6"]] []`, `2s 2-3 [["10","7"]] []`}},
		{"stale from the beginning", sim.Rule{Fault: sim.StaleBook, For: 1500 * time.Millisecond},
			[]string{first, `1.5s 1-2 [["10","6"]] []`, `2s 2-3 [["10","7"]] []`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.rule.Op = sim.OpBooks
				inj, err := sim.NewInjector(sim.Faults{Script: []sim.Rule{c.rule}}, sim.Latency{})
				if err != nil {
					t.Fatal(err)
				}
				floor := newFloor(t)
				publish(t, floor, 10, 5, 11, 5)
				p, _ := follow(t, floor, simwire.BookTopic{Snapshot: snapshotText, Delta: deltaText, Injector: inj, Key: "BTC-USDT"})
				after(time.Second)
				publish(t, floor, 10, 6, 11, 5)
				after(time.Second)
				publish(t, floor, 10, 7, 11, 5)
				after(10 * time.Second)
				p.expect(t, c.want...)
			})
		})
	}
}

// A private stream: events of one account, from the subscription on, and what they changed.
func TestCursorAndHoldings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		floor := newFloor(t)
		publish(t, floor, 10, 5, 11, 5)
		submit := func(r exchange.OrderRequest) {
			floor.Do(func(now time.Time, e *sim.Engine) {
				if _, err := e.Submit(now, r); err != nil {
					t.Error(err)
				}
			})
		}
		submit(request("me", "before", exchange.Buy, 9, 1))
		v := open(t, true, simwire.SocketConfig{}, nil)
		p, s := v.dial(t, true, false)
		topics := simwire.NewTopics(s, floor)
		var cursor *simwire.Cursor
		var holdings *simwire.Holdings
		floor.Read(func(_ time.Time, e *sim.Engine) {
			cursor, holdings = simwire.NewCursor(e, "me"), simwire.NewHoldings(e, "me")
		})
		submit(request("me", "between", exchange.Buy, 9, 1))
		topics.Add(simwire.Topic{Name: "orders", Look: func(_ time.Time, e *sim.Engine) time.Time {
			events, ok := cursor.Next(e)
			for _, ev := range events {
				s.Push("orders", fmt.Appendf(nil, "%s %s", ev.Order.ClientID, ev.Order.Status), sim.Fate{})
			}
			balances, _ := holdings.Changes(e)
			for _, b := range balances {
				s.Push("orders", fmt.Appendf(nil, "%s %s", b.Asset, b.Total()), sim.Fate{})
			}
			if !ok {
				s.End(simwire.EndSlow)
			}
			return time.Time{}
		}})
		p.expect(t, "0s between accepted", "0s USDT 1000000")
		submit(request("other", "not mine", exchange.Buy, 9, 1))
		submit(request("me", "a", exchange.Sell, 10, 100))
		p.expect(t, "0s between accepted", "0s USDT 1000000", "0s a partially filled", "0s BTC 95", "0s USDT 1000050")
		if s.Ending() != "" {
			t.Errorf("ended: %s", s.Ending())
		}
	})
}

func TestHoldingsThatAreGone(t *testing.T) {
	floor := newFloor(t)
	publish(t, floor, 10, 100, 11, 5)
	floor.Do(func(now time.Time, e *sim.Engine) {
		h := simwire.NewHoldings(e, "me")
		if _, err := e.Submit(now, request("me", "a", exchange.Sell, 10, 100)); err != nil {
			t.Error(err)
		}
		b, p := h.Changes(e)
		if len(b) != 2 || b[0].Asset != "BTC" || !b[0].Total().IsZero() || b[1].Asset != "USDT" || len(p) != 0 {
			t.Errorf("changes %v %v", b, p)
		}
		if b, _ := h.Changes(e); len(b) != 0 {
			t.Errorf("again %v", b)
		}
	})
}

func TestHoldingsOfPositions(t *testing.T) {
	floor := newFloor(t)
	market := exchange.Market{Venue: "x", Symbol: btcPerp}
	floor.Do(func(now time.Time, e *sim.Engine) {
		err := e.SetBook(now, &exchange.Book{Market: market, Bids: []exchange.Level{{Price: 10, Size: 50}}, Asks: []exchange.Level{{Price: 11, Size: 50}}})
		if err != nil {
			t.Fatal(err)
		}
		h := simwire.NewHoldings(e, "me")
		for _, step := range []struct {
			side           exchange.Side
			price, size    int64
			quantity, cost string
		}{{exchange.Buy, 11, 5, "5", "55"}, {exchange.Sell, 10, 2, "3", "35"}, {exchange.Sell, 10, 3, "0", "0"}} {
			r := request("me", fmt.Sprint(step), step.side, step.price, step.size)
			r.Market = market
			if _, err := e.Submit(now, r); err != nil {
				t.Fatal(err)
			}
			b, p := h.Changes(e)
			if len(b) != 1 || b[0].Asset != "USDT" || len(p) != 1 || p[0].Market != market || p[0].Account != "me" ||
				p[0].Quantity.String() != step.quantity || p[0].Cost.String() != step.cost {
				t.Errorf("%v: %v %+v", step, b, p)
			}
		}
		if b, p := h.Changes(e); len(b)+len(p) != 0 {
			t.Errorf("again %v %v", b, p)
		}
	})
}
