package order

import (
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// HashJournal is a Journal in memory that keeps a chained hash of its records and nothing else: two runs with one hash decided
// alike. The zero value is ready. It is not safe for concurrent use, Sync aside.
type HashJournal struct{ sum, n uint64 }

// Append takes rec into the hash (FNV-1a over all bytes so far).
func (j *HashJournal) Append(rec []byte) (uint64, error) {
	if j.n == 0 {
		j.sum = 14695981039346656037
	}
	for _, b := range rec {
		j.sum = (j.sum ^ uint64(b)) * 1099511628211
	}
	j.n++
	return j.n, nil
}

// Sync does nothing: there is nothing to survive.
func (j *HashJournal) Sync(uint64) error { return nil }

// Sum is the hash of all records so far.
func (j *HashJournal) Sum() uint64 { return j.sum }

// A record is one or more lines of text, all of one step, each: what, when (UTC, nanoseconds since 1970), whom, and then what was told
// or decided:
//
//	plan   group, strategy; then a leg line each, then what the Quoter said of each and what the gate said
//	order  client id, purpose, request: written before it is sent
//	end    client id, status, filled: of one order
//	result group, outcome, residual, reason
//	late   client id, quantity
//	funds  account, balances
func (m *Machine) line(what string, now time.Time, whom string) {
	m.rec = append(append(m.rec, what...), ' ')
	m.rec = append(strconv.AppendInt(m.rec, now.UnixNano(), 10), ' ')
	m.rec = append(m.rec, whom...)
}

func (m *Machine) text(s string) { m.rec = append(append(m.rec, ' '), s...) }

// quoted text is for words that are not ours: they may hold anything.
func (m *Machine) quotedText(s string) { m.rec = strconv.AppendQuote(append(m.rec, ' '), s) }

func (m *Machine) number(d exchange.Decimal) { m.rec, _ = d.AppendText(append(m.rec, ' ')) }

func (m *Machine) instant(t time.Time) {
	if t.IsZero() {
		m.text("-")
		return
	}
	m.rec = strconv.AppendInt(append(m.rec, ' '), t.UnixNano(), 10)
}

func (m *Machine) marketText(k exchange.Market, a exchange.AccountID) {
	m.rec = append(append(append(m.rec, ' '), k.Venue...), ':')
	m.rec = append(append(append(m.rec, k.Symbol.Base...), '-'), k.Symbol.Quote...)
	if k.Symbol.Kind == exchange.Perp {
		m.rec = append(m.rec, "-PERP"...)
	}
	if a != "" {
		m.quotedText(string(a))
	}
}

func (m *Machine) request(r *exchange.OrderRequest) {
	m.marketText(r.Market, r.Account)
	m.text(r.Side.String())
	m.text(r.Type.String())
	m.text(r.TIF.String())
	m.number(r.Price)
	m.number(r.Quantity)
	m.instant(r.Deadline)
}

func (m *Machine) newline() { m.rec = append(m.rec, '\n') }

func (m *Machine) recordPlan(now time.Time, g *group, ev *Event) {
	m.line("plan", now, g.id)
	m.quotedText(ev.Plan.Strategy)
	for i := range g.legs {
		m.rec = append(m.rec, "\nleg"...)
		m.request(&g.legs[i])
	}
	if ev.Err != nil {
		m.rec = append(m.rec, "\ngate"...)
		m.quotedText(ev.Err.Error())
	}
	m.quotes(ev.Quotes)
}

func (m *Machine) quotes(list []Quote) {
	for i := range list {
		q := &list[i]
		m.rec = append(m.rec, "\nbook"...)
		m.number(q.Bid)
		m.number(q.Ask)
		m.number(q.Within)
		m.instant(q.VenueTime)
		m.instant(q.RecvTime)
		if q.Err != nil {
			m.quotedText(q.Err.Error())
		}
	}
	m.newline()
}

func (m *Machine) recordQuotes(now time.Time, g *group, list []Quote) {
	m.line("quote", now, g.id)
	m.quotes(list)
}

func (m *Machine) recordRefusal(g *group, r *Refused) {
	m.line("refused", g.started, g.id)
	m.text(r.Reason)
	m.newline()
}

func (m *Machine) recordOrder(now time.Time, c *child) {
	m.line("order", now, c.req.ClientID)
	m.text(c.purpose.String())
	m.request(&c.req)
	m.newline()
}

func (m *Machine) recordEnd(now time.Time, c *child) {
	m.line("end", now, c.req.ClientID)
	m.rec = strconv.AppendInt(append(m.rec, ' '), int64(c.status), 10)
	m.number(c.filled)
	m.newline()
}

func (m *Machine) recordResult(now time.Time, r *Result) {
	m.line("result", now, r.Group)
	m.text(r.Outcome.String())
	m.number(r.Residual)
	if r.Reason != "" {
		m.text(r.Reason)
	}
	m.newline()
}

func (m *Machine) recordLate(now time.Time, l *Late) {
	m.line("late", now, l.ClientID)
	m.number(l.Quantity)
	m.newline()
}

func (m *Machine) recordFunds(now time.Time, ev *Event) {
	m.line("funds", now, string(ev.Account.Venue))
	m.quotedText(string(ev.Account.ID))
	for _, b := range ev.Balances {
		m.text(string(b.Asset))
		if b.Wallet != exchange.WalletUnified {
			m.text(b.Wallet.String())
		}
		m.number(b.Free)
	}
	for _, p := range ev.Positions {
		m.marketText(p.Market, "")
		m.number(p.Quantity)
		m.number(p.Cost)
	}
	m.newline()
}
