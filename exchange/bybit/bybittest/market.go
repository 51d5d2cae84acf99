package bybittest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// kindNamed is the kind of a category; false for those that are not played.
func kindNamed(category string) (exchange.Kind, bool) {
	switch category {
	case "spot":
		return exchange.Spot, true
	case "linear":
		return exchange.Perp, true
	}
	return 0, false
}

// named is a market by the venue's name, which is one for two kinds.
type named struct {
	kind exchange.Kind
	name string
}

// kind reads a category.
func (s *Server) kind(category string) (exchange.Kind, *refusal) {
	k, ok := kindNamed(category)
	if !ok {
		return 0, refuse(codeParams, "params error: Illegal category")
	}
	return k, nil
}

// market is the instrument of a category and a name.
func (s *Server) market(category, name string) (exchange.Instrument, *refusal) {
	k, no := s.kind(category)
	if no != nil {
		return exchange.Instrument{}, no
	}
	ins, ok := s.markets[named{k, name}]
	if !ok {
		return ins, pairs().symbol.of(k)
	}
	return ins, nil
}

// chosen are the markets that a query is about, in the engine's order: one symbol, or those of a base or settle coin, or all of the category.
func (s *Server) chosen(q simwire.Params) ([]exchange.Instrument, *refusal) {
	k, no := s.kind(q.Get("category"))
	if no != nil {
		return nil, no
	}
	if q.Get("symbol") != "" {
		ins, no := s.market(q.Get("category"), q.Get("symbol"))
		return []exchange.Instrument{ins}, no
	}
	var r []exchange.Instrument
	for _, ins := range s.instruments {
		y := ins.Market.Symbol
		fits := func(param string, a exchange.Asset) bool { return q.Get(param) == "" || q.Get(param) == string(a) }
		if y.Kind == k && fits("baseCoin", y.Base) && fits("settleCoin", ins.Settle) {
			r = append(r, ins)
		}
	}
	return r, nil
}

// bySymbol is list in the order in which pages by symbol have it.
func bySymbol(list []exchange.Instrument) []exchange.Instrument {
	return slices.SortedFunc(slices.Values(list), func(a, b exchange.Instrument) int { return cmp.Compare(a.VenueSymbol, b.VenueSymbol) })
}

// object is a JSON object that is written once.
type object map[string]any

func (s *Server) serverTime(_ *ask) (any, *refusal) {
	now := s.now()
	return object{"timeSecond": strconv.FormatInt(now.Unix(), 10), "timeNano": strconv.FormatInt(now.UnixNano(), 10)}, nil
}

// instrumentsInfo pages by symbol on linear; spot comes as a whole.
func (s *Server) instrumentsInfo(a *ask) (any, *refusal) {
	list, no := s.chosen(a.Query)
	if no != nil {
		return nil, no
	}
	k := a.kind()
	list = slices.DeleteFunc(slices.Clone(list), func(i exchange.Instrument) bool { return !i.Tradable && a.Query.Get("status") == "" })
	next := ""
	if k == exchange.Perp {
		limit, no := sizeOf(a.Query, 500, 1000)
		if no != nil {
			return nil, no
		}
		list = bySymbol(list)
		list = slices.DeleteFunc(list, func(i exchange.Instrument) bool { return i.VenueSymbol < a.Query.Get("cursor") })
		if len(list) > limit {
			next, list = list[limit].VenueSymbol, list[:limit]
		}
	}
	rows := make([]object, 0, len(list))
	for _, ins := range list {
		rows = append(rows, instrumentRow(ins))
	}
	return object{"category": a.Category, "list": rows, "nextPageCursor": next}, nil
}

func instrumentRow(ins exchange.Instrument) object {
	y := ins.Market.Symbol
	status := "Trading"
	if !ins.Tradable {
		status = "Closed"
	}
	most := plain(ins.MaxQty)
	if ins.MaxQty.IsZero() {
		most = "1000000000"
	}
	r := object{"symbol": ins.VenueSymbol, "baseCoin": y.Base, "quoteCoin": y.Quote, "status": status}
	if y.Kind == exchange.Spot {
		r["innovation"], r["marginTrading"], r["stTag"], r["symbolType"] = "0", "utaOnly", "0", ""
		r["lotSizeFilter"] = object{
			"basePrecision": plain(ins.Lot), "quotePrecision": "0.0000001", "minOrderQty": plain(ins.Lot.Max(ins.MinQty)), "maxOrderQty": most,
			"minOrderAmt": plain(ins.MinNotional), "maxOrderAmt": "1000000000", "maxLimitOrderQty": most, "maxMarketOrderQty": most,
			"postOnlyMaxLimitOrderSize": most,
		}
		r["priceFilter"] = object{"tickSize": plain(ins.Tick)}
		r["riskParameters"] = object{"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"}
		return r
	}
	r["contractType"], r["settleCoin"] = "LinearPerpetual", ins.Settle
	r["launchTime"], r["deliveryTime"], r["deliveryFeeRate"] = "1585526400000", "0", ""
	r["priceScale"], r["unifiedMarginTrade"], r["fundingInterval"], r["copyTrading"] = strconv.Itoa(max(0, ins.Tick.Places())), true, 480, "none"
	r["upperFundingRate"], r["lowerFundingRate"], r["isPreListing"], r["preListingInfo"], r["symbolType"] = "0.005", "-0.005", false, nil, ""
	r["leverageFilter"] = object{"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"}
	r["priceFilter"] = object{"minPrice": plain(ins.Tick), "maxPrice": "1999999.98", "tickSize": plain(ins.Tick)}
	r["lotSizeFilter"] = object{
		"qtyStep": plain(ins.Lot), "minOrderQty": plain(ins.MinQty.Max(ins.Lot)), "maxOrderQty": most, "maxMktOrderQty": most,
		"postOnlyMaxOrderQty": most, "minNotionalValue": plain(ins.MinNotional),
	}
	r["riskParameters"] = object{"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"}
	return r
}

