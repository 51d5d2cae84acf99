package okx_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// An upgrade that the venue announces: the books come anew at once, and the account's stream is taken over by another connection without an
// interruption. Orders go on.
func TestUpgradeIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := staging{pipe: true, entry: okx.EntrySocket}
		x := v.open(t).(staged)
		spot, _ := venueRules()
		book := &exchange.Book{Market: spot.Market, Scale: exchange.Scale{Price: -1, Size: -3}, Bids: []exchange.Level{{Price: 499_990, Size: 1000}}, Asks: []exchange.Level{{Price: 500_010, Size: 1000}}}
		if err := x.Publish(book); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ups, downs, books, broken int
		done := make(chan error, 2)
		go func() {
			done <- x.StreamOrders(ctx, func(ev exchange.Event) {
				switch ev.Kind {
				case exchange.StreamUp:
					ups++
				case exchange.StreamDown:
					downs++
				}
			})
		}()
		go func() {
			done <- x.StreamBooks(ctx, []exchange.Symbol{venueSpot}, func(b *exchange.Book) {
				if books++; b.Err != nil {
					broken++
				}
			})
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ups != 1 || downs != 0 || books == 0 || broken != 0 {
			t.Fatalf("before: %d ups, %d downs, %d books, %d broken", ups, downs, books, broken)
		}
		x.server.Upgrade(time.Minute)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if ups != 1 || downs != 0 || broken != 1 {
			t.Errorf("30 s after the notice: %d ups, %d downs, %d broken books", ups, downs, broken)
		}
		r := exchange.OrderRequest{Market: spot.Market, Account: stage.Account, ClientID: "after-1", Side: exchange.Buy, TIF: exchange.IOC, Price: dec("50001"), Quantity: dec("0.01")}
		if _, err := x.Place(ctx, r); err != nil {
			t.Error(err)
		}
		if o, err := x.Lookup(ctx, r.Ref()); err != nil || o.Status != exchange.StatusFilled {
			t.Errorf("%v, %v", o, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if ups != 1 || downs != 0 || broken != 1 {
			t.Errorf("after the upgrade: %d ups, %d downs, %d broken books", ups, downs, broken)
		}
		cancel()
		<-done
		<-done
	})
}
