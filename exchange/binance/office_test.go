package binance_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// office is Binance's private side in memory, in virtual time: orders, trades, wallets, and the sockets that tell of them.
type office struct {
	t    *testing.T
	l    *pipe.Listener
	http http.Server
	wg   sync.WaitGroup

	mu      sync.Mutex
	skew    time.Duration // of its clock
	log     []asked
	script  map[string][]reply // by method and path: what it says instead, one after the other
	orders  []*paper
	trades  []trade
	lastID  int64
	sockets map[string][]*websocket.Conn
	frames  []string // that clients sent
	keys    int      // listen keys made
	fill    string   // what the next order fills at once
	refuse  error    // of new connections
	half    string   // what the next cancelReplace says of its placement, which is only done by come
	coming  url.Values
	// unsigned says that signatures are not looked at.
	unsigned bool
}

type asked struct {
	method, path string
	q            url.Values
	at           time.Time
	key          string
}

func (a asked) String() string { return a.method + " " + a.path }

type reply struct {
	status int // 0: 200
	header http.Header
	body   string
	how    string // "abort": the connection ends instead; "slow": nothing comes; "after": it does what was asked, then aborts; "garbage"
}

// paper is an order.
type paper struct {
	kind                                     exchange.Kind
	id                                       int64
	symbol, name, by, side, typ, tif, status string // by: the name of its cancellation
	price, qty, filled, quote                exchange.Decimal
	reduce                                   bool
	at                                       time.Time
}

type trade struct {
	kind         exchange.Kind
	id, order    int64
	symbol, side string
	price, qty   exchange.Decimal
	at           time.Time
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, l: pipe.Listen(), script: map[string][]reply{}, sockets: map[string][]*websocket.Conn{}, lastID: 100}
	o.http.Handler = o
	o.wg.Go(func() { _ = o.http.Serve(o.l) })
	t.Cleanup(func() {
		o.l.Close()
		o.http.Close()
		o.drop("")
		o.wg.Wait()
	})
	return o
}

// bubble runs f in virtual time with an office of its own.
func bubble(t *testing.T, name string, f func(t *testing.T, o *office)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, newOffice(t)) })
	})
}

func (o *office) dial(ctx context.Context, network, addr string) (c netConn, err error) {
	o.mu.Lock()
	err = o.refuse
	o.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return o.l.Dial(ctx, network, addr)
}

func (o *office) config() binance.Config {
	cfg := binance.Config{
		Account: "main", Credentials: hmacKey(), Seed: 1,
		Endpoints: binance.Endpoints{SpotREST: "http://api.test", SpotStream: "ws://stream.test", SpotAPI: "ws://ws-api.test",
			FuturesREST: "http://fapi.test", FuturesStream: "ws://fstream.test", FuturesAPI: "ws://ws-fapi.test"},
		HTTP: &http.Client{Transport: &http.Transport{DialContext: o.dial, DisableKeepAlives: true}, Timeout: 10 * time.Second},
	}
	cfg.Session.NetDial = o.dial
	return cfg
}

// exchange is a client of o, changed by edit.
func (o *office) exchange(edit func(*binance.Config)) *binance.Exchange {
	o.t.Helper()
	cfg := o.config()
	if edit != nil {
		edit(&cfg)
	}
	x, err := binance.New(cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	return x
}

// say makes o answer so, once each.
func (o *office) say(what string, replies ...reply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.script[what] = append(o.script[what], replies...)
}

// asked are the requests whose method and path begin so.
func (o *office) asked(what string) (r []asked) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.log {
		if strings.HasPrefix(a.String(), what) {
			r = append(r, a)
		}
	}
	return r
}

// count is how often exactly that was asked.
func (o *office) count(what string) (n int) {
	for _, a := range o.asked(what) {
		if a.String() == what {
			n++
		}
	}
	return n
}

