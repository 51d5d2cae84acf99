package exchangetest_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// The three parts of the matrix: operations that ask for something, those that begin a connection, and messages of streams.
var (
	callOps   = []sim.Op{sim.OpPlace, sim.OpReplace, sim.OpCancel, sim.OpCancelAll, sim.OpLookup, sim.OpRead}
	setupOps  = []sim.Op{sim.OpConnect, sim.OpLogin, sim.OpSubscribe}
	streamOps = []sim.Op{sim.OpBooks, sim.OpOrders}
)

// faultsOf are the columns of an operation's part: each fault that any operation of the part may meet.
func faultsOf(op sim.Op) (r []sim.Fault) {
	part := callOps
	for _, p := range [][]sim.Op{setupOps, streamOps} {
		if slices.Contains(p, op) {
			part = p
		}
	}
	for _, f := range sim.FaultKinds() {
		if slices.ContainsFunc(part, f.Meets) {
			r = append(r, f)
		}
	}
	return r
}

// TestMatrix has each operation of each adapter meet each fault, over the venue's own protocol, and holds what the adapter answers, and
// what it has done, against what it must. Reads are asked again, orders never; a book that cannot be trusted is said to be so before
// anything else is shown of it; each fill is told, once.
func TestMatrix(t *testing.T) {
	total, impossible := 0, map[string]int{}
	for _, c := range columns() {
		for _, op := range sim.Ops() {
			if c.parts != nil && !slices.Contains(c.parts, op) {
				continue
			}
			for _, f := range faultsOf(op) {
				total++
				w := wanted(c, op, f)
				if w.impossible != "" {
					impossible[w.impossible]++
					continue
				}
				t.Run(fmt.Sprint(c.name, "/", op, "/", f), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { w.judge(t, op, play(t, c, op, f)) })
				})
			}
		}
	}
	n := 0
	for _, reason := range slices.Sorted(maps.Keys(impossible)) {
		t.Logf("%3d impossible: %s", impossible[reason], reason)
		n += impossible[reason]
	}
	t.Logf("%d cells, of which %d are impossible", total, n)
	if n*10 > total {
		t.Errorf("%d of %d cells are impossible: more than one in ten", n, total)
	}
}

// Every pair that a rule may name is a cell.
func TestMatrixHasEveryPair(t *testing.T) {
	for _, op := range sim.Ops() {
		for _, f := range sim.FaultKinds() {
			if f.Meets(op) && !slices.Contains(faultsOf(op), f) {
				t.Errorf("no cell for %s that meets %s", op, f)
			}
		}
	}
}

func play(t *testing.T, c column, op sim.Op, f sim.Fault) seen {
	switch {
	case op == sim.OpBooks:
		return playBooks(t, c, f)
	case op == sim.OpOrders:
		return playOrders(t, c, f)
	case slices.Contains(setupOps, op):
		return playSetup(t, c, op, f)
	}
	return playCall(t, c, op, f)
}

// judge holds what a cell showed against what is wanted.
func (w want) judge(t *testing.T, op sim.Op, r seen) {
	t.Helper()
	for _, f := range r.faults {
		t.Error(f)
	}
	switch {
	case slices.Contains(streamOps, op):
		w.judgeStream(t, r)
		return
	case slices.Contains(setupOps, op):
		if r.sent < w.sent {
			t.Errorf("%d such requests came, want %d", r.sent, w.sent)
		}
		return
	}
	question := op == sim.OpLookup || op == sim.OpRead
	var e *exchange.Error
	switch {
	case r.err != nil && !errors.As(r.err, &e):
		t.Errorf("answered %v, which is no *exchange.Error", r.err)
	case question && e != nil && e.Outcome != nil:
		t.Errorf("a question has an outcome: %v", r.err)
	case question && (r.err != nil) != (w.outcome != nil):
		t.Errorf("answered %v, want %v", r.err, w.outcome)
	case !question && exchange.OutcomeOf(r.err) != w.outcome:
		t.Errorf("answered %v, want %v", r.err, w.outcome)
	case w.class != nil && !errors.Is(r.err, w.class):
		t.Errorf("answered %v, want %v", r.err, w.class)
	}
	if !question && r.effect != w.effect {
		t.Errorf("it took effect: %t, want %t", r.effect, w.effect)
	}
	if r.sent != w.sent && !(op == sim.OpRead && w.sent > 1 && r.sent > 1) { // a read may have to ask for the time, too
		t.Errorf("%d such requests came, want %d", r.sent, w.sent)
	}
	if op != sim.OpCancelAll && op != sim.OpRead && r.order.ClientID != "a" {
		t.Errorf("the answer points at %q", r.order.ClientID)
	}
}

func (w want) judgeStream(t *testing.T, r seen) {
	t.Helper()
	switch {
	case r.err == nil && w.class != nil:
		t.Errorf("nothing was said, want %v", w.class)
	case r.err != nil && w.class == nil:
		t.Errorf("it says %v, want nothing", r.err)
	case r.err != nil && w.class != nil && !errors.Is(r.err, w.class):
		t.Errorf("it says %v, want %v", r.err, w.class)
	}
}
