package rest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// venue answers requests in turn from a script, and notes when they came.
type venue struct {
	script []reply
	at     []time.Time
	last   *http.Request
}

type reply struct {
	status int
	header string // of Retry-After
	body   string
	err    error
}

func (v *venue) RoundTrip(r *http.Request) (*http.Response, error) {
	n := len(v.at)
	v.at, v.last = append(v.at, time.Now()), r
	a := v.script[min(n, len(v.script)-1)]
	if a.err != nil {
		return nil, a.err
	}
	h := http.Header{}
	if a.header != "" {
		h.Set("Retry-After", a.header)
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// roundTrip is a venue, or a way to it, that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, retry ...string) *http.Response {
	h := http.Header{}
	if len(retry) > 0 {
		h.Set("Retry-After", retry[0])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// An answer without end is refused, as one that tells nothing.
func TestEndlessAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 200, body: strings.Repeat("x", 65<<20)}}}
		_, err := client("https://mars.example", v).Do(t.Context(), order(rest.Opens))
		if !errors.Is(err, exchange.ErrFrame) || !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) || len(v.at) != 1 {
			t.Errorf("%v", err)
		}
	})
}

func TestJitter(t *testing.T) {
	a, b := rest.NewJitter(5), rest.NewJitter(5)
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := a.Part(time.Second)
		if d < 0 || d > time.Second || d != b.Part(time.Second) {
			t.Fatalf("%v", d)
		}
		seen[d] = true
	}
	if len(seen) < 900 || a.Part(0) != 0 {
		t.Errorf("%d different ones of 1000", len(seen))
	}
}

func TestBackoff(t *testing.T) {
	b := rest.NewBackoff(time.Second)
	for i, want := range []int{1, 2, 4, 8, 16, 30, 30, 30} {
		if got := b.Next(); got != time.Duration(want)*time.Second {
			t.Errorf("wait %d is %v", i, got)
		}
	}
}
