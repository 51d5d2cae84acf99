package okxtest

import (
	"time"

	"github.com/bothlegs/bothlegs/internal/simwire"
)

// scope is what a limit is counted by.
type scope uint8

const (
	byAddress scope = iota
	byAddressType
	byUser
	byUserMarket
	byUserTag
)

// Limits that are no route's.
const (
	limitOrders   = "orders"   // new and amended orders of swaps, by account
	limitConnects = "connects" // WebSocket connections, by address
	limitFront    = "front"    // what shuts an address out
)

const window = 2 * time.Second

// What is open at once, at most.
const (
	maxPending    = 500  // orders of an account on one market
	maxPendingAll = 4000 // orders of an account
	maxBatch      = 20
	maxTags       = 20 // tags of an account with a dead man's switch
	maxTag        = 16 // characters of a tag
)

// quotas are the routes' limits in their window (docs-v5, 2026-08).
var quotas = map[string]struct {
	scope scope
	max   int
	per   time.Duration
}{
	"time":           {byAddress, 10, window},
	"instruments":    {byAddressType, 20, window},
	"books":          {byAddress, 40, window},
	"books full":     {byAddress, 10, window},
	"ticker":         {byAddress, 20, window},
	"tickers":        {byAddress, 20, window},
	"mark price":     {byAddress, 10, window},
	"price limit":    {byAddress, 20, window},
	"config":         {byUser, 5, window},
	"balance":        {byUser, 10, window},
	"positions":      {byUser, 10, window},
	"fee":            {byUser, 5, window},
	"my instruments": {byUser, 20, window},
	"leverage":       {byUser, 20, window},
	"account rate":   {byUser, 1, time.Second},
	"place":          {byUserMarket, 60, window},
	"place many":     {byUserMarket, 300, window},
	"cancel":         {byUserMarket, 60, window},
	"cancel many":    {byUserMarket, 300, window},
	"amend":          {byUserMarket, 60, window},
	"amend many":     {byUserMarket, 300, window},
	"order":          {byUserMarket, 60, window},
	"pending":        {byUser, 60, window},
	"history":        {byUser, 40, window},
	"archive":        {byUser, 20, window},
	"fills":          {byUser, 60, window},
	"old fills":      {byUser, 10, window},
	"dead man":       {byUserTag, 1, time.Second},
}

func newMeter(cfg *Config) *simwire.Meter {
	limits := []simwire.Limit{
		{Name: limitOrders, Max: cfg.OrderRate, Per: window}, {Name: limitConnects, Max: cfg.Connects, Per: time.Second}, {Name: limitFront, Per: time.Minute},
	}
	for _, name := range sortedKeys(quotas) {
		limits = append(limits, simwire.Limit{Name: name, Max: quotas[name].max, Per: quotas[name].per})
	}
	if cfg.Unlimited {
		for i := range limits {
			limits[i].Max = 0
		}
	}
	return simwire.NewMeter(limits...)
}

// spend uses n of a limit; false: there is not so much left.
func (s *Server) spend(limit, of string, n int) bool {
	return n == 0 || !s.meter.Spend(limit, of, n).Refused
}
