package okxtest

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// instrumentRow is a market's rules.
type instrumentRow struct {
	InstType    string   `json:"instType"`
	InstID      string   `json:"instId"`
	InstIDCode  int64    `json:"instIdCode"`
	Uly         string   `json:"uly"`
	InstFamily  string   `json:"instFamily"`
	Category    string   `json:"category"`
	BaseCcy     string   `json:"baseCcy"`
	QuoteCcy    string   `json:"quoteCcy"`
	SettleCcy   string   `json:"settleCcy"`
	CtVal       string   `json:"ctVal"`
	CtMult      string   `json:"ctMult"`
	CtValCcy    string   `json:"ctValCcy"`
	CtType      string   `json:"ctType"`
	OptType     string   `json:"optType"`
	Stk         string   `json:"stk"`
	ListTime    string   `json:"listTime"`
	ExpTime     string   `json:"expTime"`
	Lever       string   `json:"lever"`
	TickSz      string   `json:"tickSz"`
	LotSz       string   `json:"lotSz"`
	MinSz       string   `json:"minSz"`
	Alias       string   `json:"alias"`
	State       string   `json:"state"`
	RuleType    string   `json:"ruleType"`
	MaxLmtSz    string   `json:"maxLmtSz"`
	MaxMktSz    string   `json:"maxMktSz"`
	MaxLmtAmt   string   `json:"maxLmtAmt"`
	MaxMktAmt   string   `json:"maxMktAmt"`
	GroupID     string   `json:"groupId"`
	TradeQuotes []string `json:"tradeQuoteCcyList"`
}

const (
	leverage  = "10"
	since2020 = "1606468572000" // listTime
	groupID   = "1"             // of fees: one for all
	maxSize   = "9999999999"    // where an instrument has no bound
	maxValue  = "20000000"      // in USD: never enforced here
)

func (m *market) row() instrumentRow {
	y := m.Market.Symbol
	w := instrumentRow{
		InstType: m.instType(), InstID: m.instID, InstIDCode: m.code, Category: "1", ListTime: since2020, Lever: leverage, TickSz: num(m.Tick),
		LotSz: m.size(m.Lot), MinSz: m.size(m.MinQty), State: "live", RuleType: "normal", MaxLmtSz: maxSize, MaxMktSz: maxSize, GroupID: groupID,
		TradeQuotes: []string{},
	}
	if m.MinQty.IsZero() {
		w.MinSz = w.LotSz
	}
	if !m.Tradable {
		w.State = "suspend"
	}
	if !m.MaxQty.IsZero() {
		w.MaxLmtSz = m.size(m.MaxQty)
		w.MaxMktSz = w.MaxLmtSz
	}
	if m.swap {
		w.Uly, w.InstFamily, w.SettleCcy, w.CtVal, w.CtMult, w.CtValCcy, w.CtType = m.family(), m.family(), string(y.Quote), num(m.unit), "1", string(y.Base), "linear"
		return w
	}
	w.BaseCcy, w.QuoteCcy, w.TradeQuotes, w.MaxLmtAmt, w.MaxMktAmt = string(y.Base), string(y.Quote), []string{string(y.Quote)}, maxValue, maxValue
	return w
}

func (s *Server) time(*call) (any, *refusal) {
	return []map[string]string{{"ts": millis(time.Now())}}, nil
}

// instruments lists the markets of a type; one that has none is an empty list.
func (s *Server) instruments(c *call) (any, *refusal) {
	kind := c.query.Get("instType")
	switch kind {
	case "SPOT", "SWAP", "FUTURES", "OPTION", "MARGIN":
	case "":
		return nil, no("50014", "instType")
	default:
		return nil, no("51000", "instType")
	}
	rows := []instrumentRow{}
	id, family := c.query.Get("instId"), c.query.Get("instFamily")
	for _, m := range s.markets {
		if m.instType() == kind && (id == "" || id == m.instID) && (family == "" || family == m.family()) {
			rows = append(rows, m.row())
		}
	}
	if id != "" && len(rows) == 0 {
		return nil, no("51001")
	}
	return rows, nil
}

