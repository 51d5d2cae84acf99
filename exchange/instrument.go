package exchange

import "fmt"

// Instrument is a market's rules. Zero Min and Max fields mean that the venue has no such rule.
type Instrument struct {
	Market      Market
	VenueSymbol string  // the venue's own name: "BTCUSDT", "BTC-USDT-SWAP"
	Tradable    bool    // false for every state that is not plain trading, unknown ones included
	Tick        Decimal // prices are multiples of it
	Lot         Decimal // quantities are multiples of it, in base units
	MinQty      Decimal // base units
	MaxQty      Decimal // base units
	MinNotional Decimal // quote units
	// Contract is the base quantity of one contract where the venue counts contracts; 1 elsewhere. The other fields, and all
	// quantities of this library, are in base units already.
	Contract Decimal
	Settle   Asset // what profits and margin are paid in; quote, for the markets of this library
}

// Validate reports steps or bounds that no order could be checked against: an error that wraps ErrInvalid.
func (i Instrument) Validate() error {
	switch {
	case i.Market.Venue == "" || i.Market.Symbol.Base == "" || i.Market.Symbol.Quote == "":
		return fmt.Errorf("exchange: instrument without market: %w", ErrInvalid)
	case i.Tick.Sign() <= 0:
		return fmt.Errorf("exchange: %s: tick %s: %w", i.Market, i.Tick, ErrInvalid)
	case i.Lot.Sign() <= 0:
		return fmt.Errorf("exchange: %s: lot %s: %w", i.Market, i.Lot, ErrInvalid)
	case i.MinQty.Sign() < 0 || i.MaxQty.Sign() < 0 || i.MinNotional.Sign() < 0 || i.Contract.Sign() < 0:
		return fmt.Errorf("exchange: %s: negative bound: %w", i.Market, ErrInvalid)
	case i.MaxQty.Sign() > 0 && i.MaxQty.Cmp(i.MinQty) < 0:
		return fmt.Errorf("exchange: %s: maximum %s below minimum %s: %w", i.Market, i.MaxQty, i.MinQty, ErrInvalid)
	}
	return nil
}

// RoundPrice is p on a tick, never worse for the taker than p: down for Buy, up for Sell.
func (i Instrument) RoundPrice(side Side, p Decimal) Decimal {
	if side == Buy {
		return p.Floor(i.Tick)
	}
	return p.Ceil(i.Tick)
}

// RoundQuantity is q rounded down to a whole lot.
func (i Instrument) RoundQuantity(q Decimal) Decimal { return q.Round(i.Lot, Down) }

// Check reports whether the venue would take r: tradable, on tick and lot, within quantity and notional bounds. The error wraps
// ErrInvalid and says what the rule is. The smallest notional is not asked of market orders, which have no price, nor of reduce-only ones.
func (i Instrument) Check(r OrderRequest) error {
	if err := r.Check(); err != nil {
		return err
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("exchange: %s: %s: %w", i.Market, fmt.Sprintf(format, args...), ErrInvalid)
	}
	switch {
	case r.Market != i.Market:
		return fail("rules asked about %s", r.Market)
	case !i.Tradable:
		return fail("not tradable")
	case !r.Quantity.IsMultiple(i.Lot):
		return fail("quantity %s is no multiple of lot %s", r.Quantity, i.Lot)
	case r.Quantity.Cmp(i.MinQty) < 0:
		return fail("quantity %s is below the minimum of %s", r.Quantity, i.MinQty)
	case i.MaxQty.Sign() > 0 && r.Quantity.Cmp(i.MaxQty) > 0:
		return fail("quantity %s is above the maximum of %s", r.Quantity, i.MaxQty)
	case r.Type == TypeLimit && !r.Price.IsMultiple(i.Tick):
		return fail("price %s is no multiple of tick %s", r.Price, i.Tick)
	case r.Type == TypeLimit && !r.ReduceOnly && r.Price.Mul(r.Quantity).Cmp(i.MinNotional) < 0:
		return fail("notional %s is below the minimum of %s", r.Price.Mul(r.Quantity), i.MinNotional)
	}
	return nil
}
