package exchangetest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
)

// defect is a rule that a venue breaks, and the cases that must find it.
type defect struct {
	name  string
	cases string // "spot/gap perp/gap", by whole names
	want  string // part of what the case says
	spoil func(*broken)
}

// Each case must be able to fail: it finds at least one defect, and for the reason that it is there for.
func TestEveryCaseFindsItsDefects(t *testing.T) {
	found := map[string]bool{}
	for _, d := range slices.Concat(dataDefects(), bookDefects(), answerDefects(), orderDefects(), changeDefects(), streamDefects(), reconnectDefects(), accountDefects(), faultDefects(), wrongDefects()) {
		if d.want == "" {
			t.Errorf("defect %q may be found for any reason", d.name)
		}
		for _, name := range strings.Fields(d.cases) {
			_, bare, _ := strings.Cut(name, "/")
			found[bare] = true
			t.Run(d.name+"/"+strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
				said := exchangetest.Failures(t, contract(d.spoil), name)
				if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, d.want) }) {
					t.Errorf("the case does not say %q, but %d things: %.500q", d.want, len(said), said)
				}
			})
		}
	}
	for _, name := range exchangetest.Names(contract(nil)) {
		if !found[name] {
			t.Errorf("no defect shows that case %q can fail", name)
		}
	}
}

// A venue that nothing is spoilt of passes: what the defects are found by are not the wrappers.
func TestUnspoiltVenuePasses(t *testing.T) { exchangetest.Run(t, contract(nil)) }

// each changes every element.
func each[T any](change func(*T)) func([]T) []T {
	return func(list []T) []T {
		list = slices.Clone(list)
		for i := range list {
			change(&list[i])
		}
		return list
	}
}

// first cuts a list.
func first[T any](n int) func([]T) []T {
	return func(list []T) []T { return list[:min(n, len(list))] }
}

// times multiplies a quantity, as one who counts in contracts.
func times(q exchange.Decimal, n string) exchange.Decimal { return q.Mul(dec(n)) }

func dataDefects() []defect {
	return []defect{
		{"an instrument twice", "spot/instruments", "listed twice", func(b *broken) {
			b.instruments = func(l []exchange.Instrument) []exchange.Instrument { return append(l, l[0]) }
		}},
		{"an instrument without a tick", "spot/instruments", "tick 0", func(b *broken) {
			b.instruments = func(l []exchange.Instrument) []exchange.Instrument {
				return append(l, exchange.Instrument{Market: exchange.Market{Venue: "x", Symbol: exchange.MustSymbol("A-B")}, Lot: dec("1")})
			}
		}},
		{"a snapshot too short", "spot/snapshot perp/snapshot", "levels, got", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				if k != nil && len(k.Asks) > 10 {
					k.Asks = k.Asks[10:]
				}
				return k, err
			}
		}},
		{"a snapshot of another size", "spot/snapshot", "want the book that was published", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				k.Bids[len(k.Bids)-1].Size++
				return k, err
			}
		}},
		{"a snapshot upside down", "spot/snapshot", "out of order", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				slices.Reverse(k.Bids)
				return k, err
			}
		}},
		{"a snapshot without a time", "spot/snapshot", "received at", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				k.RecvTime = time.Time{}
				return k, err
			}
		}},
		{"a snapshot of a time long ago", "spot/snapshot", "asked for at", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				k.RecvTime = k.RecvTime.AddDate(-1, 0, 0)
				return k, err
			}
		}},
	}
}

