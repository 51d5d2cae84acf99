package okx

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// message is one frame. Its byte slices are parts of the frame, or copies of them.
type message struct {
	event    string // not empty: an answer or a notice, else a push
	code     string
	text     string
	id       string
	channel  []byte
	inst     []byte
	followed bool        // a push of a book that somebody follows: update holds it
	update   book.Update // of swaps in contracts
}

func (m *message) reset() {
	m.update.Bids, m.update.Asks = m.update.Bids[:0], m.update.Asks[:0]
	*m = message{update: book.Update{Sides: m.update.Sides}}
}

// reader decodes frames. start tells the scale to read a book's numbers in; false: nobody follows that book.
type reader struct {
	start func(channel, inst []byte) (exchange.Scale, bool)
	m     message
}

// read decodes one frame into r.m, which holds until the next call. Its errors wrap exchange.ErrFrame, or exchange.ErrScale; after
// the latter channel and inst are set.
func (r *reader) read(data []byte) error {
	if r.fast(data) {
		return nil
	}
	return r.slow(data)
}

const (
	sawArg = 1 << iota
	sawAction
	sawData
	sawAsks
	sawBids
	sawTS
	sawSeq
	sawPrev
)

// fast reads pushes as the venue sends them.
func (r *reader) fast(data []byte) bool {
	r.m.reset()
	c := scan.New(data)
	var seen uint32
	var action []byte
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "arg":
			c.Once(&seen, sawArg)
			r.arg(&c)
		case "action":
			c.Once(&seen, sawAction)
			action = c.Text()
		case "data":
			c.Once(&seen, sawData)
			if seen&sawArg == 0 { // the scale is not known yet
				c.Fail()
			}
			r.data(&c)
		case "event":
			c.Fail()
		default:
			c.Skip()
		}
	}
	if !c.Done() || seen&sawData == 0 {
		return false
	}
	return !r.m.followed || r.m.act(string(action))
}

// act says what the push does to its book; false: nothing known.
func (m *message) act(action string) bool {
	m.update.Snapshot = action == "snapshot"
	return m.update.Snapshot || action == "update"
}

func (r *reader) arg(c *scan.Cursor) {
	m := &r.m
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "channel":
			if m.channel != nil {
				c.Fail()
			}
			m.channel = c.Text()
		case "instId":
			if m.inst != nil {
				c.Fail()
			}
			m.inst = c.Text()
		default:
			c.Skip()
		}
	}
	if m.channel == nil {
		c.Fail()
	}
}

// data reads the one row that a push of a book has.
func (r *reader) data(c *scan.Cursor) {
	scale, ok := r.start(r.m.channel, r.m.inst)
	if !ok {
		c.Skip()
		return
	}
	r.m.followed = true
	r.m.update.Reset(scale)
	c.Array()
	if !c.More() {
		c.Fail()
	}
	r.row(c)
	if c.More() {
		c.Fail()
	}
}

func (r *reader) row(c *scan.Cursor) {
	u := &r.m.update
	var seen uint32
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "asks":
			c.Once(&seen, sawAsks)
			c.Asks(&u.Sides)
		case "bids":
			c.Once(&seen, sawBids)
			c.Bids(&u.Sides)
		case "ts":
			c.Once(&seen, sawTS)
			u.Time = time.UnixMilli(c.QuotedInt())
		case "seqId":
			c.Once(&seen, sawSeq)
			u.Last = c.Int()
		case "prevSeqId":
			c.Once(&seen, sawPrev)
			u.Prev = c.Int()
		default:
			c.Skip()
		}
	}
	if seen&(sawAsks|sawBids|sawTS) != sawAsks|sawBids|sawTS {
		c.Fail()
	}
	number(u, seen&(sawSeq|sawPrev) == sawSeq|sawPrev)
}

// number settles whether u's numbers count: both do, or none. Recordings made before 2023 have none.
func number(u *book.Update, both bool) {
	if u.Unnumbered = !both || u.Last < 0; u.Unnumbered {
		u.Last, u.Prev = 0, 0
	}
}

