package conformance_test

import (
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
	eventually(t, func() error {
		got, err := r.c.balances()
		if err != nil {
			return err
		}
		var all differs
		for asset, want := range r.v.balances() {
			have, ok := got[asset]
			if !ok {
				have = purse{}
			}
			all = append(all, samePurse(asset, have, want))
		}
		return errors.Join(all...)
	})
	r.toldBalances(t)
}

// toldBalances waits until the last word of the private stream on each asset is true.
func (r *run) toldBalances(t *testing.T) {
	t.Helper()
	if r.w.noOrderStream || len(r.orders.list()) == 0 {
		return
	}
	eventually(t, func() error {
		last := map[string]purse{}
		for _, p := range r.purses.list() {
			last[p.asset] = p.purse
		}
		if _, told := last["USDT"]; !told {
			return errors.New("the stream tells of no USDT")
		}
		var all differs
		want := r.v.balances()
		for asset, have := range last {
			all = append(all, samePurse("by the stream, "+asset, have, want[asset]))
		}
		return errors.Join(all...)
	})
}

func (r *run) follow(t *testing.T) {
	if r.w.noOrderStream {
		t.Skip("the client knows a retired address only")
	}
	err := r.c.followAccount(account{r.orders.add, r.fills.add, func(asset string, p purse) { r.purses.add(toldPurse{asset, p}) }})
	if err != nil {
		t.Fatal(err)
	}
	// Not every library tells when it has subscribed: what is placed until then is not told.
	eventually(t, func() error {
		r.probes++
		id := fmt.Sprintf("probe%d", r.probes)
		r.place(t, order{id: id, side: "buy", kind: "limit", price: dec("58000"), quantity: dec("0.01")})
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
	r.is(t, "rests", r.w.open, dec("0"))
	r.isOpen(t, "rests", true)
	r.balances(t) // some of them are held for it
	r.sameBook(t) // its own order is in it
}

// isOpen compares all open orders, of which id is one or is not.
func (r *run) isOpen(t *testing.T, id string, want bool) {
	t.Helper()
	open := r.v.open()
	if got := slices.ContainsFunc(open, func(o exchange.Order) bool { return o.ClientID == id }); got != want {
		t.Errorf("the engine has %s as open: %t", id, got)
	}
	all, err := r.c.open()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(open) {
		t.Errorf("%d open orders %v; want %d", len(all), all, len(open))
	}
	for _, o := range open {
		i := slices.IndexFunc(all, func(s state) bool { return s.id == o.ClientID })
		if i < 0 {
			t.Errorf("no %s among the open orders %v", o.ClientID, all)
			continue
		}
		status := r.w.open
		if !o.Filled.IsZero() {
			status = r.w.partial
		}
		if err := r.agrees(all[i], o, status); err != nil {
			t.Error(err)
		}
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
		o, err := r.v.order("rests")
		if err == nil && (!o.Price.Equal(price) || !o.Quantity.Equal(dec("0.03"))) {
			err = fmt.Errorf("the engine has %+v; want 0.03 at %s", o, price)
		}
		return err
	})
	r.is(t, "rests", r.w.open, dec("0"))
	r.isOpen(t, "rests", true)
	r.balances(t)
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
	r.isOpen(t, "filled", true)
	r.balances(t)
	r.v.trade(t, exchange.Sell, dec("60000"), dec("0.01"))
	r.is(t, "filled", r.w.filled, dec("0.02"))
	r.hasFills(t)
}

// hasFills compares all fills of the account, as they are asked for and as the private stream has told them.
func (r *run) hasFills(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		got, err := r.c.fills()
		if err != nil {
			return err
		}
		return r.sameFills(got, r.v.fills())
	})
	if r.w.noOrderStream {
		return
	}
	eventually(t, func() error {
		if err := r.sameFills(r.fills.list(), r.v.fills()); err != nil {
			return fmt.Errorf("by the stream: %w", err)
		}
		return nil
	})
}

func (r *run) market(t *testing.T) {
	r.place(t, order{id: "market", side: "buy", kind: "market", quantity: dec("0.01")})
	r.is(t, "market", r.w.filled, dec("0.01"))
	r.hasFills(t)
}

// ioc takes the best level, and no more.
func (r *run) ioc(t *testing.T) {
	best := r.v.book().asks[0]
	r.place(t, order{id: "ioc", side: "buy", kind: "ioc", price: best.price, quantity: best.size.Add(dec("0.01"))})
	r.is(t, "ioc", r.w.expired, best.size)
	r.hasFills(t)
}

func (r *run) postOnly(t *testing.T) {
	r.place(t, order{id: "maker", side: "sell", kind: "post-only", price: dec("60005"), quantity: dec("0.01")})
	r.is(t, "maker", r.w.open, dec("0"))
	r.isOpen(t, "maker", true)
	r.balances(t) // some of what it sells is held
	if err := r.c.cancel("maker"); err != nil {
		t.Fatal(err)
	}
	r.is(t, "maker", r.w.cancelled, dec("0"))

	taker := order{id: "taker", side: "sell", kind: "post-only", price: dec("59500"), quantity: dec("0.01")}
	if r.w.postOnly != "" {
		refused(t, r.notPlaced(taker), r.w.postOnly)
		return
	}
	r.place(t, taker)
	r.is(t, "taker", r.w.cancelled, dec("0"))
}

func (r *run) funds(t *testing.T) {
	refused(t, r.notPlaced(order{id: "funds", side: "buy", kind: "limit", price: dec("59000"), quantity: dec("900")}), r.w.funds)
}

func (r *run) duplicate(t *testing.T) {
	o := order{id: "twice", side: "buy", kind: "limit", price: dec("59000"), quantity: dec("0.01")}
	r.place(t, o)
	r.is(t, "twice", r.w.open, dec("0"))
	refused(t, r.notPlaced(o), r.w.duplicate)
}

func (r *run) unknown(t *testing.T) {
	refused(t, r.c.cancel("nobody"), r.w.unknown)
}

func (r *run) signature(t *testing.T) {
	_, err := r.stranger.balances()
	refused(t, err, r.w.signature)
}

// tooMany looks at what the answers' heads say of it as well: that is what a client slows down by.
func (r *run) tooMany(t *testing.T) {
	before := len(r.c.answers())
	// A busy machine may ask too slowly, or sign long before it asks: then it asks again.
	eventually(t, func() error {
		err := r.c.flood()
		if told, ok := errors.AsType[refusal](err); ok && told.code == r.w.tooMany {
			return nil
		}
		return fmt.Errorf("%w; want code %s", err, r.w.tooMany)
	})
	all := r.c.answers()
	if err := r.w.limits(all[:before], all[before:]); err != nil {
		t.Error(err)
	}
}
