package bybit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/pipe"
)

// office is the account's side of the venue in memory: it checks signatures and validity, answers by script, and keeps what it was asked.
type office struct {
	t    *testing.T
	l    *pipe.Listener
	http http.Server
	wg   sync.WaitGroup
	skew atomic.Int64 // of its clock, in nanoseconds
	lag  atomic.Int64 // of a question for the time on its way there, in nanoseconds; the answer comes at once

	forbid atomic.Bool  // handshakes
	dials  atomic.Int64 // handshakes

	mu      sync.Mutex
	hits    []string // "POST /v5/order/create {...}"
	windows []string // of validity: "stamp window"
	script  map[string][]reply
	trade   func(frame entryFrame) string // what it says over the order entry socket
	auth    string                        // what it says to a login; empty: yes
	conns   map[string]*websocket.Conn    // "private", "trade"
	frames  []string                      // "private auth", "trade order.create {...}"
	refuse  error                         // of dials
	idle    func()                        // closes what is kept alive
	logins  int
}

// reply is one answer. The last one of a script is repeated.
type reply struct {
	status int // 200
	header http.Header
	body   string
	how    string // "abort": the connection ends after the request was read; "garbage"; "slow": longer than anybody waits
}

type entryFrame struct {
	ReqID  string            `json:"reqId"`
	Header map[string]string `json:"header"`
	Op     string            `json:"op"`
	Args   []json.RawMessage `json:"args"`
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, l: pipe.Listen(), script: map[string][]reply{}, conns: map[string]*websocket.Conn{}}
	o.http.Handler = o
	o.wg.Go(func() { _ = o.http.Serve(o.l) })
	t.Cleanup(func() {
		o.l.Close()
		o.http.Close()
		o.cut("private", "trade")
		o.wg.Wait()
	})
	return o
}

func (o *office) now() time.Time { return time.Now().Add(time.Duration(o.skew.Load())) }

// say scripts what is answered to a path, to a path and a category, or to a whole request.
func (o *office) say(path string, replies ...reply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.script[path] = replies
}

func ok(result string) reply {
	return reply{body: `{"retCode":0,"retMsg":"OK","result":` + result + `,"retExtInfo":{},"time":1}`}
}

func no(code int, message string) reply {
	return reply{body: fmt.Sprintf(`{"retCode":%d,"retMsg":"%s","result":{},"retExtInfo":{},"time":1}`, code, message)}
}

// asked counts the requests that begin so.
func (o *office) asked(prefix string) (list []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range o.hits {
		if strings.HasPrefix(h, prefix) {
			list = append(list, h)
		}
	}
	return list
}

func (o *office) cut(kinds ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range kinds {
		if c := o.conns[k]; c != nil {
			c.Close()
		}
	}
}

func (o *office) push(frames ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range frames {
		_ = o.conns["private"].WriteMessage(websocket.TextMessage, []byte(f))
	}
}

func (o *office) dial(ctx context.Context, network, address string) (net.Conn, error) {
	o.mu.Lock()
	err := o.refuse
	o.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return o.l.Dial(ctx, network, address)
}

// exchange is an Exchange at the office.
func (o *office) exchange(change func(*bybit.Config)) *bybit.Exchange {
	o.t.Helper()
	transport := &http.Transport{DialContext: o.dial}
	o.idle = transport.CloseIdleConnections
	o.t.Cleanup(o.idle)
	cfg := bybit.Config{
		Endpoints:   bybit.Endpoints{REST: "http://office", Stream: "ws://office"},
		Credentials: hmacKey(), Account: "main", Instruments: rules(), Seed: 1,
		HTTP: &http.Client{Transport: transport, Timeout: 10 * time.Second},
	}
	cfg.Session.NetDial = o.dial
	if change != nil {
		change(&cfg)
	}
	x, err := bybit.New(cfg)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { x.Close() })
	return x
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.wg.Add(1)
	defer o.wg.Done()
	if kind, ok := strings.CutPrefix(r.URL.Path, "/v5/"); ok && (kind == "private" || kind == "trade") {
		o.socket(w, r, kind)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/v5/market/time" {
		<-time.After(time.Duration(o.lag.Load()))
		fmt.Fprintf(w, `{"retCode":0,"result":{"timeSecond":"%d","timeNano":"%d"},"time":%d}`, o.now().Unix(), o.now().UnixNano(), o.now().UnixMilli())
		return
	}
	a := o.next(r, string(body))
	switch a.how {
	case "abort":
		panic(http.ErrAbortHandler)
	case "slow":
		<-time.After(20 * time.Second)
	case "garbage":
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = c.Write([]byte("no HTTP at all\r\n\r\n"))
			c.Close()
		}
		return
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body)
}

// next notes a request, checks it, and chooses its answer.
func (o *office) next(r *http.Request, body string) reply {
	o.mu.Lock()
	defer o.mu.Unlock()
	target := r.Method + " " + r.URL.Path
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	o.hits = append(o.hits, strings.TrimSpace(target+" "+body))
	if strings.HasPrefix(r.URL.Path, "/v5/market/") {
		return o.listed(r)
	}
	if problem := o.check(r, body); problem != "" {
		return no(10004, problem)
	}
	for _, key := range []string{target, r.URL.Path + " " + r.URL.Query().Get("category"), r.URL.Path} {
		list := o.script[key]
		if len(list) == 0 {
			continue
		}
		if len(list) > 1 {
			o.script[key] = list[1:]
		}
		return list[0]
	}
	return ok(`{"list":[],"nextPageCursor":""}`)
}

func (o *office) listed(r *http.Request) reply {
	if r.URL.Query().Get("category") == "linear" {
		return reply{body: page("", linearRow).body}
	}
	return reply{body: page("", spotRow).body}
}

