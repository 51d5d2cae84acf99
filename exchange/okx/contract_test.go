package okx_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// staging is an okxtest server with a trader, as exchangetest wants it.
type staging struct {
	pipe     bool
	readOnly bool
	level    okxtest.Level
	entry    okx.Entry
}

// staged is an Exchange at a server that exchangetest directs.
type staged struct {
	*okx.Exchange
	stage.Stage
	server *okxtest.Server
}

var (
	venueSpot = exchange.Symbol{Base: "BTC", Quote: "USDT"}
	venuePerp = exchange.Symbol{Base: "BTC", Quote: "USDT", Kind: exchange.Perp}
)

// venueRules are those of spot, and of a swap that is counted in contracts of a hundredth.
func venueRules() (spot, swap exchange.Instrument) {
	spot = exchange.Instrument{
		Market: exchange.Market{Venue: okx.Venue, Symbol: venueSpot}, VenueSymbol: "BTC-USDT", Tradable: true,
		Tick: dec("0.1"), Lot: dec("0.00001"), MinQty: dec("0.0001"), MaxQty: dec("5000"), Contract: dec("1"), Settle: "USDT",
	}
	swap = exchange.Instrument{
		Market: exchange.Market{Venue: okx.Venue, Symbol: venuePerp}, VenueSymbol: "BTC-USDT-SWAP", Tradable: true,
		Tick: dec("0.1"), Lot: dec("0.001"), MinQty: dec("0.001"), MaxQty: dec("5000"), Contract: dec("0.01"), Settle: "USDT",
	}
	return spot, swap
}

func (v staging) open(t *testing.T) exchange.Exchange {
	spot, swap := venueRules()
	engine, err := sim.NewEngine(stage.Config(okx.Venue, spot, swap))
	if err != nil {
		t.Fatal(err)
	}
	key := okxtest.Key{Account: stage.Account, Key: "key", Secret: "secret", Passphrase: "phrase", ReadOnly: v.readOnly}
	server := okxtest.NewServer(engine, okxtest.Config{Pipe: v.pipe, Keys: []okxtest.Key{key}, Level: v.level})
	t.Cleanup(server.Close)
	client := func(t *testing.T) *okx.Exchange {
		tr := &http.Transport{DialContext: server.Dial}
		t.Cleanup(tr.CloseIdleConnections)
		cfg := okx.Config{
			Endpoints: okx.Endpoints{
				REST: server.URL(okxtest.EndpointREST), Stream: server.URL(okxtest.EndpointStream), Private: server.URL(okxtest.EndpointPrivate),
			},
			Account:     stage.Account,
			Credentials: okx.Credentials{Key: key.Key, Secret: exchange.NewSecret(key.Secret), Passphrase: exchange.NewSecret(key.Passphrase)},
			Entry:       v.entry,
			HTTP:        &http.Client{Transport: tr, Timeout: 10 * time.Second},
		}
		cfg.Session.NetDial = server.Dial
		x, err := okx.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	return staged{client(t), stage.Stage{
		Floor: server.Floor(), Injector: server.Injector(), Client: func(t *testing.T) exchange.Exchange { return client(t) },
	}, server}
}

func (v staging) config() exchangetest.Config {
	locked := v
	locked.readOnly = true
	cfg := exchangetest.Config{
		Open: v.open, OpenReadOnly: locked.open, RealTime: !v.pipe, Spot: venueSpot, Perp: venuePerp,
		Unsupported: map[string]string{
			"fee-asset":        "OKX takes its fees in base or quote",
			"place-banned":     "OKX documents no ban: what its front's 403 says of an order is not known",
			"place-failed-503": "OKX has no 503 whose words say that nothing was done",
		},
	}
	if v.entry == okx.EntrySocket {
		cfg.Unsupported["place-overloaded-503"] = "over WebSocket OKX's word for an overload does not say that nothing was done"
	}
	return cfg
}

// By either way of entry; and for an account whose spot orders are filed as those of margin.
func TestContract(t *testing.T) {
	for name, v := range map[string]staging{
		"REST": {pipe: true}, "WebSocket": {pipe: true, entry: okx.EntrySocket}, "margin": {pipe: true, level: okxtest.LevelMulti},
	} {
		cfg := v.config()
		if name == "margin" {
			cfg.Perp = exchange.Symbol{}
		}
		t.Run(name, func(t *testing.T) { exchangetest.Run(t, cfg) })
	}
}

// Over real sockets, in the machine's own time, those cases are played that need nobody who directs the venue.
func TestContractOnLoopback(t *testing.T) {
	v := staging{entry: okx.EntrySocket}
	cfg := v.config()
	cfg.NoStage = true
	cfg.Open = func(t *testing.T) exchange.Exchange {
		x := v.open(t).(staged)
		spot, swap := venueRules()
		for _, in := range []exchange.Instrument{spot, swap} {
			b := &exchange.Book{Market: in.Market, Scale: exchange.Scale{Price: -1, Size: -3}}
			for i := range int64(20) {
				b.Bids = append(b.Bids, exchange.Level{Price: 499_980 + i, Size: 1000})
				b.Asks = append(b.Asks, exchange.Level{Price: 500_020 - i, Size: 1000})
			}
			if err := x.Publish(b); err != nil {
				t.Fatal(err)
			}
		}
		return x.Exchange
	}
	exchangetest.Run(t, cfg)
}
