package bybit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// call is one request to the venue as it goes over the wire: a query (GET) or a body (POST), which over a WebSocket is the argument of the
// operation ws. Building one is pure.
type call struct {
	op     string // in errors
	method string
	path   string
	ws     string
	rule   string // of the limits, but for the kind of market
	query  string
	body   []byte
}

func asking(op, path, rule string, pairs ...string) call {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return call{op: op, method: http.MethodGet, path: path, rule: rule, query: query.Encode()}
}

// object is JSON under construction.
type object []byte

func newObject(k exchange.Kind, name string) object {
	o := append(make(object, 0, 256), '{')
	return o.text("category", category(k)).text("symbol", name)
}

func (o object) name(name string) object {
	if len(o) > 1 {
		o = append(o, ',')
	}
	return append(append(append(o, '"'), name...), '"', ':')
}

func (o object) text(name, value string) object {
	o = o.name(name)
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		quoted, _ := json.Marshal(value) // a string always can be
		return append(o, quoted...)
	}
	return append(append(append(o, '"'), value...), '"')
}

func (o object) raw(name, value string) object { return append(o.name(name), value...) }

// decimal writes a number without trailing zeros: the venue counts them as precision.
func (o object) decimal(name string, d exchange.Decimal) object {
	o = append(o.name(name), '"')
	from := len(o)
	text, _ := d.AppendText(o) // never fails
	if o = text; strings.Contains(string(o[from:]), ".") {
		for o[len(o)-1] == '0' {
			o = o[:len(o)-1]
		}
		if o[len(o)-1] == '.' {
			o = o[:len(o)-1]
		}
	}
	return append(o, '"')
}

func (o object) end() []byte { return append(o, '}') }

func post(op, path, ws, rule string, o object) call {
	return call{op: op, method: http.MethodPost, path: path, ws: ws, rule: rule, body: o.end()}
}

// placing builds an order: in base units whatever its type, never on borrowed money, for an account in one-way mode.
func placing(req *exchange.OrderRequest, name, link string) call {
	kind := req.Market.Symbol.Kind
	o := newObject(kind, name).text("side", sideName(req.Side))
	if req.Type == exchange.TypeMarket {
		o = o.text("orderType", "Market").decimal("qty", req.Quantity).text("timeInForce", "IOC")
		if kind == exchange.Spot {
			o = o.text("marketUnit", "baseCoin") // without it a purchase's qty would be in quote
		}
	} else {
		o = o.text("orderType", "Limit").decimal("qty", req.Quantity).decimal("price", req.Price).text("timeInForce", tifName(req))
	}
	o = o.text("orderLinkId", link)
	if kind == exchange.Spot {
		return post("place", "/v5/order/create", "order.create", "place", o.raw("isLeverage", "0"))
	}
	if o = o.raw("positionIdx", "0"); req.ReduceOnly {
		o = o.raw("reduceOnly", "true")
	}
	return post("place", "/v5/order/create", "order.create", "place", o)
}

func sideName(s exchange.Side) string {
	if s == exchange.Buy {
		return "Buy"
	}
	return "Sell"
}

func tifName(req *exchange.OrderRequest) string {
	switch {
	case req.PostOnly:
		return "PostOnly"
	case req.TIF == exchange.IOC:
		return "IOC"
	case req.TIF == exchange.FOK:
		return "FOK"
	}
	return "GTC"
}

// target is an order by one of its ids: the venue's own, else the link. Both at once would hide a mistake, for the first wins.
type target struct{ venueID, link string }

func (t target) write(o object) object {
	if t.venueID != "" {
		return o.text("orderId", t.venueID)
	}
	return o.text("orderLinkId", t.link)
}

func amending(kind exchange.Kind, name string, t target, c exchange.Change) call {
	o := t.write(newObject(kind, name))
	if !c.Quantity.IsZero() {
		o = o.decimal("qty", c.Quantity) // the new total
	}
	if !c.Price.IsZero() {
		o = o.decimal("price", c.Price)
	}
	return post("replace", "/v5/order/amend", "order.amend", "amend", o)
}

func cancelling(kind exchange.Kind, name string, t target) call {
	return post("cancel", "/v5/order/cancel", "order.cancel", "cancel", t.write(newObject(kind, name)))
}

