package okx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// reply is what the office answers: a status and a body, or something worse.
type reply struct {
	status int // 0: 200
	header string
	body   string
	after  time.Duration
	reset  bool // the connection is cut instead
}

// office is the venue's private side in memory: HTTP and WebSocket over internal/pipe. What it says is the test's; what it hears it keeps.
type office struct {
	l     *pipe.Listener
	http  http.Server
	wg    sync.WaitGroup
	ahead time.Duration // the venue's clock before ours
	slow  time.Duration // on the way to it, of questions about its clock

	mu      sync.Mutex
	say     map[string][]reply // by path, in turn; the last one stays
	heard   []sent
	raw     []string // frames that came over sockets
	sockets []*websocket.Conn
	login   string                                           // answer to logins
	extra   []string                                         // sent after the last subscription was confirmed
	answer  func(id, op string, arg map[string]any) []string // to orders over the socket; nil: acknowledged
}

const (
	placePath  = "/api/v5/trade/order"
	configPath = "/api/v5/account/config"
	timePath   = "/api/v5/public/time"
)

func openOffice(t *testing.T) *office {
	o := &office{l: pipe.Listen(), login: `{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}`, say: map[string][]reply{
		configPath:                     {{body: `{"code":"0","data":[{"acctLv":"2","posMode":"net_mode"}]}`}},
		"/api/v5/account/balance":      {{body: `{"code":"0","data":[{"uTime":"1700000000000","details":[{"ccy":"USDT","availBal":"100","frozenBal":"5"}]}]}`}},
		"/api/v5/account/positions":    {{body: none}},
		"/api/v5/trade/orders-pending": {{body: none}},
		"/api/v5/trade/orders-history": {{body: none}},
		"/api/v5/trade/fills":          {{body: none}},
	}}
	o.http.Handler = o
	o.wg.Go(func() { _ = o.http.Serve(o.l) })
	t.Cleanup(o.close)
	return o
}

// none is a list without rows.
const none = `{"code":"0","msg":"","data":[]}`

func (o *office) close() {
	o.l.Close()
	o.http.Close()
	o.cut()
	o.wg.Wait()
}

// cut ends every socket.
func (o *office) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.sockets {
		c.Close()
	}
}

// set replaces the answers to a path.
func (o *office) set(path string, r ...reply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.say[path] = r
}

// asked are the requests to a path: GET and POST have one for orders.
func (o *office) asked(method, path string) (r []sent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.heard {
		if s.method == method && s.path == path {
			r = append(r, s)
		}
	}
	return r
}

// frames are what came over sockets, logins left out.
func (o *office) frames() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.raw)
}

// push sends a frame on the newest socket.
func (o *office) push(frames ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range frames {
		_ = o.sockets[len(o.sockets)-1].WriteMessage(websocket.TextMessage, []byte(f))
	}
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/ws/") {
		o.serveSocket(w, r)
		return
	}
	s := sent{method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header.Clone()}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.body = string(b)
	if s.path == timePath {
		time.Sleep(o.slow)
	}
	a := o.next(s)
	if a.after > 0 {
		select {
		case <-time.After(a.after):
		case <-r.Context().Done():
		}
	}
	if a.reset {
		panic(http.ErrAbortHandler)
	}
	if k, v, ok := strings.Cut(a.header, ": "); ok {
		w.Header().Set(k, v)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body)
}

func (o *office) next(s sent) reply {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.path == timePath {
		return reply{body: fmt.Sprintf(`{"code":"0","data":[{"ts":"%d"}]}`, time.Now().Add(o.ahead).UnixMilli())}
	}
	o.heard = append(o.heard, s)
	key := s.path
	if s.method == http.MethodGet && s.path == placePath {
		key = "GET " + placePath
	}
	list := o.say[key]
	if len(list) == 0 {
		return reply{status: 404, body: "no such path: " + key}
	}
	if len(list) > 1 {
		o.say[key] = list[1:]
	}
	return list[0]
}

func (o *office) serveSocket(w http.ResponseWriter, r *http.Request) {
	o.wg.Add(1)
	defer o.wg.Done()
	c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	o.mu.Lock()
	o.sockets = append(o.sockets, c)
	o.mu.Unlock()
	for {
		_, frame, err := c.ReadMessage()
		if err != nil {
			return
		}
		o.mu.Lock()
		for _, a := range o.respond(string(frame)) {
			if a == "cut" {
				c.Close()
				break
			}
			_ = c.WriteMessage(websocket.TextMessage, []byte(a))
		}
		o.mu.Unlock()
	}
}

