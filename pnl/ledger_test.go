package pnl_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/pnl"
)

var (
	dec  = exchange.MustDecimal
	spot = exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT")}
	perp = exchange.Market{Venue: "okx", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
	day  = time.Date(2024, 5, 21, 0, 0, 0, 0, time.UTC)
)

func fill(id string, m exchange.Market, side exchange.Side, price, quantity, fee string) exchange.Fill {
	return exchange.Fill{Market: m, TradeID: id, VenueID: "o" + id, Side: side, Price: dec(price), Quantity: dec(quantity), Fee: dec(fee), FeeAsset: "USDT", Time: day}
}

func record(t testing.TB, l *pnl.Ledger, fills ...exchange.Fill) {
	t.Helper()
	for _, f := range fills {
		if err := l.Record(f); err != nil {
			t.Fatal(err)
		}
	}
}

func balance(t testing.TB, l *pnl.Ledger, v exchange.Venue, a exchange.Asset, want string) {
	t.Helper()
	if got := l.Balance(v, "", a); !got.Equal(dec(want)) {
		t.Errorf("%s %s: %s, want %s", v, a, got, want)
	}
}

func balanced(t testing.TB, l *pnl.Ledger) {
	t.Helper()
	if off := l.Imbalance(); len(off) != 0 {
		t.Errorf("imbalance %v", off)
	}
}

func TestSpot(t *testing.T) {
	l := pnl.NewLedger()
	if err := l.Open("binance", "", exchange.Amount{Asset: "USDT", Quantity: dec("1000")}, exchange.Amount{Asset: "BTC", Quantity: dec("1")}); err != nil {
		t.Fatal(err)
	}
	buy := fill("1", spot, exchange.Buy, "100", "2", "0.002")
	buy.FeeAsset = "BTC" // charged in what was bought
	record(t, l, buy, fill("2", spot, exchange.Sell, "110", "1", "0.11"))
	balance(t, l, "binance", "BTC", "1.998")
	balance(t, l, "binance", "USDT", "909.89")
	balanced(t, l)

	if got := fmt.Sprint(amounts(l.Fees())); got != "[BTC 0.002 USDT 0.11]" {
		t.Errorf("fees %s", got)
	}
	if got := fmt.Sprint(amounts(l.Changes())); got != "[BTC 0.998 USDT -90.11]" {
		t.Errorf("changes %s", got)
	}
	net, err := l.Net("USDT", func(exchange.Asset) (exchange.Decimal, bool) { return dec("105"), true })
	if err != nil || !net.Equal(dec("14.68")) {
		t.Errorf("net %s, %v; want 14.68", net, err)
	}
	if _, err := l.Net("USDT", func(exchange.Asset) (exchange.Decimal, bool) { return dec("0"), false }); !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("net without a price: %v", err)
	}
}

func amounts(list []exchange.Amount) []string {
	var r []string
	for _, a := range list {
		r = append(r, string(a.Asset)+" "+a.Quantity.String())
	}
	return r
}

