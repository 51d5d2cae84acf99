package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// readBuffer makes a burst of messages one system call, and is the first size of the buffer that messages are gathered in.
const readBuffer = 64 << 10

// conn is one connection's life: a reader, which is Run's goroutine, and a writer.
type conn struct {
	s     *Session
	ws    *websocket.Conn
	pings chan string   // the venue's newest unanswered ping; an older one need not be answered (RFC 6455, 5.5.3)
	limit *rate.Limiter // client messages; heartbeats and pongs take from it but never wait for it
	good  bool          // something was subscribed: the next failure is a new one
}

// connect lives through one connection; good says whether it was worth having.
func (s *Session) connect(ctx context.Context) (good bool, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := &conn{s: s, pings: make(chan string, 1), limit: rate.NewLimiter(rate.Inf, 1)}
	if s.spec.Rate > 0 {
		c.limit.SetLimit(rate.Limit(s.spec.Rate))
	}
	release, err := c.dial(ctx)
	defer func() { release() }()
	if err != nil {
		s.disconnected(err)
		return false, err
	}
	s.n.connects.Add(1)
	s.reset(true)
	if h := s.cfg.Hooks.Connected; h != nil {
		h()
	}

	var wg sync.WaitGroup
	wg.Go(func() { stop(c.write(ctx)) }) // a nil cause is ctx's own end
	err = c.read()
	stop(err)
	err = context.Cause(ctx) // of two errors the first is the reason
	s.cfg.Decoder.Lost(time.Now(), err)
	wg.Wait()
	s.n.disconnects.Add(1)
	s.reset(false)
	s.disconnected(err)
	return c.good, err
}

func (s *Session) disconnected(err error) {
	if h := s.cfg.Hooks.Disconnected; h != nil {
		h(err)
	}
}

func (s *Session) reset(failures bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.topics.reset(failures)
	s.settled.Store(false)
}

// dial connects and shakes hands. From the first byte on, the end of ctx closes the socket: gorilla itself does not look at ctx during
// the handshake. release undoes that, closes the socket, and must be called in any case.
func (c *conn) dial(ctx context.Context) (release func(), err error) {
	release = func() {}
	dialer := websocket.Dialer{
		ReadBufferSize:   readBuffer,
		HandshakeTimeout: c.s.cfg.HandshakeTimeout,
		NetDialContext: func(dctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := c.s.cfg.NetDial(dctx, network, addr)
			if err != nil {
				return nil, err
			}
			closed := make(chan struct{})
			unhook := context.AfterFunc(ctx, func() { nc.Close(); close(closed) })
			release = func() {
				if !unhook() {
					<-closed
				}
				nc.Close()
			}
			return nc, nil
		},
	}
	ws, resp, err := dialer.DialContext(ctx, c.s.spec.URL, c.s.spec.Header) //nolint:bodyclose // gorilla: it need not be closed
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return release, ctx.Err()
	case resp != nil:
		return release, fmt.Errorf("feed: handshake: %w: status %d", err, resp.StatusCode)
	default:
		return release, fmt.Errorf("feed: dial: %w", err)
	}
	c.ws = ws
	ws.SetReadLimit(c.s.cfg.MaxMessage)
	ws.SetPingHandler(func(payload string) error {
		c.ping(payload)
		return c.alive(time.Now())
	})
	ws.SetPongHandler(func(string) error {
		c.s.n.pongs.Add(1)
		return c.alive(time.Now())
	})
	return release, c.alive(time.Now())
}

// alive moves the time at which the connection counts as dead.
func (c *conn) alive(now time.Time) error { return c.ws.SetReadDeadline(now.Add(c.s.cfg.PongWait)) }

// ping hands the venue's ping to the writer; the newest takes the place of one not yet answered. Only the reader sends here.
func (c *conn) ping(payload string) {
	select {
	case <-c.pings:
	default:
	}
	c.pings <- payload
}

