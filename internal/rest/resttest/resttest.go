// Package resttest measures what a client adds to the way of a request.
package resttest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Bare does the same request again and again through http.Client alone: what a client of ours is measured against. It neither signs
// nor reads anything.
type Bare struct {
	Method, URL, Body string
	Header            map[string]string
	client            *http.Client
}

func (r *Bare) do() error {
	if r.client == nil {
		r.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	}
	req, err := http.NewRequest(r.Method, r.URL, strings.NewReader(r.Body)) //nolint:noctx // bare
	if err != nil {
		return err
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

// Compare times ours and bare in turn, and reports both medians and their ratio. ours is told which time it is.
func Compare(b *testing.B, bare Bare, ours func(n int) error) {
	b.Helper()
	var theirs, mine []time.Duration
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		err := bare.do()
		between := time.Now()
		if err == nil {
			err = ours(n)
		}
		if err != nil {
			b.Fatal(err)
		}
		theirs, mine = append(theirs, between.Sub(began)), append(mine, time.Since(between))
	}
	median := func(d []time.Duration) float64 { // not money
		slices.Sort(d)
		return float64(d[len(d)/2]) / 1000 // not money
	}
	b.ReportMetric(median(theirs), "bare-p50-us")
	b.ReportMetric(median(mine), "ours-p50-us")
	b.ReportMetric(median(mine)/median(theirs), "ratio")
}
