package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// client is one whose venue tells by status alone: 429 rate limited, 418 banned for two minutes, 503 certainly not done, 401 clock skew, other
// 4xx refused, the rest unknown.
func client(base string, via ...http.RoundTripper) *rest.Client {
	c := &rest.Client{
		Venue: "mars", Base: base, Header: http.Header{"X-Here": {"1"}}, Jitter: rest.NewJitter(1),
		Limits: rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 1000, Window: time.Second}}),
		Read: func(r *rest.Request, a *rest.Answer) ([]byte, *exchange.Error) {
			if a.Status == http.StatusOK {
				return a.Body, nil
			}
			e := &exchange.Error{Code: fmt.Sprint(a.Status)}
			switch a.Status {
			case http.StatusTooManyRequests:
				e.Class = exchange.ErrRateLimited
			case http.StatusTeapot:
				e.Class, e.RetryAfter = exchange.ErrBanned, 2*time.Minute
			case http.StatusServiceUnavailable, http.StatusBadGateway:
				e.Class = exchange.ErrUnavailable
			case http.StatusUnauthorized:
				e.Class = exchange.ErrClockSkew
			}
			if r.Write && (a.Status < 500 || a.Status == http.StatusServiceUnavailable) {
				e.Outcome = exchange.ErrRejected
			}
			return nil, e
		},
	}
	for i, v := range via {
		h := rest.Harden(&http.Client{Transport: v})
		if i == 0 {
			c.HTTP = h
		} else {
			c.Standby = append(c.Standby, h)
		}
	}
	return c
}

func order(lane rest.Lane) *rest.Request {
	return &rest.Request{Op: "place", Method: http.MethodPost, Path: "/order", Lane: lane, Write: true, Costs: []rest.Cost{one(1)}}
}

func read() *rest.Request {
	return &rest.Request{Op: "look", Path: "/x", Wire: rest.Wire{Query: "y=1"}, Costs: []rest.Cost{one(1)}}
}

// What follows each answer, for reads, openings and protective writes: how often it is sent, with which waits, and what it ends in.
func TestReactions(t *testing.T) {
	ok := reply{status: 200, body: "yes"}
	reset := reply{err: errors.New("reset")}
	for name, c := range map[string]struct {
		r       *rest.Request
		script  []reply
		waits   []time.Duration
		outcome error // of a write that failed
		class   error
		done    bool
	}{
		"read: 503 is tried again, with jitter":        {r: read(), script: []reply{{status: 503}, reset, {status: 429}, ok}, waits: []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second}, done: true},
		"read: and no more":                            {r: read(), script: []reply{{status: 503}}, waits: []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second}, class: exchange.ErrUnavailable},
		"read: as long as a 429 says":                  {r: read(), script: []reply{{status: 429, header: "7"}, ok}, waits: []time.Duration{7 * time.Second}, done: true},
		"read: as long as a 503 says":                  {r: read(), script: []reply{{status: 503, header: "30"}, ok}, waits: []time.Duration{30 * time.Second}, done: true},
		"read: a refusal is final":                     {r: read(), script: []reply{{status: 400}}},
		"read: a ban too":                              {r: read(), script: []reply{{status: 418}}, class: exchange.ErrBanned},
		"read: skew, once":                             {r: read(), script: []reply{{status: 401}, ok}, waits: []time.Duration{0}, done: true},
		"read: skew, not twice":                        {r: read(), script: []reply{{status: 401}}, waits: []time.Duration{0}, class: exchange.ErrClockSkew},
		"read: a Retry-After in words":                 {r: read(), script: []reply{{status: 503, header: "tomorrow"}, ok}, waits: []time.Duration{time.Second}, done: true},
		"read: a date":                                 {r: read(), script: []reply{{status: 429, header: "Sat, 01 Jan 2000 00:00:05 GMT"}, ok}, waits: []time.Duration{5 * time.Second}, done: true},
		"opening: done":                                {r: order(rest.Opens), script: []reply{ok}, done: true},
		"opening: 429 that tells when":                 {r: order(rest.Opens), script: []reply{{status: 429, header: "3"}, ok}, waits: []time.Duration{3 * time.Second}, done: true},
		"opening: 429 that does not":                   {r: order(rest.Opens), script: []reply{{status: 429}}, outcome: exchange.ErrRejected, class: exchange.ErrRateLimited},
		"opening: overloaded, not again":               {r: order(rest.Opens), script: []reply{{status: 503}}, outcome: exchange.ErrRejected, class: exchange.ErrUnavailable},
		"opening: unknown, never again":                {r: order(rest.Opens), script: []reply{{status: 502}}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		"opening: any other 5xx":                       {r: order(rest.Opens), script: []reply{{status: 500}}, outcome: exchange.ErrOutcomeUnknown},
		"opening: reset, never again":                  {r: order(rest.Opens), script: []reply{reset}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
		"opening: refused":                             {r: order(rest.Opens), script: []reply{{status: 400}}, outcome: exchange.ErrRejected},
		"opening: skew, not again":                     {r: order(rest.Opens), script: []reply{{status: 401}}, outcome: exchange.ErrRejected, class: exchange.ErrClockSkew},
		"opening: banned":                              {r: order(rest.Opens), script: []reply{{status: 418}}, outcome: exchange.ErrRejected, class: exchange.ErrBanned},
		"opening: a redirection is not followed":       {r: order(rest.Opens), script: []reply{{status: 307}}, outcome: exchange.ErrRejected},
		"protective: overloaded, with a short backoff": {r: order(rest.Protects), script: []reply{{status: 503}, {status: 503}, {status: 503}, ok}, waits: []time.Duration{200 * ms, 400 * ms, 800 * ms}, done: true},
		"protective: 429":                              {r: order(rest.Protects), script: []reply{{status: 429}, ok}, waits: []time.Duration{200 * ms}, done: true},
		"protective: and no more":                      {r: order(rest.Protects), script: []reply{{status: 503}}, waits: []time.Duration{200 * ms, 400 * ms, 800 * ms}, outcome: exchange.ErrRejected, class: exchange.ErrUnavailable},
		"protective: reset, never again":               {r: order(rest.Protects), script: []reply{reset}, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &venue{script: c.script}
				body, err := client("https://mars.example", v).Do(t.Context(), c.r)
				if len(v.at) != len(c.waits)+1 {
					t.Errorf("sent %d times, want %d", len(v.at), len(c.waits)+1)
				}
				for i, want := range c.waits {
					if i+1 >= len(v.at) {
						break
					}
					jitter := 500 * ms
					if c.r.Write || c.script[min(i, len(c.script)-1)].header != "" && want != time.Second {
						jitter = 0
					}
					if got := v.at[i+1].Sub(v.at[i]); got < want || got > want+jitter {
						t.Errorf("wait %d: %v, want %v", i, got, want)
					}
				}
				check(t, body, err, c.done, c.r, c.outcome, c.class)
			})
		})
	}
}

