package simwire

import (
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Wait lets d pass; false: Close came first.
func (h *Hosts) Wait(d time.Duration) bool {
	if d <= 0 {
		return h.ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-h.Done():
		return false
	}
}

// Meet lets a request, which has been read, meet its fate. It travels, act executes it, and the answer travels back, whether or not the
// client still waits; a fault comes in between, by the words of its constant. says is what the venue says to a fault that it has words for:
// Refused, RateLimited, Banned, Overloaded503, Unknown503, Failed503, ServerError and Skew. What Late, Partial, FillAfterCancel and
// RejectAfterAck do is act's.
func (h *Hosts) Meet(w http.ResponseWriter, r *http.Request, fate sim.Fate, act, says func() Answer) {
	if fate.Fault == sim.Reset {
		reset(w)
	}
	if !h.Wait(fate.In) {
		panic(http.ErrAbortHandler)
	}
	var a Answer
	if fate.Fault.Executed() {
		a = act()
		if fate.Fault == sim.Duplicated {
			_ = act()
		}
	}
	if worded(fate.Fault) {
		a = says()
	}
	if !h.Wait(fate.Out) {
		panic(http.ErrAbortHandler)
	}
	h.reply(w, r, fate, a)
}

// worded reports whether the venue has words for a fault.
func worded(f sim.Fault) bool { return f == sim.Unknown503 || f == sim.ServerError || !f.Executed() }

// reply sends a, or what the fault makes of it.
func (h *Hosts) reply(w http.ResponseWriter, r *http.Request, fate sim.Fate, a Answer) {
	switch fate.Fault {
	case sim.LostAck:
		<-r.Context().Done() // the client has given up, or the server ends
		panic(http.ErrAbortHandler)
	case sim.ResetAfter:
		reset(w)
	case sim.HalfAnswer:
		a.head(w)
		_, _ = w.Write(a.Body[:len(a.Body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case sim.Garbage:
		a = Answer{Headers: a.Headers, Body: Corrupt(a.Body, fate.Bits)}
	case sim.HTML:
		a = Answer{Status: http.StatusBadGateway, Type: "text/html", Body: []byte(htmlPage)}
	case sim.Empty:
		a = Answer{Headers: a.Headers}
	}
	a.Write(w)
}

// Admit lets a socket's opening handshake meet its fate (OpConnect). When it is true, Upgrade is next; else the client has had its answer.
func (h *Hosts) Admit(w http.ResponseWriter, r *http.Request, fate sim.Fate, says func() Answer) bool {
	switch fate.Fault {
	case "", sim.Slow, sim.SlowAck:
		return h.Wait(fate.In + fate.Out)
	}
	h.Meet(w, r, fate, func() Answer { return Answer{Status: http.StatusServiceUnavailable} }, says)
	return false
}

// htmlPage is what a proxy says instead of the venue.
const htmlPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

// reset ends the connection so that the client sees a reset, and never returns.
func reset(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		c.Close()
	}
	panic(http.ErrAbortHandler)
}

// Corrupt is b, damaged so that no parser takes it: its end is gone, and a byte in its middle, which bits choose, is none of a text. b stays as
// it is.
func Corrupt(b []byte, bits uint64) []byte {
	r := append([]byte(nil), b[:len(b)-len(b)/3]...)
	if len(r) == 0 {
		return []byte{0xff}
	}
	r[bits%uint64(len(r))] = 0xff
	return r
}

// Meet lets a request that came over the socket meet its fate, as [Hosts.Meet] does. act and says return the text of the answer; nil is none.
// Requests are executed one after the other, in the order in which they came, however long each travels; answers may overtake one another.
// Where nothing has to travel, and no request before it still does, it is done at once, else on a goroutine of its own. It is for handle.
func (s *Socket) Meet(fate sim.Fate, act, says func() []byte) {
	switch fate.Fault {
	case sim.Reset:
		s.Drop(EndFault)
		return
	case sim.Disconnect:
		s.change(func(q *queue) { q.close(EndFault, websocket.CloseServiceRestart, "") })
		return
	}
	if fate.In <= 0 && fate.Out <= 0 && executed(s.before) {
		s.meet(fate, act, says, func() {})
		return
	}
	before, done := s.before, make(chan struct{})
	s.before = done
	s.Go(func() {
		if s.hosts.Wait(fate.In) && s.follow(before) { // the request travels on when the client has gone
			s.meet(fate, act, says, func() { close(done) })
		}
	})
}

// executed reports whether the request before, whose channel this is, has been executed; nil: there is none.
func executed(before <-chan struct{}) bool {
	select {
	case <-before:
		return true
	default:
		return before == nil
	}
}

// follow waits for the request before; false: Close came first.
func (s *Socket) follow(before <-chan struct{}) bool {
	if before == nil {
		return true
	}
	select {
	case <-before:
		return true
	case <-s.hosts.Done():
		return false
	}
}

// meet executes a request that has arrived, tells the next that it is its turn, and answers. Answers that travel no time keep their order.
func (s *Socket) meet(fate sim.Fate, act, says func() []byte, next func()) {
	var a, second []byte
	if fate.Fault.Executed() {
		a = act()
		if fate.Fault == sim.Duplicated {
			second = act()
		}
	}
	if worded(fate.Fault) {
		a = says()
	}
	if fate.Out <= 0 {
		defer next()
	} else {
		next()
	}
	if s.hosts.Wait(fate.Out) {
		s.answer(fate, a)
		if second != nil {
			s.Send(second)
		}
	}
}

// answer sends a, or what the fault makes of it.
func (s *Socket) answer(fate sim.Fate, a []byte) {
	switch fate.Fault {
	case sim.LostAck:
		return
	case sim.ResetAfter:
		s.Drop(EndFault)
		return
	case sim.HalfAnswer:
		s.change(func(q *queue) { q.add(frame{kind: websocket.TextMessage, data: a, fault: sim.Cut}) })
		return
	case sim.Garbage:
		a = Corrupt(a, fate.Bits)
	case sim.HTML:
		a = []byte(htmlPage)
	case sim.Empty:
		a = []byte{}
	}
	if a != nil {
		s.Send(a)
	}
}

// otherwise is how long faults of streams last that say nothing of it.
const otherwise = time.Second

// Push lets a message of a stream meet its fate: it is sent after fate.Out, behind everything else that waits, and a fault does what its
// constant says. topic tells which messages change places. What StaleBook and CrossedBook do is for who makes the message, see [Picture]. The
// bytes are the socket's from now on. It does not wait; it is false when the connection is about to end.
func (s *Socket) Push(topic string, text []byte, fate sim.Fate) bool {
	f := frame{kind: websocket.TextMessage, data: text, topic: topic, due: time.Now().Add(fate.Out)}
	long := fate.For
	if long <= 0 {
		long = otherwise
	}
	return s.change(func(q *queue) {
		switch fate.Fault {
		case sim.Drop:
			return
		case sim.Twice:
			q.add(f)
		case sim.Swapped:
			f.due = f.due.Add(long)
			q.swap(f)
			return
		case sim.Delayed:
			f.due = f.due.Add(long)
		case sim.Corrupt:
			f.data = Corrupt(text, fate.Bits)
		case sim.Stall, sim.Cut:
			f.fault, f.hold = fate.Fault, fate.For
		case sim.Disconnect:
			q.close(EndFault, websocket.CloseServiceRestart, "")
		case sim.SlowReader:
			q.overflow()
		}
		q.add(f)
	})
}
