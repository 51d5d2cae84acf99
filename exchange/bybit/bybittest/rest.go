package bybittest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// envelope is every REST answer.
type envelope struct {
	Code    int    `json:"retCode"`
	Message string `json:"retMsg"`
	Result  any    `json:"result"`
	Ext     any    `json:"retExtInfo"`
	Time    int64  `json:"time"`
}

// ask is one request that somebody has to answer.
type ask struct {
	*simwire.Request
	ids
	bad     bool // the body does not say what it is about
	account exchange.AccountID
	key     Key
	fate    sim.Fate
}

// route is what is behind a path.
type route struct {
	method string
	path   string
	op     sim.Op
	rate   [2]int // requests a second of an account, by kind of market; 0: a public question
	trades bool   // needs the right to trade
	answer func(*Server, *ask) (any, *refusal)
}

func routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	public := [2]int{}
	reads := [2]int{50, 50}
	return []route{
		{get, "/v5/market/time", sim.OpRead, public, false, (*Server).serverTime},
		{get, "/v5/market/instruments-info", sim.OpRead, public, false, (*Server).instrumentsInfo},
		{get, "/v5/market/orderbook", sim.OpRead, public, false, (*Server).orderbook},
		{get, "/v5/market/tickers", sim.OpRead, public, false, (*Server).tickers},
		{get, "/v5/market/recent-trade", sim.OpRead, public, false, (*Server).nothing},
		{get, "/v5/market/kline", sim.OpRead, public, false, (*Server).nothing},
		{get, "/v5/market/funding/history", sim.OpRead, public, false, (*Server).nothing},
		{post, pathCreate, sim.OpPlace, [2]int{20, 10}, true, (*Server).create},
		{post, pathAmend, sim.OpReplace, [2]int{10, 10}, true, (*Server).amend},
		{post, pathCancel, sim.OpCancel, [2]int{20, 10}, true, (*Server).cancel},
		{post, "/v5/order/cancel-all", sim.OpCancelAll, [2]int{20, 10}, true, (*Server).cancelAll},
		{post, "/v5/order/disconnected-cancel-all", sim.OpRead, [2]int{5, 5}, true, (*Server).setSwitch},
		{get, pathRecent, sim.OpRead, reads, false, (*Server).recent},
		{get, pathHistory, sim.OpRead, reads, false, (*Server).history},
		{get, "/v5/execution/list", sim.OpRead, reads, false, (*Server).executions},
		{get, "/v5/position/list", sim.OpRead, reads, false, (*Server).positions},
		{post, "/v5/position/set-leverage", sim.OpRead, [2]int{10, 10}, true, (*Server).setLeverage},
		{post, "/v5/position/switch-mode", sim.OpRead, [2]int{10, 10}, true, (*Server).switchMode},
		{get, "/v5/account/wallet-balance", sim.OpRead, reads, false, (*Server).wallet},
		{get, "/v5/account/fee-rate", sim.OpRead, [2]int{5, 10}, false, (*Server).feeRate},
		{get, "/v5/account/info", sim.OpRead, reads, false, (*Server).accountInfo},
		{get, "/v5/account/instruments-info", sim.OpRead, [2]int{10, 10}, false, (*Server).instrumentsInfo},
		{post, "/v5/account/set-margin-mode", sim.OpRead, [2]int{5, 5}, true, (*Server).setMarginMode},
		{get, "/v5/user/query-api", sim.OpRead, [2]int{10, 10}, false, (*Server).queryAPI},
	}
}

const (
	pathCreate  = "/v5/order/create"
	pathAmend   = "/v5/order/amend"
	pathCancel  = "/v5/order/cancel"
	pathRecent  = "/v5/order/realtime"
	pathHistory = "/v5/order/history"
)

// serveREST is the handler of the REST host.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	q, err := simwire.ReadRequest(r)
	if err != nil {
		s.said(refuse(codeParams, "Request parameter error."), nil).Write(w)
		return
	}
	found, ok := s.routes[q.Path]
	if !ok || found.method != q.Method {
		a := s.said(refuse(codePath, "Route not found."), nil)
		a.Status = http.StatusNotFound
		a.Write(w)
		return
	}
	a := newAsk(q)
	now := time.Now()
	op, key := a.about(found)
	a.fate = s.injector.Next(now, sim.Call{Op: op, Key: key, Deadline: s.deadline(q.Header.Get(headStamp), q.Header.Get(headWindow))})
	s.calls.Add(simwire.Call{
		At: now, Host: hostREST, Method: q.Method, Path: q.Path, Query: q.RawQuery, Body: string(q.Body), Op: op, Key: key, Fault: a.fate.Fault,
	})
	s.hosts.Meet(w, r, a.fate,
		func() simwire.Answer { return s.arrive(found, a) },
		func() simwire.Answer { return s.says(found, a) })
}

