package conformance_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// client is what a foreign library can do on one market of one venue. Prices and quantities are in base units; statuses are in the venue's
// words. An error that came from the venue is a refusal.
type client interface {
	instruments() ([]instrument, error)
	book() (levels, error)
	followBook(emit func(levels)) error
	balances() (map[string]exchange.Decimal, error) // totals by asset
	place(order) error
	amend(o order) error // to o's price and quantity
	cancel(clientID string) error
	query(clientID string) (state, error)
	open() ([]state, error)
	fills() ([]fill, error)
	followOrders(emit func(state)) error
	flood() error // asks until the venue has enough of it; that error
	close()
}

// instrument is a market's rules as a client sees them.
type instrument struct{ name, tick, lot string }

// order is what is placed. Type is "limit", "market", "ioc" or "post-only".
type order struct {
	id, side, kind  string
	price, quantity exchange.Decimal
}

// state is an order as a client sees it.
type state struct {
	id, status              string
	price, quantity, filled exchange.Decimal
}

func (s state) String() string {
	return fmt.Sprintf("%s: %s, %s of %s at %s", s.id, s.status, s.filled, s.quantity, s.price)
}

// fill is an execution as a client sees it.
type fill struct{ price, quantity exchange.Decimal }

func (f fill) String() string { return fmt.Sprintf("%s at %s", f.quantity, f.price) }

// refusal is what the venue told the client.
type refusal struct{ code, message string }

func (r refusal) Error() string { return fmt.Sprintf("code %s: %s", r.code, r.message) }

// venueWords are the words and codes of a venue's market, by its documents.
type venueWords struct {
	name                                          string // of the market
	open, partial, filled, cancelled              []string
	funds, duplicate, unknown, signature, tooMany string // codes of refusals
	postOnly                                      string // "": acknowledged, and cancelled at once
	samePrice, noOrderStream                      bool   // what the client cannot do there: amend a price, follow its orders
}

// contract is what every client must see on a venue that is true. The cases follow one another on one account.
func contract(t *testing.T, v *venue, w venueWords, open func(t *testing.T, secret string) client) {
	t.Parallel()
	c, stranger := open(t, v.secret), open(t, "not the secret")
	t.Cleanup(c.close)
	t.Cleanup(stranger.close)
	r := &run{v: v, w: w, c: c, stranger: stranger, pace: time.NewTicker(120 * time.Millisecond)}
	defer r.pace.Stop()
	cases := []struct {
		name string
		run  func(t *testing.T)
	}{
		{"instruments", r.instruments},
		{"book by REST", r.book},
		{"book by stream", r.stream},
		{"balances", r.balances},
		{"order stream", r.follow},
		{"limit order rests", r.rests},
		{"amend", r.amend},
		{"cancel", r.cancel},
		{"resting order fills", r.fillsResting},
		{"market order", r.market},
		{"immediate or cancel", r.ioc},
		{"post-only", r.postOnly},
		{"refused for funds", r.funds},
		{"refused for a client id used twice", r.duplicate},
		{"cancel of an unknown order", r.unknown},
		{"balances after trading", r.balances},
		{"book after trading", r.bookAgain},
		{"refused for its signature", r.signature},
		{"too many requests", r.tooMany},
	}
	for _, one := range cases {
		if !t.Run(one.name, one.run) {
			t.Fatal("the cases after a failed one would mean nothing")
		}
	}
}

// run is one client's way through the contract.
type run struct {
	v           *venue
	w           venueWords
	c, stranger client // the latter signs with a wrong secret

	books  history[levels]
	orders history[state]
	probes int
	pace   *time.Ticker
}

// history holds all that a stream told.
type history[T any] struct {
	mu  sync.Mutex
	all []T
}

func (h *history[T]) add(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, v)
}

func (h *history[T]) list() []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// eventually waits for what comes over a socket: until check has no complaint.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	poll := time.NewTicker(50 * time.Millisecond) // slow enough for the venues' limits
	defer poll.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("after 5 s: %v", err)
		}
	}
}

// told waits until the order stream has told of the order with one of the statuses.
func (r *run) told(t *testing.T, id string, statuses []string, filled exchange.Decimal) {
	t.Helper()
	if r.w.noOrderStream {
		return
	}
	eventually(t, func() error {
		var all []state
		for _, s := range r.orders.list() {
			if s.id != id {
				continue
			}
			if slices.Contains(statuses, s.status) && s.filled.Equal(filled) {
				return nil
			}
			all = append(all, s)
		}
		return fmt.Errorf("the order stream told of %s: %v; want one of %v with %s filled", id, all, statuses, filled)
	})
}

// is waits until a query by client id answers so: venues acknowledge some requests before they have looked at them.
func (r *run) is(t *testing.T, id string, statuses []string, filled exchange.Decimal) (s state) {
	t.Helper()
	eventually(t, func() (err error) {
		if s, err = r.c.query(id); err != nil {
			return err
		}
		if !slices.Contains(statuses, s.status) || !s.filled.Equal(filled) {
			return fmt.Errorf("%s is %v; want one of %v with %s filled", id, s, statuses, filled)
		}
		return nil
	})
	if s.id != id {
		t.Fatalf("a query for %s answers %v", id, s)
	}
	r.told(t, id, statuses, filled)
	return s
}

// send places an order, no more than the strictest venue takes in a second.
func (r *run) send(o order) error {
	<-r.pace.C
	return r.c.place(o)
}

func (r *run) place(t *testing.T, o order) {
	t.Helper()
	if err := r.send(o); err != nil {
		t.Fatalf("place %+v: %v", o, err)
	}
}

// refused checks that err is the venue's, with its code.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var r refusal
	if !errors.As(err, &r) {
		t.Fatalf("no refusal of the venue: %v", err)
	}
	if !slices.Contains(strings.Split(code, " or "), r.code) {
		t.Fatalf("%v; want code %s", r, code)
	}
}
