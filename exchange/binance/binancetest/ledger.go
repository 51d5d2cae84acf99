package binancetest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// record is what the venue knows of an order beyond the engine: its names, and how it was sent.
type record struct {
	m       *market
	account exchange.AccountID
	id      int64
	name    string // its client id now
	typ     string // LIMIT, MARKET, LIMIT_MAKER
	tif     string
	stp     string
	side    exchange.Side
	byQuote exchange.Decimal // quoteOrderQty of a market order
	made    time.Time
	ended   bool
	counted bool // against the account's unfilled orders
	amends  int  // amendments of spot

	by     string // what its cancellation was called
	former string // its client id before an amendment that is about to be told
	told   bool   // the stream has said NEW of it
	hidden bool   // refused by the venue's words, although the engine has it: it is told to nobody
	filled exchange.Decimal
	quote  exchange.Decimal // of what the stream has told
}

// ref points at the engine's order.
func (r *record) ref() exchange.OrderRef {
	return exchange.OrderRef{Market: r.m.ins.Market, Account: r.account, VenueID: strconv.FormatInt(r.id, 10)}
}

// ledger is one account's orders in one of the two markets. The floor guards it.
type ledger struct {
	byID   map[int64]*record
	byName map[named]*record // the newest of that name
	list   map[*market][]*record
	many   map[*market]int // of orders that have not ended
	uses   map[string]int  // of names, since the engine takes each but once
	ended  []*record       // oldest first
}

// named is a client id: it stands for one order of a symbol.
type named struct {
	m    *market
	name string
}

// keepEnded is how many ended orders are kept.
const keepEnded = 1 << 17

func newLedger() *ledger {
	return &ledger{byID: map[int64]*record{}, byName: map[named]*record{}, list: map[*market][]*record{}, many: map[*market]int{}, uses: map[string]int{}}
}

// ledger is that of an account; every account has one.
func (h *half) ledger(a exchange.AccountID) *ledger {
	l := h.ledgers[a]
	if l == nil {
		l = newLedger()
		h.ledgers[a] = l
	}
	return l
}

// enter takes an order in.
func (l *ledger) enter(r *record) {
	l.byID[r.id] = r
	l.byName[named{r.m, r.name}] = r
	l.many[r.m]++
	all := l.list[r.m]
	at, _ := slices.BinarySearchFunc(all, r.id, byID)
	l.list[r.m] = slices.Insert(all, at, r)
}

func byID(r *record, id int64) int { return cmp.Compare(r.id, id) }

// rename gives an order another client id.
func (l *ledger) rename(r *record, name string) {
	if k := (named{r.m, r.name}); l.byName[k] == r && name != r.name {
		delete(l.byName, k)
	}
	r.name = name
	l.byName[named{r.m, name}] = r
}

// end notes that an order has ended, and forgets the oldest.
func (l *ledger) end(r *record) {
	if r.ended {
		return
	}
	r.ended = true
	l.many[r.m]--
	l.ended = append(l.ended, r)
	if len(l.ended) <= keepEnded {
		return
	}
	old := l.ended[0]
	l.ended = l.ended[1:]
	delete(l.byID, old.id)
	if k := (named{old.m, old.name}); l.byName[k] == old {
		delete(l.byName, k)
	}
	all := l.list[old.m]
	if at, ok := slices.BinarySearchFunc(all, old.id, byID); ok {
		l.list[old.m] = slices.Delete(all, at, at+1)
	}
}

// open reports whether an order of that name is working.
func (l *ledger) open(m *market, name string) bool {
	r := l.byName[named{m, name}]
	return r != nil && !r.ended
}

// engineID is the client id that the engine gets: the venue takes a name again once its order has ended, the engine does not. The n-th use
// of a name is called name#n.
func (l *ledger) engineID(name string) string {
	l.uses[name]++
	if n := l.uses[name]; n > 1 {
		return name + "#" + strconv.Itoa(n)
	}
	return name
}

// full is whether the account has as many working orders on m as it may have.
func (l *ledger) full(e *sim.Engine, a exchange.AccountID, m *market) bool {
	if l.many[m] < maxOrders {
		return false
	}
	l.many[m] = len(e.OpenOrders(a, m.ins.Market.Symbol)) // exactly, whatever was not told
	return l.many[m] >= maxOrders
}

// adopt makes a record of an order that came by another door than this server.
func (h *half) adopt(e *sim.Engine, o exchange.Order) *record {
	m := h.bySymbol[o.Market.Symbol]
	id, err := strconv.ParseInt(o.VenueID, 10, 64)
	if m == nil || err != nil {
		return nil
	}
	r := &record{m: m, account: o.Account, id: id, name: o.ClientID, side: o.Side, typ: "LIMIT", tif: o.TIF.String(), stp: stpDefault, made: o.Time}
	if at, ok := e.Created(o.Ref()); ok {
		r.made = at
	}
	switch {
	case o.Type == exchange.TypeMarket:
		r.typ, r.tif = "MARKET", "GTC"
	case o.PostOnly && m.kind == exchange.Spot:
		r.typ = "LIMIT_MAKER"
	case o.PostOnly:
		r.tif = "GTX"
	}
	h.ledger(o.Account).enter(r)
	return r
}

// find is the order that a request means: by its id, else by its client id; what is not there is refused with otherwise.
func (c *call) find(e *sim.Engine, m *market, otherwise func() *refusal) (*record, exchange.Order, *refusal) {
	return c.findBy(e, m, "orderId", "origClientOrderId", otherwise)
}

// which is how a request says which order it means; a negative id and an empty name are none.
func (c *call) which(idParam, nameParam string) (id int64, name string, refused *refusal) {
	id, refused = c.params.integer(idParam, -1)
	if name = c.params.get(nameParam); refused == nil && id < 0 && name == "" {
		refused = refuse(-1102, "Param '%s' or '%s' must be sent, but both were empty/null!", nameParam, idParam)
	}
	return id, name, refused
}

func (c *call) findBy(e *sim.Engine, m *market, idParam, nameParam string, otherwise func() *refusal) (*record, exchange.Order, *refusal) {
	id, name, refused := c.which(idParam, nameParam)
	if refused != nil {
		return nil, exchange.Order{}, refused
	}
	l := c.h.ledger(c.key.Account)
	r := l.byID[id]
	if id < 0 {
		r = l.byName[named{m, name}]
	}
	if r == nil || r.m != m || r.hidden {
		return nil, exchange.Order{}, otherwise()
	}
	if id >= 0 && name != "" && r.name != name && c.h.kind == exchange.Spot {
		return nil, exchange.Order{}, refuse(-2039, "Client order ID is not correct for this order ID.")
	}
	o, err := e.Lookup(r.ref())
	if err != nil {
		return nil, exchange.Order{}, otherwise()
	}
	return r, o, nil
}
