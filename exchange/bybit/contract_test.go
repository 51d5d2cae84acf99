package bybit_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// simulated is the adapter at a simulated venue.
type simulated struct {
	*bybit.Exchange
	stage.Stage
}

// contract is how the adapter is opened for the contract.
type contract struct {
	entry    bybit.Entry
	pipe     bool
	readOnly bool
}

func (c contract) open(t *testing.T) exchange.Exchange {
	cfg := stage.Config(bybittest.Venue,
		exchange.Instrument{
			Market: market("BTC-USDT"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.01"), Lot: dec("0.000001"),
			MinQty: dec("0.000001"), MinNotional: dec("5"), MaxQty: dec("2000"), Contract: dec("1"), Settle: "USDT",
		},
		exchange.Instrument{
			Market: market("BTC-USDT-PERP"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.1"), Lot: dec("0.001"),
			MinQty: dec("0.001"), MinNotional: dec("5"), MaxQty: dec("2000"), Contract: dec("1"), Settle: "USDT",
		})
	cfg.BaseFee = true
	engine, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	key := bybittest.Key{Account: stage.Account, Key: "SIMKEY", Secret: "simulated", ReadOnly: c.readOnly}
	server := bybittest.NewServer(engine, bybittest.Config{Pipe: c.pipe, Keys: []bybittest.Key{key}})
	t.Cleanup(server.Close)
	x := c.client(t, server)
	if c.pipe {
		return x
	}
	for _, ins := range cfg.Instruments { // nobody directs what is played on the machine's clock
		if err := server.Publish(usual(ins)); err != nil {
			t.Fatal(err)
		}
	}
	return x.(simulated).Exchange
}

// usual is a book of 20 levels a side around 100,000 ticks.
func usual(ins exchange.Instrument) *exchange.Book {
	b := &exchange.Book{Market: ins.Market, Scale: exchange.Scale{Price: int8(-ins.Tick.Places()), Size: int8(-ins.Lot.Places())}}
	size, _ := dec("1").Int64(int(b.Scale.Size))
	for i := range int64(20) {
		b.Bids = append(b.Bids, exchange.Level{Price: 100_000 - 30 + i, Size: size})
		b.Asks = append(b.Asks, exchange.Level{Price: 100_000 + 30 - i, Size: size})
	}
	return b
}

// client is one more client of the account.
func (c contract) client(t *testing.T, server *bybittest.Server) exchange.Exchange {
	transport := &http.Transport{DialContext: server.Dial}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := bybit.Config{
		Endpoints:   bybit.Endpoints{REST: server.URL("rest"), Stream: server.URL("stream")},
		Credentials: bybit.Credentials{Key: "SIMKEY", Secret: exchange.NewSecret("simulated")}, Account: stage.Account,
		Entry: c.entry, Seed: 1, RecvWindow: time.Minute, HTTP: &http.Client{Transport: transport, Timeout: 10 * time.Second},
	}
	cfg.Session.NetDial = server.Dial
	x, err := bybit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return simulated{x, stage.Stage{
		Floor: server.Floor(), Injector: server.Injector(),
		Client: func(t *testing.T) exchange.Exchange { return c.client(t, server) },
	}}
}

func (c contract) run(t *testing.T) {
	readOnly := c
	readOnly.readOnly = true
	unsupported := map[string]string{
		"fee-asset":        "the venue takes fees in what is received, or in quote",
		"dead-man":         "the venue's switch watches sockets, not calls",
		"place-failed-503": "the venue never says with certainty that something failed inside",
	}
	if c.entry == bybit.EntrySocket {
		unsupported["place-banned"] = "over order entry sockets the venue says 10403: too many requests"
	}
	exchangetest.Run(t, exchangetest.Config{
		Open: c.open, OpenReadOnly: readOnly.open, RealTime: !c.pipe, NoStage: !c.pipe, Unsupported: unsupported,
		Spot: exchange.MustSymbol("BTC-USDT"), Perp: exchange.MustSymbol("BTC-USDT-PERP"),
	})
}

func TestContractOverREST(t *testing.T) { contract{entry: bybit.EntryREST, pipe: true}.run(t) }

func TestContractOverSocket(t *testing.T) { contract{entry: bybit.EntrySocket, pipe: true}.run(t) }

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

// Over real sockets, on the machine's clock: the cases that need nobody to direct the venue.
func TestContractOverLoopback(t *testing.T) {
	for _, entry := range []bybit.Entry{bybit.EntryREST, bybit.EntrySocket} {
		t.Run(entry.String(), func(t *testing.T) { contract{entry: entry}.run(t) })
	}
}
