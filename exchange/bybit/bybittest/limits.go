package bybittest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

const (
	byAddress = "address" // HTTP requests; one more, and the address is shut out
	byConnect = "connect" // new sockets of an address
	bySocket  = "socket"  // requests over order entry sockets of an address
)

// shutOut is for how long an address is refused that asks too often.
const shutOut = 10 * time.Minute

// newMeter counts by the venue's published numbers, each times scale.
func newMeter(scale int) *simwire.Meter {
	all := []simwire.Limit{
		{Name: byAddress, Max: 600 * scale, Per: 5 * time.Second, Rolling: true, Offences: 1, Ban: shutOut},
		{Name: byConnect, Max: 500 * scale, Per: 5 * time.Minute, Rolling: true, Offences: 1, Ban: shutOut},
		{Name: bySocket, Max: 3000 * scale, Per: time.Second, Rolling: true},
	}
	for _, r := range routes() {
		if r.rate[0] == 0 {
			continue
		}
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			all = append(all, simwire.Limit{Name: ruleOf(r.path, k), Max: r.rate[k] * scale, Per: time.Second, Rolling: true})
		}
	}
	return simwire.NewMeter(all...)
}

// ruleOf names the limit of a path for a kind of market.
func ruleOf(path string, k exchange.Kind) string { return path + " " + category(k) }

// headers tell how an account stands with a path.
func headers(now time.Time, r simwire.Reading) []simwire.Field {
	reset := now
	if r.Refused {
		if reset = r.Reset; r.Banned.After(reset) {
			reset = r.Banned
		}
	}
	left := r.Max - r.Used
	if r.Refused {
		left = 0
	}
	return []simwire.Field{
		{Name: "X-Bapi-Limit", Value: strconv.Itoa(r.Max)},
		{Name: "X-Bapi-Limit-Status", Value: strconv.Itoa(max(left, 0))},
		{Name: "X-Bapi-Limit-Reset-Timestamp", Value: milli(reset.UnixMilli())},
	}
}

// visits is the refusal of one request too many.
func visits() *refusal { return refuse(codeVisits, "Too many visits! Exceeded the API Rate Limit.") }

// frequent is what an address hears that is shut out.
func frequent(now time.Time) simwire.Answer {
	e := envelope{Code: codeAddress, Message: "access too frequent", Result: object{}, Ext: object{}, Time: now.UnixMilli()}
	return simwire.JSON(http.StatusForbidden, e)
}
