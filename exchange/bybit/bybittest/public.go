package bybittest

import (
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// spotArgs is how many topics one request of spot may have; linear publishes no number.
const (
	spotArgs   = 10
	linearArgs = 1000
)

// public handles a message on a socket of public data.
func (c *client) public(m *command) {
	switch m.Op {
	case "ping":
		r := object{"success": true, "ret_msg": "pong", "conn_id": c.id, "op": "ping"}
		if m.ReqID != nil {
			r["req_id"] = *m.ReqID
		}
		c.say(r)
	case "subscribe", "unsubscribe":
		most := linearArgs
		if c.kind == exchange.Spot {
			most = spotArgs
		}
		c.change(m, most, publicTopic, func() *refusal { return nil })
	default:
		c.socket.Send(c.acknowledge(m, refuse(codeOp, "error:op type is not found")))
	}
}

// depths are the books that there are, and how often each is told at most.
func every(depth string) (levels int, pause time.Duration, ok bool) {
	switch depth {
	case "1":
		return 1, 10 * time.Millisecond, true
	case "50":
		return 50, 20 * time.Millisecond, true
	case "200":
		return 200, 100 * time.Millisecond, true
	case "1000":
		return 1000, 200 * time.Millisecond, true
	}
	return 0, 0, false
}

func publicTopic(c *client, e *sim.Engine, name string) *simwire.Topic {
	part := strings.Split(name, ".")
	ins, ok := c.s.markets[named{c.kind, part[len(part)-1]}]
	switch {
	case !ok:
		return nil
	case len(part) == 3 && part[0] == "orderbook":
		return c.bookTopic(name, part[1], ins)
	case len(part) == 2 && part[0] == "tickers":
		return c.tickerTopic(name, ins)
	case len(part) == 2 && part[0] == "publicTrade":
		return c.tradeTopic(e, name, ins)
	}
	return nil
}

// repeatAfter is the silence after which the best prices are told again.
const repeatAfter = 3 * time.Second

func (c *client) bookTopic(name, depth string, ins exchange.Instrument) *simwire.Topic {
	levels, pause, ok := every(depth)
	if !ok {
		return nil
	}
	w := &bookWriter{name: name, symbol: ins.VenueSymbol, spot: c.kind == exchange.Spot, format: simwire.NewFormat(ins)}
	b := simwire.BookTopic{
		Name: name, Symbol: ins.Market.Symbol, Depth: levels, Every: pause, Injector: c.s.injector, Key: ins.Market.String(),
		Snapshot: w.snapshot,
	}
	if levels == 1 {
		b.Repeat = repeatAfter
	} else {
		b.Delta = w.delta
	}
	t := simwire.NewBookTopic(c.socket, b)
	return &t
}

// bookWriter spells the messages of one orderbook topic. Its u counts the messages of the subscription without a gap: 1 would mean that the
// venue has restarted.
type bookWriter struct {
	name, symbol string
	spot         bool
	format       simwire.Format
	u            uint64
}

func (w *bookWriter) snapshot(now time.Time, b *exchange.Book, changed bool) []byte {
	switch {
	case w.u == 0:
		w.u = b.Seq + 1000
	case changed:
		w.u++
	}
	return w.message("snapshot", now, b, func(dst []byte) []byte {
		dst = w.format.AppendSide(append(dst, `"b":`...), b.Bids, b.Scale, "")
		return w.format.AppendSide(append(dst, `,"a":`...), b.Asks, b.Scale, "")
	})
}

func (w *bookWriter) delta(now time.Time, d *simwire.Delta) []byte {
	w.u++
	return w.message("delta", now, d.Book, func(dst []byte) []byte {
		dst = w.format.AppendLevels(append(dst, `"b":`...), d.Bids, d.Scale, "")
		return w.format.AppendLevels(append(dst, `,"a":`...), d.Asks, d.Scale, "")
	})
}

// message is one push. Spot has ts before type, linear behind it.
func (w *bookWriter) message(kind string, now time.Time, b *exchange.Book, sides func([]byte) []byte) []byte {
	dst := append(append(make([]byte, 0, 512), `{"topic":"`...), w.name...)
	stamp := func() { dst = strconv.AppendInt(append(dst, `,"ts":`...), now.UnixMilli(), 10) }
	dst = append(dst, '"')
	if w.spot {
		stamp()
	}
	dst = append(append(append(dst, `,"type":"`...), kind...), '"')
	if !w.spot {
		stamp()
	}
	dst = append(append(append(dst, `,"data":{"s":"`...), w.symbol...), `",`...)
	dst = strconv.AppendUint(append(sides(dst), `,"u":`...), w.u, 10)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), b.Seq, 10)
	return append(strconv.AppendInt(append(dst, `},"cts":`...), stampOf(b), 10), '}')
}

