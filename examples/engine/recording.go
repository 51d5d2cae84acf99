package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
)

// openRecording opens the folder, and looks into it for the markets to trade. Its first valid books give their rules: a recording
// has none, and the digits of a full snapshot show tick and lot.
func openRecording(o options) (*feed.Replay, []listing, error) {
	protocols, err := protocols(o.symbols)
	if err != nil {
		return nil, nil, usageError{err}
	}
	replay, err := feed.OpenReplay(feed.ReplayConfig{Dir: o.replay, Protocols: protocols, Speed: o.speed})
	if err != nil {
		return nil, nil, usageError{err}
	}
	listings, err := survey(replay, o.symbols)
	if err != nil {
		return nil, nil, usageError{err}
	}
	replay.Rewind()
	return replay, listings, nil
}

// survey plays the whole recording once. A frame that is damaged is found here, before anything was traded or counted.
func survey(r *feed.Replay, symbols []exchange.Symbol) (listings []listing, err error) {
	seen := map[exchange.Market]int{}
	for {
		if _, ok := r.Next(); !ok {
			break
		}
		err := r.Step(func(b *exchange.Book) {
			l, ok := listed(b)
			if !ok || !slices.Contains(symbols, b.Market.Symbol) {
				return
			}
			i, known := seen[b.Market]
			if !known {
				i = len(listings)
				seen[b.Market] = i
				listings = append(listings, l)
			}
			listings[i].instrument = l.instrument
		})
		if err != nil {
			return nil, err
		}
	}
	if len(listings) == 0 {
		return nil, errors.New("the recording has no book of the symbols asked for")
	}
	return listings, nil
}

// listed is the listing of a valid book's market, priced at the middle.
func listed(b *exchange.Book) (listing, bool) {
	bid, okb := b.Best(exchange.Sell)
	ask, oka := b.Best(exchange.Buy)
	if b.Err != nil || !okb || !oka {
		return listing{}, false
	}
	return listing{rulesOf(b), b.Price(bid).Add(b.Price(ask)).Mul(exchange.MustDecimal("0.5"))}, true
}

// rulesOf derives tick and lot from a book's scale; books rescale in place when a finer number comes, so the last one seen
// is right for all.
func rulesOf(b *exchange.Book) exchange.Instrument {
	lot := exchange.Scaled(1, int(b.Scale.Size))
	return exchange.Instrument{
		Market: b.Market, VenueSymbol: b.Market.Symbol.String(), Tradable: true, Settle: b.Market.Symbol.Quote,
		Tick: exchange.Scaled(1, int(b.Scale.Price)), Lot: lot, MinQty: lot, Contract: exchange.Scaled(1, 0),
	}
}

// replayed is a recording as a source of live books.
func replayed(r *feed.Replay) source {
	return func(ctx context.Context, publish func(*exchange.Book)) error {
		if err := r.Run(ctx, publish); err != nil {
			if bad := new(feed.ReplayError); errors.As(err, &bad) {
				return usageError{err}
			}
			return fmt.Errorf("replay: %w", err)
		}
		return nil
	}
}

// protocols speak for every venue that a recording may be of. They know spot and perpetual of each symbol, so that the connections of
// both are known; what was not asked for is not traded.
func protocols(symbols []exchange.Symbol) (all []feed.Protocol, err error) {
	var spot, perp []exchange.Symbol
	for _, s := range symbols {
		s.Kind = exchange.Spot
		if slices.Contains(spot, s) {
			continue
		}
		spot = append(spot, s)
		s.Kind = exchange.Perp
		perp = append(perp, s)
	}
	add := func(p feed.Protocol, e error) {
		all, err = append(all, p), errors.Join(err, e)
	}
	add(binance.Protocol(exchange.Spot, spot))
	add(bybit.Protocol(exchange.Spot, spot))
	// OKX counts perpetuals in contracts, whose worth no recording tells: spot only. Its recordings may be older than its numbers.
	add(okx.Protocol(okx.ProtocolConfig{Symbols: spot, AllowMissingSeq: true}))
	add(binance.Protocol(exchange.Perp, perp))
	add(bybit.Protocol(exchange.Perp, perp))
	return all, err
}
