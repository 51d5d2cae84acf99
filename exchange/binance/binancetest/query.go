package binancetest

import (
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// row is an order as questions about orders are answered.
func (r *record) row(o exchange.Order) any {
	if r.m.kind == exchange.Spot {
		return r.spotQuery(o)
	}
	return r.perpQuery(o)
}

// order tells one order.
func (c *call) order() (v any, refused *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		var r *record
		var o exchange.Order
		if r, o, refused = c.find(e, m, unknownOrder); refused == nil {
			v = r.row(o)
		}
	})
	return v, refused
}

// markets are the one that the request names, or all.
func (c *call) markets() ([]*market, *refusal) {
	if c.params.get("symbol") == "" {
		return c.h.list, nil
	}
	m, r := c.market()
	return []*market{m}, r
}

// openOrders lists the working orders, of a symbol or of all.
func (c *call) openOrders() (any, *refusal) {
	all, refused := c.markets()
	if refused != nil {
		return nil, refused
	}
	rows := []any{}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		l := c.h.ledger(c.key.Account)
		for _, m := range all {
			for _, o := range e.OpenOrders(c.key.Account, m.ins.Market.Symbol) {
				if r := l.byID[number(o.VenueID)]; r != nil {
					rows = append(rows, r.row(o))
				}
			}
		}
	})
	return rows, nil
}

// span is a stretch of time that a question is about, and how many rows it wants.
type span struct {
	from, to time.Time // zero: not given
	limit    int
}

const (
	pageDefault = 500
	pageMax     = 1000
)

// span reads startTime, endTime and limit.
func (c *call) span() (span, *refusal) {
	s := span{}
	for name, at := range map[string]*time.Time{"startTime": &s.from, "endTime": &s.to} {
		n, r := c.params.integer(name, 0)
		if r != nil {
			return s, r
		}
		if n > 0 {
			*at = time.UnixMilli(n)
		}
	}
	n, r := c.params.integer("limit", pageDefault)
	if r != nil {
		return s, r
	}
	s.limit = int(min(n, pageMax))
	longest, hours := 24*time.Hour, 24
	if c.h.kind == exchange.Perp {
		longest, hours = 7*24*time.Hour, 7*24
	}
	switch {
	case s.from.IsZero() || s.to.IsZero():
	case s.to.Before(s.from):
		return s, refuse(-1023, "Start time is greater than end time.")
	case s.to.Sub(s.from) > longest:
		return s, refuse(-1127, "More than %d hours between startTime and endTime.", hours)
	}
	if !s.from.IsZero() && s.to.IsZero() {
		s.to = s.from.Add(longest)
	}
	return s, nil
}

// holds reports whether t lies in the span.
func (s span) holds(t time.Time) bool {
	ms := t.Truncate(time.Millisecond)
	return (s.from.IsZero() || !ms.Before(s.from)) && (s.to.IsZero() || !ms.After(s.to))
}

// page cuts rows to the limit: the first ones where the question says where to begin, else the newest.
func page[T any](rows []T, limit int, first bool) []T {
	switch {
	case len(rows) <= limit:
		return rows
	case first:
		return rows[:limit]
	}
	return rows[len(rows)-limit:]
}

// allOrders lists orders, ended ones too, oldest first.
func (c *call) allOrders() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	s, refused := c.span()
	if refused != nil {
		return nil, refused
	}
	from, refused := c.params.integer("orderId", -1)
	if refused != nil {
		return nil, refused
	}
	rows := []any{}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		var found []*record
		for _, r := range c.h.ledger(c.key.Account).list[m] {
			if !r.hidden && r.id >= from && (from >= 0 || s.holds(r.made)) {
				found = append(found, r)
			}
		}
		for _, r := range page(found, s.limit, from >= 0 || !s.from.IsZero()) {
			if o, err := e.Lookup(r.ref()); err == nil {
				rows = append(rows, r.row(o))
			}
		}
	})
	return rows, nil
}

// spotTrade is one of the account's trades on spot.
type spotTrade struct {
	Symbol string `json:"symbol"`
	ID     int64  `json:"id"`
	Order  int64  `json:"orderId"`
	List   int    `json:"orderListId"`
	Price  string `json:"price"`
	Qty    string `json:"qty"`
	Quote  string `json:"quoteQty"`
	Fee    string `json:"commission"`
	Asset  string `json:"commissionAsset"`
	Time   int64  `json:"time"`
	Buyer  bool   `json:"isBuyer"`
	Maker  bool   `json:"isMaker"`
	Best   bool   `json:"isBestMatch"`
}

// perpTrade is one of the account's trades on futures.
type perpTrade struct {
	Symbol   string `json:"symbol"`
	ID       int64  `json:"id"`
	Order    int64  `json:"orderId"`
	Side     string `json:"side"`
	Price    string `json:"price"`
	Qty      string `json:"qty"`
	Profit   string `json:"realizedPnl"`
	Margin   string `json:"marginAsset"`
	Quote    string `json:"quoteQty"`
	Fee      string `json:"commission"`
	Asset    string `json:"commissionAsset"`
	Time     int64  `json:"time"`
	Position string `json:"positionSide"`
	Buyer    bool   `json:"buyer"`
	Maker    bool   `json:"maker"`
}

func (m *market) trade(f exchange.Fill) any {
	buyer := f.Side == exchange.Buy
	if m.kind == exchange.Spot {
		return spotTrade{
			Symbol: m.symbol, ID: number(f.TradeID), Order: number(f.VenueID), List: -1, Price: m.price(f.Price), Qty: m.qty(f.Quantity),
			Quote: money(f.Notional()), Fee: money(f.Fee), Asset: string(f.FeeAsset), Time: ms(f.Time), Buyer: buyer, Maker: f.Maker, Best: true,
		}
	}
	return perpTrade{
		Symbol: m.symbol, ID: number(f.TradeID), Order: number(f.VenueID), Side: sideName(f.Side), Price: m.price(f.Price), Qty: m.qty(f.Quantity),
		Profit: "0", Margin: string(m.ins.Market.Symbol.Quote), Quote: padded(f.Notional(), 0), Fee: money(f.Fee), Asset: string(f.FeeAsset),
		Time: ms(f.Time), Position: "BOTH", Buyer: buyer, Maker: f.Maker,
	}
}

const tradesTakes = "symbol orderId startTime endTime fromId limit"

// trades lists the account's trades on a symbol by their ids.
func (c *call) trades() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	s, refused := c.span()
	if refused != nil {
		return nil, refused
	}
	order, refused := c.params.integer("orderId", -1)
	if refused != nil {
		return nil, refused
	}
	from, refused := c.params.integer("fromId", -1)
	if refused != nil {
		return nil, refused
	}
	if from >= 0 && !s.from.IsZero() {
		return nil, refuse(-1128, "Combination of optional parameters invalid.")
	}
	var found []exchange.Fill
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		if r := c.h.ledger(c.key.Account).byID[order]; r != nil {
			o, _ := e.Lookup(r.ref())
			found = slices.Clone(o.Fills)
		} else if order < 0 {
			found = e.Fills(c.key.Account, m.ins.Market.Symbol, s.from)
		}
	})
	found = slices.DeleteFunc(found, func(f exchange.Fill) bool {
		return f.Market != m.ins.Market || number(f.TradeID) < from || !s.holds(f.Time)
	})
	rows := make([]any, 0, len(found))
	for _, f := range page(found, s.limit, from >= 0 || order >= 0 || !s.from.IsZero()) {
		rows = append(rows, m.trade(f))
	}
	return rows, nil
}
