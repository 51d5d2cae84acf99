package okxtest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// keeper is what the venue remembers beyond its engine: orders under the ids of the wire, executions by bill, and what private streams
// push. It follows the engine's events. It belongs to the floor: whoever uses it holds the floor.
type keeper struct {
	cfg      *Config
	bySymbol map[exchange.Symbol]*market
	accounts map[exchange.AccountID]*account
	next     uint64 // number of the engine's next event
	bills    uint64
	aliases  uint64
	coming   *record // the order that is being placed: the engine tells of it before it returns
}

// account is one account's orders and executions, oldest first.
type account struct {
	id      exchange.AccountID
	orders  []*record
	fills   []*fill
	byID    map[string]*record
	byName  map[string]*record // by clOrdId, the newest one of each
	live    map[*market]int    // how many orders work
	working int
	feed    feed
	stakes  map[*market]*stake
}

func newKeeper(cfg *Config, markets []*market, e *sim.Engine) *keeper {
	k := &keeper{cfg: cfg, bySymbol: make(map[exchange.Symbol]*market), accounts: make(map[exchange.AccountID]*account)}
	for _, m := range markets {
		k.bySymbol[m.Market.Symbol] = m
	}
	for _, id := range e.Accounts() {
		a := &account{id: id, byID: make(map[string]*record), byName: make(map[string]*record), live: make(map[*market]int), stakes: make(map[*market]*stake)}
		a.feed.known = simwire.NewHoldings(e, id)
		k.accounts[id] = a
		k.recall(e, a, markets)
	}
	_, k.next, _ = e.Events(0)
	return k
}

// recall takes what the account did before: orders as they came, executions as they happened, whatever their markets.
func (k *keeper) recall(e *sim.Engine, a *account, markets []*market) {
	var orders []exchange.Order
	for _, m := range markets {
		orders = append(orders, e.Orders(a.id, m.Market.Symbol, time.Time{})...)
	}
	slices.SortFunc(orders, func(x, y exchange.Order) int { return cmp.Compare(numberOf(x.VenueID), numberOf(y.VenueID)) })
	first := k.bills
	for i := range orders {
		created, _ := e.Created(orders[i].Ref())
		k.take(a, &orders[i], created)
	}
	slices.SortStableFunc(a.fills, func(x, y *fill) int {
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(numberOf(x.TradeID), numberOf(y.TradeID)))
	})
	clear(a.stakes)
	for i, x := range a.fills {
		x.bill = first + uint64(i) + 1
		x.r.pnl = x.r.pnl.Sub(x.pnl) // they came order by order: what each closed is only known now
		x.pnl = a.close(x)
		x.r.pnl = x.r.pnl.Add(x.pnl)
	}
	clear(a.stakes)
	for _, p := range e.Positions(a.id) {
		a.stakes[k.bySymbol[p.Market.Symbol]] = &stake{p.Quantity, e.Entry(a.id, p.Market.Symbol)}
	}
	a.trim(k.cfg.Keep)
}