func check(t *testing.T, body []byte, err error, done bool, r *rest.Request, outcome, class error) {
	t.Helper()
	if done {
		if err != nil || string(body) != "yes" {
			t.Errorf("%q, %v", body, err)
		}
		return
	}
	var e *exchange.Error
	if !errors.As(err, &e) || e.Venue != "mars" || e.Op != r.Op {
		t.Fatalf("%v is no error of the venue", err)
	}
	if !errors.Is(e.Class, class) || class == nil && e.Class != nil {
		t.Errorf("%v: class %v, want %v", err, e.Class, class)
	}
	if r.Write && !errors.Is(exchange.OutcomeOf(err), outcome) || !r.Write && e.Outcome != nil {
		t.Errorf("%v: outcome %v, want %v", err, e.Outcome, outcome)
	}
}

// While the venue is overloaded openings pause for 30 s; what protects goes on.
func TestOpeningsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 503}, {status: 200, body: "yes"}}}
		c := client("https://mars.example", v)
		_, err := c.Do(t.Context(), order(rest.Opens))
		check(t, nil, err, false, order(rest.Opens), exchange.ErrRejected, exchange.ErrUnavailable)
		<-time.After(29 * time.Second)
		_, err = c.Do(t.Context(), order(rest.Opens))
		check(t, nil, err, false, order(rest.Opens), exchange.ErrNotSent, exchange.ErrUnavailable)
		var e *exchange.Error
		if errors.As(err, &e); e.RetryAfter != time.Second {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		if _, err := c.Do(t.Context(), order(rest.Protects)); err != nil {
			t.Error(err)
		}
		if _, err := c.Do(t.Context(), read()); err != nil {
			t.Error(err)
		}
		<-time.After(time.Second)
		if _, err := c.Do(t.Context(), order(rest.Opens)); err != nil || len(v.at) != 4 {
			t.Errorf("after the pause: %v, %d requests", err, len(v.at))
		}
	})
}

