package binance_test

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

func TestClientIDs(t *testing.T) {
	for _, c := range []struct {
		id   string
		kind exchange.Kind
		same bool // the venue takes it as it is
		ok   bool
	}{
		{"ORD-20240521-8a3f-01", exchange.Spot, true, true},
		{"ABCDEFGH-20240521-zzzzzzzzzzzzz-01", exchange.Spot, true, true},
		{strings.Repeat("a", 36), exchange.Spot, true, true},
		{"a.b:c/d", exchange.Perp, true, true},
		{"a.b:c/d", exchange.Spot, false, true},
		{"an id with spaces", exchange.Perp, false, true},
		{"ord-20240521-8a3f-01-that-is-too-long-", exchange.Spot, false, true},
		{strings.Repeat("aB", 20), exchange.Spot, false, false},
		{strings.Repeat("a", 73), exchange.Spot, false, false},
		{"é", exchange.Spot, false, false},
		{"a\nb", exchange.Spot, false, false},
		{"", exchange.Spot, false, false},
	} {
		v, err := binance.VenueID(c.kind, c.id, 0)
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, exchange.ErrInvalid) || c.ok && c.same != (v == c.id) || len(v) > 36 {
			t.Errorf("%s %q is %q, %v", c.kind, c.id, v, err)
		}
	}
}

// Others' ids come back as they are, and so do the venue's own.
func TestForeignIDs(t *testing.T) {
	for _, id := range []string{"web_2f1a", "x-TD67BGP9-T0000000000000", "autoclose-1234567890", "adl_autoclose_12345", "6gCrw2kRUAF9CvJDGP16IP", "_0", "_1", "_",
		"a_1", "order_1zz", "ios_st_12_ab", "electron_3qw", "O-20240930-081155-001-000-29"} {
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			if got, n := binance.ClientID(k, id); got != id || n != 0 {
				t.Errorf("%s is read as %s, successor %d", id, got, n)
			}
		}
	}
}

// An id that looks packed and stands for another one is not sent: the two would be one order.
func TestNoIDStandsForAnother(t *testing.T) {
	packed, err := binance.VenueID(exchange.Spot, "a.b", 0)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := binance.VenueID(exchange.Spot, packed, 0); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("%s is sent as %s, %v", packed, v, err)
	}
}

// An id that looks like another one's successor is packed, as one in thousands of a plain counter's does; the others stay as they are.
func TestIDsLikeSuccessors(t *testing.T) {
	packed, second := 0, map[string]string{}
	for i := range 200_000 {
		id := "bot_" + strconv.FormatInt(int64(i+50_000), 36)
		v, err := binance.VenueID(exchange.Spot, id, 0)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if v != id {
			packed++
		}
		checkID(t, second, exchange.Spot, id, 0)
		checkID(t, map[string]string{}, exchange.Spot, id, 3)
	}
	if packed == 0 || packed > 200 {
		t.Errorf("%d of them are packed", packed)
	}
	v, err := binance.VenueID(exchange.Spot, "ORD-1", 2)
	if err != nil {
		t.Fatal(err)
	}
	checkID(t, map[string]string{v: "ORD-1"}, exchange.Spot, v, 0)
}

func checkID(t *testing.T, seen map[string]string, k exchange.Kind, id string, n int) {
	t.Helper()
	v, err := binance.VenueID(k, id, n)
	if err != nil {
		return
	}
	for i := range len(v) {
		plain := strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", v[i]) >= 0
		if !plain && (k != exchange.Perp || strings.IndexByte(".:/", v[i]) < 0) {
			t.Fatalf("%q is sent as %q", id, v)
		}
	}
	if back, m := binance.ClientID(k, v); back != id || m != n || v == "" || len(v) > 36 {
		t.Fatalf("%q, successor %d, is sent as %q and read as %q, %d", id, n, v, back, m)
	}
	key := k.String() + v
	if other, ok := seen[key]; ok && other != id {
		t.Fatalf("%q and %q are both sent as %q", id, other, v)
	}
	seen[key] = id
}

func TestClientIDsRoundTrip(t *testing.T) {
	const seed = 1
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	alphabets := []string{"abcdef0123456789-", "ABCDEFGHabcdefgh0123456789-_", "_0123abcXYZ-", " !\"#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~"}
	seen := map[string]string{}
	for range 60000 {
		a := alphabets[r.IntN(len(alphabets))]
		b := make([]byte, r.IntN(42))
		for i := range b {
			b[i] = a[r.IntN(len(a))]
		}
		checkID(t, seen, exchange.Kind(r.IntN(2)), string(b), r.IntN(3)*r.IntN(1500))
	}
	if len(seen) < 30000 {
		t.Errorf("only %d ids were sent", len(seen))
	}
}

func FuzzClientID(f *testing.F) {
	for _, id := range []string{"ORD-20240521-8a3f-01", "a.b:c/d", "_0abc", "x_1Ab", "^A^b", "\x00"} {
		f.Add(id, uint16(0))
		f.Add(id, uint16(3))
	}
	f.Fuzz(func(t *testing.T, id string, n uint16) {
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			checkID(t, map[string]string{}, k, id, int(n%1400))
			// What comes from the venue is read as one thing only.
			if back, m := binance.ClientID(k, id); back != id || m != 0 {
				if again, err := binance.VenueID(k, back, m); err != nil || again != id {
					t.Errorf("%q is read as %q, %d, which is sent as %q (%v)", id, back, m, again, err)
				}
			}
		}
	})
}
