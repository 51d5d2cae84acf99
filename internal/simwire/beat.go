package simwire

import (
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

// beat is what a socket does by the clock: pings, and the ends that silence and age bring.
type beat struct {
	every, wait time.Duration
	idle        time.Duration
	ping        time.Time // the next one; zero: never
	asked       time.Time // when the oldest ping without an answer was sent
	heard       time.Time // when the silence was last broken
	notice, age time.Time
}

func newBeat(c *SocketConfig, now time.Time) beat {
	b := beat{every: c.PingEvery, wait: c.PongWait, idle: c.Idle, heard: now}
	if c.PingEvery > 0 {
		b.ping = now.Add(c.PingEvery)
	}
	if c.MaxAge > 0 {
		b.age = now.Add(c.MaxAge)
		if c.Notice != nil {
			b.notice = b.age.Add(-c.NoticeFor)
		}
	}
	return b
}

func (b *beat) hear(now time.Time, pong bool) {
	b.heard = now
	if pong {
		b.asked = time.Time{}
	}
}

func (b *beat) next(now time.Time) step {
	st := step{}
	due := func(t time.Time) bool {
		if t.IsZero() {
			return false
		}
		st.until = sooner(st.until, t)
		return !t.After(now)
	}
	after := func(t time.Time, d time.Duration) time.Time {
		if t.IsZero() || d <= 0 {
			return time.Time{}
		}
		return t.Add(d)
	}
	switch {
	case due(b.age):
		return step{do: toEnd, why: EndAge}
	case due(after(b.asked, b.wait)):
		return step{do: toEnd, why: EndPong}
	case due(after(b.heard, b.idle)):
		return step{do: toEnd, why: EndIdle}
	case due(b.notice):
		b.notice = time.Time{}
		return step{do: toTell}
	case due(b.ping):
		b.ping = now.Add(b.every)
		if b.asked.IsZero() {
			b.asked = now
		}
		return step{do: toWrite, frame: frame{kind: websocket.PingMessage, data: strconv.AppendInt(nil, now.UnixMilli(), 10)}}
	}
	return st
}
