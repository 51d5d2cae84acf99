package exchangetest_test

import (
	"net/http"
	"slices"
	"testing"
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

// box is a venue in a box, and an adapter that speaks to it over the wire.
type box struct {
	x     exchange.Exchange
	floor *sim.Floor
	inj   *sim.Injector
	ins   exchange.Instrument
}

// column is one adapter as the matrix opens it: a market, and how orders are sent.
type column struct {
	name  string
	venue exchange.Venue
	open  func(t *testing.T) box
	login func(t *testing.T) box // where another market's connections log in; nil: open
	parts []sim.Op               // the operations that it is played with; nil: all

	socket bool   // orders go over one
	whole  bool   // its server does not play parts of replacements yet
	entry  string // its path, where it is not that of the order stream: then what begins a connection is played with it
}

// columns are those of the matrix: each adapter with every operation, and its other ways with those that they differ in. Binance and OKX take
// orders over the socket of the order stream.
func columns() []column {
	traded := append(slices.Clone(callOps), sim.OpBooks, sim.OpOrders)
	entered := append(slices.Clone(callOps), sim.OpConnect, sim.OpLogin)
	return []column{
		{name: "binance", venue: binance.Venue, open: binanceBox(exchange.Spot, binance.EntryREST), login: binanceBox(exchange.Perp, binance.EntryREST)},
		{name: "okx", venue: okx.Venue, open: okxBox(exchange.Spot, okx.EntryREST)},
		{name: "bybit", venue: bybit.Venue, open: bybitBox(exchange.Perp, bybit.EntryREST)},
		{name: "binance-perp", venue: binance.Venue, open: binanceBox(exchange.Perp, binance.EntryREST), parts: traded, whole: true},
		{name: "okx-perp", venue: okx.Venue, open: okxBox(exchange.Perp, okx.EntryREST), parts: traded},
		{name: "bybit-spot", venue: bybit.Venue, open: bybitBox(exchange.Spot, bybit.EntryREST), parts: traded},
		{name: "binance-socket", venue: binance.Venue, open: binanceBox(exchange.Spot, binance.EntrySocket), parts: callOps, socket: true},
		{name: "okx-socket", venue: okx.Venue, open: okxBox(exchange.Spot, okx.EntrySocket), parts: callOps, socket: true},
		{name: "bybit-socket", venue: bybit.Venue, open: bybitBox(exchange.Perp, bybit.EntrySocket), parts: entered, socket: true, entry: "/v5/trade"},
	}
}

const (
	boxAccount exchange.AccountID = "main"
	boxOther   exchange.AccountID = "other"
)

// boxEngine is an engine with a spot market and a perpetual, the account of the adapter and somebody else's.
func boxEngine(t *testing.T, list []exchange.Instrument, edit func(*sim.EngineConfig)) *sim.Engine {
	t.Helper()
	holds := []exchange.Amount{{Asset: "BTC", Quantity: exchange.MustDecimal("1000")}, {Asset: "USDT", Quantity: exchange.MustDecimal("10000000")}}
	cfg := sim.EngineConfig{
		Venue: list[0].Market.Venue, Account: boxAccount, Instruments: list, Balances: holds,
		Fees:     exchange.FeeRates{Maker: exchange.MustDecimal("0.0002"), Taker: exchange.MustDecimal("0.0005")},
		Accounts: []sim.AccountConfig{{ID: boxOther, Balances: holds}},
	}
	if edit != nil {
		edit(&cfg)
	}
	e, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// boxRules are nearly the same at all venues: spot first.
func boxRules(v exchange.Venue, spot, perp string) []exchange.Instrument {
	rules := func(symbol, name string) exchange.Instrument {
		return exchange.Instrument{
			Market: exchange.Market{Venue: v, Symbol: exchange.MustSymbol(symbol)}, VenueSymbol: name, Tradable: true, Settle: "USDT",
			Contract: exchange.Scaled(1, 0), Tick: exchange.MustDecimal("0.1"), Lot: exchange.MustDecimal("0.001"),
			MinQty: exchange.MustDecimal("0.001"), MaxQty: exchange.MustDecimal("1000"), MinNotional: exchange.MustDecimal("5"),
		}
	}
	return []exchange.Instrument{rules("BTC-USDT", spot), rules("BTC-USDT-PERP", perp)}
}

// boxHTTP is a client of a server in memory.
func boxHTTP(t *testing.T, transport *http.Transport) *http.Client {
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func binanceBox(kind exchange.Kind, entry binance.Entry) func(*testing.T) box {
	return func(t *testing.T) box {
		list := boxRules(binance.Venue, "BTCUSDT", "BTCUSDT")
		engine := boxEngine(t, list, func(c *sim.EngineConfig) {
			c.SplitWallets, c.BaseFee = true, true
			c.Margin, c.Accounts[0].Margin = c.Balances[1:], c.Balances[1:]
		})
		server := binancetest.NewServer(engine, binancetest.Config{
			Keys: []binancetest.Key{{Account: boxAccount, Key: "key", Secret: "secret"}}, Pipe: true,
		})
		t.Cleanup(server.Close)
		cfg := binance.Config{
			Account: boxAccount, Credentials: binance.Credentials{Key: "key", Secret: exchange.NewSecret("secret")}, Entry: entry, Seed: 1,
			Kinds: []exchange.Kind{kind},
			Endpoints: binance.Endpoints{
				SpotREST: server.URL("spotrest"), SpotStream: server.URL("spotstream"), SpotAPI: server.URL("spotapi"),
				FuturesREST: server.URL("futuresrest"), FuturesStream: server.URL("futuresstream"), FuturesAPI: server.URL("futuresapi"),
				FuturesPrivate: server.URL("futuresprivate"),
			},
			HTTP: boxHTTP(t, &http.Transport{DialContext: server.Dial}),
		}
		cfg.Session.NetDial = server.Dial
		x, err := binance.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return box{x, server.Floor(), server.Injector(), list[kind]}
	}
}

func okxBox(kind exchange.Kind, entry okx.Entry) func(*testing.T) box {
	return func(t *testing.T) box {
		list := boxRules(okx.Venue, "BTC-USDT", "BTC-USDT-SWAP")
		for i := range list {
			list[i].MinNotional = exchange.Decimal{} // the venue has none
		}
		list[exchange.Perp].Contract = exchange.Scaled(1, -2) // of a hundredth, in tenths of one
		server := okxtest.NewServer(boxEngine(t, list, nil), okxtest.Config{
			Keys: []okxtest.Key{{Account: boxAccount, Key: "key", Secret: "secret", Passphrase: "phrase"}}, Pipe: true,
		})
		t.Cleanup(server.Close)
		cfg := okx.Config{
			Endpoints: okx.Endpoints{
				REST: server.URL(okxtest.EndpointREST), Stream: server.URL(okxtest.EndpointStream), Private: server.URL(okxtest.EndpointPrivate),
			},
			Account:     boxAccount,
			Credentials: okx.Credentials{Key: "key", Secret: exchange.NewSecret("secret"), Passphrase: exchange.NewSecret("phrase")},
			Entry:       entry, HTTP: boxHTTP(t, &http.Transport{DialContext: server.Dial}),
		}
		cfg.Session.NetDial = server.Dial
		x, err := okx.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return box{x, server.Floor(), server.Injector(), list[kind]}
	}
}

func bybitBox(kind exchange.Kind, entry bybit.Entry) func(*testing.T) box {
	return func(t *testing.T) box {
		list := boxRules(bybit.Venue, "BTCUSDT", "BTCUSDT")
		server := bybittest.NewServer(boxEngine(t, list, func(c *sim.EngineConfig) { c.BaseFee = true }), bybittest.Config{
			Keys: []bybittest.Key{{Account: boxAccount, Key: "key", Secret: "secret"}}, Pipe: true,
		})
		t.Cleanup(server.Close)
		cfg := bybit.Config{
			Endpoints: bybit.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream")}, Account: boxAccount,
			Credentials: bybit.Credentials{Key: "key", Secret: exchange.NewSecret("secret")}, Entry: entry, Seed: 1,
			HTTP: boxHTTP(t, &http.Transport{DialContext: server.Dial}),
		}
		cfg.Session.NetDial = server.Dial
		x, err := bybit.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
		return box{x, server.Floor(), server.Injector(), list[kind]}
	}
}
