package arb

import (
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// ErrDepth is what every [*DepthError] wraps.
var ErrDepth = errors.New("insufficient depth")

// DepthError says that a book does not hold what was to be taken from it. There is no estimate then: a number made from a part of the
// size would be too good to be true.
type DepthError struct {
	Market exchange.Market
	Side   exchange.Side    // of the taker
	Want   exchange.Decimal // base units; for TopSlippage levels
	Have   exchange.Decimal
}

// Error names market, side, and both amounts.
func (e *DepthError) Error() string {
	return fmt.Sprintf("arb: %s: %s %s: %v, the book holds %s", e.Market, e.Side, e.Want, ErrDepth, e.Have)
}

// Unwrap is ErrDepth.
func (e *DepthError) Unwrap() error { return ErrDepth }

// Walked is what taking a size from one side of a book comes to, exactly.
type Walked struct {
	Size     exchange.Decimal // base units
	Notional exchange.Decimal // quote units
	Best     exchange.Decimal // price of the first level
	Worst    exchange.Decimal // price of the last level touched: the limit that a priced order needs
	Levels   int              // how many were touched
}

// Walk takes size, in base units, from the side of b that an order of the given side meets, best price first. b stays as it is. The
// error is a [*DepthError] when the book cannot fill size, wraps [exchange.ErrInvalid] when size is not positive and
// [exchange.ErrFrame] when a level is not, and is b.Err when b is invalid.
//
// It computes in decimals, for any size: [exchange.Book.Walk] is the fast one, in a book's own units.
func Walk(b *exchange.Book, side exchange.Side, size exchange.Decimal) (Walked, error) {
	if b.Err != nil {
		return Walked{}, b.Err
	}
	if size.Sign() <= 0 {
		return Walked{}, fmt.Errorf("arb: %s: walk to a size of %s: %w", b.Market, size, exchange.ErrInvalid)
	}
	var w Walked
	levels := b.Side(side)
	for i := len(levels) - 1; i >= 0 && w.Size.Cmp(size) < 0; i-- {
		l := levels[i]
		if l.Price <= 0 || l.Size <= 0 {
			return Walked{}, badLevel(b, l)
		}
		w.take(b.Price(l), b.Size(l).Min(size.Sub(w.Size)))
	}
	if w.Size.Cmp(size) < 0 {
		return Walked{}, &DepthError{Market: b.Market, Side: side, Want: size, Have: w.Size}
	}
	return w, nil
}

func badLevel(b *exchange.Book, l exchange.Level) error {
	return fmt.Errorf("arb: %s: level %s x %s: %w", b.Market, b.Price(l), b.Size(l), exchange.ErrFrame)
}

func (w *Walked) take(price, size exchange.Decimal) {
	if w.Levels == 0 {
		w.Best = price
	}
	w.Size, w.Notional = w.Size.Add(size), w.Notional.Add(price.Mul(size))
	w.Worst = price
	w.Levels++
}

// Average is the volume-weighted price, rounded half-even at 18 digits behind the point. What must be exact uses Notional.
// It is 0 where nothing was walked.
func (w Walked) Average() exchange.Decimal {
	if w.Size.IsZero() {
		return exchange.Decimal{}
	}
	return w.Notional.Quo(w.Size, 18, exchange.HalfEven)
}

// Slippage is |average - best| / best * impact, a fraction, rounded up at 18 digits: how much worse than the best price the whole size
// trades. An impact of 1 is the truth.
func (w Walked) Slippage(impact exchange.Decimal) exchange.Decimal {
	ideal := w.Best.Mul(w.Size)
	if ideal.IsZero() {
		return exchange.Decimal{}
	}
	return w.Notional.Sub(ideal).Abs().Mul(impact).Quo(ideal, 18, exchange.Ceil)
}

// ExactSlippage is what taking size costs beyond the best price, as a fraction of it: the volume-weighted truth, which legs are sized
// and priced by. Errors are those of [Walk].
func ExactSlippage(b *exchange.Book, side exchange.Side, size exchange.Decimal) (exchange.Decimal, error) {
	return slippage(b, side, size, exchange.Scaled(1, 0))
}

// SimpleSlippage is ExactSlippage times 0.3: the rule of thumb that a part of the size trades before the book has moved. It is too
// kind to trade on. Errors are those of [Walk].
func SimpleSlippage(b *exchange.Book, side exchange.Side, size exchange.Decimal) (exchange.Decimal, error) {
	return slippage(b, side, size, exchange.Scaled(3, -1))
}

func slippage(b *exchange.Book, side exchange.Side, size, impact exchange.Decimal) (exchange.Decimal, error) {
	w, err := Walk(b, side, size)
	if err != nil {
		return exchange.Decimal{}, err
	}
	return w.Slippage(impact), nil
}

// TopSlippage estimates the slippage bound s of [Costs] from the first levels of a book, 5 when levels is not positive: how far their average
// price, weighted by size, lies from the best one, as a fraction of it. A side with fewer levels is a [*DepthError]: averaged
// over less, a thin book would look cheap.
func TopSlippage(b *exchange.Book, side exchange.Side, levels int) (exchange.Decimal, error) {
	if b.Err != nil {
		return exchange.Decimal{}, b.Err
	}
	if levels <= 0 {
		levels = 5
	}
	s := b.Side(side)
	if len(s) < levels {
		return exchange.Decimal{}, &DepthError{Market: b.Market, Side: side,
			Want: exchange.Scaled(int64(levels), 0), Have: exchange.Scaled(int64(len(s)), 0)}
	}
	var w Walked
	for i := range levels {
		l := s[len(s)-1-i]
		if l.Price <= 0 || l.Size <= 0 {
			return exchange.Decimal{}, badLevel(b, l)
		}
		w.take(b.Price(l), b.Size(l))
	}
	return w.Slippage(exchange.Scaled(1, 0)), nil
}
