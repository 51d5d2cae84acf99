package conformance_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func (r *run) instruments(t *testing.T) {
	all, err := r.c.instruments()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i instrument) bool { return i.name == r.w.name })
	if i < 0 {
		t.Fatalf("no %s in %v", r.w.name, all)
	}
	ins := r.v.instrument
	if !dec(all[i].tick).Equal(ins.Tick) || !dec(all[i].lot).Equal(ins.Lot) {
		t.Errorf("%+v; want tick %s and lot %s", all[i], ins.Tick, ins.Lot)
	}
}

func (r *run) book(t *testing.T) {
	got, err := r.c.book()
	if err != nil {
		t.Fatal(err)
	}
	if err := got.same(r.v.book()); err != nil {
		t.Error(err)
	}
}

// stream lets the client rebuild a book while it changes. Each state that it comes to was one of the venue's, in the venue's order, and the last
// one is the venue's last.
func (r *run) stream(t *testing.T) {
	if err := r.c.followBook(r.books.add); err != nil {
		t.Fatal(err)
	}
	r.sameBook(t)
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for range 100 {
		<-pace.C
		r.v.publish(t)
	}
	r.sameBook(t)
	last, seen := 0, r.books.list()
	for i, b := range seen {
		n, ok := r.v.past[b.String()]
		if !ok || n < last {
			t.Fatalf("book %d that was rebuilt, %s, is not one of the venue's after its %dth", i, b, last)
		}
		last = n
	}
	if len(seen) < 4 {
		t.Errorf("only %d books in half a second", len(seen))
	}
}

func (r *run) sameBook(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		all := r.books.list()
		if len(all) == 0 {
			return errors.New("the stream tells of no book")
		}
		return all[len(all)-1].same(r.v.book())
	})
}

func (r *run) bookAgain(t *testing.T) {
	r.sameBook(t)
	r.book(t)
}

func (r *run) balances(t *testing.T) {
	got, err := r.c.balances()
	if err != nil {
		t.Fatal(err)
	}
	for asset, want := range r.v.balances() {
		if have, ok := got[asset]; !ok || !have.Equal(want) {
			t.Errorf("%s of %s; want %s", have, asset, want)
		}
	}
}

func (r *run) follow(t *testing.T) {
	if r.w.noOrderStream {
		t.Skip("the client knows a retired address only")
	}
	if err := r.c.followOrders(r.orders.add); err != nil {
		t.Fatal(err)
	}
	// Not every library tells when it has subscribed: what is placed until then is not told.
	eventually(t, func() error {
		r.probes++
		id := fmt.Sprintf("probe%d", r.probes)
		if err := r.send(order{id: id, side: "buy", kind: "limit", price: dec("58000"), quantity: dec("0.01")}); err != nil {
			t.Fatal(err)
		}
		if err := r.c.cancel(id); err != nil {
			t.Fatal(err)
		}
		if len(r.orders.list()) == 0 {
			return errors.New("the order stream tells nothing")
		}
		return nil
	})
}

// rests places the order that the next cases amend and cancel.
func (r *run) rests(t *testing.T) {
	r.place(t, order{id: "rests", side: "buy", kind: "limit", price: dec("59000"), quantity: dec("0.04")})
	s := r.is(t, "rests", r.w.open, dec("0"))
	if !s.price.Equal(dec("59000")) || !s.quantity.Equal(dec("0.04")) {
		t.Error(s)
	}
	r.isOpen(t, "rests", true)
	r.sameBook(t) // its own order is in it
}

func (r *run) isOpen(t *testing.T, id string, want bool) {
	t.Helper()
	all, err := r.c.open()
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.ContainsFunc(all, func(s state) bool { return s.id == id }); got != want {
		t.Errorf("%s is open: %t, in %v", id, got, all)
	}
}

