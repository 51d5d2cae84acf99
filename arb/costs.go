package arb

import (
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// FeeAsset says what a venue takes its fee in.
type FeeAsset uint8

const (
	FeeInQuote FeeAsset = iota // the money of the market: what most venues do, and all perpetuals
	FeeInBase                  // what is traded: spot buys at several venues deliver less than was bought
	FeeInOther                 // a third asset, such as a venue's own token
)

// Fee is what one leg pays its venue. The zero Fee is free of charge.
//
// Whatever the asset it is taken in, a fee is worth Rate times the leg's notional plus Fixed, in quote: base is valued at the price
// it was traded at, and a venue takes a third asset at its value in quote. A discount for paying in that asset belongs into
// Rate.
type Fee struct {
	Rate  exchange.Decimal // fraction of the notional: 0.0005 is 5 basis points; negative: a rebate
	Fixed exchange.Decimal // per trade, in quote units: gas of a leg on a chain; not negative
	In    FeeAsset
}

// Cost is the fee on a notional, both in quote units.
func (f Fee) Cost(notional exchange.Decimal) exchange.Decimal {
	return f.Rate.Mul(notional).Add(f.Fixed)
}

// Trade is one execution, for [Fee.Amount].
type Trade struct {
	Price    exchange.Decimal
	Quantity exchange.Decimal // base units
	Worth    exchange.Decimal // quote units that one unit of the third asset is worth: only FeeInOther looks at it
}

// Amount is what the venue takes for t by its Rate, in units of the fee's own asset; a third asset's is rounded up at 18 digits.
// Fixed is not in it: that is quote, always. The error wraps [exchange.ErrInvalid]: a third asset whose Worth is not positive.
func (f Fee) Amount(t Trade) (exchange.Decimal, error) {
	quote := f.Rate.Mul(t.Price).Mul(t.Quantity)
	switch {
	case f.In == FeeInBase:
		return f.Rate.Mul(t.Quantity), nil
	case f.In == FeeInOther && t.Worth.Sign() <= 0:
		return exchange.Decimal{}, fmt.Errorf("arb: fee in an asset worth %s: %w", t.Worth, exchange.ErrInvalid)
	case f.In == FeeInOther:
		return quote.Quo(t.Worth, 18, exchange.Ceil), nil
	}
	return quote, nil
}

// Fees are one market's fees by the side of the order.
type Fees struct{ Buy, Sell Fee }

// TakerFees are the fees of an account that pays rates, for orders that take.
func TakerFees(rates exchange.FeeRates) Fees {
	return Fees{Buy: Fee{Rate: rates.Taker}, Sell: Fee{Rate: rates.Taker}}
}

// DefaultFees are 5 basis points either way.
func DefaultFees() Fees { return TakerFees(exchange.FeeRates{Taker: exchange.Scaled(5, -4)}) }

// Costs are what stands between a difference of prices and a profit. The zero value is the textbook's: fees of 0.0005 on both sides
// and a slippage bound of 0.001. Nil means that default; a zero behind the pointer means none.
type Costs struct {
	Buy, Sell *Fee              // of the market bought in and of the one sold in; nil: 0.0005 of the notional
	Slippage  *exchange.Decimal // s, a fraction of the higher price; nil: 0.001. Books does without it
}

func (c Costs) fees() Fees {
	f := DefaultFees()
	if c.Buy != nil {
		f.Buy = *c.Buy
	}
	if c.Sell != nil {
		f.Sell = *c.Sell
	}
	return f
}

func (c Costs) slippage() exchange.Decimal {
	if c.Slippage != nil {
		return *c.Slippage
	}
	return exchange.Scaled(1, -3)
}

// Prices are those of a possible arbitrage.
type Prices struct {
	Ask exchange.Decimal // to buy at
	Bid exchange.Decimal // to sell at, elsewhere
}

// Prices is the arithmetic of one unit bought at p.Ask and sold at p.Bid. It clears if and only if
//
//	Bid - Ask > sell fee * Bid + buy fee * Ask + Slippage * max(Bid, Ask)
//
// Break-even itself does not clear.
func (c Costs) Prices(p Prices) Arithmetic {
	s := sums{size: exchange.Scaled(1, 0), buy: p.Ask, sell: p.Bid, gross: p.Bid.Sub(p.Ask)}
	return s.arithmetic(c.fees(), c.slippage(), exchange.Decimal{})
}

// Books are those of a possible arbitrage: Buy's asks are taken, and Sell's bids.
type Books struct{ Buy, Sell *exchange.Book }

// Books is the arithmetic of size, in base units, taken from both books. The walk through their levels takes the place of the flat
// Slippage, which plays no part. The error is a [*DepthError] when a book cannot fill size, and wraps [exchange.ErrInvalid] when
// size is not positive or the books are not of one base and quote; an invalid book's own Err is passed on.
func (c Costs) Books(b Books, size exchange.Decimal) (Arithmetic, error) {
	if x, y := b.Buy.Market.Symbol, b.Sell.Market.Symbol; x.Base != y.Base || x.Quote != y.Quote {
		return Arithmetic{}, fmt.Errorf("arb: %s and %s trade different things: %w", b.Buy.Market, b.Sell.Market, exchange.ErrInvalid)
	}
	buy, err := Walk(b.Buy, exchange.Buy, size)
	if err != nil {
		return Arithmetic{}, err
	}
	sell, err := Walk(b.Sell, exchange.Sell, size)
	if err != nil {
		return Arithmetic{}, err
	}
	s := sums{size: size, buy: buy.Notional, sell: sell.Notional, gross: sell.Best.Sub(buy.Best).Mul(size)}
	return s.arithmetic(c.fees(), exchange.Decimal{}, exchange.Decimal{}), nil
}

// Rates are one row's assumptions in a sensitivity table: the same fee on both sides, and a slippage bound, as fractions.
type Rates struct{ Fee, Slippage exchange.Decimal }

// BreakEven is the difference of prices at which an arbitrage neither gains nor loses: only more than it is an opportunity.
type BreakEven struct {
	Rates
	Linear exchange.Decimal // (2f + s) * P: exact to first order, and always a little too small
	Exact  exchange.Decimal // (2f + s) * P / (1 - f - s), rounded up in the 10th place: the true figure, P being the buy price
}

// Sensitivity is the break-even spread at a buy price, for each of rates. The error wraps [exchange.ErrInvalid] when no difference
// would be enough, because fee and slippage take the whole price.
func Sensitivity(price exchange.Decimal, rates ...Rates) ([]BreakEven, error) {
	one := exchange.Scaled(1, 0)
	table := make([]BreakEven, 0, len(rates))
	for _, r := range rates {
		left := one.Sub(r.Fee).Sub(r.Slippage)
		if left.Sign() <= 0 || price.Sign() <= 0 {
			return nil, fmt.Errorf("arb: no break-even at price %s, fee %s, slippage %s: %w", price, r.Fee, r.Slippage, exchange.ErrInvalid)
		}
		linear := r.Fee.Add(r.Fee).Add(r.Slippage).Mul(price)
		table = append(table, BreakEven{Rates: r, Linear: linear, Exact: linear.Quo(left, 10, exchange.Ceil)})
	}
	return table, nil
}
