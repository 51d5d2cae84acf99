package binance_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/binance"
)

// slowWay takes long to the venue, and no time back: the worst for the idea of its clock.
type slowWay struct{ next http.RoundTripper }

func (s slowWay) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/time"):
		time.Sleep(1800 * time.Millisecond)
	case r.Method == http.MethodPost:
		time.Sleep(2300 * time.Millisecond)
	}
	return s.next.RoundTrip(r)
}

// No order is accepted after its deadline, however badly the venue's clock is known; and one that can still come in time does.
func TestDeadlineAllowsForTheClock(t *testing.T) {
	for deadline, accepted := range map[time.Duration]bool{1500 * time.Millisecond: false, 500 * time.Millisecond: false, 5 * time.Second: true} {
		bubble(t, deadline.String(), func(t *testing.T, o *office) {
			x := o.exchange(func(c *binance.Config) { c.HTTP.Transport = slowWay{c.HTTP.Transport} })
			if _, err := x.Balances(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := limit("BTC-USDT", "100", "1")
			r.Deadline = time.Now().Add(deadline)
			_, err := x.Place(t.Context(), r)
			if n := len(o.orders); accepted != (err == nil && n == 1) || !accepted && (err == nil || n != 0) {
				t.Errorf("%v, %d accepted", err, n)
			}
		})
	}
}
