package binancetest

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// listenKey opens the stream of one futures account for an hour.
type listenKey struct {
	text    string
	account exchange.AccountID
	timer   *time.Timer
	until   time.Time
	sockets map[*simwire.Socket]func() // what ends each stream that it opened
}

type listenKeyAnswer struct {
	Key string `json:"listenKey"`
}

// keyOf is the account's listen key; nil: it has none. The mutex is held.
func (s *Server) keyOf(a exchange.AccountID) *listenKey {
	for _, k := range s.keysOf {
		if k.account == a {
			return k
		}
	}
	return nil
}

// newListenKey makes the account's key, or prolongs the one that it has.
func (c *call) newListenKey() (any, *refusal) {
	if c.key.SpotOnly {
		return nil, forbidden()
	}
	s := c.h.s
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keyOf(c.key.Account)
	if k == nil {
		s.names++
		n := strconv.Itoa(s.names)
		k = &listenKey{text: strings.Repeat("x", 64-len(n)) + n, account: c.key.Account, sockets: map[*simwire.Socket]func(){}}
		k.timer = time.AfterFunc(s.cfg.Timing.ListenKey, func() { s.expire(k, false) })
		s.keysOf[k.text] = k
	}
	k.prolong(s.cfg.Timing.ListenKey)
	return listenKeyAnswer{k.text}, nil
}

func (k *listenKey) prolong(d time.Duration) {
	k.timer.Reset(d)
	k.until = time.Now().Add(d)
}

// keepListenKey prolongs it.
func (c *call) keepListenKey() (any, *refusal) {
	s := c.h.s
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keyOf(c.key.Account)
	if k == nil {
		return nil, refuse(-1125, "This listenKey does not exist.")
	}
	k.prolong(s.cfg.Timing.ListenKey)
	return listenKeyAnswer{k.text}, nil
}

// endListenKey ends it, and the streams that it opened.
func (c *call) endListenKey() (any, *refusal) {
	s := c.h.s
	s.mu.Lock()
	k := s.keyOf(c.key.Account)
	s.mu.Unlock()
	if k == nil {
		return nil, refuse(-1125, "This listenKey does not exist.")
	}
	s.expire(k, true)
	return struct{}{}, nil
}

// ExpireListenKeys ends all listen keys of the futures accounts now: their streams say listenKeyExpired, and nothing more.
func (s *Server) ExpireListenKeys() {
	s.mu.Lock()
	var all []*listenKey
	for _, k := range s.keysOf {
		all = append(all, k)
	}
	s.mu.Unlock()
	for _, k := range all {
		s.expire(k, true)
	}
}

// expire ends a key: by its clock, unless it was prolonged meanwhile, or now.
func (s *Server) expire(k *listenKey, now bool) {
	s.mu.Lock()
	if s.closed || s.keysOf[k.text] != k || !now && time.Now().Before(k.until) {
		s.mu.Unlock()
		return
	}
	delete(s.keysOf, k.text)
	k.timer.Stop()
	var ends []func()
	for _, end := range k.sockets {
		ends = append(ends, end)
	}
	s.mu.Unlock()
	for _, end := range ends {
		end()
	}
}

// expired is the last event of a futures stream; its time is a text.
type expired struct {
	E   string `json:"e"`
	At  string `json:"E"`
	Key string `json:"listenKey"`
}

// serveAccount is a connection to the streams of futures accounts: one key on /ws, any number on /stream.
func (h *half) serveAccount(w http.ResponseWriter, r *http.Request, q *simwire.Request, combined bool) {
	var texts []string
	for _, p := range q.Query {
		if p.Name == "listenKey" {
			texts = append(texts, p.Value)
		}
	}
	if len(texts) == 0 { // the key in the path
		_, text, _ := strings.Cut(strings.TrimPrefix(q.Path, "/private/"), "/")
		texts = []string{text}
	}
	wanted := strings.FieldsFunc(q.Get("events"), func(r rune) bool { return r == '/' })
	cfg := h.socketConfig(privateSocket)
	socket, err := h.s.hosts.Upgrade(w, r, cfg)
	if err != nil {
		return
	}
	var all []*follower
	for _, text := range texts {
		if f := h.open(socket, text, wanted, combined); f != nil {
			all = append(all, f)
		}
	}
	v := &viewer{h: h, socket: socket, topics: simwire.NewTopics(socket, h.s.floor), group: "private"}
	v.combined.Store(combined)
	socket.Run(v.handle)
	for _, f := range all {
		h.unfollow(f)
	}
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	for _, k := range h.s.keysOf {
		delete(k.sockets, socket)
	}
}

// open follows the account of a listen key; one that is not known stays silent.
func (h *half) open(socket *simwire.Socket, text string, wanted []string, combined bool) *follower {
	h.s.mu.Lock()
	k := h.s.keysOf[text]
	h.s.mu.Unlock()
	if k == nil {
		return nil
	}
	f := &follower{half: h, account: k.account, socket: socket, wrap: func(event []byte) []byte { return slices.Clone(event) }}
	if combined {
		f.wrap = func(event []byte) []byte {
			return append(append([]byte(`{"stream":"`+text+`","data":`), event...), '}')
		}
	}
	if len(wanted) > 0 {
		f.wants = func(name string) bool { return slices.Contains(wanted, name) }
	}
	f.lost = func() { socket.End(simwire.EndSlow) }
	h.follow(f)
	h.s.mu.Lock()
	k.sockets[socket] = func() {
		h.unfollow(f)
		at := strconv.FormatInt(time.Now().UnixMilli(), 10)
		socket.Send(f.wrap(simwire.Encode(expired{"listenKeyExpired", at, text})))
	}
	h.s.mu.Unlock()
	return f
}

// countdownKey is what a dead man's switch is for.
type countdownKey struct {
	account exchange.AccountID
	m       *market
}

// countdown arms the account's dead man's switch on a symbol, or disarms it.
func (c *call) countdown() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	text, refused := c.params.must("countdownTime")
	if refused != nil {
		return nil, refused
	}
	n, refused := c.params.integer("countdownTime", 0)
	if refused != nil {
		return nil, refused
	}
	if n > math.MaxInt64/int64(time.Millisecond) {
		return nil, refuse(-1130, "Data sent for parameter 'countdownTime' is not valid.")
	}
	s, k := c.h.s, countdownKey{c.key.Account, m}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.timers[k]; t != nil {
		t.Stop()
		delete(s.timers, k)
	}
	if n > 0 && !s.closed {
		s.timers[k] = time.AfterFunc(time.Duration(n)*time.Millisecond, func() {
			s.act(func(now time.Time, e *sim.Engine) { e.CancelAll(now, k.account, m.ins.Market.Symbol) })
		})
	}
	return words{"symbol": m.symbol, "countdownTime": text}, nil
}
