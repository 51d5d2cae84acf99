package rest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/internal/rest"
	"github.com/bothlegs/bothlegs/internal/rest/resttest"
)

// BenchmarkRoundTrip compares an order through a Client with the same request through the bare http.Client, in turn on one loopback server: the
// medians, and their ratio.
func BenchmarkRoundTrip(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"orderId":1}`)
	}))
	defer s.Close()
	c := client(s.URL)
	c.HTTP = rest.Harden(nil)
	c.Limits = rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 1 << 30, Window: time.Minute}, "orders": {Limit: 1 << 30, Window: time.Minute}})
	r := order(rest.Opens)
	r.Costs = append(r.Costs, rest.Cost{Name: "orders", Scope: "x", N: 1})
	r.Body = bytes.Repeat([]byte("x"), 200)
	resttest.Compare(b, resttest.Bare{Method: http.MethodPost, URL: s.URL + "/order", Body: string(r.Body)}, func(int) error {
		_, err := c.Do(b.Context(), r)
		return err
	})
}

// BenchmarkLimits is the cost of passing two dimensions, and of the answer.
func BenchmarkLimits(b *testing.B) {
	l := rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 1 << 40, Window: time.Minute}, "orders": {Limit: 1 << 40, Window: time.Second}})
	costs := []rest.Cost{{Name: "ip", N: 1}, {Name: "orders", Scope: "x", N: 1}}
	b.ReportAllocs()
	for b.Loop() {
		g, err := l.Wait(b.Context(), rest.Opens, time.Time{}, costs...)
		if err != nil {
			b.Fatal(err)
		}
		g.Done()
	}
}
