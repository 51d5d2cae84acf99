package bybittest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// client is one socket, of whatever sort.
type client struct {
	s      *Server
	socket *simwire.Socket
	topics *simwire.Topics
	id     string
	remote string
	kind   exchange.Kind // of a public socket

	// What requests change is theirs while it is their turn, see Meet of simwire's Socket.
	args    int       // letters of all topics that were asked for
	key     *verifier // logged in; nil: not
	asked   ring[string, bool]
	watched []product // whose switches it has subscribed to
}

// command is a message of a client's. The sockets spell the id differently.
type command struct {
	ReqID  *string           `json:"req_id"`
	ReqID2 *string           `json:"reqId"`
	Op     string            `json:"op"`
	Args   []json.RawMessage `json:"args"`
	Header map[string]string `json:"header"`
}

// serveSocket is the handler of the stream host.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	handle, kind := s.socketAt(r.URL.Path)
	if handle == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	remote := hostOf(r.RemoteAddr)
	forbidden := !s.meter.Read(byAddress, remote).Banned.IsZero() || s.meter.Spend(byConnect, remote, 1).Refused
	fate := s.injector.Next(time.Now(), sim.Call{Op: sim.OpConnect, Key: r.URL.Path})
	if forbidden {
		frequent(s.now()).Write(w)
		return
	}
	if !s.hosts.Admit(w, r, fate, func() simwire.Answer { return s.turnedAway(fate, remote) }) {
		return
	}
	socket, err := s.hosts.Upgrade(w, r, simwire.SocketConfig{Idle: s.idle(r), PushKeeps: true})
	if err != nil {
		return // it has been told
	}
	c := &client{s: s, socket: socket, id: s.id("sim-"), remote: remote, kind: kind}
	c.topics = simwire.NewTopics(socket, s.floor)
	socket.Run(func(text []byte) {
		var m command
		if err := json.Unmarshal(text, &m); err != nil {
			c.puzzled(r.URL.Path, text)
			return
		}
		handle(c, &m)
	})
	c.unwatch()
}

// pathTrade is the order entry socket's.
const pathTrade = "/v5/trade"

// socketAt is what a path speaks.
func (s *Server) socketAt(path string) (func(*client, *command), exchange.Kind) {
	switch path {
	case "/v5/public/spot":
		return (*client).public, exchange.Spot
	case "/v5/public/linear":
		return (*client).public, exchange.Perp
	case "/v5/private":
		return (*client).private, 0
	case pathTrade:
		return (*client).trade, 0
	}
	return nil, 0
}

func hostOf(remote string) string {
	if i := strings.LastIndexByte(remote, ':'); i >= 0 {
		return remote[:i]
	}
	return remote
}

// turnedAway is what a handshake hears that met a fault.
func (s *Server) turnedAway(fate sim.Fate, remote string) simwire.Answer {
	switch fate.Fault {
	case sim.Banned:
		s.meter.Ban(byAddress, remote, fate.For)
		return frequent(s.now())
	case sim.RateLimited, sim.Overloaded503:
		return simwire.Answer{Status: http.StatusTooManyRequests}
	}
	return simwire.Answer{Status: http.StatusServiceUnavailable}
}

// idle is how long a socket may be silent: what the client asks for, within the venue's bounds.
func (s *Server) idle(r *http.Request) time.Duration {
	d, err := time.ParseDuration(r.URL.Query().Get("max_active_time"))
	if err != nil || d < 30*time.Second || d > 10*time.Minute {
		return s.cfg.Idle
	}
	return d
}

func (c *client) say(v any) { c.socket.Send(simwire.Encode(v)) }

// puzzled answers what is no message, in the socket's own shape, so that its sender does not wait for ever.
func (c *client) puzzled(path string, text []byte) {
	if path != pathTrade {
		c.say(object{"success": false, "ret_msg": "error:invalid message", "conn_id": c.id, "req_id": "", "op": ""})
		return
	}
	var m struct {
		ReqID json.RawMessage `json:"reqId"`
		Op    json.RawMessage `json:"op"`
	}
	_ = json.Unmarshal(text, &m) // what can be read of it
	r := object{"retCode": codeParams, "retMsg": "Request parameter error.", "op": "", "data": object{}, "retExtInfo": object{}, "connId": c.id}
	if m.Op != nil {
		r["op"] = m.Op
	}
	if m.ReqID != nil {
		r["reqId"] = m.ReqID
	}
	c.say(r)
}

// meet lets a request that is no order meet its fate.
func (c *client) meet(op sim.Op, key string, deadline time.Time, act func() []byte, says func(*refusal) []byte) {
	fate := c.s.injector.Next(time.Now(), sim.Call{Op: op, Key: key, Deadline: deadline})
	fate.In, fate.Out = fate.In+fate.Out, 0 // neither what is pushed nor the next answer may overtake this one
	c.socket.Meet(fate, act, func() []byte { return says(c.s.words(fate, false)) })
}

