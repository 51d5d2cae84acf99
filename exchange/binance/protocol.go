package binance

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// protocol is what one of Binance's two public streams speaks. Immutable.
type protocol struct {
	kind        exchange.Kind
	stream      *url.URL
	rest        *url.URL
	symbols     []exchange.Symbol
	instruments []exchange.Instrument
}

// Protocol is Binance's public stream of spot markets or of perpetuals, for those symbols: what a feed.Session connects with, and what
// a feed.Replay reads recordings with. Frames about other symbols are passed over. Instruments that are known give their books a
// scale from the start.
//
// Its books need a REST snapshot each, which a Session alone does not fetch (the Decoder's Answer takes it): live, use
// [Exchange.StreamBooks].
func Protocol(kind exchange.Kind, symbols []exchange.Symbol, known ...exchange.Instrument) (feed.Protocol, error) {
	return newProtocol(Production(), kind, symbols, known)
}

func newProtocol(e Endpoints, kind exchange.Kind, symbols []exchange.Symbol, known []exchange.Instrument) (*protocol, error) {
	stream, rest, path := e.SpotStream, e.SpotREST, "/stream"
	if kind == exchange.Perp {
		// The unrouted address of old gives the same streams of depth today, but only those.
		stream, rest, path = e.FuturesStream, e.FuturesREST, "/public/stream"
	}
	p := &protocol{kind: kind, symbols: symbols, instruments: known}
	var err error
	if p.stream, err = url.Parse(stream + path); err != nil {
		return nil, fmt.Errorf("binance: %w: %w", err, exchange.ErrInvalid)
	}
	if p.rest, err = url.Parse(rest); err != nil {
		return nil, fmt.Errorf("binance: %w: %w", err, exchange.ErrInvalid)
	}
	if len(symbols) == 0 {
		return nil, fmt.Errorf("binance: no symbols: %w", exchange.ErrInvalid)
	}
	seen := map[string]bool{}
	for _, s := range symbols {
		m, err := newMarket(s, known)
		switch {
		case err != nil:
			return nil, err
		case s.Kind != kind:
			return nil, fmt.Errorf("binance: %s is no %s market: %w", s, kind, exchange.ErrInvalid)
		case seen[m.name]:
			return nil, fmt.Errorf("binance: %s twice: %w", s, exchange.ErrInvalid)
		}
		seen[m.name] = true
	}
	return p, nil
}

// Spec tells the venue's limits on a connection. Binance pings, every 20 s (spot) or 3 minutes; our own pings find a dead connection
// sooner.
func (p *protocol) Spec() feed.Spec {
	s := feed.Spec{URL: p.stream.String(), Acks: feed.AckByID, TopicsPerFrame: 100, TopicsPerConn: 1024, Rate: 5}
	if p.kind == exchange.Perp {
		// 1024 topics are allowed; connections with more than 200 are known to be cut.
		s.TopicsPerConn, s.Rate = 200, 10
	}
	return s
}

func (p *protocol) Subscribe(id uint64, topics []string) []byte {
	return request("SUBSCRIBE", id, topics)
}
func (p *protocol) Unsubscribe(id uint64, topics []string) []byte {
	return request("UNSUBSCRIBE", id, topics)
}

func request(method string, id uint64, topics []string) []byte {
	b, err := json.Marshal(struct {
		Method string   `json:"method"`
		Params []string `json:"params"`
		ID     uint64   `json:"id"`
	}{method, topics, id})
	if err != nil {
		panic("binance: a request of strings and a number that is no JSON: " + err.Error())
	}
	return b
}

// Owns knows the venue's addresses of today and of older recordings.
func (p *protocol) Owns(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host, _, _ := strings.Cut(u.Host, ":")
	switch u.Scheme {
	case "ws", "wss":
		return u.Host == p.stream.Host || p.ownsStream(host)
	case "http", "https":
		prefix := "/api/"
		if p.kind == exchange.Perp {
			prefix = "/fapi/"
		}
		return strings.HasPrefix(u.Path, prefix) && (u.Host == p.rest.Host || p.ownsREST(host))
	}
	return false
}

func (p *protocol) ownsStream(host string) bool {
	switch host {
	case "stream.binance.com", "data-stream.binance.vision", "stream.testnet.binance.vision", "demo-stream.binance.com":
		return p.kind == exchange.Spot
	case "fstream.binance.com", "fstream.binancefuture.com", "demo-fstream.binance.com":
		return p.kind == exchange.Perp
	}
	return false
}

// ownsREST leaves it to the path which of the two markets an address of the venue is.
func (p *protocol) ownsREST(host string) bool {
	switch host {
	case "data-api.binance.vision", "testnet.binance.vision", "testnet.binancefuture.com":
		return true
	}
	name, ours := strings.CutSuffix(host, ".binance.com")
	return ours && !strings.Contains(name, ".")
}

