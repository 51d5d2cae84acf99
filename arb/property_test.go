package arb_test

import (
	"math/rand/v2"
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

// naive is the scanner's judgement of one direction written as its definition reads, in decimals, with no thought of speed. It
// shares no code with the scanner.
type naive struct {
	cfg       arb.ScannerConfig
	buy, sell *exchange.Book
	rules     [2]exchange.Instrument // of buy and sell
	fees      [2]arb.Fee

	term       arb.Term
	bid, ask   exchange.Decimal
	size, net  exchange.Decimal
	worst      [2]exchange.Decimal
	notionals  [2]exchange.Decimal
	levelsLeft [2][][2]exchange.Decimal // price, size; best first
}

func (n *naive) prepare() {
	for i, b := range []*exchange.Book{n.buy, n.sell} {
		side := b.Side([]exchange.Side{exchange.Buy, exchange.Sell}[i])
		for j := range min(len(side), n.cfg.Depth) {
			l := side[len(side)-1-j]
			n.levelsLeft[i] = append(n.levelsLeft[i], [2]exchange.Decimal{b.Price(l), b.Size(l)})
		}
	}
}

// profit is the net of two notionals and what it must exceed.
func (n *naive) profit(buy, sell exchange.Decimal, fixed bool) (net, threshold exchange.Decimal) {
	larger := buy.Max(sell)
	net = sell.Sub(buy).Sub(n.fees[0].Rate.Mul(buy)).Sub(n.fees[1].Rate.Mul(sell)).Sub(n.cfg.Slippage.Mul(larger))
	if fixed {
		net = net.Sub(n.fees[0].Fixed).Sub(n.fees[1].Fixed)
	}
	return net, n.cfg.MinEdge.Mul(larger)
}

// reason is the first term that eats the profit.
func (n *naive) reason(buy, sell exchange.Decimal, fixed bool) arb.Term {
	net, threshold := n.profit(buy, sell, fixed)
	beforeSlippage := net.Add(n.cfg.Slippage.Mul(buy.Max(sell)))
	switch {
	case net.Cmp(threshold) > 0:
		return arb.TermPassed
	case !fixed && sell.Cmp(buy) <= 0:
		return arb.TermNotCrossed
	case beforeSlippage.Sign() <= 0:
		return arb.TermFees
	case net.Sign() <= 0:
		return arb.TermSlippage
	}
	return arb.TermThreshold
}

func (n *naive) judge() {
	n.prepare()
	if len(n.levelsLeft[0]) == 0 || len(n.levelsLeft[1]) == 0 {
		n.term = arb.TermDepth
		return
	}
	n.ask, n.bid = n.levelsLeft[0][0][0], n.levelsLeft[1][0][0]
	if n.term = n.reason(n.ask, n.bid, false); n.term != arb.TermPassed {
		return
	}
	n.size = n.floor(n.largest())
	for i := range n.rules {
		n.notionals[i], n.worst[i] = n.walk(i, n.size)
		if n.size.IsZero() || n.size.Cmp(n.rules[i].MinQty) < 0 || n.worst[i].Mul(n.size).Cmp(n.rules[i].MinNotional) < 0 {
			n.term = arb.TermMinimum
			return
		}
	}
	n.net, _ = n.profit(n.notionals[0], n.notionals[1], true)
	n.term = n.reason(n.notionals[0], n.notionals[1], true)
}

// largest is the size at which margin, depth, money or a maximum stops: the earliest of the breakpoints, found step by step.
func (n *naive) largest() exchange.Decimal {
	var size, spent exchange.Decimal
	left := [2]exchange.Decimal{n.levelsLeft[0][0][1], n.levelsLeft[1][0][1]}
	at := [2]int{}
	for at[0] < len(n.levelsLeft[0]) && at[1] < len(n.levelsLeft[1]) {
		ask, bid := n.levelsLeft[0][at[0]][0], n.levelsLeft[1][at[1]][0]
		if n.reason(ask, bid, false) != arb.TermPassed {
			break
		}
		take := left[0].Min(left[1])
		for _, r := range n.rules {
			if r.MaxQty.Sign() > 0 {
				take = take.Min(r.MaxQty.Sub(size))
			}
		}
		affordable := n.cfg.Notional.Sub(spent).Quo(ask.Max(bid), 40, exchange.Down)
		size = size.Add(take.Min(affordable))
		if affordable.Cmp(take) < 0 {
			break
		}
		spent = spent.Add(take.Mul(ask.Max(bid)))
		for i := range left {
			if left[i] = left[i].Sub(take); left[i].IsZero() {
				if at[i]++; at[i] < len(n.levelsLeft[i]) {
					left[i] = n.levelsLeft[i][at[i]][1]
				}
			}
		}
		if take.IsZero() {
			break
		}
	}
	return size
}

// floor tries multiples of the larger lot until the other divides it.
func (n *naive) floor(size exchange.Decimal) exchange.Decimal {
	larger, smaller := n.rules[0].Lot.Max(n.rules[1].Lot), n.rules[0].Lot.Min(n.rules[1].Lot)
	lot := larger
	for !lot.IsMultiple(smaller) {
		lot = lot.Add(larger)
	}
	return size.Floor(lot)
}

func (n *naive) walk(leg int, size exchange.Decimal) (notional, worst exchange.Decimal) {
	for _, l := range n.levelsLeft[leg] {
		if size.Sign() <= 0 {
			break
		}
		take := l[1].Min(size)
		size, notional, worst = size.Sub(take), notional.Add(take.Mul(l[0])), l[0]
	}
	return notional, worst
}

// TestScannerEqualsNaive: integers and decimals agree on every term and every figure, for random books, scales, fees and rules.
func TestScannerEqualsNaive(t *testing.T) {
	seed := uint64(20260809)
	r := rand.New(rand.NewPCG(seed, 1))
	count := map[arb.Term]int{}
	for round := range 8000 {
		cfg, a, b := randomCase(r)
		s := mustScanner(t, cfg)
		o, v := observe(s, a, b)
		want := naiveBest(cfg, a, b)
		count[want.term]++
		if v.Term != want.term {
			t.Fatalf("seed %d, round %d: %s; by definition %s\n%+v\n%+v", seed, round, v, want.term, a, b)
		}
		if !v.Pass {
			continue
		}
		if !o.Net.Equal(want.net) || !o.Size.Equal(want.size) || v.Buy != want.buy.Market ||
			!o.Plan.Legs[0].Price.Equal(want.worst[0]) || !o.Plan.Legs[1].Price.Equal(want.worst[1]) {
			t.Fatalf("seed %d, round %d: %s, legs %v; by definition net %s, size %s, limits %v", seed, round, v, o.Plan.Legs, want.net, want.size, want.worst)
		}
		if err := invariants(cfg, o, want); err != "" {
			t.Fatalf("seed %d, round %d: %s: %s", seed, round, v, err)
		}
	}
	t.Log(count)
	for _, term := range []arb.Term{arb.TermDepth, arb.TermNotCrossed, arb.TermFees, arb.TermSlippage, arb.TermThreshold, arb.TermMinimum, arb.TermPassed} {
		if count[term] < 20 {
			t.Errorf("seed %d: %s came up only %d times", seed, term, count[term])
		}
	}
}

// invariants are what must hold of an opportunity whatever the way it was found.
func invariants(cfg arb.ScannerConfig, o arb.Opportunity, n *naive) string {
	buy, sell := o.Plan.Legs[0], o.Plan.Legs[1]
	_, errBuy := arb.Walk(n.buy, exchange.Buy, o.Size)
	_, errSell := arb.Walk(n.sell, exchange.Sell, o.Size)
	switch {
	case !buy.Quantity.Equal(sell.Quantity) || !buy.Quantity.Equal(o.Size):
		return "the legs differ"
	case n.rules[0].Check(buy) != nil || n.rules[1].Check(sell) != nil:
		return "a venue would refuse a leg"
	case errBuy != nil || errSell != nil:
		return "beyond the depth"
	case n.notionals[0].Max(n.notionals[1]).Cmp(cfg.Notional) > 0 || !o.Notional.Equal(n.notionals[0].Max(n.notionals[1])):
		return "beyond the notional"
	case !o.Gross.Sub(o.TotalFees()).Sub(o.Slippage).Equal(o.Net) || !o.Plan.Expected.Quantity.Equal(o.Net):
		return "the terms do not sum to the net profit"
	case !o.Clears():
		return "does not clear"
	}
	return ""
}

// naiveBest judges both directions and keeps the nearer: the first of equals, as the scanner does.
func naiveBest(cfg arb.ScannerConfig, a, b *exchange.Book) *naive {
	var best *naive
	for _, x := range [][2]*exchange.Book{{b, a}, {a, b}} { // b came last
		n := &naive{cfg: cfg, buy: x[0], sell: x[1]}
		for i, k := range x {
			for _, r := range cfg.Instruments {
				if r.Market == k.Market {
					n.rules[i] = r
				}
			}
			f := cfg.Fees[k.Market]
			n.fees[i] = []arb.Fee{f.Buy, f.Sell}[i]
		}
		n.judge()
		if best == nil || n.term > best.term || n.term == best.term && n.net.Cmp(best.net) > 0 {
			best = n
		}
	}
	return best
}

// randomCase makes two books around one price, on scales, steps, fees and rules of their own.
func randomCase(r *rand.Rand) (cfg arb.ScannerConfig, a, b *exchange.Book) {
	rate := func(bound int64) exchange.Decimal { return exchange.Scaled(r.Int64N(bound), -6) }
	lots := []string{"0.00001", "0.001", "0.25", "0.4", "0.5", "1", "0.3", "5"}
	cfg = config(marketA, marketB)
	cfg.Depth = 1 + r.IntN(8)
	cfg.Notional = exchange.Scaled(1+r.Int64N(5000), r.IntN(2))
	if r.IntN(2) == 0 {
		cfg.Slippage = rate(800)
	}
	if r.IntN(2) == 0 {
		cfg.MinEdge = rate(800)
	}
	var books []*exchange.Book
	for i, m := range []exchange.Market{marketA, marketB} {
		k := &cfg.Instruments[i]
		scale := exchange.Scale{Price: -int8(r.IntN(5)) - 2, Size: -int8(r.IntN(6))}
		k.Tick, k.Lot = exchange.Scaled(1, int(scale.Price)), dec(lots[r.IntN(len(lots))])
		k.MinQty, k.MinNotional = exchange.Scaled(r.Int64N(300), -2), exchange.Scaled(r.Int64N(100), 0)
		if r.IntN(4) == 0 {
			k.MaxQty = k.MinQty.Add(exchange.Scaled(1+r.Int64N(400), -2))
		}
		cfg.Fees[m] = arb.Fees{Buy: arb.Fee{Rate: rate(1000)}, Sell: arb.Fee{Rate: rate(1000).Sub(dec("0.0003"))}}
		if r.IntN(3) == 0 {
			fixed := func() exchange.Decimal { return exchange.Scaled(r.Int64N(200), -2) }
			cfg.Fees[m] = arb.Fees{Buy: arb.Fee{Rate: dec("0.0001"), Fixed: fixed()}, Sell: arb.Fee{Rate: dec("0.0001"), Fixed: fixed()}}
		}
		books = append(books, randomBook(r, m, scale, int64(i)))
	}
	return cfg, books[0], books[1]
}

func randomBook(r *rand.Rand, m exchange.Market, scale exchange.Scale, shift int64) *exchange.Book {
	unit := int64(1)
	for range -scale.Price - 2 {
		unit *= 10
	}
	coin := int64(1)
	for range -scale.Size {
		coin *= 10
	}
	b := &exchange.Book{Market: m, Scale: scale, RecvTime: start}
	mid := (10_000 + shift*r.Int64N(120) - 40) * unit
	up, down := mid, mid
	for range r.IntN(8) {
		up += 1 + r.Int64N(15*unit)
		b.Asks = append([]exchange.Level{{Price: up, Size: 1 + r.Int64N(9*coin)}}, b.Asks...)
	}
	for range r.IntN(8) {
		down -= 1 + r.Int64N(15*unit)
		b.Bids = append([]exchange.Level{{Price: down, Size: 1 + r.Int64N(9*coin)}}, b.Bids...)
	}
	return b
}
