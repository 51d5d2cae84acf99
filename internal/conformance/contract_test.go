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
	balances() (map[string]purse, error)
	place(order) (ack, error)
	amend(o order) error // to o's price and quantity
	cancel(clientID string) error
	query(clientID string) (state, error)
	open() ([]state, error)
	fills() ([]fill, error)
	followAccount(account) error
	flood() error      // asks until the venue has enough of it; that error, if any is
	answers() []answer // all over HTTP so far, of which the last few would do
	close()
}

// instrument is a market's rules as a client sees them.
type instrument struct{ name, tick, lot string }

// order is what is placed. Type is "limit", "market", "ioc" or "post-only".
type order struct {
	id, side, kind  string
	price, quantity exchange.Decimal
}

// account is who is told what a client's private stream tells.
type account struct {
	order func(state)
	fill  func(fill)
	purse func(asset string, p purse)
}

// refusal is what the venue told the client.
type refusal struct{ code, message string }

func (r refusal) Error() string { return fmt.Sprintf("code %s: %s", r.code, r.message) }

// venueWords are the words and codes of a venue's market, by its documents.
type venueWords struct {
	name                                          string // of the market
	buy, sell                                     string
	kinds                                         map[string]string // type and time in force, by the contract's word
	open, partial, filled                         string            // statuses
	cancelled, expired                            string            // by its owner, and of itself: with a part filled
	funds, duplicate, unknown, signature, tooMany string            // codes of refusals
	postOnly                                      string            // "": acknowledged, and cancelled at once
	limits                                        func(before, after []answer) error
	samePrice, noOrderStream                      bool // what the client cannot do there: amend a price, follow its account
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

	books    history[levels]
	orders   history[state]
	fills    history[fill]
	purses   history[toldPurse]
	orderIDs ids
	tradeIDs ids
	probes   int
	pace     *time.Ticker
}

// toldPurse is what the private stream told of an asset.
type toldPurse struct {
	asset string
	purse purse
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

// patience is how long a machine that does much else may take.
const patience = 20 * time.Second

// eventually waits for what comes over a socket: until check has no complaint.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for wait := 25 * time.Millisecond; ; wait = min(2*wait, 400*time.Millisecond) { // soon slow enough for the venues' limits
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", patience, err)
		}
		<-time.After(wait)
	}
}

// told waits until the private stream has told of the order what the engine has.
func (r *run) told(t *testing.T, id, status string) {
	t.Helper()
	if r.w.noOrderStream {
		return
	}
	eventually(t, func() error {
		o, err := r.v.order(id)
		if err != nil {
			return err
		}
		err = fmt.Errorf("the stream does not tell of %s", id)
		for _, s := range r.orders.list() {
			if s.id != id {
				continue
			}
			if err = r.agrees(s, o, status); err == nil {
				return nil
			}
		}
		return fmt.Errorf("the stream's last word: %w", err)
	})
}

// is waits until a query by client id answers what the engine has: venues acknowledge some requests before they have looked at them.
func (r *run) is(t *testing.T, id, status string, filled exchange.Decimal) {
	t.Helper()
	eventually(t, func() error {
		s, err := r.c.query(id)
		if err != nil {
			return err
		}
		o, err := r.v.order(id)
		if err != nil {
			return err
		}
		if !o.Filled.Equal(filled) {
			return fmt.Errorf("the engine has %s of %s filled; want %s", o.Filled, id, filled)
		}
		return r.agrees(s, o, status)
	})
	r.told(t, id, status)
}

// send places an order, no more than the strictest venue takes in a second.
func (r *run) send(o order) (ack, error) {
	<-r.pace.C
	return r.c.place(o)
}

func (r *run) place(t *testing.T, o order) {
	t.Helper()
	a, err := r.send(o)
	if err != nil {
		t.Fatalf("place %+v: %v", o, err)
	}
	eventually(t, func() error { return r.acknowledges(a, o.id) })
}

// notPlaced is the error of an order that is to be refused.
func (r *run) notPlaced(o order) error {
	_, err := r.send(o)
	return err
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
