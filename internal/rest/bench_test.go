package rest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/internal/rest"
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
	bareClient := rest.Harden(nil)
	var bare, ours []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		req, _ := http.NewRequest(http.MethodPost, s.URL+"/order", bytes.NewReader(r.Body))
		resp, err := bareClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.ReadAll(resp.Body)
		resp.Body.Close()
		bare = append(bare, time.Since(began))
		began = time.Now()
		if _, err := c.Do(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		ours = append(ours, time.Since(began))
	}
	slices.Sort(bare)
	slices.Sort(ours)
	p50 := func(d []time.Duration) float64 { return float64(d[len(d)/2]) / 1000 }
	b.ReportMetric(p50(bare), "bare-p50-us")
	b.ReportMetric(p50(ours), "ours-p50-us")
	b.ReportMetric(p50(ours)/p50(bare), "ratio")
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
