package bybit

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

const defaultDepth = 200

func checkDepth(d int) error {
	if depths := []int{1, 50, 200, 1000}; !slices.Contains(depths, d) {
		return fmt.Errorf("bybit: depth %d is none of %v: %w", d, depths, exchange.ErrInvalid)
	}
	return nil
}

// StreamBooks follows the books of symbols, spot and perpetuals alike, as [exchange.MarketData] has it. The two kinds have connections of
// their own, as many as the venue's limits demand.
func (x *Exchange) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	known, err := x.await(ctx, symbols)
	if err != nil {
		return err
	}
	var sessions []*feed.Session
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		ours := slices.DeleteFunc(unique(symbols), func(s exchange.Symbol) bool { return s.Kind != kind })
		for part := range slices.Chunk(ours, topicsPerConn) {
			s, err := x.session(part, known, emit)
			if err != nil {
				return err
			}
			sessions = append(sessions, s)
		}
	}
	if len(sessions) == 0 {
		return &exchange.Error{Venue: Venue, Op: "stream", Class: exchange.ErrInvalid, Message: "no symbols"}
	}
	return runAll(ctx, sessions)
}

func (x *Exchange) session(symbols []exchange.Symbol, known []exchange.Instrument, emit func(*exchange.Book)) (*feed.Session, error) {
	p, err := newProtocol(x.cfg.Endpoints, x.cfg.Depth, symbols[0].Kind, symbols, known)
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
		d := wait.Next() + x.client.Jitter.Part(500*time.Millisecond)
		var e *exchange.Error
		if errors.As(err, &e) {
			d = max(d, e.RetryAfter)
		}
		if err := rest.Sleep(ctx, d); err != nil {
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
