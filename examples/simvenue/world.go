package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// server is what the three venues' servers have in common.
type server interface {
	Endpoints() map[string]string
	Publish(*exchange.Book) error
	Close()
}

// venue is one server, and how to trade there.
type venue struct {
	name    exchange.Venue
	server  server
	key     key
	markets []exchange.Symbol
	names   []string // the venue's, of the same
}

// key is made up: it opens nothing but these servers.
type key struct{ key, secret, passphrase string }

// listing is a symbol, and how the venues list it.
type listing struct {
	sim.GeneratorMarket
	contract   exchange.Decimal // base units of one of OKX's contracts
	okx, joint string           // its names: OKX's own, and that of the other two
}

func listings() (spot, perps []listing) {
	one := exchange.Scaled(1, 0)
	list := func(symbol string, price int64, lot, contract exchange.Decimal, okx, joint string) listing {
		m := sim.GeneratorMarket{Symbol: exchange.MustSymbol(symbol), Price: exchange.Scaled(price, 0), Tick: exchange.Scaled(1, -2), Lot: lot}
		return listing{m, contract, okx, joint}
	}
	return []listing{
			list("BTC-USDT", 60_000, exchange.Scaled(1, -5), one, "BTC-USDT", "BTCUSDT"),
			list("ETH-USDT", 3_000, exchange.Scaled(1, -4), one, "ETH-USDT", "ETHUSDT"),
		}, []listing{
			list("BTC-USDT-PERP", 60_000, exchange.Scaled(1, -3), exchange.Scaled(1, -2), "BTC-USDT-SWAP", "BTCUSDT"),
			list("ETH-USDT-PERP", 3_000, exchange.Scaled(1, -2), exchange.Scaled(1, -1), "ETH-USDT-SWAP", "ETHUSDT"),
		}
}

// world is the venues, and what makes their prices: a generator of spot markets and one of perpetuals, with one seed, so that both take
// the same walk and a perpetual costs what its spot market does.
type world struct {
	generators []*sim.Generator
	venues     []*venue
	byName     map[exchange.Venue]*venue
}

func names() []exchange.Venue { return []exchange.Venue{"binance", "okx", "bybit"} }

func openWorld(o options) (*world, error) {
	w := &world{byName: map[exchange.Venue]*venue{}}
	spot, perps := listings()
	for _, kind := range [][]listing{spot, perps} {
		cfg := sim.GeneratorConfig{Seed: o.seed, Venues: names()}
		for _, l := range kind {
			cfg.Markets = append(cfg.Markets, l.GeneratorMarket)
		}
		g, err := sim.NewGenerator(cfg)
		if err != nil {
			return nil, err
		}
		w.generators = append(w.generators, g)
	}
	for i, name := range names() {
		o := o
		if o.faults.Seed == 0 {
			o.faults.Seed = o.seed
		}
		o.faults.Seed += uint64(i) // the venues fail at different times
		v, err := w.openVenue(name, o)
		if err != nil {
			w.close()
			return nil, err
		}
		w.venues = append(w.venues, v)
		w.byName[name] = v
	}
	return w, nil
}

func (w *world) openVenue(name exchange.Venue, o options) (*venue, error) {
	v := &venue{name: name, key: key{key: string(name) + "-key", secret: string(name) + "-secret"}}
	cfg := w.engine(name, o)
	for _, ins := range cfg.Instruments {
		v.markets, v.names = append(v.markets, ins.Market.Symbol), append(v.names, ins.VenueSymbol)
	}
	engine, err := sim.NewEngine(cfg)
	if err != nil {
		return nil, err
	}
	switch name {
	case "binance":
		v.server = binancetest.NewServer(engine, binancetest.Config{
			Keys: []binancetest.Key{{Key: v.key.key, Secret: v.key.secret}}, Faults: o.faults,
		})
	case "okx":
		v.key.passphrase = string(name) + "-passphrase"
		v.server = okxtest.NewServer(engine, okxtest.Config{
			Keys: []okxtest.Key{{Key: v.key.key, Secret: v.key.secret, Passphrase: v.key.passphrase}}, Faults: o.faults,
		})
	case "bybit":
		v.server = bybittest.NewServer(engine, bybittest.Config{
			Keys: []bybittest.Key{{Key: v.key.key, Secret: v.key.secret}}, Faults: o.faults,
		})
	default:
		return nil, fmt.Errorf("no server of venue %s", name)
	}
	return v, nil
}

// engine describes a venue in the world: its markets, by the venue's names, and what the account holds.
func (w *world) engine(name exchange.Venue, o options) sim.EngineConfig {
	rate := exchange.Scaled(1, -3)
	cfg := sim.EngineConfig{
		Venue: name, Fees: exchange.FeeRates{Maker: rate, Taker: rate},
		BaseFee:  true, // all three take the fee of a spot buy out of what was bought
		Balances: []exchange.Amount{{Asset: "USDT", Quantity: o.balance}},
	}
	if name == "binance" {
		cfg.SplitWallets, cfg.Margin = true, []exchange.Amount{{Asset: "USDT", Quantity: o.balance}}
	}
	spot, perps := listings()
	for i, l := range append(spot, perps...) {
		ins := w.generators[i/len(spot)].Instruments(name)[i%len(spot)]
		ins.VenueSymbol = l.joint
		if name == "okx" {
			ins.VenueSymbol, ins.Contract = l.okx, l.contract
			ins.MinNotional = exchange.Decimal{} // it has no such rule
		}
		cfg.Instruments = append(cfg.Instruments, ins)
		if l.Symbol.Kind == exchange.Spot {
			cfg.Balances = append(cfg.Balances, exchange.Amount{Asset: l.Symbol.Base, Quantity: o.balance.Quo(l.Price, l.Lot.Places(), exchange.Down)})
		}
	}
	return cfg
}

// step publishes the next books.
func (w *world) step() error {
	now := time.Now()
	for _, g := range w.generators {
		for _, b := range g.Step(now) {
			if err := w.byName[b.Market.Venue].server.Publish(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// run publishes books until ctx ends, which is no error.
func (w *world) run(ctx context.Context) error {
	tick := time.NewTicker(w.generators[0].Interval())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := w.step(); err != nil {
				return err
			}
		}
	}
}

func (w *world) close() {
	for _, v := range w.venues {
		v.server.Close()
	}
}