// numberOf is an id of the engine's, whose numbers rise.
func numberOf(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// trim forgets old executions.
func (a *account) trim(keep int) {
	if len(a.fills) > 2*keep {
		a.fills = slices.Delete(a.fills, 0, len(a.fills)-keep)
	}
}

// follow takes the engine's news.
func (k *keeper) follow(now time.Time, e *sim.Engine) {
	news, next, ok := e.Events(k.next)
	if !ok {
		for id := range k.accounts {
			for _, o := range e.Changed(id, k.next) {
				news = append(news, exchange.Event{Kind: exchange.OrderUpdate, Order: o, Time: o.Time})
			}
		}
	}
	k.next = next
	for i := range news {
		a := k.accounts[news[i].Order.Account]
		if a == nil {
			continue
		}
		if a.feed.dirty = true; news[i].Kind == exchange.OrderUpdate {
			a.feed.traded = true
			k.take(a, &news[i].Order, news[i].Time)
		}
	}
	for _, a := range k.accounts {
		if a.trim(k.cfg.Keep); a.feed.dirty {
			a.feed.holdings(now, e, k, a)
		}
	}
}

// take brings the order's record up to date, and makes the pushes that tell of it.
func (k *keeper) take(a *account, o *exchange.Order, at time.Time) {
	r := a.byID[o.VenueID]
	if r == nil {
		r = k.open(a, o, at)
	}
	was, fills := r.ended(), o.Fills
	wanted, replaced := o.Filled, o.Status == exchange.StatusReplaced
	state := r.state()
	r.OrderRequest, r.Reason, r.updated = o.OrderRequest, o.Reason, at
	if replaced {
		r.amended(a)
	}
	for i := range fills {
		f := k.execute(a, r, &fills[i])
		r.Status = exchange.StatusPartiallyFilled
		if i == len(fills)-1 && r.Filled.Equal(wanted) && o.Status == exchange.StatusFilled {
			r.Status = o.Status
		}
		a.feed.order(r, f, nil)
		state = r.state()
	}
	if !replaced {
		r.Status = o.Status
	}
	r.Fees, r.Filled = slices.Clone(o.Fees), wanted // the engine's own are shared
	if r.ended() && !was {
		k.end(a, r)
	}
	switch {
	case r.state() == state:
	case r.shrunk && len(r.requests) > 0:
		r.amended(a)
	default:
		a.feed.order(r, nil, nil)
	}
}

// open is the record of an order that is new.
func (k *keeper) open(a *account, o *exchange.Order, at time.Time) *record {
	r := k.coming
	if r == nil || r.VenueID != "" || r.ClientID != o.ClientID || r.Account != o.Account {
		r = k.foreign(o)
	}
	r.Order, r.created, r.updated = *o, at, at
	r.number = numberOf(o.VenueID)
	r.Status, r.Filled, r.Fees, r.Fills = exchange.StatusAccepted, exchange.Decimal{}, nil, nil
	a.orders, a.byID[o.VenueID] = append(a.orders, r), r
	if r.arg.ClOrdID != "" {
		a.byName[string(r.arg.ClOrdID)] = r
	}
	a.live[r.m]++
	a.working++
	a.feed.order(r, nil, nil) // the venue tells of an order that works before it tells what it did
	return r
}

// foreign is the record of an order that did not come over the wire.
func (k *keeper) foreign(o *exchange.Order) *record {
	r := &record{m: k.bySymbol[o.Market.Symbol]}
	r.arg = orderArg{target: target{ClOrdID: word(o.ClientID)}, TdMode: k.cfg.tdMode(r.m), OrdType: ordType(&o.OrderRequest)}
	r.margin = !r.m.swap && r.arg.TdMode != "cash"
	if !r.m.swap && o.Type == exchange.TypeMarket {
		r.arg.TgtCcy = baseSized
	}
	return r
}

func ordType(r *exchange.OrderRequest) string {
	switch {
	case r.Type == exchange.TypeMarket:
		return "market"
	case r.PostOnly:
		return "post_only"
	case r.TIF == exchange.IOC:
		return "ioc"
	case r.TIF == exchange.FOK:
		return "fok"
	}
	return "limit"
}

// execute books one execution of r.
func (k *keeper) execute(a *account, r *record, f *exchange.Fill) *fill {
	k.bills++
	x := &fill{Fill: *f, r: r, bill: k.bills}
	x.pnl = a.close(x)
	r.pnl = r.pnl.Add(x.pnl)
	a.fills = append(a.fills, x)
	r.Filled, r.notional, r.last, r.updated = r.Filled.Add(f.Quantity), r.notional.Add(f.Notional()), x, f.Time
	for i := range r.Fees {
		if r.Fees[i].Asset == f.FeeAsset {
			r.Fees[i].Quantity = r.Fees[i].Quantity.Add(f.Fee)
			return x
		}
	}
	r.Fees = append(r.Fees, exchange.Amount{Asset: f.FeeAsset, Quantity: f.Fee})
	return x
}

// end settles why r ended, and forgets orders that ended long ago.
func (k *keeper) end(a *account, r *record) {
	a.live[r.m]--
	a.working--
	if r.state() == "canceled" {
		r.source = cancelSource(r)
	}
	if ended := len(a.orders) - a.working; ended > 2*k.cfg.Keep {
		a.forget(ended - k.cfg.Keep)
	}
}

// forget drops the n oldest orders that have ended.
func (a *account) forget(n int) {
	a.orders = slices.DeleteFunc(a.orders, func(r *record) bool {
		if !r.ended() || n == 0 {
			return false
		}
		n--
		delete(a.byID, r.VenueID)
		if name := string(r.arg.ClOrdID); a.byName[name] == r {
			delete(a.byName, name)
		}
		return true
	})
}

// cancelSource is the venue's number for the reason that r ended for.
func cancelSource(r *record) string {
	switch r.Reason {
	case sim.ReasonCanceled:
		return "1"
	case sim.ReasonReduceOnly:
		return "2"
	case sim.ReasonPostOnly:
		return "31"
	case sim.ReasonSelfTrade:
		return "32"
	case reasonDeadMan:
		return "20"
	case sim.ReasonDepth:
		if r.TIF == exchange.FOK {
			return "13"
		}
		return "14"
	}
	return "0"
}

// reasonDeadMan is why orders end that cancel-all-after cancels.
const reasonDeadMan = "cancel all after"

// find is the order that is pointed at: by the venue's id where it is given.
func (a *account) find(m *market, ordID, clOrdID word) *record {
	r := a.byID[string(ordID)]
	if ordID == "" {
		r = a.byName[string(clOrdID)]
	}
	if r == nil || r.m != m {
		return nil
	}
	return r
}

// alias is the engine's name for an order: its own where the order has one that is free, else one that no client can send.
func (k *keeper) alias(a *account, e *sim.Engine, m *market, clOrdID word) string {
	if clOrdID != "" && a.byName[string(clOrdID)] == nil {
		if _, err := e.Lookup(exchange.OrderRef{Market: m.Market, Account: a.id, ClientID: string(clOrdID)}); err != nil {
			return string(clOrdID)
		}
	}
	k.aliases++
	return string(clOrdID) + "~" + strconv.FormatUint(k.aliases, 10)
}
