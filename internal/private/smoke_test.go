package private_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

type fake struct {
	push func(private.Update) error
	end  chan error
}

func (f *fake) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-f.end:
		return err
	}
}
func (f *fake) Subscribe(context.Context) error { return nil }
func (f *fake) Alive() time.Time                { return time.Now() }
func (f *fake) Close(err error) {
	select {
	case f.end <- err:
	default:
	}
}

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := private.NewTracker(private.TrackerConfig{})
		var cur *fake
		m := exchange.Market{Venue: "v", Symbol: exchange.MustSymbol("BTC-USDT")}
		s, err := private.New(private.Config{Venue: "v", Tracker: tr, Links: []private.Link{{
			Name: "spot", Kinds: []exchange.Kind{exchange.Spot},
			Connect: func(_ context.Context, push func(private.Update) error) (private.Conn, error) {
				cur = &fake{push: push, end: make(chan error, 1)}
				return cur, nil
			},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		var got []exchange.Event
		go func() { done <- s.Run(ctx, func(e exchange.Event) { got = append(got, e) }) }()
		synctest.Wait()
		f := exchange.Fill{Market: m, TradeID: "1", VenueID: "9", Side: exchange.Buy, Price: exchange.MustDecimal("1"), Quantity: exchange.MustDecimal("2")}
		for range 2 {
			if err := cur.push(private.Update{Fill: &f}); err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		cur.end <- errors.New("reset")
		time.Sleep(time.Hour * 24)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, e := range got {
			t.Log(e.Kind, e.Order.Status, e.Order.Filled, len(e.Order.Fills), e.Err)
		}
	})
}
