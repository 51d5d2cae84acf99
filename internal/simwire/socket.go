package simwire

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Ending is why a socket ended.
type Ending string

const (
	EndPeer    Ending = "the client has gone"
	EndClosed  Ending = "closed by the venue"
	EndDropped Ending = "dropped"
	EndSlow    Ending = "the client reads too slowly"
	EndPong    Ending = "a ping was not answered"
	EndIdle    Ending = "silent for too long"
	EndAge     Ending = "open for too long"
	EndRate    Ending = "too many messages"
	EndFault   Ending = "cut by a fault"
)

// SocketConfig is how a venue treats a socket. The zero value has no heartbeat and no limits but those of size.
type SocketConfig struct {
	MaxMessage int64         // what the client may send at once; larger is closed with 1009. Default 1 MiB
	Queue      int           // frames that may wait to be written; one more, and the client is too slow. Default 65,536
	QueueBytes int           // what waiting frames may come to, where it is more than one. Default 32 MiB
	WriteWait  time.Duration // how long one write may take; then the client is too slow. Default 10 s

	PingEvery time.Duration // 0: no pings
	PongWait  time.Duration // a ping that is not answered within it ends the connection. Default PingEvery

	Idle      time.Duration // silence of the client that ends the connection; 0: it may be silent
	PushKeeps bool          // what the venue sends breaks the silence, too

	MaxAge time.Duration // 0: none
	// Notice runs NoticeFor before MaxAge, on the socket's writer: it may Send.
	Notice    func(*Socket)
	NoticeFor time.Duration

	Messages int           // of the client, control frames counted too, that are taken in Per; 0: any number
	Per      time.Duration // default 1 s
	// TooMany is asked about each message beyond them; false ends the connection, as does no TooMany at all.
	TooMany func(*Socket) bool

	// Code is the close code and its words for an Ending of the venue's; code 0: none, the connection is just gone. It may Send what comes
	// before. nil: 1001 for age, 1008 for the rest.
	Code func(*Socket, Ending) (code int, text string)
}

func (c *SocketConfig) setDefaults() {
	if c.MaxMessage == 0 {
		c.MaxMessage = 1 << 20
	}
	if c.Queue == 0 {
		c.Queue = 1 << 16 // one look of one topic can tell as much as the engine keeps of events
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = 32 << 20
	}
	if c.WriteWait == 0 {
		c.WriteWait = 10 * time.Second
	}
	if c.PongWait == 0 {
		c.PongWait = c.PingEvery
	}
	if c.Per == 0 {
		c.Per = time.Second
	}
	if c.Code == nil {
		c.Code = func(_ *Socket, e Ending) (int, string) {
			if e == EndAge {
				return websocket.CloseGoingAway, ""
			}
			return websocket.ClosePolicyViolation, string(e)
		}
	}
}

// closeWait is how long the client has to answer a close frame.
const closeWait = time.Second

// Socket is the venue's end of one WebSocket. Run reads; a goroutine of its own writes, so that no sender ever waits for the client. It is
// safe for concurrent use.
type Socket struct {
	cfg   SocketConfig
	hosts *Hosts
	conn  *websocket.Conn
	done  chan struct{}
	deaf  chan struct{} // closed when nobody reads any more
	kick  chan struct{} // wakes the writer
	wg    sync.WaitGroup

	rate   fixed         // of Run's goroutine
	before chan struct{} // of Run's goroutine: closed when the last request has been executed; nil: none had to travel

	mu    sync.Mutex // never held over I/O or a callback
	queue queue
	over  bool // done is closed
}

