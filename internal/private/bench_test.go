package private_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
)

// BenchmarkOrderTracked is what the tracker adds to the way of one order: taken down before it is sent, and when its answer is there.
func BenchmarkOrderTracked(b *testing.B) {
	t := private.NewTracker(private.TrackerConfig{Account: "main"})
	req := exchange.OrderRequest{Market: exchange.Market{Venue: "mars", Symbol: exchange.MustSymbol("BTC-USDT")}, Account: "main", Side: exchange.Buy,
		Price: exchange.MustDecimal("60000.1"), Quantity: exchange.MustDecimal("0.001"), Deadline: time.Now().Add(time.Second)}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("ORD-20240521-8a3f-%08d", i)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		req.ClientID = ids[n%len(ids)]
		t.Sending(req)
		t.Answered(exchange.Order{OrderRequest: req, VenueID: ids[n%len(ids)], Status: exchange.StatusPending})
	}
}
