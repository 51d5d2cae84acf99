package ws_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/ws"
)

func TestCallsFindTheirAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				id := strconv.Itoa(i)
				if got, err := c.ask(t.Context(), id); got != "answer "+id || err != nil {
					t.Errorf("call %s: %q, %v", id, got, err)
				}
			})
		}
		wg.Wait()
		v.say("push")
		if n := len(v.got()); n != 50 {
			t.Errorf("%d messages for 50 calls", n)
		}
		c.end(t, context.Canceled)
		if s := c.Stats(); s.Calls != 50 || s.Sent != 50 || s.Received != 51 || s.Late != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Whatever happens to a call, it is written at most once, and its error says whether it was.
func TestCallOutcomes(t *testing.T) {
	past, cancel := context.WithCancel(context.Background())
	cancel()
	cases := []struct {
		name string
		cfg  ws.Config
		do   func(t *testing.T, v *venue, c *client) error
		want []error
		sent int // how often the venue has seen "ask x"
	}{
		{"ctx has ended before", ws.Config{}, func(_ *testing.T, _ *venue, c *client) error {
			_, err := c.ask(past, "x")
			return err
		}, []error{exchange.ErrNotSent, context.Canceled}, 0},
		{"ctx ends without an answer", ws.Config{}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("mute"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.ask(ctx, "x")
			return err
		}, []error{exchange.ErrOutcomeUnknown, context.DeadlineExceeded}, 1},
		{"the connection breaks without an answer", ws.Config{}, func(t *testing.T, v *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("mute"))
			time.AfterFunc(time.Second, func() { v.peer().Close() })
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrOutcomeUnknown}, 1},
		{"closed while it waits", ws.Config{}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("mute"))
			time.AfterFunc(time.Second, func() { c.Close(errBye) })
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrOutcomeUnknown, errBye}, 1},
		{"closed before", ws.Config{}, func(t *testing.T, _ *venue, c *client) error {
			c.Close(nil)
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrUnavailable, ws.ErrClosed}, 0},
		{"closed before for an error with an outcome", ws.Config{}, func(t *testing.T, _ *venue, c *client) error {
			c.Close(fmt.Errorf("another one: %w", exchange.ErrOutcomeUnknown))
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrUnavailable}, 0},
		{"the id is in flight", ws.Config{}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("mute"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			go func() { _, _ = c.ask(ctx, "x") }()
			synctest.Wait()
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrConflict}, 1},
		{"the pacer's queue is longer than ctx", ws.Config{Rate: 1}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("first"))
			ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := c.ask(ctx, "x")
			if d := time.Since(began); d != 0 {
				t.Errorf("it waited %v for what could not be", d)
			}
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrRateLimited}, 0},
		{"ctx ends in the pacer's queue", ws.Config{Rate: 1}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("first"))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second/2, cancel)
			_, err := c.ask(ctx, "x")
			return err
		}, []error{exchange.ErrNotSent, context.Canceled}, 0},
		{"the connection ends while in the pacer's queue", ws.Config{Rate: 1}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("first"))
			time.AfterFunc(time.Second/2, func() { c.Close(errBye) })
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrUnavailable, errBye}, 0},
		{"one too many", ws.Config{MaxCalls: 1}, func(t *testing.T, _ *venue, c *client) error {
			_ = c.Send(t.Context(), []byte("mute"))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			go func() { _, _ = c.ask(ctx, "y") }()
			synctest.Wait()
			_, err := c.ask(t.Context(), "x")
			return err
		}, []error{exchange.ErrNotSent, exchange.ErrRateLimited}, 0},
	}
	for _, x := range cases {
		bubble(t, x.name, func(t *testing.T) {
			v := open(t)
			c := v.dial(x.cfg)
			outcome(t, "call", x.do(t, v, c), x.want...)
			n := 0
			for _, s := range v.texts() {
				if s == "ask x" {
					n++
				}
			}
			if n != x.sent {
				t.Errorf("sent %d times, want %d", n, x.sent)
			}
			c.cancel()
			<-c.done
		})
	}
}

