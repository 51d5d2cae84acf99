package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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

const (
	defaultStream  = "wss://ws.okx.com:8443/ws/v5/public"
	defaultChannel = "books"
	publicPath     = "/ws/v5/public"
)

// channels are those that push a snapshot and then deltas.
var channels = []string{defaultChannel, "books50-l2-tbt", "books-l2-tbt"}

func checkChannel(c string) error {
	if !slices.Contains(channels, c) {
		return fmt.Errorf("okx: channel %q is none of %v: %w", c, channels, exchange.ErrInvalid)
	}
	return nil
}

// StreamBooks follows the books of symbols, spot and swaps alike, as [exchange.MarketData] has it. Thirty symbols share a connection, as the
// venue advises.
func (x *Exchange) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	known, err := x.await(ctx, symbols)
	if err != nil {
		return err
	}
	var sessions []*feed.Session
	for part := range slices.Chunk(unique(symbols), topicsPerConn) {
		s, err := x.session(part, known, emit)
		if err != nil {
			return err
		}
		sessions = append(sessions, s)
	}
	if len(sessions) == 0 {
		return &exchange.Error{Venue: Venue, Op: "stream", Class: exchange.ErrInvalid, Message: "no symbols"}
	}
	return runAll(ctx, sessions)
}

func (x *Exchange) session(symbols []exchange.Symbol, known []exchange.Instrument, emit func(*exchange.Book)) (*feed.Session, error) {
	p, err := newProtocol(ProtocolConfig{URL: x.cfg.Stream, Channel: x.cfg.Channel, Symbols: symbols, Instruments: known})
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := x.limits.connects.Wait(ctx); err != nil {
			return nil, err
		}
		return x.cfg.NetDial(ctx, network, address)
	}
	s, err := feed.NewSession(feed.SessionConfig{Protocol: p, Decoder: p.Decoder(emit), NetDial: dial})
	if err != nil {
		return nil, err
	}
	return s, s.Subscribe(p.topics()...)
}

// await is known, patiently: a venue that cannot be reached when a stream begins is no different from one that is lost later.
func (x *Exchange) await(ctx context.Context, symbols []exchange.Symbol) ([]exchange.Instrument, error) {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		known, err := x.known(ctx, "stream", symbols...)
		passing := errors.Is(err, exchange.ErrUnavailable) || errors.Is(err, exchange.ErrRateLimited)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil || !passing {
			return known, err
		}
		pause := wait/2 + rand.N(wait/2)
		if e := (*exchange.Error)(nil); errors.As(err, &e) {
			pause = max(pause, e.RetryAfter)
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		case <-t.C:
		}
	}
}

// runAll runs sessions until ctx ends or one of them gives up.
func runAll(ctx context.Context, sessions []*feed.Session) error {
	all, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, s := range sessions {
		wg.Go(func() { cancel(s.Run(all)) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(all)
}

func unique(symbols []exchange.Symbol) []exchange.Symbol {
	var r []exchange.Symbol
	seen := map[exchange.Symbol]bool{}
	for _, s := range symbols {
		if !seen[s] {
			seen[s] = true
			r = append(r, s)
		}
	}
	return r
}

// ProtocolConfig says what a connection carries.
type ProtocolConfig struct {
	// URL is where to connect. Default "wss://ws.okx.com:8443/ws/v5/public".
	URL string

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

// Protocol is what the public stream speaks, for [feed.Session] and [feed.Replay]. Its topics are "CHANNEL:INSTID", such as
// "books:BTC-USDT-SWAP". An error wraps [exchange.ErrInvalid]: no symbols, a symbol twice, a perpetual without contract value.
func Protocol(cfg ProtocolConfig) (feed.Protocol, error) {
	p, err := newProtocol(cfg)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// protocol is immutable.
type protocol struct {
	url     string
	rule    book.OKX
	markets []market
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

func newProtocol(cfg ProtocolConfig) (*protocol, error) {
	p := &protocol{url: cfg.URL, rule: book.OKX{AllowUnnumbered: cfg.AllowMissingSeq}}
	if p.url == "" {
		p.url = defaultStream
	}
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
	in, ok := rules[s]
	switch {
	case !ok && s.Kind == exchange.Perp:
		return m, fmt.Errorf("okx: %s: no contract value known: %w", s, exchange.ErrInvalid)
	case !ok:
		if _, err := exchange.ParseSymbol(s.String()); err != nil {
			return m, fmt.Errorf("okx: %w", err)
		}
		m.inst = string(s.Base) + "-" + string(s.Quote)
		return m, nil
	}
	m.inst, m.start = in.VenueSymbol, scan.ScaleOf(in.Tick, in.Lot)
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
		URL:            p.url,
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
	if own, err := url.Parse(p.url); err == nil && own.Host == u.Host && own.Path == u.Path {
		return true
	}
	if host := u.Hostname(); host != "okx.com" && !strings.HasSuffix(host, ".okx.com") {
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
