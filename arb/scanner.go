package arb

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Scanner watches pairs of markets for arbitrages. It keeps the top of each market's newest book in memory of its own, and judges
// every pair that a book belongs to in both directions when the book arrives. It is not safe for concurrent use.
type Scanner struct {
	cfg   ScannerConfig
	sides directory
}

// side is one market: its rules, and its newest book.
type side struct {
	rules exchange.Instrument
	fees  Fees
	book  exchange.Book
	live  bool // book is valid
	pairs []*pair
}

// pair is two markets of one base and quote.
type pair struct {
	legs   [2]*side
	lanes  [2]*lane // lanes[i] buys from legs[i]
	bounds bounds
	grid   *grid // of the scales seen last
}

// NewScanner makes a scanner, or reports what is wrong with cfg as a [*ConfigError].
func NewScanner(cfg ScannerConfig) (*Scanner, error) {
	cfg = cfg.withDefaults()
	s := &Scanner{cfg: cfg, sides: newDirectory(2 * len(cfg.Pairs))}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	rules, err := cfg.rules()
	if err != nil {
		return nil, err
	}
	known := make(map[Pair]bool, len(cfg.Pairs))
	for i, p := range cfg.Pairs {
		if known[p] || known[Pair{A: p.B, B: p.A}] {
			return nil, configError("Pairs", "%s and %s are there twice", p.A, p.B)
		}
		known[p] = true
		legs, err := s.legs(i, p, rules)
		if err != nil {
			return nil, err
		}
		lot, err := commonLot(legs[0].rules.Lot, legs[1].rules.Lot)
		if err != nil {
			return nil, configError("Instruments", "%s and %s: %v", p.A, p.B, err)
		}
		q := &pair{legs: legs, bounds: bounds{lot: lot, notional: cfg.Notional}}
		if err := s.relane(q); err != nil {
			return nil, err
		}
		for _, l := range legs {
			l.pairs = append(l.pairs, q)
		}
	}
	return s, nil
}

// relane derives q's lanes from its markets' fees. Both change together or not at all.
func (s *Scanner) relane(q *pair) error {
	var lanes [2]*lane
	for i := range lanes {
		var err error
		if lanes[i], err = newLane(q.legs, i, &s.cfg); err != nil {
			return configError("Fees", "%s and %s: %v", q.legs[0].rules.Market, q.legs[1].rules.Market, err)
		}
	}
	q.lanes, q.grid = lanes, nil
	return nil
}

// Observe takes the newest book of its market, which it copies, and judges every pair of that market: the best opportunity that passes,
// and its verdict; or the verdict on the candidate that came nearest, with a zero Opportunity.
//
// The time is the books': now is the later receive time of a pair's two books. A book with an Err, and one that is crossed, takes
// its market out until the next valid one. When nothing passes, nothing is allocated, unless a book changes its scale.
func (s *Scanner) Observe(b *exchange.Book) (o Opportunity, v Verdict) {
	m := s.sides.find(&b.Market)
	if m == nil {
		v.Term, v.Buy = TermNoPair, b.Market
		return o, v
	}
	if m.live = b.Err == nil && !crossed(b); !m.live {
		v.Term, v.Buy = TermInvalid, b.Market
		return o, v
	}
	m.keep(b, s.cfg.Depth)
	best := &v.c
	for _, p := range m.pairs {
		s.judge(p, m, best)
	}
	v.Pass, v.Term = best.term == TermPassed, best.term
	v.Buy, v.Sell = best.lane.markets[0], best.lane.markets[1]
	if v.Pass {
		o = best.opportunity()
	}
	return o, v
}

// keep copies what judging needs of b, and no more.
func (m *side) keep(b *exchange.Book, depth int) {
	m.book.Scale, m.book.RecvTime = b.Scale, b.RecvTime
	m.book.Bids = append(m.book.Bids[:0], b.Bids[max(0, len(b.Bids)-depth):]...)
	m.book.Asks = append(m.book.Asks[:0], b.Asks[max(0, len(b.Asks)-depth):]...)
}

