package arb

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// All rates of the hot path are integers of parts: how many of them make 1.
const (
	parts       = 1_000_000_000
	ratePlaces  = 9
	limitPlaces = 12 // digits of a limit price's tolerance
)

// lane is one direction of a pair: buy here, sell there. It is immutable, so that a Verdict may point at it; whatever changes a rate
// makes a new one.
//
// With f, s and e for fee, slippage and edge, a candidate clears if and only if sell*(1-fs) > buy*(1+fb) + (s+e)*max(buy, sell),
// for prices and for notionals alike. The lane holds the factors; which side carries s+e depends on which is larger.
type lane struct {
	buy, sell *side
	markets   [2]exchange.Market // theirs
	from      int                // which of the pair's legs is bought: 0 or 1
	fees      Fees
	slippage  exchange.Decimal
	edge      exchange.Decimal
	maxAge    time.Duration
	maxSkew   time.Duration

	buyFee, buySlip, buyAll    uint64 // 1+fb, 1+fb+s, 1+fb+s+e
	sellFee, sellSlip, sellAll uint64 // 1-fs, 1-fs-s, 1-fs-s-e
}

// newLane checks that every rate is a whole number of parts, and that they leave something of a price.
func newLane(legs [2]*side, from int, cfg *ScannerConfig) (*lane, error) {
	l := &lane{buy: legs[from], sell: legs[1-from], from: from, slippage: cfg.Slippage, edge: cfg.MinEdge,
		maxAge: cfg.MaxAge, maxSkew: cfg.MaxSkew}
	l.markets = [2]exchange.Market{l.buy.rules.Market, l.sell.rules.Market}
	l.fees = Fees{Buy: l.buy.fees.Buy, Sell: l.sell.fees.Sell}
	var r [4]int64
	for i, x := range []exchange.Decimal{l.fees.Buy.Rate, l.fees.Sell.Rate, l.slippage, l.edge} {
		n, ok := x.Int64(-ratePlaces)
		if !ok || n <= -parts || n >= parts {
			return nil, fmt.Errorf("%s is no rate: it must lie between -1 and 1, with at most %d digits behind the point", x, ratePlaces)
		}
		r[i] = n
	}
	fb, fs, s, e := r[0], r[1], r[2], r[3]
	if fs+s+e >= parts {
		return nil, fmt.Errorf("fee, slippage and edge of %s take the whole price", l.sell.rules.Market)
	}
	l.buyFee, l.buySlip, l.buyAll = uint64(parts+fb), uint64(parts+fb+s), uint64(parts+fb+s+e)
	l.sellFee, l.sellSlip, l.sellAll = uint64(parts-fs), uint64(parts-fs-s), uint64(parts-fs-s-e)
	return l, nil
}

// clears reports whether one more unit, bought at ask and sold at bid, leaves more than the edge.
func (l *lane) clears(ask, bid int64) bool {
	if bid >= ask {
		return larger(bid, l.sellAll, ask, l.buyFee)
	}
	return larger(bid, l.sellFee, ask, l.buyAll)
}

// why names the first term that a unit which does not clear fails on.
func (l *lane) why(ask, bid int64) Term {
	switch {
	case bid <= ask:
		return TermNotCrossed
	case !larger(bid, l.sellFee, ask, l.buyFee):
		return TermFees
	case !larger(bid, l.sellSlip, ask, l.buyFee):
		return TermSlippage
	}
	return TermThreshold
}

// total judges a whole size, the fixed costs included: the marginal units have all cleared, so it is those that can spoil it.
func (l *lane) total(buy, sell, fixed notional) Term {
	slip, all := [2]uint64{l.sellSlip, l.buyFee}, [2]uint64{l.sellAll, l.buyFee}
	if less(sell, buy) { // rebates made it worth while: slippage and edge count on the purchase, then
		slip, all = [2]uint64{l.sellFee, l.buySlip}, [2]uint64{l.sellFee, l.buyAll}
	}
	switch {
	case largerSum(sell, all[0], buy, all[1], fixed):
		return TermPassed
	case !largerSum(sell, l.sellFee, buy, l.buyFee, fixed):
		return TermFees
	case !largerSum(sell, slip[0], buy, slip[1], fixed):
		return TermSlippage
	}
	return TermThreshold
}

// glance is one direction of a pair by its best prices. Most ticks end here: it is small because it is copied often.
type glance struct {
	term     Term
	lane     *lane
	grid     *grid            // nil: decided before prices were looked at
	ask, bid int64            // best prices, of the grid; 0: there are none
	ages     [2]time.Duration // of the books bought from and sold to
}

