package bybit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// message is one frame. topic is a part of the frame, or a copy of it.
type message struct {
	op       string // not empty: an answer to a request, else a push
	success  bool
	text     string
	id       string
	topic    []byte
	followed bool        // a push of a book that somebody follows: update holds it
	update   book.Update // Time is the matching engine's, where the frame tells it
}

func (m *message) reset() {
	m.update.Bids, m.update.Asks = m.update.Bids[:0], m.update.Asks[:0]
	*m = message{update: book.Update{Sides: m.update.Sides}}
}

// reader decodes frames. start tells the scale to read a topic's numbers in; false: nobody follows it.
type reader struct {
	start func(topic []byte) (exchange.Scale, bool)
	m     message
}

// read decodes one frame into r.m, which holds until the next call. Its errors wrap exchange.ErrFrame, or exchange.ErrScale; after
// the latter topic is set.
func (r *reader) read(data []byte) error {
	if r.fast(data) {
		return nil
	}
	return r.slow(data)
}

const (
	sawTopic = 1 << iota
	sawType
	sawData
	sawTS
	sawCTS
	sawSymbol
	sawAsks
	sawBids
	sawU
)

// fast reads pushes as the venue sends them. Spot and linear differ in the order of members.
func (r *reader) fast(data []byte) bool {
	m := &r.m
	m.reset()
	c := scan.New(data)
	var seen uint32
	var kind []byte
	var ts, cts int64
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "topic":
			c.Once(&seen, sawTopic)
			m.topic = c.Text()
		case "type":
			c.Once(&seen, sawType)
			kind = c.Text()
		case "ts":
			c.Once(&seen, sawTS)
			ts = c.Int()
		case "cts":
			c.Once(&seen, sawCTS)
			cts = c.Int()
		case "data":
			c.Once(&seen, sawData)
			if seen&sawTopic == 0 { // the scale is not known yet
				c.Fail()
			}
			r.data(&c)
		case "op":
			c.Fail()
		default:
			c.Skip()
		}
	}
	if !c.Done() || seen&sawData == 0 {
		return false
	}
	return !m.followed || seen&sawTS != 0 && m.stamp(ts, cts, seen&sawCTS != 0) && m.act(string(kind))
}

// stamp sets the update's time: the engine's rather than that of the push.
func (m *message) stamp(ts, cts int64, engine bool) bool {
	if engine {
		ts = cts
	}
	m.update.Time = time.UnixMilli(ts)
	return true
}

// act says what the push does to its book; false: nothing known.
func (m *message) act(kind string) bool {
	m.update.Snapshot = kind == "snapshot"
	return m.update.Snapshot || kind == "delta"
}

func (r *reader) data(c *scan.Cursor) {
	m := &r.m
	scale, ok := r.start(m.topic)
	if !ok {
		c.Skip()
		return
	}
	m.followed = true
	u := &m.update
	u.Reset(scale)
	var seen uint32
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "s":
			c.Once(&seen, sawSymbol)
			if !names(m.topic, c.Text()) {
				c.Fail()
			}
		case "b":
			c.Once(&seen, sawBids)
			c.Bids(&u.Sides)
		case "a":
			c.Once(&seen, sawAsks)
			c.Asks(&u.Sides)
		case "u":
			c.Once(&seen, sawU)
			if u.Last = c.Int(); u.Last < 0 {
				c.Fail()
			}
		default:
			c.Skip()
		}
	}
	if seen != sawSymbol|sawBids|sawAsks|sawU {
		c.Fail()
	}
}

// names reports whether a topic is about symbol: "orderbook.50.BTCUSDT" about "BTCUSDT".
func names(topic, symbol []byte) bool {
	return bytes.Equal(topic[bytes.LastIndexByte(topic, '.')+1:], symbol)
}

// slow reads every frame that the venue documents, in any spelling that JSON allows.
func (r *reader) slow(data []byte) error {
	m := &r.m
	m.reset()
	o, err := scan.ParseObject(data)
	if err != nil {
		return err
	}
	if o.Has("op") {
		return m.control(o)
	}
	topic, err := o.Text("topic")
	if err != nil {
		return err
	}
	m.topic = []byte(topic)
	if !o.Has("data") {
		return fmt.Errorf("bybit: a push without data: %w", exchange.ErrFrame)
	}
	scale, ok := r.start(m.topic)
	if !ok {
		return nil
	}
	m.followed = true
	m.update.Reset(scale)
	kind, err := o.Text("type")
	if err != nil {
		return err
	}
	if !m.act(kind) {
		return fmt.Errorf("bybit: type %.20q: %w", kind, exchange.ErrFrame)
	}
	if err := m.slowStamp(o); err != nil {
		return err
	}
	return m.slowData(o)
}

func (m *message) slowStamp(o scan.Object) error {
	ts, err := o.Int("ts")
	if err != nil {
		return err
	}
	var cts int64
	if o.Has("cts") {
		if cts, err = o.Int("cts"); err != nil {
			return err
		}
	}
	m.stamp(ts, cts, o.Has("cts"))
	return nil
}

func (m *message) slowData(o scan.Object) error {
	d, err := o.Object("data")
	if err != nil {
		return err
	}
	symbol, err := d.Text("s")
	if err != nil {
		return err
	}
	if !names(m.topic, []byte(symbol)) {
		return fmt.Errorf("bybit: %.40q under topic %s: %w", symbol, m.topic, exchange.ErrFrame)
	}
	return readBook(d, &m.update)
}

// readBook reads what streams and REST have in common.
func readBook(o scan.Object, u *book.Update) (err error) {
	if u.Last, err = o.Int("u"); err != nil {
		return err
	}
	if u.Last < 0 {
		return fmt.Errorf("bybit: update %d: %w", u.Last, exchange.ErrFrame)
	}
	if err := o.Bids("b", &u.Sides); err != nil {
		return err
	}
	return o.Asks("a", &u.Sides)
}

// control reads answers to requests.
func (m *message) control(o scan.Object) error {
	var err error
	if m.op, err = o.Text("op"); err != nil {
		return err
	}
	if m.op == "" {
		return fmt.Errorf("bybit: an answer to nothing: %w", exchange.ErrFrame)
	}
	m.success = string(o["success"]) == "true"
	if o.Has("req_id") {
		if m.id, err = o.Text("req_id"); err != nil {
			return err
		}
	}
	if o.Has("ret_msg") {
		m.text, err = o.Text("ret_msg")
	}
	return err
}

// parseSnapshot reads a REST answer about m's book.
func parseSnapshot(m market, result json.RawMessage, at time.Time) (*exchange.Book, error) {
	o, err := scan.ParseObject(result)
	if err != nil {
		return nil, err
	}
	if s, err := o.Text("s"); err != nil || s != m.name {
		return nil, fmt.Errorf("a book of %.40q for %s: %w", s, m.name, exchange.ErrFrame)
	}
	var told message
	if err := told.slowStamp(o); err != nil {
		return nil, err
	}
	u := &told.update
	u.Snapshot = true
	u.Reset(m.start)
	if err := readBook(o, u); err != nil {
		return nil, err
	}
	b := book.New(m.id, book.Bybit{}, m.start)
	b.Apply(at, u)
	if err := b.View().Err; err != nil {
		return nil, err
	}
	if err := b.View().Check(); err != nil {
		return nil, err
	}
	return b.View(), nil
}
