package okxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

const (
	publicPath  = "/ws/v5/public"
	privatePath = "/ws/v5/private"
)

// How a connection is treated.
const (
	silence      = 30 * time.Second // of both sides: then it is closed
	maxArgs      = 64 << 10         // bytes of one message
	hourly       = 480              // logins, subscriptions and their ends in an hour
	maxConns     = 30               // connections of an account to one private channel
	closeSilent  = 4004
	closeTooMuch = 4008
)

// session is one WebSocket connection.
type session struct {
	*Server
	socket  *simwire.Socket
	topics  *simwire.Topics
	id      string // connId
	remote  string
	private bool
	key     atomic.Pointer[Key] // since the login
	hour    time.Time           // requests are counted from then on; of the reading goroutine, as n
	n       int
	counted map[string]bool     // private channels that this connection is counted for; guarded by Server.mu
	joined  map[string]*account // accounts that it follows, by topic; it belongs to the floor
}

// serveSocket is a WebSocket host.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	remote, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		remote = r.RemoteAddr
	}
	if r.URL.Path != publicPath && r.URL.Path != privatePath {
		simwire.JSON(http.StatusNotFound, envelope{Code: "60017", Message: "Invalid url path", Data: none}).Write(w)
		return
	}
	fate := s.injector.Next(time.Now(), sim.Call{Op: sim.OpConnect, Key: r.URL.Path})
	if !s.hosts.Admit(w, r, fate, func() simwire.Answer { return s.unwelcome(remote, fate) }) {
		return
	}
	if s.meter.Read(limitFront, remote).Refused {
		forbidden().Write(w)
		return
	}
	if !s.spend(limitConnects, remote, 1) {
		s.says(no("50011")).Write(w)
		return
	}
	socket, err := s.hosts.Upgrade(w, r, simwire.SocketConfig{MaxMessage: maxArgs, Idle: silence, PushKeeps: true, Code: closeCode})
	if err != nil {
		return
	}
	x := &session{Server: s, socket: socket, id: fmt.Sprintf("%08x", s.conns.Add(1)), remote: remote, private: r.URL.Path == privatePath,
		hour: time.Now(), counted: make(map[string]bool), joined: make(map[string]*account)}
	s.enter(x)
	x.topics = simwire.NewTopics(socket, s.floor)
	ending := socket.Run(x.message)
	s.leave(x)
	for topic := range x.joined {
		x.part(topic)
	}
	s.log.Debug("okxtest: a connection has ended", "id", x.id, "why", string(ending))
}

// unwelcome is the answer to a handshake that meets a fault.
func (s *Server) unwelcome(remote string, fate sim.Fate) simwire.Answer {
	if fate.Fault == sim.Banned {
		s.meter.Ban(limitFront, remote, fate.For)
		return forbidden()
	}
	return s.says(excuse(fate.Fault))
}

// closeCode is what the venue closes with.
func closeCode(_ *simwire.Socket, e simwire.Ending) (int, string) {
	switch e {
	case simwire.EndIdle:
		return closeSilent, "No data received in 30s."
	case simwire.EndSlow:
		return closeTooMuch, "The channel is too slow."
	}
	return websocket.CloseGoingAway, ""
}

func (s *Server) enter(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[x] = struct{}{}
}

func (s *Server) leave(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x)
	for _, channel := range sortedKeys(x.counted) {
		s.counts[channel]--
	}
}

// request is what a client says over WebSocket.
type request struct {
	ID      word            `json:"id"`
	Op      string          `json:"op"`
	ExpTime word            `json:"expTime"`
	Args    json.RawMessage `json:"args"`
}

// event is what the venue says besides pushes and answers to orders.
type event struct {
	ID      string          `json:"id,omitempty"`
	Event   string          `json:"event"`
	Arg     json.RawMessage `json:"arg,omitempty"`
	Code    string          `json:"code,omitempty"`
	Message *string         `json:"msg,omitempty"`
	Channel string          `json:"channel,omitempty"`
	Count   string          `json:"connCount,omitempty"`
	ConnID  string          `json:"connId"`
}

func (x *session) event(e event) []byte {
	e.ConnID = x.id
	return simwire.Encode(e)
}

// refused is the event of a request that is refused.
func (x *session) refused(id word, r *refusal) []byte {
	return x.event(event{ID: string(id), Event: "error", Code: r.code, Message: &r.message})
}

