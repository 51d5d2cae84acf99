package arb

import (
	"fmt"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Term is what decided about a candidate. Of two candidates the one with the later constant counts as the nearer. Bad data stand
// late among them: they are heard of before a price that is merely not good enough.
type Term uint8

const (
	TermNone          Term = iota // nothing was judged: the zero Verdict
	TermNoPair                    // the book's market is in no pair of the scanner
	TermNoCounterpart             // the other market has no valid book: none came yet, or it was forgotten
	TermTooOld                    // a book is older than MaxAge
	TermSkew                      // the books were received more than MaxSkew apart
	TermDepth                     // a side has no level
	TermNotCrossed                // the bid is not above the ask
	TermFees                      // the fees eat the gross profit
	TermSlippage                  // the flat slippage eats what the fees left
	TermThreshold                 // the net profit does not exceed the edge asked for
	TermInvalid                   // a book has an Err, is crossed, or holds levels that are not positive or out of order
	TermOffScale                  // a price or size fits neither 64 bits in common units nor the instrument's tick
	TermMinimum                   // the size is below a venue's minimum quantity or notional, or less than a lot
	TermPassed                    // an opportunity
)

var termNames = [...]string{"none", "no_pair", "no_counterpart", "book_too_old", "skew", "insufficient_depth", "not_crossed", "fees",
	"slippage", "threshold", "book_invalid", "off_scale", "below_minimum", "passed"}

// String is a short name fit for a key: "not_crossed".
func (t Term) String() string {
	if int(t) < len(termNames) {
		return termNames[t]
	}
	return fmt.Sprintf("term(%d)", t)
}

// Arithmetic is how a candidate adds up, exactly, in quote units. Net is Gross less Fees and Slippage.
type Arithmetic struct {
	Size      exchange.Decimal   // base units, equal on both legs
	Notional  exchange.Decimal   // of the larger leg: what rates of slippage and edge count on
	Gross     exchange.Decimal   // the difference of the best prices times Size
	Fees      []exchange.Decimal // of each leg: bought, sold; negative: a rebate
	Slippage  exchange.Decimal   // what the walk beyond the best prices costs, and the flat part
	Threshold exchange.Decimal   // what Net had to exceed
	Net       exchange.Decimal
	Ages      []time.Duration // of each leg's book, by receive time, at the decision; nil where no scanner made it
}

// Clears reports whether Net is above Threshold. Equality is not enough.
func (a Arithmetic) Clears() bool { return a.Net.Cmp(a.Threshold) > 0 }

// TotalFees is the sum of Fees.
func (a Arithmetic) TotalFees() exchange.Decimal {
	var sum exchange.Decimal
	for _, f := range a.Fees {
		sum = sum.Add(f)
	}
	return sum
}

// String is one line: "gross 12 - fees 3 + 3.01 - slippage 1 = net 4.99 > threshold 2, size 0.5".
func (a Arithmetic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "gross %s - fees ", plain(a.Gross))
	for i, f := range a.Fees {
		if i > 0 {
			b.WriteString(" + ")
		}
		b.WriteString(plain(f))
	}
	relation := "<="
	if a.Clears() {
		relation = ">"
	}
	fmt.Fprintf(&b, " - slippage %s = net %s %s threshold %s, size %s", plain(a.Slippage), plain(a.Net), relation, plain(a.Threshold), plain(a.Size))
	for i, age := range a.Ages {
		fmt.Fprintf(&b, "%s%s", [2]string{", ages ", " and "}[min(i, 1)], age)
	}
	return b.String()
}