func (o *office) respond(frame string) (r []string) {
	if frame == "ping" {
		return []string{"pong"}
	}
	var q struct {
		ID, Op string
		Args   []map[string]any
	}
	if err := json.Unmarshal([]byte(frame), &q); err != nil {
		return []string{`{"event":"error","code":"60012","msg":"Invalid request"}`}
	}
	switch q.Op {
	case "login":
		return []string{o.login}
	case "subscribe":
		o.raw = append(o.raw, frame)
		for _, a := range q.Args {
			arg, _ := json.Marshal(a)
			r = append(r, fmt.Sprintf(`{"event":"subscribe","arg":%s,"connId":"a4d3ae55"}`, arg))
		}
		return append(r, o.extra...)
	}
	o.raw = append(o.raw, frame)
	if o.answer != nil {
		return o.answer(q.ID, q.Op, q.Args[0])
	}
	return []string{fmt.Sprintf(`{"id":%q,"op":%q,"code":"0","msg":"","data":[{"ordId":"77","clOrdId":%q,"sCode":"0","sMsg":"","ts":"1700000000000"}]}`, q.ID, q.Op, fmt.Sprint(q.Args[0]["clOrdId"]))}
}

// client is an Exchange at the office. It knows BTC-USDT and BTC-USDT-PERP; a contract is 0.01 BTC.
func (o *office) client(t *testing.T, change ...func(*okx.Config)) *okx.Exchange {
	t.Helper()
	tr := &http.Transport{DialContext: o.l.Dial}
	t.Cleanup(tr.CloseIdleConnections)
	o.set("/api/v5/public/instruments", reply{body: rows(coded(spotRow, 10459), coded(swapRow, 10461)).body})
	return trader(t, tr, append([]func(*okx.Config){func(c *okx.Config) {
		c.Account = "main"
		c.HTTP = &http.Client{Transport: tr, Timeout: 10 * time.Second}
		c.Endpoints = okx.Endpoints{REST: "http://office", Stream: "ws://office"}
		c.Session.NetDial = o.l.Dial
		c.Instruments = nil
	}}, change...)...)
}

func coded(row string, code int) string {
	return strings.TrimSuffix(row, "}") + fmt.Sprintf(`,"instIdCode":%d,"groupId":"1"}`, code)
}

func bySocket(c *okx.Config) { c.Entry = okx.EntrySocket }

// order is a limit order of the account of tests.
func order(symbol, id, quantity, price string) exchange.OrderRequest {
	r := limit(symbol, id, exchange.Buy, quantity, price)
	r.Account = "main"
	return r
}

// follow runs StreamOrders until the test ends it with stop, which returns what StreamOrders returned.
type follow struct {
	mu     sync.Mutex
	events []string
	stop   func() error
	done   chan error
}

func follows(t *testing.T, x *okx.Exchange) *follow {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &follow{done: make(chan error, 1)}
	go func() {
		f.done <- x.StreamOrders(ctx, func(ev exchange.Event) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events = append(f.events, showEvent(ev))
		})
	}()
	f.stop = func() error { cancel(); return <-f.done }
	return f
}

// take is what was emitted since the last take; what was read twice alike is one line.
func (f *follow) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := strings.Join(slices.Compact(f.events), "\n")
	f.events = nil
	return r
}

func showEvent(ev exchange.Event) string {
	s := ev.Kind.String()
	switch ev.Kind {
	case exchange.OrderUpdate:
		s = showOrder(ev.Order)
		for _, f := range ev.Order.Fills {
			s += " [" + showFill(f) + "]"
		}
	case exchange.BalanceUpdate:
		s += " " + showBalances(ev.Balances)
	case exchange.PositionUpdate:
		for _, p := range ev.Positions {
			s += fmt.Sprintf(" %s %s %s", p.Market.Symbol, p.Quantity, p.Cost)
		}
	}
	return s
}

// list is an answer with rows.
func list(rows ...string) reply {
	return reply{body: `{"code":"0","msg":"","data":[` + strings.Join(rows, ",") + `]}`}
}

// fillRow is an execution as REST lists it.
func fillRow(change map[string]string) string {
	f := map[string]string{"instType": "SWAP", "instId": "BTC-USDT-SWAP", "tradeId": "9", "ordId": "77", "clOrdId": "b15", "billId": "1", "side": "buy",
		"fillPx": "50000", "fillSz": "1", "fee": "-0.25", "feeCcy": "USDT", "execType": "T", "fillTime": "1700000000120", "ts": "1700000000121"}
	maps.Copy(f, change)
	b, _ := json.Marshal(f)
	return string(b)
}
