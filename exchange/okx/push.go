package okx

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// pushReader turns the pushes of one connection into updates.
type pushReader struct {
	account exchange.AccountID
	named   func(inst string) (*details, bool)
	amended func(*orderRow) // told of amendments; nil: nobody is
	resolve func(*exchange.Order, *orderRow)
	held    map[string]exchange.Position // by posId: a market may have a cross and an isolated one
}

func newPushReader(account exchange.AccountID, named func(string) (*details, bool)) pushReader {
	return pushReader{account: account, named: named, held: map[string]exchange.Position{}}
}

// updates are what p tells. What is about markets that the library does not have is passed over, other channels too.
func (r *pushReader) updates(p *push) ([]private.Update, error) {
	if p.Arg.Channel == "" || p.Data == nil {
		return nil, fmt.Errorf("a push without channel or data: %w", exchange.ErrFrame)
	}
	switch p.Arg.Channel {
	case "orders":
		return r.orders(p.Data)
	case "account":
		return r.balances(p.Data)
	case "positions":
		return r.positions(p.Data)
	}
	return nil, nil
}

func (r *pushReader) orders(data []byte) ([]private.Update, error) {
	rows, err := parseRows[orderRow](data)
	if err != nil {
		return nil, err
	}
	var all []private.Update
	for i := range rows {
		if !ours(rows[i].InstType) {
			continue
		}
		d, ok := r.named(string(rows[i].InstID))
		if !ok {
			continue
		}
		o, err := rows[i].order(d.Instrument, r.account)
		if err != nil {
			return nil, err
		}
		if r.resolve != nil {
			r.resolve(&o, &rows[i])
		}
		f, ok, err := rows[i].fill(d.Instrument, r.account)
		if err != nil {
			return nil, err
		}
		if ok {
			o.Fills = []exchange.Fill{f}
		}
		if rows[i].AmendResult != "" && r.amended != nil {
			r.amended(&rows[i])
		}
		all = append(all, private.Update{Order: &o, At: o.Time})
	}
	return all, nil
}

func (r *pushReader) balances(data []byte) ([]private.Update, error) {
	rows, err := parseRows[accountRow](data)
	if err != nil {
		return nil, err
	}
	var all []private.Update
	for i := range rows {
		b, err := rows[i].balances()
		if err != nil {
			return nil, err
		}
		f := fields{}
		u := private.Update{Balances: b, At: f.time("uTime", rows[i].UTime)}
		if f.err != nil {
			return nil, f.err
		}
		if len(b) > 0 {
			all = append(all, u)
		}
	}
	return all, nil
}

func (r *pushReader) positions(data []byte) ([]private.Update, error) {
	rows, err := parseRows[positionRow](data)
	if err != nil {
		return nil, err
	}
	var all []private.Update
	for i := range rows {
		w := &rows[i]
		d, ok := r.named(string(w.InstID))
		if !ok || d.Market.Symbol.Kind != exchange.Perp {
			continue
		}
		p, err := w.position(d.Instrument, r.account)
		if err != nil {
			return nil, err
		}
		r.held[string(w.InstID)+" "+string(w.PosID)] = p
		all = append(all, private.Update{Positions: []exchange.Position{r.sum(p.Market, p.Time)}, At: p.Time})
	}
	r.sweep()
	return all, nil
}

// sum is the market's position as far as it was told.
func (r *pushReader) sum(m exchange.Market, at time.Time) exchange.Position {
	p := exchange.Position{Market: m, Account: r.account, Time: at}
	for _, x := range r.held {
		if x.Market == m {
			p.Quantity, p.Cost = p.Quantity.Add(x.Quantity), p.Cost.Add(x.Cost)
		}
	}
	return p
}

// sweep forgets positions that were closed.
func (r *pushReader) sweep() {
	for k, p := range r.held {
		if p.Quantity.IsZero() {
			delete(r.held, k)
		}
	}
}
