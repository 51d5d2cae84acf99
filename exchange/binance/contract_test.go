package binance_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// staged is the adapter, in front of the venue in a box that exchangetest directs.
type staged struct {
	*binance.Exchange
	stage.Stage
}

// boxed is how a case's venue is set up.
type boxed struct {
	entry    binance.Entry
	real     bool // real sockets
	readOnly bool
	slow     time.Duration // of answers
	edit     func(*sim.EngineConfig)
}

// rules are those of the venue's usual markets.
func rules(s exchange.Symbol) exchange.Instrument {
	i := exchange.Instrument{
		Market: exchange.Market{Venue: binance.Venue, Symbol: s}, VenueSymbol: string(s.Base + s.Quote), Tradable: true,
		Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.00001"), MinQty: exchange.MustDecimal("0.00001"),
		MaxQty: exchange.MustDecimal("9000"), MinNotional: exchange.MustDecimal("5"), Contract: exchange.Scaled(1, 0), Settle: s.Quote,
	}
	if s.Kind == exchange.Perp {
		i.Tick, i.Lot, i.MinQty, i.MinNotional = exchange.MustDecimal("0.1"), exchange.MustDecimal("0.001"), exchange.MustDecimal("0.001"), exchange.MustDecimal("50")
	}
	return i
}

func (b boxed) open(t *testing.T) exchange.Exchange {
	cfg := stage.Config(binance.Venue, rules(exchange.MustSymbol("BTC-USDT")), rules(exchange.MustSymbol("BTC-USDT-PERP")))
	cfg.SplitWallets, cfg.BaseFee = true, true
	margin := func(n int64) []exchange.Amount {
		return []exchange.Amount{{Asset: "USDT", Quantity: exchange.Scaled(n, 0)}}
	}
	cfg.Margin, cfg.Accounts[0].Margin = margin(200_000), margin(2_000_000_000)
	if b.edit != nil {
		b.edit(&cfg)
	}
	engine, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	key := binancetest.Key{Account: stage.Account, Key: "key", Secret: "secret", ReadOnly: b.readOnly}
	credentials := binance.Credentials{Key: "key", Secret: exchange.NewSecret("secret")}
	server := binancetest.NewServer(engine, binancetest.Config{Keys: []binancetest.Key{key}, Pipe: !b.real, Latency: sim.Latency{Response: sim.Delay{Min: b.slow}}})
	t.Cleanup(server.Close)
	client := func(t *testing.T) *binance.Exchange {
		transport := &http.Transport{DialContext: server.Dial}
		t.Cleanup(transport.CloseIdleConnections)
		cfg := binance.Config{
			Account: stage.Account, Credentials: credentials, Entry: b.entry, Seed: 1,
			Endpoints: binance.Endpoints{
				SpotREST: server.URL("spotrest"), SpotStream: server.URL("spotstream"), SpotAPI: server.URL("spotapi"),
				FuturesREST: server.URL("futuresrest"), FuturesStream: server.URL("futuresstream"), FuturesAPI: server.URL("futuresapi"),
				FuturesPrivate: server.URL("futuresprivate"),
			},
			HTTP: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		}
		cfg.Session.NetDial = server.Dial
		x, err := binance.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	return staged{client(t), stage.Stage{
		Floor: server.Floor(), Injector: server.Injector(),
		Client: func(t *testing.T) exchange.Exchange { return client(t) },
	}}
}

// contract is the exchange's, through a venue that is set up like b.
func (b boxed) contract() exchangetest.Config {
	with := func(change func(*boxed)) func(t *testing.T) exchange.Exchange {
		next := b
		change(&next)
		return next.open
	}
	return exchangetest.Config{
		Open:         b.open,
		OpenReadOnly: with(func(b *boxed) { b.readOnly = true }),
		OpenFeeAsset: with(func(b *boxed) {
			b.edit = func(c *sim.EngineConfig) {
				c.Balances = append(c.Balances, exchange.Amount{Asset: "BNB", Quantity: exchange.Scaled(1000, 0)})
				c.FeeAsset, c.FeePrice = "BNB", exchange.Scaled(600, 0)
				c.Fees.Maker = exchange.Scaled(1, -4)
			}
		}),
		Page: 1000, Spot: exchange.MustSymbol("BTC-USDT"), Perp: exchange.MustSymbol("BTC-USDT-PERP"),
		Unsupported: map[string]string{"spot/dead-man": "the venue's spot has no such switch"},
	}
}

func TestContract(t *testing.T) {
	exchangetest.Run(t, boxed{}.contract())
}

func TestContractSocket(t *testing.T) {
	exchangetest.Run(t, boxed{entry: binance.EntrySocket}.contract())
}

// Answers to orders do not hang on the stream of orders: where that ends, they come all the same.
func TestEntryOutlivesStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := boxed{entry: binance.EntrySocket, slow: 200 * time.Millisecond}.open(t).(staged)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		events := make(chan exchange.EventKind, 100)
		wg.Go(func() { _ = x.StreamOrders(ctx, func(ev exchange.Event) { events <- ev.Kind }) })
		if kind := <-events; kind != exchange.StreamUp {
			t.Fatal(kind)
		}
		time.Sleep(time.Second)
		m := rules(exchange.MustSymbol("BTC-USDT-PERP")).Market
		b := &exchange.Book{Market: m, Bids: []exchange.Level{{Price: 9000, Size: 1}}, Asks: []exchange.Level{{Price: 11000, Size: 1}}}
		if err := x.Publish(b); err != nil {
			t.Fatal(err)
		}
		if err := x.Fault(exchangetest.Fault{Op: "orders", Kind: "disconnect"}); err != nil {
			t.Fatal(err)
		}
		o, err := x.Place(ctx, exchange.OrderRequest{Market: m, Account: stage.Account, ClientID: "a", Side: exchange.Buy, Price: exchange.MustDecimal("8000"), Quantity: exchange.MustDecimal("1")})
		if err != nil || o.Status != exchange.StatusAccepted {
			t.Errorf("%v, %v", o.Status, err)
		}
		for kind := range events {
			if kind == exchange.StreamDown {
				return
			}
		}
	})
}
