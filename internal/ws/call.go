package ws

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// Send writes one message. An error wraps exchange.ErrNotSent while nothing was written: ctx ended, or would end, in the pacer's queue,
// or the connection has ended. After the write began a failure wraps exchange.ErrOutcomeUnknown and ends the connection. The write itself
// is bounded by WriteWait, not by ctx.
func (c *Conn) Send(ctx context.Context, frame []byte) error { return c.send(ctx, frame, false) }

// Call sends frame and waits for the [Conn.Answer] with its id. It writes once and never again. An error wraps exchange.ErrNotSent when
// nothing was written (and exchange.ErrConflict for an id that is in flight already, exchange.ErrRateLimited for a call beyond
// MaxCalls or a pacer's queue longer than ctx), exchange.ErrOutcomeUnknown when ctx or the connection ended without an answer. Whether
// the answer is good news is for the caller to read.
func (c *Conn) Call(ctx context.Context, id string, frame []byte) ([]byte, error) {
	return c.call(ctx, id, frame, false)
}

// CallUrgent is Call before all others that wait for the pacer: for cancels and what else protects.
func (c *Conn) CallUrgent(ctx context.Context, id string, frame []byte) ([]byte, error) {
	return c.call(ctx, id, frame, true)
}

// Answer hands a copy of data to the call with this id, and reports whether one was waiting. An answer to nobody is counted.
func (c *Conn) Answer(id string, data []byte) bool {
	c.mu.Lock()
	wait, ok := c.calls[id]
	delete(c.calls, id)
	c.mu.Unlock()
	if !ok {
		c.n.late.Add(1)
		return false
	}
	wait <- bytes.Clone(data) // has room: each is sent to once
	return true
}

func (c *Conn) call(ctx context.Context, id string, frame []byte, urgent bool) ([]byte, error) {
	wait, err := c.register(id, urgent)
	if err != nil {
		return nil, err
	}
	defer c.forget(id, wait)
	if err := c.send(ctx, frame, urgent); err != nil {
		return nil, err
	}
	c.n.calls.Add(1)
	select {
	case data := <-wait:
		return data, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.done:
		err = c.end
	}
	select {
	case data := <-wait: // both at once: what is known counts
		return data, nil
	default:
		return nil, unknown(err)
	}
}

func (c *Conn) register(id string, urgent bool) (chan []byte, error) {
	bound := c.cfg.MaxCalls
	if !urgent {
		bound -= c.cfg.MaxCalls / 8
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.calls[id] != nil:
		return nil, notSent(exchange.ErrConflict, fmt.Errorf("call %.40q is in flight", id))
	case len(c.calls) >= bound:
		return nil, notSent(exchange.ErrRateLimited, fmt.Errorf("%d calls in flight", len(c.calls)))
	}
	wait := make(chan []byte, 1)
	c.calls[id] = wait
	return wait, nil
}

// forget takes the call off the list; once it was answered, the id may be another's already.
func (c *Conn) forget(id string, wait chan []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[id] == wait {
		delete(c.calls, id)
	}
}

func (c *Conn) send(ctx context.Context, frame []byte, urgent bool) error {
	err := c.pace.wait(ctx, c.done, urgent)
	if err == nil {
		err = c.mayWrite(ctx)
	}
	switch {
	case errors.Is(err, errDone):
		return notSent(exchange.ErrUnavailable, c.end)
	case err != nil:
		return notSent(nil, err)
	}
	c.n.sent.Add(1)
	if err := c.write(frame); err != nil {
		return unknown(fmt.Errorf("write: %w", err))
	}
	return nil
}

// mayWrite waits for the token. It fails when the connection has ended meanwhile.
func (c *Conn) mayWrite(ctx context.Context) error {
	select {
	case c.token <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return errDone
	}
	select {
	case <-c.done:
		<-c.token
		return errDone
	default:
		return nil
	}
}
