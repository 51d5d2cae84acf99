package binance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// StreamBooks follows the books of symbols, spot and perpetual alike, over as many connections as the venue's limits ask for.
//
// A book is whole some time after its subscription: its snapshot comes over REST, and those are paced. After a gap only that book's
// snapshot is fetched anew. Snapshots that fail are asked for again, with a wait that doubles up to 30 s, for as long as StreamBooks
// runs; an unknown symbol ends it.
func (x *Exchange) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	if len(symbols) == 0 {
		return fmt.Errorf("binance: no symbols: %w", exchange.ErrInvalid)
	}
	whole := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var streams []*stream
	for _, kind := range []exchange.Kind{exchange.Spot, exchange.Perp} {
		of := ofKind(symbols, kind)
		if len(of) == 0 {
			continue
		}
		// The whole list first: two symbols with one name at the venue could end on two connections.
		p, err := newProtocol(x.cfg.Endpoints, kind, of, x.cfg.Instruments)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(of, p.Spec().TopicsPerConn) {
			s, err := x.newBooks(ctx, stop, kind, part, emit)
			if err != nil {
				return err
			}
			streams = append(streams, s)
		}
	}
	var wg sync.WaitGroup
	for _, s := range streams {
		wg.Go(func() { stop(s.session.Run(ctx)) })
	}
	wg.Wait() // first the sessions, which start fetches, then those
	for _, s := range streams {
		s.fetches.Wait()
	}
	if whole.Err() != nil {
		return whole.Err()
	}
	return context.Cause(ctx)
}

// ofKind are the symbols of one kind, each once.
func ofKind(symbols []exchange.Symbol, k exchange.Kind) (r []exchange.Symbol) {
	seen := map[exchange.Symbol]bool{}
	for _, s := range symbols {
		if s.Kind == k && !seen[s] {
			seen[s] = true
			r = append(r, s)
		}
	}
	return r
}

// stream is one connection with its decoder, and the fetches of its snapshots.
type stream struct {
	x       *Exchange
	stop    context.CancelCauseFunc
	decoder *decoder
	session *feed.Session
	fetches sync.WaitGroup // at most one a market: market.fetching
}

func (x *Exchange) newBooks(ctx context.Context, stop context.CancelCauseFunc, k exchange.Kind, symbols []exchange.Symbol, emit func(*exchange.Book)) (*stream, error) {
	p, err := newProtocol(x.cfg.Endpoints, k, symbols, x.cfg.Instruments)
	if err != nil {
		return nil, err
	}
	s := &stream{x: x, stop: stop, decoder: p.decoder(emit)}
	s.decoder.need = func(m *market) { s.fetches.Go(func() { s.fetch(ctx, m) }) }

	cfg := x.cfg.Session
	cfg.Protocol, cfg.Decoder = p, s.decoder
	if subscribed := cfg.Hooks.Subscribed; subscribed != nil {
		cfg.Hooks.Subscribed = func(topic string) { s.subscribed(topic); subscribed(topic) }
	} else {
		cfg.Hooks.Subscribed = s.subscribed
	}
	if s.session, err = feed.NewSession(cfg); err != nil {
		return nil, err
	}
	for _, m := range s.decoder.order {
		if err := s.session.Subscribe(m.topic); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// subscribed asks for the snapshot of a market whose deltas are on their way: a quiet one may not send any for a while.
func (s *stream) subscribed(topic string) {
	d := s.decoder
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.order {
		if m.topic == topic {
			m.followed = true
			if m.book.View().Err != nil {
				d.want(m)
			}
		}
	}
}

// fetch brings m a snapshot that fits, however long it takes.
func (s *stream) fetch(ctx context.Context, m *market) {
	wait := rest.NewBackoff(250 * time.Millisecond)
	// Many books are lost at one moment, with their connection: spread what follows.
	for d := s.x.jitter.Part(100 * time.Millisecond); ; d = wait.Next() + s.x.jitter.Part(250*time.Millisecond) {
		if rest.Sleep(ctx, d) != nil {
			return
		}
		began := time.Now()
		again, err := s.deliver(ctx, m)
		if ctx.Err() != nil {
			return
		}
		if h := s.x.cfg.Hooks.Snapshot; h != nil {
			h(m.symbol, time.Since(began), err)
		}
		if incurable(err) {
			s.stop(err)
			return
		}
		if !again {
			return
		}
		var e *exchange.Error
		if errors.As(err, &e) && e.RetryAfter > 0 && rest.Sleep(ctx, e.RetryAfter) != nil {
			return
		}
	}
}

// deliver fetches one snapshot and gives it to m's book; again says that another is needed. That is decided under the decoder's lock,
// together with the end of m.fetching: no need that comes up meanwhile is forgotten.
func (s *stream) deliver(ctx context.Context, m *market) (again bool, err error) {
	d := s.decoder
	d.mu.Lock()
	life := d.lives
	d.mu.Unlock()
	body, err := s.x.depth(ctx, m, s.x.cfg.Depth)
	at := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !m.followed:
		// The connection went away: a book without deltas behind it would go stale unseen. The next one will ask.
		m.fetching = false
		return false, nil
	case d.lives != life:
		// There is a new one already, and what happened between the two is in neither.
		return true, nil
	}
	if err == nil {
		again, err = s.apply(at, m, body)
	} else {
		again = true
	}
	m.fetching = again
	return again, err
}

func (s *stream) apply(at time.Time, m *market, body []byte) (again bool, err error) {
	u, err := parseSnapshot(m.symbol.Kind, m.book.Scale(), body)
	if err != nil {
		if errors.Is(err, exchange.ErrScale) {
			s.decoder.tell(m, m.book.Fail(at, err))
		}
		return true, &exchange.Error{Venue: Venue, Op: "snapshot", Err: err}
	}
	return s.decoder.replace(at, m, u)
}
