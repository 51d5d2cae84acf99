package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// checkFills compares what happened with what had to, in order.
func (p *player) checkFills(what string, want []string, fills []exchange.Fill) {
	p.t.Helper()
	var got []string
	for _, f := range fills {
		size, ok := f.Quantity.Int64(-2)
		price, ok2 := f.Price.Int64(-1)
		if !ok || !ok2 || !f.Time.Equal(p.now) {
			p.t.Fatalf("%s: fill %+v", what, f)
		}
		s := fmt.Sprintf("%s/%s %d@%d", f.Account, f.ClientID, size, price)
		if f.Maker {
			s += " maker"
			p.counts["maker fills"]++
		}
		got = append(got, s)
	}
	p.counts["fills"] += len(got)
	if !slices.Equal(got, want) {
		p.t.Fatalf("%s: fills\n%q, want\n%q", what, got, want)
	}
}

// checkBook compares the visible book with the oracle's, and open orders with those that rest there.
func (p *player) checkBook(what string, m exchange.Market, version uint64) {
	p.t.Helper()
	var b exchange.Book
	if !p.e.Book(m.Symbol, &b) || b.Err != nil {
		p.t.Fatalf("%s: no book: %v", what, b.Err)
	}
	if err := b.Check(); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	if b.Seq != p.e.Version(m.Symbol) || b.Seq < version {
		p.t.Fatalf("%s: book %d, version %d after %d", what, b.Seq, p.e.Version(m.Symbol), version)
	}
	if b.Scale.Price == -3 {
		for _, side := range [][]exchange.Level{b.Bids, b.Asks} {
			for i := range side {
				side[i].Price, side[i].Size = side[i].Price/100, side[i].Size/10
			}
		}
		p.counts["finer units"]++
	}
	now := fmt.Sprint(b.Bids, b.Asks)
	if now != p.seen[m] && b.Seq == p.seqs[m] {
		p.t.Fatalf("%s: the book changed, its number %d did not", what, b.Seq)
	}
	p.seen[m], p.seqs[m] = now, b.Seq
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		want := p.oracles[m].levels(s)
		same := len(want) == len(b.Side(s))
		for _, l := range b.Side(s) {
			same = same && want[l.Price] == l.Size
		}
		if !same {
			p.t.Fatalf("%s: takers to %s see %v, want %v", what, s, b.Side(s), want)
		}
	}
	open := 0
	for _, a := range p.e.Accounts() {
		for _, o := range p.e.OpenOrders(a, m.Symbol) {
			open++
			x := p.oracles[m].find(a, o.ClientID)
			if left, _ := o.Remaining().Int64(-2); x == nil || x.left != left {
				p.t.Fatalf("%s: open order %+v, by the oracle %+v", what, o, x)
			}
		}
	}
	if open != len(p.oracles[m].rest) {
		p.t.Fatalf("%s: %d open orders, by the oracle %d", what, open, len(p.oracles[m].rest))
	}
}

// checkEvents replays the events since the last step: they say what the engine says.
func (p *player) checkEvents(what string) {
	p.t.Helper()
	news, next, ok := p.e.Events(p.next)
	if !ok {
		p.t.Fatalf("%s: events are gone", what)
	}
	p.next = next
	for _, ev := range news {
		if ev.Kind != exchange.OrderUpdate {
			continue
		}
		o := ev.Order
		ref := o.OrderRequest.Ref()
		before := p.mirror[ref]
		if _, err := before.Status.To(o.Status); err != nil {
			p.t.Fatalf("%s: %v: %v", what, ref, err)
		}
		var sum exchange.Decimal
		for _, f := range o.Fills {
			sum = sum.Add(f.Quantity)
		}
		if !before.Filled.Add(sum).Equal(o.Filled) || o.Version < before.Version {
			p.t.Fatalf("%s: %v: %s after %s", what, ref, shape(o), shape(before))
		}
		p.mirror[ref] = o
		p.fills = append(p.fills, o.Fills...)
	}
	for _, ev := range news {
		if ev.Kind == exchange.OrderUpdate {
			p.same(what, ev.Order.OrderRequest.Ref())
		}
	}
}

