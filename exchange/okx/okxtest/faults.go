package okxtest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// meet lets a request over REST meet its fate.
func (s *Server) meet(w http.ResponseWriter, r *http.Request, c *call, what sim.Call, limit string, act func() simwire.Answer) {
	c.fate = s.injector.Next(time.Now(), what)
	s.hosts.Meet(w, r, c.fate, act, func() simwire.Answer {
		switch c.fate.Fault {
		case sim.Banned:
			s.meter.Ban(limitFront, c.remote, c.fate.For)
			return forbidden()
		case sim.RateLimited:
			s.exhaust(c, r, limit)
		case sim.Refused:
			if what.Op != sim.OpRead && what.Op != sim.OpLookup {
				row := ack{ClOrdID: what.Key, TS: millis(time.Now())}
				row.refuse(no("51022"))
				return simwire.JSON(http.StatusOK, told([]ack{row}, time.Now()))
			}
		}
		return s.says(excuse(c.fate.Fault))
	})
}

// exhaust lets a fault's rate limit last.
func (s *Server) exhaust(c *call, r *http.Request, limit string) {
	if quotas[limit].scope >= byUser {
		key := s.keys[r.Header.Get(headerKey)]
		if key == nil {
			return
		}
		c.key = key
	}
	sh, orders := shapes[r.URL.Path]
	if !orders {
		s.meter.Ban(limit, s.scopeOf(c, limit), c.fate.For)
		return
	}
	if t, bad := s.task(sh, c.body, sh.many); bad == nil {
		for _, at := range t.at {
			s.meter.Ban(t.counted(), string(c.key.Account)+" "+at.InstID, c.fate.For)
		}
	}
}

// excuse is the venue's words for a fault that is an answer.
func excuse(f sim.Fault) *refusal {
	switch f {
	case sim.RateLimited:
		return no("50011")
	case sim.Unknown503:
		return no("50004")
	case sim.Failed503:
		return no("50001")
	case sim.ServerError:
		return no("50026")
	case sim.Skew:
		return no("50102")
	}
	return no("50013") // Overloaded503, Refused
}

// deadline is expTime as a time; zero where there is none.
func deadline(expires string) time.Time {
	if expires == "" {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