// message takes one message of the client's.
func (x *session) message(text []byte) {
	if string(text) == "ping" {
		x.socket.Send([]byte("pong"))
		return
	}
	var q request
	if err := json.Unmarshal(text, &q); err != nil {
		x.socket.Send(x.refused("", no("60012", text)))
		return
	}
	if !alphanumeric(string(q.ID), 32) {
		x.socket.Send(x.refused("", no("60012", text)))
		return
	}
	switch _, orders := shapes[q.Op]; {
	case q.Op == "login", q.Op == "subscribe", q.Op == "unsubscribe":
		if !x.allowed(time.Now()) {
			x.socket.Send(x.refused(q.ID, no("60014")))
			return
		}
		x.control(&q, text)
	case orders && q.ID != "" && x.private:
		x.orders(&q)
	default:
		x.socket.Send(x.refused(q.ID, no("60012", text)))
	}
}

// allowed counts a request against those of an hour.
func (x *session) allowed(now time.Time) bool {
	if now.Sub(x.hour) >= time.Hour {
		x.hour, x.n = now, 0
	}
	x.n++
	return x.n <= hourly || x.cfg.Unlimited
}

// control does logins, subscriptions and their ends. The request's bytes are lost after the call.
func (x *session) control(q *request, text []byte) {
	if q.Op == "login" {
		var args []loginArg
		if json.Unmarshal(q.Args, &args) != nil || len(args) != 1 {
			x.socket.Send(x.refused(q.ID, no("60012", text)))
			return
		}
		x.signIn(q.ID, args[0])
		return
	}
	var args []json.RawMessage
	if json.Unmarshal(q.Args, &args) != nil || len(args) == 0 {
		x.socket.Send(x.refused(q.ID, no("60012", text)))
		return
	}
	for _, raw := range args {
		var a channelArg
		if json.Unmarshal(raw, &a) != nil || a.Channel == "" {
			x.socket.Send(x.refused(q.ID, no("60012", text)))
			continue
		}
		if q.Op == "unsubscribe" {
			x.unsubscribe(q.ID, a, bytes.Clone(raw))
			continue
		}
		x.subscribe(q.ID, a, bytes.Clone(raw))
	}
}

// meet lets a request, or a part of one, meet its fate. What comes next on the connection depends on it, and must not overtake its answer: all
// of the way lies before the act.
func (x *session) meet(fate sim.Fate, act, says func() []byte) {
	fate.In, fate.Out = fate.In+fate.Out, 0
	x.socket.Meet(fate, act, says)
}

// signIn makes the connection an account's.
func (x *session) signIn(id word, a loginArg) {
	fate := x.injector.Next(time.Now(), sim.Call{Op: sim.OpLogin, Key: a.APIKey, Deadline: loginDeadline(a.Timestamp)})
	x.meet(fate, func() []byte {
		key, bad := x.login(time.Now(), &a)
		if bad != nil {
			return x.refused(id, bad)
		}
		x.key.Store(key)
		ok := ""
		return x.event(event{ID: string(id), Event: "login", Code: "0", Message: &ok})
	}, func() []byte { return x.refused(id, x.excuse(fate.Fault)) })
}

func loginDeadline(seconds word) time.Time {
	at := deadline(string(seconds) + "000")
	if at.IsZero() {
		return at
	}
	return at.Add(skew)
}

// excuse is the venue's words for a fault over WebSocket.
func (x *session) excuse(f sim.Fault) *refusal {
	switch f {
	case sim.RateLimited, sim.Banned:
		return no("60014")
	case sim.Skew:
		return no("60006")
	case sim.ServerError:
		return no("63999")
	}
	return no("64007", "request")
}

// upgrade is Server.Upgrade.
func (s *Server) upgrade(wait time.Duration) {
	s.mu.Lock()
	all := make([]*session, 0, len(s.sessions))
	for x := range s.sessions {
		all = append(all, x)
	}
	s.mu.Unlock()
	words := no("64008")
	for _, x := range all {
		x.socket.Send(x.event(event{Event: "notice", Code: words.code, Message: &words.message}))
	}
	s.hosts.Go(func() {
		if !s.hosts.Wait(wait) {
			return
		}
		for _, x := range all {
			x.socket.End(simwire.EndAge)
		}
	})
}
