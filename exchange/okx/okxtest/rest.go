package okxtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// call is one request, over either way.
type call struct {
	key     *Key // nil of public ones
	query   url.Values
	body    []byte
	expires string // expTime
	remote  string
	socket  bool
	fate    sim.Fate
}

// read decodes the body.
func (c *call) read(v any) *refusal {
	if len(c.body) == 0 {
		return no("50000")
	}
	if json.Unmarshal(c.body, v) != nil {
		return no("50002")
	}
	return nil
}

// rawJSON is JSON that has been written already.
type rawJSON = json.RawMessage

// route is one path of the REST API, those of orders left out: they are in shapes.
type route struct {
	method string
	op     sim.Op
	limit  string
	public bool
	answer func(*call) (any, *refusal)
}

func (s *Server) routesOf() map[string]route {
	get, post := http.MethodGet, http.MethodPost
	return map[string]route{
		"/api/v5/public/time":              {get, sim.OpRead, "time", true, s.time},
		"/api/v5/public/instruments":       {get, sim.OpRead, "instruments", true, s.instruments},
		"/api/v5/public/mark-price":        {get, sim.OpRead, "mark price", true, s.markPrice},
		"/api/v5/market/books":             {get, sim.OpRead, "books", true, s.books(400)},
		"/api/v5/market/books-full":        {get, sim.OpRead, "books full", true, s.books(5000)},
		"/api/v5/market/ticker":            {get, sim.OpRead, "ticker", true, s.ticker},
		"/api/v5/market/tickers":           {get, sim.OpRead, "tickers", true, s.tickers},
		"/api/v5/account/config":           {get, sim.OpRead, "config", false, s.config},
		"/api/v5/account/balance":          {get, sim.OpRead, "balance", false, s.balance},
		"/api/v5/account/positions":        {get, sim.OpRead, "positions", false, s.positions},
		"/api/v5/account/trade-fee":        {get, sim.OpRead, "fee", false, s.fee},
		"/api/v5/account/instruments":      {get, sim.OpRead, "my instruments", false, s.instruments},
		"/api/v5/account/leverage-info":    {get, sim.OpRead, "leverage", false, s.leverage},
		"/api/v5/account/set-leverage":     {post, sim.OpRead, "leverage", false, s.leverage},
		"/api/v5/trade/account-rate-limit": {get, sim.OpRead, "account rate", false, s.accountRate},
		"/api/v5/trade/order":              {get, sim.OpLookup, "order", false, s.order},
		"/api/v5/trade/orders-pending":     {get, sim.OpRead, "pending", false, s.pending},
		"/api/v5/trade/orders-history":     {get, sim.OpRead, "history", false, s.history(7 * day)},

		"/api/v5/trade/orders-history-archive": {get, sim.OpRead, "archive", false, s.history(quarter)},
		"/api/v5/trade/fills":                  {get, sim.OpRead, "fills", false, s.fills(3*day, false)},
		"/api/v5/trade/fills-history":          {get, sim.OpRead, "old fills", false, s.fills(quarter, true)},
		"/api/v5/trade/cancel-all-after":       {post, sim.OpCancelAll, "dead man", false, s.deadMan},
	}
}

// serveREST is the REST host.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	q, err := simwire.ReadRequest(r)
	if err != nil {
		s.says(no("50002")).Write(w)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.says(no("51000", "query")).Write(w)
		return
	}
	c := &call{query: query, body: q.Body, expires: r.Header.Get(headerExpires), remote: q.Remote}
	sh, orders := shapes[q.Path]
	ro, known := s.routes[q.Path]
	switch {
	case orders && q.Method == http.MethodPost:
		s.serveOrders(w, r, c, sh, began)
	case known && q.Method == ro.method:
		key := q.Path[strings.LastIndexByte(q.Path, '/')+1:]
		if ro.op == sim.OpLookup {
			key = nameOf(query.Get("clOrdId"), query.Get("ordId"))
		}
		s.meet(w, r, c, sim.Call{Op: ro.op, Key: key}, ro.limit, func() simwire.Answer {
			return s.guarded(c, r, ro.public, func() simwire.Answer { return s.answerRoute(c, &ro) })
		})
	case known || orders:
		s.says(no("50115")).Write(w)
	default:
		simwire.JSON(http.StatusNotFound, envelope{Code: "404", Message: "Not Found", Data: none}).Write(w)
	}
}

// nameOf is what faults know an order by.
func nameOf(clOrdID, ordID string) string {
	if clOrdID == "" && ordID != "" {
		return "#" + ordID
	}
	return clOrdID
}

// guarded answers c where its signature is good.
func (s *Server) guarded(c *call, r *http.Request, public bool, answer func() simwire.Answer) simwire.Answer {
	if s.meter.Read(limitFront, c.remote).Refused {
		return forbidden()
	}
	if !public {
		var bad *refusal
		if c.key, bad = s.authenticate(time.Now(), r, c.body); bad != nil {
			return s.says(bad)
		}
	}
	return answer()
}

func (s *Server) answerRoute(c *call, ro *route) simwire.Answer {
	if ro.method == http.MethodPost && c.key.ReadOnly {
		return s.says(no("50120"))
	}
	if !s.spend(ro.limit, s.scopeOf(c, ro.limit), 1) {
		return s.says(no("50011"))
	}
	data, bad := ro.answer(c)
	if bad != nil {
		return s.says(bad)
	}
	return simwire.JSON(http.StatusOK, envelope{Code: "0", Data: data})
}

// scopeOf is what a route's limit is counted by.
func (s *Server) scopeOf(c *call, limit string) string {
	switch quotas[limit].scope {
	case byAddressType:
		return c.remote + " " + c.query.Get("instType")
	case byUser:
		return string(c.key.Account)
	case byUserMarket:
		return string(c.key.Account) + " " + c.query.Get("instId")
	case byUserTag:
		var arg deadManArg
		_ = c.read(&arg) // what cannot be read has no tag
		return string(c.key.Account) + " " + string(arg.Tag)
	}
	return c.remote
}

// serveOrders is a request about orders.
func (s *Server) serveOrders(w http.ResponseWriter, r *http.Request, c *call, sh shape, began time.Time) {
	t, bad := s.task(sh, c.body, sh.many)
	s.meet(w, r, c, sim.Call{Op: sh.op, Key: t.key(), Deadline: deadline(c.expires)}, sh.limit, func() simwire.Answer {
		return s.guarded(c, r, false, func() simwire.Answer {
			if bad != nil {
				return s.says(bad)
			}
			rows, bad := s.run(c, t)
			if bad != nil {
				return s.says(bad)
			}
			return simwire.JSON(http.StatusOK, told(rows, began))
		})
	})
}

// told is the answer with rows.
func told(rows []ack, began time.Time) envelope {
	code := verdict(rows)
	return envelope{Code: code, Message: answers[code].words, Data: rows, InTime: micros(began), OutTime: micros(time.Now())}
}

// says is the answer to a request that is refused as a whole.
func (s *Server) says(r *refusal) simwire.Answer {
	return simwire.JSON(r.status(), envelope{Code: r.code, Message: r.message, Data: none})
}

// forbidden is what the venue's front says to an address that it shuts out.
func forbidden() simwire.Answer {
	return simwire.Answer{Status: http.StatusForbidden, Type: "text/html", Body: []byte("<html><head><title>Access denied</title></head></html>\n")}
}