// slow reads every frame that the venue documents, in any spelling that JSON allows.
func (r *reader) slow(data []byte) error {
	m := &r.m
	m.reset()
	o, err := scan.ParseObject(data)
	if err != nil {
		return err
	}
	if o.Has("event") {
		return m.control(o)
	}
	arg, err := o.Object("arg")
	if err != nil {
		return err
	}
	if err := m.names(arg); err != nil {
		return err
	}
	if !o.Has("data") {
		return fmt.Errorf("okx: a push without data: %w", exchange.ErrFrame)
	}
	scale, ok := r.start(m.channel, m.inst)
	if !ok {
		return nil
	}
	m.followed = true
	m.update.Reset(scale)
	action, err := o.Text("action")
	if err != nil {
		return err
	}
	if !m.act(action) {
		return fmt.Errorf("okx: action %.20q: %w", action, exchange.ErrFrame)
	}
	return slowRow(o, &m.update)
}

func (m *message) names(arg scan.Object) error {
	channel, err := arg.Text("channel")
	if err != nil {
		return err
	}
	m.channel = []byte(channel)
	if !arg.Has("instId") {
		return nil
	}
	inst, err := arg.Text("instId")
	m.inst = []byte(inst)
	return err
}

func slowRow(o scan.Object, u *book.Update) error {
	rows, err := o.Array("data")
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("okx: %d books in a push: %w", len(rows), exchange.ErrFrame)
	}
	row, err := scan.ParseObject(rows[0])
	if err != nil {
		return err
	}
	ts, err := row.QuotedInt("ts")
	if err != nil {
		return err
	}
	u.Time = time.UnixMilli(ts)
	both := row.Has("seqId") && row.Has("prevSeqId")
	if both {
		if u.Last, err = row.Int("seqId"); err != nil {
			return err
		}
		if u.Prev, err = row.Int("prevSeqId"); err != nil {
			return err
		}
	}
	number(u, both)
	if err := row.Asks("asks", &u.Sides); err != nil {
		return err
	}
	return row.Bids("bids", &u.Sides)
}

// control reads answers to requests, and notices.
func (m *message) control(o scan.Object) error {
	var err error
	if m.event, err = o.Text("event"); err != nil {
		return err
	}
	if m.event == "" {
		return fmt.Errorf("okx: an event without name: %w", exchange.ErrFrame)
	}
	for _, f := range []struct {
		name string
		dst  *string
	}{{"code", &m.code}, {"msg", &m.text}, {"id", &m.id}} {
		if o.Has(f.name) {
			if *f.dst, err = o.Text(f.name); err != nil {
				return err
			}
		}
	}
	if !o.Has("arg") {
		return nil
	}
	arg, err := o.Object("arg")
	if err != nil {
		return err
	}
	return m.names(arg)
}

// parseSnapshot reads the one row of a REST answer about m's book.
func parseSnapshot(m market, rows []json.RawMessage, at time.Time) (*exchange.Book, error) {
	if len(rows) != 1 {
		return nil, fmt.Errorf("%d books in an answer: %w", len(rows), exchange.ErrFrame)
	}
	row, err := scan.ParseObject(rows[0])
	if err != nil {
		return nil, err
	}
	ts, err := row.QuotedInt("ts")
	if err != nil {
		return nil, err
	}
	u := book.Update{Snapshot: true, Time: time.UnixMilli(ts)}
	u.Reset(m.start)
	if row.Has("seqId") { // not in every answer, and no rule needs it here
		if u.Last, err = row.Int("seqId"); err != nil || u.Last < 0 {
			return nil, fmt.Errorf("seqId: %w", exchange.ErrFrame)
		}
	}
	if err := row.Asks("asks", &u.Sides); err != nil {
		return nil, err
	}
	if err := row.Bids("bids", &u.Sides); err != nil {
		return nil, err
	}
	if err := u.Multiply(m.coeff, m.exp); err != nil {
		return nil, err
	}
	b := book.New(m.id, book.OKX{}, m.start)
	b.Apply(at, &u)
	if err := b.View().Err; err != nil {
		return nil, err
	}
	if err := b.View().Check(); err != nil {
		return nil, err
	}
	return b.View(), nil
}