func (o *office) now() time.Time { return time.Now().Add(o.skew) }

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.wg.Add(1)
	defer o.wg.Done()
	if websocket.IsWebSocketUpgrade(r) {
		o.socket(w, r)
		return
	}
	b, _ := io.ReadAll(r.Body)
	signed := r.URL.RawQuery + string(b)
	q, err := url.ParseQuery(signed)
	if err != nil {
		o.t.Errorf("%s %s: %q", r.Method, r.URL.Path, signed)
	}
	o.mu.Lock()
	status, content, header, how := o.handle(r.Method, r.URL.Path, q, signed, r.Header.Get("X-MBX-APIKEY"))
	o.mu.Unlock()
	switch how {
	case "abort":
		panic(http.ErrAbortHandler)
	case "garbage":
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = c.Write([]byte("SSH-2.0-no\r\n\r\n"))
			c.Close()
		}
		return
	case "slow":
		<-r.Context().Done()
		return
	}
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, content)
}

// handle answers one request, however it came. mu is held.
func (o *office) handle(method, path string, q url.Values, signed, key string) (status int, content string, header http.Header, how string) {
	a := asked{method, path, q, time.Now(), key}
	o.log = append(o.log, a)
	var r reply
	if list := o.script[a.String()]; len(list) > 0 {
		r, o.script[a.String()] = list[0], list[1:]
		if r.how != "after" {
			if r.status == 0 {
				r.status = 200
			}
			return r.status, r.body, r.header, r.how
		}
	}
	if text, sig, ok := strings.Cut(signed, "&signature="); ok && !o.unsigned && !o.valid(text, sig, key, q) {
		return 400, body(-1022, "Signature for this request is not valid."), nil, ""
	}
	if at := q.Get("timestamp"); at != "" {
		ms, _ := strconv.ParseInt(at, 10, 64)
		window, _ := strconv.ParseInt(q.Get("recvWindow"), 10, 64)
		if d := o.now().UnixMilli() - ms; d > window || d < -1000 {
			return 400, body(-1021, "Timestamp for this request is outside of the recvWindow."), nil, ""
		}
	}
	status, content = o.answer(method, path, q)
	if r.how == "after" {
		return 0, "", nil, "abort"
	}
	return status, content, http.Header{"X-Mbx-Used-Weight-1m": {"7"}}, ""
}

// valid recomputes the signature, which is of exactly what was sent.
func (o *office) valid(text, sig, key string, q url.Values) bool {
	m := hmac.New(sha256.New, []byte(hmacKey().Secret.Reveal()))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil)) == sig && key == hmacKey().Key && q.Get("timestamp") != ""
}

func list(rows []string) string { return "[" + strings.Join(rows, ",") + "]" }

// answer does what is asked.
func (o *office) answer(method, path string, q url.Values) (int, string) {
	kind, what := exchange.Spot, strings.TrimPrefix(path, "/api/v3/")
	if rest, ok := strings.CutPrefix(path, "/fapi/"); ok {
		kind, what = exchange.Perp, rest[strings.IndexByte(rest, '/')+1:]
	}
	switch what {
	case "time":
		return 200, fmt.Sprintf(`{"serverTime":%d}`, o.now().UnixMilli())
	case "exchangeInfo":
		row := spotRow
		if kind == exchange.Perp {
			row = perpRow
		}
		return 200, `{"rateLimits":[],"symbols":[` + strings.Replace(row, `"symbol"`, `"amendAllowed":true,"symbol"`, 1) + `]}`
	case "order", "order/cancelReplace", "order/amend/keepPriority":
		return o.order(method+" "+what, kind, q)
	case "openOrders", "allOpenOrders":
		return o.open(method, kind, q)
	case "allOrders":
		var rows []string
		for _, p := range o.orders {
			if p.kind == kind && fmt.Sprint(p.id) >= q.Get("orderId") {
				rows = append(rows, p.json(""))
			}
		}
		return 200, list(rows)
	case "myTrades", "userTrades":
		return 200, o.tradeRows(kind, q)
	case "account":
		return 200, `{"balances":[{"asset":"BTC","free":"1.5","locked":"0.5"},{"asset":"ETH","free":"0","locked":"0"}]}`
	case "balance":
		return 200, `[{"asset":"USDT","balance":"100","availableBalance":"60"}]`
	case "positionRisk":
		return 200, `[{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"-0.5","entryPrice":"60000","updateTime":5}]`
	case "accountConfig":
		return 200, `{"dualSidePosition":false}`
	case "account/commission":
		return 200, `{"standardCommission":{"maker":"0.001","taker":"0.001","buyer":"0","seller":"0"},"discount":{"enabledForAccount":true,"enabledForSymbol":true,"discount":"0.75"}}`
	case "commissionRate":
		return 200, `{"makerCommissionRate":"0.0002","takerCommissionRate":"0.0005"}`
	case "listenKey":
		if method == http.MethodPost {
			o.keys++
			return 200, fmt.Sprintf(`{"listenKey":"key%d"}`, o.keys)
		}
		return 200, `{}`
	case "countdownCancelAll":
		return 200, `{"symbol":"BTCUSDT","countdownTime":"` + q.Get("countdownTime") + `"}`
	}
	o.t.Errorf("%s %s is not known here", method, path)
	return 404, ""
}

