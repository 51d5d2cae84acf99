package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// venue is a simulated venue as the run sees it: an account there, where its books come from, and how it is closed.
type venue struct {
	exchange.Exchange
	publish func(*exchange.Book) error
	close   func()
}

// direct is a venue in process: nothing is between the account and the engine but latency and faults.
func direct(e *sim.Engine, f sim.Faults) (venue, error) {
	x, err := sim.NewExchange(sim.ExchangeConfig{Engine: e, Latency: network(500 * time.Microsecond), Faults: f})
	if err != nil {
		return venue{}, err
	}
	return venue{x, x.Publish, func() { _ = x.Close() }}, nil
}

// What the key of the account is, at each venue. The servers check every signature.
const key, secret, passphrase = "engine-key", "engine-secret", "engine-passphrase"

// wired is a venue behind its own protocol, HTTP and WebSocket on the loopback interface: the adapter is the one for the real venue, with
// other addresses.
func wired(e *sim.Engine, f sim.Faults) (venue, error) {
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConnsPerHost = maxAtOnce
	client := &http.Client{Transport: pool, Timeout: 5 * time.Second}
	open := map[exchange.Venue]func(*sim.Engine, sim.Faults, *http.Client) (venue, error){
		binance.Venue: wiredBinance, okx.Venue: wiredOKX, bybit.Venue: wiredBybit,
	}[e.Venue()]
	if open == nil {
		return venue{}, fmt.Errorf("there is no server that speaks like %s: want -inprocess", e.Venue())
	}
	v, err := open(e, f, client)
	if err != nil {
		return venue{}, err
	}
	closeServer := v.close
	v.close = func() {
		closeServer()
		pool.CloseIdleConnections()
	}
	return v, nil
}

func wiredBinance(e *sim.Engine, f sim.Faults, client *http.Client) (venue, error) {
	server := binancetest.NewServer(e, binancetest.Config{Keys: []binancetest.Key{{Key: key, Secret: secret}}, Faults: f, Latency: network(0)})
	x, err := binance.New(binance.Config{
		Endpoints: binance.Endpoints{
			SpotREST: server.URL("spotrest"), SpotStream: server.URL("spotstream"), SpotAPI: server.URL("spotapi"),
			FuturesREST: server.URL("futuresrest"), FuturesStream: server.URL("futuresstream"), FuturesAPI: server.URL("futuresapi"),
			FuturesPrivate: server.URL("futuresprivate"),
		},
		Credentials: binance.Credentials{Key: key, Secret: exchange.NewSecret(secret)}, Kinds: []exchange.Kind{exchange.Spot}, HTTP: client,
	})
	return opened(venue{x, server.Publish, server.Close}, err)
}

func wiredOKX(e *sim.Engine, f sim.Faults, client *http.Client) (venue, error) {
	server := okxtest.NewServer(e, okxtest.Config{
		Keys: []okxtest.Key{{Key: key, Secret: secret, Passphrase: passphrase}}, Faults: f, Latency: network(0),
	})
	x, err := okx.New(okx.Config{
		Endpoints:   okx.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream"), Private: server.URL("private")},
		Credentials: okx.Credentials{Key: key, Secret: exchange.NewSecret(secret), Passphrase: exchange.NewSecret(passphrase)}, HTTP: client,
	})
	return opened(venue{x, server.Publish, server.Close}, err)
}

func wiredBybit(e *sim.Engine, f sim.Faults, client *http.Client) (venue, error) {
	server := bybittest.NewServer(e, bybittest.Config{Keys: []bybittest.Key{{Key: key, Secret: secret}}, Faults: f, Latency: network(0)})
	x, err := bybit.New(bybit.Config{
		Endpoints:   bybit.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream")},
		Credentials: bybit.Credentials{Key: key, Secret: exchange.NewSecret(secret)}, HTTP: client,
	})
	return opened(venue{x, server.Publish, func() {
		if err == nil {
			_ = x.Close()
		}
		server.Close()
	}}, err)
}

// opened closes the server when the adapter could not be made.
func opened(v venue, err error) (venue, error) {
	if err != nil {
		v.close()
		return venue{}, err
	}
	return v, nil
}

// nameAt is how a venue calls a symbol of spot.
func nameAt(v exchange.Venue, s exchange.Symbol) string {
	if v == okx.Venue {
		return string(s.Base) + "-" + string(s.Quote)
	}
	return string(s.Base + s.Quote)
}

// perpetual is a market that nobody trades in here: the adapters do not believe a venue that lists none.
func perpetual(spot exchange.Instrument) exchange.Instrument {
	spot.Market.Symbol.Kind = exchange.Perp
	if spot.Market.Venue == okx.Venue {
		spot.VenueSymbol += "-SWAP"
	}
	return spot
}