// plain is d without trailing zeros.
func plain(d exchange.Decimal) string {
	s := d.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// sums are what an Arithmetic is made of: both legs' notionals as walked, and gross, the profit at the best prices.
type sums struct{ size, buy, sell, gross exchange.Decimal }

func (s sums) arithmetic(f Fees, slippage, edge exchange.Decimal) Arithmetic {
	a := Arithmetic{Size: s.size, Notional: s.buy.Max(s.sell), Gross: s.gross}
	a.Fees = []exchange.Decimal{f.Buy.Cost(s.buy), f.Sell.Cost(s.sell)}
	walked := s.sell.Sub(s.buy)
	a.Slippage = s.gross.Sub(walked).Add(slippage.Mul(a.Notional))
	a.Threshold = edge.Mul(a.Notional)
	a.Net = s.gross.Sub(a.TotalFees()).Sub(a.Slippage)
	return a
}

// Opportunity is an arbitrage that passed every term, and its arithmetic. It shares nothing with the scanner or a book.
type Opportunity struct {
	// Plan has the leg that buys first: limit orders, immediate or cancel, of equal quantity. They carry neither client ids nor
	// deadlines, and no account: the default one.
	Plan exchange.Plan
	Arithmetic
}

// Verdict is what a scanner thinks of one book's arrival: the best candidate that passed, or the one that came nearest and the term
// that it failed on. It keeps integers, and renders them when asked. It is immutable, and does not hold on to any book.
type Verdict struct {
	Pass bool
	Term Term
	// Buy and Sell are the direction judged. Where none was yet (no_counterpart, book_too_old, skew), Buy is the observed book's
	// market and Sell its counterpart; for no_pair and book_invalid there is no Sell.
	Buy, Sell exchange.Market

	c candidate
}

// Arithmetic is the candidate's; false where no prices were looked at. A candidate that failed before it had a size is reckoned for
// one unit of base at the best prices, without fixed costs.
func (v Verdict) Arithmetic() (Arithmetic, bool) {
	if v.c.grid == nil || v.c.ask == 0 {
		return Arithmetic{}, false
	}
	return v.c.arithmetic(), true
}

// Ages are those of the books of Buy and Sell at the decision, by receive time.
func (v Verdict) Ages() (buy, sell time.Duration) { return v.c.ages[0], v.c.ages[1] }

// String is one line for people: the term, the legs with their best prices, and the arithmetic.
func (v Verdict) String() string {
	switch v.Term {
	case TermNone, TermNoPair:
		return fmt.Sprintf("%s: %s", v.Term, v.Buy)
	case TermTooOld, TermSkew:
		allowed := v.c.lane.maxSkew
		if v.Term == TermTooOld {
			allowed = v.c.lane.maxAge
		}
		return fmt.Sprintf("%s: %s and %s: ages %s and %s, allowed %s", v.Term, v.Buy, v.Sell, v.c.ages[0], v.c.ages[1], allowed)
	}
	a, ok := v.Arithmetic()
	if v.Sell == (exchange.Market{}) {
		return fmt.Sprintf("%s: %s", v.Term, v.Buy)
	}
	if !ok {
		return fmt.Sprintf("%s: %s and %s", v.Term, v.Buy, v.Sell)
	}
	g := v.c.grid
	return fmt.Sprintf("%s: buy %s at %s, sell %s at %s: %s", v.Term, v.Buy, plain(g.price(v.c.ask)), v.Sell, plain(g.price(v.c.bid)), a)
}

// arithmetic turns c's integers into numbers.
func (c *candidate) arithmetic() Arithmetic {
	g, l := c.grid, c.lane
	ask, bid := g.price(c.ask), g.price(c.bid)
	s := sums{size: exchange.Scaled(1, 0), buy: ask, sell: bid, gross: bid.Sub(ask)}
	f := l.fees
	if c.size > 0 {
		s = sums{size: g.quantity(c.size), buy: c.buy.Decimal(g.scale), sell: c.sell.Decimal(g.scale)}
		s.gross = bid.Sub(ask).Mul(s.size)
	} else {
		f.Buy.Fixed, f.Sell.Fixed = exchange.Decimal{}, exchange.Decimal{}
	}
	a := s.arithmetic(f, l.slippage, l.edge)
	a.Ages = []time.Duration{c.ages[0], c.ages[1]}
	return a
}
