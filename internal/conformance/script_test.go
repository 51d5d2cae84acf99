package conformance_test

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// What a script says; sizes are the venue's.
type (
	scriptBook struct {
		Bids, Asks [][2]string
	}
	scriptState struct {
		ID, VenueID, Side, Kind, Status         string
		Price, Quantity, Filled, Spent, Average string // either of the last two
		Fee, FeeAsset                           string
	}
	scriptFill struct {
		TradeID, VenueID, ClientID, Side string
		Price, Quantity, Fee, FeeAsset   string
		Maker, Brief                     bool
		Time                             string
	}
	scriptPurse struct {
		Asset, Total, Free, Locked, Orders string // total, or what it is made of
	}
	scriptAnswer struct {
		At, Status int64
		Header     map[string]string
	}
)

func (b scriptBook) levels(unit exchange.Decimal) levels {
	l := ladder{map[string]string{}, map[string]string{}}
	for _, x := range b.Bids {
		set(l.bids, x[0], x[1])
	}
	for _, x := range b.Asks {
		set(l.asks, x[0], x[1])
	}
	return l.levels(unit)
}

func (o scriptState) state(unit exchange.Decimal) state {
	r := state{
		id: o.ID, venueID: o.VenueID, side: o.Side, kind: o.Kind, status: o.Status,
		price: decOr0(o.Price), quantity: dec(o.Quantity).Mul(unit), filled: dec(o.Filled).Mul(unit), spent: decOr0(o.Spent), feeAsset: o.FeeAsset,
	}
	if o.Average != "" {
		r.spent = dec(o.Average).Mul(r.filled)
	}
	if o.Fee != "" {
		r.fee = ptr(dec(o.Fee))
	}
	return r
}

func (f scriptFill) fill(unit exchange.Decimal) fill {
	return fill{
		tradeID: f.TradeID, venueID: f.VenueID, clientID: f.ClientID, side: f.Side, price: dec(f.Price), quantity: dec(f.Quantity).Mul(unit),
		fee: dec(f.Fee), feeAsset: f.FeeAsset, maker: f.Maker, time: milli(f.Time), brief: f.Brief,
	}
}

func (b scriptPurse) purse() purse {
	if b.Total == "" {
		return spotPurse(b.Free, b.Locked)
	}
	p := purse{total: dec(b.Total)}
	if b.Free != "" {
		p.free = ptr(dec(b.Free))
	}
	if b.Orders != "" {
		p.orders = ptr(dec(b.Orders))
	}
	return p
}

func (s *script) instruments() (r []instrument, err error) {
	var all []struct{ Name, Tick, Lot string }
	err = s.call("instruments", nil, &all)
	for _, i := range all {
		r = append(r, instrument{i.Name, i.Tick, dec(i.Lot).Mul(s.unit).String()})
	}
	return r, err
}

func (s *script) book() (levels, error) {
	var b scriptBook
	err := s.call("book", nil, &b)
	return b.levels(s.unit), err
}

func (s *script) followBook(emit func(levels)) error {
	s.on("book", heard(func(b scriptBook) { emit(b.levels(s.unit)) }))
	return s.call("followBook", nil, nil)
}

// heard reads what a stream tells.
func heard[T any](tell func(T)) func(json.RawMessage) {
	return func(data json.RawMessage) {
		var v T
		if json.Unmarshal(data, &v) == nil {
			tell(v)
		}
	}
}

func (s *script) balances() (map[string]purse, error) {
	var all []scriptPurse
	err := s.call("balances", nil, &all)
	r := map[string]purse{}
	for _, b := range all {
		r[b.Asset] = b.purse()
	}
	return r, err
}

// sized are an order's fields as the script wants them.
func (s *script) sized(o order) map[string]string {
	size := o.quantity.Quo(s.unit, 3, exchange.HalfEven) // exact: no test orders less than a thousandth
	return map[string]string{"id": o.id, "side": o.side, "kind": o.kind, "price": o.price.String(), "quantity": size.String()}
}

func (s *script) place(o order) (r ack, err error) {
	var a struct {
		VenueID string
		State   *scriptState
		Fills   []scriptFill
	}
	err = s.call("place", s.sized(o), &a)
	r.venueID = a.VenueID
	if a.State != nil {
		r.state = ptr(a.State.state(s.unit))
	}
	for _, f := range a.Fills {
		r.fills = append(r.fills, f.fill(s.unit))
	}
	return r, err
}

func (s *script) amend(o order) error    { return s.call("amend", s.sized(o), nil) }
func (s *script) cancel(id string) error { return s.call("cancel", map[string]string{"id": id}, nil) }

func (s *script) query(id string) (state, error) {
	var o scriptState
	if err := s.call("query", map[string]string{"id": id}, &o); err != nil {
		return state{}, err
	}
	return o.state(s.unit), nil
}

func (s *script) open() (r []state, err error) {
	var all []scriptState
	err = s.call("open", nil, &all)
	for _, o := range all {
		r = append(r, o.state(s.unit))
	}
	return r, err
}

func (s *script) fills() (r []fill, err error) {
	var all []scriptFill
	err = s.call("fills", nil, &all)
	for _, f := range all {
		r = append(r, f.fill(s.unit))
	}
	return r, err
}

func (s *script) followAccount(to account) error {
	s.on("orders", heard(func(o scriptState) { to.order(o.state(s.unit)) }))
	s.on("fills", heard(func(f scriptFill) { to.fill(f.fill(s.unit)) }))
	s.on("purses", heard(func(b scriptPurse) { to.purse(b.Asset, b.purse()) }))
	return s.call("followAccount", nil, nil)
}

func (s *script) flood() error { return s.call("flood", nil, nil) }

func (s *script) answers() (r []answer) {
	var all []scriptAnswer
	if s.call("answers", nil, &all) != nil {
		return nil
	}
	for _, a := range all {
		h := http.Header{}
		for name, value := range a.Header {
			h.Set(name, value)
		}
		r = append(r, answer{time.UnixMilli(a.At), int(a.Status), h})
	}
	return r
}
