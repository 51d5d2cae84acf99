package order_test

import (
	"context"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

// BenchmarkMachine is one arbitrage's steps: the plan, and the answers to its two orders.
func BenchmarkMachine(b *testing.B) {
	m, err := order.NewMachine(order.Config{Instruments: rules()}, order.Account{Venue: "a"}, order.Account{Venue: "b"})
	if err != nil {
		b.Fatal(err)
	}
	x := plan("0.01")
	full := dec("0.01")
	var ids [2]string
	var group uint64
	b.ReportAllocs()
	for b.Loop() {
		group++
		n := 0
		for _, a := range m.Step(start, order.Event{Kind: order.EvExecute, Group: group, Plan: x}) {
			if a.Kind == order.ActPlace {
				ids[n] = a.ClientID
				n++
			}
		}
		for i, id := range ids {
			f := exchange.Fill{Market: x.Legs[i].Market, TradeID: id, VenueID: id, Side: x.Legs[i].Side, Price: x.Legs[i].Price, Quantity: full}
			m.Step(start, order.Event{Kind: order.EvPlaced, ClientID: id, Order: exchange.Order{Status: exchange.StatusFilled, Filled: full, Fills: []exchange.Fill{f}}})
		}
	}
	if !m.Idle() {
		b.Fatal("groups are open")
	}
}

// BenchmarkSimulated is a run of groups under faults, venues included.
func BenchmarkSimulated(b *testing.B) {
	b.ReportAllocs()
	groups := 0
	for i := 0; b.Loop(); i++ {
		simulate(b, uint64(i), 100)
		groups += 100
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(groups), "ns/group")
}

type instant struct {
	*sim.Exchange
	at chan time.Time
}

func (x instant) Place(_ context.Context, r exchange.OrderRequest) (exchange.Order, error) {
	x.at <- time.Now()
	return exchange.Order{OrderRequest: r, Status: exchange.StatusExpired}, nil
}

// BenchmarkHandover is from Execute to both Place calls, without journal or network.
func BenchmarkHandover(b *testing.B) {
	at := make(chan time.Time, 2)
	c, err := order.New(order.Config{}, instant{newVenue(b, "a", sim.Faults{}), at}, instant{newVenue(b, "b", sim.Faults{}), at})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	<-c.Ready()
	x := plan("0.01")
	var total time.Duration
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		began := time.Now()
		if _, err := c.Execute(ctx, x); err != nil {
			b.Fatal(err)
		}
		first, second := <-at, <-at
		if second.Before(first) {
			second = first
		}
		total += second.Sub(began)
	}
	b.ReportMetric(float64(total.Nanoseconds())/float64(n), "ns-to-both-legs")
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
