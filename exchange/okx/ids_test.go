package okx_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

func TestClientIDs(t *testing.T) {
	for name, id := range map[string]string{
		"the coordinator's":             "ORD-20240521-8a3f-01",
		"the coordinator's longest":     "Zz9Yy8Xx-99991231-zzzzzzzzzzzzz-zz",
		"a group":                       "ORD-20240521-8a3f",
		"40 characters":                 "0000-20240521-1234567890123456-1234567890",
		"a UUID":                        "123e4567-e89b-12d3-a456-426614174000",
		"a UUID of Fs":                  "ffffffff-ffff-ffff-ffff-ffffffffffff",
		"an underscore":                 "my_order.7",
		"two hyphens":                   "a--b",
		"a hyphen at the end":           "a-",
		"26 characters of any kind":     "//////////////////////////",
		"zeros":                         "0-0",
		"more zeros":                    "000-00000000-0000-00",
		"a hyphened date that is none":  "A-2024052-8a3f-01",
		"letters and digits, as it was": "b15",
		"32 of them":                    "abcdefghijABCDEFGHIJ0123456789xy",
	} {
		t.Run(name, func(t *testing.T) {
			v, err := okx.VenueID(id)
			if err != nil {
				t.Fatal(err)
			}
			checkVenueID(t, id, v)
		})
	}
}

// checkVenueID holds what the venue asks of an id, and what we do.
func checkVenueID(t *testing.T, id, v string) {
	t.Helper()
	alnum := func(s string) bool {
		return len(s) > 0 && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
	}
	if !alnum(v) {
		t.Errorf("%q became %q, which the venue does not take", id, v)
	}
	if alnum(id) && v != id {
		t.Errorf("%q became %q, though the venue takes it as it is", id, v)
	}
	if back := okx.ClientID(v); back != id {
		t.Errorf("%q became %q, which reads %q", id, v, back)
	}
}

func TestClientIDsRefused(t *testing.T) {
	twin, err := okx.VenueID("ORD-20240521-8a3f-01")
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{
		"none":                      "",
		"33 letters":                strings.Repeat("a", 33),
		"27 of any kind":            strings.Repeat("/", 27),
		"a blank":                   "a b",
		"a letter of no alphabet":   "ä",
		"another's form":            twin,
		"more than 32 could hold":   "ORD-ABCDEFGHIJabcdef-0123456789ABCDEF-abcdefghijk-xyz",
		"an endless one":            strings.Repeat("ab-", 10000),
		"seven hyphens and letters": "Aa1-Bb2-Cc3-Dd4-Ee5-Ff6-Gg7-Hh8",
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := okx.VenueID(id); !errors.Is(err, exchange.ErrInvalid) {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
}

// What others placed keeps its id, also where it looks like one of ours.
func TestForeignIDs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for range 2000 { // one in a million is read as ours after all, and still leads back: see FuzzClientID
		b := []byte{'Z'} // the mark of ours
		for range 31 - r.IntN(31) {
			b = append(b, alphabet[r.IntN(62)])
		}
		if got := okx.ClientID(string(b)); got != string(b) {
			t.Fatalf("%s came back as %s", b, got)
		}
	}
	own, _ := okx.VenueID("ORD-20240521-8a3f-01")
	for i := range own {
		if i == 0 {
			continue
		}
		b := []byte(own)
		b[i] = '0' + (b[i]-'0'+1)%10
		if got := okx.ClientID(string(b)); got != string(b) {
			t.Errorf("%s, one character off %s, came back as %s", b, own, got)
		}
	}
	for _, v := range []string{"", "0", "HamsterParty14", "Z", "Z000", "O-attached-entry", strings.Repeat("Z", 60)} {
		if got := okx.ClientID(v); got != v {
			t.Errorf("%q came back as %q", v, got)
		}
	}
}

// No two ids become one.
func TestClientIDsDoNotCollide(t *testing.T) {
	seed := uint64(20261128)
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	seen := map[string]string{}
	add := func(id string) {
		v, err := okx.VenueID(id)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if other, dup := seen[v]; dup && other != id {
			t.Fatalf("%q and %q both became %q", id, other, v)
		}
		seen[v] = id
		if back := okx.ClientID(v); back != id {
			t.Fatalf("%q became %q, which reads %q", id, v, back)
		}
	}
	for _, prefix := range []string{"A", "ORD", "ord", "00000000", "zZzZzZzZ"} {
		for range 2000 {
			number := strconv.FormatUint(r.Uint64()>>r.IntN(64), 36)
			date := 19700101 + r.IntN(80000000)
			for child := range 3 {
				add(fmt.Sprintf("%s-%08d-%s-%02d", prefix, date, number, child))
				add(fmt.Sprintf("%s%08d%s%02d", prefix, date, number, child)[:min(32, len(prefix)+8+len(number)+2)])
			}
		}
	}
}

func FuzzClientID(f *testing.F) {
	for _, s := range []string{"ORD-20240521-8a3f-01", "a", "a-b", "-", "Z0000", "a_b", "123e4567-e89b-12d3-a456-426614174000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if v, err := okx.VenueID(id); err == nil {
			checkVenueID(t, id, v)
		} else if !errors.Is(err, exchange.ErrInvalid) {
			t.Error(err)
		}
		// Any id of the venue's is read as one that leads back to it, so that its order can be cancelled.
		mine := okx.ClientID(id)
		if mine == id {
			return
		}
		if v, err := okx.VenueID(mine); err != nil || v != id {
			t.Errorf("%q reads %q, which becomes %q, %v", id, mine, v, err)
		}
	})
}

func BenchmarkVenueID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := okx.VenueID("ORD-20240521-8a3f-01"); err != nil {
			b.Fatal(err)
		}
	}
}
