package okx

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// ProtocolConfig says what a connection carries.
type ProtocolConfig struct {
	// Channel is the channel to subscribe: "books" (default), "books50-l2-tbt" or "books-l2-tbt". Frames of all three are understood,
	// as recordings hold either; of one market, those of the channel whose snapshot comes first.
	Channel string

	// Symbols are the markets to follow. Frames about others are passed over.
	Symbols []exchange.Symbol

	// Instruments hold the rules of at least the perpetuals among Symbols: their sizes are counted in contracts, and nothing but the
	// instrument tells what a contract is worth. Others are ignored.
	Instruments []exchange.Instrument

	// AllowMissingSeq is for the replay of recordings that are older than seqId (before 2023), and for nothing else: it takes frames
	// without it in the order in which they come. Live, a frame without seqId makes its book invalid, because nothing tells any more
	// whether updates are missing.
	AllowMissingSeq bool
}

// Protocol is what OKX's public stream speaks: what a feed.Session connects with, and what a feed.Replay reads recordings with. Its topics
// are "CHANNEL:INSTID", such as "books:BTC-USDT-SWAP". An error wraps [exchange.ErrInvalid]: no symbols, a symbol twice, a perpetual without contract value.
func Protocol(cfg ProtocolConfig) (feed.Protocol, error) {
	p, err := newProtocol(cfg, Production())
	if err != nil {
		return nil, err
	}
	return p, nil
}

// protocol is immutable.
type protocol struct {
	endpoints Endpoints
	rule      book.OKX
	markets   []market
}

// market is what is known of a market before the first frame.
type market struct {
	id    exchange.Market
	inst  string
	topic string
	start exchange.Scale // of prices and base sizes
	coeff int64          // a contract is coeff * 10^exp of the base; 1 and 0 for spot
	exp   int8           // never above 0
}

func newProtocol(cfg ProtocolConfig, e Endpoints) (*protocol, error) {
	p := &protocol{endpoints: e, rule: book.OKX{AllowUnnumbered: cfg.AllowMissingSeq}}
	channel := cfg.Channel
	if channel == "" {
		channel = defaultChannel
	}
	if err := checkChannel(channel); err != nil {
		return nil, err
	}
	if len(cfg.Symbols) == 0 {
		return nil, fmt.Errorf("okx: a protocol without symbols: %w", exchange.ErrInvalid)
	}
	rules := map[exchange.Symbol]exchange.Instrument{}
	for _, in := range cfg.Instruments {
		if in.Market.Venue == Venue {
			rules[in.Market.Symbol] = in
		}
	}
	seen := map[string]bool{}
	for _, s := range cfg.Symbols {
		m, err := newMarket(s, rules)
		if err != nil {
			return nil, err
		}
		if seen[m.inst] {
			return nil, fmt.Errorf("okx: %s twice in a protocol: %w", m.inst, exchange.ErrInvalid)
		}
		seen[m.inst] = true
		m.topic = channel + ":" + m.inst
		p.markets = append(p.markets, m)
	}
	return p, nil
}

func newMarket(s exchange.Symbol, rules map[exchange.Symbol]exchange.Instrument) (market, error) {
	m := market{id: exchange.Market{Venue: Venue, Symbol: s}, coeff: 1}
	if _, err := exchange.ParseSymbol(s.String()); err != nil {
		return m, fmt.Errorf("okx: %w", err)
	}
	in, ok := rules[s]
	if !ok && s.Kind == exchange.Perp {
		return m, fmt.Errorf("okx: %s: no contract value known: %w", s, exchange.ErrInvalid)
	}
	if ok {
		m.inst, m.start = in.VenueSymbol, scan.ScaleOf(in.Tick, in.Lot)
	}
	if m.inst == "" {
		m.inst = string(s.Base) + "-" + string(s.Quote)
		if s.Kind == exchange.Perp {
			m.inst += "-SWAP"
		}
	}
	if s.Kind == exchange.Spot {
		return m, nil
	}
	places := max(in.Contract.Places(), 0)
	m.coeff, ok = in.Contract.Int64(-places)
	if !ok || m.coeff <= 0 || places > 18 {
		return m, fmt.Errorf("okx: %s: contract value %s: %w", s, in.Contract, exchange.ErrInvalid)
	}
	m.exp = int8(-places)
	return m, nil
}

func (p *protocol) topics() []string {
	r := make([]string, len(p.markets))
	for i, m := range p.markets {
		r[i] = m.topic
	}
	return r
}

// Spec implements [feed.Protocol].
func (p *protocol) Spec() feed.Spec {
	return feed.Spec{
		URL:            p.endpoints.Stream + publicPath,
		Heartbeat:      feed.Heartbeat{Interval: heartbeat, Text: []byte("ping")},
		TopicsPerFrame: topicsPerFrame,
		TopicsPerConn:  topicsPerConn,
		Rate:           sendRate,
		Acks:           feed.AckByTopic,
	}
}

type request struct {
	ID   string       `json:"id"`
	Op   string       `json:"op"`
	Args []requestArg `json:"args"`
}

type requestArg struct {
	Channel string `json:"channel"`
	InstID  string `json:"instId"`
}

// Subscribe implements [feed.Protocol].
func (p *protocol) Subscribe(id uint64, topics []string) []byte {
	return newRequest(id, "subscribe", topics)
}

// Unsubscribe implements [feed.Protocol].
func (p *protocol) Unsubscribe(id uint64, topics []string) []byte {
	return newRequest(id, "unsubscribe", topics)
}

