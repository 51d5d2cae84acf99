package binancetest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// ServeHTTP is the REST API of one market.
func (h *half) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := simwire.ReadRequest(r)
	if err != nil {
		h.write(refuse(-1100, "Illegal characters found in a parameter.")).Write(w)
		return
	}
	o := h.routes[q.Method+" "+q.Path]
	if o == nil {
		simwire.Answer{Status: http.StatusNotFound, Type: "text/html", Body: []byte("<html><body><h2>404 Not found</h2></body></html>")}.Write(w)
		return
	}
	body := string(q.Body)
	if strings.HasPrefix(strings.TrimLeft(body, " "), "{") {
		body = "" // nothing of it is read
	}
	c := &call{h: h, op: o, remote: q.Remote}
	var bad *refusal
	if c.signed, bad = form(q.RawQuery, body); bad == nil {
		if name := q.Header.Get("X-Mbx-Apikey"); name != "" {
			_ = c.params.add("apiKey", name) // where it is a parameter, too, that one counts
		}
	}
	c.meet()
	h.s.calls.Add(simwire.Call{
		At: time.Now(), Host: h.name + "rest", Method: q.Method, Path: q.Path, Query: q.RawQuery, Body: body, Op: o.kind, Key: c.subject(), Fault: c.fate.Fault,
	})
	act := func() simwire.Answer {
		if bad != nil {
			return h.write(bad)
		}
		one := *c // a request that arrives twice is two
		return one.answer(one.run())
	}
	h.s.hosts.Meet(w, r, c.fate, act, func() simwire.Answer { return c.answer(c.says()) })
}

// answer is a result with the headers that tell what was used of the limits.
func (c *call) answer(res result) simwire.Answer {
	var a simwire.Answer
	if res.refused != nil {
		a = c.h.write(res.refused)
	} else {
		a = simwire.JSON(http.StatusOK, res.value)
	}
	for _, row := range c.usage() {
		n := strconv.Itoa(*row.Count)
		interval := strconv.Itoa(row.Num) + row.Interval[:1]
		if row.Type == "ORDERS" {
			a.Headers = append(a.Headers, simwire.Field{Name: "X-Mbx-Order-Count-" + interval, Value: n})
			continue
		}
		a.Headers = append(a.Headers, simwire.Field{Name: "X-Mbx-Used-Weight-" + interval, Value: n})
		if c.h.kind == exchange.Spot {
			a.Headers = append(a.Headers, simwire.Field{Name: "X-Mbx-Used-Weight", Value: n})
		}
	}
	return a
}

// write is a refusal as REST tells it.
func (h *half) write(r *refusal) simwire.Answer {
	if r.code == 0 {
		return simwire.Answer{Status: r.status, Type: "text/plain", Body: []byte(r.msg)}
	}
	a := simwire.JSON(r.status, r.body())
	if r.retry > 0 {
		a.Headers = append(a.Headers, simwire.Field{Name: "Retry-After", Value: strconv.Itoa(int((r.retry + time.Second - 1) / time.Second))})
	}
	return a
}