// A position's cost settles when it is flat; a flip settles the part that closes and opens the rest.
func TestPerp(t *testing.T) {
	type state struct{ quantity, cost, wallet string }
	for _, c := range []struct {
		name  string
		fills []exchange.Fill
		want  state
	}{
		{"open", []exchange.Fill{fill("1", perp, exchange.Buy, "100", "2", "0")}, state{"2", "200", "1000"}},
		{"add", []exchange.Fill{fill("1", perp, exchange.Buy, "100", "2", "0"), fill("2", perp, exchange.Buy, "130", "1", "0")}, state{"3", "330", "1000"}},
		{"reduce", []exchange.Fill{fill("1", perp, exchange.Buy, "100", "3", "0"), fill("2", perp, exchange.Sell, "110", "1", "0")}, state{"2", "190", "1000"}},
		{"close", []exchange.Fill{fill("1", perp, exchange.Buy, "100", "3", "0"), fill("2", perp, exchange.Sell, "110", "3", "0")}, state{"0", "0", "1030"}},
		{"flip", []exchange.Fill{fill("1", perp, exchange.Buy, "100", "3", "0"), fill("2", perp, exchange.Sell, "110", "5", "0")}, state{"-2", "-220", "1030"}},
		{"flip back", []exchange.Fill{fill("1", perp, exchange.Sell, "100", "1", "0"), fill("2", perp, exchange.Buy, "90", "2", "0")}, state{"1", "90", "1010"}},
		{"fees come from the wallet", []exchange.Fill{fill("1", perp, exchange.Sell, "100", "1", "0.05")}, state{"-1", "-100", "999.95"}},
		{"a rebate goes to the wallet", []exchange.Fill{fill("1", perp, exchange.Sell, "100", "1", "-0.01")}, state{"-1", "-100", "1000.01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := pnl.NewLedger()
			if err := l.Open("okx", "", exchange.Amount{Asset: "USDT", Quantity: dec("1000")}); err != nil {
				t.Fatal(err)
			}
			record(t, l, c.fills...)
			balance(t, l, "okx", "USDT", c.want.wallet)
			balanced(t, l)
			p := exchange.Position{}
			if list := l.Positions(); len(list) == 1 {
				p = list[0]
			}
			if !p.Quantity.Equal(dec(c.want.quantity)) || !p.Cost.Equal(dec(c.want.cost)) {
				t.Errorf("position %s at %s, want %s at %s", p.Quantity, p.Cost, c.want.quantity, c.want.cost)
			}
		})
	}
}

func TestOpenPosition(t *testing.T) {
	l := pnl.NewLedger()
	have := exchange.Position{Market: perp, Quantity: dec("2"), Cost: dec("200")}
	if err := l.OpenPosition(have); err != nil {
		t.Fatal(err)
	}
	if err := l.OpenPosition(have); !errors.Is(err, exchange.ErrConflict) {
		t.Errorf("opened twice: %v", err)
	}
	record(t, l, fill("1", perp, exchange.Sell, "105", "2", "0"))
	balance(t, l, "okx", "USDT", "10")
	balanced(t, l)
	// The change is what was done since: 2 BTC less, 210 more. At 100 that is 10.
	net, err := l.Net("USDT", func(exchange.Asset) (exchange.Decimal, bool) { return dec("100"), true })
	if err != nil || !net.Equal(dec("10")) {
		t.Errorf("net %s, %v", net, err)
	}
	for _, p := range []exchange.Position{{Market: spot, Quantity: dec("1")}, {Market: perp}} {
		if err := l.OpenPosition(p); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if err := l.Open("", "", exchange.Amount{Asset: "BTC"}); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("no venue: %v", err)
	}
}

func TestRecordTwice(t *testing.T) {
	first := fill("1", spot, exchange.Buy, "100", "2", "0.1")
	for _, c := range []struct {
		name   string
		change func(*exchange.Fill)
		err    error
		fills  int
	}{
		{"the same", func(*exchange.Fill) {}, nil, 1},
		{"trailing zeros", func(f *exchange.Fill) { f.Price = dec("100.00") }, nil, 1},
		{"told by another channel", func(f *exchange.Fill) { f.Time, f.ClientID = day.Add(time.Millisecond), "x" }, nil, 1},
		{"another price", func(f *exchange.Fill) { f.Price = dec("101") }, exchange.ErrConflict, 1},
		{"another quantity", func(f *exchange.Fill) { f.Quantity = dec("1") }, exchange.ErrConflict, 1},
		{"another side", func(f *exchange.Fill) { f.Side = exchange.Sell }, exchange.ErrConflict, 1},
		{"another fee", func(f *exchange.Fill) { f.Fee = dec("0.2") }, exchange.ErrConflict, 1},
		{"another fee asset", func(f *exchange.Fill) { f.FeeAsset = "BNB" }, exchange.ErrConflict, 1},
		{"another order", func(f *exchange.Fill) { f.VenueID = "o2" }, nil, 2},
		{"another account", func(f *exchange.Fill) { f.Account = "sub" }, nil, 2},
		{"another market", func(f *exchange.Fill) { f.Market.Symbol.Quote = "USDC" }, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := pnl.NewLedger()
			record(t, l, first)
			again := first
			c.change(&again)
			err := l.Record(again)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if l.Fills() != c.fills {
				t.Errorf("%d fills, want %d", l.Fills(), c.fills)
			}
			if c.fills == 1 {
				balance(t, l, "binance", "BTC", "2")
				balance(t, l, "binance", "USDT", "-200.1")
			}
			balanced(t, l)
		})
	}
}

