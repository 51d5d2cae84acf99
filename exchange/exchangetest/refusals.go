package exchangetest

import (
	"errors"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

func refusalCases() []test {
	r := []test{
		{name: "funds", run: funds},
		{name: "minimum", alone: true, run: minimum},
		{name: "lot", alone: true, run: lot},
		{name: "tick", alone: true, run: tick},
		{name: "account", only: once, alone: true, run: account},
		{name: "read-only-key", run: readOnlyKey, open: func(c *Config) func(*testing.T) exchange.Exchange { return c.OpenReadOnly }},
		{name: "deadline-passed", alone: true, run: deadlinePassed},
		{name: "deadline-ahead", alone: true, run: deadlineAhead},
		{name: "deadline-late", long: true, run: deadlineLate},
	}
	for _, x := range []struct {
		kind  string
		class error
	}{
		{"refused", nil}, {"rate-limited", exchange.ErrRateLimited}, {"banned", exchange.ErrBanned},
		{"overloaded-503", exchange.ErrUnavailable}, {"failed-503", exchange.ErrUnavailable},
	} {
		r = append(r, test{name: "place-" + x.kind, long: x.kind == "banned", run: func(s *scene) { s.turnedAway(x.kind, x.class) }})
	}
	return r
}

// refused places an order that the venue must refuse: at once, for the class where one is given, or after its acknowledgement, by an end
// without fills.
func (s *scene) refused(r exchange.OrderRequest, class error) {
	s.Helper()
	if _, err := s.x.Place(s.ctx, r); err != nil {
		s.wantRefused("place", err, class)
		if class == nil {
			s.wantNoExcuse("place", err)
		}
		s.absent(r)
		return
	}
	o := s.ended(r.Ref())
	if o.Status == exchange.StatusFilled || o.Filled.Sign() != 0 {
		s.Errorf("order %s, which should be refused, is %s", r.ClientID, describe(o, nil))
	}
}

// wantNoExcuse wants the reason of a refusal to be the order itself, not that the venue could not take it now, or not from this account.
func (s *scene) wantNoExcuse(op string, err error) {
	s.Helper()
	if wrapped(err, exchange.ErrRateLimited, exchange.ErrBanned, exchange.ErrInsufficientFunds, exchange.ErrUnauthorized, exchange.ErrUnavailable) > 0 {
		s.Errorf("%s: %v, want a refusal of the order itself", op, err)
	}
}

// absent wants a refused order to be no working order, and without fills. It asks until it is told.
func (s *scene) absent(r exchange.OrderRequest) {
	s.Helper()
	var o exchange.Order
	var err error
	ok := s.poll(func() bool {
		o, err = s.x.Lookup(s.ctx, r.Ref())
		return err == nil || errors.Is(err, exchange.ErrNotFound) || errors.Is(err, exchange.ErrInvalid)
	})
	switch {
	case !ok:
		s.Errorf("lookup of a refused order: %v", err)
	case err == nil && (!o.Status.Final() || o.Filled.Sign() != 0):
		s.Errorf("order %s was refused, and is %s", r.ClientID, describe(o, nil))
	}
}

// An order that the account cannot pay is refused for that.
func funds(s *scene) {
	s.listen()
	list, err := s.x.Balances(s.ctx)
	s.must("balances", err)
	y := s.run.symbol
	want := 1 // refusals, one an asset that pays
	if y.Kind == exchange.Spot {
		want = 2
	}
	for _, b := range list {
		r := s.limit(exchange.Buy, bid, 1)
		switch {
		case b.Asset == y.Quote && y.Kind == exchange.Spot && b.Wallet != exchange.WalletPerp:
			r.Quantity = b.Free.Quo(s.price(bid), 8, exchange.Ceil).Add(s.unit).Ceil(s.ins.Lot)
		case b.Asset == y.Quote && y.Kind == exchange.Perp && b.Wallet != exchange.WalletSpot:
			r.Quantity = b.Free.Mul(number(200)).Quo(s.price(bid), 8, exchange.Ceil).Ceil(s.ins.Lot)
		case b.Asset == y.Base && y.Kind == exchange.Spot && b.Wallet != exchange.WalletPerp:
			r.Side, r.Price = exchange.Sell, s.price(ask)
			r.Quantity = b.Free.Add(s.unit).Ceil(s.ins.Lot)
		default:
			continue
		}
		if s.ins.MaxQty.Sign() > 0 {
			r.Quantity = r.Quantity.Min(s.ins.MaxQty)
		}
		s.refused(r, exchange.ErrInsufficientFunds)
		want--
	}
	if want != 0 {
		s.Errorf("balances do not tell what the orders would be paid with: %+v", list)
	}
}

// An order below the smallest is refused as one that never can be taken.
func minimum(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Quantity = s.unit.Quo(number(5), 20, exchange.Floor).Floor(s.ins.Lot)
	if s.ins.Check(r) == nil || r.Quantity.IsZero() {
		r.Quantity = s.ins.Lot.Quo(number(2), 20, exchange.Floor)
	}
	s.refused(r, exchange.ErrInvalid)
}

// A quantity between the lots is refused.
func lot(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Quantity = r.Quantity.Add(s.ins.Lot.Quo(number(2), 20, exchange.Floor))
	s.refused(r, exchange.ErrInvalid)
}

// A price between the ticks is refused.
func tick(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Price = r.Price.Add(s.ins.Tick.Quo(number(2), 20, exchange.Floor))
	s.refused(r, exchange.ErrInvalid)
}

// Another account's orders are not placed with this one's key.
func account(s *scene) {
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Account = "somebody-else"
	_, err := s.x.Place(s.ctx, r)
	s.wantRefused("place", err, nil)
	ref := r.Ref()
	_, err = s.x.Cancel(s.ctx, ref)
	s.wantRefused("cancel", err, nil)
}

// A key that may not trade is told so.
func readOnlyKey(s *scene) {
	r := s.limit(exchange.Buy, bid-levels, 1)
	_, err := s.x.Place(s.ctx, r)
	s.wantRefused("place", err, exchange.ErrUnauthorized)
}

// An order whose deadline has passed is not placed.
func deadlinePassed(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Deadline = s.now().Add(-5 * second)
	s.refused(r, nil)
}

// An order that arrives before its deadline is taken, and the deadline does not end it.
func deadlineAhead(s *scene) {
	s.listen()
	r := s.limit(exchange.Buy, bid-levels, 1)
	r.Deadline = s.now().Add(20 * second)
	s.place(r)
	s.resting(r.Ref())
	s.pass(time.Minute)
	s.resting(r.Ref())
	s.cancel(r)
	s.wantEnd(r, exchange.StatusCanceled, exchange.Decimal{})
}

// An order that arrives after its deadline is refused by the venue, whatever its sender has come to think meanwhile.
func deadlineLate(s *scene) {
	r := s.limit(exchange.Buy, ask, 1)
	r.Deadline = s.now().Add(3 * second)
	s.once("place", func() {
		s.fault(Fault{Op: "place", Kind: "slow", For: 6 * second})
		if _, err := s.x.Place(s.ctx, r); err == nil {
			s.Errorf("an order that arrived after its deadline is no error")
		}
	})
	s.absent(r)
	s.forget(r)
}

// A call that the venue turns away certainly did not happen, says why, and is not sent again, but for one thing: who is asked to wait may do so,
// and then send what has had no effect once more.
func (s *scene) turnedAway(kind string, class error) {
	s.listen()
	sent := s.stage.Sent("place")
	s.fault(Fault{Op: "place", Kind: kind, For: second})
	r := s.limit(exchange.Buy, bid-levels, 1)
	_, err := s.x.Place(s.ctx, r)
	n := s.stage.Sent("place") - sent
	if err == nil && kind == "rate-limited" && n == 2 {
		s.resting(r.Ref())
		s.onlyOne(r)
		return
	}
	s.wantRefused("place", err, class)
	s.pass(5 * second)
	if n = s.stage.Sent("place") - sent; n != 1 {
		s.Errorf("one order was sent %d times", n)
	}
	s.absent(r)
}
