package binance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// messageKind is what a frame of the stream is.
type messageKind uint8

const (
	messageOther messageKind = iota
	messageDepth
	messageAck
	messageRefused
	messageShutdown
)

// message is a frame, read. Only depth has a market: one of the decoder's.
type message struct {
	kind   messageKind
	id     uint64
	err    *exchange.Error // of messageRefused
	market *market
	seen   uint32
	event  int64 // E, ms
	engine int64 // T, ms, where seen
	update book.Update
}

// Members of a depthUpdate that were seen.
const (
	seenE uint32 = 1 << iota
	seenT
	seenS
	seenFirst
	seenLast
	seenPrev
	seenBids
	seenAsks

	seenSpot    = seenE | seenS | seenFirst | seenLast | seenBids | seenAsks
	seenFutures = seenSpot | seenT | seenPrev
)

func (m *message) reset() {
	update := book.Update{Sides: m.update.Sides}
	update.Reset(exchange.Scale{})
	*m = message{update: update}
}

// parse reads a frame. An error wraps exchange.ErrFrame, or exchange.ErrScale where a number of m.market does not fit 64 bits.
func (d *decoder) parse(data []byte, m *message) error {
	m.reset()
	if !d.fast(data, m) {
		m.reset()
		if err := d.slow(data, m); err != nil {
			return err
		}
	}
	if m.kind != messageDepth {
		return nil
	}
	return m.check(d.kind)
}

// check holds a depthUpdate against its market: BTCUSDT is spot and perpetual, only the shape tells a frame that has gone astray.
func (m *message) check(k exchange.Kind) error {
	want, u := seenSpot, &m.update
	if k == exchange.Perp {
		want = seenFutures
	}
	switch {
	case m.seen != want:
		return fmt.Errorf("binance: a depthUpdate of %s in the shape of another market: %w", m.market.symbol, exchange.ErrFrame)
	case u.First < 0 || u.First > u.Last || u.Prev < 0:
		return fmt.Errorf("binance: %s: update %d to %d, previous %d: %w", m.market.symbol, u.First, u.Last, u.Prev, exchange.ErrFrame)
	}
	u.Time = time.UnixMilli(m.event)
	if k == exchange.Perp {
		u.Time = time.UnixMilli(m.engine)
	}
	return nil
}

// fast reads the frames of every day: with or without the wrapper {"stream":...,"data":...}, its members in the venue's order.
func (d *decoder) fast(data []byte, m *message) bool {
	c := scan.New(data)
	c.Object()
	if !c.Next() {
		return false
	}
	if string(c.Key()) != "stream" {
		d.fastEvent(&c, m)
		return c.Done()
	}
	c.Text()
	if !c.Next() || string(c.Key()) != "data" {
		return false
	}
	c.Object()
	if !c.Next() {
		return false
	}
	d.fastEvent(&c, m)
	return !c.Next() && c.Done()
}

// fastEvent reads an event from its first member on.
func (d *decoder) fastEvent(c *scan.Cursor, m *message) {
	switch string(c.Key()) {
	case "e":
		switch string(c.Text()) {
		case "depthUpdate":
			d.fastDepth(c, m)
			return
		case "serverShutdown":
			c.Fail()
		}
	case "u": // a bookTicker of spot
		c.Skip()
	default:
		c.Fail()
	}
	for c.Next() {
		switch string(c.Key()) {
		case "e", "stream", "data", "result", "error", "code", "id":
			c.Fail()
		}
		c.Skip()
	}
}

// fastDepth reads a depthUpdate from behind its name. The symbol comes before the levels: they are read in its book's scale.
func (d *decoder) fastDepth(c *scan.Cursor, m *message) {
	m.kind = messageDepth
	u := &m.update
	for c.Next() {
		switch string(c.Key()) {
		case "E":
			c.Once(&m.seen, seenE)
			m.event = c.Int()
		case "T":
			c.Once(&m.seen, seenT)
			m.engine = c.Int()
		case "s":
			c.Once(&m.seen, seenS)
			if m.market = d.markets[string(c.Text())]; m.market == nil {
				m.skip(c)
				return
			}
			u.Reset(m.market.book.Scale())
		case "U":
			c.Once(&m.seen, seenFirst)
			u.First = c.Int()
		case "u":
			c.Once(&m.seen, seenLast)
			u.Last = c.Int()
		case "pu":
			c.Once(&m.seen, seenPrev)
			u.Prev = c.Int()
		case "b":
			c.Once(&m.seen, seenBids)
			if m.market == nil {
				c.Fail()
			}
			c.Bids(&u.Sides)
		case "a":
			c.Once(&m.seen, seenAsks)
			if m.market == nil {
				c.Fail()
			}
			c.Asks(&u.Sides)
		case "e", "stream", "data":
			c.Fail()
		default:
			c.Skip()
		}
	}
	const levels = seenBids | seenAsks
	if m.market == nil || m.seen&levels != levels {
		c.Fail()
	}
}

// skip passes the rest of an event of a market that nobody asked for.
func (m *message) skip(c *scan.Cursor) {
	m.reset()
	for c.Next() {
		switch string(c.Key()) {
		case "e", "s", "stream", "data":
			c.Fail()
		}
		c.Skip()
	}
}

