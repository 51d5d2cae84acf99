package private_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/ws"
)

// Balances and positions are told when they change: pushed, or read after a connect, where what is no longer listed is zero.
func TestAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bal := func(asset, free string) exchange.Balance {
			return exchange.Balance{Asset: exchange.Asset(asset), Free: dec(free)}
		}
		pos := func(m exchange.Market, q string) exchange.Position {
			return exchange.Position{Market: m, Quantity: dec(q)}
		}
		eth := exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("ETH-USDT-PERP")}
		x := newSocket("all", exchange.Spot, exchange.Perp)
		x.balances, x.positions = []exchange.Balance{bal("BTC", "1")}, []exchange.Position{pos(perp, "1")}
		s := start(t, private.Config{}, x)
		s.expect("up", "balance BTC 1", "position BTC-USDT-PERP 1")
		at := func(u private.Update, second int64) private.Update { u.At = time.Unix(second, 0); return u }
		say := func(b exchange.Balance, p exchange.Position, second int64) {
			x.last().say(at(private.Update{Balances: []exchange.Balance{b}, Positions: []exchange.Position{p}}, second))
		}
		say(bal("BTC", "1"), pos(perp, "1"), 1)
		s.expect() // as it was read
		say(bal("BTC", "2"), pos(perp, "2"), 2)
		s.expect("balance BTC 2", "position BTC-USDT-PERP 2")
		say(bal("BTC", "1"), pos(perp, "1"), 1)
		s.expect() // old
		say(bal("BTC", "3"), pos(perp, "3"), 2)
		s.expect("balance BTC 3", "position BTC-USDT-PERP 3")
		say(bal("USDT", "9"), pos(eth, "9"), 3)
		s.expect("balance USDT 9", "position ETH-USDT-PERP 9")
		time.Sleep(time.Minute)
		s.expect() // the second look does not read what may be older than what was pushed
		x.set(func() {
			x.balances, x.positions = []exchange.Balance{bal("USDT", "9")}, []exchange.Position{pos(eth, "8")}
		})
		x.last().end <- errReset
		time.Sleep(time.Second)
		s.expect("down", "balance BTC 0", "position ETH-USDT-PERP 8", "up")
		if ps := s.events[len(s.events)-2].Positions; len(ps) != 2 || ps[1].Market != perp || !ps[1].Quantity.IsZero() {
			t.Errorf("%+v", ps)
		}
		s.stop(context.Canceled)
		s.run() // who listens now knows nothing
		s.expect("up", "balance USDT 9", "position ETH-USDT-PERP 8")
		s.stop(context.Canceled)
	})
}

// What a reading may fail with, and what it is then.
func TestReadingErrors(t *testing.T) {
	cases := []struct {
		name string
		set  func(x *socket, err error)
		fail bool
	}{
		{"open orders", func(x *socket, err error) {
			x.Link.Open = func(context.Context) ([]exchange.Order, error) { return nil, err }
		}, true},
		{"lookup", func(x *socket, err error) {
			x.Link.Lookup = func(context.Context, exchange.OrderRef) (exchange.Order, error) { return exchange.Order{}, err }
		}, true},
		{"lookup of what the venue cannot look up", func(x *socket, err error) {
			x.Link.Lookup = func(context.Context, exchange.OrderRef) (exchange.Order, error) {
				return exchange.Order{}, exchange.ErrInvalid
			}
		}, false},
		{"fills", func(x *socket, err error) {
			x.Link.Fills = func(context.Context, exchange.Symbol, time.Time) ([]exchange.Fill, error) { return nil, err }
		}, true},
		{"all fills", func(x *socket, err error) {
			x.Link.AllFills = func(context.Context, time.Time) ([]exchange.Fill, error) { return nil, err }
		}, true},
		{"balances", func(x *socket, err error) {
			x.Link.Balances = func(context.Context) ([]exchange.Balance, error) { return nil, err }
		}, true},
		{"positions", func(x *socket, err error) {
			x.Link.Positions = func(context.Context) ([]exchange.Position, error) { return nil, err }
		}, true},
		{"none at all", func(x *socket, err error) {
			x.Link = private.Link{Name: "x", Kinds: x.Link.Kinds, Connect: x.Link.Connect}
		}, false},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T) {
			x := newSocket("spot", exchange.Spot)
			fails := false
			c.set(x, errReset)
			x.dialErr = func(n int) error {
				if n == 0 {
					return exchange.ErrUnavailable // time for an order to be sent
				}
				return nil
			}
			s := start(t, private.Config{}, x)
			s.tracker.Sending(request(spot, "a"))
			time.Sleep(10 * time.Second)
			synctest.Wait()
			for _, err := range s.reported {
				fails = fails || errors.Is(err, errReset)
			}
			if fails != c.fail || len(s.events) > 0 == c.fail {
				t.Errorf("reported %v, %d events", s.reported, len(s.events))
			}
			s.stop(context.Canceled)
		})
	}
}

