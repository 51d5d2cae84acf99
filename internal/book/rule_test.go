package book_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/internal/book"
)

// Each row of each venue's rule, one case a row.
func TestRules(t *testing.T) {
	type (
		state  = book.State
		update = book.Update
	)
	waiting := state{}
	holding := state{Held: 100, Holding: true}
	seeded := func(last int64) state { return state{Phase: book.Seeded, Last: last} }
	live := func(last int64) state { return state{Phase: book.Live, Last: last} }
	snap := func(last int64) update { return update{Snapshot: true, Last: last, Prev: -1} }
	delta := func(first, last, prev int64) update { return update{First: first, Last: last, Prev: prev} }
	unnumbered := update{Unnumbered: true}
	unnumberedSnap := update{Unnumbered: true, Snapshot: true}

	for _, c := range []struct {
		name string
		rule book.Rule
		s    state
		u    update
		want book.Verdict
	}{
		{"spot: delta before the snapshot", book.BinanceSpot{}, waiting, delta(5, 6, 0), book.Hold},
		{"spot: first snapshot", book.BinanceSpot{}, waiting, snap(10), book.Replace},
		{"spot: snapshot before the first held U", book.BinanceSpot{}, holding, snap(99), book.TooOld},
		{"spot: snapshot at the first held U", book.BinanceSpot{}, holding, snap(100), book.Replace},
		{"spot: newer snapshot", book.BinanceSpot{}, live(10), snap(11), book.Replace},
		{"spot: older snapshot", book.BinanceSpot{}, live(10), snap(10), book.Drop},
		{"spot: first delta is old, u = lastUpdateId", book.BinanceSpot{}, seeded(10), delta(5, 10, 0), book.Drop},
		{"spot: first delta spans lastUpdateId+1", book.BinanceSpot{}, seeded(10), delta(9, 12, 0), book.Merge},
		{"spot: first delta begins at lastUpdateId+1", book.BinanceSpot{}, seeded(10), delta(11, 11, 0), book.Merge},
		{"spot: first delta begins behind it", book.BinanceSpot{}, seeded(10), delta(12, 13, 0), book.Gap},
		{"spot: next delta", book.BinanceSpot{}, live(10), delta(11, 15, 0), book.Merge},
		{"spot: overlapping delta", book.BinanceSpot{}, live(10), delta(8, 15, 0), book.Merge},
		{"spot: the same delta again", book.BinanceSpot{}, live(10), delta(8, 10, 0), book.Merge},
		{"spot: old delta", book.BinanceSpot{}, live(10), delta(7, 9, 0), book.Drop},
		{"spot: one missing", book.BinanceSpot{}, live(10), delta(12, 15, 0), book.Gap},
		{"spot: no number", book.BinanceSpot{}, live(10), unnumbered, book.Gap},

		{"futures: delta before the snapshot", book.BinanceFutures{}, waiting, delta(5, 6, 4), book.Hold},
		{"futures: first snapshot", book.BinanceFutures{}, waiting, snap(10), book.Replace},
		{"futures: snapshot before the first held U", book.BinanceFutures{}, holding, snap(99), book.TooOld},
		{"futures: newer snapshot", book.BinanceFutures{}, live(10), snap(11), book.Replace},
		{"futures: older snapshot", book.BinanceFutures{}, seeded(10), snap(9), book.Drop},
		{"futures: first delta is old, u < lastUpdateId", book.BinanceFutures{}, seeded(10), delta(5, 9, 4), book.Drop},
		{"futures: first delta ends at lastUpdateId", book.BinanceFutures{}, seeded(10), delta(8, 10, 4), book.Merge},
		{"futures: first delta spans lastUpdateId, pu is anything", book.BinanceFutures{}, seeded(10), delta(10, 20, 3), book.Merge},
		{"futures: first delta begins behind it", book.BinanceFutures{}, seeded(10), delta(11, 20, 10), book.Gap},
		{"futures: pu is the last u, U jumps", book.BinanceFutures{}, live(10), delta(50, 60, 10), book.Merge},
		{"futures: pu is not the last u, though U is the next", book.BinanceFutures{}, live(10), delta(11, 60, 9), book.Gap},
		{"futures: the same delta again", book.BinanceFutures{}, live(10), delta(8, 10, 7), book.Gap},
		{"futures: no number", book.BinanceFutures{}, live(10), unnumbered, book.Gap},

		{"okx: first snapshot, prevSeqId -1", book.OKX{}, waiting, snap(10), book.Replace},
		{"okx: update before the snapshot", book.OKX{}, waiting, delta(0, 10, 9), book.Gap},
		{"okx: step of one", book.OKX{}, seeded(10), delta(0, 11, 10), book.Merge},
		{"okx: step of many", book.OKX{}, live(10), delta(0, 500, 10), book.Merge},
		{"okx: keep-alive, ids equal", book.OKX{}, live(10), delta(0, 10, 10), book.Merge},
		{"okx: maintenance reset, seqId below prevSeqId", book.OKX{}, live(10), delta(0, 3, 10), book.Merge},
		{"okx: gap", book.OKX{}, live(10), delta(0, 20, 15), book.Gap},
		{"okx: old update", book.OKX{}, live(10), delta(0, 9, 8), book.Gap},
		{"okx: maintenance reset that does not continue the book", book.OKX{}, live(10), delta(0, 3, 11), book.Gap},
		{"okx: snapshot mid-stream", book.OKX{}, live(10), snap(3), book.Replace},
		{"okx: no seqId", book.OKX{}, live(10), unnumbered, book.Gap},
		{"okx: snapshot without seqId", book.OKX{}, waiting, unnumberedSnap, book.Gap},
		{"okx recording: snapshot without seqId", book.OKX{AllowUnnumbered: true}, waiting, unnumberedSnap, book.Replace},
		{"okx recording: update without seqId", book.OKX{AllowUnnumbered: true}, live(0), unnumbered, book.Merge},
		{"okx recording: update before the snapshot", book.OKX{AllowUnnumbered: true}, waiting, unnumbered, book.Gap},
		{"okx recording: a number that is there counts", book.OKX{AllowUnnumbered: true}, live(10), delta(0, 20, 15), book.Gap},

		{"bybit: first snapshot", book.Bybit{}, waiting, snap(10), book.Replace},
		{"bybit: delta before the snapshot", book.Bybit{}, waiting, delta(0, 11, 0), book.Gap},
		{"bybit: next delta", book.Bybit{}, seeded(10), delta(0, 11, 0), book.Merge},
		{"bybit: the same delta again", book.Bybit{}, live(11), delta(0, 11, 0), book.Drop},
		{"bybit: old delta", book.Bybit{}, live(11), delta(0, 5, 0), book.Drop},
		{"bybit: one missing", book.Bybit{}, live(11), delta(0, 13, 0), book.Gap},
		{"bybit: snapshot mid-stream, lower u", book.Bybit{}, live(11), snap(4), book.Replace},
		{"bybit: the same snapshot again", book.Bybit{}, seeded(11), snap(11), book.Replace},
		{"bybit: u = 1 after a restart, called a delta", book.Bybit{}, live(11), delta(0, 1, 0), book.Replace},
		{"bybit: u = 1 before any snapshot", book.Bybit{}, waiting, delta(0, 1, 0), book.Replace},
		{"bybit: no number", book.Bybit{}, live(11), unnumbered, book.Gap},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.rule.Judge(c.s, &c.u); got != c.want {
				t.Errorf("verdict %d, want %d", got, c.want)
			}
		})
	}
}
