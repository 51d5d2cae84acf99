package private_test

import (
	"fmt"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// Ended orders are forgotten, oldest first, working ones never; fills are told once as long as they are remembered.
func TestMemory(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{Finished: 10, Fills: 30})
	tr.Sending(request(spot, "works"))
	for i := range 100 {
		id := fmt.Sprint("o", i)
		tr.Order(report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")))
		tr.Sending(request(spot, "untold"+id))
		tr.Answered(report(spot, "untold"+id, filled, "5"))
	}
	known := func(id string) bool { _, ok := tr.Known(exchange.OrderRef{Market: spot, ClientID: id}); return ok }
	for id, want := range map[string]bool{"works": true, "o89": false, "o90": true, "o99": true, "untoldo89": false, "untoldo99": true} {
		if known(id) != want {
			t.Errorf("%s known: %v", id, !want)
		}
	}
	if n := len(tr.Working(exchange.Spot)); n != 11 {
		t.Errorf("%d working or untold", n)
	}
	if _, news := tr.Fill(fill(spot, "o70", "to70", "5")); news {
		t.Error("a remembered fill was told again, though its order is forgotten")
	}
	tr.Order(report(spot, "o71", filled, "5", fill(spot, "o71", "to71", "5")))
	if n := len(tr.Working(exchange.Spot)); n != 11 || !known("o71") {
		t.Errorf("%d working or untold: what was told of an order before it was forgotten counts", n)
	}
	if _, news := tr.Fill(fill(spot, "o60", "to60", "5")); !news {
		t.Error("more fills are remembered than the bound")
	}
	for i := range 100 { // an untold one that is told later moves from one list to the other
		id := fmt.Sprint("x", i)
		tr.Sending(request(spot, id))
		tr.Answered(report(spot, id, filled, "5"))
		tr.Order(report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")))
	}
	if known("x89") || !known("x90") || !known("works") {
		t.Error("told and untold ones are mixed up")
	}
}

// However many fills were told since, those of an order that works are told once; so are those of one that was first told without its
// client id.
func TestFillsOfWorkingOrdersAreKept(t *testing.T) {
	for _, name := range []string{"known", "first without its client id"} {
		t.Run(name, func(t *testing.T) {
			tr := private.NewTracker(private.TrackerConfig{Finished: 3, Fills: 10})
			tr.Sending(request(spot, "a"))
			first := fill(spot, "a", "first", "1")
			if name != "known" {
				first.ClientID = ""
			}
			tr.Fill(first)
			tr.Order(report(spot, "a", partial, "1", first))
			for i := range 100 {
				id := fmt.Sprint("o", i)
				tr.Order(report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")))
			}
			ev, news := tr.Order(report(spot, "a", canceled, "2", fill(spot, "a", "first", "1"), fill(spot, "a", "second", "1")))
			if !news || words(ev) != "a canceled 2/5 second" {
				t.Errorf("%v %s", news, words(ev))
			}
			for i := range 10 { // it has ended: its fills are forgotten in their turn
				id := fmt.Sprint("x", i)
				tr.Order(report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")))
			}
			if _, news := tr.Fill(fill(spot, "a", "first", "1")); !news {
				t.Error("more fills are remembered than the bound")
			}
		})
	}
}

// An order that is forgotten before all of it was told, and comes back: what was told of it is told once, and counts.
func TestForgottenOrderComesBack(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{Finished: 3, Fills: 10})
	tr.Order(report(spot, "a", canceled, "2", fill(spot, "a", "t1", "1")))
	for i := range 3 {
		id := fmt.Sprint("o", i)
		tr.Order(report(spot, id, canceled, "2", fill(spot, id, "t"+id, "1")))
	}
	if _, known := tr.Known(request(spot, "a").Ref()); known {
		t.Fatal("it is not forgotten")
	}
	tr.Order(report(spot, "a", canceled, "2", fill(spot, "a", "t1", "1"))) // it keeps its fill again
	for i := range 20 {
		id := fmt.Sprint("x", i)
		tr.Order(report(spot, id, filled, "5", fill(spot, id, "t"+id, "5")))
	}
	ev, news := tr.Order(report(spot, "a", canceled, "2", fill(spot, "a", "t1", "1"), fill(spot, "a", "t2", "1")))
	if !news || words(ev) != "a canceled 2/5 t2" {
		t.Errorf("%v %s", news, words(ev))
	}
}

// Without a stream nothing tells the end of acknowledged orders: they are not kept for ever.
func TestUntoldOrdersAreBounded(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{Untold: 10})
	tr.Order(report(spot, "told", accepted, "0"))
	for i := range 100 {
		id := fmt.Sprint("o", i)
		tr.Sending(request(spot, id))
		tr.Answered(report(spot, id, pending, "0"))
	}
	if refs := tr.Working(exchange.Spot); len(refs) != 11 || refs[0].ClientID != "told" || refs[1].ClientID != "o90" {
		t.Errorf("%v", refs)
	}
}
