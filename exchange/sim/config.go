package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// EngineConfig describes a venue and the accounts that trade there. Account, Balances, Margin and Fees are those of the first one.
type EngineConfig struct {
	Venue       exchange.Venue     // required
	Account     exchange.AccountID // default: the default account, ""
	Instruments []exchange.Instrument
	Fees        exchange.FeeRates // of all markets; each between -1 and 1
	// BaseFee charges the fee of a spot buy in the base asset, as Binance does; all other fees are in quote.
	BaseFee bool
	// FeeAsset and FeePrice are the first account's: see [AccountConfig].
	FeeAsset exchange.Asset
	FeePrice exchange.Decimal
	Balances []exchange.Amount // opening ones; amounts of one asset add up
	Accounts []AccountConfig   // further accounts
	// SplitWallets pays spot orders and perpetuals from wallets of their own, as Binance does. Without it each account has one unified wallet.
	SplitWallets bool
	Margin       []exchange.Amount // opening amounts of the first account's perpetual wallet; only with SplitWallets
	SelfTrade    SelfTrade         // what happens when an account would trade with itself; default None
	// MarginRate is the initial margin of perpetuals as a fraction of the notional. Default 0.1: ten times leverage.
	MarginRate exchange.Decimal
	// Depth is how many levels a side of a book are used; the rest is as if it were not there. Default 0: all.
	Depth int
	// EventBuffer is how many events are kept for [Engine.Events]; older ones are forgotten. Default 16,384.
	EventBuffer int
	// KeepOrders is how many ended orders are kept at least, with their fills; older ones are forgotten, their client ids too.
	// Default 131,072.
	KeepOrders int
}

// AccountConfig describes one more account.
type AccountConfig struct {
	ID       exchange.AccountID
	Balances []exchange.Amount  // of the spot wallet, or the unified one
	Margin   []exchange.Amount  // of the perpetual wallet; only with SplitWallets
	Fees     *exchange.FeeRates // default: the engine's
	// FeeAsset pays fees instead of what they are charged in otherwise, from the wallet that pays for the order, for as long as there is
	// enough of it there. A fee is what it would be in quote, divided by FeePrice (units of quote for one of FeeAsset), rounded up to
	// 8 places. Rebates are not paid in it. There is one FeePrice: it fits a venue whose markets have one quote.
	FeeAsset exchange.Asset
	FeePrice exchange.Decimal
}

// SelfTrade says what happens when an order meets a resting one of its own account.
type SelfTrade uint8

// The zero SelfTrade is the engine's in [Terms], and None in [EngineConfig].
const (
	None        SelfTrade = iota + 1 // they trade
	CancelTaker                      // the arriving order ends
	CancelMaker                      // the resting order ends
	CancelBoth                       // both end
)

// Terms are what a venue can be told about an order beyond the request, and what the simulation does to it.
type Terms struct {
	SelfTrade SelfTrade // zero: the engine's
	// Percent is a fault: at most so much of the quantity executes at once, although there may be depth for more. Zero: all. What is
	// given and would cross the rest of a GTC order is gone then; where an account's order would cross it, the rest expires.
	Percent int64
	// PostOnlyEnds makes a post-only order that would take no refusal: it is accepted, and ends at once as StatusExpired with ReasonPostOnly.
	PostOnlyEnds bool
	// Reject is a fault: the order is accepted, which is an event, and ends at once as StatusRejected for this reason.
	Reject string
}

// Why an order ended: Order.Reason of the engine's orders is one of these, or what [Engine.End] was given.
const (
	ReasonCanceled   = "canceled on request"
	ReasonDepth      = "not enough depth within the limit" // IOC, FOK and market orders
	ReasonPostOnly   = "post-only would take"
	ReasonReduceOnly = "no position left to reduce"
	ReasonSelfTrade  = "self-trade prevention"
	ReasonFunds      = "insufficient funds for the remainder"
)

// withDefaults fills in what was left out.
func (c EngineConfig) withDefaults() EngineConfig {
	c.MarginRate = c.marginRate()
	c.SelfTrade = orDefault(c.SelfTrade, None)
	c.EventBuffer = orDefault(c.EventBuffer, 1<<14)
	c.KeepOrders = orDefault(c.KeepOrders, 1<<17)
	c.Instruments = slices.Clone(c.Instruments)
	return c
}

func (c EngineConfig) marginRate() exchange.Decimal {
	if c.MarginRate.IsZero() {
		return exchange.Scaled(1, -1)
	}
	return c.MarginRate
}

func (c EngineConfig) validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("sim: engine %s: %w: %w", c.Venue, fmt.Errorf(format, args...), exchange.ErrInvalid)
	}
	if c.Venue == "" {
		return fail("no venue")
	}
	if c.Depth < 0 || c.EventBuffer < 0 || c.KeepOrders < 0 || c.SelfTrade > CancelBoth || c.MarginRate.Sign() < 0 {
		return fail("negative setting")
	}
	seen := make(map[exchange.Market]bool)
	for _, ins := range c.Instruments {
		if err := ins.Validate(); err != nil {
			return fmt.Errorf("sim: engine %s: %w", c.Venue, err)
		}
		if ins.Market.Venue != c.Venue || seen[ins.Market] {
			return fail("instrument %s is another venue's, or given twice", ins.Market)
		}
		if y := ins.Market.Symbol; y.Kind != exchange.Spot && ins.Settle != "" && ins.Settle != y.Quote {
			return fail("%s is settled in %s", ins.Market, ins.Settle)
		}
		seen[ins.Market] = true
	}
	ids := make(map[exchange.AccountID]bool)
	for _, a := range c.all() {
		if err := a.validate(c.SplitWallets); err != nil {
			return fail("account %q: %w", a.ID, err)
		}
		if ids[a.ID] {
			return fail("account %q is given twice", a.ID)
		}
		ids[a.ID] = true
	}
	return nil
}

// all is every account, the first one included.
func (c EngineConfig) all() []AccountConfig {
	first := AccountConfig{ID: c.Account, Balances: c.Balances, Margin: c.Margin, FeeAsset: c.FeeAsset, FeePrice: c.FeePrice}
	r := append([]AccountConfig{first}, c.Accounts...)
	for i := range r {
		if r[i].Fees == nil {
			r[i].Fees = &c.Fees
		}
	}
	return r
}

func (c AccountConfig) validate(split bool) error {
	one := exchange.Scaled(1, 0)
	if c.Fees.Maker.Abs().Cmp(one) >= 0 || c.Fees.Taker.Abs().Cmp(one) >= 0 {
		return fmt.Errorf("fee rates %s, %s", c.Fees.Maker, c.Fees.Taker)
	}
	if (c.FeeAsset == "") != c.FeePrice.IsZero() || c.FeePrice.Sign() < 0 {
		return fmt.Errorf("fee asset %q at %s", c.FeeAsset, c.FeePrice)
	}
	if len(c.Margin) > 0 && !split {
		return errors.New("margin without a wallet of its own")
	}
	for _, a := range slices.Concat(c.Balances, c.Margin) {
		if a.Asset == "" || a.Quantity.Sign() < 0 {
			return fmt.Errorf("opening balance %q %s", a.Asset, a.Quantity)
		}
	}
	return nil
}