func (o *office) order(what string, kind exchange.Kind, q url.Values) (int, string) {
	switch what {
	case "POST order":
		return o.place(kind, q)
	case "GET order", "DELETE order":
		p := o.find(kind, q.Get("orderId"), q.Get("origClientOrderId"))
		switch {
		case what == "GET order" && p == nil:
			return 400, body(-2013, "Order does not exist.")
		case what == "GET order":
			return 200, p.json("")
		case p == nil || !p.working():
			return 400, body(-2011, "Unknown order sent.")
		}
		o.cancel(p, q.Get("newClientOrderId"))
		return 200, p.json("")
	case "PUT order", "PUT order/amend/keepPriority":
		p := o.find(kind, q.Get("orderId"), q.Get("origClientOrderId"))
		if p == nil || !p.working() {
			return 400, body(-2013, "Order does not exist.")
		}
		if v := q.Get("newQty"); v != "" {
			p.qty = dec(v)
			return 200, `{"transactTime":1,"executionId":1,"amendedOrder":` + strings.Replace(p.json(""), `"origQty"`, `"qty"`, 1) + `}`
		}
		p.qty, p.price = dec(q.Get("quantity")), dec(q.Get("price"))
		return 200, p.json("")
	}
	return o.cancelReplace(q)
}

func (o *office) cancelReplace(q url.Values) (int, string) {
	p := o.find(exchange.Spot, q.Get("cancelOrderId"), "")
	fail := ""
	switch {
	case p == nil || !p.working():
		fail = body(-2011, "Unknown order sent.")
	case q.Get("cancelRestrictions") == "ONLY_NEW" && !p.filled.IsZero():
		fail = body(-2011, "Order was not canceled due to cancel restrictions.")
	}
	if fail != "" {
		return 400, `{"code":-2022,"msg":"Order cancel-replace failed.","data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED","cancelResponse":` + fail + `,"newOrderResponse":null}}`
	}
	o.cancel(p, q.Get("cancelNewClientOrderId"))
	if o.half != "" {
		half := o.half
		o.half, o.coming = "", q
		return 409, `{"code":-2021,"msg":"Order cancel-replace partially failed."` + strings.Replace(half, "CANCELED", p.json(""), 1) + "}"
	}
	status, placed := o.place(exchange.Spot, q)
	if status != 200 {
		return 409, `{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS","newOrderResult":"FAILURE","cancelResponse":` + p.json("") + `,"newOrderResponse":` + placed + `}}`
	}
	return 200, `{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":` + p.json("") + `,"newOrderResponse":` + placed + `}`
}

// come does the placement that was held back.
func (o *office) come() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.place(exchange.Spot, o.coming)
	o.tell(o.orders[len(o.orders)-1], "NEW", nil)
}

func (o *office) place(kind exchange.Kind, q url.Values) (int, string) {
	if q.Get("quantity") == "0.666" {
		return 400, body(-2010, "Account has insufficient balance for requested action.")
	}
	o.lastID++
	p := &paper{kind: kind, id: o.lastID, symbol: q.Get("symbol"), name: q.Get("newClientOrderId"), side: q.Get("side"), typ: q.Get("type"), tif: q.Get("timeInForce"),
		status: "NEW", qty: dec(q.Get("quantity")), price: dec("0" + q.Get("price")), reduce: q.Get("reduceOnly") == "true", at: o.now()}
	o.orders = append(o.orders, p)
	fills := ""
	if o.fill != "" {
		t := o.trade(p, p.price, dec(o.fill))
		fills = fmt.Sprintf(`{"price":"%s","qty":"%s","commission":"0.1","commissionAsset":"BNB","tradeId":%d}`, t.price, t.qty, t.id)
		o.fill = ""
		o.tell(p, "TRADE", &t)
	}
	return 200, p.json(fills)
}