// slow reads what fast refused.
func (d *decoder) slow(data []byte, m *message) error {
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) > 0 && t[0] == '[' && json.Valid(data) {
		return nil // !ticker@arr and the like
	}
	o, err := scan.ParseObject(data)
	if err != nil {
		return err
	}
	if o.Has("stream") && o.Has("data") {
		if o["data"][0] == '[' {
			return nil
		}
		if o, err = o.Object("data"); err != nil {
			return err
		}
	}
	switch {
	case o.Has("e"):
		return d.slowEvent(o, m)
	case o.Has("error") || o.Has("code"):
		return slowRefusal(o, m)
	case o.Has("result") && o.Has("id"):
		m.kind = messageAck
		m.id = requestID(o)
	}
	return nil
}

func (d *decoder) slowEvent(o scan.Object, m *message) error {
	name, err := o.Text("e")
	if err != nil {
		return err
	}
	switch name {
	case "serverShutdown":
		m.kind = messageShutdown
	case "depthUpdate":
		symbol, err := o.Text("s")
		if err != nil {
			return err
		}
		if m.market = d.markets[symbol]; m.market != nil {
			m.kind = messageDepth
			return m.slowDepth(o)
		}
	}
	return nil
}

func (m *message) slowDepth(o scan.Object) error {
	u := &m.update
	m.seen = seenS
	for _, f := range []struct {
		name string
		dst  *int64
		bit  uint32
	}{
		{"E", &m.event, seenE}, {"T", &m.engine, seenT}, {"U", &u.First, seenFirst}, {"u", &u.Last, seenLast}, {"pu", &u.Prev, seenPrev},
	} {
		if !o.Has(f.name) {
			continue // check knows what may be absent
		}
		m.seen |= f.bit
		var err error
		if *f.dst, err = o.Int(f.name); err != nil {
			return err
		}
	}
	u.Reset(m.market.book.Scale())
	if err := o.Bids("b", &u.Sides); err != nil {
		return err
	}
	if err := o.Asks("a", &u.Sides); err != nil {
		return err
	}
	m.seen |= seenBids | seenAsks
	return nil
}

// slowRefusal reads {"code":2,"msg":"...","id":1} and {"error":{"code":2,"msg":"..."},"id":1}.
func slowRefusal(o scan.Object, m *message) error {
	m.kind, m.id = messageRefused, requestID(o)
	if o.Has("error") {
		var err error
		if o, err = o.Object("error"); err != nil {
			return err
		}
	}
	code, err := o.Int("code")
	if err != nil {
		return err
	}
	text, _ := o.Text("msg") // the code alone will do
	m.err = refusal(code, text)
	return nil
}

// requestID is the id of the request that an answer belongs to; 0, which none has, where it tells none.
func requestID(o scan.Object) uint64 {
	id, err := o.Int("id")
	if err != nil || id < 0 {
		return 0
	}
	return uint64(id)
}

// parseSnapshot reads the answer to GET depth. Where start does not hold its numbers it is read again in its own scale.
func parseSnapshot(k exchange.Kind, start exchange.Scale, body []byte) (*book.Update, error) {
	var s snapshot
	err := s.parse(start, body)
	if errors.Is(err, exchange.ErrScale) {
		err = s.parse(exchange.Scale{}, body)
	}
	if err != nil {
		return nil, fmt.Errorf("binance: snapshot: %w", err)
	}
	u := &s.update
	if futures := s.hasT; futures != (k == exchange.Perp) {
		return nil, fmt.Errorf("binance: a snapshot in the shape of another market: %w", exchange.ErrFrame)
	}
	if u.Last < 0 {
		return nil, fmt.Errorf("binance: snapshot: lastUpdateId %d: %w", u.Last, exchange.ErrFrame)
	}
	if s.hasT {
		u.Time = time.UnixMilli(s.engine)
	}
	u.Snapshot = true
	return u, nil
}

// snapshot is the answer to GET depth, read.
type snapshot struct {
	hasT   bool
	engine int64 // T, ms
	update book.Update
}

func (s *snapshot) parse(start exchange.Scale, body []byte) error {
	if *s = (snapshot{}); fastSnapshot(start, body, s) {
		return nil
	}
	*s = snapshot{}
	return slowSnapshot(start, body, s)
}

func fastSnapshot(start exchange.Scale, body []byte, s *snapshot) bool {
	const last, engine, bids, asks = 1, 2, 4, 8
	var seen uint32
	s.update.Reset(start)
	c := scan.New(body)
	for c.Object(); c.Next(); {
		switch string(c.Key()) {
		case "lastUpdateId":
			c.Once(&seen, last)
			s.update.Last = c.Int()
		case "T":
			c.Once(&seen, engine)
			s.engine, s.hasT = c.Int(), true
		case "bids":
			c.Once(&seen, bids)
			c.Bids(&s.update.Sides)
		case "asks":
			c.Once(&seen, asks)
			c.Asks(&s.update.Sides)
		default:
			c.Skip()
		}
	}
	return c.Done() && seen&^engine == last|bids|asks
}

func slowSnapshot(start exchange.Scale, body []byte, s *snapshot) error {
	s.update.Reset(start)
	o, err := scan.ParseObject(body)
	if err != nil {
		return err
	}
	if s.update.Last, err = o.Int("lastUpdateId"); err != nil {
		return err
	}
	if s.hasT = o.Has("T"); s.hasT {
		if s.engine, err = o.Int("T"); err != nil {
			return err
		}
	}
	if err := o.Bids("bids", &s.update.Sides); err != nil {
		return err
	}
	return o.Asks("asks", &s.update.Sides)
}