func TestBadFills(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*exchange.Fill)
	}{
		{"zero quantity", func(f *exchange.Fill) { f.Quantity = dec("0") }},
		{"negative quantity", func(f *exchange.Fill) { f.Quantity = dec("-1") }},
		{"zero price", func(f *exchange.Fill) { f.Price = dec("0") }},
		{"negative price", func(f *exchange.Fill) { f.Price = dec("-1") }},
		{"no trade id", func(f *exchange.Fill) { f.TradeID = "" }},
		{"no order id", func(f *exchange.Fill) { f.VenueID = "" }},
		{"no side", func(f *exchange.Fill) { f.Side = 0 }},
		{"no venue", func(f *exchange.Fill) { f.Market.Venue = "" }},
		{"no symbol", func(f *exchange.Fill) { f.Market.Symbol = exchange.Symbol{} }},
		{"fee in no asset", func(f *exchange.Fill) { f.FeeAsset = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := pnl.NewLedger()
			f := fill("1", spot, exchange.Buy, "100", "2", "0.1")
			c.change(&f)
			err := l.Record(f)
			var bad *pnl.FillError
			if !errors.As(err, &bad) || !errors.Is(err, exchange.ErrInvalid) || errors.Is(err, exchange.ErrConflict) {
				t.Errorf("error %v", err)
			}
			for e := range l.Entries() {
				t.Errorf("booked %+v", e)
			}
			if l.Fills() != 0 {
				t.Errorf("%d fills", l.Fills())
			}
		})
	}
}

// randomFills are of three markets and two accounts, fees in three assets, with flips of positions.
func randomFills(r *rand.Rand, n int) []exchange.Fill {
	markets := []exchange.Market{spot, perp, {Venue: "okx", Symbol: exchange.MustSymbol("ETH-USDT")}}
	var list []exchange.Fill
	for i := range n {
		f := exchange.Fill{Market: markets[r.IntN(3)], TradeID: strconv.Itoa(i), VenueID: strconv.Itoa(i / 3), Side: exchange.Buy + exchange.Side(r.IntN(2)),
			Price: exchange.Scaled(1+r.Int64N(1e12), -8), Quantity: exchange.Scaled(1+r.Int64N(1e9), -8), Fee: exchange.Scaled(r.Int64N(1e6)-1e5, -10),
			FeeAsset: []exchange.Asset{"USDT", "BNB", "BTC"}[r.IntN(3)]}
		if r.IntN(4) == 0 {
			f.Account = "sub"
		}
		list = append(list, f)
	}
	return list
}

type holder struct {
	venue   exchange.Venue
	account exchange.AccountID
	asset   exchange.Asset
}

// recompute is what holdings must be, from the fills alone: positions and wallets together.
func recompute(fills []exchange.Fill) map[holder]exchange.Decimal {
	m := map[holder]exchange.Decimal{}
	add := func(f exchange.Fill, a exchange.Asset, q exchange.Decimal) {
		h := holder{f.Market.Venue, f.Account, a}
		m[h] = m[h].Add(q)
	}
	for _, f := range fills {
		q, n := f.Quantity, f.Notional().Neg()
		if f.Side == exchange.Sell {
			q, n = q.Neg(), n.Neg()
		}
		add(f, f.Market.Symbol.Base, q)
		add(f, f.Market.Symbol.Quote, n)
		add(f, f.FeeAsset, f.Fee.Neg())
	}
	return m
}

