package binancetest

import (
	"github.com/bothlegs/bothlegs/exchange"
)

// spotReport is spot's executionReport.
type spotReport struct {
	E       string  `json:"e"`
	At      int64   `json:"E"`
	Symbol  string  `json:"s"`
	Client  string  `json:"c"`
	Side    string  `json:"S"`
	Type    string  `json:"o"`
	TIF     string  `json:"f"`
	Qty     string  `json:"q"`
	Price   string  `json:"p"`
	Stop    string  `json:"P"`
	Iceberg string  `json:"F"`
	List    int     `json:"g"`
	Orig    string  `json:"C"`
	Exec    string  `json:"x"`
	Status  string  `json:"X"`
	Reject  string  `json:"r"`
	ID      int64   `json:"i"`
	Last    string  `json:"l"`
	Filled  string  `json:"z"`
	LastPx  string  `json:"L"`
	Fee     string  `json:"n"`
	Asset   *string `json:"N"`
	Time    int64   `json:"T"`
	Trade   int64   `json:"t"`
	ExecID  int64   `json:"I"`
	Works   bool    `json:"w"`
	Maker   bool    `json:"m"`
	Ignore  bool    `json:"M"`
	Made    int64   `json:"O"`
	Quote   string  `json:"Z"`
	LastQ   string  `json:"Y"`
	ByQuote string  `json:"Q"`
	Working int64   `json:"W,omitempty"`
	STP     string  `json:"V"`
}

// spotReport tells one execution of r, f's where it is a trade.
func (t *telling) spotReport(r *record, o exchange.Order, kind string, f *exchange.Fill) {
	t.s.executions++
	if r.hidden || len(t.followers[t.account]) == 0 {
		return
	}
	m, none := r.m, money(exchange.Decimal{})
	e := spotReport{
		E: "executionReport", At: ms(t.now), Symbol: m.symbol, Client: r.name, Side: sideName(r.side), Type: r.typ, TIF: r.tif,
		Qty: m.qty(o.Quantity), Price: m.price(o.Price), Stop: none, Iceberg: none, List: -1, Exec: kind, Status: t.reported(r, o, kind),
		Reject: "NONE", ID: r.id, Last: none, Filled: m.qty(r.filled), LastPx: none, Fee: "0", Time: ms(o.Time), Trade: -1, ExecID: t.s.executions,
		Made: ms(r.made), Quote: money(r.quote), LastQ: none, ByQuote: money(r.byQuote), Working: ms(r.made), STP: r.stp,
	}
	e.Works = e.Status == "NEW" || e.Status == "PARTIALLY_FILLED"
	switch {
	case kind == "CANCELED" && r.by != "":
		e.Client, e.Orig = r.by, r.name
	case kind == "REPLACED" && r.former != "":
		e.Orig = r.former
	case kind == "REJECTED":
		e.Reject = o.Reason
	case e.Status == "EXPIRED_IN_MATCH":
		e.Exec = "TRADE_PREVENTION"
	case f != nil:
		asset := string(f.FeeAsset)
		e.Last, e.LastPx, e.LastQ = m.qty(f.Quantity), m.price(f.Price), money(f.Notional())
		e.Fee, e.Asset, e.Trade, e.Maker, e.Ignore = money(f.Fee), &asset, number(f.TradeID), f.Maker, true
		e.Time = ms(f.Time)
	}
	t.send("executionReport", &e)
}

// spotAccount is spot's outboundAccountPosition.
type spotAccount struct {
	E      string    `json:"e"`
	At     int64     `json:"E"`
	Update int64     `json:"u"`
	Rows   []spotRow `json:"B"`
}

type spotRow struct {
	Asset  string `json:"a"`
	Free   string `json:"f"`
	Locked string `json:"l"`
}

// spotWallet tells which assets of the spot wallet changed.
func (t *telling) spotWallet() {
	changed, _ := t.holdings[t.account].Changes(t.e)
	e := spotAccount{E: "outboundAccountPosition", At: ms(t.now), Update: ms(t.now)}
	for _, b := range changed {
		if b.Wallet != exchange.WalletPerp {
			e.Rows = append(e.Rows, spotRow{string(b.Asset), money(b.Free), money(b.Locked)})
		}
	}
	if len(e.Rows) > 0 {
		t.send(e.E, &e)
	}
}

// perpReport is futures' ORDER_TRADE_UPDATE.
type perpReport struct {
	E     string     `json:"e"`
	At    int64      `json:"E"`
	Time  int64      `json:"T"`
	Order perpUpdate `json:"o"`
}

type perpUpdate struct {
	Symbol   string  `json:"s"`
	Client   string  `json:"c"`
	Side     string  `json:"S"`
	Type     string  `json:"o"`
	TIF      string  `json:"f"`
	Qty      string  `json:"q"`
	Price    string  `json:"p"`
	Average  string  `json:"ap"`
	Stop     string  `json:"sp"`
	Exec     string  `json:"x"`
	Status   string  `json:"X"`
	ID       int64   `json:"i"`
	Last     string  `json:"l"`
	Filled   string  `json:"z"`
	LastPx   string  `json:"L"`
	Asset    *string `json:"N,omitempty"`
	Fee      string  `json:"n,omitempty"`
	Time     int64   `json:"T"`
	Trade    int64   `json:"t"`
	Bids     string  `json:"b"`
	Asks     string  `json:"a"`
	Maker    bool    `json:"m"`
	Reduce   bool    `json:"R"`
	Working  string  `json:"wt"`
	Original string  `json:"ot"`
	Position string  `json:"ps"`
	Close    bool    `json:"cp"`
	Profit   string  `json:"rp"`
	Protect  bool    `json:"pP"`
	SI       int     `json:"si"`
	SS       int     `json:"ss"`
	STP      string  `json:"V"`
	Match    string  `json:"pm"`
	Till     int64   `json:"gtd"`
	Reason   string  `json:"er"`
}

