package exchangetest_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// In the test file of a venue's package. This one is simulated, and directed by what it shares with other simulated ones; a stage of your own
// has five methods.
func Example() {
	TestContract := func(t *testing.T) {
		exchangetest.Run(t, exchangetest.Config{
			Open: func(t *testing.T) exchange.Exchange {
				engine, err := sim.NewEngine(stage.Config("x", rules("BTC-USDT")))
				if err != nil {
					t.Fatal(err)
				}
				x, err := sim.NewExchange(sim.ExchangeConfig{Engine: engine})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = x.Close() })
				return &broken{Exchange: x, Stage: stage.Stage{Floor: x.Floor(), Injector: x.Injector()}}
			},
			Spot:        exchange.MustSymbol("BTC-USDT"),
			Unsupported: map[string]string{"fee-asset": "fees are paid in base and quote only", "read-only-key": "no keys"},
		})
	}
	_ = TestContract
}
