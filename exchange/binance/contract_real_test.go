package binance_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
)

// The part of the contract that needs nobody to direct the venue, over real sockets and on the machine's clock.
func TestContractReal(t *testing.T) {
	for _, entry := range []binance.Entry{binance.EntryREST, binance.EntrySocket} {
		t.Run(entry.String(), func(t *testing.T) {
			cfg := boxed{real: true, entry: entry}.contract()
			cfg.RealTime, cfg.OpenReadOnly, cfg.OpenFeeAsset = true, bare(cfg.OpenReadOnly), bare(cfg.OpenFeeAsset)
			cfg.NoStage, cfg.Open = true, bare(cfg.Open)
			exchangetest.Run(t, cfg)
		})
	}
}

// bare opens the adapter alone, in front of books of twenty levels a side.
func bare(open func(*testing.T) exchange.Exchange) func(*testing.T) exchange.Exchange {
	return func(t *testing.T) exchange.Exchange {
		x := open(t).(staged)
		for _, name := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
			b := &exchange.Book{Market: exchange.Market{Venue: binance.Venue, Symbol: exchange.MustSymbol(name)}, Scale: exchange.Scale{Price: -1, Size: -3}}
			for i := int64(20); i > 0; i-- {
				b.Bids = append(b.Bids, exchange.Level{Price: 100_000 - 10*i, Size: 1000})
				b.Asks = append(b.Asks, exchange.Level{Price: 100_000 + 10*i, Size: 1000})
			}
			if err := x.Publish(b); err != nil {
				t.Fatal(err)
			}
		}
		return x.Exchange
	}
}
