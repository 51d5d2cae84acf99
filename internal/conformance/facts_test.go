package conformance_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What a client says of its account, and how it compares with what the engine has. A field is left out where the library has none.

// state is an order as a client sees it. Side, kind (its type and time in force) and status are the venue's words.
type state struct {
	id, venueID, side, kind, status string
	price, quantity, filled, spent  exchange.Decimal
	fee                             *exchange.Decimal
	feeAsset                        string
}

func (s state) String() string {
	text := fmt.Sprintf("%s (%s): %s %s, %s, %s of %s at %s for %s", s.id, s.venueID, s.side, s.kind, s.status, s.filled, s.quantity, s.price, s.spent)
	if s.fee != nil {
		text += fmt.Sprintf(", fee %s %s", s.fee, s.feeAsset)
	}
	return text
}

// fill is an execution as a client sees it.
type fill struct {
	tradeID, venueID, clientID, side string
	price, quantity, fee             exchange.Decimal
	feeAsset                         string
	maker                            bool
	time                             int64 // milliseconds
	brief                            bool  // told with its order: without order, side, maker and time
}

// ack is the answer to a new order: its id, and what has come of it where the venue tells that at once.
type ack struct {
	venueID string
	state   *state
	fills   []fill
}

// purse is what a client has of an asset: in all, free for new orders, and held for those that rest.
type purse struct {
	total        exchange.Decimal
	free, orders *exchange.Decimal
}

func (p purse) String() string {
	show := func(d *exchange.Decimal) string {
		if d == nil {
			return "?"
		}
		return d.String()
	}
	return fmt.Sprintf("%s, %s free, %s held for orders", p.total, show(p.free), show(p.orders))
}

// ids pairs the engine's ids with the venue's: each has one of the other, wherever the client reads it.
type ids struct{ out, in map[string]string }

func (p *ids) pair(engine, venue string) error {
	if p.out == nil {
		p.out, p.in = map[string]string{}, map[string]string{}
	}
	if _, known := p.out[engine]; !known && p.in[venue] == "" && venue != "" {
		p.out[engine], p.in[venue] = venue, engine
	}
	if p.out[engine] != venue {
		return fmt.Errorf("id %q of the engine's %s; want %q (and %q is %q)", venue, engine, p.out[engine], venue, p.in[venue])
	}
	return nil
}

// differs collects what is not as it should be.
type differs []error

func (d *differs) text(what, have, want string) {
	if have != want {
		*d = append(*d, fmt.Errorf("%s %q; want %q", what, have, want))
	}
}

func (d *differs) number(what string, have, want exchange.Decimal) {
	if !have.Equal(want) {
		*d = append(*d, fmt.Errorf("%s %s; want %s", what, have, want))
	}
}

// untold is text for which a client has no place.
const untold = "?"

func (d *differs) given(what, have, want string) {
	if have != untold {
		d.text(what, have, want)
	}
}

// agrees compares an order with the engine's.
func (r *run) agrees(s state, o exchange.Order, status string) error {
	var d differs
	d.text("client id", s.id, o.ClientID)
	d = append(d, r.orderIDs.pair(o.VenueID, s.venueID))
	d.text("side", s.side, r.w.side(o.Side))
	d.text("kind", s.kind, r.w.kinds[kindOf(o.OrderRequest)])
	d.text("status", s.status, status)
	d.number("price", s.price, o.Price)
	d.number("quantity", s.quantity, o.Quantity)
	d.number("filled", s.filled, o.Filled)
	var spent, fee exchange.Decimal
	for _, f := range r.v.fills() {
		if f.VenueID == o.VenueID {
			spent, fee = spent.Add(f.Notional()), fee.Add(f.Fee)
			if s.fee != nil {
				d.given("fee asset", s.feeAsset, string(f.FeeAsset))
			}
		}
	}
	d.number("spent", s.spent, spent)
	if s.fee != nil {
		d.number("fee", *s.fee, fee)
	}
	if err := errors.Join(d...); err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	return nil
}

// acknowledges compares the answer to an order with what the engine has made of it.
func (r *run) acknowledges(a ack, id string) error {
	o, err := r.v.order(id)
	if err == nil {
		err = r.orderIDs.pair(o.VenueID, a.venueID)
	}
	if err != nil || a.state == nil {
		return err
	}
	status := r.w.open
	switch o.Status {
	case exchange.StatusFilled:
		status = r.w.filled
	case exchange.StatusExpired:
		status = r.w.expired
	}
	fills := slices.DeleteFunc(r.v.fills(), func(f exchange.Fill) bool { return f.VenueID != o.VenueID })
	return errors.Join(r.agrees(*a.state, o, status), r.sameFills(a.fills, fills))
}

