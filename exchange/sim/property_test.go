package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// model is what a market's book must show, kept in the plainest way: per price what was recorded and what was taken of it.
type model struct {
	recorded map[exchange.Side]map[int64]int64
	taken    map[exchange.Side]map[int64]int64
}

func (m *model) set(b *exchange.Book) {
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		next := map[int64]int64{}
		for _, l := range b.Side(s) {
			next[l.Price] = l.Size
		}
		for p := range m.taken[s] {
			if next[p] != m.recorded[s][p] {
				delete(m.taken[s], p)
			}
		}
		m.recorded[s] = next
	}
}

// fill takes what f took; price is where it found it, in the book's units.
func (m *model) take(s exchange.Side, price, size int64) { m.taken[s][price] += size }

func (m *model) left(s exchange.Side) map[int64]int64 {
	r := map[int64]int64{}
	for p, n := range m.recorded[s] {
		if n -= m.taken[s][p]; n > 0 {
			r[p] = n
		} else if n < 0 {
			r[p] = n // never: the caller compares
		}
	}
	return r
}

// takeBest takes n from the best prices of what a side has left: how maker fills use up the crossing levels.
func (m *model) takeBest(s exchange.Side, n int64) {
	left := m.left(s)
	prices := make([]int64, 0, len(left))
	for p := range left {
		prices = append(prices, p)
	}
	slices.Sort(prices)
	if s == exchange.Sell {
		slices.Reverse(prices)
	}
	for _, p := range prices {
		k := min(n, left[p])
		m.take(s, p, k)
		n -= k
	}
}

// player sends random books and orders to an engine and checks every answer against the model.
type player struct {
	t      *testing.T
	r      *rand.Rand
	cfg    sim.EngineConfig
	e      *sim.Engine
	models map[exchange.Market]*model
	seen   int // fills checked
	ids    []exchange.OrderRef
	now    time.Time
}

func (p *player) randomBook(m exchange.Market) *exchange.Book {
	side := func(from, step int64) (r [][2]int64) {
		for i := range int64(1 + p.r.IntN(6)) {
			// Few distinct sizes, so that levels often come back unchanged.
			r = append(r, [2]int64{from + step*(i+int64(p.r.IntN(2))*10), int64(1+p.r.IntN(3)) * 20})
		}
		slices.SortFunc(r, func(a, b [2]int64) int { return int((a[0] - b[0]) * step) })
		return slices.CompactFunc(r, func(a, b [2]int64) bool { return a[0] == b[0] })
	}
	mid := 1000 + int64(p.r.IntN(9)-4)*5
	return book(m, side(mid-5, -5), side(mid+5, 5))
}

// check compares new fills and the visible book with the model.
func (p *player) check(m exchange.Market, what string) {
	p.t.Helper()
	for _, f := range p.e.Log()[p.seen:] {
		size, ok := f.Quantity.Int64(-2)
		price, ok2 := f.Price.Int64(-1)
		if !ok || !ok2 || f.Market != m || !f.Time.Equal(p.now) {
			p.t.Fatalf("%s: fill %+v", what, f)
		}
		if f.Maker {
			p.models[m].takeBest(f.Side, size)
		} else {
			p.models[m].take(f.Side, price, size)
		}
	}
	p.seen = len(p.e.Log())
	var b exchange.Book
	if !p.e.Book(m.Symbol, &b) || b.Err != nil {
		p.t.Fatalf("%s: no book: %v", what, b.Err)
	}
	if err := b.Check(); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	for _, s := range []exchange.Side{exchange.Buy, exchange.Sell} {
		want := p.models[m].left(s)
		if len(want) != len(b.Side(s)) {
			p.t.Fatalf("%s: takers to %s see %v, want %v", what, s, b.Side(s), want)
		}
		for _, l := range b.Side(s) {
			if want[l.Price] != l.Size {
				p.t.Fatalf("%s: takers to %s see %v, want %v", what, s, b.Side(s), want)
			}
		}
	}
}

func (p *player) order(m exchange.Market) exchange.OrderRequest {
	req := exchange.OrderRequest{Market: m, ClientID: fmt.Sprint("o", len(p.ids)), Side: exchange.Side(1 + p.r.IntN(2)),
		TIF: exchange.TimeInForce(p.r.IntN(3)), Quantity: exchange.Scaled(int64(1+p.r.IntN(200)), -2)}
	if p.r.IntN(6) == 0 {
		req.Type = exchange.TypeMarket
	} else {
		req.Price = exchange.Scaled(1000+int64(p.r.IntN(21)-10)*5, -1)
		req.PostOnly = req.TIF == exchange.GTC && p.r.IntN(4) == 0
	}
	req.ReduceOnly = m == perp && p.r.IntN(4) == 0
	return req
}

