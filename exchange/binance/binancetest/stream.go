package binancetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// viewer is one connection to the public streams.
type viewer struct {
	h        *half
	socket   *simwire.Socket
	topics   *simwire.Topics
	group    string      // of futures: "public", "market", "" for the address of old
	combined atomic.Bool // events have their stream's name around them
	differs  []*differ   // the floor guards it
}

// maxStreams is how many one connection may follow.
const maxStreams = 1024

// serveStream is a connection to the streams: /ws/<name> and /stream?streams=<name>/<name>, of futures behind /public, /market or /private.
func (h *half) serveStream(w http.ResponseWriter, r *http.Request) {
	q, err := simwire.ReadRequest(r)
	if err != nil {
		simwire.Answer{Status: http.StatusBadRequest}.Write(w)
		return
	}
	group, path := "", strings.TrimPrefix(q.Path, "/")
	if first, rest, _ := strings.Cut(path, "/"); h.kind == exchange.Perp && (first == "public" || first == "market" || first == "private") {
		group, path = first, rest
	}
	root, names, _ := strings.Cut(path, "/")
	combined := root == "stream"
	if combined {
		names = q.Get("streams")
	}
	if root != "ws" && !combined {
		simwire.Answer{Status: http.StatusNotFound}.Write(w)
		return
	}
	if !h.connect(w, r, q, 0) {
		return
	}
	if group == "private" {
		h.serveAccount(w, r, q, combined)
		return
	}
	cfg := h.socketConfig(streamSocket)
	if h.kind == exchange.Spot {
		cfg.NoticeFor = h.s.cfg.Timing.Notice
		cfg.Notice = func(s *simwire.Socket) { s.Send(shutdown(combined)) }
	}
	socket, err := h.s.hosts.Upgrade(w, r, cfg)
	if err != nil {
		return
	}
	v := &viewer{h: h, socket: socket, topics: simwire.NewTopics(socket, h.s.floor), group: group}
	v.combined.Store(combined)
	for name := range strings.SplitSeq(names, "/") {
		if name != "" {
			v.subscribe(name)
		}
	}
	socket.Run(v.handle)
}

// shutdown is what spot says before it closes a connection.
func shutdown(combined bool) []byte {
	text := simwire.Encode(endedEvent{E: "serverShutdown", At: time.Now().UnixMilli()})
	if combined {
		text = append(append([]byte(`{"stream":"serverShutdown","data":`), text...), '}')
	}
	return text
}

// command is what a client sends: a subscription, or a question about them.
type command struct {
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
	ID     json.RawMessage   `json:"id"`
}

type ack struct {
	Result any             `json:"result"`
	ID     json.RawMessage `json:"id"`
}

// handle takes one message of the client's.
func (v *viewer) handle(text []byte) {
	var c command
	bad := json.Unmarshal(text, &c) != nil
	if len(c.ID) == 0 {
		c.ID = json.RawMessage("null")
	}
	names, ok := c.names()
	bad = bad || !ok
	id := slices.Clone(c.ID)
	fate := v.h.s.injector.Next(time.Now(), sim.Call{Op: sim.OpSubscribe, Key: strings.Join(names, ",")})
	v.socket.Meet(fate, func() []byte {
		if bad {
			return v.refusal(2, "Invalid request: request must be a JSON object with method, params and id", id)
		}
		return v.obey(c, names, id)
	}, func() []byte {
		return v.refusal(1, "Too many requests", id)
	})
}

