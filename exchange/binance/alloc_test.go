//go:build !race

package binance_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange/binance"
)

func TestSigningAllocates(t *testing.T) {
	sign := binance.SignAllocs(hmacKey())
	if n := testing.AllocsPerRun(1000, sign); n > 0 {
		t.Errorf("%v allocations a signature", n)
	}
}