// candidate is a glance that cleared, under closer judgement. Its figures are integers of the grid.
type candidate struct {
	glance
	size      int64 // 0: no size yet, the arithmetic is that of one unit
	buy, sell notional
	highest   int64 // worst ask walked
	lowest    int64 // worst bid walked
	legs      []exchange.OrderRequest
}

// nearer reports whether g came farther than h: by its term first, then by the ratio of bid to ask. Of equals the one judged first
// stays.
func (g *glance) nearer(h *glance) bool {
	if g.term != h.term {
		return g.term > h.term
	}
	return larger(g.bid, uint64(h.ask), h.bid, uint64(g.ask))
}

// nearer is that of glances, but by net profit where both passed.
func (c *candidate) nearer(d *candidate) bool {
	if c.term == TermPassed && d.term == TermPassed {
		return c.arithmetic().Net.Cmp(d.arithmetic().Net) > 0
	}
	return c.glance.nearer(&d.glance)
}

// look judges the best prices. TermNone: they clear.
func (g *glance) look() {
	l := g.lane
	ask, noAsk := g.grid.top(l.buy.book.Asks, l.from)
	bid, noBid := g.grid.top(l.sell.book.Bids, 1-l.from)
	if g.term = max(noAsk, noBid); g.term != TermNone {
		return
	}
	g.ask, g.bid = ask, bid
	if !l.clears(ask, bid) {
		g.term = l.why(ask, bid)
	}
}

// judge takes c, whose best prices clear, to a plan, or to the term that ends it.
func (c *candidate) judge(tolerance exchange.Decimal) {
	if c.term = c.grow(); c.term != TermNone {
		return
	}
	if c.term = c.minimum(); c.term != TermNone {
		return
	}
	if c.term = c.lane.total(c.buy, c.sell, c.grid.fixed[c.lane.from]); c.term == TermPassed {
		c.price(tolerance)
	}
}

// price makes the legs: limits at the worst levels walked, moved outwards by the tolerance as far as the edge allows.
func (c *candidate) price(tolerance exchange.Decimal) {
	ask, bid := c.grid.price(c.highest), c.grid.price(c.lowest)
	quantity := c.grid.quantity(c.size)
	one := exchange.Scaled(1, 0)
	t := c.tolerance(ask, bid, quantity, tolerance)
	leg := func(s *side, taker exchange.Side, price exchange.Decimal) exchange.OrderRequest {
		return exchange.OrderRequest{Market: s.rules.Market, Side: taker, Type: exchange.TypeLimit, TIF: exchange.IOC,
			Price: s.rules.RoundPrice(taker, price), Quantity: s.rules.RoundQuantity(quantity)}
	}
	buy := leg(c.lane.buy, exchange.Buy, ask.Mul(one.Add(t)))
	sell := leg(c.lane.sell, exchange.Sell, bid.Mul(one.Sub(t)))
	switch {
	case buy.Price.Cmp(ask) < 0 || sell.Price.Cmp(bid) > 0:
		// The book's prices are not on the tick that we know: such a limit would fill one leg only in part.
		c.term = TermOffScale
	case c.lane.buy.rules.Check(buy) != nil || c.lane.sell.rules.Check(sell) != nil:
		c.term = TermMinimum
	default:
		c.legs = []exchange.OrderRequest{buy, sell}
	}
}

// tolerance is want, or less: with both limits moved by it, and everything filled at the limits, the edge must still be exceeded.
//
// That is sell*(1-t)*k > buy*(1+t)*l + fixed for both ways to charge slippage and edge, hence t < (sell*k - buy*l - fixed) / (sell*k + buy*l).
func (c *candidate) tolerance(ask, bid, quantity, want exchange.Decimal) exchange.Decimal {
	if want.Sign() <= 0 {
		return exchange.Decimal{}
	}
	ulp := exchange.Scaled(1, -limitPlaces)
	fixed := c.lane.fees.Buy.Fixed.Add(c.lane.fees.Sell.Fixed)
	for _, k := range [2][2]uint64{{c.lane.sellAll, c.lane.buyFee}, {c.lane.sellFee, c.lane.buyAll}} {
		sell := bid.Mul(quantity).Mul(exchange.Scaled(int64(k[0]), -ratePlaces))
		buy := ask.Mul(quantity).Mul(exchange.Scaled(int64(k[1]), -ratePlaces))
		// Rounding up and taking one off keeps it strictly below: break-even is no opportunity.
		room := sell.Sub(buy).Sub(fixed).Quo(sell.Add(buy), limitPlaces, exchange.Ceil).Sub(ulp)
		want = want.Min(room)
	}
	return want.Max(exchange.Decimal{})
}
