package binance_test

import (
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
)

// unhurried are cases that mostly wait: over real sockets some of each kind will do.
const unhurried = `pages gap deltas resync crossed books-slow-reader books-corrupt books-cut books-swapped books-twice fills-since context-after missed-orders
	missed-fills-slow-reader missed-fills-disconnect missed-fills-corrupt snapshot-fails
	place-garbage place-html place-unknown-503 place-server-error place-half-answer place-reset place-overloaded-503 place-failed-503 place-empty
	replace-garbage replace-html replace-unknown-503 replace-server-error replace-half-answer replace-empty
	cancel-garbage cancel-html cancel-unknown-503 cancel-server-error cancel-half-answer cancel-empty`

// The same over real sockets and on the machine's clock.
func TestContractReal(t *testing.T) {
	t.Parallel()
	cfg := boxed{real: true, entry: binance.EntrySocket}.contract()
	cfg.RealTime = true
	for _, name := range strings.Fields(unhurried) {
		cfg.Unsupported[name] = "it mostly waits"
	}
	exchangetest.Run(t, cfg)
}
