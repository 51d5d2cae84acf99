package exchangetest_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// The three parts of the matrix: operations that ask for something, those that begin a connection, and messages of streams. What can happen to
// an answer and what can happen to a stream's message have nothing in common, and a connection that begins knows of no orders: each
// part has the faults that one of its operations may meet, and every operation of it has a cell for each.
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
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { w.judge(t, c, op, f, play(t, c, op, f)) })
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
func (w want) judge(t *testing.T, c column, op sim.Op, f sim.Fault, r seen) {
	t.Helper()
	for _, f := range r.faults {
		t.Error(f)
	}
	if why := missed(c, op, f, r); why != "" {
		t.Errorf("nothing shows that the fault happened: %s", why)
	}
	switch {
	case slices.Contains(streamOps, op):
		w.judgeStream(t, r)
	case slices.Contains(setupOps, op):
		// Together: a second try of the first connection may come when the other has begun already.
		if n := r.sent + r.most; w.sent > 0 && (n < 2*w.sent || n > w.sent+w.most) || w.sent == 0 && r.most > w.most {
			t.Errorf("%d and %d such requests came, want %d and %d", r.sent, r.most, w.sent, w.most)
		}
	default:
		w.judgeCall(t, op, r)
	}
}

// missed says what would show that f happened, if it does not: a cell in which nothing goes wrong proves nothing.
func missed(c column, op sim.Op, f sim.Fault, r seen) string {
	change := slices.Contains(callOps, op) && op != sim.OpLookup && op != sim.OpRead
	least := 1
	if (op == sim.OpConnect || op == sim.OpSubscribe) == (c.entry == "") && slices.Contains(setupOps, op) { // of both connections
		least = 2
	}
	slow := map[sim.Fault]time.Duration{
		sim.Slow: 1500 * time.Millisecond, sim.SlowAck: 1500 * time.Millisecond,
		sim.Delayed: 500 * time.Millisecond, sim.StaleBook: time.Second, sim.Stall: 5 * time.Second,
	}[f]
	if op == sim.OpConnect && f == sim.Banned {
		slow = time.Minute
	}
	switch {
	case r.struck < least:
		return fmt.Sprintf("it struck %d times", r.struck)
	case op != sim.OpOrders && r.took < slow:
		return fmt.Sprintf("it took %s", r.took)
	case change && (f == sim.Slow && r.early || f == sim.SlowAck && !r.early):
		return fmt.Sprintf("executed in the first second: %t", r.early)
	case change && f == sim.Duplicated && r.done < 2:
		return fmt.Sprintf("%d things were done", r.done)
	case (f == sim.Partial && !(c.whole && op == sim.OpReplace) || f == sim.FillAfterCancel) && !r.filled.Equal(units(2)):
		return fmt.Sprintf("%s filled", r.filled)
	case op == sim.OpOrders && (f == sim.Drop || f == sim.Delayed || f == sim.Stall) && r.early, op == sim.OpOrders && f == sim.Twice && !r.early:
		return fmt.Sprintf("told at once: %t", r.early)
	}
	return ""
}

func (w want) judgeCall(t *testing.T, op sim.Op, r seen) {
	t.Helper()
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
	case r.err != nil && !errors.Is(r.err, w.class):
		t.Errorf("it says %v, want %v", r.err, w.class)
	}
}