// Decoder makes the state of one connection.
func (p *protocol) Decoder(emit func(*exchange.Book)) feed.Decoder { return p.decoder(emit) }

func (p *protocol) decoder(emit func(*exchange.Book)) *decoder {
	d := &decoder{protocol: p, kind: p.kind, emit: emit, markets: make(map[string]*market, len(p.symbols))}
	for _, s := range p.symbols {
		m, err := newMarket(s, p.instruments)
		if err != nil {
			panic("binance: a symbol that newProtocol passed: " + err.Error())
		}
		d.markets[m.name] = m
		d.order = append(d.order, m)
	}
	return d
}

// market is one book of a decoder, under its lock.
type market struct {
	symbol exchange.Symbol
	name   string // the venue's: "BTCUSDT"
	topic  string
	book   *book.Book

	followed bool // its deltas come on the present connection
	fetching bool // somebody is about to bring a snapshot
}

func newMarket(s exchange.Symbol, known []exchange.Instrument) (*market, error) {
	if _, err := exchange.ParseSymbol(s.String()); err != nil {
		return nil, fmt.Errorf("binance: %w", err)
	}
	name, instrument := venueSymbol(s, known)
	var start exchange.Scale
	if instrument != nil {
		start = scan.ScaleOf(instrument.Tick, instrument.Lot)
	}
	var rule book.Rule = book.BinanceSpot{}
	if s.Kind == exchange.Perp {
		rule = book.BinanceFutures{}
	}
	return &market{
		symbol: s, name: name, topic: topic(name),
		book: book.New(exchange.Market{Venue: Venue, Symbol: s}, rule, start),
	}, nil
}

// decoder turns the frames of one connection, and the snapshots for its books, into books.
type decoder struct {
	protocol *protocol
	kind     exchange.Kind
	emit     func(*exchange.Book)
	need     func(*market) // called under mu when a snapshot is needed and nobody is fetching one; nil: nobody could

	mu      sync.Mutex // guards what follows, and is held during emit: one book at a time
	markets map[string]*market
	order   []*market
	message message
	lives   uint64 // connections that have ended
}

// Frame takes a message of the stream.
func (d *decoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := &d.message
	err := d.parse(data, m)
	switch {
	case errors.Is(err, exchange.ErrScale) && m.market != nil:
		m.market.followed = true
		d.tell(m.market, m.market.book.Fail(at, err))
		return feed.Message{Kind: feed.Data, Topic: m.market.topic}, nil
	case err != nil:
		return feed.Message{}, err
	}
	switch m.kind {
	case messageDepth:
		m.market.followed = true
		d.tell(m.market, m.market.book.Apply(at, &m.update))
		return feed.Message{Kind: feed.Data, Topic: m.market.topic}, nil
	case messageAck:
		return feed.Message{Kind: feed.Ack, ID: m.id}, nil
	case messageRefused:
		return feed.Message{Kind: feed.Refused, ID: m.id, Err: m.err}, nil
	case messageShutdown:
		return feed.Message{Kind: feed.Reconnect}, nil
	}
	return feed.Message{}, nil
}

// tell emits what became of a book, and passes on what it needs.
func (d *decoder) tell(m *market, r book.Result) {
	if r.Event != book.Unchanged {
		d.emit(m.book.View())
	}
	if r.Need == book.Snapshot {
		d.want(m)
	}
}

// want asks for a snapshot of m, unless one is on its way.
func (d *decoder) want(m *market) {
	if d.need != nil && !m.fetching {
		m.fetching = true
		d.need(m)
	}
}

// Answer takes a recorded REST snapshot. One of a symbol that nobody asked for is passed over.
func (d *decoder) Answer(at time.Time, address string, body []byte) error {
	u, err := url.Parse(address)
	if err != nil || !d.protocol.Owns(address) || !strings.HasSuffix(u.Path, "/depth") {
		return fmt.Errorf("binance: %q is no address of a %s snapshot: %w", address, d.kind, exchange.ErrInvalid)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.markets[u.Query().Get("symbol")]
	if m == nil {
		return nil
	}
	update, err := parseSnapshot(d.kind, m.book.Scale(), body)
	if err != nil {
		return err
	}
	_, err = d.replace(at, m, update)
	return err
}

// replace gives m a snapshot. again says that it was of no use and that another is needed; err is what was wrong with it.
func (d *decoder) replace(at time.Time, m *market, u *book.Update) (again bool, err error) {
	r := m.book.Apply(at, u)
	if r.Event != book.Unchanged {
		d.emit(m.book.View())
	}
	if r.Event == book.Invalid {
		err = m.book.View().Err
	}
	return r.Need == book.Snapshot, err
}

// Lost empties every book.
func (d *decoder) Lost(at time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lives++
	for _, m := range d.order {
		m.followed = false
		m.book.Down(at, fmt.Errorf("binance: %s: %w: %w", m.symbol, exchange.ErrDown, cause))
		d.emit(m.book.View())
	}
}
