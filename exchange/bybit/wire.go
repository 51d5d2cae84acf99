package bybit

import (
	"encoding/json"
	"strconv"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue's JSON, as far as it is read here. Prices, sizes and rules are strings; times, u and seq are numbers.

// envelope is every REST answer.
type envelope struct {
	Code    text            `json:"retCode"`
	Message string          `json:"retMsg"`
	Result  json.RawMessage `json:"result"`
	Time    text            `json:"time"`
}

// code is false where there is none: such an answer is no success.
func (e *envelope) code() (int, bool) {
	c, err := strconv.Atoi(string(e.Code))
	return c, err == nil
}

// instrument is one row of /v5/market/instruments-info. Spot and linear name the same rule differently.
type instrument struct {
	Symbol       string `json:"symbol"`
	ContractType string `json:"contractType"` // linear only
	Status       string `json:"status"`
	BaseCoin     string `json:"baseCoin"`
	QuoteCoin    string `json:"quoteCoin"`
	SettleCoin   string `json:"settleCoin"` // linear only
	PriceFilter  struct {
		TickSize string `json:"tickSize"`
	} `json:"priceFilter"`
	LotSizeFilter struct {
		BasePrecision    string `json:"basePrecision"`    // spot: the step
		MinOrderAmt      string `json:"minOrderAmt"`      // spot: least notional
		MaxLimitOrderQty string `json:"maxLimitOrderQty"` // spot
		QtyStep          string `json:"qtyStep"`          // linear: the step
		MinOrderQty      string `json:"minOrderQty"`      // linear; spot has it too, and no longer checks it
		MinNotionalValue string `json:"minNotionalValue"` // linear: least notional
		MaxOrderQty      string `json:"maxOrderQty"`      // linear: of limit orders; deprecated on spot
	} `json:"lotSizeFilter"`
}

// category is the venue's word for a kind.
func category(k exchange.Kind) string {
	if k == exchange.Perp {
		return "linear"
	}
	return "spot"
}

// instrument is the row in the library's terms; false for what is no market of the library.
func (w instrument) instrument(kind exchange.Kind) (exchange.Instrument, bool) {
	symbol := exchange.Symbol{Base: exchange.Asset(w.BaseCoin), Quote: exchange.Asset(w.QuoteCoin), Kind: kind}
	if _, err := exchange.ParseSymbol(symbol.String()); err != nil {
		return exchange.Instrument{}, false
	}
	if kind == exchange.Perp && (w.ContractType != "LinearPerpetual" || w.SettleCoin != w.QuoteCoin) {
		return exchange.Instrument{}, false
	}
	in := exchange.Instrument{
		Market:      exchange.Market{Venue: Venue, Symbol: symbol},
		VenueSymbol: w.Symbol,
		Contract:    exchange.MustDecimal("1"),
		Settle:      symbol.Quote,
	}
	n := numbers{}
	lot := w.LotSizeFilter
	in.Tick = n.read(w.PriceFilter.TickSize)
	if kind == exchange.Spot {
		in.Lot, in.MaxQty, in.MinNotional = n.read(lot.BasePrecision), n.optional(lot.MaxLimitOrderQty), n.optional(lot.MinOrderAmt)
	} else {
		in.Lot, in.MaxQty, in.MinNotional = n.read(lot.QtyStep), n.optional(lot.MaxOrderQty), n.optional(lot.MinNotionalValue)
		in.MinQty = n.optional(lot.MinOrderQty)
	}
	in.Tradable = w.Status == "Trading" && n.err == nil && in.Validate() == nil
	return in, true
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