// trade fills a part of p, and tells it.
func (o *office) trade(p *paper, price, qty exchange.Decimal) trade {
	o.lastID++
	t := trade{p.kind, o.lastID, p.id, p.symbol, p.side, price, qty, o.now()}
	o.trades = append(o.trades, t)
	p.filled, p.quote = p.filled.Add(qty), p.quote.Add(price.Mul(qty))
	p.status, p.at = "PARTIALLY_FILLED", o.now()
	if p.filled.Cmp(p.qty) >= 0 {
		p.status = "FILLED"
	}
	return t
}

// execute is trade by somebody else's order, told on the stream.
func (o *office) execute(name, price, qty string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.orders {
		if p.name == name && p.working() {
			t := o.trade(p, dec(price), dec(qty))
			o.tell(p, "TRADE", &t)
			return
		}
	}
	o.t.Errorf("no working order %s", name)
}

func (o *office) cancel(p *paper, by string) {
	p.status, p.by, p.at = "CANCELED", by, o.now()
	if by == "" {
		p.by = "cancellation"
	}
	o.tell(p, "CANCELED", nil)
}

func (o *office) find(kind exchange.Kind, id, name string) *paper {
	for _, p := range slices.Backward(o.orders) {
		if p.kind == kind && (id != "" && fmt.Sprint(p.id) == id || id == "" && p.name == name) {
			return p
		}
	}
	return nil
}

func (o *office) open(method string, kind exchange.Kind, q url.Values) (int, string) {
	var rows []string
	for _, p := range o.orders {
		if p.kind == kind && p.working() && (q.Get("symbol") == "" || q.Get("symbol") == p.symbol) {
			if method == http.MethodDelete {
				o.cancel(p, "")
			}
			rows = append(rows, p.json(""))
		}
	}
	switch {
	case method == http.MethodDelete && kind == exchange.Perp:
		return 200, `{"code":200,"msg":"The operation of cancel all open order is done."}`
	case method == http.MethodDelete && len(rows) == 0:
		return 400, body(-2011, "Unknown order sent.")
	}
	return 200, list(rows)
}

// tradeRows heeds what the venue heeds: an order, an id to begin with, or a span of time.
func (o *office) tradeRows(kind exchange.Kind, q url.Values) string {
	num := func(name string) int64 { n, _ := strconv.ParseInt(q.Get(name), 10, 64); return n }
	limit := int(num("limit"))
	var rows []string
	for _, t := range o.trades {
		ms := t.at.UnixMilli()
		switch {
		case t.kind != kind || t.symbol != q.Get("symbol"), q.Has("orderId") && t.order != num("orderId"), q.Has("fromId") && t.id < num("fromId"):
			continue
		case q.Has("startTime") && (ms < num("startTime") || ms > num("endTime")), len(rows) == limit:
			continue
		}
		buyer := t.side == "BUY"
		rows = append(rows, fmt.Sprintf(`{"symbol":"%s","id":%d,"orderId":%d,"price":"%s","qty":"%s","commission":"0.1","commissionAsset":"BNB","time":%d,"isBuyer":%v,"buyer":%v,"maker":false}`,
			t.symbol, t.id, t.order, t.price, t.qty, ms, buyer, buyer))
	}
	return list(rows)
}

func (p *paper) working() bool { return p.status == "NEW" || p.status == "PARTIALLY_FILLED" }

// json is p as the venue's answers have it.
func (p *paper) json(fills string) string {
	m := map[string]any{"symbol": p.symbol, "orderId": p.id, "clientOrderId": p.name, "price": p.price, "origQty": p.qty, "executedQty": p.filled,
		"status": p.status, "timeInForce": p.tif, "type": p.typ, "side": p.side, "updateTime": p.at.UnixMilli()}
	if p.kind == exchange.Spot {
		m["cummulativeQuoteQty"], m["orderListId"] = p.quote, -1
		if p.by != "" {
			m["origClientOrderId"], m["clientOrderId"] = p.name, p.by
		}
		m["fills"] = json.RawMessage("[" + fills + "]")
	} else {
		m["reduceOnly"] = p.reduce
	}
	b, _ := json.Marshal(m)
	return string(b)
}