// The venue's own wait is heeded, but for one that cannot be meant: a moment in place of a duration, which is half a century.
func TestRetryAfter(t *testing.T) {
	const ages = 1764341116 * time.Second
	cases := []struct {
		name string
		err  error
		want time.Duration
	}{
		{"handshake", &ws.HandshakeError{Status: 429, RetryAfter: 7 * time.Minute}, 7 * time.Minute},
		{"call", &exchange.Error{Class: exchange.ErrRateLimited, RetryAfter: 7 * time.Minute}, 7 * time.Minute},
		{"handshake, for ages", &ws.HandshakeError{Status: 429, RetryAfter: ages}, 10 * time.Minute},
		{"call, for ages", &exchange.Error{Class: exchange.ErrUnavailable, RetryAfter: ages}, 10 * time.Minute},
		{"ban", &exchange.Error{Class: exchange.ErrBanned, RetryAfter: time.Hour}, time.Hour},
		{"handshake of a ban", &ws.HandshakeError{Status: 418, RetryAfter: time.Hour}, time.Hour},
		{"handshake that is known as a ban", &exchange.Error{Class: exchange.ErrBanned, Err: &ws.HandshakeError{Status: 403, RetryAfter: time.Hour}}, time.Hour},
		{"ban for ages", &exchange.Error{Class: exchange.ErrBanned, RetryAfter: ages}, 24 * time.Hour},
		{"handshake of a ban, for ages", &ws.HandshakeError{Status: 418, RetryAfter: ages}, 24 * time.Hour},
	}
	for _, c := range cases {
		bubble(t, c.name, func(t *testing.T) {
			x := newSocket("spot", exchange.Spot)
			x.dialErr = func(int) error { return fmt.Errorf("dial: %w", c.err) }
			s := start(t, private.Config{}, x)
			time.Sleep(c.want - time.Second)
			if n := x.dials(); n != 1 {
				t.Errorf("%d connects before %v", n, c.want)
			}
			time.Sleep(2 * time.Second)
			if n := x.dials(); n != 2 {
				t.Errorf("%d connects after %v", n, c.want)
			}
			s.stop(context.Canceled)
		})
	}
}

// Connects are paced, renewals too; a pacer that fails is a failed connect.
func TestWaitBeforeConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		n := 0
		s := start(t, private.Config{Wait: func(ctx context.Context) error {
			if n++; n == 1 {
				return errReset
			}
			time.Sleep(time.Second)
			return ctx.Err()
		}}, x)
		time.Sleep(1500 * time.Millisecond)
		s.expect("up")
		x.renew <- struct{}{}
		time.Sleep(1500 * time.Millisecond)
		if d := x.dials(); n != 3 || d != 2 {
			t.Errorf("%d waits, %d connects", n, x.dials())
		}
		s.stop(context.Canceled)
	})
}

// An order that nothing but Sending knows is looked for for ten minutes, one that was acknowledged for a day.
func TestOrdersThatNeverCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSocket("spot", exchange.Spot)
		s := start(t, private.Config{}, x)
		s.tracker.Sending(request(spot, "sent"))
		s.tracker.Sending(request(spot, "acknowledged"))
		late := request(spot, "late")
		late.Deadline = time.Now().Add(time.Hour)
		s.tracker.Sending(late)
		s.tracker.Answered(exchange.Order{OrderRequest: request(spot, "acknowledged"), Status: pending})
		for _, c := range []struct {
			after time.Duration
			want  int
		}{{5 * time.Minute, 3}, {10 * time.Minute, 2}, {30 * time.Minute, 2}, {time.Hour, 1}, {20 * time.Hour, 1}, {4 * time.Hour, 0}} {
			time.Sleep(c.after)
			x.last().Close(errReset)
			time.Sleep(10 * time.Second)
			if refs := s.tracker.Working(exchange.Spot); len(refs) != c.want {
				t.Errorf("after %v more: %v", c.after, refs)
			}
		}
		s.stop(context.Canceled)
	})
}