// acknowledge answers a request of a public or a private socket. The two kinds of markets spell success differently.
func (c *client) acknowledge(m *command, no *refusal) []byte {
	r := object{"success": no == nil, "ret_msg": "", "conn_id": c.id, "op": m.Op}
	switch {
	case no != nil && m.Op == "auth":
		r["ret_msg"], r["retCode"] = no.text, no.code
	case no != nil:
		r["ret_msg"] = no.text
	case m.Op != "auth" && c.kind == exchange.Spot && c.key == nil:
		r["ret_msg"] = m.Op
	}
	if m.ReqID != nil {
		r["req_id"] = *m.ReqID
	}
	return simwire.Encode(r)
}

// texts are the args as topics.
func (m *command) texts() ([]string, bool) {
	var r []string
	for _, a := range m.Args {
		var t string
		if json.Unmarshal(a, &t) != nil {
			return nil, false
		}
		r = append(r, t)
	}
	return r, len(r) > 0
}

// maxArgs bounds the letters of all topics of a socket.
const maxArgs = 21_000

// topic makes the subscription of a name; nil: there is none such.
type topic func(c *client, e *sim.Engine, name string) *simwire.Topic

// subscribe subscribes to all topics or to none. What is told begins with the state at the answer.
func (c *client) subscribe(m *command, most int, make topic) *refusal {
	names, ok := m.texts()
	switch {
	case !ok:
		return refuse(codeParams, "error:invalid args")
	case len(names) > most:
		return refuse(codeParams, "args size >%d", most)
	}
	length := c.args
	for _, n := range names {
		if length += len(n); length > maxArgs {
			return refuse(codeParams, "error:args of a connection are limited to %d characters", maxArgs)
		}
	}
	var made []simwire.Topic
	have := c.topics.Names()
	var no *refusal
	c.s.floor.Read(func(_ time.Time, e *sim.Engine) {
		for _, n := range names {
			t := make(c, e, n)
			switch {
			case t == nil:
				no = refuse(codeParams, "error:handler not found,topic:%s", n)
			case slices.Contains(have, n):
				no = refuse(codeParams, "error:already subscribed,topic:%s", n)
			default:
				made, have = append(made, *t), append(have, n)
			}
		}
	})
	if no != nil {
		return no
	}
	c.args = length
	c.socket.Send(c.acknowledge(m, nil))
	for _, t := range made {
		c.topics.Add(t)
		c.watch(t.Name)
	}
	return nil
}

func (c *client) unsubscribe(m *command) *refusal {
	names, ok := m.texts()
	if !ok {
		return refuse(codeParams, "error:invalid args")
	}
	for _, n := range names {
		if c.topics.Remove(n) {
			c.args -= len(n)
		}
	}
	return nil
}

// change handles subscribe and unsubscribe, where allowed has nothing against it.
func (c *client) change(m *command, most int, make topic, allowed func() *refusal) {
	act := func() []byte {
		if no := allowed(); no != nil {
			return c.acknowledge(m, no)
		}
		if m.Op == "unsubscribe" {
			return c.acknowledge(m, c.unsubscribe(m))
		}
		if no := c.subscribe(m, most, make); no != nil {
			return c.acknowledge(m, no)
		}
		return nil // it has been said, before the first message
	}
	names, _ := m.texts()
	c.meet(sim.OpSubscribe, strings.Join(names, ","), time.Time{}, act, func(no *refusal) []byte { return c.acknowledge(m, no) })
}

// credentials are the args of auth.
func (m *command) credentials() (key string, expires int64, sign string, ok bool) {
	if len(m.Args) != 3 {
		return "", 0, "", false
	}
	var n integer
	ok = json.Unmarshal(m.Args[0], &key) == nil && json.Unmarshal(m.Args[1], &n) == nil && json.Unmarshal(m.Args[2], &sign) == nil
	return key, int64(n), sign, ok
}

// login checks an auth request.
func (c *client) login(m *command) *refusal {
	key, expires, sign, ok := m.credentials()
	v := c.s.keys[key]
	switch {
	case !ok:
		return refuse(codeParams, "Params Error")
	case c.key != nil:
		return refuse(codeRepeated, "Repeat auth")
	case v == nil:
		return refuse(codeKey, "Invalid apikey")
	case expires <= c.s.now().UnixMilli():
		return expired()
	case !v.accepts(sign, "GET/realtime"+strconv.FormatInt(expires, 10), nil):
		return refuse(codeSign, "Invalid sign")
	}
	c.key = v
	return nil
}

func expired() *refusal { return refuse(codeSign, "Request has expired") }

// auth handles a login; answer spells it for the socket.
func (c *client) auth(m *command, answer func(*refusal) []byte) {
	_, expires, _, _ := m.credentials()
	key := "auth"
	c.meet(sim.OpLogin, key, time.UnixMilli(expires), func() []byte { return answer(c.login(m)) }, func(no *refusal) []byte {
		if no.code == codeTime { // of a login the venue says it so
			no = expired()
		}
		return answer(no)
	})
}
