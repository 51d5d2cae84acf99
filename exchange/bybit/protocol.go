package bybit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// Protocol is Bybit's public stream of spot markets or of perpetuals, for those symbols: what a feed.Session connects with, and what a
// feed.Replay reads recordings with. Frames about other symbols are passed over.
//
// Its topics are "orderbook.200.NAME". Books of every depth are understood, as recordings hold any; of one market, those of the depth
// whose snapshot comes first. The names of instruments that are known count; others follow the venue's habit: "BTCUSDT", and "BTCPERP" for
// BTC-USDC-PERP. An error wraps [exchange.ErrInvalid]: no symbols, a symbol twice, one of the other kind.
func Protocol(kind exchange.Kind, symbols []exchange.Symbol, known ...exchange.Instrument) (feed.Protocol, error) {
	p, err := newProtocol(Production(), defaultDepth, kind, symbols, known)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// protocol is immutable.
type protocol struct {
	endpoints Endpoints
	kind      exchange.Kind
	markets   []market
}

// market is what is known of a market before the first frame.
type market struct {
	id    exchange.Market
	name  string
	topic string
	start exchange.Scale
}

func newProtocol(e Endpoints, depth int, kind exchange.Kind, symbols []exchange.Symbol, known []exchange.Instrument) (*protocol, error) {
	if len(symbols) == 0 {
		return nil, fmt.Errorf("bybit: no symbols: %w", exchange.ErrInvalid)
	}
	rules := map[exchange.Symbol]exchange.Instrument{}
	for _, i := range known {
		if i.Market.Venue == Venue {
			rules[i.Market.Symbol] = i
		}
	}
	p := &protocol{endpoints: e, kind: kind}
	seen := map[string]bool{}
	for _, s := range symbols {
		m, err := newMarket(s, rules)
		switch {
		case err != nil:
			return nil, err
		case s.Kind != kind:
			return nil, fmt.Errorf("bybit: %s is no %s market: %w", s, kind, exchange.ErrInvalid)
		case seen[m.name]:
			return nil, fmt.Errorf("bybit: %s twice: %w", s, exchange.ErrInvalid)
		}
		seen[m.name] = true
		m.topic = "orderbook." + strconv.Itoa(depth) + "." + m.name
		p.markets = append(p.markets, m)
	}
	return p, nil
}

func newMarket(s exchange.Symbol, rules map[exchange.Symbol]exchange.Instrument) (market, error) {
	m := market{id: exchange.Market{Venue: Venue, Symbol: s}}
	if _, err := exchange.ParseSymbol(s.String()); err != nil {
		return m, fmt.Errorf("bybit: %w", err)
	}
	if in, ok := rules[s]; ok {
		m.name, m.start = in.VenueSymbol, scan.ScaleOf(in.Tick, in.Lot)
	}
	if m.name == "" {
		m.name = string(s.Base) + string(s.Quote)
		if s.Kind == exchange.Perp && s.Quote == "USDC" {
			m.name = string(s.Base) + "PERP"
		}
	}
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
		URL:            p.endpoints.Stream + p.path(),
		Heartbeat:      feed.Heartbeat{Interval: heartbeat, Text: []byte(`{"op":"ping"}`)},
		TopicsPerFrame: topicsPerFrame(p.kind),
		TopicsPerConn:  topicsPerConn,
		Rate:           sendRate,
		Acks:           feed.AckByID,
	}
}

// path is where the stream of the protocol's kind is.
func (p *protocol) path() string { return "/v5/public/" + category(p.kind) }

type request struct {
	ID   string   `json:"req_id"`
	Op   string   `json:"op"`
	Args []string `json:"args"`
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
	b, err := json.Marshal(request{ID: strconv.FormatUint(id, 10), Op: op, Args: topics})
	if err != nil {
		panic("bybit: strings that do not marshal: " + err.Error())
	}
	return b
}

// domains are the venue's, as documented: countries have their own.
var domains = []string{"bybit.com", "bytick.com", "bybit.nl", "bybit.tr", "bybit.kz", "bybit.ae", "bybit.id", "bybit.eu", "bybitgeorgia.ge", "manepa.jp"}

