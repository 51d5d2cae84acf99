package arb

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// This file looks inside the package: no book reaches every carry of the wide integers.

func toBig(n notional) *big.Int {
	r := new(big.Int).SetUint64(n.Hi)
	return r.Lsh(r, 64).Add(r, new(big.Int).SetUint64(n.Lo))
}

// word draws numbers that lie near the ends of their range half of the time: that is where carries are.
func word(r *rand.Rand) uint64 {
	switch r.IntN(4) {
	case 0:
		return math.MaxUint64 - uint64(r.IntN(3))
	case 1:
		return uint64(r.IntN(3))
	}
	return r.Uint64()
}

func TestWideEqualsBig(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 2))
	carries := 0
	for range 200_000 {
		x, y, z := notional{Hi: word(r), Lo: word(r)}, notional{Hi: word(r), Lo: word(r)}, notional{Hi: word(r), Lo: word(r)}
		k, l := word(r)>>1, word(r)>>1
		if r.IntN(2) == 0 { // nearly equal sums: x*k against x*k + small
			y, l, z.Hi = x, k, 0
			z.Lo >>= 60
		}
		left := new(big.Int).Mul(toBig(x), new(big.Int).SetUint64(k))
		right := new(big.Int).Mul(toBig(y), new(big.Int).SetUint64(l))
		if new(big.Int).Rsh(right, 128).Cmp(new(big.Int).Rsh(right.Add(right, toBig(z)), 128)) != 0 {
			carries++
		}
		if got, want := largerSum(x, k, y, l, z), left.Cmp(right) > 0; got != want {
			t.Fatalf("seed %d: %v*%d > %v*%d + %v: %t", seed, x, k, y, l, z, got)
		}
		if got, want := less(x, y), toBig(x).Cmp(toBig(y)) < 0; got != want {
			t.Fatalf("seed %d: %v < %v: %t", seed, x, y, got)
		}
		sum, ok := plus(x, y)
		if want := new(big.Int).Add(toBig(x), toBig(y)); ok != (want.BitLen() <= 128) || ok && toBig(sum).Cmp(want) != 0 {
			t.Fatalf("seed %d: %v + %v = %v, %t", seed, x, y, sum, ok)
		}
		if ok && minus(sum, y) != x {
			t.Fatalf("seed %d: %v + %v - %v is not the first", seed, x, y, y)
		}
	}
	if carries < 100 {
		t.Errorf("only %d carries into the top word: the case is not tested", carries)
	}
}

func TestUnits(t *testing.T) {
	most := notional{Hi: math.MaxUint64, Lo: math.MaxUint64}
	tests := []struct {
		name     string
		x        string
		exp      int
		rounding exchange.Rounding
		want     notional
	}{
		{"whole", "12.5", -1, exchange.Floor, notional{Lo: 125}},
		{"down", "12.59", -1, exchange.Floor, notional{Lo: 125}},
		{"up", "12.51", -1, exchange.Ceil, notional{Lo: 126}},
		{"coarse units", "1250", 2, exchange.Floor, notional{Lo: 12}},
		{"2^64", "18446744073709551616", 0, exchange.Floor, notional{Hi: 1}},
		{"2^128 - 1", "340282366920938463463374607431768211455", 0, exchange.Floor, most},
		{"2^128 - 2", "340282366920938463463374607431768211454", 0, exchange.Floor, notional{Hi: math.MaxUint64, Lo: math.MaxUint64 - 1}},
		{"2^128", "340282366920938463463374607431768211456", 0, exchange.Floor, most},
		{"far beyond", "1e55", -5, exchange.Floor, most},
		{"nothing", "0", -5, exchange.Ceil, notional{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := units(exchange.MustDecimal(tt.x), tt.exp, tt.rounding); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	if got := smallUnits(exchange.MustDecimal("1e19"), 0, exchange.Floor); got != math.MaxInt64 {
		t.Errorf("a bound beyond 64 bits: %d", got)
	}
}
