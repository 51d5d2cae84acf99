package order

import (
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// preflight is every check of a plan before anything is sent; the cheap and certain ones first. It reserves the funds last: nil means
// that the group holds them.
func (m *Machine) preflight(now time.Time, g *group, ev *Event) *Refused {
	if len(m.groups) >= m.cfg.MaxGroups {
		return &Refused{Reason: "too_many_groups", Class: exchange.ErrUnavailable}
	}
	if _, dup := m.groups[g.number]; dup {
		return &Refused{Reason: "duplicate_group", Class: exchange.ErrConflict}
	}
	if r := checkShape(&ev.Plan); r != nil {
		return r
	}
	for i := range g.legs {
		if r := m.checkLeg(&g.legs[i]); r != nil {
			return r
		}
	}
	if m.cfg.Books != nil {
		for i := range g.legs {
			if r := m.checkBook(now, &g.legs[i], ev.Quotes, i); r != nil {
				return r
			}
		}
	}
	if ev.Err != nil {
		var r *Refused
		if errors.As(ev.Err, &r) {
			return r
		}
		return &Refused{Reason: "gate", Err: ev.Err}
	}
	return m.reserve(g)
}

// checkShape is about the plan by itself: priced legs that end at once, one base, as much bought as sold.
func checkShape(p *exchange.Plan) *Refused {
	if len(p.Legs) < 2 || len(p.Legs) > 16 {
		return &Refused{Reason: "unsupported", Class: exchange.ErrUnsupported, Err: errors.New("want 2 to 16 legs")}
	}
	if p.Mode != exchange.Together {
		return &Refused{Reason: "unsupported", Class: exchange.ErrUnsupported, Err: errors.New(p.Mode.String())}
	}
	var net exchange.Decimal
	for i := range p.Legs {
		l := &p.Legs[i]
		if err := l.Check(); err != nil {
			return &Refused{Reason: "invalid", Market: l.Market, Class: exchange.ErrInvalid, Err: err}
		}
		if l.Type != exchange.TypeLimit || l.TIF == exchange.GTC {
			return &Refused{Reason: "unsupported", Market: l.Market, Class: exchange.ErrUnsupported, Err: errors.New("want a limit order that is IOC or FOK")}
		}
		if l.Market.Symbol.Base != p.Legs[0].Market.Symbol.Base {
			return &Refused{Reason: "unequal_quantity", Market: l.Market, Class: exchange.ErrInvalid, Err: errors.New("legs of different bases")}
		}
		if l.Side == exchange.Buy {
			net = net.Add(l.Quantity)
		} else {
			net = net.Sub(l.Quantity)
		}
	}
	if !net.IsZero() {
		return &Refused{Reason: "unequal_quantity", Class: exchange.ErrInvalid, Err: errors.New("bought less sold is " + net.String())}
	}
	return nil
}

// checkLeg is about one leg's account and market, books aside.
func (m *Machine) checkLeg(l *exchange.OrderRequest) *Refused {
	a := m.accounts[Account{l.Market.Venue, l.Account}]
	if a == nil {
		return &Refused{Reason: "unknown_account", Market: l.Market, Class: exchange.ErrInvalid}
	}
	rule := m.rules[l.Market]
	if rule == nil {
		return &Refused{Reason: "unknown_market", Market: l.Market, Class: exchange.ErrInvalid}
	}
	if !rule.Tradable {
		return &Refused{Reason: "not_tradable", Market: l.Market, Class: exchange.ErrUnavailable}
	}
	if err := rule.Check(*l); err != nil {
		return &Refused{Reason: "invalid", Market: l.Market, Class: exchange.ErrInvalid, Err: err}
	}
	if a.down != nil {
		return &Refused{Reason: "stream_down", Market: l.Market, Class: exchange.ErrUnavailable, Err: a.down}
	}
	if x := m.markets[l.Market]; x != nil && x.busy > 0 && !m.cfg.Overlap {
		return &Refused{Reason: "market_busy", Market: l.Market, Class: exchange.ErrUnavailable}
	}
	return nil
}

// checkBook is about the book that a leg takes from: valid, fresh, newer than our own last fill there, and deep enough.
func (m *Machine) checkBook(now time.Time, l *exchange.OrderRequest, quotes []Quote, i int) *Refused {
	if i >= len(quotes) {
		return &Refused{Reason: "book_down", Market: l.Market, Class: exchange.ErrDown}
	}
	q := &quotes[i]
	switch {
	case errors.Is(q.Err, exchange.ErrStale):
		return &Refused{Reason: "stale_book", Market: l.Market, Err: q.Err}
	case q.Err != nil:
		return &Refused{Reason: "book_down", Market: l.Market, Class: exchange.ErrUnavailable, Err: q.Err}
	case now.Sub(q.RecvTime) > m.cfg.MaxBookAge:
		return &Refused{Reason: "stale_book", Market: l.Market, Class: exchange.ErrStale}
	case m.footprint(l.Market, q):
		return &Refused{Reason: "own_fill", Market: l.Market, Class: exchange.ErrStale}
	case q.Within.Cmp(l.Quantity) < 0 && (!m.cfg.TopOnly || q.Within.IsZero()):
		return &Refused{Reason: "depth", Market: l.Market, Class: exchange.ErrUnavailable}
	}
	return nil
}

// footprint reports whether a book is not newer than our own last fill in its market: it shows liquidity that we have taken. The
// venue's clock decides where the book and the fill have it.
func (m *Machine) footprint(k exchange.Market, q *Quote) bool {
	x := m.markets[k]
	if x == nil || x.fillRecv.IsZero() {
		return false
	}
	if !q.VenueTime.IsZero() && !x.fillVenue.IsZero() {
		return !q.VenueTime.After(x.fillVenue)
	}
	return !q.RecvTime.After(x.fillRecv)
}
