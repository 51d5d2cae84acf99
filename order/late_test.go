package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/order"
)

// told sends what the venue knows of an order as its private stream would.
func (p *pair) told(o exchange.Order) {
	p.driver.OnEvent(exchange.Event{Kind: exchange.OrderUpdate, Order: o, Time: p.loop.Now()})
}

// The stream may be faster than the answer, and tell everything twice: nothing is counted twice.
func TestFillBeforeAcknowledgementAndDuplicates(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{unknownFull})
	var r order.Result
	p.driver.Execute(plan("0.02"), func(got order.Result, err error) {
		if r = got; err != nil {
			t.Error(err)
		}
	})
	p.loop.RunUntil(start.Add(500 * time.Microsecond)) // both orders have arrived, no answer has
	for range 3 {
		for _, s := range []*script{p.a, p.b} {
			o := s.orders[s.placed[0].ClientID]
			first := o // first a part of it, then all
			first.Status, first.Filled, first.Fills = exchange.StatusPartiallyFilled, o.Fills[0].Quantity, o.Fills[:1]
			p.told(first)
			p.told(o)
			p.told(first)
		}
	}
	if r.Outcome != order.Completed || r.Ended.Sub(r.Started) != 500*time.Microsecond {
		t.Fatalf("after the stream's news: %s", r.Outcome)
	}
	p.loop.RunUntil(start.Add(time.Minute))
	if len(p.ended) != 1 || len(p.late) != 0 || len(p.b.lookups) > 1 {
		t.Errorf("ended %d times, %d late, %d lookups", len(p.ended), len(p.late), len(p.b.lookups))
	}
	p.checkBooked(t)
}

// An acknowledgement is no outcome: without the stream's sequel the order is looked up.
func TestAcknowledgementOnly(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{full})
	p.b.acks = true
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Completed || len(p.b.lookups) != 1 || len(p.a.lookups) != 0 {
		t.Errorf("%s, %v, lookups %d and %d", r.Outcome, err, len(p.a.lookups), len(p.b.lookups))
	}
	p.checkBooked(t)
}

// An answer that counts what filled without telling the fills decides the legs, but the group waits for the fills: they are money.
func TestFillsAreFetched(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{partial, full})
	p.a.terse, p.b.terse = true, true
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Unwound || r.Reason != "" {
		t.Errorf("%s (%s), %v", r.Outcome, r.Reason, err)
	}
	if at := p.a.placedAt[1].Sub(start); at > 2*time.Millisecond {
		t.Errorf("the compensation waited %s for fills", at)
	}
	p.checkBooked(t)
}

// A venue that never tells the fills is not waited for for ever, and the Result says so.
func TestFillsNeverTold(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{full})
	p.a.terse, p.a.coy = true, true
	r, err := p.run(t, plan("0.02"))
	if err != nil || r.Outcome != order.Completed || r.Reason != "fills_missing" || len(p.booked) != 2 {
		t.Errorf("%s (%s), %v, %d fills booked", r.Outcome, r.Reason, err, len(p.booked))
	}
	// They come after all: booked, and no exposure.
	p.told(p.a.orders[p.a.placed[0].ClientID])
	p.checkBooked(t)
	if len(p.late) != 0 {
		t.Errorf("late: %+v", p.late)
	}
}

// A fill after the end of its order: in an open group it is counted and compensated; after the group's end it is booked and reported.
func TestLateFills(t *testing.T) {
	t.Run("in an open group", func(t *testing.T) {
		p := newPair(t, order.Config{}, []fate{nothing, full}, []fate{unknownAbsent})
		p.driver.Execute(plan("0.02"), func(order.Result, error) {})
		p.loop.RunUntil(start.Add(time.Second)) // a's leg has ended with nothing, b's is unknown
		o := p.a.orders[p.a.placed[0].ClientID]
		p.told(p.a.execute(o.OrderRequest, dec("0.02")))
		p.loop.RunUntil(start.Add(time.Minute))
		if len(p.ended) != 1 || p.ended[0].Outcome != order.Unwound || !p.truth().IsZero() || len(p.late) != 0 {
			t.Errorf("ended %+v, the venues say %s, late %v", p.ended, p.truth(), p.late)
		}
	})
	t.Run("after the group", func(t *testing.T) {
		p := newPair(t, order.Config{}, []fate{nothing}, []fate{nothing})
		r, err := p.run(t, plan("0.02"))
		if err != nil || r.Outcome != order.Voided {
			t.Fatalf("%s, %v", r.Outcome, err)
		}
		o := p.a.execute(p.a.placed[0], dec("0.01"))
		for range 3 {
			p.told(o)
		}
		want := order.Late{Group: r.Group, ClientID: r.Group + "-00", Market: market("a"), Side: exchange.Buy, Quantity: dec("0.01")}
		if len(p.late) != 1 || p.driver.Late() != 1 || !p.late[0].Quantity.Equal(want.Quantity) {
			t.Fatalf("late %+v", p.late)
		}
		if got := p.late[0]; got.Group != want.Group || got.ClientID != want.ClientID || got.Market != want.Market || got.Side != want.Side {
			t.Errorf("late %+v, want %+v", got, want)
		}
		if len(p.booked) != 2 {
			t.Errorf("%d fills booked", len(p.booked))
		}
	})
}