// After a ban nothing is sent but what protects, and that by another way, if there is one; it never carries openings or reads.
func TestStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &venue{script: []reply{{status: 418}, {status: 200, body: "yes"}}}, &venue{script: []reply{{status: 200, body: "yes"}}}
		c := client("https://mars.example", first, second)
		if _, err := c.Do(t.Context(), order(rest.Protects)); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err) // the ban itself; it is not sent again by itself
		}
		<-time.After(time.Minute)
		_, err := c.Do(t.Context(), order(rest.Opens))
		check(t, nil, err, false, order(rest.Opens), exchange.ErrNotSent, exchange.ErrBanned)
		var e *exchange.Error
		if errors.As(err, &e); e.RetryAfter != time.Minute {
			t.Errorf("retry after %v", e.RetryAfter)
		}
		_, err = c.Do(t.Context(), read())
		check(t, nil, err, false, read(), nil, exchange.ErrBanned)
		body, err := c.Do(t.Context(), order(rest.Protects))
		check(t, body, err, true, order(rest.Protects), nil, nil)
		if len(first.at) != 1 || len(second.at) != 1 {
			t.Errorf("%d and %d requests", len(first.at), len(second.at))
		}
		<-time.After(time.Minute)
		body, err = c.Do(t.Context(), order(rest.Opens))
		check(t, body, err, true, order(rest.Opens), nil, nil)
		if len(first.at) != 2 || len(second.at) != 1 {
			t.Errorf("after the ban: %d and %d requests", len(first.at), len(second.at))
		}
	})
}

// Without a standby a ban stops what protects too, at once, and tells for how long.
func TestBanWithoutStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 418}}}
		c := client("https://mars.example", v)
		_, _ = c.Do(t.Context(), read())
		_, err := c.Do(t.Context(), order(rest.Protects))
		check(t, nil, err, false, order(rest.Protects), exchange.ErrNotSent, exchange.ErrBanned)
		if d, banned := c.Limits.Closed(c.Base); d != 2*time.Minute || !banned || len(v.at) != 1 {
			t.Errorf("%v, %v, %d requests", d, banned, len(v.at))
		}
	})
}

// A request that stood in the queue when the ban came is not sent.
func TestBanStopsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 418}}}
		c := client("https://mars.example", v)
		c.Limits = rest.NewLimits(map[string]rest.Rule{"ip": {Limit: 2, Window: time.Second}})
		g, err := c.Limits.Wait(t.Context(), rest.Reads, time.Time{}, one(1))
		if err != nil {
			t.Fatal(err)
		}
		g.Done()
		queued := make(chan error, 1)
		go func() {
			_, err := c.Do(t.Context(), read())
			queued <- err
		}()
		synctest.Wait()
		if _, err := c.Do(t.Context(), order(rest.Protects)); !errors.Is(err, exchange.ErrBanned) {
			t.Fatal(err)
		}
		if err := <-queued; !errors.Is(err, exchange.ErrBanned) || len(v.at) != 1 {
			t.Errorf("%v, %d requests", err, len(v.at))
		}
	})
}

// What comes too late is not sent, and does not wait in vain.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 429, header: "5"}, {status: 200, body: "yes"}}}
		c := client("https://mars.example", v)
		r := order(rest.Opens)
		r.Deadline = time.Now().Add(2 * time.Second)
		began := time.Now()
		_, err := c.Do(t.Context(), r) // refused with certainty, and its turn comes too late
		check(t, nil, err, false, r, exchange.ErrRejected, exchange.ErrRateLimited)
		_, err = c.Do(t.Context(), r)
		check(t, nil, err, false, r, exchange.ErrNotSent, exchange.ErrRateLimited)
		if time.Since(began) != 0 || len(v.at) != 1 {
			t.Errorf("after %v, %d requests", time.Since(began), len(v.at))
		}
		<-time.After(5 * time.Second)
		_, err = c.Do(t.Context(), r)
		check(t, nil, err, false, r, exchange.ErrNotSent, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.Limits.Block("ip", "", time.Now().Add(time.Minute))
		_, err = c.Do(ctx, order(rest.Opens))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(exchange.OutcomeOf(err), exchange.ErrNotSent) || len(v.at) != 1 {
			t.Errorf("%v", err)
		}
	})
}

