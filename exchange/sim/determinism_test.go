package sim_test

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// crowd is accounts that trade with one another over faulty links, each for itself; everything that they are told is hashed: all of the
// orders, fills, fees, balances and positions, and each level of the books.
type crowd struct {
	t       testing.TB
	e       *sim.Engine
	loop    *sim.Loop
	links   []*sim.Link
	sum     []byte
	hash    interface{ Sum64() uint64 }
	write   func([]byte)
	matched map[string]bool
	placed  int
	kinds   map[string]int
}

func newCrowd(t testing.TB, seed uint64, accounts int) *crowd {
	cfg := config()
	cfg.KeepOrders, cfg.EventBuffer, cfg.SelfTrade, cfg.BaseFee = 20_000, 4_000, sim.CancelMaker, true
	cfg.FeeAsset, cfg.FeePrice = "BNB", dec("7")
	cfg.Balances = []exchange.Amount{{Asset: "USDT", Quantity: dec("1e8")}, {Asset: "BTC", Quantity: dec("1e6")}, {Asset: "BNB", Quantity: dec("5")}}
	for i := 1; i < accounts; i++ {
		cfg.Accounts = append(cfg.Accounts, sim.AccountConfig{ID: exchange.AccountID("a" + strconv.Itoa(i)), Balances: cfg.Balances})
	}
	h := fnv.New64a()
	c := &crowd{t: t, e: newEngine(t, cfg), loop: sim.NewLoop(start), hash: h, matched: map[string]bool{}, kinds: map[string]int{}}
	c.write = func(b []byte) { _, _ = h.Write(b) }
	faults, err := sim.FaultProfile("full", seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []exchange.Market{spot, perp} {
		setBook(t, c.e, around100(m))
	}
	for _, a := range c.e.Accounts() {
		faults.Seed++
		seen := c.book
		if len(c.links) > 0 {
			seen = nil
		}
		k, err := sim.NewLink(sim.LinkConfig{Engine: c.e, Loop: c.loop, Account: a, Faults: faults, OnEvent: c.event, OnBook: seen,
			Latency: sim.Latency{Entry: sim.Delay{Min: ms, Jitter: 4 * ms}, Response: sim.Delay{Min: ms, Jitter: 4 * ms}, Feed: sim.Delay{Min: ms, Jitter: ms}}})
		if err != nil {
			t.Fatal(err)
		}
		c.links = append(c.links, k)
	}
	return c
}

func (c *crowd) event(ev exchange.Event) {
	c.note("event "+ev.Kind.String()+stamp(ev.Time), ev.Order, ev.Err)
	c.holdings(ev.Balances, ev.Positions)
	if len(ev.Balances) > 0 {
		c.kinds["balances"]++
	}
	for _, f := range ev.Order.Fills {
		c.matched[f.VenueID] = true
	}
}

func (c *crowd) book(b *exchange.Book) {
	s := fmt.Appendf(c.sum[:0], "%s %d %d %s %s %v", b.Market, b.Seq, b.Scale, stamp(b.VenueTime), stamp(b.RecvTime), b.Err)
	for _, side := range [...][]exchange.Level{b.Bids, b.Asks} {
		s = strconv.AppendInt(append(s, '|'), int64(len(side)), 10)
		for _, l := range side {
			s = strconv.AppendInt(append(strconv.AppendInt(append(s, ' '), l.Price, 10), 'x'), l.Size, 10)
		}
	}
	c.sum = s
	c.write(s)
	c.kinds["levels"] += len(b.Bids) + len(b.Asks)
}

// stamp is t where two runs must agree on it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return " never"
	}
	return " " + strconv.FormatInt(t.UnixNano(), 10)
}

// note hashes what somebody was told, and when. A map's order or the machine's time would show.
func (c *crowd) note(what string, o exchange.Order, err error) {
	b := strconv.AppendInt(append(c.sum[:0], what...), c.loop.Now().UnixNano(), 10)
	words := func(w ...string) {
		for _, s := range w {
			b = append(append(b, ' '), s...)
		}
	}
	numbers := func(n ...exchange.Decimal) {
		for _, d := range n {
			b, _ = d.AppendText(append(b, ' '))
		}
	}
	words(string(o.Market.Venue), string(o.Market.Symbol.Base), o.Market.Symbol.Kind.String(), string(o.Account), o.ClientID, o.VenueID)
	words(o.Side.String(), o.Type.String(), o.TIF.String(), strconv.FormatBool(o.PostOnly), strconv.FormatBool(o.ReduceOnly), stamp(o.Deadline))
	words(o.Status.String(), o.Reason, strconv.FormatUint(o.Version, 10), strconv.FormatBool(o.Requeued), stamp(o.Time))
	words(o.Former...)
	numbers(o.Price, o.Quantity, o.Filled, o.AvgPrice)
	for _, a := range o.Fees {
		words("fee", string(a.Asset))
		numbers(a.Quantity)
	}
	for _, f := range o.Fills {
		words("fill", string(f.Account), f.TradeID, f.VenueID, f.ClientID, f.Side.String(), string(f.FeeAsset), strconv.FormatBool(f.Maker), stamp(f.Time))
		numbers(f.Price, f.Quantity, f.Fee)
	}
	if err != nil {
		words(err.Error())
		c.kinds["failed"]++
	}
	c.sum = b
	c.write(b)
	c.kinds[o.Status.String()]++
	c.kinds["fees"] += len(o.Fees)
}

