package order

import (
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// Driver does what a [Machine] decides: through AsyncTraders, a Clock and the ports in its Config. It runs on one thread and is not safe
// for concurrent use: all its methods, and every callback of its ports, belong to that thread. Simulations use it directly; a
// [Coordinator] is a Driver with a goroutine of its own.
type Driver struct {
	cfg     Config
	machine *Machine
	clock   Clock
	traders map[Account]AsyncTrader
	quoter  quoter
	next    uint64 // number of the next group
	seq     uint64 // of the newest journal record
	late    uint64
	halt    error // why no new group is admitted
	waiting map[uint64]func(Result, error)
	queue   []Event
	busy    bool
}

// sender is an AsyncTrader that waits for the journal itself, off the Driver's thread. must is for orders that are sent even when the
// journal fails.
type sender interface {
	send(seq uint64, must bool, r exchange.OrderRequest, done func(exchange.Order, error))
}

// NewDriver is a Driver over traders, one an account. Mistakes in cfg, and two traders of one account, are errors.
func NewDriver(cfg Config, clock Clock, traders ...AsyncTrader) (*Driver, error) {
	d := &Driver{clock: clock, traders: map[Account]AsyncTrader{}, waiting: map[uint64]func(Result, error){}}
	accounts := make([]Account, 0, len(traders))
	for _, t := range traders {
		a := Account{t.Venue(), t.Account()}
		if d.traders[a] != nil {
			return nil, fmt.Errorf("order: two traders of account %q at %q: %w", a.ID, a.Venue, exchange.ErrInvalid)
		}
		d.traders[a] = t
		accounts = append(accounts, a)
	}
	m, err := NewMachine(cfg, accounts...)
	if err != nil {
		return nil, err
	}
	d.machine, d.cfg = m, m.cfg
	d.quoter.books = d.cfg.Books
	d.next = max(1, d.cfg.FirstGroup)
	return d, nil
}

// Execute carries out plan, which stays the caller's. done is called once: with a terminal Result, or with an
// error that wraps exchange.ErrNotSent (a *Refused, as a rule) and a Result that is Voided. It may be called before Execute returns,
// and may call Execute.
func (d *Driver) Execute(plan exchange.Plan, done func(Result, error)) {
	d.waiting[d.next] = done
	d.post(Event{Kind: EvExecute, Group: d.next, Plan: plan})
	d.next++
}

// OnEvent takes a message of a private stream. For StreamUp and StreamDown ev.Order.Market.Venue and ev.Order.Account say whose
// stream it is.
func (d *Driver) OnEvent(ev exchange.Event) {
	switch ev.Kind {
	case exchange.OrderUpdate:
		d.post(Event{Kind: EvOrder, Order: ev.Order})
	case exchange.StreamUp:
		d.post(Event{Kind: EvStream, Account: Account{ev.Order.Market.Venue, ev.Order.Account}})
	case exchange.StreamDown:
		err := ev.Err
		if err == nil {
			err = exchange.ErrDown
		}
		d.post(Event{Kind: EvStream, Account: Account{ev.Order.Market.Venue, ev.Order.Account}, Err: err})
	}
}

// SetFunds tells what an account has; fills keep it from then on. Plans are refused for lack of funds only in accounts whose funds
// were told.
func (d *Driver) SetFunds(a Account, balances []exchange.Balance, positions []exchange.Position) {
	d.post(Event{Kind: EvFunds, Account: a, Balances: balances, Positions: positions})
}

// Idle reports whether no group is open.
func (d *Driver) Idle() bool { return d.machine.Idle() && len(d.queue) == 0 }

// Late counts the fills that came after their group's end.
func (d *Driver) Late() uint64 { return d.late }

// Halted is why no new group is admitted any more, or nil: the Booker or the Journal failed.
func (d *Driver) Halted() error { return d.halt }

// post takes an event through the Machine. Ports that answer at once post while a step is being done: their events wait for its end.
func (d *Driver) post(ev Event) {
	d.queue = append(d.queue, ev)
	if d.busy {
		return
	}
	d.busy = true
	for i := 0; i < len(d.queue); i++ {
		ev, d.queue[i] = d.queue[i], Event{}
		if ev.Kind == EvExecute {
			d.consult(&ev)
		}
		for _, a := range d.machine.Step(d.clock.Now(), ev) {
			d.do(&a)
		}
	}
	d.queue, d.busy = d.queue[:0], false
}

// consult asks the Quoter and the gate on the Machine's behalf.
func (d *Driver) consult(ev *Event) {
	if d.cfg.Books != nil {
		ev.Quotes = d.quoter.quotes(ev.Plan.Legs)
	}
	if d.halt != nil {
		ev.Err = d.halt
		return
	}
	if d.cfg.Gate == nil {
		return
	}
	purpose := exchange.Reduce
	for i := range ev.Plan.Legs {
		if !ev.Plan.Legs[i].ReduceOnly {
			purpose = exchange.Open
		}
	}
	ev.Err = d.cfg.Gate.Allow(exchange.Intent{Group: groupID(d.cfg.Prefix, d.clock.Now(), ev.Group), Purpose: purpose, Legs: ev.Plan.Legs})
}

func (d *Driver) do(a *Action) {
	switch a.Kind {
	case ActJournal:
		seq, err := d.cfg.Journal.Append(a.Record)
		if err != nil {
			d.fault("journal_failed", err)
			return
		}
		d.seq = seq
	case ActPlace:
		d.place(a.Group, a.Purpose == exchange.Compensate, *a.Request)
	case ActLookup:
		id := a.ClientID
		d.trader(a.Ref.Market.Venue, a.Ref.Account).Lookup(a.Ref, func(o exchange.Order, err error) {
			d.post(Event{Kind: EvLooked, ClientID: id, Order: o, Err: err})
		})
	case ActTimer:
		ev := Event{Kind: EvTimer, Group: a.Group, ClientID: a.ClientID, Timer: a.Timer}
		d.clock.After(a.After, func() { d.post(ev) })
	case ActQuote:
		d.post(Event{Kind: EvQuoted, Group: a.Group, Quotes: d.quoter.quotes(a.Legs)})
	case ActBook:
		if d.cfg.Booker != nil {
			if err := d.cfg.Booker.Record(*a.Fill); err != nil {
				d.fault("booking_failed", err)
			}
		}
	case ActLate:
		d.onLate(a.Late)
	case ActDone:
		d.done(a)
	}
}

func (d *Driver) trader(v exchange.Venue, id exchange.AccountID) AsyncTrader {
	return d.traders[Account{v, id}]
}

// place sends one order once its record is durable. Without its record an opening order does not leave; a compensation does: exposure
// is worse than a gap in the journal, and the order's id is known to the venue.
func (d *Driver) place(group uint64, must bool, r exchange.OrderRequest) {
	done := func(o exchange.Order, err error) {
		if errors.Is(err, errJournal) {
			d.fault("journal_failed", err)
		}
		d.post(Event{Kind: EvPlaced, Group: group, ClientID: r.ClientID, Order: o, Err: err})
	}
	t := d.trader(r.Market.Venue, r.Account)
	if d.haltedByJournal() && !must {
		d.clock.After(0, func() { done(exchange.Order{}, notJournaled(d.halt)) })
		return
	}
	if s, ok := t.(sender); ok {
		s.send(d.seq, must, r, done)
		return
	}
	if err := d.cfg.Journal.Sync(d.seq); err != nil {
		d.fault("journal_failed", err)
		if !must {
			d.clock.After(0, func() { done(exchange.Order{}, notJournaled(err)) })
			return
		}
	}
	t.Place(r, done)
}

var errJournal = errors.New("order: journal failed")

func notJournaled(err error) error {
	return &exchange.Error{Op: "place", Outcome: exchange.ErrNotSent, Class: exchange.ErrUnavailable, Err: fmt.Errorf("%w: %w", errJournal, err)}
}

func (d *Driver) haltedByJournal() bool {
	var r *Refused
	return errors.As(d.halt, &r) && r.Reason == "journal_failed"
}

// fault stops the admission of new groups, for good.
func (d *Driver) fault(reason string, err error) {
	if d.halt == nil || reason == "journal_failed" && !d.haltedByJournal() {
		d.halt = &Refused{Reason: reason, Class: exchange.ErrUnavailable, Err: err}
	}
	d.cfg.Log.Error("order: no new groups", "reason", reason, "error", err)
	if d.cfg.Hooks.Fault != nil {
		d.cfg.Hooks.Fault(err)
	}
}

func (d *Driver) onLate(l *Late) {
	d.late++
	d.cfg.Log.Error("order: fill after the group's end", "group", l.Group, "order", l.ClientID, "market", l.Market.String(), "side", l.Side.String(),
		"quantity", l.Quantity.String())
	if d.cfg.Hooks.Late != nil {
		d.cfg.Hooks.Late(*l)
	}
}

func (d *Driver) done(a *Action) {
	r := *a.Result
	if r.Outcome == Exposed {
		d.cfg.Log.Error("order: exposed", "group", r.Group, "residual", r.Residual.String(), "asset", string(r.Base), "reason", r.Reason, "orders", r.Orders)
	}
	if a.Err == nil && d.cfg.Hooks.Ended != nil {
		d.cfg.Hooks.Ended(r)
	}
	if f := d.waiting[a.Group]; f != nil {
		delete(d.waiting, a.Group)
		f(r, a.Err)
	}
}