// sizeOf is how many rows a page has.
func sizeOf(q simwire.Params, usual, most int) (int, *refusal) {
	text := q.Get("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refuse(codeParams, "params error: limit invalid")
	}
	return min(n, most), nil
}

// orderbook tells the book as the stream of 1000 levels has it.
func (s *Server) orderbook(a *ask) (any, *refusal) {
	ins, no := s.market(a.Category, a.Symbol)
	if no != nil {
		return nil, no
	}
	usual := 1
	if ins.Market.Symbol.Kind == exchange.Perp {
		usual = 25
	}
	limit, no := sizeOf(a.Query, usual, 1000)
	if no != nil {
		return nil, no
	}
	var b exchange.Book
	s.floor.Read(func(_ time.Time, e *sim.Engine) { e.Book(ins.Market.Symbol, &b) })
	return object{
		"s": ins.VenueSymbol, "b": levels(&b, b.Bids, limit), "a": levels(&b, b.Asks, limit),
		"ts": s.now().UnixMilli(), "u": b.Seq, "seq": b.Seq, "cts": stampOf(&b),
	}, nil
}

// stampOf is when the engine last changed b.
func stampOf(b *exchange.Book) int64 {
	if b.VenueTime.IsZero() {
		return 0
	}
	return b.VenueTime.UnixMilli()
}

// levels writes the best of a side, best first.
func levels(b *exchange.Book, side []exchange.Level, limit int) [][2]string {
	r := make([][2]string, 0, min(limit, len(side)))
	for i := len(side) - 1; i >= 0 && len(r) < limit; i-- {
		r = append(r, [2]string{plain(b.Price(side[i])), plain(b.Size(side[i]))})
	}
	return r
}

func (s *Server) tickers(a *ask) (any, *refusal) {
	list, no := s.chosen(a.Query)
	if no != nil {
		return nil, no
	}
	rows := make([]object, 0, len(list))
	s.floor.Read(func(_ time.Time, e *sim.Engine) {
		for _, ins := range list {
			rows = append(rows, tickerRow(e, ins, true))
		}
	})
	return object{"category": a.Category, "list": rows}, nil
}

// tickerRow is what is known of a market's prices: the simulation keeps no history, so that yesterday was as today. The public stream of spot
// has no best prices.
func tickerRow(e *sim.Engine, ins exchange.Instrument, best bool) object {
	var b exchange.Book
	e.Book(ins.Market.Symbol, &b)
	mark, _ := e.Mark(ins.Market.Symbol)
	last := plain(mark.Round(ins.Tick, exchange.Down))
	r := object{
		"symbol": ins.VenueSymbol, "lastPrice": last, "prevPrice24h": last, "price24hPcnt": "0", "highPrice24h": last, "lowPrice24h": last,
		"turnover24h": "0", "volume24h": "0", "usdIndexPrice": "",
	}
	if best || ins.Market.Symbol.Kind == exchange.Perp {
		for name, taker := range map[string]exchange.Side{"bid1": exchange.Sell, "ask1": exchange.Buy} {
			l, _ := b.Best(taker)
			r[name+"Price"], r[name+"Size"] = plain(b.Price(l)), plain(b.Size(l))
		}
	}
	if ins.Market.Symbol.Kind == exchange.Perp {
		r["markPrice"], r["indexPrice"], r["prevPrice1h"], r["openInterest"], r["openInterestValue"] = last, last, last, "0", "0"
		r["fundingRate"], r["nextFundingTime"], r["basis"], r["basisRate"], r["deliveryTime"] = "0.0001", "0", "", "", "0"
		delete(r, "usdIndexPrice")
	}
	return r
}

// stillness is what public questions answer that the simulation has no numbers for.
func (s *Server) nothing(a *ask) (any, *refusal) {
	return object{"category": a.Category, "list": []any{}}, nil
}