func (p *player) same(what string, ref exchange.OrderRef) {
	p.t.Helper()
	got := p.mirror[ref]
	want, err := p.e.Lookup(ref)
	equal := got.Filled.Equal(want.Filled) && got.AvgPrice.Equal(want.AvgPrice)
	got.Filled, got.AvgPrice, got.Fills, want.Fills = want.Filled, want.AvgPrice, nil, nil // whatever the trailing zeros are
	if err != nil || !equal || fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Fatalf("%s: by events %+v\nlookup %+v %v", what, got, want, err)
	}
}

// finish compares everything that the events told with what the engine remembers.
func (p *player) finish() {
	p.t.Helper()
	log := p.e.Log()
	key := func(f exchange.Fill) string { return fmt.Sprint(f) }
	var told, kept []string
	for _, f := range p.fills {
		told = append(told, key(f))
	}
	for _, f := range log {
		kept = append(kept, key(f))
	}
	slices.Sort(told)
	slices.Sort(kept)
	if !slices.Equal(told, kept) {
		p.t.Errorf("%d fills told, %d kept", len(told), len(kept))
	}
	n := 0
	for _, a := range p.e.Accounts() {
		for _, m := range []exchange.Market{spot, perp} {
			n += len(p.e.Fills(a, m.Symbol, start))
			for _, o := range p.e.Orders(a, m.Symbol, start) {
				p.same("at the end", o.OrderRequest.Ref())
				delete(p.mirror, o.OrderRequest.Ref())
			}
		}
	}
	if n != len(log) || len(p.mirror) != 0 {
		p.t.Errorf("%d fills of accounts, %d in all; %d orders that nobody has", n, len(log), len(p.mirror))
	}
}

func propertyConfig(seed uint64) sim.EngineConfig {
	cfg := config()
	cfg.BaseFee = seed%2 == 1
	if seed%3 == 1 {
		cfg.Fees.Maker = dec("-0.00025")
	}
	// Enough that no closed position can lose more than there is; too little for every order.
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("2000")}, {Asset: "BTC", Quantity: dec("7")}}
	cfg.MarginRate = dec("0.5")
	cfg.SelfTrade = sim.SelfTrade(seed % 5)
	cfg.SplitWallets = seed%4 == 3
	if cfg.SplitWallets {
		cfg.Margin = []exchange.Amount{{Asset: "USDT", Quantity: dec("1000")}}
	}
	if seed%5 == 2 {
		cfg.FeeAsset, cfg.FeePrice = "BNB", dec("7")
		cfg.Balances = append(cfg.Balances, exchange.Amount{Asset: "BNB", Quantity: dec("0.5")})
	}
	cfg.Accounts = []sim.AccountConfig{
		{ID: "two", Balances: cfg.Balances, Margin: cfg.Margin, Fees: &exchange.FeeRates{Maker: dec("0.0001"), Taker: dec("0.0003")}},
		{ID: "three", Balances: cfg.Balances[:2], Margin: cfg.Margin},
	}
	return cfg
}

func TestRandomFlowKeepsTheInvariants(t *testing.T) {
	seeds := 30
	if underRace {
		seeds = 6
	}
	counts := map[string]int{}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cfg := propertyConfig(seed)
			p := &player{
				t: t, r: rand.New(rand.NewPCG(seed, 1)), cfg: cfg, e: newEngine(t, cfg), now: start, counts: counts,
				oracles: map[exchange.Market]*oracle{spot: newOracle(), perp: newOracle()}, mirror: map[exchange.OrderRef]exchange.Order{},
				seen: map[exchange.Market]string{}, seqs: map[exchange.Market]uint64{}, stpOf: map[exchange.OrderRef]sim.SelfTrade{},
			}
			for _, m := range []exchange.Market{spot, perp} {
				b := p.randomBook(m)
				p.oracles[m].set(b)
				setBook(t, p.e, b)
			}
			for i := range 300 {
				p.step(i)
			}
			p.finish()
		})
	}
	t.Log(counts)
	for what, least := range map[string]int{"fills": 5000, "maker fills": 1200, "self-trade": 100, "kept its place": 80, "funded": 600, "refused": 1000, "finer units": 1000} {
		if counts[what] < least*seeds/60 {
			t.Errorf("the flow is too thin to show anything: %d %s", counts[what], what)
		}
	}
}