func bookDefects() []defect {
	valid := func(b *exchange.Book) bool { return b.Err == nil }
	return []defect{
		{"a level that is wrong", "spot/deltas perp/deltas spot/books-twice spot/books-swapped spot/books-corrupt spot/books-cut spot/books-slow-reader",
			"stream: the last of", func(b *broken) {
				b.book = func(k *exchange.Book) []*exchange.Book {
					if k = k.Clone(); len(k.Bids) > 2 {
						k.Bids[2].Size += 7
					}
					return []*exchange.Book{k}
				}
			}},
		{"an old book once more", "spot/deltas spot/gap", "none that the venue had after", func(b *broken) {
			var old *exchange.Book
			n := 0
			b.book = func(k *exchange.Book) []*exchange.Book {
				if n++; n == 3 {
					old = k.Clone()
				}
				if n == 6 {
					return []*exchange.Book{k, old, k}
				}
				return []*exchange.Book{k}
			}
		}},
		{"a stream that stops", "spot/deltas perp/deltas spot/gap spot/resync spot/stale spot/crossed spot/books-cut", "stream: the last of", func(b *broken) {
			n := 0
			b.book = func(k *exchange.Book) []*exchange.Book {
				if n++; n > 5 {
					return nil
				}
				return []*exchange.Book{k}
			}
		}},
		{"no book at all", "spot/unsubscribe spot/connect-fails", "no book comes", func(b *broken) {
			b.book = func(*exchange.Book) []*exchange.Book { return nil }
		}},
		{"an invalid book that is swallowed", "spot/gap perp/gap spot/crossed spot/resync spot/stale spot/books-corrupt spot/books-cut spot/books-slow-reader", "no invalid book comes", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				if !valid(k) {
					return nil
				}
				return []*exchange.Book{k}
			}
		}},
		{"an invalid book twice", "spot/gap spot/crossed spot/resync", "is emitted again", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				if !valid(k) {
					return []*exchange.Book{k, k}
				}
				return []*exchange.Book{k}
			}
		}},
		{"a book of long ago", "spot/deltas", "received at", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				k = k.Clone()
				k.RecvTime = time.Unix(2, 0)
				return []*exchange.Book{k}
			}
		}},
		{"a book by a clock that is wrong", "spot/deltas", "received at", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				k = k.Clone()
				k.VenueTime = time.Unix(1, 0)
				return []*exchange.Book{k}
			}
		}},
		{"an error that is answered with a book", "spot/snapshot-fails", "from a question whose answer was an error", func(b *broken) {
			b.snapshot = func(k *exchange.Book, err error) (*exchange.Book, error) {
				if err != nil {
					return &exchange.Book{Market: exchange.Market{Venue: "x", Symbol: exchange.MustSymbol("BTC-USDT")}, RecvTime: time.Now()}, nil //nolint:nilerr // that is the defect
				}
				return k, nil
			}
		}},
		{"an invalid book with levels", "spot/gap spot/crossed", "is invalid", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				if k = k.Clone(); !valid(k) {
					k.Bids = append(k.Bids, exchange.Level{Price: 1, Size: 1})
				}
				return []*exchange.Book{k}
			}
		}},
		{"a gap for another reason", "spot/gap spot/crossed spot/stale", "want [", func(b *broken) {
			b.book = func(k *exchange.Book) []*exchange.Book {
				if k = k.Clone(); !valid(k) {
					k.Err = exchange.ErrScale
				}
				return []*exchange.Book{k}
			}
		}},
		{"a book that nobody asked for", "spot/deltas", "nobody asked for", func(b *broken) {
			b.symbols = func(l []exchange.Symbol) []exchange.Symbol {
				return append(slices.Clone(l), exchange.MustSymbol("BTC-USDT-PERP"))
			}
			b.book = func(k *exchange.Book) []*exchange.Book {
				k = k.Clone()
				k.Market.Symbol = exchange.MustSymbol("BTC-USDT-PERP")
				return []*exchange.Book{k}
			}
		}},
		{"one symbol of two", "spot/two-symbols", "no book of", func(b *broken) {
			b.symbols = func(l []exchange.Symbol) []exchange.Symbol { return l[:1] }
		}},
		{"a symbol that is taken for another", "spot/unknown-symbol", "snapshot", func(b *broken) {
			b.snapshot = func(*exchange.Book, error) (*exchange.Book, error) { return &exchange.Book{}, nil }
		}},
	}
}