// Owns implements [feed.Protocol]: the public stream of the protocol's kind, and REST answers about that kind, on any of the venue's
// hosts. The path and the category decide: names are the same for both kinds.
func (p *protocol) Owns(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	origin, host := u.Scheme+"://"+u.Host, u.Hostname()
	ours := slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) })
	if !ours && origin != p.endpoints.Stream && origin != p.endpoints.REST {
		return false
	}
	switch u.Scheme {
	case "ws", "wss":
		return u.Path == p.path()
	case "http", "https":
		return strings.HasPrefix(u.Path, "/v5/") && u.Query().Get("category") == category(p.kind)
	}
	return false
}

// decoder is one connection's books.
type decoder struct {
	emit func(*exchange.Book)

	mu     sync.Mutex // guards what follows
	read   reader
	books  []*entry // in the order of Symbols
	byName map[string]*entry
	p      *protocol
}

// entry is one followed market.
type entry struct {
	market
	book    *book.Book
	came    string // topic of the snapshot that came first; deltas of another depth do not belong to this book
	renewal book.Renewal
}

// Decoder implements [feed.Protocol].
func (p *protocol) Decoder(emit func(*exchange.Book)) feed.Decoder {
	d := &decoder{emit: emit, byName: make(map[string]*entry, len(p.markets)), p: p}
	for _, m := range p.markets {
		e := &entry{market: m, book: book.New(m.id, book.Bybit{}, m.start)}
		d.books = append(d.books, e)
		d.byName[m.name] = e
	}
	d.read.start = d.start
	return d
}

// entry is the followed market of a topic "orderbook.DEPTH.NAME", nil where there is none.
func (d *decoder) entry(topic []byte) *entry {
	rest, ok := bytes.CutPrefix(topic, []byte("orderbook."))
	if !ok {
		return nil
	}
	dot := bytes.IndexByte(rest, '.')
	if dot < 1 || rest[0] < '0' || rest[0] > '9' { // "orderbook.rpi.NAME" is another book
		return nil
	}
	return d.byName[string(rest[dot+1:])]
}

// start is the scale in which a market's next message should be read.
func (d *decoder) start(topic []byte) (exchange.Scale, bool) {
	e := d.entry(topic)
	if e == nil || e.came != "" && e.came != string(topic) {
		return exchange.Scale{}, false
	}
	return e.book.Scale(), true
}

// Frame implements [feed.Decoder].
func (d *decoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.read.read(data)
	m := &d.read.m
	switch {
	case errors.Is(err, exchange.ErrScale):
		return d.fail(at, d.entry(m.topic), err), nil
	case err != nil:
		return feed.Message{}, fmt.Errorf("bybit: %w", err)
	case m.op != "":
		return control(m), nil
	case !m.followed:
		return feed.Message{}, nil
	}
	e := d.entry(m.topic)
	if m.update.Snapshot && e.came == "" {
		e.came = string(m.topic)
	}
	return d.tell(at, e, e.book.Apply(at, &m.update)), nil
}

// fail is for a message whose numbers do not fit: its book is lost, the others are not.
func (d *decoder) fail(at time.Time, e *entry, reason error) feed.Message {
	return d.tell(at, e, e.book.Fail(at, fmt.Errorf("bybit: %s: %w", e.id, reason)))
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

func control(m *message) feed.Message {
	r := feed.Message{}
	r.ID, _ = strconv.ParseUint(m.id, 10, 64) // 0 where the venue names none
	switch m.op {
	case "pong":
		r.Kind = feed.Pong
	case "ping":
		if m.success {
			r.Kind = feed.Pong
		}
	case "subscribe", "unsubscribe":
		r.Kind = feed.Ack
		if !m.success {
			r.Kind, r.Err = feed.Refused, refused(m.text)
		}
	}
	return r
}

// Answer implements [feed.Decoder]. Books come whole over the stream: REST answers are not needed, and passed over.
func (d *decoder) Answer(_ time.Time, url string, _ []byte) error {
	if !d.p.Owns(url) {
		return fmt.Errorf("bybit: an answer to a request of another protocol: %w", exchange.ErrFrame)
	}
	return nil
}

// Lost implements [feed.Decoder].
func (d *decoder) Lost(at time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.books {
		reason := fmt.Errorf("bybit: %s: %w", e.id, exchange.ErrDown)
		if cause != nil {
			reason = fmt.Errorf("bybit: %s: %w: %w", e.id, exchange.ErrDown, cause)
		}
		e.came, e.renewal = "", book.Renewal{}
		e.book.Down(at, reason)
		d.emit(e.book.View())
	}
}