func (c *conn) read() error {
	buf := make([]byte, 0, readBuffer)
	for {
		_, r, err := c.ws.NextReader()
		if err != nil {
			return fmt.Errorf("feed: read: %w", err)
		}
		at := time.Now()
		if err := c.alive(at); err != nil {
			return fmt.Errorf("feed: read: %w", err)
		}
		if buf, err = readAll(r, buf[:0]); err != nil {
			return fmt.Errorf("feed: read: %w", err)
		}
		c.s.n.messages.Add(1)
		c.s.n.bytes.Add(uint64(len(buf)))
		m, err := c.s.cfg.Decoder.Frame(at, buf)
		if err != nil {
			c.s.n.badFrames.Add(1)
			return fmt.Errorf("feed: %w", err)
		}
		if h := c.s.cfg.Hooks.Message; h != nil {
			h(at, m, len(buf))
		}
		if err := c.handle(at, m); err != nil {
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

func (c *conn) handle(at time.Time, m Message) error {
	switch m.Kind {
	case Other:
		return nil
	case Pong:
		c.s.n.pongs.Add(1)
		return nil
	case Reconnect:
		return fmt.Errorf("feed: %w", errReconnect)
	case Data:
		c.good = true
		if c.s.settled.Load() {
			return nil
		}
	case Resubscribe:
		c.s.n.resubscribe.Add(1)
	case Refused:
		c.s.n.refused.Add(1)
	}
	s := c.s
	s.mu.Lock()
	changes := s.topics.apply(at, m)
	s.settled.Store(s.topics.settled())
	s.mu.Unlock()
	for _, x := range changes {
		c.good = c.good || x.state == TopicActive
	}
	if m.Kind != Data {
		s.wake()
	}
	return s.report(changes)
}

// write is the only writer. Heartbeats, pongs and requests are written here as each falls due; none waits for another's cause.
func (c *conn) write(ctx context.Context) error {
	beat := time.NewTicker(c.s.cfg.PingInterval)
	defer beat.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case payload := <-c.pings:
			c.limit.ReserveN(time.Now(), 1)
			if err := c.ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(c.s.cfg.WriteWait)); err != nil {
				return fmt.Errorf("feed: pong: %w", err)
			}
			c.s.n.answered.Add(1)
		case <-beat.C:
			if err := c.heartbeat(); err != nil {
				return fmt.Errorf("feed: ping: %w", err)
			}
		case <-c.s.kick:
		case <-timer.C:
		}
		wait, err := c.request(time.Now())
		if err != nil {
			return err
		}
		timer.Reset(wait)
	}
}

func (c *conn) heartbeat() error {
	c.limit.ReserveN(time.Now(), 1)
	c.s.n.pings.Add(1)
	if text := c.s.spec.Heartbeat.Text; text != nil {
		return c.send(text)
	}
	return c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.s.cfg.WriteWait))
}

func (c *conn) send(frame []byte) error {
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.s.cfg.WriteWait)); err != nil {
		return err
	}
	if err := c.ws.WriteMessage(websocket.TextMessage, frame); err != nil {
		return err
	}
	if h := c.s.cfg.Hooks.Sent; h != nil {
		h(frame)
	}
	return nil
}

// request sends at most one request, and tells when to look again.
func (c *conn) request(now time.Time) (wait time.Duration, err error) {
	const never = time.Hour
	s := c.s
	s.mu.Lock()
	changes := s.topics.expire(now)
	var r request
	var again time.Time
	token := c.limit.ReserveN(now, 1)
	if wait = token.DelayFrom(now); wait == 0 {
		r, again = s.topics.next(now)
	}
	if len(r.topics) == 0 {
		token.CancelAt(now)
	}
	s.settled.Store(s.topics.settled())
	s.mu.Unlock()
	if err := s.report(changes); err != nil {
		return 0, err
	}
	switch {
	case len(r.topics) > 0:
		frame := s.cfg.Protocol.Subscribe
		if r.leave {
			frame = s.cfg.Protocol.Unsubscribe
		}
		s.n.requests.Add(1)
		if err := c.send(frame(r.id, r.topics)); err != nil {
			return 0, fmt.Errorf("feed: request: %w", err)
		}
		return 0, nil
	case wait > 0:
		return wait, nil
	case again.IsZero():
		return never, nil
	}
	return max(0, again.Sub(now)), nil
}