// holdings hashes what somebody has.
func (c *crowd) holdings(balances []exchange.Balance, positions []exchange.Position) {
	for _, b := range balances {
		c.write(fmt.Appendf(nil, "%s %s %s %s", b.Asset, b.Wallet, b.Free, b.Locked))
	}
	for _, p := range positions {
		c.write(fmt.Appendf(nil, "%s %q %s %s%s", p.Market, p.Account, p.Quantity, p.Cost, stamp(p.Time)))
	}
}

// step is what an account does when its turn comes: a new order near the middle, and now and then a change of its last one.
func (c *crowd) step(n int, draw func(int) int) {
	k := c.links[n%len(c.links)]
	req := exchange.OrderRequest{Market: []exchange.Market{spot, perp}[draw(2)], Account: k.Account(), ClientID: "o" + strconv.Itoa(n),
		Side: exchange.Side(1 + draw(2)), TIF: exchange.TimeInForce(draw(8) / 6), Quantity: exchange.Scaled(int64(1+draw(50)), -2),
		Price: exchange.Scaled(int64(1000+5*(draw(7)-3)), -1), Deadline: c.loop.Now().Add(1000 * ms)}
	k.Place(req, func(o exchange.Order, err error) {
		c.note("place", o, err)
		if err != nil || o.Status.Final() {
			return
		}
		done := func(o exchange.Order, err error) { c.note("then", o, err) }
		switch n % 4 {
		case 0:
			k.Replace(o.Ref(), exchange.Change{Price: req.Price.Add(dec("0.5"))}, done)
		case 1:
			k.Replace(o.Ref(), exchange.Change{Quantity: exchange.Scaled(1, -2).Add(o.Filled)}, done)
		case 2:
			c.loop.After(20*ms, func() { k.Cancel(o.Ref(), done) })
		case 3:
			k.Lookup(o.Ref(), done)
		}
	})
}

// play runs until so many orders have matched, and returns the hash.
func (c *crowd) play(seed uint64, orders int) uint64 {
	x := seed
	draw := func(n int) int { // splitmix64: the same on every machine
		x += 0x9e3779b97f4a7c15
		h := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		return int((h ^ h>>31) % uint64(n))
	}
	n := 0
	var tick func()
	tick = func() {
		if n%1000 == 0 {
			b := around100([]exchange.Market{spot, perp}[n/1000%2])
			b.Bids[0].Size += int64(n)
			if err := c.links[0].Publish(b); err != nil {
				c.t.Fatal(err)
			}
			rate := exchange.Scaled(int64(draw(21)-10), -5)
			c.links[0].Inspect(func(e *sim.Engine) {
				paid, err := e.Fund(c.loop.Now(), perp.Symbol, rate) // no mark while a side is empty
				c.note(fmt.Sprint("fund ", len(paid)), exchange.Order{}, err)
				for _, p := range paid {
					c.write(fmt.Appendf(nil, "%q %s", p.Account, p.Amount))
					c.holdings(nil, []exchange.Position{p.Position})
				}
			})
		}
		c.step(n, draw)
		if n++; len(c.matched) < orders {
			c.loop.After(ms, tick)
		}
	}
	tick()
	c.loop.Run()
	for _, a := range c.e.Accounts() {
		c.holdings(c.e.Balances(a), c.e.Positions(a))
	}
	c.placed = n
	return c.hash.Sum64()
}

func TestLongRunIsTheSameForOneSeed(t *testing.T) {
	orders := 100_000
	if testing.Short() || underRace {
		orders = 2_000
	}
	const seed = 42
	t.Logf("seed %d", seed)
	first := newCrowd(t, seed, 4)
	sum := first.play(seed, orders)
	t.Logf("%d orders of %d accounts, %d matched, hash %x, %v", first.placed, len(first.links), len(first.matched), sum, first.kinds)
	if len(first.matched) < orders {
		t.Fatalf("%d orders matched", len(first.matched))
	}
	for _, k := range []string{"failed", "filled", "partially filled", "canceled", "replaced", "expired", "fees", "levels"} {
		if first.kinds[k] < orders/200 {
			t.Errorf("only %d %s", first.kinds[k], k)
		}
	}
	if first.kinds["balances"] == 0 {
		t.Error("no funding was told")
	}
	if again := newCrowd(t, seed, 4).play(seed, orders); again != sum {
		t.Errorf("one seed, two runs: %x and %x", sum, again)
	}
}
