package sim

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// FuzzMoney holds the integers against Decimal: sums, differences, products and comparisons are the same, whatever overflows.
func FuzzMoney(f *testing.F) {
	for _, x := range []int64{0, 1, -1, 999, math.MaxInt64, math.MinInt64, 1 << 40} {
		f.Add(x, int64(7), int8(-2), int8(-5), int64(-3), int8(0))
		f.Add(int64(-12345), x, int8(-8), int8(4), x, int8(-4))
	}
	f.Fuzz(func(t *testing.T, a, b int64, ea, eb int8, c int64, ec int8) {
		checkMoney(t, a, b, ea, eb, c, ec)
	})
}

func TestMoneyIsExact(t *testing.T) {
	const seed = 11
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	number := func() int64 { return int64(r.Uint64()) >> r.IntN(64) }
	for range 20_000 {
		checkMoney(t, number(), number(), int8(r.IntN(40)-20), int8(r.IntN(40)-20), number(), int8(r.IntN(20)-10))
	}
}

func checkMoney(t *testing.T, a, b int64, ea, eb int8, c int64, ec int8) {
	t.Helper()
	same := func(what string, m money, d exchange.Decimal) {
		t.Helper()
		if !m.decimal().Equal(d) || m.sign() != d.Sign() {
			t.Fatalf("%d*10^%d, %d*10^%d, %d*10^%d: %s is %s, want %s", a, ea, b, eb, c, ec, what, m.decimal(), d)
		}
	}
	x, y := units(a, int(ea)), units(b, int(eb))
	dx, dy, dc := exchange.Scaled(a, int(ea)), exchange.Scaled(b, int(eb)), exchange.Scaled(c, int(ec))
	same("x", x, dx)
	same("-x", x.neg(), dx.Neg())
	same("x + y", x.add(y), dx.Add(dy))
	same("x - y", x.sub(y), dx.Sub(dy))
	same("a * b", product(a, b, int(ea)), exchange.Scaled(a, int(ea)).Mul(exchange.Scaled(b, 0)))
	wide, dwide := product(a, b, int(eb)), exchange.Scaled(a, 0).Mul(dy) // up to 126 bits
	same("wide * c", wide.times(c, int(ec)), dwide.Mul(dc))
	same("wide + x", wide.add(x), dwide.Add(dx))
	same("wide - wide", wide.sub(wide), exchange.Decimal{})
	same("a rate of wide", rateOf(dc).of(wide), dwide.Mul(dc))
	big := wide.times(c, 0).times(c, 0)
	dbig := dwide.Mul(exchange.Scaled(c, 0)).Mul(exchange.Scaled(c, 0))
	same("beyond 128 bits", big, dbig)
	same("and back", big.sub(big).add(x), dx)
	same("read back", moneyOf(dwide), dwide)
	if got, want := wide.cmp(x), dwide.Cmp(dx); got != want {
		t.Fatalf("%s against %s: %d, want %d", dwide, dx, got, want)
	}
	if filled := c & math.MaxInt64; filled > 0 {
		n := wide
		if n.sign() < 0 {
			n = n.neg()
		}
		got := average(n, filled, exchange.Scale{Size: ec}, 9)
		if want := n.decimal().Quo(exchange.Scaled(filled, int(ec)), 9, exchange.HalfEven); !got.Equal(want) {
			t.Fatalf("%s / %d*10^%d is %s, want %s", n.decimal(), filled, ec, got, want)
		}
	}
}
