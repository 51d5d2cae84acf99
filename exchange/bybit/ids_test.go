package bybit_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

var takenAsIs = regexp.MustCompile(`^[A-Za-z0-9_-]{1,36}$`)

func TestLinks(t *testing.T) {
	tests := []struct {
		name, id string
		want     string // "": another one that the venue takes; "-": refused
	}{
		{"a coordinator's", "ORD-20240521-8a3f-01", "ORD-20240521-8a3f-01"},
		{"the longest of a coordinator's", "ABCDEFGH-20240521-3w5e11264sgsf-0z", "ABCDEFGH-20240521-3w5e11264sgsf-0z"},
		{"a UUID", "019ffefa-ffb4-738f-9c29-ad4fe85302e5", "019ffefa-ffb4-738f-9c29-ad4fe85302e5"},
		{"somebody else's with an underscore in front", "_mine", "_mine"},
		{"37 characters", "abcdefgh-20240521-3w5e11264sgsf-0Z-XY", ""},
		{"38 digits", strings.Repeat("0", 38), ""},
		{"39 digits", strings.Repeat("0", 39), "-"},
		{"other characters", "ORD:2024/05.21 #8", ""},
		{"too long for other characters", strings.Repeat("~", 37), "-"},
		{"not ASCII", "ORD-é", "-"},
		{"a control character", "a\x00", "-"},
		{"empty", "", "-"},
		{"huge", strings.Repeat("a", 1<<20), "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := bybit.Link(tt.id)
			switch {
			case tt.want == "-":
				if !errors.Is(err, exchange.ErrInvalid) {
					t.Fatalf("got %q, %v; want ErrInvalid", l, err)
				}
				return
			case err != nil:
				t.Fatal(err)
			case tt.want != "" && l != tt.want, !takenAsIs.MatchString(l):
				t.Errorf("got %q, want %q", l, tt.want)
			}
			if back := bybit.ClientID(l); back != tt.id {
				t.Errorf("%q came back as %q", tt.id, back)
			}
		})
	}
}

// What stands for another id is not taken itself: both would be one order to the venue.
func TestLinkOfALink(t *testing.T) {
	l, err := bybit.Link("ORD:1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := bybit.Link(l); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("%q became %q, %v", l, again, err)
	}
}

// There and back, and no two ids become one: for ids of programs, and for links of others.
func TestLinksAreReversible(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	alphabet := []string{"0123456789abcdefghijklmnopqrstuvwxyz-", "ABCDEF-_0123456789", "aB-", "_01", " !~:./aZ"}
	seen := map[string]string{}
	for range 50000 {
		a := alphabet[r.IntN(len(alphabet))]
		b := make([]byte, 1+r.IntN(42))
		for i := range b {
			b[i] = a[r.IntN(len(a))]
		}
		checkLink(t, seed, string(b), seen)
		if takenAsIs.MatchString(string(b)) { // as a foreign link
			if back, err := bybit.Link(bybit.ClientID(string(b))); err != nil || back != string(b) {
				t.Fatalf("seed %d: link %q came back as %q, %v", seed, b, back, err)
			}
		}
	}
}

func checkLink(t *testing.T, seed uint64, id string, seen map[string]string) {
	t.Helper()
	l, err := bybit.Link(id)
	if err != nil {
		if !errors.Is(err, exchange.ErrInvalid) {
			t.Fatalf("seed %d: %q: %v", seed, id, err)
		}
		return
	}
	if !takenAsIs.MatchString(l) || bybit.ClientID(l) != id {
		t.Fatalf("seed %d: %q became %q, and that %q", seed, id, l, bybit.ClientID(l))
	}
	if other, ok := seen[l]; ok && other != id {
		t.Fatalf("seed %d: %q and %q are both %q", seed, id, other, l)
	}
	seen[l] = id
}

func FuzzLinks(f *testing.F) {
	for _, s := range []string{"ORD-20240521-8a3f-01", "_0abc", "_1", "_0-", "ORD:1", "^", "_0000", "aB^c", strings.Repeat("Z", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkLink(t, 0, s, map[string]string{})
		if takenAsIs.MatchString(s) {
			if back, err := bybit.Link(bybit.ClientID(s)); err != nil || back != s {
				t.Errorf("link %q came back as %q, %v", s, back, err)
			}
		}
	})
}
