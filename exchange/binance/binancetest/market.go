package binancetest

import (
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// market is one instrument as the venue lists it.
type market struct {
	ins    exchange.Instrument
	symbol string // the venue's name
	kind   exchange.Kind

	pricePlaces, sizePlaces int // digits behind the point, zeros too

	tape tape // the floor guards it
}

// spotPlaces is how many digits spot writes behind every point.
const spotPlaces = 8

func newMarket(ins exchange.Instrument) *market {
	y := ins.Market.Symbol
	m := &market{ins: ins, symbol: ins.VenueSymbol, kind: y.Kind, pricePlaces: max(0, ins.Tick.Places()), sizePlaces: max(0, ins.Lot.Places())}
	if m.symbol == "" {
		m.symbol = string(y.Base) + string(y.Quote)
	}
	if m.kind == exchange.Spot {
		m.pricePlaces, m.sizePlaces = max(m.pricePlaces, spotPlaces), max(m.sizePlaces, spotPlaces)
	}
	return m
}

// price is p as the venue writes prices of m; qty does quantities, money amounts of an asset.
func (m *market) price(p exchange.Decimal) string { return padded(p, m.pricePlaces) }
func (m *market) qty(q exchange.Decimal) string   { return padded(q, m.sizePlaces) }
func money(a exchange.Decimal) string             { return padded(a, spotPlaces) }

// padded is d with at least so many digits behind the point. It never rounds: what the engine knows exactly is told exactly, also where
// the venue would cut it.
func padded(d exchange.Decimal, n int) string {
	s := d.String()
	whole, part, _ := strings.Cut(s, ".")
	if part = strings.TrimRight(part, "0"); len(part) < n {
		part += strings.Repeat("0", n-len(part))
	}
	if part == "" {
		return whole
	}
	return whole + "." + part
}

// venueFilter is one of a symbol's rules. Which fields it has depends on its type.
type venueFilter map[string]any

// largest stands for no upper bound of a price.
const largest = "922327.00000000"

// What an account may have of orders on a symbol, and of amendments of one.
const (
	maxOrders = 200
	maxAmends = 10
)

func (m *market) filters() []venueFilter {
	max := m.ins.MaxQty
	if max.IsZero() {
		max = exchange.Scaled(9_000_000, 0)
	}
	lot := func(name string) venueFilter {
		return venueFilter{"filterType": name, "minQty": m.qty(m.ins.MinQty), "maxQty": m.qty(max), "stepSize": m.qty(m.ins.Lot)}
	}
	list := []venueFilter{
		{"filterType": "PRICE_FILTER", "minPrice": m.price(m.ins.Tick), "maxPrice": largest, "tickSize": m.price(m.ins.Tick)},
		lot("LOT_SIZE"),
		lot("MARKET_LOT_SIZE"),
	}
	if m.kind == exchange.Perp {
		return append(list,
			venueFilter{"filterType": "MAX_NUM_ORDERS", "limit": maxOrders},
			venueFilter{"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
			venueFilter{"filterType": "MIN_NOTIONAL", "notional": m.ins.MinNotional.String()})
	}
	return append(list,
		venueFilter{"filterType": "NOTIONAL", "minNotional": money(m.ins.MinNotional), "applyMinToMarket": true,
			"maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
		venueFilter{"filterType": "MAX_NUM_ORDERS", "maxNumOrders": maxOrders},
		venueFilter{"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
		venueFilter{"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": maxAmends})
}

// spotSymbol is a row of spot's exchangeInfo.
type spotSymbol struct {
	Symbol         string        `json:"symbol"`
	Status         string        `json:"status"`
	Base           string        `json:"baseAsset"`
	BasePlaces     int           `json:"baseAssetPrecision"`
	Quote          string        `json:"quoteAsset"`
	QuotePlaces    int           `json:"quotePrecision"`
	QuotePlaces2   int           `json:"quoteAssetPrecision"`
	BaseFeePlaces  int           `json:"baseCommissionPrecision"`
	QuoteFeePlaces int           `json:"quoteCommissionPrecision"`
	Types          []string      `json:"orderTypes"`
	Iceberg        bool          `json:"icebergAllowed"`
	OCO            bool          `json:"ocoAllowed"`
	OTO            bool          `json:"otoAllowed"`
	ByQuote        bool          `json:"quoteOrderQtyMarketAllowed"`
	Trailing       bool          `json:"allowTrailingStop"`
	CancelReplace  bool          `json:"cancelReplaceAllowed"`
	Amend          bool          `json:"amendAllowed"`
	Spot           bool          `json:"isSpotTradingAllowed"`
	Margin         bool          `json:"isMarginTradingAllowed"`
	Filters        []venueFilter `json:"filters"`
	Permissions    []string      `json:"permissions"`
	Sets           [][]string    `json:"permissionSets"`
	STP            string        `json:"defaultSelfTradePreventionMode"`
	STPs           []string      `json:"allowedSelfTradePreventionModes"`
}

func (m *market) status() string {
	switch {
	case m.ins.Tradable:
		return "TRADING"
	case m.kind == exchange.Perp:
		return "PENDING_TRADING"
	}
	return "BREAK"
}

func (m *market) spotRow() spotSymbol {
	y := m.ins.Market.Symbol
	return spotSymbol{
		Symbol: m.symbol, Status: m.status(), Base: string(y.Base), Quote: string(y.Quote),
		BasePlaces: spotPlaces, QuotePlaces: spotPlaces, QuotePlaces2: spotPlaces, BaseFeePlaces: spotPlaces, QuoteFeePlaces: spotPlaces,
		Types: []string{"LIMIT", "LIMIT_MAKER", "MARKET"}, ByQuote: true, CancelReplace: true, Amend: true, Spot: true,
		Filters: m.filters(), Permissions: []string{}, Sets: [][]string{{"SPOT"}}, STP: stpDefault,
		STPs: []string{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"},
	}
}

// perpSymbol is a row of futures' exchangeInfo.
type perpSymbol struct {
	Symbol      string        `json:"symbol"`
	Pair        string        `json:"pair"`
	Contract    string        `json:"contractType"`
	Delivery    int64         `json:"deliveryDate"`
	Onboard     int64         `json:"onboardDate"`
	Status      string        `json:"status"`
	Maintenance string        `json:"maintMarginPercent"`
	Required    string        `json:"requiredMarginPercent"`
	Base        string        `json:"baseAsset"`
	Quote       string        `json:"quoteAsset"`
	MarginAsset string        `json:"marginAsset"`
	PricePlaces int           `json:"pricePrecision"`
	SizePlaces  int           `json:"quantityPrecision"`
	BasePlaces  int           `json:"baseAssetPrecision"`
	QuotePlaces int           `json:"quotePrecision"`
	Underlying  string        `json:"underlyingType"`
	SubTypes    []string      `json:"underlyingSubType"`
	Protect     string        `json:"triggerProtect"`
	Liquidation string        `json:"liquidationFee"`
	Bound       string        `json:"marketTakeBound"`
	Moves       int           `json:"maxMoveOrderLimit"`
	Filters     []venueFilter `json:"filters"`
	Types       []string      `json:"orderTypes"`
	TIFs        []string      `json:"timeInForce"`
}

func (m *market) perpRow() perpSymbol {
	y := m.ins.Market.Symbol
	return perpSymbol{
		Symbol: m.symbol, Pair: m.symbol, Contract: "PERPETUAL", Delivery: 4133404800000, Onboard: 1569398400000, Status: m.status(),
		Maintenance: "2.5000", Required: "5.0000", Base: string(y.Base), Quote: string(y.Quote), MarginAsset: string(y.Quote),
		PricePlaces: m.pricePlaces, SizePlaces: m.sizePlaces, BasePlaces: spotPlaces, QuotePlaces: spotPlaces,
		Underlying: "COIN", SubTypes: []string{"PoW"}, Protect: "0.0500", Liquidation: "0.012500", Bound: "0.05", Moves: 10000,
		Filters: m.filters(), Types: []string{"LIMIT", "MARKET"}, TIFs: []string{"GTC", "IOC", "FOK", "GTX"},
	}
}