// names are the streams that c is about.
func (c *command) names() (names []string, ok bool) {
	if c.Method != "SUBSCRIBE" && c.Method != "UNSUBSCRIBE" {
		return nil, c.Method != ""
	}
	for _, raw := range c.Params {
		var name string
		if json.Unmarshal(raw, &name) != nil {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// refusal is the venue's no to a message; the two markets put it differently.
func (v *viewer) refusal(code int, msg string, id json.RawMessage) []byte {
	if v.h.kind == exchange.Perp {
		return simwire.Encode(words{"error": errorBody{Code: code, Msg: msg}, "id": id})
	}
	return simwire.Encode(words{"code": code, "msg": msg, "id": id})
}

func (v *viewer) obey(c command, names []string, id json.RawMessage) []byte {
	switch c.Method {
	case "SUBSCRIBE":
		if len(v.topics.Names())+len(names) > maxStreams {
			return v.refusal(3, "Invalid request: too many streams", id)
		}
		for _, name := range names {
			v.subscribe(name)
		}
	case "UNSUBSCRIBE":
		for _, name := range names {
			v.unsubscribe(name)
		}
	case "LIST_SUBSCRIPTIONS":
		return simwire.Encode(ack{append([]string{}, v.topics.Names()...), id})
	case "SET_PROPERTY":
		if len(c.Params) == 2 && string(c.Params[0]) == `"combined"` {
			v.combined.Store(string(c.Params[1]) == "true")
		}
	case "GET_PROPERTY":
		return simwire.Encode(ack{v.combined.Load(), id})
	default:
		return v.refusal(2, "Invalid request: unknown variant `"+c.Method+"`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "+
			"`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`", id)
	}
	return simwire.Encode(ack{nil, id})
}

// subscribe follows a stream. One that does not exist, or that is another address's, is silent.
func (v *viewer) subscribe(name string) {
	silent := simwire.Topic{Name: name, Look: func(time.Time, *sim.Engine) time.Time { return time.Time{} }}
	symbol, kind, _ := strings.Cut(name, "@")
	kind, speed, _ := strings.Cut(kind, "@")
	m := v.h.byName[strings.ToUpper(symbol)]
	if m == nil || symbol != strings.ToLower(symbol) || v.group == "market" || v.group == "private" {
		v.topics.Add(silent)
		return
	}
	if every, ok := pace(m.kind, speed); ok && kind == "depth" {
		v.follow(&differ{m: m, s: v.h.s, socket: v.socket, name: name, wrap: v.wrap}, every)
		return
	}
	if b, ok := v.topic(m, name, kind, speed); ok {
		silent = simwire.NewBookTopic(v.socket, b)
	}
	v.topics.Add(silent)
}

// follow begins a subscription to differences, from the book as it is now.
func (v *viewer) follow(d *differ, every time.Duration) {
	if !slices.Contains(v.topics.Names(), d.name) {
		v.h.s.look(func(_ time.Time, e *sim.Engine) {
			v.differs = append(v.differs, d)
			d.begin(e)
		})
		v.topics.Add(simwire.Topic{Name: d.name, Every: every, Look: d.look})
	}
}

// unsubscribe ends a subscription.
func (v *viewer) unsubscribe(name string) {
	v.topics.Remove(name)
	v.h.s.look(func(time.Time, *sim.Engine) {
		v.differs = slices.DeleteFunc(v.differs, func(d *differ) bool {
			if d.name == name {
				d.leave()
			}
			return d.name == name
		})
	})
}

// topic is what a stream of whole tops of a book stands for: depth<levels>[@<speed>] or bookTicker.
func (v *viewer) topic(m *market, name, kind, speed string) (simwire.BookTopic, bool) {
	b := simwire.BookTopic{Name: name, Symbol: m.ins.Market.Symbol, Injector: v.h.s.injector, Key: m.ins.Market.String()}
	levels, partial := strings.CutPrefix(kind, "depth")
	switch {
	case kind == "bookTicker" && speed == "":
		b.Depth = 1
		b.Snapshot = func(now time.Time, book *exchange.Book, _ bool) []byte { return v.wrap(name, m.bookTicker(now, book)) }
		return b, true
	case !partial:
		return b, false
	case levels == "5" || levels == "10" || levels == "20":
		b.Depth, _ = strconv.Atoi(levels)
		b.Snapshot = func(now time.Time, book *exchange.Book, _ bool) []byte { return v.wrap(name, m.partial(now, book)) }
	default:
		return b, false
	}
	every, ok := pace(m.kind, speed)
	b.Every = every
	return b, ok
}

// pace is how often a stream of that speed tells.
func pace(k exchange.Kind, speed string) (time.Duration, bool) {
	switch {
	case speed == "100ms":
		return 100 * time.Millisecond, true
	case speed == "" && k == exchange.Spot:
		return time.Second, true
	case speed == "1000ms" && k == exchange.Spot:
		return time.Second, true
	case speed == "" && k == exchange.Perp, speed == "250ms" && k == exchange.Perp:
		return 250 * time.Millisecond, true
	case speed == "500ms" && k == exchange.Perp:
		return 500 * time.Millisecond, true
	case speed == "0ms" && k == exchange.Perp:
		return 0, true
	}
	return 0, false
}

func (v *viewer) wrap(name string, data []byte) []byte {
	if !v.combined.Load() {
		return data
	}
	text := append(make([]byte, 0, len(data)+len(name)+24), `{"stream":"`...)
	return append(append(append(append(text, name...), `","data":`...), data...), '}')
}

// beginUpdate is the head of a depthUpdate.
func (m *market) beginUpdate(now, changed time.Time) []byte {
	text := append(make([]byte, 0, 512), `{"e":"depthUpdate","E":`...)
	text = strconv.AppendInt(text, now.UnixMilli(), 10)
	if m.kind == exchange.Perp {
		text = strconv.AppendInt(append(text, `,"T":`...), ms(changed), 10)
	}
	text = append(append(append(text, `,"s":"`...), m.symbol...), `",`...)
	if m.kind == exchange.Perp {
		text = append(append(append(text, `"ps":"`...), m.symbol...), `","st":1,`...)
	}
	return text
}

// partial is the top of a book.
func (m *market) partial(now time.Time, b *exchange.Book) []byte {
	if m.kind == exchange.Spot {
		text := strconv.AppendUint([]byte(`{"lastUpdateId":`), b.Seq, 10)
		return append(m.appendSides(text, b, len(b.Bids)+len(b.Asks), `,"bids":`, `,"asks":`), '}')
	}
	text := m.beginUpdate(now, b.VenueTime)
	text = strconv.AppendUint(append(text, `"U":`...), b.Seq*perpStride, 10)
	text = strconv.AppendUint(append(text, `,"u":`...), b.Seq*perpStride, 10)
	text = strconv.AppendUint(append(text, `,"pu":`...), max(b.Seq, 1)*perpStride-perpStride, 10)
	return append(m.appendSides(text, b, len(b.Bids)+len(b.Asks), `,"b":`, `,"a":`), '}')
}

// bookTicker is the best price of either side; spot's has neither a name nor a time.
func (m *market) bookTicker(now time.Time, b *exchange.Book) []byte {
	bid, bids := m.top(b, exchange.Sell)
	ask, asks := m.top(b, exchange.Buy)
	t := bestPrice{Update: b.Seq, Symbol: m.symbol, Bid: bid, BidQty: bids, Ask: ask, AskQty: asks}
	if m.kind == exchange.Perp {
		t.E, t.Update, t.Now, t.Time, t.Pair, t.ST = "bookTicker", b.Seq*perpStride, now.UnixMilli(), ms(b.VenueTime), m.symbol, 1
	}
	return simwire.Encode(&t)
}

type bestPrice struct {
	E      string `json:"e,omitempty"`
	Update uint64 `json:"u"`
	Symbol string `json:"s"`
	Bid    string `json:"b"`
	BidQty string `json:"B"`
	Ask    string `json:"a"`
	AskQty string `json:"A"`
	Time   int64  `json:"T,omitempty"`
	Now    int64  `json:"E,omitempty"`
	Pair   string `json:"ps,omitempty"`
	ST     int    `json:"st,omitempty"`
}
