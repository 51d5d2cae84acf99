package binance_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
)

type netConn = net.Conn

const (
	spotAPI     = "/ws-api/v3"
	futuresAPI  = "/ws-fapi/v1"
	privatePath = "/private/ws"
)

// socket serves one WebSocket connection.
func (o *office) socket(w http.ResponseWriter, r *http.Request) {
	c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	o.mu.Lock()
	o.log = append(o.log, asked{"WS", r.URL.Path, r.URL.Query(), o.now(), ""})
	o.sockets[r.URL.Path] = append(o.sockets[r.URL.Path], c)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sockets[r.URL.Path] = slices.DeleteFunc(o.sockets[r.URL.Path], func(x *websocket.Conn) bool { return x == c })
	}()
	for {
		_, frame, err := c.ReadMessage()
		if err != nil {
			return
		}
		if !o.frame(r.URL.Path, c, frame) {
			return
		}
	}
}

// restOf is where a method of the WebSocket APIs is served over REST.
var restOf = map[string]string{"order.place": "POST order", "order.cancel": "DELETE order", "order.modify": "PUT order",
	"order.cancelReplace": "POST order/cancelReplace", "order.amend.keepPriority": "PUT order/amend/keepPriority"}

// frame answers one request; false ends the connection.
func (o *office) frame(path string, c *websocket.Conn, frame []byte) bool {
	var f struct {
		ID     string
		Method string
		Params map[string]json.RawMessage
	}
	if err := json.Unmarshal(frame, &f); err != nil {
		o.t.Errorf("%s: %v", frame, err)
		return false
	}
	q := url.Values{}
	var sorted []string
	for k, v := range f.Params {
		q.Set(k, strings.Trim(string(v), `"`))
		if k != "signature" {
			sorted = append(sorted, k+"="+strings.Trim(string(v), `"`))
		}
	}
	slices.Sort(sorted)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frames = append(o.frames, string(frame))
	status, answer, how := 200, `{"subscriptionId":0}`, ""
	if r := o.script["WS "+f.Method]; len(r) > 0 {
		o.script["WS "+f.Method] = r[1:]
		status, answer, how = max(r[0].status, 200), r[0].body, r[0].how
	} else if route := restOf[f.Method]; route != "" {
		method, what, _ := strings.Cut(route, " ")
		base := "/api/v3/"
		if path == futuresAPI {
			base = "/fapi/v1/"
		}
		status, answer, _, _ = o.handle(method, base+what, q, strings.Join(sorted, "&")+"&signature="+q.Get("signature"), q.Get("apiKey"))
		o.log[len(o.log)-1].method = "WS " + method
	}
	switch how {
	case "abort":
		return false
	case "slow":
		return true
	}
	name := "result"
	if status != 200 {
		name = "error"
	}
	_ = c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":"%s","status":%d,"%s":%s,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000,"count":9}]}`,
		f.ID, status, name, answer))
	return true
}

// tell pushes an execution to whoever listens. mu is held.
func (o *office) tell(p *paper, x string, t *trade) {
	if t == nil {
		t = &trade{id: -1}
	}
	ms := o.now().UnixMilli()
	if p.kind == exchange.Perp {
		o.push(privatePath, fmt.Sprintf(`{"e":"ORDER_TRADE_UPDATE","E":%d,"T":%d,"o":{"s":"%s","c":"%s","S":"%s","o":"%s","f":"%s","q":"%s","p":"%s","ap":"0","x":"%s","X":"%s","i":%d,"l":"%s","z":"%s","L":"%s","n":"0.1","N":"BNB","T":%d,"t":%d,"m":false,"R":%v,"ps":"BOTH"}}`,
			ms, ms, p.symbol, p.name, p.side, p.typ, p.tif, p.qty, p.price, x, p.status, p.id, t.qty, p.filled, t.price, ms, max(t.id, 0), p.reduce))
		return
	}
	c, original := p.name, ""
	if x == "CANCELED" {
		c, original = p.by, p.name
	}
	o.push(spotAPI, fmt.Sprintf(`{"subscriptionId":0,"event":{"e":"executionReport","E":%d,"s":"%s","c":"%s","S":"%s","o":"%s","f":"%s","q":"%s","p":"%s","C":"%s","x":"%s","X":"%s","r":"NONE","i":%d,"I":5,"l":"%s","z":"%s","L":"%s","n":"0.1","N":"BNB","T":%d,"t":%d,"m":false,"M":false,"Z":"%s"}}`,
		ms, p.symbol, c, p.side, p.typ, p.tif, p.qty, p.price, original, x, p.status, p.id, t.qty, p.filled, t.price, ms, t.id, p.quote))
}

// push writes a frame on all connections of a path. mu is held.
func (o *office) push(path, frame string) {
	for _, c := range o.sockets[path] {
		_ = c.WriteMessage(websocket.TextMessage, []byte(frame))
	}
}

// send is push for tests.
func (o *office) send(path, frame string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.push(path, frame)
}

// drop ends the connections of a path, of all with "".
func (o *office) drop(path string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for p, list := range o.sockets {
		if path == "" || p == path {
			for _, c := range list {
				c.Close()
			}
		}
	}
}