// side is the venue's word.
func (w *venueWords) side(s exchange.Side) string {
	if s == exchange.Buy {
		return w.buy
	}
	return w.sell
}

// kindOf is an order's kind as the contract calls it.
func kindOf(o exchange.OrderRequest) string {
	switch {
	case o.Type == exchange.TypeMarket:
		return "market"
	case o.PostOnly:
		return "post-only"
	case o.TIF == exchange.IOC:
		return "ioc"
	}
	return "limit"
}

// sameFills compares fills with the engine's, in whatever order they came.
func (r *run) sameFills(got []fill, want []exchange.Fill) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d fills %v; want %d", len(got), got, len(want))
	}
	got = slices.Clone(got)
	for _, w := range want {
		// The first one that may be w: trade ids are told apart once they are known, and until then what traded must be.
		i := slices.IndexFunc(got, func(f fill) bool { return r.isFill(f, w) == nil })
		if i < 0 {
			return fmt.Errorf("no fill that is %+v in %+v: %w", w, got, r.isFill(got[0], w))
		}
		if err := r.tradeIDs.pair(w.TradeID, got[i].tradeID); err != nil {
			return fmt.Errorf("trade %w", err)
		}
		got = slices.Delete(got, i, i+1)
	}
	return nil
}

func (r *run) isFill(f fill, w exchange.Fill) error {
	var d differs
	if id, known := r.tradeIDs.out[w.TradeID]; known {
		d.text("trade", f.tradeID, id)
	}
	d.given("client id", f.clientID, w.ClientID)
	d.number("price", f.price, w.Price)
	d.number("quantity", f.quantity, w.Quantity)
	d.number("fee", f.fee, w.Fee)
	d.given("fee asset", f.feeAsset, string(w.FeeAsset))
	if !f.brief {
		d.text("order", f.venueID, r.orderIDs.out[w.VenueID])
		d.text("side", f.side, r.w.side(w.Side))
		d.text("maker", fmt.Sprint(f.maker), fmt.Sprint(w.Maker))
		d.text("time", fmt.Sprint(f.time), fmt.Sprint(w.Time.UnixMilli()))
	}
	return errors.Join(d...)
}

// samePurse compares what the client has of an asset.
func samePurse(asset string, have, want purse) error {
	var d differs
	d.number("total", have.total, want.total)
	if have.free != nil {
		d.number("free", *have.free, *want.free)
	}
	if have.orders != nil {
		d.number("held for orders", *have.orders, *want.orders)
	}
	if err := errors.Join(d...); err != nil {
		return fmt.Errorf("%s: %w", asset, err)
	}
	return nil
}

// name is an order's client id without what a server adds to one that is used again: the engine knows each once.
func name(clientID string) string {
	s, _, _ := strings.Cut(clientID, "#")
	return s
}

// order is the client's order as the engine has it: the newest of the name.
func (v *venue) order(id string) (exchange.Order, error) {
	var all []exchange.Order
	v.Floor().Do(func(_ time.Time, e *sim.Engine) { all = e.Orders(clients, v.instrument.Market.Symbol, time.Time{}) })
	for _, o := range slices.Backward(all) {
		if o.ClientID = name(o.ClientID); o.ClientID == id {
			return o, nil
		}
	}
	return exchange.Order{}, fmt.Errorf("the engine has no %s", id)
}

func (v *venue) open() (all []exchange.Order) {
	v.Floor().Do(func(_ time.Time, e *sim.Engine) { all = e.OpenOrders(clients, v.instrument.Market.Symbol) })
	for i := range all {
		all[i].ClientID = name(all[i].ClientID)
	}
	return all
}

func (v *venue) fills() (all []exchange.Fill) {
	v.Floor().Do(func(_ time.Time, e *sim.Engine) { all = e.Fills(clients, v.instrument.Market.Symbol, time.Time{}) })
	for i := range all {
		all[i].ClientID = name(all[i].ClientID)
	}
	return all
}

// balances are the client's, in the wallet that its orders are paid from.
func (v *venue) balances() map[string]purse {
	r := map[string]purse{}
	s := v.instrument.Market.Symbol
	v.Floor().Do(func(_ time.Time, e *sim.Engine) {
		for _, b := range e.Balances(clients) {
			if perp := s.Kind == exchange.Perp; b.Wallet == exchange.WalletUnified || perp == (b.Wallet == exchange.WalletPerp) {
				orders := b.Locked
				if perp && b.Asset == s.Quote {
					orders, _ = e.Margin(clients, s)
				}
				r[string(b.Asset)] = purse{b.Total(), &b.Free, &orders}
			}
		}
	})
	return r
}
