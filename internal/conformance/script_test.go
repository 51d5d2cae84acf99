package conformance_test

import (
	"encoding/json"

	"github.com/bothlegs/bothlegs/exchange"
)

// What a script says of books and orders; sizes are the venue's.
type (
	scriptBook struct {
		Bids, Asks [][2]string
	}
	scriptState struct {
		ID, Status              string
		Price, Quantity, Filled string
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
	return state{o.ID, o.Status, decOr0(o.Price), dec(o.Quantity).Mul(unit), dec(o.Filled).Mul(unit)}
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
	return s.follow("followBook", "book", func(data json.RawMessage) {
		var b scriptBook
		if json.Unmarshal(data, &b) == nil {
			emit(b.levels(s.unit))
		}
	})
}

func (s *script) balances() (map[string]exchange.Decimal, error) {
	var all map[string][]string // what makes up the total of each asset
	err := s.call("balances", nil, &all)
	r := map[string]exchange.Decimal{}
	for asset, parts := range all {
		for _, p := range parts {
			r[asset] = r[asset].Add(dec(p))
		}
	}
	return r, err
}

// sized are an order's fields as the script wants them.
func (s *script) sized(o order) map[string]string {
	size := o.quantity.Quo(s.unit, 3, exchange.HalfEven) // exact: no test orders less than a thousandth
	return map[string]string{"id": o.id, "side": o.side, "kind": o.kind, "price": o.price.String(), "quantity": size.String()}
}

func (s *script) place(o order) error    { return s.call("place", s.sized(o), nil) }
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
	var all []struct{ Price, Quantity string }
	err = s.call("fills", nil, &all)
	for _, f := range all {
		r = append(r, fill{dec(f.Price), dec(f.Quantity).Mul(s.unit)})
	}
	return r, err
}

func (s *script) followOrders(emit func(state)) error {
	return s.follow("followOrders", "orders", func(data json.RawMessage) {
		var o scriptState
		if json.Unmarshal(data, &o) == nil {
			emit(o.state(s.unit))
		}
	})
}

func (s *script) flood() error { return s.call("flood", nil, nil) }