// ids are what a request is about, in the query or in the body.
type ids struct {
	Category    string `json:"category"`
	Symbol      string `json:"symbol"`
	OrderID     string `json:"orderId"`
	OrderLinkID string `json:"orderLinkId"`
}

func newAsk(q *simwire.Request) *ask {
	a := &ask{Request: q}
	if len(q.Body) > 0 {
		a.bad = json.Unmarshal(q.Body, &a.ids) != nil // it is told when it is its turn
		return a
	}
	a.ids = ids{q.Query.Get("category"), q.Query.Get("symbol"), q.Query.Get("orderId"), q.Query.Get("orderLinkId")}
	return a
}

// kind is the kind of market; spot where it is none.
func (a *ask) kind() exchange.Kind {
	k, _ := kindNamed(a.Category)
	return k
}

// about is what a request is for the injector: which operation, on which order.
func (a *ask) about(r route) (sim.Op, string) {
	key := a.OrderLinkID
	if key == "" && a.OrderID != "" {
		key = "#" + a.OrderID
	}
	switch {
	case (r.path == pathRecent || r.path == pathHistory) && key != "":
		return sim.OpLookup, key
	case r.op == sim.OpRead:
		return r.op, r.path
	}
	return r.op, key
}

const (
	headKey    = "X-Bapi-Api-Key"
	headStamp  = "X-Bapi-Timestamp"
	headWindow = "X-Bapi-Recv-Window"
	headSign   = "X-Bapi-Sign"
)

// deadline is when a request with such a window is refused; zero: no window.
func (s *Server) deadline(stamp, window string) time.Time {
	from, err := strconv.ParseInt(stamp, 10, 64)
	length := defaultWindow.Milliseconds()
	if n, err := strconv.ParseInt(window, 10, 64); err == nil {
		length = n
	}
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(from + length)
}

// arrive answers a request that has reached the venue.
func (s *Server) arrive(r route, a *ask) simwire.Answer {
	if s.meter.Spend(byAddress, a.Remote, 1).Refused {
		return frequent(s.now())
	}
	if r.rate[0] == 0 {
		return s.answer(r, a, nil)
	}
	if no := s.authorise(r, a); no != nil {
		return s.said(no, nil)
	}
	reading := s.meter.Spend(ruleOf(r.path, a.kind()), string(a.account), 1)
	head := headers(s.now(), reading)
	if reading.Refused {
		return s.said(visits(), head)
	}
	return s.answer(r, a, head)
}

func (s *Server) answer(r route, a *ask, head []simwire.Field) simwire.Answer {
	result, no := r.answer(s, a)
	if no != nil {
		return s.said(no, head)
	}
	return s.told(envelope{Message: "OK", Result: result, Ext: object{}}, head)
}

// authorise checks key, time, signature and rights, in that order.
func (s *Server) authorise(r route, a *ask) *refusal {
	h := a.Header
	stamp, window := h.Get(headStamp), h.Get(headWindow)
	v := s.keys[h.Get(headKey)]
	switch {
	case h.Get(headKey) == "" || h.Get(headSign) == "" || stamp == "":
		return refuse(codeParams, "empty value: apiTimestamp[%s] apiKey[%s] apiSignature[%s]", stamp, h.Get(headKey), h.Get(headSign))
	case v == nil:
		return refuse(codeKey, "API key is invalid.")
	}
	if no := timely(s.now(), stamp, window); no != nil {
		return no
	}
	text := stamp + h.Get(headKey) + window
	if a.Method == http.MethodGet {
		text += a.RawQuery
	}
	if !v.accepts(h.Get(headSign), text, a.Body) {
		return refuse(codeSign, "error sign! origin_string[%s%s]", text, a.Body)
	}
	a.account, a.key = v.key.Account, v.key
	if r.trades && v.key.ReadOnly {
		return refuse(codeRights, "Permission denied, please check your API key permissions.")
	}
	return nil
}

// said is a refusal as it is answered: with HTTP 200, as most of them are.
func (s *Server) said(no *refusal, head []simwire.Field) simwire.Answer {
	return s.told(envelope{Code: no.code, Message: no.text, Result: object{}, Ext: object{}}, head)
}

func (s *Server) told(e envelope, head []simwire.Field) simwire.Answer {
	e.Time = s.now().UnixMilli()
	a := simwire.JSON(http.StatusOK, e, head...)
	a.Headers = append(a.Headers, simwire.Field{Name: "Timenow", Value: milli(e.Time)}, simwire.Field{Name: "Ret_code", Value: strconv.Itoa(e.Code)})
	return a
}