// An order is signed for each sending, in the venue's time; without that time it is not sent.
func TestSigning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 429, header: "3"}, {status: 200, body: "yes"}}}
		c := client("https://mars.example", v)
		clock := &ahead{by: time.Hour, out: []time.Duration{0}, back: []time.Duration{0}, err: errors.New("away")}
		c.Clock = rest.NewClock(clock.sample)
		r := order(rest.Opens)
		var at []time.Time
		r.Sign = func(w *rest.Wire, now time.Time, egress int) error {
			at = append(at, now)
			w.Query = "signature=abc"
			w.Header.Set("X-Signed", fmt.Sprint(egress))
			return nil
		}
		_, err := c.Do(t.Context(), r)
		check(t, nil, err, false, r, exchange.ErrNotSent, nil)
		clock.err = nil
		began := time.Now()
		body, err := c.Do(t.Context(), r)
		check(t, body, err, true, r, nil, nil)
		if len(at) != 2 || !at[0].Equal(began.Add(time.Hour)) || at[1].Sub(at[0]) != 3*time.Second {
			t.Errorf("signed at %v", at)
		}
		if v.last.URL.RawQuery != "signature=abc" || v.last.Header.Get("X-Signed") != "0" || v.last.Header.Get("X-Here") != "1" || r.Query != "" || r.Header != nil {
			t.Errorf("sent %s with %v; the request has become %v", v.last.URL, v.last.Header, r)
		}
		r.Sign = func(*rest.Wire, time.Time, int) error {
			return &exchange.Error{Class: exchange.ErrUnauthorized, Message: "no key"}
		}
		_, err = c.Do(t.Context(), r)
		check(t, nil, err, false, r, exchange.ErrNotSent, exchange.ErrUnauthorized)
	})
}

// A skewed clock is set before the next try.
func TestSkewSetsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &venue{script: []reply{{status: 401}, {status: 200, body: "yes"}}}
		c := client("https://mars.example", v)
		clock := &ahead{out: []time.Duration{0}, back: []time.Duration{0}}
		c.Clock = rest.NewClock(clock.sample)
		r := read()
		r.Sign = func(*rest.Wire, time.Time, int) error { return nil }
		body, err := c.Do(t.Context(), r)
		check(t, body, err, true, r, nil, nil)
		if clock.calls != 6 {
			t.Errorf("%d samples", clock.calls)
		}
	})
}

// No error tells the address, which holds a signature.
func TestErrorsTellNoSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, base := range []string{"https://mars.example", "https://mars.example\x7f", "http://[::1"} {
			for _, cause := range []error{errors.New("no route"), &url.Error{Op: "Post", URL: "https://mars.example/?signature=abc", Err: io.EOF}} {
				r := order(rest.Opens)
				r.Sign = func(w *rest.Wire, _ time.Time, _ int) error { w.Query = "signature=abc"; return nil }
				_, err := client(base, &venue{script: []reply{{err: cause}}}).Do(t.Context(), r)
				if err == nil || strings.Contains(err.Error(), "abc") || strings.Contains(fmt.Sprintf("%+v", err), "abc") {
					t.Errorf("%v", err)
				}
			}
		}
	})
}

// A real socket: what was certainly not sent is told apart from what may have been, and nothing is sent twice.
func TestOnceOverARealSocket(t *testing.T) {
	var got atomic.Int32
	mode := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		switch <-mode {
		case "reset":
			panic(http.ErrAbortHandler)
		case "silence":
			<-r.Context().Done()
		case "half":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "yes")
		case "redirect":
			http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, "yes")
		}
	}))
	defer s.Close()
	c := client(s.URL)
	c.HTTP = rest.Harden(&http.Client{Timeout: 200 * time.Millisecond, Transport: &http.Transport{}})
	r := order(rest.Opens)
	r.Body = []byte("{}")
	for _, m := range []string{"yes", "reset", "yes", "silence", "half", "redirect", "yes"} {
		before := got.Load()
		mode <- m
		body, err := c.Do(t.Context(), r)
		if n := got.Load() - before; n != 1 {
			t.Errorf("%s: sent %d times", m, n)
		}
		switch m {
		case "yes":
			check(t, body, err, true, r, nil, nil)
		case "redirect":
			check(t, body, err, false, r, exchange.ErrRejected, nil)
		default:
			check(t, body, err, false, r, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
		}
	}
	s.Close()
	c.HTTP.CloseIdleConnections()
	_, err := c.Do(t.Context(), r) // nobody listens
	check(t, nil, err, false, r, exchange.ErrNotSent, exchange.ErrUnavailable)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close() // accepts, and never reads: the request has left
	c = client("http://" + dead.Addr().String())
	c.HTTP = rest.Harden(&http.Client{Timeout: 200 * time.Millisecond, Transport: &http.Transport{}})
	_, err = c.Do(t.Context(), r)
	check(t, nil, err, false, r, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Do(ctx, r)
	check(t, nil, err, false, r, exchange.ErrNotSent, nil)
}
