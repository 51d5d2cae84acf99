package bybittest

import (
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// private handles a message on a socket of an account.
func (c *client) private(m *command) {
	switch m.Op {
	case "ping":
		r := object{"op": "pong", "args": []string{milli(c.s.now().UnixMilli())}, "conn_id": c.id}
		if m.ReqID != nil {
			r["req_id"] = *m.ReqID
		}
		c.say(r)
	case "auth":
		c.auth(m, func(no *refusal) []byte { return c.acknowledge(m, no) })
	case "subscribe", "unsubscribe":
		c.change(m, linearArgs, privateTopic, func() *refusal {
			if c.key == nil {
				return refuse(codeLogin, "Request not authorized")
			}
			if names, _ := m.texts(); mixed(names) {
				return refuse(codeParams, "error:all-in-one and categorised topics cannot share a request")
			}
			return nil
		})
	default:
		c.socket.Send(c.acknowledge(m, refuse(codeOp, "error:op type is not found")))
	}
}

// mixed reports names that are all-in-one and categorised; some topics have one form only.
func mixed(names []string) bool {
	var whole, part bool
	for _, n := range names {
		base, form := parts(n)
		if base == "wallet" || base == "dcp" {
			continue
		}
		whole, part = whole || form == "", part || form != ""
	}
	return whole && part
}

// parts takes "order.spot" apart; execution.fast is a topic of its own.
func parts(name string) (base, form string) {
	if rest, ok := strings.CutPrefix(name, "execution.fast"); ok {
		return "execution.fast", strings.TrimPrefix(rest, ".")
	}
	base, form, _ = strings.Cut(name, ".")
	return base, form
}

// follower is one private topic of one socket.
type follower struct {
	c    *client
	name string
	form string // "spot", "linear"; "": both
	cur  *simwire.Cursor
	hold *simwire.Holdings
}

func privateTopic(c *client, e *sim.Engine, name string) *simwire.Topic {
	base, form := parts(name)
	if form != "" && form != "spot" && form != "linear" && base != "dcp" {
		return nil
	}
	account := c.key.key.Account
	f := &follower{c: c, name: name, form: form, cur: simwire.NewCursor(e, account), hold: simwire.NewHoldings(e, account)}
	t := &simwire.Topic{Name: name}
	switch base {
	case "order":
		t.Look = f.orders
	case "execution":
		t.Look = func(now time.Time, e *sim.Engine) time.Time { return f.executions(now, e, false) }
	case "execution.fast":
		t.Look = func(now time.Time, e *sim.Engine) time.Time { return f.executions(now, e, true) }
	case "position":
		t.Look = f.positions
	case "wallet":
		t.Look = f.wallet
	case "dcp":
		if form != "future" && form != "spot" {
			return nil
		}
		t.Look = func(time.Time, *sim.Engine) time.Time { return time.Time{} }
	default:
		return nil
	}
	return t
}

// news are the events about orders since the last look.
func (f *follower) news(e *sim.Engine) []exchange.Event {
	list, ok := f.cur.Next(e)
	if !ok {
		f.c.socket.End(simwire.EndSlow)
	}
	return slices.DeleteFunc(list, func(ev exchange.Event) bool {
		return ev.Kind != exchange.OrderUpdate || f.form != "" && f.form != category(ev.Order.Market.Symbol.Kind)
	})
}

// push sends rows about a market; "": about the account.
func (f *follower) push(now time.Time, key string, rows any) {
	fate := f.c.s.injector.Next(now, sim.Call{Op: sim.OpOrders, Key: key})
	text := simwire.Encode(object{"id": f.c.s.id("m"), "topic": f.name, "creationTime": now.UnixMilli(), "data": rows})
	f.c.socket.Push(f.name, text, fate)
}

// at is an order as an event has it, with the fills until then.
func (f *follower) at(e *sim.Engine, o exchange.Order) *known {
	s := f.c.s
	if whole, err := e.Lookup(o.Ref()); err == nil {
		sum, n := exchange.Decimal{}, 0
		for n < len(whole.Fills) && sum.Cmp(o.Filled) < 0 {
			sum = sum.Add(whole.Fills[n].Quantity)
			n++
		}
		o.Fills = whole.Fills[:n]
	}
	return s.tell(e, s.bySymbol[o.Market.Symbol], o)
}

func (f *follower) orders(now time.Time, e *sim.Engine) time.Time {
	for _, ev := range f.news(e) {
		f.push(now, ev.Order.Market.String(), []orderRow{f.at(e, ev.Order).pushed()})
	}
	return time.Time{}
}

func (f *follower) executions(now time.Time, e *sim.Engine, fast bool) time.Time {
	s := f.c.s
	s.tally.catchUp(e)
	for _, ev := range f.news(e) {
		if len(ev.Order.Fills) == 0 {
			continue
		}
		o := f.at(e, ev.Order)
		var rows []executionRow
		var quick []fastRow
		for _, x := range ev.Order.Fills {
			r := o.executed(x, s.tally.closed(x))
			r.Category = category(o.kind())
			rows, quick = append(rows, r), append(quick, r.fast())
		}
		if fast {
			f.push(now, o.Market.String(), quick)
		} else {
			f.push(now, o.Market.String(), rows)
		}
	}
	return time.Time{}
}

// positions tells those of markets with news of an order, and those that changed.
func (f *follower) positions(now time.Time, e *sim.Engine) time.Time {
	var markets []exchange.Market
	add := func(m exchange.Market) {
		if m.Symbol.Kind == exchange.Perp && !slices.Contains(markets, m) {
			markets = append(markets, m)
		}
	}
	for _, ev := range f.news(e) {
		add(ev.Order.Market)
	}
	_, moved := f.hold.Changes(e)
	for _, p := range moved {
		add(p.Market)
	}
	for _, m := range markets {
		r := f.c.s.positionOf(e, f.c.key.key.Account, f.c.s.bySymbol[m.Symbol])
		r.Category, r.EntryPrice, r.AvgPrice = "linear", r.AvgPrice, ""
		f.push(now, m.String(), []positionRow{r})
	}
	return time.Time{}
}

// wallet tells the coins that changed.
func (f *follower) wallet(now time.Time, e *sim.Engine) time.Time {
	changed, _ := f.hold.Changes(e)
	if len(changed) == 0 {
		return time.Time{}
	}
	var coins []string
	for _, b := range changed {
		coins = append(coins, string(b.Asset))
	}
	slices.Sort(coins)
	row := f.c.s.walletOf(e, f.c.key.key.Account, coins)
	for _, b := range changed {
		if !slices.ContainsFunc(row.Coins, func(r coinRow) bool { return r.Coin == string(b.Asset) }) { // all gone
			row.Coins = append(row.Coins, purse{balance: b}.row())
		}
	}
	f.push(now, "wallet", []walletRow{row})
	return time.Time{}
}
