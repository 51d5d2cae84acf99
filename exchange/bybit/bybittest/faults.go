package bybittest

import (
	"net/http"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// words is what the venue says, over HTTP and sockets alike, for a fault. Not every fault has words of its own at this venue: it never says with
// certainty that a request failed inside, so that Failed503 reads like any other error there.
func (s *Server) words(fate sim.Fate, write bool) *refusal {
	switch fate.Fault {
	case sim.Refused:
		if write {
			return refuse(codeRevamp, "Sorry, we're revamping the Unified Margin Account! Currently, new upgrades are not supported.")
		}
		return refuse(codeServer, "Server error.")
	case sim.RateLimited:
		return visits()
	case sim.Banned:
		return refuse(codeAddress, "access too frequent")
	case sim.Overloaded503:
		return refuse(codeSystem, "System level frequency protection.")
	case sim.Unknown503:
		return refuse(codeTimeout, "Server Timeout")
	case sim.Skew:
		now := s.now()
		return untimely(now.Add(fate.For).UnixMilli(), now.UnixMilli(), defaultWindow.Milliseconds())
	}
	return refuse(codeServer, "Server error.")
}

// says answers a request that met a fault which the venue has words for.
func (s *Server) says(r route, a *ask) simwire.Answer {
	no := s.words(a.fate, r.method == http.MethodPost)
	switch a.fate.Fault {
	case sim.Banned:
		s.meter.Ban(byAddress, a.Remote, a.fate.For)
		return frequent(s.now())
	case sim.RateLimited:
		return s.said(no, s.shut(r, a))
	}
	answer := s.said(no, nil)
	switch a.fate.Fault {
	case sim.Overloaded503:
		answer.Status = http.StatusTooManyRequests
	case sim.Failed503:
		answer.Status = http.StatusServiceUnavailable
	}
	return answer
}

// shut closes a path for an account, for as long as the fault lasts.
func (s *Server) shut(r route, a *ask) []simwire.Field {
	v := s.keys[a.Header.Get(headKey)]
	if r.rate[0] == 0 || v == nil {
		return nil
	}
	rule := ruleOf(r.path, a.kind())
	s.meter.Ban(rule, string(v.key.Account), a.fate.For)
	return headers(s.now(), s.meter.Read(rule, string(v.key.Account)))
}