// cancellingAll leaves conditional orders alone: they are not on the book, and somebody's protection. The venue does so for spot by itself,
// for linear on request only.
func cancellingAll(kind exchange.Kind, name string) call {
	return post("cancel all", "/v5/order/cancel-all", "", "cancel all", newObject(kind, name).text("orderFilter", "Order"))
}

// Pages are as large as the venue gives.
const (
	orderPage     = "50"
	executionPage = "100"
	positionPage  = "200"
)

// openOrders of a market, or of all: of linear ones by what they are settled in.
func openOrders(kind exchange.Kind, name, settle, cursor string) call {
	return asking("open orders", "/v5/order/realtime", "open orders",
		"category", category(kind), "symbol", name, "settleCoin", settle, "openOnly", "0", "orderFilter", "Order", "limit", orderPage, "cursor", cursor)
}

// recent asks for one order, open or among the last 500 that ended; finished for one of the last two years.
func recent(kind exchange.Kind, name string, t target) call {
	return asking("lookup", "/v5/order/realtime", "open orders", "category", category(kind), "symbol", name, "orderId", t.venueID, "orderLinkId", t.link)
}

func finished(kind exchange.Kind, name string, t target) call {
	return asking("lookup", "/v5/order/history", "history", "category", category(kind), "symbol", name, "orderId", t.venueID, "orderLinkId", t.link)
}

// executions of one order, or of a market in a window of at most 7 days.
func executionsOf(kind exchange.Kind, name, venueID, cursor string) call {
	return asking("lookup", "/v5/execution/list", "executions",
		"category", category(kind), "symbol", name, "orderId", venueID, "limit", executionPage, "cursor", cursor)
}

func executions(kind exchange.Kind, name string, from, to time.Time, cursor string) call {
	stamp := func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
	return asking("fills", "/v5/execution/list", "executions", "category", category(kind), "symbol", name,
		"startTime", stamp(from), "endTime", stamp(to), "limit", executionPage, "cursor", cursor)
}

func positionsIn(settle, cursor string) call {
	return asking("positions", "/v5/position/list", "positions", "category", "linear", "settleCoin", settle, "limit", positionPage, "cursor", cursor)
}

func wallet() call {
	return asking("balances", "/v5/account/wallet-balance", "wallet", "accountType", "UNIFIED")
}

func feesOf(kind exchange.Kind, name string) call {
	return asking("fees", "/v5/account/fee-rate", "fees", "category", category(kind), "symbol", name)
}

// asked remembers what the newest orders were asked to be, where the venue's rows leave it open. A linear order beyond the price band is not
// refused but moved to the band, and only its own price tells; and a row that names no unit does not say whether a spot market order's
// quantity is in base, as ours are. It is safe for concurrent use.
type asked struct {
	mu   sync.Mutex // guards what follows
	of   map[string]noted
	ring []string
	next int
}

// noted is one order.
type noted struct {
	first  exchange.Decimal   // the price that it was placed at, zero of a market order
	prices []exchange.Decimal // that it was changed to and that are on their way, the newest last
	market bool
}

const askedMax = 4096

// note adds a price of the order with that client id, or that it is a market order.
func (a *asked) note(id string, price exchange.Decimal, market bool) {
	if id == "" || price.IsZero() && !market {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of, a.ring = make(map[string]noted, askedMax), make([]string, askedMax)
	}
	o, known := a.of[id]
	if !known {
		delete(a.of, a.ring[a.next])
		a.ring[a.next], a.next = id, (a.next+1)%askedMax
	}
	o.market = market
	switch {
	case price.IsZero():
	case !known:
		o.first = price
	case len(o.prices) == 0 && o.first.Equal(price): // as it was
	default:
		o.prices = append(o.prices[max(0, len(o.prices)-7):], price) // older ones are no longer on their way
	}
	a.of[id] = o
}

// inBase reports whether the market order with that client id was sent from here: then its quantity is in base.
func (a *asked) inBase(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[id].market
}

// compare is o.Reason, with a price in front that nobody asked for.
func (a *asked) compare(o *exchange.Order) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.of[o.ClientID]
	list := of.prices
	if len(list) < 8 && !of.first.IsZero() { // else it is not on its way any more
		list = append([]exchange.Decimal{of.first}, list...)
	}
	if len(list) == 0 || o.ClientID == "" {
		return o.Reason
	}
	for _, p := range list {
		if p.Equal(o.Price) {
			return o.Reason
		}
	}
	return strings.TrimSpace("price moved into the venue's band: " + list[len(list)-1].String() + " was asked for " + o.Reason)
}
