package binancetest

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

func (c *call) ping() (any, *refusal) { return struct{}{}, nil }

type serverTime struct {
	Now int64 `json:"serverTime"`
}

func (c *call) time() (any, *refusal) { return serverTime{time.Now().UnixMilli()}, nil }

type exchangeInfo struct {
	Zone    string     `json:"timezone"`
	Now     int64      `json:"serverTime"`
	Type    string     `json:"futuresType,omitempty"`
	Limits  []limitRow `json:"rateLimits"`
	Filters []string   `json:"exchangeFilters"`
	Assets  []words    `json:"assets,omitempty"`
	Symbols []any      `json:"symbols"`
}

// exchangeInfo lists symbols: all, or those that are asked for.
func (c *call) exchangeInfo() (any, *refusal) {
	wanted, refused := c.symbols()
	if refused != nil {
		return nil, refused
	}
	info := exchangeInfo{Zone: "UTC", Now: time.Now().UnixMilli(), Limits: c.h.limits.listed, Filters: []string{}, Symbols: []any{}}
	for _, m := range wanted {
		if m.kind == exchange.Spot {
			info.Symbols = append(info.Symbols, m.spotRow())
		} else {
			info.Symbols = append(info.Symbols, m.perpRow())
		}
	}
	if c.h.kind == exchange.Perp {
		info.Type = "U_MARGINED"
		for _, a := range c.h.assets {
			info.Assets = append(info.Assets, words{"asset": string(a), "marginAvailable": true, "autoAssetExchange": "0"})
		}
	}
	return info, nil
}

// symbols are those of symbol, or of symbols, which is a list in JSON, or all.
func (c *call) symbols() ([]*market, *refusal) {
	text := c.params.get("symbols")
	if text == "" {
		return c.markets()
	}
	var names []string
	if json.Unmarshal([]byte(text), &names) != nil {
		return nil, refuse(-1130, "Data sent for parameter 'symbols' is not valid.")
	}
	var list []*market
	for _, name := range names {
		m := c.h.byName[name]
		if m == nil {
			return nil, unknownSymbol()
		}
		list = append(list, m)
	}
	return list, nil
}

// Numbers of books: spot counts changes without a hole. Futures leave holes, for they count for all symbols together, and a snapshot may
// fall between two messages.
const (
	perpStride = 10
	perpBetter = perpStride / 2 // how much a snapshot's number is above that of the last message
)

// depthLimits are the numbers of levels that futures give.
func depthLimits() []int64 { return []int64{5, 10, 20, 50, 100, 500, 1000} }

// depth is a snapshot of a book.
func (c *call) depth() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	otherwise := int64(100)
	if m.kind == exchange.Perp {
		otherwise = 500
	}
	n, refused := c.params.integer("limit", otherwise)
	switch {
	case refused != nil:
		return nil, refused
	case m.kind == exchange.Perp && !slices.Contains(depthLimits(), n):
		return nil, refuse(-4021, "%d is not valid depth limit.", n)
	}
	var b exchange.Book
	var now time.Time
	c.h.s.look(func(at time.Time, e *sim.Engine) {
		now = at
		e.Book(m.ins.Market.Symbol, &b)
		b.Seq = m.tape.number(b.Seq)
	})
	return m.snapshot(now, &b, int(max(1, min(n, 5000)))), nil
}

// snapshot is the answer to GET depth.
func (m *market) snapshot(now time.Time, b *exchange.Book, depth int) json.RawMessage {
	text := append(make([]byte, 0, 128+64*(min(depth, len(b.Bids))+min(depth, len(b.Asks)))), `{"lastUpdateId":`...)
	if m.kind == exchange.Perp {
		text = strconv.AppendUint(text, b.Seq*perpStride+perpBetter, 10)
		text = strconv.AppendInt(append(text, `,"E":`...), now.UnixMilli(), 10)
		text = strconv.AppendInt(append(text, `,"T":`...), ms(b.VenueTime), 10)
	} else {
		text = strconv.AppendUint(text, b.Seq, 10)
	}
	return append(m.appendSides(text, b, depth, `,"bids":`, `,"asks":`), '}')
}