// tickerTopic tells prices: spot as a whole, linear what has changed.
func (c *client) tickerTopic(name string, ins exchange.Instrument) *simwire.Topic {
	pause := 50 * time.Millisecond
	if c.kind == exchange.Perp {
		pause = 100 * time.Millisecond
	}
	shown := object{}
	seen := ^uint64(0)
	look := func(now time.Time, e *sim.Engine) time.Time {
		v := e.Version(ins.Market.Symbol)
		if v == seen {
			return time.Time{}
		}
		seen = v
		row, kind := tickerRow(e, ins, false), "snapshot"
		if c.kind == exchange.Perp && len(shown) > 0 {
			kind = "delta"
		}
		news := object{"symbol": ins.VenueSymbol}
		for k, x := range row {
			if kind == "snapshot" || shown[k] != x {
				news[k] = x
			}
		}
		if shown = row; kind == "delta" && len(news) == 1 {
			return time.Time{}
		}
		fate := c.s.injector.Next(now, sim.Call{Op: sim.OpBooks, Key: ins.Market.String()})
		c.socket.Push(name, simwire.Encode(object{"topic": name, "type": kind, "data": news, "cs": v, "ts": now.UnixMilli()}), fate)
		return time.Time{}
	}
	return &simwire.Topic{Name: name, Every: pause, Look: look}
}

// tradeRow is one public trade. L is of linear only.
type tradeRow struct {
	Time   int64  `json:"T"`
	Symbol string `json:"s"`
	Side   string `json:"S"`
	Size   string `json:"v"`
	Price  string `json:"p"`
	Tick   string `json:"L,omitempty"`
	ID     string `json:"i"`
	Block  bool   `json:"BT"`
	RPI    bool   `json:"RPI"`
	Seq    int64  `json:"seq"`
}

// tradeTopic tells what the accounts of the engine have traded; what others trade among themselves is not played.
func (c *client) tradeTopic(e *sim.Engine, name string, ins exchange.Instrument) *simwire.Topic {
	_, since, _ := e.Events(0)
	look := func(now time.Time, e *sim.Engine) time.Time {
		news, next, _ := e.Events(since)
		since = next
		rows := tradeRows(news, ins)
		for len(rows) > 0 {
			n := min(len(rows), 1024)
			fate := c.s.injector.Next(now, sim.Call{Op: sim.OpBooks, Key: ins.Market.String()})
			c.socket.Push(name, simwire.Encode(object{"topic": name, "type": "snapshot", "ts": now.UnixMilli(), "data": rows[:n]}), fate)
			rows = rows[n:]
		}
		return time.Time{}
	}
	return &simwire.Topic{Name: name, Look: look}
}

// tradeRows are the trades among events. Both sides of one between two accounts have its id: it is told once.
func tradeRows(news []exchange.Event, ins exchange.Instrument) (rows []tradeRow) {
	told := map[string]bool{}
	for _, ev := range news {
		for _, f := range ev.Order.Fills {
			if f.Market != ins.Market || told[f.TradeID] {
				continue
			}
			told[f.TradeID] = true
			side := f.Side
			if f.Maker {
				side = side.Opposite() // of who took
			}
			r := tradeRow{
				Time: f.Time.UnixMilli(), Symbol: ins.VenueSymbol, Side: sideName(side), Size: plain(f.Quantity), Price: plain(f.Price),
				ID: tradeID(ins.Market.Symbol.Kind, f.TradeID, false), Seq: seqOf(f.TradeID),
			}
			if ins.Market.Symbol.Kind == exchange.Perp {
				r.Tick = "ZeroPlusTick"
			}
			rows = append(rows, r)
		}
	}
	return rows
}
