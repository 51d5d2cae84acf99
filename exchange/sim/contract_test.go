package sim_test

import (
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// staged is an Exchange that exchangetest directs.
type staged struct {
	*sim.Exchange
	stage.Stage
}

// Publish is both parts' own.
func (s staged) Publish(b *exchange.Book) error { return s.Stage.Publish(b) }

// openStaged is an opener of the venue that cfg describes, after edit.
func openStaged(edit func(*sim.EngineConfig)) func(t *testing.T) exchange.Exchange {
	return func(t *testing.T) exchange.Exchange {
		cfg := stage.Config("x", rules(spot), rules(perp))
		if edit != nil {
			edit(&cfg)
		}
		floor := sim.NewFloor(newEngine(t, cfg))
		client := func(t *testing.T) *sim.Exchange {
			x, err := sim.NewExchange(sim.ExchangeConfig{Floor: floor, Account: stage.Account})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = x.Close() })
			return x
		}
		x := client(t)
		return staged{x, stage.Stage{
			Floor: floor, Injector: x.Injector(),
			Client: func(t *testing.T) exchange.Exchange { return client(t) },
		}}
	}
}

// rules are those of a market that counts in contracts of a tenth, where it is a perpetual.
func rules(m exchange.Market) exchange.Instrument {
	i := instrument(m)
	i.VenueSymbol = m.Symbol.String()
	if m.Symbol.Kind == exchange.Perp {
		i.Contract = dec("0.1")
	}
	return i
}

func TestContract(t *testing.T) {
	exchangetest.Run(t, exchangetest.Config{
		Open: openStaged(nil),
		OpenFeeAsset: openStaged(func(c *sim.EngineConfig) {
			c.Balances = append(c.Balances, exchange.Amount{Asset: "FEE", Quantity: dec("1000")})
			c.FeeAsset, c.FeePrice = "FEE", dec("600")
			c.Fees.Maker = dec("0.0001")
		}),
		Spot: spot.Symbol, Perp: perp.Symbol,
		Unsupported: map[string]string{"read-only-key": "there are no keys without a wire"},
	})
}

// On the machine's clock, and without anybody to direct the venue: as against a testnet.
func TestContractInRealTime(t *testing.T) {
	exchangetest.Run(t, exchangetest.Config{
		Open: func(t *testing.T) exchange.Exchange {
			x := openStaged(nil)(t).(staged).Exchange
			for _, m := range []exchange.Market{spot, perp} {
				b := around100(m)
				for i := range int64(30) {
					b.Bids = slices.Insert(b.Bids, 0, exchange.Level{Price: 975 - 5*i, Size: 100})
					b.Asks = slices.Insert(b.Asks, 0, exchange.Level{Price: 1025 + 5*i, Size: 100})
				}
				publish(t, x, b)
			}
			return x
		},
		RealTime: true, NoStage: true, Spot: spot.Symbol, Perp: perp.Symbol,
		Unsupported: map[string]string{"read-only-key": "there are no keys without a wire", "fee-asset": "only with a stage"},
	})
}
