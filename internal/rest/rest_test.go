package rest_test

import (
	"context"
	"errors"
	"fmt"
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

// waits are the seconds between the requests.
func (v *venue) waits() (s []int) {
	for i := 1; i < len(v.at); i++ {
		s = append(s, int(v.at[i].Sub(v.at[i-1]).Seconds()))
	}
	return s
}

type free struct{}

func (free) Wait(ctx context.Context) error { return ctx.Err() }

func reader(v *venue) *rest.Reader {
	return &rest.Reader{Venue: "mars", Base: "https://mars.example", Header: http.Header{"X-Here": {"1"}}, HTTP: &http.Client{Transport: v}, Jitter: rest.NewJitter(1),
		Answer: func(op string, status int, body []byte) ([]byte, *exchange.Error) {
			if status == http.StatusOK {
				return body, nil
			}
			e := &exchange.Error{Venue: "mars", Op: op}
			switch status {
			case http.StatusTooManyRequests:
				e.Class = exchange.ErrRateLimited
			case http.StatusTeapot:
				e.Class, e.RetryAfter = exchange.ErrBanned, 2*time.Minute
			case http.StatusServiceUnavailable:
				e.Class = exchange.ErrUnavailable
			}
			return nil, e
		}}
}

func TestGet(t *testing.T) {
	ok := reply{status: 200, body: "yes"}
	for name, c := range map[string]struct {
		script []reply
		waits  []int // whole seconds, jitter below one cut off
		want   error // nil: "yes"
	}{
		"at once":                    {[]reply{ok}, nil, nil},
		"three tries more":           {[]reply{{status: 503}, {err: errors.New("reset")}, {status: 429}, ok}, []int{1, 2, 4}, nil},
		"and no more":                {[]reply{{status: 503}}, []int{1, 2, 4}, exchange.ErrUnavailable},
		"as long as a 429 says":      {[]reply{{status: 429, header: "7"}, ok}, []int{7}, nil},
		"as long as a 503 says":      {[]reply{{status: 503, header: "30"}, ok}, []int{30}, nil},
		"a refusal is final":         {[]reply{{status: 400}}, nil, &exchange.Error{}},
		"a ban too":                  {[]reply{{status: 418}}, nil, exchange.ErrBanned},
		"a Retry-After in words":     {[]reply{{status: 503, header: "tomorrow"}, ok}, []int{1}, nil},
		"a negative one":             {[]reply{{status: 503, header: "-5"}, ok}, []int{1}, nil},
		"an endless body is refused": {[]reply{{status: 200, body: strings.Repeat("x", 65<<20)}}, nil, exchange.ErrFrame},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &venue{script: c.script}
				body, err := reader(v).Get(t.Context(), "look", "/x?y=1", free{})
				if got := v.waits(); fmt.Sprint(got) != fmt.Sprint(c.waits) {
					t.Errorf("waited %v, want %v", got, c.waits)
				}
				var e *exchange.Error
				switch {
				case c.want == nil:
					if err != nil || string(body) != "yes" {
						t.Errorf("%q, %v", body, err)
					}
				case !errors.As(err, &e) || e.Op != "look" || e.Venue != "mars":
					t.Errorf("%v is no error of the venue", err)
				case !errors.As(c.want, &e) && !errors.Is(err, c.want):
					t.Errorf("%v, want %v", err, c.want)
				}
				if v.last.URL.String() != "https://mars.example/x?y=1" || v.last.Header.Get("X-Here") != "1" {
					t.Errorf("asked %s with %v", v.last.URL, v.last.Header)
				}
			})
		})
	}
}

// While a ban lasts nothing is sent, and nobody waits for its end.
func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 418}, {status: 200}}}
		r := reader(v)
		if _, err := r.Get(t.Context(), "look", "/", free{}); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		<-time.After(time.Minute) // virtual
		var e *exchange.Error
		if _, err := r.Get(t.Context(), "look", "/", free{}); !errors.As(err, &e) || !errors.Is(err, exchange.ErrBanned) || e.RetryAfter != time.Minute {
			t.Fatalf("%v, retry after %v", err, e.RetryAfter)
		}
		if len(v.at) != 1 {
			t.Fatalf("%d requests were sent during the ban", len(v.at)-1)
		}
		<-time.After(time.Minute)
		if _, err := r.Get(t.Context(), "look", "/", free{}); err != nil || len(v.at) != 2 {
			t.Errorf("after the ban: %v, %d requests", err, len(v.at))
		}
	})
}

// slow is a queue in which a request stands for a while.
type slow struct{ d time.Duration }

func (s slow) Wait(ctx context.Context) error { return rest.Sleep(ctx, s.d) }

// A request that stood in the queue when the ban came is not sent.
func TestBanWhileQueueing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 418}}}
		r := reader(v)
		queued := make(chan error, 1)
		go func() {
			_, err := r.Get(t.Context(), "look", "/", slow{time.Second})
			queued <- err
		}()
		synctest.Wait()
		if _, err := r.Get(t.Context(), "look", "/", free{}); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		if err := <-queued; !errors.Is(err, exchange.ErrBanned) || len(v.at) != 1 {
			t.Errorf("%v, %d requests", err, len(v.at))
		}
	})
}

func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 503, header: "600"}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := reader(v).Get(ctx, "look", "/", free{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// The error of a failed request does not repeat the address: signed ones will carry a signature.
func TestAddressIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := reader(&venue{script: []reply{{err: errors.New("no route")}}}).Get(t.Context(), "look", "/x?signature=abc", free{})
		if err == nil || strings.Contains(err.Error(), "abc") || !strings.Contains(err.Error(), "no route") {
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
