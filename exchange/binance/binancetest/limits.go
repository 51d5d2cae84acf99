package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

func (l *Limits) setDefaults() {
	for field, v := range map[*int]int{
		&l.SpotWeight: 6000, &l.SpotRequests: 300_000, &l.SpotOrders10s: 100, &l.SpotOrdersDay: 200_000,
		&l.FuturesWeight: 2400, &l.FuturesOrders10s: 300, &l.FuturesOrders1m: 1200, &l.Connects: 300, &l.Offences: 10,
	} {
		if *field == 0 {
			*field = v
		}
	}
}

func (t *Timing) setDefaults() {
	for field, v := range map[*time.Duration]time.Duration{
		&t.SpotPing: 20 * time.Second, &t.SpotPong: time.Minute, &t.FuturesPing: 3 * time.Minute, &t.FuturesPong: 10 * time.Minute,
		&t.MaxAge: 24 * time.Hour, &t.ListenKey: time.Hour, &t.Notice: 10 * time.Second,
	} {
		if *field == 0 {
			*field = v
		}
	}
}

// limitConnects is of connections.
const limitConnects = "connects"

// day is spot's longest window.
const day = 24 * time.Hour

// all are the limits as they are counted: in windows that begin with the minute, the day.
func (l *Limits) all() []simwire.Limit {
	weight := func(name string, most int) simwire.Limit {
		return simwire.Limit{Name: name, Max: most, Per: time.Minute, Offences: l.Offences, Ban: 2 * time.Minute, MaxBan: 3 * day}
	}
	return []simwire.Limit{
		weight("spot weight", l.SpotWeight),
		{Name: "spot requests", Max: l.SpotRequests, Per: 5 * time.Minute},
		{Name: "spot orders 10s", Max: l.SpotOrders10s, Per: 10 * time.Second},
		{Name: "spot orders day", Max: l.SpotOrdersDay, Per: day},
		weight("futures weight", l.FuturesWeight),
		{Name: "futures orders 10s", Max: l.FuturesOrders10s, Per: 10 * time.Second},
		{Name: "futures orders 1m", Max: l.FuturesOrders1m, Per: time.Minute},
		{Name: limitConnects, Max: l.Connects, Per: 5 * time.Minute},
	}
}

// of are one market's: rows begins with the weight, then those of orders.
func (l *Limits) of(k exchange.Kind) limits {
	row := func(what string, num int, unit string, most int) limitRow {
		return limitRow{Type: what, Interval: unit, Num: num, Limit: most}
	}
	if k == exchange.Perp {
		rows := []limitRow{
			row("REQUEST_WEIGHT", 1, "MINUTE", l.FuturesWeight), row("ORDERS", 10, "SECOND", l.FuturesOrders10s),
			row("ORDERS", 1, "MINUTE", l.FuturesOrders1m),
		}
		return limits{weight: "futures weight", orders: []string{"futures orders 10s", "futures orders 1m"}, rows: rows, listed: rows}
	}
	rows := []limitRow{
		row("REQUEST_WEIGHT", 1, "MINUTE", l.SpotWeight), row("ORDERS", 10, "SECOND", l.SpotOrders10s), row("ORDERS", 1, "DAY", l.SpotOrdersDay),
	}
	listed := append(rows[:3:3], row("RAW_REQUESTS", 5, "MINUTE", l.SpotRequests))
	return limits{weight: "spot weight", raw: "spot requests", orders: []string{"spot orders 10s", "spot orders day"}, rows: rows, listed: listed}
}

// kindOfSocket says which of the venue's limits a connection has.
type kindOfSocket uint8

const (
	streamSocket kindOfSocket = iota
	apiSocket
	privateSocket
)

// socketConfig is how the venue treats a connection.
func (h *half) socketConfig(k kindOfSocket) simwire.SocketConfig {
	t := h.s.cfg.Timing
	c := simwire.SocketConfig{PingEvery: t.SpotPing, PongWait: t.SpotPong, MaxAge: t.MaxAge, Messages: 5}
	if h.kind == exchange.Perp {
		c.PingEvery, c.PongWait, c.Messages = t.FuturesPing, t.FuturesPong, 10
	}
	if k == apiSocket {
		c.Messages = 0 // its requests have weights
	}
	return c
}