func (r *run) amend(t *testing.T) {
	price := dec("59001")
	if r.w.samePrice {
		price = dec("59000")
	}
	if err := r.c.amend(order{id: "rests", side: "buy", kind: "limit", price: price, quantity: dec("0.03")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		s, err := r.c.query("rests")
		if err == nil && (!s.price.Equal(price) || !s.quantity.Equal(dec("0.03")) || !slices.Contains(r.w.open, s.status)) {
			err = fmt.Errorf("%v; want 0.03 at %s", s, price)
		}
		return err
	})
	r.sameBook(t)
}

func (r *run) cancel(t *testing.T) {
	if err := r.c.cancel("rests"); err != nil {
		t.Fatal(err)
	}
	r.is(t, "rests", r.w.cancelled, dec("0"))
	r.isOpen(t, "rests", false)
	r.sameBook(t)
}

// fillsResting trades with the client's order from another account.
func (r *run) fillsResting(t *testing.T) {
	r.place(t, order{id: "filled", side: "buy", kind: "limit", price: dec("60000"), quantity: dec("0.02")})
	r.is(t, "filled", r.w.open, dec("0"))
	r.v.trade(t, exchange.Sell, dec("60000"), dec("0.01"))
	r.is(t, "filled", r.w.partial, dec("0.01"))
	r.v.trade(t, exchange.Sell, dec("60000"), dec("0.01"))
	r.is(t, "filled", r.w.filled, dec("0.02"))
	r.hasFills(t)
}

// hasFills compares all fills of the account.
func (r *run) hasFills(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		got, err := r.c.fills()
		if err != nil {
			return err
		}
		if want := r.v.fills(); !slices.EqualFunc(sorted(got), sorted(want), func(a, b fill) bool { return compare(a, b) == 0 }) {
			return fmt.Errorf("fills %v; want %v", got, want)
		}
		return nil
	})
}

func compare(a, b fill) int { return cmp.Or(a.price.Cmp(b.price), a.quantity.Cmp(b.quantity)) }

func sorted(all []fill) []fill { return slices.SortedFunc(slices.Values(all), compare) }

func (r *run) market(t *testing.T) {
	r.place(t, order{id: "market", side: "buy", kind: "market", quantity: dec("0.01")})
	r.is(t, "market", r.w.filled, dec("0.01"))
	r.hasFills(t)
}

// ioc takes the best level, and no more.
func (r *run) ioc(t *testing.T) {
	best := r.v.book().asks[0]
	r.place(t, order{id: "ioc", side: "buy", kind: "ioc", price: best.price, quantity: best.size.Add(dec("0.01"))})
	r.is(t, "ioc", r.w.cancelled, best.size)
	r.hasFills(t)
}

func (r *run) postOnly(t *testing.T) {
	r.place(t, order{id: "maker", side: "sell", kind: "post-only", price: dec("60005"), quantity: dec("0.01")})
	r.is(t, "maker", r.w.open, dec("0"))
	if err := r.c.cancel("maker"); err != nil {
		t.Fatal(err)
	}
	r.is(t, "maker", r.w.cancelled, dec("0"))

	err := r.send(order{id: "taker", side: "sell", kind: "post-only", price: dec("59500"), quantity: dec("0.01")})
	if r.w.postOnly != "" {
		refused(t, err, r.w.postOnly)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r.is(t, "taker", r.w.cancelled, dec("0"))
}

func (r *run) funds(t *testing.T) {
	refused(t, r.send(order{id: "funds", side: "buy", kind: "limit", price: dec("59000"), quantity: dec("900")}), r.w.funds)
}

func (r *run) duplicate(t *testing.T) {
	o := order{id: "twice", side: "buy", kind: "limit", price: dec("59000"), quantity: dec("0.01")}
	r.place(t, o)
	r.is(t, "twice", r.w.open, dec("0"))
	refused(t, r.send(o), r.w.duplicate)
}

func (r *run) unknown(t *testing.T) {
	refused(t, r.c.cancel("nobody"), r.w.unknown)
}

func (r *run) signature(t *testing.T) {
	_, err := r.stranger.balances()
	refused(t, err, r.w.signature)
}

func (r *run) tooMany(t *testing.T) { refused(t, r.c.flood(), r.w.tooMany) }