// check is what the venue checks of every request: signature and time.
func (o *office) check(r *http.Request, body string) string {
	request, _, err := bybit.Signer(hmacKey())
	if err != nil {
		return err.Error()
	}
	h := r.Header
	stamp, window := h.Get("X-BAPI-TIMESTAMP"), h.Get("X-BAPI-RECV-WINDOW")
	o.windows = append(o.windows, stamp+" "+window)
	sign, _ := request(stamp, window, r.URL.RawQuery, []byte(body))
	if h.Get("X-BAPI-SIGN") != string(sign) || h.Get("X-BAPI-API-KEY") != hmacKey().Key {
		return "error sign! origin_string[" + stamp + hmacKey().Key + "]"
	}
	return o.timely(stamp, window)
}

func (o *office) timely(stamp, window string) string {
	from, err1 := strconv.ParseInt(stamp, 10, 64)
	length, err2 := strconv.ParseInt(window, 10, 64)
	now := o.now().UnixMilli()
	if err1 != nil || err2 != nil || now-length > from || from >= now+1000 {
		return "stale"
	}
	return ""
}

func (o *office) socket(w http.ResponseWriter, r *http.Request, kind string) {
	if o.dials.Add(1); o.forbid.Load() {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	o.mu.Lock()
	o.conns[kind] = ws
	o.mu.Unlock()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		if answer := o.answer(kind, frame); answer == "hang up" {
			return
		} else if answer != "" {
			o.mu.Lock()
			_ = ws.WriteMessage(websocket.TextMessage, []byte(answer))
			o.mu.Unlock()
		}
	}
}

func (o *office) answer(kind string, frame []byte) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var f entryFrame
	if err := json.Unmarshal(frame, &f); err != nil {
		o.t.Errorf("frame %s: %v", frame, err)
		return ""
	}
	switch f.Op {
	case "ping":
		return `{"op":"pong","args":["1"],"conn_id":"c"}`
	case "auth":
		o.logins++
		o.frames = append(o.frames, kind+" auth")
		return o.login(kind, f)
	case "subscribe":
		o.frames = append(o.frames, kind+" subscribe "+string(slices.Concat(rawAll(f.Args)...)))
		return `{"success":true,"ret_msg":"","conn_id":"c","req_id":"subscribe","op":"subscribe"}`
	}
	o.frames = append(o.frames, kind+" "+f.Op+" "+string(f.Args[0]))
	if problem := o.timely(f.Header["X-BAPI-TIMESTAMP"], f.Header["X-BAPI-RECV-WINDOW"]); problem != "" {
		return fmt.Sprintf(`{"reqId":"%s","retCode":10002,"retMsg":"%s","op":"%s","data":{}}`, f.ReqID, problem, f.Op)
	}
	return o.trade(f)
}

func rawAll(list []json.RawMessage) (all [][]byte) {
	for _, m := range list {
		all = append(all, m)
	}
	return all
}

// login checks the signature of an auth request.
func (o *office) login(kind string, f entryFrame) string {
	_, sign, _ := bybit.Signer(hmacKey())
	var key, got string
	var expires int64
	if len(f.Args) == 3 {
		_ = json.Unmarshal(f.Args[0], &key)
		_ = json.Unmarshal(f.Args[1], &expires)
		_ = json.Unmarshal(f.Args[2], &got)
	}
	want, _ := sign(time.UnixMilli(expires))
	good := key == hmacKey().Key && got == string(want) && expires > o.now().UnixMilli()
	if o.auth != "" {
		return o.auth
	}
	if kind == "trade" {
		if good {
			return `{"reqId":"auth","retCode":0,"retMsg":"OK","op":"auth","connId":"c"}`
		}
		return `{"reqId":"auth","retCode":10004,"retMsg":"Invalid sign","op":"auth","connId":"c"}`
	}
	return fmt.Sprintf(`{"success":%v,"ret_msg":"","op":"auth","conn_id":"c"}`, good)
}

var errRefused = errors.New("connection refused")

// row is an order as the venue tells it.
func row(category, id, link, status string, pairs ...string) string {
	m := map[string]any{
		"symbol": "BTCUSDT", "orderId": id, "orderLinkId": link, "side": "Buy", "orderType": "Limit", "price": "100", "qty": "2", "timeInForce": "GTC",
		"orderStatus": status, "cancelType": "UNKNOWN", "rejectReason": "EC_NoError", "avgPrice": "", "cumExecQty": "0", "reduceOnly": false,
		"createdTime": "1700000000000", "updatedTime": "1700000000000",
	}
	if category != "" {
		m["category"] = category
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// traded is an execution.
func traded(category, exec, id, link, quantity, price string, pairs ...string) string {
	m := map[string]any{
		"symbol": "BTCUSDT", "orderId": id, "orderLinkId": link, "side": "Buy", "execId": exec, "execType": "Trade", "execPrice": price, "execQty": quantity,
		"execFee": "0.01", "feeCurrency": "USDT", "isMaker": false, "execTime": "1700000000000", "seq": 1,
	}
	if category != "" {
		m["category"] = category
	}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func list(rows ...string) reply {
	return ok(`{"list":[` + strings.Join(rows, ",") + `],"nextPageCursor":""}`)
}

func topic(name string, rows ...string) string {
	return fmt.Sprintf(`{"id":"1","topic":"%s","creationTime":%d,"data":[%s]}`, name, time.Now().UnixMilli(), strings.Join(rows, ","))
}

func spotOrder(id string) exchange.OrderRequest {
	r := limit("BTC-USDT", id, exchange.Buy, "2", "100")
	r.Account = "main"
	return r
}

func perpOrder(id string) exchange.OrderRequest {
	r := limit("BTC-USDT-PERP", id, exchange.Buy, "2", "100")
	r.Account = "main"
	return r
}
