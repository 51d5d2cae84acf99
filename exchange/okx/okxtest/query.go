package okxtest

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// page is which part of a list is wanted: rows older than after, newer than before, made between begin and end.
type page struct {
	after, before uint64
	begin, end    int64
	limit         int
}

const pageMax = 100

func pageOf(q url.Values) (page, *refusal) {
	p := page{limit: pageMax}
	for _, x := range []struct {
		name string
		id   *uint64
		ms   *int64
	}{{"after", &p.after, nil}, {"before", &p.before, nil}, {"begin", nil, &p.begin}, {"end", nil, &p.end}} {
		v := q.Get(x.name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return p, no("51000", x.name)
		}
		if x.id != nil {
			*x.id = uint64(n)
		} else {
			*x.ms = n
		}
	}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return p, no("51000", "limit")
		}
		p.limit = min(n, pageMax)
	}
	return p, nil
}

// has reports whether a row of this number and time lies in the page, its limit aside.
func (p *page) has(id uint64, at time.Time) bool {
	ms := at.UnixMilli()
	return (p.after == 0 || id < p.after) && id > p.before && ms >= p.begin && (p.end == 0 || ms <= p.end)
}

// filter is which orders or executions a list is about.
type filter struct {
	instType, instID, family, ordType, state, ordID string
}

func filterOf(q url.Values) filter {
	return filter{q.Get("instType"), q.Get("instId"), q.Get("instFamily"), q.Get("ordType"), q.Get("state"), q.Get("ordId")}
}

func (f *filter) has(r *record) bool {
	for _, x := range [...]struct{ want, is string }{
		{f.instType, r.instType()}, {f.instID, r.m.instID}, {f.family, r.m.family()}, {f.ordType, r.arg.OrdType}, {f.state, r.state()}, {f.ordID, r.VenueID},
	} {
		if x.want != "" && x.want != x.is {
			return false
		}
	}
	return true
}

// recall runs f with what the venue keeps of the account.
func (s *Server) recall(c *call, f func(now time.Time, a *account)) {
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		s.keeper.follow(now, e)
		f(now, s.keeper.accounts[c.key.Account])
	})
}

// order answers what became of one order.
func (s *Server) order(c *call) (any, *refusal) {
	q := c.query
	if q.Get("ordId") == "" && q.Get("clOrdId") == "" {
		return nil, no("51003")
	}
	m := s.byID[q.Get("instId")]
	if m == nil {
		return nil, no("51001")
	}
	var rows []*orderRow
	s.recall(c, func(now time.Time, a *account) {
		if r := a.find(m, word(q.Get("ordId")), word(q.Get("clOrdId"))); r != nil && r.visible(now) {
			rows = []*orderRow{r.row()}
		}
	})
	if rows == nil {
		return nil, no("51603")
	}
	return rows, nil
}

// forgetful is after how long the venue does not know orders any more that were canceled without a fill.
const forgetful = 2 * time.Hour

func (r *record) visible(now time.Time) bool {
	return !r.ended() || !r.Filled.IsZero() || now.Sub(r.updated) < forgetful
}

// pending lists the orders that work, newest first.
func (s *Server) pending(c *call) (any, *refusal) {
	return s.orders(c, func(r *record, _ time.Time) bool { return !r.ended() })
}

// history lists orders that have ended, newest first: of seven days, or of three months.
func (s *Server) history(span time.Duration) func(c *call) (any, *refusal) {
	return func(c *call) (any, *refusal) {
		if c.query.Get("instType") == "" {
			return nil, no("50014", "instType")
		}
		return s.orders(c, func(r *record, now time.Time) bool {
			return r.ended() && now.Sub(r.created) < span && r.visible(now)
		})
	}
}

func (s *Server) orders(c *call, wanted func(*record, time.Time) bool) (any, *refusal) {
	p, bad := pageOf(c.query)
	if bad != nil {
		return nil, bad
	}
	f := filterOf(c.query)
	rows := []*orderRow{}
	s.recall(c, func(now time.Time, a *account) {
		for _, r := range slices.Backward(a.orders) {
			if len(rows) == p.limit {
				return
			}
			if wanted(r, now) && f.has(r) && p.has(r.number, r.created) {
				rows = append(rows, r.row())
			}
		}
	})
	return rows, nil
}

// fills lists executions, newest first: of three days, or of three months.
func (s *Server) fills(span time.Duration, typed bool) func(c *call) (any, *refusal) {
	return func(c *call) (any, *refusal) {
		p, bad := pageOf(c.query)
		f := filterOf(c.query)
		f.ordType, f.state = "", ""
		switch {
		case bad != nil:
			return nil, bad
		case typed && f.instType == "":
			return nil, no("50014", "instType")
		}
		rows := []fillRow{}
		s.recall(c, func(now time.Time, a *account) {
			for _, x := range slices.Backward(a.fills) {
				if len(rows) == p.limit {
					return
				}
				if f.has(x.r) && p.has(x.bill, x.Time) && now.Sub(x.Time) < span {
					rows = append(rows, x.row())
				}
			}
		})
		return rows, nil
	}
}

const (
	day     = 24 * time.Hour
	quarter = 90 * day
)

type deadManArg struct {
	TimeOut word `json:"timeOut"`
	Tag     word `json:"tag"`
}

// deadMan cancels everything of the account, or what has the tag, unless it is called again in time.
func (s *Server) deadMan(c *call) (any, *refusal) {
	var arg deadManArg
	if bad := c.read(&arg); bad != nil {
		return nil, bad
	}
	n, err := strconv.Atoi(string(arg.TimeOut))
	if err != nil || n != 0 && (n < 10 || n > 120) {
		return nil, no("51000", "timeOut")
	}
	if !alphanumeric(string(arg.Tag), maxTag) {
		return nil, no("51000", "tag")
	}
	at := "0"
	if n > 0 {
		at = millis(time.Now().Add(time.Duration(n) * time.Second))
	}
	if !s.timers.set(c.key.Account, string(arg.Tag), time.Duration(n)*time.Second) {
		return nil, no("50025", "tag", maxTags)
	}
	return []map[string]string{{"triggerTime": at, "tag": string(arg.Tag), "ts": millis(time.Now())}}, nil
}

// sweep cancels what the dead man's switch is about: orders with its tag, or all.
func (s *Server) sweep(id exchange.AccountID, tag string) {
	s.floor.Do(func(now time.Time, e *sim.Engine) {
		a := s.keeper.accounts[id]
		s.keeper.follow(now, e)
		for _, r := range slices.Clone(a.orders) {
			if r.ended() || tag != "" && r.arg.Tag != tag {
				continue
			}
			if _, err := e.End(now, r.engineRef(), exchange.StatusCanceled, reasonDeadMan); err != nil {
				s.log.Warn("okxtest: cancel all after", "err", err)
			}
		}
		s.keeper.follow(now, e)
	})
}