// Forget drops what is known of m: its pairs rest until its next book. Call it when a market is down, or was traded on.
func (s *Scanner) Forget(m exchange.Market) {
	if x := s.sides.find(&m); x != nil {
		x.live = false
	}
}

// SetFees replaces a market's fees from the next Observe on: gas moves, and accounts change their tier. The error is a
// [*ConfigError], and nothing has changed then.
func (s *Scanner) SetFees(m exchange.Market, f Fees) error {
	x := s.sides.find(&m)
	if x == nil {
		return configError("Fees", "%s is in no pair", m)
	}
	if err := checkFixed(m, f); err != nil {
		return err
	}
	before := x.fees
	x.fees = f
	for _, q := range x.pairs {
		// Whether fees are valid does not depend on the other market: the first pair refuses bad ones, before anything changed.
		if err := s.relane(q); err != nil {
			x.fees = before
			return err
		}
	}
	return nil
}

// crossed does without the error of Book.CheckTop, which costs memory.
func crossed(b *exchange.Book) bool {
	bid, hasBid := b.Best(exchange.Sell)
	ask, hasAsk := b.Best(exchange.Buy)
	return hasBid && hasAsk && bid.Price >= ask.Price
}

// judge offers p's directions to best. seen is the market whose book has just come.
func (s *Scanner) judge(p *pair, seen *side, best *candidate) {
	first := p.lanes[0]
	if first.buy != seen {
		first = p.lanes[1]
	}
	g := glance{lane: first}
	if !first.sell.live {
		g.term = TermNoCounterpart
		best.offer(&g)
		return
	}
	lag := first.sell.book.RecvTime.Sub(seen.book.RecvTime)
	g.ages = [2]time.Duration{max(lag, 0), max(-lag, 0)}
	if older := max(g.ages[0], g.ages[1]); older > s.cfg.MaxAge {
		g.term = TermTooOld
	} else if older > s.cfg.MaxSkew {
		g.term = TermSkew
	} else if !p.grid.fits(p.legs[0].book.Scale, p.legs[1].book.Scale) {
		p.grid = newGrid(p.legs, p.lanes, p.bounds)
	}
	if g.term == TermNone && p.grid.offScale {
		g.term = TermOffScale
	}
	if g.term != TermNone {
		best.offer(&g)
		return
	}
	g.grid = p.grid
	s.both(&g, p.lanes[1-first.from], best)
}

// both offers the direction g and its reverse.
func (s *Scanner) both(g *glance, reverse *lane, best *candidate) {
	back := glance{lane: reverse, grid: g.grid, ages: [2]time.Duration{g.ages[1], g.ages[0]}}
	g.look()
	back.look()
	if g.term != TermNone && back.term != TermNone { // nearly every tick
		if back.nearer(g) {
			g = &back
		}
		best.offer(g)
		return
	}
	for _, x := range [2]*glance{g, &back} {
		if x.term != TermNone {
			best.offer(x)
			continue
		}
		c := candidate{glance: *x}
		if c.judge(s.cfg.Tolerance); best.term == TermNone || c.nearer(best) {
			*best = c
		}
	}
}

// offer makes g the best where it came nearer.
func (c *candidate) offer(g *glance) {
	if c.term == TermNone { // all zero: the rest need not be cleared
		c.glance = *g
	} else if g.nearer(&c.glance) {
		*c = candidate{glance: *g}
	}
}

// opportunity makes the plan of a candidate that passed.
func (c *candidate) opportunity() Opportunity {
	a := c.arithmetic()
	decided := c.lane.buy.book.RecvTime
	if t := c.lane.sell.book.RecvTime; t.Before(decided) {
		decided = t
	}
	return Opportunity{Arithmetic: a, Plan: exchange.Plan{
		Legs:     c.legs,
		Strategy: "cross",
		Expected: exchange.Amount{Asset: c.lane.buy.rules.Market.Symbol.Quote, Quantity: a.Net},
		Decided:  decided,
	}}
}
