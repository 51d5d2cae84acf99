package binance

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Limits paces all requests of one address: the venue counts weight by address, and orders by account. Exchanges that share the address
// (several accounts, say) share the Limits. It starts from the published numbers, and follows what the venue tells: the limits of exchangeInfo,
// the counts in headers and in answers of the WebSocket API. It is safe for concurrent use.
type Limits struct {
	rest     *rest.Limits
	connects *rate.Limiter // 300 in 5 minutes; a bucket of burst b and rate r lets b + r*window pass
}

// NewLimits starts from the venue's published numbers.
func NewLimits() *Limits {
	return &Limits{rest: rest.NewLimits(rules()), connects: rate.NewLimiter(0.8, 20)}
}

// dimensions of one market.
type dimensions struct {
	weight string
	raw    string // requests, whatever they weigh; "": not counted
	orders [2]string
}

// dimensionsOf names the rules of a market. The names say what the venue calls the window.
func dimensionsOf(k exchange.Kind) dimensions {
	if k == exchange.Perp {
		return dimensions{weight: "perp weight 1M", orders: [2]string{"perp orders 10S", "perp orders 1M"}}
	}
	return dimensions{weight: "spot weight 1M", raw: "spot requests 5M", orders: [2]string{"spot orders 10S", "spot orders 1D"}}
}

func rules() map[string]rest.Rule {
	return map[string]rest.Rule{
		"spot weight 1M":   {Limit: 6000, Window: time.Minute},
		"spot requests 5M": {Limit: 300_000, Window: 5 * time.Minute},
		"spot orders 10S":  {Limit: 50, Window: 10 * time.Second}, // some accounts have 100: exchangeInfo tells
		"spot orders 1D":   {Limit: 160_000, Window: 24 * time.Hour},
		"perp weight 1M":   {Limit: 2400, Window: time.Minute},
		"perp orders 10S":  {Limit: 300, Window: 10 * time.Second},
		"perp orders 1M":   {Limit: 1200, Window: time.Minute},
	}
}

// costs are what a request adds: weight of the address, orders of the account.
func costs(k exchange.Kind, account exchange.AccountID, weight, orders int) []rest.Cost {
	return appendCosts(make([]rest.Cost, 0, 4), k, account, weight, orders)
}

func appendCosts(list []rest.Cost, k exchange.Kind, account exchange.AccountID, weight, orders int) []rest.Cost {
	d := dimensionsOf(k)
	if weight > 0 {
		list = append(list, rest.Cost{Name: d.weight, N: weight})
	}
	if d.raw != "" {
		list = append(list, rest.Cost{Name: d.raw, N: 1})
	}
	if orders > 0 {
		for _, name := range d.orders {
			list = append(list, rest.Cost{Name: name, Scope: string(account), N: orders})
		}
	}
	return list
}

// observe takes the venue's counts from an answer's header.
func (l *Limits) observe(k exchange.Kind, account exchange.AccountID, h http.Header) {
	for name, values := range h {
		if len(values) == 0 || !strings.HasPrefix(name, "X-Mbx-") {
			continue
		}
		n, err := strconv.Atoi(values[0])
		if err != nil || n < 0 {
			continue
		}
		if interval, ok := strings.CutPrefix(name, "X-Mbx-Used-Weight-"); ok {
			l.rest.Observe(k.String()+" weight "+strings.ToUpper(interval), "", n)
		} else if interval, ok := strings.CutPrefix(name, "X-Mbx-Order-Count-"); ok {
			l.rest.Observe(k.String()+" orders "+strings.ToUpper(interval), string(account), n)
		}
	}
}

// told takes rows of limits: what they allow, and what is used of it where they say so.
func (l *Limits) told(k exchange.Kind, account exchange.AccountID, rows []rateLimit) {
	for _, r := range rows {
		name, scope := r.rule(k), ""
		if r.Type == "ORDERS" {
			scope = string(account)
		}
		if l.rest.Rule(name, scope).Window == 0 {
			continue // a dimension of tomorrow
		}
		if r.Type == "ORDERS" {
			l.rest.SetScopeLimit(name, scope, r.Limit)
		} else {
			l.rest.SetLimit(name, r.Limit)
		}
		if r.Count != nil && *r.Count >= 0 {
			l.rest.Observe(name, scope, *r.Count)
		}
	}
}

// tooManyOrders closes the account's orders for d, or for a window: other requests go on.
func (l *Limits) tooManyOrders(k exchange.Kind, account exchange.AccountID, d time.Duration) time.Duration {
	name := dimensionsOf(k).orders[0]
	if d <= 0 {
		d = l.rest.Rule(name, string(account)).Window
	}
	l.rest.Block(name, string(account), time.Now().Add(d))
	return d
}

// depthLimit is the smallest number of levels that the venue gives and that is not below depth, and what asking for it weighs.
func depthLimit(k exchange.Kind, depth int) (limit, weight int) {
	table := [][2]int{{100, 5}, {500, 25}, {1000, 50}, {5000, 250}} // spot takes any number
	if k == exchange.Perp {
		table = [][2]int{{5, 2}, {10, 2}, {20, 2}, {50, 2}, {100, 5}, {500, 10}, {1000, 20}}
	}
	for _, row := range table {
		if depth <= row[0] {
			return row[0], row[1]
		}
	}
	last := table[len(table)-1]
	return last[0], last[1]
}

// rateLimit is one row of the venue's limits: of exchangeInfo, and of answers of the WebSocket API, which have the count too.
type rateLimit struct {
	Type     string `json:"rateLimitType"` // REQUEST_WEIGHT, ORDERS, RAW_REQUESTS
	Interval string `json:"interval"`      // SECOND, MINUTE, DAY
	Num      int    `json:"intervalNum"`
	Limit    int    `json:"limit"`
	Count    *int   `json:"count"`
}

// rule is the name of the row's dimension.
func (r rateLimit) rule(k exchange.Kind) string {
	what, unit := map[string]string{"REQUEST_WEIGHT": "weight", "ORDERS": "orders", "RAW_REQUESTS": "requests"}[r.Type], ""
	if r.Interval != "" {
		unit = r.Interval[:1]
	}
	return k.String() + " " + what + " " + strconv.Itoa(r.Num) + unit
}
