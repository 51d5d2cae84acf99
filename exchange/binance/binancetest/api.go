package binancetest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// session is one connection of a WebSocket API.
type session struct {
	h      *half
	socket *simwire.Socket
	remote string
	began  time.Time
	quiet  bool // returnRateLimits=false

	mu     sync.Mutex
	logged *key
	since  time.Time
	subs   map[int]*follower
	nextID int
}

// key is who has logged on; nil: nobody.
func (s *session) key() *key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged
}

// request is what a client sends.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// response is what the venue answers.
type response struct {
	ID     json.RawMessage `json:"id"`
	Status int             `json:"status"`
	Result any             `json:"result,omitempty"`
	Error  *apiError       `json:"error,omitempty"`
	Limits []limitRow      `json:"rateLimits,omitempty"`
}

type apiError struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
	Data any    `json:"data,omitempty"`
}

// apiRetry is when to come again, as the WebSocket API tells it.
type apiRetry struct {
	Now   int64 `json:"serverTime"`
	Until int64 `json:"retryAfter"`
}

// serveAPI is a connection of the WebSocket API. Its handshake has a weight.
func (h *half) serveAPI(w http.ResponseWriter, r *http.Request) {
	q, err := simwire.ReadRequest(r)
	if err != nil || q.Path != h.apiPath {
		simwire.Answer{Status: http.StatusNotFound}.Write(w)
		return
	}
	if !h.connect(w, r, q, h.apiWeight) {
		return
	}
	socket, err := h.s.hosts.Upgrade(w, r, h.socketConfig(apiSocket))
	if err != nil {
		return
	}
	s := &session{h: h, socket: socket, remote: q.Remote, began: time.Now(), quiet: q.Get("returnRateLimits") == "false", subs: map[int]*follower{}}
	defer s.end()
	socket.Run(s.handle)
}

// connect lets a handshake meet its fate; false: it was refused.
func (h *half) connect(w http.ResponseWriter, r *http.Request, q *simwire.Request, weight int) bool {
	c := &call{h: h, op: &op{kind: sim.OpConnect}, remote: q.Remote}
	c.fate = h.s.injector.Next(time.Now(), sim.Call{Op: sim.OpConnect, Key: q.Path})
	h.s.calls.Add(simwire.Call{At: time.Now(), Host: r.Host, Method: q.Method, Path: q.Path, Query: q.RawQuery, Op: sim.OpConnect, Fault: c.fate.Fault})
	if !h.s.hosts.Admit(w, r, c.fate, func() simwire.Answer { return h.write(c.says().refused) }) {
		return false
	}
	refused := h.weighConnect(q.Remote)
	if refused == nil && weight > 0 {
		refused = h.weigh(q.Remote, weight)
	}
	if refused != nil {
		h.write(refused).Write(w)
	}
	return refused == nil
}

// weighConnect counts connections of an address: 300 in five minutes.
func (h *half) weighConnect(remote string) *refusal {
	if r := h.s.meter.Spend(limitConnects, h.name+" "+remote, 1); r.Refused {
		return limited(r, "Too many connection attempts from IP; current limit is %d per '5 MINUTE'.", r.Max)
	}
	return nil
}

// end closes the subscriptions.
func (s *session) end() {
	s.mu.Lock()
	subs := s.subs
	s.subs = nil
	s.mu.Unlock()
	for _, f := range subs {
		s.h.unfollow(f)
	}
}

// handle takes one request.
func (s *session) handle(text []byte) {
	var q request
	bad := json.Unmarshal(text, &q) != nil
	if len(q.ID) == 0 {
		q.ID = json.RawMessage("null")
	}
	c := &call{h: s.h, op: s.h.methods[q.Method], remote: s.remote, session: s}
	refused := (*refusal)(nil)
	switch {
	case bad:
		refused = refuse(-1135, "Invalid JSON Request")
	case c.op == nil:
		refused = refuse(-1020, "Unknown method '%.60s'.", q.Method)
	default:
		c.signed, refused = object(q.Params)
	}
	if c.op == nil {
		c.op = &op{kind: sim.OpRead}
	}
	if c.params.get("apiKey") == "" {
		c.key = s.key()
	}
	c.meet()
	s.h.s.calls.Add(simwire.Call{At: time.Now(), Host: s.h.name + "api", Method: q.Method, Body: string(text), Op: c.op.kind, Key: c.subject(), Fault: c.fate.Fault})
	act := func() []byte {
		if refused != nil {
			return c.respond(q.ID, result{refused: refused})
		}
		one := *c
		return one.respond(q.ID, one.run())
	}
	s.socket.Meet(c.fate, act, func() []byte { return c.respond(q.ID, c.says()) })
}

