package pipe

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// New is net.Pipe with a buffer of size bytes each way, as a kernel has: a write that fits does not wait for the reader. Both ends are
// safe for concurrent use, honour deadlines, and all waiting is on a sync.Cond, so time goes on in a synctest bubble.
//
// As with a socket, closing one end lets the other read what was already written, then io.EOF; its writes fail with
// io.ErrClosedPipe. The closed end itself fails with net.ErrClosed.
func New(size int) (net.Conn, net.Conn) {
	a, b := newHalf(size), newHalf(size)
	return &conn{r: a, w: b}, &conn{r: b, w: a}
}

// half is one direction. Its mutex is held for copies and never over a wait other than the condition's own.
type half struct {
	mu           sync.Mutex
	cond         sync.Cond
	buf          []byte
	size         int
	readerClosed bool
	writerClosed bool
	read, write  deadline
}

type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) past() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func newHalf(size int) *half {
	h := &half{size: max(1, size)}
	h.cond.L = &h.mu
	return h
}

// set moves a deadline of h, and wakes who waits: the new one may be in the past.
func (h *half) set(d *deadline, at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerClosed && d == &h.read || h.writerClosed && d == &h.write {
		return net.ErrClosed
	}
	d.stop()
	d.at = at
	if wait := time.Until(at); !at.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, h.wake)
	}
	h.cond.Broadcast()
	return nil
}

// wake takes the mutex first: else it could fall between a waiter's look at the clock and its Wait, and be lost.
func (h *half) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cond.Broadcast()
}

func (h *half) get(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readerClosed:
			return 0, net.ErrClosed
		case h.read.past():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[:copy(h.buf, h.buf[n:])]
			h.cond.Broadcast()
			return n, nil
		case h.writerClosed:
			return 0, io.EOF
		}
		h.cond.Wait()
	}
}

func (h *half) put(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.writerClosed:
			return n, net.ErrClosed
		case h.readerClosed:
			return n, io.ErrClosedPipe
		case h.write.past():
			return n, os.ErrDeadlineExceeded
		case n == len(p):
			return n, nil
		case len(h.buf) < h.size:
			k := min(len(p)-n, h.size-len(h.buf))
			h.buf = append(h.buf, p[n:n+k]...)
			n += k
			h.cond.Broadcast()
			continue
		}
		h.cond.Wait()
	}
}

// close marks one end as gone; reader says which.
func (h *half) close(reader bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if reader {
		h.readerClosed = true
		h.read.stop()
	} else {
		h.writerClosed = true
		h.write.stop()
	}
	h.cond.Broadcast()
}

type conn struct{ r, w *half }

func (c *conn) Read(p []byte) (int, error)  { return c.r.get(p) }
func (c *conn) Write(p []byte) (int, error) { return c.w.put(p) }

func (c *conn) Close() error {
	c.r.close(true)
	c.w.close(false)
	return nil
}

func (c *conn) LocalAddr() net.Addr                { return addr{} }
func (c *conn) RemoteAddr() net.Addr               { return addr{} }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.r.set(&c.r.read, t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.w.set(&c.w.write, t) }

func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe:80" }
