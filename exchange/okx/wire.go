package okx

import (
	"slices"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue's JSON, as far as it is read here. Numbers are strings, except seqId, prevSeqId and checksum.

// instrument is one row of /public/instruments. Sizes of swaps are in contracts.
type instrument struct {
	InstID    string `json:"instId"`
	InstType  string `json:"instType"`
	BaseCcy   string `json:"baseCcy"`  // spot only
	QuoteCcy  string `json:"quoteCcy"` // spot only
	SettleCcy string `json:"settleCcy"`
	CtVal     string `json:"ctVal"`
	CtValCcy  string `json:"ctValCcy"`
	CtMult    string `json:"ctMult"`
	CtType    string `json:"ctType"`
	TickSz    string `json:"tickSz"`
	LotSz     string `json:"lotSz"`
	MinSz     string `json:"minSz"`
	MaxLmtSz  string `json:"maxLmtSz"`
	State     string `json:"state"`

	InstIDCode text `json:"instIdCode"` // a number; null before the venue has made one
	GroupID    text `json:"groupId"`    // of fees

	TradeQuotes []text `json:"tradeQuoteCcyList"` // where it is told, an order must say in which of them it is paid
}

// instrument is the row in the library's terms; false for what is no market of the library.
func (w instrument) instrument() (exchange.Instrument, bool) {
	symbol, ok := w.symbol()
	if !ok {
		return exchange.Instrument{}, false
	}
	in := exchange.Instrument{
		Market:      exchange.Market{Venue: Venue, Symbol: symbol},
		VenueSymbol: w.InstID,
		Contract:    exchange.MustDecimal("1"),
		Settle:      symbol.Quote,
	}
	n := numbers{}
	if symbol.Kind == exchange.Perp {
		in.Contract = n.read(w.CtVal).Mul(n.read(orOne(w.CtMult)))
	}
	in.Tick = n.read(w.TickSz)
	in.Lot = n.read(w.LotSz).Mul(in.Contract)
	in.MinQty = n.read(w.MinSz).Mul(in.Contract)
	in.MaxQty = n.optional(w.MaxLmtSz).Mul(in.Contract)
	in.Tradable = w.State == "live" && in.Contract.Sign() > 0 && n.err == nil && in.Validate() == nil
	return in, true
}

// symbol names the market. A swap has no baseCcy and quoteCcy; its name says them, and what a contract is counted in and settled in must
// agree: where it does not, a quantity in base and a profit in quote would be wrong.
func (w instrument) symbol() (exchange.Symbol, bool) {
	s := exchange.Symbol{Base: exchange.Asset(w.BaseCcy), Quote: exchange.Asset(w.QuoteCcy)}
	if w.InstType == "SWAP" {
		base, quote, _ := strings.Cut(strings.TrimSuffix(w.InstID, "-SWAP"), "-")
		if w.CtType != "linear" || base != w.CtValCcy || quote != w.SettleCcy {
			return s, false
		}
		s = exchange.Symbol{Base: exchange.Asset(base), Quote: exchange.Asset(quote), Kind: exchange.Perp}
	}
	if _, err := exchange.ParseSymbol(s.String()); err != nil || w.InstType != "SPOT" && w.InstType != "SWAP" {
		return s, false
	}
	return s, true
}

// quote is what orders must say that they are paid in; "" where they need not, or where it cannot be the market's own quote.
func (w instrument) quote() string {
	if !slices.Contains(w.TradeQuotes, text(w.QuoteCcy)) {
		return ""
	}
	return w.QuoteCcy
}

// code is the number by which orders over WebSocket name the market; "" where there is none that can be one.
func (w instrument) code() string {
	if len(w.InstIDCode) > 18 || !within(string(w.InstIDCode), digits) {
		return ""
	}
	return string(w.InstIDCode)
}

func orOne(s string) string {
	if s == "" {
		return "1"
	}
	return s
}

// numbers reads decimals and keeps the first error.
type numbers struct{ err error }

func (n *numbers) read(s string) exchange.Decimal {
	d, err := exchange.ParseDecimal(s)
	if err != nil && n.err == nil {
		n.err = err
	}
	return d
}

// optional is 0 where the venue has no such rule.
func (n *numbers) optional(s string) exchange.Decimal {
	if s == "" {
		return exchange.Decimal{}
	}
	return n.read(s)
}
