package simwire

import (
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// frame is one message on its way to the client.
type frame struct {
	kind  int // websocket.TextMessage, ...
	data  []byte
	due   time.Time
	topic string
	fault sim.Fault // that strikes at the write: Stall, Cut
	hold  time.Duration
}

// queue is what waits for the writer, and when it has to act by itself. It is pure: all times are given.
type queue struct {
	limit  int     // frames
	most   int     // bytes
	bytes  int     // of frames and held
	frames []frame // oldest first; what is due waits for what is before it
	urgent []frame // control frames, which go first
	held   []frame // changes places with the next of its topic, or goes when due
	last   time.Time
	full   bool // more waited than may
	drain  bool // nobody reads any more: write what is due, and end
	ending Ending
	closed time.Time // when the close frame was written
	beat   beat
}

// maxUrgent is how many control frames may wait; more than so many pongs are not owed.
const maxUrgent = 16

func (q *queue) urge(f frame) {
	if len(q.urgent) < maxUrgent {
		q.urgent = append(q.urgent, f)
	}
}

// add puts a frame in line.
func (q *queue) add(f frame) {
	switch {
	case q.ending != "" || q.full:
		return
	case q.crowded(f):
		q.overflow()
		return
	}
	q.bytes += len(f.data)
	if f.due.Before(q.last) {
		f.due = q.last
	}
	q.last = f.due
	q.frames = append(q.frames, f)
	q.release(f.topic)
}

// crowded reports whether f is one too many.
func (q *queue) crowded(f frame) bool {
	n := len(q.frames) + len(q.held)
	return n >= q.limit || n > 0 && q.bytes+len(f.data) > q.most
}

// overflow is the end of a client that is too slow: what waits is of no use to it.
func (q *queue) overflow() {
	if q.ending == "" {
		q.full, q.frames, q.held = true, nil, nil
	}
}

// swap keeps a frame back until the next of its topic has gone.
func (q *queue) swap(f frame) {
	switch {
	case q.ending != "" || q.full:
	case q.crowded(f):
		q.overflow()
	default:
		q.bytes += len(f.data)
		q.held = append(q.held, f)
	}
}

// release lets the frame that was to change places with one of topic go behind it.
func (q *queue) release(topic string) {
	i := slices.IndexFunc(q.held, func(f frame) bool { return f.topic == topic && topic != "" })
	if i < 0 {
		return
	}
	f := q.held[i]
	q.held = slices.Delete(q.held, i, i+1)
	f.due = q.last
	q.frames = append(q.frames, f)
}

// close ends the line with a close frame; code 0: with the connection's end.
func (q *queue) close(e Ending, code int, text string) {
	if q.ending != "" {
		return
	}
	f := frame{kind: websocket.CloseMessage, due: q.last}
	if code != 0 {
		f.data = websocket.FormatCloseMessage(code, text)
	}
	q.ending = e
	q.frames = append(q.frames, f)
}

// answerClose answers the client's close frame; nothing else is sent after that.
func (q *queue) answerClose(data []byte) {
	if q.ending == "" {
		q.ending = EndPeer
		q.urge(frame{kind: websocket.CloseMessage, data: data})
	}
	q.frames, q.held = nil, nil
}

// deed is what the writer has to do.
type deed uint8

const (
	toWait  deed = iota // until the given time; the zero time: until it is woken
	toWrite             // the frame
	toTell              // SocketConfig.Notice
	toEnd               // for the given reason
	toStop
)

// step is the next thing to do.
type step struct {
	do    deed
	frame frame
	until time.Time
	why   Ending
}

func (q *queue) next(now time.Time) step {
	st := step{}
	switch {
	case len(q.urgent) > 0:
		st.do, st.frame = toWrite, q.urgent[0]
		q.urgent = slices.Delete(q.urgent, 0, 1)
		return st
	case !q.closed.IsZero():
		return q.farewell(now)
	case q.full && q.ending == "":
		return step{do: toEnd, why: EndSlow}
	}
	for i := 0; i < len(q.held); i++ {
		if f := q.held[i]; !f.due.After(now) {
			q.held = slices.Delete(q.held, i, i+1)
			q.frames = append(q.frames, f)
			i--
			continue
		}
		st.until = sooner(st.until, q.held[i].due)
	}
	if len(q.frames) > 0 {
		f := q.frames[0]
		if !f.due.After(now) {
			q.frames[0] = frame{}
			q.frames, q.bytes = q.frames[1:], q.bytes-len(f.data)
			return step{do: toWrite, frame: f}
		}
		st.until = sooner(st.until, f.due)
	}
	if q.drain {
		return step{do: toStop}
	}
	if q.ending != "" {
		return st
	}
	b := q.beat.next(now)
	if b.do == toWait {
		b.until = sooner(b.until, st.until)
	}
	return b
}

// farewell waits for the client to close its end.
func (q *queue) farewell(now time.Time) step {
	until := q.closed.Add(closeWait)
	if q.drain || !now.Before(until) {
		return step{do: toStop}
	}
	return step{until: until}
}

// sooner is the earlier of two times, of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
