package bybittest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// tell is o with what the venue keeps of it beside the engine. It is called under the floor's lock, as everything about extras.
func (s *Server) tell(e *sim.Engine, ins exchange.Instrument, o exchange.Order) *known {
	created, _ := e.Created(o.Ref())
	return &known{Order: o, ins: ins, created: created, extra: s.extras.about(extraKey{o.Account, o.ClientID})}
}

// wanted is which orders a query asks for.
type wanted struct {
	account exchange.AccountID
	list    []exchange.Instrument
	id      string // the engine's; of the venue's id, which goes before the link
	link    string
	status  string
	from    time.Time
	to      time.Time
	limit   int
	cursor  uint64 // orders with a lower number
}

// weekly is the longest time that a question may be about.
const weekly = 7 * 24 * time.Hour

// want reads a question for orders or executions.
func (s *Server) want(a *ask, usual, most int) (*wanted, *refusal) {
	q := a.Query
	list, no := s.chosen(q)
	if no != nil {
		return nil, no
	}
	w := &wanted{account: a.account, list: list, link: q.Get("orderLinkId"), status: q.Get("orderStatus")}
	if w.limit, no = sizeOf(q, usual, most); no != nil {
		return nil, no
	}
	if id := q.Get("orderId"); id != "" {
		w.id, w.link = engineID(a.kind(), id), ""
	}
	if w.from, w.to, no = s.span(q); no != nil {
		return nil, no
	}
	w.cursor = 1 << 62
	if c := q.Get("cursor"); c != "" {
		n, err := strconv.ParseUint(c, 10, 62)
		if err != nil {
			return nil, refuse(codeParams, "params error: cursor invalid")
		}
		w.cursor = n
	}
	return w, nil
}

