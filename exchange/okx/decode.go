package okx

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/book"
)

// decoder is one connection's books.
type decoder struct {
	emit func(*exchange.Book)

	mu    sync.Mutex // guards what follows
	read  reader
	books []*entry // in the order of Symbols
	byID  map[string]*entry
	p     *protocol
}

// entry is one followed market.
type entry struct {
	market
	book    *book.Book
	channel string // of the snapshot that came first; deltas of others do not belong to this book
	renewal renewal
}

// Decoder implements [feed.Protocol].
func (p *protocol) Decoder(emit func(*exchange.Book)) feed.Decoder {
	d := &decoder{emit: emit, byID: make(map[string]*entry, len(p.markets)), p: p}
	for _, m := range p.markets {
		e := &entry{market: m, book: book.New(m.id, p.rule, m.start)}
		d.books = append(d.books, e)
		d.byID[m.inst] = e
	}
	d.read.start = d.start
	return d
}

// entry is the followed market of a push, nil where there is none.
func (d *decoder) entry(channel, inst []byte) *entry {
	switch string(channel) {
	case "books", "books50-l2-tbt", "books-l2-tbt":
		return d.byID[string(inst)]
	}
	return nil
}

// start is the scale in which a market's next message should be read: the book's own, in contracts.
func (d *decoder) start(channel, inst []byte) (exchange.Scale, bool) {
	e := d.entry(channel, inst)
	if e == nil || e.channel != "" && e.channel != string(channel) {
		return exchange.Scale{}, false
	}
	s := e.book.Scale()
	s.Size -= e.exp
	return s, true
}

// Frame implements [feed.Decoder].
func (d *decoder) Frame(at time.Time, data []byte) (feed.Message, error) {
	if string(data) == "pong" {
		return feed.Message{Kind: feed.Pong}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.read.read(data)
	m := &d.read.m
	switch {
	case errors.Is(err, exchange.ErrScale):
		return d.fail(at, d.entry(m.channel, m.inst), err), nil
	case err != nil:
		return feed.Message{}, fmt.Errorf("okx: %w", err)
	case m.event != "":
		return d.control(m), nil
	case !m.followed:
		return feed.Message{}, nil
	}
	return d.apply(at, d.entry(m.channel, m.inst), m), nil
}

func (d *decoder) apply(at time.Time, e *entry, m *message) feed.Message {
	if e.coeff != 1 || e.exp != 0 {
		if err := m.update.Multiply(e.coeff, e.exp); err != nil {
			return d.fail(at, e, err)
		}
	}
	if m.update.Snapshot && e.channel == "" {
		e.channel = string(m.channel)
	}
	return d.tell(at, e, e.book.Apply(at, &m.update))
}

// fail is for a message whose numbers do not fit: its book is lost, the others are not.
func (d *decoder) fail(at time.Time, e *entry, reason error) feed.Message {
	return d.tell(at, e, e.book.Fail(at, fmt.Errorf("okx: %s: %w", e.id, reason)))
}

// tell emits what has to be emitted, and says what the frame was.
func (d *decoder) tell(at time.Time, e *entry, r book.Result) feed.Message {
	if r.Event != book.Unchanged {
		d.emit(e.book.View())
	}
	if e.renewal.due(at, e.book.View().Err == nil, r.Need == book.Resubscribe) {
		return feed.Message{Kind: feed.Resubscribe, Topic: e.topic}
	}
	return feed.Message{Kind: feed.Data, Topic: e.topic}
}

func (d *decoder) control(m *message) feed.Message {
	r := feed.Message{}
	r.ID, _ = strconv.ParseUint(m.id, 10, 64) // 0 where the venue names none
	if e := d.byID[string(m.inst)]; e != nil && e.topic == string(m.channel)+":"+e.inst {
		r.Topic = e.topic
	}
	switch m.event {
	case "subscribe", "unsubscribe":
		r.Kind = feed.Ack
	case "error":
		r.Kind, r.Err = feed.Refused, refused(m.code, m.text)
	case "notice":
		if m.code == "64008" { // the service restarts within a minute
			r.Kind = feed.Reconnect
		}
	}
	return r
}

// Answer implements [feed.Decoder]. Books come whole over the stream: REST answers are not needed, and passed over.
func (d *decoder) Answer(_ time.Time, url string, _ []byte) error {
	if !d.p.Owns(url) {
		return fmt.Errorf("okx: an answer to a request of another protocol: %w", exchange.ErrFrame)
	}
	return nil
}

// Lost implements [feed.Decoder].
func (d *decoder) Lost(at time.Time, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.books {
		reason := fmt.Errorf("okx: %s: %w", e.id, exchange.ErrDown)
		if cause != nil {
			reason = fmt.Errorf("okx: %s: %w: %w", e.id, exchange.ErrDown, cause)
		}
		e.channel, e.renewal = "", renewal{}
		e.book.Down(at, reason)
		d.emit(e.book.View())
	}
}

// renewal paces one market's resubscriptions. A book that cannot be cured, as one that the venue itself sends crossed before the market
// opens, would otherwise use up the requests that a connection has.
type renewal struct {
	last time.Time
	wait time.Duration
	owed bool
}

const (
	renewalMin = 5 * time.Second
	renewalMax = 320 * time.Second
)

// due reports whether to subscribe anew now: the book needs it, or has been refused it before, and enough time has passed.
func (r *renewal) due(at time.Time, valid, need bool) bool {
	r.owed = !valid && (r.owed || need)
	passed := at.Sub(r.last)
	if !r.owed || passed < r.wait {
		return false
	}
	if passed > renewalMax {
		r.wait = 0
	}
	r.last, r.wait, r.owed = at, min(max(2*r.wait, renewalMin), renewalMax), false
	return true
}