func (p *player) step(i int) {
	p.now = p.now.Add(time.Duration(p.r.IntN(3)) * ms)
	m := []exchange.Market{spot, perp}[p.r.IntN(2)]
	what := fmt.Sprintf("step %d", i)
	first := len(p.e.Log())
	switch k := p.r.IntN(10); {
	case k < 3:
		b := p.randomBook(m)
		p.models[m].set(b)
		before := p.e.OpenOrders("", m.Symbol)
		if err := p.e.SetBook(p.now, b); err != nil {
			p.t.Fatal(err)
		}
		p.checkPriority(what, before, p.e.Log()[first:])
	case k < 8:
		req := p.order(m)
		p.ids = append(p.ids, req.Ref())
		o, err := p.e.Submit(p.now, req)
		if err != nil && exchange.OutcomeOf(err) != exchange.ErrRejected {
			p.t.Fatalf("%s: %v", what, err)
		}
		if req.TIF == exchange.FOK && err == nil && req.Type == exchange.TypeLimit && !o.Filled.IsZero() && o.Status != exchange.StatusFilled {
			p.t.Fatalf("%s: FOK filled in part: %s", what, shape(o))
		}
		p.checkTaker(what, req, p.e.Log()[first:])
	default:
		if len(p.ids) == 0 {
			return
		}
		ref := p.ids[p.r.IntN(len(p.ids))]
		if open := p.e.OpenOrders("", m.Symbol); len(open) > 0 {
			ref = open[p.r.IntN(len(open))].Ref()
		}
		m = ref.Market
		if k == 8 {
			_, _ = p.e.Cancel(p.now, ref)
		} else {
			_, _ = p.e.Replace(p.now, ref, exchange.Change{Price: exchange.Scaled(1000+int64(p.r.IntN(21)-10)*5, -1), Quantity: exchange.Scaled(int64(1+p.r.IntN(200)), -2)})
		}
	}
	p.check(m, what)
	if i%10 == 9 {
		audit(p.t, p.cfg, p.e)
	}
	if p.t.Failed() {
		p.t.Fatalf("%s: stop", what)
	}
}

// checkTaker: never beyond the limit, best price first.
func (p *player) checkTaker(what string, req exchange.OrderRequest, fills []exchange.Fill) {
	p.t.Helper()
	for i, f := range fills {
		worse := func(a, b exchange.Decimal) bool { return a.Cmp(b)*(3-2*int(req.Side)) > 0 }
		if f.Maker || req.PostOnly || req.Type == exchange.TypeLimit && worse(f.Price, req.Price) || i > 0 && !worse(f.Price, fills[i-1].Price) {
			p.t.Fatalf("%s: %s %s at %s: fills %v", what, req.Side, req.Quantity, req.Price, fills)
		}
	}
}

// checkPriority: resting orders fill at their own prices, better price first, then the older one; an order gets something only when
// each one ahead of it on its side is done.
func (p *player) checkPriority(what string, before []exchange.Order, fills []exchange.Fill) {
	p.t.Helper()
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		var queue []exchange.Order
		for _, o := range before { // oldest first already
			if o.Side == side {
				queue = append(queue, o)
			}
		}
		slices.SortStableFunc(queue, func(a, b exchange.Order) int { return b.Price.Cmp(a.Price) * (3 - 2*int(side)) })
		at := 0
		for _, f := range fills {
			if f.Side != side {
				continue
			}
			for at < len(queue) && queue[at].ClientID != f.ClientID {
				if o, _ := p.e.Lookup(queue[at].Ref()); !o.Status.Final() {
					p.t.Fatalf("%s: %s filled before %s, which is %s", what, f.ClientID, o.ClientID, o.Status)
				}
				at++
			}
			if at == len(queue) || !f.Maker || !f.Price.Equal(queue[at].Price) {
				p.t.Fatalf("%s: fill %+v out of turn", what, f)
			}
		}
	}
}

func TestRandomFlowKeepsTheInvariants(t *testing.T) {
	makers, takers, flips := 0, 0, 0
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			cfg := config()
			cfg.BaseFee = seed%2 == 1
			if seed%3 == 1 {
				cfg.Fees.Maker = dec("-0.00025")
			}
			// Enough that no closed position can lose more than there is; too little for every order.
			cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("2000")}, {Asset: "BTC", Quantity: dec("7")}}
			cfg.MarginRate = dec("0.5")
			fresh := func() *model {
				return &model{map[exchange.Side]map[int64]int64{exchange.Buy: {}, exchange.Sell: {}}, map[exchange.Side]map[int64]int64{exchange.Buy: {}, exchange.Sell: {}}}
			}
			p := &player{t: t, r: rand.New(rand.NewPCG(seed, 1)), cfg: cfg, e: newEngine(t, cfg), now: start,
				models: map[exchange.Market]*model{spot: fresh(), perp: fresh()}}
			for _, m := range []exchange.Market{spot, perp} {
				b := p.randomBook(m)
				p.models[m].set(b)
				setBook(t, p.e, b)
			}
			for i := range 300 {
				p.step(i)
			}
			var position exchange.Decimal
			for _, f := range p.e.Log() {
				if f.Maker {
					makers++
				} else {
					takers++
				}
				if f.Market == perp {
					q := f.Quantity
					if f.Side == exchange.Sell {
						q = q.Neg()
					}
					if next := position.Add(q); position.Sign()*next.Sign() < 0 {
						flips++
					}
					position = position.Add(q)
				}
			}
		})
	}
	t.Logf("%d maker fills, %d taker fills, %d flips", makers, takers, flips)
	if makers < 500 || takers < 1000 || flips < 20 {
		t.Errorf("the flow is too thin to show anything: %d maker fills, %d taker fills, %d flips", makers, takers, flips)
	}
}
