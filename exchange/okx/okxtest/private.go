package okxtest

import (
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// privateChannel is a channel about an account.
type privateChannel struct {
	tier   int
	tell   func(*follower, time.Time, *item)
	whole  func(*follower, time.Time, *sim.Engine) // at first, and again and again
	typed  bool                                    // it wants an instType
	repeat bool
}

// again is after how long account and positions are told once more, unless the client does not want that.
const again = 5 * time.Second

var privateChannels = map[string]privateChannel{
	"orders":               {tell: (*follower).order, typed: true},
	"fills":                {tell: (*follower).fill, tier: 4},
	"account":              {tell: (*follower).money, whole: (*follower).allMoney, repeat: true},
	"positions":            {tell: (*follower).position, whole: (*follower).allPositions, repeat: true, typed: true},
	"balance_and_position": {tell: (*follower).both, whole: (*follower).allBoth},
}

// follower is a subscription to a private channel.
type follower struct {
	*session
	privateChannel
	a      *account
	arg    *channelArg
	topic  string
	head   pushArg
	at     uint64 // number of the next item
	due    time.Time
	begun  bool
	silent bool // nothing is repeated
}

func (x *session) privateTopic(a *channelArg, ch privateChannel) (simwire.Topic, *refusal) {
	switch a.InstType {
	case "SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "ANY":
	default:
		if ch.typed {
			return simwire.Topic{}, no("60018", a.Channel, a.InstID)
		}
	}
	account := x.key.Load().Account
	f := &follower{session: x, privateChannel: ch, a: x.keeper.accounts[account], arg: a, topic: a.topic(), silent: strings.Contains(a.Extra, `"updateInterval":"0"`)}
	f.head = pushArg{Channel: a.Channel, InstType: a.InstType, InstFamily: a.InstFamily, InstID: a.InstID, Ccy: a.Ccy, UID: x.uid(account)}
	x.floor.Read(func(now time.Time, e *sim.Engine) { // before the answer: nothing falls between it and the first message
		x.keeper.follow(now, e)
		if x.joined[f.topic] == nil {
			x.joined[f.topic] = f.a
			f.a.feed.join(e, f.a)
		}
		f.at = f.a.feed.next()
	})
	return simwire.Topic{Name: f.topic, Look: f.look}, nil
}

func (f *follower) look(now time.Time, e *sim.Engine) time.Time {
	f.keeper.follow(now, e)
	if f.whole != nil && !f.begun {
		f.whole(f, now, e)
		f.at = f.a.feed.next()
		f.due = now.Add(again)
	}
	f.begun = true
	items, ok := f.a.feed.since(f.at)
	if !ok {
		f.socket.End(simwire.EndSlow)
		return time.Time{}
	}
	for i := range items {
		f.tell(f, now, &items[i])
	}
	f.at = f.a.feed.next()
	if !f.repeat || f.silent {
		return time.Time{}
	}
	if !now.Before(f.due) {
		f.whole(f, now, e)
		f.due = now.Add(again)
	}
	return f.due
}

// is reports whether a market is one of those that are asked about.
func (f *follower) is(instType, instID string) bool {
	m := f.byID[instID]
	return (f.arg.InstType == "" || f.arg.InstType == "ANY" || f.arg.InstType == instType) && (f.arg.InstID == "" || f.arg.InstID == instID) &&
		(f.arg.InstFamily == "" || m != nil && f.arg.InstFamily == m.family())
}

func (f *follower) order(now time.Time, i *item) {
	if w := i.order; w != nil && f.is(w.InstType, w.InstID) {
		f.send(now, f.topic, f.byID[w.InstID].Market.String(), &push{Arg: f.head, Data: []*orderRow{w}})
	}
}

// fillNote is an execution as the fast channel tells it: without its fee.
type fillNote struct {
	InstID   string `json:"instId"`
	OrdID    string `json:"ordId"`
	ClOrdID  string `json:"clOrdId"`
	TradeID  string `json:"tradeId"`
	FillPx   string `json:"fillPx"`
	FillSz   string `json:"fillSz"`
	Side     string `json:"side"`
	ExecType string `json:"execType"`
	Count    string `json:"count"`
	TS       string `json:"ts"`
}

func noteOf(w *orderRow) *fillNote {
	n := &fillNote{w.InstID, w.OrdID, "0", w.TradeID, w.FillPx, w.FillSz, w.Side, w.ExecType, "1", w.FillTime}
	if isInt64(w.ClOrdID) {
		n.ClOrdID = w.ClOrdID
	}
	return n
}

func (f *follower) fill(now time.Time, i *item) {
	if n := i.fill; n != nil && f.is(f.arg.InstType, n.InstID) {
		f.send(now, f.topic, f.byID[n.InstID].Market.String(), &push{Arg: f.head, Data: []*fillNote{n}})
	}
}

func (f *follower) money(now time.Time, i *item) {
	if i.balances != nil {
		f.account(now, "event_update", i.balances)
	}
}

func (f *follower) account(now time.Time, event string, w *accountRow) {
	if f.arg.Ccy != "" {
		one := *w
		one.Details = []balanceRow{}
		for _, d := range w.Details {
			if d.Ccy == f.arg.Ccy {
				one.Details = append(one.Details, d)
			}
		}
		if w = &one; len(one.Details) == 0 && event == "event_update" {
			return
		}
	}
	f.send(now, f.topic, "", &push{Arg: f.head, EventType: event, CurPage: 1, LastPage: true, Data: []*accountRow{w}})
}

func (f *follower) allMoney(now time.Time, e *sim.Engine) {
	f.account(now, "snapshot", f.keeper.accountRow(now, e, f.a, e.Balances(f.a.id)))
}

func (f *follower) position(now time.Time, i *item) {
	if len(i.positions) > 0 {
		f.tellPositions(now, "event_update", i.positions)
	}
}

func (f *follower) tellPositions(now time.Time, event string, all []positionRow) {
	rows := []positionRow{}
	key := ""
	for _, w := range all {
		if f.is(w.InstType, w.InstID) {
			rows, key = append(rows, w), f.byID[w.InstID].Market.String()
		}
	}
	if len(rows) > 0 || event == "snapshot" {
		f.send(now, f.topic, key, &push{Arg: f.head, EventType: event, CurPage: 1, LastPage: true, Data: rows})
	}
}

func (f *follower) allPositions(now time.Time, e *sim.Engine) {
	f.tellPositions(now, "snapshot", f.held(now, e))
}

func (f *follower) held(now time.Time, e *sim.Engine) (rows []positionRow) {
	for _, p := range e.Positions(f.a.id) {
		rows = append(rows, f.keeper.positionRow(now, e, f.a, p))
	}
	return rows
}

func (f *follower) both(now time.Time, i *item) {
	if i.both != nil {
		f.send(now, f.topic, "", &push{Arg: f.head, Data: []*bothRow{i.both}})
	}
}

func (f *follower) allBoth(now time.Time, e *sim.Engine) {
	w := newBothRow(now, "snapshot", f.a.settled(e, e.Balances(f.a.id)), f.held(now, e))
	f.send(now, f.topic, "", &push{Arg: f.head, Data: []*bothRow{w}})
}
