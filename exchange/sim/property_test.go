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

// player sends random books and orders of several accounts to an engine and holds every answer against the oracle.
type player struct {
	t       *testing.T
	r       *rand.Rand
	cfg     sim.EngineConfig
	e       *sim.Engine
	oracles map[exchange.Market]*oracle
	mirror  map[exchange.OrderRef]exchange.Order // by the events alone
	fills   []exchange.Fill                      // of the events
	paid    []sim.Payment
	next    uint64
	refs    []exchange.OrderRef
	now     time.Time
	counts  map[string]int
	seen    map[exchange.Market]string
	seqs    map[exchange.Market]uint64
	stpOf   map[exchange.OrderRef]sim.SelfTrade
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

// finer is b in units of a hundredth and a tenth of its own: the same book.
func finer(b *exchange.Book) *exchange.Book {
	b = b.Clone()
	b.Scale.Price, b.Scale.Size = b.Scale.Price-2, b.Scale.Size-1
	for _, side := range [][]exchange.Level{b.Bids, b.Asks} {
		for i := range side {
			side[i].Price, side[i].Size = side[i].Price*100, side[i].Size*10
		}
	}
	return b
}

func (p *player) order(m exchange.Market) exchange.OrderRequest {
	accounts := p.e.Accounts()
	req := exchange.OrderRequest{Market: m, Account: accounts[p.r.IntN(len(accounts))], ClientID: fmt.Sprint("o", len(p.refs)), Side: exchange.Side(1 + p.r.IntN(2)),
		TIF: exchange.TimeInForce(p.r.IntN(3)), Quantity: exchange.Scaled(int64(1+p.r.IntN(200)), -2)}
	if p.r.IntN(6) == 0 {
		req.Type = exchange.TypeMarket
	} else {
		req.Price = exchange.Scaled(1000+int64(p.r.IntN(21)-10)*5, -1)
		req.PostOnly = req.TIF == exchange.GTC && p.r.IntN(4) == 0
	}
	req.ReduceOnly = m == perp && p.r.IntN(3) == 0
	return req
}

func (p *player) step(i int) {
	p.now = p.now.Add(time.Duration(p.r.IntN(3)) * ms)
	m := []exchange.Market{spot, perp}[p.r.IntN(2)]
	what := fmt.Sprintf("step %d", i)
	first := len(p.e.Log())
	version := p.e.Version(m.Symbol)
	var want []string
	switch k := p.r.IntN(20); {
	case k < 4:
		b := p.randomBook(m)
		want = p.oracles[m].set(b)
		if p.r.IntN(4) == 0 {
			b = finer(b)
		}
		if err := p.e.SetBook(p.now, b); err != nil {
			p.t.Fatal(err)
		}
	case k < 15:
		want = p.submit(what, m)
	case k == 15:
		p.fund(what)
	default:
		if len(p.refs) == 0 {
			return
		}
		ref := p.refs[p.r.IntN(len(p.refs))]
		accounts := p.e.Accounts()
		a := accounts[p.r.IntN(len(accounts))]
		if open := p.e.OpenOrders(a, m.Symbol); len(open) > 0 {
			ref = open[p.r.IntN(len(open))].Ref()
		}
		m = ref.Market
		version = p.e.Version(m.Symbol)
		if want = nil; k < 18 {
			p.cancel(what, ref, k)
		} else {
			want = p.replace(what, ref)
		}
	}
	p.checkFills(what, want, p.e.Log()[first:])
	p.checkBook(what, m, version)
	p.checkEvents(what)
	if i%10 == 9 {
		audit(p.t, p.cfg, p.e, p.paid...)
	}
	if p.t.Failed() {
		p.t.Fatalf("%s: stop", what)
	}
}

func (p *player) submit(what string, m exchange.Market) []string {
	req := p.order(m)
	terms := sim.Terms{SelfTrade: sim.SelfTrade(p.r.IntN(5)), PostOnlyEnds: p.r.IntN(2) == 0}
	p.refs = append(p.refs, req.Ref())
	o, err := p.e.SubmitWith(p.now, req, terms)
	if err != nil {
		if exchange.OutcomeOf(err) != exchange.ErrRejected {
			p.t.Fatalf("%s: %v", what, err)
		}
		p.counts["refused"]++
		return nil
	}
	if o.Reason == sim.ReasonPostOnly {
		return nil
	}
	stp := terms.SelfTrade
	if stp == 0 {
		stp = p.cfg.SelfTrade
	}
	if stp == 0 {
		stp = sim.None
	}
	p.stpOf[req.Ref()] = stp
	t := &taker{resting: resting{account: req.Account, id: req.ClientID, side: req.Side, reduceOnly: req.ReduceOnly}, fok: req.TIF == exchange.FOK, stp: stp}
	t.price, _ = req.Price.Int64(-1)
	t.left, _ = req.Quantity.Int64(-2)
	return p.arrive(what, t, o, req.Type == exchange.TypeLimit && req.TIF == exchange.GTC)
}

// arrive has the oracle take what t takes, and rest what is left where the engine rests it.
func (p *player) arrive(what string, t *taker, o exchange.Order, rests bool) []string {
	m := p.oracles[o.Market]
	want, stopped := m.take(t)
	switch {
	case stopped:
		p.counts["self-trade"]++
		if o.Status != exchange.StatusExpired || o.Reason != sim.ReasonSelfTrade {
			p.t.Fatalf("%s: met its own account: %s %s", what, shape(o), o.Reason)
		}
	case t.left == 0:
		if o.Status != exchange.StatusFilled {
			p.t.Fatalf("%s: filled by the oracle, but %s", what, shape(o))
		}
	case !rests || o.Reason == sim.ReasonFunds || o.Reason == sim.ReasonReduceOnly:
		if o.Status != exchange.StatusExpired {
			p.t.Fatalf("%s: %s", what, shape(o))
		}
	default:
		if o.Status != exchange.StatusAccepted && o.Status != exchange.StatusPartiallyFilled {
			p.t.Fatalf("%s: rests by the oracle, but %s", what, shape(o))
		}
		m.add(t.resting)
	}
	return want
}

func (p *player) cancel(what string, ref exchange.OrderRef, k int) {
	m := p.oracles[ref.Market]
	if k == 16 {
		for _, o := range p.e.CancelAll(p.now, ref.Account, ref.Market.Symbol) {
			if x := m.find(o.Account, o.ClientID); x == nil || o.Status != exchange.StatusCanceled {
				p.t.Fatalf("%s: canceled %s", what, shape(o))
			} else {
				m.remove(x)
			}
		}
		if open := p.e.OpenOrders(ref.Account, ref.Market.Symbol); len(open) > 0 {
			p.t.Fatalf("%s: left after all were canceled: %v", what, open)
		}
		return
	}
	x := m.find(ref.Account, ref.ClientID)
	if _, err := p.e.Cancel(p.now, ref); (err == nil) != (x != nil) {
		p.t.Fatalf("%s: cancel: %v, rests: %v", what, err, x != nil)
	}
	if x != nil {
		m.remove(x)
	}
}

func (p *player) replace(what string, ref exchange.OrderRef) []string {
	m := p.oracles[ref.Market]
	c := exchange.Change{Quantity: exchange.Scaled(int64(1+p.r.IntN(200)), -2)}
	if p.r.IntN(2) == 0 {
		c.Price = exchange.Scaled(1000+int64(p.r.IntN(21)-10)*5, -1)
	}
	before, _ := p.e.Lookup(ref)
	o, err := p.e.Replace(p.now, ref, c)
	if err != nil {
		return nil
	}
	x := m.find(ref.Account, ref.ClientID)
	if x == nil {
		p.t.Fatalf("%s: replaced what does not rest", what)
	}
	left, _ := o.Quantity.Sub(before.Filled).Int64(-2)
	price, _ := o.Price.Int64(-1)
	if price == x.price && left <= x.left {
		p.counts["kept its place"]++
		x.left = left
		if o.Requeued {
			p.t.Fatalf("%s: less quantity lost its place", what)
		}
		return nil
	}
	if !o.Requeued {
		p.t.Fatalf("%s: it kept its place", what)
	}
	m.remove(x)
	t := &taker{resting: *x, stp: p.stpOf[exchange.OrderRef{Market: ref.Market, Account: ref.Account, ClientID: ref.ClientID}]}
	t.left, t.price = left, price
	return p.arrive(what, t, o, true)
}

func (p *player) fund(what string) {
	rate := exchange.Scaled(int64(p.r.IntN(21)-10), -4)
	mark, ok := p.e.Mark(perp.Symbol)
	paid, err := p.e.Fund(p.now, perp.Symbol, rate)
	if (err == nil) != ok {
		p.t.Fatalf("%s: funding: %v", what, err)
	}
	for _, x := range paid {
		if want := x.Position.Quantity.Mul(mark).Mul(rate).Neg(); !x.Amount.Quantity.Equal(want) {
			p.t.Fatalf("%s: funding of %s, want %s", what, x.Amount, want)
		}
	}
	p.counts["funded"] += len(paid)
	p.paid = append(p.paid, paid...)
}