// appendSides appends the best levels of both sides, best first.
func (m *market) appendSides(text []byte, b *exchange.Book, depth int, bids, asks string) []byte {
	text = m.format().AppendSide(append(text, bids...), best(b.Bids, depth), b.Scale, "")
	return m.format().AppendSide(append(text, asks...), best(b.Asks, depth), b.Scale, "")
}

func best(side []exchange.Level, n int) []exchange.Level { return side[max(0, len(side)-n):] }

// format writes levels.
func (m *market) format() simwire.Format {
	return simwire.Format{PricePlaces: m.pricePlaces, SizePlaces: m.sizePlaces, ZeroPlaces: true}
}

func (c *call) depthWeight() int {
	n, _ := c.params.integer("limit", 100)
	table := [][2]int64{{100, 5}, {500, 25}, {1000, 50}}
	last := 250
	if c.h.kind == exchange.Perp {
		table, last = [][2]int64{{50, 2}, {100, 5}, {500, 10}}, 20
	}
	for _, row := range table {
		if n <= row[0] {
			return int(row[1])
		}
	}
	return last
}

// either is a weight that depends on whether the request names a symbol.
func either(one, all int) func(*call) int {
	return func(c *call) int {
		if c.params.get("symbol") != "" {
			return one
		}
		return all
	}
}

type bookTicker struct {
	Update int64  `json:"lastUpdateId,omitempty"` // futures
	Symbol string `json:"symbol"`
	Bid    string `json:"bidPrice"`
	BidQty string `json:"bidQty"`
	Ask    string `json:"askPrice"`
	AskQty string `json:"askQty"`
	Time   int64  `json:"time,omitempty"` // futures
}

// bookTickers tell the best prices: one, or a list.
func (c *call) bookTickers() (any, *refusal) {
	return c.each(func(e *sim.Engine, m *market) any {
		var b exchange.Book
		e.Book(m.ins.Market.Symbol, &b)
		r := bookTicker{Symbol: m.symbol}
		r.Bid, r.BidQty = m.top(&b, exchange.Sell)
		r.Ask, r.AskQty = m.top(&b, exchange.Buy)
		if m.kind == exchange.Perp {
			r.Update, r.Time = int64(b.Seq*perpStride), ms(b.VenueTime)
		}
		return r
	})
}

func (m *market) top(b *exchange.Book, taker exchange.Side) (price, size string) {
	l, _ := b.Best(taker)
	return m.price(b.Price(l)), m.qty(b.Size(l))
}

type priceTicker struct {
	Symbol string `json:"symbol"`
	Price  string `json:"price"`
	Time   int64  `json:"time,omitempty"` // futures
}

// priceTickers tell prices: the middle of the book, rounded to the tick.
func (c *call) priceTickers() (any, *refusal) {
	return c.each(func(e *sim.Engine, m *market) any {
		mark, _ := e.Mark(m.ins.Market.Symbol)
		r := priceTicker{Symbol: m.symbol, Price: m.price(mark.Floor(m.ins.Tick))}
		if m.kind == exchange.Perp {
			r.Time = time.Now().UnixMilli()
		}
		return r
	})
}

// premiumIndex tells the mark price of futures.
func (c *call) premiumIndex() (any, *refusal) {
	return c.each(func(e *sim.Engine, m *market) any {
		mark, _ := e.Mark(m.ins.Market.Symbol)
		p := money(mark)
		return words{"symbol": m.symbol, "markPrice": p, "indexPrice": p, "estimatedSettlePrice": p, "lastFundingRate": "0.00000000",
			"interestRate": "0.00010000", "nextFundingTime": 0, "time": time.Now().UnixMilli()}
	})
}

// each is an answer about one symbol, or a list about several.
func (c *call) each(tell func(*sim.Engine, *market) any) (any, *refusal) {
	list, refused := c.symbols()
	if refused != nil {
		return nil, refused
	}
	rows := []any{}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		for _, m := range list {
			rows = append(rows, tell(e, m))
		}
	})
	if c.params.get("symbol") != "" {
		return rows[0], nil
	}
	return rows, nil
}