// perpReport tells one execution of r, f's where it is a trade.
func (t *telling) perpReport(r *record, o exchange.Order, kind string, f *exchange.Fill) {
	if r.hidden || len(t.followers[t.account]) == 0 {
		return
	}
	m := r.m
	u := perpUpdate{
		Symbol: m.symbol, Client: r.name, Side: sideName(r.side), Type: r.typ, TIF: r.tif, Qty: m.qty(o.Quantity), Price: m.price(o.Price),
		Average: m.price(r.average()), Stop: "0", Exec: kind, Status: t.reported(r, o, kind), ID: r.id, Last: m.qty(exchange.Decimal{}),
		Filled: m.qty(r.filled), LastPx: m.price(exchange.Decimal{}), Time: ms(o.Time), Bids: "0", Asks: "0", Reduce: o.ReduceOnly,
		Working: "CONTRACT_PRICE", Original: r.typ, Position: "BOTH", Profit: "0", STP: r.stp, Match: "NONE", Reason: "0",
	}
	if kind == "REJECTED" {
		u.Exec, u.Reason = "EXPIRED", o.Reason // it has no execution of that name
	}
	if f != nil {
		asset := string(f.FeeAsset)
		u.Last, u.LastPx, u.Fee, u.Asset = m.qty(f.Quantity), m.price(f.Price), money(f.Fee), &asset
		u.Time, u.Trade, u.Maker = ms(f.Time), number(f.TradeID), f.Maker
		t.send("TRADE_LITE", &tradeLite{
			E: "TRADE_LITE", At: ms(t.now), Time: u.Time, Symbol: u.Symbol, Qty: u.Qty, Price: u.Price, Maker: u.Maker, Client: u.Client,
			Side: u.Side, LastPx: u.LastPx, Last: u.Last, Trade: u.Trade, ID: u.ID,
		})
	}
	t.send("ORDER_TRADE_UPDATE", &perpReport{E: "ORDER_TRADE_UPDATE", At: ms(t.now), Time: u.Time, Order: u})
}

// average is the average price of what the stream has told.
func (r *record) average() exchange.Decimal {
	if r.filled.Sign() <= 0 {
		return exchange.Decimal{}
	}
	return r.quote.Quo(r.filled, r.m.pricePlaces+8, exchange.HalfEven)
}

// tradeLite is futures' quick notice of a fill.
type tradeLite struct {
	E      string `json:"e"`
	At     int64  `json:"E"`
	Time   int64  `json:"T"`
	Symbol string `json:"s"`
	Qty    string `json:"q"`
	Price  string `json:"p"`
	Maker  bool   `json:"m"`
	Client string `json:"c"`
	Side   string `json:"S"`
	LastPx string `json:"L"`
	Last   string `json:"l"`
	Trade  int64  `json:"t"`
	ID     int64  `json:"i"`
}

// perpAccount is futures' ACCOUNT_UPDATE.
type perpAccount struct {
	E    string     `json:"e"`
	At   int64      `json:"E"`
	Time int64      `json:"T"`
	A    perpChange `json:"a"`
}

type perpChange struct {
	Reason    string         `json:"m"`
	Balances  []perpBalance  `json:"B"`
	Positions []perpPosition `json:"P"`
}

type perpBalance struct {
	Asset  string `json:"a"`
	Wallet string `json:"wb"`
	Cross  string `json:"cw"`
	Change string `json:"bc"`
}

type perpPosition struct {
	Symbol    string `json:"s"`
	Qty       string `json:"pa"`
	Entry     string `json:"ep"`
	BreakEven string `json:"bep"`
	Realized  string `json:"cr"`
	Profit    string `json:"up"`
	Type      string `json:"mt"`
	Isolated  string `json:"iw"`
	Side      string `json:"ps"`
}

// perpWallet tells which balances and positions of the futures account changed.
func (t *telling) perpWallet(reason string) {
	if len(t.followers[t.account]) == 0 {
		return
	}
	balances, positions := t.holdings[t.account].Changes(t.e)
	u := perpAccount{E: "ACCOUNT_UPDATE", At: ms(t.now), Time: ms(t.now), A: perpChange{Reason: reason, Balances: []perpBalance{}, Positions: []perpPosition{}}}
	for _, b := range balances {
		if b.Wallet != exchange.WalletSpot {
			total := money(b.Total())
			u.A.Balances = append(u.A.Balances, perpBalance{string(b.Asset), total, total, "0"})
		}
	}
	for _, p := range positions {
		m := t.bySymbol[p.Market.Symbol]
		entry := m.price(t.e.Entry(t.account, p.Market.Symbol))
		u.A.Positions = append(u.A.Positions, perpPosition{
			Symbol: m.symbol, Qty: m.qty(p.Quantity), Entry: entry, BreakEven: entry, Realized: "0", Profit: "0", Type: "cross", Isolated: "0", Side: "BOTH",
		})
	}
	if len(u.A.Balances)+len(u.A.Positions) > 0 {
		t.send(u.E, &u)
	}
}
