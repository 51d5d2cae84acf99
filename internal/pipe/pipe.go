// Package pipe is a network in memory for tests inside synctest bubbles: a buffered net.Pipe, and a listener with its dialer over it.
//
// net.Pipe itself has no buffer: two peers that ping each other at one moment both wait for the other to read. A real socket does
// not do that, so neither does this. Everything must be made inside the bubble that uses it.
package pipe

import (
	"context"
	"net"
	"sync"
)

// bufferSize is what a connection holds each way: more than any frame of a test, less than a stalled peer could hide behind.
const bufferSize = 64 << 10

// Listener accepts what its Dial connects. It is safe for concurrent use.
type Listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// Listen makes a Listener without a backlog: Dial waits until Accept takes the connection.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept waits for the next connection; after Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Connections already made live on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr is a fixed address.
func (l *Listener) Addr() net.Addr { return addr{} }

// Dial connects to the listener, whatever the address. It has the form of net.Dialer.DialContext.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	a, b := New(bufferSize)
	select {
	case l.conns <- b:
		return a, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: addr{}, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
