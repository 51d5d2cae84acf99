package private_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

const (
	unknown  = exchange.StatusUnknown
	pending  = exchange.StatusPending
	replaced = exchange.StatusReplaced
	rejected = exchange.StatusRejected
	expired  = exchange.StatusExpired
)

// script does steps and compares what the stream tells: a step is a request that is sent, an order that was answered, pushed, or a fill.
type answered struct{ o exchange.Order }

func TestTracker(t *testing.T) {
	sent := request(spot, "a")
	bare := func(s exchange.Status, n string, f ...exchange.Fill) exchange.Order { // a push that leaves the request out
		return exchange.Order{OrderRequest: exchange.OrderRequest{Market: spot, ClientID: "a"}, VenueID: "va", Status: s, Filled: dec(n), Fills: f}
	}
	at := func(o exchange.Order, second int64) exchange.Order { o.Time = time.Unix(second, 0); return o }
	priced := func(o exchange.Order, price, quantity string) exchange.Order {
		o.Price, o.Quantity = dec(price), dec(quantity)
		return o
	}
	named := func(o exchange.Order, id, quantity string, former ...string) exchange.Order {
		o.VenueID, o.Quantity, o.Former = id, dec(quantity), former
		return o
	}
	under := func(f exchange.Fill, id string) exchange.Fill { f.VenueID = id; return f }
	f1, f2, f3 := fill(spot, "a", "t1", "2"), fill(spot, "a", "t2", "2"), fill(spot, "a", "t3", "1")
	byVenue := f1
	byVenue.ClientID = ""
	cases := []struct {
		name  string
		steps []any
		want  []string
	}{
		{"a life", []any{sent, answered{bare(pending, "0")}, bare(accepted, "0"), bare(partial, "2", f1), bare(filled, "5", f2, f3)},
			[]string{"a accepted 0/5", "a partially filled 2/5 t1", "a filled 5/5 t2 t3"}},
		{"fills before the acknowledgement", []any{sent, f1, f2, bare(accepted, "0"), answered{bare(accepted, "0")}, f3, bare(filled, "5")},
			[]string{"a partially filled 2/5 t1", "a partially filled 4/5 t2", "a filled 5/5 t3"}},
		{"counted first, told later", []any{sent, bare(accepted, "0"), bare(filled, "5"), f1, f2, f2, f3},
			[]string{"a accepted 0/5", "a filled 5/5", "a filled 5/5 t1", "a filled 5/5 t2", "a filled 5/5 t3"}},
		{"all that the answer had is told once, when it is pushed", []any{sent, answered{bare(filled, "5", f1, f2, f3)}, bare(accepted, "0"),
			bare(partial, "2", f1), bare(filled, "5", f2, f3)}, []string{"a filled 5/5", "a filled 5/5 t1", "a filled 5/5 t2 t3"}},
		{"the answer comes last", []any{sent, bare(filled, "5", f1, f2, f3), answered{bare(filled, "5", f1, f2, f3)}}, []string{"a filled 5/5 t1 t2 t3"}},
		{"everything twice", []any{sent, bare(accepted, "0"), bare(accepted, "0"), bare(partial, "2", f1), f1, bare(partial, "2", f1)},
			[]string{"a accepted 0/5", "a partially filled 2/5 t1"}},
		{"older reports", []any{sent, bare(partial, "4", f1, f2), bare(accepted, "0"), bare(partial, "2", f1)}, []string{"a partially filled 4/5 t1 t2"}},
		{"a fill that crossed the cancel", []any{sent, bare(canceled, "2", f1), f2, bare(partial, "4", f2)},
			[]string{"a canceled 2/5 t1", "a canceled 4/5 t2"}},
		{"fills after the end", []any{sent, bare(canceled, "0"), f1, f2, f3},
			[]string{"a canceled 0/5", "a canceled 2/5 t1", "a canceled 4/5 t2", "a filled 5/5 t3"}},
		{"expired with what had filled", []any{sent, bare(expired, "2"), f1}, []string{"a expired 2/5", "a expired 2/5 t1"}},
		{"an unknown status changes nothing", []any{sent, bare(accepted, "0"), bare(unknown, "0"), bare(unknown, "2", f1)},
			[]string{"a accepted 0/5", "a partially filled 2/5 t1"}},
		{"an order of someone else", []any{bare(accepted, "0"), priced(bare(partial, "1"), "7", "3")}, []string{"a accepted 0/0", "a partially filled 1/3"}},
		{"a fill of someone else's order", []any{byVenue, bare(partial, "2", f1), f2}, []string{" partially filled 2/0 t1", "a partially filled 4/0 t2"}},
		{"a fill without a client id, before any venue id is known", []any{sent, byVenue, bare(partial, "2"), f2},
			[]string{" partially filled 2/0 t1", "a partially filled 2/5", "a partially filled 4/5 t2"}},
		{"a fill without an id is only counted", []any{sent, bare(partial, "2", fill(spot, "a", "", "2")), f1},
			[]string{"a partially filled 2/5", "a partially filled 2/5 t1"}},
		{"changed", []any{sent, at(bare(accepted, "0"), 1), at(priced(bare(replaced, "0"), "101", "7"), 2), at(priced(bare(accepted, "0"), "100", "5"), 1),
			at(priced(bare(accepted, "0"), "101", "7"), 3)}, []string{"a accepted 0/5", "a replaced 0/7", "a accepted 0/7"}},
		{"an older end is an end", []any{sent, at(bare(accepted, "0"), 9), at(bare(canceled, "0"), 2)}, []string{"a accepted 0/5", "a canceled 0/5"}},
		{"a new id at the venue", []any{sent, bare(partial, "2", f1), bare(replaced, "2"), named(bare(accepted, "0"), "vb", "6"),
			named(bare(canceled, "2"), "va", "5"), named(bare(partial, "1", under(f3, "vb")), "vb", "6"), named(bare(filled, "6"), "vb", "6")},
			[]string{"a partially filled 2/5 t1", "a replaced 2/5", "a partially filled 2/8", "a partially filled 3/8 t3", "a filled 8/8"}},
		{"a new id, known from the answer", []any{sent, bare(accepted, "0"), answered{named(bare(accepted, "0"), "vb", "4", "va")}, bare(canceled, "0"),
			under(fill(spot, "a", "late", "1"), "va"), named(bare(accepted, "0"), "vb", "4")},
			[]string{"a accepted 0/5", "a accepted 0/4", "a partially filled 1/5 late"}},
		{"a client id that is used again", []any{sent, bare(canceled, "0"), sent, named(bare(accepted, "0"), "vb", "5")},
			[]string{"a canceled 0/5", "a accepted 0/5"}},
		{"a client id that is used again, by an order whose fill comes first without it", []any{sent, bare(canceled, "2", f1),
			under(fill(spot, "", "t3", "1"), "vb"), named(bare(partial, "1"), "vb", "5")},
			[]string{"a canceled 2/5 t1", " partially filled 1/0 t3", "a partially filled 1/5"}},
		{"the same, sent before", []any{sent, bare(canceled, "2", f1), sent, under(fill(spot, "", "t3", "1"), "vb"), named(bare(partial, "1"), "vb", "5")},
			[]string{"a canceled 2/5 t1", " partially filled 1/0 t3", "a partially filled 1/5"}},
		{"rejected", []any{sent, answered{bare(pending, "0")}, bare(rejected, "0"), bare(rejected, "0")}, []string{"a rejected 0/5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := private.NewTracker(private.TrackerConfig{})
			var got []string
			for _, step := range c.steps {
				var ev exchange.Event
				var news bool
				switch x := step.(type) {
				case exchange.OrderRequest:
					tr.Sending(x)
				case answered:
					tr.Answered(x.o)
				case exchange.Order:
					ev, news = tr.Order(x)
				case exchange.Fill:
					ev, news = tr.Fill(x)
				}
				if news {
					got = append(got, words(ev))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// What the venue leaves out is filled in from what was sent, for the stream and for who placed the order.
func TestRequestIsKept(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{Account: "second"})
	req := request(spot, "a")
	req.TIF, req.Deadline = exchange.IOC, time.Unix(9, 0)
	tr.Sending(req)
	ack := exchange.Order{OrderRequest: exchange.OrderRequest{Market: spot, ClientID: "a"}, VenueID: "va", Status: accepted, Filled: dec("1")}
	ack.Fills = []exchange.Fill{fill(spot, "a", "t1", "1")}
	ack.Fees = []exchange.Amount{{Asset: "BNB", Quantity: dec("0.1")}}
	o := tr.Answered(ack)
	ev, _ := tr.Order(ack)
	for _, o := range []exchange.Order{o, ev.Order} {
		if o.TIF != exchange.IOC || !o.Deadline.Equal(req.Deadline) || !o.Price.Equal(req.Price) || o.Side != exchange.Buy || o.Account != "second" {
			t.Errorf("%+v", o)
		}
		if len(o.Fills) != 1 {
			t.Errorf("%d fills", len(o.Fills))
		}
	}
	if f := ev.Order.Fills[0]; f.Account != "second" || f.Key().Account != "second" {
		t.Errorf("%+v", f)
	}
	o.Fees[0].Quantity = dec("7")
	if k, ok := tr.Known(o.Ref()); !ok || !k.Fees[0].Quantity.Equal(dec("0.1")) || !k.Filled.Equal(dec("1")) {
		t.Errorf("%+v %v", k, ok)
	}
}

func TestForget(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{})
	for _, id := range []string{"a", "b"} {
		tr.Sending(request(spot, id))
	}
	tr.Order(report(spot, "b", accepted, "0"))
	tr.Forget(request(spot, "a").Ref())
	tr.Forget(request(spot, "b").Ref()) // the venue has shown it
	tr.Forget(request(spot, "c").Ref())
	if refs := tr.Working(exchange.Spot); len(refs) != 1 || refs[0].ClientID != "b" || refs[0].VenueID != "vb" {
		t.Errorf("%v", refs)
	}
	if _, ok := tr.Known(exchange.OrderRef{Market: spot, ClientID: "a"}); ok {
		t.Error("a is still known")
	}
}

func TestWorkingAndTraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := private.NewTracker(private.TrackerConfig{})
		eth := exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("ETH-USDT")}
		working := func(want ...string) {
			t.Helper()
			var got []string
			for _, ref := range tr.Working(exchange.Spot) {
				got = append(got, ref.ClientID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("working %v, want %v", got, want)
			}
		}
		tr.Sending(request(spot, "a"))
		tr.Sending(request(perp, "p"))
		tr.Sending(request(spot, "b"))
		tr.Answered(report(spot, "b", filled, "5")) // ended, but the stream has not told
		tr.Answered(report(spot, "x", filled, "5")) // history
		tr.Order(report(spot, "c", filled, "5", fill(spot, "c", "t1", "5")))
		tr.Order(report(spot, "d", filled, "5", fill(spot, "d", "t2", "4"))) // counted but not told
		working("a", "b", "d")
		tr.Fill(fill(spot, "d", "t3", "1"))
		tr.Order(report(spot, "b", filled, "5", fill(spot, "b", "t4", "5")))
		working("a")
		time.Sleep(time.Hour)
		tr.Order(report(eth, "e", filled, "5", fill(eth, "e", "t5", "5")))
		for _, c := range []struct {
			since time.Duration
			kind  exchange.Kind
			want  string
		}{
			{-2 * time.Hour, exchange.Spot, "[BTC-USDT ETH-USDT]"},
			{0, exchange.Spot, "[BTC-USDT ETH-USDT]"}, // a is working
			{time.Second, exchange.Spot, "[BTC-USDT]"},
			{time.Second, exchange.Perp, "[BTC-USDT-PERP]"},
		} {
			if got := fmt.Sprint(tr.Traded(c.kind, time.Now().Add(c.since))); got != c.want {
				t.Errorf("%s since %v: %s, want %s", c.kind, c.since, got, c.want)
			}
		}
	})
}

func TestTrackerIsSafeForConcurrentUse(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{Finished: 1000, Fills: 1000})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				id := fmt.Sprint(g, "-", i)
				tr.Sending(request(spot, id))
				tr.Answered(report(spot, id, accepted, "0"))
				tr.Fill(fill(spot, id, "t"+id, "5"))
				tr.Order(report(spot, id, filled, "5"))
				tr.Working(exchange.Spot)
				tr.Traded(exchange.Spot, time.Time{})
				tr.Forget(request(spot, id).Ref())
			}
		})
	}
	wg.Wait()
	if n := len(tr.Working(exchange.Spot)); n != 0 {
		t.Errorf("%d working", n)
	}
}
