package okx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/rest"
)

const (
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
	p, err := newProtocol(ProtocolConfig{Channel: x.cfg.Channel, Symbols: symbols, Instruments: known}, x.cfg.Endpoints)
	if err != nil {
		return nil, err
	}
	cfg := x.cfg.Session
	cfg.Protocol, cfg.Decoder, cfg.NetDial = p, p.Decoder(emit), x.dial
	s, err := feed.NewSession(cfg)
	if err != nil {
		return nil, err
	}
	return s, s.Subscribe(p.topics()...)
}

// dial connects no faster than the venue allows.
func (x *Exchange) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := x.limits.connects.Wait(ctx); err != nil {
		return nil, err
	}
	if dial := x.cfg.Session.NetDial; dial != nil {
		return dial(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// await is known, patiently: a venue that cannot be reached when a stream begins is no different from one that is lost later.
func (x *Exchange) await(ctx context.Context, symbols []exchange.Symbol) ([]exchange.Instrument, error) {
	wait := rest.NewBackoff(time.Second)
	for {
		known, err := x.known(ctx, "stream", symbols...)
		if err == nil || !rest.Retryable(ctx, err) {
			return known, err
		}
		pause := wait.Next()
		if e := (*exchange.Error)(nil); errors.As(err, &e) {
			pause = max(pause, e.RetryAfter)
		}
		if err := rest.Sleep(ctx, pause+x.client.Jitter.Part(500*time.Millisecond)); err != nil {
			return nil, err
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