// span is the time that a question is about: a week at most, the last one where it names no beginning.
func (s *Server) span(q simwire.Params) (from, to time.Time, no *refusal) {
	bad := refuse(codeParams, "params error: startTime or endTime invalid")
	read := func(name string) (time.Time, bool) {
		if q.Get(name) == "" {
			return time.Time{}, true
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		return time.UnixMilli(n), err == nil
	}
	from, ok1 := read("startTime")
	to, ok2 := read("endTime")
	switch {
	case !ok1 || !ok2:
		return from, to, bad
	case from.IsZero() && to.IsZero():
		to = s.now().Add(time.Second)
		from = to.Add(-weekly)
	case from.IsZero():
		from = to.Add(-weekly)
	case to.IsZero():
		to = from.Add(weekly)
	case to.Before(from):
		return from, to, bad
	case to.Sub(from) > weekly:
		return from, to, refuse(codeParams, "The time range between startTime and endTime cannot exceed 7 days.")
	}
	return from, to, nil
}

// numberOf is an order's or a trade's place in the order of all that happened.
func numberOf(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// placeOf is an execution's place: where an account trades with itself, the maker's is behind the taker's.
func placeOf(f exchange.Fill) uint64 {
	if f.Maker {
		return 2*numberOf(f.TradeID) + 1
	}
	return 2 * numberOf(f.TradeID)
}

// one is the order that is asked for by id, or by link.
func (w *wanted) one(e *sim.Engine) (o exchange.Order, ins exchange.Instrument, ok bool) {
	for _, ins := range w.list {
		ref := exchange.OrderRef{Market: ins.Market, Account: w.account, ClientID: w.link, VenueID: w.id}
		if o, err := e.Lookup(ref); err == nil {
			return o, ins, true
		}
	}
	return o, ins, false
}

// recent answers order/realtime: what works; with an id what has ended, too; with openOnly 1 or 2 the last 500 that have ended.
func (s *Server) recent(a *ask) (any, *refusal) {
	w, no := s.want(a, 20, 50)
	if no != nil {
		return nil, no
	}
	q := a.Query
	if a.kind() == exchange.Perp && a.Symbol+q.Get("baseCoin")+q.Get("settleCoin") == "" {
		return nil, refuse(codeParams, "params error: symbol, settleCoin or baseCoin is needed")
	}
	ended := q.Get("openOnly") == "1" || q.Get("openOnly") == "2"
	return s.page(a, w, func(e *sim.Engine, ins exchange.Instrument) []exchange.Order {
		if !ended {
			return e.OpenOrders(w.account, ins.Market.Symbol)
		}
		list := slices.DeleteFunc(e.Orders(w.account, ins.Market.Symbol, time.Time{}), func(o exchange.Order) bool { return !o.Status.Final() })
		return list[max(0, len(list)-500):]
	})
}

// history answers order/history: whatever was placed in a time.
func (s *Server) history(a *ask) (any, *refusal) {
	w, no := s.want(a, 20, 50)
	if no != nil {
		return nil, no
	}
	return s.page(a, w, func(e *sim.Engine, ins exchange.Instrument) []exchange.Order {
		list := e.Orders(w.account, ins.Market.Symbol, w.from)
		return slices.DeleteFunc(list, func(o exchange.Order) bool {
			created, _ := e.Created(o.Ref())
			return created.After(w.to)
		})
	})
}

// page lists orders, the newest first.
func (s *Server) page(a *ask, w *wanted, find func(*sim.Engine, exchange.Instrument) []exchange.Order) (any, *refusal) {
	rows := []orderRow{}
	next := ""
	s.floor.Read(func(_ time.Time, e *sim.Engine) {
		if w.id != "" || w.link != "" {
			if o, ins, ok := w.one(e); ok {
				rows = append(rows, s.tell(e, ins, o).row())
			}
			return
		}
		var all []*known
		for _, ins := range w.list {
			for _, o := range find(e, ins) {
				if numberOf(o.VenueID) < w.cursor {
					all = append(all, &known{Order: o, ins: ins})
				}
			}
		}
		slices.SortFunc(all, func(a, b *known) int { return cmp.Compare(numberOf(b.VenueID), numberOf(a.VenueID)) })
		for _, o := range all {
			row := s.tell(e, o.ins, o.Order).row()
			if w.status != "" && row.OrderStatus != w.status {
				continue
			}
			if len(rows) == w.limit {
				break
			}
			rows, next = append(rows, row), o.VenueID
		}
	})
	// As at the venue, the last page has a cursor, too: to an empty one.
	return object{"category": a.Category, "list": rows, "nextPageCursor": next}, nil
}

// executions answers execution/list, the newest first.
func (s *Server) executions(a *ask) (any, *refusal) {
	w, no := s.want(a, 50, 100)
	if no != nil {
		return nil, no
	}
	rows := []executionRow{}
	next := ""
	s.floor.Read(func(_ time.Time, e *sim.Engine) {
		s.tally.catchUp(e)
		fills := w.fills(e, a.Query)
		if len(fills) > w.limit {
			fills = fills[:w.limit]
		}
		orders := map[string]*known{}
		for _, f := range fills {
			o := orders[f.VenueID]
			if o == nil {
				whole, err := e.Lookup(exchange.OrderRef{Market: f.Market, Account: f.Account, ClientID: f.ClientID, VenueID: f.VenueID})
				if err != nil {
					whole = exchange.Order{OrderRequest: exchange.OrderRequest{Market: f.Market, ClientID: f.ClientID, Side: f.Side}, VenueID: f.VenueID}
				}
				o = s.tell(e, s.bySymbol[f.Market.Symbol], whole)
				orders[f.VenueID] = o
			}
			rows, next = append(rows, o.executed(f, s.tally.closed(f))), strconv.FormatUint(placeOf(f), 10)
		}
	})
	return object{"category": a.Category, "list": rows, "nextPageCursor": next}, nil
}

// fills are the executions that are asked for, the newest first: of one order those of all time.
func (w *wanted) fills(e *sim.Engine, q simwire.Params) []exchange.Fill {
	var all []exchange.Fill
	if w.id != "" || w.link != "" {
		o, _, _ := w.one(e)
		all = slices.Clone(o.Fills)
	} else {
		for _, ins := range w.list {
			all = append(all, e.Fills(w.account, ins.Market.Symbol, w.from)...)
		}
		all = slices.DeleteFunc(all, func(f exchange.Fill) bool { return f.Time.After(w.to) })
	}
	if t := q.Get("execType"); t != "" && t != "Trade" {
		return nil
	}
	all = slices.DeleteFunc(all, func(f exchange.Fill) bool { return placeOf(f) >= w.cursor })
	slices.SortFunc(all, func(a, b exchange.Fill) int { return cmp.Compare(placeOf(b), placeOf(a)) })
	return all
}