// Fees and average prices are those of what has filled, or none.
func TestFigures(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{})
	paid := func(trade, quantity, fee, asset string) exchange.Fill {
		f := fill(spot, "a", trade, quantity)
		f.Fee, f.FeeAsset = dec(fee), exchange.Asset(asset)
		return f
	}
	check := func(what string, ev exchange.Event, avg, fees string) {
		t.Helper()
		if o := ev.Order; o.AvgPrice.String() != avg || fmt.Sprint(o.Fees) != fees {
			t.Errorf("%s: average %s, fees %v; want %s, %s", what, o.AvgPrice, o.Fees, avg, fees)
		}
	}
	o := report(spot, "a", partial, "2")
	o.AvgPrice, o.Fees = dec("99"), []exchange.Amount{{Asset: "BNB", Quantity: dec("0.2")}}
	ev, _ := tr.Order(o)
	check("as the venue says", ev, "99", "[0.2 BNB]")
	ev, _ = tr.Fill(paid("t1", "2", "0.2", "BNB"))
	check("with its fill", ev, "99", "[0.2 BNB]")
	ev, _ = tr.Fill(paid("t2", "1", "0.1", "BTC"))
	check("more than the venue has said", ev, "0", "[0.2 BNB 0.1 BTC]")
	ev, _ = tr.Order(report(spot, "a", partial, "4", paid("t3", "1", "0.3", "BNB")))
	check("the venue does not say", ev, "0", "[0.5 BNB 0.1 BTC]")
	o = report(spot, "a", partial, "1")
	o.VenueID, o.AvgPrice, o.Fees = "vb", dec("98"), []exchange.Amount{{Asset: "BNB", Quantity: dec("1")}}
	ev, _ = tr.Order(o)
	check("under two ids", ev, "0", "[1.5 BNB 0.1 BTC]")
}

// Reports that are hard to attribute.
func TestIdentities(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{})
	tr.Sending(request(spot, "a"))
	tr.Sending(request(spot, "b"))
	tr.Order(report(spot, "a", accepted, "0"))
	odd := report(spot, "a", partial, "1")
	odd.ClientID = "b" // the venue's own id is the surer one
	if ev, _ := tr.Order(odd); words(ev) != "a partially filled 1/5" {
		t.Error(words(ev))
	}
	f := fill(spot, "a", "t1", "1")
	f.VenueID = ""
	if ev, news := tr.Fill(f); !news || ev.Order.Fills[0].VenueID != "va" || ev.Time.IsZero() {
		t.Errorf("%v %+v", news, ev)
	}
	if _, news := tr.Fill(f); news {
		t.Error("told twice")
	}
	o := report(spot, "c", accepted, "0")
	o.Former = []string{"vb0", "vb1"}
	tr.Order(o)
	for _, id := range []string{"vb0", "vb1", "vc"} {
		if k, ok := tr.Known(exchange.OrderRef{Market: spot, VenueID: id}); !ok || k.ClientID != "c" || len(k.Former) != 2 {
			t.Errorf("%s: %v %+v", id, ok, k)
		}
	}
	if _, ok := tr.Known(exchange.OrderRef{Market: spot}); ok {
		t.Error("an order without ids is known")
	}
	if _, ok := tr.Known(exchange.OrderRef{Market: perp, VenueID: "vc"}); ok {
		t.Error("an id counts for its market only")
	}
}

// The answer is the first to tie a client id to an order that has ended: it stays the one that was sent, and is done once its end is told
// under both ids.
func TestAnswerThatTiesIDs(t *testing.T) {
	tr := private.NewTracker(private.TrackerConfig{})
	tr.Sending(request(spot, "a"))
	whole := report(spot, "a", canceled, "2", fill(spot, "a", "t1", "2"))
	whole.OrderRequest = exchange.OrderRequest{Market: spot, ClientID: "a"} // the rest is as it was sent
	o := report(spot, "a", canceled, "2", fill(spot, "a", "t1", "2"))
	o.OrderRequest, o.Fills[0].ClientID = exchange.OrderRequest{Market: spot}, ""
	if ev, _ := tr.Order(o); words(ev) != " canceled 2/0 t1" {
		t.Error(words(ev))
	}
	if k := tr.Answered(whole); k.VenueID != "va" || k.ClientID != "a" || k.Status != canceled || !k.Filled.Equal(dec("2")) || !k.Quantity.Equal(dec("5")) {
		t.Errorf("%+v", k)
	}
	if ev, news := tr.Order(whole); !news || words(ev) != "a canceled 2/5" {
		t.Errorf("%v %s", news, words(ev))
	}
	if ev, news := tr.Order(whole); news {
		t.Errorf("again: %s", words(ev))
	}
	if refs := tr.Working(exchange.Spot); len(refs) != 0 {
		t.Errorf("working: %v", refs)
	}
}