// Upgrade makes r's connection a Socket. When it cannot, the client has been told, and the error says why. Until Run is called nothing is
// read or written.
func (h *Hosts) Upgrade(w http.ResponseWriter, r *http.Request, cfg SocketConfig) (*Socket, error) {
	cfg.setDefaults()
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s := &Socket{cfg: cfg, hosts: h, conn: conn, done: make(chan struct{}), deaf: make(chan struct{}), kick: make(chan struct{}, 1)}
	s.rate = fixed{per: cfg.Per, from: now}
	s.queue = queue{limit: cfg.Queue, most: cfg.QueueBytes, beat: newBeat(&cfg, now)}
	conn.SetReadLimit(cfg.MaxMessage)
	conn.SetPingHandler(func(data string) error {
		if s.hear(false) {
			s.change(func(q *queue) { q.urge(frame{kind: websocket.PongMessage, data: []byte(data)}) })
		}
		return nil
	})
	conn.SetPongHandler(func(string) error { s.hear(true); return nil })
	conn.SetCloseHandler(func(code int, _ string) error {
		s.change(func(q *queue) { q.answerClose(websocket.FormatCloseMessage(code, "")) })
		return nil
	})
	if !h.enter(s) {
		s.Drop(EndDropped)
	}
	return s, nil
}

// Run reads until the connection ends and says why it did; then all of the socket's goroutines have ended. handle gets each text message,
// on this goroutine, one after the other; the bytes are its own during the call only.
func (s *Socket) Run(handle func(text []byte)) Ending {
	s.wg.Go(s.write)
	s.read(handle)
	close(s.deaf)
	s.change(func(q *queue) { q.drain = true })
	s.wg.Wait() // the writer lets Done end, and with it the rest
	s.hosts.leave(s)
	return s.Ending()
}

func (s *Socket) read(handle func([]byte)) {
	var buf []byte
	for {
		kind, r, err := s.conn.NextReader()
		if err != nil {
			return
		}
		if buf, err = readInto(buf[:0], r); err != nil {
			return
		}
		if s.hear(false) && kind == websocket.TextMessage {
			handle(buf)
		}
	}
}

func readInto(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// hear notes that the client has said something, and reports whether it is to be heeded: not when it is too much, nor when the end has come.
func (s *Socket) hear(pong bool) bool {
	now := time.Now()
	s.mu.Lock()
	s.queue.beat.hear(now, pong)
	ended := s.queue.ending != ""
	s.mu.Unlock()
	switch {
	case ended:
		return false
	case s.cfg.Messages == 0 || s.rate.add(now, 1) <= s.cfg.Messages || s.cfg.TooMany != nil && s.cfg.TooMany(s):
		return true
	}
	s.End(EndRate)
	return false
}

// Done is closed when the connection has ended.
func (s *Socket) Done() <-chan struct{} { return s.done }

// Ending is why it has ended, or is about to; "" while it lives.
func (s *Socket) Ending() (e Ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.ending
}

// Go runs f on a goroutine that Run waits for; f must end when Done is closed. It is for handle, and for before Run.
func (s *Socket) Go(f func()) { s.wg.Go(f) }

// Send lets the client have a text, behind what waits already; the bytes are the socket's from now on. It does not wait. It is false when the
// connection is about to end, or ends now because too much waits.
func (s *Socket) Send(text []byte) bool {
	return s.change(func(q *queue) { q.add(frame{kind: websocket.TextMessage, data: text}) })
}

// End lets the connection end for a reason of the venue's: what waits is written, then a close frame (see SocketConfig.Code).
func (s *Socket) End(e Ending) {
	if s.Ending() != "" {
		return
	}
	code, text := s.cfg.Code(s, e)
	s.change(func(q *queue) { q.close(e, code, text) })
}

// Close lets the connection end in good form, behind what waits.
func (s *Socket) Close(code int, text string) {
	s.change(func(q *queue) { q.close(EndClosed, code, text) })
}

// Drop cuts the connection at once, without a word; what waits is lost.
func (s *Socket) Drop(e Ending) {
	s.finish(e)
	s.conn.NetConn().Close()
}

// change does something to the queue, lets the writer know, and reports whether the socket takes more.
func (s *Socket) change(f func(*queue)) bool {
	s.mu.Lock()
	f(&s.queue)
	open, slow := s.queue.ending == "" && !s.queue.full, s.queue.full
	s.mu.Unlock()
	if slow { // the writer may be in the middle of a write that nobody takes
		_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(closeWait))
	}
	select {
	case s.kick <- struct{}{}:
	default: // it is awake already
	}
	return open
}

// finish lets Done, and with it the writer, end.
func (s *Socket) finish(e Ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.ending == "" {
		s.queue.ending = e
	}
	if !s.over {
		s.over = true
		close(s.done)
	}
}