// named is the market that a question is about.
func (s *Server) named(c *call) (*market, *refusal) {
	id := c.query.Get("instId")
	switch m := s.byID[id]; {
	case id == "":
		return nil, no("50014", "instId")
	case m == nil:
		return nil, no("51001")
	default:
		return m, nil
	}
}

// books answers a book: sz levels a side, 1 by default, most at the most.
func (s *Server) books(most int) func(*call) (any, *refusal) {
	return func(c *call) (any, *refusal) {
		m, bad := s.named(c)
		if bad != nil {
			return nil, bad
		}
		depth := 1
		if v := c.query.Get("sz"); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 {
				return nil, no("51000", "sz")
			}
			depth = min(n, most)
		}
		var text []byte
		s.floor.Read(func(now time.Time, e *sim.Engine) {
			var b, shown exchange.Book
			if e.Book(m.Market.Symbol, &b) {
				shown.CopyFrom(&b, depth)
			}
			text = m.appendBook([]byte{'['}, &shown, now, false, nil)
		})
		return rawJSON(append(text, ']')), nil
	}
}

// tickerRow is a market's best prices.
type tickerRow struct {
	InstType  string `json:"instType"`
	InstID    string `json:"instId"`
	Last      string `json:"last"`
	LastSz    string `json:"lastSz"`
	AskPx     string `json:"askPx"`
	AskSz     string `json:"askSz"`
	BidPx     string `json:"bidPx"`
	BidSz     string `json:"bidSz"`
	Open24h   string `json:"open24h"`
	High24h   string `json:"high24h"`
	Low24h    string `json:"low24h"`
	VolCcy24h string `json:"volCcy24h"`
	Vol24h    string `json:"vol24h"`
	SodUtc0   string `json:"sodUtc0"`
	SodUtc8   string `json:"sodUtc8"`
	TS        string `json:"ts"`
}

// ticker is the row of a book. What happened in 24 hours nobody knows: the prices are those of now, the volume is none.
func (m *market) ticker(b *exchange.Book, now time.Time) tickerRow {
	w := tickerRow{InstType: m.instType(), InstID: m.instID, LastSz: m.size(m.Lot), VolCcy24h: "0", Vol24h: "0", TS: millis(now)}
	if l, ok := b.Best(exchange.Buy); ok {
		w.AskPx, w.AskSz = num(b.Price(l)), m.size(b.Size(l))
		w.Last = w.AskPx
	}
	if l, ok := b.Best(exchange.Sell); ok {
		w.BidPx, w.BidSz = num(b.Price(l)), m.size(b.Size(l))
		w.Last = w.BidPx
	}
	w.Open24h, w.High24h, w.Low24h, w.SodUtc0, w.SodUtc8 = w.Last, w.Last, w.Last, w.Last, w.Last
	return w
}

func (s *Server) ticker(c *call) (any, *refusal) {
	m, bad := s.named(c)
	if bad != nil {
		return nil, bad
	}
	return s.tickersOf([]*market{m}), nil
}

func (s *Server) tickers(c *call) (any, *refusal) {
	var of []*market
	for _, m := range s.markets {
		if m.instType() == c.query.Get("instType") {
			of = append(of, m)
		}
	}
	return s.tickersOf(of), nil
}

func (s *Server) tickersOf(of []*market) []tickerRow {
	rows := []tickerRow{}
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		for _, m := range of {
			var b exchange.Book
			e.Book(m.Market.Symbol, &b)
			rows = append(rows, m.ticker(&b, now))
		}
	})
	return rows
}

// markPrice answers the price that positions are valued at.
func (s *Server) markPrice(c *call) (any, *refusal) {
	rows := []map[string]string{}
	id := c.query.Get("instId")
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		for _, m := range s.markets {
			if px, ok := e.Mark(m.Market.Symbol); ok && m.swap && (id == "" || id == m.instID) {
				rows = append(rows, map[string]string{"instType": m.instType(), "instId": m.instID, "markPx": num(px), "ts": millis(now)})
			}
		}
	})
	return rows, nil
}
