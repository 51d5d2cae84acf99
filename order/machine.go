package order

import (
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// EventKind is what an [Event] tells the [Machine].
type EventKind uint8

const (
	EvExecute EventKind = iota + 1 // Group, Plan, Quotes (one a leg), Err: the gate's refusal
	EvPlaced                       // ClientID, Order, Err: the answer to ActPlace
	EvLooked                       // ClientID, Order, Err: the answer to ActLookup
	EvOrder                        // Order: news of the private stream
	EvStream                       // Account, Err: the private stream is up (nil) or down
	EvTimer                        // Group, ClientID, Timer: as in ActTimer
	EvQuoted                       // Group, Quotes: the answer to ActQuote
	EvFunds                        // Account, Balances, Positions: what the account has, orders not counted
)

// Event is the Machine's only input. Fields that its kind does not name are ignored.
type Event struct {
	Kind      EventKind
	Group     uint64
	ClientID  string
	Timer     uint32
	Plan      exchange.Plan
	Quotes    []Quote
	Order     exchange.Order
	Err       error
	Account   Account
	Balances  []exchange.Balance
	Positions []exchange.Position
}

// Quote is what a book said about a leg at one moment.
type Quote struct {
	Bid, Ask  exchange.Decimal // best prices; zero: none
	Within    exchange.Decimal // what the leg's limit price can get now, at most the leg's quantity
	VenueTime time.Time        // of the book, by the venue's clock; zero where it tells none
	RecvTime  time.Time        // of the book, by ours
	Err       error            // why there is no price, or nil
}

// ActionKind is what an [Action] asks for.
type ActionKind uint8

const (
	ActJournal ActionKind = iota + 1 // append Record; it is durable before any ActPlace of the same step leaves
	ActPlace                         // send Request; Purpose says why
	ActLookup                        // look up Ref
	ActTimer                         // post EvTimer with Group, ClientID and Timer, After from now
	ActQuote                         // post EvQuoted with Group and a Quote for each of Legs
	ActBook                          // tell the Booker of Fill
	ActLate                          // Late came after its group's end
	ActDone                          // the group has ended: Result, Err
)

// Action is what the Machine wants done. What it points to is read-only, and holds until the next Step; a Result holds for good.
type Action struct {
	Kind     ActionKind
	Purpose  exchange.Purpose
	Group    uint64
	ClientID string
	Timer    uint32
	After    time.Duration
	Record   []byte
	Request  *exchange.OrderRequest
	Ref      exchange.OrderRef
	Legs     []exchange.OrderRequest
	Fill     *exchange.Fill
	Late     *Late
	Result   *Result
	Err      error
}

// Machine decides what to do about groups of orders. It is pure: no I/O, no clock, no randomness, so the same events give the same
// actions and the same journal, byte by byte. It is not safe for concurrent use.
type Machine struct {
	cfg      Config
	rules    map[exchange.Market]*exchange.Instrument
	accounts map[Account]*account
	groups   map[uint64]*group
	orders   map[string]*child
	markets  map[exchange.Market]*market
	past     past
	seen     seen
	out      []Action
	rec      []byte
}

// market is what the Machine remembers of a market across groups.
type market struct {
	busy      int       // orders that have not ended
	fillVenue time.Time // of our newest fill, by the venue's clock
	fillRecv  time.Time // when we heard of it
}

// NewMachine is a Machine for the given accounts. A mistake in cfg is an error.
func NewMachine(cfg Config, accounts ...Account) (*Machine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, rules: map[exchange.Market]*exchange.Instrument{}, accounts: map[Account]*account{}, groups: map[uint64]*group{},
		orders: map[string]*child{}, markets: map[exchange.Market]*market{}}
	for _, a := range accounts {
		m.accounts[a] = &account{funds: map[purse]*fund{}, perps: map[exchange.Market]*perp{}}
	}
	m.learnRules(cfg.Instruments)
	return m, nil
}

func (m *Machine) learnRules(list []exchange.Instrument) {
	for i := range list {
		m.rules[list[i].Market] = &list[i]
	}
}

// Idle reports whether no group is open.
func (m *Machine) Idle() bool { return len(m.groups) == 0 }

// Full reports whether as many groups are open as Config allows.
func (m *Machine) Full() bool { return len(m.groups) >= m.cfg.MaxGroups }

// Step takes one event and decides. The actions are to be done in their order; the slice holds until the next Step.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	m.out = append(m.out[:0], Action{Kind: ActJournal}) // the record of the step comes first
	m.rec = m.rec[:0]
	switch ev.Kind {
	case EvExecute:
		m.execute(now, &ev)
	case EvPlaced, EvLooked, EvOrder:
		m.news(now, &ev)
	case EvTimer:
		m.timer(now, &ev)
	case EvQuoted:
		m.quoted(now, &ev)
	case EvStream:
		if a := m.accounts[ev.Account]; a != nil {
			a.down = ev.Err
		}
	case EvFunds:
		m.setFunds(now, &ev)
	}
	if len(m.rec) == 0 {
		return m.out[1:]
	}
	m.out[0].Record = m.rec
	return m.out
}

func (m *Machine) act(a Action) { m.out = append(m.out, a) }

func (m *Machine) market(k exchange.Market) *market {
	x := m.markets[k]
	if x == nil {
		x = new(market)
		m.markets[k] = x
	}
	return x
}

// execute admits a plan or refuses it.
func (m *Machine) execute(now time.Time, ev *Event) {
	g := &group{number: ev.Group, id: groupID(m.cfg.Prefix, now, ev.Group), legs: ev.Plan.Legs, started: now}
	m.recordPlan(now, g, ev)
	if r := m.preflight(now, g, ev); r != nil {
		m.release(g)
		m.recordRefusal(g, r)
		m.act(Action{Kind: ActDone, Group: g.number, Err: r,
			Result: &Result{Group: g.id, Outcome: Voided, Reason: r.Reason, Started: now, Ended: now}})
		return
	}
	m.groups[g.number] = g
	g.legs = slices.Clone(g.legs) // the plan stays its maker's
	g.children = g.list[:0]
	for i := range g.legs {
		m.place(now, g, i, exchange.Open, g.legs[i])
	}
}

// place sends one order of a group.
func (m *Machine) place(now time.Time, g *group, leg int, why exchange.Purpose, req exchange.OrderRequest) {
	req.ClientID = childID(g.id, len(g.children))
	req.Deadline = now.Add(m.cfg.Valid)
	var c *child
	if n := len(g.children); n < len(g.own) {
		c = &g.own[n]
	} else {
		c = new(child)
	}
	*c = child{group: g, leg: leg, purpose: why, req: req, evidence: req.Deadline.Add(m.cfg.Visibility)}
	g.children = append(g.children, c)
	g.pending++
	m.orders[req.ClientID] = c
	m.market(req.Market).busy++
	m.recordOrder(now, c)
	m.act(Action{Kind: ActPlace, Purpose: why, Group: g.number, ClientID: req.ClientID, Request: &c.req})
}

// timer does what was put off. A timer that is no longer the newest of its owner is stale.
func (m *Machine) timer(now time.Time, ev *Event) {
	if ev.ClientID == "" {
		if g := m.groups[ev.Group]; g != nil && g.wait == waitPause && g.timer == ev.Timer {
			m.ask(g)
		}
		return
	}
	if c := m.orders[ev.ClientID]; c != nil && c.timer == ev.Timer && !c.settled() {
		m.lookup(now, c)
	}
}
