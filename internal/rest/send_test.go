package rest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Whether an order can have left, by a transport that is not net/http's, over a port where nobody listens. What net/http within it could
// not do another stack may have done.
func TestForeignTransport(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	std := &http.Transport{}
	for name, c := range map[string]struct {
		way     roundTrip
		outcome error
	}{
		"around net/http": {std.RoundTrip, exchange.ErrNotSent},
		"fails over to another stack": {func(r *http.Request) (*http.Response, error) {
			if resp, err := std.RoundTrip(r); err == nil {
				return resp, nil
			}
			return nil, errors.New("reset while waiting for the answer")
		}, exchange.ErrOutcomeUnknown},
		"tells nothing":         {func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }, exchange.ErrOutcomeUnknown},
		"neither this nor that": {func(*http.Request) (*http.Response, error) { return nil, nil }, exchange.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client("http://"+l.Addr().String(), c.way).Do(t.Context(), order(rest.Opens))
			check(t, nil, err, false, order(rest.Opens), c.outcome, exchange.ErrUnavailable)
		})
	}
}

// An answer without a body is an empty one.
func TestAnswerWithoutBody(t *testing.T) {
	way := roundTrip(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: http.StatusOK}, nil })
	if body, err := client("https://mars.example", way).Do(t.Context(), order(rest.Opens)); err != nil || len(body) != 0 {
		t.Errorf("%q, %v", body, err)
	}
}

// What a transport says of a body's length is no more than a hint: all of the body is read, and a great claim takes no memory.
func TestAnswerOfAnotherLength(t *testing.T) {
	for _, n := range []int64{-1, 0, 1, 7, 8, 9, 100, 1 << 40} {
		way := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, ContentLength: n, Body: io.NopCloser(iotest.OneByteReader(strings.NewReader("12345678")))}, nil
		})
		if body, err := client("https://mars.example", way).Do(t.Context(), order(rest.Opens)); err != nil || string(body) != "12345678" {
			t.Errorf("told %d: %q, %v", n, body, err)
		}
	}
	broken := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, ContentLength: 8, Body: io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("12345678"))))}, nil
	})
	_, err := client("https://mars.example", broken).Do(t.Context(), order(rest.Opens))
	check(t, nil, err, false, order(rest.Opens), exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
}

// An address with a password is refused, for the password would not be sent; and no error tells it.
func TestAddressWithPassword(t *testing.T) {
	v := &venue{script: []reply{{status: 200}}}
	_, err := client("https://me:hidden@gate.example", v).Do(t.Context(), order(rest.Opens))
	check(t, nil, err, false, order(rest.Opens), exchange.ErrNotSent, nil)
	if !errors.Is(err, exchange.ErrInvalid) || strings.Contains(err.Error(), "hidden") || len(v.at) != 0 {
		t.Errorf("%v, %d requests", err, len(v.at))
	}
}

// Orders that were given up reach the venue later: with those that follow they are never more than it allows.
func TestGivenUpOrdersCountLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, late := new(tally), 2*time.Second
		c := client("https://mars.example", roundTrip(func(r *http.Request) (*http.Response, error) {
			time.AfterFunc(late, func() { v.count(rest.Protects, []rest.Cost{one(1)}) })
			if err := rest.Sleep(r.Context(), late+time.Millisecond); err != nil {
				return nil, err
			}
			return answer(200, "yes"), nil
		}))
		c.Limits = small()
		do := func(d time.Duration, outcome error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			errs := make(chan error)
			for range 10 {
				go func() {
					_, err := c.Do(ctx, order(rest.Protects))
					errs <- err
				}()
			}
			for range 10 {
				if err := <-errs; !errors.Is(exchange.OutcomeOf(err), outcome) {
					t.Errorf("%v", err)
				}
			}
		}
		do(time.Second, exchange.ErrOutcomeUnknown)
		late = time.Millisecond
		do(time.Minute, nil)
		if n := v.worst("ip", "", time.Second); n != 10 {
			t.Errorf("the venue counted %d within a second, where 10 are allowed", n)
		}
	})
}

// told tells of each write that a socket took.
type told struct {
	net.Conn
	wrote chan<- struct{}
}

func (c told) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.wrote <- struct{}{}
	return n, err
}

// A venue that resets the connection after the request has left and before it has read anything of it: the order is unknown, and is not
// sent on another connection.
func TestResetBeforeTheRequestIsRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns atomic.Int32
	wrote, done := make(chan struct{}, 16), make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			<-wrote
			_ = c.(*net.TCPConn).SetLinger(0) // the close is a reset
			c.Close()
		}
	}()
	c := client("http://" + l.Addr().String())
	c.HTTP = rest.Harden(&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return told{conn, wrote}, err
	}}})
	for n, lane := range []rest.Lane{rest.Opens, rest.Protects} {
		r := order(lane)
		r.Body = []byte("{}")
		_, err = c.Do(t.Context(), r)
		check(t, nil, err, false, r, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
		if got := conns.Load(); got != int32(n+1) {
			t.Errorf("%d connections for %d orders", got, n+1)
		}
	}
	l.Close()
	<-done
}