// Fills of orders that are not ours change the account: they are booked and belong to no group.
func TestForeignFills(t *testing.T) {
	p := newPair(t, order.Config{}, []fate{full}, []fate{full})
	foreign := p.a.execute(exchange.OrderRequest{Market: market("a"), ClientID: "web_1", Side: exchange.Buy, Price: dec("10000"), Quantity: dec("1")}, dec("1"))
	p.told(foreign)
	p.told(foreign)
	if len(p.booked) != 2 || len(p.late) != 0 {
		t.Errorf("%d fills booked, late %v", len(p.booked), p.late)
	}
}

// A status that overtook another does not bring an ended order back; certainty of a refusal does not outweigh a fill.
func TestContradictions(t *testing.T) {
	t.Run("rejected, but the stream shows fills", func(t *testing.T) {
		p := newPair(t, order.Config{}, []fate{rejected, full}, []fate{full})
		p.driver.Execute(plan("0.02"), func(order.Result, error) {})
		o := p.a.execute(p.a.placed[0], dec("0.01"))
		p.a.orders[o.ClientID] = o
		o.Status = exchange.StatusPartiallyFilled
		p.told(o)
		p.loop.RunUntil(start.Add(time.Minute))
		if len(p.ended) != 1 || p.ended[0].Outcome != order.Unwound || !p.truth().IsZero() {
			t.Errorf("ended %+v, the venues say %s", p.ended, p.truth())
		}
	})
	t.Run("filled, but not the quantity", func(t *testing.T) {
		p := newPair(t, order.Config{}, []fate{full}, []fate{full})
		p.driver.Execute(plan("0.02"), func(order.Result, error) {})
		half := exchange.Order{OrderRequest: p.b.placed[0], Status: exchange.StatusFilled, Filled: dec("0.01")}
		p.told(half)
		p.loop.RunUntil(start.Add(time.Minute))
		if len(p.ended) != 1 || p.ended[0].Outcome != order.Completed || p.ended[0].Partial {
			t.Errorf("ended %+v", p.ended)
		}
	})
}

type failingJournal struct {
	order.HashJournal
	appends, syncs error
	after          int // calls that succeed
}

func (j *failingJournal) Append(rec []byte) (uint64, error) {
	if j.after--; j.after < 0 && j.appends != nil {
		return 0, j.appends
	}
	return j.HashJournal.Append(rec)
}

func (j *failingJournal) Sync(uint64) error {
	if j.after < 0 {
		return j.syncs
	}
	return nil
}

// Without its record no opening order leaves; a compensation does; nothing new is admitted.
func TestJournalFails(t *testing.T) {
	disk := errors.New("disk full")
	for _, c := range []struct {
		name    string
		journal *failingJournal
		b       fate
		want    order.Outcome
		placed  int
	}{
		{"append, before the legs", &failingJournal{appends: disk}, full, order.Voided, 0},
		{"sync, before the legs", &failingJournal{syncs: disk}, full, order.Voided, 0},
		{"append, before the compensation", &failingJournal{appends: disk, after: 1}, rejected, order.Unwound, 3},
		{"sync, before the compensation", &failingJournal{syncs: disk, after: 1}, rejected, order.Unwound, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var faults []error
			p := newPair(t, order.Config{Journal: c.journal, Hooks: order.Hooks{Fault: func(err error) { faults = append(faults, err) }}}, []fate{full}, []fate{c.b})
			r, err := p.run(t, plan("0.02"))
			if err != nil || r.Outcome != c.want || len(p.a.placed)+len(p.b.placed) != c.placed {
				t.Errorf("%s, %v, %d orders placed", r.Outcome, err, len(p.a.placed)+len(p.b.placed))
			}
			if len(faults) == 0 || !errors.Is(faults[0], disk) || !errors.Is(p.driver.Halted(), disk) {
				t.Errorf("faults %v, halted %v", faults, p.driver.Halted())
			}
			r, err = p.run(t, plan("0.02"))
			if !errors.Is(err, exchange.ErrNotSent) || !errors.Is(err, disk) || r.Reason != "journal_failed" {
				t.Errorf("the next plan: %s, %v", r.Reason, err)
			}
		})
	}
}

type refusingBooker struct{ err error }

func (b refusingBooker) Record(exchange.Fill) error { return b.err }

// Wrong books: what is open is brought to its end, nothing new begins.
func TestBookingFails(t *testing.T) {
	loop := newPair(t, order.Config{}, []fate{full}, []fate{partial, full})
	d, err := order.NewDriver(order.Config{Instruments: rules(), Booker: refusingBooker{exchange.ErrConflict}}, loop.loop, loop.a, loop.b)
	if err != nil {
		t.Fatal(err)
	}
	var r order.Result
	d.Execute(plan("0.02"), func(got order.Result, e error) { r, err = got, e })
	loop.loop.RunUntil(start.Add(time.Minute))
	if err != nil || r.Outcome != order.Unwound {
		t.Errorf("%s, %v", r.Outcome, err)
	}
	d.Execute(plan("0.02"), func(got order.Result, e error) { r, err = got, e })
	if r.Reason != "booking_failed" || !errors.Is(err, exchange.ErrConflict) || !errors.Is(err, exchange.ErrNotSent) {
		t.Errorf("the next plan: %s, %v", r.Reason, err)
	}
}
