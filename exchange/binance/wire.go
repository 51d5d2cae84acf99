package binance

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// exchangeInfo is the answer to GET exchangeInfo, of both markets.
type exchangeInfo struct {
	Symbols    []symbolInfo `json:"symbols"`
	RateLimits []rateLimit  `json:"rateLimits"`
}

type symbolInfo struct {
	Symbol       string       `json:"symbol"`
	Status       string       `json:"status"`
	BaseAsset    string       `json:"baseAsset"`
	QuoteAsset   string       `json:"quoteAsset"`
	ContractType string       `json:"contractType"` // futures
	MarginAsset  string       `json:"marginAsset"`  // futures
	AmendAllowed bool         `json:"amendAllowed"` // spot
	Filters      []filterInfo `json:"filters"`
}

type filterInfo struct {
	FilterType  string `json:"filterType"`
	TickSize    figure `json:"tickSize"`    // PRICE_FILTER
	StepSize    figure `json:"stepSize"`    // LOT_SIZE
	MinQty      figure `json:"minQty"`      // LOT_SIZE
	MaxQty      figure `json:"maxQty"`      // LOT_SIZE
	MinNotional figure `json:"minNotional"` // NOTIONAL, MIN_NOTIONAL of spot
	Notional    figure `json:"notional"`    // MIN_NOTIONAL of futures
}

// figure is a number that may be bad: that closes its own market, and not all of them.
type figure struct {
	exchange.Decimal
	bad bool
}

func (f *figure) UnmarshalJSON(b []byte) error {
	f.bad = f.Decimal.UnmarshalJSON(b) != nil
	return nil
}

// parseInfo reads an exchangeInfo.
func parseInfo(body []byte) (*exchangeInfo, error) {
	info := new(exchangeInfo)
	if err := json.Unmarshal(body, info); err != nil {
		return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: fmt.Errorf("%w: %w", err, exchange.ErrFrame)}
	}
	if len(info.Symbols) == 0 {
		return nil, &exchange.Error{Venue: Venue, Op: "instruments", Err: fmt.Errorf("no symbols: %w", exchange.ErrFrame)}
	}
	return info, nil
}

// instruments are those of one market.
func (info *exchangeInfo) instruments(k exchange.Kind) (list []exchange.Instrument) {
	for _, s := range info.Symbols {
		if i, ok := s.instrument(k); ok {
			list = append(list, i)
		}
	}
	return list
}

// instrument is s in the library's terms; false for contracts that are no linear perpetual, and for names that a Symbol cannot hold.
func (s symbolInfo) instrument(k exchange.Kind) (exchange.Instrument, bool) {
	if k == exchange.Perp && (s.ContractType != "PERPETUAL" || s.MarginAsset != s.QuoteAsset) {
		return exchange.Instrument{}, false
	}
	symbol := exchange.Symbol{Base: exchange.Asset(s.BaseAsset), Quote: exchange.Asset(s.QuoteAsset), Kind: k}
	if _, err := exchange.ParseSymbol(symbol.String()); err != nil || s.Symbol == "" {
		return exchange.Instrument{}, false
	}
	i := exchange.Instrument{
		Market:      exchange.Market{Venue: Venue, Symbol: symbol},
		VenueSymbol: s.Symbol,
		Contract:    exchange.Scaled(1, 0),
		Settle:      symbol.Quote,
	}
	bad := false
	for _, f := range s.Filters {
		switch f.FilterType {
		case "PRICE_FILTER":
			i.Tick = f.TickSize.Decimal
			bad = bad || f.TickSize.bad
		case "LOT_SIZE":
			i.Lot, i.MinQty, i.MaxQty = f.StepSize.Decimal, f.MinQty.Decimal, f.MaxQty.Decimal
			bad = bad || f.StepSize.bad || f.MinQty.bad || f.MaxQty.bad
		case "NOTIONAL", "MIN_NOTIONAL":
			i.MinNotional = i.MinNotional.Max(f.MinNotional.Decimal).Max(f.Notional.Decimal)
			bad = bad || f.MinNotional.bad || f.Notional.bad
		}
	}
	i.Tradable = s.Status == "TRADING" && !bad && i.Validate() == nil
	return i, true
}

// venueSymbol is the venue's name of s: the instrument's, where that is known, else the assets one after the other, which holds for
// all of spot and for the perpetuals.
func venueSymbol(s exchange.Symbol, known []exchange.Instrument) (string, *exchange.Instrument) {
	for i := range known {
		if known[i].Market.Symbol == s && known[i].Market.Venue == Venue {
			if known[i].VenueSymbol != "" {
				return known[i].VenueSymbol, &known[i]
			}
			return string(s.Base) + string(s.Quote), &known[i]
		}
	}
	return string(s.Base) + string(s.Quote), nil
}

// topic is the name of the stream of deltas of a market.
func topic(venueSymbol string) string { return strings.ToLower(venueSymbol) + "@depth@100ms" }
