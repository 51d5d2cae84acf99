package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/order"
)

// tally counts what happens. Safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	messages uint64
	books    uint64
	gaps     uint64
	signals  uint64
	missed   map[string]uint64 // looks at a pair that gave no signal, by the term that decided
	refused  map[string]uint64 // signals that were not sent, by reason
	outcomes map[order.Outcome]uint64
	done     uint64
	latency  []time.Duration // signal to the end of the group
	last     string          // the latest arbitrage, for the progress line
}

func newTally() *tally {
	return &tally{missed: map[string]uint64{}, refused: map[string]uint64{}, outcomes: map[order.Outcome]uint64{}}
}

func (t *tally) book(gap bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.books++
	if gap {
		t.gaps++
	}
}

func (t *tally) message() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages++
}

func (t *tally) signal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signals++
}

func (t *tally) miss(term string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed[term]++
}

func (t *tally) reject(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused[reason]++
}

// maxLatencies bounds the memory of a long run: past it the percentiles are those of the first arbitrages.
const maxLatencies = 1 << 20

func (t *tally) ended(r order.Result, took time.Duration, line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	t.outcomes[r.Outcome]++
	if len(t.latency) < maxLatencies {
		t.latency = append(t.latency, took)
	}
	t.last = line
}

// progress is one line about now; the short one fits a narrow terminal.
func (t *tally) progress(elapsed time.Duration, short bool) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := fmt.Sprintf("%5.1fs  %d signals, %d arbitrages: %d completed, %d voided, %d unwound, %d exposed", elapsed.Seconds(), t.signals,
		t.done, t.outcomes[order.Completed], t.outcomes[order.Voided], t.outcomes[order.Unwound], t.outcomes[order.Exposed])
	if short || t.last == "" {
		return line
	}
	return line + "; last: " + t.last
}

// summary is the object that -json prints.
type summary struct {
	Messages        uint64            `json:"messages"`
	Books           uint64            `json:"books"`
	Gaps            uint64            `json:"gaps"`
	Signals         uint64            `json:"signals"`
	Rejected        map[string]uint64 `json:"rejected"` // looks without a signal and refused signals, by reason
	Arbitrages      uint64            `json:"arbitrages"`
	Completed       uint64            `json:"completed"`
	Voided          uint64            `json:"voided"`
	Unwound         uint64            `json:"unwound"`
	Exposed         uint64            `json:"exposed"`
	Open            uint64            `json:"open"` // not ended when the run was
	NetPnL          exchange.Decimal  `json:"net_pnl"`
	Fees            exchange.Decimal  `json:"fees"`
	Fills           int               `json:"fills"`
	FillMismatch    int               `json:"fill_mismatch"` // fills that the ledger and the venues' own logs do not share
	LedgerImbalance exchange.Decimal  `json:"ledger_imbalance"`
	PositionDrift   exchange.Decimal  `json:"position_drift"`
	Latency         latency           `json:"latency_us"`
	ElapsedMS       int64             `json:"elapsed_ms"`

	refused, missed map[string]uint64
}

type latency struct {
	P50 int64 `json:"p50"`
	P95 int64 `json:"p95"`
	P99 int64 `json:"p99"`
}

func (t *tally) summary(a audit, elapsed time.Duration) summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.latency)
	at := func(percent int) int64 {
		if len(t.latency) == 0 {
			return 0
		}
		return t.latency[(len(t.latency)-1)*percent/100].Microseconds()
	}
	rejected := maps.Clone(t.missed)
	for reason, n := range t.refused {
		rejected[reason] += n
	}
	return summary{
		refused: maps.Clone(t.refused), missed: maps.Clone(t.missed),
		Messages: t.messages, Books: t.books, Gaps: t.gaps, Signals: t.signals, Rejected: rejected, Arbitrages: t.done,
		Completed: t.outcomes[order.Completed], Voided: t.outcomes[order.Voided], Unwound: t.outcomes[order.Unwound],
		Exposed: t.outcomes[order.Exposed], Open: t.outcomes[order.Open],
		NetPnL: a.net, Fees: a.fees, Fills: a.fills, FillMismatch: a.mismatch, LedgerImbalance: a.imbalance, PositionDrift: a.drift,
		Latency: latency{at(50), at(95), at(99)}, ElapsedMS: elapsed.Milliseconds(),
	}
}

// print writes s for people, amounts to a hundredth.
func (s summary) print(w io.Writer, quote exchange.Asset) error {
	cents := func(x exchange.Decimal) exchange.Decimal {
		return x.Round(exchange.MustDecimal("0.01"), exchange.HalfEven)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nbooks       %d, of %d messages; gaps: %d\n", s.Books, s.Messages, s.Gaps)
	fmt.Fprintf(&b, "signals     %d\n", s.Signals)
	if len(s.refused) > 0 {
		fmt.Fprintf(&b, "  not sent  %s\n", reasons(s.refused))
	}
	fmt.Fprintf(&b, "arbitrages  %d: %d completed, %d voided, %d unwound, %d exposed\n", s.Arbitrages, s.Completed, s.Voided, s.Unwound, s.Exposed)
	fmt.Fprintf(&b, "net profit  %s %s after %s %s of fees, in %d fills\n", cents(s.NetPnL), quote, cents(s.Fees), quote, s.Fills)
	fmt.Fprintf(&b, "ledger      imbalance %s, drift from the venues' own balances %s, fills that differ %d\n", s.LedgerImbalance, s.PositionDrift, s.FillMismatch)
	if s.Arbitrages > 0 {
		fmt.Fprintf(&b, "latency     signal to end: p50 %d us, p95 %d us, p99 %d us\n", s.Latency.P50, s.Latency.P95, s.Latency.P99)
	}
	if len(s.missed) > 0 {
		fmt.Fprintf(&b, "no signal   %s\n", reasons(s.missed))
	}
	if s.Gaps > 0 {
		fmt.Fprintln(&b, "GAPS        a market without a book since its gap: a recording may hold no new snapshot")
	}
	if s.Exposed > 0 {
		fmt.Fprintf(&b, "EXPOSED     %d arbitrages ended with a position that could not be unwound\n", s.Exposed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reasons lists counts, the most frequent first.
func reasons(m map[string]uint64) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return int(min(max(int64(m[b])-int64(m[a]), -1), 1))
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%s %d", k, m[k])
	}
	return strings.Join(parts, ", ")
}

// sound reports whether the books balance: what a run is worth nothing without.
func (s summary) sound() bool {
	return s.LedgerImbalance.IsZero() && s.PositionDrift.IsZero() && s.FillMismatch == 0
}

func (s summary) json(w io.Writer) error {
	return json.NewEncoder(w).Encode(s)
}
