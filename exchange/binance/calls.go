package binance

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// call is one operation in the venue's terms, as REST and the WebSocket API carry it.
type call struct {
	subject
	method, path string // of REST
	entry        string // of the WebSocket API; "" where it has none
	params       []param
	room         [12]param // for params of orders
	request      rest.Request
	prices       [4]rest.Cost
	public       bool // needs no key
	keyOnly      bool // needs the key, and no signature
	weight       int  // of the address
	orders       int  // counted against the account's orders
	lane         rest.Lane
	deadline     time.Time // the venue must refuse after it
}

// at finds a path in the two markets' trees.
func (c *call) at(spot, perp string) {
	c.path = spot
	if c.kind == exchange.Perp {
		c.path = perp
	}
}

func (c *call) add(name, value string) { c.params = append(c.params, param{name: name, value: value}) }

func (c *call) addInt(name string, v int64) {
	c.params = append(c.params, param{name: name, value: strconv.FormatInt(v, 10), integer: true})
}

// addID names an order: by the venue's id where it is known, which is the quicker way, else by the client id.
func (c *call) addID(orderID, name string) {
	if orderID != "" {
		c.params = append(c.params, param{name: "orderId", value: orderID, integer: true})
		return
	}
	c.add("origClientOrderId", name)
}

// plain is d without the zeros behind its last digit: the venue counts them as precision.
func plain(d exchange.Decimal) string {
	s := d.String()
	if strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func sideName(s exchange.Side) string {
	if s == exchange.Buy {
		return "BUY"
	}
	return "SELL"
}

// place makes c place r as an order of symbol, called name. What the venue has no word for is refused.
func (c *call) place(symbol, name string, r exchange.OrderRequest) error {
	c.subject = subject{r.Market.Symbol.Kind, "place", true}
	c.method, c.entry, c.lane, c.deadline = http.MethodPost, "order.place", rest.Opens, r.Deadline
	if err := placeable(r); err != nil {
		return err
	}
	c.at("/api/v3/order", "/fapi/v1/order")
	c.params = c.room[:0]
	c.add("symbol", symbol)
	c.add("side", sideName(r.Side))
	c.terms(r)
	c.add("quantity", plain(r.Quantity))
	if r.Type == exchange.TypeLimit {
		c.add("price", plain(r.Price))
	}
	c.add("newClientOrderId", name)
	c.orders = 1
	if c.kind == exchange.Spot {
		c.add("newOrderRespType", "FULL") // with its fills
		c.weight = 1
		return nil
	}
	c.add("newOrderRespType", "RESULT") // an acknowledgement would not tell what a market order did
	if r.ReduceOnly {
		c.add("reduceOnly", "true")
		c.lane = rest.Protects
	}
	return nil
}

func placeable(r exchange.OrderRequest) error {
	if err := r.Check(); err != nil {
		return err
	}
	switch {
	case r.Market.Venue != Venue:
		return fmt.Errorf("an order of %s: %w", r.Market, exchange.ErrInvalid)
	case r.ReduceOnly && r.Market.Symbol.Kind == exchange.Spot:
		return fmt.Errorf("reduce-only on spot: %w", exchange.ErrUnsupported)
	case r.Type == exchange.TypeMarket && r.TIF == exchange.FOK:
		return fmt.Errorf("a market order that fills or is killed: %w", exchange.ErrUnsupported)
	}
	return nil
}

// terms are type and time in force. A post-only order is a type of its own on spot, which takes no time in force; for perpetuals it is a time in
// force. A market order never rests, and takes none.
func (c *call) terms(r exchange.OrderRequest) {
	switch {
	case r.Type == exchange.TypeMarket:
		c.add("type", "MARKET")
	case r.PostOnly && c.kind == exchange.Spot:
		c.add("type", "LIMIT_MAKER")
	case r.PostOnly:
		c.add("type", "LIMIT")
		c.add("timeInForce", "GTX")
	default:
		c.add("type", "LIMIT")
		c.add("timeInForce", r.TIF.String())
	}
}

func cancelCall(k exchange.Kind, symbol, orderID, name string) call {
	c := call{subject: subject{k, "cancel", true}, method: http.MethodDelete, entry: "order.cancel", weight: 1, lane: rest.Protects}
	c.at("/api/v3/order", "/fapi/v1/order")
	c.add("symbol", symbol)
	c.addID(orderID, name)
	return c
}

func cancelAllCall(k exchange.Kind, symbol string) call {
	c := call{subject: subject{k, "cancel all", true}, method: http.MethodDelete, weight: 1, lane: rest.Protects}
	c.at("/api/v3/openOrders", "/fapi/v1/allOpenOrders")
	c.add("symbol", symbol)
	return c
}

// countdownCall arms the dead man's switch of perpetuals; zero disarms it.
func countdownCall(symbol string, after time.Duration) call {
	c := call{subject: subject{exchange.Perp, "cancel all after", true}, method: http.MethodPost, weight: 10, lane: rest.Protects}
	c.at("", "/fapi/v1/countdownCancelAll")
	c.add("symbol", symbol)
	c.addInt("countdownTime", after.Milliseconds())
	return c
}

// amendCall takes quantity from an order of spot, which keeps its id, its name and its place in the queue.
func amendCall(symbol string, o *report, quantity exchange.Decimal) call {
	c := call{subject: subject{exchange.Spot, "replace", true}, method: http.MethodPut, entry: "order.amend.keepPriority", weight: 4, lane: rest.Protects}
	c.at("/api/v3/order/amend/keepPriority", "")
	c.add("symbol", symbol)
	c.addID(o.VenueID, "")
	c.add("newClientOrderId", o.name) // else the venue makes one up
	c.add("newQty", plain(quantity))
	return c
}

// cancelReplaceCall cancels an order of spot that has not filled at all, and places its successor only if that was done. Who has begun to
// fill meanwhile is not cancelled: the successor's quantity would be too much.
func cancelReplaceCall(symbol string, o *report, next exchange.OrderRequest) (*call, error) {
	successor, made := venueID(exchange.Spot, o.ClientID, o.successor+1)
	cancellation, err := venueID(exchange.Spot, o.ClientID, o.successor+1+successors)
	if err := cmp.Or(made, err); err != nil {
		return nil, err
	}
	c := new(call)
	if err := c.place(symbol, successor, next); err != nil {
		return nil, err
	}
	c.op, c.method, c.entry = "replace", http.MethodPost, "order.cancelReplace"
	c.at("/api/v3/order/cancelReplace", "")
	c.add("cancelReplaceMode", "STOP_ON_FAILURE")
	c.addCancelled(o.VenueID)
	c.add("cancelRestrictions", "ONLY_NEW")
	c.add("cancelNewClientOrderId", cancellation) // by it the stream knows the end of a predecessor
	return c, nil
}

func (c *call) addCancelled(orderID string) {
	c.params = append(c.params, param{name: "cancelOrderId", value: orderID, integer: true})
}

// modifyCall changes an order of perpetuals, which keeps its id and loses its place in the queue.
func modifyCall(symbol string, o *report, price, quantity exchange.Decimal) call {
	c := call{subject: subject{exchange.Perp, "replace", true}, method: http.MethodPut, entry: "order.modify", orders: 1, lane: rest.Opens}
	if o.ReduceOnly {
		c.lane = rest.Protects
	}
	c.at("", "/fapi/v1/order")
	c.add("symbol", symbol)
	c.add("side", sideName(o.Side))
	c.addID(o.VenueID, "")
	c.add("quantity", plain(quantity))
	c.add("price", plain(price))
	return c
}

func lookupCall(k exchange.Kind, symbol, orderID, name string) call {
	c := call{subject: subject{k, "lookup", false}, method: http.MethodGet, entry: "order.status", weight: 4, lane: rest.Protects}
	if k == exchange.Perp {
		c.weight = 1
	}
	c.at("/api/v3/order", "/fapi/v1/order")
	c.add("symbol", symbol)
	c.addID(orderID, name)
	return c
}

func openOrdersCall(op string, k exchange.Kind, symbol string, lane rest.Lane) call {
	c := call{subject: subject{k, op, false}, method: http.MethodGet, weight: 6, lane: lane}
	if k == exchange.Perp {
		c.weight = 1
	}
	c.at("/api/v3/openOrders", "/fapi/v1/openOrders")
	c.add("symbol", symbol)
	return c
}

// pageMax is how many rows the venue gives at once.
const pageMax = 1000

// ordersCall is a page of orders from orderID on.
func ordersCall(k exchange.Kind, symbol, orderID string) call {
	c := call{subject: subject{k, "fills", false}, method: http.MethodGet, weight: 20}
	if k == exchange.Perp {
		c.weight = 5
	}
	c.at("/api/v3/allOrders", "/fapi/v1/allOrders")
	c.add("symbol", symbol)
	c.addID(orderID, "")
	c.addInt("limit", pageMax)
	return c
}

// tradesCall is a page of trades: of one order (orderID), from one trade on (from), or of a span of time.
func tradesCall(op string, k exchange.Kind, symbol string, lane rest.Lane) call {
	c := call{subject: subject{k, op, false}, method: http.MethodGet, weight: 20, lane: lane}
	if k == exchange.Perp {
		c.weight = 5
	}
	c.at("/api/v3/myTrades", "/fapi/v1/userTrades")
	c.add("symbol", symbol)
	c.addInt("limit", pageMax)
	return c
}

func balancesCall(k exchange.Kind) call {
	c := call{subject: subject{k, "balances", false}, method: http.MethodGet, weight: 20}
	c.at("/api/v3/account", "/fapi/v3/balance")
	if k == exchange.Spot {
		c.add("omitZeroBalances", "true")
		return c
	}
	c.weight = 5
	return c
}

func positionsCall() call {
	c := call{subject: subject{exchange.Perp, "positions", false}, method: http.MethodGet, weight: 5}
	c.at("", "/fapi/v3/positionRisk")
	return c
}

func feesCall(k exchange.Kind, symbol string) call {
	c := call{subject: subject{k, "fees", false}, method: http.MethodGet, weight: 20}
	c.at("/api/v3/account/commission", "/fapi/v1/commissionRate")
	c.add("symbol", symbol)
	return c
}

func configCall() call {
	c := call{subject: subject{exchange.Perp, "stream orders", false}, method: http.MethodGet, weight: 5, lane: rest.Protects}
	c.at("", "/fapi/v1/accountConfig")
	return c
}

func timeCall(k exchange.Kind) call {
	c := call{subject: subject{k, "server time", false}, method: http.MethodGet, public: true, weight: 1, lane: rest.Protects}
	c.at("/api/v3/time", "/fapi/v1/time")
	return c
}

// listenKeyCall makes (POST) or prolongs (PUT) the key of the private stream of perpetuals. It is no write: done twice, it is done once.
func listenKeyCall(method string) call {
	c := call{subject: subject{exchange.Perp, "stream orders", false}, method: method, keyOnly: true, weight: 1, lane: rest.Protects}
	c.at("", "/fapi/v1/listenKey")
	return c
}