// respond is a result as the WebSocket API tells it.
func (c *call) respond(id json.RawMessage, res result) []byte {
	r := response{ID: id, Status: res.status(), Result: res.value}
	if e := res.refused; e != nil {
		r.Error = &apiError{Code: e.code, Msg: e.msg, Data: e.data}
		if e.code == 0 {
			r.Error.Code = -1000
		}
		if !e.until.IsZero() {
			r.Error.Data = apiRetry{Now: time.Now().UnixMilli(), Until: e.until.UnixMilli()}
		}
	}
	if show, _ := c.params.flag("returnRateLimits"); show || !c.session.quiet && c.params.get("returnRateLimits") == "" {
		r.Limits = c.usage()
	}
	return simwire.Encode(&r)
}

// sessionStatus is the answer to session.status, session.logon and session.logout.
type sessionStatus struct {
	Key       *string `json:"apiKey"`
	Since     *int64  `json:"authorizedSince"`
	Connected int64   `json:"connectedSince"`
	Limits    bool    `json:"returnRateLimits"`
	Now       int64   `json:"serverTime"`
	Stream    bool    `json:"userDataStream"`
}

func (s *session) status() sessionStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := sessionStatus{Connected: s.began.UnixMilli(), Limits: !s.quiet, Now: time.Now().UnixMilli(), Stream: len(s.subs) > 0}
	if s.logged != nil {
		since := s.since.UnixMilli()
		r.Key, r.Since = &s.logged.Key.Key, &since
	}
	return r
}

func (c *call) sessionLogon() (any, *refusal) {
	if !c.key.logs {
		return nil, refuse(-1099, "Not found, unauthenticated, or unauthorized")
	}
	if c.signature == "" {
		return nil, missing("signature")
	}
	s := c.session
	s.mu.Lock()
	s.logged, s.since = c.key, time.Now()
	s.mu.Unlock()
	return s.status(), nil
}

func (c *call) sessionStatus() (any, *refusal) { return c.session.status(), nil }

func (c *call) sessionLogout() (any, *refusal) {
	c.session.mu.Lock()
	c.session.logged = nil
	c.session.mu.Unlock()
	return c.session.status(), nil
}

// maxSubscriptions is how many order streams one connection may have.
const maxSubscriptions = 1000

// subscribe begins the order stream of the request's account on its connection.
func (c *call) subscribe() (any, *refusal) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.subs {
		if f.account == c.key.Account {
			return nil, refuse(-2035, "User Data Stream subscription already active.")
		}
	}
	if s.subs == nil || len(s.subs) >= maxSubscriptions {
		return nil, refuse(-1191, "Too many subscriptions. Connection may create up to '%d' subscriptions at a time.", maxSubscriptions)
	}
	id := s.nextID
	s.nextID++
	f := &follower{half: s.h, account: c.key.Account, socket: s.socket}
	f.wrap = func(event []byte) []byte {
		return append(append([]byte(`{"subscriptionId":`+strconv.Itoa(id)+`,"event":`), event...), '}')
	}
	f.lost = func() {
		s.socket.Send(f.wrap(simwire.Encode(endedEvent{E: "eventStreamTerminated", At: time.Now().UnixMilli()})))
		s.socket.End(simwire.EndSlow)
	}
	s.subs[id] = f
	s.h.follow(f)
	return subscription{id}, nil
}

type subscription struct {
	ID int `json:"subscriptionId"`
}

type endedEvent struct {
	E  string `json:"e"`
	At int64  `json:"E"`
}

// subscribeSession is subscribe of who has logged on.
func (c *call) subscribeSession() (any, *refusal) {
	if c.key = c.session.key(); c.key == nil {
		return nil, refuse(-2015, "Invalid API-key, IP, or permissions for action.").at(http.StatusUnauthorized)
	}
	return c.subscribe()
}

// unsubscribe ends one subscription of the connection, or all.
func (c *call) unsubscribe() (any, *refusal) {
	id, r := c.params.integer("subscriptionId", -1)
	if r != nil {
		return nil, r
	}
	s := c.session
	var ended []*follower
	s.mu.Lock()
	for n, f := range s.subs {
		if id < 0 || int64(n) == id {
			ended = append(ended, f)
			delete(s.subs, n)
		}
	}
	s.mu.Unlock()
	if len(ended) == 0 {
		return nil, refuse(-2036, "User Data Stream subscription not active.")
	}
	for _, f := range ended {
		s.h.unfollow(f)
	}
	return struct{}{}, nil
}

// subscriptions lists those of the connection.
func (c *call) subscriptions() (any, *refusal) {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	list := []subscription{}
	for id := range c.session.nextID {
		if c.session.subs[id] != nil {
			list = append(list, subscription{id})
		}
	}
	return list, nil
}