func TestRandomFills(t *testing.T) {
	runs := 300
	if testing.Short() {
		runs = 50
	}
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 1))
		fills := randomFills(r, 60)
		want := recompute(fills)
		l := pnl.NewLedger()
		for _, pass := range []string{"first", "again, in another order"} {
			r.Shuffle(len(fills), func(i, j int) { fills[i], fills[j] = fills[j], fills[i] })
			record(t, l, fills...)
			if off := l.Imbalance(); len(off) != 0 {
				t.Fatalf("seed %d, %s: imbalance %v", seed, pass, amounts(off))
			}
			got := map[holder]exchange.Decimal{}
			for h := range want {
				got[h] = l.Balance(h.venue, h.account, h.asset)
			}
			for _, p := range l.Positions() {
				base, quote := holder{p.Market.Venue, p.Account, p.Market.Symbol.Base}, holder{p.Market.Venue, p.Account, p.Market.Symbol.Quote}
				got[base], got[quote] = got[base].Add(p.Quantity), got[quote].Sub(p.Cost)
			}
			for h, q := range want {
				if !got[h].Equal(q) {
					t.Fatalf("seed %d, %s: %v holds %s, the fills say %s", seed, pass, h, got[h], q)
				}
			}
			if l.Fills() != len(fills) {
				t.Fatalf("seed %d, %s: %d fills of %d", seed, pass, l.Fills(), len(fills))
			}
		}
	}
}

// What Entries tell is the whole truth: transactions sum to zero, wallets are the sums of their entries.
func TestEntries(t *testing.T) {
	l := pnl.NewLedger()
	record(t, l, randomFills(rand.New(rand.NewPCG(7, 7)), 200)...)
	type txAsset struct {
		tx    uint32
		asset exchange.Asset
	}
	sums, wallets := map[txAsset]exchange.Decimal{}, map[holder]exchange.Decimal{}
	n := 0
	for e := range l.Entries() {
		n++
		k := txAsset{e.Transaction, e.Asset}
		sums[k] = sums[k].Add(e.Amount)
		if h := (holder{e.Market.Venue, e.Account, e.Asset}); e.Book == pnl.Wallet {
			wallets[h] = wallets[h].Add(e.Amount)
		}
	}
	if n < 800 {
		t.Errorf("%d entries of 200 fills", n)
	}
	for k, sum := range sums {
		if !sum.IsZero() {
			t.Errorf("transaction %d: %s of %s from nowhere", k.tx, sum, k.asset)
		}
	}
	for h, sum := range wallets {
		if got := l.Balance(h.venue, h.account, h.asset); !got.Equal(sum) {
			t.Errorf("%v: balance %s, entries %s", h, got, sum)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	l := pnl.NewLedger()
	fills := randomFills(rand.New(rand.NewPCG(1, 1)), 300)
	var wg sync.WaitGroup
	for range 4 { // each tells all
		wg.Go(func() {
			for _, f := range fills {
				if err := l.Record(f); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				l.Imbalance()
				l.Positions()
				for range l.Entries() {
				}
			}
		})
	}
	wg.Wait()
	if l.Fills() != len(fills) {
		t.Errorf("%d fills of %d", l.Fills(), len(fills))
	}
	balanced(t, l)
}

func BenchmarkRecord(b *testing.B) {
	for _, m := range []exchange.Market{spot, perp} {
		b.Run(m.Symbol.Kind.String(), func(b *testing.B) {
			l := pnl.NewLedger()
			f := fill("", m, exchange.Buy, "64000.01", "0.0123", "0.39")
			ids := make([]string, 1<<16)
			for i := range ids {
				ids[i] = strconv.Itoa(i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(ids) == 0 {
					l = pnl.NewLedger()
				}
				f.TradeID, f.VenueID, f.Side = ids[i%len(ids)], ids[i%len(ids)/2], exchange.Buy+exchange.Side(i/3%2)
				if err := l.Record(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