// A peer that takes no bytes: the write fails in the middle, which leaves it open what has arrived, and ends the connection.
func TestStalledPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{WriteWait: 3 * time.Second})
		_ = c.Send(t.Context(), []byte("mute"))
		synctest.Wait()
		close(v.deaf)
		_ = c.Send(t.Context(), []byte("last that is read"))
		big := []byte(strings.Repeat("x", 70<<10))
		var wg sync.WaitGroup
		wg.Go(func() {
			began := time.Now()
			outcome(t, "stalled", c.Send(t.Context(), big), exchange.ErrOutcomeUnknown)
			if d := time.Since(began); d != 3*time.Second {
				t.Errorf("after %v", d)
			}
		})
		synctest.Wait() // it is in the middle of its write: whoever comes now has to wait
		wg.Go(func() {
			time.Sleep(time.Second)
			outcome(t, "queued", c.Send(t.Context(), big), exchange.ErrNotSent, exchange.ErrUnavailable)
		})
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			outcome(t, "queued for less", c.Send(ctx, big), exchange.ErrNotSent, context.DeadlineExceeded)
		})
		wg.Wait()
		if err := <-c.done; err == nil || exchange.OutcomeOf(err) != exchange.ErrOutcomeUnknown || errors.Is(err, exchange.ErrOutcomeUnknown) {
			t.Errorf("Run: %v", err)
		}
		outcome(t, "afterwards", c.Send(t.Context(), []byte("x")), exchange.ErrNotSent, exchange.ErrUnavailable)
	})
}

func TestLateAnswersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{})
		_ = c.Send(t.Context(), []byte("mute"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.ask(ctx, "x")
		outcome(t, "call", err, exchange.ErrOutcomeUnknown)
		v.say("answer x")
		v.say("answer of nothing")
		synctest.Wait()
		if n := c.Stats().Late; n != 2 {
			t.Errorf("%d late answers, want 2", n)
		}
		if c.Answer("x", nil) {
			t.Error("an answer found a call that has left")
		}
		c.end(t, context.Canceled)
	})
}

// A queue of openings is paced; a cancel goes before them all, and a heartbeat waits for none.
func TestUrgentCallsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{Rate: 2, PingInterval: 1600 * time.Millisecond, PongWait: time.Minute})
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() { _, _ = c.ask(t.Context(), "open"+strconv.Itoa(i)) })
			synctest.Wait()
		}
		time.Sleep(100 * time.Millisecond)
		wg.Go(func() { _, _ = c.CallUrgent(t.Context(), "cancel", []byte("ask cancel")) })
		wg.Wait()
		var log []string
		for _, e := range v.got() {
			log = append(log, fmt.Sprintf("%v %s", e.at, strings.TrimPrefix(e.text, "ask ")))
		}
		want := []string{"0s open0", "500ms cancel", "1s open1", "1.5s open2", "1.6s PING ", "2.5s open3", "3s open4", "3.2s PING ", "4s open5"}
		if !slices.Equal(log, want) {
			t.Errorf("got  %q\nwant %q", log, want)
		}
		c.end(t, context.Canceled)
	})
}

// A quarter of the burst is not for ordinary messages.
func TestBurstHasAReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{Rate: 1, Burst: 4, MaxCalls: 8})
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() { _, _ = c.ask(t.Context(), strconv.Itoa(i)) })
			synctest.Wait() // three go at once, seven wait
		}
		_, err := c.ask(t.Context(), "one too many")
		outcome(t, "one too many", err, exchange.ErrNotSent, exchange.ErrRateLimited)
		if _, err := c.CallUrgent(t.Context(), "cancel", []byte("ask cancel")); err != nil {
			t.Error(err)
		}
		wg.Wait()
		var at []time.Duration
		for _, e := range v.got() {
			at = append(at, e.at.Round(time.Millisecond))
		}
		s := time.Second
		if want := []time.Duration{0, 0, 0, 0, 2 * s, 3 * s, 4 * s, 5 * s, 6 * s, 7 * s, 8 * s}; !slices.Equal(at, want) {
			t.Errorf("sent at %v, want %v", at, want)
		}
		c.end(t, context.Canceled)
	})
}

// An urgent call that gives up leaves its turn to the others.
func TestUrgentCallThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := open(t)
		c := v.dial(ws.Config{Rate: 1})
		_ = c.Send(t.Context(), []byte("first"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		_, err := c.CallUrgent(ctx, "x", []byte("ask x"))
		outcome(t, "urgent", err, exchange.ErrNotSent, context.Canceled)
		_, _ = c.ask(t.Context(), "y")
		if log := v.got(); len(log) != 2 || log[1].at != time.Second {
			t.Errorf("%v", log)
		}
		c.end(t, context.Canceled)
	})
}
