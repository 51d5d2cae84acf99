package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
)

// ErrClosed is the cause of a connection that was closed without another one.
var ErrClosed = errors.New("ws: closed")

// Conn is one connection, from [Dial]. Its caller runs [Conn.Run] once and may Send and Call from other goroutines meanwhile; who does
// not run it must Close it. It is safe for concurrent use.
type Conn struct {
	cfg   Config
	raw   net.Conn
	ws    *websocket.Conn
	pace  *pacer
	token chan struct{} // whoever has put into it may write a message
	pings chan string   // the venue's newest unanswered ping; an older one need not be answered (RFC 6455, 5.5.3)
	beat  atomic.Int64  // when the last message was read, in nanoseconds since 1970

	done chan struct{} // closed once cause is set
	once sync.Once
	end  error // why it ended; to be read after done

	mu    sync.Mutex // guards calls; never held over I/O
	calls map[string]chan []byte

	n counters
}

type counters struct{ received, sent, calls, late, beats atomic.Uint64 }

// Stats counts since Dial.
type Stats struct {
	Received   uint64 // messages, control frames left out
	Sent       uint64 // messages of Send and Call
	Calls      uint64 // of those, calls
	Late       uint64 // answers to nobody: the caller had left, or there was no such call
	Heartbeats uint64 // frames or texts
}

func newConn(cfg Config) *Conn {
	return &Conn{
		cfg: cfg, pace: newPacer(cfg.Rate, cfg.Burst), token: make(chan struct{}, 1), pings: make(chan string, 1),
		done: make(chan struct{}), calls: map[string]chan []byte{},
	}
}

func (c *Conn) attach(conn *websocket.Conn) {
	c.ws = conn
	conn.SetReadLimit(c.cfg.MaxMessage)
	conn.SetPingHandler(func(payload string) error {
		c.ping(payload)
		return c.alive(time.Now())
	})
	conn.SetPongHandler(func(string) error { return c.alive(time.Now()) })
	_ = c.alive(time.Now()) // a failure shows at the first read
}

// Run reads until the connection ends: by ctx, by Close, by an error of onMessage or of the socket; the first of them is what it returns,
// never nil. onMessage runs on Run's goroutine, and data is its own during the call only; it must not wait for a Call, whose answer it
// alone can bring. When Run returns, no goroutine of it is left and all calls have failed.
func (c *Conn) Run(ctx context.Context, onMessage func(at time.Time, data []byte) error) error {
	unhook := context.AfterFunc(ctx, func() { c.Close(ctx.Err()) })
	defer unhook()
	var wg sync.WaitGroup
	wg.Go(c.keepAlive)
	c.Close(c.read(onMessage))
	wg.Wait()
	return c.end
}

// Close ends the connection; the first cause is kept. It does not wait, and may be called at any time, by onMessage too. Nil stands for
// ErrClosed.
func (c *Conn) Close(cause error) {
	c.once.Do(func() {
		if cause == nil {
			cause = ErrClosed
		}
		c.end = cause
		close(c.done)
		c.raw.Close()
	})
}

// Alive is when the last message was read, control frames included: until then the venue was heard. Before Run it is when the handshake
// was done.
func (c *Conn) Alive() time.Time { return time.Unix(0, c.beat.Load()) }

// Stats counts what has happened.
func (c *Conn) Stats() Stats {
	return Stats{
		Received: c.n.received.Load(), Sent: c.n.sent.Load(), Calls: c.n.calls.Load(), Late: c.n.late.Load(), Heartbeats: c.n.beats.Load(),
	}
}

// alive moves the time at which the connection counts as dead.
func (c *Conn) alive(now time.Time) error {
	c.beat.Store(now.UnixNano())
	return c.ws.SetReadDeadline(now.Add(c.cfg.PongWait))
}

// ping hands the venue's ping to keepAlive; the newest takes the place of one not yet answered. Only the reader sends here.
func (c *Conn) ping(payload string) {
	select {
	case <-c.pings:
	default:
	}
	c.pings <- payload
}

func (c *Conn) read(onMessage func(at time.Time, data []byte) error) error {
	buf := make([]byte, 0, readBuffer)
	for {
		_, r, err := c.ws.NextReader()
		if err != nil {
			return fmt.Errorf("ws: read: %w", err)
		}
		at := time.Now()
		if err := c.alive(at); err != nil {
			return fmt.Errorf("ws: read: %w", err)
		}
		if buf, err = readAll(r, buf[:0]); err != nil {
			return fmt.Errorf("ws: read: %w", err)
		}
		c.n.received.Add(1)
		if err := onMessage(at, buf); err != nil {
			return err
		}
	}
}

func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// keepAlive answers pings and sends heartbeats, whatever else goes on.
func (c *Conn) keepAlive() {
	beat := time.NewTicker(c.cfg.PingInterval)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-c.done:
			return
		case payload := <-c.pings:
			c.pace.take()
			err = c.ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(c.cfg.WriteWait))
		case <-beat.C:
			c.pace.take()
			c.n.beats.Add(1)
			err = c.heartbeat()
		}
		if err != nil {
			c.Close(fmt.Errorf("ws: heartbeat: %w", err))
		}
	}
}

func (c *Conn) heartbeat() error {
	if c.cfg.Heartbeat == nil {
		return c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.cfg.WriteWait))
	}
	select {
	case c.token <- struct{}{}: // a writer that stalls ends the connection within WriteWait
	case <-c.done:
		return c.end
	}
	return c.write(c.cfg.Heartbeat())
}

// write writes one message and gives the token back. A failure ends the connection before the next in line may write.
func (c *Conn) write(frame []byte) error {
	defer func() { <-c.token }()
	err := c.ws.SetWriteDeadline(time.Now().Add(c.cfg.WriteWait))
	if err == nil {
		err = c.ws.WriteMessage(websocket.TextMessage, frame)
	}
	if err != nil {
		c.Close(fmt.Errorf("ws: write: %w", err))
	}
	return err
}

// notSent is an error from before the first byte.
func notSent(class, cause error) error {
	if class == nil {
		return fmt.Errorf("ws: %w: %w", exchange.ErrNotSent, plain(cause))
	}
	return fmt.Errorf("ws: %w: %w: %w", exchange.ErrNotSent, class, plain(cause))
}

// unknown is an error from after it.
func unknown(cause error) error {
	return fmt.Errorf("ws: %w: %w", exchange.ErrOutcomeUnknown, plain(cause))
}

// plain keeps an outcome in the cause, which is of another message, from passing for this one's.
func plain(cause error) error {
	for _, o := range []error{exchange.ErrNotSent, exchange.ErrRejected, exchange.ErrOutcomeUnknown} {
		if errors.Is(cause, o) {
			return errors.New(cause.Error())
		}
	}
	return cause
}
