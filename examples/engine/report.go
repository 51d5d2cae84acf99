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
	rejected map[string]uint64
	outcomes map[order.Outcome]uint64
	done     uint64
	latency  []time.Duration // signal to the end of the group
	last     string          // the latest arbitrage, for the progress line
}

func newTally() *tally {
	return &tally{rejected: map[string]uint64{}, outcomes: map[order.Outcome]uint64{}}
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

func (t *tally) reject(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rejected[reason]++
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
	Rejected        map[string]uint64 `json:"rejected"`
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
	return summary{
		Messages: t.messages, Books: t.books, Gaps: t.gaps, Signals: t.signals, Rejected: maps.Clone(t.rejected), Arbitrages: t.done,
		Completed: t.outcomes[order.Completed], Voided: t.outcomes[order.Voided], Unwound: t.outcomes[order.Unwound],
		Exposed: t.outcomes[order.Exposed], Open: t.outcomes[order.Open],
		NetPnL: a.net, Fees: a.fees, Fills: a.fills, FillMismatch: a.mismatch, LedgerImbalance: a.imbalance, PositionDrift: a.drift,
		Latency: latency{at(50), at(95), at(99)}, ElapsedMS: elapsed.Milliseconds(),
	}
}

// print writes s for people.
func (s summary) print(w io.Writer, quote exchange.Asset) {
	fmt.Fprintf(w, "\nbooks       %d from %d messages, %d gaps\n", s.Books, s.Messages, s.Gaps)
	fmt.Fprintf(w, "signals     %d\n", s.Signals)
	fmt.Fprintf(w, "arbitrages  %d: %d completed, %d voided, %d unwound, %d exposed\n", s.Arbitrages, s.Completed, s.Voided, s.Unwound, s.Exposed)
	fmt.Fprintf(w, "net profit  %s %s after %s %s of fees, in %d fills\n", s.NetPnL, quote, s.Fees, quote, s.Fills)
	fmt.Fprintf(w, "ledger      imbalance %s, drift from the venues' own balances %s, fills that differ %d\n", s.LedgerImbalance, s.PositionDrift, s.FillMismatch)
	fmt.Fprintf(w, "latency     signal to end: p50 %d us, p95 %d us, p99 %d us\n", s.Latency.P50, s.Latency.P95, s.Latency.P99)
	if len(s.Rejected) > 0 {
		fmt.Fprintf(w, "rejected    %s\n", reasons(s.Rejected))
	}
	if s.Exposed > 0 {
		fmt.Fprintf(w, "EXPOSED     %d arbitrages ended with a position that could not be unwound\n", s.Exposed)
	}
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