func newRequest(id uint64, op string, topics []string) []byte {
	r := request{ID: strconv.FormatUint(id, 10), Op: op, Args: make([]requestArg, len(topics))}
	for i, t := range topics {
		r.Args[i].Channel, r.Args[i].InstID, _ = strings.Cut(t, ":")
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic("okx: strings that do not marshal: " + err.Error())
	}
	return b
}

// Owns implements [feed.Protocol]: the public stream and the REST API of OKX, on any of its hosts.
func (p *protocol) Owns(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	origin, host := u.Scheme+"://"+u.Host, u.Hostname()
	if origin != p.endpoints.Stream && origin != p.endpoints.REST && host != "okx.com" && !strings.HasSuffix(host, ".okx.com") {
		return false
	}
	switch u.Scheme {
	case "ws", "wss":
		return u.Path == publicPath
	case "http", "https":
		return strings.HasPrefix(u.Path, "/api/v5/")
	}
	return false
}

// decoder is one connection's books.
type decoder struct {
	emit func(*exchange.Book)

	mu    sync.Mutex // guards what follows
	read  reader
	books []*entry // in the order of Symbols
	byID  map[string]*entry
	p     *protocol
}

// entry is one followed market.
type entry struct {
	market
	book    *book.Book
	channel string // of the snapshot that came first; deltas of others do not belong to this book
	renewal book.Renewal
}

// Decoder implements [feed.Protocol].
func (p *protocol) Decoder(emit func(*exchange.Book)) feed.Decoder {
	d := &decoder{emit: emit, byID: make(map[string]*entry, len(p.markets)), p: p}
	for _, m := range p.markets {
		e := &entry{market: m, book: book.New(m.id, p.rule, m.start)}
		d.books = append(d.books, e)
		d.byID[m.inst] = e
	}
	d.read.start = d.start
	return d
}

// entry is the followed market of a push, nil where there is none.
func (d *decoder) entry(channel, inst []byte) *entry {
	switch string(channel) {
	case "books", "books50-l2-tbt", "books-l2-tbt":
		return d.byID[string(inst)]
	}
	return nil
}

// start is the scale in which a market's next message should be read: the book's own, in contracts.
func (d *decoder) start(channel, inst []byte) (exchange.Scale, bool) {
	e := d.entry(channel, inst)
	if e == nil || e.channel != "" && e.channel != string(channel) {
		return exchange.Scale{}, false
	}
	s := e.book.Scale()
	s.Size -= e.exp
	return s, true
}

// Frame implements [feed.Decoder].
func (d *decoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	if string(data) == "pong" {
		return feed.Message{Kind: feed.Pong}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.read.read(data)
	m := &d.read.m
	switch {
	case errors.Is(err, exchange.ErrScale):
		return d.fail(at, d.entry(m.channel, m.inst), err), nil
	case err != nil:
		return feed.Message{}, fmt.Errorf("okx: %w", err)
	case m.event != "":
		return d.control(m), nil
	case !m.followed:
		return feed.Message{}, nil
	}
	return d.apply(at, d.entry(m.channel, m.inst), m), nil
}

func (d *decoder) apply(at time.Time, e *entry, m *message) feed.Message {
	if e.coeff != 1 || e.exp != 0 {
		if err := m.update.Multiply(e.coeff, e.exp); err != nil {
			return d.fail(at, e, err)
		}
	}
	if m.update.Snapshot && e.channel == "" {
		e.channel = string(m.channel)
	}
	return d.tell(at, e, e.book.Apply(at, &m.update))
}

// fail is for a message whose numbers do not fit: its book is lost, the others are not.
func (d *decoder) fail(at time.Time, e *entry, reason error) feed.Message {
	return d.tell(at, e, e.book.Fail(at, fmt.Errorf("okx: %s: %w", e.id, reason)))
}

// tell emits what has to be emitted, and says what the frame was.
func (d *decoder) tell(at time.Time, e *entry, r book.Result) feed.Message {
	if r.Event != book.Unchanged {
		d.emit(e.book.View())
	}
	if e.renewal.Due(at, e.book.View().Err == nil, r.Need == book.Resubscribe) {
		return feed.Message{Kind: feed.Resubscribe, Topic: e.topic}
	}
	return feed.Message{Kind: feed.Data, Topic: e.topic}
}

func (d *decoder) control(m *message) feed.Message {
	r := feed.Message{}
	r.ID, _ = strconv.ParseUint(m.id, 10, 64) // 0 where the venue names none
	if e := d.byID[string(m.inst)]; e != nil && e.topic == string(m.channel)+":"+e.inst {
		r.Topic = e.topic
	}
	switch m.event {
	case "subscribe", "unsubscribe":
		r.Kind = feed.Ack
	case "error":
		r.Kind, r.Err = feed.Refused, refused("subscribe", m.code, m.text)
	case "notice":
		if m.code == "64008" { // the service restarts within a minute
			r.Kind = feed.Reconnect
		}
	}
	return r
}

// Answer implements [feed.Decoder]. Books come whole over the stream: REST answers are not needed, and passed over.
func (d *decoder) Answer(_ time.Time, url string, _ []byte) error {
	if !d.p.Owns(url) {
		return fmt.Errorf("okx: an answer to a request of another protocol: %w", exchange.ErrFrame)
	}
	return nil
}

// Lost implements [feed.Decoder].
func (d *decoder) Lost(at time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.books {
		reason := fmt.Errorf("okx: %s: %w", e.id, exchange.ErrDown)
		if cause != nil {
			reason = fmt.Errorf("okx: %s: %w: %w", e.id, exchange.ErrDown, cause)
		}
		e.channel, e.renewal = "", book.Renewal{}
		e.book.Down(at, reason)
		d.emit(e.book.View())
	}
}
