package okxtest

import (
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// channelArg is what is subscribed to.
type channelArg struct {
	Channel    string `json:"channel"`
	InstID     string `json:"instId"`
	InstType   string `json:"instType"`
	InstFamily string `json:"instFamily"`
	Ccy        string `json:"ccy"`
	Extra      string `json:"extraParams"`
}

// topic is what tells the subscription from the connection's others.
func (a *channelArg) topic() string {
	return a.Channel + ":" + a.InstType + ":" + a.InstFamily + ":" + a.InstID + ":" + a.Ccy
}

// bookChannel is a channel of books.
type bookChannel struct {
	depth  int
	every  time.Duration
	whole  bool // each message is the whole
	tier   int  // VIP level that it takes
	action bool // messages say whether they are a snapshot
}

// keepAlive is after how long a book without changes is told again.
const keepAlive = time.Minute

var bookChannels = map[string]bookChannel{
	"books":          {depth: 400, every: 100 * time.Millisecond, action: true},
	"books5":         {depth: 5, every: 100 * time.Millisecond, whole: true},
	"bbo-tbt":        {depth: 1, every: 10 * time.Millisecond, whole: true},
	"books50-l2-tbt": {depth: 50, every: 10 * time.Millisecond, tier: 4, action: true},
	"books-l2-tbt":   {depth: 400, every: 10 * time.Millisecond, tier: 4, action: true},
}

// topicOf is the subscription that is asked for, as the socket's topics look after it.
func (x *session) topicOf(a *channelArg) (simwire.Topic, *refusal) {
	unknown := func() (simwire.Topic, *refusal) { return simwire.Topic{}, no("60018", a.Channel, a.InstID) }
	if private, ok := privateChannels[a.Channel]; ok {
		switch {
		case !x.private:
			return unknown()
		case x.key.Load() == nil:
			return simwire.Topic{}, no("60011")
		case x.cfg.VIP < private.tier:
			return simwire.Topic{}, no("64003")
		}
		return x.privateTopic(a, private)
	}
	m := x.byID[a.InstID]
	ch, books := bookChannels[a.Channel]
	switch {
	case x.private, m == nil, !books && a.Channel != "tickers":
		return unknown()
	case ch.tier > 0 && x.key.Load() == nil:
		return simwire.Topic{}, no("60011")
	case x.cfg.VIP < ch.tier:
		return simwire.Topic{}, no("64003")
	case !books:
		return x.tickerTopic(a, m), nil
	case x.clashes(a):
		return simwire.Topic{}, no("64004")
	}
	return x.bookTopic(a, m, ch), nil
}

// clashes reports whether the deepest of the quick books would be followed beside another one of its market.
func (x *session) clashes(a *channelArg) bool {
	const deepest = "books-l2-tbt"
	for _, name := range x.topics.Names() {
		channel, rest, _ := strings.Cut(name, ":")
		if channel != a.Channel && (channel == deepest || a.Channel == deepest) && a.topic() == a.Channel+":"+rest && bookChannels[channel].action && bookChannels[a.Channel].action {
			return true
		}
	}
	return false
}

// bookTopic follows a book.
func (x *session) bookTopic(a *channelArg, m *market, ch bookChannel) simwire.Topic {
	head := `{"arg":{"channel":"` + a.Channel + `","instId":"` + m.instID + `"},`
	t := simwire.BookTopic{Name: a.topic(), Symbol: m.Market.Symbol, Depth: ch.depth, Every: ch.every, Injector: x.injector, Key: m.Market.String()}
	t.Snapshot = func(now time.Time, b *exchange.Book, _ bool) []byte {
		text := []byte(head)
		if ch.action {
			text = append(text, `"action":"snapshot",`...)
		}
		text = m.appendBook(append(text, `"data":[`...), b, now, ch.action, nil)
		return append(text, "]}"...)
	}
	if ch.whole {
		return simwire.NewBookTopic(x.socket, t)
	}
	t.Repeat = keepAlive
	t.Delta = func(now time.Time, d *simwire.Delta) []byte {
		text := append([]byte(head), `"action":"update","data":[`...)
		return append(m.appendBook(text, nil, now, true, d), "]}"...)
	}
	return simwire.NewBookTopic(x.socket, t)
}

// order count and the number that used to be of liquidations: what stands behind price and size of each level.
const levelTail = `,"0","1"`

// appendBook writes a book, or the difference d; linked adds what ties updates together.
func (m *market) appendBook(text []byte, b *exchange.Book, now time.Time, linked bool, d *simwire.Delta) []byte {
	f := m.format
	prev := int64(-1)
	var seq uint64
	text = append(text, `{"asks":`...)
	if d != nil {
		text = f.AppendLevels(text, d.Asks, d.Scale, levelTail)
		text = append(text, `,"bids":`...)
		text = f.AppendLevels(text, d.Bids, d.Scale, levelTail)
		prev, seq = int64(d.Prev), d.Last
	} else {
		text = f.AppendSide(text, b.Asks, b.Scale, levelTail)
		text = append(text, `,"bids":`...)
		text = f.AppendSide(text, b.Bids, b.Scale, levelTail)
		seq = b.Seq
	}
	text = append(append(append(text, `,"instId":"`...), m.instID...), `","ts":"`...)
	text = append(strconv.AppendInt(text, now.UnixMilli(), 10), '"')
	if linked {
		text = strconv.AppendInt(append(text, `,"checksum":0,"prevSeqId":`...), prev, 10)
	}
	return append(strconv.AppendUint(append(text, `,"seqId":`...), seq, 10), '}')
}

// tickerTopic follows the best prices.
func (x *session) tickerTopic(a *channelArg, m *market) simwire.Topic {
	t := simwire.BookTopic{Name: a.topic(), Symbol: m.Market.Symbol, Depth: 1, Every: 100 * time.Millisecond, Injector: x.injector, Key: m.Market.String()}
	t.Snapshot = func(now time.Time, b *exchange.Book, _ bool) []byte {
		return simwire.Encode(push{Arg: pushArg{Channel: a.Channel, InstID: m.instID}, Data: []tickerRow{m.ticker(b, now)}})
	}
	return simwire.NewBookTopic(x.socket, t)
}

// push is a message of a channel.
type push struct {
	Arg       pushArg `json:"arg"`
	EventType string  `json:"eventType,omitempty"`
	CurPage   int     `json:"curPage,omitempty"`
	LastPage  bool    `json:"lastPage,omitempty"`
	Data      any     `json:"data"`
}

type pushArg struct {
	Channel    string `json:"channel"`
	InstType   string `json:"instType,omitempty"`
	InstFamily string `json:"instFamily,omitempty"`
	InstID     string `json:"instId,omitempty"`
	Ccy        string `json:"ccy,omitempty"`
	UID        string `json:"uid,omitempty"`
}

// send pushes a message of a private channel; key is the market that it is about, if any.
func (x *session) send(now time.Time, topic, key string, p *push) {
	x.socket.Push(topic, simwire.Encode(p), x.injector.Next(now, sim.Call{Op: sim.OpOrders, Key: key}))
}
