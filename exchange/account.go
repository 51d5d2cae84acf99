package exchange

import "time"

// Wallet is which of an account's purses a balance lies in. Most venues have one for everything.
type Wallet uint8

const (
	WalletUnified Wallet = iota // pays for spot orders and is margin of perpetuals
	WalletSpot                  // pays for spot orders only
	WalletPerp                  // is margin of perpetuals only
)

// String is "unified", "spot" or "perp".
func (w Wallet) String() string { return name([]string{"unified", "spot", "perp"}, int(w), "wallet") }

// Balance is what an account holds of one asset in one wallet. It holds Free + Locked in all.
type Balance struct {
	Asset  Asset
	Wallet Wallet
	Free   Decimal // what a new order may use
	Locked Decimal // reserved by open orders, or as margin
}

// Total is Free + Locked.
func (b Balance) Total() Decimal { return b.Free.Add(b.Locked) }

// Position is an open perpetual position.
type Position struct {
	Market   Market
	Account  AccountID
	Quantity Decimal // base units; negative: short
	// Cost is the quote paid for it, net: buys minus sells since it was last flat. Unrealised profit at price p is
	// Quantity*p - Cost. Unlike an average price it is exact; venues that tell only an average have it multiplied out.
	Cost Decimal
	Time time.Time
}

// FeeRates are fractions of the notional: 0.0005 is 5 basis points. A negative maker rate is a rebate.
type FeeRates struct{ Maker, Taker Decimal }
