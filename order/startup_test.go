package order_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/order"
)

type broken struct {
	*sim.Exchange
	stream, balances error
}

func (b broken) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	if b.stream != nil {
		return b.stream
	}
	return b.Exchange.StreamOrders(ctx, emit)
}

func (b broken) Balances(ctx context.Context) ([]exchange.Balance, error) {
	if b.balances != nil {
		return nil, b.balances
	}
	return b.Exchange.Balances(ctx)
}

// What keeps Run from starting is its error, and whoever waits learns that it is closed.
func TestRunFails(t *testing.T) {
	boom := errors.New("no permission")
	for _, c := range []struct {
		name  string
		venue broken
		err   error
	}{
		{"stream", broken{stream: boom}, boom},
		{"balances", broken{balances: boom}, boom},
		{"balances are not supported", broken{balances: exchange.ErrUnsupported}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.venue.Exchange = newVenue(t, "b", sim.Faults{})
				x, err := order.New(order.Config{}, newVenue(t, "a", sim.Faults{}), c.venue)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- x.Run(ctx) }()
				_, err = x.Execute(t.Context(), plan("0.01"))
				if (c.err == nil) != (err == nil) || c.err != nil && !errors.Is(err, order.ErrClosed) {
					t.Errorf("Execute: %v", err)
				}
				stop()
				if err := <-ended; !errors.Is(err, c.err) || c.err == nil && err != nil {
					t.Errorf("Run: %v, want %v", err, c.err)
				}
			})
		})
	}
}

// While an account's stream is down its markets are not traded.
func TestStreamDownLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &flaky{Exchange: newVenue(t, "b", sim.Faults{}), events: make(chan exchange.Event)}
		c, err := order.New(order.Config{}, newVenue(t, "a", sim.Faults{}), b)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		b.events <- exchange.Event{Kind: exchange.StreamUp}
		<-c.Ready()
		var refused *order.Refused
		for _, s := range []struct {
			kind exchange.EventKind
			want string
		}{{exchange.StreamDown, "stream_down"}, {exchange.StreamUp, ""}} {
			b.events <- exchange.Event{Kind: s.kind}
			synctest.Wait()
			r, err := c.Execute(t.Context(), plan("0.01"))
			if r.Reason != s.want || (s.want != "") != errors.As(err, &refused) {
				t.Errorf("after %s: %s, %v", s.kind, r.Reason, err)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

type flaky struct {
	*sim.Exchange
	events chan exchange.Event
}

func (f *flaky) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	for {
		select {
		case ev := <-f.events:
			emit(ev)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
