package simwire

import (
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// write is the socket's writer: nobody else writes.
func (s *Socket) write() {
	defer s.conn.NetConn().Close()
	defer s.finish(EndPeer)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.mu.Lock()
		st := s.queue.next(time.Now())
		over := s.over
		s.mu.Unlock()
		switch {
		case over || st.do == toStop:
			return
		case st.do == toWrite:
			if !s.put(timer, st.frame) {
				return
			}
		case st.do == toTell:
			s.cfg.Notice(s)
		case st.do == toEnd:
			s.giveUp(st.why)
		default:
			s.rest(timer, st.until)
		}
	}
}

// rest waits until then, or until there is something to do. The zero time is never.
func (s *Socket) rest(timer *time.Timer, until time.Time) {
	var due <-chan time.Time
	if !until.IsZero() {
		timer.Reset(time.Until(until))
		due = timer.C
	}
	select {
	case <-s.kick:
	case <-due:
	case <-s.done:
	}
}

// giveUp is End on the writer; a client that is too slow gets its close frame now or never.
func (s *Socket) giveUp(e Ending) {
	s.mu.Lock()
	s.queue.full = false
	s.mu.Unlock()
	s.End(e)
}

// put writes one frame; false when it was the last.
func (s *Socket) put(timer *time.Timer, f frame) bool {
	switch f.fault {
	case sim.Stall:
		if !s.stall(timer, f.hold) {
			return false
		}
	case sim.Cut:
		s.cut(f.data)
		return false
	}
	if f.kind == websocket.CloseMessage && f.data == nil {
		return false
	}
	wait := s.cfg.WriteWait
	if f.kind == websocket.CloseMessage {
		wait = min(wait, closeWait)
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(wait))
	if err := s.conn.WriteMessage(f.kind, f.data); err != nil {
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			s.finish(EndSlow)
		}
		return false
	}
	if f.kind == websocket.CloseMessage || s.cfg.PushKeeps && f.kind == websocket.TextMessage {
		s.mu.Lock()
		if f.kind == websocket.CloseMessage {
			s.queue.closed = time.Now()
		}
		s.queue.beat.heard = time.Now()
		s.mu.Unlock()
	}
	return true
}

// stall keeps the writer from everything for d; 0: for as long as the connection lives.
func (s *Socket) stall(timer *time.Timer, d time.Duration) bool {
	var due <-chan time.Time
	if d > 0 {
		timer.Reset(d)
		due = timer.C
	}
	select {
	case <-due:
		return true
	case <-s.deaf: // the client has given up
	case <-s.done:
	}
	return false
}

// cut writes half of a text frame, and ends the connection.
func (s *Socket) cut(text []byte) {
	b := []byte{0x80 | websocket.TextMessage} // final; a server's frames are not masked
	switch n := len(text); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	c := s.conn.NetConn()
	_ = c.SetWriteDeadline(time.Now().Add(s.cfg.WriteWait))
	_, _ = c.Write(append(b, text[:len(text)/2]...))
	s.finish(EndFault)
}
